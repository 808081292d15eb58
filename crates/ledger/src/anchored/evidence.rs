//! Whose anchor it is, under which key, and since when: the entry's receipt, and the signer's DID as the log has it.
//!
//! In scope: all receipts under one policy, the signer's history up to the entry's place, the key in force there (V10 of the
//! ledger specification). Out of scope: what the entry commits to (`proof`).

use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_did::webvh;
use serde_json::{Map, Value};

use super::AnchorError;
use super::proof::PROOF_LIMIT;
use crate::current::{CurrentProof, VerifiedCurrent, verify_current};
use crate::entry::SignedEntry;
use crate::leaf::Kind;
use crate::map::MapKey;
use crate::policy::LogPolicy;
use crate::receipt::{Receipt, ReceiptError, VerifiedLeaf, verify_receipt};
use crate::rejection::Rejection;

/// The most versions of a signer's DID.
const VERSIONS: usize = 1_000;
const MORE: &str = "receipt with more than its proof";

/// What shows whose an anchor is. Nothing is proved before [`AnchorEvidence::verify`].
#[derive(Clone, Debug)]
pub struct AnchorEvidence {
    /// The anchor's receipt.
    pub entry: Receipt,
    /// The versions of its signer's DID, oldest first.
    pub signer: Arc<[Receipt]>,
    /// Which of them was the newest when the evidence was put together: none is left out.
    pub current: Arc<CurrentProof>,
}

/// Evidence whose receipts verified.
#[derive(Debug)]
pub struct ProvedAnchor {
    leaf: VerifiedLeaf,
    entry: SignedEntry,
    signer: Vec<VerifiedLeaf>,
    current: VerifiedCurrent,
}

/// Who anchored it: the key was in force at the entry's place, and signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnchoredBy {
    /// The signer's DID.
    pub did: String,
    /// The DID URL of the key.
    pub key: String,
    /// The version of the DID that was in force.
    pub version: String,
    /// Where the log has a later version that does not list this key any more.
    pub replaced_at: Option<u64>,
}

/// What all entries of one signer share, read once for all of them.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    signer: Arc<[Receipt]>,
    current: Arc<CurrentProof>,
}

impl Shared {
    /// Each receipt holds its checkpoint, so what they name is bounded as a whole before any is read.
    pub(super) fn read(
        signer: &[Value],
        current: &Value,
        checkpoints: &[String],
    ) -> Result<Self, &'static str> {
        if signer.is_empty() || signer.len() > VERSIONS {
            return Err("signer");
        }
        let named = |value: &Value| {
            let place = value.get("checkpoint").and_then(Value::as_u64)?;
            Some(checkpoints.get(usize::try_from(place).ok()?)?.len())
        };
        let size: usize = signer.iter().filter_map(named).fold(0, usize::saturating_add);
        if size > PROOF_LIMIT {
            return Err("signer");
        }
        let receipt = |value| Receipt::from_bundle_value(value, checkpoints).map_err(|_| "signer");
        let signer = signer.iter().map(receipt).collect::<Result<Vec<_>, _>>()?;
        if !signer.iter().all(is_plain) {
            return Err(MORE);
        }
        let current = CurrentProof::from_value(current).map_err(|_| "current")?;
        Ok(Self { signer: signer.into(), current: Arc::new(current) })
    }
}

fn is_plain(one: &Receipt) -> bool {
    one.opening().is_none() && one.cose().is_none()
}

