use std::collections::BTreeSet;

use inkan_core::rng::insecure::SeededRng;
use inkan_core::sha256;
use inkan_crypto::{KeyType, SecretKey, jws};
use serde_json::{Value, json};

use super::*;
use crate::fact::{Basis, FactKind};
use crate::facts::Facts;
use crate::make::{Seen, make};

const CITY: &str = "did:web:city.example";
const TAXES: &str = "did:web:taxes.example";
const US: &str = "https://bank.example";
const NOW: &str = "2026-06-14T09:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_strict(text).unwrap()
}

fn key(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::P256, &mut SeededRng::new(seed))
}

fn registry(change: impl FnOnce(&mut Value)) -> Registry {
    let entry = |party: &str, key: &SecretKey| {
        json!({ "id": party, "roles": ["base_registry"], "keys": [key.public_key().to_jwk()],
                "status": "active" })
    };
    let mut value = json!({
        "type": "inkan-registry/1", "id": "own", "sequence": 1, "issuedAt": "2026-01-01T00:00:00Z",
        "entries": [entry(CITY, &key(1)), entry(TAXES, &key(2))],
    });
    change(&mut value["entries"]);
    Registry::from_value(&value).unwrap()
}

fn stated(change: impl FnOnce(&mut Value)) -> Value {
    let mut statement = json!({
        "type": "inkan-register-check/1", "iss": CITY, "aud": US, "iat": at(NOW).seconds() - 60,
        "credentialSha256": sha256(&[b"credential"]).to_hex(), "claims": ["name", "birthDate"],
        "result": "match",
    });
    change(&mut statement);
    statement
}

fn signed_by(seed: u64, statement: &Value) -> String {
    let header = [("typ".to_owned(), "register-check+jwt".into())].into_iter().collect();
    jws::sign(header, statement.to_string().as_bytes(), &key(seed)).unwrap()
}

fn signed(change: impl FnOnce(&mut Value)) -> String {
    signed_by(1, &stated(change))
}

fn facts(tokens: &[String], registry: &Registry, audience: Option<&str>) -> Facts {
    let credential = json!({
        "type": ["VerifiableCredential", "ResidentCertificate"], "issuer": "did:web:issuer.example",
        "credentialSubject": { "id": "did:example:h", "name": "A", "birthDate": "1990-04-01" },
    });
    let seen = Seen {
        value: &credential,
        digest: sha256(&[b"credential"]),
        issuer: "did:web:issuer.example",
        existed_by: None,
        holder_jkts: BTreeSet::new(),
        former_jkts: BTreeSet::new(),
    };
    let made = make(&[Some(seen)], None, (&[], crate::item::Checkers::default()), at(NOW));
    let registries = std::slice::from_ref(registry);
    with_register_checks(made, tokens, &Judged { registries, audience, as_of: at(NOW) })
}

/// Whether the credential is confirmed, and the codes that were found.
fn judged(tokens: &[String]) -> (bool, Vec<Code>) {
    outcome(&facts(tokens, &registry(|_| {}), Some(US)))
}

fn outcome(facts: &Facts) -> (bool, Vec<Code>) {
    let credential = facts.credentials()[0].as_ref().unwrap();
    let is = |fact: &crate::Fact| {
        fact.kind() == FactKind::RegisterConfirmed && fact.basis() == Basis::Attested
    };
    let codes = facts.findings().iter().map(|finding| finding.code).collect();
    (credential.facts().iter().any(is), codes)
}

#[test]
fn a_registers_word_is_a_fact_with_its_names_and_its_time() {
    let facts = facts(&[signed(|_| {})], &registry(|_| {}), Some(US));
    assert_eq!(outcome(&facts), (true, vec![]));
    let checks = facts.credentials()[0].as_ref().unwrap().register_checks();
    let [check] = checks else { panic!("{checks:?}") };
    assert_eq!((check.register(), check.result()), (CITY, RegisterResult::Match));
    assert_eq!(check.at(), at("2026-06-14T08:59:00Z"));
    assert_eq!(check.claims().iter().collect::<Vec<_>>(), ["birthDate", "name"]);
    assert_eq!(check.authority().map(Authorised::party), Some(CITY));
}

