//! The structures of RFC 3161, RFC 5652 and RFC 5035 that a token is made of, as far as they are read.
//!
//! In scope: their shape. Out of scope: what they must say (`signed`, `certificate`).
//!
//! Written here, over `der`: the crates that have them are release candidates (`cms` for `der` 0.8) or stand on an older
//! `der` and bring certificate management along (`x509-tsp`).

use der::asn1::{Any, BitString, Int, ObjectIdentifier, OctetString, SetOfVec};
use der::{Choice, Decode, Encode, Sequence, ValueOrd};
use inkan_core::Digest;
use x509_cert::attr::Attribute;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;

use super::error::TimestampError;

pub(super) type AlgorithmIdentifier = x509_cert::spki::AlgorithmIdentifierOwned;

pub(super) const SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
pub(super) const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
pub(super) const SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
pub(super) const SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
/// RFC 8017: RSA whose digest is named beside it.
pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RFC 5652 §5.1.
pub(super) const SIGNED_DATA: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// RFC 3161 §2.4.2.
pub(super) const TST_INFO: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
/// RFC 5652 §11.1.
pub(super) const CONTENT_TYPE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
/// RFC 5652 §11.2.
pub(super) const MESSAGE_DIGEST: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// RFC 2634 §5.4.
pub(super) const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
/// RFC 5035 §3.
pub(super) const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// RFC 3161 §2.4.1.
#[derive(Sequence)]
pub(super) struct TimeStampReq {
    pub(super) version: u8,
    pub(super) message_imprint: MessageImprint,
    #[asn1(optional = "true")]
    pub(super) policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    pub(super) nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    pub(super) cert_req: bool,
}

/// RFC 3161 §2.4.1.
#[derive(Sequence)]
pub(super) struct MessageImprint {
    pub(super) hash_algorithm: AlgorithmIdentifier,
    pub(super) hashed_message: OctetString,
}

/// RFC 3161 §2.4.2.
#[derive(Sequence)]
pub(super) struct TimeStampResp {
    pub(super) status: PkiStatusInfo,
    #[asn1(optional = "true")]
    pub(super) token: Option<Any>,
}

/// RFC 3161 §2.4.2.
#[derive(Sequence)]
pub(super) struct PkiStatusInfo {
    pub(super) status: u8,
    #[asn1(optional = "true")]
    pub(super) status_string: Option<Vec<String>>,
    #[asn1(optional = "true")]
    pub(super) fail_info: Option<BitString>,
}

/// RFC 5652 §3.
#[derive(Sequence)]
pub(super) struct ContentInfo {
    pub(super) content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(super) content: SignedData,
}

/// RFC 5652 §5.1.
#[derive(Sequence)]
pub(super) struct SignedData {
    pub(super) version: u8,
    pub(super) digest_algorithms: SetOfVec<AlgorithmIdentifier>,
    pub(super) content: EncapsulatedContent,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) certificates: Option<SetOfVec<Any>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) crls: Option<SetOfVec<Any>>,
    pub(super) signers: SetOfVec<SignerInfo>,
}

/// RFC 5652 §5.2.
#[derive(Sequence)]
pub(super) struct EncapsulatedContent {
    pub(super) content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) content: Option<OctetString>,
}

/// RFC 5652 §5.3.
#[derive(Clone, Sequence, ValueOrd)]
pub(super) struct SignerInfo {
    pub(super) version: u8,
    pub(super) identifier: SignerIdentifier,
    pub(super) digest_algorithm: AlgorithmIdentifier,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) signed_attributes: Option<SetOfVec<Attribute>>,
    pub(super) signature_algorithm: AlgorithmIdentifier,
    pub(super) signature: OctetString,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) unsigned_attributes: Option<SetOfVec<Attribute>>,
}

/// RFC 5652 §5.3.
#[derive(Clone, Choice, ValueOrd)]
pub(super) enum SignerIdentifier {
    IssuerAndSerial(IssuerAndSerial),
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "false")]
    KeyId(OctetString),
}

/// RFC 5652 §10.2.4.
#[derive(Clone, Sequence, ValueOrd)]
pub(super) struct IssuerAndSerial {
    pub(super) issuer: Name,
    pub(super) serial: SerialNumber,
}

/// RFC 3161 §2.4.2.
#[derive(Sequence)]
pub(super) struct TstInfo {
    pub(super) version: u8,
    pub(super) policy: ObjectIdentifier,
    pub(super) message_imprint: MessageImprint,
    pub(super) serial: Int,
    /// `GeneralizedTime`, here with fractions of a second.
    pub(super) gen_time: Any,
    #[asn1(optional = "true")]
    pub(super) accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    pub(super) ordering: bool,
    #[asn1(optional = "true")]
    pub(super) nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) tsa: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) extensions: Option<x509_cert::ext::Extensions>,
}

/// RFC 3161 §2.4.2.
#[derive(Sequence)]
pub(super) struct Accuracy {
    #[asn1(optional = "true")]
    pub(super) seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) micros: Option<u16>,
}

/// RFC 2634 §5.4: hashes are SHA-1.
#[derive(Sequence)]
pub(super) struct SigningCertificate {
    pub(super) certs: Vec<EssCertId>,
    #[asn1(optional = "true")]
    pub(super) policies: Option<Any>,
}

/// RFC 2634 §5.4.1.
#[derive(Sequence)]
pub(super) struct EssCertId {
    pub(super) hash: OctetString,
    #[asn1(optional = "true")]
    pub(super) issuer_serial: Option<IssuerSerial>,
}

/// RFC 5035 §3.
#[derive(Sequence)]
pub(super) struct SigningCertificateV2 {
    pub(super) certs: Vec<EssCertIdV2>,
    #[asn1(optional = "true")]
    pub(super) policies: Option<Any>,
}

/// RFC 5035 §4.
#[derive(Sequence)]
pub(super) struct EssCertIdV2 {
    /// SHA-256 if it is absent.
    #[asn1(optional = "true")]
    pub(super) algorithm: Option<AlgorithmIdentifier>,
    pub(super) hash: OctetString,
    #[asn1(optional = "true")]
    pub(super) issuer_serial: Option<IssuerSerial>,
}

/// RFC 5035 §5.
#[derive(Sequence)]
pub(super) struct IssuerSerial {
    pub(super) issuer: Vec<Any>,
    pub(super) serial: SerialNumber,
}

impl MessageImprint {
    pub(super) fn of(digest: &Digest) -> Result<Self, TimestampError> {
        let hashed_message = OctetString::new(digest.as_bytes().as_slice());
        Ok(Self {
            hash_algorithm: AlgorithmIdentifier { oid: SHA_256, parameters: Some(Any::null()) },
            hashed_message: hashed_message.map_err(|_| TimestampError::Malformed)?,
        })
    }
}

/// An INTEGER of these bytes, big-endian; the first bit is its sign.
pub(super) fn integer(bytes: &[u8]) -> Result<Int, TimestampError> {
    Int::new(bytes).map_err(|_| TimestampError::Malformed)
}

/// Reads one structure that is all of `bytes`.
pub(super) fn decode<T: for<'a> Decode<'a>>(
    bytes: &[u8],
    limit: usize,
) -> Result<T, TimestampError> {
    if bytes.len() > limit {
        return Err(TimestampError::Malformed);
    }
    T::from_der(bytes).map_err(|_| TimestampError::Malformed)
}

pub(super) fn encode<T: Encode>(value: &T) -> Result<Vec<u8>, TimestampError> {
    value.to_der().map_err(|_| TimestampError::Malformed)
}
