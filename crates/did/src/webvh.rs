//! [did:webvh 1.0](https://identity.foundation/didwebvh/v1.0/): self-certifying histories of DID documents.
//!
//! In scope: the entry rules D1 to D14 of the ledger specification (§6.1) in [`check_next`], the resolution of logs that
//! others published in [`History::verify`], and the writing of entries in [`create`], [`rotate`], [`update`],
//! [`relocate`] and [`deactivate`]. Out of scope: fetching logs; the order of entries of different DIDs (`inkan-ledger`).
//!
//! A ledger and a resolver read the same format with different strictness. Where replicas must agree byte for byte,
//! [`check_next`] refuses what a published log may contain; the list of these cases:
//!
//! | Rule | A ledger refuses | A resolver accepts |
//! |---|---|---|
//! | D1 | numbers that are not integers, nesting beyond 16 | any number, nesting up to 64 |
//! | D3 | `nextKeyHashes` that are not SHA-256 multihashes | any text, which then matches no key |
//! | D6, D8 | times not written `YYYY-MM-DDTHH:MM:SSZ` | any RFC 3339 form |
//! | D8 | unknown members of a proof | members that do not change its meaning |
//! | D11 | an entry without its own witness proofs | proofs of a later entry of the log |
//! | D13 | keys under other DIDs | such a document, without these keys |
//!
//! # Examples
//!
//! ```
//! use inkan_core::{Timestamp, rng::insecure::SeededRng};
//! use inkan_crypto::{KeyType, SecretKey};
//! use inkan_did::webvh::{self, Create, History};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut rng = SeededRng::new(1);
//! let [update, next, later, key] = [(); 4].map(|()| SecretKey::generate(KeyType::Ed25519, &mut rng));
//! let request = Create {
//!     domain: "ledger.example".into(),
//!     path: Some("people/anna".into()),
//!     key_id: "key-1".into(),
//!     key: key.public_key(),
//!     others: vec![],
//!     next_key_hashes: vec![],
//!     services: vec![],
//!     home: Some("ledger.example/log".into()),
//! };
//! let created = Timestamp::parse("2026-03-01T12:00:00Z")?;
//! let (did, first) = webvh::create(&request, &update, &next.public_key(), created)?;
//! let history = History::verify(&first, None, created)?;
//!
//! // Later: the key committed to takes over, and commits to another.
//! let rotated = created.plus_seconds(86_400);
//! let second = webvh::rotate(history.latest(), &[], &next, &later.public_key(), rotated)?;
//! let history = History::verify(&format!("{first}\n{second}\n"), None, rotated)?;
//! assert_eq!(history.did(), &did);
//! assert_eq!(history.at_time(created).map(|version| version.number()), Some(1));
//! # Ok(())
//! # }
//! ```

mod before;
mod build;
mod check;
mod entry;
mod error;
mod hash;
mod head;
mod history;
mod home;
mod parameters;
mod proof;
mod stored;
#[cfg(test)]
mod testing;
mod witness;

pub use before::{Before, Settings};
pub use build::{
    BuildError, Create, Update, create, deactivate, relocate, revise, rotate, update, witness_line,
    witness_proof,
};
pub use check::{check_after, check_next, follow};
pub use entry::Entry;
pub use error::{EntryError, Malformed, ProofProblem};
pub use hash::next_key_hash;
pub use head::Head;
pub use history::{History, HistoryError};
pub use home::{Residence, check_home};
pub use parameters::{Parameters, WitnessSet};
pub use stored::StoredHeadError;

use crate::did::{Did, Method};

/// The longest line of one entry, in bytes (ledger specification §2.1).
pub const ENTRY_LIMIT: usize = inkan_core::limits::DID_LOG_LINE;
/// The longest line of witness proofs, in bytes (ledger specification §2.1).
pub const WITNESS_LIMIT: usize = 16_384;

/// The HTTPS URL of a did:webvh DID's `did.jsonl`; `None` for other methods.
#[must_use]
pub fn document_url(did: &Did) -> Option<String> {
    location_url(did, "did.jsonl")
}

/// The HTTPS URL of a did:webvh DID's `did-witness.json`; `None` for other methods.
#[must_use]
pub fn witness_url(did: &Did) -> Option<String> {
    location_url(did, "did-witness.json")
}

fn location_url(did: &Did, file: &str) -> Option<String> {
    match did.method() {
        Method::Webvh => Some(did.location()?.url(file)),
        Method::Key | Method::Jwk | Method::Web => None,
    }
}
