use inkan_core::Timestamp;
use serde_json::{Value, json};

use super::{Query, Why, ask};
use crate::authority::authorise;
use crate::registry::{GrantType, Registry};

const PARTY: &str = "did:web:party.example";

fn at(text: &str) -> Timestamp {
    Timestamp::parse_strict(text).unwrap()
}

fn registry(entry: Value) -> Registry {
    let mut entry = entry;
    entry["id"] = json!(PARTY);
    let value = json!({
        "type": "inkan-registry/1", "id": "a", "sequence": 1, "issuedAt": "2026-01-01T00:00:00Z",
        "nextUpdate": "2027-01-01T00:00:00Z", "entries": [entry],
    });
    Registry::from_value(&value).unwrap()
}

fn issue(registry: &Registry, time: &str) -> Why {
    let query = Query {
        statement: GrantType::Authorization,
        entity: PARTY,
        action: "issue",
        resource: "Degree",
    };
    ask(registry, &query, at(time)).why
}

#[test]
fn an_empty_list_is_none_and_never_any() {
    let time = "2026-06-01T00:00:00Z";
    for entry in [
        json!({ "roles": [], "status": "active" }),
        json!({ "roles": [], "issues": [], "rows": [], "countersigns": [], "status": "active" }),
        json!({ "status": "active" }),
    ] {
        let registry = registry(entry.clone());
        assert_eq!(issue(&registry, time), Why::NotStated, "{entry}");
        for (action, resource) in [
            ("role", "attribute_issuer"),
            ("role", ""),
            ("role", "*"),
            ("state", "R7"),
            ("countersign", "notary"),
            ("anchor", "MyNumberCard"),
            ("make", "key_statement"),
        ] {
            let statement = GrantType::Authorization;
            let query = Query { statement, entity: PARTY, action, resource };
            assert_eq!(ask(&registry, &query, at(time)).why, Why::NotStated, "{action} {entry}");
        }
        // The party is known, and may do nothing.
        let by = authorise(&[registry], PARTY, at(time), at(time)).unwrap();
        assert!(by.iter().all(|by| !by.may_issue("Degree") && !by.may_countersign("notary")));
    }
}

#[test]
fn each_answer_says_why() {
    let period = |status: &str| {
        registry(json!({
            "issues": ["Degree"], "validFrom": "2026-03-01T00:00:00Z",
            "validUntil": "2026-09-01T00:00:00Z", "status": status,
        }))
    };
    let active = period("active");
    assert_eq!(issue(&active, "2026-02-01T00:00:00Z"), Why::NotYet);
    assert_eq!(issue(&active, "2026-03-01T00:00:00Z"), Why::Holds);
    assert_eq!(issue(&active, "2026-09-01T00:00:00Z"), Why::Holds);
    assert_eq!(issue(&active, "2026-09-01T00:00:01Z"), Why::Ended);
    assert_eq!(issue(&active, "2027-02-01T00:00:00Z"), Why::NotCurrent);
    let ended = period("ended");
    assert_eq!(issue(&ended, "2026-05-01T00:00:00Z"), Why::Holds);
    assert_eq!(issue(&ended, "2026-10-01T00:00:00Z"), Why::Ended);
    assert_eq!(issue(&period("revoked-for-cause"), "2026-05-01T00:00:00Z"), Why::Void);
    let since = registry(json!({
        "issues": ["Degree"], "voidSince": "2026-06-01T00:00:00Z", "status": "revoked-for-cause",
    }));
    assert_eq!(issue(&since, "2026-05-31T23:59:59Z"), Why::Holds);
    assert_eq!(issue(&since, "2026-06-01T00:00:00Z"), Why::Void);
}
