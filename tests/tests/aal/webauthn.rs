//! Authenticators beside a presentation.

use std::collections::BTreeSet;

use inkan_assurance::Decision;
use inkan_core::sha256;
use inkan_credential::bundle::Artefact;
use inkan_evidence::metadata::{Metadata, MetadataError, ModelStanding, Pinned};
use inkan_evidence::webauthn::registration::Beside;
use inkan_evidence::webauthn::{
    Aaguid, Attested, RegistrationResponse, WebauthnError, challenge, register,
};
use inkan_tests::soft_authenticator::{
    AAGUID, BACKED_UP, BACKUP_ELIGIBLE, METADATA_HOST, Maker, MetadataSigner, PRESENT, Page, Shows,
    SoftAuthenticator, metadata_of,
};
use inkan_verifier::Live;
use serde_json::{Value, json};

use super::desk::{Desk, EARLIER, NONCE, now, present, read_metadata, site};

/// Baseline HW before the answer: an authenticator of a certified model, registered.
struct Hw {
    desk: Desk,
    signer: MetadataSigner,
    root: Vec<u8>,
    authenticator: SoftAuthenticator,
}

fn hw() -> Hw {
    hw_with(&["FIDO_CERTIFIED", "FIDO_CERTIFIED_L3"], |_| {})
}

fn hw_with(statuses: &[&str], change: impl FnOnce(&mut SoftAuthenticator)) -> Hw {
    let (mut desk, signer, maker) = (Desk::new(), MetadataSigner::new(), Maker::new());
    let root = maker.root.clone();
    let mut authenticator = SoftAuthenticator::new(Shows::Maker(Box::new(maker)));
    change(&mut authenticator);
    desk.metadata = Some(read_metadata(&signer, &metadata_of(&root, statuses)));
    desk.register(&authenticator);
    Hw { desk, signer, root, authenticator }
}

impl Hw {
    fn answer(&mut self) -> Value {
        self.answer_on(|_| {})
    }

