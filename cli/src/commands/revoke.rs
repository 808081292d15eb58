//! `inkan revoke`, `inkan cred suspend`, `inkan cred reinstate`: sets or clears the bit, publishes the list, announces it on the
//! ledger, in this order and never half of it.

use inkan_core::Timestamp;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::profile::{IssuedRecord, OwnDid, Record as _, Shelf, StatusListRecord};
use inkan_issuer::StatusStateError;
use inkan_issuer::status::BitState;
use serde_json::json;

use super::did::parse_time;
use super::issue::status;
use crate::args::{CredReinstateArgs, CredSuspendArgs, RevokeArgs, WriteArgs};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{Writing, dry_run_lines, is_file};
use crate::output::Outcome;
use crate::prompt;
use crate::wallet;

/// What is to become of a credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Change {
    Revoke,
    Suspend,
    Reinstate,
}

impl Change {
    /// Which list says so.
    const fn purpose(self) -> StatusPurpose {
        match self {
            Self::Revoke => StatusPurpose::Revocation,
            Self::Suspend | Self::Reinstate => StatusPurpose::Suspension,
        }
    }

    const fn bit(self) -> BitState {
        match self {
            Self::Revoke | Self::Suspend => BitState::Set,
            Self::Reinstate => BitState::Clear,
        }
    }

    /// The `type` of the result, the command, and what the credential is then.
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Revoke => ("inkan-revocation/1", "revoke", "revoked"),
            Self::Suspend => ("inkan-suspension/1", "suspend", "suspended"),
            Self::Reinstate => ("inkan-reinstatement/1", "reinstate", "in force"),
        }
    }
}

/// What is asked for.
struct Wish<'a> {
    change: Change,
    credential: &'a str,
    reason: &'a str,
    from: Option<&'a str>,
    effective: Option<Timestamp>,
    write: &'a WriteArgs,
}

/// The credential: whose it is, where its status lies, and our record of it if there is one.
struct Target {
    id: String,
    issuer: String,
    entries: Vec<StatusEntry>,
    record: Option<(String, IssuedRecord)>,
}

impl Target {
    fn entry(&self, purpose: StatusPurpose) -> Option<&StatusEntry> {
        self.entries.iter().find(|entry| entry.purpose == purpose)
    }
}

pub(super) fn run(args: &RevokeArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let (change, from) = (Change::Revoke, args.from.as_deref());
    let (credential, reason, write) = (&*args.credential, &*args.reason, &args.write);
    let effective = args.effective.as_deref().map(parse_time).transpose()?;
    if let Some(effective) = effective.filter(|effective| *effective > context.now()) {
        let usage = format!(
            "a revocation takes effect when it is published, and {effective} is yet to come"
        );
        return Err(CliError::Usage(usage).into());
    }
    carry_out(&Wish { change, credential, reason, from, effective, write }, context)
}

pub(super) fn suspend(args: &CredSuspendArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let (change, from) = (Change::Suspend, args.from.as_deref());
    let (credential, reason, write) = (&*args.credential, &*args.reason, &args.write);
    carry_out(&Wish { change, credential, reason, from, effective: None, write }, context)
}

pub(super) fn reinstate(
    args: &CredReinstateArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let (change, from) = (Change::Reinstate, args.from.as_deref());
    let (credential, reason, write) = (&*args.credential, "", &args.write);
    carry_out(&Wish { change, credential, reason, from, effective: None, write }, context)
}

