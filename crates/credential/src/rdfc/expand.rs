//! Expansion: the document with every term replaced by what it means
//! ([JSON-LD 1.1 API §5.1](https://www.w3.org/TR/2020/REC-json-ld11-api-20200716/#expansion-algorithm)).
//!
//! In scope: the whole algorithm, framing aside. Safe mode: where the algorithm would leave something out, this is an
//! error. `null` is `Value::Null`. The numbers in comments are those of the algorithm's steps.

mod maps;
mod value;

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use self::maps::sorted;
use super::context::{Context, Direction, Relative, is_keyword};
use super::error::{NOT_COMPACT, RdfcError, broken};
use super::store::Usage;
use super::{Naming, Processor};

/// How a value is reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reached {
    /// As a member or an item.
    Directly,
    /// By a key of a map, which may have chosen its context.
    ByKey,
}

/// The contexts that hold in one object.
pub(super) struct Scopes<'a> {
    pub(super) active: &'a Arc<Context>,
    /// The one before those of types were applied, in which types are read.
    pub(super) typed: &'a Context,
    /// Whether the object is a JSON literal.
    pub(super) json: bool,
}

impl Processor<'_> {
    /// Expands a whole document into its list of nodes.
    pub(super) fn expand_document(&mut self, document: &Value) -> Result<Vec<Value>, RdfcError> {
        let root = Arc::new(Context::root(self.base.as_deref()));
        let mut expanded = self.expand(&root, None, document, Reached::Directly)?;
        if let Value::Object(members) = &mut expanded
            && members.len() == 1
            && let Some(graph) = members.remove("@graph")
        {
            return Ok(into_list(graph));
        }
        Ok(into_list(expanded))
    }

    /// §5.1.2 for any value.
    pub(super) fn expand(
        &mut self,
        active: &Arc<Context>,
        property: Option<&str>,
        element: &Value,
        reached: Reached,
    ) -> Result<Value, RdfcError> {
        match element {
            // 1
            Value::Null => {
                self.dropped("null")?;
                Ok(Value::Null)
            }
            // 4
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let Some(property) = property.filter(|property| *property != "@graph") else {
                    self.dropped("a value that belongs to nothing")?;
                    return Ok(Value::Null);
                };
                let scope = active.term(property).and_then(|term| term.scope.as_ref());
                match scope {
                    Some(scope) => {
                        let active = self.apply_scoped(active, scope, Usage::Property)?;
                        self.expand_scalar(&active, property, element)
                    }
                    None => self.expand_scalar(active, property, element),
                }
            }
            // 5
            Value::Array(items) => {
                let term = property.and_then(|property| active.term(property));
                let lists = term.is_some_and(|term| term.container.list);
                let mut result = Vec::with_capacity(items.len());
                for item in items {
                    let expanded = self.expand(active, property, item, reached)?;
                    if lists && expanded.is_array() {
                        result.push(Value::Object(single("@list", expanded)));
                    } else {
                        result.extend(into_list(expanded));
                    }
                }
                Ok(Value::Array(result))
            }
            Value::Object(members) => self.expand_object(active, property, members, reached),
        }
    }

    /// §5.3.2. In safe mode an identifier has to be written out: a prefix would hide from readers what it names.
    fn expand_scalar(
        &self,
        active: &Context,
        property: &str,
        value: &Value,
    ) -> Result<Value, RdfcError> {
        let expanded = value::expand_value(active, property, value);
        let names = active.term(property).is_some_and(|term| term.kind.as_deref() == Some("@id"));
        if let (true, Value::String(text)) = (self.mode.is_safe() && names, value)
            && expanded.get("@id") != Some(value)
        {
            return Err(RdfcError::IriRelative { iri: text.clone() });
        }
        Ok(expanded)
    }

    /// Steps 6 to 20.
    fn expand_object(
        &mut self,
        outer: &Arc<Context>,
        property: Option<&str>,
        element: &Map<String, Value>,
        reached: Reached,
    ) -> Result<Value, RdfcError> {
        let mut active = Arc::clone(outer);
        // 7
        if let Some(previous) = outer.previous.as_ref().filter(|_| reached == Reached::Directly) {
            let is_value = element.keys().any(|name| outer.names(name, "@value"));
            let is_reference = element.len() == 1 && outer_names_id(outer, element);
            if !is_value && !is_reference {
                active = Arc::clone(previous);
            }
        }
        // 8: the scoped context is that of the term as it was found outside.
        if let Some(scope) =
            property.and_then(|property| outer.term(property)).and_then(|term| term.scope.as_ref())
        {
            active = self.apply_scoped(&active, scope, Usage::Property)?;
        }
        // 9
        if let Some(local) = element.get("@context") {
            active = self.apply_document(&active, local)?;
        }
        // 10, 11
        let typed = Arc::clone(&active);
        let mut type_members: Vec<(&String, &Value)> =
            element.iter().filter(|(name, _)| typed.names(name, "@type")).collect();
        type_members.sort_by_key(|(name, _)| *name);
        for (member, value) in &type_members {
            let mut names: Vec<&str> = items(value).iter().filter_map(Value::as_str).collect();
            names.sort_unstable();
            for name in names {
                // The keyword itself is found in value objects only, where it names a datatype.
                if self.mode.is_safe() && *member != "@type" && !is_compact_type(&typed, name) {
                    return Err(broken(NOT_COMPACT));
                }
                if let Some(scope) = typed.term(name).and_then(|term| term.scope.as_ref()) {
                    active = self.apply_scoped(&active, scope, Usage::Type)?;
                }
            }
        }
        // 12
        let input_type =
            type_members.first().and_then(|(_, value)| items(value).last()).and_then(Value::as_str);
        let input_type = input_type.and_then(|name| active.expand_iri(name, Relative::Vocabulary));
        let json = input_type.as_deref() == Some("@json");
        let mut result = Map::new();
        // 13, 14
        let scopes = Scopes { active: &active, typed: &typed, json };
        self.expand_members(&scopes, property, element, &mut result)?;
        self.note_unnamed(&active, element, &result)?;
        self.finish(property, result)
    }

    /// Notes `element`, if asked to, when it is a node without a name.
    fn note_unnamed(
        &mut self,
        active: &Context,
        element: &Map<String, Value>,
        result: &Map<String, Value>,
    ) -> Result<(), RdfcError> {
        let Naming::Noted(noted) = &mut self.naming else { return Ok(()) };
        let other = ["@id", "@value", "@list", "@set"];
        if !other.iter().any(|keyword| result.contains_key(*keyword)) {
            let preferred = Some("id").filter(|name| active.names(name, "@id"));
            let any = || {
                let mut terms = active.terms.iter();
                terms.find(|(_, term)| term.iri.as_deref() == Some("@id")).map(|(name, _)| &**name)
            };
            let name = preferred.or_else(any);
            let name = name.ok_or(RdfcError::Dropped { what: "a node where no term means @id" })?;
            noted.insert(std::ptr::from_ref(element).addr(), name.into());
        }
        Ok(())
    }

    /// Steps 15 to 20: what the members make together.
    fn finish(
        &self,
        property: Option<&str>,
        mut result: Map<String, Value>,
    ) -> Result<Value, RdfcError> {
        // 15
        if let Some(value) = result.get("@value") {
            check_value_object(&result, value)?;
            if value.is_null() && result.get("@type").is_none_or(|kind| kind != "@json") {
                self.dropped("null")?;
                return Ok(Value::Null);
            }
        // 16
        } else if let Some(kind) = result.get_mut("@type") {
            if !kind.is_array() {
                *kind = Value::Array(vec![kind.take()]);
            }
        // 17
        } else if result.contains_key("@set") || result.contains_key("@list") {
            let others = result.keys().any(|name| !matches!(&**name, "@set" | "@list" | "@index"));
            if others || (result.contains_key("@set") && result.contains_key("@list")) {
                return Err(broken("invalid set or list object"));
            }
            if let Some(set) = result.remove("@set") {
                return Ok(set);
            }
        }
        if (result.contains_key("@set") || result.contains_key("@list"))
            && result.contains_key("@type")
        {
            return Err(broken("invalid set or list object"));
        }
        // 18
        if result.len() == 1 && result.contains_key("@language") {
            self.dropped("a language without a text")?;
            return Ok(Value::Null);
        }
        // 19
        if property.is_none_or(|property| property == "@graph") {
            let floats = result.is_empty()
                || result.contains_key("@value")
                || result.contains_key("@list")
                || (result.len() == 1 && result.contains_key("@id"));
            if floats {
                self.dropped("an object that says nothing")?;
                return Ok(Value::Null);
            }
        }
        Ok(Value::Object(result))
    }

    /// Steps 13 and 14.
    fn expand_members(
        &mut self,
        scopes: &Scopes<'_>,
        property: Option<&str>,
        element: &Map<String, Value>,
        result: &mut Map<String, Value>,
    ) -> Result<(), RdfcError> {
        let mut nests = Vec::new();
        // In the order of their names, whatever order a map keeps: the same document gives the same expansion.
        for (name, value) in sorted(element) {
            // 13.1
            if name == "@context" {
                continue;
            }
            if self.mode.is_safe() && !is_compact(scopes.active, name, element) {
                return Err(broken(NOT_COMPACT));
            }
            // 13.2, 13.3
            let expanded = scopes.active.expand_iri(name, Relative::Vocabulary);
            let means = |iri: &Cow<'_, str>| iri.contains(':') || is_keyword(iri);
            let Some(expanded) = expanded.filter(means) else {
                if self.mode.is_safe() {
                    return Err(RdfcError::TermUndefined { term: name.to_owned() });
                }
                continue;
            };
            // 13.4
            if expanded == "@nest" {
                nests.push((name, value));
            } else if is_keyword(&expanded) {
                self.expand_keyword(scopes, property, (expanded.as_ref(), value), result)?;
            } else {
                self.expand_property(scopes.active, (name, expanded.as_ref()), value, result)?;
            }
        }
        // 14
        for (name, value) in nests {
            let mut active = Arc::clone(scopes.active);
            if let Some(scope) = active.term(name).and_then(|term| term.scope.clone()) {
                active = self.apply_scoped(&active, &scope, Usage::Property)?;
            }
            let scopes = Scopes { active: &active, typed: scopes.typed, json: scopes.json };
            for nested in items(value) {
                let Value::Object(nested) = nested else {
                    return Err(broken("invalid @nest value"));
                };
                if nested.keys().any(|name| active.names(name, "@value")) {
                    return Err(broken("invalid @nest value"));
                }
                self.expand_members(&scopes, property, nested, result)?;
            }
        }
        Ok(())
    }

    /// Step 13.4.
    fn expand_keyword(
        &mut self,
        scopes: &Scopes<'_>,
        property: Option<&str>,
        (keyword, value): (&str, &Value),
        result: &mut Map<String, Value>,
    ) -> Result<(), RdfcError> {
        // 13.4.1, 13.4.2
        if property == Some("@reverse") {
            return Err(broken("invalid reverse property map"));
        }
        if result.contains_key(keyword) && !matches!(keyword, "@included" | "@type") {
            return Err(broken("colliding keywords"));
        }
        let active = scopes.active;
        let expanded = match keyword {
            "@id" => {
                let id = value.as_str().ok_or_else(|| broken("invalid @id value"))?;
                match active.expand_iri(id, Relative::Document) {
                    Some(iri) if self.mode.is_safe() && iri != id => {
                        return Err(RdfcError::IriRelative { iri: id.to_owned() });
                    }
                    Some(iri) => iri.into_owned().into(),
                    None => {
                        self.dropped("an @id that looks like a keyword")?;
                        Value::Null
                    }
                }
            }
            "@type" => {
                let types = value::expand_types(scopes.typed, value)?;
                match result.remove("@type") {
                    None => types,
                    Some(before) => {
                        let mut all = into_list(before);
                        all.extend(into_list(types));
                        Value::Array(all)
                    }
                }
            }
            "@graph" => Value::Array(into_list(self.expand(
                active,
                Some("@graph"),
                value,
                Reached::Directly,
            )?)),
            "@included" => {
                let included = self.expand(active, None, value, Reached::Directly)?;
                if included.is_null() || !items(&included).iter().all(is_node) {
                    return Err(broken("invalid @included value"));
                }
                let included = into_list(included);
                let mut all = result.remove("@included").map(into_list).unwrap_or_default();
                all.extend(included);
                Value::Array(all)
            }
            "@value" => {
                if !scopes.json && (value.is_array() || value.is_object()) {
                    return Err(broken("invalid value object value"));
                }
                value.clone()
            }
            "@language" => {
                if !value.is_string() {
                    return Err(broken("invalid language-tagged string"));
                }
                value.clone()
            }
            "@direction" => {
                Direction::parse(value).ok_or_else(|| broken("invalid base direction"))?;
                value.clone()
            }
            "@index" => {
                if !value.is_string() {
                    return Err(broken("invalid @index value"));
                }
                self.dropped("@index")?;
                value.clone()
            }
            "@list" => {
                if property.is_none_or(|property| property == "@graph") {
                    return self.dropped("a list that belongs to nothing");
                }
                Value::Array(into_list(self.expand(active, property, value, Reached::Directly)?))
            }
            "@set" => self.expand(active, property, value, Reached::Directly)?,
            "@reverse" => return self.expand_reverse(active, value, result),
            // The others mean something in contexts only.
            _ => return self.dropped("a keyword that has no meaning here"),
        };
        // 13.4.16
        if !expanded.is_null() || matches!(keyword, "@id" | "@value") {
            result.insert(keyword.to_owned(), expanded);
        }
        Ok(())
    }
}

