//! `anchor …`: records that are kept elsewhere.

use clap::{Args, Subcommand};

use super::{OutArgs, RecordScope, WriteArgs};

/// What a person needs to know before the first run.
const ADD_HELP: &str = "\
Each scope gets one entry: a commitment that says nothing without its salt. The pack holds the salts and a proof for each record; it \
is for you alone (mode 0600) and cannot be made again, so keep it with the records. Hand out single proofs (anchor prove RECORD), or a \
scope as a whole (anchor prove --scope S).
Names are paths within the folder that is named. Symbolic links inside it are not followed; they, pipes and devices are counted and \
left out. What cannot be read stops the run before anything is recorded. Interrupted, it is typed again and goes on: PACK.state has \
what was hashed, and every file is looked at again.
Memory: some 300 bytes a file, and 128 KiB a core. A file of --scopes has a line for each rule, GLOB -> SCOPE, such as \
'ward-3/** -> ward-3'; the first that fits counts.";

/// `inkan anchor …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum AnchorCommand {
    /// Anchor files, folders and streams: one entry for each access scope, and a pack with a proof for each record
    #[command(after_help = ADD_HELP)]
    Add(AnchorAddArgs),
    /// Take the proof of one record out of a pack, or the pack of one scope
    Prove(AnchorProveArgs),
    /// Say whether a file was anchored, since when, by whom, and whether it was changed; of a folder, what is changed,
    /// missing or new
    Check(AnchorCheckArgs),
}

/// Arguments of `anchor add`.
#[derive(Args, Clone, Debug)]
pub(crate) struct AnchorAddArgs {
    /// Files and folders; - reads standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<String>,
    /// Who may see these records: the scope of those that no rule of --scopes fits; records if you give neither
    #[arg(long, value_name = "S")]
    pub(crate) scope: Option<String>,
    /// Rules, GLOB -> SCOPE, a line each
    #[arg(long, value_name = "FILE")]
    pub(crate) scopes: Option<String>,
    /// Name of the record that standard input is
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Take every line of standard input for a record of its own: NAME/000000001 and so on
    #[arg(long)]
    pub(crate) lines: bool,
    /// What the records are; everybody can see this
    #[arg(long, value_enum, default_value_t = RecordScope::Dataset)]
    pub(crate) kind: RecordScope,
    /// Go on without what cannot be read
    #[arg(long)]
    pub(crate) leave_unreadable: bool,
    /// Which of your DIDs anchors them
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// The pack, or the folder for it; a pack is never replaced
    #[arg(long, value_name = "FOLDER|FILE")]
    pub(crate) out: Option<String>,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `anchor prove`.
#[derive(Args, Clone, Debug)]
pub(crate) struct AnchorProveArgs {
    /// Name of the record, as anchor add has it
    #[arg(value_name = "RECORD", required_unless_present = "scope")]
    pub(crate) record: Option<String>,
    /// The pack
    #[arg(long, value_name = "PACK")]
    pub(crate) from: String,
    /// The scope of the record; without a record, all of this scope as a pack of its own
    #[arg(long, value_name = "S")]
    pub(crate) scope: Option<String>,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Arguments of `anchor check`.
#[derive(Args, Clone, Debug)]
pub(crate) struct AnchorCheckArgs {
    /// The file, or the folder; - reads standard input
    #[arg(value_name = "PATH")]
    pub(crate) path: String,
    /// The proof of this record
    #[arg(long, value_name = "PROOF", conflicts_with = "pack", required_unless_present = "pack")]
    pub(crate) proof: Option<String>,
    /// A pack that should have it
    #[arg(long, value_name = "PACK")]
    pub(crate) pack: Option<String>,
    /// Name of the record in the pack, if it is not that of the file
    #[arg(long, value_name = "NAME", requires = "pack")]
    pub(crate) record: Option<String>,
}
