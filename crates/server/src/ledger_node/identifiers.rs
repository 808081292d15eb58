//! W3C DID resolution over HTTPS ([DID Resolution v1.0, HTTP(S) binding](https://www.w3.org/TR/did-resolution/#bindings-https)):
//! documents of the DIDs that this log holds.
//!
//! In scope: did:webvh DIDs registered here; `versionId`, `versionTime` and `versionNumber` are obeyed, any other option is
//! refused; `proof=true` adds the receipts and the current-proof, so that the answer need not be believed. Out of scope:
//! fetching what is not in the log.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use inkan_core::{Timestamp, json};
use inkan_did::location::percent_decode;
use inkan_did::{Did, DidError};
use inkan_io::ledger_folder::{DidVersion, View};
use inkan_ledger::state::parse_did_body;
use inkan_ledger::{Flags, Leaf, MapKey};
use serde_json::{Map, Value, json};

use super::admit::Caller;
use super::current::entries_at;
use super::dids::{PROVED_PER_TOKEN, Payer, READ_PER_TOKEN, head_of};
use super::leaves::typed;
use super::node::{Node, problem_of};
use super::request::{Query, choose, media_type, read_body};
use crate::problem::Problem;

/// Where the DID begins.
const PREFIX: &str = "/1.0/identifiers/";
/// Media type of a resolution result.
const RESULT: &str = "application/did-resolution";
/// Media type of a document.
const DOCUMENT: &str = "application/did";
/// Names of the options that are obeyed.
const OPTIONS: [&str; 4] = ["versionId", "versionTime", "versionNumber", "proof"];

/// What is asked about a DID.
#[derive(Debug, Default)]
struct Asked {
    version_id: Option<String>,
    version_time: Option<Timestamp>,
    version_number: Option<u64>,
    proof: bool,
}

/// Why a DID is not resolved: the error types of DID Resolution §10.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Unresolved {
    InvalidDid,
    InvalidOptions,
    NotFound,
    MethodNotSupported,
    RepresentationNotSupported,
}

impl Unresolved {
    const fn parts(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::InvalidDid => ("INVALID_DID", "not a DID", StatusCode::BAD_REQUEST),
            Self::InvalidOptions => {
                ("INVALID_OPTIONS", "an option is unknown or malformed", StatusCode::BAD_REQUEST)
            }
            Self::NotFound => (
                "NOT_FOUND",
                "this log holds no such DID, or not this version of it",
                StatusCode::NOT_FOUND,
            ),
            Self::MethodNotSupported => (
                "METHOD_NOT_SUPPORTED",
                "this log holds did:webvh DIDs only",
                StatusCode::NOT_IMPLEMENTED,
            ),
            Self::RepresentationNotSupported => (
                "REPRESENTATION_NOT_SUPPORTED",
                "the document is JSON, and nothing else",
                StatusCode::NOT_ACCEPTABLE,
            ),
        }
    }
}

impl IntoResponse for Unresolved {
    fn into_response(self) -> Response {
        let (name, title, status) = self.parts();
        let value = json!({
            "didDocument": null,
            "didResolutionMetadata": {
                "error": { "type": format!("https://www.w3.org/ns/did#{name}"), "title": title },
            },
            "didDocumentMetadata": {},
        });
        (status, typed(RESULT, value.to_string())).into_response()
    }
}

/// GET `/1.0/identifiers/{did}`.
pub(crate) async fn get(
    State(node): State<Arc<Node>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match asked_in_query(&uri) {
        Ok(asked) => resolve(&node, caller, &uri, &headers, asked).await,
        Err(unresolved) => unresolved.into_response(),
    }
}

/// POST `/1.0/identifiers/{did}`: the options are a JSON object in the body.
pub(crate) async fn post(
    State(node): State<Arc<Node>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let limits = &node.limits;
    let bytes = read_body(&headers, body, limits.body, limits.body_timeout).await?;
    let named = media_type(&headers);
    let is_json = named.as_deref().is_none_or(|name| name.ends_with("json"));
    let asked = if is_json && uri.query().is_none() { asked_in_body(&bytes) } else { None };
    Ok(match asked {
        Some(asked) => resolve(&node, caller, &uri, &headers, asked).await,
        None => Unresolved::InvalidOptions.into_response(),
    })
}

