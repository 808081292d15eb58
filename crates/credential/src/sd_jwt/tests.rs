use inkan_core::encoding::b64u;
use inkan_core::rng::insecure::SeededRng;
use inkan_core::{sha256, tolerance};
use inkan_crypto::{KeyType, jws};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::testing::{Party, at, holder, issuer, party};

mod claims;
mod rules;

const AUDIENCE: &str = "https://verifier.example";
const NONCE: &str = "1234567890";

/// Text of a disclosure with these elements.
fn disclosure(elements: &Value) -> String {
    b64u(elements.to_string().as_bytes())
}

fn digest(disclosure: &str) -> String {
    sha256(&[disclosure.as_bytes()]).to_b64u()
}

/// The issuer's JWS over any payload.
fn signed(payload: &Value) -> String {
    let header: Map<String, Value> =
        [("typ".to_owned(), json!("example+sd-jwt"))].into_iter().collect();
    jws::sign(header, payload.to_string().as_bytes(), &issuer().key).unwrap()
}

/// An SD-JWT of any payload and disclosures, without key binding.
fn text(payload: &Value, disclosures: &[&str]) -> String {
    let mut text = signed(payload);
    for disclosure in disclosures {
        text = format!("{text}~{disclosure}");
    }
    format!("{text}~")
}

fn parse(payload: &Value, disclosures: &[&str]) -> Result<SdJwt, SdJwtError> {
    SdJwt::parse(&text(payload, disclosures))
}

fn code(payload: &Value, disclosures: &[&str]) -> &'static str {
    parse(payload, disclosures).unwrap_err().code()
}

fn paths(paths: &[&str]) -> Vec<ClaimPath> {
    paths.iter().map(|path| ClaimPath::parse(path).unwrap()).collect()
}

fn person() -> Value {
    json!({
        "iss": issuer().did,
        "cnf": { "jwk": holder().key.public_key().to_jwk() },
        "given_name": "Erika",
        "address": { "street": "Heidestraße 17", "country": "DE" },
        "nationalities": ["DE", "FR"],
        "degrees": [{ "type": "BSc", "year": 2001 }, { "type": "MSc", "year": 2003 }],
        "age": null,
    })
}

const CONCEALED: [&str; 8] = [
    "/given_name",
    "/address",
    "/address/street",
    "/address/country",
    "/nationalities/0",
    "/nationalities/1",
    r#"["degrees", null, "year"]"#,
    "age",
];

/// All of it, as the issuer gives it to the holder.
fn issued(decoys: u8) -> SdJwt {
    let claims = paths(&CONCEALED);
    let concealment = Concealment { claims: &claims, decoys };
    let header = [("typ".to_owned(), json!("example+sd-jwt"))].into_iter().collect();
    issue(person(), &concealment, header, &issuer().key, &mut SeededRng::new(7)).unwrap()
}

fn terms() -> BindingTerms<'static> {
    BindingTerms { audience: AUDIENCE, nonce: NONCE, issued_at: at("2026-01-01T00:00:00Z") }
}

fn expected() -> Expected<'static> {
    Expected {
        audience: AUDIENCE,
        nonce: NONCE,
        max_age: tolerance::PRESENTATION,
        now: at("2026-01-01T00:00:20Z"),
    }
}

