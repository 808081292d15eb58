use serde_json::json;

use super::*;
use inkan_core::Timestamp;

fn scratch() -> (tempfile::TempDir, Profile) {
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile::create(&folder.path().join("acme"), "acme").unwrap();
    (folder, profile)
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

#[test]
fn everything_in_a_profile_is_for_its_owner_alone() {
    let (_keep, profile) = scratch();
    profile.put(Shelf::Dids, "acme", &json!({})).unwrap();
    profile.pin_log("ledger.example/a", "log x\n").unwrap();
    let mut open = vec![profile.folder().to_path_buf()];
    while let Some(path) = open.pop() {
        assert!(!files::open_to_others(&path).unwrap(), "{}", path.display());
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}

#[test]
fn two_logs_never_share_a_file() {
    let (_keep, profile) = scratch();
    profile.pin_log("ledger.example/a", "log x\n").unwrap();
    assert!(matches!(
        profile.pin_log("ledger.example~a", "log y\n"),
        Err(ProfileError::Name { .. })
    ));
    assert!(profile.seen_head("ledger.example~a").is_err());
    assert_eq!(
        profile.pinned_logs().unwrap(),
        [("ledger.example/a".to_owned(), "log x\n".to_owned())]
    );
}

#[test]
fn where_a_log_answers_is_forgotten_with_its_policy() {
    let (_keep, profile) = scratch();
    assert_eq!(profile.log_place("ledger.example/a").unwrap(), None);
    profile.pin_log("ledger.example/a", "log x\n").unwrap();
    profile.keep_log_place("ledger.example/a", "https://ledger.example").unwrap();
    let place = profile.log_place("ledger.example/a").unwrap();
    assert_eq!(place.as_deref(), Some("https://ledger.example"));
    profile.unpin_log("ledger.example/a").unwrap();
    assert_eq!(profile.log_place("ledger.example/a").unwrap(), None);
}

#[test]
fn promises_of_two_logs_about_one_place_are_two_files() {
    use inkan_core::rng::insecure::SeededRng;
    use inkan_ledger::{LeafHash, Promise};

    use crate::note_key::{NoteSigner, Purpose};

    let (keep, profile) = scratch();
    let logs = ["ledger.example/a", "ledger.example/b"];
    let promised = logs.map(|origin| {
        let key = keep.path().join(origin.replace('/', "-"));
        let log = NoteSigner::create(&key, origin, Purpose::Log, &mut SeededRng::new(1)).unwrap();
        let leaves = [(17, LeafHash::of(b"leaf"))].into();
        let promise = Promise::new(origin, at("2026-03-02T00:00:00Z"), leaves).unwrap();
        log.promise(&promise).unwrap().to_string()
    });
    for (origin, promise) in logs.iter().zip(&promised) {
        std::fs::write(profile.promise(origin, 17).unwrap(), promise).unwrap();
    }
    // Earlier versions named no log in the file's name.
    let earlier = profile.folder().join("promises/17.promise");
    std::fs::write(&earlier, &promised[0]).unwrap();
    profile.forget_promise(logs[1], 17).unwrap();
    assert!(!profile.promise(logs[1], 17).unwrap().exists());
    assert!(earlier.exists(), "another log's");
    let kept = std::fs::read_to_string(profile.promise(logs[0], 17).unwrap()).unwrap();
    assert_eq!(kept, promised[0]);
    profile.forget_promise(logs[0], 17).unwrap();
    assert!(!earlier.exists());
    assert!(!profile.promise(logs[0], 17).unwrap().exists());
}

#[test]
fn records_come_back_as_they_were() {
    let (_keep, profile) = scratch();
    let did = OwnDid {
        name: "acme".to_owned(),
        did: "did:key:z6Mk".to_owned(),
        created: at("2026-03-02T00:00:00Z"),
        keys: vec![OwnKey { fragment: "sign-1".to_owned(), key: "sign-1".to_owned() }],
        next_key: Some("acme-next-2".to_owned()),
        reasons: [("2-Qm".to_owned(), "scheduled".to_owned())].into(),
        log: Some("other.example".to_owned()),
        moving: None,
    };
    assert_eq!(did.method_url(&did.keys[0]), "did:key:z6Mk#sign-1");
    profile.put(Shelf::Dids, "acme", &did.to_value()).unwrap();
    assert_eq!(profile.all::<OwnDid>().unwrap(), [("acme".to_owned(), did)]);

    let issued = IssuedRecord {
        id: "urn:uuid:1".to_owned(),
        types: vec!["Badge".to_owned()],
        issuer: "did:key:z6Mk".to_owned(),
        issued_at: at("2026-03-02T00:00:00Z"),
        valid_until: None,
        digest: "x".to_owned(),
        status: Some(("https://ledger.example/s/1".to_owned(), 94_567)),
        suspension: Some(("https://ledger.example/s/2".to_owned(), 7)),
        revoked: Some((at("2026-03-03T00:00:00Z"), "left".to_owned())),
        message: Some(("https://acme.example/status/3".to_owned(), 7)),
        suspended: Some((at("2026-03-02T00:00:00Z"), String::new())),
        events: vec![StatusEvent {
            change: "suspend".to_owned(),
            at: at("2026-03-02T00:00:00Z"),
            reason: "lost card".to_owned(),
        }],
    };
    profile.put(Shelf::Issued, "1", &issued.to_value()).unwrap();
    assert_eq!(profile.find::<IssuedRecord>("1").unwrap(), Some(issued));
    assert_eq!(profile.find::<IssuedRecord>("2").unwrap(), None);

    let nonce = NonceRecord {
        nonce: "n".to_owned(),
        audience: Some("https://bank.example".to_owned()),
        policy: None,
        issued_at: at("2026-03-02T00:00:00Z"),
        used_at: Some(at("2026-03-02T00:01:00Z")),
        used_by: None,
    };
    assert_eq!(NonceRecord::from_value(&nonce.to_value()).unwrap(), nonce);
    let pinned = FixedPolicy::Pinned(PinnedPolicy {
        named: "desk --min-aal 2".to_owned(),
        id: "desk".to_owned(),
        version: "1".to_owned(),
        digest: inkan_core::sha256(&[b"{}"]),
    });
    for policy in [pinned, FixedPolicy::Named("desk".to_owned())] {
        let nonce = NonceRecord { policy: Some(policy), ..nonce.clone() };
        assert_eq!(NonceRecord::from_value(&nonce.to_value()).unwrap(), nonce);
        // What is there and cannot be read is not "no policy".
        for damaged in [json!({}), json!(1), json!([]), json!({ "named": "desk", "sha256": "00" })]
        {
            let mut value = nonce.to_value();
            value["policy"] = damaged;
            assert_eq!(NonceRecord::from_value(&value), Err("policy"));
        }
    }
}

#[test]
fn a_damaged_record_is_named_with_its_member() {
    let (_keep, profile) = scratch();
    profile.put(Shelf::Nonces, "n", &json!({ "nonce": 1 })).unwrap();
    let error = profile.find::<NonceRecord>("n").unwrap_err();
    assert_eq!(error.code(), "profile-record-malformed");
    assert!(error.to_string().contains("\"nonce\""), "{error}");
}

#[test]
fn a_name_cannot_leave_its_shelf() {
    let (_keep, profile) = scratch();
    for name in ["../x", "a/b", ".x", "", "ä"] {
        let error = profile.put(Shelf::Wallet, name, &json!({})).unwrap_err();
        assert_eq!(error.code(), "record-name-invalid", "{name:?}");
    }
}

#[test]
fn pinned_policies_keep_their_origin() {
    let (_keep, profile) = scratch();
    profile.pin_log("ledger.example/a", "log x\n").unwrap();
    let pinned = profile.pinned_logs().unwrap();
    assert_eq!(pinned, [("ledger.example/a".to_owned(), "log x\n".to_owned())]);
}
