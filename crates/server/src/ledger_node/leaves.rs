//! What stands in the log: entries, where they stand, receipts, consistency (§8 and §5 of the ledger specification).

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use inkan_core::encoding::b64;
use inkan_core::{Digest, Timestamp};
use inkan_io::ledger_folder::View;
use inkan_ledger::tree::tiles::Tile;
use inkan_ledger::{EntryId, LeafHash, LogPolicy, NodeHash, Receipt, SignedNote};
use serde_json::{Value, json};

use super::ledger::Ledger;
use super::node::{Node, problem_of};
use super::refusal::Refusal;
use super::request::{Query, choose, decimal};
use crate::problem::Problem;

/// A receipt as JSON.
pub(crate) const SIDECAR: &str = "application/vnd.inkan.receipt+json";
const TEXT: &str = "text/plain; charset=utf-8";
/// A COSE Receipt (RFC 9942), as COSE itself is named (RFC 9052 §11.3).
const COSE: &str = "application/cose; cose-type=\"cose-sign1\"";

/// A body of JSON.
pub(crate) fn to_json(value: &Value) -> Response {
    typed("application/json", value.to_string())
}

/// A body of a type.
pub(crate) fn typed(media_type: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// A receipt as JSON.
pub(crate) fn sidecar_response(receipt: &Receipt) -> Response {
    typed(SIDECAR, receipt.to_value().to_string())
}

/// What never changes may be kept.
pub(crate) fn immutable(mut response: Response) -> Response {
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, forever);
    response
}

/// A place in a path.
fn place(text: &str) -> Result<u64, Problem> {
    decimal(text).ok_or_else(|| Refusal::NotFound.into())
}

/// GET `/v1/entries/{index}`: the leaf's bytes, once a checkpoint covers it.
pub(crate) async fn entry(
    State(node): State<Arc<Node>>,
    Path(index): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let index = place(&index)?;
    let leaf = node
        .view(None, move |_, view| view.entry(index).map_err(|error| problem_of(&error)))
        .await?;
    Ok(immutable(typed("application/octet-stream", leaf.to_bytes())))
}

/// GET `/v1/lookup/{entryId}`: where the entry with this id stands.
pub(crate) async fn lookup(
    State(node): State<Arc<Node>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let id = EntryId::from_hex(&id).map_err(|_| Refusal::NotFound)?;
    let value = node
        .view(None, move |_, view| {
            let index = view.lookup(&id).map_err(|error| problem_of(&error))?;
            place_of(view, index.ok_or(Refusal::NotFound)?)
        })
        .await?;
    Ok(to_json(&value))
}

/// GET `/v1/lookup/leaf/{hash}`: where the leaf with this hash stands, among as many as one search looks through, before
/// `before`. Who does not find it hears where to go on.
pub(crate) async fn lookup_leaf(
    State(node): State<Arc<Node>>,
    Path(hash): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["before"])?;
    let before = query.number("before")?;
    let hash = Digest::from_hex(&hash).map(LeafHash::from_digest).map_err(|_| Refusal::NotFound)?;
    // A scan: one at a time, so that nobody keeps the disk busy with them.
    let _turn = node.scans.try_acquire().map_err(|_| Refusal::Overloaded)?;
    let most = node.limits.scanned;
    let value = node
        .view(None, move |ledger, view| {
            let end = before.unwrap_or_else(|| view.size());
            if end > view.size() {
                return Err(Refusal::query("before").into());
            }
            let oldest = end.saturating_sub(most);
            match find_leaf(ledger.data(), view.size(), oldest..end, &hash)? {
                Some(index) => place_of(view, index),
                // All of them were looked at.
                None if oldest == 0 => Err(Refusal::NotFound.into()),
                None => Err(Problem::from(Refusal::NotFound).with("searchedFrom", oldest)),
            }
        })
        .await?;
    Ok(to_json(&value))
}

