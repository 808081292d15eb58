//! `inkan status-list show | publish`: the lists themselves, of both kinds.

use std::collections::BTreeSet;
use std::path::Path;

use inkan_core::Timestamp;
use inkan_core::json::text;
use inkan_io::files::{self, Access};
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::os_rng::OsRng;
use inkan_io::profile::{OwnDid, Record as _, Shelf, StatusListRecord};
use serde_json::{Value, json};

use super::issue::{certified, seconds, status};
use crate::args::{StatusListCommand, StatusListPublishArgs};
use crate::context::{Context, Existing, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{Writing, dry_run_lines};
use crate::output::Outcome;
use crate::render::safe;
use crate::render::table::table;

/// Seconds below which nothing can be proved to be the newest for as long: ledgers sign their heads that often at most.
const MINUTE: i64 = 60;

pub(super) fn run(command: &StatusListCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        StatusListCommand::Show => show(context),
        StatusListCommand::Publish(args) => publish(args, context),
    }
}

fn show(context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let (mut rows, mut lists) = (Vec::new(), Vec::new());
    for (name, record) in home.profile.all::<StatusListRecord>()? {
        let state = status::state_of(&record)?;
        let (kind, until) = (state.encoding().as_str(), record.valid_until.to_string());
        let ttl = state.ttl_milliseconds().map(|ttl| ttl / 1_000);
        let purpose = if state.encoding().is_token() { "all" } else { state.purpose().as_str() };
        rows.push(vec![
            name.clone(),
            kind.to_owned(),
            purpose.to_owned(),
            state.seq().to_string(),
            state.count_used().to_string(),
            ttl.map_or_else(|| "-".to_owned(), span),
            until.chars().take(10).collect(),
            safe(state.uri(), 80),
        ]);
        lists.push(json!({
            "name": name, "kind": kind, "purpose": purpose, "version": state.seq(),
            "credentials": state.count_used(), "ttlSeconds": ttl, "validUntil": until,
            "uri": state.uri(), "issuer": record.issuer,
        }));
    }
    let human = if rows.is_empty() {
        context.speech.say("no status lists; the first credential with a status makes one");
        String::new()
    } else {
        let headings = ["NAME", "KIND", "PURPOSE", "VERSION", "USED", "TTL", "UNTIL", "URI"];
        table(&headings, &rows)
    };
    Ok(Outcome::new("inkan-status-lists/1", human, json!({ "lists": lists })).stream("lists"))
}

/// Seconds in the largest unit that they are a number of.
fn span(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let whole = |unit: u64| seconds.checked_rem(unit) == Some(0);
    let unit = units.into_iter().find(|(unit, _)| seconds > 0 && whole(*unit));
    unit.map_or_else(|| format!("{seconds} s"), |(unit, name)| format!("{} {name}", seconds / unit))
}

