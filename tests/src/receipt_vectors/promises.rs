//! Inclusion promises (§3.6 of the ledger specification): kept, pending, broken, and what is no promise.

use std::collections::BTreeMap;

use inkan_core::encoding::b64;
use inkan_crypto::{KeyType, Signer};
use inkan_ledger::note::SignatureLine;
use inkan_ledger::promise::Promise;
use inkan_ledger::{Flags, LeafHash, SignedNote};
use serde_json::{Value, json};

use super::Group;
use super::book::{Book, Named, Person, START, at};

/// A log with a DID and issuances; `salt` makes two logs of the same name differ from place 4 on.
fn book(salt: u8) -> Book {
    let mut book = Book::new("ledger.example", 1);
    book.seal();
    let person = Person::new(11, KeyType::Ed25519, Some("ledger.example"));
    book.record(&person, Flags::PRE_ROTATION.with(Flags::PORTABLE));
    for number in 0..6_u8 {
        let salt = if number < 2 { 0 } else { salt };
        let body = person.issuance(&book, &[number, salt]);
        book.push(inkan_ledger::Kind::Issuance, body.as_bytes());
    }
    book.seal();
    book
}

fn promised(book: &Book, indexes: &[u64]) -> BTreeMap<u64, LeafHash> {
    indexes.iter().map(|index| (*index, LeafHash::of(book.leaf(*index)))).collect()
}

/// A promise until a thousand seconds after the beginning.
fn promise(book: &Book, indexes: &[u64]) -> SignedNote {
    let promise =
        Promise::new(&book.origin, at(1_000), promised(book, indexes)).expect("a promise");
    promise.sign(&book.log.key, &book.log.secret).expect("a signature")
}

/// The file.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn group() -> Group {
    let book = book(0);
    let defaults =
        json!({ "check": "promise", "policy": book.two_of_three(), "now": START + 5_000 });
    let mut group = Group::new(
        "promises",
        "Inclusion promises: kept, pending, broken, and what is no promise.",
        defaults,
    );
    states(&mut group, &book);
    forms(&mut group, &book);
    group
}

fn states(group: &mut Group, book: &Book) {
    let note = book.cosigned(9, &[10, 20, 30]);
    let sidecar = |index: u64| book.sidecar(index, &note);
    let ask = |promise: &SignedNote, receipts: &[String], heads: &[SignedNote]| {
        let heads: Vec<_> = heads.iter().map(ToString::to_string).collect();
        json!({ "promise": promise.to_string(), "receipts": receipts, "heads": heads })
    };
    let one = promise(book, &[5]);
    let two = promise(book, &[3, 5]);
    let pending = "promise-pending";
    let broken = "promise-broken";
    group.holds("kept", ask(&one, &[sidecar(5)], &[]), &json!({
        "origin": "ledger.example", "deadline": START + 1_000, "promised": [5], "checks": { "promise": "pass" },
    }));
    group.holds(
        "kept, both of two",
        ask(&two, &[sidecar(5), sidecar(3)], &[]),
        &json!({ "promised": [3, 5] }),
    );
    group.refused("nothing at hand", json!({ "promise": one.to_string() }), pending);
    group.refused("one of two at hand", ask(&two, &[sidecar(5)], &[]), pending);
    group.refused("another leaf at hand", ask(&one, &[sidecar(4)], &[]), pending);
    let lonely = book.sidecar(5, &book.cosigned(9, &[10]));
    group.refused("a receipt short of the quorum", ask(&one, &[lonely], &[]), pending);
    let fork = self::book(1);
    let other = fork.sidecar(5, &fork.signed(9));
    group.refused(
        "another leaf in its place, signed by the log alone",
        ask(&one, std::slice::from_ref(&other), &[]),
        broken,
    );
    group.refused("both leaves in one place", ask(&one, &[sidecar(5), other.clone()], &[]), broken);
    group.holds(
        "a fork after the place",
        ask(&promise(book, &[2]), &[fork.sidecar(2, &fork.cosigned(9, &[10, 20, 30]))], &[]),
        &json!({}),
    );
    let unsigned = other.replacen("ledger.example", "other.example", 1);
    group.refused("another leaf, of another log", ask(&one, &[unsigned], &[]), pending);
    let moved = other.replacen("index 5", "index 6", 1);
    group.refused(
        "another leaf, its path broken",
        ask(&promise(book, &[6]), &[moved], &[]),
        pending,
    );
    let short = |times: &[i64]| book.cosigned(4, times);
    group.refused(
        "still missing after the deadline",
        ask(&one, &[], &[short(&[1_001, 1_001, 10])]),
        broken,
    );
    group.refused(
        "still missing at the deadline",
        ask(&one, &[], &[short(&[1_000, 1_000, 1_000])]),
        pending,
    );
    group.refused("one witness lags", ask(&one, &[], &[short(&[2_000, 900, 900])]), pending);
    group.refused(
        "the last of two still missing",
        ask(&two, &[], &[book.cosigned(5, &[2_000, 2_000])]),
        broken,
    );
    group.refused(
        "a head that covers the place",
        ask(&one, &[], &[book.cosigned(6, &[2_000, 2_000])]),
        pending,
    );
    let old = [short(&[2_000, 2_000])];
    group.holds(
        "an old head at new witnesses after the deadline, the leaf witnessed before",
        ask(&one, &[sidecar(5)], &old),
        &json!({ "promised": [5] }),
    );
    group.refused(
        "the same, and of two leaves one was witnessed",
        ask(&promise(book, &[5, 6]), &[sidecar(5)], &old),
        broken,
    );
    let late = book.sidecar(5, &book.cosigned(9, &[1_001, 1_001, 10]));
    group.refused("an old head, and the leaf witnessed too late", ask(&one, &[late], &old), broken);
    let mut forged = short(&[2_000, 2_000]);
    let mut line = forged.signatures()[1].clone();
    line.signature[20] ^= 1;
    forged.put(line);
    group.refused("a late head with a forged cosignature", ask(&one, &[], &[forged]), pending);
    group.refused("a late head of the future", ask(&one, &[], &[short(&[9_000, 9_000])]), pending);
    let half = book.policy("quorum w1\n").replace("witness w3", "# witness w3");
    let request = super::merged(&ask(&one, &[], &[short(&[2_000])]), &json!({ "policy": half }));
    group.refused("half of the witnesses", request, pending);
    let none = json!({ "policy": format!("log {}\nquorum none\n", book.log.key) });
    group.refused("no witness", super::merged(&ask(&one, &[], &[short(&[2_000])]), &none), pending);
    group.holds(
        "no witness, and a receipt",
        super::merged(&ask(&one, &[sidecar(5)], &[]), &none),
        &json!({}),
    );
    group.refused(
        "a receipt that is none",
        ask(&one, &["{}".to_owned()], &[]),
        "malformed-receipt",
    );
    let head = json!({ "promise": one.to_string(), "heads": ["x"] });
    group.refused("a head that is none", head, "malformed-receipt");
    let promise_as_head = json!({ "promise": one.to_string(), "heads": [one.to_string()] });
    group.refused("a promise as a head", promise_as_head, "malformed-receipt");
    let receipt = json!({ "promise": note.to_string() });
    group.refused("a checkpoint as a promise", receipt, "malformed-receipt");
}

