//! The report of a batch: what became of every row, as a table or as JSON.

use std::path::Path;

use inkan_io::files::{self, Access};
use serde_json::{Value, json};

use super::table::{Fault, Row};
use crate::catalogue;
use crate::failure::{CliError, Failure};

/// What became of a row.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// It was issued now.
    Issued(IssuedCopy),
    /// An earlier run issued it.
    Earlier(IssuedCopy),
    /// It is right, and this is a dry run.
    Ready,
    /// It is right, and not issued, because others are wrong and `--strict` was said.
    Held,
    /// It is wrong.
    Wrong(Fault),
}

/// A credential that was issued for a row.
#[derive(Clone, Debug)]
pub(super) struct IssuedCopy {
    /// Its `id`.
    pub(super) id: String,
    /// Name of its file in the folder.
    pub(super) file: String,
}

impl Fate {
    /// The word for it.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Issued(_) => "issued",
            Self::Earlier(_) => "earlier",
            Self::Ready => "ready",
            Self::Held => "held",
            Self::Wrong(_) => "wrong",
        }
    }

    const fn copy(&self) -> Option<&IssuedCopy> {
        match self {
            Self::Issued(copy) | Self::Earlier(copy) => Some(copy),
            Self::Ready | Self::Held | Self::Wrong(_) => None,
        }
    }

    const fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Wrong(fault) => Some(fault),
            Self::Issued(_) | Self::Earlier(_) | Self::Ready | Self::Held => None,
        }
    }
}

/// How many rows came to each end.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Counts {
    pub(super) issued: u64,
    pub(super) earlier: u64,
    pub(super) ready: u64,
    pub(super) held: u64,
    pub(super) wrong: u64,
}

impl Counts {
    pub(super) fn of<'a>(fates: impl Iterator<Item = &'a Fate>) -> Self {
        let mut counts = Self::default();
        for fate in fates {
            let count = match fate {
                Fate::Issued(_) => &mut counts.issued,
                Fate::Earlier(_) => &mut counts.earlier,
                Fate::Ready => &mut counts.ready,
                Fate::Held => &mut counts.held,
                Fate::Wrong(_) => &mut counts.wrong,
            };
            *count = count.saturating_add(1);
        }
        counts
    }

    /// What is told at the end.
    pub(super) fn sentence(&self) -> String {
        let all = [
            (self.issued, "issued"),
            (self.earlier, "issued before"),
            (self.ready, "ready to be issued"),
            (self.held, "right and held back"),
            (self.wrong, "wrong"),
        ];
        let told: Vec<String> = all
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        told.join(", ")
    }
}

/// One row, as a line of the report.
pub(super) fn line(row: &Row, fate: &Fate) -> Value {
    let fault = fate.fault();
    let entry = fault.and_then(|fault| catalogue::find(fault.code));
    json!({
        "row": row.number, "line": row.line, "result": fate.word(),
        "file": fate.copy().map(|copy| &copy.file), "id": fate.copy().map(|copy| &copy.id),
        "code": fault.map(|fault| fault.code), "number": entry.map(|entry| entry.number),
        "column": fault.and_then(|fault| fault.column.as_ref()),
        "message": fault.map(|fault| &fault.message),
    })
}

/// Writes the report, whole or not at all: JSON by the name of the file, else CSV.
pub(super) fn write(path: &Path, lines: &[Value]) -> Result<(), Failure> {
    let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let text = if is_json {
        format!("{:#}\n", json!({ "type": "inkan-rows-report/1", "rows": lines })).into_bytes()
    } else {
        table(lines)?
    };
    Ok(files::write_atomic(path, &text, Access::Private)?)
}

const COLUMNS: [&str; 9] =
    ["row", "line", "result", "file", "id", "code", "number", "column", "message"];

fn table(lines: &[Value]) -> Result<Vec<u8>, Failure> {
    let fault = |error: csv::Error| Failure::from(CliError::Fault(error.to_string()));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(fault)?;
    for line in lines {
        let cell = |name: &&str| match line.get(*name) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        };
        writer.write_record(COLUMNS.iter().map(cell)).map_err(fault)?;
    }
    writer.into_inner().map_err(|error| CliError::Fault(error.to_string()).into())
}
