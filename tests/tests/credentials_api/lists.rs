//! Status lists that the server keeps itself: messages, who may sign them, and which suites can have a place in one.

use inkan_credential::Credential;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::status_list::StatusListCredential;
use inkan_crypto::{KeyType, SecretKey};
use inkan_io::os_rng::OsRng;
use inkan_server::credentials::{Issuer, Suite};
use serde_json::{Value, json};

use super::api::{self, Api, ISSUING, credential, without};

const URL: &str = "https://issuer.example";
const WORDS: [&str; 4] = ["sent", "arrived", "lost", "found"];
const EXPLAINED: &str = "https://issuer.example/parcels";

/// A server under one URL, with these keys and what it kept in the folder.
fn kept(folder: &tempfile::TempDir, keys: &[Issuer]) -> Api {
    Api::with(|options| {
        options.issuers = keys.to_vec();
        options.public_url = Some(URL.to_owned());
        options.data = Some(folder.path().to_path_buf());
    })
}

fn path_of(entry: &Value) -> &str {
    let url = entry["statusListCredential"].as_str().expect("a URL");
    url.strip_prefix(URL).expect("ours")
}

fn served(api: &Api, entry: &Value) -> Value {
    let answer = api.get(path_of(entry));
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// What the list says of this entry, as any reader would read it.
fn value_of(api: &Api, entry: &Value) -> u8 {
    let plain = Credential::from_value(without(served(api, entry), "/proof"));
    let list = StatusListCredential::from_credential(&plain.expect("a credential"));
    list.expect("a list").value(&StatusEntry::parse(entry).expect("an entry")).expect("a value")
}

fn change(api: &Api, entry: &Value, member: &str, value: Value) -> (u16, String) {
    let body = json!({ "credentialStatus": entry, member: value });
    let answer = api.post("/credentials/status", &body);
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    (answer.status, code)
}

fn messages(words: &[&str]) -> Value {
    json!({
        "statusPurposes": ["revocation", "message"], "statusMessages": words,
        "statusReferences": [EXPLAINED],
    })
}

#[test]
fn messages_are_kept_and_changed_and_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = api::issuers();
    let api = kept(&folder, &keys);
    let issue =
        |words: &[&str]| api.issue(Suite::EddsaRdfc, &credential(json!({})), messages(words));
    let issued = issue(&WORDS);
    let entry = issued["credentialStatus"][1].clone();
    assert_eq!((&entry["statusPurpose"], &entry["statusSize"]), (&json!("message"), &json!(2)));
    assert_eq!(entry["statusMessage"].as_array().map(Vec::len), Some(4));
    assert_eq!(entry["statusMessage"][2], json!({ "status": "0x2", "message": "lost" }));
    assert_eq!(entry["statusReference"], EXPLAINED);
    api.verify(&issued);
    assert_eq!(value_of(&api, &entry), 0);

    assert_eq!(change(&api, &entry, "value", json!(4)), (400, "status-value-out-of-range".into()));
    assert_eq!(change(&api, &entry, "status", json!(true)).0, 400, "there is no second side");
    for value in [3, 1, 2] {
        assert_eq!(change(&api, &entry, "value", json!(value)).0, 200);
        assert_eq!(value_of(&api, &entry), value);
    }
    // A message says nothing against it.
    api.verify(&issued);
    // Who says the same shares the list; other words begin another.
    let same = issue(&WORDS)["credentialStatus"][1].clone();
    assert_eq!(path_of(&same), path_of(&entry));
    let other = issue(&["open", "closed"])["credentialStatus"][1].clone();
    assert_ne!(path_of(&other), path_of(&entry));
    assert_eq!(other["statusMessage"].as_array().map(Vec::len), Some(2));

    drop(api);
    let api = kept(&folder, &keys);
    assert_eq!((value_of(&api, &entry), value_of(&api, &same), value_of(&api, &other)), (2, 0, 0));
    api.verify(&issued);
    // Decoys have any value but that of a new credential.
    let plain = Credential::from_value(without(served(&api, &entry), "/proof"));
    let list =
        StatusListCredential::from_credential(&plain.expect("a credential")).expect("a list");
    let values: Vec<u8> =
        (0..131_072).filter_map(|at| list.list().value(at, 2).ok().filter(|v| *v > 0)).collect();
    assert!((65..=192).contains(&values.len()), "{}", values.len());
    assert!([1, 2, 3].iter().all(|value| values.contains(value)), "{values:?}");
}

