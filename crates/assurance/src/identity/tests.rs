//! One leaf: its filters one by one, several credentials, and what is said beside.

use inkan_evidence::insecure::{add, add_at};
use inkan_evidence::{Basis, FactKind, Facts, Road};
use serde_json::{Value, json};

use crate::report::{Decision, Report};
use crate::testing::*;

const ITEM: &str = "cred[0].evidence[0].evidence[0]";

fn with(world: &World, facts: &[(&str, FactKind, Basis)]) -> Facts {
    let mut out = world.facts();
    for (path, kind, basis) in facts {
        add(&mut out, path, *kind, *basis, Road::Webauthn);
    }
    out
}

fn leaf(leaf: &Value) -> Value {
    let mut leaf = leaf.clone();
    leaf["disputed"] = leaf.get("disputed").cloned().unwrap_or_else(|| json!("accept"));
    json!({ "ial": leaf })
}

fn codes(report: &Report) -> Vec<&'static str> {
    let mut codes: Vec<_> = report.checks().iter().filter_map(|line| line.code()).collect();
    codes.retain(|code| *code != "issuer-not-judged");
    codes.sort_unstable();
    codes.dedup();
    codes
}

#[test]
fn every_filter_is_looked_at_alone() {
    let stamped = (ITEM, FactKind::TimestampToken, Basis::Verified);
    let crypto = (ITEM, FactKind::GenuineCrypto, Basis::Attested);
    let register = ("cred[0]", FactKind::RegisterConfirmed, Basis::Verified);
    let good = (ITEM, FactKind::RevocationGood, Basis::Attested);
    let asked = (ITEM, FactKind::RevocationGood, Basis::Verified);
    let table = [
        (r7(), json!({"min": "IAL-2", "genuine": "crypto"}), crypto, "document-not-chip-verified"),
        (r7(), json!({"min": "IAL-2", "timestamp": "required"}), stamped, "timestamp-missing"),
        (
            r7(),
            json!({"min": "IAL-2", "registerCheck": {"maxAge": "P30D"}}),
            register,
            "register-check-missing",
        ),
    ];
    for (evidence, asks, fact, code) in table {
        let world = World::of(evidence).asking(&leaf(&asks));
        let refused = world.report();
        assert_eq!(refused.decision(), Decision::Reject, "{asks}");
        assert_eq!(refused.levels().achieved_identity, "IAL-2");
        assert_eq!(refused.levels().counted_identity, "IAL-0");
        assert_eq!(codes(&refused), {
            let mut expected = vec![code, "ial-below-requirement", "ownership-not-shown"];
            expected.sort_unstable();
            expected
        });
        let accepted = world.report_on(&with(&world, &[fact]));
        assert_eq!(accepted.decision(), Decision::Accept, "{asks}: {:?}", accepted.reasons());
        assert!(codes(&accepted).is_empty(), "{asks}");
    }
    // Nobody asks: nothing is missing.
    assert!(codes(&World::of(r7()).asking(&leaf(&json!({"min": "IAL-2"}))).report()).is_empty());
    // Revocation is asked about what can be revoked.
    let rule = |evidence: Value, rule: &str, facts: &[(&str, FactKind, Basis)]| {
        let asks = json!({"min": "IAL-2", "revocation": rule});
        let world = World::of(evidence).asking(&leaf(&asks));
        world.report_on(&with(&world, facts)).decision()
    };
    let unknown = || {
        let mut evidence = r6();
        evidence["evidence"][0].as_object_mut().unwrap().remove("revocation");
        evidence
    };
    assert_eq!(rule(unknown(), "none", &[]), Decision::Accept);
    assert_eq!(rule(unknown(), "attested", &[]), Decision::Reject);
    assert_eq!(rule(unknown(), "attested", &[good]), Decision::Accept);
    assert_eq!(rule(unknown(), "required", &[]), Decision::Undetermined);
    assert_eq!(rule(unknown(), "required", &[good]), Decision::Undetermined);
    assert_eq!(rule(unknown(), "required", &[asked]), Decision::Accept);
    for word in ["none", "attested", "required"] {
        assert_eq!(rule(r7(), word, &[]), Decision::Accept, "an image is not revoked: {word}");
        // Nor a card that was looked at, without its chip.
        let seen = document("jp_individual_number_card", &[check("vpip")]);
        assert_eq!(rule(event("in_person", "trained", seen), word, &[]), Decision::Accept);
        // Nor the chip of a document that is no certificate.
        let chip = document("passport", &[check("vcrypt")]);
        assert_eq!(rule(event("in_person", "trained", chip), word, &[]), Decision::Accept);
    }
    let card =
        || event("remote", "trained", document("jp_individual_number_card", &[check("vcrypt")]));
    assert_eq!(rule(card(), "attested", &[]), Decision::Reject);
    assert_eq!(rule(card(), "required", &[]), Decision::Undetermined);
}

