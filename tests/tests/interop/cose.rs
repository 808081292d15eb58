//! Credentials and presentations in COSE messages, against `cbor2` with `cryptography` in Python: each side signs, each side verifies.

use inkan_core::encoding::{b64u, decode_b64u, decode_hex, hex};
use inkan_credential::presentation::{
    CertifiedForm, PresentationTerms, present_certified, secure_presentation_cose,
};
use inkan_credential::{Presentation, SecuredCredential, sign};
use inkan_crypto::{KeyType, PublicKey};
use inkan_evidence::x5c::{IssuerAnchors, key_of};
use inkan_tests::made::{Party, fresh_rng, moment};
use inkan_tests::peer::{self, Peer};
use inkan_verifier::{CertificateChecker as _, CertificateFault, RevocationInfo};
use serde_json::{Value, json};

use super::certified::Authority;

const TYPES: [KeyType; 3] = [KeyType::Ed25519, KeyType::P256, KeyType::P384];
const NONCE: &str = "n-1";
const AUDIENCE: &str = "https://bank.example";

/// A presentation's document, not yet signed.
fn document(holder: &str, credential: &SecuredCredential) -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation"],
        "holder": holder, "verifiableCredential": [credential.to_value()],
        "nonce": NONCE, "aud": AUDIENCE, "iat": moment().seconds(),
    })
}

fn verify(peer: &Peer, message: &[u8], key: &PublicKey) -> Value {
    peer.ask(&json!({ "do": "verify", "message": hex(message), "jwk": key.to_jwk() }))
}

/// That the peer takes a message of ours, and refuses it with any part changed and under another key.
fn taken(peer: &Peer, text: &str, signer: &Party, payload: &Value, types: [&str; 2]) {
    let bytes = decode_b64u(text).expect("base64url");
    let answer = verify(peer, &bytes, &signer.public_key());
    assert_eq!(answer["verified"], true, "{answer}");
    assert_eq!(&answer["payload"], payload);
    assert_eq!([&answer["typ"], &answer["contentType"]], types);
    assert_eq!(answer["kid"], signer.method.as_str());
    for place in [8, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let answer = verify(peer, &changed, &signer.public_key());
        assert_eq!(answer["verified"], false, "{place}: {answer}");
    }
    let stranger = Party::new(signer.public_key().key_type(), &mut fresh_rng());
    assert_eq!(verify(peer, &bytes, &stranger.public_key())["verified"], false);
}

#[test]
fn our_messages_are_verified_by_cbor2_and_cryptography_and_changed_ones_are_not() {
    let Some(peer) = peer::installed("cbor2") else { return };
    let mut rng = fresh_rng();
    for key_type in TYPES {
        let (issuer, holder) = (Party::new(key_type, &mut rng), Party::new(key_type, &mut rng));
        let said = issuer.credential(&holder.did);
        let credential =
            sign::issue_cose(said.clone(), &issuer.method, &issuer.key).expect("signed");
        let types = ["application/vc+cose", "application/vc"];
        taken(&peer, &credential.to_bare(), &issuer, &said, types);

        let document = document(&holder.did, &credential);
        let presentation =
            secure_presentation_cose(&document, &holder.method, &holder.key).expect("signed");
        let types = ["application/vp+cose", "application/vp"];
        taken(&peer, &presentation.to_bare(), &holder, &document, types);
    }
}

/// A message of the peer's as text, and its key.
fn theirs(peer: &Peer, alg: &str, place: &str, payload: &Value, name: &str) -> (String, PublicKey) {
    let made = peer.ask(&json!({
        "do": "sign", "alg": alg, "kid": "did:web:peer.example#key-1", "where": place,
        "typ": format!("application/{name}+cose"), "contentType": format!("application/{name}"),
        "payload": payload,
    }));
    let bytes = decode_hex(made["message"].as_str().expect("a message")).expect("hexadecimal");
    (b64u(&bytes), PublicKey::from_jwk(&made["jwk"]).expect("the peer's key"))
}

