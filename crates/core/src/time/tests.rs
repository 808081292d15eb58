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

proptest::proptest! {
    /// The short way over plain moments and the long one say the same, of every text that is almost one.
    #[test]
    fn plain_moments_are_those_of_the_calendar(
        seconds in -62_135_596_800_i64..=253_402_207_200,
        at in 0_usize..20,
        with in proptest::prelude::prop_oneof!["[0-9]", "[-:TtZz+ ./]"],
    ) {
        let moment = Timestamp::from_seconds(seconds).unwrap();
        let text = jiff::Timestamp::from_second(seconds).unwrap().to_string();
        proptest::prop_assert_eq!(moment.to_string(), text.as_str());
        proptest::prop_assert_eq!(Timestamp::parse_plain(&text), Some(moment));
        let mut almost = text;
        almost.replace_range(at..=at, &with);
        if let Some(read) = Timestamp::parse_plain(&almost) {
            proptest::prop_assert_eq!(Timestamp::parse_any(&almost), Ok(read));
            proptest::prop_assert_eq!(read.to_string(), almost);
        }
    }
}

#[test]
fn ends_of_months_and_leap_years_are_those_of_the_calendar() {
    for year in [1, 4, 99, 100, 400, 1900, 1970, 2000, 2023, 2024, 2100, 9996, 9999] {
        for month in 0..=13 {
            for day in 0..=32 {
                let text = format!("{year:04}-{month:02}-{day:02}T12:34:56Z");
                let (plain, any) = (Timestamp::parse_plain(&text), Timestamp::parse_any(&text));
                assert_eq!(plain, any.ok(), "{text}");
                assert!(plain.is_none_or(|moment| moment.to_string() == text), "{text}");
            }
        }
    }
}
