//! Claims that answer a question (`age_over_20`), so that the value need not be shown: `options.derivedClaims`, as `inkan issue --derive`.

use inkan_core::Timestamp;
use inkan_issuer::derived;
use serde_json::Value;

use crate::credentials::answer::{Cause, Refusal};

/// Adds them to what is said about the only subject, before the credential is judged and signed.
pub(super) fn add(
    credential: &mut Value,
    wanted: &[(String, String)],
    now: Timestamp,
) -> Result<(), Refusal> {
    if wanted.is_empty() {
        return Ok(());
    }
    let subject = match credential.get_mut("credentialSubject") {
        Some(Value::Array(several)) => match several.as_mut_slice() {
            [only] => Some(only),
            _ => None,
        },
        one => one,
    };
    let claims = subject.and_then(Value::as_object_mut).ok_or_else(|| {
        let detail = "options.derivedClaims: they stand beside the claims of one subject, and there is none, or several";
        Refusal::bad(Cause::OptionMalformed.code(), detail)
    })?;
    for (name, source) in wanted {
        derived::add(claims, (name.as_str(), source.as_str()), now)
            .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    }
    Ok(())
}
