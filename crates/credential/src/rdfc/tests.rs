mod expansion;
mod integrity;
mod nquads;
mod properties;
mod rdf;
mod rdfc10;
mod safe;
pub(crate) mod suite;

use inkan_core::sha256;
use serde_json::{Value, json};

use super::*;

/// A credential with a term that only the last context defines.
fn badge() -> Value {
    json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/ns/credentials/examples/v2",
        ],
        "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        "type": ["VerifiableCredential", "Badge"],
        "issuer": "did:example:issuer",
        "credentialSubject": { "id": "did:example:holder", "role": "engineer", "grade": 3 },
    })
}

fn lines(document: &Value, contexts: &Contexts) -> Vec<String> {
    canonical_nquads(document, contexts).unwrap().lines().map(str::to_owned).collect()
}

/// The canonical form as JSON-LD alone has it, without the rules of safe mode.
fn loose(document: &Value, contexts: &Contexts) -> Result<String, RdfcError> {
    let mut processor = Processor { mode: Mode::Lenient, ..Processor::new(contexts) };
    let nodes = processor.expand_document(document)?;
    let quads = to_rdf::to_rdf(&nodes, Mode::Lenient)?;
    Ok(canon::canonicalize(&quads, Hash::Sha256, &mut processor.work)?.text)
}

fn code(document: &Value, contexts: &Contexts) -> &'static str {
    canonical_nquads(document, contexts).unwrap_err().code()
}

#[test]
fn a_credential_becomes_sorted_statements() {
    let expected = [
        "<did:example:holder> <https://www.w3.org/ns/credentials/examples#grade> \"3\"^^<http://www.w3.org/2001/XMLSchema#integer> .",
        "<did:example:holder> <https://www.w3.org/ns/credentials/examples#role> \"engineer\" .",
        "<urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiableCredential> .",
        "<urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/ns/credentials/examples#Badge> .",
        "<urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33> <https://www.w3.org/2018/credentials#credentialSubject> <did:example:holder> .",
        "<urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33> <https://www.w3.org/2018/credentials#issuer> <did:example:issuer> .",
    ];
    assert_eq!(lines(&badge(), Contexts::built_in()), expected);
}

#[test]
fn every_built_in_context_has_the_hash_it_is_pinned_by_and_is_jsonld() {
    let urls = [
        "https://www.w3.org/2018/credentials/v1",
        "https://www.w3.org/ns/credentials/v2",
        "https://www.w3.org/ns/credentials/examples/v2",
        "https://www.w3.org/ns/credentials/undefined-terms/v2",
        "https://w3id.org/security/data-integrity/v1",
        "https://w3id.org/security/data-integrity/v2",
        "https://w3id.org/security/suites/ed25519-2020/v1",
        "https://www.w3.org/ns/did/v1",
        "https://w3id.org/vdl/v1",
    ];
    for url in urls {
        assert!(Contexts::built_in().get(url).is_some(), "{url}");
        let document = json!({
            "@context": url,
            "@id": "did:example:a",
            "urn:ex:p": { "@id": "did:example:b" },
        });
        let expected = "<did:example:a> <urn:ex:p> <did:example:b> .\n";
        assert_eq!(loose(&document, Contexts::built_in()).as_deref(), Ok(expected));
    }
}

#[test]
fn the_built_in_contexts_say_what_the_published_files_say() {
    let Some(folder) = suite::vectors("contexts") else { return };
    let index = suite::read_json(&folder.join("contexts.json"));
    let mut compared = 0;
    for entry in index["contexts"].as_array().unwrap() {
        let text = suite::read_text(&folder.join(entry["file"].as_str().unwrap()));
        assert_eq!(sha256(&[text.as_bytes()]).to_hex(), entry["sha256"].as_str().unwrap());
        let published: Value = serde_json::from_str(&text).unwrap();
        if let Some(ours) = Contexts::built_in().get(entry["url"].as_str().unwrap()) {
            assert_eq!(**ours, published["@context"], "{}", entry["url"]);
            compared += 1;
        }
    }
    assert_eq!(compared, 9);
}

