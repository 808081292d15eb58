//! `offer …`: credentials that others have to countersign, at an exchange.

use clap::{Args, Subcommand};

use super::{OutArgs, WriteArgs, values};

/// `inkan offer …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum OfferCommand {
    /// Put a credential that others have to countersign where they find it, and get its URL
    Publish(OfferPublishArgs),
    /// List the offers that this profile has published
    List,
    /// End an offer: its URL then leads nowhere, and the exchange keeps nothing of it
    Delete(OfferDeleteArgs),
}

/// Arguments of `offer publish`.
#[derive(Args, Clone, Debug)]
pub(crate) struct OfferPublishArgs {
    /// Credential or bundle; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// The exchange: https, or http to this machine
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
    /// File with the token that the exchange gave out to those who may publish
    #[arg(long, value_name = "F")]
    pub(crate) token_file: Option<String>,
    /// When the exchange forgets it (RFC 3339); it decides itself if you say nothing
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) until: Option<String>,
    /// Where the URL goes: who reads it can read the offer.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `offer delete`.
#[derive(Args, Clone, Debug)]
pub(crate) struct OfferDeleteArgs {
    /// Its URL, a file that holds it, or its name in the list
    #[arg(value_name = "URL|FILE|NAME")]
    pub(crate) offer: String,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}