fn binding_code(sd_jwt: &SdJwt, expected: &Expected<'_>) -> &'static str {
    let key = holder().key.public_key();
    sd_jwt.verify_key_binding(&key, expected).unwrap_err().code()
}

#[test]
fn a_bound_presentation_verifies_and_is_read_back() {
    let bound = issued(0).derive(&paths(&["given_name"])).unwrap();
    let bound = bound.bind(&terms(), &holder().key).unwrap();
    let copy = SdJwt::parse(&bound.to_compact()).unwrap();
    assert_eq!(copy, bound);
    assert_eq!(copy.verify(&issuer().key.public_key()), Ok(()));
    assert_eq!(copy.verify_key_binding(&holder().key.public_key(), &expected()), Ok(()));
    let binding = copy.key_binding().unwrap();
    assert_eq!((binding.audience(), binding.nonce()), (AUDIENCE, NONCE));
    assert_eq!(binding.issued_at(), terms().issued_at);
    assert_eq!(copy.shown(), bound.shown());
    assert!(copy.shown().ends_with('~'));
}

#[test]
fn a_key_binding_is_for_one_verifier_one_nonce_and_one_time() {
    let bound = issued(0).bind(&terms(), &holder().key).unwrap();
    assert_eq!(binding_code(&bound, &Expected { nonce: "2", ..expected() }), "nonce-invalid");
    let other = Expected { audience: "https://other.example", ..expected() };
    assert_eq!(binding_code(&bound, &other), "audience-mismatch");
    for now in ["2026-01-01T00:05:01Z", "2025-12-31T23:58:59Z"] {
        let late = Expected { now: at(now), ..expected() };
        assert_eq!(binding_code(&bound, &late), "presentation-stale", "{now}");
    }
    for now in ["2026-01-01T00:05:00Z", "2025-12-31T23:59:00Z"] {
        let edge = Expected { now: at(now), ..expected() };
        assert_eq!(bound.verify_key_binding(&holder().key.public_key(), &edge), Ok(()), "{now}");
    }
}

#[test]
fn a_key_binding_covers_just_what_is_shown() {
    let all = issued(0).bind(&terms(), &holder().key).unwrap();
    let binding = all.key_binding().unwrap().as_str().to_owned();
    let part = issued(0).derive(&paths(&["given_name"])).unwrap();
    let moved = SdJwt::parse(&format!("{}{binding}", part.shown())).unwrap();
    assert_eq!(binding_code(&moved, &expected()), "key-binding-of-another-sd-jwt");
    assert_eq!(binding_code(&part, &expected()), "key-binding-missing");
}

#[test]
fn a_key_binding_is_made_with_the_confirmed_key() {
    let thief = party(9, KeyType::Ed25519);
    let error = issued(0).bind(&terms(), &thief.key).unwrap_err();
    assert_eq!(error.code(), "key-binding-invalid");
    // Made by hand, with the right `sd_hash`.
    let by = |thief: &Party| {
        let payload = json!({
            "iat": terms().issued_at.seconds(), "aud": AUDIENCE, "nonce": NONCE,
            "sd_hash": digest(issued(0).shown()),
        });
        let header = [("typ".to_owned(), json!("kb+jwt"))].into_iter().collect();
        let jws = jws::sign(header, payload.to_string().as_bytes(), &thief.key).unwrap();
        SdJwt::parse(&format!("{}{jws}", issued(0).shown())).unwrap()
    };
    assert_eq!(by(&holder()).verify_key_binding(&holder().key.public_key(), &expected()), Ok(()));
    assert_eq!(binding_code(&by(&thief), &expected()), "key-binding-invalid");
    let error = by(&thief).verify_key_binding(&thief.key.public_key(), &expected()).unwrap_err();
    assert_eq!(error, SdJwtError::KeyBinding(KeyBindingError::OtherKey));
}

#[test]
fn a_credential_without_confirmed_key_cannot_be_bound() {
    let unbound = parse(&json!({ "a": 1 }), &[]).unwrap();
    assert_eq!(unbound.confirmation(), Ok(None));
    assert_eq!(unbound.bind(&terms(), &holder().key).unwrap_err().code(), "key-binding-invalid");
}

#[test]
fn keys_are_confirmed_by_value_name_or_thumbprint() {
    let key = holder().key.public_key();
    let confirmed = |cnf: Value| parse(&json!({ "cnf": cnf }), &[]).unwrap().confirmation();
    let by_value = confirmed(json!({ "jwk": key.to_jwk() })).unwrap().unwrap();
    assert_eq!(by_value.fits(&key), Some(true));
    assert_eq!(by_value.fits(&issuer().key.public_key()), Some(false));
    let by_thumbprint = confirmed(json!({ "jkt": key.thumbprint() })).unwrap().unwrap();
    assert_eq!(by_thumbprint.fits(&key), Some(true));
    assert_eq!(by_thumbprint.fits(&issuer().key.public_key()), Some(false));
    let by_name = confirmed(json!({ "kid": "did:example:a#k" })).unwrap().unwrap();
    assert_eq!(
        (by_name.clone(), by_name.fits(&key)),
        (Confirmation::Name("did:example:a#k".into()), None)
    );
    for cnf in
        [json!({}), json!({ "jwk": {} }), json!({ "kid": 1 }), json!("x"), json!({ "kid": "" })]
    {
        assert_eq!(confirmed(cnf).unwrap_err().code(), "sd-jwt-claim-invalid");
    }
}

#[test]
fn a_key_that_is_confirmed_by_name_is_the_one_of_that_name() {
    let named = parse(&json!({ "cnf": { "kid": holder().method } }), &[]).unwrap();
    let bound = named.bind(&terms(), &holder().key).unwrap();
    let key = holder().key.public_key();
    let verified = |name: Option<&str>| bound.verify_key_binding_by(&key, name, &expected());
    assert_eq!(verified(Some(&holder().method)), Ok(()));
    let other = Err(SdJwtError::KeyBinding(KeyBindingError::OtherKey));
    assert_eq!(verified(Some(&issuer().method)), other);
    assert_eq!(verified(None), other);
    assert_eq!(bound.verify_key_binding(&key, &expected()), other);
    // A name that the binding itself gives, with the key that made it.
    let stolen = named.bind(&terms(), &issuer().key).unwrap();
    assert_eq!(stolen.verify_key_binding(&issuer().key.public_key(), &expected()), other);
}

#[test]
fn key_bindings_have_their_type_and_claims() {
    let good = json!({ "iat": 1, "aud": "a", "nonce": "n", "sd_hash": "x" });
    let made = |typ: &str, payload: &Value| {
        let header = [("typ".to_owned(), json!(typ))].into_iter().collect();
        let jws = jws::sign(header, payload.to_string().as_bytes(), &holder().key).unwrap();
        SdJwt::parse(&format!("{}{jws}", issued(0).shown())).map(|_| ())
    };
    assert_eq!(made("kb+jwt", &good), Ok(()));
    assert_eq!(made("application/kb+jwt", &good), Ok(()));
    let mut bad = vec![("JWT", good.clone()), ("kb+jwt", json!([1]))];
    for (member, value) in [
        ("iat", json!("1")),
        ("iat", json!(1.5)),
        ("aud", json!(["a"])),
        ("aud", json!("")),
        ("nonce", json!(1)),
        ("sd_hash", Value::Null),
    ] {
        let mut payload = good.clone();
        payload[member] = value;
        bad.push(("kb+jwt", payload));
    }
    for member in ["iat", "aud", "nonce", "sd_hash"] {
        let mut payload = good.clone();
        payload.as_object_mut().unwrap().remove(member);
        bad.push(("kb+jwt", payload));
    }
    for (typ, payload) in bad {
        assert_eq!(made(typ, &payload).unwrap_err().code(), "key-binding-malformed", "{payload}");
    }
}

#[test]
fn what_is_bound_is_neither_bound_again_nor_derived_from() {
    let bound = issued(0).bind(&terms(), &holder().key).unwrap();
    assert_eq!(bound.bind(&terms(), &holder().key).unwrap_err().code(), "key-binding-unexpected");
    assert_eq!(bound.derive(&[]).unwrap_err().code(), "key-binding-unexpected");
}

#[test]
fn every_changed_character_is_refused() {
    let bound = issued(0).derive(&paths(&["given_name", "/nationalities/1"])).unwrap();
    let text = bound.bind(&terms(), &holder().key).unwrap().to_compact();
    for position in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let copy = String::from_utf8(bytes).unwrap();
        let accepted = SdJwt::parse(&copy).is_ok_and(|copy| {
            copy.verify(&issuer().key.public_key()).is_ok()
                && copy.verify_key_binding(&holder().key.public_key(), &expected()).is_ok()
        });
        assert!(!accepted, "position {position}");
    }
}

