//! Which claims the holder may keep back.
//!
//! In scope: from what an issuer names, or does not name, to paths in what is signed. Out of scope: salts and digests
//! (`inkan_credential::sd_jwt`), and the claims that every verifier needs, which are refused there.

use inkan_credential::sd_jwt::{ClaimPath, ClaimPathError, PathStep, Step};
use inkan_credential::sd_jwt_vc::ABOUT_ITSELF;
use serde_json::Value;

/// Claims that the holder may keep back, each by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disclosable<'a> {
    /// The claims, named from the subject, or else from the whole credential. None named: every claim about the subject
    /// but its `id`, and everything within them.
    pub claims: &'a [ClaimPath],
    /// In every object and array where something can be kept back, a random number of decoys up to this.
    pub decoys: u8,
}

impl Disclosable<'_> {
    /// The claims as paths in `whole`; `subject` are the steps to the object with the claims.
    ///
    /// # Errors
    ///
    /// [`ClaimPathError`] if a path names no claim, or a name alone several.
    pub(crate) fn paths(
        &self,
        whole: &Value,
        subject: &[&str],
    ) -> Result<Vec<ClaimPath>, ClaimPathError> {
        let inner = subject.iter().try_fold(whole, |value, name| value.get(*name)).unwrap_or(whole);
        let mut at: Vec<PathStep> =
            subject.iter().map(|name| PathStep::Member((*name).to_owned())).collect();
        let itself = if subject.is_empty() { ABOUT_ITSELF.as_slice() } else { &["id"] };
        if self.claims.is_empty() {
            let mut out = Vec::new();
            for (name, value) in inner.as_object().into_iter().flatten() {
                if !itself.contains(&name.as_str()) {
                    at.push(PathStep::Member(name.clone()));
                    everything(value, &mut at, &mut out);
                    at.pop();
                }
            }
            return Ok(out);
        }
        let mut out = Vec::new();
        for path in self.claims {
            let places = path.resolve(inner)?;
            if places.is_empty() {
                if path.resolve(whole)?.is_empty() {
                    let hidden = if subject.is_empty() { itself } else { &[] };
                    return Err(unknown(path, inner, hidden));
                }
                out.push(path.clone());
            }
            for place in places {
                let within = place.steps().iter().map(|step| match step {
                    Step::Member(name) => PathStep::Member(name.to_string()),
                    Step::Index(index) => PathStep::Index(*index),
                });
                out.push(ClaimPath::Steps(at.iter().cloned().chain(within).collect()));
            }
        }
        Ok(out)
    }
}

/// JSON pointers to the claims that `named` names, from the member `subject` or else from the whole credential.
///
/// # Errors
///
/// [`ClaimPathError`] if a path names no claim, or a name alone several.
pub fn pointers(
    named: &[ClaimPath],
    whole: &Value,
    subject: &str,
) -> Result<Vec<String>, ClaimPathError> {
    let mut out = Vec::new();
    for path in named {
        let within = whole.get(subject).map(|inner| path.resolve(inner)).transpose()?;
        let within = within.unwrap_or_default();
        if within.is_empty() {
            let places = path.resolve(whole)?;
            if places.is_empty() {
                return Err(unknown(path, whole.get(subject).unwrap_or(whole), &[]));
            }
            out.extend(places.iter().map(ToString::to_string));
        }
        out.extend(within.iter().map(|place| format!("/{subject}{place}")));
    }
    Ok(out)
}

/// That there is no such claim, with the claims about the subject, but for `itself`: what people mean to name.
fn unknown(path: &ClaimPath, subject: &Value, itself: &[&str]) -> ClaimPathError {
    let known = subject.as_object().into_iter().flat_map(|members| members.keys());
    let known = known.filter(|name| !itself.contains(&name.as_str()));
    let known = known.map(|name| format!("/{name}")).collect();
    ClaimPathError::Unknown { path: path.to_string(), known }
}

/// The value at `at`, and everything within it.
fn everything(value: &Value, at: &mut Vec<PathStep>, out: &mut Vec<ClaimPath>) {
    out.push(ClaimPath::Steps(at.clone()));
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                at.push(PathStep::Member(name.clone()));
                everything(value, at, out);
                at.pop();
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                at.push(PathStep::Index(index));
                everything(value, at, out);
                at.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests;
