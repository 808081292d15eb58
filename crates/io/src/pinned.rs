//! Files that a profile pins by URL and SHA-256: JSON-LD contexts beyond those built in, resources and type metadata that
//! credentials fix by a digest. What is pinned is never fetched.
//!
//! In scope: keeping the bytes, and that they are still those that were pinned. Out of scope: what they mean.

use inkan_core::{Digest, encoding, json, sha256};
use inkan_credential::{Contexts, PinnedContext, RdfcError};
use serde_json::{Value, json};

use crate::profile::{Profile, ProfileError, Record, Shelf};

/// The largest file in bytes.
pub const LIMIT: usize = 256 << 10;

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
