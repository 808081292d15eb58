use std::collections::BTreeSet;

use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::DidUrl;
use inkan_did::webvh::{self, Create};
use inkan_ledger::epoch::Parameters;
use inkan_ledger::leaf::Leaf;
use inkan_ledger::parameters::{Announcement, OperatorEvent, ParametersDocument};
use inkan_ledger::rules::RuleVersion;
use inkan_ledger::tree::tiles::encode_bundle;
use inkan_ledger::{Checkpoint, Claims, Log, NodeHash, SignedEntry, commitment};

use super::restore::{Touch, restore};
use super::*;

const ORIGIN: &str = "log.example";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_768_464_000 + seconds).unwrap()
}

fn key(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed))
}

/// An operator who publishes whatever leaves it likes.
struct Operator {
    folder: tempfile::TempDir,
    signer: NoteSigner,
}

impl Operator {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let signer =
            NoteSigner::create(&path, ORIGIN, Purpose::Log, &mut SeededRng::new(1)).unwrap();
        let operator = Self { folder, signer };
        operator.put_document(&Parameters::default().genesis_document().unwrap().0);
        operator
    }

    fn put_document(&self, document: &[u8]) -> Digest {
        let digest = sha256(&[document]);
        write(&self.folder.path().join("params").join(digest.to_hex()), document).unwrap();
        digest
    }

    fn publish(&self, leaves: &[Vec<u8>]) {
        let mut tree = MerkleTree::new();
        leaves.iter().for_each(|leaf| {
            tree.append(LeafHash::of(leaf));
        });
        let head = TreeHead { tree_size: tree.size(), root_hash: tree.root(tree.size()).unwrap() };
        for tile in bundles_of_growth(0, head.tree_size) {
            let from = usize::try_from(tile.start()).unwrap();
            let entries = &leaves[from..from + usize::from(tile.width())];
            let bytes = encode_bundle(entries.iter().map(Vec::as_slice)).unwrap();
            write(&self.folder.path().join(tile.entries_path()), &bytes).unwrap();
        }
        let note = self.sign(head);
        write(&self.folder.path().join("checkpoint"), note.to_string().as_bytes()).unwrap();
    }

    fn sign(&self, head: TreeHead) -> SignedNote {
        let (key, secret) = (&self.signer.key, &self.signer.secret);
        Checkpoint::new(ORIGIN, head).unwrap().sign(key, secret).unwrap()
    }

    fn source(&self) -> MirrorSource {
        MirrorSource::folder(self.folder.path())
    }

    fn mirror(&self, folder: &Path) -> Mirror {
        let logs = vec![self.signer.key.clone()];
        Mirror::open(folder, "mirror.example", logs, &mut SeededRng::new(2)).unwrap()
    }

    /// What a fresh mirror says to these leaves.
    fn judged(&self, leaves: &[Vec<u8>]) -> Result<Mirrored, MirrorError> {
        self.publish(leaves);
        let folder = tempfile::tempdir().unwrap();
        let mut mirror = self.mirror(folder.path());
        let judged = mirror.follow(&mut self.source(), at(1_000_000));
        assert_eq!(mirror.newest().unwrap().is_some(), judged.is_ok());
        judged
    }
}

fn salt(number: u16) -> [u8; 16] {
    let mut salt = [0; 16];
    salt[..2].copy_from_slice(&number.to_be_bytes());
    salt
}

/// Somebody: SCID, first line, key name. The document's key is that of seed 5.
fn person() -> (String, String, DidUrl) {
    let request = Create {
        domain: "people.example".to_owned(),
        path: None,
        key_id: "key-1".to_owned(),
        key: key(5).public_key(),
        others: Vec::new(),
        next_key_hashes: vec![],
        services: vec![],
        home: Some(ORIGIN.to_owned()),
    };
    let (did, line) = webvh::create(&request, &key(6), &key(7).public_key(), at(0)).unwrap();
    let kid = DidUrl::parse(&format!("{did}#key-1")).unwrap();
    (did.scid().unwrap().to_owned(), line, kid)
}

/// A log with a DID, `issuances` issuances and an act; epochs in between.
fn honest(issuances: u8) -> Vec<Vec<u8>> {
    honest_and_more(issuances.into())
}

