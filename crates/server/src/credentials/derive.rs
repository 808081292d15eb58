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
use serde_json::json;

use super::answer::{Cause, Refusal, json_answer};
use super::envelope::{Options, Request, option};
use super::handle::answered;
use super::options::Profile;
use super::service::Service;
use super::suites::Suite;

/// POST `/credentials/derive`.
pub(crate) async fn derive(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    answered(service, &uri, headers, body, derived).await
}

fn derived(
    service: &Service,
    suite: Option<Suite>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let base = SecuredCredential::parse_value(request.take("verifiableCredential")?)
        .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    if suite.is_some_and(|suite| !suite.secures(&base)) {
        return Err(Refusal::bad(
            Cause::SuiteMismatch.code(),
            "it is not secured by the suite of this path",
        ));
    }
    let options = request.options;
    let strict = service.options.profile == Profile::Strict;
    let idle = options.beside(&["selectivePointers", "presentationHeader"]);
    if let Some(name) = idle.first().filter(|_| strict) {
        return Err(Refusal::Request(StatusCode::BAD_REQUEST, Options::idle(name)));
    }
    let header = options.presentation_header.as_deref().unwrap_or_default();
    let header = encoding::decode_b64u(header).map_err(|_| option("presentationHeader"))?;
    let pointers: Vec<&str> = options.selective_pointers.iter().map(String::as_str).collect();
    let disclosure =
        Disclosure { pointers: &pointers, presentation_header: &header, ..Disclosure::default() };
    let derived = selective::derive(&base, &disclosure, service.contexts(), &mut OsRng)
        .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    let answer = json!({ "verifiableCredential": derived.to_value() });
    Ok(json_answer(StatusCode::CREATED, &answer))
}
