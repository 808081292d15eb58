//! Issuing and deriving: which claims, by which names, and with what around them.

use super::*;
use crate::proof::SignFailure;

fn derived(chosen: &[&str]) -> Value {
    issued(0).derive(&paths(chosen)).unwrap().payload().clone()
}

/// What is shown whatever is chosen.
fn base() -> Value {
    json!({
        "iss": issuer().did,
        "cnf": { "jwk": holder().key.public_key().to_jwk() },
        "nationalities": [],
        "degrees": [{ "type": "BSc" }, { "type": "MSc" }],
    })
}

#[test]
fn nothing_chosen_shows_what_is_always_shown() {
    assert_eq!(derived(&[]), base());
    assert_eq!(issued(0).payload(), &person());
}

#[test]
fn claims_are_chosen_by_pointer_path_or_name() {
    for path in ["given_name", "/given_name", r#"["given_name"]"#] {
        let mut shown = base();
        shown["given_name"] = json!("Erika");
        assert_eq!(derived(&[path]), shown, "{path}");
    }
    for path in ["/nationalities/1", r#"["nationalities", 1]"#] {
        let mut shown = base();
        shown["nationalities"] = json!(["FR"]);
        assert_eq!(derived(&[path]), shown, "{path}");
    }
    let mut shown = base();
    shown["degrees"] = person()["degrees"].clone();
    assert_eq!(derived(&[r#"["degrees", null, "year"]"#]), shown);
}

#[test]
fn a_claim_brings_what_it_stands_in_and_what_stands_in_it() {
    let mut shown = base();
    shown["address"] = json!({ "street": "Heidestraße 17" });
    assert_eq!(derived(&["street"]), shown);
    shown["address"] = person()["address"].clone();
    assert_eq!(derived(&["/address"]), shown);
    // Not disclosable by itself, but in it something is.
    let mut shown = base();
    shown["nationalities"] = person()["nationalities"].clone();
    assert_eq!(derived(&["/nationalities"]), shown);
    // Always shown.
    assert_eq!(derived(&["iss"]), base());
}

#[test]
fn unknown_and_ambiguous_names_are_refused_with_a_list() {
    let refused = |path: &str| issued(0).derive(&paths(&[path])).unwrap_err();
    for path in [
        "/surname",
        "surname",
        "/address/0",
        "/nationalities/2",
        "/nationalities/00",
        r#"["given_name", 0]"#,
    ] {
        let error = refused(path);
        assert_eq!(error.code(), "claim-path-unknown", "{path}");
        let text = error.to_string();
        assert!(text.contains("/address/street") && text.contains("/degrees/0/year"), "{text}");
        assert!(!text.contains("Heidestraße"), "{text}");
    }
    let error = refused("year");
    assert_eq!(error.code(), "claim-path-ambiguous");
    assert!(error.to_string().contains("/degrees/0/year, /degrees/1/year"), "{error}");
    for text in ["", "/a~", "/a~2", "[]", "[true]", "[-1]", "[1.5]", "[", "[[\"a\"]]"] {
        assert_eq!(ClaimPath::parse(text).unwrap_err().code(), "claim-path-unknown", "{text}");
    }
}

#[test]
fn pointers_escape_as_rfc_6901_does() {
    let claims = json!({ "a/b": { "m~n": [{ "": 1 }] } });
    let found = |text: &str| {
        let places = ClaimPath::parse(text).unwrap().resolve(&claims).unwrap();
        places.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(found("/a~1b/m~0n/0/"), ["/a~1b/m~0n/0/"]);
    assert_eq!(found("m~n"), ["/a~1b/m~0n"]);
    assert!(found("/a/b").is_empty());
    assert!(found(r#"["a/b", "m~n", null, "x"]"#).is_empty());
    assert!(found(r#"["a/b", null]"#).is_empty());
    assert_eq!(found(r#"["a/b", "m~n", null, ""]"#), ["/a~1b/m~0n/0/"]);
    let path = ClaimPath::parse(r#"["a",null,0]"#).unwrap();
    assert_eq!(path.to_string(), r#"["a",null,0]"#);
}

#[test]
fn digests_are_sorted_and_decoys_are_among_them() {
    let concealed = |decoys| issued(decoys).derive(&[]).unwrap().concealed();
    assert_eq!(concealed(0), issued(0).derive(&[]).unwrap().concealed());
    let without = concealed(0);
    // With decoys there are at most that many more at each of the five places, and here some.
    let with = issued(4);
    assert_eq!(with.payload(), &person());
    assert!((1..=20).contains(&with.concealed()), "{}", with.concealed());
    assert!(concealed(4) > without);
    let payload: Value = serde_json::from_slice(with.jws().payload()).unwrap();
    let digests: Vec<&str> =
        payload["_sd"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(digests.is_sorted() && digests.len() >= 3, "{digests:?}");
}

#[test]
fn one_credential_has_so_many_decoys_and_no_more() {
    let issue_with = |places: usize, decoys: u8| {
        let claims = json!({ "all": vec![json!([1]); places] });
        let chosen = paths(&[r#"["all", null, 0]"#]);
        let concealment = Concealment { claims: &chosen, decoys };
        issue(claims, &concealment, Map::new(), &issuer().key, &mut SeededRng::new(3))
            .map_err(|error: SignFailure| error.code())
    };
    assert_eq!(issue_with(200, 255).unwrap_err(), "sd-jwt-too-many-decoys");
    assert!(issue_with(200, 20).is_ok());
    assert!(issue_with(16, 255).is_ok());
}

#[test]
fn every_salt_is_another_and_has_16_bytes() {
    let mut salts = std::collections::BTreeSet::new();
    for one in issued(0).disclosures() {
        let bytes = inkan_core::encoding::decode_b64u(one.as_str()).unwrap();
        let elements: Value = serde_json::from_slice(&bytes).unwrap();
        let salt = elements[0].as_str().unwrap().to_owned();
        assert_eq!(inkan_core::encoding::decode_b64u(&salt).unwrap().len(), 16);
        assert!(salts.insert(salt));
    }
    assert_eq!(salts.len(), 9);
}

#[test]
fn claims_that_cannot_be_concealed_are_not_signed() {
    let made = |claims: Value, chosen: &[&str]| {
        let chosen = paths(chosen);
        let concealment = Concealment { claims: &chosen, decoys: 0 };
        issue(claims, &concealment, Map::new(), &issuer().key, &mut SeededRng::new(1))
            .map_err(|error: SignFailure| error.code())
    };
    assert_eq!(made(json!({ "a": 1 }), &["b"]).unwrap_err(), "claim-path-unknown");
    assert_eq!(
        made(json!({ "a": { "x": 1 }, "x": 1 }), &["x"]).unwrap_err(),
        "claim-path-ambiguous"
    );
    for claims in
        [json!({ "_sd": [] }), json!({ "a": [{ "...": "x" }] }), json!({ "_sd_alg": "x" })]
    {
        assert_eq!(made(claims, &[]).unwrap_err(), "sd-jwt-claim-name-reserved");
    }
    assert_eq!(made(json!([1]), &[]).unwrap_err(), "sd-jwt-malformed");
    let plain = made(json!({ "a": 1 }), &[]).unwrap();
    assert_eq!(plain.jws().payload(), br#"{"a":1}"#);
}
