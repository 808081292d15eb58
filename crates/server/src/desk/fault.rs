//! Why the desk does not do what it was asked, and what starting it can fail with.

use std::path::PathBuf;

use axum::http::StatusCode;
use inkan_io::files::FileError;

use crate::credentials::answer::{Finding, Refusal};

/// Why a request to the desk is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// There is no such session.
    SessionUnknown,
    /// Its time is over.
    SessionEnded,
    /// It was answered already: its nonce is used, or its verdict stands.
    SessionAnswered,
    /// A passkey is asked for before a presentation.
    NothingPresented,
    /// The same answer of an authenticator a second time, or too many of them.
    AnswerUsed,
    /// A page of somebody else sent it.
    OriginUnknown,
    /// The operator did not allow the session to register a passkey, or the holder has one already.
    RegistrationNotAllowed,
    /// The authenticator did not verify its user when it was registered, or is registered already.
    PasskeyUnfit,
    /// What a form or a page sent cannot be read.
    AnswerMalformed,
}

impl Fault {
    /// A stable code for reports. Codes are added, never renamed.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::SessionUnknown => "desk-session-unknown",
            Self::SessionEnded => "desk-session-ended",
            Self::SessionAnswered => "desk-session-answered",
            Self::NothingPresented => "desk-nothing-presented",
            Self::AnswerUsed => "desk-answer-used",
            Self::OriginUnknown => "desk-origin-unknown",
            Self::RegistrationNotAllowed => "desk-registration-not-allowed",
            Self::PasskeyUnfit => "desk-passkey-unfit",
            Self::AnswerMalformed => "desk-answer-malformed",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::SessionUnknown => StatusCode::NOT_FOUND,
            Self::SessionEnded => StatusCode::GONE,
            Self::SessionAnswered | Self::NothingPresented | Self::AnswerUsed => {
                StatusCode::CONFLICT
            }
            Self::OriginUnknown | Self::RegistrationNotAllowed => StatusCode::FORBIDDEN,
            Self::PasskeyUnfit => StatusCode::UNPROCESSABLE_ENTITY,
            Self::AnswerMalformed => StatusCode::BAD_REQUEST,
        }
    }

    /// As an answer that says so in these words.
    pub(crate) fn says(self, detail: &'static str) -> Refusal {
        Refusal::Request(self.status(), Finding::new(self.code(), detail))
    }
}

/// Why a desk cannot be opened, or what it keeps cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The URL of the server is none that pages could have.
    #[error("{url:?} is no URL of a page: https, or http on localhost")]
    Url {
        /// What was given.
        url: String,
    },
    /// A file on the disk cannot be read.
    #[error("{}: {detail}", path.display())]
    Kept {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// What is known of models of authenticators cannot be used.
    #[error(transparent)]
    Metadata(#[from] inkan_evidence::metadata::MetadataError),
    /// The certificate that the metadata is signed below cannot be read.
    #[error("{}: no certificate, DER or PEM", path.display())]
    Root {
        /// The file.
        path: PathBuf,
    },
    /// A policy cannot be used.
    #[error(transparent)]
    Policy(#[from] inkan_assurance::PolicyError),
    /// No passkey has this name, or several begin so.
    #[error("no passkey is named {name:?}, or several are")]
    PasskeyUnknown {
        /// What was named.
        name: String,
    },
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl DeskError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "public-url-malformed",
            Self::Kept { .. } => "desk-file-malformed",
            Self::Metadata(error) => error.code(),
            Self::Root { .. } => "desk-root-malformed",
            Self::Policy(error) => error.code(),
            Self::PasskeyUnknown { .. } => "desk-passkey-unknown",
            Self::File(error) => error.code(),
        }
    }
}

/// The client is told that it is not their fault.
impl From<DeskError> for Refusal {
    fn from(error: DeskError) -> Self {
        let detail = "what the desk keeps cannot be used now; its operator is told why";
        Self::Request(StatusCode::SERVICE_UNAVAILABLE, Finding::new(error.code(), detail))
    }
}
