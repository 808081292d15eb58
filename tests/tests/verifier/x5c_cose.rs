//! Certificates in the headers of COSE messages (`x5chain`, RFC 9360 §2): where they may stand, and what they then show.

use inkan_core::rng::insecure::SeededRng;
use inkan_credential::SecuredCredential;
use inkan_credential::cose::{Headers, Sign1};
use inkan_credential::sd_jwt_vc::KeyName;
use inkan_crypto::{KeyType, SecretKey};

use super::expect::{accepted, worthless};
use super::x5c::{Pki, badge, judged, vc_cose};

/// A message with this `kid` in its protected header, if any, and no certificates.
fn message(pki: &Pki, kid: &str) -> Vec<u8> {
    let headers = Headers {
        typ: "application/vc+cose",
        content_type: Some("application/vc"),
        key: KeyName::Kid(kid),
    };
    let payload = badge().to_string().into_bytes();
    Sign1::make(payload, &headers, &pki.key).expect("a message").bytes().to_vec()
}

/// The same message with a certificate in its unprotected header, which no signature covers.
fn with_unprotected(message: &[u8], certificate: &[u8]) -> Vec<u8> {
    // Tag and array; then a byte string, whose length takes one or two bytes here; then the empty map.
    let (start, rest) = message.split_at(2);
    let (head, length) = match rest[0] {
        0x58 => (2, usize::from(rest[1])),
        0x59 => (3, usize::from(u16::from_be_bytes([rest[1], rest[2]]))),
        short => (1, usize::from(short & 0x1f)),
    };
    let (protected, rest) = rest.split_at(head + length);
    assert_eq!(rest[0], 0xa0);
    let length = u16::try_from(certificate.len()).expect("a short one").to_be_bytes();
    let label = [0xa1, 0x18, 33, 0x59];
    [start, protected, &label, &length, certificate, &rest[1..]].concat()
}

#[test]
fn a_certificate_may_stand_in_either_header_and_not_in_both() {
    let pki = Pki::new(31);
    for kid in ["", "#key-1"] {
        let outside = with_unprotected(&message(&pki, kid), &pki.leaf);
        let credential = SecuredCredential::parse(&outside).expect("a credential");
        assert_eq!(credential.issuer_certificates(), Some(&[pki.leaf.clone()][..]));
        accepted(&judged(credential, &[&pki.middle.der]));
    }
    let inside = vc_cose(std::slice::from_ref(&pki.leaf), &pki.key);
    let inside = Sign1::parse_text(&inside.to_bare()).expect("a message").bytes().to_vec();
    let both = with_unprotected(&inside, &pki.leaf);
    assert_eq!(SecuredCredential::parse(&both).unwrap_err().code(), "cose-malformed");
}

#[test]
fn a_certificate_that_was_put_there_by_somebody_else_shows_nothing() {
    let (pki, other) = (Pki::new(32), Pki::new(33));
    let swapped = with_unprotected(&message(&pki, "#key-1"), &other.leaf);
    let credential = SecuredCredential::parse(&swapped).expect("a credential");
    let verification = judged(credential, &[&other.middle.der, &pki.middle.der]);
    worthless(&verification, inkan_verifier::CheckName::Signature, "credential-proof-invalid");
    // Without any, a key of a URL that nobody certifies is nobody's.
    let plain = SecuredCredential::parse(&message(&pki, "#key-1")).expect("a credential");
    assert_eq!(plain.issuer_certificates(), None);
    assert!(!judged(plain, &[&pki.middle.der]).is_authentic());
    assert_eq!(
        SecuredCredential::parse(&message(&pki, "")).unwrap_err().code(),
        "jose-key-id-missing"
    );
}

#[test]
fn a_did_has_its_own_keys_whatever_certificates_say() {
    let pki = Pki::new(34);
    let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(35));
    let did = inkan_did::self_contained::did_jwk(&key.public_key());
    let method = format!("{did}#0");
    let mut claims = badge();
    claims["issuer"] = did.into();
    let made = inkan_credential::sign::issue_cose(claims, &method, &key).expect("a credential");
    let bytes = Sign1::parse_text(&made.to_bare()).expect("a message").bytes().to_vec();
    let credential = SecuredCredential::parse(&with_unprotected(&bytes, &pki.leaf)).expect("one");
    assert_eq!(credential.issuer_certificates(), None);
    assert_eq!(credential.issuer_verification_method(), method);
}
