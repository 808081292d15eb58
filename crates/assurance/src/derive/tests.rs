use inkan_evidence::insecure::add;
use inkan_evidence::{Basis, Certification, FactKind, FidoLevel, Road};
use serde_json::json;

use super::*;
use crate::report::Decision;
use crate::testing::*;

const SERVICE: &str = "did:web:service.example";

fn by(at_time: &str) -> Deriver<'static> {
    Deriver { did: SERVICE, process: "urn:uuid:derived", at: at(at_time) }
}

/// The facts of a world whose holder confirmed with an authenticator.
fn at_aal_2(world: &World) -> Facts {
    let mut facts = world.facts();
    let certified = FactKind::KeyCertified(Certification::Fido(FidoLevel::L1));
    for kind in [
        FactKind::AuthenticatorBound,
        FactKind::AuthenticatorStatusClean,
        FactKind::UvAttested,
        certified,
    ] {
        add(&mut facts, "presentation", kind, Basis::Attested, Road::Webauthn);
    }
    facts
}

fn from(world: &World) -> Result<NewEvidence, DeriveError> {
    let catalogue = Catalogue::builtin().unwrap();
    let facts = at_aal_2(world);
    derived(&world.credentials[0], (&facts, 0), &catalogue, &by("2026-11-21T12:00:00Z"))
}

/// A verifier that knows the service, since this month, and nobody else.
fn elsewhere(entry: Value) -> World {
    let mut world = World::of(entry);
    world.entry()["id"] = SERVICE.into();
    world.entry()["validFrom"] = "2026-11-01T00:00:00Z".into();
    world.credentials[0]["issuer"] = SERVICE.into();
    world
}

#[test]
fn what_is_derived_counts_elsewhere_for_what_the_source_is_and_at_most_ial_3() {
    for (evidence, expected) in [
        (r1(), "IAL-3"),
        (r2a(), "IAL-3"),
        (r2b(), "IAL-3"),
        (r3(), "IAL-3"),
        (r4(), "IAL-3"),
        (r5(), "IAL-2+"),
        (r6(), "IAL-2"),
        (r7(), "IAL-2"),
        (r8(), "IAL-1"),
    ] {
        let made = from(&World::of(evidence.clone())).unwrap();
        assert_eq!(made.level.as_str(), expected, "{evidence}");
        let mut world = elsewhere(made.entry.clone());
        world.entry()["roles"] = json!(["identity_proofer", "revocation_checker"]);
        let report = world.report();
        assert_eq!(report.levels().achieved_identity, expected, "{:?}", report.reasons());
        assert_eq!(report.decision(), Decision::Accept);
        // Its age is that of the proofing, and the new party answers for it.
        assert_eq!(report.to_value()["truth"]["proofed"]["at"], "2026-03-01");
        assert_eq!(report.to_value()["truth"]["proofed"]["by"], SERVICE);
        let (subject, from) = (&made.entry["subject"], &made.entry["derivedFrom"]);
        assert_eq!(subject["boundBy"], "re_authentication");
        assert_eq!(
            (&from["holderAal"], &from["verificationProcess"]),
            (&json!("AAL-2"), &json!("urn:uuid:2"))
        );
    }
}

#[test]
fn a_holder_who_is_not_authenticated_gets_nothing() {
    let catalogue = Catalogue::builtin().unwrap();
    let refused = |facts: &Facts, world: &World| {
        let by = by("2026-11-21T12:00:00Z");
        let error = derived(&world.credentials[0], (facts, 0), &catalogue, &by).unwrap_err();
        assert_eq!(error.code(), "derivation-not-authenticated");
    };
    let mut world = World::of(r3());
    refused(&world.facts(), &world);
    world.holder.as_mut().unwrap().liveness = Liveness::NotLive;
    refused(&at_aal_2(&world), &world);
    world.holder = None;
    refused(&at_aal_2(&world), &world);
}

#[test]
fn a_proofing_that_grew_old_gives_what_is_left_of_it() {
    let mut world = World::of(r3());
    world.as_of = at("2032-01-01T00:00:00Z");
    let (facts, catalogue) = (at_aal_2(&world), Catalogue::builtin().unwrap());
    let late = by("2032-01-01T00:00:00Z");
    let made = derived(&world.credentials[0], (&facts, 0), &catalogue, &late).unwrap();
    assert_eq!(made.level.as_str(), "IAL-2");
    assert_eq!(made.since, at("2026-03-01T10:22:31Z"));
    // A policy of the verifier's may be shorter, and counts from the proofing too.
    let mut world =
        elsewhere(made.entry).asking(&json!({"ial": {"min": "IAL-2", "maxAge": "P5Y"}}));
    world.as_of = at("2032-01-02T00:00:00Z");
    let report = world.report();
    assert_eq!(report.decision(), Decision::Reject);
    assert!(report.reasons().contains(&"proofing-too-old"), "{:?}", report.reasons());
}

#[test]
fn nothing_comes_of_what_does_not_count_and_nothing_more_than_the_source() {
    // The proofer is unknown here.
    let mut world = World::of(r3());
    world.entry()["id"] = "did:web:other.example".into();
    assert_eq!(from(&world).unwrap_err().code(), "derivation-source-unproofed");
    // It may only state R7, and its checks would make R3 in another's mouth.
    let mut world = World::of(r3());
    world.entry()["rows"] = json!(["R7"]);
    assert_eq!(from(&world).unwrap_err().code(), "derivation-above-source");
    // What was derived is not derived from again: nobody sees where that would end.
    let mut world = elsewhere(from(&World::of(r3())).unwrap().entry);
    world.entry()["roles"] = json!(["identity_proofer"]);
    assert_eq!(from(&world).unwrap_err().code(), "derivation-chain");
}

