//! What the test suite of VCDM 2.0 checks of issuers and verifiers, section by section.

use inkan_server::credentials::Suite;
use serde_json::{Value, json};

use super::api::{EXAMPLES, V2, credential, lenient, with, without};

/// One test for each credential that is issued.
macro_rules! takes {
    ($($name:ident: $value:expr;)*) => {$(
        #[test]
        fn $name() {
            lenient().takes(&$value);
        }
    )*};
}

/// One test for each that is refused.
macro_rules! rejects {
    ($($name:ident: $value:expr;)*) => {$(
        #[test]
        fn $name() {
            lenient().rejects(&$value);
        }
    )*};
}

/// A credential whose context defines a term.
fn defining(term: &str, members: Value) -> Value {
    let context = json!([V2, { term: format!("https://example.org/examples#{term}") }]);
    with(credential(members), "/@context", context)
}

const SUBJECT: &str = "did:example:subject";

// §1.3
#[test]
fn s1_3_a_conforming_document_is_secured() {
    let issued = lenient().issue(Suite::EddsaRdfc, &credential(json!({})), json!({}));
    assert!(issued["proof"].is_object());
}
#[test]
fn s1_3_an_issuer_includes_all_required_properties() {
    let issued = lenient().issue(Suite::EddsaRdfc, &credential(json!({})), json!({}));
    for member in ["@context", "type", "issuer", "credentialSubject", "proof"] {
        assert!(issued.get(member).is_some(), "{member}");
    }
}
#[test]
fn s1_3_a_verifier_verifies_a_conforming_document() {
    let api = lenient();
    api.verify(&api.issue(Suite::EddsaRdfc, &credential(json!({})), json!({})));
}
#[test]
fn s1_3_a_verifier_refuses_a_credential_that_does_not_conform() {
    lenient().refuses(&json!({ "type": ["NonconformingDocument"] }));
}
#[test]
fn s1_3_a_verifier_refuses_a_presentation_that_does_not_conform() {
    let body = json!({ "verifiablePresentation": { "type": ["NonconformingDocument"] } });
    assert_eq!(lenient().post("/presentations/verify", &body).status, 400);
}

// §4.3
#[test]
fn s4_3_the_context_stays_as_it_was_written() {
    let issued = lenient().issue(Suite::EddsaRdfc, &credential(json!({})), json!({}));
    assert_eq!(issued["@context"], json!([V2]));
}
takes! {
    s4_3_several_context_urls: credential(json!({ "@context": [V2, EXAMPLES] }));
    s4_3_an_object_among_the_contexts: with(
        defining("ExampleVerifiableCredential", json!({})),
        "/type",
        json!(["VerifiableCredential", "ExampleVerifiableCredential"])
    );
}
rejects! {
    s4_3_without_a_context: without(credential(json!({})), "/@context");
    s4_3_without_the_base_context: credential(json!({ "@context": [EXAMPLES] }));
    s4_3_the_base_context_second: credential(json!({ "@context": [EXAMPLES, V2] }));
    s4_3_a_context_that_is_no_url: credential(json!({
        "@context": [V2, "https ://not-a-url/contexts/example/v1"],
    }));
    s4_3_a_context_that_is_a_number: credential(json!({ "@context": [V2, 123_192_875] }));
    s4_3_a_context_that_is_not_known: credential(json!({ "@context": [V2, "https://example.com/c"] }));
}

// §4.4
takes! {
    s4_4_a_single_id: credential(json!({ "id": "https://example.org/credentials/1" }));
    s4_4_a_subject_with_one_id: credential(json!({ "credentialSubject": { "id": SUBJECT } }));
    s4_4_no_id: credential(json!({}));
}
rejects! {
    s4_4_an_id_that_is_null: credential(json!({ "id": null }));
    s4_4_several_ids: credential(json!({ "id": ["https://example.org/1", "https://example.net/1"] }));
    s4_4_an_id_that_is_no_url: credential(json!({ "id": "https ://not-a-url/vcs/1" }));
    s4_4_a_subject_with_several_ids: credential(json!({
        "credentialSubject": { "id": ["did:example:one", "did:example:two"] },
    }));
}

