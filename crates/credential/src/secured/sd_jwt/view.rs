//! The claims of an SD-JWT VC, arranged as the members of a W3C credential, so that whatever judges credentials has one
//! shape to look at. It is never signed or written in this shape.
//!
//! `vct` becomes a type, `iss` the issuer, `nbf` and `exp` the validity period, `sub` the subject's `id`, and the other claims
//! what is said about the subject.

use inkan_core::{json, sha256};
use serde_json::{Map, Value, json};

use crate::model::{CONTEXT_V2, Credential, ModelError, is_url};
use crate::sd_jwt_vc::{ABOUT_ITSELF, IssuerKey, SdJwtVc};

/// The view.
pub(super) fn of(vc: &SdJwtVc) -> Result<Credential, ModelError> {
    let claims = vc.claims();
    let mut subject = Map::new();
    for (name, value) in claims.as_object().into_iter().flatten() {
        if !ABOUT_ITSELF.contains(&name.as_str()) {
            subject.insert(name.clone(), value.clone());
        }
    }
    if let Some(sub) = json::text(claims, "sub") {
        let name = if is_url(sub) { "id" } else { "sub" };
        subject.insert(name.to_owned(), sub.into());
    }
    let types: Vec<&str> =
        ["VerifiableCredential", vc.vct()].into_iter().chain(vc.aliases()).collect();
    let mut members = Map::new();
    members.insert("@context".to_owned(), json!([CONTEXT_V2]));
    members.insert("type".to_owned(), json!(types));
    members.insert("issuer".to_owned(), issuer(vc).into());
    if let Some(from) = vc.not_before() {
        members.insert("validFrom".to_owned(), from.to_string().into());
    }
    if let Some(until) = vc.expires() {
        members.insert("validUntil".to_owned(), until.to_string().into());
    }
    for name in ["cnf", "ledgerRecord", "countersignatureOffer", "keyStatement", "evidence"] {
        if let Some(value) = claims.get(name) {
            members.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(id) = json::text(claims, "jti").filter(|id| is_url(id)) {
        members.insert("id".to_owned(), id.into());
    }
    members.insert("credentialSubject".to_owned(), Value::Object(subject));
    let status = (vc.token_status().cloned(), vc.unknown_status().to_vec());
    Credential::of_claims(Value::Object(members), (vc.not_before(), vc.expires()), status)
}

/// Who issued it: `iss`, or the DID that its key is of, or else the certificate of the key by its SHA-256.
fn issuer(vc: &SdJwtVc) -> String {
    match (vc.issuer(), vc.issuer_key()) {
        // What signs is the DID; its URL is another name, which is judged apart.
        (Some(issuer), key) => key.did_at_url().unwrap_or(issuer).to_owned(),
        (None, IssuerKey::Certificates(chain)) => {
            let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
            format!("urn:x509:sha-256:{}", sha256(&[leaf]).to_hex())
        }
        (None, IssuerKey::Did { .. } | IssuerKey::Metadata { .. } | IssuerKey::Unsaid) => {
            String::new()
        }
    }
}
