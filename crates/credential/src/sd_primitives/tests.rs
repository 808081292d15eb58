//! The primitives by themselves: pointers, selection, labels, groups.

use inkan_core::SecretBytes;
use serde_json::json;

use super::*;

fn pointers(texts: &[&str]) -> Vec<JsonPointer> {
    JsonPointer::parse_list(texts).unwrap()
}

fn key() -> SecretBytes {
    SecretBytes::new(vec![7; LABEL_KEY_LENGTH])
}

/// Blank nodes in every place they can stand in: the document, its subjects, inside them, in an array.
fn document() -> Value {
    json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/ns/credentials/undefined-terms/v2",
        ],
        "type": ["VerifiableCredential"],
        "issuer": "did:example:issuer",
        "name": [
            { "@value": "Sails", "@language": "en" },
            { "@value": "Segel", "@language": "de" },
        ],
        "credentialSubject": {
            "type": ["Sailor"],
            "sails": [
                { "size": 5.5, "year": 2023 },
                { "size": 6.1, "year": 2023 },
                { "size": 7, "year": 2020, "maker": { "name": "Ada" } },
            ],
            "boards": [{ "id": "urn:ex:board", "year": 2022 }],
        },
    })
}

#[test]
fn pointers_are_those_of_rfc_6901() {
    for text in ["", "/", "/a/b", "/a~1b/~0", "/sails/0", "//"] {
        assert_eq!(JsonPointer::parse(text).unwrap().to_string(), text);
    }
    let long = format!("/{}", "a".repeat(1_024));
    for text in ["a", "a/b", "/~", "/~2", "/a~", long.as_str()] {
        assert_eq!(JsonPointer::parse(text).unwrap_err().code(), "json-pointer-invalid");
    }
    let many = vec!["/a"; 513];
    assert_eq!(JsonPointer::parse_list(&many).unwrap_err().code(), "json-pointer-invalid");
}

#[test]
fn a_selection_brings_types_and_ids_and_keeps_the_order_of_arrays() {
    let selected = select(
        &document(),
        &pointers(&["/credentialSubject/sails/2/maker/name", "/credentialSubject/sails/0/size"]),
    );
    let expected = json!({
        "@context": document()["@context"],
        "type": ["VerifiableCredential"],
        "credentialSubject": {
            "type": ["Sailor"],
            "sails": [{ "size": 5.5 }, { "maker": { "name": "Ada" } }],
        },
    });
    assert_eq!(selected.unwrap(), Some(expected));
    let board = select(&document(), &pointers(&["/credentialSubject/boards/0/year"])).unwrap();
    assert_eq!(board.unwrap()["credentialSubject"]["boards"][0]["id"], "urn:ex:board");
    assert_eq!(select(&document(), &[]).unwrap(), None);
    assert_eq!(select(&document(), &pointers(&[""])).unwrap(), Some(document()));
}

#[test]
fn a_part_of_what_is_selected_whole_changes_nothing() {
    let whole = select(&document(), &pointers(&["/credentialSubject"])).unwrap();
    for lists in [
        ["/credentialSubject", "/credentialSubject/sails/1"],
        ["/credentialSubject/sails/1", "/credentialSubject"],
    ] {
        assert_eq!(select(&document(), &pointers(&lists)).unwrap(), whole);
    }
}

#[test]
fn pointers_to_nothing_are_named() {
    for text in [
        "/credentialSubject/age",
        "/credentialSubject/sails/3",
        "/credentialSubject/sails/00",
        "/credentialSubject/sails/-",
        "/credentialSubject/sails/size",
        "/issuer/id",
        "/",
    ] {
        let error = select(&document(), &pointers(&["/issuer", text])).unwrap_err();
        assert_eq!(error, SelectionError::PointerNotFound { pointer: text.to_owned() });
        assert_eq!(error.code(), "json-pointer-not-found");
    }
}

