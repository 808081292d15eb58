//! From the expanded document to quads
//! ([JSON-LD 1.1 API §8](https://www.w3.org/TR/2020/REC-json-ld11-api-20200716/#rdf-serialization-deserialization-algorithms)).
//!
//! In scope: statements, lists, named graphs, literals. Nodes are not merged first: a dataset is a set, so the same
//! statements come out. Out of scope: generalised RDF, and `rdfDirection`, which no credential uses.

use std::collections::BTreeMap;
use std::rc::Rc;

use inkan_core::json;
use serde_json::{Map, Number, Value};

use super::Mode;
use super::dataset::{
    Quad, RDF_FIRST, RDF_JSON, RDF_NIL, RDF_REST, RDF_TYPE, Term, XSD_BOOLEAN, XSD_DOUBLE,
    XSD_INTEGER, XSD_STRING,
};
use super::error::{NOT_COMPACT, RdfcError, broken};
use super::expand::items;
use super::iri;

/// The quads of an expanded document, each once. In safe mode whatever has no place in them is an error.
pub(super) fn to_rdf(nodes: &[Value], mode: Mode) -> Result<Vec<Quad>, RdfcError> {
    let mut writer =
        Writer { quads: Vec::new(), blanks: BTreeMap::new(), next: 0, roots: Vec::new(), mode };
    for node in nodes {
        if let Some(id) = node.get("@id").and_then(Value::as_str) {
            writer.roots.push(id);
        }
    }
    for node in nodes {
        if let Value::Object(members) = node {
            writer.node(members, &Graph::Default, Place::Root)?;
        }
    }
    let mut quads = writer.quads;
    quads.sort_unstable();
    quads.dedup();
    Ok(quads)
}

struct Writer<'a> {
    quads: Vec<Quad>,
    /// Blank nodes that the document names, and their numbers.
    blanks: BTreeMap<String, usize>,
    next: usize,
    /// Names of the nodes that the document is about.
    roots: Vec<&'a str>,
    mode: Mode,
}

/// Where a node stands.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    Root,
    Inner,
}

/// Where statements go.
enum Graph {
    Default,
    Named(Term),
    /// Its name has no place in RDF, and so have its statements.
    Nowhere,
}

