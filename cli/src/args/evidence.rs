//! `inkan evidence …`: what shows who somebody is.

use clap::{Args, Subcommand, ValueEnum};

use super::{OutArgs, WriteArgs, values};

/// `inkan evidence …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Evidence of your own from a presentation of somebody else's proofing, for inkan issue --evidence
    ///
    /// The presentation is judged first, as inkan verify does; how old a proofing may be, the policy says. The holder has to be
    /// authenticated at AAL-2 now. What comes of it is never more than the source, IAL-3 at most, and as old as the proofing.
    Derive(Box<EvidenceDeriveArgs>),
    /// Say that a proofing of your own still stands: the holder is here at AAL-2, and the document was not revoked
    ///
    /// Issue the credential again with what this writes: the age of the proofing starts again, its level does not change.
    Revalidate(Box<EvidenceRevalidateArgs>),
    /// As proofer: a timestamp token (RFC 3161) over your evidence, or an organisation's seal (CMS), put into it
    ///
    /// Both are over all of the evidence but tokens and seals; verifiers that pin the authority judge them. Do it last, before inkan issue --evidence:
    /// whatever is changed afterwards makes them fail, and the evidence with them.
    Stamp(Box<EvidenceStampArgs>),
    /// Base registers: does what a credential claims still stand in the register that keeps it?
    #[command(subcommand)]
    Register(RegisterCommand),
    /// Signatures with a person's card: bind a DID to it, log in with it, judge either
    #[command(subcommand)]
    Jpki(JpkiCommand),
}

/// What evidence is made from.
#[derive(Args, Clone, Debug)]
pub(crate) struct EvidenceSourceArgs {
    /// The presentation; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// Which credential of it, from 1; needed if there are several
    #[arg(long = "cred", value_name = "N")]
    pub(crate) credential: Option<usize>,
    /// Your DID, which will issue
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Policy for the source: one of `inkan policy list`, or a file; AAL-2 is demanded besides
    #[arg(long, value_name = "P")]
    pub(crate) policy: Option<String>,
    /// Demand this identity assurance level of the source besides
    #[arg(long, value_name = "N", value_parser = values::ial)]
    pub(crate) min_ial: Option<String>,
    /// The audience the presentation must name
    #[arg(long, value_name = "A")]
    pub(crate) aud: Option<String>,
    /// A nonce you keep yourself
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) nonce: Option<String>,
    /// What was shown beside the presentation, as for inkan verify
    #[arg(long, value_name = "F")]
    pub(crate) authenticator: Option<String>,
    /// Ask nobody over the network
    #[arg(long)]
    pub(crate) offline: bool,
    /// Greatest age of ledger and status answers, such as 24h
    #[arg(long, value_name = "D", value_parser = values::span)]
    pub(crate) max_age: Option<String>,
    /// Keep what the verdict on the source rests on in this file: inkan verify F tells later whether it was revoked
    #[arg(long, value_name = "F")]
    pub(crate) evidence_out: Option<String>,
    /// Replace the file of --evidence-out if it exists
    #[arg(long, requires = "evidence_out")]
    pub(crate) force_evidence: bool,
}

