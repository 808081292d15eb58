//! Which signers are one controller, by their DIDs' own words at the time when they signed.
//!
//! Two DIDs are linked if they share their SCID (one DID that has moved), if a key that may authenticate, issue or update for one
//! may do so for the other, or if each names the other in `alsoKnownAs`. Each says so itself: a key that is listed may speak for
//! whoever lists it. Only pairs are looked at, never chains: a third party that lists the keys of two others connects itself with
//! each of them, and not them with each other. What a registry that the verifier trusts declares to be one controller is one, too
//! ([`Declared`]): that is somebody else's word, and whoever would rather be two has no say in it. Versions that came after the signature are not looked at, so that nobody can undo
//! an agreement by what it writes into its own document later.

use std::collections::BTreeSet;

use inkan_did::{Did, Relationship};

use crate::declared::Declared;
use crate::history::{DidHistory, Version};
use crate::verified::Recorded;

/// What a signer's DID said of itself by the time that it signed.
#[derive(Debug)]
pub(super) struct Voice {
    did: Did,
    keys: BTreeSet<String>,
    also: BTreeSet<String>,
}

impl Voice {
    /// That of a DID with this history, which signed what is recorded there; as of now, if it is not recorded.
    pub(super) fn of(did: &Did, history: &DidHistory, record: Option<&Recorded>) -> Self {
        let then = record.and_then(|at| history.at_index(at.origin(), at.leaf_index()));
        let until = then.map_or(u64::MAX, |(version, _)| version.number);
        let versions = || history.versions().iter().filter(|version| version.number <= until);
        let also = versions().last().map(names).unwrap_or_default();
        Self { did: did.clone(), keys: versions().flat_map(keys).collect(), also }
    }

    /// That of a DID of which nothing is at hand: what others say of it may count.
    pub(super) fn silent(did: &Did) -> Self {
        Self { did: did.clone(), keys: BTreeSet::new(), also: BTreeSet::new() }
    }

    /// Whether both are one controller, by their own words or by those of a registry.
    pub(super) fn is_linked(&self, other: &Self, declared: &Declared) -> bool {
        self.says(other) || declared.are_one(self.did.as_str(), other.did.as_str())
    }

    fn says(&self, other: &Self) -> bool {
        let names = |one: &Self, other: &Self| one.also.contains(other.did.as_str());
        let moved = self.did.scid().is_some() && self.did.scid() == other.did.scid();
        moved || !self.keys.is_disjoint(&other.keys) || (names(self, other) && names(other, self))
    }

    pub(super) const fn did(&self) -> &Did {
        &self.did
    }
}

/// The other DIDs among `all` that are the same controller as the one that speaks with this voice.
pub(super) fn others_of(
    own: Option<&Voice>,
    all: &[Voice],
    declared: &Declared,
) -> BTreeSet<String> {
    let Some(own) = own else { return BTreeSet::new() };
    let is_same = |other: &&Voice| other.did != own.did && own.is_linked(other, declared);
    all.iter().filter(is_same).map(|other| other.did.to_string()).collect()
}

/// The keys that can speak for a DID, or say who can.
fn keys(version: &Version) -> BTreeSet<String> {
    let purposes = [
        Relationship::Authentication,
        Relationship::AssertionMethod,
        Relationship::CapabilityInvocation,
        Relationship::CapabilityDelegation,
    ];
    let document = &version.document;
    let listed = purposes.into_iter().flat_map(|purpose| document.methods_for(purpose));
    let listed = listed.map(|method| method.key.to_multikey());
    listed.chain(version.update_keys.iter().map(inkan_crypto::PublicKey::to_multikey)).collect()
}

fn names(version: &Version) -> BTreeSet<String> {
    let list = version.document.value().get("alsoKnownAs").and_then(|list| list.as_array());
    let names = list.into_iter().flatten().filter_map(|name| name.as_str());
    names.map(str::to_owned).collect()
}