#[test]
fn callers_begin_few_lists_of_messages_and_say_where_they_are_explained() {
    let api = Api::with(|_| {});
    let asked = |words: &[&str]| {
        let answer = api.try_issue(Suite::EddsaJcs, &credential(json!({})), messages(words));
        let code = if answer.status == 201 { String::new() } else { answer.code() };
        (answer.status, code)
    };
    for number in 0..16 {
        assert_eq!(asked(&["new", &format!("step {number}")]).0, 201);
    }
    assert_eq!(asked(&["new", "one too many"]), (400, "message-lists-full".into()));
    assert_eq!(asked(&["new", "step 7"]).0, 201);
    for references in [json!(["no url"]), json!([EXPLAINED, EXPLAINED]), json!([7])] {
        let options = json!({
            "statusPurposes": ["message"], "statusMessages": ["new", "step 7"],
            "statusReferences": references,
        });
        let answer = api.try_issue(Suite::EddsaJcs, &credential(json!({})), options);
        assert_eq!((answer.status, answer.code().as_str()), (400, "option-malformed"));
    }
    // What explains messages has no effect without any.
    let options = json!({ "statusPurposes": ["revocation"], "statusReferences": [EXPLAINED] });
    assert_eq!(api.try_issue(Suite::EddsaJcs, &credential(json!({})), options).status, 400);
}

#[test]
fn what_every_credential_gets_is_for_suites_that_can_have_it() {
    let api = Api::with(|options| options.status = vec![StatusPurpose::Revocation]);
    for suite in ISSUING.into_iter().chain([Suite::EcdsaSd]) {
        let issued = api.issue(suite, &credential(json!({})), json!({}));
        if suite.cryptosuite().is_some() {
            assert_eq!(issued["credentialStatus"]["statusPurpose"], "revocation", "{suite:?}");
        }
    }
    // Neither has a key that signs lists, or a ledger that announces them.
    for suite in [Suite::Bbs, Suite::DcSdJwt] {
        let issued = api.issue(suite, &credential(json!({})), json!({}));
        assert!(issued.get("credentialStatus").is_none(), "{issued}");
        let options = json!({ "statusPurposes": ["revocation"] });
        let answer = api.try_issue(suite, &credential(json!({})), options);
        assert_eq!((answer.status, answer.code().as_str()), (400, "status-not-kept"), "{suite:?}");
    }
    // Who asks for a token is told, and does not go without.
    let token = json!({ "statusLists": "token" });
    let answer = api.try_issue(Suite::VcJwt, &credential(json!({})), token);
    assert_eq!((answer.status, answer.code().as_str()), (400, "status-not-kept"));
}

#[test]
fn a_list_is_served_as_long_as_any_key_of_its_issuer_is_here() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (api::issuers(), api::issuers());
    let revocable = json!({ "statusPurposes": ["revocation"] });
    let api = kept(&folder, &first);
    let issued = api.issue(Suite::EddsaRdfc, &credential(json!({})), revocable);
    let entry = issued["credentialStatus"].clone();
    drop(api);
    // Named second: the first signs what is new, and the list is still its own.
    let both: Vec<Issuer> = second.iter().chain(&first).cloned().collect();
    let api = kept(&folder, &both);
    assert_eq!(served(&api, &entry)["issuer"], issued["issuer"]);
    api.verify(&issued);
    drop(api);
    // Not here at all: nothing is changed that nobody would see.
    let api = kept(&folder, &second);
    assert_eq!(api.get(path_of(&entry)).status, 404);
    assert_eq!(change(&api, &entry, "status", json!(true)), (503, "status-unsigned".into()));
    drop(api);
    // With a key of another type.
    let key = SecretKey::generate(KeyType::P256, &mut OsRng);
    let did = issued["issuer"].as_str().expect("a DID").to_owned();
    let later = Issuer { method: format!("{did}#later"), did, key: std::sync::Arc::new(key) };
    let api = kept(&folder, &[later]);
    let list = served(&api, &entry);
    assert_eq!(list["proof"]["cryptosuite"], "ecdsa-rdfc-2019");
    assert_eq!(value_of(&api, &entry), 0);
    drop(api);
    let api = kept(&folder, &both);
    assert_eq!(change(&api, &entry, "status", json!(true)).0, 200);
    api.refuses_as(&issued, "credential-revoked");
}
