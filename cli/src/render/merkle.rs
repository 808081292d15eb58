//! The Merkle path as a picture: in the terminal as a tree, and as an SVG that reads on a phone, in light and in dark.
//!
//! Words and shapes carry the meaning: given hashes have a dashed frame and the word `given`, computed ones a solid frame;
//! colour only adds. The sentence under the title says what the picture shows.

use std::fmt::Write as _;

use inkan_ledger::NodeHash;

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

/// Width of the picture: that of a small phone, so that nothing is ever scaled down to be seen.
const WIDTH: u32 = 360;
/// Height of one step.
const ROW: u32 = 76;
/// Characters of a line of the title, and of the sentence: what fits between the margins in a wide face.
const LINE: (usize, usize) = (32, 44);
/// Size of a box.
const BOX: (u32, u32) = (166, 44);

/// Draws the path as an SVG.
pub(crate) fn svg(path: &Path<'_>) -> String {
    let rows = u32::try_from(path.steps.len()).unwrap_or(u32::MAX);
    let title = format!("Merkle path of entry {} in {}", path.index, path.origin);
    let sentence = path.sentence();
    let (head, words) = heading(&title, &sentence);
    let height = head.saturating_add(rows.saturating_add(1).saturating_mul(ROW));
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"t d\">"
    );
    let _ = writeln!(out, "<title id=\"t\">{}</title>", escaped(&title));
    let _ = writeln!(out, "<desc id=\"d\">{}</desc>", escaped(&sentence));
    out.push_str(STYLE);
    let _ = writeln!(out, "<rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>");
    out.push_str(&words);
    let top = |row: u32| head.saturating_add(row.saturating_mul(ROW));
    lines(path, rows, &top, &mut out);
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
        boxed(&mut out, (x, y), class, &Label { word, hash: &hash, covers: reaches });
        if let Some(step) = above {
            let label = Label { word: "given", hash: &step.given, covers: step.covers };
            boxed(&mut out, (given_side(step.side), y), "given", &label);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Title and sentence, line by line, and how high they are together.
fn heading(title: &str, sentence: &str) -> (u32, String) {
    let mut out = String::new();
    let mut y = 10_u32;
    for (class, step, lines) in
        [("title", 22, wrapped(title, LINE.0)), ("say", 18, wrapped(sentence, LINE.1))]
    {
        for text in lines {
            y = y.saturating_add(step);
            let text = escaped(&text);
            let _ = writeln!(out, "<text class=\"{class}\" x=\"16\" y=\"{y}\">{text}</text>");
        }
    }
    (y.saturating_add(22), out)
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

/// Lines of at most `width` characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count().saturating_add(word.chars().count()) < width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => {
                // A name that is longer than a line is cut where the line ends.
                let letters: Vec<char> = word.chars().collect();
                lines.extend(letters.chunks(width).map(|part| part.iter().collect::<String>()));
            }
        }
    }
    lines
}

/// Text as XML takes it.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Colours for light and dark; every contrast is at least 4.5 to 1.
const STYLE: &str = "<style>
.page{fill:#fff}
text{font-family:system-ui,sans-serif;fill:#1b1b1f}
.title{font-size:16px;font-weight:600}
.say,.word{font-size:13px}
.range{font-size:12px}
.hash{font-family:ui-monospace,monospace;font-size:12px}
rect{fill:#f4f4f6;stroke:#5b5b66;stroke-width:1.5}
.given rect{fill:#eaf1ff;stroke:#1d4ed8;stroke-dasharray:5 3}
.yours rect{fill:#fff6e0;stroke:#8a5a00;stroke-width:3}
.root rect{fill:#e9f7ee;stroke:#146c37;stroke-width:3}
rect.page{stroke:none}
path{fill:none;stroke:#1b1b1f;stroke-width:2.5}
path.aid{stroke:#1d4ed8;stroke-width:1.5;stroke-dasharray:5 3}
@media(prefers-color-scheme:dark){
.page{fill:#16161a}
text{fill:#ececf1}
rect{fill:#26262d;stroke:#a9a9b8}
.given rect{fill:#1a2747;stroke:#8fb4ff}
.yours rect{fill:#3a2c0d;stroke:#f0c060}
.root rect{fill:#12331f;stroke:#6fd59a}
rect.page{fill:#16161a;stroke:none}
path{stroke:#ececf1}
path.aid{stroke:#8fb4ff}
}
</style>
";

#[cfg(test)]
mod tests;
