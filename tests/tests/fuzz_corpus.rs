//! The corpora of `tests/fuzz`, replayed through the functions that the fuzz targets call, each input with some hundred
//! mutations; and the seeds that they start from.

use std::fs;
use std::path::PathBuf;

use inkan_core::rng::insecure::SeededRng;
use inkan_core::{CryptoRng, SecretBytes, Timestamp, encoding, sha256};
use inkan_credential::sd_jwt::{BindingTerms, ClaimPath, Concealment, Disclosure};
use inkan_credential::sd_jwt_vc::{self, KeyName};
use inkan_credential::selective::{self, secure_sd};
use inkan_credential::sign::{self, ProofTerms};
use inkan_credential::status_list::BitstringStatusList;
use inkan_credential::token_status_list::{
    StatusBits, StatusListToken, TokenStatus, TokenStatusList, TokenTerms,
};
use inkan_credential::{Contexts, Cryptosuite, SecuredCredential};
use inkan_crypto::keystore::Keystore;
use inkan_crypto::{KeyType, SecretKey, jws};
use inkan_did::webvh;
use inkan_evidence::Registry;
use inkan_evidence::model::ProofingEvidence;
use inkan_ledger::Base;
use inkan_ledger::add_checkpoint::{self, AddCheckpoint};
use inkan_ledger::parameters::{Announcement, OperatorEvent, Parameters, ParametersDocument};
use inkan_ledger::tree::Frontier;
use inkan_ledger::tree::tiles::encode_bundle;
use inkan_ledger::{
    Breach, CoseReceipt, Evidence, Growth, Kind, Leaf, MapKey, Promise, verify_promise,
};
use inkan_tests::fuzz_entries::{TARGETS, selective_document};
use inkan_tests::made::{Party, moment};
use inkan_tests::made_anchor;
use inkan_tests::made_consent;
use inkan_tests::made_ledger::Ledger;
use inkan_tests::soft_authenticator::platform::structures;
use inkan_tests::soft_authenticator::{
    Format, Maker, MetadataSigner, Page, Platform, Shows, SoftAuthenticator, metadata_of,
};
use inkan_tests::world::some_claim;
use inkan_tests::{files_under, fixtures, read, read_json, read_text, workspace_root};
use serde_json::json;

/// Inputs larger than this are replayed as they are, without mutations: replaying stays a matter of seconds.
const MUTATED: usize = 8_192;

#[test]
fn every_corpus_is_replayed_without_a_panic() {
    for (name, target) in TARGETS {
        let inputs = files_under(&corpus(name), |_| true);
        assert!(inputs.len() >= 2, "the corpus of {name} has {} inputs", inputs.len());
        for input in inputs {
            target(&read(&input));
        }
    }
}

#[test]
fn mutations_of_every_corpus_cause_no_panic() {
    let mut rng = SeededRng::new(2026);
    for (name, target) in TARGETS {
        for input in files_under(&corpus(name), |_| true) {
            let bytes = read(&input);
            if bytes.len() > MUTATED {
                continue;
            }
            for _ in 0..40 {
                target(&mutated(&bytes, &mut rng));
            }
        }
    }
}

#[test]
fn degenerate_input_causes_no_panic() {
    let nested = "[".repeat(100_000);
    let long = "9".repeat(1 << 20);
    let inputs: &[&[u8]] =
        &[b"", b"\0", b"\n", b"{", b"\"", b"\xff\xfe", nested.as_bytes(), long.as_bytes()];
    for (_, target) in TARGETS {
        for input in inputs {
            target(input);
        }
    }
}

