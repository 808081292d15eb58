//! A story for the terminal, in 80 columns; with the pictures in text if they are asked for.

use std::fmt::Write as _;

use super::{Basis, Checked, Decided, Event, Keys, Place, Signer, Standing, Story, draw};
use crate::output::{BOLD, DIM, FAIL, PASS, WARN};
use crate::render::report::{moment, short_did};
use crate::render::svg::{cells, wrapped};
use crate::render::timeline::{Now, Span, timeline};
use crate::render::{Mark, safe};

/// Columns of a line.
const WIDTH: usize = 80;
/// Columns before what happened.
const INDENT: usize = 34;

/// Whether pictures are drawn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pictures {
    /// They are.
    Drawn,
    /// They are not.
    Left,
}

/// The story in words.
pub(crate) fn told(story: &Story, pictures: Pictures) -> String {
    let mut out = String::new();
    if let Some(warning) = story.proof.warning() {
        for line in wrapped(warning, WIDTH) {
            let _ = writeln!(out, "{FAIL}{line}{FAIL:#}");
        }
        out.push('\n');
    }
    headline(story, &mut out);
    about(story, &mut out);
    let _ = writeln!(out, "\n{BOLD}What happened{BOLD:#}  {DIM}(times in UTC){DIM:#}");
    if story.events.is_empty() {
        let _ = writeln!(out, "   nothing is known");
    }
    story.events.iter().for_each(|event| told_event(story, event, &mut out));
    if !story.ahead.is_empty() {
        let _ = writeln!(out, "\n{BOLD}What is to come{BOLD:#}");
        story.ahead.iter().for_each(|event| told_event(story, event, &mut out));
    }
    if !story.gaps.is_empty() {
        let _ = writeln!(out, "\n{BOLD}What is not known{BOLD:#}");
        for gap in &story.gaps {
            hanging(&mut out, " ! ", 3, &safe(gap, 300));
        }
    }
    if pictures == Pictures::Drawn {
        drawn(story, &mut out);
    }
    ending(story, &mut out);
    out
}

fn headline(story: &Story, out: &mut String) {
    let verdict = &story.verdict;
    let style = match verdict.decision {
        Decided::Accept => PASS,
        Decided::Reject => FAIL,
        Decided::Undetermined => WARN,
    };
    let word = verdict.decision.word();
    let what = format!("{} under {}", safe(&story.file, 60), safe(&verdict.policy, 60));
    let as_of = moment(&verdict.as_of.to_string());
    let _ = writeln!(out, "{style}{word}{style:#}  {BOLD}{what}{BOLD:#}   as of {as_of}");
    if let Some((fact, number)) = &verdict.fact {
        hanging(out, "  ", 2, &format!("{}   [{number}]", safe(fact, 300)));
    }
}

fn about(story: &Story, out: &mut String) {
    let about = &story.about;
    out.push('\n');
    let mut line = |label: &str, value: &str| {
        hanging(out, &format!("  {label:<9} "), 12, value);
    };
    line("type", &safe(&about.types.join(", "), 200));
    line("issuer", &safe(&short_did(&about.issuer), 200));
    if let Some(subject) = &about.subject {
        line("subject", &safe(&short_did(subject), 200));
    }
    if let Some(id) = &about.id {
        line("id", &safe(id, 120));
    }
    line("format", &safe(&about.format, 60));
    let names: Vec<String> = about
        .claims
        .iter()
        .map(|(name, value)| match value {
            Some(value) => format!("{}: {}", safe(name, 60), safe(value, 200)),
            None => safe(name, 60),
        })
        .collect();
    if !names.is_empty() {
        let hidden = about.claims.iter().any(|(_, value)| value.is_none());
        line("claims", &names.join(", "));
        if hidden {
            line("", "their values are left out; --show-claims shows them");
        }
    }
}

/// The mark of a standing.
const fn mark_of(standing: Standing) -> Mark {
    match standing {
        Standing::Held => Mark::Pass,
        Standing::Broken => Mark::Fail,
        Standing::Unknown => Mark::Warn,
        Standing::NotJudged => Mark::Skipped,
    }
}

fn told_event(story: &Story, event: &Event, out: &mut String) {
    let mark = mark_of(story.standing(event)).painted();
    let time = event.time.to_string().replace('T', " ");
    let time = time.trim_end_matches('Z');
    let entry = event.place.as_ref().map(|place| format!("entry {}", place.entry));
    let entry = entry.unwrap_or_default();
    let lead = format!(" {mark} {time}  {entry:<9} ");
    hanging(out, &lead, INDENT, &event.what.plain());
    for line in wrapped(&sources(event), WIDTH.saturating_sub(INDENT)) {
        let _ = writeln!(out, "{:INDENT$}{DIM}{line}{DIM:#}", "");
    }
}

/// Whose word an event is, and whose its time.
fn sources(event: &Event) -> String {
    format!("{}; {}", event.word.plain(), time_in_words(event))
}

/// How well the time of an event is attested.
pub(super) fn time_in_words(event: &Event) -> String {
    match (&event.place, event.basis) {
        (Some(place), Basis::Recorded) => recorded_time(place, event),
        (_, Basis::Signed | Basis::Recorded) => "the time is the signer's own".to_owned(),
        (_, Basis::Said) => "unchecked".to_owned(),
    }
}

fn recorded_time(place: &Place, event: &Event) -> String {
    match place.seen {
        None => format!("time: {}, the operator's word alone", safe(&place.grade, 80)),
        Some(seen) if seen == event.time => format!("time: {}", safe(&place.grade, 80)),
        Some(seen) => {
            format!("time: {}, seen by {}", safe(&place.grade, 80), moment(&seen.to_string()))
        }
    }
}

