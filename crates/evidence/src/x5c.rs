//! Issuers that are named by certificates (`x5c`, [RFC 7515 §4.1.6](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.6)): does the chain lead
//! to a pinned anchor, and which key does it give?
//!
//! In scope: [RFC 5280 §6](https://www.rfc-editor.org/rfc/rfc5280#section-6) through `webpki`, the usage of the key, the key itself; what [`crate::path`] finds
//! about policies and revocation. Out of scope: whether the first certificate names `iss` (`inkan-credential` looks).
//!
//! Stricter than RFC 5280: the anchor must be good at that time as well, a certificate whose only purposes are TLS, code
//! signing, mail, timestamps or OCSP signs no credentials, and below name constraints a URL needs its host beside it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use inkan_core::{Digest, Timestamp, encoding, limits, sha256};
use inkan_credential::bundle::{ESEAL_JWS_TYPE, SealForm};
use inkan_crypto::PublicKey;
use inkan_crypto::jws::Jws;
use inkan_verifier::{
    CertificateChecker, CertificateFault, Path, PathChecker, Revocation, RevocationInfo, Sealed,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use serde_json::json;
use webpki::{
    ALL_VERIFICATION_ALGS, EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeId,
    KeyPurposeIdIter, RequiredEkuNotFoundContext, VerifiedPath, anchor_from_trusted_cert,
};
use x509_cert::Certificate;
use x509_cert::ext::pkix::KeyUsage;
use x509_cert::time::Time;

use crate::cms::{self, CmsError};
use crate::path::{Lists, Standing};
use crate::tsa::{TimestampError, certificates_in};

mod request;

pub use request::{certificate_request, pem, public_key_info};

/// RFC 5280 §4.2.1.3.
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// RFC 5280 §4.2.1.10.
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");
/// RFC 5480 §2.1.1: a key on an elliptic curve, and two of the curves.
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// RFC 8410 §3.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// RFC 5280 §4.2.1.12: TLS server and client, code, mail, timestamps, OCSP; the content of the DER of each.
const OTHER_PURPOSES: [&[u8]; 6] = [
    &[0x2b, 6, 1, 5, 5, 7, 3, 1],
    &[0x2b, 6, 1, 5, 5, 7, 3, 2],
    &[0x2b, 6, 1, 5, 5, 7, 3, 3],
    &[0x2b, 6, 1, 5, 5, 7, 3, 4],
    &[0x2b, 6, 1, 5, 5, 7, 3, 8],
    &[0x2b, 6, 1, 5, 5, 7, 3, 9],
];
/// Any purpose, likewise.
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0];
/// What the URLs of issuers begin with.
const HTTPS: &str = "https://";
/// The most anchors that are kept.
const COUNT_LIMIT: usize = 64;

/// Certificates that chains of issuers may lead to: whoever pins one trusts it to certify issuers, on the terms it was pinned with.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct IssuerAnchors {
    anchors: Vec<(Vec<u8>, Terms)>,
    said: RevocationInfo,
}

/// What is demanded of certificates below an anchor.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Terms {
    /// Whether it has to be known that none of them was revoked.
    revocation: Demand,
    /// A policy that all of them have to be under.
    policy: Option<ObjectIdentifier>,
}

/// Whether something has to be known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Demand {
    /// It counts where it is known.
    #[default]
    IfKnown,
    /// What is not known is not accepted.
    Demanded,
}

impl Terms {
    /// The same, where it has to be known, or not, that none was revoked.
    #[must_use]
    pub const fn revocation(self, revocation: Demand) -> Self {
        Self { revocation, ..self }
    }

    /// The same, under a policy: an object identifier with dots.
    ///
    /// # Errors
    ///
    /// [`CertificateFault::Malformed`].
    pub fn under(self, policy: &str) -> Result<Self, CertificateFault> {
        let policy = ObjectIdentifier::new(policy).map_err(|_| CertificateFault::Malformed)?;
        Ok(Self { policy: Some(policy), ..self })
    }
}

