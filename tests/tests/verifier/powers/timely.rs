//! When a power counts: as of the record of the act, by what the log shows of revocations, ends and thefts.

use inkan_credential::Format;
use inkan_credential::countersignature::Role;
use inkan_crypto::KeyType;
use inkan_tests::world::{HOLDER, Step, World};
use inkan_verifier::{CheckName, Context, Stands};

use super::super::expect::{accepted, noted, open};
use super::{NAME, Stage, nothing, stage, subject};

#[test]
fn a_power_ends_and_what_was_done_before_stays_done() {
    let mut it = stage(1_011, Format::Jose, &[subject()]);
    let given = it.world.give((HOLDER, it.agent), &it.world.gift(), None, None);
    let mut late = Stage { world: World::new(1), agent: it.agent, case: it.case.clone() };
    it.sign(it.agent, given.for_role(Role::Holder));
    it.world.sleep(40 * 86_400);
    let verification = it.judge(&[&given]);
    let held = accepted(&verification).countersignatures()[0].power().expect("a power").clone();
    // It stands, and it is said that it has ended since.
    assert!(matches!(held.stands, Stands::No(_)), "{held:?}");
    std::mem::swap(&mut late.world, &mut it.world);
    late.sign(late.agent, given.for_role(Role::Holder));
    nothing(&late.judge(&[&given]), "power-not-in-force");
    // Nor is one used that has not begun.
    let begin = late.world.now.plus_seconds(86_400);
    let gift = inkan_tests::world::Gift { from: begin, ..late.world.gift() };
    let early = late.world.give((HOLDER, late.agent), &gift, None, None);
    late.case.beside.clear();
    late.sign(late.agent, early.for_role(Role::Holder));
    nothing(&late.judge(&[&early]), "power-not-in-force");
    // What is not recorded is judged as of now.
    late.case.beside.clear();
    late.case.acts.clear();
    let now = late.world.give((HOLDER, late.agent), &late.world.gift(), None, None);
    let under = now.for_role(Role::Holder);
    let who = late.agent;
    late.world.sign_under(&mut late.case, who, (Role::Delegate, under), Step::Accept);
    accepted(&late.judge(&[&now]));
    late.world.sleep(40 * 86_400);
    nothing(&late.judge(&[&now]), "power-not-in-force");
}

#[test]
fn a_revocation_voids_what_comes_after_it_and_nothing_before() {
    let mut it = stage(1_012, Format::Jose, &[subject()]);
    let mut list = it.world.power_list(HOLDER);
    let gift = inkan_tests::world::Gift { revocable: true, ..it.world.gift() };
    let given = it.world.give((HOLDER, it.agent), &gift, None, Some(&mut list));
    it.world.publish_powers(&mut list);
    let after = it.case.clone();
    it.sign(it.agent, given.for_role(Role::Holder));
    accepted(&it.parts(&[&given], Some(&list)).judge(&it.world.context()));
    it.world.revoke_power(&mut list, &given);
    // With the list of then and that of now it is shown that it came later.
    let mut parts = it.parts(&[&given], Some(&list));
    it.world.add_power_list(&mut parts, &list, 1);
    let verification = parts.judge(&it.world.context());
    let held = accepted(&verification).countersignatures()[0].power().expect("a power");
    assert!(matches!(held.stands, Stands::No(_)), "{held:?}");
    // With the list of now alone, when it was revoked cannot be told.
    let parts = it.parts(&[&given], Some(&list));
    open(&parts.judge(&it.world.context()), CheckName::Offered, "power-not-shown");
    // An act after it is void, whichever lists come along: also if the newest is kept back.
    it.case = after;
    it.sign(it.agent, given.for_role(Role::Holder));
    let mut parts = it.parts(&[&given], Some(&list));
    nothing(&parts.judge(&it.world.context()), "power-revoked");
    it.world.add_power_list(&mut parts, &list, 1);
    nothing(&parts.judge(&it.world.context()), "power-revoked");
    let mut parts = it.parts(&[&given], None);
    it.world.add_power_list(&mut parts, &list, 1);
    parts.current.push(it.world.head_of(&it.world.power_list_key(&list)));
    open(&parts.judge(&it.world.context()), CheckName::Offered, "power-not-shown");
    // A list that was made long after, and never went through the one in between, does not date it either.
    it.world.publish_powers(&mut list);
    let mut parts = it.parts(&[&given], Some(&list));
    it.world.add_power_list(&mut parts, &list, 1);
    open(&parts.judge(&it.world.context()), CheckName::Offered, "power-not-shown");
}

