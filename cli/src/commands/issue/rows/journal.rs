//! The journal of a batch: every credential as it was signed, on the disk before anybody hears of it.
//!
//! In scope: what was signed for which row. Out of scope: whether it was issued; the profile's own record says that, and it is
//! written after the ledger's. So a run that is cut leaves rows that were issued, or that never were: a credential here that the
//! profile has no record of was never recorded anywhere, and its row is issued anew.

use std::path::{Path, PathBuf};

use inkan_core::{Digest, encoding, json, limits};
use inkan_credential::SecuredCredential;
use inkan_io::files::{self, Access, FileError, FileLayer as _, LayerFile, SystemFiles};
use serde_json::{Value, json};

use crate::failure::{CliError, Failure};

/// What it is called in the folder of a batch.
pub(super) const NAME: &str = "rows.journal";
/// Its largest size in bytes.
const LIMIT: usize = 4 << 30;

/// The journal, open for more.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Box<dyn LayerFile>,
    length: u64,
}

/// A credential that was signed for a row.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    /// Which row, from 1.
    pub(super) row: u64,
    /// Digest of what the row said.
    pub(super) content: Digest,
    /// The credential.
    pub(super) credential: SecuredCredential,
}

/// What a batch is of: a folder holds one batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Batch {
    /// Type of its credentials.
    pub(super) credential_type: String,
    /// Their issuer.
    pub(super) issuer: String,
    /// Digest of all options that the credentials depend on.
    pub(super) options: Digest,
}

impl Batch {
    fn to_value(&self) -> Value {
        json!({
            "type": "inkan-rows/1", "credentialType": self.credential_type, "issuer": self.issuer,
            "options": self.options.to_b64u(),
        })
    }
}

impl Journal {
    /// Opens the journal of a folder, or begins one; gives what is in it. Half a line at its end, which a cut left, is dropped.
    pub(super) fn open(folder: &Path, batch: &Batch) -> Result<(Self, Vec<Signed>), Failure> {
        let (whole, signed) = Self::peek(folder, batch)?;
        let path = folder.join(NAME);
        let at = |error| FileError::from_io(&path, error);
        let mut file = SystemFiles.open(&path, Access::Private).map_err(at)?;
        file.set_len(whole).map_err(at)?;
        let mut journal = Self { path, file, length: whole };
        if whole == 0 {
            journal.append(&format!("{}\n", batch.to_value()))?;
            let synced = SystemFiles.sync_folder(folder);
            synced.map_err(|error| FileError::not_synced(folder, error))?;
        }
        Ok((journal, signed))
    }

    /// Reads the journal of a folder, if it has one: how many of its bytes are whole lines, and what they say.
    pub(super) fn peek(folder: &Path, batch: &Batch) -> Result<(u64, Vec<Signed>), Failure> {
        let path = folder.join(NAME);
        let bytes = files::read_optional(&path, LIMIT)?.unwrap_or_default();
        let last = bytes.iter().rposition(|byte| *byte == b'\n');
        let whole = last.map_or(0, |at| at.saturating_add(1));
        let mut lines = bytes.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n');
        let first = lines.next().filter(|line| !line.is_empty());
        let mut signed = Vec::new();
        if let Some(first) = first {
            let damaged = || damaged(&path, 1);
            let header = json::parse(first, limits::DOCUMENT).map_err(|_| damaged())?;
            if header != batch.to_value() {
                return Err(CliError::BatchOther { folder: folder.display().to_string() }.into());
            }
            for (number, line) in (2_u64..).zip(lines.filter(|line| !line.is_empty())) {
                signed.push(read_line(line).ok_or_else(|| self::damaged(&path, number))?);
            }
        }
        Ok((u64::try_from(whole).unwrap_or(u64::MAX), signed))
    }

    /// Adds credentials; when this returns they are on the disk.
    pub(super) fn add(&mut self, signed: &[Signed]) -> Result<(), Failure> {
        let mut text = String::new();
        for one in signed {
            let line = json!({
                "row": one.row, "content": one.content.to_b64u(), "credential": one.credential.to_bare(),
            });
            text.push_str(&line.to_string());
            text.push('\n');
        }
        self.append(&text)
    }

    fn append(&mut self, text: &str) -> Result<(), Failure> {
        let at = |error| FileError::from_io(&self.path, error);
        self.file.write_at(self.length, text.as_bytes()).map_err(at)?;
        self.file.sync().map_err(|error| FileError::not_synced(&self.path, error))?;
        self.length = self.length.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
        Ok(())
    }
}

fn read_line(line: &[u8]) -> Option<Signed> {
    let value = json::parse(line, limits::BUNDLE).ok()?;
    let content = encoding::b64u_array(json::text(&value, "content")?).ok()?;
    let credential = SecuredCredential::parse(json::text(&value, "credential")?.as_bytes()).ok()?;
    let row = value.get("row").and_then(Value::as_u64)?;
    Some(Signed { row, content: Digest::from_bytes(content), credential })
}

fn damaged(path: &Path, line: u64) -> Failure {
    let detail = format!("line {line} is not what a batch writes");
    CliError::InputMalformed { file: path.display().to_string(), detail }.into()
}
