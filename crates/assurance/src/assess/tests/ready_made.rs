//! Every ready-made policy accepts its own use case and refuses the next weaker one.

use inkan_evidence::insecure::add;
use inkan_evidence::{Basis, Certification, FactKind, Facts, FidoLevel, KeyStorage, Road};
use serde_json::{Value, json};

use crate::report::{Decision, Report};
use crate::seen::SeenRecord;
use crate::testing::*;

/// A situation under a ready-made policy, recorded with two witnesses.
fn under(id: &str, evidence: Value) -> World {
    let mut world = World::of(evidence);
    world.policy = crate::builtin(id).unwrap().to_value().clone();
    if id.ends_with("-chip") {
        world.as_of = at("2027-04-01T12:00:00Z");
    }
    world.record = Some(SeenRecord {
        origin: "ledger.example".to_owned(),
        size: 13,
        root: "ab".repeat(32),
        leaf_time: at("2026-03-07T12:00:00Z"),
        existed_by: Some(at("2026-03-07T12:00:02Z")),
        witnesses: 2,
        tsa: false,
        keys: ["w1+0a+AA==", "w2+0b+AA=="].map(str::to_owned).into(),
        by_signer: true,
    });
    world
}

fn decided(report: &Report) -> Decision {
    report.decision()
}

#[test]
fn identity_policies_accept_their_own_row_and_refuse_the_next_weaker_one() {
    let by_chip = |mut event: Value| {
        event["evidence"][0]["checkDetails"].as_array_mut().unwrap().push(check("vcrypt"));
        event
    };
    let cases = [
        ("jp.ial.r1.mynumber-card-issuance", r1(), r3()),
        ("jp.ial.r2a.mynumber-card-counter", r2a(), r6()),
        ("jp.ial.r2b.mynumber-card-esignature", r2b(), r6()),
        ("jp.ial.r3.inperson-id-pass", r3(), r4()),
        ("jp.ial.r4.ekyc-face-match", r4(), r7()),
        ("jp.ial.r5.bank-open-then-card-handover", r5(), r7()),
        ("jp.ial.r5.bank-open-then-card-handover-chip", by_chip(r5()), r5()),
        ("jp.ial.r6.account-open-card-reader", r6(), r7()),
        ("jp.ial.r7.ec-member-image-upload", r7(), r8()),
    ];
    for (id, own, weaker) in cases {
        let accepted = under(id, own).report();
        assert_eq!(decided(&accepted), Decision::Accept, "{id}: {:?}", accepted.reasons());
        let refused = under(id, weaker).report();
        assert_eq!((decided(&refused), refused.exit()), (Decision::Reject, 15), "{id}");
        assert!(!refused.remedies().is_empty(), "{id}");
    }
    let mut nothing = under("jp.ial.r8.mail-notice", r8());
    assert_eq!(decided(&nothing.report()), Decision::Accept);
    nothing.item()["checkDetails"] = json!([]);
    assert_eq!(decided(&nothing.report()), Decision::Reject);
}

#[test]
fn a_receipt_with_one_witness_is_below_what_ready_made_policies_ask() {
    let mut world = under("jp.ial.r7.ec-member-image-upload", r7());
    world.record.as_mut().unwrap().witnesses = 1;
    let report = world.report();
    assert_eq!(
        (decided(&report), report.reasons()),
        (Decision::Reject, &["time-grade-too-low"][..])
    );
    world.record = None;
    assert_eq!(decided(&world.report()), Decision::Undetermined);
}

#[test]
fn a_timestamp_authority_is_one_grade_and_asked_for_by_name() {
    let mut world = under("jp.ial.r7.ec-member-image-upload", r7());
    world.policy["ledger"]["time"] = json!({"grade": "tsa"});
    assert_eq!(world.report().reasons(), ["time-grade-too-low"]);
    world.record.as_mut().unwrap().tsa = true;
    assert_eq!(decided(&world.report()), Decision::Accept);
    assert_eq!(world.report().to_value()["ledger"]["grade"], json!(["witnessed 2", "tsa"]));
}

/// No receipt shows it: a policy that asks for it is never met, whether it demands receipts or not.
#[test]
fn the_grade_of_a_public_chain_is_out_of_reach_and_says_so() {
    let mut world = under("jp.ial.r7.ec-member-image-upload", r7());
    world.record.as_mut().unwrap().tsa = true;
    world.policy["ledger"]["time"] = json!({"grade": "chain"});
    for required in [true, false] {
        world.policy["ledger"]["required"] = json!(required);
        let report = world.report();
        assert_eq!(
            (decided(&report), report.reasons()),
            (Decision::Reject, &["time-grade-unavailable"][..])
        );
        assert_eq!(report.to_value()["ledger"]["grade"], json!(["witnessed 2", "tsa"]));
    }
    world.policy["ledger"]["time"] = json!({"grade": "tsa"});
    assert_eq!(decided(&world.report()), Decision::Accept);
}

