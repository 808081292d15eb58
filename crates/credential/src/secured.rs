//! A credential together with what secures it, read and not yet verified.
//!
//! In scope: which form it has, its proofs, the issuer's key by name, the cryptographic check against a key that
//! the caller resolved, and the digest that the ledger commits to. Out of scope: resolving, time, trust.

mod audience;
mod sd_jwt;
mod written;

use std::borrow::Cow;

use inkan_core::encoding::b64u;
use inkan_core::{Digest, Timestamp, json, limits, sha256};
use inkan_crypto::jws::Jws;
use inkan_crypto::{Algorithm, PublicKey};
use serde_json::Value;

use crate::cose::Sign1;
use crate::envelope::{self, Envelope, Times};
use crate::error::ParseError;
use crate::model::{Credential, check_nested};
use crate::proof::{
    Cryptosuite, PreparedProof, Proof, ProofError, Purpose, check_references, take_proofs,
};
use crate::rdfc::Contexts;
use crate::sd_jwt_vc::IssuerKey;

pub use self::sd_jwt::{DisclosureError, SdJwtCredential};

/// How a credential is secured, by the names of the ledger specification §2.5.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Format {
    /// Embedded Data Integrity proofs.
    DataIntegrity,
    /// Embedded Data Integrity proofs, the issuer's one of selective disclosure.
    DataIntegritySd,
    /// A compact JWS around it (`vc+jwt`).
    Jose,
    /// An SD-JWT around it: `vc+sd-jwt`, or the claims of a `dc+sd-jwt`.
    SdJwt,
}

impl Format {
    /// `di`, `di-sd` or `jws`, as in openings and countersignatures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DataIntegrity => "di",
            Self::DataIntegritySd => "di-sd",
            // Of an SD-JWT the ledger commits to the issuer's JWS, so that what the holder shows changes nothing.
            Self::Jose | Self::SdJwt => "jws",
        }
    }

    /// The media type of W3C credentials secured so.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::DataIntegrity | Self::DataIntegritySd => "application/vc",
            Self::Jose => "application/vc+jwt",
            Self::SdJwt => "application/vc+sd-jwt",
        }
    }
}

/// The media type of an SD-JWT VC.
pub(crate) const SD_JWT_VC_MEDIA_TYPE: &str = "application/dc+sd-jwt";

/// A credential and its securing mechanism.
#[derive(Clone, Debug)]
pub enum SecuredCredential {
    /// Proofs inside the document.
    DataIntegrity(DataIntegrityCredential),
    /// The document inside a JWS.
    Jose(JoseCredential),
    /// The document inside an SD-JWT.
    SdJwt(SdJwtCredential),
}

/// A credential with embedded proofs.
#[derive(Clone, Debug)]
pub struct DataIntegrityCredential {
    credential: Credential,
    proofs: Vec<Proof>,
    issuer_proof: usize,
    written_alone: bool,
}

/// A credential that is the payload of a JWS, or of a COSE message.
#[derive(Clone, Debug)]
pub struct JoseCredential {
    envelope: Signed,
    credential: Credential,
    /// Empty if certificates name the issuer.
    method: String,
    certificates: Vec<Vec<u8>>,
    times: Times,
}

/// What is around it.
#[derive(Clone, Debug)]
enum Signed {
    Jws(Box<Jws>),
    Cose(Box<Sign1>),
}

impl Signed {
    const fn prepared(&self) -> PreparedProof<'_> {
        match self {
            Self::Jws(jws) => PreparedProof::jws(jws),
            Self::Cose(message) => PreparedProof::cose(message),
        }
    }

    fn signing_input(&self) -> &[u8] {
        match self {
            Self::Jws(jws) => jws.signing_input().as_bytes(),
            Self::Cose(message) => message.signing_input(),
        }
    }

    fn to_text(&self) -> String {
        match self {
            Self::Jws(jws) => jws.as_str().to_owned(),
            Self::Cose(message) => message.to_text(),
        }
    }
}

