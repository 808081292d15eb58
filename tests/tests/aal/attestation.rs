//! How platforms and old tokens show their model: each format trusted to a listed root, and worth nothing once anything of it is changed.

use inkan_assurance::Decision;
use inkan_core::sha256;
use inkan_evidence::webauthn::registration::Beside;
use inkan_evidence::webauthn::{
    Attested, Registration, RegistrationResponse, ToldBy, WebauthnError, challenge, register,
};
use inkan_tests::soft_authenticator::platform::{
    ALL_APPLICATIONS, LOCKED, ORIGIN_GENERATED, ORIGIN_IMPORTED, PURPOSE_SIGN, Parts, hardware_of,
    old_certificate, root_of_trust, tlv,
};
use inkan_tests::soft_authenticator::{
    Format, MetadataSigner, PRESENT, Page, Platform, Shows, SoftAuthenticator, metadata_of,
};
use serde_json::json;

use super::desk::{Desk, EARLIER, NONCE, now, present, read_metadata, site};

const FORMATS: [Format; 4] = [Format::Tpm, Format::Android, Format::Apple, Format::U2f];

fn authenticator(platform: Platform) -> SoftAuthenticator {
    let format = platform.format;
    let mut made = SoftAuthenticator::new(Shows::Platform(Box::new(platform)));
    if format == Format::U2f {
        // A token of U2F cannot know its user, and begins to count when it is used.
        (made.flags, made.counter) = (PRESENT, 0);
    }
    made
}

/// Registers the bytes that `change` leaves, with the root listed.
fn registered(
    platform: Platform,
    change: impl FnOnce(&mut Vec<u8>),
) -> Result<Registration, WebauthnError> {
    let desk = Desk::new();
    let root = platform.root.clone();
    let first = present(&desk.holder, &desk.credential, EARLIER);
    let asked = challenge(EARLIER, &first.digest());
    let (client_data, mut object) = authenticator(platform).create(&Page::of(&asked));
    change(&mut object);
    let metadata = read_metadata(&MetadataSigner::new(), &metadata_of(&root, &[]));
    let verification = desk.verified(&first, EARLIER);
    let response = RegistrationResponse { client_data: &client_data, attestation_object: &object };
    let beside = Beside {
        presenter: verification.presenter().expect("a presenter"),
        nonce: EARLIER,
        site: &site(),
        metadata: Some(&metadata),
        at: now(),
    };
    register(&response, &beside)
}

fn attested(format: Format, change: fn(&mut Parts<'_>)) -> Result<Attested, WebauthnError> {
    registered(Platform::with(format, change), |_| {}).map(|made| made.attested())
}

fn refused(format: Format, why: &'static str, change: fn(&mut Parts<'_>)) {
    assert_eq!(attested(format, change), Err(WebauthnError::Attestation(why)), "{format:?}");
}

#[test]
fn every_format_leads_to_the_root_that_is_listed_for_its_model() {
    for format in FORMATS {
        let platform = Platform::new(format);
        let anchor = sha256(&[&platform.root]);
        let made = registered(platform, |_| {}).unwrap_or_else(|e| panic!("{format:?}: {e}"));
        let told_by = match format {
            Format::Tpm | Format::Android => ToldBy::Platform,
            Format::Apple | Format::U2f => ToldBy::Authenticator,
        };
        let expected = Attested::Chain { anchor, firmware: None, told_by };
        assert_eq!(made.attested(), expected, "{format:?}");
    }
}

#[test]
fn a_platforms_own_word_counts_only_where_the_certificate_is_over_it() {
    for format in [Format::Tpm, Format::Android, Format::Apple] {
        for listed in [true, false] {
            let (mut desk, platform) = (Desk::new(), Platform::new(format));
            let root =
                if listed { platform.root.clone() } else { Platform::new(format).root.clone() };
            let metadata = metadata_of(&root, &["FIDO_CERTIFIED_L3"]);
            desk.metadata = Some(read_metadata(&MetadataSigner::new(), &metadata));
            let mut authenticator = authenticator(platform);
            desk.register(&authenticator);
            let asked = challenge(NONCE, &desk.presentation.digest());
            desk.show(json!({ "webauthn": authenticator.get(&Page::of(&asked)) }));
            match (format, listed) {
                (Format::Apple, true) => drop(desk.accepted("AAL-3")),
                // The key lies in hardware, which counts. That somebody was verified, and by which model, any program says that has a key made.
                (_, true) => {
                    desk.capped("AAL-2", "AAL-1+", "user-verification-unattested");
                    desk.capped("AAL-3", "AAL-1+", "authenticator-not-certified");
                    let (report, _) = desk.judged(&json!({
                        "min": "AAL-1", "accept": ["webauthn"], "hardwareBound": true,
                    }));
                    assert_eq!(report.decision(), Decision::Accept, "{:?}", report.reasons());
                    let (report, _) =
                        desk.judged(&json!({ "min": "AAL-1", "userVerification": "attested" }));
                    assert_ne!(report.decision(), Decision::Accept);
                }
                (_, false) => drop(desk.capped("AAL-2", "AAL-1+", "attestation-untrusted")),
            }
        }
    }
}

