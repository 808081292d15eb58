//! Fetches what a plan asks for: from the bundle itself, the ledger, pinned schemas, and HTTPS, in this order.
//!
//! In scope: finding copies. A copy that moves on (a DID log, a status list, an act) does not end the search, so a bundle
//! made before a revocation or withdrawal hides neither. Out of scope: believing any of it (`inkan-verifier`).

mod asking;
mod attested;
mod reports;

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::{Timestamp, limits, sha256};
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::{Bundle, ConsentReceipt};
use inkan_did::{Did, Method, webvh};
use inkan_ledger::{Checkpoint, CurrentProof, Kind, Leaf, Receipt, SignedEntry, StatusClaims};
use inkan_verifier::{Material, Want};
use serde_json::Value;

use self::asking::Asked;
pub use self::asking::{NoOthers, OtherLedgers};
pub use self::attested::{attested_lists, fetch_attested_lists};
use self::reports::Reports;
use crate::http::{self, HttpLimits};
use crate::ledger_source::{LedgerError, LedgerSource};

/// Where to look.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The ledger, if there is one: a folder, or a node whose answers are checked on the way in.
    pub ledger: Option<&'a LedgerSource>,
    /// Other ledgers, which are asked of what lives there.
    pub others: &'a dyn OtherLedgers,
    /// Schemas pinned by the caller, by id.
    pub schemas: &'a BTreeMap<String, Value>,
    /// Whether the network may be asked.
    pub network: Network,
    /// Whether copies in the bundle count for what moves on.
    pub copies: Copies,
}

/// Whether the network may be asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Network {
    /// HTTPS is asked for what was found nowhere else.
    Ask,
    /// The same at public addresses alone: somebody else chose what is asked for.
    AskPublic,
    /// Nothing leaves this machine.
    Offline,
}

/// Whether what travels in the bundle may say how something that moves on stands: a DID, a status, an act.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Copies {
    /// It may: the caller judges by the bundle alone, or bounds its age.
    Count,
    /// Only what this run got from the ledger, or over HTTPS, may: a bundle made before a revocation hides it otherwise.
    MustBeRenewed,
}

/// What was found, and what was asked for in vain.
#[derive(Debug)]
pub struct Gathered {
    /// Everything found.
    pub material: Material,
    /// Of `material.current`, the proofs that a key which signed something here was not reported compromised.
    pub unreported: Vec<CurrentProof>,
    /// Of `material.current`, the proofs that one of several who may announce a status list announced none.
    pub unannounced: Vec<CurrentProof>,
    /// Of `material.current`, the proofs that a log to which somebody has moved knows nothing of an act of theirs.
    pub unsaid: Vec<CurrentProof>,
    /// Logs that a DID names as its home now and that could not be asked.
    pub unasked: BTreeSet<String>,
    /// Status lists about which the newest home of the issuer could not be asked: no older word is taken for the newest.
    pub unsettled: BTreeSet<String>,
    /// Plain words about what could not be fetched, for `-v`.
    pub missed: Vec<String>,
}

/// Gathers for `wants` as of `as_of`: the ledger is looked at as it stood at its newest checkpoint by then.
///
/// # Errors
///
/// [`LedgerError`] if the ledger is damaged, cannot be reached, or answers what it cannot prove; that something is
/// missing is no error.
pub fn gather(
    bundle: &Bundle,
    wants: &[Want],
    sources: &Sources<'_>,
    as_of: Timestamp,
) -> Result<Gathered, LedgerError> {
    let reports = Reports::of(inkan_verifier::signers(bundle));
    let mut found = collect(from_bundle(bundle), reports, wants, sources, as_of)?;
    if sources.copies == Copies::MustBeRenewed {
        keep_lists_of_powers(bundle, &mut found.material);
        keep_newest_lists(bundle, &mut found);
    }
    Ok(found)
}

/// Lists that travel in the bundle, where nobody else had them and they are what the ledger says was announced last: files alone
/// show that, and bring no list.
fn keep_newest_lists(bundle: &Bundle, found: &mut Gathered) {
    let Gathered { material, unsettled, .. } = found;
    for list in &bundle.status_lists {
        if unsettled.contains(&list.uri)
            || material.status_lists.iter().any(|found| found.uri == list.uri)
        {
            continue;
        }
        let heads = material.current.iter().filter_map(CurrentProof::claimed_head);
        let heads = heads.filter_map(|head| status_of(&head)).filter(|head| head.uri == list.uri);
        let bytes = list.bytes();
        let newest = heads.max_by_key(|head| head.sequence);
        if newest.is_some_and(|head| head.digest == sha256(&[&bytes])) {
            material.status_lists.push(ServedStatusList::new(&list.uri, &bytes));
        }
    }
}