impl SecuredCredential {
    /// Reads a credential from bytes: a JSON object, a compact JWS, a compact SD-JWT, or a COSE message, itself or in base64url.
    ///
    /// # Examples
    ///
    /// ```
    /// use inkan_credential::SecuredCredential;
    ///
    /// let error = SecuredCredential::parse(br#"{"@context":["https://www.w3.org/ns/credentials/v2"]}"#);
    /// assert_eq!(error.unwrap_err().code(), "credential-type-invalid");
    /// ```
    ///
    /// # Errors
    ///
    /// [`ParseError`], one variant per rule; none is worth a retry.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => Self::parse_value(json::parse(bytes, limits::DOCUMENT)?),
            _ => Self::parse_compact(&compact_text(bytes)?),
        }
    }

    /// Reads a credential that is a JSON value: with embedded proofs, or an `EnvelopedVerifiableCredential`.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn parse_value(mut value: Value) -> Result<Self, ParseError> {
        if !value.is_object() {
            return Err(ParseError::NotRecognised);
        }
        if Envelope::Credential.matches(&value) {
            return Self::parse_compact(&Envelope::Credential.unwrap_object(&value)?);
        }
        let written_alone = value.get("proof").is_some_and(Value::is_object);
        // The model first, since what it says tells more than "no proof"; it must not see the proofs.
        let proofs = take_proofs(&mut value);
        let credential = Credential::read(value)?;
        Self::embedded(credential, proofs?, written_alone)
    }

    /// The same of a credential that was read already, and the one proof that was made for it.
    pub(crate) fn with_first_proof(
        credential: Credential,
        proof: Proof,
    ) -> Result<Self, ParseError> {
        let proofs = vec![proof];
        check_references(&proofs)?;
        Self::embedded(credential, proofs, true)
    }

    fn embedded(
        credential: Credential,
        proofs: Vec<Proof>,
        written_alone: bool,
    ) -> Result<Self, ParseError> {
        let issuer_proof = choose_issuer_proof(&proofs, credential.issuer())?;
        if proofs.get(issuer_proof).is_some_and(|proof| !proof.cryptosuite().is_rdfc()) {
            check_nested(credential.value())?;
        }
        Ok(Self::DataIntegrity(DataIntegrityCredential {
            credential,
            proofs,
            issuer_proof,
            written_alone,
        }))
    }

    /// Reads a credential in compact form: a JWS with `typ` `vc+jwt`, or an SD-JWT with `vc+sd-jwt`.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn parse_compact(text: &str) -> Result<Self, ParseError> {
        if envelope::is_sd_jwt(text) {
            return SdJwtCredential::parse(text).map(Self::SdJwt);
        }
        if Sign1::is_text(text) {
            return Self::parse_cose(text);
        }
        let opened = envelope::open(text, Envelope::Credential)?;
        let credential = claimed(opened.payload)?;
        let (jws, times) = (opened.jws, opened.times);
        let certificates = envelope::certificates_of(&jws, Some(credential.issuer()))?;
        let method = match certificates.as_slice() {
            [] => envelope::key_url(&jws, Some(credential.issuer()))?,
            _ => String::new(),
        };
        let envelope = Signed::Jws(Box::new(jws));
        Ok(Self::Jose(JoseCredential { envelope, credential, method, certificates, times }))
    }

    /// Reads the text form of a COSE message of type `application/vc+cose`
    /// ([VC-JOSE-COSE §3.3](https://www.w3.org/TR/2025/REC-vc-jose-cose-20250515/#with-cose)).
    fn parse_cose(text: &str) -> Result<Self, ParseError> {
        let opened = envelope::open_cose(text, Envelope::Credential)?;
        let credential = claimed(opened.payload)?;
        let (message, times) = (opened.message, opened.times);
        let issuer = Some(credential.issuer());
        let certificates = envelope::certificates_of_cose(&message, issuer)?;
        let method = match certificates.as_slice() {
            [] => envelope::named_url(message.kid(), issuer)?,
            _ => String::new(),
        };
        let envelope = Signed::Cose(Box::new(message));
        Ok(Self::Jose(JoseCredential { envelope, credential, method, certificates, times }))
    }

    /// Whether it is the payload of a COSE message. Its [`Format`] is that of enveloping signatures, as of a JWS.
    #[must_use]
    pub const fn is_cose(&self) -> bool {
        matches!(self, Self::Jose(JoseCredential { envelope: Signed::Cose(_), .. }))
    }

    /// The algorithm that the JWS of the issuer names; none for embedded proofs and COSE messages.
    #[must_use]
    pub const fn jws_algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::Jose(JoseCredential { envelope: Signed::Jws(jws), .. }) => Some(jws.alg()),
            Self::SdJwt(inner) => Some(inner.sd_jwt().jws().alg()),
            Self::DataIntegrity(_)
            | Self::Jose(JoseCredential { envelope: Signed::Cose(_), .. }) => None,
        }
    }

    /// The certificates (DER) that name the issuer and its key, that of the key first; none for issuers that are DIDs. Whether
    /// they lead anywhere is not checked here; that the first one names the issuer, if the credential does, is.
    #[must_use]
    pub fn issuer_certificates(&self) -> Option<&[Vec<u8>]> {
        match self {
            Self::DataIntegrity(_) => None,
            Self::Jose(inner) => {
                Some(inner.certificates.as_slice()).filter(|chain| !chain.is_empty())
            }
            Self::SdJwt(_) => match self.sd_jwt_vc()?.issuer_key() {
                IssuerKey::Certificates(chain) => Some(chain),
                IssuerKey::Did { .. } | IssuerKey::Metadata { .. } | IssuerKey::Unsaid => None,
            },
        }
    }

    /// What the issuer says.
    #[must_use]
    pub const fn credential(&self) -> &Credential {
        match self {
            Self::DataIntegrity(inner) => &inner.credential,
            Self::Jose(inner) => &inner.credential,
            Self::SdJwt(inner) => &inner.credential,
        }
    }

    /// How it is secured.
    #[must_use]
    pub fn format(&self) -> Format {
        match self {
            Self::DataIntegrity(_) => {
                let suite = self.issuer_proof().map(Proof::cryptosuite);
                if suite.is_some_and(Cryptosuite::is_selective) {
                    Format::DataIntegritySd
                } else {
                    Format::DataIntegrity
                }
            }
            Self::Jose(_) => Format::Jose,
            Self::SdJwt(_) => Format::SdJwt,
        }
    }

    /// The media type of the whole artefact.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        match self.sd_jwt_vc() {
            Some(_) => SD_JWT_VC_MEDIA_TYPE,
            None if self.is_cose() => Envelope::Credential.cose_types().0,
            None => self.format().media_type(),
        }
    }

    /// The embedded proofs, in the order they are written; none for JOSE and SD-JWT.
    #[must_use]
    pub fn proofs(&self) -> &[Proof] {
        match self {
            Self::DataIntegrity(inner) => &inner.proofs,
            Self::Jose(_) | Self::SdJwt(_) => &[],
        }
    }

    /// Position of the issuer's proof in [`Self::proofs`]; none for JOSE and SD-JWT.
    ///
    /// It is the first `assertionMethod` proof whose method belongs to the issuer, one of selective disclosure before
    /// others, since it is the one that stays when the holder leaves claims out; else the first of a known suite,
    /// else the first.
    #[must_use]
    pub const fn issuer_proof_index(&self) -> Option<usize> {
        match self {
            Self::DataIntegrity(inner) => Some(inner.issuer_proof),
            Self::Jose(_) | Self::SdJwt(_) => None,
        }
    }

    /// The issuer's embedded proof; none for JOSE and SD-JWT.
    #[must_use]
    pub fn issuer_proof(&self) -> Option<&Proof> {
        self.proofs().get(self.issuer_proof_index()?)
    }

    /// URL of the key that the issuer's signature names.
    #[must_use]
    pub fn issuer_verification_method(&self) -> &str {
        match self {
            Self::DataIntegrity(_) => {
                self.issuer_proof().map(Proof::verification_method).unwrap_or_default()
            }
            Self::Jose(inner) => &inner.method,
            Self::SdJwt(inner) => &inner.method,
        }
    }

    /// When the issuer says it signed: `created` of its proof, or `iat`.
    #[must_use]
    pub fn signed_at(&self) -> Option<Timestamp> {
        match self {
            Self::DataIntegrity(_) => self.issuer_proof().and_then(Proof::created),
            Self::Jose(JoseCredential { times, .. })
            | Self::SdJwt(SdJwtCredential { times, .. }) => times.issued,
        }
    }

    /// When the signature, not the claim, ends: `expires` of the issuer's proof, or `exp`.
    #[must_use]
    pub fn signature_expires(&self) -> Option<Timestamp> {
        match self {
            Self::DataIntegrity(_) => self.issuer_proof().and_then(Proof::expires),
            Self::Jose(JoseCredential { times, .. })
            | Self::SdJwt(SdJwtCredential { times, .. }) => times.expires,
        }
    }

    /// Before when the signature is not to be relied on: `nbf`.
    #[must_use]
    pub const fn not_before(&self) -> Option<Timestamp> {
        match self {
            Self::DataIntegrity(_) => None,
            Self::Jose(JoseCredential { times, .. })
            | Self::SdJwt(SdJwtCredential { times, .. }) => times.not_before,
        }
    }

    /// Checks the issuer's signature against the key that [`Self::issuer_verification_method`] names.
    ///
    /// The caller resolves the key, and knows whose it is and whether it was in force.
    ///
    /// # Errors
    ///
    /// [`ProofError::UnsupportedSuite`] if nothing can be said; otherwise what does not hold.
    pub fn verify_issuer_proof(&self, key: &PublicKey) -> Result<(), ProofError> {
        self.verify_issuer_proof_with(key, Contexts::built_in())
    }

    /// As [`Self::verify_issuer_proof`], with JSON-LD contexts that the caller knows.
    ///
    /// # Errors
    ///
    /// As [`Self::verify_issuer_proof`].
    pub fn verify_issuer_proof_with(
        &self,
        key: &PublicKey,
        contexts: &Contexts,
    ) -> Result<(), ProofError> {
        self.prepare_issuer_proof(contexts).check(key)
    }

    /// The issuer's signature, to be tried against several keys: what it covers is brought into canonical form once.
    #[must_use]
    pub fn prepare_issuer_proof<'a>(&'a self, contexts: &'a Contexts) -> PreparedProof<'a> {
        match self {
            Self::DataIntegrity(inner) => self.prepare_proof(inner.issuer_proof, contexts),
            Self::Jose(inner) => inner.envelope.prepared(),
            Self::SdJwt(inner) => PreparedProof::jws(inner.sd_jwt().jws()),
        }
    }

    /// Checks embedded proof number `index` against the key it names, with the built-in JSON-LD contexts.
    ///
    /// # Errors
    ///
    /// As [`Self::verify_issuer_proof`]; [`ProofError::Missing`] if there is no such proof.
    pub fn verify_proof(&self, index: usize, key: &PublicKey) -> Result<(), ProofError> {
        self.verify_proof_with(index, key, Contexts::built_in())
    }

    /// As [`Self::verify_proof`], with JSON-LD contexts that the caller knows.
    ///
    /// # Errors
    ///
    /// As [`Self::verify_proof`].
    pub fn verify_proof_with(
        &self,
        index: usize,
        key: &PublicKey,
        contexts: &Contexts,
    ) -> Result<(), ProofError> {
        self.prepare_proof(index, contexts).check(key)
    }

    /// Embedded proof number `index`, to be tried against several keys.
    #[must_use]
    pub fn prepare_proof<'a>(&'a self, index: usize, contexts: &'a Contexts) -> PreparedProof<'a> {
        PreparedProof::whole(self.credential().value(), self.proofs(), index, contexts)
    }

    /// What an issuance entry of the ledger commits to (ledger §2.5): the issuer's signature over the content, and
    /// nothing that others added or left out.
    #[must_use]
    pub fn issuance_digest(&self) -> Digest {
        match self {
            Self::DataIntegrity(inner) => {
                if let Some(signature) = self.issuer_proof().and_then(Proof::base_signature) {
                    return sha256(&[&signature]);
                }
                let mut value = inner.credential.value().clone();
                if let (Value::Object(members), Some(proof)) = (&mut value, self.issuer_proof()) {
                    members.insert("proof".to_owned(), proof.value().clone());
                }
                // Strictly parsed JSON always has a canonical form.
                sha256(&[&json::canonicalize(&value).unwrap_or_default()])
            }
            Self::Jose(inner) => sha256(&[inner.envelope.signing_input()]),
            Self::SdJwt(inner) => sha256(&[inner.sd_jwt().jws().signing_input().as_bytes()]),
        }
    }

    /// The digest of what the issuer made, its signature included: what a timestamp is over that shall show that it had signed.
    ///
    /// [`Self::issuance_digest`] of a JWS or a COSE message is that of what is signed, which anybody can know before it is.
    #[must_use]
    pub fn signed_digest(&self) -> Digest {
        match self {
            Self::DataIntegrity(_) => self.issuance_digest(),
            Self::Jose(inner) => sha256(&[inner.envelope.to_text().as_bytes()]),
            Self::SdJwt(inner) => sha256(&[inner.sd_jwt().jws().as_str().as_bytes()]),
        }
    }

    /// The credential as a JSON object: with its proofs, or as an `EnvelopedVerifiableCredential`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::DataIntegrity(inner) => {
                let mut value = inner.credential.value().clone();
                if let Value::Object(members) = &mut value {
                    members.insert("proof".to_owned(), inner.proof_member());
                }
                value
            }
            Self::Jose(inner) => Envelope::Credential.wrap(&inner.envelope.to_text()),
            Self::SdJwt(inner) => Envelope::Credential.wrap(inner.sd_jwt().shown()),
        }
    }

    /// The plain artefact that any verifier reads: JSON text, the compact JWS, or the SD-JWT.
    #[must_use]
    pub fn to_bare(&self) -> String {
        match self {
            Self::DataIntegrity(inner) => inner.to_text(),
            Self::Jose(inner) => inner.envelope.to_text(),
            Self::SdJwt(inner) => inner.sd_jwt().shown().to_owned(),
        }
    }

    /// The same credential with one more proof at the end.
    pub(crate) fn with_proof(&self, proof: &Proof) -> Result<Self, ParseError> {
        let mut value = self.credential().value().clone();
        let list = self.proofs().iter().chain([proof]).map(|one| one.value().clone()).collect();
        if let Value::Object(members) = &mut value {
            members.insert("proof".to_owned(), Value::Array(list));
        }
        Self::parse_value(value)
    }
}

