//! A profile behind the API: its keys, its ledger, and what it trusts, read anew for every request.
//!
//! Data flow of issuing: locks of profile and ledger → the keys in force → places in status lists → signature (the API's) →
//! issuance entry and records, as one intent.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use inkan_assurance::{Policy, builtin, ledger_grade, receipts};
use inkan_core::{Digest, Timestamp};
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::{Contexts, Opening, SecuredCredential};
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::DidUrl;
use inkan_evidence::Registry;
use inkan_evidence::registry::declared;
use inkan_io::files::{self, FileError};
use inkan_io::gather::{Copies, Network, Sources, gather};
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::profile::{IssuedRecord, OwnDid, Record as _, Shelf};
use inkan_io::{known, pinned};
use inkan_issuer::StatusEncoding;
use inkan_ledger::{Claims, EntryId, Kind, commitment};
use inkan_server::credentials::{Backing, BackingError, Grounds, Issuer, Recording};
use inkan_verifier::{KnownState, Want, with_successors};
use serde_json::{Value, json};

use super::registry::Authorities;
use crate::commands::issue::status::{self, Place, Wanted};
use crate::commands::revoke::{self, Change, Due, Target};
use crate::commands::{policy, verify};
use crate::context::Home;
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{self, Reading, Writing};
use crate::output::Speech;
use crate::packing::{self, FreshRecord};
use crate::pending::Pending;
use crate::wallet;

/// Between two looks at whether another request still writes.
const PAUSE: Duration = Duration::from_millis(10);
/// How often is looked before something is issued, or a status changed: for twenty seconds.
const QUEUE: u32 = 2_000;
/// How often is looked before something is remembered: for half a second.
const BRIEFLY: u32 = 50;

/// For how many seconds an answer of the ledger counts when somebody asks whether the server is ready.
const REMEMBERED: i64 = 5;
/// For how many seconds what was recorded and not answered is there for whoever asks again: a day.
const UNANSWERED: i64 = 86_400;
/// The command, as whoever is told of unfinished ones reads it.
const ISSUE: &str = "issue (API)";

/// How the profile's ledger is used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ledger {
    /// What is issued is recorded in it, and it is asked when something is verified.
    Recorded,
    /// It is asked when something is verified.
    Asked,
    /// There is none.
    Absent,
}

/// A profile behind the API.
#[derive(Debug)]
pub(super) struct ProfileBacking {
    home: Home,
    ledger: Ledger,
    /// None for who only verifies.
    keys: Option<Mutex<Keys>>,
    contexts: Option<Arc<Contexts>>,
    /// Where its policies lie.
    policies: Vec<PathBuf>,
    speech: Speech,
    /// Held by the request that writes: the locks on the disk are for other processes.
    turn: Mutex<()>,
    /// Held while the newest head is compared with the one seen last.
    looking: Mutex<()>,
    /// What authorities say.
    authorities: Authorities,
    /// When the ledger was last asked whether it answers, and what it answered.
    answered: Mutex<Option<(Timestamp, Result<(), BackingError>)>>,
}

/// The keys of the DIDs that sign, as they were when last looked at.
#[derive(Debug)]
struct Keys {
    owns: Vec<OwnDid>,
    keyring: Keyring,
    issuers: Vec<Issuer>,
}

/// DIDs, and the issuers that their keys make.
type InForce = (Vec<OwnDid>, Vec<Issuer>);

impl Keys {
    /// Takes the keys that the DIDs have now out of the keyring, in the order in which they were named.
    fn take(&mut self, owns: Vec<OwnDid>) {
        self.issuers.clear();
        // Two DIDs may have one key.
        let mut taken: BTreeMap<String, Arc<SecretKey>> = BTreeMap::new();
        for own in &owns {
            for key in &own.keys {
                if let Some(secret) = self.keyring.remove(&key.key) {
                    taken.insert(key.key.clone(), Arc::new(secret));
                }
                let Some(secret) = taken.get(&key.key) else { continue };
                let method = own.method_url(key);
                self.issuers.push(Issuer { did: own.did.clone(), method, key: secret.clone() });
            }
        }
        self.owns = owns;
    }
}

