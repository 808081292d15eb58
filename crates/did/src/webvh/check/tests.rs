use inkan_crypto::PublicKey;
use serde_json::json;

use super::*;
use crate::webvh::home::{Residence, check_home};
use crate::webvh::testing::{
    accept, bytes, code, commitment, first_head, forge, multikey, next_draft, now, plain_draft,
    prove_with, public, seal, secret,
};
use crate::webvh::{next_key_hash, witness_line, witness_proof};

/// A head without pre-rotation, after a changed first entry.
fn plain_head(change: impl FnOnce(&mut Value)) -> Head {
    let mut draft = plain_draft();
    change(&mut draft);
    accept(None, &bytes(&forge(None, &draft, &[1]))).unwrap()
}

/// The code of an entry after `head`, changed before hashing and signing.
fn after(head: &Head, signers: &[u64], change: impl FnOnce(&mut Value)) -> &'static str {
    let mut draft = next_draft(head);
    change(&mut draft);
    code(Some(head), &forge(Some(head), &draft, signers))
}

fn next(head: &Head, signers: &[u64], change: impl FnOnce(&mut Value)) -> Head {
    let mut draft = next_draft(head);
    change(&mut draft);
    accept(Some(head), &bytes(&forge(Some(head), &draft, signers))).unwrap()
}

fn witness_set(threshold: u64, seeds: &[u64]) -> Value {
    let ids: Vec<_> =
        seeds.iter().map(|seed| json!({ "id": format!("did:key:{}", multikey(*seed)) })).collect();
    json!({ "threshold": threshold, "witnesses": ids })
}

/// The code of an entry with a witness line that `seeds` signed.
fn witnessed(head: Option<&Head>, entry: &Value, seeds: &[u64]) -> Result<Head, EntryError> {
    let id = entry["versionId"].as_str().unwrap();
    let proofs: Vec<Value> =
        seeds.iter().map(|seed| witness_proof(id, &secret(*seed), now()).unwrap()).collect();
    with_line(head, entry, &witness_line(id, &proofs))
}

fn with_line(head: Option<&Head>, entry: &Value, line: &str) -> Result<Head, EntryError> {
    let entry = Entry::parse(&bytes(entry), Some(line.as_bytes()))?;
    check_next(head, &entry, now().plus_seconds(3_600))
}

#[test]
fn the_head_carries_what_the_entries_set() {
    let head = plain_head(|draft| {
        draft["parameters"]["watchers"] = json!(["https://w.example"]);
        draft["parameters"]["ttl"] = json!(60);
    });
    assert_eq!((head.number(), head.ttl(), head.portable()), (1, 60, false));
    assert_eq!(head.update_keys(), [public(1)]);
    let later = next(&head, &[1], |_| {});
    assert_eq!((later.number(), later.ttl()), (2, 60));
    assert_eq!(later.watchers(), ["https://w.example"]);
    assert_eq!(later.time(), head.time().plus_seconds(1));
    assert_eq!((later.scid(), later.did()), (head.scid(), head.did()));
    assert!(!later.pre_rotation() && !later.deactivated() && later.home().is_none());
    assert_eq!(plain_head(|_| {}).ttl(), 3_600);
}

#[test]
fn d2_entries_follow_each_other() {
    let head = plain_head(|_| {});
    let second = forge(Some(&head), &next_draft(&head), &[1]);
    assert_eq!(code(None, &second), "version-conflict");
    let later = accept(Some(&head), &bytes(&second)).unwrap();
    assert_eq!(code(Some(&later), &second), "version-conflict");
    let skipped = seal(3, head.version_id(), next_draft(&head), &[1]);
    let refused = accept(Some(&head), &bytes(&skipped)).unwrap_err();
    let EntryError::VersionConflict { head: carried, .. } = refused else { panic!("{refused}") };
    assert_eq!(carried.as_deref(), Some(head.version_id()));
}

#[test]
fn d4_the_scid_is_the_hash_of_the_first_entry() {
    let draft = plain_draft();
    let scid = hash::hash_value(&draft).unwrap();
    let mut other = draft.clone();
    other["versionTime"] = json!(now().plus_seconds(1).to_string());
    let other = hash::replaced(&other, "{SCID}", &scid).unwrap();
    assert_eq!(code(None, &seal(1, &scid, other, &[1])), "scid-mismatch");
    let in_name = hash::replaced(&draft, "{SCID}", &scid).unwrap();
    let mut in_name = in_name;
    in_name["state"][scid.as_str()] = json!(1);
    assert_eq!(code(None, &seal(1, &scid, in_name, &[1])), "malformed-entry");
}