impl Writer<'_> {
    /// Any expanded object: the term that stands for it, after its own statements were written. `None` if it has none.
    fn object(&mut self, value: &Value, graph: &Graph) -> Result<Option<Term>, RdfcError> {
        let Value::Object(members) = value else { return Ok(None) };
        if let Some(plain) = members.get("@value") {
            self.literal(members, plain)
        } else if let Some(list) = members.get("@list") {
            self.list(items(list), graph)
        } else {
            self.node(members, graph, Place::Inner)
        }
    }

    fn node(
        &mut self,
        members: &Map<String, Value>,
        graph: &Graph,
        place: Place,
    ) -> Result<Option<Term>, RdfcError> {
        // What is said of the document's own node elsewhere would be signed, and not be found where readers look.
        if self.mode.is_safe()
            && place == Place::Inner
            && members.len() > 1
            && matches!(graph, Graph::Default)
        {
            let id = members.get("@id").and_then(Value::as_str);
            if id.is_some_and(|id| self.roots.contains(&id)) {
                return Err(broken(NOT_COMPACT));
            }
        }
        let subject = match members.get("@id") {
            None => Some(self.fresh()),
            Some(id) => self.named(id.as_str().unwrap_or_default())?,
        };
        for (name, value) in members {
            match name.as_str() {
                "@id" | "@index" => {}
                "@type" => {
                    for kind in items(value) {
                        let kind = self.named(kind.as_str().unwrap_or_default())?;
                        self.state(&subject, RDF_TYPE, kind, graph);
                    }
                }
                "@graph" => {
                    let inner = subject.clone().map_or(Graph::Nowhere, Graph::Named);
                    for item in items(value) {
                        self.object(item, &inner)?;
                    }
                }
                "@included" => {
                    for item in items(value) {
                        self.object(item, graph)?;
                    }
                }
                "@reverse" => self.reverse(value, &subject, graph)?,
                _ => {
                    let usable = self.usable(name)?;
                    for item in items(value) {
                        let object = self.object(item, graph)?;
                        if usable {
                            self.state(&subject, name, object, graph);
                        }
                    }
                }
            }
        }
        Ok(subject)
    }

    fn reverse(
        &mut self,
        value: &Value,
        object: &Option<Term>,
        graph: &Graph,
    ) -> Result<(), RdfcError> {
        let Value::Object(reversed) = value else { return Ok(()) };
        for (name, subjects) in reversed {
            let usable = self.usable(name)?;
            for item in items(subjects) {
                let subject = self.object(item, graph)?;
                if usable {
                    self.state(&subject, name, object.clone(), graph);
                }
            }
        }
        Ok(())
    }

    /// §8.3: a chain of blank nodes.
    fn list(&mut self, list: &[Value], graph: &Graph) -> Result<Option<Term>, RdfcError> {
        let mut rest = Term::iri(RDF_NIL);
        for item in list.iter().rev() {
            let link = self.fresh();
            let subject = Some(link.clone());
            let first = self.object(item, graph)?;
            self.state(&subject, RDF_FIRST, first, graph);
            self.state(&subject, RDF_REST, Some(rest), graph);
            rest = link;
        }
        Ok(Some(rest))
    }

    fn state(
        &mut self,
        subject: &Option<Term>,
        predicate: &str,
        object: Option<Term>,
        graph: &Graph,
    ) {
        let (Some(subject), Some(object)) = (subject, object) else { return };
        let graph = match graph {
            Graph::Default => None,
            Graph::Named(name) => Some(name.clone()),
            Graph::Nowhere => return,
        };
        let predicate: Rc<str> = format!("<{predicate}>").into();
        self.quads.push(Quad { subject: subject.clone(), predicate, object, graph });
    }

    /// §8.2.2, steps 3 to 13.
    fn literal(
        &self,
        members: &Map<String, Value>,
        value: &Value,
    ) -> Result<Option<Term>, RdfcError> {
        let datatype = members.get("@type").and_then(Value::as_str);
        if self.mode.is_safe() && members.contains_key("@direction") {
            return Err(RdfcError::Dropped { what: "@direction" });
        }
        if datatype == Some("@json") {
            let canonical = json::canonicalize(value).ok();
            let text = canonical.and_then(|bytes| String::from_utf8(bytes).ok());
            let text = text.ok_or_else(|| broken("invalid JSON literal"))?;
            return Ok(Some(Term::typed(&text, RDF_JSON)));
        }
        if let Some(datatype) = datatype.filter(|datatype| !iri::is_well_formed(datatype)) {
            return self.relative(datatype);
        }
        Ok(match value {
            Value::String(text) => {
                match (members.get("@language").and_then(Value::as_str), datatype) {
                    (Some(language), _) if is_language(language) => {
                        Some(Term::in_language(text, language))
                    }
                    (Some(_), _) if self.mode.is_safe() => {
                        return Err(RdfcError::Dropped { what: "a malformed language tag" });
                    }
                    (Some(_), _) => None,
                    (None, datatype) => Some(Term::typed(text, datatype.unwrap_or(XSD_STRING))),
                }
            }
            Value::Bool(value) => {
                let text = if *value { "true" } else { "false" };
                Some(Term::typed(text, datatype.unwrap_or(XSD_BOOLEAN)))
            }
            Value::Number(number) => {
                let (text, own) = number_text(number, datatype);
                Some(Term::typed(&text, datatype.unwrap_or(own)))
            }
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        })
    }

    /// The term of an `@id` or `@type`: a blank node or an IRI.
    fn named(&mut self, name: &str) -> Result<Option<Term>, RdfcError> {
        if let Some(label) = name.strip_prefix("_:") {
            if self.mode.is_safe() {
                return Err(RdfcError::Dropped { what: "the label of a blank node" });
            }
            if let Some(number) = self.blanks.get(label) {
                return Ok(Some(Term::Blank(*number)));
            }
            let Term::Blank(number) = self.fresh() else { return Ok(None) };
            self.blanks.insert(label.to_owned(), number);
            return Ok(Some(Term::Blank(number)));
        }
        if iri::is_well_formed(name) { Ok(Some(Term::iri(name))) } else { self.relative(name) }
    }

    /// Whether a property can be a predicate.
    fn usable(&self, name: &str) -> Result<bool, RdfcError> {
        if name.starts_with("_:") {
            let error = RdfcError::Dropped { what: "a property that is a blank node" };
            return if self.mode.is_safe() { Err(error) } else { Ok(false) };
        }
        Ok(iri::is_well_formed(name) || self.relative(name)?.is_some())
    }

    fn relative(&self, name: &str) -> Result<Option<Term>, RdfcError> {
        if self.mode.is_safe() {
            Err(RdfcError::IriRelative { iri: name.to_owned() })
        } else {
            Ok(None)
        }
    }

    fn fresh(&mut self) -> Term {
        let number = self.next;
        self.next = number.saturating_add(1);
        Term::Blank(number)
    }
}

/// A number as RDF writes it, and its datatype (§8.2.2, steps 10 and 11).
fn number_text(number: &Number, datatype: Option<&str>) -> (String, &'static str) {
    let double = datatype == Some(XSD_DOUBLE);
    if !double && (number.is_i64() || number.is_u64()) {
        return (number.to_string(), XSD_INTEGER);
    }
    let value = number.as_f64().unwrap_or_default();
    if !double && value.fract() == 0.0 && value.abs() < 1e21 {
        // Minus zero is zero.
        return (format!("{:.0}", value + 0.0), XSD_INTEGER);
    }
    let text = format!("{:.15e}", value + 0.0);
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.trim_end_matches('0');
    let zero = if digits.ends_with('.') { "0" } else { "" };
    (format!("{digits}{zero}E{exponent}"), XSD_DOUBLE)
}

/// Whether a text has the form of a language tag (RFC 5646 §2.1, as far as N-Quads asks).
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let fits = |part: &str| (1..=8).contains(&part.len());
    parts.next().is_some_and(|first| fits(first) && first.bytes().all(|c| c.is_ascii_alphabetic()))
        && parts.all(|part| fits(part) && part.bytes().all(|c| c.is_ascii_alphanumeric()))
}
