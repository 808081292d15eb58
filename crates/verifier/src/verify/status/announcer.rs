//! Who may say how it stands with what an issuer issued: the issuer itself, and whoever took over from it.
//!
//! In scope: whose lists count, from when on. Out of scope: who is a successor ([`crate::declared`]).
//!
//! A successor's list counts only where the ledger recorded it while it was the successor: its own dates prove nothing, and before that
//! it was a stranger. And once there is a successor, what it last announced has to be shown, or that it announced nothing: a list of the
//! old issuer alone would hide every revocation of the new one.

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
    /// Where it is a successor: of whom, and when.
    term: Option<Succession>,
}

impl Announcer {
    /// Whether it is the issuer itself.
    pub(super) const fn is_issuer(&self) -> bool {
        self.term.is_none()
    }

    /// Whether it was one when this was recorded.
    pub(super) fn covers(&self, at: Timestamp) -> bool {
        self.term.as_ref().is_none_or(|term| term.covers(at))
    }

    /// Whether its term was over by then.
    pub(super) fn has_ended_by(&self, at: Timestamp) -> bool {
        self.term.as_ref().and_then(|term| term.until).is_some_and(|until| at > until)
    }

    /// Whether a list counts that is recorded so, or not at all.
    pub(super) fn may(&self, record: Option<&Recorded>) -> Result<(), Reason> {
        let counts = record.is_some_and(|record| self.covers(record.leaf_time()));
        if self.is_issuer() || counts { Ok(()) } else { Err(invalid("status-list-issuer")) }
    }
}

/// The issuer first, then its successors as of the judged time.
pub(super) fn announcers(bench: &Bench<'_>, issuer: &Did) -> Vec<Announcer> {
    let begun = |term: &&Succession| term.from.is_none_or(|from| from <= bench.context.as_of);
    let terms = bench.context.declared.successors(issuer.as_str()).filter(begun);
    let successors = terms.filter_map(|term| {
        Some(Announcer { did: Did::parse(&term.successor).ok()?, term: Some(term.clone()) })
    });
    let own = Announcer { did: issuer.clone(), term: None };
    std::iter::once(own).chain(successors).collect()
}

/// The one with this DID; a successor may be one for several times, so all of them are given.
pub(super) fn named<'a>(
    announcers: &'a [Announcer],
    did: &'a str,
) -> impl Iterator<Item = &'a Announcer> {
    announcers.iter().filter(move |one| one.did.as_str() == did)
}