#[test]
fn an_old_token_shows_no_user_whoever_made_it() {
    let (mut desk, platform) = (Desk::new(), Platform::new(Format::U2f));
    let metadata = metadata_of(&platform.root, &["FIDO_CERTIFIED_L3"]);
    desk.metadata = Some(read_metadata(&MetadataSigner::new(), &metadata));
    let mut authenticator = authenticator(platform);
    desk.register(&authenticator);
    let asked = challenge(NONCE, &desk.presentation.digest());
    authenticator.counter = 1;
    desk.show(json!({ "webauthn": authenticator.get(&Page::of(&asked)) }));
    desk.capped("AAL-2", "AAL-1", "user-verification-unattested");
}

#[test]
fn no_changed_bit_is_vouched_for() {
    for format in FORMATS {
        let mut object = Vec::new();
        let platform = Platform::new(format);
        let anchor = sha256(&[&platform.root]);
        registered(platform, |made| object.clone_from(made)).expect("a registration");
        // Certificates are made anew each time, and their signatures differ by a byte or two in length.
        for position in (0..object.len()).step_by(7) {
            let mut is_changed = false;
            let made = registered(Platform::new(format), |made| {
                if let Some(byte) = made.get_mut(position) {
                    *byte ^= 0x01;
                    is_changed = true;
                }
            });
            assert!(is_changed || position + 16 > object.len(), "{format:?} at {position}");
            if !is_changed {
                continue;
            }
            let Ok(made) = made else { continue };
            let chain = matches!(made.attested(), Attested::Chain { .. });
            assert!(!chain, "{format:?} at {position} of {}, {anchor:?}", object.len());
        }
    }
}

#[test]
fn what_a_tpm_did_not_make_or_does_not_keep_is_not_vouched_for() {
    let tpm = Format::Tpm;
    // A structure that somebody had the key sign, and no TPM made.
    refused(tpm, "certInfo", |parts| parts.magic = 0xff54_4348);
    refused(tpm, "extraData", |parts| parts.asked.push(0));
    refused(tpm, "name", |parts| parts.named = b"another key".to_vec());
    refused(tpm, "purpose of the certificate", |parts| parts.is_attestation_key = false);
    refused(tpm, "subject of the certificate", |parts| parts.has_subject = true);
    // fixedTPM, fixedParent, sensitiveDataOrigin: one by one.
    for change in [
        (|parts: &mut Parts<'_>| parts.attributes &= !0x02) as fn(&mut Parts<'_>),
        |parts| parts.attributes &= !0x10,
        |parts| parts.attributes &= !0x20,
    ] {
        assert_eq!(attested(tpm, change), Ok(Attested::Unknown));
    }
    // SHA-1 is not read, whatever it would show.
    let with_sha_1 = attested(tpm, |parts| parts.algorithm = vec![0x39, 0xff, 0xfe]);
    assert_eq!(with_sha_1, Ok(Attested::Unread));
    assert_eq!(attested(tpm, |parts| parts.name_algorithm = 4), Ok(Attested::Unread));
    // PS256.
    assert_eq!(attested(tpm, |parts| parts.algorithm = vec![0x38, 0x24]), Ok(Attested::Unread));
    refused(tpm, "signature", |parts| parts.algorithm = vec![0x38, 0x22]);
}

#[test]
fn a_key_that_androids_hardware_does_not_hold_is_not_vouched_for() {
    let android = Format::Android;
    let holds = attested(android, |parts| parts.level = 2);
    assert!(matches!(holds, Ok(Attested::Chain { .. })), "a chip of its own: {holds:?}");
    // Software says it, or nobody says what it is for.
    for change in [
        (|parts: &mut Parts<'_>| parts.level = 0) as fn(&mut Parts<'_>),
        |parts| parts.hardware = tlv(0x30, &[]),
        |parts| parts.hardware = tlv(0x30, PURPOSE_SIGN),
        |parts| {
            parts.software = tlv(0x30, &[PURPOSE_SIGN, ORIGIN_GENERATED].concat());
            parts.hardware = tlv(0x30, &[]);
        },
        // For every application; brought in from elsewhere; to encrypt and to sign.
        |parts| parts.software = tlv(0x30, ALL_APPLICATIONS),
        |parts| parts.software = tlv(0x30, ORIGIN_IMPORTED),
        |parts| {
            let root = root_of_trust(LOCKED, 0);
            parts.hardware = tlv(0x30, &[PURPOSE_SIGN, ORIGIN_IMPORTED, &root].concat());
        },
        |parts| {
            let (both, root) = ([0xa1, 8, 0x31, 6, 2, 1, 0, 2, 1, 2], root_of_trust(LOCKED, 0));
            parts.hardware = tlv(0x30, &[&both, ORIGIN_GENERATED, &root].concat());
        },
    ] {
        assert_eq!(attested(android, change), Ok(Attested::Unknown));
    }
    // What is not read is no forgery: the credential counts as one that shows nothing.
    for change in [
        (|parts: &mut Parts<'_>| parts.level = 3) as fn(&mut Parts<'_>),
        |parts| parts.hardware = tlv(0x30, &[ORIGIN_GENERATED, PURPOSE_SIGN].concat()),
        |parts| {
            let twice = [PURPOSE_SIGN, PURPOSE_SIGN, ORIGIN_GENERATED];
            parts.hardware = tlv(0x30, &twice.concat());
        },
    ] {
        assert_eq!(attested(android, change), Ok(Attested::Unread));
    }
    refused(android, "challenge in the certificate", |parts| parts.challenge[0] ^= 1);
}

