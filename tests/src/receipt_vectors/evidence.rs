//! Evidence of broken rules (`inkan-evidence/1`): split views, forks of a DID and broken promises, and what proves nothing.

use std::collections::BTreeMap;

use inkan_core::encoding::{b64, b64u};
use inkan_crypto::KeyType;
use inkan_ledger::promise::Promise;
use inkan_ledger::{Flags, LeafHash, SignedNote};
use serde_json::{Value, json};

use super::Group;
use super::book::{Book, Named, Person, START, at};

const NOTHING: &str = "ledger-evidence-proves-nothing";
const MALFORMED: &str = "ledger-evidence-malformed";

/// A log whose leaves differ with `salt` from place 4 on: two of them are two histories under one name.
fn book(salt: u8) -> Book {
    let mut book = Book::new("ledger.example", 1);
    book.seal();
    let person = Person::new(11, KeyType::Ed25519, Some("ledger.example"));
    book.record(&person, Flags::PRE_ROTATION.with(Flags::PORTABLE));
    for number in 0..8_u8 {
        let salt = if number < 2 { 0 } else { salt };
        let body = person.issuance(&book, &[number, salt]);
        book.push(inkan_ledger::Kind::Issuance, body.as_bytes());
    }
    book.seal();
    book
}

/// The file.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn group() -> Group {
    let (one, other) = (book(0), book(1));
    let defaults =
        json!({ "check": "evidence", "policy": one.two_of_three(), "now": START + 5_000 });
    let mut group = Group::new(
        "evidence",
        "Evidence files: split views, forks of a DID, broken promises, and what proves nothing.",
        defaults,
    );
    heads(&mut group, &one, &other);
    growth(&mut group, &one, &other);
    leaves(&mut group, &one, &other);
    versions(&mut group);
    promises(&mut group, &one, &other);
    forms(&mut group, &one, &other);
    group
}

fn ask(evidence: &Value) -> Value {
    let mut evidence = evidence.clone();
    if let Some(members) = evidence.as_object_mut() {
        members.entry("type").or_insert_with(|| "inkan-evidence/1".into());
    }
    json!({ "evidence": evidence.to_string() })
}

fn notes(one: &SignedNote, other: &SignedNote) -> Value {
    json!({ "notes": [one.to_string(), other.to_string()] })
}

/// What is shown of a split view.
fn split(sizes: [u64; 2], witnesses: &[&str]) -> Value {
    json!({
        "proves": "split-view", "log": "ledger.example", "sizes": sizes, "witnesses": witnesses,
        "checks": { "halves": "pass", "contradiction": "pass" },
    })
}

/// Two heads of one size.
fn heads(group: &mut Group, one: &Book, other: &Book) {
    group.holds(
        "two roots of one size, signed by the log alone",
        ask(&notes(&one.signed(11), &other.signed(11))),
        &split([11, 11], &[]),
    );
    group.holds(
        "two roots of one size, two witnesses cosigned both",
        ask(&notes(&one.cosigned(11, &[10, 20, 30]), &other.cosigned(11, &[40, 50]))),
        &split([11, 11], &["w1", "w2"]),
    );
    let mut late = other.cosigned(11, &[40]);
    other.witnesses[1].cosign(&mut late, 90_000);
    group.holds(
        "a cosignature from the future accuses nobody",
        ask(&notes(&one.cosigned(11, &[10, 20]), &late)),
        &split([11, 11], &["w1"]),
    );
    let mut borrowed = other.signed(11);
    for line in one.cosigned(11, &[10]).signatures() {
        if line.name == "w1.example" {
            borrowed.put(line.clone());
        }
    }
    group.holds(
        "a cosignature of the other note accuses nobody",
        ask(&notes(&one.cosigned(11, &[10]), &borrowed)),
        &split([11, 11], &[]),
    );
    group.refused("one head twice", ask(&notes(&one.signed(11), &one.signed(11))), NOTHING);
    group.refused(
        "two sizes without a path",
        ask(&notes(&one.signed(9), &other.signed(11))),
        NOTHING,
    );
    let mut foreign = book(1);
    foreign.origin = "other.example".to_owned();
    foreign.log = Named::log("other.example", 77);
    let both = format!("log {}\nlog {}\nquorum none\n", one.log.key, foreign.log.key);
    let mut request = ask(&notes(&one.signed(11), &foreign.signed(11)));
    request["policy"] = both.into();
    group.refused("heads of two logs", request, NOTHING);
    group.refused(
        "a head of a log that is not pinned",
        ask(&notes(&one.signed(11), &foreign.signed(11))),
        "unknown-log",
    );
    let forged = other.signed(11).to_string().replacen("\n11\n", "\n12\n", 1);
    group.refused(
        "a head that the log did not sign",
        ask(&json!({ "notes": [one.signed(11).to_string(), forged] })),
        "log-signature-invalid",
    );
    let promise = promise_of(one, &[5]).to_string();
    group.refused(
        "a promise in the place of a head",
        ask(&json!({ "notes": [one.signed(11).to_string(), promise] })),
        "malformed-receipt",
    );
}

