//! What a registry answers to a question of TRQP: may this party do this, as of a time?
//!
//! In scope: one question, one answer, with its reason. An empty list of an entry is none and never any: a party with `roles: []`
//! has no role, and one with nothing in its lists is known and may do nothing. Out of scope: how a question arrives
//! (`inkan-server`, `inkan trust check`), and what several registries say together (`authority`).

use inkan_core::Timestamp;

use super::statements::actions;
use super::{Entry, Grant, GrantType, PartyRole, Registry, Standing};
use crate::row::Row;

/// A question in the sense of TRQP 2.0; the authority is the registry that is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Query<'a> {
    /// Authorization or recognition.
    pub statement: GrantType,
    /// About whom (`entity_id`).
    pub entity: &'a str,
    /// What it would do.
    pub action: &'a str,
    /// To what.
    pub resource: &'a str,
}

/// What a registry says to a question.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// Yes.
    Holds,
    /// It never said so of that party.
    NotStated,
    /// Only for a later time.
    NotYet,
    /// Not any more; what was done before stays good.
    Ended,
    /// The party is revoked for cause, in this or in anything else.
    Void,
    /// What is known of the registry is no longer current: nothing can be told.
    NotCurrent,
}

/// An answer.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// What it says.
    pub why: Why,
    /// The entry that says so; none if nothing is said.
    pub entry: Option<&'a Entry>,
}

impl Why {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::NotStated => "not-stated",
            Self::NotYet => "not-yet",
            Self::Ended => "ended",
            Self::Void => "void",
            Self::NotCurrent => "not-current",
        }
    }
}

/// Asks a registry, as of a time: what it says then of that very time.
#[must_use]
pub fn ask<'a>(registry: &'a Registry, query: &Query<'a>, at: Timestamp) -> Answered<'a> {
    if !registry.is_current(at) {
        return Answered { why: Why::NotCurrent, entry: None };
    }
    // For cause is about the party, not about one of the things it may do.
    let void = registry.entries_of(query.entity).find(|entry| {
        entry.standing() == Standing::RevokedForCause
            && entry.void_since().is_none_or(|since| since <= at)
    });
    if void.is_some() {
        return Answered { why: Why::Void, entry: void };
    }
    let mut found = Answered { why: Why::NotStated, entry: None };
    for entry in registry.entries_of(query.entity).filter(|entry| entry.says(query)) {
        if entry.covers(at) {
            return Answered { why: Why::Holds, entry: Some(entry) };
        }
        let later = entry.valid_from().is_some_and(|from| at < from);
        // An end says more than a beginning that has not come.
        if !later || found.entry.is_none() {
            let why = if later { Why::NotYet } else { Why::Ended };
            found = Answered { why, entry: Some(entry) };
        }
    }
    found
}

impl Entry {
    /// Whether it states this, at whatever time.
    #[must_use]
    pub fn says(&self, query: &Query<'_>) -> bool {
        let Query { statement, action, resource, .. } = *query;
        let named = match (statement, action) {
            (GrantType::Authorization, actions::ISSUE) => self.issues().contains(resource),
            (GrantType::Authorization, actions::STATE) => {
                Row::parse(resource).is_some_and(|row| self.rows().contains(&row))
            }
            (GrantType::Authorization, actions::COUNTERSIGN) => {
                self.countersigns().contains(resource)
            }
            (GrantType::Authorization, actions::ROLE) => {
                PartyRole::parse(resource).is_some_and(|role| self.roles().contains(&role))
            }
            (GrantType::Authorization, actions::ANCHOR) => self.anchor_types().contains(resource),
            (GrantType::Authorization, actions::MAKE) => self.statements().contains(resource),
            (GrantType::Recognition, actions::SUCCEED) => self.succeeds().contains(resource),
            (GrantType::Recognition, actions::SAME) => self.same_controller().contains(resource),
            (GrantType::Recognition, actions::AUTHORITY) => {
                self.is_authority() && resource == actions::TRUST
            }
            (GrantType::Authorization | GrantType::Recognition, _) => false,
        };
        let grant =
            || Grant { statement, action: action.to_owned(), resource: resource.to_owned() };
        named || self.grants().contains(&grant())
    }
}

#[cfg(test)]
mod tests;
