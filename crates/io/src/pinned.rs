//! Files that a profile pins by URL and SHA-256: JSON-LD contexts beyond those built in, resources and type metadata that
//! credentials fix by a digest. What is pinned is never fetched.
//!
//! In scope: keeping the bytes, and that they are still those that were pinned. Out of scope: what they mean.

use std::collections::BTreeSet;

use inkan_core::{Digest, encoding, json, sha256};
use inkan_credential::{Contexts, PinnedContext, RdfcError};
use inkan_crypto::PublicKey;
use inkan_evidence::registry::{AnswerTerms, Registry, RegistryError};
use inkan_evidence::tsa::{Anchors, TimestampError};
use inkan_evidence::x5c::{Demand, IssuerAnchors, Terms};
use serde_json::{Value, json};

use crate::profile::{Profile, ProfileError, Record, Shelf};

/// The largest file in bytes.
pub const LIMIT: usize = 256 << 10;

/// What the names of certificates begin with that are trusted to certify issuers.
pub const ISSUER_ANCHOR: &str = "urn:x509:issuer-anchor:";

/// What the names of CRLs and of OCSP responses begin with.
pub const CRL: &str = "urn:x509:crl:";
/// See [`CRL`].
pub const OCSP: &str = "urn:x509:ocsp:";

/// What the names of certificates begin with that are trusted to stamp times; what follows names the authority.
pub const TSA_ANCHOR: &str = "urn:x509:tsa-anchor:";

/// What the names of registries' signed answers begin with; what follows is the registry's id, and after `?=` its keys.
pub const REGISTRY: &str = "urn:inkan:registry:";

/// A file by URL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PinnedFile {
    /// The URL that names it.
    pub url: String,
    /// What its bytes must hash to.
    pub sha256: Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl PinnedFile {
    /// Takes bytes as they are now.
    #[must_use]
    pub fn new(url: &str, bytes: Vec<u8>) -> Self {
        Self { url: url.to_owned(), sha256: sha256(&[&bytes]), bytes }
    }

    /// The name of its record: the same URL always has the same one.
    #[must_use]
    pub fn record_name(url: &str) -> String {
        sha256(&[url.as_bytes()]).to_hex().chars().take(32).collect()
    }

    /// Whether it is trusted to certify issuers: its name says so, so that no file that is pinned for something else is.
    #[must_use]
    pub fn is_issuer_anchor(&self) -> bool {
        self.url.starts_with(ISSUER_ANCHOR)
    }

    /// What is demanded below an anchor, as its name says after `?=`: `revocation=demanded`, `policy=OID`, joined by `&`.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Malformed`]: what is not understood is not passed over.
    pub fn terms(&self) -> Result<Terms, TimestampError> {
        let mut terms = Terms::default();
        let Some((_, said)) = self.url.split_once("?=") else { return Ok(terms) };
        for part in said.split('&') {
            terms = match part.split_once('=') {
                Some(("revocation", "demanded")) => terms.revocation(Demand::Demanded),
                Some(("policy", policy)) => {
                    terms.under(policy).map_err(|_| TimestampError::Malformed)?
                }
                _ => return Err(TimestampError::Malformed),
            };
        }
        Ok(terms)
    }

    /// The authority that it is pinned for, if it is trusted to stamp times.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.url.strip_prefix(TSA_ANCHOR).filter(|name| !name.is_empty())
    }

    /// Whether it is a JSON-LD context.
    #[must_use]
    pub fn is_context(&self) -> bool {
        json::parse(&self.bytes, LIMIT).is_ok_and(|value| value.get("@context").is_some())
    }
}

impl Record for PinnedFile {
    const SHELF: Shelf = Shelf::Pinned;

    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let url = json::text(value, "url").ok_or("url")?;
        let digest = json::text(value, "sha256").and_then(|hex| Digest::from_hex(hex).ok());
        let bytes = json::text(value, "bytes").and_then(|text| encoding::decode_b64(text).ok());
        let file = Self::new(url, bytes.ok_or("bytes")?);
        // The digest is what was trusted, so bytes that depart from it are not used.
        if digest != Some(file.sha256) {
            return Err("sha256");
        }
        Ok(file)
    }

    fn to_value(&self) -> Value {
        json!({
            "type": "inkan-pinned/1", "url": self.url, "sha256": self.sha256.to_hex(),
            "bytes": encoding::b64(&self.bytes),
        })
    }
}

/// All files that the profile pins.
///
/// # Errors
///
/// [`ProfileError`], also for a file that is not the one that was pinned.
pub fn load(profile: &Profile) -> Result<Vec<PinnedFile>, ProfileError> {
    Ok(profile.all::<PinnedFile>()?.into_iter().map(|(_, file)| file).collect())
}

/// The certificates that chains of issuers may lead to: those in files pinned under [`ISSUER_ANCHOR`], with the CRLs and OCSP responses
/// that are pinned.
///
/// # Errors
///
/// [`TimestampError::Malformed`], if one holds no certificate or they are too many.
pub fn issuer_anchors(files: &[PinnedFile]) -> Result<IssuerAnchors, TimestampError> {
    let mut anchors = IssuerAnchors::default();
    for file in files {
        if file.is_issuer_anchor() {
            anchors.add_file_on(&file.bytes, &file.terms()?)?;
        } else if file.url.starts_with(CRL) {
            anchors.add_crl(file.bytes.clone());
        } else if file.url.starts_with(OCSP) {
            anchors.add_ocsp(file.bytes.clone());
        }
    }
    Ok(anchors)
}

