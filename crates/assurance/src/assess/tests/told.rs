//! What a report says, line by line: which lines decide, in which order reasons stand, which level is shown, what is warned of.

use std::sync::Arc;

use inkan_evidence::insecure::add;
use inkan_evidence::{Basis, Certification, Fact, FactKind, Liveness, Road};
use inkan_verifier::Reason;
use serde_json::{Value, json};

use crate::line::{Line, Status};
use crate::report::{Decision, Report};
use crate::testing::*;

/// Lines of a check: status, whether the decision rests on them, code.
fn told<'a>(report: &'a Report, check: &str) -> Vec<(Status, bool, Option<&'a str>)> {
    let lines = report.checks().iter().filter(|line| line.check() == check);
    lines.map(|line| (line.status(), line.decides(), line.code())).collect()
}

fn line<'a>(report: &'a Report, check: &str) -> &'a Line {
    report.checks().iter().find(|line| line.check() == check).expect(check)
}

#[test]
fn a_fact_is_told_with_its_basis_and_a_claim_as_no_check() {
    let world = World::of(r2b());
    let claim = Fact::claimed(FactKind::UvClaimed, inkan_core::sha256(&[b"bio"]), world.as_of);
    let mut facts = world.facts().with_claims([claim]);
    add(&mut facts, "presentation", FactKind::AuthenticatorBound, Basis::Attested, Road::HostedKey);
    add(&mut facts, "cred[0]", FactKind::RegisterConfirmed, Basis::Verified, Road::HostedKey);
    let report = world.report_on(&facts);
    let table = [
        ("owner.sign_key", "cred[0].evidence[0].evidence[0]", "attested", Status::Pass),
        ("register.confirmed", "cred[0]", "verified", Status::Pass),
        ("holder.proof", "presentation", "verified", Status::Pass),
        ("uv.claimed", "presentation", "claimed", Status::Skipped),
        ("authenticator.bound", "authenticator.hosted-key", "attested", Status::Pass),
    ];
    for (check, subject, basis, status) in table {
        let found = line(&report, check);
        assert_eq!((found.subject(), found.status()), (subject, status), "{check}");
        assert_eq!(found.basis, Some(basis), "{check}");
        assert!(!found.decides());
    }
    let now = &report.to_value()["truth"]["trueNow"];
    assert_eq!(
        (&now["status"], &now["checkedAt"]),
        (&json!("pass"), &json!("2026-11-21T12:00:00Z"))
    );
}

#[test]
fn a_leaf_that_holds_says_why_and_one_that_does_not_what_was_expected() {
    let both = json!({"allOf": [{"ial": {"min": "IAL-2"}}, {"aal": {"min": "AAL-1"}}, {"link": {"mode": "same-key"}}, {"trust": {"registries": ["local"]}}]});
    let report = World::of(r3()).asking(&both).report();
    let ial = line(&report, "ial");
    assert_eq!((ial.expected_value(), ial.found_value()), (Some("IAL-2"), Some("IAL-3")));
    assert_eq!(ial.message_en(), format!("IAL-3 (R3), stated by {ISSUER}"));
    assert_eq!(line(&report, "aal").message_en(), "AAL-1: the holder's key over our nonce");
    assert_eq!(line(&report, "aal").expected_value(), Some("AAL-1"));
    assert_eq!(line(&report, "link").message_en(), "one holder");
    assert_eq!(line(&report, "trust").message_en(), "the parties are admitted");
    assert_eq!(told(&report, "link"), [(Status::Pass, false, None)]);
    assert_eq!(report.levels().required_authentication, Some("AAL-1"));
    assert_eq!(report.levels().achieved_authentication, "AAL-1");
    let mut facts = World::of(r3()).facts();
    for kind in [
        FactKind::AuthenticatorBound,
        FactKind::AuthenticatorStatusClean,
        FactKind::UvAttested,
        FactKind::KeyCertified(Certification::Scheme),
    ] {
        add(&mut facts, "presentation", kind, Basis::Attested, Road::JpkiAuth);
    }
    let world = World::of(r3()).asking(&json!({"aal": {"min": "AAL-2"}}));
    let report = world.report_on(&facts);
    assert_eq!(line(&report, "aal").message_en(), "AAL-2 by jpki-auth");
    assert_eq!(report.levels().required_identity, None);
    let refused = World::of(r7()).asking(&json!({"ial": {"min": "IAL-3"}})).report();
    let ial = line(&refused, "ial");
    assert_eq!((ial.expected_value(), ial.found_value()), (Some("IAL-3"), Some("IAL-2")));
    assert!(!ial.message_en().is_empty() && ial.message_ja().is_some());
}