impl DataIntegrityCredential {
    fn proof_member(&self) -> Value {
        match (self.proofs.as_slice(), self.written_alone) {
            ([only], true) => only.value().clone(),
            (all, _) => Value::Array(all.iter().map(|proof| proof.value().clone()).collect()),
        }
    }
}

/// Checks a JWS against a key, with the errors of proofs.
pub(crate) fn verify_jws(jws: &Jws, key: &PublicKey) -> Result<(), ProofError> {
    if jws.alg() != key.algorithm() {
        return Err(ProofError::KeyMismatch);
    }
    jws.verify(key).map_err(|_| ProofError::Invalid)
}

/// The same of a COSE message.
pub(crate) fn verify_cose(message: &Sign1, key: &PublicKey) -> Result<(), ProofError> {
    if !message.fits(key) {
        return Err(ProofError::KeyMismatch);
    }
    if message.verify(key) { Ok(()) } else { Err(ProofError::Invalid) }
}

/// Text of a compact JWS in a file, without the white space that editors leave around it; of a COSE message, the text form.
pub(crate) fn compact_text(bytes: &[u8]) -> Result<Cow<'_, str>, ParseError> {
    if bytes.len() > limits::JWS {
        return Err(json::JsonError::TooLarge { size: bytes.len(), limit: limits::JWS }.into());
    }
    if bytes.first() == Some(&TAGGED_SIGN1) {
        return Ok(Cow::Owned(b64u(bytes)));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ParseError::NotRecognised)?.trim_ascii();
    // Without an early end: so many bytes are looked at in one step.
    let shaped = text.bytes().fold(true, |shaped, byte| shaped & is_compact(byte));
    let known = text.contains('.') || Sign1::is_text(text);
    if shaped && known { Ok(Cow::Borrowed(text)) } else { Err(ParseError::NotRecognised) }
}

