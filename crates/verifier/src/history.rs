//! The history of a signer: which keys a DID had, in which order, and where in the log each version stands.
//!
//! In scope: joining did:webvh lines from receipts, current-proofs and logs into one self-certifying chain; the
//! version in force at a place in a log (never by `versionTime`, decisions 7) or as of a time; what is proved about
//! versions that are not at hand. Out of scope: what a key was used for.

mod recorded;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use inkan_core::{Timestamp, tolerance};
use inkan_crypto::PublicKey;
use inkan_did::webvh::{self, Head};
use inkan_did::{Did, DidDocument, DidUrl, Method, Relationship};

use self::recorded::{Pin, pins, recorded_versions};
use crate::ledger_view::LedgerView;
use crate::material::{Context, Material};
use crate::reason::Reason;

/// The versions of one DID as far as they are known, oldest first; never empty.
#[derive(Clone, Debug)]
pub struct DidHistory {
    did: Did,
    versions: Vec<Version>,
    /// What current-proofs showed to be the newest version.
    pins: Vec<Pin>,
}

/// One version and where it is recorded.
#[derive(Clone, Debug)]
pub struct Version {
    /// Version number; 0 for methods without versions.
    pub number: u64,
    /// The `versionId`; `None` for methods without versions.
    pub version_id: Option<String>,
    /// The DID document, as a ledger reads it if the version is recorded: what the log's entries are judged by.
    pub document: DidDocument,
    /// The same with the keys too that a ledger does not know; `None` if there are none. It is read when it is asked for: points
    /// of BLS12-381 take long, and histories are as long as whoever wrote them likes.
    all_keys: OnceLock<Option<DidDocument>>,
    /// The version's own claim of its time; `None` for methods without versions.
    pub time: Option<Timestamp>,
    /// Whether this version ends the DID.
    pub deactivated: bool,
    /// The log it names as its home (D14).
    pub home: Option<String>,
    /// The keys that may write the next version; none for methods without versions.
    pub update_keys: Vec<PublicKey>,
    /// Where it is recorded, if a receipt or current-proof shows it.
    pub place: Option<Place>,
    /// Where it is recorded in the log that it moved the DID to, as the last entry of an import (ledger §6.6).
    pub arrived: Option<Place>,
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

/// How sure it is that no version is missing in between.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Completeness {
    /// The next version, or a current-proof, shows that none is missing.
    Shown,
    /// A version may be missing.
    NotShown,
}

impl DidHistory {
    /// Joins all that is known of `did` as of the judged time.
    ///
    /// # Errors
    ///
    /// [`Reason::DidUnresolved`] if nothing is known; [`Reason::DidLogInvalid`] if what is known does not certify
    /// itself.
    pub fn collect(
        did: &Did,
        material: &Material,
        ledger: &LedgerView<'_>,
        context: &Context,
    ) -> Result<Self, Reason> {
        match did.method() {
            Method::Key | Method::Jwk => {
                let document = inkan_did::resolve_self_contained(did)
                    .map_err(|source| Reason::DidLogInvalid { code: source.code() })?;
                Ok(Self {
                    did: did.clone(),
                    versions: vec![Version::timeless(document)],
                    pins: vec![],
                })
            }
            Method::Webvh => Self::collect_webvh(did, material, ledger, context),
            Method::Web => Err(Reason::DidUnresolved { did: did.to_string() }),
        }
    }

