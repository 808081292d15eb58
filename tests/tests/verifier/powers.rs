//! Acting for somebody: what a power of attorney allows, and every way to be allowed more.

mod left;
mod succeeded;
mod timely;

use inkan_credential::countersignature::{Role, Under, Wanted, WantedSigners};
use inkan_credential::{Format, SecuredCredential};
use inkan_crypto::KeyType;
use inkan_tests::world::{Case, Given, HOLDER, ISSUER, Order, Parts, PowerList, Step, Who, World};
use inkan_verifier::{CheckName, Stands, Verification};
use serde_json::Value;

use super::expect::{accepted, lines, noted, open, passed, refused};

const NAME: CheckName = CheckName::Countersignature;

/// A world with an agent, whose credential asks for its subject, or an agent of it.
struct Stage {
    world: World,
    agent: Who,
    case: Case,
}

fn subject() -> Wanted {
    let by = Some(WantedSigners::Subject);
    Wanted { by, delegates: true, ..Wanted::of(Role::Holder) }
}

fn stage(seed: u64, format: Format, offer: &[Wanted]) -> Stage {
    let mut world = World::new(seed);
    let agent = world.settle("agent", KeyType::Ed25519);
    let order = Order { offer: offer.to_vec(), status: false, ..Order::of(format) };
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    Stage { world, agent, case }
}

impl Stage {
    fn sign(&mut self, who: Who, under: Option<Under>) -> u64 {
        let step = Step::Accept;
        let acted = self.world.sign_under(&mut self.case, who, (Role::Delegate, under), step);
        self.world.record_act(&mut self.case, &acted, who)
    }

    fn own(&mut self, who: Who, role: Role) {
        let acted = self.world.sign_act(&mut self.case, who, role, Step::Accept);
        self.world.record_act(&mut self.case, &acted, who);
    }

    fn parts(&self, given: &[&Given], list: Option<&PowerList>) -> Parts {
        let mut parts = self.world.parts(&self.case);
        self.world.add_powers(&mut parts, given, list);
        parts
    }

    fn judge(&self, given: &[&Given]) -> Verification {
        self.parts(given, None).judge(&self.world.context())
    }
}

fn dids(world: &World, who: &[Who]) -> Option<WantedSigners> {
    let dids = who.iter().map(|who| world.actor(*who).did.to_string());
    Some(WantedSigners::Dids(dids.collect()))
}

#[track_caller]
fn nothing(verification: &Verification, code: &str) {
    noted(verification, NAME, code);
    // The credential is the issuer's, whatever somebody hangs on it: what is missing is what it asks for.
    refused(verification, CheckName::Offered, "countersignature-missing");
    let name = |name| verification.checks().iter().filter(move |line| line.name == name);
    assert!(name(CheckName::Signature).all(|line| !line.failed()));
    assert!(name(NAME).all(|line| !line.failed()), "{}", lines(verification));
}

#[test]
fn an_agent_acts_for_the_subject_in_every_form() {
    for format in [Format::DataIntegrity, Format::Jose, Format::SdJwt] {
        for power in [Format::DataIntegrity, Format::Jose] {
            let mut it = stage(1_000, format, &[subject()]);
            let gift = inkan_tests::world::Gift { format: power, ..it.world.gift() };
            let given = it.world.give((HOLDER, it.agent), &gift, None, None);
            it.sign(it.agent, given.for_role(Role::Holder));
            let verification = it.judge(&[&given]);
            let signed = &accepted(&verification).countersignatures()[0];
            let held = signed.power().expect("a power");
            assert_eq!(held.principal, it.world.actor(HOLDER).did.as_str());
            assert_eq!((held.for_role, &held.stands), (Role::Holder, &Stands::Yes));
            let line = passed(&verification, CheckName::Offered);
            assert_eq!(line.evidence["counted"][0], held.principal.as_str());
            assert_eq!(line.evidence["delegates"][0]["signer"], signed.controller());
            assert_eq!(line.evidence["delegates"][0]["power"], held.digest.as_str());
        }
    }
}

#[test]
fn a_demand_is_closed_to_delegates_unless_it_says_otherwise() {
    let closed = Wanted { delegates: false, ..subject() };
    let mut it = stage(1_001, Format::Jose, &[closed]);
    let given = it.world.give((HOLDER, it.agent), &it.world.gift(), None, None);
    it.sign(it.agent, given.for_role(Role::Holder));
    let verification = it.judge(&[&given]);
    refused(&verification, CheckName::Offered, "countersignature-missing");
    assert!(verification.checks().iter().all(|line| line.name != NAME || !line.failed()));
}