/// Two heads of two sizes, and how the larger tree begins.
fn growth(group: &mut Group, one: &Book, other: &Book) {
    let path = |book: &Book, old: u64, new: u64| -> Vec<Value> {
        let path = book.tree().consistency(old, new).expect("a path");
        path.iter().map(|node| b64(node.digest().as_bytes()).into()).collect()
    };
    let root = |book: &Book, size: u64| {
        Value::from(b64(book.tree().root(size).expect("a size").digest().as_bytes()))
    };
    let with = |old: &SignedNote, new: &SignedNote, growth: Value| {
        let mut evidence = notes(old, new);
        evidence["growth"] = growth;
        ask(&evidence)
    };
    for old in [5, 6, 8, 9] {
        let begins = json!({ "root": root(other, old), "path": path(other, old, 11) });
        group.holds(
            format!("a tree of 11 that does not begin with the head of {old}"),
            with(&one.cosigned(old, &[10, 20, 30]), &other.cosigned(11, &[40, 50]), begins.clone()),
            &split([old, 11], &["w1", "w2"]),
        );
        let mut short = begins.clone();
        short["path"].as_array_mut().expect("a path").pop();
        group.refused(
            format!("the path from {old} is short"),
            with(&one.signed(old), &other.signed(11), short),
            NOTHING,
        );
        let mut long = begins.clone();
        long["path"].as_array_mut().expect("a path").push(root(one, 3));
        group.refused(
            format!("the path from {old} is long"),
            with(&one.signed(old), &other.signed(11), long),
            NOTHING,
        );
        group.refused(
            format!("a tree of 11 that begins with the head of {old}"),
            with(&other.signed(old), &other.signed(11), begins),
            NOTHING,
        );
    }
    let begins = json!({ "root": root(other, 8), "path": path(other, 8, 11) });
    group.refused(
        "the larger head first",
        with(&other.signed(11), &one.signed(8), begins.clone()),
        NOTHING,
    );
    let empty = json!({ "root": root(other, 8), "path": [] });
    group.refused("no path", with(&one.signed(8), &other.signed(11), empty), NOTHING);
    for (name, growth) in [
        ("growth is a list", json!([root(other, 8)])),
        ("growth without a root", json!({ "path": path(other, 8, 11) })),
        ("growth with something more", json!({ "root": root(other, 8), "path": [], "size": 8 })),
        ("a root of 31 bytes", json!({ "root": b64(&[1; 31]), "path": [] })),
        ("a node of 33 bytes", json!({ "root": root(other, 8), "path": [b64(&[1; 33])] })),
        ("a node that is a number", json!({ "root": root(other, 8), "path": [1] })),
        (
            "a path of 127 nodes",
            json!({ "root": root(other, 8), "path": vec![b64(&[1; 32]); 127] }),
        ),
    ] {
        group.refused(name, with(&one.signed(8), &other.signed(11), growth), MALFORMED);
    }
}

