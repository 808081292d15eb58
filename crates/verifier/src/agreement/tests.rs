use std::collections::{BTreeMap, BTreeSet};

use inkan_core::Timestamp;
use inkan_core::time::CalendarSpan;
use inkan_credential::countersignature::{Decision, Role, Wanted, WantedSigners};
use proptest::prelude::*;

use super::{Act, Answer, Flaw, Lack, Met, Place, Question, Standing, judge};
use crate::capacity::{ActingPower, Capacity, PowerFault, Stands};
use crate::verified::ActState;

const ISSUER: &str = "did:example:issuer";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_strict(text).expect("a time")
}

fn act(role: Role, who: &str, index: u64) -> Act {
    Act {
        role,
        decision: Decision::Accept,
        act: format!("act-{who}-{}", role.as_str()),
        controller: format!("did:example:{who}"),
        linked: BTreeSet::new(),
        proof_id: Some(format!("proof-{who}-{index}")),
        covers: vec![],
        by_subject: who == "holder",
        record: Some(Place {
            origin: "log".to_owned(),
            index,
            leaf_time: at("2026-06-01T00:00:00Z"),
            existed_by: Some(at("2026-06-01T00:01:00Z")),
        }),
        state: ActState::NewestKnown,
        newer_at: None,
        capacity: Capacity::Own,
        flaw: None,
    }
}

fn seal(who: &str, index: u64) -> Act {
    Act { decision: Decision::Seal, act: format!("seal-{who}"), ..act(Role::Notary, who, index) }
}

fn witnesses(at_least: u32) -> Wanted {
    Wanted { at_least, ..Wanted::of(Role::Witness) }
}

fn ask(items: &[Wanted], acts: &[Act]) -> Answer {
    ask_as(items, acts, |question| question)
}

fn ask_as(
    items: &[Wanted],
    acts: &[Act],
    change: impl for<'a> Fn(Question<'a>) -> Question<'a>,
) -> Answer {
    let question = Question {
        items,
        offer: items,
        listed: &|_, _, _| None,
        issuer: ISSUER,
        subject: Some("did:example:holder"),
        issued_at: Some(at("2026-05-31T00:00:00Z")),
        as_of: at("2026-11-21T12:00:00Z"),
        operator_time: false,
        current: None,
    };
    judge(&change(question), acts)
}

fn met(items: &[Wanted], acts: &[Act]) -> bool {
    ask(items, acts).items.iter().all(|item| item.met == Met::Yes)
}

#[test]
fn two_dids_of_one_controller_are_one_signer() {
    let items = [witnesses(2)];
    let apart = [act(Role::Witness, "a", 5), act(Role::Witness, "b", 6)];
    assert!(met(&items, &apart));
    let mut linked = apart.clone();
    // One of them says so: its document lists the other's key.
    linked[1].linked.insert("did:example:a".to_owned());
    assert_eq!(ask(&items, &linked).items[0].met, Met::No(Lack::NotDistinct));
    // A third makes up for it.
    let third = [linked.to_vec(), vec![act(Role::Witness, "c", 7)]].concat();
    assert!(met(&items, &third));
    // Whoever lists the keys of both does not connect them with each other.
    let mut between = act(Role::Witness, "c", 7);
    between.linked = ["did:example:a", "did:example:b"].map(str::to_owned).into();
    assert!(met(&items, &[apart.to_vec(), vec![between]].concat()));
}

/// Documents change: the one under which it witnessed said nothing yet, that of its act as holder does. That is known then,
/// and two who are known to be one count once, though an act more made them so.
#[test]
fn what_one_act_shows_of_a_signer_counts_for_all_of_its_acts() {
    let items = [witnesses(2)];
    let apart = [act(Role::Witness, "a", 5), act(Role::Witness, "b", 6)];
    assert!(met(&items, &apart));
    let mut shows = act(Role::Holder, "a", 9);
    shows.linked.insert("did:example:b".to_owned());
    let answer = ask(&items, &[apart.to_vec(), vec![shows]].concat());
    assert_eq!(answer.items[0].met, Met::No(Lack::NotDistinct));
}