impl ProfileBacking {
    /// A profile that verifies, and signs with the keys of DIDs if any are given.
    pub(super) fn new(
        home: Home,
        signing: Option<(Vec<OwnDid>, Keyring)>,
        ledger: Ledger,
        speech: Speech,
    ) -> Result<Self, Failure> {
        let contexts = pinned::contexts(&pinned::load(&home.profile)?)?.map(Arc::new);
        let keys = signing.map(|(owns, keyring)| {
            let mut keys = Keys { owns: Vec::new(), keyring, issuers: Vec::new() };
            keys.take(owns);
            Mutex::new(keys)
        });
        Ok(Self {
            home,
            ledger,
            keys,
            contexts,
            policies: Vec::new(),
            speech,
            turn: Mutex::new(()),
            looking: Mutex::new(()),
            authorities: Authorities::default(),
            answered: Mutex::new(None),
        })
    }

    /// The same with the folders of its policies.
    pub(super) fn with_policies(self, policies: Vec<PathBuf>) -> Self {
        Self { policies, ..self }
    }

    /// The DIDs and the keys that are in force now.
    fn current(&self) -> Result<Option<InForce>, Failure> {
        let Some(keys) = &self.keys else { return Ok(None) };
        let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
        let now = keys.owns.iter().map(|own| identity::own(&self.home, Some(&own.did)));
        let owns = now.collect::<Result<Vec<_>, _>>()?;
        if owns != keys.owns {
            keys.keyring.reopen()?;
            keys.take(owns);
        }
        Ok(Some((keys.owns.clone(), keys.issuers.clone())))
    }

    /// What clients are told; the operator reads the rest on standard error.
    fn refused(&self, failure: &Failure) -> BackingError {
        let code = failure.code();
        let is_callers = matches!(code, "status-revocation-final" | "policy-unknown");
        if !is_callers {
            self.speech.warn(&format!("a request could not be served: {}", failure.message()));
        }
        BackingError { code, is_callers }
    }

    fn reading(&self, now: Timestamp) -> Result<Option<Reading>, Failure> {
        match self.ledger {
            Ledger::Recorded | Ledger::Asked => {}
            Ledger::Absent => return Ok(None),
        }
        let _looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        match Reading::open_at(&self.home, now) {
            // Another process saw a newer head between our reading one and comparing it.
            Err(failure) if failure.code() == "ledger-behind" => Reading::open_at(&self.home, now),
            opened => opened,
        }
        .map(Some)
    }

