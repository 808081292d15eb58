//! SHA-256 digests ([FIPS 180-4](https://doi.org/10.6028/NIST.FIPS.180-4)), the only hash of this toolkit's own formats, and its longer
//! sisters for the formats of others.

use std::fmt;

use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::encoding::{self, EncodingError};

/// A SHA-256 digest, 32 bytes.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Takes 32 bytes that already are a digest.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Lower-case hexadecimal, 64 characters.
    #[must_use]
    pub fn to_hex(&self) -> String {
        encoding::hex(&self.0)
    }

    /// Base64url without padding, 43 characters.
    #[must_use]
    pub fn to_b64u(&self) -> String {
        encoding::b64u(&self.0)
    }

    /// Reads 43 characters of strict base64url.
    ///
    /// # Errors
    ///
    /// [`EncodingError`] if `text` is not the one base64url form of 32 bytes.
    pub fn from_b64u(text: &str) -> Result<Self, EncodingError> {
        encoding::b64u_array(text).map(Self)
    }

    /// Reads 64 characters of lower-case hexadecimal.
    ///
    /// # Errors
    ///
    /// [`EncodingError`] if `text` is anything else.
    pub fn from_hex(text: &str) -> Result<Self, EncodingError> {
        let bytes = encoding::decode_hex(text)?;
        bytes.try_into().map(Self).map_err(|_| EncodingError::Length)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// SHA-256 of bytes that come in pieces: for what is larger than memory.
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Nothing hashed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes so far.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Debug for Hasher {
    /// The bytes so far may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher(..)")
    }
}

/// Hashes the concatenation of `parts`, in order.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> Digest {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Digest(hasher.finalize().into())
}

/// SHA-384 of the concatenation of `parts`, in order: 48 bytes.
#[must_use]
pub fn sha384(parts: &[&[u8]]) -> [u8; 48] {
    let mut hasher = Sha384::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// SHA-512 of the concatenation of `parts`, in order: 64 bytes.
#[must_use]
pub fn sha512(parts: &[&[u8]]) -> [u8; 64] {
    let mut hasher = Sha512::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}
