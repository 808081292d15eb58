//! `/credentials/derive`: a holder discloses chosen claims of a credential with selective disclosure. Nothing here is
//! signed, and no key is used.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use inkan_core::encoding;
use inkan_credential::SecuredCredential;
use inkan_credential::selective::{self, Disclosure};
use inkan_io::os_rng::OsRng;
use serde_json::{Value, json};

use super::answer::{Cause, Refusal, json_answer};
use super::envelope::{Request, option};
use super::issue::{blocking, request};
use super::routes::suite_of;
use super::service::Service;
use super::suites::Suite;

/// POST `/credentials/derive`.
pub(crate) async fn derive(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let suite = suite_of(&uri)?;
    let request = request(&service, &headers, body).await?;
    let derived = blocking(service, move |service| derived(service, suite, request)).await?;
    Ok(json_answer(StatusCode::CREATED, &json!({ "verifiableCredential": derived })))
}

fn derived(
    service: &Service,
    suite: Option<Suite>,
    mut request: Request,
) -> Result<Value, Refusal> {
    let base = SecuredCredential::parse_value(request.take("verifiableCredential")?)
        .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    if suite.is_some_and(|suite| !suite.secures(&base)) {
        return Err(Refusal::bad(
            Cause::SuiteMismatch.code(),
            "it is not secured by the suite of this path",
        ));
    }
    let options = request.options;
    let header = options.presentation_header.as_deref().unwrap_or_default();
    let header = encoding::decode_b64u(header).map_err(|_| option("presentationHeader"))?;
    let pointers: Vec<&str> = options.selective_pointers.iter().map(String::as_str).collect();
    let disclosure =
        Disclosure { pointers: &pointers, presentation_header: &header, ..Disclosure::default() };
    selective::derive(&base, &disclosure, service.contexts(), &mut OsRng)
        .map(|derived| derived.to_value())
        .map_err(|error| Refusal::bad(error.code(), error.to_string()))
}
