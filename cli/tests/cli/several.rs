//! Several keys of a DID and several DIDs of a server, and what the API does with status lists that a ledger announces.

use inkan_core::encoding::decode_b64u;
use inkan_credential::status_list::BitstringStatusList;
use serde_json::{Value, json};

use super::common::Home;
use super::serve::Server;

const CONTEXT: &str = "https://www.w3.org/ns/credentials/v2";

/// Issues by this suite, and gives what came of it.
fn asked(api: &Server, suite: &str, id: &str, options: Value) -> (u16, Value) {
    let credential = json!({
        "@context": [CONTEXT], "id": id, "type": ["VerifiableCredential"],
        "credentialSubject": { "id": "urn:example:ada" },
    });
    let body = json!({ "credential": credential, "options": options });
    api.post(&format!("/{suite}/credentials/issue"), &body)
}

fn issue(api: &Server, suite: &str, id: &str, options: Value) -> Value {
    let (status, answer) = asked(api, suite, id, options);
    assert_eq!(status, 201, "{suite}: {answer:#}");
    answer["verifiableCredential"].clone()
}

/// The status of judging, and the code of the first problem.
fn judged(api: &Server, value: &Value) -> (u16, String) {
    let (status, answer) =
        api.post("/credentials/verify", &json!({ "verifiableCredential": value }));
    (status, answer["problemDetails"][0]["code"].as_str().unwrap_or_default().to_owned())
}

fn good() -> (u16, String) {
    (200, String::new())
}

fn change(api: &Server, id: &str, purpose: &str, more: Value) -> (u16, Value) {
    let mut body = json!({ "credentialId": id, "credentialStatus": { "statusPurpose": purpose } });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    api.post("/credentials/status", &body)
}

