//! The newest states of DIDs, acts and status lists that a profile has seen proved: an older one is then not believed to
//! be the newest, also where no ledger can be asked.
//!
//! In scope: remembering them. Out of scope: what they mean for a verdict (`inkan-verifier`). Ids are kept as the map has
//! them, as hashes; the file stays in the profile.

use std::collections::BTreeMap;

use inkan_core::{Digest, Timestamp, json};
use inkan_ledger::{Kind, MapKey};
use inkan_verifier::KnownState;
use serde_json::{Value, json};

use crate::files::{self, Access};
use crate::profile::{Profile, ProfileError};

/// States that are kept; beyond that those whose entries are oldest are forgotten.
const STATES: usize = 20_000;
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
/// # Errors
///
/// [`ProfileError`].
pub fn remember(profile: &Profile, states: &[KnownState]) -> Result<(), ProfileError> {
    let before = load(profile)?;
    let id = |state: &KnownState| (state.origin.clone(), state.key);
    let mut newest: BTreeMap<(String, MapKey), KnownState> =
        before.into_iter().map(|state| (id(&state), state)).collect();
    let mut changed = false;
    for state in states {
        let newer = newest.get(&id(state)).is_none_or(|known| {
            known.leaf_index < state.leaf_index
                || (known.leaf_index == state.leaf_index && known.seen_at > state.seen_at)
        });
        if newer {
            newest.insert(id(state), state.clone());
            changed = true;
        }
    }
    if !changed {
        return Ok(());
    }
    let mut kept: Vec<KnownState> = newest.into_values().collect();
    if kept.len() > STATES {
        kept.sort_by_key(|state| std::cmp::Reverse(state.leaf_time));
        kept.truncate(STATES);
    }
    let states: Vec<Value> = kept.iter().map(to_value).collect();
    let text = format!("{}\n", json!({ "type": TYPE, "states": states }));
    files::write_atomic(&profile.known(), text.as_bytes(), Access::Private)?;
    Ok(())
}

fn to_value(state: &KnownState) -> Value {
    json!({
        "origin": state.origin, "kind": state.key.kind().name(), "key": state.key.digest().to_b64u(),
        "seq": state.sequence, "index": state.leaf_index, "time": state.leaf_time.seconds(),
        "seen": state.seen_at.seconds(),
    })
}

fn state(value: &Value) -> Option<KnownState> {
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    let time = |name: &str| Timestamp::from_seconds(value.get(name)?.as_i64()?).ok();
    let digest = Digest::from_b64u(json::text(value, "key")?).ok()?;
    Some(KnownState {
        origin: json::text(value, "origin")?.to_owned(),
        key: MapKey::from_parts(Kind::from_name(json::text(value, "kind")?)?, digest),
        sequence: number("seq")?,
        leaf_index: number("index")?,
        leaf_time: time("time")?,
        seen_at: time("seen")?,
    })
}

#[cfg(test)]
mod tests;
