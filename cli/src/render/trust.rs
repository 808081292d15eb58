//! Who trusts whom, as lines, as a picture and as a page.
//!
//! The picture is a column as wide as a small phone: whoever trusts, and under it everybody trusted, each with what for. A mark stands
//! beside every word, so that colour only adds.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use inkan_core::encoding::b64;
use inkan_core::{Timestamp, sha256};

use super::report::{moment, short_did};
use super::svg::{Picture, STYLE, WIDTH, escaped, text, wrapped};
use super::{Mark, safe};

/// Free space at the sides, and how far a trusted party is set in.
const MARGIN: u32 = 16;
const INSET: u32 = 28;
/// Height of a line of text.
const STEP: u32 = 18;
/// Parties of one registry that are drawn at most; the sentence says how many are not.
const MOST: usize = 48;

/// How a word stands at the time asked about.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Mood {
    /// It holds.
    Holds,
    /// It will.
    Later,
    /// It did.
    Over,
    /// The party is revoked for cause.
    Void,
}

impl Mood {
    /// The word in JSON.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Later => "later",
            Self::Over => "ended",
            Self::Void => "void",
        }
    }

    const fn mark(self) -> Mark {
        match self {
            Self::Holds => Mark::Pass,
            Self::Later | Self::Over => Mark::Skipped,
            Self::Void => Mark::Fail,
        }
    }

    /// Class and path of the mark in a picture.
    const fn drawn(self) -> (&'static str, &'static str) {
        match self {
            Self::Holds => ("held", "m-6 0 4 5 8-10"),
            Self::Later | Self::Over => ("not-judged", "m-5 0h10"),
            Self::Void => ("broken", "m-5-5 10 10m0-10-10 10"),
        }
    }
}

/// Who trusts whom.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    /// As of when.
    pub(crate) at: Timestamp,
    /// Registry by registry.
    pub(crate) edges: Vec<Edge>,
}

/// A party that a registry says something of.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    /// The registry: a DID, or whose list it is.
    pub(crate) from: String,
    /// The party.
    pub(crate) to: String,
    /// What it says.
    pub(crate) words: Vec<(Mood, String)>,
}

impl Graph {
    /// The registries, in their order, each with its edges.
    fn registries(&self) -> Vec<(&str, Vec<&Edge>)> {
        let mut out: Vec<(&str, Vec<&Edge>)> = Vec::new();
        for edge in &self.edges {
            match out.last_mut() {
                Some((from, edges)) if *from == edge.from => edges.push(edge),
                Some(_) | None => out.push((&edge.from, vec![edge])),
            }
        }
        out
    }

    /// All that the picture shows, in words.
    fn sentence(&self) -> String {
        if self.edges.is_empty() {
            return "Nobody is trusted.".to_owned();
        }
        let mut out = String::new();
        for (from, edges) in self.registries() {
            let mut counts: BTreeMap<Mood, usize> = BTreeMap::new();
            for (mood, _) in edges.iter().flat_map(|edge| &edge.words) {
                let count = counts.entry(*mood).or_default();
                *count = count.saturating_add(1);
            }
            let word = |mood: Mood| match mood {
                Mood::Holds => "hold",
                Mood::Later => "come later",
                Mood::Over => "have ended",
                Mood::Void => "are void for cause",
            };
            let counts: Vec<String> =
                counts.into_iter().map(|(mood, n)| format!("{n} {}", word(mood))).collect();
            let name = label(from);
            let _ =
                write!(out, "{name} speaks of {} parties: {}. ", edges.len(), counts.join(", "));
            let more = edges.len().saturating_sub(MOST);
            if more > 0 {
                let _ = write!(out, "{more} of them are not drawn. ");
            }
        }
        out.trim_end().to_owned()
    }
}

/// A name that tells parties apart: of a DID with a long number in it, the number is cut.
fn label(name: &str) -> String {
    if name.starts_with("did:webvh:") { safe(&short_did(name), 120) } else { safe(name, 120) }
}

/// As lines for a terminal.
pub(crate) fn lines(graph: &Graph) -> String {
    let mut out = format!("who trusts whom, as of {}\n", moment(&graph.at.to_string()));
    if graph.edges.is_empty() {
        out.push_str("  nobody is trusted; inkan trust add\n");
    }
    for (from, edges) in graph.registries() {
        let _ = writeln!(out, "{}", label(from));
        let last = edges.len().saturating_sub(1);
        for (place, edge) in edges.iter().enumerate() {
            let (branch, below) = if place == last { ("└─", "  ") } else { ("├─", "│ ") };
            let _ = writeln!(out, "{branch} {}", label(&edge.to));
            for (mood, words) in &edge.words {
                let _ = writeln!(out, "{below}    {} {words}", mood.mark().painted());
            }
        }
    }
    out
}

