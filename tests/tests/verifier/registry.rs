//! What registries that the verifier trusts say of DIDs: a successor may revoke what its predecessor issued, a stranger may not; and
//! two DIDs that are declared to be one controller count once.

use std::collections::BTreeSet;
use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_credential::Format;
use inkan_credential::countersignature::{Role, Wanted};
use inkan_crypto::KeyType;
use inkan_issuer::status::{BitState, Publication};
use inkan_issuer::{AnnouncedList, StatusEncoding, StatusListState};
use inkan_ledger::{Claims, MapKey, StatusClaims, StatusFormat};
use inkan_tests::world::{Case, ISSUER, LIST, Order, Parts, Step, Who, World};
use inkan_verifier::{CheckName, Context, Declared, Succession};

use super::expect::{accepted, passed, undecided, worthless};

fn issued(seed: u64) -> (World, Case, Who, Who) {
    let mut world = World::new(seed);
    let case = world.issue(Format::DataIntegrity);
    let successor = world.settle("successor", KeyType::Ed25519);
    let stranger = world.settle("stranger", KeyType::Ed25519);
    (world, case, successor, stranger)
}

/// A verifier that is told that `who` took over from the issuer at a time.
fn told(world: &World, who: Who, from: Timestamp) -> Context {
    let succession = Succession {
        predecessor: world.actor(ISSUER).did.to_string(),
        successor: world.actor(who).did.to_string(),
        from: Some(from),
        until: None,
    };
    let declared = Declared { same: vec![], successions: vec![succession] };
    Context { declared: Arc::new(declared), ..world.context() }
}

/// Takes over the issuer's list and revokes the credential with it; gives the body and the place of the announcement.
fn revoked_by(world: &mut World, who: Who, case: &Case) -> (String, u64) {
    world.sleep(60);
    let body = world.lists.last().expect("a list").0.as_bytes();
    let theirs = AnnouncedList::read(StatusEncoding::Bitstring, body).expect("a list");
    let entry = case.status.as_ref().expect("a status");
    let mut list = StatusListState::taken_over(entry, &theirs).expect("a list of bits");
    list.change(case.status.as_ref().expect("a status"), BitState::Set).expect("its place");
    let actor = &world.actors[who.0];
    let publication = Publication {
        issuer: actor.did.as_str(),
        format: Format::DataIntegrity,
        valid_from: world.now,
        valid_until: world.now.plus_seconds(90 * 86_400),
    };
    let published =
        list.publish(&publication, (&actor.method(), &actor.key)).expect("a signed list");
    let claims = Claims::Status(StatusClaims {
        uri: LIST.to_owned(),
        format: StatusFormat::Bitstring { purpose: "revocation".to_owned() },
        sequence: published.seq,
        digest: published.digest,
        length: published.length,
        not_before: published.valid_from,
        expires: published.valid_until,
    });
    let place = world.enter(who, &claims);
    (published.body, place)
}

fn head(world: &World, who: Who) -> inkan_ledger::CurrentProof {
    world.head_of(&MapKey::status(world.actor(who).scid(), LIST))
}

/// What the ledger knows of the credential, and of lists that `who` announced.
fn parts(world: &World, case: &Case, who: Who, announced: Option<&(String, u64)>) -> Parts {
    let mut parts = world.parts(case);
    parts.current.push(head(world, who));
    if let Some((body, place)) = announced {
        parts.lists.push(inkan_credential::bundle::ServedStatusList::new(LIST, body.as_bytes()));
        parts.receipts.push(world.ledger.receipt(*place));
    }
    parts
}

