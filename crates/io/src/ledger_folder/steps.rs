//! The named steps of the append path and the checkpoint path, and whoever wants to be told of them: tests, which end the
//! process there.

use std::fmt;
use std::sync::Arc;

/// A point between two durable operations (§3.1, §3.2 of the ledger specification).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Step {
    /// Before a batch is written to the journal.
    Batch,
    /// A batch is durable, and nobody was answered.
    BatchDurable,
    /// C1: the epoch leaf is durable.
    Sealed,
    /// C1: the new segment of the journal is there.
    Rolled,
    /// C2, C3: full tiles and bundles are durable, partial ones are not.
    FullTiles,
    /// C2, C3: all tiles are durable.
    Tiles,
    /// C4, C5: the tree on disk was compared, and continues what was signed.
    Compared,
    /// C6: the guard has the new head.
    Guarded,
    /// C7: the note is signed, and has not left the process.
    Signed,
    /// C8: the note is published.
    Published,
    /// C9: the state is stored.
    Stored,
    /// C10: the journal is short again.
    Trimmed,
    /// C11: the cosigned note is stored, and not yet published.
    Cosigned,
    /// C11: the cosigned note is published.
    CosignedPublished,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Self; 14] = [
        Self::Batch,
        Self::BatchDurable,
        Self::Sealed,
        Self::Rolled,
        Self::FullTiles,
        Self::Tiles,
        Self::Compared,
        Self::Guarded,
        Self::Signed,
        Self::Published,
        Self::Stored,
        Self::Trimmed,
        Self::Cosigned,
        Self::CosignedPublished,
    ];

    /// Its name, for arguments of tests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::BatchDurable => "batch-durable",
            Self::Sealed => "c1-sealed",
            Self::Rolled => "c1-rolled",
            Self::FullTiles => "c3-full-tiles",
            Self::Tiles => "c3-tiles",
            Self::Compared => "c5-compared",
            Self::Guarded => "c6-guarded",
            Self::Signed => "c7-signed",
            Self::Published => "c8-published",
            Self::Stored => "c9-stored",
            Self::Trimmed => "c10-trimmed",
            Self::Cosigned => "c11-cosigned",
            Self::CosignedPublished => "c11-published",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }
}

/// Is told of each step. The default is told and does nothing.
#[derive(Clone, Default)]
pub struct Steps(Option<Arc<dyn Fn(Step) + Send + Sync>>);

impl Steps {
    /// Has `told` called at each step.
    #[must_use]
    pub fn new(told: Arc<dyn Fn(Step) + Send + Sync>) -> Self {
        Self(Some(told))
    }

    pub(crate) fn at(&self, step: Step) {
        if let Some(told) = &self.0 {
            told(step);
        }
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Steps(told)" } else { "Steps" })
    }
}
