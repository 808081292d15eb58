//! JSON Schema, as `credentialSchema` of type `JsonSchema` names it
//! ([VC JSON Schema](https://www.w3.org/TR/vc-json-schema/), draft 2020-12 only).
//!
//! In scope: does this credential keep to this schema? Out of scope: fetching the schema; nothing is fetched, so a
//! reference to another document makes a schema unusable here.

use jsonschema::{Draft, PatternOptions};
use serde_json::Value;

/// The dialect that is spoken.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Most violations that are reported.
const REPORTED: usize = 16;

/// Checks a credential (without its proof) against a schema.
///
/// Patterns are matched in linear time, formats are asserted as far as they are known.
///
/// # Errors
///
/// [`SchemaError::Dialect`] or [`SchemaError::Unusable`] if the schema cannot be used,
/// [`SchemaError::Violated`] with the places where the credential departs from it.
pub fn validate(credential: &Value, schema: &Value) -> Result<(), SchemaError> {
    match schema.get("$schema") {
        None => {}
        Some(dialect)
            if dialect.as_str().is_some_and(|uri| uri.trim_end_matches('#') == DIALECT) => {}
        Some(_) => return Err(SchemaError::Dialect),
    }
    if !schema.is_object() {
        return Err(SchemaError::Unusable { reason: "not an object".to_owned() });
    }
    let validator = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| SchemaError::Unusable { reason: error.to_string() })?;
    let violations: Vec<String> = validator
        .iter_errors(credential)
        .take(REPORTED)
        .map(|error| match error.instance_path().as_str() {
            "" => "/".to_owned(),
            path => path.to_owned(),
        })
        .collect();
    if violations.is_empty() { Ok(()) } else { Err(SchemaError::Violated { violations }) }
}

/// Why a schema could not be used, or a credential does not keep to it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SchemaError {
    /// `$schema` names another dialect.
    #[error("schema is not written in JSON Schema draft 2020-12")]
    Dialect,
    /// The schema is malformed, or refers to documents that are not at hand.
    #[error("schema cannot be used: {reason}")]
    Unusable {
        /// What is wrong with it.
        reason: String,
    },
    /// The credential departs from the schema.
    #[error("credential departs from its schema at {}", violations.join(", "))]
    Violated {
        /// JSON Pointers into the credential, at most sixteen; no values, which may be personal.
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
            Self::Violated { .. } => "credential-schema-violated",
        }
    }
}

#[cfg(test)]
mod tests;
