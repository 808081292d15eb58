//! Authentication, fact by fact: what each level takes, what a leaf wants besides, and what is then missing.

use std::collections::BTreeSet;

use inkan_evidence::insecure::{add, spoken};
use inkan_evidence::{
    AuthLevel, Basis, Certification, Code, Fact, FactKind, Facts, FidoLevel, KeyStorage, Liveness,
    Road,
};
use serde_json::{Value, json};

use super::{AalOutcome, About, judge, reached};
use crate::level::Framework;
use crate::policy::AalLeaf;
use crate::testing::*;

use FactKind::{
    AuthenticatorBound as BOUND, AuthenticatorStatusClean as CLEAN, HolderProof as PROOF,
    Intent as INTENT, KeyHardware as HARDWARE, KeyNonexportable as FIXED, UvAttested as ATTESTED,
    UvClaimed as CLAIMED, VerifierBound as NAMED,
};

const SCHEME: FactKind = FactKind::KeyCertified(Certification::Scheme);
const ALL: [FactKind; 8] = [BOUND, CLEAN, ATTESTED, SCHEME, HARDWARE, FIXED, NAMED, INTENT];

const fn fido(level: FidoLevel) -> FactKind {
    FactKind::KeyCertified(Certification::Fido(level))
}

const fn iso(level: KeyStorage) -> FactKind {
    FactKind::KeyCertified(Certification::Iso18045(level))
}

/// A holder who presents now.
fn holder() -> World {
    World::of(r8())
}

/// The same with authenticators.
fn with(world: &World, known: &[(Road, &[FactKind])]) -> Facts {
    let mut facts = world.facts();
    for (road, kinds) in known {
        for kind in *kinds {
            add(&mut facts, "presentation", *kind, Basis::Attested, *road);
        }
    }
    facts
}

/// Nobody presents: an operator speaks for a session.
fn in_session(kinds: &[FactKind]) -> Facts {
    let mut world = holder();
    world.holder = None;
    let mut facts = with(&world, &[(Road::AuthenticationEvent, kinds)]);
    spoken(&mut facts, None, true);
    facts
}

fn asked(leaf: Value, facts: &Facts, about: About) -> AalOutcome {
    let leaf: AalLeaf = serde_json::from_value(leaf).unwrap();
    let min = Framework::JpSwg2022.parse_authentication(&leaf.min).unwrap();
    judge(&leaf, min, facts, about)
}

fn of_holder(leaf: Value, facts: &Facts) -> AalOutcome {
    asked(leaf, facts, About::Holder)
}

fn met(leaf: Value, facts: &Facts) -> bool {
    of_holder(leaf, facts).codes.is_empty()
}

/// What is missing on one road.
fn missing(out: &AalOutcome, road: Road) -> Vec<FactKind> {
    let on = out.missing.iter().find(|(known, _)| *known == Some(road));
    on.map(|(_, kinds)| kinds.clone()).unwrap_or_default()
}

fn sorted(kinds: &[FactKind]) -> Vec<FactKind> {
    kinds.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
}

#[test]
fn every_fact_of_a_level_is_needed_for_it() {
    let level = |kinds: &[FactKind]| {
        let mut findings = BTreeSet::new();
        let found = reached(&with(&holder(), &[(Road::Webauthn, kinds)]), &mut findings);
        let codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
        (found.level, found.road, codes)
    };
    let without =
        |one: FactKind| -> Vec<FactKind> { ALL.into_iter().filter(|kind| *kind != one).collect() };
    let road = Some(Road::Webauthn);
    assert_eq!(level(&ALL), (AuthLevel::Aal3, road, vec![]));
    let table = [
        (BOUND, AuthLevel::Aal1, None, Code::AuthenticatorNotBound),
        (CLEAN, AuthLevel::Aal1, None, Code::AuthenticatorStatusBad),
        (ATTESTED, AuthLevel::Aal1, None, Code::UserVerificationUnattested),
        // A road is named where it gives more than the holder's key alone.
        (SCHEME, AuthLevel::Aal1Plus, road, Code::AuthenticatorNotCertified),
        (HARDWARE, AuthLevel::Aal2, road, Code::KeyNotHardwareBound),
        (FIXED, AuthLevel::Aal2, road, Code::KeyExportable),
        (NAMED, AuthLevel::Aal2, road, Code::PhishingResistanceMissing),
        (INTENT, AuthLevel::Aal2, road, Code::IntentMissing),
    ];
    for (left_out, reached, road, code) in table {
        assert_eq!(level(&without(left_out)), (reached, road, vec![code]), "without {left_out:?}");
    }
    let claimed = [BOUND, CLEAN, CLAIMED];
    let lacks = [Code::UserVerificationUnattested, Code::AuthenticatorNotCertified];
    let found = level(&claimed);
    assert_eq!((found.0, found.1), (AuthLevel::Aal1Plus, None));
    assert_eq!(found.2.iter().collect::<BTreeSet<_>>(), lacks.iter().collect());
}

