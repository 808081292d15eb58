//! What registries say of DIDs that belong together, for the verifier: who is one controller, and who took over from whom.

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_verifier::{Declared, Succession};

use super::{Entry, Registry, Standing};

/// What all registries declare, as of a time.
///
/// Parties that are one controller are so in chains: whoever says that X and Y are one, and Y and Z, says it of X and Z. What ended
/// still counts: those who signed while they were one are one for what they signed. The term of a party that is revoked for cause in
/// any registry ends where it is void: what it announced before still counts, most of all what it revoked. A registry that is not
/// current gives a term that covers nothing: none of the successor's words can be relied on, and none may be left out.
#[must_use]
pub fn declared(registries: &[Registry], as_of: Timestamp) -> Declared {
    let entries = || registries.iter().flat_map(|registry| registry.entries());
    let voids = |did: &str| -> Vec<Option<Timestamp>> {
        let revoked =
            |entry: &&Entry| entry.id() == did && entry.standing() == Standing::RevokedForCause;
        entries().filter(revoked).map(Entry::void_since).collect()
    };
    let begun = |from: Option<Timestamp>| from.is_none_or(|from| from <= as_of);
    let mut same: Vec<BTreeSet<String>> = Vec::new();
    let mut successions = Vec::new();
    for registry in registries {
        let current = registry.is_current(as_of);
        for entry in registry.entries().iter().filter(|entry| begun(entry.valid_from())) {
            // That two are one is only ever said against them: it needs neither a current snapshot nor a good name.
            if !entry.same_controller().is_empty() {
                let mut group: BTreeSet<String> = entry.same_controller().clone();
                group.insert(entry.id().to_owned());
                join(&mut same, group);
            }
            if entry.succeeds().is_empty() {
                continue;
            }
            let Some(until) = term_end(entry, current, &voids(entry.id())) else { continue };
            for predecessor in entry.succeeds() {
                successions.push(Succession {
                    predecessor: predecessor.clone(),
                    successor: entry.id().to_owned(),
                    from: entry.valid_from(),
                    until,
                });
            }
        }
    }
    Declared { same, successions }
}

/// Until when a succession counts, `Some(None)` if nobody said; `None` if it never did.
fn term_end(
    entry: &Entry,
    current: bool,
    voids: &[Option<Timestamp>],
) -> Option<Option<Timestamp>> {
    let mut until = entry.valid_until();
    let begin = entry.valid_from().unwrap_or(Timestamp::EPOCH);
    for since in voids {
        // Void without a time is void from the beginning.
        let last = since.filter(|since| *since > begin)?.plus_seconds(-1);
        until = Some(until.map_or(last, |until| until.min(last)));
    }
    if until.is_some_and(|until| until < begin) {
        return None;
    }
    // Before it begins: whatever the successor announced lies after its term, and cannot be judged.
    Some(if current { until } else { Some(begin.plus_seconds(-1)) })
}

/// Adds a group, and makes one of all that share a member with it.
fn join(groups: &mut Vec<BTreeSet<String>>, mut group: BTreeSet<String>) {
    let mut apart = Vec::new();
    for other in groups.drain(..) {
        if other.is_disjoint(&group) {
            apart.push(other);
        } else {
            group.extend(other);
        }
    }
    apart.push(group);
    *groups = apart;
}

#[cfg(test)]
mod tests;
