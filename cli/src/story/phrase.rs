//! Sentences in which our words and those of others are told apart, so that foreign text can neither reorder nor hide ours.

use crate::render::safe;
use crate::render::svg::escaped;

/// Longest piece of foreign text in a sentence.
const LIMIT: usize = 120;

/// A sentence.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Phrase(Vec<Part>);

/// A piece of a sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    /// Our words.
    Own(String),
    /// Words of others.
    Foreign(String),
}

impl Phrase {
    /// Our words.
    pub(crate) fn own(text: impl Into<String>) -> Self {
        Self(vec![Part::Own(text.into())])
    }

    /// Adds words of ours.
    #[must_use]
    pub(crate) fn and(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Own(text.into()));
        self
    }

    /// Adds words of others.
    #[must_use]
    pub(crate) fn named(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Foreign(text.into()));
        self
    }

    /// As plain text; what hides or moves text is written out.
    pub(crate) fn plain(&self) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Own(text) => safe(text, usize::MAX),
                Part::Foreign(text) => safe(text, LIMIT),
            })
            .collect()
    }

    /// As HTML; words of others are isolated, so that their direction stays theirs.
    pub(crate) fn html(&self) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Own(text) => escaped(&safe(text, usize::MAX)),
                Part::Foreign(text) => format!("<bdi>{}</bdi>", escaped(&safe(text, LIMIT))),
            })
            .collect()
    }
}
