//! Who cosigns a checkpoint: witnesses in this process, witnesses elsewhere, timestamp authorities (§3.3, §5.1).
//!
//! In scope: asking one cosigner for its lines over a signed head, and checking them before anybody stores them. Out of
//! scope: when a witness may cosign (`inkan-ledger`), which cosigners are enough (policies), serving witnesses
//! (`inkan-server`).

use std::fmt;
use std::time::Duration;

use inkan_core::Timestamp;
use inkan_crypto::SignError;
use inkan_evidence::tsa::TimestampError;
use inkan_ledger::note::SignatureLine;
use inkan_ledger::tree::TreeHead;
use inkan_ledger::witness::{WitnessError, admit};
use inkan_ledger::{Checkpoint, NodeHash, SignedNote, VerifierKey};

use crate::anchors::AnchorsError;
use crate::files::FileError;
use crate::http::HttpError;
use crate::note_key::NoteKeyError;

mod config;
#[cfg(test)]
pub(crate) mod fake;
mod gathering;
mod http;
mod local;
mod rounds;
mod set;
mod tsa;

pub use config::configured;
pub use gathering::{Cosigned, Gathering};
pub use http::{HttpWitness, WitnessAddress};
pub use local::{LocalWitness, Seen};
pub use set::{Consistency, CosignerSet, Delivery, SharedClock, Standing, check_newest};
pub use tsa::{TsaAddress, TsaCosigner};

/// A signed head that is to be cosigned.
pub struct CosignRequest<'a> {
    /// The head with the log's signature; other lines do no harm.
    pub note: &'a SignedNote,
    /// The consistency path from an older size, above 0 and at most that of the head, to the head; `None` if it cannot be
    /// made.
    pub consistency: &'a (dyn Fn(u64) -> Option<Vec<NodeHash>> + 'a),
}

/// When a cosigner is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pace {
    /// At every checkpoint, before anything else happens: it is in this process and never waits for anybody.
    InProcess,
    /// At every checkpoint, beside what else happens: it is elsewhere, and the operator's own.
    EveryCheckpoint,
    /// Once in each span of that time, about the same checkpoint as all others that are asked so, and again about it if it
    /// fails: it is somebody else's.
    Every(Duration),
}

/// Makes signature lines over checkpoints of one log.
pub trait Cosigner: fmt::Debug + Send {
    /// The name in the log's policy: `<operator>` or `<operator>/<n>`.
    fn name(&self) -> &str;

    /// The key that its lines are checked with.
    fn key(&self) -> &VerifierKey;

    /// When it is asked.
    fn pace(&self) -> Pace;

    /// Asks for the lines over a head; each line that is given verified under [`Self::key`].
    ///
    /// What the cosigner must remember is durable before this returns.
    ///
    /// # Errors
    ///
    /// [`CosignError`]; the others carry on, unless [`CosignError::is_alarm`].
    fn cosign(
        &mut self,
        request: &CosignRequest<'_>,
        now: Timestamp,
    ) -> Result<Vec<SignatureLine>, CosignError>;

    /// The newest head of the log that the cosigner has seen, with its lines as it keeps them: unchecked.
    ///
    /// `None` if it has seen none, or cannot be asked.
    ///
    /// # Errors
    ///
    /// [`CosignError`].
    fn newest(&mut self) -> Result<Option<SignedNote>, CosignError> {
        Ok(None)
    }
}

