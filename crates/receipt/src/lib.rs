//! Small offline verification of ledger receipts: one question as JSON in, one answer as JSON out.
//!
//! In scope: the question and answer that the Rust, Python and JavaScript verifiers in this folder share, and the Rust
//! one of them. Out of scope: the rules themselves (`inkan-ledger`, `inkan-did`), computing an artefact's digest
//! (`inkan-credential`), files and clocks (`bin/inkan-receipt.rs`).
//!
//! | Question | Module |
//! |---|---|
//! | What may be asked? | [`request`] |
//! | What is answered? | [`report`] |
//! | Does this receipt hold, and for what? | [`receipt`](mod@receipt), [`signer`] |
//! | Which entry is the newest? | [`current`](mod@current) |
//! | Did a log keep what it promised? | [`promise`](mod@promise) |
//! | Did the parameters of a log change as they may? | [`parameters`](mod@parameters) |
//! | What does this evidence prove? | [`evidence`](mod@evidence) |
//! | Does this COSE receipt hold? | [`cose`](mod@cose) |
//! | What are the bytes of an id, a commitment, a root? | [`primitive`](mod@primitive) |
//!
//! # Examples
//!
//! ```
//! use inkan_receipt::{Request, check};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let request = json!({ "check": "receipt", "policy": "quorum none\n", "receipt": "{}" });
//! let report = check(&Request::from_value(&request)?);
//! assert_eq!(report.code(), Some("malformed-receipt"));
//! # Ok(())
//! # }
//! ```

pub mod cose;
pub mod current;
pub mod evidence;
pub mod parameters;
pub mod primitive;
pub mod promise;
pub mod receipt;
pub mod report;
pub mod request;
pub mod signer;

pub use report::{Outcome, Report};
pub use request::{Request, RequestError};

/// Answers one question. Never fails: what is wrong with the files is the answer.
#[must_use]
pub fn check(request: &Request) -> Report {
    match request {
        Request::Receipt(asked) => receipt::check_receipt(asked),
        Request::Current(asked) => current::check_current(asked),
        Request::Promise(asked) => promise::check_promise(asked),
        Request::Parameters(asked) => parameters::check_parameters(asked),
        Request::Evidence(asked) => evidence::check_evidence(asked),
        Request::Cose(asked) => cose::check_cose(asked),
        Request::Primitive(asked) => primitive::compute(asked),
    }
}
