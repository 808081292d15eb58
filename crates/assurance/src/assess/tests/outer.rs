//! The outer part of a policy.

use serde_json::json;

use crate::report::Decision;
use crate::testing::*;

fn judged(change: impl Fn(&mut serde_json::Value)) -> (Decision, u8, Vec<&'static str>) {
    let mut world = World::of(r8());
    change(&mut world.policy);
    let report = world.report();
    (report.decision(), report.exit(), report.reasons().to_vec())
}

#[test]
fn an_issuer_is_trusted_for_a_type_by_a_list_or_by_name() {
    let accept = (Decision::Accept, 0, vec![]);
    let refuse = (Decision::Reject, 14, vec!["issuer-not-trusted"]);
    assert_eq!(judged(|p| p["issuers"] = json!("listed")), accept);
    assert_eq!(judged(|p| p["issuers"] = json!({"dids": [ISSUER]})), accept);
    assert_eq!(judged(|p| p["issuers"] = json!({"registries": ["local"]})), accept);
    assert_eq!(judged(|p| p["issuers"] = json!({"registries": ["other"]})), refuse);
    assert_eq!(judged(|p| p["issuers"] = json!({"dids": ["did:web:other"]})), refuse);
    let both = json!({"dids": [ISSUER], "registries": ["other"]});
    assert_eq!(judged(|p| p["issuers"] = both.clone()), refuse);
}

#[test]
fn an_issuer_is_not_trusted_for_a_type_it_is_not_listed_for() {
    let mut world = World::of(r8());
    world.policy["issuers"] = json!("listed");
    world.credentials[0]["type"] = json!(["VerifiableCredential", "Badge", "MedicalLicence"]);
    assert_eq!(world.report().exit(), 14);
    world.policy["credentialTypes"] = json!(["Badge"]);
    assert_eq!(world.report().exit(), 0, "only the type that is asked for matters");
}

#[test]
fn an_issuer_that_was_revoked_for_cause_is_trusted_no_more() {
    let mut world = World::of(r8());
    world.policy["issuers"] = json!("listed");
    world.entry()["status"] = json!("revoked-for-cause");
    assert_eq!(world.report().exit(), 14);
}

#[test]
fn a_credential_type_that_is_not_asked_for_is_refused() {
    let found = judged(|p| p["credentialTypes"] = json!(["Passport"]));
    assert_eq!(found, (Decision::Reject, 15, vec!["credential-type-not-admitted"]));
}

#[test]
fn receipts_that_are_required_and_missing_leave_it_undetermined() {
    let found = judged(|p| p["ledger"] = json!({"required": true}));
    assert_eq!(found, (Decision::Undetermined, 19, vec!["receipt-missing"]));
}

#[test]
fn a_status_list_that_is_required_must_be_named() {
    let found = judged(|p| p["status"] = json!({"required": true}));
    assert_eq!(found, (Decision::Reject, 15, vec!["status-not-named"]));
}

#[test]
fn a_countersignature_that_is_missing_is_exit_16() {
    let found = judged(|p| p["countersigned"] = json!([{"role": "holder", "by": "subject"}]));
    assert_eq!(found, (Decision::Reject, 16, vec!["countersignature-missing"]));
}

#[test]
fn the_graver_failure_gives_the_exit_code() {
    let found = judged(|p| {
        p["issuers"] = json!({"dids": ["did:web:other"]});
        p["countersigned"] = json!([{"role": "holder", "by": "subject"}]);
        p["assurance"]["requires"] = json!({"ial": {"min": "IAL-3"}});
    });
    assert_eq!(found.1, 14);
    assert_eq!(found.2.first(), Some(&"issuer-not-trusted"));
}

#[test]
fn the_built_in_authentic_policy_says_what_it_did_not_judge() {
    let mut world = World::of(r8());
    world.policy = crate::builtin("authentic").unwrap().to_value().clone();
    let report = world.report();
    assert_eq!(report.decision(), Decision::Accept);
    assert!(report.warnings().contains(&"issuer-not-judged"));
    assert_eq!(report.levels().required_identity, None);
    assert_eq!(report.levels().achieved_identity, "IAL-1");
}