    /// Answers on a page that differs.
    fn answer_on(&mut self, change: impl FnOnce(&mut Page<'_>)) -> Value {
        let asked = challenge(NONCE, &self.desk.presentation.digest());
        let mut page = Page::of(&asked);
        change(&mut page);
        json!({ "webauthn": self.authenticator.get(&page) })
    }

    fn answered(mut self) -> Desk {
        let answer = self.answer();
        self.desk.show(answer);
        self.desk
    }
}

#[test]
fn baseline_hw_reaches_aal_3_and_the_counter_is_handed_back() {
    let desk = hw().answered();
    let remember = desk.accepted("AAL-3");
    assert_eq!(remember.registrations.len(), 1);
    assert_eq!(remember.registrations[0].counter(), 41);
    let (report, _) = desk.judged(&json!({ "min": "AAL-3", "accept": ["webauthn"],
        "fidoMin": "L3", "phishingResistant": true, "hardwareBound": true }));
    assert_eq!(report.decision(), Decision::Accept, "{:?}", report.reasons());
    assert_eq!(report.to_value()["assurance"]["aal"]["road"], "webauthn");
    let (report, _) =
        desk.judged(&json!({ "min": "AAL-3", "accept": ["webauthn"], "fidoMin": "L3+" }));
    assert_eq!(report.decision(), Decision::Reject);
}

#[test]
fn prs_02_presentation_replayed() {
    let mut desk = hw().answered();
    let sent = desk.presentation.to_value().to_string().into_bytes();
    // Nonces that this verifier made and that nobody has answered.
    let mut open = BTreeSet::from([NONCE.to_owned()]);
    let mut receive = |bytes: &[u8], min: &str| {
        let read = inkan_credential::bundle::read_any(bytes).expect("a presentation");
        let Artefact::Presentation(received) = read.into_bundle().artefact else {
            panic!("no presentation")
        };
        let nonce = received.nonce().expect("a nonce").to_owned();
        desk.live = if open.remove(&nonce) { Live::Yes } else { Live::No };
        desk.judged_after(&desk.verified(&received, &nonce), &json!({ "min": min })).0
    };
    let first = receive(&sent, "AAL-3");
    assert_eq!(first.decision(), Decision::Accept, "{:?}", first.reasons());
    // The same bytes once more, with the same answer of the authenticator beside them: refused under the weakest policy there is.
    for min in ["AAL-1", "AAL-3"] {
        let again = receive(&sent, min);
        assert_eq!(again.decision(), Decision::Reject);
        assert!(again.reasons().contains(&"nonce-invalid"), "{:?}", again.reasons());
        assert_eq!(again.to_value()["presenter"], "not-live");
    }
    // Spelt otherwise it is the same presentation.
    let value: Value = serde_json::from_slice(&sent).expect("JSON");
    let spelt = format!("{value:#}\n").into_bytes();
    assert_ne!(spelt, sent);
    assert!(receive(&spelt, "AAL-1").reasons().contains(&"nonce-invalid"));
}

#[test]
fn prs_03_audience_of_another_verifier() {
    let desk = hw().answered();
    let other = inkan_credential::presentation::PresentationTerms {
        holder: &desk.holder.did,
        method: &desk.holder.method,
        nonce: NONCE,
        audience: "origin:https://other.example",
        created: inkan_tests::made::moment(),
    };
    let credentials = std::slice::from_ref(&desk.credential);
    let elsewhere =
        inkan_credential::presentation::present_di(credentials, &other, &desk.holder.key);
    let verification = desk.verified(&elsewhere.expect("a presentation"), NONCE);
    let (report, _) = desk.judged_after(&verification, &json!({ "min": "AAL-1" }));
    let text = report.to_value().to_string();
    assert_eq!(report.decision(), Decision::Reject);
    assert!(text.contains("audience-mismatch"), "{text}");
}

#[test]
fn prs_07_attestation_not_trusted() {
    // (a) self attestation, (c) none.
    for shows in [Shows::Itself, Shows::Nothing] {
        let name = format!("{shows:?}");
        let hw = hw_with(&["FIDO_CERTIFIED_L3"], |one| one.attestation = shows);
        let known = hw.desk.registrations[0].attested();
        assert!(matches!(known, Attested::Itself | Attested::None), "{name}");
        hw.answered().capped("AAL-2", "AAL-1+", "attestation-untrusted");
    }
    // (b) a maker whose certificate metadata does not list.
    let hw = hw_with(&["FIDO_CERTIFIED_L3"], |one| {
        one.attestation = Shows::Maker(Box::new(Maker::new()));
    });
    assert_eq!(hw.desk.registrations[0].attested(), Attested::Unknown);
    hw.answered().capped("AAL-2", "AAL-1+", "attestation-untrusted");
    // What was listed once and is no more.
    let mut hw = self::hw();
    let other = metadata_of(&Maker::new().root, &["FIDO_CERTIFIED_L3"]);
    hw.desk.metadata = Some(read_metadata(&hw.signer, &other));
    hw.answered().capped("AAL-2", "AAL-1+", "attestation-untrusted");
    let mut none = self::hw();
    none.desk.metadata = None;
    none.answered().capped("AAL-2", "AAL-1+", "attestation-untrusted");
}

#[test]
fn prs_08_attested_but_not_certified() {
    for statuses in [
        &["NOT_FIDO_CERTIFIED"][..],
        &[],
        &["UPDATE_AVAILABLE"],
        &["FIDO_CERTIFIED_L3", "SELF_ASSERTION_SUBMITTED"],
        &["FIDO_CERTIFIED_L3", "A_STATUS_OF_NEXT_YEAR"],
    ] {
        let desk = hw_with(statuses, |_| {}).answered();
        desk.capped("AAL-2", "AAL-1+", "authenticator-not-certified");
    }
    let desk = hw_with(&["FIDO_CERTIFIED_L2", "UPDATE_AVAILABLE"], |_| {}).answered();
    desk.accepted("AAL-3");
    // Certified, and not high enough for AAL-3.
    let desk = hw_with(&["FIDO_CERTIFIED_L3", "FIDO_CERTIFIED_L1plus"], |_| {}).answered();
    desk.accepted("AAL-2");
    desk.capped("AAL-3", "AAL-2", "authenticator-not-certified");
}

#[test]
fn prs_09_synced_passkey() {
    let synced = |one: &mut SoftAuthenticator| one.flags |= BACKUP_ELIGIBLE | BACKED_UP;
    let desk = hw_with(&["FIDO_CERTIFIED_L3"], synced).answered();
    desk.capped("AAL-3", "AAL-2", "key-exportable");
    // A key that was kept at registration and may leave now contradicts its registration.
    let mut hw = hw();
    hw.authenticator.flags |= BACKUP_ELIGIBLE;
    hw.answered().capped("AAL-2", "AAL-1", "webauthn-assertion-invalid");
}

#[test]
fn prs_11_software_key() {
    for places in [json!(["software"]), json!(["hardware", "software"]), json!(["remote_handle"])] {
        let mut hw = hw();
        let mut metadata = metadata_of(&hw.root, &["FIDO_CERTIFIED_L3"]);
        metadata["entries"][1]["metadataStatement"]["keyProtection"] = places;
        hw.desk.metadata = Some(read_metadata(&hw.signer, &metadata));
        hw.answered().capped("AAL-3", "AAL-2", "key-not-hardware-bound");
    }
}

#[test]
fn prs_12_certified_then_revoked() {
    for bad in [
        "REVOKED",
        "USER_KEY_REMOTE_COMPROMISE",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_VERIFICATION_BYPASS",
        "USER_KEY_PHYSICAL_COMPROMISE",
    ] {
        for statuses in [&["FIDO_CERTIFIED_L2", bad][..], &[bad, "FIDO_CERTIFIED_L2"]] {
            let desk = hw_with(statuses, |_| {}).answered();
            desk.capped("AAL-2", "AAL-1", "authenticator-status-bad");
        }
    }
    // It was good when it was registered.
    let mut hw = hw();
    let metadata = metadata_of(&hw.root, &["FIDO_CERTIFIED_L3", "REVOKED"]);
    hw.desk.metadata = Some(read_metadata(&hw.signer, &metadata));
    hw.answered().capped("AAL-2", "AAL-1", "authenticator-status-bad");
}

#[test]
fn a_bad_report_is_cured_by_a_newer_firmware_that_the_authenticator_shows() {
    let signer = MetadataSigner::new();
    let mut metadata = metadata_of(
        b"root",
        &["FIDO_CERTIFIED_L2", "USER_VERIFICATION_BYPASS", "FIDO_CERTIFIED_L1"],
    );
    let reports = &mut metadata["entries"][1]["statusReports"];
    reports[1]["authenticatorVersion"] = 3.into();
    reports[2]["authenticatorVersion"] = 4.into();
    let read = read_metadata(&signer, &metadata);
    let model = Aaguid::parse(AAGUID).unwrap();
    let standing = |firmware| read.standing(&model, firmware, now()).unwrap();
    assert_eq!(standing(Some(4)).level(), Some(inkan_evidence::FidoLevel::L1));
    assert_eq!(standing(Some(3)), ModelStanding::Bad);
    assert_eq!(standing(None), ModelStanding::Bad);
    metadata["entries"][1]["statusReports"][2]["authenticatorVersion"] = 3.into();
    let read = read_metadata(&signer, &metadata);
    assert_eq!(read.standing(&model, Some(4), now()), Some(ModelStanding::Bad));
}

#[test]
fn prs_13_metadata_past_its_next_update() {
    let mut hw = hw();
    let mut metadata = metadata_of(&hw.root, &["FIDO_CERTIFIED_L3"]);
    metadata["nextUpdate"] = json!("2026-06-13");
    let read = read_metadata(&hw.signer, &metadata);
    assert_eq!(read.check_current(now()).unwrap_err().code(), "metadata-not-current");
    hw.desk.metadata = Some(read);
    hw.answered().capped("AAL-2", "AAL-1+", "metadata-not-current");
    // The day itself still counts.
    let mut hw = self::hw();
    let mut metadata = metadata_of(&hw.root, &["FIDO_CERTIFIED_L3"]);
    metadata["nextUpdate"] = json!("2026-06-14");
    hw.desk.metadata = Some(read_metadata(&hw.signer, &metadata));
    hw.answered().accepted("AAL-3");
}

#[test]
fn metadata_is_taken_from_whom_was_pinned_and_never_goes_back() {
    let (signer, other) = (MetadataSigner::new(), MetadataSigner::new());
    let payload = metadata_of(b"root", &[]);
    let pinned = Pinned { root: signer.root.clone(), host: METADATA_HOST.to_owned(), newest: 7 };
    let good = signer.sign(&payload);
    assert_eq!(Metadata::parse(&good, &pinned, now()).unwrap().number(), 7);
    let newer = Pinned { newest: 8, ..pinned.clone() };
    assert!(matches!(Metadata::parse(&good, &newer, now()), Err(MetadataError::Older { .. })));
    let elsewhere = Pinned { host: "other.example".to_owned(), ..pinned.clone() };
    for (blob, pinned) in [(&good, &elsewhere), (&other.sign(&payload), &pinned)] {
        assert_eq!(Metadata::parse(blob, pinned, now()).unwrap_err(), MetadataError::Signer);
    }
    let text = String::from_utf8(good).unwrap();
    let forged = inkan_tests::made::tampered_compact(&text, 1);
    let refused = Metadata::parse(forged.as_bytes(), &pinned, now()).unwrap_err();
    assert_eq!(refused, MetadataError::Signature);
    let mut twice = payload;
    let again = twice["entries"][1].clone();
    twice["entries"].as_array_mut().unwrap().push(again);
    let refused = Metadata::parse(&signer.sign(&twice), &pinned, now()).unwrap_err();
    assert_eq!(refused.code(), "metadata-malformed");
}

#[test]
fn prs_14_assertion_for_another_page() {
    for change in [
        |page: &mut Page<'_>| page.origin = "https://evil.example",
        |page: &mut Page<'_>| page.origin = "https://bank.example.evil.example",
        |page: &mut Page<'_>| page.more = ",\"crossOrigin\":true",
        |page: &mut Page<'_>| page.more = ",\"crossOrigin\":\"false\"",
        |page: &mut Page<'_>| page.more = ",\"topOrigin\":\"https://evil.example\"",
        // Two parsers, two origins.
        |page: &mut Page<'_>| page.more = ",\"origin\":\"https://bank.example\"",
    ] {
        let mut hw = hw();
        let answer = hw.answer_on(change);
        hw.desk.show(answer);
        hw.desk.capped("AAL-2", "AAL-1", "webauthn-assertion-invalid");
    }
    let mut hw = hw();
    let answer = hw.answer_on(|page| page.more = ",\"other_keys_can_be_added_here\":\"x\"");
    hw.desk.show(answer);
    hw.desk.accepted("AAL-3");
}

#[test]
fn an_assertion_belongs_to_one_presentation_and_one_nonce() {
    let mut hw = hw();
    for other in [
        challenge(EARLIER, &hw.desk.presentation.digest()),
        challenge(NONCE, &present(&hw.desk.holder, &hw.desk.credential, EARLIER).digest()),
        sha256(&[NONCE.as_bytes()]),
    ] {
        let answer = json!({ "webauthn": hw.authenticator.get(&Page::of(&other)) });
        hw.desk.shown["authenticator"] = json!([answer]);
        hw.desk.capped("AAL-2", "AAL-1", "webauthn-challenge-mismatch");
    }
}

#[test]
fn prs_15_signature_counter_goes_back() {
    for before in [41, 40] {
        let mut hw = hw();
        hw.desk.registrations[0] = hw.desk.registrations[0].clone().with_counter(before);
        // The next one is 40.
        hw.authenticator.counter = 39;
        let desk = hw.answered();
        desk.capped("AAL-3", "AAL-2", "authenticator-counter");
        assert_eq!(desk.accepted("AAL-2").registrations[0].counter(), before);
    }
    // An authenticator that does not count; then one that does no longer.
    let silent = hw_with(&["FIDO_CERTIFIED_L3"], |one| one.counter = 0);
    silent.answered().accepted("AAL-3");
    let mut silenced = hw();
    silenced.authenticator.counter = 0;
    silenced.answered().capped("AAL-3", "AAL-2", "authenticator-counter");
}

#[test]
fn an_authenticator_of_somebody_else_gives_nothing() {
    let mut hw = hw();
    let answer = hw.answer();
    hw.desk.show(answer);
    let mut value = hw.desk.registrations[0].to_value();
    let own = hw.desk.registrations.clone();
    for member in ["holder", "jkt", "credentialId"] {
        let before = value[member].clone();
        value[member] = json!("AAAA");
        let text = value.to_string();
        let other = inkan_evidence::webauthn::Registration::parse(text.as_bytes()).unwrap();
        hw.desk.registrations = vec![other];
        hw.desk.capped("AAL-2", "AAL-1", "authenticator-not-bound");
        value[member] = before;
    }
    hw.desk.registrations = own;
    hw.desk.accepted("AAL-3");
}

#[test]
fn flipped_bits_and_an_absent_user_are_noticed() {
    let mut hw = hw();
    let answer = hw.answer();
    for part in ["authenticatorData", "signature", "clientDataJSON"] {
        let mut changed = answer.clone();
        let text = changed["webauthn"]["response"][part].as_str().unwrap();
        let mut bytes = inkan_core::encoding::decode_b64u(text).unwrap();
        // In client data, a letter of the type.
        let at = if part == "clientDataJSON" { 10 } else { bytes.len() - 1 };
        bytes[at] ^= 1;
        changed["webauthn"]["response"][part] = inkan_core::encoding::b64u(&bytes).into();
        hw.desk.shown["authenticator"] = json!([changed]);
        hw.desk.capped("AAL-2", "AAL-1", "webauthn-assertion-invalid");
    }
    // Nobody there; then somebody whom nobody knows.
    for (flags, level, code) in [
        (0, "AAL-1", "webauthn-assertion-invalid"),
        (PRESENT, "AAL-1", "user-verification-unattested"),
        (PRESENT | BACKED_UP, "AAL-1", "webauthn-assertion-invalid"),
    ] {
        hw.authenticator.flags = flags;
        let answer = hw.answer();
        hw.desk.shown["authenticator"] = json!([answer]);
        hw.desk.capped("AAL-2", level, code);
    }
}

#[test]
fn a_registration_is_made_beside_a_presentation_that_is_live() {
    let mut desk = Desk::new();
    let authenticator = SoftAuthenticator::new(Shows::Nothing);
    let first = present(&desk.holder, &desk.credential, EARLIER);
    let asked = challenge(EARLIER, &first.digest());
    let (client, object) = authenticator.create(&Page::of(&asked));
    let site = site();
    let tried = |desk: &Desk, nonce: &str, object: &[u8], client: &[u8]| {
        let verification = desk.verified(&first, EARLIER);
        let response = RegistrationResponse { client_data: client, attestation_object: object };
        let presenter = verification.presenter().unwrap();
        let beside = Beside { presenter, nonce, site: &site, metadata: None, at: now() };
        register(&response, &beside)
    };
    tried(&desk, EARLIER, &object, &client).unwrap();
    assert_eq!(tried(&desk, NONCE, &object, &client).unwrap_err(), WebauthnError::Nonce);
    let other = challenge(NONCE, &first.digest());
    let (other, _) = authenticator.create(&Page::of(&other));
    assert_eq!(tried(&desk, EARLIER, &object, &other).unwrap_err(), WebauthnError::Challenge);
    desk.live = Live::No;
    assert_eq!(tried(&desk, EARLIER, &object, &client).unwrap_err(), WebauthnError::Nonce);
    desk.live = Live::Yes;
    for length in 0..object.len() {
        assert!(tried(&desk, EARLIER, &object[..length], &client).is_err(), "{length}");
    }
}