#[test]
fn without_the_chain_it_cannot_be_told() {
    let mut it = stage(1_002, Format::DataIntegrity, &[subject()]);
    let given = it.world.give((HOLDER, it.agent), &it.world.gift(), None, None);
    it.sign(it.agent, given.for_role(Role::Holder));
    let verification = it.judge(&[]);
    noted(&verification, NAME, "power-not-shown");
    open(&verification, CheckName::Offered, "power-not-shown");
    // Garbage in its place takes nothing from the rest.
    let mut parts = it.parts(&[], None);
    parts.powers.push(serde_json::json!({ "type": "garbage" }));
    open(&parts.judge(&it.world.context()), CheckName::Offered, "power-not-shown");
    // One that nobody asks for is noted, and the credential is what it was.
    let mut plain = stage(1_003, Format::DataIntegrity, &[]);
    plain.sign(plain.agent, given.for_role(Role::Holder));
    let verification = plain.judge(&[]);
    accepted(&verification);
    noted(&verification, NAME, "power-not-shown");
    // Nor does a delegate count who names no power.
    let mut bare = stage(1_004, Format::DataIntegrity, &[Wanted::of(Role::Delegate)]);
    bare.sign(bare.agent, None);
    open(&bare.judge(&[]), CheckName::Offered, "power-not-shown");
}

#[test]
fn a_power_is_for_its_agent_its_roles_its_types_and_its_principal() {
    let mut it = stage(1_005, Format::Jose, &[subject()]);
    let other = it.world.settle("other", KeyType::Ed25519);
    let gift = it.world.gift();
    let given = it.world.give((HOLDER, it.agent), &gift, None, None);
    // Lifted to another agent.
    let mut lifted = Stage { case: it.case.clone(), ..it };
    lifted.sign(other, given.for_role(Role::Holder));
    nothing(&lifted.judge(&[&given]), "power-out-of-scope");
    it = lifted;
    // In a role that it does not give.
    let narrow = inkan_tests::world::Gift { roles: vec![Role::Witness], ..gift.clone() };
    let witness = it.world.give((HOLDER, it.agent), &narrow, None, None);
    it.case.beside.clear();
    it.sign(it.agent, witness.for_role(Role::Holder));
    nothing(&it.judge(&[&witness]), "power-out-of-scope");
    // Over credentials of another type.
    let types = vec!["Lease".to_owned()];
    let leases = inkan_tests::world::Gift { types, ..gift.clone() };
    let lease = it.world.give((HOLDER, it.agent), &leases, None, None);
    it.case.beside.clear();
    it.sign(it.agent, lease.for_role(Role::Holder));
    nothing(&it.judge(&[&lease]), "power-out-of-scope");
    // A power of somebody else, who is not the subject.
    let foreign = it.world.give((other, it.agent), &gift, None, None);
    it.case.beside.clear();
    it.sign(it.agent, foreign.for_role(Role::Holder));
    let verification = it.judge(&[&foreign]);
    refused(&verification, CheckName::Offered, "countersignature-missing");
    // One that its agent wrote itself, in the subject's name.
    let principal = Some(it.world.actor(HOLDER).did.to_string());
    let forged = inkan_tests::world::Gift { principal, ..gift };
    let forged = it.world.give((other, it.agent), &forged, None, None);
    it.case.beside.clear();
    it.sign(it.agent, forged.for_role(Role::Holder));
    nothing(&it.judge(&[&forged]), "power-chain-invalid");
}

#[test]
fn a_tampered_link_takes_nothing_from_the_credential() {
    let mut it = stage(1_006, Format::DataIntegrity, &[subject()]);
    let given = it.world.give((HOLDER, it.agent), &it.world.gift(), None, None);
    // The agent adds a type to what it was given, and signs under that.
    let mut value = given.power.to_value();
    value["credentialSubject"]["powerOfAttorney"]["credentialTypes"] =
        serde_json::json!(["Badge", "Lease"]);
    let power = SecuredCredential::parse_value(value).expect("readable");
    let widened = Given { power, ..given };
    it.sign(it.agent, widened.for_role(Role::Holder));
    nothing(&it.judge(&[&widened]), "power-invalid");
    // The untouched one is another power than the one that was signed under.
    open(&it.judge(&[&given_again(&widened)]), CheckName::Offered, "power-not-shown");
}