#[test]
fn targets_corpora_and_manifest_agree() {
    let folder = workspace_root().join("tests/fuzz");
    let manifest = read_text(&folder.join("Cargo.toml"));
    for (name, _) in TARGETS {
        let line = format!("path = \"fuzz_targets/{name}.rs\"");
        assert!(manifest.contains(&line), "{name} is not in tests/fuzz/Cargo.toml");
        assert!(folder.join(format!("fuzz_targets/{name}.rs")).exists(), "{name} has no target");
        assert!(corpus(name).is_dir(), "{name} has no corpus");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}

/// Writes the seeds that are made rather than collected: the same bytes each time.
#[test]
#[ignore = "writes into tests/fuzz/corpus"]
fn seeds_are_written() {
    let mut rng = SeededRng::new(1);
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let (issuer, holder) = (Party::new(key_type, &mut rng), Party::new(key_type, &mut rng));
        let kind = key_type.name();
        let (di, jose) = (issuer.issue_di(&holder.did), issuer.issue_jose(&holder.did));
        let countersigned = holder.countersign_di(&di);
        let beside = holder.countersign_jose(&jose);
        let (vp_di, vp_jose) = (holder.present_di(&countersigned), holder.present_jose(&jose));
        seed("json", kind, issuer.credential(&holder.did).to_string());
        seed("credential", kind, issuer.credential(&holder.did).to_string());
        seed("did", &format!("{kind}-did"), &issuer.did);
        seed("did", &format!("{kind}-url"), &issuer.method);
        seed("did_document", kind, issuer.did_document().to_string());
        seed("public_key", &format!("{kind}-multikey"), issuer.public_key().to_multikey());
        seed("public_key", &format!("{kind}-jwk"), issuer.public_key().to_jwk().to_string());
        seed("countersignature", kind, &beside);
        seed("delegation", "claim", some_claim().to_string());
        let unsigned = issuer.credential(&holder.did);
        let cose = sign::issue_cose(unsigned, &issuer.method, &issuer.key).expect("a credential");
        for (form, credential) in
            [("di", &di), ("jose", &jose), ("cose", &cose), ("countersigned", &countersigned)]
        {
            let text = credential.to_bare();
            for target in ["secured_credential", "proof_check", "bundle"] {
                seed(target, &format!("{kind}-{form}"), &text);
            }
        }
        for (form, presentation) in [("di", &vp_di), ("jose", &vp_jose)] {
            for target in ["presentation", "bundle"] {
                seed(target, &format!("{kind}-vp-{form}"), presentation.to_bare());
            }
        }
        for (name, compact) in [("vc", jose.to_bare()), ("vp", vp_jose.to_bare()), ("cs", beside)] {
            seed("jws", &format!("{kind}-{name}"), compact);
        }
    }
}

/// The seeds that are consents.
#[test]
#[ignore = "writes into tests/fuzz/corpus"]
fn seeds_of_consents_are_written() {
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let kind = key_type.name();
        for (name, receipt) in ["full", "short"].into_iter().zip(made_consent::consents(key_type)) {
            seed("consent", &format!("{kind}-{name}"), receipt.to_value().to_string());
            let given = receipt.states()[0].to_value().to_string();
            seed("consent", &format!("{kind}-{name}-record"), given);
        }
    }
}

/// The seeds that are values of proofs of selective disclosure.
#[test]
#[ignore = "writes into tests/fuzz/corpus"]
fn seeds_of_proof_values_are_written() {
    for (suite, key_type, prefix) in [
        (Cryptosuite::EcdsaSd2023, KeyType::P256, ""),
        (Cryptosuite::Bbs2023, KeyType::Bls12381G2, "bbs-"),
    ] {
        let mut rng = SeededRng::new(3);
        let key = SecretKey::generate(key_type, &mut rng);
        let terms = ProofTerms::new(suite, "did:example:issuer#key");
        let (document, contexts) = (selective_document(), Contexts::built_in());
        let base = secure_sd(document, &["/name"], (&terms, &key), contexts, &mut rng);
        let base = base.expect("a credential");
        let value = |credential: &SecuredCredential| {
            let value = credential.to_value()["proof"]["proofValue"].as_str().map(str::to_owned);
            encoding::decode_b64u(&value.expect("a value")[1..]).expect("base64url")
        };
        seed("proof_value", &format!("{prefix}base"), value(&base));
        for (name, pointer) in [("whole", ""), ("part", "/credentialSubject/address")] {
            let disclosure =
                selective::Disclosure { pointers: &[pointer], ..selective::Disclosure::default() };
            let derived = selective::derive(&base, &disclosure, contexts, &mut rng);
            let derived = derived.expect("a credential");
            seed("proof_value", &format!("{prefix}{name}"), value(&derived));
        }
    }
}

