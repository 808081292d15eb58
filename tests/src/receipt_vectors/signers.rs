//! Who signed (V10 of the ledger specification): rotations, recovery, deactivation, moves, and histories that do not hold.
//!
//! This file is long because it is a list: every case stands beside the others of its rule.

use inkan_core::encoding::{b64u, multibase58, multihash58};
use inkan_core::{json as strict, sha256};
use inkan_crypto::{KeyType, Signer, data_integrity};
use inkan_ledger::{Flags, Kind, MapKey, SignedNote};
use serde_json::{Map, Value, json};

use super::Group;
use super::book::{Book, Person, START, at, commit, secret};

const FORGED: &str = "entry-signature-invalid";
const FLAGS: Flags = Flags::PRE_ROTATION.with(Flags::PORTABLE);

/// The file.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn group() -> Group {
    let home = Book::new("ledger.example", 1);
    let away = Book::new("other.example", 2);
    let policy = format!("log {}\n{}", away.log.key, home.two_of_three());
    let defaults = json!({ "check": "receipt", "policy": policy, "now": START + 10_000 });
    let mut group = Group::new(
        "signers",
        "Who signed (V10): rotation, recovery, deactivation, moves between logs, and histories that do not hold.",
        defaults,
    );
    rotations(&mut group);
    entries(&mut group);
    versions(&mut group);
    malformed_history(&mut group);
    documents(&mut group);
    homes(&mut group);
    moves(&mut group);
    group
}

/// A receipt and its signer's history as they stand in a bundle: with their checkpoints once.
fn asked(receipt: String, history: &[String]) -> Value {
    let mut checkpoints: Vec<String> = Vec::new();
    let mut share = |sidecar: &String| -> String {
        let Ok(mut value) = serde_json::from_str::<Value>(sidecar) else { return sidecar.clone() };
        let proof = value["proof"].as_str().map(str::to_owned).unwrap_or_default();
        let Some((head, note)) = proof.split_once("\n\n") else { return sidecar.clone() };
        let place = checkpoints.iter().position(|known| known == note).unwrap_or_else(|| {
            checkpoints.push(note.to_owned());
            checkpoints.len() - 1
        });
        value["proof"] = format!("{head}\n\n").into();
        value["checkpoint"] = place.into();
        value.to_string()
    };
    let receipt = share(&receipt);
    let history: Vec<_> = history.iter().map(&mut share).collect();
    json!({ "receipt": receipt, "history": history, "checkpoints": checkpoints })
}

/// One DID through rotation, recovery and deactivation, with entries in between.
fn rotations(group: &mut Group) {
    let mut book = Book::new("ledger.example", 1);
    book.seal();
    let mut person = Person::new(11, KeyType::Ed25519, Some("ledger.example"));
    let early = issue(&mut book, &person);
    let mut dids = vec![book.record(&person, FLAGS)];
    let first = issue(&mut book, &person);
    let old = Person::new(11, KeyType::Ed25519, Some("ledger.example"));
    person.rotate(10);
    dids.push(book.record(&person, FLAGS));
    let second = issue(&mut book, &person);
    let stale_key = issue(&mut book, &old);
    person.recover(20);
    dids.push(book.record(&person, FLAGS));
    let third = issue(&mut book, &person);
    let note = book.sealed();
    person.deactivate(30);
    dids.push(book.record(&person, FLAGS.with(Flags::ENDED)));
    let ended = issue(&mut book, &person);
    let last = book.sealed();
    let key = MapKey::did(person.scid());
    let history: Vec<String> = dids[..3].iter().map(|index| book.sidecar(*index, &note)).collect();
    let all: Vec<String> = dids.iter().map(|index| book.sidecar(*index, &last)).collect();
    let versions = |index: u64, complete: bool| json!({ "index": index, "checks": { "entry": "pass" }, "signer": { "complete": complete } });
    for (name, index) in [("first", first), ("second", second), ("third", third)] {
        let request = asked(book.sidecar(index, &note), &history);
        group.holds(format!("an entry under the {name} version"), request, &versions(index, false));
    }
    let unchecked = json!({ "checks": { "entry": "not-checked" } });
    group.holds("no history", json!({ "receipt": book.sidecar(first, &note) }), &unchecked);
    group.holds("an empty history", asked(book.sidecar(first, &note), &[]), &unchecked);
    group.holds(
        "an entry before its signer was registered",
        asked(book.sidecar(early, &note), &history),
        &unchecked,
    );
    group.refused(
        "a key that was rotated out",
        asked(book.sidecar(stale_key, &note), &history),
        FORGED,
    );
    group.refused("an entry after deactivation", asked(book.sidecar(ended, &last), &all), FORGED);
    group.holds(
        "the first version alone",
        asked(book.sidecar(first, &note), &history[..1]),
        &versions(first, false),
    );
    group.refused(
        "an entry under a version that is not at hand",
        asked(book.sidecar(second, &note), &history[..1]),
        FORGED,
    );
    let gap = [history[0].clone(), history[2].clone()];
    group.holds("a gap in the history", asked(book.sidecar(third, &note), &gap), &unchecked);
    group.holds(
        "a gap after the entry",
        asked(book.sidecar(first, &note), &gap),
        &versions(first, false),
    );
    let reversed: Vec<_> = history.iter().rev().cloned().collect();
    group.holds(
        "a history in another order",
        asked(book.sidecar(second, &note), &reversed),
        &versions(second, false),
    );
    let twice: Vec<_> = history.iter().chain(&history).cloned().collect();
    // One place is one place, however often it is shown.
    group.holds(
        "a history with everything twice",
        asked(book.sidecar(second, &note), &twice),
        &versions(second, false),
    );
    pins(group, &book, &key, (first, third), &history, (&note, &last));
    dids_themselves(group, &book, &dids, &all, &last);
    receipts(group, &book, &history, first, &note);
}

fn issue(book: &mut Book, person: &Person) -> u64 {
    let body = person.issuance(book, &book.size().to_be_bytes());
    book.push(Kind::Issuance, body.as_bytes())
}

