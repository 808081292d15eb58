//! A mirror: a copy of somebody else's log, judged leaf by leaf, and cosigned only if every rule holds (§3.3).
//!
//! In scope: pulling entry bundles and parameters documents, running §2 and §6 with signatures again, rebuilding the map,
//! comparing every epoch leaf, keeping leaves and tiles, the mirror's own record and key. Out of scope: the rules
//! (`inkan-ledger`), serving (`inkan-server`).
//!
//! | Path under the folder | What |
//! |---|---|
//! | `LOCK` | held by the one process that uses the folder |
//! | `key`, `seen` | the mirror's key; the newest checkpoint it cosigned |
//! | `tile/…`, `params/<hex>`, `checkpoint` | the copy, laid out as the log itself is |
//! | `map.pages` | nodes of the map; derived |
//! | `equivocations/<scid>.json` | what shows two histories of a DID, as the log's node had it |
//!
//! The state of a mirror (heads, entry ids) is in memory and read again from its own leaves at the start: about 300 bytes
//! for each leaf.

use std::path::{Path, PathBuf};

use inkan_core::{CryptoRng, Digest, Timestamp, sha256};
use inkan_ledger::epoch::{Epoch, MapRoot};
use inkan_ledger::leaf::{self, Kind};
use inkan_ledger::note::SignatureLine;
use inkan_ledger::parameters::PARAMS_LIMIT;
use inkan_ledger::state::{Changes, Machine};
use inkan_ledger::store::StoreError;
use inkan_ledger::tree::tiles::{bundles_of_growth, tiles_of_growth};
use inkan_ledger::tree::{LeafHash, TreeHead};
use inkan_ledger::{MerkleTree, SignedNote, VerifierKey};

mod audit;
mod base;
mod error;
mod forks;
mod restore;
mod source;

pub use audit::audit;
pub use error::MirrorError;
pub use forks::{ForksToAsk, forks_path};
pub use restore::{Restored, Touch, restore_folder};
pub use source::MirrorSource;

use crate::cosigner::{CosignError, LocalWitness, Seen, signed_head, with_lines_of};
use crate::files::{self, Access, FolderLock};
use crate::map_store::MapStore;
use crate::note_key::{NoteSigner, Purpose};
use base::MirrorBase;

/// Leaves after which what they changed is moved out of the machine.
const SETTLED: u64 = 1_024;

/// A mirror of one log.
#[derive(Debug)]
pub struct Mirror {
    folder: PathBuf,
    origin: String,
    logs: Vec<VerifierKey>,
    key: VerifierKey,
    witness: LocalWitness,
    /// `None` before the first leaf, and after a failure of anything but the source: then it is read from the disk again. It may
    /// go further than what was cosigned.
    copy: Option<Copy>,
    _lock: FolderLock,
}

/// What was judged so far.
#[derive(Debug)]
struct Copy {
    machine: Machine<MirrorBase>,
    tree: MerkleTree,
    map: MapStore,
    /// DIDs that may have been forked.
    met: forks::Met,
}

/// What a mirror did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mirrored {
    /// The head that it cosigned.
    pub head: TreeHead,
    /// Leaves that it had not had before.
    pub new_leaves: u64,
    /// Its line.
    pub line: SignatureLine,
}

