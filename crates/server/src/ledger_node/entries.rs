//! Entries are taken here (§8, §2.6 and §3.6 of the ledger specification): one, many, or a whole history.
//!
//! In scope: media types, waiting, limits of signers and of new DIDs, what is answered. Out of scope: the rules.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use inkan_core::encoding::decode_b64u;
use inkan_io::ledger_folder::Standing;
use inkan_ledger::Kind;
use inkan_ledger::batch::{self, BATCH_ENTRIES};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::admit::{Caller, LoggedEntry};
use super::leaves::{sidecar_response, to_json};
use super::ledger::Acknowledged;
use super::node::Node;
use super::refusal::Refusal;
use super::request::{Query, media_type, read_body};
use crate::problem::Problem;

/// How long a client that waits for a checkpoint is kept waiting.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The longest head of a JWS that is looked into here, in bytes of base64url.
const JOSE_HEAD_LIMIT: usize = 1_024;
/// Tokens that a refused entry of a DID costs besides.
const REFUSED_DID: u32 = 4;

/// POST `/v1/entries`.
pub(crate) async fn submit(
    State(node): State<Arc<Node>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    if node.is_stopping() {
        return Err(Refusal::NotReady.into());
    }
    let query = Query::read(&uri, &["wait"])?;
    let wait = Wait::read(query.get("wait"))?;
    let media_type = media_type(&headers);
    let limits = &node.limits;
    let mut body = read_body(&headers, body, limits.body, limits.body_timeout).await?;
    let kind = match media_type.as_deref() {
        Some("text/jsonl" | "application/jsonl") => {
            // A line of a file ends with LF, an entry does not.
            if body.last() == Some(&b'\n') {
                body.pop();
            }
            Kind::Did
        }
        Some("application/jose") => kind_of_jws(&body)?,
        _ => return Err(Refusal::MediaType("text/jsonl or application/jose").into()),
    };
    let taken = take(&node, &caller, kind, body).await?;
    node.ledger.wait_for(wait, taken.leaf_index, LONGEST_WAIT).await;
    let mut response = match receipt_if_wanted(&node, wait, &taken).await {
        Some(response) => response,
        None => acknowledge(&node, &taken),
    };
    response.extensions_mut().insert(LoggedEntry(taken.entry_id));
    Ok(response)
}

/// POST `/v1/batches`.
pub(crate) async fn batch(
    State(node): State<Arc<Node>>,
    framed: Framed,
) -> Result<Response, Problem> {
    let Framed { caller, entries, room: _room } = framed;
    let begun = Instant::now();
    // What may not be submitted at all is answered here; the rest goes to the ledger together.
    let mut results: Vec<Option<Result<Acknowledged, Problem>>> = Vec::with_capacity(entries.len());
    let mut wanted = Vec::with_capacity(entries.len());
    let mut about = Vec::with_capacity(entries.len());
    let mut before = Before::default();
    for (kind, body) in entries {
        let checked = kind.ok_or_else(unknown_kind).and_then(|kind| {
            Subject::check(&node, &caller, (kind, &body), &mut before).map(|about| (kind, about))
        });
        match checked {
            Ok((kind, subject)) => {
                about.push((kind, subject));
                wanted.push((kind, body));
                results.push(None);
            }
            Err(problem) => results.push(Some(Err(problem))),
        }
    }
    let mut answers = node.ledger.submit_batch(wanted).await.into_iter();
    let mut subjects = about.into_iter();
    let mut out = Vec::with_capacity(results.len());
    let mut taken = Vec::new();
    for result in results {
        let result = match result {
            Some(result) => result,
            None => {
                let result = answers.next().unwrap_or_else(|| Err(Refusal::Fault.into()));
                if let Some((kind, subject)) = subjects.next() {
                    settle(&node, &caller, kind, subject, &result);
                }
                result
            }
        };
        out.push(match result {
            Ok(acknowledged) => {
                let standing = acknowledged.standing;
                taken.push(acknowledged);
                with_status(members_of(&acknowledged), status_of(standing))
            }
            Err(problem) => {
                json!({ "status": problem.status().as_u16(), "problem": problem.to_value() })
            }
        });
    }
    node.metrics.acknowledged.record(begun.elapsed());
    let promise = node.promise(&taken);
    let status = if promise.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    let value = json!({ "type": "inkan-batch-result/1", "results": out, "promise": promise });
    Ok((status, to_json(&value)).into_response())
}

