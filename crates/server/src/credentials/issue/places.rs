//! Places in status lists: which ones a new credential gets, and how it names them.

use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::token_status_list::StatusReference;
use serde_json::Value;

use super::enveloped;
use crate::credentials::answer::{Cause, Refusal};
use crate::credentials::backing::{Allotment, Backing};
use crate::credentials::envelope::{Options, option};
use crate::credentials::service::Service;
use crate::credentials::suites::Suite;

/// Which places a new credential gets, as far as they can be kept. What was asked for and cannot be kept is refused; what every
/// credential gets is for those that can have it.
pub(super) fn allotment(
    service: &Service,
    (suite, recorder): (Suite, Option<&dyn Backing>),
    options: &Options,
) -> Result<Allotment, Refusal> {
    let refused = |detail: &str| Refusal::bad(Cause::StatusNotKept.code(), detail.to_owned());
    let form = enveloped::lists(suite, options)?;
    // A token list is announced by a ledger.
    let can_keep = suite.whole().is_some() && (recorder.is_some() || !form.is_token());
    let purposes = match &options.status {
        Some(asked) => asked.clone(),
        None if options.lists.is_none() && !can_keep => Vec::new(),
        None => service.options.status.clone(),
    };
    if !purposes.is_empty() && suite.whole().is_none() {
        return Err(refused("this suite's key cannot sign a status list: ask for no status"));
    }
    let says = purposes.contains(&StatusPurpose::Message);
    if says == options.messages.is_empty() {
        return Err(option("statusMessages"));
    }
    if !says && !options.references.is_empty() {
        return Err(option("statusReferences"));
    }
    if form.is_token() {
        if recorder.is_none() && !purposes.is_empty() {
            return Err(refused(
                "token status lists are those that a ledger announces, and what this key signs is not recorded",
            ));
        }
        if suite.cryptosuite().is_some() {
            let detail = "places in token status lists are named in JWTs, SD-JWTs and COSE messages: ask for statusLists bitstring";
            return Err(refused(detail));
        }
        if says {
            return Err(refused("messages are said in a Bitstring Status List, not in a token"));
        }
    }
    let (messages, references) = (options.messages.clone(), options.references.clone());
    Ok(Allotment { purposes, messages, references, form })
}

/// Adds entries to those that the caller gave.
pub(super) fn add_status(credential: &mut Value, entries: Vec<Value>) {
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

/// The place in a token status list, which is named in a claim of its own.
pub(super) fn add_token_status(credential: &mut Value, entry: &StatusEntry) -> Result<(), Refusal> {
    let Value::Object(members) = credential else { return Ok(()) };
    let place = StatusReference { index: entry.index, uri: entry.list_uri.clone() };
    if members.insert("status".to_owned(), place.to_claim()).is_some() {
        let detail = "status: its place in a status list is said by this server";
        return Err(Refusal::bad(Cause::RequestMalformed.code(), detail));
    }
    Ok(())
}
