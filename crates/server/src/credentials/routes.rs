//! Which path is answered by whom: one table, that the router, the log and the test of the OpenAPI document read.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use super::answer::{Cause, Finding, Refusal};
use super::options::Role;
use super::service::Service;
use super::suites::Suite;
use super::{about, admit, bundle, derive, exchange, issue, present, status, trqp, verify};
use crate::desk;

/// What matches no route of the table.
const NOTHING: &str = "/{path}";

/// Paths and their methods, as in the OpenAPI document. Those of a suite are there once for each prefix, and once for the
/// default suite.
pub const ROUTES: [(&str, &str); 38] = [
    ("/credentials/issue", "post"),
    ("/{suite}/credentials/issue", "post"),
    ("/credentials/derive", "post"),
    ("/{suite}/credentials/derive", "post"),
    ("/credentials/verify", "post"),
    ("/{suite}/credentials/verify", "post"),
    ("/presentations", "post"),
    ("/{suite}/presentations", "post"),
    ("/presentations/verify", "post"),
    ("/{suite}/presentations/verify", "post"),
    ("/credentials/bundle", "post"),
    ("/credentials/status", "post"),
    ("/{suite}/credentials/status", "post"),
    ("/status/{list}", "get"),
    ("/status/{list}/publish", "post"),
    ("/offers", "post"),
    ("/offers/{offer}", "get"),
    ("/offers/{offer}", "post"),
    ("/offers/{offer}", "delete"),
    ("/authorization", "post"),
    ("/recognition", "post"),
    ("/desk/sessions", "post"),
    ("/desk/sessions/{id}", "get"),
    ("/desk/{secret}", "get"),
    ("/desk/{secret}", "post"),
    ("/desk/{secret}/options", "get"),
    ("/desk/{secret}/confirm", "post"),
    ("/desk/{secret}/register", "post"),
    ("/desk/assets/desk.js", "get"),
    ("/desk/assets/desk.css", "get"),
    ("/ids", "get"),
    ("/about", "get"),
    ("/openapi.json", "get"),
    ("/problems/{code}", "get"),
    ("/healthz", "get"),
    ("/readyz", "get"),
    ("/metrics", "get"),
    ("/", "get"),
];

/// The router of a server.
pub(crate) fn router(service: Arc<Service>) -> Router {
    let mut router = Router::new();
    for path in paths() {
        if is_of_desk(path) && service.desk.is_none() {
            continue;
        }
        if let Some(role) = role_of(path)
            && !service.plays(role)
        {
            continue;
        }
        if let Some(handlers) = handlers(path) {
            router = router.route(path, handlers.fallback(method_not_allowed));
        }
    }
    router
        .fallback(nothing)
        .layer(from_fn_with_state(Arc::clone(&service), admit::admit))
        .with_state(service)
}

/// The paths, each once.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    ROUTES.into_iter().map(|(path, _)| path).filter(move |path| {
        let first = *path != last;
        last = path;
        first
    })
}

fn handlers(path: &str) -> Option<MethodRouter<Arc<Service>>> {
    Some(match path {
        "/credentials/issue" | "/{suite}/credentials/issue" => post(issue::issue),
        "/credentials/derive" | "/{suite}/credentials/derive" => post(derive::derive),
        "/credentials/verify" | "/{suite}/credentials/verify" => post(verify::credential),
        "/credentials/bundle" => post(bundle::bundle),
        "/presentations" | "/{suite}/presentations" => post(present::present),
        "/presentations/verify" | "/{suite}/presentations/verify" => post(verify::presentation),
        "/credentials/status" | "/{suite}/credentials/status" => post(status::update),
        "/status/{list}" => get(status::list),
        "/status/{list}/publish" => post(status::publish),
        "/offers" => post(exchange::publish),
        "/offers/{offer}" => get(exchange::show).post(exchange::add).delete(exchange::end),
        "/authorization" => post(trqp::authorization),
        "/recognition" => post(trqp::recognition),
        "/desk/sessions" => post(desk::open),
        "/desk/sessions/{id}" => get(desk::result),
        "/desk/{secret}" => get(desk::show).post(desk::present),
        "/desk/{secret}/options" => get(desk::ceremony_options),
        "/desk/{secret}/confirm" => post(desk::confirm),
        "/desk/{secret}/register" => post(desk::register),
        "/desk/assets/desk.js" => get(desk::script),
        "/desk/assets/desk.css" => get(desk::style),
        "/ids" => get(about::ids),
        "/about" | "/" => get(about::about),
        "/openapi.json" => get(about::openapi),
        "/problems/{code}" => get(about::problem),
        "/healthz" => get(about::healthz),
        "/readyz" => get(about::readyz),
        "/metrics" => get(about::metrics),
        _ => return None,
    })
}

