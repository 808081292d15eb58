//! Writing to a node that says what is not so.

use std::collections::BTreeMap;
use std::sync::Arc;

use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Digest, sha256};
use inkan_ledger::LeafHash;
use inkan_ledger::evidence::{Evidence, Proven};

use super::fake::{Fake, Lie, ORIGIN, did, issuance, signed};
use super::*;
use crate::note_key::{NoteSigner, Purpose};

fn writer(fake: &Fake) -> LedgerSink {
    let pinned = std::slice::from_ref(&fake.policy);
    let mut writer = NodeWriter::new(&fake.url, pinned, fake.now).unwrap();
    writer.patience = 400;
    LedgerSink::Node(Box::new(writer))
}

fn code(result: Result<impl std::fmt::Debug, LedgerError>) -> (&'static str, Option<Value>) {
    let LedgerError::Node(error) = result.unwrap_err() else { panic!("of a node") };
    assert!(!error.is_rule(), "the intent stays: {error}");
    (error.code(), error.evidence())
}

#[test]
fn an_honest_node_is_believed_and_covers() {
    let fake = Fake::start();
    let mut sink = writer(&fake);
    let (kid, key, line) = did(3, fake.now);
    let body = issuance(&kid, &key, "a", fake.now);
    let entries = [(Kind::Did, line.as_bytes()), (Kind::Issuance, body.as_bytes())];
    for standing in [Standing::New, Standing::Duplicate] {
        let submitted = sink.submit_each(&entries, fake.now);
        assert!(submitted.refused.is_none(), "{submitted:?}");
        let taken: Vec<Accepted> = submitted.taken.into_iter().map(Option::unwrap).collect();
        assert!(taken.iter().all(|one| one.standing == standing));
        assert!(!sink.promises().is_empty());
        sink.cover(fake.now).unwrap();
        assert!(sink.promises().is_empty() && sink.promised().is_none());
    }
}

#[test]
fn an_acknowledgement_that_does_not_hold_is_refused_and_kept() {
    type Twist = fn(&mut Value, &NoteSigner);
    let lies: &[(&str, Twist)] = &[
        ("another place", |said, _| said["index"] = json!(said["index"].as_u64().unwrap() + 1)),
        ("another leaf", |said, _| said["leafHash"] = json!(sha256(&[b"x"]).to_hex())),
        ("another entry", |said, _| said["entryId"] = json!(sha256(&[b"x"]).to_hex())),
        ("another time", |said, _| said["time"] = json!(said["time"].as_i64().unwrap() + 1)),
        ("no hash", |said, _| said["leafHash"] = Value::Null),
        ("no index", |said, _| said["index"] = Value::Null),
        ("no standing", |said, _| said["standing"] = json!("taken")),
        ("no promise", |said, _| said["promise"] = Value::Null),
        ("a promise of nobody", |said, _| said["promise"] = json!("x")),
        ("a promise of somebody else", |said, _| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("key");
            let mut rng = SeededRng::new(9);
            let other = NoteSigner::create(&path, ORIGIN, Purpose::Log, &mut rng).unwrap();
            said["promise"] = signed(&other, ORIGIN, leaf_in(said), Timestamp::EPOCH).into();
        }),
        ("a promise of another leaf", |said, log| {
            let index = said["index"].as_u64().unwrap();
            let leaves = BTreeMap::from([(index, LeafHash::of(b"x"))]);
            said["promise"] = signed(log, ORIGIN, leaves, Timestamp::EPOCH).into();
        }),
        ("a promise of another place", |said, log| {
            let leaves = leaf_in(said).into_iter().map(|(index, leaf)| (index + 1, leaf)).collect();
            said["promise"] = signed(log, ORIGIN, leaves, Timestamp::EPOCH).into();
        }),
    ];
    let fake = Fake::start();
    for (seed, (what, twist)) in (20..).zip(lies) {
        fake.lies(Lie::Answer(Box::new(*twist)));
        let (_, _, line) = did(seed, fake.now);
        let mut sink = writer(&fake);
        let (code, kept) = code(sink.submit(Kind::Did, line.as_bytes(), fake.now));
        assert_eq!(code, "acknowledgement-invalid", "{what}");
        let kept = kept.expect("it is kept");
        assert_eq!(kept["body"], line.as_str(), "{what}");
        assert!(kept["answer"].get("entryId").is_some(), "{what}: {kept}");
    }
}

/// What an answer says of its leaf.
fn leaf_in(said: &Value) -> BTreeMap<u64, LeafHash> {
    let hash = Digest::from_hex(said["leafHash"].as_str().unwrap()).unwrap();
    BTreeMap::from([(said["index"].as_u64().unwrap(), LeafHash::from_digest(hash))])
}

