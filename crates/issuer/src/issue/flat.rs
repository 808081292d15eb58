//! The claims of an SD-JWT VC, from a draft in the shape of the W3C data model.

use inkan_core::Timestamp;
use inkan_credential::Credential;
use inkan_credential::proof::SignFailure;
use inkan_credential::sd_jwt::SdJwtError;
use serde_json::{Map, Value};

use crate::draft;

/// Members of a credential that have a place in an SD-JWT VC; a JSON-LD context has none and needs none.
const CARRIED: [&str; 14] = [
    "@context",
    "id",
    "type",
    "issuer",
    "validFrom",
    "validUntil",
    "credentialSubject",
    "cnf",
    "evidence",
    "ledgerRecord",
    "countersignatureOffer",
    "keyStatement",
    "status",
    "vct#integrity",
];

/// What of a credential would not be said in an SD-JWT VC made of it: the name of a member that has no place there.
pub(crate) fn lost(credential: &Credential) -> Option<String> {
    let value = credential.value();
    let members = value.as_object().into_iter().flat_map(Map::keys);
    let unplaced = members.map(String::as_str).find(|name| !CARRIED.contains(name));
    let described = value.get("issuer").is_some_and(|issuer| {
        issuer.as_object().is_some_and(|members| members.keys().any(|name| name != "id"))
    });
    let types = credential.types().filter(|name| *name != "VerifiableCredential").count();
    let several = credential.subjects().len() > 1;
    let found = [(described, "issuer"), (types > 1, "type"), (several, "credentialSubject")];
    let other = found.into_iter().find(|(is_so, _)| *is_so).map(|(_, name)| name);
    unplaced.or(other).map(|name| name.chars().take(64).collect())
}

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
    let kept = [
        "cnf",
        "evidence",
        "ledgerRecord",
        "countersignatureOffer",
        "keyStatement",
        "status",
        "vct#integrity",
    ];
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
