//! What an entry is judged by, without the history that led to it.
//!
//! A parameter stays in force until an entry sets it again. Who remembers for each version which entry set what
//! ([`Settings`]) reads a handful of entries to judge a successor of any version, however long the log is.

use inkan_core::Timestamp;
use inkan_crypto::PublicKey;

use super::entry::Entry;
use super::head::Head;
use super::parameters::WitnessSet;
use crate::did::Did;

/// Nobody need approve.
static NOBODY: WitnessSet = WitnessSet::nobody();

/// For everything that stays in force until an entry sets it again: something about the entry that set it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Settings<T> {
    /// About the entry that set `updateKeys`.
    pub update_keys: T,
    /// About the entry that set `nextKeyHashes`.
    pub next_key_hashes: T,
    /// About the entry that set `witness`.
    pub witness: T,
    /// About the entry that set `portable`.
    pub portable: T,
    /// About the entry that named the home log (D14).
    pub home: T,
}

impl<T: Copy> Settings<T> {
    /// As of the version that `entry` makes; `here` is what is said about it.
    #[must_use]
    pub fn after(self, entry: &Entry, here: T) -> Self {
        let set = &entry.parameters;
        let pick = |is_set: bool, before: T| if is_set { here } else { before };
        Self {
            update_keys: pick(set.update_keys.is_some(), self.update_keys),
            next_key_hashes: pick(set.next_key_hashes.is_some(), self.next_key_hashes),
            witness: pick(set.witness.is_some(), self.witness),
            portable: pick(set.portable.is_some(), self.portable),
            home: pick(entry.document.ledger_log().is_some(), self.home),
        }
    }
}

/// The version before an entry, as far as the rules ask about it.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    pub(super) scid: &'a str,
    pub(super) version_id: &'a str,
    pub(super) number: u64,
    pub(super) time: Timestamp,
    pub(super) did: &'a Did,
    pub(super) update_keys: &'a [PublicKey],
    pub(super) next_key_hashes: &'a [String],
    pub(super) witness: &'a WitnessSet,
    pub(super) portable: bool,
    pub(super) deactivated: bool,
}

impl<'a> Before<'a> {
    /// The version that `entry` made, where `settings` are the entries of this DID that set what was in force then.
    ///
    /// All of them were verified before; they are believed.
    #[must_use]
    pub fn of_entries(entry: &'a Entry, settings: Settings<Option<&'a Entry>>) -> Self {
        let Settings { update_keys, next_key_hashes, witness, portable, home: _ } = settings;
        Self {
            scid: entry.scid(),
            version_id: &entry.version_id,
            number: entry.number,
            time: entry.time,
            did: entry.did(),
            update_keys: update_keys
                .and_then(|by| by.parameters.update_keys.as_deref())
                .unwrap_or_default(),
            next_key_hashes: next_key_hashes
                .and_then(|by| by.parameters.next_key_hashes.as_deref())
                .unwrap_or_default(),
            witness: witness.and_then(|by| by.parameters.witness.as_ref()).unwrap_or(&NOBODY),
            portable: portable.and_then(|by| by.parameters.portable).unwrap_or(false),
            deactivated: entry.parameters.deactivated.unwrap_or(false),
        }
    }

    /// D7: whether the next entry must use a key that this version committed to.
    pub(super) const fn pre_rotation(&self) -> bool {
        !self.next_key_hashes.is_empty()
    }
}

impl<'a> From<&'a Head> for Before<'a> {
    fn from(head: &'a Head) -> Self {
        Self {
            scid: &head.scid,
            version_id: &head.version_id,
            number: head.number,
            time: head.time,
            did: head.did(),
            update_keys: &head.update_keys,
            next_key_hashes: &head.next_key_hashes,
            witness: &head.witness,
            portable: head.portable,
            deactivated: head.deactivated,
        }
    }
}

#[cfg(test)]
mod tests;
