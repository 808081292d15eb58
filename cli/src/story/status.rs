//! When a credential was suspended, reinstated and revoked.
//!
//! In scope: events of changes that the verifier confirmed. Out of scope: finding them (`commands::story`).

use inkan_core::Timestamp;
use inkan_credential::bundle::served_bytes;
use inkan_credential::model::StatusEntry;
use inkan_credential::status_list::StatusListCredential;
use inkan_credential::token_status_list::{StatusListToken, StatusReference, TokenStatus};
use inkan_credential::{Credential, SecuredCredential};
use inkan_verifier::{Check, CheckName, Outcome, Reason};
use serde_json::Value;

use super::phrase::Phrase;
use super::{Basis, Bearing, Event, EventKind, Place};

/// How a credential stands in one list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// Nothing is said against it.
    Good,
    /// Not to be relied on for now.
    Suspended,
    /// Cancelled.
    Revoked,
}

/// A place in a list that the credential names.
#[derive(Clone, Debug)]
pub(crate) enum Named {
    /// In a Bitstring Status List.
    Bitstring(StatusEntry),
    /// In a Token Status List.
    Token(StatusReference),
}

/// The places in lists that say whether a credential is in force.
pub(crate) fn named(credential: &Credential) -> Vec<Named> {
    use inkan_credential::model::StatusPurpose;
    let entries = credential.status().iter().filter(|entry| match entry.purpose {
        StatusPurpose::Revocation | StatusPurpose::Suspension => true,
        StatusPurpose::Refresh | StatusPurpose::Message => false,
    });
    let entries = entries.cloned().map(Named::Bitstring);
    entries.chain(credential.token_status().cloned().map(Named::Token)).collect()
}

impl Named {
    /// URI of the list.
    pub(crate) fn uri(&self) -> &str {
        match self {
            Self::Bitstring(entry) => &entry.list_uri,
            Self::Token(entry) => &entry.uri,
        }
    }

    /// What a list seems to say. It is a hint where to look: nothing is verified, and no event rests on it.
    pub(crate) fn hint(&self, bytes: &[u8]) -> Option<u8> {
        match self {
            Self::Bitstring(entry) => {
                let list = SecuredCredential::parse(bytes).ok()?;
                StatusListCredential::from_credential(list.credential()).ok()?.value(entry).ok()
            }
            Self::Token(entry) => {
                let parsed = match std::str::from_utf8(bytes) {
                    Ok(text) => StatusListToken::parse_jwt(text.trim()),
                    Err(_) => StatusListToken::parse_cwt(bytes),
                };
                let text = String::from_utf8_lossy(bytes);
                let served = || StatusListToken::parse_cwt(&served_bytes(&text)).ok();
                let list = parsed.ok().or_else(served)?;
                list.list().get(entry.index).ok().map(TokenStatus::value)
            }
        }
    }

    fn is_line(&self, check: &Check) -> bool {
        let found = |member: &str| check.evidence.get(member);
        let name = self.uri().rsplit('/').next().unwrap_or_default();
        let (index, member, word) = match self {
            Self::Bitstring(entry) => (entry.index, "purpose", entry.purpose.as_str()),
            Self::Token(entry) => (entry.index, "form", "token"),
        };
        check.name == CheckName::Status
            && found("list").and_then(Value::as_str) == Some(name)
            && found("index").and_then(Value::as_u64) == Some(index)
            && found(member).and_then(Value::as_str) == Some(word)
    }

    /// What the verifier says of this place, among the checks of one credential. `None`: it cannot tell.
    pub(crate) fn state(&self, checks: &[Check], subject: &str) -> Option<State> {
        let line = checks.iter().find(|check| check.subject == subject && self.is_line(check))?;
        match &line.outcome {
            Outcome::Pass => Some(State::Good),
            Outcome::Fail(Reason::Revoked { .. }) => Some(State::Revoked),
            Outcome::Fail(Reason::Suspended { .. }) => Some(State::Suspended),
            Outcome::Fail(_) | Outcome::Unknown(_) | Outcome::Skipped => None,
        }
    }

    /// Since when the verifier says that this place stands as it does, and the entry of the list.
    pub(crate) fn since(
        &self,
        checks: &[Check],
        subject: &str,
    ) -> Option<(Timestamp, Option<u64>)> {
        let line = checks.iter().find(|check| check.subject == subject && self.is_line(check))?;
        let since = match line.reason() {
            Some(Reason::Revoked { since } | Reason::Suspended { since }) => *since,
            Some(_) | None => None,
        };
        Some((since?, line.evidence.get("listEntry").and_then(Value::as_u64)))
    }
}

/// A change that the verifier confirmed.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// To what.
    pub(crate) to: State,
    /// When, by the log's operator; by the list itself if it is not recorded.
    pub(crate) time: Timestamp,
    /// Where the list is recorded.
    pub(crate) place: Option<Place>,
    /// Why, by this profile's own records, if they may be told.
    pub(crate) note: Option<String>,
}

/// The event of a change.
pub(super) fn event(change: Change) -> Event {
    let (kind, words, bearing) = match change.to {
        State::Good => (EventKind::Reinstated, "reinstated: in force again", Bearing::For),
        State::Suspended => {
            (EventKind::Suspended, "suspended: not to be relied on for now", Bearing::Against)
        }
        State::Revoked => (EventKind::Revoked, "revoked, for good", Bearing::Against),
    };
    let what = match change.note {
        Some(note) => Phrase::own(format!("{words}; own note: ")).named(note),
        None => Phrase::own(words),
    };
    Event {
        kind,
        time: change.time,
        basis: if change.place.is_some() { Basis::Recorded } else { Basis::Signed },
        place: change.place,
        what,
        word: Phrase::own("the issuer's word"),
        bearing,
    }
}
