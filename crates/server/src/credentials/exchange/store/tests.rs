use inkan_credential::bundle::read_any;
use serde_json::json;

use super::*;

fn bundle(name: &str) -> Bundle {
    let credential = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": "did:example:issuer",
        "credentialSubject": { "id": "did:example:subject", "alumniOf": name },
        "proof": {
            "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "assertionMethod",
            "created": "2026-01-01T00:00:00Z", "verificationMethod": "did:example:issuer#key", "proofValue": "z2m",
        },
    });
    read_any(credential.to_string().as_bytes()).expect("a credential").into_bundle()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds).expect("a time")
}

fn offer(name: &str, until: i64) -> Offer {
    Offer { key: sha256(&[b"key"]), until: at(until), bundle: bundle(name) }
}

#[test]
fn an_offer_is_there_after_a_restart_and_its_id_is_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("offers");
    let store = OfferStore::open(Some(&place)).expect("a store");
    assert!(store.publish("the-id", &offer("one", 100), at(1)).expect("kept"));
    assert!(matches!(
        OfferStore::open(Some(&place)),
        Err(OfferStoreError::File(FileError::Locked { .. }))
    ));
    drop(store);
    // What a process that was killed while it wrote leaves behind.
    std::fs::write(place.join(".half.0011.tmp"), b"{").expect("written");
    let store = OfferStore::open(Some(&place)).expect("a store");
    let kept = store.get("the-id", at(2)).expect("read").expect("there");
    assert_eq!(kept.tag(), offer("one", 100).tag());
    assert!(store.get("another", at(2)).expect("read").is_none());
    for entry in std::fs::read_dir(&place).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert!(!path.display().to_string().contains("the-id"));
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(!text.contains("the-id"), "{text}");
    }
}

#[test]
fn an_offer_that_has_ended_is_forgotten_on_the_disk_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = OfferStore::open(Some(folder.path())).expect("a store");
    for (id, until) in [("one", 10), ("two", 20)] {
        assert!(store.publish(id, &offer(id, until), at(1)).expect("kept"));
    }
    assert!(store.get("one", at(10)).expect("read").is_none());
    assert_eq!(files::list(folder.path(), SUFFIX).expect("names").len(), 1);
    store.remove("two").expect("removed");
    assert!(store.get("two", at(2)).expect("read").is_none());
    assert_eq!(files::list(folder.path(), SUFFIX).expect("names").len(), 0);
}

#[test]
fn only_the_newest_state_is_replaced() {
    let store = OfferStore::open(None).expect("a store");
    let first = offer("one", 100);
    assert!(store.publish("id", &first, at(1)).expect("kept"));
    let second = offer("two", 100);
    let replace = |tag: &str| store.replace("id", tag, &second, at(2)).expect("answered");
    assert_eq!(replace(&first.tag()), Replaced::Done);
    assert_eq!(replace(&first.tag()), Replaced::Changed);
    assert_eq!(store.replace("no", "", &second, at(2)).expect("answered"), Replaced::Gone);
}

#[test]
fn what_is_no_offer_stops_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("00.json"), b"{}").expect("written");
    let error = OfferStore::open(Some(folder.path())).expect_err("refused");
    assert_eq!(error.code(), "offer-record-malformed");
}
