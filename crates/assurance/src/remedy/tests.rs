//! What a remedy costs, and to which items it can be applied.

use inkan_evidence::model::Agent;
use inkan_evidence::{Certification, FactKind, Row};
use serde_json::{Value, json};

use super::{Remedy, cost_of};
use crate::catalogue::Class;
use crate::row::Need;
use crate::testing::*;

#[test]
fn what_each_thing_costs() {
    let table: [(&[FactKind], u8); 4] = [
        (&[FactKind::HolderProof, FactKind::UvClaimed], 1),
        (
            &[
                FactKind::GenuineCrypto,
                FactKind::OwnerSignKey,
                FactKind::OwnerAuthKey,
                FactKind::AuthenticatorBound,
                FactKind::AuthenticatorStatusClean,
                FactKind::UvAttested,
                FactKind::KeyCertified(Certification::Scheme),
                FactKind::KeyHardware,
                FactKind::KeyNonexportable,
                FactKind::VerifierBound,
                FactKind::Intent,
            ],
            2,
        ),
        (
            &[
                FactKind::GenuineImage,
                FactKind::GenuineImagePad,
                FactKind::OwnerRemoteLive,
                FactKind::OwnerCode,
                FactKind::AttributesValidated,
                FactKind::RevocationGood,
                FactKind::TimestampToken,
                FactKind::RegisterConfirmed,
            ],
            3,
        ),
        (&[FactKind::GenuineSeen, FactKind::OwnerInPerson], 4),
    ];
    for (kinds, cost) in table {
        for kind in kinds {
            assert_eq!(cost_of(Need::Fact(*kind)), cost, "{kind:?}");
            assert_eq!(Remedy::of_facts("x", vec![*kind]).cost(), cost);
        }
    }
    assert_eq!((cost_of(Need::Portrait), cost_of(Need::Class(Class::SelfAsserted))), (1, 1));
    for need in [Need::Agent(Agent::Official), Need::Anchor, Need::HandOver] {
        assert_eq!(cost_of(need), 4);
    }
    assert_eq!(Remedy::of_facts("x", vec![]).cost(), 1);
    let dear = [FactKind::HolderProof, FactKind::OwnerInPerson].to_vec();
    assert_eq!(Remedy::of_facts("x", dear).cost(), 4, "the dearest part is the price");
}

/// Rows to which an item that is there can be brought, and what is added.
fn of_item(kind: &str, checks: &[Value], leaf: &Value) -> Vec<(Row, Vec<&'static str>)> {
    let world = World::of(event("in_person", "trained", document(kind, checks))).asking(leaf);
    let report = world.report();
    let own = report.remedies().iter().filter(|one| one.item().is_some());
    own.map(|one| (one.row().unwrap(), one.add().to_vec())).collect()
}

#[test]
fn an_item_is_brought_as_far_as_its_document_goes() {
    let high = json!({"ial": {"min": "IAL-3"}});
    let substantial = json!({"ial": {"min": "IAL-2"}});
    let face = |kind: &str| of_item(kind, &[check("vri")], &high);
    assert_eq!(face("jp_drivers_license").len(), 1);
    // No portrait to compare a face with, and no key to sign with.
    assert!(face("jp_health_insurance_card").is_empty());
    assert!(of_item("email", &[check("code")], &substantial).is_empty());
    // A card of its own class signs; what is only read by its chip cannot be looked at.
    let card = of_item("jp_individual_number_card", &[check("vri")], &high);
    let rows: Vec<Row> = card.iter().map(|(row, _)| *row).collect();
    assert_eq!(rows, [Row::R2b, Row::R4, Row::R2a], "the cheapest first");
    let record = of_item("jp_card_substitute_record", &[], &substantial);
    assert_eq!(record.first().map(|(row, _)| *row), Some(Row::R6));
    assert!(record.iter().all(|(_, add)| !add.contains(&"genuine.image")), "{record:?}");
    // The chip makes the class.
    assert!(record.iter().all(|(_, add)| add.contains(&"genuine.crypto")), "{record:?}");
}

#[test]
fn what_a_policy_wants_of_every_row_is_added_where_it_is_not_there() {
    let stamped = json!({"ial": {"min": "IAL-2", "revocation": "attested", "genuine": "crypto"}});
    let world = World::of(r7()).asking(&stamped);
    let report = world.report();
    for remedy in report.remedies() {
        assert!(remedy.add().contains(&"genuine.crypto"), "{remedy:?}");
        assert!(remedy.add().contains(&"revocation.good"), "{remedy:?}");
    }
    let own: Vec<_> = report.remedies().iter().filter(|one| one.item().is_some()).collect();
    assert!(own.iter().any(|one| one.row() == Some(Row::R7)), "what holds lacks only the wishes");
    // An item that has one of them lacks the other alone.
    let chip = document("jp_individual_number_card", &[check("vcrypt")]);
    let world = World::of(event("remote", "trained", chip)).asking(&stamped);
    let report = world.report();
    let own: Vec<_> = report.remedies().iter().filter(|one| one.item().is_some()).collect();
    let read = own.iter().find(|one| one.row() == Some(Row::R6)).unwrap();
    assert_eq!(read.add(), ["revocation.good"]);
}
