//! Whether a party may say what it says: *then*, when it said it, and *now*, when it is judged (assurance §5).

use std::collections::BTreeSet;

use inkan_core::{Digest, Timestamp};
use inkan_crypto::PublicKey;

use crate::finding::Code;
use crate::registry::{Authenticates, Entry, PartyRole, Registry, Standing};
use crate::row::Row;

/// Evidence that a registry authorises a party at a time; only [`authorise`] makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authorised {
    party: String,
    registry: String,
    sequence: u64,
    entry: Digest,
    roles: BTreeSet<PartyRole>,
    rows: BTreeSet<Row>,
    anchor_types: BTreeSet<String>,
    statements: BTreeSet<String>,
    issues: BTreeSet<String>,
    countersigns: BTreeSet<String>,
    authenticates: Option<Authenticates>,
    keys: Vec<PublicKey>,
    as_of: Timestamp,
}

/// Every authority that the registries give `party` for what it said at `at`, judged at `as_of`.
///
/// # Errors
///
/// The code of the finding: unknown to every registry, known but not for that time (or revoked for cause in any of
/// them), or known only to a snapshot that is no longer current.
pub fn authorise(
    registries: &[Registry],
    party: &str,
    at: Timestamp,
    as_of: Timestamp,
) -> Result<Vec<Authorised>, Code> {
    judged(registries, party, (at, At::Stated), as_of)
}

/// The same of what witnesses of a ledger had seen by `at`: that time cannot be pretended, so a revocation for cause which says
/// since when (`voidSince`) spares what is older. A time that the party states itself spares nothing.
///
/// # Errors
///
/// As [`authorise`].
pub fn authorise_recorded(
    registries: &[Registry],
    party: &str,
    at: Timestamp,
    as_of: Timestamp,
) -> Result<Vec<Authorised>, Code> {
    judged(registries, party, (at, At::Shown), as_of)
}

/// Whose word a time rests on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum At {
    /// That of whoever says when.
    Stated,
    /// That of a ledger's witnesses.
    Shown,
}

fn judged(
    registries: &[Registry],
    party: &str,
    (at, by): (Timestamp, At),
    as_of: Timestamp,
) -> Result<Vec<Authorised>, Code> {
    let mut refusal = Code::ProoferUnknown;
    let mut found = Vec::new();
    for registry in registries {
        for entry in registry.entries_of(party) {
            let spared = by == At::Shown && entry.void_since().is_some_and(|since| at < since);
            if entry.standing() == Standing::RevokedForCause && !spared {
                return Err(Code::ProoferNotValidAtTime);
            }
            if !registry.is_current(as_of) {
                refusal = Code::RegistryNotCurrent;
            } else if entry.covers(at) {
                found.push(Authorised::new(registry, entry, as_of));
            } else if refusal == Code::ProoferUnknown {
                refusal = Code::ProoferNotValidAtTime;
            }
        }
    }
    if found.is_empty() { Err(refusal) } else { Ok(found) }
}

/// Whether a registry says of the party both that it is a root of identity and that it is one with some of these credential types: in one entry
/// or in two, as an authority states them.
#[must_use]
pub fn may_anchor(all: &[Authorised], types: &[String]) -> bool {
    let names = |by: &Authorised| types.iter().any(|kind| by.anchor_types.contains(kind));
    let roots = all.iter().filter(|by| by.has_role(PartyRole::RootIdentityIssuer));
    let mut of_registries = roots.map(Authorised::registry);
    of_registries.any(|registry| all.iter().any(|by| by.registry == registry && names(by)))
}

impl Authorised {
    fn new(registry: &Registry, entry: &Entry, as_of: Timestamp) -> Self {
        Self {
            party: entry.id().to_owned(),
            registry: registry.id().to_owned(),
            sequence: registry.sequence(),
            entry: entry.digest(),
            roles: entry.roles().clone(),
            rows: entry.rows().clone(),
            anchor_types: entry.anchor_types().clone(),
            statements: entry.statements().clone(),
            issues: entry.issues().clone(),
            countersigns: entry.countersigns().clone(),
            authenticates: entry.authenticates().cloned(),
            keys: entry.keys().to_vec(),
            as_of,
        }
    }

    /// The party.
    #[must_use]
    pub fn party(&self) -> &str {
        &self.party
    }

    /// The registry that says so.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Which of its snapshots.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// SHA-256 of the entry.
    #[must_use]
    pub const fn entry(&self) -> Digest {
        self.entry
    }

    /// The time it was judged at.
    #[must_use]
    pub const fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// Whether the party has a role.
    #[must_use]
    pub fn has_role(&self, role: PartyRole) -> bool {
        self.roles.contains(&role)
    }

    /// Whether it may state a row.
    #[must_use]
    pub fn may_state(&self, row: Row) -> bool {
        self.rows.contains(&row)
    }

    /// Whether it may make a kind of statement, such as `key_statement`.
    #[must_use]
    pub fn may_make(&self, statement: &str) -> bool {
        self.statements.contains(statement)
    }

    /// Whether it may issue a credential type.
    #[must_use]
    pub fn may_issue(&self, kind: &str) -> bool {
        self.issues.contains(kind)
    }

    /// What it may say about authentications.
    #[must_use]
    pub const fn authenticates(&self) -> Option<&Authenticates> {
        self.authenticates.as_ref()
    }

    /// Keys with which it signs statements.
    #[must_use]
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Whether it may countersign in a role.
    #[must_use]
    pub fn may_countersign(&self, role: &str) -> bool {
        self.countersigns.contains(role)
    }
}

#[cfg(test)]
mod tests;