// §4.5
takes! {
    s4_5_a_type_that_is_a_url: credential(json!({
        "type": ["VerifiableCredential", "https://example.org/#ExampleCredential"],
    }));
    s4_5_a_type_that_the_context_defines: with(
        defining("ExampleTestCredential", json!({})),
        "/type",
        json!(["VerifiableCredential", "ExampleTestCredential"])
    );
    s4_5_the_order_of_types_does_not_matter_last: credential(json!({
        "type": ["https://example.org/#A", "https://example.org/#B", "VerifiableCredential"],
        "validFrom": "2023-02-23T21:41:38Z",
    }));
    s4_5_the_order_of_types_does_not_matter_middle: credential(json!({
        "type": ["https://example.org/#B", "VerifiableCredential", "https://example.org/#A"],
        "validFrom": "2023-02-23T21:41:38Z",
    }));
    s4_5_an_additional_type: credential(json!({
        "@context": [V2, EXAMPLES], "type": ["VerifiableCredential", "RelationshipCredential"],
    }));
    s4_5_a_status_with_a_type: defining("CredentialStatusList2017", json!({
        "credentialStatus": { "id": "did:example:status", "type": "CredentialStatusList2017" },
    }));
    s4_5_terms_of_use_with_a_type: defining("OdrlPolicy2017", json!({
        "termsOfUse": { "type": "OdrlPolicy2017" },
    }));
    s4_5_evidence_with_a_type: defining("DocumentVerification2018", json!({
        "evidence": { "type": "DocumentVerification2018" },
    }));
    s4_5_a_refresh_service_with_a_type: defining("ExampleRefreshService", json!({
        "refreshService": { "id": "did:example:refresh/1", "type": "ExampleRefreshService" },
    }));
    s4_5_a_schema_with_a_type: defining("ExampleJsonSchema", json!({
        "credentialSchema": { "id": "did:example:schemas/1", "type": "ExampleJsonSchema" },
    }));
}
rejects! {
    s4_5_without_a_type: without(credential(json!({})), "/type");
    s4_5_a_type_that_is_mapped_to_no_url: credential(json!({
        "@context": [V2, { "ExampleTestCredential": "https ://not-a-url#ExampleTestCredential" }],
        "type": ["VerifiableCredential", "ExampleTestCredential"],
    }));
    s4_5_a_type_that_nothing_maps: credential(json!({
        "@context": [V2, { "@vocab": null }],
        "type": ["VerifiableCredential", "ExampleTestCredential"],
    }));
    s4_5_without_the_required_type: credential(json!({
        "@context": [V2, EXAMPLES], "type": ["RelationshipCredential"],
    }));
    s4_5_a_status_without_a_type: credential(json!({ "credentialStatus": { "id": "did:example:s" } }));
    s4_5_terms_of_use_without_a_type: credential(json!({ "termsOfUse": {} }));
    s4_5_evidence_without_a_type: credential(json!({ "evidence": {} }));
    s4_5_a_refresh_service_without_a_type: credential(json!({
        "refreshService": { "id": "did:example:refresh/1" },
    }));
    s4_5_a_schema_without_a_type: credential(json!({
        "credentialSchema": { "id": "did:example:schemas/1" },
    }));
}

