//! Secret keys, and the joint at which another keeper of keys (a security module, a phone) can sign.
//!
//! In scope: making, reading and using private key bytes in memory. Out of scope: keeping them ([`crate::keystore`]).

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey as Ed25519Key};
use inkan_core::{CryptoRng, SecretBytes, json::JsonError};
use p256::ecdsa::{Signature as Es256Signature, SigningKey as P256Key};
use p384::ecdsa::{Signature as Es384Signature, SigningKey as P384Key};
use p521::ecdsa::{Signature as Es512Signature, SigningKey as P521Key};
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::bbs::{self, BbsError, BbsSecret};
use crate::keys::{KeyError, KeyType, PublicKey};

mod jwk;

/// Whoever can sign with one key.
pub trait Signer {
    /// The key whose signatures [`sign`](Self::sign) makes.
    fn public_key(&self) -> PublicKey;

    /// The type of that key. Threads that sign with one key at once share no count of its users for asking.
    fn key_type(&self) -> KeyType {
        self.public_key().key_type()
    }

    /// Signs `message`: as many bytes as the algorithm has, which [`PublicKey::verify`] accepts.
    ///
    /// # Errors
    ///
    /// [`SignError::Refused`] if the keeper of the key did not sign; a retry may help. [`SignError::KeyUnsuitable`] for
    /// a key of BBS.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// Signs a list of messages under `header`, which [`bbs::verify`] accepts. Only keys of BBS do; others need no
    /// implementation of this.
    ///
    /// # Errors
    ///
    /// As [`sign`](Self::sign), and the other way round; [`SignError::Bbs`] if there are too many messages.
    fn sign_messages(&self, header: &[u8], messages: &[&[u8]]) -> Result<Vec<u8>, SignError> {
        let (_, _) = (header, messages);
        Err(SignError::KeyUnsuitable)
    }
}

/// A private key in memory: wiped on drop, never printed, not cloneable.
pub struct SecretKey {
    // Boxed, so that moving a key does not leave copies of it on the stack.
    secret: Box<Secret>,
    public: PublicKey,
}

enum Secret {
    Ed25519(Ed25519Key),
    P256(P256Key),
    P384(P384Key),
    P521(P521Key),
    Bls12381G2(BbsSecret),
}

// All key types wipe themselves on drop; the marker says so to callers.
impl ZeroizeOnDrop for SecretKey {}

impl SecretKey {
    /// Makes a key from 32 bytes of `rng`, 48 for P-384, 66 for P-521 (for all but Ed25519 as often as needed until they are a
    /// scalar, which a sound generator gives at once or, for BLS12-381, every second time).
    #[must_use]
    pub fn generate(key_type: KeyType, rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new(vec![0; key_type.secret_length()]);
        loop {
            rng.fill(&mut bytes);
            if let (KeyType::P521, Some(first)) = (key_type, bytes.first_mut()) {
                // 521 bits: of the first byte there is one.
                *first &= 1;
            }
            if let Ok(key) = Self::from_slice(key_type, &bytes) {
                return key;
            }
        }
    }

    /// Reads the bytes that [`to_secret_bytes`](Self::to_secret_bytes) gives.
    ///
    /// # Errors
    ///
    /// [`KeyError::Length`], or [`KeyError::NotOnCurve`] for a scalar of zero or beyond the order.
    pub fn from_secret_bytes(key_type: KeyType, secret: &SecretBytes) -> Result<Self, KeyError> {
        Self::from_slice(key_type, secret.expose_secret())
    }

    /// The secret bytes: 32 of the seed of RFC 8032 §5.1.5 or of the big-endian scalar of P-256 or
    /// BLS12-381, 48 of that of P-384, 66 of that of P-521.
    #[must_use]
    pub fn to_secret_bytes(&self) -> SecretBytes {
        let mut out = Vec::with_capacity(self.key_type().secret_length());
        self.append_to(&mut out);
        SecretBytes::new(out)
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.public.clone()
    }

