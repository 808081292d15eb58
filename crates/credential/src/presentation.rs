//! Verifiable presentations (VCDM 2.0 §4.13): credentials and a proof that their holder is there, over the verifier's
//! nonce and audience.
//!
//! In scope: the forms (embedded proof, `vp+jwt`, `vp+sd-jwt`, `vp+cose`), reading and making them. Out of scope: whether the nonce is
//! fresh, the audience ours, the holder the subject (`inkan-verifier`).

mod key_bound;
mod make;

use inkan_core::{Digest, Timestamp, json, limits, sha256};
use inkan_crypto::jws::Jws;
use inkan_crypto::{Algorithm, PublicKey};
use serde_json::Value;

use crate::cose::Sign1;
use crate::countersignature::did_of;
use crate::envelope::{self, Envelope, Times};
use crate::error::ParseError;
use crate::model::{
    DataModel, ModelError, are_typed_objects, check_context, has_type, is_typed, is_url,
    issuer_like,
};
use crate::proof::{PreparedProof, Proof, ProofError, Purpose, take_proofs};
use crate::rdfc::Contexts;
use crate::sd_jwt::SdJwt;
use crate::secured::{SecuredCredential, compact_text};

pub use self::make::{
    CertifiedForm, PresentationTerms, present_certified, present_cose, present_di, present_di_with,
    present_jose, present_key_bound, present_sd_jwt, secure_presentation_cose,
    secure_presentation_di, secure_presentation_jose, secure_presentation_sd_jwt,
};

/// A presentation, well-formed and not yet verified.
#[derive(Clone, Debug)]
pub struct Presentation {
    /// Without `proof`.
    value: Value,
    holder: String,
    /// Empty if certificates name the holder.
    method: String,
    certificates: Vec<Vec<u8>>,
    credentials: Vec<SecuredCredential>,
    nonce: Option<String>,
    audience: Vec<String>,
    created: Option<Timestamp>,
    not_before: Option<Timestamp>,
    expires: Option<Timestamp>,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    DataIntegrity {
        proofs: Vec<Proof>,
        holder_proof: usize,
        proof_member: Value,
    },
    Jose {
        jws: Box<Jws>,
    },
    SdJwt {
        sd_jwt: Box<SdJwt>,
    },
    Cose {
        message: Box<Sign1>,
    },
    /// One credential with the holder's key binding, and no presentation around it.
    KeyBound {
        presented: Box<SdJwt>,
    },
}