#[test]
fn nobody_is_their_own_guardian() {
    let items = [Wanted::of(Role::Guardian)];
    assert!(met(&items, &[act(Role::Guardian, "parent", 5)]));
    let own = ask(&items, &[act(Role::Guardian, "holder", 5)]);
    assert!(matches!(own.items[0].met, Met::No(_)), "{:?}", own.items[0].met);
    // Nor under another DID of its own, whichever of the two says so, nor by signing in the place of somebody else.
    let mut second = act(Role::Guardian, "other", 5);
    assert!(met(&items, &[second.clone()]));
    second.linked.insert("did:example:holder".to_owned());
    assert!(!met(&items, &[second]));
    let mut by_holder = act(Role::Holder, "holder", 4);
    by_holder.linked.insert("did:example:other".to_owned());
    assert!(!met(&items, &[by_holder, act(Role::Guardian, "other", 5)]));
    // Nor is the subject by being named, and a witness may be anybody.
    let by = Some(WantedSigners::Subject);
    assert!(!met(&[Wanted { by, ..items[0].clone() }], &[act(Role::Guardian, "holder", 5)]));
    assert!(met(&[witnesses(1)], &[act(Role::Witness, "holder", 5)]));
}

#[test]
fn two_keys_and_two_acts_of_one_did_are_one_signer() {
    let again = Act { act: "another".to_owned(), ..act(Role::Witness, "a", 6) };
    let answer = ask(&[witnesses(2)], &[act(Role::Witness, "a", 5), again]);
    assert_eq!(answer.items[0].met, Met::No(Lack::NotDistinct));
    assert_eq!(answer.items[0].found, 1);
    // The same proof twice.
    let same = act(Role::Witness, "a", 5);
    assert!(!met(&[witnesses(2)], &[same.clone(), same]));
}

#[test]
fn a_distinct_signer_is_no_second_did_of_the_issuer() {
    let items = [Wanted { distinct: true, ..witnesses(1) }];
    let mut own = act(Role::Witness, "a", 5);
    assert!(met(&items, &[own.clone()]));
    own.linked.insert(ISSUER.to_owned());
    assert!(!met(&items, &[own]));
}

/// An act of `who` as delegate, in the place of `principal` as witness.
fn agent(who: &str, principal: &str, index: u64) -> Act {
    let name = |who: &str| format!("did:example:{who}");
    let power = ActingPower {
        principal: name(principal),
        for_role: Role::Witness,
        parties: vec![name(principal), name(who)],
        digest: "digest".to_owned(),
        of_subject: principal == "holder",
        linked: BTreeMap::new(),
        stands: Stands::Yes,
    };
    Act { capacity: Capacity::Under(power), ..act(Role::Delegate, who, index) }
}

fn admitting(at_least: u32) -> Wanted {
    Wanted { delegates: true, ..witnesses(at_least) }
}

#[test]
fn an_agent_counts_where_agents_are_admitted_and_for_its_principal() {
    let acts = [agent("n", "p", 5)];
    let answer = ask(&[admitting(1)], &acts);
    assert_eq!(answer.items[0].met, Met::Yes);
    assert_eq!(answer.items[0].names, ["did:example:p".to_owned()].into());
    assert_eq!(answer.items[0].delegates(&acts)[0]["signer"], "did:example:n");
    let closed = ask(&[witnesses(1)], &acts);
    assert_eq!(closed.items[0].met, Met::No(Lack::Missing));
    assert_eq!(closed.items[0].left_out, [(0, Lack::NotAdmitted)]);
    // It is the principal who is named, listed or the subject, and not the agent.
    let by = |who: &str| {
        let dids = [format!("did:example:{who}")].into();
        [Wanted { by: Some(WantedSigners::Dids(dids)), ..admitting(1) }]
    };
    assert!(met(&by("p"), &acts) && !met(&by("n"), &acts));
    let subject = [Wanted { by: Some(WantedSigners::Subject), ..admitting(1) }];
    assert!(met(&subject, &[agent("n", "holder", 5)]) && !met(&subject, &acts));
    // Whoever is the subject, and acts for somebody else, is not looked at as the subject.
    assert!(!met(&subject, &[agent("holder", "p", 5)]));
    let listed = ask_as(&[admitting(1)], &acts, |question| Question {
        listed: &|_, did, _| Some(did == "did:example:p"),
        ..question
    });
    assert_eq!(listed.items[0].met, Met::Yes);
    let other = ask_as(&[admitting(1)], &acts, |question| Question {
        listed: &|_, did, _| Some(did == "did:example:n"),
        ..question
    });
    assert_eq!(other.items[0].left_out, [(0, Lack::NotListed)]);
    // In another role than the one that is asked for.
    let notary = [Wanted { delegates: true, ..Wanted::of(Role::Notary) }];
    assert!(!met(&notary, &acts));
    // In its own role, in its own name.
    assert!(met(&[Wanted::of(Role::Delegate)], &acts));
}

