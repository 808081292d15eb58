//! Which certificates of persons count, and for what: roots, policies, algorithms and documents, as configured (assurance §6).
//!
//! In scope: the file `inkan-jpki-config/1`, closed. Nothing of it is built in: object identifiers and roots change, and those of tests are others.

use std::collections::BTreeSet;

use der::asn1::ObjectIdentifier;
use inkan_core::{Digest, encoding, json, sha256};
use serde::Deserialize;
use x509_cert::Certificate;

use super::algorithm::Algorithm;
use crate::model::{Certificate as Use, Sha256Text};

/// The largest file in bytes.
pub const LIMIT: usize = 1 << 20;
/// What the file says it is.
pub const CONFIG_TYPE: &str = "inkan-jpki-config/1";
/// The most profiles, and the most certificates that travel in the file.
const PROFILES: usize = 16;
const CERTIFICATES: usize = 64;

/// Which certificates of persons count.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JpkiConfig {
    id: String,
    purpose: ConfigUse,
    profiles: Vec<Profile>,
    certificates: Vec<Vec<u8>>,
    timestamp_authorities: BTreeSet<Digest>,
}

/// Whether a set of roots vouches for people, or for tests. The two are never mixed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigUse {
    /// For people.
    Production,
    /// For tests.
    Test,
}

/// One kind of certificates: a hierarchy, its policies, and the documents that its signatures show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Profile {
    name: String,
    documents: BTreeSet<String>,
    roots: BTreeSet<Digest>,
    signing: BTreeSet<ObjectIdentifier>,
    user_authentication: BTreeSet<ObjectIdentifier>,
    algorithms: BTreeSet<Algorithm>,
    certified: bool,
}

/// Why bytes are no configuration. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JpkiConfigError {
    /// Not JSON with one reading.
    #[error(transparent)]
    Json(#[from] json::JsonError),
    /// A member is missing, unknown or of the wrong kind.
    #[error("not a configuration of card certificates: {0}")]
    Shape(String),
    /// A value that means nothing here, or two that contradict each other.
    #[error("{what} of the profile {profile:?} does not hold: {found:?}")]
    Value {
        /// The profile.
        profile: String,
        /// Which member.
        what: &'static str,
        /// What it says.
        found: String,
    },
}

