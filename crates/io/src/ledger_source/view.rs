//! A ledger up to one signed head, wherever it is: receipts, lookups, and what is the newest of its kind.

use inkan_did::DidUrl;
use inkan_ledger::entry::OnceId;
use inkan_ledger::tree::tiles::Tile;
use inkan_ledger::{ActId, CurrentProof, EntryId, NodeHash, Receipt, SignedNote, TrustStatement};

use super::trust::compromise;
use super::{LedgerError, NodeView, TrustQuestion, scid_of};
use crate::ledger_folder::{LedgerFolderError, View};

/// A ledger up to one signed head; later entries are not seen.
#[derive(Clone, Debug)]
pub enum SourceView {
    /// In a folder.
    Folder(View),
    /// Behind a URL.
    Node(NodeView),
}

impl SourceView {
    /// Leaves that are seen.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Folder(view) => view.size(),
            Self::Node(view) => view.size(),
        }
    }

    /// The signed head.
    #[must_use]
    pub fn note(&self) -> &SignedNote {
        match self {
            Self::Folder(view) => view.note(),
            Self::Node(view) => view.note(),
        }
    }

    /// Where the entry with this id stands. From a node this is a hint: its receipt must still show that very entry.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn lookup(&self, id: &EntryId) -> Result<Option<u64>, LedgerError> {
        match self {
            Self::Folder(view) => Ok(view.lookup(id)?),
            Self::Node(view) => Ok(view.lookup(id)?),
        }
    }

    /// The receipt of a leaf at the earliest checkpoint that covers it: it shows early existence best.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn receipt(&self, index: u64) -> Result<Receipt, LedgerError> {
        match self {
            Self::Folder(view) => Ok(view.receipt(index)?),
            Self::Node(view) => Ok(view.receipt(index)?),
        }
    }

    /// The receipt of a leaf at this very checkpoint.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn receipt_here(&self, index: u64) -> Result<Receipt, LedgerError> {
        match self {
            Self::Folder(view) => Ok(view.receipt_here(index)?),
            Self::Node(view) => Ok(view.receipt_here(index)?),
        }
    }

    /// The leaves of the entry bundle that has this leaf, the first of them, as far as this checkpoint goes. Nothing is
    /// verified: that is [`inkan_ledger::verify_bundle_under`], with the receipt of the first one.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn bundle(&self, index: u64) -> Result<(u64, Vec<Vec<u8>>), LedgerError> {
        let tile = Tile::holding(0, index, self.size()).ok_or(LedgerFolderError::NoSuchPlace)?;
        let leaves = match self {
            Self::Folder(view) => view.bundle(&tile)?,
            Self::Node(view) => view.bundle(&tile)?,
        };
        Ok((tile.start(), leaves))
    }

    /// The proof that the tree of this checkpoint continues the tree of the first `from` leaves.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn consistency(&self, from: u64) -> Result<Vec<NodeHash>, LedgerError> {
        match self {
            Self::Folder(view) => Ok(view.consistency(from)?),
            Self::Node(view) => Ok(view.consistency(from)?),
        }
    }

    /// All versions of a DID, oldest first, each with a receipt.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn did_entries(&self, scid: &str) -> Result<Vec<Receipt>, LedgerError> {
        match self {
            Self::Folder(view) => Ok(view.did_entries(scid)?),
            Self::Node(view) => Ok(view.did_entries(scid)?),
        }
    }

    /// All heads of a status list, oldest first, each with a receipt.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn status_entries(&self, issuer: &str, uri: &str) -> Result<Vec<Receipt>, LedgerError> {
        match self {
            Self::Folder(view) => Ok(view.status_entries(scid_of(issuer), uri)?),
            Self::Node(view) => Ok(view.status_entries(issuer, uri)?),
        }
    }

    /// Proves which version of a DID is the newest, or that it is not registered.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn did_current(&self, scid: &str) -> Result<CurrentProof, LedgerError> {
        match self {
            Self::Folder(view) => Ok(view.did_current(scid)?),
            Self::Node(view) => Ok(view.did_current(scid)?),
        }
    }

    /// Proves which state of an act is the newest, or that there is none. `signer` is the countersigner's SCID or DID.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn act_current(&self, signer: &str, act: &ActId) -> Result<CurrentProof, LedgerError> {
        match self {
            Self::Folder(view) => Ok(view.act_current(scid_of(signer), act)?),
            Self::Node(view) => Ok(view.act_current(signer, act)?),
        }
    }

    /// Proves which head of a status list is the newest, or that there is none.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn status_current(&self, issuer: &str, uri: &str) -> Result<CurrentProof, LedgerError> {
        match self {
            Self::Folder(view) => Ok(view.status_current(scid_of(issuer), uri)?),
            Self::Node(view) => Ok(view.status_current(issuer, uri)?),
        }
    }

    /// Proves what an authority stated last of somebody, or that it stated nothing.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn trust_current(&self, about: &TrustQuestion) -> Result<CurrentProof, LedgerError> {
        match self {
            Self::Folder(view) => Ok(view.current(&about.key())?),
            Self::Node(view) => Ok(view.trust_current(about)?),
        }
    }

    /// Proves whether a one-time use was made.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn once_current(&self, scope: &str, id: &OnceId) -> Result<CurrentProof, LedgerError> {
        match self {
            Self::Folder(view) => Ok(view.once_current(scope, id)?),
            Self::Node(view) => Ok(view.once_current(scope, id)?),
        }
    }
}

impl SourceView {
    /// What the map says of reports that this key was compromised, each with its newest entry; none if its DID made none.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn compromise_reports(&self, key: &DidUrl) -> Result<Vec<CurrentProof>, LedgerError> {
        let mut found = self.compromise_proofs(key)?;
        found.retain(|proof| proof.claimed_head().is_some());
        Ok(found)
    }

    /// The same, with a proof of absence for what there is none of.
    ///
    /// # Errors
    ///
    /// [`LedgerError`].
    pub fn compromise_proofs(&self, key: &DidUrl) -> Result<Vec<CurrentProof>, LedgerError> {
        let mut found = Vec::new();
        for statement in [TrustStatement::Authorization, TrustStatement::Recognition] {
            found.push(self.trust_current(&compromise(key, statement))?);
        }
        Ok(found)
    }
}
