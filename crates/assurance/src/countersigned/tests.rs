use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_credential::countersignature::{Decision, Role};
use inkan_evidence::Registry;
use inkan_verifier::agreement::Act;
use inkan_verifier::verified::ActState;
use serde_json::{Value, json};

use super::judge;
use crate::line::Status;
use crate::policy::Policy;
use crate::seen::SeenCredential;
use crate::testing::{ISSUER, at, registry, seen};

fn now() -> Timestamp {
    at("2026-11-21T12:00:00Z")
}

fn act(role: Role, who: &str, index: u64) -> Act {
    seen::act(role, Decision::Accept, who, index)
}

fn holder() -> Act {
    act(Role::Holder, "did:key:holder", 5)
}

/// Status and code of each item.
fn judged(items: Value, current: bool, acts: Vec<Act>) -> Vec<(Status, Option<&'static str>)> {
    let mut policy = seen::demanding("countersigned", items);
    if current {
        policy["currentActs"] = json!({"required": true});
    }
    let credential = SeenCredential { acts, ..seen::plain() };
    let registries = [Registry::from_value(&registry()).unwrap()];
    let policy = Policy::from_value(&policy).unwrap();
    let lines = judge(&policy, &credential, "cred[0]", &registries, now());
    let lines = lines.iter().filter(|line| line.check() == "countersigned");
    lines.map(|line| (line.status(), line.code())).collect()
}

fn passes(items: Value, acts: Vec<Act>) -> bool {
    judged(items, false, acts).iter().all(|(status, _)| *status == Status::Pass)
}

#[test]
fn the_subject_must_have_accepted() {
    let items = json!([{"role": "holder", "by": "subject"}]);
    assert!(passes(items.clone(), vec![holder()]));
    assert!(!passes(items.clone(), vec![act(Role::Holder, "did:key:other", 5)]));
    assert!(!passes(items.clone(), vec![act(Role::Notary, "did:key:holder", 5)]));
    assert_eq!(judged(items, false, vec![]), [(Status::Fail, Some("countersignature-missing"))]);
}

#[test]
fn of_an_act_its_newest_known_state_counts() {
    let items = json!([{"role": "holder", "by": "subject"}]);
    let with = |decision, state| {
        let mut second = holder();
        second.decision = decision;
        let mut first = holder();
        first.state = state;
        judged(items.clone(), false, vec![first, second])[0]
    };
    let gone = |code| (Status::Fail, Some(code));
    assert_eq!(with(Decision::Withdraw, ActState::Superseded), gone("countersignature-withdrawn"));
    assert_eq!(with(Decision::Withdraw, ActState::NewestKnown), gone("countersignature-withdrawn"));
    assert_eq!(with(Decision::Refuse, ActState::NewestKnown), gone("countersignature-refused"));
    let mut alone = holder();
    alone.state = ActState::Superseded;
    assert_eq!(judged(items, false, vec![alone])[0], gone("countersignature-withdrawn"));
}

#[test]
fn thresholds_count_distinct_controllers() {
    let items = json!([{"role": "witness", "atLeast": 2}]);
    let witness =
        |who: &str, name: &str| Act { act: name.to_owned(), ..act(Role::Witness, who, 7) };
    assert!(!passes(items.clone(), vec![witness("did:a", "1"), witness("did:a", "2")]));
    assert!(passes(items, vec![witness("did:a", "1"), witness("did:b", "2")]));
}

#[test]
fn a_distinct_signer_is_neither_the_issuer_nor_counted_elsewhere() {
    let both = json!([{"role": "witness"}, {"role": "notary", "distinct": true}]);
    let witness = |who: &str| act(Role::Witness, who, 6);
    let notary = |who: &str| act(Role::Notary, who, 7);
    assert!(!passes(both.clone(), vec![witness("did:a"), notary("did:a")]));
    assert!(passes(both.clone(), vec![witness("did:a"), notary("did:b")]));
    assert!(passes(both.clone(), vec![witness("did:a"), witness("did:b"), notary("did:a")]));
    assert!(!passes(both, vec![witness("did:a"), notary(ISSUER)]));
}

