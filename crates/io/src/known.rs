//! The newest states of DIDs, acts and status lists that a profile has seen proved: an older one is then not believed to
//! be the newest, also where no ledger can be asked.
//!
//! In scope: remembering them, and what is forgotten when there are too many. Out of scope: what they mean for a verdict
//! (`inkan-verifier`). Ids and registrants are kept as hashes; the file stays in the profile.
//!
//! Nobody may crowd out what was seen of others. Beyond the limit those states go first, whoever has them, that say least: the
//! ones without a predecessor that could be shown in their place. Of such, and then of the others, the registrant with
//! the most states in one log gives up one of its own: whoever has a thousand entries recorded loses those, and an issuer
//! with three keeps all three.

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::{Digest, Timestamp, json};
use inkan_ledger::{Kind, MapKey};
use inkan_verifier::KnownState;
use serde_json::{Value, json};

use crate::files::{self, Access};
use crate::profile::{Profile, ProfileError};

/// States that are kept.
const STATES: usize = 40_000;
/// Bytes of the file.
const LIMIT: usize = 16 << 20;
/// `type` of the file.
const TYPE: &str = "inkan-known/1";

/// What this profile has seen.
///
/// # Errors
///
/// [`ProfileError`], also for a file that is damaged: it must not be forgotten in silence.
pub fn load(profile: &Profile) -> Result<Vec<KnownState>, ProfileError> {
    let path = profile.known();
    let Some(bytes) = files::read_optional(&path, LIMIT)? else { return Ok(Vec::new()) };
    let value = json::parse(&bytes, LIMIT)
        .map_err(|source| ProfileError::NotJson { path: path.clone(), source })?;
    let states = value.get("states").and_then(Value::as_array);
    let states = states.filter(|_| json::text(&value, "type") == Some(TYPE));
    let read = states.and_then(|states| states.iter().map(state).collect());
    read.ok_or(ProfileError::Malformed { path, member: "states" })
}

/// Remembers states that were proved, each unless a newer one of its id is known. The caller holds the profile's lock.
///
/// Gives how many were forgotten for it, or not taken: whoever is in front of it should hear that.
///
/// # Errors
///
/// [`ProfileError`].
pub fn remember(profile: &Profile, states: &[KnownState]) -> Result<usize, ProfileError> {
    // In the order in which they were first seen.
    let mut kept = load(profile)?;
    let id = |state: &KnownState| (state.origin.clone(), state.key);
    let mut places: BTreeMap<(String, MapKey), usize> =
        kept.iter().enumerate().map(|(at, state)| (id(state), at)).collect();
    let mut changed = false;
    for state in states {
        let at = *places.entry(id(state)).or_insert(kept.len());
        match kept.get_mut(at) {
            None => kept.push(state.clone()),
            Some(known)
                if known.leaf_index < state.leaf_index
                    || (known.leaf_index == state.leaf_index && known.seen_at > state.seen_at) =>
            {
                *known = state.clone();
            }
            Some(_) => continue,
        }
        changed = true;
    }
    if !changed {
        return Ok(0);
    }
    let forgotten = forget(&mut kept, STATES);
    let states: Vec<Value> = kept.iter().map(to_value).collect();
    let text = format!("{}\n", json!({ "type": TYPE, "states": states }));
    files::write_atomic(&profile.known(), text.as_bytes(), Access::Private)?;
    Ok(forgotten)
}

/// Forgets what is beyond `limit`, one at a time: what says least, and of that whoever has most; gives how many.
fn forget(states: &mut Vec<KnownState>, limit: usize) -> usize {
    let excess = states.len().saturating_sub(limit);
    if excess == 0 {
        return 0;
    }
    let mut owners: BTreeMap<(&str, Digest), Vec<usize>> = BTreeMap::new();
    for (at, state) in states.iter().enumerate() {
        // A file of before has no registrants: each id then counts for itself.
        let owner = state.registrant.unwrap_or(*state.key.digest());
        owners.entry((&state.origin, owner)).or_default().push(at);
    }
    // First whoever has a state that says little, or a crowd of those, one of each registrant, would outlast an issuer's
    // revocations; then who has most states, and of those with as many who came last.
    let light = |places: &[usize]| {
        let last = places.last().and_then(|at| states.get(*at));
        last.is_some_and(|state| !weight(state).0)
    };
    let mut crowd = BTreeSet::new();
    for (owner, places) in &mut owners {
        // What goes first stands last.
        places.sort_by_key(|at| states.get(*at).map(|state| std::cmp::Reverse(weight(state))));
        let arrived = places.iter().min().copied();
        crowd.insert((light(places), places.len(), arrived, *owner));
    }
    let mut gone = BTreeSet::new();
    for _ in 0..excess {
        let Some((.., arrived, owner)) = crowd.pop_last() else { break };
        let Some(places) = owners.get_mut(&owner) else { break };
        gone.extend(places.pop());
        if !places.is_empty() {
            crowd.insert((light(places), places.len(), arrived, owner));
        }
    }
    let mut place = 0_usize..;
    states.retain(|_| place.next().is_some_and(|at| !gone.contains(&at)));
    gone.len()
}

/// What a state is worth remembering: in the place of a first one nothing older can be shown, unless it is something that
/// is used up once, or a statement, of which the absence can be shown (a report of a stolen key is always a first one); after
/// that the newer the better.
fn weight(state: &KnownState) -> (bool, Timestamp) {
    let said_once = matches!(state.key.kind(), Kind::Once | Kind::Trust);
    (state.sequence > 1 || said_once, state.seen_at)
}

fn to_value(state: &KnownState) -> Value {
    let mut value = json!({
        "origin": state.origin, "kind": state.key.kind().name(), "key": state.key.digest().to_b64u(),
        "seq": state.sequence, "index": state.leaf_index, "time": state.leaf_time.seconds(),
        "seen": state.seen_at.seconds(),
    });
    if let (Some(registrant), Some(members)) = (&state.registrant, value.as_object_mut()) {
        members.insert("by".to_owned(), registrant.to_b64u().into());
    }
    value
}

fn state(value: &Value) -> Option<KnownState> {
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    let time = |name: &str| Timestamp::from_seconds(value.get(name)?.as_i64()?).ok();
    let digest = Digest::from_b64u(json::text(value, "key")?).ok()?;
    let registrant = value.get("by").map(|by| Digest::from_b64u(by.as_str()?).ok());
    Some(KnownState {
        origin: json::text(value, "origin")?.to_owned(),
        key: MapKey::from_parts(Kind::from_name(json::text(value, "kind")?)?, digest),
        sequence: number("seq")?,
        leaf_index: number("index")?,
        leaf_time: time("time")?,
        seen_at: time("seen")?,
        registrant: match registrant {
            Some(read) => Some(read?),
            None => None,
        },
    })
}

#[cfg(test)]
mod tests;
