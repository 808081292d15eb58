//! Where offers are kept: one file each, written whole or not at all, under the digest of its id.
//!
//! A file that is there was synced before the request was answered; a process that dies between leaves the state before or
//! the state after. Nobody else has the folder open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use inkan_core::{Digest, Timestamp, json, limits, sha256};
use inkan_credential::bundle::Bundle;
use inkan_io::files::{self, Access, FileError, FolderLock};
use serde_json::{Value, json};

/// `type` of a file.
const TYPE: &str = "inkan-offer/1";
/// How files end.
const SUFFIX: &str = ".json";
/// Offers that are kept at the same time.
const MOST: usize = 4_096;

/// One offer.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    /// Digest of the key that ends it.
    pub(super) key: Digest,
    /// When it is forgotten.
    pub(super) until: Timestamp,
    /// Its newest state.
    pub(super) bundle: Bundle,
}

impl Offer {
    /// The entity tag of its state.
    pub(super) fn tag(&self) -> String {
        let bytes = json::canonicalize(&self.bundle.to_value()).unwrap_or_default();
        format!("\"{}\"", sha256(&[&bytes]).to_b64u())
    }

    fn to_value(&self) -> Value {
        json!({
            "type": TYPE,
            "key": self.key.to_b64u(),
            "until": self.until.to_string(),
            "bundle": self.bundle.to_value(),
        })
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let value = json::parse(bytes, limits::BUNDLE).ok()?;
        let text = |name| json::text(&value, name);
        if text("type") != Some(TYPE) {
            return None;
        }
        let key = Digest::from_b64u(text("key")?).ok()?;
        let until = Timestamp::parse_strict(text("until")?).ok()?;
        let bundle = Bundle::parse(value.get("bundle")?.to_string().as_bytes()).ok()?;
        Some(Self { key, until, bundle })
    }
}

/// Why offers cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum OfferStoreError {
    /// The folder or a file cannot be used; perhaps another process does.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file is none that was written here.
    #[error("{path} is not an offer as this exchange keeps them")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

impl OfferStoreError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(FileError::Locked { .. }) => "ledger-locked",
            Self::File(error) => error.code(),
            Self::Malformed { .. } => "offer-record-malformed",
        }
    }
}

/// What became of a new state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Replaced {
    /// It is kept.
    Done,
    /// It was made from a state that is not the newest any more.
    Changed,
    /// The offer has ended.
    Gone,
}

/// All offers.
#[derive(Debug)]
pub(crate) struct OfferStore {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// When each is forgotten, by the digest of its id.
    ends: BTreeMap<String, Timestamp>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Until the process ends.
    Memory(BTreeMap<String, Offer>),
    Folder(PathBuf, #[expect(dead_code, reason = "held until this is dropped")] FolderLock),
}

impl OfferStore {
    /// The offers of a folder, which is made if it is missing; in memory without one.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, OfferStoreError> {
        let mut ends = BTreeMap::new();
        let place = match folder {
            None => Place::Memory(BTreeMap::new()),
            Some(folder) => {
                files::create_folder(folder, Access::Private)?;
                let lock = files::try_lock(folder)?;
                for name in files::list(folder, SUFFIX)? {
                    let path = path_of(folder, &name);
                    let offer = Offer::of_bytes(&files::read(&path, limits::BUNDLE)?);
                    let offer = offer.ok_or(OfferStoreError::Malformed { path })?;
                    ends.insert(name, offer.until);
                }
                Place::Folder(folder.to_path_buf(), lock)
            }
        };
        Ok(Self { inner: Mutex::new(Inner { ends, place }) })
    }

    /// Keeps a new offer; says no if there is no room.
    pub(super) fn publish(
        &self,
        id: &str,
        offer: &Offer,
        now: Timestamp,
    ) -> Result<bool, OfferStoreError> {
        let mut inner = self.inner();
        inner.forget(now)?;
        if inner.ends.len() >= MOST {
            return Ok(false);
        }
        inner.write(&name_of(id), offer)?;
        Ok(true)
    }

    /// An offer that has not ended.
    pub(super) fn get(&self, id: &str, now: Timestamp) -> Result<Option<Offer>, OfferStoreError> {
        let mut inner = self.inner();
        inner.forget(now)?;
        inner.read(&name_of(id), now)
    }

    /// Replaces the state that has this tag.
    pub(super) fn replace(
        &self,
        id: &str,
        tag: &str,
        offer: &Offer,
        now: Timestamp,
    ) -> Result<Replaced, OfferStoreError> {
        let name = name_of(id);
        let mut inner = self.inner();
        let Some(kept) = inner.read(&name, now)? else { return Ok(Replaced::Gone) };
        if kept.tag() != tag {
            return Ok(Replaced::Changed);
        }
        if offer.tag() != tag {
            inner.write(&name, offer)?;
        }
        Ok(Replaced::Done)
    }

    /// Ends an offer.
    pub(super) fn remove(&self, id: &str) -> Result<(), OfferStoreError> {
        self.inner().remove(&name_of(id))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // What is on the disk is whole, and the index is written last.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn read(&self, name: &str, now: Timestamp) -> Result<Option<Offer>, OfferStoreError> {
        if self.ends.get(name).is_none_or(|until| *until <= now) {
            return Ok(None);
        }
        match &self.place {
            Place::Memory(offers) => Ok(offers.get(name).cloned()),
            Place::Folder(folder, _) => {
                let path = path_of(folder, name);
                let Some(bytes) = files::read_optional(&path, limits::BUNDLE)? else {
                    return Ok(None);
                };
                Offer::of_bytes(&bytes).map(Some).ok_or(OfferStoreError::Malformed { path })
            }
        }
    }

    fn write(&mut self, name: &str, offer: &Offer) -> Result<(), OfferStoreError> {
        match &mut self.place {
            Place::Memory(offers) => drop(offers.insert(name.to_owned(), offer.clone())),
            Place::Folder(folder, _) => {
                let bytes = offer.to_value().to_string();
                files::write_atomic(&path_of(folder, name), bytes.as_bytes(), Access::Private)?;
            }
        }
        self.ends.insert(name.to_owned(), offer.until);
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), OfferStoreError> {
        match &mut self.place {
            Place::Memory(offers) => drop(offers.remove(name)),
            Place::Folder(folder, _) => files::remove(&path_of(folder, name))?,
        }
        self.ends.remove(name);
        Ok(())
    }

    /// Forgets what has ended.
    fn forget(&mut self, now: Timestamp) -> Result<(), OfferStoreError> {
        let over = self.ends.iter().filter(|(_, until)| **until <= now);
        let over: Vec<String> = over.map(|(name, _)| name.clone()).collect();
        over.iter().try_for_each(|name| self.remove(name))
    }
}

/// What a folder shows of an id: nobody gets from it to the URL.
fn name_of(id: &str) -> String {
    sha256(&[id.as_bytes()]).to_hex()
}

fn path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{SUFFIX}"))
}

#[cfg(test)]
mod tests;
