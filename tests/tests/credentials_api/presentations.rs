//! Presentations: what the test suite of VCDM 2.0 checks of their verifiers, and signing them here.

use inkan_server::credentials::Suite;
use serde_json::{Value, json};

use super::api::{Api, ISSUING, V2, credential, lenient, strict, with, without};

const DOMAIN: &str = "verifier.example";
const CHALLENGE: &str = "n-1";

fn presentation(members: Value) -> Value {
    let mut out = json!({ "@context": [V2], "type": ["VerifiablePresentation"] });
    for (name, value) in members.as_object().expect("members") {
        out[name] = value.clone();
    }
    out
}

/// What names no holder: whoever has it may present it.
fn bearer() -> Value {
    credential(json!({ "credentialSubject": { "id": "urn:example:subject" } }))
}

fn made(api: &Api, suite: Suite, presentation: &Value) -> Value {
    let options = json!({ "challenge": CHALLENGE, "domain": DOMAIN });
    let body = json!({ "presentation": presentation, "options": options });
    let answer = api.post(&format!("/{}/presentations", suite.prefix()), &body);
    assert_eq!(answer.status, 201, "{suite:?} {}", answer.text());
    answer.json()["verifiablePresentation"].clone()
}

fn status(api: &Api, presentation: &Value, options: Value) -> (u16, String) {
    let body = json!({ "verifiablePresentation": presentation, "options": options });
    let answer = api.post("/presentations/verify", &body);
    let code = answer.json()["problemDetails"][0]["code"].as_str().unwrap_or_default().to_owned();
    (answer.status, code)
}

fn asked() -> Value {
    json!({ "challenge": CHALLENGE, "domain": DOMAIN })
}

fn verifies(api: &Api, presentation: &Value) {
    assert_eq!(status(api, presentation, asked()), (200, String::new()));
}

fn refuses(api: &Api, presentation: &Value) {
    assert_eq!(status(api, presentation, asked()).0, 400);
}

#[test]
fn every_suite_signs_what_verifies() {
    for suite in ISSUING {
        let issued = strict().issue(suite, &bearer(), json!({}));
        let value = presentation(json!({ "verifiableCredential": [issued] }));
        // Suites of credentials alone are presented in a JWT.
        let by = suite.presents().unwrap_or(Suite::VcJwt);
        let made = made(strict(), by, &value);
        verifies(strict(), &made);
        let path = format!("/{}/presentations/verify", by.prefix());
        let body = json!({ "verifiablePresentation": made, "options": asked() });
        assert_eq!(strict().post(&path, &body).status, 200, "{suite:?}");
    }
}

#[test]
fn an_id_is_kept() {
    let id = "urn:uuid:9c9a36f8-518f-4976-a934-6649502d0008";
    let made = made(strict(), Suite::EddsaRdfc, &presentation(json!({ "id": id })));
    assert_eq!(made["id"], id);
    verifies(strict(), &made);
}

#[test]
fn a_type_is_needed_and_additional_ones_may_be_there() {
    let context = json!([V2, { "CardManager": "https://example.org/examples#CardManager" }]);
    let types = json!(["VerifiablePresentation", "CardManager"]);
    let more = presentation(json!({ "@context": context, "type": types }));
    verifies(lenient(), &made(lenient(), Suite::EddsaRdfc, &more));
    let plain = made(lenient(), Suite::EddsaRdfc, &presentation(json!({})));
    refuses(lenient(), &without(plain.clone(), "/type"));
    refuses(lenient(), &with(plain, "/type", json!(["CardManager"])));
}

#[test]
fn a_context_is_needed_and_begins_with_the_base() {
    let plain = made(lenient(), Suite::EddsaRdfc, &presentation(json!({})));
    refuses(lenient(), &without(plain.clone(), "/@context"));
    for context in [
        json!(["https://www.w3.org/ns/credentials/examples/v2", V2]),
        json!(["https://www.w3.org/ns/credentials/examples/v2"]),
        json!([V2, "https://example.com"]),
        json!([V2, "https ://not-a-url/contexts/example/v1"]),
        json!([V2, 123_192_875]),
    ] {
        refuses(lenient(), &with(plain.clone(), "/@context", context));
    }
}

