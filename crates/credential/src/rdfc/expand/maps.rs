//! Members that are properties: containers, maps by language, index, id, type and graph, reverse properties
//! ([JSON-LD 1.1 API §5.1.2](https://www.w3.org/TR/2020/REC-json-ld11-api-20200716/#algorithm-3), from step 13.4.13 on).

use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::context::{Context, Relative};
use super::super::error::{RdfcError, broken};
use super::super::store::Usage;
use super::super::term::Term;
use super::super::{Naming, Processor, skolem};
use super::{Reached, append, into_list, is_node, items, single, value::expand_value};

impl Processor<'_> {
    /// Step 13.4.13: `@reverse`.
    pub(super) fn expand_reverse(
        &mut self,
        active: &Arc<Context>,
        value: &Value,
        result: &mut Map<String, Value>,
    ) -> Result<(), RdfcError> {
        if !value.is_object() {
            return Err(broken("invalid @reverse value"));
        }
        let Value::Object(mut expanded) =
            self.expand(active, Some("@reverse"), value, Reached::Directly)?
        else {
            return Ok(());
        };
        // What is reversed twice goes forward.
        if let Some(Value::Object(forward)) = expanded.remove("@reverse") {
            for (name, values) in forward {
                append(result, &name, into_list(values));
            }
        }
        for (name, values) in expanded {
            append_reverse(result, &name, into_list(values))?;
        }
        Ok(())
    }

    /// Steps 13.5 to 13.14.
    pub(super) fn expand_property(
        &mut self,
        active: &Arc<Context>,
        (name, expanded_name): (&str, &str),
        value: &Value,
        result: &mut Map<String, Value>,
    ) -> Result<(), RdfcError> {
        let term = active.term(name).cloned();
        let container = term.as_ref().map(|term| term.container).unwrap_or_default();
        let kind = term.as_ref().and_then(|term| term.kind.as_deref());
        let expanded = match (value, &term) {
            // 13.6
            _ if kind == Some("@json") => {
                let mut literal = single("@value", value.clone());
                literal.insert("@type".to_owned(), "@json".into());
                Value::Object(literal)
            }
            // 13.7
            (Value::Object(map), Some(term)) if container.language => {
                self.expand_languages(active, term, map)?
            }
            // 13.8
            (Value::Object(map), Some(term))
                if container.index || container.kind || container.id =>
            {
                self.expand_map(active, name, term, map)?
            }
            // 13.9
            _ => self.expand(active, Some(name), value, Reached::Directly)?,
        };
        // 13.10
        if expanded.is_null() {
            return self.dropped("null");
        }
        // 13.11
        let expanded = if container.list && !is_list(&expanded) {
            Value::Object(single("@list", Value::Array(into_list(expanded))))
        } else {
            expanded
        };
        let mut values = into_list(expanded);
        // 13.12
        if container.graph && !container.id && !container.index {
            let given = matches!(self.naming, Naming::Given);
            let graph = |one: Value| {
                let name = one.get("@id").and_then(Value::as_str).filter(|_| given);
                let name = name.map(|id| skolem::graph_name(id).into());
                let mut graph = single("@graph", Value::Array(vec![one]));
                graph.extend(name.map(|name| ("@id".to_owned(), name)));
                Value::Object(graph)
            };
            values = values.into_iter().map(graph).collect();
        }
        // 13.13
        if term.is_some_and(|term| term.reverse) {
            append_reverse(result, expanded_name, values)
        // 13.14
        } else {
            append(result, expanded_name, values);
            Ok(())
        }
    }

    /// Step 13.7.4.
    fn expand_languages(
        &self,
        active: &Context,
        term: &Term,
        map: &Map<String, Value>,
    ) -> Result<Value, RdfcError> {
        let direction = term.direction.unwrap_or(active.direction);
        let mut result = Vec::new();
        for (language, texts) in sorted(map) {
            for text in items(texts) {
                if text.is_null() {
                    self.dropped("null")?;
                    continue;
                }
                if !text.is_string() {
                    return Err(broken("invalid language map value"));
                }
                let mut tagged = single("@value", text.clone());
                if !means_none(active, language) {
                    tagged.insert("@language".to_owned(), language.into());
                }
                if let Some(direction) = direction {
                    tagged.insert("@direction".to_owned(), direction.as_str().into());
                }
                result.push(Value::Object(tagged));
            }
        }
        Ok(Value::Array(result))
    }

    /// Step 13.8: maps by index, id or type.
    fn expand_map(
        &mut self,
        active: &Arc<Context>,
        name: &str,
        term: &Term,
        map: &Map<String, Value>,
    ) -> Result<Value, RdfcError> {
        let container = term.container;
        let mut result = Vec::new();
        for (index, value) in sorted(map) {
            // 13.8.3.1 to 13.8.3.3
            let mut inner = Arc::clone(active);
            if container.id || container.kind {
                inner = active.previous.as_ref().map_or(inner, Arc::clone);
            }
            if container.kind
                && let Some(scope) = inner.term(index).and_then(|term| term.scope.clone())
            {
                inner = self.apply_scoped(&inner, &scope, Usage::Type)?;
            }
            // 13.8.3.5, 13.8.3.6
            let entry = Entry { index, none: means_none(active, index) };
            for item in into_list(self.expand(&inner, Some(name), value, Reached::ByKey)?) {
                let item = if container.graph && !is_graph(&item) {
                    single("@graph", Value::Array(vec![item]))
                } else {
                    let Value::Object(members) = item else { continue };
                    members
                };
                result.push(Value::Object(self.place(active, term, entry, item)?));
            }
        }
        Ok(Value::Array(result))
    }

    /// Step 13.8.3.7: what the key of a map says about an item.
    fn place(
        &self,
        active: &Context,
        term: &Term,
        Entry { index, none }: Entry<'_>,
        mut item: Map<String, Value>,
    ) -> Result<Map<String, Value>, RdfcError> {
        let container = term.container;
        let before = |item: &mut Map<String, Value>, name: &str, first: Value| {
            let mut all = vec![first];
            all.extend(item.remove(name).map(into_list).unwrap_or_default());
            item.insert(name.to_owned(), Value::Array(all));
        };
        if none {
            return Ok(item);
        }
        let by_property = term.index.as_deref().filter(|index| *index != "@index");
        if let Some(property) = by_property.filter(|_| container.index) {
            let key = expand_value(active, property, &index.into());
            let name = active.expand_iri(property, Relative::Vocabulary).unwrap_or_default();
            before(&mut item, &name, key);
            if item.contains_key("@value") {
                return Err(broken("invalid value object"));
            }
        } else if container.index {
            self.dropped("@index")?;
            item.entry("@index").or_insert_with(|| index.into());
        } else if container.id {
            if !item.contains_key("@id") {
                let id = active.expand_iri(index, Relative::Document).unwrap_or_default();
                item.insert("@id".to_owned(), id.into_owned().into());
            }
        } else if container.kind {
            let kind = active.expand_iri(index, Relative::Vocabulary).unwrap_or_default();
            before(&mut item, "@type", kind.into_owned().into());
        }
        Ok(item)
    }
}

/// The key of a map entry, and whether it stands for no key at all.
#[derive(Clone, Copy)]
struct Entry<'a> {
    index: &'a str,
    none: bool,
}

fn append_reverse(
    result: &mut Map<String, Value>,
    name: &str,
    values: Vec<Value>,
) -> Result<(), RdfcError> {
    if !values.iter().all(is_node) {
        return Err(broken("invalid reverse property value"));
    }
    let reverse = result.entry("@reverse").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(reverse) = reverse {
        append(reverse, name, values);
    }
    Ok(())
}

fn means_none(active: &Context, key: &str) -> bool {
    active.expand_iri(key, Relative::Vocabulary).as_deref() == Some("@none")
}

/// The entries in the order of their keys.
pub(super) fn sorted(map: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut entries: Vec<(&str, &Value)> =
        map.iter().map(|(key, value)| (key.as_str(), value)).collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

fn is_list(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.contains_key("@list"))
}

/// Whether an expanded value is a graph: `@graph`, and beside it at most `@id` and `@index`.
fn is_graph(value: &Value) -> bool {
    value.as_object().is_some_and(|members| {
        members.contains_key("@graph")
            && members.keys().all(|name| matches!(&**name, "@graph" | "@id" | "@index"))
    })
}
