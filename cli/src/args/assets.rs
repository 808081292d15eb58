//! What a profile owns: `key …` and `cred …`.

use clap::{Args, Subcommand, ValueEnum};

use super::WriteArgs;

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
    #[arg(long, value_name = "S", value_parser = ["valid", "revoked"])]
    pub(crate) status: Option<String>,
}
