use inkan_evidence::Row;
use serde_json::json;

use crate::report::Decision;
use crate::testing::*;

mod attacks;
mod cards;
mod outer;
mod properties;
mod ready_made;
mod told;

fn level(evidence: serde_json::Value) -> (&'static str, Option<Row>) {
    let report = World::of(evidence).report();
    (report.levels().achieved_identity, report.levels().row)
}

#[test]
fn every_row_of_the_table_gives_exactly_its_level() {
    let expected = [
        (r1(), "IAL-3+", Row::R1),
        (r2a(), "IAL-3", Row::R2a),
        (r2b(), "IAL-3", Row::R2b),
        (r3(), "IAL-3", Row::R3),
        (r4(), "IAL-3", Row::R4),
        (r5(), "IAL-2+", Row::R5),
        (r6(), "IAL-2", Row::R6),
        (r7(), "IAL-2", Row::R7),
        (r8(), "IAL-1", Row::R8),
    ];
    for (evidence, name, row) in expected {
        assert_eq!(level(evidence), (name, Some(row)), "{row}");
    }
}

#[test]
fn every_baseline_is_accepted_and_the_report_says_by_whom_it_was_proofed() {
    for evidence in [r1(), r2a(), r2b(), r3(), r4(), r5(), r6(), r7(), r8()] {
        let report = World::of(evidence).report();
        assert_eq!((report.decision(), report.exit()), (Decision::Accept, 0));
        assert!(report.reasons().is_empty() && report.remedies().is_empty());
        let value = report.to_value();
        assert_eq!(
            value["truth"]["proofed"],
            json!({"status": "pass", "at": "2026-03-01", "by": ISSUER})
        );
        assert_eq!(value["truth"]["trueNow"]["status"], "skipped");
        assert_eq!(value["presenter"], "shown");
    }
}

#[test]
fn no_credential_at_all_satisfies_no_policy() {
    for asked in
        [json!({"aal": {"min": "AAL-0"}}), json!({"ial": {"min": "IAL-1", "disputed": "accept"}})]
    {
        let mut world = World::of(r1()).asking(&asked);
        world.policy["credentialTypes"] = json!("any");
        world.credentials.clear();
        let report = world.report();
        assert_ne!(report.decision(), Decision::Accept, "{asked}");
        assert_ne!(report.exit(), 0);
    }
}

#[test]
fn nothing_confirmed_is_level_zero() {
    let mut world = World::of(r8());
    world.credentials[0]["evidence"] = json!([]);
    let report = world.report();
    assert_eq!(report.levels().achieved_identity, "IAL-0");
    assert_eq!(report.decision(), Decision::Reject);
    assert_eq!(report.exit(), 15);
}

#[test]
fn neighbouring_rows_differ_in_one_fact() {
    // R2b and R6: the same channel and identifier, another key of the card.
    let mut signed = World::of(r2b());
    signed.item()["checkDetails"][0]["certificate"] = json!("user_authentication");
    signed.item()["checkDetails"][0]["policyOid"] = json!(LOGIN);
    assert_eq!(signed.report().levels().row, Some(Row::R6));
    // R4 and R7: a live face match.
    let mut face = World::of(r4());
    face.item()["checkDetails"].as_array_mut().unwrap().pop();
    assert_eq!(face.report().levels().row, Some(Row::R7));
    // R3 and R1: an official of the root issuer.
    let mut official = World::of(r3());
    official.evidence()["proofer"]["agent"] = json!("official");
    assert_eq!(official.report().levels().row, Some(Row::R1));
}

#[test]
fn a_card_on_a_phone_reaches_r6_by_chip_and_more_with_a_face_but_never_r2b() {
    let with = |checks: &[serde_json::Value], presence: &str| {
        level(event(presence, "automated", document("jp_card_substitute_record", checks)))
    };
    assert_eq!(with(&[check("vcrypt")], "remote"), ("IAL-2", Some(Row::R6)));
    assert_eq!(with(&[check("vcrypt"), live_face()], "remote"), ("IAL-3", Some(Row::R4)));
    assert_eq!(with(&[check("vcrypt"), check("pvp")], "in_person"), ("IAL-3", Some(Row::R2a)));
    let mut item = signature("signing", SIGNING, "good");
    item["documentDetails"]["type"] = json!("jp_card_substitute_record");
    assert_eq!(level(event("remote", "automated", item)).0, "IAL-0");
}