#[test]
fn agent_and_principal_are_never_two() {
    let pair = |one: Act, other: Act| ask(&[admitting(2)], &[one, other]).items[0].met;
    let same = Met::No(Lack::NotDistinct);
    assert_eq!(pair(agent("n", "p", 5), act(Role::Witness, "p", 6)), same);
    assert_eq!(pair(agent("n", "p", 5), act(Role::Witness, "n", 6)), same);
    assert_eq!(pair(agent("n", "p", 5), agent("m", "p", 6)), same);
    assert_eq!(pair(agent("n", "p", 5), agent("n", "q", 6)), same);
    assert_eq!(pair(agent("n", "p", 5), agent("m", "q", 6)), Met::Yes);
    // Whoever passed the power on is one with both ends.
    let mut far = agent("n", "p", 5);
    let Capacity::Under(power) = &mut far.capacity else { panic!("a power") };
    power.parties.insert(1, "did:example:between".to_owned());
    assert_eq!(pair(far, act(Role::Witness, "between", 6)), same);
    // What DIDs say of themselves holds for principals too.
    let mut linked = agent("n", "p", 5);
    let Capacity::Under(power) = &mut linked.capacity else { panic!("a power") };
    power.linked.insert("did:example:p".to_owned(), ["did:example:q".to_owned()].into());
    assert_eq!(pair(linked.clone(), act(Role::Witness, "q", 6)), same);
    assert_eq!(pair(act(Role::Witness, "q", 5), linked), same);
    // The issuer's agent is the issuer, where nobody is to be.
    let mut own = agent("n", "p", 5);
    let Capacity::Under(power) = &mut own.capacity else { panic!("a power") };
    (power.principal, power.parties[0]) = (ISSUER.to_owned(), ISSUER.to_owned());
    assert!(!met(&[Wanted { distinct: true, ..admitting(1) }], &[own]));
    // And across demands, where one of them is distinct.
    let items = [Wanted { distinct: true, ..admitting(1) }, Wanted::of(Role::Notary)];
    assert!(!met(&items, &[agent("n", "p", 5), act(Role::Notary, "p", 6)]));
    assert!(met(&items, &[agent("n", "p", 5), act(Role::Notary, "q", 6)]));
}

#[test]
fn a_power_that_does_not_hold_counts_for_nothing_and_one_that_is_not_shown_leaves_it_open() {
    let with = |capacity| Act { capacity, ..agent("n", "p", 5) };
    let for_role = Some(Role::Witness);
    let fault = PowerFault::OutOfScope { member: "agent" };
    let void = with(Capacity::Void { for_role, fault: fault.clone() });
    let open = with(Capacity::Open { for_role, fault: PowerFault::NotNamed });
    for (item, role) in [(admitting(1), "a witness"), (Wanted::of(Role::Delegate), "a delegate")] {
        let met =
            |one: &Act| ask(std::slice::from_ref(&item), std::slice::from_ref(one)).items[0].met;
        assert_eq!(met(&void), Met::No(Lack::PowerVoid), "{role}");
        assert_eq!(met(&open), Met::Unknown(Lack::PowerNotShown), "{role}");
    }
    // A delegate of whom nobody looked at the power.
    assert!(!met(&[Wanted::of(Role::Delegate)], &[act(Role::Delegate, "n", 5)]));
    // Nobody's refusal under a power that does not hold is a reason for anything.
    let refusal = Act { decision: Decision::Refuse, ..void };
    assert_eq!(ask(&[admitting(1)], &[refusal]).items[0].met, Met::No(Lack::PowerVoid));
    // Who asks for current acts asks for powers in force now.
    let ended = |stands: Stands| {
        let mut one = agent("n", "p", 5);
        one.state = ActState::Current { fresh_at: at("2026-11-21T11:00:00Z") };
        if let Capacity::Under(power) = &mut one.capacity {
            power.stands = stands;
        }
        assert!(met(&[admitting(1)], std::slice::from_ref(&one)));
        let current = CalendarSpan::days(1).ok();
        let answer = ask_as(&[admitting(1)], &[one], |question| Question { current, ..question });
        answer.items[0].met
    };
    assert_eq!(ended(Stands::Yes), Met::Yes);
    assert_eq!(ended(Stands::No(fault)), Met::No(Lack::PowerVoid));
    assert_eq!(ended(Stands::Unknown(PowerFault::NotNamed)), Met::Unknown(Lack::PowerNotShown));
}