/// The seeds that come from a ledger and a DID on it.
#[test]
#[ignore = "writes into tests/fuzz/corpus"]
fn seeds_of_the_ledger_are_written() {
    let mut ledger = Ledger::new(&mut SeededRng::new(2));
    let issuance = ledger.issuance(&sha256(&[b"credential"]));
    let (first, note) = ledger.filled(5);
    let scid = ledger.did.scid().expect("a did:webvh");
    let [rotated, _] = successors(&ledger);

    fs::write(workspace_root().join("tests/fuzz/seed.policy"), &ledger.policy_text)
        .expect("a file");
    seed("log_policy", "both-witnesses", &ledger.policy_text);
    let none =
        ledger.policy_text.split("witness").next().expect("the log").to_owned() + "quorum none\n";
    seed("log_policy", "no-witness", none);
    let any = "# a comment\n\n".to_owned()
        + &ledger.policy_text.replace("group witnesses all", "group inner any")
        + "group outer 1 inner\n";
    seed("log_policy", "groups", any.replace("quorum witnesses\n", "") + "quorum outer\n");
    seed("webvh_entry", "first", ledger.did_log.trim_end());
    seed("webvh_entry", "second", rotated.trim_end());
    seed("webvh_history", "one-version", &ledger.did_log);
    seed("webvh_history", "two-versions", format!("{}\n{rotated}", ledger.did_log.trim_end()));
    seed("did", "webvh", ledger.did.as_str());
    seed("did", "webvh-url", ledger.method.as_str());
    seed("did_document", "webvh", ledger.history().latest().document().value().to_string());
    seed(
        "signed_entry",
        "issuance",
        format!("{}{issuance}", char::from(b'0' + Kind::Issuance.code())),
    );
    seed(
        "signed_entry",
        "did",
        format!("{}{}", char::from(b'0' + Kind::Did.code()), ledger.did_log.trim_end()),
    );
    seed("jws", "issuance", &issuance);
    seed("note", "checkpoint", note.to_string());
    seed("note", "checkpoint-text", note.text());
    seed("note", "vkey", ledger.policy_text.split_whitespace().nth(1).expect("log VKEY"));
    let consistency = ledger.log.tree().consistency(3, ledger.log.size()).expect("a path");
    let request = AddCheckpoint { old_size: 3, consistency, note: note.clone() };
    seed("add_checkpoint", "from-three", request.to_string());
    let request = AddCheckpoint { old_size: 0, consistency: Vec::new(), ..request };
    seed("add_checkpoint", "from-nothing", request.to_string());
    let lines = note.to_string().rsplit_once("\n\n").expect("lines").1.to_owned();
    seed("witness_answer", "lines", lines);
    seed("witness_answer", "size", add_checkpoint::size_text(20_852_014));
    let receipt = ledger.log.receipt(first, &note).expect("a receipt");
    let did_receipt = ledger.log.receipt(1, &note).expect("a receipt");
    let last = ledger.log.receipt(ledger.log.size() - 1, &note).expect("a receipt");
    for (name, receipt) in [("issuance", &receipt), ("did", &did_receipt), ("epoch", &last)] {
        seed("receipt", name, receipt.to_value().to_string());
        seed("leaf", name, receipt.leaf_bytes());
    }
    seed("epoch", "last", Leaf::parse(last.leaf_bytes()).expect("a leaf").body());
    let genesis = ParametersDocument::genesis(Parameters::default());
    let bytes = genesis.to_bytes().expect("a document");
    let next = Announcement {
        rules: genesis.rules,
        values: Parameters::default(),
        not_before: Timestamp::from_seconds(1_800_000_000).expect("a time"),
    };
    let announced = genesis.announce(sha256(&[&bytes]), next);
    let clock = announced.record(sha256(&[b"x"]), OperatorEvent::ClockAccepted { step: 90 });
    for (name, document) in [("genesis", &genesis), ("announced", &announced), ("clock", &clock)] {
        seed("parameters", name, document.to_bytes().expect("a document"));
    }
    seed("ledger_store", "standing", ledger.log.machine().standing().to_bytes());
    let controller = ledger.log.state().controller(scid).expect("in memory").expect("a DID");
    seed("ledger_store", "controller", controller.to_bytes());
    let line = (Kind::Did, ledger.did_log.trim().as_bytes());
    seed("import", "one", inkan_ledger::batch::join([line]).expect("a batch"));
    seed("import", "twice", inkan_ledger::batch::join([line, line]).expect("a batch"));
    seed("epoch", "genesis", ledger.log.leaf(0).expect("a leaf").body());
    let entries =
        [(Kind::Issuance, issuance.as_bytes()), (Kind::Did, ledger.did_log.trim().as_bytes())];
    seed("batch", "two", inkan_ledger::batch::join(entries).expect("a batch"));
    for (name, key) in [("did", MapKey::did(scid)), ("nothing", MapKey::did("QmNobody"))] {
        let proof = ledger.log.current(&key, &note).expect("a current-proof");
        seed("current_proof", name, proof.to_value().to_string());
    }
    let value =
        ledger.log.state().newest_at(&MapKey::did(scid), ledger.log.size()).expect("a head");
    seed("leaf", "map-value", value.to_bytes());
}

