//! The proof of one record: `inkan-anchor-proof/1`, a small file that verifies offline under the pinned policy of the log.
//!
//! In scope: its JSON form, and the way from the record to the anchor's commitment. Out of scope: who signed the anchor, and
//! when (`evidence`).

use inkan_core::encoding::{b64u, b64u_array};
use inkan_core::{Digest, json};
use serde_json::{Map, Value};

use super::evidence::{AnchorEvidence, Shared};
use super::tree::{DEPTH_MAX, DEPTH_MIN};
use super::{ANCHOR_ROOT, AnchorError, Content, RecordName, ScopeName, leaf};
use crate::entry::{AnchorContent, Claims, SignedEntry};
use crate::opening::check_commitment;
use crate::receipt::Receipt;
use crate::tree::{InclusionProof, NodeHash, root_of_inclusion};

/// `type` of a proof.
pub const TYPE: &str = "inkan-anchor-proof/1";
/// The largest proof in bytes: a signer whose DID has many versions brings a receipt for each.
pub const PROOF_LIMIT: usize = 4 << 20;
/// Every member, in the order in which they are written.
const MEMBERS: [&str; 12] = [
    "type", "scope", "name", "length", "digest", "salt", "index", "path", "rootSalt", "receipt",
    "signer", "current",
];

/// A record, its salt, and the way from its leaf to what the entry commits to. Nothing is proved before
/// [`RecordProof::check_entry`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordProof {
    /// Who may see it.
    pub scope: ScopeName,
    /// What it is called.
    pub name: RecordName,
    /// What was anchored.
    pub content: Content,
    /// The salt of its leaf.
    pub salt: [u8; 16],
    /// Its place in the tree.
    pub index: u32,
    /// Siblings on the way to the root, its own first: 4 to 24.
    pub path: Vec<NodeHash>,
    /// The salt under which the entry commits to the root.
    pub root_salt: [u8; 16],
}

impl RecordProof {
    /// The root that it leads to.
    ///
    /// # Errors
    ///
    /// [`AnchorError::Forged`] if there is no such place under such a path.
    pub fn root(&self) -> Result<Digest, AnchorError> {
        let depth = u8::try_from(self.path.len()).unwrap_or(u8::MAX);
        if !(DEPTH_MIN..=DEPTH_MAX).contains(&depth) {
            return Err(AnchorError::Forged);
        }
        let leaf = leaf(self.scope.as_str(), self.name.as_str(), &self.content, &self.salt);
        let path = InclusionProof { leaf_index: u64::from(self.index), path: self.path.clone() };
        let root = root_of_inclusion(&leaf, &path, 1 << depth);
        root.map(|root| *root.digest()).map_err(|_| AnchorError::Forged)
    }

    /// That `entry` commits to the root that this leads to.
    ///
    /// # Errors
    ///
    /// [`AnchorError::Forged`].
    pub fn check_entry(&self, entry: &SignedEntry) -> Result<(), AnchorError> {
        check_root(entry, &self.root_salt, &self.root()?)
    }

    /// That this is what was anchored.
    ///
    /// # Errors
    ///
    /// [`AnchorError::Changed`].
    pub fn check_content(&self, found: &Content) -> Result<(), AnchorError> {
        if *found == self.content { Ok(()) } else { Err(AnchorError::Changed) }
    }
}

/// That `entry` is the anchor of a scope whose root is this.
///
/// # Errors
///
/// [`AnchorError::Forged`].
pub fn check_root(
    entry: &SignedEntry,
    root_salt: &[u8; 16],
    root: &Digest,
) -> Result<(), AnchorError> {
    let Claims::Anchor(anchor) = entry.claims() else { return Err(AnchorError::Forged) };
    let committed = match &anchor.content {
        AnchorContent::Committed { .. } => anchor.media_type == ANCHOR_ROOT,
        // A digest that everybody sees would tell who can guess the records that the guess is right.
        AnchorContent::Public { .. } => false,
    };
    if !committed {
        return Err(AnchorError::Forged);
    }
    check_commitment(entry, root_salt, root).map_err(|_| AnchorError::Forged)
}

/// The proof of one record with all that shows whose it is and since when.
#[derive(Clone, Debug)]
pub struct AnchorProof {
    /// The record and its path.
    pub record: RecordProof,
    /// The anchor's receipt, and its signer's keys.
    pub evidence: AnchorEvidence,
}

