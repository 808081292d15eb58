use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::SecretKey;
use serde_json::json;

use super::*;
use crate::ledger_folder::LedgerFolder;
use crate::ledger_sink::NodeWriter;
use crate::ledger_sink::fake::{Fake, did};

struct Scratch {
    _folder: tempfile::TempDir,
    profile: Profile,
    ledger: LedgerSink,
    now: Timestamp,
}

fn scratch() -> Scratch {
    let folder = tempfile::tempdir().unwrap();
    let now = Timestamp::parse("2026-03-02T09:00:00Z").unwrap();
    let profile = Profile::create(&folder.path().join("acme"), "acme").unwrap();
    let path = folder.path().join("ledger");
    let folder_ledger =
        LedgerFolder::create(&path, "ledger.example", &mut SeededRng::new(1), now).unwrap();
    let ledger = LedgerSink::Folder(Box::new(folder_ledger));
    Scratch { _folder: folder, profile, ledger, now }
}

fn node(fake: &Fake) -> LedgerSink {
    let pinned = std::slice::from_ref(&fake.policy);
    let node = NodeWriter::new(&fake.url, pinned, fake.now).unwrap();
    let mut ledger = LedgerSink::Node(Box::new(node));
    ledger.take_for("ledger.example");
    ledger
}

fn size_of(ledger: &LedgerSink) -> u64 {
    ledger.source().unwrap().status().unwrap().size
}

fn registration(seed: u64, now: Timestamp) -> Intent {
    let (_, _, line) = did(seed, now);
    let record =
        RecordDraft { shelf: Shelf::Dids, name: "acme".to_owned(), record: json!({ "a": seed }) };
    Intent {
        command: "did create".to_owned(),
        entries: vec![EntryDraft { kind: Kind::Did, body: line }],
        records: vec![record],
        ..Intent::default()
    }
}

#[test]
fn an_intent_is_gone_once_it_is_carried_out() {
    let mut s = scratch();
    let intent = registration(7, s.now);
    let accepted = carry_out(&intent, &s.profile, &mut s.ledger, s.now).unwrap();
    assert_eq!(accepted.len(), 1);
    assert!(!is_pending(&s.profile).unwrap());
    assert_eq!(s.profile.get(Shelf::Dids, "acme").unwrap(), Some(json!({ "a": 7 })));
}

#[test]
fn what_a_crash_left_is_finished_by_the_next_command_at_whatever_step_it_came() {
    for steps_done in 0..3 {
        let mut s = scratch();
        let intent = registration(7, s.now);
        s.profile.put(Shelf::Intents, "1-a", &to_value(&intent)).unwrap();
        if steps_done > 0 {
            let entry = &intent.entries[0];
            s.ledger.submit(entry.kind, entry.body.as_bytes(), s.now).unwrap();
        }
        if steps_done > 1 {
            s.ledger.cover(s.now).unwrap();
        }
        let size = size_of(&s.ledger);
        let healed = heal(&s.profile, &mut s.ledger, "ledger.example", s.now).unwrap();
        assert_eq!(healed[0].command, "did create");
        assert!(matches!(healed[0].fate, Fate::Finished));
        assert!(!is_pending(&s.profile).unwrap());
        assert_eq!(s.profile.get(Shelf::Dids, "acme").unwrap(), Some(json!({ "a": 7 })));
        if steps_done > 1 {
            assert_eq!(size_of(&s.ledger), size, "nothing was recorded twice");
        }
    }
}

