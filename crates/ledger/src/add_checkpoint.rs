//! What a log and a witness say to each other: the bodies of `add-checkpoint` in
//! [C2SP tlog-witness](https://c2sp.org/tlog-witness).
//!
//! In scope: reading and writing them, the path of the monitoring interface. Out of scope: the decision (`witness`), HTTP.

use std::fmt;

use inkan_core::encoding::{b64, decode_b64, hex};
use inkan_core::{Digest, sha256};

use crate::note::{NOTE_LIMIT, SignatureLine, SignedNote, parse_decimal};
use crate::tree::NodeHash;

/// The largest request in bytes: a note, and 63 hashes before it.
pub const REQUEST_LIMIT: usize = NOTE_LIMIT + 4_096;
/// The largest answer in bytes: signature lines, or a size.
pub const ANSWER_LIMIT: usize = NOTE_LIMIT;
/// Media type of the answer 409, which says how many leaves the witness has seen.
pub const SIZE_MEDIA_TYPE: &str = "text/x.tlog.size";
/// The most hashes of a consistency path: a tree has fewer than 2^63 leaves.
const PATH_LIMIT: usize = 63;

/// A checkpoint, and the proof that it continues what the witness has seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AddCheckpoint {
    /// Leaves of the tree from which the path leads on.
    pub old_size: u64,
    /// At most 63 hashes; none from size 0 or from the same size.
    pub consistency: Vec<NodeHash>,
    /// The checkpoint with the log's signature.
    pub note: SignedNote,
}

/// Why a body is no `add-checkpoint` request. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AddCheckpointError {
    /// Too large, not UTF-8, or without the blank line before the checkpoint.
    #[error("request is not an old size, hashes, a blank line and a checkpoint")]
    Shape,
    /// The first line is not `old` and a plain decimal.
    #[error("first line of the request is not the old size")]
    OldSize,
    /// A line that is not the base64 of 32 bytes, or more than 63.
    #[error("consistency proof of the request is malformed")]
    Path,
    /// Not a signed note.
    #[error("request holds no signed note")]
    Note,
}

impl AddCheckpoint {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// [`AddCheckpointError`], the first part that is malformed.
    pub fn parse(body: &[u8]) -> Result<Self, AddCheckpointError> {
        let text = std::str::from_utf8(body)
            .ok()
            .filter(|text| text.len() <= REQUEST_LIMIT)
            .ok_or(AddCheckpointError::Shape)?;
        let (proof, note) = text.split_once("\n\n").ok_or(AddCheckpointError::Shape)?;
        let mut lines = proof.split('\n');
        let old_size = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .and_then(parse_decimal)
            .ok_or(AddCheckpointError::OldSize)?;
        let consistency = lines
            .map(parse_hash)
            .collect::<Option<Vec<_>>>()
            .filter(|path| path.len() <= PATH_LIMIT)
            .ok_or(AddCheckpointError::Path)?;
        let note = SignedNote::parse(note).map_err(|_| AddCheckpointError::Note)?;
        Ok(Self { old_size, consistency, note })
    }
}

/// The body as it is sent.
impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        for hash in &self.consistency {
            writeln!(f, "{}", b64(hash.digest().as_bytes()))?;
        }
        write!(f, "\n{}", self.note)
    }
}

/// Reads the body of an answer 409: how many leaves the witness has seen. `None` if it says anything else.
#[must_use]
pub fn parse_size(body: &[u8]) -> Option<u64> {
    parse_decimal(std::str::from_utf8(body).ok()?.strip_suffix('\n')?)
}

/// Writes the body of an answer 409.
#[must_use]
pub fn size_text(size: u64) -> String {
    format!("{size}\n")
}

/// Reads the body of an answer 200: one signature line or more. `None` if it says anything else.
#[must_use]
pub fn parse_lines(body: &[u8]) -> Option<Vec<SignatureLine>> {
    let lines = std::str::from_utf8(body).ok().filter(|lines| !lines.starts_with('\n'))?;
    let note = SignedNote::parse(&format!("\n\n{lines}")).ok().filter(|n| n.text() == "\n")?;
    Some(note.signatures().to_vec())
}

/// Where a witness serves the newest checkpoint it has seen of a log, below its monitoring prefix.
#[must_use]
pub fn monitoring_path(origin: &str) -> String {
    format!("{}/checkpoint", origin_hash(origin))
}

/// The name of a log in such a path: SHA-256 of its origin in hex.
#[must_use]
pub fn origin_hash(origin: &str) -> String {
    hex(sha256(&[origin.as_bytes()]).as_bytes())
}

fn parse_hash(line: &str) -> Option<NodeHash> {
    let bytes: [u8; 32] = decode_b64(line).ok()?.try_into().ok()?;
    Some(NodeHash::from_digest(Digest::from_bytes(bytes)))
}

#[cfg(test)]
mod tests;
