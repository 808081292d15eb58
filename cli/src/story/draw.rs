//! The pictures of a story, from the story alone: key timeline, trust chain, Merkle path, who signed.
//!
//! Each is a vertical layout as wide as a small phone; the key timeline is drawn for a desk as well. What each shows is said in a
//! sentence.

use std::fmt::Write as _;

use inkan_core::Timestamp;

use super::{Chain, Edge, KeySpan, Keys, MerklePath, Signer, Standing};
use crate::render::report::{moment, short_did};
use crate::render::svg::{self, Picture, text, wrapped};
use crate::render::{merkle, safe};

/// Width of the key timeline on a desk.
pub(crate) const DESK: u32 = 720;
/// Free space at the sides.
const MARGIN: u32 = 16;
/// Characters of a line in a box, and beside an edge: what fits in a wide face.
const LINE: (usize, usize) = (36, 34);
/// Height of a line of text.
const STEP: u32 = 18;
/// Keys and signers that are drawn at most; the sentence says how many are not.
const MOST: usize = 24;
/// Seconds below which times of day are shown in the place of days.
const DAYS: i64 = 172_800;

/// The path from the issuance to the root.
pub(crate) fn merkle_path(path: &MerklePath) -> Picture {
    merkle::picture(&of(path))
}

/// The same for the terminal.
pub(crate) fn merkle_tree(path: &MerklePath) -> String {
    merkle::tree(&of(path))
}

fn of(path: &MerklePath) -> merkle::Path<'_> {
    merkle::Path {
        origin: &path.log,
        index: path.index,
        size: path.size,
        kind: path.kind,
        leaf: path.leaf,
        steps: &path.steps,
        vouched: &path.vouched,
    }
}

/// When each key could sign.
pub(crate) fn keys(keys: &Keys, width: u32) -> Picture {
    let spans = drawn_spans(keys);
    let axis = Axis::new(keys, &spans, width);
    let mut body = String::new();
    let mut rows = Vec::new();
    let mut y = 4_u32;
    for span in &spans {
        y = y.saturating_add(STEP);
        rows.push((y, key_label(span, keys, &axis)));
        let (from, to) = (axis.x(span.from), axis.x(span.until.unwrap_or(keys.until)));
        let class = if span.until.is_some() { "past" } else { "bar" };
        let top = y.saturating_add(7);
        let _ = writeln!(
            body,
            "<rect class=\"{class}\" x=\"{from}\" y=\"{top}\" width=\"{}\" height=\"12\" rx=\"3\"/>",
            to.saturating_sub(from).max(4)
        );
        y = y.saturating_add(28);
    }
    for mark in &keys.marks {
        let x = axis.x(mark.time);
        y = y.saturating_add(STEP);
        let _ = writeln!(body, "<path class=\"at\" d=\"M{x} 6V{}\"/>", y.saturating_sub(12));
        let words = format!("{} {}", mark.label, axis.tick(mark.time));
        text(&mut body, axis.class(x, "small"), (axis.inside(x), y), &words);
    }
    // Above the lines that cross them.
    for (y, label) in rows {
        text(&mut body, "label", (MARGIN, y), &label);
    }
    y = y.saturating_add(12);
    let right = width.saturating_sub(MARGIN);
    let _ = writeln!(body, "<path class=\"axis\" d=\"M{MARGIN} {y}H{right}\"/>");
    y = y.saturating_add(STEP);
    text(&mut body, "small", (MARGIN, y), &axis.tick(axis.from));
    let until = format!("as of {}", axis.tick(keys.until));
    text(&mut body, "small end", (right, y), &until);
    Picture {
        width,
        height: y.saturating_add(10),
        title: format!("Keys of {}", safe(&short_did(&keys.did), 80)),
        sentence: keys_sentence(keys),
        body,
    }
}

/// The newest spans, and the one that signed.
fn drawn_spans(keys: &Keys) -> Vec<&KeySpan> {
    let first = keys.spans.len().saturating_sub(MOST);
    let signed = |span: &KeySpan| keys.marks.iter().any(|mark| mark.key == span.name);
    let drawn = |(at, span): &(usize, &KeySpan)| *at >= first || signed(span);
    keys.spans.iter().enumerate().filter(drawn).map(|(_, span)| span).take(MOST).collect()
}

fn key_label(span: &KeySpan, keys: &Keys, axis: &Axis) -> String {
    let name = safe(&span.name, 18);
    let from = axis.tick(span.from);
    match span.until {
        Some(until) => format!("{name}  {from} to {}", axis.tick(until)),
        None if keys.ended => format!("{name}  {from}, ended"),
        None => format!("{name}  since {from}"),
    }
}

/// From times to places.
struct Axis {
    from: Timestamp,
    until: Timestamp,
    width: u32,
}

impl Axis {
    fn new(keys: &Keys, spans: &[&KeySpan], width: u32) -> Self {
        let starts = spans.iter().map(|span| span.from);
        let from = starts.chain(keys.marks.iter().map(|mark| mark.time)).min();
        Self { from: from.unwrap_or(keys.until), until: keys.until, width }
    }

