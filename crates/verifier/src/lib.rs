//! Verification: bytes, what the plan asked for, and a time become a list of checks and, for what passed,
//! evidence that it did.
//!
//! In scope: is this artefact authentic, recorded, in force, unrevoked, countersigned and presented to us, as of
//! a moment? Out of scope: whether that is good enough for anybody's purpose (`inkan-assurance`), and where
//! documents come from (`inkan-io`). No I/O, no clock: [`plan()`] says what is wanted, [`verify()`] judges.

pub mod agreement;
pub mod capacity;
pub mod certificates;
pub mod check;
pub mod declared;
pub mod history;
pub mod known;
pub mod ledger_view;
pub mod material;
pub mod plan;
pub mod reason;
pub mod reports;
pub mod verified;
pub mod verify;

pub use capacity::{ActingPower, Capacity, PowerFault, Stands};
pub use certificates::{
    CertificateChecker, CertificateFault, Path, PathChecker, Revocation, RevocationInfo, Sealed,
};
pub use check::{Check, CheckName, Outcome, Weight};
pub use declared::{Declared, Succession};
pub use known::KnownState;
pub use material::{Context, Expectation, Live, Material, Receipts};
pub use plan::{
    Want, consent_signers, list_signer, plan, plan_presenter, signers, with_successors,
};
pub use reason::Reason;
pub use verified::{
    CredentialProof, Presenter, Recorded, Verification, VerifiedCountersignature,
    VerifiedCredential,
};
pub use verify::{ConsentVerification, plan_consent, type_name, verify, verify_consent};