impl JpkiConfigError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(_) | Self::Shape(_) | Self::Value { .. } => "jpki-config-malformed",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    #[serde(rename = "use")]
    purpose: ConfigUse,
    profiles: Vec<FileProfile>,
    #[serde(default)]
    certificates: Vec<String>,
    #[serde(default)]
    timestamp_authorities: Vec<Sha256Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileProfile {
    name: String,
    documents: BTreeSet<String>,
    roots: Vec<Sha256Text>,
    policies: FilePolicies,
    algorithms: Vec<String>,
    #[serde(default)]
    certified: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FilePolicies {
    #[serde(default)]
    signing: Vec<String>,
    #[serde(default)]
    user_authentication: Vec<String>,
}

impl JpkiConfig {
    /// Reads a file of at most [`LIMIT`] bytes.
    ///
    /// # Errors
    ///
    /// [`JpkiConfigError`], one variant per rule.
    pub fn parse(bytes: &[u8]) -> Result<Self, JpkiConfigError> {
        let value = json::parse(bytes, LIMIT)?;
        let shape = |text: &str| JpkiConfigError::Shape(text.to_owned());
        let file = File::deserialize(&value).map_err(|e| JpkiConfigError::Shape(e.to_string()))?;
        if file.kind != CONFIG_TYPE {
            return Err(shape("type is not inkan-jpki-config/1"));
        }
        if file.profiles.is_empty() || file.profiles.len() > PROFILES {
            return Err(shape("profiles are not 1 to 16"));
        }
        if file.certificates.len() > CERTIFICATES {
            return Err(shape("more than 64 certificates"));
        }
        let certificates: Option<Vec<Vec<u8>>> =
            file.certificates.iter().map(|one| certificate(one)).collect();
        let certificates = certificates.ok_or_else(|| shape("a certificate is not DER, base64"))?;
        let mut names = BTreeSet::new();
        if file.profiles.iter().any(|profile| !names.insert(profile.name.as_str())) {
            return Err(shape("two profiles have one name"));
        }
        let profiles = file.profiles.into_iter().map(FileProfile::checked);
        let timestamp_authorities = file.timestamp_authorities.iter().map(|one| one.0).collect();
        Ok(Self {
            id: file.id,
            purpose: file.purpose,
            profiles: profiles.collect::<Result<_, _>>()?,
            certificates,
            timestamp_authorities,
        })
    }

    /// Its name, for reports.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether it vouches for people or for tests.
    #[must_use]
    pub const fn purpose(&self) -> ConfigUse {
        self.purpose
    }

    /// The kinds of certificates, in file order.
    #[must_use]
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// Certificates of authorities that paths may go through, and of roots: to stand here is not to be trusted.
    pub(crate) fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// SHA-256 of the certificates that vouch for timestamps over signatures.
    pub(crate) const fn timestamp_authorities(&self) -> &BTreeSet<Digest> {
        &self.timestamp_authorities
    }
}

impl FileProfile {
    fn checked(self) -> Result<Profile, JpkiConfigError> {
        let wrong = |what, found: &str| JpkiConfigError::Value {
            profile: self.name.clone(),
            what,
            found: found.to_owned(),
        };
        let policies = |list: &[String]| {
            let each = list.iter().map(|text| {
                let oid = ObjectIdentifier::new(text).ok().filter(|oid| *oid != super::ANY_POLICY);
                oid.ok_or_else(|| wrong("policies", text))
            });
            each.collect::<Result<BTreeSet<_>, _>>()
        };
        let signing = policies(&self.policies.signing)?;
        let user_authentication = policies(&self.policies.user_authentication)?;
        if signing.is_empty() && user_authentication.is_empty() {
            return Err(wrong("policies", "none"));
        }
        if let Some(both) = signing.intersection(&user_authentication).next() {
            return Err(wrong("policies", &both.to_string()));
        }
        let algorithms = self
            .algorithms
            .iter()
            .map(|name| Algorithm::parse(name).ok_or_else(|| wrong("algorithms", name)));
        let algorithms = algorithms.collect::<Result<BTreeSet<_>, _>>()?;
        let roots: BTreeSet<Digest> = self.roots.iter().map(|root| root.0).collect();
        for (what, empty) in [
            ("algorithms", algorithms.is_empty()),
            ("roots", roots.is_empty()),
            ("documents", self.documents.is_empty()),
        ] {
            if empty {
                return Err(wrong(what, "none"));
            }
        }
        let Self { name, documents, certified, .. } = self;
        Ok(Profile { name, documents, roots, signing, user_authentication, algorithms, certified })
    }
}

impl Profile {
    /// Of one root, for paths whose policies nobody asks about: every algorithm that is known, no document.
    pub(super) fn of_anchor(anchor: &[u8]) -> Self {
        Self {
            name: String::new(),
            documents: BTreeSet::new(),
            roots: [sha256(&[anchor])].into(),
            signing: BTreeSet::new(),
            user_authentication: BTreeSet::new(),
            algorithms: Algorithm::all().collect(),
            certified: false,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its signatures show a document of this type.
    #[must_use]
    pub fn shows(&self, document: &str) -> bool {
        self.documents.contains(document)
    }

    /// Whether its cards count as certified authenticators (assurance §9: a scheme of the verifier's choice).
    #[must_use]
    pub const fn is_certified(&self) -> bool {
        self.certified
    }

    pub(crate) fn is_root(&self, certificate: &[u8]) -> bool {
        self.roots.contains(&sha256(&[certificate]))
    }

    pub(crate) fn accepts(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    pub(crate) const fn policies(&self, purpose: Use) -> &BTreeSet<ObjectIdentifier> {
        match purpose {
            Use::Signing => &self.signing,
            Use::UserAuthentication => &self.user_authentication,
        }
    }
}

fn certificate(text: &str) -> Option<Vec<u8>> {
    let der = encoding::decode_b64(text).ok()?;
    let fits = der.len() <= super::CERTIFICATE_LIMIT;
    (fits && <Certificate as der::Decode>::from_der(&der).is_ok()).then_some(der)
}
