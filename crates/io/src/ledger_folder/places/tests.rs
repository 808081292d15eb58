use super::*;

#[test]
fn https_urls_of_plain_files_have_a_place() {
    let at = |url: &str| public_path(Path::new("/p"), url).map(|path| path.display().to_string());
    assert_eq!(at("https://a.example/x/y.json").as_deref(), Some("/p/a.example/x/y.json"));
    assert_eq!(at("https://a.example:8443/x").as_deref(), Some("/p/a.example%3A8443/x"));
    assert_eq!(
        at("https://a.example/.well-known/did.jsonl").as_deref(),
        Some("/p/a.example/.well-known/did.jsonl")
    );
    let long_host = format!("https://{}:65535/x", ["a"; 126].join(".") + ".aa");
    for url in [
        "http://a.example/x",
        "https://a.example",
        "https://a.example/",
        "https:///x",
        "https://../x",
        "https://A.example/x",
        "https://a..b/x",
        "https://a.example:/x",
        "https://a.example:1x/x",
        "https://u@a.example/x",
        "https://a.example/../x",
        "https://a.example/x//y",
        "https://a.example/.hidden",
        "https://a.example/x?y",
        "https://a.example/x#y",
        "https://a.example/x\\y",
        "https://a.example/é",
        "https://a.example/.well-known",
        "https://a.example/.well-known/did.json",
        "https://a.example/.well-known/acme-challenge/x",
        "https://a.example/.well-known/did.jsonl/did.jsonl",
        "https://a.example/x/.well-known/did.jsonl",
        "https://a.example/x/did.jsonl/did.jsonl",
        "https://a.example/x/DID-witness.json/did.jsonl",
        long_host.as_str(),
        &format!("https://{}/x", "a".repeat(300)),
        &format!("https://a.example/{}", "x".repeat(201)),
    ] {
        assert_eq!(at(url), None, "{url}");
    }
}

#[test]
fn a_did_has_the_folder_of_its_log_and_a_list_its_own_file() {
    const SCID: &str = "QmYNCgQySUjGKHdgzBu5RKqGuFEKjgBsDBgpcmERxzHNjr";
    let did = |location: &str| place_of_did(&format!("did:webvh:{SCID}:{location}"));
    assert_eq!(did("a.example").as_deref(), Some("a.example/"));
    assert_eq!(did("a.example%3A8443:x:Y").as_deref(), Some("a.example:8443/x/y/"));
    assert_eq!(did("a.example:%61lice").as_deref(), Some("a.example/alice/"));
    for location in [
        "a.example:.well-known",
        "a.example:.well-known:x",
        "a.example:x:did.jsonl",
        "a.example:.x",
    ] {
        assert_eq!(did(location), None, "{location}");
    }
    let list = |path: &str| place_of_list(&format!("https://a.example/{path}"));
    assert_eq!(list("x/Status/1").as_deref(), Some("a.example/x/status/1"));
    for path in [
        ".well-known/did.jsonl",
        ".well-known/did.json",
        "x/did.jsonl",
        "x/did.json",
        "x/DID.JSON",
        "x/did-witness.json",
        "did.json/x",
        "x/%64id.jsonl",
    ] {
        assert_eq!(list(path), None, "{path}");
    }
    let above: Vec<_> = folders("a.example/x/status/1").collect();
    assert_eq!(above, ["a.example/x/status/", "a.example/x/", "a.example/"]);
}
