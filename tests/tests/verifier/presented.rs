//! Presentations: who shows it, to whom, in answer to what, and when.

use inkan_core::Timestamp;
use inkan_credential::presentation::{Presentation, PresentationTerms, present_di, present_jose};
use inkan_credential::{Artefact, Format};
use inkan_crypto::KeyType;
use inkan_ledger::MapKey;
use inkan_tests::world::{AUDIENCE, Case, HOLDER, ISSUER, NONCE, Order, Parts, World};
use inkan_verifier::{CheckName, Context, Expectation, Live, Receipts, Verification};
use serde_json::json;

use super::expect::{accepted, lines, open, passed, refused};

fn presented(seed: u64, format: Format) -> (World, Case, Parts) {
    let mut world = World::new(seed);
    let case = world.issue(format);
    let presentation = world.present(&[&case], format, HOLDER);
    let parts = world.parts_presented(presentation, &[&case]);
    (world, case, parts)
}

fn expecting(context: Context, change: impl FnOnce(&mut Expectation)) -> Context {
    let mut expectation = context.expectation.clone().expect("an expectation");
    change(&mut expectation);
    Context { expectation: Some(expectation), ..context }
}

#[track_caller]
fn rejected(verification: &Verification, code: &str) {
    refused(verification, CheckName::Presentation, code);
}

/// A presentation by embedded proof, on terms of one's own.
fn present(world: &World, case: &Case, created: Timestamp, nonce: &str, audience: &str) -> Parts {
    let holder = world.actor(HOLDER);
    let terms = PresentationTerms {
        holder: holder.did.as_str(),
        method: &holder.method(),
        nonce,
        audience,
        created,
    };
    let credentials = [case.credential.clone()];
    let made = present_di(&credentials, &terms, &holder.key).expect("a presentation");
    world.parts_presented(made, &[case])
}

#[test]
fn an_answer_to_our_nonce_is_accepted_in_every_form() {
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        for (of_credential, of_presentation) in [
            (Format::DataIntegrity, Format::DataIntegrity),
            (Format::Jose, Format::Jose),
            (Format::DataIntegrity, Format::Jose),
            (Format::Jose, Format::DataIntegrity),
        ] {
            let mut world = World::with_keys(130, key_type);
            let mut case = world.issue(of_credential);
            world.accept(&mut case);
            let presentation = world.present(&[&case], of_presentation, HOLDER);
            let parts = world.parts_presented(presentation, &[&case]);
            let verification = parts.judge(&world.asking());
            accepted(&verification);
            let presenter = verification.presenter().expect("a presenter");
            assert_eq!(presenter.holder(), world.actor(HOLDER).did.as_str());
            assert_eq!(presenter.key(), &world.actor(HOLDER).key.public_key());
            assert_eq!((presenter.audience(), presenter.live()), (AUDIENCE, Live::Yes));
            assert_eq!(presenter.nonce_digest(), inkan_core::sha256(&[NONCE.as_bytes()]));
            assert!(verification.was_presented());
        }
    }
}

#[test]
fn a_changed_presentation_is_refused() {
    let (world, case, parts) = presented(131, Format::DataIntegrity);
    let Artefact::Presentation(presentation) = &parts.artefact else { panic!("a presentation") };
    for (member, text) in [("created", "2026-06-14T10:00:11Z"), ("expires", "2036-06-14T10:00:11Z")]
    {
        let mut value = presentation.to_value();
        value["proof"][member] = text.into();
        let forged = Presentation::parse_value(value).expect("readable");
        let parts = world.parts_presented(forged, &[&case]);
        rejected(&parts.judge(&world.asking()), "presentation-proof-invalid");
    }
    // One credential exchanged for another.
    let mut world = world;
    let other = world.issue(Format::DataIntegrity);
    let mut value = presentation.to_value();
    value["verifiableCredential"] = json!([other.credential.to_value()]);
    let forged = Presentation::parse_value(value).expect("readable");
    let verification = world.parts_presented(forged, &[&other]).judge(&world.asking());
    rejected(&verification, "presentation-proof-invalid");
    assert!(verification.presenter().is_none());
}

#[test]
fn another_nonce_is_refused() {
    let (world, case, parts) = presented(132, Format::Jose);
    let context = expecting(world.asking(), |expected| expected.nonce = "another".to_owned());
    rejected(&parts.judge(&context), "nonce-invalid");
    // Nobody asked.
    rejected(&parts.judge(&world.context()), "nonce-invalid");
    // Asked too long ago.
    let long_ago = world.now.plus_seconds(-301);
    let context = expecting(world.asking(), |expected| expected.nonce_issued_at = Some(long_ago));
    rejected(&parts.judge(&context), "nonce-invalid");
    let just = world.now.plus_seconds(-300);
    let context = expecting(world.asking(), |expected| expected.nonce_issued_at = Some(just));
    accepted(&parts.judge(&context));
    let parts = present(&world, &case, world.now, "n-0s6_WzA2Mj", AUDIENCE);
    rejected(&parts.judge(&world.asking()), "nonce-invalid");
}

