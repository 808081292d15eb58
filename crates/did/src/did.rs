//! The syntax of DIDs ([DID Core §3.1](https://www.w3.org/TR/2022/REC-did-core-20220719/#did-syntax)) of the methods we know.
//!
//! In scope: one spelling, one meaning; the HTTPS location that did:web and did:webvh name.
//! Out of scope: whether anything is found there.

use std::fmt;

use inkan_core::{encoding, limits};

use crate::location::{Location, LocationError};

/// A DID of a known method, kept exactly as it was written.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Did {
    text: String,
    method: Method,
}

/// The DID methods whose documents this toolkit can obtain or check.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Method {
    /// did:key: the identifier is a public key.
    Key,
    /// did:jwk: the identifier is a public key as a JWK.
    Jwk,
    /// did:web: a document on a web server.
    Web,
    /// did:webvh: a self-certifying history on any server.
    Webvh,
}

impl Method {
    /// The method name as it stands in the DID.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Jwk => "jwk",
            Self::Web => "web",
            Self::Webvh => "webvh",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Key, Self::Jwk, Self::Web, Self::Webvh].into_iter().find(|it| it.name() == name)
    }
}

impl Did {
    /// Reads a DID without path, query or fragment.
    ///
    /// # Errors
    ///
    /// [`DidError`], one variant per rule. A key that cannot be used is found by
    /// [`resolve_self_contained`](crate::resolve_self_contained), not here.
    pub fn parse(text: &str) -> Result<Self, DidError> {
        if text.len() > limits::DID {
            return Err(DidError::TooLong { size: text.len() });
        }
        let rest = text.strip_prefix("did:").ok_or(DidError::Malformed)?;
        let (name, id) = rest.split_once(':').ok_or(DidError::Malformed)?;
        if name.is_empty() || !name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
            return Err(DidError::Malformed);
        }
        let method = Method::from_name(name)
            .ok_or_else(|| DidError::MethodUnsupported { method: name.to_owned() })?;
        check_characters(id)?;
        match method {
            Method::Key => check_multibase(id)?,
            Method::Jwk => check_base64url(id)?,
            Method::Web => drop(Location::parse(id)?),
            Method::Webvh => {
                let (scid, place) = id.split_once(':').ok_or(DidError::Malformed)?;
                if !encoding::is_multihash58(scid) {
                    return Err(DidError::ScidMalformed);
                }
                Location::parse(place)?;
            }
        }
        Ok(Self { text: text.to_owned(), method })
    }

    /// The DID as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The DID method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The self-certifying identifier of a did:webvh DID, 46 characters.
    #[must_use]
    pub fn scid(&self) -> Option<&str> {
        match self.method {
            Method::Webvh => self.specific_id().split(':').next(),
            Method::Key | Method::Jwk | Method::Web => None,
        }
    }

    /// The HTTPS URL of `did.json` (did:web) or `did.jsonl` (did:webvh).
    #[must_use]
    pub fn document_url(&self) -> Option<String> {
        let file = match self.method {
            Method::Web => "did.json",
            Method::Webvh => "did.jsonl",
            Method::Key | Method::Jwk => return None,
        };
        Some(self.location()?.url(file))
    }

    /// The host that a did:web or did:webvh DID names, without port, in lower case.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        Some(self.location()?.host())
    }

    pub(crate) fn location(&self) -> Option<Location> {
        let place = match self.method {
            Method::Web => self.specific_id(),
            Method::Webvh => self.specific_id().split_once(':')?.1,
            Method::Key | Method::Jwk => return None,
        };
        Location::parse(place).ok()
    }

    /// What follows `did:<method>:`.
    pub(crate) fn specific_id(&self) -> &str {
        self.text.splitn(3, ':').nth(2).unwrap_or_default()
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl AsRef<str> for Did {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

/// `idchar` and `:` of DID Core, percent signs only before two hexadecimal digits, no empty end.
fn check_characters(id: &str) -> Result<(), DidError> {
    if id.is_empty() || id.ends_with(':') {
        return Err(DidError::Malformed);
    }
    let mut bytes = id.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => {
                bytes.next().is_some_and(|c| c.is_ascii_hexdigit())
                    && bytes.next().is_some_and(|c| c.is_ascii_hexdigit())
            }
            b'.' | b'-' | b'_' | b':' => true,
            other => other.is_ascii_alphanumeric(),
        };
        if !fits {
            return Err(DidError::Malformed);
        }
    }
    Ok(())
}

fn check_multibase(id: &str) -> Result<(), DidError> {
    let fits = id.starts_with('z') && encoding::decode_multibase(id).is_ok();
    if fits { Ok(()) } else { Err(DidError::Malformed) }
}

fn check_base64url(id: &str) -> Result<(), DidError> {
    encoding::decode_b64u(id).map(drop).map_err(|_| DidError::Malformed)
}

/// Why a text is not a DID or DID URL that we can use. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DidError {
    /// Longer than [`limits::DID`].
    #[error("a DID of {size} bytes is longer than the limit of 2048")]
    TooLong {
        /// Bytes given.
        size: usize,
    },
    /// Not the syntax of DID Core, or not that of the method.
    #[error("not the syntax of a DID")]
    Malformed,
    /// A DID of a method that this toolkit does not know.
    #[error("DID method {method:?} is not supported")]
    MethodUnsupported {
        /// The method name.
        method: String,
    },
    /// The second part of a did:webvh DID is not a SHA-256 multihash in base58btc.
    #[error("the self-certifying identifier is not a SHA-256 multihash")]
    ScidMalformed,
    /// The host, port or path cannot be part of an HTTPS URL as did:web and did:webvh require.
    #[error("the DID names no valid web location")]
    Location(#[from] LocationError),
    /// The query of a DID URL is not one that resolution of versions understands.
    #[error("query parameter {parameter:?} is unknown, repeated or malformed")]
    QueryUnsupported {
        /// The parameter, or the whole query if it has no name.
        parameter: String,
    },
}

impl DidError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } | Self::Malformed | Self::ScidMalformed => "did-malformed",
            Self::MethodUnsupported { .. } => "did-method-unsupported",
            Self::Location(_) => "did-location-invalid",
            Self::QueryUnsupported { .. } => "did-query-unsupported",
        }
    }
}

#[cfg(test)]
mod tests;