#[test]
fn an_agent_seals_where_the_demand_for_the_seal_admits_it() {
    let seals = |delegates| {
        let by = Some(WantedSigners::Dids(["did:example:p".to_owned()].into()));
        let wanted = Wanted { by, delegates, decision: Decision::Seal, ..witnesses(1) };
        let act = Act { decision: Decision::Seal, ..agent("n", "p", 5) };
        ask(&[wanted], &[act]).acts[0]
    };
    assert_eq!(seals(true), Standing::Stands);
    assert_eq!(seals(false), Standing::StrangersSeal);
}

#[test]
fn a_reordered_chain_is_out_of_order() {
    let items = [
        Wanted { by: Some(WantedSigners::Subject), ..Wanted::of(Role::Holder) },
        Wanted { after: Some(Role::Holder), ..Wanted::of(Role::Notary) },
    ];
    let holder = act(Role::Holder, "holder", 5);
    assert!(met(&items, &[holder.clone(), act(Role::Notary, "n", 6)]));
    let answer = ask(&items, &[holder, act(Role::Notary, "n", 4)]);
    assert_eq!(answer.items[1].met, Met::No(Lack::OutOfOrder));
    assert_eq!(answer.items[0].met, Met::Alone);
}

#[test]
fn a_deadline_is_kept_missed_or_cannot_be_told() {
    let by = |time: &str| [Wanted { before: Some(at(time)), ..witnesses(1) }];
    let acts = [act(Role::Witness, "a", 5)];
    let answer = |items: &[Wanted]| ask(items, &acts).items[0].met;
    assert_eq!(answer(&by("2026-06-01T00:01:00Z")), Met::Yes);
    assert_eq!(answer(&by("2026-05-31T23:59:59Z")), Met::No(Lack::Late));
    // The operator dates it in time, the quorum saw it only afterwards.
    assert_eq!(answer(&by("2026-06-01T00:00:30Z")), Met::Unknown(Lack::TimeUnknown));
    let trusting = ask_as(&by("2026-06-01T00:00:30Z"), &acts, |question| Question {
        operator_time: true,
        ..question
    });
    assert_eq!(trusting.items[0].met, Met::Yes);
    // Nothing is recorded.
    let bare = [Act { record: None, ..acts[0].clone() }];
    let answer = ask(&by("2026-06-02T00:00:00Z"), &bare).items[0].met;
    assert_eq!(answer, Met::Unknown(Lack::TimeUnknown));
}

#[test]
fn a_span_counts_from_the_record_of_the_issuance() {
    let within = |span: &str| [Wanted { within: Some(span.to_owned()), ..witnesses(1) }];
    let acts = [act(Role::Witness, "a", 5)];
    assert!(met(&within("P2D"), &acts));
    assert_eq!(ask(&within("PT12H"), &acts).items[0].met, Met::No(Lack::Late));
    let unrecorded =
        ask_as(&within("P2D"), &acts, |question| Question { issued_at: None, ..question });
    assert_eq!(unrecorded.items[0].met, Met::Unknown(Lack::TimeUnknown));
}

#[test]
fn only_the_issuer_and_who_is_named_seal() {
    let late = act(Role::Witness, "b", 9);
    let two = [witnesses(2)];
    let signed = |by: Act| vec![act(Role::Witness, "a", 5), by, late.clone()];
    // A stranger's seal is told, and changes nothing.
    let answer = ask(&two, &signed(seal("stranger", 7)));
    assert_eq!(answer.items[0].met, Met::Yes);
    assert_eq!(answer.acts[1], Standing::StrangersSeal);
    // The issuer's closes.
    let own = Act { controller: ISSUER.to_owned(), ..seal("issuer", 7) };
    let answer = ask(&two, &signed(own));
    assert_eq!(answer.items[0].met, Met::No(Lack::AfterSeal));
    assert_eq!(answer.acts, [Standing::Stands, Standing::Stands, Standing::AfterSeal]);
    // So does that of whom a demand names.
    let named = Wanted {
        decision: Decision::Seal,
        by: Some(WantedSigners::Dids(["did:example:city".to_owned()].into())),
        ..Wanted::of(Role::Notary)
    };
    let items = [witnesses(1), named.clone()];
    assert!(met(&items, &[act(Role::Witness, "a", 5), seal("city", 7)]));
    assert!(!met(&items, &[act(Role::Witness, "a", 8), seal("city", 7)]));
    assert!(!met(&items, &[act(Role::Witness, "a", 5), seal("stranger", 7)]));
    // A demand for a seal that names nobody lets nobody in.
    let anybody = [witnesses(1), Wanted { by: None, ..named }];
    assert!(!met(&anybody, &[act(Role::Witness, "a", 5), seal("stranger", 7)]));
}

