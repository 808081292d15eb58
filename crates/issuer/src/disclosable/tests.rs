use serde_json::json;

use super::*;

fn shown(disclosable: &Disclosable<'_>, whole: &Value, subject: &[&str]) -> Vec<String> {
    let mut paths: Vec<String> =
        disclosable.paths(whole, subject).unwrap().iter().map(ToString::to_string).collect();
    paths.sort();
    paths
}

#[test]
fn without_a_choice_everything_about_the_subject_can_be_kept_back() {
    let whole = json!({
        "issuer": "did:example:a",
        "credentialSubject": { "id": "did:example:b", "name": "N", "address": { "city": "C" }, "langs": ["x"] },
    });
    let expected = [
        r#"["credentialSubject","address","city"]"#,
        r#"["credentialSubject","address"]"#,
        r#"["credentialSubject","langs",0]"#,
        r#"["credentialSubject","langs"]"#,
        r#"["credentialSubject","name"]"#,
    ];
    assert_eq!(shown(&Disclosable::default(), &whole, &["credentialSubject"]), expected);
    let flat = json!({ "vct": "Badge", "sub": "did:example:b", "evidence": [], "name": "N" });
    assert_eq!(shown(&Disclosable::default(), &flat, &[]), [r#"["name"]"#]);
}

#[test]
fn a_claim_is_named_from_the_subject_first() {
    let whole = json!({ "issuer": { "name": "I" }, "credentialSubject": { "name": "N" } });
    let claims = ["name", "/issuer/name"].map(|path| ClaimPath::parse(path).unwrap());
    let chosen = Disclosable { claims: &claims, decoys: 0 };
    let expected = ["/issuer/name", r#"["credentialSubject","name"]"#];
    assert_eq!(shown(&chosen, &whole, &["credentialSubject"]), expected);
}

#[test]
fn who_names_no_claim_is_told_those_about_the_subject() {
    let whole =
        json!({ "issuer": "did:example:a", "credentialSubject": { "id": "b", "name": "N" } });
    let claims = [ClaimPath::parse("nosuch").unwrap()];
    let chosen = Disclosable { claims: &claims, decoys: 0 };
    let error = chosen.paths(&whole, &["credentialSubject"]).unwrap_err();
    assert_eq!(error, pointers(&claims, &whole, "credentialSubject").unwrap_err());
    let ClaimPathError::Unknown { mut known, .. } = error else { panic!("{error}") };
    known.sort();
    assert_eq!(known, ["/id", "/name"]);
}
