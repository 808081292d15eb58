//! How many parties must say what a credential says.

use std::collections::BTreeSet;
use std::sync::Arc;

use inkan_verifier::{Check, CheckName, Reason, Weight};
use serde_json::{Value, json};

use super::proofs;
use crate::line::Status;
use crate::policy::Policy;
use crate::seen::{SeenCredential, SeenProof};

const OTHER: &str = "did:key:other";

fn proof(controller: &str) -> SeenProof {
    SeenProof {
        controller: controller.to_owned(),
        asserts: true,
        held: true,
        linked: BTreeSet::new(),
    }
}

fn judged(rule: Value, proofs_seen: &[SeenProof]) -> Option<(Status, Option<&'static str>)> {
    let credential = SeenCredential { proofs: proofs_seen.to_vec(), ..seen::plain() };
    let policy = Policy::from_value(&seen::demanding("proofs", rule)).unwrap();
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
fn one_controller_under_two_dids_is_one() {
    let by = |controller: &str, linked: &[&str]| SeenProof {
        linked: linked.iter().map(|did| (*did).to_owned()).collect(),
        ..proof(controller)
    };
    let two = || json!({"atLeast": 2});
    assert_eq!(judged(two(), &[proof(ISSUER), by(OTHER, &[ISSUER])]), TOO_FEW);
    assert_eq!(judged(two(), &[by(ISSUER, &[OTHER]), proof(OTHER)]), TOO_FEW);
    let third = "did:key:third";
    assert_eq!(judged(two(), &[proof(ISSUER), by(OTHER, &[ISSUER]), proof(third)]), PASSED);
    // One that is linked with both of two strangers takes neither of them away.
    assert_eq!(judged(two(), &[by(OTHER, &[ISSUER, third]), proof(ISSUER), proof(third)]), PASSED);
    let three = json!({"atLeast": 3});
    assert_eq!(judged(three, &[by(OTHER, &[ISSUER, third]), proof(ISSUER), proof(third)]), TOO_FEW);
    // Nor is a linked one that could not be checked a reason to ask again.
    let unchecked = SeenProof { held: false, ..by(OTHER, &[ISSUER]) };
    assert_eq!(judged(two(), &[proof(ISSUER), unchecked]), TOO_FEW);
    // Whoever is named counts once, whatever DIDs of it are named.
    let named = json!({"atLeast": 2, "by": [ISSUER, OTHER]});
    assert_eq!(judged(named, &[proof(ISSUER), by(OTHER, &[ISSUER])]), TOO_FEW);
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
        let policy = seen::demanding("proofs", rule);
        assert!(Policy::from_value(&policy).is_err(), "{policy}");
    }
}

use crate::seen::SeenRecord;
use crate::testing::{ISSUER, World, at, r8, seen};

/// What the outer part says of a world: check and code of each line that does not pass, and the exit.
fn told(change: &dyn Fn(&mut World)) -> (Vec<&'static str>, u8) {
    let mut world = World::of(r8());
    change(&mut world);
    let report = world.report();
    (report.reasons().to_vec(), report.exit())
}

const FINE: (Vec<&str>, u8) = (Vec::new(), 0);

fn record() -> SeenRecord {
    SeenRecord {
        origin: "ledger.example".to_owned(),
        size: 13,
        root: "ab".repeat(32),
        leaf_time: at("2026-03-07T12:00:00Z"),
        existed_by: Some(at("2026-03-07T12:00:02Z")),
        witnesses: 2,
        tsa: false,
        keys: ["w1+0a+AA=="].map(str::to_owned).into(),
        by_signer: true,
    }
}

#[test]
fn a_policy_is_in_effect_from_its_first_day_to_its_last() {
    let with =
        |period: Value| told(&move |world| world.policy["effective"] = period.clone()).0.len();
    assert_eq!(with(json!({"from": "2026-11-21"})), 0);
    assert_eq!(with(json!({"until": "2026-11-21"})), 0);
    assert_eq!(with(json!({"from": "2026-11-22"})), 1);
    assert_eq!(with(json!({"until": "2026-11-20"})), 1);
    assert_eq!(with(json!({"from": "2026-01-01", "until": "2026-11-20"})), 1);
    assert_eq!(with(json!({"from": "2026-01-01", "until": "2026-12-31"})), 0);
    let mut world = World::of(r8());
    world.policy["effective"] = json!({"until": "2026-11-20"});
    let report = world.report();
    let line = report.checks().iter().find(|line| line.check() == "policy-in-effect").unwrap();
    assert_eq!(
        (line.expected_value(), line.found_value()),
        (Some("… to 2026-11-20"), Some("2026-11-21"))
    );
}

