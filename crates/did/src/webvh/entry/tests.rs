use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::webvh::testing::{
    bytes, code, commitment, first_line, forge, multikey, next_draft, plain_draft, prove_with,
};
use crate::webvh::{next_key_hash, testing};

fn parse_code(line: &[u8]) -> &'static str {
    Entry::parse(line, None).map_or_else(|error| error.code(), |_| "accepted")
}

/// A valid first entry, changed before hashing and signing.
fn drafted(change: impl FnOnce(&mut Value)) -> Value {
    let mut draft = plain_draft();
    change(&mut draft);
    forge(None, &draft, &[1])
}

#[test]
fn a_well_formed_entry_is_read() {
    let entry = Entry::parse(first_line().as_bytes(), None).unwrap();
    assert_eq!(entry.number(), 1);
    assert_eq!(entry.version_time(), testing::now());
    assert_eq!(entry.scid(), entry.parameters().scid.as_deref().unwrap());
    assert_eq!(entry.did().host().unwrap(), "ledger.example");
    assert_eq!(entry.document().ledger_log(), Some("ledger.example/log"));
    assert!(entry.version_id().starts_with("1-Qm"));
}

#[test]
fn d1_size_is_limited() {
    let line = vec![b' '; super::super::ENTRY_LIMIT + 1];
    assert_eq!(parse_code(&line), "entry-too-large");
    let witness = vec![b' '; super::super::WITNESS_LIMIT + 1];
    let refused = Entry::parse(first_line().as_bytes(), Some(&witness)).unwrap_err();
    assert_eq!(refused.code(), "entry-too-large");
}

#[test]
fn d1_lines_are_strict_json_of_five_members() {
    let line = first_line();
    for broken in [
        String::new(),
        "[]".to_owned(),
        "7".to_owned(),
        format!("{line}\n"),
        format!("{line}\r"),
        format!("{line} {{}}"),
        line.replacen('{', "{\n", 1),
        line.replacen('{', "{\"extra\":1,", 1),
        line.replacen("\"versionTime\"", "\"versiontime\"", 1),
        line.replacen('{', "{\"versionTime\":\"2026-03-01T12:00:00Z\",", 1),
        line.replacen("\"portable\":true", "\"portable\":true,\"portable\":true", 1),
        line.replacen("\"portable\":true", "\"ttl\":1.5", 1),
        line.replacen("\"portable\":true", "\"ttl\":1.0", 1),
        line.replacen("\"portable\":true", "\"ttl\":1e3", 1),
        line.replacen("\"portable\":true", "\"ttl\":9007199254740992", 1),
        line.replacen(
            "\"portable\":true",
            &format!("\"x\":{}{}", "[".repeat(15), "]".repeat(15)),
            1,
        ),
    ] {
        assert_eq!(parse_code(broken.as_bytes()), "malformed-entry", "{broken}");
    }
    let value: Value = serde_json::from_str(&line).unwrap();
    for member in ["versionId", "versionTime", "parameters", "state", "proof"] {
        let mut without = value.clone();
        without.as_object_mut().unwrap().remove(member);
        assert_eq!(parse_code(&bytes(&without)), "malformed-entry", "{member}");
        if member != "proof" {
            let mut wrong = value.clone();
            wrong[member] = json!([]);
            assert_eq!(parse_code(&bytes(&wrong)), "malformed-entry", "{member}");
        }
    }
}

#[test]
fn d1_white_space_and_member_order_are_free() {
    let value: Value = serde_json::from_str(&first_line()).unwrap();
    let spaced = serde_json::to_string_pretty(&value).unwrap().replace('\n', " ");
    assert!(testing::accept(None, spaced.as_bytes()).is_ok());
}

