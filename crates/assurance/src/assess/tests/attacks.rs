//! Attack cases of kind `rule` that concern attested evidence and holder proofs, by their ids.

use inkan_evidence::{Fact, FactKind};
use inkan_verifier::Reason;
use serde_json::{Value, json};

use crate::report::{Decision, Report};
use crate::testing::*;

/// The baseline is accepted under `requires` or a lower requirement; the attack is not, and the code is found.
fn refused(baseline: Value, requires: Value, code: &str, attack: impl Fn(&mut World)) -> Report {
    let sane = World::of(baseline.clone()).report();
    assert_eq!(sane.decision(), Decision::Accept, "baseline: {:?}", sane.reasons());
    let mut world = World::of(baseline).asking(&requires);
    attack(&mut world);
    let report = world.report();
    assert_ne!(report.decision(), Decision::Accept);
    assert_ne!(report.exit(), 0);
    let found: Vec<_> = report.checks().iter().filter_map(|line| line.code()).collect();
    assert!(found.contains(&code), "{code} is not among {found:?}");
    report
}

fn capped(baseline: Value, min: &str, level: &str, code: &str, attack: impl Fn(&mut World)) {
    let report = refused(baseline, json!({"ial": {"min": min}}), code, attack);
    assert_eq!(report.levels().achieved_identity, level, "{:?}", report.reasons());
}

fn void(baseline: Value, code: &str, attack: impl Fn(&mut World)) {
    capped(baseline, "IAL-1", "IAL-0", code, attack);
}

#[test]
fn clm_01_bare_level_claims() {
    for name in ["claimedLevels", "claimed_levels"] {
        capped(r8(), "IAL-3", "IAL-1", "level-claim-ignored", |world| {
            let subject = &mut world.credentials[0]["credentialSubject"];
            subject["ial"] = json!("3");
            subject["acr"] = json!("high");
            subject["assuranceLevel"] = json!("high");
            world.evidence()[name] = json!({"ial": "3", "acr": "high"});
        });
    }
}

#[test]
fn clm_03_credential_revoked() {
    let report = refused(r2b(), json!({"ial": {"min": "IAL-1"}}), "credential-revoked", |world| {
        world.failed = Some(Reason::Revoked { since: None });
    });
    assert_eq!((report.decision(), report.exit()), (Decision::Reject, 12));
    assert_eq!(report.levels().achieved_identity, "IAL-0");
}

#[test]
fn clm_04_presenter_holds_another_key() {
    let report = refused(r2b(), json!({"ial": {"min": "IAL-1"}}), "holder-key-mismatch", |world| {
        world.holder.as_mut().unwrap().jkt = "another".to_owned();
    });
    assert_eq!(report.exit(), 16);
}

#[test]
fn clm_05_evidence_copied_from_another_person() {
    void(r2b(), "subject-mismatch", |world| {
        world.evidence()["subject"]["jkt"] = json!("somebody-else");
    });
    void(r2b(), "subject-mismatch", |world| {
        world.evidence()["subject"]["holder"] = json!("did:key:somebody-else");
    });
}

#[test]
fn clm_06_strength_and_identifier_class_raised_by_the_issuer() {
    capped(r7(), "IAL-3", "IAL-2", "level-claim-ignored", |world| {
        world.entry()["rows"] = json!(["R7", "R8"]);
        world.item()["strength"] = json!("SUPERIOR");
        world.item()["documentDetails"]["identifierClass"] = json!("electronically_verifiable");
        world.evidence()["assuranceLevel"] = json!("high");
    });
}

#[test]
fn prf_01_proofer_not_in_the_registry() {
    void(r3(), "proofer-unknown", |world| world.entry()["id"] = json!("did:web:other.example"));
}

#[test]
fn prf_02_row_outside_the_proofers_scope() {
    capped(r3(), "IAL-3", "IAL-2", "proofer-row-not-authorised", |world| {
        world.entry()["rows"] = json!(["R7", "R8"]);
    });
}

