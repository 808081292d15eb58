use std::collections::BTreeSet;

use inkan_verifier::{Check, CheckName, Reason, Verification, Weight};
use serde_json::json;

use super::{SeenRecord, decides, line};
use crate::assess::{AssessContext, assess};
use crate::line::Status;
use crate::policy::Policy;
use crate::report::Decision;
use crate::testing::{World, at, codes, r8};

#[test]
fn a_line_of_the_verifier_is_taken_as_it_was_said() {
    let (name, subject) = (CheckName::Status, "cred[0]");
    let unknown = |weight| Check::unknown(name, subject, Reason::Stale, weight);
    let table = [
        (Check::pass(name, subject), Status::Pass, false, None),
        (Check::fail(name, subject, Reason::Stale), Status::Fail, true, Some("stale")),
        (Check::skipped(name, subject), Status::Skipped, false, None),
        (unknown(Weight::Required), Status::Unknown, true, Some("stale")),
        (unknown(Weight::Informative), Status::Unknown, false, Some("stale")),
    ];
    for (check, status, deciding, code) in table {
        let line = line(&check.clone().with("index", 7));
        assert_eq!((line.status(), line.decides(), line.code()), (status, deciding, code));
        assert_eq!((line.check(), line.subject()), ("status", subject));
        assert_eq!(decides(&check), deciding);
        assert_eq!(line.evidence().get("index"), Some(&json!(7)));
        assert_eq!(line.message_en().is_empty(), code.is_none());
    }
}

#[test]
fn grades_of_time_in_words() {
    let grades = |witnesses: u32, tsa: bool| {
        let record = SeenRecord {
            origin: "log".to_owned(),
            size: 1,
            root: String::new(),
            leaf_time: at("2026-03-01T00:00:00Z"),
            existed_by: None,
            witnesses,
            tsa,
            keys: BTreeSet::new(),
            by_signer: true,
        };
        record.grades()
    };
    assert_eq!(grades(0, false), ["operator"]);
    assert_eq!(grades(1, false), ["witnessed 1"]);
    assert_eq!(grades(3, true), ["witnessed 3", "tsa"]);
}

#[test]
fn where_nothing_was_verified_there_is_nothing_to_accept() {
    let (now, later) = (at("2026-11-21T12:00:00Z"), at("2026-11-21T12:00:05Z"));
    let nothing = Verification::of_nothing(now, later);
    let mut world = World::of(r8());
    world.credentials.clear();
    world.holder = None;
    let codes = codes();
    let context = AssessContext { registries: &[], catalogue: &world.catalogue, codes: &codes };
    let judged = |types: &str| {
        let policy = json!({"type": "inkan-policy/1", "id": "p", "version": "1", "issuers": "any", "credentialTypes": types});
        assess(&nothing, &world.facts(), &Policy::from_value(&policy).unwrap(), &context)
    };
    assert_eq!(judged("any").decision(), Decision::Reject);
    let cart = judged("optional");
    assert_eq!((cart.decision(), cart.exit()), (Decision::Accept, 0));
    assert_eq!(cart.to_value()["receivedAt"], "2026-11-21T12:00:05Z");
    assert_eq!(cart.to_value()["truth"]["authentic"], "pass");
    assert_eq!(cart.levels().achieved_identity, "IAL-0");
}
