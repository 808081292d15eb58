//! What has to be at hand before card signatures are judged: which serial numbers a long revocation list is asked for, and which nonces
//! statements name.
//!
//! In scope: finding them in what was verified. Out of scope: whether any of it holds (`binding`, `login`).

use std::collections::BTreeSet;

use inkan_core::{Timestamp, encoding};
use inkan_verifier::Verification;

use super::chain::Link;
use super::config::JpkiConfig;
use super::{BindingProof, BindingStatement, BindingTerms, Jpki, check_binding};
use crate::make::listed;
use crate::model::{Item, Proof, ProofKind, ProofingEvidence};
use crate::tsa::asn1::{ContentInfo, decode};
use crate::tsa::signed;

/// The serial numbers, as certificates have them, of the certificates in these signatures (CMS in DER) and in the configuration.
#[must_use]
pub fn serials<'a>(
    config: &JpkiConfig,
    signatures: impl IntoIterator<Item = &'a [u8]>,
) -> BTreeSet<Vec<u8>> {
    let carried: Vec<Vec<u8>> = signatures.into_iter().flat_map(certificates_of).collect();
    let all = carried.iter().chain(config.certificates());
    all.filter_map(|der| Link::read_der(der))
        .map(|link| link.parsed.tbs_certificate().serial_number().as_bytes().to_vec())
        .collect()
}

/// The certificates that a CMS signature carries, in DER, the signer's or not; none if it cannot be read.
#[must_use]
pub fn certificates_of(cms: &[u8]) -> Vec<Vec<u8>> {
    decode::<ContentInfo>(cms, crate::cms::LIMIT)
        .ok()
        .and_then(|info| signed::certificates(info.content.certificates).ok())
        .unwrap_or_default()
}

/// The card signatures (CMS in DER) in the evidence of credentials that were verified.
#[must_use]
pub fn card_signatures(verification: &Verification) -> Vec<Vec<u8>> {
    let decoded = |proof: &Proof| encoding::decode_b64(proof.value.as_deref()?).ok();
    proofs(verification).iter().filter_map(decoded).collect()
}

/// The statements in that evidence that can be read.
#[must_use]
pub fn statements(verification: &Verification) -> Vec<BindingStatement> {
    let read = |proof: &Proof| BindingStatement::parse(proof.statement.as_deref()?.as_bytes()).ok();
    proofs(verification).iter().filter_map(read).collect()
}

/// The statements in that evidence that a card and the DID key that they name both signed, as of a time.
#[must_use]
pub fn bound_statements(
    verification: &Verification,
    jpki: &Jpki,
    as_of: Timestamp,
) -> Vec<BindingStatement> {
    let bound = |item: &Item, proof: &Proof| {
        let text = proof.statement.as_deref()?;
        let statement = BindingStatement::parse(text.as_bytes()).ok()?;
        let cms = encoding::decode_b64(proof.value.as_deref()?).ok()?;
        let did_signature = proof.did_signature.as_deref();
        let whole = BindingProof { statement: text.as_bytes(), cms: &cms, did_signature };
        let terms = BindingTerms {
            did: statement.did(),
            jkt: statement.jkt(),
            proofer: None,
            document: &item.document_details.kind,
        };
        check_binding(&whole, &terms, jpki, as_of).bound().is_some().then_some(statement)
    };
    let mut found = Vec::new();
    for item in items(verification) {
        let proofs = item.proofs.iter().filter(|proof| proof.kind == ProofKind::CmsJpki);
        found.extend(proofs.filter_map(|proof| bound(&item, proof)));
    }
    found
}

fn proofs(verification: &Verification) -> Vec<Proof> {
    let all = items(verification).into_iter().flat_map(|item| item.proofs);
    all.filter(|proof| proof.kind == ProofKind::CmsJpki).collect()
}

fn items(verification: &Verification) -> Vec<Item> {
    let credentials = verification.credentials().iter().flatten();
    credentials
        .flat_map(|credential| listed(credential.credential().value(), "evidence"))
        .filter(|entry| ProofingEvidence::is_meant(entry))
        .filter_map(|entry| ProofingEvidence::parse(entry).ok())
        .flat_map(|event| event.evidence)
        .collect()
}
