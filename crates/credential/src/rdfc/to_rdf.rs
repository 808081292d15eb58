//! From the expanded document to quads
//! ([JSON-LD 1.1 API §8](https://www.w3.org/TR/2020/REC-json-ld11-api-20200716/#rdf-serialization-deserialization-algorithms)).
//!
//! In scope: statements, lists, named graphs, literals. Nodes are not merged first: a dataset is a set, so the same
//! statements come out. What is signed says the direction of a text as a datatype (`rdfDirection` `i18n-datatype`): the
//! suites over RDF leave the option open, without it the direction would be left out, and others' do it so. Out of scope:
//! generalised RDF, and directions as nodes of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use inkan_core::json;
use serde_json::{Map, Number, Value};

use super::dataset::{
    Quad, RDF_FIRST, RDF_JSON, RDF_NIL, RDF_REST, RDF_TYPE, Term, XSD_BOOLEAN, XSD_DOUBLE,
    XSD_INTEGER, XSD_STRING,
};
use super::error::{NOT_COMPACT, REPEATED, RdfcError, broken};
use super::expand::items;
use super::{Mode, Work, iri, skolem};

/// The quads of an expanded document, each once. In safe mode whatever has no place in them is an error.
pub(super) fn to_rdf(nodes: &[Value], mode: Mode) -> Result<Vec<Quad>, RdfcError> {
    write(nodes, mode, None)
}

/// As [`to_rdf`] in safe mode; the links of lists get names too, which are the same whenever the same list of the same
/// node is written.
pub(super) fn to_named_rdf(nodes: &[Value]) -> Result<Vec<Quad>, RdfcError> {
    write(nodes, Mode::Safe, Some(String::new()))
}

fn write(nodes: &[Value], mode: Mode, owner: Option<String>) -> Result<Vec<Quad>, RdfcError> {
    let mut writer = Writer {
        quads: Vec::new(),
        blanks: BTreeMap::new(),
        next: 0,
        homes: homes(nodes),
        described: BTreeSet::new(),
        work: Work::new(),
        mode,
        owner,
    };
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
    /// Where readers of the JSON look for the descriptions of nodes.
    homes: BTreeMap<&'a str, Place>,
    /// Nodes by graph and name that were described.
    described: BTreeSet<(Option<Term>, Term)>,
    /// Only the size of what is written is counted here.
    work: Work,
    mode: Mode,
    /// What the next list belongs to, if links of lists get names.
    owner: Option<String>,
}

/// Where a node stands: the later in this order, the sooner a reader looks there.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Place {
    Inner,
    /// It is the value of a member of the document's own node.
    Member,
    /// It is a subject of the credential that the document is.
    Subject,
    /// It is the document's own node.
    Root,
}

impl Place {
    /// Of the values of a property of a node that stands here.
    fn below(self, property: &str) -> Self {
        match (self, property) {
            (Self::Root, CREDENTIAL_SUBJECT) => Self::Subject,
            (Self::Root, _) => Self::Member,
            (Self::Inner | Self::Member | Self::Subject, _) => Self::Inner,
        }
    }
}

/// Datatypes that stand for a language and a direction ([JSON-LD 1.1 §10.1](https://www.w3.org/TR/2020/REC-json-ld11-20200716/#the-i18n-namespace)).
const I18N: &str = "https://www.w3.org/ns/i18n#";
const CREDENTIAL_SUBJECT: &str = "https://www.w3.org/2018/credentials#credentialSubject";

/// Names of the nodes that the document is about, or that it names in its own members, each with the place where it may be
/// described.
fn homes(nodes: &[Value]) -> BTreeMap<&str, Place> {
    let mut homes = BTreeMap::new();
    let mut lives = |value, place: Place| {
        if let Some(id) = name_of(value) {
            let home = homes.entry(id).or_insert(place);
            *home = place.max(*home);
        }
    };
    for node in nodes {
        lives(node, Place::Root);
        for (property, values) in node.as_object().into_iter().flatten() {
            for value in items(values) {
                let listed = value.get("@list").map_or(std::slice::from_ref(value), items);
                listed.iter().for_each(|value| lives(value, Place::Root.below(property)));
            }
        }
    }
    homes
}

