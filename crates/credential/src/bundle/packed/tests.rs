use std::collections::BTreeMap;

use inkan_core::encoding::b64u;
use serde_json::{Value, json};

use super::{Beside, packed, unpacked};

const DID: &str = "did:webvh:QmSCID:ledger.example:one";
const LINE: &str = r#"{"parameters":{},"versionId":"1-x"}"#;

fn signed(kind: &str, header: &str, payload: &str) -> String {
    let body = format!("{}.{}.c2ln", b64u(header.as_bytes()), b64u(payload.as_bytes()));
    b64u(format!("inkan-leaf/v1\n{kind}\n1781428000\n{body}").as_bytes())
}

fn header(kind: &str, algorithm: &str) -> String {
    format!(r#"{{"alg":"{algorithm}","kid":"{DID}#key-1","typ":"inkan-{kind}+jwt"}}"#)
}

fn payload(time: u64, origin: &str) -> String {
    format!(r#"{{"aud":"{origin}","com":"Y29t","iat":{time},"iss":"{DID}"}}"#)
}

fn receipt(leaf: &str) -> Value {
    json!({
        "type": "inkan-receipt/1", "leaf": leaf, "proof": "c2sp.org/tlog-proof@v1\nindex 3\n\n", "checkpoint": 0,
    })
}

/// Judges what a bundle with this log and one checkpoint makes of a receipt, there and back.
fn there_and_back(long: &Value) -> Value {
    let checkpoints = ["ledger.example\n9\nroot\n".to_owned()];
    let did_logs = BTreeMap::from([(DID.to_owned(), format!("{LINE}\n"))]);
    let beside = Beside { checkpoints: &checkpoints, did_logs: &did_logs };
    let short = packed(long, beside);
    assert_eq!(unpacked(vec![short.clone()], beside), std::slice::from_ref(long), "{short}");
    short
}

#[test]
fn what_follows_is_left_out_and_comes_back() {
    let leaf =
        signed("issuance", &header("issuance", "EdDSA"), &payload(1_781_428_000, "ledger.example"));
    let short = there_and_back(&receipt(&leaf));
    assert_eq!(
        short,
        json!({
            "type": "inkan-entry/1", "entry": "issuance", "time": 1_781_428_000, "kid": format!("{DID}#key-1"),
            "claims": { "com": "Y29t" }, "signature": "c2ln",
            "proof": "c2sp.org/tlog-proof@v1\nindex 3\n\n", "checkpoint": 0,
        })
    );
    // What does not follow is said.
    let leaf =
        signed("issuance", &header("issuance", "ES256"), &payload(1_781_427_999, "other.example"));
    let short = there_and_back(&receipt(&leaf));
    assert_eq!(short["alg"], "ES256");
    assert_eq!(
        short["claims"],
        json!({ "com": "Y29t", "aud": "other.example", "iat": 1_781_427_999 })
    );
}

#[test]
fn what_an_entry_commits_to_follows_from_its_opening() {
    let opening = json!({ "format": "di", "salt": b64u(&[1; 16]), "digest": b64u(&[2; 32]) });
    let name = b"inkan-commit/v1\nissuance\nQmSCID\n";
    let com = inkan_core::sha256(&[name, &[1; 16], &[2; 32]]).to_b64u();
    let said = payload(1_781_428_000, "ledger.example").replace("Y29t", &com);
    let mut long = receipt(&signed("issuance", &header("issuance", "EdDSA"), &said));
    long["opening"] = opening.clone();
    assert_eq!(there_and_back(&long)["claims"], json!({}));
    // An opening that opens something else, and one of a record in a batch, say nothing of it.
    for (member, other) in [("salt", json!(b64u(&[3; 16]))), ("record", json!({}))] {
        long["opening"] = opening.clone();
        long["opening"][member] = other;
        assert_eq!(there_and_back(&long)["claims"], json!({ "com": com }));
    }
}

#[test]
fn a_line_of_a_did_log_stands_in_the_bundle_once() {
    let leaf = |line: &str| b64u(format!("inkan-leaf/v1\ndid\n1781428000\n{line}").as_bytes());
    let short = there_and_back(&receipt(&leaf(LINE)));
    assert_eq!((&short["of"], &short["version"]), (&json!(DID), &json!(1)));
    assert!(short.get("leaf").is_none() && short.get("line").is_none());
    // Another line is spelled out.
    let short = there_and_back(&receipt(&leaf(r#"{"versionId":"2-y"}"#)));
    assert_eq!(short["line"], json!({ "versionId": "2-y" }));
}

#[test]
fn what_has_no_short_spelling_keeps_the_long_one() {
    let plain = payload(1_781_428_000, "ledger.example");
    let spaced = plain.replace(":1781", ": 1781");
    let other = plain.replace(DID, "did:webvh:QmOTHER:ledger.example:one");
    let more = header("issuance", "EdDSA").replace("\"typ\"", "\"jwk\":{},\"typ\"");
    let kind = header("status", "EdDSA");
    for (header, payload) in [
        (header("issuance", "EdDSA"), spaced),
        (header("issuance", "EdDSA"), other),
        (more, plain.clone()),
        (kind, plain),
    ] {
        let long = receipt(&signed("issuance", &header, &payload));
        assert_eq!(there_and_back(&long), long);
    }
    let leaf = b64u(b"inkan-leaf/v1\nissuance\n1781428000\nnot a JWS");
    assert_eq!(there_and_back(&receipt(&leaf)), receipt(&leaf));
    // Nor has one with a member that nobody knows.
    let mut odd = receipt(&signed("issuance", &header("issuance", "EdDSA"), &payload(1, "x")));
    odd["more"] = 1.into();
    assert_eq!(there_and_back(&odd), odd);
}

#[test]
fn what_cannot_be_read_stays_for_its_reader_to_refuse() {
    let did_logs = BTreeMap::from([(DID.to_owned(), format!("{LINE}\n"))]);
    let beside = Beside { checkpoints: &[], did_logs: &did_logs };
    let line = |version: u64| json!({ "type": "inkan-entry/1", "entry": "did", "time": 1, "of": DID, "version": version, "proof": "" });
    for bad in [line(0), line(2), json!({ "type": "inkan-entry/1", "entry": "issuance" })] {
        assert_eq!(unpacked(vec![bad.clone()], beside), [bad]);
    }
    let mut odd = line(1);
    odd["leaf"] = "AA".into();
    assert_eq!(unpacked(vec![odd.clone()], beside), [odd]);
}

#[test]
fn a_small_file_does_not_become_a_large_one() {
    let long = "x".repeat(1 << 20);
    let did_logs = BTreeMap::from([(DID.to_owned(), long)]);
    let beside = Beside { checkpoints: &[], did_logs: &did_logs };
    let one = json!({ "type": "inkan-entry/1", "entry": "did", "time": 1, "of": DID, "version": 1, "proof": "" });
    let all = unpacked(vec![one.clone(); 64], beside);
    let size: usize = all.iter().map(|one| one.to_string().len()).sum();
    assert!(size < 20 << 20, "{size}");
    assert_eq!(all[63], one);
}
