//! What a profile owns: `key …` and `cred …`.

use clap::{Args, Subcommand, ValueEnum};

use super::{OutArgs, WriteArgs, values};

/// `inkan key …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key in the sealed keystore
    Generate {
        /// Name of the key; it becomes the fragment of its DID URL
        #[arg(default_value = "sign-1")]
        name: String,
        /// Algorithm
        #[arg(long, value_enum, default_value_t = KeyAlgorithm::Ed25519, value_name = "A")]
        alg: KeyAlgorithm,
        /// Dry run and answers.
        #[command(flatten)]
        write: WriteArgs,
    },
    /// List keys: names and public halves, no passphrase needed
    List,
    /// Show the public half of a key
    Show {
        /// Name of the key
        key: String,
        /// Form
        #[arg(long = "as", value_enum, default_value_t = KeyForm::Multikey, value_name = "FORM")]
        form: KeyForm,
    },
    /// Ask a certificate authority for a certificate of a key (PKCS #10), for `issue --x5c`
    Csr {
        /// Name of the key
        key: String,
        /// Whom the certificate shall name as issuer: a host, or an https URL; repeat for several
        #[arg(long = "host", value_name = "HOST", required = true, value_parser = values::issuer_name)]
        hosts: Vec<String>,
        /// Where the result goes.
        #[command(flatten)]
        out: OutArgs,
    },
}

/// Key algorithms.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum KeyAlgorithm {
    /// Ed25519 (EdDSA)
    Ed25519,
    /// P-256 (ES256)
    P256,
    /// P-384 (ES384): for credentials that are not recorded, since ledgers take no entries signed with it
    P384,
    /// BLS12-381 (BBS): for credentials that cannot be linked, and for nothing else
    #[value(name = "bls12381g2", aliases = ["bbs", "bls12381-g2"])]
    Bls12381g2,
}

/// Forms of a public key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum KeyForm {
    /// Multibase, as in DID documents
    Multikey,
    /// JSON Web Key
    Jwk,
    /// did:key identifier
    DidKey,
    /// RFC 7638 thumbprint
    Thumbprint,
    /// As certificates hold it (RFC 5280), in PEM
    Pem,
}

/// `inkan cred …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum CredCommand {
    /// List credentials
    List(CredListArgs),
    /// Show a credential of the wallet or of a file, as it is
    Show {
        /// A file, an id, or a name in `inkan cred list`
        credential: String,
        /// Print the plain credential without what a bundle adds
        #[arg(long)]
        bare: bool,
    },
    /// What its status lists say about a credential, now or at an earlier time
    Status(CredStatusArgs),
    /// Make the credential that shows a part of one (SD-JWT, ecdsa-sd-2023, bbs-2023), without presenting it
    Derive(CredDeriveArgs),
    /// Say something else about a credential you issued with --messages
    Message(CredMessageArgs),
    /// Suspend a credential you issued with --suspendable: it is refused until it is reinstated
    Suspend(CredSuspendArgs),
    /// End the suspension of a credential
    Reinstate(CredReinstateArgs),
}

/// Arguments of `cred status`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CredStatusArgs {
    /// A file with the credential, or a bundle
    #[arg(value_name = "CRED")]
    pub(crate) credential: String,
    /// As of this time (RFC 3339)
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) at: Option<String>,
    /// Show the ledger entries that the answer rests on
    #[arg(long)]
    pub(crate) proof: bool,
}

