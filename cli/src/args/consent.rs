//! `inkan consent …`.

use clap::{Args, Subcommand};

use super::{OutArgs, WriteArgs, values};

/// `inkan consent …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ConsentCommand {
    /// Sign what you share with a presentation, why, and until when; the receipt is for you and the receiver
    Give(Box<ConsentGiveArgs>),
    /// As the receiver, sign a consent that you were given
    Acknowledge(ConsentAcknowledgeArgs),
    /// Take a consent back; one that is on the ledger is withdrawn there too
    Withdraw(ConsentWithdrawArgs),
    /// Check a consent: signatures, presentation, deadline, and whether it was withdrawn
    Check(ConsentCheckArgs),
    /// List the consents of this profile, given and received
    List,
}

/// Arguments of `consent give`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConsentGiveArgs {
    /// Your presentation, or a bundle with it; - or nothing reads standard input
    #[arg(value_name = "PRESENTATION")]
    pub(crate) file: Option<String>,
    /// What the data may be used for; NAME=TEXT gives it a name too
    #[arg(long = "purpose", value_name = "TEXT", required = true)]
    pub(crate) purposes: Vec<String>,
    /// The receiver's DID, if the presentation does not name it as its audience: whose acknowledgement counts
    #[arg(long, value_name = "DID")]
    pub(crate) to: Option<String>,
    /// When the consent ends: a time (RFC 3339), or a span such as 90d; without it, when you take it back
    #[arg(long, value_name = "T", value_parser = values::end)]
    pub(crate) until: Option<String>,
    /// Until when the receiver may keep the data: a time or a span
    #[arg(long, value_name = "T", value_parser = values::end)]
    pub(crate) keep_until: Option<String>,
    /// The policy under which the receiver asked: one of `inkan policy list`, or a file
    #[arg(long, value_name = "P")]
    pub(crate) policy: Option<String>,
    /// The privacy notice you were given: its URL, or the file, of which the digest is signed; both may be named
    #[arg(long, value_name = "URL|FILE")]
    pub(crate) notice: Vec<String>,
    /// Whom the receiver may pass the data on to
    #[arg(long = "recipient", value_name = "TEXT")]
    pub(crate) recipients: Vec<String>,
    /// Under whose law
    #[arg(long, value_name = "TEXT")]
    pub(crate) jurisdiction: Option<String>,
    /// Record it on the ledger, as a salted digest that shows nothing
    #[arg(long)]
    pub(crate) record: bool,
    /// Which of your DIDs gives it; without it, the one that presented
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `consent acknowledge`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConsentAcknowledgeArgs {
    /// The consent receipt; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// The presentation that came with it: refuse unless the consent is about just that
    #[arg(long, value_name = "F")]
    pub(crate) presentation: Option<String>,
    /// Which of your DIDs signs
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `consent withdraw`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConsentWithdrawArgs {
    /// The consent: a file, or its name in `inkan consent list`
    #[arg(value_name = "FILE|NAME")]
    pub(crate) consent: String,
    /// Why, in a line: it is signed, and stays in the receipt
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Record it on the ledger, also if giving it was not recorded
    #[arg(long)]
    pub(crate) record: bool,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `consent check`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConsentCheckArgs {
    /// The consent: a file, - for standard input, or its name in `inkan consent list`
    #[arg(value_name = "FILE|NAME")]
    pub(crate) consent: String,
    /// The presentation that it is about
    #[arg(long, value_name = "F")]
    pub(crate) presentation: Option<String>,
    /// Judge as of this time (RFC 3339)
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) at: Option<String>,
    /// Ask nobody over the network: what the file brings counts, however old
    #[arg(long)]
    pub(crate) offline: bool,
}
