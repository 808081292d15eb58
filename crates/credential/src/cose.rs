//! `COSE_Sign1` ([RFC 9052 §4.2](https://www.rfc-editor.org/rfc/rfc9052#section-4.2)) as envelopes and status lists here have it: tagged, signed
//! by ES256, ES384 or EdDSA, its type in the protected header.
//!
//! In scope: reading, making and checking one, in bytes and as text. Out of scope: what its payload means; `COSE_Mac0`, whose keys
//! are shared secrets; a detached payload; claims in the header (RFC 9597), which nobody here would look at.
//!
//! What is made is deterministic CBOR (RFC 8949 §4.2.1): shortest lengths, header labels in their order.

mod error;

use coset::iana::Algorithm;
use coset::{
    AsCborValue as _, CborSerializable as _, CoseSign1, CoseSign1Builder, HeaderBuilder, Label,
    RegisteredLabel, RegisteredLabelWithPrivate, TaggedCborSerializable as _,
    cbor::value::Value as Cbor,
};
use inkan_core::{encoding, limits};
use inkan_crypto::{KeyType, PublicKey, SignError, Signer};

pub use self::error::CoseError;
use crate::sd_jwt_vc::KeyName;

/// Header with countersignatures (RFC 8152 §4.5).
const COUNTERSIGNATURES: i64 = 7;
/// Header `typ` (RFC 9596 §2).
const TYP: i64 = 16;
/// Header with claims of a CWT (RFC 9597 §2).
const CWT_CLAIMS: i64 = 15;
/// Header with the certificates of the key ([RFC 9360 §2](https://www.rfc-editor.org/rfc/rfc9360#section-2)).
const X5CHAIN: i64 = 33;
/// Most data items in a message, in its protected header, or in a payload of CBOR: the list itself is one. Read into memory,
/// each takes many times its bytes.
const ITEMS: usize = 4_096;
/// Certificates in one header.
const CERTIFICATES: usize = 8;
/// How the text form of every tagged `COSE_Sign1` of four parts begins.
const TEXT_START: &str = "0o";

/// A message, taken apart. Nothing is known of its signature.
#[derive(Clone, Debug, PartialEq)]
pub struct Sign1 {
    bytes: Vec<u8>,
    typ: Option<String>,
    content_type: Option<String>,
    kid: Option<String>,
    /// Of `x5chain`, DER, that of the key first.
    certificates: Option<Vec<Vec<u8>>>,
    key_type: KeyType,
    payload: Vec<u8>,
    /// The `Sig_structure` of RFC 9052 §4.4.
    signed: Vec<u8>,
    signature: Vec<u8>,
}

/// What stands in the headers of a message that is made.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    /// `typ`, protected.
    pub typ: &'a str,
    /// Content type, protected.
    pub content_type: Option<&'a str>,
    /// What names the key: a `kid`, protected if there is a content type, as in envelopes, else not; or certificates, protected.
    pub key: KeyName<'a>,
}

