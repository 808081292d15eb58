//! From claims to an unsigned credential.
//!
//! In scope: which members it gets, and in which context. Out of scope: the signature ([`crate::issue()`]).

mod error;

use std::collections::BTreeMap;

use inkan_core::rng::{draw, draw_uuid_urn};
use inkan_core::{CryptoRng, Timestamp, digest, encoding, json, limits};
use inkan_credential::countersignature::{OFFER, Wanted};
use inkan_credential::model::{CONTEXT_V2, LedgerRecord, StatusEntry};
use inkan_credential::sd_jwt_vc::{ABOUT_ITSELF, TypeMetadata};
use inkan_credential::token_status_list::StatusReference;
use inkan_credential::{Credential, inline_context, schema};
use inkan_crypto::PublicKey;
use serde_json::{Map, Value, json};

pub use self::error::DraftError;
use crate::evidence;

/// What is to be issued.
#[derive(Clone, Debug)]
pub struct IssueRequest<'a> {
    /// Types beside `VerifiableCredential`.
    pub types: &'a [String],
    /// Contexts beside that of VCDM 2.0 and the inline one; none is needed.
    pub contexts: &'a [Value],
    /// The issuer's DID.
    pub issuer: &'a str,
    /// The name that the issuer gives itself.
    pub issuer_name: Option<&'a str>,
    /// The subject's DID; none for a bearer credential.
    pub subject: Option<&'a str>,
    /// RFC 7638 thumbprint of the subject's key, which evidence is bound to.
    pub subject_key: Option<&'a str>,
    /// What is said about the subject.
    pub claims: &'a Map<String, Value>,
    /// Evidence objects as the file has them.
    pub evidence: &'a [Value],
    /// Start of the validity period.
    pub valid_from: Timestamp,
    /// End of the validity period.
    pub valid_until: Option<Timestamp>,
    /// Where the status will be found.
    pub status: &'a [StatusEntry],
    /// URL and text of a JSON Schema that the credential keeps to.
    pub schema: Option<(&'a str, &'a Value)>,
    /// Origin of the log where the issuance will be recorded.
    pub log: Option<&'a str>,
}

/// An unsigned credential that obeys the data model.
#[derive(Clone, Debug)]
pub struct Draft {
    credential: Credential,
    warnings: Vec<Warning>,
}

impl Draft {
    /// The credential.
    #[must_use]
    pub const fn credential(&self) -> &Credential {
        &self.credential
    }

    /// What the issuer should know before signing.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The same draft, in which the holder's key is confirmed (`cnf`, [RFC 7800 §3](https://www.rfc-editor.org/rfc/rfc7800#section-3)):
    /// what a key binding is made with.
    ///
    /// # Errors
    ///
    /// [`DraftError::Model`].
    pub fn confirming(self, holder_key: &PublicKey) -> Result<Self, DraftError> {
        let mut value = self.credential.value().clone();
        if let Value::Object(members) = &mut value {
            members.insert("cnf".to_owned(), json!({ "jwk": holder_key.to_jwk() }));
        }
        Ok(Self { credential: Credential::from_value(value)?, ..self })
    }

    /// The same draft, which names its place in a token status list (claim `status`,
    /// [draft-ietf-oauth-status-list §6.1](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list)): for what is secured
    /// by a JWS, an SD-JWT or a COSE message, whose readers look for it there.
    ///
    /// # Errors
    ///
    /// [`DraftError::Model`].
    pub fn with_token_status(self, entry: &StatusReference) -> Result<Self, DraftError> {
        let mut value = self.credential.value().clone();
        if let Value::Object(members) = &mut value {
            members.insert("status".to_owned(), entry.to_claim());
        }
        Ok(Self { credential: Credential::from_value(value)?, ..self })
    }