#[test]
fn what_was_begun_in_another_log_waits_for_a_command_there() {
    let mut s = scratch();
    let mut kept = to_value(&registration(7, s.now));
    kept["log"] = "other.example".into();
    s.profile.put(Shelf::Intents, "1-a", &kept).unwrap();
    let size = size_of(&s.ledger);
    assert!(heal(&s.profile, &mut s.ledger, "ledger.example", s.now).unwrap().is_empty());
    assert!(is_pending(&s.profile).unwrap());
    assert_eq!(size_of(&s.ledger), size, "nothing of it is recorded here");
    kept["log"] = s.ledger.origin().unwrap().into();
    s.profile.put(Shelf::Intents, "1-a", &kept).unwrap();
    assert_eq!(heal(&s.profile, &mut s.ledger, "ledger.example", s.now).unwrap().len(), 1);
    assert!(!is_pending(&s.profile).unwrap());
}

/// Earlier versions named no log, and knew one.
#[test]
fn what_names_no_log_was_begun_in_the_profile_s_first() {
    let mut s = scratch();
    let intent = registration(7, s.now);
    s.profile.put(Shelf::Intents, "1-a", &to_value(&intent)).unwrap();
    let size = size_of(&s.ledger);
    assert!(heal(&s.profile, &mut s.ledger, "first.example", s.now).unwrap().is_empty());
    assert!(is_pending(&s.profile).unwrap(), "neither tried here nor dropped");
    assert_eq!(size_of(&s.ledger), size);
    assert_eq!(heal(&s.profile, &mut s.ledger, "ledger.example", s.now).unwrap().len(), 1);
    assert!(!is_pending(&s.profile).unwrap());

    // One that has to wait says from then on where.
    let fake = Fake::start();
    fake.node.lock().unwrap().full = true;
    s.profile.put(Shelf::Intents, "1-a", &to_value(&intent)).unwrap();
    let mut ledger = node(&fake);
    let healed = heal(&s.profile, &mut ledger, "ledger.example", fake.now).unwrap();
    assert!(matches!(healed[0].fate, Fate::Waits(_)), "{healed:?}");
    let kept = s.profile.get(Shelf::Intents, "1-a").unwrap().unwrap();
    assert_eq!(json::text(&kept, "log"), Some("ledger.example"));
    assert_eq!(from_value(&kept), Ok(intent), "and nothing else is another");
}

#[test]
fn an_entry_that_the_rules_refuse_leaves_no_trace() {
    let mut s = scratch();
    let mut intent = registration(7, s.now);
    intent.entries[0].body = intent.entries[0].body.replace("sign-1", "sign-2");
    let error = carry_out(&intent, &s.profile, &mut s.ledger, s.now).unwrap_err();
    assert_eq!(error.code(), "scid-mismatch");
    assert!(!is_pending(&s.profile).unwrap());
    assert_eq!(s.profile.get(Shelf::Dids, "acme").unwrap(), None);

    s.profile.put(Shelf::Intents, "1-a", &to_value(&intent)).unwrap();
    let healed = heal(&s.profile, &mut s.ledger, "ledger.example", s.now).unwrap();
    let Fate::Dropped(why) = &healed[0].fate else { panic!("{healed:?}") };
    assert_eq!(why.code(), "scid-mismatch");
    assert!(!is_pending(&s.profile).unwrap());
}

#[test]
fn of_several_entries_none_is_recorded_if_one_is_refused() {
    let mut s = scratch();
    let size = size_of(&s.ledger);
    let (mut intent, mut other) = (registration(7, s.now), registration(8, s.now));
    intent.entries.append(&mut other.entries);
    let whole = intent.clone();
    intent.entries[1].body = intent.entries[1].body.replace("sign-1", "sign-2");
    let error = carry_out(&intent, &s.profile, &mut s.ledger, s.now).unwrap_err();
    assert_eq!(error.code(), "scid-mismatch");
    s.ledger.cover(s.now).unwrap();
    assert_eq!(size_of(&s.ledger), size, "the first is not there either");
    assert!(!is_pending(&s.profile).unwrap());
    assert_eq!(s.profile.get(Shelf::Dids, "acme").unwrap(), None);

    let accepted = carry_out(&whole, &s.profile, &mut s.ledger, s.now).unwrap();
    let places: Vec<u64> = accepted.iter().map(|accepted| accepted.leaf_index).collect();
    assert_eq!(places, [size, size + 1], "in their order, side by side");
}

