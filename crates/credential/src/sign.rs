//! Securing a credential as its issuer: an embedded proof, or a JWS or SD-JWT around it.
//!
//! In scope: the signature, by any suite; more proofs beside it (a proof set) or over it (a proof chain). Out of scope:
//! what the credential says (`inkan-issuer` builds it), recording it, countersignatures.

use inkan_core::{CryptoRng, Timestamp, json};
use inkan_crypto::{Signer, jws};
use serde_json::{Map, Value};

use crate::cose::{CoseError, Headers, Sign1};
use crate::envelope::Envelope;
use crate::error::ParseError;
use crate::model::{Credential, DataModel, ModelError};
use crate::proof::{self, Cryptosuite, ProofError, Purpose, SignFailure};
use crate::rdfc::Contexts;
use crate::sd_jwt::{self, Concealment, Place, SdJwt, SdJwtError, Step};
use crate::sd_jwt_vc::{self, KeyName, SdJwtVcError, certificates};
use crate::secured::SecuredCredential;

/// Puts the issuer's Data Integrity proof on a credential: `eddsa-jcs-2022` or `ecdsa-jcs-2019`, as the key has it.
///
/// `proof_id` is the proof's URL, which countersignatures name; `method` the DID URL of the signer's key.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back, and nothing of version 1.1.
pub fn issue_di(
    credential: Value,
    proof_id: &str,
    method: &str,
    signer: &dyn Signer,
    created: Timestamp,
) -> Result<SecuredCredential, SignFailure> {
    let terms = ProofTerms {
        id: Some(proof_id),
        created: Some(created),
        ..ProofTerms::new(Cryptosuite::for_key(signer.public_key().key_type()), method)
    };
    let secured = secure_di(credential, &terms, signer, Contexts::built_in())?;
    match secured.credential().version() {
        DataModel::V2 => Ok(secured),
        version @ DataModel::V1 => {
            Err(ModelError::UnsupportedVersion { version: version.as_str() }.into())
        }
    }
}

/// What a proof says, beside the signature.
#[derive(Clone, Debug)]
pub struct ProofTerms<'a> {
    /// The suite; it has to fit the key.
    pub suite: Cryptosuite,
    /// DID URL of the signer's key.
    pub method: &'a str,
    /// The proof's URL, by which other proofs name it.
    pub id: Option<&'a str>,
    /// What it is for.
    pub purpose: Purpose,
    /// When it is made.
    pub created: Option<Timestamp>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// Ids of the proofs on the document that it covers. None: it stands beside them.
    pub previous: &'a [&'a str],
    /// The domains it is meant for.
    pub domain: &'a [&'a str],
    /// The challenge it answers.
    pub challenge: Option<&'a str>,
}

impl<'a> ProofTerms<'a> {
    /// A proof that asserts the document, and says nothing else.
    #[must_use]
    pub const fn new(suite: Cryptosuite, method: &'a str) -> Self {
        Self {
            suite,
            method,
            id: None,
            purpose: Purpose::AssertionMethod,
            created: None,
            expires: None,
            previous: &[],
            domain: &[],
            challenge: None,
        }
    }

    pub(crate) fn to_members(&self) -> Map<String, Value> {
        // One is written alone, as most do.
        let list = |texts: &[&str]| match texts {
            [] => None,
            [one] => Some(Value::from(*one)),
            several => Some(several.iter().copied().collect()),
        };
        let members = [
            ("id", self.id.map(Value::from)),
            ("created", self.created.map(|time| time.to_string().into())),
            ("expires", self.expires.map(|time| time.to_string().into())),
            ("verificationMethod", Some(self.method.into())),
            ("proofPurpose", Some(self.purpose.as_str().into())),
            ("previousProof", list(self.previous)),
            ("domain", list(self.domain)),
            ("challenge", self.challenge.map(Value::from)),
        ];
        let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        given.collect()
    }
}

