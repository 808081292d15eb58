//! What others have seen is asked before anything is signed, and a guard is adopted only if nobody has seen more.

use super::crash::{Step, checkpointed, copy, remove, step};
use super::*;
use crate::cosigner::fake::{Reply, serve};
use crate::ledger_folder::AdoptOptions;

/// A witness elsewhere that keeps the note of `seen`; with none it answers 500.
fn elsewhere(seen: Option<SignedNote>) -> String {
    serve(move |_, _| match &seen {
        Some(note) => Reply::new(200, note.to_string()),
        None => Reply::new(500, ""),
    })
}

/// Names the witness in the file `cosigners`.
fn configure(path: &Path, url: &str) {
    let key = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(40));
    let material = inkan_ledger::note::KeyMaterial::Cosignature(key.public_key());
    let key = inkan_ledger::VerifierKey::new("far.example", material).unwrap();
    fs::write(path.join("cosigners"), format!("witness far {key} {url} {url}\n")).unwrap();
}

fn newest(path: &Path) -> SignedNote {
    recover::read_note(&path.join("checkpoint")).unwrap().unwrap()
}

/// All that shows what was signed.
fn signed(path: &Path) -> (Vec<u8>, TreeHead) {
    let guard = Guard::open(&path.join("guard/checkpoint.db"), ORIGIN).unwrap();
    (fs::read(path.join("checkpoint")).unwrap(), guard.head())
}

/// A folder with the same history up to a point, and the note of one that went on.
fn restored() -> (Step, SignedNote) {
    let step = step(checkpointed);
    let note = newest(&step.after);
    (step, note)
}

/// Without R8 before R6 and before the checkpoint of an event, a restored machine signs a second head of that size.
#[test]
fn nothing_is_signed_while_a_cosigner_of_the_folder_has_seen_more() {
    let (step, note) = restored();
    let path = &step.before;
    configure(path, &elsewhere(Some(note)));
    let before = signed(path);
    assert_eq!(LedgerFolder::open(path, at(500)).unwrap_err().code(), "guard-behind");
    fs::write(path.join("clock-unsure"), b"99").unwrap();
    let options = OpenOptions { accept_clock: true, ..OpenOptions::default() };
    let error = LedgerFolder::open_with(path, &options, at(500)).unwrap_err();
    assert_eq!(error.code(), "guard-behind");
    assert_eq!(signed(path), before);
    fs::remove_file(path.join("clock-unsure")).unwrap();

    // An epoch leaf in the journal that no checkpoint covers yet.
    let folder = tempfile::tempdir().unwrap();
    let torn = folder.path().join("torn");
    let (from, into) = (step.after.clone(), torn.clone());
    let steps = Steps::new(Arc::new(move |at: crate::ledger_folder::Step| {
        if at == crate::ledger_folder::Step::Sealed && !into.exists() {
            copy(&from, &into);
        }
    }));
    let options = OpenOptions { steps, ..OpenOptions::default() };
    let mut ledger = LedgerFolder::open_with(&step.after, &options, at(600)).unwrap();
    enter(&mut ledger, &Person::new(5), &Person::new(5).issuance(b"c"), at(600));
    ledger.checkpoint(at(601)).unwrap();
    drop(ledger);
    configure(&torn, &elsewhere(Some(newest(&step.after))));
    let before = signed(&torn);
    assert_eq!(LedgerFolder::open(&torn, at(700)).unwrap_err().code(), "guard-behind");
    assert_eq!(signed(&torn), before);
    configure(&torn, &elsewhere(Some(newest(&step.before))));
    let ledger = LedgerFolder::open(&torn, at(700)).unwrap();
    assert_eq!(ledger.silent(), [""; 0]);
    assert_eq!(ledger.reader().status().unwrap().size, 13, "it has seen nothing newer");
}

