//! The text of a proof, as in [C2SP tlog-proof](https://c2sp.org/tlog-proof): steps V1 to V4.
//!
//! In scope: its form. Out of scope: signatures and the path (`verify`).

use std::fmt;

use inkan_core::Digest;
use inkan_core::encoding::{b64, decode_b64};

use super::ReceiptError;
use crate::checkpoint::Checkpoint;
use crate::note::{NOTE_LIMIT, SignedNote, parse_decimal};
use crate::tree::{InclusionProof, NodeHash};

/// First line of every proof.
const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// The most hashes of a path.
const PATH_LIMIT: usize = 63;

/// Place of a leaf, its path to the root, and the signed head with that root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlogProof {
    path: InclusionProof,
    note: SignedNote,
    extra: Option<Vec<u8>>,
}

impl TlogProof {
    /// Joins a path and a signed head.
    #[must_use]
    pub fn new(path: &InclusionProof, note: &SignedNote) -> Self {
        Self { path: path.clone(), note: note.clone(), extra: None }
    }

    /// Reads a proof.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let malformed = ReceiptError::Malformed;
        // V1.
        if text.len() > NOTE_LIMIT {
            return Err(malformed("too large"));
        }
        if text.chars().any(|c| (c < ' ' && c != '\n') || c == '\x7f') {
            return Err(malformed("control characters"));
        }
        // V2.
        let (head, note) = text.split_once("\n\n").ok_or(malformed("no empty line"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(malformed("first line"));
        }
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            Some(line) => {
                let extra = line.strip_prefix("extra ").and_then(|extra| decode_b64(extra).ok());
                Some(extra.ok_or(malformed("extra line"))?)
            }
            None => None,
        };
        let leaf_index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(parse_decimal)
            .ok_or(malformed("index line"))?;
        let path = lines.map(parse_hash).collect::<Option<Vec<_>>>();
        let path =
            path.filter(|path| path.len() <= PATH_LIMIT).ok_or(malformed("a line of the path"))?;
        // V3 and V4.
        let note = SignedNote::parse(note).map_err(|_| malformed("checkpoint is not a note"))?;
        let checkpoint = Checkpoint::parse_text(note.text())
            .map_err(|_| malformed("checkpoint is not three lines"))?;
        if leaf_index >= checkpoint.head().tree_size {
            return Err(malformed("index is not below the size"));
        }
        Ok(Self { path: InclusionProof { leaf_index, path }, note, extra })
    }

    /// Place and path.
    #[must_use]
    pub const fn path(&self) -> &InclusionProof {
        &self.path
    }

    /// The signed head.
    #[must_use]
    pub const fn note(&self) -> &SignedNote {
        &self.note
    }

    /// Everything before the note: up to and with the empty line.
    #[must_use]
    pub fn head_text(&self) -> String {
        let mut out = format!("{FIRST_LINE}\n");
        if let Some(extra) = &self.extra {
            out.push_str(&format!("extra {}\n", b64(extra)));
        }
        out.push_str(&format!("index {}\n", self.path.leaf_index));
        for hash in &self.path.path {
            out.push_str(&b64(hash.digest().as_bytes()));
            out.push('\n');
        }
        out.push('\n');
        out
    }
}

/// The text of the proof.
impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.head_text(), self.note)
    }
}

fn parse_hash(line: &str) -> Option<NodeHash> {
    let bytes: [u8; 32] = decode_b64(line).ok()?.try_into().ok()?;
    Some(NodeHash::from_digest(Digest::from_bytes(bytes)))
}
