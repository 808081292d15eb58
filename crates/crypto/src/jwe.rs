//! The compact JWE ([RFC 7516 §7.1]) for answers to verifiers: `ECDH-ES` on P-256 with `A128GCM` or `A256GCM`.
//!
//! In scope: what RFC 7516 leaves open is closed here, before OpenSSL (through josekit) sees a byte: no key wrapping,
//! no compression, no extensions, a tag of 16 bytes, an ephemeral key that is on the curve. Out of scope: who the
//! recipient is. josekit draws the ephemeral key and the nonce itself: the one place below `inkan-io` where
//! randomness is not an argument.
//!
//! [RFC 7516 §7.1]: https://www.rfc-editor.org/rfc/rfc7516#section-7.1

use inkan_core::{
    SecretBytes,
    encoding::decode_b64u,
    json::{self, JsonError},
};
use josekit::jwe::{ECDH_ES, JweHeader, deserialize_compact, serialize_compact};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::{
    keys::{KeyType, PublicKey},
    signer::SecretKey,
};

/// A compact JWE that is well formed and that we may be able to decrypt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Jwe {
    text: String,
    header: Map<String, Value>,
}

impl Jwe {
    /// Reads exactly five parts of strict base64url, in all at most `limit` characters.
    ///
    /// # Errors
    ///
    /// [`JweError`], one variant per rule.
    pub fn parse(text: &str, limit: usize) -> Result<Self, JweError> {
        if text.len() > limit {
            return Err(JweError::TooLarge { size: text.len(), limit });
        }
        let parts: Vec<_> = text.split('.').take(6).collect();
        let [head, wrapped, nonce, sealed, tag] = parts[..] else { return Err(JweError::Shape) };
        let decode = |part| decode_b64u(part).map_err(|_| JweError::Shape);
        let header = json::parse(&decode(head)?, limit).map_err(JweError::Header)?;
        let Value::Object(header) = header else { return Err(JweError::Shape) };
        check_header(&header)?;
        // A shorter tag would be easier to forge, and GCM would take it.
        if !wrapped.is_empty() || decode(nonce)?.len() != 12 || decode(tag)?.len() != 16 {
            return Err(JweError::Shape);
        }
        decode(sealed)?;
        Ok(Self { text: text.to_owned(), header })
    }

    /// The header, authenticated only after [`decrypt`](Self::decrypt).
    #[must_use]
    pub const fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The name of the recipient's key, `kid`.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// Decrypts with the recipient's key.
    ///
    /// # Errors
    ///
    /// [`JweError::KeyType`] unless `key` is a P-256 key; [`JweError::Decryption`] if it is not the recipient's, or
    /// if anything was altered.
    pub fn decrypt(&self, key: &SecretKey) -> Result<SecretBytes, JweError> {
        if key.key_type() != KeyType::P256 {
            return Err(JweError::KeyType);
        }
        let decrypter =
            ECDH_ES.decrypter_from_der(private_key_info(key)).map_err(|_| JweError::KeyType)?;
        let (payload, _) =
            deserialize_compact(&self.text, &decrypter).map_err(|_| JweError::Decryption)?;
        Ok(SecretBytes::new(payload))
    }
}

/// Encrypts `payload` for `recipient`. `alg`, `enc` and `epk` are set here; `header` may bring `kid`, `typ`, `cty`,
/// `apu`, `apv` and members that JWE does not define.
///
/// # Errors
///
/// [`JweError::KeyType`] unless `recipient` is a P-256 key; [`JweError::HeaderRefused`], or
/// [`JweError::HeaderShape`], for a header that [`Jwe::parse`] would not read back; [`JweError::Encryption`].
pub fn encrypt(
    mut header: Map<String, Value>,
    payload: &[u8],
    recipient: &PublicKey,
    encryption: ContentEncryption,
) -> Result<String, JweError> {
    let Some(spki) = recipient.p256_spki() else { return Err(JweError::KeyType) };
    header.insert("alg".to_owned(), ECDH_ES_NAME.into());
    header.insert("enc".to_owned(), encryption.name().into());
    header.insert("epk".to_owned(), recipient.to_jwk());
    check_header(&header)?;
    header.remove("epk");
    let header = JweHeader::from_map(header).map_err(|_| JweError::HeaderShape)?;
    let encrypter = ECDH_ES.encrypter_from_der(spki).map_err(|_| JweError::KeyType)?;
    serialize_compact(payload, &header, &encrypter).map_err(|_| JweError::Encryption)
}