/// The power as it was before the agent changed it.
fn given_again(widened: &Given) -> Given {
    let mut value = widened.power.to_value();
    value["credentialSubject"]["powerOfAttorney"]["credentialTypes"] = serde_json::json!(["Badge"]);
    let power = SecuredCredential::parse_value(value).expect("readable");
    Given { power, ..widened.clone() }
}

#[test]
fn which_power_and_in_whose_place_is_signed() {
    let mut it = stage(1_007, Format::DataIntegrity, &[subject()]);
    let gift = it.world.gift();
    let given = it.world.give((HOLDER, it.agent), &gift, None, None);
    let other = it.world.give((HOLDER, it.agent), &gift, None, None);
    it.sign(it.agent, given.for_role(Role::Witness));
    let digest = other.power.signed_digest().to_b64u();
    for (member, text) in [("power", digest.as_str()), ("forRole", "holder")] {
        let mut value = it.case.credential.to_value();
        value["proof"][1]["countersignature"]["under"][member] = text.into();
        let mut parts = it.parts(&[&given, &other], None);
        parts.put(SecuredCredential::parse_value(value).expect("readable"));
        let verification = parts.judge(&it.world.context());
        refused(&verification, NAME, "countersignature-invalid");
    }
}

/// A chain of `count` links from the holder; each agent is new.
fn passed_on(it: &mut Stage, count: usize) -> (Vec<Given>, Who) {
    let mut links: Vec<Given> = Vec::new();
    let mut from = HOLDER;
    for number in 0..count {
        let to = it.world.settle(&format!("agent-{number}"), KeyType::Ed25519);
        let depth = u32::try_from(count - 1 - number).expect("a small number");
        let mut gift = inkan_tests::world::Gift { depth, ..it.world.gift() };
        if let Some(before) = links.last() {
            gift.until = before.power.credential().valid_until().expect("an end");
        }
        let link = it.world.give((from, to), &gift, links.last(), None);
        links.push(link);
        from = to;
    }
    (links, from)
}

#[test]
fn a_power_is_passed_on_three_times_at_most() {
    for (count, holds) in [(2, true), (4, true), (5, false)] {
        let mut it = stage(1_008, Format::Jose, &[subject()]);
        let (links, last) = passed_on(&mut it, count);
        it.sign(last, links[count - 1].for_role(Role::Holder));
        let mut all: Vec<&Given> = links.iter().collect();
        // The order in which they stand in the file says nothing.
        all.reverse();
        let verification = it.judge(&all);
        if holds {
            let credential = accepted(&verification);
            let held = credential.countersignatures()[0].power().expect("a power");
            assert_eq!(held.parties.len(), count + 1);
            // Without one link in the middle, or with another one in its place, nothing is known.
            let without: Vec<&Given> = links.iter().skip(1).collect();
            open(&it.judge(&without), CheckName::Offered, "power-not-shown");
        } else {
            nothing(&verification, "power-chain-invalid");
        }
    }
}

#[test]
fn a_link_that_gives_more_than_its_issuer_has_gives_nothing() {
    type Change = fn(&mut inkan_tests::world::Gift);
    let changes: [Change; 4] = [
        |gift| gift.types.push("Lease".to_owned()),
        |gift| gift.roles.push(Role::Notary),
        |gift| gift.until = gift.until.plus_seconds(1),
        |gift| gift.depth = 1,
    ];
    for change in changes {
        let mut it = stage(1_009, Format::Jose, &[subject()]);
        let second = it.world.settle("second", KeyType::Ed25519);
        let gift = inkan_tests::world::Gift { depth: 1, ..it.world.gift() };
        let first = it.world.give((HOLDER, it.agent), &gift, None, None);
        let mut wider = inkan_tests::world::Gift { depth: 0, ..gift };
        change(&mut wider);
        let link = it.world.give((it.agent, second), &wider, Some(&first), None);
        it.sign(second, link.for_role(Role::Holder));
        nothing(&it.judge(&[&first, &link]), "power-chain-invalid");
    }
    // One that may not be passed on at all; and one that comes back to the principal.
    let mut it = stage(1_010, Format::Jose, &[subject()]);
    let second = it.world.settle("second", KeyType::Ed25519);
    let gift = it.world.gift();
    let first = it.world.give((HOLDER, it.agent), &gift, None, None);
    let link = it.world.give((it.agent, second), &gift, Some(&first), None);
    it.sign(second, link.for_role(Role::Holder));
    nothing(&it.judge(&[&first, &link]), "power-chain-invalid");
    let deep = inkan_tests::world::Gift { depth: 2, ..it.world.gift() };
    let first = it.world.give((HOLDER, it.agent), &deep, None, None);
    let less = inkan_tests::world::Gift { depth: 1, until: deep.until, ..it.world.gift() };
    let there = it.world.give((it.agent, second), &less, Some(&first), None);
    let none = inkan_tests::world::Gift { depth: 0, until: deep.until, ..it.world.gift() };
    let back = it.world.give((second, it.agent), &none, Some(&there), None);
    it.case.beside.clear();
    it.sign(it.agent, back.for_role(Role::Holder));
    nothing(&it.judge(&[&first, &there, &back]), "power-chain-invalid");
}