    fn x(&self, time: Timestamp) -> u32 {
        let span = self.until.seconds_since(self.from).max(1);
        let at = time.seconds_since(self.from).clamp(0, span);
        let free = i64::from(self.width.saturating_sub(MARGIN.saturating_mul(2)));
        let pixels = at.saturating_mul(free).checked_div(span).unwrap_or(0);
        MARGIN.saturating_add(u32::try_from(pixels).unwrap_or(0))
    }

    /// The day, or the time of day where all happens within two days.
    fn tick(&self, time: Timestamp) -> String {
        if self.until.seconds_since(self.from) >= DAYS {
            return time.date();
        }
        let text = time.to_string();
        text.get(5..19).map_or(text.clone(), |short| short.replace('T', " "))
    }

    /// The same for a sentence.
    fn whole(&self, time: Timestamp) -> String {
        let days = self.until.seconds_since(self.from) >= DAYS;
        if days { time.date() } else { moment(&time.to_string()) }
    }

    /// Text begins, centres or ends where it fits.
    fn class(&self, x: u32, class: &'static str) -> &'static str {
        let third = self.width / 3;
        match (class, x) {
            (_, x) if x < third => "small",
            (_, x) if x > third.saturating_mul(2) => "small end",
            _ => "small mid",
        }
    }

    fn inside(&self, x: u32) -> u32 {
        x.clamp(MARGIN, self.width.saturating_sub(MARGIN))
    }
}

/// All that the key timeline shows, in words.
pub(crate) fn keys_sentence(keys: &Keys) -> String {
    let mut parts: Vec<String> = Vec::new();
    let spans = drawn_spans(keys);
    let axis = Axis::new(keys, &spans, svg::WIDTH);
    let day = |time: Timestamp| axis.whole(time);
    for span in spans.iter().take(6) {
        let name = safe(&span.name, 40);
        parts.push(match span.until {
            Some(until) => format!("{name} could sign from {} to {}", day(span.from), day(until)),
            None => format!("{name} can sign since {}", day(span.from)),
        });
    }
    let more = keys.spans.len().saturating_sub(spans.len().min(6));
    if more > 0 {
        parts.push(format!("{more} more keys are not told"));
    }
    let mut out = format!("{}.", parts.join("; "));
    for mark in &keys.marks {
        let (label, when) = (&mark.label, day(mark.time));
        let _ = write!(out, " The credential was {label} on {when}, with {}", safe(&mark.key, 40));
        let _ = match mark.standing {
            Standing::Held => write!(out, ", a key in force then (version {}).", mark.version),
            Standing::Broken => {
                write!(out, ", and that key was not in force then, or reported stolen by then.")
            }
            Standing::Unknown | Standing::NotJudged => {
                write!(out, ", and nothing shows that this key was in force then.")
            }
        };
    }
    if keys.ended {
        out.push_str(" The DID has ended.");
    }
    out
}

/// From what is trusted to who holds it.
pub(crate) fn chain(chain: &Chain) -> Picture {
    let mut body = String::new();
    let mut y = 8_u32;
    let mut edges = chain.edges.iter();
    for (role, name) in &chain.nodes {
        let lines = wrapped(&safe(name, 120), LINE.0);
        let count = u32::try_from(lines.len()).unwrap_or(1);
        let height = count.saturating_mul(STEP).saturating_add(30);
        let _ = writeln!(
            body,
            "<rect x=\"{MARGIN}\" y=\"{y}\" width=\"{}\" height=\"{height}\" rx=\"8\"/>",
            svg::WIDTH.saturating_sub(MARGIN.saturating_mul(2))
        );
        text(&mut body, "name", (28, y.saturating_add(20)), role);
        for (row, line) in (1_u32..).zip(&lines) {
            let at = y.saturating_add(20).saturating_add(row.saturating_mul(STEP));
            text(&mut body, "small", (28, at), line);
        }
        y = y.saturating_add(height);
        if let Some(edge) = edges.next() {
            y = drawn_edge(edge, y, &mut body);
        }
    }
    Picture {
        width: svg::WIDTH,
        height: y.saturating_add(8),
        title: "Trust chain".to_owned(),
        sentence: chain_sentence(chain),
        body,
    }
}

/// An edge: a line as it stands, and beside it what it rests on. A broken one has a gap with a cross in it.
fn drawn_edge(edge: &Edge, top: u32, body: &mut String) -> u32 {
    let mut y = top.saturating_add(6);
    let mut words = String::new();
    let mut marks = String::new();
    let mut fault = None;
    for line in &edge.lines {
        let said = format!("{}: {}", line.label, line.found);
        for (row, part) in wrapped(said.trim_end_matches([':', ' ']), LINE.1).iter().enumerate() {
            y = y.saturating_add(STEP);
            if row == 0 && line.standing == Standing::Broken {
                fault.get_or_insert(y.saturating_sub(4));
            }
            if row == 0 {
                mark(&mut marks, (64, y.saturating_sub(4)), line.standing);
            }
            text(&mut words, "small", (80, y), part);
        }
    }
    let end = y.saturating_add(14);
    let class = edge.standing.name();
    let middle = fault.unwrap_or_else(|| top.saturating_add(end.saturating_sub(top) / 2));
    match edge.standing {
        Standing::Broken => {
            let (above, below) = (middle.saturating_sub(12), middle.saturating_add(12));
            let _ = writeln!(
                body,
                "<path class=\"{class}\" d=\"M36 {top}V{above}M36 {below}V{end}\"/>"
            );
            mark(body, (36, middle), Standing::Broken);
        }
        Standing::Held => {
            let _ = writeln!(body, "<path class=\"{class}\" d=\"M36 {top}V{end}\"/>");
        }
        Standing::Unknown | Standing::NotJudged => {
            let _ = writeln!(body, "<path class=\"{class} open\" d=\"M36 {top}V{end}\"/>");
        }
    }
    body.push_str(&marks);
    body.push_str(&words);
    end
}

/// A tick, a cross, an exclamation mark or a dash: each has a shape of its own.
fn mark(out: &mut String, (x, y): (u32, u32), standing: Standing) {
    let d = match standing {
        Standing::Held => "m-6 0 4 5 8-10",
        Standing::Broken => "m-5-5 10 10m0-10-10 10",
        Standing::Unknown => "m0-7v8m0 4v2",
        Standing::NotJudged => "m-5 0h10",
    };
    let class = standing.name();
    let _ = writeln!(out, "<path class=\"{class}\" d=\"M{x} {y}{d}\"/>");
}

const fn in_words(standing: Standing) -> &'static str {
    match standing {
        Standing::Held => "holds",
        Standing::Broken => "is broken",
        Standing::Unknown => "cannot be told",
        Standing::NotJudged => "was not judged, or is not shown",
    }
}