#[test]
fn a_context_is_pinned_by_the_hash_of_its_bytes() {
    let url = "https://club.example/v1";
    let bytes = br#"{"@context":{"role":"https://club.example/vocab#role"}}"#;
    let mut document = badge();
    document["@context"] = json!(["https://www.w3.org/ns/credentials/v2", url, {
        "@vocab": "https://club.example/other#",
    }]);
    assert_eq!(code(&document, Contexts::built_in()), "jsonld-context-unknown");
    let pinned = PinnedContext { url, sha256: sha256(&[bytes]), bytes };
    let contexts = Contexts::with_pinned(&[pinned]).unwrap();
    // The object beside it is not known either.
    assert_eq!(code(&document, &contexts), "jsonld-context-unknown");
    let contexts = contexts.and_inline(&document["@context"][2]).unwrap();
    let lines = lines(&document, &contexts);
    assert!(lines.iter().any(|line| line.contains("<https://club.example/vocab#role>")));
    assert!(lines.iter().any(|line| line.contains("<https://club.example/other#grade>")));

    let forged = PinnedContext { sha256: sha256(&[b"other"]), ..pinned };
    let error = Contexts::with_pinned(&[forged]).unwrap_err();
    assert_eq!(error.code(), "jsonld-context-mismatch");
    let bytes = b"{}";
    let empty = PinnedContext { url, sha256: sha256(&[bytes]), bytes };
    assert_eq!(Contexts::with_pinned(&[empty]).unwrap_err().code(), "jsonld-invalid");
}

#[test]
fn members_cannot_be_renamed_behind_a_signature() {
    // Two claims swapped, and the context with them: the same statements, so the same signature.
    let vocab = "https://www.w3.org/ns/credentials/examples#";
    let mut swapped = badge();
    swapped["credentialSubject"] =
        json!({ "id": "did:example:holder", "role": 3, "grade": "engineer" });
    let renaming = json!({ "role": format!("{vocab}grade"), "grade": format!("{vocab}role") });
    swapped["@context"].as_array_mut().unwrap().push(renaming);
    assert_eq!(code(&swapped, Contexts::built_in()), "jsonld-context-unknown");
    let careless = Contexts::with_pinned(&[]).unwrap().insecure_any_inline();
    assert_eq!(lines(&swapped, &careless), lines(&badge(), Contexts::built_in()));

    // Nor can the contexts of the data model be taken away in an inner object.
    let mut nullified = badge();
    nullified["credentialSubject"]["@context"] = Value::Null;
    assert_eq!(code(&nullified, Contexts::built_in()), "jsonld-context-unknown");
}

