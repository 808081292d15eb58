//! Which ledgers are asked for what: that of the run, and those where it lives or lived.
//!
//! A DID may have moved (ledger specification §6.6): its versions are shown by every log where it was at home, its status lists and
//! acts by the newest of them that says something. What a log says of a DID that has left it is not the newest word.
//!
//! In scope: finding the logs, in the order of homes, and asking them. Out of scope: believing any of it (`inkan-verifier`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use inkan_core::Timestamp;
use inkan_credential::bundle::ServedStatusList;
use inkan_did::DidUrl;
use inkan_ledger::state::parse_did_body;
use inkan_ledger::{DigestFormat, EntryId, Kind, Leaf, Opening, Receipt};
use inkan_verifier::{Want, list_signer};

use super::reports::Reports;
use super::{Copies, Gathered, Sources, is_contested, scid_of, status_of};
use crate::ledger_source::{LedgerError, LedgerSource, SourceView};

/// Homes of one DID that are asked at most: a history is as long as whoever wrote it likes.
const HOMES: usize = 8;

/// Ledgers beside that of the run.
pub trait OtherLedgers: fmt::Debug {
    /// The ledger of the log `origin`; `None` if nobody here knows where it is, or if it cannot be asked.
    fn ledger(&self, origin: &str) -> Option<LedgerSource>;

    /// The logs to ask of a DID that nothing says where it lives.
    fn usual(&self) -> Vec<String>;
}

/// There is none.
#[derive(Clone, Copy, Debug)]
pub struct NoOthers;

impl OtherLedgers for NoOthers {
    fn ledger(&self, _: &str) -> Option<LedgerSource> {
        None
    }