#[test]
fn prf_03_authorisation_had_ended_before_the_proofing() {
    void(r3(), "proofer-not-valid-at-time", |world| {
        world.entry()["status"] = json!("ended");
        world.entry()["validUntil"] = json!("2019-12-31T23:59:59Z");
    });
    void(r3(), "proofer-not-valid-at-time", |world| {
        world.entry()["validFrom"] = json!("2026-03-02T00:00:00Z");
    });
    void(r3(), "proofer-not-valid-at-time", |world| {
        world.entry()["status"] = json!("revoked-for-cause");
    });
    void(r3(), "registry-not-current", |world| {
        world.registry["nextUpdate"] = json!("2026-11-20T00:00:00Z");
    });
}

#[test]
fn an_ended_entry_still_vouches_for_its_past() {
    let mut world = World::of(r3());
    world.entry()["status"] = json!("ended");
    world.entry()["validUntil"] = json!("2026-06-01T00:00:00Z");
    assert_eq!(world.report().levels().achieved_identity, "IAL-3");
}

#[test]
fn prf_05_a_kyc_firm_claims_the_anchor_row() {
    let requires = json!({"ial": {"min": "IAL-3+", "disputed": "accept"}});
    let attacks: [fn(&mut World); 2] = [
        |world| world.entry()["roles"] = json!(["identity_proofer"]),
        |world| world.credentials[0]["type"] = json!(["VerifiableCredential", "Badge"]),
    ];
    for attack in attacks {
        let report = refused(r1(), requires.clone(), "anchor-not-authorised", attack);
        assert_eq!(report.levels().achieved_identity, "IAL-3");
    }
}

#[test]
fn p5_only_the_party_that_signed_states_evidence() {
    void(r3(), "evidence-unsigned", |world| {
        world.evidence()["proofer"]["id"] = json!("did:web:famous.example");
    });
}

#[test]
fn pro_01_proofing_dated_in_the_future() {
    void(r3(), "proofing-time-in-future", |world| {
        world.evidence()["time"] = json!("2026-12-21T12:00:00Z");
    });
}

#[test]
fn times_of_one_event_must_agree() {
    void(r3(), "proofing-time-inconsistent", |world| {
        world.item()["checkDetails"][0]["time"] = json!("2026-02-20T00:00:00Z");
    });
    void(r3(), "proofing-time-inconsistent", |world| {
        world.item()["checkDetails"][0]["time"] = json!("2026-03-01T10:30:00Z");
    });
    void(r3(), "proofing-time-inconsistent", |world| {
        world.existed_by = Some(at("2026-02-28T00:00:00Z"));
    });
}

#[test]
fn one_process_at_two_times_is_no_event() {
    void(r3(), "proofing-time-inconsistent", |world| {
        let mut second = world.evidence().clone();
        second["time"] = json!("2026-02-01T10:22:31Z");
        world.credentials[0]["evidence"].as_array_mut().unwrap().push(second);
    });
}

#[test]
fn pro_02_document_had_expired_at_the_proofing() {
    void(r3(), "document-expired", |world| {
        world.item()["documentDetails"]["dateOfExpiry"] = json!("2025-03-01");
    });
    let mut last_day = World::of(r3());
    last_day.item()["documentDetails"]["dateOfExpiry"] = json!("2026-03-01");
    assert_eq!(last_day.report().levels().achieved_identity, "IAL-3");
}

#[test]
fn pro_03_proofing_six_years_old() {
    capped(r3(), "IAL-3", "IAL-2", "proofing-too-old", |world| {
        world.evidence()["time"] = json!("2020-10-01T10:00:00Z");
    });
}

#[test]
fn pro_04_unqualified_clerk() {
    capped(r3(), "IAL-3", "IAL-2", "agent-not-qualified", |world| {
        world.evidence()["proofer"]["agent"] = json!("trained");
    });
}

#[test]
fn pro_05_in_person_only_by_name() {
    capped(r3(), "IAL-3", "IAL-2", "presence-not-shown", |world| {
        world.item()["checkDetails"] = json!([check("vri"), live_face()]);
    });
    capped(r3(), "IAL-3", "IAL-2", "presence-not-shown", |world| {
        world.evidence()["session"]["presence"] = json!("supervised_remote");
    });
}

/// R4 whose face check lacks one of its controls, or says that it was not made.
fn face_without(member: &str, code: &str) {
    for absent in [true, false] {
        capped(r4(), "IAL-3", "IAL-2", code, |world| {
            let face = world.item()["checkDetails"][2].as_object_mut().unwrap();
            if absent {
                face.remove(member);
            } else {
                face.insert(member.to_owned(), json!(false));
            }
        });
    }
}

