//! Is a token signed by a timestamp signer whom the pinned certificate vouches for?
//!
//! The steps are those of [RFC 5652 §5.6](https://www.rfc-editor.org/rfc/rfc5652#section-5.6) and
//! [RFC 3161 §2.2](https://www.rfc-editor.org/rfc/rfc3161#section-2.2).

use der::Encode as _;
use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec};
use inkan_core::{Digest, Timestamp};
use inkan_ledger::StampInterval;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use super::anchors::Anchors;
use super::asn1::{self, ContentInfo, SignerIdentifier, SignerInfo, TstInfo, decode, encode};
use super::error::TimestampError;
use super::{TOKEN_LIMIT, certificate, is_sha256, moment};

/// The most certificates in a token: more would only make path building slow.
const CERTIFICATES: usize = 16;

/// What a signed token says; only [`verify`] makes one.
pub(super) struct SignedInfo {
    info: TstInfo,
    stamp: StampInterval,
}

/// Verifies a token up to, and not including, what it is over. Its certificates have to be good at its own time, and at `until`.
pub(super) fn verify(
    token: &[u8],
    anchor: &Digest,
    anchors: &Anchors,
    until: Option<Timestamp>,
) -> Result<SignedInfo, TimestampError> {
    let ContentInfo { content_type, content: signed } = decode(token, TOKEN_LIMIT)?;
    if content_type != asn1::SIGNED_DATA || signed.content.content_type != asn1::TST_INFO {
        return Err(TimestampError::Malformed);
    }
    let content = signed.content.content.ok_or(TimestampError::Malformed)?;
    let info: TstInfo = decode(content.as_bytes(), TOKEN_LIMIT)?;
    let critical = |extensions: &x509_cert::ext::Extensions| extensions.iter().any(|e| e.critical);
    if info.version != 1 || info.extensions.as_ref().is_some_and(critical) {
        return Err(TimestampError::Malformed);
    }
    let (gen_time, stamp) = moment::stamp(&info.gen_time, info.accuracy.as_ref())?;
    // RFC 3161 §2.4.2: one signature, the authority's.
    let mut signers = signed.signers.iter();
    let (Some(signer), None) = (signers.next(), signers.next()) else {
        return Err(TimestampError::Malformed);
    };
    let certificates = certificates(signed.certificates)?;
    // Whose it is, before anything that only an authority's own token can be found false by.
    let own = find_signer(signer, &certificates)?;
    check_trust(own, &certificates, (anchor, anchors), gen_time)?;
    check_signer(signer, content.as_bytes(), &certificates, asn1::TST_INFO)?;
    if let Some(until) = until {
        check_trust(own, &certificates, (anchor, anchors), until)
            .map_err(|_| TimestampError::Outlived)?;
    }
    Ok(SignedInfo { info, stamp })
}

impl SignedInfo {
    /// Compares what it is over, and whose question it answers.
    pub(super) fn check(
        &self,
        imprint: &Digest,
        nonce: Option<&[u8]>,
    ) -> Result<(), TimestampError> {
        let stamped = &self.info.message_imprint;
        if !is_sha256(&stamped.hash_algorithm) {
            // Of what has another digest, nothing is known.
            return Err(TimestampError::Malformed);
        }
        if stamped.hashed_message.as_bytes() != imprint.as_bytes() {
            return Err(TimestampError::Imprint);
        }
        match (nonce, &self.info.nonce) {
            (None, _) => Ok(()),
            (Some(asked), Some(answered)) if answered.as_bytes() == asked => Ok(()),
            (Some(_), _) => Err(TimestampError::Nonce),
        }
    }

    pub(super) const fn stamp(&self) -> StampInterval {
        self.stamp
    }
}

