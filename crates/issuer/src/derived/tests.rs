use serde_json::json;

use super::*;

fn derived(born: &str, name: &str, now: &str) -> Result<Value, DerivedError> {
    let mut claims = Map::from_iter([("birthDate".to_owned(), json!(born))]);
    let now = Timestamp::parse(&format!("{now}T12:00:00Z")).unwrap();
    add(&mut claims, (name, "birthDate"), now)?;
    Ok(claims[name].clone())
}

#[test]
fn one_is_of_age_from_the_birthday_on() {
    for (born, now, expected) in [
        ("2006-11-22", "2026-11-21", false),
        ("2006-11-22", "2026-11-22", true),
        ("2006-11-22", "2026-11-23", true),
        ("2004-02-29", "2024-02-28", false),
        ("2004-02-29", "2024-02-29", true),
        ("2005-02-28", "2025-02-28", true),
    ] {
        assert_eq!(derived(born, "age_over_20", now), Ok(json!(expected)), "{born} {now}");
    }
    assert_eq!(derived("2004-02-29", "age_over_18", "2022-02-28"), Ok(json!(false)));
    assert_eq!(derived("2004-02-29", "age_over_18", "2022-03-01"), Ok(json!(true)));
}

#[test]
fn what_cannot_be_computed_is_refused() {
    let code = |born, name| derived(born, name, "2026-11-22").unwrap_err().code();
    for name in ["age_over_0", "age_over_020", "age_over_151", "age_over_", "rich", "age_over_-1"] {
        assert_eq!(code("2006-11-22", name), "derived-claim-unknown", "{name}");
    }
    for born in ["2030-01-01", "2006-02-30", "22.11.2006", ""] {
        assert_eq!(code(born, "age_over_20"), "derived-claim-source-invalid", "{born}");
    }
    assert_eq!(code("2006-11-22", "birthDate"), "derived-claim-unknown");
    let absent = add(&mut Map::new(), ("age_over_20", "/nosuch"), Timestamp::EPOCH).unwrap_err();
    assert_eq!(absent, DerivedError::NoSource { source_claim: "nosuch".to_owned() });
    assert_eq!(absent.code(), "derived-claim-source-invalid");
    let mut claims = Map::from_iter([("age_over_20".to_owned(), json!(true))]);
    let taken = add(&mut claims, ("age_over_20", "birthDate"), Timestamp::EPOCH).unwrap_err();
    assert_eq!(taken.code(), "derived-claim-taken");
}

#[test]
fn a_claim_within_objects_is_answered_beside_it() {
    let person =
        json!({ "person": { "birth/date": "2000-05-01", "name": "Aiko" }, "list": ["2000-05-01"] });
    let mut claims = person.as_object().unwrap().clone();
    let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
    for source in ["/person/none", "/nobody/birth~1date", "/person/name/birth", "/list/0", "/"] {
        let refused = add(&mut claims, ("age_over_20", source), now).unwrap_err();
        assert_eq!(refused.code(), "derived-claim-source-invalid", "{source}");
    }
    add(&mut claims, ("age_over_20", "/person/birth~1date"), now).unwrap();
    assert_eq!(claims["person"]["age_over_20"], json!(true));
    assert!(!claims.contains_key("age_over_20"));
    let taken = add(&mut claims, ("age_over_20", "/person/birth~1date"), now).unwrap_err();
    assert_eq!(taken.code(), "derived-claim-taken");
}
