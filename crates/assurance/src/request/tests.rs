//! Against the text of OpenID4VP 1.0: what has to be there, what must not, and in which form.

use inkan_core::json::parse;
use inkan_core::limits;
use inkan_credential::Cryptosuite;
use serde_json::{Map, Value, json};

use super::{ALGORITHMS, PresentationRequest, Query, ReplyTo, SUITES, percent_encoded};
use crate::Policy;

const URL: &str = "https://bank.example/answers?to=7";
const ORIGIN: &str = "https://bank.example";
const DID: &str = "did:webvh:Qm:ledger.example:bank";
const NONCE: &str = "n-0S6_WzA2Mj4kL8q.R~x9";

fn policy(types: Value, requires: Value) -> Policy {
    Policy::from_value(&json!({
        "type": "inkan-policy/1", "id": "desk", "version": "1", "issuers": "any",
        "credentialTypes": types,
        "assurance": { "framework": "jp-swg-2022", "requires": requires },
    }))
    .unwrap()
}

fn query(policy: &Policy, shown: &[&[&str]]) -> Value {
    let shown = shown.iter().map(|types| types.iter().map(|one| (*one).to_owned()).collect());
    Query::of(policy, shown).to_value()
}

fn anything() -> Value {
    query(&policy(json!("any"), json!({ "ial": { "min": "IAL-1" } })), &[])
}

/// §6: names of characters that are allowed, each once; formats of Appendix B; sets that name credentials of the query; paths.
fn is_dcql(query: &Value) {
    let credentials = query["credentials"].as_array().unwrap();
    let mut ids: Vec<&str> = Vec::new();
    for one in credentials {
        let id = one["id"].as_str().unwrap();
        let fits = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        assert!(!id.is_empty() && id.chars().all(fits) && !ids.contains(&id), "{id}");
        ids.push(id);
        let (member, plain) = match one["format"].as_str().unwrap() {
            "ldp_vc" => ("type_values", false),
            "dc+sd-jwt" => ("vct_values", true),
            other => panic!("{other}"),
        };
        let meta = one["meta"].as_object().unwrap();
        assert_eq!(meta.keys().collect::<Vec<_>>(), [member]);
        let values = meta[member].as_array().unwrap();
        assert!(!values.is_empty());
        for value in values {
            let inner = value
                .as_array()
                .is_some_and(|inner| !inner.is_empty() && inner.iter().all(Value::is_string));
            assert!(if plain { value.is_string() } else { inner }, "{value}");
        }
        if let Some(claims) = one.get("claims") {
            let claims = claims.as_array().unwrap();
            assert!(!claims.is_empty());
            let paths: Vec<&Value> = claims.iter().map(|one| &one["path"]).collect();
            assert!(paths.iter().all(|path| path.as_array().is_some_and(|path| !path.is_empty())));
            assert!((1..paths.len()).all(|at| !paths[..at].contains(&paths[at])), "{paths:?}");
        }
    }
    for set in query["credential_sets"].as_array().unwrap() {
        let options = set["options"].as_array().unwrap();
        assert!(!options.is_empty());
        for named in options.iter().flat_map(|option| option.as_array().unwrap()) {
            assert!(ids.contains(&named.as_str().unwrap()), "{named}");
        }
    }
}

#[test]
fn a_query_names_each_type_as_an_alternative_of_its_own() {
    let listed =
        policy(json!(["Badge", "https://x.example/Pass"]), json!({ "ial": { "min": "IAL-1" } }));
    let asked = query(&listed, &[&["Other"]]);
    is_dcql(&asked);
    // Both together would be a credential that is both.
    let expected = json!([
        ["Badge"],
        ["https://www.w3.org/ns/credentials/undefined-term#Badge"],
        ["https://x.example/Pass"],
    ]);
    assert_eq!(asked["credentials"][0]["meta"]["type_values"], expected);
    let names = json!(["Badge", "https://x.example/Pass"]);
    assert_eq!(asked["credentials"][1]["meta"]["vct_values"], names);
    assert_eq!(asked["credential_sets"], json!([{ "options": [["ldp_vc"], ["dc_sd-jwt"]] }]));
}

#[test]
fn a_policy_of_any_type_asks_for_what_was_shown_or_for_any() {
    let any = policy(json!("any"), json!({ "ial": { "min": "IAL-1" } }));
    let asked = query(&any, &[&["Degree", "Law"], &[], &["Degree", "Law"]]);
    is_dcql(&asked);
    let types = &asked["credentials"][0]["meta"]["type_values"];
    assert_eq!(types[0], json!(["Degree", "Law"]), "all of one credential's types");
    assert_eq!(types.as_array().map(Vec::len), Some(2));
    let asked = anything();
    is_dcql(&asked);
    let types = &asked["credentials"][0]["meta"]["type_values"];
    assert_eq!(types[0], json!(["https://www.w3.org/2018/credentials#VerifiableCredential"]));
    // In a format whose queries name types nothing can be asked without one.
    assert_eq!(asked["credentials"].as_array().map(Vec::len), Some(1));
}