#[test]
fn how_old_the_word_of_a_status_list_may_be() {
    let with = |since: Option<&'static str>, rule: Value| {
        told(&move |world| {
            world.status = since.map(at);
            world.policy["status"] = rule.clone();
        })
    };
    let day = || json!({"required": true, "maxAge": "PT24H"});
    assert_eq!(with(Some("2026-11-20T12:00:00Z"), day()), FINE);
    assert_eq!(with(Some("2026-11-20T11:59:59Z"), day()), (vec!["stale"], 19));
    assert_eq!(with(None, day()), (vec!["status-not-named"], 15));
    assert_eq!(with(None, json!({"required": false, "maxAge": "PT24H"})), FINE);
    assert_eq!(with(Some("2020-01-01T00:00:00Z"), json!({"required": true})), FINE);
}

#[test]
fn a_receipt_is_that_of_the_signer_unless_its_did_has_no_ledger() {
    let with = |issuer: &'static str, by_signer: bool| {
        let mut world = World::of(r8());
        world.policy["ledger"] = json!({"required": true, "time": {"grade": "operator"}});
        world.record = Some(SeenRecord { by_signer, ..record() });
        let mut seen = world.seen();
        seen.credentials[0].as_mut().unwrap().issuer = issuer.to_owned();
        let policy = Policy::from_value(&world.policy).unwrap();
        let lines = super::judge(&policy, &seen, &[], &[0]);
        lines
            .into_iter()
            .filter_map(|line| line.code())
            .filter(|code| *code == "receipt-missing")
            .count()
    };
    assert_eq!(with("did:web:a", true), 0);
    assert_eq!(with("did:web:a", false), 1);
    assert_eq!(with("did:key:a", false), 0);
    assert_eq!(with("did:jwk:a", false), 0);
}

#[test]
fn what_the_verifier_has_said_of_a_receipt_is_not_said_again() {
    let low = || Reason::TimeGradeTooLow { found: "x".to_owned(), needed: "tsa".to_owned() };
    let with = |reason: Reason, weight: Weight, subject: &str, code: &str| {
        let mut world = World::of(r8());
        world.policy["ledger"] = json!({"required": true, "time": {"grade": "tsa"}});
        if code == "time-grade-too-low" {
            world.record = Some(record());
        }
        let mut seen = world.seen();
        let said = Check::unknown(CheckName::OnLedger, subject, reason, weight);
        seen.checks = Arc::new(vec![said]);
        let policy = Policy::from_value(&world.policy).unwrap();
        let lines = super::judge(&policy, &seen, &[], &[0]);
        lines.into_iter().filter(|line| line.code() == Some(code)).count()
    };
    use Weight::{Informative, Required};
    for (reason, code) in
        [(Reason::ReceiptMissing, "receipt-missing"), (low(), "time-grade-too-low")]
    {
        assert_eq!(with(reason.clone(), Required, "cred[0]", code), 0, "{code}");
        assert_eq!(with(reason.clone(), Informative, "cred[0]", code), 1, "{code}");
        assert_eq!(with(reason, Required, "cred[1]", code), 1, "{code}");
        assert_eq!(with(Reason::Stale, Required, "cred[0]", code), 1, "{code}");
    }
}

#[test]
fn every_grade_of_time_is_met_by_itself() {
    let graded = |time: Value, change: &dyn Fn(&mut SeenRecord)| {
        let mut world = World::of(r8());
        world.policy["ledger"] = json!({"required": true, "time": time});
        let mut record = record();
        change(&mut record);
        world.record = Some(record);
        let report = world.report();
        let line = report.checks().iter().find(|line| line.check() == "time-grade").cloned();
        (report.reasons().to_vec(), line.and_then(|line| line.expected_value().map(str::to_owned)))
    };
    let fine = (vec![], None);
    let witnessed = |least: u32| json!({"grade": "witnessed", "atLeast": least});
    assert_eq!(graded(json!({"grade": "operator"}), &|r| r.witnesses = 0), fine);
    assert_eq!(graded(witnessed(2), &|_| {}), fine);
    assert_eq!(graded(witnessed(1), &|_| {}), fine);
    assert_eq!(
        graded(witnessed(3), &|_| {}),
        (vec!["time-grade-too-low"], Some("witnessed 3".to_owned()))
    );
    assert_eq!(graded(json!({"grade": "tsa"}), &|r| r.tsa = true), fine);
    assert_eq!(
        graded(json!({"grade": "tsa"}), &|_| {}),
        (vec!["time-grade-too-low"], Some("tsa".to_owned()))
    );
    assert_eq!(
        graded(json!({"grade": "chain"}), &|r| r.tsa = true),
        (vec!["time-grade-unavailable"], Some("chain".to_owned()))
    );
}

