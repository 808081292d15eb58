use std::sync::LazyLock;

use inkan_core::tolerance;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::did_url::DidUrl;
use crate::webvh::testing::{
    accept, bytes, first_head, first_line, forge, multikey, next_draft, now, plain_draft, public,
    secret,
};
use crate::webvh::{rotate, witness_proof};

/// Two versions, a minute apart.
static LOG: LazyLock<String> = LazyLock::new(|| {
    let line = rotate(&first_head(), &[], &secret(2), &public(3), now().plus_seconds(60)).unwrap();
    format!("{}\n{line}\n", first_line())
});

fn later() -> Timestamp {
    now().plus_seconds(120)
}

fn verify(log: &str) -> Result<History, HistoryError> {
    History::verify(log, None, later())
}

fn code(log: &str) -> &'static str {
    verify(log).map_or_else(|error| error.code(), |_| "accepted")
}

fn log_of(entries: &[Value]) -> String {
    entries.iter().map(|entry| format!("{entry}\n")).collect()
}

#[test]
fn a_log_gives_all_its_versions() {
    let history = verify(&LOG).unwrap();
    assert_eq!(history.versions().len(), 2);
    assert_eq!(history.latest().number(), 2);
    assert!(history.covers(history.did()));
    assert!(!history.covers(&Did::parse("did:web:ledger.example").unwrap()));
    assert_eq!(code(LOG.trim_end()), "accepted");
}

#[test]
fn a_selector_is_obeyed_or_an_error() {
    let history = verify(&LOG).unwrap();
    let id = history.versions()[0].version_id().to_owned();
    assert_eq!(history.version(&id).unwrap().number(), 1);
    assert!(history.version("1-Qm").is_none());
    assert_eq!(history.number(2).unwrap().number(), 2);
    assert!(history.number(3).is_none());
    for (seconds, number) in
        [(-1, None), (0, Some(1)), (59, Some(1)), (60, Some(2)), (9_999, Some(2))]
    {
        let found = history.at_time(now().plus_seconds(seconds)).map(Head::number);
        assert_eq!(found, number, "{seconds}");
    }
    let select = |query: &str| {
        let url = DidUrl::parse(&format!("{}{query}", history.did())).unwrap();
        history.select(&url.version_selectors().unwrap()).map(Head::number).map_err(|it| it.code())
    };
    assert_eq!(select(""), Ok(2));
    assert_eq!(select(&format!("?versionId={id}")), Ok(1));
    assert_eq!(select("?versionTime=2026-03-01T12:00:30Z"), Ok(1));
    assert_eq!(select(&format!("?versionId={id}&versionNumber=1")), Ok(1));
    for query in [
        "?versionNumber=3",
        "?versionId=2-Qm",
        "?versionTime=2026-03-01T11:59:59Z",
        "?versionNumber=1&versionTime=2026-03-01T12:30:00Z",
    ] {
        assert_eq!(select(query), Err("version-not-found"), "{query}");
    }
}

#[test]
fn logs_that_are_no_logs_are_refused() {
    assert_eq!(code(""), "did-log-empty");
    assert_eq!(code("\n \n"), "did-log-empty");
    assert_eq!(code("{}"), "malformed-entry");
    assert_eq!(code(&format!("{}\n", *LOG)), "malformed-entry");
    let large = " ".repeat(limits::DID_LOG + 1);
    assert_eq!(code(&large), "did-log-too-large");
}

#[test]
fn entries_cannot_be_left_out_swapped_or_repeated() {
    let lines: Vec<&str> = LOG.lines().collect();
    for order in [vec![1], vec![1, 0], vec![0, 0], vec![0, 1, 1]] {
        let log: Vec<&str> = order.iter().map(|index| lines[*index]).collect();
        assert_eq!(code(&log.join("\n")), "version-conflict", "{order:?}");
    }
    let refused = verify(&[lines[0], lines[0]].join("\n")).unwrap_err();
    assert!(matches!(refused, HistoryError::Entry { line: 2, .. }));
}

#[test]
fn versions_of_the_future_are_refused() {
    let edge = now().plus_seconds(60 - tolerance::LEDGER_FUTURE);
    assert!(History::verify(&LOG, None, edge).is_ok());
    let refused = History::verify(&LOG, None, edge.plus_seconds(-1)).unwrap_err();
    assert_eq!(refused.code(), "version-time-invalid");
}

#[test]
fn a_resolver_takes_what_only_a_ledger_refuses() {
    let mut draft = plain_draft();
    draft["versionTime"] = json!("2026-03-01T12:00:00.250Z");
    draft["parameters"]["nextKeyHashes"] =
        json!(["noise", super::super::next_key_hash(&public(2))]);
    draft["state"]["score"] = json!(1.5);
    let method = json!({ "id": "did:web:other.example#k", "type": "Multikey", "controller": "did:web:other.example", "publicKeyMultibase": multikey(5) });
    draft["state"]["verificationMethod"].as_array_mut().unwrap().push(method);
    let entry = forge(None, &draft, &[1]);
    let history = verify(&log_of(std::slice::from_ref(&entry))).unwrap();
    assert_eq!(history.latest().document().verification_methods().len(), 1);
    assert!(accept(None, &bytes(&entry)).is_err());
    let spaced = serde_json::to_string_pretty(&entry).unwrap().replace('\n', "\r");
    assert_eq!(code(&spaced), "accepted");
}

