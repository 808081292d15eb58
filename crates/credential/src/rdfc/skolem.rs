//! Names for nodes without one, so that the same node is known again in a part of the document
//! ([vc-di-ecdsa §3.4](https://www.w3.org/TR/2025/REC-vc-di-ecdsa-20250515/#selective-disclosure-functions),
//! `skolemizeCompactJsonLd` and `toDeskolemizedNQuads`).
//!
//! In scope: the document with names, the statements of it and of its parts, with blank nodes again, that carry the same
//! number in all of them. Out of scope: which part (`sd_primitives`), and what blank nodes are called in the end.

use std::collections::BTreeMap;
use std::rc::Rc;

use inkan_core::{json, sha256};
use serde_json::Value;

use super::canon::{self, Hash};
use super::dataset::{Quad, Term};
use super::error::RdfcError;
use super::{Contexts, Naming, Processor, to_rdf};

/// How the names begin. A document that uses such names itself is refused, since they would be lost.
const PREFIX: &str = "urn:bnid:";

/// The statements of a document or of a part of one.
#[derive(Clone, Debug)]
pub(crate) struct Dataset(Vec<Quad>);

impl Dataset {
    /// The statements of a document.
    pub(crate) fn read(document: &Value, contexts: &Contexts) -> Result<Self, RdfcError> {
        let mut processor = Processor::new(contexts);
        let nodes = processor.expand_document(document)?;
        to_rdf::to_rdf(&nodes, processor.mode).map(Self)
    }

    /// The canonical label (`c14n0`, `c14n1`, …) of each blank node, by the node's number.
    pub(crate) fn canonical_labels(&self) -> Result<BTreeMap<usize, String>, RdfcError> {
        Ok(self.canonicalize()?.labels.into_iter().collect())
    }

    fn canonicalize(&self) -> Result<canon::Canonical, RdfcError> {
        canon::canonicalize(&self.0, Hash::Sha256, &mut super::Work::new())
    }

    /// The statements as sorted lines of N-Quads, blank nodes under the given labels. `None` if one has no label.
    pub(crate) fn lines(&self, labels: &BTreeMap<usize, String>) -> Option<Vec<String>> {
        let mut lines = Vec::with_capacity(self.0.len());
        let mut complete = true;
        for quad in &self.0 {
            let mut line = String::with_capacity(160);
            quad.write(&mut line, &mut |out, node| match labels.get(&node) {
                Some(label) => out.push_str(label),
                None => complete = false,
            });
            lines.push(line);
        }
        lines.sort_unstable();
        complete.then_some(lines)
    }
}

/// A document in which every node has a name.
#[derive(Debug)]
pub(crate) struct Skolemized {
    document: Value,
    dataset: Dataset,
    labels: BTreeMap<usize, String>,
    numbers: BTreeMap<Rc<str>, usize>,
}

impl Skolemized {
    /// Gives the nodes of a document names.
    pub(crate) fn new(document: &Value, contexts: &Contexts) -> Result<Self, RdfcError> {
        let mut processor = Processor::new(contexts);
        processor.naming = Naming::Noted(BTreeMap::new());
        let nodes = processor.expand_document(document)?;
        let plain = Dataset(to_rdf::to_rdf(&nodes, processor.mode)?);
        if plain.0.iter().any(|quad| quad.places().any(|(_, term)| own_name(term).is_some())) {
            return Err(RdfcError::Dropped { what: "an identifier that begins with urn:bnid:" });
        }
        let mut unnamed = match processor.naming {
            Naming::Noted(noted) => noted,
            Naming::Absent | Naming::Given => BTreeMap::new(),
        };
        let document = with_names(document, &mut unnamed, &mut 0);
        let mut numbers = BTreeMap::new();
        let dataset = read_named(&document, contexts, |name| {
            let next = numbers.len();
            Some(*numbers.entry(Rc::clone(name)).or_insert(next))
        })?;
        let dataset = dataset.unwrap_or(Dataset(Vec::new()));
        let canonical = plain.canonicalize()?;
        let named = dataset.canonicalize()?;
        // Names must say nothing: without them these are the same statements.
        if !unnamed.is_empty() || canonical.text != named.text {
            return Err(RdfcError::Dropped { what: "a node that cannot be given a name" });
        }
        Ok(Self { document, dataset, labels: named.labels.into_iter().collect(), numbers })
    }

    /// The document with names, in compacted form.
    pub(crate) const fn document(&self) -> &Value {
        &self.document
    }

    /// Its statements.
    pub(crate) const fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The canonical label of each blank node.
    pub(crate) const fn canonical_labels(&self) -> &BTreeMap<usize, String> {
        &self.labels
    }

    /// The statements of a part of [`Self::document`]; blank nodes have the numbers they have in the whole. `None` if one
    /// is not in the whole: it is a link of a list that was cut.
    pub(crate) fn part(
        &self,
        part: &Value,
        contexts: &Contexts,
    ) -> Result<Option<Dataset>, RdfcError> {
        read_named(part, contexts, |name| self.numbers.get(name).copied())
    }
}

/// The name of the graph that holds a named node.
pub(super) fn graph_name(node: &str) -> String {
    format!("{PREFIX}g{}", sha256(&[node.as_bytes()]).to_hex())
}

/// The name that links of a list begin with; the list is expanded and its nodes have names.
pub(super) fn list_name(owner: &str, list: &[Value]) -> String {
    let items: Vec<u8> =
        list.iter().flat_map(|item| json::canonicalize(item).unwrap_or_default()).collect();
    format!("{PREFIX}l{}", sha256(&[owner.as_bytes(), b"\n", &items]).to_hex())
}

fn read_named(
    document: &Value,
    contexts: &Contexts,
    mut number: impl FnMut(&Rc<str>) -> Option<usize>,
) -> Result<Option<Dataset>, RdfcError> {
    let mut processor = Processor::new(contexts);
    processor.naming = Naming::Given;
    let nodes = processor.expand_document(document)?;
    let mut quads = to_rdf::to_named_rdf(&nodes)?;
    let mut complete = true;
    for quad in &mut quads {
        let places = [Some(&mut quad.subject), Some(&mut quad.object), quad.graph.as_mut()];
        for term in places.into_iter().flatten() {
            let Some(name) = own_name(term) else { continue };
            match number(name) {
                Some(number) => *term = Term::Blank(number),
                None => complete = false,
            }
        }
    }
    quads.sort_unstable();
    quads.dedup();
    Ok(complete.then_some(Dataset(quads)))
}

/// The written IRI, if it is a name given here.
fn own_name(term: &Term) -> Option<&Rc<str>> {
    match term {
        Term::Text(text) => {
            let iri = text.strip_prefix('<')?;
            iri.starts_with(PREFIX).then_some(text)
        }
        Term::Blank(_) => None,
    }
}

/// A copy of the document in which the objects at the given addresses have a name; each is taken off the list.
fn with_names(
    value: &Value,
    unnamed: &mut BTreeMap<usize, std::sync::Arc<str>>,
    next: &mut usize,
) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        Value::Array(items) => items.iter().map(|item| with_names(item, unnamed, next)).collect(),
        Value::Object(members) => {
            let id = unnamed.remove(&std::ptr::from_ref(members).addr());
            let id = id.map(|term| {
                let name = format!("{PREFIX}b{next}");
                *next = next.saturating_add(1);
                ((*term).to_owned(), Value::from(name))
            });
            let copied = members
                .iter()
                .map(|(name, member)| (name.clone(), with_names(member, unnamed, next)));
            id.into_iter().chain(copied).collect()
        }
    }
}