#[test]
fn another_audience_is_refused() {
    let (world, case, parts) = presented(133, Format::Jose);
    let context =
        expecting(world.asking(), |expected| expected.audience = "https://shop.example".to_owned());
    rejected(&parts.judge(&context), "audience-mismatch");
    let parts = present(&world, &case, world.now, NONCE, "https://bank.example.evil");
    rejected(&parts.judge(&world.asking()), "audience-mismatch");
}

#[test]
fn a_presentation_that_took_too_long_is_refused() {
    let (world, case, _) = presented(134, Format::DataIntegrity);
    let made = |seconds| present(&world, &case, world.now.plus_seconds(seconds), NONCE, AUDIENCE);
    for seconds in [-301, 61] {
        rejected(&made(seconds).judge(&world.asking()), "presentation-stale");
    }
    for seconds in [-300, 60] {
        accepted(&made(seconds).judge(&world.asking()));
    }
}

#[test]
fn freshness_is_judged_at_arrival_and_not_as_of_another_time() {
    let (world, case, _) = presented(135, Format::DataIntegrity);
    let late = present(&world, &case, world.now, NONCE, AUDIENCE);
    let received_at = world.now.plus_seconds(3_600);
    let context = Context { received_at, ..world.asking() };
    let context = expecting(context, |expected| expected.nonce_issued_at = None);
    rejected(&late.judge(&context), "presentation-stale");
    // Judged again it is not live, and says so.
    let again = expecting(context, |expected| expected.live = Live::No);
    let verification = late.judge(&again);
    accepted(&verification);
    assert_eq!(verification.presenter().expect("a presenter").live(), Live::No);
    let line = passed(&verification, CheckName::Presentation);
    assert!(lines(&verification).contains("no, judged again"), "{line:?}");
}

#[test]
fn who_presents_is_judged_now_whatever_time_is_asked_about() {
    for format in [Format::DataIntegrity, Format::Jose] {
        let mut world = World::new(144);
        let case = world.issue(format);
        let then = world.now.plus_seconds(60);
        world.sleep(3_600);
        // By the holder's key of then, after it was replaced: whoever stole it.
        let late = world.present(&[&case], format, HOLDER);
        let early = Context { as_of: then, ..world.asking() };
        accepted(&world.parts_presented(late.clone(), &[&case]).judge(&early));
        world.rotate(HOLDER);
        let parts = world.parts_presented(late, &[&case]);
        let now = Context { received_at: world.now, ..early };
        rejected(&parts.judge(&now), "holder-key-mismatch");
        // Judged again it says that it is not live.
        let again = expecting(now, |expected| expected.live = Live::No);
        accepted(&parts.judge(&again));
        // The holder's key of now, and the credential as it stood then.
        let own = world.present(&[&case], format, HOLDER);
        let parts = world.parts_presented(own, &[&case]);
        accepted(&parts.judge(&Context { as_of: then, ..world.asking() }));
    }
}

#[test]
fn a_presentation_past_its_own_end_is_refused() {
    let (world, case, _) = presented(136, Format::Jose);
    let holder = world.actor(HOLDER);
    let end = |seconds: i64| {
        let payload = json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiablePresentation"],
            "holder": holder.did.as_str(),
            "verifiableCredential": [case.credential.to_value()],
            "nonce": NONCE,
            "aud": AUDIENCE,
            "iat": world.now.seconds() - 60,
            "exp": world.now.seconds() + seconds,
        });
        let mut header = serde_json::Map::new();
        header.insert("typ".to_owned(), "vp+jwt".into());
        header.insert("kid".to_owned(), holder.method().into());
        let compact = inkan_crypto::jws::sign(header, payload.to_string().as_bytes(), &holder.key);
        let made = Presentation::parse_compact(&compact.expect("signed")).expect("readable");
        world.parts_presented(made, &[&case]).judge(&world.asking())
    };
    rejected(&end(-1), "presentation-stale");
    accepted(&end(0));
}

#[test]
fn somebody_elses_presentation_is_refused() {
    let mut world = World::new(137);
    let case = world.issue(Format::Jose);
    let thief = world.settle("thief", KeyType::Ed25519);
    let presentation = world.present(&[&case], Format::Jose, thief);
    let parts = world.parts_presented(presentation, &[&case]);
    let verification = parts.judge(&world.asking());
    rejected(&verification, "holder-key-mismatch");
    assert!(verification.credentials()[0].is_none());
    // A did:key of their own changes nothing.
    let visitor = world.visitor(KeyType::P256);
    let presentation = world.present(&[&case], Format::DataIntegrity, visitor);
    let parts = world.parts_presented(presentation, &[&case]);
    rejected(&parts.judge(&world.asking()), "holder-key-mismatch");
}

