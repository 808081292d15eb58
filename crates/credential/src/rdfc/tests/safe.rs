//! Safe mode: whatever would be left out of the canonical form is refused, each by its code.

use serde_json::{Value, json};

use super::{badge, code};
use crate::rdfc::{Contexts, RdfcError, canonical_nquads};

fn with(pointer: &str, value: Value) -> Value {
    crate::testing::with(badge(), pointer, value)
}

/// The badge with contexts of W3C alone, which leave its claims undefined.
fn without_vocabulary() -> Value {
    with("/@context", json!(["https://www.w3.org/ns/credentials/v2"]))
}

#[test]
fn a_member_that_no_context_defines_is_refused_by_name() {
    let error = canonical_nquads(&without_vocabulary(), Contexts::built_in()).unwrap_err();
    let RdfcError::TermUndefined { term } = error else { panic!("{error}") };
    assert!(["role", "grade"].contains(&term.as_str()), "{term}");
}

#[test]
fn a_type_that_no_context_defines_is_refused() {
    let mut document = without_vocabulary();
    document["credentialSubject"] = json!({ "id": "did:example:holder", "type": "Badge" });
    assert_eq!(code(&document, Contexts::built_in()), "jsonld-iri-relative");
}

#[test]
fn relative_identifiers_are_refused() {
    let cases = [
        ("/id", json!("badge-1")),
        ("/issuer", json!("issuer")),
        ("/issuer", json!({ "id": "../issuer" })),
        ("/credentialSubject/id", json!("")),
        ("/credentialSubject/id", json!("did:example:a b")),
        ("/credentialSubject/id", json!("did:example:<a>")),
    ];
    for (pointer, value) in cases {
        let found = code(&with(pointer, value.clone()), Contexts::built_in());
        assert_eq!(found, "jsonld-iri-relative", "{pointer} {value}");
    }
}

#[test]
fn what_has_no_place_in_rdf_is_refused() {
    let cases = [
        ("/credentialSubject/role", json!([null])),
        ("/credentialSubject/role", json!({ "@value": null })),
        ("/credentialSubject/role", json!({ "@value": "x", "@language": "not a tag" })),
        ("/credentialSubject/id", json!("_:holder")),
        ("/credentialSubject/role", json!({ "id": "_:role" })),
    ];
    for (pointer, value) in cases {
        let found = code(&with(pointer, value.clone()), Contexts::built_in());
        assert_eq!(found, "jsonld-value-dropped", "{pointer} {value}");
    }
    let mut null = badge();
    null["credentialSubject"]["role"] = Value::Null;
    assert_eq!(code(&null, Contexts::built_in()), "jsonld-value-dropped");
    let floating = json!({ "@context": "https://www.w3.org/ns/credentials/v2", "id": "urn:x:y" });
    for document in [json!({}), json!(1), json!(null), floating] {
        assert_eq!(code(&document, Contexts::built_in()), "jsonld-value-dropped", "{document}");
    }
}

#[test]
fn the_direction_of_a_text_is_signed_with_its_language() {
    let said = |value: Value| {
        let rdf = canonical_nquads(&with("/credentialSubject/role", value), Contexts::built_in());
        let rdf = rdf.unwrap();
        let line = rdf.lines().find(|line| line.contains("\"x\"")).unwrap().to_owned();
        line.split("\"x\"").nth(1).unwrap().trim_end_matches(" .").to_owned()
    };
    // JSON-LD 1.1 API, §8.2.2, step 13.
    for (value, expected) in [
        (json!("x"), ""),
        (json!({ "@value": "x", "@language": "ar" }), "@ar"),
        (json!({ "@value": "x", "@direction": "rtl" }), "^^<https://www.w3.org/ns/i18n#_rtl>"),
        (
            json!({ "@value": "x", "@language": "ar-EG", "@direction": "rtl" }),
            "^^<https://www.w3.org/ns/i18n#ar-eg_rtl>",
        ),
        (
            json!({ "@value": "x", "@language": "ar-EG", "@direction": "ltr" }),
            "^^<https://www.w3.org/ns/i18n#ar-eg_ltr>",
        ),
    ] {
        assert_eq!(said(value.clone()), expected, "{value}");
    }
    // It is not said in any other way.
    let typed = json!({ "@value": "x", "@type": "https://www.w3.org/ns/i18n#ar-eg_ltr" });
    let found = code(&with("/credentialSubject/role", typed), Contexts::built_in());
    assert_eq!(found, "jsonld-invalid");
}