impl AnchorEvidence {
    pub(super) fn of(entry: Receipt, shared: &Shared) -> Result<Self, &'static str> {
        if !is_plain(&entry) {
            return Err(MORE);
        }
        let Shared { signer, current } = shared;
        Ok(Self { entry, signer: Arc::clone(signer), current: Arc::clone(current) })
    }

    /// Adds the members that all entries of one signer share; `checkpoints` are those of receipts written before.
    pub(super) fn put_members(&self, out: &mut Map<String, Value>, mut checkpoints: Vec<String>) {
        let signer = self.signer.iter().map(|receipt| receipt.to_bundle_value(&mut checkpoints));
        let signer: Vec<Value> = signer.collect();
        out.insert("signer".to_owned(), signer.into());
        out.insert("current".to_owned(), self.current.to_value());
        out.insert("checkpoints".to_owned(), checkpoints.into());
    }

    /// Checks every receipt in it under one policy.
    ///
    /// # Errors
    ///
    /// [`ReceiptError`], the first that fails.
    pub fn verify(&self, policy: &LogPolicy, now: Timestamp) -> Result<ProvedAnchor, ReceiptError> {
        let leaf = verify_receipt(&self.entry, policy, now)?;
        leaf.expect_kind(Kind::Anchor)?;
        let entry = Arc::unwrap_or_clone(leaf.signed_entry()?);
        let signer = self.signer.iter().map(|receipt| verify_receipt(receipt, policy, now));
        let signer = signer.collect::<Result<Vec<_>, _>>()?;
        let current = verify_current(&self.current, &MapKey::did(entry.scid()), policy, now)?;
        Ok(ProvedAnchor { leaf, entry, signer, current })
    }
}

impl ProvedAnchor {
    /// The anchor's leaf: place, times, grade.
    #[must_use]
    pub const fn leaf(&self) -> &VerifiedLeaf {
        &self.leaf
    }

    /// The anchor. Its signature was not checked before [`ProvedAnchor::signer`].
    #[must_use]
    pub const fn entry(&self) -> &SignedEntry {
        &self.entry
    }

    /// Checks who signed it: the key was in force at its place in the log, and the signature is that key's.
    ///
    /// # Errors
    ///
    /// [`AnchorError::SignerNotShown`] if versions are missing or of another log; [`AnchorError::NotSigned`] if it was not
    /// signed by the one it names.
    pub fn signer(&self) -> Result<AnchoredBy, AnchorError> {
        let missing = AnchorError::SignerNotShown;
        let mut head: Option<webvh::Head> = None;
        let mut in_force = None;
        let mut later = Vec::new();
        let mut last = None;
        for leaf in &self.signer {
            let here = leaf.origin() == self.leaf.origin();
            let entry = leaf.did_entry().filter(|entry| here && entry.scid() == self.entry.scid());
            let entry = entry.ok_or(missing("a receipt is not of a version of its DID"))?;
            if last.is_some_and(|last| leaf.leaf_index() <= last) {
                return Err(missing("versions are not in the order of the log"));
            }
            last = Some(leaf.leaf_index());
            let next = webvh::check_next(head.as_ref(), &entry, leaf.leaf().time())
                .map_err(|_| missing("a version does not follow the one before it"))?;
            if leaf.leaf_index() < self.leaf.leaf_index() {
                in_force = Some(next.clone());
            } else {
                later.push((leaf.leaf_index(), next.clone()));
            }
            head = Some(next);
        }
        let newest = self.current.head().map(|head| head.value().leaf_index);
        let here = self.current.epoch().origin() == self.leaf.origin();
        if !here || newest.is_none() || newest != last {
            return Err(missing("the newest version is not among them"));
        }
        if self.current.epoch_index() < self.leaf.leaf_index() {
            return Err(missing("they were the newest before the entry, and not at its place"));
        }
        let in_force = in_force.ok_or(missing("no version is older than the entry"))?;
        self.signed(&in_force, &later).map_err(AnchorError::NotSigned)
    }

    fn signed(
        &self,
        in_force: &webvh::Head,
        later: &[(u64, webvh::Head)],
    ) -> Result<AnchoredBy, ReceiptError> {
        if in_force.deactivated() {
            let did = in_force.did().as_str().to_owned();
            return Err(ReceiptError::EntryInvalid(Rejection::UnknownSigner { did }));
        }
        self.leaf.check_home(in_force.home())?;
        self.leaf.check_entry_signature(in_force.document())?;
        let kid = self.entry.kid();
        let key = in_force.document().method(kid).map(|method| &method.key);
        let dropped = later.iter().find(|(_, version)| {
            version.document().verification_methods().iter().all(|method| Some(&method.key) != key)
        });
        Ok(AnchoredBy {
            did: in_force.did().as_str().to_owned(),
            key: kid.as_str().to_owned(),
            version: in_force.version_id().to_owned(),
            replaced_at: dropped.map(|(index, _)| *index),
        })
    }
}