fn asked_in_query(uri: &Uri) -> Result<Asked, Unresolved> {
    let invalid = |_| Unresolved::InvalidOptions;
    let query = Query::read(uri, &OPTIONS).map_err(invalid)?;
    let mut members = Map::new();
    for name in OPTIONS {
        let Some(text) = query.get(name) else { continue };
        let value = match (name, text) {
            ("proof", "true") => true.into(),
            ("proof", "false") => false.into(),
            ("versionNumber", _) => query.need_number(name).map_err(invalid)?.into(),
            _ => text.into(),
        };
        members.insert(name.to_owned(), value);
    }
    asked(&members).ok_or(Unresolved::InvalidOptions)
}

fn asked_in_body(bytes: &[u8]) -> Option<Asked> {
    if bytes.is_empty() {
        return Some(Asked::default());
    }
    let value = json::parse(bytes, bytes.len()).ok()?;
    asked(value.as_object()?)
}

fn asked(members: &Map<String, Value>) -> Option<Asked> {
    let mut asked = Asked::default();
    for (name, value) in members {
        match name.as_str() {
            "versionId" => asked.version_id = Some(value.as_str()?.to_owned()),
            "versionTime" => asked.version_time = Some(Timestamp::parse(value.as_str()?).ok()?),
            "versionNumber" => asked.version_number = Some(value.as_u64()?),
            "proof" => asked.proof = value.as_bool()?,
            _ => return None,
        }
    }
    Some(asked)
}

async fn resolve(
    node: &Arc<Node>,
    caller: Caller,
    uri: &Uri,
    headers: &HeaderMap,
    asked: Asked,
) -> Response {
    let accepted = [
        &[RESULT, "application/ld+json", "application/json"][..],
        &[DOCUMENT, "application/did+json", "application/did+ld+json"][..],
    ];
    let Some(form) = choose(headers, &accepted) else {
        return Unresolved::RepresentationNotSupported.into_response();
    };
    let did = match did_of(uri) {
        Ok(did) => did,
        Err(unresolved) => return unresolved.into_response(),
    };
    let payer = Payer::new(node, caller);
    let found = node
        .view(None, move |_, view| match find(view, &did, &asked, &payer) {
            Err(problem) if problem.code() == "not-found" => Ok(None),
            found => found.map(Some),
        })
        .await;
    let mut response = match found {
        Err(problem) => return problem.into_response(),
        Ok(None) => return Unresolved::NotFound.into_response(),
        Ok(Some(found)) => found.into_response(form),
    };
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=1"));
    response
}

/// The DID in the path, percent-encoded as a whole or not at all: ports have a percent sign of their own.
fn did_of(uri: &Uri) -> Result<Did, Unresolved> {
    let raw = uri.path().strip_prefix(PREFIX).ok_or(Unresolved::InvalidDid)?;
    let is_encoded = raw.contains("%3A") && !raw.contains(':') || raw.contains("%25");
    let text = if is_encoded {
        percent_decode(raw).ok_or(Unresolved::InvalidDid)?
    } else {
        raw.to_owned()
    };
    let did = Did::parse(&text).map_err(|error| match error {
        DidError::MethodUnsupported { .. } => Unresolved::MethodNotSupported,
        DidError::TooLong { .. }
        | DidError::Malformed
        | DidError::ScidMalformed
        | DidError::Location(_)
        | DidError::QueryUnsupported { .. } => Unresolved::InvalidDid,
    })?;
    if did.scid().is_some() { Ok(did) } else { Err(Unresolved::MethodNotSupported) }
}

/// A version that was found.
#[derive(Debug)]
struct Found {
    document: Value,
    metadata: Value,
    gone: bool,
}

impl Found {
    fn into_response(self, form: usize) -> Response {
        let status = if self.gone { StatusCode::GONE } else { StatusCode::OK };
        let body = if form == 1 && !self.gone {
            typed(DOCUMENT, self.document.to_string())
        } else {
            let value = json!({
                "didDocument": self.document,
                "didResolutionMetadata": { "contentType": DOCUMENT },
                "didDocumentMetadata": self.metadata,
            });
            typed(RESULT, value.to_string())
        };
        (status, body).into_response()
    }
}

