//! Why a mirror does not cosign.

use std::path::PathBuf;

use inkan_ledger::LogError;
use inkan_ledger::parameters::ParametersError;
use inkan_ledger::store::StoreError;
use inkan_ledger::tree::tiles::TileError;

use crate::cosigner::CosignError;
use crate::files::FileError;
use crate::http::HttpError;
use crate::ledger_folder::LedgerFolderError;
use crate::map_store::MapStoreError;
use crate::note_key::NoteKeyError;

/// Why a mirror does not cosign.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The checkpoint is not one that a key of the log signed.
    #[error("not a checkpoint that the log has signed")]
    NotTheLog,
    /// The checkpoint is older than what was cosigned. Worth a retry: copies lag behind.
    #[error("checkpoint has {size} leaves, and {seen} were seen before")]
    Older {
        /// Leaves cosigned.
        seen: u64,
        /// Leaves now.
        size: u64,
    },
    /// More leaves were judged already than the checkpoint has, on the way to a newer one. Worth a retry with a newer one.
    #[error("{judged} leaves are judged, and the checkpoint has {size}")]
    JudgedFurther {
        /// Leaves judged.
        judged: u64,
        /// Leaves of the checkpoint.
        size: u64,
    },
    /// A leaf breaks a rule, or is not what the leaves before it make it.
    #[error("the log breaks its rules")]
    Rule(#[source] LogError),
    /// The first parameters document is none.
    #[error("first parameters of the log are malformed")]
    Parameters(#[source] ParametersError),
    /// The leaves are not those under the signed root.
    #[error("leaves are not those of the signed head of {size} leaves")]
    RootMismatch {
        /// Leaves under the head.
        size: u64,
    },
    /// The last leaf is not an epoch leaf, so nothing states what the map is.
    #[error("checkpoint does not end in an epoch leaf")]
    NotSealed,
    /// The record of what was cosigned forbids it.
    #[error("mirror does not cosign")]
    Cosign(#[source] CosignError),
    /// The mirror's own copy is not what it cosigned.
    #[error("{path} does not hold what was cosigned")]
    Damaged {
        /// The folder.
        path: PathBuf,
    },
    /// The log does not give a file that it must have. Worth a retry.
    #[error("{path} is missing")]
    Missing {
        /// Where.
        path: String,
    },
    /// A file of the log is not what its path says.
    #[error("{path} is malformed")]
    Malformed {
        /// Where.
        path: String,
    },
    /// The log answered with an error. Worth a retry.
    #[error("{url}: answered {status}")]
    Answer {
        /// What was asked for.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The log cannot be reached. Worth a retry.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The mirror's key is missing or malformed.
    #[error(transparent)]
    Key(#[from] NoteKeyError),
    /// The mirror's own files cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The mirror's own map cannot be read or written.
    #[error(transparent)]
    Map(#[from] MapStoreError),
    /// The ledger folder that is to be restored.
    #[error(transparent)]
    Folder(#[from] LedgerFolderError),
    /// A bundle cannot be written as it was read.
    #[error(transparent)]
    Bundle(#[from] TileError),
    /// The mirror's own tree cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MirrorError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotTheLog => "witness-unknown-log",
            Self::Older { .. } | Self::JudgedFurther { .. } => "mirror-ahead",
            Self::Rule(error) => error.code(),
            Self::Parameters(error) => error.code(),
            Self::RootMismatch { .. } => "mirror-root-mismatch",
            Self::NotSealed => "not-last-leaf",
            Self::Cosign(error) => error.code(),
            Self::Damaged { .. } => "mirror-damaged",
            Self::Missing { .. } => "log-file-missing",
            Self::Malformed { .. } | Self::Bundle(_) => "tile-malformed",
            Self::Answer { .. } => "peer-refused",
            Self::Http(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::File(FileError::Locked { .. }) => "ledger-locked",
            Self::File(error) => error.code(),
            Self::Folder(error) => error.code(),
            Self::Map(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    /// The leaf that broke a rule, if one did.
    #[must_use]
    pub const fn leaf(&self) -> Option<u64> {
        if let Self::Rule(
            LogError::LeafRefused { leaf_index, .. }
            | LogError::LeafOutOfOrder { leaf_index }
            | LogError::EpochMismatch { leaf_index }
            | LogError::DocumentMissing { leaf_index, .. },
        ) = self
        {
            return Some(*leaf_index);
        }
        None
    }

    /// Whether the source did not give what was asked for: what was judged before stays as good as it was.
    pub(super) const fn is_of_the_source(&self) -> bool {
        matches!(
            self,
            Self::Http(_) | Self::Answer { .. } | Self::Missing { .. } | Self::Malformed { .. }
        )
    }

    /// Whether the log itself is at fault: a retry cannot help, and somebody should look.
    #[must_use]
    pub const fn is_fault_of_the_log(&self) -> bool {
        if let Self::Cosign(error) = self {
            return error.is_alarm();
        }
        if let Self::Rule(error) = self {
            return !matches!(error, LogError::Store(_));
        }
        matches!(self, Self::Parameters(_) | Self::RootMismatch { .. } | Self::NotSealed)
    }
}

impl From<LogError> for MirrorError {
    fn from(error: LogError) -> Self {
        Self::Rule(error)
    }
}
