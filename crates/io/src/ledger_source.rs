//! A ledger to read, wherever it is: a folder on this machine, or a node behind a URL.
//!
//! In scope: one set of questions for both. A folder is our own disk; what a node says is believed only as far as it
//! proves it under a pinned policy (`node`). Out of scope: writing ([`crate::ledger_sink`]), judging receipts as evidence
//! (`inkan-verifier`), which comes after this in any case.

mod node;
mod trust;
mod view;

use std::fmt;
use std::path::{Path, PathBuf};

use inkan_core::{Digest, Timestamp};
use inkan_crypto::PublicKey;
use inkan_ledger::LogPolicy;
use inkan_ledger::evidence::{Evidence, forks_from_value, forks_to_value};

pub use node::{NodeReader, NodeView, published_policy};
pub(crate) use node::{SIDECAR, list_path};
pub use trust::TrustQuestion;
pub use view::SourceView;

use crate::http::PlainHttp;
use crate::ledger_folder::{LedgerFolderError, LedgerReader};
use crate::node_client::{NodeError, NodeToken, NodeUrl, TokenError};

/// Where a ledger is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LedgerPlace {
    /// A folder on this machine.
    Folder(PathBuf),
    /// A node.
    Node(NodeUrl),
}

impl LedgerPlace {
    /// Reads what `--ledger` takes: what has `://` is a URL, everything else a path.
    ///
    /// # Errors
    ///
    /// [`NodeError::Url`], [`NodeError::Insecure`].
    pub fn parse(text: &str, plain: PlainHttp) -> Result<Self, NodeError> {
        if text.contains("://") {
            NodeUrl::parse(text, plain).map(Self::Node)
        } else {
            Ok(Self::Folder(PathBuf::from(text)))
        }
    }

    /// The folder, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) => Some(path),
            Self::Node(_) => None,
        }
    }

    /// The same; a node is sent this token. A folder needs none.
    ///
    /// # Errors
    ///
    /// [`TokenError::Plain`].
    pub fn with_token(self, token: NodeToken) -> Result<Self, TokenError> {
        match self {
            Self::Folder(path) => Ok(Self::Folder(path)),
            Self::Node(url) => Ok(Self::Node(url.with_token(token)?)),
        }
    }

    /// Whether there is anything to ask: a folder must exist, a node is asked.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.folder().is_none_or(Path::is_dir)
    }
}

impl fmt::Display for LedgerPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Node(url) => url.fmt(f),
        }
    }
}

/// Why a ledger did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The ledger in a folder.
    #[error(transparent)]
    Folder(#[from] LedgerFolderError),
    /// The ledger behind a URL.
    #[error(transparent)]
    Node(#[from] NodeError),
}

impl LedgerError {
    /// Whether the ledger's rules refuse the entry, now and for ever.
    #[must_use]
    pub fn is_rule(&self) -> bool {
        match self {
            Self::Folder(error) => {
                error.is_rule() || matches!(error, LedgerFolderError::StatusListRecorded)
            }
            Self::Node(error) => error.is_rule(),
        }
    }

    /// Whether a node takes no more new DIDs for now. Nothing else is refused for that.
    #[must_use]
    pub const fn is_quota(&self) -> bool {
        matches!(self, Self::Node(NodeError::Refused(refusal)) if refusal.is_quota())
    }

    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Folder(error) => error.code(),
            Self::Node(error) => error.code(),
        }
    }
}

/// A ledger to read.
#[derive(Clone, Debug)]
pub enum LedgerSource {
    /// In a folder.
    Folder(LedgerReader),
    /// Behind a URL.
    Node(NodeReader),
}

/// What is known of a ledger as a whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceStatus {
    /// Name of the log.
    pub origin: String,
    /// Leaves that the newest checkpoint covers.
    pub size: u64,
    /// Root over them, lower-case hexadecimal.
    pub root: String,
    /// Leaves that wait for a checkpoint, where that is known.
    pub waiting: Option<u64>,
    /// Ledger time of the last leaf that is covered.
    pub leaf_time: Option<Timestamp>,
    /// Checkpoints so far, where that is known.
    pub checkpoints: Option<usize>,
}