#[test]
fn separate_detections_are_read_as_part_of_the_face_check_they_belong_to() {
    let face = json!({"checkMethod": "pvr", "result": "pass", "checkId": "f", "live": true});
    let part =
        |method: &str, id: &str| json!({"checkMethod": method, "result": "pass", "checkId": id});
    let with = |id: &str| {
        let checks =
            [check("vri"), check("docpad"), face.clone(), part("biopad", id), part("biodi", id)];
        level(event("remote", "automated", document("jp_drivers_license", &checks)))
    };
    assert_eq!(with("f"), ("IAL-3", Some(Row::R4)));
    assert_eq!(with("other"), ("IAL-2", Some(Row::R7)));
}

#[test]
fn age_drops_the_level_step_by_step_and_the_limit_day_still_counts() {
    let on = |day: &str, evidence: serde_json::Value| {
        let mut world = World::of(evidence);
        world.as_of = at(&format!("{day}T23:59:59Z"));
        world.report().levels().achieved_identity
    };
    assert_eq!(on("2031-03-01", r3()), "IAL-3");
    assert_eq!(on("2031-03-02", r3()), "IAL-2");
    assert_eq!(on("2036-03-01", r3()), "IAL-2");
    assert_eq!(on("2036-03-02", r3()), "IAL-1");
    assert_eq!(on("2036-03-01", r1()), "IAL-3+");
    assert_eq!(on("2036-03-02", r1()), "IAL-1", "past 5 and 10 years at once");
    assert_eq!(on("2031-03-02", r5()), "IAL-2");
    assert_eq!(on("2096-03-02", r8()), "IAL-1");
}

#[test]
fn a_revalidation_restarts_the_clock_and_adds_no_strength() {
    let mut world = World::of(r3());
    world.as_of = at("2032-01-01T00:00:00Z");
    world.evidence()["revalidation"] = json!({
        "time": "2030-01-01T00:00:00Z", "holderAal": "AAL-2", "revocation": {"status": "good"},
    });
    assert_eq!(world.report().levels().achieved_identity, "IAL-3");
    world.evidence()["revalidation"]["holderAal"] = json!("AAL-1");
    assert_eq!(world.report().levels().achieved_identity, "IAL-2");
}

#[test]
fn a_policy_shortens_the_age_for_levels_from_its_minimum_up() {
    let mut world = World::of(r3()).asking(&json!({"ial": {"min": "IAL-3", "maxAge": "P6M"}}));
    let report = world.report();
    assert_eq!(report.decision(), Decision::Reject);
    assert!(report.reasons().contains(&"proofing-too-old"));
    assert_eq!(report.levels().achieved_identity, "IAL-3");
    world.as_of = at("2026-09-01T00:00:00Z");
    assert_eq!(world.report().decision(), Decision::Accept);
}

#[test]
fn a_bare_credential_shows_the_level_of_its_subject() {
    let mut world = World::of(r2b());
    world.holder = None;
    let report = world.report();
    assert_eq!(report.decision(), Decision::Accept);
    assert_eq!(report.to_value()["assurance"]["ial"]["of"], "subject");
    assert_eq!(report.to_value()["presenter"], "not-shown");
    assert!(report.warnings().contains(&"presenter-not-shown"));
}

#[test]
fn a_presentation_that_is_judged_again_shows_its_levels_and_fails_what_needs_a_presenter() {
    let both = json!({"allOf": [{"ial": {"min": "IAL-3", "holderBinding": true}}, {"aal": {"min": "AAL-1"}}]});
    let mut world = World::of(r2b()).asking(&both);
    world.holder.as_mut().unwrap().liveness = inkan_evidence::Liveness::NotLive;
    let report = world.report();
    assert_eq!((report.decision(), report.exit()), (Decision::Reject, 16));
    assert_eq!(report.levels().achieved_authentication, "AAL-1");
    assert_eq!(report.levels().counted_identity, "IAL-3");
    assert_eq!(report.to_value()["presenter"], "not-live");
    assert_eq!(report.reasons(), ["nonce-invalid"]);
}

#[test]
fn a_nonce_that_the_caller_keeps_is_accepted_and_said() {
    let mut world = World::of(r2b()).asking(&json!({"aal": {"min": "AAL-1"}}));
    world.holder.as_mut().unwrap().liveness = inkan_evidence::Liveness::CallerKeepsNonce;
    let report = world.report();
    assert_eq!(report.decision(), Decision::Accept);
    assert!(report.warnings().contains(&"nonce-kept-by-caller"));
}

