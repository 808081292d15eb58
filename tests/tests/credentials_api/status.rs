//! What the test suite of Bitstring Status List checks of issuers, and how a status changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use inkan_core::Timestamp;
use inkan_credential::Credential;
use inkan_credential::model::StatusPurpose;
use inkan_credential::status_list::StatusListCredential;
use inkan_io::clock::{Clock, OsClock};
use inkan_server::credentials::{self, Suite};
use inkan_tests::made_node::HttpClient;
use serde_json::{Value, json};

use super::api::{self, Api, ISSUING, credential, strict, without};

fn issued(api: &Api, suite: Suite, id: &str, purposes: &[&str]) -> Value {
    let options = json!({ "statusPurposes": purposes });
    api.issue(suite, &credential(json!({ "id": id })), options)
}

fn path_of(entry: &Value) -> String {
    let url = entry["statusListCredential"].as_str().expect("a URL");
    format!("/status/{}", url.rsplit('/').next().expect("a number"))
}

#[test]
fn an_entry_has_type_purpose_index_and_list() {
    let issued = issued(strict(), Suite::EddsaRdfc, "urn:example:entry", &["revocation"]);
    let entry = &issued["credentialStatus"];
    assert_eq!(entry["type"], "BitstringStatusListEntry");
    assert_eq!(entry["statusPurpose"], "revocation");
    let index = entry["statusListIndex"].as_str().expect("text");
    assert_eq!(index.parse::<u64>().expect("a number").to_string(), index);
    assert_ne!(entry["id"], entry["statusListCredential"]);
    strict().verify(&issued);
}

#[test]
fn the_list_is_a_conforming_credential() {
    for suite in ISSUING {
        let issued = issued(strict(), suite, "urn:example:list", &["revocation"]);
        let entry = match suite {
            _ if suite.cryptosuite().is_none() => continue,
            _ => issued["credentialStatus"].clone(),
        };
        let list = strict().get(&path_of(&entry));
        assert_eq!((list.status, list.header("content-type")), (200, "application/vc"));
        let list: Value = serde_json::from_slice(&list.body).expect("JSON");
        assert_eq!(list["id"], entry["statusListCredential"]);
        assert_eq!(list["issuer"], issued["issuer"], "{suite:?}");
        assert_eq!(list["type"], json!(["VerifiableCredential", "BitstringStatusListCredential"]));
        assert_eq!(list["credentialSubject"]["type"], "BitstringStatusList");
        strict().verify(&list);
        let plain = Credential::from_value(without(list, "/proof")).expect("a credential");
        let parsed = StatusListCredential::from_credential(&plain).expect("a list");
        assert_eq!(parsed.purposes(), [StatusPurpose::Revocation]);
        assert!(parsed.list().len() >= 131_072);
    }
}

#[test]
fn a_malformed_entry_is_refused() {
    let entry = json!({
        "type": "BitstringStatusListEntry", "statusListIndex": true,
        "statusListCredential": "https://example.com",
    });
    for member in ["statusEntry", "credentialStatus"] {
        strict().rejects(&credential(json!({ member: entry })));
    }
}

fn update(api: &Api, body: Value) -> (u16, Value) {
    let answer = api.post("/credentials/status", &body);
    (answer.status, answer.json())
}

fn change(id: &str, purpose: &str, value: bool) -> Value {
    json!({
        "credentialId": id,
        "credentialStatus": { "type": "BitstringStatusListEntry", "statusPurpose": purpose },
        "status": value,
    })
}

#[test]
fn what_is_revoked_stays_revoked() {
    for suite in ISSUING {
        let id = format!("urn:example:revoked:{}", suite.prefix());
        let issued = issued(strict(), suite, &id, &["revocation", "suspension"]);
        strict().verify(&issued);
        let (status, answer) = update(strict(), change(&id, "revocation", true));
        assert_eq!(status, 200, "{answer}");
        let refusal = strict().try_verify(&issued).json()["problemDetails"].clone();
        assert_eq!(refusal.as_array().map(Vec::len), Some(1), "{refusal}");
        assert_eq!(refusal[0]["code"], "credential-revoked");
        assert_eq!(refusal[0]["type"], "/problems/credential-revoked");
        let (status, answer) = update(strict(), change(&id, "revocation", false));
        assert_eq!((status, answer["code"].as_str()), (400, Some("status-final")));
        strict().refuses_as(&issued, "credential-revoked");
    }
}

