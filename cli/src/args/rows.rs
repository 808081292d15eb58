//! Options of `issue` for many credentials at once.

use clap::Args;

/// Options of `issue --rows`.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Many at once")]
pub(crate) struct RowsArgs {
    /// Issue a credential for each row: CSV with a header, or JSON Lines (.jsonl); --out names a folder, and the same command
    /// again goes on where it was interrupted
    #[arg(long, value_name = "FILE", requires = "out", conflicts_with_all = ["to", "claims", "claim"])]
    pub(crate) rows: Option<String>,
    /// Column with whom the claims are about: subject, unless you say another
    #[arg(long, value_name = "COLUMN", requires = "rows")]
    pub(crate) subject_column: Option<String>,
    /// Issue nothing if any row is wrong
    #[arg(long, requires = "rows")]
    pub(crate) strict: bool,
    /// Where the report of a batch goes, .csv or .json; else report.csv in the folder
    #[arg(long, value_name = "FILE", requires = "rows")]
    pub(crate) report: Option<String>,
}