/// POST `/v1/imports`: the history of one DID, taken or refused as a whole (§6.6).
pub(crate) async fn import(
    State(node): State<Arc<Node>>,
    framed: Framed,
) -> Result<Response, Problem> {
    let Framed { caller, entries, room: _room } = framed;
    let mut bodies = Vec::with_capacity(entries.len());
    for (kind, body) in entries {
        if kind != Some(Kind::Did) {
            return Err(Problem::new(
                "unsupported-entry-type",
                "an import has entries of a DID only",
            ));
        }
        bodies.push(body);
    }
    if let Some(quota) = node.new_dids.as_ref().filter(|_| !caller.free) {
        quota.peek(&caller.prefix, 1).map_err(|wait| Refusal::QuotaExceeded { wait })?;
    }
    let begun = Instant::now();
    let count = u32::try_from(bodies.len()).unwrap_or(u32::MAX);
    let result = node.ledger.submit_import(bodies).await;
    node.metrics.acknowledged.record(begun.elapsed());
    let outcome = result.as_ref().map_or_else(Problem::code, |_| "new");
    node.metrics.entry("import", outcome);
    if result.as_ref().is_err_and(|problem| problem.status().is_client_error()) {
        charge_refused(&node, &caller, count);
    }
    let taken = result?;
    if let Some(quota) = node.new_dids.as_ref().filter(|_| !caller.free) {
        quota.charge(&caller.prefix, 1);
    }
    let promise = node.promise(&taken);
    let entries: Vec<_> = taken.iter().map(members_of).collect();
    let value = json!({ "type": "inkan-import-result/1", "entries": entries, "promise": promise });
    Ok((StatusCode::ACCEPTED, to_json(&value)).into_response())
}

/// Which answer a client waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wait {
    /// That the entry is on the disk.
    Durable,
    /// A receipt under the log's own signature.
    Checkpoint,
    /// A receipt under the log's own quorum.
    Cosigned,
}

impl Wait {
    fn read(text: Option<&str>) -> Result<Self, Refusal> {
        match text {
            None | Some("durable") => Ok(Self::Durable),
            Some("checkpoint") => Ok(Self::Checkpoint),
            Some("cosigned") => Ok(Self::Cosigned),
            Some(_) => Err(Refusal::query("wait")),
        }
    }
}

/// One entry: limits, the rules, and what is counted.
async fn take(
    node: &Arc<Node>,
    caller: &Caller,
    kind: Kind,
    body: Vec<u8>,
) -> Result<Acknowledged, Problem> {
    let subject = Subject::check(node, caller, (kind, &body), &mut Before::default())?;
    let begun = Instant::now();
    let result = node.ledger.submit(kind, body).await;
    node.metrics.acknowledged.record(begun.elapsed());
    settle(node, caller, kind, subject, &result);
    result
}

/// Whose limits an entry counts against.
#[derive(Debug)]
enum Subject {
    /// Nobody's.
    Free,
    /// A signer's.
    Signer(String),
    /// A network's, for a new DID.
    NewDid(super::limits::Prefix),
}

/// Entries of one request that were let through and are not charged yet: else one batch is free of the limits.
#[derive(Debug, Default)]
struct Before {
    new_dids: u32,
    signers: BTreeMap<String, u32>,
}

impl Subject {
    /// Finds out, and refuses if there is no room beside what came before in the same request. Nothing is charged before the
    /// entry is accepted: else anybody could use up the share of a signer with forged entries.
    fn check(
        node: &Node,
        caller: &Caller,
        (kind, body): (Kind, &[u8]),
        before: &mut Before,
    ) -> Result<Self, Problem> {
        if caller.free {
            return Ok(Self::Free);
        }
        if kind == Kind::Did && is_first_version(body) {
            let Some(quota) = &node.new_dids else { return Ok(Self::Free) };
            let all = before.new_dids.saturating_add(1);
            let room = quota.peek(&caller.prefix, all);
            room.map_err(|wait| Refusal::QuotaExceeded { wait })?;
            before.new_dids = all;
            return Ok(Self::NewDid(caller.prefix));
        }
        let scid = if kind == Kind::Did { did_of(body) } else { signer_of(body) };
        Self::of_signer(node, scid, before)
    }