/// Puts the first Data Integrity proof on a credential of either version, by any suite that makes proofs.
///
/// For the RDFC suites every term of the credential has to be defined by one of `contexts`.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn secure_di(
    credential: Value,
    terms: &ProofTerms<'_>,
    signer: &dyn Signer,
    contexts: &Contexts,
) -> Result<SecuredCredential, SignFailure> {
    let credential = Credential::read(credential)?;
    let ground = (credential.value(), [].as_slice());
    let proof = proof::add_proof_of(&terms.suite, ground, terms.to_members(), signer, contexts)?;
    SecuredCredential::with_first_proof(credential, proof).map_err(unread)
}

/// Puts one more proof on a credential that has some: beside them, or over those that `terms.previous` names.
///
/// Proofs that are there stay as they are, and verify as before.
///
/// # Errors
///
/// [`SignFailure`]: [`SignFailure::FormMismatch`] for a credential in a JWS; a proof of the same id, or a predecessor that
/// is not there; nothing is signed that would not be read back.
pub fn add_proof_di(
    secured: &SecuredCredential,
    terms: &ProofTerms<'_>,
    signer: &dyn Signer,
    contexts: &Contexts,
) -> Result<SecuredCredential, SignFailure> {
    if matches!(secured, SecuredCredential::Jose(_)) {
        return Err(SignFailure::FormMismatch);
    }
    let taken = |id| secured.proofs().iter().any(|proof| proof.id() == Some(id));
    if terms.id.is_some_and(taken) {
        return Err(SignFailure::Proof(ProofError::DuplicateId));
    }
    let ground = (secured.credential().value(), secured.proofs());
    let proof = proof::add_proof_of(&terms.suite, ground, terms.to_members(), signer, contexts)?;
    secured.with_proof(&proof).map_err(|_| SignFailure::Unreadable)
}

/// Puts a credential into a JWS (`typ` `vc+jwt`, `cty` `vc`); `kid` is the DID URL of the signer's key.
///
/// The payload is the credential and no JWT claim beside it, so nothing can contradict it.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn issue_jose(
    credential: Value,
    kid: &str,
    signer: &dyn Signer,
) -> Result<SecuredCredential, SignFailure> {
    let credential = Credential::from_value(credential)?;
    let key = KeyName::Kid(kid);
    let compact = envelop(credential.value(), Envelope::Credential, key, signer)?;
    SecuredCredential::parse_compact(&compact).map_err(unread)
}

/// Puts a credential into a COSE message (`typ` `application/vc+cose`, content type `application/vc`); `kid` is the DID URL of the
/// signer's key.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn issue_cose(
    credential: Value,
    kid: &str,
    signer: &dyn Signer,
) -> Result<SecuredCredential, SignFailure> {
    cose(credential, KeyName::Kid(kid), signer)
}

/// As [`issue_cose`], by a key that certificates (DER, that of the key first) name in the place of a DID
/// (`x5chain`, [RFC 9360 §2](https://www.rfc-editor.org/rfc/rfc9360#section-2)); the first one has to name the issuer.
///
/// # Errors
///
/// As [`issue_cose`].
pub fn issue_cose_certified(
    credential: Value,
    chain: &[Vec<u8>],
    signer: &dyn Signer,
) -> Result<SecuredCredential, SignFailure> {
    cose(credential, KeyName::Certificates(chain), signer)
}

fn cose(
    credential: Value,
    key: KeyName<'_>,
    signer: &dyn Signer,
) -> Result<SecuredCredential, SignFailure> {
    let credential = Credential::from_value(credential)?;
    let text = message(credential.value(), Envelope::Credential, key, signer)?;
    SecuredCredential::parse_compact(&text).map_err(unread)
}

/// What was signed breaks a rule that depends on what is around it; the rule says more than that it cannot be read.
fn unread(error: ParseError) -> SignFailure {
    if let ParseError::Model(rule) = error { rule.into() } else { SignFailure::Unreadable }
}

/// The text form of a COSE message around `payload`.
pub(crate) fn message(
    payload: &Value,
    envelope: Envelope,
    key: KeyName<'_>,
    signer: &dyn Signer,
) -> Result<String, SignFailure> {
    let payload = json::canonicalize(payload).map_err(inkan_crypto::SignError::Canonical)?;
    let (typ, content_type) = envelope.cose_types();
    let headers = Headers { typ, content_type: Some(content_type), key };
    let made = Sign1::make(payload, &headers, signer).map_err(|error| match error {
        CoseError::Sign(error) => SignFailure::Signer(error),
        CoseError::TooLarge | CoseError::Malformed { .. } => SignFailure::Unreadable,
    })?;
    Ok(made.to_text())
}

