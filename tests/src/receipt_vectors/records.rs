//! Records of a batch (V11, §2.5 and §5.5 of the ledger specification): whether one stands under an anchored root.

use inkan_core::encoding::b64u;
use inkan_core::{Digest, sha256};
use inkan_crypto::KeyType;
use inkan_ledger::note::SignedNote;
use inkan_ledger::{
    AnchorClaims, AnchorScope, Claims, DigestFormat, Flags, Kind, Opening, RECORD_ROOT,
    RecordBatch, SignedEntry,
};
use serde_json::{Value, json};

use super::Group;
use super::book::{Book, Person, START};

/// Under which salt the anchor with `com` commits to its root.
const ROOT_SALT: [u8; 16] = [9; 16];
/// Records in the batch of most cases.
const SIZE: u64 = 5;

/// What is broken, how, and the code it gets.
type Broken<'a> = (&'a str, &'a dyn Fn(&mut Value), &'a str);

/// The file.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn group() -> Group {
    let mut book = Book::new("ledger.example", 1);
    book.seal();
    let person = Person::new(11, KeyType::Ed25519, Some("ledger.example"));
    let did = book.record(&person, Flags::PRE_ROTATION.with(Flags::PORTABLE));
    let scope = AnchorScope::Dataset;
    let five = batch(0..SIZE);
    let committed = five.committed(scope, person.scid(), &ROOT_SALT);
    let public = five.public(scope);
    let single = batch(7..8);
    let mut write = |claims: AnchorClaims| book_entry(&mut book, &person, claims);
    let places = Places {
        committed: write(committed.clone()),
        public: write(public.clone()),
        single: write(single.public(scope)),
        uncounted: write(AnchorClaims { records: None, ..public.clone() }),
        miscounted: write(AnchorClaims { records: Some(SIZE + 1), ..public.clone() }),
        mistyped: write(AnchorClaims { media_type: "text/csv".to_owned(), ..public.clone() }),
        loud: write(AnchorClaims {
            media_type: RECORD_ROOT.to_ascii_uppercase(),
            ..committed.clone()
        }),
    };
    let note = book.sealed();
    let defaults = json!({ "check": "receipt", "policy": book.two_of_three(), "now": START + 100 });
    let about = "Records of a batch (V11): whether one stands under an anchored root.";
    let mut group = Group::new("records", about, defaults);
    let pages = Pages { book: &book, note: &note };
    let pass = json!({ "checks": { "opening": "pass" } });
    for index in 0..SIZE {
        for (name, place, salt) in
            [("com", places.committed, Some(ROOT_SALT)), ("dig", places.public, None)]
        {
            let asked = pages.asked(place, &value_of(&five, index, salt), index);
            group.holds(format!("record {index} of 5 under {name}"), asked, &pass);
        }
    }
    group.holds(
        "the only record of a batch",
        pages.asked(places.single, &value_of(&single, 0, None), 7),
        &pass,
    );
    let good = value_of(&five, 2, None);
    let asked = pages.asked(places.public, &good, 2);
    let whole = json!({ "history": [book.sidecar(did, &note)], "maxAge": 1_000, "kind": "anchor" });
    group.holds(
        "everything at once",
        super::merged(&asked, &whole),
        &json!({ "checks": { "entry": "pass", "opening": "pass", "age": "pass" } }),
    );
    group.holds(
        "no record at hand",
        json!({ "receipt": pages.receipt(places.public, &good) }),
        &json!({ "checks": { "opening": "not-checked" } }),
    );
    let sealed = value_of(&five, 2, Some(ROOT_SALT));
    for (name, place, good) in [("com", places.committed, &sealed), ("dig", places.public, &good)] {
        refusals(&mut group, &pages, (name, place, good), &five);
    }
    group.refused(
        "a root salt where the root is public",
        pages.asked(places.public, &sealed, 2),
        "opening-invalid",
    );
    group.refused(
        "no root salt where there is a commitment",
        pages.asked(places.committed, &good, 2),
        "opening-invalid",
    );
    group.refused(
        "another root salt",
        pages.asked(places.committed, &value_of(&five, 2, Some([8; 16])), 2),
        "opening-invalid",
    );
    for (name, place) in [
        ("an anchor that does not say how many", places.uncounted),
        ("an anchor that says six", places.miscounted),
        ("an anchor of another media type", places.mistyped),
        ("a DID entry", did),
        ("an epoch", 0),
    ] {
        group.refused(
            format!("a record under {name}"),
            pages.asked(place, &good, 2),
            "opening-invalid",
        );
    }
    let loud = pages.asked(places.loud, &sealed, 2);
    group.refused("a media type in capital letters", loud, "opening-invalid");
    // 65 bytes, whose SHA-256 is the root, are no file that somebody anchored.
    for (name, place) in [("", places.committed), (" in capital letters", places.loud)] {
        let file = Opening::new(DigestFormat::File, ROOT_SALT, *five.root()).to_value();
        let request =
            json!({ "receipt": pages.receipt(place, &file), "digest": five.root().to_b64u() });
        group.refused(format!("the root as a file{name}"), request, "opening-invalid");
    }
    malformed(&mut group, &sealed, &|opening| pages.asked(places.committed, opening, 2));
    group
}

