//! Checkpoints and their notes: which there are, and which of them a quorum had seen by when.

use inkan_core::Timestamp;
use inkan_ledger::SignedNote;
use inkan_ledger::note::SignatureLine;
use rusqlite::params;

use super::{Answer, CheckpointRow, StateDb, number, unsigned};

impl StateDb {
    pub(super) fn put_row(&self, row: &CheckpointRow) -> Answer<()> {
        let values = params![
            number(row.size),
            row.note.as_ref().map(ToString::to_string),
            row.existed_by.map(Timestamp::seconds),
        ];
        self.run(
            "UPDATE checkpoints SET note = ?2, existed_by = ?3 WHERE size = ?1 AND note IS NULL",
            values,
        )?;
        Ok(())
    }

    /// C11: keeps the note of a size that first met the quorum, with the lines of those who answered later; and the newest
    /// note of all.
    pub(crate) fn put_note(&mut self, row: &CheckpointRow) -> Answer<()> {
        self.run("BEGIN IMMEDIATE", [])?;
        let stored = self.put_row(row).and_then(|()| self.put_late_lines(row)).and_then(|()| {
            if let Some(kept) = self.note_of(row.size)? {
                self.put_lines(row.size, &kept)?;
            }
            // Who answers late answers for an older size, which must not become the newest again.
            let newest = self.newest_note()?.map_or(0, |(size, _)| size);
            if row.size < newest {
                return Ok(());
            }
            let note = row.note.as_ref().map(ToString::to_string);
            self.run("INSERT OR REPLACE INTO meta VALUES('newest', ?1)", [note])?;
            self.run("INSERT OR REPLACE INTO meta VALUES('newest_size', ?1)", [number(row.size)])?;
            self.lines_are_up_to(row.size)
        });
        self.run(if stored.is_ok() { "COMMIT" } else { "ROLLBACK" }, [])?;
        stored
    }

    /// Adds lines of keys that had not cosigned this size before. A second line of one key says a later time: the first one
    /// is worth more.
    fn put_late_lines(&self, row: &CheckpointRow) -> Answer<()> {
        let (Some(mut kept), Some(note)) = (self.note_of(row.size)?, &row.note) else {
            return Ok(());
        };
        let before = kept.signatures().len();
        for line in note.signatures() {
            let same =
                |known: &SignatureLine| (&known.name, known.key_id) == (&line.name, line.key_id);
            if !kept.signatures().iter().any(same) {
                kept.put(line.clone());
            }
        }
        if kept.signatures().len() > before {
            let values = params![number(row.size), kept.to_string()];
            self.run("UPDATE checkpoints SET note = ?2 WHERE size = ?1", values)?;
        }
        Ok(())
    }

    /// The newest note with a quorum, and its size.
    pub(crate) fn newest_note(&self) -> Answer<Option<(u64, SignedNote)>> {
        let row = self.one(
            "SELECT a.value, b.value FROM meta a, meta b \
             WHERE a.name = 'newest_size' AND b.name = 'newest'",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
        )?;
        row.map(|(size, note)| Ok((unsigned(size), self.note(&note)?))).transpose()
    }

    fn note(&self, text: &str) -> Answer<SignedNote> {
        SignedNote::parse(text).map_err(|_| self.malformed("note"))
    }

    /// The first note with a quorum of exactly this size.
    pub(crate) fn note_of(&self, size: u64) -> Answer<Option<SignedNote>> {
        let note = self.one(
            "SELECT note FROM checkpoints WHERE size = ?1 AND note IS NOT NULL",
            [number(size)],
            |row| row.get::<_, String>(0),
        )?;
        note.map(|note| self.note(&note)).transpose()
    }

    /// Checkpoints of more than `index` leaves and at most `limit`, the smallest first, at most `count`.
    pub(crate) fn notes_over(
        &self,
        index: u64,
        limit: u64,
        count: u64,
    ) -> Answer<Vec<(u64, SignedNote)>> {
        self.notes(
            "SELECT size, note FROM checkpoints \
             WHERE size > ?1 AND size <= ?2 AND note IS NOT NULL ORDER BY size LIMIT ?3",
            [number(index), number(limit), number(count)],
        )
    }

    /// Checkpoints of at most `limit` leaves, the largest first, at most `count`.
    pub(crate) fn notes_up_to(&self, limit: u64, count: u64) -> Answer<Vec<(u64, SignedNote)>> {
        self.notes(
            "SELECT size, note FROM checkpoints \
             WHERE size <= ?1 AND note IS NOT NULL ORDER BY size DESC LIMIT ?2",
            [number(limit), number(count)],
        )
    }

    /// The newest checkpoint that the quorum of its day had seen by `time`.
    pub(crate) fn note_seen_by(&self, time: Timestamp) -> Answer<Option<(u64, SignedNote)>> {
        let found = self.notes(
            "SELECT size, note FROM checkpoints WHERE existed_by <= ?1 \
             ORDER BY existed_by DESC, size DESC LIMIT 1",
            [time.seconds()],
        )?;
        Ok(found.into_iter().next())
    }

    fn notes(&self, query: &str, values: impl rusqlite::Params) -> Answer<Vec<(u64, SignedNote)>> {
        let rows =
            self.all(query, values, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        rows.into_iter().map(|(size, note)| Ok((unsigned(size), self.note(&note)?))).collect()
    }

    /// How many checkpoints of at most `size` there are.
    pub(crate) fn checkpoints(&self, size: u64) -> Answer<u64> {
        let count =
            self.one("SELECT count(*) FROM checkpoints WHERE size <= ?1", [number(size)], |row| {
                row.get::<_, i64>(0)
            })?;
        Ok(unsigned(count.unwrap_or(0)))
    }
}
