use inkan_core::{encoding::b64u, sha256};
use inkan_crypto::KeyType;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{ORIGIN, Person, at, ed25519, status};

fn person() -> Person {
    Person::new(5)
}

/// An issuance whose header and payload were changed before it was signed.
fn made(header: impl FnOnce(&mut Value), payload: impl FnOnce(&mut Value)) -> String {
    let person = person();
    let mut head =
        json!({"alg": "EdDSA", "typ": "inkan-issuance+jwt", "kid": person.kid().as_str()});
    let mut body = json!({
        "iss": person.did.as_str(), "aud": ORIGIN, "iat": at(0).seconds(),
        "com": sha256(&[b"x"]).to_b64u(),
    });
    header(&mut head);
    payload(&mut body);
    sealed(&head.to_string(), &body.to_string())
}

fn sealed(header: &str, payload: &str) -> String {
    let text = format!("{}.{}", b64u(header.as_bytes()), b64u(payload.as_bytes()));
    let signature = person().key.sign(text.as_bytes()).unwrap();
    format!("{text}.{}", b64u(&signature))
}

fn refused(kind: Kind, body: &str) -> &'static str {
    SignedEntry::parse(kind, body.as_bytes()).unwrap_err().code()
}

#[test]
fn entries_of_every_kind_are_read_as_they_were_made() {
    let person = person();
    let all = [person.issuance(b"a"), person.act(3, 2, b"b"), Claims::Status(status(1, b"list"))];
    for claims in all {
        let body = person.sign(&claims, at(0));
        let entry = SignedEntry::parse(claims.kind(), body.as_bytes()).unwrap();
        assert_eq!(entry.claims(), &claims);
        assert_eq!(entry.scid(), person.scid());
        assert_eq!(entry.audience(), ORIGIN);
        assert_eq!(entry.issued_at(), at(0));
        assert_eq!(entry.kid(), &person.kid());
        assert_eq!(entry.map_key().is_some(), claims.kind().is_in_map());
        let other = if claims.kind() == Kind::Status { Kind::Issuance } else { Kind::Status };
        assert_eq!(refused(other, &body), "member-invalid", "typ names the kind");
    }
}

#[test]
fn kinds_that_are_not_signed_are_unsupported() {
    let body = person().sign(&person().issuance(b"a"), at(0));
    for kind in [Kind::Epoch, Kind::Did] {
        assert_eq!(refused(kind, &body), "unsupported-entry-type");
    }
}

