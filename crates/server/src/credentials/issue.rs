//! `/credentials/issue`: a credential is judged by the data model, gets its status entries, and is signed.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use inkan_core::{json, rng};
use inkan_credential::proof::{Purpose, SignFailure};
use inkan_credential::selective::{add_proof_sd, secure_sd};
use inkan_credential::sign::{self, ProofTerms};
use inkan_credential::{Credential, Cryptosuite, RdfcError, SecuredCredential, canonical_nquads};
use inkan_crypto::Signer;
use inkan_io::os_rng::OsRng;
use serde_json::{Value, json};

use super::answer::{Cause, Refusal, json_answer};
use super::envelope::{Options, Request};
use super::options::Profile;
use super::resources;
use super::routes::suite_of;
use super::service::Service;
use super::suites::{Issuer, Suite};
use crate::ledger_node::refusal;
use crate::ledger_node::request::read_body;

/// POST `/credentials/issue`.
pub(crate) async fn issue(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let suite = suite_of(&uri)?.unwrap_or(Suite::EddsaRdfc);
    let request = request(&service, &headers, body).await?;
    let issued = blocking(service, move |service| issued(service, suite, request)).await?;
    Ok(json_answer(StatusCode::CREATED, &json!({ "verifiableCredential": issued })))
}

/// Reads the body of a request within the limits.
pub(crate) async fn request(
    service: &Service,
    headers: &HeaderMap,
    body: Body,
) -> Result<Request, Refusal> {
    let limits = &service.options.limits;
    let read = read_body(headers, body, limits.body, limits.body_timeout).await;
    let body = read.map_err(|refused: refusal::Refusal| {
        let problem = crate::problem::Problem::from(refused);
        let detail = "the body is too large, or came too slowly";
        Refusal::Request(problem.status(), super::answer::Finding::new(problem.code(), detail))
    })?;
    Request::parse(&body, limits.body)
}

/// Does what takes longer than a thread that serves others should be held.
pub(crate) async fn blocking<T: Send + 'static>(
    service: Arc<Service>,
    work: impl FnOnce(&Service) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(move || work(&service)).await.unwrap_or(Err(Refusal::fault()))
}

fn issued(service: &Service, suite: Suite, mut request: Request) -> Result<Value, Refusal> {
    let issuer = service.needed_issuer(suite)?;
    let credential = request.take("credential")?;
    let options = request.options;
    let secured = match credential.get("proof") {
        None | Some(Value::Null) => first(service, (suite, issuer), credential, &options)?,
        Some(_) => another(service, (suite, issuer), credential, &options)?,
    };
    Ok(secured.to_value())
}

/// Secures a credential that has no proof yet.
fn first(
    service: &Service,
    (suite, issuer): (Suite, &Issuer),
    mut credential: Value,
    options: &Options,
) -> Result<SecuredCredential, Refusal> {
    if let Value::Object(members) = &mut credential {
        members.remove("proof");
        if !members.contains_key("issuer") {
            members.insert("issuer".to_owned(), issuer.did.as_str().into());
        }
    }
    check(service, issuer, &credential)?;
    check_terms(service, suite, &credential)?;
    let named = match credential.get("credentialStatus") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let lists = named.iter().filter_map(|entry| json::text(entry, "statusListCredential"));
    if lists.into_iter().any(|uri| service.status.may_be_ours(uri)) {
        let detail = "credentialStatus: places in the lists of this server are allotted by it";
        return Err(Refusal::bad(Cause::StatusEntryUnknown.code(), detail));
    }
    let purposes = options.status.as_ref().unwrap_or(&service.options.status);
    if !purposes.is_empty() {
        if suite.whole().is_none() {
            let detail = "this suite's key cannot sign a status list: ask for no status";
            return Err(Refusal::bad(Cause::StatusNotKept.code(), detail));
        }
        let id = options.credential_id.clone();
        let id = id.or_else(|| json::text(&credential, "id").map(str::to_owned));
        let entries = service.status.allot((suite, issuer), purposes, id, service.now())?;
        add_status(&mut credential, entries);
    }
    let Some(cryptosuite) = suite.cryptosuite() else {
        return sign::issue_jose(credential, &issuer.method, &*issuer.key).map_err(unsigned);
    };
    let mandatory: Vec<&str> = options.mandatory_pointers.iter().map(String::as_str).collect();
    with_terms(service, issuer, cryptosuite, options, |terms| {
        if terms.suite.is_selective() {
            let by: (_, &dyn Signer) = (terms, &*issuer.key);
            return secure_sd(credential, &mandatory, by, service.contexts(), &mut OsRng);
        }
        sign::secure_di(credential, terms, &*issuer.key, service.contexts())
    })
}