/// The role that a path belongs to.
fn role_of(path: &str) -> Option<Role> {
    match path {
        "/credentials/issue"
        | "/{suite}/credentials/issue"
        | "/presentations"
        | "/{suite}/presentations"
        | "/credentials/bundle"
        | "/credentials/status"
        | "/{suite}/credentials/status"
        | "/status/{list}"
        | "/status/{list}/publish"
        | "/ids" => Some(Role::Issuer),
        "/credentials/verify"
        | "/{suite}/credentials/verify"
        | "/presentations/verify"
        | "/{suite}/presentations/verify" => Some(Role::Verifier),
        "/offers" | "/offers/{offer}" => Some(Role::Exchange),
        "/authorization" | "/recognition" => Some(Role::Registry),
        _ => None,
    }
}

/// Whether answering signs something that others will believe, changes what they do, or is for who may have that done.
pub(crate) fn signs(route: &str) -> bool {
    matches!(
        route,
        "/credentials/issue"
            | "/{suite}/credentials/issue"
            | "/presentations"
            | "/{suite}/presentations"
            | "/credentials/bundle"
            | "/offers"
            | "/credentials/status"
            | "/{suite}/credentials/status"
            | "/status/{list}/publish"
            | "/desk/sessions"
            | "/desk/sessions/{id}"
    )
}

/// Whether pages for people are there: what is at these paths is for whoever knows the address.
pub(crate) fn is_of_desk(route: &str) -> bool {
    route.starts_with("/desk/")
}

/// Whether a presentation is sent there as it is, or by a form of a page of ours, which says where it is from.
pub(crate) fn takes_presentations(route: &str) -> bool {
    route == "/desk/{secret}"
}

/// Whether a POST there finds nothing, whatever it holds.
pub(crate) fn is_bare(route: &str) -> bool {
    route == NOTHING
}

/// What watches the server costs no token.
pub(crate) fn is_unmetered(route: &str) -> bool {
    matches!(route, "/healthz" | "/readyz" | "/metrics" | "/problems/{code}")
}

/// The template of a route, for logs and metrics.
pub(crate) fn template(matched: Option<&str>) -> &'static str {
    let known = ROUTES.iter().map(|(path, _)| *path);
    matched.and_then(|matched| known.into_iter().find(|path| *path == matched)).unwrap_or(NOTHING)
}

/// The suite that a path names; none for paths without a prefix.
pub(crate) fn suite_of(uri: &Uri) -> Result<Option<Suite>, Refusal> {
    let first = uri.path().split('/').nth(1).unwrap_or_default();
    if matches!(first, "credentials" | "presentations") {
        return Ok(None);
    }
    let unknown = || Refusal::missing(Cause::SuiteNotServed.code(), "there is no such suite here");
    Suite::of_prefix(first).map(Some).ok_or_else(unknown)
}

async fn method_not_allowed() -> Refusal {
    let finding = Finding::new("method-not-allowed", "this path takes another method");
    Refusal::Request(StatusCode::METHOD_NOT_ALLOWED, finding)
}

async fn nothing() -> Refusal {
    Refusal::missing(Cause::PathUnknown.code(), "there is nothing at this path")
}
