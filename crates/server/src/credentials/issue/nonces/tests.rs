use inkan_core::sha256;

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_strict(text).unwrap()
}

fn now() -> Timestamp {
    at("2026-06-14T09:00:00Z")
}

fn nonce(name: &str) -> Digest {
    sha256(&[name.as_bytes()])
}

/// Answers a nonce, as an issuance does.
fn answer(used: &UsedNonces, name: &str, now: Timestamp) -> Result<(), Refusal> {
    used.hold(nonce(name), now)?.keep()
}

fn code(refused: Refusal) -> (u16, &'static str) {
    (refused.status().as_u16(), refused.first().unwrap().code)
}

const USED: (u16, &str) = (400, "nonce-invalid");

#[test]
fn a_nonce_counts_once_and_is_free_again_if_nothing_was_signed() {
    let folder = tempfile::tempdir().unwrap();
    for folder in [None, Some(folder.path())] {
        let used = UsedNonces::open(folder, now()).unwrap();
        let first = used.hold(nonce("one"), now()).unwrap();
        // While the one is made, nobody else answers the nonce; who asks later may.
        let refused = used.hold(nonce("one"), now()).unwrap_err();
        assert_eq!(code(refused), (503, "attestation-in-hand"));
        drop(first);
        answer(&used, "one", now()).unwrap();
        assert_eq!(code(answer(&used, "one", now()).unwrap_err()), USED);
        answer(&used, "two", now()).unwrap();
    }
}

#[test]
fn what_was_answered_stays_answered_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let open = |now| UsedNonces::open(Some(folder.path()), now);
    let path = folder.path().join(NAME);
    let used = open(now()).unwrap();
    answer(&used, "kept", now()).unwrap();
    // One that was held when the power went.
    let _held = used.hold(nonce("held"), now()).unwrap();
    let mut torn = std::fs::read(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    torn.extend(br#"{"nonce":"ab"#);
    std::fs::write(&path, &torn).unwrap();
    let used = open(now()).unwrap();
    for (name, is_used) in [("kept", true), ("held", false)] {
        assert_eq!(answer(&used, name, now()).is_err(), is_used, "{name}");
    }
    drop(used);
    // What could be replayed no more is forgotten, and not a second before.
    let last = now().plus_seconds(FRESH + tolerance::CREDENTIAL);
    assert!(answer(&open(last).unwrap(), "kept", last).is_err());
    let used = open(last.plus_seconds(1)).unwrap();
    assert!(used.known().nonces.is_empty());
    assert!(std::fs::read(&path).unwrap().is_empty());
    // A damaged line hides who used what.
    std::fs::write(&path, b"{\"nonce\":\"ab\"}\n").unwrap();
    assert_eq!(open(now()).unwrap_err().code(), "nonce-journal-malformed");
    std::fs::write(&path, b"\xff\n{}\n").unwrap();
    assert_eq!(open(now()).unwrap_err().code(), "nonce-journal-malformed");
}

#[test]
fn a_refused_reuse_does_not_lengthen_anything() {
    let used = UsedNonces::default();
    answer(&used, "one", now()).unwrap();
    let until = |used: &UsedNonces| used.known().nonces[&nonce("one")].until;
    let first = until(&used);
    assert!(answer(&used, "one", now().plus_seconds(3_600)).is_err());
    assert_eq!(until(&used), first);
}

#[test]
fn when_no_more_can_be_remembered_none_is_forgotten() {
    let used = UsedNonces::default();
    for number in 0..NONCES {
        answer(&used, &number.to_string(), now()).unwrap();
    }
    let full = answer(&used, "one more", now()).unwrap_err();
    assert_eq!(code(full), (503, "attestation-nonces-full"));
    assert_eq!(code(answer(&used, "0", now()).unwrap_err()), USED);
    // Two days later there is room.
    answer(&used, "one more", now().plus_seconds(2 * FRESH)).unwrap();
}

#[test]
fn a_journal_that_cannot_be_written_answers_nothing_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let used = UsedNonces::open(Some(folder.path()), now()).unwrap();
    answer(&used, "before", now()).unwrap();
    // The disk fails in the middle of a line.
    used.known().journal.as_mut().unwrap().file = None;
    std::fs::write(folder.path().join(NAME), b"{\"nonce\":\"torn").unwrap();
    answer(&used, "after", now()).unwrap();
    drop(used);
    let used = UsedNonces::open(Some(folder.path()), now()).unwrap();
    assert!(answer(&used, "before", now()).is_err() && answer(&used, "after", now()).is_err());
    // A folder that is gone.
    used.known().journal.as_mut().unwrap().file = None;
    drop(folder);
    let refused = answer(&used, "late", now()).unwrap_err();
    assert_eq!(code(refused), (503, "nonce-journal-unwritable"));
    assert!(!used.known().nonces.contains_key(&nonce("late")), "it is free for another try");
}

#[test]
fn the_journal_is_written_anew_when_most_of_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let used = UsedNonces::open(Some(folder.path()), now()).unwrap();
    answer(&used, "one", now()).unwrap();
    used.known().journal.as_mut().unwrap().lines = 2 * SLACK;
    answer(&used, "two", now()).unwrap();
    assert_eq!(used.known().journal.as_ref().unwrap().lines, 2);
    let lines = std::fs::read_to_string(folder.path().join(NAME)).unwrap();
    assert_eq!(lines.lines().count(), 2);
}
