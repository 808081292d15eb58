//! What a file of rows says: for each row whom it is about and which claims it makes, or what is wrong with it and where.
//!
//! In scope: CSV (RFC 4180) with a header, and JSON Lines. Out of scope: what a claim means; the credential's schema judges it.

use std::collections::BTreeSet;

use inkan_core::{Digest, json, limits, sha256};
use serde_json::{Map, Value, json};

use super::claims::{self, ColumnPath, Shape, Types};
use crate::failure::{CliError, Failure};

/// A file of rows.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Its rows, in order.
    pub(super) rows: Vec<Row>,
    /// JSON Pointers into the claims with the columns they are from.
    columns: Vec<(String, String)>,
}

/// How many columns are named when the one for subjects is missing.
const TITLES: usize = 12;

impl Table {
    /// The column that a place in the credential is from.
    pub(super) fn column_of(&self, pointer: &str) -> Option<&str> {
        let claim = pointer.strip_prefix("/credentialSubject").filter(|rest| !rest.is_empty())?;
        let found = self.columns.iter().find(|(place, _)| place == claim);
        found.map(|(_, shown)| shown.as_str())
    }
}

/// A row of the file.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Which row of data it is, from 1.
    pub(super) number: u64,
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    /// What it says.
    pub(super) read: Result<Content, Fault>,
}

/// What a row says.
#[derive(Clone, Debug)]
pub(super) struct Content {
    /// Whom it is about.
    pub(super) subject: String,
    /// Its claims.
    pub(super) claims: Map<String, Value>,
    /// Tells it from every other content.
    pub(super) digest: Digest,
}

/// What is wrong with a row. The values themselves are never repeated: they are personal.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// Its code in the catalogue.
    pub(super) code: &'static str,
    /// The column or member, if it is about one.
    pub(super) column: Option<String>,
    /// What is wrong.
    pub(super) message: String,
}

/// What is wrong with a row itself, and not with what a credential would be made of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RowFault {
    /// It cannot be read.
    Malformed,
    /// It says something else than when a credential was issued for it.
    Changed,
}

impl RowFault {
    /// A stable code for reports. Codes are added, never renamed.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "row-malformed",
            Self::Changed => "row-changed",
        }
    }
}

impl Fault {
    /// A row that cannot be read.
    pub(super) fn malformed(column: Option<String>, message: impl Into<String>) -> Self {
        Self { code: RowFault::Malformed.code(), column, message: message.into() }
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Notation {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object per line.
    JsonLines,
}

impl Notation {
    /// By the name of the file; CSV unless it says otherwise.
    pub(super) fn of(name: &str) -> Self {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if ["jsonl", "ndjson"].iter().any(|one| ending.eq_ignore_ascii_case(one)) {
            Self::JsonLines
        } else {
            Self::Csv
        }
    }
}

/// How rows say whom they are about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subjects<'a> {
    /// The column or member.
    pub(super) column: &'a str,
    /// Whether it may be empty or missing, and the credential is then nobody's by name.
    pub(super) bearer: bool,
}

/// Reads all rows. A file without a usable header is refused; a row that is wrong says so itself.
pub(super) fn read(
    (name, bytes): (&str, &[u8]),
    notation: Notation,
    subject: Subjects<'_>,
    types: &Types<'_>,
) -> Result<Table, Failure> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let table = match notation {
        Notation::Csv => csv_table((name, bytes), subject, types)?,
        Notation::JsonLines => Table { rows: json_rows(bytes, subject), columns: Vec::new() },
    };
    if table.rows.is_empty() {
        return Err(malformed(name, "there are no rows in it"));
    }
    Ok(table)
}

/// Counts lines on the way through a file. The reader's own count is one less where lines end with CR LF.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of what begins at `place` or after the line ends there; places only go on.
    fn of(&mut self, place: usize) -> u64 {
        while let Some(byte) = self.bytes.get(self.at) {
            if self.at >= place && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line = self.line.saturating_add(u64::from(*byte == b'\n'));
            self.at = self.at.saturating_add(1);
        }
        self.line
    }
}

