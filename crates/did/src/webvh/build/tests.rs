use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::SecretKey;

use super::*;
use crate::did_url::DidUrl;
use crate::document::Relationship;
use crate::webvh::testing::{
    accept, commitment, first_head, first_line, forge, next_draft, now, plain_draft, public,
    request, secret,
};
use crate::webvh::{History, document_url, testing, witness_url};

fn later(seconds: i64) -> Timestamp {
    now().plus_seconds(seconds)
}

fn failed<T: std::fmt::Debug>(result: Result<T, BuildError>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn a_new_did_says_what_was_asked() {
    let mut request = request();
    request.domain = "ledger.example:8443".to_owned();
    request.path = Some("people/anna".to_owned());
    request.services = vec![("LinkedDomains".to_owned(), "https://anna.example".to_owned())];
    request.next_key_hashes = vec![commitment(3)];
    let (did, line) = create(&request, &secret(1), &public(2), now()).unwrap();
    let head = accept(None, line.as_bytes()).unwrap();
    assert_eq!(head.did(), &did);
    assert!(did.as_str().ends_with(":ledger.example%3A8443:people:anna"));
    let url = document_url(&did).unwrap();
    assert_eq!(url, "https://ledger.example:8443/people/anna/did.jsonl");
    let witness = witness_url(&did).unwrap();
    assert_eq!(witness, "https://ledger.example:8443/people/anna/did-witness.json");
    assert!(head.portable() && head.pre_rotation());
    assert_eq!(head.next_key_hashes(), [commitment(2), commitment(3)]);
    assert_eq!(head.home(), Some("ledger.example/log"));
    let key = DidUrl::parse(&format!("{did}#key-1")).unwrap();
    assert_eq!(head.document().method(&key).unwrap().key, public(100));
    assert!(head.document().allows(&key, Relationship::AssertionMethod));
    assert!(head.document().allows(&key, Relationship::Authentication));
    let value = head.document().value();
    assert_eq!(
        value["alsoKnownAs"][0],
        format!("did:scid:vh:1:{}?src=ledger.example:8443/people/anna", head.scid())
    );
    assert_eq!(value["service"][0]["type"], "LinkedDomains");
    assert_eq!(value["service"][1]["id"], format!("{did}#ledger"));
}

#[test]
fn a_did_without_home_has_no_service() {
    let mut request = request();
    request.home = None;
    let (_, line) = create(&request, &secret(1), &public(2), now()).unwrap();
    assert!(!line.contains("service") && !line.contains('\n'));
}

#[test]
fn equal_requests_give_equal_lines() {
    assert_eq!(first_line(), first_line());
}

#[test]
fn requests_that_make_no_valid_entry_are_refused() {
    let mut ip = request();
    ip.domain = "127.0.0.1".to_owned();
    assert_eq!(failed(create(&ip, &secret(1), &public(2), now())), "state-id-invalid");
    let mut fragment = request();
    fragment.key_id = "key one".to_owned();
    assert_eq!(failed(create(&fragment, &secret(1), &public(2), now())), "document-invalid");
    let mut home = request();
    home.home = Some("https://ledger.example ".to_owned());
    assert_eq!(failed(create(&home, &secret(1), &public(2), now())), "home-log-invalid");
    let mut hashes = request();
    hashes.next_key_hashes = vec!["Qm".to_owned()];
    assert_eq!(failed(create(&hashes, &secret(1), &public(2), now())), "parameters-invalid");
}

#[test]
fn update_keys_are_ed25519_and_not_repeated() {
    let p256 = SecretKey::generate(KeyType::P256, &mut SeededRng::new(1));
    assert_eq!(failed(create(&request(), &p256, &public(2), now())), "update-key-type");
    let next = p256.public_key();
    assert_eq!(failed(create(&request(), &secret(1), &next, now())), "update-key-type");
    assert_eq!(failed(create(&request(), &secret(1), &public(1), now())), "next-key-in-use");
    assert_eq!(failed(witness_proof("1-Qm", &p256, now())), "update-key-type");
}

#[test]
fn rotation_uses_the_committed_key_and_replaces_the_document_keys() {
    let head = first_head();
    let keys = [("key-2".to_owned(), public(200))];
    let line = rotate(&head, &keys, &secret(2), &public(3), later(1)).unwrap();
    let second = accept(Some(&head), line.as_bytes()).unwrap();
    assert_eq!(second.update_keys(), [public(2)]);
    assert_eq!(second.next_key_hashes(), [commitment(3)]);
    assert_eq!(second.home(), head.home());
    let methods = second.document().verification_methods();
    assert_eq!((methods.len(), &methods[0].key), (1, &public(200)));
    assert!(second.document().allows(&methods[0].id, Relationship::AssertionMethod));
    // Without new keys the document stays.
    let line = rotate(&second, &[], &secret(3), &public(4), later(2)).unwrap();
    let third = accept(Some(&second), line.as_bytes()).unwrap();
    assert_eq!(third.document(), second.document());
}

#[test]
fn rotation_keeps_commitments_that_were_not_used() {
    let mut request = request();
    request.next_key_hashes = vec![commitment(9)];
    let (_, line) = create(&request, &secret(1), &public(2), now()).unwrap();
    let head = accept(None, line.as_bytes()).unwrap();
    let line = rotate(&head, &[], &secret(2), &public(3), later(1)).unwrap();
    let second = accept(Some(&head), line.as_bytes()).unwrap();
    assert_eq!(second.next_key_hashes(), [commitment(3), commitment(9)]);
    // The recovery key takes over, and names all commitments anew.
    let change = Update {
        document: second.document().value().clone(),
        next_key_hashes: vec![commitment(4), commitment(10)],
    };
    let line = update(&second, &change, &secret(9), later(2)).unwrap();
    let third = accept(Some(&second), line.as_bytes()).unwrap();
    assert_eq!(third.next_key_hashes(), [commitment(4), commitment(10)]);
}

#[test]
fn only_a_committed_key_can_rotate() {
    let head = first_head();
    for seed in [1, 3] {
        let refused = rotate(&head, &[], &secret(seed), &public(7), later(1));
        assert_eq!(failed(refused), "update-key-not-committed");
    }
    assert_eq!(failed(rotate(&head, &[], &secret(2), &public(2), later(1))), "next-key-in-use");
    let change = Update { document: head.document().value().clone(), next_key_hashes: vec![] };
    assert_eq!(failed(update(&head, &change, &secret(2), later(1))), "next-key-missing");
    let change = Update { document: json!([]), next_key_hashes: vec![commitment(3)] };
    assert_eq!(failed(update(&head, &change, &secret(2), later(1))), "malformed-entry");
}

#[test]
fn two_versions_never_share_a_second() {
    let head = first_head();
    for seconds in [-1, 0] {
        let refused = rotate(&head, &[], &secret(2), &public(3), later(seconds));
        assert_eq!(failed(refused), "version-time-not-later");
        assert_eq!(failed(deactivate(&head, &secret(2), later(seconds))), "version-time-not-later");
    }
}

#[test]
fn deactivation_is_one_entry_with_and_without_pre_rotation() {
    let head = first_head();
    let line = deactivate(&head, &secret(2), later(1)).unwrap();
    let last = accept(Some(&head), line.as_bytes()).unwrap();
    assert!(last.deactivated() && !last.pre_rotation());
    assert_eq!(last.document(), head.document());
    assert_eq!(failed(deactivate(&last, &secret(2), later(2))), "did-deactivated");
    assert_eq!(failed(deactivate(&head, &secret(1), later(1))), "update-key-not-committed");
    let plain = forge(None, &plain_draft(), &[1]);
    let plain = accept(None, &testing::bytes(&plain)).unwrap();
    let line = deactivate(&plain, &secret(1), later(1)).unwrap();
    let last = accept(Some(&plain), line.as_bytes()).unwrap();
    assert!(last.deactivated() && last.update_keys().is_empty());
}

#[test]
fn what_we_write_resolves_as_a_published_log() {
    let head = first_head();
    let second = rotate(&head, &[], &secret(2), &public(3), later(60)).unwrap();
    let log = format!("{}\n{second}\n", first_line());
    let history = History::verify(&log, None, later(60)).unwrap();
    assert_eq!(history.latest().number(), 2);
    let without_pre_rotation = next_draft(history.latest());
    let entry = forge(Some(history.latest()), &without_pre_rotation, &[3]);
    assert_eq!(testing::code(Some(history.latest()), &entry), "update-key-not-committed");
}

#[test]
fn a_rotation_retires_keys_of_unlinkable_credentials_and_keeps_them_listed() {
    let first = first_head();
    let bbs = SecretKey::generate(KeyType::Bls12381G2, &mut SeededRng::new(7)).public_key();
    let keys = [("key-1".to_owned(), public(100)), ("pale".to_owned(), bbs.clone())];
    let line = rotate(&first, &keys, &secret(2), &public(3), later(10)).unwrap();
    let head = accept(Some(&first), line.as_bytes()).unwrap();
    let before = head.document().value()["verificationMethod"].clone();
    // The same key goes on: it is not retired.
    let line = rotate(&head, &keys, &secret(3), &public(4), later(20)).unwrap();
    let same = accept(Some(&head), line.as_bytes()).unwrap();
    assert_eq!(same.document().value()["verificationMethod"], before);
    let new = [("key-2".to_owned(), public(101))];
    let line = rotate(&head, &new, &secret(3), &public(4), later(20)).unwrap();
    let next = accept(Some(&head), line.as_bytes()).unwrap();
    let value = next.document().value();
    let id = format!("{}#pale", head.did());
    assert_eq!(value["verificationMethod"].as_array().unwrap().len(), 2);
    assert_eq!(value["verificationMethod"][1]["id"], id);
    assert_eq!(value["verificationMethod"][1]["expires"], later(20).to_string());
    assert_eq!(value["verificationMethod"][1]["publicKeyMultibase"], bbs.to_multikey());
    assert_eq!(value["assertionMethod"][1], id);
    assert_eq!(value["authentication"].as_array().unwrap().len(), 1);
    // The next rotation leaves the first end as it is.
    let new = [("key-3".to_owned(), public(102))];
    let line = rotate(&next, &new, &secret(4), &public(5), later(30)).unwrap();
    let last = accept(Some(&next), line.as_bytes()).unwrap();
    assert_eq!(last.document().value()["verificationMethod"][1], value["verificationMethod"][1]);
}

#[test]
fn a_move_changes_the_home_and_nothing_else() {
    let mut request = request();
    request.services = vec![("LinkedDomains".to_owned(), "https://anna.example".to_owned())];
    let (_, line) = create(&request, &secret(1), &public(2), now()).unwrap();
    let head = accept(None, line.as_bytes()).unwrap();
    let line = relocate(&head, "other.example", &secret(2), &public(3), later(1)).unwrap();
    let next = accept(Some(&head), line.as_bytes()).unwrap();
    assert_eq!((next.home(), next.did()), (Some("other.example"), head.did()));
    assert_eq!(next.next_key_hashes(), [commitment(3)]);
    let mut expected = head.document().value().clone();
    expected["service"][1]["serviceEndpoint"] = "https://other.example".into();
    assert_eq!(next.document().value(), &expected);
    // Back again; and a name that is no origin is refused.
    let line = relocate(&next, "ledger.example/log", &secret(3), &public(4), later(2)).unwrap();
    let back = accept(Some(&next), line.as_bytes()).unwrap();
    assert_eq!(back.document().value(), head.document().value());
    let refused = relocate(&next, "no origin", &secret(3), &public(4), later(2));
    assert_eq!(failed(refused), "home-log-invalid");
}

#[test]
fn a_service_of_several_types_can_be_the_home_too() {
    let mut document = serde_json::json!({ "service": [
        { "id": "#x", "type": ["Other", "LedgerLog"], "serviceEndpoint": "https://a.example" },
    ] });
    document = relocate::at_home_in(document, "did:example:x", "b.example");
    assert_eq!(document["service"].as_array().unwrap().len(), 1);
    assert_eq!(document["service"][0]["serviceEndpoint"], "https://b.example");
    let none = relocate::at_home_in(serde_json::json!({}), "did:example:x", "b.example");
    assert_eq!(none["service"][0]["id"], "did:example:x#ledger");
}
