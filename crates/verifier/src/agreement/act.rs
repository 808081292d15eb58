//! An act, as far as anybody can ask about it: who decided what, where it is recorded, under which power.

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_credential::countersignature::{Decision, Role};

use crate::capacity::{ActingPower, Capacity};
use crate::verified::{ActState, VerifiedCountersignature};

/// A countersignature as far as anybody can ask about it.
#[derive(Clone, Debug)]
pub struct Act {
    /// In which capacity.
    pub role: Role,
    /// What was decided.
    pub decision: Decision,
    /// Random name of the act.
    pub act: String,
    /// The signer's DID.
    pub controller: String,
    /// DIDs that are the same controller.
    pub linked: BTreeSet<String>,
    /// The proof's own id (Data Integrity).
    pub proof_id: Option<String>,
    /// Ids of the proofs it covers (Data Integrity).
    pub covers: Vec<String>,
    /// Whether the signer is the subject of the credential.
    pub by_subject: bool,
    /// Its ledger record.
    pub record: Option<Place>,
    /// How current this state is known to be.
    pub state: ActState,
    /// Place of the next state, where it is shown to be the next.
    pub newer_at: Option<u64>,
    /// In whose name the signer acts.
    pub capacity: Capacity,
    /// Why it does not count, or only perhaps.
    pub flaw: Option<Flaw>,
}

/// Why an act does not count, or only perhaps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flaw {
    /// Whether the signer signed cannot be told: anybody may have written it.
    SignatureUnknown,
    /// Whether the key was the signer's then cannot be told: whoever held it signed.
    KeyUnknown,
    /// The key was not the signer's any more.
    KeyEnded,
}

/// The acts that were found with a credential: what held first, in order, then what is flawed.
pub(crate) fn acts(verified: &[VerifiedCountersignature], flawed: &[Act]) -> Vec<Act> {
    verified.iter().map(Act::of).chain(flawed.iter().cloned()).collect()
}

/// Where and when an act is recorded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The log's origin.
    pub origin: String,
    /// Leaf index.
    pub index: u64,
    /// The operator's time.
    pub leaf_time: Timestamp,
    /// When the quorum had seen it.
    pub existed_by: Option<Timestamp>,
}

impl Act {
    /// What a verification found.
    #[must_use]
    pub fn of(signed: &VerifiedCountersignature) -> Self {
        Self {
            role: signed.role(),
            decision: signed.decision(),
            act: signed.act().to_owned(),
            controller: signed.controller().to_owned(),
            linked: signed.linked().clone(),
            proof_id: signed.proof_id().map(str::to_owned),
            covers: signed.covers().to_vec(),
            by_subject: signed.is_by_subject(),
            record: signed.recorded().map(|recorded| Place {
                origin: recorded.origin().to_owned(),
                index: recorded.leaf_index(),
                leaf_time: recorded.leaf_time(),
                existed_by: recorded.existed_by(),
            }),
            state: signed.state(),
            newer_at: signed.newer_at(),
            capacity: signed.capacity().clone(),
            flaw: None,
        }
    }

    /// The power that it is made under, if it holds.
    #[must_use]
    pub const fn power(&self) -> Option<&ActingPower> {
        match &self.capacity {
            Capacity::Under(power) => Some(power),
            Capacity::Own | Capacity::Void { .. } | Capacity::Open { .. } => None,
        }
    }

    /// Covers its proof, or is later in the same log. Dates prove nothing.
    pub(super) fn follows(&self, first: &Self) -> bool {
        let covers = first.proof_id.as_ref().is_some_and(|id| self.covers.contains(id));
        let records = self.record.as_ref().zip(first.record.as_ref());
        covers || records.is_some_and(|(own, other)| own.is_after(other))
    }

    /// Whether it is certain, and takes `other` back.
    pub(super) fn takes_back(&self, other: &Self) -> bool {
        self.flaw.is_none() && self.would_take_back(other)
    }

    pub(super) fn would_take_back(&self, other: &Self) -> bool {
        matches!(self.decision, Decision::Refuse | Decision::Withdraw)
            && self.state != ActState::Superseded
            && self.act == other.act
            && self.controller == other.controller
    }
}

impl Place {
    pub(super) fn is_after(&self, other: &Self) -> bool {
        self.origin == other.origin && self.index > other.index
    }
}