#[test]
fn claims_that_levels_are_asked_of_are_asked_for_once() {
    let leaf = |claims: Value| json!({ "ial": { "min": "IAL-2", "claims": claims } });
    let deep = json!({ "allOf": [leaf(json!(["name"])), { "anyOf": [leaf(json!(["birthdate", "name"])), { "aal": { "min": "AAL-1" } }] }] });
    let asked = query(&policy(json!(["Badge"]), deep), &[]);
    is_dcql(&asked);
    let paths = |at: usize| asked["credentials"][at]["claims"].clone();
    let under = json!([
        { "path": ["credentialSubject", "birthdate"] }, { "path": ["credentialSubject", "name"] },
    ]);
    assert_eq!(paths(0), under);
    assert_eq!(paths(1), json!([{ "path": ["birthdate"] }, { "path": ["name"] }]));
    let none = anything();
    assert!(none["credentials"][0].get("claims").is_none());
}

fn request(reply: ReplyTo<'_>, signer: Option<&str>) -> (PresentationRequest, Map<String, Value>) {
    let made = PresentationRequest::of(anything(), reply, signer, NONCE);
    let parameters = made.parameters().clone();
    // §5.2, and what every request has here.
    assert_eq!(parameters["response_type"], "vp_token");
    assert_eq!(parameters["nonce"], NONCE);
    let safe = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    assert!(NONCE.chars().all(safe));
    is_dcql(&parameters["dcql_query"]);
    assert!(!parameters.contains_key("scope"));
    let formats = parameters["client_metadata"]["vp_formats_supported"].as_object().unwrap();
    for asked in parameters["dcql_query"]["credentials"].as_array().unwrap() {
        assert!(formats.contains_key(asked["format"].as_str().unwrap()));
    }
    (made, parameters)
}

#[test]
fn an_unsigned_request_is_known_by_where_its_answer_goes() {
    let (made, parameters) = request(ReplyTo::Post(URL), None);
    // §5.9.3 and §8.2.
    assert_eq!(parameters["client_id"], format!("redirect_uri:{URL}"));
    assert_eq!(parameters["response_uri"], URL);
    assert_eq!(parameters["response_mode"], "direct_post");
    for name in ["redirect_uri", "expected_origins", "aud"] {
        assert!(!parameters.contains_key(name), "{name}");
    }
    assert_eq!(made.audience(), format!("redirect_uri:{URL}"));
    assert_eq!(made.digital(None), None);
    let link = made.link(None).unwrap();
    let given = link.strip_prefix("openid4vp://?").unwrap();
    let pairs: Vec<(&str, String)> = given
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name, decoded(value)))
        .collect();
    assert_eq!(pairs.len(), parameters.len());
    for (name, value) in pairs {
        // §5.1: objects as JSON text.
        match &parameters[name] {
            Value::String(text) => assert_eq!(&value, text),
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)) => {
                assert_eq!(parse(value.as_bytes(), limits::DOCUMENT).as_ref().unwrap(), other);
            }
        }
    }
    // It cannot be signed: no key is known for it.
    assert_eq!((made.link(Some("a.b.c")), made.digital(Some("a.b.c"))), (None, None));
}

#[test]
fn a_signed_request_names_a_did_and_its_key() {
    let (made, parameters) = request(ReplyTo::Post(URL), Some(DID));
    assert_eq!(parameters["client_id"], format!("decentralized_identifier:{DID}"));
    assert_eq!(parameters["response_uri"], URL);
    assert_eq!(parameters["aud"], "https://self-issued.me/v2");
    assert_eq!(made.audience(), format!("decentralized_identifier:{DID}"));
    let header = PresentationRequest::header(&format!("{DID}#k"));
    assert_eq!(header["typ"], "oauth-authz-req+jwt");
    assert_eq!(header["kid"], format!("{DID}#k"));
    let link = made.link(Some("a.b.c")).unwrap();
    let client = percent_encoded(&format!("decentralized_identifier:{DID}"));
    assert_eq!(link, format!("openid4vp://?client_id={client}&request=a.b.c"));
    assert_eq!((made.link(None), made.digital(Some("a.b.c"))), (None, None));
}

#[test]
fn a_request_of_a_page_is_bound_to_its_origin() {
    // Appendix A.2 and A.4.
    let (made, parameters) = request(ReplyTo::Page(ORIGIN), None);
    assert_eq!(parameters["response_mode"], "dc_api");
    for name in ["client_id", "expected_origins", "response_uri", "state"] {
        assert!(!parameters.contains_key(name), "{name}");
    }
    assert_eq!(made.audience(), format!("origin:{ORIGIN}"));
    let digital = made.digital(None).unwrap();
    assert_eq!(digital["protocol"], "openid4vp-v1-unsigned");
    assert_eq!(digital["data"], Value::Object(parameters));
    assert_eq!(made.link(None), None);

    let (made, parameters) = request(ReplyTo::Page(ORIGIN), Some(DID));
    assert_eq!(parameters["expected_origins"], json!([ORIGIN]));
    assert_eq!(parameters["client_id"], format!("decentralized_identifier:{DID}"));
    assert_eq!(made.audience(), format!("origin:{ORIGIN}"), "whoever signs");
    let digital = made.digital(Some("a.b.c")).unwrap();
    assert_eq!(digital["protocol"], "openid4vp-v1-signed");
    assert_eq!(digital["data"], json!({ "request": "a.b.c" }));
    assert_eq!(made.digital(None), None, "not before it is signed");
}

#[test]
fn what_is_said_to_be_read_is_read() {
    for name in SUITES {
        let suite = Cryptosuite::parse("DataIntegrityProof", Some(name));
        assert!(suite.is_some_and(|suite| suite.is_known()), "{name}");
    }
    for name in ALGORITHMS {
        assert!(inkan_crypto::Algorithm::from_jose(name).is_some(), "{name}");
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(str::from_utf8(&pair).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}