    /// Whether the ledger answers; asked again after [`REMEMBERED`] seconds only, since anybody may ask.
    fn answers(&self, now: Timestamp) -> Result<(), BackingError> {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, answer)) = &*answered
            && (0..REMEMBERED).contains(&now.seconds_since(*at))
        {
            return answer.clone();
        }
        let answer = self.reading(now).map(drop).map_err(|failure| self.refused(&failure));
        *answered = Some((now, answer.clone()));
        answer
    }

    /// Waits until no other request writes, and not for ever: each that waits keeps a thread.
    fn turn(&self, tries: u32) -> Result<MutexGuard<'_, ()>, FileError> {
        for _ in 0..tries {
            match self.turn.try_lock() {
                Ok(turn) => return Ok(turn),
                Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            }
        }
        Err(FileError::Locked {
            path: self.home.profile.folder().to_path_buf(),
            pid: std::process::id().to_string(),
        })
    }

    fn session(&self, now: Timestamp) -> Result<Session<'_>, Failure> {
        let turn = self.turn(QUEUE)?;
        let writing = Writing::begin_at(&self.home, now, self.speech)?;
        let unknown = || CliError::DidMissing { profile: self.home.name().to_owned() };
        let (owns, issuers) = self.current()?.ok_or_else(unknown)?;
        Ok(Session { backing: self, _turn: turn, writing, owns, issuers, places: Vec::new(), now })
    }

    fn grounds(
        &self,
        bundle: &Bundle,
        wants: &[Want],
        network: Network,
        now: Timestamp,
    ) -> Result<Grounds, Failure> {
        let reading = self.reading(now)?;
        let ledger = reading.as_ref().map(Reading::source);
        let registries = self.authorities.all(&self.home, now, || self.reading(now))?;
        let declared = declared(&registries, now);
        let wants = &with_successors(wants.to_vec(), &declared);
        let schemas = verify::schemas(&self.home)?;
        let sources = Sources { ledger, schemas: &schemas, network, copies: Copies::MustBeRenewed };
        let mut material = gather(bundle, wants, &sources, now)?.material;
        let pins = pinned::load(&self.home.profile)?;
        material.contexts = pinned::contexts(&pins)?.map(Arc::new);
        let certificates = pinned::issuer_anchors(&pins)?;
        let timestamps = pinned::time_anchors(&pins, self.home.profile.anchors()?)?;
        material.resources.extend(pins.into_iter().map(|file| (file.url, file.bytes)));
        let policy = builtin("authentic")
            .ok_or_else(|| CliError::Fault("the built-in policy is missing".to_owned()))?;
        Ok(Grounds {
            material,
            logs: self.home.pinned()?,
            grade: ledger_grade(&policy),
            timestamps: Some(Arc::new(timestamps)),
            certificates: Some(Arc::new(certificates)),
            receipts: receipts(&policy),
            declared: Arc::new(declared),
            known: known::load(&self.home.profile)?,
        })
    }

    fn remember(&self, states: &[KnownState]) -> Result<(), Failure> {
        let before = known::load(&self.home.profile)?;
        let is_known = |state: &KnownState| {
            before.iter().any(|known| {
                (&known.origin, known.key) == (&state.origin, state.key)
                    && known.leaf_index >= state.leaf_index
            })
        };
        if states.iter().all(is_known) {
            return Ok(());
        }
        // Who writes goes first: what is not remembered now is when it is shown again.
        let _turn = self.turn(BRIEFLY)?;
        let _lock = files::try_lock(self.home.profile.folder())?;
        let forgotten = known::remember(&self.home.profile, states)?;
        if forgotten > 0 {
            self.speech
                .warn(&format!("too many states are remembered: {forgotten} were forgotten"));
        }
        Ok(())
    }

    fn bundle(
        &self,
        credential: &SecuredCredential,
        now: Timestamp,
    ) -> Result<Option<Bundle>, Failure> {
        let issuer = identity::any(None, credential.credential().issuer());
        let issuer = issuer.ok().and_then(|did| did.scid().map(str::to_owned));
        let record = credential.credential().ledger_record();
        let (Some(scid), Some(record)) = (issuer, record) else { return Ok(None) };
        let Some(reading) = self.reading(now)? else { return Ok(None) };
        let digest = credential.issuance_digest();
        let commitment = commitment(Kind::Issuance, &scid, &record.salt, &digest);
        let entry = EntryId::issuance(&scid, &commitment);
        let Some(index) = reading.view().lookup(&entry)? else { return Ok(None) };
        let format = credential.format().as_str();
        let opening = Opening { format, digest, salt: record.salt };
        let mut bundle = Bundle::of(Artefact::Credential(credential.clone()));
        packing::pack(&mut bundle, &reading, &[FreshRecord { index, opening }])?;
        Ok(Some(bundle))
    }
}

impl Backing for ProfileBacking {
    fn issuers(&self) -> Result<Vec<Issuer>, BackingError> {
        let current = self.current().map_err(|failure| self.refused(&failure))?;
        Ok(current.map(|(_, issuers)| issuers).unwrap_or_default())
    }

