use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use inkan_ledger::cosignature::cosign;
use inkan_ledger::note::KeyMaterial;
use inkan_ledger::tree::TreeHead;
use inkan_ledger::{NodeHash, VerifierKey};

use super::*;

fn key(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed))
}

fn witness(seed: u64) -> VerifierKey {
    let material = KeyMaterial::Cosignature(key(seed).public_key());
    VerifierKey::new(&format!("w{seed}.example"), material).unwrap()
}

fn policy(quorum: &str) -> LogPolicy {
    let log = VerifierKey::new("log.example", KeyMaterial::Note(key(9).public_key())).unwrap();
    let witnesses: String =
        (1..=3).map(|seed| format!("witness w{seed} {}\n", witness(seed))).collect();
    let text = format!("log {log}\n{witnesses}group two 2 w1 w2 w3\nquorum {quorum}\n");
    LogPolicy::parse(&text).unwrap()
}

fn note(size: u64) -> SignedNote {
    let head = TreeHead { tree_size: size, root_hash: NodeHash::empty() };
    SignedNote::new(Checkpoint::new("log.example", head).unwrap().to_text())
}

fn line(seed: u64, note: &SignedNote) -> SignatureLine {
    let now = Timestamp::from_seconds(1_768_464_000).unwrap();
    cosign(note.text(), &witness(seed), &key(seed), now).unwrap()
}

#[test]
fn the_quorum_is_met_once_and_further_lines_still_count() {
    let mut gathering = Gathering::new(policy("two"));
    let note = note(5);
    assert_eq!(gathering.expect(5, &note), None);
    assert_eq!(gathering.put(note.text(), &[line(1, &note)]), None);
    // The same key again is no second witness.
    assert_eq!(gathering.put(note.text(), &[line(1, &note), line(1, &note)]), None);
    let met = gathering.put(note.text(), &[line(3, &note)]).unwrap();
    assert_eq!((met.size, met.first, met.note.signatures().len()), (5, true, 2));
    let more = gathering.put(note.text(), &[line(2, &note)]).unwrap();
    assert_eq!((more.first, more.note.signatures().len()), (false, 3));
    // Asked to wait again (an idle log): what came stays.
    assert_eq!(gathering.expect(5, &note), None);
    assert_eq!(gathering.note(5).unwrap().signatures().len(), 3);
}

#[test]
fn late_lines_find_their_own_note_and_strangers_none() {
    let mut gathering = Gathering::new(policy("two"));
    let (old, new) = (note(5), note(7));
    gathering.expect(5, &old);
    gathering.expect(7, &new);
    gathering.put(old.text(), &[line(1, &old)]);
    assert_eq!(gathering.put(new.text(), &[line(2, &new)]), None, "one line each");
    assert_eq!(gathering.put(note(6).text(), &[line(1, &note(6))]), None);
    assert_eq!(gathering.put("no checkpoint\n", &[line(1, &old)]), None);
    gathering.forget_below(7);
    assert_eq!(gathering.put(old.text(), &[line(2, &old)]), None, "no longer waited for");
    assert!(gathering.put(new.text(), &[line(1, &new)]).unwrap().first);
    for size in 8..1_040 {
        gathering.expect(size, &note(size));
    }
    assert_eq!(gathering.notes.len(), KEPT);
}

#[test]
fn a_log_without_quorum_waits_for_nobody() {
    let mut gathering = Gathering::new(policy("none"));
    let note = note(5);
    assert!(gathering.expect(5, &note).unwrap().first);
    assert!(!gathering.expect(5, &note).unwrap().first);
    assert!(!gathering.put(note.text(), &[line(1, &note)]).unwrap().first);
}

/// A line over another head of this size is no cosignature of ours.
#[test]
fn lines_count_for_the_head_that_they_are_over() {
    let mut gathering = Gathering::new(policy("two"));
    let ours = note(5);
    let root_hash = NodeHash::from_digest(inkan_core::Digest::from_bytes([7; 32]));
    let head = TreeHead { tree_size: 5, root_hash };
    let theirs = SignedNote::new(Checkpoint::new("log.example", head).unwrap().to_text());
    gathering.expect(5, &ours);
    let lines = [line(1, &theirs), line(2, &theirs)];
    assert_eq!(gathering.put(theirs.text(), &lines), None);
    assert!(gathering.note(5).unwrap().signatures().is_empty());
}
