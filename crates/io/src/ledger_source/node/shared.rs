//! A node, the policy that its log is held to, and the checkpoints that it is asked for.

use inkan_core::Timestamp;
use inkan_ledger::{LogPolicy, ReceiptError, SignedNote, VerifiedCheckpoint, verify_checkpoint};

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
        let note =
            SignedNote::parse(&text).map_err(|_| self.client.odd(&path, "not a signed note"))?;
        self.checked(&note)
    }

    /// The newest checkpoint that the quorum had seen at `time`, as the node finds it; that it had seen it is checked.
    pub(super) fn checkpoint_at(
        &self,
        time: Timestamp,
    ) -> Result<Option<VerifiedCheckpoint>, NodeError> {
        let path = format!("/v1/checkpoints?at={}&{}", time.seconds(), self.demand());
        let Some(text) = self.client.text(&path)? else { return Ok(None) };
        let note =
            SignedNote::parse(&text).map_err(|_| self.client.odd(&path, "not a signed note"))?;
        let verified = self.checked(&note)?;
        let seen = verified.existed_by();
        if seen.is_some_and(|seen| seen > time)
            || (seen.is_none() && self.policy.needs_cosignatures())
        {
            return Err(self.client.odd(&path, "the checkpoint is later than the time asked for"));
        }
        Ok(Some(verified))
    }
}