fn honest_and_more(issuances: u16) -> Vec<Vec<u8>> {
    let parameters = Parameters::default();
    let (_, digest) = parameters.genesis_document().unwrap();
    let mut log = Log::new(ORIGIN, &parameters, digest).unwrap();
    let seal = |log: &mut Log, now| {
        let epoch = log.prepare_epoch(now).unwrap().unwrap();
        log.commit(epoch).unwrap();
    };
    seal(&mut log, at(0));
    let (scid, line, kid) = person();
    log.submit(Kind::Did, line.as_bytes(), at(10)).unwrap();
    seal(&mut log, at(11));
    for number in 0..issuances {
        let commitment =
            commitment(Kind::Issuance, &scid, &salt(number), &sha256(&[&salt(number)]));
        let claims = Claims::Issuance { commitment };
        let body = SignedEntry::sign(&claims, &kid, ORIGIN, &key(5), at(20)).unwrap();
        log.submit(Kind::Issuance, body.as_bytes(), at(20)).unwrap();
    }
    seal(&mut log, at(30));
    (0..log.size()).map(|index| log.leaf(index).unwrap().to_bytes()).collect()
}

fn epoch_with(leaf: &[u8], change: impl FnOnce(&mut Epoch)) -> Vec<u8> {
    let leaf = Leaf::parse(leaf).unwrap();
    let mut epoch = Epoch::parse(leaf.body()).unwrap();
    change(&mut epoch);
    Leaf::new(Kind::Epoch, leaf.time(), epoch.to_bytes()).unwrap().to_bytes()
}

#[test]
fn an_honest_log_is_copied_and_cosigned_step_by_step() {
    let operator = Operator::new();
    let leaves = honest(250);
    let folder = tempfile::tempdir().unwrap();
    let mut mirror = operator.mirror(folder.path());
    for size in [1, 3, leaves.len()] {
        operator.publish(&leaves[..size]);
        let mirrored = mirror.follow(&mut operator.source(), at(100)).unwrap();
        assert_eq!(mirrored.head.tree_size, u64::try_from(size).unwrap());
        let again = mirror.follow(&mut operator.source(), at(200)).unwrap();
        assert_eq!((again.head, again.new_leaves), (mirrored.head, 0));
        assert_ne!(again.line, mirrored.line, "a newer time");
    }
    // What it keeps is a copy that another mirror can follow, and that it can go on from.
    drop(mirror);
    let mut mirror = operator.mirror(folder.path());
    assert_eq!(mirror.follow(&mut operator.source(), at(300)).unwrap().new_leaves, 0);
    let second = tempfile::tempdir().unwrap();
    let mut copy = MirrorSource::folder(folder.path());
    let mirrored = operator.mirror(second.path()).follow(&mut copy, at(300)).unwrap();
    assert_eq!(mirrored.new_leaves, u64::try_from(leaves.len()).unwrap());
    let kept = mirror.newest().unwrap().unwrap();
    assert_eq!(kept.signatures().len(), 2);
    assert_eq!(copy.checkpoint().unwrap(), kept);
}

#[test]
fn a_leaf_that_breaks_a_rule_is_named_and_nothing_is_cosigned() {
    let operator = Operator::new();
    let leaves = honest(3);
    operator.judged(&leaves).unwrap();
    // The same statement under another key: a thief's, logged by an operator who looks away.
    let issuance = 4;
    let leaf = Leaf::parse(&leaves[issuance]).unwrap();
    let entry = SignedEntry::parse(Kind::Issuance, leaf.body()).unwrap();
    let (_, _, kid) = person();
    let body = SignedEntry::sign(entry.claims(), &kid, ORIGIN, &key(9), at(20)).unwrap();
    let mut forged = leaves.clone();
    forged[issuance] =
        Leaf::new(Kind::Issuance, leaf.time(), body.into_bytes()).unwrap().to_bytes();
    let error = operator.judged(&forged).unwrap_err();
    assert_eq!((error.leaf(), error.is_fault_of_the_log()), (Some(4), true));
    let MirrorError::Rule(inkan_ledger::LogError::LeafRefused { source, .. }) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(source.code(), "entry-signature-invalid");
    // A leaf twice, and a leaf of an earlier time.
    let mut twice = leaves.clone();
    twice[5] = twice[4].clone();
    assert_eq!(operator.judged(&twice).unwrap_err().leaf(), Some(5));
    let mut early = leaves.clone();
    early[5] = Leaf::new(Kind::Issuance, at(1), Leaf::parse(&leaves[5]).unwrap().body().to_vec())
        .unwrap()
        .to_bytes();
    assert_eq!(operator.judged(&early).unwrap_err().leaf(), Some(5));
}