#[test]
fn a_quorum_of_named_keys_counts_those_that_cosigned() {
    let mut world = under("jp.ial.r7.ec-member-image-upload", r7());
    let mut judged = |at_least: u32, of: Value| {
        world.policy["ledger"]["quorum"] = json!({"atLeast": at_least, "of": of});
        (decided(&world.report()), world.report().reasons().to_vec())
    };
    let accepted = (Decision::Accept, vec![]);
    let refused = (Decision::Reject, vec!["quorum-not-met"]);
    assert_eq!(judged(1, json!(["w1+0a+AA==", "w3+0c+AA=="])), accepted);
    assert_eq!(judged(2, json!(["w1+0a+AA==", "w2+0b+AA==", "w3+0c+AA=="])), accepted);
    assert_eq!(judged(2, json!(["w1+0a+AA==", "w3+0c+AA=="])), refused);
    assert_eq!(judged(1, json!(["w1+0b+AA=="])), refused, "another key of that name");
}

/// Facts of an authenticator on a road, strong enough for AAL-2 or AAL-3.
fn with_authenticator(
    world: &World,
    road: Road,
    certified: Certification,
    hardware: bool,
) -> Facts {
    let mut facts = world.facts();
    let mut kinds = vec![
        FactKind::AuthenticatorBound,
        FactKind::AuthenticatorStatusClean,
        FactKind::UvAttested,
        FactKind::KeyCertified(certified),
    ];
    if hardware {
        kinds.extend([
            FactKind::KeyHardware,
            FactKind::KeyNonexportable,
            FactKind::VerifierBound,
            FactKind::Intent,
        ]);
    }
    for kind in kinds {
        add(&mut facts, "presentation", kind, Basis::Attested, road);
    }
    facts
}

#[test]
fn authentication_policies_accept_their_own_use_case_and_refuse_the_next_weaker_one() {
    let high = Certification::Iso18045(KeyStorage::High);
    let cases = [
        ("jp.aal.a3a.mynaportal-login", Road::JpkiAuth, Certification::Scheme, true),
        ("jp.aal.a3b.etax-ic-card-remote-sign", Road::HostedKey, Certification::Scheme, true),
        (
            "jp.aal.a3c.business-banking-large-transfer",
            Road::Webauthn,
            Certification::Fido(FidoLevel::L3),
            true,
        ),
        ("jp.aal.a2a.etax-smart-id-remote-sign", Road::HostedKey, Certification::Scheme, false),
        ("jp.aal.a2b.securities-payout-bank-change", Road::IssuerAttestedKey, high, false),
    ];
    for (id, road, certified, hardware) in cases {
        let world = under(id, r8());
        let own = world.report_on(&with_authenticator(&world, road, certified, hardware));
        assert_eq!(decided(&own), Decision::Accept, "{id}: {:?}", own.reasons());
        assert_eq!(own.to_value()["assurance"]["aal"]["road"], road.as_str());
        let weaker = if hardware {
            world.report_on(&with_authenticator(&world, road, certified, false))
        } else {
            world.report()
        };
        assert_eq!((decided(&weaker), weaker.exit()), (Decision::Reject, 15), "{id}");
    }
    let software = under("jp.aal.a3c.business-banking-large-transfer", r8());
    let l2 = Certification::Fido(FidoLevel::L2);
    let report = software.report_on(&with_authenticator(&software, Road::Webauthn, l2, true));
    assert!(report.reasons().contains(&"authenticator-not-certified"));
    let other_road = software.report_on(&with_authenticator(&software, Road::JpkiAuth, l2, true));
    assert!(other_road.reasons().contains(&"method-not-accepted"));
}

#[test]
fn a_holder_proof_alone_is_aal_1_and_nothing_is_aal_0() {
    for id in ["jp.aal.a1a.securities-login", "jp.aal.a1b.chat-magic-link"] {
        let mut world = under(id, r8());
        assert_eq!(decided(&world.report()), Decision::Accept, "{id}");
        world.holder = None;
        assert_eq!(
            (decided(&world.report()), world.report().exit()),
            (Decision::Reject, 15),
            "{id}"
        );
    }
    let mut cart = under("jp.aal.a0.ec-new-cart", r8());
    cart.holder = None;
    cart.credentials.clear();
    assert_eq!(decided(&cart.report()), Decision::Accept);
}

