//! A profile's folder: what one role on this machine owns and remembers, as small files that are replaced whole.
//!
//! ```text
//! keystore.json          sealed keys in use             nonces/<digest>.json       nonces asked, once each
//! next-keystore.json     sealed next keys, apart        dids/<name>.json           own DIDs and their key names
//! logs/<origin>.policy   pinned log policies            wallet/<name>.json         credentials held (bundles)
//! logs/<origin>.seen     largest head seen of each log  promises/<origin>.<index>.promise   not kept yet
//! logs/<origin>.place    where a pinned log answers     moves/<name>.json          own DIDs that moved to another log
//! trust.json             the trust list                 issued/<name>.json         what was issued, without claims
//! schemas/<name>.json    pinned JSON Schemas            status/<name>.json         status lists and their next index
//! pinned/<digest>.json   files pinned by URL and hash
//! intents/<id>.json      ledger writes under way        acts/<name>.json           own countersignatures
//! pending/<digest>.json  recorded, and not yet in its file
//! consents/<act>.json    consent receipts, given and received
//! jpki/…                 what card signatures are judged by (crate::cards)
//! cards/<digest>.json    cards for logins, registered to holders
//! promises/<hash>.evidence.json   what shows that a node lied
//! ```
//!
//! In scope: where each thing lies, and that it survives a crash. Out of scope: what a command does with it (`cli`),
//! the sealed files' contents ([`crate::keystore_file`]).

mod evidence;
mod logs;
mod promises;
mod record;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use inkan_core::json::{self, JsonError};
use inkan_core::limits;
use serde_json::Value;

use crate::files::layer::{Put, put_many};
use crate::files::{self, Access, FileError, FolderLock, SystemFiles};

pub use record::{
    ActRecord, FixedPolicy, IssuedRecord, MoveRecord, NonceRecord, OwnDid, OwnKey, PinnedPolicy,
    StatusEvent, StatusListRecord,
};

/// The folder of one profile.
#[derive(Clone, Debug)]
pub struct Profile {
    name: String,
    folder: PathBuf,
}

/// Folders of records: one JSON object per file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shelf {
    /// [`OwnDid`].
    Dids,
    /// Bundles of credentials held, as they travel.
    Wallet,
    /// [`IssuedRecord`].
    Issued,
    /// [`StatusListRecord`].
    StatusLists,
    /// [`ActRecord`].
    Acts,
    /// [`NonceRecord`].
    Nonces,
    /// Pinned JSON Schemas.
    Schemas,
    /// Files pinned by URL and hash ([`crate::pinned`]).
    Pinned,
    /// Ledger writes under way.
    Intents,
    /// What is recorded and has not reached its file.
    Pending,
    /// Consent receipts, given and received.
    Consents,
    /// Offers published at an exchange, with the keys that end them.
    Offers,
    /// Cards for logins that are registered to holders ([`crate::cards`]).
    Cards,
    /// [`MoveRecord`].
    Moves,
}

impl Shelf {
    /// The folder's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dids => "dids",
            Self::Wallet => "wallet",
            Self::Issued => "issued",
            Self::StatusLists => "status",
            Self::Acts => "acts",
            Self::Nonces => "nonces",
            Self::Schemas => "schemas",
            Self::Pinned => "pinned",
            Self::Intents => "intents",
            Self::Pending => "pending",
            Self::Consents => "consents",
            Self::Offers => "offers",
            Self::Cards => "cards",
            Self::Moves => "moves",
        }
    }

    /// Reads [`Self::as_str`].
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shelf| shelf.as_str() == name)
    }

    const ALL: [Self; 14] = [
        Self::Dids,
        Self::Wallet,
        Self::Issued,
        Self::StatusLists,
        Self::Acts,
        Self::Nonces,
        Self::Schemas,
        Self::Pinned,
        Self::Intents,
        Self::Pending,
        Self::Consents,
        Self::Offers,
        Self::Cards,
        Self::Moves,
    ];
}

/// Why a profile could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// A record is not JSON.
    #[error("{path}")]
    NotJson {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: JsonError,
    },
    /// A record lacks a member, or has one of another type.
    #[error("{path}: member {member:?} is missing or malformed")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The member.
        member: &'static str,
    },
    /// A name that cannot be a file name.
    #[error("{name:?} cannot be the name of a record")]
    Name {
        /// The name.
        name: String,
    },
}

impl ProfileError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::NotJson { .. } | Self::Malformed { .. } => "profile-record-malformed",
            Self::Name { .. } => "record-name-invalid",
        }
    }
}

impl Profile {
    /// Makes the folder, readable by its owner alone, or takes it as it is.
    ///
    /// # Errors
    ///
    /// [`ProfileError::File`].
    pub fn create(folder: &Path, name: &str) -> Result<Self, ProfileError> {
        let profile = Self { name: name.to_owned(), folder: folder.to_path_buf() };
        files::create_folder(folder, Access::Private)?;
        files::create_folder(&folder.join("logs"), Access::Private)?;
        for shelf in Shelf::ALL {
            files::create_folder(&folder.join(shelf.as_str()), Access::Private)?;
        }
        Ok(profile)
    }

    /// Takes a folder that [`Self::create`] made.
    ///
    /// # Errors
    ///
    /// [`FileError::Missing`] if there is none.
    pub fn open(folder: &Path, name: &str) -> Result<Self, ProfileError> {
        if !folder.is_dir() {
            return Err(FileError::Missing { path: folder.to_path_buf() }.into());
        }
        Ok(Self { name: name.to_owned(), folder: folder.to_path_buf() })
    }