/// The same for a consent.
///
/// # Errors
///
/// As [`gather`].
pub fn gather_consent(
    consent: &ConsentReceipt,
    wants: &[Want],
    sources: &Sources<'_>,
    as_of: Timestamp,
) -> Result<Gathered, LedgerError> {
    let reports = Reports::of(inkan_verifier::consent_signers(consent));
    collect(from_consent(consent), reports, wants, sources, as_of)
}

/// The same for one DID: what shows its versions.
///
/// # Errors
///
/// As [`gather`].
pub fn gather_did(
    did: &str,
    sources: &Sources<'_>,
    as_of: Timestamp,
) -> Result<Gathered, LedgerError> {
    let reports = Reports::of(Default::default());
    collect(Material::default(), reports, &[Want::Did(did.to_owned())], sources, as_of)
}

/// The same as of another time, beside what was found.
///
/// # Errors
///
/// As [`gather`].
pub fn gather_also(
    bundle: &Bundle,
    wants: &[Want],
    sources: &Sources<'_>,
    as_of: Timestamp,
    found: &mut Gathered,
) -> Result<(), LedgerError> {
    look(Reports::of(inkan_verifier::signers(bundle)), wants, sources, as_of, found)
}

fn collect(
    material: Material,
    reports: Reports,
    wants: &[Want],
    sources: &Sources<'_>,
    as_of: Timestamp,
) -> Result<Gathered, LedgerError> {
    let mut found = Gathered {
        material,
        unreported: Vec::new(),
        unannounced: Vec::new(),
        unsaid: Vec::new(),
        unasked: BTreeSet::new(),
        unsettled: BTreeSet::new(),
        missed: Vec::new(),
    };
    if sources.copies == Copies::MustBeRenewed {
        drop_copies(&mut found.material, sources.ledger.map(LedgerSource::origin));
    }
    look(reports, wants, sources, as_of, &mut found)?;
    Ok(found)
}

fn look(
    mut reports: Reports,
    wants: &[Want],
    sources: &Sources<'_>,
    as_of: Timestamp,
    found: &mut Gathered,
) -> Result<(), LedgerError> {
    let mut asked = Asked::open(sources, as_of)?;
    // Where a DID lives has to be known before what it announced is looked for.
    let (dids, others): (Vec<&Want>, Vec<&Want>) =
        wants.iter().partition(|want| matches!(want, Want::Did(_)));
    for want in dids.into_iter().chain(others) {
        asked.ask(want, wants, &mut reports, found)?;
        from_elsewhere(want, sources, as_of, found);
    }
    Ok(())
}

/// Whether somebody else may announce the status list that is wanted.
fn is_contested(want: &Want, wants: &[Want]) -> bool {
    fn list(want: &Want) -> Option<(&String, &String)> {
        match want {
            Want::StatusList { uri, issuer } => Some((uri, issuer)),
            Want::Did(_)
            | Want::Issuance { .. }
            | Want::Act { .. }
            | Want::LastStatusList { .. }
            | Want::Schema(_) => None,
        }
    }
    list(want).is_some_and(|(uri, issuer)| {
        wants.iter().filter_map(list).any(|(other, by)| other == uri && by != issuer)
    })
}

/// Lists that powers of attorney name, as they were when a power was used: beside a renewed copy, and never in its place.
fn keep_lists_of_powers(bundle: &Bundle, material: &mut Material) {
    let mut named: BTreeSet<String> = BTreeSet::new();
    for (_, power) in bundle.powers() {
        let credential = power.credential();
        named.extend(credential.status().iter().map(|entry| entry.list_uri.clone()));
        named.extend(credential.token_status().map(|entry| entry.uri.clone()));
    }
    let renewed: BTreeSet<String> =
        material.status_lists.iter().map(|list| list.uri.clone()).collect();
    let older = bundle.status_lists.iter();
    let older = older.filter(|list| named.contains(&list.uri) && renewed.contains(&list.uri));
    material.status_lists.extend(older.cloned());
}

/// Takes away what says how something stood when the bundle was made. Proofs of the ledger that is asked stay: it adds newer
/// ones. Receipts stay as well: what they show does not change.
fn drop_copies(material: &mut Material, asked: Option<&str>) {
    let of_asked = |proof: &CurrentProof| {
        Checkpoint::parse_text(proof.epoch().note().text())
            .is_ok_and(|head| asked == Some(head.origin()))
    };
    material.current.retain(of_asked);
    material.did_logs.clear();
    material.status_lists.clear();
}

/// What travels in a consent's own file. What cannot be read is noted: it must not vanish.
#[must_use]
pub fn from_consent(consent: &ConsentReceipt) -> Material {
    let mut material = Material::default();
    for value in &consent.receipts {
        match Receipt::from_value(value) {
            Ok(receipt) => material.receipts.push(receipt),
            Err(error) => material.malformed.push(error.code()),
        }
    }
    for value in &consent.current {
        match CurrentProof::from_value(value) {
            Ok(proof) => material.current.push(proof),
            Err(error) => material.malformed.push(error.code()),
        }
    }
    material.did_logs.extend(consent.did_logs.iter().map(|(did, log)| (did.clone(), log.clone())));
    material
}