#[test]
fn a_wrong_map_root_is_named() {
    let operator = Operator::new();
    let leaves = honest(1);
    let last = leaves.len() - 1;
    for change in [
        |epoch: &mut Epoch| epoch.map = NodeHash::empty(),
        |epoch: &mut Epoch| epoch.keys += 1,
        |epoch: &mut Epoch| epoch.previous = Some(0),
        |epoch: &mut Epoch| epoch.size += 1,
    ] {
        let mut wrong = leaves.clone();
        wrong[last] = epoch_with(&leaves[last], change);
        let error = operator.judged(&wrong).unwrap_err();
        assert_eq!(error.leaf(), u64::try_from(last).ok(), "{error:?}");
        assert_eq!(error.code(), "leaves-inconsistent");
    }
    // A head in the middle of a batch states no map at all.
    assert_eq!(operator.judged(&leaves[..2]).unwrap_err().code(), "not-last-leaf");
}

#[test]
fn parameters_change_only_with_notice_and_only_as_their_event_says() {
    let operator = Operator::new();
    let leaves = honest(1);
    let last = leaves.len() - 1;
    let parameters = Parameters::default();
    let (_, genesis) = parameters.genesis_document().unwrap();
    let unchanged = ParametersDocument {
        previous: Some(genesis),
        event: OperatorEvent::ClockAccepted { step: 400 },
        rules: RuleVersion::One,
        values: parameters.clone(),
        next: None,
    };
    let fewer = Parameters { kinds: BTreeSet::from([Kind::Did]), ..parameters };
    let adopted = OperatorEvent::GuardAdopted { size: 1, root: NodeHash::empty() };
    let announcement = |seconds| Announcement {
        rules: RuleVersion::One,
        values: fewer.clone(),
        not_before: at(30 + seconds),
    };
    let announced = |seconds| ParametersDocument {
        event: OperatorEvent::Announced,
        next: Some(announcement(seconds)),
        ..unchanged.clone()
    };
    let judged = |document: &ParametersDocument| {
        let digest = operator.put_document(&document.to_bytes().unwrap());
        let mut changed = leaves.clone();
        changed[last] = epoch_with(&leaves[last], |epoch| epoch.params = digest);
        operator.judged(&changed)
    };
    for honest in [
        unchanged.clone(),
        ParametersDocument { event: adopted, ..unchanged.clone() },
        announced(parameters.notice),
    ] {
        judged(&honest).unwrap();
    }
    for (what, broken) in [
        (
            "unannounced",
            ParametersDocument {
                event: OperatorEvent::Applied,
                values: fewer.clone(),
                ..unchanged.clone()
            },
        ),
        ("behind an event", ParametersDocument { values: fewer.clone(), ..unchanged.clone() }),
        (
            "behind an event",
            ParametersDocument { event: adopted, values: fewer.clone(), ..unchanged.clone() },
        ),
        ("without notice", announced(parameters.notice - 1)),
        (
            "without the document before",
            ParametersDocument { previous: Some(sha256(&[b"another"])), ..unchanged.clone() },
        ),
    ] {
        let error = judged(&broken).unwrap_err();
        assert_eq!(error.leaf(), u64::try_from(last).ok(), "{what}: {error:?}");
        assert!(error.is_fault_of_the_log(), "{what}");
    }
    // Named in the log, and shown to nobody.
    let mut hidden = leaves.clone();
    hidden[last] = epoch_with(&leaves[last], |epoch| epoch.params = sha256(&[b"hidden"]));
    assert_eq!(operator.judged(&hidden).unwrap_err().code(), "log-file-missing");
}

#[test]
fn a_second_history_is_not_followed() {
    let operator = Operator::new();
    let (leaves, other) = (honest(3), honest(4));
    let folder = tempfile::tempdir().unwrap();
    let mut mirror = operator.mirror(folder.path());
    operator.publish(&leaves);
    mirror.follow(&mut operator.source(), at(100)).unwrap();
    // The operator went back to a copy, unlogged, and on with other leaves: not the log that was mirrored.
    operator.publish(&other);
    let error = mirror.follow(&mut operator.source(), at(200)).unwrap_err();
    assert!(error.is_fault_of_the_log(), "{error:?}");
    operator.publish(&leaves[..3]);
    assert_eq!(mirror.follow(&mut operator.source(), at(200)).unwrap_err().code(), "mirror-ahead");
    // A head over other leaves than those that are served.
    let folder = tempfile::tempdir().unwrap();
    let mut mirror = operator.mirror(folder.path());
    let size = u64::try_from(leaves.len()).unwrap();
    operator.publish(&leaves);
    let note = operator.sign(TreeHead { tree_size: size, root_hash: NodeHash::empty() });
    let error = mirror.follow_to(&note, &mut operator.source(), at(1)).unwrap_err();
    assert_eq!(error.code(), "mirror-root-mismatch");
    // After all that the honest head is still welcome.
    mirror.follow(&mut operator.source(), at(300)).unwrap();
}

