//! Which places on the web entries name: whoever serves them must know who came first.

/// A place on the web that an entry names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    /// SCID of the DID that names it.
    pub scid: String,
    /// What it names.
    pub named: Named,
}

/// What an entry names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Named {
    /// Where the DID's own log is served: the DID.
    Did(String),
    /// Where a status list is served: its URI.
    List(String),
}
