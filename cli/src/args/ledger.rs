//! `ledger …`: the ledger of this profile, in a folder or behind a URL, and running one.

use clap::{Args, Subcommand, ValueEnum};
use inkan_server::ledger_node::{Limits, Rate};

use super::{OutArgs, WriteArgs, values};

/// What an operator needs to know before the first request.
const START_HELP: &str = "\
Paths: /v1/openapi.json describes them all, /readyz says whether entries are taken and if not why, /metrics is for Prometheus.
Limits of one client, an IPv4 address or an IPv6 /64: 64 connections, 20 requests a second (200 at once), 60 new DIDs an hour; \
of one signer: 50 entries a second; --limit-… sets others, /v1/log shows them.
It ends by itself if the disk does not confirm a write, or a witness has seen more than this folder has: what was acknowledged is \
in the log, and the next start finds out what else is. Have a supervisor start it again.";

/// What who accepts coupons needs to know.
const ONCE_HELP: &str = "\
Whoever knows the id can use it up, so keep it to yourself until then: afterwards it stands in the ledger for everybody. \
Several tills that use one DID sign with a key each (--key): two entries by one key in one second are the same entry. \
Interrupted between ledger and receipt, type it again: it goes on with the entry that is there. \
Whether an id was used is shown by `inkan ledger prove --once SCOPE ID`.";

/// `inkan ledger …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Run a ledger as a node that answers over HTTP, until ctrl-c or SIGTERM
    #[command(after_help = START_HELP)]
    Start(StartArgs),
    /// Size, root, age and grade of the ledger, and who cosigned it
    Status,
    /// Write the proof that an entry is in the ledger: a receipt, a picture, or a form for other tools
    Prove(ProveArgs),
    /// Check a receipt, promise, checkpoint or evidence file, or the data folder of a ledger
    Check(CheckArgs),
    /// Follow a ledger: new entries as they come, each head against the one before; two heads that exclude each other
    /// are printed as evidence
    Watch(WatchArgs),
    /// Cosign the heads of logs that only grow, for whoever asks over HTTP (C2SP tlog-witness)
    Witness(WitnessArgs),
    /// Keep a copy of a log, judge every entry again, and cosign its heads only if all agrees
    Mirror(MirrorArgs),
    /// Put the damaged tiles of a ledger's folder in order again, from a mirror or another copy
    Restore(RestoreArgs),
    /// Register the act of a countersigner whose DID is not on the ledger, in the name of one of yours; or, with --batch,
    /// files
    Record(RecordArgs),
    /// Use up what counts once, such as a coupon or a ticket: the first entry for a scope and an id wins, whoever signed it, and
    /// every other one ends with 7
    #[command(after_help = ONCE_HELP)]
    Once(OnceArgs),
    /// Believe receipts of another log, too: a policy file (C2SP tlog-policy) that you got another way, or what a ledger says of itself
    Pin(LogPinArgs),
    /// List the logs whose receipts are believed: the profile's own, and those that are pinned
    Pins,
    /// Stop believing receipts of a log that was pinned
    Unpin {
        /// Its origin, as in the list
        #[arg(value_name = "ORIGIN")]
        origin: String,
    },
    /// The record of what the log signed last
    #[command(subcommand)]
    Guard(GuardCommand),
    /// The map of newest entries
    #[command(subcommand)]
    Map(MapCommand),
    /// What the operator has set: which entries are taken, how old they may be, how early a change is announced
    #[command(subcommand)]
    Params(ParamsCommand),
}

/// `inkan ledger params …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ParamsCommand {
    /// What is in force, and what is announced
    Show,
    /// Say in the log what will be in force; it must be said as early as the parameters in force demand (notice)
    Announce {
        /// A value and what it will be, as promise=43200 (seconds) or kinds=did,issuance
        #[arg(long = "set", value_name = "NAME=VALUE", required = true)]
        set: Vec<String>,
        /// Not before this time (RFC 3339); as early as may be if you give none
        #[arg(long, value_name = "T", value_parser = super::values::time)]
        not_before: Option<String>,
        /// Dry run and answers.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// Put in force what was announced, once its time has come
    Apply {
        /// Dry run and answers.
        #[command(flatten)]
        write: WriteArgs,
    },
}

