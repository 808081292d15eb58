use serde_json::{Value, json};

use super::{Agent, Detection, Presence, ProofingEvidence, StageKind};

fn sound() -> Value {
    json!({
        "type": ["Evidence", "IdentityProofingEvidence"], "id": "urn:uuid:1",
        "verificationProcess": "urn:uuid:2", "time": "2026-03-01T10:22:31Z",
        "proofer": {"id": "did:web:city.example", "agent": "official"},
        "subject": {"holder": "did:key:z", "jkt": "t", "boundBy": "same_session"},
        "session": {"presence": "in_person", "stages": [
            {"k": "online", "time": "2026-03-01T10:22:31Z"},
            {"k": "in_person_check", "time": "2026-03-06T10:22:31Z", "result": "pass", "activates": "card"},
        ]},
        "evidence": [{
            "type": "document",
            "documentDetails": {"type": "passport", "issuer": {"country": "JP", "name": "MOFA"},
                                "dateOfIssuance": "2020-01-31", "dateOfExpiry": "2030-01-31"},
            "checkDetails": [{"checkMethod": "bvr", "organization": "did:web:o", "checkId": "1",
                "time": "2026-03-01T10:22:31Z", "result": "pass", "live": true, "pad": "iso30107-3:L2",
                "injection": true, "certificate": "signing", "policyOid": "1.2", "statementSha256": "ab".repeat(32),
                "revocation": {"status": "good"}}],
            "proofs": [{"kind": "cms-jpki", "sha256": "ab".repeat(32), "value": "YQ=="}],
            "revocation": {"status": "good", "reason": "r", "checkedBy": "did:web:o",
                           "checkedAt": "2026-03-01T10:22:31Z", "via": "ocsp"},
        }],
        "authorisation": {"registry": "https://r", "entry": "e"},
        "derivedFrom": {"credentialSha256": "ab".repeat(32), "verificationProcess": "p", "holderAal": "AAL-2"},
        "revalidation": {"time": "2026-04-01T00:00:00Z", "holderAal": "AAL-2", "revocation": {"status": "good"}},
        "claimedLevels": {"ial": "3"},
    })
}

fn code(value: &Value) -> &'static str {
    ProofingEvidence::parse(value).map_or_else(|error| error.code(), |_| "accepted")
}

#[test]
fn every_member_of_the_model_is_read() {
    let stated = ProofingEvidence::parse(&sound()).unwrap();
    assert_eq!(stated.proofer.agent, Agent::Official);
    assert_eq!(stated.session.presence, Presence::InPerson);
    assert_eq!(stated.session.stages[1].k, StageKind::InPersonCheck);
    assert_eq!(stated.evidence[0].check_details[0].pad, Detection::Made);
    assert_eq!(stated.evidence[0].document_details.date_of_expiry.as_deref(), Some("2030-01-31"));
}

#[test]
fn every_object_is_closed_and_only_claimed_levels_are_tolerated() {
    let objects = [
        "",
        "/proofer",
        "/subject",
        "/session",
        "/session/stages/0",
        "/evidence/0",
        "/evidence/0/documentDetails",
        "/evidence/0/documentDetails/issuer",
        "/evidence/0/checkDetails/0",
        "/evidence/0/checkDetails/0/revocation",
        "/evidence/0/proofs/0",
        "/evidence/0/revocation",
        "/authorisation",
        "/derivedFrom",
        "/revalidation",
    ];
    for path in objects {
        let mut value = sound();
        value.pointer_mut(path).unwrap()["extra"] = json!(1);
        assert_eq!(code(&value), "evidence-malformed", "{path}");
        let mut value = sound();
        value.pointer_mut(path).unwrap()["assuranceLevel"] = json!("high");
        assert_eq!(code(&value), "accepted", "{path}");
    }
}

#[test]
fn values_outside_their_closed_sets_are_refused() {
    let cases = [
        ("/type", json!(["Evidence"])),
        ("/type", json!(["Evidence", "IdentityProofingEvidence", "Other"])),
        ("/time", json!("2026-03-01T10:22:31.5Z")),
        ("/time", json!("2026-03-01T10:22:31+09:00")),
        ("/proofer/agent", json!("robot")),
        ("/subject/boundBy", json!("trust")),
        ("/session/presence", json!("nearby")),
        ("/session/stages/0/k", json!("offline")),
        ("/evidence", json!([])),
        ("/evidence/0/type", json!("rumour")),
        ("/evidence/0/documentDetails/dateOfExpiry", json!("2030-02-30")),
        ("/evidence/0/checkDetails/0/certificate", json!("root")),
        ("/evidence/0/checkDetails/0/live", json!("yes")),
        ("/evidence/0/proofs/0/kind", json!("pdf")),
        ("/evidence/0/proofs/0/sha256", json!("AB".repeat(32))),
        ("/evidence/0/revocation/status", json!("fine")),
        ("/evidence/0/revocation/via", json!("phone")),
        ("/derivedFrom/credentialSha256", json!("short")),
    ];
    for (path, wrong) in cases {
        let mut value = sound();
        *value.pointer_mut(path).unwrap() = wrong;
        assert_eq!(code(&value), "evidence-malformed", "{path}");
    }
}

#[test]
fn detection_of_presentation_attacks_is_named_by_its_standard() {
    let made = |pad: Value| {
        let mut value = sound();
        value["evidence"][0]["checkDetails"][0]["pad"] = pad;
        ProofingEvidence::parse(&value).unwrap().evidence[0].check_details[0].pad == Detection::Made
    };
    assert!(made(json!(true)) && made(json!("iso30107-3")) && made(json!("iso30107-3:L1")));
    assert!(
        !made(json!(false))
            && !made(json!(""))
            && !made(json!("none"))
            && !made(json!("iso30107-3:L0"))
    );
}

#[test]
fn entries_of_other_types_are_none_of_our_business() {
    assert!(ProofingEvidence::is_meant(&sound()));
    assert!(!ProofingEvidence::is_meant(&json!({"type": "DocumentVerification"})));
    assert!(!ProofingEvidence::is_meant(&json!({})));
}
