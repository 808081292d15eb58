use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use serde_json::json;

use super::*;

fn completed(evidence: &[Value]) -> Result<Vec<Value>, DraftError> {
    let (types, claims) = (["Badge".to_owned()], Map::new());
    let request = IssueRequest {
        types: &types,
        contexts: &[],
        issuer: "did:example:city",
        issuer_name: None,
        subject: Some("did:example:me"),
        subject_key: Some("thumb"),
        claims: &claims,
        evidence,
        valid_from: Timestamp::EPOCH,
        valid_until: None,
        status: &[],
        schema: None,
        log: None,
    };
    complete(&request, &mut SeededRng::new(1))
}

fn proofing(mut value: Value) -> Value {
    value["type"] = json!(["Evidence", "IdentityProofingEvidence"]);
    value
}

#[test]
fn what_the_file_leaves_out_is_filled_in() {
    let found = completed(&[proofing(json!({ "proofer": { "agent": "trained" } }))]).unwrap();
    for member in ["id", "verificationProcess"] {
        assert!(found[0][member].as_str().unwrap().starts_with("urn:uuid:"));
    }
    assert_eq!(found[0]["proofer"], json!({ "agent": "trained", "id": "did:example:city" }));
    assert_eq!(found[0]["subject"], json!({ "holder": "did:example:me", "jkt": "thumb" }));
}

#[test]
fn what_the_file_says_is_kept() {
    let given = proofing(json!({
        "id": "urn:uuid:1",
        "verificationProcess": "urn:uuid:2",
        "proofer": { "id": "did:example:post" },
        "subject": { "holder": "did:example:me", "jkt": "thumb", "boundBy": "same_session" },
    }));
    assert_eq!(completed(std::slice::from_ref(&given)).unwrap(), [given]);
}

#[test]
fn other_evidence_only_gets_an_id() {
    let found = completed(&[json!({ "type": "Exam", "score": 9 })]).unwrap();
    assert_eq!(found[0].as_object().unwrap().len(), 3);
}

#[test]
fn evidence_about_somebody_else_is_refused() {
    for subject in [json!({ "holder": "did:example:you" }), json!({ "jkt": "other" })] {
        let error = completed(&[proofing(json!({ "subject": subject }))]).unwrap_err();
        assert_eq!(error.code(), "issue-evidence-mismatch");
    }
}

#[test]
fn malformed_evidence_is_refused() {
    for evidence in
        [json!("seen"), proofing(json!({ "proofer": "x" })), proofing(json!({ "subject": [] }))]
    {
        assert_eq!(completed(&[evidence]).unwrap_err().code(), "issue-evidence-malformed");
    }
}

#[test]
fn what_is_complete_stays_as_it_is() {
    let parties = Parties {
        issuer: "did:example:city",
        subject: Some("did:example:me"),
        subject_key: Some("thumb"),
    };
    let once = complete_evidence(&proofing(json!({})), &parties, &mut SeededRng::new(1)).unwrap();
    assert_eq!(once["subject"]["jkt"], "thumb");
    assert_eq!(complete_evidence(&once, &parties, &mut SeededRng::new(2)).unwrap(), once);
    assert_eq!(completed(std::slice::from_ref(&once)).unwrap(), [once]);
}

#[test]
fn nothing_is_filled_into_what_was_stamped() {
    let parties = Parties {
        issuer: "did:example:city",
        subject: Some("did:example:me"),
        subject_key: Some("thumb"),
    };
    let again = |value: &Value| complete_evidence(value, &parties, &mut SeededRng::new(2));
    for kind in ["rfc3161", "eseal"] {
        let stamped = json!({ "evidence": [{}, { "proofs": [{ "kind": kind }] }] });
        let whole = json!({
            "id": "urn:uuid:1", "verificationProcess": "urn:uuid:2",
            "proofer": { "id": "did:example:city" },
            "subject": { "holder": "did:example:me", "jkt": "thumb" },
            "evidence": stamped["evidence"],
        });
        let whole = proofing(whole);
        assert_eq!(again(&whole).unwrap(), whole);
        for member in ["id", "verificationProcess", "proofer", "subject"] {
            let mut lacking = whole.clone();
            lacking.as_object_mut().unwrap().remove(member);
            let refused = again(&lacking).unwrap_err();
            assert_eq!(refused, DraftError::EvidenceStamped { member });
            assert_eq!(refused.code(), "issue-evidence-stamped");
        }
        let mut lacking = whole.clone();
        lacking["subject"].as_object_mut().unwrap().remove("jkt");
        assert_eq!(again(&lacking), Err(DraftError::EvidenceStamped { member: "subject" }));
        // Stamped under an id alone, as evidence of any other type.
        let refused = identify_evidence(&stamped, &mut SeededRng::new(2)).unwrap_err();
        assert_eq!(refused, DraftError::EvidenceStamped { member: "id" });
        assert_eq!(identify_evidence(&whole, &mut SeededRng::new(2)).unwrap(), whole);
    }
    // Proofs that are over something else do not mind.
    let other = proofing(json!({ "evidence": [{ "proofs": [{ "kind": "cms-jpki" }] }] }));
    assert!(again(&other).is_ok());
    let named = identify_evidence(&json!({ "type": "Exam" }), &mut SeededRng::new(2)).unwrap();
    assert!(named["id"].as_str().unwrap().starts_with("urn:uuid:"), "{named}");
}
