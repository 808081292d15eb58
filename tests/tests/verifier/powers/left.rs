//! Powers of attorney whose giver has left the log of the act: its word stands in every log where it lived, each with numbers of its own.

use inkan_core::rng::insecure::SeededRng;
use inkan_credential::Format;
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::countersignature::Role;
use inkan_ledger::{Claims, Kind, MapKey, Receipt, SignedEntry, StatusClaims, StatusFormat};
use inkan_tests::world::{Given, HOLDER, Ledger, POWER_LIST, Parts, PowerList, sign_list};
use inkan_verifier::{CheckName, Context};

use super::super::expect::{accepted, open};
use super::super::moved::{at_home, import};
use super::{Stage, stage, subject};

const OTHER: &str = "other.example";

/// A power whose giver moves to another log, while the agent stays.
struct Left {
    it: Stage,
    given: Given,
    list: PowerList,
    other: Ledger,
    entered: Vec<Receipt>,
    /// What the giver announced in its new home.
    announced: Vec<(String, Receipt)>,
}

impl Left {
    fn new(seed: u64) -> Self {
        let mut it = stage(seed, Format::Jose, &[subject()]);
        let mut list = it.world.power_list(HOLDER);
        let gift = inkan_tests::world::Gift { revocable: true, ..it.world.gift() };
        let given = it.world.give((HOLDER, it.agent), &gift, None, Some(&mut list));
        it.world.publish_powers(&mut list);
        it.world.sleep(60);
        let other = Ledger::new(OTHER, 2, &mut SeededRng::new(4_712), it.world.now);
        Self { it, given, list, other, entered: vec![], announced: vec![] }
    }

    fn leave(&mut self) {
        let document = at_home(self.it.world.actor(HOLDER), OTHER);
        self.it.world.leave(HOLDER, document);
        let world = &self.it.world;
        self.entered = import(&mut self.other, world.actor(HOLDER), world.now);
        self.it.world.sleep(60);
    }

    fn entry(&self, claims: &Claims) -> Vec<u8> {
        let (giver, now) = (self.it.world.actor(HOLDER), self.it.world.now);
        let entry = SignedEntry::sign(claims, &giver.url(), OTHER, &giver.key, now);
        entry.expect("an entry").as_bytes().to_vec()
    }

    /// Other entries, until the next has this place.
    fn fill(&mut self, place: u64) {
        while self.other.size() < place {
            let commitment = inkan_core::sha256(&[&self.other.size().to_be_bytes()]);
            let entry = self.entry(&Claims::Issuance { commitment });
            let now = self.it.world.now;
            let one = self.other.log.prepare(Kind::Issuance, &entry, now).expect("acceptable");
            let inkan_ledger::state::Submission::New(one) = one else { panic!("known already") };
            self.other.log.commit(*one).expect("in order");
        }
    }

    /// Announces the list as it is at the new home, which counts for itself.
    fn announce(&mut self) -> u64 {
        self.it.world.sleep(60);
        let now = self.it.world.now;
        let giver = self.it.world.actor(HOLDER);
        let published = sign_list(&mut self.list.state, giver, now, 90 * 86_400);
        let claims = Claims::Status(StatusClaims {
            uri: POWER_LIST.to_owned(),
            format: StatusFormat::Bitstring { purpose: "revocation".to_owned() },
            sequence: u64::try_from(self.announced.len()).expect("few") + 1,
            digest: published.digest,
            length: published.length,
            not_before: published.valid_from,
            expires: published.valid_until,
        });
        let place = self.other.append(Kind::Status, &self.entry(&claims), now);
        self.announced.push((published.body, self.other.receipt(place)));
        place
    }

    fn revoke(&mut self) {
        let entry = self.given.status.as_ref().expect("a status");
        self.list.state.change(entry, inkan_issuer::status::BitState::Set).expect("its place");
        self.announce();
    }

    fn act(&mut self) {
        self.it.sign(self.it.agent, self.given.for_role(Role::Holder));
    }

    /// What both logs show now, with these lists of the new home's.
    fn parts(&self, lists: &[usize]) -> Parts {
        let (world, other) = (&self.it.world, &self.other);
        let mut parts = self.it.parts(&[&self.given], None);
        parts.receipts.extend(self.entered.iter().cloned());
        parts.current.push(world.head_of(&world.power_list_key(&self.list)));
        let home = MapKey::did(world.actor(HOLDER).scid());
        parts.current.push(other.current(&home, other.size()));
        for number in lists {
            let (body, receipt) = &self.announced[*number];
            parts.lists.push(ServedStatusList::new(POWER_LIST, body.as_bytes()));
            parts.receipts.push(receipt.clone());
        }
        parts
    }

    /// The same with the newest list of the log that was left.
    fn with_left(&self, lists: &[usize]) -> Parts {
        let mut parts = self.parts(lists);
        self.it.world.add_power_list(&mut parts, &self.list, 1);
        parts
    }

    fn both(&self) -> Context {
        let logs = vec![self.other.policy(), self.it.world.ledger.policy()];
        Context { logs, ..self.it.world.context() }
    }
}

#[test]
fn what_a_giver_revoked_at_its_new_home_is_not_left_out() {
    let mut it = Left::new(1_050);
    it.leave();
    it.announce();
    it.revoke();
    it.act();
    it.announce();
    // The log of the act vouches for the last list that it has, for ever.
    let parts = it.with_left(&[2]);
    open(&parts.judge(&it.both()), CheckName::Offered, "power-not-shown");
}

#[test]
fn an_entry_of_the_log_of_the_act_does_not_vouch_for_a_list_of_another_log() {
    let mut it = Left::new(1_051);
    it.leave();
    let place = it.list.lists[1].1;
    it.fill(place);
    assert_eq!(it.announce(), place, "one number in two logs");
    it.revoke();
    it.act();
    it.announce();
    let mut parts = it.parts(&[0, 2]);
    parts.receipts.push(it.it.world.ledger.receipt(place));
    open(&parts.judge(&it.both()), CheckName::Offered, "power-not-shown");
}

#[test]
fn who_moves_after_the_act_and_revokes_then_takes_nothing_from_it() {
    let mut it = Left::new(1_052);
    it.act();
    it.it.world.sleep(60);
    it.leave();
    it.revoke();
    it.announce();
    accepted(&it.with_left(&[0]).judge(&it.both()));
    accepted(&it.with_left(&[0, 1]).judge(&it.both()));
    // By the second list alone it cannot be told when the first came.
    open(&it.with_left(&[1]).judge(&it.both()), CheckName::Offered, "power-not-shown");
}