#[test]
fn d5_the_entry_hash_chains_the_entries() {
    let head = plain_head(|_| {});
    let fork = seal(2, head.scid(), next_draft(&head), &[1]);
    assert_eq!(code(Some(&head), &fork), "entry-hash-mismatch");
    let mut changed = forge(Some(&head), &next_draft(&head), &[1]);
    changed["state"]["extra"] = json!(1);
    prove_with(&mut changed, 1, |_| {});
    assert_eq!(code(Some(&head), &changed), "entry-hash-mismatch");
}

#[test]
fn d6_time_moves_forward_and_not_beyond_now() {
    let head = plain_head(|_| {});
    let at = |seconds: i64| {
        let mut draft = next_draft(&head);
        draft["versionTime"] = json!(head.time().plus_seconds(seconds).to_string());
        let entry = Entry::parse(&bytes(&forge(Some(&head), &draft, &[1])), None).unwrap();
        check_next(Some(&head), &entry, now()).map_or_else(|error| error.code(), |_| "accepted")
    };
    assert_eq!(at(-1), "version-time-invalid");
    assert_eq!(at(0), "version-time-invalid");
    assert_eq!(at(1), "accepted");
    assert_eq!(at(300), "accepted");
    assert_eq!(at(301), "version-time-invalid");
}

#[test]
fn d7_without_pre_rotation_the_previous_keys_authorise() {
    let head = plain_head(|_| {});
    let rotate = |draft: &mut Value| draft["parameters"]["updateKeys"] = json!([multikey(2)]);
    assert_eq!(after(&head, &[2], rotate), "proof-invalid");
    let rotated = next(&head, &[1], rotate);
    assert_eq!(after(&rotated, &[1], |_| {}), "proof-invalid");
    assert_eq!(after(&rotated, &[2], |_| {}), "accepted");
}

#[test]
fn d7_with_pre_rotation_only_committed_keys_authorise() {
    let head = plain_head(|draft| {
        draft["parameters"]["nextKeyHashes"] = json!([commitment(2), commitment(3)]);
    });
    let set = |keys: &[u64], hashes: Value| {
        let keys: Vec<_> = keys.iter().map(|seed| multikey(*seed)).collect();
        move |draft: &mut Value| {
            draft["parameters"] = json!({ "updateKeys": keys, "nextKeyHashes": hashes });
        }
    };
    let refused = "update-key-not-committed";
    assert_eq!(after(&head, &[1], |_| {}), refused);
    assert_eq!(after(&head, &[1], set(&[1], json!([commitment(4)]))), refused);
    assert_eq!(after(&head, &[2], set(&[2, 4], json!([commitment(4)]))), refused);
    assert_eq!(after(&head, &[2], set(&[], json!([commitment(4)]))), refused);
    let no_keys = |draft: &mut Value| draft["parameters"] = json!({ "nextKeyHashes": [] });
    assert_eq!(after(&head, &[2], no_keys), refused);
    let no_hashes =
        |draft: &mut Value| draft["parameters"] = json!({ "updateKeys": [multikey(2)] });
    assert_eq!(after(&head, &[2], no_hashes), refused);
    assert_eq!(after(&head, &[1], set(&[2], json!([]))), "proof-invalid");
    assert_eq!(after(&head, &[3], set(&[2], json!([]))), "proof-invalid");
    assert_eq!(after(&head, &[2, 3], set(&[2, 3], json!([commitment(4)]))), "accepted");
    // Pre-rotation ended: from the next entry on the previous keys authorise.
    let ended = next(&head, &[3], set(&[3], json!([])));
    assert_eq!(after(&ended, &[3], |_| {}), "accepted");
    assert_eq!(after(&ended, &[2], |_| {}), "proof-invalid");
}

#[test]
fn d8_all_proofs_are_authorised_and_hold() {
    let head = plain_head(|draft| {
        draft["parameters"]["updateKeys"] = json!([multikey(1), multikey(2)]);
    });
    assert_eq!(after(&head, &[1, 2], |_| {}), "accepted");
    assert_eq!(after(&head, &[1, 3], |_| {}), "proof-invalid");
    let mut stolen = forge(Some(&head), &next_draft(&head), &[1]);
    let other = forge(
        Some(&head),
        &json!({
            "versionTime": head.time().plus_seconds(2).to_string(),
            "parameters": {}, "state": head.document().value(),
        }),
        &[1],
    );
    stolen["proof"] = other["proof"].clone();
    assert_eq!(code(Some(&head), &stolen), "proof-invalid");
}