#[test]
fn pro_07_ekyc_without_control_of_injected_media() {
    face_without("injection", "injection-control-missing");
}

#[test]
fn pro_08_ekyc_without_a_live_image() {
    face_without("live", "liveness-missing");
}

#[test]
fn pro_06_ekyc_without_presentation_attack_detection() {
    face_without("pad", "pad-missing");
    capped(r4(), "IAL-3", "IAL-2", "pad-missing", |world| {
        world.item()["checkDetails"].as_array_mut().unwrap().remove(1);
    });
}

#[test]
fn pro_09_a_failed_check_listed_as_evidence() {
    for result in [json!("fail"), json!("PASS"), json!("")] {
        void(r3(), "check-not-passed", |world| {
            world.item()["checkDetails"][0]["result"] = result.clone();
        });
    }
    void(r3(), "check-not-passed", |world| {
        world.item()["checkDetails"][0].as_object_mut().unwrap().remove("result");
    });
}

#[test]
fn pro_10_unknown_document_type() {
    void(r3(), "document-type-unknown", |world| {
        world.item()["documentDetails"]["type"] = json!("library_card");
    });
    void(r3(), "document-type-unknown", |world| {
        world.item()["documentDetails"]["issuer"] = json!({"country": "XX"});
    });
}

#[test]
fn pro_11_knowledge_questions_in_place_of_ownership() {
    capped(r4(), "IAL-3", "IAL-2", "check-method-not-accepted", |world| {
        world.item()["checkDetails"][2]["checkMethod"] = json!("kbv");
    });
}

#[test]
fn a_face_is_compared_with_nothing() {
    void(r3(), "document-without-portrait", |world| {
        world.item()["documentDetails"]["type"] = json!("jp_health_insurance_card");
    });
}

#[test]
fn pro_12_disputed_row_against_ial_3() {
    capped(r5(), "IAL-3", "IAL-2+", "disputed-level", |_| {});
    for (disputed, accepted) in [("accept", true), ("floor", false), ("reject", false)] {
        let world =
            World::of(r5()).asking(&json!({"ial": {"min": "IAL-2+", "disputed": disputed}}));
        assert_eq!(world.report().decision() == Decision::Accept, accepted, "{disputed}");
    }
    let floor = World::of(r5()).asking(&json!({"ial": {"min": "IAL-2", "disputed": "floor"}}));
    let report = floor.report();
    assert_eq!(report.levels().counted_identity, "IAL-2");
    assert!(report.warnings().contains(&"disputed-level"));
}

#[test]
fn pro_13_the_in_person_stage_never_happened() {
    let attacks: [fn(&mut Value); 4] = [
        |stages| {
            stages.as_array_mut().unwrap().pop();
        },
        |stages| stages[1]["result"] = json!("fail"),
        |stages| stages[1]["activates"] = json!(""),
        |stages| stages[1]["time"] = json!("2026-02-20T10:00:00Z"),
    ];
    for attack in attacks {
        let requires = json!({"ial": {"min": "IAL-2+", "disputed": "accept"}});
        let report = refused(r5(), requires, "stage-condition-not-met", |world| {
            attack(&mut world.evidence()["session"]["stages"]);
        });
        assert_eq!(report.levels().achieved_identity, "IAL-2");
    }
}

#[test]
fn pro_14_derived_credential_without_re_authentication() {
    capped(r2b(), "IAL-3", "IAL-1", "derivation-not-authenticated", |world| {
        world.evidence()["derivedFrom"] = json!({
            "credentialSha256": "ab".repeat(32), "verificationProcess": "urn:uuid:base", "holderAal": "AAL-1",
        });
    });
}

#[test]
fn pro_15_phone_screen_in_place_of_the_card_substitute_record() {
    let record =
        event("remote", "automated", document("jp_card_substitute_record", &[check("vcrypt")]));
    void(record, "check-method-not-accepted", |world| {
        world.item()["checkDetails"] = json!([check("vri"), live_face()]);
    });
}

#[test]
fn pro_16_image_where_the_chip_is_demanded() {
    let requires = json!({"ial": {"min": "IAL-2", "genuine": "crypto"}});
    let report = refused(r4(), requires, "document-not-chip-verified", |_| {});
    assert_eq!(report.levels().achieved_identity, "IAL-3");
    assert_eq!(report.levels().counted_identity, "IAL-0");
}

