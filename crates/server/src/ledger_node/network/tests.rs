use std::net::IpAddr;

use super::{Network, client_of};

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn network(text: &str) -> Network {
    text.parse().expect("a network")
}

#[test]
fn networks_hold_what_begins_alike() {
    assert!(network("10.0.0.0/8").holds(address("10.255.0.1")));
    assert!(!network("10.0.0.0/8").holds(address("11.0.0.1")));
    assert!(network("10.1.2.3").holds(address("::ffff:10.1.2.3")));
    assert!(network("0.0.0.0/0").holds(address("203.0.113.9")));
    assert!(!network("0.0.0.0/0").holds(address("2001:db8::1")));
    assert!(network("2001:db8::/32").holds(address("2001:db8:ffff::1")));
    assert!(!network("2001:db8::/32").holds(address("2001:db9::1")));
    assert_eq!(network("::1").to_string(), "::1/128");
    for malformed in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "host/8"] {
        assert!(malformed.parse::<Network>().is_err(), "{malformed}");
    }
}

#[test]
fn only_configured_proxies_name_clients() {
    let proxies = [network("10.0.0.0/8")];
    let client =
        |peer, forwarded: &[&str]| client_of(address(peer), forwarded.iter().copied(), &proxies);
    assert_eq!(client("203.0.113.1", &["198.51.100.7"]), address("203.0.113.1"), "not a proxy");
    assert_eq!(client("10.0.0.1", &["198.51.100.7"]), address("198.51.100.7"));
    assert_eq!(
        client("10.0.0.1", &["1.2.3.4, 198.51.100.7", "10.0.0.2"]),
        address("198.51.100.7"),
        "what the client itself wrote before does not count"
    );
    assert_eq!(client("10.0.0.1", &[]), address("10.0.0.1"));
    assert_eq!(client("10.0.0.1", &["nonsense"]), address("10.0.0.1"));
}