    /// The same draft, which says who has to countersign: it is then an offer until they have. Only for what is secured as the
    /// JSON that it is (JCS, JOSE, COSE, SD-JWT): a suite that signs statements would let a holder spell the member otherwise, and
    /// no reader would see it.
    ///
    /// # Errors
    ///
    /// [`DraftError::Model`].
    pub fn offering(self, wanted: &[Wanted]) -> Result<Self, DraftError> {
        if wanted.is_empty() {
            return Ok(self);
        }
        let mut value = self.credential.value().clone();
        if let Value::Object(members) = &mut value {
            let items = wanted.iter().map(Wanted::to_value).collect();
            members.insert(OFFER.to_owned(), Value::Array(items));
        }
        Ok(Self { credential: Credential::from_value(value)?, ..self })
    }

    /// The same draft with what the issuer states of the holder's key (`inkan-key-statement/1`), from the attestation that the wallet showed. Only
    /// for what is secured as the JSON that it is, like [`Self::offering`].
    ///
    /// # Errors
    ///
    /// [`DraftError::Model`].
    pub fn stating_key(self, statement: &Value) -> Result<Self, DraftError> {
        let mut value = self.credential.value().clone();
        if let Value::Object(members) = &mut value {
            members.insert("keyStatement".to_owned(), statement.clone());
        }
        Ok(Self { credential: Credential::from_value(value)?, ..self })
    }

    /// The same draft, whose claims can stand in an SD-JWT VC: there they share one object with what it says of itself
    /// ([SD-JWT VC §3.2.2](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-sd-jwt-vc)), so none may have such a name.
    ///
    /// # Errors
    ///
    /// [`DraftError::Reserved`].
    pub fn flat(self) -> Result<Self, DraftError> {
        match reserved(&self.credential) {
            Some(name) => Err(DraftError::Reserved { name }),
            None => Ok(self),
        }
    }

    /// The same draft with more members of the data model ([VCDM 2.0 §4 and §5](https://www.w3.org/TR/vc-data-model-2.0/)), such as
    /// `name`, `termsOfUse` or `renderMethod`; of `issuer` what describes it, and not who it is.
    ///
    /// # Errors
    ///
    /// [`DraftError::Member`] for one that the draft has already, or that its issuer decides in another way; [`DraftError::Model`].
    pub fn with_members(self, more: &Map<String, Value>) -> Result<Self, DraftError> {
        let taken = |name: &str| DraftError::Member { name: name.chars().take(64).collect() };
        let mut value = self.credential.value().clone();
        let Value::Object(members) = &mut value else { return Ok(self) };
        for (name, given) in more {
            if name == "issuer" {
                let issuer = members.get("issuer").cloned().unwrap_or_default();
                members.insert(name.clone(), described(issuer, given).ok_or_else(|| taken(name))?);
                continue;
            }
            let decided = DECIDED.contains(&name.as_str()) || name.starts_with('@');
            if decided || members.contains_key(name) {
                return Err(taken(name));
            }
            members.insert(name.clone(), given.clone());
        }
        Ok(Self { credential: Credential::from_value(value)?, ..self })
    }

    /// Fixes which type metadata are meant (`vct#integrity`, SD-JWT VC §5) by `bytes` as they are published: for what is secured as an
    /// SD-JWT VC, whose type is [`IssueRequest::types`].
    ///
    /// # Errors
    ///
    /// [`DraftError::Model`].
    pub fn fixing_type(self, bytes: &[u8]) -> Result<Self, DraftError> {
        let mut value = self.credential.value().clone();
        if let Value::Object(members) = &mut value {
            let integrity = TypeMetadata::integrity_of(bytes);
            members.insert("vct#integrity".to_owned(), integrity.into());
        }
        Ok(Self { credential: Credential::from_value(value)?, ..self })
    }

