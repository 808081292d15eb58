//! Asking a timestamp authority over HTTP ([RFC 3161 §3.4](https://www.rfc-editor.org/rfc/rfc3161#section-3.4)).
//!
//! In scope: sending the request, and what came back. Out of scope: what makes a token good (`inkan-evidence`).

use inkan_evidence::tsa::{
    ANSWER_LIMIT, ANSWER_MEDIA_TYPE, REQUEST_MEDIA_TYPE, TimestampError, TimestampRequest,
};

use crate::http::{HttpError, PlainHttp, Request, Session, Verb};

/// An authority has this long to answer a person.
const SECONDS: u64 = 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Not reached, or it answered with an error. Worth a retry where the cause is.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// What it answered is no answer of a timestamp authority.
    #[error("{url}: not the answer of a timestamp authority")]
    NoAnswer {
        /// Who was asked.
        url: String,
        /// Why not.
        source: TimestampError,
    },
}

impl AskError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Http(error) => error.code(),
            Self::NoAnswer { source, .. } => source.code(),
        }
    }
}

/// Asks the authority at `url`; gives its answer, a `TimeStampResp` that is not verified. Plain http will do: an answer proves itself,
/// and what is asked is a digest.
///
/// # Errors
///
/// [`AskError`].
pub fn ask(url: &str, question: &TimestampRequest) -> Result<Vec<u8>, AskError> {
    let no_answer = |source| AskError::NoAnswer { url: url.to_owned(), source };
    let body = question.to_der().map_err(no_answer)?;
    let answer = Session::open(PlainHttp::Anywhere)?.exchange(&Request {
        url,
        verb: Verb::PostAgain(REQUEST_MEDIA_TYPE, &body),
        accept: ANSWER_MEDIA_TYPE,
        bearer: None,
        size: ANSWER_LIMIT,
        seconds: SECONDS,
    })?;
    if answer.status != 200 {
        return Err(HttpError::Status { url: url.to_owned(), status: answer.status }.into());
    }
    if answer.media_type.as_deref() != Some(ANSWER_MEDIA_TYPE) {
        return Err(no_answer(TimestampError::Malformed));
    }
    Ok(answer.body)
}
