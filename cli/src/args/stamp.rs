//! `inkan timestamp`.

use clap::{Args, ValueEnum};

use super::{OutArgs, WriteArgs};

/// Arguments of `timestamp`.
#[derive(Args, Clone, Debug)]
pub(crate) struct TimestampArgs {
    /// Bundle, credential or presentation; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// Ask the timestamp authority at this URL; repeat for several, whose stamps count together
    #[arg(long, value_name = "URL")]
    pub(crate) tsa: Vec<String>,
    /// Put a token in that somebody else got: TimeStampToken, or the authority's whole answer, in DER
    #[arg(long = "token", visible_alias = "answer", value_name = "F")]
    pub(crate) tokens: Vec<String>,
    /// Write the request for a token here, to be sent by other means, and ask nobody
    #[arg(long, value_name = "F", conflicts_with_all = ["tsa", "tokens"])]
    pub(crate) request_out: Option<String>,
    /// Put a CRL in first (DER): what an authority on the path of a certificate says it revoked
    #[arg(long = "crl", value_name = "F")]
    pub(crate) crls: Vec<String>,
    /// Put an OCSP response in first (DER)
    #[arg(long = "ocsp", value_name = "F")]
    pub(crate) ocsp: Vec<String>,
    /// What is stamped: all that the bundle holds now, older stamps included, or what issuers signed alone
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = StampScope::Bundle)]
    pub(crate) over: StampScope,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// What is stamped.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum StampScope {
    /// Every item of the bundle
    Bundle,
    /// The credentials as their issuers signed them
    Credential,
}
