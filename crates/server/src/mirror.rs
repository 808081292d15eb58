//! A mirror as a service: follows a log, judges every leaf, serves its copy, cosigns what it has judged (§3.3).
//!
//! In scope: when it looks, what it answers. Out of scope: judging and keeping (`inkan_io::mirror`).
//!
//! It speaks as a witness does, so that a log asks it as it asks a witness: `add-checkpoint` makes it follow the log up to
//! that checkpoint, and answers with its line, or with 503 while it is still behind. Below `<prefix>/<hash of origin>/` it
//! serves the copy as the log itself is served: `checkpoint`, `tile/…`, `v1/params/<hex>`, and what it keeps of two
//! histories of a DID, `v1/dids/<scid>/equivocations`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use inkan_core::Timestamp;
use inkan_io::files;
use inkan_io::http::PlainHttp;
pub use inkan_io::mirror::forks_path;
use inkan_io::mirror::{Mirror, MirrorError, MirrorSource, Mirrored};
use inkan_io::os_rng::OsRng;
use inkan_ledger::add_checkpoint::{AddCheckpoint, origin_hash};
use inkan_ledger::evidence::FORKS_LIMIT;
use inkan_ledger::parameters::PARAMS_LIMIT;
use inkan_ledger::tree::tiles::{BUNDLE_BYTES, TilePath};
use inkan_ledger::{SignedNote, VerifierKey};

use crate::ledger_node::Rate;
use crate::witness::service::{Desk, Prepared};
use crate::witness::{
    Judge, RunningWitness, SharedClock, Verdict, WitnessServiceError, logs_of_policy,
};

/// What can be set of a mirror.
#[derive(Clone, Debug)]
pub struct MirrorOptions {
    /// Its folder; made if it is not there.
    pub folder: PathBuf,
    /// The name of its key, if there is no key yet: a URL without scheme, as `mirror.example`.
    pub name: String,
    /// A [tlog-policy](https://c2sp.org/tlog-policy) file whose `log` lines are the keys of the log.
    pub policy: PathBuf,
    /// The log: a URL, or a folder.
    pub source: String,
    /// Whether plain http may be used; what comes is verified.
    pub plain: PlainHttp,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Begins every path: empty, or `/` and more without a `/` at the end.
    pub prefix: String,
    /// Requests of one client; `None` for no limit.
    pub rate: Option<Rate>,
    /// How often it looks at the log by itself.
    pub every: Duration,
}

impl MirrorOptions {
    /// A mirror on `listen` with the usual limits.
    #[must_use]
    pub fn new(folder: &Path, name: &str, policy: &Path, source: &str, listen: SocketAddr) -> Self {
        Self {
            folder: folder.to_path_buf(),
            name: name.to_owned(),
            policy: policy.to_path_buf(),
            source: source.to_owned(),
            plain: PlainHttp::Loopback,
            listen,
            prefix: String::new(),
            rate: Some(Rate::per_second(50, 1_000)),
            every: Duration::from_secs(30),
        }
    }
}

/// How long a mirror asks for forks at each look.
const FORKS_WITHIN: Duration = Duration::from_secs(10);

/// Hears of each time the mirror followed the log by itself, or could not.
pub type Report = Box<dyn Fn(&Result<Mirrored, MirrorError>) + Send>;

/// Follows the log once, and ends.
///
/// # Errors
///
/// [`WitnessServiceError`]; [`WitnessServiceError::Mirror`] says what the mirror found.
pub fn follow_once(
    options: &MirrorOptions,
    now: Timestamp,
) -> Result<(VerifierKey, Mirrored), WitnessServiceError> {
    let mut mirror = open(options)?;
    let mut source = source(options);
    let mirrored = mirror.follow(&mut source, now)?;
    if let Some(forks) = mirror.forks_to_ask() {
        forks.ask(&mut source, now, FORKS_WITHIN)?;
    }
    Ok((mirror.key().clone(), mirrored))
}

/// Runs a mirror until it is told to end by SIGTERM or ctrl-c. `ready` is called with its address and its key.
///
/// # Errors
///
/// [`WitnessServiceError`] if it cannot start.
pub fn run(
    options: &MirrorOptions,
    clock: SharedClock,
    report: Report,
    ready: impl FnOnce(SocketAddr, &VerifierKey),
) -> Result<(), WitnessServiceError> {
    let (prepared, follower) = prepare(options, clock, report)?;
    let served = prepared.run(ready);
    follower.leave();
    served
}

/// Starts a mirror on threads of its own: for tests and demonstrations.
///
/// # Errors
///
/// [`WitnessServiceError`] if it cannot start.
pub fn spawn(
    options: &MirrorOptions,
    clock: SharedClock,
    report: Report,
) -> Result<RunningMirror, WitnessServiceError> {
    let (prepared, follower) = prepare(options, clock, report)?;
    Ok(RunningMirror { service: prepared.spawn()?, _follower: follower })
}

/// A mirror on threads of its own; it ends when this is dropped.
#[derive(Debug)]
pub struct RunningMirror {
    service: RunningWitness,
    _follower: Follower,
}

impl RunningMirror {
    /// Its submission and monitoring prefix.
    #[must_use]
    pub fn url(&self) -> String {
        self.service.url()
    }

    /// What its lines are verified with.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        self.service.key()
    }
}

