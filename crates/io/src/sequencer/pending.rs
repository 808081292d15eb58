//! Answers that are known and wait for their batch to be durable.

use inkan_ledger::Kind;

use super::ticket::Answering;
use super::{Answer, EntryOutcome, ImportAnswer, SubmitError};

/// An answer that waits for its batch to be durable.
pub(super) enum Pending {
    Entry(Kind, Answer, Answering<Answer>),
    Import(ImportAnswer, Answering<ImportAnswer>),
}

impl Pending {
    /// The same if the batch did not become durable: nothing of it happened.
    pub(super) fn failed(self, failure: &SubmitError) -> Self {
        match self {
            Self::Entry(kind, Ok(_), answering) => {
                Self::Entry(kind, Err(failure.clone()), answering)
            }
            Self::Import(Ok(_), answering) => Self::Import(Err(failure.clone()), answering),
            refused @ (Self::Entry(_, Err(_), _) | Self::Import(Err(_), _)) => refused,
        }
    }

    pub(super) fn outcome(&self) -> (Kind, EntryOutcome) {
        match self {
            Self::Entry(kind, answer, _) => (*kind, EntryOutcome::of(answer)),
            Self::Import(answer, _) => (Kind::Did, EntryOutcome::of_import(answer)),
        }
    }

    pub(super) fn give(self) {
        match self {
            Self::Entry(_, answer, answering) => answering.give(answer),
            Self::Import(answer, answering) => answering.give(answer),
        }
    }
}
