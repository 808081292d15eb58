//! Keys, signatures, the strict JWS, Data Integrity hashing, the sealed keystore and JWE.
//!
//! In scope: everything that touches private key bytes, and the signature algorithms: EdDSA (Ed25519), ES256 (P-256),
//! ES384 (P-384) and BBS (BLS12-381). Out of scope: whose key it is (`inkan-did`) and what a signature means (`inkan-credential`).
//!
//! ```
//! use inkan_core::rng::insecure::SeededRng;
//! use inkan_crypto::{KeyType, PublicKey, SecretKey, jws};
//!
//! // Tests only: real keys come from the system's generator, which `inkan-io` passes in.
//! let key = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(1));
//! let text = jws::sign(serde_json::Map::new(), b"payload", &key)?;
//!
//! let known = PublicKey::from_multikey(&key.public_key().to_multikey())?;
//! let jws = jws::Jws::parse(&text, 10_000)?;
//! jws.verify(&known)?;
//! assert_eq!(jws.payload(), b"payload");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bbs;
pub mod data_integrity;
mod ecdsa;
mod es256;
#[cfg(feature = "openssl")]
pub mod jwe;
pub mod jws;
pub mod keys;
pub mod keystore;
pub mod signer;

pub use bbs::BbsError;
pub use keys::{Algorithm, KeyError, KeyType, PublicKey, SignatureError};
pub use signer::{SecretKey, SignError, Signer};
