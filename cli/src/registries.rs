//! The registries that a profile goes by: its own trust list, and what authorities on that list stated on the ledger.
//!
//! Data flow: trust list → authorities → every entry of the ledger under one verified head → statements, each under the key in force at
//! its place → registries as of a time. An authority whose statements cannot be read stops the command: it might have revoked somebody.
//!
//! A ledger has no list of one DID's entries, so all of them are read, and what is found is kept for the next time (`kept`); a profile
//! without authorities reads none.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use inkan_core::Timestamp;
use inkan_did::Did;
use inkan_did::webvh::{self, Head};
use inkan_evidence::Registry;
use inkan_evidence::registry::{
    SignerVersion, Standing, Statement, of_former, of_statements, read_statements,
};
use inkan_io::ledger_source::{LedgerPlace, SourceView};
use inkan_io::pinned;
use inkan_ledger::state::parse_did_body;
use inkan_ledger::tree::verify_consistency;
use inkan_ledger::{Kind, Leaf, VerifiedCheckpoint, verify_bundle_under, verify_checkpoint};

use crate::commands::trust;
use crate::context::Home;
use crate::failure::{CliError, Failure};
use crate::ledgers::{Reading, verify_pinned};

mod kept;

/// All that a ledger holds about trust and about DIDs, up to one head.
#[derive(Debug)]
pub(crate) struct Stated {
    origin: String,
    size: u64,
    leaves: Vec<(u64, Leaf)>,
    head: VerifiedCheckpoint,
    /// What was read of an authority: its signatures are verified once for this head.
    known: Mutex<BTreeMap<String, Arc<Vec<Statement>>>>,
    /// Authorities among them that have left this log: when, and for which one.
    left: Mutex<BTreeMap<String, (Timestamp, String)>>,
}

/// An authority of a trust list, and until when it is heard.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Heard {
    pub(crate) did: Did,
    /// Its last moment, if it is listed no longer.
    pub(crate) last: Option<Timestamp>,
}

/// How old an answer of the ledger may be, in seconds, and whether somebody may be asked at all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) max_age: Option<i64>,
    pub(crate) offline: bool,
}

impl Stated {
    /// Reads a ledger, going on from what this profile kept of it; every entry is shown to be in it.
    pub(crate) fn read(reading: &Reading, home: &Home, now: Timestamp) -> Result<Self, Failure> {
        let earlier = kept::load(home, reading.source().origin(), now);
        let read = Self::read_on(earlier.as_ref(), reading, home, now)?;
        kept::keep(home, &read, earlier.map(|earlier| earlier.size));
        Ok(read)
    }

