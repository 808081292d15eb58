//! An act under two signatures: of one ECDSA signature (r, s) anybody can make another, (r, n−s), that is as good.
//!
//! The two acts say the same, and their proofs differ in the value alone; but what the ledger commits to covers that value, so only the
//! one that was recorded is shown to be. Whoever sends the mirrored one before its signer does must not keep theirs out: of the two, the one
//! counts that a receipt of the signer's opens. In scope: which of the two that is. Out of scope: whether either may be added (`judge`).

use inkan_core::{json, sha256};
use inkan_credential::Proof;
use inkan_credential::bundle::Bundle;
use inkan_credential::countersignature::Countersignature;
use inkan_did::Did;
use inkan_ledger::{ActId, Leaf, Receipt, SignedEntry, VerifiedCheckpoint, verify_receipt_under};
use serde_json::Value;

use super::merge::Heads;

/// Whether two proofs say the same, and at most their values differ.
pub(super) fn are_twins(one: &Proof, other: &Proof) -> bool {
    let said = |proof: &Proof| {
        let mut value = proof.value().clone();
        let members = value.as_object_mut()?;
        members.remove("proofValue")?;
        Some(value)
    };
    said(one).is_some() && said(one) == said(other)
}

/// Whether a receipt in `bundle` shows that the signer recorded this very proof, in a log that is pinned here.
pub(super) fn is_recorded(
    proof: &Proof,
    acts: &[Countersignature],
    bundle: &Bundle,
    heads: &mut Heads<'_>,
) -> bool {
    let Ok(bytes) = json::canonicalize(proof.value()) else { return false };
    let digest = sha256(&[&bytes]);
    let Some(act) = acts.iter().find(|act| act.digest() == digest) else { return false };
    let Ok(signer) = Did::parse(act.signer()) else { return false };
    let name = ActId::from_bytes(*act.act());
    let opens = |value: &Value| {
        let receipt = Receipt::from_bundle_value(value, &bundle.checkpoints).ok()?;
        let leaf = Leaf::parse(receipt.leaf_bytes()).ok()?;
        let entry = SignedEntry::parse(leaf.kind(), leaf.body()).ok()?;
        let is_signers = signer.scid() == Some(entry.scid());
        let opened = receipt.opening()?.check(&entry, &digest, Some(&name)).is_ok();
        (is_signers && opened).then_some(receipt)
    };
    bundle.receipts.iter().filter_map(opens).any(|receipt| {
        let holds = |head: &VerifiedCheckpoint| verify_receipt_under(&receipt, head).is_ok();
        heads.of(receipt.note()).is_some_and(holds)
    })
}
