use super::*;

#[test]
fn moments_have_one_strict_form() {
    let moment = Timestamp::parse_strict("2026-11-22T00:56:12Z").unwrap();
    assert_eq!(moment.to_string(), "2026-11-22T00:56:12Z");
    assert_eq!(moment.date(), "2026-11-22");
    for text in ["2026-11-22T00:56:12.0Z", "2026-11-22T00:56:12+00:00", "2026-11-22t00:56:12z"] {
        assert_eq!(Timestamp::parse(text), Ok(moment), "{text}");
        assert_eq!(Timestamp::parse_strict(text), Err(TimeError::Malformed), "{text}");
    }
    assert_eq!(Timestamp::parse("2026-11-22T09:56:12+09:00"), Ok(moment));
}

#[test]
fn what_is_no_moment_is_refused() {
    for text in [
        "",
        "2026-11-22",
        "2026-11-22T00:56:12",
        "2026-02-30T00:00:00Z",
        "2026-11-22 00:56:12Z",
        "2026-11-22T25:00:00Z",
    ] {
        assert_eq!(Timestamp::parse(text), Err(TimeError::Malformed), "{text:?}");
    }
}

#[test]
fn fractions_are_cut_towards_the_past() {
    assert_eq!(Timestamp::parse("1969-12-31T23:59:59.5Z").unwrap().seconds(), -1);
    assert_eq!(Timestamp::parse("1970-01-01T00:00:00.9Z").unwrap().seconds(), 0);
}

#[test]
fn spans_follow_the_calendar() {
    let leap = Timestamp::parse("2024-02-29T12:00:00Z").unwrap();
    let year = CalendarSpan::parse("P1Y").unwrap();
    assert_eq!(leap.plus(year).unwrap().to_string(), "2025-02-28T12:00:00Z");
    assert_eq!(
        leap.minus(CalendarSpan::parse("PT24H").unwrap()).unwrap().to_string(),
        "2024-02-28T12:00:00Z"
    );
    assert_eq!(
        leap.plus(CalendarSpan::days(1).unwrap()).unwrap().to_string(),
        "2024-03-01T12:00:00Z"
    );
    for text in ["", "P", "1Y", "-P1Y", "P1W", "P1.5D", "PT", "P1Y "] {
        assert!(CalendarSpan::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn range_ends_do_not_wrap() {
    assert_eq!(Timestamp::from_seconds(i64::MAX), Err(TimeError::OutOfRange));
    assert_eq!(
        Timestamp::EPOCH.plus_seconds(i64::MAX),
        Timestamp::EPOCH.plus_seconds(i64::MAX - 1)
    );
    assert!(Timestamp::EPOCH.plus_seconds(i64::MIN).to_string().starts_with("0001"));
}
