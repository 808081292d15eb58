//! `inkan did report-compromise`: since when a key was in other hands.
//!
//! The key goes first, if it is still in force: a ledger takes no report about a key that could go on signing. Then comes
//! the report, signed by a key that stays. What is proved to have been signed before stays good; what was signed since is
//! refused by whoever sees the report. Typed again, it finishes what was interrupted, and says where the report stands.

use inkan_core::Timestamp;
use inkan_crypto::{KeyType, PublicKey};
use inkan_did::webvh::{self, Entry, Head, History};
use inkan_did::{DidUrl, Relationship};
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::profile::{OwnDid, OwnKey, Record as _, Shelf};
use inkan_ledger::{
    Claims, KEY_COMPROMISED, Kind, Parameters, SignedEntry, TrustClaims, TrustOperation,
    TrustStatement,
};
use serde_json::{Value, json};

use super::past::Past;
use super::rotate::{later_than, names, put_away};
use crate::args::CompromiseArgs;
use crate::commands::ledger::params;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::keyring::Keyring;
use crate::ledgers::{Reading, Writing, dry_run_lines, entry};
use crate::output::Outcome;

/// How long the command that a refusal offers is good for, in seconds.
const TYPING: i64 = 600;

pub(super) fn run(args: &CompromiseArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home_of(Some(&args.did))?;
    let since = super::parse_time(&args.since)?;
    if since > context.now() {
        let message = format!("{since} is still to come: a key is reported from a time that has");
        return Err(CliError::Usage(message).into());
    }
    let mut writing = Writing::begin(context, &home)?;
    let own = identity::own(&home, Some(&args.did))?;
    let reading = writing.reading()?;
    let rules = params::in_force(&reading)?.values;
    let history = reading.history(&own.did, context.now())?;
    let key = named(&own, &history, &args.key)?;
    if let Some((known, place)) = reported(&reading, &key)? {
        return already(&own, &key, (known, since), place, context);
    }
    within_reach(since, &rules, args, context.now())?;
    let mut plan = Plan::of(args, (&own, &key), history.latest(), context, &home)?;
    if let Some(line) = &plan.line {
        let past = Past::of(&home, Some(&reading), plan.now)?;
        past.refuse_version(&reading, &history, line).map_err(|failure| {
            let again = format!("inkan did report-compromise {} --new-key K …", own.name);
            failure.try_this("name a key that takes its place", again)
        })?;
    }
    let claims = claims(&key, since);
    let signer = DidUrl::parse(&plan.own.method_url(&plan.signer))?;
    let secret = plan.keyring.key(&plan.signer.key)?;
    let mut entries: Vec<_> = plan.line.iter().map(|line| drafted(line)).collect();
    entries.push(entry(&Claims::Trust(claims), &signer, secret, &home, plan.now)?);
    let record =
        RecordDraft { shelf: Shelf::Dids, name: own.name.clone(), record: plan.own.to_value() };
    let command = format!("did report-compromise {}", own.name);
    let mut intent = Intent { command, entries, ..Intent::default() };
    // What the DID is by then does not depend on whether the report is taken.
    intent.keep(record, plan.line.as_ref().map(|_| 0));
    if args.change.write.dry_run {
        context.speech.say(&format!(
            "would report {} as in other hands since {since}, with {} entries on the ledger:",
            key.fragment().unwrap_or_default(),
            intent.entries.len()
        ));
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    plan.save()?;
    let done = writing.commit(&intent);
    // The new version may be on the ledger though the report is not.
    let is_new = home.profile.find::<OwnDid>(&own.name)?.as_ref() == Some(&plan.own);
    if done.is_ok() || (plan.line.is_some() && is_new) {
        plan.put_away()?;
    }
    let accepted = done?;
    let place = accepted.last().map(|accepted| accepted.leaf_index);
    Ok(told(&plan, &key, since, place, context, &home))
}

fn drafted(line: &str) -> inkan_io::intent::EntryDraft {
    inkan_io::intent::EntryDraft { kind: Kind::Did, body: line.to_owned() }
}

/// A report reaches back no further than the log lets a DID go for itself, and is of a kind that the log takes: both are known
/// before anything is sent, since the version without the key is there for good.
fn within_reach(
    since: Timestamp,
    rules: &Parameters,
    args: &CompromiseArgs,
    now: Timestamp,
) -> Result<(), Failure> {
    if !rules.kinds.contains(&Kind::Trust) {
        let message = "this log takes no statements of trust, so no report of a compromised key";
        return Err(Failure::new("unsupported-entry-type", message).try_this(
            "replace the key all the same",
            format!("inkan did rotate {} --key K", args.did),
        ));
    }
    let reach = rules.compromise_backdating;
    if now.seconds_since(since) > reach {
        // With time to type it.
        let earliest = now.plus_seconds(reach.saturating_neg().saturating_add(TYPING));
        let how_far = spelled(reach);
        let message = format!(
            "a DID reports its own key at most {how_far} back in this log, since {earliest} at the earliest: whatever it signed \
             could be taken back otherwise. Further back takes a registry's `void` of what it granted the DID"
        );
        let (did, key) = (&args.did, &args.key);
        let again = format!("inkan did report-compromise {did} --key {key} --since {earliest}");
        return Err(Failure::new("backdating-limit", message)
            .try_this("report it from there, and ask the registry for the rest", again));
    }
    Ok(())
}

/// Seconds in words, in the largest unit that they are whole in.
fn spelled(seconds: i64) -> String {
    let (count, unit) = match seconds {
        0 => (0, "second"),
        _ if seconds % 86_400 == 0 => (seconds / 86_400, "day"),
        _ if seconds % 3_600 == 0 => (seconds / 3_600, "hour"),
        _ => (seconds, "second"),
    };
    if count == 1 { format!("{count} {unit}") } else { format!("{count} {unit}s") }
}

/// The URL of the key: by its whole URL, its fragment, or our name for it; any version may list it.
fn named(own: &OwnDid, history: &History, key: &str) -> Result<DidUrl, Failure> {
    let ours = own.keys.iter().find(|one| one.key == key);
    let fragment = match key.split_once('#') {
        Some((did, fragment)) if did == own.did || did.is_empty() => fragment,
        Some(_) | None => ours.map_or(key, |one| one.fragment.as_str()),
    };
    let url = DidUrl::parse(&format!("{}#{fragment}", own.did))?;
    let lists = |head: &Head| {
        let document = head.document().with_all_keys();
        document.as_ref().unwrap_or_else(|| head.document()).method(&url).is_some()
    };
    if history.versions().iter().any(lists) {
        return Ok(url);
    }
    let message = format!("no version of {} lists a key {fragment:?}", own.name);
    Err(Failure::new("key-unknown", message)
        .try_this("see its keys", format!("inkan did history {} --graph", own.name)))
}

/// The report that is on the ledger already: since when, and its place.
fn reported(reading: &Reading, key: &DidUrl) -> Result<Option<(Timestamp, u64)>, Failure> {
    for proof in reading.view().compromise_reports(key)? {
        let Some(leaf) = proof.claimed_head() else { continue };
        let Ok(entry) = SignedEntry::parse(leaf.kind(), leaf.body()) else { continue };
        if let Claims::Trust(claims) = entry.claims() {
            let place = reading.view().lookup(&entry.entry_id())?.unwrap_or_default();
            return Ok(Some((claims.not_before, place)));
        }
    }
    Ok(None)
}

fn already(
    own: &OwnDid,
    key: &DidUrl,
    (known, since): (Timestamp, Timestamp),
    place: u64,
    context: &Context,
) -> Result<Outcome, Failure> {
    if known != since {
        let message = format!("this key was reported compromised since {known}, and that is final");
        return Err(Failure::new("sequence-conflict", message));
    }
    context.speech.say(&format!("it was reported before, at entry {place}"));
    let members = json!({
        "name": own.name, "did": own.did, "key": key.as_str(), "since": since.to_string(), "entry": place,
    });
    Ok(Outcome::new("inkan-did-compromise/1", format!("{place}\n"), members))
}

fn claims(key: &DidUrl, since: Timestamp) -> TrustClaims {
    TrustClaims {
        statement: TrustStatement::Authorization,
        entity_id: key.did().as_str().to_owned(),
        action: KEY_COMPROMISED.to_owned(),
        resource: key.as_str().to_owned(),
        operation: TrustOperation::Grant,
        sequence: 1,
        not_before: since,
        expires: None,
        digest: None,
    }
}

/// What becomes of the DID before the report, and who signs it.
struct Plan {
    own: OwnDid,
    keyring: Keyring,
    signer: OwnKey,
    /// The version without the key, if the newest one lists it.
    line: Option<String>,
    next: Option<(Keyring, String)>,
    step: u64,
    now: Timestamp,
}

impl Plan {
    fn of(
        args: &CompromiseArgs,
        (own, key): (&OwnDid, &DidUrl),
        head: &Head,
        context: &Context,
        home: &Home,
    ) -> Result<Self, Failure> {
        let (mut own, mut keyring) = (own.clone(), Keyring::open(context, home)?);
        let listing = head.document().with_all_keys();
        let document = listing.as_ref().unwrap_or_else(|| head.document());
        let named = |relationship| document.allows(key, relationship);
        let listed = document.method(key).is_some() || Relationship::ALL.into_iter().any(named);
        let now = if listed { later_than(head.time(), context) } else { context.now() };
        let (step, next_name) = names(&own, head);
        if !listed {
            if let Some(name) = &args.new_key {
                context.speech.warn(&format!(
                    "--new-key {name} is not used: the key that is reported is not in force, so nothing takes its place"
                ));
            }
            let signer = signer(&own, &keyring)?;
            return Ok(Self { own, keyring, signer, line: None, next: None, step, now });
        }
        let Some(committed) = own.next_key.clone() else {
            let detail = "a DID of this method is its key and cannot be rotated".to_owned();
            return Err(CliError::InputMalformed { file: own.did, detail }.into());
        };
        let gone = key.fragment().unwrap_or_default().to_owned();
        let was_ours = own.keys.iter().any(|one| one.fragment == gone);
        own.keys.retain(|one| one.fragment != gone);
        let replacement = if was_ours {
            let old = document.method(key).map(|method| method.key.key_type());
            let (name, public) = replacement(args, &own, &mut keyring, (old, step), now)?;
            own.keys.insert(0, OwnKey { fragment: name.clone(), key: name.clone() });
            Some((name, public))
        } else {
            None
        };
        let signer = signer(&own, &keyring)?;
        let mut next = Keyring::open_next(
            context,
            home,
            args.change.next_passphrase_file.as_deref(),
            &keyring,
        )?;
        next.remove(&next_name);
        let next_public = next.generate(&next_name, KeyType::Ed25519, now)?;
        let state = without(document.value(), key, replacement.as_ref());
        let line = webvh::revise(head, state, next.key(&committed)?, &next_public, now)?;
        let version = Entry::parse(line.as_bytes(), None)?.version_id().to_owned();
        own.next_key = Some(next_name);
        own.reasons.insert(version, format!("{gone} compromised"));
        let next = Some((next, committed));
        Ok(Self { own, keyring, signer, line: Some(line), next, step, now })
    }

    /// New keys are on disk before anything rests on them.
    fn save(&self) -> Result<(), Failure> {
        let Some((next, _)) = &self.next else { return Ok(()) };
        self.keyring.save()?;
        next.save()
    }

    fn put_away(&mut self) -> Result<(), Failure> {
        let Some((next, committed)) = &mut self.next else { return Ok(()) };
        let used = format!("{}.update-{}", self.own.name, self.step);
        put_away(&mut self.keyring, next, committed, &used, self.now)
    }
}

/// A key of the DID that a ledger knows.
fn signer(own: &OwnDid, keyring: &Keyring) -> Result<OwnKey, Failure> {
    let known = |key: &&OwnKey| {
        keyring.key(&key.key).is_ok_and(|secret| {
            matches!(secret.public_key().key_type(), KeyType::Ed25519 | KeyType::P256)
        })
    };
    own.keys.iter().find(known).cloned().ok_or_else(|| {
        let message = format!(
            "{} has no other key that a ledger knows, so nothing can sign the report",
            own.name
        );
        Failure::new("key-unknown", message).try_this(
            "name the one that takes its place",
            format!("inkan did report-compromise {} --new-key K …", own.name),
        )
    })
}

/// The key that takes the place: the one named, or a new one of the same type if a ledger knows that.
fn replacement(
    args: &CompromiseArgs,
    own: &OwnDid,
    keyring: &mut Keyring,
    (old, step): (Option<KeyType>, u64),
    now: Timestamp,
) -> Result<(String, PublicKey), Failure> {
    let mut name = args.new_key.clone().unwrap_or_else(|| format!("{}-{step}", own.name));
    if args.new_key.is_some() && keyring.has(&name) {
        let public = keyring.key(&name)?.public_key();
        return Ok((name, public));
    }
    // One that an interrupted run left behind is never reused: nobody knows who saw it.
    while keyring.has(&name) {
        name.push('x');
    }
    let known = |key_type: &KeyType| matches!(key_type, KeyType::Ed25519 | KeyType::P256);
    let key_type = old.filter(known).unwrap_or(KeyType::Ed25519);
    let public = keyring.generate(&name, key_type, now)?;
    Ok((name, public))
}

/// The document with another key in the place of this one, or with none.
fn without(document: &Value, key: &DidUrl, replacement: Option<&(String, PublicKey)>) -> Value {
    let mut document = document.clone();
    let did = key.did();
    let means = |text: &str| DidUrl::resolve(did, text).is_ok_and(|url| url == *key);
    let is_it = |item: &Value| {
        let id = item.as_str().or_else(|| inkan_core::json::text(item, "id"));
        id.is_some_and(means)
    };
    let url = replacement.map(|(name, _)| format!("{did}#{name}"));
    let method = replacement.map(|(name, public)| {
        json!({
            "id": format!("{did}#{name}"), "type": "Multikey", "controller": did.as_str(),
            "publicKeyMultibase": public.to_multikey(),
        })
    });
    let relationships = Relationship::ALL.into_iter().map(Relationship::name);
    for member in std::iter::once("verificationMethod").chain(relationships) {
        let Some(Value::Array(items)) = document.get_mut(member) else { continue };
        let found = items.iter().any(is_it);
        items.retain(|item| !is_it(item));
        let new = match member {
            "verificationMethod" => method.clone(),
            _ => url.clone().filter(|_| found).map(Value::from),
        };
        items.extend(new);
    }
    document
}

fn told(
    plan: &Plan,
    key: &DidUrl,
    since: Timestamp,
    place: Option<u64>,
    context: &Context,
    home: &Home,
) -> Outcome {
    let fragment = key.fragment().unwrap_or_default();
    let entry = place.map(|entry| format!(", entry {entry} of {}", home.settings.origin));
    let entry = entry.unwrap_or_default();
    if plan.line.is_some() {
        context.speech.say(&format!("{} is in force in its place now", plan.signer.fragment));
    }
    context.speech.say(&format!("{fragment} is reported compromised since {since}{entry}"));
    context.speech.say("what its receipts show to be older stays good; issue the rest anew");
    let members = json!({
        "name": plan.own.name, "did": plan.own.did, "key": key.as_str(), "since": since.to_string(),
        "inForce": plan.signer.key, "replaced": plan.line.is_some(), "entry": place,
    });
    let human = place.map(|place| format!("{place}\n")).unwrap_or_default();
    Outcome::new("inkan-did-compromise/1", human, members)
}
