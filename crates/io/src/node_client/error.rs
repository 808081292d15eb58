//! Why a node did not do what it was asked.

use inkan_core::json;
use inkan_core::text::is_hidden;
use inkan_ledger::{Evidence, ReceiptError, SignedNote};
use serde_json::Value;

use crate::http::{Answer, HttpError};
use crate::node_client::TEXT_LIMIT;

/// Why nothing came of a request to a node.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Not the URL of a node.
    #[error("{url:?} is not the URL of a ledger node: https, a host, perhaps a path")]
    Url {
        /// The URL.
        url: String,
    },
    /// Plain http to another machine.
    #[error("{url} is plain http to another machine: anybody on the way can read and withhold")]
    Insecure {
        /// The URL.
        url: String,
    },
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A redirect: they are not followed, since a node's URL is pinned.
    #[error("{url}: the node sends us elsewhere, and is not followed")]
    Moved {
        /// The URL.
        url: String,
    },
    /// The node refuses, and says why.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The node does not take a status list whose entry it has: no rule refuses the entry, so this is worth a retry.
    #[error("{0}")]
    ListRefused(Box<Refusal>),
    /// An answer that no sound node gives.
    #[error("{url}: {what}")]
    Answer {
        /// The URL.
        url: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// What the node answered does not prove what it claims.
    #[error("{url}: the node's answer does not prove what it claims")]
    Proof {
        /// The URL.
        url: String,
        /// Which step fails.
        source: ReceiptError,
    },
    /// Two heads of one size, both signed by the log, with different roots.
    #[error("{url}: the log signed two different trees of one size")]
    SplitView {
        /// The node.
        url: String,
        /// Both heads: they are the evidence.
        notes: Box<(SignedNote, SignedNote)>,
    },
    /// Nothing of a ledger is served there.
    #[error("{url}: no ledger answers there: it has no /checkpoint")]
    NoLedger {
        /// The URL.
        url: String,
    },
    /// No node answers there: only the ledger's files are served.
    #[error("{url}: only the files of the ledger are served there, and {what}")]
    OnlyFiles {
        /// The URL.
        url: String,
        /// Why they are not enough.
        what: &'static str,
    },
    /// The entry is durable at the node, but no checkpoint covered it in time. Worth a retry.
    #[error("{url}: entry {leaf_index} is durable, and no cosigned checkpoint covers it yet")]
    NotCovered {
        /// The node.
        url: String,
        /// The entry.
        leaf_index: u64,
    },
    /// The node says that it took an entry, and what it says does not hold: the entry may be on the ledger or not.
    #[error("{url}: the node's acknowledgement of an entry does not hold: {what}")]
    Acknowledgement {
        /// The node.
        url: String,
        /// What does not hold.
        what: &'static str,
        /// What was sent and what was answered (`inkan-acknowledgement/1`).
        kept: Box<Value>,
    },
    /// The log promised an entry and has another one in its place.
    #[error("{url}: the log promised an entry at {leaf_index}, and another one stands there")]
    PromiseBroken {
        /// The node.
        url: String,
        /// The place.
        leaf_index: u64,
        /// Both halves.
        evidence: Box<Evidence>,
    },
}

/// A problem (RFC 9457) that a node answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// One of our codes; `peer-refused` for one that we do not know.
    pub code: &'static str,
    /// What the node says, cut to a line.
    pub detail: String,
    /// HTTP status.
    pub status: u16,
    /// The `seq` that is expected (`sequence-conflict`).
    pub expected_sequence: Option<u64>,
    /// The index of the entry that was first (`already-used`).
    pub first_index: Option<u64>,
    /// The newest version (`version-conflict`).
    pub head_version: Option<String>,
}

/// Codes that a node may answer: those of §2.7 and §6.1 of the ledger specification, and those of status lists.
const CODES: &[&str] = &[
    "algorithm-not-allowed",
    "already-used",
    "backdating-limit",
    "batch-malformed",
    "clock-unsure",
    "did-deactivated",
    "did-history-too-large",
    "document-invalid",
    "entry-hash-mismatch",
    "entry-signature-invalid",
    "entry-too-large",
    "home-log-invalid",
    "iat-out-of-window",
    "import-invalid",
    "key-not-authorized",
    "list-too-small",
    "malformed-entry",
    "member-invalid",
    "move-not-allowed",
    "node-fault",
    "not-found",
    "not-ready",
    "not-yet-covered",
    "operator-token-invalid",
    "overloaded",
    "parameters-invalid",
    "params-invalid",
    "proof-invalid",
    "query-invalid",
    "quota-exceeded",
    "rate-limited",
    "request-timeout",
    "request-too-large",
    "scid-mismatch",
    "sequence-conflict",
    "signer-deactivated",
    "signer-moved",
    "state-id-invalid",
    "status-list-recorded",
    "status-list-unrecorded",
    "status-uri-invalid",
    "storage-full",
    "unknown-member",
    "unknown-signer",
    "unsupported-entry-type",
    "update-key-not-committed",
    "version-conflict",
    "version-time-invalid",
    "weak-key",
    "witness-invalid",
    "witness-threshold",
    "wrong-audience",
];

