//! Public keys with one form each, and signature verification.
//!
//! In scope: Multikey ([CID 1.0 §2.2.2]), JWK ([RFC 7517], [RFC 8037]) and raw bytes, parsed once; Ed25519
//! (strict), ES256, ES384 and ES512 verification; keys of BBS, which verify in [`crate::bbs`]. Out of scope: whose key it is, and for what it may be used.
//!
//! [CID 1.0 §2.2.2]: https://www.w3.org/TR/cid-1.0/#Multikey
//! [RFC 7517]: https://www.rfc-editor.org/rfc/rfc7517
//! [RFC 8037]: https://www.rfc-editor.org/rfc/rfc8037

use std::{cmp::Ordering, fmt, sync::Arc};

use ed25519_dalek::VerifyingKey;
use inkan_core::{
    encoding::{self, b64u},
    json, sha256,
};
use serde_json::{Value, json};

use crate::bbs::BbsKey;
use crate::ecdsa::{Es384Key, Es512Key};
use crate::es256::Es256Key;

mod error;
mod kinds;
pub use error::{KeyError, SignatureError};
pub use kinds::{Algorithm, KeyType};

/// Multicodec `ed25519-pub`, as a varint.
const ED25519_PUB: [u8; 2] = [0xed, 0x01];
/// Multicodec `bls12_381-g2-pub`, as a varint.
const BLS12_381_G2_PUB: [u8; 2] = [0xeb, 0x01];
/// Multicodec `p256-pub`, as a varint.
const P256_PUB: [u8; 2] = [0x80, 0x24];
/// Multicodec `p384-pub`, as a varint.
const P384_PUB: [u8; 2] = [0x81, 0x24];
/// Multicodec `p521-pub`, as a varint.
const P521_PUB: [u8; 2] = [0x82, 0x24];

/// A public key: on its curve, in canonical form, not of small order; parsed once, cheap to clone.
///
/// Two keys are equal if their bytes are. The order is that of type, then bytes.
#[derive(Clone)]
pub struct PublicKey(Arc<Parsed>);

enum Parsed {
    Ed25519(VerifyingKey),
    P256(Es256Key),
    P384(Es384Key),
    P521(Box<Es512Key>),
    Bls12381G2(Box<BbsKey>),
}

impl PublicKey {
    /// Takes 32 bytes of Ed25519 ([RFC 8032 §5.1.5](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.5)),
    /// the 33, 49 or 67 bytes of a compressed P-256, P-384 or P-521 point (SEC 1 §2.3.3), or the 96 of a compressed point of
    /// BLS12-381 G2 ([draft-irtf-cfrg-bbs-signatures, "Octets to Public Key"][crate::bbs]).
    ///
    /// # Errors
    ///
    /// [`KeyError::Length`], [`KeyError::NotOnCurve`], [`KeyError::NotCanonical`] or [`KeyError::SmallOrder`].
    pub fn from_raw(key_type: KeyType, bytes: &[u8]) -> Result<Self, KeyError> {
        match key_type {
            KeyType::Ed25519 => {
                let bytes = bytes.try_into().map_err(|_| KeyError::Length(bytes.len()))?;
                Self::from_ed25519(bytes)
            }
            KeyType::P256 | KeyType::P384 | KeyType::P521 => match bytes {
                [first, x @ ..] if x.len() == key_type.secret_length() => match (first, key_type) {
                    (2 | 3, KeyType::P384) => Self::from_p384_sec1(bytes),
                    (2 | 3, KeyType::P521) => Self::from_p521_sec1(bytes),
                    (2 | 3, _) => Self::from_sec1(bytes),
                    _ => Err(KeyError::NotCanonical),
                },
                _ => Err(KeyError::Length(bytes.len())),
            },
            KeyType::Bls12381G2 => {
                let bytes = bytes.try_into().map_err(|_| KeyError::Length(bytes.len()))?;
                Ok(Self::from_bbs(BbsKey::from_compressed(bytes)?))
            }
        }
    }

    /// Reads a Multikey: `z`, base58btc, multicodec prefix `ed25519-pub`, `p256-pub`, `p384-pub`,
    /// `p521-pub` or `bls12_381-g2-pub`.
    ///
    /// # Errors
    ///
    /// [`KeyError::Encoding`] for another base, [`KeyError::Unsupported`] for another multicodec, otherwise as
    /// [`from_raw`](Self::from_raw).
    pub fn from_multikey(text: &str) -> Result<Self, KeyError> {
        let (key_type, raw) = split_multikey(text)?;
        Self::from_raw(key_type, &raw)
    }