#[test]
fn d9_a_did_moves_only_if_portable_and_under_its_old_name_too() {
    let moved = |old_name: Value| {
        move |draft: &mut Value| {
            let text = draft["state"].to_string().replace("ledger.example", "new.example:anna");
            draft["state"] = serde_json::from_str(&text).unwrap();
            draft["state"]["alsoKnownAs"] = old_name;
        }
    };
    let fixed = plain_head(|_| {});
    let old = json!([fixed.did().as_str()]);
    assert_eq!(after(&fixed, &[1], moved(old)), "move-not-allowed");
    let portable = plain_head(|draft| draft["parameters"]["portable"] = json!(true));
    let old = json!([portable.did().as_str()]);
    assert_eq!(after(&portable, &[1], moved(json!([]))), "move-not-allowed");
    assert_eq!(after(&portable, &[1], moved(json!(portable.did().as_str()))), "move-not-allowed");
    let and_fixed = |draft: &mut Value| {
        moved(old.clone())(draft);
        draft["parameters"]["portable"] = json!(false);
    };
    assert_eq!(after(&portable, &[1], and_fixed), "move-not-allowed");
    let head = next(&portable, &[1], moved(old.clone()));
    assert_eq!(head.did().host().unwrap(), "new.example");
    assert_eq!(head.scid(), portable.scid());
}

#[test]
fn d9_the_scid_never_changes() {
    let head = plain_head(|draft| draft["parameters"]["portable"] = json!(true));
    let other = "QmXhVjFG6EBTosDastaaHMRypm2qSv4SMGctADsx878Yux";
    let code = after(&head, &[1], |draft| {
        draft["state"] = json!({
            "id": format!("did:webvh:{other}:ledger.example"),
            "alsoKnownAs": [head.did().as_str()],
        });
    });
    assert_eq!(code, "state-id-invalid");
}

#[test]
fn d11_each_entry_carries_its_own_approvals() {
    let mut draft = plain_draft();
    draft["parameters"]["witness"] = witness_set(2, &[11, 12, 13]);
    let entry = forge(None, &draft, &[1]);
    assert_eq!(code(None, &entry), "witness-threshold");
    let code = |seeds: &[u64]| witnessed(None, &entry, seeds).map_or_else(|it| it.code(), |_| "ok");
    assert_eq!(code(&[11]), "witness-threshold");
    assert_eq!(code(&[11, 11]), "witness-threshold");
    assert_eq!(code(&[11, 14]), "witness-threshold");
    assert_eq!(code(&[13, 11]), "ok");
    assert_eq!(code(&[11, 12, 13, 14]), "ok");
}

#[test]
fn d11_witness_lines_are_closed_and_about_this_version() {
    let mut draft = plain_draft();
    draft["parameters"]["witness"] = witness_set(1, &[11]);
    let entry = forge(None, &draft, &[1]);
    let id = entry["versionId"].as_str().unwrap();
    let proof = witness_proof(id, &secret(11), now()).unwrap();
    let line = |value: Value| {
        with_line(None, &entry, &value.to_string()).map_or_else(|it| it.code(), |_| "ok")
    };
    assert_eq!(line(json!({ "versionId": id, "proof": [proof] })), "ok");
    let other = format!("2{}", id.trim_start_matches('1'));
    let elsewhere = witness_proof(&other, &secret(11), now()).unwrap();
    let mut altered = proof.clone();
    altered["created"] = json!("2026-02-01T00:00:00Z");
    for value in [
        json!({ "versionId": other, "proof": [elsewhere] }),
        json!({ "versionId": other, "proof": [proof] }),
        json!({ "versionId": id, "proof": [elsewhere] }),
        json!({ "versionId": id, "proof": [proof, altered] }),
        json!({ "versionId": id, "proof": [] }),
        json!({ "versionId": id, "proof": proof }),
        json!({ "versionId": id, "proof": [proof], "extra": 1 }),
        json!({ "versionId": id }),
        json!([]),
    ] {
        assert_eq!(line(value.clone()), "witness-invalid", "{value}");
    }
    let malformed = with_line(None, &entry, "{\"versionId\":\n1}").unwrap_err();
    assert_eq!(malformed.code(), "malformed-entry");
    // Nobody asked for approvals: a line of them has no place in the log.
    let plain = forge(None, &plain_draft(), &[1]);
    assert_eq!(witnessed(None, &plain, &[11]).unwrap_err().code(), "witness-invalid");
}

