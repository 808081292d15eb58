//! One DID: its head, its log, the proofs of its did:webvh witnesses, forks that were shown to the ledger.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use inkan_io::ledger_folder::{DidVersion, View};
use inkan_ledger::evidence::forks_to_value;
use inkan_ledger::{Flags, Leaf};
use serde_json::json;

use super::admit::Caller;
use super::current::scid_of;
use super::leaves::{to_json, typed};
use super::node::{Node, problem_of};
use super::refusal::Refusal;
use super::request::Query;
use crate::problem::Problem;

/// So many leaves are read for one token, and so many are proved.
pub(crate) const READ_PER_TOKEN: u64 = 64;
pub(crate) const PROVED_PER_TOKEN: u64 = 16;

/// Who pays for an answer that is as long as a history, before it is begun: a token for so many entries. A client whose
/// bucket is half full can ask for the longest there is.
pub(crate) struct Payer {
    node: Arc<Node>,
    caller: Caller,
}

impl Payer {
    pub(crate) fn new(node: &Arc<Node>, caller: Caller) -> Self {
        Self { node: Arc::clone(node), caller }
    }

    pub(crate) fn pay(&self, entries: u64, per_token: u64) -> Result<(), Problem> {
        let clients = self.node.clients.as_ref().filter(|_| !self.caller.free);
        let (Some(clients), Some(rate)) = (clients, self.node.limits.client) else {
            return Ok(());
        };
        // The request cost one token already.
        let tokens = u32::try_from(entries / per_token).unwrap_or(u32::MAX).min(rate.burst / 2);
        let taken = clients.take(&self.caller.prefix, tokens);
        taken.map_err(|wait| Refusal::RateLimited { wait }.into())
    }
}

/// The newest version of a DID.
pub(crate) fn head_of(view: &View, scid: &str) -> Result<DidVersion, Problem> {
    let head = view.did_head(scid).map_err(|error| problem_of(&error))?;
    let unknown = || {
        let detail = "this DID is not registered here; `current` is the proof of that";
        Problem::new("not-found", detail).with("current", format!("/v1/dids/{scid}/current"))
    };
    head.ok_or_else(unknown)
}

/// GET `/v1/dids/{scid}`: the newest version in short; `current` proves it.
pub(crate) async fn summary(
    State(node): State<Arc<Node>>,
    Path(scid): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["at"])?;
    let (scid, at) = (scid_of(scid)?, query.number("at")?);
    let value = node
        .view(at, move |_, view| {
            let head = head_of(view, &scid)?;
            let home = view.did_home(&head).map_err(|error| problem_of(&error))?;
            let flags = head.value.flags;
            Ok(json!({
                "scid": scid,
                "did": head.entry.did().as_str(),
                "versionId": head.entry.version_id(),
                "versionTime": head.entry.version_time().to_string(),
                "versions": head.value.sequence,
                "index": head.value.leaf_index,
                "time": head.leaf.time().seconds(),
                "deactivated": flags.has(Flags::ENDED),
                "preRotation": flags.has(Flags::PRE_ROTATION),
                "witnessed": flags.has(Flags::WITNESSED),
                "portable": flags.has(Flags::PORTABLE),
                "home": home,
                "size": view.size(),
            }))
        })
        .await?;
    Ok(to_json(&value))
}

/// GET `/v1/dids/{scid}/did.jsonl`: the lines, verbatim from the leaves.
pub(crate) async fn log(
    State(node): State<Arc<Node>>,
    Extension(caller): Extension<Caller>,
    Path(scid): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let scid = scid_of(scid)?;
    let payer = Payer::new(&node, caller);
    let asked = headers.clone();
    let (body, version) = node
        .view(None, move |_, view| {
            let head = head_of(view, &scid)?;
            let version = head.entry.version_id().to_owned();
            if is_known(&asked, &version) {
                return Ok((Vec::new(), version));
            }
            payer.pay(head.value.sequence, READ_PER_TOKEN)?;
            let leaves = view.did_leaves(&scid).map_err(|error| problem_of(&error))?;
            Ok((log_of(&leaves), version))
        })
        .await?;
    Ok(tagged(&headers, &version, "text/jsonl", body))
}

/// GET `/v1/dids/{scid}/did-witness.json`.
pub(crate) async fn witness_file(
    State(node): State<Arc<Node>>,
    Extension(caller): Extension<Caller>,
    Path(scid): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let scid = scid_of(scid)?;
    let payer = Payer::new(&node, caller);
    let body = node
        .view(None, move |_, view| {
            payer.pay(head_of(view, &scid)?.value.sequence, READ_PER_TOKEN)?;
            let leaves = view.did_leaves(&scid).map_err(|error| problem_of(&error))?;
            let lines: Vec<_> = leaves.iter().filter_map(|leaf| parts(leaf).1).collect();
            if lines.is_empty() {
                return Err(Refusal::NotFound.into());
            }
            Ok([b"[".as_slice(), &lines.join(&b','), b"]\n"].concat())
        })
        .await?;
    Ok(typed("application/json", body))
}

/// GET `/v1/dids/{scid}/equivocations`: forks that were shown to the ledger (§6.2), with the versions before them: they prove
/// themselves.
pub(crate) async fn equivocations(
    State(node): State<Arc<Node>>,
    Extension(caller): Extension<Caller>,
    Path(scid): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let scid = scid_of(scid)?;
    let payer = Payer::new(&node, caller);
    let value = node
        .view(None, move |ledger, view| {
            // Nobody's SCID has forks.
            let head = head_of(view, &scid)?;
            let forks = ledger.equivocations(&scid)?;
            let mut history = Vec::new();
            if !forks.is_empty() {
                payer.pay(head.value.sequence, READ_PER_TOKEN)?;
                let leaves = view.did_leaves(&scid).map_err(|error| problem_of(&error))?;
                history.extend(leaves.iter().map(|leaf| leaf.body().to_vec()));
            }
            Ok(forks_to_value(&scid, &history, &forks))
        })
        .await?;
    Ok(to_json(&value))
}

/// The log line of a leaf, and its witness line if it has one.
fn parts(leaf: &Leaf) -> (&[u8], Option<&[u8]>) {
    let body = leaf.body();
    match body.iter().position(|byte| *byte == b'\n').and_then(|at| body.split_at_checked(at)) {
        Some((line, rest)) => (line, rest.get(1..)),
        None => (body, None),
    }
}

pub(crate) fn log_of(leaves: &[Leaf]) -> Vec<u8> {
    let mut out = Vec::new();
    for leaf in leaves {
        out.extend_from_slice(parts(leaf).0);
        out.push(b'\n');
    }
    out
}

/// Whether the client has this version.
fn is_known(headers: &HeaderMap, version: &str) -> bool {
    let tag = format!("\"{version}\"");
    headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        let value = value.to_str().unwrap_or_default();
        value.split(',').any(|given| given.trim().trim_start_matches("W/") == tag)
    })
}

/// An answer with the `versionId` as its tag; 304 for a client that has it.
pub(crate) fn tagged(
    headers: &HeaderMap,
    version: &str,
    media_type: &'static str,
    body: impl IntoResponse,
) -> Response {
    let tag = format!("\"{version}\"");
    let known = is_known(headers, version);
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { typed(media_type, body) };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=1"));
    response
}
