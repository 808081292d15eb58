//! Every attack of the specification has a test that is named after it; one that is made of bytes has one that makes bytes. Those without another
//! home are here.

mod support {
    pub(crate) mod card;
}

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use inkan_assurance::Decision;
use inkan_evidence::register_check::RegisterResult;
use inkan_tests::made::tampered_compact;
use inkan_tests::{beside, files_under, read_json, read_text, workspace_root};
use serde_json::json;
use support::card::{Card, US};

/// The policy for signatures with a My Number Card.
const ESIGNATURE: &str = "jp.ial.r2b.mynumber-card-esignature.json";

#[test]
fn every_attack_has_a_test_of_its_name_and_bytes_are_bytes() {
    let Some(path) = beside("assurance/attacks.json") else { return };
    let attacks = read_json(&path);
    let is_rust = |path: &Path| path.extension().is_some_and(|end| end == "rs");
    // A name counts where the line before says that it is a test.
    let mut tests: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in files_under(&workspace_root(), is_rust) {
        let text = read_text(&file);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2) {
            let name = pair[1].strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            if let Some(name) = name.filter(|_| pair[0] == "#[test]") {
                tests.entry(name.to_owned()).or_default().push(file.clone());
            }
        }
    }
    let attacks = attacks.as_array().expect("attacks");
    assert_eq!(attacks.len(), 69, "the list has changed");
    // Tests of the evaluator are given facts; there, no signature is made and none is checked.
    let rules = workspace_root().join("crates/assurance/src/assess/tests/attacks.rs");
    let mut missing = Vec::new();
    for attack in attacks {
        let id = attack["id"].as_str().expect("an id");
        let prefix = format!("{}_", id.to_ascii_lowercase().replace('-', "_"));
        let mut found = tests.iter().filter(|(name, _)| name.starts_with(&prefix));
        let held = match attack["kind"].as_str() {
            Some("rule") => found.next().is_some(),
            Some("bytes") => found.any(|(_, files)| files.iter().any(|file| *file != rules)),
            other => panic!("{id} is of kind {other:?}"),
        };
        if !held {
            missing.push(format!("{id}: {}", attack["title"]));
        }
    }
    assert!(missing.is_empty(), "no test is named after {missing:#?}");
}

#[test]
fn clm_02_an_issuers_signature_that_was_altered() {
    let card = Card::new();
    let good = card.report(&card.signed());
    assert_eq!(good.decision(), Decision::Accept, "{:#}", good.to_value());
    assert_eq!(good.levels().achieved_identity, "IAL-3");
    let value = card.signed().to_value();
    // The signature, a claim, the evidence, the issuer, who it is about: each of them is signed.
    let places = [
        "/proof/proofValue",
        "/proof/created",
        "/validFrom",
        "/credentialSubject/role",
        "/evidence/0/time",
        "/evidence/0/evidence/0/proofs/0/value",
        "/evidence/0/evidence/0/proofs/0/statement",
    ];
    for place in places {
        let mut altered = value.clone();
        let text = altered.pointer(place).and_then(serde_json::Value::as_str).expect(place);
        *altered.pointer_mut(place).expect(place) = flipped(text).into();
        card.is_refused(altered, "credential-proof-invalid", place);
    }
}

/// An organisation's certificate is nobody's identity: no policy about people takes it for a row of theirs, right or wrong.
#[test]
fn an_office_and_a_company_sign_for_no_person() {
    let (office, company) = (("office.der", 5104), ("company.der", 5104));
    let judged = |document, (certificate, seed): (&'static str, u64)| {
        let card = Card::showing((document, certificate, seed));
        card.report(&card.signed())
    };
    for (document, of) in [
        ("office_seal", office),
        ("company_certificate", company),
        ("office_seal", company),
        ("company_certificate", office),
        ("jp_individual_number_card", company),
        ("jp_individual_number_card", office),
        ("office_seal", ("card.der", 5101)),
        ("office_seal", ("office-elsewhere.der", 5104)),
    ] {
        let report = judged(document, of);
        assert_ne!(report.decision(), Decision::Accept, "{document} by {}", of.0);
        assert_eq!(report.levels().achieved_identity, "IAL-0", "{document} by {}", of.0);
    }
    // Nor does the policy for signatures with a person's card, as it is built in: row, identifier and level are what it asks for. Where the bytes
    // lie, and who issued and presents them, is asked of all alike.
    let text = read_text(&workspace_root().join("crates/assurance/policies").join(ESIGNATURE));
    let mut policy: serde_json::Value = serde_json::from_str(&text).expect("a policy");
    policy["issuers"] = json!("any");
    policy["ledger"] = json!({ "required": false });
    policy["assurance"]["requires"]["ial"]["holderBinding"] = json!(false);
    let under = |shows| {
        let card = Card::showing(shows);
        card.report_under(&policy, &card.signed(), &[])
    };
    let person = under(("jp_individual_number_card", "card.der", 5101));
    assert_eq!(person.decision(), Decision::Accept, "{:#}", person.to_value());
    for (document, (certificate, seed)) in
        [("office_seal", office), ("company_certificate", company)]
    {
        let report = under((document, certificate, seed));
        assert_eq!(report.decision(), Decision::Reject, "{document}: {:#}", report.to_value());
        assert_eq!(report.levels().achieved_identity, "IAL-0", "{document}");
    }
    // A hierarchy that nobody configured for a document shows none.
    let report = judged("passport", company);
    assert_ne!(report.decision(), Decision::Accept);
}