/// Looks through the tiles of leaf hashes, newest first. There is no index of them: whoever has an entry knows its id,
/// and epoch leaves are the last of a checkpoint.
fn find_leaf(
    data: &FilePath,
    size: u64,
    range: Range<u64>,
    hash: &LeafHash,
) -> Result<Option<u64>, Problem> {
    let mut end = range.end;
    while let Some(last) = end.checked_sub(1).filter(|last| *last >= range.start) {
        let tile = Tile::holding(0, last, size).ok_or(Refusal::Fault)?;
        let full = Tile::new(0, last / 256, 256).map_err(|_| Refusal::Fault)?;
        let read = |tile: &Tile| std::fs::read(data.join(tile.path()));
        let bytes = read(&tile).or_else(|_| read(&full)).map_err(|_| Refusal::Fault)?;
        let (hashes, _) = bytes.as_chunks::<32>();
        let found = hashes.iter().enumerate().rev().find_map(|(at, known)| {
            let index = tile.start().saturating_add(u64::try_from(at).ok()?);
            (range.contains(&index) && known == hash.digest().as_bytes()).then_some(index)
        });
        if found.is_some() {
            return Ok(found);
        }
        end = tile.start();
    }
    Ok(None)
}

fn place_of(view: &View, index: u64) -> Result<Value, Problem> {
    let leaf = view.entry(index).map_err(|error| problem_of(&error))?;
    Ok(json!({
        "index": index,
        "leafHash": leaf.hash().digest().to_hex(),
        "time": leaf.time().seconds(),
        "kind": leaf.kind().name(),
    }))
}

/// Which checkpoint a receipt leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum At {
    Latest,
    Earliest,
    Size(u64),
}

/// GET `/v1/receipts/{index}`.
pub(crate) async fn receipt(
    State(node): State<Arc<Node>>,
    Path(index): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["at", "cosigners", "policy"])?;
    let index = place(&index)?;
    let policy = demanded(&query)?;
    let at = match query.get("at") {
        None | Some("latest") => At::Latest,
        Some("earliest") => At::Earliest,
        Some(size) => At::Size(decimal(size).ok_or_else(|| Refusal::query("at"))?),
    };
    let least = match query.get("cosigners") {
        None | Some("all") => false,
        Some("min") => true,
        Some(_) => return Err(Refusal::query("cosigners").into()),
    };
    const FORMS: &str =
        "application/vnd.inkan.receipt+json, text/plain (tlog-proof@v1), application/cose";
    let form = choose(
        &headers,
        &[
            &[SIDECAR, "application/json"],
            &["text/plain", "application/vnd.c2sp.tlog-proof"],
            &["application/cose"],
        ],
    );
    let form = form.ok_or(Refusal::NotAcceptable(FORMS))?;
    let response = node
        .read(move |ledger| {
            let newest = match &policy {
                None => ledger.newest()?,
                Some(policy) => taken(ledger, policy)?,
            };
            let problem = |error| problem_of(&error);
            let receipt = match at {
                At::Latest => newest.receipt_here(index).map_err(problem)?,
                At::Earliest => newest.receipt(index).map_err(problem)?,
                // A tree that does not have it never will: no retry helps.
                At::Size(size) if size <= index => return Err(Refusal::query("at").into()),
                At::Size(size) => ledger.view_of(size)?.receipt_here(index).map_err(problem)?,
            };
            if form == 2 {
                let cose = ledger.cose(&receipt)?;
                return Ok(typed(COSE, cose));
            }
            let receipt = match (least, &policy) {
                (false, _) => receipt,
                (true, None) => fewest(&receipt, &ledger.policy()),
                (true, Some(policy)) => fewest(&receipt, policy),
            };
            Ok(match form {
                1 => typed(TEXT, receipt.proof().to_string()),
                _ => sidecar_response(&receipt),
            })
        })
        .await?;
    // The earliest checkpoint that covers a leaf, and one of a size, stay what they are but for later cosignatures.
    Ok(response)
}

