//! `inkan-policy/1`: what a verifier demands of a credential or presentation (assurance §11).
//!
//! In scope: reading a policy, closed and with one reading, and refusing at load what can never be meant. Out of
//! scope: what a policy costs people (`lint`), and whether something satisfies it (`assess`).

use std::collections::BTreeMap;

use inkan_core::{Digest, json, limits, sha256};
use serde::Deserialize;
use serde_json::{Value, json};

mod builtin;
mod create;
mod load;
mod outer;
mod requirement;

pub(crate) use load::{LoadedAssurance, USE_CASES};

pub use builtin::{builtin, builtin_ids};
pub use create::{NewPolicy, new_policy};
pub use outer::{
    Acts, CountersignedItem, Effective, IssuerNames, IssuerWord, Issuers, KeyQuorum, LedgerRule,
    PinnedWord, ProofCount, Proofs, ProofsWord, Quorum, SignerDecision, SignerRole, Signers, Span,
    StatusRule, SubjectWord, TimeGrade, TypeWord, Types,
};
pub use requirement::{
    AalLeaf, Assurance, Combine, Disputed, FidoName, Genuine, IalLeaf, KeyStorageName, LeastBasis,
    LinkLeaf, LinkMode, OnFail, ProoferRole, RegisterCheck, Requirement, RevocationRule, RoadName,
    RowName, StepUp, TimestampRule, TrustLeaf, UserVerification,
};

/// A policy that was read, checked, and cannot change.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) outer: Outer,
    pub(crate) assurance: Option<LoadedAssurance>,
    value: Value,
    digest: Digest,
}

/// The members of the outer part, defaults filled in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Outer {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    version: String,
    title: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) effective: Effective,
    #[serde(default)]
    pub(crate) issuers: Issuers,
    #[serde(default)]
    pub(crate) credential_types: Types,
    #[serde(default)]
    pub(crate) ledger: LedgerRule,
    #[serde(default)]
    pub(crate) status: StatusRule,
    #[serde(default)]
    pub(crate) proofs: Proofs,
    #[serde(default)]
    pub(crate) countersigned: Vec<CountersignedItem>,
    pub(crate) current_acts: Option<Acts>,
    assurance: Option<Assurance>,
}

/// Why a policy is refused when it is loaded. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// Not JSON with one reading.
    #[error(transparent)]
    Json(#[from] json::JsonError),
    /// A member is missing, unknown, of the wrong kind, or has a value outside its closed set.
    #[error("policy is malformed: {0}")]
    Shape(String),
    /// A value that its member cannot have.
    #[error("policy is malformed: {member} {problem}")]
    Member {
        /// The member, as a path.
        member: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// `min` is not on the scale of the framework.
    #[error("policy is malformed: {min:?} is no level of {framework}")]
    OffScale {
        /// The level asked for.
        min: String,
        /// The framework.
        framework: &'static str,
    },
    /// The framework's levels are mapped by nobody yet.
    #[error(
        "policy is malformed: the mapping of {framework} is unverified, so no level can be computed"
    )]
    Unmapped {
        /// The framework.
        framework: &'static str,
    },
    /// The digest differs from the pinned one.
    #[error("policy {id} is not the one that was pinned")]
    Mismatch {
        /// The policy's id.
        id: String,
    },
}

impl PolicyError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(_)
            | Self::Shape(_)
            | Self::Member { .. }
            | Self::OffScale { .. }
            | Self::Unmapped { .. } => "policy-malformed",
            Self::Mismatch { .. } => "policy-mismatch",
        }
    }
}

