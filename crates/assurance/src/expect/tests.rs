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