#[test]
fn certification_counts_from_a_level_on() {
    let table = [
        (SCHEME, AuthLevel::Aal3),
        (fido(FidoLevel::L1), AuthLevel::Aal2),
        (fido(FidoLevel::L1Plus), AuthLevel::Aal2),
        (fido(FidoLevel::L2), AuthLevel::Aal3),
        (fido(FidoLevel::L3Plus), AuthLevel::Aal3),
        (iso(KeyStorage::Basic), AuthLevel::Aal1Plus),
        (iso(KeyStorage::EnhancedBasic), AuthLevel::Aal2),
        (iso(KeyStorage::Moderate), AuthLevel::Aal3),
        (iso(KeyStorage::High), AuthLevel::Aal3),
    ];
    for (certified, level) in table {
        let kinds = ALL.map(|kind| if kind == SCHEME { certified } else { kind });
        let facts = with(&holder(), &[(Road::KeyAttestation, &kinds)]);
        assert_eq!(reached(&facts, &mut BTreeSet::new()).level, level, "{certified:?}");
    }
}

#[test]
fn the_best_authenticator_counts_and_of_equals_the_first() {
    let (strong, weak) = (&ALL[..], &ALL[..4]);
    let of = |known: &[(Road, &[FactKind])]| {
        let found = reached(&with(&holder(), known), &mut BTreeSet::new());
        (found.level, found.road)
    };
    let best = (AuthLevel::Aal3, Some(Road::JpkiAuth));
    assert_eq!(of(&[(Road::JpkiAuth, strong), (Road::Webauthn, weak)]), best);
    assert_eq!(of(&[(Road::Webauthn, weak), (Road::JpkiAuth, strong)]), best);
    let first = (AuthLevel::Aal2, Some(Road::Webauthn));
    assert_eq!(of(&[(Road::Webauthn, weak), (Road::JpkiAuth, weak)]), first);
    // One that is worth no more than the holder's key is no road.
    assert_eq!(of(&[(Road::Webauthn, &[BOUND, CLEAN])]), (AuthLevel::Aal1, None));
}

#[test]
fn what_an_operator_says_of_a_session_counts_only_where_nobody_presents() {
    let session = in_session(&ALL[..4]);
    let found = reached(&session, &mut BTreeSet::new());
    assert_eq!((found.level, found.road), (AuthLevel::Aal2, Some(Road::AuthenticationEvent)));
    let mut beside = with(&holder(), &[(Road::AuthenticationEvent, &ALL[..4])]);
    spoken(&mut beside, None, true);
    assert_eq!(reached(&beside, &mut BTreeSet::new()).level, AuthLevel::Aal1);
    let mut nobody = in_session(&ALL);
    spoken(&mut nobody, None, false);
    assert_eq!(reached(&nobody, &mut BTreeSet::new()).level, AuthLevel::Aal0);
    assert!(!met(json!({"min": "AAL-2"}), &beside), "not for the holder beside it either");
}

