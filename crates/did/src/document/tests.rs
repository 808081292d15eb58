use proptest::prelude::*;
use serde_json::json;

use super::*;

const DID: &str = "did:web:issuer.example";
const KEY: &str = "z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG";
const X25519: &str = "z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F";

fn did() -> Did {
    Did::parse(DID).unwrap()
}

fn read(mut value: Value) -> Result<DidDocument, DocumentError> {
    value["id"] = json!(DID);
    DidDocument::from_value(value, &did())
}

fn key(id: &str) -> Value {
    json!({ "id": id, "type": "Multikey", "controller": DID, "publicKeyMultibase": KEY })
}

fn url(fragment: &str) -> DidUrl {
    DidUrl::parse(&format!("{DID}#{fragment}")).unwrap()
}

fn code(value: Value) -> &'static str {
    read(value).unwrap_err().code()
}

#[test]
fn keys_are_listed_for_what_they_are_listed_for() {
    let document = read(json!({
        "verificationMethod": [key("did:web:issuer.example#a"), key("#b")],
        "assertionMethod": ["#a", "did:web:other.example#k"],
        "authentication": [key("#c"), "did:web:issuer.example#b"],
    }))
    .unwrap();
    let ids: Vec<_> = document.verification_methods().iter().map(|it| it.id.clone()).collect();
    assert_eq!(ids, [url("a"), url("b"), url("c")]);
    assert!(document.allows(&url("a"), Relationship::AssertionMethod));
    assert!(!document.allows(&url("a"), Relationship::Authentication));
    assert!(document.allows(&url("c"), Relationship::Authentication));
    assert!(!document.allows(&url("c"), Relationship::AssertionMethod));
    assert!(!document.allows(&url("missing"), Relationship::Authentication));
    assert_eq!(document.method(&url("b")).unwrap().key.to_multikey(), KEY);
    let signing: Vec<_> = document.methods_for(Relationship::AssertionMethod).collect();
    assert_eq!(signing.len(), 1);
}

#[test]
fn a_key_without_controller_is_controlled_by_the_did() {
    let mut key = key("#a");
    key.as_object_mut().unwrap().remove("controller");
    let document = read(json!({ "verificationMethod": [key] })).unwrap();
    assert_eq!(document.verification_methods()[0].controller, did());
}

#[test]
fn keys_of_other_types_stay_out_of_the_list() {
    let mut x25519 = key("#x");
    x25519["publicKeyMultibase"] = json!(X25519);
    let mut rsa = key("#rsa");
    rsa["publicKeyMultibase"] = json!(format!("z{}", "4".repeat(380)));
    let document = read(json!({
        "verificationMethod": [
            key("#a"), x25519, rsa,
            { "id": "#old", "type": "JsonWebKey2020", "controller": DID },
            { "id": "#jwk", "type": "JsonWebKey", "controller": DID,
              "publicKeyJwk": { "kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA" } },
            { "id": "#ctl", "type": "Multikey", "controller": "did:ethr:0x1", "publicKeyMultibase": KEY },
            key("did:web:other.example#k"),
        ],
        "keyAgreement": ["#x", "did:ethr:0x1#k"],
    }))
    .unwrap();
    assert_eq!(document.verification_methods().len(), 1);
    assert!(document.allows(&url("x"), Relationship::KeyAgreement));
}

#[test]
fn a_ledger_knows_no_key_of_bbs_and_a_resolver_lets_it_assert_alone() {
    let secret = inkan_core::SecretBytes::new(vec![7; 32]);
    let bbs = inkan_crypto::SecretKey::from_secret_bytes(KeyType::Bls12381G2, &secret).unwrap();
    let bbs = bbs.public_key();
    let mut multikey = key("#p");
    multikey["publicKeyMultibase"] = json!(bbs.to_multikey());
    let jwk = json!({
        "id": "#p", "type": "JsonWebKey", "controller": DID, "publicKeyJwk": bbs.to_jwk(),
    });
    for method in [multikey, jwk] {
        let value = json!({
            "id": DID,
            "verificationMethod": [method],
            "assertionMethod": ["#p"],
            "authentication": ["#p"],
            "capabilityInvocation": ["#p"],
        });
        let read = |rules| DidDocument::read(value.clone(), &did(), rules).unwrap();
        assert_eq!(read(Rules::Ledger).verification_methods().len(), 0);
        let document = read(Rules::Resolver);
        assert_eq!(document.verification_methods()[0].key, bbs);
        let allowed = Relationship::ALL.into_iter().filter(|it| document.allows(&url("p"), *it));
        assert_eq!(allowed.collect::<Vec<_>>(), [Relationship::AssertionMethod]);
    }
}

