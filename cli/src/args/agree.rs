//! Agreement of several: seal, countersigners.

use clap::Args;

use super::delegate::UnderArgs;
use super::story::DecisionRole;
use super::{OutArgs, WriteArgs, values};

/// Arguments of `seal`.
#[derive(Args, Clone, Debug)]
pub(crate) struct SealArgs {
    /// Credential or bundle with its countersignatures, or the URL of an offer; - or nothing reads standard input
    #[arg(value_name = "FILE|URL")]
    pub(crate) file: Option<String>,
    /// Which of your DIDs seals
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Which key of it
    #[arg(long, value_name = "K")]
    pub(crate) key: Option<String>,
    /// In which role; without it, the one that the offer or the policy names, and of the issuer co-issuer
    #[arg(long, value_enum, value_name = "R")]
    pub(crate) role: Option<DecisionRole>,
    /// The power of a delegate.
    #[command(flatten)]
    pub(crate) power: UnderArgs,
    /// Policy that says who must have countersigned, besides the credential's own offer
    #[arg(long, value_name = "P")]
    pub(crate) policy: Option<String>,
    /// Write the plain credential instead of a bundle
    #[arg(long)]
    pub(crate) bare: bool,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `countersigners`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CountersignersArgs {
    /// Credential or bundle, or the URL of an offer; - or nothing reads standard input
    #[arg(value_name = "FILE|URL")]
    pub(crate) file: Option<String>,
    /// Policy that says who must countersign, besides the credential's own offer
    #[arg(long, value_name = "P")]
    pub(crate) policy: Option<String>,
    /// Judge as of this time (RFC 3339)
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) at: Option<String>,
    /// Ask nobody over the network
    #[arg(long)]
    pub(crate) offline: bool,
}
