//! The key timeline: when each key of a DID could sign, and where a credential was issued.

use std::fmt::Write as _;

/// One version of a DID.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// Its number.
    pub(crate) version: u64,
    /// The day it came into force, `YYYY-MM-DD`.
    pub(crate) since: String,
    /// Names of the keys in force.
    pub(crate) keys: String,
    /// Why it came, in a few words.
    pub(crate) note: String,
    /// What was signed under it, in a few words each.
    pub(crate) marks: Vec<String>,
}

/// How the newest version stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Now {
    /// Its keys can sign.
    InForce,
    /// The DID was deactivated.
    Deactivated,
}

/// Draws one line per version; time runs to the right, and each version begins where the one above ends.
pub(crate) fn timeline(spans: &[Span], now: Now) -> String {
    let widest = spans.iter().map(|span| span.keys.chars().count()).max().unwrap_or(0);
    let bar = widest.saturating_add(8).max(18);
    // Many versions would run off the screen; then they step right by less than a bar.
    let step = bar.min(70_usize.checked_div(spans.len().max(1)).unwrap_or(bar)).max(2);
    let mut out = String::new();
    let mut indent = 0_usize;
    for (position, span) in spans.iter().enumerate() {
        let last = position.saturating_add(1) == spans.len();
        let end = match (last, now) {
            (false, _) => "┓",
            (true, Now::InForce) => "▶ now",
            (true, Now::Deactivated) => "■ deactivated",
        };
        let note = if span.note.is_empty() { String::new() } else { format!("     {}", span.note) };
        let lead = " ".repeat(indent);
        let line = drawn(&span.keys, if last { bar } else { step });
        let _ = writeln!(out, " v{:<2} {} {lead}●{line}{end}{note}", span.version, span.since);
        for mark in &span.marks {
            let _ = writeln!(out, "                {lead}   ▲ {mark}");
        }
        indent = indent.saturating_add(step).saturating_add(1);
    }
    out
}

/// A bar of `width` cells with the name in its middle, or only the bar where there is no room.
fn drawn(name: &str, width: usize) -> String {
    let length = name.chars().count();
    let Some(free) = width.checked_sub(length.saturating_add(2)).filter(|free| *free >= 2) else {
        return "━".repeat(width);
    };
    let left = free / 2;
    format!("{} {name} {}", "━".repeat(left), "━".repeat(free.saturating_sub(left)))
}

#[cfg(test)]
mod tests;
