//! `/credentials/bundle`: a credential with all that the ledger has of it. Nothing of what was issued is kept here: the
//! credential itself says where its entry is.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use inkan_credential::SecuredCredential;

use super::answer::{Cause, Refusal, json_answer};
use super::envelope::Request;
use super::handle::answered;
use super::service::Service;
use super::suites::Suite;

/// POST `/credentials/bundle`.
pub(crate) async fn bundle(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    answered(service, &uri, headers, body, bundled).await
}

fn bundled(service: &Service, _: Option<Suite>, mut request: Request) -> Result<Response, Refusal> {
    let value = request.take("verifiableCredential")?;
    let secured = match value.as_str() {
        Some(compact) => SecuredCredential::parse_compact(compact),
        None => SecuredCredential::parse_value(value),
    };
    let secured = secured.map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    let found = match &service.options.backing {
        Some(backing) => backing.bundle(&secured, service.now())?,
        None => None,
    };
    let missing = || {
        Refusal::missing(Cause::NotRecorded.code(), "the ledger has no record of this credential")
    };
    Ok(json_answer(StatusCode::OK, &found.ok_or_else(missing)?.to_value()))
}
