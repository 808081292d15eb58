//! What every other crate of the toolkit stands on: time as a value, digests, strict encodings, strict JSON,
//! size limits and secret bytes.
//!
//! In scope: values that have one reading, and the limits under which foreign bytes become values.
//! Out of scope: keys (`inkan-crypto`), identifiers (`inkan-did`), anything that reads a clock or draws
//! randomness (`inkan-io`).

pub mod codes;
pub mod digest;
pub mod encoding;
pub mod json;
pub mod limits;
pub mod rng;
pub mod secret;
pub mod text;
pub mod time;
pub mod tolerance;

pub use digest::{Digest, Hasher, sha256};
pub use rng::CryptoRng;
pub use secret::SecretBytes;
pub use time::Timestamp;
