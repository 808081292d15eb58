//! `inkan conformance`, as the test suite of VC-JOSE-COSE calls it: one line for each input, and for each thing that is wrong.

use serde_json::{Value, json};

use crate::common::Home;

const ISSUER: &str = "https://issuer.example";

/// The key of RFC 6979, appendix A.2.7.
fn p521() -> Value {
    let public = json!({
        "kty": "EC", "crv": "P-521", "alg": "ES512", "kid": "key-3",
        "x": "AYlFUNB4WTLgDqojtpTyE_jDEh-G3JegTlpxZ9tOW803ESPUbkXba11TcKfyD7YzFV04_6FtK9dh3KxHS5ovUCOk",
        "y": "AEkxAclizU0v3feCKF5kWEE5wvkbR_h_-CNU1mMPdGoooNsldBtbNKgoAIsirMI_kk-q-9TTP4HqZpVt_qor_fz1",
    });
    let mut secret = public.clone();
    secret["d"] = json!(
        "APrQbapiujsl0vtAEz2nVyBd5n9bsAGP7oyG4baMfnXKqJbrMvH0fHCFWDam0W_MFGb22PvsZ9uJ7AwIsOmWuDU4"
    );
    json!({
        "id": "https://issuer.example#key-3", "type": "JsonWebKey", "controller": ISSUER,
        "publicKeyJwk": public, "secretKeyJwk": secret,
    })
}

fn credential(members: Value) -> Value {
    let mut credential = json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/ns/credentials/examples/v2",
        ],
        "type": ["VerifiableCredential"],
        "issuer": ISSUER,
        "credentialSubject": {
            "id": "did:example:ada",
            "address": { "street": "Main Street 1", "city": "Anytown" },
            "phoneNumbers": ["+1-000", "+1-001"],
        },
    });
    for (name, value) in members.as_object().unwrap() {
        credential[name] = value.clone();
    }
    credential
}

/// What the command says: the result, and what it says of it.
fn conformance(
    home: &Home,
    verb: &str,
    feature: &str,
    input: &str,
    more: &[&str],
) -> (String, String) {
    home.write("input", input);
    let mut line = vec!["conformance", verb, "--input", "input", "--key", "key.json"];
    line.extend(["--feature", feature, "--output", "output.json"]);
    home.run(&[&line, more].concat()).must(0);
    let output = std::fs::read_to_string(home.path("output.json")).unwrap();
    let value: Value = serde_json::from_str(&output).unwrap();
    let text = |name: &str| value[name].as_str().unwrap().to_owned();
    (text("result"), text("data"))
}

#[test]
fn what_p521_signs_is_verified_in_every_form() {
    let home = Home::new();
    home.write("key.json", p521().to_string());
    let plain = credential(json!({})).to_string();
    let presentation = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": ISSUER,
        "verifiableCredential": [{
            "@context": "https://www.w3.org/ns/credentials/v2",
            "type": "EnvelopedVerifiableCredential",
            // With a line break at the end, as the suite has one.
            "id": "data:application/vc+cose;base64,0oRD\n",
        }],
    });
    let hidden = r#"["credentialSubject.address.street", "credentialSubject.phoneNumbers[0]"]"#;
    for (feature, document, more) in [
        ("credential_jose", &plain, &[][..]),
        ("credential-cose", &plain, &[]),
        ("credential_sdjwt", &plain, &["--sd", hidden]),
        ("presentation_jose", &presentation.to_string(), &[]),
    ] {
        let (result, secured) = conformance(&home, "issue", feature, document, more);
        assert_eq!(result, "success", "{feature}: {secured}");
        assert_eq!(secured.matches('~').count(), if more.is_empty() { 0 } else { 3 }, "{secured}");
        let (result, shown) = conformance(&home, "verify", feature, &secured, &[]);
        assert_eq!(result, "success", "{feature}: {shown}");
        // A character of the signature, but not its last, which has spare bits.
        let end = secured.find('~').unwrap_or(secured.trim_end_matches('=').len());
        let change = |(at, character): (usize, char)| match (at + 3 == end, character) {
            (true, 'A') => 'B',
            (true, _) => 'A',
            (false, other) => other,
        };
        let forged: String = secured.chars().enumerate().map(change).collect();
        let (result, why) = conformance(&home, "verify", feature, &forged, &[]);
        assert_eq!(result, "failure", "{feature}: {why}");
    }
    // What no context defines is signed by nobody, nor what the credential itself says in terms that only a catch-all does.
    let base = json!(["https://www.w3.org/ns/credentials/v2"]);
    for members in [json!({ "@context": base }), json!({ "badExtension": { "huh": "what?" } })] {
        let document = credential(members).to_string();
        let (result, why) = conformance(&home, "issue", "credential_jose", &document, &[]);
        assert_eq!(result, "failure", "{why}");
    }
}
