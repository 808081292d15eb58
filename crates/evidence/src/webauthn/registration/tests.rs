use super::*;
use crate::webauthn::AuthenticatorData;

const AAGUID: &str = "f8a011f3-8c0a-4d15-8006-17111f9edc7d";

/// Authenticator data without more: digest, flags, counter.
fn data(flags: u8, more: &[u8]) -> Vec<u8> {
    [&[7; 32][..], &[flags], &[0, 0, 0, 9], more].concat()
}

#[test]
fn authenticator_data_is_read_whole_or_not_at_all() {
    let read = AuthenticatorData::parse(&data(0x05, &[])).unwrap();
    assert_eq!(read.counter(), 9);
    assert!(read.flags().is_user_present() && read.flags().is_user_verified());
    assert!(!read.flags().is_backup_eligible() && !read.flags().is_backed_up());
    // Extensions, if the flag says so: a map, and nothing after it.
    assert!(AuthenticatorData::parse(&data(0x81, &[0xa0])).is_ok());
    for (flags, more) in [
        (0x01, &[0xa0][..]),
        (0x81, &[]),
        (0x81, &[0x80]),
        (0x81, &[0xa0, 0]),
        (0x41, &[]),
        (0x41, &[0; 18]),
        (0x11, &[]),
    ] {
        assert!(AuthenticatorData::parse(&data(flags, more)).is_err(), "{flags:x} {more:?}");
    }
    for length in 0..37 {
        assert!(AuthenticatorData::parse(&data(1, &[])[..length]).is_err());
    }
}

#[test]
fn a_model_has_one_name() {
    let model = Aaguid::parse(AAGUID).unwrap();
    assert_eq!(model.to_string(), AAGUID);
    assert_eq!(Aaguid::from_bytes(*model.as_bytes()), model);
    for wrong in ["", "F8A011F3-8c0a-4d15-8006-17111f9edc7d", "f8a011f38c0a4d15800617111f9edc7d"] {
        assert_eq!(Aaguid::parse(wrong), None);
    }
}

#[test]
fn a_challenge_names_nonce_and_presentation_apart() {
    let (one, other) = (sha256(&[b"one"]), sha256(&[b"other"]));
    let asked = challenge("nonce", &one);
    assert_ne!(asked, challenge("nonce", &other));
    assert_ne!(asked, challenge("nonces", &one));
    let parts = [b"inkan-aal-bind-v1".as_slice(), &[0], b"nonce", one.as_bytes()];
    assert_eq!(asked, sha256(&parts));
}

#[test]
fn a_file_that_does_not_say_who_told_is_of_before_platforms_did() {
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let read = |attestation: Value| {
        let file = json!({
            "type": TYPE, "credentialId": "AQ", "key": key, "aaguid": AAGUID, "rpId": "bank.example",
            "holder": "did:example:a", "jkt": "AA", "counter": 4, "backupEligible": false,
            "attestation": attestation, "registeredAt": "2026-06-14T09:00:00Z",
        });
        Registration::parse(file.to_string().as_bytes()).ok().map(|read| read.attested())
    };
    let chain = |told_by: Option<&str>| {
        let mut chain = json!({ "outcome": "chain", "anchorSha256": "ab".repeat(32) });
        if let Some(told_by) = told_by {
            chain["toldBy"] = told_by.into();
        }
        match read(chain) {
            Some(Attested::Chain { told_by, .. }) => Some(told_by),
            _ => None,
        }
    };
    assert_eq!(chain(None), Some(ToldBy::Authenticator));
    assert_eq!(chain(Some("platform")), Some(ToldBy::Platform));
    assert_eq!(chain(Some("authenticator")), Some(ToldBy::Authenticator));
    assert_eq!(chain(Some("maker")), None);
    assert_eq!(read(json!({ "outcome": "none", "toldBy": "authenticator" })), None);
}