#[test]
fn what_breaks_a_rule_of_jsonld_is_refused() {
    let cases = [
        ("/id", json!(1)),
        ("/type", json!({})),
        ("/credentialSubject/role", json!({ "@value": "x", "other": 1 })),
        ("/credentialSubject/role", json!({ "@value": [] })),
    ];
    for (pointer, value) in cases {
        let found = code(&with(pointer, value.clone()), Contexts::built_in());
        assert_eq!(found, "jsonld-invalid", "{pointer} {value}");
    }
}

#[test]
fn what_is_signed_cannot_be_hidden_from_readers_of_the_json() {
    let v2 = "https://www.w3.org/2018/credentials#";
    let mut document = badge();
    document["credentialStatus"] = json!({
        "id": "https://issuer.example/status#7",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": "https://issuer.example/status",
    });
    let signed = canonical_nquads(&document, Contexts::built_in()).unwrap();
    let moved = |from: &str, to: &str| {
        let mut copy = document.clone();
        let (parent, name) = from.rsplit_once('/').unwrap();
        let members = copy.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        let value = members.remove(name).unwrap();
        members.insert(to.to_owned(), value);
        copy
    };
    let iri = format!("{v2}credentialStatus");
    let mut included = document.clone();
    let status = included.as_object_mut().unwrap().remove("credentialStatus").unwrap();
    included["@included"] = json!([{
        "id": document["id"], "type": "VerifiableCredential", "credentialStatus": status,
    }]);
    for copy in [
        moved("/credentialStatus", &iri),
        moved("/credentialSubject/id", "@id"),
        moved("/credentialStatus/type", "@type"),
        included,
    ] {
        // The statements, and so the signature, would be the same.
        assert_eq!(super::loose(&copy, Contexts::built_in()).as_deref(), Ok(signed.as_str()));
        assert_eq!(code(&copy, Contexts::built_in()), "jsonld-invalid", "{copy:#}");
    }
    // A type by its IRI, where there is a shorter name.
    for name in ["https://www.w3.org/ns/credentials/examples#Badge", &format!("{v2}Badge")] {
        let copy = with("/type", json!(["VerifiableCredential", name]));
        let compact = name.starts_with(v2);
        assert_eq!(canonical_nquads(&copy, Contexts::built_in()).is_ok(), compact, "{name}");
    }
    // The credential's own node, described where something refers to it.
    let mut elsewhere = with("/credentialSubject/about", json!({ "id": document["id"] }));
    let plain = canonical_nquads(&elsewhere, Contexts::built_in());
    assert!(plain.is_ok());
    elsewhere.as_object_mut().unwrap().remove("issuer");
    elsewhere["credentialSubject"]["about"] = json!({
        "id": document["id"], "type": "VerifiableCredential", "issuer": "did:example:issuer",
    });
    assert_eq!(super::loose(&elsewhere, Contexts::built_in()), plain);
    assert_eq!(code(&elsewhere, Contexts::built_in()), "jsonld-invalid");
}

/// Refused, although the statements, and so the signature, are those of `signed`.
fn refused_rewriting(signed: &Value, copy: &Value) {
    let statements = canonical_nquads(signed, Contexts::built_in());
    assert!(statements.is_ok(), "{statements:?}");
    assert_eq!(super::loose(copy, Contexts::built_in()), statements, "{copy:#}");
    assert_eq!(code(copy, Contexts::built_in()), "jsonld-invalid", "{copy:#}");
}

