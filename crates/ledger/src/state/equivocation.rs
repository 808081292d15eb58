//! Evidence that somebody wrote two histories of one DID (§6.2 of the ledger specification).

/// Two entries of one DID with one number, both validly authorised. They prove themselves, with the entries before them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Equivocation {
    /// The DID's SCID.
    pub scid: String,
    /// The version number of both.
    pub number: u64,
    /// Place of the entry that won, for ever.
    pub leaf_index: u64,
    /// Its body.
    pub recorded: Vec<u8>,
    /// `versionId` of the one that was refused.
    pub version_id: String,
    /// `versionId` of the DID's head at that time: what the next entry must follow.
    pub head: String,
    /// The body of the one that was refused.
    pub refused: Vec<u8>,
}

/// The most forks that are kept of one DID.
pub const EQUIVOCATIONS_LIMIT: usize = 16;
