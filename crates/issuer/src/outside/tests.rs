use inkan_core::{digest, encoding};
use serde_json::json;

use super::*;

const SCHEMA: &str = "https://acme.example/schema.json";
const ABOUT: &str = "https://acme.example/schema-credential";
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

fn credential(members: &Value) -> Credential {
    let mut value = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
        "issuer": "did:example:a", "credentialSubject": { "grade": 4 },
    });
    for (name, member) in members.as_object().unwrap() {
        value[name] = member.clone();
    }
    Credential::from_value(value).unwrap()
}

/// That the grade is at least this.
fn schema(least: u8) -> Value {
    let grade = json!({ "properties": { "grade": { "minimum": least } } });
    json!({ "$schema": DIALECT, "$id": SCHEMA, "properties": { "credentialSubject": grade } })
}

fn sri(bytes: &[u8]) -> String {
    format!("sha384-{}", encoding::b64(&digest::sha384(&[bytes])))
}

fn files(url: &str, bytes: Vec<u8>) -> AtHand {
    AtHand { resources: [(url.to_owned(), bytes)].into(), ..AtHand::default() }
}

fn code(at_hand: &AtHand, members: &Value) -> Option<&'static str> {
    at_hand.check(&credential(members)).err().map(|error| error.code())
}

#[test]
fn who_departs_from_a_schema_at_hand_is_refused_however_it_is_at_hand() {
    let named = json!({ "credentialSchema": { "id": SCHEMA, "type": "JsonSchema" } });
    let (kept, broken) = (schema(4), schema(5));
    assert_eq!(code(&AtHand::default(), &named), None, "not at hand");
    for (schema, expected) in [(&kept, None), (&broken, Some("credential-schema-violated"))] {
        let bytes = files(SCHEMA, schema.to_string().into_bytes());
        assert_eq!(code(&bytes, &named), expected);
        let schemas = [(SCHEMA.to_owned(), schema.clone())].into();
        assert_eq!(code(&AtHand { schemas, ..AtHand::default() }, &named), expected);
    }
    let error = files(SCHEMA, broken.to_string().into_bytes()).check(&credential(&named));
    let Err(OutsideError::Schema { source: SchemaError::Violated { violations }, .. }) = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(violations, ["/credentialSubject/grade"]);

    let fixed = json!({
        "credentialSchema": { "id": SCHEMA, "type": "JsonSchema", "digestSRI": sri(b"another") },
    });
    let bytes = files(SCHEMA, kept.to_string().into_bytes());
    assert_eq!(code(&bytes, &fixed), Some("schema-digest-mismatch"));
    let old = json!({ "$schema": "http://json-schema.org/draft-07/schema#" });
    let bytes = files(SCHEMA, old.to_string().into_bytes());
    assert_eq!(code(&bytes, &named), Some("schema-dialect-unsupported"));
}

#[test]
fn a_credential_about_a_schema_counts_as_well() {
    let named = json!({ "credentialSchema": { "id": ABOUT, "type": "JsonSchemaCredential" } });
    let about = |least| {
        json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"], "id": ABOUT,
            "type": ["VerifiableCredential", "JsonSchemaCredential"], "issuer": "did:example:a",
            "credentialSchema": {
                "id": "https://www.w3.org/ns/credentials/json-schema/v2.json",
                "type": "JsonSchema",
            },
            "credentialSubject": { "id": SCHEMA, "type": "JsonSchema", "jsonSchema": schema(least) },
            "proof": {
                "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022",
                "verificationMethod": "did:example:a#key", "proofPurpose": "assertionMethod",
                "proofValue": format!("z{}", "1".repeat(64)),
            },
        })
    };
    for (least, expected) in [(4, None), (5, Some("credential-schema-violated"))] {
        let bytes = files(ABOUT, about(least).to_string().into_bytes());
        assert_eq!(code(&bytes, &named), expected);
        let schemas = [(ABOUT.to_owned(), about(least))].into();
        assert_eq!(code(&AtHand { schemas, ..AtHand::default() }, &named), expected);
    }
    assert_eq!(code(&files(ABOUT, b"{}".to_vec()), &named), Some("schema-unusable"));
}

#[test]
fn who_fixes_other_bytes_than_those_at_hand_is_refused() {
    let url = "https://acme.example/logo.png";
    let resource = |id: &str, digest: String| json!({ "relatedResource": [{ "id": id, "digestSRI": digest }] });
    let at_hand = files(url, b"logo".to_vec());
    assert_eq!(code(&at_hand, &resource(url, sri(b"logo"))), None);
    assert_eq!(code(&at_hand, &resource(url, sri(b"other"))), Some("related-resource-mismatch"));
    assert_eq!(code(&AtHand::default(), &resource(url, sri(b"other"))), None, "not at hand");
    // The base context is at hand everywhere.
    let base = "https://www.w3.org/ns/credentials/v2";
    let wrong = code(&AtHand::default(), &resource(base, sri(b"other")));
    assert_eq!(wrong, Some("related-resource-mismatch"));
}
