//! What is served over HTTP: the ledger node.
//!
//! In scope: paths, wire types, limits and problem details. Out of scope: what is true (`inkan-ledger`) and what is kept
//! (`inkan-io`).
