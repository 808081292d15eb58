//! Certificate policies ([RFC 5280 §6.1](https://www.rfc-editor.org/rfc/rfc5280#section-6.1)), for one policy that is demanded.
//!
//! Stricter than there: where a policy is demanded, a path with policy mappings does not hold. Without mappings the tree of RFC 5280 has the
//! policy at its end exactly if every certificate names it or, while that is not inhibited, any policy.

use der::Decode as _;
use der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::CertificatePolicies;
use x509_cert::ext::pkix::InhibitAnyPolicy;

use super::Known;

/// RFC 5280 §4.2.1.4, and any policy.
const CERTIFICATE_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
const ANY_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32.0");
/// RFC 5280 §4.2.1.5.
const POLICY_MAPPINGS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.33");
/// RFC 5280 §4.2.1.14.
const INHIBIT_ANY_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.54");

/// Whether every certificate below the pinned one is under `policy`. `path` begins with that of the key and ends with the pinned one.
pub(crate) fn permits(path: &[&[u8]], policy: ObjectIdentifier) -> bool {
    // What is pinned is trusted as it is; its own policies bind nobody (RFC 5280 §6.1.1 (c)).
    let below = path.get(..path.len().saturating_sub(1).max(1)).unwrap_or_default();
    // Certificates that may still come before any policy does not count.
    let mut any_counts_for: Option<u64> = None;
    for (place, certificate) in below.iter().rev().enumerate() {
        let Some(known) = Known::read(certificate) else { return false };
        if known.extension(POLICY_MAPPINGS).is_some() {
            return false;
        }
        let is_last = place.saturating_add(1) == below.len();
        let tbs = known.parsed.tbs_certificate();
        // Certificates that an authority issues to itself are not counted, and may say any policy (§6.1.3 (d) (2)).
        let to_itself = tbs.issuer() == tbs.subject() && !is_last;
        let any = to_itself || any_counts_for != Some(0);
        if !names(&known, policy, any) {
            return false;
        }
        if !to_itself {
            any_counts_for = any_counts_for.map(|left| left.saturating_sub(1));
        }
        if let Some(extension) = known.extension(INHIBIT_ANY_POLICY) {
            let Ok(inhibit) = InhibitAnyPolicy::from_der(extension.extn_value.as_bytes()) else {
                return false;
            };
            let skip = u64::from(inhibit.0);
            any_counts_for = Some(any_counts_for.map_or(skip, |left| left.min(skip)));
        }
    }
    !below.is_empty()
}

fn names(known: &Known<'_>, policy: ObjectIdentifier, any: bool) -> bool {
    let Some(extension) = known.extension(CERTIFICATE_POLICIES) else { return false };
    CertificatePolicies::from_der(extension.extn_value.as_bytes()).is_ok_and(|policies| {
        policies.0.iter().any(|one| {
            one.policy_identifier == policy || (any && one.policy_identifier == ANY_POLICY)
        })
    })
}
