//! Which path is answered by whom: one table, that the router, the metrics and the test of the OpenAPI document read.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, options, post, put};

use super::node::Node;
use super::refusal::Refusal;
use super::{
    about, admit, current, dids, entries, gateway, health, identifiers, leaves, lists, statics,
};
use crate::problem::Problem;

/// What matches no route of the table: files of gateways, and nothing.
const GATEWAY: &str = "/{path}";

/// Paths and their methods, as in the OpenAPI document but for `{*path}`, which is `{path}` there.
pub const ROUTES: [(&str, &[&str]); 43] = [
    ("/checkpoint", &["get"]),
    ("/tile/{*path}", &["get"]),
    ("/v1/entries", &["post"]),
    ("/v1/batches", &["post"]),
    ("/v1/imports", &["post"]),
    ("/v1/entries/{index}", &["get"]),
    ("/v1/lookup/{entryId}", &["get"]),
    ("/v1/lookup/leaf/{hash}", &["get"]),
    ("/v1/receipts/{index}", &["get"]),
    ("/v1/consistency", &["get"]),
    ("/v1/checkpoints", &["get"]),
    ("/v1/dids/{scid}", &["get"]),
    ("/v1/dids/{scid}/did.jsonl", &["get"]),
    ("/v1/dids/{scid}/did-witness.json", &["get"]),
    ("/v1/dids/{scid}/current", &["get"]),
    ("/v1/dids/{scid}/entries", &["get"]),
    ("/v1/dids/{scid}/equivocations", &["get"]),
    ("/v1/status/current", &["get"]),
    ("/v1/status/entries", &["get"]),
    ("/v1/status/list", &["get", "put"]),
    ("/v1/trust/current", &["get"]),
    ("/v1/acts/current", &["get"]),
    ("/v1/acts/entries", &["get"]),
    ("/v1/once/current", &["get"]),
    ("/1.0/identifiers/{*did}", &["get", "post"]),
    ("/v1/log", &["get"]),
    ("/v1/policy", &["get"]),
    ("/v1/params", &["get"]),
    ("/v1/params/{hash}", &["get"]),
    ("/v1/cosignatures/{size}", &["get"]),
    ("/v1/openapi.json", &["get"]),
    ("/problems/{code}", &["get"]),
    ("/schemas/{name}", &["get"]),
    ("/healthz", &["get"]),
    ("/readyz", &["get"]),
    ("/metrics", &["get"]),
    ("/.well-known/did.jsonl", &["get"]),
    ("/.well-known/did-witness.json", &["get"]),
    ("/.well-known/jwt-vc-issuer", &["get"]),
    ("/.well-known/jwt-vc-issuer/{path}", &["get"]),
    ("/{path}/did.jsonl", &["get"]),
    ("/{path}/did-witness.json", &["get"]),
    (GATEWAY, &["get"]),
];

/// The router of a node.
pub(crate) fn router(node: Arc<Node>) -> Router {
    let mut router = Router::new();
    for (path, _) in ROUTES {
        if let Some(handlers) = handlers(path) {
            let handlers = handlers.merge(options(preflight)).fallback(method_not_allowed);
            router = router.route(path, handlers);
        }
    }
    // Gateway paths have any number of segments, which no template of the router says.
    router
        .fallback(gateway::file)
        .layer(from_fn_with_state(Arc::clone(&node), admit::admit))
        .with_state(node)
}

fn handlers(path: &str) -> Option<MethodRouter<Arc<Node>>> {
    Some(match path {
        "/checkpoint" => get(statics::checkpoint),
        "/tile/{*path}" => get(statics::tile),
        "/v1/entries" => post(entries::submit),
        "/v1/batches" => post(entries::batch),
        "/v1/imports" => post(entries::import),
        "/v1/entries/{index}" => get(leaves::entry),
        "/v1/lookup/{entryId}" => get(leaves::lookup),
        "/v1/lookup/leaf/{hash}" => get(leaves::lookup_leaf),
        "/v1/receipts/{index}" => get(leaves::receipt),
        "/v1/consistency" => get(leaves::consistency),
        "/v1/checkpoints" => get(leaves::checkpoint_at),
        "/v1/dids/{scid}" => get(dids::summary),
        "/v1/dids/{scid}/did.jsonl" => get(dids::log),
        "/v1/dids/{scid}/did-witness.json" => get(dids::witness_file),
        "/v1/dids/{scid}/current" => get(current::did),
        "/v1/dids/{scid}/entries" => get(current::did_entries),
        "/v1/dids/{scid}/equivocations" => get(dids::equivocations),
        "/v1/status/current" => get(current::status),
        "/v1/status/entries" => get(current::status_entries),
        "/v1/status/list" => get(lists::get).merge(put(lists::put)),
        "/v1/trust/current" => get(current::trust),
        "/v1/acts/current" => get(current::act),
        "/v1/acts/entries" => get(current::act_entries),
        "/v1/once/current" => get(current::once),
        "/1.0/identifiers/{*did}" => get(identifiers::get).merge(post(identifiers::post)),
        "/v1/log" => get(about::log),
        "/v1/policy" => get(about::policy),
        "/v1/params" => get(about::parameters_in_force),
        "/v1/params/{hash}" => get(about::parameters),
        "/v1/cosignatures/{size}" => get(about::cosignatures),
        "/v1/openapi.json" => get(about::openapi),
        "/problems/{code}" => get(about::problem),
        "/schemas/{name}" => get(about::schema),
        "/healthz" => get(health::healthz),
        "/readyz" => get(health::readyz),
        "/metrics" => get(health::metrics),
        _ => return None,
    })
}

/// The template of a route, for logs and metrics.
pub(crate) fn template(matched: Option<&str>) -> &'static str {
    let known = ROUTES.iter().map(|(path, _)| *path);
    matched.and_then(|matched| known.into_iter().find(|path| *path == matched)).unwrap_or(GATEWAY)
}

/// What any file server could answer, and what watches the node, costs no token.
pub(crate) fn is_unmetered(route: &str) -> bool {
    matches!(
        route,
        "/checkpoint" | "/tile/{*path}" | "/healthz" | "/readyz" | "/metrics" | "/problems/{code}"
    )
}

async fn method_not_allowed() -> Problem {
    Refusal::MethodNotAllowed.into()
}

/// Pages of other sites may read, and nothing else.
async fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, HEAD, OPTIONS"),
    );
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("accept"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}
