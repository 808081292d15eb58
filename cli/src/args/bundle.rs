//! `bundle …`: pack, check, upgrade.

use clap::{Args, Subcommand};

use super::{OutArgs, values};

/// `inkan bundle …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum BundleCommand {
    /// Gather all that an offline verifier needs into one file
    Pack(BundlePackArgs),
    /// Say what is in a bundle, what is missing, and until when it suffices; nothing is judged
    Check(BundleCheckArgs),
    /// Add newer receipts and cosignatures before keys and algorithms weaken; what is in it stays
    Upgrade(BundleUpgradeArgs),
}

/// Arguments of `bundle pack`.
#[derive(Args, Clone, Debug)]
pub(crate) struct BundlePackArgs {
    /// Credential, presentation or bundle; standard input if you name none
    pub(crate) file: Option<String>,
    /// With what was known as of this time (RFC 3339)
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) at: Option<String>,
    /// Ask the ledger alone, and no other host
    #[arg(long)]
    pub(crate) offline: bool,
    /// Keep this consent about the presentation in it: a file, its record id, or its name in `inkan consent list`
    #[arg(long = "consent", value_name = "FILE|NAME")]
    pub(crate) consents: Vec<String>,
    /// Where the bundle goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Arguments of `bundle check`.
#[derive(Args, Clone, Debug)]
pub(crate) struct BundleCheckArgs {
    /// The bundle; standard input if you name none
    pub(crate) file: Option<String>,
}

/// Arguments of `bundle upgrade`.
#[derive(Args, Clone, Debug)]
pub(crate) struct BundleUpgradeArgs {
    /// The bundle; it is replaced as a whole, unless --out names another file
    pub(crate) file: String,
    /// Have this timestamp authority (RFC 3161) stamp everything that is in it then, earlier stamps included
    #[arg(long = "timestamp", value_name = "URL")]
    pub(crate) timestamps: Vec<String>,
    /// Where the bundle goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Say what would be added, and write nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
}
