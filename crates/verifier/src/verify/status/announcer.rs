//! Who may say how it stands with what an issuer issued: the issuer itself, and whoever took over from it.
//!
//! In scope: whose lists count, from when on. Out of scope: who is a successor ([`crate::declared`]); which list is the newest
//! ([`super::newest`]).
//!
//! A successor's list counts only where the ledger recorded it while it was the successor: its own dates prove nothing, and before that
//! it was a stranger.

use inkan_core::Timestamp;
use inkan_did::Did;

use super::invalid;
use crate::declared::Succession;
use crate::reason::Reason;
use crate::verified::Recorded;
use crate::verify::Bench;

/// Somebody whose lists count.
#[derive(Clone, Debug)]
pub(super) struct Announcer {
    pub(super) did: Did,
    /// When it was a successor; empty for the issuer itself.
    terms: Vec<Succession>,
}

impl Announcer {
    /// Whether it is the issuer itself.
    const fn is_issuer(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether it was one when this was recorded.
    pub(super) fn covers(&self, at: Timestamp) -> bool {
        self.is_issuer() || self.terms.iter().any(|term| term.covers(at))
    }

    /// Whether it was one before, and no more by then.
    pub(super) fn has_ended_by(&self, at: Timestamp) -> bool {
        let ended = |term: &Succession| term.until.is_some_and(|until| at > until);
        !self.covers(at) && self.terms.iter().any(ended)
    }

    /// Whether one of its terms covers no time at all: whoever says that it took over cannot be relied on now.
    pub(super) fn is_in_doubt(&self) -> bool {
        let doubted = |term: &Succession| {
            let begin = term.from.unwrap_or(Timestamp::EPOCH);
            term.until.is_some_and(|until| until < begin)
        };
        self.terms.iter().any(doubted)
    }

    /// Whether a list counts that is recorded so, or not at all.
    pub(super) fn may(&self, record: Option<&Recorded>) -> Result<(), Reason> {
        let counts = record.is_some_and(|record| self.covers(record.leaf_time()));
        if self.is_issuer() || counts { Ok(()) } else { Err(invalid("status-list-issuer")) }
    }
}

/// The issuer first, then its successors as of the judged time, each once.
pub(super) fn announcers(bench: &Bench<'_>, issuer: &Did) -> Vec<Announcer> {
    let mut all = vec![Announcer { did: issuer.clone(), terms: Vec::new() }];
    let begun = |term: &&Succession| term.from.is_none_or(|from| from <= bench.context.as_of);
    for term in bench.context.declared.successors(issuer.as_str()).filter(begun) {
        let Ok(did) = Did::parse(&term.successor) else { continue };
        match all.iter_mut().find(|one| one.did == did) {
            // Nobody succeeds itself.
            Some(one) if one.is_issuer() => {}
            Some(one) => one.terms.push(term.clone()),
            None => all.push(Announcer { did, terms: vec![term.clone()] }),
        }
    }
    all
}

/// The one with this DID.
pub(super) fn named<'a>(announcers: &'a [Announcer], did: &str) -> Option<&'a Announcer> {
    announcers.iter().find(|one| one.did.as_str() == did)
}
