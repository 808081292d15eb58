//! The home log of a DID (D14): may this log take that entry?

use super::error::EntryError;
use super::head::Head;

/// What an accepted entry means for the log that takes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Residence {
    /// The DID has no home, or this log is it.
    Here,
    /// This log was the home; the entry names another one and is the last that this log takes.
    Leaving,
}

/// Checks that the log with this `origin` may take the entry that led from `head` to `next`.
///
/// Not for the entries of an import (ledger specification §6.6): there only the last must name this log.
///
/// # Errors
///
/// [`EntryError::SignerMoved`] if the head's home is another log; [`EntryError::HomeLogInvalid`] if the entry names
/// another log without the head's home being this one.
pub fn check_home(head: Option<&Head>, next: &Head, origin: &str) -> Result<Residence, EntryError> {
    let before = head.and_then(Head::home);
    if let Some(home) = before.filter(|home| *home != origin) {
        return Err(EntryError::SignerMoved { home: home.to_owned() });
    }
    match next.home() {
        None => Ok(Residence::Here),
        Some(home) if home == origin => Ok(Residence::Here),
        Some(_) if before == Some(origin) => Ok(Residence::Leaving),
        Some(_) => Err(EntryError::HomeLogInvalid),
    }
}
