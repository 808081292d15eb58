//! Whether a countersigner who moved to another log said more about an act there (ledger specification §6.6).
//!
//! In scope: logs where the countersigner came to live after the act was recorded. Out of scope: registrants other than the
//! countersigner; the log that the act names (`countersigned`).

use inkan_ledger::{ActId, MapKey};

use super::{Bench, Held, record};

/// Whether a later home of the countersigner has a state of the act. Numbers begin anew there, so that it has no order with the
/// others: it is newer because its log came later.
pub(super) fn said_elsewhere(bench: &Bench<'_>, one: &Held<'_>, id: ActId) -> bool {
    let Some((recorded, scid)) = one.record().map(|record| &record.recorded).zip(one.did.scid())
    else {
        return false;
    };
    if recorded.registrant() != scid {
        return false;
    }
    let Ok(history) = bench.history(&one.did) else { return false };
    let log = one.act.log();
    let Some((version, _)) = history.at_index(log, recorded.leaf_index()) else { return false };
    let since = history.versions().iter().filter(|later| later.number > version.number);
    let mut homes = since.filter_map(|later| later.home.as_deref()).filter(|home| *home != log);
    let key = MapKey::act(scid, &id);
    homes.any(|home| {
        let newest = bench.ledger.newest(&key, home);
        newest.is_some_and(|current| current.head().is_some())
            || record::states_of(bench, home, id).any(|state| state.registrant == scid)
    })
}
