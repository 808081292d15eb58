//! The verifier's desk: a page on which somebody presents, and confirms with a passkey if the presentation alone is not enough.
//!
//! In scope: sessions of one request each, their page without script, the two ceremonies of WebAuthn, what has to be kept of them. Out of scope:
//! whether anything holds (`inkan-verifier`, `inkan-evidence`, `inkan-assurance`): there is one verdict, and this is not another.
//!
//! A session is opened by the operator, has a URL that nobody can guess, one nonce, one policy that is fixed, and ends after five minutes.
//! Data flow: `open` → page → presentation (uses the nonce up) → verdict, or step-up: passkey → everything judged again from nothing.
//!
//! | Question | Module |
//! |---|---|
//! | What can be set? | [`options`] |
//! | What is one request, and how does it go on? | [`session`] |
//! | What is kept on the disk, and in which order? | [`store`] |
//! | What is answered under which path? | `handlers`, `form` |
//! | How is something judged here? | `judge` |
//! | What is the browser asked, and what does it answer? | `passkey` |
//! | What does the person take along? | `report` |
//! | What is shown? | `page`, `ladder`, `words` |

mod fault;
pub mod form;
mod handlers;
mod judge;
mod ladder;
pub mod options;
mod page;
mod passkey;
mod report;
pub mod session;
pub mod store;
mod words;

pub use fault::DeskError;
pub(crate) use handlers::{
    confirm, open, options as ceremony_options, page as show, present, register, result, script,
    style,
};
pub use options::{DeskOptions, MetadataFiles, Place, ReportSigner};
pub use session::{Enrol, Opened, Session, Terms};
pub use store::Store;

use std::sync::Mutex;

use inkan_core::Timestamp;
use inkan_evidence::metadata::Metadata;

/// A desk that is open.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) options: DeskOptions,
    pub(crate) place: Place,
    pub(crate) store: Store,
    /// What is known of models, as of the file's last change.
    metadata: Mutex<Option<(Stamp, Metadata)>>,
    /// Held while a report is signed: each is signed once.
    signing: Mutex<()>,
}

impl Desk {
    /// Opens a desk for pages of a server at `base`, and says where it is.
    pub(crate) fn open(
        options: DeskOptions,
        base: &str,
        now: Timestamp,
    ) -> Result<Self, DeskError> {
        let place = Place::of(base)?;
        let store = Store::open(&options.folder)?;
        store.announce(&place, &options)?;
        store.tidy(now)?;
        let (metadata, signing) = (Mutex::new(None), Mutex::new(()));
        let desk = Self { options, place, store, metadata, signing };
        // What cannot be used is better said now.
        desk.metadata(now)?;
        Ok(desk)
    }
}

/// By what a file is known to be the same: time of its last change, and its length.
type Stamp = (std::time::SystemTime, u64);
