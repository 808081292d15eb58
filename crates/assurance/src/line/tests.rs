use std::collections::BTreeSet;

use inkan_core::codes::CodeBook;
use inkan_evidence::{Code, Finding, Row};
use serde_json::{Value, json};

use super::{Line, Status};

fn codes() -> CodeBook {
    CodeBook::parse(include_str!("../../../../schemas/codes.json")).unwrap()
}

#[test]
fn a_line_is_what_it_was_made_of() {
    let line = Line::pass("ial", "assurance");
    assert_eq!((line.check(), line.subject(), line.status()), ("ial", "assurance", Status::Pass));
    assert_eq!((line.code(), line.decides()), (None, false));
    assert_eq!((line.expected_value(), line.found_value()), (None, None));
    assert_eq!((line.message_en(), line.message_ja()), ("", None));
    assert!(line.evidence().is_empty());
    let line = line.expected("IAL-2").found("IAL-3").with("item", 1).saying("so".to_owned());
    assert_eq!((line.expected_value(), line.found_value()), (Some("IAL-2"), Some("IAL-3")));
    assert_eq!(line.evidence().get("item"), Some(&json!(1)));
    assert_eq!(line.message_en(), "so");
    let failed = Line::fail("aal", "assurance", Code::AalBelowRequirement);
    assert_eq!((failed.status(), failed.decides()), (Status::Fail, true));
    assert_eq!(failed.code(), Some("aal-below-requirement"));
    assert!(!failed.message_en().is_empty() && failed.message_ja().is_some());
    let open = Line::unknown("aal", "assurance", Code::EvaluationIncomplete);
    assert_eq!((open.status(), open.decides()), (Status::Unknown, true));
    let note = Line::note("seal", "cred[0]", Status::Unknown, Code::AddedAfterSeal);
    assert_eq!(
        (note.status(), note.decides(), note.code()),
        (Status::Unknown, false, Some("added-after-seal"))
    );
    let words = [Status::Pass, Status::Fail, Status::Skipped, Status::Unknown].map(Status::as_str);
    assert_eq!(words, ["pass", "fail", "skipped", "unknown"]);
}

#[test]
fn a_finding_is_told_and_decides_nothing() {
    let table = [
        (Code::EvaluationIncomplete, Status::Unknown),
        (Code::LevelClaimIgnored, Status::Skipped),
        (Code::PadMissing, Status::Fail),
    ];
    for (code, status) in table {
        let line = Line::of_finding(Finding::new(code, "cred[0]"));
        assert_eq!((line.status(), line.decides(), line.subject()), (status, false, "cred[0]"));
    }
    let of_row =
        Finding::new(Code::AnchorNotAuthorised, "x").of_row(Row::R1).expected("e").found("f");
    let value = Line::of_finding(of_row).to_value(&codes());
    assert_eq!(value["effect"], "no R1");
    assert_eq!((&value["expected"], &value["found"]), (&json!("e"), &json!("f")));
}

#[test]
fn as_json_a_line_has_what_it_needs_and_nothing_else() {
    let names = |value: &Value| -> Vec<String> {
        let names: BTreeSet<String> = value.as_object().unwrap().keys().cloned().collect();
        names.into_iter().collect()
    };
    let passed = Line::pass("ial", "assurance").saying("IAL-2".to_owned()).to_value(&codes());
    assert_eq!(names(&passed), ["check", "message", "status", "subject"]);
    assert_eq!(passed["message"], json!({"en": "IAL-2"}));
    assert_eq!(
        names(&Line::pass("ial", "assurance").to_value(&codes())),
        ["check", "status", "subject"]
    );
    let failed =
        Line::fail("aal", "assurance", Code::AalBelowRequirement).with("n", 2).to_value(&codes());
    assert_eq!(
        names(&failed),
        [
            "check", "code", "effect", "evidence", "message", "number", "remedy", "spec", "status",
            "subject"
        ]
    );
    assert_eq!(failed["spec"], "assurance 9");
    assert_eq!(failed["evidence"], json!({"n": 2}));
    assert!(failed["message"]["ja"].is_string() && failed["number"].is_string());
    let told = Line::of_finding(Finding::new(Code::PadMissing, "x")).to_value(&codes());
    assert!(told.get("remedy").is_none(), "what decides nothing has no remedy of its own");
    let note =
        Line::note("seal", "cred[0]", Status::Unknown, Code::AddedAfterSeal).to_value(&codes());
    assert!(note.get("effect").is_none() && note["code"] == "added-after-seal");
}