#[test]
fn order_is_shown_by_coverage_or_by_the_log_never_by_dates() {
    let items = json!([{"role": "holder", "by": "subject"}, {"role": "notary", "after": "holder"}]);
    let notary = |index| act(Role::Notary, "did:n", index);
    assert!(passes(items.clone(), vec![holder(), notary(6)]));
    assert!(!passes(items.clone(), vec![holder(), notary(4)]));
    let mut covering = notary(4);
    covering.covers = vec!["proof-did:key:holder".to_owned()];
    assert!(passes(items.clone(), vec![holder(), covering]));
    let mut elsewhere = notary(6);
    elsewhere.record.as_mut().unwrap().origin = "other log".to_owned();
    assert!(!passes(items, vec![holder(), elsewhere]));
}

#[test]
fn a_registry_says_who_may_countersign() {
    let items = json!([{"role": "notary", "registry": "local"}]);
    assert!(passes(items.clone(), vec![act(Role::Notary, ISSUER, 6)]));
    assert!(!passes(items, vec![act(Role::Notary, "did:web:nobody", 6)]));
}

#[test]
fn a_current_proof_is_needed_where_the_policy_says_so() {
    let items = json!([{"role": "holder", "by": "subject"}]);
    let with = |state| judged(items.clone(), true, vec![Act { state, ..holder() }])[0];
    let unknown = (Status::Unknown, Some("act-state-not-shown"));
    assert_eq!(with(ActState::NewestKnown), unknown);
    assert_eq!(with(ActState::Current { fresh_at: at("2026-11-19T12:00:00Z") }), unknown);
    assert_eq!(
        with(ActState::Current { fresh_at: at("2026-11-20T12:00:00Z") }),
        (Status::Pass, None)
    );
}

#[test]
fn an_empty_list_of_acts_satisfies_nothing_and_many_signers_end() {
    assert!(!passes(json!([{"role": "witness", "atLeast": 3, "distinct": true}]), vec![]));
    let crowd = (0..64).map(|n| act(Role::Witness, &format!("did:{n}"), n)).collect();
    let items = json!([
        {"role": "witness", "atLeast": 40, "distinct": true},
        {"role": "witness", "atLeast": 40, "distinct": true},
    ]);
    assert!(!passes(items, crowd), "80 of 64");
}

/// The lines of a policy's items on a credential of mine.
fn lines(items: Value, acts: Vec<Act>, registry: &Value) -> Vec<crate::line::Line> {
    let policy = seen::demanding("countersigned", items);
    let credential = SeenCredential { acts, ..seen::plain() };
    let registries = [Registry::from_value(registry).unwrap()];
    judge(&Policy::from_value(&policy).unwrap(), &credential, "cred[0]", &registries, now())
}

#[test]
fn a_line_says_what_was_wanted_who_counts_and_who_does_not() {
    let items = json!([{"role": "witness", "atLeast": 2, "by": ["did:web:a", "did:web:b"]}]);
    let acts = vec![act(Role::Witness, "did:web:a", 5), act(Role::Witness, "did:web:c", 6)];
    let half = lines(items.clone(), acts, &registry());
    assert_eq!(
        (half[0].expected_value(), half[0].found_value()),
        (Some("2 witness (accept)"), Some("1"))
    );
    let evidence = half[0].evidence();
    assert_eq!((&evidence["item"], &evidence["counted"]), (&json!(0), &json!(["did:web:a"])));
    assert_eq!(evidence["notCounted"], json!([{"signer": "did:web:c", "why": "not-named"}]));
    assert!(evidence.get("before").is_none() && evidence.get("delegates").is_none());
    let acts = vec![act(Role::Witness, "did:web:a", 5), act(Role::Witness, "did:web:b", 6)];
    let whole = lines(items, acts, &registry());
    assert_eq!(whole[0].message_en(), "witness accepts");
    assert!(whole[0].evidence().get("notCounted").is_none());
}

#[test]
fn a_deadline_is_over_after_its_moment() {
    let over = |time: &str| {
        let items = json!([{"role": "witness", "before": time}]);
        let line = lines(items, vec![], &registry()).remove(0);
        (line.evidence()["before"].clone(), line.evidence()["over"].clone())
    };
    assert_eq!(over("2026-11-21T11:59:59Z"), (json!("2026-11-21T11:59:59Z"), json!(true)));
    assert_eq!(over("2026-11-21T12:00:00Z").1, false);
    assert_eq!(over("2026-11-21T12:00:01Z").1, false);
}

