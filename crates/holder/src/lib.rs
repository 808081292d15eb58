//! The holder's part: countersigning, refusing, withdrawing, choosing what to show, presenting, consenting.
//!
//! In scope: what a holder or another countersigner signs. Out of scope: recording acts on a ledger; what a record
//! commits to is given back as an [`Opening`](inkan_credential::Opening). Whether the credential deserves it is for
//! whoever reads [`render_text`](inkan_credential::countersignature::render_text) to decide.

pub mod act;
pub mod consent;
pub mod disclose;
pub mod present;

pub use act::{Act, ActError, Acted, accept, refuse, seal, withdraw};
pub use consent::{Consent, ConsentMakeError, give_consent, withdraw_consent};
pub use disclose::{SelectiveError, derive, disclosable, disclose};
pub use present::{PresentError, present, present_certified, present_in_cose, present_key_bound};