    fn collect_webvh(
        did: &Did,
        material: &Material,
        ledger: &LedgerView<'_>,
        context: &Context,
    ) -> Result<Self, Reason> {
        let unresolved = || Reason::DidUnresolved { did: did.to_string() };
        let scid = did.scid().ok_or_else(unresolved)?;
        let limit = context.as_of.plus_seconds(tolerance::LEDGER_FUTURE);
        // A log is read as of today, also when an earlier time is asked about: its later lines are then left out.
        let now = context.as_of.max(context.received_at);
        let (mut versions, known) = recorded_versions(scid, ledger, limit)?;
        let recorded = versions.len();
        // Lines without receipts may go on where the recorded ones end, or be all there is.
        for (name, text) in &material.did_logs {
            if !Did::parse(name).is_ok_and(|name| name.scid() == Some(scid)) {
                continue;
            }
            // Lines that the ledger recorded were checked there, by stricter rules.
            let history = webvh::History::verify_after(&known, text, now)
                .map_err(|error| Reason::DidLogInvalid { code: error.code() })?;
            if history.did().scid() != Some(scid) {
                return Err(Reason::DidLogInvalid { code: "scid-mismatch" });
            }
            extend(&mut versions, recorded, history.versions(), limit)?;
        }
        if versions.iter().all(|version| version.document.id() != did) {
            return Err(unresolved());
        }
        let pins = pins(scid, ledger, limit, &versions);
        Ok(Self { did: did.clone(), versions, pins })
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

    /// Place of a version that is proved to exist and is newer than the newest one at hand.
    #[must_use]
    pub fn missing(&self) -> Option<u64> {
        let known = self.newest().map_or(0, |version| version.number);
        let newest = self.pins.iter().max_by_key(|pin| pin.number)?;
        (newest.number > known).then_some(newest.head_index)
    }

    /// When the newest version at hand was last seen to be the newest; `None` if no current-proof shows that it is.
    #[must_use]
    pub fn fresh_at(&self) -> Option<Timestamp> {
        let newest = self.newest().filter(|_| self.missing().is_none())?;
        // A log that the DID has left cannot say what is the newest elsewhere.
        let at_home = |pin: &Pin| newest.home.as_deref().is_none_or(|home| home == pin.origin);
        let same = |pin: &&Pin| pin.number == newest.number && at_home(pin);
        self.pins.iter().filter(same).filter_map(|pin| pin.fresh_at).max()
    }

    /// The first log that it moved to and of which nothing shows how it stands there: what it took back, reported or ended there is not
    /// known, and the log that it left goes on to show what it said before. Whether it moved on since, or came back, does not matter.
    ///
    /// A current-proof of that log is asked for, and no receipt: a receipt of its arrival says nothing of what came after. One of an
    /// earlier stay says nothing of this one. The first home is no such log: what it does not show was never known here.
    ///
    /// Decided for times past: as of a time before the move the newest version names the log of then, which is asked alone; a report, an
    /// end or a withdrawal counts from its record on, and the records of the new home are all later. As of a time after the move it is
    /// asked of what was signed before it, too: that a key was in force at a record in the old log is still shown by that log, and that
    /// it was in other hands then, or is taken back since, the new one alone may say.
    #[must_use]
    pub fn out_of_sight(&self) -> Option<&str> {
        // A version that names no home leaves none.
        let mut named = self.versions.iter().filter_map(|v| Some((v.number, v.home.as_deref()?)));
        let (_, mut home) = named.next()?;
        for (number, next) in named {
            if next == home {
                continue;
            }
            home = next;
            if !self.pins.iter().any(|pin| pin.origin == home && pin.number >= number) {
                return Some(home);
            }
        }
        None
    }

    /// The logs that its versions name as their home, newest first; one that it came back to is given twice.
    pub fn homes(&self) -> impl Iterator<Item = &str> {
        self.versions.iter().rev().filter_map(|version| version.home.as_deref())
    }

    /// The logs where it was at home, newest first, each with the place from which on what that log says is of this stay: one that it
    /// came back to is given again, and knows by that place what it was told before. No place means that it is not known when it came
    /// back.
    #[must_use]
    pub fn stays(&self) -> Vec<(&str, Option<u64>)> {
        let mut stays: Vec<(&str, Option<u64>)> = Vec::new();
        for version in &self.versions {
            let Some(home) = version.home.as_deref() else { continue };
            if stays.last().is_some_and(|(last, _)| *last == home) {
                continue;
            }
            let again = stays.iter().any(|(before, _)| *before == home);
            let since = version.place_in(home).map(|place| place.leaf_index);
            stays.push((home, if again { since } else { Some(0) }));
        }
        stays.reverse();
        stays
    }

    /// The place in the log `origin` of the version by which the DID left it for good, if a receipt shows it: that log took nothing of it
    /// from then on. One that it came back to says nothing of that by an earlier leaving.
    #[must_use]
    pub fn left(&self, origin: &str) -> Option<u64> {
        if self.homes().next() == Some(origin) {
            return None;
        }
        let away = |version: &&Version| version.home.as_deref().is_some_and(|home| home != origin);
        let since_home = self.versions.iter().rev().take_while(away);
        since_home
            .filter_map(|version| version.place_in(origin))
            .map(|place| place.leaf_index)
            .max()
    }

    /// Every log where the DID lived.
    #[must_use]
    pub fn logs(&self) -> BTreeSet<&str> {
        let homes = self.versions.iter().filter_map(|version| version.home.as_deref());
        let places = self.versions.iter().flat_map(|version| [&version.place, &version.arrived]);
        let places = places.flatten().map(|place| place.origin.as_str());
        let pinned = self.pins.iter().map(|pin| pin.origin.as_str());
        homes.chain(places).chain(pinned).collect()
    }

    /// Where the DID ended, if it did: the place is unknown for a version without a receipt.
    #[must_use]
    pub fn ended(&self) -> Option<Option<(&str, u64)>> {
        if let Some(pin) = self.pins.iter().find(|pin| pin.ended) {
            return Some(Some((&pin.origin, pin.head_index)));
        }
        let last = self.newest().filter(|version| version.deactivated)?;
        Some(last.place.as_ref().map(|place| (place.origin.as_str(), place.leaf_index)))
    }

    /// The version in force just before place `leaf_index` of the log `origin`.
    #[must_use]
    pub fn at_index(&self, origin: &str, leaf_index: u64) -> Option<(&Version, Completeness)> {
        if self.versions.first().is_some_and(|version| version.number == 0) {
            return self.versions.first().map(|version| (version, Completeness::Shown));
        }
        let place = |version: &Version| version.place_in(origin).map(|place| place.leaf_index);
        let before = |version: &Version| place(version).is_some_and(|at| at < leaf_index);
        let position = self.versions.iter().rposition(before)?;
        let version = self.versions.get(position)?;
        let followed = position
            .checked_add(1)
            .and_then(|next| self.versions.get(next))
            .is_some_and(|next| place(next).is_some_and(|at| at > leaf_index));
        let pinned = self.pins.iter().any(|pin| {
            pin.origin == origin
                && pin.epoch_index > leaf_index
                && place(version) == Some(pin.head_index)
        });
        let shown = if followed || pinned { Completeness::Shown } else { Completeness::NotShown };
        Some((version, shown))
    }

    /// The keys that `method` ever named for `purpose`, each with the newest version that lists it, newest first.
    pub fn keys<'a>(
        &'a self,
        method: &'a DidUrl,
        purpose: Relationship,
    ) -> impl Iterator<Item = (&'a Version, &'a PublicKey)> {
        let mut seen: Vec<&PublicKey> = Vec::new();
        self.versions.iter().rev().filter_map(move |version| {
            let key = version.key(method, purpose).filter(|key| !seen.contains(key))?;
            seen.push(key);
            Some((version, key))
        })
    }

