//! A witness as a service: [C2SP tlog-witness](https://c2sp.org/tlog-witness).
//!
//! In scope: which logs it follows, its key and records, the HTTP interface. Out of scope: the decision
//! (`inkan_ledger::witness`), what must be durable before an answer (`inkan_io::cosigner::LocalWitness`).
//!
//! | Path under the folder | What |
//! |---|---|
//! | `LOCK` | held by the one process that uses the folder |
//! | `key` | the witness's key |
//! | `logs` | origins that have a record: a record that is missing is no new beginning |
//! | `seen/<hash of origin>` | the newest checkpoint cosigned, with the log's line and the witness's |
//! | `refused/` | checkpoints that the log signed and that were not shown to continue what was seen (`doubts`) |
//!
//! A witness whose records were restored from a copy vouches for a second history as readily as for the first: they belong
//! in no backup.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use inkan_core::Timestamp;
use inkan_io::cosigner::{CosignError, LocalWitness, Seen};
use inkan_io::files::{self, Access, FileError, FolderLock};
use inkan_io::mirror::MirrorError;
use inkan_io::note_key::{NoteKeyError, NoteSigner, Purpose};
use inkan_io::os_rng::OsRng;
use inkan_ledger::add_checkpoint::{AddCheckpoint, origin_hash};
use inkan_ledger::note::SignatureLine;
use inkan_ledger::policy::{LogPolicy, POLICY_LIMIT, PolicyError};
use inkan_ledger::witness::WitnessError;
use inkan_ledger::{Checkpoint, SignedNote, VerifierKey};

use crate::ledger_node::Rate;

mod doubts;
mod http;
pub(crate) mod service;

pub use crate::ledger_node::SharedClock;
use doubts::Doubts;
pub use doubts::{Doubt, OnDoubt};
pub use service::{RunningWitness, run, spawn};

/// What can be set of a witness.
#[derive(Clone, Debug)]
pub struct WitnessOptions {
    /// Its folder; made if it is not there.
    pub folder: PathBuf,
    /// The name of its key, if there is no key yet: a URL without scheme, as `witness.example/w1`.
    pub name: String,
    /// A [tlog-policy](https://c2sp.org/tlog-policy) file: its `log` lines say which logs are followed. Several keys of one
    /// name are keys of one log. All else in it is passed over.
    pub policy: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Begins every path: empty, or `/` and more without a `/` at the end.
    pub prefix: String,
    /// Requests of one client (an IPv4 address or an IPv6 /64); `None` for no limit.
    pub rate: Option<Rate>,
}

impl WitnessOptions {
    /// A witness on `listen` with the usual limits.
    #[must_use]
    pub fn new(folder: &Path, name: &str, policy: &Path, listen: SocketAddr) -> Self {
        Self {
            folder: folder.to_path_buf(),
            name: name.to_owned(),
            policy: policy.to_path_buf(),
            listen,
            prefix: String::new(),
            rate: Some(Rate::per_second(5, 100)),
        }
    }
}

/// Why a witness does not run.
#[derive(Debug, thiserror::Error)]
pub enum WitnessServiceError {
    /// The policy is none.
    #[error("{path}: not a policy")]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: PolicyError,
    },
    /// The policy names no log.
    #[error("{path} names no log to witness")]
    NoLog {
        /// The file.
        path: PathBuf,
    },
    /// The prefix of paths is malformed.
    #[error("{prefix:?} cannot begin a path")]
    Prefix {
        /// The prefix.
        prefix: String,
    },
    /// The key is missing or malformed.
    #[error(transparent)]
    Key(#[from] NoteKeyError),
    /// A record is missing or malformed.
    #[error(transparent)]
    Record(#[from] CosignError),
    /// The folder cannot be used; perhaps another process does.
    #[error(transparent)]
    File(#[from] FileError),
    /// The mirror does not cosign.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// Nothing can be received at the address.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The runtime cannot start.
    #[error("the witness cannot start")]
    Start(#[source] std::io::Error),
}

impl WitnessServiceError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Policy { source, .. } => source.code(),
            Self::NoLog { .. } => "witness-without-log",
            Self::Prefix { .. } => "prefix-invalid",
            Self::Key(error) => error.code(),
            Self::Record(error) => error.code(),
            Self::File(FileError::Locked { .. }) => "ledger-locked",
            Self::File(error) => error.code(),
            Self::Mirror(error) => error.code(),
            Self::Listen { .. } => "listen-failed",
            Self::Start(_) => "witness-start-failed",
        }
    }
}

