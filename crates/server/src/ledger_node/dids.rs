//! One DID: its head, its log, the proofs of its did:webvh witnesses, forks that were shown to the ledger.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use inkan_core::encoding::b64u;
use inkan_did::webvh::Entry;
use inkan_io::ledger_folder::View;
use inkan_ledger::Leaf;
use serde_json::{Value, json};

use super::current::scid_of;
use super::leaves::{to_json, typed};
use super::node::{Node, problem_of};
use super::refusal::Refusal;
use super::request::Query;
use crate::problem::Problem;

/// One version of a DID, as a leaf of the log.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) index: u64,
    pub(crate) leaf: Leaf,
    pub(crate) entry: Entry,
}

/// All versions, oldest first, as of a checkpoint.
pub(crate) fn versions(view: &View, scid: &str) -> Result<Vec<Version>, Problem> {
    let receipts = view.did_entries(scid).map_err(|error| problem_of(&error))?;
    let mut out = Vec::with_capacity(receipts.len());
    for receipt in receipts {
        let leaf = Leaf::parse(receipt.leaf_bytes()).map_err(|_| Refusal::Fault)?;
        let entry = inkan_ledger::state::parse_did_body(leaf.body()).map_err(|_| Refusal::Fault)?;
        out.push(Version { index: receipt.proof().path().leaf_index, leaf, entry });
    }
    if out.is_empty() { Err(Refusal::NotFound.into()) } else { Ok(out) }
}

/// What all entries together say of the DID.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) deactivated: bool,
    pre_rotation: bool,
    witnessed: bool,
    portable: bool,
    home: Option<String>,
}

impl Sum {
    pub(crate) fn of(all: &[Version]) -> Self {
        let mut state = Self::default();
        for Version { entry, .. } in all {
            let set = entry.parameters();
            state.deactivated |= set.deactivated == Some(true);
            if let Some(hashes) = &set.next_key_hashes {
                state.pre_rotation = !hashes.is_empty();
            }
            if let Some(witness) = &set.witness {
                state.witnessed = !witness.is_empty();
            }
            state.portable = set.portable.unwrap_or(state.portable);
            if let Some(home) = entry.document().ledger_log() {
                state.home = Some(home.to_owned());
            }
        }
        state
    }
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
            let all = versions(view, &scid)?;
            let newest = all.last().ok_or(Refusal::NotFound)?;
            let state = Sum::of(&all);
            Ok(json!({
                "scid": scid,
                "did": newest.entry.did().as_str(),
                "versionId": newest.entry.version_id(),
                "versionTime": newest.entry.version_time().to_string(),
                "versions": all.len(),
                "index": newest.index,
                "time": newest.leaf.time().seconds(),
                "deactivated": state.deactivated,
                "preRotation": state.pre_rotation,
                "witnessed": state.witnessed,
                "portable": state.portable,
                "home": state.home,
                "size": view.size(),
            }))
        })
        .await?;
    Ok(to_json(&value))
}

/// GET `/v1/dids/{scid}/did.jsonl`: the lines, verbatim from the leaves.
pub(crate) async fn log(
    State(node): State<Arc<Node>>,
    Path(scid): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let scid = scid_of(scid)?;
    let (body, version) = node
        .view(None, move |_, view| {
            let all = versions(view, &scid)?;
            let version = all.last().map(|newest| newest.entry.version_id().to_owned());
            Ok((log_of(&all), version.unwrap_or_default()))
        })
        .await?;
    Ok(tagged(&headers, &version, "text/jsonl", body))
}

/// GET `/v1/dids/{scid}/did-witness.json`.
pub(crate) async fn witness_file(
    State(node): State<Arc<Node>>,
    Path(scid): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let scid = scid_of(scid)?;
    let body = node
        .view(None, move |_, view| {
            let all = versions(view, &scid)?;
            let lines = all.iter().filter_map(|version| parts(&version.leaf).1);
            let lines: Vec<_> = lines.collect();
            if lines.is_empty() {
                return Err(Refusal::NotFound.into());
            }
            Ok([b"[".as_slice(), &lines.join(&b','), b"]\n"].concat())
        })
        .await?;
    Ok(typed("application/json", body))
}

/// GET `/v1/dids/{scid}/equivocations`: forks that were shown to the ledger (§6.2). They prove themselves.
pub(crate) async fn equivocations(
    State(node): State<Arc<Node>>,
    Path(scid): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let scid = scid_of(scid)?;
    let value = node
        .view(None, move |ledger, view| {
            // Nobody's SCID has forks.
            versions(view, &scid)?;
            let forks = ledger.equivocations(&scid)?;
            let list: Vec<Value> = forks
                .iter()
                .map(|fork| {
                    json!({
                        "number": fork.number,
                        "index": fork.leaf_index,
                        "recorded": b64u(&fork.recorded),
                        "refusedVersionId": fork.version_id,
                        "refused": b64u(&fork.refused),
                    })
                })
                .collect();
            Ok(json!({ "type": "inkan-equivocations/1", "scid": scid, "equivocations": list }))
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

pub(crate) fn log_of(all: &[Version]) -> Vec<u8> {
    let mut out = Vec::new();
    for version in all {
        out.extend_from_slice(parts(&version.leaf).0);
        out.push(b'\n');
    }
    out
}

/// An answer with the `versionId` as its tag; 304 for a client that has it.
pub(crate) fn tagged(
    headers: &HeaderMap,
    version: &str,
    media_type: &'static str,
    body: impl IntoResponse,
) -> Response {
    let tag = format!("\"{version}\"");
    let known = headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        let value = value.to_str().unwrap_or_default();
        value.split(',').any(|given| given.trim().trim_start_matches("W/") == tag)
    });
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { typed(media_type, body) };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=1"));
    response
}
