use std::sync::{Arc, Mutex};

use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use inkan_ledger::MerkleTree;
use inkan_ledger::add_checkpoint::size_text;
use inkan_ledger::cosignature::cosign;
use inkan_ledger::tree::LeafHash;

use super::super::fake::{Reply, nobody_listens, serve};
use super::*;

const ORIGIN: &str = "log.example";

fn key(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed))
}

fn log() -> VerifierKey {
    VerifierKey::new(ORIGIN, KeyMaterial::Note(key(1).public_key())).unwrap()
}

fn witness_key() -> VerifierKey {
    VerifierKey::new("w.example", KeyMaterial::Cosignature(key(2).public_key())).unwrap()
}

fn tree(leaves: u64, last: &str) -> MerkleTree {
    let mut tree = MerkleTree::new();
    for leaf in 1..leaves {
        tree.append(LeafHash::of(leaf.to_string().as_bytes()));
    }
    tree.append(LeafHash::of(last.as_bytes()));
    tree
}

fn signed(tree: &MerkleTree, size: u64) -> SignedNote {
    let head = TreeHead { tree_size: size, root_hash: tree.root(size).unwrap() };
    Checkpoint::new(ORIGIN, head).unwrap().sign(&log(), &key(1)).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_768_464_000).unwrap()
}

fn line(note: &SignedNote, time: Timestamp) -> String {
    format!("{}\n", cosign(note.text(), &witness_key(), &key(2), time).unwrap())
}

fn witness(url: &str) -> HttpWitness {
    let address = WitnessAddress {
        name: "w".to_owned(),
        key: witness_key(),
        submission: format!("{url}/submit/"),
        monitoring: Some(format!("{url}/monitor")),
        pace: Pace::EveryCheckpoint,
        plain: PlainHttp::Loopback,
    };
    HttpWitness::new(address, vec![log()]).unwrap()
}

fn ask(
    witness: &mut HttpWitness,
    tree: &MerkleTree,
    size: u64,
) -> Result<Vec<SignatureLine>, CosignError> {
    let mut note = signed(tree, size);
    // Somebody else's line is none of this witness's business.
    note.put(SignatureLine {
        name: "x.example".to_owned(),
        key_id: [1; 4],
        signature: vec![1; 72],
    });
    let consistency = |old: u64| tree.consistency(old, size).ok();
    witness.cosign(&CosignRequest { note: &note, consistency: &consistency }, now())
}

/// Answers every request with the same.
fn fixed(status: u16, media_type: &'static str, body: impl Into<Vec<u8>>) -> HttpWitness {
    let body = body.into();
    witness(&serve(move |_, _| Reply { media_type, ..Reply::new(status, body.clone()) }))
}

#[test]
fn a_conflict_is_followed_once_and_the_size_is_remembered() {
    let tree = tree(9, "9");
    let requests = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&requests);
    let url = serve(move |first, body| {
        assert_eq!(first, "POST /submit/add-checkpoint HTTP/1.1");
        let request = AddCheckpoint::parse(body).unwrap();
        assert_eq!(request.note.signatures().len(), 1, "the log's line alone");
        let mut requests = kept.lock().unwrap();
        requests.push((request.old_size, request.consistency.len()));
        if requests.len() == 1 {
            return Reply { media_type: SIZE_MEDIA_TYPE, ..Reply::new(409, size_text(5)) };
        }
        Reply::new(200, line(&request.note, now()))
    });
    let mut witness = witness(&url);
    assert_eq!(witness.remembered(), 0);
    assert_eq!(ask(&mut witness, &tree, 7).unwrap()[0].name, "w.example");
    assert_eq!(witness.remembered(), 7);
    ask(&mut witness, &tree, 9).unwrap();
    ask(&mut witness, &tree, 9).unwrap();
    let lengths = |old, new| tree.consistency(old, new).unwrap().len();
    let expected = [(0, 0), (5, lengths(5, 7)), (7, lengths(7, 9)), (9, 0)];
    assert_eq!(*requests.lock().unwrap(), expected);
}

#[test]
fn a_witness_that_contradicts_itself_is_given_up() {
    let tree = tree(9, "9");
    for (media_type, body) in [
        ("text/plain", size_text(3)),
        (SIZE_MEDIA_TYPE, "3".to_owned()),
        (SIZE_MEDIA_TYPE, size_text(0)),
    ] {
        let error = ask(&mut fixed(409, media_type, body.clone()), &tree, 7).unwrap_err();
        assert!(matches!(error, CosignError::Answer { status: 409 }), "{body:?}: {error:?}");
    }
    // It says 3, and then 3 again.
    let error = ask(&mut fixed(409, SIZE_MEDIA_TYPE, size_text(3)), &tree, 7).unwrap_err();
    assert_eq!(error.code(), "witness-refused");
    for status in [400, 403, 404, 422, 429, 500, 503, 204, 302] {
        let error = ask(&mut fixed(status, "text/plain", ""), &tree, 7).unwrap_err();
        assert!(!error.is_alarm());
        assert!(matches!(error, CosignError::Answer { status: s } if s == status), "{error:?}");
    }
}

