//! `inkan eseal`.

use clap::{Args, ValueEnum};

use super::{OutArgs, StampScope, WriteArgs, values};

/// Arguments of `eseal`.
#[derive(Args, Clone, Debug)]
pub(crate) struct EsealArgs {
    /// Bundle, credential or presentation; - or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// The organisation's certificate, with those above it but for the root, in PEM
    #[arg(long, value_name = "F")]
    pub(crate) cert: String,
    /// Key of this profile that the certificate is for
    #[arg(long, value_name = "K", conflicts_with_all = ["cms", "statement_out"])]
    pub(crate) key: Option<String>,
    /// DID that seals beside the certificate
    #[arg(long = "as", value_name = "DID")]
    pub(crate) identity: Option<String>,
    /// Form of the certificate's signature
    #[arg(long, value_enum, value_name = "FORM", default_value_t = EsealForm::Cms)]
    pub(crate) form: EsealForm,
    /// What is sealed: all that the bundle holds now, or what issuers signed alone
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = StampScope::Credential)]
    pub(crate) over: StampScope,
    /// Write the text that is to be sealed here, for a key that is kept elsewhere, and seal nothing
    #[arg(long, value_name = "F", conflicts_with = "cms")]
    pub(crate) statement_out: Option<String>,
    /// Put a signature in that was made elsewhere over the text of --statement-out: CMS without content, DER
    #[arg(long, value_name = "F", requires = "time")]
    pub(crate) cms: Option<String>,
    /// When it is sealed (RFC 3339); the time in the text of --statement-out
    #[arg(long, value_name = "T", value_parser = values::time)]
    pub(crate) time: Option<String>,
    /// Where the result goes.
    #[command(flatten)]
    pub(crate) out: OutArgs,
    /// Dry run and answers.
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Form of the signature under the certificate's key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum EsealForm {
    /// CMS, for keys on P-256 and P-384
    Cms,
    /// JWS with x5c
    Jws,
}