#[test]
fn several_credentials_may_be_in_it() {
    let one = |suite| strict().issue(suite, &bearer(), json!({}));
    let all: Vec<Value> = ISSUING.into_iter().map(one).collect();
    let value = presentation(json!({ "verifiableCredential": all }));
    verifies(strict(), &made(strict(), Suite::EddsaRdfc, &value));
}

#[test]
fn credentials_are_secured_objects() {
    let issued = strict().issue(Suite::EddsaRdfc, &bearer(), json!({}));
    for bad in [
        json!(["eyJhbGciOiJFUzI1NiJ9.e30.AA"]),
        json!([7]),
        json!([]),
        json!(["https://example.com/credential"]),
        json!([credential(json!({ "issuer": "did:example:issuer" }))]),
        json!([with(issued.clone(), "/type", json!([]))]),
    ] {
        let body = json!({ "presentation": presentation(json!({ "verifiableCredential": bad })) });
        let answer = strict().post("/presentations", &body);
        assert_eq!(answer.status, 400, "{bad} {}", answer.text());
    }
    let changed = with(issued.clone(), "/credentialSubject/id", json!("did:example:other"));
    let value = presentation(json!({ "verifiableCredential": [changed] }));
    refuses(strict(), &made(strict(), Suite::EddsaRdfc, &value));
}

#[test]
fn a_holder_is_a_url_or_an_object_with_one() {
    let did = strict().did(Suite::EddsaRdfc);
    for holder in [json!(did), json!({ "id": did })] {
        let made = made(strict(), Suite::EddsaRdfc, &presentation(json!({ "holder": holder })));
        verifies(strict(), &made);
    }
    for holder in [json!("no-url"), json!({ "name": "Acme" }), json!({ "id": "no-url" }), json!(7)]
    {
        let body = json!({ "presentation": presentation(json!({ "holder": holder })) });
        assert_eq!(lenient().post("/presentations", &body).status, 400, "{holder}");
    }
}

#[test]
fn a_holder_whose_key_it_is_not_is_refused() {
    let other = presentation(json!({ "holder": strict().did(Suite::EcdsaRdfc) }));
    let body = json!({ "presentation": other });
    assert_eq!(strict().post("/presentations", &body).code(), "issuer-not-ours");
    let made = made(lenient(), Suite::EddsaRdfc, &other);
    assert_eq!(status(lenient(), &made, asked()).1, "holder-key-mismatch");
}

#[test]
fn an_invalid_signature_is_refused() {
    for suite in ISSUING.into_iter().filter(|suite| suite.cryptosuite().is_some()) {
        let made = made(strict(), suite, &presentation(json!({})));
        let value = json!("z5nmMBw2u9TGKd9NxxHJtyZKgjN2Eh");
        refuses(strict(), &with(made.clone(), "/proof/proofValue", value));
        refuses(strict(), &without(made.clone(), "/proof"));
        let changed = with(made, "/proof/challenge", json!("n-2"));
        let options = json!({ "challenge": "n-2", "domain": DOMAIN });
        assert_eq!(status(strict(), &changed, options).1, "presentation-proof-invalid");
    }
}

#[test]
fn challenge_and_domain_are_judged() {
    for suite in [Suite::EddsaRdfc, Suite::VcJwt] {
        let made = made(strict(), suite, &presentation(json!({})));
        let other = json!({ "challenge": "n-2", "domain": DOMAIN });
        assert_eq!(status(strict(), &made, other).1, "nonce-invalid");
        let other = json!({ "challenge": CHALLENGE, "domain": "other.example" });
        assert_eq!(status(strict(), &made, other).1, "audience-mismatch");
        // Strictly, who does not say what was asked cannot know that it was answered.
        assert_eq!(status(strict(), &made, json!({})).1, "option-malformed");
        let halves = [json!({ "challenge": CHALLENGE }), json!({ "domain": DOMAIN })];
        for (half, missing) in halves.iter().zip(["domain", "challenge"]) {
            let body = json!({ "verifiablePresentation": made, "options": half });
            let answer = strict().post("/presentations/verify", &body);
            let problem = &answer.json()["problemDetails"][0];
            assert_eq!(problem["code"], "option-malformed");
            assert!(problem["detail"].as_str().expect("a text").contains(missing), "{problem}");
        }
        assert_eq!(status(lenient(), &made, json!({ "challenge": CHALLENGE })).0, 200);
    }
}