impl Sign1 {
    /// Reads the tagged bytes, all of them.
    ///
    /// # Errors
    ///
    /// [`CoseError`]; none is worth a retry.
    pub fn parse(bytes: &[u8]) -> Result<Self, CoseError> {
        let wrong = |what| CoseError::Malformed { what };
        if bytes.len() > limits::STATUS_LIST || !has_few_items(bytes) {
            return Err(CoseError::TooLarge);
        }
        let message = taken_apart(bytes)?;
        let header = &message.protected.header;
        let key_type = match header.alg {
            Some(RegisteredLabelWithPrivate::Assigned(Algorithm::ES256)) => KeyType::P256,
            Some(RegisteredLabelWithPrivate::Assigned(Algorithm::ES384)) => KeyType::P384,
            Some(RegisteredLabelWithPrivate::Assigned(Algorithm::ES512)) => KeyType::P521,
            Some(RegisteredLabelWithPrivate::Assigned(Algorithm::EdDSA)) => KeyType::Ed25519,
            _ => return Err(wrong("alg")),
        };
        if !header.crit.is_empty() || !message.unprotected.crit.is_empty() {
            return Err(wrong("crit"));
        }
        let named = |label| header.rest.iter().find(|(name, _)| *name == Label::Int(label));
        if named(CWT_CLAIMS).is_some() {
            return Err(wrong("claims"));
        }
        let typ = match named(TYP) {
            None => None,
            Some((_, value)) => Some(value.as_text().ok_or(wrong("typ"))?.to_owned()),
        };
        let content_type = match &header.content_type {
            None => None,
            Some(RegisteredLabel::Text(text)) => Some(text.clone()),
            Some(RegisteredLabel::Assigned(_)) => return Err(wrong("content type")),
        };
        // The key's name may stand in either header (RFC 9052 §3.1); which key may sign is the caller's to know.
        let kids = [&header.key_id, &message.unprotected.key_id];
        let kid = kids.into_iter().find(|kid| !kid.is_empty());
        let kid = kid.and_then(|kid| String::from_utf8(kid.clone()).ok());
        // So may the certificates, whose path is what shows whose they are; but not in both.
        let mut outside = message.unprotected.rest.iter();
        let outside = outside.find(|(name, _)| *name == Label::Int(X5CHAIN));
        let certificates = match (named(X5CHAIN), outside) {
            (None, None) => None,
            (Some((_, chain)), None) | (None, Some((_, chain))) => {
                Some(chain_of(chain).ok_or(wrong("x5chain"))?)
            }
            (Some(_), Some(_)) => return Err(wrong("x5chain")),
        };
        let payload = message.payload.clone().ok_or(wrong("payload"))?;
        Ok(Self {
            bytes: bytes.to_vec(),
            typ,
            content_type,
            kid,
            certificates,
            key_type,
            payload,
            signed: message.tbs_data(&[]),
            signature: message.signature,
        })
    }

    /// Signs `payload`.
    ///
    /// # Errors
    ///
    /// [`CoseError::Sign`]; nothing is signed that would not be read back.
    pub fn make(
        payload: Vec<u8>,
        headers: &Headers<'_>,
        signer: &dyn Signer,
    ) -> Result<Self, CoseError> {
        let algorithm = match signer.public_key().key_type() {
            KeyType::P256 => Algorithm::ES256,
            KeyType::P384 => Algorithm::ES384,
            KeyType::P521 => Algorithm::ES512,
            KeyType::Ed25519 => Algorithm::EdDSA,
            KeyType::Bls12381G2 => return Err(SignError::KeyUnsuitable.into()),
        };
        let (kid, chain) = match headers.key {
            KeyName::Kid(kid) => (kid.as_bytes().to_vec(), None),
            KeyName::Certificates(chain) => (Vec::new(), Some(to_header(chain))),
        };
        let protected = HeaderBuilder::new()
            .algorithm(algorithm)
            .value(TYP, Cbor::Text(headers.typ.to_owned()));
        let protected = match chain {
            Some(chain) => protected.value(X5CHAIN, chain),
            None => protected,
        };
        let (protected, unprotected) = match headers.content_type {
            Some(text) => {
                (protected.content_type(text.to_owned()).key_id(kid), HeaderBuilder::new())
            }
            None => (protected, HeaderBuilder::new().key_id(kid)),
        };
        let message = CoseSign1Builder::new()
            .protected(protected.build())
            .unprotected(unprotected.build())
            .payload(payload)
            .try_create_signature(&[], |bytes| signer.sign(bytes))?
            .build();
        let bytes = message.to_tagged_vec().map_err(|_| CoseError::Malformed { what: "header" })?;
        Self::parse(&bytes)
    }

    /// Whether a text could be that of a message: base64url, which has neither the dots of a JWS nor the tildes of an SD-JWT.
    #[must_use]
    pub fn is_text(text: &str) -> bool {
        text.starts_with(TEXT_START) && !text.contains(['.', '~'])
    }

