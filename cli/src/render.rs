//! How results look on a terminal: reports and pictures, from values alone.

pub(crate) mod ladder;
pub(crate) mod merkle;
pub(crate) mod report;
pub(crate) mod svg;
pub(crate) mod table;
pub(crate) mod timeline;
pub(crate) mod tree;
pub(crate) mod trust;

use inkan_core::text::is_hidden;

use crate::output::{DIM, FAIL, PASS, WARN};

/// The mark before a line. Words and marks carry the meaning, colour only adds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mark {
    /// ✓
    Pass,
    /// ✗
    Fail,
    /// !
    Warn,
    /// -
    Skipped,
}

impl Mark {
    /// The mark, in its colour.
    pub(crate) fn painted(self) -> String {
        match self {
            Self::Pass => format!("{PASS}✓{PASS:#}"),
            Self::Fail => format!("{FAIL}✗{FAIL:#}"),
            Self::Warn => format!("{WARN}!{WARN:#}"),
            Self::Skipped => format!("{DIM}-{DIM:#}"),
        }
    }
}

/// Text that others wrote, made safe for a terminal: control characters and what hides or moves text become `\u{…}`, and what
/// is longer than `limit` characters is cut.
pub(crate) fn safe(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count >= limit {
            out.push('…');
            break;
        }
        if is_hidden(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// A long identifier or hash, shortened in the middle for reading; never for comparing.
pub(crate) fn short(text: &str, keep: usize) -> String {
    let count = text.chars().count();
    let width = keep.saturating_mul(2).saturating_add(1);
    if count <= width {
        return safe(text, width);
    }
    let head: String = text.chars().take(keep).collect();
    let tail: String = text.chars().skip(count.saturating_sub(keep)).collect();
    safe(&format!("{head}…{tail}"), width)
}

/// `a did`, `an issuance`.
pub(crate) fn with_article(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    // A `once` sounds like one.
    if word == "once" { format!("a {word}") } else { format!("{article} {word}") }
}

#[cfg(test)]
mod tests;
