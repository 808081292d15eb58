//! Whether what a node acknowledged stands where it said: by receipts that hold under a pinned policy.
//!
//! In scope: every entry of a command, and evidence where another one stands in its place. Out of scope: waiting ([`NodeWriter`]).

use inkan_core::Timestamp;
use inkan_ledger::{Evidence, LogPolicy, PromiseState, Receipt, verify_receipt};
use serde_json::{Value, json};

use super::acknowledged::Expected;
use super::{COVER_WAIT, NodeWriter};
use crate::ledger_source::NodeReader;
use crate::node_client::NodeError;

/// So many entries are asked for one by one; of more, whole bundles are read.
const FEW: usize = 8;

impl NodeWriter {
    /// Judged by the clock of this moment, not by that of the command's beginning: the stamps are newer.
    fn later(&self) -> Timestamp {
        self.now.plus_seconds(i64::try_from(COVER_WAIT / 1_000).unwrap_or(0))
    }

    /// Whether this is a receipt of that place which holds under a pinned policy, and shows what was acknowledged.
    ///
    /// # Errors
    ///
    /// [`NodeError::PromiseBroken`], [`NodeError::Acknowledgement`] if it shows another entry there.
    pub(super) fn covers(&self, value: &Value, leaf_index: u64) -> Result<bool, NodeError> {
        let Ok(receipt) = Receipt::from_value(value) else { return Ok(false) };
        let expected = self.expected.get(&leaf_index);
        if let Some(broken) = expected.and_then(|one| self.broken(leaf_index, one, &receipt)) {
            return Err(broken);
        }
        let holds = self.pinned.iter().any(|policy| {
            verify_receipt(&receipt, policy, self.later())
                .is_ok_and(|leaf| leaf.leaf_index() == leaf_index)
        });
        match expected {
            Some(expected) if holds && !expected.is(receipt.leaf_bytes()) => {
                Err(self.other(leaf_index, expected, &receipt))
            }
            Some(_) | None => Ok(holds),
        }
    }

    /// Whether every other entry that was acknowledged stands where it should; the newest is covered. A head that does not reach so
    /// far is asked for again.
    ///
    /// # Errors
    ///
    /// [`NodeError`]; as [`Self::covers`].
    pub(super) fn covers_others(&self, newest: u64) -> Result<bool, NodeError> {
        let others = || self.expected.iter().filter(|(leaf_index, _)| **leaf_index != newest);
        let count = others().count();
        if count == 0 {
            return Ok(true);
        }
        let reader = NodeReader::open(self.client.url(), &self.pinned, self.later())?;
        let view = reader.view_at(None)?.filter(|view| view.size() > newest);
        let Some(view) = view else { return Ok(false) };
        let mut bundle: (u64, Vec<Vec<u8>>) = (0, Vec::new());
        for (leaf_index, expected) in others() {
            let shown = if count <= FEW {
                expected.is(view.receipt_here(*leaf_index)?.leaf_bytes())
            } else {
                if at(&bundle, *leaf_index).is_none() {
                    bundle = view.proved_leaves(*leaf_index)?;
                }
                at(&bundle, *leaf_index).is_some_and(|leaf| expected.is(leaf))
            };
            if !shown {
                let receipt = view.receipt_here(*leaf_index)?;
                return Err(self.other(*leaf_index, expected, &receipt));
            }
        }
        Ok(true)
    }

    /// Another entry stands there: a broken promise if there was one, else a node that said what is not so.
    fn other(&self, leaf_index: u64, expected: &Expected, receipt: &Receipt) -> NodeError {
        self.broken(leaf_index, expected, receipt).unwrap_or_else(|| {
            let url = self.client.url().to_string();
            let kept = json!({
                "type": "inkan-acknowledgement/1", "url": url, "answer": { "index": leaf_index },
                "receipt": receipt.to_value(),
            });
            let what = "another entry stands at the place that it named";
            NodeError::Acknowledgement { url, what, kept: Box::new(kept) }
        })
    }

    /// The evidence, if this receipt shows that the log promised another leaf: its own signatures on both are enough.
    fn broken(&self, leaf_index: u64, expected: &Expected, receipt: &Receipt) -> Option<NodeError> {
        let promise = expected.promise()?;
        self.pinned.iter().find_map(|policy| {
            match promise.judge(std::slice::from_ref(receipt), &[], policy, self.later()) {
                PromiseState::Broken(breach) => Some(NodeError::PromiseBroken {
                    url: self.client.url().to_string(),
                    leaf_index,
                    evidence: Box::new(Evidence::of_promise(promise, breach)),
                }),
                PromiseState::Kept | PromiseState::Pending { .. } => None,
            }
        })
    }

    /// The pinned policy of the log that a receipt is of, and which of its cosigners have no line under it.
    pub(super) fn policy_of(&self, value: &Value) -> Option<(&LogPolicy, Vec<String>)> {
        let receipt = Receipt::from_value(value).ok()?;
        let origin = receipt.note().text().lines().next()?;
        let policy = self.pinned.iter().find(|policy| policy.has_log(origin))?;
        let lines = receipt.note().signatures();
        let silent = policy
            .witnesses()
            .iter()
            .filter(|one| !lines.iter().any(|line| one.key().matches(line)))
            .map(|one| one.name().to_owned());
        Some((policy, silent.collect()))
    }
}

/// The leaf at a place, if the bundle has it.
fn at((start, leaves): &(u64, Vec<Vec<u8>>), leaf_index: u64) -> Option<&Vec<u8>> {
    leaves.get(usize::try_from(leaf_index.checked_sub(*start)?).ok()?)
}
