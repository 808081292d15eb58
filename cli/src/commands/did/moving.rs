//! `inkan did move`: a DID leaves its ledger for another one, with its whole history (ledger specification §6.6).
//!
//! Order: everything that the new ledger could refuse is looked up; the leaving is recorded in the old one, together with what the
//! new one has to be sent (in the profile); the new one takes the history as a whole; the profile writes down where the DID is. From
//! the leaving to the arrival the DID signs nothing. Each step can be repeated: the same command goes on where it stopped.

mod arrival;
mod check;

use inkan_crypto::KeyType;
use inkan_did::webvh::{self, Entry};
use inkan_io::intent::{EntryDraft, Intent, RecordDraft};
use inkan_io::profile::{MoveRecord, OwnDid, Record as _, Shelf};
use inkan_ledger::{Kind, Leaf, Receipt};
use serde_json::json;

use self::check::Target;
use super::deactivate::refuse_ended;
use super::past::Past;
use super::rotate::{later_than, names, put_away};
use crate::args::MoveArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::keyring::Keyring;
use crate::ledgers::{Reading, Writing, dry_run_lines};
use crate::output::Outcome;
use crate::prompt;

pub(super) fn run(args: &MoveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let first = context.home()?;
    let own = identity::own(&first, Some(&args.did))?;
    if own.next_key.is_none() {
        let detail = "a DID of this method is its key: it is in no ledger".to_owned();
        return Err(CliError::InputMalformed { file: own.did, detail }.into());
    }
    let is_to_node = args.to.contains("://") && first.ledger.folder().is_none();
    if context.has_loose_token() && is_to_node && args.to_token_file.is_none() {
        let usage = "two nodes are asked here: --ledger-token-file is for the one that is left (name it with --ledger), --to-token-file for the other";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let from = match context.at_home(&first, &own) {
        // It has left that log already: the rest needs no word of it, and where it answers may be forgotten.
        Err(failure) if own.moving.is_some() && failure.code() == "log-place-unknown" => {
            first.at(first.log_of(&own), first.ledger.clone())
        }
        found => found?,
    };
    let target = Target::open((&args.to, args.to_token_file.as_deref()), &from, context)?;
    if own.moving.is_none() && target.origin() == from.settings.origin {
        context.speech.say(&format!("{} is at home in {} already", own.name, target.origin()));
        let members = json!({
            "name": own.name, "did": own.did, "from": target.origin(), "to": target.origin(), "moved": false,
        });
        return Ok(Outcome::new("inkan-did-move/1", String::new(), members));
    }
    let mut writing = match own.moving {
        // It has left already: the old ledger is needed no more, and may be gone.
        Some(_) => None,
        None => Some(Writing::begin(context, &from)?),
    };
    // What was interrupted may have been finished by now.
    let own = identity::own(&first, Some(&args.did))?;
    if let (None, Some(writing)) = (&own.moving, &mut writing)
        && let Some(planned) = leave(args, (&own, &from, &target), writing, context)?
    {
        return Ok(planned);
    }
    let own = identity::own(&first, Some(&args.did))?;
    if args.change.write.dry_run {
        context.speech.say(&format!("would bring {} to {}", own.name, target.origin()));
        let members =
            json!({ "dryRun": true, "command": "did move", "entries": [], "statusLists": [] });
        return Ok(Outcome::new("inkan-dry-run/1", String::new(), members));
    }
    keep_leaving(&own, (&from, writing.as_ref()), context)?;
    drop(writing);
    arrival::arrive(&own, &target, &from, context)
        .map_err(|failure| on_the_way(failure, &own, (&from, &target), args))
}

/// Records the leaving, if all speaks for it; something to show is given back for a dry run.
fn leave(
    args: &MoveArgs,
    (own, from, target): (&OwnDid, &Home, &Target),
    writing: &mut Writing,
    context: &Context,
) -> Result<Option<Outcome>, Failure> {
    let mut own = own.clone();
    let committed = own.next_key.clone().unwrap_or_default();
    let reading = writing.reading()?;
    let history = reading.history(&own.did, context.now())?;
    let head = history.latest();
    refuse_ended(&own, head)?;
    check::is_home(head, &own, from)?;
    let mut keyring = Keyring::open(context, from)?;
    let mut next =
        Keyring::open_next(context, from, args.change.next_passphrase_file.as_deref(), &keyring)?;
    let (step, next_name) = names(&own, head);
    next.remove(&next_name);
    let next_public = next.generate(&next_name, KeyType::Ed25519, context.now())?;
    let now = later_than(head.time(), context);
    let key = next.key(&committed)?;
    let line = webvh::relocate(head, target.origin(), key, &next_public, now)?;
    Past::of(from, Some(&reading), now)?.refuse_version(&reading, &history, &line)?;
    let version = Entry::parse(line.as_bytes(), None)?.version_id().to_owned();
    let mut entries = bodies(&reading, head.scid())?;
    entries.push(line.clone());
    let known = target.check(&entries, head.scid()).map_err(|failure| {
        let there = target.origin();
        failure.during(format!("{there} would refuse it, and nothing was recorded"))
    })?;
    target.warn(&own, context)?;
    own.next_key = Some(next_name);
    own.moving = Some(target.origin().to_owned());
    own.reasons.insert(version.clone(), args.reason.clone().unwrap_or_default());
    let (brought, name) = (entries.len().saturating_sub(known), kept_name(&own, &version));
    let moved = MoveRecord {
        did: own.did.clone(),
        from: from.settings.origin.clone(),
        to: target.origin().to_owned(),
        version,
        entries,
        receipts: Vec::new(),
        arrival: None,
    };
    let intent = Intent {
        command: format!("did move {}", own.name),
        entries: vec![EntryDraft { kind: Kind::Did, body: line }],
        records: vec![
            RecordDraft { shelf: Shelf::Moves, name, record: moved.to_value() },
            RecordDraft { shelf: Shelf::Dids, name: own.name.clone(), record: own.to_value() },
        ],
        ..Intent::default()
    };
    if args.change.write.dry_run {
        let (there, origin) = (target.origin(), &from.settings.origin);
        context.speech.say(&format!(
            "{there} would take it; would write this to {origin}, and then bring {brought} versions to {there}:"
        ));
        let (human, members) = dry_run_lines(&intent);
        return Ok(Some(Outcome::new("inkan-dry-run/1", human, members)));
    }
    if !args.change.write.yes {
        let question = format!(
            "[{}] move {} from {} to {}? the first takes nothing of it from then on",
            from.name(),
            own.name,
            from.settings.origin,
            target.origin()
        );
        prompt::confirm(context.asking, &question)?;
    }
    // Where it is on its way to must be known whatever happens now.
    target.remember(from)?;
    next.save()?;
    let accepted = writing.commit(&intent)?;
    put_away(&mut keyring, &mut next, &committed, &format!("{}.update-{step}", own.name), now)?;
    if let Some(index) = accepted.first().map(|accepted| accepted.leaf_index) {
        let origin = &from.settings.origin;
        context.speech.say(&format!("{} has left {origin}, entry {index}", own.name));
    }
    Ok(None)
}

/// Keeps the receipts of the log that was left, as far as it can be asked: they show the leaving when that log is gone.
fn keep_leaving(
    own: &OwnDid,
    (from, writing): (&Home, Option<&Writing>),
    context: &Context,
) -> Result<(), Failure> {
    let (name, mut moved) = arrival::current(own, from)?;
    if !moved.receipts.is_empty() {
        return Ok(());
    }
    let reading = match writing {
        Some(writing) => writing.reading(),
        None => Reading::open(from, context),
    };
    let entries = reading.and_then(|reading| Ok(reading.view().did_entries(scid(own))?));
    match entries {
        Ok(receipts) if receipts.len() == moved.entries.len() => {
            moved.receipts = receipts.iter().map(Receipt::to_value).collect();
            from.profile.put(Shelf::Moves, &name, &moved.to_value())?;
        }
        Ok(_) | Err(_) => context.speech.warn(&format!(
            "{} shows no receipts of the leaving now: verifiers need them; keep that ledger reachable",
            from.settings.origin
        )),
    }
    Ok(())
}

/// What became of it, beside what went wrong: the person must know where the DID is.
fn on_the_way(
    failure: Failure,
    own: &OwnDid,
    (from, target): (&Home, &Target),
    args: &MoveArgs,
) -> Failure {
    let (name, left, to) = (&own.name, &from.settings.origin, target.origin());
    let token = args.to_token_file.as_ref().map(|file| format!(" --to-token-file {file}"));
    let (profile, place, token) = (from.name(), &args.to, token.unwrap_or_default());
    failure.during(format!("{name} has left {left} and has not arrived in {to} yet")).try_this(
        "nothing is lost; go on with the same command",
        format!("inkan -p {profile} did move {name} --to {place}{token}"),
    )
}

/// The ledger entries of a DID, oldest first.
fn bodies(reading: &Reading, scid: &str) -> Result<Vec<String>, Failure> {
    let mut out = Vec::new();
    for receipt in reading.view().did_entries(scid)? {
        let leaf = Leaf::parse(receipt.leaf_bytes())?;
        let text = String::from_utf8(leaf.body().to_vec());
        out.push(text.map_err(|_| CliError::Fault("an entry of a DID is no text".to_owned()))?);
    }
    Ok(out)
}

fn scid(own: &OwnDid) -> &str {
    own.did.strip_prefix("did:webvh:").and_then(|rest| rest.split(':').next()).unwrap_or_default()
}

/// The name of the record of a move: a DID may move more than once.
fn kept_name(own: &OwnDid, version: &str) -> String {
    let number = version.split('-').next().unwrap_or_default();
    format!("{}.{number}", own.name)
}
