//! Differential tests: other implementations in Rust, given the same bytes as ours.
//!
//! Feature `oracles`: on in CI, off for a plain `cargo test`.