#[test]
fn rows_and_basis_are_filters_of_their_own() {
    let counted =
        |asks: Value| World::of(r2b()).asking(&leaf(&asks)).report().levels().counted_identity;
    assert_eq!(counted(json!({"min": "IAL-1", "rows": ["R2b"]})), "IAL-3");
    assert_eq!(counted(json!({"min": "IAL-1", "rows": ["R6"]})), "IAL-2");
    assert_eq!(counted(json!({"min": "IAL-1", "rows": ["R3"]})), "IAL-0");
    assert_eq!(counted(json!({"min": "IAL-1", "basis": "attested"})), "IAL-3");
    assert_eq!(counted(json!({"min": "IAL-1", "basis": "verified"})), "IAL-0");
    let world = World::of(r2b()).asking(&leaf(&json!({"min": "IAL-3", "basis": "verified"})));
    assert_eq!(codes(&world.report()), ["basis-too-low", "ial-below-requirement"]);
    let verified = with(&world, &[(ITEM, FactKind::OwnerSignKey, Basis::Verified)]);
    assert_eq!(world.report_on(&verified).decision(), Decision::Accept);
    // A row that would not be enough is not blamed.
    let low = World::of(r7()).asking(&leaf(&json!({"min": "IAL-3", "genuine": "crypto"})));
    assert!(!codes(&low.report()).contains(&"document-not-chip-verified"));
}

#[test]
fn a_register_has_to_have_been_asked_lately() {
    let asks = json!({"min": "IAL-2", "registerCheck": {"maxAge": "P30D"}});
    let world = World::of(r7()).asking(&leaf(&asks));
    let facts = with(&world, &[("cred[0]", FactKind::RegisterConfirmed, Basis::Verified)]);
    assert_eq!(world.report_on(&facts).decision(), Decision::Accept);
    let other = with(&world, &[(ITEM, FactKind::RevocationGood, Basis::Verified)]);
    assert_eq!(world.report_on(&other).decision(), Decision::Reject);
    let asked_at = |time: &str| {
        let mut facts = world.facts();
        let fact = (FactKind::RegisterConfirmed, Basis::Verified);
        add_at(&mut facts, ("cred[0]", Road::Webauthn), fact, at(time));
        world.report_on(&facts).decision()
    };
    assert_eq!(asked_at("2026-10-22T00:00:00Z"), Decision::Accept);
    assert_eq!(asked_at("2026-10-21T23:59:59Z"), Decision::Reject);
}

#[test]
fn whose_key_it_is_not_is_told_for_one_and_for_several() {
    let key = |several: bool| {
        let mut world = World::of(r2b());
        if several {
            world.credentials.push(credential(r7()));
            world.credentials[1]["evidence"][0]["verificationProcess"] = json!("urn:uuid:3");
            world.keys.push(KEY);
        }
        world.holder.as_mut().unwrap().jkt = "another".to_owned();
        let report = world.report();
        let found: Vec<_> =
            report.reasons().iter().copied().filter(|code| code.starts_with("holder")).collect();
        assert!(report.remedies().is_empty(), "nothing that is added makes it theirs");
        assert_eq!((report.exit(), report.levels().achieved_identity), (16, "IAL-0"));
        found
    };
    assert_eq!(key(false), ["holder-key-mismatch"]);
    assert_eq!(key(true), ["holder-not-linked"]);
}

