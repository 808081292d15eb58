//! Credentials in COSE messages: alone, in presentations, and changed on the way.

use inkan_core::encoding::{b64u, decode_b64u};
use inkan_credential::{Format, SecuredCredential};
use inkan_crypto::KeyType;
use inkan_issuer::Securing;
use inkan_tests::world::{HOLDER, World};
use inkan_verifier::CheckName;

use super::expect::{accepted, passed, refused, worthless};

#[test]
fn a_credential_in_a_message_is_accepted_with_its_record_and_countersignature() {
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let mut world = World::with_keys(700, key_type);
        let mut case = world.issue_secured(&Securing::Cose, None, None);
        assert!(case.credential.is_cose());
        world.accept(&mut case);
        let verification = world.parts(&case).judge(&world.context());
        let verified = accepted(&verification);
        assert_eq!(verified.format(), "vc+cose");
        assert!(verified.recorded().is_some());
        assert_eq!(verified.countersignatures().len(), 1);
        assert_eq!(passed(&verification, CheckName::Signature).evidence["format"], "vc+cose");
    }
}

#[test]
fn it_is_presented_in_an_envelope() {
    for format in [Format::DataIntegrity, Format::Jose] {
        let mut world = World::new(701);
        let case = world.issue_secured(&Securing::Cose, None, None);
        let presentation = world.present(&[&case], format, HOLDER);
        assert!(presentation.to_value().to_string().len() > 100);
        let verification = world.parts_presented(presentation, &[&case]).judge(&world.asking());
        assert_eq!(accepted(&verification).format(), "vc+cose");
    }
}

#[test]
fn a_changed_message_is_refused() {
    let mut world = World::new(702);
    let case = world.issue_secured(&Securing::Cose, None, None);
    let bytes = decode_b64u(&case.credential.to_bare()).expect("base64url");
    let mut last = bytes.clone();
    *last.last_mut().expect("a byte") ^= 1;
    let mut parts = world.parts(&case);
    parts.put(SecuredCredential::parse(b64u(&last).as_bytes()).expect("readable"));
    worthless(&parts.judge(&world.context()), CheckName::Signature, "credential-proof-invalid");
    // A claim of the same length.
    let place = bytes.windows(4).position(|four| four == b"true").expect("a claim");
    let mut claim = bytes;
    claim[place..place + 4].copy_from_slice(b"1234");
    parts.put(SecuredCredential::parse(&claim).expect("readable"));
    refused(&parts.judge(&world.context()), CheckName::Signature, "credential-proof-invalid");
}
