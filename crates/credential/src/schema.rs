//! JSON Schema, as `credentialSchema` of the types `JsonSchema` and `JsonSchemaCredential` names it
//! ([VC JSON Schema](https://www.w3.org/TR/vc-json-schema/), draft 2020-12 only).
//!
//! In scope: does this credential keep to this schema? Are these the bytes of the schema that the issuer meant? Which schema does this
//! credential about a schema hold? Out of scope: fetching, so a reference to another document makes a schema unusable here; who
//! signed a credential about a schema.

mod cost;

use inkan_core::{json, limits};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationError};
use serde_json::Value;

use self::cost::Price;
use crate::integrity::Fit;
use crate::model::{Credential, SchemaEntry, SchemaKind, has_type};

/// The dialect that is spoken.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Most violations that are reported.
const REPORTED: usize = 16;

/// The schema of every credential about a schema (§2.2).
const META_SCHEMA: &str = "https://www.w3.org/ns/credentials/json-schema/v2.json";

/// What an evaluation came to: the three outcomes of [§4.2](https://www.w3.org/TR/vc-json-schema/#evaluation).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Evaluation {
    /// The credential keeps to the schema.
    Success,
    /// It departs from it.
    Failure {
        /// JSON Pointers into the credential, at most sixteen; no values, which may be personal.
        violations: Vec<String>,
    },
    /// It cannot be told.
    Indeterminate(SchemaError),
}

/// Evaluates a credential (without its proof) under a schema, which may be written in a dialect that is not spoken here.
#[must_use]
pub fn evaluate(credential: &Value, schema: &Value) -> Evaluation {
    match validate(credential, schema) {
        Ok(()) => Evaluation::Success,
        Err(SchemaError::Violated { violations }) => Evaluation::Failure { violations },
        Err(
            error @ (SchemaError::Dialect
            | SchemaError::Unusable { .. }
            | SchemaError::DigestMismatch
            | SchemaError::DigestUnsupported
            | SchemaError::Credential { .. }),
        ) => Evaluation::Indeterminate(error),
    }
}

/// Reads a schema from the bytes that were got for `entry`: if the issuer fixed their digest, they must be those.
///
/// # Errors
///
/// [`SchemaError::DigestMismatch`], [`SchemaError::DigestUnsupported`], or [`SchemaError::Unusable`] for what is not JSON.
pub fn read(bytes: &[u8], entry: &SchemaEntry) -> Result<Value, SchemaError> {
    check_bytes(bytes, entry)?;
    json::parse(bytes, limits::DOCUMENT)
        .map_err(|error| SchemaError::Unusable { reason: error.to_string() })
}

/// The schema that an entry of type `JsonSchema` names, of what is at hand under its id: its bytes, or what they say. Where the issuer
/// fixed the bytes, only those will do: as they are served, or in the canonical form (RFC 8785) in which a bundle can carry them. None
/// if it is not at hand: another text of it may be the one that was fixed, so what was only read once is missing, and not wrong.
///
/// # Errors
///
/// As [`read`], of the bytes.
pub fn choose(
    entry: &SchemaEntry,
    bytes: Option<&[u8]>,
    said: Option<&Value>,
) -> Result<Option<Value>, SchemaError> {
    if let Some(bytes) = bytes {
        return read(bytes, entry).map(Some);
    }
    if entry.integrity.is_none() {
        return Ok(said.cloned());
    }
    let canonical = said.and_then(|schema| json::canonicalize(schema).ok());
    Ok(canonical.and_then(|bytes| read(&bytes, entry).ok()))
}

/// Checks that `bytes` are those that the issuer fixed in `entry`, if it fixed any.
///
/// # Errors
///
/// [`SchemaError::DigestMismatch`] or [`SchemaError::DigestUnsupported`].
pub fn check_bytes(bytes: &[u8], entry: &SchemaEntry) -> Result<(), SchemaError> {
    match entry.integrity.as_ref().map(|integrity| integrity.check(bytes)) {
        None | Some(Fit::Same) => Ok(()),
        Some(Fit::Other) => Err(SchemaError::DigestMismatch),
        Some(Fit::HashUnsupported) => Err(SchemaError::DigestUnsupported),
    }
}

