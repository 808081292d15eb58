//! A pack: the proofs of many records in one file, `inkan-anchor-pack/1`, from which each can be taken out.
//!
//! ```text
//! "inkan-anchor-pack/v1" LF
//! length of the head (4 bytes, big-endian, as all numbers here)
//! head: JSON, `inkan-anchor-pack/1`
//! for each scope of the head, in its order:
//!   rows, 70 bytes for each record, by name:
//!     place of its name among the names (8), length of that name (2), length of the record (8),
//!     SHA-256 of the record (32), salt (16), place in the tree (4)
//!   names, one behind the other, UTF-8
//!   nodes of the tree, 32 bytes each: the leaves, then level after level up to the root
//! SHA-256 of everything before (32)
//! ```
//! One record is found by some twenty small reads, in a pack of any size. A pack holds the salts of its records: it is for those
//! who may see them. What it says of a record is believed only as far as the path leads to what the log has.
//!
//! In scope: head, places, rows. Out of scope: reading and writing files (`inkan-io`).

use inkan_core::encoding::{b64u, b64u_array};
use inkan_core::{Digest, json};
use serde_json::{Map, Value};

use super::evidence::AnchorEvidence;
use super::proof::SharedMembers;
use super::tree::depth_of;
use super::{AnchorError, Content, NAME_LIMIT, ScopeName};
use crate::receipt::Receipt;

/// First bytes of a pack.
pub const MAGIC: &[u8; 21] = b"inkan-anchor-pack/v1\n";
/// Bytes before the head: the first line, and the head's length.
pub const PREFIX: usize = 25;
/// The largest head in bytes.
pub const HEAD_LIMIT: usize = 16 << 20;
/// Bytes of a row.
pub const ROW: usize = 70;
/// Bytes of a node, and of the digest at the end.
pub const NODE: usize = 32;
/// The most scopes of one pack.
pub const SCOPES: usize = 256;
/// `type` of the head.
const TYPE: &str = "inkan-anchor-pack/1";

/// What stands at the beginning of a pack.
#[derive(Clone, Debug)]
pub struct PackHead {
    /// Its scopes, by name.
    pub scopes: Vec<PackScope>,
    /// What shows whose the anchors are, with each scope's receipt, in the order of the scopes.
    pub evidence: Vec<AnchorEvidence>,
}

/// What a head says of one scope.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PackScope {
    /// Its name.
    pub name: ScopeName,
    /// How many records it has.
    pub records: u64,
    /// How many bytes their names have together.
    pub names: u64,
    /// The root over them.
    pub root: Digest,
    /// The salt under which the entry commits to the root.
    pub root_salt: [u8; 16],
}

/// Where the parts of one scope begin in a pack, in bytes from its start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Section {
    /// The rows.
    pub rows: u64,
    /// The names.
    pub names: u64,
    /// The nodes.
    pub nodes: u64,
    /// What follows.
    pub end: u64,
    /// Levels of the tree above its leaves.
    pub depth: u8,
}

/// What a pack keeps of one record, but for its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Row {
    /// Where its name begins among the names of its scope.
    pub name_at: u64,
    /// How many bytes the name has.
    pub name_length: u16,
    /// What was anchored.
    pub content: Content,
    /// The salt of its leaf.
    pub salt: [u8; 16],
    /// Its place in the tree.
    pub place: u32,
}

impl PackScope {
    fn read(value: &Value) -> Result<Self, AnchorError> {
        let malformed = AnchorError::PackMalformed;
        let members = value.as_object().ok_or(malformed("a scope"))?;
        let known = |name: &str| {
            matches!(name, "name" | "records" | "names" | "root" | "rootSalt" | "receipt")
        };
        if !members.keys().all(|name| known(name)) {
            return Err(malformed("an unknown member of a scope"));
        }
        let text = |name: &'static str| json::text(value, name).ok_or(malformed(name));
        let number = |name| members.get(name).and_then(Value::as_u64).ok_or(malformed(name));
        let salt = |name| text(name).and_then(|text| b64u_array(text).map_err(|_| malformed(name)));
        let scope = Self {
            name: ScopeName::parse(text("name")?).map_err(|_| malformed("name"))?,
            records: number("records")?,
            names: number("names")?,
            root: Digest::from_b64u(text("root")?).map_err(|_| malformed("root"))?,
            root_salt: salt("rootSalt")?,
        };
        let most = scope.records.checked_mul(u64::try_from(NAME_LIMIT).unwrap_or(u64::MAX));
        let fits = depth_of(scope.records).is_some()
            && most.is_some_and(|most| (scope.records..=most).contains(&scope.names));
        if fits { Ok(scope) } else { Err(malformed("the number of records")) }
    }

