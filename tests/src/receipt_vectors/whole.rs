//! Receipts for every leaf of a log of 300, under three quorums.

use inkan_crypto::KeyType;
use inkan_ledger::Flags;
use serde_json::json;

use super::Group;
use super::book::{Book, Person, START};

const FILES: [(&str, &str, &str); 3] = [
    (
        "receipts-1-of-1",
        "A receipt for every leaf of a log of 300, under a quorum of one witness; the proofs share a checkpoint.",
        "quorum w1\n",
    ),
    (
        "receipts-2-of-3",
        "The same receipts under a quorum of two witnesses of three.",
        "group g 2 w1 w2 w3\nquorum g\n",
    ),
    (
        "receipts-nested",
        "The same receipts under a quorum of the third witness and one of the two others.",
        "group either any w1 w2\ngroup both all either w3\nquorum both\n",
    ),
];

/// The log: one epoch leaf, three DIDs, entries by all of them, an epoch leaf at the end.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn book() -> Book {
    let mut book = Book::new("ledger.example", 1);
    book.seal();
    let people = [
        Person::new(11, KeyType::Ed25519, Some("ledger.example")),
        Person::new(12, KeyType::P256, Some("ledger.example")),
        Person::new(13, KeyType::Ed25519, None),
    ];
    for person in &people {
        book.record(person, Flags::PRE_ROTATION.with(Flags::PORTABLE));
    }
    while book.size() < 299 {
        let person = &people[book.size() as usize % 3];
        let body = person.issuance(&book, &book.size().to_be_bytes());
        book.push(inkan_ledger::Kind::Issuance, body.as_bytes());
    }
    book.seal();
    book
}

/// The files.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn groups() -> Vec<Group> {
    let book = book();
    let note = book.cosigned(300, &[310, 320, 330]);
    // When the quorum is met by stamps up to then, and from then on.
    let times = [(310, 310, 1), (320, 320, 2), (330, 320, 3)];
    let files = FILES.iter().zip(times);
    files
        .map(|((name, about, rules), (existed_by, fresh_at, witnesses))| {
            let defaults = json!({
                "check": "receipt", "policy": book.policy(rules), "checkpoints": [note.to_string()],
                "now": START + 400, "maxAge": 100,
            });
            let mut group = Group::new(name, about, defaults);
            for index in 0..300 {
                let receipt =
                    book.receipt(index, &note).to_bundle_value(&mut vec![note.to_string()]);
                group.holds(
                    format!("leaf {index}"),
                    json!({ "receipt": receipt.to_string() }),
                    &json!({
                        "index": index, "size": 300,
                        "existedBy": START + existed_by, "freshAt": START + fresh_at,
                        "grade": [format!("witnessed {witnesses}")],
                    }),
                );
            }
            group
        })
        .collect()
}
