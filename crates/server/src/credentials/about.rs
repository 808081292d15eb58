//! What the server says about itself: its keys, its paths, how it does.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::answer::{Cause, Finding, Refusal, json_answer};
use super::handle::blocking;
use super::options::{Profile, Role};
use super::routes::ROUTES;
use super::service::Service;
use super::suites::Suite;
use crate::ledger_node::metrics::{counter, gauge};
use crate::problem::codes;

/// The interface, as OpenAPI 3.1.
pub(crate) const OPENAPI: &str = include_str!("../../../../schemas/openapi-credentials.json");

/// GET `/ids`: the DIDs that sign here, by suite.
pub(crate) async fn ids(State(service): State<Arc<Service>>) -> Result<Response, Refusal> {
    let issuers = blocking(Arc::clone(&service), Service::issuers).await?;
    let of_suite = |suite: Suite| {
        let issuer = service.issues(&issuers, suite)?;
        Some(json!({
            "suite": suite.prefix(), "id": issuer.did, "verificationMethod": issuer.method,
        }))
    };
    let ids: Vec<Value> = Suite::ALL.into_iter().filter_map(of_suite).collect();
    Ok(json_answer(StatusCode::OK, &json!({ "ids": ids })))
}

/// GET `/about`.
pub(crate) async fn about(State(service): State<Arc<Service>>) -> Result<Response, Refusal> {
    let issuers = blocking(Arc::clone(&service), Service::issuers).await?;
    let roles: Vec<&str> =
        [(Role::Issuer, "issuer"), (Role::Verifier, "verifier"), (Role::Registry, "registry")]
            .into_iter()
            .filter_map(|(role, name)| service.plays(role).then_some(name))
            .collect();
    let issues = |suite: Suite| service.issues(&issuers, suite).is_some();
    let suites: Vec<Value> = Suite::ALL
        .into_iter()
        .map(|suite| json!({ "suite": suite.prefix(), "issues": issues(suite) }))
        .collect();
    let paths: Vec<&str> = ROUTES.iter().map(|(path, _)| *path).collect();
    let note = match service.options.profile {
        Profile::Strict => "an issuer must control its key; contexts are built in",
        Profile::Conformance => "for test suites only: nothing that it verifies should be believed",
    };
    Ok(json_answer(
        StatusCode::OK,
        &json!({
            "type": "inkan-api/1",
            "profile": service.options.profile.as_str(),
            "note": note,
            "roles": roles,
            "suites": suites,
            "defaultSuite": Suite::EddsaRdfc.prefix(),
            "paths": paths,
            "openapi": "/openapi.json",
        }),
    ))
}

/// GET `/openapi.json`.
pub(crate) async fn openapi() -> Response {
    let mut response = OPENAPI.into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// GET `/problems/{code}`: what a code means, and what to do.
pub(crate) async fn problem(Path(code): Path<String>) -> Result<Response, Refusal> {
    let missing = || Refusal::missing(Cause::PathUnknown.code(), "there is no such code");
    let entry = codes().get(&code).ok_or_else(missing)?;
    let text = format!(
        "{} ({})\n\n{}\n\nRemedy: {}.\n",
        entry.number, entry.code, entry.title, entry.remedy
    );
    Ok(text.into_response())
}

/// GET `/healthz`: the process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// GET `/readyz`: requests are taken, and what they rest on answers.
pub(crate) async fn readyz(State(service): State<Arc<Service>>) -> Result<&'static str, Refusal> {
    if service.is_stopping() {
        let finding = Finding::new("not-ready", "the server is ending");
        return Err(Refusal::Request(StatusCode::SERVICE_UNAVAILABLE, finding));
    }
    blocking(service, |service| match &service.options.backing {
        Some(backing) => Ok(backing.ready(service.now())?),
        None => Ok(()),
    })
    .await?;
    Ok("ready\n")
}

/// GET `/metrics`.
pub(crate) async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let mut out = String::new();
    let name = "inkan_http_requests_total";
    let _ = writeln!(out, "# HELP {name} Requests answered.\n# TYPE {name} counter");
    for ((route, status), count) in service.counts.all() {
        let _ = writeln!(out, "{name}{{route=\"{route}\",status=\"{status}\"}} {count}");
    }
    gauge(&mut out, "inkan_http_connections", "Open connections.", service.door.open());
    counter(
        &mut out,
        "inkan_http_connections_refused_total",
        "Connections beyond the limit, of all or of one client.",
        service.door.refused(),
    );
    let mut response = out.into_response();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
