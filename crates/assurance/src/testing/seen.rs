//! What was seen of a credential, and policies with one demand: for tests of what the outer part asks.

use std::collections::BTreeSet;

use inkan_credential::countersignature::{Decision, Role};
use inkan_verifier::Capacity;
use inkan_verifier::agreement::{Act, Place};
use inkan_verifier::verified::ActState;
use serde_json::{Value, json};

use super::{ISSUER, at};
use crate::seen::SeenCredential;

/// The subject of the credential.
pub(crate) const SUBJECT: &str = "did:key:holder";

/// An act that somebody recorded at a place, in time and seen by others; nothing newer is known of it.
pub(crate) fn act(role: Role, decision: Decision, who: &str, index: u64) -> Act {
    Act {
        role,
        decision,
        act: format!("act-{who}-{}", role.as_str()),
        controller: who.to_owned(),
        linked: BTreeSet::new(),
        proof_id: Some(format!("proof-{who}")),
        covers: vec![],
        by_subject: who == SUBJECT,
        record: Some(Place {
            origin: "log".to_owned(),
            index,
            leaf_time: at("2026-06-01T00:00:00Z"),
            existed_by: Some(at("2026-06-01T00:01:00Z")),
        }),
        state: ActState::NewestKnown,
        newer_at: None,
        capacity: Capacity::Own,
        flaw: None,
    }
}

/// A credential of [`ISSUER`] of which nothing else was seen.
pub(crate) fn plain() -> SeenCredential {
    SeenCredential {
        issuer: ISSUER.to_owned(),
        subject: Some(SUBJECT.to_owned()),
        types: vec![],
        valid_from: None,
        record: None,
        status: None,
        acts: vec![],
        offer: vec![],
        proofs: vec![],
    }
}

/// A policy that demands one thing.
pub(crate) fn demanding(member: &str, rule: Value) -> Value {
    let mut policy = json!({"type": "inkan-policy/1", "id": "p", "version": "1"});
    policy[member] = rule;
    policy
}
