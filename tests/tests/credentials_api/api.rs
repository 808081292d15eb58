//! A running API, and requests to it.

use std::sync::{Arc, OnceLock};

use inkan_crypto::{KeyType, SecretKey};
use inkan_did::self_contained::{did_key, did_key_url};
use inkan_io::clock::OsClock;
use inkan_io::os_rng::OsRng;
use inkan_server::credentials::{
    self, ApiOptions, Issuer, Profile, Protection, RunningApi, Suite, Transport,
};
use inkan_tests::made_node::{HttpAnswer, HttpClient, loopback, unlimited};
use inkan_tests::{read_json, schemas};
use serde_json::{Value, json};

pub(super) const V2: &str = "https://www.w3.org/ns/credentials/v2";
pub(super) const EXAMPLES: &str = "https://www.w3.org/ns/credentials/examples/v2";

/// Suites that issue.
pub(super) const ISSUING: [Suite; 11] = [
    Suite::EddsaRdfc,
    Suite::EddsaJcs,
    Suite::EcdsaRdfc,
    Suite::EcdsaRdfcP384,
    Suite::EcdsaJcs,
    Suite::EcdsaJcsP384,
    Suite::VcJwt,
    Suite::VcJwtP256,
    Suite::VcJwtP384,
    Suite::VcCose,
    Suite::VcSdJwt,
];

pub(super) struct Api {
    pub(super) running: RunningApi,
    pub(super) client: HttpClient,
}

/// A fresh key of each type.
pub(super) fn issuers() -> Vec<Issuer> {
    let one = |key_type| {
        let key = SecretKey::generate(key_type, &mut OsRng);
        let public = key.public_key();
        Issuer { did: did_key(&public), method: did_key_url(&public), key: Arc::new(key) }
    };
    [KeyType::Ed25519, KeyType::P256, KeyType::P384, KeyType::Bls12381G2].map(one).into()
}

pub(super) fn options() -> ApiOptions {
    let mut options = ApiOptions::new(loopback(), Protection::Open, issuers());
    options.transport = Transport::Plain;
    options.limits = unlimited();
    options
}

/// The server that the test suites would talk to.
pub(super) fn lenient() -> &'static Api {
    static API: OnceLock<Api> = OnceLock::new();
    API.get_or_init(|| Api::with(|options| options.profile = Profile::Conformance))
}

/// The server as it is without being told otherwise.
pub(super) fn strict() -> &'static Api {
    static API: OnceLock<Api> = OnceLock::new();
    API.get_or_init(|| Api::with(|_| {}))
}

impl Api {
    pub(super) fn with(change: impl FnOnce(&mut ApiOptions)) -> Self {
        let mut options = options();
        change(&mut options);
        let running = credentials::spawn(options, Arc::new(OsClock)).expect("it starts");
        let host = running.address().to_string();
        let client = HttpClient::new(running.address()).with("host", &host);
        Self { running, client }
    }

    /// Sends JSON; whatever comes back is in the document, is no fault, and is 200 only if it is good.
    pub(super) fn post(&self, path: &str, body: &Value) -> HttpAnswer {
        let answer = self.client.post(path, "application/json", body.to_string().as_bytes());
        assert_ne!(answer.status, 500, "{path}: {}", answer.text());
        if path.ends_with("/verify") {
            let verified = answer.status == 200;
            assert_eq!(answer.json()["verified"] == json!(true), verified, "{}", answer.text());
        }
        check(&template(path), "post", &answer);
        answer
    }

    pub(super) fn get(&self, path: &str) -> HttpAnswer {
        let answer = self.client.get(path);
        check(&template(path), "get", &answer);
        answer
    }

    /// The DID that signs by a suite.
    pub(super) fn did(&self, suite: Suite) -> String {
        let ids = self.get("/ids").json();
        let ids = ids["ids"].as_array().expect("a list").clone();
        let found = ids.iter().find(|id| id["suite"] == suite.prefix()).expect("a suite");
        found["id"].as_str().expect("a DID").to_owned()
    }

    pub(super) fn try_issue(&self, suite: Suite, credential: &Value, options: Value) -> HttpAnswer {
        let mut credential = credential.clone();
        if credential.get("issuer").is_none() {
            credential["issuer"] = self.did(suite).into();
        }
        let body = json!({ "credential": credential, "options": options });
        self.post(&format!("/{}/credentials/issue", suite.prefix()), &body)
    }