/// The thread that looks at the log by itself.
#[derive(Debug)]
struct Follower {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    fn tell(&self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    /// Ends with the process: it may be in the middle of a long pull, and what it has cosigned is on the disk.
    fn leave(mut self) {
        self.tell();
        drop(self.thread.take());
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.tell();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What both the service and the follower use.
#[derive(Debug)]
struct Shared {
    origin: String,
    hash: String,
    folder: PathBuf,
    work: Mutex<(Mirror, MirrorSource)>,
}

fn open(options: &MirrorOptions) -> Result<Mirror, WitnessServiceError> {
    let mut logs = logs_of_policy(&options.policy)?.into_values();
    // One mirror, one log: a rule that one of them breaks must not stop the others.
    let (Some(keys), None) = (logs.next(), logs.next()) else {
        return Err(WitnessServiceError::NoLog { path: options.policy.clone() });
    };
    Ok(Mirror::open(&options.folder, &options.name, keys, &mut OsRng)?)
}

fn source(options: &MirrorOptions) -> MirrorSource {
    if options.source.contains("://") {
        MirrorSource::url(&options.source, options.plain)
    } else {
        MirrorSource::folder(Path::new(&options.source))
    }
}

fn prepare(
    options: &MirrorOptions,
    clock: SharedClock,
    report: Report,
) -> Result<(Prepared, Follower), WitnessServiceError> {
    let mirror = open(options)?;
    let key = mirror.key().clone();
    let origin = mirror.origin().to_owned();
    let (hash, folder) = (origin_hash(&origin), options.folder.clone());
    let work = Mutex::new((mirror, source(options)));
    let shared = Arc::new(Shared { origin, hash, folder, work });
    let desk = Desk {
        listen: options.listen,
        prefix: options.prefix.clone(),
        rate: options.rate,
        clock: Arc::clone(&clock),
    };
    let prepared = Prepared::new(Box::new(Service(Arc::clone(&shared))), key, desk)?;
    let stop = Arc::new(AtomicBool::new(false));
    let (stopping, every) = (Arc::clone(&stop), options.every);
    let mut beside = source(options);
    let thread = std::thread::Builder::new()
        .name("mirror".to_owned())
        .spawn(move || {
            while !stopping.load(Ordering::Relaxed) {
                let followed = {
                    let mut work = shared.lock();
                    let (mirror, source) = &mut *work;
                    mirror.follow(source, clock.now())
                };
                report(&followed);
                // The mirror judges on while the node is asked.
                let forks = shared.lock().0.forks_to_ask();
                match forks.map(|forks| forks.ask(&mut beside, clock.now(), FORKS_WITHIN)) {
                    Some(Ok(left)) => shared.lock().0.ask_first(&left),
                    Some(Err(error)) => report(&Err(error)),
                    None => {}
                }
                std::thread::park_timeout(every);
            }
        })
        .map_err(WitnessServiceError::Start)?;
    Ok((prepared, Follower { stop, thread: Some(thread) }))
}

impl Shared {
    /// One that panicked left on the disk what counts.
    fn lock(&self) -> MutexGuard<'_, (Mirror, MirrorSource)> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The mirror as others see it.
#[derive(Debug)]
struct Service(Arc<Shared>);

impl Judge for Service {
    fn judge(&self, request: &AddCheckpoint, now: Timestamp) -> Verdict {
        if request.note.text().lines().next() != Some(self.0.origin.as_str()) {
            return Verdict::UnknownLog;
        }
        // Whoever asks waits five seconds; a mirror that is behind pulls for longer.
        let mut work = match self.0.work.try_lock() {
            Ok(work) => work,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => return Verdict::Later("not-yet-covered"),
        };
        let (mirror, source) = &mut *work;
        // It makes its own way from what it has: the proof that came along is not needed.
        match mirror.follow_to(&request.note, source, now) {
            Ok(mirrored) => Verdict::Cosigned(mirrored.line),
            Err(MirrorError::NotTheLog) => Verdict::NotSigned,
            Err(MirrorError::Older { seen, .. }) => Verdict::Conflict { seen },
            Err(error) if error.is_fault_of_the_log() => Verdict::Inconsistent,
            Err(
                error @ (MirrorError::JudgedFurther { .. }
                | MirrorError::Missing { .. }
                | MirrorError::Answer { .. }
                | MirrorError::Http(_)),
            ) => Verdict::Later(error.code()),
            Err(error) => Verdict::Failed(error.code()),
        }
    }

    fn newest(&self, hash: &str) -> Result<Option<SignedNote>, &'static str> {
        if hash != self.0.hash {
            return Ok(None);
        }
        // From the file, so that a long pull makes nobody wait.
        let bytes = files::read_optional(&self.0.folder.join("checkpoint"), 65_536)
            .map_err(|error| error.code())?;
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(text.and_then(|text| SignedNote::parse(&text).ok()))
    }

    fn file(&self, hash: &str, path: &str) -> Result<Option<Vec<u8>>, &'static str> {
        if hash != self.0.hash {
            return Ok(None);
        }
        // Only paths that name a tile or a document: nothing else in the folder is anybody's business.
        let scid =
            path.strip_prefix("v1/dids/").and_then(|rest| rest.strip_suffix("/equivocations"));
        if let Some(path) = scid.and_then(|scid| forks_path(&self.0.folder, scid)) {
            return files::read_optional(&path, FORKS_LIMIT).map_err(|error| error.code());
        }
        let place = match path.strip_prefix("v1/params/") {
            Some(digest) => {
                let plain = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
                plain.then(|| (self.0.folder.join("params").join(digest), PARAMS_LIMIT))
            }
            None => TilePath::parse(path)
                .ok()
                .map(|tile| (self.0.folder.join(tile.to_string()), BUNDLE_BYTES)),
        };
        let Some((path, limit)) = place else { return Ok(None) };
        files::read_optional(&path, limit).map_err(|error| error.code())
    }
}

#[cfg(test)]
mod tests;
