//! The history of a signer: which keys a DID had, in which order, and where in the log each version stands.
//!
//! In scope: joining did:webvh lines from receipts and logs into one self-certifying chain; the version in force at
//! a place in a log (never by `versionTime`, decisions 7) or as of a time. Out of scope: what a key was used for.

use std::collections::BTreeMap;

use inkan_core::{Timestamp, tolerance};
use inkan_did::webvh::{self, Head};
use inkan_did::{Did, DidDocument, DidUrl, Method, Relationship};
use inkan_ledger::MapKey;

use crate::ledger_view::LedgerView;
use crate::material::Material;
use crate::reason::Reason;

/// The versions of one DID as far as they are known, oldest first; never empty.
#[derive(Clone, Debug)]
pub struct DidHistory {
    did: Did,
    versions: Vec<Version>,
    /// Newest head that a current-proof showed: (epoch index, leaf index of the head).
    pinned: Vec<Pin>,
}

/// One version and where it is recorded.
#[derive(Clone, Debug)]
pub struct Version {
    /// Version number; 0 for methods without versions.
    pub number: u64,
    /// The DID document.
    pub document: DidDocument,
    /// The version's own claim of its time; `None` for methods without versions.
    pub time: Option<Timestamp>,
    /// Whether this version ends the DID.
    pub deactivated: bool,
    /// The log it names as its home (D14).
    pub home: Option<String>,
    /// Where it is recorded, if a receipt shows it.
    pub place: Option<Place>,
}

/// A place in a log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The log's origin.
    pub origin: String,
    /// Leaf index.
    pub leaf_index: u64,
    /// The operator's time of the leaf.
    pub leaf_time: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Pin {
    epoch_index: u64,
    head_index: u64,
}

/// How sure it is that no version is missing in between.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Completeness {
    /// The next version, or a current-proof, shows that none is missing.
    Shown,
    /// A version may be missing.
    NotShown,
}

impl DidHistory {
    /// Joins all that is known of `did` as of `as_of`.
    ///
    /// # Errors
    ///
    /// [`Reason::DidUnresolved`] if nothing is known; [`Reason::DidLogInvalid`] if what is known does not certify
    /// itself.
    pub fn collect(
        did: &Did,
        material: &Material,
        ledger: &LedgerView<'_>,
        as_of: Timestamp,
    ) -> Result<Self, Reason> {
        match did.method() {
            Method::Key | Method::Jwk => {
                let document = inkan_did::resolve_self_contained(did)
                    .map_err(|source| Reason::DidLogInvalid { code: source.code() })?;
                Ok(Self { did: did.clone(), versions: vec![Version::timeless(document)], pinned: vec![] })
            }
            Method::Webvh => Self::collect_webvh(did, material, ledger, as_of),
            Method::Web => Err(Reason::DidUnresolved { did: did.to_string() }),
        }
    }

    fn collect_webvh(
        did: &Did,
        material: &Material,
        ledger: &LedgerView<'_>,
        as_of: Timestamp,
    ) -> Result<Self, Reason> {
        let unresolved = || Reason::DidUnresolved { did: did.to_string() };
        let scid = did.scid().ok_or_else(unresolved)?;
        let limit = as_of.plus_seconds(tolerance::LEDGER_FUTURE);
        let mut versions = recorded_versions(scid, ledger, limit)?;
        // Lines without receipts may go on where the recorded ones end, or be all there is.
        let mut failure = None;
        for (name, text) in &material.did_logs {
            if Did::parse(name).ok().and_then(|d| d.scid().map(str::to_owned)).as_deref() != Some(scid) {
                continue;
            }
            match webvh::History::verify(text, None, limit) {
                Ok(history) => extend(&mut versions, history.versions(), as_of),
                Err(error) => failure = Some(Reason::DidLogInvalid { code: error.code() }),
            }
        }
        if let Some(reason) = failure {
            return Err(reason);
        }
        let newest = versions.last().ok_or_else(unresolved)?;
        if newest.document.id() != did && versions.iter().all(|version| version.document.id() != did) {
            return Err(unresolved());
        }
        let pinned = ledger
            .heads(&MapKey::did(scid))
            .filter_map(|current| {
                let head_index = current.head()?.value().leaf_index;
                Some(Pin { epoch_index: current.epoch_index(), head_index })
            })
            .collect();
        Ok(Self { did: did.clone(), versions, pinned })
    }

