//! COSE Receipts (§5.6 of the ledger specification, RFC 9942): the log's P-256 key, and what it signs.
//!
//! In scope: the key's file, `keys/cose` in the data folder, made when a node first runs there; roots of heads that the
//! log has signed as notes. Out of scope: the form of the receipt (`inkan-ledger`).

use std::path::{Path, PathBuf};

use inkan_core::SecretBytes;
use inkan_core::encoding;
use inkan_crypto::{KeyType, PublicKey, SecretKey};
use inkan_io::files::{self, Access, FileError};
use inkan_io::os_rng::OsRng;
use inkan_ledger::cose::{CoseError, CoseReceipt};
use inkan_ledger::{Checkpoint, LeafHash, Receipt};

/// First word of the file.
const PREFIX: &str = "inkan-cose-key/1 ";
/// The largest file in bytes.
const LIMIT: usize = 256;

/// The key, and the name under which it signs.
pub(crate) struct CoseSigner {
    origin: String,
    secret: SecretKey,
}

impl std::fmt::Debug for CoseSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CoseSigner(..)")
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum CoseKeyError {
    /// Its file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its file holds no key.
    #[error("{path}: not a key for COSE receipts")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

impl CoseKeyError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Malformed { .. } => "cose-key-malformed",
        }
    }
}

impl CoseSigner {
    /// Reads the key of a ledger, or makes one.
    pub(crate) fn open(data: &Path, origin: &str) -> Result<Self, CoseKeyError> {
        let path = data.join("keys").join("cose");
        let origin = origin.to_owned();
        let Some(bytes) = files::read_optional(&path, LIMIT)? else {
            let secret = SecretKey::generate(KeyType::P256, &mut OsRng);
            let encoded = encoding::secret::b64u(secret.to_secret_bytes().expose_secret());
            let text = [PREFIX.as_bytes(), encoded.expose_secret(), b"\n"].concat();
            let text = SecretBytes::new(text);
            files::write_atomic(&path, text.expose_secret(), Access::Private)?;
            return Ok(Self { origin, secret });
        };
        let text = SecretBytes::new(bytes);
        let secret = std::str::from_utf8(text.expose_secret())
            .ok()
            .and_then(|text| text.strip_prefix(PREFIX)?.strip_suffix('\n'))
            .and_then(|text| encoding::secret::decode_b64u(text).ok())
            .and_then(|seed| SecretKey::from_secret_bytes(KeyType::P256, &seed).ok())
            .ok_or(CoseKeyError::Malformed { path })?;
        Ok(Self { origin, secret })
    }

    /// What others verify with.
    pub(crate) fn public_key(&self) -> PublicKey {
        self.secret.public_key()
    }

    /// The same proof, in COSE.
    pub(crate) fn export(&self, receipt: &Receipt) -> Result<Vec<u8>, CoseError> {
        let checkpoint = Checkpoint::parse_text(receipt.note().text());
        let head = checkpoint.map_err(|_| CoseError::Malformed("not of a checkpoint"))?.head();
        let leaf = LeafHash::of(receipt.leaf_bytes());
        let proof = receipt.proof().path();
        CoseReceipt::sign(&self.origin, (&leaf, proof), &head, &self.secret)?.to_bytes()
    }
}