#[test]
fn nothing_is_said_twice() {
    let (id, signed) = ("did:example:holder", badge());
    let whole = &signed["credentialSubject"];
    // A subject that is nobody's, since there are two.
    for subjects in [json!([whole, { "id": id }]), json!([{ "id": id }, whole]), json!([whole, id])]
    {
        refused_rewriting(&signed, &with("/credentialSubject", subjects));
    }
    refused_rewriting(&signed, &with("/credentialSubject", json!([whole, whole])));
    refused_rewriting(&signed, &with("/credentialSubject/grade", json!([3, 3])));
    refused_rewriting(&signed, &with("/credentialSubject/role", json!(["engineer", "engineer"])));
    refused_rewriting(&signed, &with("/issuer", json!(["did:example:issuer", signed["issuer"]])));
    let types = json!(["VerifiableCredential", "Badge", "Badge"]);
    refused_rewriting(&signed, &with("/type", types));
    // Several that differ are several, and nodes without a name are never the same.
    for value in [json!(["engineer", "pilot"]), json!([{ "a": 1 }, { "a": 1 }])] {
        let several = with("/credentialSubject/role", value);
        assert!(canonical_nquads(&several, Contexts::built_in()).is_ok(), "{several:#}");
    }
}

#[test]
fn a_node_is_described_in_one_place() {
    let (id, of_issuer) = ("did:example:holder", json!({ "id": "did:example:holder", "grade": 3 }));
    // Self-issued: what is said of the subject cannot move to the issuer.
    let signed = with("/issuer", json!(id));
    let mut moved = with("/issuer", of_issuer.clone());
    moved["credentialSubject"] = json!({ "id": id, "role": "engineer" });
    refused_rewriting(&signed, &moved);
    moved["credentialSubject"] = json!({ "id": id });
    moved["issuer"] = json!({ "id": id, "role": "engineer", "grade": 3 });
    refused_rewriting(&signed, &moved);
    // Nor can one subject become two, nor move below something else that the document names.
    let halves = json!([{ "id": id, "role": "engineer" }, of_issuer]);
    refused_rewriting(&badge(), &with("/credentialSubject", halves));
    let (one, other) = ("did:example:holder", "did:example:spouse");
    let signed = with(
        "/credentialSubject",
        json!([
            { "id": one, "spouse": { "id": other }, "banned": true },
            { "id": other, "spouse": { "id": one }, "role": "engineer" },
        ]),
    );
    let spouse = json!({ "id": other, "spouse": { "id": one }, "role": "engineer" });
    let nested = json!([{ "id": one, "banned": true, "spouse": spouse }, { "id": other }]);
    refused_rewriting(&signed, &with("/credentialSubject", nested));
    // Elsewhere nodes are described where they first are used, once.
    let below = json!({ "id": one, "spouse": { "id": other, "role": "engineer" } });
    assert!(canonical_nquads(&with("/credentialSubject", below), Contexts::built_in()).is_ok());
}

#[test]
fn long_names_used_often_stop_within_the_limit() {
    let long = "a".repeat(64 << 10);
    let types: Vec<String> = (0..2_000).map(|number| format!("a:{number}")).collect();
    let repeated_subject = json!({ "id": format!("urn:{long}"), "type": types });
    let nodes = |count: usize| json!({ long.as_str(): vec![json!({ "a": {} }); count] });
    for subject in [repeated_subject, nodes(2_000), nodes(300)] {
        let document = with("/credentialSubject", subject);
        assert_eq!(code(&document, Contexts::built_in()), "rdf-work-limit");
    }
    assert!(canonical_nquads(&with("/credentialSubject", nodes(2)), Contexts::built_in()).is_ok());
}

#[test]
fn texts_in_a_language_are_covered() {
    let spoken = json!({ "@value": "Abzeichen", "@language": "de" });
    let text = canonical_nquads(&with("/name", spoken), Contexts::built_in()).unwrap();
    assert!(text.contains("\"Abzeichen\"@de"));
}

#[test]
fn terms_of_the_data_model_cannot_be_redefined() {
    let contexts = Contexts::with_pinned(&[]).unwrap().insecure_any_inline();
    let mut document = badge();
    let redefined = json!({ "issuer": "https://club.example/vocab#issuer" });
    document["@context"].as_array_mut().unwrap().push(redefined);
    // The term lives in the scoped context of its type, where no other definition reaches it.
    let text = canonical_nquads(&document, &contexts).unwrap();
    assert!(text.contains("<https://www.w3.org/2018/credentials#issuer> <did:example:issuer>"));
    let redefined = json!({ "name": "https://club.example/vocab#name" });
    document["@context"].as_array_mut().unwrap().push(redefined);
    assert_eq!(code(&document, &contexts), "jsonld-invalid");
}
