//! `inkan revoke`, `inkan cred suspend`, `inkan cred reinstate`: sets or clears the bit, publishes the list, announces it on the
//! ledger, in this order and never half of it. `inkan cred message`: the same with a value of several bits.

mod message;
mod taken;

pub(super) use self::message::{Saying, run as message};

use inkan_core::Timestamp;
use inkan_credential::Credential;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::token_status_list::StatusReference;
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::profile::{IssuedRecord, OwnDid, Record as _, Shelf, StatusEvent, StatusListRecord};
use inkan_issuer::status::BitState;
use inkan_issuer::{StatusListState, StatusStateError};
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
use crate::render::report::short_did;
use crate::wallet;

/// What is to become of a credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    /// Cancelled for good.
    Revoke,
    /// Not to be relied on for now.
    Suspend,
    /// To be relied on again.
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
pub(super) struct Target {
    /// What it is called.
    pub(super) id: String,
    /// Its issuer's DID.
    pub(super) issuer: String,
    /// Where its status is.
    pub(super) entries: Vec<StatusEntry>,
    /// Our record of it, and the record's name.
    pub(super) record: Option<(String, IssuedRecord)>,
}

impl Target {
    fn entry(&self, purpose: StatusPurpose) -> Option<&StatusEntry> {
        self.entries.iter().find(|entry| entry.purpose == purpose)
    }

    /// With our record as it is now: it was read before anything was locked.
    pub(super) fn renewed(mut self, home: &Home) -> Result<Self, Failure> {
        if let Some((name, _)) = &self.record {
            let record = home.profile.find::<IssuedRecord>(name)?;
            self.record = record.map(|record| (name.clone(), record));
        }
        Ok(self)
    }
}

/// The credential, and the profile at the log where its issuer is at home: that is where its status is announced.
pub(super) fn at_issuer(
    credential: &str,
    from: Option<&str>,
    context: &mut Context,
) -> Result<(Home, Target), Failure> {
    let home = context.home()?;
    let target = target(credential, &home, context)?;
    let own = issuer(&target, from, &home)?;
    Ok((context.settled(&home, &own)?, target))
}

pub(super) fn run(args: &RevokeArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let (change, from) = (Change::Revoke, args.from.as_deref());
    let (credential, reason, write) = (&*args.credential, &*args.reason, &args.write);
    let effective = since(args.effective.as_deref(), context)?;
    carry_out(&Wish { change, credential, reason, from, effective, write }, context)
}

pub(super) fn suspend(args: &CredSuspendArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let (change, from) = (Change::Suspend, args.from.as_deref());
    let (credential, reason, write) = (&*args.credential, &*args.reason, &args.write);
    let effective = since(args.effective.as_deref(), context)?;
    carry_out(&Wish { change, credential, reason, from, effective, write }, context)
}

pub(super) fn reinstate(
    args: &CredReinstateArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let (change, from) = (Change::Reinstate, args.from.as_deref());
    let (credential, reason, write) = (&*args.credential, &*args.reason, &args.write);
    let effective = since(args.effective.as_deref(), context)?;
    carry_out(&Wish { change, credential, reason, from, effective, write }, context)
}

/// `--effective`: a time that is over.
fn since(text: Option<&str>, context: &Context) -> Result<Option<Timestamp>, Failure> {
    let effective = text.map(parse_time).transpose()?;
    if let Some(effective) = effective.filter(|effective| *effective > context.now()) {
        let usage =
            format!("a status takes effect when it is published, and {effective} is yet to come");
        return Err(CliError::Usage(usage).into());
    }
    Ok(effective)
}