/// A log of three versions, all of which witness 11 must approve.
fn witnessed_log() -> (String, Vec<String>) {
    let mut draft = plain_draft();
    draft["parameters"]["witness"] =
        json!({ "threshold": 1, "witnesses": [{ "id": format!("did:key:{}", multikey(11)) }] });
    let mut entries = vec![forge(None, &draft, &[1])];
    let mut head = advance(None, &entry(&entries[0]), later()).unwrap().head;
    for _ in 0..2 {
        entries.push(forge(Some(&head), &next_draft(&head), &[1]));
        head = advance(Some(&head), &entry(entries.last().unwrap()), later()).unwrap().head;
    }
    let ids = entries.iter().map(|entry| entry["versionId"].as_str().unwrap().to_owned()).collect();
    (log_of(&entries), ids)
}

fn entry(value: &Value) -> Entry {
    Entry::read(&bytes(value), Rules::Resolver).unwrap()
}

fn approval(version_id: &str, witness: u64) -> Value {
    let proof = witness_proof(version_id, &secret(witness), now()).unwrap();
    json!({ "versionId": version_id, "proof": [proof] })
}

#[test]
fn an_approval_counts_for_all_versions_before_it() {
    let (log, ids) = witnessed_log();
    let with = |file: Option<Value>| {
        let file = file.map(|file| file.to_string());
        History::verify(&log, file.as_deref(), later()).map_or_else(|it| it.code(), |_| "accepted")
    };
    assert_eq!(with(None), "witness-threshold");
    assert_eq!(with(Some(json!([]))), "witness-threshold");
    assert_eq!(
        with(Some(json!([approval(&ids[0], 11), approval(&ids[1], 11)]))),
        "witness-threshold"
    );
    assert_eq!(with(Some(json!([approval(&ids[2], 12)]))), "witness-threshold");
    assert_eq!(with(Some(json!([approval(&ids[2], 11)]))), "accepted");
    assert_eq!(
        with(Some(json!([{ "versionId": ids[0], "proof": [] }, approval(&ids[2], 11)]))),
        "accepted"
    );
}

#[test]
fn approvals_of_unpublished_versions_are_ignored() {
    let (log, ids) = witnessed_log();
    let unpublished = format!("4{}", ids[2].trim_start_matches('3'));
    let file = json!([approval(&unpublished, 11)]).to_string();
    let refused = History::verify(&log, Some(&file), later()).unwrap_err();
    assert_eq!(refused.code(), "witness-threshold");
    let file = json!([{ "versionId": unpublished, "proof": "?" }, approval(&ids[2], 11)]);
    assert!(History::verify(&log, Some(&file.to_string()), later()).is_ok());
}

#[test]
fn a_witness_file_with_one_bad_proof_is_refused() {
    let (log, ids) = witnessed_log();
    let good = approval(&ids[2], 11);
    let mut bad = approval(&ids[1], 11);
    bad["proof"][0]["created"] = json!("2026-02-01T00:00:00Z");
    for file in [
        json!([good, bad]).to_string(),
        json!({ "versionId": ids[2] }).to_string(),
        json!([{ "versionId": ids[2], "proof": {} }]).to_string(),
        "[".to_owned(),
    ] {
        let refused = History::verify(&log, Some(&file), later()).unwrap_err();
        assert_eq!(refused.code(), "witness-invalid", "{file}");
    }
    // Where no version needs approval, the file is not looked at.
    assert!(History::verify(&LOG, Some("["), later()).is_ok());
}

proptest! {
    #[test]
    fn verification_never_panics(log in ".{0,200}", file in proptest::option::of(".{0,60}")) {
        let _ = History::verify(&log, file.as_deref(), later());
        let _ = History::verify(&witnessed_log().0, file.as_deref(), later());
    }

    #[test]
    fn any_flipped_bit_fails(at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let mut bytes = LOG.clone().into_bytes();
        // The last line feed is no part of the log.
        bytes.pop();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(log) = String::from_utf8(bytes) {
            prop_assert_ne!(code(&log), "accepted");
        }
    }

    #[test]
    fn any_replaced_byte_fails(at in any::<prop::sample::Index>(), byte in 0x20_u8..0x7f) {
        let mut bytes = LOG.clone().into_bytes();
        bytes.pop();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        prop_assert_ne!(code(&String::from_utf8(bytes).unwrap()), "accepted");
    }
}
