//! Keys that sign notes (of logs, witnesses and mirrors), as files of their own that only the owner may read.
//!
//! In scope: their text, `PRIVATE+KEY+name+id+base64(type || seed)` as in Go's `note` package. Out of scope: keys of
//! people (`keystore_file`).

use std::path::{Path, PathBuf};

use inkan_core::encoding::{hex, secret};
use inkan_core::{CryptoRng, SecretBytes};
use inkan_crypto::{KeyType, SecretKey, SignError};
use inkan_ledger::note::KeyMaterial;
use inkan_ledger::{Promise, SignedNote, VerifierKey};

use crate::files::{self, Access, FileError};

/// The largest key file in bytes.
const KEY_LIMIT: usize = 1_024;
/// Begins every key file.
const PREFIX: &str = "PRIVATE+KEY+";

/// What a key signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Checkpoints, as the log (type 0x01).
    Log,
    /// Cosignatures, as a witness or a mirror (type 0x04).
    Witness,
}

/// A secret key and the name it signs under.
#[derive(Debug)]
pub struct NoteSigner {
    pub(crate) key: VerifierKey,
    pub(crate) secret: SecretKey,
}

/// Why there is no key. Only a failed file may be worth a retry.
#[derive(Debug, thiserror::Error)]
pub enum NoteKeyError {
    /// The file holds no key of this purpose.
    #[error("{path} is malformed")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The name is none that a key can have.
    #[error("{name:?} cannot be the name of a key")]
    Name {
        /// The name.
        name: String,
    },
    /// The file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl NoteKeyError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "ledger-file-malformed",
            Self::Name { .. } => "ledger-name-invalid",
            Self::File(error) => error.code(),
        }
    }
}

impl Purpose {
    const fn type_byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }
}

impl NoteSigner {
    /// Makes a key and writes its file, unless one is there: then that one is given, whatever its name.
    ///
    /// # Errors
    ///
    /// [`NoteKeyError`].
    pub fn create(
        path: &Path,
        name: &str,
        purpose: Purpose,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, NoteKeyError> {
        match Self::read(path, purpose) {
            Err(NoteKeyError::File(FileError::Missing { .. })) => {}
            other => return other,
        }
        let secret = SecretKey::generate(KeyType::Ed25519, rng);
        let signer = Self::of(name, secret, purpose)
            .ok_or_else(|| NoteKeyError::Name { name: name.to_owned() })?;
        files::write_atomic(path, signer.to_text(purpose).expose_secret(), Access::Private)?;
        Ok(signer)
    }

    /// Reads a key file.
    ///
    /// # Errors
    ///
    /// [`NoteKeyError::Malformed`], [`NoteKeyError::File`].
    pub fn read(path: &Path, purpose: Purpose) -> Result<Self, NoteKeyError> {
        let text = SecretBytes::new(files::read(path, KEY_LIMIT)?);
        Self::parse(&text, purpose)
            .ok_or_else(|| NoteKeyError::Malformed { path: path.to_path_buf() })
    }

    /// What others verify with.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Signs a promise, as the log.
    ///
    /// # Errors
    ///
    /// [`SignError`] if this is the key of another log.
    pub fn promise(&self, promise: &Promise) -> Result<SignedNote, SignError> {
        promise.sign(&self.key, &self.secret)
    }

    fn parse(text: &SecretBytes, purpose: Purpose) -> Option<Self> {
        let text = std::str::from_utf8(text.expose_secret()).ok()?.strip_suffix('\n')?;
        let mut parts = text.strip_prefix(PREFIX)?.splitn(3, '+');
        let (name, id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = secret::decode_b64(encoded).ok()?;
        let (kind, seed) = bytes.expose_secret().split_first_chunk::<1>()?;
        if *kind != [purpose.type_byte()] || seed.len() != 32 {
            return None;
        }
        let seed = SecretBytes::new(seed.to_vec());
        let secret = SecretKey::from_secret_bytes(KeyType::Ed25519, &seed).ok()?;
        Self::of(name, secret, purpose).filter(|signer| hex(&signer.key.id()) == id)
    }

    fn of(name: &str, secret: SecretKey, purpose: Purpose) -> Option<Self> {
        let material = match purpose {
            Purpose::Log => KeyMaterial::Note(secret.public_key()),
            Purpose::Witness => KeyMaterial::Cosignature(secret.public_key()),
        };
        Some(Self { key: VerifierKey::new(name, material).ok()?, secret })
    }

    fn to_text(&self, purpose: Purpose) -> SecretBytes {
        let seed = self.secret.to_secret_bytes();
        let encoded = SecretBytes::new([&[purpose.type_byte()], seed.expose_secret()].concat());
        let encoded = secret::b64(encoded.expose_secret());
        let start = format!("{PREFIX}{}+{}+", self.key.name(), hex(&self.key.id()));
        SecretBytes::new([start.as_bytes(), encoded.expose_secret(), b"\n"].concat())
    }
}

#[cfg(test)]
mod tests;
