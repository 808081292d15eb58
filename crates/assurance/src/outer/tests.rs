//! How many parties must say what a credential says.

use serde_json::{Value, json};

use super::proofs;
use crate::line::Status;
use crate::policy::Policy;
use crate::seen::{SeenCredential, SeenProof};

const ISSUER: &str = "did:key:issuer";
const OTHER: &str = "did:key:other";

fn proof(controller: &str) -> SeenProof {
    SeenProof { controller: controller.to_owned(), asserts: true, held: true }
}

fn judged(rule: Value, proofs_seen: &[SeenProof]) -> Option<(Status, Option<&'static str>)> {
    let policy = json!({"type": "inkan-policy/1", "id": "p", "version": "1", "proofs": rule});
    let credential = SeenCredential {
        issuer: ISSUER.to_owned(),
        types: vec![],
        valid_from: None,
        record: None,
        status: None,
        acts: vec![],
        offer: vec![],
        proofs: proofs_seen.to_vec(),
    };
    let policy = Policy::from_value(&policy).unwrap();
    proofs(&policy, &credential, "cred[0]").map(|line| (line.status(), line.code()))
}

const PASSED: Option<(Status, Option<&str>)> = Some((Status::Pass, None));
const TOO_FEW: Option<(Status, Option<&str>)> = Some((Status::Fail, Some("proofs-too-few")));
const OPEN: Option<(Status, Option<&str>)> = Some((Status::Unknown, Some("proof-not-checked")));

#[test]
fn parties_are_counted_not_proofs() {
    let two = || json!({"atLeast": 2});
    assert_eq!(judged(two(), &[proof(ISSUER), proof(OTHER)]), PASSED);
    assert_eq!(judged(two(), &[proof(ISSUER), proof(ISSUER)]), TOO_FEW);
    assert_eq!(judged(two(), &[proof(ISSUER)]), TOO_FEW);
    assert_eq!(judged(json!({"atLeast": 1}), &[]), TOO_FEW, "all of none is not enough");
}

#[test]
fn only_those_named_count_and_only_what_they_assert() {
    let rule = || json!({"atLeast": 1, "by": [OTHER]});
    assert_eq!(judged(rule(), &[proof(ISSUER), proof(OTHER)]), PASSED);
    assert_eq!(judged(rule(), &[proof(ISSUER)]), TOO_FEW);
    let logged_in = SeenProof { asserts: false, ..proof(OTHER) };
    assert_eq!(judged(rule(), &[proof(ISSUER), logged_in]), TOO_FEW);
}

#[test]
fn what_could_not_be_checked_is_never_counted() {
    let unchecked = || SeenProof { held: false, ..proof(OTHER) };
    assert_eq!(judged(json!({"atLeast": 2}), &[proof(ISSUER), unchecked()]), OPEN);
    assert_eq!(judged(json!({"atLeast": 3}), &[proof(ISSUER), unchecked()]), TOO_FEW);
    assert_eq!(judged(json!("all"), &[proof(ISSUER), unchecked()]), OPEN);
    assert_eq!(judged(json!("all"), &[proof(ISSUER), proof(OTHER)]), PASSED);
    assert_eq!(judged(json!("any"), &[proof(ISSUER), unchecked()]), None);
}

#[test]
fn a_rule_that_asks_for_nothing_or_for_nobody_is_refused() {
    for rule in [
        json!({"atLeast": 0}),
        json!({"by": [OTHER]}),
        json!("none"),
        json!({"atLeast": 1, "by": []}),
    ] {
        let policy = json!({"type": "inkan-policy/1", "id": "p", "version": "1", "proofs": rule});
        assert!(Policy::from_value(&policy).is_err(), "{policy}");
    }
}
