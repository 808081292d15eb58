//! Writes that touch both the ledger and the profile, as one: an intent is on disk before the first of them, every
//! step can be repeated, and the next command finishes what a crash interrupted.
//!
//! In scope: order, durability, repetition. Out of scope: what the entries say (`cli` composes them).
//!
//! Steps of an intent, in this order: stage status lists, submit entries, wait until a checkpoint covers them, deliver
//! status lists, write records. The ledger answers a repeated entry with the index it already has, publishing and
//! writing are replacements: so a redo changes nothing that was done.

use std::collections::BTreeMap;

use inkan_core::rng::draw;
use inkan_core::{Timestamp, encoding, json};
use inkan_credential::bundle::served_bytes;
use inkan_ledger::{Claims, Kind, SignedEntry};
use serde_json::{Value, json};

use crate::ledger_folder::{Accepted, Standing};
use crate::ledger_sink::{LedgerSink, Submitted, id_of};
use crate::ledger_source::{LedgerError, SourceView};
use crate::os_rng::OsRng;
use crate::profile::{Profile, ProfileError, Shelf};

/// So many entries are named in an error; more are counted.
const NAMED: usize = 5;

/// A ledger entry to submit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EntryDraft {
    /// Its kind.
    pub kind: Kind,
    /// Its body, as it will stand in the log.
    pub body: String,
}

/// A status list as it will be served.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublishedList {
    /// The DID that announces it.
    pub issuer: String,
    /// Its https URI.
    pub uri: String,
    /// Number of this version.
    pub sequence: u64,
    /// What is to be served: a text, or base64url of bytes that are none
    /// (see [`ServedStatusList::body`](inkan_credential::bundle::ServedStatusList::body)).
    pub body: String,
}

/// A record to write into the profile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordDraft {
    /// On which shelf.
    pub shelf: Shelf,
    /// Under which name.
    pub name: String,
    /// The record.
    pub record: Value,
}

/// Everything that one command writes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Intent {
    /// The command, for the person who has to be told.
    pub command: String,
    /// Status lists to publish.
    pub lists: Vec<PublishedList>,
    /// Entries to submit, in order.
    pub entries: Vec<EntryDraft>,
    /// Records to write after that.
    pub records: Vec<RecordDraft>,
    /// On which entries a record rests, by their places: it is written when these are on the ledger, even if others are refused.
    /// Of a record that is not named here: on all of them.
    pub rests: BTreeMap<usize, Vec<usize>>,
}

impl Intent {
    /// Adds a record that rests on these entries alone, by their places; on none, it is written as soon as anything is recorded.
    pub fn keep(&mut self, record: RecordDraft, entries: impl IntoIterator<Item = usize>) {
        self.rests.insert(self.records.len(), entries.into_iter().collect());
        self.records.push(record);
    }

    /// The records that may be written when these entries are on the ledger.
    fn records_of(&self, taken: &[Option<Accepted>]) -> impl Iterator<Item = &RecordDraft> {
        let is_taken = |entry: &usize| taken.get(*entry).is_some_and(Option::is_some);
        self.records.iter().enumerate().filter_map(move |(place, record)| {
            let rests = match self.rests.get(&place) {
                Some(entries) => entries.iter().all(is_taken),
                None => taken.iter().all(Option::is_some),
            };
            rests.then_some(record)
        })
    }
}

/// Why an intent was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum IntentError {
    /// The profile could not be written.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The ledger refused an entry, or could not be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Rules refuse an entry when others are on the ledger: what rests on those alone is written, the intent is gone.
    #[error("{}", partly(recorded, missing))]
    Partly {
        /// What is on the ledger, and where.
        recorded: Vec<(Kind, u64)>,
        /// What is not, and will not be.
        missing: Vec<Kind>,
        /// Why.
        source: Box<LedgerError>,
    },
    /// An intent on disk is damaged.
    #[error("intent {name}: member {member:?} is missing or malformed")]
    Malformed {
        /// Its name.
        name: String,
        /// The member.
        member: &'static str,
    },
}

