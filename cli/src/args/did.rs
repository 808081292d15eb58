//! `did …`: create, resolve, export, rotate, report-compromise, update, deactivate, history, diff, list.

use clap::{Args, Subcommand, ValueEnum};

use super::{OutArgs, WriteArgs, values};

/// `inkan did …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum DidCommand {
    /// Make a DID, its update key and a pre-committed next key, and register it; a DID log is public for ever
    Create(CreateArgs),
    /// Show the document of a DID, now, as of a time, or in one version
    Resolve(ResolveArgs),
    /// Write a DID as others read it: its document or log, or its keys for those who know no DIDs
    Export(ExportArgs),
    /// Put a new signing key in force, with the pre-committed key, and commit to the next one
    Rotate(RotateArgs),
    /// Report that a key was in other hands since a time, and replace it if it is still in force
    ReportCompromise(CompromiseArgs),
    /// Change the document of a DID by a merge patch (RFC 7396); null takes a member out
    Update(UpdateArgs),
    /// Move a DID to another ledger, with its history; what was recorded before stays good where it is
    Move(MoveArgs),
    /// End a DID for good: nothing is signed by it afterwards, and what has its receipt stays good
    Deactivate(DeactivateArgs),
    /// Show all versions of a DID
    History(HistoryArgs),
    /// Say what changed between two versions of a DID
    Diff(DiffArgs),
    /// List the DIDs of this profile
    List,
}

/// What every entry of a DID needs: the keys that come next, and what is asked before it is written.
#[derive(Args, Clone, Debug)]
pub(crate) struct ChangeArgs {
    /// File with the passphrase of the next keys (also INKAN_NEXT_PASSPHRASE_FILE)
    #[arg(long, value_name = "F")]
    pub(crate) next_passphrase_file: Option<String>,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `did create`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CreateArgs {
    /// DID method
    #[arg(long, value_enum, default_value_t = NewMethod::Webvh, value_name = "M")]
    pub(crate) method: NewMethod,
    /// Key that signs for it; made if you name none. Give several for several cryptosuites: the first is used where any would do
    #[arg(long = "key", value_name = "K")]
    pub(crate) keys: Vec<String>,
    /// Your own name for it
    #[arg(long, value_name = "N")]
    pub(crate) name: Option<String>,
    /// Host of the gateway that publishes it
    #[arg(long, value_name = "HOST")]
    pub(crate) domain: Option<String>,
    /// Path on that host; eight random characters if you give none
    #[arg(long, value_name = "PATH")]
    pub(crate) path: Option<String>,
    /// A service in its document
    #[arg(long = "service", value_name = "TYPE=URL")]
    pub(crate) services: Vec<String>,
    /// The next keys, dry run and answers.
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}

/// Arguments of `did resolve`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ResolveArgs {
    /// The DID, or your name for it
    pub(crate) did: String,
    /// As of this time (RFC 3339)
    #[arg(long, value_name = "T", conflicts_with = "version_id", value_parser = values::time)]
    pub(crate) at: Option<String>,
    /// This version
    #[arg(long, value_name = "ID")]
    pub(crate) version_id: Option<String>,
    /// Read the log from this file; did-witness.json beside it is read too
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<String>,
    /// Add the ledger's receipts and the proof that this is the newest version
    #[arg(long)]
    pub(crate) proof: bool,
    /// Form of the result
    #[arg(long = "as", value_enum, default_value_t = DidForm::DidJson, value_name = "FORM")]
    pub(crate) form: DidForm,
    /// Ask nobody over the network
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Arguments of `did export`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExportArgs {
    /// The DID, or your name for it
    pub(crate) did: String,
    /// Form of the result
    #[arg(long = "as", value_enum, default_value_t = ExportForm::DidJson, value_name = "FORM")]
    pub(crate) form: ExportForm,
    /// Ask nobody over the network
    #[arg(long)]
    pub(crate) offline: bool,
    /// Where it goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Arguments of `did rotate`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RotateArgs {
    /// The DID, or your name for it
    pub(crate) did: String,
    /// The new key; give several for several cryptosuites: those before are replaced all together
    #[arg(long = "key", value_name = "K", required = true)]
    pub(crate) keys: Vec<String>,
    /// Why, for your own records; it is not published
    #[arg(long, value_name = "R", value_parser = values::words)]
    pub(crate) reason: Option<String>,
    /// The next keys, dry run and answers.
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}

/// Arguments of `did report-compromise`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CompromiseArgs {
    /// The DID, or your name for it
    pub(crate) did: String,
    /// The key, by its name in the DID document
    #[arg(long, value_name = "K")]
    pub(crate) key: String,
    /// Since when it was in other hands (RFC 3339), as far back as the log allows: 30 days, unless it says otherwise
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) since: String,
    /// Your key that takes its place, if it is still in force; made if there is none of this name
    #[arg(long, value_name = "K")]
    pub(crate) new_key: Option<String>,
    /// The next keys, dry run and answers.
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}

