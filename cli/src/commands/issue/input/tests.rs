use super::*;

#[test]
fn spans_are_days_hours_or_iso() {
    let start = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    for (text, end) in [
        ("365d", "2027-01-01T00:00:00Z"),
        ("12h", "2026-01-01T12:00:00Z"),
        ("30m", "2026-01-01T00:30:00Z"),
        ("1y", "2027-01-01T00:00:00Z"),
        ("P1M", "2026-02-01T00:00:00Z"),
    ] {
        let moved = start.plus(parse_span(text).unwrap()).unwrap();
        assert_eq!(moved.to_string(), end, "{text}");
    }
    for text in ["", "d", "-1d", "1.5d", "1w", "ten days", "+3d"] {
        assert!(parse_span(text).is_none(), "{text:?}");
    }
}

#[test]
fn claims_that_look_personal_are_noticed() {
    for name in ["name", "birthDate", "eMail", "homeAddress"] {
        assert!(looks_personal(name), "{name}");
    }
    for name in ["role", "course", "grade"] {
        assert!(!looks_personal(name), "{name}");
    }
}
