//! The two sealed files of a profile: keys in use, and next keys apart from them.
//!
//! In scope: reading and replacing them durably. Out of scope: the seal (`inkan_crypto::keystore`), and where the
//! passphrase comes from (`cli`).

use std::path::{Path, PathBuf};

use inkan_core::{CryptoRng, SecretBytes, limits};
use inkan_crypto::keystore::{self, Keystore, KeystoreError, Listed};

use crate::files::{self, Access, FileError};

/// Why a sealed file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreFileError {
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The seal or what is under it.
    #[error("{path}")]
    Keystore {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: KeystoreError,
    },
}

impl KeystoreFileError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Keystore { source, .. } => source.code(),
        }
    }
}

/// Whether there is a sealed file yet.
#[must_use]
pub fn exists(path: &Path) -> bool {
    path.is_file()
}

/// Names and public keys, without a passphrase: nothing is shown by them, but `open` will check them.
///
/// # Errors
///
/// [`KeystoreFileError`]; no file is an empty list.
pub fn list(path: &Path) -> Result<Vec<Listed>, KeystoreFileError> {
    let Some(bytes) = files::read_optional(path, limits::DOCUMENT)? else { return Ok(Vec::new()) };
    keystore::list_sealed(&bytes).map_err(|source| at(path, source))
}

/// Opens a sealed file.
///
/// # Errors
///
/// [`KeystoreFileError`], with code `keystore-locked` if the passphrase is wrong.
pub fn open(path: &Path, passphrase: &SecretBytes) -> Result<Keystore, KeystoreFileError> {
    let bytes = files::read(path, limits::DOCUMENT)?;
    Keystore::open(&bytes, passphrase).map_err(|source| at(path, source))
}

/// Seals and replaces the file.
///
/// # Errors
///
/// [`KeystoreFileError`]; the old file is then still there.
pub fn save(
    path: &Path,
    keys: &Keystore,
    passphrase: &SecretBytes,
    rng: &mut impl CryptoRng,
) -> Result<(), KeystoreFileError> {
    let bytes = keys.seal(passphrase, rng).map_err(|source| at(path, source))?;
    Ok(files::write_atomic(path, &bytes, Access::Private)?)
}

fn at(path: &Path, source: KeystoreError) -> KeystoreFileError {
    KeystoreFileError::Keystore { path: path.to_path_buf(), source }
}

#[cfg(test)]
mod tests;
