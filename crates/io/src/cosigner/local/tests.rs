use inkan_core::rng::insecure::SeededRng;
use inkan_ledger::MerkleTree;
use inkan_ledger::cosignature::verify_cosignature;
use inkan_ledger::note::KeyMaterial;
use inkan_ledger::tree::LeafHash;

use super::*;
use crate::note_key::Purpose;

const ORIGIN: &str = "log.example";

struct Stage {
    folder: tempfile::TempDir,
    log: NoteSigner,
    tree: MerkleTree,
}

impl Stage {
    fn new(leaves: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut rng = SeededRng::new(1);
        let path = folder.path().join("log");
        let log = NoteSigner::create(&path, ORIGIN, Purpose::Log, &mut rng).unwrap();
        let mut tree = MerkleTree::new();
        for leaf in leaves {
            tree.append(LeafHash::of(leaf.as_bytes()));
        }
        Self { folder, log, tree }
    }

    fn note(&self, size: u64) -> SignedNote {
        let head = TreeHead { tree_size: size, root_hash: self.tree.root(size).unwrap() };
        Checkpoint::new(ORIGIN, head).unwrap().sign(&self.log.key, &self.log.secret).unwrap()
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("seen")
    }

    fn witness(&self) -> Result<LocalWitness, CosignError> {
        let path = self.folder.path().join("key");
        let mut rng = SeededRng::new(2);
        let signer = NoteSigner::create(&path, "w.example", Purpose::Witness, &mut rng).unwrap();
        LocalWitness::open("w", signer, vec![self.log.key.clone()], &self.path())
    }

    fn ask(&self, witness: &mut LocalWitness, size: u64) -> Result<SignatureLine, CosignError> {
        let consistency = |from| self.tree.consistency(from, size).ok();
        let note = self.note(size);
        let request = CosignRequest { note: &note, consistency: &consistency };
        witness.cosign(&request, at(100)).map(|lines| lines.into_iter().next().unwrap())
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_768_464_000 + seconds).unwrap()
}

#[test]
fn growth_is_cosigned_and_what_was_seen_is_on_the_disk() {
    let stage = Stage::new(&["a", "b", "c", "d", "e"]);
    Seen::create(&stage.path(), ORIGIN).unwrap();
    let mut witness = stage.witness().unwrap();
    assert_eq!(witness.newest().unwrap(), None);
    for size in [1, 3, 3, 5] {
        let line = stage.ask(&mut witness, size).unwrap();
        let KeyMaterial::Cosignature(key) = witness.key().material() else { panic!("a witness") };
        let note = stage.note(size);
        assert_eq!(verify_cosignature(note.text(), &line.signature, key), Ok(at(100)));
        let seen = Seen::read(&stage.path(), ORIGIN).unwrap();
        assert_eq!(seen.head().tree_size, size);
        let kept = seen.note().unwrap();
        assert_eq!(kept.text(), note.text());
        assert_eq!(kept.signatures(), [note.signatures()[0].clone(), line]);
    }
    assert_eq!(stage.witness().unwrap().newest().unwrap().unwrap().text(), stage.note(5).text());
}

#[test]
fn shrinking_and_forked_logs_are_refused() {
    let stage = Stage::new(&["a", "b", "c", "d", "e"]);
    Seen::create(&stage.path(), ORIGIN).unwrap();
    let mut witness = stage.witness().unwrap();
    stage.ask(&mut witness, 4).unwrap();
    let error = stage.ask(&mut witness, 3).unwrap_err();
    assert_eq!((error.code(), error.is_alarm()), ("witness-behind", false));
    let mut fork = Stage::new(&["a", "b", "c", "X", "e"]);
    fork.folder = tempfile::tempdir().unwrap();
    for size in [4, 5] {
        let error = fork.ask(&mut witness, size).unwrap_err();
        assert_eq!((error.code(), error.is_alarm()), ("split-view", true), "{size}");
    }
    assert_eq!(witness.seen().unwrap().head().tree_size, 4);
    // The right branch is still welcome.
    stage.ask(&mut witness, 5).unwrap();
}

#[test]
fn a_wrong_old_size_names_the_right_one() {
    let stage = Stage::new(&["a", "b", "c"]);
    Seen::create(&stage.path(), ORIGIN).unwrap();
    let mut witness = stage.witness().unwrap();
    stage.ask(&mut witness, 2).unwrap();
    for old in [0, 1, 3] {
        let error = witness.add_checkpoint(old, &[], &stage.note(3), at(1)).unwrap_err();
        assert!(
            matches!(error, CosignError::Refused(WitnessError::OldSize { seen: 2 })),
            "{old}: {error}"
        );
    }
}

#[test]
fn only_the_log_s_own_signature_opens_the_door() {
    let stage = Stage::new(&["a"]);
    Seen::create(&stage.path(), ORIGIN).unwrap();
    let mut witness = stage.witness().unwrap();
    let good = stage.note(1);
    let mut damaged = good.signatures()[0].clone();
    damaged.signature[7] ^= 1;
    let mut stranger = good.signatures()[0].clone();
    stranger.key_id[0] ^= 1;
    for lines in [vec![], vec![damaged.clone()], vec![stranger]] {
        let mut note = SignedNote::new(good.text().to_owned());
        lines.into_iter().for_each(|line| note.put(line));
        let error = witness.add_checkpoint(0, &[], &note, at(1)).unwrap_err();
        assert_eq!(error.code(), "witness-unknown-log");
    }
    // A good line beside a bad one of the same key is no good note.
    let text = format!("{good}{damaged}\n");
    let note = SignedNote::parse(&text).unwrap();
    assert_eq!(note.signatures().len(), 2);
    assert!(witness.add_checkpoint(0, &[], &note, at(1)).is_err());
    assert_eq!(witness.seen().unwrap().head().tree_size, 0);
}

#[test]
fn a_missing_or_foreign_record_is_no_new_beginning() {
    let stage = Stage::new(&["a"]);
    assert_eq!(stage.witness().unwrap_err().code(), "guard-missing");
    Seen::create(&stage.path(), "other.example").unwrap();
    assert_eq!(stage.witness().unwrap_err().code(), "ledger-file-malformed");
    assert_eq!(Seen::create(&stage.path(), ORIGIN).unwrap_err().code(), "ledger-file-malformed");
    std::fs::write(stage.path(), "log.example\n").unwrap();
    assert_eq!(stage.witness().unwrap_err().code(), "ledger-file-malformed");
}

#[test]
fn nothing_leaves_when_the_record_cannot_be_written() {
    let stage = Stage::new(&["a", "b"]);
    Seen::create(&stage.path(), ORIGIN).unwrap();
    let mut witness = stage.witness().unwrap();
    stage.ask(&mut witness, 1).unwrap();
    // A folder in the place of the record fails every write.
    std::fs::rename(stage.path(), stage.folder.path().join("aside")).unwrap();
    std::fs::create_dir(stage.path()).unwrap();
    assert!(stage.ask(&mut witness, 2).is_err());
    std::fs::remove_dir(stage.path()).unwrap();
    assert_eq!(stage.ask(&mut witness, 2).unwrap_err().code(), "guard-missing");
    std::fs::rename(stage.folder.path().join("aside"), stage.path()).unwrap();
    stage.ask(&mut witness, 2).unwrap();
}
