use inkan_evidence::Prediction;
use serde_json::Value;

use super::expect_ial;
use crate::catalogue::Catalogue;
use crate::level::Ial;
use crate::testing::*;

fn expected(evidence: Value) -> Ial {
    let credential = credential(evidence);
    let prediction = Prediction { credential: &credential, issuer: ISSUER, jkt: KEY };
    expect_ial(&prediction, &Catalogue::builtin().unwrap(), at("2026-03-01T12:00:00Z")).level
}

#[test]
fn the_prediction_is_what_an_authorised_proofer_reaches() {
    let levels = [
        (r2a(), Ial::Ial3),
        (r2b(), Ial::Ial3),
        (r3(), Ial::Ial3),
        (r4(), Ial::Ial3),
        (r6(), Ial::Ial2),
        (r7(), Ial::Ial2),
        (r8(), Ial::Ial1),
    ];
    for (evidence, level) in levels {
        assert_eq!(expected(evidence.clone()), level);
        let achieved = World::of(evidence).report().levels().achieved_identity;
        assert_eq!(achieved, level.as_str());
    }
}

#[test]
fn whether_the_issuer_is_a_root_of_identity_is_not_predicted() {
    assert_eq!(expected(r1()), Ial::Ial3);
}

#[test]
fn evidence_about_somebody_else_predicts_nothing() {
    let mut evidence = r3();
    evidence["subject"]["jkt"] = "other".into();
    assert_eq!(expected(evidence), Ial::Ial0);
}

#[test]
fn what_is_lost_is_told_and_whom_to_trust_is_not() {
    let findings = |evidence: Value| {
        let credential = credential(evidence);
        let prediction = Prediction { credential: &credential, issuer: ISSUER, jkt: KEY };
        let found =
            expect_ial(&prediction, &Catalogue::builtin().unwrap(), at("2026-03-01T12:00:00Z"));
        let codes: Vec<&str> = found.findings.iter().map(|finding| finding.code.code()).collect();
        (found.row, codes.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    use inkan_evidence::Row;
    assert_eq!(findings(r1()), (Some(Row::R3), vec![]), "nobody is a root of identity here");
    assert_eq!(findings(r2b()), (Some(Row::R2b), vec![]));
    let mut clerk = r3();
    clerk["proofer"]["agent"] = "trained".into();
    assert_eq!(findings(clerk), (Some(Row::R7), vec!["agent-not-qualified".to_owned()]));
    let mut nothing = r3();
    nothing["evidence"] = serde_json::json!([document("library_card", &[])]);
    assert_eq!(
        findings(nothing),
        (None, vec!["document-type-unknown".to_owned(), "presence-not-shown".to_owned()])
    );
}
