//! The keys of a DID for those who know no DIDs: a JWK Set ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)), and the metadata in
//! which readers of SD-JWT VCs look for it ([draft-ietf-oauth-sd-jwt-vc §5](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-sd-jwt-vc-13#section-5)).
//!
//! In scope: which keys, under which names; finding one. Out of scope: serving them, and `jwks_uri`. Whoever believes what a host serves believes the host:
//! who had which key when, only the DID's log says.

use inkan_core::{json, limits};
use inkan_crypto::{Algorithm, PublicKey};
use serde_json::{Value, json};

use crate::did::Did;
use crate::document::{DidDocument, Relationship};

/// Where the metadata of an issuer lie on its host; the path of the issuer follows.
pub const WELL_KNOWN: &str = "/.well-known/jwt-vc-issuer";

/// The keys that credentials are signed with (`assertionMethod`), in the order of the document. Their `kid` is the DID URL that
/// what they sign names. Keys that sign no JWS are left out.
#[must_use]
pub fn jwks(document: &DidDocument) -> Value {
    let keys = document.methods_for(Relationship::AssertionMethod).filter_map(|method| {
        let algorithm = method.key.key_type().algorithm();
        if !Algorithm::ALL.contains(&algorithm) {
            return None;
        }
        let mut jwk = method.key.to_jwk();
        let Value::Object(members) = &mut jwk else { return None };
        members.insert("kid".to_owned(), method.id.as_str().into());
        members.insert("alg".to_owned(), algorithm.to_jose().into());
        members.insert("use".to_owned(), "sig".into());
        Some(jwk)
    });
    json!({ "keys": keys.collect::<Vec<_>>() })
}

/// The metadata of the issuer that lives where the DID does: `issuer`, the URL of that place, and `jwks`. None for a DID without
/// a place on the web.
#[must_use]
pub fn jwt_vc_issuer(document: &DidDocument) -> Option<Value> {
    Some(json!({ "issuer": issuer_url(document.id())?, "jwks": jwks(document) }))
}

/// `https://host[:port][/path]`, where a did:web or did:webvh lives.
#[must_use]
pub fn issuer_url(did: &Did) -> Option<String> {
    Some(format!("https://{}", did.location()?.without_scheme()))
}

/// Where the metadata of that issuer are looked for: between host and path.
#[must_use]
pub fn metadata_url(did: &Did) -> Option<String> {
    metadata_of(&issuer_url(did)?)
}

/// The same of an issuer's https URL, without a slash at its end.
#[must_use]
pub fn metadata_of(issuer: &str) -> Option<String> {
    let place = issuer.strip_prefix("https://")?;
    let place = place.strip_suffix('/').unwrap_or(place);
    let (host, path) = place.find('/').map_or((place, ""), |at| place.split_at(at));
    let plain = !host.is_empty() && !place.contains(['?', '#', '@']);
    plain.then(|| format!("https://{host}{WELL_KNOWN}{path}"))
}

/// Most keys of one set that are looked at.
const KEYS: usize = 64;

/// The key of that name among those that the metadata of this issuer list in themselves; without a name, the only one that they list.
#[must_use]
pub fn key_in(metadata: &[u8], issuer: &str, kid: Option<&str>) -> Option<PublicKey> {
    let metadata = json::parse(metadata, limits::DOCUMENT).ok()?;
    if json::text(&metadata, "issuer") != Some(issuer) {
        return None;
    }
    let keys = metadata.pointer("/jwks/keys")?.as_array()?;
    let jwk = match kid {
        Some(kid) => keys.iter().take(KEYS).find(|key| json::text(key, "kid") == Some(kid))?,
        None => keys.first().filter(|_| keys.len() == 1)?,
    };
    PublicKey::from_jwk(jwk).ok()
}

/// The URL of the did:webvh log that belongs to such a path on a host; none if it is another path.
#[must_use]
pub fn log_url(host: &str, path: &str) -> Option<String> {
    match path.strip_prefix(WELL_KNOWN)? {
        "" => Some(format!("https://{host}/.well-known/did.jsonl")),
        rest if rest.starts_with('/') && !rest.ends_with('/') => {
            Some(format!("https://{host}{rest}/did.jsonl"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
