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

/// Most that an evaluation may come to so that all violations can be collected, each of which takes some memory.
const MOST_TO_COLLECT: u64 = 50_000;

/// What an evaluation comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Price {
    /// Little: even if everything fails, all failures can be held at once.
    Small,
    /// Reasonable time, if it stops at the first failure.
    Fair,
    /// It refers elsewhere, is not surely understood in the same way by who evaluates it, or takes too long.
    TooMuch,
}

/// What evaluating `schema` on `instance` comes to at most.
pub(super) fn price(schema: &Value, instance: &Value) -> Price {
    let (depth, values) = extent(instance);
    let mut names = Names::default();
    if names.add_all(schema, true).is_none() {
        return Price::TooMuch;
    }
    let mut estimate = Estimate { root: schema, names, known: BTreeMap::new() };
    let cost = estimate.cost(schema, depth, 0).saturating_mul(values);
    if cost <= MOST_TO_COLLECT {
        Price::Small
    } else if cost <= MOST {
        Price::Fair
    } else {
        Price::TooMuch
    }
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
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

/// The subschemas that have a name of their own.
#[derive(Debug, Default)]
struct Names<'a> {
    /// `$id` of the whole, without a `#` at the end.
    id: Option<&'a str>,
    anchors: BTreeMap<&'a str, &'a Value>,
    /// Whether one of them can take the place of another while the schema of schemas is evaluated.
    dynamic: bool,
}

impl<'a> Names<'a> {
    /// Notes the anchors in a schema. None if it is not certain what references in it mean: with a resource of its own (`$id`) or
    /// another dialect (`$schema`) below the root, or two anchors of one name.
    fn add_all(&mut self, value: &'a Value, is_root: bool) -> Option<()> {
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.add_all(item, false)),
            Value::Object(members) => {
                let text = |name: &str| members.get(name).and_then(Value::as_str);
                if is_root {
                    self.id = text("$id").map(|id| id.trim_end_matches('#'));
                } else if text("$id").or(text("$schema")).is_some() {
                    return None;
                }
                self.dynamic |= text("$dynamicAnchor").is_some();
                for anchor in ["$anchor", "$dynamicAnchor"].into_iter().filter_map(text) {
                    if self.anchors.insert(anchor, value).is_some() {
                        return None;
                    }
                }
                members.values().try_for_each(|member| self.add_all(member, false))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(()),
        }
    }
}