#[test]
fn pro_17_proofed_then_is_not_true_now() {
    let requires = json!({"ial": {"min": "IAL-3", "registerCheck": {"maxAge": "P30D"}}});
    refused(r2b(), requires, "register-check-missing", |_| {});
}

#[test]
fn jpk_the_outcome_table_of_the_card_on_the_proofers_word() {
    capped(r2b(), "IAL-3", "IAL-2", "jpki-policy-not-signature", |world| {
        world.item()["checkDetails"][0]["policyOid"] = json!(LOGIN);
    });
    capped(r2b(), "IAL-3", "IAL-2", "jpki-policy-not-signature", |world| {
        world.item()["checkDetails"][0]["certificate"] = json!("user_authentication");
    });
    void(r2b(), "jpki-revoked", |world| world.item()["revocation"]["status"] = json!("revoked"));
    capped(r2b(), "IAL-3", "IAL-2", "jpki-revocation-undetermined", |world| {
        world.item()["revocation"]["status"] = json!("unknown");
    });
    capped(r2b(), "IAL-3", "IAL-2", "jpki-revocation-undetermined", |world| {
        world.item().as_object_mut().unwrap().remove("revocation");
    });
    void(r2b(), "jpki-policy-unknown", |world| {
        world.item()["checkDetails"][0]["policyOid"] = json!("1.2.3");
    });
    void(r2b(), "evidence-malformed", |world| {
        world.item()["checkDetails"][0].as_object_mut().unwrap().remove("statementSha256");
    });
}

#[test]
fn not_revoked_counts_from_a_party_that_may_ask() {
    let requires = json!({"ial": {"min": "IAL-3", "revocation": "attested"}});
    let accepted = World::of(r2b()).asking(&requires).report();
    assert_eq!(accepted.decision(), Decision::Accept);
    refused(r2b(), requires, "jpki-revocation-undetermined", |world| {
        world.entry()["roles"] = json!(["identity_proofer"]);
    });
}

#[test]
fn cmp_01_second_required_credential_is_weak() {
    capped(r2b(), "IAL-3", "IAL-2", "composite-weakest-link", |world| {
        world.credentials.push(credential(r7()));
        world.credentials[1]["evidence"][0]["verificationProcess"] = json!("urn:uuid:3");
        world.keys.push(KEY);
    });
}

/// A second credential about a key that is not the presenter's, with the same name and birth date in it.
fn second_of_another_key(requires: Value) {
    let report = refused(r2b(), requires, "holder-not-linked", |world| {
        let mut second = credential(r2b());
        second["evidence"][0]["subject"]["jkt"] = json!("another");
        world.credentials.push(second);
        world.keys.push("another");
    });
    assert_eq!(report.levels().achieved_identity, "IAL-0");
    assert_eq!(report.exit(), 16);
}

#[test]
fn cmp_02_second_credential_of_another_holder() {
    second_of_another_key(json!({"ial": {"min": "IAL-1"}}));
}

#[test]
fn cmp_03_linked_by_name_and_birth_date_only() {
    let consistent = json!(["birthdate", "family_name"]);
    let link = json!({"link": {"mode": "same-key", "consistent": consistent}});
    second_of_another_key(json!({"allOf": [{"ial": {"min": "IAL-1"}}, link]}));
}

#[test]
fn claims_that_must_be_equal_are_compared_after_normalisation() {
    let link = json!({"link": {"mode": "same-key", "consistent": ["birthdate", "family_name"]}});
    let with = |birthdate: &str, name: &str| {
        let mut world = World::of(r2b()).asking(&link);
        let mut second = credential(r2b());
        second["credentialSubject"]["birthdate"] = json!(birthdate);
        second["credentialSubject"]["family_name"] = json!(name);
        world.credentials.push(second);
        world.keys.push(KEY);
        world.report()
    };
    assert_eq!(with("1990/4/1", "佐藤").decision(), Decision::Accept);
    assert_eq!(with("19900401", "佐藤").decision(), Decision::Accept);
    let differs = with("1990-04-02", "佐藤");
    assert_eq!(differs.decision(), Decision::Reject);
    assert_eq!(differs.reasons(), ["claims-inconsistent"]);
    assert!(differs.remedies().is_empty(), "conflicting claims have no remedy");
}