    fn to_value(&self, receipt: Value) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("name", self.name.as_str().into());
        put("records", self.records.into());
        put("names", self.names.into());
        put("root", self.root.to_b64u().into());
        put("rootSalt", b64u(&self.root_salt).into());
        put("receipt", receipt);
        Value::Object(out)
    }

    /// Levels of its tree above the leaves.
    #[must_use]
    pub fn depth(&self) -> u8 {
        depth_of(self.records).unwrap_or(0)
    }

    /// Where its parts are if they begin at `start`; `None` beyond what a file can have.
    #[must_use]
    pub fn section(&self, start: u64) -> Option<Section> {
        let bytes = |count: u64, each: usize| count.checked_mul(u64::try_from(each).ok()?);
        let depth = self.depth();
        let names = start.checked_add(bytes(self.records, ROW)?)?;
        let nodes = names.checked_add(self.names)?;
        let count = (2_u64 << depth).checked_sub(1)?;
        let end = nodes.checked_add(bytes(count, NODE)?)?;
        Some(Section { rows: start, names, nodes, end, depth })
    }
}

impl Section {
    /// Where the row of a record is.
    #[must_use]
    pub fn row(&self, record: u64) -> u64 {
        self.rows.saturating_add(record.saturating_mul(wide(ROW)))
    }

    /// Where a node is: `level` counts from the leaves.
    #[must_use]
    pub fn node(&self, level: u8, index: u64) -> u64 {
        // Before level k stand 2^depth + 2^(depth - 1) + … + 2^(depth - k + 1) nodes.
        let whole = 2_u64 << self.depth;
        let before = whole.saturating_sub(whole >> level);
        self.nodes.saturating_add(before.saturating_add(index).saturating_mul(wide(NODE)))
    }
}

