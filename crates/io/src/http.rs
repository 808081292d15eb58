//! One GET, with limits: how DIDs and status lists of others are fetched.
//!
//! In scope: https only (plain http on loopback), size, redirects, time. Out of scope: what the answer means;
//! who asks (`gather`) judges it like any other foreign bytes.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, Url, redirect};

/// What one request may cost.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// Bytes of the answer.
    pub size: usize,
    /// Redirects followed; each must be https (or stay on loopback).
    pub redirects: usize,
    /// Seconds for everything together.
    pub seconds: u64,
}

impl HttpLimits {
    /// At most `size` bytes, three redirects, ten seconds.
    #[must_use]
    pub const fn of_size(size: usize) -> Self {
        Self { size, redirects: 3, seconds: 10 }
    }
}

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Not a URL, or neither https nor loopback.
    #[error("{url}: not an https URL")]
    UrlRefused {
        /// The URL.
        url: String,
    },
    /// No connection, a broken one, a bad certificate, or no answer in time. Worth a retry.
    #[error("{url}: cannot be reached")]
    Unreachable {
        /// The URL.
        url: String,
        /// What the client says.
        source: reqwest::Error,
    },
    /// An answer, but not a successful one.
    #[error("{url}: answered {status}")]
    Status {
        /// The URL.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// More bytes than the limit.
    #[error("{url}: answered more than {limit} bytes")]
    TooLarge {
        /// The URL.
        url: String,
        /// Bytes allowed.
        limit: usize,
    },
    /// The runtime or the TLS library could not start.
    #[error("the HTTP client cannot start: {detail}")]
    Client {
        /// What it says.
        detail: String,
    },
}

impl HttpError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UrlRefused { .. } => "url-refused",
            Self::Unreachable { .. } => "peer-unreachable",
            Self::Status { .. } => "peer-refused",
            Self::TooLarge { .. } => "answer-too-large",
            Self::Client { .. } => "http-client-failed",
        }
    }
}

/// A successful answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fetched {
    /// The body, at most as many bytes as allowed.
    pub body: Vec<u8>,
    /// `Content-Type` without parameters, in lower case.
    pub media_type: Option<String>,
}

/// Fetches `url` once.
///
/// # Errors
///
/// [`HttpError`]; only [`HttpError::Unreachable`] is worth a retry.
pub fn get(url: &str, limits: &HttpLimits) -> Result<Fetched, HttpError> {
    let refused = || HttpError::UrlRefused { url: url.to_owned() };
    let target = Url::parse(url).map_err(|_| refused())?;
    if !allowed(&target) {
        return Err(refused());
    }
    let client = client(limits)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| HttpError::Client { detail: error.to_string() })?;
    runtime.block_on(fetch(&client, target, limits))
}

/// Whether a request may go there: https anywhere, plain http only to this machine.
fn allowed(url: &Url) -> bool {
    let loopback = url.host_str().is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    });
    let plain = url.username().is_empty() && url.password().is_none();
    plain && (url.scheme() == "https" || (url.scheme() == "http" && loopback))
}

fn client(limits: &HttpLimits) -> Result<Client, HttpError> {
    // A second call finds the provider installed and says so; that is no error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let most = limits.redirects;
    let policy = redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() > most || !allowed(attempt.url()) {
            attempt.stop()
        } else {
            attempt.follow()
        }
    });
    Client::builder()
        .redirect(policy)
        .timeout(Duration::from_secs(limits.seconds))
        .user_agent(concat!("inkan/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| HttpError::Client { detail: error.to_string() })
}

async fn fetch(client: &Client, url: Url, limits: &HttpLimits) -> Result<Fetched, HttpError> {
    let name = url.to_string();
    let unreachable = |source| HttpError::Unreachable { url: name.clone(), source };
    let too_large = || HttpError::TooLarge { url: name.clone(), limit: limits.size };
    let mut answer = client.get(url).send().await.map_err(unreachable)?;
    if !answer.status().is_success() {
        return Err(HttpError::Status { url: name, status: answer.status().as_u16() });
    }
    let announced = answer.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > limits.size) {
        return Err(too_large());
    }
    let media_type = answer
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase());
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if body.len().saturating_add(chunk.len()) > limits.size {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Fetched { body, media_type })
}

#[cfg(test)]
mod tests;