#[test]
fn every_reason_of_what_failed_decides_and_of_what_is_unknown_the_first() {
    let aal = json!({"aal": {"min": "AAL-2"}});
    let failed = World::of(r7()).asking(&aal).report();
    let expected = [
        (Status::Fail, true, Some("aal-below-requirement")),
        (Status::Fail, true, Some("user-verification-unattested")),
    ];
    assert_eq!(told(&failed, "aal"), expected);
    let asked = json!({"ial": {"min": "IAL-3", "revocation": "required"}});
    let unknown = World::of(r2b()).asking(&asked).report();
    let lines = told(&unknown, "ial");
    assert_eq!(lines[0], (Status::Unknown, true, Some("evaluation-incomplete")));
    assert_eq!(lines[1], (Status::Unknown, false, Some("ial-below-requirement")));
    assert_eq!(lines.len(), 2);
    assert_eq!((unknown.decision(), unknown.exit()), (Decision::Undetermined, 19));
}

#[test]
fn an_alternative_that_another_makes_up_for_decides_nothing() {
    let either = json!({"anyOf": [{"ial": {"min": "IAL-3"}}, {"ial": {"min": "IAL-1"}}]});
    let report = World::of(r7()).asking(&either).report();
    assert_eq!(report.decision(), Decision::Accept);
    let lines = told(&report, "ial");
    assert_eq!(lines.last(), Some(&(Status::Pass, false, None)));
    assert!(lines.iter().all(|(_, decides, _)| !decides), "{lines:?}");
    assert!(lines.iter().any(|(status, _, _)| *status == Status::Fail));
    assert!(report.reasons().is_empty() && report.remedies().is_empty());
    // Its code does not give the exit of something else that fails.
    let other = json!({"allOf": [
        {"anyOf": [{"ial": {"min": "IAL-1"}}, {"link": {"mode": "same-key"}}]},
        {"ial": {"min": "IAL-3"}},
    ]});
    let mut world = World::of(r7()).asking(&other);
    world.holder.as_mut().unwrap().liveness = Liveness::NotLive;
    let report = world.report();
    assert_eq!((report.decision(), report.exit()), (Decision::Reject, 15));
    assert!(!report.reasons().contains(&"nonce-invalid"), "{:?}", report.reasons());
    assert!(report.remedies().iter().all(|remedy| remedy.purpose() == "ial"));
    // Where none holds all are reasons.
    let mut world = World::of(r7()).asking(&json!({"anyOf": [
        {"link": {"mode": "same-key"}}, {"ial": {"min": "IAL-3"}},
    ]}));
    world.holder.as_mut().unwrap().liveness = Liveness::NotLive;
    let report = world.report();
    assert_eq!(report.exit(), 16);
    assert!(report.reasons().contains(&"nonce-invalid"));
    let purposes: Vec<_> = report.remedies().iter().map(crate::Remedy::purpose).collect();
    assert!(purposes.contains(&"link") && purposes.contains(&"ial"), "{purposes:?}");
}

#[test]
fn the_leaf_that_does_not_hold_is_shown_or_else_the_strictest() {
    let required = |leaves: Value| {
        let report = World::of(r7()).asking(&leaves).report();
        (report.levels().required_identity, report.decision())
    };
    let all = |one: &str, two: &str| {
        required(json!({"allOf": [{"ial": {"min": one}}, {"ial": {"min": two}}]}))
    };
    assert_eq!(all("IAL-1", "IAL-3"), (Some("IAL-3"), Decision::Reject));
    assert_eq!(all("IAL-3", "IAL-1"), (Some("IAL-3"), Decision::Reject));
    assert_eq!(all("IAL-1", "IAL-2"), (Some("IAL-2"), Decision::Accept));
    assert_eq!(all("IAL-2", "IAL-1"), (Some("IAL-2"), Decision::Accept));
}