#[test]
fn agent_and_principal_are_one_controller() {
    let witnesses = |at_least| Wanted { at_least, delegates: true, ..Wanted::of(Role::Witness) };
    let mut it = stage(1_014, Format::Jose, &[witnesses(2)]);
    let principal = it.world.settle("principal", KeyType::Ed25519);
    let second = it.world.settle("second", KeyType::Ed25519);
    let gift = it.world.gift();
    let one = it.world.give((principal, it.agent), &gift, None, None);
    let two = it.world.give((principal, second), &gift, None, None);
    let given = [&one, &two];
    let case = it.case.clone();
    // The principal itself, and an agent in its place.
    it.own(principal, Role::Witness);
    it.sign(it.agent, one.for_role(Role::Witness));
    refused(&it.judge(&given), CheckName::Offered, "countersigners-not-distinct");
    // Two agents of one principal.
    it.case = case.clone();
    it.sign(it.agent, one.for_role(Role::Witness));
    it.sign(second, two.for_role(Role::Witness));
    refused(&it.judge(&given), CheckName::Offered, "countersigners-not-distinct");
    // The agent in its own name, and for the principal.
    it.case = case.clone();
    it.own(it.agent, Role::Witness);
    it.sign(it.agent, one.for_role(Role::Witness));
    refused(&it.judge(&given), CheckName::Offered, "countersigners-not-distinct");
    // One hand for two principals.
    let other = it.world.settle("other", KeyType::Ed25519);
    let three = it.world.give((other, it.agent), &gift, None, None);
    it.case = case.clone();
    it.sign(it.agent, one.for_role(Role::Witness));
    it.sign(it.agent, three.for_role(Role::Witness));
    refused(&it.judge(&[&one, &three]), CheckName::Offered, "countersigners-not-distinct");
    // Two who have nothing to do with each other.
    it.case = case;
    it.sign(it.agent, one.for_role(Role::Witness));
    it.own(other, Role::Witness);
    accepted(&it.judge(&given));
}

#[test]
fn an_agent_of_the_issuer_is_the_issuer() {
    let wanted = Wanted { distinct: true, delegates: true, ..Wanted::of(Role::Witness) };
    let mut it = stage(1_015, Format::Jose, &[wanted]);
    let given = it.world.give((ISSUER, it.agent), &it.world.gift(), None, None);
    it.sign(it.agent, given.for_role(Role::Witness));
    refused(&it.judge(&[&given]), CheckName::Offered, "countersigners-not-distinct");
}

#[test]
fn a_named_principal_is_stood_in_for_and_a_named_agent_acts_as_delegate() {
    let mut world = World::new(1_016);
    let agent = world.settle("agent", KeyType::Ed25519);
    let named =
        Wanted { by: dids(&world, &[HOLDER]), delegates: true, ..Wanted::of(Role::Witness) };
    let delegate = Wanted { by: dids(&world, &[agent]), ..Wanted::of(Role::Delegate) };
    for offer in [named, delegate] {
        let order = Order { offer: vec![offer], status: false, ..Order::of(Format::Jose) };
        let mut case = world.draw_up(&order);
        world.record(&mut case, ISSUER);
        let given = world.give((HOLDER, agent), &world.gift(), None, None);
        let mut it = Stage { world, agent, case };
        it.sign(agent, given.for_role(Role::Witness));
        accepted(&it.judge(&[&given]));
        world = it.world;
    }
}