/// The certificates of `at_hand`, and those in files pinned under [`TSA_ANCHOR`], which are trusted to stamp times.
///
/// # Errors
///
/// [`TimestampError::Malformed`], if one holds no certificate or they are too many.
pub fn time_anchors(files: &[PinnedFile], at_hand: Anchors) -> Result<Anchors, TimestampError> {
    let mut anchors = at_hand;
    for file in files {
        if let Some(name) = file.authority() {
            anchors.pin_file(name, &file.bytes)?;
        }
    }
    Ok(anchors)
}

/// The registries whose signed answers (`inkan-registry+jws`) are pinned under [`REGISTRY`], each under the keys that its name says
/// (`?=key=MULTIKEY`, joined by `&`): what is not the user's own list counts if it is signed.
///
/// # Errors
///
/// [`RegistryError`]: one that is not signed by such a key is never passed over, for it may revoke somebody. Nor are two answers of one
/// registry taken: whom the newer drops, the older would go on naming.
pub fn registries(files: &[PinnedFile]) -> Result<Vec<Registry>, RegistryError> {
    let named = files.iter().filter_map(|file| Some((file.url.strip_prefix(REGISTRY)?, file)));
    let mut ids = BTreeSet::new();
    if !named.clone().all(|(name, _)| ids.insert(registry_id(name))) {
        let why = "is pinned beside another one of the same registry: pin the newest once more, or unpin one of the two";
        return Err(RegistryError::Answer { why });
    }
    named.map(|(name, file)| registry(name, &file.bytes, None)).collect()
}

/// The registry of one file, which is not older than the one that was pinned in its place.
///
/// # Errors
///
/// [`RegistryError`].
pub fn registry_after(
    file: &PinnedFile,
    earlier: &[PinnedFile],
) -> Result<Option<Registry>, RegistryError> {
    let Some(name) = file.url.strip_prefix(REGISTRY) else { return Ok(None) };
    // Whatever keys it has now: what was accepted before was this registry's.
    let mut known = Vec::new();
    for other in earlier.iter().filter(|other| replaces(file, other)) {
        let read = registries(std::slice::from_ref(other))?;
        known.extend(read.iter().map(|read| (read.sequence(), payload(other))));
    }
    let newest = known.iter().map(|(sequence, _)| *sequence).max();
    let read = registry(name, &file.bytes, newest)?;
    let otherwise =
        |(sequence, said): &(u64, &[u8])| *sequence == read.sequence() && *said != payload(file);
    if known.iter().any(otherwise) {
        let why = "says something else under a number that was accepted before";
        return Err(RegistryError::Answer { why });
    }
    Ok(Some(read))
}

/// Whether a file takes the place of another: it has the same URL, or is another answer of the same registry, under whichever keys.
#[must_use]
pub fn replaces(file: &PinnedFile, other: &PinnedFile) -> bool {
    let id = |file: &PinnedFile| {
        file.url.strip_prefix(REGISTRY).map(|name| registry_id(name).to_owned())
    };
    file.url == other.url || (id(file).is_some() && id(file) == id(other))
}

/// The registry that a name is of, whatever keys it says.
fn registry_id(name: &str) -> &str {
    name.split("?=").next().unwrap_or(name)
}

/// What a compact signature is over: one signed once more, under the same key or another, is the same answer.
fn payload(file: &PinnedFile) -> &[u8] {
    file.bytes.split(|byte| *byte == b'.').nth(1).unwrap_or_default()
}

fn registry(name: &str, bytes: &[u8], newest: Option<u64>) -> Result<Registry, RegistryError> {
    let why = "is pinned under a name that says no key: urn:inkan:registry:ID?=key=MULTIKEY";
    let unnamed = || RegistryError::Answer { why };
    let (id, terms) = name.split_once("?=").ok_or_else(unnamed)?;
    let key = |part: &str| PublicKey::from_multikey(part.strip_prefix("key=")?).ok();
    let keys: Option<Vec<PublicKey>> = terms.split('&').map(key).collect();
    let keys = keys.ok_or_else(unnamed)?;
    let terms = AnswerTerms { registry: id, party: None, keys: &keys, newest };
    let text = str::from_utf8(bytes).map_err(|_| RegistryError::Answer { why: "is no text" })?;
    Registry::from_answer(text.trim_ascii_end(), &terms)
}

/// The built-in JSON-LD contexts and those among `files`; none if there are none.
///
/// # Errors
///
/// [`RdfcError`], if one is no context.
pub fn contexts(files: &[PinnedFile]) -> Result<Option<Contexts>, RdfcError> {
    let pinned: Vec<PinnedContext<'_>> = files
        .iter()
        .filter(|file| file.is_context())
        .map(|file| PinnedContext { url: &file.url, sha256: file.sha256, bytes: &file.bytes })
        .collect();
    if pinned.is_empty() { Ok(None) } else { Contexts::with_pinned(&pinned).map(Some) }
}

#[cfg(test)]
mod tests;