impl Presentation {
    /// Reads a presentation from bytes: a JSON object, or a compact JWS.
    ///
    /// # Errors
    ///
    /// [`ParseError`], also for a credential inside; none is worth a retry.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => Self::parse_value(json::parse(bytes, limits::DOCUMENT)?),
            _ => Self::parse_compact(&compact_text(bytes)?),
        }
    }

    /// Reads a presentation that is a JSON value: with an embedded proof, or an `EnvelopedVerifiablePresentation`.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn parse_value(mut value: Value) -> Result<Self, ParseError> {
        if Envelope::Presentation.matches(&value) {
            return Self::parse_compact(&Envelope::Presentation.unwrap_object(&value)?);
        }
        if key_bound::is_one(&value) {
            return Self::parse_key_bound(&Envelope::Credential.unwrap_object(&value)?);
        }
        let proof_member = value.get("proof").cloned().unwrap_or(Value::Null);
        check_shape(&value)?;
        let missing = ParseError::Presentation { member: "proof" };
        if matches!(proof_member, Value::Null) {
            return Err(missing);
        }
        let proofs = take_proofs(&mut value)?;
        let named = holder(&value)?;
        let holder_proof = choose_holder_proof(&proofs, named);
        let (holder_proof, proof) =
            holder_proof.and_then(|at| Some((at, proofs.get(at)?))).ok_or(missing)?;
        let method = proof.verification_method().to_owned();
        Ok(Self {
            holder: named.unwrap_or_else(|| did_of(&method)).to_owned(),
            credentials: credentials(&value)?,
            nonce: proof.challenge().map(str::to_owned),
            audience: proof.domain().to_vec(),
            created: proof.created(),
            not_before: None,
            expires: proof.expires(),
            method,
            certificates: Vec::new(),
            value,
            form: Form::DataIntegrity { proofs, holder_proof, proof_member },
        })
    }

    /// Reads a presentation in compact form: a JWS with `typ` `vp+jwt`, an SD-JWT with `vp+sd-jwt`, the text form of a COSE message
    /// with `application/vp+cose`, or a credential in an
    /// SD-JWT with a key binding at its end.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn parse_compact(text: &str) -> Result<Self, ParseError> {
        if envelope::is_key_bound(text) {
            return Self::parse_key_bound(text);
        }
        let (value, times, form) = if Sign1::is_text(text) {
            let opened = envelope::open_cose(text, Envelope::Presentation)?;
            (opened.payload, opened.times, Form::Cose { message: Box::new(opened.message) })
        } else if envelope::is_sd_jwt(text) {
            let opened = envelope::open_sd_jwt(text, Envelope::Presentation)?;
            let payload = opened.sd_jwt.payload().clone();
            (payload, opened.times, Form::SdJwt { sd_jwt: Box::new(opened.sd_jwt) })
        } else {
            let opened = envelope::open(text, Envelope::Presentation)?;
            (opened.payload, opened.times, Form::Jose { jws: Box::new(opened.jws) })
        };
        if let version @ DataModel::V1 = check_shape(&value)? {
            return Err(ModelError::UnsupportedVersion { version: version.as_str() }.into());
        }
        if value.get("proof").is_some() {
            return Err(ModelError::ProofMisplaced.into());
        }
        let named = holder(&value)?;
        let signer = named.or_else(|| json::text(&value, "iss"));
        let certificates = match &form {
            Form::Jose { jws } => envelope::certificates_of(jws, signer)?,
            Form::Cose { message } => envelope::certificates_of_cose(message, signer)?,
            Form::SdJwt { .. } | Form::DataIntegrity { .. } | Form::KeyBound { .. } => Vec::new(),
        };
        let method = match &form {
            Form::Jose { .. } | Form::Cose { .. } if !certificates.is_empty() => String::new(),
            Form::Jose { jws } => envelope::key_url(jws, signer)?,
            Form::SdJwt { sd_jwt } => envelope::key_url(sd_jwt.jws(), signer)?,
            Form::Cose { message } => envelope::named_url(message.kid(), signer)?,
            Form::DataIntegrity { .. } | Form::KeyBound { .. } => {
                return Err(ParseError::NotRecognised);
            }
        };
        let by_certificates = signer.filter(|_| !certificates.is_empty());
        let holder = named.or(by_certificates).unwrap_or_else(|| did_of(&method)).to_owned();
        envelope::check_claim(&value, "iss", Some(&holder))?;
        envelope::check_claim(&value, "jti", json::text(&value, "id"))?;
        let nonce = match value.get("nonce") {
            None => None,
            Some(Value::String(nonce)) => Some(nonce.clone()),
            Some(_) => return Err(ParseError::JoseClaim { claim: "nonce" }),
        };
        let Times { issued, not_before, expires } = times;
        Ok(Self {
            holder,
            method,
            certificates,
            credentials: credentials(&value)?,
            nonce,
            audience: audience(&value)?,
            created: issued,
            not_before,
            expires,
            value,
            form,
        })
    }

    /// The presentation without its proof, or the JWS payload; of a credential with a key binding, what is shown of it.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// Whether `value` looks like a presentation rather than a credential.
    #[must_use]
    pub fn is_one(value: &Value) -> bool {
        has_type(value, "VerifiablePresentation")
            || Envelope::Presentation.matches(value)
            || key_bound::is_one(value)
    }

    /// Who presents: `holder`, or the DID of the key if there is no such member. The verifier has to check that the
    /// key is the holder's. Empty for a key binding over a credential that names no subject.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// The certificates (DER) that name the holder and its key, that of the key first; none for holders that are DIDs. Whether
    /// they lead anywhere is not checked here; that the first one names the holder is.
    #[must_use]
    pub fn holder_certificates(&self) -> Option<&[Vec<u8>]> {
        Some(self.certificates.as_slice()).filter(|chain| !chain.is_empty())
    }

    /// URL of the key that the holder's proof names; empty for a key binding that leaves it to the credential which key is
    /// the holder's ([`Self::key_bound`]), and for a holder that certificates name.
    #[must_use]
    pub fn verification_method(&self) -> &str {
        &self.method
    }

    /// The credentials; a presentation without any shows that its holder is there, and nothing else.
    #[must_use]
    pub fn credentials(&self) -> &[SecuredCredential] {
        &self.credentials
    }

    /// The verifier's nonce: `challenge`, or the claim `nonce`.
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// For whom it was made: `domain`, or the claim `aud`.
    #[must_use]
    pub fn audience(&self) -> &[String] {
        &self.audience
    }

    /// When the holder says it was made: `created`, or `iat`.
    #[must_use]
    pub const fn created(&self) -> Option<Timestamp> {
        self.created
    }

    /// From when on it may be used: `nbf`; embedded proofs say no such thing.
    #[must_use]
    pub const fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// When it ends: `expires`, or `exp`.
    #[must_use]
    pub const fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// The embedded proofs; none for JOSE and SD-JWT.
    #[must_use]
    pub fn proofs(&self) -> &[Proof] {
        match &self.form {
            Form::DataIntegrity { proofs, .. } => proofs,
            Form::Jose { .. } | Form::SdJwt { .. } | Form::Cose { .. } | Form::KeyBound { .. } => {
                &[]
            }
        }
    }

    /// The algorithm that the JWS around it names; none for all that is no JWT.
    #[must_use]
    pub const fn jwt_algorithm(&self) -> Option<Algorithm> {
        match &self.form {
            Form::Jose { jws } => Some(jws.alg()),
            Form::DataIntegrity { .. }
            | Form::SdJwt { .. }
            | Form::Cose { .. }
            | Form::KeyBound { .. } => None,
        }
    }

    /// Position of the holder's proof in [`Self::proofs`]; none for JOSE and SD-JWT.
    #[must_use]
    pub const fn holder_proof_index(&self) -> Option<usize> {
        match &self.form {
            Form::DataIntegrity { holder_proof, .. } => Some(*holder_proof),
            Form::Jose { .. } | Form::SdJwt { .. } | Form::Cose { .. } | Form::KeyBound { .. } => {
                None
            }
        }
    }

    /// Checks the holder's signature against the key that [`Self::verification_method`] names.
    ///
    /// # Errors
    ///
    /// [`PresentationProofError`].
    pub fn verify_proof(&self, key: &PublicKey) -> Result<(), PresentationProofError> {
        self.verify_proof_with(key, Contexts::built_in())
    }

    /// As [`Self::verify_proof`], with JSON-LD contexts that the caller knows.
    ///
    /// # Errors
    ///
    /// [`PresentationProofError`].
    pub fn verify_proof_with(
        &self,
        key: &PublicKey,
        contexts: &Contexts,
    ) -> Result<(), PresentationProofError> {
        self.prepare_proof(contexts)(key)
    }

    /// The same check, to be made with several keys: what the proof covers is brought into canonical form once.
    pub fn prepare_proof<'a>(
        &'a self,
        contexts: &'a Contexts,
    ) -> impl Fn(&PublicKey) -> Result<(), PresentationProofError> + 'a {
        let prepared = match &self.form {
            Form::DataIntegrity { holder_proof, .. } => {
                Ok(self.prepare_proof_at(*holder_proof, contexts))
            }
            Form::Jose { jws } => Ok(PreparedProof::jws(jws)),
            Form::SdJwt { sd_jwt } => Ok(PreparedProof::jws(sd_jwt.jws())),
            Form::Cose { message } => Ok(PreparedProof::cose(message)),
            Form::KeyBound { presented } => Err(presented),
        };
        move |key| match &prepared {
            Ok(proof) => Ok(proof.check(key)?),
            Err(presented) => key_bound::verify(presented, key),
        }
    }

    /// Checks embedded proof number `index` against the key it names, with the built-in JSON-LD contexts.
    ///
    /// # Errors
    ///
    /// [`PresentationProofError`].
    pub fn verify_proof_at(
        &self,
        index: usize,
        key: &PublicKey,
    ) -> Result<(), PresentationProofError> {
        self.verify_proof_at_with(index, key, Contexts::built_in())
    }

    /// As [`Self::verify_proof_at`], with JSON-LD contexts that the caller knows.
    ///
    /// # Errors
    ///
    /// [`PresentationProofError`].
    pub fn verify_proof_at_with(
        &self,
        index: usize,
        key: &PublicKey,
        contexts: &Contexts,
    ) -> Result<(), PresentationProofError> {
        Ok(self.prepare_proof_at(index, contexts).check(key)?)
    }

    /// Embedded proof number `index`, to be tried against several keys.
    #[must_use]
    pub fn prepare_proof_at<'a>(
        &'a self,
        index: usize,
        contexts: &'a Contexts,
    ) -> PreparedProof<'a> {
        PreparedProof::whole(&self.value, self.proofs(), index, contexts)
    }

    /// The presentation as a JSON object: with its proofs, or as an `EnvelopedVerifiablePresentation`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.form {
            Form::DataIntegrity { proof_member, .. } => {
                let mut value = self.value.clone();
                if let Value::Object(members) = &mut value {
                    members.insert("proof".to_owned(), proof_member.clone());
                }
                value
            }
            Form::Jose { jws } => Envelope::Presentation.wrap(jws.as_str()),
            Form::SdJwt { sd_jwt } => Envelope::Presentation.wrap(sd_jwt.shown()),
            Form::Cose { message } => Envelope::Presentation.wrap(&message.to_text()),
            Form::KeyBound { presented } => Envelope::Credential.wrap(&presented.to_compact()),
        }
    }

    /// The plain artefact that any verifier reads: JSON text, the compact JWS, the SD-JWT, or the text form of the COSE message.
    #[must_use]
    pub fn to_bare(&self) -> String {
        match &self.form {
            Form::DataIntegrity { .. } => self.to_value().to_string(),
            Form::Jose { jws } => jws.as_str().to_owned(),
            Form::SdJwt { sd_jwt } => sd_jwt.shown().to_owned(),
            Form::Cose { message } => message.to_text(),
            Form::KeyBound { presented } => presented.to_compact(),
        }
    }

    /// What others can be bound to: SHA-256 of the compact text, or of the canonical form (JCS) of a JSON object with its proofs.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match &self.form {
            // A value that was read has a canonical form.
            Form::DataIntegrity { .. } => {
                sha256(&[&json::canonicalize(&self.to_value()).unwrap_or_default()])
            }
            Form::Jose { .. } | Form::SdJwt { .. } | Form::Cose { .. } | Form::KeyBound { .. } => {
                sha256(&[self.to_bare().as_bytes()])
            }
        }
    }
}