#[test]
fn a_derived_credential_reaches_ial_3_at_most_and_its_chain_must_end() {
    let derived = |from: &str, digest: &str, aal: &str| {
        let mut event = r1();
        event["derivedFrom"] = json!({
            "credentialSha256": digest, "verificationProcess": from, "holderAal": aal,
        });
        event
    };
    let digest = |text: &str| inkan_core::sha256(&[text.as_bytes()]).to_hex();
    let other = "ab".repeat(32);
    assert_eq!(level(derived("urn:uuid:base", &other, "AAL-2")).0, "IAL-3");
    assert_eq!(level(derived("urn:uuid:base", &other, "AAL-1")).0, "IAL-1");
    assert_eq!(level(derived("urn:uuid:2", &other, "AAL-2")).0, "IAL-1", "derived from itself");
    // The base beside it must be the one that is named.
    for (named, expected) in [(digest("credential 1"), "IAL-3"), (digest("credential 2"), "IAL-1")]
    {
        let mut world = World::of(derived("urn:uuid:base", &named, "AAL-2"));
        let mut base = credential(r1());
        base["evidence"][0]["verificationProcess"] = json!("urn:uuid:base");
        world.credentials.push(base);
        world.keys.push(KEY);
        world.policy = policy(&json!({"ial": {"min": "IAL-1"}}));
        assert_eq!(world.report().levels().achieved_identity, expected);
    }
}

#[test]
fn revocation_after_the_proofing_voids_unless_the_card_was_reissued() {
    let later = |reason: &str| {
        let mut world = World::of(r2b());
        world.item()["revocation"] = json!({
            "status": "revoked", "reason": reason, "checkedBy": ISSUER, "checkedAt": "2026-06-01T00:00:00Z",
        });
        world.report().levels().achieved_identity
    };
    assert_eq!(later("card_reissued"), "IAL-3");
    assert_eq!(later("key_compromise"), "IAL-0");
    assert_eq!(later("holder_deceased"), "IAL-0");
    assert_eq!(later("whatever"), "IAL-0");
}

#[test]
fn other_frameworks_are_computed_from_facts() {
    let expected = [
        (r1(), "none", "high"),
        (r2a(), "IAL2", "high"),
        (r2b(), "IAL2", "substantial"),
        (r3(), "none", "substantial"),
        (r4(), "none", "substantial"),
        (r5(), "none", "low"),
        (r6(), "none", "low"),
        (r7(), "none", "none"),
        (r8(), "none", "none"),
    ];
    for (evidence, nist, eidas) in expected {
        let mut world = World::of(evidence.clone());
        let frameworks = world.report().to_value()["assurance"]["ial"]["frameworks"].clone();
        assert_eq!(frameworks["nist-800-63-4"], nist, "{evidence}");
        assert_eq!(frameworks["eidas-2015-1502"], eidas, "{evidence}");
        if nist == "none" && world.item()["documentDetails"]["type"] != "jpki_certificate" {
            world.item()["checkDetails"].as_array_mut().unwrap().push(check("data"));
            let report = world.report();
            let row = report.levels().row.unwrap();
            let with_data =
                if matches!(row, Row::R1 | Row::R3 | Row::R4) { "IAL1" } else { "none" };
            assert_eq!(
                report.to_value()["assurance"]["ial"]["frameworks"]["nist-800-63-4"],
                with_data
            );
        }
    }
}

#[test]
fn two_strong_documents_of_distinct_issuers_make_nist_ial2() {
    let strong = |kind: &str| document(kind, &[check("vpip"), check("pvp"), check("data")]);
    let mut world = World::of(event("in_person", "qualified", strong("jp_drivers_license")));
    world.policy["assurance"] =
        json!({"framework": "nist-800-63-4", "requires": {"ial": {"min": "IAL2"}}});
    assert_eq!(world.report().decision(), Decision::Reject);
    world.evidence()["evidence"].as_array_mut().unwrap().push(strong("jp_drivers_license"));
    assert_eq!(world.report().levels().achieved_identity, "IAL1", "one document twice");
    world.evidence()["evidence"].as_array_mut().unwrap().push(strong("passport"));
    let report = world.report();
    assert_eq!(report.decision(), Decision::Accept, "{:?}", report.reasons());
}

#[test]
fn an_eidas_policy_always_warns() {
    let mut world = World::of(r2a());
    world.policy["assurance"] =
        json!({"framework": "eidas-2015-1502", "requires": {"ial": {"min": "high"}}});
    let report = world.report();
    assert_eq!(report.decision(), Decision::Accept);
    assert!(report.warnings().contains(&"mapping-unverified"));
}

