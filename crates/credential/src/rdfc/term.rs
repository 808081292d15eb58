//! Term definitions ([JSON-LD 1.1 API §4.2](https://www.w3.org/TR/2020/REC-json-ld11-api-20200716/#create-term-definition)).
//!
//! The numbers in comments are those of the algorithm's steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Processor;
use super::context::{
    Context, Direction, Flags, Relative, Source, fresh_scope, has_keyword_form, is_keyword,
    split_compact,
};
use super::error::{RdfcError, broken};
use super::iri;

/// What one term means.
#[derive(Clone, Debug, Default)]
pub(super) struct Term {
    /// `None`: the term means nothing, and says so.
    pub(super) iri: Option<Arc<str>>,
    pub(super) prefix: bool,
    pub(super) protected: bool,
    pub(super) reverse: bool,
    pub(super) scope: Option<Scope>,
    pub(super) container: Container,
    /// Outer `None`: as the context has it.
    pub(super) direction: Option<Option<Direction>>,
    pub(super) language: Option<Option<Arc<str>>>,
    pub(super) index: Option<Arc<str>>,
    pub(super) nest: Option<Arc<str>>,
    /// The type mapping.
    pub(super) kind: Option<Arc<str>>,
}

impl Term {
    /// Whether two definitions say the same, protection aside.
    fn same(&self, other: &Self) -> bool {
        let scopes = match (&self.scope, &other.scope) {
            (Some(one), Some(two)) => one.local == two.local,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        scopes
            && self.iri == other.iri
            && self.prefix == other.prefix
            && self.reverse == other.reverse
            && self.container == other.container
            && self.direction == other.direction
            && self.language == other.language
            && self.index == other.index
            && self.nest == other.nest
            && self.kind == other.kind
    }
}

/// A context that holds where its term is used.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// A number that no other scope has.
    pub(super) id: u64,
    pub(super) local: Arc<Value>,
    pub(super) base_url: Option<Arc<str>>,
}

/// The containers of a term.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Container {
    pub(super) graph: bool,
    pub(super) id: bool,
    pub(super) index: bool,
    pub(super) language: bool,
    pub(super) list: bool,
    pub(super) set: bool,
    pub(super) kind: bool,
}

impl Container {
    /// Step 19.1.
    fn parse(value: &Value) -> Option<Self> {
        let mut found = Self::default();
        let names = match value {
            Value::Array(names) => names.as_slice(),
            Value::String(_) => std::slice::from_ref(value),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
        };
        for name in names {
            let place = match name.as_str()? {
                "@graph" => &mut found.graph,
                "@id" => &mut found.id,
                "@index" => &mut found.index,
                "@language" => &mut found.language,
                "@list" => &mut found.list,
                "@set" => &mut found.set,
                "@type" => &mut found.kind,
                _ => return None,
            };
            if std::mem::replace(place, true) {
                return None;
            }
        }
        let alone = [found.index, found.id, found.kind, found.language];
        let alone = alone.into_iter().filter(|one| *one).count();
        let fits = if found.list {
            names.len() == 1
        } else if found.graph {
            !found.kind && !found.language && alone <= 1
        } else {
            alone <= 1
        };
        (fits && !names.is_empty()).then_some(found)
    }
}

/// What surrounds a definition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Environment<'a> {
    /// The context definition that the term is in.
    pub(super) local: &'a Map<String, Value>,
    pub(super) source: Source<'a>,
    pub(super) flags: Flags,
    /// Whether its terms are protected unless they say otherwise.
    pub(super) protected: bool,
}

/// Terms that are being defined (`false`) or are (`true`).
type Defined = BTreeMap<String, bool>;

