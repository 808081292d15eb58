//! `inkan proof check`: the cryptography of proofs and nothing else.
//!
//! In scope: do the proofs on this document, or the signature of this JWS, verify with the keys they name? Out of
//! scope: everything that makes a verification, in particular whether the key belongs to the issuer. Test vectors
//! whose issuer is not the key's controller pass here and nowhere else.

use std::collections::BTreeSet;

use inkan_core::encoding::{b64u, decode_b64};
use inkan_core::{json, limits, sha256};
use inkan_crypto::PublicKey;
use inkan_crypto::jws::Jws;
use serde_json::Value;

use crate::cose::Sign1;
use crate::envelope::is_sd_jwt;
use crate::error::ParseError;
use crate::model::is_url;
use crate::proof::{self, Proof, ProofError, Stage, take_proofs};
use crate::rdfc::{Contexts, RdfcError};
use crate::sd_jwt::{Confirmation, KeyBinding, SdJwt};
use crate::sd_jwt_vc::certificates;
use crate::secured::{compact_text, verify_cose, verify_jws};

/// How a signature says which key made it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Named<'a> {
    /// By the URL of a verification method, or another name that stands alone.
    Method(&'a str),
    /// By the certificate (DER) that holds it.
    Certificate(&'a [u8]),
    /// By the https URL of the issuer, whose metadata list its keys.
    Issuer {
        /// The URL.
        url: &'a str,
        /// The name that the key has there, if it is said.
        kid: Option<&'a str>,
    },
}

impl Named<'_> {
    /// As it stands in reports. That of a certificate is its digest.
    fn to_text(self) -> String {
        match self {
            Self::Method(name) => name.to_owned(),
            Self::Certificate(der) => format!("urn:x509:sha-256:{}", sha256(&[der]).to_hex()),
            Self::Issuer { url, kid: None } => url.to_owned(),
            Self::Issuer { url, kid: Some(kid) } => format!("{url} {kid}"),
        }
    }
}

/// What became of one proof.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ProofOutcome {
    /// It verifies with the key it names.
    Verified,
    /// As `Verified`, and its issuer made it for the holder, who derives from it what others see: no verifier accepts it as it is.
    VerifiedBase,
    /// It does not.
    Failed(ProofError),
    /// Its suite is not spoken here; nothing is known of it.
    UnknownSuite,
    /// The key it names was not to be had; nothing is known of it.
    KeyUnavailable,
    /// What it signs could not be worked out here: a JSON-LD context is not at hand, or a limit of ours was reached.
    Unknown(ProofError),
    /// What is presented has no proof that could be read; nothing is known of it.
    Unreadable(Box<ParseError>),
}

/// One proof, and what became of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CheckedProof {
    /// On which credential of a presentation it is, from 0; none for a proof on the document itself.
    pub credential: Option<usize>,
    /// Position on the document, from 0.
    pub index: usize,
    /// Name of the suite, or of the JWS algorithm.
    pub suite: String,
    /// URL of the key; of a key in a certificate `urn:x509:sha-256:` and its digest; else the issuer's URL, and a name.
    pub verification_method: String,
    /// Whether it is the key binding of an SD-JWT: the holder's word, and no proof of what the issuer says.
    pub is_binding: bool,
    /// What became of it.
    pub outcome: ProofOutcome,
}

/// The proofs of one document in their order; at least one.
#[derive(Clone, Debug)]
#[must_use = "proofs that were looked at need not have verified"]
pub struct ProofReport {
    /// One line per proof.
    pub proofs: Vec<CheckedProof>,
}

impl ProofReport {
    /// Whether the document, each credential that it presents, and each key binding on one of them has at least one proof that
    /// verifies, and none fails; those that say nothing do not count, nor does a base proof of what is presented.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.is_shown() && !self.fails()
    }

    /// Whether a proof does not verify.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.proofs.iter().any(|one| matches!(one.outcome, ProofOutcome::Failed(_)))
    }

    fn is_shown(&self) -> bool {
        let part = |one: &CheckedProof| (one.credential, one.is_binding);
        let holds = |one: &&CheckedProof| match one.outcome {
            ProofOutcome::Verified => true,
            // Its holder has it; whoever is shown it relies on nothing of it.
            ProofOutcome::VerifiedBase => one.credential.is_none(),
            ProofOutcome::Failed(_)
            | ProofOutcome::UnknownSuite
            | ProofOutcome::KeyUnavailable
            | ProofOutcome::Unknown(_)
            | ProofOutcome::Unreadable(_) => false,
        };
        let parts: BTreeSet<_> = self.proofs.iter().map(part).collect();
        let held: BTreeSet<_> = self.proofs.iter().filter(holds).map(part).collect();
        !parts.is_empty() && parts == held
    }
}

/// Checks every proof of a JSON document with embedded proofs, or the signature of a compact JWS, of any media type, and those of
/// the credentials that it presents, with the built-in JSON-LD contexts. `key_of` gives the key that a verification method or `kid` names.
///
/// # Errors
///
/// [`ParseError`] if there is nothing to check, or proofs refer to each other in a way that cannot be followed.
pub fn check(
    bytes: &[u8],
    key_of: &mut dyn FnMut(&str) -> Option<PublicKey>,
) -> Result<ProofReport, ParseError> {
    check_with(bytes, key_of, Contexts::built_in())
}