#[test]
fn the_least_certification_that_is_asked_for_is_in_the_words_of_the_road() {
    let table = [
        (Road::IssuerAttestedKey, iso(KeyStorage::EnhancedBasic), iso(KeyStorage::Moderate)),
        (Road::KeyAttestation, iso(KeyStorage::EnhancedBasic), iso(KeyStorage::Moderate)),
        (Road::Webauthn, fido(FidoLevel::L1), fido(FidoLevel::L2)),
        (Road::JpkiAuth, SCHEME, SCHEME),
        (Road::HostedKey, SCHEME, SCHEME),
        (Road::AuthenticationEvent, SCHEME, SCHEME),
    ];
    let facts = holder().facts();
    let second = of_holder(json!({"min": "AAL-2"}), &facts);
    let third = of_holder(json!({"min": "AAL-3"}), &facts);
    for (road, for_second, for_third) in table {
        assert_eq!(missing(&second, road), sorted(&[BOUND, CLEAN, ATTESTED, for_second]));
        let all = [BOUND, CLEAN, ATTESTED, HARDWARE, FIXED, NAMED, INTENT, for_third];
        assert_eq!(missing(&third, road), sorted(&all), "{road:?}");
    }
    assert_eq!((second.missing.len(), third.missing.len()), (6, 6));
    assert_eq!(second.codes, [Code::AalBelowRequirement, Code::UserVerificationUnattested]);
}

#[test]
fn nothing_is_asked_of_nobody_unless_the_leaf_does() {
    let mut world = holder();
    world.holder = None;
    let facts = world.facts();
    let nothing = of_holder(json!({"min": "AAL-0"}), &facts);
    assert!(nothing.codes.is_empty() && nothing.missing.is_empty() && nothing.notes.is_empty());
    let named = of_holder(json!({"min": "AAL-0", "phishingResistant": true}), &facts);
    assert_eq!(
        named.codes,
        [Code::HolderProofMissing, Code::AalBelowRequirement, Code::PhishingResistanceMissing]
    );
    let bearer = of_holder(json!({"min": "AAL-1"}), &facts);
    assert_eq!(bearer.codes, [Code::HolderProofMissing]);
    assert_eq!(bearer.missing, [(None, vec![PROOF])]);
}

#[test]
fn the_holders_proof_has_to_be_fresh_and_here() {
    let plain = |change: &dyn Fn(&mut World)| {
        let mut world = holder();
        change(&mut world);
        of_holder(json!({"min": "AAL-1"}), &world.facts())
    };
    let age = |seconds| plain(&|world| world.holder.as_mut().unwrap().age_seconds = seconds);
    let most = inkan_core::tolerance::PRESENTATION;
    assert!(age(most).codes.is_empty() && age(most).missing.is_empty());
    assert_eq!(age(most + 1).codes, [Code::PresentationStale]);
    assert_eq!(age(most + 1).missing, [(None, vec![PROOF])]);
    let live = |liveness| plain(&|world| world.holder.as_mut().unwrap().liveness = liveness);
    assert_eq!(live(Liveness::NotLive).codes, [Code::NonceInvalid]);
    let kept = live(Liveness::CallerKeepsNonce);
    assert_eq!((kept.codes, kept.notes), (vec![], vec![Code::NonceKeptByCaller]));
    assert!(live(Liveness::Live).notes.is_empty());
    // The best authenticator does not make up for it.
    let mut world = holder();
    world.holder.as_mut().unwrap().age_seconds = most + 1;
    let facts = with(&world, &[(Road::Webauthn, &ALL)]);
    let out = of_holder(json!({"min": "AAL-2"}), &facts);
    assert_eq!(out.codes, [Code::PresentationStale, Code::AalBelowRequirement]);
    assert_eq!(missing(&out, Road::Webauthn), [PROOF]);
}

#[test]
fn what_an_authenticator_rests_on_grows_old_too() {
    let aged = |age| {
        let mut facts = with(&holder(), &[(Road::AuthenticationEvent, &ALL[..4])]);
        spoken(&mut facts, Some(age), false);
        of_holder(json!({"min": "AAL-2", "maxAuthAge": "PT5M"}), &facts).codes
    };
    assert!(aged(300).is_empty());
    assert_eq!(aged(301), [Code::AalBelowRequirement, Code::PresentationStale]);
}

