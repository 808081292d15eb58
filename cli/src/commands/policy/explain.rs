//! `inkan policy explain`: what a policy demands, in sentences, in the order in which a report answers them.

use inkan_assurance::Policy;
use inkan_core::json::text;
use serde_json::{Value, json};

use crate::output::Outcome;
use crate::render::safe;

pub(super) fn outcome(policy: &Policy) -> Outcome {
    let value = policy.to_value();
    let lines = sentences(value);
    let mut human = format!("{} {}\n", policy.id(), text(value, "version").unwrap_or_default());
    for line in &lines {
        human.push_str(&format!("  - {}\n", safe(line, 600)));
    }
    let members =
        json!({ "id": policy.id(), "sha256": policy.digest().to_hex(), "sentences": lines });
    Outcome::new("inkan-policy-explanation/1", human, members).stream("sentences")
}

/// One for each demand.
fn sentences(value: &Value) -> Vec<String> {
    let mut lines = vec![issuers(value.get("issuers")), types(value.get("credentialTypes"))];
    lines.extend(proofs(value.get("proofs")));
    lines.push(ledger(value.get("ledger")));
    if let Some(status) = value.get("status") {
        lines.extend(status_lines(status));
    }
    let items = value.get("countersigned").and_then(Value::as_array);
    let items = items.map_or(&[][..], Vec::as_slice);
    lines.extend(items.iter().map(demand));
    if let Some(acts) = value.get("currentActs") {
        let age = text(acts, "maxAge").unwrap_or("PT24H");
        lines.push(format!(
            "Each of these has to be shown to be the newest state of its act, at most {age} ago: who has withdrawn since is not counted, not even after the seal."
        ));
    }
    if let Some(assurance) = value.get("assurance") {
        let framework = text(assurance, "framework").unwrap_or_default();
        let requires = assurance.get("requires").unwrap_or(&Value::Null);
        lines.push(format!("Assurance on the scale of {framework}: {}.", levels(requires)));
    }
    lines
}

fn issuers(issuers: Option<&Value>) -> String {
    match issuers {
        Some(Value::String(word)) if word == "any" => {
            "Anybody may have issued it; whether the issuer may say this is not judged.".to_owned()
        }
        Some(Value::Object(_)) => {
            let named = issuers.map(|named| words(named, "dids")).unwrap_or_default();
            let lists = issuers.map(|named| words(named, "registries")).unwrap_or_default();
            match (named.is_empty(), lists.is_empty()) {
                (false, true) => format!("One of these issued it: {named}."),
                (true, _) => format!("Its issuer is listed for this type in: {lists}."),
                (false, false) => format!(
                    "One of these issued it: {named}; and it is listed for this type in: {lists}."
                ),
            }
        }
        _ => "Its issuer is listed for this type in a configured trust list.".to_owned(),
    }
}

/// Whose proofs have to be there besides the issuer's.
fn proofs(proofs: Option<&Value>) -> Option<String> {
    match proofs {
        Some(Value::String(word)) if word == "all" => {
            Some("Every proof on it was checked, and holds.".to_owned())
        }
        Some(Value::Object(count)) => {
            let least = count.get("atLeast").and_then(Value::as_u64).unwrap_or(1);
            let by = proofs.map(|proofs| words(proofs, "by")).filter(|by| !by.is_empty());
            let who = by.map_or_else(String::new, |by| format!(" out of {by}"));
            Some(format!(
                "At least {least} different controllers{who} say what it says, each by a proof; the issuer is one of them."
            ))
        }
        _ => None,
    }
}

fn types(types: Option<&Value>) -> String {
    match types {
        Some(Value::Array(_)) => {
            let list = json!({ "types": types });
            format!("It is of one of these types: {}.", words(&list, "types"))
        }
        Some(Value::String(word)) if word == "optional" => {
            "A presentation without a credential is enough.".to_owned()
        }
        _ => "A credential of any type.".to_owned(),
    }
}

fn ledger(ledger: Option<&Value>) -> String {
    let grade = ledger.and_then(|ledger| ledger.get("time"));
    let time = match grade.and_then(|grade| text(grade, "grade")) {
        Some("operator") => "the operator's own time".to_owned(),
        Some("tsa") => "the time of a timestamp authority".to_owned(),
        Some("chain") => "the time of a public chain".to_owned(),
        _ => {
            let least = grade.and_then(|grade| grade.get("atLeast")).and_then(Value::as_u64);
            format!("the word of {} independent operators", least.unwrap_or(2))
        }
    };
    let required = ledger.and_then(|ledger| ledger.get("required")).and_then(Value::as_bool);
    if required == Some(true) {
        format!("It is recorded on a ledger that is pinned, and its time rests on {time}.")
    } else {
        format!("No record is needed; where one is relied on, its time rests on {time}.")
    }
}

