//! When a witness cosigns, as in [C2SP tlog-witness](https://c2sp.org/tlog-witness): only what continues what it saw.
//!
//! In scope: the decision, and what must be durable before the cosignature leaves. Out of scope: where that is kept
//! (`inkan-io`), serving the protocol.

use inkan_core::Timestamp;
use inkan_crypto::{SignError, Signer};

use crate::checkpoint::Checkpoint;
use crate::cosignature::cosign;
use crate::note::{KeyMaterial, SignatureLine, SignedNote, VerifierKey};
use crate::tree::{ConsistencyError, NodeHash, TreeHead, verify_consistency};

/// Why a witness does not cosign. With [`OldSize`](Self::OldSize) ask again with a proof from the size it names.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WitnessError {
    /// Not a checkpoint of the log that the witness follows, or not signed by it.
    #[error("not a checkpoint that the log has signed")]
    NotTheLog,
    /// The proof does not start where the witness stopped.
    #[error("the witness has seen {seen} leaves")]
    OldSize {
        /// Leaves in the last tree it cosigned.
        seen: u64,
    },
    /// The log does not continue what the witness saw: two histories exist.
    #[error("the log does not continue what the witness has seen")]
    SplitView(#[from] ConsistencyError),
}

impl WitnessError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotTheLog => "witness-unknown-log",
            Self::OldSize { .. } => "witness-behind",
            Self::SplitView(_) => "split-view",
        }
    }
}

/// A head that the witness may cosign, once it is on its disk as the last one seen.
#[derive(Clone, Debug)]
#[must_use = "a decision is no cosignature yet"]
pub struct Admitted {
    note: SignedNote,
    head: TreeHead,
}

/// Decides whether a witness that last saw `seen` (`None`: nothing yet) may cosign `note` of the log `log`.
///
/// # Errors
///
/// [`WitnessError`].
pub fn admit(
    seen: Option<&TreeHead>,
    note: &SignedNote,
    log: &VerifierKey,
    consistency: &[NodeHash],
) -> Result<Admitted, WitnessError> {
    let checkpoint = Checkpoint::parse_text(note.text()).map_err(|_| WitnessError::NotTheLog)?;
    let signed = note.signatures().iter().find(|line| log.matches(line)).is_some_and(|line| {
        match log.material() {
            KeyMaterial::Note(key) => key.verify(note.text().as_bytes(), &line.signature).is_ok(),
            KeyMaterial::Cosignature(_) | KeyMaterial::Tsa(_) => false,
        }
    });
    if !signed || checkpoint.origin() != log.name() {
        return Err(WitnessError::NotTheLog);
    }
    let head = checkpoint.head();
    match seen.filter(|seen| seen.tree_size > 0) {
        Some(seen) if seen.tree_size > head.tree_size => {
            return Err(WitnessError::OldSize { seen: seen.tree_size });
        }
        Some(seen) => verify_consistency(seen, &head, consistency)?,
        // Any tree continues the empty one.
        None if consistency.is_empty() => {}
        None => return Err(WitnessError::OldSize { seen: 0 }),
    }
    Ok(Admitted { note: note.clone(), head })
}

impl Admitted {
    /// What must be durable before [`Self::cosign`] is called.
    #[must_use]
    pub const fn head(&self) -> TreeHead {
        self.head
    }

    /// Makes the cosignature.
    ///
    /// # Errors
    ///
    /// [`SignError`] if the signer fails.
    pub fn cosign(
        &self,
        key: &VerifierKey,
        signer: &dyn Signer,
        now: Timestamp,
    ) -> Result<SignatureLine, SignError> {
        cosign(self.note.text(), key, signer, now)
    }
}

#[cfg(test)]
mod tests;
