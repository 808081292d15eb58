use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::SecretKey;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::SecuredCredential;
use crate::sign::issue_cose;
use crate::testing::{issuer, unsigned};

fn key(key_type: KeyType) -> SecretKey {
    SecretKey::generate(key_type, &mut SeededRng::new(21))
}

const HEADERS: Headers<'static> = Headers {
    typ: "application/x",
    content_type: Some("text/plain"),
    key: KeyName::Kid("did:example:a#k"),
};

#[test]
fn a_message_is_read_as_it_is_made_with_every_kind_of_key() {
    for key_type in [KeyType::Ed25519, KeyType::P256, KeyType::P384, KeyType::P521] {
        let key = key(key_type);
        let made = Sign1::make(b"payload".to_vec(), &HEADERS, &key).unwrap();
        let text = made.to_text();
        assert!(Sign1::is_text(&text));
        let read = Sign1::parse_text(&text).unwrap();
        assert_eq!((&read, read.payload()), (&made, &b"payload"[..]));
        assert_eq!((read.typ(), read.content_type()), (Some("application/x"), Some("text/plain")));
        assert_eq!(read.kid(), Some("did:example:a#k"));
        assert!(read.verify(&key.public_key()));
        let other = SecretKey::generate(key_type, &mut SeededRng::new(22));
        assert!(!read.verify(&other.public_key()));
    }
}

#[test]
fn the_headers_are_deterministic() {
    let made = Sign1::make(Vec::new(), &HEADERS, &key(KeyType::Ed25519)).unwrap();
    // Tag 18, four parts; the protected map has the labels 1, 3, 4 and 16 in this order.
    let start = [0xd2, 0x84, 0x58, 0x2f, 0xa4, 0x01, 0x27, 0x03, 0x6a];
    assert_eq!(made.bytes()[..9], start);
    assert_eq!(made.bytes()[9..19], *b"text/plain");
    assert_eq!(made.bytes()[19..21], [0x04, 0x4f]);
    assert_eq!(made.bytes()[36..38], [0x10, 0x6d]);
    assert_eq!(made.bytes()[51], 0xa0);
}

#[test]
fn a_changed_byte_is_noticed() {
    let key = key(KeyType::P256);
    let made = Sign1::make(b"payload".to_vec(), &HEADERS, &key).unwrap();
    for place in 0..made.bytes().len() {
        let mut bytes = made.bytes().to_vec();
        bytes[place] ^= 1;
        let read = Sign1::parse(&bytes);
        assert!(read.is_err() || read.is_ok_and(|read| !read.verify(&key.public_key())), "{place}");
    }
}

#[test]
fn what_nobody_would_look_at_is_refused() {
    let cases: [(&[u8], &str); 7] = [
        // No tag.
        (&[0x84, 0x43, 0xa1, 0x01, 0x26, 0xa0, 0x41, 0, 0x41, 0], "COSE_Sign1"),
        // Another algorithm, and none.
        (&[0xd2, 0x84, 0x44, 0xa1, 0x01, 0x38, 0x24, 0xa0, 0x41, 0, 0x41, 0], "alg"),
        (&[0xd2, 0x84, 0x40, 0xa0, 0x41, 0, 0x41, 0], "alg"),
        // A critical extension.
        (
            &[0xd2, 0x84, 0x47, 0xa2, 0x01, 0x26, 0x02, 0x81, 0x61, 0x78, 0xa0, 0x41, 0, 0x41, 0],
            "crit",
        ),
        // Claims in the header.
        (&[0xd2, 0x84, 0x45, 0xa2, 0x01, 0x26, 0x0f, 0xa0, 0xa0, 0x41, 0, 0x41, 0], "claims"),
        // A number for a content type, and no payload.
        (&[0xd2, 0x84, 0x45, 0xa2, 0x01, 0x26, 0x03, 0x00, 0xa0, 0x41, 0, 0x41, 0], "content type"),
        (&[0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26, 0xa0, 0xf6, 0x41, 0], "payload"),
    ];
    for (bytes, what) in cases {
        assert_eq!(Sign1::parse(bytes), Err(CoseError::Malformed { what }), "{what}");
    }
    let made = Sign1::make(b"p".to_vec(), &HEADERS, &key(KeyType::P256)).unwrap();
    let longer = [made.bytes(), &[0]].concat();
    assert!(Sign1::parse(&longer).is_err());
}

/// A message with this protected header and this unprotected one.
fn message(protected: &[u8], unprotected: &[u8]) -> Vec<u8> {
    let length = u32::try_from(protected.len()).unwrap().to_be_bytes();
    [&[0xd2, 0x84, 0x5a][..], &length, protected, unprotected, &[0x41, 0, 0x41, 0]].concat()
}

