//! Which of two readers is asking: replicas of a ledger, who must agree about every byte, or a resolver of logs
//! that others wrote.

/// The strictness of a check.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rules {
    /// What a ledger accepts as a new entry: D1 to D14 to the letter.
    Ledger,
    /// What did:webvh 1.0 allows a published log to contain.
    Resolver,
}