#[test]
fn an_old_presentation_is_refused() {
    let options = json!({
        "challenge": CHALLENGE, "domain": DOMAIN, "created": "2024-01-01T00:00:00Z",
    });
    let body = json!({ "presentation": presentation(json!({})), "options": options });
    assert_eq!(strict().post("/presentations", &body).code(), "created-far-off");
    let made = lenient().post("/presentations", &body).json()["verifiablePresentation"].clone();
    assert_eq!(status(strict(), &made, asked()).1, "presentation-stale");
}

#[test]
fn what_somebody_else_holds_is_refused() {
    let holder = strict().did(Suite::EddsaRdfc);
    let shown = |subject: &str| {
        let about = credential(json!({ "credentialSubject": { "id": subject } }));
        let issued = strict().issue(Suite::EcdsaRdfc, &about, json!({}));
        made(strict(), Suite::EddsaRdfc, &presentation(json!({ "verifiableCredential": [issued] })))
    };
    // Also of a method that nobody here resolves: it names somebody all the same.
    for subject in [strict().did(Suite::EcdsaRdfc).as_str(), "did:example:ada"] {
        let made = shown(subject);
        assert_eq!(status(strict(), &made, asked()), (400, "holder-key-mismatch".to_owned()));
        // The test suites have strangers present; the conformance profile says so.
        let body = json!({ "verifiablePresentation": made, "options": asked() });
        let answer = lenient().post("/presentations/verify", &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["warnings"][0]["code"], "holder-key-mismatch");
    }
    verifies(strict(), &shown(&holder));
}

#[test]
fn what_names_no_holder_is_said_to_be_anybodys() {
    let issued = strict().issue(Suite::EddsaRdfc, &bearer(), json!({}));
    let made = made(
        strict(),
        Suite::EddsaRdfc,
        &presentation(json!({ "verifiableCredential": [issued] })),
    );
    let body = json!({ "verifiablePresentation": made, "options": asked() });
    let answer = strict().post("/presentations/verify", &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["warnings"][0]["code"], "presenter-not-bound");
}

#[test]
fn an_empty_list_of_credentials_is_called_that() {
    let body = json!({ "presentation": presentation(json!({ "verifiableCredential": [] })) });
    let answer = strict().post("/presentations", &body);
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("empty list"), "{}", answer.text());
}

#[test]
fn an_enveloped_presentation_has_context_type_and_data_url() {
    let made = made(strict(), Suite::VcJwt, &presentation(json!({})));
    assert_eq!(made["type"], "EnvelopedVerifiablePresentation");
    verifies(strict(), &made);
    refuses(strict(), &with(made.clone(), "/@context", json!([])));
    let examples = json!(["https://www.w3.org/ns/credentials/examples/v2"]);
    refuses(strict(), &with(made.clone(), "/@context", examples));
    refuses(strict(), &with(made.clone(), "/type", json!(["VerifiablePresentation"])));
    let id = made["id"].as_str().expect("a URL").to_owned();
    refuses(strict(), &with(made, "/id", json!(id.rsplit(',').next())));
}

#[test]
fn the_times_of_an_enveloped_presentation_are_judged() {
    let judged = |claims: Value| {
        let made = made(strict(), Suite::VcJwt, &presentation(claims));
        status(strict(), &made, asked()).1
    };
    assert_eq!(judged(json!({ "nbf": 1_700_000_000, "exp": 4_000_000_000_u32 })), "");
    assert_eq!(judged(json!({ "nbf": 4_000_000_000_u32 })), "presentation-stale");
    assert_eq!(judged(json!({ "exp": 1_700_000_000 })), "presentation-stale");
}
