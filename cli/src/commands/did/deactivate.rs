//! `inkan did deactivate`: the end of a DID, for good, by the pre-committed key.
//!
//! What was signed before and has its receipt stays good; nothing is signed or presented by it afterwards, and nobody, not even its
//! owner, takes it up again.

use inkan_did::webvh::{self, Entry, Head};
use inkan_io::intent::{EntryDraft, Intent, RecordDraft};
use inkan_io::profile::{OwnDid, Record as _, Shelf};
use inkan_ledger::Kind;
use serde_json::json;

use super::rotate::later_than;
use crate::args::DeactivateArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::keyring::Keyring;
use crate::ledgers::{Writing, dry_run_lines};
use crate::output::Outcome;
use crate::prompt;

pub(super) fn run(args: &DeactivateArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home_of(Some(&args.did))?;
    let mut writing = Writing::begin(context, &home)?;
    let mut own = identity::own(&home, Some(&args.did))?;
    let Some(committed) = own.next_key.clone() else {
        let detail = "a DID of this method is its key and cannot be ended: stop using the key";
        let detail = detail.to_owned();
        return Err(CliError::InputMalformed { file: own.did, detail }.into());
    };
    let history = writing.reading()?.history(&own.did, context.now())?;
    let head = history.latest();
    refuse_ended(&own, head)?;
    let keyring = Keyring::open(context, &home)?;
    let next =
        Keyring::open_next(context, &home, args.change.next_passphrase_file.as_deref(), &keyring)?;
    let now = later_than(head.time(), context);
    let line = webvh::deactivate(head, next.key(&committed)?, now)?;
    let version = Entry::parse(line.as_bytes(), None)?.version_id().to_owned();
    own.reasons.insert(version.clone(), args.reason.clone().unwrap_or_default());
    let record = RecordDraft { shelf: Shelf::Dids, name: own.name.clone(), record: own.to_value() };
    let intent = Intent {
        command: format!("did deactivate {}", own.name),
        entries: vec![EntryDraft { kind: Kind::Did, body: line }],
        records: vec![record],
        ..Intent::default()
    };
    if args.change.write.dry_run {
        context.speech.say("would write this to the ledger, and there is no way back:");
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    if !args.change.write.yes {
        let question = format!("end {} for good? nothing is signed by it afterwards", own.did);
        prompt::confirm(context.asking, &question)?;
    }
    let accepted = writing.commit(&intent)?;
    let entry = accepted.first().map(|accepted| accepted.leaf_index);
    if let Some(entry) = entry {
        let origin = &home.settings.origin;
        context.speech.say(&format!("{} has ended, entry {entry} of {origin}", own.name));
    }
    context.speech.say("what was signed before and has its receipt stays good");
    let members = json!({ "name": own.name, "did": own.did, "versionId": version, "entry": entry });
    Ok(Outcome::new("inkan-did/1", format!("{version}\n"), members))
}

/// A DID that has ended is not changed any more.
pub(super) fn refuse_ended(own: &OwnDid, head: &Head) -> Result<(), Failure> {
    if head.deactivated() {
        let message = format!("{} has ended: {} is its last version", own.name, head.version_id());
        return Err(Failure::new("did-deactivated", message));
    }
    Ok(())
}