#[test]
fn the_holder_has_to_present_only_where_that_is_asked() {
    let with = |binding: bool, change: &dyn Fn(&mut World)| {
        let mut world =
            World::of(r2b()).asking(&json!({"ial": {"min": "IAL-3", "holderBinding": binding}}));
        change(&mut world);
        let report = world.report();
        (report.decision() == Decision::Accept, report.reasons().to_vec(), report.remedies().len())
    };
    let none = |world: &mut World| world.holder = None;
    let again = |world: &mut World| {
        world.holder.as_mut().unwrap().liveness = inkan_evidence::Liveness::NotLive
    };
    assert_eq!(with(true, &|_| {}), (true, vec![], 0));
    assert_eq!(with(true, &none), (false, vec!["holder-proof-missing"], 1));
    assert_eq!(with(true, &again), (false, vec!["nonce-invalid"], 1));
    assert_eq!(with(false, &none), (true, vec![], 0));
    assert_eq!(with(false, &again), (true, vec![], 0));
    // The holder is missing, and the level too: the remedies bring both.
    let mut world =
        World::of(r7()).asking(&json!({"ial": {"min": "IAL-3", "holderBinding": true}}));
    world.holder = None;
    let report = world.report();
    assert!(report.remedies().iter().all(|one| one.facts().contains(&FactKind::HolderProof)));
    let shown =
        World::of(r7()).asking(&json!({"ial": {"min": "IAL-3", "holderBinding": true}})).report();
    assert!(shown.remedies().iter().all(|one| !one.facts().contains(&FactKind::HolderProof)));
}

/// Two credentials of one holder.
fn two(first: Value, second: Value, asks: &Value) -> World {
    let mut world = World::of(first).asking(&leaf(asks));
    let mut other = credential(second);
    other["evidence"][0]["verificationProcess"] = json!("urn:uuid:3");
    other["credentialSubject"] = json!({"id": HOLDER, "nickname": "m"});
    world.credentials.push(other);
    world.keys.push(KEY);
    world
}

#[test]
fn the_weakest_link_is_named_where_there_is_one() {
    let asks = json!({"min": "IAL-1"});
    let told = |first, second| {
        let report = two(first, second, &asks).report();
        let levels = (report.levels().achieved_identity, report.levels().row.unwrap().as_str());
        (levels, codes(&report))
    };
    assert_eq!(told(r2b(), r7()), (("IAL-2", "R7"), vec!["composite-weakest-link"]));
    assert_eq!(told(r7(), r2b()), (("IAL-2", "R7"), vec!["composite-weakest-link"]));
    assert_eq!(told(r7(), r7()), (("IAL-2", "R7"), vec![]));
    assert_eq!(told(r2b(), r3()).1, <[&str; 0]>::default());
}

#[test]
fn claims_count_at_the_level_of_whoever_states_them() {
    let judged = |claims: Value| {
        let report = two(r2b(), r7(), &json!({"min": "IAL-3", "claims": claims})).report();
        let levels = report.levels();
        (
            levels.achieved_identity,
            levels.counted_identity,
            report.reasons().to_vec(),
            report.remedies().is_empty(),
        )
    };
    assert_eq!(judged(json!(["birthdate"])), ("IAL-3", "IAL-3", vec![], true));
    let both = judged(json!(["birthdate", "nickname"]));
    assert_eq!((both.0, both.1), ("IAL-2", "IAL-2"));
    assert!(both.2.contains(&"ial-below-requirement") && !both.3);
    let turned = judged(json!(["nickname", "birthdate"]));
    assert_eq!((turned.0, turned.1), ("IAL-2", "IAL-2"));
    let none = judged(json!(["birthdate", "shoe_size", "hat_size"]));
    assert_eq!((none.0, none.1, none.3), ("IAL-0", "IAL-0", true), "no remedy brings a claim");
    assert_eq!(none.2.iter().filter(|code| **code == "claim-missing").count(), 1);
    let anchor = two(r7(), r2b(), &json!({"min": "IAL-3", "combine": "anchor"})).report();
    assert_eq!(anchor.levels().counted_identity, "IAL-3");
    assert_eq!(
        anchor.to_value()["assurance"]["ial"]["perClaim"],
        json!({
            "birthdate": "IAL-2", "family_name": "IAL-2", "nickname": "IAL-3",
        })
    );
}

