//! Changing the status of what a predecessor issued: its list is taken over, value for value, and announced anew under the successor's
//! name, in the encoding that it has.
//!
//! Whether that counts is for registries to say, and for verifiers to ask (`inkan trust add B --succeeds A --as AUTHORITY`).

use inkan_core::{Timestamp, sha256};
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_evidence::registry::declared;
use inkan_io::profile::{OwnDid, StatusListRecord};
use inkan_issuer::{AnnouncedList, StatusEncoding, StatusListState, StatusStateError};
use inkan_ledger::{Kind, Leaf, Receipt, SignedEntry, StatusFormat};

use super::Target;
use crate::commands::issue::status;
use crate::context::Home;
use crate::failure::{CliError, Failure};
use crate::ledgers::Reading;
use crate::registries;
use crate::render::report::short_did;

/// The predecessor's list as it stands, or one's own that goes on with it, with what the predecessor has set since one announced it;
/// none if it is no predecessor's.
pub(super) fn list(
    entry: &StatusEntry,
    target: &Target,
    (own, home): (&OwnDid, &Home),
    reading: &Reading,
) -> Result<Option<(String, StatusListState)>, Failure> {
    if own.did == target.issuer {
        return Ok(None);
    }
    let theirs = Theirs { entry, target, reading };
    for (name, record) in home.profile.all::<StatusListRecord>()? {
        let mut state = status::state_of(&record)?;
        if record.issuer != own.did || state.uri() != entry.list_uri {
            continue;
        }
        // What cannot be had of theirs cannot be had by anybody: it is no reason not to revoke.
        if let Some(newest) = theirs.before(None)? {
            let mine = reading.view().status_entries(&own.did, &entry.list_uri)?;
            let seen = match mine.last().map(|last| last.proof().path().leaf_index) {
                Some(place) => theirs.before(Some(place))?,
                None => None,
            };
            state.take_since(&newest, seen.as_ref())?;
        }
        return Ok(Some((name, state)));
    }
    let announced = theirs.before(None)?.ok_or_else(|| {
        let detail = format!("the ledger has no status list {} of its issuer", entry.list_uri);
        Failure::from(CliError::InputMalformed { file: target.id.clone(), detail })
    })?;
    let state = StatusListState::taken_over(entry, &announced)?;
    Ok(Some((status::taken_name(&entry.list_uri), state)))
}

/// Refuses what would lift a suspension of, or suspend, a credential that is revoked: by the predecessor, or by whoever goes on with
/// its lists. A token list says one thing of each place, and looks after that itself.
pub(super) fn not_revoked(
    target: &Target,
    about: (&OwnDid, &Home),
    reading: &Reading,
) -> Result<(), Failure> {
    let Some(entry) = target.entry(StatusPurpose::Revocation) else { return Ok(()) };
    let revoked = match list(entry, target, about, reading)? {
        Some((_, state)) => state.says(entry)?,
        None => false,
    };
    if revoked { Err(StatusStateError::Final.into()) } else { Ok(()) }
}

/// Whether one's own DID is the issuer, or is known to have taken over from it: verifiers pass over anybody else's list.
pub(super) fn allowed(
    target: &Target,
    (own, home): (&OwnDid, &Home),
    now: Timestamp,
) -> Result<(), Failure> {
    if own.did == target.issuer {
        return Ok(());
    }
    let known = declared(&registries::of(home, (now, now), registries::Terms::default())?, now);
    if known.successors(&target.issuer).any(|term| term.successor == own.did && term.covers(now)) {
        return Ok(());
    }
    let message = format!(
        "nobody whom this profile trusts says that {} has taken over from {}: its word would change nothing",
        own.name,
        short_did(&target.issuer)
    );
    let remedy = format!("inkan trust add {} --succeeds {}", own.did, target.issuer);
    Err(Failure::new("did-unknown", message).try_this("if it has, say so", remedy))
}

/// What the predecessor announced.
struct Theirs<'a> {
    entry: &'a StatusEntry,
    target: &'a Target,
    reading: &'a Reading,
}

impl Theirs<'_> {
    /// Its newest list, or the newest one before a place in the log, if the ledger has it.
    fn before(&self, place: Option<u64>) -> Result<Option<AnnouncedList>, Failure> {
        let (issuer, uri) = (&self.target.issuer, &self.entry.list_uri);
        let entries = self.reading.view().status_entries(issuer, uri)?;
        let at = |one: &&Receipt| place.is_none_or(|place| one.proof().path().leaf_index < place);
        let Some(head) = entries.iter().rev().find(at) else { return Ok(None) };
        let leaf = Leaf::parse(head.leaf_bytes())?;
        let signed = SignedEntry::parse(Kind::Status, leaf.body()).ok();
        let Some(claims) = signed.as_ref().and_then(|signed| signed.claims().status()) else {
            return Ok(None);
        };
        let body = self.reading.source().status_list(issuer, uri, claims.sequence)?;
        let Some(body) = body.filter(|body| sha256(&[body]) == claims.digest) else {
            return Ok(None);
        };
        let encoding = match claims.format {
            StatusFormat::Bitstring { .. } => StatusEncoding::Bitstring,
            StatusFormat::TokenJwt => StatusEncoding::TokenJwt,
            StatusFormat::TokenCwt => StatusEncoding::TokenCwt,
        };
        Ok(AnnouncedList::read(encoding, &body).ok())
    }
}
