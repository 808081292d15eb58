use super::*;

#[test]
fn the_parameters_of_a_new_log_have_the_defaults_of_the_specification() {
    let (document, digest) = Parameters::default().genesis_document().unwrap();
    assert_eq!(
        String::from_utf8(document.clone()).unwrap(),
        r#"{"detail":{},"event":"genesis","previous":null,"rules":1,"type":"inkan-params/1","values":{"compromiseBackdating":2592000,"iatFuture":300,"iatPast":86400,"importMax":1000,"kinds":["anchor","countersignature","did","issuance","once","status","trust"],"listMin":131072,"notice":604800,"promise":86400}}"#
    );
    assert_eq!(digest, sha256(&[&document]));
    assert_eq!(Parameters::parse(&document), Ok(Parameters::default()));
}

#[test]
fn other_parameters_are_refused() {
    let (document, _) = Parameters::default().genesis_document().unwrap();
    let text = String::from_utf8(document).unwrap();
    for other in [
        text.replace("genesis", "other"),
        text.replace("\"rules\":1", "\"rules\":3"),
        text.replace("\"anchor\"", "\"anchors\""),
        text.replace("\"anchor\"", "\"epoch\""),
        text.replace("\"anchor\"", "\"did\""),
        text.replace("\"did\",", "\"did\",\"epoch\","),
        text.replace("\"detail\":{}", "\"detail\":{\"x\":1}"),
        text.replace("\"iatPast\":86400", "\"iatPast\":-1"),
        format!("{text}\n"),
    ] {
        assert_eq!(Parameters::parse(other.as_bytes()), Err(ParametersError::Malformed), "{other}");
    }
    let negative = Parameters { notice: -1, ..Parameters::default() };
    assert_eq!(negative.genesis_document(), Err(ParametersError::Value));
    assert_eq!(ParametersError::Value.code(), "params-invalid");
}

/// Without this a log could begin in the middle of a chain of documents that nobody can show, or with a change announced
/// that no notice was given of.
#[test]
fn a_log_begins_with_a_document_of_its_own_and_no_announcement() {
    let values = Parameters::default();
    let genesis = ParametersDocument::genesis(values.clone());
    assert_eq!(genesis.check_genesis(), Ok(()));
    let digest = sha256(&[b"before"]);
    let event = OperatorEvent::ClockAccepted { step: 1 };
    for broken in [
        ParametersDocument { event, ..genesis.clone() },
        ParametersDocument { previous: Some(digest), ..genesis.clone() },
        genesis.record(digest, event),
    ] {
        assert_eq!(broken.check_genesis(), Err(ParametersError::Chain));
    }
    let later = genesis.record(digest, event).to_bytes().unwrap();
    assert_eq!(Parameters::parse(&later), Err(ParametersError::Chain));
    let not_before = Timestamp::EPOCH.plus_seconds(values.notice);
    let next = Announcement { rules: RuleVersion::One, values, not_before };
    let announced = ParametersDocument { next: Some(next), ..genesis };
    assert_eq!(announced.check_genesis(), Err(ParametersError::Change));
}