#[test]
fn what_a_seal_covers_was_there_before_it() {
    let own = Act { controller: ISSUER.to_owned(), ..seal("issuer", 7) };
    let early = act(Role::Witness, "a", 5);
    let unrecorded = Act { record: None, ..early.clone() };
    // Neither recorded nor covered: nothing shows that it was there.
    assert!(!met(&[witnesses(1)], &[unrecorded.clone(), own.clone()]));
    let covering = Act { covers: unrecorded.proof_id.iter().cloned().collect(), ..own.clone() };
    assert!(met(&[witnesses(1)], &[unrecorded, covering]));
    let elsewhere = Place { origin: "other".to_owned(), ..early.record.clone().expect("a record") };
    assert!(!met(&[witnesses(1)], &[Act { record: Some(elsewhere), ..early }, own]));
}

#[test]
fn a_withdrawal_after_the_seal_is_shown_and_too_late() {
    let items = [witnesses(1)];
    let own = Act { controller: ISSUER.to_owned(), ..seal("issuer", 7) };
    let taken_back =
        |newer_at| Act { state: ActState::Superseded, newer_at, ..act(Role::Witness, "a", 5) };
    let withdrawal = |index| Act {
        decision: Decision::Withdraw,
        act: "act-a-witness".to_owned(),
        ..act(Role::Witness, "a", index)
    };
    // Before the seal it counts.
    let answer = ask(&items, &[taken_back(Some(6)), withdrawal(6), own.clone()]);
    assert_eq!(answer.items[0].met, Met::No(Lack::Withdrawn));
    // After it, it is shown.
    let answer = ask(&items, &[taken_back(Some(9)), withdrawal(9), own.clone()]);
    assert_eq!(answer.items[0].met, Met::Yes);
    assert_eq!(answer.acts[0], Standing::SealedBeforeWithdrawal);
    // Where the order cannot be told, it counts.
    let answer = ask(&items, &[taken_back(None), withdrawal(9), own.clone()]);
    assert_eq!(answer.items[0].met, Met::No(Lack::Withdrawn));
    let unrecorded = Act { record: None, ..withdrawal(9) };
    assert!(!met(&items, &[taken_back(Some(9)), unrecorded, own.clone()]));
    // Nothing is too late where there is no seal.
    assert!(!met(&items, &[taken_back(Some(9)), withdrawal(9)]));
    // Who asks for current acts asks who stands behind it now.
    let acts = [taken_back(Some(9)), withdrawal(9), own];
    let current = CalendarSpan::days(1).ok();
    let answer = ask_as(&items, &acts, |question| Question { current, ..question });
    assert_eq!(answer.items[0].met, Met::No(Lack::Withdrawn));
}

#[test]
fn a_later_seal_does_not_open_what_an_earlier_one_closed() {
    let items = [witnesses(1)];
    let own = |index| Act {
        controller: ISSUER.to_owned(),
        act: format!("seal-{index}"),
        ..seal("issuer", index)
    };
    let taken_back =
        Act { state: ActState::Superseded, newer_at: Some(9), ..act(Role::Witness, "a", 5) };
    let withdrawal = Act {
        decision: Decision::Withdraw,
        act: "act-a-witness".to_owned(),
        ..act(Role::Witness, "a", 9)
    };
    let with = |seals: &[Act]| [&[taken_back.clone(), withdrawal.clone()], seals].concat();
    for seals in [[own(7), own(11)], [own(11), own(7)]] {
        let answer = ask(&items, &with(&seals));
        assert_eq!(answer.items[0].met, Met::Yes);
        assert_eq!(answer.acts[0], Standing::SealedBeforeWithdrawal);
    }
    // Only a seal that counts, and that came before the withdrawal, holds what it closed.
    assert_eq!(ask(&items, &with(&[own(11)])).items[0].met, Met::No(Lack::Withdrawn));
    let stranger = [seal("stranger", 7), own(11)];
    assert_eq!(ask(&items, &with(&stranger)).items[0].met, Met::No(Lack::Withdrawn));
    // What came between two seals is no part of what the first one closed.
    let between = act(Role::Witness, "b", 8);
    let answer = ask(&[witnesses(2)], &[act(Role::Witness, "a", 5), between, own(7), own(11)]);
    assert_eq!(answer.acts[1], Standing::AfterSeal);
}