    /// The DID.
    #[must_use]
    pub const fn did(&self) -> &Did {
        &self.did
    }

    /// All versions, oldest first.
    #[must_use]
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// The newest version known as of the time the history was collected for.
    #[must_use]
    pub fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// The version in force just before place `leaf_index` of the log `origin`.
    #[must_use]
    pub fn at_index(&self, origin: &str, leaf_index: u64) -> Option<(&Version, Completeness)> {
        if self.versions.first().is_some_and(|version| version.number == 0) {
            return self.versions.first().map(|version| (version, Completeness::Shown));
        }
        let place = |version: &Version| {
            version.place.as_ref().filter(|place| place.origin == origin).map(|place| place.leaf_index)
        };
        let position =
            self.versions.iter().rposition(|version| place(version).is_some_and(|at| at < leaf_index))?;
        let version = self.versions.get(position)?;
        let followed = position
            .checked_add(1)
            .and_then(|next| self.versions.get(next))
            .is_some_and(|next| place(next).is_some_and(|at| at > leaf_index));
        let pinned = self
            .pinned
            .iter()
            .any(|pin| pin.epoch_index > leaf_index && place(version) == Some(pin.head_index));
        let shown = if followed || pinned { Completeness::Shown } else { Completeness::NotShown };
        Some((version, shown))
    }

    /// The newest version that lists `method` for `purpose`.
    #[must_use]
    pub fn newest_with(&self, method: &DidUrl, purpose: Relationship) -> Option<&Version> {
        self.versions.iter().rev().find(|version| version.document.allows(method, purpose))
    }

    /// The oldest version after `version` that no longer lists `method`, for the report.
    #[must_use]
    pub fn dropped_after(&self, version: &Version, method: &DidUrl, purpose: Relationship) -> Option<&Version> {
        self.versions
            .iter()
            .find(|later| later.number > version.number && !later.document.allows(method, purpose))
    }
}

impl Version {
    const fn timeless(document: DidDocument) -> Self {
        Self { number: 0, document, time: None, deactivated: false, home: None, place: None }
    }

    fn from_head(head: &Head, place: Option<Place>) -> Self {
        Self {
            number: head.number(),
            document: head.document().clone(),
            time: Some(head.time()),
            deactivated: head.deactivated(),
            home: head.home().map(str::to_owned),
            place,
        }
    }
}

/// The contiguous run of recorded versions from the first on, each checked against its predecessor by the ledger's
/// own rules (D1–D14).
fn recorded_versions(
    scid: &str,
    ledger: &LedgerView<'_>,
    limit: Timestamp,
) -> Result<Vec<Version>, Reason> {
    let mut by_number = BTreeMap::new();
    for (leaf, entry) in ledger.did_leaves(scid) {
        if leaf.leaf().time() <= limit {
            by_number.entry(entry.number()).or_insert((entry, leaf));
        }
    }
    let mut versions: Vec<Version> = Vec::new();
    let mut head: Option<Head> = None;
    for (expected, (number, (entry, leaf))) in (1_u64..).zip(by_number) {
        if number != expected {
            break;
        }
        let next = webvh::check_next(head.as_ref(), &entry, leaf.leaf().time())
            .map_err(|error| Reason::DidLogInvalid { code: error.code() })?;
        let place = Place {
            origin: leaf.origin().to_owned(),
            leaf_index: leaf.leaf_index(),
            leaf_time: leaf.leaf().time(),
        };
        versions.push(Version::from_head(&next, Some(place)));
        head = Some(next);
    }
    Ok(versions)
}

/// Appends versions of a self-certifying log that go beyond what is recorded, as of a time.
fn extend(versions: &mut Vec<Version>, heads: &[Head], as_of: Timestamp) {
    let limit = as_of.plus_seconds(tolerance::LEDGER_FUTURE);
    let known = versions.len();
    let agrees = versions.iter().zip(heads).all(|(version, head)| {
        version.number == head.number() && version.document.value() == head.document().value()
    });
    if !agrees {
        return;
    }
    for head in heads.iter().skip(known).filter(|head| head.time() <= limit) {
        versions.push(Version::from_head(head, None));
    }
}