/// RFC 5652 §5.4 and §5.6, for content of this kind; gives the certificate of the signer.
pub(crate) fn check_signer<'a>(
    signer: &SignerInfo,
    content: &[u8],
    certificates: &'a [Vec<u8>],
    kind: ObjectIdentifier,
) -> Result<&'a [u8], TimestampError> {
    let attributes = signer.signed_attributes.as_ref().ok_or(TimestampError::Malformed)?;
    let content_type = single(attributes, asn1::CONTENT_TYPE)?.ok_or(TimestampError::Malformed)?;
    let message_digest =
        single(attributes, asn1::MESSAGE_DIGEST)?.ok_or(TimestampError::Malformed)?;
    let content_type: ObjectIdentifier =
        content_type.decode_as().map_err(|_| TimestampError::Malformed)?;
    let message_digest: OctetString =
        message_digest.decode_as().map_err(|_| TimestampError::Malformed)?;
    if content_type != kind {
        return Err(TimestampError::Malformed);
    }
    let hashed = hash(signer.digest_algorithm.oid, content).ok_or(TimestampError::Malformed)?;
    // SHA-1 names certificates in old tokens; it secures no content.
    if signer.digest_algorithm.oid == asn1::SHA_1 {
        return Err(TimestampError::Malformed);
    }
    if hashed != message_digest.as_bytes() {
        return Err(TimestampError::Signature);
    }
    let own = find_signer(signer, certificates)?;
    // RFC 5652 §5.4: what is signed is the SET OF, not the tagged field.
    let signed = attributes.to_der().map_err(|_| TimestampError::Malformed)?;
    let (algorithm, digest) = (&signer.signature_algorithm, &signer.digest_algorithm);
    certificate::check_signature(own, algorithm, digest, &signed, signer.signature.as_bytes())?;
    Ok(own)
}

/// The certificate that a token names as its signer's, and those that it carries; nothing is verified.
pub(super) fn signer_and_certificates(token: &[u8]) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    let ContentInfo { content, .. } = decode(token, TOKEN_LIMIT).ok()?;
    let carried = certificates(content.certificates).ok()?;
    let own = find_signer(content.signers.iter().next()?, &carried).ok()?.to_vec();
    Some((own, carried))
}

/// The certificate that a signer names as its own.
fn find_signer<'a>(
    signer: &SignerInfo,
    certificates: &'a [Vec<u8>],
) -> Result<&'a [u8], TimestampError> {
    let attributes = signer.signed_attributes.as_ref().ok_or(TimestampError::Malformed)?;
    let own =
        certificates.iter().find(|candidate| names(attributes, signer, candidate).unwrap_or(false));
    own.map(Vec::as_slice).ok_or(TimestampError::Signer)
}

/// The signer may sign timestamps, and leads to the pinned certificate.
fn check_trust(
    own: &[u8],
    certificates: &[Vec<u8>],
    (digest, anchors): (&Digest, &Anchors),
    at: Timestamp,
) -> Result<(), TimestampError> {
    certificate::check_usage(&certificate::parse(own)?)?;
    // What is pinned is a digest, so it may come from anywhere: even from the token.
    let carried = certificates.iter().find(|other| certificate::has_digest(other, digest));
    let anchor =
        anchors.get(digest).or(carried.map(Vec::as_slice)).ok_or(TimestampError::AnchorUnknown)?;
    certificate::check_path(own, certificates, anchor, at)
}

/// The pinned certificate. What is pinned is a digest, so it may come from anywhere: even from the token.
fn find<'a>(
    digest: &Digest,
    certificates: &'a [Vec<u8>],
    anchors: &'a Anchors,
) -> Option<&'a [u8]> {
    let carried = certificates.iter().find(|other| certificate::has_digest(other, digest));
    anchors.get(digest).or(carried.map(Vec::as_slice))
}

/// Whether the pinned certificate is at hand, or in what may be a token; what is no token can be refused without it.
pub(super) fn has_anchor(token: &[u8], digest: &Digest, anchors: &Anchors) -> bool {
    let Ok(ContentInfo { content, .. }) = decode(token, TOKEN_LIMIT) else { return true };
    certificates(content.certificates)
        .map_or(true, |certificates| find(digest, &certificates, anchors).is_some())
}

