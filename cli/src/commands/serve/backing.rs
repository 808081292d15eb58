//! A profile behind the API: its keys, its ledger, and what it trusts, read anew for every request.
//!
//! Data flow of issuing: locks of profile and ledger → the keys in force → places in status lists → signature (the API's) →
//! issuance entry and records, as one intent.

mod report;
mod session;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use inkan_assurance::{Policy, builtin, ledger_grade, receipts};
use inkan_core::Timestamp;
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::{Contexts, Opening, SecuredCredential};
use inkan_crypto::SecretKey;
use inkan_evidence::Registry;
use inkan_evidence::registry::declared;
use inkan_io::cards::Cards;
use inkan_io::files::{self, FileError};
use inkan_io::gather::{Copies, Network, NoOthers, OtherLedgers, Sources, gather};
use inkan_io::profile::OwnDid;
use inkan_io::{known, pinned};
use inkan_issuer::AtHand;
use inkan_ledger::{EntryId, Kind, commitment};
use inkan_server::credentials::{Backing, BackingError, Grounds, Issuer, Recording};
use inkan_verifier::{KnownState, Want, with_successors};

use self::session::Session;
use super::registry::Authorities;
use crate::commands::issue::{self, status};
use crate::commands::{policy, verify};
use crate::context::Home;
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::keyring::Keyring;
use crate::ledgers::{Reading, Writing};
use crate::output::Speech;
use crate::packing::{self, FreshRecord};

/// Between two looks at whether another request still writes.
const PAUSE: Duration = Duration::from_millis(10);
/// How often is looked before something is issued, or a status changed: for twenty seconds.
const QUEUE: u32 = 2_000;
/// How often is looked before something is remembered: for half a second.
const BRIEFLY: u32 = 50;

/// For how many seconds an answer of the ledger counts when somebody asks whether the server is ready.
const REMEMBERED: i64 = 5;

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
    /// The DIDs that issue.
    issuing: Vec<String>,
    /// The DID that signs the reports of the desk.
    reporter: Option<String>,
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

/// Who signs here, and with what.
#[derive(Debug)]
pub(super) struct Signing {
    /// The DIDs that issue.
    pub(super) issuing: Vec<OwnDid>,
    /// The DID that signs the reports of the desk.
    pub(super) reporter: Option<OwnDid>,
    pub(super) keyring: Keyring,
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
        signing: Option<Signing>,
        ledger: Ledger,
        speech: Speech,
    ) -> Result<Self, Failure> {
        let contexts = pinned::contexts(&pinned::load(&home.profile)?)?.map(Arc::new);
        let did = |own: &OwnDid| own.did.clone();
        let issuing = signing.iter().flat_map(|signing| &signing.issuing).map(did).collect();
        let reporter = signing.iter().find_map(|signing| signing.reporter.as_ref().map(did));
        let keys = signing.map(|Signing { mut issuing, reporter, keyring }| {
            let is_other = |own: &OwnDid| !issuing.contains(own);
            issuing.extend(reporter.filter(is_other));
            let mut keys = Keys { owns: Vec::new(), keyring, issuers: Vec::new() };
            keys.take(issuing);
            Mutex::new(keys)
        });
        Ok(Self {
            home,
            ledger,
            keys,
            issuing,
            reporter,
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

    /// Those of these DIDs that sign here, and their keys that are in force now.
    fn current(&self, dids: &[String]) -> Result<Option<InForce>, Failure> {
        let Some(keys) = &self.keys else { return Ok(None) };
        let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
        let now = keys.owns.iter().map(|own| identity::own(&self.home, Some(&own.did)));
        let owns = now.collect::<Result<Vec<_>, _>>()?;
        if owns != keys.owns {
            keys.keyring.reopen()?;
            keys.take(owns);
        }
        let (mut owns, mut issuers) = (keys.owns.clone(), keys.issuers.clone());
        owns.retain(|own| dids.contains(&own.did));
        issuers.retain(|issuer| dids.contains(&issuer.did));
        Ok(Some((owns, issuers)))
    }

    /// What clients are told; the operator reads the rest on standard error.
    fn refused(&self, failure: &Failure) -> BackingError {
        let code = failure.code();
        let is_callers = matches!(
            code,
            "status-revocation-final"
                | "status-value-out-of-range"
                | "message-lists-full"
                | "policy-unknown"
        );
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

    /// A request of these DIDs that writes.
    fn session(&self, dids: &[String], now: Timestamp) -> Result<Session<'_>, Failure> {
        let turn = self.turn(QUEUE)?;
        let writing = Writing::begin_at(&self.home, now, self.speech)?;
        let unknown = || CliError::DidMissing { profile: self.home.name().to_owned() };
        let (owns, issuers) = self.current(dids)?.ok_or_else(unknown)?;
        Ok(Session::new(self, turn, writing, (owns, issuers), now))
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
        let others = reading.as_ref().map(Reading::others);
        let none: &dyn OtherLedgers = &NoOthers;
        let sources = Sources {
            ledger,
            others: others.map_or(none, |others| others),
            schemas: &schemas,
            network,
            copies: Copies::MustBeRenewed,
        };
        let gathered = gather(bundle, wants, &sources, now)?;
        others.map_or(Ok(()), |others| others.settle(&gathered.unasked))?;
        let mut material = gathered.material;
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
            cards: Cards::load(&self.home.profile)?,
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
        let current = self.current(&self.issuing).map_err(|failure| self.refused(&failure))?;
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
        match self.session(&self.issuing, now) {
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
        let pins = || -> Result<Vec<Registry>, Failure> {
            Ok(pinned::registries(&pinned::load(&self.home.profile)?)?)
        };
        let all = self.authorities.all(&self.home, now, || self.reading(now));
        let all = all.and_then(|mut all| {
            all.extend(pins()?);
            Ok(all)
        });
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

    fn at_hand(&self, named: &BTreeSet<String>) -> Result<AtHand, BackingError> {
        issue::named_at_hand(&self.home, named).map_err(|failure| self.refused(&failure))
    }

    fn contexts(&self) -> Option<Arc<Contexts>> {
        self.contexts.clone()
    }
}