#[test]
fn a_role_that_was_changed_fits_no_other_demand() {
    assert!(!met(&[Wanted::of(Role::Notary)], &[act(Role::Witness, "a", 5)]));
    let by = Some(WantedSigners::Dids(["did:example:a".to_owned()].into()));
    assert!(met(&[Wanted { by: by.clone(), ..witnesses(1) }], &[act(Role::Witness, "a", 5)]));
    assert!(!met(&[Wanted { by, ..witnesses(1) }], &[act(Role::Witness, "b", 5)]));
}

/// An act of one of five people, whose documents say nothing of each other yet: see [`Linked`].
fn some_act() -> impl Strategy<Value = Act> {
    (0..4_usize, 0..5_u8, 0..20_u64, 0..3_u8).prop_map(|(role, who, index, state)| {
        let role = [Role::Holder, Role::Witness, Role::Notary, Role::CoIssuer][role];
        let mut out = act(role, &format!("p{who}"), index);
        out.act = format!("act-{who}-{index}-{}", role.as_str());
        match state {
            0 => {}
            1 => out.record = None,
            _ => {
                let fresh_at = at("2026-11-21T11:00:00Z");
                out.state = ActState::Current { fresh_at };
            }
        }
        out
    })
}

/// Whose document lists a key of the next one's. It is drawn for the people and not for each act: an act that brings to
/// light that two signers are one is no mere acceptance more (`what_one_act_shows_of_a_signer_counts_for_all_of_its_acts`).
type Linked = [bool; 5];

fn with_links(mut acts: Vec<Act>, linked: Linked) -> Vec<Act> {
    for act in &mut acts {
        let who = (0..5_usize).find(|who| act.controller == format!("did:example:p{who}"));
        if let Some(who) = who.filter(|who| linked[*who]) {
            act.linked.insert(format!("did:example:p{}", (who + 1) % 5));
        }
    }
    acts
}

