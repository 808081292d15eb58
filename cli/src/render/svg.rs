//! Pictures as SVG: one frame, one style, in light and in dark, on a phone as on a desk.
//!
//! In scope: what all pictures share. Out of scope: what is on them. A picture is never scaled down to be seen: it is as wide as a
//! small phone, or it is drawn twice. Shapes and words carry the meaning, colour only adds. No script, no link, nothing fetched.

use std::fmt::Write as _;

/// Width of a picture for every screen: that of a small phone.
pub(crate) const WIDTH: u32 = 360;
/// Free space on the left and on the right.
const MARGIN: u32 = 16;
/// Pixels that a character takes at most, of the title and of the sentence.
const CHARACTER: (u32, u32) = (10, 7);

/// A picture.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    /// Width in pixels.
    pub(crate) width: u32,
    /// Height in pixels.
    pub(crate) height: u32,
    /// What it is of.
    pub(crate) title: String,
    /// All that it shows, in words.
    pub(crate) sentence: String,
    /// Its elements.
    pub(crate) body: String,
}

impl Picture {
    /// As a file of its own: title and sentence stand above it.
    pub(crate) fn alone(&self) -> String {
        let (head, words) = self.heading();
        let height = head.saturating_add(self.height);
        let mut out = self.opened("p", height);
        let _ = writeln!(out, "<style>\n{STYLE}</style>");
        let _ =
            writeln!(out, "<rect class=\"page\" width=\"{}\" height=\"{height}\"/>", self.width);
        out.push_str(&words);
        let _ = writeln!(out, "<g transform=\"translate(0 {head})\">");
        out.push_str(&self.body);
        out.push_str("</g>\n</svg>\n");
        out
    }

    /// As a part of a page that has [`STYLE`] and says the sentence beside it. `id` is unique on the page.
    pub(crate) fn inline(&self, id: &str) -> String {
        let mut out = self.opened(id, self.height);
        out.push_str(&self.body);
        out.push_str("</svg>\n");
        out
    }

    fn opened(&self, id: &str, height: u32) -> String {
        let Self { width, title, sentence, .. } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"pic\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\n\
             <title id=\"{id}-t\">{}</title>\n<desc id=\"{id}-d\">{}</desc>\n",
            escaped(title),
            escaped(sentence)
        )
    }

    /// Title and sentence, line by line, and how high they are together.
    fn heading(&self) -> (u32, String) {
        let free = self.width.saturating_sub(MARGIN.saturating_mul(2));
        let fits = |pixels: u32| usize::try_from(free.div_euclid(pixels)).unwrap_or(usize::MAX);
        let mut out = String::new();
        let mut y = 10_u32;
        for (class, step, lines) in [
            ("title", 22, wrapped(&self.title, fits(CHARACTER.0))),
            ("say", 18, wrapped(&self.sentence, fits(CHARACTER.1))),
        ] {
            for line in lines {
                y = y.saturating_add(step);
                text(&mut out, class, (MARGIN, y), &line);
            }
        }
        (y.saturating_add(14), out)
    }
}

/// Adds a line of text.
pub(crate) fn text(out: &mut String, class: &str, (x, y): (u32, u32), words: &str) {
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(words));
}

/// Lines of at most `width` cells; a letter of Chinese, Japanese or Korean takes two.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if cells(line).saturating_add(cells(word)) < width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => cut(word, width, &mut lines),
        }
    }
    lines
}

/// A name that is longer than a line is cut: after a colon or a slash in its second half if there is one, else where the line ends.
fn cut(word: &str, width: usize, lines: &mut Vec<String>) {
    let mut line = String::new();
    for c in word.chars() {
        if !line.is_empty() && cells(&line).saturating_add(wide(c)) > width {
            let at = line.rfind([':', '/']).map(|at| at.saturating_add(1));
            let at = at.filter(|at| at.saturating_mul(2) > line.len() && *at < line.len());
            let rest = at.map_or_else(String::new, |at| line.split_off(at));
            lines.push(std::mem::replace(&mut line, rest));
        }
        line.push(c);
    }
    lines.push(line);
}

/// Cells that text takes on a terminal.
pub(crate) fn cells(text: &str) -> usize {
    text.chars().map(wide).fold(0, usize::saturating_add)
}

const fn wide(c: char) -> usize {
    match c {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// Text as XML and HTML take it, in content and in quoted attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Colours for light and dark; every contrast of text is at least 4.5 to 1. It touches nothing outside of pictures.
pub(crate) const STYLE: &str = "\
.pic text{font-family:system-ui,sans-serif;font-size:13px;fill:#1b1b1f}
.pic .title{font-size:16px;font-weight:600}
.pic .name,.pic .label{font-weight:600}
.pic .label{paint-order:stroke;stroke:#fff;stroke-width:4px}
.pic .range,.pic .small{font-size:12px}
.pic .hash{font-family:ui-monospace,monospace;font-size:12px}
.pic .end{text-anchor:end}
.pic .mid{text-anchor:middle}
.pic rect{fill:#f4f4f6;stroke:#5b5b66;stroke-width:1.5}
.pic .given rect{fill:#eaf1ff;stroke:#1d4ed8;stroke-dasharray:5 3}
.pic .yours rect{fill:#fff6e0;stroke:#8a5a00;stroke-width:3}
.pic .root rect{fill:#e9f7ee;stroke:#146c37;stroke-width:3}
.pic .page{fill:#fff;stroke:none}
.pic path{fill:none;stroke:#1b1b1f;stroke-width:2.5}
.pic .aid{stroke:#1d4ed8;stroke-width:1.5;stroke-dasharray:5 3}
.pic .held{stroke:#146c37}
.pic .broken{stroke:#b3261e}
.pic .unknown{stroke:#8a5a00}
.pic .not-judged{stroke:#5b5b66}
.pic path.open{stroke-dasharray:2 5}
.pic .bar{fill:#dfe8fb;stroke:#1d4ed8}
.pic .past{fill:#ececf1;stroke:#5b5b66}
.pic .at{stroke:#8a5a00;stroke-width:1.5;stroke-dasharray:4 3}
.pic .axis{stroke:#5b5b66;stroke-width:1}
@media(prefers-color-scheme:dark){
.pic text{fill:#ececf1}
.pic .label{stroke:#16161a}
.pic rect{fill:#26262d;stroke:#a9a9b8}
.pic .given rect{fill:#1a2747;stroke:#8fb4ff}
.pic .yours rect{fill:#3a2c0d;stroke:#f0c060}
.pic .root rect{fill:#12331f;stroke:#6fd59a}
.pic .page{fill:#16161a;stroke:none}
.pic path{stroke:#ececf1}
.pic .aid{stroke:#8fb4ff}
.pic .held{stroke:#6fd59a}
.pic .broken{stroke:#ff8a80}
.pic .unknown{stroke:#f0c060}
.pic .not-judged{stroke:#a9a9b8}
.pic .bar{fill:#1a2747;stroke:#8fb4ff}
.pic .past{fill:#26262d;stroke:#a9a9b8}
.pic .at{stroke:#f0c060}
.pic .axis{stroke:#a9a9b8}
}
";

#[cfg(test)]
mod tests;
