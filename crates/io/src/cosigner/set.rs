//! All cosigners of a log: none makes another wait.
//!
//! In scope: one thread for each cosigner that is elsewhere, who is up, the alarm. Out of scope: who is asked about which head
//! when (`rounds`), putting lines together (`gathering`), publishing.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use inkan_core::Timestamp;
use inkan_ledger::note::SignatureLine;
use inkan_ledger::tree::TreeHead;
use inkan_ledger::{Checkpoint, NodeHash, SignedNote, VerifierKey};

use super::rounds::{LONGEST_PAUSE, Plan, Round, Rounds};
use super::{CosignError, CosignRequest, Cosigner, Pace, is_ahead, signed_head};
use crate::clock::Clock;

/// The consistency path between two sizes, above 0 and rising; `None` if it cannot be made.
pub type Consistency = dyn Fn(u64, u64) -> Option<Vec<NodeHash>> + Send + Sync;
/// A clock for several threads.
pub type SharedClock = Arc<dyn Clock + Send + Sync>;

/// What a cosigner answered.
#[derive(Debug)]
pub struct Delivery {
    /// Its name in the log's policy.
    pub name: String,
    /// The text that was to be cosigned.
    pub text: String,
    /// Lines over it, checked.
    pub lines: Result<Vec<SignatureLine>, CosignError>,
}

/// How a cosigner does, for metrics and status pages.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    /// Its name in the log's policy.
    pub name: String,
    /// Whether its last answer was a line; `None` if it was not asked yet.
    pub up: Option<bool>,
    /// Leaves under the newest head that it cosigned.
    pub size: Option<u64>,
    /// When it did.
    pub at: Option<Timestamp>,
    /// The code of its last failure, if it is down.
    pub failure: Option<&'static str>,
}

/// The cosigners of one log.
pub struct CosignerSet {
    own: Vec<(Box<dyn Cosigner>, Standing)>,
    others: Vec<Other>,
    /// Of the operator's cosigners elsewhere: every head is one.
    each: Arc<Rounds>,
    /// Of everybody else's.
    shared: Arc<Rounds>,
}

/// A cosigner with a thread of its own.
struct Other {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

/// Between the log and such a thread.
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
    rounds: Arc<Rounds>,
}

struct State {
    stop: bool,
    standing: Standing,
}

/// What the threads are given.
struct Tools {
    consistency: Arc<Consistency>,
    clock: SharedClock,
    deliver: Arc<dyn Fn(Delivery) + Send + Sync>,
}

impl CosignerSet {
    /// Starts a thread for each cosigner that is elsewhere. What they answer is given to `deliver`, on their threads.
    ///
    /// # Errors
    ///
    /// [`std::io::Error`] if the system gives no thread.
    pub fn start(
        cosigners: Vec<Box<dyn Cosigner>>,
        consistency: Arc<Consistency>,
        clock: SharedClock,
        deliver: Arc<dyn Fn(Delivery) + Send + Sync>,
    ) -> std::io::Result<Self> {
        let tools = Arc::new(Tools { consistency, clock, deliver });
        let paces: Vec<_> = cosigners.iter().filter_map(|one| pace_of_others(one.pace())).collect();
        let (length, now) = (Rounds::length(&paces), instant());
        let (each, shared) = (Rounds::new(Duration::ZERO, now), Rounds::new(length, now));
        let (own, others) = (Vec::new(), Vec::new());
        let mut set = Self { own, others, each: Arc::new(each), shared: Arc::new(shared) };
        for cosigner in cosigners {
            let name = cosigner.name().to_owned();
            let standing = Standing { name, up: None, size: None, at: None, failure: None };
            if cosigner.pace() == Pace::InProcess {
                set.own.push((cosigner, standing));
                continue;
            }
            let state = Mutex::new(State { stop: false, standing });
            let (rounds, length) = match pace_of_others(cosigner.pace()) {
                Some(_) => (Arc::clone(&set.shared), length),
                None => (Arc::clone(&set.each), Duration::ZERO),
            };
            let plan = Plan::new(cosigner.pace(), length);
            let desk = Arc::new(Desk { state, changed: Condvar::new(), rounds });
            let (theirs, tools) = (Arc::clone(&desk), Arc::clone(&tools));
            let thread = std::thread::Builder::new()
                .name("cosigner".to_owned())
                .spawn(move || work(cosigner, plan, &theirs, &tools))?;
            set.others.push(Other { desk, thread: Some(thread) });
        }
        Ok(set)
    }

    /// Asks the cosigners in this process, one after another.
    pub fn ask_own(&mut self, request: &CosignRequest<'_>, now: Timestamp) -> Vec<Delivery> {
        let text = request.note.text();
        let ask = |(cosigner, standing): &mut (Box<dyn Cosigner>, Standing)| {
            let lines = cosigner.cosign(request, now);
            standing.note(text, &lines, now);
            Delivery { name: standing.name.clone(), text: text.to_owned(), lines }
        };
        self.own.iter_mut().map(ask).collect()
    }

