//! What must hold for every dataset: names of blank nodes and orders do not matter, statements do.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::loose;
use crate::rdfc::canon::{Hash, canonicalize};
use crate::rdfc::dataset::{Quad, Term};
use crate::rdfc::{Contexts, Work, canonical_nquads};

fn term() -> impl Strategy<Value = Term> {
    prop_oneof![
        3 => (0..5_usize).prop_map(Term::Blank),
        1 => (0..3_u8).prop_map(|name| Term::iri(&format!("urn:ex:{name}"))),
    ]
}

fn object() -> impl Strategy<Value = Term> {
    prop_oneof![3 => term(), 1 => "[a-c\\n\"]{0,2}".prop_map(|text| Term::in_language(&text, "en"))]
}

fn quad() -> impl Strategy<Value = Quad> {
    (term(), 0..2_u8, object(), prop::option::weighted(0.2, term())).prop_map(
        |(subject, predicate, object, graph)| Quad {
            subject,
            predicate: format!("<urn:ex:p{predicate}>").into(),
            object,
            graph,
        },
    )
}

fn text(quads: &[Quad]) -> String {
    let mut quads = quads.to_vec();
    quads.sort();
    quads.dedup();
    canonicalize(&quads, Hash::Sha256, &mut Work::new()).expect("a small dataset").text
}

fn renamed(quads: &[Quad], names: &[usize]) -> Vec<Quad> {
    let rename = |term: &Term| match term {
        Term::Blank(node) => Term::Blank(names[*node]),
        Term::Text(text) => Term::Text(text.clone()),
    };
    quads
        .iter()
        .map(|quad| Quad {
            subject: rename(&quad.subject),
            predicate: quad.predicate.clone(),
            object: rename(&quad.object),
            graph: quad.graph.as_ref().map(rename),
        })
        .collect()
}

/// A node with blank nodes inside, as JSON.
fn node() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        "[a-c]{0,2}".prop_map(Value::from),
        (0..9_u8).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (0..4_u8).prop_map(|node| json!({ "@id": format!("_:n{node}") })),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let items = prop::collection::vec(inner, 1..3);
        prop::collection::vec(("urn:ex:p[a-c]", items), 1..3).prop_map(|members| {
            Value::Object(
                members.into_iter().map(|(name, items)| (name, Value::Array(items))).collect(),
            )
        })
    })
}

/// The same document, with blank nodes of other names and every set in the opposite order.
fn turned(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().rev().map(turned).collect(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .rev()
                .map(|(name, value)| match value.as_str().filter(|_| name == "@id") {
                    Some(id) => (name.clone(), id.replace("_:n", "_:other").into()),
                    None => (name.clone(), turned(value)),
                })
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

proptest! {
    #[test]
    fn names_and_order_do_not_matter(
        quads in prop::collection::vec(quad(), 1..14),
        names in Just((0..5).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let mut other = renamed(&quads, &names);
        other.reverse();
        prop_assert_eq!(text(&quads), text(&other));
    }

    #[test]
    fn a_changed_statement_changes_the_text(
        quads in prop::collection::vec(quad(), 1..14),
        at in any::<prop::sample::Index>(),
    ) {
        let mut changed = quads.clone();
        at.get_mut(&mut changed[..]).object = Term::iri("urn:ex:changed");
        prop_assert_ne!(text(&quads), text(&changed));
        let mut longer = quads.clone();
        longer.push(Quad {
            subject: Term::iri("urn:ex:a"),
            predicate: "<urn:ex:added>".into(),
            object: Term::Blank(0),
            graph: None,
        });
        prop_assert_ne!(text(&quads), text(&longer));
    }

    #[test]
    fn documents_that_say_the_same_have_one_text(value in node()) {
        let document = |value: Value| json!({ "@id": "urn:ex:root", "urn:ex:p": [value] });
        let canonical = |value: &Value| loose(value, Contexts::built_in());
        let (one, other) = (document(value.clone()), document(turned(&value)));
        let one = canonical(&one);
        prop_assert!(one.is_ok(), "{:?}", one);
        prop_assert_eq!(one, canonical(&other));
    }

    #[test]
    fn nothing_that_is_json_makes_it_fail_otherwise(text in "[\\[\\]{}:,\"@a-z0-9. ]{0,60}") {
        if let Ok(value) = serde_json::from_str::<Value>(&text)
            && let Err(error) = canonical_nquads(&value, Contexts::built_in())
        {
            prop_assert!(!error.code().is_empty());
        }
    }
}
