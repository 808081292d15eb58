//! The paths of a witness, or a mirror, and what each answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use inkan_ledger::add_checkpoint::{AddCheckpoint, REQUEST_LIMIT, SIZE_MEDIA_TYPE, size_text};

use super::{Judge, SharedClock, Verdict};
use crate::connections::Peer;
use crate::ledger_node::limits::{Buckets, Prefix};

/// The body of a request must be here by then.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// What the handlers share.
pub(super) struct Shared {
    pub(super) judge: Box<dyn Judge>,
    pub(super) clock: SharedClock,
    pub(super) buckets: Option<Buckets<Prefix>>,
}

pub(super) fn router(shared: Arc<Shared>, prefix: &str) -> Router {
    Router::new()
        .route(&format!("{prefix}/add-checkpoint"), post(add_checkpoint))
        .route(&format!("{prefix}/{{origin}}/checkpoint"), get(checkpoint))
        .route(&format!("{prefix}/{{origin}}/{{*path}}"), get(file))
        .with_state(shared)
}

async fn add_checkpoint(
    State(shared): State<Arc<Shared>>,
    Extension(Peer(client)): Extension<Peer>,
    body: Body,
) -> Response {
    if let Some(refused) = limited(&shared, client) {
        return refused;
    }
    let body = match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, REQUEST_LIMIT)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return plain(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large"),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "the request came too slowly"),
    };
    let request = match AddCheckpoint::parse(&body) {
        Ok(request) => request,
        Err(error) => return plain(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let judged = tokio::task::spawn_blocking(move || {
        let now = shared.clock.now();
        shared.judge.judge(&request, now)
    });
    match judged.await {
        Ok(verdict) => answer(verdict),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed"),
    }
}

fn answer(verdict: Verdict) -> Response {
    match verdict {
        Verdict::Cosigned(line) => {
            let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            (headers, format!("{line}\n")).into_response()
        }
        Verdict::UnknownLog => plain(StatusCode::NOT_FOUND, "this log is not witnessed here"),
        Verdict::NotSigned => plain(StatusCode::FORBIDDEN, "no good signature of the log"),
        Verdict::OldSizeTooLarge => {
            plain(StatusCode::BAD_REQUEST, "old size is larger than the checkpoint")
        }
        Verdict::Conflict { seen } => {
            let headers = [(header::CONTENT_TYPE, SIZE_MEDIA_TYPE)];
            (StatusCode::CONFLICT, headers, size_text(seen)).into_response()
        }
        Verdict::Inconsistent => plain(
            StatusCode::UNPROCESSABLE_ENTITY,
            "checkpoint does not continue what this witness has seen",
        ),
        Verdict::Later(code) => {
            let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, code);
            response.headers_mut().insert(header::RETRY_AFTER, 5.into());
            response
        }
        Verdict::Failed(code) => plain(StatusCode::INTERNAL_SERVER_ERROR, code),
    }
}

async fn checkpoint(
    State(shared): State<Arc<Shared>>,
    Extension(Peer(client)): Extension<Peer>,
    Path(origin): Path<String>,
) -> Response {
    if let Some(refused) = limited(&shared, client) {
        return refused;
    }
    let newest = tokio::task::spawn_blocking(move || shared.judge.newest(&origin)).await;
    match newest {
        Ok(Ok(Some(note))) => {
            let headers = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
                (header::CACHE_CONTROL, "max-age=1"),
            ];
            (headers, note.to_string()).into_response()
        }
        Ok(Ok(None)) => plain(StatusCode::NOT_FOUND, "no checkpoint of this log was cosigned"),
        Ok(Err(code)) => plain(StatusCode::INTERNAL_SERVER_ERROR, code),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed"),
    }
}

/// A file of the copy that a mirror keeps.
async fn file(
    State(shared): State<Arc<Shared>>,
    Extension(Peer(client)): Extension<Peer>,
    Path((origin, path)): Path<(String, String)>,
) -> Response {
    if let Some(refused) = limited(&shared, client) {
        return refused;
    }
    match tokio::task::spawn_blocking(move || shared.judge.file(&origin, &path)).await {
        Ok(Ok(Some(bytes))) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, bytes).into_response()
        }
        Ok(Ok(None)) => plain(StatusCode::NOT_FOUND, "there is nothing at this path"),
        Ok(Err(code)) => plain(StatusCode::INTERNAL_SERVER_ERROR, code),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the mirror failed"),
    }
}

fn limited(shared: &Shared, client: SocketAddr) -> Option<Response> {
    let wait = shared.buckets.as_ref()?.take(&Prefix::of(client.ip()), 1).err()?;
    let mut response = plain(StatusCode::TOO_MANY_REQUESTS, "too many requests");
    response.headers_mut().insert(header::RETRY_AFTER, wait.max(1).into());
    Some(response)
}

fn plain(status: StatusCode, text: &str) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (status, headers, format!("{text}\n")).into_response()
}
