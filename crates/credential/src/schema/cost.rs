//! How much work a schema can make of a credential, before any of it is done.
//!
//! Both come from strangers, and a schema of a few lines can refer to itself so that an evaluation takes longer than anybody
//! waits. The bound is on the safe side: it counts every subschema that could be applied on one way from the root of the credential
//! to a leaf, times the number of its values.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Most applications of subschemas that an evaluation may come to.
const MOST: u64 = 20_000_000;
/// Most subschemas inside each other, references followed: whoever evaluates them recurses as deep.
const DEEPEST: usize = 256;
/// Most different questions that the estimate itself may ask.
const STATES: usize = 200_000;
/// What the schema of schemas costs at each level, generously.
const OF_META_SCHEMA: u64 = 100;
const META_SCHEMA: &str = "https://json-schema.org/draft/2020-12/";

/// Whether `schema` can be evaluated on `instance` in reasonable time. A reference that cannot be followed here makes it `false`.
pub(super) fn is_affordable(schema: &Value, instance: &Value) -> bool {
    let (depth, values) = extent(instance);
    let mut names = BTreeMap::new();
    name_all(schema, "", &mut names);
    let mut estimate = Estimate { root: schema, names, known: BTreeMap::new() };
    let cost = estimate.cost(schema, depth, 0);
    cost.saturating_mul(values) <= MOST
}

/// How deep a value is nested, and how many values it holds, itself included.
fn extent(value: &Value) -> (usize, u64) {
    let inner: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(members) => Box::new(members.values()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return (0, 1),
    };
    inner.map(extent).fold((1, 1), |(depth, values), (inner, more)| {
        (depth.max(inner.saturating_add(1)), values.saturating_add(more))
    })
}

/// Every subschema that has a name of its own: `$id`, or an anchor in the resource around it.
fn name_all<'a>(value: &'a Value, around: &str, names: &mut BTreeMap<String, &'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| name_all(item, around, names)),
        Value::Object(members) => {
            let text = |name: &str| members.get(name).and_then(Value::as_str);
            let id = text("$id").map(|id| id.trim_end_matches('#'));
            let around = id.unwrap_or(around);
            if id.is_some() {
                names.insert(around.to_owned(), value);
            }
            for anchor in ["$anchor", "$dynamicAnchor"].into_iter().filter_map(text) {
                names.insert(format!("{around}#{anchor}"), value);
                // A reference to an anchor alone is about the resource that it stands in; the first of that name will do for an
                // estimate only if there is no other.
                names.entry(format!("#{anchor}")).or_insert(value);
            }
            members.values().for_each(|member| name_all(member, around, names));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

struct Estimate<'a> {
    root: &'a Value,
    names: BTreeMap<String, &'a Value>,
    known: BTreeMap<(usize, usize), u64>,
}

impl<'a> Estimate<'a> {
    /// Applications of subschemas on one way through a value nested `depth` deep, beginning with `schema`.
    fn cost(&mut self, schema: &'a Value, depth: usize, nested: usize) -> u64 {
        let Value::Object(members) = schema else { return 1 };
        let key = (std::ptr::from_ref(schema).addr(), depth);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        if nested >= DEEPEST || self.known.len() >= STATES {
            return u64::MAX;
        }
        // Whoever comes back here on the same value goes round in a circle.
        self.known.insert(key, u64::MAX);
        let here = self.in_place(members, depth, nested);
        let below = match depth.checked_sub(1) {
            Some(depth) => self.below(members, depth, nested),
            None => 0,
        };
        let looks_again = ["unevaluatedProperties", "unevaluatedItems"]
            .iter()
            .any(|name| members.contains_key(*name));
        let here = if looks_again { here.saturating_mul(2) } else { here };
        let cost = here.saturating_add(below).saturating_add(1);
        self.known.insert(key, cost);
        cost
    }

    /// What is applied to the same value.
    fn in_place(&mut self, members: &'a Map<String, Value>, depth: usize, nested: usize) -> u64 {
        let nested = nested.saturating_add(1);
        let mut cost = 0_u64;
        for (name, member) in members {
            let part = match (name.as_str(), member) {
                ("$ref" | "$dynamicRef", Value::String(to)) => match self.target(to) {
                    Target::Schema(target) => self.cost(target, depth, nested),
                    Target::MetaSchema => OF_META_SCHEMA,
                    Target::Unknown => u64::MAX,
                },
                ("not" | "if" | "then" | "else", schema) => self.cost(schema, depth, nested),
                ("allOf" | "anyOf" | "oneOf", Value::Array(all)) => {
                    self.sum(all.iter(), depth, nested)
                }
                ("dependentSchemas", Value::Object(all)) => self.sum(all.values(), depth, nested),
                _ => 0,
            };
            cost = cost.saturating_add(part);
        }
        cost
    }