#[test]
fn reasons_stand_in_the_order_of_their_exits_then_causes_then_levels() {
    let mut world = World::of(r4()).asking(&json!({"ial": {"min": "IAL-3"}}));
    world.item()["checkDetails"].as_array_mut().unwrap().pop();
    world.evidence()["ial"] = json!("3");
    world.policy["issuers"] = json!({"dids": ["did:web:other"]});
    world.policy["countersigned"] = json!([{"role": "holder", "by": "subject"}]);
    let report = world.report();
    assert_eq!(
        report.reasons(),
        [
            "issuer-not-trusted",
            "countersignature-missing",
            "ial-below-requirement",
            "ownership-not-shown"
        ]
    );
    assert_eq!(report.exit(), 14);
    // Causes of lost facts are reasons where identity is at stake, a claimed level never.
    let mut stale = World::of(r3()).asking(&json!({"ial": {"min": "IAL-3"}}));
    stale.evidence()["proofer"]["agent"] = json!("trained");
    stale.evidence()["ial"] = json!("3");
    assert_eq!(stale.report().reasons(), ["agent-not-qualified", "ial-below-requirement"]);
    stale.policy["assurance"]["requires"] = json!({"aal": {"min": "AAL-2"}});
    let found = stale.report();
    assert_eq!(found.reasons(), ["aal-below-requirement", "user-verification-unattested"]);
}

#[test]
fn a_credential_that_failed_is_the_whole_reason() {
    let mut world = World::of(r2b()).asking(&json!({"ial": {"min": "IAL-1"}}));
    world.failed = Some(Reason::Revoked { since: None });
    let report = world.report();
    assert_eq!(report.reasons()[0], "credential-revoked");
    assert_eq!(told(&report, "evaluation"), []);
    assert_eq!(report.to_value()["truth"]["authentic"], "fail");
    assert_eq!(report.to_value()["truth"]["proofed"]["status"], "skipped");
    world.failed = Some(Reason::StatusMissing { uri: "https://a".to_owned() });
    let open = world.report();
    assert_eq!(open.to_value()["truth"]["authentic"], "unknown");
    assert_eq!(open.exit(), 19);
}

#[test]
fn a_credential_of_which_nothing_is_known_is_never_accepted() {
    let world = World { failed: Some(Reason::Stale), ..World::of(r2b()) };
    let mut seen = world.seen();
    seen.checks = Arc::default();
    let policy = crate::Policy::from_value(
        &json!({"type": "inkan-policy/1", "id": "p", "version": "1", "issuers": "any"}),
    );
    let codes = codes();
    let context =
        crate::AssessContext { registries: &[], catalogue: &world.catalogue, codes: &codes };
    let facts = world.facts();
    let report = crate::assess::assess_seen(&seen, &facts, &policy.unwrap(), &context);
    assert_eq!(report.decision(), Decision::Undetermined);
    assert_eq!(
        told(&report, "evaluation"),
        [(Status::Unknown, true, Some("evaluation-incomplete"))]
    );
    assert_eq!(report.reasons(), ["evaluation-incomplete"]);
}

