//! The credential itself: what [VCDM 2.0](https://www.w3.org/TR/2025/REC-vc-data-model-2.0-20250515/) demands of its members.
//!
//! In scope: the shape rules of sections 4 and 5, and this project's `ledgerRecord`. Out of scope: who secured it
//! (`secured`), whether the issuer may say this (`inkan-verifier`, `inkan-assurance`), and what JSON-LD terms
//! mean: the suites spoken here sign JSON, so no term can be dropped from what was signed.

mod entries;
mod error;
mod rules;

use std::slice;

use inkan_core::{Timestamp, json};
use serde_json::Value;

pub(crate) use self::entries::is_origin;
pub use self::entries::{LedgerRecord, SchemaEntry, SchemaKind, StatusEntry, StatusPurpose};
pub use self::error::ModelError;
pub(crate) use self::rules::{check_context, has_type, is_url, issuer_like, type_names};

/// The first entry of `@context` in every credential and presentation of version 2.0.
pub const CONTEXT_V2: &str = "https://www.w3.org/ns/credentials/v2";

/// A credential without its securing mechanism, whose members obey VCDM 2.0.
///
/// Having one says nothing about who made it: see [`crate::SecuredCredential`].
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    value: Value,
    issuer: String,
    valid_from: Option<Timestamp>,
    valid_until: Option<Timestamp>,
    status: Vec<StatusEntry>,
    unknown_status: Vec<String>,
    schemas: Vec<SchemaEntry>,
    ledger_record: Option<LedgerRecord>,
}

impl Credential {
    /// Takes an unsecured credential, or the payload of an enveloped one.
    ///
    /// Unknown members are kept: VCDM 2.0 leaves them to contexts and types. A `proof` is refused, since a proof
    /// that nobody looks at must not ride along.
    ///
    /// # Errors
    ///
    /// [`ModelError`], one variant per rule; none is worth a retry.
    pub fn from_value(value: Value) -> Result<Self, ModelError> {
        if !value.is_object() {
            return Err(ModelError::NotAnObject);
        }
        check_context(&value)?;
        rules::check_types(&value, "VerifiableCredential")?;
        rules::check_id(&value)?;
        rules::check_texts(&value)?;
        let issuer = rules::issuer(&value)?;
        let (valid_from, valid_until) = rules::validity(&value)?;
        rules::check_subjects(&value)?;
        rules::check_evidence(&value)?;
        rules::check_typed_properties(&value)?;
        rules::check_related_resources(&value)?;
        let (status, unknown_status) = entries::status(&value)?;
        let schemas = entries::schemas(&value)?;
        let ledger_record = entries::ledger_record(&value)?;
        if value.get("proof").is_some() {
            return Err(ModelError::ProofMisplaced);
        }
        Ok(Self {
            value,
            issuer,
            valid_from,
            valid_until,
            status,
            unknown_status,
            schemas,
            ledger_record,
        })
    }

    /// The JSON object as it was read, without a proof.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// The credential's own URL, if it has one ([§4.4](https://www.w3.org/TR/2025/REC-vc-data-model-2.0-20250515/#identifiers)).
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        json::text(&self.value, "id")
    }

    /// The types, `VerifiableCredential` among them, in the order written.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        type_names(&self.value)
    }

    /// Whether `name` is one of the types.
    #[must_use]
    pub fn has_type(&self, name: &str) -> bool {
        has_type(&self.value, name)
    }

    /// The issuer's URL, a DID for credentials of this toolkit.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The name that the issuer gives itself, if `issuer` is an object with a plain `name`. Not to be trusted.
    #[must_use]
    pub fn issuer_name(&self) -> Option<&str> {
        self.value.get("issuer").and_then(|issuer| json::text(issuer, "name"))
    }

    /// Start of the validity period.
    #[must_use]
    pub const fn valid_from(&self) -> Option<Timestamp> {
        self.valid_from
    }

    /// End of the validity period.
    #[must_use]
    pub const fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }

    /// The subjects: at least one, each an object with at least one member.
    #[must_use]
    pub fn subjects(&self) -> &[Value] {
        items(&self.value, "credentialSubject")
    }

    /// The URL of the only subject; none if there are several, or if it has no `id`.
    #[must_use]
    pub fn subject_id(&self) -> Option<&str> {
        match self.subjects() {
            [only] => json::text(only, "id"),
            _ => None,
        }
    }

    /// Entries of type `BitstringStatusListEntry`.
    #[must_use]
    pub fn status(&self) -> &[StatusEntry] {
        &self.status
    }

    /// Types of the status entries that this toolkit cannot check.
    #[must_use]
    pub fn unknown_status(&self) -> &[String] {
        &self.unknown_status
    }

    /// Schemas that the issuer promises to have kept to.
    #[must_use]
    pub fn schemas(&self) -> &[SchemaEntry] {
        &self.schemas
    }

    /// Evidence objects, each with a `type`.
    #[must_use]
    pub fn evidence(&self) -> &[Value] {
        items(&self.value, "evidence")
    }

    /// Where the issuance was recorded, and the salt that opens the commitment there.
    #[must_use]
    pub const fn ledger_record(&self) -> Option<&LedgerRecord> {
        self.ledger_record.as_ref()
    }

    /// The thumbprint of the holder's key that the issuer confirmed (`cnf.jkt`, [RFC 9449 §6.1]), if it did.
    ///
    /// [RFC 9449 §6.1]: https://www.rfc-editor.org/rfc/rfc9449#section-6.1
    #[must_use]
    pub fn confirmed_key(&self) -> Option<&str> {
        self.value.get("cnf").and_then(|cnf| json::text(cnf, "jkt"))
    }
}

/// The values of a member that may be written alone or as a list.
pub(crate) fn items<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    match value.get(member) {
        None => &[],
        Some(Value::Array(list)) => list,
        Some(single) => slice::from_ref(single),
    }
}

#[cfg(test)]
mod tests;
