//! Which refused checkpoints does a witness keep and tell of?
//!
//! In scope: what may be half of a split view, kept with the other half, each told once. Out of scope: the refusal
//! (`inkan_ledger::witness`), comparing the halves (`inkan ledger watch --compare`).
//!
//! | File under `refused/` | What |
//! |---|---|
//! | `<hash of origin>-<n>` | a head whose path has the right length and does not hold: anybody may have sent a wrong one |
//! | `<hash of origin>-proved-<n>` | a head of the size that was seen, with another root: only the log can have made it |
//! | either, and `.seen` | what had been seen then |
//!
//! Anybody may send heads that the log signed, with lines and paths of his own. So only the log's lines are kept, one text
//! counts once, and what is not proved never takes the place of what is.

use std::path::{Path, PathBuf};

use inkan_io::files::{self, Access};
use inkan_ledger::add_checkpoint::origin_hash;
use inkan_ledger::note::NOTE_LIMIT;
use inkan_ledger::tree::ConsistencyError;
use inkan_ledger::{Checkpoint, SignedNote};

/// So many heads of one log are kept, of either sort.
pub(super) const KEPT: usize = 16;

/// A head that a log signed and that was not shown to continue the one the witness had seen: perhaps the other half of a split
/// view.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// Name of the log.
    pub origin: String,
    /// File with the head that was refused.
    pub refused: PathBuf,
    /// File with the head that had been seen.
    pub seen: PathBuf,
    /// Whether the two prove by themselves that there are two histories: one size, two roots. If not, anybody may have sent it
    /// with a wrong path: only comparing tells.
    pub is_proven: bool,
}

/// Hears of each doubt once, on a thread of the service.
pub type OnDoubt = Box<dyn Fn(&Doubt) + Send + Sync>;

/// The folder of what was refused.
pub(super) struct Doubts {
    folder: PathBuf,
    on_doubt: OnDoubt,
}

impl Doubts {
    pub(super) const fn new(folder: PathBuf, on_doubt: OnDoubt) -> Self {
        Self { folder, on_doubt }
    }

    /// Keeps a head that the log signed (with its lines only) and that does not continue `before`, and tells. Best effort:
    /// nothing was cosigned.
    pub(super) fn hear(&self, refused: &SignedNote, before: &SignedNote, why: &ConsistencyError) {
        let heads = [before, refused].map(|note| Checkpoint::parse_text(note.text()));
        let [Ok(seen), Ok(head)] = heads else { return };
        let (seen_head, new_head) = (seen.head(), head.head());
        if seen_head == new_head {
            return;
        }
        let is_proven = seen_head.tree_size == new_head.tree_size;
        // A path of a wrong length says nothing of the tree.
        if !is_proven && *why != ConsistencyError::RootMismatch {
            return;
        }
        let hash = origin_hash(head.origin());
        let family = if is_proven { format!("{hash}-proved-") } else { format!("{hash}-") };
        let Some(place) = self.place(&family, refused.text(), is_proven) else { return };
        let doubt = Doubt {
            origin: head.origin().to_owned(),
            seen: self.folder.join(format!("{place}.seen")),
            refused: self.folder.join(place),
            is_proven,
        };
        // The record of what was seen goes on with the log.
        let half = |path: &Path, note: &SignedNote| {
            files::write_atomic(path, note.to_string().as_bytes(), Access::Private)
        };
        if half(&doubt.seen, before).and_then(|()| half(&doubt.refused, refused)).is_ok() {
            (self.on_doubt)(&doubt);
        }
    }

    /// The name under which to keep a text; none if it is kept already. The oldest of what proves nothing makes room; of what is
    /// proved the last place is used again, since only the log's operator can fill the others.
    fn place(&self, family: &str, text: &str, is_proven: bool) -> Option<String> {
        let mut numbers: Vec<u64> = files::list(&self.folder, ".seen")
            .ok()?
            .iter()
            .filter_map(|name| name.strip_prefix(family)?.parse().ok())
            .collect();
        numbers.sort_unstable();
        let name = |number: u64| format!("{family}{number}");
        if numbers.iter().any(|number| self.text_of(&name(*number)).as_deref() == Some(text)) {
            return None;
        }
        let newest = numbers.last().copied();
        if numbers.len() < KEPT {
            return Some(name(newest.map_or(0, |newest| newest.saturating_add(1))));
        }
        if is_proven {
            return newest.map(name);
        }
        for oldest in numbers.iter().take(numbers.len().saturating_sub(KEPT).saturating_add(1)) {
            let path = self.folder.join(name(*oldest));
            files::remove(&path).ok()?;
            files::remove(&self.folder.join(format!("{}.seen", name(*oldest)))).ok()?;
        }
        newest.map(|newest| name(newest.saturating_add(1)))
    }

    /// The text of the note that is kept under a name.
    fn text_of(&self, name: &str) -> Option<String> {
        let bytes = files::read_optional(&self.folder.join(name), NOTE_LIMIT).ok()??;
        let note = SignedNote::parse(std::str::from_utf8(&bytes).ok()?).ok()?;
        Some(note.text().to_owned())
    }
}