#[test]
fn only_what_is_meant_for_us_about_this_credential_counts() {
    let invalid = (false, vec![Code::RegisterCheckInvalid]);
    let changes: [&dyn Fn(&mut Value); 14] = [
        &|one| one["aud"] = json!("https://shop.example"),
        &|one| one["iat"] = json!(at(NOW).seconds() + 61),
        &|one| one["iat"] = json!("2026-06-14T09:00:00Z"),
        &|one| one["credentialSha256"] = json!(sha256(&[b"another"]).to_hex()),
        &|one| one["credentialSha256"] = json!("ab"),
        &|one| one["claims"] = json!([]),
        &|one| one["claims"] = json!(["name", "name"]),
        &|one| one["claims"] = json!([""]),
        &|one| one["claims"] = json!(["nickname"]),
        &|one| one["claims"] = json!((0..65).map(|n| format!("c{n}")).collect::<Vec<_>>()),
        &|one| one["result"] = json!("probably"),
        &|one| one["type"] = json!("inkan-register-check/2"),
        &|one| one["ial"] = json!("3"),
        &|one| drop(one.as_object_mut().unwrap().remove("aud")),
    ];
    for (position, change) in changes.into_iter().enumerate() {
        assert_eq!(judged(&[signed(change)]), invalid, "{position}");
    }
    // A verifier that told nobody who it is cannot have been meant.
    let nobody = facts(&[signed(|_| {})], &registry(|_| {}), None);
    assert_eq!(outcome(&nobody), invalid);
    // Another type of token, a stranger's key under the register's name, one flipped bit in each part.
    let header = [("typ".to_owned(), "JWT".into())].into_iter().collect();
    let other = jws::sign(header, stated(|_| {}).to_string().as_bytes(), &key(1)).unwrap();
    assert_eq!(judged(&[other]), invalid);
    assert_eq!(judged(&[signed_by(9, &stated(|_| {}))]), invalid);
    assert_eq!(judged(&[signed_by(2, &stated(|_| {}))]), invalid);
    let good = signed(|_| {});
    for place in (0..good.len()).step_by(5) {
        let mut bytes = good.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(bytes).unwrap();
        if altered != good {
            assert!(!judged(&[altered]).0, "character {place}");
        }
    }
}

#[test]
fn a_register_is_one_by_role_and_by_time() {
    let refused = (false, vec![Code::RegisterCheckNotAuthorised]);
    let changes: [&dyn Fn(&mut Value); 5] = [
        &|entries| entries[0]["roles"] = json!(["attribute_issuer"]),
        &|entries| entries[0]["validFrom"] = json!("2026-06-14T08:59:01Z"),
        &|entries| entries[0]["validUntil"] = json!("2026-06-14T08:58:59Z"),
        &|entries| entries[0]["status"] = json!("revoked-for-cause"),
        &|entries| entries[0]["id"] = json!("did:web:other.example"),
    ];
    for (position, change) in changes.into_iter().enumerate() {
        let found = facts(&[signed(|_| {})], &registry(change), Some(US));
        assert_eq!(outcome(&found), refused, "{position}");
    }
    let without = registry(|entries| entries[0]["keys"] = json!([]));
    let found = facts(&[signed(|_| {})], &without, Some(US));
    assert_eq!(outcome(&found), (false, vec![Code::RegisterCheckInvalid]));
}

#[test]
fn a_denial_stands_until_the_same_register_takes_it_back() {
    let earlier = at(NOW).seconds() - 3_600;
    let denial = |register: &'static str, seed: u64, time: i64| {
        let statement = stated(|one| {
            one["iss"] = json!(register);
            one["iat"] = json!(time);
            one["result"] = json!("mismatch");
        });
        signed_by(seed, &statement)
    };
    let confirmed = (true, vec![]);
    let denied = (false, vec![Code::RegisterCheckMismatch]);
    let good = || signed(|_| {});
    assert_eq!(judged(&[denial(CITY, 1, at(NOW).seconds())]), denied);
    // After what it confirmed, at the same time, and whoever else confirmed it.
    assert_eq!(judged(&[good(), denial(CITY, 1, at(NOW).seconds())]), denied);
    assert_eq!(judged(&[denial(CITY, 1, at(NOW).seconds() - 60), good()]), denied);
    assert_eq!(judged(&[good(), denial(TAXES, 2, earlier)]), denied);
    // It looked again, later, at all of it.
    assert_eq!(judged(&[good(), denial(CITY, 1, earlier)]), confirmed);
    let less = signed(|one| one["claims"] = json!(["name"]));
    assert_eq!(judged(&[less, denial(CITY, 1, earlier)]), denied);
    // A denial that nobody authorised made takes nothing away.
    let strangers = signed_by(9, &stated(|one| one["result"] = json!("mismatch")));
    assert_eq!(judged(&[good(), strangers]), (true, vec![Code::RegisterCheckInvalid]));
    // Of a claim that is not shown it says that the credential does not stand as it is.
    let hidden = signed(|one| {
        one["claims"] = json!(["address"]);
        one["result"] = json!("mismatch");
    });
    assert_eq!(judged(&[hidden]), denied);
}

#[test]
fn what_is_stated_is_read_again_and_what_no_reader_takes_is_not_signed() {
    let claims = ["name".to_owned()];
    let new = NewRegisterCheck {
        register: (CITY, "did:web:city.example#1"),
        audience: US,
        credential: sha256(&[b"credential"]),
        claims: &claims,
        result: RegisterResult::Match,
    };
    let token = new.sign(&key(1), at(NOW)).unwrap();
    assert_eq!(judged(std::slice::from_ref(&token)), (true, vec![]));
    let read = RegisterToken::parse(&token).unwrap();
    assert_eq!((read.audience(), read.credential()), (US, new.credential));
    let twice = ["name".to_owned(), "name".to_owned()];
    for claims in [&twice[..], &[]] {
        let error = NewRegisterCheck { claims, ..new }.sign(&key(1), at(NOW)).unwrap_err();
        assert_eq!(error.code(), "register-check-invalid");
    }
}
