//! Paths from a person's certificate to a pinned root, as of a time ([RFC 5280 §6.1](https://www.rfc-editor.org/rfc/rfc5280#section-6.1)).
//!
//! In scope: signatures, names, validity, basic constraints, key usage of authorities, name constraints, critical extensions. Out of scope: policies
//! (`policies`), revocation (`revocation`), what the key of the person may do (`judge`).
//!
//! Written here: `webpki` refuses critical certificate policies, which such certificates have, and knows no policy mappings, through which governments
//! certify each other. Its engines check the signatures. Stricter than RFC 5280: the anchor is good at that time as well, algorithms are those of the
//! configuration, and a name constraint on anything but directory names is not met.

use std::cell::Cell;

use der::asn1::ObjectIdentifier;
use der::oid::AssociatedOid;
use der::{Decode, Encode as _};
use inkan_core::Timestamp;
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::time::Time;

use super::algorithm::Algorithm;
use super::config::Profile;
use super::names;

/// The most certificates between that of the person and the root.
const DEPTH: usize = 6;
/// The most certificates that are looked at, signatures that are checked, and paths that are found.
const POOL: usize = 96;
const SIGNATURES: usize = 64;
const PATHS: usize = 8;
/// Extensions that are understood here, and may be critical (RFC 5280 §4.2.1).
const UNDERSTOOD: [&str; 8] = [
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.36",
    "2.5.29.37",
];
/// RFC 5280 §4.2.1.14.
const INHIBIT_ANY_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.54");

/// One certificate, as DER and as read.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) der: Vec<u8>,
    pub(super) parsed: Certificate,
}

impl Link {
    /// Reads a certificate of a size that is read here, with no extension twice.
    pub(super) fn read_der(der: &[u8]) -> Option<Self> {
        if der.len() > super::CERTIFICATE_LIMIT {
            return None;
        }
        let parsed = Certificate::from_der(der).ok()?;
        let link = Self { der: der.to_vec(), parsed };
        let oids = link.extensions().iter().map(|extension| extension.extn_id);
        let mut seen = std::collections::BTreeSet::new();
        let unique = oids.into_iter().all(|oid| seen.insert(oid));
        unique.then_some(link)
    }

    pub(super) fn extensions(&self) -> &[Extension] {
        self.parsed.tbs_certificate().extensions().map_or(&[][..], Vec::as_slice)
    }

    /// An extension: `None` if it cannot be read, `Some(None)` if there is none.
    pub(super) fn read<T: AssociatedOid + for<'a> Decode<'a>>(&self) -> Option<Option<T>> {
        let Some(found) = self.extensions().iter().find(|one| one.extn_id == T::OID) else {
            return Some(None);
        };
        T::from_der(found.extn_value.as_bytes()).ok().map(Some)
    }

    pub(super) fn is_self_issued(&self) -> bool {
        let tbs = self.parsed.tbs_certificate();
        tbs.issuer() == tbs.subject()
    }

    fn is_good_at(&self, at: Timestamp) -> bool {
        let validity = self.parsed.tbs_certificate().validity();
        let seconds =
            |time: &Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        (seconds(&validity.not_before)..=seconds(&validity.not_after)).contains(&at.seconds())
    }

    fn is_understood(&self) -> bool {
        self.extensions().iter().filter(|extension| extension.critical).all(|extension| {
            let oid = extension.extn_id;
            oid == INHIBIT_ANY_POLICY || UNDERSTOOD.contains(&oid.to_string().as_str())
        })
    }

    /// RFC 5280 §6.1.4 (k) to (n): it may certify, with `below` certificates of authorities between it and the last.
    fn may_certify(&self, below: usize) -> bool {
        let is_authority = self.read::<BasicConstraints>().flatten().is_some_and(|basic| {
            basic.ca && basic.path_len_constraint.is_none_or(|most| below <= usize::from(most))
        });
        let usage = self.read::<KeyUsage>();
        is_authority && usage.is_some_and(|usage| usage.is_none_or(|usage| usage.key_cert_sign()))
    }