    /// What is applied to a member or an item of the value; a value has either, and of those that are about different ones the
    /// dearest counts.
    fn below(&mut self, members: &'a Map<String, Value>, depth: usize, nested: usize) -> u64 {
        let nested = nested.saturating_add(1);
        let one = |estimate: &mut Self, name: &str, depth: usize| {
            members.get(name).map_or(0, |schema| estimate.cost(schema, depth, nested))
        };
        let listed = |name: &str| members.get(name).and_then(Value::as_object);
        let named = listed("properties").map_or(0, |all| self.most(all.values(), depth, nested));
        let matched =
            listed("patternProperties").map_or(0, |all| self.sum(all.values(), depth, nested));
        let other = one(self, "additionalProperties", depth);
        let member = named
            .saturating_add(matched)
            .max(other)
            .saturating_add(one(self, "unevaluatedProperties", depth))
            .saturating_add(one(self, "propertyNames", 0));
        let first = members.get("prefixItems").and_then(Value::as_array);
        let first = first.map_or(0, |all| self.most(all.iter(), depth, nested));
        let item = first
            .max(one(self, "items", depth))
            .saturating_add(one(self, "contains", depth))
            .saturating_add(one(self, "unevaluatedItems", depth));
        member.max(item)
    }

    fn sum(&mut self, all: impl Iterator<Item = &'a Value>, depth: usize, nested: usize) -> u64 {
        all.fold(0, |sum, schema| sum.saturating_add(self.cost(schema, depth, nested)))
    }

    fn most(&mut self, all: impl Iterator<Item = &'a Value>, depth: usize, nested: usize) -> u64 {
        all.fold(0, |most, schema| most.max(self.cost(schema, depth, nested)))
    }

    /// What a reference is to: a place in this document, or the schema of schemas.
    fn target(&self, to: &str) -> Target<'a> {
        if to.starts_with(META_SCHEMA) {
            return Target::MetaSchema;
        }
        if let Some(found) =
            self.names.get(to.strip_suffix('#').filter(|to| !to.is_empty()).unwrap_or(to))
        {
            return Target::Schema(found);
        }
        let (resource, fragment) = to.split_once('#').unwrap_or((to, ""));
        let root = match resource {
            "" => Some(self.root),
            id => self.names.get(id).copied(),
        };
        // Percent signs may stand in a pointer; nobody needs them for one that this toolkit reads.
        let found = match fragment {
            "" => root,
            pointer => root.and_then(|root| root.pointer(pointer)),
        };
        found.map_or(Target::Unknown, Target::Schema)
    }
}

/// What a reference is to.
enum Target<'a> {
    Schema(&'a Value),
    MetaSchema,
    Unknown,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Nested `depth` deep, by the member `a`.
    fn nested(depth: usize) -> Value {
        (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }))
    }

    #[test]
    fn ordinary_schemas_are_affordable() {
        let tree = json!({ "properties": { "a": { "$ref": "#" }, "b": { "$ref": "#" } } });
        let anchored = json!({
            "$id": "https://a.example/s",
            "$defs": { "x": { "$anchor": "x", "type": "object" }, "y": { "$dynamicAnchor": "y" } },
            "allOf": [
                { "$ref": "#x" }, { "$ref": "https://a.example/s#x" }, { "$dynamicRef": "#y" },
                { "$ref": "#/$defs/x" }, { "$ref": "https://a.example/s#/$defs/x" },
                { "$ref": "https://json-schema.org/draft/2020-12/schema" },
            ],
        });
        let any = json!({ "$ref": "#" });
        let value = json!({ "additionalProperties": any, "items": any, "prefixItems": [any] });
        for schema in [json!(true), json!({}), tree, value, anchored] {
            assert!(is_affordable(&schema, &nested(60)), "{schema}");
        }
    }

    #[test]
    fn schemas_that_multiply_or_go_in_circles_are_not() {
        let doubling: Map<String, Value> = (0..40)
            .map(|n| {
                let to = format!("#/$defs/d{}", n + 1);
                let inner = json!({ "allOf": [{ "$ref": to }, { "$ref": to }] });
                (format!("d{n}"), inner)
            })
            .chain([("d40".to_owned(), json!({}))])
            .collect();
        let twice = json!({ "$ref": "#" });
        for schema in [
            json!({ "$ref": "#" }),
            json!({ "$defs": { "a": { "$ref": "#/$defs/a" } }, "$ref": "#/$defs/a" }),
            json!({ "$defs": doubling, "$ref": "#/$defs/d0" }),
            json!({ "properties": { "a": { "allOf": [twice, twice] } } }),
            json!({ "patternProperties": { "a": twice, "a|b": twice } }),
            json!({ "properties": { "a": twice }, "patternProperties": { "a": twice } }),
            json!({ "items": twice, "contains": twice }),
            json!({ "additionalProperties": twice, "unevaluatedProperties": twice }),
            json!({ "$ref": "https://elsewhere.example/s" }),
            json!({ "$ref": "#nowhere" }),
        ] {
            assert!(!is_affordable(&schema, &nested(60)), "{schema}");
        }
    }

    #[test]
    fn a_chain_of_references_as_long_as_the_stack_is_not_followed() {
        let chain: Map<String, Value> = (0..10_000)
            .map(|n| (format!("d{n}"), json!({ "$ref": format!("#/$defs/d{}", n + 1) })))
            .chain([("d10000".to_owned(), json!({}))])
            .collect();
        assert!(!is_affordable(&json!({ "$defs": chain, "$ref": "#/$defs/d0" }), &nested(1)));
    }
}