#[test]
fn a_damaged_copy_is_noticed_and_tiles_are_restored_from_a_mirror() {
    let operator = Operator::new();
    let leaves = honest(250);
    operator.publish(&leaves);
    let folder = tempfile::tempdir().unwrap();
    operator.mirror(folder.path()).follow(&mut operator.source(), at(100)).unwrap();
    let head = signed_head(
        &operator.source().checkpoint().unwrap(),
        std::slice::from_ref(&operator.signer.key),
    )
    .unwrap();
    let damaged = tempfile::tempdir().unwrap();
    let mut mirror = MirrorSource::folder(folder.path());
    let told = restore((damaged.path(), Touch::Look), &head, &mut mirror, &mut |_| {}).unwrap();
    let restored =
        restore((damaged.path(), Touch::Write), &head, &mut mirror, &mut |_| {}).unwrap();
    assert_eq!(told.files, restored.files, "looked at, nothing was written");
    assert_eq!(restored.head, head);
    assert_eq!(restored.files.len(), 3, "a tile, a bundle, the parameters");
    assert_eq!(
        restore((damaged.path(), Touch::Write), &head, &mut mirror, &mut |_| {})
            .unwrap()
            .files
            .len(),
        0
    );
    for tile in tiles_of_growth(0, head.tree_size) {
        let path = tile.path();
        let read = |folder: &Path| std::fs::read(folder.join(&path)).unwrap();
        assert_eq!(read(damaged.path()), read(folder.path()));
    }
    let mut restored = MirrorSource::folder(damaged.path());
    let bundle = bundles_of_growth(0, head.tree_size).next().unwrap();
    assert_eq!(restored.bundle(&bundle).unwrap(), leaves[..usize::from(bundle.width())]);
    let other = TreeHead { root_hash: NodeHash::empty(), ..head };
    let error =
        restore((damaged.path(), Touch::Write), &other, &mut mirror, &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "mirror-root-mismatch");
    // A mirror whose own copy was altered stops, until it is repaired.
    let path = folder.path().join(bundle.entries_path());
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = operator.mirror(folder.path()).follow(&mut operator.source(), at(200)).unwrap_err();
    assert!(matches!(error, MirrorError::Damaged { .. } | MirrorError::Rule(_)), "{error:?}");
    let mended =
        restore((folder.path(), Touch::Write), &head, &mut operator.source(), &mut |_| {}).unwrap();
    assert_eq!(mended.files.len(), 1, "the bundle that was altered");
    operator.mirror(folder.path()).follow(&mut operator.source(), at(200)).unwrap();
}

#[test]
fn a_folder_gets_its_last_leaves_from_itself_where_the_mirror_does_not_go_so_far() {
    let operator = Operator::new();
    let leaves = honest(250);
    let folder = tempfile::tempdir().unwrap();
    let mut mirror = operator.mirror(folder.path());
    operator.publish(&leaves[..3]);
    mirror.follow(&mut operator.source(), at(100)).unwrap();
    operator.publish(&leaves);
    let note = operator.source().checkpoint().unwrap();
    let head = signed_head(&note, std::slice::from_ref(&operator.signer.key)).unwrap();
    let tile = tiles_of_growth(0, head.tree_size).last().unwrap();
    let path = operator.folder.path().join(tile.path());
    assert!(!path.exists(), "the operator writes no tiles");
    let mut copy = MirrorSource::folder(folder.path());
    let mut reached = 0;
    let restored = restore((operator.folder.path(), Touch::Write), &head, &mut copy, &mut |size| {
        reached = size
    })
    .unwrap();
    assert_eq!((restored.files.len(), reached), (1, head.tree_size));
    assert_eq!(std::fs::read(&path).unwrap().len(), leaves.len() * 32);
}

/// What an audit of these leaves finds; the operator has signed them all.
fn audited(operator: &Operator, leaves: &[Vec<u8>]) -> Result<(), MirrorError> {
    operator.publish(leaves);
    let note = operator.source().checkpoint().unwrap();
    let head = signed_head(&note, std::slice::from_ref(&operator.signer.key)).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut reached = 0;
    let folder = operator.folder.path();
    let found = audit(folder, ORIGIN, &head, scratch.path(), &mut |size| reached = size);
    assert_eq!(reached, head.tree_size, "all leaves are hashed, whatever one of them is");
    found
}

