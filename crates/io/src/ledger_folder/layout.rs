//! Where things lie in a ledger folder (§3 of the ledger specification), and the lock of its one writer.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::error::LedgerFolderError;
use crate::files::layer::make_folders;
use crate::files::{self, Access, FileError, FileLayer};

/// Names in a folder before its first head is published.
const MADE: [&str; 17] = [
    "LOCK",
    "anchors.pem",
    "cosigners",
    "guard",
    "ids",
    "journal",
    "keys",
    "map.pages",
    "map.pages.roots",
    "params",
    "policy",
    "public",
    "state.db",
    "state.db-shm",
    "state.db-wal",
    "tile",
    "witness",
];

/// Paths of a ledger folder.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Batches of leaves.
    pub(crate) fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// Parameters documents, named by their digest.
    pub(crate) fn params(&self) -> PathBuf {
        self.root.join("params")
    }

    /// The newest note.
    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.root.join("checkpoint")
    }

    /// The tlog-policy of this log. It is written last: without it there is no ledger yet.
    pub(crate) fn policy(&self) -> PathBuf {
        self.root.join("policy")
    }

    /// Certificates of timestamp authorities among the cosigners.
    pub(crate) fn anchors(&self) -> PathBuf {
        self.root.join("anchors.pem")
    }

    /// What the log signed last. Its own folder, so that it can lie on another volume.
    pub(crate) fn guard(&self) -> PathBuf {
        self.root.join("guard").join("checkpoint.db")
    }

    /// The head of a guard that was adopted, until the log says so.
    pub(crate) fn guard_event(&self) -> PathBuf {
        self.root.join("guard").join("adopted")
    }

    /// Cosigners whose silence the operator accepted when that guard was adopted: one name a line.
    pub(crate) fn guard_unheard(&self) -> PathBuf {
        self.root.join("guard").join("unheard")
    }

    /// By how many seconds the clock jumped, until somebody says that it is right.
    pub(crate) fn clock_unsure(&self) -> PathBuf {
        self.root.join("clock-unsure")
    }

    /// What the leaves amount to.
    pub(crate) fn state(&self) -> PathBuf {
        self.root.join("state.db")
    }

    /// Sorted runs of entry ids.
    pub(crate) fn ids(&self) -> PathBuf {
        self.root.join("ids")
    }

    /// Nodes of the map.
    pub(crate) fn map(&self) -> PathBuf {
        self.root.join("map.pages")
    }

    /// Whether a ledger of an older layout lies here: it kept all leaves in its journal, and its guard as a text.
    pub(crate) fn is_older(&self) -> bool {
        self.root.join("guard").join("checkpoint").exists() && !self.state().exists()
    }

    /// The log's key.
    pub(crate) fn log_key(&self) -> PathBuf {
        self.root.join("keys").join("log")
    }

    /// A witness's key.
    pub(crate) fn witness_key(&self, name: &str) -> PathBuf {
        self.witness(name).join("key")
    }

    /// What a witness cosigned last.
    pub(crate) fn witness_seen(&self, name: &str) -> PathBuf {
        self.witness(name).join("seen")
    }

    /// What gateways serve.
    pub(crate) fn public(&self) -> PathBuf {
        self.root.join("public")
    }

    /// Names of the witnesses in this process.
    pub(crate) fn witnesses(&self) -> Result<Vec<String>, LedgerFolderError> {
        let names = files::list(&self.root.join("witness"), "")?;
        Ok(names.into_iter().filter(|name| self.witness_key(name).exists()).collect())
    }

    fn witness(&self, name: &str) -> PathBuf {
        self.root.join("witness").join(name)
    }

    /// Whether the making of a ledger was interrupted here: nothing else lies here, and no head was ever published.
    pub(crate) fn is_unfinished(&self) -> Result<bool, LedgerFolderError> {
        let names = files::list(&self.root, "")?;
        let ours = names.iter().all(|name| MADE.contains(&name.as_str()));
        if !ours || !self.journal().is_dir() || exists(&self.checkpoint())? {
            return Ok(false);
        }
        // Without a policy, tiles are those of a ledger that lost it.
        let bare = files::list(&self.root.join("tile").join("entries"), "")?.is_empty();
        Ok(bare || exists(&self.policy())?)
    }

    /// Makes the folders of a new ledger.
    pub(crate) fn create(
        &self,
        layer: &dyn FileLayer,
        witnesses: &[&str],
    ) -> Result<(), LedgerFolderError> {
        make_folders(layer, &self.root, Access::Public)?;
        for folder in [self.journal(), self.params(), self.public(), self.ids()] {
            make_folders(layer, &folder, Access::Public)?;
        }
        make_folders(layer, &self.root.join("tile").join("entries"), Access::Public)?;
        for folder in ["keys", "guard", "witness"] {
            make_folders(layer, &self.root.join(folder), Access::Private)?;
        }
        for name in witnesses {
            make_folders(layer, &self.witness(name), Access::Private)?;
        }
        Ok(())
    }
}

/// The right to write to a ledger; given back when it is dropped, or when the process ends.
#[derive(Debug)]
pub(crate) struct WriterLock {
    _file: File,
    /// The same for the guard, which may lie elsewhere and serve another copy of the folder.
    _guard: Option<File>,
}

impl WriterLock {
    /// Takes the lock, or says who has it.
    pub(crate) fn take(layout: &Layout) -> Result<Self, LedgerFolderError> {
        Ok(Self { _file: locked(&layout.root().join("LOCK"), layout.root())?, _guard: None })
    }

    /// Takes the lock beside the guard too, wherever links lead: two copies of a folder that share a guard would else both
    /// acknowledge entries, and one of them lose its own.
    pub(crate) fn and_guard(
        self,
        layout: &Layout,
        origin: &str,
    ) -> Result<Self, LedgerFolderError> {
        let Some(folder) = guard_folder(layout)? else { return Ok(self) };
        let name = inkan_core::sha256(&[origin.as_bytes()]).to_hex();
        let name: String = name.chars().take(16).chain(".lock".chars()).collect();
        Ok(Self { _guard: Some(locked(&folder.join(name), &folder)?), ..self })
    }
}

/// The folder in which the guard is in truth; `None` if there is none.
fn guard_folder(layout: &Layout) -> Result<Option<PathBuf>, LedgerFolderError> {
    let path = layout.guard();
    let resolved = |path: &Path| match std::fs::canonicalize(path) {
        Ok(resolved) => Ok(Some(resolved)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::from_io(path, error)),
    };
    if let Some(file) = resolved(&path)? {
        return Ok(file.parent().map(Path::to_path_buf));
    }
    Ok(path.parent().map(resolved).transpose()?.flatten())
}

/// Opens and locks a file, and writes this process's id into it; `held` is what is in use if another has it.
fn locked(path: &Path, held: &Path) -> Result<File, LedgerFolderError> {
    let at = |error| FileError::from_io(path, error);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(path).map_err(at)?;
    match files::lock_briefly(&file) {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => return Err(at(error).into()),
        Err(TryLockError::WouldBlock) => {
            let pid = files::holder_of(file);
            return Err(LedgerFolderError::Locked { path: held.to_path_buf(), pid });
        }
    }
    files::sign_lock(&mut file).map_err(at)?;
    Ok(file)
}

/// Whether a file is there.
pub(crate) fn exists(path: &Path) -> Result<bool, LedgerFolderError> {
    std::fs::exists(path).map_err(|error| FileError::from_io(path, error).into())
}

#[cfg(test)]
mod tests;