/// The seeds that are records anchored in a ledger.
#[test]
#[ignore = "writes into tests/fuzz/corpus"]
fn seeds_of_anchors_are_written() {
    let (pack, proof) = made_anchor::anchored(&mut Ledger::new(&mut SeededRng::new(2)));
    let text = proof.to_value().to_string();
    seed("anchor_proof", "record", &text);
    seed("anchor_proof", "elsewhere", text.replace("ward-3", "ward-4"));
    let head = pack.windows(2).position(|pair| pair == b"{\"").expect("a head");
    seed("anchor_pack", "two-scopes", &pack);
    seed("anchor_pack", "cut-off", pack.get(..head + 2_000).expect("a head"));
}

/// The seeds that a log, its promises and its misdeeds are made of.
#[test]
#[ignore = "writes into tests/fuzz/corpus"]
fn seeds_of_proofs_are_written() {
    let (mut ledger, mut fork) =
        (Ledger::new(&mut SeededRng::new(2)), Ledger::new(&mut SeededRng::new(2)));
    let body = fork.issuance(&sha256(&[b"fork"]));
    fork.append(Kind::Issuance, body.as_bytes());
    let ((first, note), (_, other)) = (ledger.filled(5), fork.filled(7));
    let edge = Frontier::from_nodes(ledger.log.tree(), ledger.log.size()).expect("an edge");
    seed("tiles", "edge", edge.to_bytes());
    seed("tiles", "path", "tile/1/x001/000.p/7");
    seed("tiles", "entries", "tile/entries/000");
    let leaves = [0, 1].map(|at| ledger.log.leaf(at).expect("a leaf").to_bytes());
    let bundle = encode_bundle(leaves.iter().map(Vec::as_slice)).expect("a bundle");
    seed("tiles", "bundle", [&[2], bundle.as_slice()].concat());
    let leaf = ledger.log.tree().leaf_hash(first).expect("a leaf");
    let head = ledger.log.checkpoint(ledger.log.size()).expect("a head").head();
    let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(5));
    for (name, at) in [("first", 0), ("middle", first)] {
        let leaf = ledger.log.tree().leaf_hash(at).expect("a leaf");
        let path = ledger.log.tree().inclusion(at, ledger.log.size()).expect("a path");
        let receipt = CoseReceipt::sign(ledger.log.origin(), (&leaf, &path), &head, &key);
        let bytes = receipt.and_then(|receipt| receipt.to_bytes()).expect("a COSE receipt");
        seed("cose_receipt", name, bytes);
    }
    let promise = Promise::new(ledger.log.origin(), moment(), [(first, leaf)].into());
    let promise = promise.expect("a promise");
    let signed = ledger.promise(&promise);
    seed("promise", "text", promise.to_text());
    seed("promise", "signed", signed.to_string());
    let verified = verify_promise(&signed.to_string(), &ledger.policy()).expect("our own promise");
    let receipt = fork.log.receipt(first, &other).expect("a receipt");
    let leaves = [ledger.log.receipt(first, &note).expect("a receipt"), receipt.clone()];
    let growth = Growth {
        root: fork.log.tree().root(ledger.log.size()).expect("a root"),
        path: fork.log.tree().consistency(ledger.log.size(), fork.log.size()).expect("a path"),
    };
    for (name, evidence) in [
        ("other-leaf", Evidence::of_promise(&verified, Breach::OtherLeaf(Box::new(receipt)))),
        ("not-covered", Evidence::of_promise(&verified, Breach::NotCovered(note.clone()))),
        ("heads", Evidence::of_heads(note, other, Some(growth))),
        ("leaves", Evidence::Leaves(Box::new(leaves))),
        (
            "did",
            Evidence::Did {
                history: vec![ledger.did_log.trim_end().to_owned()],
                entries: successors(&ledger).map(|entry| entry.trim_end().to_owned()),
            },
        ),
    ] {
        seed("ledger_evidence", name, evidence.to_value().to_string());
    }
}

