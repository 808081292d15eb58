//! What a verification is given beside the artefact: documents, pinned trust, times.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_credential::Contexts;
use inkan_credential::bundle::ServedStatusList;
use inkan_ledger::{CurrentProof, Grade, LogPolicy, Receipt, TimestampChecker};

use crate::certificates::CertificateChecker;
use crate::declared::Declared;
use crate::known::KnownState;

/// Everything found for a plan, from bundle, ledger folder, cache and network alike. None of it is trusted: each
/// piece proves itself or is not used.
#[derive(Clone, Debug, Default)]
pub struct Material {
    /// Receipts, for whatever artefact they belong to.
    pub receipts: Vec<Receipt>,
    /// Codes of receipts and current-proofs that could not even be read.
    pub malformed: Vec<&'static str>,
    /// Proofs of the newest state of DIDs, acts and status lists.
    pub current: Vec<CurrentProof>,
    /// did:webvh logs as text, by DID; a DID may have several copies of different age.
    pub did_logs: Vec<(String, String)>,
    /// Status lists as served, several copies of different age allowed.
    pub status_lists: Vec<ServedStatusList>,
    /// JSON Schemas by id, or credentials about them: pinned, built in, or brought along.
    pub schemas: BTreeMap<String, serde_json::Value>,
    /// Ids of those in `schemas` that came with the artefact: whoever presents it chose them.
    pub brought: BTreeSet<String>,
    /// Resources by URL, byte for byte as they are served: what a credential fixes by a digest, its schemas among them.
    pub resources: BTreeMap<String, Vec<u8>>,
    /// JSON-LD contexts: the built-in ones and those that the verifier pinned by their hash; none: the built-in ones.
    pub contexts: Option<Arc<Contexts>>,
}

/// Whether a presentation is judged for the first time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Live {
    /// The nonce was unused until now, and this verifier consumed it.
    Yes,
    /// The caller keeps the nonce; single use is the caller's to ensure.
    CallerKeepsNonce,
    /// Judged again (`--replay`).
    No,
}

/// What a presentation must answer.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The nonce that was asked for.
    pub nonce: String,
    /// The audience that was named.
    pub audience: String,
    /// When this verifier made the nonce, by its own clock.
    pub nonce_issued_at: Option<Timestamp>,
    /// Whether it is judged for the first time.
    pub live: Live,
}

/// What the verifier brings: pinned logs, what it rests on, and the times.
#[derive(Clone, Debug)]
pub struct Context {
    /// Logs the verifier pinned.
    pub logs: Vec<LogPolicy>,
    /// Least grade a receipt must have to be relied on.
    pub grade: Grade,
    /// What checks the tokens of timestamp authorities; without it they count for nothing, and the report says so.
    pub timestamps: Option<Arc<dyn TimestampChecker>>,
    /// What judges the certificates of issuers; without it, none are known.
    pub certificates: Option<Arc<dyn CertificateChecker>>,
    /// Whether receipts for the issuer's DID and the issuance must be there.
    pub receipts: Receipts,
    /// What a presentation must answer; `None` if the verifier knows no nonce for it.
    pub expectation: Option<Expectation>,
    /// Greatest age in seconds of what is known of the newest state of DIDs and status lists; `None` asks for none.
    pub max_age: Option<i64>,
    /// What registries that this verifier trusts say of DIDs that belong together.
    pub declared: Arc<Declared>,
    /// Newest states of ids that this verifier saw before, each proved then under a pinned log.
    pub known: Vec<KnownState>,
    /// The time that everything but freshness is judged at.
    pub as_of: Timestamp,
    /// When the artefact reached the verifier.
    pub received_at: Timestamp,
}

/// Whether ledger receipts are demanded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Receipts {
    /// The issuer's DID and the issuance must be recorded.
    Required,
    /// A receipt is used where there is one.
    Used,
}
