//! From passphrase to key (argon2id, RFC 9106), and the seal itself (XChaCha20-Poly1305).

use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::{AeadInOut as _, KeyInit as _, XChaCha20Poly1305};
use inkan_core::SecretBytes;
use zeroize::{Zeroize as _, Zeroizing};

use super::KeystoreError;

/// Bytes of the authentication tag at the end of what is sealed.
pub(super) const TAG_LENGTH: usize = 16;

/// The greatest price we pay for a file that anyone may have written: 256 MiB, 10 passes, 4 lanes.
const LIMIT: Cost = Cost { memory_kib: 256 << 10, passes: 10, lanes: 4 };

/// What deriving a key costs, in the terms of RFC 9106 §3.1: m, t and p.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cost {
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

impl Cost {
    pub(super) const STANDARD: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 1 };
    pub(super) const INSECURE_FAST: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };

    /// Takes numbers out of a file.
    pub(super) fn new(memory_kib: u64, passes: u64, lanes: u64) -> Result<Self, KeystoreError> {
        let within = |value: u64, least: u32, most: u32| {
            u32::try_from(value).ok().filter(|value| (least..=most).contains(value))
        };
        let cost = || {
            let lanes = within(lanes, 1, LIMIT.lanes)?;
            let memory_kib = within(memory_kib, lanes.saturating_mul(8), LIMIT.memory_kib)?;
            Some(Self { memory_kib, passes: within(passes, 1, LIMIT.passes)?, lanes })
        };
        cost().ok_or(KeystoreError::CostRefused { memory_kib, passes, lanes })
    }
}

/// A price and a salt.
#[derive(Clone, Debug)]
pub(super) struct Kdf {
    pub(super) cost: Cost,
    pub(super) salt: [u8; 16],
}

impl Kdf {
    /// Derives the key; the memory it took is wiped.
    pub(super) fn derive(
        &self,
        passphrase: &SecretBytes,
    ) -> Result<Zeroizing<[u8; 32]>, KeystoreError> {
        if passphrase.is_empty() {
            return Err(KeystoreError::PassphraseEmpty);
        }
        let Cost { memory_kib, passes, lanes } = self.cost;
        let params = Params::new(memory_kib, passes, lanes, Some(32))
            .map_err(|_| KeystoreError::Malformed)?;
        let count = params.block_count();
        let mut memory = Vec::new();
        memory.try_reserve_exact(count).map_err(|_| KeystoreError::Memory)?;
        memory.resize(count, Block::default());
        let mut key = Zeroizing::new([0; 32]);
        let outcome = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                passphrase.expose_secret(),
                &self.salt,
                &mut *key,
                &mut memory,
            );
        memory.iter_mut().for_each(|block| block.zeroize());
        outcome.map_err(|_| KeystoreError::Malformed)?;
        Ok(key)
    }
}

/// Encrypts in place and appends the tag, for which `bytes` must have room.
pub(super) fn encrypt(
    key: &[u8; 32],
    nonce: &[u8; 24],
    authenticated: &[u8],
    bytes: &mut Vec<u8>,
) -> Result<(), KeystoreError> {
    XChaCha20Poly1305::new(key.into())
        .encrypt_in_place(nonce.into(), authenticated, bytes)
        .map_err(|_| KeystoreError::Full)
}

/// Checks the tag, decrypts in place and cuts the tag off.
pub(super) fn decrypt(
    key: &[u8; 32],
    nonce: &[u8; 24],
    authenticated: &[u8],
    bytes: &mut Vec<u8>,
) -> Result<(), KeystoreError> {
    XChaCha20Poly1305::new(key.into())
        .decrypt_in_place(nonce.into(), authenticated, bytes)
        .map_err(|_| KeystoreError::Locked)
}
