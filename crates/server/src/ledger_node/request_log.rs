//! The log of requests (§1.1 rule 6): what was asked and what came of it, never by whom exactly, never what was sent.
//!
//! In scope: one JSON line a request, one file an hour, nothing older than 24 hours. Out of scope: metrics.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use inkan_core::Timestamp;
use serde_json::{Map, Value};

use super::options::LogTo;

/// Seconds that one file covers.
const HOUR: i64 = 3_600;
/// Files that are kept: what is older than 24 hours goes.
const HOURS: i64 = 24;
/// Between two looks for what is too old.
const SWEEP: Duration = Duration::from_secs(600);

/// One request, as much of it as may be kept.
#[derive(Clone, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) time: Timestamp,
    pub(crate) method: &'a str,
    /// The template, not the path: paths can name people's DIDs.
    pub(crate) route: &'a str,
    pub(crate) status: u16,
    pub(crate) code: Option<&'a str>,
    pub(crate) milliseconds: u64,
    /// A truncated network.
    pub(crate) network: &'a str,
    pub(crate) entry: Option<String>,
}

/// Where lines go.
#[derive(Debug)]
pub(crate) struct RequestLog {
    to: LogTo,
    open: Mutex<Option<(i64, File)>>,
}

impl RequestLog {
    pub(crate) fn new(to: LogTo) -> Self {
        Self { to, open: Mutex::new(None) }
    }

    /// Writes a line. A log that cannot be written stops no request.
    pub(crate) fn write(&self, line: &Line<'_>) {
        self.put(line.time, &line.to_text());
    }

    /// Writes what an operator should know, among the requests.
    pub(crate) fn notice(&self, time: Timestamp, code: &str, names: &[String]) {
        let line = serde_json::json!({ "time": time.seconds(), "code": code, "names": names });
        self.put(time, &format!("{line}\n"));
    }

    /// Deletes the files that are too old, whether anything is written or not.
    pub(crate) fn expire(&self, now: Timestamp) {
        if let LogTo::Folder(folder) = &self.to {
            expire(folder, now.seconds().div_euclid(HOUR));
        }
    }

    fn put(&self, time: Timestamp, text: &str) {
        match &self.to {
            LogTo::Nowhere => {}
            LogTo::StandardError => {
                let _ = std::io::stderr().write_all(text.as_bytes());
            }
            LogTo::Folder(folder) => {
                let hour = time.seconds().div_euclid(HOUR);
                let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
                if open.as_ref().is_none_or(|(current, _)| *current != hour) {
                    *open = roll(folder, hour).map(|file| (hour, file));
                }
                if let Some((_, file)) = open.as_mut() {
                    let _ = file.write_all(text.as_bytes());
                }
            }
        }
    }
}

impl Line<'_> {
    fn to_text(&self) -> String {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("time", self.time.seconds().into());
        put("method", self.method.into());
        put("route", self.route.into());
        put("status", self.status.into());
        put("ms", self.milliseconds.into());
        put("network", self.network.into());
        if let Some(code) = self.code {
            put("code", code.into());
        }
        if let Some(entry) = &self.entry {
            put("entry", entry.as_str().into());
        }
        format!("{}\n", Value::Object(out))
    }
}

/// Runs `sweep` at once and then every few minutes: who stopped asking has not agreed to be remembered for longer.
pub(crate) async fn again_and_again(sweep: impl Fn()) {
    loop {
        sweep();
        tokio::time::sleep(SWEEP).await;
    }
}

/// Opens the file of an hour and deletes those that are too old.
fn roll(folder: &Path, hour: i64) -> Option<File> {
    fs::create_dir_all(folder).ok()?;
    expire(folder, hour);
    let path = folder.join(format!("requests-{hour}.jsonl"));
    OpenOptions::new().create(true).append(true).open(path).ok()
}

/// Deletes what is too old in this hour.
fn expire(folder: &Path, hour: i64) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let of_hour = name.to_str().and_then(|name| {
            name.strip_prefix("requests-")?.strip_suffix(".jsonl")?.parse::<i64>().ok()
        });
        if of_hour.is_some_and(|old| old <= hour.saturating_sub(HOURS)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests;
