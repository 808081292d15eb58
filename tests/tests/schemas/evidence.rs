//! What facts rest on: registries, card certificates and statements, what is shown beside a presentation.

use inkan_core::json::canonicalize;
use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Timestamp, sha256};
use inkan_crypto::{KeyType, SecretKey, jws};
use inkan_evidence::PresentationEvidence;
use inkan_evidence::jpki::{BindingStatement, LoginStatement};
use inkan_evidence::register_check::{NewRegisterCheck, RegisterResult, RegisterToken};
use inkan_evidence::webauthn::Registration;
use inkan_tests::{read_json, workspace_root};
use serde_json::{Value, json};

use super::{Closed, schema, validator};

#[test]
fn configurations_of_card_certificates_fit_their_schema_where_they_are_read() {
    let sample = read_json(&workspace_root().join("fixtures/jpki/config.json"));
    let schema = schema("jpki-config");
    let agree = |value: &Value| {
        let read = inkan_evidence::jpki::JpkiConfig::parse(value.to_string().as_bytes()).is_ok();
        assert_eq!(validator(&schema).is_valid(value), read, "{value}");
        read
    };
    assert!(agree(&sample));
    for place in ["", "/profiles/0", "/profiles/0/policies"] {
        let mut more = sample.clone();
        more.pointer_mut(place).expect("an object")["more"] = json!(1);
        assert!(!agree(&more), "{place}");
        let members = sample.pointer(place).and_then(Value::as_object).expect("an object");
        for name in members.keys() {
            let mut less = sample.clone();
            less.pointer_mut(place).and_then(Value::as_object_mut).expect("it").remove(name);
            agree(&less);
        }
    }
}

#[test]
fn registries_fit_their_schema_where_they_are_read() {
    let entry = json!({
        "id": "did:web:city.example", "roles": ["attribute_issuer"], "rows": ["R1", "R2a"], "anchorTypes": ["Card"],
        "statements": ["key_statement"], "issues": ["Degree"], "countersigns": ["notary"],
        "authenticates": { "factors": ["password"], "maxAal": "AAL-2", "schemes": ["s"] },
        "keys": ["did:web:city.example#1"], "succeeds": ["did:web:old.example"],
        "sameController": ["did:web:other.example"], "authority": true,
        "grants": [{ "type": "recognition", "action": "a", "resource": "b" }],
        "validFrom": "2026-01-01T00:00:00Z", "validUntil": "2027-01-01T00:00:00Z",
        "status": "revoked-for-cause", "voidSince": "2026-06-01T00:00:00Z",
    });
    let sample = json!({
        "type": "inkan-registry/1", "id": "urn:inkan:trust:bank", "sequence": 3,
        "issuedAt": "2026-01-01T00:00:00Z", "nextUpdate": "2026-12-01T00:00:00Z", "entries": [entry],
    });
    let schema = schema("registry");
    let agree = |value: &Value| {
        let read = inkan_evidence::Registry::from_value(value).is_ok();
        assert_eq!(validator(&schema).is_valid(value), read, "{value}");
        read
    };
    assert!(agree(&sample));
    for place in ["", "/entries/0", "/entries/0/authenticates", "/entries/0/grants/0"] {
        let mut more = sample.clone();
        more.pointer_mut(place).expect("an object")["more"] = json!(1);
        assert!(!agree(&more), "{place}");
        let members = sample.pointer(place).and_then(Value::as_object).expect("an object");
        for name in members.keys() {
            let mut less = sample.clone();
            less.pointer_mut(place).and_then(Value::as_object_mut).expect("it").remove(name);
            agree(&less);
            let mut other = sample.clone();
            other.pointer_mut(place).expect("it")[name.as_str()] = json!({ "x": 1 });
            assert!(!agree(&other), "{place}/{name}");
        }
    }
    for status in ["active", "ended"] {
        let mut other = sample.clone();
        other["entries"][0]["status"] = json!(status);
        assert!(!agree(&other), "{status} with voidSince");
    }
}