/// Why the holder's proof does not hold.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PresentationProofError {
    /// The signature does not verify. Says no more, so as not to become an oracle.
    #[error("holder's proof does not verify")]
    Invalid,
    /// The proof cannot be checked as it stands.
    #[error("holder's proof cannot be checked as it stands")]
    Proof(#[source] ProofError),
}

impl From<ProofError> for PresentationProofError {
    fn from(error: ProofError) -> Self {
        if error == ProofError::Invalid { Self::Invalid } else { Self::Proof(error) }
    }
}

impl PresentationProofError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "presentation-proof-invalid",
            Self::Proof(error) => error.code(),
        }
    }
}

/// The first `authentication` proof of a known suite by the holder; else of a known suite; else any.
fn choose_holder_proof(proofs: &[Proof], holder: Option<&str>) -> Option<usize> {
    let by_purpose = |one: &&Proof| *one.purpose() == Purpose::Authentication;
    let known = |one: &Proof| one.cryptosuite().is_known();
    let belongs = |one: &Proof| holder.is_none_or(|did| did == did_of(one.verification_method()));
    let find = |wanted: &dyn Fn(&Proof) -> bool| {
        proofs.iter().position(|one| by_purpose(&one) && wanted(one))
    };
    find(&|one| known(one) && belongs(one)).or_else(|| find(&known)).or_else(|| find(&|_| true))
}

