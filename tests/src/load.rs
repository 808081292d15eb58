//! Load on a ledger: entries made beforehand, clients that hand them in, and figures of what it cost.
//!
//! In scope: the rows of §10 of the ledger specification, measured as ratios within one run, and the figures behind
//! `docs/ledger-growth.svg`. Out of scope: single operations in isolation (`benches/ledger.rs`).

pub mod clients;
pub mod entries;
pub mod figures;
pub mod http_run;
pub mod map_run;
pub mod measure;
pub mod plot;
pub mod rates;
pub mod size_run;