/// Arguments of `ledger pin`.
#[derive(Args, Clone, Debug)]
pub(crate) struct LogPinArgs {
    /// The policy file; or the ledger's folder, or the URL of its node
    #[arg(value_name = "FILE|PATH|URL")]
    pub(crate) from: String,
    /// Certificate, PEM or DER, of a timestamp authority that the policy names: without it its stamps are not checked
    #[arg(long = "anchor", value_name = "FILE")]
    pub(crate) anchors: Vec<String>,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `inkan ledger guard …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum GuardCommand {
    /// Put the lost record of the last signed head in place again, after comparing with witnesses and mirrors; the log
    /// will say so for ever
    Adopt {
        /// Heads of this log that witnesses and mirrors have: signed checkpoint files
        #[arg(value_name = "FILE")]
        notes: Vec<String>,
        /// Go on though a cosigner that has a monitoring URL does not answer: it may have seen more
        #[arg(long)]
        accept_silence: bool,
        /// Dry run and answers.
        #[command(flatten)]
        write: WriteArgs,
    },
}

/// `inkan ledger map …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum MapCommand {
    /// Build the map again from the newest entries; it must meet the root that was signed
    Rebuild {
        /// Dry run and answers.
        #[command(flatten)]
        write: WriteArgs,
    },
}

/// Arguments of `ledger start`.
#[derive(Args, Clone, Debug)]
pub(crate) struct StartArgs {
    /// Where to listen; it speaks plain HTTP, so anything but this machine belongs behind a proxy with TLS
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7000")]
    pub(crate) listen: std::net::SocketAddr,
    /// The data folder, as made by `inkan init`; that of --ledger or of the profile if you give none. Never put its
    /// guard/ and witness/*/seen back from a backup
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<String>,
    /// Take the clock as it is though it stepped; the log will say so for ever
    #[arg(long)]
    pub(crate) accept_clock: bool,
    /// File of operator tokens, one a line of at least 22 characters, that only you may read; who sends one (as
    /// Authorization: Bearer) is free of the limits of clients and signers
    #[arg(long, value_name = "FILE")]
    pub(crate) tokens: Option<String>,
    /// Network of a proxy whose X-Forwarded-For and X-Forwarded-Host are believed, such as 10.0.0.0/8; without it, all
    /// who come through the proxy share the limits of one client
    #[arg(long = "proxy", value_name = "NET")]
    pub(crate) proxies: Vec<inkan_server::ledger_node::Network>,
    /// Host whose DID logs and status lists it serves as their gateway, such as ledger.example; may be given more than
    /// once. Without it, those of every host that somebody registered a DID under
    #[arg(long = "gateway-host", value_name = "HOST", value_parser = super::values::host)]
    pub(crate) gateway_hosts: Vec<String>,
    /// Log requests into this folder (- for standard error): no bodies, no whole addresses, nothing older than a day
    #[arg(long, value_name = "DIR|-")]
    pub(crate) log: Option<String>,
    /// What clients and signers may ask.
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// Limits of a node; 0 stands for none.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct LimitArgs {
    /// Connections at once, of all clients together
    #[arg(long = "limit-connections", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    connections: Option<u32>,
    /// Requests of one client in a second; ten times as many at once. 0 for no limit
    #[arg(long = "limit-client", value_name = "N")]
    client: Option<u32>,
    /// Entries of one signer in a second. 0 for no limit
    #[arg(long = "limit-signer", value_name = "N")]
    signer: Option<u32>,
    /// New DIDs of one client in an hour. 0 for no limit
    #[arg(long = "limit-new-dids", value_name = "N")]
    new_dids: Option<u32>,
}

impl LimitArgs {
    /// The limits of the specification, but for those that are given.
    pub(crate) fn limits(self) -> Limits {
        let rate = |given: Option<u32>, usual: Option<Rate>, of: fn(u32) -> Rate| match given {
            None => usual,
            Some(0) => None,
            Some(tokens) => Some(of(tokens)),
        };
        let usual = Limits::default();
        Limits {
            connections: self
                .connections
                .and_then(|connections| usize::try_from(connections).ok())
                .unwrap_or(usual.connections),
            client: rate(self.client, usual.client, |tokens| {
                Rate::per_second(tokens, tokens.saturating_mul(10))
            }),
            signer: rate(self.signer, usual.signer, |tokens| Rate::per_second(tokens, tokens)),
            new_dids: rate(self.new_dids, usual.new_dids, Rate::per_hour),
            ..usual
        }
    }
}

/// Arguments of `ledger witness`.
#[derive(Args, Clone, Debug)]
pub(crate) struct WitnessArgs {
    /// Who cosigns.
    #[command(flatten)]
    pub(crate) cosigner: CosignerArgs,
    /// Where to listen; it speaks plain HTTP, so anything but this machine belongs behind a proxy with TLS
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7001")]
    pub(crate) listen: std::net::SocketAddr,
}

/// Arguments of `ledger mirror`.
#[derive(Args, Clone, Debug)]
pub(crate) struct MirrorArgs {
    /// The log: a URL, or its data folder
    #[arg(value_name = "URL|DIR")]
    pub(crate) source: String,
    /// Who cosigns.
    #[command(flatten)]
    pub(crate) cosigner: CosignerArgs,
    /// Where to listen; it speaks plain HTTP, so anything but this machine belongs behind a proxy with TLS
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7002")]
    pub(crate) listen: std::net::SocketAddr,
    /// Seconds between two looks at the log
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) every: u64,
    /// Follow the log once, say what was found, and end
    #[arg(long)]
    pub(crate) once: bool,
}

