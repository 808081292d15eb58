use std::path::Path;

use inkan_core::encoding::decode_hex;
use serde_json::Value;

use super::*;
use crate::webauthn::registration::register_to;
use crate::webauthn::{Aaguid, Assertion, Registration, RegistrationResponse, Site, verify};

/// One registration of the specification's, and what follows it.
struct Vector {
    name: String,
    root: Vec<u8>,
    value: Value,
}

fn hex(value: &Value) -> Vec<u8> {
    decode_hex(value.as_str().expect("a text")).expect("hexadecimal")
}

fn digest(value: &Value) -> Digest {
    Digest::from_bytes(hex(value).try_into().expect("32 bytes"))
}

fn at() -> Timestamp {
    Timestamp::parse_strict("2026-11-23T00:00:00Z").expect("a time")
}

fn site() -> Site {
    Site { rp_id: "example.org".to_owned(), origins: vec!["https://example.org".to_owned()] }
}

fn vectors() -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("../../fixtures/webauthn/attestations.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).expect("the vectors")).unwrap();
    let each = file["vectors"].as_array().expect("a list").iter().map(|value| Vector {
        name: value["name"].as_str().expect("a name").to_owned(),
        root: hex(&file["root"]),
        value: value.clone(),
    });
    each.collect()
}

impl Vector {
    fn object(&self) -> Vec<u8> {
        hex(&self.value["attestationObject"])
    }

    /// The metadata of somebody who trusts the root for this model.
    fn metadata(&self) -> Metadata {
        let model = hex(&self.value["aaguid"]).try_into().expect("16 bytes");
        Metadata::listing(Aaguid::from_bytes(model), self.root.clone())
    }

    fn register(
        &self,
        object: &[u8],
        metadata: Option<&Metadata>,
        asked: &Digest,
    ) -> Result<Registration, WebauthnError> {
        let client_data = hex(&self.value["clientDataJSON"]);
        let response =
            RegistrationResponse { client_data: &client_data, attestation_object: object };
        register_to(&response, &site(), asked, metadata, at())
    }

    fn registered(&self, object: &[u8]) -> Result<Registration, WebauthnError> {
        self.register(object, Some(&self.metadata()), &digest(&self.value["challenge"]))
    }
}

#[test]
fn the_vectors_of_the_specification_hold_and_are_worth_what_they_show() {
    let mut seen = Vec::new();
    for vector in vectors() {
        let made = vector.registered(&vector.object());
        let made = made.unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        assert_eq!(made.credential_id(), hex(&vector.value["credentialId"]), "{}", vector.name);
        let chain = Attested::Chain { anchor: sha256(&[&vector.root]), firmware: None };
        let expected = match vector.name.as_str() {
            // A key that may leave its module, one that software made, and a model that nobody signed.
            "tpm-es256" | "android-key-es256" | "fido-u2f-es256" => Attested::Unknown,
            "apple-es256" => chain,
            other => panic!("{other}"),
        };
        assert_eq!(made.attested(), expected, "{}", vector.name);
        // Without metadata nobody vouches.
        let asked = digest(&vector.value["challenge"]);
        let alone = vector.register(&vector.object(), None, &asked).expect("a registration");
        assert_eq!(alone.attested(), Attested::Unknown, "{}", vector.name);
        // And the key signs.
        let next = &vector.value["authentication"];
        let assertion = Assertion {
            credential_id: made.credential_id().to_vec(),
            client_data: hex(&next["clientDataJSON"]),
            authenticator_data: hex(&next["authenticatorData"]),
            signature: hex(&next["signature"]),
        };
        assert!(verify(&assertion, &made, &digest(&next["challenge"]), &site()).is_ok());
        seen.push(vector.name);
    }
    assert_eq!(seen.len(), 4);
}

#[test]
fn no_changed_bit_of_a_vector_is_vouched_for() {
    for vector in vectors() {
        let object = vector.object();
        vector.registered(&object).expect("a registration");
        for position in 0..object.len() {
            for bit in [0x01, 0x20, 0x80] {
                let mut changed = object.clone();
                changed[position] ^= bit;
                let Ok(made) = vector.registered(&changed) else { continue };
                // What still registers is what nobody vouches for.
                let chain = matches!(made.attested(), Attested::Chain { .. });
                assert!(!chain, "{} at {position}", vector.name);
            }
        }
    }
}

#[test]
fn an_attestation_of_another_request_is_refused() {
    for vector in vectors() {
        let other = sha256(&[b"another challenge"]);
        let made = vector.register(&vector.object(), Some(&vector.metadata()), &other);
        assert_eq!(made.unwrap_err(), WebauthnError::Challenge, "{}", vector.name);
    }
}

#[test]
fn the_structures_of_platforms_are_read_whole_or_not_at_all() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = corpus.join("../../tests/fuzz/corpus/attestation_object");
    for (seed, name) in [
        ("seed-tpm-public", "TPMT_PUBLIC"),
        ("seed-tpm-attest", "TPMS_ATTEST"),
        ("seed-android", "KeyDescription"),
    ] {
        let bytes = std::fs::read(corpus.join(seed)).expect("a seed");
        assert_eq!(platform_structure(&bytes), Some(name));
        for length in 0..bytes.len() {
            assert_eq!(platform_structure(&bytes[..length]), None, "{name} {length}");
        }
        assert_eq!(platform_structure(&[&bytes[..], &[0]].concat()), None, "{name} and more");
    }
}
