use std::time::Duration;

use super::*;
use crate::sequencer::now;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_768_464_000 + seconds).unwrap()
}

#[test]
fn a_step_of_more_than_a_minute_stops_and_a_slow_drift_does_not() {
    let start = now();
    let later = |seconds| start + Duration::from_secs(seconds);
    let mut watch = ClockWatch::new(false);
    assert_eq!(watch.look(at(0), start), None);
    assert_eq!(watch.look(at(130), later(70)), None, "60 s is no jump");
    assert_eq!(watch.look(at(131), later(71)), None);
    assert_eq!(watch.look(at(193), later(72)), Some(61));
    assert_eq!(watch.look(at(194), later(73)), Some(61), "until somebody says so");
    let mut back = ClockWatch::new(false);
    back.look(at(0), start);
    assert_eq!(back.look(at(-61), start), Some(-61));
    assert_eq!(ClockWatch::new(true).look(at(0), start), Some(0), "as before the restart");
}

#[test]
fn the_median_of_cosigners_elsewhere_decides() {
    let mut watch = ClockWatch::new(false);
    watch.look(at(0), now());
    assert!(watch.look(at(9_000), now()).is_some());
    watch.stamped("a", at(0), at(9_000));
    watch.stamped("b", at(0), at(9_000));
    watch.stamped("liar", at(9_000), at(9_000));
    assert!(watch.look(at(9_000), now()).is_some(), "one of three agrees");
    watch.stamped("b", at(8_900), at(9_000));
    assert_eq!(watch.look(at(9_000), now()), None);
}

/// Those who agreed with the clock before it jumped say nothing about it after.
#[test]
fn what_was_said_before_a_jump_does_not_excuse_it() {
    let mut watch = ClockWatch::new(false);
    watch.look(at(0), now());
    watch.stamped("a", at(0), at(0));
    watch.stamped("b", at(0), at(0));
    assert!(watch.look(at(9_000), now()).is_some());
    watch.stamped("c", at(0), at(9_000));
    assert!(watch.look(at(9_000), now()).is_some(), "the only one who was asked since disagrees");
}