/// How the content is encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ContentEncryption {
    /// AES-GCM with a key of 128 bits.
    A128Gcm,
    /// AES-GCM with a key of 256 bits.
    A256Gcm,
}

impl ContentEncryption {
    /// The `enc` value of [RFC 7518 §5.1](https://www.rfc-editor.org/rfc/rfc7518#section-5.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }
}

const ECDH_ES_NAME: &str = "ECDH-ES";

/// What must hold of a header before it is given to josekit.
fn check_header(header: &Map<String, Value>) -> Result<(), JweError> {
    for name in ["crit", "zip", "b64"] {
        if header.contains_key(name) {
            return Err(JweError::HeaderRefused(name));
        }
    }
    let text = |name| header.get(name).and_then(Value::as_str);
    let encryption = text("enc");
    if text("alg") != Some(ECDH_ES_NAME)
        || ![ContentEncryption::A128Gcm, ContentEncryption::A256Gcm]
            .into_iter()
            .any(|known| encryption == Some(known.name()))
    {
        return Err(JweError::AlgorithmNotAllowed);
    }
    for name in ["typ", "cty", "kid"] {
        if header.get(name).is_some_and(|value| !value.is_string()) {
            return Err(JweError::HeaderShape);
        }
    }
    for name in ["apu", "apv"] {
        let strict = |value: &Value| value.as_str().is_some_and(|text| decode_b64u(text).is_ok());
        if header.get(name).is_some_and(|value| !strict(value)) {
            return Err(JweError::HeaderShape);
        }
    }
    let ephemeral = header.get("epk").and_then(|jwk| PublicKey::from_jwk(jwk).ok());
    match ephemeral.map(|key| key.key_type()) {
        Some(KeyType::P256) => Ok(()),
        Some(KeyType::Ed25519 | KeyType::P384 | KeyType::P521 | KeyType::Bls12381G2) | None => {
            Err(JweError::EphemeralKey)
        }
    }
}

/// The private key as PKCS #8 (RFC 5208 §5) around RFC 5915, wiped on drop.
fn private_key_info(key: &SecretKey) -> Zeroizing<Vec<u8>> {
    const PREFIX: [u8; 35] = [
        0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
        0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25,
        0x02, 0x01, 0x01, 0x04, 0x20,
    ];
    let mut der = Zeroizing::new(Vec::with_capacity(67));
    der.extend_from_slice(&PREFIX);
    key.append_to(&mut der);
    der
}

/// Why something is not encrypted or decrypted. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JweError {
    /// More characters than the caller's limit.
    #[error("JWE has {size} characters, more than the limit of {limit}")]
    TooLarge {
        /// Characters given.
        size: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// Not five parts of strict base64url with an object in front, no encrypted key, 12 and 16 bytes of nonce and tag.
    #[error("JWE does not have the shape of ECDH-ES with GCM")]
    Shape,
    /// The header is not JSON with one reading.
    #[error("header of the JWE is not JSON with one reading")]
    Header(#[source] JsonError),
    /// A member of the header has the wrong type or encoding.
    #[error("header of the JWE does not have the expected shape")]
    HeaderShape,
    /// The header has `crit`, `zip` or `b64`.
    #[error("header of the JWE has the member {0:?}, which is not supported")]
    HeaderRefused(&'static str),
    /// `alg` is not `ECDH-ES`, or `enc` neither `A128GCM` nor `A256GCM`.
    #[error("algorithms of the JWE are not ECDH-ES with A128GCM or A256GCM")]
    AlgorithmNotAllowed,
    /// `epk` is not a public P-256 key.
    #[error("ephemeral key of the JWE is not a P-256 key")]
    EphemeralKey,
    /// The key given is not a P-256 key.
    #[error("key is not a P-256 key")]
    KeyType,
    /// It is for another key, or was altered.
    #[error("JWE does not decrypt with this key")]
    Decryption,
    /// OpenSSL did not encrypt.
    #[error("encryption failed")]
    Encryption,
}

impl JweError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "input-too-large",
            Self::Shape => "jwe-malformed",
            Self::Header(_) => "jwe-header-malformed",
            Self::HeaderShape => "jwe-header-shape",
            Self::HeaderRefused(_) => "jwe-header-unsupported",
            Self::AlgorithmNotAllowed => "jwe-algorithm-not-allowed",
            Self::EphemeralKey => "jwe-ephemeral-key-invalid",
            Self::KeyType => "jwe-key-unsuitable",
            Self::Decryption => "jwe-decryption-failed",
            Self::Encryption => "jwe-encryption-failed",
        }
    }
}

#[cfg(test)]
mod tests;