impl AnchorProof {
    /// Reads a proof.
    ///
    /// # Errors
    ///
    /// [`AnchorError::ProofMalformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, AnchorError> {
        let malformed = AnchorError::ProofMalformed;
        let value =
            json::parse(bytes, PROOF_LIMIT).map_err(|_| malformed("not JSON with one reading"))?;
        Self::from_value(&value)
    }

    /// Reads a proof.
    ///
    /// # Errors
    ///
    /// [`AnchorError::ProofMalformed`].
    pub fn from_value(value: &Value) -> Result<Self, AnchorError> {
        let malformed = AnchorError::ProofMalformed;
        let members = value.as_object().ok_or(malformed("not an object"))?;
        let known = |name: &str| MEMBERS.contains(&name) || name == "checkpoints";
        if !members.keys().all(|name| known(name)) {
            return Err(malformed("an unknown member"));
        }
        if json::text(value, "type") != Some(TYPE) {
            return Err(malformed("type is not inkan-anchor-proof/1"));
        }
        let text = |name: &'static str| json::text(value, name).ok_or(malformed(name));
        let number = |name: &'static str| {
            let number = members.get(name).and_then(Value::as_u64);
            number.filter(|number| *number <= json::MAX_SAFE_INTEGER).ok_or(malformed(name))
        };
        let salt = |name| text(name).and_then(|text| b64u_array(text).map_err(|_| malformed(name)));
        let digest = |text: &str| Digest::from_b64u(text).map_err(|_| malformed("digest"));
        let path = members.get("path").and_then(Value::as_array).ok_or(malformed("path"))?;
        if !(usize::from(DEPTH_MIN)..=usize::from(DEPTH_MAX)).contains(&path.len()) {
            return Err(malformed("path"));
        }
        let node = |value: &Value| {
            let node = value.as_str().and_then(|text| Digest::from_b64u(text).ok());
            node.map(NodeHash::from_digest).ok_or(malformed("path"))
        };
        let path = path.iter().map(node).collect::<Result<Vec<_>, _>>()?;
        let index = u32::try_from(number("index")?).map_err(|_| malformed("index"))?;
        if u64::from(index) >> path.len() != 0 {
            return Err(malformed("index"));
        }
        let record = RecordProof {
            scope: ScopeName::parse(text("scope")?).map_err(|_| malformed("scope"))?,
            name: RecordName::parse(text("name")?).map_err(|_| malformed("name"))?,
            content: Content { length: number("length")?, digest: digest(text("digest")?)? },
            salt: salt("salt")?,
            index,
            path,
            root_salt: salt("rootSalt")?,
        };
        let receipt = members.get("receipt").ok_or(malformed("receipt"))?;
        let shared = SharedMembers::read(members).map_err(malformed)?;
        let receipt = Receipt::from_bundle_value(receipt, &shared.checkpoints)
            .map_err(|_| malformed("receipt"))?;
        let evidence = shared.evidence(receipt).map_err(malformed)?;
        Ok(Self { record, evidence })
    }

    /// The proof as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let record = &self.record;
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("type", TYPE.into());
        put("scope", record.scope.as_str().into());
        put("name", record.name.as_str().into());
        put("length", record.content.length.into());
        put("digest", record.content.digest.to_b64u().into());
        put("salt", b64u(&record.salt).into());
        put("index", record.index.into());
        let path: Vec<String> = record.path.iter().map(|node| node.digest().to_b64u()).collect();
        put("path", path.into());
        put("rootSalt", b64u(&record.root_salt).into());
        let mut checkpoints = Vec::new();
        put("receipt", self.evidence.entry.to_bundle_value(&mut checkpoints));
        self.evidence.put_members(&mut out, checkpoints);
        Value::Object(out)
    }
}

/// What a proof and the head of a pack have alike: the signer's receipts, the current-proof, the checkpoints.
pub(super) struct SharedMembers {
    pub(super) checkpoints: Vec<String>,
    shared: Shared,
}

impl SharedMembers {
    pub(super) fn read(members: &Map<String, Value>) -> Result<Self, &'static str> {
        let list = |name: &'static str| members.get(name).and_then(Value::as_array).ok_or(name);
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("checkpoints");
        let checkpoints = list("checkpoints")?.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        let current = members.get("current").ok_or("current")?;
        let shared = Shared::read(list("signer")?, current, &checkpoints)?;
        Ok(Self { checkpoints, shared })
    }

    /// The evidence for one entry.
    pub(super) fn evidence(&self, entry: Receipt) -> Result<AnchorEvidence, &'static str> {
        AnchorEvidence::of(entry, &self.shared)
    }
}