#[test]
fn what_a_crash_left_of_several_entries_is_finished_whichever_are_recorded() {
    for recorded in [&[][..], &[0], &[1], &[0, 1]] {
        let mut s = scratch();
        let (mut intent, mut other) = (registration(7, s.now), registration(8, s.now));
        intent.entries.append(&mut other.entries);
        s.profile.put(Shelf::Intents, "1-a", &to_value(&intent)).unwrap();
        for index in recorded {
            let entry: &EntryDraft = &intent.entries[*index];
            s.ledger.submit(entry.kind, entry.body.as_bytes(), s.now).unwrap();
        }
        let healed = heal(&s.profile, &mut s.ledger, "ledger.example", s.now).unwrap();
        assert!(matches!(healed[0].fate, Fate::Finished), "{recorded:?}");
        let again = submit(&intent, Attempt::Again, &mut s.ledger, s.now).unwrap();
        let again: Vec<Accepted> = again.taken.into_iter().map(Option::unwrap).collect();
        assert!(again.iter().all(|one| one.standing == Standing::Duplicate), "{recorded:?}");
        let places: std::collections::BTreeSet<u64> =
            again.iter().map(|one| one.leaf_index).collect();
        assert_eq!(places.len(), 2, "{recorded:?}");
    }
}

#[test]
fn many_records_are_written_at_once_and_of_two_with_one_name_the_later_counts() {
    let mut s = scratch();
    let record = |name: String, value: u64| RecordDraft {
        shelf: Shelf::Issued,
        name,
        record: json!({ "a": value }),
    };
    let mut records: Vec<RecordDraft> = (0..100).map(|n| record(format!("r{n}"), n)).collect();
    records.push(record("r7".to_owned(), 700));
    let intent = Intent { command: "issue".to_owned(), records, ..Intent::default() };
    carry_out(&intent, &s.profile, &mut s.ledger, s.now).unwrap();
    assert_eq!(s.profile.names(Shelf::Issued).unwrap().len(), 100);
    for n in 0..100 {
        let value = if n == 7 { 700 } else { n };
        let found = s.profile.get(Shelf::Issued, &format!("r{n}")).unwrap();
        assert_eq!(found, Some(json!({ "a": value })));
    }
    let folder = s.profile.folder().join("issued");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert!(!crate::files::open_to_others(&path).unwrap(), "{}", path.display());
        assert!(path.extension().is_some_and(|ending| ending == "json"), "{}", path.display());
    }
}

#[test]
fn an_entry_that_was_recorded_before_the_crash_is_found_however_late_the_next_command_comes() {
    let mut s = scratch();
    let (kid, sign) = signer(&mut s, 9);
    let claims = Claims::Issuance { commitment: inkan_core::sha256(&[b"x"]) };
    let body = SignedEntry::sign(&claims, &kid, "ledger.example", &sign, s.now).unwrap();
    let mut intent = Intent { command: "issue".to_owned(), ..Intent::default() };
    intent.entries.push(EntryDraft { kind: Kind::Issuance, body });
    let record = json!({ "id": "urn:uuid:1" });
    intent.records.push(RecordDraft { shelf: Shelf::Issued, name: "1".to_owned(), record });

    s.profile.put(Shelf::Intents, "1-a", &to_value(&intent)).unwrap();
    let entry = &intent.entries[0];
    s.ledger.submit(entry.kind, entry.body.as_bytes(), s.now).unwrap();
    let late = s.now.plus_seconds(30 * 86_400);
    let healed = heal(&s.profile, &mut s.ledger, "ledger.example", late).unwrap();
    assert!(matches!(healed[0].fate, Fate::Finished), "{healed:?}");
    assert!(s.profile.get(Shelf::Issued, "1").unwrap().is_some());

    // One that never reached the ledger is too old by then, and is dropped.
    let claims = Claims::Issuance { commitment: inkan_core::sha256(&[b"y"]) };
    intent.entries[0].body =
        SignedEntry::sign(&claims, &kid, "ledger.example", &sign, s.now).unwrap();
    intent.records[0].name = "2".to_owned();
    s.profile.put(Shelf::Intents, "1-b", &to_value(&intent)).unwrap();
    let healed = heal(&s.profile, &mut s.ledger, "ledger.example", late).unwrap();
    assert!(matches!(healed[0].fate, Fate::Dropped(_)));
    assert_eq!(s.profile.get(Shelf::Issued, "2").unwrap(), None);
}