#[test]
fn what_is_suspended_can_be_reinstated() {
    let id = "urn:example:suspended";
    let issued = issued(strict(), Suite::EcdsaRdfc, id, &["suspension"]);
    assert_eq!(update(strict(), change(id, "suspension", true)).0, 200);
    strict().refuses_as(&issued, "credential-suspended");
    assert_eq!(update(strict(), change(id, "suspension", false)).0, 200);
    strict().verify(&issued);
}

#[test]
fn a_status_is_named_by_its_place_as_well() {
    let issued = strict().issue(
        Suite::EddsaRdfc,
        &credential(json!({})),
        json!({ "statusPurposes": ["revocation"] }),
    );
    let entry = issued["credentialStatus"].clone();
    let (status, answer) = update(strict(), json!({ "credentialStatus": entry }));
    assert_eq!(status, 200, "{answer}");
    strict().refuses_as(&issued, "credential-revoked");
}

#[test]
fn a_list_can_be_published_at_once() {
    let issued = issued(strict(), Suite::EddsaRdfc, "urn:example:publish", &["revocation"]);
    let path = format!("{}/publish", path_of(&issued["credentialStatus"]));
    assert_eq!(strict().post(&path, &json!({})).status, 204);
    assert_eq!(strict().post("/status/9999/publish", &json!({})).status, 404);
    assert_eq!(strict().get("/status/9999").status, 404);
}

#[test]
fn a_status_that_is_not_kept_here_is_not_changed() {
    let (status, answer) = update(strict(), change("urn:example:unknown", "revocation", true));
    assert_eq!((status, answer["code"].as_str()), (404, Some("status-entry-unknown")));
    let free = json!({ "credentialStatus": {
        "statusListCredential": format!("{}/status/0", strict().running.url()),
        "statusListIndex": "99999999",
    }});
    assert_eq!(update(strict(), free).0, 404);
    for body in [
        json!({}),
        json!({ "credentialId": "urn:example:unknown" }),
        json!({ "credentialStatus": { "statusPurpose": "message" }, "credentialId": "x:y" }),
        json!({ "credentialStatus": {}, "credentialId": 7 }),
        json!({ "credentialStatus": { "status": "2" }, "credentialId": "x:y" }),
        json!({ "credentialStatus": [], "credentialId": "x:y" }),
        json!({ "credentialStatus": 7, "credentialId": "x:y" }),
    ] {
        assert_eq!(update(strict(), body.clone()).0, 400, "{body}");
    }
}

#[test]
fn status_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = api::issuers();
    let url = "https://issuer.example";
    let start = || {
        Api::with(|options| {
            options.issuers = keys.clone();
            options.public_url = Some(url.to_owned());
            options.data = Some(folder.path().to_path_buf());
        })
    };
    let api = start();
    let id = "urn:example:kept";
    let issued = issued(&api, Suite::EddsaRdfc, id, &["revocation", "suspension"]);
    let list = issued["credentialStatus"][0]["statusListCredential"].as_str().expect("a URL");
    assert!(list.starts_with(url), "{list}");
    assert_eq!(update(&api, change(id, "suspension", true)).0, 200);
    drop(api);
    let api = start();
    api.refuses_as(&issued, "credential-suspended");
    assert_eq!(update(&api, change(id, "suspension", false)).0, 200);
    api.verify(&issued);
    drop(api);
    // The end of a line that never became whole was never answered.
    let path = folder.path().join("status.jsonl");
    let mut text = std::fs::read_to_string(&path).expect("a journal");
    text.push_str("{\"write\":0,\"ind");
    std::fs::write(&path, &text).expect("written");
    let api = start();
    api.verify(&issued);
    drop(api);
    std::fs::write(&path, format!("x\n{text}")).expect("written");
    let mut options = api::options();
    options.data = Some(folder.path().to_path_buf());
    let clock = Arc::new(OsClock);
    let error = credentials::spawn(options, clock).expect_err("damaged");
    assert_eq!(error.code(), "status-journal-malformed");
}

#[test]
fn every_credential_gets_the_entries_that_the_server_is_set_to() {
    let api = Api::with(|options| options.status = vec![StatusPurpose::Revocation]);
    let issued = api.issue(Suite::EddsaRdfc, &credential(json!({})), json!({}));
    assert_eq!(issued["credentialStatus"]["statusPurpose"], "revocation");
    api.verify(&issued);
    let none = json!({ "statusPurposes": [] });
    assert!(
        api.issue(Suite::EddsaRdfc, &credential(json!({})), none).get("credentialStatus").is_none()
    );
}