#[test]
fn within_one_second_the_order_in_the_log_tells_what_came_first() {
    let mut it = stage(1_021, Format::Jose, &[subject()]);
    let mut list = it.world.power_list(HOLDER);
    let gift = inkan_tests::world::Gift { revocable: true, ..it.world.gift() };
    let given = it.world.give((HOLDER, it.agent), &gift, None, Some(&mut list));
    it.world.publish_powers(&mut list);
    let after = it.case.clone();
    it.sign(it.agent, given.for_role(Role::Holder));
    let signed_at = it.world.context().as_of;
    // Publishing takes twenty seconds: begun as long before, the list stands in the log in the second of the act.
    it.world.sleep(-20);
    it.world.revoke_power(&mut list, &given);
    assert_eq!(it.world.context().as_of, signed_at, "one second");
    let mut parts = it.parts(&[&given], Some(&list));
    it.world.add_power_list(&mut parts, &list, 1);
    let verification = parts.judge(&it.world.context());
    let held = accepted(&verification).countersignatures()[0].power().expect("a power");
    assert!(matches!(held.stands, Stands::No(_)), "{held:?}");
    // The other way round, nothing is given, though it is the same second.
    it.case = after;
    it.world.sleep(-20);
    it.sign(it.agent, given.for_role(Role::Holder));
    let mut parts = it.parts(&[&given], Some(&list));
    it.world.add_power_list(&mut parts, &list, 1);
    nothing(&parts.judge(&it.world.context()), "power-revoked");
}

#[test]
fn who_asks_for_fresh_status_is_not_content_with_an_old_list() {
    let mut it = stage(1_013, Format::Jose, &[subject()]);
    let mut list = it.world.power_list(HOLDER);
    let given = it.world.give((HOLDER, it.agent), &it.world.gift(), None, Some(&mut list));
    it.world.publish_powers(&mut list);
    it.sign(it.agent, given.for_role(Role::Holder));
    let context = Context { max_age: Some(3_600), ..it.world.context() };
    accepted(&it.parts(&[&given], Some(&list)).judge(&context));
    let mut parts = it.parts(&[&given], None);
    it.world.add_power_list(&mut parts, &list, 1);
    it.world.sleep(86_400);
    let old = Context { max_age: Some(3_600), ..it.world.context() };
    let verification = parts.judge(&old);
    noted(&verification, NAME, "stale");
    open(&verification, CheckName::Offered, "power-not-shown");
}

#[test]
fn keys_are_replaced_and_powers_stay() {
    let mut it = stage(1_017, Format::Jose, &[subject()]);
    let given = it.world.give((HOLDER, it.agent), &it.world.gift(), None, None);
    // The power is the agent's, not one key's: before it is used, and after; and so with the principal.
    it.world.rotate(it.agent);
    it.world.rotate(HOLDER);
    it.sign(it.agent, given.for_role(Role::Holder));
    it.world.rotate(it.agent);
    it.world.rotate(HOLDER);
    accepted(&it.judge(&[&given]));
}

#[test]
fn nobody_acts_for_one_who_has_ended() {
    let mut it = stage(1_018, Format::Jose, &[subject()]);
    let given = it.world.give((HOLDER, it.agent), &it.world.gift(), None, None);
    let before = it.case.clone();
    it.sign(it.agent, given.for_role(Role::Holder));
    it.world.deactivate(HOLDER);
    let verification = it.judge(&[&given]);
    let held = accepted(&verification).countersignatures()[0].power().expect("a power");
    assert!(matches!(held.stands, Stands::No(_)), "{held:?}");
    it.case = before;
    it.sign(it.agent, given.for_role(Role::Holder));
    nothing(&it.judge(&[&given]), "power-not-in-force");
}

#[test]
fn a_power_that_is_not_recorded_is_not_shown_to_who_asks_for_records() {
    let mut it = stage(1_019, Format::Jose, &[subject()]);
    let given = it.world.give((HOLDER, it.agent), &it.world.gift(), None, None);
    it.sign(it.agent, given.for_role(Role::Holder));
    let mut parts = it.parts(&[&given], None);
    let receipt = it.world.ledger.receipt(given.entry.0);
    parts.drop_receipt(&receipt);
    open(&parts.judge(&it.world.context()), CheckName::Offered, "power-not-shown");
}