#[test]
fn broken_syntax_is_malformed() {
    let good = made(|_| {}, |_| {});
    assert!(SignedEntry::parse(Kind::Issuance, good.as_bytes()).is_ok());
    let issuance = |body: &str| refused(Kind::Issuance, body);
    for body in [
        String::new(),
        "..".to_owned(),
        format!("{good}.x"),
        good.replacen('.', "=.", 1),
        format!("{good}\n"),
        sealed("{}", "[]").replace("e30", "W10"),
        sealed(&header(""), "[]"),
        sealed(&header(""), "{\"a\":1,\"a\":1}"),
        sealed(&header(""), "{\"a\":1e400}"),
        sealed(&header(r#","kid":"x""#), "{}"),
        sealed(&header(""), &format!("{}{}", "[".repeat(17), "]".repeat(17))),
    ] {
        assert_eq!(issuance(&body), "malformed-entry", "{body}");
    }
    assert_eq!(
        SignedEntry::parse(Kind::Issuance, b"\xff.a.b").unwrap_err().code(),
        "malformed-entry"
    );
    let large = |_: &mut Value| {};
    let body = made(large, |p| p["com"] = "x".repeat(5_000).into());
    assert_eq!(issuance(&body), "entry-too-large");
    let did = person().did;
    let kid = |length: usize| format!("{did}#{}", "k".repeat(length - did.as_str().len() - 1));
    assert_eq!(
        SignedEntry::parse(Kind::Issuance, made(|h| h["kid"] = kid(512).into(), |_| {}).as_bytes())
            .map(drop),
        Ok(())
    );
    assert_eq!(issuance(&made(|h| h["kid"] = kid(513).into(), |_| {})), "member-invalid");
    let body = made(|h| h["kid"] = "k".repeat(1_000).into(), |_| {});
    assert_eq!(issuance(&body), "entry-too-large", "header over 768 bytes");
}

fn header(more: &str) -> String {
    format!(r#"{{"alg":"EdDSA","typ":"inkan-issuance+jwt","kid":"{}"{more}}}"#, person().kid())
}

#[test]
fn headers_are_closed_and_name_an_allowed_algorithm() {
    let header = |change: fn(&mut Value)| refused(Kind::Issuance, &made(change, |_| {}));
    assert_eq!(header(|h| h["alg"] = "none".into()), "algorithm-not-allowed");
    assert_eq!(header(|h| h["alg"] = "HS256".into()), "algorithm-not-allowed");
    assert_eq!(header(|h| h["alg"] = "RS256".into()), "algorithm-not-allowed");
    assert_eq!(header(|h| h["jwk"] = json!({})), "unknown-member");
    assert_eq!(header(|h| h["crit"] = json!(["x"])), "unknown-member");
    assert_eq!(header(|h| h["typ"] = "JWT".into()), "member-invalid");
    assert_eq!(header(|h| drop(h.as_object_mut().unwrap().remove("kid"))), "member-invalid");
    assert_eq!(header(|h| h["kid"] = "#key-1".into()), "member-invalid");
    assert_eq!(
        header(|h| h["kid"] = person().did.as_str().into()),
        "member-invalid",
        "no fragment"
    );
    assert_eq!(header(|h| h["kid"] = "did:example:abc#key".into()), "unknown-signer");
    let jose_name = made(|h| h["alg"] = "Ed25519".into(), |_| {});
    assert!(SignedEntry::parse(Kind::Issuance, jose_name.as_bytes()).is_ok());
    let did_key = inkan_did::self_contained::did_key_url(&ed25519(1).public_key());
    let body = made(|h| h["kid"] = did_key.clone().into(), |_| {});
    assert_eq!(refused(Kind::Issuance, &body), "unknown-signer", "only did:webvh signs");
}

#[test]
fn payloads_are_closed_and_typed() {
    let payload = |change: fn(&mut Value)| refused(Kind::Issuance, &made(|_| {}, change));
    assert_eq!(payload(|p| p["note"] = "hello".into()), "unknown-member");
    assert_eq!(payload(|p| p["act"] = "x".into()), "unknown-member");
    for member in ["iss", "aud", "iat", "com"] {
        let body = made(|_| {}, |p| drop(p.as_object_mut().unwrap().remove(member)));
        assert_eq!(refused(Kind::Issuance, &body), "member-invalid", "{member}");
        let body = made(|_| {}, |p| p[member] = json!(null));
        assert_eq!(refused(Kind::Issuance, &body), "member-invalid", "{member}");
    }
    assert_eq!(payload(|p| p["iat"] = json!(1.5)), "member-invalid");
    assert_eq!(payload(|p| p["iat"] = json!(-1)), "member-invalid");
    assert_eq!(payload(|p| p["iat"] = "1".into()), "member-invalid");
    assert_eq!(payload(|p| p["com"] = "AA".into()), "member-invalid");
    assert_eq!(payload(|p| p["aud"] = "a b".into()), "member-invalid");
    assert_eq!(payload(|p| p["aud"] = "é".into()), "member-invalid");
    assert_eq!(payload(|p| p["iss"] = Person::new(6).did.as_str().into()), "member-invalid");
}

#[test]
fn acts_and_status_heads_obey_their_schema() {
    let person = person();
    let kid = person.kid();
    let with = |kind: Kind, claims: &Claims, change: &dyn Fn(&mut Value)| {
        let mut payload = Value::Object(claims.to_members());
        payload["iss"] = person.did.as_str().into();
        payload["aud"] = ORIGIN.into();
        payload["iat"] = at(0).seconds().into();
        change(&mut payload);
        let header =
            json!({"alg": "EdDSA", "typ": format!("inkan-{kind}+jwt"), "kid": kid.as_str()});
        let body = sealed(&header.to_string(), &payload.to_string());
        SignedEntry::parse(kind, body.as_bytes()).map(drop).map_err(|error| error.code())
    };
    let act =
        |change: &dyn Fn(&mut Value)| with(Kind::Countersignature, &person.act(1, 1, b"x"), change);
    assert_eq!(act(&|_| {}), Ok(()));
    assert_eq!(act(&|p| p["seq"] = json!(0)), Err("member-invalid"));
    assert_eq!(act(&|p| p["seq"] = json!(1.0)), Err("member-invalid"));
    assert_eq!(act(&|p| p["act"] = "QQ".into()), Err("member-invalid"));
    let list = Claims::Status(status(1, b"x"));
    let status = |change: &dyn Fn(&mut Value)| with(Kind::Status, &list, change);
    assert_eq!(status(&|_| {}), Ok(()));
    for uri in ["http://a/x", "https://", "https:///x", "https://u@a/x", "https://a/ x"] {
        assert_eq!(status(&|p| p["uri"] = uri.into()), Err("member-invalid"), "{uri}");
    }
    assert_eq!(
        status(&|p| p["uri"] = format!("https://a/{}", "x".repeat(512)).into()),
        Err("member-invalid")
    );
    assert_eq!(status(&|p| p["purpose"] = "Revocation".into()), Err("member-invalid"));
    assert_eq!(status(&|p| p["list"] = "crl".into()), Err("member-invalid"));
    assert_eq!(
        status(&|p| p["list"] = "token-jwt".into()),
        Err("unknown-member"),
        "purpose is of bitstrings"
    );
    assert_eq!(status(&|p| p["exp"] = p["nbf"].clone()), Err("member-invalid"));
    let year = at(0).seconds() + 366 * 86_400;
    assert_eq!(status(&|p| p["exp"] = year.into()), Ok(()));
    assert_eq!(status(&|p| p["exp"] = (year + 1).into()), Err("member-invalid"));
}

#[test]
fn only_a_listed_key_of_the_signer_verifies() {
    let person = person();
    let document = |person: &Person| {
        let entry = crate::state::parse_did_body(person.line.as_bytes()).unwrap();
        entry.document().clone()
    };
    let body = person.sign(&person.issuance(b"a"), at(0));
    let entry = SignedEntry::parse(Kind::Issuance, body.as_bytes()).unwrap();
    assert_eq!(entry.verify(&document(&person)), Ok(()));
    let other = entry.verify(&document(&Person::new(6))).unwrap_err();
    assert_eq!(other.code(), "unknown-signer");
    let kid = DidUrl::parse(&format!("{}#key-9", person.did)).unwrap();
    let body = SignedEntry::sign(&person.issuance(b"a"), &kid, ORIGIN, &person.key, at(0)).unwrap();
    let entry = SignedEntry::parse(Kind::Issuance, body.as_bytes()).unwrap();
    assert_eq!(entry.verify(&document(&person)).unwrap_err().code(), "key-not-authorized");
    let forged =
        SignedEntry::sign(&person.issuance(b"a"), &person.kid(), ORIGIN, &ed25519(77), at(0))
            .unwrap();
    let entry = SignedEntry::parse(Kind::Issuance, forged.as_bytes()).unwrap();
    assert_eq!(entry.verify(&document(&person)).unwrap_err().code(), "entry-signature-invalid");
}

/// A key that the document has, but not for assertions, signs nothing: one for logging in would otherwise do.
#[test]
fn a_key_signs_only_if_it_is_listed_for_assertions() {
    let person = person();
    let did = crate::state::parse_did_body(person.line.as_bytes()).unwrap();
    let body = person.sign(&person.issuance(b"a"), at(0));
    let entry = SignedEntry::parse(Kind::Issuance, body.as_bytes()).unwrap();
    let mut value = did.document().value().clone();
    assert!(value["authentication"].is_array(), "it is listed there");
    value["assertionMethod"] = json!([]);
    let document = DidDocument::from_value(value, &person.did).unwrap();
    assert!(document.method(&person.kid()).is_some());
    assert_eq!(entry.verify(&document).unwrap_err().code(), "key-not-authorized");
}

#[test]
fn p384_does_not_sign_entries() {
    let person = Person::with(8, KeyType::P256, None);
    let mut rng = inkan_core::rng::insecure::SeededRng::new(9);
    let p384 = inkan_crypto::SecretKey::generate(KeyType::P384, &mut rng);
    let body = SignedEntry::sign(&person.issuance(b"a"), &person.kid(), ORIGIN, &p384, at(0));
    let refused = SignedEntry::parse(Kind::Issuance, body.unwrap().as_bytes()).unwrap_err();
    assert_eq!(refused.code(), "algorithm-not-allowed");
}

#[test]
fn p256_signs_entries_too() {
    let person = Person::with(8, KeyType::P256, None);
    let body = person.sign(&person.issuance(b"a"), at(0));
    let entry = SignedEntry::parse(Kind::Issuance, body.as_bytes()).unwrap();
    let did = crate::state::parse_did_body(person.line.as_bytes()).unwrap();
    assert_eq!(entry.verify(did.document()), Ok(()));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), payload in "[ -~]{0,80}") {
        for kind in Kind::ALL {
            let _ = SignedEntry::parse(kind, &bytes);
        }
        let _ = SignedEntry::parse(Kind::Issuance, sealed(&header(""), &payload).as_bytes());
    }

    #[test]
    fn any_flipped_bit_is_refused_or_fails(pick in any::<usize>()) {
        let person = person();
        let mut body = person.sign(&person.issuance(b"a"), at(0)).into_bytes();
        let bit = pick % (body.len() * 8);
        body[bit / 8] ^= 1 << (bit % 8);
        if let Ok(entry) = SignedEntry::parse(Kind::Issuance, &body) {
            let did = crate::state::parse_did_body(person.line.as_bytes()).unwrap();
            prop_assert!(entry.verify(did.document()).is_err());
        }
    }
}
