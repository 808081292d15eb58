//! Who has a line under which checkpoint: so that a head which few have signed is found among many that they have not.
//!
//! The rows say what the stored notes say, and are written with them. A database from before they were kept gets them when it is
//! opened for writing, some notes at a time: `meta('lines')` is the size up to which they are there.

use inkan_ledger::{SignedNote, VerifierKey};
use rusqlite::params;

use super::{Answer, StateDb, number, unsigned};

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS lines(
    name TEXT NOT NULL,
    key_id BLOB NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY(name, key_id, size)
) STRICT, WITHOUT ROWID;
";

/// Notes that are gone through in one transaction.
const AT_ONCE: u64 = if cfg!(test) { 100 } else { 4_096 };

impl StateDb {
    /// Keeps who has a line under this note.
    pub(super) fn put_lines(&self, size: u64, note: &SignedNote) -> Answer<()> {
        for line in note.signatures() {
            let values = params![line.name, line.key_id, number(size)];
            self.run("INSERT OR IGNORE INTO lines VALUES(?1, ?2, ?3)", values)?;
        }
        Ok(())
    }

    /// That the rows are those of all notes up to this size.
    pub(super) fn lines_are_up_to(&self, size: u64) -> Answer<()> {
        self.run("INSERT OR REPLACE INTO meta VALUES('lines', ?1)", [number(size)])?;
        Ok(())
    }

    /// Whether there are rows of all notes: not before the first opening for writing by a program that keeps them.
    pub(crate) fn lines_are_complete(&self) -> Answer<bool> {
        let all = self.meta::<i64>("newest_size")?;
        Ok(all.is_none() || self.meta::<i64>("lines")? == all)
    }

    /// Makes the table if it is missing, and the rows of notes that have none.
    pub(super) fn complete_lines(&self) -> Answer<()> {
        self.connection.execute_batch(TABLE).map_err(|error| self.failed(&error))?;
        let Some(all) = self.meta::<i64>("newest_size")?.map(unsigned) else { return Ok(()) };
        let mut done = self.meta::<i64>("lines")?.map_or(0, unsigned);
        while done < all {
            self.run("BEGIN IMMEDIATE", [])?;
            let more = self.lines_above(done, all);
            self.run(if more.is_ok() { "COMMIT" } else { "ROLLBACK" }, [])?;
            done = more?;
        }
        Ok(())
    }

    /// Makes those of some notes of more than `done` leaves; gives the size up to which they are there then.
    fn lines_above(&self, done: u64, all: u64) -> Answer<u64> {
        let rows = self.all(
            "SELECT size, note FROM checkpoints \
             WHERE size > ?1 AND size <= ?2 AND note IS NOT NULL ORDER BY size LIMIT ?3",
            [number(done), number(all), number(AT_ONCE)],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
        )?;
        let mut last = all;
        let full = u64::try_from(rows.len()).is_ok_and(|count| count == AT_ONCE);
        for (size, note) in rows {
            let size = unsigned(size);
            // One that is damaged is found when it is read; the others count.
            if let Ok(note) = SignedNote::parse(&note) {
                self.put_lines(size, &note)?;
            }
            last = if full { size } else { all };
        }
        self.lines_are_up_to(last)?;
        Ok(last)
    }

    /// The smallest checkpoint of at least `size` leaves under which this key has a line.
    pub(crate) fn line_from(&self, key: &VerifierKey, size: u64) -> Answer<Option<u64>> {
        let found = self.one(
            "SELECT size FROM lines WHERE name = ?1 AND key_id = ?2 AND size >= ?3 \
             ORDER BY size LIMIT 1",
            params![key.name(), key.id(), number(size)],
            |row| row.get::<_, i64>(0),
        )?;
        Ok(found.map(unsigned))
    }

    /// The largest checkpoint of at most `size` leaves under which this key has a line.
    pub(crate) fn line_up_to(&self, key: &VerifierKey, size: u64) -> Answer<Option<u64>> {
        let found = self.one(
            "SELECT size FROM lines WHERE name = ?1 AND key_id = ?2 AND size <= ?3 \
             ORDER BY size DESC LIMIT 1",
            params![key.name(), key.id(), number(size)],
            |row| row.get::<_, i64>(0),
        )?;
        Ok(found.map(unsigned))
    }
}
