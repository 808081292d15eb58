//! What an OCSP response says of one certificate ([RFC 6960](https://www.rfc-editor.org/rfc/rfc6960)).
//!
//! It has to name the certificate, be signed by the issuer itself or by whom the issuer delegated, and hold at the time that is asked about.
//! Stricter than there: a delegate counts only if its certificate says that it need not be checked itself (`id-pkix-ocsp-nocheck`).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use der::asn1::{Any, BitString, GeneralizedTime, Null, ObjectIdentifier, OctetString};
use der::{Choice, Decode as _, Encode as _, Enumerated, Sequence};
use inkan_core::{Digest, sha256};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use x509_cert::Certificate;
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::ExtendedKeyUsage;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::{Known, Origin, Said};

/// RFC 6960 §4.2.1.
const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
/// RFC 6960 §4.2.2.2.1.
const NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
/// RFC 6960 §4.4.4: the responder still knows what ended since then.
const ARCHIVE_CUTOFF: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.6");
/// RFC 6960 §4.2.2.2.
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
/// What may be critical in the certificate of a delegate (RFC 5280 §4.2): usage, names, constraints, where its own list is.
const UNDERSTOOD: [ObjectIdentifier; 6] = [
    ObjectIdentifier::new_unwrap("2.5.29.15"),
    ObjectIdentifier::new_unwrap("2.5.29.17"),
    ObjectIdentifier::new_unwrap("2.5.29.19"),
    ObjectIdentifier::new_unwrap("2.5.29.30"),
    ObjectIdentifier::new_unwrap("2.5.29.31"),
    EXTENDED_KEY_USAGE,
];
const SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// RFC 6960 §4.2.1.
#[derive(Debug, Sequence)]
struct Response {
    status: Status,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    bytes: Option<ResponseBytes>,
}

/// RFC 6960 §4.2.1.
#[derive(Clone, Copy, Debug, Enumerated, Eq, PartialEq)]
#[repr(u8)]
enum Status {
    Successful = 0,
    Malformed = 1,
    InternalError = 2,
    TryLater = 3,
    SignatureRequired = 5,
    Unauthorized = 6,
}

#[derive(Debug, Sequence)]
struct ResponseBytes {
    kind: ObjectIdentifier,
    response: OctetString,
}

#[derive(Debug, Sequence)]
struct BasicResponse {
    data: ResponseData,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    certificates: Option<Vec<Any>>,
}

#[derive(Debug, Sequence)]
struct ResponseData {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", default = "Default::default")]
    version: u8,
    responder: Responder,
    produced_at: GeneralizedTime,
    responses: Vec<SingleResponse>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Choice, Debug)]
#[asn1(tag_mode = "EXPLICIT")]
enum Responder {
    #[asn1(context_specific = "1", constructed = "true")]
    Name(Name),
    #[asn1(context_specific = "2", constructed = "true")]
    Key(OctetString),
}

#[derive(Debug, Sequence)]
struct SingleResponse {
    id: CertId,
    status: CertStatus,
    this_update: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    next_update: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Debug, Sequence)]
struct CertId {
    hash: AlgorithmIdentifierOwned,
    issuer_name: OctetString,
    issuer_key: OctetString,
    serial: SerialNumber,
}

#[derive(Choice, Debug)]
enum CertStatus {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    Good(Null),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    Revoked(RevokedInfo),
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT")]
    Unknown(Null),
}

#[derive(Debug, Sequence)]
struct RevokedInfo {
    time: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    reason: Option<Any>,
}

/// A response that could be read.
#[derive(Debug)]
pub(super) struct Answer {
    origin: Origin,
    basic: BasicResponse,
    /// Whether the issuer with this certificate, or its delegate, signed it.
    by: RefCell<BTreeMap<Digest, bool>>,
}

impl Answer {
    pub(super) fn read(answer: &[u8], origin: Origin) -> Option<Self> {
        Some(Self { origin, basic: basic(answer)?, by: RefCell::new(BTreeMap::new()) })
    }

    /// What it says of the certificate, if it names it and is its issuer's.
    pub(super) fn says(
        &self,
        (subject, issuer): (&Known<'_>, &Known<'_>),
        named: &Names,
        tries: &Cell<u32>,
    ) -> Option<Said> {
        let said = of(&self.basic, subject, named)?;
        let digest = sha256(&[issuer.der]);
        let known = self.by.borrow().get(&digest).copied();
        let holds = match known {
            Some(holds) => holds,
            None => {
                let holds = self.origin.may_try(tries) && is_signed(&self.basic, issuer);
                self.by.borrow_mut().insert(digest, holds);
                holds
            }
        };
        holds.then_some(said)
    }
}

/// A response that this verifier was given, read once; what it says is this verifier's own, so its signature is checked whenever it names a
/// certificate.
#[derive(Clone, Debug)]
pub(crate) struct Given(Arc<BasicResponse>);

impl Given {
    pub(crate) fn read(answer: &[u8]) -> Option<Self> {
        basic(answer).map(|basic| Self(Arc::new(basic)))
    }

    /// What it says of a certificate, whatever the time; `None` if it is no answer.
    pub(crate) fn says(&self, subject: &Known<'_>, issuer: &Known<'_>) -> Option<Said> {
        let said = of(&self.0, subject, &Names::of(issuer)?)?;
        is_signed(&self.0, issuer).then_some(said)
    }
}

