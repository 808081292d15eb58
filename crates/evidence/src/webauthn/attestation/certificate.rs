//! What the formats ask of the certificate of an authenticator ([RFC 5280](https://www.rfc-editor.org/rfc/rfc5280)).
//!
//! In scope: its extensions, its subject, signatures under its key. Out of scope: whom it leads to.

use der::asn1::{ObjectIdentifier, OctetString};
use der::oid::AssociatedOid;
use der::{Decode, Encode as _};
use rustls_pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use webpki::{RawPublicKeyEntity, ring as engine};
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::{Certificate, TbsCertificate};

use super::super::key;
use super::super::{Aaguid, WebauthnError};

/// `id-fido-gen-ce-aaguid` (WebAuthn §8.2.1).
const ID_AAGUID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.4");

/// A certificate that is read; nothing is known of who made it.
///
/// What its DER hides from us is no forgery: tokens from the years of U2F carry certificates that were encoded wrongly. Nobody vouches then.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    der: &'a [u8],
    parsed: Certificate,
}

/// What verifies signatures of a COSE algorithm, if they are read here.
pub(super) fn signed_with(algorithm: i64) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    match algorithm {
        key::ES256 => Some(engine::ECDSA_P256_SHA256),
        key::ES384 => Some(engine::ECDSA_P384_SHA384),
        key::EDDSA => Some(engine::ED25519),
        key::RS256 => Some(engine::RSA_PKCS1_2048_8192_SHA256),
        _ => None,
    }
}

impl<'a> Leaf<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        Certificate::from_der(der).ok().map(|parsed| Self { der, parsed })
    }

    /// That it is of version 3, as `packed` and `tpm` ask (WebAuthn §8.2.1, §8.3.1).
    pub(super) fn is_of_version_3(&self) -> Result<(), WebauthnError> {
        if self.body().version() == Version::V3 {
            Ok(())
        } else {
            Err(WebauthnError::Attestation("version of the certificate"))
        }
    }

    pub(super) fn body(&self) -> &TbsCertificate {
        self.parsed.tbs_certificate()
    }

    /// That a signature is its key's.
    pub(super) fn signed(
        &self,
        algorithm: &dyn SignatureVerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), WebauthnError> {
        let wrong = WebauthnError::Attestation;
        let key = self.body().subject_public_key_info();
        let key = key.to_der().map_err(|_| wrong("certificate"))?;
        let key = SubjectPublicKeyInfoDer::from(key.as_slice());
        let key = RawPublicKeyEntity::try_from(&key).map_err(|_| wrong("certificate"))?;
        key.verify_signature(algorithm, message, signature).map_err(|_| wrong("signature"))
    }

    /// The value of an extension, and whether it is critical; one that stands twice is an error.
    pub(super) fn extension(
        &self,
        oid: ObjectIdentifier,
    ) -> Result<Option<(&[u8], bool)>, WebauthnError> {
        let all = self.body().extensions().map_or(&[][..], Vec::as_slice);
        let mut found = all.iter().filter(|extension| extension.extn_id == oid);
        let first = found.next().map(|found| (found.extn_value.as_bytes(), found.critical));
        if found.next().is_some() {
            return Err(WebauthnError::Attestation("an extension twice"));
        }
        Ok(first)
    }

    /// An extension, read. `Some(None)`: it is there, in a form that is not read here.
    pub(super) fn read<T: AssociatedOid + for<'b> Decode<'b>>(
        &self,
    ) -> Result<Option<Option<T>>, WebauthnError> {
        Ok(self.extension(T::OID)?.map(|(value, _)| T::from_der(value).ok()))
    }

    /// That it certifies nobody, and says so.
    pub(super) fn certifies_nobody(&self) -> Result<(), WebauthnError> {
        match self.read::<BasicConstraints>()?.flatten() {
            Some(constraints) if !constraints.ca => Ok(()),
            Some(_) | None => Err(WebauthnError::Attestation("basic constraints")),
        }
    }

    /// Whether it names this model; an error if it names another.
    pub(super) fn names(&self, aaguid: &Aaguid) -> Result<bool, WebauthnError> {
        let wrong = WebauthnError::Attestation("model in the certificate");
        let Some((value, critical)) = self.extension(ID_AAGUID)? else { return Ok(false) };
        let model = OctetString::from_der(value).map_err(|_| wrong.clone())?;
        if critical || model.as_bytes() != aaguid.as_bytes() { Err(wrong) } else { Ok(true) }
    }

    /// That its key is the credential's own.
    pub(super) fn is_key(&self, credential: &key::CredentialKey) -> Result<(), WebauthnError> {
        if key::CredentialKey::from_certificate(self.der).as_ref() == Some(credential) {
            Ok(())
        } else {
            Err(WebauthnError::Attestation("key of the certificate"))
        }
    }
}
