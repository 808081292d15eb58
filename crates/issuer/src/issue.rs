//! Signing a draft, in any format.

mod flat;

use inkan_core::rng::draw_uuid_urn;
use inkan_core::{CryptoRng, Timestamp};
use inkan_credential::proof::SignFailure;
use inkan_credential::sd_jwt::{ClaimPath, Concealment};
use inkan_credential::sd_jwt_vc::KeyName;
use inkan_credential::selective;
use inkan_credential::sign::{self, ProofTerms};
use inkan_credential::{
    Contexts, Credential, Cryptosuite, Format, Opening, ProofError, SecuredCredential,
};
use inkan_crypto::Signer;
use serde_json::Value;

use crate::disclosable::{self, Disclosable};
use crate::draft::{Draft, Warning};

/// How a draft is to be secured.
#[derive(Clone, Debug)]
pub enum Securing<'a> {
    /// An embedded proof of this suite, which has to fit the key, with the JSON-LD contexts that are known.
    DataIntegrity(Cryptosuite, &'a Contexts),
    /// A base proof of a suite of selective disclosure, which has to fit the key: the holder derives others from it.
    Selective {
        /// The suite.
        suite: Cryptosuite,
        /// Claims that are always shown, named from the subject or else from the whole credential; to them come those that
        /// every verifier needs.
        mandatory: &'a [ClaimPath],
        /// The JSON-LD contexts that are known.
        contexts: &'a Contexts,
    },
    /// A JWS around it (`vc+jwt`).
    Jose,
    /// A COSE message around it (`vc+cose`).
    Cose,
    /// An SD-JWT around it (`vc+sd-jwt`).
    SdJwt(Disclosable<'a>),
    /// Its claims as an SD-JWT VC (`dc+sd-jwt`), whose `vct` is the draft's first type beside `VerifiableCredential`.
    SdJwtVc(Disclosable<'a>),
    /// The same, whose `iss` is the HTTPS URL at which the metadata of the issuer's DID are served.
    SdJwtVcAt(Disclosable<'a>, &'a str),
}

/// A signed credential and what its ledger entry commits to.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The credential.
    pub credential: SecuredCredential,
    /// Digest and salt for the issuance entry; none if the credential names no log.
    pub opening: Option<Opening>,
    /// What the issuer should know.
    pub warnings: Vec<Warning>,
}

/// Signs `draft` with the key at `method`, a DID URL of the issuer. The proof's id is drawn from `rng`, so that
/// countersignatures can name it.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back.
pub fn issue(
    draft: Draft,
    format: Format,
    (method, signer): (&str, &dyn Signer),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Issued, SignFailure> {
    let (credential, warnings) = draft.into_credential();
    let value = credential.value().clone();
    let id = draw_uuid_urn(rng);
    let credential = match format {
        Format::DataIntegritySd => {
            let (id, created) = (Some(id.as_str()), Some(now));
            let suite = Cryptosuite::EcdsaSd2023;
            let terms = ProofTerms { id, created, ..ProofTerms::new(suite, method) };
            selective::secure_sd(value, &[], (&terms, signer), Contexts::built_in(), rng)?
        }
        Format::DataIntegrity | Format::Jose | Format::SdJwt => {
            sign_plain(value, format, &id, (method, signer), now)?
        }
    };
    let opening = credential.credential().ledger_record().map(|record| Opening {
        format: format.as_str(),
        digest: credential.issuance_digest(),
        salt: record.salt,
    });
    Ok(Issued { credential, opening, warnings })
}

/// As [`issue`], in any format and with any suite. What the holder may keep back of an SD-JWT gets salts from `rng`.
///
/// # Errors
///
/// As [`secure`].
pub fn issue_with(
    draft: Draft,
    securing: &Securing<'_>,
    key: (&str, &dyn Signer),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Issued, SignFailure> {
    let (credential, warnings) = draft.into_credential();
    let credential = secure(&credential, securing, key, now, rng)?;
    let opening = credential.credential().ledger_record().map(|record| Opening {
        format: credential.format().as_str(),
        digest: credential.issuance_digest(),
        salt: record.salt,
    });
    Ok(Issued { credential, opening, warnings })
}

/// Signs a credential that was drafted elsewhere, with the key at `method`.
///
/// # Errors
///
/// [`SignFailure`]; nothing is signed that would not be read back. [`SignFailure::Claim`] if a claim that is to be
/// disclosable is not there.
pub fn secure(
    credential: &Credential,
    securing: &Securing<'_>,
    (method, signer): (&str, &dyn Signer),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<SecuredCredential, SignFailure> {
    let value = credential.value().clone();
    Ok(match securing {
        Securing::DataIntegrity(suite, contexts) => {
            let id = draw_uuid_urn(rng);
            let terms = ProofTerms {
                id: Some(&id),
                created: Some(now),
                ..ProofTerms::new(suite.clone(), method)
            };
            sign::secure_di(value, &terms, signer, contexts)?
        }
        Securing::Selective { suite, mandatory, contexts } => {
            let id = draw_uuid_urn(rng);
            let linked = *suite != Cryptosuite::Bbs2023;
            let value = if linked { value } else { unlinkable(value) };
            // An id and a moment would be shown with every derived proof, and link them.
            let (id, created) = (linked.then_some(id.as_str()), linked.then_some(now));
            let terms = ProofTerms { id, created, ..ProofTerms::new(suite.clone(), method) };
            let mandatory = disclosable::pointers(mandatory, &value, SUBJECT)?;
            let mandatory: Vec<&str> = mandatory.iter().map(String::as_str).collect();
            selective::secure_sd(value, &mandatory, (&terms, signer), contexts, rng)?
        }
        Securing::Jose => sign::issue_jose(value, method, signer)?,
        Securing::Cose => sign::issue_cose(value, method, signer)?,
        Securing::SdJwt(disclosable) => {
            let chosen = disclosable.paths(&value, &[SUBJECT])?;
            let concealment = Concealment { claims: &chosen, decoys: disclosable.decoys };
            sign::issue_sd_jwt(value, &concealment, method, signer, rng)?
        }
        Securing::SdJwtVc(disclosable) => {
            let claims = flat::claims(credential, now)?;
            let chosen = disclosable.paths(&claims, &[])?;
            let concealment = Concealment { claims: &chosen, decoys: disclosable.decoys };
            sign::issue_sd_jwt_vc(claims, &concealment, method, signer, rng)?
        }
        Securing::SdJwtVcAt(disclosable, url) => {
            let mut claims = flat::claims(credential, now)?;
            if let Value::Object(members) = &mut claims {
                members.insert("iss".to_owned(), (*url).into());
            }
            let chosen = disclosable.paths(&claims, &[])?;
            let concealment = Concealment { claims: &chosen, decoys: disclosable.decoys };
            let made = sign::issue_sd_jwt_vc(claims, &concealment, method, signer, rng)?;
            // Any other URL, or name of a key, would leave it open who issued it.
            if made.https_issuer() != Some(*url) {
                return Err(SignFailure::FormMismatch);
            }
            made
        }
    })
}

/// The name of a member that an SD-JWT VC made of this credential would not say, or not whole: it has no place there.
#[must_use]
pub fn lost_in_sd_jwt_vc(credential: &Credential) -> Option<String> {
    flat::lost(credential)
}

/// As [`issue_with`], by a key that certificates (DER, that of the key first) name in the place of a DID: as `vc+jwt`, `vc+cose` or
/// `dc+sd-jwt`. The issuer is an HTTPS URL that the first one names.
///
/// # Errors
///
/// As [`issue_with`]; [`SignFailure::FormMismatch`] for formats that carry no certificates.
pub fn issue_certified(
    draft: Draft,
    securing: &Securing<'_>,
    (chain, signer): (&[Vec<u8>], &dyn Signer),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Issued, SignFailure> {
    let (credential, warnings) = draft.into_credential();
    let credential = match securing {
        Securing::Jose => sign::issue_jose_certified(credential.value().clone(), chain, signer)?,
        Securing::Cose => sign::issue_cose_certified(credential.value().clone(), chain, signer)?,
        Securing::SdJwtVc(disclosable) => {
            let claims = flat::claims(&credential, now)?;
            let chosen = disclosable.paths(&claims, &[])?;
            let concealment = Concealment { claims: &chosen, decoys: disclosable.decoys };
            let name = KeyName::Certificates(chain);
            sign::issue_sd_jwt_vc_as(claims, &concealment, name, signer, rng)?
        }
        Securing::DataIntegrity(..)
        | Securing::Selective { .. }
        | Securing::SdJwt(_)
        | Securing::SdJwtVcAt(..) => {
            return Err(SignFailure::FormMismatch);
        }
    };
    Ok(Issued { credential, opening: None, warnings })
}

/// Without what was drawn for this credential alone and would be shown in every part of it: its id; its dates in full hours,
/// the first one earlier and the last one later.
fn unlinkable(mut value: Value) -> Value {
    const HOUR: i64 = 3_600;
    let Value::Object(members) = &mut value else { return value };
    members.remove("id");
    for (member, more) in [("validFrom", 0), ("validUntil", HOUR - 1)] {
        let date = members.get(member).and_then(Value::as_str);
        let date = date.and_then(|date| Timestamp::parse(date).ok());
        let hour = date.map(|date| {
            let seconds = date.seconds().saturating_add(more);
            Timestamp::from_seconds(seconds.saturating_sub(seconds.rem_euclid(HOUR)))
        });
        if let Some(Ok(hour)) = hour {
            members.insert(member.to_owned(), hour.to_string().into());
        }
    }
    value
}

/// Where the claims of a W3C credential are.
const SUBJECT: &str = "credentialSubject";

/// Signs an unsigned credential; `proof_id` and `now` appear in embedded proofs only.
pub(crate) fn sign_plain(
    value: Value,
    format: Format,
    proof_id: &str,
    (method, signer): (&str, &dyn Signer),
    now: Timestamp,
) -> Result<SecuredCredential, SignFailure> {
    match format {
        Format::DataIntegrity => sign::issue_di(value, proof_id, method, signer, now),
        // Draws secrets, and makes no sense of what everybody is to read whole.
        Format::DataIntegritySd => {
            let suite = Cryptosuite::EcdsaSd2023.as_str().to_owned();
            Err(SignFailure::Proof(ProofError::UnsupportedSuite { suite }))
        }
        Format::Jose => sign::issue_jose(value, method, signer),
        Format::SdJwt => sign::issue_sd_jwt_plain(value, method, signer),
    }
}

#[cfg(test)]
mod tests;