/// Whether a member is named as the compacted form has it: by a term, or by a keyword of a value object.
fn is_compact(active: &Context, name: &str, element: &Map<String, Value>) -> bool {
    if name.starts_with('@') {
        element.contains_key("@value")
            && matches!(name, "@value" | "@type" | "@language" | "@direction")
    } else {
        !name.contains(':') || active.term(name).is_some()
    }
}

/// Whether a type is named as the compacted form has it: by its IRI only if no term and no vocabulary names it.
fn is_compact_type(typed: &Context, name: &str) -> bool {
    if !name.contains(':') || typed.term(name).is_some() {
        return true;
    }
    let by_term = typed.terms.values().any(|term| term.iri.as_deref() == Some(name));
    let by_vocabulary = typed.vocab.as_deref().is_some_and(|vocab| name.starts_with(vocab));
    let itself = typed.expand_iri(name, Relative::Both).as_deref() == Some(name);
    itself && !by_term && !by_vocabulary
}

/// Step 15.
fn check_value_object(result: &Map<String, Value>, value: &Value) -> Result<(), RdfcError> {
    let kind = result.get("@type");
    let known = |name: &String| {
        matches!(&**name, "@value" | "@type" | "@language" | "@direction" | "@index")
    };
    let speaks = result.contains_key("@language") || result.contains_key("@direction");
    if !result.keys().all(known) || (kind.is_some() && speaks) {
        return Err(broken("invalid value object"));
    }
    if value.is_null() {
        return Ok(());
    }
    if !value.is_string() && result.contains_key("@language") {
        return Err(broken("invalid language-tagged value"));
    }
    match kind {
        None => Ok(()),
        Some(Value::String(kind)) if kind == "@json" || super::iri::is_absolute(kind) => Ok(()),
        Some(_) => Err(broken("invalid typed value")),
    }
}

fn outer_names_id(outer: &Context, element: &Map<String, Value>) -> bool {
    element.keys().all(|name| outer.names(name, "@id"))
}

/// Whether an expanded value is a node: neither value, list nor set.
pub(super) fn is_node(value: &Value) -> bool {
    value.as_object().is_some_and(|members| {
        !["@value", "@list", "@set"].iter().any(|keyword| members.contains_key(*keyword))
    })
}

/// The items of a value, one or several.
pub(super) fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            std::slice::from_ref(value)
        }
    }
}

/// The items of an expanded value; null has none.
pub(super) fn into_list(value: Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items,
        one @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            vec![one]
        }
    }
}

/// An object with one member.
pub(super) fn single(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}

/// Appends expanded values to a property.
pub(super) fn append(members: &mut Map<String, Value>, name: &str, values: Vec<Value>) {
    match members.get_mut(name) {
        Some(Value::Array(there)) => there.extend(values),
        _ => drop(members.insert(name.to_owned(), Value::Array(values))),
    }
}
