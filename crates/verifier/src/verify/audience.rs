//! For whom a credential was made: the claim `aud` of JWTs ([RFC 7519 §4.1.3](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3)). Whoever is
//! not named there must not rely on it, whoever presents it.

use inkan_credential::SecuredCredential;

use super::Bench;
use crate::check::{Check, CheckName, Weight};
use crate::reason::Reason;

/// So many names are told.
const SHOWN: usize = 3;

/// One line, if the credential names an audience and it is not this verifier; what this verifier is called, it says when it asks
/// for a presentation. Without that nothing can be told.
pub(super) fn check(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    checks: &mut Vec<Check>,
) {
    const NAME: CheckName = CheckName::Validity;
    let named = secured.audience();
    let expected = bench.context.expectation.as_ref().map(|expected| expected.audience.as_str());
    if named.is_empty() || expected.is_some_and(|own| named.contains(&own)) {
        return;
    }
    let mut found = named.iter().take(SHOWN).copied().collect::<Vec<_>>().join(" ");
    if named.len() > SHOWN {
        found.push_str(" …");
    }
    let reason = Reason::CredentialAudience { found };
    checks.push(match expected {
        Some(_) => Check::fail(NAME, subject, reason),
        None => Check::unknown(NAME, subject, reason, Weight::Required),
    });
}