/// Current-proofs of the signer's DID.
fn pins(
    group: &mut Group,
    book: &Book,
    key: &MapKey,
    (first, third): (u64, u64),
    history: &[String],
    (note, last): (&SignedNote, &SignedNote),
) {
    let with = |index: u64, at: &SignedNote, history: &[String], proof: String| {
        let mut request = asked(book.sidecar(index, at), history);
        request["historyHead"] = proof.into();
        request
    };
    let current = book.current(key, note).to_value().to_string();
    let later = book.current(key, last).to_value().to_string();
    let pass = |complete: bool| json!({ "checks": { "entry": "pass" }, "signer": { "complete": complete } });
    group.holds(
        "a history that a current-proof completes",
        with(third, note, history, current.clone()),
        &pass(true),
    );
    group.holds(
        "a current-proof that knows of a later version",
        with(third, last, history, later.clone()),
        &pass(false),
    );
    group.holds(
        "a current-proof that knows of a version between",
        with(third, note, &history[..1], current.clone()),
        &json!({
            "checks": { "entry": "not-checked" }, "signer": { "complete": false },
        }),
    );
    group.holds(
        "a current-proof and an early entry",
        with(first, note, &history[..1], current.clone()),
        &pass(false),
    );
    let stranger = Person::new(77, KeyType::Ed25519, None);
    let absent = book.current(&MapKey::did(stranger.scid()), note).to_value().to_string();
    group.refused(
        "a current-proof of another DID",
        with(third, note, history, absent),
        "map-value-invalid",
    );
    let broken = current.replacen("inkan-current/1", "inkan-current/2", 1);
    group.refused(
        "a current-proof of another type",
        with(third, note, history, broken),
        "malformed-receipt",
    );
    let mut changed: Value = serde_json::from_str(&current).expect("JSON");
    changed["value"] = b64u(&[1; 51]).into();
    group.refused(
        "a current-proof with another value",
        with(third, note, history, changed.to_string()),
        "map-value-invalid",
    );
}

/// `did` leaves as the ones that are asked about.
fn dids_themselves(
    group: &mut Group,
    book: &Book,
    dids: &[u64],
    all: &[String],
    note: &SignedNote,
) {
    let pass = json!({ "kind": "did", "checks": { "entry": "pass" } });
    let unchecked = json!({ "kind": "did", "checks": { "entry": "not-checked" } });
    let receipt = |place: usize| book.sidecar(dids[place], note);
    group.holds("the first version of a DID by itself", json!({ "receipt": receipt(0) }), &pass);
    group.holds(
        "the second version of a DID by itself",
        json!({ "receipt": receipt(1) }),
        &unchecked,
    );
    group.holds("the second version of a DID after the first", asked(receipt(1), &all[..1]), &pass);
    group.holds(
        "the third version of a DID after the first",
        asked(receipt(2), &all[..1]),
        &unchecked,
    );
    group.holds("the last version of a DID", asked(receipt(3), &all[..3]), &pass);
    group.holds("a DID with its own receipt in the history", asked(receipt(3), all), &pass);
}

/// Receipts of the history that do not hold.
fn receipts(group: &mut Group, book: &Book, history: &[String], index: u64, note: &SignedNote) {
    let entry = book.sidecar(index, note);
    let with = |receipt: String| asked(entry.clone(), &[receipt]);
    group.refused("a history that is no receipt", with("{}".to_owned()), "malformed-receipt");
    group.refused("a history of other leaves", with(entry.clone()), "malformed-leaf");
    let moved = history[0].replacen("index 2", "index 3", 1);
    group.refused("a history in another place", with(moved), "inclusion-invalid");
    let mut bare: Value = serde_json::from_str(&history[0]).expect("JSON");
    let uncosigned = book.receipt(2, &book.signed(book.size())).proof().to_string();
    bare["proof"] = uncosigned.into();
    group.refused("a history without cosignatures", with(bare.to_string()), "quorum-not-met");
    let mut other = Book::new("third.example", 3);
    let person = Person::new(11, KeyType::Ed25519, Some("third.example"));
    let at = other.record(&person, FLAGS);
    let foreign = other.sealed();
    group.refused("a history of an unknown log", with(other.sidecar(at, &foreign)), "unknown-log");
    let mut stranger = Book::new("ledger.example", 1);
    let at = stranger.record(&Person::new(78, KeyType::Ed25519, None), FLAGS);
    let sealed = stranger.sealed();
    group.holds(
        "a history of another DID",
        with(stranger.sidecar(at, &sealed)),
        &json!({
            "checks": { "entry": "not-checked" },
        }),
    );
}

/// A log with one signer, who is registered at place 1.
fn registered(key_type: KeyType) -> (Book, Person) {
    let mut book = Book::new("ledger.example", 1);
    book.seal();
    let person = Person::new(12, key_type, Some("ledger.example"));
    book.record(&person, FLAGS);
    (book, person)
}

