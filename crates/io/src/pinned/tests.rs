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
