//! Current-proofs (§5.4 of the ledger specification): the newest entry, that there is none, and proofs that do not hold.
//!
//! This file is long because it is a list: every case stands beside the others of its rule.

use inkan_core::encoding::{b64u, decode_b64u};
use inkan_crypto::KeyType;
use inkan_ledger::epoch::Epoch;
use inkan_ledger::{ActId, Flags, Kind, MapKey, OnceId, TrustStatement};
use serde_json::{Value, json};

use super::Group;
use super::book::{Book, Person, START, commit, opening};

/// The act that is accepted, and then withdrawn.
fn act() -> ActId {
    ActId::from_bytes([1; 32])
}

fn trust_key(scid: &str) -> MapKey {
    let entity = "did:web:issuer.example";
    MapKey::trust_of(scid, TrustStatement::Authorization, entity, "issue", "degree")
}

struct World {
    book: Book,
    person: Person,
    /// Size of the checkpoint before the withdrawal, and of the one after it.
    sizes: [u64; 2],
}

fn world() -> World {
    let mut book = Book::new("ledger.example", 1);
    book.seal();
    let flags = Flags::PRE_ROTATION.with(Flags::PORTABLE);
    for seed in 20..32 {
        book.record(&Person::new(seed, KeyType::Ed25519, Some("ledger.example")), flags);
    }
    let person = Person::new(11, KeyType::Ed25519, Some("ledger.example"));
    book.record(&person, flags);
    let key = MapKey::act(person.scid(), &act());
    let state = |book: &Book, artefact: &[u8], seq: u64| {
        let com = commit(Kind::Countersignature, person.scid(), artefact);
        let claims = json!({ "com": com.to_b64u(), "act": act().to_b64u(), "seq": seq });
        person.sign(Kind::Countersignature, &book.origin, &claims, book.now())
    };
    let accepted = state(&book, b"accepted", 1);
    book.enter(key, Flags::NONE, 1, accepted.as_bytes());
    let uri = "https://ledger.example/status/1";
    let status = json!({
        "uri": uri, "list": "bitstring", "purpose": "revocation", "seq": 1, "len": 131_072,
        "dig": b64u(&[4; 32]), "nbf": START, "exp": START + 86_400,
    });
    let status = person.sign(Kind::Status, &book.origin, &status, book.now());
    book.enter(MapKey::status(person.scid(), uri), Flags::NONE, 1, status.as_bytes());
    let trust = json!({
        "type": "authorization", "entityId": "did:web:issuer.example", "action": "issue", "resource": "degree",
        "op": "end", "seq": 1, "nbf": START,
    });
    let trust = person.sign(Kind::Trust, &book.origin, &trust, book.now());
    book.enter(trust_key(person.scid()), Flags::ENDED, 1, trust.as_bytes());
    let once = json!({ "scope": "coupon", "id": b64u(&[6; 32]) });
    let once = person.sign(Kind::Once, &book.origin, &once, book.now());
    book.enter(
        MapKey::once("coupon", &OnceId::from_bytes([6; 32])),
        Flags::NONE,
        1,
        once.as_bytes(),
    );
    let before = book.seal();
    let withdrawn = state(&book, b"withdrawn", 2);
    book.enter(key, Flags::NONE, 2, withdrawn.as_bytes());
    let after = book.seal();
    World { book, person, sizes: [before, after] }
}