#[test]
fn a_place_that_cannot_be_read_is_never_passed_over_for_another() {
    let id = "urn:example:not-this-one";
    let issued = issued(strict(), Suite::EddsaRdfc, id, &["revocation"]);
    let entry = issued["credentialStatus"].clone();
    for (member, value) in [
        ("statusListIndex", json!(-5)),
        ("statusListIndex", json!(1.5)),
        ("statusListIndex", json!(null)),
        ("statusListIndex", json!("five")),
        ("statusListCredential", json!(7)),
    ] {
        let mut entry = entry.clone();
        entry[member] = value;
        let body = json!({ "credentialId": id, "credentialStatus": entry });
        assert_eq!(update(strict(), body.clone()).0, 400, "{body}");
    }
    for member in ["statusListIndex", "statusListCredential"] {
        let entry = without(entry.clone(), &format!("/{member}"));
        let body = json!({ "credentialId": id, "credentialStatus": entry });
        assert_eq!(update(strict(), body.clone()).0, 400, "{body}");
    }
    strict().verify(&issued);
}

#[test]
fn nobody_else_allots_places_in_the_lists_of_this_server() {
    let issued = issued(strict(), Suite::EddsaRdfc, "urn:example:first", &["revocation"]);
    let entry = issued["credentialStatus"].clone();
    strict().rejects(&credential(json!({ "credentialStatus": entry })));
    let mut later = entry;
    later["statusListCredential"] = format!("{}/status/77", strict().running.url()).into();
    strict().rejects(&credential(json!({ "credentialStatus": [later] })));
}

#[test]
fn a_list_has_the_media_type_that_is_asked_for() {
    let issued = issued(strict(), Suite::EddsaRdfc, "urn:example:typed", &["revocation"]);
    let uri = issued["credentialStatus"]["statusListCredential"].as_str().expect("a URL");
    let path = uri.strip_prefix(strict().running.url()).expect("ours");
    let typed = |accept: &str| {
        let answer = strict().client.with("accept", accept).get(path);
        (answer.status, answer.header("content-type").to_owned())
    };
    for (accept, media_type) in [
        ("*/*", "application/vc"),
        ("application/vc, application/json", "application/vc"),
        ("application/ld+json, application/json", "application/ld+json"),
        ("application/json", "application/json"),
    ] {
        assert_eq!(typed(accept), (200, media_type.to_owned()), "{accept}");
    }
    assert_eq!(typed("text/html").0, 406);
}

/// The system's clock, some seconds ahead.
#[derive(Debug, Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        OsClock.now().plus_seconds(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn a_list_that_nothing_changed_in_is_good_for_this_server_however_old_it_is() {
    let clock = Arc::new(Ahead::default());
    let running = credentials::spawn(api::options(), clock.clone()).expect("it starts");
    let host = running.address().to_string();
    let client = HttpClient::new(running.address()).with("host", &host);
    let api = Api { running, client };
    let issued = issued(&api, Suite::EddsaRdfc, "urn:example:aged", &["revocation"]);
    api.verify(&issued);
    // Beyond the time for which others may keep a copy, and after which it is signed again.
    for seconds in [301, 13 * 3_600] {
        clock.0.store(seconds, Ordering::SeqCst);
        api.verify(&issued);
    }
}

#[test]
fn a_place_is_changed_for_what_its_list_is_for() {
    let purposes = ["revocation", "suspension"];
    let issued = issued(strict(), Suite::EddsaRdfc, "urn:example:purposes", &purposes);
    let [revocation, suspension] = [0_usize, 1].map(|at| issued["credentialStatus"][at].clone());
    assert_eq!(suspension["statusPurpose"], "suspension");
    for (entry, asked) in [(&revocation, json!("suspension")), (&suspension, json!("revocation"))] {
        let mut entry = entry.clone();
        entry["statusPurpose"] = asked;
        let (status, answer) = update(strict(), json!({ "credentialStatus": entry }));
        assert_eq!((status, answer["code"].as_str()), (404, Some("status-entry-unknown")));
    }
    strict().verify(&issued);
    // What is not asked is the list's to say, and is said.
    let entry = without(suspension, "/statusPurpose");
    let (status, answer) = update(strict(), json!({ "credentialStatus": entry }));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["credentialStatus"][0]["statusPurpose"], "suspension");
    strict().refuses_as(&issued, "credential-suspended");
}

#[test]
fn of_several_changes_all_are_made_or_none() {
    let issued = issued(strict(), Suite::EddsaRdfc, "urn:example:several", &["revocation"]);
    let entry = issued["credentialStatus"].clone();
    let mut unknown = entry.clone();
    unknown["statusListIndex"] = "99999999".into();
    let body = json!({ "credentialStatus": [entry, unknown] });
    assert_eq!(update(strict(), body).0, 404);
    strict().verify(&issued);
}

