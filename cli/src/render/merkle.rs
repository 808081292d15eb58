//! The Merkle path as a picture: in the terminal as a tree, and as an SVG that reads on a phone, in light and in dark.
//!
//! Words and shapes carry the meaning: given hashes have a dashed frame and the word `given`, computed ones a solid frame;
//! colour only adds. The sentence under the title says what the picture shows.

use std::fmt::Write as _;

use inkan_ledger::NodeHash;

use super::svg::{self, Picture, escaped};
use super::{short, with_article};
use crate::merkle::{Side, Step};
use crate::output::{BOLD, DIM};

/// What is drawn.
#[derive(Clone, Debug)]
pub(crate) struct Path<'a> {
    /// Name of the log.
    pub(crate) origin: &'a str,
    /// Place of the entry.
    pub(crate) index: u64,
    /// Leaves in the tree.
    pub(crate) size: u64,
    /// What kind of entry it is.
    pub(crate) kind: &'a str,
    /// Hash of the entry's leaf.
    pub(crate) leaf: NodeHash,
    /// From the leaf up.
    pub(crate) steps: &'a [Step],
    /// Who vouches for the root, in a few words.
    pub(crate) vouched: &'a str,
}

impl Path<'_> {
    fn root(&self) -> NodeHash {
        self.steps.last().map_or(self.leaf, |step| step.result)
    }

    /// The whole picture in a sentence.
    pub(crate) fn sentence(&self) -> String {
        let count = self.steps.len();
        let hashes = if count == 1 { "1 given hash" } else { &format!("{count} given hashes") };
        format!(
            "Entry {} and {hashes} lead to the root over {} entries of {}, {}.",
            self.index, self.size, self.origin, self.vouched
        )
    }
}

fn hex(hash: &NodeHash) -> String {
    short(&hash.digest().to_hex(), 6)
}

fn range((low, high): (u64, u64)) -> String {
    if low == high { format!("entry {low}") } else { format!("entries {low}–{high}") }
}

/// Draws the path as a tree, the root on top.
pub(crate) fn tree(path: &Path<'_>) -> String {
    let mut out = String::new();
    let root = hex(&path.root());
    let _ = writeln!(out, "{BOLD}root{BOLD:#} {root}  {}, {}", range(whole(path)), path.vouched);
    draw(path, path.steps.len(), "", &mut out);
    let _ = writeln!(out, "{}", path.sentence());
    out
}

const fn whole(path: &Path<'_>) -> (u64, u64) {
    (0, path.size.saturating_sub(1))
}

/// Draws what is below the node that the first `level` steps lead to: the given hash and our own, in their order.
fn draw(path: &Path<'_>, level: usize, indent: &str, out: &mut String) {
    let Some(below) = level.checked_sub(1) else { return };
    let Some(step) = path.steps.get(below) else { return };
    let own = below.checked_sub(1).and_then(|at| path.steps.get(at));
    let (hash, reaches) =
        own.map_or((path.leaf, (path.index, path.index)), |step| (step.result, step.reaches));
    let given = format!("{DIM}given   {} {}{DIM:#}", hex(&step.given), range(step.covers));
    let ours = match own {
        None => {
            let what =
                format!("{} {}, {} entry", hex(&hash), range(reaches), with_article(path.kind));
            format!("{BOLD}yours   {what}{BOLD:#}")
        }
        Some(_) => format!("hashed  {} {}", hex(&hash), range(reaches)),
    };
    match step.side {
        Side::Left => {
            let _ = writeln!(out, "{indent}├─ {given}");
            let _ = writeln!(out, "{indent}└─ {ours}");
            draw(path, below, &format!("{indent}   "), out);
        }
        Side::Right => {
            let _ = writeln!(out, "{indent}├─ {ours}");
            draw(path, below, &format!("{indent}│  "), out);
            let _ = writeln!(out, "{indent}└─ {given}");
        }
    }
}

/// Height of one step.
const ROW: u32 = 76;
/// Where the root begins.
const TOP: u32 = 8;
/// Size of a box.
const BOX: (u32, u32) = (166, 44);

