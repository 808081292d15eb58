//! Properties that hold for whatever was checked.

use std::collections::BTreeMap;

use inkan_evidence::fact::Place;
use inkan_evidence::insecure::add;
use inkan_evidence::model::ProofingEvidence;
use inkan_evidence::{Basis, Certification, FactKind, Facts, FidoLevel, KeyStorage, Road, Row};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::level::Ial;
use crate::report::Decision;
use crate::testing::*;

const METHODS: [&str; 12] = [
    "vpip", "vpiruv", "vri", "docpad", "vcrypt", "data", "pvp", "bvp", "pvr", "bvr", "code", "kbv",
];
const DOCUMENTS: [&str; 6] = [
    "jp_individual_number_card",
    "jp_drivers_license",
    "passport",
    "jp_health_insurance_card",
    "jp_card_substitute_record",
    "email",
];
const ITEM_FACTS: [FactKind; 10] = [
    FactKind::GenuineSeen,
    FactKind::GenuineImage,
    FactKind::GenuineImagePad,
    FactKind::GenuineCrypto,
    FactKind::AttributesValidated,
    FactKind::OwnerInPerson,
    FactKind::OwnerRemoteLive,
    FactKind::OwnerCode,
    FactKind::OwnerSignKey,
    FactKind::OwnerAuthKey,
];

/// All names under which a level is claimed (P1).
const NAMES: [&str; 12] = [
    "acr",
    "amr",
    "ial",
    "aal",
    "loa",
    "vot",
    "assuranceLevel",
    "assurance_level",
    "strength",
    "identifierClass",
    "claimedLevels",
    "claimed_levels",
];
const ROADS: [Road; 6] = [
    Road::IssuerAttestedKey,
    Road::KeyAttestation,
    Road::Webauthn,
    Road::JpkiAuth,
    Road::HostedKey,
    Road::AuthenticationEvent,
];
const AUTHENTICATOR_FACTS: [FactKind; 12] = [
    FactKind::AuthenticatorBound,
    FactKind::AuthenticatorStatusClean,
    FactKind::UvAttested,
    FactKind::KeyHardware,
    FactKind::KeyNonexportable,
    FactKind::VerifierBound,
    FactKind::Intent,
    FactKind::KeyCertified(Certification::Scheme),
    FactKind::KeyCertified(Certification::Fido(FidoLevel::L1)),
    FactKind::KeyCertified(Certification::Fido(FidoLevel::L3)),
    FactKind::KeyCertified(Certification::Iso18045(KeyStorage::Basic)),
    FactKind::KeyCertified(Certification::Iso18045(KeyStorage::High)),
];
const AAL: [&str; 5] = ["AAL-0", "AAL-1", "AAL-1+", "AAL-2", "AAL-3"];

/// What authenticators show, by road: which facts each has. Most facts hold, so that the upper levels are met as well.
type Shown = BTreeMap<usize, Vec<bool>>;

fn some_facts() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(prop::bool::weighted(0.85), AUTHENTICATOR_FACTS.len())
}

fn authenticators() -> impl Strategy<Value = Shown> {
    prop::collection::btree_map(0..ROADS.len(), some_facts(), 0..4)
}

fn showing<'a>(world: &World, shown: impl Iterator<Item = (&'a usize, &'a Vec<bool>)>) -> Facts {
    let mut facts = world.facts();
    for (road, held) in shown {
        for (kind, _) in AUTHENTICATOR_FACTS.iter().zip(held).filter(|(_, held)| **held) {
            add(&mut facts, "presentation", *kind, Basis::Attested, ROADS[*road]);
        }
    }
    facts
}

/// A leaf that some authenticators meet.
fn a_login() -> impl Strategy<Value = Value> {
    (0_usize..4, 0_usize..5).prop_map(|(min, wish)| {
        let min = ["AAL-1", "AAL-2", "AAL-3", "AAL-2"][min];
        let mut leaf = json!({"min": min});
        match wish {
            0 => leaf["phishingResistant"] = json!(true),
            1 => leaf["hardwareBound"] = json!(true),
            2 => leaf["accept"] = json!(["webauthn", "key-attestation", "issuer-attested-key"]),
            3 => leaf["userVerification"] = json!("attested"),
            _ => {}
        }
        json!({"aal": leaf})
    })
}

/// How far the authentication came, and whether the policy is met.
fn logged_in(world: &World, facts: &Facts) -> (usize, bool) {
    let report = world.report_on(facts);
    let level = report.levels().achieved_authentication;
    let place = AAL.iter().position(|known| *known == level).expect("a level");
    (place, report.decision() == Decision::Accept)
}