impl LedgerSource {
    /// Opens a ledger for reading. A node is asked for its newest checkpoint, which must hold under one of `pinned`; of a
    /// folder's checkpoints those are looked at which hold under one of them.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn open(
        place: &LedgerPlace,
        pinned: &[LogPolicy],
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        match place {
            LedgerPlace::Folder(path) => {
                let reader = LedgerReader::open(path)?;
                let policy = pinned.iter().find(|policy| policy.has_log(reader.origin()));
                Ok(Self::Folder(policy.map_or_else(|| reader.clone(), |own| reader.under(own))))
            }
            LedgerPlace::Node(url) => Ok(Self::Node(NodeReader::open(url, pinned, now)?)),
        }
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        match self {
            Self::Folder(reader) => reader.origin(),
            Self::Node(reader) => reader.origin(),
        }
    }

    /// The policy that the ledger itself publishes.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn policy_text(&self) -> Result<String, LedgerError> {
        match self {
            Self::Folder(reader) => Ok(reader.policy_text().to_owned()),
            Self::Node(reader) => Ok(reader.policy_text()?),
        }
    }

    /// What is known of the whole.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn status(&self) -> Result<SourceStatus, LedgerError> {
        match self {
            Self::Folder(reader) => {
                let status = reader.status()?;
                Ok(SourceStatus {
                    origin: status.origin,
                    size: status.size,
                    root: status.root,
                    waiting: Some(status.leaves.saturating_sub(status.size)),
                    leaf_time: status.leaf_time,
                    checkpoints: Some(status.checkpoints),
                })
            }
            Self::Node(reader) => Ok(reader.status()?),
        }
    }

    /// The newest checkpoint that the quorum had seen at `time`; the newest of all for `None`.
    ///
    /// `None` if there was none yet.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn view_at(&self, time: Option<Timestamp>) -> Result<Option<SourceView>, LedgerError> {
        match self {
            Self::Folder(reader) => Ok(reader.view_at(time)?.map(SourceView::Folder)),
            Self::Node(reader) => Ok(reader.view_at(time)?.map(SourceView::Node)),
        }
    }

    /// The checkpoint of a size, if one was published.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn view_of(&self, size: u64) -> Result<Option<SourceView>, LedgerError> {
        match self {
            Self::Folder(reader) => Ok(reader.view_of(size)?.map(SourceView::Folder)),
            Self::Node(reader) => Ok(reader.view_of(size)?.map(SourceView::Node)),
        }
    }

    /// A receipt as a COSE Receipt (RFC 9942), where the ledger has a key for them. A folder has none: its node does.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn cose_receipt(&self, index: u64, size: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        match self {
            Self::Folder(_) => Ok(None),
            Self::Node(reader) => Ok(reader.cose_receipt(index, size)?),
        }
    }

    /// The key that a node's COSE Receipts are signed with, as it says; a folder says none.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn cose_key(&self) -> Result<Option<PublicKey>, LedgerError> {
        match self {
            Self::Folder(_) => Ok(None),
            Self::Node(reader) => Ok(reader.cose_key()?),
        }
    }

    /// A parameters document, by its SHA-256.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn parameters(&self, digest: &Digest) -> Result<Option<Vec<u8>>, LedgerError> {
        match self {
            Self::Folder(reader) => Ok(reader.parameters(digest)?),
            Self::Node(reader) => Ok(reader.parameters(digest)?),
        }
    }

    /// What the ledger was shown of two histories of one DID, a piece of evidence for each fork: nothing is verified yet.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn forks(&self, scid: &str) -> Result<Vec<Evidence>, LedgerError> {
        match self {
            Self::Folder(reader) => {
                let forks = reader.equivocations(scid)?;
                let view = reader.view_at(None)?.filter(|_| !forks.is_empty());
                let leaves =
                    view.map(|view| view.did_leaves(scid)).transpose()?.unwrap_or_default();
                let history: Vec<_> = leaves.iter().map(|leaf| leaf.body().to_vec()).collect();
                let said = forks_to_value(scid, &history, &forks);
                // Our own bodies: what was recorded is UTF-8.
                Ok(forks_from_value(&said).unwrap_or_default())
            }
            Self::Node(reader) => Ok(reader.forks(scid)?),
        }
    }

    /// A version of a status list as it was served, by the DID that announces it, its URI and its number.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn status_list(
        &self,
        issuer: &str,
        uri: &str,
        sequence: u64,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        match self {
            Self::Folder(reader) => Ok(reader.status_list(scid_of(issuer), uri, sequence)?),
            Self::Node(reader) => Ok(reader.status_list(issuer, uri, sequence)?),
        }
    }
}

/// The SCID of a did:webvh DID; other text is taken as a SCID.
pub(crate) fn scid_of(signer: &str) -> &str {
    signer.strip_prefix("did:webvh:").and_then(|rest| rest.split(':').next()).unwrap_or(signer)
}
