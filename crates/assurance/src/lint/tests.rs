use inkan_evidence::Registry;
use serde_json::{Value, json};

use super::{LintLevel, lint};
use crate::policy::{Policy, builtin, builtin_ids};
use crate::testing::{policy, registry};

fn found(value: &Value, registries: &[Registry]) -> Vec<(&'static str, String)> {
    let findings = lint(&Policy::from_value(value).unwrap(), registries);
    findings.iter().map(|finding| (finding.code(), finding.member().to_owned())).collect()
}

fn always(requires: &Value) -> Vec<String> {
    let all = found(&policy(requires), &[]);
    assert!(all.iter().all(|(code, _)| *code == "policy-always-refuses"));
    all.into_iter().map(|(_, member)| member).collect()
}

#[test]
fn every_ready_made_policy_lints_without_a_warning() {
    for id in builtin_ids() {
        let findings = lint(&builtin(id).unwrap(), &[]);
        let warnings = findings.iter().filter(|finding| finding.level() == LintLevel::Warning);
        assert_eq!(warnings.count(), 0, "{id}: {findings:?}");
    }
}

#[test]
fn a_policy_that_nothing_can_satisfy_is_named() {
    assert_eq!(always(&json!({"ial": {"min": "IAL-2+"}})), ["ial.disputed"]);
    assert_eq!(always(&json!({"ial": {"min": "IAL-3", "rows": ["R6", "R7"]}})), ["ial.rows"]);
    assert_eq!(
        always(&json!({"ial": {"min": "IAL-2", "identifier": ["self_asserted"]}})),
        ["ial.rows"]
    );
    assert_eq!(
        always(&json!({"ial": {"min": "IAL-2", "registerCheck": {"maxAge": "P30D"}}})),
        ["ial.registerCheck"]
    );
    let stamped = |rows: Value| {
        always(&json!({"ial": {"min": "IAL-2", "rows": rows, "timestamp": "required"}}))
    };
    assert_eq!(stamped(json!(["R5", "R7"])), ["ial.timestamp"]);
    assert!(stamped(json!(["R2b", "R3"])).is_empty());
    let either =
        json!({"anyOf": [{"ial": {"min": "IAL-3", "rows": ["R8"]}}, {"ial": {"min": "IAL-1"}}]});
    assert!(always(&either).is_empty());
    let mut nist = policy(&json!({"ial": {"min": "IAL3"}}));
    nist["assurance"]["framework"] = json!("nist-800-63-4");
    assert_eq!(found(&nist, &[])[0].1, "ial.min");
    let mut outer = policy(&json!({"ial": {"min": "IAL-1"}}));
    outer["countersigned"] = json!([{"role": "holder", "by": "subject", "atLeast": 2}]);
    outer["effective"] = json!({"from": "2027-01-01", "until": "2026-01-01"});
    let members: Vec<_> = found(&outer, &[]).into_iter().map(|(_, member)| member).collect();
    assert_eq!(members, ["effective", "countersigned.atLeast"]);
    let mut chain = policy(&json!({"ial": {"min": "IAL-1"}}));
    chain["ledger"] = json!({"required": true, "time": {"grade": "chain"}});
    assert_eq!(found(&chain, &[])[0].1, "ledger.time");
}

#[test]
fn demands_that_wait_for_each_other_and_too_few_names_are_named() {
    let members = |items: Value| {
        let mut outer = policy(&json!({"ial": {"min": "IAL-1"}}));
        outer["countersigned"] = items;
        found(&outer, &[]).into_iter().map(|(_, member)| member).collect::<Vec<_>>()
    };
    let circle = json!([
        {"role": "holder", "after": "notary"}, {"role": "notary", "after": "holder"},
    ]);
    assert_eq!(members(circle), ["countersigned.after"]);
    assert_eq!(members(json!([{"role": "notary", "after": "notary"}])), ["countersigned.after"]);
    let chain = json!([{"role": "holder"}, {"role": "notary", "after": "holder"}]);
    assert!(members(chain).is_empty());
    assert!(members(json!([{"role": "notary", "after": "holder"}])).is_empty());
    let few = json!([
        {"role": "witness", "distinct": true, "by": ["did:a:1"]},
        {"role": "notary", "distinct": true, "by": ["did:a:1"]},
    ]);
    assert_eq!(members(few), ["countersigned.distinct"]);
}

#[test]
fn parties_are_looked_for_where_registries_are_configured() {
    let mut list = registry();
    list["entries"][0]["rows"] = json!(["R7", "R8"]);
    let registries = [Registry::from_value(&list).unwrap()];
    assert_eq!(found(&policy(&json!({"ial": {"min": "IAL-3"}})), &registries)[0].1, "ial");
    assert!(found(&policy(&json!({"ial": {"min": "IAL-2"}})), &registries).is_empty());
    let mut listed = policy(&json!({"ial": {"min": "IAL-2"}}));
    listed["issuers"] = json!("listed");
    listed["credentialTypes"] = json!(["Passport"]);
    assert_eq!(found(&listed, &registries)[0].1, "issuers");
    let events = json!({"aal": {"min": "AAL-2", "accept": ["authentication-event"]}});
    assert_eq!(found(&policy(&events), &registries)[0].1, "aal.accept");
}

#[test]
fn asking_for_more_than_the_use_case_needs_is_a_warning_and_with_a_reason_a_note() {
    let with = |leaf: Value, use_case: &str| {
        let mut value = policy(&leaf);
        value["assurance"]["useCase"] = json!(use_case);
        value
    };
    let cases = [
        (json!({"ial": {"min": "IAL-3"}}), "R7", "ial.min"),
        (json!({"ial": {"min": "IAL-2", "basis": "verified"}}), "R7", "ial.basis"),
        (json!({"ial": {"min": "IAL-2", "timestamp": "required"}}), "R7", "ial.timestamp"),
        (json!({"ial": {"min": "IAL-2", "claims": ["birthdate"]}}), "R7", "ial.claims"),
        (json!({"ial": {"min": "IAL-2", "maxAge": "P1Y"}}), "R7", "ial.maxAge"),
        (json!({"ial": {"min": "IAL-2", "genuine": "crypto"}}), "R7", "ial.genuine"),
        (json!({"aal": {"min": "AAL-1"}}), "R7", "aal"),
        (json!({"aal": {"min": "AAL-2"}}), "A1a", "aal.min"),
        (json!({"aal": {"min": "AAL-1", "maxAuthAge": "PT1M"}}), "A1a", "aal.maxAuthAge"),
    ];
    for (leaf, use_case, member) in cases {
        let mut value = with(leaf, use_case);
        assert_eq!(found(&value, &[]), [("policy-over-asks", member.to_owned())]);
        value["assurance"]["reason"] = json!({"en": "a rule says so"});
        let findings = lint(&Policy::from_value(&value).unwrap(), &[]);
        assert_eq!(findings[0].level(), LintLevel::Note);
        assert!(findings[0].message().0.contains(member));
    }
    assert!(found(&with(json!({"ial": {"min": "IAL-1"}}), "R7"), &[]).is_empty());
}
