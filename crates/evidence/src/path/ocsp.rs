//! What an OCSP response says of one certificate ([RFC 6960](https://www.rfc-editor.org/rfc/rfc6960)).
//!
//! It has to name the certificate, be signed by the issuer itself or by whom the issuer delegated, and hold at the time that is asked about.
//! Stricter than there: a delegate counts only if its certificate says that it need not be checked itself (`id-pkix-ocsp-nocheck`).

use der::asn1::{Any, BitString, GeneralizedTime, Null, ObjectIdentifier, OctetString};
use der::{Choice, Decode as _, Encode as _, Enumerated, Sequence};
use inkan_core::Timestamp;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use x509_cert::Certificate;
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::ExtendedKeyUsage;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::{Known, Said, Standing, as_of};

/// RFC 6960 §4.2.1.
const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
/// RFC 6960 §4.2.2.2.1.
const NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
/// RFC 6960 §4.4.4: the responder still knows what ended since then.
const ARCHIVE_CUTOFF: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.6");
/// RFC 6960 §4.2.2.2.
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// RFC 6960 §4.2.1.
#[derive(Sequence)]
struct Response {
    status: Status,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    bytes: Option<ResponseBytes>,
}

/// RFC 6960 §4.2.1.
#[derive(Clone, Copy, Enumerated, Eq, PartialEq)]
#[repr(u8)]
enum Status {
    Successful = 0,
    Malformed = 1,
    InternalError = 2,
    TryLater = 3,
    SignatureRequired = 5,
    Unauthorized = 6,
}

#[derive(Sequence)]
struct ResponseBytes {
    kind: ObjectIdentifier,
    response: OctetString,
}

#[derive(Sequence)]
struct BasicResponse {
    data: ResponseData,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    certificates: Option<Vec<Any>>,
}

#[derive(Sequence)]
struct ResponseData {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", default = "Default::default")]
    version: u8,
    responder: Responder,
    produced_at: GeneralizedTime,
    responses: Vec<SingleResponse>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Choice)]
#[asn1(tag_mode = "EXPLICIT")]
enum Responder {
    #[asn1(context_specific = "1", constructed = "true")]
    Name(Name),
    #[asn1(context_specific = "2", constructed = "true")]
    Key(OctetString),
}

#[derive(Sequence)]
struct SingleResponse {
    id: CertId,
    status: CertStatus,
    this_update: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    next_update: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Sequence)]
struct CertId {
    hash: AlgorithmIdentifierOwned,
    issuer_name: OctetString,
    issuer_key: OctetString,
    serial: SerialNumber,
}

#[derive(Choice)]
enum CertStatus {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    Good(Null),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    Revoked(RevokedInfo),
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT")]
    Unknown(Null),
}

#[derive(Sequence)]
struct RevokedInfo {
    time: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    reason: Option<Any>,
}

/// How the certificate stood at that time.
pub(super) fn says(
    answer: &[u8],
    subject: &Known<'_>,
    issuer: &Known<'_>,
    at: Timestamp,
) -> Standing {
    read(answer, subject, issuer).map_or(Standing::Unknown, |said| as_of(&said, subject, at))
}

/// What a response says of a certificate, whatever the time; `None` if it is no answer.
pub(crate) fn read(answer: &[u8], subject: &Known<'_>, issuer: &Known<'_>) -> Option<Said> {
    let answer = Response::from_der(answer).ok()?;
    let bytes = answer.bytes.filter(|_| answer.status == Status::Successful)?;
    if bytes.kind != BASIC {
        return None;
    }
    let basic = BasicResponse::from_der(bytes.response.as_bytes()).ok()?;
    let critical = |extensions: &Option<Extensions>| {
        extensions.iter().flatten().any(|extension| extension.critical)
    };
    if basic.data.version != 0 || critical(&basic.data.extensions) || !is_signed(&basic, issuer) {
        return None;
    }
    let mut about = basic.data.responses.iter().filter(|one| names(&one.id, subject, issuer));
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
        && produced.is_some_and(|at| delegate.is_good_at(at))
}

fn is_named(responder: &Responder, signer: &Known<'_>) -> bool {
    match responder {
        Responder::Name(name) => name == signer.parsed.tbs_certificate().subject(),
        Responder::Key(hash) => key_bytes(&signer.parsed)
            .is_some_and(|key| digest(&SHA1_FOR_LEGACY_USE_ONLY, key).as_ref() == hash.as_bytes()),
    }
}

/// RFC 6960 §4.1.1: hashes of the issuer's name and key, and the serial number.
fn names(id: &CertId, subject: &Known<'_>, issuer: &Known<'_>) -> bool {
    let algorithm = match id.hash.oid {
        SHA_1 => &SHA1_FOR_LEGACY_USE_ONLY,
        SHA_256 => &SHA256,
        _ => return false,
    };
    let body = issuer.parsed.tbs_certificate();
    let (Ok(name), Some(key)) = (body.subject().to_der(), key_bytes(&issuer.parsed)) else {
        return false;
    };
    digest(algorithm, &name).as_ref() == id.issuer_name.as_bytes()
        && digest(algorithm, key).as_ref() == id.issuer_key.as_bytes()
        && id.serial == *subject.parsed.tbs_certificate().serial_number()
}

fn key_bytes(certificate: &Certificate) -> Option<&[u8]> {
    certificate.tbs_certificate().subject_public_key_info().subject_public_key.as_bytes()
}

fn unix(time: &GeneralizedTime) -> Option<i64> {
    i64::try_from(time.to_unix_duration().as_secs()).ok()
}