#[test]
fn d2_version_ids_are_number_dash_hash() {
    let value: Value = serde_json::from_str(&first_line()).unwrap();
    let hash = value["versionId"].as_str().unwrap().split_once('-').unwrap().1.to_owned();
    for id in [
        String::new(),
        hash.clone(),
        format!("01-{hash}"),
        format!("0-{hash}"),
        format!("+1-{hash}"),
        format!("1--{hash}"),
        format!("1-{hash}-"),
        format!("-{hash}"),
        "1-".to_owned(),
        "1-QmX".to_owned(),
        format!("9007199254740992-{hash}"),
    ] {
        let mut wrong = value.clone();
        wrong["versionId"] = json!(id);
        assert_eq!(parse_code(&bytes(&wrong)), "version-conflict", "{id}");
    }
}

#[test]
fn d3_parameters_are_closed_and_typed() {
    for (name, value) in [
        ("unknown", json!(1)),
        ("method", json!("did:webvh:0.5")),
        ("method", json!(null)),
        ("scid", json!("Qm")),
        ("scid", json!(null)),
        ("updateKeys", json!(null)),
        ("updateKeys", json!("key")),
        ("updateKeys", json!([7])),
        ("updateKeys", json!(["z6Mk"])),
        ("updateKeys", json!([multikey(1), multikey(1)])),
        ("updateKeys", json!(["zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv"])),
        ("nextKeyHashes", json!(null)),
        ("nextKeyHashes", json!(["anything"])),
        ("nextKeyHashes", json!([commitment(2), commitment(2)])),
        ("watchers", json!("https://w.example")),
        ("watchers", json!(["free text"])),
        ("watchers", json!(["https://w.example", "https://w.example"])),
        ("portable", json!("yes")),
        ("portable", json!(null)),
        ("deactivated", json!(0)),
        ("ttl", json!("3600")),
        ("ttl", json!(-1)),
    ] {
        let entry = drafted(|draft| draft["parameters"][name] = value.clone());
        assert_eq!(code(None, &entry), "parameters-invalid", "{name}: {value}");
    }
    for name in ["method", "scid"] {
        let entry = drafted(|draft| {
            draft["parameters"].as_object_mut().unwrap().remove(name);
        });
        assert_eq!(code(None, &entry), "parameters-invalid", "{name}");
    }
    for (name, value) in
        [("watchers", json!(["https://w.example"])), ("ttl", json!(0)), ("witness", json!({}))]
    {
        let entry = drafted(|draft| draft["parameters"][name] = value);
        assert_eq!(code(None, &entry), "accepted", "{name}");
    }
}

#[test]
fn d3_later_entries_repeat_the_method_at_most() {
    let head = testing::accept(None, &bytes(&drafted(|_| {}))).unwrap();
    let later = |name: &str, value: Value| {
        let mut draft = next_draft(&head);
        draft["parameters"][name] = value;
        code(Some(&head), &forge(Some(&head), &draft, &[1]))
    };
    assert_eq!(later("method", json!("did:webvh:1.0")), "accepted");
    assert_eq!(later("method", json!("did:webvh:1.1")), "parameters-invalid");
    assert_eq!(later("scid", json!(head.scid())), "parameters-invalid");
}

#[test]
fn d10_a_did_is_portable_from_the_beginning_or_never() {
    for (first, later, verdict) in [
        (Some(true), None, "accepted"),
        (Some(true), Some(false), "accepted"),
        (Some(true), Some(true), "parameters-invalid"),
        (Some(false), Some(true), "parameters-invalid"),
        (None, Some(true), "parameters-invalid"),
        (None, Some(false), "accepted"),
    ] {
        let entry = drafted(|draft| {
            if let Some(first) = first {
                draft["parameters"]["portable"] = json!(first);
            }
        });
        let head = testing::accept(None, &bytes(&entry)).unwrap();
        assert_eq!(head.portable(), first == Some(true));
        let mut draft = next_draft(&head);
        if let Some(later) = later {
            draft["parameters"]["portable"] = json!(later);
        }
        let entry = forge(Some(&head), &draft, &[1]);
        assert_eq!(code(Some(&head), &entry), verdict, "{first:?} {later:?}");
    }
}