/// Copies with one bit changed in the signature, the payload and the header.
fn changed(text: &str) -> impl Iterator<Item = String> {
    let bytes = decode_b64u(text).expect("base64url");
    let places = [8, bytes.len() / 2, bytes.len() - 1];
    places.into_iter().map(move |place| {
        let mut copy = bytes.clone();
        copy[place] ^= 1;
        b64u(&copy)
    })
}

#[test]
fn messages_by_cbor2_and_cryptography_are_verified_here_and_changed_ones_are_not() {
    let Some(peer) = peer::installed("cbor2") else { return };
    let mut rng = fresh_rng();
    let (did, method) = ("did:web:peer.example", "did:web:peer.example#key-1");
    for (alg, place) in [("EdDSA", "protected"), ("ES256", "unprotected"), ("ES384", "protected")] {
        let subject = Party::new(KeyType::Ed25519, &mut rng);
        let mut said = subject.credential(&subject.did);
        said["issuer"] = did.into();
        let (text, key) = theirs(&peer, alg, place, &said, "vc");
        let credential = SecuredCredential::parse(text.as_bytes()).expect("a vc+cose");
        assert_eq!(credential.credential().value(), &said);
        assert_eq!(credential.issuer_verification_method(), method);
        assert_eq!(credential.verify_issuer_proof(&key), Ok(()), "{alg}");
        let stranger = Party::new(key.key_type(), &mut rng).public_key();
        assert!(credential.verify_issuer_proof(&stranger).is_err(), "{alg}");
        for copy in changed(&text) {
            if let Ok(copy) = SecuredCredential::parse(copy.as_bytes()) {
                assert!(copy.verify_issuer_proof(&key).is_err(), "{alg}");
            }
        }

        let issuer = Party::new(KeyType::P256, &mut rng);
        let inside = sign::issue_cose(issuer.credential(did), &issuer.method, &issuer.key);
        let inside = inside.expect("signed");
        let (text, key) = theirs(&peer, alg, place, &document(did, &inside), "vp");
        let presentation = Presentation::parse(text.as_bytes()).expect("a vp+cose");
        assert_eq!(presentation.verification_method(), method);
        assert_eq!(presentation.nonce(), Some(NONCE));
        assert_eq!(presentation.audience(), [AUDIENCE]);
        assert_eq!(presentation.verify_proof(&key), Ok(()), "{alg}");
        let credential = &presentation.credentials()[0];
        assert_eq!(credential.verify_issuer_proof(&issuer.public_key()), Ok(()));
        let stranger = Party::new(key.key_type(), &mut rng).public_key();
        assert!(presentation.verify_proof(&stranger).is_err(), "{alg}");
        for copy in changed(&text) {
            if let Ok(copy) = Presentation::parse(copy.as_bytes()) {
                assert!(copy.verify_proof(&key).is_err(), "{alg}");
            }
        }
    }
}

const HOST: &str = "issuer.example";
const CERTIFIED: &str = "https://issuer.example/badges";

fn verify_certified(peer: &Peer, message: &[u8], anchor: &[u8]) -> Value {
    let at = moment().seconds();
    peer.ask(&json!({ "do": "verify", "message": hex(message), "anchor": hex(anchor), "at": at }))
}