#[test]
fn after_a_key_rotation_one_controller_is_enough_where_the_policy_says_so() {
    let with = |mode: &str| {
        let requires = json!({"allOf": [{"ial": {"min": "IAL-3"}}, {"link": {"mode": mode}}]});
        let mut world = World::of(r2b()).asking(&requires);
        world.evidence()["subject"]["jkt"] = json!("old");
        world.report()
    };
    assert_eq!(with("same-controller").decision(), Decision::Accept);
    let refused = with("same-key");
    assert_eq!(refused.decision(), Decision::Reject);
    assert!(refused.reasons().contains(&"subject-mismatch"));
}

#[test]
fn a_chain_of_derivations_is_followed_for_four_links() {
    let level = |links: usize| {
        let mut world = World::of(r3());
        world.credentials.clear();
        world.keys.clear();
        for position in 0..=links {
            let mut one = credential(r3());
            one["evidence"][0]["verificationProcess"] = json!(format!("p{position}"));
            if position < links {
                let base = inkan_core::sha256(&[format!("credential {}", position + 1).as_bytes()]);
                one["evidence"][0]["derivedFrom"] = json!({
                    "credentialSha256": base.to_hex(), "holderAal": "AAL-2",
                    "verificationProcess": format!("p{}", position + 1),
                });
            }
            world.credentials.push(one);
            world.keys.push(KEY);
        }
        world.report().levels().achieved_identity
    };
    assert_eq!((level(1), level(4), level(5)), ("IAL-3", "IAL-3", "IAL-1"));
}

#[test]
fn a_level_that_is_claimed_is_shown_with_whether_it_agrees() {
    let mut world = World::of(r7());
    world.credentials[0]["credentialSubject"]["ial"] = json!("2");
    world.credentials[0]["credentialSubject"]["assuranceLevel"] = json!("IAL-2");
    let claims = world.report().to_value()["assurance"]["ignoredClaims"].clone();
    assert_eq!(
        claims,
        json!([
            {"path": "cred[0].credentialSubject.assuranceLevel", "value": "IAL-2", "agrees": false},
            {"path": "cred[0].credentialSubject.ial", "value": "2", "agrees": true},
        ])
    );
}

#[test]
fn alternatives_are_met_by_one_and_a_trust_leaf_counts_for_its_neighbours() {
    let either = json!({"anyOf": [{"ial": {"min": "IAL-3"}}, {"ial": {"min": "IAL-2"}}]});
    let report = World::of(r7()).asking(&either).report();
    assert_eq!((report.decision(), report.reasons().len()), (Decision::Accept, 0));
    let admitted = |registry: &str| {
        let all =
            json!({"allOf": [{"ial": {"min": "IAL-2"}}, {"trust": {"registries": [registry]}}]});
        World::of(r7()).asking(&all).report()
    };
    assert_eq!(admitted("local").decision(), Decision::Accept);
    assert_eq!(admitted("other").levels().counted_identity, "IAL-0");
    assert_eq!(admitted("other").levels().achieved_identity, "IAL-2");
}

#[test]
fn anchor_takes_the_strongest_and_claims_keep_their_own_levels() {
    let two = |leaf: serde_json::Value| {
        let mut world = World::of(r2b()).asking(&json!({"ial": leaf}));
        let mut second = credential(r7());
        second["evidence"][0]["verificationProcess"] = json!("urn:uuid:3");
        second["credentialSubject"] = json!({"id": HOLDER, "nickname": "m"});
        world.credentials.push(second);
        world.keys.push(KEY);
        world.report()
    };
    let anchor = two(json!({"min": "IAL-3", "combine": "anchor"}));
    assert_eq!(anchor.decision(), Decision::Accept);
    assert_eq!(anchor.to_value()["assurance"]["ial"]["perClaim"]["nickname"], "IAL-2");
    assert_eq!(two(json!({"min": "IAL-3", "claims": ["birthdate"]})).decision(), Decision::Accept);
    let weak = two(json!({"min": "IAL-3", "claims": ["birthdate", "nickname"]}));
    assert_eq!(weak.levels().counted_identity, "IAL-2");
}

#[test]
fn what_is_not_an_identifier_is_not_repeated_in_the_report() {
    let mut world = World::of(r3());
    world.evidence()["proofer"]["id"] = json!("佐藤花子");
    world.evidence()["session"]["presence"] = json!("at home of Hanako");
    let text = world.report().to_value().to_string();
    assert!(!text.contains("佐藤花子") && !text.contains("Hanako"), "{text}");
}
