//! One request that writes: it holds the locks of profile and ledger until it is answered.

use std::sync::MutexGuard;

use inkan_core::{Digest, Timestamp};
use inkan_credential::SecuredCredential;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_crypto::KeyType;
use inkan_did::DidUrl;
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::profile::{IssuedRecord, OwnDid, Record as _, Shelf};
use inkan_issuer::{StatusEncoding, StatusStateError};
use inkan_ledger::{Claims, Kind, commitment};
use inkan_server::credentials::{
    Allotment, BackingError, Issuer, ListForm, Recording, StatusChange,
};
use serde_json::{Value, json};

use super::ProfileBacking;
use crate::commands::issue::status::{self, Asker, Place, Wanted};
use crate::commands::revoke::{self, Change, Due, Saying, Target};
use crate::failure::{CliError, Failure};
use crate::identity::Hand;
use crate::ledgers::{self, Writing};
use crate::pending::Pending;
use crate::wallet;

/// For how many seconds what was recorded and not answered is there for whoever asks again: a day.
const UNANSWERED: i64 = 86_400;
/// The command, as whoever is told of unfinished ones reads it.
const ISSUE: &str = "issue (API)";
/// The reason of a change for which none was given.
const BY_API: &str = "by the API";

/// One request that writes: it holds the locks.
pub(super) struct Session<'a> {
    backing: &'a ProfileBacking,
    _turn: MutexGuard<'a, ()>,
    writing: Writing,
    owns: Vec<OwnDid>,
    issuers: Vec<Issuer>,
    places: Vec<Place>,
    form: ListForm,
    now: Timestamp,
}

impl<'a> Session<'a> {
    /// A request at `now` that has its turn.
    pub(super) fn new(
        backing: &'a ProfileBacking,
        turn: MutexGuard<'a, ()>,
        writing: Writing,
        (owns, issuers): (Vec<OwnDid>, Vec<Issuer>),
        now: Timestamp,
    ) -> Self {
        let form = ListForm::default();
        Self { backing, _turn: turn, writing, owns, issuers, places: Vec::new(), form, now }
    }

    /// The one of ours with this DID.
    fn own(&self, did: &str) -> Result<&OwnDid, Failure> {
        let profile = || self.backing.home.name().to_owned();
        let unknown = || CliError::DidUnknown { name: did.to_owned(), profile: profile() };
        Ok(self.owns.iter().find(|own| own.did == did).ok_or_else(unknown)?)
    }

    fn allot(&mut self, issuer: &Issuer, asked: &Allotment) -> Result<Vec<StatusEntry>, Failure> {
        let hand = hand(issuer)?;
        let about = (self.own(&issuer.did)?, &hand, &self.backing.home);
        self.places = status::allocate(&wanted(asked), about, self.now)?;
        self.form = asked.form;
        Ok(self.places.iter().map(|place| place.entry.clone()).collect())
    }

    pub(super) fn record(
        &mut self,
        issuer: &Issuer,
        secured: &SecuredCredential,
        id: Option<&str>,
        request: &Digest,
    ) -> Result<(), Failure> {
        let home = &self.backing.home;
        let hand = hand(issuer)?;
        let credential = secured.credential();
        let scid = hand.method.did().scid().unwrap_or_default().to_owned();
        let fault = || CliError::Fault("the credential names no record".to_owned());
        let salt = credential.ledger_record().ok_or_else(fault)?.salt;
        let digest = secured.issuance_digest();
        let commitment = commitment(Kind::Issuance, &scid, &salt, &digest);
        let claims = Claims::Issuance { commitment };
        let entry = ledgers::entry(&claims, &hand.method, hand.key, home, self.now)?;
        let [revocation, suspension, message] = status::recorded_places(
            self.places.iter().map(|place| &place.entry),
            self.form.is_token(),
        );
        let types = credential.types().filter(|name| *name != "VerifiableCredential");
        let record = IssuedRecord {
            id: id.or(credential.id()).unwrap_or_default().to_owned(),
            types: types.map(str::to_owned).collect(),
            issuer: issuer.did.clone(),
            issued_at: self.now,
            valid_until: credential.valid_until(),
            digest: digest.to_b64u(),
            status: revocation,
            suspension,
            message,
            revoked: None,
            suspended: None,
            events: Vec::new(),
        };
        let mut intent = Intent { command: ISSUE.to_owned(), ..Intent::default() };
        self.places.drain(..).for_each(|place| place.into_intent(&mut intent));
        intent.entries.push(entry);
        intent.records.push(RecordDraft {
            shelf: Shelf::Issued,
            name: wallet::name_of(&digest),
            record: record.to_value(),
        });
        let recorded = self.writing.commit(&intent);
        if recorded.is_err() {
            // The ledger may have taken it, or will: then it is handed to whoever asks for the same again.
            let kept = json!({ "at": self.now.seconds(), "credential": secured.to_value() });
            let record = Pending::named(&request.to_hex()).record(ISSUE, kept);
            home.profile.put(record.shelf, &record.name, &record.record)?;
        }
        recorded.map(|_| ())
    }

