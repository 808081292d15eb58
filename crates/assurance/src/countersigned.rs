//! Who must have countersigned: distinct controllers, in order, and the newest known state of each act (assurance §11).

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::Timestamp;
use inkan_core::time::CalendarSpan;
use inkan_evidence::authority::authorise;
use inkan_evidence::{Code, Registry};

use crate::line::Line;
use crate::policy::{CountersignedItem, Policy, SignerDecision, SignerRole, Signers};
use crate::seen::{SeenAct, SeenCredential, SeenState};

/// Most steps that an assignment of signers to items may take; beyond it nothing is found.
const STEPS: u32 = 20_000;

/// One line per item of `countersigned`.
pub(crate) fn judge(
    policy: &Policy,
    credential: &SeenCredential,
    subject: &str,
    registries: &[Registry],
    as_of: Timestamp,
) -> Vec<Line> {
    let items = &policy.outer.countersigned;
    let bench = Bench { credential, registries, as_of };
    let newest: Vec<&SeenAct> = credential.acts.iter().filter(|act| bench.is_newest(act)).collect();
    let known = bench.candidates(items, &newest);
    let max_age = policy.outer.current_acts.as_ref().map(|acts| acts.max_age());
    let current: Vec<&SeenAct> = match &max_age {
        None => newest.clone(),
        Some(Ok(span)) => {
            newest.iter().copied().filter(|act| bench.is_current(act, *span)).collect()
        }
        Some(Err(_)) => Vec::new(),
    };
    let shown = bench.candidates(items, &current);
    let met = enough(items, &shown, &credential.issuer);
    let met_if_current = enough(items, &known, &credential.issuer);
    let mut out = Vec::new();
    for (position, item) in items.iter().enumerate() {
        let count = |sets: &[BTreeSet<&str>]| sets.get(position).map_or(0, BTreeSet::len);
        let needed = usize::try_from(item.at_least()).unwrap_or(usize::MAX);
        let alone = count(&shown) >= needed;
        let wanted = format!("{needed} {} ({})", item.role(), item.decision.as_str());
        let line = if alone && met {
            Line::pass("countersigned", subject).saying(format!(
                "{} {}s",
                item.role(),
                item.decision.as_str()
            ))
        } else if count(&known) >= needed && met_if_current && !met {
            Line::unknown("countersigned", subject, Code::ActStateNotShown)
        } else if alone && items.len() > 1 && only_others_fail(items, &shown, position) {
            Line::pass("countersigned", subject)
        } else {
            Line::fail("countersigned", subject, bench.refusal(item))
        };
        out.push(line.expected(wanted).found(count(&shown)).with("item", position));
    }
    out
}

/// Whether some other item lacks signers by itself, so that this one is not to blame.
fn only_others_fail(items: &[CountersignedItem], sets: &[BTreeSet<&str>], own: usize) -> bool {
    items.iter().zip(sets).enumerate().any(|(position, (item, set))| {
        position != own && set.len() < usize::try_from(item.at_least()).unwrap_or(usize::MAX)
    })
}

struct Bench<'a> {
    credential: &'a SeenCredential,
    registries: &'a [Registry],
    as_of: Timestamp,
}

impl<'a> Bench<'a> {
    /// Of an act its newest known state counts: a refusal or withdrawal that is known beats an acceptance that
    /// cannot be shown to be newer.
    fn is_newest(&self, act: &SeenAct) -> bool {
        if act.state == SeenState::Superseded {
            return false;
        }
        let taken_back = |other: &&SeenAct| {
            matches!(other.decision, SignerDecision::Refuse | SignerDecision::Withdraw)
        };
        let same = |other: &&SeenAct| {
            other.act == act.act
                && other.controller == act.controller
                && other.state != SeenState::Superseded
        };
        taken_back(&act) || !self.credential.acts.iter().filter(same).any(|o| taken_back(&o))
    }

    fn is_current(&self, act: &SeenAct, max_age: CalendarSpan) -> bool {
        match act.state {
            SeenState::Current(at) => at.plus(max_age).is_ok_and(|until| self.as_of <= until),
            SeenState::NewestKnown | SeenState::Superseded => false,
        }
    }

    /// For each item the controllers that could be counted for it.
    fn candidates(
        &self,
        items: &[CountersignedItem],
        acts: &[&'a SeenAct],
    ) -> Vec<BTreeSet<&'a str>> {
        // Items may wait for each other: what comes first is found first, and at most each waits once.
        let mut counted: BTreeMap<usize, Vec<&'a SeenAct>> = BTreeMap::new();
        for _ in 0..=items.len() {
            for (position, item) in items.iter().enumerate() {
                let fitting = acts.iter().copied().filter(|act| self.fits(item, act));
                let in_order = fitting.filter(|act| match item.after {
                    None => true,
                    Some(role) => {
                        earlier(items, &counted, acts, role).any(|first| follows(act, first))
                    }
                });
                let found: Vec<_> = in_order.collect();
                counted.insert(position, found);
            }
        }
        let controllers =
            |acts: Vec<&'a SeenAct>| acts.into_iter().map(|act| act.controller.as_str());
        counted.into_values().map(|acts| controllers(acts).collect()).collect()
    }