#[test]
fn an_agent_may_take_back_what_it_did_without_its_power() {
    let mut it = stage(1_020, Format::Jose, &[subject()]);
    let given = it.world.give((HOLDER, it.agent), &it.world.gift(), None, None);
    it.sign(it.agent, given.for_role(Role::Holder));
    it.world.sleep(40 * 86_400);
    let who = it.agent;
    let acted = it.world.sign_under(&mut it.case, who, (Role::Delegate, None), Step::Withdraw);
    it.world.record_act(&mut it.case, &acted, who);
    refused(&it.judge(&[&given]), CheckName::Offered, "countersignature-withdrawn");
}

#[test]
fn a_claim_that_is_spelt_like_a_power_is_none() {
    let mut it = stage(1_021, Format::DataIntegrity, &[subject()]);
    // Any credential of the subject about the agent, which is no DelegationCredential.
    let given = it.world.give((HOLDER, it.agent), &it.world.gift(), None, None);
    let plain = it.world.issue(Format::DataIntegrity);
    let under = Some(Under { power: plain.credential.signed_digest(), for_role: Role::Holder });
    it.sign(it.agent, under);
    let mut parts = it.parts(&[&given], None);
    parts.powers.push(Value::clone(&plain.credential.to_value()));
    nothing(&parts.judge(&it.world.context()), "power-invalid");
}

/// A power that is itself verified, with those that it rests on.
fn itself(world: &World, power: &Given, given: &[&Given], list: Option<&PowerList>) -> Parts {
    let mut parts = Parts::of(inkan_credential::Artefact::Credential(power.power.clone()));
    for actor in &world.actors {
        parts.receipts.extend(actor.places.iter().map(|place| world.ledger.receipt(*place)));
    }
    let receipt = world.ledger.receipt(power.entry.0).with_opening(power.entry.1.clone());
    parts.receipts.push(receipt);
    world.add_powers(&mut parts, given, list);
    parts
}

#[test]
fn a_power_that_was_passed_on_is_judged_up_to_its_principal() {
    let mut world = World::new(1_040);
    let agent = world.settle("agent", KeyType::Ed25519);
    let second = world.settle("second", KeyType::Ed25519);
    let mut list = world.power_list(HOLDER);
    let gift = inkan_tests::world::Gift { depth: 1, ..world.gift() };
    let given = world.give((HOLDER, agent), &gift, None, Some(&mut list));
    world.publish_powers(&mut list);
    let less = inkan_tests::world::Gift { depth: 0, ..gift.clone() };
    let passed_on = world.give((agent, second), &less, Some(&given), None);
    // One that the principal gave rests on nothing else.
    let own = itself(&world, &given, &[], None);
    let mut listed = own.clone();
    world.add_power_list(&mut listed, &list, 1);
    let verification = listed.judge(&world.context());
    accepted(&verification);
    assert_eq!(
        passed(&verification, CheckName::Power).evidence["for"],
        world.actor(HOLDER).did.as_str()
    );
    // What was passed on rests on what it was passed on from.
    let bare = itself(&world, &passed_on, &[], None);
    open(&bare.judge(&world.context()), CheckName::Power, "power-not-shown");
    let verification = itself(&world, &passed_on, &[&given], Some(&list)).judge(&world.context());
    accepted(&verification);
    assert_eq!(
        passed(&verification, CheckName::Power).evidence["by"][0],
        world.actor(agent).did.as_str()
    );
    // And falls with it.
    world.revoke_power(&mut list, &given);
    let revoked = itself(&world, &passed_on, &[&given], Some(&list));
    refused(&revoked.judge(&world.context()), CheckName::Power, "power-revoked");
    // Nor can more be passed on than was given, or by somebody else.
    let wide = inkan_tests::world::Gift { types: vec!["Deed".to_owned()], ..less.clone() };
    let widened = world.give((agent, second), &wide, Some(&given), None);
    let parts = itself(&world, &widened, &[&given], Some(&list));
    refused(&parts.judge(&world.context()), CheckName::Power, "power-chain-invalid");
    let foreign = inkan_tests::world::Gift {
        principal: Some(world.actor(ISSUER).did.to_string()),
        ..world.gift()
    };
    let usurped = world.give((HOLDER, agent), &foreign, None, None);
    let parts = itself(&world, &usurped, &[], None);
    refused(&parts.judge(&world.context()), CheckName::Power, "power-chain-invalid");
}