fn status_lines(status: &Value) -> Vec<String> {
    let mut out = Vec::new();
    if status.get("required").and_then(Value::as_bool) == Some(true) {
        out.push("It names a status list.".to_owned());
    }
    if let Some(age) = text(status, "maxAge") {
        out.push(format!("Its status is at most {age} old."));
    }
    out
}

/// One item of `countersigned`.
fn demand(item: &Value) -> String {
    let least = item.get("atLeast").and_then(Value::as_u64).unwrap_or(1);
    let role = text(item, "role").unwrap_or_default();
    let who = match item.get("by") {
        Some(Value::String(_)) => "the subject of the credential".to_owned(),
        Some(Value::Array(list)) => {
            format!("{least} of {}: {}", list.len(), words(item, "by"))
        }
        _ if least == 1 => "somebody".to_owned(),
        _ => format!("{least} different controllers"),
    };
    let did = match text(item, "decision").unwrap_or("accept") {
        "refuse" => "refused",
        "withdraw" => "withdrew",
        "seal" => "sealed it (the issuer, or whom this item or the offer names)",
        _ => "accepted",
    };
    let mut out = format!("As {role}, {who} {did}");
    if let Some(registry) = text(item, "registry") {
        out.push_str(&format!(", listed for that role in {registry}"));
    }
    if let Some(after) = text(item, "after") {
        out.push_str(&format!(", after a {after} whose countersignature it covers or follows"));
    }
    if let Some(time) = text(item, "before") {
        out.push_str(&format!(", recorded by {time}"));
    }
    if let Some(span) = text(item, "within") {
        out.push_str(&format!(", recorded within {span} of the issuance"));
    }
    if item.get("delegates").and_then(Value::as_bool) == Some(true) {
        out.push_str("; an agent may act in their place, under a power of attorney for that role");
    }
    if item.get("distinct").and_then(Value::as_bool) == Some(true) {
        out.push_str("; nobody of them is the issuer, or counted for another item");
    }
    out.push('.');
    out
}

/// The leaves of `requires`.
fn levels(requires: &Value) -> String {
    let join = |list: &Value, word: &str| {
        let parts = list.as_array().map_or(&[][..], Vec::as_slice).iter().map(levels);
        parts.collect::<Vec<_>>().join(word)
    };
    if let Some(all) = requires.get("allOf") {
        return join(all, " and ");
    }
    if let Some(any) = requires.get("anyOf") {
        return format!("({})", join(any, " or "));
    }
    for leaf in ["ial", "aal"] {
        if let Some(min) = requires.get(leaf).and_then(|leaf| text(leaf, "min")) {
            return format!("at least {min}");
        }
    }
    if requires.get("link").is_some() {
        return "several credentials are one person's".to_owned();
    }
    "trust in a party".to_owned()
}

fn words(value: &Value, member: &str) -> String {
    let list = value.get(member).and_then(Value::as_array);
    let names: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(member: &str, demand: &Value) -> String {
        let mut value = json!({
            "type": "inkan-policy/1", "id": "a", "version": "2026-11-23", "title": { "en": "A" },
        });
        if !member.is_empty() {
            value[member] = demand.clone();
        }
        match Policy::from_value(&value) {
            Ok(policy) => sentences(policy.to_value()).join("\n"),
            Err(error) => panic!("{member}: {error}"),
        }
    }

    /// A demand without a sentence would make the policy look weaker than it is.
    #[test]
    fn every_demand_of_the_schema_has_a_sentence() {
        let schema: Value =
            serde_json::from_str(include_str!("../../../../schemas/policy.schema.json")).unwrap();
        let about_itself = ["type", "id", "version", "title", "effective"];
        let demands = [
            ("issuers", json!({ "dids": ["did:example:acme"] })),
            ("credentialTypes", json!(["Badge"])),
            ("ledger", json!({ "required": true, "time": { "grade": "operator" } })),
            ("status", json!({ "required": true, "maxAge": "PT1H" })),
            ("proofs", json!({ "atLeast": 2 })),
            ("countersigned", json!([{ "role": "holder" }])),
            ("currentActs", json!({ "required": true })),
        ];
        let without = told("", &Value::Null);
        for member in schema["properties"].as_object().unwrap().keys() {
            let found = demands.iter().find(|(name, _)| name == member);
            match found {
                Some((name, demand)) => assert_ne!(told(name, demand), without, "{name}"),
                // Sentences of levels are tried by the transcripts.
                None => assert!(
                    about_itself.contains(&member.as_str()) || member == "assurance",
                    "{member} is neither explained nor listed here"
                ),
            }
        }
        assert_ne!(told("proofs", &json!("all")), without);
        assert!(
            told("proofs", &json!({ "atLeast": 2 })).contains("At least 2 different controllers")
        );
    }
}