/// A column of claims.
struct Column {
    /// Its name and place, as people look for it.
    shown: String,
    path: ColumnPath,
    shape: Shape,
}

fn csv_table(
    (name, bytes): (&str, &[u8]),
    subject: Subjects<'_>,
    types: &Types<'_>,
) -> Result<Table, Failure> {
    if let Some(line) = stray_quote(bytes) {
        let what =
            "a quote that is opened here is never closed, or something stands behind its end";
        return Err(malformed(name, &format!("line {line}: {what}")));
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let unreadable = |error: csv::Error| malformed(name, &error.to_string());
    let header = reader.byte_headers().map_err(unreadable)?.clone();
    let mut seen = BTreeSet::new();
    let mut columns = Vec::new();
    let mut subject_at = None;
    for (place, title) in header.iter().enumerate() {
        let number = place.saturating_add(1);
        let wrong = |what: &str| malformed(name, &format!("line 1, column {number}: {what}"));
        let title = std::str::from_utf8(title).map_err(|_| wrong("the title is not UTF-8"))?.trim();
        if title.is_empty() {
            return Err(wrong("the title is empty"));
        }
        if !seen.insert(title.to_owned()) {
            return Err(wrong("another column has the same title"));
        }
        if title == subject.column {
            subject_at = Some(place);
            columns.push(None);
            continue;
        }
        let path = ColumnPath::parse(title).map_err(wrong)?;
        let shape = types.of(&path);
        columns.push(Some(Column { shown: format!("{title:?} ({number})"), path, shape }));
    }
    let missing = || {
        let shown = |title: &String| format!("{:?}", title.chars().take(40).collect::<String>());
        let titles: Vec<String> = seen.iter().take(TITLES).map(shown).collect();
        let found = if titles.is_empty() { "none".to_owned() } else { titles.join(", ") };
        let wanted = subject.column;
        let what = "columns are separated by commas, and the first line names them";
        malformed(name, &format!("line 1: there is no column {wanted:?}; found: {found}; {what}"))
    };
    if subject_at.is_none() && !subject.bearer {
        return Err(missing());
    }
    let paths: Vec<&ColumnPath> = columns.iter().flatten().map(|column| &column.path).collect();
    claims::check_together(&paths).map_err(|what| malformed(name, &format!("line 1: {what}")))?;
    let mut rows = Vec::new();
    let mut record = csv::ByteRecord::new();
    let mut lines = Lines { bytes, at: 0, line: 1 };
    loop {
        let more = reader.read_byte_record(&mut record).map_err(unreadable)?;
        if !more {
            let known = columns.iter().flatten();
            let columns =
                known.map(|column| (column.path.pointer(), column.shown.clone())).collect();
            return Ok(Table { rows, columns });
        }
        let begin = record.position().map_or(0, csv::Position::byte);
        let line = lines.of(usize::try_from(begin).unwrap_or(usize::MAX));
        let number = u64::try_from(rows.len()).unwrap_or(u64::MAX).saturating_add(1);
        rows.push(Row { number, line, read: csv_row(&record, &columns, subject_at, subject) });
    }
}

/// The line where a quoted cell begins that does not end as RFC 4180 §2 wants it. A reader that forgives this would take what
/// follows, other people's rows, for a part of that cell.
fn stray_quote(bytes: &[u8]) -> Option<u64> {
    #[derive(Clone, Copy)]
    enum At {
        Start,
        Plain,
        Quoted,
        Quote,
    }
    let (mut at, mut line, mut opened) = (At::Start, 1_u64, 1_u64);
    for byte in bytes {
        at = match (at, byte) {
            (At::Start, b'"') => {
                opened = line;
                At::Quoted
            }
            (At::Quoted, b'"') => At::Quote,
            (At::Quoted, _) | (At::Quote, b'"') => At::Quoted,
            (At::Start | At::Plain | At::Quote, b',' | b'\r' | b'\n') => At::Start,
            (At::Start | At::Plain, _) => At::Plain,
            (At::Quote, _) => return Some(opened),
        };
        line = line.saturating_add(u64::from(*byte == b'\n'));
    }
    matches!(at, At::Quoted).then_some(opened)
}

fn csv_row(
    record: &csv::ByteRecord,
    columns: &[Option<Column>],
    subject_at: Option<usize>,
    subject: Subjects<'_>,
) -> Result<Content, Fault> {
    if record.len() != columns.len() {
        let (has, wanted) = (record.len(), columns.len());
        return Err(Fault::malformed(None, format!("it has {has} cells, and the header {wanted}")));
    }
    let mut cells = Vec::new();
    for (column, cell) in columns.iter().zip(record) {
        let Some(column) = column else { continue };
        let at = || Some(column.shown.clone());
        let text = std::str::from_utf8(cell).map_err(|_| Fault::malformed(at(), "is not UTF-8"))?;
        if text.is_empty() {
            // Nothing is claimed.
            continue;
        }
        let value = column.shape.read(text).map_err(|what| Fault::malformed(at(), what))?;
        cells.push((&column.path, value));
    }
    let Some(subject_at) = subject_at else { return content("", cells) };
    let shown = || Some(format!("{:?} ({})", subject.column, subject_at.saturating_add(1)));
    let cell = record.get(subject_at).unwrap_or_default();
    let about = std::str::from_utf8(cell).map_err(|_| Fault::malformed(shown(), "is not UTF-8"))?;
    let about = about.trim();
    if about.is_empty() && !subject.bearer {
        return Err(Fault::malformed(shown(), "says nothing"));
    }
    content(about, cells)
}

fn json_rows(bytes: &[u8], subject: Subjects<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (line, text) in (1_u64..).zip(bytes.split(|byte| *byte == b'\n')) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        let number = u64::try_from(rows.len()).unwrap_or(u64::MAX).saturating_add(1);
        rows.push(Row { number, line, read: json_row(text, subject) });
    }
    rows
}

