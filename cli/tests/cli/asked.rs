//! What to ask a wallet for after a refusal: the request fits its schema, is signed if there is a key, and what answers it is accepted once.

use inkan_core::json::parse;
use inkan_core::limits;
use inkan_credential::schema::{Evaluation, evaluate};
use inkan_crypto::PublicKey;
use inkan_crypto::jws::Jws;
use serde_json::{Value, json};

use crate::common::Home;

const ANSWERS: &str = "https://bank.example/answers";

/// A request that was written, which fits its schema; the schema is closed.
fn written(home: &Home, name: &str) -> Value {
    let schema = include_str!("../../../schemas/presentation-request.schema.json");
    let schema = parse(schema.as_bytes(), limits::DOCUMENT).unwrap();
    let request = parse(&std::fs::read(home.path(name)).unwrap(), limits::DOCUMENT).unwrap();
    assert_eq!(evaluate(&request, &schema), Evaluation::Success, "{request:#}");
    let fails = |change: &dyn Fn(&mut Value)| {
        let mut other = request.clone();
        change(&mut other);
        assert_ne!(evaluate(&other, &schema), Evaluation::Success, "{other:#}");
    };
    fails(&|value| value["unexpected"] = json!(1));
    fails(&|value| value["parameters"]["redirect_uri"] = json!("https://bank.example"));
    fails(&|value| value["parameters"]["response_mode"] = json!("fragment"));
    fails(&|value| value["parameters"]["dcql_query"]["credentials"] = json!([]));
    fails(&|value| value["nonce"] = json!("short"));
    for member in schema["required"].as_array().unwrap() {
        fails(&|value| drop(value.as_object_mut().unwrap().remove(member.as_str().unwrap())));
    }
    request
}

#[test]
fn a_refusal_becomes_a_request_whose_answer_is_accepted_once() {
    let (home, issuer, holder) = Home::with_parties();
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    let more = ["--claim", "role=engineer", "--out", "badge.json"];
    home.run(&[&issue[..], &more].concat()).must(0);
    for profile in ["bank", "acme"] {
        let policy = ["-p", profile, "policy", "new", "desk", "--type", "Badge", "--min-aal", "1"];
        home.run(&policy).must(0);
        home.run(&["-p", profile, "trust", "add", &issuer, "--issues", "Badge"]).must(0);
    }
    let verify = |profile: &str, file: &str, more: &[&str]| {
        home.run(&[&["-p", profile, "verify", file, "--policy", "desk"], more].concat())
    };
    let out = ["--request-out", "ask.json"];
    verify("bank", "badge.json", &out).must(2);
    for wrong in ["http://bank.example/answers", "bank.example", "https://bank.example/#a"] {
        verify("bank", "badge.json", &[&out[..], &["--response-uri", wrong]].concat()).must(2);
    }
    verify("bank", "badge.json", &[&out[..], &["--origin", "https://bank.example/x"]].concat())
        .must(2);
    let both = ["--response-uri", ANSWERS, "--origin", "https://bank.example"];
    verify("bank", "badge.json", &[&out[..], &both].concat()).must(2);
    verify("bank", "badge.json", &["--as", "bank"]).must(2);

    // Nobody signs here: the request is known by where its answer goes.
    let to = [&out[..], &["--response-uri", ANSWERS]].concat();
    verify("bank", "badge.json", &to).must(15);
    let request = written(&home, "ask.json");
    let client = format!("redirect_uri:{ANSWERS}");
    assert_eq!(request["parameters"]["client_id"], client);
    assert_eq!((&request["audience"], &request["policy"]), (&json!(client), &json!("desk")));
    assert_eq!((&request["requestObject"], &request["digital"]), (&Value::Null, &Value::Null));
    assert_eq!(request["nonce"], request["parameters"]["nonce"]);
    // The file is replaced when that is said.
    verify("bank", "badge.json", &to).must(7);
    let answer = |request: &Value, out: &str| {
        let text = |name: &str| request[name].as_str().unwrap().to_owned();
        let (audience, nonce) = (text("audience"), text("nonce"));
        let first = ["-p", "holder", "present", "--cred", "badge.json", "--as", "me"];
        let rest = ["--aud", &audience, "--nonce", &nonce, "--out", out];
        home.run(&[&first[..], &rest].concat()).must(0);
    };
    answer(&request, "vp.json");
    // Under the policy that it was asked for, and no weaker one.
    assert_ne!(home.run(&["-p", "bank", "verify", "vp.json"]).status, 0);
    let ran = verify("bank", "vp.json", &[&to[..], &["--force"]].concat()).must(0);
    assert!(ran.stderr.contains("nothing to ask for"), "{}", ran.stderr);
    verify("bank", "vp.json", &[]).must(16);

    // Who has a DID signs it, for a page of theirs.
    let page = ["--request-out", "page.json", "--origin", "https://acme.example"];
    verify("acme", "badge.json", &page).must(15);
    let request = written(&home, "page.json");
    assert_eq!(request["digital"]["protocol"], "openid4vp-v1-signed");
    let object = request["requestObject"].as_str().unwrap();
    assert_eq!(request["digital"]["data"]["request"], object);
    let jws = Jws::parse(object, limits::DOCUMENT).unwrap();
    assert_eq!(jws.typ(), Some("oauth-authz-req+jwt"));
    let claims = parse(jws.payload(), limits::DOCUMENT).unwrap();
    assert_eq!(claims, request["parameters"]);
    assert_eq!(claims["client_id"], format!("decentralized_identifier:{issuer}"));
    assert_eq!(claims["expected_origins"], json!(["https://acme.example"]));
    let kid = jws.kid().unwrap();
    assert_eq!(kid.split('#').next(), Some(issuer.as_str()));
    let known = home.run(&["-p", "bank", "did", "resolve", &issuer, "--json"]).must(0).stdout;
    let key = known.split('"').filter(|text| text.starts_with('z'));
    let key = key.filter_map(|text| PublicKey::from_multikey(text).ok());
    assert!(key.into_iter().any(|key| jws.verify(&key).is_ok()), "{known}");
    answer(&request, "vp2.json");
    verify("acme", "vp2.json", &[]).must(0);
}