proptest! {
    #[test]
    fn any_choice_of_disclosures_shows_exactly_these_claims(bits in any::<u16>(), decoys in 0_u8..4) {
        let all = issued(decoys);
        let chosen = (0..all.disclosures().len()).filter(|index| bits >> index & 1 == 1).collect();
        let kept = all.keep(&chosen).unwrap();
        // Exactly those chosen, and those they stand in.
        for (index, located) in all.located().iter().enumerate() {
            let needed = chosen.iter().any(|other| located.place.holds(&all.located()[*other].place));
            let shown = kept.disclosures().contains(&all.disclosures()[index]);
            prop_assert_eq!(shown, needed);
        }
        let copy = SdJwt::parse(&kept.to_compact()).unwrap();
        prop_assert_eq!(&copy, &kept);
        prop_assert_eq!(copy.verify(&issuer().key.public_key()), Ok(()));
        if kept.disclosures().len() == all.disclosures().len() {
            prop_assert_eq!(copy.payload(), &person());
        }
    }

    #[test]
    fn what_is_made_of_any_claims_is_read_back(name in "[a-z~/.é]{1,8}", value in ".{0,20}", decoys in 0_u8..4) {
        prop_assume!(name != "..." && name != "rest");
        let mut claims = json!({ "rest": [1, { "deep": value }] });
        claims[&name] = json!(value);
        let chosen = [
            ClaimPath::Steps(vec![PathStep::Member(name)]),
            ClaimPath::parse("/rest/1/deep").unwrap(),
            ClaimPath::parse("/rest/1").unwrap(),
        ];
        let concealment = Concealment { claims: &chosen, decoys };
        let made = issue(claims.clone(), &concealment, Map::new(), &issuer().key, &mut SeededRng::new(1));
        let made = made.unwrap();
        prop_assert_eq!(made.payload(), &claims);
        prop_assert_eq!(made.disclosures().len(), 3);
        let nothing = made.derive(&[]).unwrap();
        prop_assert_eq!(nothing.payload(), &json!({ "rest": [1] }));
    }

    #[test]
    fn reading_never_panics(text in "[a-zA-Z0-9.~_-]{0,200}") {
        let _ = SdJwt::parse(&text);
        let _ = Disclosure::parse(&text);
    }
}
