//! Making a presentation, in any of its forms.

use inkan_core::{CryptoRng, Timestamp};
use inkan_crypto::Signer;
use serde_json::{Map, Value, json};

use super::Presentation;
use crate::envelope::Envelope;
use crate::error::ParseError;
use crate::model::{CONTEXT_V2, ModelError};
use crate::proof::{self, Cryptosuite, ProofError, SignFailure};
use crate::rdfc::Contexts;
use crate::sd_jwt::{self, Concealment};
use crate::sd_jwt_vc::KeyName;
use crate::secured::SecuredCredential;
use crate::selective;
use crate::sign::{ProofTerms, envelop, message, sd_jwt_header};

/// Who presents, to whom, in answer to what.
#[derive(Clone, Copy, Debug)]
pub struct PresentationTerms<'a> {
    /// The holder's DID.
    pub holder: &'a str,
    /// DID URL of the holder's key.
    pub method: &'a str,
    /// The verifier's nonce.
    pub nonce: &'a str,
    /// The verifier, as it names itself.
    pub audience: &'a str,
    /// The time of presenting.
    pub created: Timestamp,
}

/// The forms of a presentation whose holder certificates may name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CertifiedForm {
    /// A JWS (`vp+jwt`) with `x5c`.
    Jose,
    /// A COSE message (`vp+cose`) with `x5chain`.
    Cose,
}

/// Presents `credentials` with an embedded proof: purpose `authentication`, `challenge` the nonce, `domain` the audience.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn present_di(
    credentials: &[SecuredCredential],
    terms: &PresentationTerms<'_>,
    signer: &dyn Signer,
) -> Result<Presentation, SignFailure> {
    let suite = Cryptosuite::for_key(signer.public_key().key_type());
    present_di_with(&suite, credentials, terms, signer, Contexts::built_in())
}

/// As [`present_di`], with any suite that makes proofs, and with JSON-LD contexts that the caller knows.
///
/// # Errors
///
/// As [`present_di`].
pub fn present_di_with(
    suite: &Cryptosuite,
    credentials: &[SecuredCredential],
    terms: &PresentationTerms<'_>,
    signer: &dyn Signer,
    contexts: &Contexts,
) -> Result<Presentation, SignFailure> {
    refuse_base(credentials)?;
    let mut document = document(credentials, terms);
    let mut members = Map::new();
    members.insert("created".to_owned(), terms.created.to_string().into());
    members.insert("verificationMethod".to_owned(), terms.method.into());
    members.insert("proofPurpose".to_owned(), "authentication".into());
    members.insert("challenge".to_owned(), terms.nonce.into());
    members.insert("domain".to_owned(), terms.audience.into());
    let proof = proof::add_proof_of(suite, (&document, &[]), members, signer, contexts)?;
    if let Value::Object(members) = &mut document {
        members.insert("proof".to_owned(), proof.value().clone());
    }
    Presentation::parse_value(document).map_err(|_| SignFailure::Unreadable)
}

/// Puts the first Data Integrity proof on a presentation that is written already: its types, contexts and other members stay.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back, a purpose other than `authentication` included.
pub fn secure_presentation_di(
    mut document: Value,
    terms: &ProofTerms<'_>,
    signer: &dyn Signer,
    contexts: &Contexts,
) -> Result<Presentation, SignFailure> {
    if document.get("proof").is_some() {
        return Err(SignFailure::Model(ModelError::ProofMisplaced));
    }
    let members = terms.to_members();
    let proof = proof::add_proof_of(&terms.suite, (&document, &[]), members, signer, contexts)?;
    if let Value::Object(members) = &mut document {
        members.insert("proof".to_owned(), proof.value().clone());
    }
    whole(Presentation::parse_value(document))
}

/// Puts a presentation that is written already into a JWS (`typ` `vp+jwt`); `kid` is the URL of the signer's key. Claims
/// that answer a verifier (`nonce`, `aud`, `iat`) stand in it beforehand.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn secure_presentation_jose(
    document: &Value,
    kid: &str,
    signer: &dyn Signer,
) -> Result<Presentation, SignFailure> {
    let key = KeyName::Kid(kid);
    let compact = envelop(document, Envelope::Presentation, key, signer)?;
    whole(Presentation::parse_compact(&compact))
}

/// As [`secure_presentation_jose`], in an SD-JWT (`typ` `vp+sd-jwt`) whose holder may keep claims back.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn secure_presentation_sd_jwt(
    document: Value,
    concealment: &Concealment<'_>,
    kid: &str,
    signer: &dyn Signer,
    rng: &mut impl CryptoRng,
) -> Result<Presentation, SignFailure> {
    let header = sd_jwt_header(Envelope::Presentation, kid);
    let issued = sd_jwt::issue(document, concealment, header, signer, rng)?;
    whole(Presentation::parse_compact(issued.shown()))
}

/// As [`secure_presentation_jose`], in a COSE message (`application/vp+cose`,
/// [VC-JOSE-COSE §3.3](https://www.w3.org/TR/2025/REC-vc-jose-cose-20250515/#with-cose)).
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn secure_presentation_cose(
    document: &Value,
    kid: &str,
    signer: &dyn Signer,
) -> Result<Presentation, SignFailure> {
    let text = message(document, Envelope::Presentation, KeyName::Kid(kid), signer)?;
    whole(Presentation::parse_compact(&text))
}