impl IssuerAnchors {
    /// Adds the certificates of a file: one in DER, or any number in PEM. Gives how many they are.
    ///
    /// # Errors
    ///
    /// [`TimestampError::Malformed`]: no certificate, one that is too large, or more than 64 in all.
    pub fn add_file(&mut self, bytes: &[u8]) -> Result<usize, TimestampError> {
        self.add_file_on(bytes, &Terms::default())
    }

    /// The same, on terms.
    ///
    /// # Errors
    ///
    /// As [`Self::add_file`].
    pub fn add_file_on(&mut self, bytes: &[u8], terms: &Terms) -> Result<usize, TimestampError> {
        let certificates = certificates_in(bytes)?;
        let count = certificates.len();
        self.anchors.extend(certificates.into_iter().map(|one| (one, terms.clone())));
        if self.anchors.len() > COUNT_LIMIT { Err(TimestampError::Malformed) } else { Ok(count) }
    }

    /// Adds a CRL in DER, which counts if it proves itself.
    pub fn add_crl(&mut self, list: Vec<u8>) {
        self.said.crls.push(list);
    }

    /// Adds an OCSP response in DER, which counts if it proves itself.
    pub fn add_ocsp(&mut self, answer: Vec<u8>) {
        self.said.ocsp.push(answer);
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }
}

/// The compact JWS of an e-seal, under the key of the first certificate of its `x5c`.
fn seal_of_jws(text: &str, statement: &[u8]) -> Result<Sealed, CertificateFault> {
    let unknown = CertificateFault::SealUnknown;
    let jws = Jws::parse(text, limits::JWS).map_err(|_| unknown)?;
    let listed = jws.header().get("x5c").and_then(serde_json::Value::as_array);
    let listed = listed.filter(|list| list.len() <= COUNT_LIMIT).ok_or(unknown)?;
    let chain: Option<Vec<Vec<u8>>> =
        listed.iter().map(|one| encoding::decode_b64(one.as_str()?).ok()).collect();
    let chain = chain.ok_or(unknown)?;
    let leaf = chain.first().ok_or(unknown)?;
    if jws.typ() != Some(ESEAL_JWS_TYPE) || jws.payload() != statement {
        return Err(CertificateFault::Seal);
    }
    jws.verify(&key_of(leaf)?).map_err(|_| CertificateFault::Seal)?;
    Ok(Sealed { chain, signing_time: None })
}

impl CertificateChecker for IssuerAnchors {
    fn seal(&self, form: &SealForm, statement: &[u8]) -> Result<Sealed, CertificateFault> {
        match form {
            SealForm::Jws(text) => seal_of_jws(text, statement),
            SealForm::Cms(bytes) => {
                let signed = cms::verify(bytes, statement).map_err(|error| match error {
                    CmsError::Signature => CertificateFault::Seal,
                    // Whose it is, or over what, cannot be told.
                    CmsError::Malformed | CmsError::Signer | CmsError::Key => {
                        CertificateFault::SealUnknown
                    }
                })?;
                let signing_time = Some(signed.signing_time);
                Ok(Sealed { chain: signed.certificates, signing_time })
            }
        }
    }

    fn key(&self, leaf: &[u8]) -> Result<PublicKey, CertificateFault> {
        key_of(leaf)
    }

    fn paths<'a>(&'a self, said: &RevocationInfo) -> Box<dyn PathChecker + 'a> {
        let lists = Lists::read(&self.said, said);
        Box::new(Paths { anchors: &self.anchors, lists, found: RefCell::default() })
    }
}

/// Paths to the anchors, by what authorities said.
#[derive(Debug)]
struct Paths<'a> {
    anchors: &'a [(Vec<u8>, Terms)],
    lists: Lists,
    /// What was found, by the digest of the chain and the time.
    found: RefCell<BTreeMap<(Digest, Timestamp), Result<Path, CertificateFault>>>,
}

