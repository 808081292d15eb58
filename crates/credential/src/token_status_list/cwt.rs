//! The status list token as a CWT (§5.2): claims of [RFC 8392](https://www.rfc-editor.org/rfc/rfc8392) in a tagged
//! `COSE_Sign1` of [RFC 9052](https://www.rfc-editor.org/rfc/rfc9052).
//!
//! In scope: ES256, ES384 and EdDSA, the type in the protected header, maps whose keys occur once. Out of scope: `COSE_Mac0`,
//! whose keys are shared secrets.

use coset::cbor::value::Value as Cbor;
use coset::iana::Algorithm;
use coset::{
    CborSerializable as _, CoseSign1, CoseSign1Builder, HeaderBuilder, Label,
    RegisteredLabelWithPrivate, TaggedCborSerializable as _,
};
use inkan_core::{Timestamp, limits};
use inkan_crypto::{KeyType, PublicKey, SignError, Signer};

use super::{
    Form, StatusBits, StatusListToken, StatusReference, TokenStatusError, TokenStatusList,
    TokenTerms, check_terms,
};
use crate::model::is_url;

/// The type, in the protected header and as the media type.
pub(super) const TYPE: &str = "application/statuslist+cwt";
/// Header `typ` (RFC 9596 §2).
const TYP: i64 = 16;
/// Claims of RFC 8392 §3.1 and §14 of the draft.
const ISS: i64 = 1;
const SUB: i64 = 2;
const EXP: i64 = 4;
const IAT: i64 = 6;
const TTL: i64 = 65_534;
const STATUS_LIST: i64 = 65_533;
const STATUS: i64 = 65_535;

/// A `COSE_Sign1`, taken apart. Nothing is known of its signature.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Signed {
    bytes: Vec<u8>,
    kid: Option<String>,
    key_type: KeyType,
    /// The `Sig_structure` of RFC 9052 §4.4.
    signed: Vec<u8>,
    signature: Vec<u8>,
}

impl Signed {
    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn verify(&self, key: &PublicKey) -> bool {
        key.key_type() == self.key_type && key.verify(&self.signed, &self.signature).is_ok()
    }
}

/// A CWT that names its entry in a status list (§6.3), well-formed and not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferencedCwt {
    signed: Signed,
    reference: StatusReference,
}

impl ReferencedCwt {
    /// Reads a tagged `COSE_Sign1` whose claims hold `status` (65535) with `status_list`.
    ///
    /// # Errors
    ///
    /// [`TokenStatusError`]; none is worth a retry.
    pub fn parse(bytes: &[u8]) -> Result<Self, TokenStatusError> {
        let malformed = |member| TokenStatusError::Malformed { member };
        let opened = open(bytes)?;
        let claims = Entries::of(&opened.claims).ok_or(malformed("claims"))?;
        let status = claims.at(STATUS).and_then(Entries::of).ok_or(malformed("status"))?;
        let list = status.named("status_list").and_then(Entries::of);
        let list = list.ok_or(malformed("status_list"))?;
        let index = list.named("idx").and_then(unsigned).ok_or(malformed("idx"))?;
        let uri = list.named("uri").and_then(Cbor::as_text).filter(|uri| is_url(uri));
        let uri = uri.ok_or(malformed("uri"))?.to_owned();
        Ok(Self { signed: opened.signed, reference: StatusReference { index, uri } })
    }

    /// Which entry of which list speaks about it.
    #[must_use]
    pub const fn reference(&self) -> &StatusReference {
        &self.reference
    }

    /// Checks the signature; the caller knows whose `key` is.
    ///
    /// # Errors
    ///
    /// [`TokenStatusError::Invalid`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), TokenStatusError> {
        if self.signed.verify(key) { Ok(()) } else { Err(TokenStatusError::Invalid) }
    }
}

/// A message taken apart.
struct Opened {
    signed: Signed,
    typ: Option<String>,
    claims: Cbor,
}

fn open(bytes: &[u8]) -> Result<Opened, TokenStatusError> {
    let wrong = |what| TokenStatusError::Cwt { what };
    if bytes.len() > limits::STATUS_LIST || !has_few_items(bytes) {
        return Err(TokenStatusError::TooLarge);
    }
    let message = CoseSign1::from_tagged_slice(bytes).map_err(|_| wrong("COSE_Sign1"))?;
    let header = &message.protected.header;
    let key_type = match header.alg {
        Some(RegisteredLabelWithPrivate::Assigned(Algorithm::ES256)) => KeyType::P256,
        Some(RegisteredLabelWithPrivate::Assigned(Algorithm::ES384)) => KeyType::P384,
        Some(RegisteredLabelWithPrivate::Assigned(Algorithm::EdDSA)) => KeyType::Ed25519,
        _ => return Err(wrong("alg")),
    };
    if !header.crit.is_empty() {
        return Err(wrong("crit"));
    }
    let typ = header.rest.iter().find(|(label, _)| *label == Label::Int(TYP));
    let typ = typ.and_then(|(_, value)| value.as_text()).map(str::to_owned);
    // The key's name may stand in either header (RFC 9052 §3.1); which key may sign is the caller's to know.
    let kid = [&header.key_id, &message.unprotected.key_id].into_iter().find(|kid| !kid.is_empty());
    let kid = kid.and_then(|kid| String::from_utf8(kid.clone()).ok());
    let payload = message.payload.as_deref().ok_or(wrong("payload"))?;
    if !has_few_items(payload) {
        return Err(TokenStatusError::TooLarge);
    }
    let claims = Cbor::from_slice(payload).map_err(|_| wrong("claims"))?;
    let signed = Signed {
        bytes: bytes.to_vec(),
        kid,
        key_type,
        signed: message.tbs_data(&[]),
        signature: message.signature,
    };
    Ok(Opened { signed, typ, claims })
}

