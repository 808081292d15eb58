//! WebAuthn ([Level 3](https://www.w3.org/TR/webauthn-3/)) as a second factor beside a presentation (assurance §7): does an authenticator that was
//! registered to this holder answer for these very bytes, and what is known of its model?
//!
//! In scope: client data, authenticator data, keys and signatures, registration with attestation, assertions; all of it as values
//! in, values out. What a verifier keeps between two ceremonies is its [`Registration`]; the new counter is handed back. Out of scope: which
//! models are certified ([`crate::metadata`]), and asking a browser.
//!
//! Written here, over `der` and `webpki`: the libraries for relying parties draw challenges of their own, and the challenge is what binds an
//! authenticator to a presentation; they also bring some hundred crates along, key stores and generators among them.

pub mod assertion;
mod attestation;
mod authenticator_data;
mod cbor;
mod client_data;
mod error;
mod key;
pub mod registration;

use inkan_core::{Digest, sha256};

pub use assertion::{Assertion, Proved, verify};
pub use attestation::{Attested, ToldBy, platform_structure, read_attestation_object};
pub use authenticator_data::{Aaguid, AuthenticatorData, Flags};
pub use client_data::{Ceremony, ClientData};
pub use error::WebauthnError;
pub use key::CredentialKey;
pub use registration::{Registration, RegistrationResponse, register};

/// The largest client data, authenticator data and attestation object, in bytes.
pub const LIMIT: usize = 64 << 10;
/// The longest credential id (WebAuthn §5.8.3).
pub const CREDENTIAL_ID_LIMIT: usize = 1_023;
/// What a challenge begins with.
const DOMAIN: &[u8] = b"inkan-aal-bind-v1";

/// Where a verifier meets its users.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Site {
    /// The relying party id: a host name.
    pub rp_id: String,
    /// Every origin its pages have: `https://bank.example`.
    pub origins: Vec<String>,
}

/// The challenge that binds an authenticator to a presentation: SHA-256 of a fixed text, a zero byte, the nonce as it stands in the
/// presentation, and the digest of the presentation (assurance §7).
///
/// The nonce is taken as the bytes of its text, not of what it may encode: so there is one reading of it.
#[must_use]
pub fn challenge(nonce: &str, presentation: &Digest) -> Digest {
    sha256(&[DOMAIN, &[0], nonce.as_bytes(), presentation.as_bytes()])
}
