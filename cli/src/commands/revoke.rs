//! `inkan revoke`: sets the bit, publishes the list, announces it on the ledger, in this order and never half of it.

use inkan_core::Timestamp;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::profile::{IssuedRecord, OwnDid, Record as _, Shelf, StatusListRecord};
use inkan_issuer::status::BitState;
use serde_json::json;

use super::issue::status;
use crate::args::RevokeArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{Writing, dry_run_lines, is_file};
use crate::output::Outcome;
use crate::prompt;
use crate::wallet;

/// What is to be revoked: whose it is, where its status lies, and our record of it if there is one.
struct Target {
    id: String,
    issuer: String,
    entry: StatusEntry,
    record: Option<(String, IssuedRecord)>,
}

pub(super) fn run(args: &RevokeArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let mut writing = Writing::begin(context, &home)?;
    let target = target(&args.credential, &home, context)?;
    let own = identity::own(&home, Some(args.from.as_deref().unwrap_or(&target.issuer)))?;
    let (name, record) = list_of(&target, &own, &home)?;
    let mut state = status::state_of(&record)?;
    let done = json!({
        "id": target.id, "list": target.entry.list_uri, "index": target.entry.index,
        "reason": args.reason,
    });
    if state.bits().get(target.entry.index)? {
        context.speech.say(&format!("{} is revoked already", target.id));
        return Ok(Outcome::new("inkan-revocation/1", String::new(), done));
    }
    if !args.write.yes && !args.write.dry_run {
        let question = format!("[{}] revoke {}? It cannot be undone.", home.name(), target.id);
        prompt::confirm(context.asking, &question)?;
    }
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let now = context.now();
    state.change(&target.entry, BitState::Set)?;
    let published = status::publish(state, name, (&own, &hand, &home), now)?;
    let mut intent = Intent { command: format!("revoke {}", target.id), ..Intent::default() };
    published.into_intent(&mut intent);
    remember(&target, &args.reason, now, &mut intent);
    if args.write.dry_run {
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    let accepted = writing.commit(&intent)?;
    let index = accepted.first().map(|accepted| accepted.leaf_index);
    let place = index.map(|index| format!(", entry {index} of {}", home.settings.origin));
    context.speech.say(&format!("revoked {}{}", target.id, place.unwrap_or_default()));
    Ok(Outcome::new("inkan-revocation/1", String::new(), done).with("entry", index))
}

/// A file's credential, or one of our records by id or name.
fn target(text: &str, home: &Home, context: &Context) -> Result<Target, Failure> {
    let records = home.profile.all::<IssuedRecord>()?;
    if is_file(text) {
        let bundle = wallet::read_bundle(&context.input(Some(text))?)?;
        let secured = wallet::credential_of(&bundle, text)?;
        let credential = secured.credential();
        let digest = secured.issuance_digest().to_b64u();
        let entry = credential.status().iter().find(|e| e.purpose == StatusPurpose::Revocation);
        return Ok(Target {
            id: credential.id().unwrap_or(text).to_owned(),
            issuer: credential.issuer().to_owned(),
            entry: entry.cloned().ok_or_else(|| not_revocable(text))?,
            record: records.into_iter().find(|(_, record)| record.digest == digest),
        });
    }
    let unknown =
        || CliError::CredentialUnknown { name: text.to_owned(), profile: home.name().to_owned() };
    let matches = |name: &str, record: &IssuedRecord| {
        let short = record.id.strip_prefix("urn:uuid:").unwrap_or(&record.id);
        let prefix = text.len() >= 8 && (name.starts_with(text) || short.starts_with(text));
        name == text || record.id == text || prefix
    };
    let found = records.into_iter().find(|(name, record)| matches(name, record));
    let (name, record) = found.ok_or_else(unknown)?;
    let (uri, index) = record.status.clone().ok_or_else(|| not_revocable(text))?;
    Ok(Target {
        id: record.id.clone(),
        issuer: record.issuer.clone(),
        entry: StatusEntry { purpose: StatusPurpose::Revocation, list_uri: uri, index, size: 1 },
        record: Some((name, record)),
    })
}

fn not_revocable(name: &str) -> CliError {
    let detail = "this credential names no status list: it was issued with --no-status".to_owned();
    CliError::InputMalformed { file: name.to_owned(), detail }
}

/// The list that the target names: it must be ours.
fn list_of(
    target: &Target,
    own: &OwnDid,
    home: &Home,
) -> Result<(String, StatusListRecord), Failure> {
    for (name, record) in home.profile.all::<StatusListRecord>()? {
        let ours = record.issuer == own.did && own.did == target.issuer;
        if ours && status::state_of(&record)?.uri() == target.entry.list_uri {
            return Ok((name, record));
        }
    }
    let detail = "its status list is not kept by this profile".to_owned();
    Err(CliError::InputMalformed { file: target.id.clone(), detail }.into())
}

fn remember(target: &Target, reason: &str, now: Timestamp, intent: &mut Intent) {
    if let Some((name, record)) = &target.record {
        let mut record = record.clone();
        record.revoked = Some((now, reason.to_owned()));
        intent.records.push(RecordDraft {
            shelf: Shelf::Issued,
            name: name.clone(),
            record: record.to_value(),
        });
    }
}