/// The schema in a credential of type `JsonSchemaCredential` that was got for `entry` (§2.2).
///
/// The caller has verified it, as it verifies any other credential, and trusts its issuer with this.
///
/// # Errors
///
/// [`SchemaError::Credential`] with the member that is not as it must be.
pub fn schema_in<'a>(
    credential: &'a Credential,
    entry: &SchemaEntry,
) -> Result<&'a Value, SchemaError> {
    let wrong = |member| SchemaError::Credential { member };
    if !credential.has_type("JsonSchemaCredential") {
        return Err(wrong("type"));
    }
    if credential.id().is_some_and(|id| id != entry.id) {
        return Err(wrong("id"));
    }
    let about_schemas =
        |schema: &SchemaEntry| schema.kind == SchemaKind::JsonSchema && schema.id == META_SCHEMA;
    if !credential.schemas().iter().any(about_schemas) {
        return Err(wrong("credentialSchema"));
    }
    let [subject] = credential.subjects() else { return Err(wrong("credentialSubject")) };
    if !has_type(subject, "JsonSchema") {
        return Err(wrong("credentialSubject.type"));
    }
    let schema = subject.get("jsonSchema").filter(|schema| schema.is_object());
    schema.ok_or(wrong("credentialSubject.jsonSchema"))
}

/// Checks a credential (without its proof) against a schema.
///
/// Patterns are matched in linear time, formats are asserted as far as they are known.
///
/// # Errors
///
/// [`SchemaError::Dialect`] or [`SchemaError::Unusable`] if the schema cannot be used,
/// [`SchemaError::Violated`] with the places where the credential departs from it.
pub fn validate(credential: &Value, schema: &Value) -> Result<(), SchemaError> {
    if !schema.is_object() {
        return Err(SchemaError::Unusable { reason: "not an object".to_owned() });
    }
    // A schema that does not say what it is written in must not be processed (§4).
    let dialect = json::text(schema, "$schema").map(|uri| uri.trim_end_matches('#'));
    if dialect != Some(DIALECT) {
        return Err(SchemaError::Dialect);
    }
    let price = cost::price(schema, credential);
    if price == Price::TooMuch {
        let reason = "it refers elsewhere, or takes too long to evaluate".to_owned();
        return Err(SchemaError::Unusable { reason });
    }
    let validator = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| SchemaError::Unusable { reason: error.to_string() })?;
    if validator.is_valid(credential) {
        return Ok(());
    }
    // Whoever names one violation collects all of them first.
    if price != Price::Small {
        return Err(SchemaError::Violated { violations: vec!["/".to_owned()] });
    }
    let violations: Vec<String> =
        validator.iter_errors(credential).take(REPORTED).map(|error| place_of(&error)).collect();
    Err(SchemaError::Violated { violations })
}

/// Where a credential departs from its schema: of a member that is missing, the place where it should be.
fn place_of(error: &ValidationError<'_>) -> String {
    let mut path = error.instance_path().as_str().to_owned();
    if let ValidationErrorKind::Required { property: Value::String(name) } = error.kind() {
        path.push('/');
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
    }
    if path.is_empty() { "/".to_owned() } else { path }
}

/// Why a schema could not be used, or a credential does not keep to it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SchemaError {
    /// `$schema` names another dialect, or none.
    #[error("schema is not written in JSON Schema draft 2020-12")]
    Dialect,
    /// The schema is malformed, or refers to documents that are not at hand.
    #[error("schema cannot be used: {reason}")]
    Unusable {
        /// What is wrong with it.
        reason: String,
    },
    /// The bytes are not those whose digest the issuer fixed.
    #[error("schema is not the one whose digest stands in the credential")]
    DigestMismatch,
    /// The issuer fixed the bytes by a hash that cannot be computed here.
    #[error("schema is fixed by a hash that cannot be computed here")]
    DigestUnsupported,
    /// What should be a credential about a schema is none.
    #[error("credential about a schema: {member} is missing or malformed")]
    Credential {
        /// The member.
        member: &'static str,
    },
    /// The credential departs from the schema.
    #[error("credential departs from its schema at {}", violations.join(", "))]
    Violated {
        /// JSON Pointers into the credential, at most sixteen; no values, which may be personal. If there could be very many
        /// violations, `/` for the whole.
        violations: Vec<String>,
    },
}

impl SchemaError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Dialect => "schema-dialect-unsupported",
            Self::Unusable { .. } => "schema-unusable",
            Self::DigestMismatch => "schema-digest-mismatch",
            Self::DigestUnsupported => "schema-digest-unsupported",
            Self::Credential { .. } => "schema-credential-malformed",
            Self::Violated { .. } => "credential-schema-violated",
        }
    }
}

#[cfg(test)]
mod tests;
