//! Levels of other frameworks, on documents that the built-in catalogue does not have.

use inkan_evidence::{AuthLevel, Row};
use serde_json::{Value, json};

use super::{mapping_status, of_row, vector_of_trust};
use crate::catalogue::{BUILTIN, Catalogue};
use crate::testing::*;

/// A catalogue in which a licence is of this strength, and a bank card with a portrait is fair.
fn catalogue(licence: &str) -> Catalogue {
    let mut file: Value = serde_json::from_str(BUILTIN).unwrap();
    let mut bank = file["documents"]["jp_drivers_license"].clone();
    bank["strengthSeen"] = json!("FAIR");
    bank["issuedBy"] = json!("bank");
    file["documents"]["bank_card"] = bank.clone();
    bank["issuedBy"] = json!("another bank");
    file["documents"]["other_card"] = bank;
    file["documents"]["jp_drivers_license"]["strengthSeen"] = json!(licence);
    Catalogue::parse(file.to_string().as_bytes()).unwrap()
}

fn levels(world: &World) -> (Value, Value) {
    let all = world.report().to_value()["assurance"]["ial"]["frameworks"].clone();
    (all["nist-800-63-4"].clone(), all["eidas-2015-1502"].clone())
}

fn seen(kind: &str) -> Value {
    document(kind, &[check("vpip"), check("pvp"), check("data")])
}

fn with(licence: &str, kinds: &[&str]) -> Value {
    let mut world = World::of(event("in_person", "qualified", seen(kinds[0])));
    let items = kinds.iter().map(|kind| seen(kind)).collect::<Vec<_>>();
    world.evidence()["evidence"] = items.into();
    world.catalogue = catalogue(licence);
    levels(&world).0
}

#[test]
fn one_superior_two_strong_or_a_strong_and_another_make_nist_ial2() {
    let licence = "jp_drivers_license";
    assert_eq!(with("SUPERIOR", &[licence]), "IAL2");
    assert_eq!(with("STRONG", &[licence]), "IAL1");
    assert_eq!(with("FAIR", &[licence]), "IAL1");
    assert_eq!(with("STRONG", &[licence, "passport"]), "IAL2", "two strong ones");
    assert_eq!(with("STRONG", &[licence, "bank_card"]), "IAL2", "a strong and a fair one");
    assert_eq!(with("FAIR", &[licence, "bank_card"]), "IAL1", "two fair ones");
    assert_eq!(with("FAIR", &["bank_card", "other_card"]), "IAL1", "of two issuers");
    assert_eq!(with("STRONG", &[licence, licence]), "IAL1", "of one issuer");
    // The stronger of one issuer counts, whichever comes first.
    let both = |first: &str, second: &str| {
        let mut world = World::of(event("in_person", "qualified", seen(licence)));
        let mut items = vec![seen(first), seen(second)];
        items[0]["checkDetails"].as_array_mut().unwrap().push(check("vcrypt"));
        world.evidence()["evidence"] = items.into();
        levels(&world).0
    };
    assert_eq!(both(licence, licence), "IAL2", "its chip was read");
}

#[test]
fn what_is_not_validated_or_has_no_owner_is_no_item() {
    let level = |checks: &[Value]| {
        levels(&World::of(event("in_person", "qualified", document("jp_drivers_license", checks))))
            .0
    };
    assert_eq!(level(&[check("vpip"), check("pvp"), check("data")]), "IAL1");
    assert_eq!(level(&[check("vpip"), check("pvp")]), "none");
    assert_eq!(level(&[check("vpip"), check("data")]), "none");
    assert_eq!(level(&[check("vcrypt"), check("pvp")]), "IAL2");
    assert_eq!(level(&[check("vcrypt")]), "none");
}

#[test]
fn a_derivation_that_fails_its_rule_is_void_on_other_scales_too() {
    let with = |aal: &str| {
        let mut evidence = r2a();
        evidence["derivedFrom"] = json!({
            "credentialSha256": "ab".repeat(32), "verificationProcess": "urn:uuid:base", "holderAal": aal,
        });
        levels(&World::of(evidence))
    };
    assert_eq!(with("AAL-2"), (json!("IAL2"), json!("high")));
    assert_eq!(with("AAL-1"), (json!("none"), json!("none")));
}

#[test]
fn policies_on_other_scales_limit_age_by_their_own_word_alone() {
    let decided = |max_age: Option<&str>, day: &str| {
        let mut world = World::of(r2a());
        let mut leaf = json!({"min": "high"});
        if let Some(age) = max_age {
            leaf["maxAge"] = json!(age);
        }
        world.policy["assurance"] =
            json!({"framework": "eidas-2015-1502", "requires": {"ial": leaf}});
        world.as_of = at(&format!("{day}T00:00:00Z"));
        let report = world.report();
        (report.levels().counted_identity, report.reasons().contains(&"proofing-too-old"))
    };
    assert_eq!(decided(None, "2040-01-01"), ("high", false));
    assert_eq!(decided(Some("P1Y"), "2027-03-01"), ("high", false));
    assert_eq!(decided(Some("P1Y"), "2027-03-02"), ("none", true));
}

#[test]
fn remedies_on_other_scales_are_rows_that_are_enough() {
    let rows = |framework: &str, min: &str| {
        let mut world = World::of(r8());
        world.policy["assurance"] =
            json!({"framework": framework, "requires": {"ial": {"min": min}}});
        let report = world.report();
        let rows: std::collections::BTreeSet<Row> =
            report.remedies().iter().filter_map(crate::Remedy::row).collect();
        rows.into_iter().map(Row::as_str).collect::<Vec<_>>()
    };
    assert_eq!(rows("nist-800-63-4", "IAL2"), ["R2a", "R2b"]);
    assert_eq!(rows("eidas-2015-1502", "high"), ["R1", "R2a"]);
    assert_eq!(rows("eidas-2015-1502", "low"), ["R1", "R2a", "R2b", "R3", "R4", "R5", "R6"]);
    assert_eq!(rows("jp-swg-2022", "IAL-3"), ["R1", "R2a", "R2b", "R3", "R4"]);
    assert_eq!(rows("jp-swg-2022", "IAL-2"), ["R1", "R2a", "R2b", "R3", "R4", "R5", "R6", "R7"]);
}

#[test]
fn the_mapping_file_is_read_as_it_stands() {
    let eidas = Row::ALL.map(of_row);
    assert_eq!(eidas, [3, 3, 2, 2, 2, 1, 1, 0, 0]);
    let status = mapping_status();
    assert_eq!(status.len(), 5);
    assert_eq!(status["eidas-2015-1502"], "indicative");
    assert_eq!(status["nist-800-63-4"], "reading");
    let vector = |row, aal, by_account| vector_of_trust(row, aal, by_account);
    assert_eq!(vector(Some(Row::R1), AuthLevel::Aal3, false).as_deref(), Some("P3.Cf"));
    assert_eq!(vector(Some(Row::R8), AuthLevel::Aal0, false).as_deref(), Some("P1"));
    assert_eq!(vector(None, AuthLevel::Aal1, true).as_deref(), Some("Cc"));
    assert_eq!(vector(None, AuthLevel::Aal2, true).as_deref(), Some("Ce.Cg"));
    assert_eq!(vector(None, AuthLevel::Aal1, false).as_deref(), Some("Ce"));
    assert_eq!(vector(None, AuthLevel::Aal0, false), None);
}
