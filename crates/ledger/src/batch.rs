//! Many entries in one request (§8 of the ledger specification, `/v1/batches` and `/v1/imports`): `kind u8, length u16,
//! body`, one after the other, numbers big-endian.
//!
//! In scope: the framing. Out of scope: whether the entries obey the rules (`state`); one of an unknown kind breaks a rule,
//! not the framing.

use crate::leaf::Kind;

/// The most entries of one batch.
pub const BATCH_ENTRIES: usize = 1_000;
/// The largest batch in bytes.
pub const BATCH_LIMIT: usize = 4 << 20;
/// Bytes before each body.
const HEAD: usize = 3;

/// One entry of a batch, still unread.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Framed<'a> {
    /// The kind's code as sent; it may be one that nobody knows.
    pub code: u8,
    /// The body.
    pub body: &'a [u8],
}

impl Framed<'_> {
    /// The kind, if the code is one of a kind.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        Kind::from_code(self.code)
    }
}

/// Why bytes are no batch. None is worth a retry with the same bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BatchError {
    /// More bytes than a batch may have.
    #[error("batch has more than {BATCH_LIMIT} bytes")]
    TooLarge,
    /// No entry, or more than a batch may have.
    #[error("batch has no entry, or more than {BATCH_ENTRIES}")]
    Count,
    /// The bytes end inside of an entry.
    #[error("batch ends inside of entry {entry}")]
    Truncated {
        /// Which, from 0.
        entry: usize,
    },
    /// A body longer than its length can say.
    #[error("body of entry {entry} is too long for a batch")]
    Body {
        /// Which, from 0.
        entry: usize,
    },
}

impl BatchError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge | Self::Count | Self::Truncated { .. } | Self::Body { .. } => {
                "batch-malformed"
            }
        }
    }
}

/// Takes a batch apart; what is accepted is exactly what [`join`] writes.
///
/// # Errors
///
/// [`BatchError`], one variant per rule.
pub fn split(bytes: &[u8]) -> Result<Vec<Framed<'_>>, BatchError> {
    if bytes.len() > BATCH_LIMIT {
        return Err(BatchError::TooLarge);
    }
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        if out.len() == BATCH_ENTRIES {
            return Err(BatchError::Count);
        }
        let truncated = BatchError::Truncated { entry: out.len() };
        let (head, tail) = rest.split_first_chunk::<HEAD>().ok_or(truncated)?;
        let [code, high, low] = *head;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (body, tail) = tail.split_at_checked(length).ok_or(truncated)?;
        out.push(Framed { code, body });
        rest = tail;
    }
    if out.is_empty() { Err(BatchError::Count) } else { Ok(out) }
}

/// Puts entries together as a batch.
///
/// # Errors
///
/// [`BatchError`] if they are none, too many, or too large.
pub fn join<'a>(
    entries: impl IntoIterator<Item = (Kind, &'a [u8])>,
) -> Result<Vec<u8>, BatchError> {
    let mut out = Vec::new();
    let mut count = 0;
    for (kind, body) in entries {
        let length = u16::try_from(body.len()).map_err(|_| BatchError::Body { entry: count })?;
        out.push(kind.code());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(body);
        count = count.saturating_add(1);
    }
    if count == 0 || count > BATCH_ENTRIES {
        return Err(BatchError::Count);
    }
    if out.len() > BATCH_LIMIT { Err(BatchError::TooLarge) } else { Ok(out) }
}

#[cfg(test)]
mod tests;