/// Arguments of `cred message`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CredMessageArgs {
    /// The credential: a file, its id, or its name in `inkan cred list --issued`
    #[arg(value_name = "CRED")]
    pub(crate) credential: String,
    /// The message: its text, or its position from 0
    #[arg(value_name = "M")]
    pub(crate) message: String,
    /// Why, for your own records; it is not published
    #[arg(long, value_name = "R", default_value = "", value_parser = values::words)]
    pub(crate) reason: String,
    /// Issuer, if several of your DIDs could be meant
    #[arg(long, value_name = "DID")]
    pub(crate) from: Option<String>,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `cred derive`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CredDeriveArgs {
    /// The credential: a file, or its name in the wallet
    #[arg(value_name = "CRED")]
    pub(crate) credential: String,
    /// Claims to show: names, or JSON Pointers such as /address/city, separated by commas
    #[arg(long, value_name = "PATHS", conflicts_with = "disclose_all")]
    pub(crate) disclose: Vec<String>,
    /// Show every claim
    #[arg(long)]
    pub(crate) disclose_all: bool,
    /// Id of another party's proof that stays on it; * for all that can. Repeat for several
    #[arg(long, value_name = "PROOF-ID")]
    pub(crate) keep: Vec<String>,
    /// Write the plain credential instead of a bundle
    #[arg(long)]
    pub(crate) bare: bool,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// `inkan status-list …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum StatusListCommand {
    /// Show the status lists that you publish
    Show,
    /// Sign status lists again and publish them: before they end, or with another ttl
    Publish(StatusListPublishArgs),
}

/// Arguments of `status-list publish`.
#[derive(Args, Clone, Debug)]
pub(crate) struct StatusListPublishArgs {
    /// The list, by its name in `inkan status-list show`; without it, all lists of the issuer
    #[arg(value_name = "LIST")]
    pub(crate) list: Option<String>,
    /// Issuer, if several of your DIDs could be meant
    #[arg(long, value_name = "DID")]
    pub(crate) from: Option<String>,
    /// From now on, how long a copy may be relied on, such as 12h; 0s: as long as the list is valid
    #[arg(long, value_name = "D", value_parser = values::span_or_nothing)]
    pub(crate) ttl: Option<String>,
    /// So many more places that no credential has are revoked or suspended. A new list has 64 to 191 of them from the start; who
    /// compares this version with the one before sees that these came together
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) decoys: u64,
    /// Write the signed list to this file, for you to serve at its URL: of a list that no ledger announces (issue --status-url)
    #[arg(long, value_name = "FILE", requires = "list")]
    pub(crate) out: Option<String>,
    /// Certificates of the key in PEM, its own first: they name the issuer (issue --x5c)
    #[arg(long, value_name = "FILE", requires = "out")]
    pub(crate) x5c: Option<String>,
    /// Which key of the issuer signs; without it, its first
    #[arg(long, value_name = "K", requires = "out")]
    pub(crate) key: Option<String>,
    /// Replace the file if it exists
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `cred suspend`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CredSuspendArgs {
    /// The credential: a file, its id, or its name in `inkan cred list --issued`
    #[arg(value_name = "CRED")]
    pub(crate) credential: String,
    /// Why, for your own records; it is not published
    #[arg(long, value_name = "R", default_value = "", value_parser = values::words)]
    pub(crate) reason: String,
    /// Since when it should not have been relied on (RFC 3339, not later than now), for your own records: verifiers see the
    /// suspension from when the list is published
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) effective: Option<String>,
    /// Issuer, if several of your DIDs could be meant
    #[arg(long, value_name = "DID")]
    pub(crate) from: Option<String>,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `cred reinstate`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CredReinstateArgs {
    /// The credential: a file, its id, or its name in `inkan cred list --issued`
    #[arg(value_name = "CRED")]
    pub(crate) credential: String,
    /// Why, for your own records; it is not published
    #[arg(long, value_name = "R", default_value = "", value_parser = values::words)]
    pub(crate) reason: String,
    /// Since when it could be relied on again (RFC 3339, not later than now), for your own records
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) effective: Option<String>,
    /// Issuer, if several of your DIDs could be meant
    #[arg(long, value_name = "DID")]
    pub(crate) from: Option<String>,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Arguments of `cred list`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CredListArgs {
    /// Only those issued by this profile
    #[arg(long)]
    pub(crate) issued: bool,
    /// Only those held by this profile
    #[arg(long)]
    pub(crate) held: bool,
    /// Only this type
    #[arg(long = "type", value_name = "T")]
    pub(crate) credential_type: Option<String>,
    /// Only this status
    #[arg(long, value_name = "S", value_parser = ["valid", "suspended", "revoked"])]
    pub(crate) status: Option<String>,
}
