//! A COSE Receipt (RFC 9942), judged as a receipt: it has no quorum of its own, so the head of its tree is asked of the ledger.

use inkan_ledger::tree::LeafHash;
use inkan_ledger::{CoseReceipt, Receipt};

use super::leaf_of;
use crate::args::CheckArgs;
use crate::context::{Context, Home, Input};
use crate::failure::{CliError, Failure};
use crate::ledgers::Reading;
use crate::render::safe;

/// The receipt under the log's note of that tree, to be judged by the pinned policy, and what is to be said besides.
///
/// The signature is checked with the key that the log's node names; a folder, and files alone, name none. What the entry's place
/// rests on is the note.
pub(super) fn joined(
    cose: &CoseReceipt,
    input: &Input,
    args: &CheckArgs,
    (home, context): (&Home, &Context),
) -> Result<(Receipt, String), Failure> {
    let reading = Reading::open(home, context)?;
    let source = reading.source();
    if cose.origin() != source.origin() {
        let told = format!(
            "it is of {}, and the ledger that is asked is {}: name that one with --ledger",
            safe(cose.origin(), 80),
            source.origin()
        );
        return Err(Failure::new("unknown-log", told).during(&input.name));
    }
    let leaf = leaf_of(cose.proof().leaf_index, args, home, context)?;
    let failed = |error: inkan_ledger::CoseError| {
        Failure::from_error(error.code(), &error).during(&input.name)
    };
    let said = match source.cose_key()? {
        Some(key) => {
            cose.verify(&LeafHash::of(&leaf), &key).map_err(failed)?;
            "  signed with the key that the node names; its place rests on the head of that tree, as the pinned policy takes it\n"
        }
        None => {
            "  its own signature was not checked: only a node says with which key; its place rests on the head of that tree\n"
        }
    };
    let size = cose.tree_size();
    let view = source.view_of(size)?.ok_or(CliError::NoCheckpointOf { size })?;
    Ok((Receipt::new(leaf, cose.proof(), view.note()), said.to_owned()))
}