/// The rules for what is neither holder nor credential; gives the version of the data model.
fn check_shape(value: &Value) -> Result<DataModel, ParseError> {
    if !value.is_object() {
        return Err(ParseError::NotRecognised);
    }
    let version = check_context(value)?;
    if !is_typed(value) || !has_type(value, "VerifiablePresentation") {
        return Err(ParseError::Presentation { member: "type" });
    }
    if !value.get("id").is_none_or(|id| id.as_str().is_some_and(is_url)) {
        return Err(ParseError::Presentation { member: "id" });
    }
    for member in ["termsOfUse", "refreshService"] {
        if !are_typed_objects(value, member) {
            return Err(ParseError::Presentation { member });
        }
    }
    Ok(version)
}

fn holder(value: &Value) -> Result<Option<&str>, ParseError> {
    if value.get("holder").is_none() {
        return Ok(None);
    }
    issuer_like(value, "holder").map(Some).ok_or(ParseError::Presentation { member: "holder" })
}

fn credentials(value: &Value) -> Result<Vec<SecuredCredential>, ParseError> {
    const MEMBER: &str = "verifiableCredential";
    let list = crate::model::items(value, MEMBER);
    if list.is_empty() && value.get(MEMBER).is_some() {
        return Err(ParseError::Presentation { member: MEMBER });
    }
    if list.len() > limits::CREDENTIALS {
        return Err(ParseError::TooManyCredentials { limit: limits::CREDENTIALS });
    }
    list.iter()
        .map(|item| match item {
            Value::Object(_) => SecuredCredential::parse_value(item.clone()),
            // Bare JWTs stood here in version 1.1; 2.0 wraps them (§4.13).
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(ParseError::Presentation { member: MEMBER }),
        })
        .collect()
}

fn audience(payload: &Value) -> Result<Vec<String>, ParseError> {
    let one = |item: &Value| item.as_str().map(str::to_owned);
    crate::model::items(payload, "aud")
        .iter()
        .map(|item| one(item).ok_or(ParseError::JoseClaim { claim: "aud" }))
        .collect()
}

#[cfg(test)]
mod tests;