/// As a picture.
pub(crate) fn picture(graph: &Graph) -> Picture {
    let mut body = String::new();
    let mut y = 8_u32;
    for (from, edges) in graph.registries() {
        y = boxed(&mut body, (MARGIN, y), "root", &[(None, label(from))]);
        let mut ends = Vec::new();
        let top = y;
        for edge in edges.iter().take(MOST) {
            y = y.saturating_add(10);
            ends.push(y.saturating_add(16));
            let mut rows = vec![(None, label(&edge.to))];
            rows.extend(edge.words.iter().map(|(mood, words)| (Some(*mood), words.clone())));
            y = boxed(&mut body, (MARGIN.saturating_add(INSET), y), "", &rows);
        }
        let x = MARGIN.saturating_add(10);
        for end in &ends {
            let _ = writeln!(
                body,
                "<path class=\"axis\" d=\"M{x} {end}h{}\"/>",
                INSET.saturating_sub(10)
            );
        }
        if let Some(end) = ends.last() {
            let _ = writeln!(body, "<path class=\"axis\" d=\"M{x} {top}V{end}\"/>");
        }
        y = y.saturating_add(18);
    }
    if graph.edges.is_empty() {
        y = y.saturating_add(STEP);
        text(&mut body, "small", (MARGIN, y), "nobody is trusted");
    }
    Picture {
        width: WIDTH,
        height: y.saturating_add(8),
        title: format!("Who trusts whom, {}", graph.at.date()),
        sentence: graph.sentence(),
        body,
    }
}

/// A box with its lines; gives where it ends.
fn boxed(
    body: &mut String,
    (x, y): (u32, u32),
    class: &str,
    rows: &[(Option<Mood>, String)],
) -> u32 {
    let width = WIDTH.saturating_sub(x).saturating_sub(MARGIN);
    let fits = |free: u32| usize::try_from(free.div_euclid(8)).unwrap_or(usize::MAX).max(8);
    let mut inner = String::new();
    let mut at = y.saturating_add(2);
    for (mood, words) in rows {
        let left = if mood.is_some() { 34 } else { 12 };
        let text_class = if mood.is_some() { "small" } else { "name" };
        let free = width.saturating_sub(left).saturating_sub(8);
        for (row, line) in wrapped(words, fits(free)).iter().enumerate() {
            at = at.saturating_add(STEP);
            if let (0, Some(mood)) = (row, mood) {
                let (class, d) = mood.drawn();
                let (mx, my) = (x.saturating_add(18), at.saturating_sub(4));
                let _ = writeln!(inner, "<path class=\"{class}\" d=\"M{mx} {my}{d}\"/>");
            }
            text(&mut inner, text_class, (x.saturating_add(left), at), line);
        }
    }
    let end = at.saturating_add(12);
    let height = end.saturating_sub(y);
    let _ = writeln!(
        body,
        "<g class=\"{class}\"><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/></g>"
    );
    body.push_str(&inner);
    end
}

/// The rules of the page beside those of the picture.
const PAGE: &str = "\
:root{color-scheme:light dark}
body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#fff;color:#1b1b1f}
main{max-width:752px;margin:0 auto;padding:20px 14px 32px}
h1{font-size:1.5rem;line-height:1.2}
li,p,h2{overflow-wrap:anywhere}
svg{max-width:100%}
@media(prefers-color-scheme:dark){body{background:#16161a;color:#ececf1}}
";

/// As one HTML file: no script, nothing fetched, the picture and the same in words.
pub(crate) fn page(graph: &Graph) -> String {
    let css = format!("\n{PAGE}{STYLE}");
    let digest = b64(sha256(&[css.as_bytes()]).as_bytes());
    let picture = picture(graph);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>{title}</title>\n\
         <style>{css}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>As of {at}. {words}</p>\n",
        title = escaped(&picture.title),
        at = escaped(&moment(&graph.at.to_string())),
        words = escaped(&picture.sentence),
    );
    out.push_str(&picture.inline("trust"));
    for (from, edges) in graph.registries() {
        let _ = writeln!(out, "<h2><bdi>{}</bdi></h2>\n<ul>", escaped(&safe(from, 300)));
        for edge in edges {
            let _ = writeln!(out, "<li><bdi>{}</bdi>\n<ul>", escaped(&safe(&edge.to, 300)));
            for (mood, words) in &edge.words {
                let _ = writeln!(
                    out,
                    "<li>{}: <bdi>{}</bdi></li>",
                    mood.as_str(),
                    escaped(&safe(words, 300))
                );
            }
            out.push_str("</ul></li>\n");
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

#[cfg(test)]
mod tests;
