//! The gateway role (§6.4 of the ledger specification): DID logs, witness proofs and status lists under the hosts and
//! paths that their DIDs and URIs name; the keys of these DIDs, where readers of SD-JWT VCs look for an issuer's.
//!
//! In scope: from `Host` and path to a file under `public/`. Out of scope: what is published there (`inkan-io`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::Response;
use inkan_core::{json, limits};
use inkan_crypto::jws::names_media_type;
use inkan_did::{Did, published};
use inkan_ledger::Flags;
use serde::Deserialize;

use super::admit::is_from_proxy;
use super::dids::{head_of, tagged};
use super::leaves::typed;
use super::ledger::Ledger;
use super::node::Node;
use super::refusal::Refusal;
use super::statics;
use crate::connections::Peer;
use crate::problem::Problem;

/// Any path that is no other route's.
pub(crate) async fn file(
    State(node): State<Arc<Node>>,
    peer: Option<Extension<Peer>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !matches!(method, Method::GET | Method::HEAD) {
        return Err(Refusal::NotFound.into());
    }
    let from_proxy = is_from_proxy(&node, peer.as_deref());
    let host = host_of(&headers, from_proxy).ok_or(Refusal::NotFound)?;
    if !serves(&node.gateway_hosts, &host) {
        return Err(Refusal::NotFound.into());
    }
    if let Some(log) = published::log_url(&host, uri.path()) {
        return issuer_metadata(&node, log).await;
    }
    let url = format!("https://{host}{}", uri.path());
    let path = node.ledger.public_path(&url).ok_or(Refusal::NotFound)?;
    if uri.path().ends_with("/did.jsonl") {
        let version = newest_version(&node, path.clone()).await?;
        let body = statics::file(&node, path).await?;
        return Ok(tagged(&headers, &version, "text/jsonl", body));
    }
    let media_type = if uri.path().ends_with("/did-witness.json") {
        "application/json"
    } else {
        media_type_of(&node, path.clone()).await?
    };
    let mut response = typed(media_type, statics::file(&node, path).await?);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    Ok(response)
}

/// The keys of the DID whose log lies at `url`, for readers of SD-JWT VCs: those of its newest version. Of a DID that has ended, or
/// lives elsewhere by now, there are none.
async fn issuer_metadata(node: &Arc<Node>, url: String) -> Result<Response, Problem> {
    let path = node.ledger.public_path(&url).ok_or(Refusal::NotFound)?;
    let metadata = node.view(None, move |_, view| {
        let did = did_in(&path).ok_or(Refusal::NotFound)?;
        let head = head_of(view, did.scid().ok_or(Refusal::NotFound)?)?;
        let here = head.entry.did().document_url().is_some_and(|own| own == url);
        // This log takes no later version of what has moved: its keys may be anybody's by now.
        if head.value.flags.has(Flags::ENDED) || head.value.flags.has(Flags::MOVED) || !here {
            return Err(Refusal::NotFound.into());
        }
        let metadata = published::jwt_vc_issuer(head.entry.document());
        Ok(metadata.ok_or(Refusal::NotFound)?.to_string())
    });
    let mut response = typed("application/json", metadata.await?);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    Ok(response)
}

/// Whose log a published file is, by its last line.
fn did_in(path: &Path) -> Option<Did> {
    let log = Ledger::public_file(path).ok()?;
    let last = log.strip_suffix(b"\n").unwrap_or(&log).rsplit(|byte| *byte == b'\n').next()?;
    let line = json::parse(last, limits::DID_LOG).ok()?;
    Did::parse(line.pointer("/state/id")?.as_str()?).ok()
}

/// Whether this is one of the hosts whose gateway the node is.
fn serves(hosts: &[String], host: &str) -> bool {
    hosts.is_empty() || hosts.iter().any(|one| one.eq_ignore_ascii_case(host))
}

/// The host that the client asked, in lower case; behind a configured proxy, the one that it names.
fn host_of(headers: &HeaderMap, from_proxy: bool) -> Option<String> {
    let named = headers.get("x-forwarded-host").filter(|_| from_proxy);
    let host = named.or_else(|| headers.get(header::HOST))?.to_str().ok()?;
    let host = host.trim().to_ascii_lowercase();
    Some(host.strip_suffix(":443").map_or_else(|| host.clone(), str::to_owned))
}

/// The `versionId` of the last line.
async fn newest_version(node: &Arc<Node>, path: PathBuf) -> Result<String, Problem> {
    #[derive(Deserialize)]
    struct Line {
        #[serde(rename = "versionId")]
        version_id: String,
    }
    node.read(move |_| {
        let log = Ledger::public_file(&path)?;
        let last = log.strip_suffix(b"\n").unwrap_or(&log).rsplit(|byte| *byte == b'\n').next();
        let line: Line =
            serde_json::from_slice(last.unwrap_or_default()).map_err(|_| Refusal::Fault)?;
        Ok(line.version_id)
    })
    .await
}

/// A status list says itself which form it has.
async fn media_type_of(node: &Arc<Node>, path: PathBuf) -> Result<&'static str, Problem> {
    node.read(move |_| {
        let bytes = Ledger::public_file(&path)?;
        Ok(match bytes.first() {
            Some(b'{') => "application/vc",
            Some(b'e') if is_token(&bytes) => "application/statuslist+jwt",
            Some(b'e') => "application/vc+jwt",
            Some(_) => "application/statuslist+cwt",
            None => "application/octet-stream",
        })
    })
    .await
}

/// Whether the header of a JWT says that it is a status list token.
fn is_token(jwt: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Head {
        typ: String,
    }
    let head = jwt.split(|byte| *byte == b'.').next().and_then(|head| str::from_utf8(head).ok());
    let head = head.and_then(|head| inkan_core::encoding::decode_b64u(head).ok());
    head.and_then(|head| serde_json::from_slice::<Head>(&head).ok())
        .is_some_and(|head| names_media_type(&head.typ, "statuslist+jwt"))
}

#[cfg(test)]
mod tests;