/// As [`issue_jose`], by a key that certificates (DER, that of the key first) name in the place of a DID; the first one has to name
/// the issuer.
///
/// # Errors
///
/// As [`issue_jose`].
pub fn issue_jose_certified(
    credential: Value,
    chain: &[Vec<u8>],
    signer: &dyn Signer,
) -> Result<SecuredCredential, SignFailure> {
    let credential = Credential::from_value(credential)?;
    let key = KeyName::Certificates(chain);
    let compact = envelop(credential.value(), Envelope::Credential, key, signer)?;
    SecuredCredential::parse_compact(&compact).map_err(unread)
}

/// Members of a credential that every verifier needs, so that no holder may keep them back, in whichever format: who says it and
/// to when, how its standing is looked up, whose key it is bound to, and this project's `ledgerRecord`.
pub(crate) const ALWAYS_SHOWN: [&str; 12] = [
    "issuer",
    "validFrom",
    "validUntil",
    "credentialStatus",
    "credentialSchema",
    "relatedResource",
    "refreshService",
    "termsOfUse",
    "cnf",
    "confidenceMethod",
    "ledgerRecord",
    "countersignatureOffer",
];

/// What else stays plain in an SD-JWT: what says how to read it (VC-JOSE-COSE §3.2.1), and the JWT claims that speak of its
/// validity (RFC 9901 §9.7). Suites that sign statements show contexts and types in any case.
const PLAIN_IN_SD_JWT: [&str; 9] =
    ["@context", "type", "iss", "aud", "nbf", "exp", "sub", "jti", "status"];

/// Puts a credential into an SD-JWT (`typ` `vc+sd-jwt`, `cty` `vc`) whose holder may keep claims back; `kid` is the DID
/// URL of the signer's key.
///
/// # Errors
///
/// [`SignFailure`]; [`SignFailure::SdJwt`] also for a claim that every verifier needs. Nothing is signed that would not
/// be read back.
pub fn issue_sd_jwt(
    credential: Value,
    concealment: &Concealment<'_>,
    kid: &str,
    signer: &dyn Signer,
    rng: &mut impl CryptoRng,
) -> Result<SecuredCredential, SignFailure> {
    let credential = Credential::from_value(credential)?;
    let header = sd_jwt_header(Envelope::Credential, kid);
    let issued = sd_jwt::issue(credential.value().clone(), concealment, header, signer, rng)?;
    check_credential_shown(&issued)?;
    check_holder_shown(&issued)?;
    SecuredCredential::parse_compact(issued.shown()).map_err(unread)
}

/// As [`issue_sd_jwt`], with nothing that the holder may keep back: needs no randomness.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn issue_sd_jwt_plain(
    credential: Value,
    kid: &str,
    signer: &dyn Signer,
) -> Result<SecuredCredential, SignFailure> {
    let credential = Credential::from_value(credential)?;
    let header = sd_jwt_header(Envelope::Credential, kid);
    let issued = sd_jwt::sign(credential.value(), Vec::new(), header, signer)?;
    SecuredCredential::parse_compact(issued.shown()).map_err(unread)
}

/// Makes an SD-JWT VC (`dc+sd-jwt`) of `claims`; `kid` is the DID URL of the signer's key, whose DID is `iss`.
///
/// # Errors
///
/// [`SignFailure`]; [`SignFailure::SdJwt`] also for a claim that every verifier needs. Nothing is signed that would not
/// be read back.
pub fn issue_sd_jwt_vc(
    claims: Value,
    concealment: &Concealment<'_>,
    kid: &str,
    signer: &dyn Signer,
    rng: &mut impl CryptoRng,
) -> Result<SecuredCredential, SignFailure> {
    issue_sd_jwt_vc_as(claims, concealment, KeyName::Kid(kid), signer, rng)
}

