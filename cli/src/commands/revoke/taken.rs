//! Revoking what a predecessor issued: its status list is taken over, bit for bit, and announced anew under the successor's name.
//!
//! Whether that counts is for registries to say, and for verifiers to ask (`inkan trust add B --succeeds A --as AUTHORITY`).

use inkan_core::{Timestamp, json, sha256};
use inkan_credential::SecuredCredential;
use inkan_credential::model::StatusEntry;
use inkan_evidence::registry::declared;
use inkan_io::profile::{OwnDid, StatusListRecord};
use inkan_issuer::StatusListState;
use inkan_ledger::{Kind, Leaf, SignedEntry};

use super::Target;
use crate::commands::issue::status;
use crate::context::Home;
use crate::failure::{CliError, Failure};
use crate::ledgers::Reading;
use crate::registries;
use crate::render::report::short_did;

/// The predecessor's list as it stands; none if it is no predecessor's, or was taken over before.
pub(super) fn list(
    entry: &StatusEntry,
    target: &Target,
    (own, home): (&OwnDid, &Home),
    reading: &Reading,
) -> Result<Option<(String, StatusListState)>, Failure> {
    if own.did == target.issuer {
        return Ok(None);
    }
    for (_, record) in home.profile.all::<StatusListRecord>()? {
        if record.issuer == own.did && status::state_of(&record)?.uri() == entry.list_uri {
            return Ok(None);
        }
    }
    let encoded = newest(entry, target, reading)?;
    let state = StatusListState::taken_over(&entry.list_uri, entry.purpose, &encoded)?;
    Ok(Some((status::taken_name(&entry.list_uri), state)))
}

/// Whether one's own DID is the issuer, or is known to have taken over from it: verifiers pass over anybody else's list.
pub(super) fn allowed(
    target: &Target,
    (own, home): (&OwnDid, &Home),
    now: Timestamp,
) -> Result<(), Failure> {
    if own.did == target.issuer {
        return Ok(());
    }
    let known = declared(&registries::of(home, (now, now), registries::Terms::default())?, now);
    if known.successors(&target.issuer).any(|term| term.successor == own.did && term.covers(now)) {
        return Ok(());
    }
    let message = format!(
        "nobody whom this profile trusts says that {} has taken over from {}: its word would change nothing",
        own.name,
        short_did(&target.issuer)
    );
    let remedy = format!("inkan trust add {} --succeeds {}", own.did, target.issuer);
    Err(Failure::new("did-unknown", message).try_this("if it has, say so", remedy))
}

/// What the newest list of the predecessor says, as the ledger has it.
fn newest(entry: &StatusEntry, target: &Target, reading: &Reading) -> Result<String, Failure> {
    let missing = || {
        let detail = format!("the ledger has no status list {} of its issuer", entry.list_uri);
        Failure::from(CliError::InputMalformed { file: target.id.clone(), detail })
    };
    let heads = reading.view().status_entries(&target.issuer, &entry.list_uri)?;
    let head = heads.last().ok_or_else(missing)?;
    let leaf = Leaf::parse(head.leaf_bytes())?;
    let signed = SignedEntry::parse(Kind::Status, leaf.body()).map_err(|_| missing())?;
    let claims = signed.claims().status().ok_or_else(missing)?;
    let body = reading.source().status_list(&target.issuer, &entry.list_uri, claims.sequence)?;
    let body = body.ok_or_else(missing)?;
    if sha256(&[&body]) != claims.digest {
        return Err(missing());
    }
    let secured = SecuredCredential::parse(&body).map_err(|_| missing())?;
    let value = secured.credential().value();
    let subject = value.get("credentialSubject").ok_or_else(missing)?;
    json::text(subject, "encodedList").map(str::to_owned).ok_or_else(missing)
}
