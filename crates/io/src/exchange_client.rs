//! An exchange of offers over HTTP: publish, read, add, end.
//!
//! In scope: bytes there and back, refusals as our codes. Out of scope: believing an answer: whoever reads an offer verifies it
//! like a file that came by mail.
//!
//! The URL of an offer is all that is needed to read it, so it is shown nowhere but where somebody asked for it: errors name the
//! host alone. Redirects are not followed, and plain http is for this machine.

use std::fmt;

use inkan_core::json;
use inkan_core::text::is_hidden;
use serde_json::{Value, json};

use crate::http::{self, Answer, HttpError, PlainHttp, Request, Session, Verb};
use crate::node_client::JSON_LIMIT;

/// Seconds for an answer.
const SECONDS: u64 = 40;
/// The longest URL in bytes.
const URL_LIMIT: usize = 2_048;
/// Refusals that an exchange may answer; others are [`ExchangeError::Refused`] with `peer-refused`.
const CODES: &[&str] = &[
    "act-conflict",
    "act-not-asked",
    "act-unverifiable",
    "countersignature-invalid",
    "credential-proof-invalid",
    "credential-revoked",
    "credential-suspended",
    "exchange-full",
    "issuing-not-authorised",
    "offer-changed",
    "offer-deadline-passed",
    "offer-full",
    "offer-key-invalid",
    "offer-other-credential",
    "offer-sealed",
    "offer-unknown",
    "option-malformed",
    "overloaded",
    "rate-limited",
    "request-too-large",
    "seal-incomplete",
];

/// The URL of an exchange, or of an offer in one.
#[derive(Clone, Eq, PartialEq)]
pub struct ExchangeUrl {
    url: String,
    host: String,
}

/// Why nothing came of a request to an exchange.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// Not the URL of an exchange.
    #[error(
        "this is not the URL of an offer or exchange: https, a host, a path, no password, no query"
    )]
    Url,
    /// Plain http to another machine.
    #[error(
        "{host}: plain http to another machine: anybody on the way could read the offer and keep the URL"
    )]
    Insecure {
        /// The host.
        host: String,
    },
    /// No answer. Worth a retry.
    #[error("{host}: {detail}")]
    Http {
        /// The host.
        host: String,
        /// What the client says, without the URL.
        detail: String,
        /// Its code.
        code: &'static str,
    },
    /// The exchange refuses, and says why.
    #[error("{host} refuses: {detail}")]
    Refused {
        /// The host.
        host: String,
        /// One of our codes; `peer-refused` for one that we do not know.
        code: &'static str,
        /// What it says, cut to a line.
        detail: String,
    },
    /// An answer that no sound exchange gives.
    #[error("{host}: {what}")]
    Answer {
        /// The host.
        host: String,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl ExchangeError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Url => "exchange-url-malformed",
            Self::Insecure { .. } => "exchange-url-insecure",
            Self::Http { code, .. } | Self::Refused { code, .. } => code,
            Self::Answer { .. } => "exchange-answer-invalid",
        }
    }
}

/// What publishing gives.
#[derive(Clone, Eq, PartialEq)]
pub struct Published {
    /// Where the offer is: for those who have to sign, and for nobody else.
    pub url: ExchangeUrl,
    /// What ends it: for nobody.
    pub key: String,
    /// Until when it is kept, as the exchange says.
    pub until: String,
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Published(..)")
    }
}

impl fmt::Debug for ExchangeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExchangeUrl({}, ..)", self.host)
    }
}