#[test]
fn only_a_line_that_verifies_now_is_kept() {
    let tree = tree(9, "9");
    let note = signed(&tree, 7);
    let good = line(&note, now());
    let over_another = line(&signed(&tree, 6), now());
    let future = line(&note, now().plus_seconds(301));
    let stranger = format!("{}\n", note.signatures()[0]);
    for bad in ["", "no line\n", &over_another, &future, &stranger, good.trim_end()] {
        let error = ask(&mut fixed(200, "text/plain", bad), &tree, 7).unwrap_err();
        assert_eq!(error.code(), "cosignature-dropped", "{bad:?}");
    }
    // The same key twice: the first counts, and it must be good.
    for (body, kept) in [
        (format!("{stranger}{good}"), true),
        (format!("{good}{over_another}"), true),
        (format!("{good}{good}"), true),
        (format!("{over_another}{good}"), false),
    ] {
        let lines = ask(&mut fixed(200, "text/plain", body), &tree, 7);
        assert_eq!(lines.as_ref().map_or(0, Vec::len), usize::from(kept));
    }
}

#[test]
fn a_dead_or_slow_witness_is_an_error_in_time() {
    let tree = tree(9, "9");
    let (_taken, dead) = nobody_listens();
    let error = ask(&mut witness(&dead), &tree, 7).unwrap_err();
    assert_eq!((error.code(), error.is_alarm()), ("peer-unreachable", false));
    assert!(witness(&dead).newest().is_err());
    let slow = serve(|_, _| Reply { delay: Duration::from_secs(600), ..Reply::new(200, "") });
    #[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
    let before = std::time::Instant::now();
    assert_eq!(ask(&mut witness(&slow), &tree, 7).unwrap_err().code(), "peer-unreachable");
    assert!(before.elapsed() < Duration::from_secs(300), "it gives up by itself");
}

/// A witness that says `status` and keeps `note`.
fn keeping(status: u16, seen: u64, note: Option<SignedNote>) -> HttpWitness {
    witness(&serve(move |first, _| match (first.starts_with("GET"), &note) {
        (true, Some(note)) => {
            assert!(first.contains(&monitoring_path(ORIGIN)), "{first}");
            Reply::new(200, note.to_string())
        }
        (true, None) => Reply::new(404, ""),
        (false, _) => Reply { media_type: SIZE_MEDIA_TYPE, ..Reply::new(status, size_text(seen)) },
    }))
}

#[test]
fn a_larger_head_with_our_own_signature_is_an_alarm() {
    let tree = tree(9, "9");
    let error = ask(&mut keeping(409, 9, Some(signed(&tree, 9))), &tree, 7).unwrap_err();
    assert_eq!((error.code(), error.is_alarm()), ("guard-behind", true));
    // Nobody stops for what a witness merely says.
    let mut forged = SignedNote::new(signed(&tree, 9).text().to_owned());
    let mut line = signed(&tree, 9).signatures()[0].clone();
    line.signature[1] ^= 1;
    forged.put(line);
    for note in [None, Some(forged)] {
        let error = ask(&mut keeping(409, 9, note), &tree, 7).unwrap_err();
        assert_eq!((error.code(), error.is_alarm()), ("witness-behind", false));
    }
}

#[test]
fn a_second_branch_is_an_alarm_and_what_the_witness_keeps_is_the_evidence() {
    // The log was restored from a copy of 6 leaves and went on with another leaf 7.
    let (before, after) = (tree(7, "a"), tree(7, "b"));
    let mut longer = tree(7, "b");
    longer.append(LeafHash::of(b"8"));
    for (log, size) in [(&after, 7), (&longer, 8)] {
        let error = ask(&mut keeping(422, 7, Some(signed(&before, 7))), log, size).unwrap_err();
        let CosignError::GuardBehind { note } = &error else { panic!("{error:?}") };
        assert_eq!(note.text(), signed(&before, 7).text());
        assert!(error.is_alarm());
    }
    // A witness that refuses although all is well, or for a reason of its own, stops nobody.
    let error = ask(&mut keeping(422, 7, Some(signed(&longer, 7))), &longer, 8).unwrap_err();
    assert!(matches!(error, CosignError::Answer { status: 422 }));
}

#[test]
fn what_a_witness_keeps_is_fetched_from_its_monitoring_path() {
    let tree = tree(9, "9");
    let note = signed(&tree, 9);
    assert_eq!(keeping(409, 9, Some(note.clone())).newest().unwrap(), Some(note));
    assert_eq!(keeping(409, 9, None).newest().unwrap(), None);
    assert_eq!(fixed(500, "text/plain", "").newest().unwrap_err().code(), "witness-refused");
    assert_eq!(fixed(200, "text/plain", "x").newest().unwrap_err().code(), "cosignature-dropped");
    let mut silent = fixed(200, "text/plain", "x");
    silent.address.monitoring = None;
    assert_eq!(silent.newest().unwrap(), None);
}

#[test]
fn keys_and_paces_of_addresses_are_checked() {
    let mut address = witness("http://127.0.0.1:1").address;
    address.pace = Pace::Every(Duration::from_secs(1));
    assert_eq!(
        HttpWitness::new(address.clone(), vec![log()]).unwrap().pace(),
        Pace::Every(SHORTEST)
    );
    address.key = log();
    assert_eq!(HttpWitness::new(address, vec![log()]).unwrap_err().code(), "cosigner-key-invalid");
}
