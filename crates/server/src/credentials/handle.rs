//! What every handler begins with: the suite of the path, the request within its limits, a thread that may be held up.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::answer::{Finding, Refusal};
use super::envelope::Request;
use super::routes::suite_of;
use super::service::Service;
use super::suites::Suite;
use crate::ledger_node::refusal;
use crate::ledger_node::request::read_body;

/// Answers a request by `work`, which is told the suite that the path names.
pub(crate) async fn answered(
    service: Arc<Service>,
    uri: &Uri,
    headers: HeaderMap,
    body: Body,
    work: fn(&Service, Option<Suite>, Request) -> Result<Response, Refusal>,
) -> Result<Response, Refusal> {
    let suite = suite_of(uri)?;
    let request = request(&service, &headers, body).await?;
    blocking(service, move |service| work(service, suite, request)).await
}

/// Reads the body of a request within the limits.
pub(crate) async fn request(
    service: &Service,
    headers: &HeaderMap,
    body: Body,
) -> Result<Request, Refusal> {
    let body = body_of(service, headers, body).await?;
    Request::parse(&body, service.options.limits.body)
}

/// The bytes of a body, within the limits.
pub(crate) async fn body_of(
    service: &Service,
    headers: &HeaderMap,
    body: Body,
) -> Result<Vec<u8>, Refusal> {
    let limits = &service.options.limits;
    let read = read_body(headers, body, limits.body, limits.body_timeout).await;
    read.map_err(|refused: refusal::Refusal| {
        let problem = crate::problem::Problem::from(refused);
        let detail = "the body is too large, or came too slowly";
        Refusal::Request(problem.status(), Finding::new(problem.code(), detail))
    })
}

/// Does what takes longer than a thread that serves others should be held.
pub(crate) async fn blocking<T: Send + 'static>(
    service: Arc<Service>,
    work: impl FnOnce(&Service) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(move || work(&service)).await.unwrap_or(Err(Refusal::fault()))
}
