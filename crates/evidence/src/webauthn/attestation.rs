//! What an authenticator shows about itself when a credential is made ([WebAuthn §6.5](https://www.w3.org/TR/webauthn-3/#sctn-attestation)).
//!
//! In scope: `packed` (§8.2) with a certificate or with the credential's own key, `none` (§8.7). Out of scope: `tpm`, `android-key`, `apple`,
//! `fido-u2f` and `compound`, which show nothing here: the credential counts as one without attestation. A key that shows no model cannot be
//! certified, and U2F cannot know its user, so nothing above AAL-1+ is lost with them but what nobody here could judge.

use der::Decode as _;
use der::asn1::{ObjectIdentifier, OctetString};
use inkan_core::{Digest, Timestamp, sha256};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::{EndEntityCert, ring as engine};
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::{Certificate, TbsCertificate};

use super::authenticator_data::{AuthenticatorData, NewCredential};
use super::cbor::{self, Item};
use super::{Aaguid, ClientData, LIMIT, WebauthnError, key};
use crate::metadata::Metadata;
use crate::x5c::leads_to_root;

/// The most certificates of a chain.
const CHAIN: usize = 8;
/// `id-fido-gen-ce-aaguid` (WebAuthn §8.2.1).
const ID_AAGUID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.4");
/// `id-fido-gen-ce-fw-version` (FIDO certification): the version of the firmware.
const ID_FIRMWARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.5");
/// RFC 5280 §4.2.1.9.
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
/// X.520: country, organisation, its unit, name.
const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const ORGANISATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// What the unit has to be (WebAuthn §8.2.1).
const UNIT_NAME: &[u8] = b"Authenticator Attestation";

/// What was shown about the model of an authenticator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Attested {
    /// A certificate vouches, below one that metadata listed for this model.
    Chain {
        /// SHA-256 of the listed certificate.
        anchor: Digest,
        /// The version of the firmware, if the certificate says it.
        firmware: Option<u64>,
    },
    /// A certificate vouches that leads to nothing that was listed for this model.
    Unknown,
    /// The credential vouches for itself.
    Itself,
    /// Nothing vouches.
    None,
    /// Something vouches in a form that is not read here.
    Unread,
}

/// Reads an attestation object, and gives what the authenticator says in it. Nothing is known of who vouches for it.
///
/// # Errors
///
/// [`WebauthnError::Malformed`], and as [`AuthenticatorData::parse`].
pub fn read_attestation_object(bytes: &[u8]) -> Result<AuthenticatorData, WebauthnError> {
    Object::parse(bytes)?.data()
}

/// An attestation object, taken apart (WebAuthn §6.5.4).
pub(super) struct Object<'a> {
    format: &'a str,
    statement: Item<'a>,
    data: &'a [u8],
}

impl<'a> Object<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, WebauthnError> {
        let wrong = WebauthnError::Malformed("attestation object");
        if bytes.len() > LIMIT {
            return Err(wrong);
        }
        let object = cbor::read(bytes).filter(|object| object.entries() == Some(3));
        let object = object.ok_or(wrong.clone())?;
        let format = object.named("fmt").and_then(Item::text).ok_or(wrong.clone())?;
        let data = object.named("authData").and_then(Item::bytes).ok_or(wrong.clone())?;
        let statement = object.named("attStmt").filter(|statement| statement.entries().is_some());
        Ok(Self { format, statement: statement.cloned().ok_or(wrong)?, data })
    }

    pub(super) fn data(&self) -> Result<AuthenticatorData, WebauthnError> {
        AuthenticatorData::parse(self.data)
    }

    /// Checks the attestation itself; whether the model is trusted, `metadata` says.
    pub(super) fn check(
        &self,
        credential: &NewCredential,
        client: &ClientData,
        metadata: Option<&Metadata>,
        at: Timestamp,
    ) -> Result<Attested, WebauthnError> {
        let wrong = WebauthnError::Attestation;
        match self.format {
            "none" if self.statement.entries() == Some(0) => return Ok(Attested::None),
            "none" => return Err(wrong("none, and yet something")),
            "packed" => {}
            _ => return Ok(Attested::Unread),
        }
        let member = |name| self.statement.named(name);
        let algorithm = member("alg").and_then(Item::integer).ok_or(wrong("alg"))?;
        let signature = member("sig").and_then(Item::bytes).ok_or(wrong("sig"))?;
        let message = [self.data, client.digest().as_bytes()].concat();
        let Some(chain) = member("x5c") else {
            // §8.2, self attestation.
            if self.statement.entries() != Some(2) {
                return Err(wrong("members that are not known"));
            }
            let own = credential.key.algorithm() == Some(algorithm);
            return if own && credential.key.accepts(&message, signature) {
                Ok(Attested::Itself)
            } else {
                Err(wrong("self attestation"))
            };
        };
        if self.statement.entries() != Some(3) {
            return Err(wrong("members that are not known"));
        }
        let chain = chain.array().filter(|chain| (1..=CHAIN).contains(&chain.len()));
        let chain: Option<Vec<&[u8]>> =
            chain.and_then(|list| list.iter().map(Item::bytes).collect());
        let chain = chain.ok_or(wrong("x5c"))?;
        let (leaf, others) = chain.split_first().ok_or(wrong("x5c"))?;
        check_signature(leaf, algorithm, &message, signature)?;
        let firmware = check_certificate(leaf, &credential.aaguid)?;
        let others: Vec<Vec<u8>> = others.iter().map(|other| other.to_vec()).collect();
        let anchors = metadata.map_or(&[][..], |known| known.anchors_of(&credential.aaguid));
        let trusted =
            anchors.iter().find(|anchor| leads_to_root(leaf, &others, anchor, at).is_ok());
        Ok(trusted.map_or(Attested::Unknown, |anchor| Attested::Chain {
            anchor: sha256(&[anchor]),
            firmware,
        }))
    }
}