fn a_check() -> impl Strategy<Value = Value> {
    (0..METHODS.len(), any::<bool>(), any::<bool>(), any::<bool>(), 0_u8..5).prop_map(
        |(method, live, pad, injection, result)| {
            json!({"checkMethod": METHODS[method], "live": live, "pad": pad, "injection": injection,
                   "result": if result == 0 { "fail" } else { "pass" }})
        },
    )
}

fn an_event() -> impl Strategy<Value = Value> {
    let items =
        prop::collection::vec((0..DOCUMENTS.len(), prop::collection::vec(a_check(), 0..5)), 1..4);
    (items, 0_usize..3, 0_usize..4).prop_map(|(items, presence, agent)| {
        let presence = ["in_person", "remote", "none"][presence];
        let agent = ["automated", "trained", "qualified", "official"][agent];
        let mut out = event(presence, agent, json!({}));
        let items = items.into_iter().map(|(kind, checks)| document(DOCUMENTS[kind], &checks));
        out["evidence"] = items.collect::<Vec<_>>().into();
        out
    })
}

fn achieved(world: &World, facts: &Facts) -> Ial {
    Ial::parse(world.report_on(facts).levels().achieved_identity).unwrap()
}

proptest! {
    #[test]
    fn adding_a_fact_never_lowers_a_level(evidence in an_event(), item in 0_usize..3, kind in 0_usize..10) {
        let world = World::of(evidence);
        let before = world.facts();
        let mut after = before.clone();
        let path = format!("cred[0].evidence[0].evidence[{item}]");
        add(&mut after, &path, ITEM_FACTS[kind], Basis::Attested, Road::Webauthn);
        prop_assert!(achieved(&world, &after) >= achieved(&world, &before));
    }

    #[test]
    fn adding_an_item_never_lowers_a_level(evidence in an_event(), kind in 0..DOCUMENTS.len(), more in prop::collection::vec(a_check(), 0..5)) {
        let world = World::of(evidence);
        let mut richer = world.clone();
        richer.evidence()["evidence"].as_array_mut().unwrap().push(document(DOCUMENTS[kind], &more));
        prop_assert!(achieved(&richer, &richer.facts()) >= achieved(&world, &world.facts()));
    }

    #[test]
    fn removing_a_passed_check_never_raises_a_level(evidence in an_event(), item in 0_usize..3, check in 0_usize..5) {
        let world = World::of(evidence);
        let mut poorer = world.clone();
        let items = poorer.evidence()["evidence"].as_array_mut().unwrap();
        let chosen = item % items.len();
        let checks = items[chosen]["checkDetails"].as_array_mut().unwrap();
        let passed = |check: &Value| check["result"] == "pass";
        let passed: Vec<usize> = (0..checks.len()).filter(|at| passed(&checks[*at])).collect();
        prop_assume!(!passed.is_empty());
        checks.remove(passed[check % passed.len()]);
        prop_assert!(achieved(&poorer, &poorer.facts()) <= achieved(&world, &world.facts()));
    }

    #[test]
    fn the_order_of_credentials_and_of_proofings_changes_nothing(first in an_event(), second in an_event(), combine in 0_usize..2) {
        let combine = ["weakest-link", "anchor"][combine];
        let mut world = World::of(first).asking(&json!({"ial": {"min": "IAL-2", "disputed": "accept", "combine": combine}}));
        let mut other = credential(second.clone());
        other["evidence"][0]["verificationProcess"] = json!("urn:uuid:3");
        other["credentialSubject"]["nickname"] = json!("m");
        world.credentials.push(other);
        world.keys.push(KEY);
        let mut again = second;
        again["verificationProcess"] = json!("urn:uuid:4");
        world.credentials[0]["evidence"].as_array_mut().unwrap().push(again);
        let mut turned = world.clone();
        turned.credentials.reverse();
        turned.credentials[1]["evidence"].as_array_mut().unwrap().reverse();
        let (one, other) = (world.report(), turned.report());
        prop_assert_eq!(one.levels(), other.levels());
        prop_assert_eq!(one.decision(), other.decision());
        prop_assert_eq!(&one.to_value()["assurance"]["ial"], &other.to_value()["assurance"]["ial"]);
    }

    #[test]
    fn claimed_levels_change_nothing(evidence in an_event(), name in 0..NAMES.len(), value in "[0-9A-Za-z+-]{0,8}") {
        let name = NAMES[name];
        let world = World::of(evidence);
        let mut claiming = world.clone();
        claiming.evidence()[name] = json!(value);
        claiming.item()[name] = json!(value);
        claiming.credentials[0]["credentialSubject"][name] = json!(value);
        let (plain, claimed) = (world.report(), claiming.report());
        prop_assert_eq!(plain.levels(), claimed.levels());
        prop_assert_eq!(plain.decision(), claimed.decision());
        prop_assert_eq!(claimed.to_value()["assurance"]["ignoredClaims"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn adding_an_authenticator_never_lowers_and_taking_one_away_never_raises(shown in authenticators(), road in 0..ROADS.len(), more in some_facts(), leaf in a_login()) {
        let world = World::of(r8()).asking(&leaf);
        let mut less = shown;
        less.remove(&road);
        let mut all = less.clone();
        all.insert(road, more);
        let (before, met) = logged_in(&world, &showing(&world, less.iter()));
        let (after, still) = logged_in(&world, &showing(&world, all.iter()));
        prop_assert!(after >= before);
        prop_assert!(still || !met, "accepted without it, and not with it");
    }

    #[test]
    fn removing_what_an_authenticator_showed_never_raises(shown in authenticators(), at in 0_usize..4, kind in 0..AUTHENTICATOR_FACTS.len(), leaf in a_login()) {
        let world = World::of(r8()).asking(&leaf);
        let Some(road) = shown.keys().nth(at).copied() else { return Ok(()) };
        let mut poorer = shown.clone();
        poorer.get_mut(&road).expect("it is shown")[kind] = false;
        let (before, met) = logged_in(&world, &showing(&world, shown.iter()));
        let (after, still) = logged_in(&world, &showing(&world, poorer.iter()));
        prop_assert!(after <= before);
        prop_assert!(met || !still, "accepted with less, and not with more");
    }

    #[test]
    fn the_order_of_authenticators_changes_no_level_and_no_decision(shown in authenticators(), leaf in a_login()) {
        let world = World::of(r8()).asking(&leaf);
        let one = logged_in(&world, &showing(&world, shown.iter()));
        prop_assert_eq!(one, logged_in(&world, &showing(&world, shown.iter().rev())));
    }

    #[test]
    fn order_changes_nothing(evidence in an_event()) {
        let world = World::of(evidence);
        let mut turned = world.clone();
        turned.evidence()["evidence"].as_array_mut().unwrap().reverse();
        turned.item()["checkDetails"].as_array_mut().unwrap().reverse();
        let (one, other) = (world.report(), turned.report());
        prop_assert_eq!(one.levels(), other.levels());
        prop_assert_eq!(one.decision(), other.decision());
    }

    #[test]
    fn the_same_inputs_give_the_same_bytes(evidence in an_event()) {
        let world = World::of(evidence);
        prop_assert_eq!(world.report().to_bytes(), world.report().to_bytes());
    }

    #[test]
    fn an_unauthorised_proofer_never_gets_a_level(evidence in an_event()) {
        let mut world = World::of(evidence);
        world.entry()["id"] = json!("did:web:other.example");
        prop_assert_eq!(achieved(&world, &world.facts()), Ial::Ial0);
    }

    #[test]
    fn the_level_is_never_more_than_the_rows_of_the_proofer(evidence in an_event()) {
        let mut world = World::of(evidence);
        world.entry()["rows"] = json!(["R6", "R7", "R8"]);
        prop_assert!(achieved(&world, &world.facts()) <= Ial::Ial2);
    }

    #[test]
    fn arbitrary_bytes_are_never_evidence_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(ProofingEvidence::parse_bytes(&bytes).is_err());
        let _ = crate::Policy::parse(&bytes);
    }

    #[test]
    fn every_remedy_makes_the_requirement_hold(evidence in an_event(), min in 0_usize..5, wish in 0_usize..5) {
        let min = ["IAL-1", "IAL-2", "IAL-2+", "IAL-3", "IAL-3+"][min];
        let mut leaf = json!({"min": min, "disputed": "accept"});
        match wish {
            0 => leaf["genuine"] = json!("crypto"),
            1 => leaf["revocation"] = json!("attested"),
            2 => leaf["timestamp"] = json!("required"),
            3 => leaf["registerCheck"] = json!({"maxAge": "P30D"}),
            _ => {}
        }
        every_remedy_works(&World::of(evidence).asking(&json!({"ial": leaf})));
    }
}

#[test]
fn remedies_for_authentication_make_the_requirement_hold() {
    let leaves = [
        json!({"aal": {"min": "AAL-2"}}),
        json!({"aal": {"min": "AAL-3"}}),
        json!({"aal": {"min": "AAL-3", "accept": ["webauthn"], "fidoMin": "L3"}}),
        json!({"aal": {"min": "AAL-2", "phishingResistant": true, "hardwareBound": true}}),
        json!({"aal": {"min": "AAL-2", "keyStorage": ["iso_18045_high"], "crossDevice": false}}),
    ];
    for leaf in leaves {
        let world = World::of(r2b()).asking(&leaf);
        assert!(every_remedy_works(&world) > 0, "{leaf} has a remedy");
        let report = world.report();
        assert!(report.remedies().iter().all(|remedy| remedy.cost() == 2));
        assert!(report.reasons().contains(&"user-verification-unattested"));
    }
}

#[test]
fn a_bare_credential_is_remedied_by_presenting_it() {
    let mut world =
        World::of(r2b()).asking(&json!({"ial": {"min": "IAL-3", "holderBinding": true}}));
    world.holder = None;
    let report = world.report();
    let remedy = &report.remedies()[0];
    assert_eq!((remedy.cost(), remedy.add()), (1, &["holder.proof"][..]));
}

#[test]
fn remedies_come_cheapest_first_and_name_who_may_help() {
    let mut world = World::of(r7()).asking(&json!({"ial": {"min": "IAL-3"}}));
    world.policy["assurance"]["onFail"] = json!({"stepUp": ["issuer", "openid4vp"]});
    world.policy["issuers"] = json!("listed");
    let report = world.report();
    let costs: Vec<u8> = report.remedies().iter().map(crate::Remedy::cost).collect();
    assert!(costs.is_sorted() && !costs.is_empty(), "{costs:?}");
    let first = &report.to_value()["assurance"]["remedies"][0];
    assert_eq!(first["request"]["issuer"]["parties"], json!([ISSUER]), "{first}");
    assert_eq!(
        first["request"]["openid4vp"]["dcql_query"]["credentials"][0]["meta"]["type_values"][0],
        json!(["MyNumberCard"])
    );
}

#[test]
fn a_policy_that_wants_no_explanation_gets_none() {
    let mut world = World::of(r7()).asking(&json!({"ial": {"min": "IAL-3"}}));
    world.policy["assurance"]["onFail"] = json!({"explain": false});
    assert!(world.report().remedies().is_empty());
}

/// Applies every remedy, to what is there or to fresh evidence, and counts them.
fn every_remedy_works(world: &World) -> usize {
    let report = world.report();
    if report.decision() == Decision::Accept {
        assert!(report.remedies().is_empty());
        return 0;
    }
    assert!(!report.remedies().is_empty(), "no remedy for {:?}", report.reasons());
    for remedy in report.remedies() {
        let mut after = world.clone();
        let item = match (remedy.item(), remedy.row()) {
            (Some(item), _) => item.to_owned(),
            (None, Some(row)) => {
                let evidence = after.credentials[0]["evidence"].as_array_mut().unwrap();
                evidence.push(fresh(row));
                format!("cred[0].evidence[{}].evidence[0]", evidence.len() - 1)
            }
            (None, None) => String::new(),
        };
        let mut facts = after.facts();
        for kind in remedy.facts() {
            let path = match kind.place() {
                Place::Item => &item,
                Place::Credential => "cred[0]",
                Place::Presentation | Place::Authenticator => "presentation",
            };
            add(&mut facts, path, *kind, Basis::Attested, remedy.road().unwrap_or(Road::Webauthn));
        }
        let after = after.report_on(&facts);
        assert_eq!(after.decision(), Decision::Accept, "{remedy:?} leaves {:?}", after.reasons());
    }
    report.remedies().len()
}

/// A proofing by an official, on a document that suits the row, with nothing checked yet.
fn fresh(row: Row) -> Value {
    let kind = match row {
        Row::R2a | Row::R2b | Row::R6 => "jp_individual_number_card",
        Row::R8 => "email",
        Row::R1 | Row::R3 | Row::R4 | Row::R5 | Row::R7 => "jp_drivers_license",
    };
    let mut out = r5();
    out["verificationProcess"] = json!("urn:uuid:fresh");
    out["proofer"]["agent"] = json!("official");
    out["evidence"] = json!([document(kind, &[])]);
    out
}
