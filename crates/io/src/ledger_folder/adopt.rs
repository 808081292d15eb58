//! Adopting a guard that was lost (R2 of §3.4 of the ledger specification): the operator's decision, after comparing.
//!
//! In scope: all that could know of a newer head is asked before the published one is taken for the last. Out of scope: the
//! event in the log (`recover`, `engine`).

use inkan_ledger::cosignature::verify_cosignature;
use inkan_ledger::note::KeyMaterial;
use inkan_ledger::tree::TreeHead;
use inkan_ledger::{Checkpoint, LogPolicy, SignedNote, VerifierKey};

use super::edge;
use super::error::LedgerFolderError;
use super::guard::Guard;
use super::layout::{self, Layout, WriterLock};
use super::newest::{Newest, local_witness};
use super::recover;
use crate::cosigner::{Cosigner, LocalWitness, is_ahead, signed_head};
use crate::files::layer::{make_folders, put};
use crate::files::{self, Access, SystemFiles};

/// How a guard is adopted.
#[derive(Clone, Debug, Default)]
pub struct AdoptOptions {
    /// Heads of this log that witnesses, mirrors and profiles have; those of other logs say nothing.
    pub seen: Vec<SignedNote>,
    /// Go on though cosigners with a monitoring URL do not answer: they may have seen more.
    pub accept_silence: bool,
    /// Compare, and change nothing.
    pub dry_run: bool,
}

/// A guard that was adopted, or would be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Adopted {
    /// The head that counts as the last one signed.
    pub head: TreeHead,
    /// Cosigners that did not answer.
    pub silent: Vec<String>,
}

/// A witness in this process.
type Named = (String, LocalWitness);

/// See [`super::LedgerFolder::adopt_guard`].
pub(super) fn adopt(layout: &Layout, options: &AdoptOptions) -> Result<Adopted, LedgerFolderError> {
    let (_, policy) = recover::read_policy(layout)?;
    let origin = super::origin_of(layout, &policy)?;
    let lock = WriterLock::take(layout)?;
    let missing = || LedgerFolderError::NotFound { path: layout.checkpoint() };
    let note = recover::read_note(&layout.checkpoint())?.ok_or_else(missing)?;
    // Only what this log's own key signed, and what the tiles hold.
    let malformed = || LedgerFolderError::Malformed { path: layout.checkpoint() };
    let head = signed_head(&note, policy.logs()).ok_or_else(malformed)?;
    let (witnesses, forgetful) = witnesses(layout)?;
    if let Some(folder) = layout.guard().parent()
        && !options.dry_run
    {
        make_folders(&SystemFiles, folder, Access::Private)?;
    }
    let _lock = lock.and_guard(layout, origin)?;
    let damaged = is_needed(layout, origin, head, !forgetful.is_empty())?;
    if edge::root_on_disk(layout.root(), head.tree_size)? != head.root_hash {
        let path = edge::blame(layout.root(), head.tree_size);
        return Err(LedgerFolderError::TileDamaged { path });
    }
    if options.seen.iter().any(|other| is_ahead(other, policy.logs(), &head)) {
        return Err(LedgerFolderError::GuardBehind { path: layout.guard() });
    }
    let mut local: Vec<Box<dyn Cosigner>> = Vec::new();
    for (name, mut witness) in witnesses {
        let shown = std::iter::once(&note).chain(&options.seen);
        if let Some(cosigned) = newest_line(shown, witness.key(), &policy)
            && witness.seen()?.head().tree_size < cosigned
        {
            return Err(LedgerFolderError::WitnessBehind { path: layout.witness_seen(&name) });
        }
        local.push(Box::new(witness));
    }
    let silent = Newest::ask(layout, &policy, &mut local, &head)?.silent;
    if !options.accept_silence && !silent.is_empty() {
        return Err(LedgerFolderError::CosignersSilent { names: silent });
    }
    if !options.dry_run {
        if damaged {
            // What is no database can take no record.
            for name in ["checkpoint.db", "checkpoint.db-wal", "checkpoint.db-shm"] {
                files::remove(&layout.guard().with_file_name(name))?;
            }
        }
        let text = Checkpoint::new(origin, head).map_err(|_| malformed())?.to_text();
        let unheard: String = silent.iter().map(|name| format!("{name}\n")).collect();
        put(&SystemFiles, &layout.guard_unheard(), unheard.as_bytes(), Access::Private)?;
        put(&SystemFiles, &layout.guard_event(), text.as_bytes(), Access::Private)?;
        for name in forgetful {
            let seen = layout.witness_seen(&name);
            put(&SystemFiles, &seen, note.to_string().as_bytes(), Access::Private)?;
        }
        Guard::adopt(&SystemFiles, &layout.guard(), origin, head)?;
    }
    Ok(Adopted { head, silent })
}

/// Refuses if the record is there and knows as much as was published; whether it is there and cannot be read.
fn is_needed(
    layout: &Layout,
    origin: &str,
    published: TreeHead,
    forgetful: bool,
) -> Result<bool, LedgerFolderError> {
    let guard = match Guard::open(&layout.guard(), origin) {
        Ok(guard) => guard.head(),
        Err(LedgerFolderError::Database(error)) if !error.is_damaged() => return Err(error.into()),
        Err(LedgerFolderError::Database(_)) => return Ok(true),
        Err(_) => return Ok(false),
    };
    let pending = forgetful || layout::exists(&layout.guard_event())?;
    let in_order = guard.tree_size > published.tree_size || (guard == published && !pending);
    if in_order {
        let (path, size) = (layout.guard(), guard.tree_size);
        return Err(LedgerFolderError::GuardInOrder { path, size });
    }
    if guard.tree_size == published.tree_size && guard != published {
        // Two heads of one size: one of them was signed on another copy.
        return Err(LedgerFolderError::GuardBehind { path: layout.guard() });
    }
    Ok(false)
}

/// The witnesses in this process, and the names of those whose memory is gone.
fn witnesses(layout: &Layout) -> Result<(Vec<Named>, Vec<String>), LedgerFolderError> {
    let (mut open, mut forgetful) = (Vec::new(), Vec::new());
    for name in layout.witnesses()? {
        if layout::exists(&layout.witness_seen(&name))? {
            let witness = local_witness(layout, &name)?;
            open.push((name, witness));
        } else {
            forgetful.push(name);
        }
    }
    Ok((open, forgetful))
}

/// Leaves under the largest of these heads that has a cosignature of this key.
fn newest_line<'a>(
    notes: impl Iterator<Item = &'a SignedNote>,
    key: &VerifierKey,
    policy: &LogPolicy,
) -> Option<u64> {
    let KeyMaterial::Cosignature(public) = key.material() else { return None };
    let cosigned = |note: &&SignedNote| {
        let mut lines = note.signatures().iter().filter(|line| key.matches(line));
        lines.any(|line| verify_cosignature(note.text(), &line.signature, public).is_ok())
    };
    let heads = notes.filter(cosigned).filter_map(|note| signed_head(note, policy.logs()));
    heads.map(|head| head.tree_size).max()
}
