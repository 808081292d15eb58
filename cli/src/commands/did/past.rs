//! Keys that stood in a version of one of our DIDs before: one that was replaced or reported stolen is not taken again unseen.
//!
//! A report means a key for good, and by every name; so a version that lists such a key, or another under its name, is not
//! made here. The ledger itself would take it: its rules look at one entry after the other.

use inkan_core::Timestamp;
use inkan_crypto::PublicKey;
use inkan_did::webvh::{Entry, Head, History};
use inkan_did::{Did, DidDocument, DidUrl, Method, resolve_self_contained};
use inkan_io::gather::OtherLedgers as _;
use inkan_io::ledger_source::SourceView;
use inkan_io::profile::{MoveRecord, OwnDid};
use inkan_verifier::reports::reportable;

use crate::context::Home;
use crate::failure::Failure;
use crate::ledgers::Reading;
use crate::render::safe;

/// What the ledger and the profile know of keys of our DIDs.
pub(super) struct Past {
    histories: Vec<History>,
    /// Keys of DIDs that have no history: each is its key.
    bound: Vec<PublicKey>,
    /// Logs that our DIDs left: what was reported there is reported.
    left: Vec<SourceView>,
    /// Whether all of our DIDs could be looked up.
    whole: bool,
}

impl Past {
    /// Looks up every DID of the profile.
    pub(super) fn of(
        home: &Home,
        reading: Option<&Reading>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let mut past =
            Self { histories: Vec::new(), bound: Vec::new(), left: Vec::new(), whole: true };
        for (_, moved) in home.profile.all::<MoveRecord>()? {
            let ledger = reading.and_then(|reading| reading.others().ledger(&moved.from));
            past.left.extend(ledger.map(|ledger| ledger.view_at(None)).transpose()?.flatten());
        }
        for (_, own) in home.profile.all::<OwnDid>()? {
            let did = Did::parse(&own.did)?;
            if did.method() == Method::Webvh {
                match reading.map(|reading| reading.history(&own.did, now)) {
                    Some(Ok(history)) => past.histories.push(history),
                    Some(Err(_)) | None => past.whole = false,
                }
            } else if let Ok(document) = resolve_self_contained(&did) {
                let keys = document.verification_methods().iter();
                past.bound.extend(keys.map(|method| method.key.clone()));
            }
        }
        Ok(past)
    }

    /// Whether all of our DIDs could be looked up.
    pub(super) const fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether the key stood in a version of one of our DIDs, as far as they could be looked up.
    pub(super) fn knows(&self, key: &PublicKey) -> bool {
        self.bound.contains(key) || self.histories.iter().any(|one| stood(one, key))
    }

    /// Refuses a key that one of our DIDs reported.
    pub(super) fn refuse_key(&self, key: &PublicKey, reading: &Reading) -> Result<(), Failure> {
        for history in &self.histories {
            self.refuse_named(reading, history, |_, known| known == key)?;
        }
        Ok(())
    }

    /// Refuses the next version of a DID if it lists a key that was reported, or any key under the name of one.
    pub(super) fn refuse_version(
        &self,
        reading: &Reading,
        history: &History,
        line: &str,
    ) -> Result<(), Failure> {
        let entry = Entry::parse(line.as_bytes(), None)?;
        let listing = entry.document().with_all_keys();
        let document = listing.as_ref().unwrap_or_else(|| entry.document());
        let now = all_keys(history.latest());
        for method in document.verification_methods() {
            let fragment = method.id.fragment().unwrap_or_default();
            self.refuse_named(reading, history, |known, key| {
                known == fragment || *key == method.key
            })?;
            // Whoever had a key of the DID could report a name before it was there.
            if now.method(&method.id).is_none() {
                self.refuse(reading, &method.id)?;
            }
            self.refuse_key(&method.key, reading)?;
        }
        Ok(())
    }

    fn refuse_named(
        &self,
        reading: &Reading,
        history: &History,
        is_it: impl Fn(&str, &PublicKey) -> bool,
    ) -> Result<(), Failure> {
        let documents: Vec<DidDocument> = history.versions().iter().map(all_keys).collect();
        let documents: Vec<&DidDocument> = documents.iter().collect();
        reportable(&documents, is_it).iter().try_for_each(|url| self.refuse(reading, url))
    }

    fn refuse(&self, reading: &Reading, url: &DidUrl) -> Result<(), Failure> {
        let mut reports = Vec::new();
        for view in std::iter::once(reading.view()).chain(&self.left) {
            reports.extend(view.compromise_reports(url)?);
        }
        if reports.is_empty() {
            return Ok(());
        }
        let message = format!(
            "{} was reported compromised: neither that key nor its name is taken again, since nobody could tell what is signed with \
             it from what a thief signs",
            safe(url.as_str(), 300)
        );
        Err(Failure::new("key-compromised", message)
            .try_this("make another key, under another name", "inkan key generate NEW"))
    }
}

fn stood(history: &History, key: &PublicKey) -> bool {
    let lists =
        |head: &Head| all_keys(head).verification_methods().iter().any(|method| method.key == *key);
    history.versions().iter().any(lists)
}

/// The document of a version, with all keys that are known here.
fn all_keys(head: &Head) -> DidDocument {
    head.document().with_all_keys().unwrap_or_else(|| head.document().clone())
}
