//! Why a status list cannot be read or asked.

/// A status list that is malformed, or not the one that an entry means.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StatusListError {
    /// A member of the list credential is missing or malformed.
    #[error("status list: {member} is missing or malformed")]
    Malformed {
        /// The member.
        member: &'static str,
    },
    /// Fewer entries than hide one holder among the others.
    #[error("status list has {entries} entries, and must have 131072 or more")]
    TooShort {
        /// Entries found, of the size that was asked about.
        entries: u64,
    },
    /// More bytes than are looked at, before or after inflating.
    #[error("status list is larger than the limit")]
    TooLarge,
    /// The list names itself by another URL than the entry does.
    #[error("status list is not the one that the credential names")]
    OtherList,
    /// The list is about another purpose than the entry.
    #[error("status list is about another purpose")]
    PurposeMismatch,
    /// The list has entries of another size than the credential says.
    #[error("status list has entries of another size")]
    SizeMismatch,
    /// The list ends before the entry.
    #[error("status list has no entry {index}")]
    IndexOutOfRange {
        /// The entry asked for.
        index: u64,
    },
}

impl StatusListError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "status-list-malformed",
            Self::TooShort { .. } => "status-list-too-short",
            Self::TooLarge => "status-list-too-large",
            Self::OtherList => "status-list-of-another-uri",
            Self::PurposeMismatch => "status-purpose-mismatch",
            Self::SizeMismatch => "status-size-mismatch",
            Self::IndexOutOfRange { .. } => "status-index-out-of-range",
        }
    }
}