#[test]
fn a_credential_of_nobody_can_be_presented_by_anybody_and_the_report_says_so() {
    let mut world = World::new(138);
    let mut order = Order::of(Format::Jose);
    order.subject = false;
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    let bearer = world.visitor(KeyType::P256);
    let presentation = world.present(&[&case], Format::Jose, bearer);
    let parts = world.parts_presented(presentation, &[&case]);
    let verification = parts.judge(&world.asking());
    accepted(&verification);
    assert!(lines(&verification).contains("cred[0] presentation: skipped"));
}

#[test]
fn a_holder_key_that_was_replaced_is_not_the_holders() {
    let mut world = World::new(139);
    let case = world.issue(Format::DataIntegrity);
    let presentation = world.present(&[&case], Format::DataIntegrity, HOLDER);
    world.rotate(HOLDER);
    let parts = world.parts_presented(presentation, &[&case]);
    let verification = parts.judge(&world.asking());
    rejected(&verification, "holder-key-mismatch");
    assert!(verification.presenter().is_none());
    // With the new key it is accepted.
    let presentation = world.present(&[&case], Format::DataIntegrity, HOLDER);
    accepted(&world.parts_presented(presentation, &[&case]).judge(&world.asking()));
}

#[test]
fn a_rotation_of_the_holder_that_is_left_out_is_not_overlooked() {
    let mut world = World::new(140);
    let case = world.issue(Format::DataIntegrity);
    let presentation = world.present(&[&case], Format::DataIntegrity, HOLDER);
    world.rotate(HOLDER);
    world.rotate(HOLDER);
    let mut parts = world.parts_presented(presentation, &[&case]);
    let holder = world.actor(HOLDER);
    parts.drop_receipt(&world.ledger.receipt(holder.places[1]));
    parts.drop_receipt(&world.ledger.receipt(holder.places[2]));
    for (did, log) in &mut parts.did_logs {
        if *did == holder.did.as_str() {
            *log = holder.did_log(1);
        }
    }
    // The map says that there is a third version.
    open(&parts.judge(&world.asking()), CheckName::Presentation, "did-history-incomplete");
    // Without it, only a demand for fresh knowledge helps.
    let head = world.head_of(&MapKey::did(holder.scid()));
    parts.current.retain(|one| *one != head);
    accepted(&parts.judge(&world.asking()));
    let fresh = Context { max_age: Some(600), ..world.asking() };
    open(&parts.judge(&fresh), CheckName::Presentation, "stale");
}

#[test]
fn a_holder_whose_did_ended_presents_nothing() {
    let mut world = World::new(141);
    let case = world.issue(Format::Jose);
    world.deactivate(HOLDER);
    let presentation = world.present(&[&case], Format::Jose, HOLDER);
    let parts = world.parts_presented(presentation, &[&case]);
    rejected(&parts.judge(&world.asking()), "signer-did-deactivated");
}

#[test]
fn a_holder_of_whom_nothing_is_known_leaves_it_open() {
    let (world, _, mut parts) = presented(142, Format::Jose);
    let holder = world.actor(HOLDER);
    parts.drop_receipt(&world.ledger.receipt(holder.places[0]));
    let head = world.head_of(&MapKey::did(holder.scid()));
    parts.current.retain(|one| *one != head);
    parts.did_logs.retain(|(did, _)| did != holder.did.as_str());
    open(&parts.judge(&world.asking()), CheckName::Presentation, "did-unresolved");
}

#[test]
fn a_presentation_with_a_proof_of_an_unknown_suite_alone_is_open() {
    let (world, case, parts) = presented(143, Format::DataIntegrity);
    let Artefact::Presentation(presentation) = &parts.artefact else { panic!("a presentation") };
    let mut value = presentation.to_value();
    value["proof"]["cryptosuite"] = "mldsa44-jcs-2030".into();
    let other = Presentation::parse_value(value).expect("readable");
    let parts = world.parts_presented(other, &[&case]);
    open(&parts.judge(&world.asking()), CheckName::Presentation, "suite-unknown");
}

#[test]
fn a_second_proof_on_a_presentation_must_hold() {
    let (world, case, parts) = presented(144, Format::DataIntegrity);
    let Artefact::Presentation(presentation) = &parts.artefact else { panic!("a presentation") };
    let mut value = presentation.to_value();
    let own = value["proof"].clone();
    let mut second = own.clone();
    second["created"] = "2026-06-14T10:00:11Z".into();
    value["proof"] = json!([own, second]);
    let other = Presentation::parse_value(value).expect("readable");
    let parts = world.parts_presented(other, &[&case]);
    rejected(&parts.judge(&world.asking()), "presentation-proof-invalid");
}