/// All that the trust chain shows, in words.
pub(crate) fn chain_sentence(chain: &Chain) -> String {
    let mut out = Vec::new();
    let nodes = chain.nodes.iter().zip(chain.nodes.iter().skip(1));
    for (((from, _), (to, _)), edge) in nodes.zip(&chain.edges) {
        let why: Vec<String> = edge
            .lines
            .iter()
            .filter(|line| line.standing == Standing::Broken)
            .map(|line| line.found.clone())
            .collect();
        let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join("; ")) };
        out.push(format!("{from} to {to}: {}{why}", in_words(edge.standing)));
    }
    format!("{}.", out.join("; "))
}

/// Who signed.
pub(crate) fn signers(signers: &[Signer]) -> Picture {
    let mut body = String::new();
    let mut y = 8_u32;
    for signer in signers.iter().take(MOST) {
        let lines = signer_lines(signer);
        let count = u32::try_from(lines.len()).unwrap_or(1);
        let height = count.saturating_mul(STEP).saturating_add(30);
        let _ = writeln!(
            body,
            "<rect x=\"{MARGIN}\" y=\"{y}\" width=\"{}\" height=\"{height}\" rx=\"8\"/>",
            svg::WIDTH.saturating_sub(MARGIN.saturating_mul(2))
        );
        mark(&mut body, (34, y.saturating_add(17)), signer.standing);
        let head = format!("{} {}", safe(&signer.role, 24), signer.decision);
        text(&mut body, "name", (50, y.saturating_add(20)), &head);
        for (row, line) in (1_u32..).zip(&lines) {
            let at = y.saturating_add(20).saturating_add(row.saturating_mul(STEP));
            text(&mut body, "small", (50, at), line);
        }
        y = y.saturating_add(height).saturating_add(10);
    }
    Picture {
        width: svg::WIDTH,
        height: y,
        title: "Who signed".to_owned(),
        sentence: signers_sentence(signers),
        body,
    }
}

fn signer_lines(signer: &Signer) -> Vec<String> {
    let mut lines = wrapped(&safe(&short_did(&signer.did), 120), LINE.0);
    let when = signer.time.map(|time| moment(&time.to_string()));
    let entry = signer.entry.map(|entry| format!("entry {entry}"));
    let said: Vec<String> = when.into_iter().chain(entry).collect();
    if !said.is_empty() {
        lines.push(said.join(", "));
    }
    lines.extend(wrapped(&signer.state, LINE.0));
    lines
}

/// All that the picture of the signers shows, in words.
pub(crate) fn signers_sentence(signers: &[Signer]) -> String {
    let one = |signer: &Signer| {
        let when = signer.time.map(|time| format!(" on {}", time.date())).unwrap_or_default();
        format!("{} {}{when}: {}", safe(&signer.role, 24), signer.decision, signer.state)
    };
    let told: Vec<String> = signers.iter().take(MOST).map(one).collect();
    let more = signers.len().saturating_sub(MOST);
    let more = if more > 0 { format!("; {more} more are not drawn") } else { String::new() };
    format!("{}{more}.", told.join("; "))
}
