//! Why the ledger in a folder does not do what it was asked.

use std::path::PathBuf;

use inkan_crypto::SignError;
use inkan_ledger::store::StoreError;
use inkan_ledger::{LogError, Refusal, Rejection};

use super::database::StoreFailed;
use crate::cosigner::CosignError;
use crate::files::FileError;
use crate::map_store::MapStoreError;
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
    /// The disk is full but for what is kept for entries that were accepted already. Worth a retry when there is room again.
    #[error(
        "less than {} MiB are free at {}: they are kept for what was accepted already",
        .bytes >> 20, .path.display()
    )]
    Reserve {
        /// The folder.
        path: PathBuf,
        /// Bytes that stay free.
        bytes: u64,
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
    /// The record of the last signed head is there and is not older than what was published: nothing may take its place.
    #[error("{path} is in order and remembers {size} entries")]
    GuardInOrder {
        /// The record.
        path: PathBuf,
        /// Leaves under the last signed head.
        size: u64,
    },
    /// What a witness in this process remembers is older than what it cosigned: it was restored from a copy.
    #[error("{path} is older than what the witness cosigned")]
    WitnessBehind {
        /// The record.
        path: PathBuf,
    },
    /// Nothing in the folder shows what was signed last, and these cosigners, which could, do not answer. Worth a retry.
    #[error("no answer from {}: nothing else shows what was signed last", .names.join(", "))]
    CosignersSilent {
        /// Their names.
        names: Vec<String>,
    },
    /// The database that the leaves amount to is gone. Opened for writing, the ledger makes it again.
    #[error("{path} is missing")]
    StateMissing {
        /// The database.
        path: PathBuf,
    },
    /// A tile or entry bundle is missing, or is not what was signed.
    #[error("{path}: not what was signed")]
    TileDamaged {
        /// The file, or the folder of them.
        path: PathBuf,
    },
    /// A full tile is there already, with other bytes.
    #[error("{path}: is there already, with other bytes")]
    TileConflict {
        /// The file.
        path: PathBuf,
    },
    /// The folder has the layout of an older version, which was never released.
    #[error("{path} has the layout of an older version")]
    OlderLayout {
        /// The folder.
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
    /// A witness does not cosign, and without it there are too few.
    #[error("witness {name:?} does not cosign")]
    Witness {
        /// Its operator's name.
        name: String,
        /// Why.
        source: CosignError,
    },
    /// The record of a witness in this process is missing or malformed, or a witness has seen more than was signed here.
    #[error(transparent)]
    Cosigner(#[from] CosignError),
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
    /// A database of the ledger does not answer.
    #[error("database of the ledger failed")]
    Database(#[from] StoreFailed),
    /// What is stored could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The map could not be kept up.
    #[error("map of the ledger failed")]
    Map(#[from] MapStoreError),
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

    /// Whether everything is as it was before, and there was only no room on the disk: worth a retry.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        if let Self::Database(error) = self {
            return error.is_full();
        }
        matches!(self, Self::Reserve { .. } | Self::File(FileError::Full { .. }))
    }

    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "ledger-locked",
            Self::Reserve { .. } => "storage-full",
            Self::NotFound { .. } => "ledger-not-found",
            Self::Exists { .. } => "ledger-exists",
            Self::Origin { .. } => "ledger-name-invalid",
            Self::JournalDamaged { .. } | Self::LeavesDamaged(_) => "journal-damaged",
            Self::GuardMissing { .. } => "guard-missing",
            Self::GuardBehind { .. } => "guard-behind",
            Self::GuardInOrder { .. } => "guard-in-order",
            Self::WitnessBehind { .. } => "witness-memory-behind",
            Self::CosignersSilent { .. } => "cosigners-silent",
            Self::StateMissing { .. } => "ledger-state-missing",
            Self::TileDamaged { .. } => "tile-damaged",
            Self::TileConflict { .. } => "tile-conflict",
            Self::OlderLayout { .. } => "ledger-layout-unknown",
            Self::Malformed { .. } => "ledger-file-malformed",
            Self::Rejected(error) => error.code(),
            Self::Witness { source, .. } | Self::Cosigner(source) => source.code(),
            Self::Key(error) => error.code(),
            Self::Sign(error) => error.code(),
            Self::Unconfirmed => "storage-unconfirmed",
            Self::NoSuchPlace => "not-found",
            Self::NotYetCovered { .. } => "not-yet-covered",
            Self::Url { .. } => "status-uri-invalid",
            Self::StatusListRecorded => "status-list-recorded",
            Self::Database(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Map(error) => error.code(),
            Self::File(error) => error.code(),
        }
    }
}

impl From<Refusal> for LedgerFolderError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Store(error) => Self::Store(error),
            Refusal::Rejected(_) | Refusal::Equivocation(_) => {
                Self::Rejected(refusal.into_rejection())
            }
        }
    }
}