    /// The type of this key.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        self.public.key_type()
    }

    /// Appends the secret bytes to `out`, which must be wiped by its owner and have room for them.
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) {
        match &*self.secret {
            Secret::Ed25519(key) => out.extend_from_slice(key.as_bytes()),
            Secret::P256(key) => {
                let mut bytes = key.to_bytes();
                out.extend_from_slice(&bytes);
                bytes.as_mut_slice().zeroize();
            }
            Secret::P384(key) => {
                let mut bytes = key.to_bytes();
                out.extend_from_slice(&bytes);
                bytes.as_mut_slice().zeroize();
            }
            Secret::P521(key) => {
                let mut bytes = key.to_bytes();
                out.extend_from_slice(&bytes);
                bytes.as_mut_slice().zeroize();
            }
            Secret::Bls12381G2(key) => out.extend_from_slice(&*key.to_octets()),
        }
    }

    pub(crate) fn from_slice(key_type: KeyType, bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() != key_type.secret_length() {
            return Err(KeyError::Length(bytes.len()));
        }
        match key_type {
            KeyType::Ed25519 => {
                let bytes = bytes.try_into().map_err(|_| KeyError::Length(bytes.len()))?;
                let secret = Ed25519Key::from_bytes(bytes);
                let public = PublicKey::from_raw(key_type, secret.verifying_key().as_bytes())?;
                Ok(Self { secret: Box::new(Secret::Ed25519(secret)), public })
            }
            KeyType::P256 => {
                let secret = P256Key::from_slice(bytes).map_err(|_| KeyError::NotOnCurve)?;
                let public =
                    PublicKey::from_sec1(secret.verifying_key().to_sec1_point(false).as_bytes())?;
                Ok(Self { secret: Box::new(Secret::P256(secret)), public })
            }
            KeyType::P384 => {
                let secret = P384Key::from_slice(bytes).map_err(|_| KeyError::NotOnCurve)?;
                let point = secret.verifying_key().to_sec1_point(false);
                let public = PublicKey::from_p384_sec1(point.as_bytes())?;
                Ok(Self { secret: Box::new(Secret::P384(secret)), public })
            }
            KeyType::P521 => {
                let secret = P521Key::from_slice(bytes).map_err(|_| KeyError::NotOnCurve)?;
                let point = secret.verifying_key().to_sec1_point(false);
                let public = PublicKey::from_p521_sec1(point.as_bytes())?;
                Ok(Self { secret: Box::new(Secret::P521(secret)), public })
            }
            KeyType::Bls12381G2 => {
                let secret = BbsSecret::from_octets(bytes).ok_or(KeyError::NotOnCurve)?;
                let public = PublicKey::from_bbs(secret.public()?);
                Ok(Self { secret: Box::new(Secret::Bls12381G2(secret)), public })
            }
        }
    }
}

/// ECDSA draws its nonce from key and message ([RFC 6979](https://www.rfc-editor.org/rfc/rfc6979)), so signing needs
/// no generator and is reproducible.
impl Signer for SecretKey {
    fn public_key(&self) -> PublicKey {
        Self::public_key(self)
    }

    fn key_type(&self) -> KeyType {
        self.public.key_type()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match &*self.secret {
            Secret::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
            Secret::P256(key) => {
                let signature: Es256Signature =
                    key.try_sign(message).map_err(|_| SignError::Refused)?;
                Ok(signature.to_bytes().to_vec())
            }
            Secret::P384(key) => {
                let signature: Es384Signature =
                    key.try_sign(message).map_err(|_| SignError::Refused)?;
                Ok(signature.to_bytes().to_vec())
            }
            Secret::P521(key) => {
                let signature: Es512Signature =
                    key.try_sign(message).map_err(|_| SignError::Refused)?;
                Ok(signature.to_bytes().to_vec())
            }
            Secret::Bls12381G2(_) => Err(SignError::KeyUnsuitable),
        }
    }

    fn sign_messages(&self, header: &[u8], messages: &[&[u8]]) -> Result<Vec<u8>, SignError> {
        match (&*self.secret, self.public.bbs()) {
            (Secret::Bls12381G2(secret), Some(public)) => {
                Ok(bbs::sign((secret, public), header, messages)?.to_vec())
            }
            (
                Secret::Ed25519(_)
                | Secret::P256(_)
                | Secret::P384(_)
                | Secret::P521(_)
                | Secret::Bls12381G2(_),
                _,
            ) => Err(SignError::KeyUnsuitable),
        }
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Why nothing was signed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SignError {
    /// The keeper of the key did not sign; a retry may help.
    #[error("key did not sign")]
    Refused,
    /// The header carries `crit` or `b64`, which no verifier of ours accepts.
    #[error("header has a member that verifiers refuse")]
    HeaderRefused,
    /// The proof is not a `DataIntegrityProof`, or its cryptosuite is not the one of the key.
    #[error("proof type or cryptosuite does not fit the key")]
    SuiteMismatch,
    /// A key of BBS where one text is to be signed, or another key where a list of messages is.
    #[error("key does not make signatures of this kind")]
    KeyUnsuitable,
    /// The messages cannot be signed with BBS.
    #[error("messages cannot be signed with BBS")]
    Bbs(#[from] BbsError),
    /// What is to be signed has no canonical form.
    #[error("document has no canonical form")]
    Canonical(#[source] JsonError),
}

impl SignError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused => "signing-refused",
            Self::HeaderRefused => "signing-header-refused",
            Self::SuiteMismatch => "signing-suite-mismatch",
            Self::KeyUnsuitable => "signing-key-unsuitable",
            Self::Bbs(error) => error.code(),
            Self::Canonical(_) => "canonical-form-missing",
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
