//! CMS signatures beside what they are over ([RFC 5652 §5](https://www.rfc-editor.org/rfc/rfc5652#section-5)), as e-seals carry them.
//!
//! In scope: DER `SignedData` without content, one signer, who is named by `signing-certificate-v2` ([RFC 5035](https://www.rfc-editor.org/rfc/rfc5035));
//! verified and made with ECDSA on P-256 and P-384 and with RSA. Out of scope: whether the certificate leads anywhere (`x5c`).
//!
//! Stricter than RFC 5652: signed attributes must be there, with content type `id-data`, the digest, and a signing time; SHA-1 digests nothing.

use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use der::{Decode as _, Encode as _};
use inkan_core::digest::sha384;
use inkan_core::{Timestamp, sha256};
use inkan_crypto::{KeyType, Signer};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::time::Time;

use crate::jpki::Algorithm;
use crate::tsa::TimestampError;
use crate::tsa::asn1::{
    self, AlgorithmIdentifier, ContentInfo, EncapsulatedContent, EssCertIdV2, IssuerAndSerial,
    SignedData, SignerIdentifier, SignerInfo, SigningCertificateV2, decode, encode,
};
use crate::tsa::signed;

/// The largest signature in bytes, certificates included.
pub const LIMIT: usize = 32_768;
/// RFC 5652 §4.
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// RFC 5652 §11.3.
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
/// RFC 3161 appendix A: a timestamp over the value of the signature.
pub(crate) const TIMESTAMP_TOKEN: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");
/// RFC 4055 §5.
const SHA_256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
/// RFC 5758 §3.2.
const ECDSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// A signature that verifies; the certificates are not judged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signed {
    /// DER, the signer's first.
    pub certificates: Vec<Vec<u8>>,
    /// When the signer says that it signed.
    pub signing_time: Timestamp,
}

/// Why a CMS signature shows nothing. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CmsError {
    /// Too large, not DER, or not the structures that are read here.
    #[error("CMS signature is malformed")]
    Malformed,
    /// The certificate of the signer is not in it, or not the one that was signed with.
    #[error("CMS signature does not name its signer")]
    Signer,
    /// The signature does not verify over this content.
    #[error("CMS signature does not verify over this content")]
    Signature,
    /// The key is of a kind that makes no such signatures, or refused.
    #[error("key makes no CMS signatures here")]
    Key,
}

impl CmsError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "cms-malformed",
            Self::Signer => "cms-signer-unknown",
            Self::Signature => "cms-signature-invalid",
            Self::Key => "cms-key-unsuitable",
        }
    }
}

/// Checks a signature over `content` with the certificate that it carries.
///
/// # Errors
///
/// [`CmsError`].
pub fn verify(cms: &[u8], content: &[u8]) -> Result<Signed, CmsError> {
    open(cms, content).map(|(signed, _)| signed)
}

/// The same, with what the signature is made of.
pub(crate) fn open(cms: &[u8], content: &[u8]) -> Result<(Signed, SignerInfo), CmsError> {
    let ContentInfo { content_type, content: data } =
        decode(cms, LIMIT).map_err(|_| CmsError::Malformed)?;
    let detached = data.content.content_type == DATA && data.content.content.is_none();
    let mut signers = data.signers.into_vec().into_iter();
    let (Some(signer), None) = (signers.next(), signers.next()) else {
        return Err(CmsError::Malformed);
    };
    if content_type != asn1::SIGNED_DATA || !detached {
        return Err(CmsError::Malformed);
    }
    let carried = signed::certificates(data.certificates).map_err(fault)?;
    let own = signed::check_signer(&signer, content, &carried, DATA).map_err(fault)?;
    let attributes = signer.signed_attributes.as_ref().ok_or(CmsError::Malformed)?;
    let time = signed::single(attributes, SIGNING_TIME).map_err(fault)?;
    let time: Time = time
        .and_then(|value| Time::from_der(&value.to_der().ok()?).ok())
        .ok_or(CmsError::Malformed)?;
    let seconds = i64::try_from(time.to_unix_duration().as_secs());
    let signing_time = seconds.ok().and_then(|seconds| Timestamp::from_seconds(seconds).ok());
    let own = own.to_vec();
    let others = carried.into_iter().filter(|other| *other != own);
    let certificates = std::iter::once(own.clone()).chain(others).collect();
    let signing_time = signing_time.ok_or(CmsError::Malformed)?;
    Ok((Signed { certificates, signing_time }, signer))
}