// §4.6
fn languages() -> Value {
    json!([
        { "@value": "Dog", "@language": "en" },
        { "@value": "Chien", "@language": "fr" },
        { "@value": "Cane", "@language": "it" },
    ])
}
fn english() -> Value {
    json!({ "@value": "Example", "@language": "en" })
}
fn directed() -> Value {
    json!({ "@value": "Example", "@language": "en", "@direction": "ltr" })
}
fn extended() -> Value {
    json!({ "@value": "Example", "@language": "en", "url": "did:example:credential" })
}
fn by(member: &str, value: Value) -> Value {
    let did = lenient().did(Suite::EddsaRdfc);
    credential(json!({ "issuer": { "id": did, member: value } }))
}
takes! {
    s4_6_name_is_a_string: credential(json!({ "name": "Example Credential" }));
    s4_6_name_has_a_language: credential(json!({ "name": english() }));
    s4_6_name_has_several_languages: credential(json!({ "name": languages() }));
    s4_6_description_is_a_string: credential(json!({ "description": "Example Credential" }));
    s4_6_description_has_a_language: credential(json!({ "description": english() }));
    s4_6_description_has_several_languages: credential(json!({ "description": languages() }));
    s4_6_issuer_name_is_a_string: by("name", json!("Example Issuer"));
    s4_6_issuer_name_has_a_language: by("name", english());
    s4_6_issuer_name_has_several_languages: by("name", languages());
    s4_6_issuer_description_is_a_string: by("description", json!("Example Issuer"));
    s4_6_issuer_description_has_a_language: by("description", english());
    s4_6_issuer_description_has_several_languages: by("description", languages());
}
/// It is taken by every suite, and signed: suites over RDF sign it as a datatype.
fn takes_direction(credential: &Value) {
    for suite in [Suite::EddsaRdfc, Suite::EddsaJcs, Suite::VcJwt] {
        let issued = lenient().issue(suite, credential, json!({}));
        lenient().verify(&issued);
        if suite != Suite::VcJwt {
            let turned = issued.to_string().replace("\"ltr\"", "\"rtl\"");
            lenient().refuses(&serde_json::from_str(&turned).expect("JSON"));
        }
    }
}
#[test]
fn s4_6_name_has_a_direction() {
    takes_direction(&credential(json!({ "name": directed() })));
}
#[test]
fn s4_6_description_has_a_direction() {
    takes_direction(&credential(json!({ "description": directed() })));
}
#[test]
fn s4_6_issuer_name_has_a_direction() {
    takes_direction(&by("name", directed()));
}
#[test]
fn s4_6_issuer_description_has_a_direction() {
    takes_direction(&by("description", directed()));
}
rejects! {
    s4_6_name_has_extra_properties: credential(json!({ "name": extended() }));
    s4_6_description_has_extra_properties: credential(json!({ "description": extended() }));
    s4_6_issuer_name_has_extra_properties: by("name", extended());
    s4_6_issuer_description_has_extra_properties: by("description", extended());
}

// §4.7
takes! {
    s4_7_an_issuer_object: by("name", json!("Ada"));
}
rejects! {
    s4_7_an_issuer_that_is_no_url: credential(json!({ "issuer": "fake-issuer" }));
    s4_7_an_issuer_that_is_null: credential(json!({ "issuer": null }));
    s4_7_an_issuer_object_whose_id_is_null: credential(json!({ "issuer": { "id": null } }));
    s4_7_an_issuer_object_whose_id_is_no_url: credential(json!({ "issuer": { "id": "fake-issuer" } }));
    s4_7_an_issuer_object_without_an_id: credential(json!({ "issuer": { "name": "Ada" } }));
}

// §4.8
takes! {
    s4_8_several_subjects: credential(json!({
        "credentialSubject": [{ "id": SUBJECT }, { "id": "did:example:other:subject" }],
    }));
}
rejects! {
    s4_8_without_a_subject: without(credential(json!({})), "/credentialSubject");
    s4_8_a_subject_without_claims: credential(json!({ "credentialSubject": {} }));
    s4_8_one_of_several_subjects_without_claims: credential(json!({
        "credentialSubject": [{ "id": SUBJECT }, {}],
    }));
}

// §4.9
takes! {
    s4_9_valid_from_with_milliseconds: credential(json!({ "validFrom": "2023-02-26T01:02:58.447Z" }));
    s4_9_valid_from_with_an_offset: credential(json!({ "validFrom": "2023-02-25T19:10:39-06:00" }));
    s4_9_valid_from_far_in_the_future: credential(json!({ "validFrom": "4023-02-26T01:02:58.447Z" }));
    s4_9_valid_until: credential(json!({
        "validFrom": "2023-02-26T01:19:19Z", "validUntil": "2023-02-26T01:19:20Z",
    }));
    s4_9_valid_until_with_milliseconds: credential(json!({
        "validFrom": "2023-02-26T01:20:00Z", "validUntil": "2023-02-26T01:20:18.477Z",
    }));
    s4_9_valid_until_with_an_offset: credential(json!({
        "validFrom": "2023-02-26T01:21:23Z", "validUntil": "2023-02-25T19:21:29-06:00",
    }));
}
rejects! {
    s4_9_valid_from_in_words: credential(json!({ "validFrom": "Sat 25 Feb 2023 07:16:31 PM CST" }));
    s4_9_valid_until_in_words: credential(json!({
        "validFrom": "2023-02-26T01:21:51Z", "validUntil": "Sun, 26 Feb 2023 01:22:14 +0000",
    }));
    s4_9_valid_until_before_valid_from: credential(json!({
        "validFrom": "2030-01-01T00:00:00Z", "validUntil": "2020-01-01T00:00:00Z",
    }));
}
#[test]
fn s4_9_a_credential_is_good_within_its_period_alone() {
    let api = lenient();
    let of = |from: &str, until: &str| {
        let period = credential(json!({ "validFrom": from, "validUntil": until }));
        api.issue(Suite::EddsaRdfc, &period, json!({}))
    };
    api.verify(&of("2020-01-01T00:00:00Z", "2120-01-01T00:00:00Z"));
    api.refuses_as(&of("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"), "credential-expired");
    api.refuses_as(&of("2119-01-01T00:00:00Z", "2120-01-01T00:00:00Z"), "credential-not-yet-valid");
}

