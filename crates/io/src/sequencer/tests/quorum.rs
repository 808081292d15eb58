//! Too few cosigners (§9 of the ledger specification): entries are durable, receipts wait, and it can be seen.

use std::path::PathBuf;

use inkan_ledger::LogPolicy;

use super::*;
use crate::cosigner::{LocalWitness, Seen as SeenHead};
use crate::note_key::{NoteSigner, Purpose};

/// A third witness, elsewhere, without which there is no quorum.
fn third(folder: &Path, elsewhere: &Path) -> Box<dyn Cosigner> {
    let log = NoteSigner::read(&folder.join("keys/log"), Purpose::Log).unwrap();
    let name = format!("{ORIGIN}/w3");
    let mut rng = SeededRng::new(9);
    let signer =
        NoteSigner::create(&elsewhere.join("key"), &name, Purpose::Witness, &mut rng).unwrap();
    let own = |name: &str| -> PathBuf { folder.join("witness").join(name).join("key") };
    let mut witnesses = vec![("w3".to_owned(), signer.key.clone())];
    for name in ["w1", "w2"] {
        let signer = NoteSigner::read(&own(name), Purpose::Witness).unwrap();
        witnesses.push((name.to_owned(), signer.key));
    }
    std::fs::write(folder.join("policy"), LogPolicy::text_of_all(&log.key, &witnesses)).unwrap();
    let seen = elsewhere.join("seen");
    SeenHead::create(&seen, ORIGIN).unwrap();
    Box::new(LocalWitness::open("w3", signer, vec![log.key], &seen).unwrap())
}

/// Without the quorum in `Gathering`, two witnesses of three would do; without the question at the start, what was left
/// without a quorum would stay so until the next entry.
#[test]
fn without_a_quorum_entries_are_durable_and_receipts_wait_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    drop(made(folder.path(), &OpenOptions::default()));
    let witness = third(folder.path(), elsewhere.path());
    let open = || LedgerFolder::open(folder.path(), at(1)).unwrap();
    let patience = Duration::from_secs(30);

    let (sequencer, handle) = Sequencer::start(open(), options(), Arc::<Hand>::default()).unwrap();
    let person = Person::new(14);
    let did = wait(&handle, Kind::Did, &person.line).unwrap();
    let signed = handle.wait_covered(did.leaf_index, Wait::Checkpoint, patience).unwrap();
    let late = handle.wait_covered(did.leaf_index, Wait::Cosigned, Duration::from_millis(50));
    assert_eq!(late.unwrap_err().code(), "not-yet-covered");
    let deadline = now() + patience;
    while handle.metrics().signed_size < signed && now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    let metrics = handle.metrics();
    assert_eq!((metrics.signed_size, metrics.cosigned_size), (signed, 1));
    assert!(metrics.signed_at.is_some() && metrics.cosigned_at.is_none(), "the age rises");
    let view = handle.reader().view_at(None).unwrap().unwrap();
    assert_eq!(view.receipt(did.leaf_index).unwrap_err().code(), "not-yet-covered");
    assert_eq!(handle.is_ready(), Readiness::Ready, "entries are taken all the same");
    sequencer.shutdown().unwrap();

    let (sequencer, handle) =
        Sequencer::start_with(open(), options(), Arc::<Hand>::default(), vec![witness]).unwrap();
    let again = wait(&handle, Kind::Did, &person.line).unwrap();
    assert_eq!((again.leaf_index, again.standing), (did.leaf_index, Standing::Duplicate));
    handle.wait_covered(did.leaf_index, Wait::Cosigned, patience).unwrap();
    let policy = handle.reader().policy().clone();
    let receipt = handle.reader().view_at(None).unwrap().unwrap().receipt(did.leaf_index).unwrap();
    assert_eq!(verify_receipt(&receipt, &policy, at(10)).unwrap().tree_size(), signed);
    sequencer.shutdown().unwrap();
}
