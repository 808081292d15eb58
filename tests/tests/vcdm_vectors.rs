//! The base context of VCDM 2.0 as published: what it protects, and the digests that the Recommendation prints for it.

use std::collections::BTreeMap;

use inkan_credential::Credential;
use inkan_credential::integrity::{ResourceOutcome, check_related_resources};
use inkan_credential::model::CONTEXT_V2;
use inkan_tests::{read_json, vectors};
use serde_json::{Value, json};

const EXAMPLES: &str = "https://www.w3.org/ns/credentials/examples/v2";

fn credential(members: &Value) -> Value {
    let mut value = json!({
        "@context": [CONTEXT_V2],
        "type": ["VerifiableCredential"],
        "issuer": "did:example:issuer",
        "credentialSubject": { "id": "did:example:subject" },
    });
    for (name, member) in members.as_object().unwrap() {
        value[name] = member.clone();
    }
    value
}

#[test]
fn every_term_that_the_base_context_protects_everywhere_is_protected_here() {
    let Some(path) = vectors("contexts/credentials-v2.jsonld") else { return };
    let context = read_json(&path);
    let terms = context["@context"].as_object().unwrap();
    assert_eq!(terms["@protected"], true);
    let mut count = 0;
    for term in terms.keys().filter(|term| !term.starts_with('@')) {
        let other = json!({ term.as_str(): "https://example.org/#other" });
        let value = credential(&json!({ "@context": [CONTEXT_V2, other] }));
        let error = Credential::from_value(value).unwrap_err();
        assert_eq!(error.code(), "credential-context-redefines", "{term}");
        count += 1;
    }
    assert_eq!(count, 30);
    // Terms of contexts that come with a type are set by the type again, and not protected before.
    let scoped = terms["VerifiableCredential"]["@context"].as_object().unwrap();
    let free = scoped.keys().filter(|term| !term.starts_with('@') && !terms.contains_key(*term));
    for term in free {
        let other = json!({ term.as_str(): "https://example.org/#other" });
        let value = credential(&json!({ "@context": [CONTEXT_V2, other] }));
        assert!(Credential::from_value(value).is_ok(), "{term}");
    }
}

/// What became of the context file at `url`, if a credential fixes it by `digest`.
fn outcome(url: &str, file: &str, member: &str, digest: &str) -> Option<ResourceOutcome> {
    let path = vectors(&format!("contexts/{file}"))?;
    let resource = json!({ "id": url, member: digest });
    let value = credential(&json!({ "relatedResource": resource }));
    let credential = Credential::from_value(value).unwrap();
    let given = BTreeMap::from([(url.to_owned(), std::fs::read(path).unwrap())]);
    Some(check_related_resources(&credential, &given)[0].1)
}

#[test]
fn the_digests_that_the_recommendation_prints_are_those_of_the_contexts() {
    for (url, file, digest) in [
        (CONTEXT_V2, "credentials-v2.jsonld", "uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNA"),
        (
            EXAMPLES,
            "credentials-examples-v2.jsonld",
            "uEiBXOT-8adbvubm13Jy2uYgLCUQ2Cr_i6vRZyeWM8iedfA",
        ),
    ] {
        let Some(found) = outcome(url, file, "digestMultibase", digest) else { return };
        assert_eq!(found, ResourceOutcome::Checked, "{url}");
    }
    let sri = "sha384-l/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU";
    let found = outcome(CONTEXT_V2, "credentials-v2.jsonld", "digestSRI", sri);
    assert_eq!(found, Some(ResourceOutcome::Checked));
}

#[test]
fn digests_of_anything_else_are_wrong() {
    for (member, digest) in [
        ("digestMultibase", "uM4RgWQc3RUDtjJCSgTJtTfvpZ7SPEg_LNO0ESlovQC0"),
        ("digestMultibase", "uEiBXOT-8adbvubm13Jy2uYgLCUQ2Cr_i6vRZyeWM8iedfA"),
        ("digestSRI", "sha384-_rCVIV7fSXXTNIvpiq26jRDyj8JG8TDjij-tD0ewLk4JpnXEz6a5AeeY_1qQ0d0P"),
    ] {
        let found = outcome(CONTEXT_V2, "credentials-v2.jsonld", member, digest);
        let Some(found) = found else { return };
        assert_eq!(found, ResourceOutcome::Wrong, "{digest}");
    }
}