fn find(view: &View, did: &Did, asked: &Asked, payer: &Payer) -> Result<Found, Problem> {
    let not_found = || Problem::from(super::refusal::Refusal::NotFound);
    let problem = |error| problem_of(&error);
    let scid = did.scid().ok_or_else(not_found)?;
    let head = head_of(view, scid)?;
    let newest = head.value.sequence;
    let read = |number: u64| match view.did_version(scid, number).map_err(problem)? {
        Some(version) => Ok(version),
        None => Err(not_found()),
    };
    let chosen = select(newest, &read, asked)?.ok_or_else(not_found)?;
    let is_last = chosen == newest;
    let first = read(1)?;
    let version = read(chosen)?;
    // A host that this DID never had is another DID.
    let near = [&head, &version, &first];
    if !near.iter().any(|version| version.entry.did() == did) {
        payer.pay(newest, READ_PER_TOKEN)?;
        let leaves = view.did_leaves(scid).map_err(problem)?;
        if !leaves.iter().any(|leaf| is_of(leaf, did)) {
            return Err(not_found());
        }
    }
    let ended = head.value.flags.has(Flags::ENDED);
    let mut metadata = Map::new();
    let mut put = |name: &str, value: Value| metadata.insert(name.to_owned(), value);
    put("versionId", version.entry.version_id().into());
    put("versionTime", version.entry.version_time().to_string().into());
    put("created", first.entry.version_time().to_string().into());
    put("updated", version.entry.version_time().to_string().into());
    put("deactivated", (ended && is_last).into());
    if !is_last {
        let next = read(chosen.saturating_add(1))?;
        put("nextVersionId", next.entry.version_id().into());
        put("nextUpdate", next.entry.version_time().to_string().into());
    }
    if version.entry.did() != did {
        put("canonicalId", version.entry.did().as_str().into());
    }
    if asked.proof {
        payer.pay(newest, PROVED_PER_TOKEN)?;
        put("entries", entries_at(view, &MapKey::did(scid)).map_err(problem)?);
        put("current", view.did_current(scid).map_err(problem)?.to_value());
    }
    let gone = ended && is_last;
    let document = if gone { Value::Null } else { version.entry.document().value().clone() };
    Ok(Found { document, metadata: Value::Object(metadata), gone })
}

/// Whether a leaf is a version of this very DID, under its name then.
fn is_of(leaf: &Leaf, did: &Did) -> bool {
    parse_did_body(leaf.body()).is_ok_and(|entry| entry.did() == did)
}

/// The number of the one version that everything asked for names; the newest if nothing is.
fn select(
    newest: u64,
    read: &impl Fn(u64) -> Result<DidVersion, Problem>,
    asked: &Asked,
) -> Result<Option<u64>, Problem> {
    let mut named = Vec::new();
    if let Some(id) = &asked.version_id {
        let number = id.split_once('-').and_then(|(number, _)| number.parse().ok());
        let number = number.filter(|number| (1..=newest).contains(number));
        named.push(match number {
            Some(number) if read(number)?.entry.version_id() == id => Some(number),
            Some(_) | None => None,
        });
    }
    if let Some(time) = asked.version_time {
        // Each version is later than the one before it (D6).
        let (mut at, mut after) = (0, newest.saturating_add(1));
        while after.saturating_sub(at) > 1 {
            let middle = at.midpoint(after);
            if read(middle)?.entry.version_time() <= time {
                at = middle;
            } else {
                after = middle;
            }
        }
        named.push(Some(at).filter(|at| *at > 0));
    }
    if let Some(number) = asked.version_number {
        named.push(Some(number).filter(|number| (1..=newest).contains(number)));
    }
    let chosen = named.first().copied().unwrap_or(Some(newest));
    Ok(chosen.filter(|_| named.iter().all(|one| *one == chosen)))
}

#[cfg(test)]
mod tests;
