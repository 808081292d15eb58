//! Why the ledger in a folder does not do what it was asked.

use std::path::PathBuf;

use inkan_crypto::SignError;
use inkan_ledger::witness::WitnessError;
use inkan_ledger::{LogError, Rejection};

use crate::files::FileError;
use crate::note_key::NoteKeyError;

/// Why nothing was recorded, proved or opened.
#[derive(Debug, thiserror::Error)]
pub enum LedgerFolderError {
    /// Another process writes to the ledger. Worth a retry when it has ended.
    #[error("{path} is in use by process {pid}")]
    Locked {
        /// The folder.
        path: PathBuf,
        /// The other process, or `unknown`.
        pid: String,
    },
    /// There is no ledger in the folder.
    #[error("{path} holds no ledger")]
    NotFound {
        /// The folder.
        path: PathBuf,
    },
    /// There is a ledger in the folder already.
    #[error("{path} holds a ledger already")]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The name is none that a log can have.
    #[error("{origin:?} cannot be the name of a log")]
    Origin {
        /// The name.
        origin: String,
    },
    /// Acknowledged leaves are missing or altered.
    #[error("journal is damaged at {path}, byte {offset}")]
    JournalDamaged {
        /// The segment.
        path: PathBuf,
        /// Where the first bad batch begins.
        offset: u64,
    },
    /// The leaves on disk are not the log that was signed.
    #[error("leaves on disk are not those that were signed")]
    LeavesDamaged(#[source] Option<LogError>),
    /// The record of the last signed head is gone.
    #[error("{path} is missing: nothing shows what was signed last")]
    GuardMissing {
        /// The record.
        path: PathBuf,
    },
    /// The record of the last signed head is older than what was published: it was restored from a copy.
    #[error("{path} is older than what was published")]
    GuardBehind {
        /// The record.
        path: PathBuf,
    },
    /// A file of the ledger is not what it should be.
    #[error("{path} is malformed")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The entry is refused.
    #[error("entry is refused")]
    Rejected(#[from] Rejection),
    /// A witness refuses to cosign.
    #[error("witness {name:?} refuses to cosign")]
    Witness {
        /// Its operator's name.
        name: String,
        /// Why.
        source: WitnessError,
    },
    /// A key of the ledger is missing or malformed.
    #[error(transparent)]
    Key(#[from] NoteKeyError),
    /// A key did not sign.
    #[error("key of the ledger did not sign")]
    Sign(#[from] SignError),
    /// A write was not confirmed by the disk: what is durable is only known after the ledger is opened again.
    #[error("disk did not confirm a write; open the ledger again")]
    Unconfirmed,
    /// There is no such leaf, entry or checkpoint.
    #[error("there is nothing at that place")]
    NoSuchPlace,
    /// The leaf is durable, but no checkpoint covers it yet. Worth a retry.
    #[error("leaf {leaf_index} is not covered by a checkpoint yet")]
    NotYetCovered {
        /// The leaf.
        leaf_index: u64,
    },
    /// The URL is none under which files are published.
    #[error("{url:?} is no https URL of a plain file")]
    Url {
        /// The URL.
        url: String,
    },
    /// The bytes are not those that the ledger records for this status list.
    #[error("status list is recorded with another digest")]
    StatusListRecorded,
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl LedgerFolderError {
    /// Whether the ledger's rules refuse the entry, now and for ever.
    #[must_use]
    pub const fn is_rule(&self) -> bool {
        matches!(self, Self::Rejected(rejection) if !matches!(rejection, Rejection::ClockUnsure { .. }))
    }

    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "ledger-locked",
            Self::NotFound { .. } => "ledger-not-found",
            Self::Exists { .. } => "ledger-exists",
            Self::Origin { .. } => "ledger-name-invalid",
            Self::JournalDamaged { .. } | Self::LeavesDamaged(_) => "journal-damaged",
            Self::GuardMissing { .. } => "guard-missing",
            Self::GuardBehind { .. } => "guard-behind",
            Self::Malformed { .. } => "ledger-file-malformed",
            Self::Rejected(error) => error.code(),
            Self::Witness { source, .. } => source.code(),
            Self::Key(error) => error.code(),
            Self::Sign(error) => error.code(),
            Self::Unconfirmed => "storage-unconfirmed",
            Self::NoSuchPlace => "not-found",
            Self::NotYetCovered { .. } => "not-yet-covered",
            Self::Url { .. } => "status-uri-invalid",
            Self::StatusListRecorded => "status-list-recorded",
            Self::File(error) => error.code(),
        }
    }
}
