use serde_json::json;

use super::*;

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn sample(decision: &str, exit: u8, status: Value) -> Value {
    json!({
        "type": "inkan-report/1", "decision": decision, "exit": exit, "asOf": "2026-11-18T22:41:00Z",
        "presenter": "shown", "policy": { "id": "desk", "version": "1" },
        "checks": [
            { "check": "issuer-log", "status": "pass",
              "evidence": { "did": "did:webvh:QmScidScidScidScid:ledger.example:a1", "versions": 2 } },
            { "check": "on-ledger", "status": "pass", "evidence":
              { "log": "ledger.example", "entry": 7, "size": 13, "root": "9f2c00112233", "registrant": "issuer" } },
            { "check": "key-in-force", "status": "pass",
              "evidence": { "key": "sign-1", "version": 1, "entry": 7, "rotatedAtEntry": 11 } },
            { "check": "schema", "status": "skipped" },
            status,
        ],
        "assurance": {
            "ial": { "required": "IAL-2", "achieved": "IAL-2", "counted": "IAL-2", "row": "R7", "basis": "attested" },
            "aal": { "required": "AAL-1", "achieved": "AAL-1", "road": "holder-proof" },
        },
    })
}

fn good() -> Value {
    let status = json!({ "check": "status", "status": "pass", "evidence": { "list": 1, "index": 94567, "listEntry": 5 } });
    sample("accept", 0, status)
}

fn revoked() -> Value {
    let status = json!({
        "check": "status", "status": "fail", "code": "credential-revoked", "number": "INK-3104",
        "message": "the credential was revoked on 2026-11-20 by its issuer", "evidence": { "list": 1, "index": 94567 },
    });
    sample("reject", 12, status)
}

#[test]
fn explaining_shows_every_check_and_a_skipped_one_is_not_green() {
    let shown = plain(&verdict(&good(), "vp2.json", &[], Depth::Explain));
    for line in [
        "ACCEPTED  vp2.json under desk                    as of 2026-11-18 22:41:00 UTC",
        " ✓ issuer's log     did:webvh:QmScid…idScid:ledger.example:a1, 2 versions, certifies itself",
        " ✓ on ledger        entry 7 of 13 in ledger.example, root 9f2c0011…",
        " ✓ key in force     sign-1, version 1 at entry 7 (rotated at entry 11: fine)",
        " - schema           skipped: the credential names none",
        " ✓ not revoked      list 1, index 94567, newest status is entry 5",
        " ✓ IAL-2 (needs 2)  document by image (R7)",
    ] {
        assert!(shown.contains(line), "{line}\n\n{shown}");
    }
    assert_eq!(refusal(&good(), "vp2.json"), None);
}

#[test]
fn the_short_form_shows_the_verdict_and_what_stands_in_its_way() {
    let accepted = plain(&verdict(&good(), "vp2.json", &[], Depth::Short));
    assert_eq!(accepted.lines().count(), 1, "{accepted}");
    let rejected = plain(&verdict(&revoked(), "vp2.json", &[], Depth::Short));
    let line =
        " ✗ status           the credential was revoked on 2026-11-20 by its issuer   [INK-3104]";
    assert!(rejected.contains(line), "{rejected}");
    assert_eq!(rejected.lines().count(), 2, "{rejected}");
}

#[test]
fn a_refusal_is_an_error_with_remedies() {
    let said = plain(&refusal(&revoked(), "vp2.json").unwrap());
    assert!(
        said.starts_with("error[INK-3104]: the credential was revoked on 2026-11-20"),
        "{said}"
    );
    assert!(said.contains("inkan verify --at T"), "{said}");
    assert!(said.ends_with("inkan explain INK-3104\n"), "{said}");
}

#[test]
fn a_status_this_program_does_not_know_is_never_shown_as_a_pass() {
    let odd = sample("undetermined", 19, json!({ "check": "status", "status": "fine" }));
    let shown = plain(&verdict(&odd, "x", &[], Depth::Explain));
    assert!(shown.contains(" ! status"), "{shown}");
    assert!(shown.starts_with("CANNOT TELL"), "{shown}");
}

#[test]
fn foreign_text_in_a_report_cannot_reach_the_terminal_raw() {
    let evil =
        json!({ "check": "status", "status": "fail", "code": "x", "message": "a\u{1b}[2Jb" });
    let shown = verdict(&sample("reject", 11, evil), "x\u{1b}]0;y", &[], Depth::Explain);
    assert!(!shown.contains("\u{1b}[2J") && !shown.contains("\u{1b}]0"), "{shown:?}");
}

#[test]
fn of_several_credentials_each_is_named_before_its_lines() {
    let check =
        |subject: &str, name: &str| json!({ "subject": subject, "check": name, "status": "pass" });
    let mut report = good();
    report["checks"] = json!([
        check("cred[0]", "schema"),
        check("cred[0]", "did-active"),
        check("cred[1]", "schema"),
        check("presentation", "presentation"),
    ]);
    let types = ["Badge".to_owned(), "Person".to_owned()];
    let shown = plain(&verdict(&report, "vp.json", &types, Depth::Explain));
    let heads: Vec<&str> = shown
        .lines()
        .filter(|line| line.starts_with(" cred[") || *line == " presentation")
        .collect();
    assert_eq!(heads, [" cred[0] Badge", " cred[1] Person", " presentation"], "{shown}");
    // One needs no number.
    let shown = plain(&verdict(&report, "vp.json", &types[..1], Depth::Explain));
    assert!(!shown.contains("cred["), "{shown}");
}

/// That the log runs a witness shows by its key, and not by what the policy calls it.
#[test]
fn who_is_not_counted_is_told_with_the_reason() {
    let said = |own: Value| {
        detail::uncounted(&json!({ "notCounted": ["self/w1", "self/w2"], "runByLog": own }))
    };
    let own = "not counted: self/w1, self/w2 (run by the log itself)";
    assert_eq!(said(json!(["self/w1", "self/w2"])).as_deref(), Some(own));
    for own in [json!([]), json!(["self/w1"]), Value::Null] {
        let said = said(own).unwrap();
        assert!(said.ends_with("(by the policy the log's own)"), "{said}");
    }
    assert_eq!(detail::uncounted(&json!({ "notCounted": [{ "signer": "did:web:c" }] })), None);
}
