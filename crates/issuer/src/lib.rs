//! The issuer's part: claims become a credential, credentials get a status.
//!
//! In scope: building and signing credentials, filling in what evidence files leave out, keeping status lists.
//! Out of scope: recording anything on a ledger; what a record commits to is given back as an
//! [`Opening`](inkan_credential::Opening). No level of assurance is ever written as a claim.

pub mod derived;
pub mod disclosable;
pub mod draft;
pub mod evidence;
pub mod issue;
pub mod outside;
pub mod status;

pub use disclosable::Disclosable;
pub use draft::{Draft, DraftError, IssueRequest, Warning, draft};
pub use evidence::{Parties, complete_evidence, identify_evidence};
pub use issue::{Issued, Securing, issue, issue_certified, issue_with, secure};
pub use outside::{AtHand, OutsideError};
pub use status::{AnnouncedList, StatusEncoding, StatusListState, StatusStateError};
