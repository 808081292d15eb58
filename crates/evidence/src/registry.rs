//! Trust registries: who may state, issue and countersign what, and when (assurance §5, decisions 27).
//!
//! In scope: reading a snapshot that the user configured (a *trust list*), closed and with one reading. Out of scope:
//! whether a party may state a row at a time (`authority`), and how a snapshot is fetched.

use std::collections::BTreeSet;

use inkan_core::{Digest, Timestamp, json, limits};
use inkan_crypto::PublicKey;
use serde::Deserialize;
use serde_json::Value;

use crate::row::{AuthLevel, Row};

mod answer;
mod edit;
mod file;
mod links;
mod query;
mod statements;

use file::File;

pub use answer::AnswerTerms;
pub use edit::{NewEntry, Removal, add_entry, remove_entries};
pub use links::declared;
pub use query::{Answered, Query, Why, ask};
pub use statements::{
    SignerVersion, Statement, actions, of_former, of_statements, read_statements,
};

/// A snapshot of a registry.
#[derive(Clone, Debug)]
pub struct Registry {
    id: String,
    sequence: u64,
    issued_at: Timestamp,
    next_update: Option<Timestamp>,
    entries: Vec<Entry>,
    value: Value,
}

/// What a registry says of one party, for one period.
#[derive(Clone, Debug)]
pub struct Entry {
    id: String,
    roles: BTreeSet<PartyRole>,
    rows: BTreeSet<Row>,
    anchor_types: BTreeSet<String>,
    statements: BTreeSet<String>,
    issues: BTreeSet<String>,
    countersigns: BTreeSet<String>,
    authenticates: Option<Authenticates>,
    keys: Vec<PublicKey>,
    valid_from: Option<Timestamp>,
    valid_until: Option<Timestamp>,
    void_since: Option<Timestamp>,
    succeeds: BTreeSet<String>,
    same_controller: BTreeSet<String>,
    authority: bool,
    grants: BTreeSet<Grant>,
    status: Standing,
    digest: Digest,
}

/// What an entry lets a party do beyond the members of this format: a statement of TRQP as it stands.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// `authorization` or `recognition`.
    #[serde(rename = "type")]
    pub statement: GrantType,
    /// What it may do.
    pub action: String,
    /// To what.
    pub resource: String,
}

/// TRQP's two kinds of statement.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
pub enum GrantType {
    /// The party may do this.
    Authorization,
    /// The party is recognised as something.
    Recognition,
}

/// What an operator may say about authentications (assurance §7.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authenticates {
    /// Factor types it may state.
    pub factors: BTreeSet<String>,
    /// The most it may reach.
    pub max_aal: AuthLevel,
    /// Certification schemes whose word counts.
    pub schemes: BTreeSet<String>,
}

/// What a party is to the registry.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum PartyRole {
    /// Issues the documents that everything else rests on.
    RootIdentityIssuer,
    /// Proofs identities.
    IdentityProofer,
    /// Issues attributes.
    AttributeIssuer,
    /// Provides wallets.
    WalletProvider,
    /// May ask whether a certificate is revoked.
    RevocationChecker,
    /// Authenticates people for others.
    AuthenticationOperator,
    /// Keeps a register that can confirm claims.
    BaseRegistry,
}

impl PartyRole {
    const ALL: [Self; 7] = [
        Self::RootIdentityIssuer,
        Self::IdentityProofer,
        Self::AttributeIssuer,
        Self::WalletProvider,
        Self::RevocationChecker,
        Self::AuthenticationOperator,
        Self::BaseRegistry,
    ];

    /// The name in registries and policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RootIdentityIssuer => "root_identity_issuer",
            Self::IdentityProofer => "identity_proofer",
            Self::AttributeIssuer => "attribute_issuer",
            Self::WalletProvider => "wallet_provider",
            Self::RevocationChecker => "revocation_checker",
            Self::AuthenticationOperator => "authentication_operator",
            Self::BaseRegistry => "base_registry",
        }
    }

    /// Reads a name; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// Whether an entry is in force.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// In force.
    Active,
    /// Over; still vouches for its past.
    Ended,
    /// Revoked for cause: voids everything; with `voidSince`, what is not shown by a ledger's witnesses to be older.
    RevokedForCause,
}

/// Why bytes are not a registry snapshot. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RegistryError {
    /// Not JSON with one reading.
    #[error(transparent)]
    Json(#[from] json::JsonError),
    /// A member is missing, unknown or of the wrong kind.
    #[error("not a registry snapshot: {0}")]
    Shape(String),
    /// A role, row, level or role of countersigner that does not exist.
    #[error("{found:?} is no {what}")]
    UnknownName {
        /// What it should be.
        what: &'static str,
        /// What it is.
        found: String,
    },
    /// An ended entry that does not say until when it vouches.
    #[error("the entry of {party} is ended and does not say since when (validUntil)")]
    EndedWithoutEnd {
        /// The entry's party.
        party: String,
    },
    /// A key that is no public key of a kind that signs statements.
    #[error("the entry of {party} lists what is no public key (JWK on P-256, P-384 or Ed25519)")]
    Key {
        /// The entry's party.
        party: String,
    },
    /// A signed answer that answers something else, or nobody answers for.
    #[error("the registry's answer {why}")]
    Answer {
        /// Why it does not count.
        why: &'static str,
    },
    /// `voidSince` on an entry that is not revoked for cause.
    #[error(
        "the entry of {party} says since when it is void (voidSince) and is not revoked for cause"
    )]
    VoidWithoutCause {
        /// The entry's party.
        party: String,
    },
    /// A party that succeeds itself, or is said to be one controller with itself.
    #[error("the entry of {party} links it with itself")]
    OwnSuccessor {
        /// The entry's party.
        party: String,
    },
    /// A statement on a ledger that its authority cannot have made.
    #[error("entry {leaf_index} of the ledger is not what its authority could have stated there")]
    Statement {
        /// Its place.
        leaf_index: u64,
    },
    /// Nobody of that name is listed, or nothing that is left to be taken away.
    #[error("{party} is not listed so")]
    NotListed {
        /// The party.
        party: String,
    },
    /// The entry is never in force.
    #[error("the entry of {party} ends before it begins")]
    EmptyPeriod {
        /// The entry's party.
        party: String,
    },
}

