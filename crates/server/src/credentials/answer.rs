//! What is answered for what is malformed or does not verify: problem details (RFC 9457) with the types of the
//! specifications, where these have one.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::backing::BackingError;
use crate::problem::{Code, PROBLEM_JSON, codes};

/// Why this API itself refuses; what libraries refuse has their codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cause {
    RequestMalformed,
    SuiteNotServed,
    IssuerNotOurs,
    IssuingNotAuthorised,
    OptionMalformed,
    StatusEntryUnknown,
    StatusFinal,
    SuiteMismatch,
    ProofDomainMismatch,
    ProofChallengeMismatch,
    ProofPurposeMismatch,
    VerdictMissing,
    StatusNotKept,
    StatusListUnsigned,
    PathUnknown,
    NotRecorded,
    PresenterNotBound,
    CreatedFarOff,
    OptionWithoutEffect,
    ProofNotOurs,
    ProofLeftOut,
    TermWithoutContext,
    AuthorityNotServed,
    AuthorityNotCurrent,
    QueryAhead,
    PolicyUnknown,
    EnvelopeOutdated,
    AttestationNotFresh,
    NonceHeld,
    NoncesFull,
    NoncesUnwritable,
}

impl Cause {
    /// A stable code for reports. Codes are added, never renamed.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::RequestMalformed => "request-malformed",
            Self::SuiteNotServed => "suite-not-served",
            Self::IssuerNotOurs => "issuer-not-ours",
            Self::IssuingNotAuthorised => "issuing-not-authorised",
            Self::OptionMalformed => "option-malformed",
            Self::StatusEntryUnknown => "status-entry-unknown",
            Self::StatusFinal => "status-final",
            Self::SuiteMismatch => "suite-mismatch",
            Self::ProofDomainMismatch => "proof-domain-mismatch",
            Self::ProofChallengeMismatch => "proof-challenge-mismatch",
            Self::ProofPurposeMismatch => "proof-purpose-mismatch",
            Self::VerdictMissing => "verdict-missing",
            Self::StatusNotKept => "status-not-kept",
            Self::StatusListUnsigned => "status-unsigned",
            Self::PathUnknown => "path-unknown",
            Self::NotRecorded => "credential-not-recorded",
            Self::PresenterNotBound => "presenter-not-bound",
            Self::CreatedFarOff => "created-far-off",
            Self::OptionWithoutEffect => "option-without-effect",
            Self::ProofNotOurs => "proof-not-ours",
            Self::ProofLeftOut => "left-out-of-part",
            Self::TermWithoutContext => "term-without-context",
            Self::AuthorityNotServed => "authority-not-served",
            Self::AuthorityNotCurrent => "authority-not-current",
            Self::QueryAhead => "query-time-ahead",
            Self::PolicyUnknown => "policy-unknown",
            Self::EnvelopeOutdated => "envelope-outdated",
            Self::AttestationNotFresh => "attestation-not-fresh",
            Self::NonceHeld => "attestation-in-hand",
            Self::NoncesFull => "attestation-nonces-full",
            Self::NoncesUnwritable => "nonce-journal-unwritable",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Finding {
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

impl Finding {
    pub(crate) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// As an object of problem details.
    pub(crate) fn to_value(&self) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("type", type_of(self.code).into());
        put("code", self.code.into());
        put("detail", self.detail.as_str().into());
        if let Some(entry) = codes().get(self.code) {
            put("number", entry.number.as_str().into());
            put("title", entry.title.as_str().into());
        }
        Value::Object(out)
    }
}

/// An answer that is no success.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// The request cannot be answered as it stands: a status and what is wrong.
    Request(StatusCode, Finding),
    /// It was judged, and does not verify.
    Unverified(Vec<Finding>),
    /// Too soon; seconds to wait.
    RateLimited(u64),
}

impl Refusal {
    /// 400.
    pub(crate) fn bad(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Request(StatusCode::BAD_REQUEST, Finding::new(code, detail))
    }

    /// 404.
    pub(crate) fn missing(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Request(StatusCode::NOT_FOUND, Finding::new(code, detail))
    }

    /// Its HTTP status.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Request(status, _) => *status,
            Self::Unverified(_) => StatusCode::BAD_REQUEST,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// The first thing that is wrong.
    pub(crate) fn first(&self) -> Option<&Finding> {
        match self {
            Self::Request(_, finding) => Some(finding),
            Self::Unverified(findings) => findings.first(),
            Self::RateLimited(_) => None,
        }
    }

    /// 500: a fault of this server's.
    pub(crate) fn fault() -> Self {
        let finding = Finding::new("node-fault", "the server failed; its operator knows more");
        Self::Request(StatusCode::INTERNAL_SERVER_ERROR, finding)
    }
}

