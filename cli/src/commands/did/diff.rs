//! `inkan did diff`: what changed between two versions of a DID, in words.
//!
//! Keys with what they are for and how long they stand, services, and what the log itself says (who may write the next
//! entry, witnesses, host, end). Versions in between are not told: `did history` does.

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::Timestamp;
use inkan_core::json::text;
use inkan_did::webvh::{Head, History};
use inkan_did::{DidDocument, KeyPeriod, Relationship, VersionSelector};
use serde_json::{Value, json};

use super::resolve::{Reach, find_history};
use crate::args::DiffArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::identity;
use crate::output::Outcome;
use crate::render::{safe, short};

pub(super) fn run(args: &DiffArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home_if_any()?;
    let did = identity::any(home.as_ref(), &args.did)?;
    let (history, source) = find_history(&did, home.as_ref(), Reach::of(args.offline), context)?;
    context.speech.detail(&format!("from {source}"));
    let from = version(&history, &args.from)?;
    let to = match &args.to {
        Some(named) => version(&history, named)?,
        None => history.latest(),
    };
    let changes = changes(from, to);
    let mut human = format!(
        "version {} of {} → version {} of {}\n",
        from.number(),
        from.time(),
        to.number(),
        to.time()
    );
    for change in &changes {
        human.push_str(&format!("  {} {}\n", change.sign.mark(), safe(&change.words, 400)));
    }
    if changes.is_empty() {
        human.push_str("  nothing changed\n");
    }
    let members: Vec<Value> = changes.iter().map(Change::to_value).collect();
    let side = |head: &Head| {
        json!({
            "version": head.number(), "versionId": head.version_id(),
            "versionTime": head.time().to_string(),
        })
    };
    let members =
        json!({ "did": did.as_str(), "from": side(from), "to": side(to), "changes": members });
    Ok(Outcome::new("inkan-did-diff/1", human, members).stream("changes"))
}

/// A version by its number, its `versionId`, or the time at which it was in force.
fn version<'a>(history: &'a History, named: &str) -> Result<&'a Head, Failure> {
    let selector = match (named.parse::<u64>(), Timestamp::parse(named)) {
        (Ok(number), _) => VersionSelector::Number(number),
        (Err(_), Ok(time)) => VersionSelector::Time(time),
        (Err(_), Err(_)) => VersionSelector::Id(named.to_owned()),
    };
    history.select(&[selector]).map_err(|error| {
        if error.code() != "version-not-found" {
            return Failure::from(error);
        }
        let (first, last) = (history.versions().first(), history.latest());
        let message = format!(
            "there is no version {:?}: there are 1 to {}, from {} on",
            named.chars().take(80).collect::<String>(),
            last.number(),
            first.unwrap_or(last).time()
        );
        Failure::new(error.code(), message)
    })
}

/// What changed between two documents of one DID, in lines: services and other members.
pub(super) fn document_changes(before: &Value, after: &Value) -> Vec<String> {
    let mut out = Vec::new();
    services(before, after, &mut out);
    methods(before, after, &mut out);
    members(before, after, &mut out);
    out.iter().map(|change| format!("{} {}", change.sign.mark(), change.words)).collect()
}

/// Keys by their names alone: what they are for, `did diff` tells of versions.
fn methods(before: &Value, after: &Value, out: &mut Vec<Change>) {
    let names = |document: &Value| -> BTreeSet<String> {
        let methods = document.get("verificationMethod").and_then(Value::as_array);
        let ids = methods.into_iter().flatten().filter_map(|method| text(method, "id"));
        ids.map(|id| id.rsplit('#').next().unwrap_or_default().to_owned()).collect()
    };
    let (old, new) = (names(before), names(after));
    for name in new.difference(&old) {
        out.push(Change::new(Sign::Added, "key", name, format!("key {name}")));
    }
    for name in old.difference(&new) {
        out.push(Change::new(Sign::Removed, "key", name, format!("key {name}")));
    }
}

/// What became of something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sign {
    Added,
    Removed,
    Changed,
}

impl Sign {
    const fn mark(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// One difference.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Change {
    sign: Sign,
    /// What kind of thing: `key`, `service`, `log`, `document`.
    part: &'static str,
    /// Its name.
    name: String,
    words: String,
}

impl Change {
    fn new(sign: Sign, part: &'static str, name: &str, words: String) -> Self {
        Self { sign, part, name: name.to_owned(), words }
    }

    fn to_value(&self) -> Value {
        json!({
            "change": self.sign.name(), "part": self.part, "name": self.name, "text": self.words,
        })
    }
}

fn changes(from: &Head, to: &Head) -> Vec<Change> {
    let mut out = Vec::new();
    keys(from, to, &mut out);
    let documents = (from.document().value(), to.document().value());
    services(documents.0, documents.1, &mut out);
    members(documents.0, documents.1, &mut out);
    log(from, to, &mut out);
    out
}

/// A key as one version lists it.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Listed {
    multikey: String,
    kind: &'static str,
    uses: Vec<&'static str>,
    period: Option<KeyPeriod>,
}

fn listed(head: &Head) -> BTreeMap<String, Listed> {
    let all: Option<DidDocument> = head.document().with_all_keys();
    let document = all.as_ref().unwrap_or_else(|| head.document());
    let methods = document.verification_methods().iter().map(|method| {
        let uses = Relationship::ALL
            .into_iter()
            .filter(|relationship| document.allows(&method.id, *relationship))
            .map(Relationship::name)
            .collect();
        let listed = Listed {
            multikey: method.key.to_multikey(),
            kind: method.key.key_type().name(),
            uses,
            period: document.period(&method.id).ok(),
        };
        (method.id.fragment().unwrap_or_default().to_owned(), listed)
    });
    methods.collect()
}

