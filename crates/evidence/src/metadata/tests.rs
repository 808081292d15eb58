use super::*;
use crate::webauthn::Aaguid;

fn report(status: &str, since: Option<&str>) -> Report {
    Report { status: status.to_owned(), since: since.map(str::to_owned), firmware: None }
}

fn folded(reports: &[(&str, Option<&str>)]) -> ModelStanding {
    let reports: Vec<Report> = reports.iter().map(|(name, day)| report(name, *day)).collect();
    status::fold(&reports, None, "2026-06-14")
}

#[test]
fn the_newest_certification_counts_and_not_the_highest() {
    use FidoLevel::{L1, L2, L3};
    use ModelStanding::{Certified, NotCertified};
    for (reports, standing) in [
        (
            &[("FIDO_CERTIFIED_L1", Some("2020-01-01")), ("FIDO_CERTIFIED_L2", Some("2021-01-01"))]
                [..],
            Certified(L2),
        ),
        (
            &[("FIDO_CERTIFIED_L2", Some("2021-01-01")), ("FIDO_CERTIFIED_L1", Some("2022-01-01"))],
            Certified(L1),
        ),
        // Whatever order they are listed in.
        (
            &[("FIDO_CERTIFIED_L1", Some("2022-01-01")), ("FIDO_CERTIFIED_L2", Some("2021-01-01"))],
            Certified(L1),
        ),
        // On one day the lower, and a report without a level takes none away.
        (
            &[("FIDO_CERTIFIED_L3", Some("2022-01-01")), ("FIDO_CERTIFIED_L2", Some("2022-01-01"))],
            Certified(L2),
        ),
        (
            &[("FIDO_CERTIFIED_L3", Some("2022-01-01")), ("FIDO_CERTIFIED", Some("2022-01-01"))],
            Certified(L3),
        ),
        (&[("FIDO_CERTIFIED", None)], Certified(L1)),
        // What begins tomorrow does not count today.
        (&[("FIDO_CERTIFIED_L1", None), ("FIDO_CERTIFIED_L3", Some("2026-06-15"))], Certified(L1)),
        (&[("FIDO_CERTIFIED_L3", Some("2026-06-14"))], Certified(L3)),
        (
            &[
                ("FIDO_CERTIFIED_L3", Some("2022-01-01")),
                ("NOT_FIDO_CERTIFIED", Some("2022-01-01")),
            ],
            NotCertified,
        ),
        (&[("UPDATE_AVAILABLE", Some("2022-01-01"))], NotCertified),
        (&[], NotCertified),
    ] {
        assert_eq!(folded(reports), standing, "{reports:?}");
    }
}

#[test]
fn what_is_bad_stays_bad() {
    for day in [None, Some("2020-01-01"), Some("2030-01-01")] {
        let reports = [("FIDO_CERTIFIED_L3", Some("2022-01-01")), ("REVOKED", day)];
        assert_eq!(folded(&reports), ModelStanding::Bad);
        assert_eq!(folded(&reports).level(), None);
    }
}

#[test]
fn a_model_that_is_not_listed_has_no_standing_and_no_hardware() {
    let metadata = Metadata { number: 1, next_update: "2026-07-01".to_owned(), models: [].into() };
    let model = Aaguid::from_bytes([1; 16]);
    let at = Timestamp::parse("2026-06-14T00:00:00Z").unwrap();
    assert!(metadata.is_empty() && !metadata.is_hardware(&model));
    assert_eq!(metadata.standing(&model, None, at), None);
    assert!(!metadata.lists(&model, Attested::Itself));
}
