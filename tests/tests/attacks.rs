//! Every attack of the specification that is made of bytes has a test that is named after it, and those that have no other home are here.

mod support {
    pub(crate) mod card;
}

use std::collections::BTreeSet;

use inkan_assurance::Decision;
use inkan_tests::{beside, files_under, read_json, read_text, workspace_root};
use support::card::Card;

#[test]
fn every_attack_made_of_bytes_has_a_test_of_its_name() {
    let Some(path) = beside("assurance/attacks.json") else { return };
    let attacks = read_json(&path);
    let is_rust = |path: &std::path::Path| path.extension().is_some_and(|end| end == "rs");
    let mut named = BTreeSet::new();
    for file in files_under(&workspace_root(), is_rust) {
        for line in read_text(&file).lines() {
            if let Some(name) = line.trim_start().strip_prefix("fn ") {
                named.insert(name.to_owned());
            }
        }
    }
    let bytes = attacks.as_array().expect("attacks").iter().filter(|one| one["kind"] == "bytes");
    let ids: Vec<&str> = bytes.map(|one| one["id"].as_str().expect("an id")).collect();
    assert!(ids.len() >= 20, "only {} attacks are made of bytes", ids.len());
    let missing: Vec<&&str> = ids
        .iter()
        .filter(|id| {
            let prefix = format!("{}_", id.to_ascii_lowercase().replace('-', "_"));
            !named.iter().any(|name| name.starts_with(&prefix))
        })
        .collect();
    assert!(missing.is_empty(), "no test is named after {missing:?}");
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