// §4.10
takes! {
    s4_10_a_status_without_an_id: defining("CredentialStatusList2017", json!({
        "credentialStatus": { "type": "CredentialStatusList2017" },
    }));
}
rejects! {
    s4_10_a_status_with_several_ids: defining("CredentialStatusList2017", json!({
        "credentialStatus": {
            "id": ["did:example:status:1", "did:example:status:2"], "type": "CredentialStatusList2017",
        },
    }));
    s4_10_a_status_whose_id_is_no_url: defining("CredentialStatusList2017", json!({
        "credentialStatus": {
            "id": "https ://not-a-url/statusList/4", "type": "CredentialStatusList2017",
        },
    }));
    s4_10_a_status_whose_type_is_a_number: credential(json!({
        "credentialStatus": { "id": "did:example:status", "type": 2 },
    }));
}

// §4.11
const SCHEMA: &str = "https://example.org/#ExampleTestSuiteSchema";
takes! {
    s4_11_one_schema: credential(json!({
        "credentialSchema": { "type": SCHEMA, "id": "did:example:schemas/1" },
    }));
    s4_11_several_schemas: credential(json!({
        "credentialSchema": [
            { "type": SCHEMA, "id": "did:example:schemas/1" },
            { "type": SCHEMA, "id": "did:example:schemas/2" },
        ],
    }));
}
rejects! {
    s4_11_a_schema_without_an_id: credential(json!({ "credentialSchema": { "type": SCHEMA } }));
    s4_11_a_schema_whose_id_is_no_url: credential(json!({
        "credentialSchema": { "type": SCHEMA, "id": "https ://not-a-url.org/1" },
    }));
}

// §5.2, §5.3
const DRAFT_SRI: &str = "sha384-NSOcNpmdIVUxIJGvGUoe22FjTWrXiaXlsZ8q6912LdnR3KraQO2n75Ica4wK4Qeg";
const PUBLISHED_SRI: &str =
    "sha384-l/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU";
