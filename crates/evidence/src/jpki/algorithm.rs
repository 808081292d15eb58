//! Signature algorithms that a configuration may accept, and what checks them: `webpki`'s, under a public key as it stands in a certificate.

use der::asn1::{ObjectIdentifier, Uint};
use der::{Decode as _, Encode as _, Sequence};
use rustls_pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use webpki::RawPublicKeyEntity;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::tsa::asn1::{RSA, SHA_256, SHA_384};

/// RFC 4055 §5.
const SHA_256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
/// RFC 5758 §3.2.
const ECDSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
/// RFC 5480 §2.1.1.
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// A kind of key, its size, and the digest beside it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Algorithm {
    /// RSA of 2048 bits, PKCS #1 v1.5, SHA-256.
    Rsa2048Sha256,
    /// The same, of 3072 bits.
    Rsa3072Sha256,
    /// The same, of 4096 bits.
    Rsa4096Sha256,
    /// ECDSA on P-256 with SHA-256.
    P256Sha256,
    /// ECDSA on P-384 with SHA-384.
    P384Sha384,
}

impl Algorithm {
    const ALL: [Self; 5] = [
        Self::Rsa2048Sha256,
        Self::Rsa3072Sha256,
        Self::Rsa4096Sha256,
        Self::P256Sha256,
        Self::P384Sha384,
    ];

    /// Each of them.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter()
    }

    /// The name in configurations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048Sha256 => "rsa-2048-sha256",
            Self::Rsa3072Sha256 => "rsa-3072-sha256",
            Self::Rsa4096Sha256 => "rsa-4096-sha256",
            Self::P256Sha256 => "p256-sha256",
            Self::P384Sha384 => "p384-sha384",
        }
    }

    /// Reads a name; `None` for any other text.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// The algorithm of a signature by this key, under these identifiers; `None` for any other. `digest` is that of a CMS signer.
    pub(crate) fn of(
        key: &SubjectPublicKeyInfoOwned,
        signature: &AlgorithmIdentifierOwned,
        digest: Option<&AlgorithmIdentifierOwned>,
    ) -> Option<Self> {
        let digest = digest.map(|named| named.oid);
        let is = |wanted: ObjectIdentifier| digest.is_none_or(|named| named == wanted);
        let by_rsa = signature.oid == SHA_256_WITH_RSA && is(SHA_256)
            || signature.oid == RSA && digest == Some(SHA_256);
        let parameters_of_rsa = |of: &AlgorithmIdentifierOwned| {
            of.parameters.as_ref().is_none_or(der::asn1::Any::is_null)
        };
        if key.algorithm.oid == RSA {
            let fits = by_rsa && parameters_of_rsa(signature) && parameters_of_rsa(&key.algorithm);
            return fits.then(|| rsa(key)).flatten();
        }
        if key.algorithm.oid != EC_PUBLIC_KEY || signature.parameters.is_some() {
            return None;
        }
        let curve = key.algorithm.parameters.as_ref()?.to_der().ok()?;
        match (ObjectIdentifier::from_der(&curve).ok()?, signature.oid) {
            (P256, ECDSA_SHA_256) if is(SHA_256) => Some(Self::P256Sha256),
            (P384, ECDSA_SHA_384) if is(SHA_384) => Some(Self::P384Sha384),
            _ => None,
        }
    }

    /// The algorithm that a key signs with here.
    pub(crate) fn by_key(key: &SubjectPublicKeyInfoOwned) -> Option<Self> {
        let plain = |oid| AlgorithmIdentifierOwned { oid, parameters: None };
        let all = [SHA_256_WITH_RSA, ECDSA_SHA_256, ECDSA_SHA_384];
        all.into_iter().find_map(|oid| Self::of(key, &plain(oid), None))
    }

    /// Whether `signature` over `message` is by this key.
    pub(crate) fn verifies(
        self,
        key: &SubjectPublicKeyInfoOwned,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let Ok(info) = key.to_der() else { return false };
        let info = SubjectPublicKeyInfoDer::from(info.as_slice());
        RawPublicKeyEntity::try_from(&info)
            .is_ok_and(|key| key.verify_signature(self.engine(), message, signature).is_ok())
    }

    const fn engine(self) -> &'static dyn SignatureVerificationAlgorithm {
        match self {
            Self::Rsa2048Sha256 | Self::Rsa3072Sha256 | Self::Rsa4096Sha256 => {
                webpki::ring::RSA_PKCS1_2048_8192_SHA256
            }
            Self::P256Sha256 => webpki::ring::ECDSA_P256_SHA256,
            Self::P384Sha384 => webpki::ring::ECDSA_P384_SHA384,
        }
    }
}

/// The algorithm of an RSA key of this size (RFC 8017 §A.1.1).
fn rsa(key: &SubjectPublicKeyInfoOwned) -> Option<Algorithm> {
    #[derive(Sequence)]
    struct RsaPublicKey {
        modulus: Uint,
        public_exponent: Uint,
    }
    let key = RsaPublicKey::from_der(key.subject_public_key.as_bytes()?).ok()?;
    // A small exponent invites forgeries; an even one is none.
    let odd = key.public_exponent.as_bytes().last().is_some_and(|last| last & 1 == 1);
    let large = key.public_exponent.as_bytes().len() > 2;
    let modulus = key.modulus.as_bytes();
    let full = modulus.first().is_some_and(|first| first & 0x80 != 0);
    match (modulus.len(), full && odd && large) {
        (256, true) => Some(Algorithm::Rsa2048Sha256),
        (384, true) => Some(Algorithm::Rsa3072Sha256),
        (512, true) => Some(Algorithm::Rsa4096Sha256),
        _ => None,
    }
}