/// Most data items in a message, or in its payload: the list itself is one. Read into memory, each takes many times its bytes.
const ITEMS: usize = 4_096;

/// Whether the bytes hold few data items, at whatever depth (RFC 8949 §3). Whether they are well-formed is found on reading.
fn has_few_items(mut bytes: &[u8]) -> bool {
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

fn unsigned(value: &Cbor) -> Option<u64> {
    u64::try_from(value.as_integer()?).ok()
}

pub(super) fn parse(bytes: &[u8]) -> Result<StatusListToken, TokenStatusError> {
    let malformed = |member| TokenStatusError::Malformed { member };
    let Opened { signed, typ, claims } = open(bytes)?;
    if typ.as_deref() != Some(TYPE) {
        return Err(TokenStatusError::Cwt { what: "typ" });
    }
    let claims = Entries::of(&claims).ok_or(TokenStatusError::Cwt { what: "claims" })?;
    let moment = |key, name| match claims.at(key) {
        None => Ok(None),
        Some(value) => {
            let seconds = value.as_integer().and_then(|number| i64::try_from(number).ok());
            let moment = seconds.and_then(|seconds| Timestamp::from_seconds(seconds).ok());
            moment.map(Some).ok_or(malformed(name))
        }
    };
    let text = |value: Option<&Cbor>, name| match value {
        None => Ok(None),
        Some(Cbor::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(malformed(name)),
    };
    let ttl = match claims.at(TTL) {
        None => None,
        Some(ttl) => Some(unsigned(ttl).filter(|ttl| *ttl > 0).ok_or(malformed("ttl"))?),
    };
    let list = claims.at(STATUS_LIST).and_then(Entries::of).ok_or(malformed("status_list"))?;
    let bits = list.named("bits").and_then(unsigned).and_then(StatusBits::from_number);
    let compressed = list.named("lst").and_then(Cbor::as_bytes).ok_or(malformed("lst"))?;
    Ok(StatusListToken {
        uri: text(claims.at(SUB), "sub")?.ok_or(malformed("sub"))?,
        issuer: text(claims.at(ISS), "iss")?,
        issued_at: moment(IAT, "iat")?.ok_or(malformed("iat"))?,
        expires: moment(EXP, "exp")?,
        ttl,
        aggregation_uri: text(list.named("aggregation_uri"), "aggregation_uri")?,
        list: TokenStatusList::decode(bits.ok_or(malformed("bits"))?, compressed)?,
        form: Form::Cwt(Box::new(signed)),
    })
}

pub(super) fn issue(
    list: &TokenStatusList,
    terms: &TokenTerms<'_>,
    kid: &str,
    signer: &dyn Signer,
) -> Result<StatusListToken, TokenStatusError> {
    check_terms(terms)?;
    let mut status_list = vec![
        ("bits".into(), list.bits().number().into()),
        ("lst".into(), Cbor::Bytes(list.encode()?)),
    ];
    if let Some(uri) = terms.aggregation_uri {
        status_list.push(("aggregation_uri".into(), uri.into()));
    }
    let mut claims = vec![(SUB.into(), terms.uri.into())];
    if let Some(expires) = terms.expires {
        claims.push((EXP.into(), expires.seconds().into()));
    }
    claims.push((IAT.into(), terms.issued_at.seconds().into()));
    claims.push((STATUS_LIST.into(), Cbor::Map(status_list)));
    if let Some(ttl) = terms.ttl {
        claims.push((TTL.into(), ttl.into()));
    }
    let payload =
        Cbor::Map(claims).to_vec().map_err(|_| TokenStatusError::Cwt { what: "claims" })?;
    let algorithm = match signer.public_key().key_type() {
        KeyType::P256 => Algorithm::ES256,
        KeyType::P384 => Algorithm::ES384,
        KeyType::Ed25519 => Algorithm::EdDSA,
        KeyType::Bls12381G2 => return Err(SignError::KeyUnsuitable.into()),
    };
    let protected =
        HeaderBuilder::new().algorithm(algorithm).value(TYP, Cbor::Text(TYPE.to_owned())).build();
    let unprotected = HeaderBuilder::new().key_id(kid.as_bytes().to_vec()).build();
    let message = CoseSign1Builder::new()
        .protected(protected)
        .unprotected(unprotected)
        .payload(payload)
        .try_create_signature(&[], |bytes| signer.sign(bytes))?
        .build();
    let bytes =
        message.to_tagged_vec().map_err(|_| TokenStatusError::Cwt { what: "COSE_Sign1" })?;
    parse(&bytes)
}

/// The entries of a map in which no key occurs twice.
struct Entries<'a>(&'a [(Cbor, Cbor)]);

impl<'a> Entries<'a> {
    fn of(value: &'a Cbor) -> Option<Self> {
        let entries = value.as_map()?;
        let again = |(index, (key, _)): (usize, &(Cbor, Cbor))| {
            entries.iter().take(index).any(|(earlier, _)| earlier == key)
        };
        // Comparing each with each: what has more entries than any such map is not looked at.
        (entries.len() <= 64 && !entries.iter().enumerate().any(again)).then_some(Self(entries))
    }

    fn at(&self, key: i64) -> Option<&'a Cbor> {
        let found = |(name, _): &&(Cbor, Cbor)| name.as_integer() == Some(key.into());
        self.0.iter().find(found).map(|(_, value)| value)
    }

    fn named(&self, key: &str) -> Option<&'a Cbor> {
        self.0.iter().find(|(name, _)| name.as_text() == Some(key)).map(|(_, value)| value)
    }
}