    fn of_signer(node: &Node, scid: Option<String>, before: &mut Before) -> Result<Self, Problem> {
        match (&node.signers, scid) {
            (Some(signers), Some(scid)) => {
                let all = before.signers.get(&scid).map_or(1, |count| count.saturating_add(1));
                signers.peek(&scid, all).map_err(|wait| Refusal::RateLimited { wait })?;
                before.signers.insert(scid.clone(), all);
                Ok(Self::Signer(scid))
            }
            _ => Ok(Self::Free),
        }
    }
}

/// Charges an accepted entry, and counts any.
fn settle(
    node: &Node,
    caller: &Caller,
    kind: Kind,
    subject: Subject,
    result: &Result<Acknowledged, Problem>,
) {
    let outcome = match result {
        Ok(Acknowledged { standing: Standing::New, .. }) => "new",
        Ok(Acknowledged { standing: Standing::Duplicate, .. }) => "duplicate",
        Err(problem) => problem.code(),
    };
    node.metrics.entry(kind.name(), outcome);
    if outcome != "new" {
        let refused = result.as_ref().is_err_and(|problem| problem.status().is_client_error());
        if kind == Kind::Did && refused {
            charge_refused(node, caller, 1);
        }
        return;
    }
    match subject {
        Subject::Free => {}
        Subject::Signer(scid) => {
            if let Some(signers) = &node.signers {
                signers.charge(&scid, 1);
            }
        }
        Subject::NewDid(prefix) => {
            if let Some(quota) = &node.new_dids {
                quota.charge(&prefix, 1);
            }
        }
    }
}

/// Refused entries of a DID may have cost readings of earlier ones: more than the tokens that they paid with.
fn charge_refused(node: &Node, caller: &Caller, entries: u32) {
    if let Some(clients) = node.clients.as_ref().filter(|_| !caller.free) {
        clients.charge(&caller.prefix, entries.saturating_mul(REFUSED_DID));
    }
}

/// What batches and imports begin with: entries of known or unknown kinds, within the limits of whoever sends them.
pub(crate) struct Framed {
    caller: Caller,
    entries: Vec<(Option<Kind>, Vec<u8>)>,
    /// The memory that they take, until they are answered.
    room: OwnedSemaphorePermit,
}

impl FromRequest<Arc<Node>> for Framed {
    type Rejection = Problem;

    async fn from_request(request: Request, node: &Arc<Node>) -> Result<Self, Problem> {
        if node.is_stopping() {
            return Err(Refusal::NotReady.into());
        }
        let (parts, body) = request.into_parts();
        // Put there by `admit`, before any route is taken.
        let caller = *parts.extensions.get::<Caller>().ok_or(Refusal::Fault)?;
        Query::read(&parts.uri, &[])?;
        let headers = &parts.headers;
        if media_type(headers).as_deref() != Some("application/octet-stream") {
            return Err(Refusal::MediaType("application/octet-stream").into());
        }
        let limits = &node.limits;
        let room = node.room(headers, limits.batch)?;
        let bytes = read_body(headers, body, limits.batch, limits.body_timeout).await?;
        let framed =
            batch::split(&bytes).map_err(|error| Problem::new(error.code(), error.to_string()))?;
        // The request cost one token already.
        let more = framed.len().min(BATCH_ENTRIES).saturating_sub(1);
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        if let Some(clients) = node.clients.as_ref().filter(|_| !caller.free) {
            // No patience helps with more than can ever be saved up.
            let most = clients.most();
            // The history of one DID, which cannot be cut: it costs all that can be saved up, and is taken.
            let is_import = parts.uri.path().ends_with("/imports");
            let more = if is_import { more.min(most.saturating_sub(1)) } else { more };
            if !is_import && framed.len() > usize::try_from(most).unwrap_or(usize::MAX) {
                return Err(Refusal::TooMany { most }.into());
            }
            clients.take(&caller.prefix, more).map_err(|wait| Refusal::RateLimited { wait })?;
        }
        let entries = framed.iter().map(|entry| (entry.kind(), entry.body.to_vec())).collect();
        Ok(Self { caller, entries, room })
    }
}

fn unknown_kind() -> Problem {
    Problem::new("unsupported-entry-type", "no kind of entry has this code")
}

