use super::*;

#[test]
fn the_systems_clock_is_past_the_day_this_was_written() {
    assert!(OsClock.now() > Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
}

#[test]
fn a_stepping_clock_moves_only_when_told() {
    let clock = SteppingClock::new(Timestamp::EPOCH);
    assert_eq!(clock.now(), clock.now());
    clock.step(86_400);
    assert_eq!(clock.now().to_string(), "1970-01-02T00:00:00Z");
}
