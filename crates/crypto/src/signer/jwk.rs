//! Private JWKs, for keys that come from other tools or go to them.
//!
//! In scope: `OKP`/`Ed25519` ([RFC 8037 §2]) and `EC`/`P-256`, `P-384` or `P-521` ([RFC 7518 §6.2.2]) with `d`. Out of scope: encrypted
//! JWKs; files (`inkan-io`).
//!
//! [RFC 8037 §2]: https://www.rfc-editor.org/rfc/rfc8037#section-2
//! [RFC 7518 §6.2.2]: https://www.rfc-editor.org/rfc/rfc7518#section-6.2.2

use inkan_core::encoding::secret;
use inkan_core::{SecretBytes, json};
use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use super::SecretKey;
use crate::keys::{KeyError, KeyType, PublicKey};

/// A JWK of ours has fewer than 300 characters.
const LIMIT: usize = 16 << 10;

impl SecretKey {
    /// Reads a private JWK, as JSON text.
    ///
    /// Members that do not describe the key (`kid`, `use`, `alg`, …) are not looked at.
    ///
    /// # Errors
    ///
    /// [`KeyError::Encoding`] if this is not JSON, or a member is missing or not strict base64url;
    /// [`KeyError::Mismatch`] if `x` and `y` are not the public half of `d`; otherwise as
    /// [`PublicKey::from_jwk`].
    pub fn from_private_jwk(text: &SecretBytes) -> Result<Self, KeyError> {
        let mut jwk = json::parse(text.expose_secret(), LIMIT).map_err(|_| KeyError::Encoding)?;
        let read = read(&mut jwk);
        wipe(&mut jwk);
        read
    }

    /// The private JWK, as JSON text in canonical form.
    #[must_use]
    pub fn to_private_jwk(&self) -> SecretBytes {
        let mut own = Zeroizing::new(Vec::with_capacity(self.key_type().secret_length()));
        self.append_to(&mut own);
        let public = self.public.to_jwk();
        // One allocation: a text that grows leaves its old bytes behind.
        let mut text = Vec::with_capacity(512);
        let mut before = '{';
        for name in ["crv", "d", "kty", "x", "y"] {
            let value = json::text(&public, name);
            if name != "d" && value.is_none() {
                continue;
            }
            text.extend_from_slice(format!("{before}\"{name}\":\"").as_bytes());
            match value {
                Some(value) => text.extend_from_slice(value.as_bytes()),
                None => text.extend_from_slice(secret::b64u(&own).expose_secret()),
            }
            text.push(b'"');
            before = ',';
        }
        text.push(b'}');
        SecretBytes::new(text)
    }
}

/// Takes `d` out of the JWK, and reads what remains as a public one.
fn read(jwk: &mut Value) -> Result<SecretKey, KeyError> {
    let Some(Value::String(d)) = jwk.as_object_mut().and_then(|members| members.remove("d")) else {
        return Err(KeyError::Encoding);
    };
    let d = Zeroizing::new(d);
    let public = PublicKey::from_jwk(jwk)?;
    let d = decode(&d, public.key_type())?;
    let secret = SecretKey::from_secret_bytes(public.key_type(), &d)?;
    if secret.public_key() == public { Ok(secret) } else { Err(KeyError::Mismatch) }
}

/// Reads strict base64url of a secret.
fn decode(text: &str, key_type: KeyType) -> Result<SecretBytes, KeyError> {
    let length = key_type.secret_length();
    if text.len() != length.saturating_mul(4).div_ceil(3) {
        return Err(KeyError::Length(text.len()));
    }
    secret::decode_b64u(text).map_err(|_| KeyError::Encoding)
}

/// Wipes every text in the value: what we did not read may be a secret of another kind.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
