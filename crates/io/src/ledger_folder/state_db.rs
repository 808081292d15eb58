//! `state.db` (§3 of the ledger specification): what the leaves amount to, one transaction per checkpoint.
//!
//! In scope: rows and the questions put to them. Out of scope: what they mean (`inkan-ledger`), which of them a reader may
//! see (`view`). All of it can be made again from the entry bundles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use inkan_core::{Digest, Timestamp};
use inkan_ledger::state::{
    Address, Changes, Controller, Equivocation, Named, Newest, Standing, Trail,
};
use inkan_ledger::{EntryId, MapKey, MapValue, SignedNote};
use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Params, Row, params};

use super::database::{self, StoreFailed};
use super::{ids, places};

mod lines;
mod notes;

/// The layout of the folder, so that another one is not misread.
const LAYOUT: i64 = 3;

/// The largest database that is looked through when it is opened.
const SMALL: u64 = 4 << 20;

/// So many ids of one checkpoint are one row, sorted: a row for each would be half of what a checkpoint costs.
const MANY: usize = if cfg!(test) { 8 } else { 512 };

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recent(id BLOB PRIMARY KEY, leaf INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recent_many(first INTEGER PRIMARY KEY, rows BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS runs(run INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS controllers(scid TEXT NOT NULL UNIQUE, head BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS history(
    key BLOB NOT NULL,
    leaf INTEGER NOT NULL,
    value BLOB NOT NULL,
    detail BLOB,
    PRIMARY KEY(key, leaf)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS history_leaf ON history(leaf);
CREATE TABLE IF NOT EXISTS forks(
    scid TEXT NOT NULL,
    version TEXT NOT NULL,
    number INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    recorded BLOB NOT NULL,
    head TEXT NOT NULL,
    refused BLOB NOT NULL,
    PRIMARY KEY(scid, version)
) STRICT;
CREATE TABLE IF NOT EXISTS checkpoints(
    size INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    note TEXT,
    existed_by INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS places(place TEXT PRIMARY KEY, scid TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS checkpoints_seen ON checkpoints(existed_by, size) WHERE existed_by IS NOT NULL;
";

/// `state.db`, open.
#[derive(Debug)]
pub(crate) struct StateDb {
    path: PathBuf,
    connection: Connection,
}

/// What happens to the index of ids in a transaction.
#[derive(Debug, Default)]
pub(crate) struct IdPlan {
    /// The runs that count from then on, with their sizes, if they change.
    pub(crate) runs: Option<Vec<(u64, u64)>>,
    /// Whether the rows of the newest ids are in a run now.
    pub(crate) flushed: bool,
}

/// A checkpoint that was signed.
#[derive(Clone, Debug)]
pub(crate) struct CheckpointRow {
    pub(crate) size: u64,
    pub(crate) note: Option<SignedNote>,
    pub(crate) existed_by: Option<Timestamp>,
}

type Answer<T> = Result<T, StoreFailed>;

impl StateDb {
    /// Opens the database for writing; makes it if it is missing.
    pub(crate) fn open(path: &Path) -> Answer<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let db = Self { path: path.to_path_buf(), connection: database::open(path, flags)? };
        let made = db.connection.pragma_update(None, "cache_size", -16_000);
        made.and_then(|()| db.connection.execute_batch(SCHEMA))
            .map_err(|error| db.failed(&error))?;
        match db.meta::<i64>("layout")? {
            Some(LAYOUT) => {}
            None => {
                db.run("INSERT INTO meta VALUES('layout', ?1)", [LAYOUT])?;
            }
            Some(_) => return Err(db.failed(&rusqlite::Error::InvalidQuery)),
        }
        db.complete_lines().map(|()| db)
    }

    /// Opens the database for reading.
    pub(crate) fn open_reader(path: &Path) -> Answer<Self> {
        let connection = database::open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Self { path: path.to_path_buf(), connection })
    }

    /// Whether a database that is small enough to look through is whole. What is damaged in a large one is found when it is
    /// read, and stops the log; made again it is in either case.
    pub(crate) fn is_sound(&self) -> Answer<bool> {
        let length = std::fs::metadata(&self.path).map_or(0, |found| found.len());
        if length > SMALL {
            return Ok(true);
        }
        let found = self.one("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))?;
        Ok(found.as_deref() == Some("ok"))
    }

    fn failed(&self, error: &rusqlite::Error) -> StoreFailed {
        StoreFailed::at(&self.path, error)
    }

    fn run(&self, statement: &str, values: impl Params) -> Answer<usize> {
        self.connection
            .prepare_cached(statement)
            .and_then(|mut statement| statement.execute(values))
            .map_err(|error| self.failed(&error))
    }

    fn one<T>(
        &self,
        query: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Answer<Option<T>> {
        self.connection
            .prepare_cached(query)
            .and_then(|mut statement| statement.query_row(values, read).optional())
            .map_err(|error| self.failed(&error))
    }

    fn all<T>(
        &self,
        query: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Answer<Vec<T>> {
        self.connection
            .prepare_cached(query)
            .and_then(|mut statement| statement.query_map(values, read)?.collect())
            .map_err(|error| self.failed(&error))
    }

    fn meta<T: FromSql>(&self, name: &str) -> Answer<Option<T>> {
        self.one("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
    }

    fn malformed(&self, what: &str) -> StoreFailed {
        let error = rusqlite::Error::InvalidColumnName(what.to_owned());
        self.failed(&error)
    }

    /// Where the log stood at the last transaction.
    pub(crate) fn standing(&self) -> Answer<Option<Standing>> {
        let Some(bytes) = self.meta::<Vec<u8>>("standing")? else { return Ok(None) };
        Standing::from_bytes(&bytes).map(Some).map_err(|_| self.malformed("standing"))
    }

    /// C9: what a run of leaves changed, in one transaction.
    pub(crate) fn store(
        &mut self,
        changes: &Changes,
        ids: &IdPlan,
        checkpoint: Option<&CheckpointRow>,
    ) -> Answer<()> {
        self.run("BEGIN IMMEDIATE", [])?;
        let stored = self.store_rows(changes, ids, checkpoint);
        let ended = if stored.is_ok() { "COMMIT" } else { "ROLLBACK" };
        self.run(ended, [])?;
        stored
    }

    fn store_rows(
        &self,
        changes: &Changes,
        ids: &IdPlan,
        checkpoint: Option<&CheckpointRow>,
    ) -> Answer<()> {
        if ids.flushed {
            self.run("DELETE FROM recent", [])?;
            self.run("DELETE FROM recent_many", [])?;
        } else if changes.entries().len() >= MANY {
            let rows = changes.entries().iter().map(|(id, place)| (ids::key(id), *place));
            let first = changes.entries().values().min().copied().unwrap_or(0);
            let values = params![number(first), ids::to_bytes(rows)];
            self.run("INSERT OR REPLACE INTO recent_many VALUES(?1, ?2)", values)?;
        } else {
            // Sorted by id: neighbours on a page are written together.
            for (id, place) in changes.entries() {
                let values = params![ids::key(id), number(*place)];
                self.run("INSERT OR IGNORE INTO recent VALUES(?1, ?2)", values)?;
            }
        }
        if let Some(runs) = &ids.runs {
            self.run("DELETE FROM runs", [])?;
            for (run, count) in runs {
                self.run("INSERT INTO runs VALUES(?1, ?2)", [number(*run), number(*count)])?;
            }
        }
        for (scid, controller) in changes.controllers() {
            let values = params![scid, controller.to_bytes()];
            self.run(
                "INSERT INTO controllers VALUES(?1, ?2) \
                 ON CONFLICT(scid) DO UPDATE SET head = excluded.head",
                values,
            )?;
        }
        let mut history: Vec<_> = changes.history().iter().collect();
        history.sort_by_key(|(key, value)| (*key, value.leaf_index));
        for (key, value) in history {
            let values = params![
                key.digest().as_bytes(),
                number(value.leaf_index),
                value.to_bytes(),
                changes.detail(key, value),
            ];
            self.run("INSERT OR REPLACE INTO history VALUES(?1, ?2, ?3, ?4)", values)?;
        }
        for address in changes.addresses() {
            self.claim(address)?;
        }
        for fork in changes.equivocations() {
            let Equivocation { scid, number: version, leaf_index, .. } = fork;
            let values = params![
                scid,
                fork.version_id,
                number(*version),
                number(*leaf_index),
                fork.recorded,
                fork.head,
                fork.refused,
            ];
            self.run("INSERT OR IGNORE INTO forks VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)", values)?;
        }
        for epoch in changes.epochs() {
            let values = [number(epoch.saturating_add(1)), changes.standing().time().seconds()];
            self.run("INSERT OR IGNORE INTO checkpoints VALUES(?1, ?2, NULL, NULL)", values)?;
        }
        if let Some(row) = checkpoint {
            self.put_row(row)?;
        }
        let standing = changes.standing().to_bytes();
        self.run("INSERT OR REPLACE INTO meta VALUES('standing', ?1)", [standing])?;
        Ok(())
    }

    /// Gives a place on the web to the first that names it; in the order of the log.
    fn claim(&self, address: &Address) -> Answer<()> {
        let Address { scid, named } = address;
        let Some(place) = places::place_of(named) else { return Ok(()) };
        let (mut free, mut own) = (true, false);
        for folder in places::folders(&place) {
            // No folder of it is the file of a list.
            free &= self.owner(folder.trim_end_matches('/'))?.is_none();
            own |= self.owner(folder)?.as_deref() == Some(scid);
        }
        let free = match named {
            Named::Did(_) => free,
            // It lies below a place of its signer, and is no folder.
            Named::List(_) => free && own && !self.is_folder(&place)?,
        };
        if free {
            self.run("INSERT OR IGNORE INTO places VALUES(?1, ?2)", [place.as_str(), scid])?;
        }
        Ok(())
    }

    /// Whether a DID has a place at or below this one.
    fn is_folder(&self, place: &str) -> Answer<bool> {
        // `0` follows `/`.
        let (from, to) = (format!("{place}/"), format!("{place}0"));
        let below = self.one(
            "SELECT 1 FROM places WHERE place >= ?1 AND place < ?2 LIMIT 1",
            [from, to],
            |row| row.get::<_, i64>(0),
        )?;
        Ok(below.is_some())
    }

    /// The SCID that has a place on the web (see [`places`]).
    pub(crate) fn owner(&self, place: &str) -> Answer<Option<String>> {
        self.one("SELECT scid FROM places WHERE place = ?1", [place], |row| row.get(0))
    }

    /// Place of an id among the newest.
    pub(crate) fn recent(&self, id: &EntryId) -> Answer<Option<u64>> {
        let id = ids::key(id);
        let place = self.one("SELECT leaf FROM recent WHERE id = ?1", [id], |row| row.get(0))?;
        if let Some(place) = place {
            return Ok(Some(unsigned(place)));
        }
        // As many as a run takes: some dozen at most.
        let found = self.all("SELECT rows FROM recent_many ORDER BY first", [], |row| {
            Ok(ids::find_in_bytes(row.get_ref(0)?.as_blob().unwrap_or_default(), &id))
        })?;
        Ok(found.into_iter().flatten().next())
    }

    /// All of the newest ids, sorted; an id that is there twice has its first place first.
    pub(crate) fn all_recent(&self) -> Answer<Vec<ids::Row>> {
        let mut rows = self.all("SELECT id, leaf FROM recent", [], |row| {
            Ok((row.get(0)?, unsigned(row.get(1)?)))
        })?;
        let many = self.all("SELECT rows FROM recent_many", [], |row| row.get::<_, Vec<u8>>(0))?;
        rows.extend(many.iter().flat_map(|many| ids::from_bytes(many)));
        rows.sort_unstable();
        Ok(rows)
    }

    /// The runs of ids that count, with their sizes.
    pub(crate) fn runs(&self) -> Answer<Vec<(u64, u64)>> {
        self.all("SELECT run, count FROM runs ORDER BY run", [], |row| {
            Ok((unsigned(row.get(0)?), unsigned(row.get(1)?)))
        })
    }

    /// A DID as the ledger sees it.
    pub(crate) fn controller(&self, scid: &str) -> Answer<Option<Controller>> {
        let head = self.one("SELECT head FROM controllers WHERE scid = ?1", [scid], |row| {
            row.get::<_, Vec<u8>>(0)
        })?;
        let read = |head: Vec<u8>| Controller::from_bytes(&head);
        head.map(|head| read(head).map_err(|_| self.malformed("head"))).transpose()
    }

    /// Place of the newest entry under a key.
    pub(crate) fn head_place(&self, key: &MapKey) -> Answer<Option<u64>> {
        let place = self.one(
            "SELECT leaf FROM history WHERE key = ?1 ORDER BY leaf DESC LIMIT 1",
            [key.digest().as_bytes()],
            |row| row.get(0),
        )?;
        Ok(place.map(unsigned))
    }

    /// The newest entry under a key, and what the next one is judged by.
    pub(crate) fn newest(&self, key: &MapKey) -> Answer<Option<Newest>> {
        let row = self.one(
            "SELECT value, detail FROM history WHERE key = ?1 ORDER BY leaf DESC LIMIT 1",
            [key.digest().as_bytes()],
            |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<Vec<u8>>>(1)?)),
        )?;
        let Some((value, detail)) = row else { return Ok(None) };
        let value = self.value(&value)?;
        Ok(Some(Newest { value, detail: detail.unwrap_or_default() }))
    }

    /// Where a version of a DID stands. A log holds all versions of its DIDs, from the first.
    pub(crate) fn version(&self, key: &MapKey, number: u64) -> Answer<Option<(MapValue, Trail)>> {
        let Some(skipped) = number.checked_sub(1) else { return Ok(None) };
        let row = self.one(
            "SELECT value, detail FROM history WHERE key = ?1 ORDER BY leaf LIMIT 1 OFFSET ?2",
            params![key.digest().as_bytes(), self::number(skipped)],
            |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<Vec<u8>>>(1)?)),
        )?;
        let Some((value, detail)) = row else { return Ok(None) };
        let value = self.value(&value)?;
        let trail = Trail::from_bytes(&detail.unwrap_or_default());
        match trail.filter(|_| value.sequence == number) {
            Some(trail) => Ok(Some((value, trail))),
            None => Err(self.malformed("version")),
        }
    }

    fn value(&self, bytes: &[u8]) -> Answer<MapValue> {
        MapValue::parse(bytes).ok_or_else(|| self.malformed("value"))
    }

    /// Entries under a key with places below `size`, oldest first.
    pub(crate) fn history(&self, key: &MapKey, size: u64) -> Answer<Vec<MapValue>> {
        let rows = self.all(
            "SELECT value FROM history WHERE key = ?1 AND leaf < ?2 ORDER BY leaf",
            params![key.digest().as_bytes(), number(size)],
            |row| row.get::<_, Vec<u8>>(0),
        )?;
        rows.iter().map(|value| self.value(value)).collect()
    }

    /// The newest entry under a key with a place below `size`.
    pub(crate) fn head_at(&self, key: &MapKey, size: u64) -> Answer<Option<MapValue>> {
        let row = self.one(
            "SELECT value FROM history WHERE key = ?1 AND leaf < ?2 ORDER BY leaf DESC LIMIT 1",
            params![key.digest().as_bytes(), number(size)],
            |row| row.get::<_, Vec<u8>>(0),
        )?;
        row.map(|value| self.value(&value)).transpose()
    }

    /// All entries with places from `from` and below `size`, in the order of the log.
    pub(crate) fn changes_since(&self, from: u64, size: u64) -> Answer<Vec<(MapKey, MapValue)>> {
        let rows = self.all(
            "SELECT key, value FROM history WHERE leaf >= ?1 AND leaf < ?2 ORDER BY leaf",
            [number(from), number(size)],
            |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Vec<u8>>(1)?)),
        )?;
        rows.into_iter().map(|(key, value)| self.pair(key, &value)).collect()
    }

    /// The first `most` of [`Self::changes_since`].
    pub(crate) fn some_changes_since(
        &self,
        from: u64,
        size: u64,
        most: usize,
    ) -> Answer<Vec<(MapKey, MapValue)>> {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let rows = self.all(
            "SELECT key, value FROM history WHERE leaf >= ?1 AND leaf < ?2 ORDER BY leaf LIMIT ?3",
            [number(from), number(size), number(most)],
            |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Vec<u8>>(1)?)),
        )?;
        rows.into_iter().map(|(key, value)| self.pair(key, &value)).collect()
    }

    fn pair(&self, key: [u8; 32], value: &[u8]) -> Answer<(MapKey, MapValue)> {
        let value = self.value(value)?;
        Ok((MapKey::from_parts(value.kind, Digest::from_bytes(key)), value))
    }

    /// All heads as of `size` leaves.
    pub(crate) fn heads(&self, size: u64) -> Answer<BTreeMap<MapKey, MapValue>> {
        // A bare column beside max() is of the row that has the maximum.
        let rows = self.all(
            "SELECT key, value, max(leaf) FROM history WHERE leaf < ?1 GROUP BY key",
            [number(size)],
            |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Vec<u8>>(1)?)),
        )?;
        rows.into_iter().map(|(key, value)| self.pair(key, &value)).collect()
    }

    /// Forks of a DID that are kept.
    pub(crate) fn forks(&self, scid: &str) -> Answer<Vec<Equivocation>> {
        self.all(
            "SELECT version, number, leaf, recorded, head, refused FROM forks WHERE scid = ?1",
            [scid],
            |row| {
                Ok(Equivocation {
                    scid: scid.to_owned(),
                    version_id: row.get(0)?,
                    number: unsigned(row.get(1)?),
                    leaf_index: unsigned(row.get(2)?),
                    recorded: row.get(3)?,
                    head: row.get(4)?,
                    refused: row.get(5)?,
                })
            },
        )
    }

    /// `versionId`s of the forks of a DID that are kept.
    pub(crate) fn fork_names(&self, scid: &str) -> Answer<Vec<String>> {
        self.all("SELECT version FROM forks WHERE scid = ?1", [scid], |row| row.get(0))
    }

    /// How many forks are kept in all.
    pub(crate) fn fork_count(&self) -> Answer<u64> {
        let count = self.one("SELECT count(*) FROM forks", [], |row| row.get::<_, i64>(0))?;
        Ok(unsigned(count.unwrap_or(0)))
    }

    /// How far the files of gateways were written.
    pub(crate) fn published(&self) -> Answer<u64> {
        Ok(self.meta::<i64>("published")?.map_or(0, unsigned))
    }

    /// Notes that they were written up to `size`.
    pub(crate) fn set_published(&self, size: u64) -> Answer<()> {
        self.run("INSERT OR REPLACE INTO meta VALUES('published', ?1)", [number(size)])?;
        Ok(())
    }
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests;