fn name_of(value: &Value) -> Option<&str> {
    value.get("@id").and_then(Value::as_str)
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
    fn object(
        &mut self,
        value: &Value,
        graph: &Graph,
        place: Place,
    ) -> Result<Option<Term>, RdfcError> {
        let Value::Object(members) = value else { return Ok(None) };
        if let Some(plain) = members.get("@value") {
            self.literal(members, plain)
        } else if let Some(list) = members.get("@list") {
            self.list(items(list), graph, place)
        } else {
            self.node(members, graph, place)
        }
    }

    fn node(
        &mut self,
        members: &Map<String, Value>,
        graph: &Graph,
        place: Place,
    ) -> Result<Option<Term>, RdfcError> {
        let subject = match members.get("@id") {
            None => Some(self.fresh()),
            Some(id) => self.named(id.as_str().unwrap_or_default())?,
        };
        if self.mode.is_safe() && members.len() > 1 && members.contains_key("@id") {
            self.describe(members, &subject, graph, place)?;
        }
        for (name, value) in members {
            match name.as_str() {
                "@id" | "@index" => {}
                "@type" => {
                    let mut met = Met::new();
                    let predicate = predicate(RDF_TYPE);
                    for kind in items(value) {
                        let kind = self.named(kind.as_str().unwrap_or_default())?;
                        self.meet(&mut met, &kind)?;
                        self.state(&subject, &predicate, kind, graph)?;
                    }
                }
                "@graph" => {
                    let inner = subject.clone().map_or(Graph::Nowhere, Graph::Named);
                    for item in items(value) {
                        self.object(item, &inner, Place::Inner)?;
                    }
                }
                "@included" => {
                    for item in items(value) {
                        self.object(item, graph, Place::Inner)?;
                    }
                }
                "@reverse" => self.reverse(value, &subject, graph)?,
                _ => {
                    let usable = self.usable(name)?;
                    let mut met = Met::new();
                    let predicate = predicate(name);
                    for item in items(value) {
                        if let Some(owner) = &mut self.owner {
                            *owner = format!("{subject:?} {name}");
                        }
                        let object = self.object(item, graph, place.below(name))?;
                        self.meet(&mut met, &object)?;
                        if usable {
                            self.state(&subject, &predicate, object, graph)?;
                        }
                    }
                }
            }
        }
        Ok(subject)
    }

    /// What is said of a node outside its home, or in two places, would be signed, and not be found where readers look: the same
    /// statements could be moved about.
    fn describe(
        &mut self,
        members: &Map<String, Value>,
        subject: &Option<Term>,
        graph: &Graph,
        place: Place,
    ) -> Result<(), RdfcError> {
        let home = members.get("@id").and_then(Value::as_str).and_then(|id| self.homes.get(id));
        if matches!(graph, Graph::Default) && home.is_some_and(|home| *home != place) {
            return Err(broken(NOT_COMPACT));
        }
        let graph = match graph {
            Graph::Default => None,
            Graph::Named(name) => Some(name.clone()),
            Graph::Nowhere => return Ok(()),
        };
        let Some(subject) = subject else { return Ok(()) };
        if self.described.insert((graph, subject.clone())) {
            Ok(())
        } else {
            Err(broken(NOT_COMPACT))
        }
    }

    /// A value that stands twice under one property is stated once, while a reader of the JSON counts two.
    fn meet(&self, met: &mut Met, object: &Option<Term>) -> Result<(), RdfcError> {
        match object {
            Some(object) if self.mode.is_safe() && !met.insert(object.clone()) => {
                Err(broken(REPEATED))
            }
            Some(_) | None => Ok(()),
        }
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
            let mut met = Met::new();
            let predicate = predicate(name);
            for item in items(subjects) {
                let subject = self.object(item, graph, Place::Inner)?;
                self.meet(&mut met, &subject)?;
                if usable {
                    self.state(&subject, &predicate, object.clone(), graph)?;
                }
            }
        }
        Ok(())
    }

    /// §8.3: a chain of blank nodes.
    fn list(
        &mut self,
        list: &[Value],
        graph: &Graph,
        place: Place,
    ) -> Result<Option<Term>, RdfcError> {
        let (first_of, rest_of) = (predicate(RDF_FIRST), predicate(RDF_REST));
        let mut rest = Term::iri(RDF_NIL);
        let base = self.owner.as_ref().map(|owner| skolem::list_name(owner, list));
        for (position, item) in list.iter().enumerate().rev() {
            let link = match &base {
                None => self.fresh(),
                Some(base) => {
                    let name = format!("{base}-{position}");
                    self.owner = Some(name.clone());
                    Term::iri(&name)
                }
            };
            let subject = Some(link.clone());
            let first = self.object(item, graph, place)?;
            self.state(&subject, &first_of, first, graph)?;
            self.state(&subject, &rest_of, Some(rest), graph)?;
            rest = link;
        }
        Ok(Some(rest))
    }

    fn state(
        &mut self,
        subject: &Option<Term>,
        predicate: &Rc<str>,
        object: Option<Term>,
        graph: &Graph,
    ) -> Result<(), RdfcError> {
        let (Some(subject), Some(object)) = (subject.clone(), object) else { return Ok(()) };
        let graph = match graph {
            Graph::Default => None,
            Graph::Named(name) => Some(name.clone()),
            Graph::Nowhere => return Ok(()),
        };
        let quad = Quad { subject, predicate: Rc::clone(predicate), object, graph };
        // Terms are shared, but lines will not be, and sorting compares all of them.
        self.work.spend_bytes(quad.size())?;
        self.quads.push(quad);
        Ok(())
    }

    /// §8.2.2, steps 3 to 13.
    fn literal(
        &self,
        members: &Map<String, Value>,
        value: &Value,
    ) -> Result<Option<Term>, RdfcError> {
        let datatype = members.get("@type").and_then(Value::as_str);
        if self.mode.is_safe() {
            // It would stand for a direction, where readers of the JSON do not look for one.
            if datatype.is_some_and(|datatype| datatype.starts_with(I18N)) {
                return Err(broken("invalid typed value"));
            }
            if members.contains_key("@direction") && !value.is_string() {
                return Err(RdfcError::Dropped { what: "@direction" });
            }
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
                let language = members.get("@language").and_then(Value::as_str);
                let direction = members.get("@direction").and_then(Value::as_str);
                match (language, direction.filter(|_| self.mode.is_safe())) {
                    (Some(language), _) if !is_language(language) => {
                        if self.mode.is_safe() {
                            return Err(RdfcError::Dropped { what: "a malformed language tag" });
                        }
                        None
                    }
                    (language, Some(direction)) => {
                        let language = language.unwrap_or_default().to_lowercase();
                        Some(Term::typed(text, &format!("{I18N}{language}_{direction}")))
                    }
                    (Some(language), None) => Some(Term::in_language(text, language)),
                    (None, None) => Some(Term::typed(text, datatype.unwrap_or(XSD_STRING))),
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

/// What stood under one property of one node.
type Met = BTreeSet<Term>;

fn predicate(name: &str) -> Rc<str> {
    format!("<{name}>").into()
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