impl PackHead {
    /// Reads how long the head is, from the first [`PREFIX`] bytes of a pack.
    ///
    /// # Errors
    ///
    /// [`AnchorError::PackMalformed`].
    pub fn length(prefix: &[u8; PREFIX]) -> Result<usize, AnchorError> {
        let malformed = AnchorError::PackMalformed;
        let rest = prefix.strip_prefix(MAGIC).ok_or(malformed("it does not begin like a pack"))?;
        let bytes: [u8; 4] = rest.try_into().map_err(|_| malformed("too short"))?;
        let length = usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX);
        if length <= HEAD_LIMIT { Ok(length) } else { Err(malformed("its head is too long")) }
    }

    /// Reads a head.
    ///
    /// # Errors
    ///
    /// [`AnchorError::PackMalformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, AnchorError> {
        let malformed = AnchorError::PackMalformed;
        let value =
            json::parse(bytes, HEAD_LIMIT).map_err(|_| malformed("its head is not JSON"))?;
        let members = value.as_object().ok_or(malformed("its head is not an object"))?;
        let known =
            |name: &str| matches!(name, "type" | "scopes" | "signer" | "current" | "checkpoints");
        if !members.keys().all(|name| known(name)) {
            return Err(malformed("an unknown member"));
        }
        if json::text(&value, "type") != Some(TYPE) {
            return Err(malformed("type is not inkan-anchor-pack/1"));
        }
        let list = members.get("scopes").and_then(Value::as_array).ok_or(malformed("scopes"))?;
        if list.is_empty() || list.len() > SCOPES {
            return Err(malformed("scopes"));
        }
        let shared = SharedMembers::read(members).map_err(malformed)?;
        let (mut scopes, mut evidence) = (Vec::new(), Vec::new());
        for value in list {
            let scope = PackScope::read(value)?;
            if scopes.last().is_some_and(|last: &PackScope| last.name >= scope.name) {
                return Err(malformed("its scopes are not in order"));
            }
            scopes.push(scope);
            let receipt = value.get("receipt").ok_or(malformed("receipt"))?;
            let receipt = Receipt::from_bundle_value(receipt, &shared.checkpoints)
                .map_err(|_| malformed("receipt"))?;
            evidence.push(shared.evidence(receipt).map_err(malformed)?);
        }
        Ok(Self { scopes, evidence })
    }

    /// First line, length and head: what a pack begins with.
    ///
    /// # Errors
    ///
    /// [`AnchorError::PackMalformed`] without a scope, and for a head that is too long.
    pub fn to_bytes(&self) -> Result<Vec<u8>, AnchorError> {
        let malformed = AnchorError::PackMalformed;
        let mut members = Map::new();
        members.insert("type".to_owned(), TYPE.into());
        let mut checkpoints = Vec::new();
        let mut scopes = Vec::new();
        for (scope, evidence) in self.scopes.iter().zip(&self.evidence) {
            scopes.push(scope.to_value(evidence.entry.to_bundle_value(&mut checkpoints)));
        }
        members.insert("scopes".to_owned(), scopes.into());
        let first = self.evidence.first().ok_or(malformed("scopes"))?;
        first.put_members(&mut members, checkpoints);
        let head = Value::Object(members).to_string().into_bytes();
        if head.len() > HEAD_LIMIT {
            return Err(malformed("its head is too long"));
        }
        let length = u32::try_from(head.len()).unwrap_or(u32::MAX).to_be_bytes();
        Ok([MAGIC.as_slice(), &length, &head].concat())
    }

    /// Where each scope's parts are, if the head takes so many bytes; and where the digest at the end begins.
    ///
    /// # Errors
    ///
    /// [`AnchorError::PackMalformed`] if no file can be as long.
    pub fn sections(&self, head: usize) -> Result<(Vec<Section>, u64), AnchorError> {
        let mut at = u64::try_from(PREFIX.saturating_add(head)).unwrap_or(u64::MAX);
        let mut out = Vec::new();
        for scope in &self.scopes {
            let too_long = AnchorError::PackMalformed("it is longer than any file");
            let section = scope.section(at).ok_or(too_long)?;
            at = section.end;
            out.push(section);
        }
        Ok((out, at))
    }
}

impl Row {
    /// The row as it stands in a pack.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; ROW] {
        let mut out = [0; ROW];
        let parts: [&[u8]; 6] = [
            &self.name_at.to_be_bytes(),
            &self.name_length.to_be_bytes(),
            &self.content.length.to_be_bytes(),
            self.content.digest.as_bytes(),
            &self.salt,
            &self.place.to_be_bytes(),
        ];
        for (slot, byte) in out.iter_mut().zip(parts.into_iter().flatten()) {
            *slot = *byte;
        }
        out
    }

    /// Reads a row of a scope.
    ///
    /// # Errors
    ///
    /// [`AnchorError::PackMalformed`] if its name or its place is outside the scope.
    pub fn parse(bytes: &[u8; ROW], scope: &PackScope) -> Result<Self, AnchorError> {
        let malformed = AnchorError::PackMalformed("a row");
        let mut rest = bytes.as_slice();
        let row = Self {
            name_at: u64::from_be_bytes(take(&mut rest).ok_or(malformed.clone())?),
            name_length: u16::from_be_bytes(take(&mut rest).ok_or(malformed.clone())?),
            content: Content {
                length: u64::from_be_bytes(take(&mut rest).ok_or(malformed.clone())?),
                digest: Digest::from_bytes(take(&mut rest).ok_or(malformed.clone())?),
            },
            salt: take(&mut rest).ok_or(malformed.clone())?,
            place: u32::from_be_bytes(take(&mut rest).ok_or(malformed.clone())?),
        };
        let end = row.name_at.checked_add(u64::from(row.name_length));
        let named = (1..=NAME_LIMIT).contains(&usize::from(row.name_length))
            && end.is_some_and(|end| end <= scope.names);
        let placed = u64::from(row.place) >> scope.depth() == 0;
        if named && placed { Ok(row) } else { Err(malformed) }
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*first)
}

fn wide(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}
