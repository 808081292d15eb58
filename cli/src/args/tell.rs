//! Arguments of `story`.

use clap::{Args, ValueEnum};

use super::{OutArgs, VerifyArgs, values};
use crate::context::Existing;

/// Arguments of `story`.
#[derive(Args, Clone, Debug)]
pub(crate) struct StoryArgs {
    /// Credential, presentation or bundle; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// Tell it as of this time (RFC 3339): what came later is left out
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) at: Option<String>,
    /// Policy for how it stands: one of `inkan policy list`, or a file
    #[arg(long, value_name = "P")]
    pub(crate) policy: Option<String>,
    /// Draw the pictures too: keys, trust chain, Merkle path, who signed
    #[arg(long)]
    pub(crate) graph: bool,
    /// Write a page with the pictures, in one file without scripts, that can be mailed
    #[arg(long, value_name = "F", conflicts_with_all = ["out", "form"])]
    html: Option<String>,
    /// Write the story here instead of to standard output
    #[arg(long, value_name = "F")]
    out: Option<String>,
    /// In which form
    #[arg(long = "as", value_enum, value_name = "text|html|json", default_value_t = StoryForm::Text, hide_possible_values = true)]
    form: StoryForm,
    /// Replace the file of --html or --out if it exists
    #[arg(long)]
    force: bool,
    /// Of a presentation, which credential, counted from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) cred: usize,
    /// Show values of claims, not only their names
    #[arg(long)]
    pub(crate) show_claims: bool,
    /// Add what this profile noted for itself: why it revoked, why it rotated
    #[arg(long)]
    pub(crate) notes: bool,
    /// Ask nobody over the network
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Form of a story.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum StoryForm {
    /// Words, in 80 columns
    Text,
    /// One HTML file
    Html,
    /// JSON (inkan-story/1)
    Json,
}

impl StoryArgs {
    /// Where it goes.
    pub(crate) fn out(&self) -> OutArgs {
        let path = self.html.clone().or_else(|| self.out.clone());
        OutArgs::of(path, if self.force { Existing::Replace } else { Existing::Keep })
    }

    /// In which form.
    pub(crate) const fn form(&self) -> StoryForm {
        if self.html.is_some() { StoryForm::Html } else { self.form }
    }

    /// What the verdict is asked with.
    pub(crate) fn verify(&self) -> VerifyArgs {
        VerifyArgs {
            policy: self.policy.clone(),
            at: self.at.clone(),
            replay: true,
            offline: self.offline,
            ..VerifyArgs::default()
        }
    }
}