#[test]
fn the_items_of_the_protected_header_are_counted_before_they_are_read() {
    // Label 99 has an array of zeros.
    let crowded = |count: u16| {
        let start = [0xa2_u8, 0x01, 0x26, 0x18, 0x63, 0x99];
        let zeros = vec![0_u8; usize::from(count)];
        message(&[&start[..], &count.to_be_bytes(), &zeros].concat(), &[0xa0])
    };
    assert!(Sign1::parse(&crowded(100)).is_ok());
    assert_eq!(Sign1::parse(&crowded(5_000)), Err(CoseError::TooLarge));
}

#[test]
fn countersignatures_in_countersignatures_are_not_followed() {
    let mut nested = vec![0xa1_u8, 0x01, 0x26];
    for _ in 0..2_000 {
        let length = u32::try_from(nested.len()).unwrap().to_be_bytes();
        nested =
            [&[0xa2, 0x01, 0x26, 0x07, 0x83, 0x5a][..], &length, &nested, &[0xa0, 0x40]].concat();
    }
    let refused = Err(CoseError::Malformed { what: "countersignature" });
    assert_eq!(Sign1::parse(&message(&nested, &[0xa0])), refused);
    // The same in the other header.
    let length = u32::try_from(nested.len()).unwrap().to_be_bytes();
    let beside = [&[0xa1, 0x07, 0x83, 0x5a][..], &length, &nested, &[0xa0, 0x40]].concat();
    assert_eq!(Sign1::parse(&message(&[0xa1, 0x01, 0x26], &beside)), refused);
}

#[test]
fn a_credential_in_a_message_is_read_from_bytes_text_and_data_url() {
    let issuer = issuer();
    let made = issue_cose(unsigned(), &issuer.method, &issuer.key).unwrap();
    assert_eq!((made.is_cose(), made.media_type()), (true, "application/vc+cose"));
    assert_eq!(made.verify_issuer_proof(&issuer.key.public_key()), Ok(()));
    let bytes = encoding::decode_b64u(&made.to_bare()).unwrap();
    for copy in [
        SecuredCredential::parse(&bytes).unwrap(),
        SecuredCredential::parse(made.to_bare().as_bytes()).unwrap(),
        SecuredCredential::parse_value(made.to_value()).unwrap(),
    ] {
        assert_eq!(copy.to_bare(), made.to_bare());
        assert_eq!(copy.issuance_digest(), made.issuance_digest());
        assert_eq!(copy.issuer_verification_method(), issuer.method);
    }
    let id = made.to_value()["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("data:application/vc+cose;base64,"));
    let mut other = made.to_value();
    other["id"] = json!(id.replace("vc+cose", "vp+cose"));
    assert_eq!(SecuredCredential::parse_value(other).unwrap_err().code(), "media-type-unsupported");
}

#[test]
fn certificates_stand_in_one_header_one_as_it_is_and_several_in_a_list() {
    let key = key(KeyType::P256);
    let all: Vec<Vec<u8>> = (0..9).map(|n| vec![0x30, n]).collect();
    let made = |chain: &[Vec<u8>]| {
        let headers = Headers { key: KeyName::Certificates(chain), ..HEADERS };
        Sign1::make(b"p".to_vec(), &headers, &key)
    };
    for count in [1, 2, 8] {
        let made = made(&all[..count]).unwrap();
        let read = Sign1::parse(made.bytes()).unwrap();
        assert_eq!((read.certificates(), read.kid()), (Some(&all[..count]), None));
    }
    for chain in [&all[..0], &all[..]] {
        assert_eq!(made(chain).unwrap_err().code(), "cose-malformed");
    }
    // A list of one is written as the one, and what is no certificate is none; nor may they stand twice.
    for (inside, outside) in [
        (Some(Cbor::Array(vec![Cbor::Bytes(vec![0x30])])), None),
        (Some(Cbor::Text("x".to_owned())), None),
        (None, Some(Cbor::Array(vec![Cbor::Bytes(vec![1]), Cbor::Null]))),
        (Some(Cbor::Bytes(vec![0x30])), Some(Cbor::Bytes(vec![0x30]))),
    ] {
        let with = |builder: HeaderBuilder, chain: Option<Cbor>| match chain {
            Some(chain) => builder.value(X5CHAIN, chain).build(),
            None => builder.build(),
        };
        let message = CoseSign1Builder::new()
            .protected(with(HeaderBuilder::new().algorithm(Algorithm::ES256), inside))
            .unprotected(with(HeaderBuilder::new(), outside))
            .payload(b"p".to_vec())
            .try_create_signature(&[], |bytes| key.sign(bytes))
            .unwrap()
            .build();
        let error = Sign1::parse(&message.to_tagged_vec().unwrap()).unwrap_err();
        assert_eq!(error, CoseError::Malformed { what: "x5chain" });
    }
}

#[test]
fn a_message_of_another_type_is_no_credential() {
    let issuer = issuer();
    let payload = unsigned().to_string().into_bytes();
    for (typ, content_type) in [
        ("application/vp+cose", "application/vc"),
        ("application/vc+cose", "application/vp"),
        ("vc+cose", "application/vc"),
        ("application/statuslist+cwt", "application/vc"),
    ] {
        let headers =
            Headers { typ, content_type: Some(content_type), key: KeyName::Kid(&issuer.method) };
        let made = Sign1::make(payload.clone(), &headers, &issuer.key).unwrap();
        let error = SecuredCredential::parse(made.bytes()).unwrap_err();
        assert_eq!(error.code(), "media-type-unsupported", "{typ} {content_type}");
    }
}

/// COSE that names no type: the payload says what it is, or it is nothing.
#[test]
fn a_message_without_a_type_is_what_its_payload_says() {
    let issuer = issuer();
    let made = |payload: &serde_json::Value| {
        let protected = HeaderBuilder::new()
            .algorithm(Algorithm::EdDSA)
            .key_id(issuer.method.clone().into_bytes())
            .build();
        let message = CoseSign1Builder::new()
            .protected(protected)
            .payload(payload.to_string().into_bytes())
            .try_create_signature(&[], |bytes| issuer.key.sign(bytes))
            .unwrap()
            .build();
        message.to_tagged_vec().unwrap()
    };
    let read = SecuredCredential::parse(&made(&unsigned())).unwrap();
    assert_eq!(read.verify_issuer_proof(&issuer.key.public_key()), Ok(()));
    let any = crate::bundle::read_any(&made(&unsigned())).unwrap().into_bundle();
    assert!(matches!(any.artefact, crate::bundle::Artefact::Credential(_)));
    for types in [json!(["Badge"]), json!(["VerifiableCredential", "VerifiablePresentation"])] {
        let other = crate::testing::with(unsigned(), "/type", types);
        let error = SecuredCredential::parse(&made(&other)).unwrap_err();
        assert_eq!(error.code(), "media-type-unsupported");
    }
    let shown = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"], "type": "VerifiablePresentation",
        "holder": issuer.did,
    });
    let read = crate::bundle::read_any(&made(&shown)).unwrap().into_bundle();
    assert!(matches!(read.artefact, crate::bundle::Artefact::Presentation(_)));
    assert_eq!(
        SecuredCredential::parse(&made(&shown)).unwrap_err().code(),
        "media-type-unsupported"
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = Sign1::parse(&bytes);
        let _ = SecuredCredential::parse(&[&[0xd2, 0x84][..], &bytes].concat());
    }
}

