//! Whether somebody who moved to another log said more about an act there (ledger specification §6.6).
//!
//! In scope: logs where the countersigner, or who consented, came to live after the act was recorded. Out of scope: registrants other
//! than they; the log that the act names (`countersigned`, `consent`).

use inkan_core::Timestamp;
use inkan_ledger::{ActId, MapKey, VerifiedCurrent};

use super::{Bench, Held, record};
use crate::history::DidHistory;

/// What the later homes show of an act.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::verify) enum Elsewhere {
    /// A state of it. Numbers begin anew there, so that it has no order with the others: it is newer because its log came later.
    Said,
    /// That nothing was said; up to when, if one of them may still say something.
    Silent(Option<Timestamp>),
    /// The same, by the word of an operator alone: nobody vouches for when.
    Unstamped,
    /// Nothing, of this log.
    Open(String),
}

/// What the later homes of the countersigner show.
pub(super) fn of(bench: &Bench<'_>, one: &Held<'_>, id: ActId) -> Elsewhere {
    let silent = Elsewhere::Silent(None);
    let Some((recorded, scid)) = one.record().map(|record| &record.recorded).zip(one.did.scid())
    else {
        return silent;
    };
    let Ok(history) = bench.history(&one.did) else { return silent };
    let own = recorded.registrant() == scid;
    let place = own.then_some(recorded.leaf_index());
    said(bench, &history, (one.act.log(), place), id, |_| true)
}

/// What the later homes of whom this is the history show of its act, which is recorded at a place of the log `log`; without a place
/// they are those since it first lived there, and all, if it never did. Only heads that are `there` count.
pub(in crate::verify) fn said(
    bench: &Bench<'_>,
    history: &DidHistory,
    (log, place): (&str, Option<u64>),
    id: ActId,
    there: impl Fn(&VerifiedCurrent) -> bool,
) -> Elsewhere {
    let Some(scid) = history.did().scid() else { return Elsewhere::Silent(None) };
    let at = match place {
        Some(place) => history.at_index(log, place).map(|(version, _)| version),
        None => history.versions().iter().find(|version| version.home.as_deref() == Some(log)),
    };
    let since = at.map_or(0, |version| version.number);
    let later = history.versions().iter().filter(|version| version.number > since);
    let homes = later.filter_map(|version| version.home.as_deref()).filter(|home| *home != log);
    let key = MapKey::act(scid, &id);
    let mut found = Elsewhere::Silent(None);
    for home in homes {
        let heads = bench.ledger.heads(&key).filter(|one| one.epoch().origin() == home);
        let newest = heads.filter(&there).max_by_key(VerifiedCurrent::epoch_index);
        let is_head = newest.as_ref().is_some_and(|current| current.head().is_some());
        if is_head || record::states_of(bench, home, id).any(|state| state.registrant == scid) {
            return Elsewhere::Said;
        }
        // One that was left says nothing more: how old its silence is does not matter.
        let closed = newest.as_ref().zip(history.left(home));
        if closed.is_some_and(|(current, left)| current.epoch_index() > left) {
            continue;
        }
        let seen = newest.as_ref().map(VerifiedCurrent::fresh_at);
        found = match (found, seen) {
            (found @ (Elsewhere::Open(_) | Elsewhere::Said), _) => found,
            (Elsewhere::Silent(_) | Elsewhere::Unstamped, None) => Elsewhere::Open(home.to_owned()),
            (Elsewhere::Unstamped, Some(_)) | (Elsewhere::Silent(_), Some(None)) => {
                Elsewhere::Unstamped
            }
            (Elsewhere::Silent(until), Some(Some(seen))) => {
                Elsewhere::Silent(Some(until.map_or(seen, |until| until.min(seen))))
            }
        };
    }
    found
}
