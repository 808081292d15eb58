//! The world: clock, randomness, files, network, profiles. Whatever the pure crates are given comes from here.
//!
//! In scope: asking the system, durably and under limits. Out of scope: judging what it answered.

pub mod anchoring;
pub mod anchors;
pub mod cards;
pub mod clock;
pub mod cosigner;
pub mod exchange_client;
pub mod files;
pub mod gather;
pub mod http;
pub mod intent;
pub mod keep;
pub mod keystore_file;
pub mod known;
pub mod ledger_folder;
pub mod ledger_sink;
pub mod ledger_source;
pub mod map_store;
pub mod mirror;
pub mod node_client;
pub mod note_key;
pub mod os_rng;
pub mod parallel;
pub mod pinned;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
pub mod profile;
pub mod seen;
pub mod sequencer;
pub mod timestamping;
