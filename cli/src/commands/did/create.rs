//! `inkan did create`: a DID of one's own, its keys, and its first entry on the ledger.
//!
//! Order: keys are sealed and on disk, then the intent, then the entry, then the record. A crash in between leaves
//! keys that nothing uses, or an intent that the next command finishes.

use std::collections::BTreeMap;

use inkan_core::rng::draw;
use inkan_crypto::{KeyType, PublicKey};
use inkan_did::self_contained::{did_jwk, did_key, did_key_url};
use inkan_did::webvh::{self, Create};
use inkan_io::intent::{EntryDraft, Fate, Intent, RecordDraft};
use inkan_io::os_rng::OsRng;
use inkan_io::profile::{OwnDid, OwnKey, Record as _, Shelf};
use inkan_ledger::Kind;
use serde_json::json;

use super::past::Past;
use crate::args::{CreateArgs, NewMethod};
use crate::config::check_name;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::keyring::Keyring;
use crate::ledgers::{Reading, Writing, dry_run_lines};
use crate::output::Outcome;

/// How it is called among what an earlier run left behind.
const COMMAND: &str = "did create --name ";

pub(super) fn run(args: &CreateArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    match args.method {
        NewMethod::Webvh => register(args, context, &home),
        NewMethod::Key | NewMethod::Jwk => note(args, context, &home),
    }
}

/// A DID that is its key: nothing is registered, only remembered.
fn note(args: &CreateArgs, context: &Context, home: &Home) -> Result<Outcome, Failure> {
    let _lock = home.profile.lock()?;
    let name = name_for(args, home)?;
    let mut keyring = Keyring::open(context, home)?;
    // Nobody is told of a DID that is registered nowhere.
    let reading = match home.ledger.folder() {
        Some(_) => Reading::open_if_any(home, context).ok().flatten(),
        None => None,
    };
    let mut keys = signing_keys(args, home, &mut keyring, (reading.as_ref(), context))?;
    let (Some((key, public)), []) = (keys.pop(), keys.as_slice()) else {
        let usage = "a DID of this method is one key: give --key once".to_owned();
        return Err(CliError::Usage(usage).into());
    };
    let (did, fragment) = if args.method == NewMethod::Key {
        let url = did_key_url(&public);
        let fragment = url.split_once('#').map(|(_, fragment)| fragment.to_owned());
        (did_key(&public), fragment.unwrap_or_default())
    } else {
        (did_jwk(&public), "0".to_owned())
    };
    let own = OwnDid {
        name,
        did,
        created: context.now(),
        keys: vec![OwnKey { fragment, key }],
        next_key: None,
        reasons: BTreeMap::new(),
        log: None,
        moving: None,
    };
    if !args.change.write.dry_run {
        keyring.save()?;
        home.profile.put(Shelf::Dids, &own.name, &own.to_value())?;
    }
    Ok(outcome(&own, None))
}

