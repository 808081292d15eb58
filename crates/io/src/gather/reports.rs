//! Looks for reports that keys of a DID were compromised.
//!
//! Of the keys that signed what is judged, the absence of a report is kept as well: it is what shows that none was left out. Of
//! all others a report alone is of interest, for signatures that nobody named.

use std::collections::{BTreeMap, BTreeSet};

use inkan_crypto::PublicKey;
use inkan_did::{DidDocument, DidUrl};
use inkan_ledger::{CurrentProof, Leaf, Receipt};
use inkan_verifier::reports::{URLS, reportable};

use super::Gathered;
use crate::ledger_source::{LedgerError, SourceView};

/// Keys that signed nothing here as far as is known, and are asked about all the same; each is two questions to a ledger.
const OTHERS: usize = 4 * URLS;

/// Whose keys have to be asked about.
pub(super) struct Reports {
    signers: BTreeSet<DidUrl>,
    /// Documents of DIDs as the ledger itself gave them, by SCID: what a bundle says of one could hide a key.
    documents: BTreeMap<String, Vec<DidDocument>>,
}

impl Reports {
    /// For what these keys signed.
    pub(super) const fn of(signers: BTreeSet<DidUrl>) -> Self {
        Self { signers, documents: BTreeMap::new() }
    }

    /// Takes the versions of a DID, oldest first.
    pub(super) fn know(&mut self, scid: &str, versions: &[Receipt]) {
        let documents: Vec<DidDocument> = versions.iter().filter_map(document).collect();
        // A log that the DID has left knows fewer of them.
        if self.documents.get(scid).is_none_or(|known| known.len() < documents.len()) {
            self.documents.insert(scid.to_owned(), documents);
        }
    }

    /// Asks about the keys of a DID that is known.
    pub(super) fn gather(
        &self,
        scid: &str,
        view: &SourceView,
        found: &mut Gathered,
    ) -> Result<(), LedgerError> {
        let documents: Vec<&DidDocument> = self.documents.get(scid).into_iter().flatten().collect();
        let signers = self.signers.iter().filter(|signer| signer.did().scid() == Some(scid));
        let asked: BTreeSet<DidUrl> =
            signers.flat_map(|signer| urls_of(&documents, signer)).collect();
        ask(&asked, view, found)?;
        let all = reportable(&documents, |_, _| true);
        for url in all.difference(&asked).take(OTHERS) {
            view.compromise_reports(url)?.into_iter().for_each(|proof| put(proof, found));
        }
        Ok(())
    }

    /// Asks about one more key that signed something, of this DID.
    pub(super) fn gather_of(
        &mut self,
        scid: &str,
        signer: &DidUrl,
        view: &SourceView,
        found: &mut Gathered,
    ) -> Result<(), LedgerError> {
        if signer.did().scid() != Some(scid) || self.signers.contains(signer) {
            return Ok(());
        }
        if !self.documents.contains_key(scid) {
            self.know(scid, &view.did_entries(scid)?);
        }
        let documents: Vec<&DidDocument> = self.documents.get(scid).into_iter().flatten().collect();
        ask(&urls_of(&documents, signer), view, found)
    }
}

/// The URLs under which a report may stand about any key that this one ever named. Of a key with more of them than the verifier
/// looks at nothing is believed, whatever is found.
fn urls_of(documents: &[&DidDocument], signer: &DidUrl) -> BTreeSet<DidUrl> {
    let methods = documents.iter().flat_map(|document| document.verification_methods());
    let named = methods.filter(|method| method.id.fragment() == signer.fragment());
    let keys: Vec<&PublicKey> = named.map(|method| &method.key).collect();
    let urls = reportable(documents, |_, key| keys.contains(&key));
    urls.into_iter().take(URLS.saturating_add(1)).collect()
}

fn ask(
    urls: &BTreeSet<DidUrl>,
    view: &SourceView,
    found: &mut Gathered,
) -> Result<(), LedgerError> {
    for url in urls {
        for proof in view.compromise_proofs(url)? {
            if proof.claimed_head().is_none() && !found.unreported.contains(&proof) {
                found.unreported.push(proof.clone());
            }
            put(proof, found);
        }
    }
    Ok(())
}

fn put(proof: CurrentProof, found: &mut Gathered) {
    if !found.material.current.contains(&proof) {
        found.material.current.push(proof);
    }
}

/// The document of a version, with all keys that sign what is shown to a verifier.
fn document(version: &Receipt) -> Option<DidDocument> {
    let leaf = Leaf::parse(version.leaf_bytes()).ok()?;
    let entry = inkan_ledger::state::parse_did_body(leaf.body()).ok()?;
    let document = entry.document();
    Some(document.with_all_keys().unwrap_or_else(|| document.clone()))
}