const DRAFT_MULTIBASE: &str = "uJKGMkOmFbVJhEfKTduMC2XCyvRAYLjOVmZWwIH1wQ7k";
fn resource(members: Value) -> Value {
    credential(json!({ "relatedResource": members }))
}
takes! {
    s5_3_a_resource_with_a_digest_of_sri: resource(json!({ "id": V2, "digestSRI": DRAFT_SRI }));
    s5_3_a_resource_with_a_digest_in_multibase:
        resource(json!({ "id": V2, "digestMultibase": DRAFT_MULTIBASE }));
    s5_3_a_resource_with_a_media_type: resource(json!([
        { "id": V2, "mediaType": "application/ld+json", "digestSRI": PUBLISHED_SRI },
    ]));
    s5_3_a_resource_that_is_not_known_here: resource(json!([
        { "id": "https://example.com/r", "digestMultibase": "uM4RgWQc3RUDtjJCSgTJtTfvpZ7SPEg_LNO0ESlovQC0" },
    ]));
}
rejects! {
    s5_2_a_context_that_redefines_a_term_of_the_base_context: credential(json!({
        "@context": [V2, { "VerifiableCredential": "https://example.org/#Bad" }],
    }));
    s5_2_a_context_that_redefines_a_protected_term: credential(json!({
        "@context": [
            V2,
            { "@protected": true, "ExampleVerifiableCredential": "https://example.org/#A" },
            { "ExampleVerifiableCredential": "https://example.org/#B" },
        ],
        "type": ["VerifiableCredential", "ExampleVerifiableCredential"],
    }));
    s5_3_resources_as_strings: resource(json!([V2]));
    s5_3_a_resource_without_an_id: resource(json!([{ "digestMultibase": DRAFT_MULTIBASE }]));
    s5_3_two_resources_with_one_id: resource(json!([
        { "id": V2, "digestSRI": DRAFT_SRI }, { "id": V2, "digestMultibase": DRAFT_MULTIBASE },
    ]));
    s5_3_a_resource_without_a_digest: resource(json!([{ "id": V2 }]));
    s5_3_a_wrong_digest_in_multibase: resource(json!([
        { "id": V2, "digestMultibase": "uM4RgWQc3RUDtjJCSgTJtTfvpZ7SPEg_LNO0ESlovQC0" },
    ]));
    s5_3_a_wrong_digest_of_sri: resource(json!([
        { "id": V2, "digestSRI": "sha384-_rCVIV7fSXXTNIvpiq26jRDyj8JG8TDjij-tD0ewLk4JpnXEz6a5AeeY_1qQ0d0P" },
    ]));
}
#[test]
fn s5_3_a_draft_of_the_base_context_is_not_the_published_one() {
    let api = super::api::strict();
    let issue = |digest: &str| {
        let value = resource(json!({ "id": V2, "digestSRI": digest }));
        api.try_issue(Suite::EddsaRdfc, &value, json!({})).status
    };
    assert_eq!((issue(PUBLISHED_SRI), issue(DRAFT_SRI)), (201, 400));
    // At the test suites' server it verifies, and another digest does not.
    let suites = super::api::lenient();
    let fixed = |digest: &str| resource(json!({ "id": V2, "digestSRI": digest }));
    let issued = suites.issue(Suite::EddsaRdfc, &fixed(DRAFT_SRI), json!({}));
    suites.verify(&issued);
    api.refuses_as(&issued, "related-resource-mismatch");
}

// §5.4 – §5.6
const REFRESH: &str = "https://example.org/#ExampleTestSuiteRefreshService";
takes! {
    s5_4_a_refresh_service: credential(json!({
        "refreshService": { "type": REFRESH, "id": "did:example:refresh/1" },
    }));
    s5_4_several_refresh_services: credential(json!({
        "refreshService": [
            { "type": REFRESH, "id": "did:example:refresh/2" },
            { "type": REFRESH, "id": "did:example:refresh/3" },
        ],
    }));
    s5_5_several_terms_of_use: defining("OdrlPolicy2017", json!({
        "termsOfUse": [{ "type": "OdrlPolicy2017" }, { "type": "OdrlPolicy2017" }],
    }));
    s5_5_terms_of_use_with_an_id: defining("OdrlPolicy2017", json!({
        "termsOfUse": { "type": "OdrlPolicy2017", "id": "did:example:terms/1" },
    }));
    s5_6_several_pieces_of_evidence: defining("DocumentVerification2018", json!({
        "evidence": [{ "type": "DocumentVerification2018" }, { "type": "DocumentVerification2018" }],
    }));
}
rejects! {
    s5_5_terms_of_use_with_an_id_and_no_type: credential(json!({
        "termsOfUse": { "id": "did:example:terms/1" },
    }));
}

// §4.12.1: enveloped credentials
fn enveloped() -> Value {
    lenient().issue(Suite::VcJwt, &credential(json!({})), json!({}))
}
#[test]
fn s4_12_an_enveloped_credential_has_a_context_and_verifies() {
    let issued = enveloped();
    assert_eq!(issued["@context"], json!([V2]));
    lenient().verify(&issued);
}
#[test]
fn s4_12_an_enveloped_credential_needs_the_base_context() {
    lenient().refuses(&with(enveloped(), "/@context", json!([])));
    lenient().refuses(&with(enveloped(), "/@context", json!(EXAMPLES)));
}
#[test]
fn s4_12_the_id_of_an_enveloped_credential_is_a_data_url() {
    let issued = enveloped();
    let id = issued["id"].as_str().expect("a URL").to_owned();
    lenient().refuses(&with(issued, "/id", json!(id.rsplit(',').next())));
}
#[test]
fn s4_12_the_type_of_an_enveloped_credential_says_so() {
    let issued = enveloped();
    assert_eq!(issued["type"], "EnvelopedVerifiableCredential");
    lenient().refuses(&without(issued.clone(), "/type"));
    lenient().refuses(&with(issued, "/type", json!("VerifiableCredential")));
}
