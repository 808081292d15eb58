use std::sync::Barrier;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use inkan_core::rng::insecure::SeededRng;
use inkan_ledger::note::KeyMaterial;

use super::*;
use crate::clock::OsClock;
use crate::note_key::{NoteSigner, Purpose};

const ORIGIN: &str = "log.example";
/// What a busy machine needs at most.
const PATIENCE: Duration = Duration::from_secs(120);
/// What is looked for and must not be there.
const A_MOMENT: Duration = Duration::from_millis(100);

/// Answers as it is told to, and notes when it was asked.
#[derive(Debug)]
struct Fake {
    name: String,
    key: VerifierKey,
    pace: Pace,
    /// Waited for before and after each answer.
    gate: Option<Arc<Barrier>>,
    asked: Arc<Mutex<Vec<Instant>>>,
    /// How long it takes to answer.
    delay: Duration,
    up: bool,
    newest: Option<SignedNote>,
}

impl Cosigner for Fake {
    fn name(&self) -> &str {
        &self.name
    }

    fn key(&self) -> &VerifierKey {
        &self.key
    }

    fn pace(&self) -> Pace {
        self.pace
    }

    fn cosign(
        &mut self,
        request: &CosignRequest<'_>,
        _now: Timestamp,
    ) -> Result<Vec<SignatureLine>, CosignError> {
        self.asked.lock().unwrap().push(instant());
        if let Some(gate) = &self.gate {
            gate.wait();
            gate.wait();
        }
        std::thread::sleep(self.delay);
        assert!(request.note.text().starts_with(ORIGIN));
        if self.up { Ok(Vec::new()) } else { Err(CosignError::NoProof { size: 1 }) }
    }

    fn newest(&mut self) -> Result<Option<SignedNote>, CosignError> {
        if self.up { Ok(self.newest.clone()) } else { Err(CosignError::NoProof { size: 1 }) }
    }
}

fn signer() -> NoteSigner {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    NoteSigner::create(&path, ORIGIN, Purpose::Log, &mut SeededRng::new(3)).unwrap()
}

fn fake(name: &str, pace: Pace) -> Fake {
    let KeyMaterial::Note(key) = signer().key().material().clone() else { panic!("a log") };
    let key = VerifierKey::new(name, KeyMaterial::Cosignature(key)).unwrap();
    let (gate, asked, delay) = (None, Arc::default(), Duration::ZERO);
    Fake { name: name.to_owned(), key, pace, gate, asked, delay, up: true, newest: None }
}

fn note(size: u64) -> SignedNote {
    let head = TreeHead { tree_size: size, root_hash: NodeHash::empty() };
    let signer = signer();
    Checkpoint::new(ORIGIN, head).unwrap().sign(&signer.key, &signer.secret).unwrap()
}

fn start(cosigners: Vec<Fake>) -> (CosignerSet, Receiver<Delivery>) {
    let (sender, receiver) = channel();
    let boxed = |fake| -> Box<dyn Cosigner> { Box::new(fake) };
    let cosigners = cosigners.into_iter().map(boxed).collect();
    let deliver = move |delivery| {
        let _ = sender.send(delivery);
    };
    let consistency = |_: u64, _: u64| Some(Vec::new());
    let set =
        CosignerSet::start(cosigners, Arc::new(consistency), Arc::new(OsClock), Arc::new(deliver));
    (set.unwrap(), receiver)
}

#[test]
fn a_slow_or_dead_cosigner_stops_nobody() {
    let gate = Arc::new(Barrier::new(2));
    let mut slow = fake("slow", Pace::EveryCheckpoint);
    slow.gate = Some(Arc::clone(&gate));
    let mut dead = fake("dead", Pace::EveryCheckpoint);
    dead.up = false;
    let quick = fake("quick", Pace::EveryCheckpoint);
    let own = fake("own", Pace::InProcess);
    let (mut set, receiver) = start(vec![slow, dead, quick, own]);
    let note = note(3);
    let request = CosignRequest { note: &note, consistency: &|_| None };
    let now = OsClock.now();
    let own: Vec<_> = set.ask_own(&request, now).into_iter().map(|d| d.name).collect();
    assert_eq!(own, ["own"]);
    set.offer(&note);
    // The slow one has been asked, and does not answer before it is let.
    gate.wait();
    let next = || receiver.recv_timeout(PATIENCE).unwrap().name;
    let mut before = [next(), next()];
    before.sort();
    assert_eq!(before, ["dead", "quick"]);
    gate.wait();
    assert_eq!(next(), "slow");
    let standing = set.standing();
    let of = |name: &str| standing.iter().find(|s| s.name == name).unwrap();
    assert_eq!((of("own").up, of("own").size), (Some(true), Some(3)));
    assert_eq!((of("dead").up, of("dead").failure), (Some(false), Some("consistency-unavailable")));
    assert_eq!((of("slow").up, of("slow").size), (Some(true), Some(3)));
    set.stop();
}