fn keys(from: &Head, to: &Head, out: &mut Vec<Change>) {
    let (old, new) = (listed(from), listed(to));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        match (old.get(name), new.get(name)) {
            (None, Some(key)) => {
                let words = format!("key {name} ({}) for {}{}", key.kind, uses(key), period(key));
                out.push(Change::new(Sign::Added, "key", name, words));
            }
            (Some(key), None) => {
                let words = format!("key {name} ({}), it was for {}", key.kind, uses(key));
                out.push(Change::new(Sign::Removed, "key", name, words));
            }
            (Some(before), Some(after)) => {
                let mut said = Vec::new();
                if before.multikey != after.multikey {
                    let (one, other) = (short(&before.multikey, 12), short(&after.multikey, 12));
                    said.push(format!("is another key: {one} before, {other} now"));
                }
                if before.uses != after.uses {
                    said.push(format!("is for {}, before for {}", uses(after), uses(before)));
                }
                if before.period != after.period {
                    let now = period(after);
                    let none = || ", without an end".to_owned();
                    let now = if now.is_empty() { none() } else { now };
                    said.push(now.trim_start_matches(", ").to_owned());
                }
                if !said.is_empty() {
                    let words = format!("key {name} {}", said.join("; "));
                    out.push(Change::new(Sign::Changed, "key", name, words));
                }
            }
            (None, None) => {}
        }
    }
}

fn uses(key: &Listed) -> String {
    if key.uses.is_empty() { "nothing".to_owned() } else { key.uses.join(", ") }
}

fn period(key: &Listed) -> String {
    let Some(period) = key.period else { return ", with an end that is no time".to_owned() };
    let said = |word: &str, time: Option<Timestamp>| {
        time.map(|time| format!(", {word} {time}")).unwrap_or_default()
    };
    format!("{}{}", said("expires", period.expires), said("revoked", period.revoked))
}

fn services(from: &Value, to: &Value, out: &mut Vec<Change>) {
    let all = |document: &Value| -> BTreeMap<String, Value> {
        let services = document.get("service").and_then(Value::as_array);
        let named = |service: &Value| {
            let id = text(service, "id").unwrap_or_default();
            (id.rsplit('#').next().unwrap_or_default().to_owned(), service.clone())
        };
        services.into_iter().flatten().map(named).collect()
    };
    let (old, new) = (all(from), all(to));
    let said = |service: &Value| {
        let kind = service.get("type").map(plain).unwrap_or_default();
        let endpoint = service.get("serviceEndpoint").map(plain).unwrap_or_default();
        format!("{kind} at {endpoint}")
    };
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let change = match (old.get(name), new.get(name)) {
            (None, Some(new)) => (Sign::Added, format!("service {name}: {}", said(new))),
            (Some(old), None) => (Sign::Removed, format!("service {name}: {}", said(old))),
            (Some(old), Some(new)) if old != new => {
                (Sign::Changed, format!("service {name}: {}, before {}", said(new), said(old)))
            }
            (Some(_), Some(_)) | (None, None) => continue,
        };
        out.push(Change::new(change.0, "service", name, change.1));
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Members of the document that are neither keys nor services.
fn members(from: &Value, to: &Value, out: &mut Vec<Change>) {
    let told = |name: &str| {
        matches!(name, "id" | "verificationMethod" | "service")
            || Relationship::ALL.into_iter().any(|one| one.name() == name)
    };
    let all = |document: &Value| -> BTreeMap<String, Value> {
        let members = document.as_object();
        let pairs = members.into_iter().flatten().filter(|(name, _)| !told(name));
        pairs.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let (old, new) = (all(from), all(to));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let sign = match (old.get(name), new.get(name)) {
            (None, Some(_)) => Sign::Added,
            (Some(_), None) => Sign::Removed,
            (Some(old), Some(new)) if old != new => Sign::Changed,
            (Some(_), Some(_)) | (None, None) => continue,
        };
        out.push(Change::new(sign, "document", name, format!("member {name} of the document")));
    }
}

/// What the log says beside the document.
fn log(from: &Head, to: &Head, out: &mut Vec<Change>) {
    let mut changed =
        |name: &str, words: String| out.push(Change::new(Sign::Changed, "log", name, words));
    if from.did() != to.did() {
        changed("did", format!("the DID is called {} now", to.did()));
    }
    if from.update_keys() != to.update_keys() {
        changed("updateKeys", "another key wrote the version".to_owned());
    }
    // Every version commits to another next key; how many there are is what could matter.
    if from.next_key_hashes().len() != to.next_key_hashes().len() {
        let many = to.next_key_hashes().len();
        changed("nextKeyHashes", format!("{many} keys may write the next version, by commitment"));
    }
    if from.witness() != to.witness() {
        let (needed, of) = (to.witness().threshold(), to.witness().witnesses().len());
        changed("witness", format!("{needed} of {of} witnesses must approve a version"));
    }
    if from.watchers() != to.watchers() {
        changed("watchers", format!("{} parties keep copies", to.watchers().len()));
    }
    if from.portable() != to.portable() {
        let word = if to.portable() { "may" } else { "may not" };
        changed("portable", format!("the DID {word} move to another host"));
    }
    if from.ttl() != to.ttl() {
        changed("ttl", format!("a copy may be kept for {} s", to.ttl()));
    }
    if from.home() != to.home() {
        let home = to.home().unwrap_or("no log");
        changed("home", format!("its records are kept by {home}"));
    }
    if from.deactivated() != to.deactivated() {
        changed("deactivated", "the DID is deactivated: there is no way back".to_owned());
    }
}
