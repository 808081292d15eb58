use inkan_crypto::KeyType;
use serde_json::{Value, json};

use super::*;
use crate::Presentation;
use crate::presentation::{PresentationTerms, present_di, present_jose};
use crate::testing::{LOG, Party, at, holder, issued_di, issued_jose, issuer, party};

const BANK: &str = "https://bank.example";

fn presented(by: &Party, nonce: &str, audience: &str) -> Presentation {
    let terms = PresentationTerms {
        holder: &by.did,
        method: &by.method,
        nonce,
        audience,
        created: at("2026-03-01T00:00:00Z"),
    };
    present_di(&[issued_di(), issued_jose()], &terms, &by.key).unwrap()
}

fn receiver() -> Party {
    party(5, KeyType::P256)
}

fn terms(presentation: &Presentation) -> ConsentTerms {
    ConsentTerms {
        record_id: "urn:uuid:21111111-2222-4333-8444-555555555555".to_owned(),
        principal: holder().did,
        receiver: Receiver { audience: BANK.to_owned(), id: Some(receiver().did) },
        purposes: vec![ConsentPurpose {
            id: Some("account-opening".to_owned()),
            text: "Opening an account".to_owned(),
        }],
        notice: Some(Notice {
            uri: Some("https://bank.example/privacy".to_owned()),
            digest: Some(sha256(&[b"notice"])),
        }),
        shown: shown_by(presentation).unwrap(),
        presentation: presentation_digest(presentation),
        policy: Some(PolicyReference {
            id: "desk".to_owned(),
            version: "1".to_owned(),
            digest: sha256(&[b"policy"]),
        }),
        until: Some(at("2026-09-01T00:00:00Z")),
        keep_until: Some(at("2027-01-01T00:00:00Z")),
        recipients: vec!["Card factory".to_owned()],
        jurisdiction: Some("JP".to_owned()),
        withdrawal_method: "a signed withdrawal".to_owned(),
        act: [7; 32],
        log: Some(LOG.to_owned()),
    }
}

fn event() -> ConsentEvent {
    ConsentEvent {
        state: ConsentState::Given,
        time: at("2026-03-01T00:00:01Z"),
        reason: None,
        salt: Some([3; 16]),
        previous: None,
    }
}

fn state(terms: &ConsentTerms, event: &ConsentEvent) -> ConsentRecord {
    let (by, proof_id) = (holder(), format!("urn:uuid:{}", event.state.as_str()));
    sign(&Draft { terms, event, proof_id: &proof_id, method: &by.method }, &by.key).unwrap()
}

fn given() -> ConsentRecord {
    state(&terms(&presented(&holder(), "n", BANK)), &event())
}

fn withdrawal(of: &ConsentRecord) -> ConsentEvent {
    ConsentEvent {
        state: ConsentState::Withdrawn,
        time: at("2026-04-01T00:00:00Z"),
        reason: Some("no longer a customer".to_owned()),
        salt: Some([4; 16]),
        previous: Some(of.digest()),
    }
}

fn held(record: &ConsentRecord) -> bool {
    record.prepare().check(&holder().key.public_key()).is_ok()
}

/// The record with one member put in its place, and the proofs as they were.
fn forged(
    record: &ConsentRecord,
    member: &str,
    content: Value,
) -> Result<ConsentRecord, ConsentError> {
    let mut value = record.to_value();
    value[member] = content;
    ConsentRecord::from_value(value)
}

#[test]
fn a_record_is_read_back_and_verifies_under_the_holders_key_alone() {
    let record = given();
    assert!(held(&record));
    assert!(record.prepare().check(&issuer().key.public_key()).is_err());
    let again = ConsentRecord::from_value(record.to_value()).unwrap();
    assert_eq!((again.terms(), again.event()), (record.terms(), record.event()));
    assert_eq!(again.digest(), record.digest());
    assert_eq!(document(again.terms(), again.event()), record.document, "one spelling");
}

#[test]
fn no_value_of_a_claim_stands_in_a_record() {
    let text = given().to_value().to_string();
    assert!(!text.contains("engineer"), "{text}");
    assert!(text.contains("/credentialSubject/role"), "{text}");
}

#[test]
fn whatever_is_changed_breaks_the_holders_signature() {
    let record = given();
    let mut shown = record.to_value()["piiInformation"].clone();
    shown[0]["claims"].as_array_mut().unwrap().pop();
    let changes = [
        ("purposes", json!([{ "text": "Advertising" }])),
        ("validUntil", json!("2036-09-01T00:00:00Z")),
        ("retentionUntil", json!("2036-09-01T00:00:00Z")),
        ("piiInformation", shown),
        ("piiController", json!({ "audience": "https://broker.example" })),
        ("recipientThirdParties", json!(["Card factory", "Broker"])),
        ("act", json!(encoding::b64u(&[8; 32]))),
        ("presentation", json!({ "digest": sha256(&[b"other"]).to_b64u() })),
        ("policy", json!({ "id": "desk", "version": "2", "digest": sha256(&[b""]).to_b64u() })),
        ("ledgerRecord", json!({ "log": LOG, "salt": encoding::b64u(&[9; 16]) })),
        ("jurisdiction", json!("XX")),
    ];
    for (member, content) in changes {
        let changed = forged(&record, member, content).unwrap();
        assert!(!held(&changed), "{member}");
        assert_ne!(changed.digest(), record.digest(), "{member}");
    }
}

