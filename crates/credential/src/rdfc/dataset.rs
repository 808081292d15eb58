//! RDF datasets, as far as they are needed to be hashed: quads whose terms are written as in canonical N-Quads
//! ([RDF Dataset Canonicalization §A](https://www.w3.org/TR/2024/REC-rdf-canon-20240521/#canonical-quads)).

use std::fmt::Write as _;
use std::rc::Rc;

/// A term: a blank node by its number, anything else by how it is written.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Term {
    /// `<iri>` or a literal.
    Text(Rc<str>),
    /// A node without a name of its own, numbered from 0 within its dataset.
    Blank(usize),
}

impl Term {
    /// An IRI. The caller knows that it is well-formed.
    pub(super) fn iri(iri: &str) -> Self {
        Self::Text(format!("<{iri}>").into())
    }

    /// A literal of a datatype; `xsd:string` is not written.
    pub(super) fn typed(value: &str, datatype: &str) -> Self {
        let mut text = String::with_capacity(value.len().saturating_add(64));
        quote(&mut text, value);
        if datatype != XSD_STRING {
            text.push_str("^^<");
            text.push_str(datatype);
            text.push('>');
        }
        Self::Text(text.into())
    }

    /// A literal in a language.
    pub(super) fn in_language(value: &str, language: &str) -> Self {
        let mut text = String::with_capacity(value.len().saturating_add(16));
        quote(&mut text, value);
        text.push('@');
        text.push_str(language);
        Self::Text(text.into())
    }
}

/// A statement, and the graph it is in if not the default one. The order of quads has no meaning.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Quad {
    pub(super) subject: Term,
    /// `<iri>`.
    pub(super) predicate: Rc<str>,
    pub(super) object: Term,
    pub(super) graph: Option<Term>,
}

impl Quad {
    /// Subject, object and graph, each with the letter that stands for its position in hashes.
    pub(super) fn places(&self) -> impl Iterator<Item = (char, &Term)> {
        [('s', &self.subject), ('o', &self.object)]
            .into_iter()
            .chain(self.graph.as_ref().map(|graph| ('g', graph)))
    }

    /// About how many bytes the line has.
    pub(super) fn size(&self) -> usize {
        let term = |term: &Term| match term {
            Term::Text(text) => text.len(),
            Term::Blank(_) => 8,
        };
        let terms = [term(&self.subject), term(&self.object), self.graph.as_ref().map_or(0, term)];
        terms.into_iter().fold(self.predicate.len().saturating_add(5), usize::saturating_add)
    }

    /// Appends the statement as one line; `label` appends the name of a blank node, after `_:`.
    pub(super) fn write(&self, out: &mut String, label: &mut dyn FnMut(&mut String, usize)) {
        let mut term = |out: &mut String, term: &Term| match term {
            Term::Text(text) => out.push_str(text),
            Term::Blank(number) => {
                out.push_str("_:");
                label(out, *number);
            }
        };
        term(out, &self.subject);
        out.push(' ');
        out.push_str(&self.predicate);
        out.push(' ');
        term(out, &self.object);
        if let Some(graph) = &self.graph {
            out.push(' ');
            term(out, graph);
        }
        out.push_str(" .\n");
    }
}

pub(super) const XSD_STRING: &str = "http://www.w3.org/2001/XMLSchema#string";
pub(super) const XSD_BOOLEAN: &str = "http://www.w3.org/2001/XMLSchema#boolean";
pub(super) const XSD_INTEGER: &str = "http://www.w3.org/2001/XMLSchema#integer";
pub(super) const XSD_DOUBLE: &str = "http://www.w3.org/2001/XMLSchema#double";
pub(super) const RDF_TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
pub(super) const RDF_JSON: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON";
pub(super) const RDF_FIRST: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#first";
pub(super) const RDF_REST: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#rest";
pub(super) const RDF_NIL: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#nil";

/// A string in quotes, with the escapes of canonical N-Quads and no others.
fn quote(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\u{1f}' | '\u{7f}' => {
                // Writing to a text cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}
