use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use serde_json::json;

use super::*;
use crate::webvh::testing::{
    bytes, first_head, forge, multikey, next_draft, now, plain_draft, public, secret,
};
use crate::webvh::{Entry, check_next, follow, rotate};

fn heads() -> Vec<Head> {
    let first = first_head();
    let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(7)).public_key();
    let keys = [("key-2".to_owned(), key)];
    let later = now().plus_seconds(60);
    let line = rotate(&first, &keys, &secret(2), &public(3), later).unwrap();
    let second = check_next(Some(&first), &Entry::parse(line.as_bytes(), None).unwrap(), later);
    let mut draft = plain_draft();
    draft["parameters"]["witness"] = json!({
        "threshold": 1, "witnesses": [{"id": format!("did:key:{}", multikey(9))}],
    });
    draft["parameters"]["watchers"] = json!(["https://watcher.example"]);
    draft["parameters"]["ttl"] = json!(60);
    let witnessed = Entry::parse(&bytes(&forge(None, &draft, &[1])), None).unwrap();
    vec![first, second.unwrap(), follow(None, &witnessed).unwrap()]
}

#[test]
fn a_stored_head_is_the_head() {
    for head in heads() {
        let stored = head.to_stored();
        let back = Head::from_stored(&stored).unwrap();
        assert_eq!(format!("{back:?}"), format!("{head:?}"));
        assert_eq!(back.to_stored(), stored);
    }
}

#[test]
fn a_stored_head_judges_the_next_entry_alike() {
    let head = Head::from_stored(&first_head().to_stored()).unwrap();
    let entry = bytes(&forge(Some(&head), &next_draft(&head), &[5]));
    let entry = Entry::parse(&entry, None).unwrap();
    let by = |head: &Head| check_next(Some(head), &entry, now()).map(drop).unwrap_err();
    assert_eq!(by(&head), by(&first_head()));
}

#[test]
fn damaged_bytes_are_no_head() {
    let stored = String::from_utf8(first_head().to_stored()).unwrap();
    for damaged in [
        stored.replace("portable", "portabel"),
        stored.replace("\"home\":\"ledger", "\"home\":\"/ledger"),
        stored.replace("versionId\":\"1-", "versionId\":\"01-"),
        stored.replacen('{', "{\"more\":1,", 1),
        String::new(),
        "null".to_owned(),
    ] {
        assert_ne!(damaged, stored);
        assert_eq!(
            Head::from_stored(damaged.as_bytes()).unwrap_err().code(),
            "ledger-file-malformed"
        );
    }
    for end in 0..stored.len() {
        assert!(Head::from_stored(&stored.as_bytes()[..end]).is_err());
    }
}

#[test]
fn only_the_next_entry_follows() {
    let head = first_head();
    let next = Entry::parse(&bytes(&forge(Some(&head), &next_draft(&head), &[5])), None).unwrap();
    assert_eq!(follow(Some(&head), &next).unwrap().number(), 2, "whoever signed it");
    assert_eq!(follow(None, &next).unwrap_err().code(), "version-conflict");
    let second = follow(Some(&head), &next).unwrap();
    assert_eq!(follow(Some(&second), &next).unwrap_err().code(), "version-conflict");
}
