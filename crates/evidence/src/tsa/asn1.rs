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

pub(crate) type AlgorithmIdentifier = x509_cert::spki::AlgorithmIdentifierOwned;

pub(crate) const SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
pub(crate) const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
pub(crate) const SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
pub(crate) const SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
/// RFC 8017: RSA whose digest is named beside it.
pub(crate) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RFC 5652 §5.1.
pub(crate) const SIGNED_DATA: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// RFC 3161 §2.4.2.
pub(crate) const TST_INFO: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
/// RFC 5652 §11.1.
pub(crate) const CONTENT_TYPE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
/// RFC 5652 §11.2.
pub(crate) const MESSAGE_DIGEST: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// RFC 2634 §5.4.
pub(crate) const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
/// RFC 5035 §3.
pub(crate) const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// RFC 3161 §2.4.1.
#[derive(Sequence)]
pub(crate) struct TimeStampReq {
    pub(crate) version: u8,
    pub(crate) message_imprint: MessageImprint,
    #[asn1(optional = "true")]
    pub(crate) policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    pub(crate) nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    pub(crate) cert_req: bool,
}

/// RFC 3161 §2.4.1.
#[derive(Sequence)]
pub(crate) struct MessageImprint {
    pub(crate) hash_algorithm: AlgorithmIdentifier,
    pub(crate) hashed_message: OctetString,
}

/// RFC 3161 §2.4.2.
#[derive(Sequence)]
pub(crate) struct TimeStampResp {
    pub(crate) status: PkiStatusInfo,
    #[asn1(optional = "true")]
    pub(crate) token: Option<Any>,
}

/// RFC 3161 §2.4.2.
#[derive(Sequence)]
pub(crate) struct PkiStatusInfo {
    pub(crate) status: u8,
    #[asn1(optional = "true")]
    pub(crate) status_string: Option<Vec<String>>,
    #[asn1(optional = "true")]
    pub(crate) fail_info: Option<BitString>,
}

/// RFC 5652 §3.
#[derive(Sequence)]
pub(crate) struct ContentInfo {
    pub(crate) content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(crate) content: SignedData,
}

/// RFC 5652 §5.1.
#[derive(Sequence)]
pub(crate) struct SignedData {
    pub(crate) version: u8,
    pub(crate) digest_algorithms: SetOfVec<AlgorithmIdentifier>,
    pub(crate) content: EncapsulatedContent,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) certificates: Option<SetOfVec<Any>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) crls: Option<SetOfVec<Any>>,
    pub(crate) signers: SetOfVec<SignerInfo>,
}

/// RFC 5652 §5.2.
#[derive(Sequence)]
pub(crate) struct EncapsulatedContent {
    pub(crate) content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) content: Option<OctetString>,
}

/// RFC 5652 §5.3.
#[derive(Clone, Sequence, ValueOrd)]
pub(crate) struct SignerInfo {
    pub(crate) version: u8,
    pub(crate) identifier: SignerIdentifier,
    pub(crate) digest_algorithm: AlgorithmIdentifier,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) signed_attributes: Option<SetOfVec<Attribute>>,
    pub(crate) signature_algorithm: AlgorithmIdentifier,
    pub(crate) signature: OctetString,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) unsigned_attributes: Option<SetOfVec<Attribute>>,
}

/// RFC 5652 §5.3.
#[derive(Clone, Choice, ValueOrd)]
pub(crate) enum SignerIdentifier {
    IssuerAndSerial(IssuerAndSerial),
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "false")]
    KeyId(OctetString),
}

/// RFC 5652 §10.2.4.
#[derive(Debug, Clone, Sequence, ValueOrd)]
pub(crate) struct IssuerAndSerial {
    pub(crate) issuer: Name,
    pub(crate) serial: SerialNumber,
}

/// RFC 3161 §2.4.2.
#[derive(Sequence)]
pub(crate) struct TstInfo {
    pub(crate) version: u8,
    pub(crate) policy: ObjectIdentifier,
    pub(crate) message_imprint: MessageImprint,
    pub(crate) serial: Int,
    /// `GeneralizedTime`, here with fractions of a second.
    pub(crate) gen_time: Any,
    #[asn1(optional = "true")]
    pub(crate) accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    pub(crate) ordering: bool,
    #[asn1(optional = "true")]
    pub(crate) nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) tsa: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) extensions: Option<x509_cert::ext::Extensions>,
}

/// RFC 3161 §2.4.2.
#[derive(Sequence)]
pub(crate) struct Accuracy {
    #[asn1(optional = "true")]
    pub(crate) seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) micros: Option<u16>,
}

/// RFC 2634 §5.4: hashes are SHA-1.
#[derive(Sequence)]
pub(crate) struct SigningCertificate {
    pub(crate) certs: Vec<EssCertId>,
    #[asn1(optional = "true")]
    pub(crate) policies: Option<Any>,
}

/// RFC 2634 §5.4.1.
#[derive(Sequence)]
pub(crate) struct EssCertId {
    pub(crate) hash: OctetString,
    #[asn1(optional = "true")]
    pub(crate) issuer_serial: Option<IssuerSerial>,
}

/// RFC 5035 §3.
#[derive(Sequence)]
pub(crate) struct SigningCertificateV2 {
    pub(crate) certs: Vec<EssCertIdV2>,
    #[asn1(optional = "true")]
    pub(crate) policies: Option<Any>,
}

/// RFC 5035 §4.
#[derive(Sequence)]
pub(crate) struct EssCertIdV2 {
    /// SHA-256 if it is absent.
    #[asn1(optional = "true")]
    pub(crate) algorithm: Option<AlgorithmIdentifier>,
    pub(crate) hash: OctetString,
    #[asn1(optional = "true")]
    pub(crate) issuer_serial: Option<IssuerSerial>,
}

/// RFC 5035 §5.
#[derive(Sequence)]
pub(crate) struct IssuerSerial {
    pub(crate) issuer: Vec<Any>,
    pub(crate) serial: SerialNumber,
}

impl MessageImprint {
    pub(crate) fn of(digest: &Digest) -> Result<Self, TimestampError> {
        let hashed_message = OctetString::new(digest.as_bytes().as_slice());
        Ok(Self {
            hash_algorithm: AlgorithmIdentifier { oid: SHA_256, parameters: Some(Any::null()) },
            hashed_message: hashed_message.map_err(|_| TimestampError::Malformed)?,
        })
    }
}

/// An INTEGER of these bytes, big-endian; the first bit is its sign.
pub(crate) fn integer(bytes: &[u8]) -> Result<Int, TimestampError> {
    Int::new(bytes).map_err(|_| TimestampError::Malformed)
}

/// Reads one structure that is all of `bytes`.
pub(crate) fn decode<T: for<'a> Decode<'a>>(
    bytes: &[u8],
    limit: usize,
) -> Result<T, TimestampError> {
    if bytes.len() > limit {
        return Err(TimestampError::Malformed);
    }
    T::from_der(bytes).map_err(|_| TimestampError::Malformed)
}

pub(crate) fn encode<T: Encode>(value: &T) -> Result<Vec<u8>, TimestampError> {
    value.to_der().map_err(|_| TimestampError::Malformed)
}
