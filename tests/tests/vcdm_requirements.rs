//! What the public test suite of VCDM 2.0 asks of issuers and verifiers, statement by statement, with inputs of our own.
//!
//! Each test is named for the section of the Recommendation. What needs JSON-LD processing (a type that no context maps) is asked of
//! the suites that do it.

use std::collections::BTreeMap;

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::integrity::check_related_resources;
use inkan_credential::model::CONTEXT_V2;
use inkan_credential::presentation::{PresentationTerms, present_di};
use inkan_credential::{Credential, Presentation, SecuredCredential, sign};
use inkan_crypto::{KeyType, SecretKey};
use serde_json::{Value, json};

const EXAMPLES: &str = "https://www.w3.org/ns/credentials/examples/v2";

struct Party {
    key: SecretKey,
    did: String,
    method: String,
}

fn party() -> Party {
    let key = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(7));
    let multikey = key.public_key().to_multikey();
    let did = format!("did:key:{multikey}");
    Party { key, method: format!("{did}#{multikey}"), did }
}

fn now() -> Timestamp {
    Timestamp::parse("2026-06-14T09:00:00Z").unwrap()
}

/// The smallest credential, with `change` put over it; a member that is null there is taken away.
fn credential(change: Value) -> Value {
    let base = json!({
        "@context": [CONTEXT_V2],
        "type": ["VerifiableCredential"],
        "issuer": party().did,
        "credentialSubject": { "id": "did:example:subject" },
    });
    changed(base, change)
}

fn changed(mut base: Value, change: Value) -> Value {
    let members = base.as_object_mut().unwrap();
    for (name, member) in change.as_object().unwrap() {
        match member {
            Value::Null => drop(members.remove(name)),
            other => drop(members.insert(name.clone(), other.clone())),
        }
    }
    base
}

fn issued(value: Value) -> Result<SecuredCredential, &'static str> {
    let by = party();
    let id = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2c01";
    sign::issue_di(value, id, &by.method, &by.key, now()).map_err(|error| error.code())
}

#[track_caller]
fn accepted(change: Value) {
    let shown = change.to_string();
    let signed = issued(credential(change)).unwrap_or_else(|code| panic!("{code}: {shown}"));
    let copy = SecuredCredential::parse(signed.to_bare().as_bytes()).unwrap();
    assert_eq!(copy.verify_issuer_proof(&party().key.public_key()), Ok(()), "{shown}");
}

/// Neither an issuer signs it, nor a verifier reads it when somebody else did.
#[track_caller]
fn refused(change: Value, expected: &str) {
    let value = credential(change);
    assert_eq!(issued(value.clone()).map(drop), Err(expected), "{value}");
    let mut signed = issued(credential(json!({}))).unwrap().to_value();
    let proof = signed["proof"].take();
    let read = SecuredCredential::parse_value(changed(value.clone(), json!({ "proof": proof })));
    assert_eq!(read.map(drop).map_err(|error| error.code()), Err(expected), "{value}");
}

/// A member that is there and is null, which [`refused`] cannot say.
#[track_caller]
fn refused_when_null(member: &str, expected: &str) {
    let mut value = credential(json!({}));
    value[member] = Value::Null;
    assert_eq!(issued(value).map(drop), Err(expected), "{member}");
}

fn presentation(credentials: &[SecuredCredential]) -> Presentation {
    let by = party();
    let terms = PresentationTerms {
        holder: &by.did,
        method: &by.method,
        nonce: "n-1",
        audience: "https://verifier.example",
        created: now(),
    };
    present_di(credentials, &terms, &by.key).unwrap()
}

fn presented(change: Value) -> Result<Presentation, &'static str> {
    let plain = issued(credential(json!({}))).unwrap();
    let value = changed(presentation(&[plain]).to_value(), change);
    Presentation::parse_value(value).map_err(|error| error.code())
}

