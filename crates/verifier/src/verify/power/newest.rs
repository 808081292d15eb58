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

/// Whether the status list recorded at `list`, in the log of the act, was the newest of its announcer at that moment, and nobody else who might
/// announce it had said anything that is not at hand.
pub(super) fn was_newest(bench: &Bench<'_>, issuer: &str, list: u64, act: &Moment<'_>) -> bool {
    let own =
        lists(bench).find(|(leaf, ..)| leaf.origin() == act.origin && leaf.leaf_index() == list);
    let Some((_, scid, claims)) = own else { return false };
    let always = |_: Timestamp| true;
    let word = Word { bench, scid: &scid, uri: &claims.uri, origin: act.origin, counts: &always };
    if !word.ends_with(claims.sequence, act) {
        return false;
    }
    let named = Did::parse(issuer).ok();
    let is_own = |did: &Did| did.scid() == Some(scid.as_str());
    if named.is_some_and(|did| !is_own(&did) && !nothing_else(bench, &did, &claims.uri, &[], act)) {
        return false;
    }
    let begun = |term: &&Succession| term.from.is_none_or(|from| from <= act.time);
    let terms: Vec<&Succession> = bench.context.declared.successors(issuer).filter(begun).collect();
    let others: BTreeSet<&str> = terms.iter().map(|term| term.successor.as_str()).collect();
    others.into_iter().all(|successor| {
        let Ok(did) = Did::parse(successor) else { return true };
        let its: Vec<&Succession> =
            terms.iter().copied().filter(|term| term.successor == successor).collect();
        is_own(&did) || nothing_else(bench, &did, &claims.uri, &its, act)
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
    let homes: BTreeSet<String> = history.homes().map(str::to_owned).collect();
    let counts = |time: Timestamp| terms.is_empty() || terms.iter().any(|term| term.covers(time));
    // With a second term, what came outside the first hides nothing by that.
    let skips = |time: Timestamp| counts(time) || terms.len() > 1;
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
                by == scid
                    && claims.uri == uri
                    && leaf.origin() == origin
                    && bodies.contains(&claims.digest)
                    && counts(leaf.leaf().time())
                    && !act.is_before(origin, leaf.leaf_index(), leaf.leaf().time())
            });
            let held = held.map(|(_, _, claims)| claims.sequence).max().unwrap_or(0);
            let word = Word { bench, scid, uri, origin, counts: &skips };
            word.ends_with(held, act)
        })
}

/// What somebody announced of one list in one log.
struct Word<'a, 'b> {
    bench: &'a Bench<'b>,
    scid: &'a str,
    uri: &'a str,
    origin: &'a str,
    /// Whether what was announced then has to be looked at.
    counts: &'a dyn Fn(Timestamp) -> bool,
}

impl Word<'_, '_> {
    /// Whether it is shown that nothing that counts came after number `held`, 0 for none at all, and by the act.
    fn ends_with(&self, held: u64, act: &Moment<'_>) -> bool {
        let Some(next) = held.checked_add(1) else { return false };
        let passed = |place: u64, time: Timestamp| {
            act.is_before(self.origin, place, time) || !(self.counts)(time)
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
                    let still = value.sequence == held && act.is_before_state(&one);
                    let follows = value.sequence == next;
                    still || (follows && passed(value.leaf_index, head.leaf().time()))
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