/// Text after `lead`, which takes `indent` columns; further lines are indented as far.
fn hanging(out: &mut String, lead: &str, indent: usize, text: &str) {
    let mut lines = wrapped(text, WIDTH.saturating_sub(indent)).into_iter();
    let first = lines.next().unwrap_or_default();
    let _ = writeln!(out, "{lead}{first}");
    for line in lines {
        let _ = writeln!(out, "{:indent$}{line}", "");
    }
}

fn drawn(story: &Story, out: &mut String) {
    if let Some(keys) = &story.keys {
        heading(out, "When each key of the issuer could sign");
        out.push_str(&key_timeline(keys));
        hanging(out, "   ", 3, &draw::keys_sentence(keys));
    }
    heading(out, "Trust chain");
    chain(story, out);
    if let Some(path) = &story.path {
        heading(out, "On the ledger");
        for line in draw::merkle_tree(path).lines() {
            if line.starts_with("Entry ") {
                hanging(out, "   ", 3, line);
            } else {
                let _ = writeln!(out, "   {line}");
            }
        }
    }
    heading(out, "Who signed");
    signers(&story.signers, out);
    for ladder in &story.ladders {
        heading(out, ladder.title());
        out.push_str(&ladder.steps());
    }
}

fn heading(out: &mut String, title: &str) {
    let _ = writeln!(out, "\n{BOLD}{title}{BOLD:#}");
}

fn key_timeline(keys: &Keys) -> String {
    let spans: Vec<Span> = keys
        .versions
        .iter()
        .map(|version| Span {
            version: version.number,
            since: version.since.date(),
            keys: match version.keys.as_slice() {
                [] => "no key".to_owned(),
                names => safe(&names.join("+"), 40),
            },
            note: version.change.clone(),
            marks: keys
                .marks
                .iter()
                .filter(|mark| mark.version == version.number)
                .map(|mark| {
                    format!("{} {} ({})", mark.label, mark.time.date(), safe(&mark.key, 40))
                })
                .collect(),
        })
        .collect();
    timeline(&spans, if keys.ended { Now::Deactivated } else { Now::InForce })
}

fn chain(story: &Story, out: &mut String) {
    let mut edges = story.chain.edges.iter();
    for (role, name) in &story.chain.nodes {
        hanging(out, &format!("   [{role}] "), role.len().saturating_add(6), &safe(name, 120));
        let Some(edge) = edges.next() else { continue };
        let bar = match edge.standing {
            Standing::Held => "│",
            Standing::Broken => "╳",
            Standing::Unknown | Standing::NotJudged => "┆",
        };
        edge.lines.iter().for_each(|line| check(out, &format!("     {bar} "), line));
    }
}

fn check(out: &mut String, lead: &str, line: &Checked) {
    let mark = mark_of(line.standing).painted();
    let label = &line.label;
    let indent = cells(lead).saturating_add(19);
    let mut parts = wrapped(&line.found, WIDTH.saturating_sub(indent)).into_iter();
    let first = parts.next().unwrap_or_default();
    let _ = writeln!(out, "{lead}{mark} {label:<16} {first}");
    for part in parts {
        let _ = writeln!(out, "{lead}{:18} {part}", "");
    }
}

fn signers(signers: &[Signer], out: &mut String) {
    for signer in signers {
        let mark = mark_of(signer.standing).painted();
        let when = signer.time.map(|time| moment(&time.to_string())).unwrap_or_default();
        let entry = signer.entry.map(|entry| format!("entry {entry}")).unwrap_or_default();
        let head = format!("{} {}", safe(&signer.role, 24), signer.decision);
        let row = [format!("{head:<22}"), format!("{when:<23}"), entry].join(" ");
        let _ = writeln!(out, " {mark} {}", row.trim_end());
        hanging(
            out,
            "     ",
            5,
            &format!("{}; {}", safe(&short_did(&signer.did), 120), signer.state),
        );
    }
}

/// How it stands, in a sentence.
fn ending(story: &Story, out: &mut String) {
    let _ = writeln!(out, "\n{BOLD}How it stands{BOLD:#}");
    hanging(out, "   ", 3, &standing(story));
}

/// How it stands, in a sentence.
pub(super) fn standing(story: &Story) -> String {
    let verdict = &story.verdict;
    let as_of = moment(&verdict.as_of.to_string());
    let policy = safe(&verdict.policy, 60);
    let fact =
        verdict.fact.as_ref().map(|(fact, number)| format!("{} ({number})", safe(fact, 300)));
    // Who took an acceptance back after the seal is out of the agreement's reach, and not out of its story.
    let regret = if verdict.regretted > 0 {
        " An acceptance was taken back after it was sealed: it stands, and whoever asks for current acts does not count it."
    } else {
        ""
    };
    match (verdict.decision, fact) {
        (Decided::Accept, _) if verdict.policy == "authentic" => format!(
            "As of {as_of} it is authentic and in force. Whether the issuer may say this was not judged.{regret}"
        ),
        (Decided::Accept, _) => {
            format!("As of {as_of} it meets the policy {policy}.{regret}")
        }
        (Decided::Reject, Some(fact)) => {
            format!("As of {as_of} it is rejected under {policy}: {fact}.")
        }
        (Decided::Reject, None) => format!("As of {as_of} it is rejected under {policy}."),
        (Decided::Undetermined, Some(fact)) => {
            format!("As of {as_of} nothing can be told under {policy}: {fact}.")
        }
        (Decided::Undetermined, None) => {
            format!("As of {as_of} nothing can be told under {policy}.")
        }
    }
}
