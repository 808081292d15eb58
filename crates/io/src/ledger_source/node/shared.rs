//! A node, the policy that its log is held to, and the checkpoints that it is asked for.

use inkan_core::Timestamp;
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
}

impl Shared {
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
        let text = self.client.text(&path)?;
        let text = text.ok_or_else(|| self.unproved(ReceiptError::QuorumNotMet))?;
        self.checked_text(&path, &text)
    }

    /// The newest checkpoint that the quorum had seen at `time`, as the node finds it; that it had seen it is checked.
    pub(super) fn checkpoint_at(
        &self,
        time: Timestamp,
    ) -> Result<Option<VerifiedCheckpoint>, NodeError> {
        let path = format!("/v1/checkpoints?at={}&{}", time.seconds(), self.demand());
        let Some(text) = self.client.text(&path)? else { return Ok(None) };
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
