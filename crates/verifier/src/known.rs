//! What this verifier saw of an id before: an older state, shown later as the newest, is found out.
//!
//! In scope: comparing remembered states with those at hand. Out of scope: keeping them (`inkan-io`).
//!
//! A bundle proves what was current when it was packed. Whoever knows of a newer state (a revocation, a withdrawal, a
//! rotation) is not shown the older one as the newest: that is no forgery, but it is not enough for a verdict.

use inkan_core::{Digest, Timestamp, sha256, tolerance};
use inkan_ledger::state::parse_did_body;
use inkan_ledger::{Kind, Leaf, MapKey, SignedEntry};

use crate::check::{Check, CheckName, Weight};
use crate::ledger_view::LedgerView;
use crate::material::Context;
use crate::reason::Reason;

/// A state of one id that was proved to be its newest, under a pinned log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KnownState {
    /// The log's origin.
    pub origin: String,
    /// The id.
    pub key: MapKey,
    /// Its `seq`; of a DID the number of the version.
    pub sequence: u64,
    /// Where the entry stands.
    pub leaf_index: u64,
    /// The operator's time of the entry.
    pub leaf_time: Timestamp,
    /// When the head under which it was proved existed, by the quorum's clocks; the entry's time without them.
    pub seen_at: Timestamp,
    /// Whose entry it is: the digest of its signer's SCID. `None` where that was not kept.
    pub registrant: Option<Digest>,
}

/// The states that current-proofs at hand show of what the verification rested on. What else a bundle proves is of its
/// maker's choosing, and would crowd out what is worth remembering.
pub(crate) fn shown(ledger: &LedgerView<'_>) -> Vec<KnownState> {
    let state = |current: &inkan_ledger::VerifiedCurrent| {
        let head = current.head()?;
        Some(KnownState {
            origin: current.epoch().origin().to_owned(),
            key: *current.key(),
            sequence: head.value().sequence,
            leaf_index: head.value().leaf_index,
            leaf_time: head.leaf().time(),
            seen_at: current.epoch().existed_by().unwrap_or(head.leaf().time()),
            registrant: registrant(head.leaf()),
        })
    };
    let asked = ledger.asked();
    ledger.current().filter(|current| asked.contains(current.key())).filter_map(state).collect()
}

/// Whose entry this is.
fn registrant(leaf: &Leaf) -> Option<Digest> {
    let digest = |scid: &str| sha256(&[scid.as_bytes()]);
    match leaf.kind() {
        Kind::Epoch => None,
        Kind::Did => Some(digest(parse_did_body(leaf.body()).ok()?.scid())),
        Kind::Issuance
        | Kind::Countersignature
        | Kind::Status
        | Kind::Trust
        | Kind::Anchor
        | Kind::Once => Some(digest(SignedEntry::parse(leaf.kind(), leaf.body()).ok()?.scid())),
    }
}

/// A check for each id that the verification rested on and of which more is known than what is at hand.
pub(crate) fn check(ledger: &LedgerView<'_>, context: &Context) -> Vec<Check> {
    let as_of = context.as_of;
    let asked = ledger.asked();
    let concerns = |known: &&KnownState| {
        // What happened after the judged time says nothing about that time, and what happened just before need not have
        // been under a head by then.
        let covered = known.leaf_time.plus_seconds(tolerance::LEDGER_FUTURE) <= as_of;
        (known.seen_at <= as_of || covered)
            && asked.contains(&known.key)
            && context.logs.iter().any(|log| log.has_log(&known.origin))
    };
    let behind = |known: &&KnownState| {
        let newest = ledger.newest(&known.key, &known.origin);
        let sequence = newest.as_ref().and_then(|current| current.head());
        // That the newer entry itself lies at hand is not enough: nothing else may make anything of it.
        sequence.is_none_or(|head| head.value().sequence < known.sequence)
    };
    let said = |known: &KnownState| {
        let name = match known.key.kind() {
            Kind::Did => CheckName::DidActive,
            Kind::Status => CheckName::Status,
            Kind::Countersignature => CheckName::Countersignature,
            Kind::Epoch | Kind::Issuance | Kind::Trust | Kind::Anchor | Kind::Once => {
                CheckName::OnLedger
            }
        };
        Check::unknown(name, "bundle", Reason::NewerKnown, Weight::Required)
            .with("log", known.origin.as_str())
            .with("entry", known.leaf_index)
    };
    context.known.iter().filter(concerns).filter(behind).map(said).collect()
}