    /// Has the others cosign `note`: the operator's at once, those of others if no newer one comes before the next round.
    pub fn offer(&self, note: &SignedNote) {
        self.each.offer(note);
        self.shared.offer(note);
        for other in &self.others {
            // Whoever is about to wait has not looked yet, or waits when the lock is free.
            drop(other.desk.lock());
            other.desk.changed.notify_all();
        }
    }

    /// How each does.
    #[must_use]
    pub fn standing(&self) -> Vec<Standing> {
        let own = self.own.iter().map(|(_, standing)| standing.clone());
        own.chain(self.others.iter().map(|other| other.desk.lock().standing.clone())).collect()
    }

    /// Ends all threads; a request that is under way is waited for, at most as long as it may take.
    pub fn stop(mut self) {
        self.tell();
        for other in &mut self.others {
            if let Some(thread) = other.thread.take() {
                // A thread that panicked has nothing left to say.
                let _ = thread.join();
            }
        }
    }

    fn tell(&self) {
        for other in &self.others {
            other.desk.lock().stop = true;
            other.desk.changed.notify_all();
        }
    }
}

impl Drop for CosignerSet {
    fn drop(&mut self) {
        self.tell();
    }
}

impl fmt::Debug for CosignerSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CosignerSet").field("standing", &self.standing()).finish_non_exhaustive()
    }
}

/// Asks all cosigners, at once, for the newest head they have seen, before anything is signed (R8 of §3.4).
///
/// `guard` is what the log signed last. Gives the names of those that could not be asked, or answered nothing of this log.
///
/// # Errors
///
/// [`CosignError::GuardBehind`] if one of them has seen a head that is missing here.
pub fn check_newest(
    cosigners: &mut [Box<dyn Cosigner>],
    logs: &[VerifierKey],
    guard: &TreeHead,
) -> Result<Vec<String>, CosignError> {
    let answers: Vec<_> = std::thread::scope(|scope| {
        let ask =
            |cosigner: &mut Box<dyn Cosigner>| (cosigner.name().to_owned(), cosigner.newest());
        let threads: Vec<_> = cosigners.iter_mut().map(|c| scope.spawn(move || ask(c))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let mut silent = Vec::new();
    for (name, answer) in answers {
        match answer {
            Ok(Some(note)) if is_ahead(&note, logs, guard) => {
                return Err(CosignError::GuardBehind { note: Box::new(note) });
            }
            // What the log did not sign says nothing about it.
            Ok(Some(note)) if signed_head(&note, logs).is_none() => silent.push(name),
            Ok(_) => {}
            Err(_) => silent.push(name),
        }
    }
    Ok(silent)
}

/// The pace of a cosigner that is not the operator's own.
const fn pace_of_others(pace: Pace) -> Option<Duration> {
    match pace {
        Pace::InProcess | Pace::EveryCheckpoint => None,
        Pace::Every(time) => Some(time),
    }
}

#[expect(clippy::disallowed_methods, reason = "paces are measured, not dated")]
fn instant() -> Instant {
    Instant::now()
}

/// The thread of one cosigner.
fn work(mut cosigner: Box<dyn Cosigner>, mut plan: Plan, desk: &Desk, tools: &Tools) {
    while let Some(round) = desk.next(&plan) {
        let note = &round.note;
        let size = Checkpoint::parse_text(note.text()).map_or(0, |c| c.head().tree_size);
        let request = CosignRequest { note, consistency: &|old| (tools.consistency)(old, size) };
        let (now, asked) = (tools.clock.now(), instant());
        let lines = cosigner.cosign(&request, now);
        desk.lock().standing.note(note.text(), &lines, now);
        plan.asked(&round, lines.is_ok(), (asked, instant()));
        let (name, text) = (cosigner.name().to_owned(), note.text().to_owned());
        (tools.deliver)(Delivery { name, text, lines });
    }
}

impl Desk {
    /// A thread that panicked while it held the lock left nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a head and for its turn; `None` when it is time to end.
    fn next(&self, plan: &Plan) -> Option<Round> {
        let mut state = self.lock();
        loop {
            if state.stop {
                return None;
            }
            let now = instant();
            let wait = match self.rounds.current(now) {
                None => LONGEST_PAUSE,
                Some((round, left)) => match plan.wait(&round, now) {
                    Some(Duration::ZERO) => return Some(round),
                    Some(wait) => wait.min(left),
                    None => left,
                },
            };
            state = self
                .changed
                .wait_timeout(state, wait)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
    }
}

impl Standing {
    fn note(
        &mut self,
        text: &str,
        lines: &Result<Vec<SignatureLine>, CosignError>,
        now: Timestamp,
    ) {
        self.up = Some(lines.is_ok());
        self.failure = lines.as_ref().err().map(CosignError::code);
        if lines.is_ok() {
            self.at = Some(now);
            self.size = Checkpoint::parse_text(text).ok().map(|c| c.head().tree_size);
        }
    }
}

#[cfg(test)]
mod tests;
