//! What the client says it was asked ([WebAuthn §5.8.1](https://www.w3.org/TR/webauthn-3/#dictionary-client-data)): type, challenge, origin.
//!
//! In scope: strict JSON, so that no second parser could see another origin. Members that are not known are passed over: browsers add some
//! to keep relying parties from comparing templates.

use inkan_core::{Digest, json, sha256};
use serde_json::Value;

use super::{LIMIT, Site, WebauthnError};

/// What a client was asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ceremony {
    /// A new credential: `webauthn.create`.
    Create,
    /// An assertion: `webauthn.get`.
    Get,
}

/// Client data, read. Nothing is known of its signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientData {
    ceremony: Ceremony,
    challenge: String,
    origin: String,
    cross_origin: bool,
    digest: Digest,
}

impl ClientData {
    /// Reads the JSON, at most [`LIMIT`] bytes.
    ///
    /// # Errors
    ///
    /// [`WebauthnError::ClientData`], [`WebauthnError::Ceremony`] for a type that is neither.
    pub fn parse(bytes: &[u8]) -> Result<Self, WebauthnError> {
        let wrong = WebauthnError::ClientData;
        let value = json::parse(bytes, LIMIT).map_err(|_| wrong("not JSON with one reading"))?;
        let text = |name| json::text(&value, name).map(str::to_owned);
        let ceremony = match json::text(&value, "type") {
            Some("webauthn.create") => Ceremony::Create,
            Some("webauthn.get") => Ceremony::Get,
            Some(_) => return Err(WebauthnError::Ceremony),
            None => return Err(wrong("type")),
        };
        let framed = match value.get("crossOrigin") {
            None | Some(Value::Bool(false)) => false,
            Some(Value::Bool(true)) => true,
            Some(_) => return Err(wrong("crossOrigin")),
        };
        Ok(Self {
            ceremony,
            challenge: text("challenge").ok_or(wrong("challenge"))?,
            origin: text("origin").ok_or(wrong("origin"))?,
            // Only a page inside another has one.
            cross_origin: framed || value.get("topOrigin").is_some(),
            digest: sha256(&[bytes]),
        })
    }

    /// Checks what was asked, for what, and by which page (WebAuthn §7.1 steps 7–11, §7.2 steps 11–15).
    ///
    /// # Errors
    ///
    /// [`WebauthnError`], one variant per step.
    pub fn check(
        &self,
        ceremony: Ceremony,
        challenge: &Digest,
        site: &Site,
    ) -> Result<(), WebauthnError> {
        if self.ceremony != ceremony {
            Err(WebauthnError::Ceremony)
        } else if self.challenge != challenge.to_b64u() {
            Err(WebauthnError::Challenge)
        } else if !site.origins.contains(&self.origin) {
            Err(WebauthnError::Origin)
        } else if self.cross_origin {
            Err(WebauthnError::CrossOrigin)
        } else {
            Ok(())
        }
    }

    /// SHA-256 of its bytes, as the authenticator signs it.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}
