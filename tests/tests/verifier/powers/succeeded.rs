//! Powers of attorney whose giver has a successor: it revokes them, and nothing that it says or does not say is passed over.

use std::sync::Arc;

use inkan_credential::Format;
use inkan_credential::countersignature::Role;
use inkan_crypto::KeyType;
use inkan_issuer::{AnnouncedList, StatusEncoding, StatusListState};
use inkan_ledger::MapKey;
use inkan_tests::world::{Given, HOLDER, POWER_LIST, Parts, PowerList, Who, World};
use inkan_verifier::{CheckName, Context, Declared, Stands, Succession};

use super::super::expect::{accepted, open};
use super::{Stage, nothing, stage, subject};

/// A power whose giver has a successor from the time on when it could be used.
struct Succeeded {
    it: Stage,
    successor: Who,
    list: PowerList,
    given: Given,
    term: Succession,
}

impl Succeeded {
    fn new(seed: u64) -> Self {
        let mut it = stage(seed, Format::Jose, &[subject()]);
        let successor = it.world.settle("successor", KeyType::Ed25519);
        let mut list = it.world.power_list(HOLDER);
        let gift = inkan_tests::world::Gift { revocable: true, ..it.world.gift() };
        let given = it.world.give((HOLDER, it.agent), &gift, None, Some(&mut list));
        it.world.publish_powers(&mut list);
        let term = Succession {
            predecessor: it.world.actor(HOLDER).did.to_string(),
            successor: it.world.actor(successor).did.to_string(),
            from: Some(it.world.now),
            until: None,
        };
        it.world.sleep(60);
        Self { it, successor, list, given, term }
    }

    fn act(&mut self) {
        self.it.sign(self.it.agent, self.given.for_role(Role::Holder));
    }

    /// The successor goes on with the list.
    fn taken(&self) -> PowerList {
        let body = self.list.lists.last().expect("a list").0.as_bytes();
        let theirs = AnnouncedList::read(StatusEncoding::Bitstring, body).expect("a list");
        let entry = self.given.status.as_ref().expect("a status");
        let state = StatusListState::taken_over(entry, &theirs).expect("one to go on with");
        PowerList { owner: self.successor, state, lists: Vec::new() }
    }

    /// What the ledger shows now of both, with these lists of the successor's.
    fn parts(&self, lists: &[(&PowerList, usize)]) -> Parts {
        let mut parts = self.it.parts(&[&self.given], Some(&self.list));
        let key = MapKey::status(self.it.world.actor(self.successor).scid(), POWER_LIST);
        parts.current.push(self.it.world.head_of(&key));
        for (list, number) in lists {
            self.it.world.add_power_list(&mut parts, list, *number);
        }
        parts
    }

    fn told(&self) -> Context {
        told(&self.it.world, &self.term)
    }
}

fn told(world: &World, term: &Succession) -> Context {
    let declared = Arc::new(Declared { same: vec![], successions: vec![term.clone()] });
    Context { declared, ..world.context() }
}

#[test]
fn a_successor_revokes_a_power_and_what_was_done_before_stays_done() {
    let mut it = Succeeded::new(1_030);
    let unsigned = it.it.case.clone();
    it.act();
    // It has to be shown that the successor said nothing.
    let silent = it.it.parts(&[&it.given], Some(&it.list));
    open(&silent.judge(&it.told()), CheckName::Offered, "power-not-shown");
    accepted(&it.parts(&[]).judge(&it.told()));
    let mut theirs = it.taken();
    it.it.world.revoke_power(&mut theirs, &it.given);
    let verification = it.parts(&[(&theirs, 0)]).judge(&it.told());
    let held = accepted(&verification).countersignatures()[0].power().expect("a power");
    assert!(matches!(held.stands, Stands::No(_)), "{held:?}");
    // What is done after it is void. Without the successor's list it is not shown that the power stood.
    it.it.case = unsigned;
    it.act();
    nothing(&it.parts(&[(&theirs, 0)]).judge(&it.told()), "power-revoked");
    open(&it.parts(&[]).judge(&it.told()), CheckName::Offered, "power-not-shown");
    // Who knows of no succession looks at the giver's own lists alone.
    accepted(&it.parts(&[(&theirs, 0)]).judge(&it.it.world.context()));
}