/// What the server rests on does not serve it: its operator is told more than the client.
impl From<BackingError> for Refusal {
    fn from(error: BackingError) -> Self {
        if error.is_callers {
            let title = codes().get(error.code).map(|entry| entry.title.clone());
            return Self::bad(error.code, title.unwrap_or_default());
        }
        let detail = "what this server rests on does not serve it now; its operator is told why";
        Self::Request(StatusCode::SERVICE_UNAVAILABLE, Finding::new(error.code, detail))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Request(status, finding) => problem(status, &finding),
            Self::Unverified(findings) => unverified(&findings),
            Self::RateLimited(wait) => {
                let finding = Finding::new("rate-limited", "too many requests from this network");
                let mut response = problem(StatusCode::TOO_MANY_REQUESTS, &finding);
                response.headers_mut().insert(header::RETRY_AFTER, wait.max(1).into());
                response
            }
        }
    }
}

fn problem(status: StatusCode, finding: &Finding) -> Response {
    let mut value = finding.to_value();
    if let Value::Object(members) = &mut value {
        members.insert("status".to_owned(), status.as_u16().into());
    }
    body(status, PROBLEM_JSON, &value, Some(finding.code))
}

fn unverified(findings: &[Finding]) -> Response {
    let details: Vec<Value> = findings.iter().map(Finding::to_value).collect();
    let value = json!({ "verified": false, "problemDetails": details });
    let code = findings.first().map(|finding| finding.code);
    body(StatusCode::BAD_REQUEST, "application/json", &value, code)
}

/// A JSON answer.
pub(crate) fn json_answer(status: StatusCode, value: &Value) -> Response {
    body(status, "application/json", value, None)
}

fn body(
    status: StatusCode,
    media_type: &'static str,
    value: &Value,
    code: Option<&'static str>,
) -> Response {
    let mut response = (status, value.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(code) = code {
        response.extensions_mut().insert(Code(code));
    }
    response
}

/// The problem type of a code: that of the data model (VCDM 2.0 §7.2), of Data Integrity (§4.7) or of status lists where
/// one fits, else the page of the code.
fn type_of(code: &str) -> String {
    const MODEL: &str = "https://www.w3.org/TR/vc-data-model#";
    const SECURITY: &str = "https://w3id.org/security#";
    const STATUS: &str = "https://www.w3.org/ns/credentials/status-list#";
    let begins = |start: &str| code.starts_with(start);
    match code {
        "credential-proof-invalid"
        | "presentation-proof-invalid"
        | "presentation-hash-mismatch" => {
            format!("{MODEL}CRYPTOGRAPHIC_SECURITY_ERROR")
        }
        "credential-expired" | "credential-not-yet-valid" | "presentation-stale" => {
            format!("{MODEL}RANGE_ERROR")
        }
        "request-malformed" | "artefact-not-recognised" | "proof-not-an-object" => {
            format!("{MODEL}PARSING_ERROR")
        }
        // vc-di-ecdsa §3.4.13: what shall be shown, or always is, is not there.
        "json-pointer-not-found" => format!("{SECURITY}PROOF_GENERATION_ERROR"),
        "proof-domain-mismatch" | "audience-mismatch" => {
            format!("{SECURITY}INVALID_DOMAIN_ERROR")
        }
        "proof-challenge-mismatch" | "nonce-invalid" => {
            format!("{SECURITY}INVALID_CHALLENGE_ERROR")
        }
        "verification-method-unknown" | "issuer-not-controller" => {
            format!("{SECURITY}INVALID_VERIFICATION_METHOD")
        }
        "status-list-missing" => format!("{STATUS}STATUS_RETRIEVAL_ERROR"),
        // The specifications have no type for what is well-formed and was withdrawn.
        "credential-revoked" | "credential-suspended" | "credential-not-recorded" => {
            format!("/problems/{code}")
        }
        "suite-unknown" => format!("{SECURITY}PROOF_VERIFICATION_ERROR"),
        _ if begins("json-") || begins("jws-") => format!("{MODEL}PARSING_ERROR"),
        _ if begins("jsonld-") => format!("{SECURITY}DATA_LOSS_DETECTION_ERROR"),
        _ if begins("status-list-") => format!("{STATUS}STATUS_VERIFICATION_ERROR"),
        _ if code.contains("proof") => format!("{SECURITY}PROOF_VERIFICATION_ERROR"),
        _ if begins("credential-") || begins("related-resource-") => {
            format!("{MODEL}MALFORMED_VALUE_ERROR")
        }
        _ => format!("/problems/{code}"),
    }
}
