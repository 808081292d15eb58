//! What a credential refers to outside itself, as far as its issuer has it: schemas, and resources fixed by a digest.
//!
//! In scope: a credential that departs from a schema at hand, or fixes other bytes than those at hand, is not issued: whoever has the same
//! would refuse it. Out of scope: what is not at hand, of which nothing is said; getting it.

use std::collections::BTreeMap;

use inkan_credential::integrity::{RelatedResource, ResourceOutcome, check_related_resources};
use inkan_credential::model::{SchemaEntry, SchemaKind};
use inkan_credential::schema::{self, Evaluation, SchemaError};
use inkan_credential::{Credential, SecuredCredential};
use serde_json::Value;

/// What an issuer has at hand, by URL.
#[derive(Clone, Debug, Default)]
pub struct AtHand {
    /// Files, byte for byte.
    pub resources: BTreeMap<String, Vec<u8>>,
    /// Schemas of which only what they say was kept.
    pub schemas: BTreeMap<String, Value>,
}

impl AtHand {
    /// That it keeps to the schemas that it names, and fixes the bytes at hand.
    ///
    /// # Errors
    ///
    /// [`OutsideError`], of the first that does not fit.
    pub fn check(&self, credential: &Credential) -> Result<(), OutsideError> {
        self.check_schemas(credential)?;
        match self.mismatches(credential).first() {
            Some(resource) => Err(OutsideError::Resource { id: resource.id.clone() }),
            None => Ok(()),
        }
    }

    /// The related resources whose bytes are at hand, or known to everybody, and are others than the credential fixes.
    #[must_use]
    pub fn mismatches<'a>(&self, credential: &'a Credential) -> Vec<&'a RelatedResource> {
        let report = check_related_resources(credential, &self.resources).into_iter();
        let wrong = report.filter(|(_, outcome)| match outcome {
            ResourceOutcome::Wrong => true,
            ResourceOutcome::Checked
            | ResourceOutcome::Missing
            | ResourceOutcome::HashUnsupported => false,
        });
        wrong.map(|(resource, _)| resource).collect()
    }

    /// That it keeps to the schemas that it names and that are at hand.
    ///
    /// # Errors
    ///
    /// [`OutsideError::Schema`] also for one that cannot be used: no verifier could use it either.
    pub fn check_schemas(&self, credential: &Credential) -> Result<(), OutsideError> {
        for entry in credential.schemas() {
            let unfit = |source| OutsideError::Schema { id: entry.id.clone(), source };
            let Some(schema) = self.schema(entry).map_err(unfit)? else { continue };
            match schema::evaluate(credential.value(), &schema) {
                Evaluation::Success => {}
                Evaluation::Failure { violations } => {
                    return Err(unfit(SchemaError::Violated { violations }));
                }
                Evaluation::Indeterminate(error) => return Err(unfit(error)),
            }
        }
        Ok(())
    }

    /// The schema that an entry names, if it is at hand. Who signed a credential about a schema is for verifiers to judge: here it can
    /// only lead to a refusal.
    fn schema(&self, entry: &SchemaEntry) -> Result<Option<Value>, SchemaError> {
        let bytes = self.resources.get(&entry.id);
        let said = self.schemas.get(&entry.id);
        match entry.kind {
            SchemaKind::Unknown(_) => Ok(None),
            SchemaKind::JsonSchema => schema::choose(entry, bytes.map(Vec::as_slice), said),
            SchemaKind::JsonSchemaCredential => {
                let read = match (bytes, said.filter(|_| entry.integrity.is_none())) {
                    (Some(bytes), _) => {
                        schema::check_bytes(bytes, entry)?;
                        SecuredCredential::parse(bytes)
                    }
                    (None, Some(value)) => SecuredCredential::parse_value(value.clone()),
                    (None, None) => return Ok(None),
                };
                let secured =
                    read.map_err(|error| SchemaError::Unusable { reason: error.to_string() })?;
                schema::schema_in(secured.credential(), entry).cloned().map(Some)
            }
        }
    }
}

/// What a credential says of something outside itself is not so.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OutsideError {
    /// It departs from a schema, or names one that cannot be used.
    #[error("credentialSchema {id}")]
    Schema {
        /// URL of the schema.
        id: String,
        /// What does not fit.
        source: SchemaError,
    },
    /// It fixes a resource by a digest that this does not have.
    #[error("relatedResource: the digest is not that of {id}")]
    Resource {
        /// URL of the resource.
        id: String,
    },
}

impl OutsideError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Schema { source, .. } => source.code(),
            Self::Resource { .. } => "related-resource-mismatch",
        }
    }
}

#[cfg(test)]
mod tests;
