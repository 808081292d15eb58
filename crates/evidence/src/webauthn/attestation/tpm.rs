//! `tpm`: a Trusted Platform Module certifies a key of its own ([WebAuthn §8.3](https://www.w3.org/TR/webauthn-3/#sctn-tpm-attestation); structures:
//! TPM 2.0 Library, Part 2).
//!
//! In scope: `TPMS_ATTEST` of a certified key, `TPMT_PUBLIC` of keys on elliptic curves and RSA, the certificate of the attestation key. Out of scope:
//! SHA-1, with which older modules sign and name keys, and signatures of other kinds: what they vouch for is not read.
//!
//! Stricter than WebAuthn: a key that may be taken to another module, or was brought into this one, is not vouched for. And the module vouches for
//! the key alone: that its user was verified is a rule of the system which uses it, and the attestation does not show the rule.

mod structure;

use der::asn1::ObjectIdentifier;
use ring::digest::{SHA256, SHA384, SHA512, digest};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};

use self::structure::{Attest, Public};
use super::super::cbor::Item;
use super::super::{WebauthnError, key};
use super::certificate::{Leaf, signed_with};
use super::{Given, Shown, ToldBy};

/// TCG EK Credential Profile §3.2.9: the maker of the module, its model, its version.
const NAMED: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("2.23.133.2.1"),
    ObjectIdentifier::new_unwrap("2.23.133.2.2"),
    ObjectIdentifier::new_unwrap("2.23.133.2.3"),
];
/// `tcg-kp-AIKCertificate`.
const ATTESTATION_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.8.3");
/// TPM_ALG_SHA256 and its elder sisters.
const TPM_SHA_256: u16 = 0x000b;
const TPM_SHA_384: u16 = 0x000c;
const TPM_SHA_512: u16 = 0x000d;

/// The verification procedure.
pub(super) fn check<'a>(given: &Given<'a>) -> Result<Shown<'a>, WebauthnError> {
    let wrong = WebauthnError::Attestation;
    given.only(&["ver", "alg", "x5c", "sig", "certInfo", "pubArea"])?;
    if given.member("ver").and_then(Item::text) != Some("2.0") {
        return Err(wrong("ver"));
    }
    let (attested, area) = (given.bytes("certInfo")?, given.bytes("pubArea")?);
    let public = Public::parse(area).ok_or(wrong("pubArea"))?;
    if public.key() != Some(&given.credential.key) {
        return Err(wrong("key of pubArea"));
    }
    let (leaf, chain) = given.chain()?;
    let algorithm = given.algorithm()?;
    let of_signature = match algorithm {
        key::ES256 | key::RS256 => &SHA256,
        key::ES384 => &SHA384,
        _ => return Ok(Shown::Unread),
    };
    let of_name = match public.name_algorithm {
        TPM_SHA_256 => &SHA256,
        TPM_SHA_384 => &SHA384,
        TPM_SHA_512 => &SHA512,
        _ => return Ok(Shown::Unread),
    };
    let (Some(leaf), Some(algorithm)) = (Leaf::parse(leaf), signed_with(algorithm)) else {
        return Ok(Shown::Unread);
    };
    leaf.is_of_version_3()?;
    let readable = check_certificate(&leaf)?;
    leaf.names(&given.credential.aaguid)?;
    leaf.signed(algorithm, attested, given.bytes("sig")?)?;

    let certified = Attest::parse(attested).ok_or(wrong("certInfo"))?;
    if certified.extra_data != digest(of_signature, &given.message()).as_ref() {
        return Err(wrong("extraData"));
    }
    let name = [&public.name_algorithm.to_be_bytes(), digest(of_name, area).as_ref()].concat();
    if certified.name != name {
        return Err(wrong("name"));
    }
    Ok(match (readable, public.stays()) {
        (false, _) => Shown::Unread,
        (true, false) => Shown::Unfit,
        (true, true) => Shown::Chain { chain, firmware: None, told_by: ToldBy::Platform },
    })
}

/// Which of the two structures these bytes are.
pub(super) fn structure_of(bytes: &[u8]) -> Option<&'static str> {
    let public = Public::parse(bytes).map(|_| "TPMT_PUBLIC");
    public.or_else(|| Attest::parse(bytes).map(|_| "TPMS_ATTEST"))
}

/// §8.3.1. Gives whether the name of the module is in a form that is read here.
fn check_certificate(leaf: &Leaf<'_>) -> Result<bool, WebauthnError> {
    let wrong = WebauthnError::Attestation;
    if !leaf.body().subject().is_empty() {
        return Err(wrong("subject of the certificate"));
    }
    leaf.certifies_nobody()?;
    let purposes = leaf.read::<ExtendedKeyUsage>()?.flatten();
    if !purposes.is_some_and(|purposes| purposes.0.contains(&ATTESTATION_KEY)) {
        return Err(wrong("purpose of the certificate"));
    }
    let names = leaf.read::<SubjectAltName>()?.ok_or(wrong("name of the module"))?;
    let Some(names) = names else { return Ok(false) };
    let named = names.0.iter().any(|name| {
        let GeneralName::DirectoryName(name) = name else { return false };
        NAMED.iter().all(|oid| name.iter().any(|one| one.oid == *oid))
    });
    if named { Ok(true) } else { Err(wrong("name of the module")) }
}