/// Arguments of `evidence derive`.
#[derive(Args, Clone, Debug)]
pub(crate) struct EvidenceDeriveArgs {
    /// The source.
    #[command(flatten)]
    pub(crate) source: EvidenceSourceArgs,
    /// Claims that the source shows and that you want to issue: names, separated by commas
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    pub(crate) take: Vec<String>,
    /// Where they go, for inkan issue --claims
    #[arg(long, value_name = "F")]
    pub(crate) claims_out: Option<String>,
    /// Where the evidence goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Arguments of `evidence revalidate`.
#[derive(Args, Clone, Debug)]
pub(crate) struct EvidenceRevalidateArgs {
    /// The source.
    #[command(flatten)]
    pub(crate) source: EvidenceSourceArgs,
    /// Who says now that the document was not revoked; you, without it
    #[arg(long, value_name = "DID")]
    pub(crate) checked_by: Option<String>,
    /// Where the evidence goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Arguments of `evidence stamp`.
#[derive(Args, Clone, Debug)]
pub(crate) struct EvidenceStampArgs {
    /// The evidence, JSON; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// Which entry of it, from 1; needed if there are several
    #[arg(long, value_name = "N")]
    pub(crate) entry: Option<usize>,
    /// Your DID, which will issue; with --to, for evidence that leaves these out
    #[arg(long, value_name = "DID", requires = "to")]
    pub(crate) from: Option<String>,
    /// DID of whom it is about
    #[arg(long, value_name = "DID")]
    pub(crate) to: Option<String>,
    /// Ask the timestamp authority at this URL
    #[arg(long, value_name = "URL")]
    pub(crate) tsa: Option<String>,
    /// Put a token in that somebody else got: TimeStampToken, or the authority's whole answer, in DER
    #[arg(long, value_name = "F", conflicts_with = "tsa")]
    pub(crate) token: Option<String>,
    /// Put an organisation's seal in: CMS without content, DER (openssl cms -sign -binary -cades)
    #[arg(long, value_name = "F")]
    pub(crate) seal: Option<String>,
    /// Write what tokens and seals are over here, to be stamped or signed by other means; the evidence is completed, and nothing else put in
    #[arg(long, value_name = "F", conflicts_with_all = ["tsa", "token", "seal"])]
    pub(crate) statement_out: Option<String>,
    /// Where the evidence goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// `inkan evidence register …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum RegisterCommand {
    /// As the register: say to a verifier whether claims of a credential are what you hold now
    ///
    /// Look the claims up first. The statement names them and holds none of their values; it is for this verifier, and tells when you looked.
    State(RegisterStateArgs),
    /// Put a register's statement into the credential's or presentation's bundle, for inkan verify
    Attach {
        /// Credential, presentation or bundle; - or nothing reads standard input
        #[arg(value_name = "FILE")]
        file: Option<String>,
        /// The statement (register-check+jwt)
        #[arg(long, value_name = "F")]
        statement: String,
        /// Where the result goes.
        #[command(flatten)]
        out: OutArgs,
    },
}

/// Arguments of `evidence register state`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RegisterStateArgs {
    /// The credential; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// Your DID, the register's
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Key of it
    #[arg(long, value_name = "K")]
    pub(crate) key: Option<String>,
    /// The verifier that asked
    #[arg(long, value_name = "A")]
    pub(crate) aud: String,
    /// The claims that you looked up: names, separated by commas
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',', required = true)]
    pub(crate) claims: Vec<String>,
    /// What you found: match if all of them agree with the register, mismatch if one does not
    #[arg(long, value_enum, value_name = "match|mismatch", hide_possible_values = true)]
    pub(crate) result: RegisterFound,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// What a register found.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum RegisterFound {
    /// All claims agree
    Match,
    /// One does not
    Mismatch,
}