#[test]
fn a_literal_is_selected_whole() {
    let grouped = canonicalize_and_group(
        &document(),
        Contexts::built_in(),
        &Labels::Hmac(&key()),
        [&pointers(&["/name/1/@value"])],
    )
    .unwrap();
    let [group] = &grouped.groups;
    assert!(group.matching.values().any(|line| line.contains("\"Segel\"@de")));
    assert!(!group.matching.values().any(|line| line.contains("Sails")));
}

#[test]
fn every_pointer_selects_statements_of_the_whole_and_nothing_else() {
    let document = document();
    let labels = key();
    let labels = Labels::Hmac(&labels);
    let mut paths = Vec::new();
    collect(&document, String::new(), &mut paths);
    for path in &paths {
        let chosen = pointers(&[path]);
        let grouped =
            canonicalize_and_group(&document, Contexts::built_in(), &labels, [&chosen]).unwrap();
        let [group] = &grouped.groups;
        let both = group.matching.len().checked_add(group.non_matching.len());
        assert_eq!(both, Some(grouped.nquads.len()), "{path}");
        // What a verifier makes of the part alone are the very same lines.
        let part = select(&document, &chosen).unwrap().unwrap();
        let given = grouped.verifier_labels(group).unwrap();
        let lines = canonicalize(&part, Contexts::built_in(), &Labels::Given(&given)).unwrap();
        let matching: Vec<String> = group.matching.values().cloned().collect();
        assert_eq!(lines, matching, "{path}");
    }
    assert!(paths.len() > 25);
}

/// A pointer to every place.
fn collect(value: &Value, path: String, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| *name != "@context") {
                collect(member, format!("{path}/{name}"), out);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{path}/{index}"), out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    out.push(path);
}

#[test]
fn labels_are_keyed_and_shuffled() {
    let document = document();
    let lines =
        |labels: &Labels<'_>| canonicalize(&document, Contexts::built_in(), labels).unwrap();
    let (one, other) = (key(), SecretBytes::new(vec![8; LABEL_KEY_LENGTH]));
    assert_eq!(lines(&Labels::Hmac(&one)), lines(&Labels::Hmac(&one)));
    assert_ne!(lines(&Labels::Hmac(&one)), lines(&Labels::Hmac(&other)));
    let shuffled = lines(&Labels::Shuffled(&one)).concat();
    // The document, its subject, three sails, a maker.
    for number in 0..6 {
        assert!(shuffled.contains(&format!("_:b{number} ")));
    }
    assert!(!shuffled.contains("_:b6 ") && !shuffled.contains("c14n"));
}

#[test]
fn labels_that_are_missing_superfluous_or_equal_are_refused() {
    let document = document();
    let label = |number: usize| (format!("c14n{number}"), format!("x{number}"));
    let code = |map: &BTreeMap<String, String>| {
        canonicalize(&document, Contexts::built_in(), &Labels::Given(map)).map_err(|e| e.code())
    };
    let right: BTreeMap<String, String> = (0..6).map(label).collect();
    assert!(code(&right).is_ok());
    let mismatch = Err("disclosure-labels-mismatch");
    assert_eq!(code(&(0..5).map(label).collect()).map(drop), mismatch);
    assert_eq!(code(&(0..7).map(label).collect()).map(drop), mismatch);
    assert_eq!(code(&(1..7).map(label).collect()).map(drop), mismatch);
    let mut equal = right;
    equal.insert("c14n0".to_owned(), "x1".to_owned());
    assert_eq!(code(&equal).map(drop), mismatch);
}

#[test]
fn a_document_with_names_like_ours_is_refused() {
    for id in ["urn:bnid:b0", "urn:bnid:_x"] {
        let mut document = document();
        document["credentialSubject"]["id"] = json!(id);
        let outcome = canonicalize_and_group(
            &document,
            Contexts::built_in(),
            &Labels::Hmac(&key()),
            [&[][..]],
        );
        assert_eq!(outcome.unwrap_err().code(), "jsonld-value-dropped");
    }
}

#[test]
fn the_shape_of_indexes_is_relative() {
    let set = |items: &[usize]| items.iter().copied().collect::<BTreeSet<usize>>();
    assert_eq!(relative_indexes(&set(&[0, 3, 5, 9]), &set(&[3, 9, 11])), [1, 3]);
    assert_eq!(relative_indexes(&set(&[]), &set(&[3])), [0_usize; 0]);
}

