//! Each act by itself and among the others: does it stand, is it in time and in order, for which demand does it count?

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::Timestamp;
use inkan_credential::countersignature::{Decision, Role, Wanted};

use super::assign::{self, Choice, Party};
use super::party::{Voice, party_of, says, voice};
use super::{Act, Flaw, Lack, Question, Standing};
use crate::capacity::Stands;
use crate::verified::ActState;

/// Whether an act counts for a demand, not looking at others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fit {
    Yes,
    Perhaps(Lack),
    No(Lack),
}

/// Question and acts, and what was found of the acts.
pub(super) struct Bench<'a> {
    question: &'a Question<'a>,
    acts: &'a [Act],
    /// Numbers of the seals that count.
    seals: Vec<usize>,
    pub(super) standing: Vec<Standing>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(question: &'a Question<'a>, acts: &'a [Act]) -> Self {
        let mut bench = Self { question, acts, seals: Vec::new(), standing: Vec::new() };
        let is_seal = |act: &Act| act.decision == Decision::Seal;
        bench.seals = acts
            .iter()
            .enumerate()
            .filter(|(_, act)| is_seal(act) && act.flaw.is_none())
            .filter(|(_, act)| bench.may_seal(act) && bench.is_newest(act))
            .map(|(number, _)| number)
            .collect();
        bench.standing = acts.iter().map(|act| bench.standing(act)).collect();
        bench
    }

    /// The issuer, and those whom a demand for a seal names.
    fn may_seal(&self, act: &Act) -> bool {
        let seals = |wanted: &Wanted| {
            let voice = voice(wanted, act);
            let voice = voice.filter(|_| wanted.decision == Decision::Seal);
            voice.and_then(Result::ok)
        };
        let offered =
            self.question.offer.iter().any(|wanted| {
                seals(wanted).is_some_and(|voice| voice.is_named(wanted) == Some(true))
            });
        let demanded = self.question.items.iter().enumerate().any(|(item, wanted)| {
            let Some(voice) = seals(wanted) else { return false };
            let named = voice.is_named(wanted);
            let listed = (self.question.listed)(item, voice.name(), act);
            // Somebody has to be named, one way or the other, and every way that is there has to hold.
            (named.is_some() || listed.is_some()) && named.unwrap_or(true) && listed.unwrap_or(true)
        });
        act.controller == self.question.issuer || offered || demanded
    }

    /// Of an act its newest known state counts: a refusal or withdrawal that is known beats an acceptance that
    /// cannot be shown to be newer.
    fn is_newest(&self, act: &Act) -> bool {
        let taken_back = || self.acts.iter().any(|other| other.takes_back(act));
        let takes_back = matches!(act.decision, Decision::Refuse | Decision::Withdraw);
        act.state != ActState::Superseded && (takes_back || !taken_back())
    }

    fn sealed(&self) -> impl Iterator<Item = &'a Act> + '_ {
        self.seals.iter().filter_map(|number| self.acts.get(*number))
    }

    fn standing(&self, act: &Act) -> Standing {
        if act.decision == Decision::Seal {
            return match (self.may_seal(act), self.is_newest(act)) {
                (false, _) => Standing::StrangersSeal,
                (true, true) => Standing::Stands,
                (true, false) => Standing::Withdrawn,
            };
        }
        let before = self.sealed().all(|seal| seal.follows(act));
        match (self.is_newest(act), before) {
            (true, true) => Standing::Stands,
            (_, false) => Standing::AfterSeal,
            (false, true) if self.was_too_late(act) => Standing::SealedBeforeWithdrawal,
            (false, true) => Standing::Withdrawn,
        }
    }

    /// Whether the act was taken back after a seal, by the order of one log: a later seal closes no later than the one before it.
    fn was_too_late(&self, act: &Act) -> bool {
        let Some(own) = &act.record else { return false };
        let later = |seal: &Act| {
            let Some(sealed) = seal.record.as_ref().filter(|sealed| sealed.is_after(own)) else {
                return false;
            };
            let shown = match act.state {
                ActState::Superseded => act.newer_at.is_some_and(|at| at > sealed.index),
                ActState::Current { .. } | ActState::NewestKnown | ActState::NotRecorded => true,
            };
            let mut others = self.acts.iter().filter(|other| other.takes_back(act));
            shown
                && others
                    .all(|other| other.record.as_ref().is_some_and(|place| place.is_after(sealed)))
        };
        self.question.current.is_none() && self.sealed().any(later)
    }

    pub(super) fn deadline(&self, wanted: &Wanted) -> Option<Timestamp> {
        let within = wanted.span().and_then(|span| self.question.issued_at?.plus(span).ok());
        match (wanted.before, within) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// Whether the act was recorded in time.
    fn in_time(&self, wanted: &Wanted, act: &Act) -> Fit {
        if wanted.before.is_none() && wanted.within.is_none() {
            return Fit::Yes;
        }
        let Some(deadline) = self.deadline(wanted) else { return Fit::Perhaps(Lack::TimeUnknown) };
        let Some(place) = &act.record else { return Fit::Perhaps(Lack::TimeUnknown) };
        let seen = match (place.existed_by, self.question.operator_time) {
            (_, true) => Some(place.leaf_time),
            (existed_by, false) => existed_by,
        };
        if wanted.within.is_some() && self.question.issued_at.is_none() {
            // The other deadline may be kept, and this one cannot be told.
            Fit::Perhaps(Lack::TimeUnknown)
        } else if seen.is_some_and(|seen| seen <= deadline) {
            Fit::Yes
        } else if place.leaf_time > deadline {
            Fit::No(Lack::Late)
        } else {
            Fit::Perhaps(Lack::TimeUnknown)
        }
    }

    fn is_current(&self, act: &Act) -> Fit {
        let Some(max_age) = self.question.current else { return Fit::Yes };
        match act.power().map(|power| &power.stands) {
            Some(Stands::No(_)) => return Fit::No(Lack::PowerVoid),
            Some(Stands::Unknown(_)) => return Fit::Perhaps(Lack::PowerNotShown),
            Some(Stands::Yes) | None => {}
        }
        match act.state {
            ActState::Current { fresh_at }
                if fresh_at.plus(max_age).is_ok_and(|until| self.question.as_of <= until) =>
            {
                Fit::Yes
            }
            ActState::Current { .. }
            | ActState::NewestKnown
            | ActState::NotRecorded
            | ActState::Superseded => Fit::Perhaps(Lack::NotShownCurrent),
        }
    }

    /// Every act in the role of a demand, and whether it counts by itself.
    pub(super) fn fits(&self, item: usize) -> BTreeMap<usize, Fit> {
        let Some(wanted) = self.question.items.get(item) else { return BTreeMap::new() };
        let acts = self.acts.iter().enumerate();
        acts.filter_map(|(number, act)| Some((number, self.fit(item, wanted, (number, act))?)))
            .collect()
    }

    fn fit(&self, item: usize, wanted: &Wanted, (number, act): (usize, &Act)) -> Option<Fit> {
        let voice = match voice(wanted, act)? {
            _ if act.flaw == Some(Flaw::KeyEnded) => {
                return (act.decision == wanted.decision).then_some(Fit::No(Lack::KeyEnded));
            }
            Ok(voice) => voice,
            // It may hold, and then it may count: for what it decides, and for nothing else.
            Err(Lack::PowerNotShown) => {
                let fit = Fit::Perhaps(Lack::PowerNotShown);
                return (act.decision == wanted.decision).then_some(fit);
            }
            Err(lack) => return Some(Fit::No(lack)),
        };
        let own_guardian = wanted.role == Role::Guardian && self.is_of_subject(&voice, act);
        if own_guardian || voice.is_named(wanted) == Some(false) {
            return Some(Fit::No(Lack::NotNamed));
        }
        if (self.question.listed)(item, voice.name(), act) == Some(false) {
            return Some(Fit::No(Lack::NotListed));
        }
        if act.decision != wanted.decision {
            // A refusal or withdrawal is why an acceptance is missing.
            return match act.decision {
                Decision::Refuse | Decision::Withdraw if act.flaw.is_some() => None,
                Decision::Refuse if self.is_newest(act) => Some(Fit::No(Lack::Refused)),
                Decision::Withdraw if self.is_newest(act) => Some(Fit::No(Lack::Withdrawn)),
                Decision::Refuse | Decision::Withdraw | Decision::Accept | Decision::Seal => None,
            };
        }
        match self.standing.get(number)? {
            Standing::Withdrawn => {
                let mut takers = self.acts.iter().filter(|other| other.takes_back(act));
                let refused = act.state != ActState::Superseded
                    && takers.any(|other| other.decision == Decision::Refuse);
                return Some(Fit::No(if refused { Lack::Refused } else { Lack::Withdrawn }));
            }
            Standing::AfterSeal if !self.is_newest(act) => return Some(Fit::No(Lack::Withdrawn)),
            Standing::AfterSeal => return Some(Fit::No(Lack::AfterSeal)),
            Standing::StrangersSeal => return Some(Fit::No(Lack::StrangersSeal)),
            Standing::Stands | Standing::SealedBeforeWithdrawal => {}
        }
        let timely = self.in_time(wanted, act);
        if timely != Fit::Yes {
            return Some(timely);
        }
        if self.is_in_doubt(act) {
            return Some(Fit::Perhaps(Lack::SignerUnknown));
        }
        Some(self.is_current(act))
    }

    /// Whether the subject speaks, or signs, under whichever of its DIDs.
    fn is_of_subject(&self, voice: &Voice<'_>, act: &Act) -> bool {
        let one = |name: &str| {
            self.question.subject.is_some_and(|subject| says(self.acts, name, subject))
        };
        voice.is_subject() || act.by_subject || one(voice.name()) || one(&act.controller)
    }

    /// Whether it is only perhaps an act, or something that is only perhaps one would take it away.
    fn is_in_doubt(&self, act: &Act) -> bool {
        act.flaw.is_some()
            || self.acts.iter().filter(|other| other.flaw == Some(Flaw::KeyUnknown)).any(|other| {
                let closes = other.decision == Decision::Seal && act.decision != Decision::Seal;
                other.would_take_back(act)
                    || (closes && self.may_seal(other) && !other.follows(act))
            })
    }

    /// For each demand the acts that count for it, those that it has to come after being counted.
    pub(super) fn candidates(
        &self,
        fits: &[BTreeMap<usize, Fit>],
        counts: impl Fn(Fit) -> bool,
    ) -> Vec<BTreeSet<usize>> {
        let items = self.question.items;
        let mut counted: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); items.len()];
        // Demands may wait for each other: what comes first is found first, and at most each waits once.
        for _ in 0..=items.len() {
            let mut next = Vec::with_capacity(items.len());
            for (wanted, fits) in items.iter().zip(fits) {
                let fitting =
                    fits.iter().filter(|(_, fit)| counts(**fit)).map(|(number, _)| *number);
                let in_order = fitting.filter(|number| match wanted.after {
                    None => true,
                    Some(role) => self.acts.get(*number).is_some_and(|act| {
                        let doubtful = counts(Fit::Perhaps(Lack::SignerUnknown));
                        let earlier = self.earlier(&counted, role, doubtful);
                        earlier.iter().any(|first| act.follows(first))
                    }),
                });
                next.push(in_order.collect());
            }
            counted = next;
        }
        counted
    }

    /// Acts of a role that count: for the demands of that role, or at all if there is none. Whoever signs as holder and is not
    /// the subject makes nobody's waiting end.
    fn earlier(&self, counted: &[BTreeSet<usize>], role: Role, doubtful: bool) -> Vec<&'a Act> {
        let items = self.question.items;
        if items.iter().any(|wanted| wanted.role == role) {
            let of_role = items.iter().zip(counted).filter(|(wanted, _)| wanted.role == role);
            let numbers = of_role.flat_map(|(_, numbers)| numbers.iter());
            return numbers.filter_map(|number| self.acts.get(*number)).collect();
        }
        let accepts = |act: &&Act| {
            act.role == role
                && act.decision == Decision::Accept
                && (role != Role::Holder || act.by_subject)
                && (role != Role::Delegate || act.power().is_some())
                && self.is_newest(act)
                && act.flaw != Some(Flaw::KeyEnded)
                && (doubtful || !self.is_in_doubt(act))
        };
        self.acts.iter().filter(accepts).collect()
    }

    /// Who is counted for a demand by these acts.
    pub(super) fn parties(
        &self,
        wanted: &Wanted,
        numbers: &BTreeSet<usize>,
    ) -> impl Iterator<Item = Party<'a>> {
        let acts = numbers.iter().filter_map(|number| self.acts.get(*number));
        acts.filter_map(move |act| voice(wanted, act)?.ok().map(|voice| party_of(act, &voice)))
    }

    /// Whether all demands can be met at once, or one by itself.
    pub(super) fn enough(&self, counted: &[BTreeSet<usize>], only: Option<usize>) -> Choice {
        let slots = self.question.items.iter().zip(counted).enumerate();
        let slots = slots.filter(|(item, _)| only.is_none_or(|only| only == *item));
        let wanted: Vec<assign::Slot<'_>> = slots
            .map(|(_, (wanted, numbers))| assign::Slot {
                at_least: wanted.at_least,
                distinct: wanted.distinct,
                names: self.possible(wanted, numbers).collect(),
            })
            .collect();
        let issuer = Party { speaks_for: self.question.issuer, hand: self.question.issuer };
        assign::choose(&wanted, issuer, &|one, other| self.are_one(one, other))
    }

    /// As [`Self::parties`]; who acts under a power that is not shown may be anybody, and is looked at as the hand that signed.
    fn possible(
        &self,
        wanted: &Wanted,
        numbers: &BTreeSet<usize>,
    ) -> impl Iterator<Item = Party<'a>> {
        let acts = numbers.iter().filter_map(|number| self.acts.get(*number));
        acts.filter_map(move |act| match voice(wanted, act)? {
            Ok(voice) => Some(party_of(act, &voice)),
            Err(_) => Some(Party { speaks_for: &act.controller, hand: &act.controller }),
        })
    }

    /// Whether two are one controller: by what their DIDs say of themselves, or by the powers that they act under here.
    fn are_one(&self, one: Party<'_>, other: Party<'_>) -> bool {
        if says(self.acts, one.hand, other.hand) {
            return true;
        }
        let (ones, others) = (self.faces(one), self.faces(other));
        ones.iter().any(|one| others.iter().any(|other| says(self.acts, one, other)))
    }

    /// All names that a party goes by: its own, and those of whom it acts for here.
    fn faces<'b>(&'b self, party: Party<'b>) -> BTreeSet<&'b str> {
        let acts = self.acts.iter().filter(|act| act.controller == party.hand);
        let powers = acts.filter_map(Act::power);
        let names = powers.flat_map(|power| power.parties.iter().map(String::as_str));
        names.chain([party.speaks_for, party.hand]).collect()
    }

    pub(super) fn left_out(
        &self,
        fits: &[BTreeMap<usize, Fit>],
        counted: &BTreeSet<usize>,
        item: usize,
    ) -> Vec<(usize, Lack)> {
        let fits = fits.get(item).into_iter().flatten();
        fits.filter(|(number, _)| !counted.contains(*number))
            .map(|(number, fit)| match fit {
                Fit::No(lack) | Fit::Perhaps(lack) => (*number, *lack),
                Fit::Yes => (*number, Lack::OutOfOrder),
            })
            .collect()
    }

    /// Why too few count: what says most about it.
    pub(super) fn lack(
        &self,
        item: usize,
        counted: &BTreeSet<usize>,
        left_out: &[(usize, Lack)],
    ) -> Lack {
        const TELLING: [Lack; 12] = [
            Lack::Withdrawn,
            Lack::Refused,
            Lack::Late,
            Lack::TimeUnknown,
            Lack::AfterSeal,
            Lack::StrangersSeal,
            Lack::OutOfOrder,
            Lack::NotShownCurrent,
            Lack::SignerUnknown,
            Lack::KeyEnded,
            Lack::PowerNotShown,
            Lack::PowerVoid,
        ];
        let needed = self.question.items.get(item).map_or(1, |wanted| wanted.at_least);
        if u32::try_from(counted.len()).is_ok_and(|found| found >= needed) {
            return Lack::NotDistinct;
        }
        let is_there = |lack: &Lack| left_out.iter().any(|(_, found)| found == lack);
        TELLING.into_iter().find(is_there).unwrap_or(Lack::Missing)
    }

    /// What stands in doubt about the acts that a demand would need.
    pub(super) fn doubt(&self, fits: &[BTreeMap<usize, Fit>], item: usize) -> Lack {
        let of_its_own = fits.get(item).into_iter().flatten().find_map(|(_, fit)| match fit {
            Fit::Perhaps(lack) => Some(*lack),
            Fit::Yes | Fit::No(_) => None,
        });
        // Otherwise it is about those whom its signers have to follow.
        let doubtful = || self.acts.iter().any(|act| self.is_in_doubt(act));
        of_its_own
            .unwrap_or_else(|| if doubtful() { Lack::SignerUnknown } else { Lack::NotShownCurrent })
    }
}
