//! What the catalogue leaves of an item's facts: it gives class and strength, and only takes facts away.

use std::collections::BTreeSet;
use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_evidence::model::Certificate;
use inkan_evidence::{Basis, Code, FactKind, Finding, ItemFacts};

use crate::catalogue::{Catalogue, CertificateUse, Document};
use crate::row::{Circumstances, Classes, Shape};

/// An item under the catalogue.
#[derive(Clone, Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) item: &'a ItemFacts,
    pub(crate) document: &'a Document,
    /// What rows are made from; shared by all rows of the item.
    pub(crate) shape: Arc<Shape>,
}

/// Whether checks that could not be made are taken as passed: asked only to tell "no" from "cannot tell".
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unknowns {
    /// They count as failed.
    AsFailed,
    /// They count as passed.
    AsPassed,
}

/// What is left of an item, used at `time` around such circumstances; `None` if it is void.
pub(crate) fn judge<'a>(
    item: &'a ItemFacts,
    (time, around): (Timestamp, Circumstances),
    catalogue: &'a Catalogue,
    unknowns: Unknowns,
    findings: &mut BTreeSet<Finding>,
) -> Option<Judged<'a>> {
    let Some(document) = catalogue.document(item.document(), item.issuer(), time) else {
        findings.insert(Finding::new(Code::DocumentTypeUnknown, item.path()));
        return None;
    };
    if item.is_pending() && unknowns == Unknowns::AsFailed {
        return None;
    }
    let mut facts: Vec<(FactKind, Basis)> = Vec::with_capacity(item.facts().len());
    for fact in item.facts() {
        match facts.iter_mut().find(|(kind, _)| *kind == fact.kind()) {
            Some((_, basis)) => *basis = fact.basis().max(*basis),
            None => facts.push((fact.kind(), fact.basis())),
        }
    }
    signatures(item, document, catalogue, &mut facts, findings)?;
    if document.class_seen().is_none() {
        let seen = [FactKind::GenuineSeen, FactKind::GenuineImage, FactKind::GenuineImagePad];
        if take_away(&mut facts, &seen) {
            findings.insert(Finding::new(Code::CheckMethodNotAccepted, item.path()));
        }
    }
    if !document.has_portrait() {
        let faces = [FactKind::OwnerInPerson, FactKind::OwnerRemoteLive];
        if take_away(&mut facts, &faces) {
            findings.insert(Finding::new(Code::DocumentWithoutPortrait, item.path()));
        }
    }
    // A document that shows both is both: a chip that was read takes nothing from what was seen.
    let by_chip = [FactKind::GenuineCrypto, FactKind::OwnerSignKey, FactKind::OwnerAuthKey]
        .iter()
        .any(|kind| facts.iter().any(|(known, _)| known == kind));
    let classes = Classes {
        seen: document.class_seen(),
        by_chip: document.class_by_chip().filter(|_| by_chip),
    };
    let shape = Shape { facts, classes, portrait: document.has_portrait(), around };
    Some(Judged { item, document, shape: Arc::new(shape) })
}

/// Takes facts away; whether any of them was there.
fn take_away(facts: &mut Vec<(FactKind, Basis)>, kinds: &[FactKind]) -> bool {
    let before = facts.len();
    facts.retain(|(kind, _)| !kinds.contains(kind));
    facts.len() < before
}

/// What a signature of the person is worth under its certificate's policy; `None` if that voids the item.
fn signatures(
    item: &ItemFacts,
    document: &Document,
    catalogue: &Catalogue,
    facts: &mut Vec<(FactKind, Basis)>,
    findings: &mut BTreeSet<Finding>,
) -> Option<()> {
    if item.signed_with().is_empty() && !item.is_card_verified() {
        return Some(());
    }
    let mut lost = |code, oid: &str| {
        findings.insert(Finding::new(code, item.path()).found(oid));
    };
    if !document.can_sign() {
        lost(Code::CheckMethodNotAccepted, "esig");
        return None;
    }
    let mut signed = false;
    for (certificate, oid) in item.signed_with() {
        match (catalogue.certificate_use(oid), certificate) {
            (CertificateUse::Unknown, _) => {
                lost(Code::JpkiPolicyUnknown, oid);
                return None;
            }
            (CertificateUse::Signing, Certificate::Signing) => signed = true,
            (CertificateUse::UserAuthentication, _)
            | (CertificateUse::Signing, Certificate::UserAuthentication) => {
                lost(Code::JpkiPolicyNotSignature, oid);
            }
        }
    }
    // What this verifier checked itself was judged under the policies of its own configuration.
    if !signed && !item.is_card_verified() {
        take_away(facts, &[FactKind::OwnerSignKey]);
    }
    Some(())
}

impl Judged<'_> {
    /// Whether a fact is left.
    pub(crate) fn has(&self, kind: FactKind) -> bool {
        self.shape.has(kind)
    }
}