/// The one kind of response that says something (RFC 6960 §4.2.1).
fn basic(answer: &[u8]) -> Option<BasicResponse> {
    let answer = Response::from_der(answer).ok()?;
    let bytes = answer.bytes.filter(|_| answer.status == Status::Successful)?;
    if bytes.kind != BASIC {
        return None;
    }
    let basic = BasicResponse::from_der(bytes.response.as_bytes()).ok()?;
    (basic.data.version == 0 && !critical(&basic.data.extensions)).then_some(basic)
}

fn critical(extensions: &Option<Extensions>) -> bool {
    extensions.iter().flatten().any(|extension| extension.critical)
}

/// What a response says of a certificate, whoever signed it.
fn of(basic: &BasicResponse, subject: &Known<'_>, issuer: &Names) -> Option<Said> {
    let serial = subject.parsed.tbs_certificate().serial_number();
    let names = |id: &CertId| id.serial == *serial && issuer.are_in(id);
    let mut about = basic.data.responses.iter().filter(|one| names(&one.id));
    let (Some(one), None) = (about.next(), about.next()) else { return None };
    if critical(&one.extensions) {
        return None;
    }
    let (revoked, reason) = match &one.status {
        CertStatus::Good(_) => (None, None),
        CertStatus::Revoked(revoked) => (Some(unix(&revoked.time)?), revoked.reason.as_ref()),
        CertStatus::Unknown(_) => return None,
    };
    let cutoff = one.extensions.iter().flatten().any(|one| one.extn_id == ARCHIVE_CUTOFF);
    Some(Said {
        this_update: unix(&one.this_update)?,
        next_update: one.next_update.as_ref().map(unix).unwrap_or_default(),
        revoked,
        reason: reason.and_then(|reason| match reason.value() {
            [one] => Some(*one),
            _ => None,
        }),
        knows_ended: cutoff,
    })
}

/// RFC 6960 §4.2.2.2: by the issuer, or by whom it certified for that and nothing stands against.
fn is_signed(basic: &BasicResponse, issuer: &Known<'_>) -> bool {
    let signs = |signer: &Known<'_>| {
        is_named(&basic.data.responder, signer)
            && signer.signed(&basic.algorithm, &basic.data, &basic.signature)
    };
    if signs(issuer) {
        return true;
    }
    let carried = basic.certificates.iter().flatten().take(8);
    carried.filter_map(|any| any.to_der().ok()).any(|der| {
        Known::read(&der)
            .is_some_and(|delegate| is_delegate(&delegate, basic, issuer) && signs(&delegate))
    })
}

fn is_delegate(delegate: &Known<'_>, basic: &BasicResponse, issuer: &Known<'_>) -> bool {
    let tbs = delegate.parsed.tbs_certificate();
    let purposes = delegate.extension(EXTENDED_KEY_USAGE);
    let produced = unix(&basic.data.produced_at).and_then(super::timestamp);
    tbs.issuer() == issuer.parsed.tbs_certificate().subject()
        && issuer.signed(delegate.parsed.signature_algorithm(), tbs, delegate.parsed.signature())
        && purposes.is_some_and(|usage| {
            ExtendedKeyUsage::from_der(usage.extn_value.as_bytes())
                .is_ok_and(|usage| usage.0.contains(&OCSP_SIGNING))
        })
        && delegate.extension(NO_CHECK).is_some()
        // Its signature is checked with the key alone, so this is asked here.
        && is_understood(delegate)
        && produced.is_some_and(|at| delegate.is_good_at(at))
}

/// RFC 5280 §4.2: whether nothing in it is critical and not known here.
pub(super) fn is_understood(certificate: &Known<'_>) -> bool {
    certificate.extensions().iter().all(|one| !one.critical || UNDERSTOOD.contains(&one.extn_id))
}

fn is_named(responder: &Responder, signer: &Known<'_>) -> bool {
    match responder {
        Responder::Name(name) => name == signer.parsed.tbs_certificate().subject(),
        Responder::Key(hash) => key_bytes(&signer.parsed)
            .is_some_and(|key| digest(&SHA1_FOR_LEGACY_USE_ONLY, key).as_ref() == hash.as_bytes()),
    }
}

/// RFC 6960 §4.1.1: hashes of an issuer's name and key, by SHA-1 and by SHA-256.
pub(super) struct Names([(ObjectIdentifier, Vec<u8>, Vec<u8>); 2]);

impl Names {
    pub(super) fn of(issuer: &Known<'_>) -> Option<Self> {
        let name = issuer.parsed.tbs_certificate().subject().to_der().ok()?;
        let key = key_bytes(&issuer.parsed)?;
        let hashed = |oid, algorithm| {
            let hash = |bytes: &[u8]| digest(algorithm, bytes).as_ref().to_vec();
            (oid, hash(&name), hash(key))
        };
        Some(Self([hashed(SHA_1, &SHA1_FOR_LEGACY_USE_ONLY), hashed(SHA_256, &SHA256)]))
    }

    fn are_in(&self, id: &CertId) -> bool {
        self.0.iter().any(|(oid, name, key)| {
            *oid == id.hash.oid
                && name == id.issuer_name.as_bytes()
                && key == id.issuer_key.as_bytes()
        })
    }
}

fn key_bytes(certificate: &Certificate) -> Option<&[u8]> {
    certificate.tbs_certificate().subject_public_key_info().subject_public_key.as_bytes()
}

fn unix(time: &GeneralizedTime) -> Option<i64> {
    i64::try_from(time.to_unix_duration().as_secs()).ok()
}
