//! `inkan trust graph`: who trusts whom with what, as of a time: on a terminal, as a picture, as a page.

use std::collections::BTreeMap;

use inkan_core::Timestamp;
use inkan_evidence::Registry;
use inkan_evidence::registry::{Entry, Standing};
use serde_json::{Value, json};

use super::party;
use crate::args::{GraphForm, TrustGraphArgs};
use crate::commands::did::parse_time;
use crate::context::{Context, Home};
use crate::failure::Failure;
use crate::output::Outcome;
use crate::registries;
use crate::render::report::short_did;
use crate::render::safe;
use crate::render::trust::{self, Edge, Graph, Mood};

pub(super) fn run(args: &TrustGraphArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home()?;
    let now = context.now();
    let at = args.at.as_deref().map(parse_time).transpose()?.unwrap_or(now);
    let registries = registries::of(&home, (at, now), registries::Terms::default())?;
    let only = args.party.as_deref().map(|name| party(name, Some(&home))).transpose()?;
    let graph = graph(&registries, only.as_deref(), at, &home);
    let text = match args.form {
        GraphForm::Text => trust::lines(&graph),
        GraphForm::Svg => trust::picture(&graph).alone(),
        GraphForm::Html => trust::page(&graph),
    };
    let members = value(&graph);
    let human = context.deliver(text, args.out.path())?;
    Ok(Outcome::new("inkan-trust-graph/1", human, members).stream("edges"))
}

fn graph(registries: &[Registry], only: Option<&str>, at: Timestamp, home: &Home) -> Graph {
    let name = |registry: &Registry| match registry.id().strip_prefix("urn:inkan:trust:") {
        Some(_) => format!("trust list of {}", home.name()),
        None => registry.id().to_owned(),
    };
    let mut edges = Vec::new();
    for registry in registries {
        let mut parties: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in registry.entries() {
            if only.is_none_or(|only| [entry.id(), registry.id()].contains(&only)) {
                parties.entry(entry.id()).or_default().push(entry);
            }
        }
        for (to, entries) in parties {
            let void = entries.iter().any(|entry| entry.standing() == Standing::RevokedForCause);
            let mut words: Vec<(Mood, String)> =
                entries.iter().flat_map(|entry| said(entry, at, void)).collect();
            if void && words.is_empty() {
                words.push((Mood::Void, "revoked for cause".to_owned()));
            }
            edges.push(Edge { from: name(registry), to: to.to_owned(), words });
        }
    }
    Graph { at, edges }
}

/// What an entry says, thing by thing, and how it stands at a time.
fn said(entry: &Entry, at: Timestamp, void: bool) -> Vec<(Mood, String)> {
    let mood = if void {
        Mood::Void
    } else if entry.covers(at) {
        Mood::Holds
    } else if entry.valid_from().is_some_and(|from| at < from) {
        Mood::Later
    } else {
        Mood::Over
    };
    let until = entry.valid_until().map(|until| until.date());
    let tail = match (mood, until) {
        (Mood::Void, _) => match entry.void_since() {
            Some(since) => format!(" (revoked for cause, void since {})", since.date()),
            None => " (revoked for cause)".to_owned(),
        },
        (Mood::Over, Some(until)) => format!(" (ended {until})"),
        (Mood::Holds, Some(until)) => format!(" (until {until})"),
        (Mood::Later, _) => match entry.valid_from() {
            Some(from) => format!(" (from {} on)", from.date()),
            None => String::new(),
        },
        (Mood::Over | Mood::Holds, None) => String::new(),
    };
    let mut out: Vec<String> = Vec::new();
    out.extend(entry.issues().iter().map(|kind| format!("issues {kind}")));
    out.extend(entry.rows().iter().map(|row| format!("states {}", row.as_str())));
    out.extend(entry.countersigns().iter().map(|role| format!("countersigns as {role}")));
    out.extend(entry.roles().iter().map(|role| format!("is {}", role.as_str())));
    out.extend(entry.succeeds().iter().map(|did| format!("took over from {}", short_did(did))));
    out.extend(entry.same_controller().iter().map(|did| format!("is one with {}", short_did(did))));
    out.extend(entry.is_authority().then(|| "is an authority".to_owned()));
    out.extend(entry.grants().iter().map(|grant| format!("{} {}", grant.action, grant.resource)));
    out.into_iter().map(|words| (mood, format!("{}{tail}", safe(&words, 160)))).collect()
}

fn value(graph: &Graph) -> Value {
    let edges: Vec<Value> = graph
        .edges
        .iter()
        .map(|edge| {
            let words: Vec<Value> = edge
                .words
                .iter()
                .map(|(mood, words)| json!({ "says": words, "standing": mood.as_str() }))
                .collect();
            json!({ "from": edge.from, "to": edge.to, "words": words })
        })
        .collect();
    json!({ "asOf": graph.at.to_string(), "edges": edges })
}