    fn log_of(&self, issuer: &Issuer) -> Option<&str> {
        let scid = identity::any(None, &issuer.did).is_ok_and(|did| did.scid().is_some());
        (self.ledger == Ledger::Recorded && scid).then_some(self.home.settings.origin.as_str())
    }

    fn is_ours(&self, uri: &str) -> Result<bool, BackingError> {
        // Lists to come have places under the DID's as well; a DID without a host has none.
        let under = |did: &str| {
            let first = status::list_uri(did, 0);
            first.is_ok_and(|first| uri.starts_with(first.trim_end_matches('0')))
        };
        Ok(self.issuers()?.iter().any(|issuer| under(&issuer.did)))
    }

    fn ready(&self, now: Timestamp) -> Result<(), BackingError> {
        self.answers(now)
    }

    fn begin(&self, now: Timestamp) -> Result<Box<dyn Recording + '_>, BackingError> {
        match self.session(now) {
            Ok(session) => Ok(Box::new(session)),
            Err(failure) => Err(self.refused(&failure)),
        }
    }

    fn grounds(
        &self,
        bundle: &Bundle,
        wants: &[Want],
        network: Network,
        now: Timestamp,
    ) -> Result<Grounds, BackingError> {
        Self::grounds(self, bundle, wants, network, now).map_err(|failure| self.refused(&failure))
    }

    fn policy(&self, name: &str) -> Result<Policy, BackingError> {
        policy::find(name, &self.policies).map_err(|failure| self.refused(&failure))
    }

    fn registries(&self, now: Timestamp) -> Result<Vec<Registry>, BackingError> {
        let all = self.authorities.all(&self.home, now, || self.reading(now));
        all.map_err(|failure| self.refused(&failure))
    }

    fn remember(&self, states: &[KnownState]) -> Result<(), BackingError> {
        Self::remember(self, states).map_err(|failure| self.refused(&failure))
    }

    fn bundle(
        &self,
        credential: &SecuredCredential,
        now: Timestamp,
    ) -> Result<Option<Bundle>, BackingError> {
        Self::bundle(self, credential, now).map_err(|failure| self.refused(&failure))
    }

    fn registry(
        &self,
        authority: &str,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Registry>, BackingError> {
        let found =
            self.authorities.registry(&self.home, authority, (at, now), || self.reading(now));
        found.map_err(|failure| self.refused(&failure))
    }

    fn contexts(&self) -> Option<Arc<Contexts>> {
        self.contexts.clone()
    }
}

/// One request that writes: it holds the locks.
struct Session<'a> {
    backing: &'a ProfileBacking,
    _turn: MutexGuard<'a, ()>,
    writing: Writing,
    owns: Vec<OwnDid>,
    issuers: Vec<Issuer>,
    places: Vec<Place>,
    now: Timestamp,
}