impl IntentError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Profile(error) => error.code(),
            Self::Ledger(error) => error.code(),
            Self::Partly { source, .. } => source.code(),
            Self::Malformed { .. } => "profile-record-malformed",
        }
    }

    /// What shows that a node lied, to be kept.
    #[must_use]
    pub fn evidence(&self) -> Option<Value> {
        let error = match self {
            Self::Ledger(error) => error,
            Self::Partly { source, .. } => source.as_ref(),
            Self::Profile(_) | Self::Malformed { .. } => return None,
        };
        match error {
            LedgerError::Node(error) => error.evidence(),
            LedgerError::Folder(_) => None,
        }
    }
}

fn partly(recorded: &[(Kind, u64)], missing: &[Kind]) -> String {
    let named = |(kind, index): &(Kind, u64)| format!("{index} ({kind})");
    let mut recorded: Vec<String> = recorded.iter().map(named).collect();
    let more = recorded.len().saturating_sub(NAMED);
    recorded.truncate(NAMED);
    if more > 0 {
        recorded.push(format!("{more} more"));
    }
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for kind in missing {
        let count = kinds.entry(*kind).or_default();
        *count = count.saturating_add(1);
    }
    let counted = |(kind, count): (&Kind, &usize)| format!("{count} {kind}");
    let missing: Vec<String> = kinds.iter().map(counted).collect();
    format!(
        "on the ledger, for good: entries {}; refused or not sent: {}",
        recorded.join(", "),
        missing.join(", ")
    )
}

/// What became of an intent that an earlier command left behind.
#[derive(Debug)]
pub struct Healed {
    /// The command that was interrupted.
    pub command: String,
    /// What became of it.
    pub fate: Fate,
}

/// How an intent that was left behind ended.
#[derive(Debug)]
pub enum Fate {
    /// It was finished.
    Finished,
    /// Rules refuse it: it was dropped, and nothing of it is on the ledger.
    Dropped(LedgerError),
    /// Rules refuse some of it: what rests on the others is written, and the rest was dropped.
    Partly(IntentError),
    /// It makes a DID that the node does not take yet: it stays, and holds up nothing else, since nothing rests on it.
    Waits(LedgerError),
}

/// Carries out `intent`: first it is on disk, then its steps are made, then it is gone.
///
/// The caller holds the profile's lock. The answers are those of the entries, in order.
///
/// # Errors
///
/// [`IntentError`]. If the ledger refuses an entry by its rules the intent is dropped, with [`IntentError::Partly`] after what rests
/// on the entries that are recorded was written; after any other failure it stays, and [`heal`] finishes it.
pub fn carry_out(
    intent: &Intent,
    profile: &Profile,
    ledger: &mut LedgerSink,
    now: Timestamp,
) -> Result<Vec<Accepted>, IntentError> {
    let suffix = encoding::hex(&draw::<4>(&mut OsRng));
    let name = format!("{}-{suffix}", now.seconds());
    let mut kept = to_value(intent);
    name_log(&mut kept, ledger.origin());
    profile.put(Shelf::Intents, &name, &kept)?;
    let done = steps(intent, Attempt::First, profile, ledger, now);
    let stays = matches!(&done, Err(error) if !is_final(error));
    if !stays {
        profile.remove(Shelf::Intents, &name)?;
    }
    done
}

/// Says in which log an intent was begun.
fn name_log(intent: &mut Value, log: Option<&str>) {
    if let (Some(log), Some(members)) = (log, intent.as_object_mut()) {
        members.insert("log".to_owned(), log.into());
    }
}

/// Finishes what earlier commands left behind in this ledger, oldest first. What was begun in another log stays for a command that
/// writes there; earlier versions knew only `first`, the log that the profile began with, and did not name it.
///
/// # Errors
///
/// [`IntentError`] if one can neither be finished nor dropped now, and others may rest on it.
pub fn heal(
    profile: &Profile,
    ledger: &mut LedgerSink,
    first: &str,
    now: Timestamp,
) -> Result<Vec<Healed>, IntentError> {
    let mut out = Vec::new();
    if is_pending(profile)? {
        // What was submitted and not covered yet must be found below.
        ledger.cover(now)?;
    }
    for name in profile.names(Shelf::Intents)? {
        let Some(mut value) = profile.get(Shelf::Intents, &name)? else { continue };
        let named = json::text(&value, "log").map(str::to_owned);
        let log = named.as_deref().unwrap_or(first);
        if ledger.origin().is_some_and(|here| here != log) {
            continue;
        }
        let intent = from_value(&value)
            .map_err(|member| IntentError::Malformed { name: name.clone(), member })?;
        let fate = match steps(&intent, Attempt::Again, profile, ledger, now) {
            Ok(_) => Fate::Finished,
            Err(IntentError::Ledger(error)) if error.is_rule() => Fate::Dropped(error),
            Err(IntentError::Ledger(error)) if error.is_quota() => Fate::Waits(error),
            Err(error @ IntentError::Partly { .. }) => Fate::Partly(error),
            Err(error) => return Err(error),
        };
        if !matches!(fate, Fate::Waits(_)) {
            profile.remove(Shelf::Intents, &name)?;
        } else if named.is_none() {
            name_log(&mut value, Some(first));
            profile.put(Shelf::Intents, &name, &value)?;
        }
        out.push(Healed { command: intent.command, fate });
    }
    Ok(out)
}