/// `inkan evidence jpki …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum JpkiCommand {
    /// Make the statement that the card signs: a binding of your DID, or a login
    Statement(JpkiStatementArgs),
    #[cfg(feature = "pkcs11")]
    /// Have a card or HSM sign a statement (PKCS #11), as CMS
    Sign(JpkiSignArgs),
    /// Put statement and signature together: evidence for an issuer, signed with your DID key too; or a login
    Attach(JpkiAttachArgs),
    /// Judge evidence with a card's signature by itself, step by step, with reasons
    Check(JpkiCheckArgs),
    /// Pin what card signatures are judged by: a configuration (inkan-jpki-config/1), a CRL or an OCSP response (DER)
    Pin {
        /// The file
        #[arg(value_name = "FILE")]
        file: String,
        /// What it must hash to, in hexadecimal, from where you trust it
        #[arg(long, value_name = "HEX")]
        sha256: Option<String>,
        /// Dry run and answers.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// List what is pinned
    Pins,
    /// Take away what is pinned
    Unpin {
        /// Its name in the list
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Arguments of `evidence jpki statement`.
#[derive(Args, Clone, Debug)]
pub(crate) struct JpkiStatementArgs {
    /// Your DID
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Key of it
    #[arg(long, value_name = "K")]
    pub(crate) key: Option<String>,
    /// Who asks: the proofer's DID, or of a login the origin that your card's client is connected to
    #[arg(long, value_name = "A")]
    pub(crate) aud: String,
    /// Their nonce
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) nonce: String,
    /// A login, for the card's key for logins, beside a presentation over the same nonce
    #[arg(long)]
    pub(crate) login: bool,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[cfg(feature = "pkcs11")]
/// Arguments of `evidence jpki sign`.
#[derive(Args, Clone, Debug)]
pub(crate) struct JpkiSignArgs {
    /// The statement; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// The module of the card or HSM: a shared library
    #[arg(long, value_name = "PATH")]
    pub(crate) pkcs11_module: String,
    /// Label of the token; needed if there are several
    #[arg(long, value_name = "LABEL", conflicts_with = "slot")]
    pub(crate) token_label: Option<String>,
    /// Number of the slot instead
    #[arg(long, value_name = "N")]
    pub(crate) slot: Option<u64>,
    /// Label of the key, and of its certificate
    #[arg(long, value_name = "LABEL")]
    pub(crate) key_label: String,
    /// The certificate, PEM or DER, if the token does not hold it; those above it may follow
    #[arg(long, value_name = "F")]
    pub(crate) cert: Option<String>,
    /// File with the PIN, readable by you alone; without it you are asked
    #[arg(long, value_name = "F")]
    pub(crate) pin_file: Option<String>,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Arguments of `evidence jpki attach`.
#[derive(Args, Clone, Debug)]
pub(crate) struct JpkiAttachArgs {
    /// The statement; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// The card's signature over its bytes: CMS without content, DER
    #[arg(long, value_name = "F")]
    pub(crate) cms: String,
    /// A timestamp over the value of that signature: TimeStampToken, or the authority's whole answer, in DER
    #[arg(long, value_name = "F", conflicts_with = "tsa")]
    pub(crate) token: Option<String>,
    /// Ask this timestamp authority for one
    #[arg(long, value_name = "URL")]
    pub(crate) tsa: Option<String>,
    /// Your DID, whose key signs the statement too
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Type of the document that the signature shows
    #[arg(long, value_name = "TYPE", default_value = "jp_individual_number_card")]
    pub(crate) document: String,
    /// Of a login: how it comes to the verifier, as the verifier sees it
    #[arg(long, value_enum, value_name = "WAY", default_value_t = JpkiChannel::DirectPostCrossDevice)]
    pub(crate) channel: JpkiChannel,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// How a login comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum JpkiChannel {
    /// Digital Credentials API, one device
    DcApiSameDevice,
    /// Digital Credentials API, devices close to each other
    DcApiProximity,
    /// A redirect on one device
    RedirectSameDevice,
    /// Posted by another device: bound to no origin
    DirectPostCrossDevice,
}

impl JpkiChannel {
    /// The word in the file.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::DcApiSameDevice => "dc_api_same_device",
            Self::DcApiProximity => "dc_api_proximity",
            Self::RedirectSameDevice => "redirect_same_device",
            Self::DirectPostCrossDevice => "direct_post_cross_device",
        }
    }
}

/// Arguments of `evidence jpki check`.
#[derive(Args, Clone, Debug)]
pub(crate) struct JpkiCheckArgs {
    /// Evidence; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// Judge as of this time (RFC 3339)
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) at: Option<String>,
    /// Judge again what was judged: the nonce may have been used
    #[arg(long)]
    pub(crate) replay: bool,
    /// Say in the evidence what was found (esig), for an issuer who is the proofer
    #[arg(long, conflicts_with = "at")]
    pub(crate) state: bool,
    /// Leave the card's signature out of what is written: its certificate says name and address
    #[arg(long, requires = "state")]
    pub(crate) withhold: bool,
    /// Register a card that signed with its key for logins to the holder, for logins later
    #[arg(long, conflicts_with_all = ["replay", "at"])]
    pub(crate) register: bool,
    /// Where the evidence goes (with --state).
    #[command(flatten)]
    pub(crate) out: OutArgs,
}