#[test]
fn what_is_shown_beside_a_presentation_and_what_is_kept_of_it() {
    let chain = json!({
        "outcome": "chain", "anchorSha256": "ab".repeat(32), "firmware": 3, "toldBy": "authenticator",
    });
    let key = inkan_crypto::SecretKey::generate(KeyType::P256, &mut SeededRng::new(8));
    let registration = |attestation: Value| {
        json!({
            "type": "inkan-webauthn-registration/1", "credentialId": "AQ",
            "key": key.public_key().to_jwk(), "aaguid": "f8a011f3-8c0a-4d15-8006-17111f9edc7d",
            "rpId": "bank.example", "holder": "did:example:a", "jkt": "AA", "counter": 4,
            "backupEligible": false, "attestation": attestation,
            "registeredAt": "2026-06-14T09:00:00Z",
        })
    };
    let reads = |value: &Value| Registration::parse(value.to_string().as_bytes()).is_ok();
    let samples = [chain.clone(), json!({ "outcome": "none" })].map(registration);
    for sample in &samples {
        let written = Registration::parse(sample.to_string().as_bytes()).expect("a registration");
        assert_eq!(written.to_value(), *sample);
    }
    Closed {
        place: ("webauthn-registration", ""),
        samples: samples.to_vec(),
        only_read: &[],
        reads: Box::new(reads),
    }
    .check();
    Closed {
        place: ("webauthn-registration", "/properties/attestation"),
        samples: vec![chain],
        only_read: &[],
        reads: Box::new(move |value| reads(&registration(value.clone()))),
    }
    .check();
    let answer = json!({
        "id": "AQ", "rawId": "AQ", "type": "public-key", "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "response": { "clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA",
            "userHandle": "AA" },
    });
    let shown = |answers: Value| {
        json!({ "receivedAt": "2026-06-14T09:00:00Z", "channel": "redirect_same_device",
            "authenticator": answers, "holderAuth": "cred_bio" })
    };
    let reads = |value: &Value| PresentationEvidence::parse(value.to_string().as_bytes()).is_ok();
    let answers = json!([
        { "issuerKeyStatement": {} }, { "keyAttestation": "a.b.c" }, { "webauthn": answer },
        { "jpkiAuth": { "statement": "{}", "cms": "AAAA" } }, { "hosted": { "key": "a.b.c", "activation": "a.b.c" } }, { "authenticationEvent": "a.b.c" },
    ]);
    Closed {
        place: ("presentation-evidence", ""),
        samples: vec![shown(answers), shown(json!([]))],
        only_read: &[],
        reads: Box::new(reads),
    }
    .check();
    let login = json!({ "statement": "{}", "cms": "AAAA" });
    Closed {
        place: ("presentation-evidence", "/$defs/jpkiAuth"),
        samples: vec![login],
        only_read: &[],
        reads: Box::new(|value| reads(&shown(json!([{ "jpkiAuth": value }])))),
    }
    .check();
    let hosted = json!({ "key": "a.b.c", "activation": "a.b.c" });
    Closed {
        place: ("presentation-evidence", "/$defs/hosted"),
        samples: vec![hosted],
        only_read: &[],
        reads: Box::new(|value| reads(&shown(json!([{ "hosted": value }])))),
    }
    .check();
    Closed {
        place: ("presentation-evidence", "/$defs/webauthn"),
        samples: vec![answer],
        only_read: &[],
        reads: Box::new(move |value| reads(&shown(json!([{ "webauthn": value }])))),
    }
    .check();
}

#[test]
fn statements_of_cards_are_what_their_schema_says() {
    let text = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).expect("JSON");
    let jkt = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let asked = ("did:web:city.example", "AAECAwQFBgcICQoLDA0ODw");
    let at = Timestamp::parse("2026-06-14T09:00:00Z").expect("a time");
    let key = ("did:key:z6Mk", "did:key:z6Mk#z6Mk", jkt);
    let binding = BindingStatement::new(key, asked, at).expect("a statement");
    let login = LoginStatement::new(asked, jkt, at).expect("a statement");
    let bytes = |value: &Value| canonicalize(value).expect("canonical");
    Closed {
        place: ("card-statement", "/$defs/binding"),
        samples: vec![text(binding.to_bytes())],
        only_read: &[],
        reads: Box::new(|value| BindingStatement::parse(&bytes(value)).is_ok()),
    }
    .check();
    Closed {
        place: ("card-statement", "/$defs/login"),
        samples: vec![text(login.to_bytes())],
        only_read: &[],
        reads: Box::new(|value| LoginStatement::parse(&bytes(value)).is_ok()),
    }
    .check();
}

#[test]
fn statements_of_base_registers_are_what_their_schema_says() {
    let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(12));
    let names = ["name".to_owned(), "birthDate".to_owned()];
    let at = Timestamp::parse("2026-06-14T09:00:00Z").expect("a time");
    let stated = |result| {
        let new = NewRegisterCheck {
            register: ("did:web:city.example", "did:web:city.example#1"),
            audience: "https://bank.example",
            credential: sha256(&[b"credential"]),
            claims: &names,
            result,
        };
        let token = new.sign(&key, at).expect("a statement");
        let payload = token.split('.').nth(1).expect("a payload").to_owned();
        let bytes = inkan_core::encoding::decode_b64u(&payload).expect("base64url");
        serde_json::from_slice::<Value>(&bytes).expect("JSON")
    };
    Closed {
        place: ("register-check", ""),
        samples: vec![stated(RegisterResult::Match), stated(RegisterResult::Mismatch)],
        only_read: &[],
        reads: Box::new(|value| {
            let header = [("typ".to_owned(), "register-check+jwt".into())].into_iter().collect();
            let token = jws::sign(header, value.to_string().as_bytes(), &key).expect("a token");
            RegisterToken::parse(&token).is_ok()
        }),
    }
    .check();
}