/// Signs `content` with the key of the first certificate of `chain`; all of them travel along.
///
/// # Errors
///
/// [`CmsError::Key`] for a key that is neither on P-256 nor on P-384; [`CmsError::Malformed`] for what is no certificate.
pub fn sign(
    content: &[u8],
    chain: &[Vec<u8>],
    signing_time: Timestamp,
    signer: &dyn Signer,
) -> Result<Vec<u8>, CmsError> {
    let kind = match signer.public_key().key_type() {
        KeyType::P256 => Algorithm::P256Sha256,
        KeyType::P384 => Algorithm::P384Sha384,
        KeyType::Ed25519 | KeyType::P521 | KeyType::Bls12381G2 => return Err(CmsError::Key),
    };
    let draft = Draft::with((content, kind), chain, signing_time)?;
    let raw = signer.sign(draft.message()).map_err(|_| CmsError::Key)?;
    draft.assemble(&raw)
}

/// A signature that lacks only what the key does: for keys that are kept elsewhere.
#[derive(Debug)]
pub struct Draft {
    algorithm: Algorithm,
    issuer: IssuerAndSerial,
    attributes: SetOfVec<Attribute>,
    chain: Vec<Any>,
    content: Vec<u8>,
    message: Vec<u8>,
}

impl Draft {
    /// Drafts a signature over `content` by the key of the first certificate of `chain`; all of them travel along.
    ///
    /// # Errors
    ///
    /// [`CmsError::Key`] for a key of another kind than [`Algorithm`] has; [`CmsError::Malformed`] for what is no certificate.
    pub fn new(
        content: &[u8],
        chain: &[Vec<u8>],
        signing_time: Timestamp,
    ) -> Result<Self, CmsError> {
        let leaf = chain.first().ok_or(CmsError::Malformed)?;
        let parsed = Certificate::from_der(leaf).map_err(|_| CmsError::Malformed)?;
        let key = parsed.tbs_certificate().subject_public_key_info();
        let algorithm = Algorithm::by_key(key).ok_or(CmsError::Key)?;
        Self::with((content, algorithm), chain, signing_time)
    }

    fn with(
        (content, algorithm): (&[u8], Algorithm),
        chain: &[Vec<u8>],
        signing_time: Timestamp,
    ) -> Result<Self, CmsError> {
        let malformed = |_| CmsError::Malformed;
        let leaf = chain.first().ok_or(CmsError::Malformed)?;
        let parsed = Certificate::from_der(leaf).map_err(malformed)?;
        let hash = sha256(&[leaf]).as_bytes().to_vec();
        let named = SigningCertificateV2 {
            certs: vec![EssCertIdV2 {
                algorithm: None,
                hash: OctetString::new(hash).map_err(malformed)?,
                issuer_serial: None,
            }],
            policies: None,
        };
        let digest = match algorithm {
            Algorithm::P384Sha384 => sha384(&[content]).to_vec(),
            Algorithm::Rsa2048Sha256
            | Algorithm::Rsa3072Sha256
            | Algorithm::Rsa4096Sha256
            | Algorithm::P256Sha256 => sha256(&[content]).as_bytes().to_vec(),
        };
        let digest = OctetString::new(digest).map_err(malformed)?;
        let seconds = u64::try_from(signing_time.seconds()).map_err(|_| CmsError::Malformed)?;
        let time = UtcTime::from_unix_duration(core::time::Duration::from_secs(seconds));
        let attributes = [
            attribute(asn1::CONTENT_TYPE, &DATA)?,
            attribute(asn1::MESSAGE_DIGEST, &digest)?,
            attribute(SIGNING_TIME, &Time::UtcTime(time.map_err(malformed)?))?,
            attribute(asn1::SIGNING_CERTIFICATE_V2, &named)?,
        ];
        let attributes = SetOfVec::try_from(attributes.to_vec()).map_err(malformed)?;
        let carried: Result<Vec<Any>, _> = chain.iter().map(|one| Any::from_der(one)).collect();
        Ok(Self {
            algorithm,
            issuer: IssuerAndSerial {
                issuer: parsed.tbs_certificate().issuer().clone(),
                serial: parsed.tbs_certificate().serial_number().clone(),
            },
            message: attributes.to_der().map_err(malformed)?,
            attributes,
            chain: carried.map_err(malformed)?,
            content: content.to_vec(),
        })
    }