impl Session<'_> {
    /// The one of ours with this DID.
    fn own(&self, did: &str) -> Result<&OwnDid, Failure> {
        let profile = || self.backing.home.name().to_owned();
        let unknown = || CliError::DidUnknown { name: did.to_owned(), profile: profile() };
        Ok(self.owns.iter().find(|own| own.did == did).ok_or_else(unknown)?)
    }

    fn allot(
        &mut self,
        issuer: &Issuer,
        purposes: &[StatusPurpose],
    ) -> Result<Vec<StatusEntry>, Failure> {
        let hand = hand(issuer)?;
        let about = (self.own(&issuer.did)?, &hand, &self.backing.home);
        self.places = status::allocate(&wanted(purposes), about, self.now)?;
        Ok(self.places.iter().map(|place| place.entry.clone()).collect())
    }

    fn record(
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
        let place_of = |purpose| {
            let found = self.places.iter().find(|place| place.entry.purpose == purpose);
            found.map(|place| (place.entry.list_uri.clone(), place.entry.index))
        };
        let types = credential.types().filter(|name| *name != "VerifiableCredential");
        let record = IssuedRecord {
            id: id.or(credential.id()).unwrap_or_default().to_owned(),
            types: types.map(str::to_owned).collect(),
            issuer: issuer.did.clone(),
            issued_at: self.now,
            valid_until: credential.valid_until(),
            digest: digest.to_b64u(),
            status: place_of(StatusPurpose::Revocation),
            suspension: place_of(StatusPurpose::Suspension),
            message: None,
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
    fn again(&self, request: &Digest) -> Result<Option<SecuredCredential>, Failure> {
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

    /// What a change comes to: none if nothing was issued with the place, and nothing due if it says so already.
    fn planned(
        &self,
        place: &StatusEntry,
        value: bool,
    ) -> Result<Option<(Change, Target, Option<Due>)>, Failure> {
        let home = &self.backing.home;
        let is_there = |record: &IssuedRecord| revoke::entries(record).contains(place);
        let found = self.issued()?.into_iter().find(|(_, record)| is_there(record));
        let Some((name, record)) = found else { return Ok(None) };
        let target = Target {
            id: record.id.clone(),
            issuer: record.issuer.clone(),
            entries: revoke::entries(&record),
            record: Some((name, record)),
        };
        let change = match (place.purpose, value) {
            (StatusPurpose::Revocation, _) => Change::Revoke,
            (_, true) => Change::Suspend,
            (_, false) => Change::Reinstate,
        };
        let due = revoke::due(change, (place, &target), (self.own(&target.issuer)?, home))?;
        let takes_back = place.purpose == StatusPurpose::Revocation && !value;
        if takes_back && due.is_none() {
            return Err(inkan_issuer::StatusStateError::Final.into());
        }
        Ok(Some((change, target, due.filter(|_| !takes_back))))
    }

    fn change(&mut self, place: &StatusEntry, value: bool) -> Result<bool, Failure> {
        let home = &self.backing.home;
        let Some((change, target, due)) = self.planned(place, value)? else { return Ok(false) };
        let Some(due) = due else { return Ok(true) };
        let unknown = || CliError::DidMissing { profile: home.name().to_owned() };
        // Ledgers take no entries of other keys.
        let signs =
            |issuer: &&Issuer| matches!(issuer.key.key_type(), KeyType::Ed25519 | KeyType::P256);
        let mut its = self.issuers.iter().filter(|issuer| issuer.did == target.issuer);
        let hand = hand(its.find(signs).ok_or_else(unknown)?)?;
        let about = (change, place, &target);
        let own = self.own(&target.issuer)?;
        let intent = due.intent(about, (self.now, "by the API"), (own, &hand, home), self.now)?;
        self.writing.commit(&intent).map(|_| true)
    }
}

impl Recording for Session<'_> {
    fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }

    fn allot(
        &mut self,
        issuer: &Issuer,
        purposes: &[StatusPurpose],
    ) -> Result<Vec<StatusEntry>, BackingError> {
        let backing = self.backing;
        Session::allot(self, issuer, purposes).map_err(|failure| backing.refused(&failure))
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
        let all = named.flat_map(|(_, record)| revoke::entries(&record));
        Ok(all.filter(|entry| entry.purpose == purpose).collect())
    }

    fn may_change(&self, place: &StatusEntry, value: bool) -> Result<bool, BackingError> {
        let planned = self.planned(place, value).map_err(|failure| self.backing.refused(&failure));
        planned.map(|planned| planned.is_some())
    }

    fn change(&mut self, place: &StatusEntry, value: bool) -> Result<bool, BackingError> {
        let backing = self.backing;
        Session::change(self, place, value).map_err(|failure| backing.refused(&failure))
    }
}

/// Places in lists of bits.
fn wanted(purposes: &[StatusPurpose]) -> Wanted<'static> {
    Wanted {
        encoding: StatusEncoding::Bitstring,
        purposes: purposes.to_vec(),
        messages: &[],
        served: None,
    }
}

fn hand(issuer: &Issuer) -> Result<Hand<'_>, Failure> {
    Ok(Hand { key: &issuer.key, method: DidUrl::parse(&issuer.method)? })
}
