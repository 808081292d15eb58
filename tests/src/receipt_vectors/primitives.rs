//! Hashes: §2.8 of the ledger specification, tree roots of all sizes to 300, and map roots.

use inkan_core::encoding::b64;
use inkan_core::sha256;
use inkan_ledger::map::Map as KeyMap;
use inkan_ledger::{Flags, Kind, LeafHash, MapKey, MapValue, MerkleTree};
use serde_json::{Value, json};

use super::Group;

const SCID: &str = "QmYNCgQySUjGKHdgzBu5RKqGuFEKjgBsDBgpcmERxzHNjr";

/// The file.
///
/// # Panics
///
/// Never: the sizes are those of the tree.
#[must_use]
pub fn group() -> Group {
    let mut group = Group::new(
        "primitives",
        "Leaf hashes, commitments, map keys and roots (sections 2.8 and 4), and RFC 9162 roots of trees of 1 to 300 leaves.",
        json!({ "check": "primitive" }),
    );
    let value = |hex: &str| json!({ "value": hex });
    let salt: Vec<u8> = (0..16).collect();
    let genesis = format!(
        "inkan-leaf/v1\nepoch\n1768464000\n{{\"keys\":0,\"map\":\"{}\",\"params\":\"{}\",\"prev\":null,\"rules\":1,\"size\":0}}",
        inkan_core::encoding::b64u(b"SPARSE_MERKLE_PLACEHOLDER_HASH__"),
        sha256(&[]).to_b64u(),
    );
    group.holds(
        "commitment",
        json!({
            "of": "commitment", "kind": "issuance", "scid": SCID, "salt": { "b64": b64(&salt) },
            "digest": sha256(&[b"abc"]).to_hex(),
        }),
        &value("706fb94af0723e876b6c34f43fad47039bf16c862b18332da0341a92bd008dc7"),
    );
    group.holds(
        "hash of the genesis leaf",
        json!({ "of": "leaf-hash", "leaf": genesis }),
        &value("9036d8458c4003cd8b346ab73d1d57c6653c67ff6f952694f12c2768c663820a"),
    );
    let x = inkan_core::encoding::b64u(&(0..32).collect::<Vec<u8>>());
    for (kind, parts, hex) in [
        ("did", json!([SCID]), "7bb82f3136cd3bc53f5ecd66ef54920dbb739141275aac2d7f870b97764a5099"),
        (
            "countersignature",
            json!([SCID, x]),
            "a8d3ff7cd87e5c13018905cd964e1672edc8a9a579dc4c117b963a208a607517",
        ),
        (
            "once",
            json!(["coupon", x]),
            "ed8eb31de2bca4752fdc09dd8809feecab482483cc8b4117c7a3636effc12242",
        ),
    ] {
        group.holds(
            format!("map key of a {kind}"),
            json!({ "of": "map-key", "kind": kind, "parts": parts }),
            &value(hex),
        );
    }
    let leaf_hash = LeafHash::of(b"x");
    let first = MapValue {
        kind: Kind::Did,
        flags: Flags::PRE_ROTATION.with(Flags::PORTABLE),
        sequence: 1,
        leaf_index: 1,
        leaf_hash,
    };
    group.holds(
        "map root of one key",
        map_root(&[(MapKey::did(SCID), SCID.to_owned(), first)]),
        &value("4dae698fe641f5ec6b6898fd101116e6b2fbb36ded8cfb6f6e386484f3e1b2bc"),
    );
    group.holds(
        "map root without keys",
        map_root(&[]),
        &value(&inkan_core::encoding::hex(b"SPARSE_MERKLE_PLACEHOLDER_HASH__")),
    );
    for count in [2_u64, 3, 8, 33] {
        let heads: Vec<_> = (0..count)
            .map(|number| {
                let scid = format!("scid-{number}");
                let value = MapValue { sequence: number + 1, leaf_index: number, ..first };
                (MapKey::did(&scid), scid, value)
            })
            .collect();
        let root =
            KeyMap::new(&heads.iter().map(|(key, _, value)| (*key, *value)).collect()).root();
        group.holds(
            format!("map root of {count} keys"),
            map_root(&heads),
            &value(&root.digest().to_hex()),
        );
    }
    let leaves: Vec<_> = (0..300_u32).map(|n| LeafHash::of(&n.to_be_bytes())).collect();
    let mut tree = MerkleTree::new();
    let mut roots = Vec::new();
    for leaf in &leaves {
        let size = tree.append(*leaf) + 1;
        roots.push(tree.root(size).expect("a root").digest().to_hex());
    }
    let leaves: Vec<_> = leaves.iter().map(|leaf| leaf.digest().to_hex()).collect();
    group.holds(
        "roots of 1 to 300 leaves",
        json!({ "of": "tree-roots", "leafHashes": leaves }),
        &json!({ "value": roots }),
    );
    group.refused("no such primitive", json!({ "of": "magic" }), "malformed-receipt");
    group
}

fn map_root(heads: &[(MapKey, String, MapValue)]) -> Value {
    let heads: Vec<_> = heads
        .iter()
        .map(|(_, scid, value)| {
            json!({ "kind": "did", "parts": [scid], "value": { "b64": b64(&value.to_bytes()) } })
        })
        .collect();
    json!({ "of": "map-root", "heads": heads })
}