#[test]
fn a_silent_cosigner_is_named_and_after_an_adoption_its_answer_is_waited_for() {
    let (step, _) = restored();
    let path = &step.after;
    configure(path, &elsewhere(None));
    let ledger = LedgerFolder::open(path, at(500)).unwrap();
    assert_eq!(ledger.silent(), ["far"]);
    drop(ledger);

    remove(path, "guard/checkpoint.db");
    let adopt = |options: &AdoptOptions| LedgerFolder::adopt_guard(path, options);
    let error = adopt(&AdoptOptions::default()).unwrap_err();
    assert_eq!(error.code(), "cosigners-silent");
    assert_eq!(LedgerFolder::open(path, at(501)).unwrap_err().code(), "guard-missing");
    // Adopted while it answered; it falls silent before the first checkpoint.
    configure(path, &elsewhere(Some(newest(path))));
    assert_eq!(adopt(&AdoptOptions::default()).unwrap().silent, [""; 0]);
    configure(path, &elsewhere(None));
    assert_eq!(LedgerFolder::open(path, at(502)).unwrap_err().code(), "cosigners-silent");
    let accepting = AdoptOptions { accept_silence: true, ..AdoptOptions::default() };
    assert_eq!(adopt(&accepting).unwrap().silent, ["far"]);
    assert_eq!(LedgerFolder::open(path, at(503)).unwrap().reader().status().unwrap().size, 12);
    // The adoption is in the log, and over.
    assert!(LedgerFolder::open(path, at(504)).is_ok());
    assert!(!path.join("guard/unheard").exists());
    // What the log did not sign is no answer.
    configure(path, &elsewhere(Some(SignedNote::new("ledger.example\n1\nAAAA\n".to_owned()))));
    assert_eq!(LedgerFolder::open(path, at(505)).unwrap().silent(), ["far"]);
}

#[test]
fn a_guard_is_adopted_only_if_it_is_lost_and_nobody_has_seen_more() {
    let (step, note) = restored();
    let (path, old) = (&step.after, &step.before);
    let code = |path: &Path, options: &AdoptOptions| {
        LedgerFolder::adopt_guard(path, options).map_err(|error| error.code())
    };
    let trial = AdoptOptions { dry_run: true, ..AdoptOptions::default() };
    let plain = AdoptOptions::default();
    for options in [&trial, &plain] {
        assert_eq!(code(path, options).unwrap_err(), "guard-in-order", "nothing was lost");
    }
    // A guard that knows more than the folder published is never put back.
    remove(old, "guard/checkpoint.db");
    fs::copy(path.join("guard/checkpoint.db"), old.join("guard/checkpoint.db")).unwrap();
    assert_eq!(code(old, &plain).unwrap_err(), "guard-in-order");

    remove(old, "guard/checkpoint.db");
    let told = AdoptOptions { seen: vec![note.clone()], dry_run: true, ..AdoptOptions::default() };
    assert_eq!(code(old, &told).unwrap_err(), "guard-behind", "somebody brings a newer head");
    configure(old, &elsewhere(Some(note)));
    assert_eq!(code(old, &trial).unwrap_err(), "guard-behind", "a cosigner has one");
    fs::remove_file(old.join("cosigners")).unwrap();
    assert!(code(old, &trial).is_ok());
    assert!(!old.join("guard/checkpoint.db").exists(), "a trial changes nothing");

    // The newest folder with an older memory of a witness: it would cosign another history.
    remove(path, "guard/checkpoint.db");
    let seen = path.join("witness/w1/seen");
    let newer = fs::read(&seen).unwrap();
    fs::copy(old.join("witness/w1/seen"), &seen).unwrap();
    assert_eq!(code(path, &plain).unwrap_err(), "witness-memory-behind");
    fs::remove_file(&seen).unwrap();
    assert_eq!(code(path, &plain).unwrap().head.tree_size, 11);
    assert_eq!(Seen::read(&seen, ORIGIN).unwrap().head().tree_size, 11);
    assert!(LedgerFolder::open(path, at(500)).is_ok());
    assert_ne!(fs::read(&seen).unwrap(), newer, "and it goes on");
    // A record that is no database is replaced.
    fs::write(old.join("guard/checkpoint.db"), [7; 5_000]).unwrap();
    assert!(code(old, &plain).is_ok());
    assert!(LedgerFolder::open(old, at(500)).is_ok());
}