impl Policy {
    /// Reads a policy of at most [`limits::DOCUMENT`] bytes.
    ///
    /// # Errors
    ///
    /// [`PolicyError`], one variant per kind of fault; none is worth a retry.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        Self::from_value(&json::parse(bytes, limits::DOCUMENT)?)
    }

    /// Reads a policy that already is a JSON value with one reading.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn from_value(value: &Value) -> Result<Self, PolicyError> {
        if has_null(value) {
            return Err(PolicyError::Shape("a member is null".to_owned()));
        }
        let mut outer =
            Outer::deserialize(value).map_err(|error| PolicyError::Shape(error.to_string()))?;
        outer.check()?;
        let assurance = outer.assurance.take().map(load::load).transpose()?;
        let digest = sha256(&[&json::canonicalize(value)?]);
        Ok(Self { outer, assurance, value: value.clone(), digest })
    }

    /// The policy's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.outer.id
    }

    /// The policy's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.outer.version
    }

    /// The title in a language, such as `en` or `ja`.
    #[must_use]
    pub fn title(&self, language: &str) -> Option<&str> {
        self.outer.title.as_ref().and_then(|text| text.get(language)).map(String::as_str)
    }

    /// SHA-256 of the policy in canonical form.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The policy as JSON.
    #[must_use]
    pub const fn to_value(&self) -> &Value {
        &self.value
    }

    /// Who must have countersigned, item by item.
    #[must_use]
    pub fn countersigned(&self) -> &[CountersignedItem] {
        &self.outer.countersigned
    }

    /// How a refusal is to be followed up.
    #[must_use]
    pub fn on_fail(&self) -> OnFail {
        self.assurance.as_ref().map(|assurance| assurance.on_fail.clone()).unwrap_or_default()
    }

    /// The credential types that it lists; empty if it lists none.
    #[must_use]
    pub fn listed_types(&self) -> &[String] {
        match &self.outer.credential_types {
            Types::Listed(types) => types,
            Types::Word(TypeWord::Any | TypeWord::Optional) => &[],
        }
    }

    /// Whether it leaves open who may have issued the credential.
    #[must_use]
    pub const fn judges_no_issuer(&self) -> bool {
        matches!(self.outer.issuers, Issuers::Word(IssuerWord::Any))
    }

    /// Refuses a policy that is not the one that was pinned.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Mismatch`].
    pub fn check_pin(&self, pinned: &Digest) -> Result<(), PolicyError> {
        if self.digest == *pinned {
            Ok(())
        } else {
            Err(PolicyError::Mismatch { id: self.outer.id.clone() })
        }
    }

    /// The policy with one more leaf for each level asked for on the command line, on its framework's scale.
    ///
    /// # Errors
    ///
    /// [`PolicyError::OffScale`] if the scale has no such level.
    pub fn with_minimum(&self, ial: Option<&str>, aal: Option<&str>) -> Result<Self, PolicyError> {
        let framework = self.value.pointer("/assurance/framework").and_then(Value::as_str);
        let framework = framework.unwrap_or("jp-swg-2022");
        let mut leaves = Vec::new();
        if let Some(level) = ial {
            leaves.push(json!({"ial": {"min": full_name(framework, "IAL", level)}}));
        }
        if let Some(level) = aal {
            leaves.push(json!({"aal": {"min": full_name(framework, "AAL", level)}}));
        }
        if leaves.is_empty() {
            return Ok(self.clone());
        }
        let mut value = self.value.clone();
        let mut assurance =
            value.get("assurance").cloned().unwrap_or_else(|| json!({"framework": framework}));
        if let Some(members) = assurance.as_object_mut() {
            let mut all = leaves;
            all.extend(members.remove("requires"));
            members.insert("requires".to_owned(), json!({"allOf": all}));
        }
        if let Some(members) = value.as_object_mut() {
            members.insert("assurance".to_owned(), assurance);
        }
        Self::from_value(&value)
    }
}

/// `2` in the words of a framework's scale; anything that is no number is left as it is.
fn full_name(framework: &str, scale: &str, level: &str) -> String {
    let is_number = level.starts_with(|c: char| c.is_ascii_digit());
    match framework {
        "nist-800-63-4" if is_number => format!("{scale}{level}"),
        "eidas-2015-1502" if scale == "IAL" => level.to_owned(),
        _ if is_number => format!("{scale}-{level}"),
        _ => level.to_owned(),
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests;