#[test]
fn what_was_promised_and_is_not_there_in_time_ends_with_an_error_and_the_promise() {
    let fake = Fake::start();
    fake.lies(Lie::Swallow);
    let mut sink = writer(&fake);
    let (_, _, line) = did(3, fake.now);
    sink.submit(Kind::Did, line.as_bytes(), fake.now).unwrap();
    assert_eq!(code(sink.cover(fake.now)).0, "not-yet-covered");
    assert_eq!(sink.promises().len(), 1, "to be kept");
}

#[test]
fn another_entry_at_the_promised_place_is_evidence_against_the_log() {
    let fake = Fake::start();
    fake.lies(Lie::Swallow);
    let mut sink = writer(&fake);
    let ((_, _, line), (_, _, other)) = (did(3, fake.now), did(4, fake.now));
    sink.submit(Kind::Did, line.as_bytes(), fake.now).unwrap();
    fake.lies(Lie::None);
    writer(&fake).submit(Kind::Did, other.as_bytes(), fake.now).unwrap();
    let (code, evidence) = code(sink.cover(fake.now));
    assert_eq!(code, "promise-broken");
    let evidence = Evidence::from_value(&evidence.unwrap()).unwrap();
    let later = fake.now.plus_seconds(60);
    let proven = evidence.verify(&fake.policy, later).unwrap();
    assert!(matches!(proven, Proven::PromiseBroken { .. }), "{proven:?}");
}

/// Two operators that work together: one acknowledges, another log that the profile knows promises.
#[test]
fn another_log_of_the_profile_promises_nothing_here() {
    let (fake, other) = (Fake::start(), Fake::start_as("other.example"));
    let pinned = [fake.policy.clone(), other.policy.clone()];
    for taken_for in [None, Some(ORIGIN)] {
        let mut sink =
            LedgerSink::Node(Box::new(NodeWriter::new(&fake.url, &pinned, fake.now).unwrap()));
        if let Some(origin) = taken_for {
            sink.take_for(origin);
        }
        let node = Arc::clone(&other.node);
        fake.lies(Lie::Answer(Box::new(move |said, _| {
            let other = node.lock().unwrap();
            said["promise"] = signed(&other.log, "other.example", leaf_in(said), other.now).into();
        })));
        let (_, _, line) = did(3, fake.now);
        let submitted = sink.submit(Kind::Did, line.as_bytes(), fake.now);
        assert_eq!(submitted.is_ok(), taken_for.is_none(), "{submitted:?}");
    }
}

#[test]
fn a_promise_is_not_forgotten_for_a_later_answer_without_one() {
    let fake = Fake::start();
    fake.lies(Lie::Swallow);
    let mut sink = writer(&fake);
    let ((_, _, line), (_, _, other)) = (did(3, fake.now), did(4, fake.now));
    let taken = sink.submit(Kind::Did, line.as_bytes(), fake.now).unwrap();
    // The node says that it stands there already, and promises nothing more.
    fake.lies(Lie::None);
    writer(&fake).submit(Kind::Did, other.as_bytes(), fake.now).unwrap();
    let leaf = inkan_ledger::Leaf::new(Kind::Did, fake.now, line.clone().into_bytes()).unwrap();
    let id = id_of(Kind::Did, line.as_bytes()).unwrap();
    let said = json!({
        "index": taken.leaf_index, "leafHash": leaf.hash().digest().to_hex(),
        "entryId": id.digest().to_hex(), "time": fake.now.seconds(), "standing": "duplicate",
        "promise": Value::Null,
    });
    fake.lies(Lie::Answer(Box::new(move |answer, _| *answer = said.clone())));
    let again = sink.submit(Kind::Did, line.as_bytes(), fake.now).unwrap();
    assert_eq!(again, Accepted { standing: Standing::Duplicate, ..taken });
    assert_eq!(sink.promises().len(), 1, "kept");
    let (code, evidence) = code(sink.cover(fake.now));
    assert_eq!(code, "promise-broken");
    let evidence = Evidence::from_value(&evidence.unwrap()).unwrap();
    assert!(evidence.verify(&fake.policy, fake.now.plus_seconds(60)).is_ok());
}

#[test]
fn a_place_where_something_else_stands_is_no_duplicate() {
    let fake = Fake::start();
    let zero = {
        let node = fake.node.lock().unwrap();
        let view = node.folder.reader().view_at(None).unwrap().unwrap();
        LeafHash::of(view.receipt(0).unwrap().leaf_bytes()).digest().to_hex()
    };
    fake.lies(Lie::Answer(Box::new(move |said, _| {
        said["index"] = json!(0);
        said["leafHash"] = json!(zero);
        said["standing"] = json!("duplicate");
        said["promise"] = Value::Null;
    })));
    let mut sink = writer(&fake);
    let (_, _, line) = did(3, fake.now);
    sink.submit(Kind::Did, line.as_bytes(), fake.now).unwrap();
    let (first, kept) = code(sink.cover(fake.now));
    assert_eq!(first, "acknowledgement-invalid");
    assert!(kept.unwrap().get("receipt").is_some());
    // The same of an entry that is not the newest of its command.
    fake.lies(Lie::None);
    let (_, _, other) = did(4, fake.now);
    sink.submit(Kind::Did, other.as_bytes(), fake.now).unwrap();
    assert_eq!(code(sink.cover(fake.now)).0, "acknowledgement-invalid");
}