    fn usual(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The ledgers that were opened for a run, each as of the time that is judged.
pub(super) struct Asked<'a> {
    sources: &'a Sources<'a>,
    as_of: Timestamp,
    opened: Vec<Option<(Cow<'a, LedgerSource>, SourceView)>>,
    /// Places in `opened`, by origin; those too that cannot be asked.
    known: BTreeMap<String, usize>,
}

impl<'a> Asked<'a> {
    /// Begins with the ledger of the run.
    pub(super) fn open(sources: &'a Sources<'a>, as_of: Timestamp) -> Result<Self, LedgerError> {
        let mut asked = Self { sources, as_of, opened: Vec::new(), known: BTreeMap::new() };
        let main = match sources.ledger {
            Some(ledger) => asked.seen(Cow::Borrowed(ledger))?,
            None => None,
        };
        if let Some(ledger) = sources.ledger {
            asked.known.insert(ledger.origin().to_owned(), 0);
        }
        asked.opened.push(main);
        Ok(asked)
    }

    fn seen(
        &self,
        ledger: Cow<'a, LedgerSource>,
    ) -> Result<Option<(Cow<'a, LedgerSource>, SourceView)>, LedgerError> {
        let view = ledger.view_at(Some(self.as_of))?;
        Ok(view.map(|view| (ledger, view)))
    }

    /// The place of a log that can be asked.
    fn at(&mut self, origin: &str) -> Result<Option<usize>, LedgerError> {
        let place = match self.known.get(origin) {
            Some(place) => *place,
            None => {
                let ledger = self.sources.others.ledger(origin);
                let opened = match ledger {
                    Some(ledger) => self.seen(Cow::Owned(ledger))?,
                    None => None,
                };
                self.opened.push(opened);
                let place = self.opened.len().saturating_sub(1);
                self.known.insert(origin.to_owned(), place);
                place
            }
        };
        Ok(self.get(place).map(|_| place))
    }

    /// The ledger of the run, if it had a head by then.
    fn main(&self) -> Option<usize> {
        self.get(0).map(|_| 0)
    }

    fn get(&self, place: usize) -> Option<(&LedgerSource, &SourceView)> {
        let (ledger, view) = self.opened.get(place)?.as_ref()?;
        Some((ledger.as_ref(), view))
    }

    /// Asks whichever logs it takes.
    pub(super) fn ask(
        &mut self,
        want: &Want,
        wants: &[Want],
        reports: &mut Reports,
        found: &mut Gathered,
    ) -> Result<(), LedgerError> {
        match want {
            Want::Did(did) => {
                let Some(scid) = scid_of(did) else { return Ok(()) };
                self.ask_of_did(want, &scid, wants, (reports, found))
            }
            Want::Issuance { log, .. } => {
                let place = self.at(log)?;
                self.ask_at(place, want, reports, found).map(|_| ())
            }
            Want::Act { log, scid, .. } => {
                // A newer state stands where its registrant has moved to since.
                let mut origins = homes(scid, &found.material.receipts);
                origins.retain(|home| home != log);
                origins.truncate(HOMES);
                for origin in std::iter::once(log).chain(&origins) {
                    let place = self.at(origin)?;
                    self.ask_at(place, want, reports, found)?;
                }
                Ok(())
            }
            Want::StatusList { uri, issuer } => {
                self.ask_of_list(want, (uri, issuer), wants, (reports, found))
            }
            Want::LastStatusList { issuer, .. } => {
                let places = self.places(issuer, found)?;
                for place in places.into_iter().flatten() {
                    self.ask_at(Some(place), want, reports, found)?;
                }
                Ok(())
            }
            Want::Schema(_) => Ok(()),
        }
    }

    fn ask_at(
        &self,
        place: Option<usize>,
        want: &Want,
        reports: &mut Reports,
        found: &mut Gathered,
    ) -> Result<bool, LedgerError> {
        match place.and_then(|place| self.get(place)) {
            Some(ledger) => from_ledger(want, ledger, self.as_of, reports, found),
            None => Ok(false),
        }
    }

    /// The ledger of the run first, then every home that a version names, as they come to be known.
    fn ask_of_did(
        &mut self,
        want: &Want,
        scid: &str,
        wants: &[Want],
        (reports, found): (&mut Reports, &mut Gathered),
    ) -> Result<(), LedgerError> {
        let mut done: Vec<usize> = self.main().into_iter().collect();
        self.ask_at(self.main(), want, reports, found)?;
        while done.len() <= HOMES {
            let mut origins = homes(scid, &found.material.receipts);
            if origins.is_empty() {
                // Nobody here knows it: where it signed something it may be at home.
                origins = wants.iter().filter_map(log_of).map(str::to_owned).collect();
                origins.extend(self.sources.others.usual());
            }
            let mut new = None;
            for origin in &origins {
                if new.is_none() {
                    new = self.at(origin)?.filter(|place| !done.contains(place));
                }
            }
            let Some(place) = new else { break };
            self.ask_at(Some(place), want, reports, found)?;
            done.push(place);
        }
        if let Some(home) = homes(scid, &found.material.receipts).first()
            && self.at(home)?.is_none()
        {
            found.unasked.insert(home.clone());
        }
        // Of every key, also in the logs where it is listed to this day.
        for (_, view) in done.iter().filter_map(|place| self.get(*place)) {
            reports.gather(scid, view, found)?;
        }
        Ok(())
    }

    /// The logs where the DID is or was at home, newest first, each with whether it can be asked; the ledger of the run for one
    /// without a home, and for one none of whose homes is known here.
    fn places(&mut self, did: &str, found: &Gathered) -> Result<Vec<Option<usize>>, LedgerError> {
        let homes = match scid_of(did) {
            Some(scid) => homes(&scid, &found.material.receipts),
            None => Vec::new(),
        };
        let mut places = Vec::new();
        for home in homes.iter().take(HOMES) {
            places.push(self.at(home)?);
        }
        if places.iter().all(Option::is_none) { Ok(vec![self.main()]) } else { Ok(places) }
    }

    /// The newest home that announced the list; the older ones are not heard over one that cannot be asked.
    fn ask_of_list(
        &mut self,
        want: &Want,
        (uri, issuer): (&str, &str),
        wants: &[Want],
        (reports, found): (&mut Reports, &mut Gathered),
    ) -> Result<(), LedgerError> {
        let places = self.places(issuer, found)?;
        let silent = found.unannounced.len();
        let is_any = places.iter().any(Option::is_some);
        let scid = scid_of(issuer).unwrap_or_default();
        let stays = stays(&scid, &found.material.receipts);
        let has_returned = stays.len() > homes(&scid, &found.material.receipts).len();
        for place in &places {
            if is_any && place.is_none() && self.sources.copies == Copies::MustBeRenewed {
                found.unsettled.insert(uri.to_owned());
                found.missed.push(format!(
                    "status list {uri}: its issuer has moved to a log that cannot be asked here"
                ));
                break;
            }
            // A log that the issuer came back to may have its word of before.
            if self.ask_at(*place, want, reports, found)? && !has_returned {
                break;
            }
        }
        // Where nobody else may announce the list, and in no other log, it decides nothing.
        if !is_contested(want, wants) && places.len() < 2 {
            found.unannounced.truncate(silent);
        }
        Ok(())
    }
}

/// The logs that the versions of a DID among these receipts name as its home, newest first, each once.
fn homes(scid: &str, receipts: &[Receipt]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for home in stays(scid, receipts) {
        if !out.contains(&home) {
            out.push(home);
        }
    }
    out
}

/// The same; one that it came back to is given again.
fn stays(scid: &str, receipts: &[Receipt]) -> Vec<String> {
    let mut named: BTreeMap<u64, String> = BTreeMap::new();
    for receipt in receipts {
        let Ok(leaf) = Leaf::parse(receipt.leaf_bytes()) else { continue };
        if leaf.kind() != Kind::Did {
            continue;
        }
        let Ok(entry) = parse_did_body(leaf.body()) else { continue };
        if let Some(home) = entry.document().ledger_log().filter(|_| entry.scid() == scid) {
            named.insert(entry.number(), home.to_owned());
        }
    }
    let mut out: Vec<String> = named.into_values().rev().collect();
    out.dedup();
    out
}

/// The log that a want names.
fn log_of(want: &Want) -> Option<&str> {
    match want {
        Want::Issuance { log, .. } | Want::Act { log, .. } => Some(log),
        Want::Did(_) | Want::StatusList { .. } | Want::LastStatusList { .. } | Want::Schema(_) => {
            None
        }
    }
}

/// Asks one ledger for what is wanted; `true` if it has something to say of it.
fn from_ledger(
    want: &Want,
    (ledger, view): (&LedgerSource, &SourceView),
    as_of: Timestamp,
    reports: &mut Reports,
    found: &mut Gathered,
) -> Result<bool, LedgerError> {
    let material = &mut found.material;
    match want {
        Want::Did(did) => {
            let Some(scid) = scid_of(did) else { return Ok(false) };
            let versions = view.did_entries(&scid)?;
            let is_there = !versions.is_empty();
            if is_there {
                reports.know(&scid, &versions);
                material.receipts.extend(versions);
                material.current.push(view.did_current(&scid)?);
            }
            Ok(is_there)
        }
        Want::Issuance { log, entry, salt, digest, format } => {
            if ledger.origin() != log {
                return Ok(false);
            }
            let Some(index) = view.lookup(entry)? else { return Ok(false) };
            let format = match *format {
                "jws" => DigestFormat::Jws,
                "di-sd" => DigestFormat::DiSd,
                _ => DigestFormat::Di,
            };
            let opening = Opening::new(format, *salt, *digest);
            material.receipts.push(view.receipt(index)?.with_opening(opening));
            Ok(true)
        }
        Want::Act { log, scid, act } => {
            let current = view.act_current(scid, act)?;
            let is_there = current.claimed_head().is_some();
            // A log that its signer came to live in later shows that nothing was taken back there.
            if !is_there && ledger.origin() != log {
                found.unsaid.push(current.clone());
            }
            material.current.push(current);
            Ok(is_there)
        }
        Want::StatusList { uri, issuer } => {
            let Some(scid) = scid_of(issuer) else { return Ok(false) };
            let current = view.status_current(issuer, uri)?;
            let Some(status) = current.claimed_head().as_ref().and_then(status_of) else {
                // That nothing was announced has to be shown of whoever could have.
                material.current.push(current.clone());
                found.unannounced.push(current);
                return Ok(false);
            };
            let entry = EntryId::status(&scid, uri, status.sequence);
            if let Some(index) = view.lookup(&entry)? {
                material.receipts.push(view.receipt(index)?);
            }
            let bytes = ledger.status_list(issuer, uri, status.sequence)?;
            // A folder is this machine's own, and asked now. A node is somebody's: if it stands still, or whoever is between lets
            // it, an old list would be as good as a fresh one. Since when it is the newest, its proof's stamps show.
            let list = bytes.map(|bytes| match ledger {
                LedgerSource::Folder(_) => ServedStatusList::new(uri, &bytes).fetched(as_of),
                LedgerSource::Node(_) => ServedStatusList::new(uri, &bytes),
            });
            let signer = list.as_ref().and_then(|list| list_signer(&list.bytes()));
            material.status_lists.extend(list);
            material.current.push(current);
            if let Some(signer) = signer.and_then(|signer| DidUrl::parse(&signer).ok()) {
                reports.gather_of(&scid, &signer, view, found)?;
            }
            Ok(true)
        }
        Want::LastStatusList { uri, issuer, until } => {
            // Nobody else announces anything here.
            if scid_of(issuer).is_none() {
                return Ok(false);
            }
            let entries = view.status_entries(issuer, uri)?;
            let is_later = |receipt: &&Receipt| {
                Leaf::parse(receipt.leaf_bytes()).is_ok_and(|leaf| leaf.time() > *until)
            };
            let position = entries.iter().position(|one| is_later(&one)).unwrap_or(entries.len());
            let (before, after) = entries.split_at(position);
            if after.is_empty() {
                return Ok(false);
            }
            let last = before.last();
            let leaf = last.and_then(|one| Leaf::parse(one.leaf_bytes()).ok());
            if let Some(status) = leaf.as_ref().and_then(status_of) {
                let bytes = ledger.status_list(issuer, uri, status.sequence)?;
                material.status_lists.extend(bytes.map(|bytes| ServedStatusList::new(uri, &bytes)));
            }
            material.receipts.extend(last.into_iter().chain(after.first()).cloned());
            Ok(true)
        }
        Want::Schema(_) => Ok(false),
    }
}