/// The kind that a JWS says to be, by its `typ`. All else about it is the ledger's to check.
fn kind_of_jws(body: &[u8]) -> Result<Kind, Problem> {
    let malformed = || Problem::new("malformed-entry", "not a compact JWS");
    let head: JoseHead = jose_head(body).ok_or_else(malformed)?;
    let typ = head.typ.ok_or_else(malformed)?;
    typ.strip_prefix("inkan-")
        .and_then(|typ| typ.strip_suffix("+jwt"))
        .and_then(Kind::from_name)
        .filter(|kind| kind.is_signed())
        .ok_or_else(|| Problem::new("unsupported-entry-type", "typ names no kind of signed entry"))
}

/// The SCID in `kid`; not authenticated.
fn signer_of(body: &[u8]) -> Option<String> {
    scid_in(&jose_head(body)?.kid?)
}

fn scid_in(did: &str) -> Option<String> {
    let scid = did.strip_prefix("did:webvh:")?.split(':').next()?;
    (scid.len() == 46).then(|| scid.to_owned())
}

#[derive(Deserialize)]
struct JoseHead {
    typ: Option<String>,
    kid: Option<String>,
}

fn jose_head(body: &[u8]) -> Option<JoseHead> {
    let end = body.iter().take(JOSE_HEAD_LIMIT + 1).position(|byte| *byte == b'.')?;
    let text = std::str::from_utf8(body.get(..end)?).ok()?;
    serde_json::from_slice(&decode_b64u(text).ok()?).ok()
}

/// The SCID of the DID that a log line says to be of; not authenticated.
fn did_of(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Line {
        state: State,
    }
    #[derive(Deserialize)]
    struct State {
        id: String,
    }
    let line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line: Line = serde_json::from_slice(line).ok()?;
    scid_in(&line.state.id)
}

/// Whether a log line says to be a first version.
fn is_first_version(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Version {
        #[serde(rename = "versionId")]
        version_id: String,
    }
    let line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // What cannot be read here is refused by the ledger.
    serde_json::from_slice::<Version>(line).is_ok_and(|line| line.version_id.starts_with("1-"))
}

const fn status_of(standing: Standing) -> StatusCode {
    match standing {
        Standing::New => StatusCode::ACCEPTED,
        Standing::Duplicate => StatusCode::OK,
    }
}

fn members_of(taken: &Acknowledged) -> Value {
    let standing = match taken.standing {
        Standing::New => "new",
        Standing::Duplicate => "duplicate",
    };
    json!({
        "index": taken.leaf_index,
        "leafHash": taken.leaf_hash.digest().to_hex(),
        "entryId": taken.entry_id.to_string(),
        "time": taken.time.seconds(),
        "standing": standing,
    })
}

fn with_status(mut value: Value, status: StatusCode) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.insert("status".to_owned(), status.as_u16().into());
    }
    value
}

/// 202 with a promise, or 200 for what stands there already.
fn acknowledge(node: &Node, taken: &Acknowledged) -> Response {
    let mut value = members_of(taken);
    if let (Some(promise), Some(members)) =
        (node.promise(std::slice::from_ref(taken)), value.as_object_mut())
    {
        members.insert("promise".to_owned(), promise.into());
    }
    let mut response = (status_of(taken.standing), to_json(&value)).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/receipts/{}", taken.leaf_index)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The receipt that a client waited for, if there is one by now.
async fn receipt_if_wanted(node: &Arc<Node>, wait: Wait, taken: &Acknowledged) -> Option<Response> {
    if wait == Wait::Durable {
        return None;
    }
    let index = taken.leaf_index;
    let receipt = node
        .read(move |ledger| {
            if !ledger.has_reached(wait, index) {
                return Err(Refusal::NotFound.into());
            }
            let found = ledger.newest()?.receipt(index);
            match found {
                Err(_) if wait == Wait::Checkpoint => {
                    let signed = super::signed::receipt(&ledger.reader(), ledger.data(), index);
                    signed.ok_or_else(|| Refusal::NotFound.into())
                }
                found => found.map_err(|error| super::node::problem_of(&error)),
            }
        })
        .await;
    receipt.ok().map(|receipt| sidecar_response(&receipt))
}

#[cfg(test)]
mod tests;