/// A DID with a log: its first entry goes to the ledger. Keys are read only after the lock is held, so that two runs
/// at once cannot lose each other's keys.
fn register(args: &CreateArgs, context: &Context, home: &Home) -> Result<Outcome, Failure> {
    let mut writing = Writing::begin(context, home)?;
    if let Some(own) = begun_before(args, &mut writing, home)? {
        context.speech.say("this is the DID that was interrupted: there is no other one");
        return Ok(outcome(&own, None));
    }
    let name = name_for(args, home)?;
    let mut keyring = Keyring::open(context, home)?;
    let reading = writing.reading().ok();
    let keys = signing_keys(args, home, &mut keyring, (reading.as_ref(), context))?;
    let now = context.now();
    let mut next =
        Keyring::open_next(context, home, args.change.next_passphrase_file.as_deref(), &keyring)?;
    let (update_name, next_name) = (format!("{name}.update-1"), format!("{name}.next-2"));
    if keyring.has(&update_name) || next.has(&next_name) {
        // A crash before the ledger heard of it: nothing rests on these keys.
        keyring.remove(&update_name);
        next.remove(&next_name);
    }
    keyring.generate(&update_name, KeyType::Ed25519, now)?;
    let next_public = next.generate(&next_name, KeyType::Ed25519, now)?;
    let fault = || CliError::Fault("a DID has a key".to_owned());
    let (first, others) = keys.split_first().ok_or_else(fault)?;
    let request = Create {
        domain: args.domain.clone().unwrap_or_else(|| home.settings.domain.clone()),
        path: Some(args.path.clone().unwrap_or_else(random_path)),
        key_id: first.0.clone(),
        key: first.1.clone(),
        others: others.to_vec(),
        next_key_hashes: Vec::new(),
        services: services(&args.services)?,
        home: Some(home.settings.origin.clone()),
    };
    let (did, line) = webvh::create(&request, keyring.key(&update_name)?, &next_public, now)?;
    let own = OwnDid {
        name: name.clone(),
        did: did.as_str().to_owned(),
        created: now,
        keys: keys
            .iter()
            .map(|(key, _)| OwnKey { fragment: key.clone(), key: key.clone() })
            .collect(),
        next_key: Some(next_name),
        reasons: BTreeMap::new(),
        log: None,
        moving: None,
    };
    let record = RecordDraft { shelf: Shelf::Dids, name: name.to_owned(), record: own.to_value() };
    let intent = Intent {
        command: format!("{COMMAND}{name}"),
        entries: vec![EntryDraft { kind: Kind::Did, body: line }],
        records: vec![record],
        ..Intent::default()
    };
    context
        .speech
        .say("a DID log is public for ever: its host, path and keys can be read by anyone");
    if args.change.write.dry_run {
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    keyring.save()?;
    next.save()?;
    let accepted = writing.commit(&intent)?;
    let index = accepted.first().map(|accepted| accepted.leaf_index);
    if let Some(index) = index {
        context.speech.say(&format!("registered as entry {index} of {}", home.settings.origin));
    }
    Ok(outcome(&own, index))
}

/// The DID of this very command, typed before and finished only now; nothing if there was none, or it was about another DID.
///
/// One that still waits, since the node takes no more new DIDs for now, is not made a second time.
fn begun_before(
    args: &CreateArgs,
    writing: &mut Writing,
    home: &Home,
) -> Result<Option<OwnDid>, Failure> {
    for healed in std::mem::take(writing.healed()) {
        let Some(name) = healed.command.strip_prefix(COMMAND) else { continue };
        let own_name = name == home.name() || name.starts_with(&format!("{}-", home.name()));
        let is_same = args.name.as_deref().map_or(own_name, |wanted| wanted == name);
        match healed.fate {
            _ if !is_same => {}
            Fate::Waits(error) => return Err(Failure::from(error).during(&healed.command)),
            Fate::Finished => {
                let Some(own) = home.profile.find::<OwnDid>(name)? else { continue };
                let keys = &own.keys;
                let fits = args.keys.iter().all(|key| keys.iter().any(|own| own.key == *key));
                if fits {
                    return Ok(Some(own));
                }
            }
            Fate::Dropped(_) | Fate::Partly(_) => {}
        }
    }
    Ok(None)
}

fn outcome(own: &OwnDid, entry: Option<u64>) -> Outcome {
    let keys: Vec<&str> = own.keys.iter().map(|key| key.key.as_str()).collect();
    let members = json!({ "name": own.name, "did": own.did, "keys": keys, "entry": entry });
    Outcome::new("inkan-did/1", format!("{}\n", own.did), members)
}

/// The name that was given, else the profile's, else a numbered one; a name names one DID.
fn name_for(args: &CreateArgs, home: &Home) -> Result<String, Failure> {
    let taken = home.profile.names(Shelf::Dids)?;
    if let Some(name) = &args.name {
        check_name(name)?;
        if taken.contains(name) {
            return Err(CliError::NameTaken { what: "DID", name: name.clone() }.into());
        }
        return Ok(name.clone());
    }
    let numbered = (2..).map(|number: u32| format!("{}-{number}", home.name()));
    let mut free = std::iter::once(home.name().to_owned()).chain(numbered);
    let fault = || CliError::Fault("no name is free".to_owned());
    Ok(free.find(|name| !taken.contains(name)).ok_or_else(fault)?)
}

/// The keys named, or one that no DID of ours ever had, made if there is none: two DIDs with one key are one person, and one that
/// was replaced may be in other hands.
fn signing_keys(
    args: &CreateArgs,
    home: &Home,
    keyring: &mut Keyring,
    (reading, context): (Option<&Reading>, &Context),
) -> Result<Vec<(String, PublicKey)>, Failure> {
    let past = Past::of(home, reading, context.now())?;
    let owned = home.profile.all::<OwnDid>()?.into_iter();
    let used: Vec<String> =
        owned.flat_map(|(_, own)| own.keys.into_iter().map(|key| key.key)).collect();
    let mut named: Vec<(String, PublicKey)> = Vec::new();
    for name in &args.keys {
        if named.iter().any(|(before, _)| before == name) {
            let usage = format!("--key {name} is given twice");
            return Err(CliError::Usage(usage).into());
        }
        let public = keyring.key(name)?.public_key();
        if let Some(reading) = reading {
            past.refuse_key(&public, reading)?;
        }
        if used.contains(name) || past.knows(&public) {
            context.speech.warn(&format!(
                "another of your DIDs has the key {name}, or had it: anyone can link them"
            ));
        }
        named.push((name.clone(), public));
    }
    if !named.is_empty() {
        return Ok(named);
    }
    for number in 1_u32.. {
        let name = format!("sign-{number}");
        if used.contains(&name) {
            continue;
        }
        if !keyring.has(&name) {
            let public = keyring.generate(&name, KeyType::Ed25519, context.now())?;
            context.speech.say(&format!("made the ed25519 key {name}"));
            return Ok(vec![(name, public)]);
        }
        let public = keyring.key(&name)?.public_key();
        if past.is_whole() && !past.knows(&public) {
            return Ok(vec![(name, public)]);
        }
    }
    Err(CliError::Fault("no name is free".to_owned()).into())
}

fn services(given: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let malformed = |text: &String| CliError::InputMalformed {
        file: "--service".to_owned(),
        detail: format!("{text:?} is not TYPE=URL"),
    };
    let split = |text: &String| {
        let pair = text.split_once('=').filter(|(kind, url)| !kind.is_empty() && !url.is_empty());
        let (kind, url) = pair.ok_or_else(|| malformed(text))?;
        Ok((kind.to_owned(), url.to_owned()))
    };
    given.iter().map(split).collect()
}

/// Eight random lower-case letters and digits: a path that tells nothing about its owner.
fn random_path() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes: [u8; 8] = draw(&mut OsRng);
    let letter = |byte: u8| LETTERS.get(usize::from(byte & 31)).copied().unwrap_or(b'a');
    bytes.into_iter().map(|byte| char::from(letter(byte))).collect()
}
