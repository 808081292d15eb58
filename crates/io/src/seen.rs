//! The largest head of each log that a profile has seen: a ledger that shows an older or another one is found out.
//!
//! In scope: remembering one verified note per origin, and comparing what is shown now. Out of scope: verifying notes,
//! telling others (`inkan ledger watch`).

use inkan_ledger::tree::{NodeHash, TreeHead, verify_consistency};
use inkan_ledger::{SignedNote, VerifiedCheckpoint};

use crate::files::{self, Access};
use crate::ledger_source::LedgerError;
use crate::profile::{Profile, ProfileError};

/// Bytes of a remembered note.
const LIMIT: usize = inkan_ledger::note::NOTE_LIMIT;

/// How the head shown now lies to the largest one seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sighting {
    /// Nothing was seen of this log before.
    First,
    /// It is the same tree.
    Same,
    /// It continues the tree seen before.
    Grown {
        /// The size seen before.
        from: u64,
    },
    /// It is shorter than what was seen: an old copy, or entries are held back.
    Behind {
        /// The size seen before.
        seen: u64,
    },
    /// It does not continue the tree seen before: both notes together prove that the log shows two histories.
    Split {
        /// The note seen before.
        seen: Box<SignedNote>,
    },
}

/// Compares a verified head with the largest one this profile has seen of its log, and remembers it if it is larger.
///
/// `consistency` gives the proof from a size to the head shown. A proof that cannot be had is an error; one that does not
/// hold is a split.
///
/// # Errors
///
/// [`SeenError`].
pub fn compare(
    profile: &Profile,
    shown: &VerifiedCheckpoint,
    consistency: impl FnOnce(u64) -> Result<Vec<NodeHash>, LedgerError>,
) -> Result<Sighting, SeenError> {
    let path = profile.seen_head(shown.origin())?;
    let head = shown.head();
    let before = match files::read_optional(&path, LIMIT).map_err(ProfileError::from)? {
        // A file of ours that cannot be read is as good as none: what is shown now takes its place.
        Some(bytes) => String::from_utf8(bytes).ok().and_then(|text| read(&text, shown.origin())),
        None => None,
    };
    let sighting = match before {
        None => Sighting::First,
        Some((seen, _)) if seen == head => Sighting::Same,
        Some((seen, note)) if seen.tree_size == head.tree_size => {
            Sighting::Split { seen: Box::new(note) }
        }
        Some((seen, _)) if seen.tree_size > head.tree_size => {
            Sighting::Behind { seen: seen.tree_size }
        }
        Some((seen, note)) => {
            let proof = consistency(seen.tree_size)?;
            match verify_consistency(&seen, &head, &proof) {
                Ok(()) => Sighting::Grown { from: seen.tree_size },
                Err(_) => Sighting::Split { seen: Box::new(note) },
            }
        }
    };
    if matches!(sighting, Sighting::First | Sighting::Grown { .. }) {
        let text = shown.note().to_string();
        files::write_atomic(&path, text.as_bytes(), Access::Private).map_err(ProfileError::from)?;
    }
    Ok(sighting)
}

/// The largest head of a log that this profile has seen.
///
/// # Errors
///
/// [`SeenError`] if the file cannot be read.
pub fn largest(profile: &Profile, origin: &str) -> Result<Option<SignedNote>, SeenError> {
    let path = profile.seen_head(origin)?;
    let bytes = files::read_optional(&path, LIMIT).map_err(ProfileError::from)?;
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(text.and_then(|text| read(&text, origin)).map(|(_, note)| note))
}

/// How far a log was watched: the first entry that was not shown yet.
///
/// # Errors
///
/// [`SeenError`] if the file cannot be read.
pub fn watched(profile: &Profile, origin: &str) -> Result<Option<u64>, SeenError> {
    let path = profile.watched(origin)?;
    let bytes = files::read_optional(&path, 32).map_err(ProfileError::from)?;
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(text.and_then(|text| text.trim().parse().ok()))
}

/// Remembers how far a log was watched.
///
/// # Errors
///
/// [`SeenError`] if the file cannot be written.
pub fn remember_watched(profile: &Profile, origin: &str, next: u64) -> Result<(), SeenError> {
    let path = profile.watched(origin)?;
    files::write_atomic(&path, format!("{next}\n").as_bytes(), Access::Private)
        .map_err(ProfileError::from)?;
    Ok(())
}

fn read(text: &str, origin: &str) -> Option<(TreeHead, SignedNote)> {
    let note = SignedNote::parse(text).ok()?;
    let checkpoint = inkan_ledger::Checkpoint::parse_text(note.text()).ok()?;
    (checkpoint.origin() == origin).then(|| (checkpoint.head(), note))
}

/// Why heads could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum SeenError {
    /// The profile could not be read or written.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The ledger did not give the proof.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl SeenError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Profile(error) => error.code(),
            Self::Ledger(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests;
