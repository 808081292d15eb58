//! A ledger node over HTTP: requests, limits, patience, and what its refusals mean (§8 of the ledger specification).
//!
//! In scope: bytes there and back, problem details (RFC 9457) as our codes. Out of scope: believing an answer; that is
//! [`crate::ledger_source`], which checks every proof against a pinned policy.

mod error;
mod token;

use std::fmt;
use std::time::Duration;

use inkan_core::{json, limits};
use serde_json::Value;

pub use error::{NodeError, Refusal};
pub use token::{NodeToken, TokenError};

use crate::http::{Answer, HttpError, PlainHttp, Request, Session, Verb};

/// Bytes of a JSON answer: the histories of §8 carry one receipt per version.
pub const JSON_LIMIT: usize = limits::BUNDLE;
/// Bytes of a problem, a note, a policy, a parameters document.
pub const TEXT_LIMIT: usize = 131_072;
/// Seconds for an answer that the node only looks up.
const SECONDS: u64 = 15;
/// Seconds for an answer to an entry or a status list.
const WRITE_SECONDS: u64 = 40;
/// How often a request is sent that the node could not take just now.
const TRIES: u32 = 4;
/// The longest that we wait because a node says so, in seconds.
const LONGEST_WAIT: u64 = 5;

/// The URL of a node: `https://host[:port][/path]`.
#[derive(Clone, Debug)]
pub struct NodeUrl {
    base: String,
    plain: PlainHttp,
    token: Option<NodeToken>,
}

/// The same place, whoever asks there.
impl PartialEq for NodeUrl {
    fn eq(&self, other: &Self) -> bool {
        (&self.base, self.plain) == (&other.base, other.plain)
    }
}

impl Eq for NodeUrl {}

/// One node, over one connection.
#[derive(Debug)]
pub struct NodeClient {
    url: NodeUrl,
    session: Session,
}

impl NodeUrl {
    /// Reads a URL without query and fragment. Plain http is for this machine, unless `plain` says otherwise.
    ///
    /// # Errors
    ///
    /// [`NodeError::Url`]; [`NodeError::Insecure`] for plain http to elsewhere.
    pub fn parse(text: &str, plain: PlainHttp) -> Result<Self, NodeError> {
        let malformed = || NodeError::Url { url: text.to_owned() };
        let url = reqwest::Url::parse(text).map_err(|_| malformed())?;
        let anonymous = url.username().is_empty() && url.password().is_none();
        let whole = url.query().is_none() && url.fragment().is_none() && url.has_host();
        if !anonymous || !whole || !matches!(url.scheme(), "http" | "https") {
            return Err(malformed());
        }
        if !plain.permits(&url) {
            return Err(NodeError::Insecure { url: text.to_owned() });
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { base, plain, token: None })
    }

    /// Whether what is said there can be read and changed on the way.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        reqwest::Url::parse(&self.base).is_ok_and(|url| !PlainHttp::Loopback.permits(&url))
    }

    /// The URL, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.base
    }
}

impl fmt::Display for NodeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

impl NodeClient {
    /// Makes ready to ask a node; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`NodeError::Http`].
    pub fn new(url: &NodeUrl) -> Result<Self, NodeError> {
        Ok(Self { url: url.clone(), session: Session::open(url.plain)? })
    }

    /// Where the node is.
    #[must_use]
    pub const fn url(&self) -> &NodeUrl {
        &self.url
    }