#[test]
fn d6_times_have_one_form() {
    for text in [
        "2026-03-01T12:00:00+00:00",
        "2026-03-01T12:00:00.0Z",
        "2026-03-01t12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-03-01T12:00Z",
        "2026-03-01",
        "now",
        "",
    ] {
        let entry = drafted(|draft| draft["versionTime"] = json!(text));
        assert_eq!(code(None, &entry), "version-time-invalid", "{text}");
    }
}

#[test]
fn d7_the_first_entry_names_its_keys() {
    let empty = drafted(|draft| draft["parameters"]["updateKeys"] = json!([]));
    assert_eq!(code(None, &empty), "update-key-not-committed");
    let missing = drafted(|draft| {
        draft["parameters"].as_object_mut().unwrap().remove("updateKeys");
    });
    assert_eq!(code(None, &missing), "update-key-not-committed");
}

#[test]
fn d8_proofs_have_the_members_they_should() {
    let entry = drafted(|_| {});
    for (member, value) in [
        ("type", json!("Ed25519Signature2020")),
        ("cryptosuite", json!("eddsa-rdfc-2022")),
        ("cryptosuite", json!("ecdsa-jcs-2019")),
        ("proofPurpose", json!("authentication")),
        ("verificationMethod", json!(format!("did:key:{}", multikey(1)))),
        ("verificationMethod", json!(format!("did:key:{}#{}", multikey(1), multikey(2)))),
        ("verificationMethod", json!("did:key:z6Mk#z6Mk")),
        ("verificationMethod", json!(7)),
        ("created", json!("2026-03-01T12:00:00.5Z")),
        ("created", json!("2026-13-01T12:00:00Z")),
        ("created", json!(null)),
        ("created", json!("2026-03-01T14:00:00Z")),
        ("id", json!("urn:uuid:1")),
        ("expires", json!("2027-03-01T12:00:00Z")),
        ("previousProof", json!("urn:uuid:1")),
        ("@context", json!([])),
    ] {
        let mut wrong = entry.clone();
        prove_with(&mut wrong, 1, |proof| proof[member] = value.clone());
        assert_eq!(code(None, &wrong), "proof-invalid", "{member}: {value}");
    }
    let mut without = entry;
    prove_with(&mut without, 1, |proof| {
        proof.as_object_mut().unwrap().remove("created");
    });
    assert_eq!(code(None, &without), "accepted");
}

#[test]
fn d8_an_entry_has_one_to_four_distinct_proofs() {
    let entry = drafted(|draft| {
        draft["parameters"]["updateKeys"] = json!((1..=5).map(multikey).collect::<Vec<_>>());
    });
    let with = |proof: Value| {
        let mut entry = entry.clone();
        entry["proof"] = proof;
        code(None, &entry)
    };
    let mut unsigned = entry.clone();
    unsigned.as_object_mut().unwrap().remove("proof");
    let proofs: Vec<Value> =
        (1..=5).map(|seed| testing::prove(&unsigned, &testing::secret(seed))).collect();
    assert_eq!(with(json!(proofs[..4])), "accepted");
    assert_eq!(with(json!(proofs)), "proof-invalid");
    assert_eq!(with(json!([])), "proof-invalid");
    assert_eq!(with(proofs[0].clone()), "proof-invalid");
    assert_eq!(with(json!([proofs[0], proofs[0]])), "proof-invalid");
    assert_eq!(with(json!([null])), "proof-invalid");
    let mut damaged = proofs[1].clone();
    damaged["proofValue"] = proofs[2]["proofValue"].clone();
    assert_eq!(with(json!([proofs[0], damaged])), "proof-invalid");
}

#[test]
fn d9_the_document_is_about_a_webvh_did() {
    for id in [
        json!("did:web:ledger.example"),
        json!("did:webvh:{SCID}"),
        json!("did:webvh:{SCID}:localhost"),
        json!("did:webvh:{SCID}:127.0.0.1"),
        json!("did:webvh:{SCID}:ledger.example:%2e%2e"),
        json!("did:webvh:{SCID}:ledger.example#key-1"),
        json!(null),
    ] {
        let entry = drafted(|draft| draft["state"] = json!({ "id": id }));
        assert_eq!(code(None, &entry), "state-id-invalid", "{id}");
    }
    let other = "QmXhVjFG6EBTosDastaaHMRypm2qSv4SMGctADsx878Yux";
    let entry = drafted(|draft| {
        draft["state"] = json!({ "id": format!("did:webvh:{other}:ledger.example") });
    });
    assert_eq!(code(None, &entry), "state-id-invalid");
}