fn check_signature(
    certificate: &[u8],
    algorithm: i64,
    message: &[u8],
    signature: &[u8],
) -> Result<(), WebauthnError> {
    let wrong = WebauthnError::Attestation;
    let known: &dyn SignatureVerificationAlgorithm = match algorithm {
        key::ES256 => engine::ECDSA_P256_SHA256,
        key::ES384 => engine::ECDSA_P384_SHA384,
        key::EDDSA => engine::ED25519,
        key::RS256 => engine::RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(wrong("alg")),
    };
    let certificate = CertificateDer::from(certificate);
    let certificate = EndEntityCert::try_from(&certificate).map_err(|_| wrong("certificate"))?;
    certificate.verify_signature(known, message, signature).map_err(|_| wrong("signature"))
}

/// WebAuthn §8.2.1. Gives the version of the firmware.
fn check_certificate(bytes: &[u8], aaguid: &Aaguid) -> Result<Option<u64>, WebauthnError> {
    let wrong = WebauthnError::Attestation;
    let certificate = Certificate::from_der(bytes).map_err(|_| wrong("certificate"))?;
    let body = certificate.tbs_certificate();
    if body.version() != Version::V3 {
        return Err(wrong("version of the certificate"));
    }
    let named = |oid| subject_has(body, oid, None);
    if !named(COUNTRY)
        || !named(ORGANISATION)
        || !named(COMMON_NAME)
        || !subject_has(body, UNIT, Some(UNIT_NAME))
    {
        return Err(wrong("subject of the certificate"));
    }
    let constraints = extension(body, BASIC_CONSTRAINTS)?.ok_or(wrong("basic constraints"))?;
    let constraints = BasicConstraints::from_der(constraints.0);
    if constraints.map_or(true, |constraints| constraints.ca) {
        return Err(wrong("basic constraints"));
    }
    if let Some((value, critical)) = extension(body, ID_AAGUID)? {
        let model = OctetString::from_der(value).map_err(|_| wrong("model in the certificate"))?;
        if critical || model.as_bytes() != aaguid.as_bytes() {
            return Err(wrong("model in the certificate"));
        }
    }
    let firmware = extension(body, ID_FIRMWARE)?;
    Ok(firmware.and_then(|(value, _)| u64::from_der(value).ok()))
}

/// The value of an extension, and whether it is critical; one that stands twice is an error.
fn extension(
    body: &TbsCertificate,
    oid: ObjectIdentifier,
) -> Result<Option<(&[u8], bool)>, WebauthnError> {
    let all = body.extensions().map_or(&[][..], Vec::as_slice);
    let mut found = all.iter().filter(|extension| extension.extn_id == oid);
    let first = found.next().map(|found| (found.extn_value.as_bytes(), found.critical));
    if found.next().is_some() {
        return Err(WebauthnError::Attestation("an extension twice"));
    }
    Ok(first)
}

fn subject_has(body: &TbsCertificate, oid: ObjectIdentifier, value: Option<&[u8]>) -> bool {
    body.subject()
        .iter()
        .any(|one| one.oid == oid && value.is_none_or(|value| one.value.value() == value))
}