#[test]
fn checks_that_failed_original_proofs_and_claimed_levels_do_not_travel() {
    let mut world = World::of(r2b());
    world.item()["proofs"] = json!([{ "kind": "eseal", "sha256": "ab".repeat(32) }]);
    world.evidence()["claimedLevels"] = json!({ "ial": "3" });
    let checks = world.item()["checkDetails"].as_array_mut().unwrap();
    checks.push(json!({ "checkMethod": "data", "result": "fail" }));
    let text = from(&world).unwrap().entry.to_string();
    assert!(!text.contains("proofs") && !text.contains("fail") && !text.contains("claimedLevels"));
}

#[test]
fn a_base_beside_what_was_derived_is_never_surpassed() {
    let digest = inkan_core::sha256(&[b"credential 1"]).to_hex();
    let with_base = |base: Value, change: &dyn Fn(&mut Value)| {
        let mut derived = from(&World::of(r3())).unwrap().entry;
        derived["derivedFrom"]["credentialSha256"] = digest.clone().into();
        let mut world = elsewhere(derived);
        // Both parties are known here.
        let mut service = world.registry["entries"][0].clone();
        service["id"] = ISSUER.into();
        service.as_object_mut().unwrap().remove("validFrom");
        world.registry["entries"].as_array_mut().unwrap().push(service);
        let mut second = credential(base);
        change(&mut second);
        world.credentials.push(second);
        world.keys.push(KEY);
        world.policy = policy(&json!({"ial": {"min": "IAL-1", "combine": "anchor"}}));
        world.credentials[1]["type"] = json!(["VerifiableCredential", "MyNumberCard"]);
        let report = world.report();
        let codes: Vec<String> =
            report.checks().iter().filter_map(|line| line.code.map(str::to_owned)).collect();
        let facts = world.facts();
        let catalogue = Catalogue::builtin().unwrap();
        let level = best(&facts.credentials()[0].clone().unwrap(), &facts, &catalogue)
            .map_or("IAL-0", |held| held.level_now().as_str());
        (level, codes)
    };
    let (level, codes) = with_base(r3(), &|_| {});
    assert_eq!(level, "IAL-3", "{codes:?}");
    let (level, codes) = with_base(r7(), &|_| {});
    assert_eq!(level, "IAL-2");
    assert!(codes.contains(&"derivation-above-source".to_owned()), "{codes:?}");
    // Another person's.
    let (level, codes) = with_base(r3(), &|second| {
        second["evidence"][0]["subject"]["holder"] = "did:key:somebody".into();
    });
    assert_eq!(level, "IAL-1");
    assert!(codes.contains(&"derivation-invalid".to_owned()), "{codes:?}");
    // The age is that of the base, whatever the derived one says.
    let (level, _) = with_base(r3(), &|second| {
        second["evidence"][0]["time"] = "2020-03-01T10:22:31Z".into();
    });
    assert_eq!(level, "IAL-2");
}

#[test]
fn a_derivation_is_not_before_the_proofing_nor_in_the_future() {
    let made = from(&World::of(r3())).unwrap().entry;
    for (time, code) in [
        ("2026-02-28T00:00:00Z", "proofing-time-inconsistent"),
        ("2026-11-22T12:00:00Z", "proofing-time-in-future"),
        ("2026-10-31T23:59:59Z", "proofer-not-valid-at-time"),
    ] {
        let mut entry = made.clone();
        entry["derivedFrom"]["time"] = time.into();
        let report = elsewhere(entry).report();
        assert_eq!(report.levels().achieved_identity, "IAL-0", "{time}");
        assert!(report.reasons().contains(&code), "{time}: {:?}", report.reasons());
    }
}

#[test]
fn a_revalidation_is_the_proofers_own_and_starts_the_clock_again() {
    let mut world = World::of(r3());
    world.as_of = at("2032-01-01T00:00:00Z");
    let catalogue = Catalogue::builtin().unwrap();
    let again = |did: &'static str, facts: &Facts| {
        let by = Deriver { did, process: "urn:uuid:unused", at: at("2032-01-01T00:00:00Z") };
        revalidated(&world.credentials[0], (facts, 0), &catalogue, (&by, ISSUER))
    };
    let error = again(SERVICE, &at_aal_2(&world)).unwrap_err();
    assert_eq!(error.code(), "revalidation-not-own");
    let error = again(ISSUER, &world.facts()).unwrap_err();
    assert_eq!(error.code(), "derivation-not-authenticated");
    assert_eq!(world.report().levels().achieved_identity, "IAL-2");
    let made = again(ISSUER, &at_aal_2(&world)).unwrap();
    assert_eq!((made.level.as_str(), made.since), ("IAL-3", at("2032-01-01T00:00:00Z")));
    assert_eq!(made.entry["verificationProcess"], "urn:uuid:2");
    let mut later = World::of(made.entry);
    later.as_of = at("2034-01-01T00:00:00Z");
    assert_eq!(later.report().levels().achieved_identity, "IAL-3");
}