#[test]
fn an_audit_names_the_leaf_that_the_log_should_not_have_signed() {
    let operator = Operator::new();
    let leaves = honest(3);
    audited(&operator, &leaves).unwrap();
    let leaf = Leaf::parse(&leaves[4]).unwrap();
    let entry = SignedEntry::parse(Kind::Issuance, leaf.body()).unwrap();
    let (_, _, kid) = person();
    let body = SignedEntry::sign(entry.claims(), &kid, ORIGIN, &key(9), at(20)).unwrap();
    let mut forged = leaves.clone();
    forged[4] = Leaf::new(Kind::Issuance, leaf.time(), body.into_bytes()).unwrap().to_bytes();
    assert_eq!(audited(&operator, &forged).unwrap_err().leaf(), Some(4));
    let last = leaves.len() - 1;
    let mut wrong = leaves.clone();
    wrong[last] = epoch_with(&leaves[last], |epoch| epoch.map = NodeHash::empty());
    assert_eq!(audited(&operator, &wrong).unwrap_err().leaf(), u64::try_from(last).ok());
    assert_eq!(audited(&operator, &leaves[..2]).unwrap_err().code(), "not-last-leaf");
    // A leaf that the log never signed is damage, whatever it says.
    operator.publish(&leaves);
    let note = operator.source().checkpoint().unwrap();
    let head = signed_head(&note, std::slice::from_ref(&operator.signer.key)).unwrap();
    operator.publish(&forged);
    let scratch = tempfile::tempdir().unwrap();
    let error = audit(operator.folder.path(), ORIGIN, &head, scratch.path(), &mut |_| {});
    assert_eq!(error.unwrap_err().code(), "mirror-root-mismatch");
}

/// A first sync that forgets what it has judged at every hiccup never ends where hiccups come more often.
#[test]
fn what_was_judged_stays_judged_when_the_source_fails_in_the_middle() {
    let operator = Operator::new();
    let leaves = honest(250);
    let grown = honest_and_more(300);
    operator.publish(&leaves);
    let first = operator.source().checkpoint().unwrap();
    operator.publish(&grown);
    let note = operator.source().checkpoint().unwrap();
    let path = operator.folder.path().join("tile/entries/001.p");
    let gone = operator.folder.path().join("gone");
    std::fs::rename(&path, &gone).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut mirror = operator.mirror(folder.path());
    let judged = |mirror: &Mirror| mirror.copy.as_ref().map(|copy| copy.tree.size());
    let error = mirror.follow_to(&note, &mut operator.source(), at(400)).unwrap_err();
    assert_eq!((error.code(), judged(&mirror)), ("log-file-missing", Some(256)));
    assert!(mirror.newest().unwrap().is_none(), "nothing is cosigned");
    // Somebody asks for a head that lies behind.
    let error = mirror.follow_to(&first, &mut operator.source(), at(400)).unwrap_err();
    assert_eq!((error.code(), judged(&mirror)), ("mirror-ahead", Some(256)));
    // The first bundle is not even asked for again.
    std::fs::rename(&gone, &path).unwrap();
    let full = operator.folder.path().join("tile/entries/000");
    std::fs::rename(&full, &gone).unwrap();
    let mirrored = mirror.follow_to(&note, &mut operator.source(), at(400)).unwrap();
    assert_eq!(mirrored.head.tree_size, u64::try_from(grown.len()).unwrap());
    // And what it keeps is whole.
    drop(mirror);
    operator.mirror(folder.path()).follow_to(&note, &mut operator.source(), at(401)).unwrap();
    std::fs::rename(&gone, &full).unwrap();
}

/// Judged on the way to one head, the leaves are not those of the next: nothing of it counts.
#[test]
fn what_was_judged_ahead_counts_only_under_the_signed_root() {
    let operator = Operator::new();
    let (leaves, mut other) = (honest_and_more(300), honest_and_more(300));
    // Another log, which keeps all rules as well.
    other.swap(100, 101);
    operator.publish(&leaves);
    let note = operator.source().checkpoint().unwrap();
    operator.publish(&other);
    std::fs::remove_dir_all(operator.folder.path().join("tile/entries/001.p")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut mirror = operator.mirror(folder.path());
    let error = mirror.follow_to(&note, &mut operator.source(), at(400)).unwrap_err();
    assert_eq!((error.code(), mirror.copy.is_some()), ("log-file-missing", true));
    operator.publish(&leaves);
    let error = mirror.follow_to(&note, &mut operator.source(), at(400)).unwrap_err();
    assert_eq!((error.code(), mirror.copy.is_some()), ("mirror-root-mismatch", false));
    assert!(mirror.newest().unwrap().is_none(), "nothing is cosigned");
    mirror.follow_to(&note, &mut operator.source(), at(400)).unwrap();
}
