//! SD-JWT VC: credentials of the OpenID world
//! ([draft-ietf-oauth-sd-jwt-vc](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-sd-jwt-vc): -13, which HAIP pins, and what came after).
//!
//! In scope: `dc+sd-jwt`, read and made; `vc+sd-jwt` with `vct` of older drafts, read only; what must not be disclosable;
//! where the issuer's key is to be found; type metadata. Out of scope: certificate paths, resolving keys and DIDs, status
//! and time, which are reported and not judged.
//!
//! What is made has the members that -13 and the newest draft share.

mod certificate;
pub(crate) mod certificates;
mod error;
mod metadata;

use inkan_core::{CryptoRng, Timestamp, json};
use inkan_crypto::{PublicKey, Signer};
use serde_json::{Map, Value};

use crate::model::{is_audience, is_url};
use crate::sd_jwt::{self, Concealment, SdJwt};
use crate::sign::check_always_shown;
use crate::token_status_list::StatusReference;

#[cfg(test)]
pub(crate) use self::certificate::example;
pub use self::certificates::{issuer_of, names_issuer};
pub use self::error::SdJwtVcError;
pub use self::metadata::{TypeMetadata, TypeMetadataError};

/// The `typ` that is made; the media type is `application/dc+sd-jwt`.
const TYP: &str = "dc+sd-jwt";
/// The `typ` of drafts before -06.
const OLD_TYP: &str = "vc+sd-jwt";

/// What an SD-JWT VC says of itself: no claim about the subject may have such a name, since it would be taken for that. The first nine are
/// always shown, the others may be kept back.
pub const ABOUT_ITSELF: [&str; 16] = [
    "iss",
    "aud",
    "nbf",
    "exp",
    "cnf",
    "vct",
    "vct#integrity",
    "aka_vcts",
    "status",
    "sub",
    "iat",
    "jti",
    "ledgerRecord",
    "countersignatureOffer",
    "keyStatement",
    "evidence",
];
/// What must not be in a disclosure, nor anything in it (§2.2.2.3 of -13; `aka_vcts` came later).
/// `aud` by RFC 9901 §9.7, as all that says whether it is good.
const ALWAYS_SHOWN: &[&str] = ABOUT_ITSELF.split_at(9).0;

/// An SD-JWT VC, well-formed and not yet verified.
#[derive(Clone, Debug, PartialEq)]
pub struct SdJwtVc {
    sd_jwt: SdJwt,
    vct: String,
    also: Vec<String>,
    issuer_key: IssuerKey,
    not_before: Option<Timestamp>,
    expires: Option<Timestamp>,
    issued_at: Option<Timestamp>,
    token_status: Option<StatusReference>,
    unknown_status: Vec<String>,
}

/// Where the key of the issuer is to be found (§2.5 of -13), by what the credential says. What is allowed is policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum IssuerKey {
    /// In the first of these certificates (DER), which name the issuer too: `iss`, if it is there, is one of the first one's
    /// alternative names. Their path is not validated here.
    Certificates(Vec<Vec<u8>>),
    /// The verification method with this DID URL, of the issuer that is its DID.
    Did {
        /// The DID in `iss`.
        issuer: String,
        /// The DID URL.
        method: String,
    },
    /// In the JWT VC issuer metadata of this HTTPS issuer, under this name if there is one.
    Metadata {
        /// The URL in `iss`.
        issuer: String,
        /// The `kid`.
        kid: Option<String>,
    },
    /// It does not say; the verifier may know by other means.
    Unsaid,
}

impl IssuerKey {
    /// The DID in the name of the key, if an HTTPS issuer names its keys by DID URLs, as metadata that are made of a DID do. Whether the
    /// DID is that issuer's is not known here.
    #[must_use]
    pub fn did_at_url(&self) -> Option<&str> {
        let Self::Metadata { kid: Some(kid), .. } = self else { return None };
        let (did, fragment) = kid.split_once('#')?;
        (did.starts_with("did:") && is_url(kid) && !fragment.is_empty()).then_some(did)
    }
}

impl SdJwtVc {
    /// Reads the compact form, with or without key binding.
    ///
    /// # Errors
    ///
    /// [`SdJwtVcError`], one variant per rule; none is worth a retry.
    pub fn parse(text: &str) -> Result<Self, SdJwtVcError> {
        Self::from_sd_jwt(SdJwt::parse(text)?)
    }