#[test]
fn a_damaged_intent_is_named() {
    let mut s = scratch();
    s.profile.put(Shelf::Intents, "1-a", &json!({ "command": "x", "lists": [] })).unwrap();
    let error = heal(&s.profile, &mut s.ledger, "ledger.example", s.now).unwrap_err();
    assert_eq!(error.code(), "profile-record-malformed");
    assert!(error.to_string().contains("1-a"), "{error}");
}

#[test]
fn an_intent_survives_writing_and_reading() {
    let mut intent = registration(7, Timestamp::EPOCH);
    intent.lists.push(PublishedList {
        issuer: "did:webvh:Qm:ledger.example".to_owned(),
        uri: "https://ledger.example/a/status/1".to_owned(),
        sequence: 3,
        body: "{}".to_owned(),
    });
    let record = RecordDraft { shelf: Shelf::Dids, name: "b".to_owned(), record: json!({}) };
    intent.keep(record, [0]);
    assert_eq!(from_value(&to_value(&intent)).unwrap(), intent);
}

/// A DID that is registered: its key's URL, and the key.
fn signer(s: &mut Scratch, seed: u64) -> (inkan_did::DidUrl, SecretKey) {
    let (kid, key, line) = did(seed, s.now);
    s.ledger.submit(Kind::Did, line.as_bytes(), s.now).unwrap();
    (kid, key)
}

#[test]
fn what_somebody_else_used_up_meanwhile_is_not_taken_for_ones_own() {
    use inkan_ledger::{Claims, OnceClaims, OnceId};

    for first in ["ours", "theirs", "nobody's"] {
        let mut s = scratch();
        let mut entry = |seed| {
            let (kid, key) = signer(&mut s, seed);
            let id = OnceId::from_bytes([7; 32]);
            let claims = Claims::Once(OnceClaims { id, scope: "coupon".to_owned() });
            SignedEntry::sign(&claims, &kid, "ledger.example", &key, s.now).unwrap()
        };
        let (ours, theirs) = (entry(31), entry(32));
        let before = match first {
            "ours" => Some(&ours),
            "theirs" => Some(&theirs),
            _ => None,
        };
        if let Some(body) = before {
            s.ledger.submit(Kind::Once, body.as_bytes(), s.now).unwrap();
        }
        let mut intent = Intent { command: "ledger once".to_owned(), ..Intent::default() };
        intent.entries.push(EntryDraft { kind: Kind::Once, body: ours });
        let record = json!({ "kept": 1 });
        intent.records.push(RecordDraft { shelf: Shelf::Pending, name: "1".to_owned(), record });
        s.profile.put(Shelf::Intents, "1-a", &to_value(&intent)).unwrap();
        let healed = heal(&s.profile, &mut s.ledger, "ledger.example", s.now).unwrap();
        let kept = s.profile.get(Shelf::Pending, "1").unwrap().is_some();
        match &healed[0].fate {
            Fate::Finished => assert!(first != "theirs" && kept, "{first}"),
            Fate::Dropped(why) => {
                assert_eq!((why.code(), first, kept), ("already-used", "theirs", false));
            }
            Fate::Waits(why) => panic!("{first}: {why}"),
            Fate::Partly(why) => panic!("{first}: {why}"),
        }
        assert!(!is_pending(&s.profile).unwrap(), "{first}");
    }
}