/// Whether any intent waits to be finished.
///
/// # Errors
///
/// [`ProfileError`].
pub fn is_pending(profile: &Profile) -> Result<bool, ProfileError> {
    Ok(!profile.names(Shelf::Intents)?.is_empty())
}

/// Whether an entry may have been recorded by an earlier run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Attempt {
    First,
    Again,
}

fn steps(
    intent: &Intent,
    attempt: Attempt,
    profile: &Profile,
    ledger: &mut LedgerSink,
    now: Timestamp,
) -> Result<Vec<Accepted>, IntentError> {
    for list in &intent.lists {
        ledger.stage_list(&list.issuer, &list.uri, list.sequence, &served_bytes(&list.body))?;
    }
    let Submitted { taken, refused } = submit(intent, attempt, ledger, now)?;
    if let Some(error) = refused {
        if !error.is_rule() || taken.iter().all(Option::is_none) {
            return Err(error.into());
        }
        finish(intent, &taken, profile, ledger, now)?;
        return Err(part(intent, &taken, error));
    }
    finish(intent, &taken, profile, ledger, now)?;
    Ok(taken.into_iter().flatten().collect())
}

/// The steps after the entries, for those that are on the ledger.
fn finish(
    intent: &Intent,
    taken: &[Option<Accepted>],
    profile: &Profile,
    ledger: &mut LedgerSink,
    now: Timestamp,
) -> Result<(), IntentError> {
    if !intent.entries.is_empty() {
        ledger.cover(now)?;
    }
    let whole = taken.iter().all(Option::is_some);
    for list in &intent.lists {
        if whole || is_announced(list, intent, taken) {
            let bytes = served_bytes(&list.body);
            ledger.deliver_list(&list.issuer, &list.uri, list.sequence, &bytes)?;
        }
    }
    let records = intent.records_of(taken);
    profile.put_all(records.map(|draft| (draft.shelf, draft.name.as_str(), &draft.record)))?;
    Ok(())
}

/// Whether the entry that announces a list is on the ledger.
fn is_announced(list: &PublishedList, intent: &Intent, taken: &[Option<Accepted>]) -> bool {
    let announces = |entry: &EntryDraft| {
        SignedEntry::parse(entry.kind, entry.body.as_bytes()).is_ok_and(|entry| {
            matches!(entry.claims(), Claims::Status(status)
                if status.uri == list.uri && status.sequence == list.sequence)
        })
    };
    intent.entries.iter().zip(taken).any(|(entry, taken)| taken.is_some() && announces(entry))
}

fn part(intent: &Intent, taken: &[Option<Accepted>], source: LedgerError) -> IntentError {
    let (mut recorded, mut missing) = (Vec::new(), Vec::new());
    for (entry, taken) in intent.entries.iter().zip(taken) {
        match taken {
            Some(accepted) => recorded.push((entry.kind, accepted.leaf_index)),
            None => missing.push(entry.kind),
        }
    }
    IntentError::Partly { recorded, missing, source: Box::new(source) }
}