#[test]
fn a_ledger_knows_no_p384_nor_p521_and_a_resolver_does() {
    let multikey = |text: &str| {
        let mut method = key("#p");
        method["publicKeyMultibase"] = json!(text);
        method
    };
    let jwk = |jwk: Value| json!({ "id": "#p", "type": "JsonWebKey", "controller": DID, "publicKeyJwk": jwk });
    let counted = |method: &Value, rules| {
        let value = json!({ "id": DID, "verificationMethod": [method] });
        DidDocument::read(value, &did(), rules).map(|read| read.verification_methods().len())
    };
    let types = [(KeyType::P384, 48, 0x81, "P-384"), (KeyType::P521, 66, 0x82, "P-521")];
    for (key_type, length, code, curve) in types {
        let secret = inkan_core::SecretBytes::new(vec![1; length]);
        let public = inkan_crypto::SecretKey::from_secret_bytes(key_type, &secret).unwrap();
        let public = public.public_key();
        for method in [multikey(&public.to_multikey()), jwk(public.to_jwk())] {
            assert_eq!(counted(&method, Rules::Resolver), Ok(1));
            assert_eq!(counted(&method, Rules::Ledger), Ok(0));
        }
        // What is malformed beyond the type is none of a ledger's business either, as before the type was known.
        let short = inkan_core::encoding::multibase58(&[&[code, 0x24][..], &[2; 20]].concat());
        for method in [multikey(&short), jwk(json!({ "kty": "EC", "crv": curve, "x": "AA" }))] {
            assert!(counted(&method, Rules::Resolver).is_err());
            assert_eq!(counted(&method, Rules::Ledger), Ok(0));
        }
        let mut private = public.to_jwk();
        private["d"] = json!("AA");
        assert!(counted(&jwk(private), Rules::Ledger).is_err());
    }
}

#[test]
fn what_a_ledger_leaves_out_is_there_for_other_readers() {
    let secret = inkan_core::SecretBytes::new(vec![7; 48]);
    let p384 = inkan_crypto::SecretKey::from_secret_bytes(KeyType::P384, &secret).unwrap();
    let with = |multikey: &str| {
        let mut younger = key("#p");
        younger["publicKeyMultibase"] = json!(multikey);
        let value = json!({ "id": DID, "verificationMethod": [key("#a"), younger] });
        DidDocument::read(value, &did(), Rules::Ledger).unwrap()
    };
    let read = with(&p384.public_key().to_multikey());
    assert!(read.method(&url("p")).is_none());
    let all = read.with_all_keys().unwrap();
    assert_eq!(all.method(&url("p")).unwrap().key, p384.public_key());
    assert!(all.method(&url("a")).is_some() && all.with_all_keys().is_none());
    // One that cannot be read is left out still.
    let short = inkan_core::encoding::multibase58(&[&[0x81, 0x24][..], &[2; 20]].concat());
    assert_eq!(with(&short).with_all_keys(), None);
    let plain = json!({ "id": DID, "verificationMethod": [key("#a")] });
    let plain = DidDocument::read(plain, &did(), Rules::Ledger).unwrap();
    assert_eq!(plain.with_all_keys(), None);
}

#[test]
fn a_ledger_refuses_keys_under_other_dids() {
    for id in ["did:web:other.example#k", "did:ethr:0x1#k"] {
        let value = json!({ "id": DID, "verificationMethod": [key(id)] });
        let refused = DidDocument::read(value, &did(), Rules::Ledger);
        assert_eq!(refused, Err(DocumentError::MethodId { id: id.to_owned() }));
    }
}

#[test]
fn one_malformed_key_spoils_the_document() {
    let with = |member: &str, value: Value| {
        let mut key = key("#a");
        key[member] = value;
        json!({ "verificationMethod": [key] })
    };
    for (member, value) in [
        ("id", json!(7)),
        ("id", json!("a")),
        ("id", json!(DID)),
        ("id", json!("did:web:issuer.example?versionId=1#a")),
        ("type", json!(["Multikey"])),
        ("controller", json!(null)),
        ("controller", json!("nobody")),
        ("publicKeyMultibase", json!(inkan_core::encoding::multibase58(&[0xed, 0x01, 9, 9]))),
        ("publicKeyMultibase", json!("")),
        ("publicKeyMultibase", json!(7)),
        ("type", json!("JsonWebKey")),
    ] {
        assert_eq!(code(with(member, value.clone())), "document-invalid", "{member} {value}");
    }
}