    /// What an earlier request like this one left, if it is on the ledger by now and still good for something.
    pub(super) fn again(&self, request: &Digest) -> Result<Option<SecuredCredential>, Failure> {
        let home = &self.backing.home;
        let pending = Pending::named(&request.to_hex());
        let Some(kept) = pending.find(home)? else { return Ok(None) };
        pending.done(home)?;
        let at = kept.get("at").and_then(Value::as_i64).unwrap_or_default();
        let credential = kept.get("credential").cloned().unwrap_or_default();
        let compact = credential.as_str().map(SecuredCredential::parse_compact);
        let read = compact.unwrap_or_else(|| SecuredCredential::parse_value(credential));
        let Ok(secured) = read else { return Ok(None) };
        let record =
            home.profile.find::<IssuedRecord>(&wallet::name_of(&secured.issuance_digest()))?;
        let is_current = record.is_some_and(|record| record.revoked.is_none())
            && self.now.seconds().saturating_sub(at) <= UNANSWERED
            && secured.credential().valid_until().is_none_or(|end| self.now < end);
        Ok(is_current.then_some(secured))
    }

    /// Our records of what these DIDs issued, by name.
    fn issued(&self) -> Result<Vec<(String, IssuedRecord)>, Failure> {
        let mut records = self.backing.home.profile.all::<IssuedRecord>()?;
        records.retain(|(_, record)| self.own(&record.issuer).is_ok());
        Ok(records)
    }

    /// What a change comes to: none if nothing was issued with the place.
    fn planned(
        &self,
        place: &StatusEntry,
        to: &StatusChange,
    ) -> Result<Option<(Target, Plan)>, Failure> {
        let home = &self.backing.home;
        let is_there = |record: &IssuedRecord| places_of(record).any(|one| one == *place);
        let found = self.issued()?.into_iter().find(|(_, record)| is_there(record));
        let Some((name, record)) = found else { return Ok(None) };
        let target = Target {
            id: record.id.clone(),
            issuer: record.issuer.clone(),
            entries: revoke::entries(&record),
            record: Some((name, record)),
        };
        let about = (self.own(&target.issuer)?, home);
        if place.purpose == StatusPurpose::Message {
            let Some(saying) = Saying::of(&target, about, to.value)? else { return Ok(None) };
            let plan = if saying.is_new { Plan::Message(saying) } else { Plan::Nothing };
            return Ok(Some((target, plan)));
        }
        let change = match (place.purpose, to.value != 0) {
            (StatusPurpose::Revocation, _) => Change::Revoke,
            (_, true) => Change::Suspend,
            (_, false) => Change::Reinstate,
        };
        let due = revoke::due(change, (place, &target), about)?;
        let takes_back = place.purpose == StatusPurpose::Revocation && to.value == 0;
        Ok(Some(match due {
            None if takes_back => return Err(StatusStateError::Final.into()),
            Some(due) if !takes_back => (target, Plan::Bit(change, due)),
            Some(_) | None => (target, Plan::Nothing),
        }))
    }