/// Draws the path as an SVG.
pub(crate) fn svg(path: &Path<'_>) -> String {
    picture(path).alone()
}

/// Draws the path.
pub(crate) fn picture(path: &Path<'_>) -> Picture {
    let rows = u32::try_from(path.steps.len()).unwrap_or(u32::MAX);
    let mut body = String::new();
    let top = |row: u32| TOP.saturating_add(row.saturating_mul(ROW));
    lines(path, rows, &top, &mut body);
    // From the root down.
    for (row, level) in (0_u32..).zip((0..=path.steps.len()).rev()) {
        let own = level.checked_sub(1).and_then(|at| path.steps.get(at));
        let above = path.steps.get(level);
        let y = top(row);
        let (class, word) = match (own, above) {
            (_, None) => ("root", "root"),
            (None, Some(_)) => ("yours", "yours"),
            (Some(_), Some(_)) => ("hashed", "hashed"),
        };
        let (hash, reaches) =
            own.map_or((path.leaf, (path.index, path.index)), |step| (step.result, step.reaches));
        // The way runs on the side that the given hash leaves free.
        let x = above.map_or(97, |step| own_side(step.side));
        boxed(&mut body, (x, y), class, &Label { word, hash: &hash, covers: reaches });
        if let Some(step) = above {
            let label = Label { word: "given", hash: &step.given, covers: step.covers };
            boxed(&mut body, (given_side(step.side), y), "given", &label);
        }
    }
    Picture {
        width: svg::WIDTH,
        height: top(rows.saturating_add(1)).saturating_sub(TOP),
        title: format!("Merkle path of entry {} in {}", path.index, path.origin),
        sentence: path.sentence(),
        body,
    }
}

const fn own_side(side: Side) -> u32 {
    match side {
        Side::Left => 186,
        Side::Right => 8,
    }
}

const fn given_side(side: Side) -> u32 {
    match side {
        Side::Left => 8,
        Side::Right => 186,
    }
}

/// The edges: from each pair up to what it hashes to.
fn lines(path: &Path<'_>, rows: u32, top: &dyn Fn(u32) -> u32, out: &mut String) {
    for (row, level) in (0..rows).zip((1..=path.steps.len()).rev()) {
        let Some(step) = level.checked_sub(1).and_then(|at| path.steps.get(at)) else { continue };
        let parent = path.steps.get(level).map_or(97, |above| own_side(above.side));
        let (from, to) = (top(row).saturating_add(BOX.1), top(row.saturating_add(1)));
        let middle = |x: u32| x.saturating_add(BOX.0 / 2);
        for (x, class) in [(own_side(step.side), "way"), (given_side(step.side), "aid")] {
            let _ = writeln!(
                out,
                "<path class=\"{class}\" d=\"M{} {to} C{} {} {} {} {} {from}\"/>",
                middle(x),
                middle(x),
                to.saturating_sub(16),
                middle(parent),
                from.saturating_add(16),
                middle(parent)
            );
        }
    }
}

struct Label<'a> {
    word: &'a str,
    hash: &'a NodeHash,
    covers: (u64, u64),
}

fn boxed(out: &mut String, (x, y): (u32, u32), class: &str, label: &Label<'_>) {
    let (width, height) = BOX;
    let full = label.hash.digest().to_hex();
    let _ = writeln!(out, "<g class=\"{class}\"><title>{full}</title>");
    let _ =
        writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>");
    let text_x = x.saturating_add(10);
    let _ = writeln!(
        out,
        "<text class=\"word\" x=\"{text_x}\" y=\"{}\">{} <tspan class=\"hash\">{}</tspan></text>",
        y.saturating_add(18),
        label.word,
        hex(label.hash)
    );
    let said = range(label.covers);
    // Between numbers of many digits there is no room for the word.
    let said = if said.chars().count() > 21 { said.replace("entries ", "") } else { said };
    let _ = writeln!(
        out,
        "<text class=\"range\" x=\"{text_x}\" y=\"{}\">{}</text></g>",
        y.saturating_add(35),
        escaped(&said)
    );
}

#[cfg(test)]
mod tests;