#[test]
fn the_inline_context_of_our_credentials_is_known() {
    let mut document = badge();
    document["@context"] = json!(["https://www.w3.org/ns/credentials/v2", inline_context()]);
    document["ledgerRecord"] = json!({ "log": "ledger.example", "salt": "AAECAwQFBgcICQoLDA0ODw" });
    let lines = lines(&document, Contexts::built_in());
    assert!(lines.iter().any(|line| {
        line.contains("<https://inkan.example/vocab#ledgerRecord>")
            && line
                .contains(r#""{\"log\":\"ledger.example\",\"salt\":\"AAECAwQFBgcICQoLDA0ODw\"}""#)
            && line.contains("#JSON>")
    }));
    assert!(lines.iter().any(|line| line.contains("undefined-term#role> \"engineer\"")));
}

#[test]
fn an_object_that_is_remembered_is_not_taken_for_a_text() {
    let contexts = Contexts::with_pinned(&[]).unwrap();
    let mut document = badge();
    document["@context"] = json!(["https://www.w3.org/ns/credentials/v2", inline_context()]);
    assert!(canonical_nquads(&document, &contexts).is_ok());
    document["@context"][1] = json!(inline_context().to_string());
    assert_eq!(code(&document, &contexts), "jsonld-context-unknown");
}

#[test]
fn what_is_remembered_gives_what_was_found_first() {
    let contexts = Contexts::with_pinned(&[]).unwrap().insecure_any_inline();
    let first = canonical_nquads(&badge(), &contexts).unwrap();
    // More contexts than are remembered, in between.
    for number in 0..600 {
        let mut other = badge();
        let extra = json!({ "grade": format!("https://club.example/{number}#grade") });
        other["@context"].as_array_mut().unwrap().push(extra);
        let text = canonical_nquads(&other, &contexts).unwrap();
        assert!(text.contains(&format!("<https://club.example/{number}#grade>")));
        assert_eq!(canonical_nquads(&badge(), &contexts).unwrap(), first);
    }
    assert_eq!(canonical_nquads(&badge(), Contexts::built_in()).unwrap(), first);
}

#[test]
fn blank_nodes_that_cannot_be_told_apart_stop_within_the_limit() {
    // A clique: every order of its nodes would have to be tried.
    let clique = |count: usize| {
        let nodes = (0..count).map(|node| {
            let others = (0..count).filter(|other| *other != node);
            let knows: Vec<Value> =
                others.map(|other| json!({ "@id": format!("_:n{other}") })).collect();
            json!({ "@id": format!("_:n{node}"), "urn:ex:knows": knows })
        });
        json!({ "@graph": nodes.collect::<Vec<_>>() })
    };
    let verdict = |document: Value| {
        loose(&document, Contexts::built_in()).map(drop).map_err(|error| error.code())
    };
    assert_eq!(verdict(clique(4)), Ok(()));
    assert_eq!(verdict(clique(12)), Err("rdf-work-limit"));
    assert_eq!(verdict(clique(60)), Err("rdf-work-limit"));

    // A ring is followed node by node, as deep as it is long.
    let ring = |count: usize| {
        let nodes = (0..count).map(|node| {
            let next = (node + 1) % count;
            json!({ "@id": format!("_:n{node}"), "urn:ex:next": { "@id": format!("_:n{next}") } })
        });
        json!({ "@graph": nodes.collect::<Vec<_>>() })
    };
    assert_eq!(verdict(ring(16)), Ok(()));
    assert_eq!(verdict(ring(5_000)), Err("rdf-work-limit"));
}

#[test]
fn contexts_that_grow_from_use_to_use_stop_within_the_limit() {
    let contexts = Contexts::with_pinned(&[]).unwrap().insecure_any_inline();
    let mut context = serde_json::Map::new();
    for number in 0..2_000 {
        let scoped = json!({ "@id": format!("urn:ex:{number}"), "@context": { "x": "urn:ex:x" } });
        context.insert(format!("t{number}"), scoped);
    }
    assert_eq!(code(&json!({ "@context": context }), &contexts), "rdf-work-limit");
}

#[test]
fn a_context_wrapped_once_more_is_one_for_test_suites_alone() {
    let inline = json!({ "id": "@id", "term": "urn:ex:term" });
    let document = |context: Value| json!({ "@context": context, "id": "urn:ex:a", "term": "x" });
    let careless = Contexts::with_pinned(&[]).unwrap().insecure_any_inline().insecure_unwrapped();
    let wrapped = document(json!([{ "@context": inline }]));
    assert_eq!(
        canonical_nquads(&wrapped, &careless),
        canonical_nquads(&document(json!([inline])), &careless)
    );
    assert_eq!(canonical_nquads(&wrapped, &careless).map(drop), Ok(()));
    let strict = Contexts::with_pinned(&[]).unwrap().and_inline(&json!({ "@context": inline }));
    assert!(canonical_nquads(&wrapped, &strict.unwrap()).is_err());
    let more = document(json!([{ "@context": inline, "other": "urn:ex:other" }]));
    assert!(canonical_nquads(&more, &careless).is_err());
}