fn some_demand() -> impl Strategy<Value = Wanted> {
    (0..4_usize, 1..4_u32, any::<bool>(), 0..5_usize, 0..3_u8, any::<bool>()).prop_map(
        |(role, at_least, distinct, after, by, dated)| {
            let roles = [Role::Holder, Role::Witness, Role::Notary, Role::CoIssuer];
            Wanted {
                at_least,
                distinct,
                after: roles.get(after).copied(),
                by: (by == 0).then(|| {
                    let named = ["did:example:p0", "did:example:p1", "did:example:p2"];
                    WantedSigners::Dids(named.map(str::to_owned).into())
                }),
                before: dated.then(|| at("2026-06-02T00:00:00Z")),
                ..Wanted::of(roles[role])
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Adding a valid acceptance never turns an accepted credential into a refused one, and removing one never turns a refused
    /// one into an accepted one, wherever it stands, sealed or not; what the signers' documents say stays the same.
    #[test]
    fn more_acceptances_never_hurt(
        items in proptest::collection::vec(some_demand(), 0..4),
        acts in proptest::collection::vec(some_act(), 0..8),
        more in some_act(),
        place in 0..9_usize,
        sealed in proptest::option::of(0..20_u64),
        linked in any::<Linked>(),
    ) {
        let mut fewer = acts;
        fewer.extend(sealed.map(|index| {
            Act { controller: ISSUER.to_owned(), ..seal("issuer", index) }
        }));
        let mut richer = fewer.clone();
        richer.insert(place.min(richer.len()), more);
        let (fewer, richer) = (with_links(fewer, linked), with_links(richer, linked));
        if met(&items, &fewer) {
            prop_assert!(met(&items, &richer));
        }
    }

    /// The order in which acts stand in a file says nothing.
    #[test]
    fn the_order_of_the_file_says_nothing(
        items in proptest::collection::vec(some_demand(), 0..4),
        acts in proptest::collection::vec(some_act(), 0..8),
        linked in any::<Linked>(),
    ) {
        let acts = with_links(acts, linked);
        let mut turned = acts.clone();
        turned.reverse();
        prop_assert_eq!(met(&items, &acts), met(&items, &turned));
    }
}

/// What somebody might have signed.
fn perhaps(act: Act, flaw: Flaw) -> Act {
    Act { flaw: Some(flaw), record: None, state: ActState::NotRecorded, ..act }
}

#[test]
fn what_is_only_perhaps_a_countersignature_leaves_a_demand_open() {
    let items = [witnesses(1)];
    for doubt in [Flaw::SignatureUnknown, Flaw::KeyUnknown] {
        let doubtful = perhaps(act(Role::Witness, "a", 5), doubt);
        let answer = ask(&items, std::slice::from_ref(&doubtful));
        assert_eq!(answer.items[0].met, Met::Unknown(Lack::SignerUnknown));
        // Somebody else makes up for it; nobody is counted twice for it.
        assert!(met(&items, &[doubtful.clone(), act(Role::Witness, "b", 6)]));
        assert!(!met(&[witnesses(2)], &[doubtful, act(Role::Witness, "b", 6)]));
    }
    // Whoever has to come after somebody who perhaps signed, perhaps did.
    let after = [Wanted { after: Some(Role::Holder), ..witnesses(1) }];
    let acts = [
        perhaps(act(Role::Holder, "holder", 1), Flaw::KeyUnknown),
        Act { covers: vec!["proof-holder-1".to_owned()], ..act(Role::Witness, "a", 2) },
    ];
    assert_eq!(ask(&after, &acts).items[0].met, Met::Unknown(Lack::SignerUnknown));
}

#[test]
fn what_is_perhaps_taken_back_is_open_and_a_statement_of_nobody_takes_nothing_back() {
    let items = [witnesses(1)];
    let accepted = act(Role::Witness, "a", 5);
    let withdrawn = Act { decision: Decision::Withdraw, ..accepted.clone() };
    let with = |doubt| ask(&items, &[accepted.clone(), perhaps(withdrawn.clone(), doubt)]);
    assert_eq!(with(Flaw::KeyUnknown).items[0].met, Met::Unknown(Lack::SignerUnknown));
    assert_eq!(with(Flaw::SignatureUnknown).items[0].met, Met::Yes);
    // Of another act, or by another.
    let other = Act { controller: "did:example:b".to_owned(), ..withdrawn };
    assert!(met(&items, &[accepted.clone(), perhaps(other, Flaw::KeyUnknown)]));
    // A seal of the issuer's that perhaps closed before.
    let closing = Act { controller: ISSUER.to_owned(), ..seal("issuer", 3) };
    let answer = ask(&items, &[accepted.clone(), perhaps(closing, Flaw::KeyUnknown)]);
    assert_eq!(answer.items[0].met, Met::Unknown(Lack::SignerUnknown));
    // A stranger's seal closes nothing.
    assert!(met(&items, &[accepted, perhaps(seal("b", 3), Flaw::KeyUnknown)]));
}

#[test]
fn an_act_under_a_key_that_had_ended_counts_for_nothing() {
    let items = [witnesses(1)];
    let ended = |act: Act| perhaps(act, Flaw::KeyEnded);
    let answer = ask(&items, &[ended(act(Role::Witness, "a", 5))]);
    assert_eq!(answer.items[0].met, Met::No(Lack::KeyEnded));
    assert_eq!(answer.items[0].left_out, [(0, Lack::KeyEnded)]);
    // Nor does it take anything away, or make anybody's waiting end.
    let accepted = act(Role::Witness, "a", 5);
    let withdrawn = Act { decision: Decision::Withdraw, ..accepted.clone() };
    let closing = Act { controller: ISSUER.to_owned(), ..seal("issuer", 3) };
    assert!(met(&items, &[accepted, ended(withdrawn), ended(closing)]));
    let after = [Wanted { after: Some(Role::Holder), ..witnesses(1) }];
    let holder = ended(act(Role::Holder, "holder", 1));
    let covers = vec!["proof-holder-1".to_owned()];
    let waited = Act { covers, ..act(Role::Witness, "a", 2) };
    assert_eq!(ask(&after, &[holder, waited]).items[0].met, Met::No(Lack::OutOfOrder));
}