impl ExchangeUrl {
    /// Whether a text is meant to be a URL, and no file.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.starts_with("https://") || text.starts_with("http://")
    }

    /// Reads a URL: https, or http to this machine.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Url`], [`ExchangeError::Insecure`].
    pub fn parse(text: &str) -> Result<Self, ExchangeError> {
        let url = reqwest::Url::parse(text).map_err(|_| ExchangeError::Url)?;
        let anonymous = url.username().is_empty() && url.password().is_none();
        let whole = url.query().is_none() && url.fragment().is_none();
        let known = matches!(url.scheme(), "http" | "https") && text.len() <= URL_LIMIT;
        let Some(host) = url.host_str().filter(|_| anonymous && whole && known) else {
            return Err(ExchangeError::Url);
        };
        let host = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        if !PlainHttp::Loopback.permits(&url) {
            return Err(ExchangeError::Insecure { host });
        }
        Ok(Self { url: url.as_str().trim_end_matches('/').to_owned(), host })
    }

    /// The URL in a file that holds one and nothing else.
    #[must_use]
    pub fn in_file(bytes: &[u8]) -> Option<&str> {
        let text = str::from_utf8(bytes).ok()?.trim();
        (text.len() <= URL_LIMIT && Self::is_one(text) && !text.contains(char::is_whitespace))
            .then_some(text)
    }

    /// Its host and port: what may be shown.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// All of it: whoever has it can read the offer.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.url
    }

    /// Reads what is answered for this offer: its newest state, `inkan-exchange/1`.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::Answer`].
    pub fn read_state(&self, body: &[u8]) -> Result<Value, ExchangeError> {
        self.state_in(self.object_in(body)?)
    }

    /// Reads an answer with a status that is none of success.
    #[must_use]
    pub fn read_refusal(&self, status: u16, body: &[u8]) -> ExchangeError {
        let host = self.host.clone();
        if (300..400).contains(&status) {
            let what = "it sends us elsewhere, and is not followed";
            return ExchangeError::Answer { host, what };
        }
        let value = json::parse(body, 1 << 17).unwrap_or_default();
        // A verdict lists what is wrong; the first says it.
        let first = value.get("problemDetails").and_then(|list| list.get(0)).unwrap_or(&value);
        let said = json::text(first, "code").unwrap_or("peer-refused");
        let known = CODES.iter().find(|code| **code == said).copied();
        let text =
            json::text(first, "detail").map_or_else(|| format!("answered {status}"), str::to_owned);
        let clean =
            |text: &str| text.chars().filter(|c| !is_hidden(*c)).take(300).collect::<String>();
        let detail = if known.is_some() { clean(&text) } else { clean(&format!("{said}: {text}")) };
        ExchangeError::Refused { host, code: known.unwrap_or("peer-refused"), detail }
    }

    fn object_in(&self, body: &[u8]) -> Result<Value, ExchangeError> {
        let what = "the answer is not JSON with one reading";
        json::parse(body, JSON_LIMIT)
            .map_err(|_| ExchangeError::Answer { host: self.host.clone(), what })
    }

    fn state_in(&self, value: Value) -> Result<Value, ExchangeError> {
        let whole = json::text(&value, "type") == Some("inkan-exchange/1")
            && value.get("bundle").is_some_and(Value::is_object);
        if whole {
            return Ok(value);
        }
        let what = "what is there is no offer of an exchange";
        Err(ExchangeError::Answer { host: self.host.clone(), what })
    }
}

/// One connection to an exchange.
#[derive(Debug)]
pub struct ExchangeClient {
    session: Session,
}

impl ExchangeClient {
    /// Makes ready; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`HttpError::Client`].
    pub fn new() -> Result<Self, HttpError> {
        Ok(Self { session: Session::open(PlainHttp::Loopback)? })
    }

    /// Publishes a bundle at an exchange; `token` is what its operator gave out to those who may.
    ///
    /// # Errors
    ///
    /// [`ExchangeError`].
    pub fn publish(
        &self,
        exchange: &ExchangeUrl,
        bundle: &Value,
        (token, until): (Option<&str>, Option<&str>),
    ) -> Result<Published, ExchangeError> {
        let mut body = json!({ "bundle": bundle });
        if let (Some(until), Value::Object(members)) = (until, &mut body) {
            members.insert("until".to_owned(), until.into());
        }
        let at = ExchangeUrl { url: format!("{}/offers", exchange.url), ..exchange.clone() };
        let answer =
            self.object(&at, Verb::Post("application/json", body.to_string().as_bytes()), token)?;
        let odd = |what| ExchangeError::Answer { host: exchange.host.clone(), what };
        let text = |name| json::text(&answer, name);
        let url = text("url").and_then(|url| ExchangeUrl::parse(url).ok());
        let url = url.ok_or_else(|| odd("it does not say where the offer is, or nowhere safe"))?;
        let key =
            text("key").filter(|key| key.len() <= 256 && key.bytes().all(|b| b.is_ascii_graphic()));
        let key = key.ok_or_else(|| odd("it gives no key to end the offer with"))?.to_owned();
        Ok(Published { url, key, until: text("until").unwrap_or_default().to_owned() })
    }

    /// Reads the newest state of an offer.
    ///
    /// # Errors
    ///
    /// [`ExchangeError`].
    pub fn show(&self, offer: &ExchangeUrl) -> Result<Value, ExchangeError> {
        self.state(offer, Verb::Get)
    }

    /// Adds what is in a bundle; gives the newest state.
    ///
    /// # Errors
    ///
    /// [`ExchangeError`]. After any error but a refusal it is not known whether it was added: send it again.
    pub fn add(&self, offer: &ExchangeUrl, bundle: &Value) -> Result<Value, ExchangeError> {
        let body = json!({ "bundle": bundle }).to_string();
        self.state(offer, Verb::Post("application/json", body.as_bytes()))
    }

