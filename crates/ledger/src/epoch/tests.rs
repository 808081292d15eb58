use proptest::prelude::*;

use super::*;
use crate::map::empty_root;

fn epoch() -> Epoch {
    Epoch { keys: 3, map: empty_root(), params: sha256(&[]), previous: Some(4), size: 9 }
}

#[test]
fn bodies_are_canonical_json() {
    for epoch in [epoch(), Epoch { previous: None, ..epoch() }] {
        let body = epoch.to_bytes();
        assert!(body.len() <= Kind::Epoch.body_limit());
        assert_eq!(json::canonicalize(&json::parse(&body, 512).unwrap()).unwrap(), body);
        assert_eq!(Epoch::parse(&body), Ok(epoch));
    }
}

#[test]
fn loose_bodies_are_refused() {
    let body = String::from_utf8(epoch().to_bytes()).unwrap();
    for other in [
        body.replace(':', ": "),
        body.replace("\"rules\":1", "\"rules\":2"),
        body.replace("\"size\":9", "\"size\":9,\"x\":1"),
        body.replace("\"size\":9", "\"size\":9.0"),
        body.replace("\"prev\":4,", ""),
        body.replace("\"keys\":3", "\"keys\":-3"),
        body.replace("\"keys\":3", "\"keys\":03"),
        String::new(),
    ] {
        assert_eq!(Epoch::parse(other.as_bytes()), Err(EpochError), "{other}");
    }
    assert_eq!(EpochError.code(), "malformed-leaf");
}

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
        text.replace("genesis", "applied"),
        text.replace("\"rules\":1", "\"rules\":2"),
        text.replace("\"anchor\",", ""),
        text.replace("\"detail\":{}", "\"detail\":{\"x\":1}"),
        text.replace("\"iatPast\":86400", "\"iatPast\":-1"),
        format!("{text}\n"),
    ] {
        assert_eq!(Parameters::parse(other.as_bytes()), Err(ParametersError), "{other}");
    }
    let negative = Parameters { notice: -1, ..Parameters::default() };
    assert_eq!(negative.genesis_document(), Err(ParametersError));
    assert_eq!(ParametersError.code(), "params-invalid");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(epoch) = Epoch::parse(&bytes) {
            prop_assert_eq!(epoch.to_bytes(), bytes.clone());
        }
        let _ = Parameters::parse(&bytes);
    }
}
