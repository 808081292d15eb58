//! Files that are sound by themselves and not those of this log, or not of this moment: each test fails without the one
//! comparison that notices.

use inkan_core::Digest;
use inkan_ledger::{Checkpoint, Epoch, Leaf, NodeHash};

use super::super::journal::{self, Journal};
use super::crash::{checkpointed, copy, remove, step};
use super::*;
use crate::ledger_folder::Step as At;

fn opened(path: &Path) -> Result<u64, &'static str> {
    let ledger = LedgerFolder::open(path, at(500)).map_err(|error| error.code())?;
    Ok(ledger.reader().status().unwrap().size)
}

/// Two copies of one log that went on with different entries, up to the same size.
fn branches(folder: &Path) -> [std::path::PathBuf; 2] {
    let paths = [folder.join("one"), folder.join("two")];
    let (ledger, person) = filled(&paths[0]);
    drop(ledger);
    copy(&paths[0], &paths[1]);
    for (path, artefact) in paths.iter().zip([b"b", b"c"]) {
        let mut ledger = LedgerFolder::open(path, at(400)).unwrap();
        enter(&mut ledger, &person, &person.issuance(artefact), at(400));
        assert_eq!(ledger.checkpoint(at(401)).unwrap(), 11);
    }
    paths
}

/// R2: what is published is of the same size as the guard and another tree; both are signed by this log's own key.
#[test]
fn a_note_of_the_other_branch_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = branches(folder.path());
    fs::copy(two.join("checkpoint"), one.join("checkpoint")).unwrap();
    assert_eq!(opened(&one), Err("guard-behind"));
}

/// R4: a state of the other branch is as good as none: it is made again from the tiles.
#[test]
fn a_state_of_the_other_branch_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = branches(folder.path());
    drop(LedgerFolder::open(&two, at(402)).unwrap());
    remove(&one, "state.db");
    for name in ["state.db", "state.db-wal"] {
        if two.join(name).exists() {
            fs::copy(two.join(name), one.join(name)).unwrap();
        }
    }
    assert_eq!(opened(&one), Ok(11));
    let reader = LedgerReader::open(&one).unwrap();
    let person = Person::new(5);
    let of = |artefact: &[u8]| {
        let Claims::Issuance { commitment } = person.issuance(artefact) else { panic!("one") };
        reader
            .view_at(None)
            .unwrap()
            .unwrap()
            .lookup(&EntryId::issuance(person.scid(), &commitment))
            .unwrap()
    };
    assert_eq!((of(b"b"), of(b"c")), (Some(9), None));
}

/// R4: entries of a full bundle, which no comparison of the right edge reads, are those that the root was signed over.
#[test]
fn an_altered_entry_of_a_full_bundle_is_noticed_when_the_state_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let (mut ledger, person) = filled(&path);
    for n in ledger.reader().status().unwrap().size..300 {
        let claims = person.issuance(&n.to_be_bytes());
        enter(&mut ledger, &person, &claims, at(400));
    }
    assert_eq!(ledger.checkpoint(at(401)).unwrap(), 301);
    drop(ledger);
    remove(&path, "state.db");
    let bundle = path.join("tile/entries/000");
    let mut bytes = fs::read(&bundle).unwrap();
    let end = bytes.len() - 40;
    // In the middle of the last entry's signature, which is not checked again.
    bytes[end] = if bytes[end] == b'A' { b'B' } else { b'A' };
    fs::write(&bundle, bytes).unwrap();
    assert_eq!(opened(&path), Err("journal-damaged"));
}

/// R4: a run of ids with another number of rows than the state knows of: ids would be missing, or be of another log.
#[test]
fn a_run_of_ids_that_is_not_the_one_that_the_state_names_is_made_again() {
    let step = step(checkpointed);
    let path = &step.after;
    let rows = [([1; 32], 1), ([2; 32], 2)];
    let layer = SystemFiles;
    let rows = rows.into_iter().map(Ok);
    ids::Run::write(&layer, &path.join("ids"), 7, 2, rows).unwrap();
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let db = database::open(&path.join("state.db"), flags).unwrap();
    db.execute("INSERT INTO runs VALUES(7, 3)", []).unwrap();
    drop(db);
    assert_eq!(opened(path), Ok(11));
    assert!(!path.join("ids").join("7.run").exists(), "the state was made again, without it");
}

/// R5: leaves between what was signed and the first of the journal were acknowledged once, and are gone.
#[test]
fn a_journal_that_begins_too_late_is_damaged() {
    let step = step(checkpointed);
    let path = &step.after;
    let person = Person::new(5);
    for name in files::list(&path.join("journal"), "").unwrap() {
        fs::remove_file(path.join("journal").join(name)).unwrap();
    }
    let claims = person.issuance(b"late");
    let body = person.sign(&claims, at(402)).into_bytes();
    let leaf = Leaf::new(Kind::Issuance, at(402), body).unwrap().to_bytes();
    let layer = Arc::new(SystemFiles);
    let contents = journal::Contents::default();
    let mut late = Journal::open(layer, &path.join("journal"), &contents, 12).unwrap();
    late.append(12, &[Arc::from(leaf)]).unwrap();
    drop(late);
    assert_eq!(opened(path), Err("journal-damaged"));
}

