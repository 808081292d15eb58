//! Whatever entries name: the log goes on, and nobody takes another's file away.

use std::fs;

use inkan_core::rng::insecure::SeededRng;
use inkan_ledger::{StatusFormat, verify_receipt};

use super::super::tests::{ORIGIN, Person, at};
use super::super::{LedgerFolder, LedgerReader, OpenOptions};
use super::*;
use crate::files::faults::{Fault, FaultyFiles};

fn create(folder: &Path) -> LedgerFolder {
    LedgerFolder::create(folder, ORIGIN, &mut SeededRng::new(1), at(0)).unwrap()
}

fn register(ledger: &mut LedgerFolder, people: &[&Person]) {
    for person in people {
        ledger.submit(Kind::Did, person.line.as_bytes(), at(10)).unwrap();
    }
    ledger.checkpoint(at(11)).unwrap();
}

fn claims(uri: &str, sequence: u64, list: &[u8]) -> Claims {
    Claims::Status(StatusClaims {
        uri: uri.to_owned(),
        format: StatusFormat::TokenJwt,
        sequence,
        digest: sha256(&[list]),
        length: 131_072,
        not_before: at(0),
        expires: at(9_000),
    })
}

/// Records a list, covers it, and hands it over.
fn enter(ledger: &mut LedgerFolder, person: &Person, uri: &str, list: &[u8]) {
    let body = person.sign(&claims(uri, 1, list), at(20));
    ledger.submit(Kind::Status, body.as_bytes(), at(20)).unwrap();
    ledger.checkpoint(at(21)).unwrap();
    ledger.put_status_list(person.scid(), uri, 1, list).unwrap();
    let kept = ledger.reader().status_list(person.scid(), uri, 1).unwrap();
    assert_eq!(kept.as_deref(), Some(list), "{uri}: at /v1/status/list it is there always");
}

fn text(folder: &Path, path: &str) -> Option<String> {
    fs::read_to_string(folder.join("public").join(path)).ok()
}

fn passed(ledger: &LedgerFolder) -> GatewayMetrics {
    ledger.engine.gateway.as_ref().unwrap().metrics()
}

/// What is left of a ledger still works: it seals, proves, and opens again.
fn goes_on(mut ledger: LedgerFolder, folder: &Path) {
    let person = Person::new(900);
    register(&mut ledger, &[&person]);
    assert_eq!(text(folder, &format!("{ORIGIN}/p900/did.jsonl")), Some(person.line.clone() + "\n"));
    drop(ledger);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        files::remove(&folder.join(name)).unwrap();
    }
    fs::remove_dir_all(folder.join("public")).unwrap();
    let mut ledger = LedgerFolder::open(folder, at(30)).unwrap();
    let body = person.sign(&person.issuance(b"a"), at(30));
    let index = ledger.submit(Kind::Issuance, body.as_bytes(), at(30)).unwrap().leaf_index;
    ledger.checkpoint(at(31)).unwrap();
    let view = ledger.reader().view_at(None).unwrap().unwrap();
    verify_receipt(&view.receipt(index).unwrap(), ledger.reader().policy(), at(40)).unwrap();
    assert_eq!(text(folder, &format!("{ORIGIN}/p900/did.jsonl")), Some(person.line + "\n"));
}

/// Without `public_path`'s refusals and `or_passed`, each of these DIDs ended a node for good: sealing failed, and so did
/// every opening after it.
#[test]
fn no_did_stops_the_log_whatever_place_it_names() {
    let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)].join(".");
    let deep = vec!["x".repeat(190); 9].join("/");
    let places: [(&str, Option<&str>); 8] = [
        (ORIGIN, Some("alice")),
        (ORIGIN, Some("alice/did.jsonl")),
        (ORIGIN, Some("alice/did-witness.json/bob")),
        (&format!("{long}:65535"), None),
        (&long, Some("x")),
        (ORIGIN, Some(&deep)),
        (ORIGIN, Some(".well-known")),
        (ORIGIN, Some(".status/x")),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = create(folder.path());
    let people: Vec<_> =
        (0..).zip(places).map(|(seed, (host, path))| Person::at(seed, host, path)).collect();
    for person in &people {
        register(&mut ledger, &[person]);
    }
    assert_eq!(text(folder.path(), "ledger.example/alice/did.jsonl").unwrap().lines().count(), 1);
    assert!(text(folder.path(), &format!("{long}/x/did.jsonl")).is_some());
    assert!(text(folder.path(), "ledger.example/.well-known/did.jsonl").is_none());
    assert_eq!(passed(&ledger).unfit, 5);
    goes_on(ledger, folder.path());
}

#[test]
fn no_status_list_stops_the_log_whatever_its_uri() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = create(folder.path());
    let (person, other) = (Person::at(1, "h.example", None), Person::at(2, "h.example", Some("x")));
    register(&mut ledger, &[&person, &other]);
    let long = format!("https://{}/x", "a".repeat(300));
    let below = format!("https://h.example/y/{}/1", person.scid());
    let over = format!("https://h.example/{}", "y/".repeat(240) + "z");
    for uri in [
        "https://h.example/y",
        &below,
        "https://h.example/y/1",
        &long,
        "https://h.example/x",
        "https://h.example/x/did.jsonl/y",
        "https://h.example/",
        "https://h.example",
        "https://h.example/../../keys/log",
        &over,
    ] {
        enter(&mut ledger, &person, uri, uri.as_bytes());
    }
    assert_eq!(text(folder.path(), "h.example/y").as_deref(), Some("https://h.example/y"));
    assert_eq!(text(folder.path(), "h.example/x/did.jsonl"), Some(other.line + "\n"));
    goes_on(ledger, folder.path());
}