    fn change(&mut self, place: &StatusEntry, to: &StatusChange) -> Result<bool, Failure> {
        let home = &self.backing.home;
        let Some((target, plan)) = self.planned(place, to)? else { return Ok(false) };
        let unknown = || CliError::DidMissing { profile: home.name().to_owned() };
        // Ledgers take no entries of other keys.
        let signs =
            |issuer: &&Issuer| matches!(issuer.key.key_type(), KeyType::Ed25519 | KeyType::P256);
        let mut its = self.issuers.iter().filter(|issuer| issuer.did == target.issuer);
        let hand = hand(its.find(signs).ok_or_else(unknown)?)?;
        let by = (self.own(&target.issuer)?, &hand, home);
        let event = (to.effective.unwrap_or(self.now), to.reason.as_deref().unwrap_or(BY_API));
        let intent = match plan {
            Plan::Nothing => return Ok(true),
            Plan::Bit(change, due) => due.intent((change, place, &target), event, by, self.now)?,
            Plan::Message(saying) => saying.intent(&target, event, by, self.now)?,
        };
        self.writing.commit(&intent).map(|_| true)
    }
}

/// What is due for a change.
enum Plan {
    /// It says so already.
    Nothing,
    Bit(Change, Due),
    Message(Saying),
}

/// The places of what was issued, by our record of it.
fn places_of(record: &IssuedRecord) -> impl Iterator<Item = StatusEntry> {
    let message = record.message.as_ref();
    let message = message.map(|(uri, at)| StatusEntry::new(StatusPurpose::Message, uri, *at));
    revoke::entries(record).into_iter().chain(message)
}

impl Recording for Session<'_> {
    fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }

    fn allot(
        &mut self,
        issuer: &Issuer,
        asked: &Allotment,
    ) -> Result<Vec<StatusEntry>, BackingError> {
        let backing = self.backing;
        Session::allot(self, issuer, asked).map_err(|failure| backing.refused(&failure))
    }

    fn again(&self, request: &Digest) -> Result<Option<SecuredCredential>, BackingError> {
        Session::again(self, request).map_err(|failure| self.backing.refused(&failure))
    }

    fn record(
        &mut self,
        issuer: &Issuer,
        credential: &SecuredCredential,
        id: Option<&str>,
        request: &Digest,
    ) -> Result<(), BackingError> {
        let backing = self.backing;
        Session::record(self, issuer, credential, id, request)
            .map_err(|failure| backing.refused(&failure))
    }

    fn places(&self, id: &str, purpose: StatusPurpose) -> Result<Vec<StatusEntry>, BackingError> {
        let issued = self.issued().map_err(|failure| self.backing.refused(&failure))?;
        let named = issued.into_iter().filter(|(_, record)| record.id == id);
        let all = named.flat_map(|(_, record)| places_of(&record).collect::<Vec<_>>());
        Ok(all.filter(|entry| entry.purpose == purpose).collect())
    }

    fn may_change(&self, place: &StatusEntry, change: &StatusChange) -> Result<bool, BackingError> {
        let planned = self.planned(place, change);
        planned.map(|planned| planned.is_some()).map_err(|failure| self.backing.refused(&failure))
    }

    fn change(&mut self, place: &StatusEntry, change: &StatusChange) -> Result<bool, BackingError> {
        let backing = self.backing;
        Session::change(self, place, change).map_err(|failure| backing.refused(&failure))
    }
}

/// As the command line asks for the same: a token list has one place for all that it tells.
fn wanted(asked: &Allotment) -> Wanted<'_> {
    let encoding = match asked.form {
        ListForm::Bitstring => StatusEncoding::Bitstring,
        ListForm::TokenJwt => StatusEncoding::TokenJwt,
        ListForm::TokenCwt => StatusEncoding::TokenCwt,
    };
    let purposes = match asked.form {
        ListForm::Bitstring => asked.purposes.clone(),
        ListForm::TokenJwt | ListForm::TokenCwt => vec![StatusPurpose::Revocation],
    };
    let asker = Asker::Caller;
    let (messages, references) = (asked.messages.as_slice(), asked.references.as_slice());
    Wanted { encoding, purposes, messages, references, served: None, asker }
}

fn hand(issuer: &Issuer) -> Result<Hand<'_>, Failure> {
    Ok(Hand { key: &issuer.key, method: DidUrl::parse(&issuer.method)? })
}