impl Mirror {
    /// Opens a mirror of the log with these keys, all of one name; makes its folder, key and record if there is none.
    ///
    /// `name` is that of a new key.
    ///
    /// # Errors
    ///
    /// [`MirrorError`].
    pub fn open(
        folder: &Path,
        name: &str,
        logs: Vec<VerifierKey>,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, MirrorError> {
        let origin = logs.first().map_or("", VerifierKey::name).to_owned();
        for sub in [folder.to_path_buf(), folder.join("params")] {
            files::create_folder(&sub, Access::Public)?;
        }
        let lock = files::try_lock(folder)?;
        let (key, seen) = (folder.join("key"), folder.join("seen"));
        // The key is made last: with a key and without a record, the record was lost.
        if files::read_optional(&key, 1_024)?.is_none() {
            Seen::create(&seen, &origin)?;
        }
        let signer = NoteSigner::create(&key, name, Purpose::Witness, rng)?;
        let key = signer.key().clone();
        let witness = LocalWitness::open(key.name(), signer, logs.clone(), &seen)?;
        let folder = folder.to_path_buf();
        Ok(Self { folder, origin, logs, key, witness, copy: None, _lock: lock })
    }

    /// What its lines are verified with.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The newest checkpoint that it cosigned, with the log's line and its own.
    ///
    /// # Errors
    ///
    /// [`MirrorError`] if its record cannot be read.
    pub fn newest(&mut self) -> Result<Option<SignedNote>, MirrorError> {
        Ok(self.witness.seen()?.note().cloned())
    }

    /// Follows the log up to its newest checkpoint.
    ///
    /// # Errors
    ///
    /// As [`Self::follow_to`].
    pub fn follow(
        &mut self,
        source: &mut MirrorSource,
        now: Timestamp,
    ) -> Result<Mirrored, MirrorError> {
        let note = source.checkpoint()?;
        self.follow_to(&note, source, now)
    }

    /// The DIDs whose turn it is to be asked about: beside the log, and by somebody who holds up nothing else.
    pub fn forks_to_ask(&mut self) -> Option<ForksToAsk> {
        let log = self.logs.first()?.clone();
        let scids = self.copy.as_mut()?.met.next();
        Some(ForksToAsk { scids, folder: self.folder.clone(), log })
    }

    /// Those that nobody came to have their turn first, next time.
    pub fn ask_first(&mut self, scids: &[String]) {
        if let Some(copy) = &mut self.copy {
            copy.met.put_first(scids);
        }
    }

    /// Follows the log up to a checkpoint, judges every leaf on the way, and cosigns if all agrees.
    ///
    /// # Errors
    ///
    /// [`MirrorError::Rule`] names the leaf that broke a rule; [`MirrorError::RootMismatch`],
    /// [`MirrorError::NotSealed`] and [`MirrorError::Cosign`] are the log's fault too. Others are worth a retry. In no case
    /// anything is cosigned.
    pub fn follow_to(
        &mut self,
        note: &SignedNote,
        source: &mut MirrorSource,
        now: Timestamp,
    ) -> Result<Mirrored, MirrorError> {
        let head = signed_head(note, &self.logs).ok_or(MirrorError::NotTheLog)?;
        let seen = self.witness.seen()?.head();
        if head.tree_size < seen.tree_size {
            return Err(MirrorError::Older { seen: seen.tree_size, size: head.tree_size });
        }
        let mut copy = match self.copy.take() {
            Some(copy) if copy.tree.size() >= seen.tree_size => Some(copy),
            Some(_) | None if seen.tree_size == 0 => None,
            Some(_) | None => Some(self.load(&seen)?),
        };
        if head.tree_size > seen.tree_size {
            let judged = copy.as_ref().map_or(0, |copy| copy.tree.size());
            if judged > head.tree_size {
                self.copy = copy;
                return Err(MirrorError::JudgedFurther { judged, size: head.tree_size });
            }
            if let Err(error) = self.judge(&mut copy, &head, source) {
                // A large log takes hours, in which a source fails now and then: what was judged stays judged. It counts for
                // something only under a root that is the signed one. What is half judged when anything else fails is
                // forgotten.
                if error.is_of_the_source() {
                    self.copy = copy;
                }
                return Err(error);
            }
        }
        let copy = copy.ok_or(MirrorError::NotSealed)?;
        self.store(&copy.tree, seen.tree_size, head.tree_size)?;
        let path = match seen.tree_size {
            0 => Vec::new(),
            old => copy
                .tree
                .consistency(old, head.tree_size)
                .map_err(|_| MirrorError::Damaged { path: self.folder.clone() })?,
        };
        let bare = with_lines_of(note, &self.logs);
        let line = self.witness.add_checkpoint(seen.tree_size, &path, &bare, now)?;
        if let Some(kept) = self.witness.seen()?.note() {
            let text = kept.to_string();
            files::write_atomic(&self.folder.join("checkpoint"), text.as_bytes(), Access::Public)?;
        }
        self.copy = Some(copy);
        let new_leaves = head.tree_size.saturating_sub(seen.tree_size);
        Ok(Mirrored { head, new_leaves, line })
    }

    /// Pulls and judges the leaves that are new, and stores their bundles.
    fn judge(
        &self,
        copy: &mut Option<Copy>,
        head: &TreeHead,
        source: &mut MirrorSource,
    ) -> Result<(), MirrorError> {
        let old = copy.as_ref().map_or(0, |copy| copy.tree.size());
        // The last bundle in any case: whoever was stopped in the middle of it has not stored it.
        let from = old.min(head.tree_size.saturating_sub(1));
        for tile in bundles_of_growth(from, head.tree_size) {
            let entries = source.bundle(&tile)?;
            for (place, entry) in (tile.start()..).zip(&entries) {
                if place < old {
                    // It was judged before, and stays what it was.
                    let known = copy.as_ref().and_then(|copy| copy.tree.leaf_hash(place).ok());
                    if known != Some(LeafHash::of(entry)) {
                        return Err(MirrorError::RootMismatch { size: head.tree_size });
                    }
                    continue;
                }
                let copy = match copy.as_mut() {
                    Some(copy) => copy,
                    None => copy.insert(self.begin(entry, source)?),
                };
                self.document_of(entry, source, copy)?;
                copy.audit(entry)?;
            }
            // A leaf that broke a rule is not stored. What is beyond the newest cosigned head counts for nothing yet.
            let path = self.folder.join(tile.entries_path());
            let bytes =
                inkan_ledger::tree::tiles::encode_bundle(entries.iter().map(Vec::as_slice))?;
            write(&path, &bytes)?;
        }
        let Some(copy) = copy.as_mut() else { return Ok(()) };
        if copy.machine.standing().root() != head.root_hash {
            return Err(MirrorError::RootMismatch { size: head.tree_size });
        }
        if !copy.machine.standing().is_sealed() {
            return Err(MirrorError::NotSealed);
        }
        copy.settle();
        Ok(())
    }

    /// The log before its first leaf, which names the first parameters.
    fn begin(&self, genesis: &[u8], source: &mut MirrorSource) -> Result<Copy, MirrorError> {
        let digest = params_of(genesis).ok_or(MirrorError::NotSealed)?;
        let document = self.document(&digest, source)?;
        self.empty(&document)
    }

    fn empty(&self, document: &[u8]) -> Result<Copy, MirrorError> {
        let path = self.folder.join("map.pages");
        files::remove(&path)?;
        let map = MapStore::open(&path)?;
        let base = MirrorBase::new(&self.folder);
        let machine =
            Machine::new(&self.origin, document, base).map_err(MirrorError::Parameters)?;
        Ok(Copy { machine, tree: MerkleTree::new(), map, met: forks::Met::default() })
    }

    /// Makes the document that an epoch leaf names known.
    fn document_of(
        &self,
        entry: &[u8],
        source: &mut MirrorSource,
        copy: &mut Copy,
    ) -> Result<(), MirrorError> {
        let Some(digest) = params_of(entry) else { return Ok(()) };
        if !copy.machine.base().has_document(&digest) {
            let document = self.document(&digest, source)?;
            copy.machine.base_mut().put_document(&document);
        }
        Ok(())
    }

    /// A parameters document: our own copy, or the log's, which is kept.
    fn document(&self, digest: &Digest, source: &mut MirrorSource) -> Result<Vec<u8>, MirrorError> {
        let path = self.folder.join("params").join(digest.to_hex());
        if let Some(document) = files::read_optional(&path, PARAMS_LIMIT)?
            && sha256(&[&document]) == *digest
        {
            return Ok(document);
        }
        let document = source.document(digest)?;
        files::write_atomic(&path, &document, Access::Public)?;
        Ok(document)
    }

    /// Reads what was judged before from the mirror's own folder; signatures are not checked again.
    fn load(&self, seen: &TreeHead) -> Result<Copy, MirrorError> {
        let mut own = MirrorSource::folder(&self.folder);
        let mut copy: Option<Copy> = None;
        for tile in bundles_of_growth(0, seen.tree_size) {
            for entry in own.bundle(&tile)? {
                let copy = match copy.as_mut() {
                    Some(copy) => copy,
                    None => copy.insert(self.begin(&entry, &mut own)?),
                };
                self.document_of(&entry, &mut own, copy)?;
                copy.replay(&entry)?;
            }
        }
        let damaged = || MirrorError::Damaged { path: self.folder.clone() };
        let mut copy = copy.ok_or_else(damaged)?;
        copy.settle();
        if copy.machine.standing().root() == seen.root_hash { Ok(copy) } else { Err(damaged()) }
    }

    /// Stores the tiles between two sizes; bundles are stored already.
    fn store(&self, tree: &MerkleTree, old: u64, new: u64) -> Result<(), MirrorError> {
        for tile in tiles_of_growth(old, new) {
            write(&self.folder.join(tile.path()), &tile.bytes_from(tree)?)?;
        }
        Ok(())
    }
}

impl Copy {
    /// Judges one leaf by all rules.
    fn audit(&mut self, entry: &[u8]) -> Result<(), MirrorError> {
        let Self { machine, tree, map, .. } = self;
        machine.base_mut().expect(tree.size(), entry);
        let state = map.newest();
        let placed = machine
            .audit(entry, || Ok::<_, StoreError>(MapRoot { root: state.root, keys: state.keys }))?;
        self.took_in(placed.head, entry)
    }

