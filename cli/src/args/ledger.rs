//! `ledger …`: status, prove, check.

use clap::Subcommand;

/// `inkan ledger …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Size, root, times and cosigners of the ledger
    Status,
    /// Write the receipt of an entry
    Prove {
        /// Index of the entry, or its entry id
        #[arg(value_name = "ENTRY")]
        entry: String,
        /// Write the receipt here instead of to standard output
        #[arg(long, value_name = "F")]
        out: Option<String>,
    },
    /// Check a receipt against the log policy of this profile
    Check {
        /// Receipt; - or nothing reads standard input
        #[arg(value_name = "FILE")]
        file: Option<String>,
        /// Demand this root hash (base64url or hexadecimal)
        #[arg(long, value_name = "HASH")]
        root: Option<String>,
    },
}
