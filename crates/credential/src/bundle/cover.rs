//! What a timestamp or an e-seal is over: single items of a bundle, each by its kind and digest.
//!
//! In scope: which bytes stand for an item, and the one text that is stamped or sealed for a set of them. Out of scope: whether a
//! token or a seal over that text holds (`inkan-evidence`), and what follows (`inkan-verifier`).
//!
//! An item that is added to the bundle later is not covered; one that is taken out leaves its digest behind. So the text can be made
//! again from the list of digests alone, as with the reduced hash trees of [RFC 4998 §4](https://www.rfc-editor.org/rfc/rfc4998#section-4).

use std::collections::BTreeSet;

use inkan_core::{Digest, json, sha256};
use serde_json::Value;

use super::{Artefact, Bundle};
use crate::countersignature;
use crate::secured::SecuredCredential;

/// The most items that one timestamp or e-seal is over.
pub const COVERS: usize = 4_096;

/// What kind of item a digest is of.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CoverKind {
    /// The part of a credential that its issuer signed, signature included.
    Credential,
    /// A presentation, as its holder wrote it.
    Presentation,
    /// A countersignature, signature included.
    Countersignature,
    /// A receipt, with the checkpoint it ends in.
    Receipt,
    /// A current-proof.
    Current,
    /// A DID log as text.
    DidLog,
    /// A status list as it was served.
    StatusList,
    /// An item of evidence.
    Evidence,
    /// An earlier timestamp: its text and its token.
    Timestamp,
    /// An e-seal.
    Eseal,
    /// The part of a power of attorney that its issuer signed, signature included.
    Power,
    /// A consent receipt.
    Consent,
}

/// One item, by kind and digest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Cover {
    kind: CoverKind,
    digest: Digest,
}

impl CoverKind {
    const ALL: [Self; 12] = [
        Self::Credential,
        Self::Presentation,
        Self::Countersignature,
        Self::Receipt,
        Self::Current,
        Self::DidLog,
        Self::StatusList,
        Self::Evidence,
        Self::Timestamp,
        Self::Eseal,
        Self::Power,
        Self::Consent,
    ];

    /// The name in bundles and in the text that is stamped.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Presentation => "presentation",
            Self::Countersignature => "countersignature",
            Self::Receipt => "receipt",
            Self::Current => "current",
            Self::DidLog => "did-log",
            Self::StatusList => "status-list",
            Self::Evidence => "evidence",
            Self::Timestamp => "timestamp",
            Self::Eseal => "eseal",
            Self::Power => "power",
            Self::Consent => "consent",
        }
    }
}

impl Cover {
    /// An item that is these bytes.
    #[must_use]
    pub fn of(kind: CoverKind, parts: &[&[u8]]) -> Self {
        Self { kind, digest: sha256(parts) }
    }

    /// The part of a credential that its issuer signed.
    #[must_use]
    pub fn credential(secured: &SecuredCredential) -> Self {
        Self { kind: CoverKind::Credential, digest: secured.signed_digest() }
    }

    /// A power of attorney.
    #[must_use]
    pub fn power(power: &SecuredCredential) -> Self {
        Self { kind: CoverKind::Power, digest: power.signed_digest() }
    }

    /// A countersignature.
    #[must_use]
    pub fn countersignature(act: &countersignature::Countersignature) -> Self {
        let kind = CoverKind::Countersignature;
        // What a ledger entry commits to leaves the signature of a JWS out; a stamp over that would not show that it had been made.
        let digest = act.compact().map_or_else(|| act.digest(), |text| sha256(&[text.as_bytes()]));
        Self { kind, digest }
    }

    /// A receipt as it stands in a bundle with these checkpoints.
    #[must_use]
    pub fn receipt(receipt: &Value, checkpoints: &[String]) -> Self {
        let mut whole = receipt.clone();
        let place = receipt.get("checkpoint").and_then(Value::as_u64);
        let text = place.and_then(|place| checkpoints.get(usize::try_from(place).ok()?));
        if let (Value::Object(members), Some(text)) = (&mut whole, text) {
            members.insert("checkpoint".to_owned(), Value::String(text.clone()));
        }
        Self::value(CoverKind::Receipt, &whole)
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> CoverKind {
        self.kind
    }

    /// Reads `kind:digest`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, digest) = text.split_once(':')?;
        let kind = CoverKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
        Some(Self { kind, digest: Digest::from_b64u(digest).ok()? })
    }

    /// `kind:digest`, the digest in base64url.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}:{}", self.kind.as_str(), self.digest.to_b64u())
    }

    fn value(kind: CoverKind, value: &Value) -> Self {
        // Strictly parsed JSON always has a canonical form.
        Self::of(kind, &[&json::canonicalize(value).unwrap_or_default()])
    }
}

impl Bundle {
    /// The parts of its credentials that their issuers signed.
    #[must_use]
    pub fn signed_items(&self) -> BTreeSet<Cover> {
        self.artefact.credentials().iter().map(Cover::credential).collect()
    }

    /// Every item that it holds now, earlier timestamps and e-seals included.
    #[must_use]
    pub fn items(&self) -> BTreeSet<Cover> {
        let mut items = self.signed_items();
        if let Artefact::Presentation(presentation) = &self.artefact {
            let text = presentation.to_bare();
            items.insert(Cover::of(CoverKind::Presentation, &[text.as_bytes()]));
        }
        for secured in self.artefact.credentials() {
            let acts = countersignature::list(secured, &self.countersignatures);
            items.extend(acts.unwrap_or_default().iter().map(Cover::countersignature));
        }
        items.extend(self.receipts.iter().map(|one| Cover::receipt(one, &self.checkpoints)));
        items.extend(self.current.iter().map(|one| Cover::value(CoverKind::Current, one)));
        for (did, log) in &self.did_logs {
            items.insert(Cover::of(CoverKind::DidLog, &[did.as_bytes(), b"\n", log.as_bytes()]));
        }
        for list in &self.status_lists {
            let (uri, body) = (list.uri.as_bytes(), list.body.as_bytes());
            items.insert(Cover::of(CoverKind::StatusList, &[uri, b"\n", body]));
        }
        items.extend(self.evidence.iter().map(|one| Cover::value(CoverKind::Evidence, one)));
        items.extend(self.powers().iter().map(|(_, power)| Cover::power(power)));
        items.extend(self.consents.iter().map(|one| Cover::value(CoverKind::Consent, one)));
        items.extend(self.eseals.iter().map(super::Eseal::cover));
        items.extend(self.timestamps.iter().map(super::BundleTimestamp::cover));
        items
    }
}

/// The text that stands for a set of items: a first line, and a line for each, in their order.
pub(super) fn statement(head: &str, covers: &BTreeSet<Cover>) -> Vec<u8> {
    let mut text = format!("{head}\n");
    for cover in covers {
        text.push_str(&cover.to_text());
        text.push('\n');
    }
    text.into_bytes()
}

/// The list `covers` of an entry: sorted texts, none twice, at least one.
pub(super) fn read(value: &Value) -> Option<BTreeSet<Cover>> {
    let list = value.get("covers")?.as_array().filter(|list| list.len() <= COVERS)?;
    let covers: Option<BTreeSet<Cover>> =
        list.iter().map(|item| Cover::parse(item.as_str()?)).collect();
    // Twice the same would be a second reading of the same text.
    covers.filter(|covers| covers.len() == list.len() && !covers.is_empty())
}
