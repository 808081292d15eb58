//! The API of issuers and verifiers: [VC-API](https://w3c-ccg.github.io/vc-api/) (VCALM 1.0) of the W3C CCG.
//!
//! In scope: paths and envelopes, who may have something signed, what is answered for what does not verify, status
//! lists of what was issued here. Out of scope: the rules of credentials (`inkan-credential`) and the verdict
//! (`inkan-verifier`): there is one verifier, and this is not another.
//!
//! What is malformed, and what does not verify, is answered 400 with problem details; 200 always means "verified".
//!
//! | Question | Module |
//! |---|---|
//! | What can be set? | [`options`] |
//! | How is it started and ended? | [`start`], `tls` |
//! | Which path is answered by whom? | [`routes`], `admit`, `handle` |
//! | Which suites are there, and with whose keys? | [`suites`] |
//! | How is something signed? | `issue`, `present` |
//! | What does it rest on beyond its own keys, such as a ledger? | [`backing`], `bundle` |
//! | How does a holder disclose a part? | `derive` |
//! | How is something judged? | `verify` |
//! | What do test suites present in a form of their own? | `legacy` |
//! | How do several who have to sign pass a credential around? | `exchange` |
//! | What does an authority say of a party? | `trqp` |
//! | Where does the status of what was issued live? | `status` |

mod about;
mod admit;
pub(crate) mod answer;
pub mod backing;
mod bundle;
mod derive;
mod envelope;
mod exchange;
pub(crate) mod handle;
mod issue;
mod legacy;
pub mod options;
mod present;
mod resources;
pub mod routes;
pub(crate) mod service;
pub mod start;
mod status;
pub mod suites;
mod tls;
mod trqp;
pub(crate) mod verify;

pub use backing::{Allotment, Backing, BackingError, Grounds, ListForm, Recording, StatusChange};
pub use exchange::OfferStoreError;
pub use issue::NoncesError;
pub use options::{ApiOptions, Profile, Protection, Role, Transport};
pub use start::{ApiError, RunningApi, run, spawn};
pub use status::JournalError;
pub use suites::{Issuer, Suite};
