//! `inkan did rotate`: a new signing key, put in force by the pre-committed key.
//!
//! The committed key comes out of the second sealed file, authorises this one entry, and a new one takes its place
//! there. What was signed before stays good: its receipts show that it was signed before.

use std::time::Duration;

use inkan_core::Timestamp;
use inkan_crypto::{KeyType, PublicKey};
use inkan_did::webvh::{self, Entry, Head};
use inkan_io::intent::{EntryDraft, Intent, RecordDraft};
use inkan_io::profile::{OwnDid, OwnKey, Record as _, Shelf};
use inkan_ledger::Kind;
use serde_json::json;

use super::deactivate::refuse_ended;
use super::past::Past;
use crate::args::RotateArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::keyring::Keyring;
use crate::ledgers::{Writing, dry_run_lines};
use crate::output::Outcome;

pub(super) fn run(args: &RotateArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home_of(Some(&args.did))?;
    let mut writing = Writing::begin(context, &home)?;
    let mut own = identity::own(&home, Some(&args.did))?;
    let Some(committed) = own.next_key.clone() else {
        let detail = "a DID of this method is its key and cannot be rotated".to_owned();
        return Err(CliError::InputMalformed { file: own.did, detail }.into());
    };
    let mut keyring = Keyring::open(context, &home)?;
    let mut next =
        Keyring::open_next(context, &home, args.change.next_passphrase_file.as_deref(), &keyring)?;
    let reading = writing.reading()?;
    let history = reading.history(&own.did, context.now())?;
    let head = history.latest();
    refuse_ended(&own, head)?;
    let (step, next_name) = names(&own, head);
    next.remove(&next_name);
    let next_public = next.generate(&next_name, KeyType::Ed25519, context.now())?;
    let now = later_than(head.time(), context);
    let mut keys: Vec<(String, PublicKey)> = Vec::new();
    for name in &args.keys {
        if keys.iter().any(|(before, _)| before == name) {
            return Err(CliError::Usage(format!("--key {name} is given twice")).into());
        }
        keys.push((name.clone(), keyring.key(name)?.public_key()));
    }
    let line = webvh::rotate(head, &keys, next.key(&committed)?, &next_public, now)?;
    Past::of(&home, Some(&reading), now)?.refuse_version(&reading, &history, &line)?;
    let version = Entry::parse(line.as_bytes(), None)?.version_id().to_owned();
    own.keys =
        args.keys.iter().map(|name| OwnKey { fragment: name.clone(), key: name.clone() }).collect();
    own.next_key = Some(next_name);
    own.reasons.insert(version.clone(), args.reason.clone().unwrap_or_default());
    let record = RecordDraft { shelf: Shelf::Dids, name: own.name.clone(), record: own.to_value() };
    let intent = Intent {
        command: format!("did rotate {}", own.name),
        entries: vec![EntryDraft { kind: Kind::Did, body: line }],
        records: vec![record],
        ..Intent::default()
    };
    if args.change.write.dry_run {
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    next.save()?;
    let accepted = writing.commit(&intent)?;
    put_away(&mut keyring, &mut next, &committed, &format!("{}.update-{step}", own.name), now)?;
    report(&own, &version, accepted.first().map(|accepted| accepted.leaf_index), context, &home)
}

/// The number of the new version, and the name of the key after it.
pub(super) fn names(own: &OwnDid, head: &Head) -> (u64, String) {
    let step = head.number().saturating_add(1);
    (step, format!("{}.next-{}", own.name, step.saturating_add(1)))
}

/// The used key is no longer a next key: it goes to the keys in use. Failing here loses nothing.
pub(super) fn put_away(
    keyring: &mut Keyring,
    next: &mut Keyring,
    committed: &str,
    new_name: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    if let Some(used) = next.remove(committed) {
        keyring.remove(new_name);
        keyring.insert(new_name, used, now)?;
        keyring.save()?;
        next.save()?;
    }
    Ok(())
}

/// Versions of one DID lie at least a second apart: waits for it, if need be.
pub(super) fn later_than(head: Timestamp, context: &Context) -> Timestamp {
    for _ in 0..30 {
        let now = context.now();
        if now > head {
            return now;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    context.now()
}

fn report(
    own: &OwnDid,
    version: &str,
    entry: Option<u64>,
    context: &Context,
    home: &Home,
) -> Result<Outcome, Failure> {
    let keys: Vec<&str> = own.keys.iter().map(|key| key.key.as_str()).collect();
    let key = keys.join(", ");
    let place = entry.map(|entry| format!(", entry {entry} of {}", home.settings.origin));
    let place = place.unwrap_or_default();
    context
        .speech
        .say(&format!("{key} {} in force now{place}", if keys.len() == 1 { "is" } else { "are" }));
    context.speech.say("what was signed before and has its receipt stays good");
    let members = json!({
        "name": own.name, "did": own.did, "versionId": version, "key": keys.first(), "keys": keys, "entry": entry,
    });
    Ok(Outcome::new("inkan-did/1", format!("{version}\n"), members))
}
