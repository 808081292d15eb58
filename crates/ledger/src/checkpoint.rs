//! Checkpoints: the head of a log as the text of a note, as in
//! [C2SP tlog-checkpoint](https://c2sp.org/tlog-checkpoint@v1.0.0), without extension lines.
//!
//! In scope: the three lines, and the log's own signature over them. Out of scope: cosignatures, and who is trusted.

use inkan_core::Digest;
use inkan_core::encoding::{b64, decode_b64};
use inkan_crypto::{SignError, Signer};

use crate::note::{NoteError, SignatureLine, SignedNote, VerifierKey, parse_decimal};
use crate::tree::{NodeHash, TreeHead};

/// The longest origin in bytes.
pub const ORIGIN_LIMIT: usize = 64;

/// A tree head of a named log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    origin: String,
    head: TreeHead,
}

/// Why a note is no checkpoint. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note.
    #[error("checkpoint is not a signed note")]
    Note(#[from] NoteError),
    /// Not exactly origin, size and root.
    #[error("checkpoint has not exactly three lines: origin, size, root")]
    Body,
    /// The origin is empty, too long, or has characters beyond visible ASCII.
    #[error("origin of the log is malformed")]
    Origin,
}

impl CheckpointError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Note(_) | Self::Body | Self::Origin => "malformed-receipt",
        }
    }
}

impl Checkpoint {
    /// Names the head of a log.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Origin`].
    pub fn new(origin: &str, head: TreeHead) -> Result<Self, CheckpointError> {
        if !is_origin(origin) {
            return Err(CheckpointError::Origin);
        }
        Ok(Self { origin: origin.to_owned(), head })
    }

    /// Reads the text of a note.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Body`], [`CheckpointError::Origin`].
    pub fn parse_text(text: &str) -> Result<Self, CheckpointError> {
        let text = text.strip_suffix('\n').ok_or(CheckpointError::Body)?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Body);
        };
        let tree_size = parse_decimal(size).ok_or(CheckpointError::Body)?;
        let root: [u8; 32] = decode_b64(root)
            .ok()
            .and_then(|root| root.try_into().ok())
            .ok_or(CheckpointError::Body)?;
        let root_hash = NodeHash::from_digest(Digest::from_bytes(root));
        Self::new(origin, TreeHead { tree_size, root_hash })
    }

    /// The text that the log signs: three lines with their line feeds.
    #[must_use]
    pub fn to_text(&self) -> String {
        let TreeHead { tree_size, root_hash } = &self.head;
        format!("{}\n{tree_size}\n{}\n", self.origin, b64(root_hash.digest().as_bytes()))
    }

    /// Signs as the log; `key` is the signer's, and its name the origin.
    ///
    /// # Errors
    ///
    /// [`SignError`] if the signer fails; a retry may help if it is a device.
    pub fn sign(&self, key: &VerifierKey, signer: &dyn Signer) -> Result<SignedNote, SignError> {
        let mut note = SignedNote::new(self.to_text());
        let signature = signer.sign(note.text().as_bytes())?;
        note.put(SignatureLine { name: key.name().to_owned(), key_id: key.id(), signature });
        Ok(note)
    }

    /// Name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Size and root.
    #[must_use]
    pub const fn head(&self) -> TreeHead {
        self.head
    }
}

/// Whether `origin` may name a log: 1 to 64 visible ASCII characters, as a key name.
#[must_use]
pub fn is_origin(origin: &str) -> bool {
    (1..=ORIGIN_LIMIT).contains(&origin.len())
        && origin.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+')
}

#[cfg(test)]
mod tests;
