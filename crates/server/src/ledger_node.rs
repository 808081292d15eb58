//! The ledger node: one log, served over HTTP (§8 of the ledger specification).
//!
//! In scope: paths and media types, limits, what is logged (§1.1 rule 6), start and graceful end. Out of scope: the rules
//! and proofs (`inkan-ledger`), files and the sequencer (`inkan-io`). HTTPS is a reverse proxy's: the node speaks HTTP/1.1
//! and belongs behind one, or on a loopback address.
//!
//! | Question | Module |
//! |---|---|
//! | What can be set? | [`options`], [`limits`], [`network`] |
//! | How is it started and ended? | [`start`]; its connections: `connections` of this crate |
//! | Which path is answered by whom? | [`routes`] |
//! | How are entries taken? | `entries` |
//! | What can be read? | `statics`, `leaves`, `current`, `dids`, `identifiers`, `gateway`, `lists`, `about`, `health` |
//! | Why does the node itself refuse? | [`refusal`] |
//! | How are receipts exported as COSE? | [`cose`] |

mod about;
mod admit;
pub mod cose;
mod current;
mod dids;
mod entries;
mod gateway;
mod health;
mod identifiers;
mod leaves;
mod ledger;
pub mod limits;
mod lists;
pub(crate) mod metrics;
pub mod network;
mod node;
pub mod options;
pub mod refusal;
pub(crate) mod request;
pub(crate) mod request_log;
pub mod routes;
mod signed;
pub mod start;
mod statics;

pub use limits::{Limits, Rate};
pub use network::Network;
pub use options::{LogTo, NodeOptions};
pub use start::{Missing, News, NodeError, RunningNode, SharedClock, run, spawn};