#[test]
fn only_the_newest_note_is_sent_and_at_its_pace() {
    let pace = Duration::from_millis(300);
    let gate = Arc::new(Barrier::new(2));
    let mut public = fake("public", Pace::Every(pace));
    public.gate = Some(Arc::clone(&gate));
    let asked = Arc::clone(&public.asked);
    let (set, receiver) = start(vec![public]);
    let offered = instant();
    set.offer(&note(1));
    gate.wait();
    // While it is busy with one, others come.
    (2..=6).for_each(|size| set.offer(&note(size)));
    gate.wait();
    assert_eq!(receiver.recv_timeout(PATIENCE).unwrap().text, note(1).text());
    // Nothing before its time; then the newest, once.
    gate.wait();
    gate.wait();
    assert_eq!(receiver.recv_timeout(PATIENCE).unwrap().text, note(6).text());
    assert!(asked.lock().unwrap()[1] >= offered + pace, "not before its time");
    let again = receiver.recv_timeout(A_MOMENT).unwrap_err();
    assert_eq!(again, RecvTimeoutError::Timeout, "an idle log waits a minute");
    assert_eq!(asked.lock().unwrap().len(), 2);
    set.stop();
}

/// Each by a clock of its own, they are asked about the same head once, at the start.
#[test]
fn two_cosigners_of_others_are_asked_about_the_same_heads() {
    let pace = Duration::from_millis(300);
    let mut late = fake("late", Pace::Every(pace));
    late.delay = Duration::from_millis(50);
    let (set, receiver) = start(vec![fake("quick", Pace::Every(pace)), late]);
    for size in 1..=150 {
        set.offer(&note(size));
        std::thread::sleep(Duration::from_millis(20));
    }
    set.stop();
    let (quick, late): (Vec<_>, Vec<_>) =
        receiver.try_iter().partition(|delivery| delivery.name == "quick");
    let both = quick.iter().filter(|one| late.iter().any(|other| other.text == one.text)).count();
    assert!(quick.len() >= 4, "{} rounds in three seconds", quick.len());
    assert!(both * 2 >= quick.len().max(late.len()), "{both} of {}", quick.len());
}

#[test]
fn an_own_cosigner_is_asked_for_each_head_and_pauses_after_failures() {
    let (set, receiver) = start(vec![fake("own", Pace::EveryCheckpoint)]);
    for size in 1..=3 {
        set.offer(&note(size));
        assert_eq!(receiver.recv_timeout(PATIENCE).unwrap().text, note(size).text());
    }
    drop(set);
    let mut dead = fake("dead", Pace::EveryCheckpoint);
    dead.up = false;
    let asked = Arc::clone(&dead.asked);
    let (set, receiver) = start(vec![dead]);
    set.offer(&note(1));
    receiver.recv_timeout(PATIENCE).unwrap();
    set.offer(&note(2));
    assert_eq!(receiver.recv_timeout(PATIENCE).unwrap().text, note(2).text());
    let asked = asked.lock().unwrap().clone();
    assert!(
        asked[1] >= asked[0] + crate::cosigner::rounds::FIRST_PAUSE,
        "not at once after a failure"
    );
    set.stop();
}

#[test]
fn a_cosigner_that_saw_more_than_the_guard_knows_stops_the_start() {
    let guard = TreeHead { tree_size: 5, root_hash: NodeHash::empty() };
    let log = signer().key().clone();
    let logs = std::slice::from_ref(&log);
    let with = |newest: Option<SignedNote>, up: bool| -> Vec<Box<dyn Cosigner>> {
        let mut one = fake("one", Pace::EveryCheckpoint);
        one.newest = newest;
        one.up = up;
        vec![Box::new(one)]
    };
    for fine in [None, Some(note(4)), Some(note(5))] {
        assert_eq!(check_newest(&mut with(fine, true), logs, &guard).unwrap(), [""; 0]);
    }
    assert_eq!(check_newest(&mut with(None, false), logs, &guard).unwrap(), ["one"]);
    // Somebody else's claim, without the log's signature, stops nothing.
    let mut unsigned = SignedNote::new(note(6).text().to_owned());
    assert!(check_newest(&mut with(Some(unsigned.clone()), true), logs, &guard).is_ok());
    let mut line = note(6).signatures()[0].clone();
    line.signature[3] ^= 1;
    unsigned.put(line);
    assert!(check_newest(&mut with(Some(unsigned), true), logs, &guard).is_ok());
    let other =
        TreeHead { root_hash: NodeHash::of_children(&guard.root_hash, &guard.root_hash), ..guard };
    for (newest, guard) in [(note(6), guard), (note(5), other)] {
        let error = check_newest(&mut with(Some(newest), true), logs, &guard).unwrap_err();
        assert_eq!((error.code(), error.is_alarm()), ("guard-behind", true));
    }
}