/// Arguments of `did update`.
#[derive(Args, Clone, Debug)]
pub(crate) struct UpdateArgs {
    /// The DID, or your name for it
    pub(crate) did: String,
    /// The merge patch, applied to the document
    #[arg(long, value_name = "FILE")]
    pub(crate) patch: String,
    /// Why, for your own records; it is not published
    #[arg(long, value_name = "R", value_parser = values::words)]
    pub(crate) reason: Option<String>,
    /// The next keys, dry run and answers.
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}

/// Arguments of `did move`.
#[derive(Args, Clone, Debug)]
pub(crate) struct MoveArgs {
    /// The DID, or your name for it
    pub(crate) did: String,
    /// The ledger it moves to: a folder, or the URL of a node. Its policy must be pinned: inkan ledger pin
    #[arg(long, value_name = "LEDGER")]
    pub(crate) to: String,
    /// File with an operator token of the node it moves to, which only you may read; --ledger-token-file is for the one it leaves
    #[arg(long, value_name = "F")]
    pub(crate) to_token_file: Option<String>,
    /// Why, for your own records; it is not published
    #[arg(long, value_name = "R", value_parser = values::words)]
    pub(crate) reason: Option<String>,
    /// The next keys, dry run and answers.
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}

/// Arguments of `did deactivate`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DeactivateArgs {
    /// The DID, or your name for it
    pub(crate) did: String,
    /// Why, for your own records; it is not published
    #[arg(long, value_name = "R", value_parser = values::words)]
    pub(crate) reason: Option<String>,
    /// The next keys, dry run and answers.
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}

/// Arguments of `did diff`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DiffArgs {
    /// The DID, or your name for it
    pub(crate) did: String,
    /// From this version: a number, a versionId, or a time (RFC 3339)
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// To this version; the newest if you name none
    #[arg(value_name = "TO")]
    pub(crate) to: Option<String>,
    /// Ask nobody over the network
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Arguments of `did history`.
#[derive(Args, Clone, Debug)]
pub(crate) struct HistoryArgs {
    /// The DID, or your name for it
    pub(crate) did: String,
    /// Draw a time line of its keys
    #[arg(long)]
    pub(crate) graph: bool,
    /// Only versions since this time
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) since: Option<String>,
    /// Ask nobody over the network
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Methods in which a DID can be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum NewMethod {
    /// On the ledger; its keys can be rotated
    #[value(alias = "did:webvh")]
    Webvh,
    /// The key itself
    #[value(alias = "did:key")]
    Key,
    /// The key itself, as JWK
    #[value(alias = "did:jwk")]
    Jwk,
}

/// Forms of a resolved DID.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum DidForm {
    /// The DID document
    #[value(name = "did.json")]
    DidJson,
    /// The whole log
    #[value(name = "did.jsonl")]
    DidJsonl,
    /// Document and metadata (W3C DID Resolution)
    #[value(name = "resolution")]
    Resolution,
}

/// Forms of a DID, and of its keys, in which others read them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ExportForm {
    /// The DID document
    #[value(name = "did.json")]
    DidJson,
    /// The whole log
    #[value(name = "did.jsonl")]
    DidJsonl,
    /// The keys that it signs credentials with, as a JWK Set
    #[value(name = "jwks")]
    Jwks,
    /// The same as issuer metadata, which readers of SD-JWT VCs look for on its host at /.well-known/jwt-vc-issuer
    #[value(name = "jwt-vc-issuer")]
    JwtVcIssuer,
}
