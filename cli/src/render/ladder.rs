//! The assurance ladder: the levels as steps, what is asked for, what was reached, and why no more.
//!
//! In scope: the picture of one scale, for a terminal and as SVG, from a report. Out of scope: the levels themselves. Words say what
//! the steps show: nothing rests on colour.

use std::fmt::Write as _;

use inkan_assurance::Framework;
use inkan_core::json::text as member;
use serde_json::Value;

use super::safe;
use super::svg::{self, Picture};
use crate::render::Mark;
use crate::render::report;

/// One scale.
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    title: &'static str,
    /// Lowest first.
    steps: &'static [&'static str],
    required: Option<String>,
    reached: String,
    /// What the reached level counts as, where it is another one.
    counted: Option<String>,
    /// Why no more, or what it rests on.
    why: String,
    met: bool,
}

/// The ladders of a report (`inkan-report/1`), identity first.
pub(crate) fn of_report(report: &Value) -> Vec<Ladder> {
    let Some(assurance) = report.get("assurance") else { return Vec::new() };
    let named = |framework: &Framework| member(assurance, "framework") == Some(framework.as_str());
    let framework = Framework::ALL.into_iter().find(named).unwrap_or(Framework::JpSwg2022);
    let scales = [
        ("ial", "Who it is (IAL)", framework.identity_scale()),
        ("aal", "The login (AAL)", framework.authentication_scale()),
    ];
    let one = |(name, title, steps): (&str, &'static str, &'static [&'static str])| {
        let part = assurance.get(name)?;
        let (mark, _, why) = report::level(report, name)?;
        let level = |name: &str| member(part, name).map(str::to_owned);
        let reached = level("achieved").unwrap_or_else(|| "none".to_owned());
        Some(Ladder {
            title,
            steps,
            required: level("required"),
            counted: level("counted").filter(|counted| *counted != reached),
            reached,
            why: safe(&why, 300),
            met: mark != Mark::Fail,
        })
    };
    scales.into_iter().filter_map(one).collect()
}

impl Ladder {
    /// Whether the policy asks for a level of this scale.
    pub(crate) const fn is_asked(&self) -> bool {
        self.required.is_some()
    }

    fn place(&self, level: &str) -> Option<usize> {
        self.steps.iter().position(|step| *step == level)
    }

    /// What stands beside a step.
    fn beside(&self, position: usize) -> String {
        let mut words = Vec::new();
        if self.place(&self.reached) == Some(position) {
            words.push(match &self.counted {
                Some(counted) => format!("reached, counts as {counted}"),
                None => "reached".to_owned(),
            });
        }
        if self.required.as_deref().and_then(|level| self.place(level)) == Some(position) {
            words.push("asked for".to_owned());
        }
        words.join(", ")
    }

    /// All that it shows, in words.
    pub(crate) fn sentence(&self) -> String {
        let Self { reached, required, counted, why, met, .. } = self;
        let asked = match required {
            Some(required) if *met => format!("{required} is asked for, and it is enough"),
            Some(required) => format!("{required} is asked for, and it is not enough"),
            None => "nothing is asked for".to_owned(),
        };
        let counts =
            counted.as_ref().map_or_else(String::new, |counted| format!(", counted as {counted}"));
        let full = if why.is_empty() || why.ends_with('.') { "" } else { "." };
        let why = if why.is_empty() { String::new() } else { format!(" {why}{full}") };
        format!("{reached} was reached{counts}; {asked}.{why}")
    }

    /// For the terminal.
    pub(crate) fn text(&self) -> String {
        format!(" {}\n{}", self.title, self.steps())
    }

    /// What it is of.
    pub(crate) const fn title(&self) -> &'static str {
        self.title
    }

    /// Its steps for the terminal, the highest first, and the sentence.
    pub(crate) fn steps(&self) -> String {
        let mut out = String::new();
        let top = self.place(&self.reached);
        for (position, step) in self.steps.iter().enumerate().rev() {
            let bar =
                if top.is_some_and(|top| position <= top) { "███" } else { "░░░" };
            let beside = self.beside(position);
            let arrow = if beside.is_empty() { "" } else { "  ◀ " };
            let _ = writeln!(out, "   {}{bar} {step}{arrow}{beside}", "  ".repeat(position));
        }
        for line in svg::wrapped(&self.sentence(), 76) {
            let _ = writeln!(out, "   {line}");
        }
        out
    }

    /// As a picture: steps that grow to the right, as wide as a small phone.
    pub(crate) fn picture(&self) -> Picture {
        let mut body = String::new();
        self.draw(0, &mut body);
        Picture {
            width: svg::WIDTH,
            height: self.height(),
            title: self.title.to_owned(),
            sentence: self.sentence(),
            body,
        }
    }

    fn height(&self) -> u32 {
        let steps = u32::try_from(self.steps.len()).unwrap_or_default();
        steps.saturating_mul(ROW).saturating_add(8)
    }

    /// Draws the steps below `top`.
    fn draw(&self, top: u32, out: &mut String) {
        let reached = self.place(&self.reached);
        for (row, (position, step)) in (0_u32..).zip(self.steps.iter().enumerate().rev()) {
            let y = top.saturating_add(row.saturating_mul(ROW)).saturating_add(4);
            let rank = u32::try_from(position).unwrap_or_default();
            // The higher the step, the longer; a step that was reached is filled and has a full line.
            let length = rank.saturating_mul(16).saturating_add(90);
            let is_held = reached.is_some_and(|reached| position <= reached);
            let asked = self.required.as_deref().and_then(|level| self.place(level));
            let class = match (is_held, asked == Some(position)) {
                (true, _) => "root",
                (false, true) => "yours",
                (false, false) => "given",
            };
            let _ = writeln!(
                out,
                "<g class=\"{class}\"><rect x=\"{LEFT}\" y=\"{y}\" width=\"{length}\" height=\"26\" rx=\"5\"/></g>"
            );
            let line = y.saturating_add(18);
            svg::text(out, "name", (LEFT.saturating_add(10), line), step);
            let beside = self.beside(position);
            if !beside.is_empty() {
                let x = LEFT.saturating_add(length).saturating_add(8);
                // Of the longest step little is left beside it.
                let (first, rest) = beside.split_once(", ").unwrap_or((&beside, ""));
                let shift = if rest.is_empty() { 0 } else { 6 };
                svg::text(out, "small", (x, line.saturating_sub(shift)), first);
                svg::text(out, "small", (x, line.saturating_add(8)), rest);
            }
        }
    }
}

/// Height of a step, with what is free below it.
const ROW: u32 = 32;
/// Where steps begin.
const LEFT: u32 = 16;

/// Ladders as one picture, below each other.
pub(crate) fn svg(ladders: &[Ladder]) -> String {
    let mut body = String::new();
    let mut y = 0_u32;
    for ladder in ladders {
        y = y.saturating_add(20);
        svg::text(&mut body, "name", (LEFT, y), ladder.title);
        y = y.saturating_add(6);
        ladder.draw(y, &mut body);
        y = y.saturating_add(ladder.height()).saturating_add(8);
    }
    let sentences: Vec<String> = ladders.iter().map(Ladder::sentence).collect();
    let title = "Assurance: what was reached, and what is asked for".to_owned();
    let sentence = sentences.join(" ");
    Picture { width: svg::WIDTH, height: y, title, sentence, body }.alone()
}

#[cfg(test)]
mod tests;
