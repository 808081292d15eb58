//! Verifiable credentials: the data model, what secures it, what others sign onto it, and what travels with it.
//!
//! In scope: [VCDM 2.0](https://www.w3.org/TR/2025/REC-vc-data-model-2.0-20250515/), the JCS and RDFC suites of Data
//! Integrity and `ecdsa-sd-2023`, JOSE and SD-JWT envelopes, SD-JWT VCs, countersignatures, consents, Bitstring and Token Status Lists, JSON Schemas,
//! digests of related resources, presentations, bundles.
//! Out of scope: resolving identifiers (`inkan-did`), the ledger (`inkan-ledger`), whether to believe any of it
//! (`inkan-verifier`). Keys are given by the caller, who resolved them.

pub mod bundle;
mod cbor;
pub mod consent;
pub mod cose;
pub mod countersignature;
pub mod delegation;
mod envelope;
pub mod error;
mod inflate;
pub mod integrity;
pub mod model;
pub mod opening;
pub mod presentation;
pub mod proof;
pub mod proof_check;
mod rdfc;
pub mod schema;
pub mod sd_jwt;
pub mod sd_jwt_vc;
pub mod sd_primitives;
pub mod secured;
pub mod selective;
pub mod sign;
pub mod status_list;
pub mod token_status_list;

pub use bundle::{Artefact, Bundle};
pub use consent::{ConsentReceipt, ConsentRecord};
pub use error::ParseError;
pub use model::Credential;
pub use opening::Opening;
pub use presentation::Presentation;
pub use proof::{Cryptosuite, Proof, ProofError};
pub use rdfc::{Contexts, PinnedContext, RdfcError, canonical_nquads, inline_context};
pub use secured::{Format, SecuredCredential};

#[cfg(test)]
mod testing;
