//! Why a keystore does not open, or does not take a key.

use inkan_core::json::JsonError;

/// Why a keystore does not open, or does not take a key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeystoreError {
    /// The passphrase is wrong, or the file was altered. A retry with another passphrase can help.
    #[error("passphrase does not open the keystore, or the keystore was altered")]
    Locked,
    /// No passphrase was given to seal with.
    #[error("passphrase is empty")]
    PassphraseEmpty,
    /// The file is not JSON with one reading.
    #[error("keystore is not JSON with one reading")]
    Json(#[source] JsonError),
    /// The file is not a keystore of this version, or not as we write it.
    #[error("file is not a keystore of type inkan-keystore/1")]
    Malformed,
    /// The file asks for more memory, passes or lanes than we spend on a file that anyone may have written.
    #[error(
        "keystore asks for {memory_kib} KiB, {passes} passes and {lanes} lanes: too much, or too little to work"
    )]
    CostRefused {
        /// Memory in KiB.
        memory_kib: u64,
        /// Passes over the memory.
        passes: u64,
        /// Lanes.
        lanes: u64,
    },
    /// There is not enough memory to derive the key; a retry can help.
    #[error("not enough memory to derive the key of the keystore")]
    Memory,
    /// The passphrase fits, and the secrets are not those of the listed public keys.
    #[error("secret keys in the keystore are not those of its public keys")]
    Inconsistent,
    /// The name is empty, too long, begins or ends with a space, or has control characters.
    #[error("name of the key is not 1 to 256 bytes of plain text")]
    Name,
    /// The name is taken.
    #[error("a key of this name exists")]
    Exists,
    /// The keystore has as many keys as it may have.
    #[error("keystore is full")]
    Full,
}

impl KeystoreError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Locked => "keystore-locked",
            Self::PassphraseEmpty => "passphrase-empty",
            Self::Json(error) => error.code(),
            Self::Malformed => "keystore-malformed",
            Self::CostRefused { .. } => "keystore-cost-refused",
            Self::Memory => "keystore-memory",
            Self::Inconsistent => "keystore-inconsistent",
            Self::Name => "key-name-invalid",
            Self::Exists => "key-exists",
            Self::Full => "keystore-full",
        }
    }
}
