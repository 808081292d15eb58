//! A registry snapshot as the file has it, and what is checked beyond its shape.

use std::collections::BTreeSet;

use inkan_core::{json, sha256};
use inkan_crypto::{KeyType, PublicKey};
use serde::Deserialize;
use serde_json::Value;

use super::{Authenticates, Entry, Grant, PartyRole, RegistryError, Standing};
use crate::model::Moment;
use crate::row::{AuthLevel, Row};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct File {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) sequence: u64,
    pub(super) issued_at: Moment,
    pub(super) next_update: Option<Moment>,
    pub(super) entries: Vec<FileEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct FileEntry {
    id: String,
    #[serde(default)]
    roles: BTreeSet<String>,
    #[serde(default)]
    rows: BTreeSet<String>,
    #[serde(default)]
    anchor_types: BTreeSet<String>,
    #[serde(default)]
    statements: BTreeSet<String>,
    #[serde(default)]
    issues: BTreeSet<String>,
    #[serde(default)]
    countersigns: BTreeSet<String>,
    authenticates: Option<FileAuthenticates>,
    #[serde(default)]
    keys: Vec<Value>,
    valid_from: Option<Moment>,
    valid_until: Option<Moment>,
    void_since: Option<Moment>,
    #[serde(default)]
    succeeds: BTreeSet<String>,
    #[serde(default)]
    same_controller: BTreeSet<String>,
    #[serde(default)]
    authority: bool,
    #[serde(default)]
    grants: BTreeSet<Grant>,
    status: Standing,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileAuthenticates {
    factors: BTreeSet<String>,
    max_aal: String,
    #[serde(default)]
    schemes: BTreeSet<String>,
}

/// The most keys of one entry.
const KEYS: usize = 32;
/// Roles of a countersignature (ledger §2.5).
const COUNTERSIGNER: [&str; 6] =
    ["holder", "co-issuer", "witness", "notary", "guardian", "delegate"];

impl FileEntry {
    pub(super) fn checked(self, value: &Value) -> Result<Entry, RegistryError> {
        let roles = names(&self.roles, "role of a party", PartyRole::parse)?;
        let rows = names(&self.rows, "row", Row::parse)?;
        names(&self.countersigns, "role of a countersigner", |name| {
            COUNTERSIGNER.contains(&name).then(|| name.to_owned())
        })?;
        names(&self.statements, "kind of statement", |name| {
            (name == "key_statement").then_some(0)
        })?;
        let party = || self.id.clone();
        let valid_from = self.valid_from.map(|moment| moment.0);
        let valid_until = self.valid_until.map(|moment| moment.0);
        if self.status == Standing::Ended && valid_until.is_none() {
            return Err(RegistryError::EndedWithoutEnd { party: party() });
        }
        if valid_from.zip(valid_until).is_some_and(|(from, until)| until < from) {
            return Err(RegistryError::EmptyPeriod { party: party() });
        }
        let void_since = self.void_since.map(|moment| moment.0);
        if void_since.is_some() && self.status != Standing::RevokedForCause {
            return Err(RegistryError::VoidWithoutCause { party: party() });
        }
        // An entry that links a party with itself says nothing, and would hide that somebody mistyped.
        if self.succeeds.contains(&self.id) || self.same_controller.contains(&self.id) {
            return Err(RegistryError::OwnSuccessor { party: party() });
        }
        let key = |jwk: &Value| {
            let key = PublicKey::from_jwk(jwk).ok();
            key.filter(|key| key.key_type() != KeyType::Bls12381G2)
                .ok_or_else(|| RegistryError::Key { party: party() })
        };
        if self.keys.len() > KEYS {
            return Err(RegistryError::Key { party: party() });
        }
        // Names of keys (DID URLs) may stand there too; nothing that is signed is checked by them.
        let jwks = self.keys.iter().filter(|one| !one.is_string());
        let keys = jwks.map(key).collect::<Result<_, _>>()?;
        let authenticates = self.authenticates.map(FileAuthenticates::checked).transpose()?;
        Ok(Entry {
            digest: sha256(&[&json::canonicalize(value)?]),
            id: self.id,
            roles,
            rows,
            anchor_types: self.anchor_types,
            statements: self.statements,
            issues: self.issues,
            countersigns: self.countersigns,
            authenticates,
            keys,
            valid_from,
            valid_until,
            void_since,
            succeeds: self.succeeds,
            same_controller: self.same_controller,
            authority: self.authority,
            grants: self.grants,
            status: self.status,
        })
    }
}

impl FileAuthenticates {
    fn checked(self) -> Result<Authenticates, RegistryError> {
        let max_aal = AuthLevel::parse(&self.max_aal).ok_or_else(|| {
            RegistryError::UnknownName { what: "authentication level", found: self.max_aal.clone() }
        })?;
        Ok(Authenticates { factors: self.factors, max_aal, schemes: self.schemes })
    }
}

fn names<T: Ord>(
    found: &BTreeSet<String>,
    what: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<BTreeSet<T>, RegistryError> {
    let unknown = |name: &String| RegistryError::UnknownName { what, found: name.clone() };
    found.iter().map(|name| read(name).ok_or_else(|| unknown(name))).collect()
}