/// Submits the entries that the ledger does not have yet, together; answers for all of them, in order.
fn submit(
    intent: &Intent,
    attempt: Attempt,
    ledger: &mut LedgerSink,
    now: Timestamp,
) -> Result<Submitted, LedgerError> {
    let view = match attempt {
        Attempt::First => None,
        Attempt::Again => ledger.source()?.view_at(None)?,
    };
    let mut taken = Vec::new();
    for entry in &intent.entries {
        taken.push(match &view {
            Some(view) => recorded(entry, view)?,
            None => None,
        });
    }
    let missing = intent.entries.iter().zip(&taken).filter(|(_, taken)| taken.is_none());
    let missing: Vec<_> = missing.map(|(entry, _)| (entry.kind, entry.body.as_bytes())).collect();
    let submitted = ledger.submit_each(&missing, now);
    let open = taken.iter_mut().filter(|taken| taken.is_none());
    for (open, submitted) in open.zip(submitted.taken) {
        *open = submitted;
    }
    Ok(Submitted { taken, refused: submitted.refused })
}

/// Where the entry stands, if it was recorded before. The ledger would say so itself, but not of an entry that has
/// meanwhile become too old to be submitted.
fn recorded(entry: &EntryDraft, view: &SourceView) -> Result<Option<Accepted>, LedgerError> {
    let body = entry.body.as_bytes();
    // Its id says nothing of who used it up: the ledger compares the bytes, before it looks at their time.
    if entry.kind == Kind::Once {
        return Ok(None);
    }
    let Some(id) = id_of(entry.kind, body) else { return Ok(None) };
    let place = view.lookup(&id)?;
    Ok(place.map(|leaf_index| Accepted { leaf_index, standing: Standing::Duplicate }))
}

/// Whether trying again cannot help: the ledger's rules refuse an entry.
fn is_final(error: &IntentError) -> bool {
    match error {
        IntentError::Ledger(error) => error.is_rule(),
        IntentError::Partly { .. } => true,
        IntentError::Profile(_) | IntentError::Malformed { .. } => false,
    }
}

fn to_value(intent: &Intent) -> Value {
    let lists: Vec<Value> = intent
        .lists
        .iter()
        .map(|list| {
            json!({
                "issuer": list.issuer, "uri": list.uri, "seq": list.sequence, "body": list.body,
            })
        })
        .collect();
    let entries: Vec<Value> = intent
        .entries
        .iter()
        .map(|entry| json!({ "kind": entry.kind.name(), "body": entry.body }))
        .collect();
    let records: Vec<Value> = (0..)
        .zip(&intent.records)
        .map(|(place, draft)| {
            let mut value =
                json!({ "shelf": draft.shelf.as_str(), "name": draft.name, "record": draft.record });
            if let (Some(rests), Some(members)) = (intent.rests.get(&place), value.as_object_mut()) {
                members.insert("rests".to_owned(), json!(rests));
            }
            value
        })
        .collect();
    json!({
        "type": "inkan-intent/1", "command": intent.command,
        "lists": lists, "entries": entries, "records": records,
    })
}

fn from_value(value: &Value) -> Result<Intent, &'static str> {
    let list = |member: &'static str| value.get(member).and_then(Value::as_array).ok_or(member);
    let text = |value: &Value, member: &'static str| {
        json::text(value, member).map(str::to_owned).ok_or(member)
    };
    let mut intent = Intent { command: text(value, "command")?, ..Intent::default() };
    for item in list("lists")? {
        intent.lists.push(PublishedList {
            // Intents of earlier versions named the SCID, which does as well.
            issuer: text(item, "issuer").or_else(|_| text(item, "scid"))?,
            uri: text(item, "uri")?,
            sequence: item.get("seq").and_then(Value::as_u64).ok_or("seq")?,
            body: text(item, "body")?,
        });
    }
    for item in list("entries")? {
        let kind = Kind::from_name(&text(item, "kind")?).ok_or("kind")?;
        intent.entries.push(EntryDraft { kind, body: text(item, "body")? });
    }
    for item in list("records")? {
        let shelf = Shelf::parse(&text(item, "shelf")?).ok_or("shelf")?;
        let record = item.get("record").cloned().ok_or("record")?;
        if let Some(rests) = item.get("rests") {
            let place = |value: &Value| usize::try_from(value.as_u64()?).ok();
            let places = rests.as_array().ok_or("rests")?.iter().map(place);
            let places = places.collect::<Option<_>>().ok_or("rests")?;
            intent.rests.insert(intent.records.len(), places);
        }
        intent.records.push(RecordDraft { shelf, name: text(item, "name")?, record });
    }
    Ok(intent)
}

#[cfg(test)]
mod tests;
