//! What others have seen of the log, asked before anything is signed (R8 of §3.4 of the ledger specification).
//!
//! In scope: who is asked, and when silence is too little. Out of scope: asking one of them (`cosigner`).

use inkan_ledger::tree::TreeHead;
use inkan_ledger::{LogPolicy, VerifierKey};

use super::error::LedgerFolderError;
use super::layout::Layout;
use crate::cosigner::{Cosigner, LocalWitness, check_newest, configured};
use crate::files;
use crate::note_key::{NoteSigner, Purpose};

/// Bytes of a list of names.
const NAMES: usize = 65_536;

/// What came of asking. Nobody who answered has seen more than was signed here.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    asked: Vec<VerifierKey>,
    /// Names of those that have a monitoring URL and did not answer.
    pub(crate) silent: Vec<String>,
    /// Names of witnesses of the ledger's policy for which there is neither a key nor an address here.
    pub(crate) unattended: Vec<String>,
}

impl Newest {
    /// Asks the witnesses in this process, and all of the file `cosigners`; `head` is what the log signed last.
    pub(crate) fn ask(
        layout: &Layout,
        policy: &LogPolicy,
        local: &mut [Box<dyn Cosigner>],
        head: &TreeHead,
    ) -> Result<Self, LedgerFolderError> {
        let logs = policy.logs();
        let mut silent = check_newest(local, logs, head)?;
        let mut elsewhere = configured(layout.root(), logs)?;
        silent.append(&mut check_newest(&mut elsewhere, logs, head)?);
        let asked: Vec<_> = elsewhere.iter().map(|cosigner| cosigner.key().clone()).collect();
        let here = |key| asked.contains(key) || local.iter().any(|witness| witness.key() == key);
        let unattended = policy.witnesses().iter().filter(|witness| !here(witness.key()));
        let unattended = unattended.map(|witness| witness.name().to_owned()).collect();
        Ok(Self { asked, silent, unattended })
    }

    /// Whether this cosigner was among those that were asked.
    pub(crate) fn has_asked(&self, cosigner: &dyn Cosigner) -> bool {
        self.asked.contains(cosigner.key())
    }

    /// After a guard was adopted nothing here shows what was signed last: then silence will not do, unless the operator
    /// accepted it.
    pub(crate) fn demand_answers(&self, layout: &Layout) -> Result<(), LedgerFolderError> {
        let path = layout.guard_unheard();
        let accepted = files::read_optional(&path, NAMES)?.unwrap_or_default();
        let accepted = String::from_utf8(accepted)
            .map_err(|_| LedgerFolderError::Malformed { path: path.clone() })?;
        let missing = |name: &&String| !accepted.lines().any(|line| line == name.as_str());
        let names: Vec<String> = self.silent.iter().filter(missing).cloned().collect();
        if names.is_empty() { Ok(()) } else { Err(LedgerFolderError::CosignersSilent { names }) }
    }
}

/// The witnesses whose keys lie in the folder.
pub(crate) fn local(layout: &Layout) -> Result<Vec<Box<dyn Cosigner>>, LedgerFolderError> {
    let mut witnesses: Vec<Box<dyn Cosigner>> = Vec::new();
    for name in layout.witnesses()? {
        witnesses.push(Box::new(local_witness(layout, &name)?));
    }
    Ok(witnesses)
}

/// One of them.
pub(crate) fn local_witness(
    layout: &Layout,
    name: &str,
) -> Result<LocalWitness, LedgerFolderError> {
    let log = NoteSigner::read(&layout.log_key(), Purpose::Log)?;
    let signer = NoteSigner::read(&layout.witness_key(name), Purpose::Witness)?;
    let seen = layout.witness_seen(name);
    Ok(LocalWitness::open(name, signer, vec![log.key], &seen)?)
}
