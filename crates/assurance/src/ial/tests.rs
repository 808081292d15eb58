//! Rows of one credential: whose they are, who may state them, what a derivation leaves, and age.

use inkan_core::time::CalendarSpan;
use inkan_evidence::Row;
use serde_json::{Value, json};

use super::{Past, aged, is_past};
use crate::level::Ial;
use crate::testing::*;

/// Level, and the codes of everything that was found.
fn judged(world: &World) -> (&'static str, Vec<&'static str>) {
    let report = world.report();
    let codes = report.checks().iter().filter_map(|line| line.code());
    (report.levels().achieved_identity, codes.filter(|code| *code != "issuer-not-judged").collect())
}

fn found(world: &World, code: &str) -> bool {
    judged(world).1.contains(&code)
}

#[test]
fn a_row_that_is_not_the_proofers_is_told_only_where_it_would_be_more() {
    let with = |evidence: Value, rows: &[&str]| {
        let mut world = World::of(evidence);
        world.entry()["rows"] = json!(rows);
        judged(&world)
    };
    assert_eq!(with(r3(), &["R7"]), ("IAL-2", vec!["proofer-row-not-authorised"]));
    assert_eq!(with(r3(), &["R3"]), ("IAL-3", vec![]));
    let chip =
        || event("remote", "trained", document("jp_individual_number_card", &[check("vcrypt")]));
    assert_eq!(with(chip(), &["R7"]), ("IAL-2", vec![]), "another row of the same level");
    let (level, codes) = with(r3(), &["R8"]);
    assert_eq!(level, "IAL-0");
    assert_eq!(codes.iter().filter(|code| **code == "proofer-row-not-authorised").count(), 2);
}

#[test]
fn a_proofing_is_about_whoever_presents() {
    let same = |mode: &str, change: &dyn Fn(&mut World)| {
        let requires = json!({"allOf": [{"ial": {"min": "IAL-1"}}, {"link": {"mode": mode}}]});
        let mut world = World::of(r2b()).asking(&requires);
        change(&mut world);
        !found(&world, "subject-mismatch")
    };
    let old = |world: &mut World| world.evidence()["subject"]["jkt"] = json!("old");
    let bare = |world: &mut World| world.holder = None;
    let other = |world: &mut World| world.holder.as_mut().unwrap().jkt = "another".to_owned();
    for (mode, rotated) in [("same-key", false), ("same-controller", true)] {
        assert!(same(mode, &|_| {}), "{mode}");
        assert!(same(mode, &bare), "{mode}");
        assert_eq!(same(mode, &old), rotated, "{mode}");
        let bare_and_old = |world: &mut World| {
            bare(world);
            old(world);
        };
        assert_eq!(same(mode, &bare_and_old), rotated, "{mode}, bare");
        assert!(!same(mode, &other), "{mode}: a key that is not the credential's");
        // The presenter's key was proofed, and is none of the credential's.
        assert!(!same(mode, &|world| world.keys = vec!["another"]), "{mode}");
    }
}

#[test]
fn a_trust_leaf_admits_by_registry_and_by_role() {
    let counted = |leaf: Value| {
        let requires = json!({"allOf": [{"ial": {"min": "IAL-1"}}, {"trust": leaf}]});
        let mut world = World::of(r7()).asking(&requires);
        world.entry()["roles"] = json!(["identity_proofer"]);
        let report = world.report();
        (report.levels().counted_identity, report.reasons().contains(&"row-not-admitted"))
    };
    let (yes, no) = (("IAL-2", false), ("IAL-0", true));
    assert_eq!(counted(json!({"registries": ["other", "local"]})), yes);
    assert_eq!(counted(json!({"prooferRoles": ["identity_proofer"]})), yes);
    assert_eq!(counted(json!({"prooferRoles": ["attribute_issuer", "identity_proofer"]})), yes);
    assert_eq!(counted(json!({"prooferRoles": ["attribute_issuer"]})), no);
    assert_eq!(counted(json!({"registries": ["other"]})), no);
    let both = |registry: &str, role: &str| {
        counted(json!({"registries": [registry], "prooferRoles": [role]}))
    };
    assert_eq!(both("local", "identity_proofer"), yes);
    assert_eq!(both("other", "identity_proofer"), no);
    assert_eq!(both("local", "root_identity_issuer"), no);
    // Who names neither admits everybody.
    let wallets = json!({"trust": {"walletProviders": ["w"]}});
    assert_eq!(World::of(r7()).asking(&wallets).report().exit(), 0);
}

