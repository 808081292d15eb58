//! `inkan ledger pin | pins | unpin`: the logs beside the profile's own whose receipts are believed.
//!
//! A pinned policy says which keys sign for a log and which witnesses have to have seen it. It decides whose word counts, so it is
//! shown before it is kept, and never replaced by another one unasked.

use std::path::Path;
use std::sync::Arc;

use inkan_evidence::tsa::Anchors;
use inkan_io::anchors::AnchorsError;
use inkan_io::files;
use inkan_io::ledger_source::LedgerPlace;
use inkan_ledger::policy::policy_for_others;
use inkan_ledger::{LogPolicy, VerifierKey};
use serde_json::{Value, json};

use crate::args::LogPinArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::log_policies::{self, Kept};
use crate::output::Outcome;
use crate::prompt;
use crate::render::safe;
use crate::render::table::table;

pub(super) fn add(args: &LogPinArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let kept = kept(&args.from, context)?;
    let (text, basis) = (&kept.text, kept.basis);
    let mut anchors = Vec::new();
    let mut at_hand = Anchors::default();
    for file in &args.anchors {
        let path = Path::new(file);
        let bytes = files::read(path, inkan_core::limits::DOCUMENT)?;
        let malformed = |_| AnchorsError::Malformed { path: path.to_path_buf() };
        at_hand.add_file(&bytes).map_err(malformed)?;
        anchors.push(bytes);
    }
    let policy = LogPolicy::parse(text)?.checking_tokens(Arc::new(at_hand));
    let origin = origin_of(&policy, &args.from)?;
    if origin == home.settings.origin {
        return Err(CliError::LogPolicySelf { origin }.into());
    }
    let _lock = (!args.write.dry_run).then(|| home.profile.lock()).transpose()?;
    let before = pinned(&home, &origin)?;
    // A pin from when a log's own witnesses still counted is the same pin, and is written anew.
    let same = |before: &String| {
        before == text || policy_for_others(before).is_ok_and(|theirs| theirs.text == *text)
    };
    if before.as_ref().is_some_and(|before| !same(before)) {
        return Err(CliError::LogPinnedOtherwise { origin }.into());
    }
    show(&policy, &origin, context);
    kept.tell(context.speech);
    if basis == "first-use" {
        context.speech.warn("trust on first use: whoever answered now is believed from now on");
        context.speech.warn("compare the key with one you got another way, or pin a policy file");
    }
    let keys: Vec<String> = policy.logs().iter().map(VerifierKey::to_string).collect();
    let members = json!({
        "origin": origin, "logKeys": keys, "trust": basis, "dryRun": args.write.dry_run,
        "known": before.is_some(), "runByLog": kept.uncounted,
    });
    if args.write.dry_run {
        context.speech.say(&format!("would pin {origin}"));
    } else {
        if basis == "first-use" && before.is_none() && !args.write.yes {
            prompt::confirm(context.asking, &format!("believe receipts of {origin} from now on?"))?;
        }
        home.profile.pin_log(&origin, text)?;
        home.profile.pin_anchors(&origin, &anchors)?;
        // What lives in that log is looked for there.
        if let Some(place) = place(&args.from, context)? {
            home.profile.keep_log_place(&origin, &place)?;
        }
        context.speech.say(&format!("receipts of {origin} are believed by this profile"));
    }
    Ok(Outcome::new("inkan-log-pin/1", String::new(), members))
}

pub(super) fn list(context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let mut rows = Vec::new();
    let mut members = Vec::new();
    for (origin, text) in home.profile.pinned_logs()? {
        let policy = LogPolicy::parse(&text)
            .map_err(|error| Failure::from(error).during(format!("logs/{origin}.policy")))?;
        let own = origin == home.settings.origin;
        let keys: Vec<String> = policy.logs().iter().map(VerifierKey::to_string).collect();
        let witnesses: Vec<&str> = policy.witnesses().iter().map(|one| one.name()).collect();
        rows.push(vec![
            safe(&origin, 80),
            if own { "own" } else { "pinned" }.to_owned(),
            witnesses.len().to_string(),
            safe(&keys.join(" "), 200),
        ]);
        let place = home.place_of(&origin)?;
        members.push(json!({
            "origin": origin, "own": own, "logKeys": keys, "witnesses": witnesses, "place": place,
        }));
    }
    let human = table(&["ORIGIN", "KIND", "WITNESSES", "KEYS"], &rows);
    Ok(Outcome::new("inkan-log-pin-list/1", human, json!({ "logs": Value::Array(members) }))
        .stream("logs"))
}

pub(super) fn remove(origin: &str, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    if origin == home.settings.origin {
        return Err(CliError::LogPolicySelf { origin: origin.to_owned() }.into());
    }
    let _lock = home.profile.lock()?;
    if pinned(&home, origin)?.is_none() {
        return Err(CliError::LogNotPinned { origin: safe(origin, 80) }.into());
    }
    home.profile.unpin_log(origin)?;
    context.speech.say(&format!("receipts of {} are not believed any more", safe(origin, 80)));
    Ok(Outcome::new("inkan-log-pin/1", String::new(), json!({ "origin": origin, "removed": true })))
}

fn pinned(home: &Home, origin: &str) -> Result<Option<String>, Failure> {
    let all = home.profile.pinned_logs()?;
    Ok(all.into_iter().find(|(known, _)| known == origin).map(|(_, text)| text))
}

/// The policy in a file, or what a ledger publishes of itself.
fn kept(from: &str, context: &Context) -> Result<Kept, Failure> {
    if Path::new(from).is_file() {
        return log_policies::read(Some(from), None);
    }
    let place = LedgerPlace::parse(from, context.plain_http(false))?;
    log_policies::read(None, Some(&place))
}

/// Where the log answers, if that and no policy file was named.
fn place(from: &str, context: &Context) -> Result<Option<String>, Failure> {
    if Path::new(from).is_file() {
        return Ok(None);
    }
    Ok(Some(match LedgerPlace::parse(from, context.plain_http(false))? {
        LedgerPlace::Folder(path) => {
            std::path::absolute(&path).unwrap_or(path).display().to_string()
        }
        node @ LedgerPlace::Node(_) => node.to_string(),
    }))
}

/// The one log that a policy is about.
fn origin_of(policy: &LogPolicy, from: &str) -> Result<String, Failure> {
    let mut names = policy.logs().iter().map(VerifierKey::name);
    let first = names.next().map(str::to_owned);
    let one = first.filter(|first| names.all(|name| name == first));
    one.ok_or_else(|| {
        let detail = "a policy to pin is about exactly one log".to_owned();
        CliError::InputMalformed { file: safe(from, 200), detail }.into()
    })
}

fn show(policy: &LogPolicy, origin: &str, context: &Context) {
    context.speech.say(&format!("the log {} signs with", safe(origin, 80)));
    for key in policy.logs() {
        context.speech.say(&format!("  {}", safe(&key.to_string(), 200)));
    }
    let names: Vec<&str> = policy.witnesses().iter().map(|one| one.name()).collect();
    let said = if names.is_empty() {
        "no witnesses: nobody but the operator vouches for its time".to_owned()
    } else {
        format!("witnesses: {}", safe(&names.join(", "), 300))
    };
    context.speech.say(&said);
}