/// Entries that no log may accept, in a log that did.
fn entries(group: &mut Group) {
    let mut case = |name: &str,
                    key_type: KeyType,
                    kind: Kind,
                    body: &dyn Fn(&Book, &Person) -> String,
                    good: bool| {
        let (mut book, person) = registered(key_type);
        let body = body(&book, &person);
        let index = book.push(kind, body.as_bytes());
        let note = book.sealed();
        let request = asked(book.sidecar(index, &note), &[book.sidecar(1, &note)]);
        if good {
            group.holds(name, request, &json!({ "checks": { "entry": "pass" } }));
        } else {
            group.refused(name, request, FORGED);
        }
    };
    let (ed25519, p256) = (KeyType::Ed25519, KeyType::P256);
    let issuance = Kind::Issuance;
    let com = |person: &Person| json!({ "com": commit(issuance, person.scid(), b"x").to_b64u() });
    let signed = |book: &Book, person: &Person, claims: &Value| {
        person.sign(issuance, &book.origin, claims, book.now())
    };
    let with_header = |book: &Book, person: &Person, change: &dyn Fn(&mut Value)| {
        let mut header = json!({ "typ": "inkan-issuance+jwt", "kid": person.kid().as_str() });
        change(&mut header);
        person.sign_with(&header, &book.origin, &com(person), book.now())
    };
    case("signed with Ed25519", ed25519, issuance, &|b, p| signed(b, p, &com(p)), true);
    case("signed with P-256", p256, issuance, &|b, p| signed(b, p, &com(p)), true);
    case(
        "a changed signature",
        ed25519,
        issuance,
        &|b, p| changed_signature(&signed(b, p, &com(p))),
        false,
    );
    case(
        "a changed P-256 signature",
        p256,
        issuance,
        &|b, p| changed_signature(&signed(b, p, &com(p))),
        false,
    );
    case(
        "a P-256 signature of zeroes",
        p256,
        issuance,
        &|b, p| zero_signature(&signed(b, p, &com(p))),
        false,
    );
    case(
        "another key of the right type",
        ed25519,
        issuance,
        &|b, p| resigned(&signed(b, p, &com(p)), &secret(4_711)),
        false,
    );
    case(
        "made out to another log",
        ed25519,
        issuance,
        &|b, p| p.sign(issuance, "other.example", &com(p), b.now()),
        false,
    );
    case(
        "an unknown member",
        ed25519,
        issuance,
        &|b, p| signed(b, p, &super::merged(&com(p), &json!({ "name": "Anna" }))),
        false,
    );
    case("no commitment", ed25519, issuance, &|b, p| signed(b, p, &json!({})), false);
    case(
        "a loose commitment",
        ed25519,
        issuance,
        &|b, p| signed(b, p, &json!({ "com": "AAAA" })),
        false,
    );
    case(
        "a commitment of null",
        ed25519,
        issuance,
        &|b, p| signed(b, p, &json!({ "com": null })),
        false,
    );
    case(
        "another issuer",
        ed25519,
        issuance,
        &|b, p| {
            let other = Person::new(78, KeyType::Ed25519, None);
            signed(b, p, &super::merged(&com(p), &json!({ "iss": other.did().as_str() })))
        },
        false,
    );
    case(
        "a time with a fraction",
        ed25519,
        issuance,
        &|b, p| signed(b, p, &super::merged(&com(p), &json!({ "iat": 1.5 }))),
        false,
    );
    case(
        "a negative time",
        ed25519,
        issuance,
        &|b, p| signed(b, p, &super::merged(&com(p), &json!({ "iat": -1 }))),
        false,
    );
    case(
        "a time beyond the calendar",
        ed25519,
        issuance,
        &|b, p| signed(b, p, &super::merged(&com(p), &json!({ "iat": 253_402_207_201_u64 }))),
        false,
    );
    case(
        "the type of another kind",
        ed25519,
        issuance,
        &|b, p| with_header(b, p, &|h| h["typ"] = "inkan-status+jwt".into()),
        false,
    );
    case(
        "no type",
        ed25519,
        issuance,
        &|b, p| with_header(b, p, &|h| drop(h.as_object_mut().expect("an object").remove("typ"))),
        false,
    );
    case(
        "another header member",
        ed25519,
        issuance,
        &|b, p| with_header(b, p, &|h| h["cty"] = "x".into()),
        false,
    );
    case(
        "no key id",
        ed25519,
        issuance,
        &|b, p| with_header(b, p, &|h| drop(h.as_object_mut().expect("an object").remove("kid"))),
        false,
    );
    case(
        "a key id without a fragment",
        ed25519,
        issuance,
        &|b, p| with_header(b, p, &|h| h["kid"] = p.did().as_str().into()),
        false,
    );
    case(
        "a key id with a query",
        ed25519,
        issuance,
        &|b, p| with_header(b, p, &|h| h["kid"] = format!("{}?versionId=1#key-1", p.did()).into()),
        false,
    );
    case(
        "a key that the document does not have",
        ed25519,
        issuance,
        &|b, p| with_header(b, p, &|h| h["kid"] = format!("{}#key-9", p.did()).into()),
        false,
    );
    case(
        "a signer outside did:webvh",
        ed25519,
        issuance,
        &|b, p| {
            let multikey = p.key.public_key().to_multikey();
            let did = format!("did:key:{multikey}");
            let header = json!({ "typ": "inkan-issuance+jwt", "kid": format!("{did}#{multikey}") });
            p.sign_with(
                &header,
                &b.origin,
                &super::merged(&com(p), &json!({ "iss": did })),
                b.now(),
            )
        },
        false,
    );
    for (name, edit) in [
        ("not a JWS", (|_| "x".to_owned()) as fn(&str) -> String),
        ("two parts", |jws| jws.rsplit_once('.').expect("parts").0.to_owned()),
        ("four parts", |jws| format!("{jws}.AA")),
        ("a padded signature", |jws| format!("{jws}=")),
        ("a short signature", |jws| jws[..jws.len() - 2].to_owned()),
        ("a line feed at the end", |jws| format!("{jws}\n")),
        ("a blank before", |jws| format!(" {jws}")),
        ("a header with a byte order mark", |jws| {
            format!(
                "{}.{}",
                b64u("\u{feff}{\"alg\":\"EdDSA\"}".as_bytes()),
                jws.split_once('.').expect("parts").1
            )
        }),
    ] {
        case(name, ed25519, issuance, &|b, p| edit(&signed(b, p, &com(p))), false);
    }
    for alg in ["none", "EdDSA ", "ES256K", "ES256", "HS256"] {
        case(
            &format!("an algorithm of {alg:?}"),
            ed25519,
            issuance,
            &|b, p| realgorithm(&signed(b, p, &com(p)), alg, &p.key),
            false,
        );
    }
    case(
        "the algorithm as Ed25519",
        ed25519,
        issuance,
        &|b, p| realgorithm(&signed(b, p, &com(p)), "Ed25519", &p.key),
        true,
    );
    case(
        "an algorithm of EdDSA with P-256",
        p256,
        issuance,
        &|b, p| realgorithm(&signed(b, p, &com(p)), "EdDSA", &p.key),
        false,
    );
    statuses(&mut case);
    others(&mut case);
}

type Check<'a> = dyn FnMut(&str, KeyType, Kind, &dyn Fn(&Book, &Person) -> String, bool) + 'a;

fn statuses(case: &mut Check<'_>) {
    let whole = json!({
        "uri": "https://ledger.example/status/1", "list": "bitstring", "purpose": "revocation",
        "seq": 1, "len": 131_072, "dig": b64u(&[4; 32]), "nbf": START, "exp": START + 86_400,
    });
    let mut status = |name: &str, change: Value, good: bool| {
        let claims = super::whole_request(&whole, &change);
        case(
            &format!("status: {name}"),
            KeyType::Ed25519,
            Kind::Status,
            &|b, p| p.sign(Kind::Status, &b.origin, &claims, b.now()),
            good,
        );
    };
    status("as it should be", json!({}), true);
    status("a token list", json!({ "list": "token-jwt", "purpose": null }), true);
    status("a token list with a purpose", json!({ "list": "token-jwt" }), false);
    status("a bitstring without a purpose", json!({ "purpose": null }), false);
    status("a purpose in capitals", json!({ "purpose": "Revocation" }), false);
    status("an unknown list", json!({ "list": "magic" }), false);
    status("a list over http", json!({ "uri": "http://ledger.example/status/1" }), false);
    status("a list without a host", json!({ "uri": "https:///status/1" }), false);
    status("a list with a user", json!({ "uri": "https://a@ledger.example/" }), false);
    status("a list with a blank", json!({ "uri": "https://ledger.example/ 1" }), false);
    status("a sequence number of 0", json!({ "seq": 0 }), false);
    status("a sequence number as text", json!({ "seq": "1" }), false);
    status("no digest", json!({ "dig": null }), false);
    status("an end before its beginning", json!({ "exp": START }), false);
    status("367 days", json!({ "exp": START + 367 * 86_400 }), false);
}