/// Where the anchors stand.
struct Places {
    committed: u64,
    public: u64,
    single: u64,
    uncounted: u64,
    miscounted: u64,
    mistyped: u64,
    loud: u64,
}

/// The log, at one head.
struct Pages<'a> {
    book: &'a Book,
    note: &'a SignedNote,
}

impl Pages<'_> {
    fn receipt(&self, place: u64, opening: &Value) -> String {
        let mut value = self.book.receipt(place, self.note).to_value();
        value["opening"] = opening.clone();
        value.to_string()
    }

    fn asked(&self, place: u64, opening: &Value, record: u64) -> Value {
        json!({ "receipt": self.receipt(place, opening), "digest": digest_of(record).to_b64u() })
    }
}

fn book_entry(book: &mut Book, person: &Person, claims: AnchorClaims) -> u64 {
    let claims = Claims::Anchor(claims);
    let body = SignedEntry::sign(&claims, &person.kid(), &book.origin, &person.key, book.now());
    book.push(Kind::Anchor, body.expect("an entry").as_bytes())
}

/// SHA-256 of a record.
fn digest_of(record: u64) -> Digest {
    sha256(&[format!("record {record}").as_bytes()])
}

fn batch(records: std::ops::Range<u64>) -> RecordBatch {
    let salted = |record: u64| (digest_of(record), [u8::try_from(record).unwrap_or_default(); 16]);
    RecordBatch::new(records.map(salted)).expect("records")
}

fn value_of(batch: &RecordBatch, index: u64, root_salt: Option<[u8; 16]>) -> Value {
    batch.opening(index, root_salt).expect("a record").to_value()
}

