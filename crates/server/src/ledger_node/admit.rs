//! What every request passes: who asks, whether there is room for it, and what is kept of it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use super::limits::{Prefix, truncated};
use super::network::client_of;
use super::node::Node;
use super::refusal::Refusal;
use super::request_log::Line;
use super::routes;
use crate::connections::{Peer, caught};
use crate::problem::{Code, Problem};

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) prefix: Prefix,
    /// Whether the limits of clients and signers do not hold: an operator token, or this machine if so configured.
    pub(crate) free: bool,
}

/// The id of the entry that a response is about, for the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoggedEntry(pub(crate) inkan_ledger::EntryId);

/// Lets a request in, or refuses it, and keeps what may be kept of it.
pub(crate) async fn admit(
    State(node): State<Arc<Node>>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let route = routes::template(matched);
    let address = address_of(&node, &request);
    let mut response = match check(&node, address, route, request.headers()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            // Here, so that a fault is counted and logged as any answer.
            match caught(next.run(request)).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
        Err(refusal) => Problem::from(refusal).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if matches!(method, Method::GET | Method::HEAD | Method::OPTIONS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("etag, retry-after"),
        );
    }
    let status = response.status().as_u16();
    let took = begun.elapsed();
    node.metrics.request(route, status);
    node.metrics.answered.record(took);
    node.log.write(&Line {
        time: node.now(),
        method: name_of(&method),
        route,
        status,
        code: response.extensions().get::<Code>().map(|code| code.0),
        milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        network: &truncated(address),
        entry: response.extensions().get::<LoggedEntry>().map(|entry| entry.0.to_string()),
    });
    response
}

/// Clients make methods up; the log has room for those that there are.
fn name_of(method: &Method) -> &'static str {
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::OPTIONS]
        .iter()
        .zip(["GET", "HEAD", "POST", "PUT", "OPTIONS"])
        .find_map(|(known, name)| (known == method).then_some(name))
        .unwrap_or("other")
}

fn address_of(node: &Node, request: &Request) -> IpAddr {
    let unknown = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    let peer = request.extensions().get::<Peer>().map_or(unknown, |peer| peer.0.ip());
    let forwarded = request.headers().get_all("x-forwarded-for").iter();
    client_of(peer, forwarded.filter_map(|value| value.to_str().ok()), &node.proxies)
}

/// Whether the host that a proxy names may be believed.
pub(crate) fn is_from_proxy(node: &Node, peer: Option<&Peer>) -> bool {
    peer.is_some_and(|peer| node.proxies.iter().any(|proxy| proxy.holds(peer.0.ip())))
}

fn check(
    node: &Node,
    address: IpAddr,
    route: &'static str,
    headers: &HeaderMap,
) -> Result<Caller, Refusal> {
    let prefix = Prefix::of(address);
    let local = node.limits.loopback_is_free && address.to_canonical().is_loopback();
    let operator = match bearer(headers) {
        None => false,
        Some(token) => {
            // Guessing costs what asking costs.
            if !node.tokens.holds(token) {
                take(node, &prefix)?;
                return Err(Refusal::OperatorToken);
            }
            true
        }
    };
    let free = local || operator;
    if !free && !routes::is_unmetered(route) {
        take(node, &prefix)?;
    }
    Ok(Caller { prefix, free })
}

fn take(node: &Node, prefix: &Prefix) -> Result<(), Refusal> {
    match &node.clients {
        None => Ok(()),
        Some(clients) => clients.take(prefix, 1).map_err(|wait| Refusal::RateLimited { wait }),
    }
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}