    /// Takes an SD-JWT of any serialisation.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`]. [`SdJwtVcError::NotSdJwtVc`] also for `vc+sd-jwt` without `vct`: that is a W3C credential.
    pub fn from_sd_jwt(sd_jwt: SdJwt) -> Result<Self, SdJwtVcError> {
        let wrong = |claim| SdJwtVcError::Claim { claim };
        let payload = sd_jwt.payload();
        let is = |typ| sd_jwt.jws().is_typed(typ);
        let of_old = is(OLD_TYP) && payload.get("vct").is_some();
        if !is(TYP) && !of_old {
            return Err(SdJwtVcError::NotSdJwtVc);
        }
        check_always_shown(&sd_jwt, ALWAYS_SHOWN)?;
        let vct = text(payload, "vct")?.filter(|vct| !vct.is_empty()).ok_or(wrong("vct"))?;
        text(payload, "vct#integrity")?;
        if !is_audience(payload) {
            return Err(wrong("aud"));
        }
        let also = match payload.get("aka_vcts") {
            None => Vec::new(),
            Some(list) => {
                let list = list.as_array().filter(|list| !list.is_empty());
                let names = list.ok_or(wrong("aka_vcts"))?.iter().map(Value::as_str);
                let names = names.collect::<Option<Vec<_>>>().ok_or(wrong("aka_vcts"))?;
                if names.contains(&vct) {
                    return Err(wrong("aka_vcts"));
                }
                names.into_iter().map(str::to_owned).collect()
            }
        };
        let (token_status, unknown_status) = match payload.get("status") {
            None => (None, Vec::new()),
            Some(claim) => {
                StatusReference::from_claim(claim).map_err(|_| wrong("status"))?;
                StatusReference::and_others(claim)
            }
        };
        sd_jwt.confirmation()?;
        Ok(Self {
            vct: vct.to_owned(),
            also,
            issuer_key: issuer_key(&sd_jwt)?,
            not_before: moment(payload, "nbf")?,
            expires: moment(payload, "exp")?,
            issued_at: moment(payload, "iat")?,
            token_status,
            unknown_status,
            sd_jwt,
        })
    }

    /// The SD-JWT: claims, disclosures, key binding.
    #[must_use]
    pub const fn sd_jwt(&self) -> &SdJwt {
        &self.sd_jwt
    }

    /// The claims that are shown.
    #[must_use]
    pub fn claims(&self) -> &Value {
        self.sd_jwt.payload()
    }

    /// The type, `vct`.
    #[must_use]
    pub fn vct(&self) -> &str {
        &self.vct
    }

    /// The other types that it says it is of, `aka_vcts`.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.also.iter().map(String::as_str)
    }

    /// Whether `vct` is the type, or one of those in `aka_vcts`.
    #[must_use]
    pub fn is_type(&self, vct: &str) -> bool {
        self.vct == vct || self.also.iter().any(|name| name == vct)
    }

    /// Subresource integrity of the type metadata, `vct#integrity`.
    #[must_use]
    pub fn vct_integrity(&self) -> Option<&str> {
        json::text(self.claims(), "vct#integrity")
    }

    /// Who says it issued this, `iss`; with certificates it may say nothing, and else is an HTTPS URL that the first one names.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        json::text(self.claims(), "iss")
    }

    /// Where the issuer's key is to be found.
    #[must_use]
    pub const fn issuer_key(&self) -> &IssuerKey {
        &self.issuer_key
    }

    /// Before when it is not to be relied on.
    #[must_use]
    pub const fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// From when on it is not to be relied on.
    #[must_use]
    pub const fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// When it was issued, if the issuer says so and the holder shows it.
    #[must_use]
    pub const fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// Its place in a token status list, if it has one.
    #[must_use]
    pub const fn token_status(&self) -> Option<&StatusReference> {
        self.token_status.as_ref()
    }

    /// Names of the other mechanisms that its status is to be learnt by, in order; the caller cannot check them.
    #[must_use]
    pub fn unknown_status(&self) -> &[String] {
        &self.unknown_status
    }

    /// Checks the issuer's signature; the caller resolved `key` as [`Self::issuer_key`] says, and knows whose it is.
    ///
    /// # Errors
    ///
    /// [`SdJwtVcError::Invalid`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), SdJwtVcError> {
        self.sd_jwt.verify(key).map_err(|_| SdJwtVcError::Invalid)
    }
}

