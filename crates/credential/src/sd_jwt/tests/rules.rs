//! The rules of RFC 9901 §4 and §7.1, each with an SD-JWT that breaks it, and the serialisations of §8.

use super::*;

fn shown(payload: &Value, disclosures: &[&str]) -> Value {
    parse(payload, disclosures).unwrap().payload().clone()
}

#[test]
fn members_and_elements_are_put_in_their_places() {
    let name = disclosure(&json!(["s", "family_name", "Möbius"]));
    let country = disclosure(&json!(["s", "FR"]));
    let payload = json!({
        "given_name": "Alice",
        "_sd": [digest(&name), "decoy"],
        "_sd_alg": "sha-256",
        "nationalities": ["DE", { "...": digest(&country) }, { "...": "decoy 2" }, "US"],
    });
    let all = parse(&payload, &[&name, &country]).unwrap();
    assert_eq!(
        *all.payload(),
        json!({ "given_name": "Alice", "family_name": "Möbius", "nationalities": ["DE", "FR", "US"] })
    );
    let places: Vec<String> = all.disclosable().map(ToString::to_string).collect();
    assert_eq!(places, ["/family_name", "/nationalities/1"]);
    assert_eq!(all.concealed(), 2);
    assert_eq!(
        shown(&payload, &[]),
        json!({ "given_name": "Alice", "nationalities": ["DE", "US"] })
    );
}

