//! Would the log to which a DID moves take its history (§6.6 of the ledger specification)? Asked before anything is recorded: the
//! log that was left takes nothing of the DID any more.
//!
//! In scope: what the new log has to be sent, and what of its rules can be known beforehand. Out of scope: the rules themselves
//! (`state`), asking the log (`inkan-io`).

use inkan_did::webvh::EntryError;

use crate::batch::BATCH_LIMIT;
use crate::leaf::Kind;
use crate::parameters::Parameters;
use crate::state::parse_did_body;

/// Bytes that the framing of an import puts before each body.
const FRAME: usize = 3;

/// How many versions the new log has already: the others are what an import has to bring.
///
/// `history` are the bodies of all versions, oldest first, the last one naming the new log; `there` are those which that log has,
/// and `parameters` its own.
///
/// # Errors
///
/// [`MoveError`]: the log would refuse the import. None is worth a retry before something is changed.
pub fn plan_import(
    history: &[impl AsRef<[u8]>],
    there: &[impl AsRef<[u8]>],
    parameters: &Parameters,
) -> Result<usize, MoveError> {
    for (number, (own, theirs)) in (1_u64..).zip(history.iter().zip(there)) {
        let (own, theirs) = (version_id(own.as_ref())?, version_id(theirs.as_ref())?);
        if own != theirs {
            return Err(MoveError::Forked { number, own, theirs });
        }
    }
    let known = there.len();
    let Some(lacking) = history.get(known..) else {
        return Err(MoveError::Ahead { theirs: known, own: history.len() });
    };
    if !parameters.kinds.contains(&Kind::Did) {
        return Err(MoveError::NoDids);
    }
    if u64::try_from(lacking.len()).map_or(true, |count| count > parameters.import_max) {
        return Err(MoveError::TooMany { count: lacking.len(), most: parameters.import_max });
    }
    let sizes = lacking.iter().map(|body| body.as_ref().len().saturating_add(FRAME));
    let bytes = sizes.fold(0, usize::saturating_add);
    if bytes > BATCH_LIMIT {
        return Err(MoveError::TooLarge { bytes });
    }
    Ok(known)
}

fn version_id(body: &[u8]) -> Result<String, MoveError> {
    Ok(parse_did_body(body).map_err(MoveError::Entry)?.version_id().to_owned())
}

/// Why a log would not take the history of a DID.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MoveError {
    /// Both logs have a version of this number, and not the same one.
    #[error(
        "version {number} is {own} here and {theirs} in the other log: the DID has two histories"
    )]
    Forked {
        /// The first number at which they differ.
        number: u64,
        /// The `versionId` in the log that is left.
        own: String,
        /// The `versionId` in the other log.
        theirs: String,
    },
    /// The other log has versions that this one does not.
    #[error("the other log has {theirs} versions, and here are {own}")]
    Ahead {
        /// Versions there.
        theirs: usize,
        /// Versions here, the one that moves included.
        own: usize,
    },
    /// Its parameters leave DIDs out.
    #[error("the other log takes no entries of DIDs")]
    NoDids,
    /// More versions than it takes at once.
    #[error("the other log lacks {count} versions and takes {most} at once")]
    TooMany {
        /// Versions that it lacks.
        count: usize,
        /// The most of one import.
        most: u64,
    },
    /// More bytes than any log takes at once.
    #[error("what the other log lacks has {bytes} bytes, more than the {BATCH_LIMIT} of an import")]
    TooLarge {
        /// Bytes of the import.
        bytes: usize,
    },
    /// A version cannot be read.
    #[error("a version cannot be read")]
    Entry(#[source] EntryError),
}

impl MoveError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forked { .. } => "did-forked",
            Self::Ahead { .. } => "version-conflict",
            Self::NoDids => "unsupported-entry-type",
            Self::TooMany { .. } | Self::TooLarge { .. } => "import-invalid",
            Self::Entry(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests;