#[test]
fn section_1_3_what_is_no_conforming_document_is_an_error() {
    let other = json!({ "type": ["NonconformingDocument"] });
    assert!(SecuredCredential::parse_value(other.clone()).is_err());
    assert!(Presentation::parse_value(other).is_err());
    assert!(SecuredCredential::parse_value(credential(json!({}))).is_err(), "it is not secured");
}

/// A proof over the text alone: what is within means what the contexts on top make of it.
#[test]
fn section_6_3_objects_within_bring_no_contexts_of_their_own() {
    let subject = |context: Value| json!({ "credentialSubject": { "id": "did:example:a", "@context": context, "name": "A" } });
    accepted(subject(json!(CONTEXT_V2)));
    for context in [
        json!("https://other.example/v1"),
        json!({ "name": "https://other.example/#other" }),
        json!({ "@vocab": "https://other.example/#" }),
        json!([CONTEXT_V2, null]),
    ] {
        refused(subject(context), "credential-context-redefines");
    }
}

#[test]
fn section_4_3_contexts_begin_with_the_base_context() {
    const CODE: &str = "credential-context-invalid";
    let term = json!({ "Own": "https://example.org/#Own" });
    accepted(json!({ "@context": [CONTEXT_V2, EXAMPLES] }));
    accepted(json!({ "@context": [CONTEXT_V2, term], "type": ["VerifiableCredential", "Own"] }));
    refused(json!({ "@context": null }), CODE);
    refused(json!({ "@context": [EXAMPLES] }), CODE);
    refused(json!({ "@context": [EXAMPLES, CONTEXT_V2] }), CODE);
    refused(json!({ "@context": [CONTEXT_V2, "https ://not-a-url/contexts/v1"] }), CODE);
    refused(json!({ "@context": [CONTEXT_V2, 123_192_875] }), CODE);
    assert!(presented(json!({ "@context": [CONTEXT_V2, term] })).is_ok());
    for context in [
        Value::Null,
        json!([EXAMPLES]),
        json!([EXAMPLES, CONTEXT_V2]),
        json!([term, CONTEXT_V2]),
        json!([CONTEXT_V2, "https ://not-a-url/contexts/v1"]),
        json!([CONTEXT_V2, 123_192_875]),
    ] {
        assert_eq!(presented(json!({ "@context": context })).map(drop), Err(CODE), "{context}");
    }
}

#[test]
fn section_4_4_identifiers_are_single_urls() {
    accepted(json!({ "id": "https://example.org/credentials/1" }));
    accepted(json!({ "credentialSubject": { "id": "did:example:subject" } }));
    refused_when_null("id", "credential-id-invalid");
    refused(
        json!({ "id": ["https://example.org/1", "https://example.org/2"] }),
        "credential-id-invalid",
    );
    refused(json!({ "id": "https ://not-a-url/vcs/1" }), "credential-id-invalid");
    let several = json!({ "id": ["did:example:one", "did:example:two"] });
    refused(json!({ "credentialSubject": several }), "credential-subject-invalid");
}

#[test]
fn section_4_5_types_are_terms_and_urls_in_any_order() {
    const CODE: &str = "credential-type-invalid";
    let (one, two) = ("https://example.org/#One", "https://example.org/#Two");
    accepted(json!({ "type": ["VerifiableCredential", one] }));
    accepted(json!({ "type": [one, two, "VerifiableCredential"] }));
    accepted(json!({ "type": [two, "VerifiableCredential", one] }));
    accepted(json!({ "type": "VerifiableCredential" }));
    refused(json!({ "type": null }), CODE);
    refused(json!({ "type": [] }), CODE);
    refused(json!({ "type": ["RelationshipCredential"] }), CODE);
    refused(json!({ "type": ["VerifiableCredential", "https ://not-a-url#One"] }), CODE);
    let mapped = json!({ "Own": "https ://not-a-url#Own" });
    refused(json!({ "@context": [CONTEXT_V2, mapped] }), "credential-context-invalid");
    assert!(presented(json!({ "type": ["VerifiablePresentation", "Own"] })).is_ok());
    for types in [Value::Null, json!([]), json!(["CredentialManagerPresentation"])] {
        assert!(presented(json!({ "type": types })).is_err(), "{types}");
    }
}