#[test]
fn a_record_is_closed_and_its_members_fit_together() {
    let record = given();
    let wrong = [
        ("extra", json!(1)),
        ("seq", json!(2)),
        ("seq", json!(0)),
        ("eventState", json!("refused")),
        ("reason", json!("why")),
        ("previous", json!(sha256(&[b""]).to_b64u())),
        ("validUntil", json!("2026-03-01T00:00:01Z")),
        ("purposes", json!([])),
        ("purposes", json!([{ "text": "a" }, { "text": "a" }])),
        ("purposes", json!([{ "text": "a\u{202e}b" }])),
        ("purposes", json!([{ "text": "a".repeat(1_001) }])),
        ("lawfulBasis", json!("contract")),
        ("privacyNotice", json!({})),
        ("piiPrincipalId", json!(receiver().did)),
        ("piiController", json!({ "audience": BANK, "name": "Bank" })),
        ("eventTime", json!("2026-03-01T00:00:02Z")),
        ("proof", record.to_value()["proof"][0].clone()),
        ("proof", json!([])),
    ];
    for (member, content) in wrong {
        let refused = forged(&record, member, content.clone());
        let code = refused.map(|_| ()).unwrap_err().code();
        let known = ["consent-malformed", "proof-missing", "credential-proof-missing"];
        assert!(known.contains(&code), "{member} {content}: {code}");
    }
}

#[test]
fn a_consent_is_about_one_presentation_to_one_receiver() {
    let mine = presented(&holder(), "n", BANK);
    let record = state(&terms(&mine), &event());
    assert_eq!(record.covers(&mine), Ok(()));
    // Another presentation of the same things, another receiver, another holder.
    let other = presented(&holder(), "m", BANK);
    assert_eq!(record.covers(&other), Err(ConsentError::OtherPresentation));
    let foreign = presented(&party(9, KeyType::Ed25519), "n", BANK);
    assert_eq!(record.covers(&foreign), Err(ConsentError::OtherPresentation));
    let broker = presented(&holder(), "n", "https://broker.example");
    let to_bank = state(&terms(&broker), &event());
    assert_eq!(to_bank.covers(&broker), Err(ConsentError::OtherReceiver));
    // The digest is right, and the holder is another: what one holder presented is not another's to consent to.
    let lent = state(&terms(&foreign), &event());
    assert_eq!(lent.covers(&foreign), Err(ConsentError::OtherPresentation));
}

#[test]
fn a_consent_that_names_less_or_more_or_other_values_is_found_out() {
    let mine = presented(&holder(), "n", BANK);
    let whole = terms(&mine);
    let mut less = whole.clone();
    less.shown[0].claims.pop();
    let mut more = whole.clone();
    let digest = sha256(&[b"x"]);
    more.shown[1].claims.push(ShownClaim { path: "/zzz".to_owned(), digest });
    let mut other = whole.clone();
    other.shown[0].claims[0].digest = digest;
    let mut missing = whole.clone();
    missing.shown.pop();
    let mut renamed = whole;
    renamed.shown[0].types = vec!["VerifiableCredential".to_owned()];
    for wrong in [less, more, other, missing, renamed] {
        let error = state(&wrong, &event()).covers(&mine).unwrap_err();
        assert_eq!(error.code(), "consent-shown-differs");
    }
}

#[test]
fn salts_differ_by_presentation_and_by_place() {
    let digests = |nonce: &str| -> Vec<Digest> {
        let all = shown_by(&presented(&holder(), nonce, BANK)).unwrap();
        all.iter().flat_map(|one| one.claims.iter().map(|claim| claim.digest)).collect()
    };
    let (one, other) = (digests("n"), digests("m"));
    assert_eq!(one.len(), other.len());
    assert!(one.iter().all(|digest| !other.contains(digest)));
    let distinct: std::collections::BTreeSet<_> = one.iter().collect();
    // Both credentials say the same of the same subject.
    assert_eq!(distinct.len(), one.len());
}

#[test]
fn what_a_presentation_says_itself_is_shown_too() {
    let by = holder();
    let terms = PresentationTerms {
        holder: &by.did,
        method: &by.method,
        nonce: "n",
        audience: BANK,
        created: at("2026-03-01T00:00:00Z"),
    };
    let jose = present_jose(&[issued_jose()], &terms, &by.key).unwrap();
    let shown = shown_by(&jose).unwrap();
    assert_eq!(shown.len(), 1, "nothing of its own: {shown:?}");
    assert!(shown[0].types.contains(&"Badge".to_owned()));
    let paths: Vec<&str> = shown[0].claims.iter().map(|claim| claim.path.as_str()).collect();
    for path in ["/credentialSubject/grade", "/credentialSubject/id", "/issuer/name", "/validUntil"]
    {
        assert!(paths.contains(&path), "{path}: {paths:?}");
    }
}

