//! A node, the policy that its log is held to, and the checkpoints that it is asked for.

use std::cell::OnceCell;

use inkan_core::{Digest, Timestamp};
use inkan_ledger::epoch::Epoch;
use inkan_ledger::parameters::PARAMS_LIMIT;
use inkan_ledger::{
    EntryId, Kind, LogPolicy, Receipt, ReceiptError, SignedEntry, SignedNote, VerifiedCheckpoint,
    verify_checkpoint,
};

use crate::node_client::{NodeClient, NodeError, query_value};

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) client: NodeClient,
    pub(super) policy: LogPolicy,
    pub(super) origin: String,
    pub(super) now: Timestamp,
    /// Whether no node answers there, but a web server with the ledger's files; known once something was asked for in vain.
    pub(super) only_files: OnceCell<bool>,
}

impl Shared {
    /// An answer of a node; [`NodeError::OnlyFiles`] if there is none, since only files are served. Asked for once.
    pub(super) fn or_files<T>(
        &self,
        answer: Result<Option<T>, NodeError>,
    ) -> Result<Option<T>, NodeError> {
        let absent = match &answer {
            Ok(found) => found.is_none(),
            Err(error) => error.is_absence(),
        };
        if absent && self.only_files.get().is_none() {
            let files = match self.client.json("/v1/log", "application/json") {
                Ok(found) => found.is_none(),
                Err(error) if error.is_absence() => true,
                Err(error) => return Err(error),
            };
            let _ = self.only_files.set(files);
        }
        if absent {
            self.refuse_files()?;
        }
        answer
    }

    /// What a node would have to answer is not even asked for where only files are served.
    pub(super) fn refuse_files(&self) -> Result<(), NodeError> {
        if self.only_files.get() == Some(&true) {
            return Err(self.only_files("this is not among them"));
        }
        Ok(())
    }

    pub(super) fn only_files(&self, what: &'static str) -> NodeError {
        NodeError::OnlyFiles { url: self.client.url().to_string(), what }
    }

    /// A parameters document, by its SHA-256, which is compared.
    pub(super) fn parameters(&self, digest: &Digest) -> Result<Option<Vec<u8>>, NodeError> {
        let (name, mut found) = (digest.to_hex(), None);
        // As a node answers, and as it lies in the ledger's folder.
        for path in [format!("/v1/params/{name}"), format!("/params/{name}")] {
            found = self.client.file(&path, PARAMS_LIMIT)?;
            match &found {
                Some(bytes) if inkan_core::sha256(&[bytes]) != *digest => {
                    return Err(self.client.odd(&path, "another document"));
                }
                Some(_) => break,
                None => {}
            }
        }
        Ok(found)
    }

    pub(super) fn checked(&self, note: &SignedNote) -> Result<VerifiedCheckpoint, NodeError> {
        let verified = verify_checkpoint(note, &self.policy, self.now)
            .map_err(|source| self.unproved(source))?;
        if verified.origin() == self.origin {
            Ok(verified)
        } else {
            let origin = verified.origin().to_owned();
            Err(self.unproved(ReceiptError::UnknownLog { origin, pinned: false }))
        }
    }

    /// The same of what was answered for `path`.
    pub(super) fn checked_text(
        &self,
        path: &str,
        text: &str,
    ) -> Result<VerifiedCheckpoint, NodeError> {
        let note =
            SignedNote::parse(text).map_err(|_| self.client.odd(path, "not a signed note"))?;
        self.checked(&note)
    }

    pub(super) fn unproved(&self, source: ReceiptError) -> NodeError {
        NodeError::Proof { url: self.client.url().to_string(), source }
    }

    /// Our policy as a parameter: the node knows best which of its checkpoints have the lines that we ask for.
    pub(super) fn demand(&self) -> String {
        format!("policy={}", query_value(&self.policy.to_string()))
    }

    /// The newest checkpoint that our policy takes.
    pub(super) fn newest_taken(&self) -> Result<VerifiedCheckpoint, NodeError> {
        let path = format!("/v1/checkpoints?{}", self.demand());
        let text = match self.or_files(self.client.text(&path)) {
            Err(NodeError::OnlyFiles { .. }) => None,
            found => found?,
        };
        let text = text.ok_or_else(|| self.unproved(ReceiptError::QuorumNotMet))?;
        self.checked_text(&path, &text)
    }

    /// The newest checkpoint that the quorum had seen at `time`, as the node finds it; that it had seen it is checked.
    pub(super) fn checkpoint_at(
        &self,
        time: Timestamp,
    ) -> Result<Option<VerifiedCheckpoint>, NodeError> {
        let path = format!("/v1/checkpoints?at={}&{}", time.seconds(), self.demand());
        let Some(text) = self.or_files(self.client.text(&path))? else { return Ok(None) };
        let verified = self.checked_text(&path, &text)?;
        let seen = verified.existed_by();
        if seen.is_some_and(|seen| seen > time)
            || (seen.is_none() && self.policy.needs_cosignatures())
        {
            return Err(self.client.odd(&path, "the checkpoint is later than the time asked for"));
        }
        Ok(Some(verified))
    }
}

/// The policy that a node publishes, for a person to look at before it is pinned.
///
/// # Errors
///
/// [`NodeError`].
pub fn published_policy(client: &NodeClient) -> Result<String, NodeError> {
    let path = "/v1/policy";
    client.text(path)?.ok_or_else(|| client.odd(path, "the node publishes no policy"))
}

/// Where a version of a status list is put and got.
pub(crate) fn list_path(issuer: &str, uri: &str, sequence: u64) -> String {
    let (issuer, uri) = (query_value(issuer), query_value(uri));
    format!("/v1/status/list?iss={issuer}&uri={uri}&seq={sequence}")
}

/// Under which id the entry of a receipt stands.
pub(super) fn entry_id(receipt: &Receipt) -> Option<EntryId> {
    let leaf = inkan_ledger::Leaf::parse(receipt.leaf_bytes()).ok()?;
    if leaf.kind() == Kind::Did {
        let entry = inkan_ledger::state::parse_did_body(leaf.body()).ok()?;
        return Some(EntryId::did(entry.scid(), entry.version_id()));
    }
    SignedEntry::parse(leaf.kind(), leaf.body()).ok().map(|entry| entry.entry_id())
}

/// The digest of the parameters that an epoch leaf names; `None` of any other leaf.
pub(super) fn params_of(entry: &[u8]) -> Option<Digest> {
    let (kind, _, body) = inkan_ledger::leaf::split(entry).ok()?;
    (kind == Kind::Epoch).then(|| Epoch::parse(body).ok()).flatten().map(|epoch| epoch.params)
}