#[test]
fn section_4_6_names_and_descriptions_are_texts_or_language_value_objects() {
    let texts = |property: &str, on_issuer: bool, text: Value| {
        let member = json!({ property: text });
        if on_issuer {
            json!({ "issuer": changed(json!({ "id": party().did }), member) })
        } else {
            member
        }
    };
    let several = json!([
        { "@value": "Dog", "@language": "en" },
        { "@value": "Chien", "@language": "fr" },
        { "@value": "Cane", "@language": "it" },
    ]);
    for property in ["name", "description"] {
        for on_issuer in [false, true] {
            for good in [
                json!("Dog"),
                json!({ "@value": "Dog", "@language": "en" }),
                json!({ "@value": "Dog", "@language": "en", "@direction": "ltr" }),
                several.clone(),
            ] {
                accepted(texts(property, on_issuer, good));
            }
            let extra = json!({ "@value": "Dog", "@language": "en", "url": "did:example:dog" });
            let code =
                if on_issuer { "credential-issuer-invalid" } else { "credential-property-invalid" };
            refused(texts(property, on_issuer, extra), code);
        }
    }
}

#[test]
fn section_4_7_the_issuer_is_a_url_or_an_object_with_one() {
    const CODE: &str = "credential-issuer-invalid";
    accepted(json!({ "issuer": { "id": party().did } }));
    refused(json!({ "issuer": null }), CODE);
    refused_when_null("issuer", CODE);
    refused(json!({ "issuer": "fake-issuer" }), CODE);
    refused(json!({ "issuer": { "id": "fake-issuer" } }), CODE);
    refused(json!({ "issuer": { "id": Value::Null } }), CODE);
    refused(json!({ "issuer": {} }), CODE);
    accepted(
        json!({ "issuer": { "id": party().did, "type": ["Person", "https://a.example/Club"] } }),
    );
    for wrong in [json!(7), json!("two words"), json!(null), json!(["Person", 7]), json!({})] {
        refused(json!({ "issuer": { "id": party().did, "type": wrong } }), CODE);
        let subject = json!({ "id": "did:example:subject", "type": wrong });
        refused(json!({ "credentialSubject": subject }), "credential-subject-invalid");
    }
}

#[test]
fn section_4_8_every_subject_is_the_subject_of_a_claim() {
    const CODE: &str = "credential-subject-invalid";
    accepted(json!({ "credentialSubject": [{ "id": "did:a:1" }, { "id": "did:a:2" }] }));
    refused(json!({ "credentialSubject": null }), CODE);
    refused(json!({ "credentialSubject": {} }), CODE);
    refused(json!({ "credentialSubject": [] }), CODE);
    refused(json!({ "credentialSubject": [{ "id": "did:a:1" }, {} ] }), CODE);
}

#[test]
fn section_4_9_validity_is_made_of_date_time_stamps_in_order() {
    const CODE: &str = "credential-date-invalid";
    accepted(json!({ "validFrom": "2023-02-26T01:02:58.447Z" }));
    accepted(json!({ "validFrom": "2023-02-25T19:10:39-06:00" }));
    accepted(json!({ "validFrom": "4023-02-26T01:02:58.447Z" }));
    accepted(json!({ "validUntil": "2023-02-26T01:20:18.477Z" }));
    accepted(json!({
        "validFrom": "2023-02-26T01:21:23Z", "validUntil": "2023-02-25T19:21:29-06:00",
    }));
    accepted(json!({ "validFrom": "2023-02-26T01:21:23Z", "validUntil": "2023-02-26T01:21:23Z" }));
    refused(json!({ "validFrom": "Sat 25 Feb 2023 07:16:31 PM CST" }), CODE);
    refused(json!({ "validUntil": "Sun, 26 Feb 2023 01:22:14 +0000" }), CODE);
    let reversed =
        json!({ "validFrom": "2023-02-26T01:21:24Z", "validUntil": "2023-02-25T19:21:23-06:00" });
    refused(reversed, "credential-validity-reversed");
}