/// As [`check`], with JSON-LD contexts that the caller knows.
///
/// # Errors
///
/// As [`check`].
pub fn check_with(
    bytes: &[u8],
    key_of: &mut dyn FnMut(&str) -> Option<PublicKey>,
    contexts: &Contexts,
) -> Result<ProofReport, ParseError> {
    let mut key_of = |named: Named<'_>| match named {
        Named::Method(method) => key_of(method),
        Named::Certificate(_) | Named::Issuer { .. } => None,
    };
    check_named(bytes, &mut key_of, contexts)
}

/// As [`check_with`], also of signatures whose key a certificate holds or the issuer's metadata list. That a certificate is
/// anybody's, or that metadata are the issuer's, is not looked at here.
///
/// # Errors
///
/// As [`check`].
pub fn check_named(
    bytes: &[u8],
    key_of: &mut KeyOf<'_>,
    contexts: &Contexts,
) -> Result<ProofReport, ParseError> {
    let presented = if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        compact(&compact_text(bytes)?, key_of)?
    } else {
        document(json::parse(bytes, limits::DOCUMENT)?, key_of, contexts)?
    };
    let (payload, mut proofs) = presented;
    let credentials = match payload.get("verifiableCredential") {
        None => &[],
        Some(Value::Array(several)) => several.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    for (number, credential) in credentials.iter().enumerate() {
        let checked = match credential {
            Value::String(text) => compact(text, key_of),
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)) => document(other.clone(), key_of, contexts),
        };
        let of_it = match checked {
            Ok((_, proofs)) => proofs,
            Err(error) => vec![CheckedProof {
                credential: None,
                index: 0,
                suite: String::new(),
                verification_method: String::new(),
                is_binding: false,
                outcome: ProofOutcome::Unreadable(Box::new(error)),
            }],
        };
        let here = |one| CheckedProof { credential: Some(number), ..one };
        proofs.extend(of_it.into_iter().map(here));
    }
    Ok(ProofReport { proofs })
}

/// Gives the keys that are at hand.
type KeyOf<'a> = dyn FnMut(Named<'_>) -> Option<PublicKey> + 'a;

/// What is signed, and the proofs on it.
type Checked = (Value, Vec<CheckedProof>);

/// A document with its proofs, or an envelope.
fn document(
    mut document: Value,
    key_of: &mut KeyOf<'_>,
    contexts: &Contexts,
) -> Result<Checked, ParseError> {
    let id = json::text(&document, "id").unwrap_or_default();
    let enveloped = id.strip_prefix("data:").and_then(|url| url.split_once(','));
    if let Some((media_type, text)) = enveloped
        && ["+jwt", "+sd-jwt", "+cose;base64"].iter().any(|suffix| media_type.ends_with(suffix))
    {
        if media_type.ends_with(";base64") {
            let bytes = decode_b64(text).map_err(|_| ParseError::Envelope { member: "id" })?;
            return compact(&b64u(&bytes), key_of);
        }
        return compact(text, key_of);
    }
    let proofs = take_proofs(&mut document)?;
    let proofs = (0..proofs.len())
        .zip(&proofs)
        .map(|(index, proof)| one((&document, &proofs), (index, proof), key_of, contexts))
        .collect();
    Ok((document, proofs))
}

fn one(
    (document, proofs): (&Value, &[Proof]),
    (index, proof): (usize, &Proof),
    key_of: &mut KeyOf<'_>,
    contexts: &Contexts,
) -> CheckedProof {
    let is_base = proof.stage() == Some(Stage::Base);
    let outcome = if proof.cryptosuite().is_known() {
        match key_of(Named::Method(proof.verification_method())) {
            None => ProofOutcome::KeyUnavailable,
            // Which proofs it covers, its suite does not say: whether they are still those, nobody can tell.
            Some(_) if is_base && !proof.previous_proof().is_empty() => {
                ProofOutcome::Unknown(ProofError::CoversProofs)
            }
            Some(key) if is_base => match proof.verify_base(document, &key, contexts) {
                Ok(()) => ProofOutcome::VerifiedBase,
                failed => outcome(failed),
            },
            Some(key) => outcome(proof::verify_proof_with(document, proofs, index, &key, contexts)),
        }
    } else {
        ProofOutcome::UnknownSuite
    };
    CheckedProof {
        credential: None,
        index,
        suite: proof.cryptosuite().as_str().to_owned(),
        verification_method: proof.verification_method().to_owned(),
        is_binding: false,
        outcome,
    }
}

