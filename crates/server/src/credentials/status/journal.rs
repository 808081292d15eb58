//! What was done to status lists, line by line, on the disk before it is answered.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use inkan_core::{Timestamp, json};
use inkan_credential::model::StatusPurpose;
use inkan_io::files::{self, Access, FileError, FolderLock};
use serde_json::{Value, json};

use crate::credentials::Suite;

/// A journal has at most this many bytes.
const LIMIT: usize = 256 << 20;
/// A line of it.
const LINE: usize = 1 << 20;

/// One thing that was done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// A list was begun; its number is how many there were.
    Begin { suite: Suite, purpose: StatusPurpose, issuer: String, wording: Wording },
    /// Places were set that nobody has, each to its value.
    Decoys { list: usize, places: Vec<(u64, u8)> },
    /// A place was given to a credential.
    Take { list: usize, index: u64, credential: Option<String> },
    /// A status was written, and perhaps since when it holds, and why.
    Write { list: usize, index: u64, value: u8, since: Option<Timestamp>, reason: Option<String> },
}

/// What the values of a list are called, and where that is explained; nothing for lists of one bit about another purpose.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Wording {
    pub(super) messages: Vec<String>,
    pub(super) references: Vec<String>,
}

impl Step {
    fn to_line(&self) -> String {
        let value = match self {
            Self::Begin { suite, purpose, issuer, wording: Wording { messages, references } } => {
                json!({
                    "begin": suite.prefix(), "purpose": purpose.as_str(), "issuer": issuer,
                    "messages": messages, "references": references,
                })
            }
            Self::Decoys { list, places } => {
                let (places, values): (Vec<u64>, Vec<u8>) = places.iter().copied().unzip();
                json!({ "decoys": list, "places": places, "values": values })
            }
            Self::Take { list, index, credential } => json!({
                "take": list, "index": index, "credential": credential,
            }),
            Self::Write { list, index, value, since, reason } => {
                let since = since.map(|since| since.to_string());
                json!({
                    "write": list, "index": index, "value": value, "since": since, "reason": reason,
                })
            }
        };
        format!("{value}\n")
    }

    fn of_line(line: &[u8]) -> Option<Self> {
        let value = json::parse(line, LINE).ok()?;
        let number = |name: &str| value.get(name)?.as_u64();
        let list = |name: &str| usize::try_from(number(name)?).ok();
        if let Some(prefix) = json::text(&value, "begin") {
            let suite = Suite::of_prefix(prefix)?;
            let purpose = StatusPurpose::parse(json::text(&value, "purpose")?)?;
            let issuer = json::text(&value, "issuer")?.to_owned();
            let (messages, references) = (texts(&value, "messages")?, texts(&value, "references")?);
            let wording = Wording { messages, references };
            return Some(Self::Begin { suite, purpose, issuer, wording });
        }
        if let Some(list) = list("decoys") {
            let places = value.get("places")?.as_array()?.iter().map(Value::as_u64);
            let places = places.collect::<Option<Vec<_>>>()?;
            // Journals of earlier versions have lists of one bit alone.
            let values = match value.get("values") {
                None => vec![1; places.len()],
                Some(values) => values.as_array()?.iter().map(byte).collect::<Option<_>>()?,
            };
            let same = values.len() == places.len();
            return same
                .then(|| Self::Decoys { list, places: places.into_iter().zip(values).collect() });
        }
        let index = number("index")?;
        let said = |name: &str| json::text(&value, name).map(str::to_owned);
        if let Some(list) = list("take") {
            return Some(Self::Take { list, index, credential: said("credential") });
        }
        let written = match value.get("value")? {
            Value::Bool(written) => u8::from(*written),
            number @ (Value::Null
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_)) => byte(number)?,
        };
        // Journals of earlier versions say neither.
        let since = said("since").map(|since| Timestamp::parse(&since)).transpose().ok()?;
        let (list, reason) = (list("write")?, said("reason"));
        Some(Self::Write { list, index, value: written, since, reason })
    }
}

fn byte(value: &Value) -> Option<u8> {
    value.as_u64().and_then(|number| u8::try_from(number).ok())
}

/// A list of texts; an empty one where there is none.
fn texts(value: &Value, name: &str) -> Option<Vec<String>> {
    let Some(found) = value.get(name) else { return Some(Vec::new()) };
    found.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

/// Why a journal is not used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder or the file cannot be used; perhaps another process does.
    #[error(transparent)]
    File(#[from] FileError),
    /// It cannot be opened for writing.
    #[error("{path}: cannot be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line is damaged, or does not follow from those before.
    #[error("the journal of status lists is damaged in line {line}")]
    Malformed {
        /// From 1.
        line: usize,
    },
}

impl JournalError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(FileError::Locked { .. }) => "ledger-locked",
            Self::File(error) => error.code(),
            Self::Write { .. } => "status-journal-unwritable",
            Self::Malformed { .. } => "status-journal-malformed",
        }
    }
}

/// The journal of a folder; nobody else has it open.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    _lock: FolderLock,
}

impl Journal {
    /// Opens the journal of a folder, or begins one, and gives what it tells of. A last line without an end was never
    /// answered, and is taken away.
    pub(super) fn open(folder: &Path) -> Result<(Self, Vec<Step>), JournalError> {
        files::create_folder(folder, Access::Private)?;
        let lock = files::try_lock(folder)?;
        let path = folder.join("status.jsonl");
        let bytes = files::read_optional(&path, LIMIT)?.unwrap_or_default();
        let whole =
            bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at.saturating_add(1));
        let kept = bytes.get(..whole).unwrap_or_default();
        if kept.len() < bytes.len() || bytes.is_empty() {
            files::write_atomic(&path, kept, Access::Private)?;
        }
        let lines = kept.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let steps = lines
            .zip(1..)
            .map(|(line, number)| {
                Step::of_line(line).ok_or(JournalError::Malformed { line: number })
            })
            .collect::<Result<_, _>>()?;
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|source| JournalError::Write { path, source })?;
        Ok((Self { file, _lock: lock }, steps))
    }

    /// Writes a step; it is durable then.
    pub(super) fn append(&mut self, step: &Step) -> std::io::Result<()> {
        self.file.write_all(step.to_line().as_bytes())?;
        self.file.sync_data()
    }
}
