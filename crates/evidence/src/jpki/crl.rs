//! A CRL of any size, made into an index once: afterwards a certificate is looked up in it without reading it again.
//!
//! In scope: lists by the issuer itself ([RFC 5280 §5](https://www.rfc-editor.org/rfc/rfc5280#section-5)), whole ones and those that an issuing
//! distribution point narrows to the certificates of persons or of authorities; a million serial numbers and more. Out of scope: what follows for a
//! time (`revocation`).

use std::collections::BTreeSet;

use der::asn1::{BitString, GeneralizedTime, ObjectIdentifier};
use der::{Decode as _, Encode as _};
use inkan_core::{Digest, encoding, sha256};
use serde::{Deserialize, Serialize};
use x509_cert::ext::pkix::crl::dp::{DistributionPoint, IssuingDistributionPoint};
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{BasicConstraints, CrlDistributionPoints};
use x509_cert::ext::{Extension, Extensions};
use x509_cert::name::Name;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

use super::chain::Link;
use super::config::JpkiConfig;
use crate::path::{Known, Said};

/// The largest list in bytes: a million serial numbers of twenty bytes, with room.
pub const LIMIT: usize = 128 << 20;
/// What the head of a kept list says it is.
const INDEX_TYPE: &str = "inkan-crl-index/1";
/// RFC 5280 §4.1.2.2.
const SERIAL: usize = 20;
/// RFC 5280 §5.3.1, §5.3.2, §5.2.4, §5.2.5.
const REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");
const DELTA: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
const ISSUING_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
/// X.509 §9.5.2.8.
const EXPIRED_ON_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.60");

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const EXTENSIONS: u8 = 0xa0;

/// What one issuer revoked, sorted by serial number. Its signature has been checked.
#[derive(Clone, Debug)]
pub struct CrlIndex {
    /// SHA-256 of the issuer's key as its certificate has it, and the issuer's name.
    issuer_key: Digest,
    issuer: Name,
    this_update: i64,
    next_update: Option<i64>,
    narrowed: Option<IssuingDistributionPoint>,
    knows_ended: bool,
    entries: Vec<Entry>,
    /// Of which certificates it speaks, if only what it says of some was taken out of where it is kept.
    asked: Option<BTreeSet<Serial>>,
}

/// One certificate on a list, as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CrlEntry {
    /// Its serial number, as its certificate has it: at most 20 bytes.
    pub serial: Vec<u8>,
    /// Since when it is revoked, in seconds since 1970; `None` if the entry says what is not understood here.
    pub since: Option<i64>,
    /// Why, if that is said: `CRLReason` of RFC 5280 §5.3.1.
    pub reason: Option<u8>,
}

/// What a list says beside its entries, as it is kept: `inkan-crl-index/1`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    issuer_key: String,
    issuer: String,
    this_update: i64,
    next_update: Option<i64>,
    scope: Option<String>,
    knows_ended: bool,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Entry {
    serial: Serial,
    /// `None` if the entry says what is not understood here.
    since: Option<i64>,
    reason: Option<u8>,
}

/// A serial number: its length, and its bytes.
type Serial = (u8, [u8; SERIAL]);

/// Why a list says nothing. None is worth a retry with the same bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CrlError {
    /// Too large, not DER, no list, or one of the kinds that say nothing here: a difference, somebody else's, a part by reasons.
    #[error("revocation list is malformed, or of a kind that is not read here")]
    Malformed,
    /// It is not by this issuer, or its signature does not verify.
    #[error("revocation list is not signed by the authority beside it")]
    Signature,
}

impl CrlError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "crl-malformed",
            Self::Signature => "crl-signature-invalid",
        }
    }
}

impl CrlIndex {
    /// Reads a list in DER of at most [`LIMIT`] bytes, checks it with the key of `issuer` (a certificate in DER), and sorts it.
    ///
    /// # Errors
    ///
    /// [`CrlError`].
    pub fn build(list: &[u8], issuer: &[u8]) -> Result<Self, CrlError> {
        if list.len() > LIMIT {
            return Err(CrlError::Malformed);
        }
        let issuer = Known::read(issuer).ok_or(CrlError::Signature)?;
        let key = issuer.parsed.tbs_certificate().subject_public_key_info().to_der();
        let key = sha256(&[&key.map_err(|_| CrlError::Signature)?]);
        let parts = Parts::of(list).ok_or(CrlError::Malformed)?;
        let mut index = parts.index(key).ok_or(CrlError::Malformed)?;
        let by_it = index.issuer == *issuer.parsed.tbs_certificate().subject()
            && crate::path::may_sign(&issuer)
            && issuer.signed_bytes(&parts.algorithm, parts.body, &parts.signature);
        if !by_it {
            return Err(CrlError::Signature);
        }
        index.entries.sort_unstable();
        Ok(index)
    }