/// What became of a credential, by the issuer's own records.
fn events(home: &Home, id: &str) -> Vec<(String, String, String)> {
    let listed = home.run(&["-p", "acme", "cred", "list", "--issued", "--json"]).must(0).json();
    let all = listed["credentials"].as_array().unwrap();
    let one = all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{listed:#}"));
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let of = |event: &Value| (text(event, "change"), text(event, "reason"), text(event, "at"));
    one["events"].as_array().unwrap().iter().map(of).collect()
}

/// Under its URL an issuer is known where its host was asked for its keys.
fn by_https(home: &Home, url: &str) {
    home.write("claims.json", r#"{"name":"Ada"}"#);
    let line = ["-p", "acme", "issue", "Badge", "--from", "acme", "--bearer", "--https-issuer"];
    let rest = ["--claims", "claims.json", "--out", "named.json", "--suite"];
    home.run(&[&line[..], &rest, &["vc+jwt"]].concat()).must(2);
    let ran = home.run(&[&line[..], &rest, &["dc+sd-jwt"]].concat()).must(0);
    assert!(ran.stderr.contains(url), "{}", ran.stderr);
    let verify = |status| home.run(&["-p", "bank", "verify", "named.json", "--json"]).must(status);
    assert!(verify(19).stdout.contains("INK-3097"));
    let (host, path) = url.strip_prefix("https://").unwrap().split_once('/').unwrap();
    let place = format!("https://{host}/.well-known/jwt-vc-issuer/{path}");
    home.run(&["-p", "bank", "trust", "pin", &place, "issuer.json"]).must(0);
    verify(0);
}

#[test]
fn a_did_has_several_keys_and_a_server_several_dids() {
    let (home, did, _) = Home::with_parties();
    let acme = |line: &[&str]| home.run(&[&["-p", "acme"], line].concat()).must(0);
    for (name, alg) in [("ed-2", "ed25519"), ("ec-2", "p256"), ("big", "p384")] {
        acme(&["key", "generate", name, "--alg", alg]);
    }
    let twice = ["-p", "acme", "did", "rotate", "acme", "--key", "ed-2", "--key", "ed-2"];
    home.run(&twice).must(2);
    acme(&["did", "rotate", "acme", "--key", "ed-2", "--key", "ec-2"]);
    acme(&["did", "create", "--name", "large", "--method", "key", "--key", "big"]);

    // Who knows no DIDs is given the keys: those in force, and no other.
    let set = acme(&["did", "export", "acme", "--as", "jwks"]);
    let set: Value = serde_json::from_str(&set.stdout).unwrap();
    let kids: Vec<&str> =
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(kids, [format!("{did}#ed-2"), format!("{did}#ec-2")]);
    let ran = acme(&["did", "export", "acme", "--as", "jwt-vc-issuer", "--out", "issuer.json"]);
    assert!(ran.stderr.contains("/.well-known/jwt-vc-issuer/"), "{}", ran.stderr);
    let metadata: Value =
        serde_json::from_slice(&std::fs::read(home.path("issuer.json")).unwrap()).unwrap();
    assert_eq!(metadata["jwks"], set);
    assert!(metadata["issuer"].as_str().unwrap().starts_with("https://"), "{metadata:#}");
    by_https(&home, metadata["issuer"].as_str().unwrap());
    let large = ["-p", "acme", "did", "export", "large", "--as", "jwt-vc-issuer"];
    home.run(&large).must(8);
    acme(&["did", "export", "large", "--as", "jwks"]);
    assert!(acme(&["did", "export", "acme", "--as", "did.jsonl"]).stdout.lines().count() >= 2);

    let tokens = ["--tokens", "tokens", "--role", "issuer", "--role", "verifier"];
    let both = ["--as", "acme", "--as", "large"];
    let api = Server::start(&home, "acme", &[&tokens[..], &both].concat());
    for (suite, method) in [
        ("eddsa-rdfc-2022", format!("{did}#ed-2")),
        ("ecdsa-jcs-2019", format!("{did}#ec-2")),
        ("ecdsa-rdfc-2019-p384", "did:key:z82".to_owned()),
    ] {
        let issued = issue(&api, suite, &format!("urn:example:{suite}"), json!({}));
        let by = issued["proof"]["verificationMethod"].as_str().unwrap();
        assert!(by.starts_with(&method), "{suite}: {by}");
        assert_eq!(judged(&api, &issued), good(), "{suite}");
    }
    // Each key signs its own envelopes as well, and what has no place in a token list says so.
    let token = json!({ "statusPurposes": ["revocation"], "statusLists": "token" });
    for suite in ["vc-jwt", "vc-jwt-p256", "vc-cose", "vc-sd-jwt", "dc-sd-jwt"] {
        let id = format!("urn:example:{suite}");
        let issued = issue(&api, suite, &id, token.clone());
        assert_eq!(judged(&api, &issued), good(), "{suite}");
        let (status, answer) = change(&api, &id, "revocation", json!({ "reason": "left" }));
        assert_eq!(status, 200, "{answer:#}");
        let revoked = (400, "credential-revoked".to_owned());
        assert_eq!(judged(&api, &issued), revoked, "{suite}");
    }
    let (status, answer) = asked(&api, "eddsa-rdfc-2022", "urn:example:no", token);
    assert_eq!((status, &answer["code"]), (400, &json!("status-not-kept")));
    drop(api);
    // The same DID twice is a slip.
    let again = ["-p", "acme", "serve", "--http", "--open-issuing", "--as", "acme", "--as", "acme"];
    home.run(&again).must(2);
}

#[test]
fn what_the_api_changes_says_why_and_since_when() {
    let (home, _, holder) = Home::with_parties();
    let tokens = ["--tokens", "tokens", "--role", "issuer", "--role", "verifier"];
    let api = Server::start(&home, "acme", &tokens);

    // One place of a token list is suspended, reinstated, and revoked for good.
    let id = "urn:example:token";
    let token = json!({ "statusPurposes": ["revocation"], "statusLists": "token-cwt" });
    let issued = issue(&api, "vc-jwt", id, token);
    let because = json!({ "reason": "card lost", "effective": "2024-01-01T00:00:00Z" });
    assert_eq!(change(&api, id, "suspension", because).0, 200);
    assert_eq!(judged(&api, &issued), (400, "credential-suspended".to_owned()));
    assert_eq!(change(&api, id, "suspension", json!({ "status": false })).0, 200);
    assert_eq!(judged(&api, &issued), good());
    assert_eq!(change(&api, id, "revocation", json!({})).0, 200);
    let (status, answer) = change(&api, id, "suspension", json!({ "status": false }));
    assert_eq!((status, &answer["code"]), (400, &json!("status-revocation-final")));
    let told = events(&home, id);
    let said: Vec<_> = told.iter().map(|(what, why, _)| (what.as_str(), why.as_str())).collect();
    let api_alone = "by the API";
    assert_eq!(said, [("suspend", "card lost"), ("reinstate", api_alone), ("revoke", api_alone)]);
    assert_eq!(told[0].2, "2024-01-01T00:00:00Z");
    // What is a message elsewhere revokes in a token list: it is no way to do that in passing.
    let id = "urn:example:other-token";
    let token = json!({ "statusPurposes": ["revocation"], "statusLists": "token-cwt" });
    let issued = issue(&api, "vc-jwt", id, token);
    assert_eq!(change(&api, id, "message", json!({ "value": 1 })).0, 404);
    home.run(&["-p", "acme", "cred", "message", id, "1"]).must(8);
    assert_eq!(judged(&api, &issued), good());

    // A list of messages, which the command line changes as well, by id and by name.
    let id = "urn:example:parcel";
    let options = json!({
        "statusPurposes": ["revocation", "message"], "statusMessages": ["sent", "arrived", "lost", "found"],
    });
    let issued = issue(&api, "eddsa-rdfc-2022", id, options);
    let entry = issued["credentialStatus"][1].clone();
    assert_eq!((&entry["statusPurpose"], &entry["statusSize"]), (&json!("message"), &json!(2)));
    let (status, answer) =
        change(&api, id, "message", json!({ "value": 1, "reason": "signed for" }));
    assert_eq!((status, &answer["credentialStatus"][0]["value"]), (200, &json!(1)), "{answer:#}");
    for (more, code) in [
        (json!({ "value": 9 }), "status-value-out-of-range"),
        (json!({ "status": true }), "option-malformed"),
        (json!({}), "option-malformed"),
        (json!({ "value": "0x" }), "option-malformed"),
    ] {
        let (status, answer) = change(&api, id, "message", more.clone());
        assert_eq!((status, &answer["code"]), (400, &json!(code)), "{more}");
    }
    home.write("parcel.json", issued.to_string());
    let says = |word: &str| {
        let ran = home.run(&["-p", "bank", "cred", "status", "parcel.json"]).must(0);
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    };
    says("arrived");
    assert_eq!(change(&api, id, "message", json!({ "value": "0x2" })).0, 200);
    says("lost");
    begin_no_more_lists(&home, &api, &holder);
    drop(api);
    let by_id = ["-p", "acme", "cred", "message", id, "found", "--reason", "in the attic"];
    home.run(&by_id).must(0);
    says("found");
    let listed = home.run(&["-p", "acme", "cred", "list", "--issued", "--json"]).must(0).json();
    let all = listed["credentials"].as_array().unwrap();
    let parcel = all.iter().find(|one| one["id"] == id).unwrap();
    let name = parcel["name"].as_str().unwrap();
    home.run(&["-p", "acme", "cred", "message", name, "1"]).must(0);
    says("arrived");
    home.run(&["-p", "acme", "cred", "message", "urn:example:nobody", "1"]).must(3);
    let said: Vec<_> = events(&home, id).into_iter().map(|(what, why, _)| (what, why)).collect();
    let line = |what: &str, why: &str| (what.to_owned(), why.to_owned());
    assert_eq!(
        said,
        [
            line("message arrived", "signed for"),
            line("message lost", "by the API"),
            line("message found", "in the attic"),
            line("message arrived", ""),
        ]
    );
}

/// Callers begin sixteen lists of messages, of which one is there, and the issuer as many more as there shall be.
fn begin_no_more_lists(home: &Home, api: &Server, holder: &str) {
    let shelf = home.path(".local/share/inkan/acme/status");
    let files = std::fs::read_dir(&shelf).unwrap().map(|file| file.unwrap().path());
    let read = |path: std::path::PathBuf| -> Value {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let is_message = |record: &Value| record["state"]["purpose"] == "message";
    let parcel = files.map(read).find(is_message).unwrap();
    for number in 1..=15 {
        let mut other = parcel.clone();
        other["state"]["uri"] = format!("https://ledger.example/other/{number}").into();
        other["state"]["messages"] = json!(["sent", "arrived", "lost", format!("by {number}")]);
        std::fs::write(shelf.join(format!("other.{number}.json")), other.to_string()).unwrap();
    }
    let with = |id: &str, messages: [&str; 4]| {
        let options = json!({ "statusPurposes": ["message"], "statusMessages": messages });
        let (status, answer) = asked(api, "eddsa-rdfc-2022", id, options);
        (status, answer["code"].as_str().unwrap_or_default().to_owned())
    };
    let full = (400, "message-lists-full".to_owned());
    assert_eq!(with("urn:example:a", ["a", "b", "c", "d"]), full);
    assert_eq!(with("urn:example:b", ["sent", "arrived", "lost", "found"]).0, 201);
    home.write("claims.json", r#"{"name": "parcel"}"#);
    let line = ["-p", "acme", "issue", "Parcel", "--from", "acme", "--to", holder];
    let more = ["--claims", "claims.json", "--messages", "a,b,c,d", "--out", "other.json"];
    home.run(&[&line[..], &more[..]].concat()).must(0);
    assert_eq!(with("urn:example:c", ["a", "b", "c", "d"]).0, 201);
}

/// The first version that anybody can read hides how many are revoked; none of its decoys is a credential's.
#[test]
fn the_first_list_has_decoys_and_claims_in_the_wrong_place_are_said() {
    let (home, _, holder) = Home::with_parties();
    home.write("claims.json", r#"{"role":"engineer","renderMethod":{"type":"Svg"}}"#);
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    let rest = ["--claims", "claims.json", "--suspendable", "--out", "badge.json"];
    let ran = home.run(&[&issue[..], &rest[..]].concat()).must(0);
    assert!(ran.stderr.contains("claim-misplaced"), "{}", ran.stderr);
    let ran = home.run(&["explain", "INK-2614"]).must(0);
    assert!(ran.stdout.contains("--with"), "{}", ran.stdout);

    let bundle: Value =
        serde_json::from_slice(&std::fs::read(home.path("badge.json")).unwrap()).unwrap();
    let mut seen = 0;
    for entry in bundle["credential"]["credentialStatus"].as_array().unwrap() {
        let lists = bundle["statusLists"].as_array().unwrap();
        let uri = entry["statusListCredential"].as_str().unwrap();
        let served = lists.iter().find(|list| list["uri"] == uri);
        let body = served.unwrap_or_else(|| panic!("{uri}"))["body"].as_str().unwrap().to_owned();
        let text = decode_b64u(&body).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let list: Value = serde_json::from_str(&text.unwrap_or(body)).unwrap();
        let encoded = list["credentialSubject"]["encodedList"].as_str().unwrap();
        let bits = BitstringStatusList::decode(encoded).unwrap();
        assert!((64..=191).contains(&bits.count_set()), "{}", bits.count_set());
        let index = entry["statusListIndex"].as_str().unwrap().parse().unwrap();
        assert_eq!(bits.get(index), Ok(false));
        seen += 1;
    }
    assert_eq!(seen, 2);
}