/// Adds a proof to those that are there: beside them, or over those that `previousProof` names.
fn another(
    service: &Service,
    (suite, issuer): (Suite, &Issuer),
    credential: Value,
    options: &Options,
) -> Result<SecuredCredential, Refusal> {
    let secured = SecuredCredential::parse_value(credential)
        .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    check(service, issuer, secured.credential().value())?;
    let Some(cryptosuite) = suite.cryptosuite() else {
        let detail = "a credential with embedded proofs is not put into an envelope";
        return Err(Refusal::bad("countersignature-form-mismatch", detail));
    };
    let mandatory: Vec<&str> = options.mandatory_pointers.iter().map(String::as_str).collect();
    with_terms(service, issuer, cryptosuite, options, |terms| {
        if terms.suite.is_selective() {
            let by: (_, &dyn Signer) = (terms, &*issuer.key);
            return add_proof_sd(&secured, &mandatory, by, service.contexts(), &mut OsRng);
        }
        sign::add_proof_di(&secured, terms, &*issuer.key, service.contexts())
    })
}

/// What the data model says, whose credential it is, and what it fixes about others.
fn check(service: &Service, issuer: &Issuer, credential: &Value) -> Result<(), Refusal> {
    let read = Credential::from_value(credential.clone())
        .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    if read.issuer() != issuer.did && service.options.profile == Profile::Strict {
        let detail = "issuer is not the DID of this suite's key: see /ids";
        return Err(Refusal::bad(Cause::IssuerNotOurs.code(), detail));
    }
    let resources = match credential.get("relatedResource") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    if resources.into_iter().any(|one| resources::is_wrong(one, service.options.profile)) {
        let detail = "relatedResource: the digest is not that of the resource";
        return Err(Refusal::bad("related-resource-mismatch", detail));
    }
    Ok(())
}

/// That every term is defined, for suites that would not notice. Of contexts that are not known here nothing is said, and
/// what has no place in RDF, such as the direction of a text, is covered by these suites all the same.
fn check_terms(service: &Service, suite: Suite, credential: &Value) -> Result<(), Refusal> {
    if suite.cryptosuite().is_some_and(|suite| suite.is_rdfc()) {
        return Ok(());
    }
    match canonical_nquads(credential, service.contexts()) {
        Ok(_) | Err(RdfcError::ContextUnknown { .. } | RdfcError::Dropped { .. }) => Ok(()),
        Err(error) => Err(Refusal::bad(error.code(), error.to_string())),
    }
}

fn add_status(credential: &mut Value, entries: Vec<Value>) {
    let Value::Object(members) = credential else { return };
    let mut all = match members.remove("credentialStatus") {
        Some(Value::Array(list)) => list,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    all.extend(entries);
    let status = match all.as_slice() {
        [only] => only.clone(),
        _ => Value::Array(all),
    };
    members.insert("credentialStatus".to_owned(), status);
}

/// Calls `sign` with the terms that the options ask for.
fn with_terms(
    service: &Service,
    issuer: &Issuer,
    suite: Cryptosuite,
    options: &Options,
    sign: impl FnOnce(&ProofTerms<'_>) -> Result<SecuredCredential, SignFailure>,
) -> Result<SecuredCredential, Refusal> {
    let id = options.proof_id.clone().unwrap_or_else(|| rng::draw_uuid_urn(&mut OsRng));
    let previous: Vec<&str> = options.previous_proof.iter().map(String::as_str).collect();
    let domain: Vec<&str> = options.domain.iter().map(String::as_str).collect();
    // An id would link what is shown of one credential.
    let is_linked = !matches!(suite, Cryptosuite::Bbs2023) || options.proof_id.is_some();
    let terms = ProofTerms {
        id: is_linked.then_some(id.as_str()),
        purpose: options.purpose.clone().unwrap_or(Purpose::AssertionMethod),
        created: Some(options.created.unwrap_or_else(|| service.now())),
        expires: options.expires,
        previous: &previous,
        domain: &domain,
        challenge: options.challenge.as_deref(),
        ..ProofTerms::new(suite, &issuer.method)
    };
    sign(&terms).map_err(unsigned)
}

/// What signing refuses is the request's fault, but for the signer's own failure.
pub(crate) fn unsigned(error: SignFailure) -> Refusal {
    if error == SignFailure::Signer(inkan_crypto::SignError::Refused) {
        return Refusal::fault();
    }
    let source = std::error::Error::source(&error);
    let detail = source.map_or_else(|| error.to_string(), ToString::to_string);
    Refusal::bad(error.code(), detail)
}