#[test]
fn a_withdrawal_follows_the_consent_it_takes_back_and_no_other() {
    let first = given();
    let last = state(first.terms(), &withdrawal(&first));
    assert!(held(&last));
    assert_eq!(last.follows(&first), Ok(()));
    let mut receipt = ConsentReceipt::of(first.clone()).unwrap();
    receipt.push(last.clone()).unwrap();
    let again = ConsentReceipt::from_value(receipt.to_value()).unwrap();
    assert_eq!(again.newest().unwrap().digest(), last.digest());
    assert_eq!(again.to_value(), receipt.to_value());

    let unconnected = |states: Vec<&ConsentRecord>| {
        let states: Vec<Value> = states.into_iter().map(ConsentRecord::to_value).collect();
        let value = json!({ "type": CONSENT_RECEIPT_TYPE, "states": states });
        ConsentReceipt::from_value(value).map(|_| ()).unwrap_err().code()
    };
    // A gap: the last state by itself; the same state twice; the wrong way round.
    for states in
        [vec![&last], vec![&first, &first], vec![&last, &first], vec![&first, &last, &last]]
    {
        assert_eq!(unconnected(states), "consent-states-unconnected");
    }
    // Other terms, another predecessor, an earlier time.
    let mut terms = first.terms().clone();
    terms.purposes[0].text = "Something else".to_owned();
    let mut event = withdrawal(&first);
    assert_eq!(unconnected(vec![&first, &state(&terms, &event)]), "consent-states-unconnected");
    event.previous = Some(sha256(&[b"other"]));
    let other = state(first.terms(), &event);
    assert_eq!(unconnected(vec![&first, &other]), "consent-states-unconnected");
    let mut event = withdrawal(&first);
    event.time = at("2026-02-01T00:00:00Z");
    let early = state(first.terms(), &event);
    assert_eq!(unconnected(vec![&first, &early]), "consent-states-unconnected");
}

#[test]
fn nobody_else_can_sign_a_withdrawal() {
    let first = given();
    let (event, other) = (withdrawal(&first), party(9, KeyType::Ed25519));
    let draft = |method| Draft { terms: first.terms(), event: &event, proof_id: "urn:x:1", method };
    // Under its own name, it is not the holder; under the holder's, the key is not.
    let error = sign(&draft(&other.method), &other.key).unwrap_err();
    assert_eq!(error.code(), "consent-malformed");
    let forged = sign(&draft(&holder().method), &other.key).unwrap();
    assert!(!held(&forged));
}

#[test]
fn an_acknowledgement_covers_its_record_alone() {
    let record = given();
    let by = receiver();
    let now = at("2026-03-01T00:01:00Z");
    let signed = acknowledge(&record, ("urn:uuid:ack", &by.method), now, &by.key).unwrap();
    assert!(held(&signed));
    assert_eq!(signed.digest(), record.digest(), "an acknowledgement changes nothing");
    assert_eq!(signed.acknowledgement().map(signer_of), Some(by.did.as_str()));
    assert!(signed.prepare_acknowledgement().check(&by.key.public_key()).is_ok());
    assert!(signed.prepare_acknowledgement().check(&holder().key.public_key()).is_err());
    assert!(record.prepare_acknowledgement().check(&by.key.public_key()).is_err());

    // Lifted to another record of the same parties: the proof it names is on that one too, and is another.
    let mut terms = record.terms().clone();
    terms.purposes[0].text = "Advertising".to_owned();
    let mut other = state(&terms, record.event()).to_value();
    let lifted = signed.to_value()["proof"][1].clone();
    other["proof"].as_array_mut().unwrap().push(lifted);
    let other = ConsentRecord::from_value(other).unwrap();
    assert!(held(&other));
    assert!(other.prepare_acknowledgement().check(&by.key.public_key()).is_err());

    // A second acknowledgement replaces the first; an earlier one than the consent is none.
    let again = acknowledge(&signed, ("urn:uuid:two", &by.method), now, &by.key).unwrap();
    assert_eq!(again.to_value()["proof"].as_array().unwrap().len(), 2);
    let early = at("2026-01-01T00:00:00Z");
    assert!(acknowledge(&record, ("urn:uuid:ack", &by.method), early, &by.key).is_err());
}

#[test]
fn the_receivers_did_is_named_or_is_the_audience() {
    let mut receiver = Receiver { audience: BANK.to_owned(), id: None };
    assert_eq!(receiver.did(), None);
    receiver.audience = "did:example:bank".to_owned();
    assert_eq!(receiver.did(), Some("did:example:bank"));
    receiver.id = Some("did:example:desk".to_owned());
    assert_eq!(receiver.did(), Some("did:example:desk"));
}
