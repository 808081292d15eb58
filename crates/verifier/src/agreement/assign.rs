//! Who is counted for what: so many names for each demand, no controller twice where it must not be.

use std::collections::BTreeSet;

/// Most steps that are taken.
const STEPS: u32 = 20_000;

/// What came of the search.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Choice {
    /// Enough for every demand.
    Found,
    /// There is no such choice.
    None,
    /// There are too many to look at.
    TooMany,
}

/// Somebody who can be counted: for whom it speaks, and who signed. Mostly both are one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Party<'a> {
    /// The DID that counts.
    pub(super) speaks_for: &'a str,
    /// The DID whose key signed.
    pub(super) hand: &'a str,
}

/// A demand, with those who could be counted for it.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    /// How many.
    pub(super) at_least: u32,
    /// None of them is the issuer, or counted for another demand.
    pub(super) distinct: bool,
    /// Those who could be counted.
    pub(super) names: BTreeSet<Party<'a>>,
}

/// Whether they can be chosen so that every demand has enough. Those of one demand are different controllers, always; those
/// of two, where one of the demands is `distinct`.
pub(super) fn choose(
    slots: &[Slot<'_>],
    issuer: Party<'_>,
    linked: &dyn Fn(Party<'_>, Party<'_>) -> bool,
) -> Choice {
    let too_few =
        |slot: &Slot<'_>| usize::try_from(slot.at_least).is_ok_and(|n| n > slot.names.len());
    if slots.iter().any(too_few) {
        return Choice::None;
    }
    // The demands with least choice first: what cannot be met is then found out early.
    let mut order: Vec<&Slot<'_>> = slots.iter().collect();
    order.sort_by_key(|slot| (!slot.distinct, slot.names.len()));
    let mut search = Search { slots: &order, issuer, linked, chosen: Vec::new(), steps: STEPS };
    match (search.go(0, 0, None), search.steps) {
        (true, _) => Choice::Found,
        (false, 0) => Choice::TooMany,
        (false, _) => Choice::None,
    }
}

struct Search<'a, 'b> {
    slots: &'b [&'b Slot<'a>],
    issuer: Party<'b>,
    linked: &'b dyn Fn(Party<'_>, Party<'_>) -> bool,
    chosen: Vec<(usize, Party<'a>)>,
    steps: u32,
}

impl<'a> Search<'a, '_> {
    /// Chooses the next name of demand `at`, which has `have` already; they come in the order of their names, so that no
    /// choice is looked at twice.
    fn go(&mut self, at: usize, have: u32, last: Option<Party<'a>>) -> bool {
        let Some(slot) = self.slots.get(at).copied() else { return true };
        if have == slot.at_least {
            return self.go(at.saturating_add(1), 0, None);
        }
        for name in slot.names.iter().copied().filter(|name| last.is_none_or(|last| *name > last)) {
            if self.steps == 0 {
                return false;
            }
            self.steps = self.steps.saturating_sub(1);
            if !self.is_free(at, slot, name) {
                continue;
            }
            self.chosen.push((at, name));
            if self.go(at, have.saturating_add(1), Some(name)) {
                return true;
            }
            self.chosen.pop();
        }
        false
    }

    fn is_free(&self, at: usize, slot: &Slot<'_>, name: Party<'_>) -> bool {
        if slot.distinct && (self.linked)(self.issuer, name) {
            return false;
        }
        self.chosen.iter().all(|(other, used)| {
            let apart = *other == at
                || slot.distinct
                || self.slots.get(*other).is_some_and(|other| other.distinct);
            !(apart && (self.linked)(*used, name))
        })
    }
}