fn compact(text: &str, key_of: &mut KeyOf<'_>) -> Result<Checked, ParseError> {
    if Sign1::is_text(text) {
        let message = Sign1::parse_text(text)?;
        let payload = json::parse(message.payload(), limits::DOCUMENT).unwrap_or(Value::Null);
        let leaf = message.certificates().and_then(<[_]>::first).map(Vec::as_slice);
        let header = Header { kid: message.kid(), leaf, alg: message.alg() };
        let proof = checked(&payload, &header, key_of, |key| verify_cose(&message, key))?;
        return Ok((payload, vec![proof]));
    }
    if is_sd_jwt(text) {
        let sd_jwt = SdJwt::parse(text)?;
        let (jws, payload) = (sd_jwt.jws(), sd_jwt.payload().clone());
        let leaf = leaf_of(jws);
        let proof = checked(&payload, &Header::of(jws, leaf.as_deref()), key_of, |key| {
            verify_jws(jws, key)
        })?;
        let bound = sd_jwt.key_binding().map(|binding| bound(&sd_jwt, binding, key_of));
        return Ok((payload, std::iter::once(proof).chain(bound).collect()));
    }
    let jws = Jws::parse(text, limits::JWS)?;
    let payload = json::parse(jws.payload(), limits::DOCUMENT).unwrap_or(Value::Null);
    let leaf = leaf_of(&jws);
    let header = Header::of(&jws, leaf.as_deref());
    let proof = checked(&payload, &header, key_of, |key| verify_jws(&jws, key))?;
    Ok((payload, vec![proof]))
}

/// The key binding of an SD-JWT, by the key that its issuer confirmed, and over what is shown here.
fn bound(sd_jwt: &SdJwt, binding: &KeyBinding, key_of: &mut KeyOf<'_>) -> CheckedProof {
    let (name, key) = match sd_jwt.confirmation() {
        Ok(Some(Confirmation::Key(key))) => ("cnf".to_owned(), Some(key)),
        Ok(Some(Confirmation::Name(name))) => {
            let key = key_of(Named::Method(&name));
            (name, key)
        }
        Ok(Some(Confirmation::Thumbprint(_)) | None) | Err(_) => ("cnf".to_owned(), None),
    };
    let outcome = match key {
        None => ProofOutcome::KeyUnavailable,
        Some(key) if binding.is_over(sd_jwt) => outcome(verify_jws(binding.jws(), &key)),
        Some(_) => ProofOutcome::Failed(ProofError::Invalid),
    };
    let suite = format!("kb+jwt {}", binding.jws().alg().to_jose());
    let (credential, index, is_binding) = (None, 1, true);
    CheckedProof { credential, index, suite, verification_method: name, is_binding, outcome }
}

/// What a header says of the key.
struct Header<'a> {
    kid: Option<&'a str>,
    leaf: Option<&'a [u8]>,
    alg: &'a str,
}

impl<'a> Header<'a> {
    fn of(jws: &'a Jws, leaf: Option<&'a [u8]>) -> Self {
        Self { kid: jws.kid(), leaf, alg: jws.alg().to_jose() }
    }
}

/// The first of the certificates in a header; nothing that holds a key, if they cannot be read.
fn leaf_of(jws: &Jws) -> Option<Vec<u8>> {
    let chain = certificates::read(jws.header().get("x5c")?);
    Some(chain.and_then(|chain| chain.into_iter().next()).unwrap_or_default())
}

/// The one signature around `payload`.
fn checked(
    payload: &Value,
    header: &Header<'_>,
    key_of: &mut KeyOf<'_>,
    verify: impl Fn(&PublicKey) -> Result<(), ProofError>,
) -> Result<CheckedProof, ParseError> {
    let signer = crate::model::issuer_like(payload, "issuer")
        .or_else(|| crate::model::issuer_like(payload, "holder"))
        .or_else(|| json::text(payload, "iss"));
    let https = signer.filter(|signer| signer.starts_with("https://"));
    let whole;
    let named = match (header.kid, header.leaf) {
        // A DID has its own keys, whatever certificates say.
        (_, Some(leaf)) if signer.is_none_or(|signer| !signer.starts_with("did:")) => {
            Named::Certificate(leaf)
        }
        (Some(kid), _) if kid.starts_with('#') => {
            whole = format!("{}{kid}", signer.unwrap_or_default());
            Named::Method(&whole)
        }
        (Some(kid), _) => match https.filter(|_| !is_url(kid)) {
            Some(url) => Named::Issuer { url, kid: Some(kid) },
            None => Named::Method(kid),
        },
        (None, _) => Named::Issuer { url: https.ok_or(ParseError::KeyId)?, kid: None },
    };
    let outcome = match key_of(named) {
        None => ProofOutcome::KeyUnavailable,
        Some(key) => outcome(verify(&key)),
    };
    let (suite, verification_method) = (header.alg.to_owned(), named.to_text());
    let (credential, index, is_binding) = (None, 0, false);
    Ok(CheckedProof { credential, index, suite, verification_method, is_binding, outcome })
}

fn outcome(result: Result<(), ProofError>) -> ProofOutcome {
    match result {
        Ok(()) => ProofOutcome::Verified,
        Err(error @ ProofError::Rdf(RdfcError::ContextUnknown { .. } | RdfcError::TooMuchWork)) => {
            ProofOutcome::Unknown(error)
        }
        Err(error) => ProofOutcome::Failed(error),
    }
}

#[cfg(test)]
mod tests;