    /// The kind of the key, its size, and the digest.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bytes that the key signs: the attributes (RFC 5652 §5.4).
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Puts in what the key made of [`Self::message`]: of RSA the signature, of ECDSA its two halves side by side.
    ///
    /// # Errors
    ///
    /// [`CmsError::Key`] if it is no such signature.
    pub fn assemble(self, raw: &[u8]) -> Result<Vec<u8>, CmsError> {
        let malformed = |_| CmsError::Malformed;
        let plain = |oid| AlgorithmIdentifier { oid, parameters: None };
        let (digest, signature_algorithm, signature) = match self.algorithm {
            Algorithm::P256Sha256 => (asn1::SHA_256, plain(ECDSA_SHA_256), in_der(raw)?),
            Algorithm::P384Sha384 => (asn1::SHA_384, plain(ECDSA_SHA_384), in_der(raw)?),
            Algorithm::Rsa2048Sha256 | Algorithm::Rsa3072Sha256 | Algorithm::Rsa4096Sha256 => {
                // RFC 4055 §5: the parameters are NULL.
                let by_rsa =
                    AlgorithmIdentifier { oid: SHA_256_WITH_RSA, parameters: Some(Any::null()) };
                (asn1::SHA_256, by_rsa, raw.to_vec())
            }
        };
        let info = SignerInfo {
            version: 1,
            identifier: SignerIdentifier::IssuerAndSerial(self.issuer),
            digest_algorithm: plain(digest),
            signed_attributes: Some(self.attributes),
            signature_algorithm,
            signature: OctetString::new(signature).map_err(malformed)?,
            unsigned_attributes: None,
        };
        encode(&ContentInfo {
            content_type: asn1::SIGNED_DATA,
            content: SignedData {
                version: 1,
                digest_algorithms: set(plain(digest))?,
                content: EncapsulatedContent { content_type: DATA, content: None },
                certificates: Some(SetOfVec::try_from(self.chain).map_err(malformed)?),
                crls: None,
                signers: set(info)?,
            },
        })
        .map_err(|_| CmsError::Malformed)
    }

    /// The same, and checks it as anybody would: whether the key is that of the certificate.
    ///
    /// # Errors
    ///
    /// [`CmsError`]; [`CmsError::Signature`] if another key signed.
    pub fn finish(self, raw: &[u8]) -> Result<Vec<u8>, CmsError> {
        let content = self.content.clone();
        let cms = self.assemble(raw)?;
        verify(&cms, &content)?;
        Ok(cms)
    }
}

/// Puts a timestamp token (RFC 3161, DER) over the value of the signature beside it (RFC 3161 appendix A); one that is there is replaced.
///
/// # Errors
///
/// [`CmsError::Malformed`], if either is not read here. Whether the token is over this signature is checked by whoever judges.
pub fn with_timestamp(cms: &[u8], token: &[u8]) -> Result<Vec<u8>, CmsError> {
    let mut info: ContentInfo = decode(cms, LIMIT).map_err(|_| CmsError::Malformed)?;
    let [mut signer] = <[SignerInfo; 1]>::try_from(info.content.signers.into_vec())
        .map_err(|_| CmsError::Malformed)?;
    let values = set(Any::from_der(token).map_err(|_| CmsError::Malformed)?)?;
    signer.unsigned_attributes = Some(set(Attribute { oid: TIMESTAMP_TOKEN, values })?);
    info.content.signers = set(signer)?;
    encode(&info).map_err(|_| CmsError::Malformed)
}

/// The value of the one signature, which a timestamp is made over.
///
/// # Errors
///
/// [`CmsError::Malformed`].
pub fn signature_value(cms: &[u8]) -> Result<Vec<u8>, CmsError> {
    let info: ContentInfo = decode(cms, LIMIT).map_err(|_| CmsError::Malformed)?;
    match info.content.signers.as_slice() {
        [signer] => Ok(signer.signature.as_bytes().to_vec()),
        _ => Err(CmsError::Malformed),
    }
}

fn attribute(oid: ObjectIdentifier, value: &impl der::Encode) -> Result<Attribute, CmsError> {
    let bytes = value.to_der().map_err(|_| CmsError::Malformed)?;
    let values = set(Any::from_der(&bytes).map_err(|_| CmsError::Malformed)?)?;
    Ok(Attribute { oid, values })
}

fn set<T: der::DerOrd>(value: T) -> Result<SetOfVec<T>, CmsError> {
    SetOfVec::try_from(vec![value]).map_err(|_| CmsError::Malformed)
}

/// RFC 3279 §2.2.3: the two halves of a signature as INTEGERs.
fn in_der(raw: &[u8]) -> Result<Vec<u8>, CmsError> {
    #[derive(der::Sequence)]
    struct Halves {
        r: der::asn1::Uint,
        s: der::asn1::Uint,
    }
    let (r, s) = raw.split_at_checked(raw.len() / 2).ok_or(CmsError::Key)?;
    let half = |bytes: &[u8]| der::asn1::Uint::new(bytes).map_err(|_| CmsError::Key);
    Halves { r: half(r)?, s: half(s)? }.to_der().map_err(|_| CmsError::Malformed)
}

fn fault(error: TimestampError) -> CmsError {
    match error {
        TimestampError::Signer => CmsError::Signer,
        TimestampError::Signature => CmsError::Signature,
        TimestampError::Malformed
        | TimestampError::Refused { .. }
        | TimestampError::Imprint
        | TimestampError::Nonce
        | TimestampError::Usage
        | TimestampError::Path
        | TimestampError::Outlived
        | TimestampError::AnchorUnknown => CmsError::Malformed,
    }
}

#[cfg(test)]
mod tests;
