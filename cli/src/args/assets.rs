//! What a profile owns: `key …` and `cred …`.

use clap::{Args, Subcommand, ValueEnum};

use super::{WriteArgs, values};

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
    #[value(name = "bls12381g2")]
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

/// Arguments of `cred suspend`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CredSuspendArgs {
    /// The credential: a file, its id, or its name in `inkan cred list --issued`
    #[arg(value_name = "CRED")]
    pub(crate) credential: String,
    /// Why, for your own records; it is not published
    #[arg(long, value_name = "R", default_value = "")]
    pub(crate) reason: String,
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
