//! What the certificate of a signer is: the paths from it, the policy it is under, and whether it was revoked (assurance §6, steps 3 and 4).

use std::collections::BTreeSet;

use der::Decode as _;
use der::asn1::ObjectIdentifier;
use inkan_core::{Digest, Timestamp, sha256};
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage};

use super::Jpki;
use super::chain::{Link, Way, ways};
use super::config::Profile;
use super::policies::Policies;
use super::revocation::{Revocation, of_way};
use crate::cms::{self, TIMESTAMP_TOKEN};
use crate::finding::Code;
use crate::model::Certificate as Use;
use crate::tsa::asn1::{self, SHA_256, SHA_384, SHA_512, SignerInfo, SigningCertificateV2};
use crate::tsa::{TimestampError, signed, verify_token};

/// RFC 5280 §4.2.1.12: TLS servers, code, mail, timestamps, OCSP: keys for these sign for no person.
const OTHER_PURPOSES: [&str; 4] =
    ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"];

/// A signature that verifies, and who made it.
pub(super) struct Opened {
    pub(super) leaf: Link,
    pub(super) others: Vec<Vec<u8>>,
    pub(super) signing_time: Timestamp,
    signer: SignerInfo,
}

/// What a certificate is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Standing {
    pub(super) purpose: Use,
    pub(super) policy: ObjectIdentifier,
    pub(super) revocation: Revocation,
    pub(super) certificate: Digest,
}

/// What the token over a signature says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stamp {
    /// There is none.
    None,
    /// It is by an authority that is not configured.
    Foreign,
    /// It was made by then.
    At(Timestamp),
}

/// Step 2: CMS of the card over the statement, with an algorithm of the profile.
pub(super) fn open(cms: &[u8], statement: &[u8], profile: &Profile) -> Option<Opened> {
    let (signed, signer) = cms::open(cms, statement).ok()?;
    let (leaf, others) = signed.certificates.split_first()?;
    let leaf = Link::read_der(leaf)?;
    let attributes = signer.signed_attributes.as_ref()?;
    // RFC 5035: version 2 of the attribute, and no digest that is broken. That it names this certificate was checked.
    let named = signed::single(attributes, asn1::SIGNING_CERTIFICATE_V2).ok()??;
    let named = SigningCertificateV2::from_der(&asn1::encode(named).ok()?).ok()?;
    let digest = named.certs.first()?.algorithm.as_ref().map_or(SHA_256, |one| one.oid);
    let key = leaf.parsed.tbs_certificate().subject_public_key_info();
    let (by, over) = (&signer.signature_algorithm, &signer.digest_algorithm);
    let algorithm = super::Algorithm::of(key, by, Some(over))?;
    let fits = [SHA_256, SHA_384, SHA_512].contains(&digest) && profile.accepts(algorithm);
    let others = others.to_vec();
    fits.then_some(Opened { leaf, others, signing_time: signed.signing_time, signer })
}

/// The time that a token over the value of the signature shows.
pub(super) fn stamp(opened: &Opened, jpki: &Jpki) -> Result<Stamp, Code> {
    let Some(attributes) = &opened.signer.unsigned_attributes else { return Ok(Stamp::None) };
    let invalid = |_| Code::TimestampInvalid;
    let Some(token) = signed::single(attributes, TIMESTAMP_TOKEN).map_err(invalid)? else {
        return Ok(Stamp::None);
    };
    let token = asn1::encode(token).map_err(invalid)?;
    let imprint = sha256(&[opened.signer.signature.as_bytes()]);
    for anchor in jpki.config.timestamp_authorities() {
        match verify_token(&token, &imprint, anchor, &jpki.authorities) {
            // Whatever happened after it was made does not matter; the later end of its time does.
            Ok(stamp) => return Ok(Stamp::At(stamp.latest)),
            Err(TimestampError::AnchorUnknown | TimestampError::Path) => {}
            Err(
                TimestampError::Malformed
                | TimestampError::Refused { .. }
                | TimestampError::Imprint
                | TimestampError::Nonce
                | TimestampError::Signer
                | TimestampError::Usage
                | TimestampError::Signature
                | TimestampError::Outlived,
            ) => return Err(Code::TimestampInvalid),
        }
    }
    Ok(Stamp::Foreign)
}

/// Steps 3 and 4: the first of `wanted` that the certificate is for, at a time.
pub(super) fn standing(
    opened: &Opened,
    wanted: &[Use],
    profile: &Profile,
    at: Timestamp,
    jpki: &Jpki,
) -> Result<Standing, Code> {
    let carried = opened.others.iter().chain(jpki.config.certificates());
    let pool: Vec<Link> = carried.filter_map(|der| Link::read_der(der)).collect();
    let ways = ways(&opened.leaf, &pool, profile, at);
    if ways.is_empty() {
        return Err(Code::JpkiPathInvalid);
    }
    let judged: Vec<(&Way, Policies)> =
        ways.iter().filter_map(|way| Some((way, Policies::of(way.below_anchor())?))).collect();
    for purpose in wanted {
        let policies = profile.policies(*purpose);
        let under: Vec<(&Way, ObjectIdentifier)> = judged
            .iter()
            .filter_map(|(way, found)| Some((*way, found.first_of(policies)?)))
            .collect();
        let Some((_, policy)) = under.first() else { continue };
        if !may_sign(&opened.leaf, *purpose) {
            return Err(Code::JpkiPathInvalid);
        }
        return Ok(Standing {
            purpose: *purpose,
            policy: *policy,
            revocation: best(under.iter().map(|(way, _)| of_way(way, at, jpki))),
            certificate: sha256(&[&opened.leaf.der]),
        });
    }
    Err(Code::JpkiPolicyUnknown)
}

/// Of several paths, one that is good suffices, unless another one says that somebody was revoked.
fn best(found: impl Iterator<Item = Revocation>) -> Revocation {
    let found: Vec<Revocation> = found.collect();
    let order =
        [Revocation::Revoked, Revocation::Good, Revocation::NotAnswered, Revocation::NotAtHand];
    order.into_iter().find(|one| found.contains(one)).unwrap_or(Revocation::NotAtHand)
}

/// Step 3: what the key may do.
fn may_sign(leaf: &Link, purpose: Use) -> bool {
    let Some(Some(usage)) = leaf.read::<KeyUsage>() else { return false };
    let Some(purposes) = leaf.read::<ExtendedKeyUsage>() else { return false };
    let unfit: BTreeSet<&str> = OTHER_PURPOSES.into_iter().collect();
    let fits = purposes.is_none_or(|purposes| {
        purposes.0.iter().all(|purpose| !unfit.contains(purpose.to_string().as_str()))
    });
    let signs = match purpose {
        Use::Signing => usage.digital_signature() && usage.non_repudiation(),
        Use::UserAuthentication => usage.digital_signature(),
    };
    signs && fits
}
