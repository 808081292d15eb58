//! How the ledger's databases are opened: SQLite with a write-ahead log, every transaction synced.

use std::path::{Path, PathBuf};
use std::time::Duration;

use inkan_ledger::store::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::LedgerFolderError;
use crate::files::{FileError, FileLayer, SystemFiles};

/// A database did not do what it was asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct StoreFailed {
    path: PathBuf,
    problem: String,
    full: bool,
    damaged: bool,
}

impl StoreFailed {
    pub(crate) fn at(path: &Path, error: &rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        Self {
            path: path.to_path_buf(),
            problem: error.to_string(),
            full: is_full(code, || free_beside(path)),
            damaged: !is_of_the_system(code),
        }
    }

    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        if self.full { "storage-full" } else { "storage-failed" }
    }

    /// Whether the disk had no room.
    pub(crate) const fn is_full(&self) -> bool {
        self.full
    }

    /// Whether the file is no sound database.
    pub(crate) const fn is_damaged(&self) -> bool {
        self.damaged
    }
}

impl From<StoreFailed> for StoreError {
    fn from(error: StoreFailed) -> Self {
        Self::new(error.to_string())
    }
}

/// Less than this and SQLite cannot even map the index of its log, which it then calls an I/O failure.
const LEAST: u64 = 65_536;

/// Whether the disk had no room; `free` are the bytes that it has, if that is known.
fn is_full(code: Option<ErrorCode>, free: impl FnOnce() -> Option<u64>) -> bool {
    match code {
        Some(ErrorCode::DiskFull) => true,
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
            free().is_some_and(|free| free < LEAST)
        }
        _ => false,
    }
}

fn free_beside(path: &Path) -> Option<u64> {
    SystemFiles.free_bytes(path.parent()?).ok()
}

/// Whether the file may be sound and only the system refuses; whatever else is said, it is no database of ours.
const fn is_of_the_system(code: Option<ErrorCode>) -> bool {
    matches!(
        code,
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory,
        )
    )
}

/// Opens a database.
pub(crate) fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreFailed> {
    let at = |error: rusqlite::Error| StoreFailed::at(path, &error);
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(at)?;
    // Readers never wait for the writer, and it not for them: only opening after a crash takes a moment.
    connection.busy_timeout(Duration::from_secs(10)).map_err(at)?;
    if flags.contains(OpenFlags::SQLITE_OPEN_READ_WRITE) {
        connection.pragma_update(None, "journal_mode", "WAL").map_err(at)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(at)?;
        // Only macOS knows the difference between a sync and a full sync.
        connection.pragma_update(None, "fullfsync", true).map_err(at)?;
        connection.pragma_update(None, "checkpoint_fullfsync", true).map_err(at)?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Makes the names of a new database and its log durable, which SQLite leaves to us.
pub(crate) fn sync_folder_of(files: &dyn FileLayer, path: &Path) -> Result<(), LedgerFolderError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    Ok(files.sync_folder(folder).map_err(|error| FileError::not_synced(folder, error))?)
}

#[cfg(test)]
mod tests;
