//! Status lists as they were served, one version a sequence number (§3 of the ledger specification).
//!
//! In scope: taking a version whose digest an entry records, and giving it back. Out of scope: what the list says.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use inkan_core::{Digest, limits, sha256};
use serde_json::json;
use tokio::time::Instant;

use super::current::issuer;
use super::leaves::{immutable, to_json, typed};
use super::node::{Node, problem_of};
use super::refusal::Refusal;
use super::request::{Query, read_body};
use crate::problem::Problem;

/// How long an entry that was just acknowledged is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// GET `/v1/status/list?iss=&uri=&seq=`.
pub(crate) async fn get(State(node): State<Arc<Node>>, uri: Uri) -> Result<Response, Problem> {
    let (scid, list, sequence) = named(&uri)?;
    let bytes = node
        .read(move |ledger| {
            let found = ledger.reader().status_list(&scid, &list, sequence);
            found.map_err(|error| problem_of(&error))?.ok_or_else(|| Refusal::NotFound.into())
        })
        .await?;
    Ok(immutable(typed("application/octet-stream", bytes)))
}

/// PUT `/v1/status/list?iss=&uri=&seq=`: taken from anybody, since the recorded entry says which bytes it must be.
pub(crate) async fn put(
    State(node): State<Arc<Node>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    if node.is_stopping() {
        return Err(Refusal::NotReady.into());
    }
    let (scid, list, sequence) = named(&uri)?;
    // Before the body is read: who has no entry shall not fill our memory either.
    let recorded = recorded(&node, &scid, &list, sequence).await?;
    let _room = node.room(&headers, limits::STATUS_LIST)?;
    let patience = node.limits.body_timeout;
    let bytes = read_body(&headers, body, limits::STATUS_LIST, patience).await?;
    if sha256(&[&bytes]) != recorded {
        return Err(Refusal::StatusListOther.into());
    }
    let status = node
        .read(move |ledger| {
            let known = ledger.reader().status_list(&scid, &list, sequence);
            if known.map_err(|error| problem_of(&error))?.as_ref() == Some(&bytes) {
                return Ok(StatusCode::OK);
            }
            ledger.put_status_list(&scid, &list, sequence, bytes)?;
            Ok(StatusCode::CREATED)
        })
        .await?;
    let value = json!({ "seq": sequence, "dig": recorded.to_b64u() });
    Ok((status, to_json(&value)).into_response())
}

/// The digest that an entry records. An entry that was just acknowledged is waited for until a checkpoint covers it.
async fn recorded(
    node: &Arc<Node>,
    scid: &str,
    list: &str,
    sequence: u64,
) -> Result<Digest, Problem> {
    let mut covered = node.ledger.covered();
    let deadline = Instant::now() + PATIENCE;
    loop {
        covered.mark_unchanged();
        let (scid, list) = (scid.to_owned(), list.to_owned());
        let digest = node
            .read(move |ledger| {
                let digest = ledger.reader().status_digest(&scid, &list, sequence);
                digest.map_err(|error| problem_of(&error))
            })
            .await?;
        if let Some(digest) = digest {
            return Ok(digest);
        }
        match tokio::time::timeout_at(deadline, covered.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Err(Refusal::StatusListUnrecorded.into()),
        }
    }
}

fn named(uri: &Uri) -> Result<(String, String, u64), Refusal> {
    let query = Query::read(uri, &["iss", "uri", "seq"])?;
    Ok((issuer(&query)?, query.need("uri")?.to_owned(), query.need_number("seq")?))
}