#[test]
fn what_changes_nothing_is_said_once_and_only_where_it_is_so() {
    let warned = |change: &dyn Fn(&mut World)| {
        let mut world = World::of(r2b());
        world.policy["issuers"] = json!("listed");
        change(&mut world);
        world.report().warnings().to_vec()
    };
    assert_eq!(warned(&|_| {}), <[&str; 0]>::default());
    assert_eq!(warned(&|w| w.holder = None), ["presenter-not-shown"]);
    assert_eq!(warned(&|w| w.policy["issuers"] = json!("any")), ["issuer-not-judged"]);
    let kept = |w: &mut World| w.holder.as_mut().unwrap().liveness = Liveness::CallerKeepsNonce;
    assert_eq!(warned(&kept), ["nonce-kept-by-caller"]);
    // Nothing was presented: nobody says whose it is.
    let empty = warned(&|w| {
        w.holder = None;
        w.credentials.clear();
    });
    assert_eq!(empty, <[&str; 0]>::default());
    let stamped = json!({"ial": {"min": "IAL-1", "timestamp": "preferred"}});
    let asked = |leaf: &Value| {
        let leaf = leaf.clone();
        warned(&move |w| w.policy["assurance"]["requires"] = leaf.clone())
    };
    assert_eq!(asked(&stamped), ["timestamp-missing"]);
    assert_eq!(asked(&json!({"ial": {"min": "IAL-1"}})), <[&str; 0]>::default());
    let mut world = World::of(r2b()).asking(&stamped);
    world.policy["issuers"] = json!("listed");
    let mut facts = world.facts();
    let item = "cred[0].evidence[0].evidence[0]";
    add(&mut facts, item, FactKind::TimestampToken, Basis::Verified, Road::Webauthn);
    assert_eq!(world.report_on(&facts).warnings(), <[&str; 0]>::default());
}

#[test]
fn the_report_names_policy_catalogue_ledger_trust_and_what_was_asked() {
    let mut world = World::of(r2b());
    world.policy["version"] = json!("7");
    let report = world.report();
    let value = report.to_value();
    let policy = crate::Policy::from_value(&world.policy).unwrap();
    assert_eq!(value["policy"]["id"], "test");
    assert_eq!(value["policy"]["version"], "7");
    assert_eq!(value["policy"]["sha256"], policy.digest().to_hex());
    let assurance = &value["assurance"];
    assert_eq!(assurance["catalogue"]["id"], world.catalogue.id());
    assert_eq!(assurance["catalogue"]["version"], world.catalogue.version());
    assert_eq!(assurance["catalogue"]["sha256"], world.catalogue.digest().to_hex());
    assert!(!world.catalogue.id().is_empty() && !world.catalogue.version().is_empty());
    assert_eq!(value["ledger"], Value::Null);
    assert_eq!(
        (&value["asOf"], &value["receivedAt"]),
        (&json!("2026-11-21T12:00:00Z"), &json!("2026-11-21T12:00:00Z"))
    );
    assert_eq!(assurance["framework"], "jp-swg-2022");
    assert_eq!(assurance["ial"]["frameworks"]["jp-swg-2022"], "IAL-3");
    assert_eq!(assurance["aal"]["ageSeconds"], 41);
    assert_eq!(assurance["aal"]["road"], Value::Null);
    assert_eq!(assurance["nonceSha256"], inkan_core::sha256(&[b"nonce"]).to_hex());
    assert_eq!(assurance["mappings"]["ds-511-2025"], "unverified");
    assert_eq!(assurance["mappings"]["jp-swg-2022"], "verified");
    assert_eq!(assurance["vectorOfTrust"], "P3.Ce");
    assert_eq!(assurance["decision"], "accept");
    let trust = assurance["trust"].as_array().unwrap();
    assert_eq!(trust.len(), 1);
    assert_eq!((&trust[0]["party"], &trust[0]["registry"]), (&json!(ISSUER), &json!("local")));
    assert_eq!(trust[0]["sequence"], 1);
    // Its own lines are the last ones of all.
    let (all, own) = (value["checks"].as_array().unwrap(), assurance["checks"].as_array().unwrap());
    assert_eq!(all.as_slice(), own.as_slice(), "no line of the verifier's here");
    let bytes = report.to_bytes();
    assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), *value);
    let mut failed = World::of(r2b());
    failed.failed = Some(Reason::Revoked { since: None });
    let value = failed.report().to_value().clone();
    let (all, own) = (&value["checks"], &value["assurance"]["checks"]);
    assert_eq!(all.as_array().unwrap().len(), own.as_array().unwrap().len() + 1);
    assert_eq!(all[0]["code"], "credential-revoked");
    assert_ne!(own[0]["code"], "credential-revoked");
}