/// Why there is no line of a cosigner.
#[derive(Debug, thiserror::Error)]
pub enum CosignError {
    /// It decided against it.
    #[error("witness refuses to cosign")]
    Refused(#[from] WitnessError),
    /// It has seen a head that this log signed and knows nothing of: the record of the last signed head, or the whole
    /// machine, was restored from a copy. Nothing may be signed until that is cleared up.
    #[error("witness has seen a head that this log signed and that is missing here")]
    GuardBehind {
        /// The head, with the log's own signature.
        note: Box<SignedNote>,
    },
    /// It could not be asked. Worth a retry.
    #[error("witness cannot be reached")]
    Unreachable(#[from] HttpError),
    /// It answered with another status than a line or a size. Worth a retry if it is 429 or 5xx.
    #[error("witness answered {status}")]
    Answer {
        /// HTTP status.
        status: u16,
    },
    /// It gave no line of the key it is known by, or none that verifies, or one from the future: nothing was kept.
    #[error("witness gave no line that counts")]
    NoLine,
    /// The token of a timestamp authority does not prove what it should: it was not kept.
    #[error("timestamp does not count")]
    Timestamp(#[from] TimestampError),
    /// A line of the file `cosigners` means nothing.
    #[error("line {line} of the file `cosigners` means nothing")]
    Configuration {
        /// Counted from 1.
        line: usize,
    },
    /// The certificates of timestamp authorities cannot be read.
    #[error(transparent)]
    Anchors(#[from] AnchorsError),
    /// The key is not one of that kind of cosigner.
    #[error("key of cosigner {name:?} is of another kind")]
    WrongKey {
        /// Name in the log's policy.
        name: String,
    },
    /// The proof that it needs cannot be made.
    #[error("there is no consistency proof from {size} leaves")]
    NoProof {
        /// The size it has seen.
        size: u64,
    },
    /// What it saw last is gone: it would no longer notice a second history.
    #[error("{path} is missing: nothing shows what was cosigned last")]
    GuardMissing {
        /// The record.
        path: std::path::PathBuf,
    },
    /// The record of what it saw last is not one of this log.
    #[error("{path} is malformed")]
    GuardMalformed {
        /// The record.
        path: std::path::PathBuf,
    },
    /// Its key is missing or malformed.
    #[error(transparent)]
    Key(#[from] NoteKeyError),
    /// Its key did not sign.
    #[error("key of the witness did not sign")]
    Sign(#[from] SignError),
    /// Its record could not be read or written. Worth a retry when the disk works again.
    #[error(transparent)]
    File(#[from] FileError),
}

impl CosignError {
    /// Whether the log must stop signing until somebody has looked: a head that it signed is missing from what it
    /// remembers, or there are two histories of it.
    #[must_use]
    pub const fn is_alarm(&self) -> bool {
        match self {
            Self::Refused(error) => matches!(error, WitnessError::SplitView(_)),
            Self::GuardBehind { .. } => true,
            Self::Unreachable(_)
            | Self::Answer { .. }
            | Self::NoLine
            | Self::Timestamp(_)
            | Self::Configuration { .. }
            | Self::Anchors(_)
            | Self::WrongKey { .. }
            | Self::NoProof { .. }
            | Self::GuardMissing { .. }
            | Self::GuardMalformed { .. }
            | Self::Key(_)
            | Self::Sign(_)
            | Self::File(_) => false,
        }
    }

    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.code(),
            Self::GuardBehind { .. } => "guard-behind",
            Self::Unreachable(error) => error.code(),
            Self::Answer { .. } => "witness-refused",
            Self::NoLine => "cosignature-dropped",
            Self::Timestamp(error) => error.code(),
            Self::Configuration { .. } => "cosigners-malformed",
            Self::Anchors(error) => error.code(),
            Self::WrongKey { .. } => "cosigner-key-invalid",
            Self::NoProof { .. } => "consistency-unavailable",
            Self::GuardMissing { .. } => "guard-missing",
            Self::GuardMalformed { .. } => "ledger-file-malformed",
            Self::Key(error) => error.code(),
            Self::Sign(error) => error.code(),
            Self::File(error) => error.code(),
        }
    }
}

impl fmt::Debug for CosignRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CosignRequest").field("note", &self.note).finish_non_exhaustive()
    }
}

/// Whether `note` is signed by a key of this log over a head that cannot be one of the tree whose newest signed head is
/// `guard`: larger, or of the same size with another root (R8 of §3.4).
#[must_use]
pub fn is_ahead(note: &SignedNote, logs: &[VerifierKey], guard: &TreeHead) -> bool {
    signed_head(note, logs).is_some_and(|head| {
        head.tree_size > guard.tree_size
            || (head.tree_size == guard.tree_size && head.root_hash != guard.root_hash)
    })
}

/// The head under a note, if a key of the log signed it.
pub(crate) fn signed_head(note: &SignedNote, logs: &[VerifierKey]) -> Option<TreeHead> {
    let checkpoint = Checkpoint::parse_text(note.text()).ok()?;
    let signed = logs.iter().any(|log| admit(None, note, log, &[]).is_ok());
    signed.then(|| checkpoint.head())
}

/// A note with the lines of these keys only: a cosigner needs no others.
pub(crate) fn with_lines_of(note: &SignedNote, keys: &[VerifierKey]) -> SignedNote {
    let mut bare = SignedNote::new(note.text().to_owned());
    for line in note.signatures() {
        if keys.iter().any(|key| key.matches(line)) {
            bare.put(line.clone());
        }
    }
    bare
}