impl PathChecker for Paths<'_> {
    fn path(&self, chain: &[Vec<u8>], at: Timestamp) -> Result<Path, CertificateFault> {
        let each: Vec<Digest> = chain.iter().map(|one| sha256(&[one])).collect();
        let each: Vec<&[u8]> = each.iter().map(|digest| digest.as_bytes().as_slice()).collect();
        let key = (sha256(&each), at);
        if let Some(known) = self.found.borrow().get(&key) {
            return *known;
        }
        let judged = self.judge(chain, at);
        self.found.borrow_mut().insert(key, judged);
        judged
    }
}

impl Paths<'_> {
    fn judge(&self, chain: &[Vec<u8>], at: Timestamp) -> Result<Path, CertificateFault> {
        let (leaf, others) = chain.split_first().ok_or(CertificateFault::Malformed)?;
        check_usage(&parse(leaf)?)?;
        // The most telling of what is said about each anchor.
        let mut fault = CertificateFault::AnchorUnknown;
        let mut holds = None;
        for (anchor, terms) in self.anchors {
            match leads_to(leaf, others, anchor, at, SignsCredentials, &|path| {
                self.on_terms(path, terms, at)
            }) {
                Ok(revocation) if holds.is_none() => {
                    holds = Some(Path { anchor: sha256(&[anchor]), revocation });
                }
                // Whoever revoked it meant it, whichever anchor is asked.
                Err(CertificateFault::Revoked) => return Err(CertificateFault::Revoked),
                Ok(_) | Err(CertificateFault::AnchorUnknown) => {}
                Err(other) => fault = other,
            }
        }
        holds.ok_or(fault)
    }

    /// Whether the certificates below an anchor meet what it was pinned with.
    fn on_terms(
        &self,
        path: &[&[u8]],
        terms: &Terms,
        at: Timestamp,
    ) -> Result<Revocation, CertificateFault> {
        if terms.policy.is_some_and(|policy| !crate::path::permits(path, policy)) {
            return Err(CertificateFault::Policy);
        }
        match (self.lists.standing_of_path(path, at), terms.revocation) {
            (Standing::Revoked(_), _) => Err(CertificateFault::Revoked),
            (Standing::Good, _) => Ok(Revocation::Good),
            (Standing::Unknown, Demand::IfKnown) => Ok(Revocation::NotShown),
            (Standing::Unknown, Demand::Demanded) => Err(CertificateFault::RevocationUnknown),
        }
    }
}

/// Certificates in a file: one in DER, or any number in PEM.
///
/// # Errors
///
/// [`TimestampError::Malformed`]: none, one that is too large, or too many.
pub fn chain_in(bytes: &[u8]) -> Result<Vec<Vec<u8>>, TimestampError> {
    certificates_in(bytes)
}

/// The key of a certificate, of the kinds that sign credentials.
///
/// # Errors
///
/// [`CertificateFault::Malformed`]; [`CertificateFault::Key`] for a key of another kind.
pub fn key_of(certificate: &[u8]) -> Result<PublicKey, CertificateFault> {
    let certificate = parse(certificate)?;
    let info = certificate.tbs_certificate().subject_public_key_info();
    let bytes = info.subject_public_key.as_bytes().ok_or(CertificateFault::Key)?;
    let curve = || {
        let parameters = info.algorithm.parameters.as_ref()?.to_der().ok()?;
        ObjectIdentifier::from_der(&parameters).ok()
    };
    let (name, size) = match info.algorithm.oid {
        ED25519 => {
            let key = PublicKey::from_jwk(
                &json!({ "kty": "OKP", "crv": "Ed25519", "x": encoding::b64u(bytes) }),
            );
            return key.map_err(|_| CertificateFault::Key);
        }
        EC_PUBLIC_KEY => match curve() {
            Some(P256) => ("P-256", 32),
            Some(P384) => ("P-384", 48),
            Some(_) | None => return Err(CertificateFault::Key),
        },
        _ => return Err(CertificateFault::Key),
    };
    // RFC 5480 §2.2: certificates hold the point whole.
    let [0x04, point @ ..] = bytes else { return Err(CertificateFault::Key) };
    let (x, y) = point.split_at_checked(size).ok_or(CertificateFault::Key)?;
    let jwk = json!({
        "kty": "EC", "crv": name, "x": encoding::b64u(x), "y": encoding::b64u(y),
    });
    PublicKey::from_jwk(&jwk).map_err(|_| CertificateFault::Key)
}