    /// The same, with whichever certificate of a configuration signed it.
    ///
    /// # Errors
    ///
    /// [`CrlError`]; [`CrlError::Signature`] if none did.
    pub fn build_under(list: &[u8], config: &JpkiConfig) -> Result<Self, CrlError> {
        let named = Parts::of(list).and_then(|parts| parts.issuer()).ok_or(CrlError::Malformed)?;
        let mut refusal = CrlError::Signature;
        for certificate in config.certificates() {
            let Some(issuer) = Known::read(certificate) else { continue };
            if *issuer.parsed.tbs_certificate().subject() != named {
                continue;
            }
            match Self::build(list, certificate) {
                Ok(index) => return Ok(index),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    /// What it says beside its entries, to be kept with them: `inkan-crl-index/1`.
    ///
    /// # Errors
    ///
    /// [`CrlError::Malformed`], which a list that was read does not give.
    pub fn head(&self) -> Result<String, CrlError> {
        let der = |der: der::Result<Vec<u8>>| {
            der.map(|bytes| encoding::b64(&bytes)).map_err(|_| CrlError::Malformed)
        };
        let head = Head {
            kind: INDEX_TYPE.to_owned(),
            issuer_key: self.issuer_key.to_hex(),
            issuer: der(self.issuer.to_der())?,
            this_update: self.this_update,
            next_update: self.next_update,
            scope: self.narrowed.as_ref().map(|scope| der(scope.to_der())).transpose()?,
            knows_ended: self.knows_ended,
        };
        serde_json::to_string(&head).map_err(|_| CrlError::Malformed)
    }

    /// Its entries, in the order of their serial numbers.
    pub fn entries(&self) -> impl Iterator<Item = CrlEntry> + '_ {
        self.entries.iter().map(|entry| CrlEntry {
            serial: entry.serial.1.iter().copied().take(usize::from(entry.serial.0)).collect(),
            since: entry.since,
            reason: entry.reason,
        })
    }

    /// The part of a list that speaks of the certificates with these serial numbers, from where it was kept: its [`Self::head`], and all of its
    /// [`Self::entries`] of them. Of any other certificate it says nothing.
    ///
    /// Its signature was checked when it was built: whoever keeps it answers for its being the same.
    ///
    /// # Errors
    ///
    /// [`CrlError::Malformed`].
    pub fn kept(
        head: &str,
        asked: &BTreeSet<Vec<u8>>,
        found: &[CrlEntry],
    ) -> Result<Self, CrlError> {
        let malformed = CrlError::Malformed;
        let head: Head = serde_json::from_str(head).map_err(|_| malformed)?;
        if head.kind != INDEX_TYPE {
            return Err(malformed);
        }
        let der = |text: &str| encoding::decode_b64(text).map_err(|_| malformed);
        let narrowed = head
            .scope
            .as_deref()
            .map(|scope| IssuingDistributionPoint::from_der(&der(scope)?).map_err(|_| malformed));
        let entry = |entry: &CrlEntry| {
            let serial = serial(&entry.serial)?;
            Some(Entry { serial, since: entry.since, reason: entry.reason })
        };
        let entries: Option<Vec<Entry>> = found.iter().map(entry).collect();
        let mut entries = entries.ok_or(malformed)?;
        entries.sort_unstable();
        Ok(Self {
            issuer_key: Digest::from_hex(&head.issuer_key).map_err(|_| malformed)?,
            issuer: Name::from_der(&der(&head.issuer)?).map_err(|_| malformed)?,
            this_update: head.this_update,
            next_update: head.next_update,
            narrowed: narrowed.transpose()?,
            knows_ended: head.knows_ended,
            entries,
            asked: Some(asked.iter().filter_map(|bytes| serial(bytes)).collect()),
        })
    }

    /// How many certificates are on it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none on it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What it says of a certificate below `issuer`; `None` if it says nothing of it.
    pub(super) fn says(&self, subject: &Link, issuer: &Link) -> Option<Said> {
        let tbs = subject.parsed.tbs_certificate();
        let key = issuer.parsed.tbs_certificate().subject_public_key_info().to_der().ok()?;
        if *tbs.issuer() != self.issuer
            || sha256(&[&key]) != self.issuer_key
            || !self.covers(subject)
        {
            return None;
        }
        let serial = serial(tbs.serial_number().as_bytes())?;
        if self.asked.as_ref().is_some_and(|asked| !asked.contains(&serial)) {
            return None;
        }
        let from = self.entries.partition_point(|entry| entry.serial < serial);
        let listed = self.entries.get(from..).unwrap_or_default();
        let mut revoked: Option<(i64, Option<u8>)> = None;
        for entry in listed.iter().take_while(|entry| entry.serial == serial) {
            let since = entry.since?;
            revoked = Some(match revoked {
                None => (since, entry.reason),
                // Of two reasons that differ neither is relied on.
                Some((known, why)) => (known.min(since), why.filter(|_| why == entry.reason)),
            });
        }
        Some(Said {
            this_update: self.this_update,
            next_update: self.next_update,
            revoked: revoked.map(|(since, _)| since),
            reason: revoked.and_then(|(_, reason)| reason),
            knows_ended: self.knows_ended,
        })
    }

    /// RFC 5280 §6.3.3 (b) (2): whether the list is about certificates such as this one.
    fn covers(&self, subject: &Link) -> bool {
        let Some(point) = &self.narrowed else { return true };
        let Some(basic) = subject.read::<BasicConstraints>() else { return false };
        let is_authority = basic.is_some_and(|basic| basic.ca);
        if point.only_contains_user_certs && is_authority
            || point.only_contains_ca_certs && !is_authority
        {
            return false;
        }
        let Some(DistributionPointName::FullName(names)) = &point.distribution_point else {
            return point.distribution_point.is_none();
        };
        let own = subject.read::<CrlDistributionPoints>().flatten();
        own.is_some_and(|own| own.0.iter().any(|one| shares(one, names)))
    }
}

fn shares(point: &DistributionPoint, names: &[GeneralName]) -> bool {
    match &point.distribution_point {
        Some(DistributionPointName::FullName(own)) if point.crl_issuer.is_none() => {
            own.iter().any(|name| names.contains(name))
        }
        Some(_) | None => false,
    }
}

/// A list, taken apart as far as is needed to check and read it.
struct Parts<'a> {
    body: &'a [u8],
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

impl<'a> Parts<'a> {
    fn of(list: &'a [u8]) -> Option<Self> {
        let mut outer = Tlvs(list);
        let mut inner = Tlvs(outer.next_of(SEQUENCE)?.content);
        if !outer.0.is_empty() {
            return None;
        }
        let body = inner.next_of(SEQUENCE)?.whole;
        let algorithm = AlgorithmIdentifierOwned::from_der(inner.next()?.whole).ok()?;
        let signature = BitString::from_der(inner.next()?.whole).ok()?;
        inner.0.is_empty().then_some(Self { body, algorithm, signature })
    }

    /// Who says that it made the list.
    fn issuer(&self) -> Option<Name> {
        let mut body = Tlvs(Tlvs(self.body).next_of(SEQUENCE)?.content);
        body.next_if(|tag| tag == INTEGER);
        body.next_of(SEQUENCE)?;
        Name::from_der(body.next()?.whole).ok()
    }

    fn index(&self, issuer_key: Digest) -> Option<CrlIndex> {
        let mut body = Tlvs(Tlvs(self.body).next_of(SEQUENCE)?.content);
        // Version 2 (RFC 5280 §5.1.2.1), or none for version 1.
        let version = body.next_if(|tag| tag == INTEGER);
        if version.is_some_and(|version| version.content != [1]) {
            return None;
        }
        let algorithm = AlgorithmIdentifierOwned::from_der(body.next()?.whole).ok()?;
        let issuer = Name::from_der(body.next()?.whole).ok()?;
        let this_update = seconds(body.next()?.whole)?;
        let next_update = body.next_if(|tag| tag != SEQUENCE && tag != EXTENSIONS);
        let next_update = match next_update {
            Some(time) => Some(seconds(time.whole)?),
            None => None,
        };
        let listed = body.next_if(|tag| tag == SEQUENCE);
        let extensions = match body.next_if(|tag| tag == EXTENSIONS) {
            Some(found) => Extensions::from_der(found.content).ok()?,
            None => Vec::new(),
        };
        if !body.0.is_empty() || algorithm != self.algorithm {
            return None;
        }
        let (narrowed, knows_ended) = scope(&extensions)?;
        let mut entries = Vec::new();
        let mut rest = Tlvs(listed.map_or(&[][..], |listed| listed.content));
        while !rest.0.is_empty() {
            entries.push(entry(rest.next_of(SEQUENCE)?.content)?);
        }
        Some(CrlIndex {
            issuer_key,
            issuer,
            this_update,
            next_update,
            narrowed,
            knows_ended,
            entries,
            asked: None,
        })
    }
}

/// What the list is about; `None` if that is not read here.
fn scope(extensions: &[Extension]) -> Option<(Option<IssuingDistributionPoint>, bool)> {
    let find = |oid| extensions.iter().find(|one| one.extn_id == oid);
    let unknown = |one: &Extension| one.critical && one.extn_id != ISSUING_POINT;
    if extensions.iter().any(unknown) || find(DELTA).is_some() {
        return None;
    }
    let knows_ended = find(EXPIRED_ON_LIST).is_some();
    let Some(point) = find(ISSUING_POINT) else { return Some((None, knows_ended)) };
    let point = IssuingDistributionPoint::from_der(point.extn_value.as_bytes()).ok()?;
    let partial = point.indirect_crl
        || point.only_some_reasons.is_some()
        || point.only_contains_attribute_certs;
    (!partial).then_some((Some(point), knows_ended))
}

fn entry(content: &[u8]) -> Option<Entry> {
    let mut parts = Tlvs(content);
    let serial = serial(parts.next_of(INTEGER)?.content)?;
    let revoked = seconds(parts.next()?.whole)?;
    let extensions = match parts.next_if(|tag| tag == SEQUENCE) {
        Some(found) => Extensions::from_der(found.whole).ok()?,
        None => Vec::new(),
    };
    if !parts.0.is_empty() {
        return None;
    }
    let mut entry = Entry { serial, since: Some(revoked), reason: None };
    for extension in extensions {
        let value = extension.extn_value.as_bytes();
        if extension.critical {
            entry.since = None;
        } else if extension.extn_id == REASON {
            entry.reason = match value {
                [0x0a, 1, reason] => Some(*reason),
                _ => None,
            };
        } else if extension.extn_id == INVALIDITY_DATE {
            let date = GeneralizedTime::from_der(value).ok()?;
            let date = i64::try_from(date.to_unix_duration().as_secs()).ok()?;
            entry.since = entry.since.map(|since| since.min(date));
        }
    }
    Some(entry)
}

fn serial(bytes: &[u8]) -> Option<Serial> {
    // A certificate gives the number as it is; both are DER, so they are the same bytes.
    let mut out = [0; SERIAL];
    out.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some((u8::try_from(bytes.len()).ok()?, out))
}

fn seconds(time: &[u8]) -> Option<i64> {
    let time = Time::from_der(time).ok()?;
    i64::try_from(time.to_unix_duration().as_secs()).ok()
}

/// One value of DER, without looking into it.
#[derive(Clone, Copy)]
struct Tlv<'a> {
    whole: &'a [u8],
    content: &'a [u8],
}

/// Values of DER, one after the other.
struct Tlvs<'a>(&'a [u8]);

impl<'a> Tlvs<'a> {
    fn next(&mut self) -> Option<Tlv<'a>> {
        let (head, length) = header(self.0)?;
        let end = head.checked_add(length)?;
        let (whole, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        Some(Tlv { whole, content: whole.get(head..)? })
    }

    fn next_if(&mut self, wanted: impl Fn(u8) -> bool) -> Option<Tlv<'a>> {
        let tag = self.0.first()?;
        if wanted(*tag) { self.next() } else { None }
    }

    fn next_of(&mut self, tag: u8) -> Option<Tlv<'a>> {
        self.next_if(|found| found == tag)
    }
}

/// The size of tag and length, and the length: the shortest form, of a tag in one byte.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let [tag, first, rest @ ..] = bytes else { return None };
    if tag & 0x1f == 0x1f {
        return None;
    }
    if *first < 0x80 {
        return Some((2, usize::from(*first)));
    }
    let count = usize::from(first & 0x7f);
    let digits = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
    let length = digits.iter().fold(0_usize, |sum, digit| (sum << 8) | usize::from(*digit));
    let shortest = length >= 0x80 && digits.first().is_some_and(|first| *first != 0);
    shortest.then_some((count.saturating_add(2), length))
}
