//! What each code means: the catalogue `schemas/codes.json`, shipped in the binary.
//!
//! In scope: finding an entry by code or number; refusing to run with a catalogue that has two meanings for a code. Out of
//! scope: how it is shown (`failure`, `commands::explain`).

use std::sync::LazyLock;

pub(crate) use inkan_core::codes::CodeEntry as Entry;

use inkan_core::codes::{CodeBook, CodesError};

/// The catalogue as it is in the repository.
const TEXT: &str = include_str!("../../schemas/codes.json");

/// The same, read once.
static BOOK: LazyLock<Result<CodeBook, CodesError>> = LazyLock::new(|| CodeBook::parse(TEXT));

/// Why no command may run: without the catalogue every exit code would be that of a fault, or worse, of something else.
pub(crate) fn damage() -> Option<String> {
    damage_of(&BOOK)
}

fn damage_of(read: &Result<CodeBook, CodesError>) -> Option<String> {
    let error = read.as_ref().err()?;
    Some(format!(
        "error: this build of inkan is damaged and does nothing: {error} [{}]\n",
        error.code()
    ))
}

/// The catalogue. [`damage`] was asked before: it is never empty in a command.
pub(crate) fn book() -> &'static CodeBook {
    static NONE: LazyLock<CodeBook> = LazyLock::new(CodeBook::default);
    BOOK.as_ref().unwrap_or(&NONE)
}

/// Finds an entry by its code (`credential-revoked`) or number (`INK-3104`, `ink-3104`, `3104`).
pub(crate) fn find(wanted: &str) -> Option<Entry> {
    let book = book();
    let by_number = || number_of(wanted).and_then(|number| book.by_number(&number));
    book.get(wanted).or_else(by_number).cloned()
}

/// Codes that are close to `wanted`, best first; for a remedy.
pub(crate) fn similar(wanted: &str) -> Vec<Entry> {
    let words: Vec<&str> = wanted.split('-').filter(|word| word.len() > 2).collect();
    let mut found: Vec<(usize, Entry)> = book()
        .entries()
        .map(|entry| {
            (words.iter().filter(|word| entry.code.contains(**word)).count(), entry.clone())
        })
        .filter(|(hits, _)| *hits > 0)
        .collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.number.cmp(&b.1.number)));
    found.into_iter().take(5).map(|(_, entry)| entry).collect()
}

fn number_of(text: &str) -> Option<String> {
    let digits = text.strip_prefix("INK-").or_else(|| text.strip_prefix("ink-")).unwrap_or(text);
    let shaped = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    shaped.then(|| format!("INK-{digits}"))
}

#[cfg(test)]
mod tests;
