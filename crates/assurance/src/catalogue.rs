//! The evidence catalogue: class and strength of documents come from here, never from the evidence (assurance §4.2).
//!
//! In scope: reading the verifier's own data file. Out of scope: what was checked on a document.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use inkan_core::{Digest, Timestamp, json, limits, sha256};
use inkan_evidence::model::DocumentIssuer;
use serde::Deserialize;

pub(crate) const BUILTIN: &str = include_str!("../data/evidence-catalogue.json");

/// The catalogue that is built in, as it was read.
static READ: LazyLock<Result<Catalogue, CatalogueError>> =
    LazyLock::new(|| Catalogue::parse(BUILTIN.as_bytes()));

/// The catalogue, read once, with its digest. A clone shares what was read.
#[derive(Clone, Debug)]
pub struct Catalogue {
    file: Arc<File>,
    digest: Digest,
}

/// Class of an identifier.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The person's own word.
    SelfAsserted,
    /// Its issuer answers for it.
    IssuerGuaranteed,
    /// A signature shows it.
    ElectronicallyVerifiable,
}

impl Class {
    /// The name in policies and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SelfAsserted => "self_asserted",
            Self::IssuerGuaranteed => "issuer_guaranteed",
            Self::ElectronicallyVerifiable => "electronically_verifiable",
        }
    }
}

/// Strength of evidence (SP 800-63A-4 §2.4.1).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "UPPERCASE")]
pub enum Strength {
    /// Formal procedures can reasonably be expected.
    Fair,
    /// Written procedures under recurring oversight.
    Strong,
    /// As strong, with attended enrolment and cryptographic protection.
    Superior,
}

/// What the catalogue says of one document type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Document {
    title: BTreeMap<String, String>,
    #[serde(default)]
    class_seen: Option<Class>,
    #[serde(default)]
    class_by_chip: Option<Class>,
    portrait: bool,
    #[serde(default)]
    strength_seen: Option<Strength>,
    #[serde(default)]
    strength_by_chip: Option<Strength>,
    issued_by: String,
    #[serde(default)]
    issuers: Vec<DocumentIssuer>,
    #[serde(default)]
    proofs: BTreeSet<String>,
    #[serde(default, rename = "attributes")]
    _attributes: BTreeSet<String>,
    #[serde(default)]
    used: Period,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Period {
    from: Option<String>,
    until: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    version: String,
    documents: BTreeMap<String, Document>,
    certificate_policies: CertificatePolicies,
}

/// Policies of certificates, by what they are for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CertificatePolicies {
    signing: BTreeSet<String>,
    user_authentication: BTreeSet<String>,
}

/// Why bytes are not a catalogue. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CatalogueError {
    /// Not JSON with one reading.
    #[error(transparent)]
    Json(#[from] json::JsonError),
    /// A member is missing, unknown or of the wrong kind.
    #[error("not an evidence catalogue: {0}")]
    Shape(String),
}

impl CatalogueError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(_) | Self::Shape(_) => "catalogue-malformed",
        }
    }
}

/// What a certificate's policy says it is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CertificateUse {
    /// Signatures.
    Signing,
    /// Logins.
    UserAuthentication,
    /// Nothing that is configured.
    Unknown,
}

impl Catalogue {
    /// The catalogue that is built in; it is read once.
    ///
    /// # Errors
    ///
    /// [`CatalogueError`] never, as a test shows: the file is part of the crate.
    pub fn builtin() -> Result<Self, CatalogueError> {
        READ.clone()
    }

    /// Reads a catalogue of type `inkan-evidence-catalogue/1`.
    ///
    /// # Errors
    ///
    /// [`CatalogueError`]; none is worth a retry.
    pub fn parse(bytes: &[u8]) -> Result<Self, CatalogueError> {
        let value = json::parse(bytes, limits::DOCUMENT)?;
        let file = File::deserialize(&value).map_err(|e| CatalogueError::Shape(e.to_string()))?;
        if file.kind != "inkan-evidence-catalogue/1" {
            return Err(CatalogueError::Shape(file.kind));
        }
        let digest = sha256(&[&json::canonicalize(&value)?]);
        Ok(Self { file: Arc::new(file), digest })
    }

    /// The catalogue's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.file.id
    }

    /// The catalogue's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.file.version
    }

    /// SHA-256 of the catalogue in canonical form.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// What it says of a document type, by this issuer, used at this time.
    #[must_use]
    pub fn document(
        &self,
        kind: &str,
        issuer: Option<&DocumentIssuer>,
        at: Timestamp,
    ) -> Option<&Document> {
        let document = self.file.documents.get(kind)?;
        let known = issuer.is_none_or(|stated| {
            document.issuers.is_empty() || document.issuers.iter().any(|known| fits(known, stated))
        });
        (known && document.used.covers(at)).then_some(document)
    }

    /// All document types, by name.
    pub fn documents(&self) -> impl Iterator<Item = (&str, &Document)> {
        self.file.documents.iter().map(|(name, document)| (name.as_str(), document))
    }

    /// What a certificate's policy says it is for.
    #[must_use]
    pub fn certificate_use(&self, policy_oid: &str) -> CertificateUse {
        if self.file.certificate_policies.signing.contains(policy_oid) {
            CertificateUse::Signing
        } else if self.file.certificate_policies.user_authentication.contains(policy_oid) {
            CertificateUse::UserAuthentication
        } else {
            CertificateUse::Unknown
        }
    }
}

impl Period {
    /// Whether a day is one of it; most documents have no period, and then nobody asks which day it is.
    fn covers(&self, at: Timestamp) -> bool {
        let Self { from, until } = self;
        if from.is_none() && until.is_none() {
            return true;
        }
        let day = at.date();
        from.as_ref().is_none_or(|from| *from <= day)
            && until.as_ref().is_none_or(|until| day <= *until)
    }
}

/// Whether every member that the catalogue names is the one stated.
fn fits(known: &DocumentIssuer, stated: &DocumentIssuer) -> bool {
    let agrees = |known: &Option<String>, stated: &Option<String>| {
        known.is_none() || stated.is_none() || known == stated
    };
    agrees(&known.country, &stated.country)
        && agrees(&known.name, &stated.name)
        && agrees(&known.jurisdiction, &stated.jurisdiction)
}

impl Document {
    /// Its name in a language.
    #[must_use]
    pub fn title(&self, language: &str) -> Option<&str> {
        self.title.get(language).map(String::as_str)
    }

    /// Its class, seen or photographed; `None` if that is nothing.
    #[must_use]
    pub const fn class_seen(&self) -> Option<Class> {
        self.class_seen
    }

    /// Its class where chip or signature was verified.
    #[must_use]
    pub const fn class_by_chip(&self) -> Option<Class> {
        self.class_by_chip
    }

    /// Whether a face can be compared with it.
    #[must_use]
    pub const fn has_portrait(&self) -> bool {
        self.portrait
    }

    /// Its strength, seen or by chip.
    #[must_use]
    pub const fn strength(&self, by_chip: bool) -> Option<Strength> {
        if by_chip { self.strength_by_chip } else { self.strength_seen }
    }

    /// Who issues documents of this type: two types of one issuer are not independent.
    #[must_use]
    pub fn issued_by(&self) -> &str {
        &self.issued_by
    }

    /// Whether the person can sign with it.
    #[must_use]
    pub fn can_sign(&self) -> bool {
        self.proofs.contains("cms-jpki")
    }
}

#[cfg(test)]
mod tests;
