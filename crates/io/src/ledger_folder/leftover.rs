//! Partial tiles that nobody needs any more: their full tile has been served for an hour (§3.2 of the ledger specification).
//!
//! A node forgets them as it writes full tiles, but not those of before its start. In scope: finding and removing them.
//! Whoever asks for one gets the full tile, which begins with the same bytes. What cannot be removed is a waste of room, and
//! no error.

use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use inkan_core::Timestamp;
use inkan_ledger::tree::tiles::Tile;

/// How long a partial tile is kept after its full one is there.
pub(crate) const KEEP: Duration = Duration::from_secs(3_600);

/// Removes all of them below a data folder.
pub(crate) fn sweep(root: &Path, keep: Duration, now: Timestamp) {
    walk(&root.join("tile"), &Limit::new(keep, now), Deep::Yes);
}

/// Removes those in the folders in which a tree of `size` leaves grows: a thousand names at most are looked at.
pub(crate) fn sweep_edge(root: &Path, size: u64, keep: Duration, now: Timestamp) {
    let limit = Limit::new(keep, now);
    // The tile that became full last may be in the folder before.
    for leaves in [size, size.saturating_sub(256)] {
        let tile = leaves.checked_sub(1).and_then(|last| Tile::holding(0, last, leaves));
        let Some(tile) = tile.map(|tile| tile.full()) else { continue };
        for path in [tile.path(), tile.entries_path()] {
            if let Some(parent) = root.join(path).parent() {
                walk(parent, &limit, Deep::No);
            }
        }
    }
}

/// Up to when a full tile must have been written.
struct Limit(u64);

impl Limit {
    fn new(keep: Duration, now: Timestamp) -> Self {
        let now = u64::try_from(now.seconds()).unwrap_or(0);
        Self(now.saturating_sub(keep.as_secs()))
    }

    fn has_passed(&self, full: &Path) -> bool {
        let written = fs::metadata(full).ok().filter(fs::Metadata::is_file);
        let written = written.and_then(|found| found.modified().ok());
        let written = written.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        written.is_some_and(|time| time.as_secs() <= self.0)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Deep {
    Yes,
    No,
}

fn walk(folder: &Path, limit: &Limit, deep: Deep) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        if path.extension().is_some_and(|end| end == "p") {
            if limit.has_passed(&path.with_extension("")) {
                let _ = fs::remove_dir_all(&path);
            }
        } else if deep == Deep::Yes {
            walk(&path, limit, deep);
        }
    }
}

#[cfg(test)]
mod tests;