#[test]
fn several_credentials_are_judged_each_with_its_own_countersignatures() {
    for format in [Format::DataIntegrity, Format::Jose] {
        let mut world = World::new(145);
        let (mut one, mut other) = (world.issue(format), world.issue(format));
        world.accept(&mut one);
        world.accept(&mut other);
        let presentation = world.present(&[&one, &other], format, HOLDER);
        let parts = world.parts_presented(presentation, &[&one, &other]);
        let verification = parts.judge(&world.asking());
        accepted(&verification);
        for credential in verification.credentials() {
            let credential = credential.as_ref().expect("evidence");
            assert_eq!(credential.countersignatures().len(), 1);
        }
        // One revoked credential does not take the other along, and the whole is refused.
        world.revoke(&other);
        let presentation = world.present(&[&one, &other], format, HOLDER);
        let parts = world.parts_presented(presentation, &[&one, &other]);
        let verification = parts.judge(&world.asking());
        refused(&verification, CheckName::Status, "credential-revoked");
        assert!(verification.credentials()[0].is_some() && verification.credentials()[1].is_none());
    }
}

#[test]
fn a_presentation_without_receipts_is_judged_by_the_keys_of_now() {
    let mut world = World::new(146);
    let mut order = Order::of(Format::Jose);
    order.ledger = false;
    order.status = false;
    let case = world.draw_up(&order);
    let presentation = world.present(&[&case], Format::Jose, HOLDER);
    let parts = world.parts_presented(presentation, &[&case]);
    let context = Context { receipts: Receipts::Used, ..world.asking() };
    accepted(&parts.judge(&context));
    open(&parts.judge(&world.asking()), CheckName::OnLedger, "receipt-missing");
}

#[test]
fn a_presentation_without_credentials_shows_who_presents_and_nothing_else() {
    let world = World::new(149);
    let holder = world.actor(HOLDER);
    let terms = PresentationTerms {
        holder: holder.did.as_str(),
        method: &holder.method(),
        nonce: NONCE,
        audience: AUDIENCE,
        created: world.now,
    };
    for presentation in
        [present_di(&[], &terms, &holder.key), present_jose(&[], &terms, &holder.key)]
    {
        let parts = world.parts_presented(presentation.expect("a presentation"), &[]);
        let verification = parts.judge(&world.asking());
        assert!(verification.is_authentic(), "{}", lines(&verification));
        assert!(verification.presenter().is_some() && verification.credentials().is_empty());
        rejected(
            &parts.judge(&expecting(world.asking(), |one| one.nonce.push('x'))),
            "nonce-invalid",
        );
    }
}

/// A credential of several subjects, or of one written twice, signed without a record.
fn of_subjects(world: &World, subjects: &serde_json::Value) -> Case {
    let issuer = world.actor(ISSUER);
    let value = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": issuer.did.as_str(),
        "credentialSubject": subjects,
    });
    let id = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a01";
    let signed =
        inkan_credential::sign::issue_di(value, id, &issuer.method(), &issuer.key, world.now);
    Case {
        credential: signed.expect("signed"),
        beside: Vec::new(),
        entries: Vec::new(),
        opening: None,
        status: None,
        acts: Vec::new(),
    }
}

#[test]
fn of_several_subjects_one_must_present_and_nobody_else_may() {
    let mut world = World::new(145);
    let holder = world.actor(HOLDER).did.to_string();
    let spouse = world.visitor(KeyType::Ed25519);
    let spouses = world.actor(spouse).did.to_string();
    let thief = world.visitor(KeyType::Ed25519);
    let both = json!([{ "id": holder, "spouse": spouses }, { "id": spouses, "spouse": holder }]);
    let twice = json!([{ "id": holder, "name": "A" }, { "id": holder }]);
    for (subjects, who, code) in [
        (&both, HOLDER, None),
        (&both, spouse, None),
        (&both, thief, Some("holder-key-mismatch")),
        (&twice, HOLDER, None),
        (&twice, thief, Some("holder-key-mismatch")),
    ] {
        let case = of_subjects(&world, subjects);
        let presentation = world.present(&[&case], Format::DataIntegrity, who);
        let parts = world.parts_presented(presentation, &[&case]);
        let asking = Context { receipts: Receipts::Used, ..world.asking() };
        let verification = parts.judge(&asking);
        match code {
            Some(code) => rejected(&verification, code),
            None => {
                accepted(&verification);
            }
        }
    }
}