#[test]
fn of_rows_it_is_said_what_the_closest_item_lacks() {
    let rows = |world: &World| world.report().to_value()["assurance"]["rows"].clone();
    let found = rows(&World::of(r3()));
    let holds: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["holds"] == true)
        .map(|row| row["row"].as_str().unwrap())
        .collect();
    assert_eq!(holds, ["R3", "R7"]);
    assert_eq!(found[0]["missing"], json!(["agent.official"]));
    assert_eq!(found[3]["missing"], json!([]));
    assert_eq!(found[5]["missing"], json!(["stage.in_person_check"]));
    // Of two items the one that comes closest.
    let mut world = World::of(r3());
    let far = document("jp_health_insurance_card", &[]);
    world.evidence()["evidence"].as_array_mut().unwrap().insert(0, far);
    assert_eq!(rows(&world), found);
    world.evidence()["evidence"].as_array_mut().unwrap().reverse();
    assert_eq!(rows(&world), found);
    // With nothing at hand the shortest way.
    let mut nothing = World::of(r3());
    nothing.credentials[0]["evidence"] = json!([]);
    let found = rows(&nothing);
    assert_eq!(found.as_array().unwrap().len(), 9);
    assert_eq!(found[2]["missing"], json!(["class.electronically_verifiable", "owner.sign_key"]));
    assert_eq!(found[8]["missing"], json!(["class.self_asserted", "owner.code"]));
}

#[test]
fn the_vector_of_trust_is_that_of_a_level_that_is_not_worn_out() {
    let vector = |world: &World| world.report().to_value()["assurance"]["vectorOfTrust"].clone();
    let mut world = World::of(r3());
    assert_eq!(vector(&world), "P2.Ce");
    world.as_of = at("2032-01-01T00:00:00Z");
    assert_eq!(vector(&world), "Ce", "five years are over");
    world.policy["assurance"] =
        json!({"framework": "eidas-2015-1502", "requires": {"ial": {"min": "low"}}});
    assert_eq!(vector(&world), "P2.Ce", "rows of another framework do not age here");
    let mut nobody = World::of(r3());
    nobody.holder = None;
    nobody.credentials[0]["evidence"] = json!([]);
    assert_eq!(vector(&nobody), Value::Null);
    let mut account = nobody.facts();
    for kind in [FactKind::AuthenticatorBound, FactKind::AuthenticatorStatusClean] {
        add(&mut account, "presentation", kind, Basis::Attested, Road::AuthenticationEvent);
    }
    inkan_evidence::insecure::spoken(&mut account, None, true);
    let report = nobody.report_on(&account);
    assert_eq!(report.to_value()["assurance"]["vectorOfTrust"], "Cc", "an account, no holder");
    let mut both = World::of(r3()).facts();
    for kind in [
        FactKind::AuthenticatorBound,
        FactKind::AuthenticatorStatusClean,
        FactKind::UvAttested,
        FactKind::KeyCertified(Certification::Scheme),
    ] {
        add(&mut both, "presentation", kind, Basis::Attested, Road::JpkiAuth);
    }
    let report = World::of(r3()).report_on(&both);
    assert_eq!(report.to_value()["assurance"]["vectorOfTrust"], "P2.Ce.Cg");
}

#[test]
fn a_claimed_level_agrees_with_digits_that_are_the_same() {
    let agrees = |name: &str, value: &str| {
        let mut world = World::of(r7());
        world.credentials[0]["credentialSubject"][name] = json!(value);
        world.report().to_value()["assurance"]["ignoredClaims"][0]["agrees"].clone()
    };
    assert_eq!(agrees("ial", "IAL-2"), true);
    assert_eq!(agrees("ial", "2+"), false);
    assert_eq!(agrees("ial", "high"), false, "no digits agree with nothing");
    assert_eq!(agrees("aal", "AAL-1"), true);
    assert_eq!(agrees("aal", "2"), false);
    assert_eq!(agrees("acr", "2"), false);
}