/// What the witness says to a checkpoint.
#[derive(Debug)]
pub(crate) enum Verdict {
    Cosigned(SignatureLine),
    UnknownLog,
    NotSigned,
    OldSizeTooLarge,
    Conflict {
        seen: u64,
    },
    Inconsistent,
    /// A mirror that has not got so far yet.
    Later(&'static str),
    Failed(&'static str),
}

/// What answers: a witness or a mirror. May wait for the disk.
pub(crate) trait Judge: std::fmt::Debug + Send + Sync {
    /// Judges a request, and makes what follows durable.
    fn judge(&self, request: &AddCheckpoint, now: Timestamp) -> Verdict;

    /// The newest checkpoint of the log whose origin has this hash.
    fn newest(&self, hash: &str) -> Result<Option<SignedNote>, &'static str>;

    /// A file of the copy of that log.
    fn file(&self, hash: &str, path: &str) -> Result<Option<Vec<u8>>, &'static str>;
}

/// A witness with its records: one lock for each log, so that looking and remembering are one step.
pub(crate) struct Witness {
    folder: PathBuf,
    key: VerifierKey,
    logs: BTreeMap<String, Mutex<LocalWitness>>,
    /// Of hashes in paths.
    origins: BTreeMap<String, String>,
    doubts: Doubts,
    _lock: FolderLock,
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Witness").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Witness {
    /// Opens the folder; makes key and records that were never there.
    pub(crate) fn open(
        options: &WitnessOptions,
        on_doubt: OnDoubt,
    ) -> Result<Self, WitnessServiceError> {
        let folder = options.folder.clone();
        let logs = logs_of_policy(&options.policy)?;
        for sub in [folder.clone(), folder.join("seen"), folder.join("refused")] {
            files::create_folder(&sub, Access::Private)?;
        }
        let lock = files::try_lock(&folder)?;
        let signer =
            NoteSigner::create(&folder.join("key"), &options.name, Purpose::Witness, &mut OsRng)?;
        let key = signer.key().clone();
        let signer = Arc::new(signer);
        let mut known = Known::read(&folder)?;
        let (mut open, mut origins) = (BTreeMap::new(), BTreeMap::new());
        for (origin, keys) in logs {
            let hash = origin_hash(&origin);
            let path = folder.join("seen").join(&hash);
            if !known.holds(&origin) {
                Seen::create(&path, &origin)?;
                known.add(&origin)?;
            }
            let witness = LocalWitness::open(key.name(), Arc::clone(&signer), keys, &path)?;
            origins.insert(hash, origin.clone());
            open.insert(origin, Mutex::new(witness));
        }
        let doubts = Doubts::new(folder.join("refused"), on_doubt);
        Ok(Self { folder, key, logs: open, origins, doubts, _lock: lock })
    }

    pub(crate) const fn key(&self) -> &VerifierKey {
        &self.key
    }
}

impl Judge for Witness {
    fn judge(&self, request: &AddCheckpoint, now: Timestamp) -> Verdict {
        let Ok(checkpoint) = Checkpoint::parse_text(request.note.text()) else {
            return Verdict::UnknownLog;
        };
        let Some(witness) = self.logs.get(checkpoint.origin()) else { return Verdict::UnknownLog };
        // One that panicked left its record on the disk, and reads it again.
        let mut witness = witness.lock().unwrap_or_else(PoisonError::into_inner);
        let old = request.old_size;
        match witness.add_checkpoint(old, &request.consistency, &request.note, now) {
            Ok(line) => Verdict::Cosigned(line),
            Err(CosignError::Refused(WitnessError::NotTheLog)) => Verdict::NotSigned,
            Err(CosignError::Refused(_)) if old > checkpoint.head().tree_size => {
                Verdict::OldSizeTooLarge
            }
            Err(CosignError::Refused(WitnessError::OldSize { seen })) if seen != old => {
                Verdict::Conflict { seen }
            }
            Err(CosignError::Refused(WitnessError::OldSize { .. })) => Verdict::Inconsistent,
            Err(CosignError::Refused(WitnessError::SplitView(error))) => {
                let bare = witness.with_lines_of_log(&request.note);
                if let Ok(Some(before)) = witness.seen().map(|seen| seen.note().cloned()) {
                    self.doubts.hear(&bare, &before, &error);
                }
                Verdict::Inconsistent
            }
            Err(error) => Verdict::Failed(error.code()),
        }
    }

    fn newest(&self, hash: &str) -> Result<Option<SignedNote>, &'static str> {
        let Some(witness) = self.origins.get(hash).and_then(|origin| self.logs.get(origin)) else {
            return Ok(None);
        };
        let mut witness = witness.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = witness.seen().map_err(|error| error.code())?;
        Ok(seen.note().cloned())
    }

    fn file(&self, _: &str, _: &str) -> Result<Option<Vec<u8>>, &'static str> {
        Ok(None)
    }
}

/// The keys of each log in a policy file.
pub(crate) fn logs_of_policy(
    path: &Path,
) -> Result<BTreeMap<String, Vec<VerifierKey>>, WitnessServiceError> {
    let bytes = files::read(path, POLICY_LIMIT)?;
    let text = String::from_utf8_lossy(&bytes);
    let policy = LogPolicy::parse(&text)
        .map_err(|source| WitnessServiceError::Policy { path: path.to_path_buf(), source })?;
    let mut logs: BTreeMap<String, Vec<VerifierKey>> = BTreeMap::new();
    for log in policy.logs() {
        logs.entry(log.name().to_owned()).or_default().push(log.clone());
    }
    if logs.is_empty() {
        return Err(WitnessServiceError::NoLog { path: path.to_path_buf() });
    }
    Ok(logs)
}

/// Origins that have a record.
struct Known {
    path: PathBuf,
    text: String,
}

impl Known {
    /// At most so many bytes of origins.
    const LIMIT: usize = 1 << 20;

    fn read(folder: &Path) -> Result<Self, WitnessServiceError> {
        let path = folder.join("logs");
        let bytes = files::read_optional(&path, Self::LIMIT)?.unwrap_or_default();
        let text = String::from_utf8(bytes)
            .map_err(|_| CosignError::GuardMalformed { path: path.clone() })?;
        Ok(Self { path, text })
    }

    fn holds(&self, origin: &str) -> bool {
        self.text.lines().any(|line| line == origin)
    }

    fn add(&mut self, origin: &str) -> Result<(), WitnessServiceError> {
        self.text.push_str(origin);
        self.text.push('\n');
        Ok(files::write_atomic(&self.path, self.text.as_bytes(), Access::Private)?)
    }
}

#[cfg(test)]
mod tests;