/// Two leaves at one place.
fn leaves(group: &mut Group, one: &Book, other: &Book) {
    let with = |first: (&Book, u64, &SignedNote), second: (&Book, u64, &SignedNote)| {
        let [first, second] = [first, second].map(|(book, index, note)| book.receipt(index, note));
        json!({
            "proofs": [first.proof().to_string(), second.proof().to_string()],
            "leaves": [b64u(first.leaf_bytes()), b64u(second.leaf_bytes())],
        })
    };
    let (small, large) = (one.cosigned(7, &[10, 20, 30]), other.cosigned(11, &[40, 50]));
    let good = with((one, 5, &small), (other, 5, &large));
    group.holds("two leaves at one place", ask(&good), &split([7, 11], &["w1", "w2"]));
    group.refused(
        "one leaf under two heads",
        ask(&with((one, 2, &small), (other, 2, &large))),
        NOTHING,
    );
    group.refused(
        "leaves at two places",
        ask(&with((one, 5, &small), (other, 6, &large))),
        NOTHING,
    );
    let mut wrong = good.clone();
    wrong["leaves"][0] = good["leaves"][1].clone();
    group.refused("a leaf that is not there", ask(&wrong), "inclusion-invalid");
    let mut moved = good.clone();
    moved["proofs"][0] =
        good["proofs"][0].as_str().expect("text").replacen("index 5", "index 4", 1).into();
    group.refused("a path that leads elsewhere", ask(&moved), "inclusion-invalid");
    let mut broken = good.clone();
    broken["proofs"][1] = "c2sp.org/tlog-proof@v1\n".into();
    group.refused("a proof that is none", ask(&broken), "malformed-receipt");
    let mut loose = good.clone();
    loose["leaves"][1] = "=".into();
    group.refused("a leaf that is not base64url", ask(&loose), MALFORMED);
    let mut three = good;
    let again = three["proofs"][0].clone();
    three["proofs"].as_array_mut().expect("a list").push(again);
    group.refused("three proofs", ask(&three), MALFORMED);
}

/// Two versions of one DID under one number.
fn versions(group: &mut Group) {
    let person = || Person::new(31, KeyType::Ed25519, Some("ledger.example"));
    let (first, mut one, mut other) = (person().line().to_owned(), person(), person());
    one.rotate(10);
    other.recover(20);
    let with =
        |history: &[&str], entries: [&str; 2]| json!({ "history": history, "entries": entries });
    let fork = with(&[&first], [one.line(), other.line()]);
    group.holds(
        "two authorised successors of one version",
        ask(&fork),
        &json!({
            "proves": "did-equivocation", "scid": one.scid(), "number": 2,
            "versionIds": [one.head.version_id(), other.head.version_id()],
            "checks": { "halves": "pass", "contradiction": "pass" },
        }),
    );
    let mut ended = person();
    ended.deactivate(30);
    group.holds(
        "a rotation beside an end",
        ask(&with(&[&first], [one.line(), ended.line()])),
        &json!({ "proves": "did-equivocation", "number": 2 }),
    );
    let second = one.line().to_owned();
    let (mut third, mut fourth) = (person(), person());
    third.rotate(10);
    third.rotate(40);
    fourth.rotate(10);
    fourth.recover(50);
    group.holds(
        "two successors of a later version",
        ask(&with(&[&first, &second], [third.line(), fourth.line()])),
        &json!({ "proves": "did-equivocation", "number": 3 }),
    );
    group.refused("one version twice", ask(&with(&[&first], [one.line(), one.line()])), NOTHING);
    let unauthorised = "entry-signature-invalid";
    let stranger = Person::new(32, KeyType::Ed25519, Some("ledger.example"));
    group.refused(
        "two first versions of two DIDs",
        ask(&with(&[], [&first, stranger.line()])),
        NOTHING,
    );
    let changed = other.line().replacen("people.example", "purple.example", 1);
    let (signature, other_signature) = (proof_value(one.line()), proof_value(other.line()));
    let borrowed = other.line().replacen(&other_signature, &signature, 1);
    for (name, evidence) in [
        ("a successor of another DID", with(&[&first], [one.line(), stranger.line()])),
        ("a history that is missing", with(&[], [one.line(), other.line()])),
        ("a history that is too long", with(&[&first, &second], [one.line(), other.line()])),
        ("a history out of order", with(&[&second, &first], [one.line(), other.line()])),
        ("a version that was altered", with(&[&first], [one.line(), &changed])),
        ("a version with the signature of the other", with(&[&first], [one.line(), &borrowed])),
        ("a version that is no JSON", with(&[&first], [one.line(), "{"])),
        ("no version at all", with(&[&first], [one.line(), ""])),
    ] {
        group.refused(name, ask(&evidence), unauthorised);
    }
    let mut early = ask(&fork);
    early["now"] = (START - 10_000).into();
    group.refused("versions from the future", early, unauthorised);
    group.refused(
        "one version",
        ask(&json!({ "history": [first], "entries": [second] })),
        MALFORMED,
    );
    group.refused(
        "a history that is a text",
        ask(&json!({ "history": first, "entries": [second, second] })),
        MALFORMED,
    );
}

