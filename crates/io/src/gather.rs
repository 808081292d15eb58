//! Fetches what a plan asks for: from the bundle itself, the ledger, pinned schemas, and HTTPS, in this order.
//!
//! In scope: finding copies. A copy that moves on (a DID log, a status list, an act) does not end the search, so a bundle
//! made before a revocation or withdrawal hides neither. Out of scope: believing any of it (`inkan-verifier`).

mod attested;
mod reports;

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::{Timestamp, limits, sha256};
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::{Bundle, ConsentReceipt};
use inkan_did::{Did, DidUrl, Method, webvh};
use inkan_ledger::{
    Checkpoint, CurrentProof, DigestFormat, EntryId, Kind, Leaf, Opening, Receipt, SignedEntry,
    StatusClaims,
};
use inkan_verifier::{Material, Want, list_signer};
use serde_json::Value;

pub use self::attested::{attested_lists, fetch_attested_lists};
use self::reports::Reports;
use crate::http::{self, HttpLimits};
use crate::ledger_source::{LedgerError, LedgerSource, SourceView};

/// Where to look.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The ledger, if there is one: a folder, or a node whose answers are checked on the way in.
    pub ledger: Option<&'a LedgerSource>,
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
        keep_newest_lists(bundle, &mut found.material);
    }
    Ok(found)
}

/// Lists that travel in the bundle, where nobody else had them and they are what the ledger says was announced last: files alone
/// show that, and bring no list.
fn keep_newest_lists(bundle: &Bundle, material: &mut Material) {
    for list in &bundle.status_lists {
        if material.status_lists.iter().any(|found| found.uri == list.uri) {
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
    let mut found =
        Gathered { material, unreported: Vec::new(), unannounced: Vec::new(), missed: Vec::new() };
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
    let view = match sources.ledger {
        Some(ledger) => ledger.view_at(Some(as_of))?.map(|view| (ledger, view)),
        None => None,
    };
    for want in wants {
        if let Some((ledger, view)) = &view {
            let before = found.unannounced.len();
            from_ledger(want, (ledger, view), as_of, &mut reports, found)?;
            // Where nobody else may announce the list, it decides nothing.
            if !is_contested(want, wants) {
                found.unannounced.truncate(before);
            }
        }
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

fn from_ledger(
    want: &Want,
    (ledger, view): (&LedgerSource, &SourceView),
    as_of: Timestamp,
    reports: &mut Reports,
    found: &mut Gathered,
) -> Result<(), LedgerError> {
    let material = &mut found.material;
    match want {
        Want::Did(did) => {
            let Some(scid) = scid_of(did) else { return Ok(()) };
            let versions = view.did_entries(&scid)?;
            if !versions.is_empty() {
                reports.know(&scid, &versions);
                material.receipts.extend(versions);
                material.current.push(view.did_current(&scid)?);
                reports.gather(&scid, view, found)?;
            }
        }
        Want::Issuance { log, entry, salt, digest, format } => {
            if ledger.origin() != log {
                return Ok(());
            }
            let Some(index) = view.lookup(entry)? else { return Ok(()) };
            let format = match *format {
                "jws" => DigestFormat::Jws,
                "di-sd" => DigestFormat::DiSd,
                _ => DigestFormat::Di,
            };
            let opening = Opening::new(format, *salt, *digest);
            material.receipts.push(view.receipt(index)?.with_opening(opening));
        }
        Want::Act { log, scid, act } => {
            if ledger.origin() == log {
                material.current.push(view.act_current(scid, act)?);
            }
        }
        Want::StatusList { uri, issuer } => {
            let Some(scid) = scid_of(issuer) else { return Ok(()) };
            let current = view.status_current(issuer, uri)?;
            let Some(status) = current.claimed_head().as_ref().and_then(status_of) else {
                // That nothing was announced has to be shown of whoever could have.
                material.current.push(current.clone());
                found.unannounced.push(current);
                return Ok(());
            };
            let entry = EntryId::status(&scid, uri, status.sequence);
            if let Some(index) = view.lookup(&entry)? {
                material.receipts.push(view.receipt(index)?);
            }
            let bytes = ledger.status_list(issuer, uri, status.sequence)?;
            // A folder is this machine's own, and asked now. A node is somebody's: if it stands still, or whoever is between lets
            // it, an old list would be as good as a fresh one. Since when it is the newest, its proof's stamps show.
            let list = bytes.map(|bytes| match ledger {
                LedgerSource::Folder(_) => ServedStatusList::new(uri, &bytes).fetched(as_of),
                LedgerSource::Node(_) => ServedStatusList::new(uri, &bytes),
            });
            let signer = list.as_ref().and_then(|list| list_signer(&list.bytes()));
            material.status_lists.extend(list);
            material.current.push(current);
            if let Some(signer) = signer.and_then(|signer| DidUrl::parse(&signer).ok()) {
                reports.gather_of(&scid, &signer, view, found)?;
            }
        }
        Want::LastStatusList { uri, issuer, until } => {
            // Nobody else announces anything here.
            if scid_of(issuer).is_none() {
                return Ok(());
            }
            let entries = view.status_entries(issuer, uri)?;
            let is_later = |receipt: &&Receipt| {
                Leaf::parse(receipt.leaf_bytes()).is_ok_and(|leaf| leaf.time() > *until)
            };
            let position = entries.iter().position(|one| is_later(&one)).unwrap_or(entries.len());
            let (before, after) = entries.split_at(position);
            if after.is_empty() {
                return Ok(());
            }
            let last = before.last();
            let leaf = last.and_then(|one| Leaf::parse(one.leaf_bytes()).ok());
            if let Some(status) = leaf.as_ref().and_then(status_of) {
                let bytes = ledger.status_list(issuer, uri, status.sequence)?;
                material.status_lists.extend(bytes.map(|bytes| ServedStatusList::new(uri, &bytes)));
            }
            material.receipts.extend(last.into_iter().chain(after.first()).cloned());
        }
        Want::Schema(_) => {}
    }
    Ok(())
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
