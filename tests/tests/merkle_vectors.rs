//! Public Merkle proofs of the transparency-dev project, right and wrong, one file each.

use std::path::Path;

use inkan_core::encoding::decode_b64;
use inkan_core::{Digest, sha256};
use inkan_ledger::tree::{InclusionProof, TreeHead, verify_consistency, verify_inclusion};
use inkan_ledger::{LeafHash, NodeHash};
use inkan_tests::{files_under, read_json, vectors};
use serde_json::Value;

#[test]
fn inclusion_proofs_are_accepted_and_refused_as_published() {
    check("inclusion", |case| {
        let leaf = digest(&case["leafHash"]).map(LeafHash::from_digest)?;
        let head = head(case, "treeSize", "root")?;
        let proof =
            InclusionProof { leaf_index: number(case, "leafIdx")?, path: path(&case["proof"])? };
        verify_inclusion(&leaf, &proof, &head).map_err(|error| error.code().to_owned())
    });
}

#[test]
fn consistency_proofs_are_accepted_and_refused_as_published() {
    check("consistency", |case| {
        let (old, new) = (head(case, "size1", "root1")?, head(case, "size2", "root2")?);
        verify_consistency(&old, &new, &path(&case["proof"])?)
            .map_err(|error| error.code().to_owned())
    });
}

/// Runs all files of one kind.
fn check(kind: &str, verify: impl Fn(&Value) -> Result<(), String>) {
    let Some(folder) = vectors("merkle") else { return };
    let files = files_under(&folder.join(kind), |path| has_extension(path, "json"));
    let (mut accepted, mut refused) = (0, 0);
    for file in &files {
        let case = read_json(file);
        let result = verify(&case);
        if case["wantErr"].as_bool().expect("wantErr is a boolean") {
            assert!(result.is_err(), "{} must be refused", file.display());
            refused += 1;
        } else {
            assert_eq!(result, Ok(()), "{}", file.display());
            accepted += 1;
        }
    }
    assert_eq!((accepted, refused), (6, 92), "all {kind} vectors were seen");
}

fn head(case: &Value, size: &str, root: &str) -> Result<TreeHead, String> {
    let root_hash = NodeHash::from_digest(digest(&case[root])?);
    Ok(TreeHead { tree_size: number(case, size)?, root_hash })
}

fn number(case: &Value, member: &str) -> Result<u64, String> {
    case[member].as_u64().ok_or_else(|| format!("{member} is no size"))
}

/// A hash. One file has other bytes where any would do: these are stood for by their own hash, so that equal ones stay equal.
/// No bytes at all are no hash.
fn digest(value: &Value) -> Result<Digest, String> {
    let bytes = value.as_str().and_then(|text| decode_b64(text).ok()).ok_or("not base64")?;
    if bytes.is_empty() {
        return Err("no hash".to_owned());
    }
    let other = sha256(&[&bytes]);
    Ok(bytes.try_into().map_or(other, Digest::from_bytes))
}

fn path(value: &Value) -> Result<Vec<NodeHash>, String> {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    items.iter().map(|item| digest(item).map(NodeHash::from_digest)).collect()
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension == wanted)
}
