use std::sync::atomic::{AtomicI64, Ordering};

use inkan_core::rng::insecure::SeededRng;

use super::*;

/// A clock that tests move.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_768_464_000 + self.0.load(Ordering::Relaxed)).unwrap()
    }
}

fn started(folder: &std::path::Path) -> (Sequencer, SequencerHandle) {
    let clock = Arc::new(Hand(AtomicI64::new(0)));
    let ledger =
        LedgerFolder::create(folder, "ledger.example", &mut SeededRng::new(1), clock.now());
    let options = SequencerOptions {
        checkpoint_every: Duration::from_millis(10),
        ..SequencerOptions::default()
    };
    Sequencer::start(ledger.unwrap(), options, clock).unwrap()
}

#[test]
fn everything_is_answered_also_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (sequencer, handle) = started(folder.path());
    assert_eq!(handle.is_ready(), Readiness::Ready);
    let answer = handle.submit(Kind::Did, b"{}".to_vec()).wait();
    assert_eq!(answer.unwrap_err().code(), "malformed-entry");
    let answers = handle.submit_batch(vec![(Kind::Did, vec![]), (Kind::Epoch, vec![])]).wait();
    let codes: Vec<_> = answers.into_iter().map(|answer| answer.unwrap_err().code()).collect();
    assert_eq!(codes, ["malformed-entry", "unsupported-entry-type"]);
    assert_eq!(handle.wait_covered(0, Wait::Cosigned, Duration::from_secs(1)), Ok(1));
    let late = handle.wait_covered(1, Wait::Cosigned, Duration::from_millis(1));
    assert_eq!(late.unwrap_err().code(), "not-yet-covered");
    sequencer.shutdown().unwrap();
    assert_eq!(handle.is_ready(), Readiness::NotReady("not-ready"));
    assert_eq!(handle.submit(Kind::Did, vec![]).wait().unwrap_err().code(), "not-ready");
}