#[test]
fn a_list_has_decoys_before_anybody_reads_it_and_nobody_changes_one() {
    let api = Api::with(|_| {});
    for (suite, purpose) in [(Suite::EddsaRdfc, "revocation"), (Suite::EcdsaJcs, "suspension")] {
        let issued = issued(&api, suite, "urn:example:decoys", &[purpose]);
        let entry = issued["credentialStatus"].clone();
        let list = || {
            let list: Value =
                serde_json::from_slice(&api.get(&path_of(&entry)).body).expect("JSON");
            let plain = Credential::from_value(without(list, "/proof")).expect("a credential");
            StatusListCredential::from_credential(&plain).expect("a list").list().clone()
        };
        let first = list();
        let count = first.count_set();
        assert!((64..=191).contains(&count), "{count}");
        let own = entry["statusListIndex"].as_str().expect("text").parse::<u64>().expect("a place");
        assert_eq!(first.get(own), Ok(false));
        let decoy = (0..first.len()).find(|at| first.get(*at) == Ok(true)).expect("a decoy");
        let mut place = entry.clone();
        place["statusListIndex"] = decoy.to_string().into();
        for value in [true, false] {
            let body = json!({ "credentialStatus": place, "status": value });
            assert_eq!(update(&api, body).0, 404, "{value}");
        }
        // What is set later is one more, and the others stand.
        assert_eq!(update(&api, json!({ "credentialStatus": entry })).0, 200);
        let second = list();
        assert_eq!((second.count_set(), second.get(own)), (count + 1, Ok(true)));
        // Whoever comes next gets no decoy's place, and no more are set.
        for _ in 0..8 {
            let next =
                api.issue(suite, &credential(json!({})), json!({ "statusPurposes": [purpose] }));
            assert_eq!(path_of(&next["credentialStatus"]), path_of(&entry));
        }
        assert_eq!(list().count_set(), count + 1);
    }
}

#[test]
fn a_change_says_why_and_since_when_and_nothing_that_would_be_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let api = Api::with(|options| options.data = Some(folder.path().to_path_buf()));
    let id = "urn:example:reasons";
    let issued = issued(&api, Suite::EddsaRdfc, id, &["suspension"]);
    let because = |member: &str, value: Value| {
        let mut body = change(id, "suspension", true);
        body[member] = value;
        update(&api, body)
    };
    for (member, value) in [
        ("reason", json!("")),
        ("reason", json!("x".repeat(301))),
        ("reason", json!("lost\nand found")),
        ("reason", json!("lost\u{202e}and found")),
        ("reason", json!(7)),
        ("effective", json!("2999-01-01T00:00:00Z")),
        ("effective", json!("yesterday")),
        ("value", json!(1)),
        ("note", json!("x")),
        ("options", json!({ "created": "2024-01-01T00:00:00Z" })),
    ] {
        let (status, answer) = because(member, value.clone());
        assert_eq!(status, 400, "{member} {value}: {answer}");
    }
    let mut body = change(id, "suspension", true);
    body["credentialStatus"]["why"] = "x".into();
    let (status, answer) = update(&api, body);
    assert_eq!((status, answer["code"].as_str()), (400, Some("option-without-effect")));
    api.verify(&issued);

    let mut body = change(id, "suspension", true);
    body["credentialStatus"]["reason"] = "card lost".into();
    body["effective"] = "2024-01-01T00:00:00Z".into();
    assert_eq!(update(&api, body).0, 200);
    api.refuses_as(&issued, "credential-suspended");
    let journal = std::fs::read_to_string(folder.path().join("status.jsonl")).expect("a journal");
    assert!(journal.contains("card lost") && journal.contains("2024-01-01T00:00:00Z"), "{journal}");
    let list = api.get(&path_of(&issued["credentialStatus"]));
    assert!(!list.text().contains("card lost"), "a reason stays with the issuer");
    let said =
        json!({ "statusPurposes": ["message"], "statusMessages": ["sent", "arr\u{202e}ived"] });
    let answer = api.try_issue(Suite::EddsaRdfc, &credential(json!({})), said);
    assert_eq!((answer.status, answer.code().as_str()), (400, "option-malformed"));
    for (member, value) in [
        ("statusMessages", json!(["one", "two", "three"])),
        ("statusMessages", json!(["one", "one"])),
        ("statusMessages", json!(["one", "two"])),
        ("statusLists", json!("punched cards")),
    ] {
        let options = json!({ "statusPurposes": ["revocation"], member: value });
        let answer = api.try_issue(Suite::EddsaRdfc, &credential(json!({})), options.clone());
        assert_eq!(answer.status, 400, "{options}");
    }
}
