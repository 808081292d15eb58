//! Where things lie in a ledger folder (§3 of the ledger specification), and the lock of its one writer.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::error::LedgerFolderError;
use crate::files::layer::make_folders;
use crate::files::{self, Access, FileError, FileLayer};

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
}

impl WriterLock {
    /// Takes the lock, or says who has it.
    pub(crate) fn take(layout: &Layout) -> Result<Self, LedgerFolderError> {
        let path = layout.root().join("LOCK");
        let at = |error| FileError::from_io(&path, error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(at)?;
        match files::lock_briefly(&file) {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(at(error).into()),
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // The holder may be about to write it.
                let _ = file.take(20).read_to_string(&mut pid);
                let pid = pid.trim();
                let known = !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit());
                let pid = if known { pid } else { "unknown" }.to_owned();
                return Err(LedgerFolderError::Locked { path: layout.root().to_path_buf(), pid });
            }
        }
        let pid = format!("{}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(pid.as_bytes()))
            .map_err(at)?;
        Ok(Self { _file: file })
    }
}

/// Whether a file is there.
pub(crate) fn exists(path: &Path) -> Result<bool, LedgerFolderError> {
    std::fs::exists(path).map_err(|error| FileError::from_io(path, error).into())
}

#[cfg(test)]
mod tests;