/// What witness and mirror have in common.
#[derive(Args, Clone, Debug)]
pub(crate) struct CosignerArgs {
    /// Folder for its key and for what it has cosigned, of a mirror for the copy too; made if it is not there. Never
    /// restore it from a backup
    #[arg(long, value_name = "DIR")]
    pub(crate) data: String,
    /// Name of its key if there is none yet: a URL without https://, such as witness.example/w1
    #[arg(long, value_name = "NAME", value_parser = super::values::cosigner_name)]
    pub(crate) name: String,
    /// File in the form of C2SP tlog-policy: its `log` lines have the names and keys of the logs
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: String,
    /// Begins every path, such as /w1
    #[arg(long, value_name = "PATH", default_value = "")]
    pub(crate) prefix: String,
}

/// Arguments of `ledger restore`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RestoreArgs {
    /// The data folder of the ledger; that of --ledger or of the profile if you give none
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<String>,
    /// Where the copy is: the folder or the URL of a mirror or of a node
    #[arg(long, value_name = "URL|DIR")]
    pub(crate) from: String,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `ledger prove`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProveArgs {
    /// Index of the entry, or its entry id
    #[arg(
        value_name = "ENTRY",
        required_unless_present_any = ["current", "act", "status", "trust", "once"],
        conflicts_with_all = ["current", "act", "status", "trust", "once"]
    )]
    pub(crate) entry: Option<String>,
    /// Prove it in the tree of this size, and that this tree continues the one that had the entry first
    #[arg(long, value_name = "SIZE", requires = "entry")]
    pub(crate) to: Option<u64>,
    /// Form of the proof; text and svg are pictures of the path
    #[arg(long = "as", value_enum, default_value_t = ProofForm::Receipt, value_name = "FORM")]
    pub(crate) form: ProofForm,
    /// Instead of an entry: which is the newest of its kind.
    #[command(flatten)]
    pub(crate) newest: NewestArgs,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Of what the newest entry is proved, or that there is none.
#[derive(Args, Clone, Debug)]
pub(crate) struct NewestArgs {
    /// The newest version of this DID, or that it is not registered, as of now
    #[arg(long, value_name = "DID", conflicts_with_all = ["act", "status", "trust", "once"])]
    pub(crate) current: Option<String>,
    /// The newest state of this act of a registrant, or that there is none
    #[arg(long, num_args = 2, value_names = ["DID", "ACT"], conflicts_with_all = ["status", "trust", "once"])]
    pub(crate) act: Vec<String>,
    /// What an issuer announced last under this URL of a status list
    #[arg(long, num_args = 2, value_names = ["DID", "URL"], conflicts_with_all = ["trust", "once"])]
    pub(crate) status: Vec<String>,
    /// What an authority stated last of somebody: TYPE is authorization or recognition
    #[arg(long, num_args = 5, value_names = ["DID", "TYPE", "ENTITY", "ACTION", "RESOURCE"], conflicts_with = "once")]
    pub(crate) trust: Vec<String>,
    /// Whether this one-time id was used in a scope
    #[arg(long, num_args = 2, value_names = ["SCOPE", "ID"])]
    pub(crate) once: Vec<String>,
    /// As of this time (RFC 3339), not of now: no head that the quorum saw later counts
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) at: Option<String>,
}