/// The same receipt with as few cosignatures as the log's own quorum needs.
fn fewest(receipt: &Receipt, policy: &LogPolicy) -> Receipt {
    let note = receipt.note();
    let lines = note.signatures();
    let places: Vec<Option<usize>> = lines
        .iter()
        .map(|line| policy.witnesses().iter().position(|witness| witness.key().matches(line)))
        .collect();
    let mut kept: BTreeSet<usize> = places.iter().flatten().copied().collect();
    if !policy.is_met_by(&kept) {
        return receipt.clone();
    }
    // The last one goes first: lines stand in the order in which cosigners answered.
    for place in places.iter().flatten().rev() {
        kept.remove(place);
        if !policy.is_met_by(&kept) {
            kept.insert(*place);
        }
    }
    let mut out = SignedNote::new(note.text().to_owned());
    for (line, place) in lines.iter().zip(&places) {
        if place.is_none_or(|place| kept.contains(&place)) {
            out.put(line.clone());
        }
    }
    Receipt::new(receipt.leaf_bytes().to_vec(), receipt.proof().path(), &out)
}

/// GET `/v1/consistency?from=&to=`: why a smaller tree is the beginning of a larger one.
pub(crate) async fn consistency(
    State(node): State<Arc<Node>>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["from", "to"])?;
    let (from, to) = (query.need_number("from")?, query.need_number("to")?);
    if from > to {
        return Err(Refusal::query("from").into());
    }
    let hashes = node
        .read(move |ledger| {
            let view = ledger.view_of(to).map_err(|problem| match problem.code() {
                "query-invalid" => Refusal::query("to").into(),
                _ => problem,
            })?;
            let hashes = view.consistency(from);
            hashes.map_err(|error| problem_of(&error))
        })
        .await?;
    let hashes: Vec<_> =
        hashes.iter().map(|hash: &NodeHash| b64(hash.digest().as_bytes())).collect();
    Ok(immutable(to_json(&json!({ "from": from, "to": to, "hashes": hashes }))))
}

/// The cosigners that a client asks for, as a `tlog-policy`.
fn demanded(query: &Query) -> Result<Option<LogPolicy>, Refusal> {
    let Some(text) = query.get("policy") else { return Ok(None) };
    LogPolicy::parse(text).map(Some).map_err(|_| Refusal::query("policy"))
}

/// The newest checkpoint that a client's policy takes. None of the newest: its cosigners may still answer.
fn taken(ledger: &Ledger, policy: &LogPolicy) -> Result<View, Problem> {
    let view = ledger.reader().under(policy).newest_taken().map_err(|error| problem_of(&error))?;
    view.ok_or_else(|| Refusal::NotFound.into())
}

/// GET `/v1/checkpoints?at=<unix time>&policy=<tlog-policy>`: the newest checkpoint that the quorum of the policy had seen by
/// then; of the log's own policy, and up to now, without these.
pub(crate) async fn checkpoint_at(
    State(node): State<Arc<Node>>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::read(&uri, &["at", "policy"])?;
    let policy = demanded(&query)?;
    let at = match query.number("at")? {
        None => None,
        Some(at) => {
            let at = i64::try_from(at).ok().and_then(|at| Timestamp::from_seconds(at).ok());
            Some(at.ok_or_else(|| Refusal::query("at"))?)
        }
    };
    let note = node
        .read(move |ledger| {
            let reader = match &policy {
                None => ledger.reader(),
                Some(policy) => ledger.reader().under(policy),
            };
            let view = match at {
                None => reader.newest_taken(),
                Some(at) => reader.view_at(Some(at)),
            };
            let view = view.map_err(|error| problem_of(&error))?;
            view.map(|view| view.note().to_string()).ok_or_else(|| Refusal::NotFound.into())
        })
        .await?;
    Ok(typed(TEXT, note))
}