/// Two second versions of the ledger's DID, of which only one may be.
fn successors(ledger: &Ledger) -> [String; 2] {
    let now = ledger.now().plus_seconds(60);
    [3, 5].map(|seed| {
        let key = Party::new(KeyType::Ed25519, &mut SeededRng::new(seed)).public_key();
        let keys = [("sign-2".to_owned(), key.clone())];
        let history = ledger.history();
        webvh::rotate(history.latest(), &keys, &ledger.next_key, &key, now).expect("an entry")
    })
}

/// An SD-JWT VC and a status list, in each of their forms.
#[test]
#[ignore = "writes into tests/fuzz/corpus"]
fn seeds_of_sd_jwts_are_written() {
    let rng = &mut SeededRng::new(5);
    let (issuer, holder) = (Party::new(KeyType::Ed25519, rng), Party::new(KeyType::P256, rng));
    let claims = json!({
        "vct": "https://type.example", "iss": issuer.did, "exp": 1_900_000_000,
        "cnf": { "jwk": holder.public_key().to_jwk() },
        "status": { "status_list": { "idx": 7, "uri": "https://acme.example/statuslists/1" } },
        "name": "Erika", "address": { "country": "DE" }, "nationalities": ["DE", "FR"],
    });
    let paths = ["name", "/address", "/address/country", "/nationalities/0"];
    let paths = paths.map(|path| ClaimPath::parse(path).expect("a path"));
    let concealment = Concealment { claims: &paths, decoys: 2 };
    let name = KeyName::Kid(&issuer.method);
    let issued = sd_jwt_vc::issue(claims, &concealment, name, &issuer.key, rng);
    let issued = issued.expect("issued").sd_jwt().clone();
    seed("sd_jwt", "all", issued.to_compact());
    let part = issued.derive(&paths[2..]).expect("derived");
    let terms = BindingTerms { audience: "https://v.example", nonce: "n", issued_at: moment() };
    let bound = part.bind(&terms, &holder.key).expect("bound");
    seed("sd_jwt", "bound", bound.to_compact());
    let parts: Vec<&str> = issued.jws().as_str().split('.').collect();
    let disclosures: Vec<&str> = issued.disclosures().iter().map(Disclosure::as_str).collect();
    let flattened = json!({
        "protected": parts[0], "payload": parts[1], "signature": parts[2],
        "header": { "disclosures": disclosures },
    });
    seed("sd_jwt", "flattened", flattened.to_string());
    let metadata = json!({
        "vct": "https://type.example", "claims": [{ "path": ["a", null, 0], "sd": "always" }],
    });
    seed("sd_jwt", "metadata", metadata.to_string());

    let mut list = TokenStatusList::new(StatusBits::Two, 1_000).expect("a list");
    list.set(7, TokenStatus::Suspended).expect("in range");
    let terms = TokenTerms {
        uri: "https://acme.example/statuslists/1",
        issued_at: moment(),
        expires: Some(moment().plus_seconds(86_400)),
        ttl: Some(3_600),
        aggregation_uri: Some("https://acme.example/statuslists"),
    };
    let jwt = StatusListToken::issue_jwt(&list, &terms, &issuer.method, &issuer.key);
    seed("token_status_list", "jwt", jwt.expect("a token").to_bytes());
    let cwt = StatusListToken::issue_cwt(&list, &terms, &issuer.method, &issuer.key);
    seed("token_status_list", "cwt", cwt.expect("a token").to_bytes());
    seed("token_status_list", "aggregation", r#"{"status_lists":["https://a.example/1"]}"#);
}

/// What authenticators, wallets and operators say.
#[test]
#[ignore = "writes into tests/fuzz/corpus"]
fn seeds_of_authenticators_are_written() {
    let challenge = sha256(&[b"challenge"]);
    let page = Page::of(&challenge);
    let maker = Maker::new();
    let payload = metadata_of(&maker.root, &["FIDO_CERTIFIED", "FIDO_CERTIFIED_L3", "REVOKED"]);
    seed("fido_metadata", "payload", payload.to_string());
    seed("fido_metadata", "blob", MetadataSigner::new().sign(&payload));
    for (name, shows) in [
        ("maker", Shows::Maker(Box::new(maker))),
        ("itself", Shows::Itself),
        ("nothing", Shows::Nothing),
        ("tpm", Shows::Platform(Box::new(Platform::new(Format::Tpm)))),
        ("android-key", Shows::Platform(Box::new(Platform::new(Format::Android)))),
        ("apple", Shows::Platform(Box::new(Platform::new(Format::Apple)))),
        ("fido-u2f", Shows::Platform(Box::new(Platform::new(Format::U2f)))),
    ] {
        let mut authenticator = SoftAuthenticator::new(shows);
        let (client, object) = authenticator.create(&page);
        seed("attestation_object", name, object);
        seed("webauthn", &format!("create-{name}"), client);
        let answer = authenticator.get(&page);
        let part = |part: &str| {
            let text = answer["response"][part].as_str().expect("a part");
            encoding::decode_b64u(text).expect("base64url")
        };
        seed("webauthn", &format!("client-{name}"), part("clientDataJSON"));
        seed("webauthn", &format!("authenticator-{name}"), part("authenticatorData"));
        let shown = json!({ "channel": "dc_api_same_device", "holderAuth": "unlk_bio",
            "authenticator": [{ "webauthn": answer }, { "keyAttestation": "a.b.c" }] });
        seed("presentation_evidence", name, shown.to_string());
    }
    let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(8));
    for (name, bytes) in structures(&key) {
        seed("attestation_object", name, bytes);
    }
    let registration = json!({
        "type": "inkan-webauthn-registration/1", "credentialId": "AQ",
        "key": key.public_key().to_jwk(), "aaguid": "f8a011f3-8c0a-4d15-8006-17111f9edc7d",
        "rpId": "bank.example", "holder": "did:example:a", "jkt": "AA", "counter": 4,
        "backupEligible": false, "attestation": { "outcome": "none" },
        "registeredAt": "2026-06-14T09:00:00Z",
    });
    seed("presentation_evidence", "registration", registration.to_string());
    for (typ, claims) in [
        (
            "key-attestation+jwt",
            json!({ "iat": 1_781_300_000, "exp": 1_781_400_000,
                "attested_keys": [key.public_key().to_jwk()], "key_storage": ["iso_18045_high"],
                "user_authentication": ["iso_18045_moderate"] }),
        ),
        (
            "authn-event+jwt",
            json!({ "type": "inkan-authn-event/1", "iss": "did:example:o", "aud": "https://v.example",
                "iat": 1_781_300_000, "exp": 1_781_300_300, "jti": "1", "nonce": "n",
                "cnf": { "jkt": "AA" },
                "factors": [{ "type": "password", "result": "pass", "time": 1_781_299_990 }] }),
        ),
        (
            "register-check+jwt",
            json!({ "type": "inkan-register-check/1", "iss": "did:example:r", "aud": "https://v.example",
                "iat": 1_781_300_000, "credentialSha256": "ab".repeat(32), "claims": ["name", "birthDate"],
                "result": "match" }),
        ),
    ] {
        let header = [("typ".to_owned(), typ.into())].into_iter().collect();
        let token = jws::sign(header, claims.to_string().as_bytes(), &key).expect("a token");
        seed("key_token", typ, token);
    }
}