#[test]
fn d11_the_witness_parameter_is_a_set_with_a_threshold() {
    let witness = |seed: u64| json!({ "id": format!("did:key:{}", multikey(seed)) });
    for value in [
        json!(null),
        json!([]),
        json!({ "threshold": 1 }),
        json!({ "threshold": 1, "witnesses": [] }),
        json!({ "threshold": 0, "witnesses": [witness(7)] }),
        json!({ "threshold": 2, "witnesses": [witness(7)] }),
        json!({ "threshold": 1, "witnesses": [witness(7), witness(7)] }),
        json!({ "threshold": "1", "witnesses": [witness(7)] }),
        json!({ "threshold": 1, "witnesses": [witness(7)], "extra": 1 }),
        json!({ "threshold": 1, "witnesses": [{ "id": "did:web:w.example" }] }),
        json!({ "threshold": 1, "witnesses": [{ "id": witness(7)["id"], "weight": 1 }] }),
        json!({ "threshold": 1, "witnesses": [
            { "id": "did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv" },
        ] }),
    ] {
        let entry = drafted(|draft| draft["parameters"]["witness"] = value.clone());
        assert_eq!(code(None, &entry), "witness-invalid", "{value}");
    }
}

#[test]
fn d13_documents_and_keys_are_checked() {
    let other = drafted(|draft| {
        draft["state"]["verificationMethod"][0]["id"] = json!("did:web:other.example#key-1");
    });
    assert_eq!(code(None, &other), "document-invalid");
    let twice = drafted(|draft| {
        let method = draft["state"]["verificationMethod"][0].clone();
        draft["state"]["verificationMethod"] = json!([method, method]);
    });
    assert_eq!(code(None, &twice), "document-invalid");
    let neutral = encoding::multibase58(&[&[0xed, 0x01, 0x01][..], &[0; 31]].concat());
    let weak = drafted(|draft| {
        draft["state"]["verificationMethod"][0]["publicKeyMultibase"] = json!(neutral);
    });
    assert_eq!(code(None, &weak), "weak-key");
    let weak = drafted(|draft| draft["parameters"]["updateKeys"] = json!([multikey(1), neutral]));
    assert_eq!(code(None, &weak), "weak-key");
}

#[test]
fn d14_the_home_log_is_one_origin() {
    let entry = drafted(|draft| {
        draft["state"]["service"] =
            json!([{ "id": "#l", "type": "LedgerLog", "serviceEndpoint": "ledger.example" }]);
    });
    assert_eq!(code(None, &entry), "home-log-invalid");
}

#[test]
fn a_commitment_is_the_multihash_of_the_multikey_text() {
    // From the pre-rotation vectors: the hash of the second key.
    let key = PublicKey::from_multikey("z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf");
    let expected = "Qmf2V5jB2UwPcFL5bvmKed7VvY3CSQ1RXyDdtip7ufpQ3R";
    assert_eq!(next_key_hash(&key.unwrap()), expected);
}

proptest! {
    #[test]
    fn parsing_never_panics(line in prop::collection::vec(any::<u8>(), 0..300), witness in any::<Option<Vec<u8>>>()) {
        let _ = Entry::parse(&line, witness.as_deref());
        let _ = Entry::parse(first_line().as_bytes(), witness.as_deref());
    }

    #[test]
    fn damaged_lines_never_panic(at in 0_usize..1_200, byte in any::<u8>()) {
        let mut line = first_line().into_bytes();
        if let Some(place) = line.get_mut(at) {
            *place = byte;
        }
        let _ = Entry::parse(&line, None);
    }
}