#[test]
fn what_a_successor_said_before_the_act_is_not_left_out_for_what_it_says_later() {
    let mut it = Succeeded::new(1_031);
    let (mut theirs, given) = (it.taken(), it.given.clone());
    it.it.world.publish_powers(&mut theirs);
    it.act();
    accepted(&it.parts(&[(&theirs, 0)]).judge(&it.told()));
    // Revoked after the act: the list of then is needed to show it, of the successor as well.
    it.it.world.revoke_power(&mut theirs, &given);
    accepted(&it.parts(&[(&theirs, 0), (&theirs, 1)]).judge(&it.told()));
    open(&it.parts(&[(&theirs, 1)]).judge(&it.told()), CheckName::Offered, "power-not-shown");
    // A later one does not tell when it was revoked, without those in between.
    it.it.world.publish_powers(&mut theirs);
    open(
        &it.parts(&[(&theirs, 0), (&theirs, 2)]).judge(&it.told()),
        CheckName::Offered,
        "power-not-shown",
    );
    accepted(&it.parts(&[(&theirs, 0), (&theirs, 1), (&theirs, 2)]).judge(&it.told()));
    // Once its term is void, nobody can tell.
    let mut void = it.term.clone();
    void.until = void.from.map(|from| from.plus_seconds(-1));
    let doubted = told(&it.it.world, &void);
    let parts = it.parts(&[(&theirs, 0), (&theirs, 1), (&theirs, 2)]);
    open(&parts.judge(&doubted), CheckName::Offered, "power-not-shown");
}

#[test]
fn what_a_successor_said_before_its_term_hides_nothing_that_it_revoked_in_it() {
    let mut it = Succeeded::new(1_032);
    let (mut theirs, given) = (it.taken(), it.given.clone());
    it.it.world.publish_powers(&mut theirs);
    it.term.from = Some(it.it.world.now.plus_seconds(30));
    it.it.world.sleep(60);
    it.it.world.revoke_power(&mut theirs, &given);
    it.act();
    nothing(&it.parts(&[(&theirs, 1)]).judge(&it.told()), "power-revoked");
    it.it.world.publish_powers(&mut theirs);
    // The entry of before the term comes along, and the one that revoked does not.
    let mut parts = it.parts(&[(&theirs, 2)]);
    parts.receipts.push(it.it.world.ledger.receipt(theirs.lists[0].1));
    open(&parts.judge(&it.told()), CheckName::Offered, "power-not-shown");
}

#[test]
fn what_a_successor_said_before_its_term_is_no_word_in_it() {
    let mut it = Succeeded::new(1_033);
    let (mut theirs, given) = (it.taken(), it.given.clone());
    it.it.world.publish_powers(&mut theirs);
    it.term.from = Some(it.it.world.now.plus_seconds(30));
    it.it.world.sleep(60);
    let key = MapKey::status(it.it.world.actor(it.successor).scid(), POWER_LIST);
    let before = it.it.world.head_of(&key);
    it.act();
    it.it.world.revoke_power(&mut it.list, &given);
    let shown = |it: &Succeeded| {
        let mut parts = it.parts(&[]);
        it.it.world.add_power_list(&mut parts, &it.list, 1);
        parts
    };
    accepted(&shown(&it).judge(&it.told()));
    // A state of the map before the act shows nothing of what came between.
    let mut early = shown(&it);
    let now = it.it.world.head_of(&key);
    early.current.retain(|one| *one != now);
    early.current.push(before);
    open(&early.judge(&it.told()), CheckName::Offered, "power-not-shown");
    // Nor is it enough that it was silent where it once lived: it has to be shown that it had not moved.
    let mut parts = shown(&it);
    let home = it.it.world.head_of(&MapKey::did(it.it.world.actor(it.successor).scid()));
    parts.current.retain(|one| *one != home);
    open(&parts.judge(&it.told()), CheckName::Offered, "power-not-shown");
    // Once it has announced more, the entries of before its term fill the gap.
    it.it.world.publish_powers(&mut theirs);
    let mut later = shown(&it);
    it.it.world.add_power_list(&mut later, &theirs, 1);
    open(&later.judge(&it.told()), CheckName::Offered, "power-not-shown");
    later.receipts.push(it.it.world.ledger.receipt(theirs.lists[0].1));
    accepted(&later.judge(&it.told()));
}