impl Refusal {
    /// Reads a problem; `None` for an answer that is none.
    pub(super) fn parse(answer: &Answer) -> Option<Self> {
        Self::of(&json::parse(&answer.body, TEXT_LIMIT).ok()?, answer.status)
    }

    /// The same of a problem that stands in an answer.
    pub(crate) fn of(value: &Value, status: u16) -> Option<Self> {
        let members = value.as_object()?;
        let named = json::text(value, "code");
        // The code also stands at the end of the problem's type.
        let of_type = json::text(value, "type").and_then(|uri| uri.rsplit('/').next());
        let said = named.or(of_type)?;
        let known = CODES.iter().find(|code| **code == said);
        let text = json::text(value, "detail").or(json::text(value, "title")).unwrap_or(said);
        let text: String = text.chars().filter(|c| !is_hidden(*c)).take(300).collect();
        let number = |names: &[&str]| {
            names.iter().find_map(|name| members.get(*name)).and_then(Value::as_u64)
        };
        Some(Self {
            code: known.copied().unwrap_or("peer-refused"),
            detail: if known.is_some() { text } else { format!("{said}: {text}") },
            status,
            expected_sequence: number(&["expectedSeq"]),
            first_index: number(&["firstIndex", "index"]),
            head_version: json::text(value, "headVersionId")
                .map(|text| text.chars().filter(|c| c.is_ascii_graphic()).take(128).collect()),
        })
    }

    /// Whether trying again cannot help: the rules refuse the entry.
    #[must_use]
    pub const fn is_rule(&self) -> bool {
        matches!(self.status, 400 | 403 | 409 | 413 | 415 | 422)
    }

    /// Whether it is too many new DIDs for now.
    #[must_use]
    pub const fn is_quota(&self) -> bool {
        matches!(self.code.as_bytes(), b"quota-exceeded")
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the node refuses: {}", self.detail)?;
        if let Some(sequence) = self.expected_sequence.filter(|_| self.code == "sequence-conflict")
        {
            write!(f, " (the next seq is {sequence})")?;
        }
        if let Some(index) = self.first_index.filter(|_| self.code == "already-used") {
            write!(f, " (entry {index} was first)")?;
        }
        if let Some(head) = self.head_version.as_ref().filter(|_| self.code == "version-conflict") {
            write!(f, " (the newest version is {head})")?;
        }
        Ok(())
    }
}

impl NodeError {
    /// Whether the ledger's rules refuse the entry, now and for ever.
    #[must_use]
    pub fn is_rule(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.is_rule())
    }

    /// Whether the node says that there is nothing.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == "not-found")
    }

    /// Whether some web server, no node, has nothing under this path: those before buckets say that it is forbidden.
    pub(crate) const fn is_absence(&self) -> bool {
        matches!(self, Self::Http(HttpError::Status { status: 403 | 404 | 405 | 410, .. }))
    }

    /// The same error, when it is about a status list: no rule has refused an entry then.
    pub(crate) fn about_a_list(self) -> Self {
        if let Self::Refused(refusal) = self { Self::ListRefused(refusal) } else { self }
    }

    /// What shows that a node lied, to be kept.
    #[must_use]
    pub fn evidence(&self) -> Option<Value> {
        match self {
            Self::Acknowledgement { kept, .. } => Some((**kept).clone()),
            Self::PromiseBroken { evidence, .. } => Some(evidence.to_value()),
            Self::Url { .. }
            | Self::Insecure { .. }
            | Self::Http(_)
            | Self::Moved { .. }
            | Self::Refused(_)
            | Self::ListRefused(_)
            | Self::Answer { .. }
            | Self::Proof { .. }
            | Self::SplitView { .. }
            | Self::NoLedger { .. }
            | Self::OnlyFiles { .. }
            | Self::NotCovered { .. } => None,
        }
    }

    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "ledger-url-invalid",
            Self::Insecure { .. } => "ledger-url-insecure",
            Self::Http(error) => error.code(),
            Self::Moved { .. } => "node-moved",
            Self::Refused(refusal) | Self::ListRefused(refusal) => refusal.code,
            Self::Answer { .. } => "node-answer-invalid",
            Self::Proof { source, .. } => source.code(),
            Self::SplitView { .. } => "split-view",
            Self::NoLedger { .. } => "no-ledger-there",
            Self::OnlyFiles { .. } => "ledger-files-only",
            Self::NotCovered { .. } => "not-yet-covered",
            Self::Acknowledgement { .. } => "acknowledgement-invalid",
            Self::PromiseBroken { .. } => "promise-broken",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn codes_of_nodes_are_sorted_and_in_the_catalogue() {
        let text = include_str!("../../../../schemas/codes.json");
        assert!(CODES.is_sorted());
        for code in CODES {
            assert!(text.contains(&format!("\"code\": \"{code}\"")), "{code}");
        }
    }
}