impl RegistryError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(_)
            | Self::Shape(_)
            | Self::UnknownName { .. }
            | Self::EndedWithoutEnd { .. }
            | Self::Key { .. }
            | Self::VoidWithoutCause { .. }
            | Self::OwnSuccessor { .. }
            | Self::EmptyPeriod { .. } => "registry-malformed",
            Self::Answer { .. } => "registry-answer-invalid",
            Self::Statement { .. } => "registry-statement-invalid",
            Self::NotListed { .. } => "registry-party-unknown",
        }
    }
}

impl Registry {
    /// Reads a snapshot of type `inkan-registry/1`, at most [`limits::BUNDLE`] bytes.
    ///
    /// # Errors
    ///
    /// [`RegistryError`], one variant per rule; none is worth a retry.
    pub fn parse(bytes: &[u8]) -> Result<Self, RegistryError> {
        Self::from_value(&json::parse(bytes, limits::BUNDLE)?)
    }

    /// Reads a snapshot that already is a JSON value with one reading.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn from_value(value: &Value) -> Result<Self, RegistryError> {
        let file = File::deserialize(value).map_err(|e| RegistryError::Shape(e.to_string()))?;
        if file.kind != "inkan-registry/1" {
            return Err(RegistryError::UnknownName { what: "type of registry", found: file.kind });
        }
        let values = value.get("entries").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let entries = file
            .entries
            .into_iter()
            .zip(values)
            .map(|(entry, value)| entry.checked(value))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            id: file.id,
            sequence: file.sequence,
            issued_at: file.issued_at.0,
            next_update: file.next_update.map(|moment| moment.0),
            entries,
            value: value.clone(),
        })
    }

    /// Its identifier: a URL, or any name of the user's own list.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Counts the snapshots; never goes back.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When this snapshot was made.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// Whether the snapshot may be relied on at `as_of`: its end of validity has not passed.
    #[must_use]
    pub fn is_current(&self, as_of: Timestamp) -> bool {
        self.next_update.is_none_or(|end| as_of <= end)
    }

    /// All entries, in file order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Everything that it says of `party`.
    pub fn entries_of<'a>(&'a self, party: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.id == party)
    }

    /// The snapshot as JSON.
    #[must_use]
    pub const fn to_value(&self) -> &Value {
        &self.value
    }
}

impl Entry {
    /// The party: a DID.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it is to the registry.
    #[must_use]
    pub const fn roles(&self) -> &BTreeSet<PartyRole> {
        &self.roles
    }

    /// Rows it may state.
    #[must_use]
    pub const fn rows(&self) -> &BTreeSet<Row> {
        &self.rows
    }

    /// Credential types with which it may be a root of identity, if that is its role.
    #[must_use]
    pub const fn anchor_types(&self) -> &BTreeSet<String> {
        &self.anchor_types
    }

    /// Statements it may make, such as `key_statement`.
    #[must_use]
    pub const fn statements(&self) -> &BTreeSet<String> {
        &self.statements
    }

    /// Credential types it may issue.
    #[must_use]
    pub const fn issues(&self) -> &BTreeSet<String> {
        &self.issues
    }

    /// Roles in which it may countersign.
    #[must_use]
    pub const fn countersigns(&self) -> &BTreeSet<String> {
        &self.countersigns
    }

    /// What it may say about authentications.
    #[must_use]
    pub const fn authenticates(&self) -> Option<&Authenticates> {
        self.authenticates.as_ref()
    }

    /// Keys with which it signs statements: those that are listed as JWK, in file order. Names of keys are passed over.
    #[must_use]
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Begin of the period it vouches for.
    #[must_use]
    pub const fn valid_from(&self) -> Option<Timestamp> {
        self.valid_from
    }

    /// End of the period it vouches for.
    #[must_use]
    pub const fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }

    /// Of an entry that is revoked for cause: since when its word is void; all of it for `None`.
    #[must_use]
    pub const fn void_since(&self) -> Option<Timestamp> {
        self.void_since
    }

    /// DIDs whose tasks it has taken over: it may announce their status lists.
    #[must_use]
    pub const fn succeeds(&self) -> &BTreeSet<String> {
        &self.succeeds
    }

    /// Other DIDs of the same controller.
    #[must_use]
    pub const fn same_controller(&self) -> &BTreeSet<String> {
        &self.same_controller
    }

    /// Whether what it states on a ledger counts as a registry of its own.
    #[must_use]
    pub const fn is_authority(&self) -> bool {
        self.authority
    }

    /// What it may do beyond the members of this format.
    #[must_use]
    pub const fn grants(&self) -> &BTreeSet<Grant> {
        &self.grants
    }

    /// Whether it is in force.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.status
    }

    /// SHA-256 of the entry in canonical form.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether `at` lies in the period it vouches for.
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> bool {
        self.valid_from.is_none_or(|from| from <= at)
            && self.valid_until.is_none_or(|until| at <= until)
    }
}

#[cfg(test)]
mod tests;