fn parse(certificate: &[u8]) -> Result<Certificate, CertificateFault> {
    Certificate::from_der(certificate).map_err(|_| CertificateFault::Malformed)
}

/// A key usage, if there is one, must allow signatures.
fn check_usage(certificate: &Certificate) -> Result<(), CertificateFault> {
    let extensions = certificate.tbs_certificate().extensions().map_or(&[][..], Vec::as_slice);
    let signs = extensions.iter().filter(|extension| extension.extn_id == KEY_USAGE).all(|usage| {
        KeyUsage::from_der(usage.extn_value.as_bytes())
            .is_ok_and(|usage| usage.digital_signature() || usage.non_repudiation())
    });
    if signs { Ok(()) } else { Err(CertificateFault::Usage) }
}

/// What is asked of a path that holds: from the first certificate to the anchor.
type Admits<'a> = dyn Fn(&[&[u8]]) -> Result<Revocation, CertificateFault> + 'a;

/// Whether the first certificate leads to this anchor, whatever it is for, each certificate good at `at`.
pub(crate) fn leads_to_root(
    leaf: &[u8],
    others: &[Vec<u8>],
    anchor: &[u8],
    at: Timestamp,
) -> Result<(), CertificateFault> {
    leads_to(leaf, others, anchor, at, AnyPurpose, &|_| Ok(Revocation::NotShown)).map(drop)
}

/// What is known of revocation on a path from the first certificate to this anchor, each certificate of it good at `at`, that is admitted.
fn leads_to(
    leaf: &[u8],
    others: &[Vec<u8>],
    anchor: &[u8],
    at: Timestamp,
    purposes: impl ExtendedKeyUsageValidator,
    admits: &Admits<'_>,
) -> Result<Revocation, CertificateFault> {
    let seconds = u64::try_from(at.seconds()).map_err(|_| CertificateFault::NotYetValid)?;
    if leaf == anchor {
        check_anchor(anchor, seconds)?;
        return admits(&[leaf]);
    }
    let trusted = CertificateDer::from(anchor);
    // What is wrong with an anchor says nothing against the certificates that were shown.
    let trusted =
        anchor_from_trusted_cert(&trusted).map_err(|_| CertificateFault::AnchorUnknown)?;
    let anchors = [trusted];
    let end = CertificateDer::from(leaf);
    // An anchor that travels along is the pinned one, and no part of the path.
    let others: Vec<_> = others
        .iter()
        .filter(|other| other.as_slice() != anchor)
        .map(|other| CertificateDer::from(other.as_slice()))
        .collect();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let end = EndEntityCert::try_from(&end).map_err(fault)?;
    // Where there are several paths, one that is not admitted does not stand in the way of another.
    let judged = Cell::new(None);
    let verify = |path: &VerifiedPath<'_>| {
        check_urls(path)?;
        // From the first one up, as the path was built.
        let between: Vec<_> = path.intermediate_certificates().map(|one| one.der()).collect();
        let way: Vec<&[u8]> = std::iter::once(leaf)
            .chain(between.iter().map(|one| one.as_ref()))
            .chain(std::iter::once(anchor))
            .collect();
        let admitted = admits(&way);
        judged.set(Some(admitted));
        admitted.map(drop).map_err(|_| Error::UnknownIssuer)
    };
    let path = end.verify_for_usage(
        ALL_VERIFICATION_ALGS,
        &anchors,
        &others,
        time,
        purposes,
        None,
        Some(&verify),
    );
    match (path, judged.get()) {
        (Ok(_), Some(Ok(revocation))) => check_anchor(anchor, seconds).map(|()| revocation),
        (Err(_), Some(Err(refused))) => Err(refused),
        (Err(error), _) => Err(fault(error)),
        (Ok(_), _) => Err(CertificateFault::Path),
    }
}

