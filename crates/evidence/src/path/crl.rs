//! What a CRL says of one certificate ([RFC 5280 §5 and §6.3](https://www.rfc-editor.org/rfc/rfc5280#section-6.3)).
//!
//! Only whole lists by the issuer itself are read: one that is a part, a difference or somebody else's says nothing.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;

use der::asn1::{AnyRef, GeneralizedTime, ObjectIdentifier};
use der::{Decode as _, Encode as _, SliceReader, Tag, Tagged as _};
use inkan_core::{Digest, sha256};
use x509_cert::crl::{CertificateList, RevokedCert};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::KeyUsage;

use super::{Known, Origin, Said, seconds};

/// RFC 5280 §4.2.1.3.
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// RFC 5280 §5.3.1.
const REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
/// RFC 5280 §5.3.2.
const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");
/// RFC 5280 §5.2.4 and §5.2.5: a difference, a part.
const DELTA: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
const ISSUING_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
/// X.509 §9.5.2.8: since when certificates that ended stay on the list.
const EXPIRED_ON_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.60");

/// A list, read when it is needed.
#[derive(Debug)]
pub(super) struct List {
    der: Vec<u8>,
    origin: Origin,
    /// The name that it gives as its issuer's, as DER.
    issuer: Vec<u8>,
    read: OnceCell<Option<CertificateList>>,
    /// Whether it is the whole list of the issuer with this certificate.
    by: RefCell<BTreeMap<Digest, bool>>,
}

impl List {
    /// Takes what has the outer shape of a list.
    pub(super) fn peek(der: &[u8], origin: Origin) -> Option<Self> {
        let issuer = issuer_in(der)?;
        let by = RefCell::new(BTreeMap::new());
        Some(Self { der: der.to_vec(), origin, issuer, read: OnceCell::new(), by })
    }

    /// Whether it is a list to its end.
    pub(super) fn is_readable(&self) -> bool {
        self.list().is_some()
    }

    fn list(&self) -> Option<&CertificateList> {
        self.read.get_or_init(|| CertificateList::from_der(&self.der).ok()).as_ref()
    }

    /// What it says of the certificate, if it is the issuer's.
    pub(super) fn says(
        &self,
        subject: &Known<'_>,
        issuer: &Known<'_>,
        tries: &Cell<u32>,
    ) -> Option<Said> {
        if issuer.parsed.tbs_certificate().subject().to_der().ok()? != self.issuer {
            return None;
        }
        let list = self.list()?;
        let digest = sha256(&[issuer.der]);
        let known = self.by.borrow().get(&digest).copied();
        let holds = match known {
            Some(holds) => holds,
            None => {
                let holds = is_whole(list, issuer)
                    && self.origin.may_try(tries)
                    && self.is_signed(list, issuer);
                self.by.borrow_mut().insert(digest, holds);
                holds
            }
        };
        if holds { of(list, subject) } else { None }
    }

    fn is_signed(&self, list: &CertificateList, issuer: &Known<'_>) -> bool {
        signed_part(&self.der).is_some_and(|signed| {
            issuer.signed_bytes(&list.signature_algorithm, &signed, &list.signature)
        })
    }
}

/// The bytes that the signature is over (RFC 5280 §5.1).
fn signed_part(list: &[u8]) -> Option<Vec<u8>> {
    let mut outer = SliceReader::new(AnyRef::from_der(list).ok()?.value()).ok()?;
    AnyRef::decode(&mut outer).ok()?.to_der().ok()
}

/// The issuer's name: the second member of what is signed, or the third if a version comes first.
fn issuer_in(list: &[u8]) -> Option<Vec<u8>> {
    let mut outer = SliceReader::new(AnyRef::from_der(list).ok()?.value()).ok()?;
    let signed = AnyRef::decode(&mut outer).ok()?;
    let mut members = SliceReader::new(signed.value()).ok()?;
    let first = AnyRef::decode(&mut members).ok()?;
    if first.tag() == Tag::Integer {
        AnyRef::decode(&mut members).ok()?;
    }
    AnyRef::decode(&mut members).ok()?.to_der().ok()
}

/// Whether it is the issuer's own list of all that it revoked, by its own word.
fn is_whole(list: &CertificateList, issuer: &Known<'_>) -> bool {
    let body = &list.tbs_cert_list;
    let extensions = body.crl_extensions.as_deref().unwrap_or_default();
    let has = |oid| extensions.iter().any(|extension| extension.extn_id == oid);
    body.issuer == *issuer.parsed.tbs_certificate().subject()
        && !extensions.iter().any(|extension| extension.critical)
        && !has(DELTA)
        && !has(ISSUING_POINT)
        && body.signature == list.signature_algorithm
        && may_sign(issuer)
}

/// What a list says of one certificate.
fn of(list: &CertificateList, subject: &Known<'_>) -> Option<Said> {
    let body = &list.tbs_cert_list;
    let extensions = body.crl_extensions.as_deref().unwrap_or_default();
    let serial = subject.parsed.tbs_certificate().serial_number();
    let entries = body.revoked_certificates.as_deref().unwrap_or_default();
    let mut found: Option<(i64, Option<u8>)> = None;
    for entry in entries.iter().filter(|entry| entry.serial_number == *serial) {
        let (since, why) = (since(entry)?, reason(entry));
        found = Some(match found {
            None => (since, why),
            // Who is listed for good as well is not on hold.
            Some((known, Some(super::CERTIFICATE_HOLD))) => (known.min(since), why),
            Some((known, reason)) => (known.min(since), reason),
        });
    }
    Some(Said {
        this_update: seconds(&body.this_update),
        next_update: body.next_update.as_ref().map(seconds),
        revoked: found.map(|(since, _)| since),
        reason: found.and_then(|(_, reason)| reason),
        knows_ended: extensions.iter().any(|extension| extension.extn_id == EXPIRED_ON_LIST),
    })
}

/// RFC 5280 §5.3.1, if it can be read.
fn reason(entry: &RevokedCert) -> Option<u8> {
    let extensions: &[Extension] = entry.crl_entry_extensions.as_deref().unwrap_or_default();
    let reason = extensions.iter().find(|extension| extension.extn_id == REASON)?;
    let reason = AnyRef::from_der(reason.extn_value.as_bytes()).ok()?;
    match reason.value() {
        [one] if reason.tag() == Tag::Enumerated => Some(*one),
        _ => None,
    }
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
