//! What is the newest, with proof, and what came before it (§5.4 and §8 of the ledger specification).

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use inkan_core::encoding::b64u_array;
use inkan_did::Did;
use inkan_io::ledger_folder::{LedgerFolderError, View};
use inkan_ledger::{ActId, CurrentProof, MapKey, OnceId, TrustStatement};
use serde_json::{Value, json};

use super::admit::Caller;
use super::dids::{PROVED_PER_TOKEN, Payer};
use super::leaves::to_json;
use super::node::{Node, problem_of};
use super::refusal::Refusal;
use super::request::Query;
use crate::problem::Problem;

type Proved = Result<CurrentProof, LedgerFolderError>;

/// GET `/v1/dids/{scid}/current`.
pub(crate) async fn did(
    State(node): State<Arc<Node>>,
    Path(scid): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["at"])?;
    let scid = scid_of(scid)?;
    answer(&node, &query, move |view| view.did_current(&scid)).await
}

/// GET `/v1/status/current?iss=&uri=`.
pub(crate) async fn status(State(node): State<Arc<Node>>, uri: Uri) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["iss", "uri", "at"])?;
    let (scid, list) = (issuer(&query)?, query.need("uri")?.to_owned());
    answer(&node, &query, move |view| view.status_current(&scid, &list)).await
}

/// GET `/v1/trust/current?iss=&type=&entityId=&action=&resource=`.
pub(crate) async fn trust(State(node): State<Arc<Node>>, uri: Uri) -> Result<Response, Problem> {
    let names = ["iss", "type", "entityId", "action", "resource", "at"];
    let query = Query::read(&uri, &names)?;
    let scid = issuer(&query)?;
    let statement =
        TrustStatement::from_name(query.need("type")?).ok_or_else(|| Refusal::query("type"))?;
    let (entity, action) = (query.need("entityId")?, query.need("action")?);
    let key = MapKey::trust_of(&scid, statement, entity, action, query.need("resource")?);
    answer(&node, &query, move |view| view.current(&key)).await
}

/// GET `/v1/acts/current?iss=&act=`.
pub(crate) async fn act(State(node): State<Arc<Node>>, uri: Uri) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["iss", "act", "at"])?;
    let (scid, act) = (issuer(&query)?, act_of(&query)?);
    answer(&node, &query, move |view| view.act_current(&scid, &act)).await
}

/// GET `/v1/once/current?scope=&id=`.
pub(crate) async fn once(State(node): State<Arc<Node>>, uri: Uri) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["scope", "id", "at"])?;
    let id = b64u_array(query.need("id")?).map_err(|_| Refusal::query("id"))?;
    let key = MapKey::once(query.need("scope")?, &OnceId::from_bytes(id));
    answer(&node, &query, move |view| view.current(&key)).await
}

/// GET `/v1/dids/{scid}/entries`.
pub(crate) async fn did_entries(
    State(node): State<Arc<Node>>,
    Extension(caller): Extension<Caller>,
    Path(scid): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["at"])?;
    let scid = scid_of(scid)?;
    list(&node, caller, &query, MapKey::did(&scid)).await
}

/// GET `/v1/status/entries?iss=&uri=`.
pub(crate) async fn status_entries(
    State(node): State<Arc<Node>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["iss", "uri", "at"])?;
    let (scid, uri) = (issuer(&query)?, query.need("uri")?.to_owned());
    list(&node, caller, &query, MapKey::status(&scid, &uri)).await
}

/// GET `/v1/acts/entries?iss=&act=`.
pub(crate) async fn act_entries(
    State(node): State<Arc<Node>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["iss", "act", "at"])?;
    let (scid, act) = (issuer(&query)?, act_of(&query)?);
    list(&node, caller, &query, MapKey::act(&scid, &act)).await
}

async fn answer(
    node: &Arc<Node>,
    query: &Query,
    prove: impl FnOnce(&View) -> Proved + Send + 'static,
) -> Result<Response, Problem> {
    let at = query.number("at")?;
    let proof =
        node.view(at, move |_, view| prove(view).map_err(|error| problem_of(&error))).await?;
    Ok(to_json(&proof.to_value()))
}

async fn list(
    node: &Arc<Node>,
    caller: Caller,
    query: &Query,
    key: MapKey,
) -> Result<Response, Problem> {
    let at = query.number("at")?;
    let payer = Payer::new(node, caller);
    let value = node
        .view(at, move |_, view| {
            let newest = view.newest(&key).map_err(|error| problem_of(&error))?;
            payer.pay(newest.map_or(0, |newest| newest.sequence), PROVED_PER_TOKEN)?;
            entries_at(view, &key).map_err(|error| problem_of(&error))
        })
        .await?;
    Ok(to_json(&value))
}

/// All entries of one id, oldest first, each proved at this very checkpoint, which is sent once.
pub(crate) fn entries_at(view: &View, key: &MapKey) -> Result<Value, LedgerFolderError> {
    let mut checkpoints = Vec::new();
    let all = view.entries_here(key)?;
    let receipts: Vec<_> =
        all.iter().map(|receipt| receipt.to_bundle_value(&mut checkpoints)).collect();
    Ok(json!({
        "type": "inkan-entries/1",
        "size": view.size(),
        "checkpoint": view.note().to_string(),
        "receipts": receipts,
    }))
}

/// A SCID in a path: 46 characters of base58btc; anything else is nobody's.
pub(crate) fn scid_of(text: String) -> Result<String, Problem> {
    let sound = text.len() == 46 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if sound { Ok(text) } else { Err(Refusal::NotFound.into()) }
}

/// The SCID of `iss`.
pub(crate) fn issuer(query: &Query) -> Result<String, Refusal> {
    let did = Did::parse(query.need("iss")?).map_err(|_| Refusal::query("iss"))?;
    did.scid().map(str::to_owned).ok_or_else(|| Refusal::query("iss"))
}

fn act_of(query: &Query) -> Result<ActId, Refusal> {
    ActId::from_b64u(query.need("act")?).map_err(|_| Refusal::query("act"))
}
