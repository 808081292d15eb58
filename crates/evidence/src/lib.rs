//! Facts, and the code that alone can make them (assurance §3, §4, §5, §14).
//!
//! In scope: what was checked, by whom, with which authority, out of what the verifier verified and the registries
//! that its user configured. Out of scope: what the facts are worth (`inkan-assurance`). A crate of its own so that
//! the evaluator cannot make a checked fact. No I/O, no clock.

mod aal;
mod attested_key;
pub mod authn_event;
pub mod authority;
mod claims;
pub mod cms;
mod event;
pub mod fact;
pub mod facts;
pub mod finding;
#[cfg(feature = "insecure-test-facts")]
pub mod insecure;
mod item;
pub mod jpki;
pub mod key_attestation;
pub mod key_statement;
mod make;
pub mod metadata;
pub mod model;
pub mod path;
pub mod register_check;
pub mod registry;
mod row;
mod session;
pub mod shown;
mod token;
pub mod tsa;
pub mod webauthn;
pub mod x5c;

pub use aal::{Asked, Remember};
pub use authority::Authorised;
pub use claims::IgnoredClaim;
pub use fact::{Basis, Fact, FactKind};
pub use facts::{
    Authenticator, CardSignature, CredentialFacts, Derivation, EventFacts, Facts, Holder,
    ItemFacts, Liveness,
};
pub use finding::{Code, Effect, Finding};
pub use item::covered;
pub use make::{AtHand, Prediction, facts_of, facts_with, predicted};
pub use registry::{Registry, RegistryError};
pub use row::{AuthLevel, Certification, FidoLevel, KeyStorage, Road, Row};
pub use session::{HandleError, SessionAsked, facts_of_session};
pub use shown::PresentationEvidence;
