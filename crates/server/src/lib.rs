//! What is served over HTTP: the ledger node, witnesses and mirrors, the API of issuers and verifiers.
//!
//! In scope: paths, wire types, limits and problem details. Out of scope: what is true (`inkan-ledger`) and what is kept
//! (`inkan-io`); TLS of ledgers, which is a reverse proxy's.
//!
//! | Question | Module |
//! |---|---|
//! | How is a ledger served, and under which limits? | [`ledger_node`] |
//! | How are credentials issued and verified for others? | [`credentials`] |
//! | How does a verifier ask people, on a page? | [`desk`] |
//! | How does somebody else vouch for a ledger? | [`witness`], [`mirror`] |

mod connections;
pub mod credentials;
pub mod desk;
pub mod interrupt;
pub mod ledger_node;
pub mod mirror;
pub mod problem;
pub mod witness;
