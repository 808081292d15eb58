use super::*;

const URL: &str = "https://acme.example/context/v1";

fn profile(folder: &tempfile::TempDir) -> Profile {
    Profile::create(&folder.path().join("bank"), "bank").unwrap()
}

#[test]
fn what_is_pinned_is_kept_and_found_by_its_url() {
    let folder = tempfile::tempdir().unwrap();
    let profile = profile(&folder);
    assert_eq!(load(&profile).unwrap(), []);
    let context =
        PinnedFile::new(URL, br#"{"@context":{"role":"https://acme.example/#role"}}"#.to_vec());
    let picture = PinnedFile::new("https://acme.example/seal.png", vec![0x89, 0x50]);
    for file in [&context, &picture] {
        profile.put(Shelf::Pinned, &PinnedFile::record_name(&file.url), &file.to_value()).unwrap();
    }
    let mut found = load(&profile).unwrap();
    found.sort_by(|a, b| a.url.cmp(&b.url));
    assert_eq!(found, [context.clone(), picture.clone()]);
    assert!(context.is_context() && !picture.is_context());
    assert!(contexts(&found).unwrap().is_some());
    assert!(contexts(&[picture]).unwrap().is_none());
}

#[test]
fn bytes_that_are_not_those_that_were_pinned_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let profile = profile(&folder);
    let mut value = PinnedFile::new(URL, b"{}".to_vec()).to_value();
    value["bytes"] = encoding::b64(b"{ }").into();
    profile.put(Shelf::Pinned, &PinnedFile::record_name(URL), &value).unwrap();
    assert_eq!(load(&profile).unwrap_err().code(), "profile-record-malformed");
}

#[test]
fn a_registrys_answer_counts_under_its_key_and_never_goes_back() {
    use inkan_core::rng::insecure::SeededRng;
    use inkan_crypto::{KeyType, SecretKey, jws};
    let key = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(5));
    let other = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(6));
    let name = |id: &str, key: &SecretKey| {
        format!("{REGISTRY}{id}?=key={}", key.public_key().to_multikey())
    };
    let answer = |url: &str, sequence: u64, key: &SecretKey| {
        let text = json!({
            "type": "inkan-registry/1", "id": "https://r.example", "sequence": sequence,
            "issuedAt": "2026-01-01T00:00:00Z", "entries": [],
        });
        let mut header = serde_json::Map::new();
        header.insert("typ".to_owned(), "inkan-registry+jws".into());
        let text = jws::sign(header, text.to_string().as_bytes(), key).unwrap();
        PinnedFile::new(url, text.into_bytes())
    };
    let own = name("https://r.example", &key);
    let seven = answer(&own, 7, &key);
    let read = registries(std::slice::from_ref(&seven)).unwrap();
    assert_eq!((read.len(), read[0].sequence()), (1, 7));
    let refused = |file: &PinnedFile| registries(std::slice::from_ref(file)).unwrap_err().code();
    for wrong in [
        answer(&own, 7, &other),
        answer(&name("https://s.example", &key), 7, &key),
        answer(&format!("{REGISTRY}https://r.example"), 7, &key),
        answer(&format!("{REGISTRY}https://r.example?=key=zNone"), 7, &key),
        answer(&format!("{REGISTRY}https://r.example?=trust=all"), 7, &key),
        PinnedFile::new(&own, b"none".to_vec()),
    ] {
        assert_eq!(refused(&wrong), "registry-answer-invalid", "{}", wrong.url);
    }
    let known = [seven];
    let after = |file: &PinnedFile| registry_after(file, &known).map(|read| read.is_some());
    assert_eq!(after(&answer(&own, 8, &key)), Ok(true));
    assert_eq!(after(&answer(&own, 7, &key)), Ok(true));
    // Under one number it says one thing.
    let mut otherwise = json!({
        "type": "inkan-registry/1", "id": "https://r.example", "sequence": 7,
        "issuedAt": "2026-01-01T00:00:00Z", "entries": [],
    });
    otherwise["nextUpdate"] = json!("2027-01-01T00:00:00Z");
    let header = || [("typ".to_owned(), Value::from("inkan-registry+jws"))].into_iter().collect();
    let text = jws::sign(header(), otherwise.to_string().as_bytes(), &key).unwrap();
    let otherwise = PinnedFile::new(&own, text.into_bytes());
    assert_eq!(after(&otherwise).unwrap_err().code(), "registry-answer-invalid");
    assert_eq!(after(&answer(&own, 6, &key)).unwrap_err().code(), "registry-answer-invalid");
    // Under another key it is the same registry.
    let moved = answer(&name("https://r.example", &other), 6, &other);
    assert_eq!(after(&moved).unwrap_err().code(), "registry-answer-invalid");
    // Once it has another key, one of the two is in force, and neither if both were kept.
    let moved = answer(&name("https://r.example", &other), 8, &other);
    assert_eq!(after(&moved), Ok(true));
    assert!(replaces(&moved, &known[0]) && replaces(&known[0], &moved));
    let elsewhere = answer(&name("https://s.example", &key), 8, &key);
    assert!(!replaces(&elsewhere, &known[0]));
    let unnamed = |url: &str| PinnedFile::new(url, b"{}".to_vec());
    assert!(!replaces(&unnamed("https://r.example/x"), &unnamed("https://r.example/y")));
    let both = registries(&[known[0].clone(), moved]).unwrap_err();
    assert_eq!(both.code(), "registry-answer-invalid");
    // What is pinned under another name is none.
    assert_eq!(after(&PinnedFile::new("https://r.example/x", b"{}".to_vec())), Ok(false));
    assert!(
        registries(&[PinnedFile::new("https://r.example/x", b"{}".to_vec())]).unwrap().is_empty()
    );
}