#[test]
fn a_device_that_was_opened_vouches_for_nothing() {
    let opened = |change| assert_eq!(attested(Format::Android, change), Ok(Attested::Unknown));
    opened(|parts| parts.hardware = hardware_of(&root_of_trust(0, 0)));
    opened(|parts| parts.hardware = hardware_of(&root_of_trust(LOCKED, 1)));
    opened(|parts| parts.hardware = hardware_of(&root_of_trust(LOCKED, 2)));
    opened(|parts| parts.hardware = hardware_of(&root_of_trust(LOCKED, 3)));
    opened(|parts| parts.hardware = hardware_of(&[]));
    // What software says of the boot, the opened system says.
    opened(|parts| {
        parts.hardware = hardware_of(&[]);
        parts.software = tlv(0x30, &root_of_trust(LOCKED, 0));
    });
    let unread = attested(Format::Android, |parts| {
        parts.hardware = hardware_of(&root_of_trust(LOCKED, 4));
    });
    assert_eq!(unread, Ok(Attested::Unread));
}

#[test]
fn a_certificate_of_another_key_or_request_shows_nothing() {
    let other = || {
        use inkan_core::rng::insecure::SeededRng;
        use inkan_crypto::{KeyType, SecretKey};
        SecretKey::generate(KeyType::P256, &mut SeededRng::new(78))
    };
    for format in [Format::Android, Format::Apple] {
        let mut one = SoftAuthenticator::new(Shows::Platform(Box::new(Platform::new(format))));
        one.key = other();
        let page = sha256(&[b"challenge"]);
        let (_, theirs) = one.create(&Page::of(&page));
        // The statement of one authenticator beside the data of another.
        let made = registered(Platform::new(format), |object| {
            let (own, their) = (split(object), split(&theirs));
            *object = [&their.0[..], &own.1].concat();
        });
        assert!(made.is_err(), "{format:?}: {made:?}");
    }
    refused(Format::Apple, "nonce in the certificate", |parts| parts.challenge[31] ^= 1);
    refused(Format::U2f, "signature", |parts| parts.rp[0] ^= 1);
}

/// An attestation object before and from its last member, `authData`.
fn split(object: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let name = b"hauthData";
    let at = object.windows(name.len()).position(|window| window == name).expect("authData");
    let (before, from) = object.split_at(at);
    (before.to_vec(), from.to_vec())
}

#[test]
fn what_a_token_did_not_sign_is_not_vouched_for() {
    let unnamed = attested(Format::U2f, |parts| parts.is_named = false);
    assert_eq!(unnamed, Ok(Attested::Unknown), "any client can write a model there");
    // Certificates of before: of version 1, and such as no strict reader reads.
    let old = attested(Format::U2f, |parts| {
        parts.certificate = Some(old_certificate(parts.key, 0));
    });
    assert_eq!(old, Ok(Attested::Unknown));
    let unread = attested(Format::U2f, |parts| {
        parts.certificate = Some(old_certificate(parts.key, 9));
    });
    assert_eq!(unread, Ok(Attested::Unread));
    refused(Format::U2f, "signature", |parts| {
        parts.certificate = Some(old_certificate(parts.key, 0));
        parts.rp[0] ^= 1;
    });
    // Flags and counter of authenticator data, in front of the model.
    for (offset, value) in [(32, 0x45), (36, 1)] {
        let made = registered(Platform::new(Format::U2f), |object| {
            let rp = sha256(&[b"bank.example"]);
            let data = object.windows(32).position(|window| window == rp.as_bytes());
            object[data.expect("authenticator data") + offset] = value;
        });
        let why = WebauthnError::Attestation("flags or counter, which nobody signed");
        assert_eq!(made.unwrap_err(), why);
    }
}
