//! HTTP with limits: one GET ([`get`]) for DIDs and status lists of others, a [`Session`] for a ledger node.
//!
//! In scope: https only (plain http to this machine for a node of one's own, or where the caller was told to), size, redirects, time. Out of scope:
//! what an answer means; who asks (`gather`, `node_client`) judges it like any other foreign bytes.

mod reach;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, RequestBuilder, Url, redirect};
use tokio::runtime::Runtime;

pub use self::reach::Reach;

/// Seconds for a connection of a [`Session`] to come about.
const CONNECT_SECONDS: u64 = 5;
/// A connection that was idle for longer is not used again: servers, ours too, close theirs after ten seconds or more, and
/// between requests nobody is there to see it.
const IDLE_SECONDS: u64 = 4;

/// What one request may cost.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// Bytes of the answer.
    pub size: usize,
    /// Redirects followed; each must be https, or be allowed by `plain`.
    pub redirects: usize,
    /// Whether plain http will do. URLs out of foreign credentials get [`PlainHttp::Never`]: else whoever writes one makes
    /// its verifier send a GET to any service on the verifier's own machine.
    pub plain: PlainHttp,
    /// Seconds for everything together.
    pub seconds: u64,
    /// Which addresses are asked.
    pub reach: Reach,
}

impl HttpLimits {
    /// At most `size` bytes, three redirects, https alone, ten seconds, at any address.
    #[must_use]
    pub const fn of_size(size: usize) -> Self {
        Self { size, redirects: 3, plain: PlainHttp::Never, seconds: 10, reach: Reach::Anywhere }
    }

    /// The same, at public addresses alone.
    #[must_use]
    pub const fn public_of_size(size: usize) -> Self {
        Self { reach: Reach::Public, ..Self::of_size(size) }
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
    #[error("{url}: cannot be reached: {}", root_of(cause))]
    Unreachable {
        /// The URL.
        url: String,
        /// What the client says; in words only what is at the bottom of it.
        cause: reqwest::Error,
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

/// Where plain http will do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PlainHttp {
    /// Nowhere.
    Never,
    /// Only to this machine.
    Loopback,
    /// Anywhere: whoever is on the way can read, withhold and replay, and nothing but proofs can be believed.
    Anywhere,
}

/// Several requests to one server over one connection. Redirects are not followed.
#[derive(Debug)]
pub struct Session {
    client: Client,
    runtime: Runtime,
    plain: PlainHttp,
}

/// One request of a [`Session`].
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Where to.
    pub url: &'a str,
    /// What is asked.
    pub verb: Verb<'a>,
    /// The media type that is wanted.
    pub accept: &'a str,
    /// A token that is sent as `Authorization: Bearer`; no log shows it.
    pub bearer: Option<&'a str>,
    /// Bytes of the answer that are read.
    pub size: usize,
    /// Seconds for everything together.
    pub seconds: u64,
}

/// Method, media type and body of a request.
#[derive(Clone, Copy, Debug)]
pub enum Verb<'a> {
    /// GET.
    Get,
    /// POST of a body of this media type.
    Post(&'a str, &'a [u8]),
    /// POST of a body of this media type which changes nothing the second time: may be sent again if the connection broke.
    PostAgain(&'a str, &'a [u8]),
    /// PUT of a body of this media type.
    Put(&'a str, &'a [u8]),
    /// DELETE.
    Delete,
}

/// An answer, successful or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type` without parameters, in lower case.
    pub media_type: Option<String>,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
    /// The body, at most as many bytes as allowed.
    pub body: Vec<u8>,
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
    if !limits.plain.permits(&target) || !limits.reach.permits(&target) {
        return Err(refused());
    }
    let client = client(limits)?;
    let answer = runtime()?.block_on(exchange(client.get(target), url, limits.size))?;
    if !(200..300).contains(&answer.status) {
        return Err(HttpError::Status { url: url.to_owned(), status: answer.status });
    }
    Ok(Fetched { body: answer.body, media_type: answer.media_type })
}

impl Session {
    /// Makes ready to ask one server; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`HttpError::Client`].
    pub fn open(plain: PlainHttp) -> Result<Self, HttpError> {
        let client = builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
            .pool_idle_timeout(Duration::from_secs(IDLE_SECONDS))
            .build()
            .map_err(|error| HttpError::Client { detail: error.to_string() })?;
        Ok(Self { client, runtime: runtime()?, plain })
    }