    /// Reads the text form: base64url of the bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn parse_text(text: &str) -> Result<Self, CoseError> {
        let bytes = encoding::decode_b64u(text);
        Self::parse(&bytes.map_err(|_| CoseError::Malformed { what: "base64url" })?)
    }

    /// The text form.
    #[must_use]
    pub fn to_text(&self) -> String {
        encoding::b64u(&self.bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The type in the protected header.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The content type in the protected header.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The algorithm that the header names.
    #[must_use]
    pub const fn alg(&self) -> &'static str {
        match self.key_type {
            KeyType::P256 => "ES256",
            KeyType::P384 => "ES384",
            KeyType::P521 => "ES512",
            KeyType::Ed25519 => "EdDSA",
            // No message is read or made with such a key.
            KeyType::Bls12381G2 => "none",
        }
    }

    /// The name of the key.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The certificates that name the key, DER, that of the key first. Their path is not validated here.
    #[must_use]
    pub fn certificates(&self) -> Option<&[Vec<u8>]> {
        self.certificates.as_deref()
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What the signature is over.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        &self.signed
    }

    /// Whether the key is of the kind that the header names.
    #[must_use]
    pub fn fits(&self, key: &PublicKey) -> bool {
        key.key_type() == self.key_type
    }

    /// Whether the signature is by this key.
    #[must_use]
    pub fn verify(&self, key: &PublicKey) -> bool {
        self.fits(key) && key.verify(&self.signed, &self.signature).is_ok()
    }
}

/// The parts of the tagged bytes. The protected header is a byte string with items of its own, and they are counted before they
/// are read.
fn taken_apart(bytes: &[u8]) -> Result<CoseSign1, CoseError> {
    let wrong = |what| CoseError::Malformed { what };
    let shape = "COSE_Sign1";
    let tagged = Cbor::from_slice(bytes).map_err(|_| wrong(shape))?;
    let Cbor::Tag(CoseSign1::TAG, message) = tagged else { return Err(wrong(shape)) };
    let parts = message.as_array().map(Vec::as_slice);
    let Some([Cbor::Bytes(protected), unprotected, ..]) = parts else { return Err(wrong(shape)) };
    if !has_few_items(protected) {
        return Err(CoseError::TooLarge);
    }
    // An empty string stands for an empty map (RFC 9052 §3).
    let has_more = !protected.is_empty()
        && is_countersigned(&Cbor::from_slice(protected).map_err(|_| wrong(shape))?);
    // Nobody here would look at them, and each may hold others in a byte string of its own: reading them all, one inside the
    // other, would use up the stack.
    if has_more || is_countersigned(unprotected) {
        return Err(wrong("countersignature"));
    }
    CoseSign1::from_cbor_value(*message).map_err(|_| wrong(shape))
}

/// `COSE_X509`: one certificate as it is, or a list of several.
fn chain_of(value: &Cbor) -> Option<Vec<Vec<u8>>> {
    if let Some(only) = value.as_bytes() {
        return Some(vec![only.clone()]);
    }
    let chain = value.as_array().filter(|chain| (2..=CERTIFICATES).contains(&chain.len()))?;
    chain.iter().map(|one| one.as_bytes().cloned()).collect()
}

fn to_header(chain: &[Vec<u8>]) -> Cbor {
    match chain {
        [only] => Cbor::Bytes(only.clone()),
        several => Cbor::Array(several.iter().cloned().map(Cbor::Bytes).collect()),
    }
}

fn is_countersigned(header: &Cbor) -> bool {
    let names = |label: &Cbor| {
        let label = label.as_integer().and_then(|label| i64::try_from(label).ok());
        label == Some(COUNTERSIGNATURES)
    };
    header.as_map().is_some_and(|entries| entries.iter().any(|(label, _)| names(label)))
}

/// Whether the bytes hold few data items, at whatever depth (RFC 8949 §3). Whether they are well-formed is found on reading.
pub(crate) fn has_few_items(mut bytes: &[u8]) -> bool {
    for _ in 0..ITEMS {
        let [head, rest @ ..] = bytes else { return true };
        let (major, detail) = (head >> 5, head & 0x1f);
        let wide = match detail {
            24..=27 => 1_usize << (detail - 24),
            _ => 0,
        };
        let Some((argument, rest)) = rest.split_at_checked(wide) else { return true };
        // Of a text or byte string the content follows, unless it comes in pieces, each with a head of its own.
        let length = match (major, detail) {
            (2 | 3, 0..=23) => usize::from(detail),
            (2 | 3, 24..=27) => argument.iter().fold(0_usize, |sum, byte| {
                sum.saturating_mul(256).saturating_add(usize::from(*byte))
            }),
            _ => 0,
        };
        let Some(rest) = rest.get(length..) else { return true };
        bytes = rest;
    }
    bytes.is_empty()
}

#[cfg(test)]
mod tests;