#[test]
fn prs_01_bearer_credential() {
    let report =
        refused(r2b(), json!({"aal": {"min": "AAL-1"}}), "holder-proof-missing", |world| {
            world.holder = None;
        });
    assert_eq!(report.exit(), 15);
    assert_eq!(report.levels().achieved_authentication, "AAL-0");
}

#[test]
fn prs_04_answer_too_late() {
    let requires = json!({"aal": {"min": "AAL-1", "maxAuthAge": "PT5M"}});
    let late = |seconds: i64| {
        move |world: &mut World| world.holder.as_mut().unwrap().age_seconds = seconds
    };
    refused(r2b(), requires.clone(), "presentation-stale", late(301));
    let mut world = World::of(r2b()).asking(&requires);
    late(300)(&mut world);
    assert_eq!(world.report().decision(), Decision::Accept);
}

#[test]
fn prs_06_user_verification_only_claimed() {
    let world = World::of(r2b()).asking(&json!({"aal": {"min": "AAL-2"}}));
    let claim = Fact::claimed(FactKind::UvClaimed, inkan_core::sha256(&[b"unlk_bio"]), world.as_of);
    let report = world.report_on(&world.facts().with_claims([claim]));
    assert_eq!(report.decision(), Decision::Reject);
    assert_eq!(report.levels().achieved_authentication, "AAL-1+");
    assert!(report.reasons().contains(&"user-verification-unattested"));
}

#[test]
fn prs_18_strong_identity_weak_authentication() {
    let requires = json!({"allOf": [{"ial": {"min": "IAL-3"}}, {"aal": {"min": "AAL-3"}}]});
    refused(r2b(), requires, "aal-below-requirement", |_| {});
}

#[test]
fn prs_19_somebody_elses_bare_credential() {
    let requires = json!({"ial": {"min": "IAL-3", "holderBinding": true}});
    let report = refused(r2b(), requires, "holder-proof-missing", |world| world.holder = None);
    assert_eq!(report.exit(), 15);
}

#[test]
fn pol_02_policy_not_in_effect() {
    for effective in [json!({"until": "2026-11-20"}), json!({"from": "2026-11-22"})] {
        refused(r2b(), json!({"ial": {"min": "IAL-3"}}), "policy-not-in-effect", |world| {
            world.policy["effective"] = effective.clone();
        });
    }
    let mut today = World::of(r2b());
    today.policy["effective"] = json!({"from": "2026-11-21", "until": "2026-11-21"});
    assert_eq!(today.report().decision(), Decision::Accept);
}

#[test]
fn pol_03_error_during_evaluation() {
    let required = json!({"ial": {"min": "IAL-3", "revocation": "required"}});
    let report = refused(r2b(), required, "evaluation-incomplete", |_| {});
    assert_eq!((report.decision(), report.exit()), (Decision::Undetermined, 19));
    // An original proof that this verifier cannot check: neither passed nor failed.
    let report =
        refused(r2b(), json!({"ial": {"min": "IAL-3"}}), "evaluation-incomplete", |world| {
            let digest = inkan_core::sha256(&[b"cms"]).to_hex();
            world.item()["proofs"] =
                json!([{"kind": "cms-jpki", "sha256": digest, "value": "Y21z"}]);
        });
    assert_eq!((report.decision(), report.exit()), (Decision::Undetermined, 19));
    // A status list that is not at hand.
    let report = refused(r2b(), json!({"ial": {"min": "IAL-3"}}), "status-list-missing", |world| {
        world.failed = Some(Reason::StatusMissing { uri: "https://a".to_owned() });
    });
    assert_eq!((report.decision(), report.exit()), (Decision::Undetermined, 19));
}

#[test]
fn a_proof_that_is_not_what_its_digest_says_voids_its_item() {
    void(r2b(), "evidence-proof-failed", |world| {
        world.item()["proofs"] =
            json!([{"kind": "cms-jpki", "sha256": "ab".repeat(32), "value": "Y21z"}]);
    });
}

#[test]
fn p4_evidence_with_an_unknown_member_is_void() {
    for attack in ["/session", "/proofer", "/evidence/0", "/evidence/0/checkDetails/0", ""] {
        void(r3(), "evidence-malformed", |world| {
            world.evidence().pointer_mut(attack).unwrap()["trustMe"] = json!(true);
        });
    }
}
