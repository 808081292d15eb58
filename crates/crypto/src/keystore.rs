//! The keystore: private keys sealed under a passphrase, as the bytes of one file.
//!
//! In scope: argon2id ([RFC 9106]) and XChaCha20-Poly1305 ([draft-irtf-cfrg-xchacha-03]) over the secret keys; names
//! and public keys stay readable, and are authenticated. Out of scope: where the file lies and who may read it
//! (`inkan-io`), where the passphrase comes from (`cli`).
//!
//! [RFC 9106]: https://www.rfc-editor.org/rfc/rfc9106
//! [draft-irtf-cfrg-xchacha-03]: https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-xchacha-03

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
};

use inkan_core::{CryptoRng, SecretBytes, Timestamp, rng::draw};
use zeroize::Zeroizing;

use crate::{keys::PublicKey, signer::SecretKey};

mod error;
mod file;
mod kdf;

pub use error::KeystoreError;
use file::{Public, Sealed};
use kdf::Kdf;

/// Names of at most this many bytes.
pub const NAME_LIMIT: usize = 256;
/// Keys in one keystore.
pub const KEY_LIMIT: usize = 1_024;

/// Named private keys in memory, each with the moment it was made; wiped on drop.
pub struct Keystore {
    keys: BTreeMap<String, (SecretKey, Timestamp)>,
    cost: kdf::Cost,
}

impl Keystore {
    /// An empty keystore, to be sealed at the price of 64 MiB and 3 passes (RFC 9106 §4, second option, on one lane).
    #[must_use]
    pub const fn new() -> Self {
        Self { keys: BTreeMap::new(), cost: kdf::Cost::STANDARD }
    }

    /// An empty keystore whose passphrase can be guessed quickly: for tests, and for nothing else.
    #[must_use]
    pub const fn insecure_fast() -> Self {
        Self { keys: BTreeMap::new(), cost: kdf::Cost::INSECURE_FAST }
    }

    /// Adds a key that was made at `created`.
    ///
    /// # Errors
    ///
    /// [`KeystoreError::Name`] unless `name` has 1 to [`NAME_LIMIT`] bytes, no spaces at its ends and no control
    /// characters; [`KeystoreError::Exists`] if the name is taken; [`KeystoreError::Full`].
    pub fn insert(
        &mut self,
        name: &str,
        key: SecretKey,
        created: Timestamp,
    ) -> Result<(), KeystoreError> {
        if !file::is_name(name) {
            return Err(KeystoreError::Name);
        }
        if self.keys.len() >= KEY_LIMIT {
            return Err(KeystoreError::Full);
        }
        match self.keys.entry(name.to_owned()) {
            Entry::Occupied(_) => Err(KeystoreError::Exists),
            Entry::Vacant(place) => {
                place.insert((key, created));
                Ok(())
            }
        }
    }

    /// The key of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&SecretKey> {
        self.keys.get(name).map(|(key, _)| key)
    }

    /// Takes a key out; it is wiped when the caller drops it.
    pub fn remove(&mut self, name: &str) -> Option<SecretKey> {
        self.keys.remove(name).map(|(key, _)| key)
    }

    /// Name, public key and moment of making of every key, in the order of names.
    pub fn list(&self) -> impl Iterator<Item = (&str, PublicKey, Timestamp)> {
        self.keys.iter().map(|(name, (key, created))| (name.as_str(), key.public_key(), *created))
    }

    /// The bytes of the file: under `passphrase`, with a fresh salt and nonce.
    ///
    /// # Errors
    ///
    /// [`KeystoreError::PassphraseEmpty`]; [`KeystoreError::Memory`] if there is no room to derive the key (a retry
    /// can help).
    pub fn seal(
        &self,
        passphrase: &SecretBytes,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, KeystoreError> {
        let public = Public {
            kdf: Kdf { cost: self.cost, salt: draw(rng) },
            nonce: draw(rng),
            keys: self
                .list()
                .map(|(name, public_key, created)| Listed {
                    name: name.to_owned(),
                    public_key,
                    created,
                })
                .collect(),
        };
        let length = file::secrets_length(self.list().map(|(_, key, _)| key.key_type()));
        // Room for the tag too: a vector that grows leaves its old bytes behind.
        let mut secrets =
            Zeroizing::new(Vec::with_capacity(length.saturating_add(kdf::TAG_LENGTH)));
        for (key, _) in self.keys.values() {
            key.append_to(&mut secrets);
        }
        let key = public.kdf.derive(passphrase)?;
        kdf::encrypt(&key, &public.nonce, &public.authenticated()?, &mut secrets)?;
        Sealed { public, sealed: secrets.to_vec() }.to_bytes()
    }

    /// Opens the bytes of a file. Sealing again keeps the price that the file has.
    ///
    /// # Errors
    ///
    /// [`KeystoreError::Locked`] if the passphrase is wrong, or if anything in the file was altered: the two cannot
    /// be told apart. [`KeystoreError::Malformed`] or [`KeystoreError::CostRefused`] before the passphrase is even
    /// tried; [`KeystoreError::Inconsistent`] if a secret key is not the one of its public key.
    pub fn open(bytes: &[u8], passphrase: &SecretBytes) -> Result<Self, KeystoreError> {
        let Sealed { public, sealed } = Sealed::parse(bytes)?;
        let key = public.kdf.derive(passphrase)?;
        let mut secrets = Zeroizing::new(sealed);
        kdf::decrypt(&key, &public.nonce, &public.authenticated()?, &mut secrets)?;
        let mut rest = secrets.as_slice();
        let mut opened = Self { keys: BTreeMap::new(), cost: public.kdf.cost };
        for listed in public.keys {
            let key_type = listed.public_key.key_type();
            let split = rest.split_at_checked(key_type.secret_length());
            let (secret, others) = split.ok_or(KeystoreError::Inconsistent)?;
            rest = others;
            let key = SecretKey::from_slice(key_type, secret)
                .ok()
                .filter(|key| key.public_key() == listed.public_key)
                .ok_or(KeystoreError::Inconsistent)?;
            opened.keys.insert(listed.name, (key, listed.created));
        }
        if rest.is_empty() { Ok(opened) } else { Err(KeystoreError::Inconsistent) }
    }
}

/// What the bytes of a file say about its keys, without the passphrase, and therefore unchecked: who can write the
/// file can write this.
///
/// # Errors
///
/// [`KeystoreError::Malformed`] or [`KeystoreError::CostRefused`].
pub fn list_sealed(bytes: &[u8]) -> Result<Vec<Listed>, KeystoreError> {
    Ok(Sealed::parse(bytes)?.public.keys)
}

/// The readable part of one key in a sealed file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// Its name in the keystore.
    pub name: String,
    /// Its public half.
    pub public_key: PublicKey,
    /// When it was made.
    pub created: Timestamp,
}

impl Default for Keystore {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows names only.
impl fmt::Debug for Keystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

#[cfg(test)]
mod tests;
