//! The credential itself: what [VCDM 2.0](https://www.w3.org/TR/2025/REC-vc-data-model-2.0-20250515/) demands of its members.
//!
//! In scope: the shape rules of sections 4 and 5, and this project's `ledgerRecord`. Out of scope: who secured it
//! (`secured`), whether the issuer may say this (`inkan-verifier`, `inkan-assurance`), and what JSON-LD terms
//! mean: the suites that sign them (`rdfc`) refuse every term that would be dropped from what is signed.

mod context;
mod dates;
mod entries;
mod error;
mod rules;
pub mod text;

use std::slice;
use std::sync::Arc;

use inkan_core::{Timestamp, json};
use inkan_crypto::PublicKey;
use serde_json::Value;

pub(crate) use self::context::{check_context, check_envelope_context, check_nested};
pub(crate) use self::entries::is_origin;
pub use self::entries::{
    LedgerRecord, MAXIMUM_STATUS_SIZE, SchemaEntry, SchemaKind, StatusEntry, StatusMessage,
    StatusPurpose,
};
pub use self::error::ModelError;
pub(crate) use self::rules::{
    are_typed_objects, has_type, is_typed, is_url, issuer_like, type_names,
};
use crate::countersignature::{OFFER, Wanted, is_renderable, read_offer};
use crate::integrity::{self, RelatedResource};
use crate::token_status_list::StatusReference;

/// The first entry of `@context` in every credential and presentation of version 2.0.
pub const CONTEXT_V2: &str = "https://www.w3.org/ns/credentials/v2";
/// The same of version 1.1, which is read and never written.
const CONTEXT_V1: &str = "https://www.w3.org/2018/credentials/v1";

/// Versions of the data model.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DataModel {
    /// [1.1](https://www.w3.org/TR/2022/REC-vc-data-model-20220303/), read and never written.
    V1,
    /// [2.0](https://www.w3.org/TR/2025/REC-vc-data-model-2.0-20250515/).
    V2,
}

impl DataModel {
    /// The number in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.1",
            Self::V2 => "2.0",
        }
    }
}

/// A credential without its securing mechanism, whose members obey the data model.
///
/// Having one says nothing about who made it: see [`crate::SecuredCredential`].
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    value: Arc<Value>,
    version: DataModel,
    issuer: String,
    valid_from: Option<Timestamp>,
    valid_until: Option<Timestamp>,
    status: Vec<StatusEntry>,
    token_status: Option<StatusReference>,
    unknown_status: Vec<String>,
    schemas: Vec<SchemaEntry>,
    related: Vec<RelatedResource>,
    ledger_record: Option<LedgerRecord>,
    offer: Vec<Wanted>,
}

impl Credential {
    /// Takes a credential of version 2.0: what is to be signed, or the payload of an envelope.
    ///
    /// Unknown members are kept: VCDM 2.0 leaves them to contexts and types. A `proof` is refused, since a proof
    /// that nobody looks at must not ride along.
    ///
    /// # Errors
    ///
    /// [`ModelError`], one variant per rule; none is worth a retry.
    pub fn from_value(value: Value) -> Result<Self, ModelError> {
        Self::from_shared(Arc::new(value))
    }

    /// The same of a value that somebody else keeps, too.
    pub(crate) fn from_shared(value: Arc<Value>) -> Result<Self, ModelError> {
        let credential = Self::read_shared(value)?;
        match credential.version {
            DataModel::V2 => Ok(credential),
            DataModel::V1 => {
                Err(ModelError::UnsupportedVersion { version: credential.version.as_str() })
            }
        }
    }

    /// Takes a credential of either version, whose embedded proofs somebody else looks at.
    ///
    /// # Errors
    ///
    /// As [`Self::from_value`].
    pub fn read(value: Value) -> Result<Self, ModelError> {
        Self::read_shared(Arc::new(value))
    }

    fn read_shared(value: Arc<Value>) -> Result<Self, ModelError> {
        if !value.is_object() {
            return Err(ModelError::NotAnObject);
        }
        let version = check_context(&value)?;
        rules::check_counts(&value)?;
        rules::check_keywords(&value)?;
        rules::check_types(&value, "VerifiableCredential")?;
        rules::check_id(&value)?;
        text::check_texts(&value)?;
        let issuer = rules::issuer(&value)?;
        let (valid_from, valid_until) = dates::validity(&value, version)?;
        rules::check_subjects(&value)?;
        rules::check_evidence(&value)?;
        rules::check_typed_properties(&value, version)?;
        rules::check_confirmation(&value)?;
        let property = "relatedResource";
        let related =
            integrity::related_resources(&value).ok_or(ModelError::Property { property })?;
        let (status, unknown_status) = entries::status(&value, version)?;
        let schemas = entries::schemas(&value)?;
        let ledger_record = entries::ledger_record(&value)?;
        let offer = read_offer(&value).ok_or(ModelError::Property { property: OFFER })?;
        if value.get("proof").is_some() {
            return Err(ModelError::ProofMisplaced);
        }
        if !is_renderable(&value) {
            return Err(ModelError::TextTooLong);
        }
        Ok(Self {
            value,
            version,
            issuer,
            valid_from,
            valid_until,
            status,
            token_status: None,
            unknown_status,
            schemas,
            related,
            ledger_record,
            offer,
        })
    }

