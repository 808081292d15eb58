//! Receipts with one thing wrong: V1 to V9 and V12, and what looks wrong and is not.
//!
//! This file is long because it is a list: every case stands beside the others of its rule.

use inkan_core::encoding::{b64, b64u, decode_b64};
use inkan_crypto::{KeyType, Signer};
use inkan_ledger::note::SignatureLine;
use inkan_ledger::{Flags, Kind, SignedNote};
use serde_json::{Value, json};

use super::Group;
use super::book::{Book, Named, Person, START, at};

const MALFORMED: &str = "malformed-receipt";

/// A log of seven leaves: epoch, did, four issuances, epoch.
fn book() -> Book {
    let mut book = Book::new("ledger.example", 1);
    book.seal();
    let person = Person::new(11, KeyType::Ed25519, Some("ledger.example"));
    book.record(&person, Flags::PRE_ROTATION.with(Flags::PORTABLE));
    for number in 0..4_u8 {
        let body = person.issuance(&book, &[number]);
        book.push(Kind::Issuance, body.as_bytes());
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
    let book = book();
    let note = book.cosigned(7, &[10, 20, 30]);
    let proof = book.receipt(3, &note).proof().to_string();
    let defaults = json!({
        "check": "receipt", "policy": book.two_of_three(), "now": START + 100,
        "leaf": { "b64": b64(book.leaf(3)) },
    });
    let mut group = Group::new(
        "broken",
        "Receipts with one thing wrong, steps V1 to V9 and V12; and some that only look wrong.",
        defaults,
    );
    whole(&mut group, &proof);
    characters(&mut group, &proof);
    lines(&mut group, &proof);
    checkpoints(&mut group, &book, &note);
    cosigners(&mut group, &book, &note);
    keys(&mut group, &book, &note);
    times(&mut group, &book, &note);
    places(&mut group, &book, &proof);
    leaves(&mut group);
    sidecars(&mut group, &book, &note);
    sizes(&mut group);
    group
}

fn text(proof: &str) -> Value {
    json!({ "receipt": proof })
}

fn whole(group: &mut Group, proof: &str) {
    let facts = json!({
        "origin": "ledger.example", "index": 3, "size": 7, "kind": "issuance",
        "leafTime": { "time": START + 3, "basis": "claimed" },
        "existedBy": START + 20, "freshAt": START + 20, "grade": ["witnessed 2"],
        "operators": ["w1", "w2"], "notChecked": [],
        "checks": {
            "policy": "pass", "form": "pass", "log": "pass", "cosigners": "pass", "quorum": "pass",
            "inclusion": "pass", "leaf": "pass", "entry": "not-checked", "opening": "skipped",
            "age": "skipped",
        },
    });
    group.holds("nothing wrong", text(proof), &facts);
    let extra = proof.replace("\nindex", "\nextra aGVsbG8=\nindex");
    group.holds("an extra line", text(&extra), &facts);
}

fn characters(group: &mut Group, proof: &str) {
    let mut refuse = |name: &str, proof: String| group.refused(name, text(&proof), MALFORMED);
    refuse("carriage returns", proof.replace('\n', "\r\n"));
    refuse("one carriage return", proof.replacen('\n', "\r\n", 1));
    refuse("a tab", proof.replacen("index ", "index\t", 1));
    refuse("NUL", proof.replacen("index ", "index \0", 1));
    refuse("DEL", proof.replacen("index ", "index \x7f", 1));
    refuse("no line feed at the end", proof.trim_end().to_owned());
    refuse("two line feeds at the end", format!("{proof}\n"));
    refuse("a byte order mark", format!("\u{feff}{proof}"));
    refuse("a blank before", format!(" {proof}"));
    refuse("nothing at all", String::new());
    refuse("more than 65,536 bytes", format!("{proof}\u{2014} x {}\n", b64(&[0; 50_000])));
    let mut bytes = proof.as_bytes().to_vec();
    let at = proof.find("\u{2014} ").expect("a signature line");
    bytes[at] = 0xff;
    group.refused("not UTF-8", json!({ "receipt": { "b64": b64(&bytes) } }), MALFORMED);
}

fn lines(group: &mut Group, proof: &str) {
    let mut refuse = |name: &str, proof: String| group.refused(name, text(&proof), MALFORMED);
    refuse("another first line", proof.replacen("@v1", "@v2", 1));
    refuse("first line in capitals", proof.replacen("c2sp", "C2SP", 1));
    refuse("no index line", proof.replacen("index 3\n", "", 1));
    refuse("two index lines", proof.replacen("index 3\n", "index 3\nindex 3\n", 1));
    for (name, index) in [
        ("a sign", "+3"),
        ("a minus", "-3"),
        ("a leading zero", "03"),
        ("a full-width digit", "\u{ff13}"),
        ("an Arabic-Indic digit", "\u{0663}"),
        ("a hexadecimal index", "0x3"),
        ("an exponent", "3e0"),
        ("a fraction", "3.0"),
        ("an underscore", "0_3"),
        ("a blank after the index", "3 "),
        ("two blanks before the index", " 3"),
        ("no digit", ""),
        ("an index of 2^63", "9223372036854775808"),
        ("an index of 2^64 + 3", "18446744073709551619"),
        ("an index that equals the size", "7"),
        ("an index above the size", "8"),
    ] {
        refuse(name, proof.replacen("index 3", &format!("index {index}"), 1));
    }
    refuse("a loose extra line", proof.replacen("\nindex", "\nextra aGVsbG8\nindex", 1));
    refuse("two extra lines", proof.replacen("\nindex", "\nextra eA==\nextra eA==\nindex", 1));
    refuse(
        "an extra line behind the index",
        proof.replacen("index 3\n", "index 3\nextra eA==\n", 1),
    );
    let path: Vec<&str> = proof.lines().skip(2).take_while(|line| !line.is_empty()).collect();
    let first = path[0];
    let changed = |line: &str| proof.replacen(first, line, 1);
    refuse("no padding in the path", changed(first.trim_end_matches('=')));
    refuse("too much padding in the path", changed(&format!("{first}=")));
    refuse("base64url in the path", changed(&format!("{}-=", &first[..42])));
    refuse("spare bits in the path", changed(&spare_bits(first)));
    refuse("a blank in the path", changed(&format!("{first} ")));
    let short = b64(&decode_b64(first).expect("base64")[..31]);
    refuse("31 bytes in the path", changed(&short));
    refuse("an empty line in the path", changed(&format!("{first}\n")));
    refuse("64 hashes in the path", changed(&vec![first; 62].join("\n")));
    let many = changed(&vec![first; 61].join("\n"));
    group.refused("63 hashes in the path", text(&many), "inclusion-invalid");
    let without = proof.replacen(&format!("{first}\n"), "", 1);
    group.refused("path too short", text(&without), "inclusion-invalid");
    let twice = proof.replacen(&format!("{first}\n"), &format!("{first}\n{first}\n"), 1);
    group.refused("path too long", text(&twice), "inclusion-invalid");
    let none =
        path.iter().fold(proof.to_owned(), |p, line| p.replacen(&format!("{line}\n"), "", 1));
    group.refused("no path", text(&none), "inclusion-invalid");
    let swapped = changed("?").replacen(path[1], first, 1).replacen('?', path[1], 1);
    group.refused("path in another order", text(&swapped), "inclusion-invalid");
}

/// The same bytes with a spare bit set: 32 bytes leave two.
fn spare_bits(line: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let last = line.trim_end_matches('=').chars().last().expect("a character");
    let value = ALPHABET.find(last).expect("base64");
    let other = ALPHABET.chars().nth(value | 1).expect("base64");
    format!("{}{other}=", &line[..42])
}

/// Signs any text as the log and all witnesses.
fn note_over(book: &Book, text: &str) -> SignedNote {
    let mut note = SignedNote::new(text.to_owned());
    let signature = book.log.secret.sign(text.as_bytes()).expect("a signature");
    let (name, key_id) = (book.log.key.name().to_owned(), book.log.key.id());
    note.put(SignatureLine { name, key_id, signature });
    for witness in &book.witnesses {
        witness.cosign(&mut note, 10);
    }
    note
}

/// A good cosignature of the first witness at any time, also one that no calendar has.
fn stamp(book: &Book, text: &str, seconds: u64) -> SignatureLine {
    let witness = &book.witnesses[0];
    let message = format!("cosignature/v1\ntime {seconds}\n{text}");
    let mut signature = seconds.to_be_bytes().to_vec();
    signature.extend(witness.secret.sign(message.as_bytes()).expect("a signature"));
    SignatureLine { name: witness.key.name().to_owned(), key_id: witness.key.id(), signature }
}

/// The proof of leaf 3 with another note.
fn with_note(book: &Book, note: &SignedNote) -> String {
    book.receipt(3, &book.signed(7)).proof().head_text() + &note.to_string()
}

fn checkpoints(group: &mut Group, book: &Book, note: &SignedNote) {
    let body = note.text();
    let (origin, rest) = body.split_once('\n').expect("lines");
    let (size, root) = rest.split_once('\n').expect("lines");
    let root = root.trim_end();
    for (name, body) in [
        ("an extension line", format!("{origin}\n{size}\n{root}\nextension\n")),
        ("an empty extension line", format!("{origin}\n{size}\n{root}\n\n")),
        ("no root line", format!("{origin}\n{size}\n")),
        ("a loose root", format!("{origin}\n{size}\n{}\n", spare_bits(root))),
        ("a root without padding", format!("{origin}\n{size}\n{}\n", root.trim_end_matches('='))),
        ("a size with a leading zero", format!("{origin}\n0{size}\n{root}\n")),
        ("a size with a sign", format!("{origin}\n+{size}\n{root}\n")),
        ("a size of 2^63", format!("{origin}\n9223372036854775808\n{root}\n")),
        ("an empty origin", format!("\n{size}\n{root}\n")),
        ("an origin with a blank", format!("ledger example\n{size}\n{root}\n")),
        ("an origin of 65 characters", format!("{}\n{size}\n{root}\n", "o".repeat(65))),
        ("an origin that is not ASCII", format!("l\u{e9}dger.example\n{size}\n{root}\n")),
    ] {
        let proof = with_note(book, &note_over(book, &body));
        group.refused(format!("signed: {name}"), text(&proof), MALFORMED);
    }
    let other = format!("{origin}\n{size}\n{}\n", b64(&[9; 32]));
    let proof = with_note(book, &note_over(book, &other));
    group.refused("signed: another root", text(&proof), "inclusion-invalid");
    for (name, size) in [("larger", "9"), ("smaller", "4"), ("far larger", "9223372036854775807")] {
        let proof = with_note(book, &note_over(book, &format!("{origin}\n{size}\n{root}\n")));
        group.refused(format!("signed: a {name} size"), text(&proof), "inclusion-invalid");
    }
    let proof = with_note(book, &note_over(book, &format!("other.example\n{size}\n{root}\n")));
    group.refused("signed by the log under another origin", text(&proof), "unknown-log");
    let whole = with_note(book, note);
    let changed = |from: &str, to: &str| text(&whole.replacen(from, to, 1));
    group.refused(
        "no blank line before the signatures",
        changed("\n\n\u{2014}", "\n\u{2014}"),
        MALFORMED,
    );
    group.refused("a hyphen instead of a dash", changed("\u{2014} w1", "- w1"), MALFORMED);
    group.refused(
        "two blanks in a signature line",
        changed("\u{2014} w1.example ", "\u{2014} w1.example  "),
        MALFORMED,
    );
    group.refused(
        "a no-break space in a name",
        changed("\u{2014} w1.example", "\u{2014} w1\u{a0}example"),
        MALFORMED,
    );
    group.refused(
        "a next-line character in a name",
        changed("\u{2014} w1.example", "\u{2014} w1\u{85}example"),
        MALFORMED,
    );
    group.refused(
        "a plus in a name",
        changed("\u{2014} w1.example", "\u{2014} w1+example"),
        MALFORMED,
    );
    group.refused("no name", changed("\u{2014} w1.example ", "\u{2014}  "), MALFORMED);
    let strange = whole.clone() + "\u{2014} w\u{feff}1 AAAAAAA=\n";
    group.holds("a zero-width no-break space in an unknown name", text(&strange), &json!({}));
    let four = whole.clone() + "\u{2014} x AAAAAA==\n";
    group.refused("a signature line of four bytes", text(&four), MALFORMED);
    let many = |count: usize| {
        let lines: Vec<_> = (4..count).map(|n| format!("\u{2014} x{n} AAAAAAA=\n")).collect();
        text(&(whole.clone() + &lines.concat()))
    };
    group.holds("64 signature lines", many(64), &json!({}));
    group.refused("65 signature lines", many(65), MALFORMED);
    let bare = with_note(book, &SignedNote::new(body.to_owned()));
    group.refused("no signature line", text(&bare), MALFORMED);
}

/// `note` with one line changed; `name` is the key's.
fn line_changed(note: &SignedNote, name: &str, change: impl Fn(&mut SignatureLine)) -> SignedNote {
    let mut out = SignedNote::new(note.text().to_owned());
    for line in note.signatures() {
        let mut line = line.clone();
        if line.name == name {
            change(&mut line);
        }
        out.put(line);
    }
    out
}

fn cosigners(group: &mut Group, book: &Book, note: &SignedNote) {
    let mut case = |name: &str, note: &SignedNote, code: &str| {
        group.refused(name, text(&with_note(book, note)), code);
    };
    let changed = |name: &str, change: fn(&mut SignatureLine)| line_changed(note, name, change);
    let invalid = "cosignature-invalid";
    case("a changed timestamp", &changed("w1.example", |line| line.signature[7] ^= 1), invalid);
    case("a timestamp of 0", &changed("w1.example", |line| line.signature[..8].fill(0)), invalid);
    case("a timestamp of 2^63", &changed("w1.example", |line| line.signature[0] = 0x80), invalid);
    case("a changed cosignature", &changed("w1.example", |line| line.signature[20] ^= 1), invalid);
    case(
        "a cosignature of 71 bytes",
        &changed("w1.example", |line| line.signature.truncate(line.signature.len() - 1)),
        invalid,
    );
    case(
        "a cosignature of 73 bytes",
        &changed("w1.example", |line| line.signature.push(0)),
        invalid,
    );
    case(
        "a cosignature of another witness",
        &{
            let other = note.signatures()[2].signature.clone();
            line_changed(note, "w1.example", |line| line.signature.clone_from(&other))
        },
        invalid,
    );
    // One broken line spoils the receipt, even where the others suffice.
    case(
        "a third cosignature that is broken",
        &changed("w3.example", |line| line.signature[9] ^= 1),
        invalid,
    );
    case("quorum short by one", &book.cosigned(7, &[10]), "quorum-not-met");
    case("no cosignature", &book.signed(7), "quorum-not-met");
    let renamed = |line: &mut SignatureLine| line.name = "w9.example".to_owned();
    let two = book.cosigned(7, &[10, 20]);
    case(
        "a witness under another name",
        &line_changed(&two, "w1.example", renamed),
        "quorum-not-met",
    );
    let other_id = |line: &mut SignatureLine| line.key_id[0] ^= 1;
    case(
        "a witness with another key id",
        &line_changed(&two, "w1.example", other_id),
        "quorum-not-met",
    );
    let whole = with_note(book, note);
    let line = whole.lines().find(|line| line.contains("w1.example")).expect("a line");
    let repeated = whole.clone() + line + "\n";
    group.refused("the same cosignature twice", text(&repeated), MALFORMED);
    let mut unknown = note.clone();
    Named::witness("w9.example", 999).cosign(&mut unknown, 10);
    group.holds(
        "an unknown witness besides",
        text(&with_note(book, &unknown)),
        &json!({
            "operators": ["w1", "w2"],
        }),
    );
    // A collision of key ids: another key's line that claims the id of a known one.
    let key_id = book.witnesses[0].key.id();
    let mut collision = book.cosigned(7, &[10, 20]);
    let mut line = {
        let mut other = book.signed(7);
        Named::witness("w1.example", 999).cosign(&mut other, 10);
        other.signatures()[1].clone()
    };
    line.key_id = key_id;
    collision.put(line);
    group.refused("a key id collision", text(&with_note(book, &collision)), invalid);
    let mut elsewhere = note.clone();
    elsewhere.put(SignatureLine { name: "w9.example".to_owned(), key_id, signature: vec![1; 72] });
    group.holds(
        "a known key id under another name",
        text(&with_note(book, &elsewhere)),
        &json!({}),
    );
}

fn keys(group: &mut Group, book: &Book, note: &SignedNote) {
    let proof = with_note(book, note);
    let other = Named::log("ledger.example", 77);
    let policy = book.two_of_three();
    let replaced = policy.replace(&book.log.key.to_string(), &other.key.to_string());
    group.refused(
        "another key of the log",
        json!({ "receipt": proof, "policy": replaced }),
        "unknown-log",
    );
    let both = format!("log {}\n{policy}", other.key);
    group.holds(
        "two keys of the log, one of which signed",
        json!({ "receipt": proof, "policy": both }),
        &json!({}),
    );
    let elsewhere = Named::log("other.example", 1);
    let replaced = policy.replace(&book.log.key.to_string(), &elsewhere.key.to_string());
    group.refused(
        "another log with the same key",
        json!({ "receipt": proof, "policy": replaced }),
        "unknown-log",
    );
    let invalid = "log-signature-invalid";
    let changed = line_changed(note, "ledger.example", |line| line.signature[5] ^= 1);
    group.refused("a changed log signature", text(&with_note(book, &changed)), invalid);
    let short = line_changed(note, "ledger.example", |line| {
        line.signature.truncate(line.signature.len() - 1)
    });
    group.refused("a log signature of 63 bytes", text(&with_note(book, &short)), invalid);
    // The second key of the log has signed badly: the first one's good signature does not help.
    let mut bad = note.clone();
    bad.put(SignatureLine {
        name: "ledger.example".to_owned(),
        key_id: other.key.id(),
        signature: vec![1; 64],
    });
    group.refused(
        "a bad signature of a second key",
        json!({ "receipt": with_note(book, &bad), "policy": both }),
        invalid,
    );
    let line = proof.lines().find(|line| line.contains("\u{2014} ledger")).expect("a line");
    group.refused("the log's line twice", text(&format!("{proof}{line}\n")), MALFORMED);
    let stripped = proof.replacen(&format!("{line}\n"), "", 1);
    group.refused("no line of the log", text(&stripped), "unknown-log");
    let none =
        json!({ "receipt": proof, "policy": format!("log {}\nquorum none\n", book.log.key) });
    group.holds("quorum none", none, &json!({
        "existedBy": null, "freshAt": null, "grade": ["operator"], "operators": [], "cosigners": [],
    }));
    let own = book.policy("quorum none\n");
    group.holds(
        "quorum none, with witnesses",
        json!({ "receipt": proof, "policy": own }),
        &json!({
            "existedBy": null, "freshAt": null, "grade": ["operator"],
            "cosigners": [
                { "name": "w1", "time": START + 10 }, { "name": "w2", "time": START + 20 },
                { "name": "w3", "time": START + 30 },
            ],
        }),
    );
    let one =
        policy.replace("witness w1", "witness same/1").replace("witness w2", "witness same/2");
    let one = one.replace("w1 w2", "same/1 same/2");
    group.holds(
        "two witnesses of one operator",
        json!({ "receipt": proof, "policy": one }),
        &json!({
            "grade": ["witnessed 1"], "operators": ["same"],
        }),
    );
    let own =
        policy.replace("witness w1", "witness self/1").replace("witness w2", "witness self/2");
    let own = own.replace("w1 w2", "self/1 self/2");
    group.holds(
        "witnesses of the log itself",
        json!({ "receipt": proof, "policy": own }),
        &json!({
            "existedBy": START + 20, "grade": ["operator"], "operators": [],
        }),
    );
    tsa(group, book, note, &policy);
}

/// A timestamp authority's line: not checked here, so not counted, whether it is a real token or none.
fn tsa(group: &mut Group, book: &Book, note: &SignedNote, policy: &str) {
    let anchor =
        *inkan_core::sha256(&[include_bytes!("../../../fixtures/tsa/vectors.der")]).as_bytes();
    let token = include_bytes!("../../../fixtures/tsa/vectors.token").to_vec();
    for (which, anchor, token) in
        [("", [3; 32], vec![0x30, 0x82, 0, 0]), (" with a real token", anchor, token)]
    {
        let material = inkan_ledger::note::KeyMaterial::Tsa(anchor);
        let key = inkan_ledger::VerifierKey::new("tsa.example", material).expect("a name");
        let mut stamped = note.clone();
        let (name, key_id) = (key.name().to_owned(), key.id());
        stamped.put(SignatureLine { name, key_id, signature: token });
        let receipt = with_note(book, &stamped);
        let beside = format!("witness tsa {key}\n{policy}");
        group.holds(
            format!("a timestamp authority{which} that is not needed"),
            json!({ "receipt": receipt, "policy": beside }),
            &json!({
                "notChecked": ["tsa"], "grade": ["witnessed 2"],
            }),
        );
        let needed = beside.replace("quorum g", "group both all g tsa\nquorum both");
        group.refused(
            format!("a timestamp authority{which} that is needed"),
            json!({ "receipt": receipt, "policy": needed }),
            "quorum-not-met",
        );
    }
}

fn times(group: &mut Group, book: &Book, note: &SignedNote) {
    let proof = with_note(book, note);
    let mut case = |name: &str, now: i64, max_age: Option<i64>, code: Option<&str>| {
        let mut request = json!({ "receipt": proof, "now": START + now });
        if let Some(max_age) = max_age {
            request["maxAge"] = max_age.into();
        }
        match code {
            Some(code) => group.refused(name, request, code),
            None => group.holds(name, request, &json!({})),
        }
    };
    case("300 seconds from the future", -270, None, None);
    case("301 seconds from the future", -271, None, Some("cosignature-in-future"));
    case("just fresh enough", 120, Some(100), None);
    case("a second too old", 121, Some(100), Some("stale"));
    case("no age at all", 20, Some(0), None);
    // Only two stamps are old: the quorum needs one of them.
    let mut renewed = book.signed(7);
    for (witness, seconds) in book.witnesses.iter().zip([10, 20, 9_000]) {
        witness.cosign(&mut renewed, seconds);
    }
    let request =
        json!({ "receipt": with_note(book, &renewed), "now": START + 9_000, "maxAge": 60 });
    group.refused("one fresh stamp of two", request, "stale");
    let none = book.policy("quorum none\n");
    let request =
        json!({ "receipt": proof, "policy": none, "now": START + 30, "maxAge": 1_000_000 });
    group.refused("no quorum is never fresh", request, "stale");
    let far = line_changed(note, "w1.example", |line| line.signature[..8].fill(0x7f));
    group.refused(
        "a forged stamp of the far future",
        text(&with_note(book, &far)),
        "cosignature-invalid",
    );
    for (name, seconds) in
        [("the last day of the calendar", 253_402_207_200), ("2^63 - 1", i64::MAX as u64)]
    {
        let mut late = book.signed(7);
        late.put(stamp(book, late.text(), seconds));
        book.witnesses[1].cosign(&mut late, 20);
        let receipt = with_note(book, &late);
        group.refused(format!("a stamp of {name}"), text(&receipt), "cosignature-in-future");
        let timeless = json!({ "receipt": receipt, "now": null });
        let last = json!({ "freshAt": START + 20, "existedBy": 253_402_207_200_i64 });
        group.holds(format!("a stamp of {name}, judged at no time"), timeless, &last);
    }
    let early = book.cosigned(7, &[-297, -297, -297]);
    group.holds(
        "a leaf 300 seconds after its cosignatures",
        text(&with_note(book, &early)),
        &json!({}),
    );
    let early = book.cosigned(7, &[-298, -298, -298]);
    group.refused(
        "a leaf 301 seconds after its cosignatures",
        text(&with_note(book, &early)),
        "time-inconsistent",
    );
}

fn places(group: &mut Group, book: &Book, proof: &str) {
    for index in [0, 1, 2, 4, 5, 6] {
        let wrong = proof.replacen("index 3", &format!("index {index}"), 1);
        group.refused(format!("index {index} instead of 3"), text(&wrong), "inclusion-invalid");
        let other = json!({ "receipt": proof, "leaf": { "b64": b64(book.leaf(index)) } });
        group.refused(format!("leaf {index} instead of 3"), other, "inclusion-invalid");
    }
    let mut leaf = book.leaf(3).to_vec();
    leaf[20] ^= 1;
    group.refused(
        "a changed leaf",
        json!({ "receipt": proof, "leaf": { "b64": b64(&leaf) } }),
        "inclusion-invalid",
    );
    let node = book.tree().root(4).expect("a root");
    let inner = json!({ "receipt": proof, "leaf": { "b64": b64(node.digest().as_bytes()) } });
    group.refused("a node instead of a leaf", inner, "inclusion-invalid");
    group.refused(
        "another kind than expected",
        json!({ "receipt": proof, "kind": "status" }),
        "malformed-leaf",
    );
    group.holds(
        "the kind that is expected",
        json!({ "receipt": proof, "kind": "issuance" }),
        &json!({}),
    );
}

/// Logs whose operator wrote what is no leaf.
fn leaves(group: &mut Group) {
    let body = "x";
    let epoch = Book::new("ledger.example", 1).epoch();
    let good = String::from_utf8(epoch.to_bytes()).expect("text");
    let of_epoch = |body: &str| format!("inkan-leaf/v1\nepoch\n1768464000\n{body}");
    for (name, leaf) in [
        ("no header", body.to_owned()),
        ("an empty leaf", String::new()),
        ("another version", format!("inkan-leaf/v2\nissuance\n1768464000\n{body}")),
        ("an unknown kind", format!("inkan-leaf/v1\nmagic\n1768464000\n{body}")),
        ("a kind in capitals", format!("inkan-leaf/v1\nIssuance\n1768464000\n{body}")),
        ("a time with a leading zero", format!("inkan-leaf/v1\nissuance\n01768464000\n{body}")),
        ("a negative time", format!("inkan-leaf/v1\nissuance\n-1\n{body}")),
        ("a time beyond the calendar", format!("inkan-leaf/v1\nissuance\n253402207201\n{body}")),
        ("a carriage return", format!("inkan-leaf/v1\r\nissuance\r\n1768464000\r\n{body}")),
        ("two lines", "inkan-leaf/v1\nissuance\n".to_owned()),
        (
            "a body that is too large",
            format!("inkan-leaf/v1\nissuance\n1768464000\n{}", "x".repeat(4_097)),
        ),
        ("an epoch with a blank", of_epoch(&good.replacen(':', ": ", 1))),
        ("an epoch of other rules", of_epoch(&good.replace("\"rules\":1", "\"rules\":2"))),
        ("an epoch with another member", of_epoch(&good.replacen('{', "{\"a\":1,", 1))),
        ("an epoch without a member", of_epoch(&good.replace("\"prev\":null,", ""))),
        ("an epoch with a line feed", of_epoch(&format!("{good}\n"))),
        ("an epoch of another size", of_epoch(&good.replace("\"size\":0", "\"size\":1"))),
        ("a loose map root", of_epoch(&loose_map_root(&good))),
        ("a DID entry that is not JSON", format!("inkan-leaf/v1\ndid\n1768464000\n{body}")),
        ("a DID entry without members", "inkan-leaf/v1\ndid\n1768464000\n{}".to_owned()),
    ] {
        let (mut book, receipt) = (Book::new("ledger.example", 1), 0);
        book.write(leaf.into_bytes());
        book.seal();
        let note = book.cosigned(2, &[10, 20, 30]);
        let request = json!({
            "receipt": book.receipt(receipt, &note).proof().to_string(),
            "leaf": { "b64": b64(book.leaf(0)) },
        });
        group.refused(format!("logged: {name}"), request, "malformed-leaf");
    }
    epochs(group);
}

/// The map root with a spare bit set: 43 characters leave two.
fn loose_map_root(body: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let end = body.find("\"map\":\"").expect("a map root") + 7 + 42;
    let value = ALPHABET.find(&body[end..=end]).expect("base64url");
    format!("{}{}{}", &body[..end], &ALPHABET[value + 1..value + 2], &body[end + 1..])
}

fn epochs(group: &mut Group) {
    let mut book = Book::new("ledger.example", 1);
    book.seal();
    book.wait(10);
    book.seal();
    let note = book.cosigned(2, &[20, 20, 20]);
    let asked = |index: u64, kind: Option<&str>| {
        let mut request = json!({
            "receipt": book.receipt(index, &note).proof().to_string(),
            "leaf": { "b64": b64(book.leaf(index)) },
        });
        if let Some(kind) = kind {
            request["kind"] = kind.into();
        }
        request
    };
    group.holds(
        "an epoch leaf that is the last",
        asked(1, Some("epoch")),
        &json!({
            "kind": "epoch", "checks": { "entry": "skipped" },
        }),
    );
    group.holds("an epoch leaf that nobody claims to be the last", asked(0, None), &json!({}));
    group.refused("an epoch leaf that is not the last", asked(0, Some("epoch")), "not-last-leaf");
    group.refused(
        "an epoch leaf instead of an issuance",
        asked(0, Some("issuance")),
        "malformed-leaf",
    );
}

fn sidecars(group: &mut Group, book: &Book, note: &SignedNote) {
    let receipt = book.receipt(3, note);
    let value = receipt.to_value();
    let mut texts = Vec::new();
    let shared = receipt.to_bundle_value(&mut texts);
    // The defaults of the file name a leaf; a sidecar has its own.
    let file = |text: &str| json!({ "receipt": text, "leaf": null });
    let in_bundle =
        |value: &Value| json!({ "receipt": value.to_string(), "leaf": null, "checkpoints": texts });
    let with = |value: &Value, name: &str, member: Value| {
        let mut value = value.clone();
        value[name] = member;
        value
    };
    let whole = value.to_string();
    group.holds("sidecar", file(&whole), &json!({ "index": 3 }));
    group.holds(
        "sidecar with blanks",
        file(&format!("\r\n\t {:#} \n", value)),
        &json!({ "index": 3 }),
    );
    group.holds(
        "sidecar with escapes",
        file(&whole.replace("c2sp", "\\u0063\\u0032sp")),
        &json!({}),
    );
    group.holds("sidecar in a bundle", in_bundle(&shared), &json!({ "index": 3 }));
    group.holds("whole sidecar in a bundle", in_bundle(&value), &json!({ "index": 3 }));
    group.holds(
        "sidecar with a COSE receipt",
        file(&with(&value, "cose", json!("0oRA")).to_string()),
        &json!({}),
    );
    let mut refuse = |name: &str, request: Value| group.refused(name, request, MALFORMED);
    refuse("sidecar that is no object", file("[]"));
    refuse("sidecar that is no JSON", file("{"));
    refuse("sidecar with text behind", file(&format!("{whole} x")));
    refuse("sidecar with a comment", file(&format!("/* */{whole}")));
    refuse("sidecar with a trailing comma", file(&whole.replacen('}', ",}", 1)));
    refuse(
        "sidecar of another type",
        file(&with(&value, "type", json!("inkan-receipt/2")).to_string()),
    );
    refuse("sidecar with an unknown member", file(&with(&value, "extra", json!(1)).to_string()));
    let escaped = whole.replacen('{', "{\"\\u0074ype\":\"inkan-receipt/1\",", 1);
    refuse("sidecar with a member twice", file(&escaped));
    refuse("sidecar with a lone surrogate", file(&whole.replace("inkan-receipt/1", "\\ud800")));
    refuse("sidecar without a leaf", file(&whole.replace("\"leaf\"", "\"cose\"")));
    refuse(
        "sidecar with a padded leaf",
        file(&with(&value, "leaf", json!(format!("{}=", b64u(receipt.leaf_bytes())))).to_string()),
    );
    refuse("sidecar with a leaf of null", file(&with(&value, "leaf", Value::Null).to_string()));
    refuse(
        "sidecar with a loose COSE receipt",
        file(&with(&value, "cose", json!("0oRB=")).to_string()),
    );
    refuse("sidecar with a checkpoint in a file of its own", file(&shared.to_string()));
    refuse("checkpoint out of range", in_bundle(&with(&shared, "checkpoint", json!(1))));
    refuse("checkpoint below 0", in_bundle(&with(&shared, "checkpoint", json!(-1))));
    refuse("checkpoint with a fraction", in_bundle(&with(&shared, "checkpoint", json!(0.0))));
    refuse("checkpoint as text", in_bundle(&with(&shared, "checkpoint", json!("0"))));
    refuse("checkpoint beside a whole proof", in_bundle(&with(&value, "checkpoint", json!(0))));
    let head = receipt.proof().head_text();
    let cut = head.trim_end().to_owned() + "\n";
    refuse("proof without its empty line", in_bundle(&with(&shared, "proof", json!(cut))));
    refuse("sidecar nested too deeply", file(&format!("{}{}", "[".repeat(80), "]".repeat(80))));
    refuse(
        "sidecar with a number beyond 2^53",
        file(&with(&value, "cose", json!(9_007_199_254_740_992_u64)).to_string()),
    );
    let invalid = b64u(b"\xff");
    refuse(
        "sidecar with an opening of text",
        file(&with(&value, "opening", json!(invalid)).to_string()),
    );
}

/// Trees that nobody built, but whose heads are signed: the largest sizes there can be.
fn sizes(group: &mut Group) {
    use inkan_ledger::tree::{InclusionProof, NodeHash, TreeHead};
    let book = Book::new("ledger.example", 1);
    let leaf = inkan_ledger::Leaf::new(Kind::Epoch, at(0), book.epoch().to_bytes())
        .expect("a leaf")
        .to_bytes();
    let sibling = NodeHash::from_digest(inkan_core::Digest::from_bytes([5; 32]));
    for (name, tree_size, length) in [
        ("a tree of 2^53 leaves", 1_u64 << 53, 53),
        ("a tree of 2^62 leaves", 1 << 62, 62),
        ("a tree of 2^63 - 1 leaves", (1 << 63) - 1, 63),
    ] {
        let mut root_hash = inkan_ledger::LeafHash::of(&leaf).into_node();
        for _ in 0..length {
            root_hash = NodeHash::of_children(&root_hash, &sibling);
        }
        let head = TreeHead { tree_size, root_hash };
        let checkpoint = inkan_ledger::Checkpoint::new("ledger.example", head).expect("an origin");
        let note = note_over(&book, &checkpoint.to_text());
        let path = InclusionProof { leaf_index: 0, path: vec![sibling; length] };
        let receipt = inkan_ledger::Receipt::new(leaf.clone(), &path, &note);
        let request = json!({
            "receipt": receipt.proof().to_string(), "leaf": { "b64": b64(&leaf) },
        });
        let size =
            if tree_size > (1 << 53) - 1 { json!(tree_size.to_string()) } else { json!(tree_size) };
        group.holds(name, request, &json!({ "index": 0, "size": size }));
    }
}
