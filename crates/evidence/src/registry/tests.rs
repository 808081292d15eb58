use inkan_core::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    AnswerTerms, NewEntry, PartyRole, Registry, Removal, Standing, add_entry, remove_entries,
};
use crate::row::Row;

fn now() -> Timestamp {
    Timestamp::parse_strict("2026-11-21T12:00:00Z").unwrap()
}

fn sound() -> Value {
    json!({
        "type": "inkan-registry/1", "id": "https://registry.example", "sequence": 43,
        "issuedAt": "2026-11-01T00:00:00Z", "nextUpdate": "2026-12-01T00:00:00Z",
        "entries": [{
            "id": "did:web:city.example", "roles": ["root_identity_issuer"], "rows": ["R1", "R2a"],
            "anchorTypes": ["MyNumberCard"], "statements": ["key_statement"], "issues": ["ResidentCertificate"],
            "countersigns": ["notary"],
            "authenticates": {"factors": ["password"], "maxAal": "AAL-2", "schemes": ["s"]},
            "keys": ["did:web:city.example#1"], "validFrom": "2026-01-01T00:00:00Z",
            "validUntil": "2027-01-01T00:00:00Z", "status": "active",
        }],
    })
}

fn code(value: &Value) -> &'static str {
    Registry::from_value(value).map_or_else(|error| error.code(), |_| "accepted")
}

#[test]
fn every_member_of_an_entry_is_read() {
    let registry = Registry::from_value(&sound()).unwrap();
    assert_eq!((registry.id(), registry.sequence()), ("https://registry.example", 43));
    assert!(registry.is_current(now()) && !registry.is_current(now().plus_seconds(86_400 * 30)));
    let entry = registry.entries_of("did:web:city.example").next().unwrap();
    assert!(entry.roles().contains(&PartyRole::RootIdentityIssuer));
    assert!(entry.rows().contains(&Row::R2a) && !entry.rows().contains(&Row::R2b));
    assert!(
        entry.issues().contains("ResidentCertificate") && entry.countersigns().contains("notary")
    );
    assert!(
        entry.statements().contains("key_statement")
            && entry.anchor_types().contains("MyNumberCard")
    );
    assert_eq!(entry.authenticates().unwrap().max_aal, crate::AuthLevel::Aal2);
    assert_eq!(entry.standing(), Standing::Active);
    assert!(entry.covers(now()) && !entry.covers(entry.valid_until().unwrap().plus_seconds(1)));
    assert!(!entry.covers(entry.valid_from().unwrap().plus_seconds(-1)));
}

#[test]
fn a_snapshot_has_one_reading() {
    let attacks: [fn(&mut Value); 12] = [
        |r| r["type"] = json!("inkan-registry/2"),
        |r| r["trustEverybody"] = json!(true),
        |r| r["entries"][0]["trusted"] = json!(true),
        |r| r["entries"][0]["roles"] = json!(["king"]),
        |r| r["entries"][0]["rows"] = json!(["R9"]),
        |r| r["entries"][0]["countersigns"] = json!(["friend"]),
        |r| r["entries"][0]["statements"] = json!(["anything"]),
        |r| r["entries"][0]["authenticates"]["maxAal"] = json!("AAL-9"),
        |r| r["entries"][0]["status"] = json!("maybe"),
        |r| r["entries"][0]["validFrom"] = json!("2026-01-01"),
        |r| r["entries"][0]["validUntil"] = json!("2025-01-01T00:00:00Z"),
        |r| r["sequence"] = json!(-1),
    ];
    assert_eq!(code(&sound()), "accepted");
    for attack in attacks {
        let mut value = sound();
        attack(&mut value);
        assert_eq!(code(&value), "registry-malformed", "{value}");
    }
    assert_eq!(Registry::parse(b"{\"id\":1,\"id\":2}").unwrap_err().code(), "registry-malformed");
}

#[test]
fn keys_are_public_and_of_a_kind_that_signs() {
    let jwk =
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let mut value = sound();
    value["entries"][0]["keys"] = json!([jwk, "did:web:city.example#1"]);
    let registry = Registry::from_value(&value).unwrap();
    assert_eq!(registry.entries()[0].keys().len(), 1);
    let mut private = jwk;
    private["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    for wrong in [private, json!({"kty": "oct", "k": "AA"}), json!(7), json!(null)] {
        value["entries"][0]["keys"] = json!([wrong]);
        assert_eq!(code(&value), "registry-malformed", "{value}");
    }
}

#[test]
fn an_ended_entry_says_since_when() {
    let mut value = sound();
    value["entries"][0]["status"] = json!("ended");
    assert_eq!(code(&value), "accepted");
    value["entries"][0].as_object_mut().unwrap().remove("validUntil");
    assert_eq!(code(&value), "registry-malformed");
}