/// What is refused under a commitment and under a public root alike; `good` opens record 2.
fn refusals(
    group: &mut Group,
    pages: &Pages<'_>,
    (under, place, good): (&str, u64, &Value),
    five: &RecordBatch,
) {
    group.refused(
        format!("another record under {under}"),
        pages.asked(place, good, 3),
        "digest-mismatch",
    );
    let root_salt = good["record"].get("rootSalt").map(|_| ROOT_SALT);
    let four = value_of(five, 4, root_salt);
    let other = batch(1..6);
    let cases: [Broken<'_>; 11] = [
        ("another salt", &|o| o["salt"] = b64u(&[200; 16]).into(), "digest-mismatch"),
        ("a neighbour's salt", &|o| o["salt"] = four["salt"].clone(), "digest-mismatch"),
        ("another index", &|o| o["record"]["index"] = 3.into(), "digest-mismatch"),
        ("an index with a shorter path", &|o| o["record"]["index"] = 4.into(), "opening-invalid"),
        ("a size that is not n", &|o| o["record"]["size"] = 6.into(), "opening-invalid"),
        ("a size with a longer path", &|o| o["record"]["size"] = 9.into(), "opening-invalid"),
        (
            "a path too short",
            &|o| drop(o["record"]["path"].as_array_mut().expect("a path").pop()),
            "opening-invalid",
        ),
        (
            "a path too long",
            &|o| o["record"]["path"].as_array_mut().expect("a path").push(b64u(&[0; 32]).into()),
            "opening-invalid",
        ),
        ("no path", &|o| o["record"]["path"] = json!([]), "opening-invalid"),
        ("another root", &|o| o["digest"] = b64u(&[1; 32]).into(), "digest-mismatch"),
        (
            "the same record in another batch",
            &|o| *o = value_of(&other, 1, root_salt),
            "opening-invalid",
        ),
    ];
    for (name, change, code) in cases {
        let mut opening = good.clone();
        change(&mut opening);
        group.refused(format!("{name} under {under}"), pages.asked(place, &opening, 2), code);
    }
    for step in 0..3 {
        let mut opening = good.clone();
        let node = opening["record"]["path"][step].as_str().map(Digest::from_b64u);
        let mut bytes = *node.expect("a node").expect("a digest").as_bytes();
        bytes[7 * step] ^= 0x10;
        opening["record"]["path"][step] = b64u(&bytes).into();
        let name = format!("a bit of step {step} flipped under {under}");
        group.refused(name, pages.asked(place, &opening, 2), "digest-mismatch");
    }
    let mut alone = good.clone();
    alone["digest"] = b64u(&[1; 32]).into();
    group.refused(
        format!("another root, and no record at hand, under {under}"),
        json!({ "receipt": pages.receipt(place, &alone) }),
        "opening-invalid",
    );
    let mut alone = good.clone();
    alone["record"]["path"] = json!([]);
    group.refused(
        format!("no path, and no record at hand, under {under}"),
        json!({ "receipt": pages.receipt(place, &alone) }),
        "opening-invalid",
    );
}

fn malformed(group: &mut Group, good: &Value, asked: &dyn Fn(&Value) -> Value) {
    let with = |name: &str, value: Value| {
        let mut opening = good.clone();
        opening["record"] = super::whole_request(&good["record"], &json!({ name: value }));
        opening
    };
    let over = |name: &str, value: Value| super::whole_request(good, &json!({ name: value }));
    let long = vec![b64u(&[0; 32]); 64];
    for (name, opening) in [
        ("no place", over("record", Value::Null)),
        ("a place that is a list", over("record", json!([2, 5]))),
        ("a place of a file", over("format", json!("file"))),
        ("an index beyond the batch", with("index", json!(5))),
        ("an index as text", with("index", json!("2"))),
        ("an index below zero", with("index", json!(-1))),
        ("an index with a fraction", with("index", json!(2.5))),
        ("an index written as a float", with("index", json!(2.0))),
        ("no index", with("index", Value::Null)),
        ("no size", with("size", Value::Null)),
        ("a size of zero", with("size", json!(0))),
        ("a size beyond safe integers", with("size", json!(9_007_199_254_740_992_u64))),
        ("no path", with("path", Value::Null)),
        ("a path that is text", with("path", json!("AAAA"))),
        ("a step of 31 bytes", with("path", json!([b64u(&[0; 31])]))),
        ("a step that is a number", with("path", json!([1]))),
        ("64 steps", with("path", json!(long))),
        ("a root salt of 15 bytes", with("rootSalt", json!(b64u(&[9; 15])))),
        ("a root salt that is a number", with("rootSalt", json!(9))),
        ("another member", with("extra", json!(1))),
    ] {
        group.refused(format!("malformed place: {name}"), asked(&opening), "malformed-receipt");
    }
}
