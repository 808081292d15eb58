//! What a presentation shows: the paths of its claims, and salted digests of their values.
//!
//! The salts come from the presentation itself, which has the holder's signature over the verifier's nonce in it. So who has the
//! presentation can check every digest, who has the record alone can guess no value from it, and one claim can be opened to
//! somebody by its salt without the others.

use inkan_core::{Digest, encoding, json, sha256};
use serde_json::{Value, json};

use super::{CLAIMS, ConsentError};
use crate::presentation::Presentation;

/// One credential of a presentation, as far as it was shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShownCredential {
    /// Its types; of what the presentation itself says, `VerifiablePresentation`.
    pub types: Vec<String>,
    /// What was shown of it, in the order of the paths.
    pub claims: Vec<ShownClaim>,
}

/// One claim, by its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShownClaim {
    /// Where it stands in the credential: a JSON Pointer (RFC 6901).
    pub path: String,
    /// SHA-256 of its salt and the canonical form (RFC 8785) of its value.
    pub digest: Digest,
}

impl ShownCredential {
    pub(super) fn to_value(&self) -> Value {
        let claims: Vec<Value> = self
            .claims
            .iter()
            .map(|claim| json!({ "path": claim.path, "digest": claim.digest.to_b64u() }))
            .collect();
        json!({ "types": self.types, "claims": claims })
    }
}

/// SHA-256 of the canonical form (RFC 8785) of a presentation as JSON, its proof or envelope included.
#[must_use]
pub fn presentation_digest(presentation: &Presentation) -> Digest {
    sha256(&[&canonical(&presentation.to_value())])
}

/// Everything that `presentation` shows: each leaf of each credential but for its context and types, and what the presentation
/// says beside its holder.
///
/// # Errors
///
/// [`ConsentError::Malformed`] if there are more claims than a record names.
pub fn shown_by(presentation: &Presentation) -> Result<Vec<ShownCredential>, ConsentError> {
    let seed =
        sha256(&[b"inkan-consent-salt/v1\n".as_slice(), &canonical(&presentation.to_value())]);
    let mut gathering = Gathering { seed, left: CLAIMS };
    let mut all = Vec::new();
    for (index, secured) in presentation.credentials().iter().enumerate() {
        let credential = secured.credential();
        let types = credential.types().map(str::to_owned).collect();
        let claims = match secured.sd_jwt_vc() {
            // Its claims as they were shown, and not as the members of a W3C credential that they are arranged as.
            Some(flat) => gathering.of(index, flat.claims(), &["vct", "aka_vcts"])?,
            None => gathering.of(index, credential.value(), &["@context", "type", "proof"])?,
        };
        all.push(ShownCredential { types, claims });
    }
    if presentation.key_bound().is_none() {
        let own = ["@context", "type", "proof", "holder", "verifiableCredential"];
        let jose = ["iss", "aud", "iat", "nbf", "exp", "jti", "nonce", "id"];
        let known: Vec<&str> = own.into_iter().chain(jose).collect();
        let claims = gathering.of(all.len(), presentation.value(), &known)?;
        if !claims.is_empty() {
            all.push(ShownCredential { types: vec!["VerifiablePresentation".to_owned()], claims });
        }
    }
    Ok(all)
}

/// What is needed while leaves are gathered.
struct Gathering {
    /// Secret of the presentation.
    seed: Digest,
    /// Claims that there is still room for.
    left: usize,
}

impl Gathering {
    /// The leaves of `value` without its members `but`, in the order of their paths.
    fn of(
        &mut self,
        index: usize,
        value: &Value,
        but: &[&str],
    ) -> Result<Vec<ShownClaim>, ConsentError> {
        let mut found = Vec::new();
        for (name, inner) in value.as_object().into_iter().flatten() {
            if !but.contains(&name.as_str()) {
                self.walk(index, format!("/{}", escaped(name)), inner, &mut found)?;
            }
        }
        found.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(found)
    }

    /// The depth of what is walked was limited when it was read.
    fn walk(
        &mut self,
        index: usize,
        path: String,
        value: &Value,
        found: &mut Vec<ShownClaim>,
    ) -> Result<(), ConsentError> {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (name, inner) in members {
                    self.walk(index, format!("{path}/{}", escaped(name)), inner, found)?;
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (place, inner) in items.iter().enumerate() {
                    self.walk(index, format!("{path}/{place}"), inner, found)?;
                }
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                let too_many = ConsentError::Malformed { member: "piiInformation" };
                self.left = self.left.checked_sub(1).ok_or(too_many)?;
                let digest = self.digest(index, &path, value);
                found.push(ShownClaim { path, digest });
            }
        }
        Ok(())
    }

    fn digest(&self, index: usize, path: &str, value: &Value) -> Digest {
        let place = format!("\n{index}\n{path}");
        let salt = sha256(&[encoding::b64u(self.seed.as_bytes()).as_bytes(), place.as_bytes()]);
        sha256(&[salt.as_bytes(), &canonical(value)])
    }
}

/// A name in a JSON Pointer (RFC 6901 §3).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Strictly parsed JSON always has a canonical form.
fn canonical(value: &Value) -> Vec<u8> {
    json::canonicalize(value).unwrap_or_default()
}
