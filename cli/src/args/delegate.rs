//! Acting for somebody: delegate, and the options of who acts under a power.

use clap::Args;

use super::story::{DecisionRole, SecuringFormat};
use super::{OutArgs, WriteArgs, values};

/// Arguments of `delegate`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DelegateArgs {
    /// Who may act for you
    #[arg(value_name = "AGENT_DID")]
    pub(crate) agent: String,
    /// Over credentials of which types, separated by commas
    #[arg(long = "for", value_name = "TYPE,…", required = true, value_delimiter = ',')]
    pub(crate) types: Vec<String>,
    /// In which roles you are stood in for, separated by commas; without it holder, or all of the power of --under
    #[arg(long = "role", value_enum, value_name = "R,…", value_delimiter = ',')]
    pub(crate) roles: Vec<DecisionRole>,
    /// Over credentials of these issuers alone, separated by commas
    #[arg(long = "issued-by", value_name = "DID,…", value_delimiter = ',')]
    pub(crate) issuers: Vec<String>,
    /// Until when (RFC 3339); without it for a year, or as long as the power of --under
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) until: Option<String>,
    /// How often the agent may pass it on; at most 3
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=3))]
    pub(crate) depth: u32,
    /// Pass on a power that you were given: the bundle in which you got it
    #[arg(long, value_name = "FILE")]
    pub(crate) under: Option<String>,
    /// Which of your DIDs gives the power
    #[arg(long, value_name = "DID")]
    pub(crate) from: Option<String>,
    /// Which key of it signs
    #[arg(long, value_name = "K")]
    pub(crate) key: Option<String>,
    /// How the power is secured: over canonical JSON, or as a JWS or COSE message
    #[arg(long, value_enum, value_name = "F")]
    pub(crate) credential_format: Option<SecuringFormat>,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Options of who acts under a power of attorney.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "For somebody else")]
pub(crate) struct UnderArgs {
    /// The power that you act under, as delegate: its bundle; again, for links that are not in it
    #[arg(long, value_name = "FILE")]
    pub(crate) under: Vec<String>,
    /// In which role you stand in; without it, the only one that the power is for
    #[arg(long, value_enum, value_name = "R", requires = "under")]
    pub(crate) for_role: Option<DecisionRole>,
}