#[test]
fn pro_17_what_was_proofed_once_is_true_now_only_by_a_registers_word() {
    let card = Card::new();
    let credential = card.signed();
    let asks = json!({ "min": "IAL-3", "registerCheck": { "maxAge": "P30D" } });
    let refused = |tokens: &[String], code: &str, status: &str| {
        let report = card.report_asking(&credential, &asks, tokens);
        assert_eq!(report.decision(), Decision::Reject, "{code}");
        assert!(report.reasons().contains(&code), "no {code}: {:?}", report.reasons());
        assert_eq!(report.levels().achieved_identity, "IAL-3");
        assert_eq!(report.levels().counted_identity, "IAL-0");
        assert_eq!(report.to_value()["truth"]["trueNow"]["status"], status, "{code}");
        report
    };
    // Without the demand it is accepted, and the report says that nobody was asked.
    let plain = card.report_asking(&credential, &json!({ "min": "IAL-3" }), &[]);
    assert_eq!(plain.decision(), Decision::Accept, "{:?}", plain.reasons());
    assert_eq!(plain.to_value()["truth"]["trueNow"]["status"], "skipped");
    refused(&[], "register-check-missing", "skipped");
    let says = |result| card.registered(&credential, US, result);
    let good = says(RegisterResult::Match);
    let report = card.report_asking(&credential, &asks, std::slice::from_ref(&good));
    assert_eq!(report.decision(), Decision::Accept, "{:?}", report.reasons());
    let now = &report.to_value()["truth"]["trueNow"];
    assert_eq!(now["status"], "pass");
    assert_eq!(now["claims"], json!(["grade", "name", "role"]));
    assert_eq!(now["register"], "did:web:register.example");
    assert_eq!(now["checkedAt"], "2026-06-14T09:00:00Z");
    let trusted = report.to_value()["assurance"]["trust"].to_string();
    assert!(trusted.contains("did:web:register.example"), "{trusted}");
    // To somebody else, altered, or about another credential it is nobody's word here.
    let elsewhere = card.registered(&credential, "https://shop.example", RegisterResult::Match);
    refused(&[elsewhere], "register-check-invalid", "skipped");
    refused(&[tampered_compact(&good, 2)], "register-check-invalid", "skipped");
    let other = Card::new().reissued();
    let of_other = card.registered(&other, US, RegisterResult::Match);
    refused(&[of_other], "register-check-invalid", "skipped");
    // The register's no is told under whatever policy, and meets none that asks.
    let denied = says(RegisterResult::Mismatch);
    let report = refused(&[good, denied.clone()], "register-check-mismatch", "fail");
    assert!(report.warnings().contains(&"register-check-mismatch"));
    let silent = card.report_asking(&credential, &json!({ "min": "IAL-3" }), &[denied]);
    assert_eq!(silent.decision(), Decision::Accept);
    assert_eq!(silent.to_value()["truth"]["trueNow"]["status"], "fail");
    assert!(silent.warnings().contains(&"register-check-mismatch"));
    // A claim that the register was not asked about is not confirmed by the others.
    let named = |claims: serde_json::Value| {
        let asks =
            json!({ "min": "IAL-3", "claims": claims, "registerCheck": { "maxAge": "P30D" } });
        card.report_asking(&credential, &asks, &[says(RegisterResult::Match)]).decision()
    };
    assert_eq!(named(json!(["name"])), Decision::Accept);
}

/// The text with one character in its middle that is another one of the same kind.
fn flipped(text: &str) -> String {
    let middle = text.len() / 2;
    let place = (middle..text.len()).find(|at| text.as_bytes()[*at].is_ascii_digit());
    let place =
        place.or_else(|| (0..text.len()).find(|at| text.as_bytes()[*at].is_ascii_lowercase()));
    let place = place.expect("something to alter");
    let other = match text.as_bytes()[place] {
        b'2' => '3',
        byte if byte.is_ascii_digit() => '2',
        b'b' => 'c',
        _ => 'b',
    };
    let mut out: Vec<char> = text.chars().collect();
    out[place] = other;
    out.into_iter().collect()
}
