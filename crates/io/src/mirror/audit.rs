//! Judges the log in a folder again, from its first leaf: what a mirror does, without a copy, a key or a cosignature.

use std::path::Path;

use inkan_ledger::MerkleTree;
use inkan_ledger::state::Machine;
use inkan_ledger::tree::tiles::bundles_of_growth;
use inkan_ledger::tree::{Frontier, LeafHash, TreeHead};

use super::base::MirrorBase;
use super::error::MirrorError;
use super::source::MirrorSource;
use super::{Copy, params_of};
use crate::map_store::MapStore;

/// Hashes all leaves in `folder` below `head` again, and judges each by the rules, its signature and the map among them;
/// the folder is only read. The map is built in `scratch`, what the leaves amount to in memory: some 400 bytes for each.
///
/// `head` must be verified. `progress` hears how many leaves are done.
///
/// # Errors
///
/// [`MirrorError::RootMismatch`] if the leaves are not those under `head`: the folder is damaged, and nothing is said of the
/// rules. Else [`MirrorError::Rule`] names the first leaf that breaks one, though the log has signed it;
/// [`MirrorError::NotSealed`] and [`MirrorError::Parameters`] are the log's fault too. Others: a file is missing or
/// malformed, or cannot be read.
pub fn audit(
    folder: &Path,
    origin: &str,
    head: &TreeHead,
    scratch: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<(), MirrorError> {
    let mut audit = Audit { folder, origin, scratch, copy: None };
    let mut own = MirrorSource::folder(folder);
    let mut edge = Frontier::new();
    let mut broken = None;
    for tile in bundles_of_growth(0, head.tree_size) {
        for entry in own.bundle(&tile)? {
            edge.append(LeafHash::of(&entry));
            if broken.is_none() {
                match audit.judge(&entry, &mut own) {
                    Ok(()) => {}
                    // A leaf is accused of something only if the log has signed it: on to the end with the hashes.
                    Err(error) if error.is_fault_of_the_log() => broken = Some(error),
                    Err(error) => return Err(error),
                }
            }
            progress(edge.size());
        }
    }
    if edge.root() != head.root_hash {
        return Err(MirrorError::RootMismatch { size: head.tree_size });
    }
    match (broken, audit.copy) {
        (Some(error), _) => Err(error),
        (None, Some(copy)) if copy.machine.standing().is_sealed() => Ok(()),
        (None, _) => Err(MirrorError::NotSealed),
    }
}

struct Audit<'a> {
    folder: &'a Path,
    origin: &'a str,
    scratch: &'a Path,
    copy: Option<Copy>,
}

impl Audit<'_> {
    fn judge(&mut self, entry: &[u8], own: &mut MirrorSource) -> Result<(), MirrorError> {
        let named = params_of(entry);
        let copy = match self.copy.take() {
            Some(copy) => self.copy.insert(copy),
            None => {
                // The first leaf names the first parameters.
                let document = own.document(&named.ok_or(MirrorError::NotSealed)?)?;
                let base = MirrorBase::new(self.folder);
                let machine =
                    Machine::new(self.origin, &document, base).map_err(MirrorError::Parameters)?;
                let map = MapStore::open(&self.scratch.join("map.pages"))?;
                self.copy.insert(Copy {
                    machine,
                    tree: MerkleTree::new(),
                    map,
                    met: super::forks::Met::default(),
                })
            }
        };
        if let Some(digest) = named.filter(|digest| !copy.machine.base().has_document(digest)) {
            let document = own.document(&digest)?;
            copy.machine.base_mut().put_document(&document);
        }
        copy.audit(entry)
    }
}