/// A presentation in COSE answers its verifier as one in a JWS does, and is told apart from a credential.
#[test]
fn a_presentation_is_signed_read_and_refused_where_it_was_changed() {
    use crate::presentation::{Presentation, PresentationTerms, present_cose};
    let (by, created) = (crate::testing::holder(), crate::testing::at("2026-02-01T00:00:00Z"));
    let terms = PresentationTerms {
        holder: &by.did,
        method: &by.method,
        nonce: "n-1",
        audience: "https://bank.example",
        created,
    };
    let made = present_cose(&[crate::testing::issued_di()], &terms, &by.key).unwrap();
    let bytes = Sign1::parse_text(&made.to_bare()).unwrap().bytes().to_vec();
    let value = made.to_value();
    assert_eq!(value["type"], "EnvelopedVerifiablePresentation");
    for read in [
        Presentation::parse(made.to_bare().as_bytes()).unwrap(),
        Presentation::parse(&bytes).unwrap(),
        Presentation::parse_value(value).unwrap(),
    ] {
        assert_eq!((read.holder(), read.nonce()), (by.did.as_str(), Some("n-1")));
        assert_eq!(read.audience(), ["https://bank.example"]);
        assert_eq!((read.created(), read.credentials().len()), (Some(created), 1));
        assert_eq!(read.verify_proof(&by.key.public_key()), Ok(()));
        let other = issuer().key.public_key();
        assert!(read.verify_proof(&other).is_err());
    }
    assert!(SecuredCredential::parse(&bytes).is_err());
    let read = crate::bundle::read_any(&bytes).unwrap().into_bundle();
    assert!(matches!(read.artefact, crate::bundle::Artefact::Presentation(_)));
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let Ok(changed) = Presentation::parse(&changed) else { continue };
        assert!(changed.verify_proof(&by.key.public_key()).is_err(), "{place}");
    }
}
