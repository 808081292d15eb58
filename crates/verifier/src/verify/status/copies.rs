//! The copies of a list that are at hand, which of them can be used, and for how long one may be kept.

use std::borrow::Cow;

use inkan_core::Timestamp;
use inkan_credential::bundle::ServedStatusList;

use crate::reason::Reason;
use crate::verify::Bench;

/// Copies of a Token Status List: as they were served, and as a resource of that URL.
pub(super) fn of_token<'a>(bench: &'a Bench<'_>, uri: &str) -> Vec<Cow<'a, ServedStatusList>> {
    let material = bench.material;
    let served = material.status_lists.iter().filter(|copy| copy.uri == uri).map(Cow::Borrowed);
    let resource = material.resources.get(uri);
    let resource = resource.map(|bytes| Cow::Owned(ServedStatusList::new(uri, bytes)));
    served.chain(resource).collect()
}

/// What `read` can use of the copies, in their order; and why there would be none: the fault of the last one that cannot be used, or
/// that nothing is at hand.
pub(super) fn readable<'a, L>(
    uri: &str,
    copies: impl IntoIterator<Item = &'a ServedStatusList>,
    mut read: impl FnMut(&ServedStatusList) -> Result<Option<L>, Reason>,
) -> (Vec<L>, Reason) {
    let mut lists = Vec::new();
    let mut refusal = Reason::StatusMissing { uri: uri.to_owned() };
    for copy in copies {
        match read(copy) {
            Ok(Some(list)) => lists.push(list),
            Ok(None) => {}
            Err(reason) => refusal = reason,
        }
    }
    (lists, refusal)
}

/// Whether a copy may be kept until `as_of`: for `ttl` seconds after it was fetched, or else after it was known to be the newest.
pub(super) fn may_be_kept(
    uri: &str,
    ttl: Option<i64>,
    (fetched_at, known_at): (Option<Timestamp>, Timestamp),
    as_of: Timestamp,
) -> Result<(), Reason> {
    let kept_since = fetched_at.map_or(known_at, |at| known_at.max(at.min(as_of)));
    match ttl {
        Some(seconds) if as_of.seconds_since(kept_since) > seconds => {
            Err(Reason::StatusListOutOfDate { uri: uri.to_owned(), seconds })
        }
        Some(_) | None => Ok(()),
    }
}