/// RFC 2634 §5.4, RFC 5035: whether the signed attributes and the signer's identifier both name this certificate.
fn names(
    attributes: &SetOfVec<Attribute>,
    signer: &SignerInfo,
    candidate: &[u8],
) -> Result<bool, TimestampError> {
    let one = single(attributes, asn1::SIGNING_CERTIFICATE)?;
    let two = single(attributes, asn1::SIGNING_CERTIFICATE_V2)?;
    let parsed = certificate::parse(candidate)?;
    let is_named = match (one, two) {
        (None, None) => return Err(TimestampError::Signer),
        // Both may be there; then both must name it.
        (one, two) => {
            one.is_none_or(|one| names_by_one(one, candidate, &parsed).unwrap_or(false))
                && two.is_none_or(|two| names_by_two(two, candidate, &parsed).unwrap_or(false))
        }
    };
    Ok(is_named && is_identified(&signer.identifier, &parsed))
}

fn names_by_one(value: &Any, candidate: &[u8], parsed: &Certificate) -> Option<bool> {
    let list: asn1::SigningCertificate = decode(&encode(value).ok()?, TOKEN_LIMIT).ok()?;
    let first = list.certs.first()?;
    Some(is_hash(asn1::SHA_1, candidate, &first.hash) && is_serial(&first.issuer_serial, parsed))
}

fn names_by_two(value: &Any, candidate: &[u8], parsed: &Certificate) -> Option<bool> {
    let list: asn1::SigningCertificateV2 = decode(&encode(value).ok()?, TOKEN_LIMIT).ok()?;
    let first = list.certs.first()?;
    let algorithm = first.algorithm.as_ref().map_or(asn1::SHA_256, |algorithm| algorithm.oid);
    Some(is_hash(algorithm, candidate, &first.hash) && is_serial(&first.issuer_serial, parsed))
}

fn is_hash(algorithm: ObjectIdentifier, bytes: &[u8], expected: &OctetString) -> bool {
    hash(algorithm, bytes).is_some_and(|hash| hash == expected.as_bytes())
}

fn is_serial(named: &Option<asn1::IssuerSerial>, parsed: &Certificate) -> bool {
    let serial = parsed.tbs_certificate().serial_number();
    named.as_ref().is_none_or(|named| named.serial == *serial)
}

fn is_identified(identifier: &SignerIdentifier, parsed: &Certificate) -> bool {
    let body = parsed.tbs_certificate();
    match identifier {
        SignerIdentifier::IssuerAndSerial(named) => {
            named.issuer == *body.issuer() && named.serial == *body.serial_number()
        }
        SignerIdentifier::KeyId(id) => body
            .get_extension::<SubjectKeyIdentifier>()
            .ok()
            .flatten()
            .is_some_and(|(_, own)| own.0 == *id),
    }
}

/// The one value of an attribute; two attributes of a type, or two values, are malformed (RFC 5652 §11).
pub(crate) fn single(
    attributes: &SetOfVec<Attribute>,
    oid: ObjectIdentifier,
) -> Result<Option<&Any>, TimestampError> {
    let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
    let Some(attribute) = found.next() else { return Ok(None) };
    let mut values = attribute.values.iter();
    match (values.next(), values.next(), found.next()) {
        (Some(value), None, None) => Ok(Some(value)),
        _ => Err(TimestampError::Malformed),
    }
}

/// The certificates that the token carries, as DER; other choices of the set are passed over.
pub(crate) fn certificates(set: Option<SetOfVec<Any>>) -> Result<Vec<Vec<u8>>, TimestampError> {
    let set = set.unwrap_or_default();
    if set.len() > CERTIFICATES {
        return Err(TimestampError::Malformed);
    }
    let certificates: Result<Vec<_>, _> = set
        .iter()
        .filter(|choice| der::Tagged::tag(*choice) == der::Tag::Sequence)
        .map(encode)
        .collect();
    certificates
}

fn hash(algorithm: ObjectIdentifier, bytes: &[u8]) -> Option<Vec<u8>> {
    let known = match algorithm {
        asn1::SHA_1 => &SHA1_FOR_LEGACY_USE_ONLY,
        asn1::SHA_256 => &SHA256,
        asn1::SHA_384 => &SHA384,
        asn1::SHA_512 => &SHA512,
        _ => return None,
    };
    Some(digest(known, bytes).as_ref().to_vec())
}