/// R6: an epoch leaf that is durable and whose checkpoint is not made says what the map says, or it is not gone on with.
#[test]
fn a_journalled_epoch_leaf_with_another_map_is_not_signed() {
    let folder = tempfile::tempdir().unwrap();
    let (live, cut) = (folder.path().join("live"), folder.path().join("cut"));
    drop(filled(&live));
    let (from, into) = (live.clone(), cut.clone());
    let steps = Steps::new(Arc::new(move |step| {
        if step == At::Sealed {
            copy(&from, &into);
        }
    }));
    let options = OpenOptions { steps, ..OpenOptions::default() };
    let mut ledger = LedgerFolder::open_with(&live, &options, at(390)).unwrap();
    checkpointed(&mut ledger, &Person::new(5));
    drop(ledger);
    let mut leaves = journal::read(&cut.join("journal")).unwrap().leaves;
    let leaf = Leaf::parse(leaves.last().unwrap()).unwrap();
    let epoch = Epoch::parse(leaf.body()).unwrap();
    let map = NodeHash::from_digest(Digest::from_bytes([7; 32]));
    for (other, expected) in [
        (epoch, Ok(11)),
        (Epoch { map, ..epoch }, Err("journal-damaged")),
        (Epoch { keys: epoch.keys + 1, ..epoch }, Err("journal-damaged")),
    ] {
        let path = folder.path().join("copy");
        let _ = fs::remove_dir_all(&path);
        copy(&cut, &path);
        *leaves.last_mut().unwrap() =
            Leaf::new(Kind::Epoch, leaf.time(), other.to_bytes()).unwrap().to_bytes();
        fs::remove_file(path.join("journal/9.jnl")).unwrap();
        let layer = Arc::new(SystemFiles);
        let contents = journal::Contents::default();
        let mut altered = Journal::open(layer, &path.join("journal"), &contents, 9).unwrap();
        let shared: Vec<Arc<[u8]>> = leaves.iter().map(|leaf| Arc::from(leaf.as_slice())).collect();
        altered.append(9, &shared).unwrap();
        drop(altered);
        let before = fs::read(path.join("checkpoint")).unwrap();
        assert_eq!(opened(&path), expected);
        let after = fs::read(path.join("checkpoint")).unwrap();
        assert_eq!(expected.is_err(), before == after, "nothing was signed");
        let published = Checkpoint::parse_text(
            recover::read_note(&path.join("checkpoint")).unwrap().unwrap().text(),
        );
        assert!(published.is_ok());
    }
}

/// What is adopted must be there: else the log would sign on over leaves that nobody has.
#[test]
fn a_guard_is_not_adopted_over_tiles_that_are_not_what_was_signed() {
    let step = step(checkpointed);
    let path = &step.after;
    remove(path, "guard/checkpoint.db");
    let tile = path.join("tile/0/000.p/11");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[70] ^= 1;
    fs::write(&tile, bytes).unwrap();
    let refused = LedgerFolder::adopt_guard(path, &AdoptOptions::default());
    assert_eq!(refused.unwrap_err().code(), "tile-damaged");
    assert!(!path.join("guard/adopted").exists(), "nothing was adopted");
}

/// C11: lines that come late, for a size that has been passed, are stored; what is published stays the newest.
#[test]
fn a_late_quorum_for_an_older_size_does_not_hide_the_newest_note() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let (mut ledger, person) = filled(&path);
    let old = recover::read_note(&path.join("checkpoint")).unwrap().unwrap();
    enter(&mut ledger, &person, &person.issuance(b"b"), at(400));
    ledger.checkpoint(at(401)).unwrap();
    let newest = fs::read(path.join("checkpoint")).unwrap();
    let late = crate::cosigner::Cosigned { size: 9, note: old, first: true };
    ledger.sealer.cosigned(&late).unwrap();
    assert_eq!(fs::read(path.join("checkpoint")).unwrap(), newest);
}

/// Entries that are handed in together: if one is refused, none of them is there, also not those before it.
#[test]
fn entries_of_one_command_are_recorded_all_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let (mut ledger, person) = filled(&path);
    let good = person.sign(&person.issuance(b"b"), at(400));
    let gap = person.sign(&person.act(9), at(400));
    let entries = [(Kind::Issuance, good.as_bytes()), (Kind::Countersignature, gap.as_bytes())];
    let refused = ledger.submit_all(&entries, at(400)).unwrap_err();
    assert_eq!(refused.code(), "sequence-conflict");
    assert_eq!(ledger.reader().status().unwrap().leaves, 9);
    let accepted = ledger.submit_all(&entries[..1], at(400)).unwrap();
    assert_eq!((accepted[0].leaf_index, accepted[0].standing), (9, Standing::New));
}

/// C1: an epoch leaf is the last of its checkpoint; if that cannot be finished for want of room, nothing comes after it.
#[test]
fn nothing_follows_an_epoch_leaf_whose_checkpoint_waits_for_room() {
    use crate::files::faults::{Fault, FaultyFiles};
    let mut waited = 0;
    for writes in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let (ledger, person) = filled(&path);
        drop(ledger);
        let layer = FaultyFiles::new(&path, writes).unwrap();
        let options = OpenOptions { layer: Arc::new(layer.clone()), ..OpenOptions::default() };
        let mut ledger = LedgerFolder::open_with(&path, &options, at(390)).unwrap();
        enter(&mut ledger, &person, &person.issuance(b"b"), at(400));
        layer.fail_after(writes, Fault::Full);
        if let Err(error) = ledger.checkpoint(at(401)) {
            assert!(error.is_full(), "{error}");
            waited += u32::from(ledger.reader().status().unwrap().leaves == 11);
        }
        layer.heal();
        let index = enter(&mut ledger, &person, &person.issuance(b"c"), at(402));
        let sealed = ledger.reader().status().unwrap().size;
        ledger.checkpoint(at(403)).unwrap();
        let view = ledger.reader().view_at(None).unwrap().unwrap();
        if view.entry(index - 1).unwrap().kind() == Kind::Epoch {
            assert_eq!(sealed, index, "write {writes}: it was sealed before the next entry");
        }
    }
    assert!(waited > 0, "the disk was full after an epoch leaf at least once");
}
