//! The bytes of a leaf (§2.1 of the ledger specification): `inkan-leaf/v1 LF kind LF time LF body`.
//!
//! In scope: the closed set of kinds, their limits, writing and reading a leaf. Out of scope: what a body means
//! (`entry`, `epoch`, `inkan-did`).

use std::fmt;

use inkan_core::Timestamp;

use crate::tree::LeafHash;

/// First line of every leaf.
const MAGIC: &[u8] = b"inkan-leaf/v1\n";
/// The largest leaf: entry bundles prefix a 16-bit length.
pub const LEAF_LIMIT: usize = 65_535;

/// What a leaf records. The set is closed; codes are part of the map and never change.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// State of the log itself: map root and parameters.
    Epoch,
    /// One did:webvh log line.
    Did,
    /// Commitment to a credential.
    Issuance,
    /// Commitment to one state of an act: countersignature, consent, or its withdrawal.
    Countersignature,
    /// Head of a status list.
    Status,
    /// Statement of an authority about another DID.
    Trust,
    /// Digest or commitment of something else.
    Anchor,
    /// A one-time use.
    Once,
}

impl Kind {
    /// All kinds, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Epoch,
        Self::Did,
        Self::Issuance,
        Self::Countersignature,
        Self::Status,
        Self::Trust,
        Self::Anchor,
        Self::Once,
    ];

    /// The name in leaves, map keys and `typ`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Did => "did",
            Self::Issuance => "issuance",
            Self::Countersignature => "countersignature",
            Self::Status => "status",
            Self::Trust => "trust",
            Self::Anchor => "anchor",
            Self::Once => "once",
        }
    }

    /// The code in map values and batches.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Epoch => 0,
            Self::Did => 1,
            Self::Issuance => 2,
            Self::Countersignature => 3,
            Self::Status => 4,
            Self::Trust => 5,
            Self::Anchor => 6,
            Self::Once => 7,
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The largest body in bytes.
    #[must_use]
    pub const fn body_limit(self) -> usize {
        match self {
            Self::Epoch => 512,
            Self::Did => 32_768 + 1 + 16_384,
            Self::Issuance
            | Self::Countersignature
            | Self::Status
            | Self::Trust
            | Self::Anchor
            | Self::Once => 4_096,
        }
    }

    /// Whether the body is a compact JWS signed by a DID in ledger state.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        match self {
            Self::Epoch | Self::Did => false,
            Self::Issuance
            | Self::Countersignature
            | Self::Status
            | Self::Trust
            | Self::Anchor
            | Self::Once => true,
        }
    }

    /// Whether the newest entry of an id stands in the map.
    #[must_use]
    pub const fn is_in_map(self) -> bool {
        match self {
            Self::Did | Self::Countersignature | Self::Status | Self::Trust | Self::Once => true,
            Self::Epoch | Self::Issuance | Self::Anchor => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One leaf: what was recorded, and when by the operator's clock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leaf {
    kind: Kind,
    time: Timestamp,
    body: Vec<u8>,
}

/// Why bytes are no leaf. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LeafError {
    /// More bytes than a leaf, or a body of this kind, may have.
    #[error("leaf is too large")]
    TooLarge,
    /// Not the three header lines.
    #[error("leaf has no header of three lines")]
    Header,
    /// A kind that no rule version knows.
    #[error("kind of leaf is unknown")]
    Kind,
    /// A time that is negative, has leading zeroes, or is out of range.
    #[error("time of leaf is malformed")]
    Time,
}

impl LeafError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge | Self::Header | Self::Kind | Self::Time => "malformed-leaf",
        }
    }
}

impl Leaf {
    /// Makes a leaf of a body, which is taken as it is.
    ///
    /// # Errors
    ///
    /// [`LeafError::TooLarge`] over the limit of the kind; [`LeafError::Time`] before 1970.
    pub fn new(kind: Kind, time: Timestamp, body: Vec<u8>) -> Result<Self, LeafError> {
        if time < Timestamp::EPOCH {
            return Err(LeafError::Time);
        }
        if body.len() > kind.body_limit() {
            return Err(LeafError::TooLarge);
        }
        Ok(Self { kind, time, body })
    }

    /// Reads the bytes of a leaf; what is accepted is exactly what [`Self::to_bytes`] writes.
    ///
    /// # Errors
    ///
    /// [`LeafError`], one variant per rule.
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        let (kind, time, body) = split(bytes)?;
        Self::new(kind, time, body.to_vec())
    }

    /// The bytes that are hashed into the tree.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        join(self.kind, self.time, &self.body)
    }

    /// The leaf hash.
    #[must_use]
    pub fn hash(&self) -> LeafHash {
        LeafHash::of(&self.to_bytes())
    }

    /// What it records.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Ledger time: the operator's claim, never decreasing along a log.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// The body, verbatim as submitted.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// Reads the bytes of a leaf without copying the body; what is accepted is what [`Leaf::parse`] accepts.
///
/// # Errors
///
/// [`LeafError`], one variant per rule.
pub fn split(bytes: &[u8]) -> Result<(Kind, Timestamp, &[u8]), LeafError> {
    if bytes.len() > LEAF_LIMIT {
        return Err(LeafError::TooLarge);
    }
    let rest = bytes.strip_prefix(MAGIC).ok_or(LeafError::Header)?;
    let mut parts = rest.splitn(3, |byte| *byte == b'\n');
    let (Some(kind), Some(time), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(LeafError::Header);
    };
    let kind = std::str::from_utf8(kind).ok().and_then(Kind::from_name).ok_or(LeafError::Kind)?;
    let time = parse_time(time).ok_or(LeafError::Time)?;
    if body.len() > kind.body_limit() {
        return Err(LeafError::TooLarge);
    }
    Ok((kind, time, body))
}

/// The bytes of a leaf of this kind, time and body.
pub(crate) fn join(kind: Kind, time: Timestamp, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len().saturating_add(48));
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(kind.name().as_bytes());
    out.push(b'\n');
    out.extend_from_slice(time.seconds().to_string().as_bytes());
    out.push(b'\n');
    out.extend_from_slice(body);
    out
}

fn parse_time(digits: &[u8]) -> Option<Timestamp> {
    let seconds = crate::note::parse_decimal(std::str::from_utf8(digits).ok()?)?;
    Timestamp::from_seconds(i64::try_from(seconds).ok()?).ok()
}

#[cfg(test)]
mod tests;