    /// Sends a request and reads the answer, whatever its status.
    ///
    /// If the other side closed the connection without an answer, as servers do with idle ones, it is sent once more, unless
    /// that could do something twice.
    ///
    /// # Errors
    ///
    /// [`HttpError`]; only [`HttpError::Unreachable`] is worth a retry.
    pub fn exchange(&self, request: &Request<'_>) -> Result<Answer, HttpError> {
        let refused = || HttpError::UrlRefused { url: request.url.to_owned() };
        let url = Url::parse(request.url).map_err(|_| refused())?;
        if !self.plain.permits(&url) {
            return Err(refused());
        }
        let with_body = |builder: RequestBuilder, media_type: &str, body: &[u8]| {
            builder.header(CONTENT_TYPE, media_type).body(body.to_vec())
        };
        let builder = match request.verb {
            Verb::Get => self.client.get(url),
            Verb::Post(media_type, body) | Verb::PostAgain(media_type, body) => {
                with_body(self.client.post(url), media_type, body)
            }
            Verb::Put(media_type, body) => with_body(self.client.put(url), media_type, body),
            Verb::Delete => self.client.delete(url),
        };
        let builder = match request.bearer {
            None => builder,
            Some(token) => {
                let mut value =
                    HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| refused())?;
                value.set_sensitive(true);
                builder.header(AUTHORIZATION, value)
            }
        };
        let builder =
            builder.header(ACCEPT, request.accept).timeout(Duration::from_secs(request.seconds));
        let again = if request.verb.is_idempotent() { builder.try_clone() } else { None };
        let answer = self.runtime.block_on(exchange(builder, request.url, request.size));
        match (answer, again) {
            (Err(HttpError::Unreachable { cause, .. }), Some(again)) if was_closed(&cause) => {
                self.runtime.block_on(exchange(again, request.url, request.size))
            }
            (answer, _) => answer,
        }
    }
}

impl Verb<'_> {
    /// Whether a second time changes nothing (RFC 9110 §9.2.2).
    const fn is_idempotent(self) -> bool {
        match self {
            Self::Get | Self::Put(..) | Self::Delete | Self::PostAgain(..) => true,
            Self::Post(..) => false,
        }
    }
}

/// Whether a connection that had come about ended before there was an answer.
fn was_closed(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_connect() && !error.is_timeout()
}

/// What went wrong in the end: the layers above only repeat the URL.
pub(crate) fn root_of(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

impl PlainHttp {
    /// Whether a request may go there: https anywhere, plain http as this says, nothing with a password in the URL.
    pub(crate) fn permits(self, url: &Url) -> bool {
        let plain = match self {
            Self::Never => false,
            Self::Loopback => is_loopback(url),
            Self::Anywhere => true,
        };
        let anonymous = url.username().is_empty() && url.password().is_none();
        anonymous && (url.scheme() == "https" || (url.scheme() == "http" && plain))
    }
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// What every client of ours has: one TLS provider and one name.
fn builder() -> ClientBuilder {
    // A second call finds the provider installed and says so; that is no error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().user_agent(concat!("inkan/", env!("CARGO_PKG_VERSION")))
}

fn client(limits: &HttpLimits) -> Result<Client, HttpError> {
    let (most, plain, reach) = (limits.redirects, limits.plain, limits.reach);
    let policy = redirect::Policy::custom(move |attempt| {
        // Once over https, never in the clear again.
        let secure = attempt.previous().iter().any(|url| url.scheme() == "https");
        let plain = if secure { PlainHttp::Never } else { plain };
        let permitted = plain.permits(attempt.url()) && reach.permits(attempt.url());
        if attempt.previous().len() > most || !permitted {
            attempt.stop()
        } else {
            attempt.follow()
        }
    });
    let builder = match reach {
        Reach::Anywhere => builder(),
        // A proxy would be told names, and ask for addresses itself.
        Reach::Public => builder().no_proxy().dns_resolver(Arc::new(reach::PublicNames)),
    };
    builder
        .redirect(policy)
        .timeout(Duration::from_secs(limits.seconds))
        .build()
        .map_err(|error| HttpError::Client { detail: error.to_string() })
}

fn runtime() -> Result<Runtime, HttpError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| HttpError::Client { detail: error.to_string() })
}

async fn exchange(request: RequestBuilder, url: &str, size: usize) -> Result<Answer, HttpError> {
    let unreachable = |cause| HttpError::Unreachable { url: url.to_owned(), cause };
    let too_large = || HttpError::TooLarge { url: url.to_owned(), limit: size };
    let mut answer = request.send().await.map_err(unreachable)?;
    let announced = answer.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > size) {
        return Err(too_large());
    }
    let header = |name: HeaderName| {
        answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let media_type = header(CONTENT_TYPE)
        .and_then(|value| value.split(';').next().map(|value| value.trim().to_ascii_lowercase()));
    let retry_after = header(RETRY_AFTER).and_then(|value| value.trim().parse().ok());
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if body.len().saturating_add(chunk.len()) > size {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, media_type, retry_after, body })
}

#[cfg(test)]
mod tests;
