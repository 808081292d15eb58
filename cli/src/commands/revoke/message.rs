//! `inkan cred message`: another value in a list of messages.

use inkan_core::Timestamp;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::profile::{OwnDid, Record as _, Shelf, StatusEvent, StatusListRecord};
use inkan_issuer::StatusListState;
use serde_json::json;

use super::{Target, at_issuer, issuer, list_of, status, taken};
use crate::args::CredMessageArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::Hand;
use crate::keyring::Keyring;
use crate::ledgers::{Reading, Writing, dry_run_lines};
use crate::output::Outcome;

pub(in crate::commands) fn run(
    args: &CredMessageArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let (home, found) = at_issuer(&args.credential, args.from.as_deref(), context)?;
    let mut writing = Writing::begin(context, &home)?;
    let target = found.renewed(&home)?;
    let own = issuer(&target, args.from.as_deref(), &home)?;
    taken::allowed(&target, (&own, &home), context.now())?;
    let malformed =
        |detail: String| CliError::InputMalformed { file: args.credential.clone(), detail };
    let list = match List::taken(&target, (&own, &home), &writing.reading()?)? {
        Some(list) => Some(list),
        None => List::of(&target, (&own, &home))?,
    };
    let list = list.ok_or_else(|| malformed("it names no list of messages".to_owned()))?;
    let value = list.position(&args.message).ok_or_else(|| {
        let words = list.state.messages().join(", ");
        malformed(format!("{:?} is none of its messages: {words}", args.message))
    })?;
    if !list.announced {
        let detail =
            "its list is one that you serve: inkan status-list publish --out writes it".to_owned();
        return Err(malformed(detail).into());
    }
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let (uri, index) = (list.entry.list_uri.clone(), list.entry.index);
    let saying = list.saying(value)?;
    let text = saying.text.clone();
    let now = context.now();
    let intent = saying.intent(&target, (now, &args.reason), (&own, &hand, &home), now)?;
    if args.write.dry_run {
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    let accepted = writing.commit(&intent)?;
    context.speech.say(&format!("{} now says {text:?}", target.id));
    let done =
        json!({ "id": target.id, "list": uri, "index": index, "value": value, "message": text });
    let index = accepted.first().map(|accepted| accepted.leaf_index);
    Ok(Outcome::new("inkan-message/1", String::new(), done).with("entry", index))
}

/// The list of messages that a credential has a place in.
struct List {
    name: String,
    state: StatusListState,
    entry: StatusEntry,
    announced: bool,
}

impl List {
    /// By what the credential itself names, or else by our own record of it; none if neither names one.
    fn of(target: &Target, (own, home): (&OwnDid, &Home)) -> Result<Option<Self>, Failure> {
        let entry = match target.entry(StatusPurpose::Message).cloned() {
            Some(entry) => Some(entry),
            None => place(target, own, home)?,
        };
        let Some(entry) = entry else { return Ok(None) };
        let (name, record) = list_of(&entry, target, own, home)?;
        let (state, announced) = (status::state_of(&record)?, record.announced);
        // In a token list the same numbers revoke and suspend.
        if state.messages().is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { name, state, entry, announced }))
    }

    /// A predecessor's, as it is gone on with.
    fn taken(
        target: &Target,
        about: (&OwnDid, &Home),
        reading: &Reading,
    ) -> Result<Option<Self>, Failure> {
        let Some(entry) = target.entry(StatusPurpose::Message) else { return Ok(None) };
        let taken = taken::list(entry, target, about, reading)?;
        Ok(taken.map(|(name, state)| Self { name, state, entry: entry.clone(), announced: true }))
    }

    /// Which value has this text, or is this number.
    fn position(&self, message: &str) -> Option<u8> {
        let messages = self.state.messages();
        let said = messages.iter().position(|text| text == message);
        let position = said.map_or_else(|| message.parse().ok(), |at| u8::try_from(at).ok());
        position.filter(|value| usize::from(*value) < messages.len())
    }

    fn saying(mut self, value: u8) -> Result<Saying, Failure> {
        let is_new = self.state.value(&self.entry)? != value;
        self.state.set_value(&self.entry, value)?;
        let text = self.state.messages().get(usize::from(value)).cloned().unwrap_or_default();
        Ok(Saying { name: self.name, state: self.state, text, is_new })
    }
}

/// A list of messages that says something else of a credential.
#[derive(Debug)]
pub(in crate::commands) struct Saying {
    name: String,
    state: StatusListState,
    text: String,
    /// Whether it said something else before.
    pub(in crate::commands) is_new: bool,
}

impl Saying {
    /// Gives a credential another value, which its list has; none if it has no place in such a list that a ledger announces.
    pub(in crate::commands) fn of(
        target: &Target,
        (own, home): (&OwnDid, &Home),
        value: u8,
    ) -> Result<Option<Self>, Failure> {
        let list = List::of(target, (own, home))?.filter(|list| list.announced);
        list.map(|list| list.saying(value)).transpose()
    }

    /// Everything that is written for it; `event` is since when, and why.
    pub(in crate::commands) fn intent(
        self,
        target: &Target,
        event: (Timestamp, &str),
        (own, hand, home): (&OwnDid, &Hand<'_>, &Home),
        now: Timestamp,
    ) -> Result<Intent, Failure> {
        let published = status::publish(self.state, self.name, (own, hand, home), now)?;
        let command = format!("cred message {}", target.id);
        let mut intent = Intent { command, ..Intent::default() };
        published.into_intent(&mut intent);
        if let Some((name, record)) = &target.record {
            let mut record = record.clone();
            record.events.push(StatusEvent {
                change: format!("message {}", self.text),
                at: event.0,
                reason: event.1.to_owned(),
            });
            let (shelf, name, record) = (Shelf::Issued, name.clone(), record.to_value());
            intent.records.push(RecordDraft { shelf, name, record });
        }
        Ok(intent)
    }
}

/// The place in a list of messages, as our own records have it.
fn place(target: &Target, own: &OwnDid, home: &Home) -> Result<Option<StatusEntry>, Failure> {
    let place = target.record.as_ref().and_then(|(_, record)| record.message.as_ref());
    let Some((uri, index)) = place else { return Ok(None) };
    for (_, record) in home.profile.all::<StatusListRecord>()? {
        let state = status::state_of(&record)?;
        if record.issuer == own.did && state.uri() == uri {
            return Ok(Some(state.entry(*index)));
        }
    }
    Ok(None)
}