#[test]
fn a_synced_or_software_key_is_capped_at_aal_2() {
    let world = World::of(r8()).asking(&json!({"aal": {"min": "AAL-3"}}));
    for (left_out, code) in [
        (FactKind::KeyNonexportable, "key-exportable"),
        (FactKind::KeyHardware, "key-not-hardware-bound"),
        (FactKind::VerifierBound, "phishing-resistance-missing"),
        (FactKind::Intent, "intent-missing"),
    ] {
        let l3 = Certification::Fido(FidoLevel::L3);
        let mut facts = with_authenticator(&world, Road::Webauthn, l3, false);
        let third = [
            FactKind::KeyNonexportable,
            FactKind::KeyHardware,
            FactKind::VerifierBound,
            FactKind::Intent,
        ];
        for kind in third.into_iter().filter(|kind| *kind != left_out) {
            add(&mut facts, "presentation", kind, Basis::Attested, Road::Webauthn);
        }
        let report = world.report_on(&facts);
        assert_eq!(report.levels().achieved_authentication, "AAL-2");
        assert!(report.reasons().contains(&code), "{:?}", report.reasons());
    }
}

#[test]
fn facts_of_two_authenticators_are_never_mixed() {
    let world = World::of(r8()).asking(&json!({"aal": {"min": "AAL-2"}}));
    let mut facts = world.facts();
    let add_to =
        |facts: &mut Facts, kind, road| add(facts, "presentation", kind, Basis::Attested, road);
    add_to(&mut facts, FactKind::AuthenticatorBound, Road::Webauthn);
    add_to(&mut facts, FactKind::AuthenticatorStatusClean, Road::Webauthn);
    add_to(&mut facts, FactKind::UvAttested, Road::KeyAttestation);
    add_to(&mut facts, FactKind::KeyCertified(Certification::Scheme), Road::KeyAttestation);
    assert_eq!(world.report_on(&facts).decision(), Decision::Reject);
}

#[test]
fn the_combined_policy_needs_identity_and_authentication_of_one_holder() {
    let id = "jp.combined.payout-bank-change-jpki";
    let mut world = under(id, r2b());
    world.credentials[0]["credentialSubject"]["given_name"] = json!("花子");
    let facts = with_authenticator(&world, Road::JpkiAuth, Certification::Scheme, true);
    let report = world.report_on(&facts);
    assert_eq!(decided(&report), Decision::Accept, "{:?}", report.reasons());
    assert_eq!(report.to_value()["assurance"]["ial"]["perClaim"]["birthdate"], "IAL-3");
    assert_eq!(world.report().reasons()[0], "aal-below-requirement");
    // A claim that is in no credential, and a party without an admitted role.
    world.credentials[0]["credentialSubject"].as_object_mut().unwrap().remove("given_name");
    let report =
        world.report_on(&with_authenticator(&world, Road::JpkiAuth, Certification::Scheme, true));
    assert!(report.reasons().contains(&"claim-missing"));
    let mut other = under(id, r2b());
    other.credentials[0]["credentialSubject"]["given_name"] = json!("花子");
    other.entry()["roles"] = json!(["attribute_issuer"]);
    let report =
        other.report_on(&with_authenticator(&other, Road::JpkiAuth, Certification::Scheme, true));
    assert!(report.reasons().contains(&"row-not-admitted"));
    assert_eq!(decided(&report), Decision::Reject);
}

#[test]
fn every_report_is_valid_under_its_schema_and_holds_no_claim_value() {
    const SCHEMA: &str = include_str!("../../../../../schemas/report.schema.json");
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let mut worlds: Vec<World> = [r1(), r2a(), r2b(), r3(), r4(), r5(), r6(), r7(), r8()]
        .into_iter()
        .flat_map(|evidence| {
            let ids = crate::builtin_ids();
            ids.map(move |id| under(id, evidence.clone())).collect::<Vec<_>>()
        })
        .collect();
    let mut bare = under("jp.aal.a1a.securities-login", r3());
    bare.holder = None;
    bare.evidence()["ial"] = json!("3");
    bare.evidence()["surprise"] = json!(1);
    worlds.push(bare);
    for world in worlds {
        let report = world.report();
        let errors: Vec<String> =
            schema.iter_errors(report.to_value()).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        let text = report.to_value().to_string();
        for personal in ["1990-04-01", "佐藤"] {
            assert!(!text.contains(personal), "{personal} is in the report");
        }
    }
}

#[test]
fn the_reference_table_in_the_mapping_file_is_the_one_that_is_computed() {
    let file: Value = serde_json::from_str(include_str!("../../../data/mappings.json")).unwrap();
    for row in inkan_evidence::Row::ALL {
        let level = crate::Ial::of_row(row).as_str();
        assert_eq!(file["jp-swg-2022"]["levels"][row.as_str()], level);
    }
    assert_eq!(file["ds-511-2025"]["status"], "unverified");
    assert_eq!(file["ds-511-2025"]["levels"], json!({}), "nothing is mapped");
}