/// `trust`, `anchor` and `once`.
fn others(case: &mut Check<'_>) {
    let digest = b64u(&[4; 32]);
    let trust = json!({
        "type": "authorization", "entityId": "did:web:issuer.example", "action": "issue", "resource": "degree",
        "op": "grant", "seq": 1, "nbf": START,
    });
    let anchor = json!({ "scope": "document", "mt": "application/pdf", "dig": digest });
    let once = json!({ "id": digest, "scope": "coupon" });
    let mut ask = |kind: Kind, whole: &Value, name: &str, change: Value, good: bool| {
        let claims = super::whole_request(whole, &change);
        let body =
            |book: &Book, person: &Person| person.sign(kind, &book.origin, &claims, book.now());
        case(&format!("{kind}: {name}"), KeyType::Ed25519, kind, &body, good);
    };
    for (name, change, good) in [
        ("as it should be", json!({}), true),
        ("a recognition", json!({ "type": "recognition" }), true),
        ("with an end and a document", json!({ "exp": START + 1, "dig": digest }), true),
        ("ended", json!({ "op": "end" }), true),
        ("void since a time", json!({ "op": "void", "since": START - 9 }), true),
        ("about a DID of any method", json!({ "entityId": "did:magic:%x:y" }), true),
        ("void without a time", json!({ "op": "void" }), false),
        ("a grant since a time", json!({ "since": START }), false),
        ("another type", json!({ "type": "rumour" }), false),
        ("another operation", json!({ "op": "maybe" }), false),
        ("about nobody", json!({ "entityId": "issuer.example" }), false),
        (
            "about a DID that ends in a colon",
            json!({ "entityId": "did:web:issuer.example:" }),
            false,
        ),
        ("no action", json!({ "action": null }), false),
        ("an action of 65 characters", json!({ "action": "x".repeat(65) }), false),
        ("a resource with a blank", json!({ "resource": "a degree" }), false),
        ("a resource of 256 characters", json!({ "resource": "x".repeat(256) }), true),
        ("a sequence number of 0", json!({ "seq": 0 }), false),
        ("an end before its beginning", json!({ "exp": START }), false),
        (
            "a compromised key of another DID",
            json!({ "action": "key-compromised", "resource": "did:web:issuer.example#k" }),
            false,
        ),
    ] {
        ask(Kind::Trust, &trust, name, change, good);
    }
    for (name, change, good) in [
        ("as it should be", json!({}), true),
        ("with a length and a number of records", json!({ "len": 0, "n": 1 }), true),
        ("a commitment", json!({ "dig": null, "com": digest }), true),
        ("a digest and a commitment", json!({ "com": digest }), false),
        ("neither", json!({ "dig": null }), false),
        ("a commitment with a length", json!({ "dig": null, "com": digest, "len": 5 }), false),
        ("no records", json!({ "n": 0 }), false),
        ("another scope", json!({ "scope": "person" }), false),
        ("no media type", json!({ "mt": null }), false),
        ("a media type without a subtype", json!({ "mt": "text" }), false),
        ("a media type with a parameter", json!({ "mt": "text/plain;charset=utf-8" }), false),
        ("a media type with two slashes", json!({ "mt": "text/x/y" }), false),
        ("a media type that begins with a dot", json!({ "mt": "text/.x" }), false),
        ("a media type with every sign", json!({ "mt": "x!#$&-^_.+/9!#$&-^_.+" }), true),
    ] {
        ask(Kind::Anchor, &anchor, name, change, good);
    }
    for (name, change, good) in [
        ("as it should be", json!({}), true),
        ("no scope", json!({ "scope": null }), false),
        ("a scope of 65 characters", json!({ "scope": "x".repeat(65) }), false),
        ("an id of 31 bytes", json!({ "id": b64u(&[4; 31]) }), false),
        ("a sequence number", json!({ "seq": 1 }), false),
    ] {
        ask(Kind::Once, &once, name, change, good);
    }
    let report = |resource: &dyn Fn(&Person) -> String, change: Value| {
        let trust = trust.clone();
        let resource_of = |p: &Person| resource(p);
        let claims = move |p: &Person| {
            let own = json!({
                "action": "key-compromised", "entityId": p.did().as_str(), "resource": resource_of(p),
            });
            super::whole_request(&super::merged(&trust, &own), &change)
        };
        claims(&Person::new(12, KeyType::Ed25519, Some("ledger.example")))
    };
    let own = |p: &Person| format!("{}#key-0", p.did());
    for (name, claims, good) in [
        ("a compromised key", report(&own, json!({})), true),
        ("a compromised key, ended", report(&own, json!({ "op": "end" })), false),
        ("a compromised key, until a time", report(&own, json!({ "exp": START + 1 })), false),
        ("a compromised DID", report(&|p| p.did().as_str().to_owned(), json!({})), false),
        (
            "a compromised key with a query",
            report(&|p| format!("{}?versionId=1#key-0", p.did()), json!({})),
            false,
        ),
    ] {
        ask(Kind::Trust, &claims, name, json!({}), good);
    }
}

fn parts(jws: &str) -> [&str; 3] {
    let parts: Vec<_> = jws.split('.').collect();
    parts.try_into().expect("three parts")
}

fn changed_signature(jws: &str) -> String {
    let [header, payload, signature] = parts(jws);
    let mut raw = inkan_core::encoding::decode_b64u(signature).expect("base64url");
    raw[40] ^= 1;
    format!("{header}.{payload}.{}", b64u(&raw))
}

fn zero_signature(jws: &str) -> String {
    let [header, payload, _] = parts(jws);
    format!("{header}.{payload}.{}", b64u(&[0; 64]))
}

fn resigned(jws: &str, key: &dyn Signer) -> String {
    let [header, payload, _] = parts(jws);
    let input = format!("{header}.{payload}");
    let signature = key.sign(input.as_bytes()).expect("a signature");
    format!("{input}.{}", b64u(&signature))
}

