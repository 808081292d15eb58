//! Receipts under a head that the log has signed and no quorum has seen yet: what `wait=checkpoint` asks for.
//!
//! In scope: a proof from the tiles that are published with such a head. Out of scope: all other receipts (`inkan-io`),
//! which wait for the quorum.

use std::path::Path;

use inkan_io::ledger_folder::LedgerReader;
use inkan_ledger::store::StoreError;
use inkan_ledger::tree::inclusion_from;
use inkan_ledger::tree::tiles::{Tile, TileNodes, decode_bundle};
use inkan_ledger::{Checkpoint, Receipt};

/// The receipt of a leaf under the newest signed head; `None` if that does not cover it, or cannot be read.
pub(crate) fn receipt(reader: &LedgerReader, data: &Path, index: u64) -> Option<Receipt> {
    let note = reader.signed_note().ok()??;
    let size = Checkpoint::parse_text(note.text()).ok()?.head().tree_size;
    let read = |tile: Tile| -> Result<Vec<u8>, StoreError> {
        let read = |tile: &Tile| std::fs::read(data.join(tile.path()));
        // A partial tile goes away when its full one is there.
        read(&tile)
            .or_else(|_| read(&tile.full()))
            .map_err(|error| StoreError::new(error.to_string()))
    };
    let proof = inclusion_from(&TileNodes::new(size, read), index, size).ok()?;
    let bundle = Tile::holding(0, index, size)?;
    let read = |bundle: &Tile| {
        let bytes = std::fs::read(data.join(bundle.entries_path())).ok()?;
        let place = usize::try_from(index.checked_sub(bundle.start())?).ok()?;
        let entries = decode_bundle(&bytes, bundle.width()).ok()?;
        entries.get(place).map(|leaf| leaf.to_vec())
    };
    let leaf = read(&bundle).or_else(|| read(&bundle.full()))?;
    Some(Receipt::new(leaf, &proof, &note))
}
