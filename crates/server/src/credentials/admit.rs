//! What every request passes: whether there is room for it, whether it may have something signed, what is kept of it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use inkan_core::{Digest, sha256};
use tokio::time::Instant;

use super::answer::{Cause, Finding, Refusal};
use super::routes;
use super::service::Service;
use crate::connections::{Certified, Peer, caught};
use crate::ledger_node::limits::{Prefix, truncated};
use crate::ledger_node::network::client_of;
use crate::ledger_node::request::media_type;
use crate::ledger_node::request_log::Line;
use crate::problem::Code;

/// Who may have something signed, told from others who may: the digest of a token or of a certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller(Digest);

impl Caller {
    #[cfg(test)]
    pub(crate) fn of(name: &str) -> Self {
        Self(sha256(&[name.as_bytes()]))
    }

    pub(crate) const fn digest(self) -> Digest {
        self.0
    }
}

/// Lets a request in, or refuses it, and keeps what may be kept of it.
pub(crate) async fn admit(
    State(service): State<Arc<Service>>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let route = routes::template(matched);
    let address = address_of(&service, &request);
    let mut response = match check(&service, address, route, &request) {
        Ok(caller) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            match caught(next.run(request)).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let profile = HeaderValue::from_static(service.options.profile.as_str());
    headers.insert("inkan-profile", profile);
    if method == Method::GET && !routes::is_of_desk(route) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    let status = response.status().as_u16();
    service.counts.add(route, status);
    service.log.write(&Line {
        time: service.now(),
        method: name_of(&method),
        route,
        status,
        code: response.extensions().get::<Code>().map(|code| code.0),
        milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        network: &truncated(address),
        entry: None,
    });
    response
}

/// Clients make methods up; the log has room for those that there are.
fn name_of(method: &Method) -> &'static str {
    [Method::GET, Method::HEAD, Method::POST, Method::DELETE]
        .iter()
        .zip(["GET", "HEAD", "POST", "DELETE"])
        .find_map(|(known, name)| (known == method).then_some(name))
        .unwrap_or("other")
}

fn address_of(service: &Service, request: &Request) -> IpAddr {
    let unknown = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    let peer = request.extensions().get::<Peer>().map_or(unknown, |peer| peer.0.ip());
    let forwarded = request.headers().get_all("x-forwarded-for").iter();
    let proxies = &service.options.proxies;
    client_of(peer, forwarded.filter_map(|value| value.to_str().ok()), proxies)
}

fn check(
    service: &Service,
    address: IpAddr,
    route: &'static str,
    request: &Request,
) -> Result<Option<Caller>, Refusal> {
    let headers = request.headers();
    let is_post = request.method() == Method::POST;
    let certified = request.extensions().get::<Certified>();
    if !routes::is_unmetered(route)
        && let Some(clients) = &service.clients
    {
        clients.take(&Prefix::of(address), 1).map_err(Refusal::RateLimited)?;
    }
    if !is_post && !routes::is_of_desk(route) {
        return Ok(None);
    }
    // Pages of other sites can make a browser send forms and plain text, but not this without being asked.
    let is_readable =
        is_json(headers) || routes::takes_presentations(route) && is_presentation(headers);
    if is_post && !is_readable && !routes::is_bare(route) {
        return Err(Refusal::Request(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Finding::new(Cause::RequestMalformed.code(), "send application/json, and say so"),
        ));
    }
    if !routes::signs(route) {
        return Ok(None);
    }
    // By a name of its own a page of another site could reach this machine (DNS rebinding).
    if let Some(Certified(certificate)) = certified {
        return Ok(Some(Caller(sha256(&[b"certificate", certificate.as_bytes()]))));
    }
    if service.is_open && names_this_machine(request) {
        return Ok(None);
    }
    match bearer(headers) {
        Some(token) if service.tokens.holds(token) => Ok(Some(Caller(sha256(&[b"token", token])))),
        _ => Err(Refusal::Request(
            StatusCode::UNAUTHORIZED,
            Finding::new(
                Cause::IssuingNotAuthorised.code(),
                "this path needs a token or a certificate",
            ),
        )),
    }
}

/// Whether a body is said to be JSON as it stands: in UTF-8, and not compressed.
fn is_json(headers: &HeaderMap) -> bool {
    let media_type = media_type(headers);
    let is_json =
        media_type.is_some_and(|kind| kind == "application/json" || kind.ends_with("+json"));
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let parameters = value.unwrap_or_default().split(';').skip(1);
    let utf_8 = |parameter: &str| match parameter.trim().split_once('=') {
        Some((name, charset)) if name.eq_ignore_ascii_case("charset") => {
            charset.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    };
    let coding = headers.get(header::CONTENT_ENCODING);
    let plain = coding.is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    is_json && plain && parameters.into_iter().all(utf_8)
}

/// Whether a body is said to be a form of a page, or a presentation that is not JSON.
fn is_presentation(headers: &HeaderMap) -> bool {
    let known = ["multipart/form-data", "application/vp+jwt", "application/dc+sd-jwt"];
    media_type(headers).is_some_and(|kind| known.contains(&kind.as_str()))
}

/// Whether the server is asked by an address, or the name, that only this machine has.
fn names_this_machine(request: &Request) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = request.uri().authority().map(axum::http::uri::Authority::as_str);
    let Some(asked) = host.or(authority) else { return false };
    let port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let name = asked.rsplit_once(':').filter(|(_, end)| port(end)).map_or(asked, |(name, _)| name);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The token of `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}