#[test]
fn d11_a_new_set_is_approved_by_the_old_one() {
    let plain = plain_head(|_| {});
    let with_set = |head: &Head, set: Value| {
        let mut draft = next_draft(head);
        draft["parameters"]["witness"] = set;
        forge(Some(head), &draft, &[1])
    };
    // From none: at once.
    let first = with_set(&plain, witness_set(1, &[11]));
    assert_eq!(code(Some(&plain), &first), "witness-threshold");
    let head = witnessed(Some(&plain), &first, &[11]).unwrap();
    // Replacement and end: by those before.
    for set in [witness_set(1, &[12]), json!({})] {
        let entry = with_set(&head, set);
        let by = |seed: u64| {
            witnessed(Some(&head), &entry, &[seed]).map_or_else(|it| it.code(), |_| "ok")
        };
        assert_eq!(by(12), "witness-threshold");
        assert_eq!(by(11), "ok");
    }
    let ended = witnessed(Some(&head), &with_set(&head, json!({})), &[11]).unwrap();
    assert_eq!(after(&ended, &[1], |_| {}), "accepted");
    // Unchanged: still needed.
    assert_eq!(after(&head, &[1], |_| {}), "witness-threshold");
}

#[test]
fn d12_nothing_follows_the_end() {
    let head = plain_head(|_| {});
    let deactivated =
        next(&head, &[1], |draft| draft["parameters"] = json!({ "deactivated": true }));
    assert!(deactivated.deactivated());
    assert_eq!(after(&deactivated, &[1], |_| {}), "did-deactivated");
    let keyless = next(&head, &[1], |draft| draft["parameters"] = json!({ "updateKeys": [] }));
    assert!(!keyless.deactivated());
    assert_eq!(after(&keyless, &[1], |_| {}), "did-deactivated");
    let revived = |draft: &mut Value| draft["parameters"] = json!({ "deactivated": false });
    assert_eq!(after(&deactivated, &[1], revived), "did-deactivated");
}

#[test]
fn d14_a_log_takes_what_is_at_home_here() {
    let at_home = first_head();
    let homeless = plain_head(|_| {});
    let names = |origin: &str| {
        let service = json!([{
            "id": "#l", "type": "LedgerLog", "serviceEndpoint": format!("https://{origin}"),
        }]);
        move |draft: &mut Value| draft["state"]["service"] = service
    };
    let here = "ledger.example/log";
    let verdict = |head: Option<&Head>, next: &Head, origin: &str| {
        check_home(head, next, origin).map_err(|error| error.code())
    };
    assert_eq!(verdict(None, &at_home, here), Ok(Residence::Here));
    assert_eq!(verdict(None, &at_home, "b.example"), Err("home-log-invalid"));
    assert_eq!(verdict(None, &homeless, "b.example"), Ok(Residence::Here));
    let adopted = next(&homeless, &[1], names(here));
    assert_eq!(verdict(Some(&homeless), &adopted, here), Ok(Residence::Here));
    assert_eq!(verdict(Some(&homeless), &adopted, "b.example"), Err("home-log-invalid"));
    // One leaving entry, and nothing after it.
    let left = next(&adopted, &[1], names("b.example"));
    assert_eq!(verdict(Some(&adopted), &left, here), Ok(Residence::Leaving));
    let after = next(&left, &[1], names(here));
    assert_eq!(verdict(Some(&left), &after, here), Err("signer-moved"));
    // Without a service the home stays.
    let silent = next(&adopted, &[1], |draft| {
        draft["state"].as_object_mut().unwrap().remove("service");
    });
    assert_eq!(silent.home(), Some(here));
}

#[test]
fn commitments_to_different_keys_differ() {
    let keys: Vec<PublicKey> = (1..5).map(public).collect();
    let hashes: std::collections::BTreeSet<_> = keys.iter().map(next_key_hash).collect();
    assert_eq!(hashes.len(), keys.len());
}
