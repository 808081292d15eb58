//! Adding a party to the user's own trust list.

use inkan_core::Timestamp;
use serde_json::{Map, Value, json};

use super::{Registry, RegistryError};

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
    /// Roles in which it may countersign.
    pub countersigns: Vec<String>,
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
    let mut list = match current {
        Some(value) => {
            Registry::from_value(value)?;
            value.clone()
        }
        None => {
            json!({"type": "inkan-registry/1", "id": id, "sequence": 0, "issuedAt": "", "entries": []})
        }
    };
    let sequence = list.get("sequence").and_then(Value::as_u64).unwrap_or(0).saturating_add(1);
    if let Some(members) = list.as_object_mut() {
        members.insert("sequence".to_owned(), sequence.into());
        members.insert("issuedAt".to_owned(), now.to_string().into());
        if let Some(entries) = members.get_mut("entries").and_then(Value::as_array_mut) {
            entries.push(entry.to_value());
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
            ("countersigns", &self.countersigns),
        ];
        for (name, list) in lists {
            if !list.is_empty() {
                out.insert(name.to_owned(), list.clone().into());
            }
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