/// `x5chain` (RFC 9360): the certificates in the message give the key, under an anchor that the peer is told.
#[test]
fn our_certified_messages_are_verified_by_cbor2_and_cryptography_under_their_anchor_alone() {
    let Some(peer) = peer::installed("cbor2") else { return };
    let mut rng = fresh_rng();
    let issuer = Party::new(KeyType::P256, &mut rng);
    let (root, other) = (Authority::new("root"), Authority::new("other"));
    let chain = [root.certify(&issuer.public_key(), HOST)];
    let mut said = issuer.credential("urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2c01");
    said["issuer"] = CERTIFIED.into();
    let credential = sign::issue_cose_certified(said.clone(), &chain, &issuer.key);
    let credential = credential.expect("a credential");
    let terms = PresentationTerms {
        holder: CERTIFIED,
        method: CERTIFIED,
        nonce: NONCE,
        audience: AUDIENCE,
        created: moment(),
    };
    let (parts, form) = ([credential.clone()], CertifiedForm::Cose);
    let shown = present_certified(&parts, form, &terms, (&chain, &issuer.key));
    let shown = shown.expect("a presentation");
    for (text, payload) in [(credential.to_bare(), &said), (shown.to_bare(), shown.value())] {
        let bytes = decode_b64u(&text).expect("base64url");
        let answer = verify_certified(&peer, &bytes, &root.der);
        assert_eq!(answer["verified"], true, "{answer}");
        assert_eq!(&answer["payload"], payload);
        assert_eq!(verify_certified(&peer, &bytes, &other.der)["verified"], false);
        for place in [8, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let answer = verify_certified(&peer, &changed, &root.der);
            assert_eq!(answer["verified"], false, "{place}: {answer}");
        }
    }
    // Whom the certificate does not name is nothing that is signed here.
    let elsewhere = [root.certify(&issuer.public_key(), "elsewhere.example")];
    assert!(sign::issue_cose_certified(said, &elsewhere, &issuer.key).is_err());
}

#[test]
fn certified_messages_by_cbor2_and_cryptography_are_verified_here() {
    let Some(peer) = peer::installed("cbor2") else { return };
    let made = peer.ask(&json!({ "do": "key" }));
    let public = PublicKey::from_jwk(&made["jwk"]).expect("the peer's key");
    let root = Authority::new("root");
    let mut said = Party::new(KeyType::P256, &mut fresh_rng()).credential("urn:uuid:1");
    said["issuer"] = CERTIFIED.into();
    let signed = |host: &str, place: &str| {
        let chain = [root.certify(&public, host), root.der.clone()];
        let answer = peer.ask(&json!({
            "do": "sign", "alg": "ES256", "where": place, "privateKey": made["privateKey"],
            "x5chain": chain.map(|one| hex(&one)), "typ": "application/vc+cose",
            "contentType": "application/vc", "payload": said,
        }));
        b64u(&decode_hex(answer["message"].as_str().expect("a message")).expect("hexadecimal"))
    };
    let mut anchors = IssuerAnchors::default();
    let unknown = Err(CertificateFault::AnchorUnknown);
    for place in ["protected", "unprotected"] {
        let text = signed(HOST, place);
        let read = SecuredCredential::parse(text.as_bytes()).expect("a vc+cose");
        assert_eq!(read.credential().value(), &said);
        let chain = read.issuer_certificates().expect("certificates");
        assert_eq!(key_of(&chain[0]), Ok(public.clone()));
        assert_eq!(read.verify_issuer_proof(&public), Ok(()));
        let path = |anchors: &IssuerAnchors| {
            anchors.path(chain, moment(), &RevocationInfo::default()).map(|path| path.anchor)
        };
        if anchors.is_empty() {
            assert_eq!(path(&anchors), unknown);
            assert_eq!(anchors.add_file(&root.der), Ok(1));
        }
        assert_eq!(path(&anchors), Ok(inkan_core::sha256(&[&root.der])));
        for copy in changed(&text) {
            let Ok(copy) = SecuredCredential::parse(copy.as_bytes()) else { continue };
            let others = copy.issuer_certificates().unwrap_or_default();
            let path = anchors.path(others, moment(), &RevocationInfo::default());
            let key = others.first().and_then(|leaf| key_of(leaf).ok());
            let signed = key.is_some_and(|key| copy.verify_issuer_proof(&key).is_ok());
            // Outside the signature a certificate may be changed that no path needs.
            let same = place == "unprotected" && others.first() == chain.first();
            assert!(path.is_err() || !signed || same, "{place}");
            assert!(path.is_err() || !signed || *copy.credential().value() == said);
        }
        let other = signed("elsewhere.example", place);
        let error = SecuredCredential::parse(other.as_bytes()).expect_err("another's name");
        assert_eq!(error.code(), "certificate-issuer-not-named");
    }
}