#[test]
fn a_road_that_is_asked_for_is_taken() {
    let facts = holder().facts();
    let out = of_holder(json!({"min": "AAL-1", "accept": ["webauthn"]}), &facts);
    assert_eq!(out.codes, [Code::AalBelowRequirement, Code::MethodNotAccepted]);
    assert_eq!(out.missing, [(Some(Road::Webauthn), vec![BOUND, CLEAN])]);
    // Nor by one that is not the holder's, or is known to be bad.
    for loose in [BOUND, CLEAN] {
        let facts = with(&holder(), &[(Road::Webauthn, &[loose, NAMED, INTENT])]);
        assert!(!met(json!({"min": "AAL-1", "accept": ["webauthn"]}), &facts), "{loose:?}");
    }
    let card = with(&holder(), &[(Road::JpkiAuth, &ALL)]);
    let other = of_holder(json!({"min": "AAL-2", "accept": ["webauthn"]}), &card);
    let codes: BTreeSet<Code> = other.codes.iter().copied().collect();
    let lost = [Code::MethodNotAccepted, Code::UserVerificationUnattested];
    assert!(lost.iter().all(|code| codes.contains(code)), "{codes:?}");
    assert!(met(json!({"min": "AAL-3", "accept": ["webauthn", "jpki-auth"]}), &card));
    // Without a list no method is blamed.
    let any = of_holder(json!({"min": "AAL-2"}), &facts);
    assert!(!any.codes.contains(&Code::MethodNotAccepted));
    // One on another road lacks nothing, and says so for none.
    let two = with(&holder(), &[(Road::JpkiAuth, &ALL), (Road::Webauthn, &[BOUND, CLEAN])]);
    let out = of_holder(json!({"min": "AAL-3", "accept": ["webauthn"]}), &two);
    assert!(!out.codes.contains(&Code::MethodNotAccepted), "{:?}", out.codes);
    assert_eq!(out.missing.len(), 1);
}

#[test]
fn each_wish_of_a_leaf_is_looked_at() {
    let wishes = [
        (json!({"min": "AAL-1", "phishingResistant": true}), NAMED),
        (json!({"min": "AAL-1", "crossDevice": false}), NAMED),
        (json!({"min": "AAL-1", "hardwareBound": true}), HARDWARE),
        (json!({"min": "AAL-1", "userVerification": "attested"}), ATTESTED),
        (json!({"min": "AAL-1", "userVerification": "claimed"}), CLAIMED),
    ];
    for (leaf, kind) in wishes {
        let bare = of_holder(leaf.clone(), &holder().facts());
        assert_eq!(missing(&bare, Road::HostedKey), [kind], "{leaf}");
        assert!(!met(leaf.clone(), &with(&holder(), &[(Road::Webauthn, &[BOUND, CLEAN])])));
        assert!(met(leaf.clone(), &with(&holder(), &[(Road::Webauthn, &[kind])])), "{leaf}");
    }
    assert!(met(json!({"min": "AAL-1", "crossDevice": true}), &holder().facts()));
    assert!(met(json!({"min": "AAL-1", "phishingResistant": false}), &holder().facts()));
    // What an attestation says is more than what the holder says.
    let attested = with(&holder(), &[(Road::Webauthn, &[ATTESTED])]);
    assert!(met(json!({"min": "AAL-1", "userVerification": "claimed"}), &attested));
    let both = of_holder(json!({"min": "AAL-2", "userVerification": "claimed"}), &holder().facts());
    let least = sorted(&[BOUND, CLEAN, ATTESTED, fido(FidoLevel::L1)]);
    assert_eq!(missing(&both, Road::Webauthn), least);
}

#[test]
fn what_the_holder_says_counts_beside_an_authenticator_that_does_not() {
    let world = holder();
    let said = Fact::claimed(CLAIMED, inkan_core::sha256(&[b"unlk_bio"]), world.as_of);
    let leaf = json!({"min": "AAL-1", "userVerification": "claimed"});
    assert!(met(leaf, &world.facts().with_claims([said.clone()])));
    let facts = with(&world, &[(Road::Webauthn, &[BOUND, CLEAN])]).with_claims([said]);
    let on_road = json!({"min": "AAL-1", "userVerification": "claimed", "accept": ["webauthn"]});
    assert!(met(on_road, &facts));
    assert_eq!(reached(&facts, &mut BTreeSet::new()).level, AuthLevel::Aal1Plus);
}

