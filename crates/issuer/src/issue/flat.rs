//! The claims of an SD-JWT VC, from a draft in the shape of the W3C data model.

use inkan_core::Timestamp;
use inkan_credential::Credential;
use inkan_credential::proof::SignFailure;
use inkan_credential::sd_jwt::SdJwtError;
use serde_json::{Map, Value};

use crate::draft;

/// One flat object: what is said about the only subject, beside `vct`, `iss`, `sub`, `iat`, `nbf`, `exp` and `jti`.
///
/// # Errors
///
/// [`SignFailure::SdJwt`] if a claim about the subject has the name of one about the credential itself: it would be taken for that,
/// or be lost.
pub(super) fn claims(credential: &Credential, now: Timestamp) -> Result<Value, SignFailure> {
    if let Some(name) = draft::reserved(credential) {
        return Err(SdJwtError::NameReserved { name }.into());
    }
    let mut claims = Map::new();
    for subject in credential.subjects() {
        for (name, value) in subject.as_object().into_iter().flatten() {
            if name != "id" {
                claims.insert(name.clone(), value.clone());
            }
        }
    }
    let kept =
        ["cnf", "evidence", "ledgerRecord", "countersignatureOffer", "status", "vct#integrity"];
    for (name, value) in kept.iter().filter_map(|name| Some((name, credential.value().get(*name)?)))
    {
        claims.insert((*name).to_owned(), value.clone());
    }
    let named = credential.types().find(|name| *name != "VerifiableCredential");
    let vct = named.unwrap_or("VerifiableCredential");
    let members: [(&str, Option<Value>); 7] = [
        ("vct", Some(vct.into())),
        ("iss", Some(credential.issuer().into())),
        ("sub", credential.subject_id().map(Value::from)),
        ("jti", credential.id().map(Value::from)),
        ("iat", Some(now.seconds().into())),
        ("nbf", credential.valid_from().map(|time| time.seconds().into())),
        ("exp", credential.valid_until().map(|time| time.seconds().into())),
    ];
    for (name, value) in members {
        match value {
            Some(value) => drop(claims.insert(name.to_owned(), value)),
            None => drop(claims.remove(name)),
        }
    }
    Ok(Value::Object(claims))
}