fn carry_out(wish: &Wish<'_>, context: &mut Context) -> Result<Outcome, Failure> {
    let (home, found) = at_issuer(wish.credential, wish.from, context)?;
    let mut writing = Writing::begin(context, &home)?;
    let target = found.renewed(&home)?;
    let own = issuer(&target, wish.from, &home)?;
    taken::allowed(&target, (&own, &home), context.now())?;
    let (kind, _, state_after) = wish.change.words();
    let entry = target.entry(wish.change.purpose());
    let entry = entry.ok_or_else(|| not_possible(wish.credential, wish.change))?;
    let reading = writing.reading()?;
    let taken = taken::list(entry, &target, (&own, &home), &reading)?;
    if taken.is_some() && wish.change != Change::Revoke {
        taken::not_revoked(&target, (&own, &home), &reading)?;
    }
    let due = match taken {
        Some((name, state)) => Due::of(wish.change, entry, (name, state, None))?,
        None => due(wish.change, (entry, &target), (&own, &home))?,
    };
    let done = json!({
        "id": target.id, "list": entry.list_uri, "index": entry.index, "reason": wish.reason,
        "effective": wish.effective.map(|time| time.to_string()),
    });
    let Some(due) = due else {
        context.speech.say(&format!("{} is {state_after} already", target.id));
        return Ok(Outcome::new(kind, String::new(), done));
    };
    if wish.change == Change::Revoke && !wish.write.yes && !wish.write.dry_run {
        let question = format!("[{}] revoke {}? It cannot be undone.", home.name(), target.id);
        prompt::confirm(context.asking, &question)?;
    }
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let now = context.now();
    let event = (wish.effective.unwrap_or(now), wish.reason);
    let unannounced = due.kept.is_some().then(|| due.name.clone());
    let intent = due.intent((wish.change, entry, &target), event, (&own, &hand, &home), now)?;
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
    if let Some(list) = unannounced {
        context.speech.warn(&format!(
            "nobody sees it before you serve the list again: inkan -p {} status-list publish {list} --out FILE",
            home.name()
        ));
    }
    Ok(Outcome::new(kind, String::new(), done).with("entry", index))
}

/// Whose credential it is, which must be a DID of ours.
fn issuer(target: &Target, from: Option<&str>, home: &Home) -> Result<OwnDid, Failure> {
    identity::own(home, Some(from.unwrap_or(&target.issuer))).map_err(|failure| {
        if failure.code() != "did-unknown" || from.is_some() {
            return failure;
        }
        let whose = short_did(&target.issuer);
        let message = format!(
            "it was issued by {whose}, which is nobody in profile {:?}: its issuer alone changes its status",
            home.name()
        );
        Failure::new("did-unknown", message)
            .try_this("see who you are", format!("inkan -p {} did list", home.name()))
    })
}

/// A list that is to be changed: its name in the profile, and how it stands.
pub(super) struct Due {
    name: String,
    state: StatusListState,
    /// The list as it is kept, if no ledger announces it.
    kept: Option<StatusListRecord>,
}

/// The list to change; none if it says so already.
pub(super) fn due(
    change: Change,
    (entry, target): (&StatusEntry, &Target),
    (own, home): (&OwnDid, &Home),
) -> Result<Option<Due>, Failure> {
    if change != Change::Revoke && is_revoked(target, own, home)? {
        return Err(StatusStateError::Final.into());
    }
    let (name, record) = list_of(entry, target, own, home)?;
    let state = status::state_of(&record)?;
    Due::of(change, entry, (name, state, (!record.announced).then_some(record)))
}

impl Due {
    /// The change, unless the list says so already.
    fn of(
        change: Change,
        entry: &StatusEntry,
        (name, state, kept): (String, StatusListState, Option<StatusListRecord>),
    ) -> Result<Option<Self>, Failure> {
        let is_so = state.says(entry)? == (change.bit() == BitState::Set);
        Ok((!is_so).then_some(Self { name, state, kept }))
    }

