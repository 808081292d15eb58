//! `/credentials/derive`: a holder discloses chosen claims of a credential with selective disclosure, embedded or in an SD-JWT.
//! Nothing here is signed, and no key is used.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use inkan_core::encoding;
use inkan_credential::SecuredCredential;
use inkan_credential::proof::Proof;
use inkan_credential::sd_jwt::ClaimPath;
use inkan_credential::selective::{self, Disclosure};
use inkan_io::os_rng::OsRng;
use serde_json::{Value, json};

use super::answer::{Cause, Finding, Refusal, json_answer};
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
    let base = match request.take("verifiableCredential")? {
        Value::String(compact) => SecuredCredential::parse_compact(&compact),
        value @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)) => SecuredCredential::parse_value(value),
    };
    let base = base.map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    if suite.is_some_and(|suite| !suite.secures(&base)) {
        return Err(Refusal::bad(
            Cause::SuiteMismatch.code(),
            "it is not secured by the suite of this path",
        ));
    }
    let options = request.options;
    let strict = service.options.profile == Profile::Strict;
    let idle = match base.sd_jwt() {
        Some(_) => options.beside(&["selectivePointers"]),
        None => options.beside(&["selectivePointers", "presentationHeader", "keepProofs"]),
    };
    if let Some(name) = idle.first().filter(|_| strict) {
        return Err(Refusal::Request(StatusCode::BAD_REQUEST, Options::idle(name)));
    }
    if base.sd_jwt().is_some() {
        let answer = json!({ "verifiableCredential": disclosed(&base, &options)?.to_value() });
        return Ok(json_answer(StatusCode::CREATED, &answer));
    }
    let header = options.presentation_header.as_deref().unwrap_or_default();
    let header = encoding::decode_b64u(header).map_err(|_| option("presentationHeader"))?;
    let pointers: Vec<&str> = options.selective_pointers.iter().map(String::as_str).collect();
    let keep: Vec<&str> = options.keep.iter().map(String::as_str).collect();
    let disclosure = Disclosure { pointers: &pointers, keep: &keep, presentation_header: &header };
    let derived = selective::derive(&base, &disclosure, service.contexts(), &mut OsRng)
        .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    let warnings = lost(&base, &derived);
    let mut answer = json!({ "verifiableCredential": derived.to_value() });
    if let (Value::Object(members), false) = (&mut answer, warnings.is_empty()) {
        members.insert("warnings".to_owned(), warnings.into());
    }
    Ok(json_answer(StatusCode::CREATED, &answer))
}

/// Whose proofs the part leaves out: nobody who reads it learns that they said it too.
fn lost(base: &SecuredCredential, derived: &SecuredCredential) -> Vec<Value> {
    let warning = |proof: &Proof| {
        let (method, id) = (proof.verification_method(), proof.id().unwrap_or("without an id"));
        let detail = format!("the proof by {method} ({id}) is left out: see options.keepProofs");
        Finding::new(Cause::ProofLeftOut.code(), detail).to_value()
    };
    selective::left_out(base, derived).into_iter().map(warning).collect()
}

/// An SD-JWT with the disclosures that the pointers need: into the credential, or of an SD-JWT VC into its claims. Whose it is, is
/// shown by a key binding, which its holder alone can make.
fn disclosed(base: &SecuredCredential, options: &Options) -> Result<SecuredCredential, Refusal> {
    let pointer = |text: &String| {
        let pointer = text.starts_with('/').then(|| ClaimPath::parse(text).ok()).flatten();
        pointer.ok_or_else(|| option("selectivePointers"))
    };
    let chosen = options.selective_pointers.iter().map(pointer).collect::<Result<Vec<_>, _>>()?;
    base.disclose(&chosen).map_err(|error| Refusal::bad(error.code(), error.to_string()))
}
