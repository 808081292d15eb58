//! Batches of records (§2.5 and §5.5 of the ledger specification): one anchor for many records, each with a path of its own.
//!
//! In scope: the tree over the records of a batch, and the way from one record to its root. Out of scope: whether an
//! anchor commits to that root (`opening`), where records and salts are kept.
//!
//! Each record has a salt of its own: who is given one record with its path learns nothing of its neighbours, not even
//! by guessing them. One batch per access scope all the same, for the number of records shows.

use inkan_core::encoding::{b64u, b64u_array};
use inkan_core::{Digest, json};
use serde_json::{Map, Value};

use crate::commitment::commitment;
use crate::entry::{AnchorClaims, AnchorContent, AnchorScope};
use crate::leaf::Kind;
use crate::opening::{DigestFormat, Opening};
use crate::receipt::ReceiptError;
use crate::tree::{
    InclusionError, InclusionProof, LeafHash, MerkleTree, NodeHash, OutOfRange, root_of_inclusion,
};

/// Media type (`mt`) of an anchor that commits to the root of a batch.
pub const RECORD_ROOT: &str = "application/vnd.inkan.record-root";
/// The longest path: a tree has less than 2^63 leaves.
const PATH_LIMIT: usize = 63;

/// The leaf of one record: `SHA-256(0x00 || "inkan-record/v1" LF || salt || SHA-256(record))`.
#[must_use]
pub fn record_leaf(salt: &[u8; 16], record: &Digest) -> LeafHash {
    let mut leaf = b"inkan-record/v1\n".to_vec();
    leaf.extend_from_slice(salt);
    leaf.extend_from_slice(record.as_bytes());
    LeafHash::of(&leaf)
}

/// Records under one root, at least one.
#[derive(Clone, Debug)]
pub struct RecordBatch {
    tree: MerkleTree,
    salts: Vec<[u8; 16]>,
    root: NodeHash,
}

impl RecordBatch {
    /// Builds the tree over records, each by its SHA-256 and its salt, in this order; `None` if there is no record.
    ///
    /// Salts are 16 bytes from the operating system's generator, fresh for every record.
    #[must_use]
    pub fn new(records: impl IntoIterator<Item = (Digest, [u8; 16])>) -> Option<Self> {
        let (mut tree, mut salts) = (MerkleTree::new(), Vec::new());
        for (record, salt) in records {
            tree.append(record_leaf(&salt, &record));
            salts.push(salt);
        }
        if salts.is_empty() {
            return None;
        }
        let root = tree.root(tree.size()).ok()?;
        Some(Self { tree, salts, root })
    }

    /// How many records it has: `n` of the anchor.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The root over them.
    #[must_use]
    pub const fn root(&self) -> &Digest {
        self.root.digest()
    }

    /// The anchor that shows the root to everybody (`dig`).
    #[must_use]
    pub fn public(&self, scope: AnchorScope) -> AnchorClaims {
        self.anchor(scope, AnchorContent::Public { digest: *self.root(), length: None })
    }

    /// The anchor by which `scid` commits to the root under a salt of its own (`com`).
    #[must_use]
    pub fn committed(&self, scope: AnchorScope, scid: &str, root_salt: &[u8; 16]) -> AnchorClaims {
        let commitment = commitment(Kind::Anchor, scid, root_salt, self.root());
        self.anchor(scope, AnchorContent::Committed { commitment })
    }

    /// What opens the anchor for record `index`; `root_salt` is that of [`RecordBatch::committed`], none for a public root.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if there is no such record.
    pub fn opening(&self, index: u64, root_salt: Option<[u8; 16]>) -> Result<Opening, OutOfRange> {
        let size = self.size();
        let missing = || OutOfRange { tree_size: size };
        let salt = usize::try_from(index).ok().and_then(|index| self.salts.get(index));
        let salt = *salt.ok_or_else(missing)?;
        let path = self.tree.inclusion(index, size)?.path;
        let place = RecordPlace { index, size, path, root_salt };
        Ok(Opening {
            format: DigestFormat::Record,
            salt,
            digest: *self.root(),
            record: Some(place),
        })
    }

    fn anchor(&self, scope: AnchorScope, content: AnchorContent) -> AnchorClaims {
        let media_type = RECORD_ROOT.to_owned();
        AnchorClaims { scope, media_type, content, records: Some(self.size()) }
    }
}

/// Where a record stands in its batch, and the way from there to the root: the member `record` of an opening.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordPlace {
    /// Its place, from 0.
    pub index: u64,
    /// Records in the batch.
    pub size: u64,
    /// Siblings on the way to the root, the record's own first; at most 63.
    pub path: Vec<NodeHash>,
    /// The salt under which the anchor commits to the root; none if the anchor shows it.
    pub root_salt: Option<[u8; 16]>,
}

impl RecordPlace {
    /// Reads the member `record` of an opening.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Malformed`], also for a place outside the batch.
    pub fn from_value(value: &Value) -> Result<Self, ReceiptError> {
        let malformed = || ReceiptError::Malformed("record of the opening");
        let members = value.as_object().ok_or_else(malformed)?;
        let known = |name: &str| matches!(name, "index" | "size" | "path" | "rootSalt");
        if !members.keys().all(|name| known(name)) {
            return Err(malformed());
        }
        let number = |name: &str| members.get(name).and_then(Value::as_u64).ok_or_else(malformed);
        let (index, size) = (number("index")?, number("size")?);
        let path = members.get("path").and_then(Value::as_array).ok_or_else(malformed)?;
        if index >= size || size > json::MAX_SAFE_INTEGER || path.len() > PATH_LIMIT {
            return Err(malformed());
        }
        let node = |value: &Value| {
            let digest = value.as_str().and_then(|text| Digest::from_b64u(text).ok());
            digest.map(NodeHash::from_digest).ok_or_else(malformed)
        };
        let path = path.iter().map(node).collect::<Result<Vec<_>, _>>()?;
        let salt = |value: &Value| {
            value.as_str().and_then(|text| b64u_array(text).ok()).ok_or_else(malformed)
        };
        let root_salt = members.get("rootSalt").map(salt).transpose()?;
        Ok(Self { index, size, path, root_salt })
    }

    /// The member `record` of an opening.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        out.insert("index".to_owned(), self.index.into());
        out.insert("size".to_owned(), self.size.into());
        let path: Vec<String> = self.path.iter().map(|node| node.digest().to_b64u()).collect();
        out.insert("path".to_owned(), path.into());
        if let Some(salt) = &self.root_salt {
            out.insert("rootSalt".to_owned(), b64u(salt).into());
        }
        Value::Object(out)
    }

    /// The root that the record with this digest and salt leads to from here.
    ///
    /// # Errors
    ///
    /// [`InclusionError::PathLength`] if the path is not as long as this place in such a batch demands.
    pub fn root(&self, salt: &[u8; 16], record: &Digest) -> Result<Digest, InclusionError> {
        let proof = InclusionProof { leaf_index: self.index, path: self.path.clone() };
        let root = root_of_inclusion(&record_leaf(salt, record), &proof, self.size)?;
        Ok(*root.digest())
    }
}

#[cfg(test)]
mod tests;