/// Seeds of formats that need no ledger and no party.
#[test]
#[ignore = "writes into tests/fuzz/corpus"]
fn seeds_of_the_rest_are_written() {
    let mut rng = SeededRng::new(4);
    let mut list = BitstringStatusList::new(131_072).expect("a list");
    seed("status_list", "empty", list.encode().expect("a list"));
    for position in [0, 1, 94_567, 131_071] {
        list.set(position).expect("in range");
    }
    seed("status_list", "some", list.encode().expect("a list"));
    seed("status_list", "not-gzip", "uAAAA");
    let passphrase = SecretBytes::new(b"correct horse".to_vec());
    for (name, keys) in [("empty", 0_u8), ("one", 1), ("two", 2)] {
        let mut store = Keystore::default();
        for number in 0..keys {
            let kind = if number == 0 { KeyType::Ed25519 } else { KeyType::P256 };
            let key = SecretKey::generate(kind, &mut rng);
            store.insert(&format!("sign-{number}"), key, moment()).expect("a new name");
        }
        seed("keystore", name, store.seal(&passphrase, &mut rng).expect("sealed"));
    }
    for (name, text) in [
        ("numbers", "[0,-0,1e21,1E-7,9007199254740991,4.50,0.000001]"),
        ("escapes", r#"{"\u20ac":"\ud83d\ude02","\n":"\u001f\"\\/"}"#),
        ("nested", r#"[[[[{"a":[{}]}]]],null,true]"#),
    ] {
        seed("json", name, text);
    }
    let mut made = Vec::new();
    for name in [
        "resident-certificate/evidence",
        "resident-certificate/evidence-counter",
        "story/email-code",
    ] {
        let mut evidence = read_json(&fixtures().join(name).with_extension("json"));
        evidence["verificationProcess"] = "urn:uuid:5d0e3a52-7a0b-4a5e-9c39-0b7a6f0a8d11".into();
        evidence["proofer"]["id"] = "did:example:city".into();
        evidence["subject"] = json!({
            "holder": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
            "jkt": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        });
        seed("evidence", &name.replace('/', "-"), evidence.to_string());
        made.push(evidence);
    }
    assert!(made.iter().all(|evidence| ProofingEvidence::parse(evidence).is_ok()), "{made:#?}");
    for (name, entries) in [
        ("empty", json!([])),
        (
            "issuer",
            json!([{ "id": "did:example:city", "roles": ["attribute_issuer"], "rows": ["R7", "R8"],
            "issues": ["Badge"], "validFrom": "2026-01-01T00:00:00Z", "status": "active" }]),
        ),
        (
            "ended",
            json!([{ "id": "did:example:old", "roles": ["attribute_issuer"], "issues": ["Badge"],
            "validFrom": "2020-01-01T00:00:00Z", "validUntil": "2025-01-01T00:00:00Z", "status": "ended" }]),
        ),
    ] {
        let registry = json!({ "type": "inkan-registry/1", "id": "https://registry.example", "sequence": 1,
            "issuedAt": "2026-06-01T00:00:00Z", "entries": entries });
        let read = Registry::from_value(&registry);
        assert!(read.is_ok(), "{read:?}");
        seed("registry", name, registry.to_string());
    }
    for file in ["root.der", "anchors.pem"] {
        seed("certificate", &file.replace('.', "-"), read(&fixtures().join("tsa").join(file)));
    }
    for (name, codes) in
        [("accepted", json!([])), ("refused", json!(["policy-mismatch", "INK-5101"]))]
    {
        let expect = json!({ "decision": "accept", "ial": "IAL-1", "codes": codes });
        let case = json!({ "name": name, "file": "vp.json", "at": "2026-11-23T09:00:00Z", "expect": expect });
        let table = json!({ "type": "inkan-policy-cases/1", "cases": [case] });
        seed("policy_cases", name, table.to_string());
    }
    for file in ["good-ec.tsr", "good-rsa.token", "cms-key-id.token", "refused.tsr", "root.der"] {
        let bytes = read(&fixtures().join("tsa").join(file));
        seed("timestamp", &file.replace('.', "-"), bytes);
    }
    for (target, folder, files) in [
        ("cms", "eseal", &["p256.p7s", "rsa.p7s", "unnamed.p7s", "attached.p7s"][..]),
        (
            "revocation",
            "path",
            &[
                "late.crl",
                "part.crl",
                "revoked-by-issuer.ocsp",
                "revoked-by-delegate.ocsp",
                "strict.der",
            ],
        ),
    ] {
        for file in files {
            seed(target, &file.replace('.', "-"), read(&fixtures().join(folder).join(file)));
        }
    }
    for (name, text) in [
        ("hex", "00ff10"),
        ("base64url", "AAECAwQFBgcICQoLDA0ODw"),
        ("base64", "AAECAw=="),
        ("multibase", "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"),
        ("multihash", "QmTDMoVqvyBkNMRhzvukTDznntByUNDwyNdSfV8dZ3VKRC"),
    ] {
        seed("encodings", name, text);
    }
    for (name, text) in [
        ("strict", "2026-06-14T09:00:00Z"),
        ("offset", "2026-06-14T09:00:00.123+09:00"),
        ("leap", "2016-12-31T23:59:60Z"),
        ("span", "P1Y2M10DT2H30M"),
        ("days", "P365D"),
    ] {
        seed("time", name, text);
    }
    for (name, schema) in [
        (
            "object",
            json!({ "type": "object", "required": ["name"], "properties": { "name": { "type": "string", "maxLength": 3 } } }),
        ),
        (
            "recursive",
            json!({ "$id": "https://inkan.example/s", "properties": { "a": { "$ref": "#" } }, "additionalProperties": false }),
        ),
        (
            "pattern",
            json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "properties": { "name": { "pattern": "^(a+)+$" } } }),
        ),
    ] {
        let text = json!({ "instance": { "name": "aaaa", "a": {} }, "schema": schema }).to_string();
        seed("schema", name, text);
    }
}

fn seed(target: &str, name: &str, bytes: impl AsRef<[u8]>) {
    let folder = corpus(target);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(format!("seed-{name}")), bytes).expect("a file");
}

fn corpus(target: &str) -> PathBuf {
    workspace_root().join("tests/fuzz/corpus").join(target)
}

/// `bytes` with one to three changes: a bit, a byte, a cut, a piece twice.
fn mutated(bytes: &[u8], rng: &mut SeededRng) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut draw = |below: usize| {
        let mut word = [0; 8];
        rng.fill(&mut word);
        usize::try_from(u64::from_be_bytes(word) % below.max(1) as u64).expect("below a usize")
    };
    for _ in 0..=draw(3) {
        if out.is_empty() {
            return out;
        }
        let at = draw(out.len());
        match draw(5) {
            0 => out[at] ^= 1 << draw(8),
            1 => out[at] = b"\0\n\"{}[],:.~-0A\xff"[draw(15)],
            2 => out.truncate(at),
            3 => drop(out.drain(at..(at + 1 + draw(16)).min(out.len()))),
            _ => {
                let piece = out[at..(at + 1 + draw(32)).min(out.len())].to_vec();
                out.splice(at..at, piece);
            }
        }
    }
    out
}