#[test]
fn of_what_a_node_takes_in_part_the_part_that_stands_is_kept() {
    use crate::ledger_sink::fake::did;

    let s = scratch();
    for crashed in [false, true] {
        let fake = Fake::start();
        let mut ledger = node(&fake);
        let ((_, _, first), (_, _, second)) = (did(3, fake.now), did(4, fake.now));
        let refused = second.replace("sign-1", "sign-2");
        let bodies = [first.clone(), refused, did(5, fake.now).2];
        let mut intent = Intent { command: "both".to_owned(), ..Intent::default() };
        intent.entries.extend(bodies.map(|body| EntryDraft { kind: Kind::Did, body }));
        let record = |name: &str| RecordDraft {
            shelf: Shelf::Dids,
            name: format!("{name}{crashed}"),
            record: json!({}),
        };
        intent.keep(record("first"), [0]);
        intent.keep(record("second"), [1]);
        intent.keep(record("none"), None);
        intent.records.push(record("all"));
        let error = if crashed {
            s.profile.put(Shelf::Intents, "1-a", &to_value(&intent)).unwrap();
            ledger.submit(Kind::Did, first.as_bytes(), fake.now).unwrap();
            let mut healed = heal(&s.profile, &mut ledger, "ledger.example", fake.now).unwrap();
            let Some(Healed { fate: Fate::Partly(error), .. }) = healed.pop() else { panic!() };
            error
        } else {
            carry_out(&intent, &s.profile, &mut ledger, fake.now).unwrap_err()
        };
        assert_eq!(error.code(), "scid-mismatch");
        let IntentError::Partly { recorded, missing, .. } = &error else { panic!("{error}") };
        assert_eq!((recorded.len(), missing.len()), (1, 2), "{error}");
        assert!(error.to_string().contains("2 did"), "{error}");
        assert!(!is_pending(&s.profile).unwrap());
        for (name, kept) in [("first", true), ("none", true), ("second", false), ("all", false)] {
            let found = s.profile.get(Shelf::Dids, &format!("{name}{crashed}")).unwrap();
            assert_eq!(found.is_some(), kept, "{name}");
        }
    }
}

#[test]
fn the_answer_of_a_node_that_lies_finishes_no_intent_and_what_its_log_shows_does() {
    use crate::ledger_sink::fake::{Lie, did};

    let s = scratch();
    let fake = Fake::start();
    fake.lies(Lie::Answer(Box::new(|said, _| said["promise"] = json!("x"))));
    let mut ledger = node(&fake);
    let body = did(3, fake.now).2;
    let mut intent = Intent { command: "one".to_owned(), ..Intent::default() };
    intent.entries.push(EntryDraft { kind: Kind::Did, body });
    intent.records.push(RecordDraft {
        shelf: Shelf::Dids,
        name: "a".to_owned(),
        record: json!({}),
    });
    let error = carry_out(&intent, &s.profile, &mut ledger, fake.now).unwrap_err();
    assert_eq!(error.code(), "acknowledgement-invalid");
    assert!(is_pending(&s.profile).unwrap(), "it is sent again");
    assert_eq!(s.profile.get(Shelf::Dids, "a").unwrap(), None);
    let kept = s.profile.keep_evidence(&error.evidence().unwrap()).unwrap();
    assert!(!crate::files::open_to_others(&kept).unwrap());
    // It did take the entry, and lies on: what counts is the proof that it stands there, which is asked for first.
    assert_eq!(heal(&s.profile, &mut ledger, "ledger.example", fake.now).unwrap().len(), 1);
    assert!(!is_pending(&s.profile).unwrap());
    assert!(s.profile.get(Shelf::Dids, "a").unwrap().is_some());
}
