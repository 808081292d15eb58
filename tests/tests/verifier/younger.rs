//! Keys that a ledger does not know, in DIDs that a ledger keeps: P-384 and BLS12-381.

use inkan_core::Timestamp;
use inkan_credential::selective::{Disclosure, derive};
use inkan_credential::{Contexts, Cryptosuite, Format};
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::webvh::History;
use inkan_issuer::{IssueRequest, Securing, draft, issue_with};
use inkan_tests::world::{Case, HOLDER, ISSUER, Order, World};
use inkan_verifier::{CheckName, Context, Receipts};
use serde_json::{Map, Value, json};

use super::expect::{accepted, passed, undecided, worthless};

fn used(world: &World) -> Context {
    Context { receipts: Receipts::Used, ..world.context() }
}

/// Writes a version of the issuer's document that lists one more key, and gives the key and its fragment.
pub(super) fn add_key(
    world: &mut World,
    key_type: KeyType,
    relationships: &[&str],
) -> (String, SecretKey) {
    let key = SecretKey::generate(key_type, &mut world.rng);
    let fragment = "younger".to_owned();
    let mut document = document(world);
    let did = world.actor(ISSUER).did.to_string();
    let id = format!("{did}#{fragment}");
    document["verificationMethod"].as_array_mut().unwrap().push(json!({
        "id": id, "type": "Multikey", "controller": did,
        "publicKeyMultibase": key.public_key().to_multikey(),
    }));
    for relationship in relationships {
        document[*relationship].as_array_mut().unwrap().push(id.clone().into());
    }
    world.leave(ISSUER, document);
    (fragment, key)
}

pub(super) fn document(world: &World) -> Value {
    let log = world.actor(ISSUER).did_log(usize::MAX);
    History::verify(&log, None, world.now).unwrap().latest().document().value().clone()
}

/// A credential signed by a P-384 key that the issuer's document lists for this.
fn by_p384(world: &mut World, relationships: &[&str]) -> Case {
    let (fragment, key) = add_key(world, KeyType::P384, relationships);
    let issuer = &mut world.actors[ISSUER.0];
    let old = (
        std::mem::replace(&mut issuer.fragment, fragment),
        std::mem::replace(&mut issuer.key, key),
    );
    let order = Order { ledger: false, status: false, ..Order::of(Format::DataIntegrity) };
    let case = world.draw_up(&order);
    let issuer = &mut world.actors[ISSUER.0];
    (issuer.fragment, issuer.key) = old;
    case
}

/// A bbs-2023 credential, of which everything is shown.
fn by_bbs(world: &mut World) -> Case {
    let key = add_key(world, KeyType::Bls12381G2, &["assertionMethod"]);
    let now = world.now;
    signed_by_bbs(world, &key, now, &["/credentialSubject", "/validFrom"])
}

/// A credential valid since `valid_from`, signed with bbs-2023, of which these parts are shown.
pub(super) fn signed_by_bbs(
    world: &mut World,
    (fragment, key): &(String, SecretKey),
    valid_from: Timestamp,
    shown: &[&str],
) -> Case {
    let (issuer, subject) =
        (world.actor(ISSUER).did.to_string(), world.actor(HOLDER).did.to_string());
    let method = format!("{issuer}#{fragment}");
    let mut claims = Map::new();
    claims.insert("name".to_owned(), "Ada".into());
    let request = IssueRequest {
        types: &["Badge".to_owned()],
        contexts: &["https://www.w3.org/ns/credentials/examples/v2".into()],
        issuer: &issuer,
        issuer_name: None,
        subject: Some(&subject),
        subject_key: None,
        claims: &claims,
        evidence: &[],
        valid_from,
        valid_until: None,
        status: &[],
        schema: None,
        log: None,
    };
    let draft = draft(&request, &mut world.rng).unwrap();
    let contexts = Contexts::built_in();
    let securing = Securing::Selective { suite: Cryptosuite::Bbs2023, mandatory: &[], contexts };
    let issued = issue_with(draft, &securing, (&method, key), world.now, &mut world.rng).unwrap();
    let shown = Disclosure { pointers: shown, ..Disclosure::default() };
    let shown = derive(&issued.credential, &shown, contexts, &mut world.rng).unwrap();
    Case {
        credential: shown,
        beside: Vec::new(),
        entries: Vec::new(),
        opening: None,
        status: None,
        acts: Vec::new(),
    }
}

#[test]
fn a_p384_key_that_a_recorded_document_lists_signs_credentials() {
    let mut world = World::new(70);
    let case = by_p384(&mut world, &["assertionMethod"]);
    // From the receipts of the log, which does not know the key, and from the lines alone.
    accepted(&world.parts(&case).judge(&used(&world)));
    let mut parts = world.parts(&case);
    parts.receipts.clear();
    parts.current.clear();
    accepted(&parts.judge(&used(&world)));
}

#[test]
fn a_bls12381_key_that_a_recorded_document_lists_signs_credentials() {
    let mut world = World::new(71);
    let case = by_bbs(&mut world);
    let verification = world.parts(&case).judge(&used(&world));
    accepted(&verification);
    assert_eq!(passed(&verification, CheckName::Signature).evidence["format"], "bbs-2023");
}

#[test]
fn a_p384_key_without_the_purpose_signs_nothing() {
    let mut world = World::new(72);
    let case = by_p384(&mut world, &["authentication"]);
    let verification = world.parts(&case).judge(&used(&world));
    worthless(&verification, CheckName::Signature, "verification-method-unknown");
}

#[test]
fn a_p384_key_that_was_taken_off_is_open_like_any_other() {
    let mut world = World::new(73);
    let case = by_p384(&mut world, &["assertionMethod"]);
    world.rotate(ISSUER);
    let verification = world.parts(&case).judge(&used(&world));
    undecided(&verification, CheckName::KeyInForce, "receipt-needed");
}

#[test]
fn a_ledger_still_takes_no_entry_by_a_p384_key() {
    let mut world = World::new(74);
    let (fragment, key) = add_key(&mut world, KeyType::P384, &["assertionMethod"]);
    let issuer = &mut world.actors[ISSUER.0];
    (issuer.fragment, issuer.key) = (fragment, key);
    let claims = inkan_ledger::Claims::Issuance { commitment: inkan_core::sha256(&[b"x"]) };
    let actor = world.actor(ISSUER);
    let entry = inkan_ledger::SignedEntry::sign(
        &claims,
        &actor.url(),
        inkan_tests::world::ORIGIN,
        &actor.key,
        world.now,
    );
    let refused = entry
        .map(|entry| world.ledger.log.prepare(claims.kind(), entry.as_bytes(), world.now).is_err());
    assert!(refused.unwrap_or(true));
}
