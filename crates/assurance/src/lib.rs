//! Assurance: is what was verified good enough for this purpose? Facts and a policy become a decision with reasons.
//!
//! In scope: the evidence catalogue, rows and levels of the reference table, other frameworks' levels, the policy
//! language, its lint, the report. Out of scope: cryptography (`inkan-verifier`), and making checked facts
//! (`inkan-evidence`). Pure: no I/O, no clock, no randomness. Deny by default.

mod aal;
mod assess;
pub mod cases;
pub mod catalogue;
mod countersigned;
pub mod derive;
mod document;
mod evaluate;
mod expect;
mod framework;
mod ial;
mod identity;
pub mod level;
pub mod line;
pub mod lint;
pub mod message;
mod outer;
pub mod policy;
pub mod remedy;
pub mod report;
pub mod request;
pub mod roll;
mod row;
mod seen;
#[cfg(test)]
mod testing;

pub use assess::{AssessContext, assess};
pub use cases::{CaseTable, CaseTableError};
pub use catalogue::{Catalogue, CatalogueError};
pub use derive::{DeriveError, Deriver, NewEvidence};
pub use expect::{Expected, expect_ial};
pub use framework::mapping_status;
pub use level::{Framework, Ial};
pub use line::{Line, Status};
pub use lint::{LintFinding, LintLevel, lint};
pub use policy::{NewPolicy, Policy, PolicyError, builtin, builtin_ids, new_policy};
pub use remedy::Remedy;
pub use report::{Decision, Levels, Report};
pub use request::{PresentationRequest, ReplyTo};
pub use roll::{Complete, Roll, Stage};
pub use seen::{ledger_grade, receipts};