impl Processor<'_> {
    /// Defines `name` in `active` as `environment.local` has it.
    pub(super) fn define(
        &mut self,
        active: &mut Context,
        name: &str,
        defined: &mut Defined,
        environment: &Environment<'_>,
    ) -> Result<(), RdfcError> {
        // 1, 2
        match defined.get(name) {
            Some(true) => return Ok(()),
            Some(false) => return Err(broken("cyclic IRI mapping")),
            None if name.is_empty() => return Err(broken("invalid term definition")),
            None => {}
        }
        defined.insert(name.to_owned(), false);
        self.work.spend(1)?;
        // 3
        let Some(value) = environment.local.get(name) else { return Ok(()) };
        // 4, 5
        if name == "@type" {
            check_type_definition(value)?;
        } else if is_keyword(name) {
            return Err(broken("keyword redefinition"));
        } else if has_keyword_form(name) {
            return Ok(());
        }
        // 6
        let previous = active.terms.remove(name);
        // 7 to 9
        let wrapped;
        let (members, simple) = match value {
            Value::Object(members) => (members, false),
            Value::String(_) | Value::Null => {
                wrapped = Map::from_iter([("@id".to_owned(), value.clone())]);
                (&wrapped, value.is_string())
            }
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                return Err(broken("invalid term definition"));
            }
        };
        let Some(mut term) =
            self.read_term(active, (name, members, simple), defined, environment)?
        else {
            return Ok(());
        };
        // 27
        if let Some(previous) = previous.filter(|previous| previous.protected)
            && !environment.flags.override_protected
        {
            if !term.same(&previous) {
                return Err(broken("protected term redefinition"));
            }
            term.protected = true;
        }
        // 28
        active.terms.insert(name.into(), Arc::new(term));
        defined.insert(name.to_owned(), true);
        Ok(())
    }

    /// Steps 10 to 26; `None` if the definition is passed over.
    fn read_term(
        &mut self,
        active: &mut Context,
        (name, members, simple): (&str, &Map<String, Value>, bool),
        defined: &mut Defined,
        environment: &Environment<'_>,
    ) -> Result<Option<Term>, RdfcError> {
        let mut term = Term { protected: environment.protected, ..Term::default() };
        // 11
        match members.get("@protected") {
            None => {}
            Some(Value::Bool(protected)) => term.protected = *protected,
            Some(_) => return Err(broken("invalid @protected value")),
        }
        // 12
        if let Some(kind) = members.get("@type") {
            let kind = kind.as_str().ok_or_else(|| broken("invalid type mapping"))?;
            let kind = self.expand_defining(active, kind, defined, environment)?;
            let fits = |kind: &Arc<str>| {
                matches!(&**kind, "@id" | "@json" | "@none" | "@vocab") || iri::is_absolute(kind)
            };
            term.kind = Some(kind.filter(fits).ok_or_else(|| broken("invalid type mapping"))?);
        }
        // 13
        if let Some(reverse) = members.get("@reverse") {
            if members.contains_key("@id") || members.contains_key("@nest") {
                return Err(broken("invalid reverse property"));
            }
            let reverse = reverse.as_str().ok_or_else(|| broken("invalid IRI mapping"))?;
            if !is_keyword(reverse) && has_keyword_form(reverse) {
                return Ok(None);
            }
            let meant = self.expand_defining(active, reverse, defined, environment)?;
            let meant = meant.filter(|iri| names_something(iri));
            term.iri = Some(meant.ok_or_else(|| broken("invalid IRI mapping"))?);
            term.reverse = true;
            match members.get("@container") {
                None | Some(Value::Null) => {}
                Some(container) => {
                    let parsed = Container::parse(container);
                    let plain = |one: &Container| (one.set != one.index) && !others(one);
                    let parsed = parsed.filter(plain);
                    term.container = parsed.ok_or_else(|| broken("invalid reverse property"))?;
                }
            }
            self.read_index(&mut term, active, members, defined, environment)?;
            return Ok(Some(term));
        }
        if !self.read_iri(&mut term, active, (name, members, simple), defined, environment)? {
            return Ok(None);
        }
        self.read_details(&mut term, active, (name, members), defined, environment)?;
        Ok(Some(term))
    }

    /// Steps 14 to 18; `false` if the definition is passed over.
    fn read_iri(
        &mut self,
        term: &mut Term,
        active: &mut Context,
        (name, members, simple): (&str, &Map<String, Value>, bool),
        defined: &mut Defined,
        environment: &Environment<'_>,
    ) -> Result<bool, RdfcError> {
        let unmapped = || broken("invalid IRI mapping");
        // 14
        match members.get("@id") {
            Some(Value::Null) => return Ok(true),
            Some(Value::String(id)) if id != name => {
                if !is_keyword(id) && has_keyword_form(id) {
                    return Ok(false);
                }
                let meant = self.expand_defining(active, id, defined, environment)?;
                let meant = meant.filter(|iri| is_keyword(iri) || names_something(iri));
                let meant = meant.ok_or_else(unmapped)?;
                if &*meant == "@context" {
                    return Err(broken("invalid keyword alias"));
                }
                let inner = |(at, _): (usize, &str)| at > 0 && at.saturating_add(1) < name.len();
                if name.contains('/') || name.match_indices(':').any(inner) {
                    defined.insert(name.to_owned(), true);
                    let own = self.expand_defining(active, name, defined, environment)?;
                    if own.as_ref() != Some(&meant) {
                        return Err(unmapped());
                    }
                }
                let delimited = meant.ends_with([':', '/', '?', '#', '[', ']', '@']);
                term.prefix =
                    !name.contains([':', '/']) && simple && (delimited || meant.starts_with("_:"));
                term.iri = Some(meant);
                return Ok(true);
            }
            Some(Value::String(_)) | None => {}
            Some(_) => return Err(unmapped()),
        }
        // 15
        if let Some((prefix, suffix)) = split_compact(name) {
            let compact = prefix != "_" && !suffix.starts_with("//");
            if compact && environment.local.contains_key(prefix) {
                self.define(active, prefix, defined, environment)?;
            }
            let start = active.term(prefix).filter(|_| compact).and_then(|term| term.iri.clone());
            term.iri = Some(match start {
                Some(start) => format!("{start}{suffix}").into(),
                None => name.into(),
            });
        // 16
        } else if name.contains('/') {
            let meant = active.expand_iri(name, Relative::Vocabulary);
            let meant = meant.filter(|iri| iri::is_absolute(iri));
            term.iri = Some(meant.ok_or_else(unmapped)?.as_ref().into());
        // 17
        } else if name == "@type" {
            term.iri = Some("@type".into());
        // 18
        } else {
            let vocab = active.vocab.as_ref().ok_or_else(unmapped)?;
            term.iri = Some(format!("{vocab}{name}").into());
        }
        Ok(true)
    }

    /// Steps 19 to 26.
    fn read_details(
        &mut self,
        term: &mut Term,
        active: &mut Context,
        (name, members): (&str, &Map<String, Value>),
        defined: &mut Defined,
        environment: &Environment<'_>,
    ) -> Result<(), RdfcError> {
        // 19
        if let Some(container) = members.get("@container") {
            let unfit = || broken("invalid container mapping");
            term.container = Container::parse(container).ok_or_else(unfit)?;
            if term.container.kind {
                let kind = term.kind.get_or_insert_with(|| "@id".into());
                if !matches!(&**kind, "@id" | "@vocab") {
                    return Err(broken("invalid type mapping"));
                }
            }
        }
        // 20
        self.read_index(term, active, members, defined, environment)?;
        // 21
        if let Some(local) = members.get("@context") {
            self.check_scope(active, local, environment)?;
            term.scope = Some(Scope {
                id: fresh_scope(),
                local: Arc::new(local.clone()),
                base_url: environment.source.base_url.map(Into::into),
            });
        }
        // 22, 23
        if !members.contains_key("@type") {
            term.language = match members.get("@language") {
                None => None,
                Some(Value::Null) => Some(None),
                Some(Value::String(language)) => Some(Some(language.as_str().into())),
                Some(_) => return Err(broken("invalid language mapping")),
            };
            term.direction = match members.get("@direction") {
                None => None,
                Some(Value::Null) => Some(None),
                Some(value) => {
                    let direction = Direction::parse(value);
                    Some(Some(direction.ok_or_else(|| broken("invalid base direction"))?))
                }
            };
        }
        // 24
        if let Some(nest) = members.get("@nest") {
            let nest = nest.as_str().filter(|nest| *nest == "@nest" || !is_keyword(nest));
            term.nest = Some(nest.ok_or_else(|| broken("invalid @nest value"))?.into());
        }
        // 25
        if let Some(prefix) = members.get("@prefix") {
            if name.contains([':', '/']) {
                return Err(broken("invalid term definition"));
            }
            term.prefix = prefix.as_bool().ok_or_else(|| broken("invalid @prefix value"))?;
            if term.prefix && term.iri.as_deref().is_some_and(is_keyword) {
                return Err(broken("invalid term definition"));
            }
        }
        // 26
        if members.keys().any(|member| !MEMBERS.contains(&member.as_str())) {
            return Err(broken("invalid term definition"));
        }
        Ok(())
    }

    /// Step 20.
    fn read_index(
        &mut self,
        term: &mut Term,
        active: &mut Context,
        members: &Map<String, Value>,
        defined: &mut Defined,
        environment: &Environment<'_>,
    ) -> Result<(), RdfcError> {
        let Some(index) = members.get("@index") else { return Ok(()) };
        let unfit = || broken("invalid term definition");
        let index = index.as_str().filter(|_| term.container.index).ok_or_else(unfit)?;
        let meant = self.expand_defining(active, index, defined, environment)?;
        if !meant.is_some_and(|iri| iri::is_absolute(&iri)) {
            return Err(unfit());
        }
        term.index = Some(index.into());
        Ok(())
    }

    /// Step 21.3: a scoped context is tried when it is defined, so that a broken one is found before it is used.
    fn check_scope(
        &mut self,
        active: &Context,
        local: &Value,
        environment: &Environment<'_>,
    ) -> Result<(), RdfcError> {
        let ground = Arc::new(self.fork(active)?);
        let flags = Flags { override_protected: true, propagate: true, validate: false };
        match self.process(&ground, local, environment.source, flags) {
            Ok(_) => Ok(()),
            // Not the context's fault, and not to be mistaken for it.
            Err(error @ (RdfcError::TooMuchWork | RdfcError::ContextUnknown { .. })) => Err(error),
            Err(_) => Err(broken("invalid scoped context")),
        }
    }

    /// §5.2.2 with a local context, relative to the vocabulary: terms that are yet to be defined are defined first.
    fn expand_defining(
        &mut self,
        active: &mut Context,
        value: &str,
        defined: &mut Defined,
        environment: &Environment<'_>,
    ) -> Result<Option<Arc<str>>, RdfcError> {
        let pending = |defined: &Defined, name: &str| {
            environment.local.contains_key(name) && defined.get(name) != Some(&true)
        };
        if !is_keyword(value) && !has_keyword_form(value) {
            // 3
            if pending(defined, value) {
                self.define(active, value, defined, environment)?;
            }
            // 6.3
            if !active.terms.contains_key(value)
                && let Some((prefix, suffix)) = split_compact(value)
                && prefix != "_"
                && !suffix.starts_with("//")
                && pending(defined, prefix)
            {
                self.define(active, prefix, defined, environment)?;
            }
        }
        Ok(active.expand_iri(value, Relative::Vocabulary).map(|iri| iri.as_ref().into()))
    }
}

/// The members that a term definition may have.
const MEMBERS: [&str; 11] = [
    "@id",
    "@reverse",
    "@container",
    "@context",
    "@direction",
    "@index",
    "@language",
    "@nest",
    "@prefix",
    "@protected",
    "@type",
];

/// Step 4: of `@type` it can only be said that it is a set, and that this stays so.
fn check_type_definition(value: &Value) -> Result<(), RdfcError> {
    let fits = value.as_object().is_some_and(|members| {
        !members.is_empty()
            && members.iter().all(|(name, value)| match name.as_str() {
                "@container" => value == "@set" || *value == serde_json::json!(["@set"]),
                "@protected" => true,
                _ => false,
            })
    });
    if fits { Ok(()) } else { Err(broken("keyword redefinition")) }
}

/// Whether an expanded text names something: an IRI or a blank node.
fn names_something(iri: &str) -> bool {
    iri.starts_with("_:") || iri::is_absolute(iri)
}

/// Whether a container is more than a set or an index.
const fn others(container: &Container) -> bool {
    container.graph || container.id || container.language || container.list || container.kind
}
