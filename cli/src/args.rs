//! The command line as types: every command, every option, and what `--help` says of it.
//!
//! In scope: words and their spelling. Out of scope: what a command does (`commands`).

mod agree;
mod anchor;
mod assets;
mod bundle;
mod consent;
mod delegate;
mod desk;
mod did;
mod eseal;
mod evidence;
mod ledger;
mod offer;
mod rows;
mod serve;
mod stamp;
mod story;
mod tell;
mod trust;
mod values;

use clap::{Args, Parser, Subcommand, ValueEnum};
use inkan_io::http::PlainHttp;
use inkan_io::ledger_source::LedgerPlace;

use crate::context::Existing;

pub(crate) use agree::{CountersignersArgs, SealArgs};
pub(crate) use anchor::{AnchorAddArgs, AnchorCheckArgs, AnchorCommand, AnchorProveArgs};
pub(crate) use assets::{
    CredCommand, CredDeriveArgs, CredMessageArgs, CredReinstateArgs, CredStatusArgs,
    CredSuspendArgs, KeyAlgorithm, KeyCommand, KeyForm, StatusListCommand, StatusListPublishArgs,
};
pub(crate) use bundle::{BundleCheckArgs, BundleCommand, BundlePackArgs, BundleUpgradeArgs};
pub(crate) use consent::{
    ConsentAcknowledgeArgs, ConsentCheckArgs, ConsentCommand, ConsentGiveArgs, ConsentWithdrawArgs,
};
pub(crate) use delegate::{DelegateArgs, UnderArgs};
pub(crate) use desk::{DeskCommand, DeskEnrol, DeskOpenArgs, PasskeyCommand};
pub(crate) use did::{
    CompromiseArgs, CreateArgs, DeactivateArgs, DidCommand, DidForm, DiffArgs, ExportArgs,
    ExportForm, HistoryArgs, MoveArgs, NewMethod, ResolveArgs, RotateArgs, UpdateArgs,
};
pub(crate) use eseal::{EsealArgs, EsealForm};
#[cfg(feature = "pkcs11")]
pub(crate) use evidence::JpkiSignArgs;
pub(crate) use evidence::{
    EvidenceCommand, EvidenceDeriveArgs, EvidenceRevalidateArgs, EvidenceSourceArgs,
    EvidenceStampArgs, JpkiAttachArgs, JpkiCheckArgs, JpkiCommand, JpkiStatementArgs,
    RegisterCommand, RegisterFound, RegisterStateArgs,
};
pub(crate) use ledger::{
    CheckArgs, GuardCommand, LedgerCommand, LogPinArgs, MapCommand, MirrorArgs, NewestArgs,
    OnceArgs, ParamsCommand, ProofForm, ProveArgs, RecordArgs, RecordScope, RestoreArgs, StartArgs,
    WatchArgs, WitnessArgs,
};
pub(crate) use offer::{OfferCommand, OfferDeleteArgs, OfferPublishArgs};
pub(crate) use serve::{
    ConformanceCommand, JoseArgs, ServeArgs, ServeProfile, ServeRole, ServeStatus,
};
pub(crate) use stamp::{StampScope, TimestampArgs};
pub(crate) use story::{
    CountersignArgs, DecisionRole, InspectArgs, IssueArgs, PresentArgs, PresentationFormat,
    RefuseArgs, RevokeArgs, SecuringFormat, StatusKind, VerifyArgs,
};
pub(crate) use tell::{StoryArgs, StoryForm};
pub(crate) use trust::{
    GraphForm, Language, PolicyCommand, PolicyNewArgs, PolicyTestArgs, ProofAddArgs, ProofCommand,
    RequestCommand, TrustAddArgs, TrustCheckArgs, TrustCommand, TrustGraphArgs, TrustListArgs,
    TrustRemoveArgs,
};
pub(crate) use values::{is_issuer_name, parse_span};

/// What stands under `--help`: the exit codes are part of the contract.
const AFTER_HELP: &str = "\
Exit codes:
   0 done, accepted   5 needs an answer  11 changed             16 holder, countersignature
   1 fault of ours    6 unreachable      12 revoked, suspended  17 key not in force
   2 usage            7 conflict         13 not current         18 ledger proof forged
   3 not found        8 malformed file   14 issuer not trusted  19 cannot tell
   4 not allowed     10 no credential    15 policy not met      20 doctor found problems
First steps: inkan demo          What a code means: inkan explain INK-3104";

