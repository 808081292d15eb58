//! Credentials in an envelope: a JWS, a COSE message, an SD-JWT, or the claims of an SD-JWT VC.

use inkan_core::Timestamp;
use inkan_credential::{Credential, SecuredCredential};
use inkan_crypto::Signer;
use inkan_io::os_rng::OsRng;
use inkan_issuer::issue::lost_in_sd_jwt_vc;
use inkan_issuer::{Disclosable, Securing, secure};
use serde_json::Value;

use super::unsigned;
use crate::credentials::answer::{Cause, Refusal};
use crate::credentials::backing::ListForm;
use crate::credentials::envelope::Options;
use crate::credentials::suites::{Issuer, Suite};

/// Signs a credential as it stands; what is signed is no copy of an embedded proof.
pub(super) fn sign(
    suite: Suite,
    issuer: &Issuer,
    credential: Value,
    (options, now): (&Options, Timestamp),
) -> Result<SecuredCredential, Refusal> {
    let disclosable = Disclosable { claims: &options.disclosable, decoys: options.decoys };
    let securing = match suite {
        Suite::VcJwt | Suite::VcJwtP256 | Suite::VcJwtP384 => Securing::Jose,
        Suite::VcCose => Securing::Cose,
        Suite::VcSdJwt => Securing::SdJwt(disclosable),
        Suite::DcSdJwt => Securing::SdJwtVc(disclosable),
        Suite::EddsaRdfc
        | Suite::EddsaJcs
        | Suite::EcdsaRdfc
        | Suite::EcdsaRdfcP384
        | Suite::EcdsaJcs
        | Suite::EcdsaJcsP384
        | Suite::EcdsaSd
        | Suite::Bbs
        | Suite::Ed25519Signature2020 => return Err(Refusal::fault()),
    };
    let credential = read(credential)?;
    let by: (&str, &dyn Signer) = (&issuer.method, &*issuer.key);
    secure(&credential, &securing, by, now, &mut OsRng).map_err(unsigned)
}

/// That an SD-JWT VC says all that the credential says: what has no place there is refused, and not left out.
pub(super) fn check(suite: Suite, credential: &Value) -> Result<(), Refusal> {
    if suite != Suite::DcSdJwt {
        return Ok(());
    }
    match lost_in_sd_jwt_vc(&read(credential.clone())?) {
        None => Ok(()),
        Some(name) => {
            let detail = format!("{name}: an SD-JWT VC has no place for it, or for all of it");
            Err(Refusal::bad(Cause::RequestMalformed.code(), detail))
        }
    }
}

/// How the status lists of what is issued by a suite are written: an SD-JWT VC names places in tokens alone.
pub(super) fn lists(suite: Suite, options: &Options) -> Result<ListForm, Refusal> {
    match (suite, options.lists) {
        (Suite::DcSdJwt, Some(ListForm::Bitstring)) => {
            let detail = "dc+sd-jwt names places in token status lists: ask for statusLists token";
            Err(Refusal::bad(Cause::StatusNotKept.code(), detail))
        }
        (Suite::DcSdJwt, None) => Ok(ListForm::TokenJwt),
        (_, lists) => Ok(lists.unwrap_or_default()),
    }
}

fn read(credential: Value) -> Result<Credential, Refusal> {
    Credential::from_value(credential)
        .map_err(|error| Refusal::bad(error.code(), error.to_string()))
}