    /// Fixes which schema is meant, by digests (`digestSRI`, VCDM 2.0 §5.3) of `bytes` as they are published, and of their
    /// canonical form (RFC 8785), in which a bundle carries them. A reader takes either.
    ///
    /// # Errors
    ///
    /// [`DraftError::Model`].
    pub fn fixing_schema(self, bytes: &[u8]) -> Result<Self, DraftError> {
        let sri = |bytes: &[u8]| format!("sha384-{}", encoding::b64(&digest::sha384(&[bytes])));
        let mut digests = vec![sri(bytes)];
        let canonical = json::parse(bytes, limits::DOCUMENT).ok();
        let canonical = canonical.and_then(|schema| json::canonicalize(&schema).ok());
        digests.extend(canonical.map(|bytes| sri(&bytes)).filter(|one| !digests.contains(one)));
        let mut value = self.credential.value().clone();
        if let Some(Value::Object(entry)) = value.get_mut("credentialSchema") {
            entry.insert("digestSRI".to_owned(), digests.join(" ").into());
        }
        Ok(Self { credential: Credential::from_value(value)?, ..self })
    }

    pub(crate) fn into_credential(self) -> (Credential, Vec<Warning>) {
        (self.credential, self.warnings)
    }
}

/// What is said in another way, or would be taken for what it is not.
const DECIDED: [&str; 14] = [
    "id",
    "type",
    "validFrom",
    "validUntil",
    "credentialSubject",
    "credentialStatus",
    "evidence",
    "ledgerRecord",
    "proof",
    "cnf",
    "status",
    "vct",
    "keyStatement",
    OFFER,
];

/// The issuer, with what describes it: none if that says who it is.
fn described(issuer: Value, more: &Value) -> Option<Value> {
    let mut members = match issuer {
        Value::Object(members) => members,
        id @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)) => Map::from_iter([("id".to_owned(), id)]),
    };
    for (name, given) in more.as_object()? {
        if name.starts_with('@') || members.contains_key(name) {
            return None;
        }
        members.insert(name.clone(), given.clone());
    }
    Some(Value::Object(members))
}

/// Members of a credential that are easily put among the claims: there they say nothing.
const OF_CREDENTIALS: [&str; 7] = [
    "credentialSchema",
    "credentialStatus",
    "refreshService",
    "relatedResource",
    "renderMethod",
    "termsOfUse",
    "validUntil",
];

/// A claim about the subject with the name of what an SD-JWT VC says of itself.
pub(crate) fn reserved(credential: &Credential) -> Option<&'static str> {
    let taken = |name: &str| {
        let mut members = credential.subjects().iter().filter_map(Value::as_object);
        members.any(|members| members.contains_key(name))
    };
    ABOUT_ITSELF.into_iter().find(|name| taken(name))
}

/// Something that is allowed and probably not meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Warning {
    /// A claim is spelt like a level of assurance. Verifiers ignore it: levels are computed from evidence.
    LevelClaim {
        /// Where it stands, as a JSON Pointer into the claims.
        path: String,
    },
    /// A claim has the name of a member of credentials. About the subject it says nothing: it belongs beside the claims.
    Misplaced {
        /// Where it stands, as a JSON Pointer into the claims.
        path: String,
    },
}

impl Warning {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LevelClaim { .. } => "claimed-level-ignored",
            Self::Misplaced { .. } => "claim-misplaced",
        }
    }
}

