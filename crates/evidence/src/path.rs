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

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use der::Decode as _;
use der::asn1::{BitString, ObjectIdentifier};
use inkan_core::{Digest, Timestamp, sha256};
pub use inkan_verifier::RevocationInfo;
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

pub(crate) use crl::may_sign;
pub(crate) use ocsp::Given as GivenOcsp;
pub(crate) use policy::permits;

/// The largest CRL or OCSP response in bytes of those that travel.
pub const LIMIT: usize = 1 << 20;
/// Signatures of lists and responses that travel, of which one verification checks so many: whoever made the bundle might as well have left
/// out the rest. What the verifier's user pinned is always looked at.
const TRIES: u32 = 256;
/// RFC 5280 §5.3.1: revoked for the time being.
pub(crate) const CERTIFICATE_HOLD: u8 = 6;

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

/// What authorities said, read once, to judge any number of certificates by.
///
/// A list is read when a certificate of its issuer is judged; its signature is checked once for each certificate of the issuer.
#[derive(Debug)]
pub struct Lists {
    crls: Vec<crl::List>,
    answers: Vec<ocsp::Answer>,
    tries: Cell<u32>,
    /// What was said of a certificate below another, by the digests of both.
    found: RefCell<BTreeMap<(Digest, Digest), Words>>,
}

impl Lists {
    /// Takes what the verifier's user pinned, all of which counts if it proves itself, and what travels along, of which some may not be
    /// looked at if it is very much.
    #[must_use]
    pub fn read(pinned: &RevocationInfo, travelling: &RevocationInfo) -> Self {
        let mut seen = BTreeSet::new();
        let mut is_new = |bytes: &[u8]| seen.insert(sha256(&[bytes]));
        let (mut crls, mut answers) = (vec![], vec![]);
        for (info, origin) in [(pinned, Origin::Pinned), (travelling, Origin::Travels)] {
            let fits = |bytes: &[u8]| origin == Origin::Pinned || bytes.len() <= LIMIT;
            for crl in info.crls.iter().filter(|crl| fits(crl)) {
                if is_new(crl) {
                    crls.extend(crl::List::peek(crl, origin));
                }
            }
            for answer in info.ocsp.iter().filter(|answer| fits(answer)) {
                if is_new(answer) {
                    answers.extend(ocsp::Answer::read(answer, origin));
                }
            }
        }
        Self { crls, answers, tries: Cell::new(TRIES), found: RefCell::default() }
    }

    /// How one certificate stood `at` a time, by all that is at hand: who is revoked by one of them is revoked, but for a certificate on hold.
    ///
    /// `issuer` is the certificate above it on a path that holds.
    #[must_use]
    pub fn standing(&self, certificate: &[u8], issuer: &[u8], at: Timestamp) -> Standing {
        let (Some(subject), Some(authority)) = (Known::read(certificate), Known::read(issuer))
        else {
            return Standing::Unknown;
        };
        if subject.parsed.tbs_certificate().issuer() != authority.parsed.tbs_certificate().subject()
        {
            return Standing::Unknown;
        }
        of_all(&self.said(&subject, &authority), &subject, at)
    }

    /// All that proves itself of what is said of one certificate.
    fn said(&self, subject: &Known<'_>, issuer: &Known<'_>) -> Words {
        let pair = (sha256(&[subject.der]), sha256(&[issuer.der]));
        if let Some(known) = self.found.borrow().get(&pair) {
            return Rc::clone(known);
        }
        let names = ocsp::Names::of(issuer);
        let crls = self.crls.iter().filter_map(|list| list.says(subject, issuer, &self.tries));
        let answers = self
            .answers
            .iter()
            .filter_map(|answer| answer.says((subject, issuer), names.as_ref()?, &self.tries));
        let said: Words = Rc::new(crls.chain(answers).collect());
        self.found.borrow_mut().insert(pair, Rc::clone(&said));
        said
    }

    /// How the certificates of a path stood `at` a time: the worst of them. `path` begins with that of the key and ends with the pinned one,
    /// which nobody above it could revoke.
    #[must_use]
    pub fn standing_of_path(&self, path: &[&[u8]], at: Timestamp) -> Standing {
        let mut worst = if path.len() > 1 { Standing::Good } else { Standing::Unknown };
        for (certificate, issuer) in path.iter().zip(path.iter().skip(1)) {
            match (self.standing(certificate, issuer, at), worst) {
                (revoked @ Standing::Revoked(_), _) => return revoked,
                (Standing::Unknown, _) => worst = Standing::Unknown,
                (Standing::Good, _) => {}
            }
        }
        worst
    }
}

