//! The guard (§3, C6, R2 of the ledger specification): what the log signed last, so that it never signs two histories.
//!
//! In scope: one row in a database of its own, moved by compare-and-swap. Out of scope: what follows what (`seal`).

use std::path::{Path, PathBuf};

use inkan_core::Digest;
use inkan_ledger::NodeHash;
use inkan_ledger::tree::TreeHead;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use super::database::{self, StoreFailed};
use super::error::LedgerFolderError;
use crate::files::{Access, FileLayer, layer};

/// The table. One row per log.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS guard(
    origin TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    root BLOB NOT NULL
) STRICT";

/// The record of the last signed head, with the head.
#[derive(Debug)]
pub(crate) struct Guard {
    path: PathBuf,
    connection: Connection,
    origin: String,
    head: TreeHead,
}

impl Guard {
    /// Makes the record of a log that has signed nothing, unless there is one.
    pub(crate) fn create(
        files: &dyn FileLayer,
        path: &Path,
        origin: &str,
    ) -> Result<(), LedgerFolderError> {
        let nothing = TreeHead { tree_size: 0, root_hash: NodeHash::empty() };
        insert(files, path, origin, nothing, "INSERT OR IGNORE INTO guard VALUES(?1, ?2, ?3)")
    }

    /// Puts `head` in place of whatever is there: the operator has compared it with witnesses and mirrors.
    pub(crate) fn adopt(
        files: &dyn FileLayer,
        path: &Path,
        origin: &str,
        head: TreeHead,
    ) -> Result<(), LedgerFolderError> {
        insert(files, path, origin, head, "INSERT OR REPLACE INTO guard VALUES(?1, ?2, ?3)")
    }

    /// Opens the record.
    pub(crate) fn open(path: &Path, origin: &str) -> Result<Self, LedgerFolderError> {
        let missing = || LedgerFolderError::GuardMissing { path: path.to_path_buf() };
        if !path.exists() {
            return Err(missing());
        }
        let connection = database::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let row = connection
            .query_row("SELECT size, root FROM guard WHERE origin = ?1", [origin], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?))
            })
            .optional()
            // A database without the table is none that we made: it was cut short, or is another's.
            .map_err(|error| StoreFailed::at(path, &error))?;
        let (size, root) = row.ok_or_else(missing)?;
        let tree_size = u64::try_from(size)
            .map_err(|_| LedgerFolderError::Malformed { path: path.to_path_buf() })?;
        let root_hash = NodeHash::from_digest(Digest::from_bytes(root));
        let head = TreeHead { tree_size, root_hash };
        Ok(Self { path: path.to_path_buf(), connection, origin: origin.to_owned(), head })
    }

    /// What was signed last.
    pub(crate) const fn head(&self) -> TreeHead {
        self.head
    }

    /// C6: from the head that was read to `new`, durable when this returns; refused if the record changed meanwhile.
    pub(crate) fn advance(&mut self, new: TreeHead) -> Result<(), LedgerFolderError> {
        let TreeHead { tree_size, root_hash } = self.head;
        let changed = self
            .connection
            .execute(
                "UPDATE guard SET size = ?1, root = ?2 WHERE origin = ?3 AND size = ?4 AND root = ?5",
                params![
                    number(new.tree_size),
                    new.root_hash.digest().as_bytes(),
                    self.origin,
                    number(tree_size),
                    root_hash.digest().as_bytes(),
                ],
            )
            .map_err(|error| StoreFailed::at(&self.path, &error))?;
        if changed != 1 {
            // Another copy of this log has signed meanwhile.
            return Err(LedgerFolderError::GuardBehind { path: self.path.clone() });
        }
        self.head = new;
        Ok(())
    }
}

fn insert(
    files: &dyn FileLayer,
    path: &Path,
    origin: &str,
    head: TreeHead,
    statement: &str,
) -> Result<(), LedgerFolderError> {
    if let Some(folder) = path.parent() {
        layer::make_folders(files, folder, Access::Private)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = database::open(path, flags)?;
    crate::files::close_to_others(path)?;
    let root = head.root_hash.digest().as_bytes();
    connection
        .execute_batch(SCHEMA)
        .and_then(|()| connection.execute(statement, params![origin, number(head.tree_size), root]))
        .map_err(|error| StoreFailed::at(path, &error))?;
    database::sync_folder_of(files, path)
}

fn number(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