#[test]
fn a_state_of_the_map_after_the_act_shows_which_list_was_the_newest() {
    let mut it = stage(1_022, Format::Jose, &[subject()]);
    let mut list = it.world.power_list(HOLDER);
    let given = it.world.give((HOLDER, it.agent), &it.world.gift(), None, Some(&mut list));
    it.world.publish_powers(&mut list);
    let key = it.world.power_list_key(&list);
    let before = it.world.head_of(&key);
    it.sign(it.agent, given.for_role(Role::Holder));
    let after = it.world.head_of(&key);
    it.world.revoke_power(&mut list, &given);
    it.world.publish_powers(&mut list);
    // The list that came next is not at hand: only that of then, and one of much later.
    for (head, shown) in [(&after, true), (&before, false)] {
        let mut parts = it.parts(&[&given], Some(&list));
        it.world.add_power_list(&mut parts, &list, 1);
        parts.current.push(head.clone());
        let verification = parts.judge(&it.world.context());
        if shown {
            accepted(&verification);
        } else {
            open(&verification, CheckName::Offered, "power-not-shown");
        }
    }
}

#[test]
fn the_operator_alone_does_not_date_an_act_before_the_end_of_a_power() {
    let mut it = stage(1_023, Format::Jose, &[subject()]);
    let until = it.world.now.plus_seconds(600);
    let gift = inkan_tests::world::Gift { until, ..it.world.gift() };
    let given = it.world.give((HOLDER, it.agent), &gift, None, None);
    let place = it.sign(it.agent, given.for_role(Role::Holder));
    let early = it.parts(&[&given], None);
    it.world.sleep(3_600);
    it.world.issue(Format::Jose);
    // Witnesses saw the act under a head that came after the end.
    let mut late = early.clone();
    let receipt = it.world.ledger.receipt_at(place, it.world.ledger.size());
    late.drop_receipt(&receipt);
    let (_, opening) = it.case.entries.iter().find(|(at, _)| *at == place).expect("an entry");
    late.receipts.push(receipt.with_opening(opening.clone()));
    let context = it.world.context();
    accepted(&early.judge(&context));
    open(&late.judge(&context), CheckName::Offered, "power-not-shown");
    let grade = inkan_ledger::Grade::Operator;
    accepted(&late.judge(&Context { grade, ..context }));
}

#[test]
fn a_power_that_a_thief_wrote_is_void_once_the_theft_is_reported() {
    for stolen_before in [true, false] {
        let mut it = stage(1_024, Format::Jose, &[subject()]);
        let early = it.world.now;
        it.world.sleep(86_400);
        let given = it.world.give((HOLDER, it.agent), &it.world.gift(), None, None);
        it.world.sleep(3_600);
        let late = it.world.now;
        it.sign(it.agent, given.for_role(Role::Holder));
        it.world.sleep(3_600);
        it.world.rotate(HOLDER);
        let since = if stolen_before { early } else { late };
        let place =
            super::super::compromised::report(&mut it.world, HOLDER, (HOLDER, "key-1"), since);
        let mut parts = it.parts(&[&given], None);
        parts.receipts.push(it.world.ledger.receipt(place));
        let verification = parts.judge(&it.world.context());
        if stolen_before {
            nothing(&verification, "power-invalid");
        } else {
            accepted(&verification);
        }
    }
}

#[test]
fn a_record_by_others_who_needed_no_signature_dates_no_act() {
    for (format, dated) in [(Format::DataIntegrity, true), (Format::Jose, false)] {
        let mut it = stage(1_025, format, &[subject()]);
        let friend = it.world.settle("friend", KeyType::Ed25519);
        let given = it.world.give((HOLDER, it.agent), &it.world.gift(), None, None);
        let (who, under) = (it.agent, given.for_role(Role::Holder));
        let acted = it.world.sign_under(&mut it.case, who, (Role::Delegate, under), Step::Accept);
        it.world.record_act(&mut it.case, &acted, friend);
        accepted(&it.judge(&[&given]));
        it.world.sleep(40 * 86_400);
        // What is registered of a JWS leaves its signature out: it may have been made today.
        let verification = it.judge(&[&given]);
        if dated {
            accepted(&verification);
        } else {
            nothing(&verification, "power-not-in-force");
        }
    }
}