/// Identifiers, credentials with countersignatures, and ledger receipts that anyone can check.
#[derive(Debug, Parser)]
#[command(name = "inkan", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
#[command(infer_subcommands = false, propagate_version = false, max_term_width = 110)]
pub(crate) struct Cli {
    /// Options that every command has.
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command has.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every command", next_display_order = 500)]
pub(crate) struct GlobalArgs {
    /// Profile to use (also INKAN_PROFILE)
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Ledger to use instead of the profile's: a folder, or the URL of a node
    #[arg(long, global = true, value_name = "PATH|URL", value_parser = ledger_place)]
    pub(crate) ledger: Option<String>,
    /// Ask a node on another machine over plain http; others on the way can read along and hold answers back
    #[arg(long, global = true)]
    pub(crate) insecure_http: bool,
    /// File with an operator token of the node, which only you may read
    #[arg(long, global = true, value_name = "F")]
    pub(crate) ledger_token_file: Option<String>,
    /// File with the keystore's passphrase (also INKAN_PASSPHRASE_FILE)
    #[arg(long, global = true, value_name = "F")]
    pub(crate) passphrase_file: Option<String>,
    /// Form of the result
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        value_name = "human|json|jsonl",
        hide_possible_values = true
    )]
    pub(crate) format: Option<Format>,
    /// The same as --format json
    #[arg(long, global = true, conflicts_with = "format")]
    pub(crate) json: bool,
    /// Only the result, no talk
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// More talk; repeat for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto, value_name = "auto|always|never", hide_possible_values = true, hide_default_value = true)]
    pub(crate) color: ColorWhen,
    /// Never ask: fail with exit code 5 instead
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
}

/// Options of every command that writes.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct WriteArgs {
    /// Say what would be written, and write nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Answer yes to every question
    #[arg(short = 'y', long)]
    pub(crate) yes: bool,
}

/// Where a result goes.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct OutArgs {
    /// Write the result here instead of to standard output
    #[arg(long, value_name = "F")]
    out: Option<String>,
    /// Replace the file of --out if it exists
    #[arg(long)]
    force: bool,
}

impl OutArgs {
    /// This file, replaced only if `force` says so.
    pub(crate) const fn of(out: Option<String>, existing: Existing) -> Self {
        Self { out, force: matches!(existing, Existing::Replace) }
    }

    /// The file, if one is named.
    pub(crate) fn path(&self) -> Option<&str> {
        self.out.as_deref()
    }

    /// The same, for a file that the command names itself.
    pub(crate) fn named(&self, path: &std::path::Path) -> Self {
        Self { out: Some(path.to_string_lossy().into_owned()), force: self.force }
    }

    /// A file that another option names.
    pub(crate) fn to(path: &str, force: bool) -> Self {
        Self { out: Some(path.to_owned()), force }
    }

    /// The same command, whatever becomes of its result.
    pub(crate) const fn nowhere() -> Self {
        Self { out: None, force: false }
    }

    /// What becomes of a file that is there already.
    pub(crate) const fn existing(&self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }
}

