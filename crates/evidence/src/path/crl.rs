//! What a CRL says of one certificate ([RFC 5280 §5 and §6.3](https://www.rfc-editor.org/rfc/rfc5280#section-6.3)).
//!
//! Only whole lists by the issuer itself are read: one that is a part, a difference or somebody else's says nothing.

use der::Decode as _;
use der::asn1::{GeneralizedTime, ObjectIdentifier};
use inkan_core::Timestamp;
use x509_cert::crl::{CertificateList, RevokedCert};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::KeyUsage;

use super::{Known, Said, Standing, as_of, seconds};

/// RFC 5280 §4.2.1.3.
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// RFC 5280 §5.3.2.
const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");
/// RFC 5280 §5.2.4 and §5.2.5: a difference, a part.
const DELTA: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
const ISSUING_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
/// X.509 §9.5.2.8: since when certificates that ended stay on the list.
const EXPIRED_ON_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.60");

/// How the certificate stood at that time.
pub(super) fn says(
    list: &[u8],
    subject: &Known<'_>,
    issuer: &Known<'_>,
    at: Timestamp,
) -> Standing {
    let Ok(list) = CertificateList::from_der(list) else { return Standing::Unknown };
    read(&list, subject, issuer).map_or(Standing::Unknown, |said| as_of(&said, subject, at))
}

fn read(list: &CertificateList, subject: &Known<'_>, issuer: &Known<'_>) -> Option<Said> {
    let body = &list.tbs_cert_list;
    let extensions = body.crl_extensions.as_deref().unwrap_or_default();
    let has = |oid| extensions.iter().any(|extension| extension.extn_id == oid);
    let whole = body.issuer == *issuer.parsed.tbs_certificate().subject()
        && !extensions.iter().any(|extension| extension.critical)
        && !has(DELTA)
        && !has(ISSUING_POINT);
    if !whole || body.signature != list.signature_algorithm || !may_sign(issuer) {
        return None;
    }
    if !issuer.signed(&list.signature_algorithm, body, &list.signature) {
        return None;
    }
    let serial = subject.parsed.tbs_certificate().serial_number();
    let entries = body.revoked_certificates.as_deref().unwrap_or_default();
    let mut revoked: Option<i64> = None;
    for entry in entries.iter().filter(|entry| entry.serial_number == *serial) {
        let since = since(entry)?;
        revoked = Some(revoked.map_or(since, |known| known.min(since)));
    }
    Some(Said {
        this_update: seconds(&body.this_update),
        next_update: body.next_update.as_ref().map(seconds),
        revoked,
        reason: None,
        knows_ended: has(EXPIRED_ON_LIST),
    })
}

/// Since when a certificate is not to be relied on: since it was revoked, or since before, if that is said. `None` if the entry says what
/// is not understood here.
fn since(entry: &RevokedCert) -> Option<i64> {
    let extensions: &[Extension] = entry.crl_entry_extensions.as_deref().unwrap_or_default();
    if extensions.iter().any(|extension| extension.critical) {
        return None;
    }
    let revoked = seconds(&entry.revocation_date);
    let earlier = extensions.iter().find(|extension| extension.extn_id == INVALIDITY_DATE);
    let Some(earlier) = earlier else { return Some(revoked) };
    let date = GeneralizedTime::from_der(earlier.extn_value.as_bytes()).ok()?;
    let date = i64::try_from(date.to_unix_duration().as_secs()).ok()?;
    Some(revoked.min(date))
}

/// A key usage, if there is one, must allow it.
pub(crate) fn may_sign(issuer: &Known<'_>) -> bool {
    issuer.extension(KEY_USAGE).is_none_or(|usage| {
        KeyUsage::from_der(usage.extn_value.as_bytes()).is_ok_and(|usage| usage.crl_sign())
    })
}