fn carry_out(wish: &Wish<'_>, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let mut writing = Writing::begin(context, &home)?;
    let target = target(wish.credential, &home, context)?;
    let own = identity::own(&home, Some(wish.from.unwrap_or(&target.issuer)))?;
    let (kind, verb, state_after) = wish.change.words();
    let entry = target.entry(wish.change.purpose());
    let entry = entry.ok_or_else(|| not_possible(wish.credential, wish.change))?;
    if wish.change != Change::Revoke && is_revoked(&target, &own, &home)? {
        return Err(StatusStateError::Final.into());
    }
    let (name, record) = list_of(entry, &target, &own, &home)?;
    let mut state = status::state_of(&record)?;
    let done = json!({
        "id": target.id, "list": entry.list_uri, "index": entry.index, "reason": wish.reason,
        "effective": wish.effective.map(|time| time.to_string()),
    });
    if state.bits().get(entry.index)? == (wish.change.bit() == BitState::Set) {
        context.speech.say(&format!("{} is {state_after} already", target.id));
        return Ok(Outcome::new(kind, String::new(), done));
    }
    if wish.change == Change::Revoke && !wish.write.yes && !wish.write.dry_run {
        let question = format!("[{}] revoke {}? It cannot be undone.", home.name(), target.id);
        prompt::confirm(context.asking, &question)?;
    }
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let now = context.now();
    state.change(entry, wish.change.bit())?;
    let published = status::publish(state, name, (&own, &hand, &home), now)?;
    let mut intent = Intent { command: format!("{verb} {}", target.id), ..Intent::default() };
    published.into_intent(&mut intent);
    remember(&target, wish, now, &mut intent);
    if wish.write.dry_run {
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    let accepted = writing.commit(&intent)?;
    let index = accepted.first().map(|accepted| accepted.leaf_index);
    let place = index.map(|index| format!(", entry {index} of {}", home.settings.origin));
    let said = match wish.change {
        Change::Revoke | Change::Suspend => state_after,
        Change::Reinstate => "reinstated",
    };
    context.speech.say(&format!("{said} {}{}", target.id, place.unwrap_or_default()));
    Ok(Outcome::new(kind, String::new(), done).with("entry", index))
}

/// A file's credential, or one of our records by id or name.
fn target(text: &str, home: &Home, context: &Context) -> Result<Target, Failure> {
    let records = home.profile.all::<IssuedRecord>()?;
    if is_file(text) {
        let bundle = wallet::read_bundle(&context.input(Some(text))?)?;
        let secured = wallet::credential_of(&bundle, text)?;
        let credential = secured.credential();
        let digest = secured.issuance_digest().to_b64u();
        return Ok(Target {
            id: credential.id().unwrap_or(text).to_owned(),
            issuer: credential.issuer().to_owned(),
            entries: credential.status().to_vec(),
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
    let entry = |purpose, place: &Option<(String, u64)>| {
        place.as_ref().map(|(uri, index)| StatusEntry::new(purpose, uri, *index))
    };
    let entries = [
        entry(StatusPurpose::Revocation, &record.status),
        entry(StatusPurpose::Suspension, &record.suspension),
    ];
    Ok(Target {
        id: record.id.clone(),
        issuer: record.issuer.clone(),
        entries: entries.into_iter().flatten().collect(),
        record: Some((name, record)),
    })
}

/// The credential names no list for this change.
fn not_possible(name: &str, change: Change) -> CliError {
    let detail = match change {
        Change::Revoke => "this credential names no status list: it was issued with --no-status",
        Change::Suspend | Change::Reinstate => {
            "this credential names no suspension list: it was issued without --suspendable"
        }
    };
    CliError::InputMalformed { file: name.to_owned(), detail: detail.to_owned() }
}

/// Whether the credential was revoked, by our record or by the list as we keep it.
fn is_revoked(target: &Target, own: &OwnDid, home: &Home) -> Result<bool, Failure> {
    if target.record.as_ref().is_some_and(|(_, record)| record.revoked.is_some()) {
        return Ok(true);
    }
    let Some(entry) = target.entry(StatusPurpose::Revocation) else { return Ok(false) };
    let (_, record) = list_of(entry, target, own, home)?;
    Ok(status::state_of(&record)?.bits().get(entry.index)?)
}

/// The list that an entry of the credential names: it must be ours.
fn list_of(
    entry: &StatusEntry,
    target: &Target,
    own: &OwnDid,
    home: &Home,
) -> Result<(String, StatusListRecord), Failure> {
    for (name, record) in home.profile.all::<StatusListRecord>()? {
        let ours = record.issuer == own.did && own.did == target.issuer;
        if ours && status::state_of(&record)?.uri() == entry.list_uri {
            return Ok((name, record));
        }
    }
    let detail = "its status list is not kept by this profile".to_owned();
    Err(CliError::InputMalformed { file: target.id.clone(), detail }.into())
}

fn remember(target: &Target, wish: &Wish<'_>, now: Timestamp, intent: &mut Intent) {
    if let Some((name, record)) = &target.record {
        let mut record = record.clone();
        let event = Some((wish.effective.unwrap_or(now), wish.reason.to_owned()));
        match wish.change {
            Change::Revoke => record.revoked = event,
            Change::Suspend => record.suspended = event,
            Change::Reinstate => record.suspended = None,
        }
        intent.records.push(RecordDraft {
            shelf: Shelf::Issued,
            name: name.clone(),
            record: record.to_value(),
        });
    }
}