/// Form of the result.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// One JSON object
    Json,
    /// One JSON object per line
    Jsonl,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play the whole story in a scratch folder: issue, countersign, present, verify, rotate, revoke
    Demo(DemoArgs),
    /// Make a profile and pin its ledger's keys; a new ledger folder gets a log and two witnesses
    Init(InitArgs),
    /// Look for problems, and say how to fix each
    Doctor(DoctorArgs),
    /// Make a credential from claims, sign it and record it
    Issue(Box<IssueArgs>),
    /// Let somebody act for you: a power of attorney, recorded, which you can revoke
    Delegate(Box<DelegateArgs>),
    /// Add your signature to a credential, in a role, and record the act
    Countersign(CountersignArgs),
    /// Refuse a credential, or withdraw after accepting it, and record that
    Refuse(RefuseArgs),
    /// Close a credential once all who must have countersigned have, and record that
    Seal(SealArgs),
    /// Show who must countersign, who did, and who is missing
    Countersigners(CountersignersArgs),
    /// Present credentials to a verifier's nonce and audience
    Present(PresentArgs),
    /// Check a credential, presentation or bundle, and judge it under a policy
    Verify(VerifyArgs),
    /// Revoke a credential you issued
    Revoke(RevokeArgs),
    /// Have timestamp authorities say that a credential or bundle exists now (RFC 3161); again, to renew older stamps
    Timestamp(TimestampArgs),
    /// Seal a credential or bundle with an organisation's certificate (X.509) and its DID together
    Eseal(Box<EsealArgs>),
    /// Look into a file without trusting it
    Inspect(InspectArgs),
    /// Tell the life of a credential in the order of the log, and how it stands
    Story(StoryArgs),
    /// Keys of this profile
    #[command(subcommand)]
    Key(KeyCommand),
    /// Decentralized identifiers
    #[command(subcommand)]
    Did(DidCommand),
    /// Credentials of this profile
    #[command(subcommand)]
    Cred(CredCommand),
    /// Consents: what was shared with whom, why and until when, signed by both, and withdrawn
    #[command(subcommand)]
    Consent(ConsentCommand),
    /// Bundles that verify offline, years later: fill, look into, strengthen
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// What shows who somebody is: signatures with a person's card
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    /// Status lists of this profile's credentials
    #[command(subcommand)]
    StatusList(StatusListCommand),
    /// Records kept elsewhere: files, folders and streams, anchored in the ledger without showing them to anybody
    #[command(subcommand)]
    Anchor(AnchorCommand),
    /// Cryptography alone, for test vectors and debugging
    #[command(subcommand)]
    Proof(ProofCommand),
    /// Ask people to present, on the page of your desk (inkan serve --desk)
    #[command(subcommand)]
    Desk(DeskCommand),
    /// What a verifier asks of a holder
    #[command(subcommand)]
    Request(RequestCommand),
    /// Offers at an exchange: a URL for all who have to countersign
    #[command(subcommand)]
    Offer(OfferCommand),
    /// Policies: what must hold for a credential to be accepted
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// The trust list: who may issue what, and vouch for what
    #[command(subcommand)]
    Trust(TrustCommand),
    /// The ledger
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Issue and verify for others over HTTPS (VC-API of the W3C CCG), until ctrl-c or SIGTERM
    Serve(ServeArgs),
    /// What test suites of the W3C call
    #[command(subcommand, hide = true)]
    Conformance(ConformanceCommand),
    /// Say what a code means and what to do about it
    Explain(ExplainArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Write the manual pages into a folder
    Man(ManArgs),
}

/// Arguments of `demo`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DemoArgs {
    /// Wait for Enter after each step
    #[arg(long)]
    pub(crate) step: bool,
    /// Keep the files the story made, and say where they are
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Arguments of `init`.
#[derive(Args, Clone, Debug)]
pub(crate) struct InitArgs {
    /// Name of the profile
    #[arg(default_value = "default")]
    pub(crate) name: String,
    /// What this profile is mainly for
    #[arg(long, value_enum, default_value_t = Role::Holder)]
    pub(crate) role: Role,
    /// Gateway host under which the DIDs made here are published
    #[arg(long, value_name = "HOST")]
    pub(crate) domain: Option<String>,
    /// Policy of the log (C2SP tlog-policy) that you got another way, instead of trusting what the ledger says of itself
    #[arg(long, value_name = "FILE")]
    pub(crate) log_policy: Option<String>,
    /// Parameters that a new ledger begins with, where they are not the usual ones: a JSON object as {"promise": 43200}
    #[arg(long, value_name = "FILE")]
    pub(crate) params: Option<String>,
    /// Certificate, PEM or DER, of a timestamp authority that the policy names: without it its stamps are not checked
    #[arg(long = "anchor", value_name = "FILE")]
    pub(crate) anchors: Vec<String>,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// What a profile is mainly for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Role {
    /// Makes credentials
    Issuer,
    /// Receives, countersigns and presents them
    Holder,
    /// Judges them
    Verifier,
}

impl Role {
    /// The word on the command line and in `config.toml`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Holder => "holder",
            Self::Verifier => "verifier",
        }
    }
}

/// Arguments of `doctor`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DoctorArgs {
    /// Repair what is safe to repair
    #[arg(long)]
    pub(crate) fix: bool,
    /// Make only this check
    #[arg(long, value_name = "CHECK")]
    pub(crate) only: Option<String>,
}

/// Arguments of `explain`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExplainArgs {
    /// A code such as credential-revoked, or its number INK-3104
    #[arg(value_name = "CODE")]
    pub(crate) code: String,
}

/// Arguments of `completions`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ManArgs {
    /// Folder for the pages; made if it is missing
    #[arg(long, value_name = "DIR")]
    pub(crate) out: String,
}

/// Refuses what is neither a path nor the URL of a node.
fn ledger_place(text: &str) -> Result<String, String> {
    match LedgerPlace::parse(text, PlainHttp::Anywhere) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