#[test]
fn private_keys_and_weak_keys_are_refused() {
    let jwk = json!({
        "id": "#a", "type": "JsonWebKey", "controller": DID,
        "publicKeyJwk": { "kty": "OKP", "crv": "Ed25519", "d": "AA",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
    });
    assert_eq!(code(json!({ "verificationMethod": [jwk] })), "document-invalid");
    let mut weak = key("#a");
    let neutral = [&[0xed, 0x01, 0x01][..], &[0; 31]].concat();
    weak["publicKeyMultibase"] = json!(inkan_core::encoding::multibase58(&neutral));
    assert_eq!(code(json!({ "verificationMethod": [weak] })), "weak-key");
}

#[test]
fn no_key_is_listed_twice() {
    let twice = json!({ "verificationMethod": [key("#a"), key("did:web:issuer.example#a")] });
    assert_eq!(read(twice), Err(DocumentError::DuplicateMethod { id: url("a").to_string() }));
    let embedded = json!({ "verificationMethod": [key("#a")], "authentication": [key("#a")] });
    assert_eq!(code(embedded), "document-invalid");
}

#[test]
fn members_have_the_types_of_did_core() {
    for value in [
        json!({ "verificationMethod": {} }),
        json!({ "verificationMethod": ["#a"] }),
        json!({ "assertionMethod": "#a" }),
        json!({ "assertionMethod": [7] }),
        json!({ "assertionMethod": ["a"] }),
        json!({ "service": {} }),
        json!({ "service": [7] }),
    ] {
        assert_eq!(code(value.clone()), "document-invalid", "{value}");
    }
    assert_eq!(DidDocument::from_value(json!([]), &did()).unwrap_err().code(), "document-invalid");
    assert_eq!(DidDocument::from_value(json!({}), &did()).unwrap_err().code(), "document-invalid");
    assert_eq!(DidDocument::parse(b"{", &did()).unwrap_err().code(), "document-invalid");
}

#[test]
fn a_document_is_about_the_did_it_was_asked_for() {
    let refused = DidDocument::parse(br#"{"id":"did:web:other.example"}"#, &did()).unwrap_err();
    assert_eq!(refused.code(), "document-subject-mismatch");
    assert!(DidDocument::parse(br#"{"id":"did:web:issuer.example"}"#, &did()).is_ok());
}

#[test]
fn d14_the_home_log_is_one_origin() {
    let service = |kind: Value, endpoint: Value| json!({ "id": "#ledger", "type": kind, "serviceEndpoint": endpoint });
    let home = |services: Value| read(json!({ "service": services }));
    let log = || service(json!("LedgerLog"), json!("https://ledger.example/log"));
    assert_eq!(home(json!([log()])).unwrap().ledger_log(), Some("ledger.example/log"));
    let other = service(json!("LinkedDomains"), json!({ "origins": [] }));
    assert_eq!(home(json!([other])).unwrap().ledger_log(), None);
    assert_eq!(home(json!([log(), log()])).unwrap_err().code(), "home-log-invalid");
    let long = format!("https://{}", "a".repeat(65));
    for endpoint in [
        json!("http://ledger.example"),
        json!("https://"),
        json!("https://ledger.example/"),
        json!("https://ledger example"),
        json!("https:///x"),
        json!(long),
        json!(["https://ledger.example"]),
        json!(null),
    ] {
        let array = service(json!(["Other", "LedgerLog"]), endpoint.clone());
        assert_eq!(home(json!([array])).unwrap_err().code(), "home-log-invalid", "{endpoint}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = DidDocument::parse(&bytes, &did());
    }

    #[test]
    fn keys_of_any_text_never_panic(id in ".{0,20}", kind in "(Multikey|JsonWebKey|.{0,5})", key in "[zu].{0,60}") {
        let method = json!({ "id": id, "type": kind, "controller": DID, "publicKeyMultibase": key });
        let _ = read(json!({ "verificationMethod": [method] }));
    }
}

#[test]
fn a_key_says_how_long_it_stands() {
    let mut dated = key("#a");
    dated["expires"] = json!("2026-03-01T12:00:00Z");
    dated["revoked"] = json!("2026-02-01T13:00:00+01:00");
    let document = read(json!({ "verificationMethod": [dated], "authentication": [key("#b")] }));
    let document = document.unwrap();
    let at = |text: &str| inkan_core::Timestamp::parse(text).unwrap();
    let period = document.period(&url("a")).unwrap();
    assert_eq!(period.expires, Some(at("2026-03-01T12:00:00Z")));
    assert_eq!(period.revoked, Some(at("2026-02-01T12:00:00Z")));
    assert_eq!(period.ended(at("2026-02-01T11:59:59Z")), None);
    assert_eq!(period.ended(at("2026-02-01T12:00:00Z")), period.revoked);
    assert_eq!(period.ended(at("2026-04-01T12:00:00Z")), period.revoked);
    assert!(period.is_revoked(at("2026-02-01T12:00:00Z")));
    assert_eq!(document.period(&url("b")).unwrap(), KeyPeriod::default());
    assert_eq!(document.period(&url("missing")).unwrap(), KeyPeriod::default());
}

#[test]
fn a_malformed_end_of_a_key_refuses_the_document() {
    for member in ["expires", "revoked"] {
        for value in [json!("tomorrow"), json!("2026-03-01"), json!(1_772_366_400), json!(null)] {
            let mut dated = key("#a");
            dated[member] = value.clone();
            assert_eq!(
                code(json!({ "verificationMethod": [dated] })),
                "key-period-invalid",
                "{member} {value}"
            );
        }
    }
}
