use std::net::IpAddr;
use std::time::Duration;

use super::{Buckets, MOST_BUCKETS, Prefix, Rate, truncated};

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn a_burst_is_given_and_then_the_rate() {
    let buckets = Buckets::new(Rate::per_second(20, 200));
    let second = Duration::from_secs(1);
    for _ in 0..200 {
        assert_eq!(buckets.take_at(&1, 1, Duration::ZERO), Ok(()));
    }
    assert_eq!(buckets.take_at(&1, 1, Duration::ZERO), Err(1), "the burst is used up");
    assert_eq!(buckets.take_at(&2, 1, Duration::ZERO), Ok(()), "others have their own");
    for _ in 0..20 {
        assert_eq!(buckets.take_at(&1, 1, second), Ok(()));
    }
    assert_eq!(buckets.take_at(&1, 1, second), Err(1));
    assert_eq!(buckets.take_at(&1, 200, 60 * second), Ok(()), "full again");
    assert_eq!(buckets.take_at(&3, 201, 60 * second), Err(1), "more than ever fits");
}

#[test]
fn the_wait_is_named() {
    let buckets = Buckets::new(Rate::per_hour(60));
    assert_eq!(buckets.take_at(&(), 60, Duration::ZERO), Ok(()));
    assert_eq!(buckets.take_at(&(), 1, Duration::from_secs(10)), Err(51));
}

#[test]
fn memory_is_bounded_and_strangers_then_share() {
    let buckets = Buckets::new(Rate::per_second(1, 2));
    for key in 0..MOST_BUCKETS {
        assert_eq!(buckets.take_at(&key, 1, Duration::ZERO), Ok(()));
    }
    let stranger = MOST_BUCKETS;
    assert_eq!(buckets.take_at(&stranger, 1, Duration::ZERO), Ok(()));
    assert_eq!(buckets.take_at(&(stranger + 1), 1, Duration::ZERO), Ok(()));
    assert_eq!(buckets.take_at(&(stranger + 2), 1, Duration::ZERO), Err(2));
    assert_eq!(buckets.kept(), MOST_BUCKETS);
    let later = Duration::from_secs(5);
    assert_eq!(buckets.take_at(&stranger, 1, later), Ok(()));
    assert_eq!(buckets.kept(), 1, "full buckets are forgotten");
}

#[test]
fn what_was_used_is_owed_but_not_for_ever() {
    let buckets = Buckets::new(Rate::per_second(10, 10));
    buckets.charge(&1, 1_000);
    assert!(buckets.peek(&1, 1).is_err_and(|wait| wait <= 3));
    assert_eq!(buckets.peek(&2, 10), Ok(()));
    assert_eq!(buckets.peek(&2, 11), Err(1));
}

#[test]
fn networks_share_and_logs_know_less() {
    let one = Prefix::of(address("2001:db8:1:2:3::4"));
    assert_eq!(one, Prefix::of(address("2001:db8:1:2:ffff::1")));
    assert_ne!(one, Prefix::of(address("2001:db8:1:3::1")));
    assert_eq!(Prefix::of(address("192.0.2.1")), Prefix::of(address("::ffff:192.0.2.1")));
    assert_ne!(Prefix::of(address("192.0.2.1")), Prefix::of(address("192.0.2.2")));
    assert_eq!(truncated(address("192.0.2.77")), "192.0.2.0/24");
    assert_eq!(truncated(address("2001:db8:1:2:3::4")), "2001:db8:1::/48");
}