    /// Takes in a leaf that was judged before.
    fn replay(&mut self, entry: &[u8]) -> Result<(), MirrorError> {
        self.machine.base_mut().expect(self.tree.size(), entry);
        let placed = self.machine.replay(entry)?;
        self.took_in(placed.head, entry)
    }

    fn took_in(
        &mut self,
        head: Option<(inkan_ledger::MapKey, inkan_ledger::MapValue)>,
        entry: &[u8],
    ) -> Result<(), MirrorError> {
        self.met.meet(head.as_ref(), entry);
        let size = self.tree.append(LeafHash::of(entry)).saturating_add(1);
        self.map.apply(size, head.as_slice())?;
        if size.is_multiple_of(SETTLED) {
            self.settle();
        }
        Ok(())
    }

    /// Moves what the leaves changed from the machine to its base.
    fn settle(&mut self) {
        let changes: Changes = self.machine.take_changes();
        self.machine.base_mut().store(&changes);
        self.machine.settle();
    }
}

/// The digest of the parameters that an epoch leaf names; `None` of any other leaf.
fn params_of(entry: &[u8]) -> Option<Digest> {
    let (kind, _, body) = leaf::split(entry).ok()?;
    (kind == Kind::Epoch).then(|| Epoch::parse(body).ok()).flatten().map(|epoch| epoch.params)
}

/// Writes a file of the copy, and its folders; says whether it was not there as it is.
fn write(path: &Path, bytes: &[u8]) -> Result<bool, MirrorError> {
    if let Some(folder) = path.parent() {
        files::create_folder(folder, Access::Public)?;
    }
    if files::read_optional(path, bytes.len()).is_ok_and(|old| old.as_deref() == Some(bytes)) {
        return Ok(false);
    }
    files::write_atomic(path, bytes, Access::Public)?;
    Ok(true)
}

impl From<CosignError> for MirrorError {
    fn from(error: CosignError) -> Self {
        Self::Cosign(error)
    }
}

#[cfg(test)]
mod tests;
