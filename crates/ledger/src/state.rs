//! The rules that need to know what came before, as a deterministic state machine over a store.
//!
//! In scope: may this entry follow (§2.2, §2.3, §2.6, §6 of the ledger specification), which entry of an id is the newest,
//! which parameters are in force (§2.4), what changed. Out of scope: forms that need no state (`entry`, `inkan-did`),
//! stores on disk (`inkan-io`).
//!
//! | Question | Item |
//! |---|---|
//! | Is this an entry at all, and is its signature good? | [`Candidate`] |
//! | May it follow, and where does it stand then? | [`Machine::prepare`], [`Machine::commit`] |
//! | Did a leaf of somebody else's log obey the rules? | [`Machine::audit`] |
//! | What must be stored, and what is asked of the store? | [`Changes`], [`Standing`], [`Base`] |

mod address;
mod base;
mod candidate;
mod changes;
mod controller;
mod did;
mod equivocation;
mod import;
mod layer;
mod machine;
mod memory;
mod prepared;
mod replay;
mod signed;
mod standing;
mod trail;

pub use address::{Address, Named};
pub use base::{Base, Newest};
pub use candidate::Candidate;
pub use changes::Changes;
pub use controller::Controller;
pub use did::HISTORY_LIMIT;
pub use equivocation::{EQUIVOCATIONS_LIMIT, Equivocation};
pub use machine::Machine;
pub use memory::Memory;
pub use prepared::{ImportSubmission, Placed, Prepared, Submission};
pub use standing::{Standing, StandingError};
pub use trail::{Trail, Version};

use inkan_did::webvh;

use crate::entry::SignedEntry;
use crate::leaf::Kind;

/// Reads the body of a `did` leaf: a log line, and its witness line if there is one.
///
/// # Errors
///
/// As [`webvh::Entry::parse`].
pub fn parse_did_body(body: &[u8]) -> Result<webvh::Entry, webvh::EntryError> {
    match body.iter().position(|byte| *byte == b'\n').and_then(|at| body.split_at_checked(at)) {
        Some((line, rest)) => webvh::Entry::parse(line, Some(rest.get(1..).unwrap_or_default())),
        None => webvh::Entry::parse(body, None),
    }
}

/// Whose entry the body of a leaf says it is: the SCID of the DID. None for epochs, which are nobody's, and for what cannot be read;
/// nothing of it is verified.
#[must_use]
pub fn claimed_scid(kind: Kind, body: &[u8]) -> Option<String> {
    match kind {
        Kind::Epoch => None,
        Kind::Did => parse_did_body(body).ok().map(|entry| entry.scid().to_owned()),
        Kind::Issuance
        | Kind::Countersignature
        | Kind::Status
        | Kind::Trust
        | Kind::Anchor
        | Kind::Once => SignedEntry::parse(kind, body).ok().map(|entry| entry.scid().to_owned()),
    }
}

#[cfg(test)]
mod tests;
