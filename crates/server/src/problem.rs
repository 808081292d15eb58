//! Problem details ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)): what every answer looks like that is no success.
//!
//! In scope: their form, and which HTTP status each code has (§2.7 of the ledger specification). Out of scope: deciding
//! that something is wrong. `detail` never repeats what was sent, but names of members and values that the ledger itself
//! knows.

use std::sync::OnceLock;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use inkan_core::codes::CodeBook;
use serde_json::{Map, Value};

/// The catalogue of codes, as in `schemas/`.
const CODES: &str = include_str!("../../../schemas/codes.json");
/// Media type of problem details.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// The catalogue of codes: number, title and remedy of each.
pub fn codes() -> &'static CodeBook {
    static BOOK: OnceLock<CodeBook> = OnceLock::new();
    // That the file is a catalogue is a test of the workspace; without it, problems would only lack their numbers.
    BOOK.get_or_init(|| CodeBook::parse(CODES).unwrap_or_default())
}

/// What is wrong with a request, or with answering it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    code: &'static str,
    detail: String,
    members: Vec<(String, Value)>,
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem with this code; `detail` is for people, and holds no secret.
    #[must_use]
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), members: Vec::new(), retry_after: None }
    }

    /// The same, with a member that the remedy needs.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.push((member.to_owned(), value.into()));
        self
    }

    /// The same, worth a retry after so many seconds.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        status_of(self.code)
    }

    /// The JSON object.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out: Map<String, Value> = self.members.iter().cloned().collect();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("type", format!("/problems/{}", self.code).into());
        put("code", self.code.into());
        put("detail", self.detail.as_str().into());
        put("status", self.status().as_u16().into());
        if let Some(entry) = codes().get(self.code) {
            put("number", entry.number.as_str().into());
            put("title", entry.title.as_str().into());
        }
        Value::Object(out)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.to_value().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        // For the log of requests, which knows codes and never bodies.
        response.extensions_mut().insert(Code(self.code));
        response
    }
}

/// The code of the problem that a response carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code(pub(crate) &'static str);

/// The HTTP status of a code; 422 for rules that are not named here.
#[must_use]
pub fn status_of(code: &str) -> StatusCode {
    match code {
        "malformed-entry" | "batch-malformed" | "query-invalid" | "did-malformed" => {
            StatusCode::BAD_REQUEST
        }
        "operator-token-invalid" => StatusCode::UNAUTHORIZED,
        "unknown-signer"
        | "signer-deactivated"
        | "signer-moved"
        | "key-not-authorized"
        | "entry-signature-invalid"
        | "update-key-not-committed"
        | "proof-invalid"
        | "witness-threshold" => StatusCode::FORBIDDEN,
        "not-found" | "not-yet-covered" | "version-not-found" => StatusCode::NOT_FOUND,
        "method-not-allowed" => StatusCode::METHOD_NOT_ALLOWED,
        "not-acceptable" | "not-exported" => StatusCode::NOT_ACCEPTABLE,
        "request-timeout" => StatusCode::REQUEST_TIMEOUT,
        "sequence-conflict"
        | "already-used"
        | "version-conflict"
        | "did-deactivated"
        | "status-list-recorded"
        | "status-list-unrecorded" => StatusCode::CONFLICT,
        "entry-too-large" | "request-too-large" => StatusCode::PAYLOAD_TOO_LARGE,
        "unsupported-entry-type" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "rate-limited" | "quota-exceeded" => StatusCode::TOO_MANY_REQUESTS,
        "overloaded" | "not-ready" | "storage-full" | "clock-unsure" => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        "node-fault" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}
