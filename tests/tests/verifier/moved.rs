//! DIDs that moved to another log (ledger §6.6): the home in force counts, and a move counts with the receipts of both logs.

use inkan_core::rng::insecure::SeededRng;
use inkan_credential::{Artefact, Format};
use inkan_ledger::state::ImportSubmission;
use inkan_ledger::{Claims, DigestFormat, Kind, Opening, Receipt, SignedEntry, commitment};
use inkan_tests::world::{ISSUER, Ledger, Order, Parts, World};
use inkan_verifier::{CheckName, Context};
use serde_json::Value;

use super::expect::{accepted, undecided};

const OTHER: &str = "other.example";
const SALT: [u8; 16] = [9; 16];

/// An issuer that moved, and a credential that it issued and recorded in its new home.
struct Moved {
    world: World,
    /// Of both versions, in the log that was left.
    left: [Receipt; 2],
    /// Of both versions, in the log that was entered.
    entered: [Receipt; 2],
    /// Of the credential, there.
    issued: Receipt,
    artefact: Artefact,
    context: Context,
}

fn moved(mut world: World) -> Moved {
    let mut other = Ledger::new(OTHER, 2, &mut SeededRng::new(4_712), world.now);
    let mut document: Value =
        serde_json::from_str::<Value>(&world.actor(ISSUER).lines[0]).expect("JSON")["state"].take();
    let service = document["service"].as_array_mut().expect("services").iter_mut();
    for service in service.filter(|service| service["type"] == "LedgerLog") {
        service["serviceEndpoint"] = format!("https://{OTHER}").into();
    }
    world.leave(ISSUER, document);
    let issuer = world.actor(ISSUER);
    let left = [0, 1].map(|at| world.ledger.receipt(issuer.places[at]));
    let bodies: Vec<&[u8]> = issuer.lines.iter().map(|line| line.trim_end().as_bytes()).collect();
    let import = other.log.prepare_import(&bodies, world.now).expect("an import");
    let ImportSubmission::New(prepared) = import else { panic!("known there already") };
    let places: Vec<u64> =
        prepared.into_iter().map(|one| other.log.commit(one).expect("in order")).collect();
    other.seal(world.now);
    let entered = [0, 1].map(|at| other.receipt(places[at]));

    let order = Order { ledger: false, status: false, ..Order::of(Format::DataIntegrity) };
    let case = world.draw_up(&order);
    let (issuer, digest) = (world.actor(ISSUER), case.credential.issuance_digest());
    let com = commitment(Kind::Issuance, issuer.scid(), &SALT, &digest);
    let claims = Claims::Issuance { commitment: com };
    let entry = SignedEntry::sign(&claims, &issuer.url(), OTHER, &issuer.key, world.now);
    let place = other.append(Kind::Issuance, entry.expect("an entry").as_bytes(), world.now);
    let opening = Opening::new(DigestFormat::Di, SALT, digest);
    let issued = other.receipt(place).with_opening(opening);
    let logs = vec![other.policy(), world.ledger.policy()];
    let context = Context { logs, ..world.context() };
    let artefact = Artefact::Credential(case.credential);
    Moved { world, left, entered, issued, artefact, context }
}

impl Moved {
    fn with(&self, receipts: &[&Receipt]) -> Parts {
        let mut parts = Parts::of(self.artefact.clone());
        parts.receipts = receipts.iter().copied().cloned().collect();
        parts.receipts.push(self.issued.clone());
        parts
    }
}

#[test]
fn a_move_counts_with_the_receipts_of_both_logs() {
    let moved = moved(World::new(170));
    let ([first, leaving], [again, arriving]) = (&moved.left, &moved.entered);
    let verification = moved.with(&[first, leaving, arriving]).judge(&moved.context);
    let credential = accepted(&verification);
    assert_eq!(credential.recorded().expect("a record").origin(), OTHER);
    accepted(&moved.with(&[arriving, again, leaving, first]).judge(&moved.context));
}

#[test]
fn a_move_that_one_log_does_not_show_is_left_open() {
    let moved = moved(World::new(170));
    let ([first, leaving], [again, arriving]) = (&moved.left, &moved.entered);
    let open = "did-history-incomplete";
    for receipts in [&[first, leaving][..], &[first, leaving, again], &[first, arriving]] {
        undecided(&moved.with(receipts).judge(&moved.context), CheckName::OnLedger, open);
    }
    // What was imported proves nothing there but that it is stored.
    let imported = moved.with(&[again, arriving]).judge(&moved.context);
    undecided(&imported, CheckName::IssuerLog, "did-unresolved");
}

#[test]
fn what_was_recorded_before_the_move_stays_good() {
    let mut world = World::new(170);
    let case = world.issue(Format::DataIntegrity);
    let before = world.parts(&case);
    accepted(&before.judge(&world.context()));
    let moved = moved(world);
    let mut parts = before;
    parts.receipts.extend(moved.left.iter().chain(&moved.entered).cloned());
    let context = Context { as_of: moved.world.now, received_at: moved.world.now, ..moved.context };
    accepted(&parts.judge(&context));
}