/// Any text, signed as the log.
fn signed(book: &Book, text: &str) -> String {
    let mut note = SignedNote::new(text.to_owned());
    let signature = book.log.secret.sign(text.as_bytes()).expect("a signature");
    let (name, key_id) = (book.log.key.name().to_owned(), book.log.key.id());
    note.put(SignatureLine { name, key_id, signature });
    note.to_string()
}

fn forms(group: &mut Group, book: &Book) {
    let text = |promise: &str| -> Value { json!({ "promise": promise }) };
    let whole = promise(book, &[3, 5]);
    let body = whole.text();
    let mut refuse = |name: &str, body: String| {
        group.refused(format!("signed: {name}"), text(&signed(book, &body)), "malformed-receipt");
    };
    refuse("another first line", body.replacen("/v1", "/v2", 1));
    refuse("no leaf", body.lines().take(3).map(|line| format!("{line}\n")).collect());
    refuse("an empty origin", body.replacen("ledger.example", "", 1));
    refuse("a deadline with a sign", body.replacen("\n17", "\n+17", 1));
    refuse("a deadline with a leading zero", body.replacen("\n17", "\n017", 1));
    refuse("a place with a leading zero", body.replacen("\n5 ", "\n05 ", 1));
    refuse("places that fall", body.replacen("\n5 ", "\n2 ", 1));
    refuse("a place twice", body.replacen("\n5 ", "\n3 ", 1));
    refuse("a leaf without a place", body.replacen("\n5 ", "\n", 1));
    refuse("two blanks before a leaf", body.replacen("\n5 ", "\n5  ", 1));
    refuse("a loose leaf", body.replacen("=\n", "\n", 1));
    refuse("a line more", format!("{body}x\n"));
    refuse("a tab", body.replacen("\n5 ", "\n5\t", 1));
    let many = |count: u64| {
        let leaf = b64(&[1; 32]);
        let lines: String = (0..count).map(|index| format!("{index} {leaf}\n")).collect();
        signed(book, &format!("inkan-promise/v1\nledger.example\n{START}\n{lines}"))
    };
    group.refused("a thousand leaves", text(&many(1_000)), "promise-pending");
    group.refused("a thousand and one leaves", text(&many(1_001)), "malformed-receipt");
    let mut padded = whole.clone();
    for number in 0..16 {
        let name = format!("x{number}");
        padded.put(SignatureLine { name, key_id: [0; 4], signature: vec![0; 6_000] });
    }
    group.refused("more than 65,536 bytes", text(&padded.to_string()), "promise-pending");
    let big = SignatureLine { name: "y".to_owned(), key_id: [0; 4], signature: vec![0; 6_000] };
    padded.put(big);
    group.refused("more than 131,072 bytes", text(&padded.to_string()), "malformed-receipt");
    let far = body.replacen(&(START + 1_000).to_string(), "9223372036854775807", 1);
    let covered = json!({
        "promise": signed(book, &far),
        "receipts": [book.sidecar(3, &book.cosigned(9, &[1, 1, 1])), book.sidecar(5, &book.cosigned(9, &[1, 1, 1]))],
    });
    group.holds(
        "a deadline that no calendar has",
        covered,
        &json!({ "deadline": 253_402_207_200_i64 }),
    );
    let other = Named::log("ledger.example", 77);
    let promise =
        Promise::new("ledger.example", at(1_000), promised(book, &[3])).expect("a promise");
    let foreign = promise.sign(&other.key, &other.secret).expect("a signature");
    group.refused("another key", text(&foreign.to_string()), "unknown-log");
    let mut changed = whole.clone();
    let mut line = changed.signatures()[0].clone();
    line.signature[9] ^= 1;
    changed.put(line);
    group.refused("a changed signature", text(&changed.to_string()), "log-signature-invalid");
    group.refused(
        "no policy",
        json!({ "promise": whole.to_string(), "policy": "x" }),
        "policy-invalid",
    );
    group.refused("not UTF-8", json!({ "promise": { "b64": b64(b"\xff") } }), "malformed-receipt");
}