#[test]
fn the_time_of_an_issuance_is_what_was_seen_of_it() {
    // Trusted for this type in March alone.
    let judged = |change: &dyn Fn(&mut World)| {
        told(&|world: &mut World| {
            world.policy["issuers"] = json!("listed");
            world.policy.as_object_mut().unwrap().remove("assurance");
            world.entry()["validFrom"] = json!("2026-03-01T00:00:00Z");
            world.entry()["validUntil"] = json!("2026-03-31T00:00:00Z");
            change(world);
        })
        .1
    };
    assert_eq!(judged(&|_| {}), 0, "the issuer's own date");
    assert_eq!(judged(&|w| w.record = Some(record())), 0);
    let later =
        || SeenRecord { leaf_time: at("2026-04-01T00:00:00Z"), existed_by: None, ..record() };
    assert_eq!(judged(&|w| w.record = Some(later())), 14, "the operator's date");
    let seen = || SeenRecord { existed_by: Some(at("2026-04-01T00:00:00Z")), ..record() };
    assert_eq!(judged(&|w| w.record = Some(seen())), 14, "what witnesses saw");
    // Revoked for cause since June: what witnesses had seen before stands, an own date does not.
    let voided = |change: &dyn Fn(&mut World)| {
        judged(&|world| {
            world.entry().as_object_mut().unwrap().remove("validUntil");
            world.entry()["status"] = json!("revoked-for-cause");
            world.entry()["voidSince"] = json!("2026-06-01T00:00:00Z");
            change(world);
        })
    };
    assert_eq!(voided(&|_| {}), 14);
    assert_eq!(voided(&|w| w.record = Some(record())), 0);
    assert_eq!(voided(&|w| w.record = Some(SeenRecord { existed_by: None, ..record() })), 14);
}

#[test]
fn all_types_must_be_issued_by_the_issuer_unless_one_is_asked_for() {
    let judged = |types: Value, asked: Value| {
        told(&move |world| {
            world.policy["issuers"] = json!("listed");
            world.policy["credentialTypes"] = asked.clone();
            world.credentials[0]["type"] = types.clone();
        })
    };
    let plain = || json!(["VerifiableCredential"]);
    let badge = || json!(["VerifiableCredential", "Badge"]);
    let both = || json!(["VerifiableCredential", "Badge", "Licence"]);
    assert_eq!(judged(badge(), json!("any")), FINE);
    assert_eq!(judged(both(), json!("any")).1, 14);
    assert_eq!(judged(plain(), json!("any")).1, 14, "of no type nobody says who issues it");
    assert_eq!(judged(both(), json!(["Badge"])), FINE);
    assert_eq!(judged(both(), json!(["Licence"])).1, 14);
    assert_eq!(
        judged(badge(), json!(["Licence"])),
        (vec!["credential-type-not-admitted", "issuer-not-trusted"], 14)
    );
}

#[test]
fn of_several_credentials_those_that_fit_are_asked_for() {
    let requested = |types: &[Option<&str>], asked: Value| {
        let mut world = World::of(r8());
        world.credentials = types.iter().map(|_| world.credentials[0].clone()).collect();
        world.policy["credentialTypes"] = asked;
        let mut seen = world.seen();
        for (credential, kind) in seen.credentials.iter_mut().zip(types) {
            match kind {
                Some(kind) => credential.as_mut().unwrap().types = vec![(*kind).to_owned()],
                None => *credential = None,
            }
        }
        super::requested(&Policy::from_value(&world.policy).unwrap(), &seen)
    };
    let asked = || json!(["A", "B"]);
    assert_eq!(requested(&[Some("A"), Some("C"), Some("B")], asked()), [0, 2]);
    assert_eq!(requested(&[Some("C"), None], asked()), [1], "what failed may have been it");
    assert_eq!(requested(&[Some("C"), Some("D")], asked()), [0, 1], "none: all are judged");
    assert_eq!(requested(&[Some("C"), Some("A")], json!("any")), [0, 1]);
    assert!(requested(&[], asked()).is_empty());
}

#[test]
fn a_policy_that_takes_no_credential_says_so() {
    let none = |asked: Value| {
        told(&move |world| {
            world.credentials.clear();
            world.policy["credentialTypes"] = asked.clone();
            world.policy.as_object_mut().unwrap().remove("assurance");
        })
    };
    assert_eq!(none(json!("optional")), FINE);
    assert_eq!(none(json!("any")).0[0], "credential-missing");
    assert_eq!(none(json!(["Badge"])).0[0], "credential-missing");
}

#[test]
fn named_and_listed_issuers_are_two_conditions() {
    let judged = |issuers: Value| told(&move |world| world.policy["issuers"] = issuers.clone()).1;
    assert_eq!(judged(json!({"dids": [ISSUER], "registries": ["local"]})), 0);
    assert_eq!(judged(json!({"dids": ["did:web:other"], "registries": ["local"]})), 14);
    assert_eq!(judged(json!({"registries": ["other", "local"]})), 0);
}
