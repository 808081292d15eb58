//! DID URLs ([DID Core §3.2](https://www.w3.org/TR/2022/REC-did-core-20220719/#did-url-syntax)) that name a key or a version.
//!
//! In scope: `#fragment`, and the queries `versionId`, `versionTime`, `versionNumber`.
//! Out of scope: DID URL paths and services; they are refused, never dropped.

use std::fmt;

use inkan_core::Timestamp;

use crate::did::{Did, DidError};
use crate::location::percent_decode;

/// A DID with an optional query and fragment, kept exactly as it was written.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DidUrl {
    text: String,
    did: Did,
    query: Option<String>,
    fragment: Option<String>,
}

/// Which version of a document a DID URL asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum VersionSelector {
    /// Exactly this `versionId`.
    Id(String),
    /// The version that was current at this time.
    Time(Timestamp),
    /// The version with this number, from 1.
    Number(u64),
}

impl DidUrl {
    /// Reads an absolute DID URL.
    ///
    /// # Errors
    ///
    /// [`DidError`]: as for the DID before it; [`DidError::Malformed`] for a path or an illegal character.
    pub fn parse(text: &str) -> Result<Self, DidError> {
        let (rest, fragment) = split_once_optional(text, '#');
        let (did, query) = split_once_optional(rest, '?');
        for part in [fragment, query].into_iter().flatten() {
            let decodes = percent_decode(part).is_some();
            if part.is_empty() || !decodes || !part.bytes().all(is_query_character) {
                return Err(DidError::Malformed);
            }
        }
        let did = Did::parse(did)?;
        let (query, fragment) = (query.map(str::to_owned), fragment.map(str::to_owned));
        Ok(Self { text: text.to_owned(), did, query, fragment })
    }

    /// Reads a DID URL that may be relative to `base`, such as `#key-1`.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn resolve(base: &Did, reference: &str) -> Result<Self, DidError> {
        if reference.starts_with('#') {
            return Self::parse(&format!("{base}{reference}"));
        }
        Self::parse(reference)
    }

    /// The whole URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The DID before `?` and `#`.
    #[must_use]
    pub const fn did(&self) -> &Did {
        &self.did
    }

    /// What follows `#`.
    #[must_use]
    pub fn fragment(&self) -> Option<&str> {
        self.fragment.as_deref()
    }

    /// What stands between `?` and `#`.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The version selectors of the query, all of which must be obeyed; empty if there is no query.
    ///
    /// # Errors
    ///
    /// [`DidError::QueryUnsupported`] for a parameter that is unknown, repeated or malformed: ignoring a selector
    /// would answer another question than the one asked.
    pub fn version_selectors(&self) -> Result<Vec<VersionSelector>, DidError> {
        let mut out = Vec::new();
        let mut seen = Vec::new();
        for pair in self.query.iter().flat_map(|query| query.split('&')) {
            let refuse = || DidError::QueryUnsupported { parameter: pair.to_owned() };
            let (name, value) = pair.split_once('=').ok_or_else(refuse)?;
            if seen.contains(&name) {
                return Err(refuse());
            }
            seen.push(name);
            let value = percent_decode(value).ok_or_else(refuse)?;
            out.push(match name {
                "versionId" if !value.is_empty() => VersionSelector::Id(value),
                "versionTime" => {
                    VersionSelector::Time(Timestamp::parse(&value).map_err(|_| refuse())?)
                }
                "versionNumber" => {
                    VersionSelector::Number(parse_number(&value).ok_or_else(refuse)?)
                }
                _ => return Err(refuse()),
            });
        }
        Ok(out)
    }
}

/// A decimal number without sign or leading zeroes.
pub(crate) fn parse_number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn split_once_optional(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// `pchar`, `/` and `?` of [RFC 3986 §3.4](https://www.rfc-editor.org/rfc/rfc3986#section-3.4).
fn is_query_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte)
}

impl fmt::Display for DidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for DidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl AsRef<str> for DidUrl {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests;