/// What travels in the bundle. What cannot be read is noted: it must not vanish.
#[must_use]
pub fn from_bundle(bundle: &Bundle) -> Material {
    let mut material = Material::default();
    for value in &bundle.receipts {
        match Receipt::from_bundle_value(value, &bundle.checkpoints) {
            Ok(receipt) => material.receipts.push(receipt),
            Err(error) => material.malformed.push(error.code()),
        }
    }
    for value in &bundle.current {
        match CurrentProof::from_value(value) {
            Ok(proof) => material.current.push(proof),
            Err(error) => material.malformed.push(error.code()),
        }
    }
    material.did_logs.extend(bundle.did_logs.iter().map(|(did, log)| (did.clone(), log.clone())));
    material.status_lists.extend(bundle.status_lists.iter().cloned());
    for secured in bundle.artefact.credentials() {
        for schema in secured.credential().schemas() {
            if let Some(found) = bundle.schema(&schema.id) {
                material.schemas.insert(schema.id.clone(), found.clone());
                material.brought.insert(schema.id.clone());
            }
        }
    }
    material
}

fn scid_of(did: &str) -> Option<String> {
    Did::parse(did).ok()?.scid().map(str::to_owned)
}

/// What a status entry announces.
fn status_of(leaf: &Leaf) -> Option<StatusClaims> {
    let entry = SignedEntry::parse(Kind::Status, leaf.body()).ok()?;
    entry.claims().status().cloned()
}

/// Pinned schemas, and HTTPS for DIDs and status lists that nothing at hand describes.
fn from_elsewhere(want: &Want, sources: &Sources<'_>, as_of: Timestamp, found: &mut Gathered) {
    match want {
        Want::Schema(id) => {
            if let Some(schema) = sources.schemas.get(id) {
                found.material.schemas.insert(id.clone(), schema.clone());
                found.material.brought.remove(id);
            } else if !found.material.schemas.contains_key(id) {
                found
                    .missed
                    .push(format!("schema {id}: not in the bundle, and not pinned in the profile"));
            }
        }
        Want::Did(did) => {
            let Some(parsed) = Did::parse(did).ok().filter(|did| did.method() == Method::Webvh)
            else {
                return;
            };
            if known(&parsed, &found.material) || sources.network == Network::Offline {
                return;
            }
            let Some(url) = webvh::document_url(&parsed) else { return };
            let limits = http_limits(sources.network, limits::DID_LOG);
            if let Some(log) = fetch(&url, &limits, &mut found.missed) {
                found.material.did_logs.push((did.clone(), log));
            }
        }
        Want::StatusList { uri, .. } => {
            let at_hand = found.material.status_lists.iter().any(|list| list.uri == *uri);
            if at_hand || sources.network == Network::Offline {
                return;
            }
            let limits = http_limits(sources.network, limits::STATUS_LIST);
            if let Some(bytes) = fetch_bytes(uri, &limits, &mut found.missed) {
                // It is served after the time that is judged, or at it.
                let list = ServedStatusList::new(uri, &bytes).fetched(as_of);
                found.material.status_lists.push(list);
            }
        }
        Want::Issuance { .. } | Want::Act { .. } | Want::LastStatusList { .. } => {}
    }
}

/// Whether anything at hand is about this DID.
fn known(did: &Did, material: &Material) -> bool {
    let Some(scid) = did.scid() else { return false };
    let in_logs = material.did_logs.iter().any(|(name, _)| name.contains(scid));
    let in_leaf = |receipt: &Receipt| {
        Leaf::parse(receipt.leaf_bytes()).is_ok_and(|leaf| {
            leaf.kind() == Kind::Did
                && inkan_ledger::state::parse_did_body(leaf.body())
                    .is_ok_and(|entry| entry.scid() == scid)
        })
    };
    in_logs || material.receipts.iter().any(in_leaf)
}

const fn http_limits(network: Network, size: usize) -> HttpLimits {
    match network {
        Network::AskPublic => HttpLimits::public_of_size(size),
        Network::Ask | Network::Offline => HttpLimits::of_size(size),
    }
}

fn fetch(url: &str, limits: &HttpLimits, missed: &mut Vec<String>) -> Option<String> {
    String::from_utf8(fetch_bytes(url, limits, missed)?).ok()
}

fn fetch_bytes(url: &str, limits: &HttpLimits, missed: &mut Vec<String>) -> Option<Vec<u8>> {
    match http::get(url, limits) {
        Ok(answer) => Some(answer.body),
        Err(error) => {
            missed.push(format!("{url}: {error}"));
            None
        }
    }
}