    /// The same, going on from what was read of it under an earlier head, which this one was shown to continue.
    pub(crate) fn read_on(
        earlier: Option<&Self>,
        reading: &Reading,
        home: &Home,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let view = reading.view();
        let head = verify_pinned(home, |policy| verify_checkpoint(view.note(), policy, now))?;
        let origin = reading.source().origin().to_owned();
        let earlier =
            earlier.filter(|old| old.origin == origin && (1..=view.size()).contains(&old.size));
        let (mut leaves, mut next) = match earlier {
            Some(old) => {
                continues(old, &head, view)?;
                (old.leaves.clone(), old.size)
            }
            None => (Vec::new(), 0),
        };
        let same = earlier.filter(|old| old.size == view.size());
        let known =
            same.map(|old| old.known.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let left = same.map(|old| old.left.lock().unwrap_or_else(PoisonError::into_inner).clone());
        while next < view.size() {
            let (start, bundle) = view.bundle(next)?;
            let first = view.receipt_here(start)?;
            for found in verify_bundle_under(&first, &bundle, &head)? {
                if found.leaf_index() < next {
                    continue;
                }
                next = found.leaf_index().saturating_add(1);
                if matches!(found.leaf().kind(), Kind::Trust | Kind::Did) {
                    leaves.push((found.leaf_index(), found.leaf().clone()));
                }
            }
        }
        let known = Mutex::new(known.unwrap_or_default());
        let left = Mutex::new(left.unwrap_or_default());
        Ok(Self { origin, size: view.size(), leaves, head, known, left })
    }

    /// How many entries were read.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The statements of an authority, in the order of the log.
    pub(crate) fn of(&self, authority: &Did) -> Result<Arc<Vec<Statement>>, Failure> {
        let kept = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept().get(authority.as_str()) {
            return Ok(Arc::clone(found));
        }
        let found = Arc::new(self.verified(authority)?);
        kept().insert(authority.to_string(), Arc::clone(&found));
        Ok(found)
    }

    fn verified(&self, authority: &Did) -> Result<Vec<Statement>, Failure> {
        let Some(scid) = authority.scid() else {
            let detail = "only a did:webvh DID states something on a ledger".to_owned();
            return Err(CliError::InputMalformed { file: authority.to_string(), detail }.into());
        };
        let mut versions = Vec::new();
        let mut head: Option<Head> = None;
        let mut last = None;
        for (leaf_index, leaf) in self.leaves.iter().filter(|(_, leaf)| leaf.kind() == Kind::Did) {
            // Somebody else's; a ledger takes none that cannot be read.
            let Ok(entry) = parse_did_body(leaf.body()) else { continue };
            if entry.scid() != scid {
                continue;
            }
            let next = webvh::check_next(head.as_ref(), &entry, leaf.time());
            let next = next.map_err(|error| Failure::from_error(error.code(), &error))?;
            versions.push(SignerVersion {
                leaf_index: *leaf_index,
                document: next.document().clone(),
                deactivated: next.deactivated(),
            });
            head = Some(next);
            last = Some(leaf.time());
        }
        let home = head.as_ref().and_then(Head::home).filter(|home| *home != self.origin);
        if let (Some(home), Some(time)) = (home, last) {
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            left.insert(authority.to_string(), (time, home.to_owned()));
        }
        if versions.is_empty() {
            return Err(CliError::DidNotAtHand { did: authority.to_string() }.into());
        }
        let leaves = self.leaves.iter().map(|(index, leaf)| (*index, leaf));
        Ok(read_statements(authority, &self.origin, &versions, leaves)?)
    }

    /// The registry that an authority's statements come to, as of a time.
    pub(crate) fn registry(&self, authority: &Did, as_of: Timestamp) -> Result<Registry, Failure> {
        Ok(of_statements(authority.as_str(), &self.here(authority, as_of)?, as_of)?)
    }

    /// The statements of an authority that was at home in this log as of a time: whom it revoked after it left is not known here.
    fn here(&self, authority: &Did, as_of: Timestamp) -> Result<Arc<Vec<Statement>>, Failure> {
        let statements = self.of(authority)?;
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        match left.get(authority.as_str()) {
            Some((time, home)) if *time <= as_of => {
                let (did, home) = (authority.to_string(), home.clone());
                Err(CliError::AuthorityMoved { did, home }.into())
            }
            Some(_) | None => Ok(statements),
        }
    }

    /// The same of one that may be listed no longer.
    fn heard(&self, authority: &Heard, as_of: Timestamp) -> Result<Registry, Failure> {
        let Heard { did, last } = authority;
        match last {
            None => self.registry(did, as_of),
            Some(last) => Ok(of_former(did.as_str(), &self.here(did, as_of)?, (as_of, *last))?),
        }
    }

    /// The registries of a trust list and of those that it hears.
    pub(crate) fn all(&self, list: Registry, as_of: Timestamp) -> Result<Vec<Registry>, Failure> {
        let heard = heard(&list, as_of)?;
        let mut all = vec![list];
        for authority in &heard {
            all.push(self.heard(authority, as_of)?);
        }
        Ok(all)
    }
}

/// That the tree that is read now continues the one that was read before: what was read then is still in it.
fn continues(old: &Stated, head: &VerifiedCheckpoint, view: &SourceView) -> Result<(), Failure> {
    let path = if old.size == view.size() { Vec::new() } else { view.consistency(old.size)? };
    verify_consistency(&old.head.head(), &head.head(), &path)
        .map_err(|error| Failure::from_error(error.code(), &error))
}

/// The registries of a profile as of a time: the trust list first. The ledger is only opened if the list names an authority.
/// Offline no node is asked: what authorities stated is then not at hand, which stops the command. So does a node whose head is older than
/// is allowed: it could hide whom an authority revoked since.
///
/// After them come the registries whose signed answers are pinned.
pub(crate) fn of(
    home: &Home,
    (as_of, now): (Timestamp, Timestamp),
    terms: Terms,
) -> Result<Vec<Registry>, Failure> {
    let mut all = of_list(home, (as_of, now), terms)?;
    all.extend(pinned::registries(&pinned::load(&home.profile)?)?);
    Ok(all)
}

fn of_list(
    home: &Home,
    (as_of, now): (Timestamp, Timestamp),
    terms: Terms,
) -> Result<Vec<Registry>, Failure> {
    let Some(list) = trust::load(home)? else { return Ok(Vec::new()) };
    let heard = heard(&list, as_of)?;
    let Some(first) = heard.first() else { return Ok(vec![list]) };
    let at_node = matches!(home.ledger, LedgerPlace::Node(_));
    if terms.offline && at_node {
        let missing = CliError::DidNotAtHand { did: first.did.to_string() };
        return Err(Failure::from(missing).during("what an authority stated, offline"));
    }
    let stated = Stated::read(&Reading::open_at(home, now)?, home, now)?;
    // A folder of one's own is looked at now, as for every other state.
    if let Some(max_age) = terms.max_age.filter(|_| at_node) {
        let fresh = stated.head.check_fresh(max_age, as_of);
        fresh.map_err(|error| Failure::from(error).during("what authorities stated"))?;
    }
    stated.all(list, as_of)
}

/// The authorities that a trust list names, in force at a time and not revoked for cause.
pub(crate) fn authorities(list: &Registry, as_of: Timestamp) -> Result<Vec<Did>, Failure> {
    let current = heard(list, as_of)?.into_iter().filter(|heard| heard.last.is_none());
    Ok(current.map(|heard| heard.did).collect())
}

/// The same with those whose listing has ended: they still vouch for their past, and whom they revoked stays revoked.
pub(crate) fn heard(list: &Registry, as_of: Timestamp) -> Result<Vec<Heard>, Failure> {
    let revoked =
        |did: &str| list.entries_of(did).any(|entry| entry.standing() == Standing::RevokedForCause);
    let named = list.entries().iter().filter(|entry| {
        let begun = entry.valid_from().is_none_or(|from| from <= as_of);
        entry.is_authority() && begun && !revoked(entry.id())
    });
    let mut found: Vec<Heard> = Vec::new();
    for entry in named {
        let did = Did::parse(entry.id())?;
        let last = entry.valid_until().filter(|_| !entry.covers(as_of));
        match found.iter_mut().find(|known| known.did == did) {
            // Of several entries the one that lasts longest.
            Some(known) => known.last = known.last.zip(last).map(|(one, other)| one.max(other)),
            None => found.push(Heard { did, last }),
        }
    }
    Ok(found)
}