/// Builds the unsigned credential. Its id and those of evidence objects without one are drawn from `rng`, and so is
/// the salt in `ledgerRecord`.
///
/// # Errors
///
/// [`DraftError`]: claims that contradict the request, evidence about somebody else, a schema that is not kept, or a
/// broken rule of the data model.
pub fn draft(request: &IssueRequest<'_>, rng: &mut impl CryptoRng) -> Result<Draft, DraftError> {
    let mut members = Map::new();
    members.insert("@context".to_owned(), context(request.contexts));
    members.insert("id".to_owned(), draw_uuid_urn(rng).into());
    members.insert("type".to_owned(), types(request.types));
    members.insert("issuer".to_owned(), issuer(request));
    members.insert("validFrom".to_owned(), request.valid_from.to_string().into());
    if let Some(until) = request.valid_until {
        members.insert("validUntil".to_owned(), until.to_string().into());
    }
    members.insert("credentialSubject".to_owned(), subject(request)?);
    let evidence = evidence::complete(request, rng)?;
    if !evidence.is_empty() {
        members.insert("evidence".to_owned(), Value::Array(evidence));
    }
    match request.status {
        [] => {}
        [one] => {
            members.insert("credentialStatus".to_owned(), one.to_value());
        }
        several => {
            let entries = several.iter().map(StatusEntry::to_value).collect();
            members.insert("credentialStatus".to_owned(), entries);
        }
    }
    if let Some((uri, _)) = request.schema {
        members.insert("credentialSchema".to_owned(), json!({ "id": uri, "type": "JsonSchema" }));
    }
    if let Some(log) = request.log {
        let record = LedgerRecord { log: log.to_owned(), salt: draw(rng) };
        members.insert("ledgerRecord".to_owned(), record.to_value());
    }
    let credential = Credential::from_value(Value::Object(members))?;
    if let Some((_, schema)) = request.schema {
        schema::validate(credential.value(), schema)?;
    }
    let mut warnings = Vec::new();
    level_claims(request.claims, "", &mut warnings);
    let misplaced = OF_CREDENTIALS.iter().filter(|name| request.claims.contains_key(**name));
    warnings.extend(misplaced.map(|name| Warning::Misplaced { path: format!("/{name}") }));
    Ok(Draft { credential, warnings })
}

fn context(others: &[Value]) -> Value {
    let first = Value::from(CONTEXT_V2);
    std::iter::once(first).chain(others.iter().cloned()).chain([inline_context()]).collect()
}

fn types(names: &[String]) -> Value {
    let others = names.iter().map(String::as_str).filter(|name| *name != "VerifiableCredential");
    std::iter::once("VerifiableCredential").chain(others).collect()
}

fn issuer(request: &IssueRequest<'_>) -> Value {
    match request.issuer_name {
        None => request.issuer.into(),
        Some(name) => json!({ "id": request.issuer, "name": name }),
    }
}

/// The claims with the subject's id. A keyword of JSON-LD among them could change what the others mean.
fn subject(request: &IssueRequest<'_>) -> Result<Value, DraftError> {
    if let Some(keyword) = request.claims.keys().find(|name| name.starts_with('@')) {
        return Err(DraftError::Keyword { name: keyword.chars().take(64).collect() });
    }
    let mut subject = request.claims.clone();
    if let Some(did) = request.subject {
        let stated = subject.insert("id".to_owned(), did.into());
        if stated.is_some_and(|stated| stated.as_str() != Some(did)) {
            return Err(DraftError::SubjectMismatch);
        }
    }
    Ok(Value::Object(subject))
}

/// Names under which levels of assurance are claimed (assurance specification, P1).
const LEVEL_NAMES: [&str; 11] = [
    "aal",
    "acr",
    "amr",
    "assuranceLevel",
    "assurance_level",
    "claimedLevels",
    "claimed_levels",
    "ial",
    "identifierClass",
    "loa",
    "vot",
];

fn level_claims(claims: &Map<String, Value>, path: &str, warnings: &mut Vec<Warning>) {
    // In one order, whatever order the reader kept.
    let members: BTreeMap<&String, &Value> = claims.iter().collect();
    for (name, value) in members {
        let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
        if LEVEL_NAMES.iter().any(|level| level.eq_ignore_ascii_case(name)) || name == "strength" {
            warnings.push(Warning::LevelClaim { path: path.clone() });
        }
        level_claims_in(value, &path, warnings);
    }
}

fn level_claims_in(value: &Value, path: &str, warnings: &mut Vec<Warning>) {
    match value {
        Value::Object(members) => level_claims(members, path, warnings),
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                level_claims_in(item, &format!("{path}/{position}"), warnings);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
pub(crate) mod tests;
