//! The two sealed keystores of a profile, opened with their passphrases.
//!
//! Keys in use and next keys lie in separate files under separate passphrases: who gets hold of one of them cannot
//! take over a DID (ledger specification §6.3).

use std::path::PathBuf;

use inkan_core::{SecretBytes, Timestamp};
use inkan_crypto::keystore::Keystore;
use inkan_crypto::{KeyType, PublicKey, SecretKey};
use inkan_io::keystore_file;
use inkan_io::os_rng::OsRng;

use crate::context::{Context, Home};
use crate::env;
use crate::failure::{CliError, Failure};
use crate::prompt::{self, Twice};

/// Which of the two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Which {
    InUse,
    Next,
}

/// An open keystore, its passphrase, and where it lies.
#[derive(Debug)]
pub(crate) struct Keyring {
    keys: Keystore,
    passphrase: SecretBytes,
    path: PathBuf,
    profile: String,
}

impl Keyring {
    /// Opens the keys in use, or begins them.
    pub(crate) fn open(context: &Context, home: &Home) -> Result<Self, Failure> {
        Self::load(context, home, Which::InUse, context.passphrase_file())
    }

    /// Opens the next keys, or begins them; `file` is the option of the command.
    ///
    /// Refuses to begin them under the passphrase of the keys in use.
    pub(crate) fn open_next(
        context: &Context,
        home: &Home,
        file: Option<&str>,
        in_use: &Self,
    ) -> Result<Self, Failure> {
        let file = file.map(str::to_owned).or_else(env::next_passphrase_file);
        let next = Self::load(context, home, Which::Next, file)?;
        if next.passphrase == in_use.passphrase {
            return Err(CliError::PassphraseShared.into());
        }
        Ok(next)
    }

    fn load(
        context: &Context,
        home: &Home,
        which: Which,
        file: Option<String>,
    ) -> Result<Self, Failure> {
        let (path, title) = match which {
            Which::InUse => (home.profile.keystore(), "the keystore"),
            Which::Next => (home.profile.next_keystore(), "the keystore of next keys"),
        };
        let exists = keystore_file::exists(&path);
        let passphrase = match file {
            Some(file) => prompt::passphrase_from_file(&file, &context.speech)?,
            None => {
                let (verb, twice) = if exists { ("of", Twice::No) } else { ("for", Twice::Yes) };
                let question = format!("[{}] passphrase {verb} {title}", home.name());
                prompt::passphrase(context.asking, title, &question, twice)?
            }
        };
        let keys = if exists { keystore_file::open(&path, &passphrase)? } else { Keystore::new() };
        Ok(Self { keys, passphrase, path, profile: home.name().to_owned() })
    }

    /// Reads the file again: another process may have put keys in or taken some out.
    pub(crate) fn reopen(&mut self) -> Result<(), Failure> {
        self.keys = keystore_file::open(&self.path, &self.passphrase)?;
        Ok(())
    }

    /// The key of that name.
    pub(crate) fn key(&self, name: &str) -> Result<&SecretKey, Failure> {
        let unknown =
            || CliError::KeyUnknown { name: name.to_owned(), profile: self.profile.clone() };
        Ok(self.keys.get(name).ok_or_else(unknown)?)
    }

    /// The name of the key with this public half, if it is here.
    pub(crate) fn name_of(&self, key: &PublicKey) -> Option<&str> {
        self.keys.list().find(|(_, public, _)| public == key).map(|(name, ..)| name)
    }

    /// Whether there is a key of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.keys.get(name).is_some()
    }

    /// Makes a key; it is on disk only after [`Self::save`].
    pub(crate) fn generate(
        &mut self,
        name: &str,
        key_type: KeyType,
        now: Timestamp,
    ) -> Result<PublicKey, Failure> {
        let key = SecretKey::generate(key_type, &mut OsRng);
        let public = key.public_key();
        self.keys.insert(name, key, now)?;
        Ok(public)
    }

    /// Puts a key in; it is on disk only after [`Self::save`].
    pub(crate) fn insert(
        &mut self,
        name: &str,
        key: SecretKey,
        created: Timestamp,
    ) -> Result<(), Failure> {
        Ok(self.keys.insert(name, key, created)?)
    }

    /// Takes a key out; it is gone from disk only after [`Self::save`].
    pub(crate) fn remove(&mut self, name: &str) -> Option<SecretKey> {
        self.keys.remove(name)
    }

    /// Seals the file again.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        Ok(keystore_file::save(&self.path, &self.keys, &self.passphrase, &mut OsRng)?)
    }
}