#[test]
fn a_claim_that_two_state_has_the_higher_level() {
    for (first, second) in [(r2b(), r7()), (r7(), r2b())] {
        let mut world = two(first, second, &json!({"min": "IAL-1"}));
        world.credentials[1]["credentialSubject"]["birthdate"] = json!("1990-04-01");
        let value = world.report().to_value().clone();
        assert_eq!(value["assurance"]["ial"]["perClaim"]["birthdate"], "IAL-3");
    }
}

#[test]
fn a_disputed_level_is_said_as_the_policy_takes_it() {
    let judged = |min: &str, disputed: &str| {
        let asks = json!({"ial": {"min": min, "disputed": disputed}});
        let report = World::of(r5()).asking(&asks).report();
        let said = report.to_value()["assurance"]["ial"]["disputed"].clone();
        let warned = report.warnings().contains(&"disputed-level");
        (
            report.levels().counted_identity,
            said == true,
            report.reasons().contains(&"disputed-level"),
            warned,
        )
    };
    assert_eq!(judged("IAL-2", "accept"), ("IAL-2+", false, false, false));
    assert_eq!(judged("IAL-2", "floor"), ("IAL-2", true, false, true));
    assert_eq!(judged("IAL-2", "reject"), ("IAL-2", true, false, true));
    assert_eq!(judged("IAL-3", "floor"), ("IAL-2", true, false, true));
    assert_eq!(judged("IAL-3", "reject"), ("IAL-2", true, true, true));
    assert_eq!(judged("IAL-3", "accept"), ("IAL-2+", false, false, false));
    let plain = World::of(r3()).asking(&json!({"ial": {"min": "IAL-3"}})).report();
    assert!(!plain.warnings().contains(&"disputed-level"));
}

#[test]
fn a_proofing_that_is_too_old_is_named_with_its_day() {
    let named = |max_age: Option<&str>, as_of: &str| {
        let mut asks = json!({"min": "IAL-3"});
        if let Some(age) = max_age {
            asks["maxAge"] = json!(age);
        }
        let mut world = World::of(r3()).asking(&leaf(&asks));
        world.as_of = at(as_of);
        let report = world.report();
        let line = report.checks().iter().find(|line| line.code() == Some("proofing-too-old"));
        line.and_then(|line| line.found_value().map(str::to_owned))
    };
    assert_eq!(named(None, "2031-03-01T23:00:00Z"), None);
    assert_eq!(named(None, "2031-03-02T00:00:00Z").as_deref(), Some("2026-03-01"));
    assert_eq!(named(Some("P6M"), "2026-09-01T23:00:00Z"), None);
    assert_eq!(named(Some("P6M"), "2026-09-02T00:00:00Z").as_deref(), Some("2026-03-01"));
}

#[test]
fn nothing_that_is_unknown_is_counted_and_a_hope_is_no_acceptance() {
    let mut world = two(r2b(), r2b(), &json!({"min": "IAL-1"}));
    let digest = inkan_core::sha256(&[b"cms"]).to_hex();
    let pending = json!([{"kind": "cms-jpki", "sha256": digest, "value": "Y21z"}]);
    world.credentials[1]["evidence"][0]["evidence"][0]["proofs"] = pending;
    let report = world.report();
    assert_eq!(
        (report.decision(), report.levels().counted_identity),
        (Decision::Undetermined, "IAL-0")
    );
    assert!(report.reasons().contains(&"evaluation-incomplete"), "{:?}", report.reasons());
}