/// Forms of a proof.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ProofForm {
    /// Our receipt: the entry and its proof in one JSON file
    Receipt,
    /// C2SP tlog-proof, without the entry
    TlogProof,
    /// COSE Receipt (RFC 9942)
    Cose,
    /// A picture of the path
    Svg,
    /// The path as a tree, for a terminal
    Text,
}

/// Arguments of `ledger check`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CheckArgs {
    /// Receipt, tlog-proof, COSE Receipt, proof of the newest, promise, checkpoint or evidence, or a data folder; - or
    /// nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// The file or record that the receipt should be of: compare it with what the entry commits to
    #[arg(long = "file", value_name = "RECORD")]
    pub(crate) artefact: Option<String>,
    /// The entry that a tlog-proof or COSE Receipt is of, as GET /v1/entries/N gives it; else the ledger is asked for it
    #[arg(long, value_name = "LEAF")]
    pub(crate) leaf: Option<String>,
    /// Receipts of the versions of the DID that signed the entry, to check its signature by; a ledger in a folder is asked for them,
    /// and a node that --ledger names
    #[arg(long, value_name = "RECEIPT", num_args = 1.., conflicts_with = "deep")]
    pub(crate) history: Vec<String>,
    /// Demand this root hash (base64url or hexadecimal)
    #[arg(long, value_name = "HASH")]
    pub(crate) root: Option<String>,
    /// What a proof of the newest is about; needed where it shows that there is nothing.
    #[command(flatten)]
    pub(crate) newest: NewestArgs,
    /// Of a data folder, hash every entry again and judge it by the rules, as a mirror does; takes some 400 bytes of memory
    /// an entry
    #[arg(long)]
    pub(crate) deep: bool,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Arguments of `ledger watch`.
#[derive(Args, Clone, Debug)]
pub(crate) struct WatchArgs {
    /// Only entries of this DID
    #[arg(long, value_name = "DID")]
    pub(crate) did: Option<String>,
    /// Begin with this entry; with the next new one if you give none
    #[arg(long, value_name = "SIZE")]
    pub(crate) since: Option<u64>,
    /// Look once, print what is new, and end
    #[arg(long)]
    pub(crate) once: bool,
    /// Seconds between two looks
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) every: u64,
    /// Compare two heads of one log instead: checkpoint files, ledger folders or URLs
    #[arg(long, value_name = "FILE|URL", num_args = 2, conflicts_with_all = ["did", "since", "once"])]
    pub(crate) compare: Option<Vec<String>>,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Arguments of `ledger record`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RecordArgs {
    /// Bundle or credential with the countersignature; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// Register these files instead, and those in these folders (but hidden ones), in one entry; each gets a receipt of
    /// its own, beside it or in the folder of --out
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with = "file")]
    pub(crate) batch: Vec<String>,
    /// What the files are; dataset if you do not say
    #[arg(long, value_enum, requires = "batch")]
    pub(crate) scope: Option<RecordScope>,
    /// Show the root over the files to everybody, instead of a commitment to it
    #[arg(long, requires = "batch")]
    pub(crate) public: bool,
    /// Which of your DIDs registers the act
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `ledger once`.
#[derive(Args, Clone, Debug)]
pub(crate) struct OnceArgs {
    /// In which sense it is used up, such as coupon-2026: up to 64 visible ASCII characters
    #[arg(value_name = "SCOPE", required_unless_present = "new")]
    pub(crate) scope: Option<String>,
    /// What is used up, 43 characters of base64url; - or nothing reads it from standard input, which other users of the
    /// machine do not see
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Draw an id that nobody can guess, to be handed out, and write nothing
    #[arg(long, conflicts_with_all = ["scope", "id", "identity", "key", "out", "dry_run"])]
    pub(crate) new: bool,
    /// Which of your DIDs uses it up
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Which key of the DID signs; without it, its first
    #[arg(long, value_name = "K")]
    pub(crate) key: Option<String>,
    /// Where the receipt goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// What the records of a batch are.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum RecordScope {
    /// Documents
    Document,
    /// Firmware
    Firmware,
    /// A data set
    Dataset,
    /// Models
    Model,
    /// Anything else
    Other,
}