#[test]
fn requests_are_made_for_what_is_missing_and_only_those() {
    let steps = json!(["openid4vp", "webauthn", "rfc9470", "issuer"]);
    let requests = |requires: Value, types: Value| {
        let mut world = World::of(r7()).asking(&requires);
        world.policy["credentialTypes"] = types;
        world.policy["issuers"] = json!("listed");
        world.policy["assurance"]["onFail"] = json!({"stepUp": steps});
        world.report().to_value()["assurance"]["remedies"].as_array().unwrap().clone()
    };
    let aal = requests(json!({"aal": {"min": "AAL-2", "maxAuthAge": "PT5M"}}), json!("optional"));
    for remedy in &aal {
        let asked = remedy["request"].as_object().unwrap();
        assert_eq!(asked.contains_key("webauthn"), remedy["road"] == "webauthn", "{remedy}");
        assert_eq!(asked["rfc9470"]["acr_values"], "AAL-2");
        assert_eq!(asked["rfc9470"]["max_age"], 300);
        assert!(!asked.contains_key("issuer"), "{remedy}");
        // Where the answer goes, and in answer to what, is for whoever asks to add: a report says the same each time.
        let openid4vp = asked["openid4vp"].as_object().unwrap();
        assert_eq!(openid4vp.len(), 2, "{openid4vp:?}");
        assert_eq!(openid4vp["response_type"], "vp_token");
        let query = &asked["openid4vp"]["dcql_query"]["credentials"][0];
        assert_eq!(query["meta"]["type_values"][0], json!(["MyNumberCard"]));
        assert_eq!((&remedy["for"], &remedy["cost"]), (&json!("aal"), &json!(2)));
        assert!(remedy.get("row").is_none() && remedy.get("item").is_none());
    }
    let ial = requests(json!({"ial": {"min": "IAL-3"}}), json!(["MyNumberCard"]));
    let mut items = 0;
    for remedy in &ial {
        let asked = remedy["request"].as_object().unwrap();
        assert!(!asked.contains_key("rfc9470") && !asked.contains_key("webauthn"), "{remedy}");
        assert_eq!(asked["issuer"]["row"], remedy["row"]);
        assert_eq!(asked["issuer"]["parties"], json!([ISSUER]));
        assert!(remedy.get("road").is_none());
        items += usize::from(remedy.get("item").is_some());
    }
    assert!(items > 0 && items < ial.len());
    let mut plain = World::of(r7()).asking(&json!({"ial": {"min": "IAL-3"}}));
    plain.policy["assurance"]["onFail"] = json!({"explain": true});
    let value = plain.report().to_value().clone();
    let first = &value["assurance"]["remedies"][0];
    assert!(first.is_object() && first.get("request").is_none(), "{first}");
}

#[test]
fn what_a_wallet_is_asked_for_is_in_the_report_of_whoever_was_refused() {
    let mut high = World::of(r7()).asking(&json!({"ial": {"min": "IAL-3"}}));
    // Whoever is not trusted for a type puts none into what this verifier asks for, and may sign.
    let any = |world: &World| {
        let query = world.report().query().expect("a query");
        query["credentials"][0]["meta"]["type_values"][1] == json!(["VerifiableCredential"])
    };
    assert!(any(&high), "issuers are not judged");
    high.policy["issuers"] = json!("listed");
    let mut forged = high.clone();
    forged.credentials[0]["type"] = json!(["VerifiableCredential", "MedicalRecord"]);
    assert!(any(&forged), "a type that the registry does not let it issue");
    let refused = high.report();
    let query = refused.query().unwrap();
    assert_eq!(query["credentials"][0]["meta"]["type_values"][0], json!(["MyNumberCard"]));
    // Also where the policy wants no request to be written into the report; not where it wants no explanation.
    assert!(refused.remedies().iter().all(|one| one.cost() > 0));
    let mut silent = high.clone();
    silent.policy["assurance"]["onFail"] = json!({"explain": false});
    assert_eq!(silent.report().query(), None);
    assert_eq!(World::of(r7()).asking(&json!({"ial": {"min": "IAL-2"}})).report().query(), None);
    // Alternatives, where the policy names several types.
    let mut two = high;
    two.policy["credentialTypes"] = json!(["MyNumberCard", "Passport"]);
    let values = two.report().query().unwrap()["credentials"][0]["meta"]["type_values"].clone();
    let each = values.as_array().unwrap();
    assert!(each.contains(&json!(["MyNumberCard"])) && each.contains(&json!(["Passport"])));
}

