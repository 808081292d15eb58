//! Keys of credentials ([COSE, RFC 9052 §7](https://www.rfc-editor.org/rfc/rfc9052#section-7), RFC 9053, RFC 8230) and what they sign.
//!
//! In scope: ES256, ES384, EdDSA on Ed25519, RS256. Out of scope: RS1, which is broken, and curves that nobody's authenticator has.

use der::asn1::UintRef;
use der::{Decode as _, Sequence};
use inkan_core::encoding;
use inkan_crypto::{KeyType, PublicKey};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};
use x509_cert::Certificate;

use super::cbor::Item;
use crate::tsa::asn1::RSA;
use crate::x5c::key_of;

/// COSE algorithms (IANA).
pub(super) const ES256: i64 = -7;
pub(super) const EDDSA: i64 = -8;
pub(super) const ES384: i64 = -35;
pub(super) const RS256: i64 = -257;
/// The largest modulus in bytes, as its engine takes it.
const MODULUS: usize = 1_024;

/// The public key of a credential, parsed once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CredentialKey(Kind);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Kind {
    /// ES256, ES384, EdDSA.
    Ours(PublicKey),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

impl CredentialKey {
    /// Reads a key with the parameters of its kind; others are not looked at.
    pub(super) fn from_cose(map: &Item<'_>) -> Option<Self> {
        let number = |label| map.numbered(label).and_then(Item::integer);
        let bytes = |label| map.numbered(label).and_then(Item::bytes);
        // What is private has no place here (RFC 9053 §7: `d`).
        if map.numbered(-4).is_some() {
            return None;
        }
        let jwk = match (number(1)?, number(3)?, number(-1)) {
            (2, ES256, Some(1)) => ec("P-256", bytes(-2)?, bytes(-3)?),
            (2, ES384, Some(2)) => ec("P-384", bytes(-2)?, bytes(-3)?),
            (1, EDDSA, Some(6)) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encoding::b64u(bytes(-2)?) })
            }
            (3, RS256, _) => return Self::from_rsa(bytes(-1)?, bytes(-2)?),
            _ => return None,
        };
        PublicKey::from_jwk(&jwk).ok().map(|key| Self(Kind::Ours(key)))
    }

    /// A point on a curve, its coordinates in full length.
    pub(super) fn from_point(curve: &str, x: &[u8], y: &[u8]) -> Option<Self> {
        PublicKey::from_jwk(&ec(curve, x, y)).ok().map(|key| Self(Kind::Ours(key)))
    }

    /// The key of a certificate, DER.
    pub(super) fn from_certificate(certificate: &[u8]) -> Option<Self> {
        if let Ok(key) = key_of(certificate) {
            return Some(Self(Kind::Ours(key)));
        }
        let certificate = Certificate::from_der(certificate).ok()?;
        let info = certificate.tbs_certificate().subject_public_key_info();
        if info.algorithm.oid != RSA {
            return None;
        }
        let key = RsaKey::from_der(info.subject_public_key.as_bytes()?).ok()?;
        Self::from_rsa(key.modulus.as_bytes(), key.exponent.as_bytes())
    }

    pub(super) fn from_rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        // RFC 8230 §4: without leading zeros. The engine refuses keys below 2048 bits.
        let whole = |number: &[u8]| number.first().is_some_and(|first| *first != 0);
        let fits = (256..=MODULUS).contains(&modulus.len()) && (1..=8).contains(&exponent.len());
        (fits && whole(modulus) && whole(exponent))
            .then(|| Self(Kind::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() }))
    }

    /// The JWK, as a registration keeps it.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        match &self.0 {
            Kind::Ours(key) => key.to_jwk(),
            Kind::Rsa { modulus, exponent } => json!({
                "e": encoding::b64u(exponent), "kty": "RSA", "n": encoding::b64u(modulus),
            }),
        }
    }

    /// Reads what [`Self::to_jwk`] wrote.
    #[must_use]
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        if inkan_core::json::text(jwk, "kty") != Some("RSA") {
            let key = PublicKey::from_jwk(jwk).ok()?;
            let signs = !matches!(key.key_type(), KeyType::Bls12381G2 | KeyType::P521);
            return signs.then_some(Self(Kind::Ours(key)));
        }
        let number =
            |name| encoding::decode_b64u(inkan_core::json::text(jwk, name).unwrap_or("")).ok();
        if jwk.get("d").is_some() {
            return None;
        }
        Self::from_rsa(&number("n")?, &number("e")?)
    }

    /// The one algorithm that the key signs with.
    pub(super) fn algorithm(&self) -> Option<i64> {
        match &self.0 {
            Kind::Rsa { .. } => Some(RS256),
            Kind::Ours(key) => match key.key_type() {
                KeyType::P256 => Some(ES256),
                KeyType::P384 => Some(ES384),
                KeyType::Ed25519 => Some(EDDSA),
                KeyType::P521 | KeyType::Bls12381G2 => None,
            },
        }
    }

    /// Whether a signature in the form of authenticators (WebAuthn §6.5.5: ECDSA in DER) is this key's over `message`.
    #[must_use]
    pub fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Kind::Rsa { modulus, exponent } => {
                RsaPublicKeyComponents { n: modulus.as_slice(), e: exponent.as_slice() }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                    .is_ok()
            }
            Kind::Ours(key) => {
                let plain = match key.key_type() {
                    KeyType::P256 => plain_ecdsa(signature, 32),
                    KeyType::P384 => plain_ecdsa(signature, 48),
                    KeyType::Ed25519 => Some(signature.to_vec()),
                    KeyType::P521 | KeyType::Bls12381G2 => None,
                };
                plain.is_some_and(|plain| key.verify(message, &plain).is_ok())
            }
        }
    }
}

/// RFC 8017 §A.1.1.
#[derive(Sequence)]
struct RsaKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

fn ec(curve: &str, x: &[u8], y: &[u8]) -> Value {
    json!({ "kty": "EC", "crv": curve, "x": encoding::b64u(x), "y": encoding::b64u(y) })
}

/// RFC 3279 §2.2.3.
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// `r‖s` with halves of that length from DER.
fn plain_ecdsa(signature: &[u8], half: usize) -> Option<Vec<u8>> {
    let parsed = EcdsaSignature::from_der(signature).ok()?;
    let mut out = Vec::new();
    for number in [parsed.r.as_bytes(), parsed.s.as_bytes()] {
        out.resize(out.len().saturating_add(half.checked_sub(number.len())?), 0);
        out.extend_from_slice(number);
    }
    Some(out)
}