fn publish(args: &StatusListPublishArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    // Whose lists they are says in which log they are announced; what is published is read again under the lock.
    let home = match whose(args, &chosen(args, &home)?) {
        Ok(from) => context.settled(&home, &identity::own(&home, Some(&from))?)?,
        Err(_) => home,
    };
    let mut writing = Writing::begin(context, &home)?;
    let ttl = args.ttl.as_deref().map(seconds).transpose()?;
    if let Some(text) =
        args.ttl.as_deref().filter(|_| ttl.is_some_and(|ttl| (1..MINUTE).contains(&ttl)))
    {
        context.speech.warn(&format!(
            "a ttl of {text} is shorter than the time between two heads of a ledger: copies are mostly out of date (INK-3108)"
        ));
    }
    let mut lists = chosen(args, &home)?;
    let from = whose(args, &lists)?;
    let own = identity::own(&home, Some(&from))?;
    lists.retain(|(_, record)| record.issuer == own.did);
    if lists.is_empty() {
        let file = args.list.clone().unwrap_or(from);
        let detail = "it is not a status list of that DID".to_owned();
        return Err(Failure::from(CliError::InputMalformed { file, detail })
            .try_this("see whose they are", "inkan status-list show"));
    }
    if let Some(out) = &args.out {
        return publish_to(args, out, (lists, ttl, own), (writing, home), context);
    }
    let all = lists.len();
    lists.retain(|(_, record)| record.announced);
    if lists.len() < all {
        let some = "lists that no ledger announces are published one by one, with --out FILE";
        context.speech.warn(some);
    }
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let now: Timestamp = context.now();
    let mut intent = Intent { command: "status-list publish".to_owned(), ..Intent::default() };
    let mut done = Vec::new();
    for (name, record) in lists {
        let mut state = status::state_of(&record)?;
        if let Some(seconds) = ttl {
            let milliseconds = u64::try_from(seconds).unwrap_or_default().saturating_mul(1_000);
            state = state.with_ttl_if((milliseconds > 0).then_some(milliseconds));
        }
        state.add_decoys(args.decoys, &mut OsRng)?;
        done.push(
            json!({ "name": name, "uri": state.uri(), "version": state.seq().saturating_add(1) }),
        );
        status::publish(state, name, (&own, &hand, &home), now)?.into_intent(&mut intent);
    }
    if args.write.dry_run {
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    writing.commit(&intent)?;
    let named: Vec<&str> = done.iter().filter_map(|list| text(list, "name")).collect();
    context.speech.say(&format!("published {}", named.join(", ")));
    Ok(Outcome::new("inkan-status-lists/1", String::new(), Value::from_iter([("lists", done)])))
}

/// The DID whose lists are published.
fn whose(
    args: &StatusListPublishArgs,
    lists: &[(String, StatusListRecord)],
) -> Result<String, Failure> {
    let issuers: BTreeSet<&str> = lists.iter().map(|(_, record)| &*record.issuer).collect();
    match (args.from.as_deref(), issuers.first()) {
        (Some(from), _) => Ok(from.to_owned()),
        (None, Some(only)) if issuers.len() == 1 => Ok((*only).to_owned()),
        (None, _) => {
            let usage = "several of your DIDs have status lists: say with --from whose";
            Err(CliError::Usage(usage.to_owned()).into())
        }
    }
}

/// A list that no ledger announces, into a file.
fn publish_to(
    args: &StatusListPublishArgs,
    out: &str,
    (lists, ttl, own): (Vec<(String, StatusListRecord)>, Option<i64>, OwnDid),
    (mut writing, home): (Writing, Home),
    context: &Context,
) -> Result<Outcome, Failure> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    context.check_file(Some(out), existing)?;
    let fault = || CliError::Fault("a list was named".to_owned());
    let (name, record) = lists.into_iter().next().ok_or_else(fault)?;
    if record.announced {
        let usage =
            format!("{name} is announced on the ledger, and served from there: without --out");
        return Err(CliError::Usage(usage).into());
    }
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, args.key.as_deref(), &keyring, &home)?;
    let certified = certified::read(args.x5c.as_deref(), &hand, &home, context)?;
    let mut state = status::state_of(&record)?;
    if let Some(seconds) = ttl {
        let milliseconds = u64::try_from(seconds).unwrap_or_default().saturating_mul(1_000);
        state = state.with_ttl_if((milliseconds > 0).then_some(milliseconds));
    }
    state.add_decoys(args.decoys, &mut OsRng)?;
    let chain = certified.as_ref().map(|certified| certified.chain.as_slice());
    let (bytes, record) = status::sign(state, (&own, &hand, chain), context.now())?;
    let state = status::state_of(&record)?;
    let done = json!([{ "name": name, "uri": state.uri(), "version": state.seq(), "out": out }]);
    if !args.write.dry_run {
        let (shelf, record) = (Shelf::StatusLists, record.to_value());
        let records = vec![RecordDraft { shelf, name, record }];
        let command = "status-list publish".to_owned();
        writing.commit(&Intent { command, records, ..Intent::default() })?;
        files::write_atomic(Path::new(out), &bytes, Access::Private)?;
        context.speech.say(&format!("wrote {out}: serve it at {}", state.uri()));
    }
    Ok(Outcome::new("inkan-status-lists/1", String::new(), Value::from_iter([("lists", done)])))
}

/// The list that is named, or all.
fn chosen(
    args: &StatusListPublishArgs,
    home: &Home,
) -> Result<Vec<(String, StatusListRecord)>, Failure> {
    let mut lists = home.profile.all::<StatusListRecord>()?;
    let wanted = args.list.as_deref();
    lists.retain(|(name, _)| wanted.is_none_or(|wanted| wanted == name));
    if lists.is_empty() {
        let (name, profile) = (wanted.map(str::to_owned), home.name().to_owned());
        return Err(Failure::from(CliError::ListUnknown { name, profile })
            .try_this("see what there is", "inkan status-list show"));
    }
    Ok(lists)
}
