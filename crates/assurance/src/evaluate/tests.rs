//! The tree: whom it is about, and what a credential of which nothing is known leaves of it.

use inkan_evidence::insecure::{add, spoken};
use inkan_evidence::{Basis, Certification, FactKind, Liveness, Road};
use inkan_verifier::Reason;
use serde_json::{Value, json};

use crate::line::Status;
use crate::report::{Decision, Report};
use crate::testing::*;

/// What a login to an account comes to, two factors strong, where nobody presents.
fn login(requires: Value) -> Report {
    let mut world = World::of(r8()).asking(&requires);
    world.holder = None;
    world.credentials.clear();
    let mut facts = world.facts();
    for kind in [
        FactKind::AuthenticatorBound,
        FactKind::AuthenticatorStatusClean,
        FactKind::UvAttested,
        FactKind::KeyCertified(Certification::Scheme),
    ] {
        add(&mut facts, "presentation", kind, Basis::Attested, Road::AuthenticationEvent);
    }
    spoken(&mut facts, None, true);
    world.report_on(&facts)
}

#[test]
fn an_account_is_enough_where_no_leaf_is_about_a_person() {
    let aal = || json!({"aal": {"min": "AAL-2"}});
    let accepted = [
        aal(),
        json!({"allOf": [aal(), {"trust": {"registries": ["local"]}}]}),
        json!({"anyOf": [aal(), {"aal": {"min": "AAL-3"}}]}),
        json!({"allOf": [{"anyOf": [aal()]}]}),
    ];
    for requires in accepted {
        assert_eq!(login(requires.clone()).decision(), Decision::Accept, "{requires}");
    }
    let person = [
        json!({"allOf": [aal(), {"ial": {"min": "IAL-1"}}]}),
        json!({"allOf": [aal(), {"link": {"mode": "same-key"}}]}),
        json!({"anyOf": [{"allOf": [{"link": {"mode": "same-key"}}, aal()]}, {"aal": {"min": "AAL-3"}}]}),
    ];
    for requires in person {
        let report = login(requires.clone());
        assert_eq!(report.decision(), Decision::Reject, "{requires}");
        assert!(report.reasons().contains(&"session-bound-only"), "{requires}");
    }
}

#[test]
fn of_a_credential_that_failed_nothing_is_known() {
    let told = |requires: Value, check: &str| {
        let mut world = World::of(r2b()).asking(&requires);
        world.failed = Some(Reason::StatusMissing { uri: "https://a".to_owned() });
        let report = world.report();
        assert_eq!(report.decision(), Decision::Undetermined, "{requires}");
        let line = report.checks().iter().find(|line| line.check() == check).unwrap().clone();
        (line.status(), line.code().map(str::to_owned))
    };
    let open = (Status::Unknown, Some("evaluation-incomplete".to_owned()));
    assert_eq!(told(json!({"link": {"mode": "same-key"}}), "link"), open);
    assert_eq!(told(json!({"trust": {"registries": ["local"]}}), "trust"), open);
    assert_eq!(told(json!({"trust": {"prooferRoles": ["identity_proofer"]}}), "trust"), open);
    let nobody = told(json!({"trust": {"walletProviders": ["w"]}}), "trust");
    assert_eq!(nobody, (Status::Pass, None), "it asks nothing of a credential");
}

#[test]
fn every_credential_was_proofed_by_somebody_who_is_admitted() {
    let judged = |leaf: Value| {
        let mut world = World::of(r2b()).asking(&json!({ "trust": leaf }));
        let mut other = credential(r7());
        other["evidence"] = json!([]);
        world.credentials.push(other);
        world.keys.push(KEY);
        world.report().reasons().to_vec()
    };
    assert_eq!(judged(json!({"registries": ["local"]})), ["row-not-admitted"], "one by nobody");
    assert_eq!(judged(json!({"operators": ["did:web:o"]})), <[&str; 0]>::default());
}

#[test]
fn one_holder_is_the_one_who_presents_now() {
    let judged = |change: &dyn Fn(&mut World)| {
        let mut world = World::of(r2b()).asking(&json!({"link": {"mode": "same-key"}}));
        change(&mut world);
        let report = world.report();
        let remedies = report.remedies().iter().map(crate::Remedy::purpose).collect::<Vec<_>>();
        let of_link = report.reasons().to_vec();
        (of_link, remedies, report.exit())
    };
    assert_eq!(judged(&|_| {}), (vec![], vec![], 0));
    assert_eq!(judged(&|w| w.holder = None), (vec!["holder-proof-missing"], vec!["link"], 15));
    let again = |w: &mut World| w.holder.as_mut().unwrap().liveness = Liveness::NotLive;
    assert_eq!(judged(&again), (vec!["nonce-invalid"], vec!["link"], 16));
    let other = |w: &mut World| w.holder.as_mut().unwrap().jkt = "another".to_owned();
    assert_eq!(judged(&other), (vec!["holder-not-linked"], vec![], 16));
    let both = |w: &mut World| {
        again(w);
        other(w);
    };
    assert_eq!(judged(&both).1, <[&str; 0]>::default(), "a new proof would not link them");
}
