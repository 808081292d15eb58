//! What the node says about its log and itself: names, keys, limits, policy, parameters, codes, its own interface.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use inkan_core::Digest;
use inkan_core::encoding::b64;
use inkan_ledger::batch::BATCH_ENTRIES;
use inkan_ledger::policy::{ForOthers, policy_for_others};
use serde_json::json;

use super::leaves::{immutable, to_json, typed};
use super::ledger::{Ledger, params_of};
use super::limits::Rate;
use super::node::{Node, problem_of};
use super::refusal::Refusal;
use super::request::{Query, choose, decimal};
use crate::problem::{Problem, codes};

/// The interface, as OpenAPI 3.1.
pub(crate) const OPENAPI: &str = include_str!("../../../../schemas/openapi-ledger.json");
const TEXT: &str = "text/plain; charset=utf-8";
/// Schemas that the OpenAPI document refers to.
const SCHEMAS: [(&str, &str); 2] = [
    ("receipt.schema.json", include_str!("../../../../schemas/receipt.schema.json")),
    ("current.schema.json", include_str!("../../../../schemas/current.schema.json")),
];

/// GET `/v1/log`.
pub(crate) async fn log(State(node): State<Arc<Node>>, uri: Uri) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let limits = node.limits.clone();
    let value = node
        .read(move |ledger| {
            let status = ledger.reader().status().map_err(|error| problem_of(&error))?;
            let policy = ledger.policy();
            let keys: Vec<_> = policy.logs().iter().map(ToString::to_string).collect();
            let renamed = for_others(ledger)?.renamed;
            let witnesses: Vec<_> = policy
                .witnesses()
                .iter()
                .map(|witness| json!({
                        "name": renamed.get(witness.name()).map_or(witness.name(), String::as_str),
                        "key": witness.key().to_string(),
                        "runByLog": witness.is_of_log(&status.origin),
                    }))
                .collect();
            let rate = |rate: &Option<Rate>| {
                rate.map(|rate| json!({ "tokens": rate.tokens, "seconds": rate.per.as_secs(), "burst": rate.burst }))
            };
            Ok(json!({
                "type": "inkan-log/1",
                "origin": status.origin,
                "keys": keys,
                "coseKey": ledger.cose_key(),
                "witnesses": witnesses,
                "size": status.size,
                "root": status.root,
                "leaves": status.leaves,
                "existedBy": status.existed_by.map(|time| time.seconds()),
                "limits": {
                    "body": limits.body,
                    "batch": limits.batch,
                    "batchEntries": BATCH_ENTRIES,
                    "connections": limits.connections_per_client,
                    "client": rate(&limits.client),
                    "signer": rate(&limits.signer),
                    "newDids": rate(&limits.new_dids),
                },
            }))
        })
        .await?;
    Ok(to_json(&value))
}

/// GET `/v1/policy`: the C2SP tlog-policy that verifiers may pin. It is asked for by others than the operator, for whom the
/// log's own witnesses are no operators.
pub(crate) async fn policy(State(node): State<Arc<Node>>, uri: Uri) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    Ok(typed(TEXT, for_others(&node.ledger)?.text))
}

fn for_others(ledger: &Ledger) -> Result<ForOthers, Refusal> {
    policy_for_others(ledger.reader().policy_text()).map_err(|_| Refusal::Fault)
}

/// GET `/v1/params`: the parameters document that the newest epoch leaf names.
pub(crate) async fn parameters_in_force(
    State(node): State<Arc<Node>>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let bytes = node
        .view(None, move |ledger, view| {
            read_parameters(ledger, &params_of(view).ok_or(Refusal::Fault)?)
        })
        .await?;
    Ok(typed("application/json", bytes))
}

/// GET `/v1/params/{hash}`: a parameters document, for ever.
pub(crate) async fn parameters(
    State(node): State<Arc<Node>>,
    Path(hash): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let hash = Digest::from_hex(&hash).map_err(|_| Refusal::NotFound)?;
    let bytes = node.read(move |ledger| read_parameters(ledger, &hash)).await?;
    Ok(immutable(typed("application/json", bytes)))
}

fn read_parameters(ledger: &Ledger, hash: &Digest) -> Result<Vec<u8>, Problem> {
    let document = ledger.reader().parameters(hash).map_err(|error| problem_of(&error))?;
    document.ok_or_else(|| Refusal::NotFound.into())
}

/// GET `/v1/cosignatures/{size}`: the checkpoint of a size with its cosignatures, as a note or line by line.
pub(crate) async fn cosignatures(
    State(node): State<Arc<Node>>,
    Path(size): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let size = decimal(&size).ok_or(Refusal::NotFound)?;
    let form = choose(&headers, &[&["text/plain"], &["application/json"]])
        .ok_or(Refusal::NotAcceptable("text/plain, application/json"))?;
    let note = node
        .read(move |ledger| match ledger.view_of(size) {
            Ok(view) => Ok(view.note().clone()),
            Err(problem) if problem.code() == "query-invalid" => Err(Refusal::NotFound.into()),
            Err(problem) => Err(problem),
        })
        .await?;
    if form == 0 {
        return Ok(typed(TEXT, note.to_string()));
    }
    let lines: Vec<_> = note
        .signatures()
        .iter()
        .map(|line| {
            let bytes = [line.key_id.as_slice(), &line.signature].concat();
            json!({ "name": line.name, "signature": b64(&bytes) })
        })
        .collect();
    Ok(to_json(&json!({ "size": size, "text": note.text(), "signatures": lines })))
}

/// GET `/v1/openapi.json`.
pub(crate) async fn openapi() -> Response {
    typed("application/json", OPENAPI)
}

/// GET `/schemas/{name}`: what the OpenAPI document refers to.
pub(crate) async fn schema(Path(name): Path<String>) -> Result<Response, Problem> {
    let found = SCHEMAS.iter().find(|(known, _)| *known == name);
    let (_, text) = found.ok_or(Refusal::NotFound)?;
    Ok(typed("application/schema+json", *text))
}

/// GET `/problems/{code}`: what a code means, and what to do.
pub(crate) async fn problem(Path(code): Path<String>) -> Result<Response, Problem> {
    let entry = codes().get(&code).ok_or(Refusal::NotFound)?;
    let retry = if entry.retry { "Trying again can help." } else { "Trying again does not help." };
    let text = format!(
        "{} ({})\n\n{}\n\nRemedy: {}.\n{retry}\n",
        entry.number, entry.code, entry.title, entry.remedy
    );
    Ok(typed(TEXT, text))
}