#[test]
fn what_is_lost_at_the_counter_is_told_where_something_was_shown_there() {
    let at_counter = |kind: &str, agent: &str, checks: &[&str]| {
        let checks: Vec<Value> = checks.iter().map(|name| check(name)).collect();
        let mut world = World::of(event("in_person", agent, document(kind, &checks)));
        world.entry()["anchorTypes"] = json!([]);
        let lost = ["agent-not-qualified", "anchor-not-authorised"];
        let mut codes = judged(&world).1;
        codes.retain(|code| lost.contains(code));
        codes
    };
    let both = ["vpip", "pvp"];
    let (licence, card) = ("jp_drivers_license", "jp_individual_number_card");
    assert_eq!(at_counter(licence, "qualified", &both), <[&str; 0]>::default());
    assert_eq!(at_counter(licence, "trained", &both), ["agent-not-qualified"]);
    assert_eq!(at_counter(licence, "trained", &["vcrypt", "pvp"]), ["agent-not-qualified"]);
    assert_eq!(at_counter(licence, "trained", &["vpip"]), <[&str; 0]>::default());
    assert_eq!(at_counter(licence, "trained", &["pvp", "data"]), <[&str; 0]>::default());
    assert_eq!(at_counter(card, "trained", &["vcrypt", "pvp"]), <[&str; 0]>::default());
    assert_eq!(at_counter(card, "trained", &both), ["agent-not-qualified"], "without its chip");
    assert_eq!(at_counter(licence, "official", &both), ["anchor-not-authorised"]);
    assert_eq!(at_counter(licence, "official", &["vpip"]), <[&str; 0]>::default());
    let record = at_counter("jp_card_substitute_record", "official", &["vcrypt", "pvp"]);
    assert_eq!(record, <[&str; 0]>::default(), "no issuer answers for that class");
    assert_eq!(judged(&World::of(r1())), ("IAL-3+", vec![]));
}

/// A derived proofing, and the one that it names beside it.
fn derived(own: Value, base: Value) -> World {
    let mut own = own;
    own["derivedFrom"] = json!({
        "credentialSha256": inkan_core::sha256(&[b"credential 1"]).to_hex(),
        "verificationProcess": "urn:uuid:base", "holderAal": "AAL-2",
    });
    let mut world = World::of(own);
    world.policy =
        policy(&json!({"ial": {"min": "IAL-1", "combine": "anchor", "disputed": "accept"}}));
    let mut base = credential(base);
    base["evidence"][0]["verificationProcess"] = json!("urn:uuid:base");
    base["issuer"] = json!("did:web:base.example");
    base["evidence"][0]["proofer"]["id"] = json!("did:web:base.example");
    let mut entry = world.registry["entries"][0].clone();
    entry["id"] = json!("did:web:base.example");
    world.registry["entries"].as_array_mut().unwrap().push(entry);
    world.credentials.push(base);
    world.keys.push(KEY);
    world
}

/// The level of the derived credential, where its base is not asked for; and what was found.
fn own_level(world: &World) -> (&'static str, Vec<&'static str>) {
    let mut world = world.clone();
    world.policy["credentialTypes"] = json!(["Derived"]);
    world.credentials[0]["type"] = json!(["VerifiableCredential", "Derived"]);
    let (level, codes) = judged(&world);
    (level, codes.into_iter().filter(|code| code.starts_with("derivation")).collect())
}

#[test]
fn what_is_derived_is_never_more_than_its_base() {
    assert_eq!(own_level(&derived(r3(), r3())), ("IAL-3", vec![]));
    assert_eq!(own_level(&derived(r7(), r7())), ("IAL-2", vec![]));
    assert_eq!(own_level(&derived(r7(), r3())), ("IAL-2", vec![]));
    assert_eq!(own_level(&derived(r1(), r3())), ("IAL-3", vec![]), "no derivation is the root");
    assert_eq!(own_level(&derived(r1(), r1())), ("IAL-3", vec![]));
    assert_eq!(own_level(&derived(r3(), r7())), ("IAL-2", vec!["derivation-above-source"]));
    assert_eq!(own_level(&derived(r3(), r8())), ("IAL-1", vec!["derivation-above-source"]));
    let mut failed = r3();
    failed["evidence"][0]["checkDetails"] = json!([]);
    assert_eq!(own_level(&derived(r3(), failed)).0, "IAL-0");
    // Of a base with several documents its best row counts.
    let mut two = r7();
    two["evidence"] = json!([document("email", &[check("code")]), r3()["evidence"][0]]);
    two["proofer"]["agent"] = json!("qualified");
    two["session"]["presence"] = json!("in_person");
    assert_eq!(own_level(&derived(r3(), two)), ("IAL-3", vec![]));
}

