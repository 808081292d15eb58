//! Openings (V11 of the ledger specification): which artefact an entry commits to.

use inkan_core::encoding::{b64, b64u};
use inkan_core::sha256;
use inkan_crypto::KeyType;
use inkan_ledger::{Flags, Kind};
use serde_json::{Value, json};

use super::Group;
use super::book::{Book, Person, START, commit, opening};

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
    let body = person.issuance(&book, b"credential");
    let issuance = book.push(Kind::Issuance, body.as_bytes());
    let act = b64u(&[1; 32]);
    let com = commit(Kind::Countersignature, person.scid(), b"acceptance").to_b64u();
    let claims = json!({ "com": com, "act": act, "seq": 1 });
    let body = person.sign(Kind::Countersignature, &book.origin, &claims, book.now());
    let countersignature = book.push(Kind::Countersignature, body.as_bytes());
    let com = commit(Kind::Anchor, person.scid(), b"file").to_b64u();
    let claims = json!({ "scope": "dataset", "mt": "text/csv", "com": com });
    let body = person.sign(Kind::Anchor, &book.origin, &claims, book.now());
    let anchor = book.push(Kind::Anchor, body.as_bytes());
    let claims = json!({ "scope": "dataset", "mt": "text/csv", "dig": digest_of(b"file") });
    let body = person.sign(Kind::Anchor, &book.origin, &claims, book.now());
    let public = book.push(Kind::Anchor, body.as_bytes());
    let note = book.sealed();
    let defaults = json!({ "check": "receipt", "policy": book.two_of_three(), "now": START + 100 });
    let mut group =
        Group::new("openings", "Openings (V11): which artefact an entry commits to.", defaults);
    let receipt = |index: u64, opening: &Value| {
        let mut value = book.receipt(index, &note).to_value();
        if !opening.is_null() {
            value["opening"] = opening.clone();
        }
        value.to_string()
    };
    let digest = digest_of;
    let credential = opening(b"credential");
    let asked = |opening: &Value, artefact: &[u8]| json!({ "receipt": receipt(issuance, opening), "digest": digest(artefact) });
    let pass = json!({ "checks": { "opening": "pass" } });
    group.holds("a credential", asked(&credential, b"credential"), &pass);
    group.holds("no artefact at hand", json!({ "receipt": receipt(issuance, &credential) }), &pass);
    group.holds(
        "an artefact and no opening",
        asked(&Value::Null, b"credential"),
        &json!({ "checks": { "opening": "not-checked" } }),
    );
    let beside = json!({
        "receipt": receipt(issuance, &Value::Null), "digest": digest(b"credential"), "opening": credential,
    });
    group.holds("an opening beside the receipt", beside, &pass);
    group.refused("another credential", asked(&credential, b"another"), "digest-mismatch");
    group.refused(
        "an opening of another credential",
        asked(&opening(b"another"), b"another"),
        "opening-invalid",
    );
    group.refused(
        "an opening of another credential alone",
        json!({ "receipt": receipt(issuance, &opening(b"another")) }),
        "opening-invalid",
    );
    let mut salted = credential.clone();
    salted["salt"] = b64u(&[8; 16]).into();
    group.refused("another salt", asked(&salted, b"credential"), "opening-invalid");
    let kind = commit(Kind::Countersignature, person.scid(), b"credential");
    let moved = person.sign(
        Kind::Issuance,
        "ledger.example",
        &json!({ "com": kind.to_b64u() }),
        book.now(),
    );
    let stranger = Person::new(12, KeyType::Ed25519, Some("ledger.example"));
    let copied = commit(Kind::Issuance, person.scid(), b"credential");
    let copied = stranger.sign(
        Kind::Issuance,
        "ledger.example",
        &json!({ "com": copied.to_b64u() }),
        book.now(),
    );
    for (name, body) in [
        ("a commitment of another kind", moved),
        ("a commitment copied from another signer", copied),
    ] {
        let mut other = Book::new("ledger.example", 1);
        let index = other.push(Kind::Issuance, body.as_bytes());
        let note = other.sealed();
        let mut value = other.receipt(index, &note).to_value();
        value["opening"] = credential.clone();
        group.refused(
            name,
            json!({ "receipt": value.to_string(), "digest": digest(b"credential") }),
            "opening-invalid",
        );
    }
    let accepted = opening(b"acceptance");
    let act_of = |act: Option<&str>| {
        let mut request = json!({ "receipt": receipt(countersignature, &accepted), "digest": digest(b"acceptance") });
        if let Some(act) = act {
            request["act"] = act.into();
        }
        request
    };
    group.holds("a countersignature of its act", act_of(Some(&act)), &pass);
    group.refused(
        "a countersignature of another act",
        act_of(Some(&b64u(&[2; 32]))),
        "act-mismatch",
    );
    group.refused("a countersignature without an act", act_of(None), "act-mismatch");
    let ignored = super::merged(&asked(&credential, b"credential"), &json!({ "act": act }));
    group.holds("a credential that names an act", ignored, &pass);
    group.refused(
        "an opening of a DID entry",
        json!({ "receipt": receipt(did, &credential) }),
        "opening-invalid",
    );
    group.refused(
        "an opening of an epoch",
        json!({ "receipt": receipt(0, &credential) }),
        "opening-invalid",
    );
    let whole = json!({ "receipt": receipt(issuance, &credential), "history": [book.sidecar(did, &note)], "digest": digest(b"credential") });
    group.holds(
        "everything at once",
        super::merged(&whole, &json!({ "maxAge": 1_000, "kind": "issuance" })),
        &json!({
            "checks": { "entry": "pass", "opening": "pass", "age": "pass" },
        }),
    );
    let file = |index: u64| json!({ "receipt": receipt(index, &opening(b"file")), "digest": digest_of(b"file") });
    group.holds("an anchor", file(anchor), &pass);
    group.refused("an opening of an anchor that needs none", file(public), "opening-invalid");
    malformed(&mut group, &credential, &|opening| json!({ "receipt": receipt(issuance, opening) }));
    let text = json!({
        "receipt": book.receipt(issuance, &note).proof().to_string(),
        "leaf": { "b64": b64(book.leaf(issuance)) }, "opening": credential, "digest": digest(b"credential"),
    });
    group.holds("the text of a proof and an opening", text, &pass);
    group
}

fn digest_of(artefact: &[u8]) -> String {
    sha256(&[artefact]).to_b64u()
}

fn malformed(group: &mut Group, opening: &Value, asked: &dyn Fn(&Value) -> Value) {
    let with = |name: &str, value: Value| super::whole_request(opening, &json!({ name: value }));
    for (name, opening) in [
        ("an unknown format", with("format", json!("magic"))),
        ("no format", with("format", Value::Null)),
        ("a salt of 15 bytes", with("salt", json!(b64u(&[7; 15])))),
        ("a salt of 17 bytes", with("salt", json!(b64u(&[7; 17])))),
        ("a loose salt", with("salt", json!("BwcHBwcHBwcHBwcHBwcHBx"))),
        ("a digest of 31 bytes", with("digest", json!(b64u(&[7; 31])))),
        ("no digest", with("digest", Value::Null)),
        ("another member", with("extra", json!(1))),
        ("an empty object", json!({})),
    ] {
        group.refused(format!("malformed opening: {name}"), asked(&opening), "malformed-receipt");
    }
}
