//! N-Quads, read as far as the test suites write them.

use std::collections::BTreeMap;

use crate::rdfc::dataset::{Quad, Term, XSD_STRING};

/// The distinct quads of a text, and the numbers of its blank nodes.
pub(super) fn parse(text: &str) -> (Vec<Quad>, BTreeMap<String, usize>) {
    let mut blanks = BTreeMap::new();
    let mut quads = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut rest = line;
        let mut terms = Vec::new();
        while !rest.starts_with('.') {
            let (term, after) = term(rest, &mut blanks);
            terms.push(term);
            rest = after.trim_start();
        }
        let mut terms = terms.into_iter();
        let mut next = || terms.next();
        let (subject, predicate, object) = (next().unwrap(), next().unwrap(), next().unwrap());
        let Term::Text(predicate) = predicate else { panic!("{line}") };
        quads.push(Quad { subject, predicate, object, graph: next() });
    }
    quads.sort();
    quads.dedup();
    (quads, blanks)
}

fn term<'a>(text: &'a str, blanks: &mut BTreeMap<String, usize>) -> (Term, &'a str) {
    if let Some(rest) = text.strip_prefix("_:") {
        let (label, rest) = word(rest);
        let next = blanks.len();
        let number = *blanks.entry(label.to_owned()).or_insert(next);
        return (Term::Blank(number), rest);
    }
    if text.starts_with('<') {
        let (iri, rest) = iri(text);
        return (Term::iri(&iri), rest);
    }
    let rest = text.strip_prefix('"').unwrap_or_else(|| panic!("{text}"));
    let mut escaped = false;
    let end = rest.find(|c| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    let (value, rest) = rest.split_at(end.unwrap());
    let (value, rest) = (unescaped(value), rest.strip_prefix('"').unwrap());
    if let Some(rest) = rest.strip_prefix('@') {
        let (language, rest) = word(rest);
        (Term::in_language(&value, language), rest)
    } else if let Some(rest) = rest.strip_prefix("^^") {
        let (datatype, rest) = iri(rest);
        (Term::typed(&value, &datatype), rest)
    } else {
        (Term::typed(&value, XSD_STRING), rest)
    }
}

/// What stands before the next white space, and the rest.
fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

fn iri(text: &str) -> (String, &str) {
    let (iri, rest) = text.strip_prefix('<').unwrap().split_once('>').unwrap();
    (unescaped(iri), rest)
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let digits = match rest.next() {
            Some('t') => Err('\t'),
            Some('b') => Err('\u{8}'),
            Some('n') => Err('\n'),
            Some('r') => Err('\r'),
            Some('f') => Err('\u{c}'),
            Some('u') => Ok(4),
            Some('U') => Ok(8),
            Some(other) => Err(other),
            None => panic!("{text}"),
        };
        let c = match digits {
            Err(c) => c,
            Ok(count) => {
                let hex: String = rest.by_ref().take(count).collect();
                char::from_u32(u32::from_str_radix(&hex, 16).unwrap()).unwrap()
            }
        };
        out.push(c);
    }
    out
}