/// Whether a compact form, or the text form of COSE, may have this byte.
const fn is_compact(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'~' | b'=')
}

/// Tag 18 of CBOR, which no text begins with.
const TAGGED_SIGN1: u8 = 0xd2;

fn choose_issuer_proof(proofs: &[Proof], issuer: &str) -> Result<usize, ProofError> {
    let asserting =
        || proofs.iter().enumerate().filter(|(_, one)| *one.purpose() == Purpose::AssertionMethod);
    let belongs =
        |one: &Proof| one.verification_method().split('#').next().is_some_and(|did| did == issuer);
    asserting()
        .find(|(_, one)| one.cryptosuite().is_selective() && belongs(one))
        .or_else(|| asserting().find(|(_, one)| one.cryptosuite().is_known() && belongs(one)))
        .or_else(|| asserting().find(|(_, one)| belongs(one)))
        .or_else(|| asserting().find(|(_, one)| one.cryptosuite().is_known()))
        .or_else(|| asserting().next())
        .map(|(index, _)| index)
        .ok_or(ProofError::IssuerProofMissing)
}

/// The credential that an envelope of JOSE or COSE holds. What the claims of JWT say beside it must be what it says itself.
fn claimed(payload: Value) -> Result<Credential, ParseError> {
    envelope::check_claim(&payload, "iss", json_issuer(&payload))?;
    envelope::check_claim(&payload, "jti", json::text(&payload, "id"))?;
    let credential = Credential::from_value(payload)?.with_status_claim();
    check_nested(credential.value())?;
    envelope::check_claim(credential.value(), "sub", credential.subject_id())?;
    Ok(credential)
}

fn json_issuer(payload: &Value) -> Option<&str> {
    crate::model::issuer_like(payload, "issuer")
}

#[cfg(test)]
mod tests;