#[test]
fn degrees_of_a_university_that_merged_verify_and_its_successor_revokes_them() {
    let (mut world, case, successor, _) = issued(940);
    let merged = world.now.plus_seconds(30);
    let before = world.now.plus_seconds(40);
    // The successor has announced nothing yet, and the ledger shows that.
    let context = told(&world, successor, merged);
    accepted(&parts(&world, &case, successor, None).judge(&context));
    world.sleep(60);
    let announced = revoked_by(&mut world, successor, &case);
    world.sleep(60);
    let context = told(&world, successor, merged);
    let all = parts(&world, &case, successor, Some(&announced));
    worthless(&all.judge(&context), CheckName::Status, "credential-revoked");
    // As of a time before, it was not.
    let mut then = world.parts(&case);
    then.current.push(head(&world, successor));
    let earlier = Context { as_of: before, ..told(&world, successor, merged) };
    let verification = then.judge(&earlier);
    assert!(!verification.checks().iter().any(inkan_verifier::Check::failed));
}

#[test]
fn a_strangers_list_revokes_nothing_and_a_successors_only_from_its_time_on() {
    let (mut world, case, successor, stranger) = issued(941);
    let merged = world.now.plus_seconds(30);
    let forged = revoked_by(&mut world, stranger, &case);
    world.sleep(60);
    // Nobody declared anything.
    let alone = parts(&world, &case, stranger, Some(&forged));
    accepted(&alone.judge(&world.context()));
    // Somebody else is the successor.
    let mut both = parts(&world, &case, stranger, Some(&forged));
    both.current.push(head(&world, successor));
    let context = told(&world, successor, merged);
    accepted(&both.judge(&context));
    // The stranger becomes the successor, later than it announced that list.
    let context = told(&world, stranger, world.now);
    accepted(&alone.judge(&context));
    passed(&alone.judge(&context), CheckName::Status);
    // Had it been one then, it would count.
    let context = told(&world, stranger, merged);
    worthless(&alone.judge(&context), CheckName::Status, "credential-revoked");
}

#[test]
fn what_a_successor_announced_cannot_be_kept_back() {
    let (mut world, case, successor, _) = issued(942);
    let merged = world.now.plus_seconds(30);
    let announced = revoked_by(&mut world, successor, &case);
    world.sleep(60);
    let context = told(&world, successor, merged);
    // The old issuer's list alone: nothing says what the successor announced.
    undecided(&world.parts(&case).judge(&context), CheckName::Status, "stale");
    // The map says that there is a newer one.
    undecided(&parts(&world, &case, successor, None).judge(&context), CheckName::Status, "stale");
    // With it, but without its record, it is anybody's.
    let mut unrecorded = parts(&world, &case, successor, Some(&announced));
    unrecorded.drop_receipt(&world.ledger.receipt(announced.1));
    undecided(&unrecorded.judge(&context), CheckName::Status, "stale");
}

#[test]
fn two_dids_that_a_registry_declares_to_be_one_count_once() {
    let mut world = World::new(943);
    let one = world.settle("one", KeyType::Ed25519);
    let two = world.settle("two", KeyType::Ed25519);
    let three = world.settle("three", KeyType::Ed25519);
    let offer = vec![Wanted { at_least: 2, ..Wanted::of(Role::Witness) }];
    let order = Order { offer, status: false, ..Order::of(Format::DataIntegrity) };
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    let mut act = |world: &mut World, who: Who| {
        let acted = world.sign_act(&mut case, who, Role::Witness, Step::Accept);
        world.record_act(&mut case, &acted, who);
        case.clone()
    };
    act(&mut world, one);
    let case_of_two = act(&mut world, two);
    let did = |who: Who| world.actor(who).did.to_string();
    let declared =
        Declared { same: vec![BTreeSet::from([did(one), did(two)])], successions: vec![] };
    let told = |world: &World| Context { declared: Arc::new(declared.clone()), ..world.context() };
    accepted(&world.parts(&case_of_two).judge(&world.context()));
    let verification = world.parts(&case_of_two).judge(&told(&world));
    assert!(verification.credentials().iter().all(Option::is_none), "they are one");
    let case_of_three = act(&mut world, three);
    accepted(&world.parts(&case_of_three).judge(&told(&world)));
}