struct Estimate<'a> {
    root: &'a Value,
    names: Names<'a>,
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
                // Of earlier drafts, and evaluated all the same.
                ("dependencies" | "additionalItems" | "$recursiveRef", _) => u64::MAX,
                ("items", Value::Array(_)) => u64::MAX,
                // Each of these is compared with, or looked for, by itself.
                ("enum" | "required", Value::Array(all)) => size(all.len()),
                ("properties", Value::Object(all)) => size(all.len()),
                ("dependentRequired", Value::Object(all)) => {
                    all.values().fold(0_u64, |sum, names| {
                        let names = names.as_array().map_or(0, Vec::len);
                        sum.saturating_add(size(names)).saturating_add(1)
                    })
                }
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
            return if self.names.dynamic { Target::Unknown } else { Target::MetaSchema };
        }
        let (resource, fragment) = to.split_once('#').unwrap_or((to, ""));
        if !resource.is_empty() && Some(resource) != self.names.id {
            return Target::Unknown;
        }
        // Percent signs may stand for other characters; nobody needs them in a reference that this toolkit reads.
        let found = match fragment {
            "" => Some(self.root),
            escaped if escaped.contains('%') => None,
            pointer if pointer.starts_with('/') => self.root.pointer(pointer),
            anchor => self.names.anchors.get(anchor).copied(),
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

    /// Each definition applies the next one twice.
    fn doubling() -> Map<String, Value> {
        (0..40)
            .map(|n| {
                let to = format!("#/$defs/d{}", n + 1);
                let inner = json!({ "allOf": [{ "$ref": to }, { "$ref": to }] });
                (format!("d{n}"), inner)
            })
            .chain([("d40".to_owned(), json!({}))])
            .collect()
    }

    #[test]
    fn ordinary_schemas_are_affordable() {
        let is_affordable = |schema: &Value, value: &Value| price(schema, value) != Price::TooMuch;
        let tree = json!({ "properties": { "a": { "$ref": "#" }, "b": { "$ref": "#" } } });
        let anchored = json!({
            "$id": "https://a.example/s",
            "$defs": { "x": { "$anchor": "x", "type": "object" }, "y": { "$dynamicAnchor": "y" } },
            "allOf": [
                { "$ref": "#x" }, { "$ref": "https://a.example/s#x" }, { "$dynamicRef": "#y" },
                { "$ref": "#/$defs/x" }, { "$ref": "https://a.example/s#/$defs/x" },
            ],
        });
        let meta = json!({ "$ref": "https://json-schema.org/draft/2020-12/schema" });
        let any = json!({ "$ref": "#" });
        let value = json!({ "additionalProperties": any, "items": any, "prefixItems": [any] });
        for schema in [json!(true), json!({}), tree, value, anchored, meta] {
            assert!(is_affordable(&schema, &nested(60)), "{schema}");
        }
    }

    #[test]
    fn schemas_that_multiply_or_go_in_circles_are_not() {
        let is_affordable = |schema: &Value, value: &Value| price(schema, value) != Price::TooMuch;
        let twice = json!({ "$ref": "#" });
        for schema in [
            json!({ "$ref": "#" }),
            json!({ "$defs": { "a": { "$ref": "#/$defs/a" } }, "$ref": "#/$defs/a" }),
            json!({ "$defs": doubling(), "$ref": "#/$defs/d0" }),
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
        let chain = json!({ "$defs": chain, "$ref": "#/$defs/d0" });
        assert_eq!(price(&chain, &nested(1)), Price::TooMuch);
    }

    #[test]
    fn references_that_others_may_follow_elsewhere_are_not() {
        let cheap: Map<String, Value> = (0..41).map(|n| (format!("d{n}"), json!({}))).collect();
        // What these references are to would depend on the resource, the draft, or the dynamic scope.
        let inner = |id: &str, value: &str| {
            json!({ "$defs": cheap, "allOf": [{
                id: value, "$defs": doubling(), "$ref": "#/$defs/d0",
            }] })
        };
        let anchored = |cheap: &str, dear: &str| {
            json!({ "$defs": { "a": { cheap: "x" }, "b": { dear: "x", "allOf": [{ "$ref": "#" }] } },
                "$ref": "#x" })
        };
        let meta = json!({ "$ref": format!("{META_SCHEMA}schema") });
        for schema in [
            inner("$id", "https://x.example/r"),
            inner("$schema", "http://json-schema.org/draft-04/schema#"),
            anchored("$anchor", "$anchor"),
            anchored("$anchor", "$dynamicAnchor"),
            json!({ "$defs": { "a%62": {}, "ab": { "$ref": "#/$defs/ab" } }, "$ref": "#/$defs/a%62" }),
            json!({ "$dynamicAnchor": "meta", "allOf": [meta, meta] }),
            json!({ "dependencies": { "a": { "$ref": "#" } } }),
            json!({ "additionalItems": true }),
            json!({ "items": [{ "$ref": "#" }] }),
            json!({ "$recursiveRef": "#" }),
        ] {
            assert_eq!(price(&schema, &nested(60)), Price::TooMuch, "{schema}");
        }
        // Without a resource of its own, it is the cheap definitions that are meant.
        assert_eq!(price(&inner("title", "x"), &nested(1)), Price::Small);
    }

    #[test]
    fn long_lists_have_their_price() {
        let names: Vec<String> = (0..10_000).map(|n| format!("n{n}")).collect();
        let members: Map<String, Value> = names.iter().map(|n| (n.clone(), json!(true))).collect();
        let value = json!({ "a": vec![json!("x"); 10_000] });
        for leaf in [
            json!({ "enum": names }),
            json!({ "required": names }),
            json!({ "properties": members }),
            json!({ "dependentRequired": { "a": names } }),
        ] {
            let schema = json!({ "properties": { "a": { "items": leaf } } });
            assert_eq!(price(&schema, &value), Price::TooMuch);
            assert_eq!(price(&schema, &json!({ "a": [] })), Price::Small);
        }
    }
}