    /// The oldest version after `version` that no longer lists `key` under `method`.
    #[must_use]
    pub fn dropped_after(
        &self,
        version: &Version,
        (method, key): (&DidUrl, &PublicKey),
        purpose: Relationship,
    ) -> Option<&Version> {
        self.versions
            .iter()
            .find(|later| later.number > version.number && !later.lists((method, key), purpose))
    }
}

impl Version {
    const fn timeless(document: DidDocument) -> Self {
        Self {
            number: 0,
            version_id: None,
            document,
            all_keys: OnceLock::new(),
            time: None,
            deactivated: false,
            home: None,
            update_keys: Vec::new(),
            place: None,
            arrived: None,
        }
    }

    fn from_head(head: &Head, place: Option<Place>, arrived: Option<Place>) -> Self {
        Self {
            number: head.number(),
            version_id: Some(head.version_id().to_owned()),
            document: head.document().clone(),
            all_keys: OnceLock::new(),
            time: Some(head.time()),
            deactivated: head.deactivated(),
            home: head.home().map(str::to_owned),
            update_keys: head.update_keys().to_vec(),
            place,
            arrived,
        }
    }

    /// Where the log `origin` records it, as far as that counts: at home, on leaving, or on arrival.
    #[must_use]
    pub fn place_in(&self, origin: &str) -> Option<&Place> {
        [&self.place, &self.arrived].into_iter().flatten().find(|place| place.origin == origin)
    }

    /// The key that `method` names, if this version lists it for `purpose` and says that the DID itself controls it.
    #[must_use]
    pub fn key(&self, method: &DidUrl, purpose: Relationship) -> Option<&PublicKey> {
        // Both readings list the same URLs, and have the same keys where a ledger knows them.
        if !self.document.allows(method, purpose) {
            return None;
        }
        let known = self.document.method(method).is_some();
        let listing = if known { &self.document } else { self.listing() };
        let found = listing.method(method)?;
        let (own, controller) = (method.did(), &found.controller);
        let moved = own.scid().is_some() && own.scid() == controller.scid();
        if own != controller && !moved {
            return None;
        }
        listing.allows(method, purpose).then_some(&found.key)
    }

    /// The document with all keys that sign what is shown to a verifier.
    #[must_use]
    pub fn listing(&self) -> &DidDocument {
        let all_keys = self.all_keys.get_or_init(|| self.document.with_all_keys());
        all_keys.as_ref().unwrap_or(&self.document)
    }

    /// Whether `method` names this very key for `purpose`: another version may name another key by the same URL.
    #[must_use]
    pub fn lists(&self, (method, key): (&DidUrl, &PublicKey), purpose: Relationship) -> bool {
        self.key(method, purpose) == Some(key)
    }
}

/// Appends versions of a self-certifying log that go beyond what is known, as of a time.
///
/// Where a log contradicts the first `recorded` versions, the ledger is right, and the log says nothing; two logs that
/// contradict each other leave nothing to rely on.
fn extend(
    versions: &mut Vec<Version>,
    recorded: usize,
    heads: &[Head],
    limit: Timestamp,
) -> Result<(), Reason> {
    for (position, head) in heads.iter().enumerate().filter(|(_, head)| head.time() <= limit) {
        match versions.get(position) {
            None => versions.push(Version::from_head(head, None, None)),
            Some(known) if known.version_id.as_deref() == Some(head.version_id()) => {}
            Some(_) if position < recorded => return Ok(()),
            Some(_) => return Err(Reason::DidLogInvalid { code: "version-conflict" }),
        }
    }
    Ok(())
}