#[test]
fn a_countersigner_has_to_be_listed_when_it_signed() {
    let items = || json!([{"role": "notary", "registry": "local"}]);
    let with = |change: &dyn Fn(&mut Value), change_act: &dyn Fn(&mut Act)| {
        let mut list = registry();
        change(&mut list["entries"][0]);
        let mut signed = act(Role::Notary, ISSUER, 6);
        change_act(&mut signed);
        lines(items(), vec![signed], &list)[0].status() == Status::Pass
    };
    assert!(with(&|_| {}, &|_| {}));
    assert!(!with(&|entry| entry["countersigns"] = json!(["witness"]), &|_| {}));
    let until = |entry: &mut Value| entry["validUntil"] = json!("2026-06-30T00:00:00Z");
    assert!(with(&until, &|_| {}));
    assert!(!with(&|entry| entry["validUntil"] = json!("2026-05-30T00:00:00Z"), &|_| {}));
    // Revoked for cause later: what witnesses had seen stands.
    let voided = |entry: &mut Value| {
        entry["status"] = json!("revoked-for-cause");
        entry["voidSince"] = json!("2026-07-01T00:00:00Z");
    };
    assert!(with(&voided, &|_| {}));
    assert!(!with(&voided, &|act| act.record.as_mut().unwrap().existed_by = None));
    // Unrecorded, it is as of now.
    assert!(!with(&until, &|act| act.record = None));
    // Another registry's word is no answer.
    let mut other = registry();
    other["id"] = json!("elsewhere");
    let signed = act(Role::Notary, ISSUER, 6);
    assert_ne!(lines(items(), vec![signed], &other)[0].status(), Status::Pass);
}

#[test]
fn what_comes_after_a_seal_is_told_and_changes_nothing() {
    let items = json!([{"role": "holder", "by": "subject"}]);
    let mut seal = act(Role::Notary, ISSUER, 8);
    seal.decision = Decision::Seal;
    let mut stranger = act(Role::Notary, "did:web:x", 7);
    stranger.decision = Decision::Seal;
    let late = act(Role::Witness, "did:web:late", 9);
    let told = |acts: Vec<Act>| {
        let all = lines(items.clone(), acts, &registry());
        let seals = all.iter().filter(|line| line.check() == "seal");
        seals
            .map(|line| (line.code().unwrap(), line.decides(), line.evidence()["signer"].clone()))
            .collect::<Vec<_>>()
    };
    assert!(told(vec![holder()]).is_empty() && told(vec![holder(), seal.clone()]).is_empty());
    assert_eq!(told(vec![holder(), stranger]), [("seal-by-stranger", false, json!("did:web:x"))]);
    assert_eq!(
        told(vec![holder(), seal, late]),
        [("added-after-seal", false, json!("did:web:late"))]
    );
}

#[test]
fn every_lack_has_its_code() {
    use inkan_verifier::agreement::Lack;
    for lack in [
        Lack::Missing,
        Lack::NotNamed,
        Lack::NotListed,
        Lack::Refused,
        Lack::Withdrawn,
        Lack::AfterSeal,
        Lack::OutOfOrder,
        Lack::Late,
        Lack::TimeUnknown,
        Lack::NotShownCurrent,
        Lack::SignerUnknown,
        Lack::KeyEnded,
        Lack::NotDistinct,
        Lack::NotAdmitted,
        Lack::PowerVoid,
        Lack::PowerNotShown,
    ] {
        assert_eq!(super::code(lack).code(), lack.code(), "{lack:?}");
    }
    assert_eq!(super::code(Lack::StrangersSeal).code(), "countersignature-after-seal");
}

#[test]
fn only_the_issuers_own_record_dates_the_issuance() {
    let dated = |by_signer: bool| {
        let credential = SeenCredential {
            record: Some(crate::seen::SeenRecord {
                origin: "log".to_owned(),
                size: 1,
                root: String::new(),
                leaf_time: at("2026-05-01T00:00:00Z"),
                existed_by: None,
                witnesses: 0,
                tsa: false,
                keys: BTreeSet::new(),
                by_signer,
            }),
            ..seen::plain()
        };
        super::own_record(&credential)
    };
    assert_eq!(dated(true), Some(at("2026-05-01T00:00:00Z")));
    assert_eq!(dated(false), None);
}