fn proof_value(line: &str) -> String {
    let value: Value = serde_json::from_str(line).expect("JSON");
    value["proof"][0]["proofValue"].as_str().expect("a signature").to_owned()
}

fn promise_of(book: &Book, indexes: &[u64]) -> SignedNote {
    let leaves: BTreeMap<u64, LeafHash> =
        indexes.iter().map(|index| (*index, LeafHash::of(book.leaf(*index)))).collect();
    let promise = Promise::new(&book.origin, at(1_000), leaves).expect("a promise");
    promise.sign(&book.log.key, &book.log.secret).expect("a signature")
}

/// Promises that were not kept.
fn promises(group: &mut Group, one: &Book, other: &Book) {
    let promise = promise_of(one, &[3, 5]).to_string();
    let shown = |index: u64| {
        json!({
            "proves": "promise-broken", "log": "ledger.example", "index": index,
            "deadline": START + 1_000,
        })
    };
    let leaf = |book: &Book, index: u64| {
        let receipt = book.receipt(index, &book.signed(11));
        json!({
            "promise": promise, "proof": receipt.proof().to_string(),
            "leaf": b64u(receipt.leaf_bytes()),
        })
    };
    group.holds("another leaf at a promised place", ask(&leaf(other, 5)), &shown(5));
    group.refused("the promised leaf at its place", ask(&leaf(one, 5)), NOTHING);
    group.refused("another leaf at another place", ask(&leaf(other, 6)), NOTHING);
    let missing = |times: &[i64]| json!({ "promise": promise, "checkpoint": one.cosigned(4, times).to_string() });
    group.holds("still missing after the deadline", ask(&missing(&[1_001, 1_002])), &shown(5));
    group.refused("one witness of three says so", ask(&missing(&[1_001])), NOTHING);
    group.refused("missing before the deadline", ask(&missing(&[900, 900, 900])), NOTHING);
    let covered =
        json!({ "promise": promise, "checkpoint": one.cosigned(6, &[1_001, 1_002]).to_string() });
    group.refused("it is covered", ask(&covered), NOTHING);
    let mut forged = leaf(other, 5);
    forged["promise"] =
        promise.replacen(&(START + 1_000).to_string(), &(START + 999).to_string(), 1).into();
    group.refused("a promise that the log did not sign", ask(&forged), "log-signature-invalid");
    let mut head = leaf(other, 5);
    head["promise"] = one.signed(11).to_string().into();
    group.refused("a head in the place of a promise", ask(&head), "malformed-receipt");
}

/// What is no evidence.
fn forms(group: &mut Group, one: &Book, other: &Book) {
    let good = notes(&one.signed(11), &other.signed(11));
    let mut typed = good.clone();
    typed["type"] = "inkan-evidence/2".into();
    group.refused("another type", ask(&typed), MALFORMED);
    let mut more = good.clone();
    more["comment"] = "look".into();
    group.refused("a member too many", ask(&more), MALFORMED);
    let mut mixed = good.clone();
    mixed["history"] = json!([]);
    group.refused("members of two forms", ask(&mixed), MALFORMED);
    let mut single = good.clone();
    single["notes"].as_array_mut().expect("a list").pop();
    group.refused("one half", ask(&single), MALFORMED);
    let mut number = good.clone();
    number["notes"][1] = 1.into();
    group.refused("a half that is a number", ask(&number), MALFORMED);
    let mut no_note = good.clone();
    no_note["notes"][1] = "ledger.example\n11\n".into();
    group.refused("a half that is no note", ask(&no_note), MALFORMED);
    for (name, text) in [
        ("not JSON", "{".to_owned()),
        ("a list", "[]".to_owned()),
        ("nothing", String::new()),
        (
            "a name twice",
            format!(
                "{{\"type\":\"inkan-evidence/1\",{}",
                &ask(&good)["evidence"].as_str().expect("text")[1..]
            ),
        ),
    ] {
        group.refused(name, json!({ "evidence": text }), MALFORMED);
    }
    let mut policy = ask(&good);
    policy["policy"] = "quorum\n".into();
    group.refused("a policy that is none", policy, "policy-invalid");
}