fn realgorithm(jws: &str, alg: &str, key: &dyn Signer) -> String {
    let [header, payload, signature] = parts(jws);
    let raw = inkan_core::encoding::decode_b64u(header).expect("base64url");
    let mut header: Value = serde_json::from_slice(&raw).expect("JSON");
    header["alg"] = alg.into();
    resigned(&format!("{}.{payload}.{signature}", b64u(header.to_string().as_bytes())), key)
}

/// Writes a line of a DID log without any of the checks that our tools make.
fn forge(
    predecessor: &str,
    number: u64,
    draft: &Value,
    signer: &dyn Signer,
    seconds: i64,
) -> String {
    let Value::Object(mut entry) = draft.clone() else { panic!("a draft is an object") };
    entry.insert("versionId".to_owned(), predecessor.into());
    let hash = |entry: &Map<String, Value>| {
        let bytes = strict::canonicalize(&Value::Object(entry.clone())).expect("canonical JSON");
        multihash58(&sha256(&[&bytes]))
    };
    let version_id = format!("{number}-{}", hash(&entry));
    entry.insert("versionId".to_owned(), version_id.into());
    let multikey = signer.public_key().to_multikey();
    let mut proof = json!({
        "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "assertionMethod",
        "verificationMethod": format!("did:key:{multikey}#{multikey}"), "created": at(seconds).to_string(),
    });
    let value =
        data_integrity::sign(&Value::Object(entry.clone()), &proof, signer).expect("a proof");
    proof["proofValue"] = value.into();
    entry.insert("proof".to_owned(), json!([proof]));
    Value::Object(entry).to_string()
}

/// A first version with the parameters that one has.
fn first_again(person: &Person) -> Value {
    let mut draft = draft(person, 1);
    draft["parameters"]["method"] = "did:webvh:1.0".into();
    draft["parameters"]["scid"] = person.scid().into();
    draft
}

/// The next version of a person, as a draft.
fn draft(person: &Person, seconds: i64) -> Value {
    let next = secret(31).public_key();
    json!({
        "versionTime": at(seconds).to_string(),
        "parameters": {
            "updateKeys": [person.update_key().public_key().to_multikey()],
            "nextKeyHashes": [inkan_did::webvh::next_key_hash(&next)],
        },
        "state": person.head.document().value(),
    })
}

