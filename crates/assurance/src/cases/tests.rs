use inkan_core::codes::CodeBook;
use serde_json::{Value, json};

use super::{CaseTable, CaseTableError};

fn codes() -> CodeBook {
    CodeBook::parse(include_str!("../../../../schemas/codes.json")).unwrap()
}

fn table(change: impl FnOnce(&mut Value)) -> Result<CaseTable, CaseTableError> {
    let mut value = json!({
        "type": "inkan-policy-cases/1",
        "cases": [{"file": "a.json", "expect": {"decision": "reject", "exit": 15, "codes": ["INK-5056"]}}],
    });
    change(&mut value);
    CaseTable::parse(value.to_string().as_bytes(), &codes())
}

#[test]
fn a_table_is_closed() {
    assert_eq!(table(|_| ()).unwrap().cases.len(), 1);
    let wrong: [fn(&mut Value); 12] = [
        |table| table["type"] = json!("inkan-policy-cases/2"),
        |table| table["more"] = json!(1),
        |table| table["cases"] = json!([]),
        |table| table["cases"][0]["file"] = json!(""),
        |table| table["cases"][0]["file"] = json!("-"),
        |table| table["cases"][0]["at"] = json!("yesterday"),
        |table| table["cases"][0]["expects"] = json!({}),
        |table| table["cases"][0]["expect"]["decision"] = json!("ACCEPT"),
        |table| table["cases"][0]["expect"]["IAL"] = json!("IAL-2"),
        |table| table["cases"][0]["expect"]["exit"] = json!(256),
        |table| table["cases"][0]["expect"]["codes"] = json!(["no-such-code"]),
        |table| drop(table["cases"][0].as_object_mut().unwrap().remove("expect")),
    ];
    for (place, change) in wrong.into_iter().enumerate() {
        let error = table(change).expect_err(&place.to_string());
        assert_eq!(error.code(), "policy-cases-malformed", "{place}");
    }
}

#[test]
fn whatever_is_otherwise_is_said() {
    let report = json!({
        "decision": "reject", "exit": 15,
        "checks": [{"check": "ial", "code": "ial-below-requirement"}],
        "assurance": {
            "ial": {"achieved": "IAL-2"}, "aal": {"achieved": "AAL-1"}, "reasons": ["aal-below-requirement"],
        },
    });
    let differs = |expect: Value| {
        let table = table(|table| table["cases"][0]["expect"] = expect).unwrap();
        table.cases[0].expect.differences(&report, &codes())
    };
    let all = json!({
        "decision": "reject", "exit": 15, "ial": "IAL-2", "aal": "AAL-1",
        "codes": ["ial-below-requirement", "aal-below-requirement"],
    });
    assert!(differs(all.clone()).is_empty());
    let other = [
        ("decision", json!("undetermined")),
        ("exit", json!(16)),
        ("ial", json!("IAL-3")),
        ("aal", json!("AAL-2")),
        ("codes", json!(["policy-mismatch"])),
    ];
    for (member, value) in other {
        let mut expect = all.clone();
        expect[member] = value;
        assert_eq!(differs(expect).len(), 1, "{member}");
    }
}

#[test]
fn a_table_has_from_one_to_so_many_cases() {
    let with = |count: usize| {
        table(|table| {
            let one = table["cases"][0].clone();
            table["cases"] = vec![one; count].into();
        })
    };
    assert_eq!(with(2).unwrap().cases.len(), 2);
    assert_eq!(with(super::MOST).unwrap().cases.len(), super::MOST);
    assert!(with(super::MOST + 1).is_err());
}

#[test]
fn codes_are_known_by_name_and_by_number() {
    let book = codes();
    assert_eq!(super::named("policy-mismatch", &book), Some("policy-mismatch"));
    let number = book.get("policy-mismatch").unwrap().number.clone();
    assert_eq!(super::named(&number, &book), Some("policy-mismatch"));
    assert_eq!(super::named("INK-0", &book), None);
    let report = json!({"decision": "undetermined", "checks": [{"code": "a"}], "assurance": {"checks": [{"code": "b"}], "reasons": ["c"]}});
    assert_eq!(super::found(&report), ["a", "b", "c"]);
    let words = ["accept", "reject", "undetermined"].map(|word| {
        let read = table(|table| table["cases"][0]["expect"] = json!({"decision": word})).unwrap();
        read.cases[0].expect.decision.as_str()
    });
    assert_eq!(words, ["accept", "reject", "undetermined"]);
    let kept = table(|table| table["cases"][0]["at"] = json!("2026-11-23T09:00:00Z")).unwrap();
    assert_eq!(kept.cases[0].at.as_deref(), Some("2026-11-23T09:00:00Z"));
}
