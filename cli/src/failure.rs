//! Why a command did not do what it was asked, with the code that says what to do about it.
//!
//! In scope: one value for every error of every crate. Out of scope: what the command line itself refuses (`refused`), and verdicts
//! (`render::report`), which are results, not failures.

mod refused;

use std::error::Error;
use std::fmt::Write as _;

use serde_json::{Value, json};

pub(crate) use self::refused::CliError;
use crate::catalogue;

/// Exit code of a fault of our own.
const BUG: u8 = 1;

/// A command that failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
    remedies: Vec<Remedy>,
}

/// One thing that would help: a sentence, and the command that does it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Remedy {
    /// What it does.
    pub(crate) text: String,
    /// What to type, if it is a command.
    pub(crate) command: Option<String>,
}

impl Failure {
    /// A failure with a message of its own.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), remedies: Vec::new() }
    }

    /// An error of a library, with all its causes.
    pub(crate) fn from_error(code: &'static str, error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            if !message.ends_with(&text) {
                let _ = write!(message, ": {text}");
            }
            cause = inner.source();
        }
        Self::new(code, message)
    }

    /// Says what was being done: `context: message`.
    #[must_use]
    pub(crate) fn during(mut self, context: impl AsRef<str>) -> Self {
        self.message = format!("{}: {}", context.as_ref(), self.message);
        self
    }

    /// Adds a command that would help.
    #[must_use]
    pub(crate) fn try_this(mut self, text: impl Into<String>, command: impl Into<String>) -> Self {
        self.remedies.push(Remedy { text: text.into(), command: Some(command.into()) });
        self
    }

    /// The code.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// What is wrong, in a line.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The exit code that the catalogue gives this code; a code that is not in it is a fault of ours.
    pub(crate) fn exit(&self) -> u8 {
        catalogue::find(self.code).map_or(BUG, |entry| entry.exit)
    }

    /// Everything that would help: what the command knows, else what the catalogue says.
    pub(crate) fn remedies(&self) -> Vec<Remedy> {
        if !self.remedies.is_empty() {
            return self.remedies.clone();
        }
        catalogue::find(self.code)
            .filter(|entry| !entry.remedy.is_empty())
            .map(|entry| Remedy { text: entry.remedy, command: None })
            .into_iter()
            .collect()
    }

    /// The member `error` of a JSON answer.
    pub(crate) fn to_value(&self) -> Value {
        let entry = catalogue::find(self.code);
        let remedies: Vec<String> = self.remedies().iter().map(Remedy::one_line).collect();
        json!({
            "code": self.code,
            "number": entry.as_ref().map(|entry| entry.number.clone()),
            "message": self.message,
            "remedy": remedies.join("; "),
            "retry": entry.is_some_and(|entry| entry.retry),
        })
    }

    /// The lines for a terminal, without colour: number and fact, then the remedies.
    pub(crate) fn to_lines(&self) -> (String, String) {
        let number = catalogue::find(self.code).map(|entry| entry.number);
        let name = number.clone().unwrap_or_else(|| self.code.to_owned());
        let mut body = format!(": {}\n", self.message);
        for remedy in self.remedies() {
            let _ = writeln!(body, "  {}", remedy.one_line());
        }
        if let Some(number) = number {
            let _ = writeln!(body, "  more:   inkan explain {number}");
        }
        (format!("error[{name}]"), body)
    }
}

impl Remedy {
    /// Sentence and command in one line.
    pub(crate) fn one_line(&self) -> String {
        match &self.command {
            Some(command) => format!("{}:   {command}", self.text),
            None => self.text.clone(),
        }
    }
}

