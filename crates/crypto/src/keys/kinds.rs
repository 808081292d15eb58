//! Which types of key there are, and the one algorithm of each.
//!
//! In scope: their names here and in JOSE, and their lengths. Out of scope: keys themselves.

use super::KeyError;

/// The types of key.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum KeyType {
    /// Edwards curve 25519 (RFC 8032).
    Ed25519,
    /// NIST P-256 (FIPS 186-5), for hardware that has nothing else.
    P256,
    /// NIST P-384 (FIPS 186-5), where a policy asks for it.
    P384,
    /// BLS12-381 with public keys in G2, for BBS: these keys assert claims, and do nothing else.
    Bls12381G2,
    /// NIST P-521 (FIPS 186-5): keys of others, whose JOSE and COSE signatures (ES512) are checked. No cryptosuite and no
    /// ledger takes them.
    P521,
}

impl KeyType {
    /// The type that a Multikey says it is of, whether or not the rest of it is a key. `None` for types that are not ours.
    #[must_use]
    pub fn of_multikey(text: &str) -> Option<Self> {
        super::split_multikey(text).ok().map(|(key_type, _)| key_type)
    }

    /// `ed25519`, `p256`, `p384`, `p521` or `bls12381g2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::P521 => "p521",
            Self::Bls12381G2 => "bls12381g2",
        }
    }

    /// Reads what [`name`](Self::name) gives.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] for any other text.
    pub fn parse(name: &str) -> Result<Self, KeyError> {
        match name {
            "ed25519" => Ok(Self::Ed25519),
            "p256" => Ok(Self::P256),
            "p384" => Ok(Self::P384),
            "p521" => Ok(Self::P521),
            "bls12381g2" => Ok(Self::Bls12381G2),
            _ => Err(KeyError::Unsupported),
        }
    }

    /// The algorithm that keys of this type sign with.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Ed25519 => Algorithm::EdDsa,
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
            Self::Bls12381G2 => Algorithm::Bbs,
        }
    }

    /// Bytes of a secret key, and of one coordinate of a point.
    pub(crate) const fn secret_length(self) -> usize {
        match self {
            Self::Ed25519 | Self::P256 | Self::Bls12381G2 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// The signature algorithms.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Algorithm {
    /// EdDSA over Ed25519.
    EdDsa,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// ECDSA over P-384 with SHA-384.
    Es384,
    /// BBS over BLS12-381 with SHA-256. No JOSE algorithm.
    Bbs,
    /// ECDSA over P-521 with SHA-512.
    Es512,
}

impl Algorithm {
    /// All that sign one text, and so all of JOSE.
    pub const ALL: [Self; 4] = [Self::EdDsa, Self::Es256, Self::Es384, Self::Es512];

    /// Reads a JOSE `alg`: `EdDSA` ([RFC 8037](https://www.rfc-editor.org/rfc/rfc8037)), its newer name `Ed25519`
    /// ([RFC 9864](https://www.rfc-editor.org/rfc/rfc9864)), `ES256`, `ES384` or `ES512`. `None` for all others, `none` above all.
    #[must_use]
    pub fn from_jose(alg: &str) -> Option<Self> {
        match alg {
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            "ES256" => Some(Self::Es256),
            "ES384" => Some(Self::Es384),
            "ES512" => Some(Self::Es512),
            _ => None,
        }
    }

    /// Bytes of a signature.
    #[must_use]
    pub const fn signature_length(self) -> usize {
        match self {
            Self::EdDsa | Self::Es256 => 64,
            Self::Es384 => 96,
            Self::Es512 => 132,
            Self::Bbs => crate::bbs::SIGNATURE_LENGTH,
        }
    }

    /// The `alg` we write: `EdDSA`, `ES256`, `ES384` or `ES512`. That of BBS is a name only: no key of it signs a token.
    #[must_use]
    pub const fn to_jose(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Bbs => "BBS",
        }
    }
}
