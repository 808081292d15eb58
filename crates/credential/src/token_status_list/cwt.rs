//! The status list token as a CWT (§5.2): claims of [RFC 8392](https://www.rfc-editor.org/rfc/rfc8392) in a tagged
//! `COSE_Sign1` of [RFC 9052](https://www.rfc-editor.org/rfc/rfc9052).
//!
//! In scope: ES256, ES384 and EdDSA, the type in the protected header, maps whose keys occur once. Out of scope: `COSE_Mac0`,
//! whose keys are shared secrets.

use coset::CborSerializable as _;
use coset::cbor::value::Value as Cbor;
use inkan_core::Timestamp;
use inkan_crypto::{PublicKey, Signer};

use super::{
    Form, StatusBits, StatusListToken, StatusReference, TokenStatusError, TokenStatusList,
    TokenTerms, check_terms,
};
use crate::cose::{Headers, Sign1, has_few_items};
use crate::model::is_url;
use crate::sd_jwt_vc::KeyName;

/// The type, in the protected header and as the media type.
pub(super) const TYPE: &str = "application/statuslist+cwt";
/// Claims of RFC 8392 §3.1 and §14 of the draft.
const ISS: i64 = 1;
const SUB: i64 = 2;
const EXP: i64 = 4;
const IAT: i64 = 6;
const TTL: i64 = 65_534;
const STATUS_LIST: i64 = 65_533;
const STATUS: i64 = 65_535;

/// A CWT that names its entry in a status list (§6.3), well-formed and not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferencedCwt {
    signed: Sign1,
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
        let (signed, claims) = open(bytes)?;
        let claims = Entries::of(&claims).ok_or(malformed("claims"))?;
        let status = claims.at(STATUS).and_then(Entries::of).ok_or(malformed("status"))?;
        let list = status.named("status_list").and_then(Entries::of);
        let list = list.ok_or(malformed("status_list"))?;
        let index = list.named("idx").and_then(unsigned).ok_or(malformed("idx"))?;
        let uri = list.named("uri").and_then(Cbor::as_text).filter(|uri| is_url(uri));
        let uri = uri.ok_or(malformed("uri"))?.to_owned();
        Ok(Self { signed, reference: StatusReference { index, uri } })
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

/// A message with claims for a payload, of which there are not too many.
fn open(bytes: &[u8]) -> Result<(Sign1, Cbor), TokenStatusError> {
    let signed = Sign1::parse(bytes)?;
    if !has_few_items(signed.payload()) {
        return Err(TokenStatusError::TooLarge);
    }
    let claims = Cbor::from_slice(signed.payload());
    Ok((signed, claims.map_err(|_| TokenStatusError::Cwt { what: "claims" })?))
}

fn unsigned(value: &Cbor) -> Option<u64> {
    u64::try_from(value.as_integer()?).ok()
}

pub(super) fn parse(bytes: &[u8]) -> Result<StatusListToken, TokenStatusError> {
    let malformed = |member| TokenStatusError::Malformed { member };
    let (signed, claims) = open(bytes)?;
    if signed.typ() != Some(TYPE) {
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
        certificates: signed.certificates().map(<[_]>::to_vec),
        form: Form::Cwt(Box::new(signed)),
    })
}

pub(super) fn issue(
    list: &TokenStatusList,
    terms: &TokenTerms<'_>,
    key: KeyName<'_>,
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
    let headers = Headers { typ: TYPE, content_type: None, key };
    parse(Sign1::make(payload, &headers, signer)?.bytes())
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