    /// Takes the claims of an SD-JWT VC, arranged as a credential of version 2.0. The rules of the data model are not those of
    /// such claims, so they are not asked of them.
    pub(crate) fn of_claims(
        value: Value,
        (valid_from, valid_until): (Option<Timestamp>, Option<Timestamp>),
        (token_status, unknown_status): (Option<StatusReference>, Vec<String>),
    ) -> Result<Self, ModelError> {
        if !is_renderable(&value) {
            return Err(ModelError::TextTooLong);
        }
        Ok(Self {
            version: DataModel::V2,
            issuer: json::text(&value, "issuer").unwrap_or_default().to_owned(),
            valid_from,
            valid_until,
            status: Vec::new(),
            token_status,
            unknown_status,
            schemas: Vec::new(),
            related: Vec::new(),
            ledger_record: entries::ledger_record(&value)?,
            offer: read_offer(&value).ok_or(ModelError::Property { property: OFFER })?,
            value: Arc::new(value),
        })
    }

    /// The same as the payload of a JWT, whose claim `status` is a status too ([`StatusReference::and_others`]).
    pub(crate) fn with_status_claim(mut self) -> Self {
        if let Some(claim) = self.value.get("status") {
            let (list, others) = StatusReference::and_others(claim);
            self.token_status = list;
            self.unknown_status.extend(others);
        }
        self
    }

    /// The JSON object as it was read, without a proof.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The version of the data model that it is written in.
    #[must_use]
    pub const fn version(&self) -> DataModel {
        self.version
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

    /// Whether it is good in anybody's hands: it is about nobody who could be told from others.
    #[must_use]
    pub fn is_bearer(&self) -> bool {
        self.subjects().iter().all(|subject| subject.get("id").is_none())
    }

    /// Start of the validity period; in version 1.1, `issuanceDate`.
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

    /// The entry of a token status list that the claim `status` names, of credentials in a JWT, an SD-JWT or a COSE message.
    #[must_use]
    pub const fn token_status(&self) -> Option<&StatusReference> {
        self.token_status.as_ref()
    }

    /// Types, or purposes, of the status entries that this toolkit cannot check.
    #[must_use]
    pub fn unknown_status(&self) -> &[String] {
        &self.unknown_status
    }

    /// Schemas that the issuer promises to have kept to.
    #[must_use]
    pub fn schemas(&self) -> &[SchemaEntry] {
        &self.schemas
    }

    /// Resources whose bytes the issuer fixed: see [`crate::integrity::check_related_resources`].
    #[must_use]
    pub fn related_resources(&self) -> &[RelatedResource] {
        &self.related
    }

    /// Evidence objects, each with a `type`.
    #[must_use]
    pub fn evidence(&self) -> &[Value] {
        items(&self.value, "evidence")
    }

    /// Who has to countersign, as the issuer says in what it signed; nobody, if it says nothing.
    #[must_use]
    pub fn offer(&self) -> &[Wanted] {
        &self.offer
    }

    /// Where the issuance was recorded, and the salt that opens the commitment there.
    #[must_use]
    pub const fn ledger_record(&self) -> Option<&LedgerRecord> {
        self.ledger_record.as_ref()
    }

    /// The DID URL of the holder's key that the issuer confirmed by its name alone: `cnf.kid` ([RFC 7800 §3.4]), and
    /// nothing beside it: a second condition that is not read here must not be lost.
    ///
    /// [RFC 7800 §3.4]: https://www.rfc-editor.org/rfc/rfc7800#section-3.4
    #[must_use]
    pub fn confirmed_name(&self) -> Option<&str> {
        let cnf = self.value.get("cnf")?;
        let is_alone = cnf.as_object().is_some_and(|members| members.len() == 1);
        json::text(cnf, "kid").filter(|name| is_alone && !name.is_empty())
    }

    /// Whether whoever signs with this key, by this DID URL, is whom the issuer confirmed; none if it confirmed nobody. That the key has
    /// this name now, the caller has seen in its owner's document.
    #[must_use]
    pub fn is_confirmed(&self, key: &PublicKey, method: &str) -> Option<bool> {
        match self.confirmed_name() {
            Some(name) => Some(name == method),
            None => self.confirmed_key().map(|jkt| jkt == key.thumbprint()),
        }
    }

    /// The thumbprint of the holder's key that the issuer confirmed, if it confirmed one: `cnf.jkt` ([RFC 9449 §6.1]), or that
    /// of `cnf.jwk` ([RFC 7800 §3.2]). None only if there is no `cnf`. A confirmation that cannot be read, a key by its name
    /// (`kid`) and two that differ are nobody's: their thumbprint is empty, and so no key has it.
    ///
    /// [RFC 9449 §6.1]: https://www.rfc-editor.org/rfc/rfc9449#section-6.1
    /// [RFC 7800 §3.2]: https://www.rfc-editor.org/rfc/rfc7800#section-3.2
    #[must_use]
    pub fn confirmed_key(&self) -> Option<String> {
        let cnf = self.value.get("cnf")?;
        let thumbprint = cnf.get("jkt").map(|jkt| jkt.as_str().unwrap_or_default().to_owned());
        let key = cnf
            .get("jwk")
            .map(|key| PublicKey::from_jwk(key).map(|key| key.thumbprint()).unwrap_or_default());
        Some(match (thumbprint, key) {
            (Some(one), None) | (None, Some(one)) => one,
            (Some(one), Some(other)) if one == other => one,
            (Some(_), Some(_)) | (None, None) => String::new(),
        })
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

/// Whether `aud`, if it is there, names somebody (RFC 7519 §4.1.3): a text, or a list of texts that is not empty.
pub(crate) fn is_audience(payload: &Value) -> bool {
    let named = items(payload, "aud");
    named.iter().all(Value::is_string) && (payload.get("aud").is_none() || !named.is_empty())
}

#[cfg(test)]
mod tests;
