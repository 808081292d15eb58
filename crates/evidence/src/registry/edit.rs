//! Adding a party to the user's own trust list, and taking it off: an entry is never deleted, it ends or is revoked for cause.

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_crypto::PublicKey;
use serde_json::{Map, Value, json};

use super::{Authenticates, Entry, Registry, RegistryError, Standing};

/// A party to be added; what is left empty is left out of the entry.
#[derive(Clone, Debug, Default)]
pub struct NewEntry {
    /// The party's DID.
    pub party: String,
    /// What it is to the registry.
    pub roles: Vec<String>,
    /// Rows it may state.
    pub rows: Vec<String>,
    /// Credential types it may issue.
    pub issues: Vec<String>,
    /// Credential types with which it may be a root of identity.
    pub anchor_types: Vec<String>,
    /// Kinds of statement that it may make, such as `key_statement`.
    pub statements: Vec<String>,
    /// Roles in which it may countersign.
    pub countersigns: Vec<String>,
    /// DIDs whose tasks it has taken over.
    pub succeeds: Vec<String>,
    /// Other DIDs of the same controller.
    pub same_controller: Vec<String>,
    /// What it may say about logins.
    pub authenticates: Option<Authenticates>,
    /// Keys with which it signs statements.
    pub keys: Vec<PublicKey>,
    /// Whether what it states on a ledger counts as a registry of its own.
    pub authority: bool,
    /// Begin of the period it vouches for.
    pub from: Option<Timestamp>,
    /// End of that period.
    pub until: Option<Timestamp>,
}

/// The trust list `current`, or a new one named `id`, with one more entry, made at `now`.
///
/// # Errors
///
/// [`RegistryError`] if the current list or the entry breaks a rule of [`Registry::parse`].
pub fn add_entry(
    current: Option<&Value>,
    id: &str,
    entry: &NewEntry,
    now: Timestamp,
) -> Result<Value, RegistryError> {
    let list = match current {
        Some(value) => {
            Registry::from_value(value)?;
            value.clone()
        }
        None => {
            json!({"type": "inkan-registry/1", "id": id, "sequence": 0, "issuedAt": "", "entries": []})
        }
    };
    next(list, now, |entries| entries.push(entry.to_value()))
}

/// How a party is taken off a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removal {
    /// It vouches for its past, until this time.
    Ended {
        /// Until when.
        until: Timestamp,
    },
    /// It vouches for nothing; with a time, still for what witnesses had seen before it.
    ForCause {
        /// Since when.
        since: Option<Timestamp>,
    },
}

/// The trust list `current` with all entries of `party` ended, or revoked for cause, at `now`. What was revoked for cause stays so.
///
/// # Errors
///
/// [`RegistryError::NotListed`] if it has no entry that this changes; otherwise as [`add_entry`].
pub fn remove_entries(
    current: &Value,
    party: &str,
    removal: Removal,
    now: Timestamp,
) -> Result<Value, RegistryError> {
    let listed = Registry::from_value(current)?;
    let concerns = |entry: &Entry| match (removal, entry.standing()) {
        (_, Standing::RevokedForCause) => false,
        (Removal::Ended { until }, Standing::Active) => {
            entry.valid_until().is_none_or(|end| until < end)
        }
        (Removal::Ended { .. }, Standing::Ended) => false,
        (Removal::ForCause { .. }, Standing::Active | Standing::Ended) => true,
    };
    let places: Vec<usize> = listed
        .entries()
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.id() == party && concerns(entry))
        .map(|(place, _)| place)
        .collect();
    if places.is_empty() {
        return Err(RegistryError::NotListed { party: party.to_owned() });
    }
    next(current.clone(), now, |entries| {
        let mut never = BTreeSet::new();
        for place in places {
            let Some(members) = entries.get_mut(place).and_then(Value::as_object_mut) else {
                continue;
            };
            let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
            match removal {
                Removal::Ended { until } => {
                    put("status", "ended".into());
                    put("validUntil", until.to_string().into());
                    let begin = listed.entries().get(place).and_then(Entry::valid_from);
                    if begin.is_some_and(|begin| until < begin) {
                        never.insert(place);
                    }
                }
                Removal::ForCause { since } => {
                    put("status", "revoked-for-cause".into());
                    if let Some(since) = since {
                        put("voidSince", since.to_string().into());
                    }
                }
            }
        }
        // What ends before it begins vouches for nothing, and would not be read.
        let mut place = 0_usize..;
        entries.retain(|_| place.next().is_none_or(|place| !never.contains(&place)));
    })
}

fn next(
    mut list: Value,
    now: Timestamp,
    change: impl FnOnce(&mut Vec<Value>),
) -> Result<Value, RegistryError> {
    let sequence = list.get("sequence").and_then(Value::as_u64).unwrap_or(0).saturating_add(1);
    if let Some(members) = list.as_object_mut() {
        members.insert("sequence".to_owned(), sequence.into());
        members.insert("issuedAt".to_owned(), now.to_string().into());
        if let Some(entries) = members.get_mut("entries").and_then(Value::as_array_mut) {
            change(entries);
        }
    }
    Registry::from_value(&list)?;
    Ok(list)
}

impl NewEntry {
    fn to_value(&self) -> Value {
        let mut out = Map::new();
        out.insert("id".to_owned(), self.party.clone().into());
        let lists = [
            ("roles", &self.roles),
            ("rows", &self.rows),
            ("issues", &self.issues),
            ("anchorTypes", &self.anchor_types),
            ("statements", &self.statements),
            ("countersigns", &self.countersigns),
            ("succeeds", &self.succeeds),
            ("sameController", &self.same_controller),
        ];
        for (name, list) in lists {
            if !list.is_empty() {
                out.insert(name.to_owned(), list.clone().into());
            }
        }
        if let Some(may) = &self.authenticates {
            let value = json!({
                "factors": may.factors, "maxAal": may.max_aal.as_str(), "schemes": may.schemes,
            });
            out.insert("authenticates".to_owned(), value);
        }
        if !self.keys.is_empty() {
            let keys = self.keys.iter().map(PublicKey::to_jwk).collect::<Vec<_>>();
            out.insert("keys".to_owned(), keys.into());
        }
        if self.authority {
            out.insert("authority".to_owned(), true.into());
        }
        for (name, moment) in [("validFrom", self.from), ("validUntil", self.until)] {
            if let Some(moment) = moment {
                out.insert(name.to_owned(), moment.to_string().into());
            }
        }
        out.insert("status".to_owned(), "active".into());
        Value::Object(out)
    }
}