/// Whether the anchor itself is good then.
fn check_anchor(anchor: &[u8], seconds: u64) -> Result<(), CertificateFault> {
    let validity = parse(anchor)?;
    let validity = validity.tbs_certificate().validity();
    let unix = |time: &Time| time.to_unix_duration().as_secs();
    if seconds < unix(&validity.not_before) {
        Err(CertificateFault::NotYetValid)
    } else if seconds > unix(&validity.not_after) {
        Err(CertificateFault::Expired)
    } else {
        Ok(())
    }
}

/// Names that an authority constrains must be such that the constraint reaches them.
///
/// webpki holds constraints on DNS names against DNS names, and passes over URLs. So where anybody on the path is constrained, a
/// URL counts only if its host stands beside it as a DNS name: that one was held against the constraint.
fn check_urls(path: &VerifiedPath<'_>) -> Result<(), Error> {
    let constrained = path.anchor().name_constraints.is_some()
        || path.intermediate_certificates().any(|authority| is_constrained(&authority.der()));
    if !constrained {
        return Ok(());
    }
    let leaf = path.end_entity();
    let is_reached = |url: &str| {
        let host = host_of(url);
        leaf.valid_dns_names().any(|name| name.eq_ignore_ascii_case(host))
    };
    // No other URL names an issuer.
    let mut urls = leaf.valid_uri_names().filter(|url| url.starts_with(HTTPS));
    if urls.all(is_reached) { Ok(()) } else { Err(Error::NameConstraintViolation) }
}

/// The host of an HTTPS URL, read as whoever looks for `iss` among the names does.
fn host_of(url: &str) -> &str {
    let rest = url.strip_prefix(HTTPS).unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.split(':').next().unwrap_or_default()
}

/// Whether an authority may certify some names only; also if that cannot be told.
fn is_constrained(certificate: &[u8]) -> bool {
    let Ok(certificate) = parse(certificate) else { return true };
    let extensions = certificate.tbs_certificate().extensions().map_or(&[][..], Vec::as_slice);
    extensions.iter().any(|extension| extension.extn_id == NAME_CONSTRAINTS)
}

/// Whatever a certificate says that it is for: what else is asked of it is looked at by itself.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        purposes.into_iter().try_for_each(|purpose| purpose.map(|_| ()))
    }
}

/// No purposes, or one at least that is not for something else alone.
struct SignsCredentials;

impl ExtendedKeyUsageValidator for SignsCredentials {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        let mut none = true;
        for purpose in purposes {
            let purpose = purpose?;
            none = false;
            if !OTHER_PURPOSES.iter().any(|other| purpose == KeyPurposeId::new(other)) {
                return Ok(());
            }
        }
        let required = webpki::KeyUsage::required(ANY_PURPOSE);
        let refusal = RequiredEkuNotFoundContext { required, present: Vec::new() };
        if none { Ok(()) } else { Err(Error::RequiredEkuNotFoundContext(refusal)) }
    }
}

/// Whatever else webpki says, now or in later versions, the path does not hold.
fn fault(error: Error) -> CertificateFault {
    let unreadable = matches!(error, Error::BadDer | Error::BadDerTime | Error::TrailingData(_));
    if matches!(error, Error::UnknownIssuer) {
        CertificateFault::AnchorUnknown
    } else if matches!(error, Error::CertExpired { .. }) {
        CertificateFault::Expired
    } else if matches!(error, Error::CertNotValidYet { .. }) {
        CertificateFault::NotYetValid
    } else if matches!(error, Error::RequiredEkuNotFoundContext(_)) {
        CertificateFault::Usage
    } else if unreadable {
        CertificateFault::Malformed
    } else {
        CertificateFault::Path
    }
}

#[cfg(test)]
mod tests;