/// The file.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn group() -> Group {
    let world = world();
    let World { book, person, sizes } = &world;
    let defaults = json!({ "check": "current", "policy": book.two_of_three(), "now": START + 100 });
    let mut group = Group::new(
        "current",
        "Current-proofs: the newest entry of an id, that there is none, and proofs that do not hold.",
        defaults,
    );
    let [before, after] = sizes.map(|size| book.cosigned(size, &[30, 40, 50]));
    let scid = person.scid();
    let act_text = act().to_b64u();
    let uri = "https://ledger.example/status/1";
    let asked = |kind: &str, parts: Value, proof: &Value| json!({ "kind": kind, "parts": parts, "proof": proof.to_string() });
    let proof = |key: &MapKey, note| book.current(key, note).to_value();
    let did = proof(&MapKey::did(scid), &after);
    let of_did = |proof: &Value| asked("did", json!([scid]), proof);
    group.holds(
        "a DID",
        of_did(&did),
        &json!({
            "origin": "ledger.example", "size": sizes[1], "index": sizes[1] - 1, "kind": "epoch",
            "freshAt": START + 40,
            "head": { "kind": "did", "seq": 1, "flags": 10, "index": 13 },
            "checks": { "map": "pass", "opening": "skipped", "age": "skipped" },
        }),
    );
    let status = proof(&MapKey::status(scid, uri), &after);
    group.holds(
        "a status list",
        asked("status", json!([scid, uri]), &status),
        &json!({
            "head": { "kind": "status", "seq": 1, "flags": 0 },
        }),
    );
    let trust = proof(&trust_key(scid), &after);
    let parts = json!([scid, "authorization", "did:web:issuer.example", "issue", "degree"]);
    group.holds(
        "a trust statement that ended",
        asked("trust", parts.clone(), &trust),
        &json!({
            "head": { "kind": "trust", "seq": 1, "flags": 1 },
        }),
    );
    let recognised = json!([scid, "recognition", "did:web:issuer.example", "issue", "degree"]);
    group.refused(
        "another trust statement",
        asked("trust", recognised, &trust),
        "map-proof-invalid",
    );
    let rumour = json!([scid, "rumour", "did:web:issuer.example", "issue", "degree"]);
    group.refused(
        "a trust statement of no type",
        asked("trust", rumour, &trust),
        "map-proof-invalid",
    );
    for (name, id, head) in [
        ("a coupon that was used", 6, json!({ "kind": "once", "seq": 1 })),
        ("a coupon that was not used", 7, Value::Null),
    ] {
        let key = MapKey::once("coupon", &OnceId::from_bytes([id; 32]));
        let request = asked("once", json!(["coupon", b64u(&[id; 32])]), &proof(&key, &after));
        group.holds(name, request, &json!({ "head": head }));
    }
    acts(&mut group, &world, &act_text, &before, &after);
    let nobody = Person::new(90, KeyType::Ed25519, None);
    let absent = proof(&MapKey::did(nobody.scid()), &after);
    group.holds(
        "a DID that was never registered",
        asked("did", json!([nobody.scid()]), &absent),
        &json!({ "head": null }),
    );
    let other = ActId::from_bytes([2; 32]);
    let unused = proof(&MapKey::act(scid, &other), &after);
    group.holds(
        "an act that never began",
        asked("countersignature", json!([scid, other.to_b64u()]), &unused),
        &json!({ "head": null }),
    );
    let empty = empty_map(scid);
    group.holds(
        "a map without keys",
        asked("did", json!([scid]), &empty),
        &json!({ "head": null }),
    );
    group.holds(
        "fresh enough",
        super::merged(&of_did(&did), &json!({ "maxAge": 60 })),
        &json!({ "checks": { "age": "pass" } }),
    );
    group.refused("too old", super::merged(&of_did(&did), &json!({ "maxAge": 59 })), "stale");
    crossed(&mut group, &world, &did, &absent, nobody.scid());
    members(&mut group, &of_did(&did), &did);
    forms(&mut group, scid, &did);
    flipped(&mut group, &of_did, &did, "present");
    flipped(&mut group, &|proof| asked("did", json!([nobody.scid()]), proof), &absent, "absent");
    foreign(&mut group, scid);
    epochs(&mut group, scid);
    group
}

fn acts(
    group: &mut Group,
    world: &World,
    act_text: &str,
    before: &inkan_ledger::SignedNote,
    after: &inkan_ledger::SignedNote,
) {
    let World { book, person, .. } = world;
    let key = MapKey::act(person.scid(), &act());
    let asked = |note: &inkan_ledger::SignedNote, artefact: &[u8], act: &str| {
        json!({
            "kind": "countersignature", "parts": [person.scid(), act_text],
            "proof": book.current(&key, note).to_value().to_string(),
            "opening": opening(artefact), "digest": opening(artefact)["digest"], "act": act,
        })
    };
    group.holds(
        "an acceptance that is the newest",
        asked(before, b"accepted", act_text),
        &json!({
            "head": { "kind": "countersignature", "seq": 1 }, "checks": { "opening": "pass" },
        }),
    );
    group.holds(
        "a withdrawal that is the newest",
        asked(after, b"withdrawn", act_text),
        &json!({
            "head": { "seq": 2 }, "checks": { "opening": "pass" },
        }),
    );
    group.refused(
        "an acceptance that was withdrawn",
        asked(after, b"accepted", act_text),
        "act-superseded",
    );
    group.refused(
        "an artefact of another act",
        asked(before, b"accepted", &b64u(&[2; 32])),
        "act-superseded",
    );
    group.refused(
        "an artefact that was never recorded",
        asked(after, b"forged", act_text),
        "act-superseded",
    );
}