/// Presents `credentials` in a JWS (`typ` `vp+jwt`) with the claims `nonce`, `aud` and `iat`.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn present_jose(
    credentials: &[SecuredCredential],
    terms: &PresentationTerms<'_>,
    signer: &dyn Signer,
) -> Result<Presentation, SignFailure> {
    refuse_base(credentials)?;
    secure_presentation_jose(&answer(credentials, terms), terms.method, signer)
}

/// As [`present_jose`] or [`present_cose`], by a key that certificates (DER, that of the key first) name in the place of a DID;
/// the first one has to name `terms.holder`, an HTTPS URL. `terms.method` is not looked at.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn present_certified(
    credentials: &[SecuredCredential],
    form: CertifiedForm,
    terms: &PresentationTerms<'_>,
    (chain, signer): (&[Vec<u8>], &dyn Signer),
) -> Result<Presentation, SignFailure> {
    refuse_base(credentials)?;
    let (payload, key) = (answer(credentials, terms), KeyName::Certificates(chain));
    let compact = match form {
        CertifiedForm::Jose => envelop(&payload, Envelope::Presentation, key, signer)?,
        CertifiedForm::Cose => message(&payload, Envelope::Presentation, key, signer)?,
    };
    let made = whole(Presentation::parse_compact(&compact))?;
    // Beside a DID nobody would look at them.
    if made.holder_certificates().is_some() { Ok(made) } else { Err(SignFailure::Unreadable) }
}

/// Presents `credentials` in an SD-JWT (`typ` `vp+sd-jwt`) with the claims `nonce`, `aud` and `iat`, none of them disclosable:
/// what a holder keeps back it keeps back in the credentials.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn present_sd_jwt(
    credentials: &[SecuredCredential],
    terms: &PresentationTerms<'_>,
    signer: &dyn Signer,
) -> Result<Presentation, SignFailure> {
    refuse_base(credentials)?;
    let header = sd_jwt_header(Envelope::Presentation, terms.method);
    let signed = sd_jwt::sign(&answer(credentials, terms), Vec::new(), header, signer)?;
    Presentation::parse_compact(signed.shown()).map_err(|_| SignFailure::Unreadable)
}

/// Presents `credentials` in a COSE message (`application/vp+cose`) with the claims `nonce`, `aud` and `iat`.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn present_cose(
    credentials: &[SecuredCredential],
    terms: &PresentationTerms<'_>,
    signer: &dyn Signer,
) -> Result<Presentation, SignFailure> {
    refuse_base(credentials)?;
    secure_presentation_cose(&answer(credentials, terms), terms.method, signer)
}

/// Presents one credential in an SD-JWT with a key binding (`kb+jwt`), and no presentation around it: what the OpenID world
/// calls a presentation.
///
/// What the holder keeps back is left out of `credential` before.
///
/// # Errors
///
/// [`SignFailure::FormMismatch`] for a credential in another form; [`SignFailure::SdJwt`] if its issuer confirmed no key,
/// or another than the signer's. Nothing is signed that would not be read back.
pub fn present_key_bound(
    credential: &SecuredCredential,
    terms: &PresentationTerms<'_>,
    signer: &dyn Signer,
) -> Result<Presentation, SignFailure> {
    let sd_jwt = credential.sd_jwt().ok_or(SignFailure::FormMismatch)?;
    let binding = sd_jwt::BindingTerms {
        audience: terms.audience,
        nonce: terms.nonce,
        issued_at: terms.created,
    };
    let bound = sd_jwt.bind(&binding, signer)?;
    Presentation::parse_compact(&bound.to_compact()).map_err(|_| SignFailure::Unreadable)
}

/// The presentation with the claims that answer the verifier.
fn answer(credentials: &[SecuredCredential], terms: &PresentationTerms<'_>) -> Value {
    let mut payload = document(credentials, terms);
    if let Value::Object(members) = &mut payload {
        members.insert("nonce".to_owned(), terms.nonce.into());
        members.insert("aud".to_owned(), terms.audience.into());
        members.insert("iat".to_owned(), terms.created.seconds().into());
    }
    payload
}

/// What was just signed, if it is read back and tells no more than its holder means to.
fn whole(made: Result<Presentation, ParseError>) -> Result<Presentation, SignFailure> {
    let made = made.map_err(|_| SignFailure::Unreadable)?;
    refuse_base(made.credentials())?;
    Ok(made)
}

/// A credential that its holder has to derive from first would tell everything, and the key that hides the rest.
fn refuse_base(credentials: &[SecuredCredential]) -> Result<(), SignFailure> {
    if credentials.iter().any(selective::is_base) {
        return Err(SignFailure::Proof(ProofError::BaseProof));
    }
    Ok(())
}

fn document(credentials: &[SecuredCredential], terms: &PresentationTerms<'_>) -> Value {
    let mut document = json!({
        "@context": [CONTEXT_V2],
        "type": ["VerifiablePresentation"],
        "holder": terms.holder,
    });
    // "None" is written by leaving the member out (VCDM §4.13).
    if let (Value::Object(members), false) = (&mut document, credentials.is_empty()) {
        let credentials = credentials.iter().map(SecuredCredential::to_value).collect();
        members.insert("verifiableCredential".to_owned(), credentials);
    }
    document
}