    /// The profile's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The profile's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The sealed keys in use.
    #[must_use]
    pub fn keystore(&self) -> PathBuf {
        self.folder.join("keystore.json")
    }

    /// The sealed next keys.
    #[must_use]
    pub fn next_keystore(&self) -> PathBuf {
        self.folder.join("next-keystore.json")
    }

    /// The trust list.
    #[must_use]
    pub fn trust_list(&self) -> PathBuf {
        self.folder.join("trust.json")
    }

    /// Keeps every other command from writing to this profile until the lock is dropped.
    ///
    /// # Errors
    ///
    /// [`FileError::Locked`] if another process keeps it for more than ten seconds.
    pub fn lock(&self) -> Result<FolderLock, ProfileError> {
        Ok(files::lock(&self.folder)?)
    }

    /// Where the newest states seen of DIDs, acts and status lists are remembered.
    #[must_use]
    pub fn known(&self) -> PathBuf {
        self.folder.join("known.json")
    }

    /// Names on a shelf, sorted.
    ///
    /// # Errors
    ///
    /// [`ProfileError::File`].
    pub fn names(&self, shelf: Shelf) -> Result<Vec<String>, ProfileError> {
        Ok(files::list(&self.folder.join(shelf.as_str()), ".json")?)
    }

    /// One record, if it is there.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn get(&self, shelf: Shelf, name: &str) -> Result<Option<Value>, ProfileError> {
        let path = self.path(shelf, name)?;
        let Some(bytes) = files::read_optional(&path, limits::BUNDLE)? else { return Ok(None) };
        json::parse(&bytes, limits::BUNDLE)
            .map(Some)
            .map_err(|source| ProfileError::NotJson { path, source })
    }

    /// Writes one record, whole and durably.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn put(&self, shelf: Shelf, name: &str, record: &Value) -> Result<(), ProfileError> {
        let path = self.path(shelf, name)?;
        self.make(shelf)?;
        let text = format!("{record:#}\n");
        Ok(files::write_atomic(&path, text.as_bytes(), Access::Private)?)
    }

    /// Writes records, each whole and durably; many at once cost hardly more syncs than one. Of two with one name the later
    /// counts.
    ///
    /// # Errors
    ///
    /// [`ProfileError`]; some of them may have been written.
    pub fn put_all<'a>(
        &self,
        records: impl IntoIterator<Item = (Shelf, &'a str, &'a Value)>,
    ) -> Result<(), ProfileError> {
        let mut files = BTreeMap::new();
        for (shelf, name, record) in records {
            self.make(shelf)?;
            files.insert(self.path(shelf, name)?, format!("{record:#}\n").into_bytes());
        }
        let files: Vec<Put> = files.into_iter().map(|(path, bytes)| Put { path, bytes }).collect();
        Ok(put_many(&SystemFiles, &self.folder, &files, Access::Private)?)
    }

    /// Makes a shelf that profiles of earlier versions have not.
    fn make(&self, shelf: Shelf) -> Result<(), ProfileError> {
        if matches!(
            shelf,
            Shelf::Pinned | Shelf::Consents | Shelf::Offers | Shelf::Cards | Shelf::Moves
        ) {
            files::create_folder(&self.folder.join(shelf.as_str()), Access::Private)?;
        }
        Ok(())
    }

    /// Removes one record; that it is not there is no error.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn remove(&self, shelf: Shelf, name: &str) -> Result<(), ProfileError> {
        Ok(files::remove(&self.path(shelf, name)?)?)
    }

    /// All records of one kind, read, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`ProfileError`]; the first record that is malformed ends it.
    pub fn all<T: Record>(&self) -> Result<Vec<(String, T)>, ProfileError> {
        let mut out = Vec::new();
        for name in self.names(T::SHELF)? {
            if let Some(record) = self.find(&name)? {
                out.push((name, record));
            }
        }
        Ok(out)
    }

    /// One record, read, if it is there.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn find<T: Record>(&self, name: &str) -> Result<Option<T>, ProfileError> {
        let Some(value) = self.get(T::SHELF, name)? else { return Ok(None) };
        match T::from_value(&value) {
            Ok(record) => Ok(Some(record)),
            Err(member) => {
                Err(ProfileError::Malformed { path: self.path(T::SHELF, name)?, member })
            }
        }
    }

    fn path(&self, shelf: Shelf, name: &str) -> Result<PathBuf, ProfileError> {
        check_name(name)?;
        Ok(self.folder.join(shelf.as_str()).join(format!("{name}.json")))
    }
}

/// A kind of record that has a shelf of its own.
pub trait Record: Sized {
    /// Where records of this kind lie.
    const SHELF: Shelf;

    /// Reads the JSON form; `Err` names the member that is missing or malformed.
    ///
    /// # Errors
    ///
    /// The name of the member.
    fn from_value(value: &Value) -> Result<Self, &'static str>;

    /// Writes the JSON form.
    fn to_value(&self) -> Value;
}

fn check_name(name: &str) -> Result<(), ProfileError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~');
    if !name.starts_with('.') && (1..=128).contains(&name.len()) && name.chars().all(plain) {
        Ok(())
    } else {
        Err(ProfileError::Name { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests;
