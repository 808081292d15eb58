//! SD-JWT: a JWT whose claims the holder may show one by one ([RFC 9901](https://www.rfc-editor.org/rfc/rfc9901)).
//!
//! In scope: the compact form and both JSON serialisations on reading, the rules of §7.1, making, choosing what to show,
//! the key binding JWT. Out of scope: what the claims mean (`sd_jwt_vc` and `secured` give two meanings), whose key the
//! issuer's is, and time except that of the key binding.

mod derive;
mod disclosure;
mod error;
mod form;
mod issue;
mod key_binding;
mod path;
mod process;

use std::sync::Arc;

use inkan_crypto::jws::Jws;
use inkan_crypto::{PublicKey, SignatureError};
use serde_json::Value;

pub use self::derive::DeriveError;
pub use self::disclosure::Disclosure;
pub use self::error::{KeyBindingError, SdJwtError};
pub use self::issue::{Concealment, DisclosureSource, Hidden, RandomSource, conceal, issue, sign};
pub use self::key_binding::{BindingTerms, Confirmation, Expected, KeyBinding};
pub use self::path::{ClaimPath, ClaimPathError, PathStep, Place, Step};
pub use self::process::Located;

/// An SD-JWT whose disclosures all belong to it. Nothing is known of its signatures before [`SdJwt::verify`].
///
/// A value of this type keeps to every rule of RFC 9901 §7.1 but the signature and the times.
#[derive(Clone, Debug, PartialEq)]
pub struct SdJwt {
    /// Everything up to the last `~`, which is what `sd_hash` covers.
    shown: String,
    issuer: IssuerSignature,
    /// More signatures over the same payload, from the general JSON serialisation.
    others: Vec<IssuerSignature>,
    disclosures: Vec<Disclosure>,
    key_binding: Option<KeyBinding>,
    processed: process::Processed,
}

/// One signature of the issuer over the payload. The compact form has exactly one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssuerSignature {
    jws: Jws,
    unprotected_kid: Option<String>,
}

impl IssuerSignature {
    /// The issuer-signed JWT.
    #[must_use]
    pub const fn jws(&self) -> &Jws {
        &self.jws
    }

    /// The name of the key: `kid` of the protected header, or else of the unprotected one, which nobody signed.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.jws.kid().or(self.unprotected_kid.as_deref())
    }
}

impl SdJwt {
    /// Reads the compact form: `JWT~disclosure~…~` and, perhaps, a key binding JWT. At most `limits::JWS` characters.
    ///
    /// # Examples
    ///
    /// ```
    /// use inkan_credential::sd_jwt::SdJwt;
    ///
    /// assert_eq!(SdJwt::parse("a.b.c").unwrap_err().code(), "sd-jwt-malformed");
    /// ```
    ///
    /// # Errors
    ///
    /// [`SdJwtError`], one variant per rule; none is worth a retry.
    pub fn parse(text: &str) -> Result<Self, SdJwtError> {
        form::parse_compact(text)
    }

    /// Reads a flattened or general JWS JSON serialisation (§8).
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn parse_json(value: &Value) -> Result<Self, SdJwtError> {
        form::parse_json(value)
    }

    /// The issuer-signed JWT; of several signatures the first, which is the one that `sd_hash` covers.
    #[must_use]
    pub const fn jws(&self) -> &Jws {
        self.issuer.jws()
    }

    /// The issuer's signatures: one, or those of the general JSON serialisation in their order.
    pub fn signatures(&self) -> impl Iterator<Item = &IssuerSignature> {
        std::iter::once(&self.issuer).chain(&self.others)
    }

    /// The media type that the issuer's header names, `typ`.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.jws().typ()
    }

    /// The claims: what is plain, and what the disclosures show (the Processed SD-JWT Payload of §7.1).
    #[must_use]
    pub fn payload(&self) -> &Value {
        &self.processed.payload
    }

    /// The same, shared.
    pub(crate) fn shared_payload(&self) -> Arc<Value> {
        Arc::clone(&self.processed.payload)
    }

    /// The disclosures, in the order they are written.
    #[must_use]
    pub fn disclosures(&self) -> &[Disclosure] {
        &self.disclosures
    }

    /// Where each of [`Self::disclosures`] stands in [`Self::payload`], in the same order.
    #[must_use]
    pub fn located(&self) -> &[Located] {
        &self.processed.located
    }

    /// Number of digests that no disclosure here belongs to: claims not shown, and decoys.
    #[must_use]
    pub const fn concealed(&self) -> usize {
        self.processed.concealed
    }

    /// The key binding JWT, if the holder made one.
    #[must_use]
    pub const fn key_binding(&self) -> Option<&KeyBinding> {
        self.key_binding.as_ref()
    }

    /// Whose key the issuer confirmed (`cnf`, [RFC 7800 §3](https://www.rfc-editor.org/rfc/rfc7800#section-3)).
    ///
    /// # Errors
    ///
    /// [`SdJwtError::Confirmation`] if `cnf` is there and none of `jwk`, `kid` and `jkt` can be read from it.
    pub fn confirmation(&self) -> Result<Option<Confirmation>, SdJwtError> {
        key_binding::confirmation(self.payload())
    }

    /// Checks the first signature with the issuer's key, which the caller resolved.
    ///
    /// # Errors
    ///
    /// [`SignatureError`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        self.jws().verify(key)
    }

    /// The compact form.
    #[must_use]
    pub fn to_compact(&self) -> String {
        let binding = self.key_binding.as_ref().map_or("", KeyBinding::as_str);
        format!("{}{binding}", self.shown)
    }

    /// Everything but the key binding JWT: ends with `~`.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

#[cfg(test)]
mod tests;
