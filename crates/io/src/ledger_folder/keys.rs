//! Keys of the log and of its in-process witnesses, as files of their own that only the owner may read.
//!
//! In scope: their text, `PRIVATE+KEY+name+id+base64(type || seed)` as in Go's `note` package. Out of scope: keys of
//! people (`keystore_file`).

use std::path::Path;

use inkan_core::encoding::{b64, decode_b64, hex};
use inkan_core::{CryptoRng, SecretBytes};
use inkan_crypto::{KeyType, SecretKey};
use inkan_ledger::VerifierKey;
use inkan_ledger::note::KeyMaterial;

use super::error::LedgerFolderError;
use crate::files::{self, Access};

/// The largest key file in bytes.
const KEY_LIMIT: usize = 1_024;
/// Begins every key file.
const PREFIX: &str = "PRIVATE+KEY+";

/// What a key signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// Checkpoints, as the log (type 0x01).
    Log,
    /// Cosignatures, as a witness (type 0x04).
    Witness,
}

impl Purpose {
    const fn type_byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }
}

/// A secret key and the name it signs under.
#[derive(Debug)]
pub(super) struct NoteSigner {
    pub(super) key: VerifierKey,
    pub(super) secret: SecretKey,
}

impl NoteSigner {
    /// Makes a key and writes its file, unless one is there.
    pub(super) fn create(
        path: &Path,
        name: &str,
        purpose: Purpose,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, LedgerFolderError> {
        if super::layout::exists(path)? {
            return Self::read(path, purpose);
        }
        let secret = SecretKey::generate(KeyType::Ed25519, rng);
        let signer = Self::of(name, secret, purpose)
            .ok_or_else(|| LedgerFolderError::Origin { origin: name.to_owned() })?;
        files::write_atomic(path, signer.to_text(purpose).expose_secret(), Access::Private)?;
        Ok(signer)
    }

    /// Reads a key file.
    pub(super) fn read(path: &Path, purpose: Purpose) -> Result<Self, LedgerFolderError> {
        let text = SecretBytes::new(files::read(path, KEY_LIMIT)?);
        Self::parse(&text, purpose)
            .ok_or_else(|| LedgerFolderError::Malformed { path: path.to_path_buf() })
    }

    fn parse(text: &SecretBytes, purpose: Purpose) -> Option<Self> {
        let text = std::str::from_utf8(text.expose_secret()).ok()?.strip_suffix('\n')?;
        let mut parts = text.strip_prefix(PREFIX)?.splitn(3, '+');
        let (name, id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
        let mut bytes = decode_b64(encoded).ok()?;
        if bytes.len() != 33 || bytes.first() != Some(&purpose.type_byte()) {
            return None;
        }
        bytes.remove(0);
        let seed = SecretBytes::new(bytes);
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
        let encoded = b64(encoded.expose_secret());
        let (name, id) = (self.key.name(), hex(&self.key.id()));
        SecretBytes::new(format!("{PREFIX}{name}+{id}+{encoded}\n").into_bytes())
    }
}

#[cfg(test)]
mod tests;