/// Lists, graphs and nodes that are found by a key, none of which has a place for a name of its own.
fn contexts_with_containers() -> Contexts {
    let text = json!({ "@context": {
        "id": "@id",
        "type": "@type",
        "value": "urn:ex:value",
        "other": "urn:ex:other",
        "list": { "@id": "urn:ex:list", "@container": "@list" },
        "graph": { "@id": "urn:ex:graph", "@container": "@graph" },
        "byIndex": { "@id": "urn:ex:index", "@container": "@index", "@index": "urn:ex:key" },
        "byId": { "@id": "urn:ex:id", "@container": "@id" },
        "literal": { "@id": "urn:ex:json", "@type": "@json" },
    }})
    .to_string();
    let sha256 = inkan_core::sha256(&[text.as_bytes()]);
    let url = "urn:ex:context";
    Contexts::with_pinned(&[crate::rdfc::PinnedContext { url, sha256, bytes: text.as_bytes() }])
        .unwrap()
}

fn code_of(document: &Value, pointer: &str) -> Result<usize, &'static str> {
    let contexts = contexts_with_containers();
    let (labels, chosen) = (key(), pointers(&[pointer]));
    let labels = Labels::Hmac(&labels);
    let grouped =
        canonicalize_and_group(document, &contexts, &labels, [&chosen]).map_err(|e| e.code())?;
    let [group] = &grouped.groups;
    let part = select(document, &chosen).unwrap().unwrap();
    let given = grouped.verifier_labels(group).unwrap();
    let lines = canonicalize(&part, &contexts, &Labels::Given(&given)).unwrap();
    assert!(lines.iter().eq(group.matching.values()), "{pointer}");
    Ok(lines.len())
}

#[test]
fn lists_are_shown_whole_or_not_at_all() {
    let document = json!({
        "@context": "urn:ex:context",
        "value": 1,
        "list": ["a", { "value": 2, "list": ["b", "c"] }, "a"],
    });
    assert_eq!(code_of(&document, "/value"), Ok(1));
    assert_eq!(code_of(&document, ""), Ok(14));
    assert_eq!(code_of(&document, "/list"), Ok(13));
    let cut = Err("disclosure-not-separable");
    for pointer in ["/list/0", "/list/2", "/list/1", "/list/1/value", "/list/1/list/0"] {
        assert_eq!(code_of(&document, pointer), cut, "{pointer}");
    }
}

#[test]
fn statements_of_graphs_are_selected_one_by_one() {
    let document = json!({
        "@context": "urn:ex:context",
        "graph": [{ "value": 1, "other": 2 }, { "id": "urn:ex:a", "value": 3 }],
    });
    assert_eq!(code_of(&document, ""), Ok(5));
    assert_eq!(code_of(&document, "/graph/0/value"), Ok(2));
    assert_eq!(code_of(&document, "/graph/1"), Ok(2));
}

#[test]
fn keys_of_maps_come_with_what_they_lead_to() {
    let document = json!({
        "@context": "urn:ex:context",
        "byIndex": { "one": { "value": 1, "other": 2 }, "two": { "value": 3 } },
    });
    assert_eq!(code_of(&document, ""), Ok(7));
    assert_eq!(code_of(&document, "/byIndex/one/value"), Ok(3));
    // A name of ours would take the place of the key that is the name.
    let document = json!({
        "@context": "urn:ex:context",
        "byId": { "urn:ex:a": { "value": 1 } },
    });
    assert_eq!(code_of(&document, ""), Err("jsonld-value-dropped"));
}

#[test]
fn a_json_literal_is_one_value() {
    let document = json!({
        "@context": "urn:ex:context",
        "value": 1,
        "literal": { "a": { "id": "x" }, "b": [1, 2] },
    });
    assert_eq!(code_of(&document, "/literal"), Ok(1));
    assert_eq!(code_of(&document, "/literal/a"), Err("disclosure-not-separable"));
}