/// Proofs and questions that do not belong together.
fn crossed(group: &mut Group, world: &World, did: &Value, absent: &Value, nobody: &str) {
    let World { book, person, sizes } = world;
    let scid = person.scid();
    let asked = |kind: &str, parts: Value, proof: &Value| json!({ "kind": kind, "parts": parts, "proof": proof.to_string() });
    let other = Person::new(20, KeyType::Ed25519, Some("ledger.example"));
    group.refused(
        "a present key, of another DID",
        asked("did", json!([other.scid()]), did),
        "map-proof-invalid",
    );
    group.refused(
        "absence of a present key, on another way",
        asked("did", json!([other.scid()]), absent),
        "map-proof-invalid",
    );
    let mut bare = did.clone();
    bare.as_object_mut().expect("an object").retain(|name, _| name != "head" && name != "value");
    group.refused(
        "a present key, its head left out",
        asked("did", json!([scid]), &bare),
        "map-value-invalid",
    );
    let mut dressed = absent.clone();
    dressed["head"] = did["head"].clone();
    dressed["value"] = did["value"].clone();
    group.refused(
        "an absent key with a head",
        asked("did", json!([nobody]), &dressed),
        "map-value-invalid",
    );
    let key = MapKey::act(scid, &act());
    let [old, new] =
        sizes.map(|size| book.current(&key, &book.cosigned(size, &[30, 40, 50])).to_value());
    let parts = json!([scid, act().to_b64u()]);
    let mut older = new.clone();
    older["head"] = old["head"].clone();
    group.refused(
        "an older head under a newer epoch",
        asked("countersignature", parts.clone(), &older),
        "map-value-invalid",
    );
    older["value"] = old["value"].clone();
    group.refused(
        "an older head and value under a newer epoch",
        asked("countersignature", parts.clone(), &older),
        "map-value-invalid",
    );
    older["map"] = old["map"].clone();
    group.refused(
        "an older map proof under a newer epoch",
        asked("countersignature", parts, &older),
        "map-proof-invalid",
    );
    group.refused(
        "a DID where a status list is asked for",
        asked("status", json!([scid, "https://x.example"]), did),
        "map-proof-invalid",
    );
    group.refused(
        "an id of too many parts",
        asked("did", json!([scid, scid]), did),
        "map-proof-invalid",
    );
    group.refused(
        "a kind that is not in the map",
        asked("issuance", json!([scid]), did),
        "map-proof-invalid",
    );
    let receipt = book.receipt(13, &book.cosigned(sizes[1], &[30, 40, 50])).to_value();
    let mut not_epoch = did.clone();
    not_epoch["epoch"] = receipt["leaf"].clone();
    not_epoch["proof"] = receipt["proof"].clone();
    group.refused(
        "another leaf instead of the epoch",
        asked("did", json!([scid]), &not_epoch),
        "malformed-leaf",
    );
    let first =
        book.current(&MapKey::did(scid), &book.cosigned(sizes[0], &[30, 40, 50])).to_value();
    let late = book.receipt(sizes[0] - 1, &book.cosigned(sizes[1], &[30, 40, 50])).to_value();
    let mut not_last = first;
    not_last["proof"] = late["proof"].clone();
    group.refused(
        "an epoch that is not the last leaf",
        asked("did", json!([scid]), &not_last),
        "not-last-leaf",
    );
}

/// One member changed.
fn members(group: &mut Group, asked: &Value, did: &Value) {
    let with = |name: &str, bytes: &dyn Fn(&mut Vec<u8>)| {
        let mut proof = did.clone();
        let mut raw = decode_b64u(did[name].as_str().expect("text")).expect("base64url");
        bytes(&mut raw);
        proof[name] = b64u(&raw).into();
        super::merged(asked, &json!({ "proof": proof.to_string() }))
    };
    let invalid = "map-value-invalid";
    for (name, at, byte) in [
        ("another version of the value", 0, 2),
        ("an unknown kind in the value", 1, 8),
        ("a kind that is not in the map", 1, 2),
        ("another kind in the value", 1, 3),
        ("another flag in the value", 2, 11),
        ("a spare flag in the value", 2, 0x20),
        ("another sequence number in the value", 10, 9),
        ("another index in the value", 18, 99),
        ("another leaf hash in the value", 50, 0),
    ] {
        group.refused(name, with("value", &|raw| raw[at] = byte), invalid);
    }
    group.refused(
        "a value of 50 bytes",
        with("value", &|raw| raw.truncate(raw.len() - 1)),
        invalid,
    );
    group.refused("a value of 52 bytes", with("value", &|raw| raw.push(0)), invalid);
    group.refused(
        "a changed head",
        with("head", &|raw| *raw.last_mut().expect("a byte") ^= 1),
        invalid,
    );
    group.refused("a head that is no leaf", with("head", &|raw| raw[0] = b'x'), "malformed-leaf");
    group.refused("a changed epoch", with("epoch", &|raw| raw[40] ^= 1), "inclusion-invalid");
    group.refused(
        "a map proof of another version",
        with("map", &|raw| raw[0] = 2),
        "map-proof-invalid",
    );
    group.refused(
        "a map proof with another marker",
        with("map", &|raw| raw[1] = 2),
        "map-proof-invalid",
    );
    group.refused(
        "a map proof cut off",
        with("map", &|raw| raw.truncate(raw.len() - 1)),
        "map-proof-invalid",
    );
    group.refused(
        "a map proof with a byte more",
        with("map", &|raw| raw.push(0)),
        "map-proof-invalid",
    );
    group.refused("an empty map proof", with("map", &|raw| raw.clear()), "map-proof-invalid");
    group.refused(
        "257 siblings",
        with("map", &|raw| raw[66..68].copy_from_slice(&[1, 1])),
        "map-proof-invalid",
    );
}

