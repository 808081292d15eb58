//! Whether the lists by which a power was in force when it was used were the newest ones then.
//!
//! In scope: that no list was left out which somebody who may announce it, the issuer or a successor, had announced by then. It is shown by what
//! came after: the next list, or a state of the map. Out of scope: what the lists at hand say, which is judged as of the act
//! ([`crate::verify::status`]).

use std::collections::BTreeSet;

use inkan_core::{Digest, Timestamp, sha256};
use inkan_did::Did;
use inkan_ledger::{Kind, MapKey, StatusClaims, VerifiedCurrent, VerifiedLeaf};

use crate::declared::Succession;
use crate::history::DidHistory;
use crate::verify::Bench;

/// When an act was recorded.
pub(super) struct Moment<'a> {
    /// The log.
    pub(super) origin: &'a str,
    /// The place of its record there.
    pub(super) place: u64,
    /// The operator's time of it, by which places of other logs are compared.
    pub(super) time: Timestamp,
}

impl Moment<'_> {
    fn is_before(&self, origin: &str, place: u64, time: Timestamp) -> bool {
        if origin == self.origin { place > self.place } else { time > self.time }
    }

    /// Whether a state of the map was seen after it.
    fn is_before_state(&self, seen: &VerifiedCurrent) -> bool {
        if seen.epoch().origin() == self.origin {
            return seen.epoch_index() > self.place;
        }
        seen.fresh_at().is_some_and(|at| at > self.time)
    }
}

/// Whether the status list recorded at `list`, a log and a place there, was the newest of its announcer at that moment, and nobody who
/// might announce it, on any log where it lived, had said anything that is not at hand.
///
/// It has to be of the log of the act: places of two logs do not compare.
pub(super) fn was_newest(
    bench: &Bench<'_>,
    issuer: &str,
    (log, list): (&str, u64),
    act: &Moment<'_>,
) -> bool {
    if log != act.origin {
        return false;
    }
    let own = lists(bench).find(|(leaf, ..)| leaf.origin() == log && leaf.leaf_index() == list);
    let Some((_, scid, claims)) = own else { return false };
    let never = |_: Timestamp| false;
    let (uri, origin) = (claims.uri.as_str(), act.origin);
    let word = Word { bench, scid: &scid, uri, origin, over: &never, early: &never };
    if !word.ends_with(claims.sequence, act) {
        return false;
    }
    if !Did::parse(issuer).is_ok_and(|did| nothing_else(bench, &did, uri, &[], act)) {
        return false;
    }
    let begun = |term: &&Succession| term.from.is_none_or(|from| from <= act.time);
    let terms: Vec<&Succession> = bench.context.declared.successors(issuer).filter(begun).collect();
    let others: BTreeSet<&str> = terms.iter().map(|term| term.successor.as_str()).collect();
    others.into_iter().all(|successor| {
        let Ok(did) = Did::parse(successor) else { return true };
        let its: Vec<&Succession> =
            terms.iter().copied().filter(|term| term.successor == successor).collect();
        nothing_else(bench, &did, uri, &its, act)
    })
}

/// Whether all that somebody announced of a list by the act is at hand: with `terms`, in these alone.
fn nothing_else(
    bench: &Bench<'_>,
    did: &Did,
    uri: &str,
    terms: &[&Succession],
    act: &Moment<'_>,
) -> bool {
    let begin = |term: &Succession| term.from.unwrap_or(Timestamp::EPOCH);
    if terms.iter().any(|term| term.until.is_some_and(|until| until < begin(term))) {
        // Whoever says that it took over cannot be relied on now.
        return false;
    }
    // Without a SCID nobody stands in a map: what it announces is what it serves.
    let Some(scid) = did.scid() else { return true };
    let Ok(history) = bench.history(did) else { return false };
    let mut homes: BTreeSet<&str> = history.homes().collect();
    if homes.is_empty() {
        // Who has no home may announce on any log.
        let pinned = bench.context.logs.iter().flat_map(|policy| policy.logs());
        homes.extend(pinned.map(|log| log.name()));
    }
    if !is_whole(bench, scid, &history, &homes, act) {
        return false;
    }
    let counts = |time: Timestamp| terms.is_empty() || terms.iter().any(|term| term.covers(time));
    // Nothing that counts follows what came after the only term, and nothing precedes what came before the first. Between two terms
    // neither can be said.
    let over =
        |time: Timestamp| matches!(terms, [one] if one.until.is_some_and(|until| time > until));
    let before = |term: &&Succession, time| term.from.is_some_and(|from| time < from);
    let early = |time: Timestamp| !terms.is_empty() && terms.iter().all(|one| before(one, time));
    let bodies: BTreeSet<Digest> = bench
        .material
        .status_lists
        .iter()
        .filter(|copy| copy.uri == uri)
        .map(|copy| sha256(&[&copy.bytes()]))
        .collect();
    !homes.is_empty()
        && homes.iter().all(|origin| {
            let held = lists(bench).filter(|(leaf, by, claims)| {
                let time = leaf.leaf().time();
                by == scid
                    && claims.uri == uri
                    && leaf.origin() == *origin
                    && (early(time) || counts(time) && bodies.contains(&claims.digest))
                    && !act.is_before(origin, leaf.leaf_index(), time)
            });
            let held = held.map(|(_, _, claims)| claims.sequence).max().unwrap_or(0);
            let word = Word { bench, scid, uri, origin, over: &over, early: &early };
            word.ends_with(held, act)
        })
}

