//! Choosing which claims of a credential to show.
//!
//! In scope: from names that a person types to the credential with just those claims. Out of scope: consent.

use inkan_core::CryptoRng;
use inkan_credential::sd_jwt::{ClaimPath, ClaimPathError, DeriveError, PathStep, Place, Step};
use inkan_credential::secured::DisclosureError;
use inkan_credential::selective::{self, Disclosure};
use inkan_credential::{Contexts, SecuredCredential};
use serde_json::Value;

/// Where the claims of a W3C credential are.
const SUBJECT: &str = "credentialSubject";

/// The credential with `chosen` claims and those that are always shown. Claims are named from the subject, or else from the
/// whole credential; nothing chosen shows nothing.
///
/// # Errors
///
/// [`DisclosureError`]: a claim is not there, or a name means several; the format has no selective disclosure.
pub fn disclose(
    credential: &SecuredCredential,
    chosen: &[ClaimPath],
) -> Result<SecuredCredential, DisclosureError> {
    let Some(sd_jwt) = credential.sd_jwt() else { return Err(DisclosureError::Format) };
    let inner = subject(credential).and_then(|name| sd_jwt.payload().get(name));
    let mut paths = Vec::with_capacity(chosen.len());
    for path in chosen {
        let found = inner.map(|inner| path.resolve(inner)).transpose();
        let places = found.map_err(DeriveError::Path)?.unwrap_or_default();
        if places.is_empty() {
            paths.push(path.clone());
        }
        paths.extend(places.iter().map(within_subject));
    }
    credential.disclose(&paths)
}

/// As [`disclose`], for a credential with a base proof of selective disclosure. Its issuer chose what is shown in any case.
/// Of other proofs on it those stay that `keep` names: see [`selective::Disclosure::keep`].
/// Proofs of `bbs-2023` draw from `rng`, so that no two of them can be linked.
///
/// # Errors
///
/// [`SelectiveError`]: a claim is not there, or a name means several; there is no base proof; nothing would be shown.
pub fn derive(
    credential: &SecuredCredential,
    chosen: &[ClaimPath],
    keep: &[&str],
    contexts: &Contexts,
    rng: &mut impl CryptoRng,
) -> Result<SecuredCredential, SelectiveError> {
    let whole = credential.credential().value();
    let mut pointers = Vec::new();
    for path in chosen {
        let inner = whole.get(SUBJECT).map(|inner| path.resolve(inner)).transpose()?;
        let inner = inner.unwrap_or_default();
        if inner.is_empty() {
            let places = path.resolve(whole)?;
            if places.is_empty() {
                let known = selective::choices(credential)?;
                return Err(ClaimPathError::Unknown { path: path.to_string(), known }.into());
            }
            pointers.extend(places.iter().map(ToString::to_string));
        }
        pointers.extend(inner.iter().map(|place| format!("/{SUBJECT}{place}")));
    }
    let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
    let disclosure = Disclosure { pointers: &pointers, keep, ..Disclosure::default() };
    Ok(selective::derive(credential, &disclosure, contexts, rng)?)
}

/// Why nothing was derived from a credential with a base proof.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SelectiveError {
    /// A path names no claim, or not one alone.
    #[error(transparent)]
    Path(#[from] ClaimPathError),
    /// Nothing can be derived.
    #[error(transparent)]
    Derive(#[from] selective::DeriveError),
}

impl SelectiveError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Path(error) => error.code(),
            Self::Derive(error) => error.code(),
        }
    }
}

/// The claims that can be shown or kept back, as a holder names them: from the subject, if they are about it.
#[must_use]
pub fn disclosable(credential: &SecuredCredential) -> Vec<String> {
    if selective::is_base(credential) {
        let choices = selective::choices(credential).unwrap_or_default();
        let inner = |choice: &String| {
            let inner = choice.strip_prefix('/').and_then(|rest| rest.strip_prefix(SUBJECT));
            inner.filter(|inner| inner.starts_with('/')).unwrap_or(choice).to_owned()
        };
        return choices.iter().map(inner).collect();
    }
    let Some(sd_jwt) = credential.sd_jwt() else { return Vec::new() };
    let prefix = subject(credential).map(|name| format!("/{name}"));
    let name = |place: &Place| {
        let whole = place.to_string();
        let inner = prefix.as_deref().and_then(|prefix| whole.strip_prefix(prefix));
        inner.filter(|inner| inner.starts_with('/')).map_or(whole.clone(), str::to_owned)
    };
    sd_jwt.disclosable().map(name).collect()
}

/// The member with the claims, if it is one object. Claims of an SD-JWT VC stand by themselves.
fn subject(credential: &SecuredCredential) -> Option<&'static str> {
    let whole = credential.sd_jwt().filter(|_| credential.sd_jwt_vc().is_none())?.payload();
    whole.get(SUBJECT).filter(|inner| matches!(inner, Value::Object(_))).map(|_| SUBJECT)
}

fn within_subject(place: &Place) -> ClaimPath {
    let steps = place.steps().iter().map(|step| match step {
        Step::Member(name) => PathStep::Member(name.to_string()),
        Step::Index(index) => PathStep::Index(*index),
    });
    ClaimPath::Steps(std::iter::once(PathStep::Member(SUBJECT.to_owned())).chain(steps).collect())
}

#[cfg(test)]
mod tests;