/// As [`issue_sd_jwt_vc`], by a key that is named by a DID URL or by certificates.
///
/// # Errors
///
/// As [`issue_sd_jwt_vc`].
pub fn issue_sd_jwt_vc_as(
    claims: Value,
    concealment: &Concealment<'_>,
    name: KeyName<'_>,
    signer: &dyn Signer,
    rng: &mut impl CryptoRng,
) -> Result<SecuredCredential, SignFailure> {
    let issued =
        sd_jwt_vc::issue(claims, concealment, name, signer, rng).map_err(|error| match error {
            SdJwtVcError::Sign(failure) => failure,
            SdJwtVcError::SdJwt(error) => SignFailure::SdJwt(error),
            SdJwtVcError::NotSdJwtVc
            | SdJwtVcError::Claim { .. }
            | SdJwtVcError::KeyId
            | SdJwtVcError::Certificates
            | SdJwtVcError::IssuerNotNamed
            | SdJwtVcError::Invalid => SignFailure::Unreadable,
        })?;
    check_always_shown(issued.sd_jwt(), &["ledgerRecord", "countersignatureOffer"])?;
    SecuredCredential::parse_compact(issued.sd_jwt().shown()).map_err(|_| SignFailure::Unreadable)
}

/// Refuses a credential in an SD-JWT in which something that every verifier needs could be kept back.
pub(crate) fn check_credential_shown(sd_jwt: &SdJwt) -> Result<(), SdJwtError> {
    check_always_shown(sd_jwt, &ALWAYS_SHOWN)?;
    check_always_shown(sd_jwt, &PLAIN_IN_SD_JWT)
}

/// Refuses an SD-JWT in which one of `claims`, or something in it, could be kept back.
pub(crate) fn check_always_shown(sd_jwt: &SdJwt, claims: &[&str]) -> Result<(), SdJwtError> {
    match sd_jwt.disclosable().find(|place| claims.contains(&place.claim())) {
        Some(place) => Err(SdJwtError::MustBePlain { claim: place.claim().to_owned() }),
        None => Ok(()),
    }
}

/// Refuses an SD-JWT in which the names of the subjects could be kept back, if nothing else (`cnf`) says whose it is: without
/// them it would be good in anybody's hands.
fn check_holder_shown(issued: &SdJwt) -> Result<(), SdJwtError> {
    if issued.payload().get("cnf").is_some() {
        return Ok(());
    }
    let named = |subject: &Value| subject.get("id").is_some();
    let subjects = crate::model::items(issued.payload(), "credentialSubject");
    let holds_name = |place: &Place| match place.steps().get(1..).unwrap_or_default() {
        [] => subjects.iter().any(named),
        [Step::Index(index)] => subjects.get(*index).is_some_and(named),
        [Step::Member(name)] | [Step::Index(_), Step::Member(name)] => **name == *"id",
        _ => false,
    };
    let mut places = issued.disclosable().filter(|place| place.claim() == "credentialSubject");
    match places.find(|place| holds_name(place)) {
        Some(place) => Err(SdJwtError::MustBePlain { claim: place.to_string() }),
        None => Ok(()),
    }
}

/// The protected header of an SD-JWT.
pub(crate) fn sd_jwt_header(envelope: Envelope, kid: &str) -> Map<String, Value> {
    header((envelope.sd_typ(), envelope.cty()), KeyName::Kid(kid))
}

fn header((typ, cty): (&str, &str), key: KeyName<'_>) -> Map<String, Value> {
    let mut header = Map::new();
    header.insert("typ".to_owned(), typ.into());
    header.insert("cty".to_owned(), cty.into());
    let (name, key) = match key {
        KeyName::Kid(kid) => ("kid", kid.into()),
        KeyName::Certificates(chain) => ("x5c", certificates::to_header(chain)),
    };
    header.insert(name.to_owned(), key);
    header
}

/// Signs `payload`, written canonically, under the header of `envelope`.
pub(crate) fn envelop(
    payload: &Value,
    envelope: Envelope,
    key: KeyName<'_>,
    signer: &dyn Signer,
) -> Result<String, SignFailure> {
    let header = header((envelope.typ(), envelope.cty()), key);
    let payload = json::canonicalize(payload).map_err(inkan_crypto::SignError::Canonical)?;
    Ok(jws::sign(header, &payload, signer)?)
}

#[cfg(test)]
mod tests;