#[test]
fn many_go_in_batches_of_what_the_node_takes_and_each_is_checked() {
    let fake = Fake::start();
    let (kid, key, line) = did(3, fake.now);
    fake.node.lock().unwrap().burst = Some(8);
    let mut sink = writer(&fake);
    sink.submit(Kind::Did, line.as_bytes(), fake.now).unwrap();
    let bodies: Vec<String> =
        (0..11).map(|number| issuance(&kid, &key, &format!("{number}"), fake.now)).collect();
    let entries: Vec<_> = bodies.iter().map(|body| (Kind::Issuance, body.as_bytes())).collect();
    let submitted = sink.submit_each(&entries, fake.now);
    assert!(submitted.refused.is_none(), "{submitted:?}");
    assert!(submitted.taken.iter().all(Option::is_some));
    assert_eq!(fake.asked("POST /v1/batches"), 3, "of at most four");
    sink.cover(fake.now).unwrap();
    assert!(fake.asked("GET /tile/entries/") > 0, "of many, bundles are read");

    // One is refused, and the others stand.
    let other = did(4, fake.now);
    let mut more: Vec<String> =
        (20..23).map(|number| issuance(&kid, &key, &format!("{number}"), fake.now)).collect();
    more[1] = issuance(&other.0, &other.1, "of nobody", fake.now);
    let entries: Vec<_> = more.iter().map(|body| (Kind::Issuance, body.as_bytes())).collect();
    let submitted = sink.submit_each(&entries, fake.now);
    let taken: Vec<bool> = submitted.taken.iter().map(Option::is_some).collect();
    assert_eq!(taken, [true, false, true]);
    assert_eq!(submitted.refused.unwrap().code(), "unknown-signer");
    sink.cover(fake.now).unwrap();
}

#[test]
fn a_batch_that_is_more_than_is_taken_is_sent_in_halves() {
    let fake = Fake::start();
    let (kid, key, line) = did(3, fake.now);
    let mut sink = writer(&fake);
    sink.submit(Kind::Did, line.as_bytes(), fake.now).unwrap();
    let bodies: Vec<String> =
        (0..6).map(|number| issuance(&kid, &key, &format!("{number}"), fake.now)).collect();
    let entries: Vec<_> = bodies.iter().map(|body| (Kind::Issuance, body.as_bytes())).collect();
    // It was asked before the node took less.
    assert!(sink.submit_each(&entries[..2], fake.now).refused.is_none());
    fake.node.lock().unwrap().burst = Some(2);
    let submitted = sink.submit_each(&entries, fake.now);
    assert!(submitted.refused.is_none(), "{submitted:?}");
    let places: Vec<u64> = submitted.taken.iter().map(|one| one.unwrap().leaf_index).collect();
    assert!(places.is_sorted(), "in their order: {places:?}");
}

#[test]
fn a_batch_whose_answer_does_not_hold_is_refused() {
    type Twist = fn(&mut Value, &NoteSigner);
    let lies: &[(&str, Twist)] = &[
        ("one is left out", |said, _| drop(said["results"].as_array_mut().unwrap().pop())),
        ("two are swapped", |said, _| said["results"].as_array_mut().unwrap().swap(0, 1)),
        ("no promise", |said, _| said["promise"] = Value::Null),
        ("one place for two", |said, _| {
            said["results"][1]["index"] = said["results"][0]["index"].clone()
        }),
        ("a promise of one alone", |said, log| {
            let leaves = leaf_in(&said["results"][0]);
            said["promise"] = signed(log, ORIGIN, leaves, Timestamp::EPOCH).into();
        }),
    ];
    let fake = Fake::start();
    let (kid, key, line) = did(3, fake.now);
    writer(&fake).submit(Kind::Did, line.as_bytes(), fake.now).unwrap();
    for (what, twist) in lies {
        fake.lies(Lie::Answer(Box::new(*twist)));
        let bodies: Vec<String> = (0..3)
            .map(|number| issuance(&kid, &key, &format!("{what}{number}"), fake.now))
            .collect();
        let entries: Vec<_> = bodies.iter().map(|body| (Kind::Issuance, body.as_bytes())).collect();
        let refused = writer(&fake).submit_each(&entries, fake.now).refused.unwrap();
        assert_eq!(refused.code(), "acknowledgement-invalid", "{what}");
    }
}