    /// As [`from_multikey`](Self::from_multikey), of a key that may be at hand already: to find its point again takes as long as a
    /// tenth of a signature check.
    ///
    /// # Errors
    ///
    /// As [`from_multikey`](Self::from_multikey).
    pub fn from_multikey_among(text: &str, known: &[Self]) -> Result<Self, KeyError> {
        let (key_type, raw) = split_multikey(text)?;
        let same = |key: &&Self| key.key_type() == key_type && key.bytes() == raw;
        match known.iter().find(same) {
            Some(key) => Ok(key.clone()),
            None => Self::from_raw(key_type, &raw),
        }
    }

    /// The Multikey form: `z6Mk…`, `zDn…`, `z82…`, `z2J9…` or `zUC7…`.
    #[must_use]
    pub fn to_multikey(&self) -> String {
        let prefix = match self.key_type() {
            KeyType::Ed25519 => ED25519_PUB,
            KeyType::P256 => P256_PUB,
            KeyType::P384 => P384_PUB,
            KeyType::P521 => P521_PUB,
            KeyType::Bls12381G2 => BLS12_381_G2_PUB,
        };
        encoding::multibase58(&[&prefix, self.bytes()].concat())
    }

    /// Reads a public JWK: `OKP`/`Ed25519` ([RFC 8037 §2](https://www.rfc-editor.org/rfc/rfc8037#section-2)) or
    /// `EC`/`P-256`, `P-384` or `P-521` ([RFC 7518 §6.2](https://www.rfc-editor.org/rfc/rfc7518#section-6.2)), or
    /// `EC`/`BLS12381G2` ([draft-ietf-cose-bls-key-representations](https://datatracker.ietf.org/doc/draft-ietf-cose-bls-key-representations/)).
    ///
    /// Members that do not describe the key (`kid`, `use`, `alg`, …) are not looked at.
    ///
    /// # Errors
    ///
    /// [`KeyError::HoldsPrivate`] if `d` is there: such a document publishes a private key.
    /// [`KeyError::Unsupported`] for another type or curve; [`KeyError::Encoding`] if a coordinate is missing or
    /// is not strict base64url; otherwise as [`from_raw`](Self::from_raw).
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let kty = json::text(jwk, "kty").ok_or(KeyError::Encoding)?;
        if jwk.get("d").is_some() {
            return Err(KeyError::HoldsPrivate);
        }
        match (kty, json::text(jwk, "crv")) {
            ("OKP", Some("Ed25519")) => Self::from_ed25519(&coordinate(jwk, "x")?),
            ("EC", Some("P-256")) => {
                let (x, y): ([u8; 32], [u8; 32]) = (coordinate(jwk, "x")?, coordinate(jwk, "y")?);
                Self::from_sec1(&[&[4_u8][..], &x, &y].concat())
            }
            ("EC", Some("P-384")) => {
                let (x, y): ([u8; 48], [u8; 48]) = (coordinate(jwk, "x")?, coordinate(jwk, "y")?);
                Self::from_p384_sec1(&[&[4_u8][..], &x, &y].concat())
            }
            ("EC", Some("P-521")) => {
                let (x, y): ([u8; 66], [u8; 66]) = (coordinate(jwk, "x")?, coordinate(jwk, "y")?);
                Self::from_p521_sec1(&[&[4_u8][..], &x, &y].concat())
            }
            ("EC", Some("BLS12381G2")) => {
                let key = BbsKey::from_coordinates(&coordinate(jwk, "x")?, &coordinate(jwk, "y")?)?;
                Ok(Self::from_bbs(key))
            }
            ("OKP" | "EC", None) => Err(KeyError::Encoding),
            _ => Err(KeyError::Unsupported),
        }
    }

    /// The public JWK, with the members of its thumbprint and no others.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        match &*self.0 {
            Parsed::Ed25519(key) => {
                json!({"crv": "Ed25519", "kty": "OKP", "x": b64u(key.as_bytes())})
            }
            Parsed::P256(key) => {
                let (x, y) = key.coordinates();
                json!({"crv": "P-256", "kty": "EC", "x": b64u(x), "y": b64u(y)})
            }
            Parsed::P384(key) => {
                let (x, y) = key.coordinates();
                json!({"crv": "P-384", "kty": "EC", "x": b64u(x), "y": b64u(y)})
            }
            Parsed::P521(key) => {
                let (x, y) = key.coordinates();
                json!({"crv": "P-521", "kty": "EC", "x": b64u(x), "y": b64u(y)})
            }
            Parsed::Bls12381G2(key) => {
                let (x, y) = key.coordinates();
                json!({"crv": "BLS12381G2", "kty": "EC", "x": b64u(&x), "y": b64u(&y)})
            }
        }
    }

    /// The JWK thumbprint with SHA-256 ([RFC 7638 §3](https://www.rfc-editor.org/rfc/rfc7638#section-3)), base64url.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        // Members in lexicographic order without white space, as §3.2 wants them.
        let text = match &*self.0 {
            Parsed::Ed25519(key) => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, b64u(key.as_bytes()))
            }
            Parsed::P256(key) => {
                let (x, y) = key.coordinates();
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, b64u(x), b64u(y))
            }
            Parsed::P384(key) => {
                let (x, y) = key.coordinates();
                format!(r#"{{"crv":"P-384","kty":"EC","x":"{}","y":"{}"}}"#, b64u(x), b64u(y))
            }
            Parsed::P521(key) => {
                let (x, y) = key.coordinates();
                format!(r#"{{"crv":"P-521","kty":"EC","x":"{}","y":"{}"}}"#, b64u(x), b64u(y))
            }
            Parsed::Bls12381G2(key) => {
                let (x, y) = key.coordinates();
                format!(
                    r#"{{"crv":"BLS12381G2","kty":"EC","x":"{}","y":"{}"}}"#,
                    b64u(&x),
                    b64u(&y)
                )
            }
        };
        sha256(&[text.as_bytes()]).to_b64u()
    }

    /// The bytes that [`from_raw`](Self::from_raw) takes: 32 for Ed25519, 33 for P-256, 49 for P-384, 67 for P-521, 96 for BLS12-381 G2.
    #[must_use]
    pub fn raw(&self) -> Vec<u8> {
        self.bytes().to_vec()
    }

    /// The type of this key.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        match &*self.0 {
            Parsed::Ed25519(_) => KeyType::Ed25519,
            Parsed::P256(_) => KeyType::P256,
            Parsed::P384(_) => KeyType::P384,
            Parsed::P521(_) => KeyType::P521,
            Parsed::Bls12381G2(_) => KeyType::Bls12381G2,
        }
    }

    /// The one algorithm this key signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.key_type().algorithm()
    }

    /// Checks a signature: 64 bytes `R‖S` of Ed25519 or `r‖s` of ES256, 96 bytes `r‖s` of ES384, 132 of ES512.
    ///
    /// Ed25519 is strict: no small-order `R`, `S` below the group order, and the equation without the cofactor, so
    /// that two correct verifiers agree. ECDSA takes a high `s` as well as a low one, as JWS does.
    ///
    /// # Errors
    ///
    /// [`SignatureError::AlgorithmMismatch`] for a key of BBS, whose signatures are over lists of messages
    /// ([`crate::bbs`]): it can neither authenticate anybody nor sign a token or an entry of a ledger.
    /// [`SignatureError::Length`] for any other length, [`SignatureError::Mismatch`] if it is not this key's
    /// signature over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let wrong_length = |_| SignatureError::Length(signature.len());
        let accepted = match &*self.0 {
            Parsed::Ed25519(key) => {
                let signature: &[u8; 64] = signature.try_into().map_err(wrong_length)?;
                let signature = ed25519_dalek::Signature::from_bytes(signature);
                key.verify_strict(message, &signature).is_ok()
            }
            Parsed::P256(key) => key.accepts(message, signature.try_into().map_err(wrong_length)?),
            Parsed::P384(key) if signature.len() == self.algorithm().signature_length() => {
                key.accepts(message, signature)
            }
            Parsed::P521(key) if signature.len() == self.algorithm().signature_length() => {
                key.accepts(message, signature)
            }
            Parsed::P384(_) | Parsed::P521(_) => {
                return Err(SignatureError::Length(signature.len()));
            }
            Parsed::Bls12381G2(_) => return Err(SignatureError::AlgorithmMismatch),
        };
        if accepted { Ok(()) } else { Err(SignatureError::Mismatch) }
    }

    /// Takes a P-256 point in SEC 1 form, compressed or not.
    pub(crate) fn from_sec1(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = Es256Key::from_sec1(bytes).ok_or(KeyError::NotOnCurve)?;
        Ok(Self(Arc::new(Parsed::P256(key))))
    }

    /// Takes a P-384 point in SEC 1 form, compressed or not.
    pub(crate) fn from_p384_sec1(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = Es384Key::from_sec1(bytes).ok_or(KeyError::NotOnCurve)?;
        Ok(Self(Arc::new(Parsed::P384(key))))
    }

    /// Takes a P-521 point in SEC 1 form, compressed or not.
    pub(crate) fn from_p521_sec1(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = Es512Key::from_sec1(bytes).ok_or(KeyError::NotOnCurve)?;
        Ok(Self(Arc::new(Parsed::P521(Box::new(key)))))
    }

    /// SubjectPublicKeyInfo of a P-256 key; `None` for others.
    #[cfg(feature = "openssl")]
    pub(crate) fn p256_spki(&self) -> Option<Vec<u8>> {
        match &*self.0 {
            Parsed::Ed25519(_) | Parsed::P384(_) | Parsed::P521(_) | Parsed::Bls12381G2(_) => None,
            Parsed::P256(key) => key.spki(),
        }
    }

    pub(crate) fn from_bbs(key: BbsKey) -> Self {
        Self(Arc::new(Parsed::Bls12381G2(Box::new(key))))
    }

    /// The key, if it is one of BBS.
    pub(crate) fn bbs(&self) -> Option<&BbsKey> {
        match &*self.0 {
            Parsed::Ed25519(_) | Parsed::P256(_) | Parsed::P384(_) | Parsed::P521(_) => None,
            Parsed::Bls12381G2(key) => Some(key),
        }
    }

    fn from_ed25519(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotOnCurve)?;
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::NotCanonical);
        }
        if key.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        Ok(Self(Arc::new(Parsed::Ed25519(key))))
    }

    fn bytes(&self) -> &[u8] {
        match &*self.0 {
            Parsed::Ed25519(key) => key.as_bytes(),
            Parsed::P256(key) => key.compressed(),
            Parsed::P384(key) => key.compressed(),
            Parsed::P521(key) => key.compressed(),
            Parsed::Bls12381G2(key) => key.compressed(),
        }
    }
}