    fn fits(&self, item: &CountersignedItem, act: &SeenAct) -> bool {
        let by = match &item.by {
            None => true,
            Some(Signers::Subject(_)) => act.by_subject,
            Some(Signers::Dids(dids)) => dids.contains(&act.controller),
        };
        act.role == item.role && act.decision == item.decision && by && self.is_listed(item, act)
    }

    fn is_listed(&self, item: &CountersignedItem, act: &SeenAct) -> bool {
        let Some(registry) = &item.registry else { return true };
        let at = act.record.as_ref().map_or(self.as_of, |record| record.leaf_time);
        authorise(self.registries, &act.controller, at, self.as_of).is_ok_and(|entries| {
            entries
                .iter()
                .any(|by| by.registry() == registry && by.may_countersign(item.role.as_str()))
        })
    }

    /// Why an item is not met: what its signers last said, if they said anything.
    fn refusal(&self, item: &CountersignedItem) -> Code {
        let last = |decision| {
            self.credential.acts.iter().any(|act| {
                let stated = CountersignedItem { decision, ..item.clone() };
                act.state != SeenState::Superseded && self.fits(&stated, act)
            })
        };
        let superseded = self
            .credential
            .acts
            .iter()
            .any(|act| act.state == SeenState::Superseded && self.fits(item, act));
        if last(SignerDecision::Withdraw) || superseded {
            Code::CountersignatureWithdrawn
        } else if last(SignerDecision::Refuse) {
            Code::CountersignatureRefused
        } else {
            Code::CountersignatureMissing
        }
    }
}

/// Acts of a role that count: for the items of that role, or at all if no item asks for it.
fn earlier<'b, 'a: 'b>(
    items: &'b [CountersignedItem],
    counted: &'b BTreeMap<usize, Vec<&'a SeenAct>>,
    acts: &'b [&'a SeenAct],
    role: SignerRole,
) -> Box<dyn Iterator<Item = &'a SeenAct> + 'b> {
    if items.iter().any(|item| item.role == role) {
        let of_role = counted
            .iter()
            .filter(move |(position, _)| items.get(**position).is_some_and(|i| i.role == role));
        Box::new(of_role.flat_map(|(_, acts)| acts.iter().copied()))
    } else {
        let accepts =
            move |act: &&SeenAct| act.role == role && act.decision == SignerDecision::Accept;
        Box::new(acts.iter().copied().filter(accepts))
    }
}

/// Covers its proof, or is later in the same log. Dates prove nothing.
fn follows(act: &SeenAct, first: &SeenAct) -> bool {
    let covers = first.proof_id.as_ref().is_some_and(|id| act.covers.contains(id));
    let later = act
        .record
        .as_ref()
        .zip(first.record.as_ref())
        .is_some_and(|(own, other)| own.origin == other.origin && own.index > other.index);
    covers || later
}

/// Whether signers can be assigned so that every item has enough, and whoever is counted for a `distinct` item is
/// neither the issuer nor counted for another.
fn enough(items: &[CountersignedItem], sets: &[BTreeSet<&str>], issuer: &str) -> bool {
    let each: Vec<(&CountersignedItem, &BTreeSet<&str>)> = items.iter().zip(sets).collect();
    let (distinct, shared): (Vec<_>, Vec<_>) =
        each.into_iter().partition(|(item, _)| item.distinct);
    let mut slots: Vec<&BTreeSet<&str>> = Vec::new();
    for (item, set) in distinct {
        for _ in 0..item.at_least().min(64) {
            slots.push(set);
        }
        if usize::try_from(item.at_least()).unwrap_or(usize::MAX) > set.len() {
            return false;
        }
    }
    let rest = |used: &BTreeSet<&str>| {
        shared.iter().all(|(item, set)| {
            let left = set.iter().filter(|name| !used.contains(*name)).count();
            left >= usize::try_from(item.at_least()).unwrap_or(usize::MAX)
        })
    };
    let mut steps = STEPS;
    assign(&slots, issuer, &mut BTreeSet::new(), &rest, &mut steps)
}

fn assign<'a>(
    slots: &[&BTreeSet<&'a str>],
    issuer: &str,
    used: &mut BTreeSet<&'a str>,
    rest: &impl Fn(&BTreeSet<&str>) -> bool,
    steps: &mut u32,
) -> bool {
    let Some((slot, others)) = slots.split_first() else { return rest(used) };
    for name in slot.iter().copied() {
        *steps = steps.saturating_sub(1);
        if *steps == 0 {
            return false;
        }
        if name != issuer && used.insert(name) {
            if assign(others, issuer, used, rest, steps) {
                return true;
            }
            used.remove(name);
        }
    }
    false
}

#[cfg(test)]
mod tests;