    /// Gets the text at a path; `None` if the node says that there is nothing.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn text(&self, path: &str) -> Result<Option<String>, NodeError> {
        let Some(bytes) = self.bytes(path, "text/plain", TEXT_LIMIT)? else { return Ok(None) };
        String::from_utf8(bytes).map(Some).map_err(|_| self.odd(path, "not UTF-8"))
    }

    /// Gets the JSON at a path; `None` if the node says that there is nothing.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn json(&self, path: &str, accept: &str) -> Result<Option<Value>, NodeError> {
        let Some(bytes) = self.bytes(path, accept, JSON_LIMIT)? else { return Ok(None) };
        let read = json::parse(&bytes, JSON_LIMIT);
        read.map(Some).map_err(|_| {
            // Some hosts have one page for every path there could be.
            let is_page = bytes.trim_ascii_start().starts_with(b"<");
            let page =
                "a web page, and no answer of a ledger: perhaps this host has one for every path";
            self.odd(path, if is_page { page } else { "not JSON with one reading" })
        })
    }

    /// Gets the bytes at a path; `None` if the node says that there is nothing.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn bytes(
        &self,
        path: &str,
        accept: &str,
        size: usize,
    ) -> Result<Option<Vec<u8>>, NodeError> {
        let (answer, _) = self.patiently(path, Verb::Get, accept, (size, SECONDS))?;
        if answer.status == 200 {
            return Ok(Some(answer.body));
        }
        let error = self.refusal(path, &answer);
        if error.is_nothing() { Ok(None) } else { Err(error) }
    }

    /// Gets a file that any web server may serve; `None` if it has none, in whichever words it says so.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn file(&self, path: &str, size: usize) -> Result<Option<Vec<u8>>, NodeError> {
        match self.bytes(path, "*/*", size) {
            Err(error) if error.is_absence() => Ok(None),
            found => found,
        }
    }

    /// Posts an entry; gives the JSON answer, and how often it was sent.
    ///
    /// # Errors
    ///
    /// [`NodeError`]. After any error but a refusal it is not known whether the node recorded it: send it again.
    pub fn post(
        &self,
        path: &str,
        media_type: &str,
        body: &[u8],
    ) -> Result<(Value, Sent), NodeError> {
        let sizes = (JSON_LIMIT, WRITE_SECONDS);
        let (answer, sent) =
            self.patiently(path, Verb::Post(media_type, body), "application/json", sizes)?;
        if !matches!(answer.status, 200..=202) {
            return Err(self.refusal(path, &answer));
        }
        let value = json::parse(&answer.body, JSON_LIMIT)
            .map_err(|_| self.odd(path, "not JSON with one reading"))?;
        Ok((value, sent))
    }

    /// Puts a file; putting it again changes nothing.
    ///
    /// # Errors
    ///
    /// [`NodeError`].
    pub fn put(&self, path: &str, media_type: &str, body: &[u8]) -> Result<(), NodeError> {
        let sizes = (TEXT_LIMIT, WRITE_SECONDS);
        let (answer, _) =
            self.patiently(path, Verb::Put(media_type, body), "application/json", sizes)?;
        if matches!(answer.status, 200..=204) {
            return Ok(());
        }
        Err(self.refusal(path, &answer))
    }

    /// Sends a request again for as long as the node says that later is better (429 and 503, §2.7), and no longer.
    fn patiently(
        &self,
        path: &str,
        verb: Verb<'_>,
        accept: &str,
        (size, seconds): (usize, u64),
    ) -> Result<(Answer, Sent), NodeError> {
        let url = format!("{}{path}", self.url);
        let bearer = self.url.bearer();
        let request = Request { url: &url, verb, accept, bearer, size, seconds };
        let (mut tries, mut sent) = (1, Sent::Once);
        loop {
            let answer = self.session.exchange(&request)?;
            if !matches!(answer.status, 429 | 503) || tries >= TRIES {
                return Ok((answer, sent));
            }
            if answer.status == 503 {
                sent = Sent::Again;
            }
            let wait = answer.retry_after.unwrap_or(1).clamp(1, LONGEST_WAIT);
            std::thread::sleep(Duration::from_secs(wait));
            tries = tries.saturating_add(1);
        }
    }

    fn refusal(&self, path: &str, answer: &Answer) -> NodeError {
        let url = format!("{}{path}", self.url);
        if (300..400).contains(&answer.status) {
            return NodeError::Moved { url };
        }
        match Refusal::parse(answer) {
            Some(refusal) => NodeError::Refused(Box::new(refusal)),
            None => HttpError::Status { url, status: answer.status }.into(),
        }
    }

    /// An answer that no node of ours gives.
    pub(crate) fn odd(&self, path: &str, what: &'static str) -> NodeError {
        NodeError::Answer { url: format!("{}{path}", self.url), what }
    }
}

/// How often a request was sent before it was answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sent {
    /// Once, as far as it can have been taken: 429 says that it was not even looked at.
    Once,
    /// More than once: an answer that says "later" (503) may have come from somebody in between, after the first was taken.
    Again,
}

/// A value for a query: everything but letters, digits and `-._~` is percent-encoded.
#[must_use]
pub fn query_value(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests;