    /// Issues, which has to work.
    pub(super) fn issue(&self, suite: Suite, credential: &Value, options: Value) -> Value {
        let answer = self.try_issue(suite, credential, options);
        assert_eq!(answer.status, 201, "{suite:?}: {}", answer.text());
        answer.json()["verifiableCredential"].clone()
    }

    pub(super) fn try_verify(&self, secured: &Value) -> HttpAnswer {
        self.post("/credentials/verify", &json!({ "verifiableCredential": secured, "options": {} }))
    }

    pub(super) fn verify(&self, secured: &Value) {
        let answer = self.try_verify(secured);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    pub(super) fn refuses(&self, secured: &Value) {
        let answer = self.try_verify(secured);
        assert_eq!(answer.status, 400, "{}", answer.text());
    }

    /// Verifying is refused for this reason.
    pub(super) fn refuses_as(&self, secured: &Value, code: &str) {
        let answer = self.try_verify(secured);
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert_eq!(answer.json()["problemDetails"][0]["code"], code, "{}", answer.text());
    }

    /// Issuing by the default suite works.
    pub(super) fn takes(&self, credential: &Value) {
        let _ = self.issue(Suite::EddsaRdfc, credential, json!({}));
    }

    /// Issuing by the default suite is refused, as the request's fault.
    pub(super) fn rejects(&self, credential: &Value) {
        let answer = self.try_issue(Suite::EddsaRdfc, credential, json!({}));
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
}

/// The least that a credential says, with members beside it.
pub(super) fn credential(members: Value) -> Value {
    let mut credential = json!({
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "credentialSubject": { "id": "did:example:subject" },
    });
    for (name, value) in members.as_object().expect("members") {
        credential[name] = value.clone();
    }
    credential
}

pub(super) fn without(mut value: Value, pointer: &str) -> Value {
    let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
    let parent = value.pointer_mut(parent).expect("a parent");
    parent.as_object_mut().expect("an object").remove(member);
    value
}

pub(super) fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
    let parent = value.pointer_mut(parent).expect("a parent");
    match parent {
        Value::Array(list) => list[member.parse::<usize>().expect("a place")] = new,
        other => other[member] = new,
    }
    value
}

fn template(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", prefix, rest @ ..] if Suite::of_prefix(prefix).is_some() => {
            format!("/{{suite}}/{}", rest.join("/"))
        }
        ["", "nothing", rest @ ..] => format!("/{{suite}}/{}", rest.join("/")),
        ["", "status", _] => "/status/{list}".to_owned(),
        ["", "status", _, "publish"] => "/status/{list}/publish".to_owned(),
        ["", "problems", _] => "/problems/{code}".to_owned(),
        ["", "offers", _] => "/offers/{offer}".to_owned(),
        _ => path.to_owned(),
    }
}

pub(super) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| read_json(&schemas().join("openapi-credentials.json")))
}

/// A schema of the document as one that stands by itself.
pub(super) fn validator(schema: &Value) -> jsonschema::Validator {
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [schema],
        "$defs": document()["components"]["schemas"],
    });
    let text = whole.to_string().replace("#/components/schemas/", "#/$defs/");
    let whole: Value = serde_json::from_str(&text).expect("JSON");
    jsonschema::validator_for(&whole).expect("a schema")
}

/// Checks status, media type and body of an answer against the document.
pub(super) fn check(path: &str, method: &str, answer: &HttpAnswer) {
    let operation = &document()["paths"][path][method];
    assert!(operation.is_object(), "{method} {path} is not in the document");
    let mut response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{method} {path}: {} {}", answer.status, answer.text());
    if let Some(reference) = response["$ref"].as_str() {
        response = document().pointer(&reference[1..]).expect("a response");
    }
    let Some(content) = response["content"].as_object() else {
        assert!(answer.body.is_empty(), "{method} {path}: a body that is not in the document");
        return;
    };
    let media_type = answer.header("content-type").split(';').next().expect("a type").trim();
    let described = content.get(media_type);
    let described = described.unwrap_or_else(|| panic!("{method} {path}: {media_type}"));
    if media_type.ends_with("json") {
        let value = answer.json();
        let validator = validator(&described["schema"]);
        let errors: Vec<_> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{method} {path}: {errors:#?}\n{value:#}");
    }
}