    /// Ends an offer.
    ///
    /// # Errors
    ///
    /// [`ExchangeError`].
    pub fn end(&self, offer: &ExchangeUrl, key: &str) -> Result<(), ExchangeError> {
        let answer = self.ask(offer, Verb::Delete, Some(key))?;
        if answer.status == 204 {
            Ok(())
        } else {
            Err(offer.read_refusal(answer.status, &answer.body))
        }
    }

    fn state(&self, offer: &ExchangeUrl, verb: Verb<'_>) -> Result<Value, ExchangeError> {
        offer.state_in(self.object(offer, verb, None)?)
    }

    fn object(
        &self,
        at: &ExchangeUrl,
        verb: Verb<'_>,
        bearer: Option<&str>,
    ) -> Result<Value, ExchangeError> {
        let answer = self.ask(at, verb, bearer)?;
        if !matches!(answer.status, 200 | 201) {
            return Err(at.read_refusal(answer.status, &answer.body));
        }
        at.object_in(&answer.body)
    }

    fn ask(
        &self,
        at: &ExchangeUrl,
        verb: Verb<'_>,
        bearer: Option<&str>,
    ) -> Result<Answer, ExchangeError> {
        let request = Request {
            url: &at.url,
            verb,
            accept: "application/json",
            bearer,
            size: JSON_LIMIT,
            seconds: SECONDS,
        };
        self.session.exchange(&request).map_err(|error| {
            let detail = match &error {
                HttpError::UrlRefused { .. } => "not an https URL".to_owned(),
                HttpError::Unreachable { cause, .. } => {
                    format!("cannot be reached: {}", http::root_of(cause))
                }
                HttpError::Status { status, .. } => format!("answered {status}"),
                HttpError::TooLarge { limit, .. } => format!("answered more than {limit} bytes"),
                HttpError::Client { detail } => detail.clone(),
            };
            let detail = detail.replace(&at.url, &at.host);
            ExchangeError::Http { host: at.host.clone(), detail, code: error.code() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_https_or_of_this_machine_and_show_their_host_alone() {
        let url = ExchangeUrl::parse("https://exchange.example/offers/secret").expect("a URL");
        assert_eq!(url.host(), "exchange.example");
        assert!(!format!("{url:?}").contains("secret"));
        assert!(ExchangeUrl::parse("http://127.0.0.1:7080/offers/x").is_ok());
        for text in [
            "http://exchange.example/offers/x",
            "https://user:word@exchange.example/x",
            "https://exchange.example/x?y",
            "https://exchange.example/x#y",
            "ftp://exchange.example/x",
            "offer.json",
        ] {
            assert!(ExchangeUrl::parse(text).is_err(), "{text}");
        }
        assert_eq!(ExchangeUrl::in_file(b"https://a.example/o\n"), Some("https://a.example/o"));
        assert_eq!(ExchangeUrl::in_file(b"{\"type\": \"https://\"}"), None);
    }

    #[test]
    fn errors_do_not_show_the_url() {
        let client = ExchangeClient::new().expect("a client");
        // Nothing listens on a port that was just given back.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let url =
            ExchangeUrl::parse(&format!("http://127.0.0.1:{port}/offers/secret")).expect("a URL");
        let error = client.show(&url).expect_err("nobody is there");
        assert_eq!(error.code(), "peer-unreachable");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }

    #[test]
    fn any_answer_is_read_or_refused_without_the_url() {
        let at = ExchangeUrl::parse("https://exchange.example/offers/secret").expect("a URL");
        let state =
            br#"{"type":"inkan-exchange/1","bundle":{"type":"inkan-bundle/1"},"stage":"offered"}"#;
        let problem = br#"{"problemDetails":[{"code":"offer-full","detail":"no\u202e room"}]}"#;
        assert!(at.read_state(state).is_ok());
        let judge = |body: &[u8]| {
            let mut said = vec![at.read_refusal(409, body), at.read_refusal(302, body)];
            match at.read_state(body) {
                Ok(value) => assert!(value["bundle"].is_object()),
                Err(error) => said.push(error),
            }
            for error in said {
                let text = format!("{error} {error:?}");
                assert!(!text.contains("secret") && !text.contains('\u{202e}'), "{text}");
                let own = ["peer-refused", "exchange-answer-invalid"];
                assert!(CODES.contains(&error.code()) || own.contains(&error.code()));
            }
        };
        for whole in [&state[..], &problem[..]] {
            for place in 0..whole.len() {
                judge(&whole[..place]);
                for flip in [1, 0x20, 0x80] {
                    let mut changed = whole.to_vec();
                    changed[place] ^= flip;
                    judge(&changed);
                }
            }
        }
    }

    #[test]
    fn codes_of_exchanges_are_sorted_and_in_the_catalogue() {
        let text = include_str!("../../../schemas/codes.json");
        assert!(CODES.is_sorted());
        for code in CODES {
            assert!(text.contains(&format!("\"code\": \"{code}\"")), "{code}");
        }
    }
}