fn json_row(text: &[u8], subject: Subjects<'_>) -> Result<Content, Fault> {
    let read = json::parse(text.trim_ascii(), limits::DOCUMENT);
    let value = read.map_err(|error| Fault::malformed(None, error.to_string()))?;
    let Value::Object(members) = value else {
        return Err(Fault::malformed(None, "is no JSON object"));
    };
    let mut about = None;
    let mut paths = Vec::new();
    for (name, value) in members {
        let at = Some(format!("{name:?}"));
        if name == subject.column {
            let Value::String(text) = value else {
                return Err(Fault::malformed(at, "is no text"));
            };
            about = Some(text);
            continue;
        }
        let path = ColumnPath::parse(&name).map_err(|what| Fault::malformed(at, what))?;
        paths.push((path, value));
    }
    // In one order, whatever order the reader kept.
    paths.sort_by(|one, other| one.0.cmp(&other.0));
    let all: Vec<&ColumnPath> = paths.iter().map(|(path, _)| path).collect();
    claims::check_together(&all).map_err(|what| Fault::malformed(None, what))?;
    let missing = || Fault::malformed(Some(format!("{:?}", subject.column)), "is missing");
    let about = match about {
        None if subject.bearer => String::new(),
        about => about.ok_or_else(missing)?,
    };
    content(&about, paths.iter().map(|(path, value)| (path, value.clone())).collect())
}

/// Claims from cells, with the digest that tells this row from others.
fn content(subject: &str, cells: Vec<(&ColumnPath, Value)>) -> Result<Content, Fault> {
    let claims = claims::assemble(cells);
    if claims.is_empty() {
        return Err(Fault::malformed(None, "makes no claim"));
    }
    let whole = json!({ "subject": subject, "claims": claims });
    let canonical = json::canonicalize(&whole);
    let canonical = canonical.map_err(|error| Fault::malformed(None, error.to_string()))?;
    Ok(Content { subject: subject.to_owned(), claims, digest: sha256(&[&canonical]) })
}

fn malformed(file: &str, detail: &str) -> Failure {
    CliError::InputMalformed { file: file.to_owned(), detail: detail.to_owned() }.into()
}

#[cfg(test)]
mod tests;