    /// Everything that is written for a change; `event` is since when, and why.
    pub(super) fn intent(
        mut self,
        (change, entry, target): (Change, &StatusEntry, &Target),
        event: (Timestamp, &str),
        (own, hand, home): (&OwnDid, &Hand<'_>, &Home),
        now: Timestamp,
    ) -> Result<Intent, Failure> {
        let (_, verb, _) = change.words();
        self.state.change(entry, change.bit())?;
        let mut intent = Intent { command: format!("{verb} {}", target.id), ..Intent::default() };
        match self.kept {
            None => status::publish(self.state, self.name, (own, hand, home), now)?
                .into_intent(&mut intent),
            Some(record) => {
                let record = StatusListRecord { state: self.state.to_value()?, ..record };
                let (shelf, record) = (Shelf::StatusLists, record.to_value());
                intent.records.push(RecordDraft { shelf, name: self.name, record });
            }
        }
        remember(target, change, event, &mut intent);
        Ok(intent)
    }
}

/// So many characters of a name or id may stand for the whole where a state is changed.
const LEAST_OF_ISSUED: usize = 8;

/// A file's credential, or one of our records by name, id, or what either begins with.
fn target(text: &str, home: &Home, context: &Context) -> Result<Target, Failure> {
    let records = home.profile.all::<IssuedRecord>()?;
    if is_file(text) {
        let bundle = wallet::read_bundle(&context.input(Some(text))?)?;
        let secured = wallet::credential_of(&bundle, text)?;
        let credential = secured.credential();
        let digest = secured.issuance_digest().to_b64u();
        let record = records.into_iter().find(|(_, record)| record.digest == digest);
        // Certificates name an issuer by another name than its keys' DID.
        let own = record.as_ref().map(|(_, record)| record.issuer.clone());
        return Ok(Target {
            id: credential.id().unwrap_or(text).to_owned(),
            issuer: own.unwrap_or_else(|| credential.issuer().to_owned()),
            entries: entries_of(credential),
            record,
        });
    }
    let all = records.into_iter().map(|(name, record)| (name, record.id.clone(), record)).collect();
    let (name, id, record) = wallet::one_of(all, text, LEAST_OF_ISSUED, home.name())?;
    Ok(Target {
        id,
        issuer: record.issuer.clone(),
        entries: entries(&record),
        record: Some((name, record)),
    })
}

/// The places of what was issued, by our record of it.
pub(super) fn entries(record: &IssuedRecord) -> Vec<StatusEntry> {
    let of = |purpose, place: &Option<(String, u64)>| {
        place.as_ref().map(|(uri, index)| StatusEntry::new(purpose, uri, *index))
    };
    let revocation = of(StatusPurpose::Revocation, &record.status);
    let suspension = of(StatusPurpose::Suspension, &record.suspension);
    revocation.into_iter().chain(suspension).collect()
}

/// The places that a credential names; one in a token list is for both purposes.
fn entries_of(credential: &Credential) -> Vec<StatusEntry> {
    let of_token = |entry: &StatusReference| {
        [StatusPurpose::Revocation, StatusPurpose::Suspension]
            .map(|purpose| StatusEntry::new(purpose, &entry.uri, entry.index))
    };
    let token = credential.token_status().map(of_token);
    credential.status().iter().cloned().chain(token.into_iter().flatten()).collect()
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
    Ok(status::state_of(&record)?.says(entry)?)
}

/// The list that an entry of the credential names: it must be ours.
fn list_of(
    entry: &StatusEntry,
    target: &Target,
    own: &OwnDid,
    home: &Home,
) -> Result<(String, StatusListRecord), Failure> {
    for (name, record) in home.profile.all::<StatusListRecord>()? {
        // A predecessor's list is one's own once it was taken over.
        let ours = own.did == target.issuer || status::is_taken(&name);
        if ours && record.issuer == own.did && status::state_of(&record)?.uri() == entry.list_uri {
            return Ok((name, record));
        }
    }
    let detail = format!(
        "its status list {} is not kept by this profile; one that an API serves is changed there: POST /credentials/status",
        entry.list_uri,
    );
    Err(CliError::InputMalformed { file: target.id.clone(), detail }.into())
}

fn remember(target: &Target, change: Change, event: (Timestamp, &str), intent: &mut Intent) {
    if let Some((name, record)) = &target.record {
        let mut record = record.clone();
        let (_, verb, _) = change.words();
        record.events.push(StatusEvent {
            change: verb.to_owned(),
            at: event.0,
            reason: event.1.to_owned(),
        });
        let event = Some((event.0, event.1.to_owned()));
        match change {
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
