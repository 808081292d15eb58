//! Signing a draft, in either format.

use inkan_core::rng::draw_uuid_urn;
use inkan_core::{CryptoRng, Timestamp};
use inkan_credential::proof::SignFailure;
use inkan_credential::{Format, Opening, SecuredCredential, sign};
use inkan_crypto::Signer;
use serde_json::Value;

use crate::draft::{Draft, Warning};

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
    let credential = sign_plain(value, format, &draw_uuid_urn(rng), (method, signer), now)?;
    let opening = credential.credential().ledger_record().map(|record| Opening {
        format: format.as_str(),
        digest: credential.issuance_digest(),
        salt: record.salt,
    });
    Ok(Issued { credential, opening, warnings })
}

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
        Format::Jose => sign::issue_jose(value, method, signer),
        Format::SdJwt => sign::issue_sd_jwt_plain(value, method, signer),
    }
}

#[cfg(test)]
mod tests;