#[test]
fn a_base_by_whoever_may_not_proof_is_no_base() {
    let mut world = derived(r3(), r3());
    world.registry["entries"].as_array_mut().unwrap().pop();
    assert_eq!(own_level(&world), ("IAL-0", vec!["derivation-above-source"]));
    // Nor is what it was derived from itself looked for.
    world.credentials[1]["evidence"][0]["derivedFrom"] = json!({
        "credentialSha256": "ab".repeat(32), "verificationProcess": "urn:uuid:x", "holderAal": "AAL-2",
    });
    let (level, codes) = own_level(&world);
    assert_eq!((level, codes.contains(&"derivation-invalid")), ("IAL-0", true), "{codes:?}");
    let mut world = derived(r3(), r3());
    world.registry["entries"][1]["rows"] = json!(["R7"]);
    assert_eq!(own_level(&world), ("IAL-2", vec!["derivation-above-source"]));
}

#[test]
fn a_base_is_the_same_persons_and_not_later_than_what_came_of_it() {
    let with = |derived_at: &str| {
        let mut world = derived(r3(), r3());
        world.evidence()["derivedFrom"]["time"] = json!(derived_at);
        world.credentials[1]["evidence"][0]["time"] = json!("2026-05-01T10:00:00Z");
        own_level(&world)
    };
    assert_eq!(with("2026-04-30T10:00:00Z"), ("IAL-1", vec!["derivation-invalid"]));
    assert_eq!(with("2026-05-01T10:00:00Z"), ("IAL-3", vec![]));
    assert_eq!(with("2026-06-01T10:00:00Z"), ("IAL-3", vec![]));
    let mut world = derived(r3(), r3());
    world.credentials[1]["evidence"][0]["subject"]["holder"] = json!("did:key:somebody");
    assert_eq!(own_level(&world), ("IAL-1", vec!["derivation-invalid"]));
}

#[test]
fn a_chain_of_derivations_ends_after_four() {
    let level = |links: usize| {
        let mut world = derived(r3(), r3());
        for link in 1..links {
            let process = format!("urn:uuid:base-{link}");
            let mut base = world.credentials[1].clone();
            base["evidence"][0].as_object_mut().unwrap().remove("derivedFrom");
            base["evidence"][0]["verificationProcess"] = json!(process);
            let digest = inkan_core::sha256(&[format!("credential {}", link + 1).as_bytes()]);
            world.credentials[link]["evidence"][0]["derivedFrom"] = json!({
                "credentialSha256": digest.to_hex(), "verificationProcess": process, "holderAal": "AAL-2",
            });
            world.credentials.push(base);
            world.keys.push(KEY);
        }
        own_level(&world)
    };
    for links in 1..=4 {
        assert_eq!(level(links), ("IAL-3", vec![]), "{links}");
    }
    assert_eq!(level(5), ("IAL-1", vec!["derivation-invalid"]));
}

#[test]
fn the_holder_was_logged_in_well_enough_when_something_was_derived() {
    let with = |aal: Value| {
        let mut world = derived(r3(), r3());
        world.evidence()["derivedFrom"]["holderAal"] = aal;
        own_level(&world)
    };
    for enough in ["AAL-2", "AAL-3"] {
        assert_eq!(with(json!(enough)), ("IAL-3", vec![]), "{enough}");
    }
    for little in ["AAL-0", "AAL-1"] {
        let expected = ("IAL-1", vec!["derivation-not-authenticated"]);
        assert_eq!(with(json!(little)), expected, "{little}");
    }
    // It is no floor either: a base that reaches nothing leaves nothing.
    let mut world = derived(r3(), r8());
    world.evidence()["derivedFrom"]["holderAal"] = json!("AAL-1");
    assert_eq!(own_level(&world), ("IAL-1", vec!["derivation-not-authenticated"]));
}

#[test]
fn the_age_is_that_of_the_base_unless_somebody_looked_again_since() {
    let old = || {
        let mut world = derived(r3(), r3());
        world.credentials[1]["evidence"][0]["time"] = json!("2020-03-01T10:22:31Z");
        world
    };
    assert_eq!(own_level(&old()).0, "IAL-2");
    let again = |world: &mut World, position: usize| {
        world.credentials[position]["evidence"][0]["revalidation"] = json!({
            "time": "2026-06-01T00:00:00Z", "holderAal": "AAL-2", "revocation": {"status": "good"},
        });
    };
    for position in [0, 1] {
        let mut world = old();
        again(&mut world, position);
        assert_eq!(own_level(&world).0, "IAL-3", "{position}");
    }
    // A base that is younger changes nothing.
    let mut young = derived(r3(), r3());
    young.evidence()["time"] = json!("2020-03-01T10:22:31Z");
    assert_eq!(own_level(&young).0, "IAL-2");
}