#[test]
fn a_party_is_added_to_a_new_list_and_to_an_old_one() {
    let entry = NewEntry {
        party: "did:web:acme.example".to_owned(),
        roles: vec!["attribute_issuer".to_owned()],
        rows: vec!["R8".to_owned()],
        issues: vec!["Badge".to_owned()],
        from: Some(now()),
        ..NewEntry::default()
    };
    let first = add_entry(None, "local", &entry, now()).unwrap();
    assert_eq!((&first["sequence"], &first["id"]), (&json!(1), &json!("local")));
    let second = add_entry(Some(&first), "local", &entry, now().plus_seconds(5)).unwrap();
    let registry = Registry::from_value(&second).unwrap();
    assert_eq!((registry.sequence(), registry.entries().len()), (2, 2));
    assert_eq!(registry.issued_at(), now().plus_seconds(5));
    let bad = NewEntry { rows: vec!["R9".to_owned()], ..entry };
    assert_eq!(
        add_entry(Some(&first), "local", &bad, now()).unwrap_err().code(),
        "registry-malformed"
    );
    assert_eq!(
        add_entry(Some(&json!({})), "local", &bad, now()).unwrap_err().code(),
        "registry-malformed"
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Registry::parse(&bytes).is_err());
    }
}

#[test]
fn prf_04_an_answer_counts_if_the_registry_signed_it_about_whom_was_asked() {
    use inkan_core::rng::insecure::SeededRng;
    use inkan_crypto::{KeyType, SecretKey, jws};
    let key = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(1));
    let other = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(2));
    let (own, stranger) = ([key.public_key()], [other.public_key()]);
    let snapshot = |party: &str, typ: &str| {
        let text = serde_json::json!({
            "type": "inkan-registry/1", "id": "https://r.example", "sequence": 7,
            "issuedAt": "2026-01-01T00:00:00Z",
            "entries": [{ "id": party, "roles": ["identity_proofer"], "rows": ["R3"],
                          "status": "active" }],
        });
        let mut header = serde_json::Map::new();
        header.insert("typ".to_owned(), typ.into());
        jws::sign(header, text.to_string().as_bytes(), &key).unwrap()
    };
    let city = "did:web:city.example";
    let typ = "inkan-registry+jws";
    let asked = AnswerTerms {
        registry: "https://r.example",
        party: Some(city),
        keys: &own,
        newest: Some(7),
    };
    assert_eq!(Registry::from_answer(&snapshot(city, typ), &asked).unwrap().sequence(), 7);
    let refused = |text: &str, asked: &AnswerTerms<'_>| {
        let code = Registry::from_answer(text, asked).map(drop).unwrap_err().code();
        assert_eq!(code, "registry-answer-invalid", "{asked:?}");
    };
    refused(&snapshot("did:web:other.example", typ), &asked);
    refused(&snapshot(city, typ), &AnswerTerms { keys: &stranger, ..asked });
    refused(&snapshot(city, typ), &AnswerTerms { keys: &[], ..asked });
    refused(&snapshot(city, typ), &AnswerTerms { registry: "https://s.example", ..asked });
    refused(&snapshot(city, typ), &AnswerTerms { newest: Some(8), ..asked });
    refused(&snapshot(city, "JWT"), &asked);
    refused("none", &asked);
}

#[test]
fn entries_that_link_or_void_are_closed_and_have_one_reading() {
    let attacks: [fn(&mut Value); 5] = [
        |e| e["voidSince"] = json!("2026-06-01T00:00:00Z"),
        |e| e["succeeds"] = json!(["did:web:city.example"]),
        |e| e["sameController"] = json!(["did:web:city.example"]),
        |e| e["authority"] = json!("yes"),
        |e| e["grants"] = json!([{"type": "delegation", "action": "a", "resource": "b"}]),
    ];
    for attack in attacks {
        let mut value = sound();
        attack(&mut value["entries"][0]);
        assert_eq!(code(&value), "registry-malformed", "{value}");
    }
    let mut value = sound();
    value["entries"][0]["succeeds"] = json!(["did:web:old.example"]);
    value["entries"][0]["authority"] = json!(true);
    value["entries"][0]["grants"] =
        json!([{"type": "recognition", "action": "a", "resource": "b"}]);
    assert_eq!(code(&value), "accepted");
}

#[test]
fn a_party_that_is_taken_off_ends_or_is_void_and_never_comes_back_by_that() {
    let party = "did:web:city.example";
    let end = |value: &Value, until| remove_entries(value, party, Removal::Ended { until }, now());
    let ended = end(&sound(), now()).unwrap();
    let registry = Registry::from_value(&ended).unwrap();
    let entry = registry.entries_of(party).next().unwrap();
    assert_eq!((entry.standing(), entry.valid_until()), (Standing::Ended, Some(now())));
    assert_eq!(registry.sequence(), 44);
    assert_eq!(end(&ended, now()).unwrap_err().code(), "registry-party-unknown");
    let void = Removal::ForCause { since: Some(now()) };
    let void = remove_entries(&ended, party, void, now()).unwrap();
    let registry = Registry::from_value(&void).unwrap();
    let entry = registry.entries_of(party).next().unwrap();
    assert_eq!((entry.standing(), entry.void_since()), (Standing::RevokedForCause, Some(now())));
    for removal in [Removal::Ended { until: now() }, Removal::ForCause { since: None }] {
        let error = remove_entries(&void, party, removal, now()).unwrap_err();
        assert_eq!(error.code(), "registry-party-unknown");
    }
    // Ended before it began: nothing is left.
    let never = Timestamp::parse_strict("2025-01-01T00:00:00Z").unwrap();
    let left = Registry::from_value(&end(&sound(), never).unwrap()).unwrap();
    assert!(left.entries().is_empty());
}