/// Its JSON.
fn forms(group: &mut Group, scid: &str, did: &Value) {
    let mut refuse = |name: &str, text: String| {
        let request = json!({ "kind": "did", "parts": [scid], "proof": text });
        group.refused(name, request, "malformed-receipt");
    };
    let with = |name: &str, member: Value| {
        let mut proof = did.clone();
        proof[name] = member;
        proof.to_string()
    };
    let without = |name: &str| {
        let mut proof = did.clone();
        proof.as_object_mut().expect("an object").remove(name);
        proof.to_string()
    };
    refuse("not JSON", "proof".to_owned());
    refuse("of another type", with("type", json!("inkan-receipt/1")));
    refuse("with an unknown member", with("extra", json!(1)));
    refuse("without a type", without("type"));
    refuse("without an epoch", without("epoch"));
    refuse("without a proof", without("proof"));
    refuse("without a map proof", without("map"));
    refuse("a head without a value", without("value"));
    refuse("a value without a head", without("head"));
    refuse("a loose map proof", with("map", json!("AQ=")));
    refuse("a head of null", with("head", Value::Null));
    let text = did.to_string();
    refuse("with a member twice", text.replacen('{', "{\"type\":\"inkan-current/1\",", 1));
}

/// The map proof with one bit changed in every seventh byte.
fn flipped(group: &mut Group, asked: &dyn Fn(&Value) -> Value, proof: &Value, what: &str) {
    let raw = decode_b64u(proof["map"].as_str().expect("text")).expect("base64url");
    for at in (0..raw.len()).step_by(7) {
        let mut raw = raw.clone();
        raw[at] ^= 1 << (at % 8);
        let mut proof = proof.clone();
        proof["map"] = b64u(&raw).into();
        group.refused(
            format!("a bit of byte {at} flipped, {what}"),
            asked(&proof),
            "map-proof-invalid",
        );
    }
}

fn empty_map(scid: &str) -> Value {
    let mut book = Book::new("ledger.example", 1);
    book.seal();
    let note = book.cosigned(1, &[30, 40, 50]);
    book.current(&MapKey::did(scid), &note).to_value()
}

/// Maps whose operator put another entry, or another number, under a key.
fn foreign(group: &mut Group, scid: &str) {
    let other = Person::new(20, KeyType::Ed25519, Some("ledger.example"));
    for (name, entered, code) in [
        ("an entry of somebody else", 1, "map-value-invalid"),
        ("a number that is not the entry's", 2, "map-value-invalid"),
    ] {
        let mut book = Book::new("ledger.example", 1);
        let person = if entered == 1 { other.scid() } else { scid };
        let line = if entered == 1 {
            other.line().to_owned()
        } else {
            Person::new(11, KeyType::Ed25519, Some("ledger.example")).line().to_owned()
        };
        debug_assert!(line.contains(person));
        book.enter(MapKey::did(scid), Flags::NONE, entered, line.as_bytes());
        book.seal();
        let proof = book.current(&MapKey::did(scid), &book.cosigned(2, &[30, 40, 50])).to_value();
        let request = json!({ "kind": "did", "parts": [scid], "proof": proof.to_string() });
        group.refused(format!("under the key: {name}"), request, code);
    }
}

/// Epoch leaves that say something wrong.
fn epochs(group: &mut Group, scid: &str) {
    for (name, change, code) in [
        (
            "an epoch that names another place",
            (|epoch: &mut Epoch| epoch.size += 1) as fn(&mut Epoch),
            "malformed-leaf",
        ),
        (
            "an epoch with another map root",
            |epoch| epoch.map = inkan_ledger::NodeHash::empty(),
            "map-proof-invalid",
        ),
    ] {
        let mut book = Book::new("ledger.example", 1);
        let mut epoch = book.epoch();
        change(&mut epoch);
        book.push(Kind::Epoch, &epoch.to_bytes());
        let receipt = book.receipt(0, &book.cosigned(1, &[30, 40, 50])).to_value();
        let mut proof = empty_map(scid);
        proof["epoch"] = receipt["leaf"].clone();
        proof["proof"] = receipt["proof"].clone();
        let request = json!({ "kind": "did", "parts": [scid], "proof": proof.to_string() });
        group.refused(name, request, code);
    }
}