/// Second versions that no log may accept.
fn versions(group: &mut Group) {
    let mut case = |name: &str, line: &dyn Fn(&Person) -> String, code: Option<&str>| {
        let (mut book, person) = registered(KeyType::Ed25519);
        let index = book.push(Kind::Did, line(&person).as_bytes());
        let entry = issue(&mut book, &person);
        let note = book.sealed();
        let history = [book.sidecar(1, &note), book.sidecar(index, &note)];
        let itself = asked(book.sidecar(index, &note), &history[..1]);
        let signed = asked(book.sidecar(entry, &note), &history);
        match code {
            None => {
                group.holds(
                    format!("version: {name}"),
                    itself,
                    &json!({ "checks": { "entry": "pass" } }),
                );
                group.holds(
                    format!("entry after version: {name}"),
                    signed,
                    &json!({ "checks": { "entry": "pass" } }),
                );
            }
            Some("malformed-leaf") => {
                let alone = json!({ "receipt": book.sidecar(index, &note) });
                group.refused(format!("version: {name}"), alone, "malformed-leaf");
            }
            Some(code) => {
                group.refused(format!("version: {name}"), itself, code);
                group.refused(format!("entry after version: {name}"), signed, code);
            }
        }
    };
    let forged = |person: &Person, change: &dyn Fn(&mut Value)| {
        let mut draft = draft(person, 1);
        change(&mut draft);
        forge(person.head.version_id(), 2, &draft, &person.update_key(), 1)
    };
    case("as it should be", &|p| forged(p, &|_| {}), None);
    case(
        "blanks and another order of members",
        &|p| {
            let value: Value = serde_json::from_str(&forged(p, &|_| {})).expect("JSON");
            let members = value.as_object().expect("an object").iter().rev();
            let members: Vec<_> = members
                .map(|(name, value)| format!("{}: {value}", Value::from(name.as_str())))
                .collect();
            format!("{{\t{} }}", members.join(" , "))
        },
        None,
    );
    case(
        "text beyond the basic plane",
        &|p| {
            forged(p, &|d| {
                d["state"]["\u{1f600}\u{e000}"] =
                    json!({ "\u{ffff}": 1, "\u{1f600}": "\u{7f}\u{1}\"\\/", "": -5 })
            })
        },
        None,
    );
    case(
        "a first version again",
        &|p| forge(p.head.version_id(), 1, &first_again(p), &p.update_key(), 1),
        Some(FORGED),
    );
    case(
        "a number of minus zero",
        &|p| forged(p, &|d| d["state"]["x"] = 0.into()).replacen("\"x\":0", "\"x\":-0", 1),
        None,
    );
    case(
        "another predecessor",
        &|p| {
            forge(
                "1-QmYNCgQySUjGKHdgzBu5RKqGuFEKjgBsDBgpcmERxzHNjr",
                2,
                &draft(p, 1),
                &p.update_key(),
                1,
            )
        },
        Some(FORGED),
    );
    case(
        "a key that nobody committed to",
        &|p| {
            let mut draft = draft(p, 1);
            draft["parameters"]["updateKeys"] = json!([secret(99).public_key().to_multikey()]);
            forge(p.head.version_id(), 2, &draft, &secret(99), 1)
        },
        Some(FORGED),
    );
    case(
        "a proof by another key",
        &|p| forge(p.head.version_id(), 2, &draft(p, 1), &secret(99), 1),
        Some(FORGED),
    );
    case(
        "no update keys under pre-rotation",
        &|p| {
            forged(p, &|d| {
                drop(d["parameters"].as_object_mut().expect("an object").remove("updateKeys"))
            })
        },
        Some(FORGED),
    );
    case(
        "no next keys under pre-rotation",
        &|p| {
            forged(p, &|d| {
                drop(d["parameters"].as_object_mut().expect("an object").remove("nextKeyHashes"))
            })
        },
        Some(FORGED),
    );
    case(
        "a time that is not later",
        &|p| forged(p, &|d| d["versionTime"] = at(-86_400).to_string().into()),
        Some(FORGED),
    );
    case(
        "a time in the future",
        &|p| forged(p, &|d| d["versionTime"] = at(400).to_string().into()),
        Some(FORGED),
    );
    case(
        "a proof of the future",
        &|p| forge(p.head.version_id(), 2, &draft(p, 1), &p.update_key(), 400),
        Some(FORGED),
    );
    case(
        "a changed document",
        &|p| forged(p, &|_| {}).replacen("people.example/", "people.example/x", 1),
        Some(FORGED),
    );
    case(
        "a witness line that nobody needs",
        &|p| {
            let line = forged(p, &|_| {});
            let value: Value = serde_json::from_str(&line).expect("JSON");
            let proof = json!({ "versionId": value["versionId"], "proof": value["proof"] });
            format!("{line}\n{proof}")
        },
        Some(FORGED),
    );
    case(
        "witnesses that did not approve",
        &|p| forged(p, &|d| d["parameters"]["witness"] = witness_set(1, &[41])),
        Some(FORGED),
    );
    case(
        "witnesses that approved",
        &|p| {
            witnessed(
                &forged(p, &|d| d["parameters"]["witness"] = witness_set(2, &[41, 42, 43])),
                &[41, 43],
            )
        },
        None,
    );
    case(
        "one approval too few",
        &|p| {
            witnessed(
                &forged(p, &|d| d["parameters"]["witness"] = witness_set(2, &[41, 42])),
                &[41, 44],
            )
        },
        Some(FORGED),
    );
    case("a move to another host", &|p| forged(p, &|d| moved_host(d, p)), Some(FORGED));
    for (name, edit) in [
        ("not JSON", (|_| "{".to_owned()) as fn(&str) -> String),
        ("a member twice", |line| {
            line.replacen('{', "{\"versionTime\":\"2026-01-01T00:00:00Z\",", 1)
        }),
        ("an unknown member", |line| line.replacen('{', "{\"extra\":1,", 1)),
        ("a carriage return", |line| format!("{line}\r")),
        ("an empty witness line", |line| format!("{line}\n")),
        ("a number with a fraction", |line| {
            line.replacen("\"state\":{", "\"state\":{\"x\":1.0,", 1)
        }),
        ("a number with an exponent", |line| {
            line.replacen("\"state\":{", "\"state\":{\"x\":1e2,", 1)
        }),
        ("a number beyond 2^53", |line| {
            line.replacen("\"state\":{", "\"state\":{\"x\":9007199254740992,", 1)
        }),
        ("nesting of 17", |line| {
            line.replacen(
                "\"state\":{",
                &format!("\"state\":{{\"x\":{}{},", "[".repeat(15), "]".repeat(15)),
                1,
            )
        }),
        ("a time with a fraction of a second", |line| line.replacen("01Z\"", "01.0Z\"", 1)),
        ("a time of 24 hours", |line| line.replacen("T08:00:01Z", "T24:00:01Z", 1)),
        ("a day that does not exist", |line| {
            line.replace("2026-01-15T08:00:01Z", "2026-02-30T08:00:01Z")
        }),
        ("a leap second", |line| line.replace("T08:00:01Z", "T08:00:60Z")),
        ("a version number with a zero", |line| {
            line.replacen("\"versionId\":\"2-", "\"versionId\":\"02-", 1)
        }),
        ("no proof", |line| line.replacen("\"proof\":[", "\"proof\":[],\"x\":[", 1)),
        ("an unknown parameter", |line| {
            line.replacen("\"parameters\":{", "\"parameters\":{\"x\":1,", 1)
        }),
        ("the SCID again", |line| {
            line.replacen(
                "\"parameters\":{",
                "\"parameters\":{\"scid\":\"QmYNCgQySUjGKHdgzBu5RKqGuFEKjgBsDBgpcmERxzHNjr\",",
                1,
            )
        }),
        ("another method", |line| {
            line.replacen("\"parameters\":{", "\"parameters\":{\"method\":\"did:webvh:0.5\",", 1)
        }),
        ("portable later", |line| {
            line.replacen("\"parameters\":{", "\"parameters\":{\"portable\":true,", 1)
        }),
        ("a parameter of null", |line| {
            line.replacen("\"parameters\":{", "\"parameters\":{\"ttl\":null,", 1)
        }),
        ("another cryptosuite", |line| line.replace("eddsa-jcs-2022", "eddsa-rdfc-2022")),
        ("another purpose", |line| {
            line.replace(
                "\"proofPurpose\":\"assertionMethod\"",
                "\"proofPurpose\":\"authentication\"",
            )
        }),
        ("a proof that expires", |line| {
            line.replacen(
                "\"proofPurpose\"",
                "\"expires\":\"2030-01-01T00:00:00Z\",\"proofPurpose\"",
                1,
            )
        }),
    ] {
        case(name, &|p| edit(&forged(p, &|_| {})), Some("malformed-leaf"));
    }
}

fn moved_host(draft: &mut Value, person: &Person) {
    // The old DID is not named.
    let text = draft["state"].to_string().replace("people.example", "elsewhere.example");
    draft["state"] = serde_json::from_str(&text).expect("JSON");
    let _ = person;
}

fn witness_set(threshold: u64, seeds: &[u64]) -> Value {
    let ids: Vec<_> = seeds
        .iter()
        .map(
            |seed| json!({ "id": format!("did:key:{}", secret(*seed).public_key().to_multikey()) }),
        )
        .collect();
    json!({ "threshold": threshold, "witnesses": ids })
}

fn witnessed(line: &str, seeds: &[u64]) -> String {
    let value: Value = serde_json::from_str(line).expect("JSON");
    let version_id = value["versionId"].as_str().expect("text");
    let proofs: Vec<_> = seeds
        .iter()
        .map(|seed| {
            inkan_did::webvh::witness_proof(version_id, &secret(*seed), at(1)).expect("a proof")
        })
        .collect();
    format!("{line}\n{}", inkan_did::webvh::witness_line(version_id, &proofs))
}

/// A history with a version that is none.
fn malformed_history(group: &mut Group) {
    let (mut book, person) = registered(KeyType::Ed25519);
    let index = book.push(Kind::Did, b"{}");
    let entry = issue(&mut book, &person);
    let note = book.sealed();
    let history = [book.sidecar(1, &note), book.sidecar(index, &note)];
    let request = asked(book.sidecar(entry, &note), &history);
    group.refused("a history with a version that is none", request, "malformed-leaf");
}