fn span(text: &str) -> CalendarSpan {
    CalendarSpan::parse(text).unwrap()
}

#[test]
fn age_takes_one_step_after_the_other() {
    let since = at("2020-02-29T23:00:00Z");
    let level = |level, day: &str, shortened: Option<(Ial, CalendarSpan)>| {
        let as_of = at(&format!("{day}T00:00:00Z"));
        let over = shortened.filter(|(_, span)| is_past(since, *span, as_of));
        aged(level, Past::of(since, as_of), over.map(|(from, _)| from))
    };
    let table = [
        (Ial::Ial3Plus, "2030-02-28", Ial::Ial3Plus),
        (Ial::Ial3Plus, "2030-03-02", Ial::Ial1),
        (Ial::Ial3, "2025-02-28", Ial::Ial3),
        (Ial::Ial3, "2025-03-02", Ial::Ial2),
        (Ial::Ial2Plus, "2025-02-28", Ial::Ial2Plus),
        (Ial::Ial2Plus, "2025-03-02", Ial::Ial2),
        (Ial::Ial2, "2029-12-31", Ial::Ial2),
        (Ial::Ial2, "2030-03-02", Ial::Ial1),
        (Ial::Ial1, "2099-01-01", Ial::Ial1),
        (Ial::Ial0, "2099-01-01", Ial::Ial0),
    ];
    for (new, day, old) in table {
        assert_eq!(level(new, day, None), old, "{new} on {day}");
    }
    // A policy's own limit holds from its level up, and brings it below.
    let year = |from| Some((from, span("P1Y")));
    assert_eq!(level(Ial::Ial3, "2021-02-28", year(Ial::Ial3)), Ial::Ial3);
    assert_eq!(level(Ial::Ial3, "2021-03-02", year(Ial::Ial3)), Ial::Ial2);
    assert_eq!(level(Ial::Ial2, "2021-03-02", year(Ial::Ial3)), Ial::Ial2);
    assert_eq!(level(Ial::Ial3Plus, "2021-03-02", year(Ial::Ial1)), Ial::Ial0);
    assert_eq!(level(Ial::Ial1, "2021-03-02", year(Ial::Ial0)), Ial::Ial0);
    assert_eq!(level(Ial::Ial0, "2021-03-02", year(Ial::Ial0)), Ial::Ial0);
}

#[test]
fn the_day_of_the_limit_still_counts() {
    let since = at("2026-01-31T12:00:00Z");
    let past = |when: &str| is_past(since, span("P30D"), at(when));
    assert!(!past("2026-03-02T00:00:00Z") && !past("2026-03-02T23:59:59Z"));
    assert!(past("2026-03-03T00:00:00Z"));
    assert!(!past("2026-01-01T00:00:00Z"));
}

#[test]
fn only_a_class_that_the_row_rests_on_meets_an_identifier_that_is_asked_for() {
    let admitted = |evidence: Value, class: &str| {
        let requires = json!({"ial": {"min": "IAL-1", "identifier": [class]}});
        let mut world = World::of(evidence).asking(&requires);
        world.policy["assurance"]["requires"]["ial"]["disputed"] = json!("accept");
        world.report().levels().counted_identity
    };
    let table = [
        (r8(), "self_asserted", "IAL-1"),
        (r8(), "issuer_guaranteed", "IAL-0"),
        (r7(), "issuer_guaranteed", "IAL-2"),
        (r7(), "electronically_verifiable", "IAL-0"),
        (r7(), "self_asserted", "IAL-0"),
        (r2b(), "electronically_verifiable", "IAL-3"),
        (r2b(), "issuer_guaranteed", "IAL-0"),
        (r2a(), "electronically_verifiable", "IAL-3"),
        (r1(), "issuer_guaranteed", "IAL-3+"),
    ];
    for (evidence, class, level) in table {
        assert_eq!(admitted(evidence.clone(), class), level, "{class}: {evidence}");
    }
    for row in Row::ALL {
        use crate::catalogue::Class;
        let takes = crate::row::admits(row, Class::SelfAsserted);
        assert_eq!(takes, row == Row::R8, "{row}");
        let electronic = crate::row::admits(row, Class::ElectronicallyVerifiable);
        let by_card = matches!(row, Row::R2a | Row::R2b | Row::R3 | Row::R4 | Row::R6);
        assert_eq!(electronic, by_card, "{row}");
        let guaranteed = crate::row::admits(row, Class::IssuerGuaranteed);
        let by_issuer = matches!(row, Row::R1 | Row::R3 | Row::R4 | Row::R5 | Row::R7);
        assert_eq!(guaranteed, by_issuer, "{row}");
    }
}
