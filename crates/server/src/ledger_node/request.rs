//! One reading of a request: its parameters, its body in time and size, what its client accepts.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, Uri, header};
use inkan_did::location::percent_decode;

use super::refusal::Refusal;

/// The parameters of a query, each at most once.
#[derive(Debug, Default)]
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads the query of a request; `known` are the names it may have.
    pub(crate) fn read(uri: &Uri, known: &[&str]) -> Result<Self, Refusal> {
        let mut out = BTreeMap::new();
        for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(name) = known.iter().find(|known| **known == name) else {
                let shown: String =
                    name.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
                return Err(Refusal::Query(shown));
            };
            let value = percent_decode(value).ok_or_else(|| Refusal::query(name))?;
            if out.insert((*name).to_owned(), value).is_some() {
                return Err(Refusal::query(name));
            }
        }
        Ok(Self(out))
    }

    /// A parameter, if it is there.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| Refusal::query(name))
    }

    /// A number, if it is there.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(text) => decimal(text).map(Some).ok_or_else(|| Refusal::query(name)),
        }
    }

    /// A number that must be there.
    pub(crate) fn need_number(&self, name: &str) -> Result<u64, Refusal> {
        self.number(name)?.ok_or_else(|| Refusal::query(name))
    }
}

/// A number in decimal without sign and leading zeroes, below 2^53.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| canonical && digits && *number < 1 << 53)
}

/// How long a request says that its body is.
pub(crate) fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads a body of at most `limit` bytes that arrives within `patience`.
pub(crate) async fn read_body(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    patience: Duration,
) -> Result<Vec<u8>, Refusal> {
    let announced = announced(headers);
    if announced.is_some_and(|length| length > limit) {
        return Err(Refusal::TooLarge { limit });
    }
    let collect = async {
        let mut out = Vec::with_capacity(announced.unwrap_or_default());
        let mut body = pin!(body);
        while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
            let Ok(data) = frame.map_err(|_| Refusal::Timeout)?.into_data() else { continue };
            if out.len().saturating_add(data.len()) > limit {
                return Err(Refusal::TooLarge { limit });
            }
            out.extend_from_slice(&data);
        }
        Ok(out)
    };
    tokio::time::timeout(patience, collect).await.unwrap_or(Err(Refusal::Timeout))
}

/// The media type of a body, without parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Which of the forms on offer the client wants most: the index in `offers`, each with the media types that name it.
/// Without `Accept`, or with one that takes anything, it is the first.
pub(crate) fn choose(headers: &HeaderMap, offers: &[&[&str]]) -> Option<usize> {
    let mut values = headers.get_all(header::ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return Some(0);
    }
    let ranges = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut best: Option<(u32, usize)> = None;
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1_000), quality);
        let Some(weight) = weight.filter(|weight| *weight > 0) else { continue };
        let place = match name.as_str() {
            "*/*" => Some(0),
            _ => offers.iter().position(|types| {
                types.iter().any(|offered| {
                    *offered == name
                        || name
                            .strip_suffix('*')
                            .is_some_and(|start| start.ends_with('/') && offered.starts_with(start))
                })
            }),
        };
        if let Some(place) = place
            && best.is_none_or(|(most, _)| weight > most)
        {
            best = Some((weight, place));
        }
    }
    best.map(|(_, place)| place)
}

/// A weight in thousandths (RFC 9110 §12.4.2).
fn quality(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u32 = format!("{part:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" => (thousandths == 0).then_some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