/// Documents with unusual keys, homes and lists, each validly signed.
fn documents(group: &mut Group) {
    let mut case = |name: &str, change: &dyn Fn(&mut Value, &Person), code: Option<&str>| {
        let (mut book, person) = registered(KeyType::Ed25519);
        let mut draft = draft(&person, 1);
        change(&mut draft["state"], &person);
        let line = forge(person.head.version_id(), 2, &draft, &person.update_key(), 1);
        let index = book.push(Kind::Did, line.as_bytes());
        let entry = issue(&mut book, &person);
        let note = book.sealed();
        let history = [book.sidecar(1, &note), book.sidecar(index, &note)];
        let request = asked(book.sidecar(entry, &note), &history);
        match code {
            None => group.holds(
                format!("document: {name}"),
                request,
                &json!({ "checks": { "entry": "pass" } }),
            ),
            Some("malformed-leaf") => {
                let alone = json!({ "receipt": book.sidecar(index, &note) });
                group.refused(format!("document: {name}"), alone, "malformed-leaf");
            }
            Some(code) => group.refused(format!("document: {name}"), request, code),
        }
    };
    let malformed = Some("malformed-leaf");
    let add = |state: &mut Value, method: Value| {
        state["verificationMethod"].as_array_mut().expect("methods").push(method);
    };
    let method = |person: &Person, key: &str| json!({ "id": format!("{}#more", person.did()), "type": "Multikey", "controller": person.did().as_str(), "publicKeyMultibase": key });
    let point = |hex: &str| {
        let raw = inkan_core::encoding::decode_hex(hex).expect("hexadecimal");
        multibase58(&[&[0xed, 0x01], raw.as_slice()].concat())
    };
    case("as it was", &|_, _| {}, None);
    case("a relative key id", &|s, _| s["verificationMethod"][0]["id"] = "#key-1".into(), None);
    case("a relative reference", &|s, _| s["assertionMethod"] = json!(["#key-1"]), None);
    case(
        "the key embedded",
        &|s, _| {
            s["assertionMethod"] = json!([s["verificationMethod"][0].clone()]);
            s["verificationMethod"] = json!([]);
            s["authentication"] = json!([]);
        },
        None,
    );
    case(
        "the key twice",
        &|s, _| s["assertionMethod"] = json!([s["verificationMethod"][0].clone()]),
        malformed,
    );
    case("the key for authentication only", &|s, _| s["assertionMethod"] = json!([]), Some(FORGED));
    case(
        "no relationships",
        &|s, _| {
            for name in ["assertionMethod", "authentication"] {
                s.as_object_mut().expect("an object").remove(name);
            }
        },
        Some(FORGED),
    );
    case(
        "no controller",
        &|s, _| {
            drop(
                s["verificationMethod"][0].as_object_mut().expect("an object").remove("controller"),
            )
        },
        None,
    );
    case(
        "a controller of an unknown method",
        &|s, _| s["verificationMethod"][0]["controller"] = "did:magic:x".into(),
        Some(FORGED),
    );
    case(
        "a controller that is no DID",
        &|s, _| s["verificationMethod"][0]["controller"] = "x".into(),
        malformed,
    );
    case(
        "a key under another DID",
        &|s, p| {
            let mut other = method(p, &p.key.public_key().to_multikey());
            other["id"] = "did:web:example.com#key".into();
            add(s, other);
        },
        malformed,
    );
    case(
        "a reference to another DID",
        &|s, _| s["keyAgreement"] = json!(["did:web:example.com#key", "did:magic:x#y"]),
        None,
    );
    case(
        "a reference that is no DID URL",
        &|s, _| s["keyAgreement"] = json!(["did:web:localhost#key"]),
        malformed,
    );
    case(
        "a key id with a path",
        &|s, p| s["keyAgreement"] = json!([format!("{}/x#key", p.did())]),
        malformed,
    );
    case(
        "a key of small order",
        &|s, p| {
            add(
                s,
                method(
                    p,
                    &point("0100000000000000000000000000000000000000000000000000000000000000"),
                ),
            )
        },
        malformed,
    );
    case(
        "a key not in canonical form",
        &|s, p| {
            add(
                s,
                method(
                    p,
                    &point("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
                ),
            )
        },
        malformed,
    );
    case(
        "a key that is not on the curve",
        &|s, p| {
            add(
                s,
                method(
                    p,
                    &point("0200000000000000000000000000000000000000000000000000000000000000"),
                ),
            )
        },
        malformed,
    );
    case(
        "a key of an unknown type",
        &|s, p| add(s, method(p, &multibase58(&[0xe7, 0x01, 2, 3]))),
        None,
    );
    case("a key in another base", &|s, p| add(s, method(p, "uAAAA")), malformed);
    case("a key with foreign characters", &|s, p| add(s, method(p, "z0OIl")), malformed);
    case(
        "a key that is very long in bytes",
        &|s, p| add(s, method(p, &"\u{e9}".repeat(200))),
        None,
    );
    case(
        "a key that is very long",
        &|s, p| add(s, method(p, &format!("z{}", "2".repeat(300)))),
        None,
    );
    case(
        "a method of an unknown type",
        &|s, p| add(s, json!({ "id": format!("{}#more", p.did()), "type": "Magic" })),
        None,
    );
    case(
        "a method without a type",
        &|s, p| add(s, json!({ "id": format!("{}#more", p.did()) })),
        malformed,
    );
    case("a method that is text", &|s, _| add(s, json!("#key-1")), malformed);
    jwks(&mut case, &add);
    let service = |kind: Value, endpoint: Value| json!({ "id": "#s", "type": kind, "serviceEndpoint": endpoint });
    case(
        "a second home",
        &|s, _| {
            s["service"]
                .as_array_mut()
                .expect("services")
                .push(service(json!("LedgerLog"), json!("https://ledger.example")));
        },
        malformed,
    );
    case(
        "the home among other types",
        &|s, _| {
            s["service"] =
                json!([service(json!(["x", "LedgerLog"]), json!("https://ledger.example"))])
        },
        None,
    );
    case(
        "a home over http",
        &|s, _| s["service"] = json!([service(json!("LedgerLog"), json!("http://ledger.example"))]),
        malformed,
    );
    case(
        "a home with a slash",
        &|s, _| {
            s["service"] = json!([service(json!("LedgerLog"), json!("https://ledger.example/"))])
        },
        malformed,
    );
    case(
        "a home in a list",
        &|s, _| {
            s["service"] = json!([service(json!("LedgerLog"), json!(["https://ledger.example"]))])
        },
        malformed,
    );
    case("no home any more", &|s, _| s["service"] = json!([]), None);
    case("a service without a type", &|s, _| s["service"] = json!([{ "id": "#s" }]), malformed);
    case("a service that is text", &|s, _| s["service"] = json!(["x"]), malformed);
    case("services that are no list", &|s, _| s["service"] = json!({}), malformed);
}

type DocumentCase<'a> = dyn FnMut(&str, &dyn Fn(&mut Value, &Person), Option<&str>) + 'a;

fn jwks(case: &mut DocumentCase<'_>, add: &dyn Fn(&mut Value, Value)) {
    let malformed = Some("malformed-leaf");
    let p256 = inkan_crypto::SecretKey::generate(
        KeyType::P256,
        &mut inkan_core::rng::insecure::SeededRng::new(5),
    );
    let good = p256.public_key().to_jwk();
    let with = |name: &str, value: Value| super::merged(&good, &json!({ name: value }));
    let mut jwk = |name: &str, jwk: Value, code: Option<&str>| {
        case(
            name,
            &|s, p| {
                add(
                    s,
                    json!({ "id": format!("{}#more", p.did()), "type": "JsonWebKey", "publicKeyJwk": jwk }),
                );
            },
            code,
        );
    };
    jwk("a P-256 key as JWK", good.clone(), None);
    jwk("a JWK with a private part", with("d", json!("AA")), malformed);
    jwk("a JWK off the curve", with("y", json!(b64u(&[1; 32]))), malformed);
    jwk("a JWK with a short coordinate", with("x", json!(b64u(&[1; 31]))), malformed);
    jwk(
        "a JWK with a coordinate of p",
        with(
            "x",
            json!(b64u(
                &inkan_core::encoding::decode_hex(
                    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
                )
                .expect("hexadecimal")
            )),
        ),
        malformed,
    );
    jwk("a JWK of another curve", with("crv", json!("P-384")), None);
    jwk("a JWK without a curve", with("crv", json!(5)), malformed);
    jwk("a JWK of another type", with("kty", json!("RSA")), None);
    jwk("a JWK without a type", with("kty", Value::Null), malformed);
    jwk(
        "an Ed25519 key as JWK",
        json!({ "kty": "OKP", "crv": "Ed25519", "x": b64u(&secret(5).public_key().raw()) }),
        None,
    );
    jwk(
        "an Ed25519 JWK of small order",
        json!({ "kty": "OKP", "crv": "Ed25519", "x": b64u(&[0; 32]) }),
        malformed,
    );
    jwk("a JWK that is text", json!("x"), malformed);
}

/// Signers who are at home elsewhere.
fn homes(group: &mut Group) {
    for (name, home, code) in [
        ("nowhere", None, None),
        ("in another log", Some("other.example"), Some("not-home")),
        ("in a log nobody knows", Some("third.example"), Some("not-home")),
    ] {
        let mut book = Book::new("ledger.example", 1);
        book.seal();
        let person = Person::new(12, KeyType::Ed25519, home);
        book.record(&person, FLAGS);
        let entry = issue(&mut book, &person);
        let note = book.sealed();
        let history = [book.sidecar(1, &note)];
        for (what, request) in [
            ("an entry", asked(book.sidecar(entry, &note), &history)),
            ("a version", json!({ "receipt": book.sidecar(1, &note) })),
        ] {
            let name = format!("{what} of a signer at home {name}");
            match code {
                None => group.holds(name, request, &json!({ "checks": { "entry": "pass" } })),
                Some(code) => group.refused(name, request, code),
            }
        }
    }
}

/// From one log to another, and back.
fn moves(group: &mut Group) {
    let (mut home, mut away) = (Book::new("ledger.example", 1), Book::new("other.example", 2));
    home.seal();
    away.seal();
    let mut person = Person::new(14, KeyType::Ed25519, Some("ledger.example"));
    let first = person.line().to_owned();
    let home_1 = home.record(&person, FLAGS);
    let before = issue(&mut home, &person);
    person.move_to("other.example", 5);
    let home_2 = home.record(&person, FLAGS.with(Flags::MOVED));
    let left_behind = issue(&mut home, &person);
    away.wait(10);
    let away_1 = away.push(Kind::Did, first.as_bytes());
    let too_early = issue(&mut away, &person);
    let away_2 = away.record(&person, FLAGS);
    let abroad = issue(&mut away, &person);
    person.move_to("ledger.example", 20);
    let away_3 = away.record(&person, FLAGS.with(Flags::MOVED));
    let gone = issue(&mut away, &person);
    home.wait(20);
    let home_3 = home.record(&person, FLAGS);
    let returned = issue(&mut home, &person);
    let (home_note, away_note) = (home.sealed(), away.sealed());
    let at_home = |index: u64| home.sidecar(index, &home_note);
    let abroad_at = |index: u64| away.sidecar(index, &away_note);
    let all = [
        at_home(home_1),
        at_home(home_2),
        at_home(home_3),
        abroad_at(away_1),
        abroad_at(away_2),
        abroad_at(away_3),
    ];
    let pass = json!({ "checks": { "entry": "pass" } });
    let unchecked = json!({ "checks": { "entry": "not-checked" } });
    group.holds("before the move", asked(at_home(before), &all), &pass);
    group.refused("in the log that was left", asked(at_home(left_behind), &all), "not-home");
    group.holds(
        "in the new log before the import ended",
        asked(abroad_at(too_early), &all),
        &unchecked,
    );
    group.holds("in the new log", asked(abroad_at(abroad), &all), &pass);
    group.refused("in the new log after it was left", asked(abroad_at(gone), &all), "not-home");
    group.holds("back in the first log", asked(at_home(returned), &all), &pass);
    let without = |place: usize| {
        let mut some = all.to_vec();
        some.remove(place);
        some
    };
    group.holds(
        "in the new log, the leaving not shown",
        asked(abroad_at(abroad), &without(1)),
        &unchecked,
    );
    group.holds(
        "back in the first log, the leaving not shown",
        asked(at_home(returned), &without(5)),
        &unchecked,
    );
    let storage = [at_home(home_1), abroad_at(away_1)];
    group.refused(
        "an import without its last entry",
        asked(abroad_at(abroad), &storage),
        "not-home",
    );
    let only = [abroad_at(away_1), abroad_at(away_2)];
    group.holds("the new log's receipts alone", asked(abroad_at(abroad), &only), &unchecked);
    group.holds("the version that leaves", asked(at_home(home_2), &all), &pass);
    group.holds("the version that arrives", asked(abroad_at(away_2), &all), &pass);
    group.holds(
        "the version that arrives, the leaving not shown",
        asked(abroad_at(away_2), &only[..1]),
        &unchecked,
    );
    group.refused("a version that is only stored", asked(abroad_at(away_1), &all), "not-home");
}
