//! What the catalogue leaves of an item's facts: it gives class and strength, and only takes facts away.

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::Timestamp;
use inkan_evidence::model::Certificate;
use inkan_evidence::{Basis, Code, FactKind, Finding, ItemFacts};

use crate::catalogue::{Catalogue, CertificateUse, Class, Document};

/// An item under the catalogue.
#[derive(Clone, Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) item: &'a ItemFacts,
    pub(crate) document: &'a Document,
    pub(crate) classes: BTreeSet<Class>,
    pub(crate) facts: BTreeMap<FactKind, Basis>,
}

/// Whether checks that could not be made are taken as passed: asked only to tell "no" from "cannot tell".
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unknowns {
    /// They count as failed.
    AsFailed,
    /// They count as passed.
    AsPassed,
}

/// What is left of an item, used at `time`; `None` if it is void.
pub(crate) fn judge<'a>(
    item: &'a ItemFacts,
    time: Timestamp,
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
    let mut facts = BTreeMap::new();
    for fact in item.facts() {
        let known = facts.entry(fact.kind()).or_insert(fact.basis());
        *known = fact.basis().max(*known);
    }
    signatures(item, document, catalogue, &mut facts, findings)?;
    if document.class_seen().is_none() {
        let seen = [FactKind::GenuineSeen, FactKind::GenuineImage, FactKind::GenuineImagePad];
        if seen.map(|kind| facts.remove(&kind)).iter().any(Option::is_some) {
            findings.insert(Finding::new(Code::CheckMethodNotAccepted, item.path()));
        }
    }
    if !document.has_portrait() {
        let faces = [FactKind::OwnerInPerson, FactKind::OwnerRemoteLive];
        if faces.map(|kind| facts.remove(&kind)).iter().any(Option::is_some) {
            findings.insert(Finding::new(Code::DocumentWithoutPortrait, item.path()));
        }
    }
    // A document that shows both is both: a chip that was read takes nothing from what was seen.
    let by_chip = [FactKind::GenuineCrypto, FactKind::OwnerSignKey, FactKind::OwnerAuthKey]
        .iter()
        .any(|kind| facts.contains_key(kind));
    let classes = document
        .class_seen()
        .into_iter()
        .chain(document.class_by_chip().filter(|_| by_chip))
        .collect();
    Some(Judged { item, document, classes, facts })
}

/// What a signature of the person is worth under its certificate's policy; `None` if that voids the item.
fn signatures(
    item: &ItemFacts,
    document: &Document,
    catalogue: &Catalogue,
    facts: &mut BTreeMap<FactKind, Basis>,
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
        facts.remove(&FactKind::OwnerSignKey);
    }
    Some(())
}

impl Judged<'_> {
    /// Whether a fact is left.
    pub(crate) fn has(&self, kind: FactKind) -> bool {
        self.facts.contains_key(&kind)
    }
}