    /// The algorithm of its own signature, under the key of `issuer`.
    fn signed_by(&self, issuer: &Self, profile: &Profile) -> bool {
        let tbs = self.parsed.tbs_certificate();
        // RFC 5280 §4.1.1.2: what is signed names the same algorithm.
        let stated = self.parsed.signature_algorithm();
        let key = issuer.parsed.tbs_certificate().subject_public_key_info();
        let (Some(algorithm), Ok(message), Some(signature)) =
            (Algorithm::of(key, stated, None), tbs.to_der(), self.parsed.signature().as_bytes())
        else {
            return false;
        };
        tbs.signature() == stated
            && profile.accepts(algorithm)
            && algorithm.verifies(key, &message, signature)
    }
}

/// A path that holds, policies aside: from the certificate of the person to the root.
#[derive(Clone, Debug)]
pub(super) struct Way(pub(super) Vec<Link>);

impl Way {
    /// Its certificates below the anchor, beginning with the one that the anchor issued.
    pub(super) fn below_anchor(&self) -> impl DoubleEndedIterator<Item = &Link> {
        let below = self.0.len().saturating_sub(1);
        self.0.iter().take(below).rev()
    }
}

/// Every path, of at most eight, from `leaf` through `pool` to a root of `profile` that holds at `at`.
pub(super) fn ways(leaf: &Link, pool: &[Link], profile: &Profile, at: Timestamp) -> Vec<Way> {
    if !leaf.is_understood() || !leaf.is_good_at(at) || profile.is_root(&leaf.der) {
        return Vec::new();
    }
    let usable = pool.iter().take(POOL).filter(|link| link.is_understood() && link.is_good_at(at));
    let search = Search { pool: usable.collect(), profile, checks: Cell::new(SIGNATURES) };
    let mut found = Vec::new();
    search.climb(&mut vec![leaf], &mut found);
    found.retain(names::permit);
    found
}

/// Whether `leaf` leads to `anchor` at `at`, whatever policies it is under.
pub(crate) fn leads_to_anchor(
    leaf: &[u8],
    others: &[Vec<u8>],
    anchor: &[u8],
    at: Timestamp,
) -> bool {
    let pool = others.iter().map(Vec::as_slice).chain([anchor]).filter_map(Link::read_der);
    Link::read_der(leaf).is_some_and(|leaf| {
        let pool: Vec<Link> = pool.collect();
        !ways(&leaf, &pool, &Profile::of_anchor(anchor), at).is_empty()
    })
}

struct Search<'a> {
    pool: Vec<&'a Link>,
    profile: &'a Profile,
    /// Signatures that may still be checked.
    checks: Cell<usize>,
}

impl<'a> Search<'a> {
    fn climb(&self, way: &mut Vec<&'a Link>, found: &mut Vec<Way>) {
        let Some(last) = way.last().copied() else { return };
        for issuer in &self.pool {
            if found.len() >= PATHS || way.len() > DEPTH.saturating_add(1) {
                return;
            }
            let issued =
                last.parsed.tbs_certificate().issuer() == issuer.parsed.tbs_certificate().subject();
            // A name and key that are on the path already lead in a circle.
            let again = way.iter().any(|known| {
                let (a, b) = (known.parsed.tbs_certificate(), issuer.parsed.tbs_certificate());
                a.subject() == b.subject()
                    && a.subject_public_key_info() == b.subject_public_key_info()
            });
            // Certificates that an authority issues to itself are not counted (§6.1.4 (l)).
            let below = way.iter().skip(1).filter(|known| !known.is_self_issued()).count();
            if !issued || again || !issuer.may_certify(below) {
                continue;
            }
            let Some(left) = self.checks.get().checked_sub(1) else { return };
            self.checks.set(left);
            if !last.signed_by(issuer, self.profile) {
                continue;
            }
            way.push(issuer);
            if self.profile.is_root(&issuer.der) {
                found.push(Way(way.iter().map(|link| (*link).clone()).collect()));
            } else {
                self.climb(way, found);
            }
            way.pop();
        }
    }
}