/// Where a list comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Origin {
    /// The verifier's user gave it.
    Pinned,
    /// It came with what is judged.
    Travels,
}

impl Origin {
    /// Whether one more signature may be checked.
    fn may_try(self, tries: &Cell<u32>) -> bool {
        match (self, tries.get().checked_sub(1)) {
            (Self::Pinned, _) => true,
            (Self::Travels, None) => false,
            (Self::Travels, Some(left)) => {
                tries.set(left);
                true
            }
        }
    }
}

/// Whether these bytes are a CRL in DER that can be read; whose it is and whether it is signed is not asked.
#[must_use]
pub fn is_crl(bytes: &[u8]) -> bool {
    crl::List::peek(bytes, Origin::Pinned).is_some_and(|list| list.is_readable())
}

/// Whether these bytes are an OCSP response in DER that says something; by whom it is signed is not asked.
#[must_use]
pub fn is_ocsp(bytes: &[u8]) -> bool {
    ocsp::Answer::read(bytes, Origin::Pinned).is_some()
}

/// How one certificate stood `at` a time, by what travels: [`Lists::standing`] for one certificate alone.
#[must_use]
pub fn standing(
    certificate: &[u8],
    issuer: &[u8],
    at: Timestamp,
    given: &RevocationInfo,
) -> Standing {
    Lists::read(&RevocationInfo::default(), given).standing(certificate, issuer, at)
}

/// All that was said of one certificate and proves itself.
type Words = Rc<Vec<Said>>;

/// How the certificates of a path stood `at` a time, by what travels: [`Lists::standing_of_path`] for one path alone.
#[must_use]
pub fn standing_of_path(path: &[&[u8]], at: Timestamp, given: &RevocationInfo) -> Standing {
    Lists::read(&RevocationInfo::default(), given).standing_of_path(path, at)
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
        algorithm: &AlgorithmIdentifierOwned,
        message: &impl der::Encode,
        signature: &BitString,
    ) -> bool {
        let Ok(message) = message.to_der() else { return false };
        self.signed_bytes(algorithm, &message, signature)
    }

    /// The same, of what is at hand as bytes.
    pub(crate) fn signed_bytes(
        &self,
        algorithm: &AlgorithmIdentifierOwned,
        message: &[u8],
        signature: &BitString,
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
#[derive(Debug)]
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

/// What follows from all that was said. A certificate that is revoked stays so; one on hold may be released, and then it is not listed any more.
fn of_all(said: &[Said], subject: &Known<'_>, at: Timestamp) -> Standing {
    let words = said.iter().map(|word| match word.reason {
        Some(CERTIFICATE_HOLD) => held(word, said, subject, at),
        Some(_) | None => as_of(word, subject, at),
    });
    let words: Vec<Standing> = words.collect();
    let revoked = words.iter().filter_map(|word| match word {
        Standing::Revoked(since) => Some(*since),
        Standing::Good | Standing::Unknown => None,
    });
    match revoked.min() {
        Some(since) => Standing::Revoked(since),
        None if words.contains(&Standing::Good) => Standing::Good,
        None => Standing::Unknown,
    }
}

/// What follows from a hold.
fn held(word: &Said, all: &[Said], subject: &Known<'_>, at: Timestamp) -> Standing {
    match as_of(word, subject, at) {
        Standing::Revoked(_) if is_lifted(word, all, at) => Standing::Unknown,
        on_hold @ (Standing::Revoked(_) | Standing::Good | Standing::Unknown) => on_hold,
    }
}

/// Whether a hold says nothing any more: it lasts as long as the word itself, unless a later one, which was there by then, does not have it.
pub(crate) fn is_lifted(word: &Said, all: &[Said], at: Timestamp) -> bool {
    let time = at.seconds();
    let over = time > word.next_update.unwrap_or(word.this_update);
    let released = all.iter().any(|later| {
        later.this_update > word.this_update
            && later.this_update <= time
            && later.revoked.is_none_or(|since| since > time)
    });
    over || released
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
pub(crate) mod tests;