/// How an issuer names its key in what it signs.
#[derive(Clone, Copy, Debug)]
pub enum KeyName<'a> {
    /// A DID URL, whose DID is `iss`; or a name in issuer metadata.
    Kid(&'a str),
    /// Certificates in DER, that of the key first.
    Certificates(&'a [Vec<u8>]),
}

/// Makes an SD-JWT VC of `claims`, which need `vct`, and `iss` unless certificates name the issuer; beside certificates, `iss` has
/// to be a URL that the first one names.
///
/// # Errors
///
/// [`SdJwtVcError`]: nothing is signed that would not be read back. [`SdJwtVcError::Sign`] if a claim that is to be
/// disclosable is not found, or the signer fails.
pub fn issue(
    claims: Value,
    concealment: &Concealment<'_>,
    name: KeyName<'_>,
    signer: &dyn Signer,
    rng: &mut impl CryptoRng,
) -> Result<SdJwtVc, SdJwtVcError> {
    let mut header = Map::new();
    header.insert("typ".to_owned(), TYP.into());
    match name {
        KeyName::Kid(kid) => drop(header.insert("kid".to_owned(), kid.into())),
        KeyName::Certificates(chain) => {
            drop(header.insert("x5c".to_owned(), certificates::to_header(chain)));
        }
    }
    let issued = sd_jwt::issue(claims, concealment, header, signer, rng);
    SdJwtVc::from_sd_jwt(issued?)
}

/// Where the issuer's key is: certificates come first, then what `iss` is.
fn issuer_key(sd_jwt: &SdJwt) -> Result<IssuerKey, SdJwtVcError> {
    let issuer = text(sd_jwt.payload(), "iss")?;
    if let Some(chain) = sd_jwt.jws().header().get("x5c") {
        let chain = certificates::read(chain).ok_or(SdJwtVcError::Certificates)?;
        // Else whoever has any certificate could write anybody's name.
        if !issuer.is_none_or(|issuer| certificates::name(&chain, issuer)) {
            return Err(SdJwtVcError::IssuerNotNamed);
        }
        return Ok(IssuerKey::Certificates(chain));
    }
    let kid = sd_jwt.jws().kid();
    let Some(issuer) = issuer else { return Ok(IssuerKey::Unsaid) };
    if !is_url(issuer) {
        return Err(SdJwtVcError::Claim { claim: "iss" });
    }
    if issuer.starts_with("did:") {
        let kid = kid.ok_or(SdJwtVcError::KeyId)?;
        // The key must be the issuer's own: its DID, or a fragment of it.
        let method = match kid.strip_prefix('#') {
            Some(_) => format!("{issuer}{kid}"),
            None => kid.to_owned(),
        };
        return match method.split_once('#') {
            Some((did, fragment)) if did == issuer && !fragment.is_empty() => {
                Ok(IssuerKey::Did { issuer: issuer.to_owned(), method })
            }
            Some(_) | None => Err(SdJwtVcError::KeyId),
        };
    }
    if issuer.starts_with("https://") {
        let (issuer, kid) = (issuer.to_owned(), kid.map(str::to_owned));
        return Ok(IssuerKey::Metadata { issuer, kid });
    }
    Ok(IssuerKey::Unsaid)
}

fn text<'a>(payload: &'a Value, claim: &'static str) -> Result<Option<&'a str>, SdJwtVcError> {
    match payload.get(claim) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(SdJwtVcError::Claim { claim }),
    }
}

fn moment(payload: &Value, claim: &'static str) -> Result<Option<Timestamp>, SdJwtVcError> {
    let Some(number) = payload.get(claim) else { return Ok(None) };
    let seconds = number.as_i64();
    let moment = seconds.and_then(|seconds| Timestamp::from_seconds(seconds).ok());
    moment.map(Some).ok_or(SdJwtVcError::Claim { claim })
}

#[cfg(test)]
mod tests;