#[test]
fn disclosures_of_the_rfc_have_the_digests_of_the_rfc() {
    // §4.2.3, and the three spellings of §4.2.1.
    let text = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
    let read = Disclosure::parse(text).unwrap();
    assert_eq!(read.digest(), "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
    assert_eq!((read.name(), read.value()), (Some("family_name"), &json!("Möbius")));
    let element = Disclosure::parse("WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0").unwrap();
    assert_eq!(element.digest(), "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs");
    assert_eq!((element.name(), element.value()), (None, &json!("FR")));
}

#[test]
fn objects_of_which_nothing_is_shown_are_empty() {
    let claim = disclosure(&json!(["s", "a", 1]));
    let payload = json!({ "object": { "_sd": [digest(&claim)] }, "_sd": [] });
    assert_eq!(shown(&payload, &[]), json!({ "object": {} }));
    assert_eq!(shown(&payload, &[&claim]), json!({ "object": { "a": 1 } }));
}

#[test]
fn claims_within_disclosed_claims_need_both_disclosures() {
    let inner = disclosure(&json!(["s", "DE"]));
    let outer = disclosure(&json!(["s", "nationalities", [{ "...": digest(&inner) }]]));
    let payload = json!({ "_sd": [digest(&outer)] });
    assert_eq!(shown(&payload, &[&inner, &outer]), json!({ "nationalities": ["DE"] }));
    assert_eq!(shown(&payload, &[&outer]), json!({ "nationalities": [] }));
    assert_eq!(code(&payload, &[&inner]), "sd-jwt-disclosure-unreferenced");
    let read = parse(&payload, &[&inner, &outer]).unwrap();
    assert_eq!(read.located()[0].parent, Some(1));
    assert_eq!(read.located()[1].parent, None);
}

#[test]
fn a_disclosure_that_nothing_refers_to_is_refused() {
    let claim = disclosure(&json!(["s", "admin", true]));
    assert_eq!(code(&json!({ "_sd": ["other"] }), &[&claim]), "sd-jwt-disclosure-unreferenced");
    assert_eq!(code(&json!({}), &[&claim]), "sd-jwt-disclosure-unreferenced");
    // A digest under another name refers to nothing.
    let elsewhere = json!({ "sd": [digest(&claim)], "x": digest(&claim) });
    assert_eq!(code(&elsewhere, &[&claim]), "sd-jwt-disclosure-unreferenced");
}

#[test]
fn a_digest_occurs_once() {
    let claim = disclosure(&json!(["s", "a", 1]));
    let element = disclosure(&json!(["s", 1]));
    for payload in [
        json!({ "_sd": [digest(&claim), digest(&claim)] }),
        json!({ "_sd": [digest(&claim)], "b": { "_sd": [digest(&claim)] } }),
        json!({ "_sd": ["decoy", "decoy"] }),
        json!({ "_sd": ["decoy"], "c": [{ "...": "decoy" }] }),
    ] {
        assert_eq!(code(&payload, &[]), "sd-jwt-digest-repeated", "{payload}");
    }
    let payload = json!({ "c": [{ "...": digest(&element) }, { "...": digest(&element) }] });
    assert_eq!(code(&payload, &[&element]), "sd-jwt-digest-repeated");
    // Once in the payload, once in a disclosed value.
    let outer = disclosure(&json!(["s", "o", { "_sd": [digest(&claim)] }]));
    let payload = json!({ "_sd": [digest(&claim), digest(&outer)] });
    assert_eq!(code(&payload, &[&claim, &outer]), "sd-jwt-digest-repeated");
}

#[test]
fn a_disclosure_is_sent_once() {
    let claim = disclosure(&json!(["s", "a", 1]));
    let payload = json!({ "_sd": [digest(&claim)] });
    assert_eq!(code(&payload, &[&claim, &claim]), "sd-jwt-digest-repeated");
}

#[test]
fn disclosures_cannot_use_the_names_of_the_format() {
    for name in ["_sd", "...", "_sd_alg"] {
        let claim = disclosure(&json!(["s", name, ["x"]]));
        let payload = json!({ "_sd": [digest(&claim)] });
        assert_eq!(code(&payload, &[&claim]), "sd-jwt-claim-name-reserved", "{name}");
    }
}

#[test]
fn a_disclosure_does_not_replace_a_claim() {
    let claim = disclosure(&json!(["s", "a", 2]));
    let again = disclosure(&json!(["t", "a", 3]));
    let payload = json!({ "a": 1, "_sd": [digest(&claim)] });
    assert_eq!(code(&payload, &[&claim]), "sd-jwt-claim-present");
    let payload = json!({ "_sd": [digest(&claim), digest(&again)] });
    assert_eq!(code(&payload, &[&claim, &again]), "sd-jwt-claim-present");
    // In another object the name is free.
    let payload = json!({ "a": 1, "o": { "_sd": [digest(&claim)] } });
    assert_eq!(shown(&payload, &[&claim]), json!({ "a": 1, "o": { "a": 2 } }));
}

#[test]
fn a_disclosure_has_the_elements_that_its_place_asks_for() {
    let claim = disclosure(&json!(["s", "a", 1]));
    let element = disclosure(&json!(["s", 1]));
    let payload = json!({ "_sd": [digest(&element)] });
    assert_eq!(code(&payload, &[&element]), "sd-jwt-disclosure-malformed");
    let payload = json!({ "a": [{ "...": digest(&claim) }] });
    assert_eq!(code(&payload, &[&claim]), "sd-jwt-disclosure-malformed");
}

#[test]
fn a_disclosure_is_base64url_of_a_json_array() {
    let good = disclosure(&json!(["s", "a", 1]));
    let cases = [
        String::new(),
        format!("{good}="),
        "WyJhIiwgImIiLCAiYyJ+".to_owned(),
        "a b".to_owned(),
        b64u(b"not json"),
        b64u(br#"["s","a",1]]"#),
        b64u(br#"["s","a",{"b":1,"b":2}]"#),
        disclosure(&json!({ "0": "s" })),
        disclosure(&json!("s")),
        disclosure(&json!([])),
        disclosure(&json!(["s"])),
        disclosure(&json!(["s", "a", 1, 2])),
        disclosure(&json!([1, "a", 1])),
        disclosure(&json!(["s", 1, 1])),
        disclosure(&json!([null, 1])),
    ];
    for case in cases {
        let payload = json!({ "_sd": [digest(&case)] });
        assert_eq!(code(&payload, &[&case]), "sd-jwt-disclosure-malformed", "{case}");
        assert!(Disclosure::parse(&case).is_err(), "{case}");
    }
    // Spare bits that are not zero are a second spelling of the same bytes, with another digest.
    let odd = disclosure(&json!(["s", "a", 1]));
    assert!(odd.ends_with('0') && Disclosure::parse(&odd).is_ok());
    assert!(Disclosure::parse(&format!("{}1", odd.strip_suffix('0').unwrap())).is_err());
}

#[test]
fn only_sha_256_is_understood() {
    for name in ["sha-384", "sha-512", "SHA-256", "sha3-256", "md5", ""] {
        assert_eq!(code(&json!({ "_sd_alg": name }), &[]), "sd-jwt-hash-unsupported", "{name}");
    }
    assert_eq!(code(&json!({ "_sd_alg": 256 }), &[]), "sd-jwt-malformed");
    assert_eq!(shown(&json!({ "_sd_alg": "sha-256", "a": 1 }), &[]), json!({ "a": 1 }));
    assert_eq!(code(&json!({ "a": { "_sd_alg": "sha-256" } }), &[]), "sd-jwt-malformed");
}

#[test]
fn the_names_of_the_format_stand_nowhere_else() {
    for payload in [
        json!({ "_sd": "x" }),
        json!({ "_sd": { "x": 1 } }),
        json!({ "_sd": [1] }),
        json!({ "_sd": ["x", null] }),
        json!({ "a": [{ "_sd": 1 }] }),
        json!({ "...": "x" }),
        json!({ "a": { "...": "x" } }),
        json!({ "a": [{ "...": 1 }] }),
        json!({ "a": [{ "...": "x", "b": 1 }] }),
    ] {
        assert_eq!(code(&payload, &[]), "sd-jwt-malformed", "{payload}");
    }
    let element = disclosure(&json!(["s", { "...": "x" }]));
    let payload = json!({ "a": [{ "...": digest(&element) }] });
    assert_eq!(code(&payload, &[&element]), "sd-jwt-malformed");
}

#[test]
fn nesting_through_disclosures_has_a_limit() {
    let mut disclosures = vec![disclosure(&json!(["s", "n", 1]))];
    for _ in 0..100 {
        let inner = digest(disclosures.last().unwrap());
        disclosures.push(disclosure(&json!(["s", "n", { "_sd": [inner] }])));
    }
    let payload = json!({ "_sd": [digest(disclosures.last().unwrap())] });
    let all: Vec<&str> = disclosures.iter().map(String::as_str).collect();
    assert_eq!(code(&payload, &all), "json-too-deep");
}

#[test]
fn the_compact_form_has_its_parts() {
    let jws = signed(&json!({ "a": 1 }));
    assert!(SdJwt::parse(&format!("{jws}~")).is_ok());
    let code = |text: &str| SdJwt::parse(text).unwrap_err().code();
    assert_eq!(code(&jws), "sd-jwt-malformed");
    assert_eq!(code(""), "sd-jwt-malformed");
    assert_eq!(code("~"), "jws-malformed");
    assert_eq!(code(&format!("{jws}~~")), "sd-jwt-disclosure-malformed");
    assert_eq!(code(&format!("~{jws}~")), "jws-malformed");
    assert_eq!(code(&text(&json!([1]), &[])), "sd-jwt-malformed");
    assert_eq!(code(&text(&json!("a"), &[])), "sd-jwt-malformed");
    assert_eq!(code(&format!("{jws}~{}", "x".repeat(1 << 20))), "input-too-large");
    let none = b64u(br#"{"alg":"none"}"#);
    let middle = jws.split('.').nth(1).unwrap();
    assert_eq!(code(&format!("{none}.{middle}.~")), "algorithm-not-allowed");
}

fn parts(jws: &str) -> (String, String, String) {
    let parts: Vec<&str> = jws.split('.').collect();
    (parts[0].to_owned(), parts[1].to_owned(), parts[2].to_owned())
}

#[test]
fn json_serialisations_say_the_same_as_the_compact_one() {
    let claim = disclosure(&json!(["s", "a", 1]));
    let jws = signed(
        &json!({ "_sd": [digest(&claim)], "cnf": { "jwk": holder().key.public_key().to_jwk() } }),
    );
    let compact = SdJwt::parse(&format!("{jws}~{claim}~")).unwrap();
    let bound = compact.bind(&terms(), &holder().key).unwrap();
    let (protected, payload, signature) = parts(&jws);
    let header = json!({
        "disclosures": [claim], "kb_jwt": bound.key_binding().unwrap().as_str(), "kid": "k",
    });
    let flattened = json!({
        "payload": payload, "protected": protected, "signature": signature, "header": header,
    });
    let read = SdJwt::parse_json(&flattened).unwrap();
    assert_eq!(read.to_compact(), bound.to_compact());
    assert_eq!(read.verify_key_binding(&holder().key.public_key(), &expected()), Ok(()));
    assert_eq!(read.signatures().next().unwrap().kid(), Some("k"));
    let one = json!({ "protected": protected, "signature": signature, "header": header });
    let two = json!({ "protected": protected, "signature": signature, "header": { "kid": "k2" } });
    let general = json!({ "payload": payload, "signatures": [one, two] });
    let read = SdJwt::parse_json(&general).unwrap();
    assert_eq!(read.to_compact(), bound.to_compact());
    let kids: Vec<_> = read.signatures().map(IssuerSignature::kid).collect();
    assert_eq!(kids, [Some("k"), Some("k2")]);

    let code = |value: Value| SdJwt::parse_json(&value).unwrap_err().code();
    let with = |value: &Value, pointer: &str, new: Value| {
        crate::testing::with(value.clone(), pointer, new)
    };
    for value in [
        json!([]),
        with(&flattened, "/payload", Value::Null),
        with(&flattened, "/protected", Value::Null),
        with(&flattened, "/signature", Value::Null),
        with(&flattened, "/header", json!([])),
        with(&flattened, "/header/disclosures", json!("x")),
        with(&flattened, "/header/disclosures", json!([1])),
        with(&flattened, "/header/kb_jwt", json!(1)),
        with(&flattened, "/header/kid", json!(1)),
        // A parameter in both headers.
        with(&flattened, "/header/typ", json!("x")),
        // Of both forms at once.
        with(&flattened, "/signatures", json!([one])),
        with(&general, "/signature", json!(signature)),
        with(&general, "/protected", json!(protected)),
        with(&general, "/signatures", json!([])),
        // Only the first header has disclosures and key binding.
        with(&general, "/signatures/1/header/disclosures", json!([])),
        with(&general, "/signatures/1/header/kb_jwt", json!("x")),
    ] {
        assert_eq!(code(value.clone()), "sd-jwt-malformed", "{value}");
    }
}

#[test]
fn long_names_are_held_once() {
    let long = "a".repeat(200_000);
    let hidden: Vec<String> =
        (0..1_000).map(|n| disclosure(&json!(["salt", format!("a{n}"), 0]))).collect();
    let digests: Vec<String> = hidden.iter().map(|one| digest(one)).collect();
    let texts: Vec<&str> = hidden.iter().map(String::as_str).collect();
    let sd_jwt = parse(&json!({ long.as_str(): { "_sd": digests } }), &texts).unwrap();
    let outer = sd_jwt.located().iter().map(|located| match &located.place.steps()[0] {
        Step::Member(name) => name.as_ptr().addr(),
        Step::Index(_) => panic!("a member"),
    });
    assert_eq!(outer.collect::<std::collections::BTreeSet<_>>().len(), 1);
    // Nor does an error hold one for each.
    let unknown = sd_jwt.derive(&[ClaimPath::parse("b").unwrap()]).unwrap_err();
    assert!(unknown.to_string().len() < 10_000);
}