#[test]
fn section_4_10_a_status_has_a_type_and_at_most_one_id() {
    const CODE: &str = "credential-status-entry-invalid";
    let status = |entry: Value| json!({ "credentialStatus": entry });
    accepted(status(json!({ "id": "did:example:status", "type": "OtherStatus" })));
    accepted(status(json!({ "type": "OtherStatus" })));
    refused(status(json!({ "id": "did:example:status" })), CODE);
    refused(status(json!({ "id": "did:example:status", "type": 2 })), CODE);
    refused(status(json!({ "id": ["did:a:1", "did:a:2"], "type": "OtherStatus" })), CODE);
    refused(status(json!({ "id": "https ://not-a-url/4", "type": "OtherStatus" })), CODE);
}

#[test]
fn section_4_11_a_schema_has_a_type_and_a_url() {
    const CODE: &str = "credential-schema-entry-invalid";
    let schema = |entry: Value| json!({ "credentialSchema": entry });
    let kind = "https://example.org/#OtherSchema";
    accepted(schema(json!({ "id": "did:example:schemas", "type": kind })));
    accepted(schema(json!([{ "id": "urn:a", "type": kind }, { "id": "urn:b", "type": "Own" }])));
    refused(schema(json!({ "id": "did:example:schemas" })), CODE);
    refused(schema(json!({ "type": kind })), CODE);
    refused(schema(json!({ "id": "https ://not-a-url.org/1", "type": kind })), CODE);
}

#[test]
fn section_4_13_presentations_hold_objects_and_name_their_holder_by_a_url() {
    const CODE: &str = "presentation-malformed";
    let plain = issued(credential(json!({}))).unwrap();
    for credentials in [&[][..], std::slice::from_ref(&plain), &[plain.clone(), plain.clone()]] {
        let copy = Presentation::parse_value(presentation(credentials).to_value()).unwrap();
        assert_eq!(copy.credentials().len(), credentials.len());
        assert_eq!(copy.verify_proof(&party().key.public_key()), Ok(()));
        let mut forged = copy.to_value();
        forged["proof"]["proofValue"] = json!("z5nmMBw2u9TGKd9NxxHJtyZKgjN2Eh");
        let forged = Presentation::parse_value(forged).unwrap();
        assert!(forged.verify_proof(&party().key.public_key()).is_err());
    }
    let id = "urn:uuid:9c9a36f8-518f-4976-a934-6649502d0008";
    assert!(presented(json!({ "id": id })).is_ok());
    assert!(presented(json!({ "holder": { "id": party().did } })).is_ok());
    for (change, expected) in [
        (json!({ "id": "no url" }), CODE),
        (json!({ "holder": "z6MkpJySvETLnxhQG9DzEdmKJtysBDjuuTeDfUj1uNNCUqcj" }), CODE),
        (json!({ "holder": { "id": "z6MkpJySvETLnxhQG9DzEdmKJtysBDjuuTeDfUj1" } }), CODE),
        (json!({ "holder": { "name": "Acme" } }), CODE),
        (json!({ "verifiableCredential": ["eyJhbGciOiJFUzI1NiJ9.e30.AAAA"] }), CODE),
        (json!({ "verifiableCredential": [7] }), CODE),
        (json!({ "verifiableCredential": ["https://example.org/1"] }), CODE),
        (
            json!({ "verifiableCredential": [credential(json!({ "type": [] }))] }),
            "credential-type-invalid",
        ),
    ] {
        assert_eq!(presented(change.clone()).map(drop), Err(expected), "{change}");
    }
}

