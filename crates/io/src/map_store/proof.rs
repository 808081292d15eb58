//! The library's proof in the bytes of the specification (§4).

use inkan_core::{Digest, sha256};
use inkan_ledger::map::{MapKey, MapProof, empty_root};
use jmt::Sha256Jmt;

use super::rows::Nodes;
use super::{MapState, MapStoreError, key_hash};

/// Proves what stands under `key`, and checks the proof: a store that was altered gives none rather than a wrong one.
pub(super) fn prove(
    nodes: &Nodes<'_>,
    key: &MapKey,
    state: &MapState,
) -> Result<MapProof, MapStoreError> {
    let (_, found) = Sha256Jmt::new(nodes)
        .get_with_proof(key_hash(key), state.version)
        .map_err(MapStoreError::of_tree)?;
    // Leaf and siblings are private, but the library's own encoding shows them.
    let bytes = borsh::to_vec(&found).map_err(|error| MapStoreError::Damaged(error.to_string()))?;
    let proof = translate(&bytes)
        .and_then(|bytes| MapProof::parse(&bytes).ok())
        .ok_or_else(|| MapStoreError::Damaged("a proof that cannot be".into()))?;
    match proof.verify(key, &state.root) {
        Ok(_) => Ok(proof),
        Err(error) => Err(MapStoreError::Damaged(error.to_string())),
    }
}

/// From borsh (leaf: option; siblings: u32 little-endian, then each with its kind; deepest first) to ours.
fn translate(bytes: &[u8]) -> Option<Vec<u8>> {
    let (tag, mut rest) = bytes.split_first()?;
    let mut out = vec![1, *tag];
    if *tag == 1 {
        let (leaf, after) = rest.split_first_chunk::<64>()?;
        out.extend_from_slice(leaf);
        rest = after;
    }
    let (count, mut rest) = rest.split_first_chunk::<4>()?;
    let count = u32::from_le_bytes(*count);
    let mut siblings = Vec::new();
    for _ in 0..count {
        let (kind, after) = rest.split_first()?;
        rest = after;
        let domain: &[u8] = match kind {
            0 => {
                siblings.push(None);
                continue;
            }
            1 => b"JMT::IntrnalNode",
            2 => b"JMT::LeafNode",
            _ => return None,
        };
        let (two, after) = rest.split_first_chunk::<64>()?;
        siblings.push(Some(sha256(&[domain, two])));
        rest = after;
    }
    out.extend_from_slice(&u16::try_from(count).ok()?.to_be_bytes());
    // The library spells an empty sibling out as a hash where it computed one: the one byte form is "absent".
    let empty = empty_root();
    let present = |sibling: &Option<Digest>| sibling.filter(|digest| digest != empty.digest());
    for eight in siblings.chunks(8) {
        let bits = eight.iter().enumerate().map(|(i, s)| u8::from(present(s).is_some()) << (7 - i));
        out.push(bits.fold(0, |all, one| all | one));
    }
    for sibling in siblings.iter().filter_map(present) {
        out.extend_from_slice(sibling.as_bytes());
    }
    rest.is_empty().then_some(out)
}