/// The type of key that a Multikey is of, and its raw bytes, which need not be a key.
fn split_multikey(text: &str) -> Result<(KeyType, Vec<u8>), KeyError> {
    // A key of ours has at most 136 characters; base58 takes quadratic time.
    if text.len() > 256 {
        return Err(KeyError::Length(text.len()));
    }
    let digits = text.strip_prefix('z').ok_or(KeyError::Encoding)?;
    let bytes = encoding::decode_base58btc(digits).map_err(|_| KeyError::Encoding)?;
    let (prefix, raw) = bytes.split_first_chunk::<2>().ok_or(KeyError::Length(bytes.len()))?;
    match *prefix {
        ED25519_PUB => Ok((KeyType::Ed25519, raw.to_vec())),
        P256_PUB => Ok((KeyType::P256, raw.to_vec())),
        P384_PUB => Ok((KeyType::P384, raw.to_vec())),
        P521_PUB => Ok((KeyType::P521, raw.to_vec())),
        BLS12_381_G2_PUB => Ok((KeyType::Bls12381G2, raw.to_vec())),
        _ => Err(KeyError::Unsupported),
    }
}

/// One coordinate of a JWK: strict base64url of exactly `N` bytes.
fn coordinate<const N: usize>(jwk: &Value, member: &str) -> Result<[u8; N], KeyError> {
    let text = json::text(jwk, member).ok_or(KeyError::Encoding)?;
    let bytes = encoding::decode_b64u(text).map_err(|_| KeyError::Encoding)?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| KeyError::Length(length))
}

/// Written as its Multikey.
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.to_multikey())
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for PublicKey {}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.key_type(), self.bytes()).cmp(&(other.key_type(), other.bytes()))
    }
}

#[cfg(test)]
mod tests;
