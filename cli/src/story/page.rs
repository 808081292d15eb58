//! A story as one HTML file that can be mailed: no script, nothing fetched, readable on a phone.
//!
//! Foreign text comes in by [`Html::text`] and [`Phrase::html`] alone, which escape it; everything else is a literal of this file or
//! a picture. The policy in the page's head lets nothing in but this very style, by its hash: no script, no picture from elsewhere,
//! no form, whatever a name might carry. That is one screen of code, and less than a template language.

use std::fmt::Write as _;

use inkan_core::encoding::b64;
use inkan_core::sha256;

use super::phrase::Phrase;
use super::style;
use super::{Basis, Checked, Event, Standing, Story, draw, text};
use crate::render::report::moment;
use crate::render::safe;
use crate::render::svg::{self, Picture, escaped};

/// Longest piece of foreign text.
const LIMIT: usize = 300;

/// A page that grows.
struct Html(String);

impl Html {
    /// Markup: a literal of ours.
    fn raw(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text of ours.
    fn own(&mut self, words: &str) -> &mut Self {
        self.0.push_str(&escaped(words));
        self
    }

    /// Text of others: hidden characters are written out, and its direction stays its own.
    fn text(&mut self, words: &str) -> &mut Self {
        let words = escaped(&safe(words, LIMIT));
        let _ = write!(self.0, "<bdi>{words}</bdi>");
        self
    }

    /// A sentence of both.
    fn phrase(&mut self, phrase: &Phrase) -> &mut Self {
        self.0.push_str(&phrase.html());
        self
    }
}

/// The page.
pub(crate) fn html(story: &Story) -> String {
    let css = format!("\n{}{}", style::STYLE, svg::STYLE);
    let digest = b64(sha256(&[css.as_bytes()]).as_bytes());
    let mut out = Html(String::new());
    out.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.raw(&format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">\n"
    ));
    out.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.raw("<meta name=\"referrer\" content=\"no-referrer\">\n");
    out.raw("<meta name=\"robots\" content=\"noindex\">\n<title>");
    out.own(&format!("{}: {}", title(story), story.verdict.decision.word()));
    out.raw("</title>\n<style>").raw(&css).raw("</style>\n</head>\n<body>\n<main>\n");
    head(story, &mut out);
    events(story, &mut out);
    pictures(story, &mut out);
    about(story, &mut out);
    checks(story, &mut out);
    foot(story, &mut out);
    out.raw("</main>\n</body>\n</html>\n");
    out.0
}

fn title(story: &Story) -> String {
    safe(&story.about.types.join(", "), 80)
}

fn head(story: &Story, out: &mut Html) {
    out.raw("<header>\n<p class=\"over\">The life of a credential</p>\n<h1>");
    out.text(&title(story)).raw("</h1>\n</header>\n");
    if let Some(warning) = story.proof.warning() {
        out.raw("<p class=\"alert\">").own(warning).raw("</p>\n");
    }
    let verdict = &story.verdict;
    out.raw("<section class=\"verdict ").raw(verdict.decision.name());
    out.raw("\" aria-labelledby=\"stands\">\n<h2 id=\"stands\">");
    out.own(verdict.decision.word()).raw("</h2>\n<p>");
    out.text(&text::standing(story)).raw("</p>\n");
    out.raw("<p class=\"soft\">File ").text(&story.file).raw(", policy ");
    out.text(&verdict.policy).raw(", as of ");
    out.own(&moment(&verdict.as_of.to_string())).raw("</p>\n</section>\n");
}

fn events(story: &Story, out: &mut Html) {
    out.raw("<section aria-labelledby=\"happened\">\n<h2 id=\"happened\">What happened</h2>\n");
    if story.events.is_empty() {
        out.raw("<p>Nothing is known.</p>\n");
    } else {
        list(story, &story.events, out);
    }
    out.raw("</section>\n");
    if !story.ahead.is_empty() {
        out.raw("<section aria-labelledby=\"ahead\">\n<h2 id=\"ahead\">What is to come</h2>\n");
        list(story, &story.ahead, out);
        out.raw("</section>\n");
    }
    if !story.gaps.is_empty() {
        out.raw(
            "<section aria-labelledby=\"gaps\">\n<h2 id=\"gaps\">What is not known</h2>\n<ul>\n",
        );
        for gap in &story.gaps {
            out.raw("<li>").text(gap).raw("</li>\n");
        }
        out.raw("</ul>\n</section>\n");
    }
}

fn list(story: &Story, events: &[Event], out: &mut Html) {
    out.raw("<ol class=\"events\">\n");
    for event in events {
        let standing = story.standing(event);
        out.raw("<li class=\"")
            .raw(standing.name())
            .raw("\">\n<p class=\"soft\"><time datetime=\"");
        let time = event.time.to_string();
        out.own(&time).raw("\">").own(&moment(&time)).raw("</time>");
        if let Some(place) = &event.place {
            out.own(&format!(" · entry {} of ", place.entry)).text(&place.log);
        }
        out.raw("</p>\n<p class=\"what\">").phrase(&event.what).raw("</p>\n<p class=\"soft\">");
        tag(standing, event.basis, out);
        out.own(" · ").phrase(&event.word).own("; ").own(&text::time_in_words(event));
        out.raw("</p>\n</li>\n");
    }
    out.raw("</ol>\n");
}