#[test]
fn section_4_13_envelopes_have_the_base_context_their_type_and_a_data_url() {
    let by = party();
    let good = sign::issue_jose(credential(json!({})), &by.method, &by.key).unwrap().to_value();
    let read = |change: Value| {
        let value = changed(good.clone(), change);
        let read = SecuredCredential::parse_value(value.clone());
        // As it stands in a presentation.
        let inside = presented(json!({ "verifiableCredential": [value] }));
        assert_eq!(read.is_ok(), inside.is_ok());
        read.is_ok()
    };
    assert!(read(json!({})));
    assert!(read(json!({ "@context": CONTEXT_V2 })));
    let (_, compact) = good["id"].as_str().unwrap().split_once(',').unwrap();
    for change in [
        json!({ "@context": [] }),
        json!({ "@context": EXAMPLES }),
        json!({ "@context": null }),
        json!({ "id": compact }),
        json!({ "id": null }),
        json!({ "type": null }),
        json!({ "type": "VerifiableCredential" }),
    ] {
        assert!(!read(change.clone()), "{change}");
    }
}

#[test]
fn section_5_2_no_context_redefines_a_protected_term() {
    const CODE: &str = "credential-context-redefines";
    let base = json!({ "VerifiableCredential": "https://example.org/#Bad" });
    refused(json!({ "@context": [CONTEXT_V2, base] }), CODE);
    let first = json!({ "@protected": true, "Own": "https://example.org/#Own" });
    let second = json!({ "Own": "https://example.org/#Other" });
    refused(json!({ "@context": [CONTEXT_V2, first, second] }), CODE);
}

#[test]
fn section_5_3_related_resources_have_a_url_of_their_own_and_a_digest_that_holds() {
    const CODE: &str = "credential-property-invalid";
    let (id, bytes) = ("https://example.org/resource", b"resource".to_vec());
    let sri =
        format!("sha384-{}", inkan_core::encoding::b64(&inkan_core::digest::sha384(&[&bytes])));
    let digest = inkan_core::sha256(&[&bytes]);
    let multibase = format!("u{}", digest.to_b64u());
    let related = |resources: Value| json!({ "relatedResource": resources });
    accepted(related(json!({ "id": id, "digestSRI": sri })));
    accepted(related(json!({ "id": id, "digestMultibase": multibase })));
    accepted(related(json!([{ "id": id, "mediaType": "application/ld+json", "digestSRI": sri }])));
    refused(related(json!([id])), CODE);
    refused(related(json!([{ "digestMultibase": multibase }])), CODE);
    refused(related(json!([{ "id": id }])), CODE);
    let twice = json!([{ "id": id, "digestSRI": sri }, { "id": id, "digestMultibase": multibase }]);
    refused(related(twice), CODE);
    let check = |resource: Value, bytes: &[u8]| {
        let credential = Credential::from_value(credential(related(resource))).unwrap();
        let given = BTreeMap::from([(id.to_owned(), bytes.to_vec())]);
        check_related_resources(&credential, &given)[0].1.code()
    };
    for resource in
        [json!({ "id": id, "digestSRI": sri }), json!({ "id": id, "digestMultibase": multibase })]
    {
        assert_eq!(check(resource.clone(), &bytes), None, "{resource}");
        assert_eq!(check(resource, b"another"), Some("related-resource-mismatch"));
    }
}

#[test]
fn sections_5_4_to_5_6_services_terms_and_evidence_have_types() {
    let kind = "https://example.org/#Kind";
    for (member, code) in [
        ("refreshService", "credential-property-invalid"),
        ("termsOfUse", "credential-property-invalid"),
        ("evidence", "credential-evidence-invalid"),
        ("confidenceMethod", "credential-property-invalid"),
        ("renderMethod", "credential-property-invalid"),
    ] {
        accepted(json!({ member: { "type": kind } }));
        accepted(json!({ member: { "type": kind, "id": "did:example:1" } }));
        accepted(json!({ member: [{ "type": kind }, { "type": "Kind" }] }));
        refused(json!({ member: {} }), code);
        refused(json!({ member: { "id": "did:example:1" } }), code);
        refused(json!({ member: [] }), code);
    }
}
