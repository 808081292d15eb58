//! Under which URLs a report that a key was compromised may stand (ledger §2.3, `key-compromised`).
//!
//! In scope: the places in the map where a verifier has to look, and whoever gathers for it. Out of scope: judging a report
//! (`verify::compromise`). A report names a URL that the newest version then did not list, and means every key that any
//! earlier version named by it: so a key is looked for under each URL that ever named it, also where it is listed again.

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::Timestamp;
use inkan_crypto::{KeyType, PublicKey};
use inkan_did::{DidDocument, DidUrl, Relationship};
use inkan_ledger::{Claims, KEY_COMPROMISED, Kind, Leaf, MapKey, SignedEntry, TrustStatement};

use crate::history::{DidHistory, Version};
use crate::ledger_view::LedgerView;

/// URLs of one key at most: every one costs two look-ups, and a history may name a key as often as its writer likes.
pub const URLS: usize = 32;

/// URLs that are listed at most.
const MOST: usize = 8 * URLS;

/// The URLs under which a report may stand about a key that `is_it` (given its fragment and itself), by the documents of all
/// versions, oldest first.
///
/// None for a name that every version since the first one with it lists for some use: a ledger takes no report of such a key.
/// The DID may have been called otherwise at the time of the report, so each of its names is combined with each fragment. More
/// than [`URLS`] are listed to show that there are more, and not all of them if there are very many.
#[must_use]
pub fn reportable(
    documents: &[&DidDocument],
    is_it: impl Fn(&str, &PublicKey) -> bool,
) -> BTreeSet<DidUrl> {
    // The first version with each name; histories are as long as whoever wrote them likes.
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, document) in documents.iter().enumerate() {
        for method in document.verification_methods() {
            let Some(fragment) = method.id.fragment() else { continue };
            if is_it(fragment, &method.key) {
                first.entry(fragment).or_insert(place);
            }
        }
    }
    let always = |fragment: &str, from: usize| {
        documents.get(from..).unwrap_or_default().iter().all(|one| lists(one, fragment))
    };
    let fragments = first.into_iter().filter(|(fragment, from)| !always(fragment, *from));
    let names: BTreeSet<&str> = documents.iter().map(|document| document.id().as_str()).collect();
    let url = |fragment: &str, name: &str| DidUrl::parse(&format!("{name}#{fragment}")).ok();
    let urls = fragments
        .flat_map(|(fragment, _)| names.iter().filter_map(move |name| url(fragment, name)));
    urls.take(MOST).collect()
}

/// Whether a ledger would say that the document lists the key.
fn lists(document: &DidDocument, fragment: &str) -> bool {
    let url = DidUrl::parse(&format!("{}#{fragment}", document.id()));
    url.is_ok_and(|url| Relationship::ALL.into_iter().any(|use_| document.allows(&url, use_)))
}

/// Where the map has reports about the key with this URL: their meaning is the same under both types of statement.
#[must_use]
pub fn map_keys(scid: &str, url: &DidUrl) -> [MapKey; 2] {
    let did = url.did().as_str();
    [TrustStatement::Authorization, TrustStatement::Recognition]
        .map(|statement| MapKey::trust_of(scid, statement, did, KEY_COMPROMISED, url.as_str()))
}

/// The document of a version in the reading that has keys of this type: points of BLS12-381 take long to read.
pub(crate) fn document_with<'a>(version: &'a Version, key: &PublicKey) -> &'a DidDocument {
    match key.key_type() {
        KeyType::Ed25519 | KeyType::P256 => &version.document,
        KeyType::P384 | KeyType::P521 | KeyType::Bls12381G2 => version.listing(),
    }
}

/// A report that a DID made of a key of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Told {
    /// The key as the report names it.
    pub key: DidUrl,
    /// Since when it was in other hands.
    pub since: Timestamp,
    /// The log.
    pub origin: String,
    /// Place of the report.
    pub leaf_index: u64,
    /// The operator's time of the report.
    pub leaf_time: Timestamp,
}

impl Told {
    /// Whether the report means this key: some version up to the report names it so. The URL may have got another key since, and
    /// the key another URL.
    #[must_use]
    pub fn means(&self, history: &DidHistory, key: &PublicKey) -> bool {
        means(history, (&self.key, key), (&self.origin, self.leaf_index))
    }
}

pub(crate) fn means(
    history: &DidHistory,
    (url, key): (&DidUrl, &PublicKey),
    (origin, at): (&str, u64),
) -> bool {
    let until = history.at_index(origin, at).map_or(u64::MAX, |(version, _)| version.number);
    let versions = history.versions().iter().filter(|version| version.number <= until);
    let mut methods =
        versions.flat_map(|version| document_with(version, key).verification_methods());
    methods.any(|method| method.id.fragment() == url.fragment() && method.key == *key)
}

/// The reports of a DID that are at hand as of `as_of` and signed by a key that was in force at their place, in the order of
/// their times. Which signatures they concern is another question.
#[must_use]
pub fn told(ledger: &LedgerView<'_>, history: &DidHistory, as_of: Timestamp) -> Vec<Told> {
    let shown = ledger.current().filter_map(|current| {
        let head = current.head()?;
        Some((current.epoch().origin(), head.value().leaf_index, head.leaf()))
    });
    let received = ledger.receipts().iter().filter_map(|seen| {
        let leaf = seen.result.as_ref().ok()?;
        Some((leaf.origin(), leaf.leaf_index(), leaf.leaf()))
    });
    let mut found: Vec<Told> = Vec::new();
    for (origin, at, leaf) in shown.chain(received) {
        let report = report((origin, at), leaf, history).filter(|told| told.leaf_time <= as_of);
        found.extend(report.filter(|report| !found.contains(report)));
    }
    found.sort_by_key(|report| (report.leaf_time, report.leaf_index));
    found
}

fn report((origin, at): (&str, u64), leaf: &Leaf, history: &DidHistory) -> Option<Told> {
    if leaf.kind() != Kind::Trust {
        return None;
    }
    let entry = SignedEntry::parse(Kind::Trust, leaf.body()).ok()?;
    let Claims::Trust(claims) = entry.claims() else { return None };
    let (version, _) = history.at_index(origin, at)?;
    let own = history.did().scid() == Some(entry.scid()) && claims.is_compromise_report();
    if !own || version.deactivated || entry.verify(&version.document).is_err() {
        return None;
    }
    Some(Told {
        key: DidUrl::parse(&claims.resource).ok()?,
        since: claims.not_before,
        origin: origin.to_owned(),
        leaf_index: at,
        leaf_time: leaf.time(),
    })
}