/// Whether a state of the map after the act shows that no version is missing by then: its newest home shows that, or all these logs
/// do if it has none. Who had moved would have announced elsewhere.
fn is_whole(
    bench: &Bench<'_>,
    scid: &str,
    history: &DidHistory,
    logs: &BTreeSet<&str>,
    act: &Moment<'_>,
) -> bool {
    let Some(newest) = history.newest().filter(|_| history.missing().is_none()) else {
        return false;
    };
    let key = MapKey::did(scid);
    let shown = |origin: &str| {
        bench.ledger.heads(&key).any(|one| {
            one.epoch().origin() == origin
                && one.head().is_some_and(|head| head.value().sequence == newest.number)
                && act.is_before_state(&one)
        })
    };
    newest.home.as_deref().map_or_else(|| logs.iter().all(|log| shown(log)), shown)
}

/// What somebody announced of one list in one log.
struct Word<'a, 'b> {
    bench: &'a Bench<'b>,
    scid: &'a str,
    uri: &'a str,
    origin: &'a str,
    /// Whether nothing that counts was announced from then on.
    over: &'a dyn Fn(Timestamp) -> bool,
    /// Whether nothing that counts was announced by then.
    early: &'a dyn Fn(Timestamp) -> bool,
}

impl Word<'_, '_> {
    /// Whether it is shown that nothing that counts came after number `held`, 0 for none at all, and by the act.
    ///
    /// What came before its terms shows nothing of what followed, but for a state after the act of which it is still the newest.
    fn ends_with(&self, held: u64, act: &Moment<'_>) -> bool {
        let Some(next) = held.checked_add(1) else { return false };
        let passed = |place: u64, time: Timestamp| {
            act.is_before(self.origin, place, time) || (self.over)(time)
        };
        let by_receipt = lists(self.bench).any(|(leaf, scid, claims)| {
            scid == self.scid
                && claims.uri == self.uri
                && claims.sequence == next
                && leaf.origin() == self.origin
                && passed(leaf.leaf_index(), leaf.leaf().time())
        });
        let key = MapKey::status(self.scid, self.uri);
        let here = |one: &VerifiedCurrent| one.epoch().origin() == self.origin;
        by_receipt
            || self.bench.ledger.heads(&key).filter(here).any(|one| match one.head() {
                None => held == 0 && act.is_before_state(&one),
                Some(head) => {
                    let value = head.value();
                    let time = head.leaf().time();
                    let settled = value.sequence == held || (self.early)(time);
                    let still = settled && act.is_before_state(&one);
                    still || (value.sequence == next && passed(value.leaf_index, time))
                }
            })
    }
}

/// The status lists that receipts at hand are of, and who announced each.
fn lists<'a>(
    bench: &'a Bench<'_>,
) -> impl Iterator<Item = (&'a VerifiedLeaf, String, StatusClaims)> {
    let leaves = bench.ledger.receipts().iter().filter_map(|one| one.result.as_ref().ok());
    leaves.filter(|leaf| leaf.leaf().kind() == Kind::Status).filter_map(|leaf| {
        let entry = leaf.signed_entry().ok()?;
        let claims = entry.claims().status()?.clone();
        Some((leaf, entry.scid().to_owned(), claims))
    })
}