#[test]
fn a_remedy_says_what_to_add_to_which_item() {
    use inkan_evidence::Row::{R1, R2a, R2b, R3, R4};
    let report = World::of(r7()).asking(&json!({"ial": {"min": "IAL-3"}})).report();
    let of_item: Vec<_> = report.remedies().iter().filter(|one| one.item().is_some()).collect();
    let item = "cred[0].evidence[0].evidence[0]";
    assert!(of_item.iter().all(|one| one.item() == Some(item)));
    let pad = of_item.iter().find(|one| one.row() == Some(R4)).unwrap();
    assert_eq!(pad.add(), ["genuine.image_pad", "owner.remote_live"]);
    assert_eq!(pad.facts(), [FactKind::GenuineImagePad, FactKind::OwnerRemoteLive]);
    assert_eq!((pad.cost(), pad.purpose(), pad.road()), (3, "ial", None));
    // A licence makes nobody qualified, has no key to sign with and becomes no other card.
    let rows: Vec<_> = of_item.iter().filter_map(|one| one.row()).collect();
    assert_eq!(rows, [R4]);
    let fresh: Vec<_> = report.remedies().iter().filter(|one| one.item().is_none()).collect();
    let rows: std::collections::BTreeSet<_> = fresh.iter().filter_map(|one| one.row()).collect();
    assert_eq!(rows, [R1, R2a, R2b, R3, R4].into());
    let card = fresh.iter().find(|one| one.row() == Some(R2b)).unwrap();
    assert_eq!(
        (card.cost(), card.add()),
        (2, &["owner.sign_key", "class.electronically_verifiable"][..])
    );
    let seen = fresh.iter().find(|one| one.row() == Some(R3)).unwrap();
    assert_eq!(seen.cost(), 4);
    // A number card that was looked at lacks its chip.
    let mut card = World::of(event(
        "in_person",
        "trained",
        document("jp_individual_number_card", &[check("vpip"), check("pvp")]),
    ));
    card = card.asking(&json!({"ial": {"min": "IAL-3", "rows": ["R2a"]}}));
    let report = card.report();
    let own = report.remedies().iter().find(|one| one.item().is_some()).unwrap();
    assert_eq!((own.add(), own.cost()), (&["genuine.crypto"][..], 2));
    // What somebody may not state is not asked of its item.
    card.entry()["rows"] = json!(["R7", "R8"]);
    assert!(card.report().remedies().iter().all(|one| one.item().is_none()));
}

#[test]
fn whether_somebody_presents_is_one_of_three_things() {
    let said = |change: &dyn Fn(&mut World)| {
        let mut world = World::of(r2b());
        change(&mut world);
        world.report().to_value()["presenter"].clone()
    };
    assert_eq!(said(&|_| {}), "shown");
    assert_eq!(said(&|w| w.holder = None), "not-shown");
    let live = |liveness| move |w: &mut World| w.holder.as_mut().unwrap().liveness = liveness;
    assert_eq!(said(&live(Liveness::NotLive)), "not-live");
    assert_eq!(said(&live(Liveness::CallerKeepsNonce)), "shown");
}

#[test]
fn who_was_proofed_by_nobody_who_counts_is_not_proofed() {
    let proofed = |world: &World| world.report().to_value()["truth"]["proofed"].clone();
    let mut world = World::of(r3());
    world.entry()["id"] = json!("did:web:other.example");
    let none = json!({"status": "skipped", "at": null, "by": null});
    let found = proofed(&world);
    assert_ne!(found["status"], "pass");
    world.credentials[0]["evidence"] = json!([]);
    assert_eq!(proofed(&world), none);
    // Evidence that was read, and makes no row.
    let mut empty = World::of(r3());
    empty.item()["checkDetails"] = json!([check("data")]);
    assert_eq!(proofed(&empty)["status"], "fail");
}