/// A file that the system refuses keeps neither the log nor the files beside it.
#[test]
fn a_file_that_cannot_be_is_passed_over_and_a_disk_that_fails_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let layer = FaultyFiles::new(folder.path(), 5).unwrap();
    let options = OpenOptions { layer: Arc::new(layer.clone()), ..OpenOptions::default() };
    let rng = &mut SeededRng::new(1);
    let mut ledger =
        LedgerFolder::create_with(folder.path(), ORIGIN, &options, rng, at(0)).unwrap();
    let host = folder.path().join("public").join(ORIGIN);
    fs::create_dir_all(&host).unwrap();
    fs::write(host.join("p3"), "in the way").unwrap();
    let people: Vec<_> = (1..6).map(Person::new).collect();
    register(&mut ledger, &people.iter().collect::<Vec<_>>());
    let is_there = |seed| host.join(format!("p{seed}/did.jsonl")).exists();
    assert_eq!([1, 2, 3, 4, 5].map(is_there), [true, true, false, true, true]);
    assert_eq!(passed(&ledger), GatewayMetrics { failed: 1, ..GatewayMetrics::default() });

    let gateway = ledger.engine.gateway.clone().unwrap();
    let put = || gateway.put_each(Puts::from([(host.join("p9/did.jsonl"), b"x".to_vec())]));
    layer.fail_after(0, Fault::Full);
    assert!(put().unwrap_err().is_full());
    layer.heal();
    layer.fail_after(0, Fault::Sync);
    assert_eq!(put().unwrap_err().code(), "storage-unconfirmed");
    assert_eq!(passed(&ledger).failed, 1, "that is nothing to pass over");
}

/// Without the owner of a place, anybody's DID replaces the log of another that is read there.
#[test]
fn a_place_belongs_to_the_first_did_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = create(folder.path());
    let (victim, thief) =
        (Person::at(1, ORIGIN, Some("alice")), Person::at(2, ORIGIN, Some("alice")));
    let (same, below) =
        (Person::at(3, ORIGIN, Some("Alice")), Person::at(4, ORIGIN, Some("alice/b")));
    register(&mut ledger, &[&victim, &thief]);
    register(&mut ledger, &[&same, &below]);
    let line = victim.update(1, at(12));
    ledger.submit(Kind::Did, line.as_bytes(), at(12)).unwrap();
    let later = thief.update(1, at(12));
    ledger.submit(Kind::Did, later.as_bytes(), at(12)).unwrap();
    ledger.checkpoint(at(13)).unwrap();
    let place = "ledger.example/alice/did.jsonl";
    let served = Some(format!("{}\n{line}\n", victim.line));
    assert_eq!(text(folder.path(), place), served);
    assert!(text(folder.path(), "ledger.example/Alice/did.jsonl").is_none(), "on any file system");
    assert!(text(folder.path(), "ledger.example/alice/b/did.jsonl").is_some());
    assert_eq!(passed(&ledger).taken, 3);
    // Made again from the leaves, everything is whose it was.
    goes_on(ledger, folder.path());
    assert_eq!(text(folder.path(), place), served);
}

/// Without the place of a list's signer, anybody writes any file of a gateway's host.
#[test]
fn a_status_list_is_served_below_its_signers_did_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = create(folder.path());
    let victim = Person::at(1, ORIGIN, Some("people/alice"));
    let attacker = Person::at(2, ORIGIN, Some("adv"));
    register(&mut ledger, &[&victim, &attacker]);
    let uri = |path: &str| format!("https://{ORIGIN}/{path}");
    for path in [
        ".well-known/did.json",
        ".well-known/did.jsonl",
        ".well-known/acme-challenge/TOKEN",
        "adv/did.jsonl",
        "adv/did.json",
        "adv/did-witness.json",
        "adv/DID.jsonl",
        "adv/%64id.jsonl",
        "people/alice/did.jsonl",
        "people/alice/status/1",
        "people/index.html",
        "robots.txt",
    ] {
        enter(&mut ledger, &attacker, &uri(path), b"attacker");
        assert_ne!(text(folder.path(), &format!("{ORIGIN}/{path}")).as_deref(), Some("attacker"));
    }
    enter(&mut ledger, &attacker, "https://other.example/adv/1", b"attacker");
    assert!(text(folder.path(), "other.example/adv/1").is_none());
    assert_eq!(
        text(folder.path(), "ledger.example/adv/did.jsonl"),
        Some(attacker.line.clone() + "\n")
    );

    // One's own, and it stays: neither a later DID in its way nor the host's own takes it.
    enter(&mut ledger, &victim, &uri("people/alice/status/1"), b"alice's");
    let root = Person::at(3, ORIGIN, None);
    let folder_of_it = Person::at(4, ORIGIN, Some("people/alice/status/1"));
    let below_it = Person::at(5, ORIGIN, Some("people/alice/status/1/x"));
    let beside_it = Person::at(6, ORIGIN, Some("people/alice/status"));
    register(&mut ledger, &[&root, &folder_of_it, &below_it, &beside_it]);
    for other in [&root, &beside_it] {
        enter(&mut ledger, other, &uri("people/alice/status/1"), b"theirs");
    }
    let served = |name: &str| text(folder.path(), &format!("{ORIGIN}/{name}"));
    assert_eq!(served("people/alice/status/1").as_deref(), Some("alice's"));
    enter(&mut ledger, &root, &uri("status/1"), b"the host's");
    assert_eq!(served("status/1").as_deref(), Some("the host's"));

    // As it is read from outside.
    let reader = LedgerReader::open(folder.path()).unwrap();
    let list = reader.status_list(victim.scid(), &uri("people/alice/status/1"), 1).unwrap();
    assert_eq!(list.as_deref(), Some(b"alice's".as_slice()));
    drop(reader);
    goes_on(ledger, folder.path());
}