/// Without the lock beside the guard both copies acknowledge entries, and one of them loses its own.
#[cfg(unix)]
#[test]
fn two_copies_that_share_a_guard_do_not_write_at_once() {
    let (step, _) = restored();
    let folder = tempfile::tempdir().unwrap();
    let (volume, twin) = (folder.path().join("volume"), folder.path().join("twin"));
    copy(&step.after, &twin);
    fs::rename(step.after.join("guard"), &volume).unwrap();
    fs::remove_dir_all(twin.join("guard")).unwrap();
    for path in [&step.after, &twin] {
        std::os::unix::fs::symlink(&volume, path.join("guard")).unwrap();
    }
    let ledger = LedgerFolder::open(&step.after, at(500)).unwrap();
    let error = LedgerFolder::open(&twin, at(501)).unwrap_err();
    assert_eq!(error.code(), "ledger-locked");
    assert!(error.to_string().contains("volume"), "{error}");
    let adopted = LedgerFolder::adopt_guard(&twin, &AdoptOptions::default());
    assert_eq!(adopted.unwrap_err().code(), "ledger-locked");
    drop(ledger);
    assert!(LedgerFolder::open(&twin, at(502)).is_ok());
}

#[test]
fn what_is_damaged_is_called_by_its_name() {
    let step = step(checkpointed);
    let path = &step.after;
    let named = |name: &str, place: usize| {
        let file = path.join(name);
        let whole = fs::read(&file).unwrap();
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(&file, bytes).unwrap();
        let error = LedgerFolder::open(path, at(500)).unwrap_err();
        fs::write(&file, whole).unwrap();
        assert!(error.to_string().contains(name), "{name}: {error}");
        error.code()
    };
    assert_eq!(named("tile/0/000.p/11", 40), "tile-damaged");
    assert_eq!(named("tile/entries/000.p/11", 40), "tile-damaged");
    assert_eq!(named("checkpoint", 25), "ledger-file-malformed");
    assert!(LedgerFolder::open(path, at(500)).is_ok());
}

/// A copy from a mirror has the tiles of its own newest size, not those of the size that the guard remembers.
#[test]
fn wider_tiles_serve_for_those_of_an_older_size() {
    let (step, _) = restored();
    let path = &step.before;
    fs::remove_dir_all(path.join("tile")).unwrap();
    copy(&step.after.join("tile"), &path.join("tile"));
    for name in ["tile/0/000.p/9", "tile/entries/000.p/9"] {
        fs::remove_file(path.join(name)).unwrap();
        assert!(path.join(name.replace("/9", "/11")).exists());
    }
    let mut ledger = LedgerFolder::open(path, at(500)).unwrap();
    assert_eq!(ledger.reader().status().unwrap().size, 9);
    enter(&mut ledger, &Person::new(5), &Person::new(5).issuance(b"d"), at(500));
    assert_eq!(ledger.checkpoint(at(501)).unwrap(), 11);
}

#[test]
fn a_lost_database_is_called_lost_and_made_again_by_opening() {
    let step = step(checkpointed);
    let path = &step.after;
    remove(path, "state.db");
    assert_eq!(LedgerReader::open(path).unwrap_err().code(), "ledger-state-missing");
    assert_eq!(LedgerFolder::policy(path).unwrap().0, ORIGIN);
    assert_eq!(LedgerFolder::open(path, at(500)).unwrap().reader().status().unwrap().size, 11);
    assert_eq!(LedgerReader::open(path).unwrap().status().unwrap().size, 11);
}
