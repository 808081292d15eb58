//! What certificate authorities say of certificates on a path beyond their signatures: under which policies they certify
//! ([RFC 5280 §6.1](https://www.rfc-editor.org/rfc/rfc5280#section-6.1)), and what they revoked, as of a time.
//!
//! In scope: policies that are demanded, CRLs, OCSP responses. Out of scope: signatures, names and validity on the path (`webpki` has judged
//! them before), fetching anything: what is not at hand is unknown, and unknown is not good.
//!
//! Written here over `der` and `x509-cert`: `webpki` knows neither policies nor OCSP, and of a CRL it says that a certificate is on it, not since
//! when, which is what a judgment as of a time turns on.

mod crl;
mod ocsp;
mod policy;

use der::Decode as _;
use der::asn1::ObjectIdentifier;
use inkan_core::Timestamp;
pub use inkan_verifier::RevocationInfo;
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::time::Time;

pub(crate) use crl::may_sign;
pub(crate) use ocsp::read as read_ocsp;
pub(crate) use policy::permits;

/// The largest CRL or OCSP response in bytes.
pub const LIMIT: usize = 1 << 20;
/// The most of each that are looked at.
const COUNT: usize = 32;

/// How a certificate stood at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Its issuer says that it was not revoked.
    Good,
    /// Its issuer says that it was revoked since then.
    Revoked(Timestamp),
    /// Nothing at hand tells.
    Unknown,
}

/// How one certificate stood `at` a time, by all that is at hand: who is revoked by one of them is revoked.
///
/// `issuer` is the certificate above it on a path that holds.
#[must_use]
pub fn standing(
    certificate: &[u8],
    issuer: &[u8],
    at: Timestamp,
    given: &RevocationInfo,
) -> Standing {
    let (Some(subject), Some(authority)) = (Known::read(certificate), Known::read(issuer)) else {
        return Standing::Unknown;
    };
    if subject.parsed.tbs_certificate().issuer() != authority.parsed.tbs_certificate().subject() {
        return Standing::Unknown;
    }
    let crls = given.crls.iter().take(COUNT).filter(|list| list.len() <= LIMIT);
    let answers = given.ocsp.iter().take(COUNT).filter(|answer| answer.len() <= LIMIT);
    let said: Vec<Standing> = crls
        .map(|list| crl::says(list, &subject, &authority, at))
        .chain(answers.map(|answer| ocsp::says(answer, &subject, &authority, at)))
        .collect();
    let revoked = said.iter().filter_map(|said| match said {
        Standing::Revoked(since) => Some(*since),
        Standing::Good | Standing::Unknown => None,
    });
    match revoked.min() {
        Some(since) => Standing::Revoked(since),
        None if said.contains(&Standing::Good) => Standing::Good,
        None => Standing::Unknown,
    }
}

/// How the certificates of a path stood `at` a time: the worst of them. `path` begins with that of the key and ends with the pinned one,
/// which nobody above it could revoke.
#[must_use]
pub fn standing_of_path(path: &[&[u8]], at: Timestamp, given: &RevocationInfo) -> Standing {
    let mut worst = if path.len() > 1 { Standing::Good } else { Standing::Unknown };
    for (certificate, issuer) in path.iter().zip(path.iter().skip(1)) {
        match (standing(certificate, issuer, at, given), worst) {
            (revoked @ Standing::Revoked(_), _) => return revoked,
            (Standing::Unknown, _) => worst = Standing::Unknown,
            (Standing::Good, _) => {}
        }
    }
    worst
}

/// A certificate, as DER and as read.
pub(crate) struct Known<'a> {
    der: &'a [u8],
    pub(crate) parsed: Certificate,
}

impl<'a> Known<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        Some(Self { der, parsed: Certificate::from_der(der).ok()? })
    }

    fn extensions(&self) -> &[Extension] {
        self.parsed.tbs_certificate().extensions().map_or(&[][..], Vec::as_slice)
    }

    pub(crate) fn extension(&self, oid: ObjectIdentifier) -> Option<&Extension> {
        self.extensions().iter().find(|extension| extension.extn_id == oid)
    }

    /// Whether its validity covers a time.
    fn is_good_at(&self, at: Timestamp) -> bool {
        let validity = self.parsed.tbs_certificate().validity();
        seconds(&validity.not_before) <= at.seconds()
            && at.seconds() <= seconds(&validity.not_after)
    }

    /// Checks what its key signed.
    fn signed(
        &self,
        algorithm: &x509_cert::spki::AlgorithmIdentifierOwned,
        message: &impl der::Encode,
        signature: &der::asn1::BitString,
    ) -> bool {
        let Ok(message) = message.to_der() else { return false };
        self.signed_bytes(algorithm, &message, signature)
    }

    /// The same, of what is at hand as bytes.
    pub(crate) fn signed_bytes(
        &self,
        algorithm: &x509_cert::spki::AlgorithmIdentifierOwned,
        message: &[u8],
        signature: &der::asn1::BitString,
    ) -> bool {
        let Some(signature) = signature.as_bytes() else { return false };
        crate::tsa::check_signature(self.der, algorithm, algorithm, message, signature).is_ok()
    }
}

fn seconds(time: &Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
}

fn timestamp(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_seconds(seconds).ok()
}

/// What an issuer said of one certificate, and when it said so.
pub(crate) struct Said {
    /// When it was so.
    pub(crate) this_update: i64,
    /// When the issuer says more at the latest.
    pub(crate) next_update: Option<i64>,
    /// Since when it is revoked, if it is.
    pub(crate) revoked: Option<i64>,
    /// Why, if that is said: `CRLReason` of RFC 5280 §5.3.1.
    pub(crate) reason: Option<u8>,
    /// Whether certificates that have ended are still spoken of.
    pub(crate) knows_ended: bool,
}

/// What follows for a time. A newer word counts too: what was revoked after that time was good then.
pub(crate) fn as_of(said: &Said, subject: &Known<'_>, at: Timestamp) -> Standing {
    let at = at.seconds();
    if let Some(since) = said.revoked {
        if since <= at {
            return timestamp(since).map_or(Standing::Unknown, Standing::Revoked);
        }
        return if said.this_update >= at { Standing::Good } else { Standing::Unknown };
    }
    if said.this_update <= at {
        // Nobody says how long a word without an end holds.
        let holds = said.next_update.is_some_and(|next| at <= next);
        return if holds { Standing::Good } else { Standing::Unknown };
    }
    let end = seconds(&subject.parsed.tbs_certificate().validity().not_after);
    if said.this_update <= end || said.knows_ended { Standing::Good } else { Standing::Unknown }
}

#[cfg(test)]
mod tests;