/// A mark with its word: neither colour nor shape is needed to understand it.
fn tag(standing: Standing, basis: Basis, out: &mut Html) {
    let words = match (standing, basis) {
        (Standing::Held, _) => "✓ checked",
        (Standing::Broken, _) => "✗ stands against it",
        (Standing::Unknown, _) => "! not settled",
        (Standing::NotJudged, Basis::Said) => "– not checked",
        (Standing::NotJudged, Basis::Recorded | Basis::Signed) => "– for the record",
    };
    out.raw("<span class=\"tag ").raw(standing.name()).raw("\">").own(words).raw("</span>");
}

fn pictures(story: &Story, out: &mut Html) {
    out.raw("<section aria-labelledby=\"pictures\">\n<h2 id=\"pictures\">In pictures</h2>\n");
    out.raw("<div class=\"pictures\">\n");
    if let Some(keys) = &story.keys {
        let narrow = draw::keys(keys, svg::WIDTH);
        let wide = draw::keys(keys, draw::DESK);
        out.raw("<figure class=\"across\">\n");
        caption("When each key of the issuer could sign", &narrow.sentence, out);
        out.raw("<div class=\"phone\">").raw(&narrow.inline("keys-phone")).raw("</div>\n");
        out.raw("<div class=\"desk\">").raw(&wide.inline("keys-desk")).raw("</div>\n</figure>\n");
    }
    // The tallest stands beside the other two.
    figure(("Trust chain", "chain", " class=\"tall\""), &draw::chain(&story.chain), out);
    figure(("Who signed", "signers", ""), &draw::signers(&story.signers), out);
    for (id, ladder) in ["ladder-1", "ladder-2"].into_iter().zip(&story.ladders) {
        let picture = ladder.picture();
        figure((&picture.title, id, ""), &picture, out);
    }
    if let Some(path) = &story.path {
        figure(("On the ledger", "merkle", ""), &draw::merkle_path(path), out);
    }
    out.raw("</div>\n</section>\n");
}

fn figure((heading, id, class): (&str, &str, &str), picture: &Picture, out: &mut Html) {
    out.raw("<figure").raw(class).raw(">\n");
    caption(heading, &picture.sentence, out);
    out.raw(&picture.inline(id)).raw("</figure>\n");
}

fn caption(heading: &str, sentence: &str, out: &mut Html) {
    out.raw("<figcaption>\n<h3>").own(heading).raw("</h3>\n<p class=\"soft\">");
    out.text_whole(sentence).raw("</p>\n</figcaption>\n");
}

impl Html {
    /// A sentence about a picture, whole: it must say what the picture shows.
    fn text_whole(&mut self, words: &str) -> &mut Self {
        let words = escaped(&safe(words, usize::MAX));
        let _ = write!(self.0, "<bdi>{words}</bdi>");
        self
    }
}

fn about(story: &Story, out: &mut Html) {
    let about = &story.about;
    out.raw(
        "<section aria-labelledby=\"says\">\n<h2 id=\"says\">What it says of itself</h2>\n<dl>\n",
    );
    let mut line = |label: &str, value: Option<&str>| {
        if let Some(value) = value {
            out.raw("<dt>").own(label).raw("</dt><dd>").text(value).raw("</dd>\n");
        }
    };
    line("Issuer", Some(&about.issuer));
    line("About", about.subject.as_deref());
    line("Id", about.id.as_deref());
    line("Format", Some(&about.format));
    if !about.claims.is_empty() {
        out.raw("<dt>Claims</dt>");
        for (name, value) in &about.claims {
            out.raw("<dd>").text(name);
            if let Some(value) = value {
                out.own(": ").text(value);
            }
            out.raw("</dd>\n");
        }
    }
    out.raw("</dl>\n");
    if about.claims.iter().any(|(_, value)| value.is_none()) {
        out.raw("<p class=\"soft\">Claims are named, and their values left out, so that this page can be passed on.</p>\n");
    }
    out.raw("</section>\n");
}

fn checks(story: &Story, out: &mut Html) {
    out.raw("<section aria-labelledby=\"checks\">\n<h2 id=\"checks\">Every check</h2>\n");
    out.raw("<details>\n<summary>").own(&format!("{} checks", story.verdict.checks.len()));
    out.raw("</summary>\n<ul class=\"checks\">\n");
    for check in &story.verdict.checks {
        out.raw("<li>");
        check_tag(check, out);
        out.own(" · ").own(&check.label).own(": ").text(&check.found).raw("</li>\n");
    }
    out.raw("</ul>\n</details>\n</section>\n");
}

fn check_tag(check: &Checked, out: &mut Html) {
    let words = match check.standing {
        Standing::Held => "✓ holds",
        Standing::Broken => "✗ does not hold",
        Standing::Unknown => "! cannot tell",
        Standing::NotJudged => "– not judged",
    };
    out.raw("<span class=\"tag ").raw(check.standing.name()).raw("\">").own(words).raw("</span>");
}

fn foot(story: &Story, out: &mut Html) {
    let as_of = story.verdict.as_of.to_string();
    out.raw("<footer class=\"soft\">\n<p>This page proves nothing by itself: it tells what one run found, by the ledgers and \
             certificates that its profile had pinned. Whoever has the file can check it:</p>\n<p><code>inkan verify ");
    out.text(&story.file).own(&format!(" --at {as_of}")).raw("</code></p>\n</footer>\n");
}