#[test]
fn certification_is_compared_on_its_own_scale_only() {
    let certified = |road, kind| {
        with(&holder(), &[(road, &ALL.map(|one| if one == SCHEME { kind } else { one }))])
    };
    let l2 = json!({"min": "AAL-1", "accept": ["webauthn"], "fidoMin": "L2"});
    assert!(met(l2.clone(), &certified(Road::Webauthn, fido(FidoLevel::L2))));
    assert!(met(l2.clone(), &certified(Road::Webauthn, fido(FidoLevel::L3))));
    assert!(!met(l2.clone(), &certified(Road::Webauthn, fido(FidoLevel::L1Plus))));
    assert!(!met(l2.clone(), &certified(Road::Webauthn, iso(KeyStorage::High))));
    assert!(!met(l2, &certified(Road::Webauthn, SCHEME)));
    for road in [Road::KeyAttestation, Road::IssuerAttestedKey] {
        // Of several values the weakest is asked for.
        let names = json!(["iso_18045_high", "iso_18045_moderate"]);
        let stored = json!({"min": "AAL-1", "accept": [road.as_str()], "keyStorage": names});
        assert!(met(stored.clone(), &certified(road, iso(KeyStorage::Moderate))));
        assert!(!met(stored.clone(), &certified(road, iso(KeyStorage::EnhancedBasic))));
        assert!(!met(stored, &certified(road, fido(FidoLevel::L3))));
    }
    // On other roads these words mean nothing, and ask for nothing.
    let card = certified(Road::JpkiAuth, SCHEME);
    let words = json!({"min": "AAL-2", "fidoMin": "L3", "keyStorage": ["iso_18045_high"]});
    assert!(met(words, &card));
}

#[test]
fn an_account_is_enough_where_nobody_is_asked_for() {
    let about_account = |leaf: Value, facts: &Facts| asked(leaf, facts, About::Account);
    let two = in_session(&ALL[..4]);
    assert!(about_account(json!({"min": "AAL-2"}), &two).codes.is_empty());
    assert!(about_account(json!({"min": "AAL-1"}), &two).codes.is_empty());
    // The same where a person is meant.
    let person = of_holder(json!({"min": "AAL-1"}), &two);
    assert_eq!(person.codes, [Code::SessionBoundOnly, Code::HolderProofMissing]);
    // A key that nobody bound shows no account at all.
    let loose = about_account(json!({"min": "AAL-1"}), &in_session(&[ATTESTED, SCHEME]));
    assert_eq!(
        loose.codes,
        [Code::AalBelowRequirement, Code::AuthenticatorNotBound, Code::AuthenticatorStatusBad]
    );
    // Another road would take a holder who presents; another event would not.
    assert_eq!(missing(&loose, Road::AuthenticationEvent), sorted(&[BOUND, CLEAN]));
    assert_eq!(missing(&loose, Road::Webauthn), sorted(&[BOUND, CLEAN, PROOF]));
    // An account's policy takes no shortcut for whoever presents.
    let mut world = holder();
    world.holder.as_mut().unwrap().liveness = Liveness::NotLive;
    let again = about_account(json!({"min": "AAL-1"}), &world.facts());
    assert_eq!(again.codes, [Code::NonceInvalid]);
    world.holder = None;
    let nobody = about_account(json!({"min": "AAL-1"}), &world.facts());
    assert_eq!(nobody.codes, [Code::HolderProofMissing]);
}

#[test]
fn the_shortest_way_comes_first() {
    let facts = with(&holder(), &[(Road::HostedKey, &ALL[..4])]);
    let out = of_holder(json!({"min": "AAL-3"}), &facts);
    assert_eq!(out.missing[0].0, Some(Road::HostedKey));
    let lengths: Vec<usize> = out.missing.iter().map(|(_, kinds)| kinds.len()).collect();
    assert!(lengths.is_sorted() && out.missing.len() == 6, "{lengths:?}");
    assert_eq!(missing(&out, Road::HostedKey), sorted(&[HARDWARE, FIXED, NAMED, INTENT]));
}
