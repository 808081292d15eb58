use inkan_core::Timestamp;
use serde_json::{Value, json};

use super::declared;
use crate::registry::Registry;

fn now() -> Timestamp {
    Timestamp::parse_strict("2026-11-21T12:00:00Z").unwrap()
}

fn registry(id: &str, entries: Value) -> Registry {
    Registry::from_value(&json!({
        "type": "inkan-registry/1", "id": id, "sequence": 1, "issuedAt": "2026-01-01T00:00:00Z",
        "entries": entries,
    }))
    .unwrap()
}

#[test]
fn one_controller_is_one_in_chains_and_after_the_end() {
    let first = registry(
        "a",
        json!([
            { "id": "did:web:x", "sameController": ["did:web:y"], "status": "active" },
            { "id": "did:web:p", "sameController": ["did:web:q"], "status": "ended", "validUntil": "2026-02-01T00:00:00Z" },
            { "id": "did:web:u", "sameController": ["did:web:v"], "validFrom": "2027-01-01T00:00:00Z", "status": "active" },
        ]),
    );
    let second = registry(
        "b",
        json!([{ "id": "did:web:z", "sameController": ["did:web:y"], "status": "active" }]),
    );
    let found = declared(&[first, second], now());
    assert!(found.are_one("did:web:x", "did:web:y") && found.are_one("did:web:y", "did:web:x"));
    assert!(found.are_one("did:web:x", "did:web:z"), "in two steps, by two registries");
    assert!(found.are_one("did:web:p", "did:web:q"), "they were one when they signed");
    assert!(!found.are_one("did:web:x", "did:web:p") && !found.are_one("did:web:u", "did:web:v"));
}

#[test]
fn a_successor_is_one_from_its_time_on_and_not_if_it_is_revoked_for_cause() {
    let entry = |status: &str| {
        json!({
            "id": "did:web:b", "succeeds": ["did:web:a"], "validFrom": "2026-04-01T00:00:00Z", "status": status,
        })
    };
    let found = declared(&[registry("r", json!([entry("active")]))], now());
    let one: Vec<_> = found.successors("did:web:a").collect();
    assert_eq!(one.len(), 1);
    let before = Timestamp::parse_strict("2026-03-31T23:59:59Z").unwrap();
    assert!(!one[0].covers(before) && one[0].covers(now()));
    assert_eq!(found.successors("did:web:c").count(), 0);
    let before = declared(&[registry("r", json!([entry("active")]))], before);
    assert_eq!(before.successors("did:web:a").count(), 0, "it had not begun");
    let revoked = registry("s", json!([{ "id": "did:web:b", "status": "revoked-for-cause" }]));
    let found = declared(&[registry("r", json!([entry("active")])), revoked], now());
    assert_eq!(found.successors("did:web:a").count(), 0, "whichever registry revokes it");
}

#[test]
fn a_void_ends_a_term_and_a_registry_out_of_date_gives_an_empty_one() {
    let time = |text: &str| Timestamp::parse_strict(text).unwrap();
    let entry = json!({
        "id": "did:web:b", "succeeds": ["did:web:a"], "validFrom": "2026-04-01T00:00:00Z", "status": "active",
    });
    let granted = registry("r", json!([entry]));
    let void = |since: &str| {
        let entry = json!({ "id": "did:web:b", "status": "revoked-for-cause", "voidSince": since });
        declared(&[granted.clone(), registry("s", json!([entry]))], now())
    };
    let found = void("2026-06-01T00:00:00Z");
    let one: Vec<_> = found.successors("did:web:a").collect();
    assert_eq!(one.len(), 1, "what it revoked before still counts");
    assert!(one[0].covers(time("2026-05-31T23:59:59Z")));
    assert!(!one[0].covers(time("2026-06-01T00:00:00Z")));
    for since in ["2026-04-01T00:00:00Z", "1970-01-01T00:00:00Z"] {
        assert_eq!(void(since).successors("did:web:a").count(), 0, "{since}");
    }
    let old = Registry::from_value(&json!({
        "type": "inkan-registry/1", "id": "r", "sequence": 1, "issuedAt": "2026-01-01T00:00:00Z",
        "nextUpdate": "2026-10-01T00:00:00Z", "entries": [entry],
    }))
    .unwrap();
    let found = declared(&[old], now());
    let one: Vec<_> = found.successors("did:web:a").collect();
    assert_eq!(one.len(), 1, "it may not be left out");
    assert!(!one[0].covers(time("2026-05-01T00:00:00Z")) && !one[0].covers(now()));
}