impl From<CliError> for Failure {
    #[cfg_attr(
        not(feature = "pkcs11"),
        expect(
            clippy::wildcard_enum_match_arm,
            reason = "the catalogue has the remedy of the others"
        )
    )]
    fn from(error: CliError) -> Self {
        let failure = Self::from_error(error.code(), &error);
        match &error {
            CliError::ProfileMissing => failure.try_this("make one", "inkan init"),
            CliError::ProfileUnknown { name } => {
                failure.try_this("make it", format!("inkan init {name}"))
            }
            CliError::KeyUnknown { name, profile } => failure
                .try_this("see what there is", format!("inkan -p {profile} key list"))
                .try_this("or make it", format!("inkan -p {profile} key generate {name}")),
            CliError::DidMissing { profile } => {
                failure.try_this("make one", format!("inkan -p {profile} did create"))
            }
            CliError::DidUnknown { profile, .. } | CliError::DidAmbiguous { profile } => {
                failure.try_this("see what there is", format!("inkan -p {profile} did list"))
            }
            CliError::CredentialUnknown { profile, .. }
            | CliError::CredentialAmbiguous { profile, .. } => {
                failure.try_this("see what there is", format!("inkan -p {profile} cred list"))
            }
            CliError::LedgerNotHome { place, .. } => failure
                .try_this("write to its home", format!("leave --ledger out, or: --ledger {place}")),
            CliError::MoveUnfinished { name, place, profile, .. } => failure
                .try_this("go on", format!("inkan -p {profile} did move {name} --to {place}")),
            CliError::LogPlaceUnknown { .. } => {
                failure.try_this("say where it is", "inkan ledger pin PATH|URL")
            }
            CliError::SplitView { path, .. } => failure
                .try_this("both halves are kept as evidence", format!("inkan ledger check {path}")),
            CliError::JpkiNotConfigured => {
                failure.try_this("pin a configuration", "inkan evidence jpki pin FILE")
            }
            #[cfg(feature = "pkcs11")]
            CliError::PinExposed { path } => {
                failure.try_this("close it to others", format!("chmod 600 {path}"))
            }
            CliError::PolicyUnknown { .. } => {
                failure.try_this("see what there is", "inkan policy list")
            }
            _ => failure,
        }
    }
}

/// Lets `?` turn a library's error into a failure.
macro_rules! failures {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::from_error(error.code(), &error)
            }
        }
    )+};
}

failures!(
    inkan_assurance::CatalogueError,
    inkan_assurance::PolicyError,
    inkan_core::json::JsonError,
    inkan_credential::delegation::DelegationError,
    inkan_credential::ParseError,
    inkan_credential::ProofError,
    inkan_credential::RdfcError,
    inkan_credential::bundle::BundleError,
    inkan_credential::consent::ConsentError,
    inkan_credential::countersignature::CountersignatureError,
    inkan_credential::proof::SignFailure,
    inkan_credential::sd_jwt::ClaimPathError,
    inkan_credential::secured::DisclosureError,
    inkan_credential::status_list::StatusListError,
    inkan_crypto::SignError,
    inkan_crypto::keystore::KeystoreError,
    inkan_did::DidError,
    inkan_did::DocumentError,
    inkan_did::SelfContainedError,
    inkan_did::webvh::BuildError,
    inkan_did::webvh::EntryError,
    inkan_did::webvh::HistoryError,
    inkan_evidence::RegistryError,
    inkan_evidence::cms::CmsError,
    inkan_evidence::jpki::JpkiConfigError,
    inkan_evidence::jpki::StatementError,
    inkan_evidence::tsa::TimestampError,
    inkan_holder::ActError,
    inkan_holder::ConsentMakeError,
    inkan_holder::PresentError,
    inkan_holder::SelectiveError,
    inkan_io::anchoring::StateError,
    inkan_io::anchoring::pack::PackError,
    inkan_io::anchors::AnchorsError,
    inkan_io::cards::CardsError,
    inkan_io::cosigner::CosignError,
    inkan_io::exchange_client::ExchangeError,
    inkan_io::files::FileError,
    inkan_io::http::HttpError,
    inkan_io::intent::IntentError,
    inkan_io::keystore_file::KeystoreFileError,
    inkan_io::ledger_folder::LedgerFolderError,
    inkan_io::ledger_source::LedgerError,
    inkan_io::mirror::MirrorError,
    inkan_io::node_client::NodeError,
    inkan_io::node_client::TokenError,
    inkan_io::profile::ProfileError,
    inkan_io::seen::SeenError,
    inkan_io::timestamping::AskError,
    inkan_issuer::DraftError,
    inkan_issuer::StatusStateError,
    inkan_issuer::derived::DerivedError,
    inkan_ledger::AnchorError,
    inkan_ledger::ReceiptError,
    inkan_ledger::evidence::EvidenceError,
    inkan_ledger::leaf::LeafError,
    inkan_ledger::policy::PolicyError,
    inkan_server::ledger_node::NodeError,
    inkan_server::credentials::ApiError,
    inkan_server::desk::DeskError,
    inkan_server::witness::WitnessServiceError,
    inkan_verifier::CertificateFault,
);
#[cfg(feature = "pkcs11")]
failures!(inkan_io::pkcs11::TokenError);

#[cfg(test)]
mod tests;
