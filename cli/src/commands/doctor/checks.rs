//! The checks of `doctor`, one question each.

use std::collections::BTreeMap;

use inkan_core::tolerance;
use inkan_did::webvh::next_key_hash;
use inkan_io::files::{self, Access};
use inkan_io::profile::{OwnDid, StatusListRecord};
use inkan_io::{intent, keystore_file, known, pinned};
use inkan_ledger::LogPolicy;
use inkan_ledger::policy::policy_for_others;

use super::Finding;
use crate::commands::issue::status::state_of;
use crate::commands::trust;
use crate::context::{Context, Home};
use crate::env;
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::ledgers::{Reading, Writing};
use crate::log_policies::own_witnesses;
use crate::render::safe;

type Check = fn(&Home, &Context) -> Result<Vec<Finding>, Failure>;

/// All checks, by name, in the order in which they are shown.
pub(super) const ALL: &[(&str, Check)] = &[
    ("profile", profile),
    ("disk", disk),
    ("secrets", secrets),
    ("keystore", keystore),
    ("ledger", ledger),
    ("remembered", remembered),
    ("clock", clock),
    ("log-policy", log_policy),
    ("unfinished", unfinished),
    ("dids", dids),
    ("status", status_lists),
    ("trust", trust_list),
];

/// Repairs what cannot do harm: permissions, and writes that were interrupted.
pub(super) fn repair(home: &Home, context: &Context) -> Result<(), Failure> {
    for path in open_paths(home)? {
        files::close_to_others(&path)?;
        context.speech.say(&format!("closed {} to others", path.display()));
    }
    if intent::is_pending(&home.profile)? {
        Writing::begin(context, home)?;
    }
    // What was begun in the ledger of a DID that moved is finished there.
    for (_, own) in home.profile.all::<OwnDid>()? {
        if let (true, Some(log)) = (intent::is_pending(&home.profile)?, &own.log) {
            Writing::begin(context, &at_log(home, log)?)?;
        }
    }
    Ok(())
}

fn at_log(home: &Home, log: &str) -> Result<Home, Failure> {
    let unknown = || CliError::LogPlaceUnknown { origin: log.to_owned() };
    Ok(home.at_log(log)?.ok_or_else(unknown)?)
}

/// The ledger where a DID is at home; `opened` are those that were asked before.
fn reading_of<'a>(
    own: &OwnDid,
    home: &Home,
    context: &Context,
    opened: &'a mut BTreeMap<Option<String>, Reading>,
) -> Result<&'a Reading, Failure> {
    if !opened.contains_key(&own.log) {
        let reading = match &own.log {
            None => Reading::open(home, context)?,
            Some(log) => Reading::open(&at_log(home, log)?, context)?,
        };
        opened.insert(own.log.clone(), reading);
    }
    let fault = || CliError::Fault("a ledger was opened and is not there".to_owned());
    Ok(opened.get(&own.log).ok_or_else(fault)?)
}

fn profile(home: &Home, _: &Context) -> Result<Vec<Finding>, Failure> {
    let open = open_paths(home)?;
    let folder = home.profile.folder().display();
    Ok(match open.first() {
        None => vec![Finding::good("profile", format!("{} in {folder}", home.name()))],
        Some(path) => {
            let said = format!("{} can be read by others", path.display());
            vec![Finding::bad("profile", said, "inkan doctor --fix")]
        }
    })
}

/// What `verify` has seen proved, and compares with.
fn remembered(home: &Home, _: &Context) -> Result<Vec<Finding>, Failure> {
    Ok(vec![match known::load(&home.profile) {
        Ok(states) => Finding::good("remembered", format!("{} newest states", states.len())),
        Err(_) => {
            let path = home.profile.known().display().to_string();
            let said = format!("{path} is damaged, and `verify` stops at it");
            // Only a person can say that what it held may be forgotten.
            let remedy = format!(
                "restore it, or move it away: what was seen before is then forgotten: mv {path} {path}.damaged"
            );
            Finding::bad("remembered", said, remedy)
        }
    }])
}

fn open_paths(home: &Home) -> Result<Vec<std::path::PathBuf>, Failure> {
    let profile = &home.profile;
    let candidates = [
        profile.folder().to_path_buf(),
        profile.keystore(),
        profile.next_keystore(),
        profile.trust_list(),
    ];
    let mut out = Vec::new();
    for path in candidates {
        if path.exists() && files::open_to_others(&path)? {
            out.push(path);
        }
    }
    Ok(out)
}

fn disk(home: &Home, _: &Context) -> Result<Vec<Finding>, Failure> {
    let probe = home.profile.folder().join("doctor.probe");
    files::write_atomic(&probe, &[0; 4_096], Access::Private)?;
    files::remove(&probe)?;
    Ok(vec![Finding::good("disk", "can be written")])
}

fn secrets(_: &Home, context: &Context) -> Result<Vec<Finding>, Failure> {
    let mut out = Vec::new();
    for name in env::leaked_passphrases() {
        let said = format!("{name} holds a passphrase; it is not read, and others may see it");
        out.push(Finding::bad("secrets", said, format!("unset {name}, and use {name}_FILE")));
    }
    for file in [context.passphrase_file(), env::next_passphrase_file()].into_iter().flatten() {
        let path = std::path::Path::new(&file);
        if path.is_file() && files::open_to_others(path)? {
            let said = format!("{file} can be read by others");
            out.push(Finding::bad("secrets", said, format!("chmod 600 {file}")));
        }
    }
    if out.is_empty() {
        out.push(Finding::good("secrets", "no passphrase lies open"));
    }
    Ok(out)
}

fn keystore(home: &Home, _: &Context) -> Result<Vec<Finding>, Failure> {
    let in_use = keystore_file::list(&home.profile.keystore())?;
    let next = keystore_file::list(&home.profile.next_keystore())?;
    if in_use.is_empty() && next.is_empty() {
        return Ok(vec![Finding::skipped("keystore", "no keys yet".to_owned())]);
    }
    let shared = in_use.iter().any(|key| next.iter().any(|one| one.public_key == key.public_key));
    if shared {
        let said = "a next key lies beside the keys in use";
        return Ok(vec![Finding::bad("keystore", said, "inkan did rotate DID --key K")]);
    }
    let said = format!("{} keys in use, {} next keys, in separate files", in_use.len(), next.len());
    Ok(vec![Finding::good("keystore", said)])
}

fn ledger(home: &Home, context: &Context) -> Result<Vec<Finding>, Failure> {
    let status = Reading::open(home, context)?.source().status()?;
    if status.origin != home.settings.origin {
        let said = format!("{} is the log of {}", home.ledger, status.origin);
        let fix = format!("inkan --ledger PATH|URL, with that of {}", home.settings.origin);
        return Ok(vec![Finding::bad("ledger", said, fix)]);
    }
    let mut said = format!("{} with {} entries", status.origin, status.size);
    if let Some(checkpoints) = status.checkpoints {
        said.push_str(&format!(", {checkpoints} checkpoints"));
    }
    if home.ledger.folder().is_none() {
        said.push_str(&format!(", at {}", home.ledger));
    }
    Ok(vec![Finding::good("ledger", said)])
}

fn clock(home: &Home, context: &Context) -> Result<Vec<Finding>, Failure> {
    let now = context.now();
    let status = Reading::open(home, context)?.source().status()?;
    let ahead = status.leaf_time.map_or(0, |last| last.seconds_since(now));
    if ahead > tolerance::LEDGER_FUTURE {
        let said = format!("this clock says {now}, and the ledger is {ahead} s ahead");
        return Ok(vec![Finding::bad("clock", said, "set the clock of this machine")]);
    }
    Ok(vec![Finding::good("clock", format!("{now}, not behind the ledger"))])
}

fn log_policy(home: &Home, context: &Context) -> Result<Vec<Finding>, Failure> {
    let pinned = home.profile.pinned_logs()?;
    let own = pinned.iter().find(|(origin, _)| *origin == home.settings.origin);
    let Some((origin, text)) = own else {
        let said = format!("no policy is pinned for {}", home.settings.origin);
        let fix = format!("inkan init NAME --ledger {}", home.ledger);
        return Ok(vec![Finding::bad("log-policy", said, fix)]);
    };
    let policy = LogPolicy::parse(text)?;
    let published = Reading::open(home, context)?.source().policy_text()?;
    // A node publishes the names that others have for the witnesses that run with it.
    if policy_for_others(&published)?.text != policy_for_others(text)?.text {
        let said = format!("the policy pinned for {origin} is not the one the ledger publishes");
        let fix =
            "compare both by another way before you trust either: the log's keys may have changed";
        return Ok(vec![Finding::warn("log-policy", said, fix)]);
    }
    let own = own_witnesses(&policy);
    let own = match own.len() {
        0 => String::new(),
        _ => format!("; run by the log itself: {}", safe(&own.join(", "), 200)),
    };
    let said = format!("{origin}: {} witnesses pinned{own}", policy.witnesses().len());
    let mut out = vec![Finding::good("log-policy", said)];
    for (origin, text) in &pinned {
        out.extend(counted(origin, text, home)?);
    }
    Ok(out)
}

/// The witnesses that a log runs itself count for who runs it: older versions counted them in every pin.
fn counted(origin: &str, text: &str, home: &Home) -> Result<Option<Finding>, Failure> {
    let is_own = origin == home.settings.origin;
    let theirs = policy_for_others(text)?;
    if theirs.renamed.is_empty() || (is_own && home.ledger.folder().is_some()) {
        return Ok(None);
    }
    let names: Vec<&str> = theirs.renamed.keys().map(String::as_str).collect();
    let said = format!(
        "{}: counts {}, which the log runs itself, as operators of their own: right for nobody but who runs it",
        safe(origin, 80),
        safe(&names.join(", "), 200)
    );
    let fix = if is_own {
        "if that is not you: inkan init NAME --ledger URL, which does not count them"
    } else {
        "if that is not you: inkan ledger pin FILE|URL, which does not count them"
    };
    Ok(Some(Finding::warn("log-policy", said, fix)))
}

fn unfinished(home: &Home, _: &Context) -> Result<Vec<Finding>, Failure> {
    if intent::is_pending(&home.profile)? {
        let said = "an earlier command was interrupted between ledger and profile";
        return Ok(vec![Finding::bad("unfinished", said, "inkan doctor --fix")]);
    }
    if let [command, ..] = crate::pending::commands(home)?.as_slice() {
        let said = format!("recorded, and interrupted before it was written: {command}");
        return Ok(vec![Finding::warn("unfinished", said, "type that command again")]);
    }
    Ok(vec![Finding::good("unfinished", "nothing was interrupted")])
}

/// Whether the keys at hand are those that the ledger says are in force, and that come next.
fn dids(home: &Home, context: &Context) -> Result<Vec<Finding>, Failure> {
    let own = home.profile.all::<OwnDid>()?;
    if own.is_empty() {
        return Ok(vec![Finding::skipped("dids", "no DIDs yet".to_owned())]);
    }
    let mut opened = BTreeMap::new();
    let next = keystore_file::list(&home.profile.next_keystore())?;
    let mut out = Vec::new();
    for (name, own) in own {
        let Some(next_name) = &own.next_key else {
            out.push(Finding::good("dids", format!("{name} needs no ledger")));
            continue;
        };
        if let Some(to) = &own.moving {
            let place = home.place_of(to)?.unwrap_or_else(|| to.clone());
            let from = home.log_of(&own);
            let said =
                format!("{name}: has left {from} and has not arrived in {} yet", safe(to, 80));
            let fix = format!("inkan -p {} did move {name} --to {place}", home.name());
            out.push(Finding::bad("dids", said, fix));
            continue;
        }
        let reading = reading_of(&own, home, context, &mut opened)?;
        let head = reading.history(&own.did, context.now())?.latest().clone();
        if head.deactivated() {
            let said = format!("{name}: ended with version {}", head.number());
            out.push(Finding::good("dids", said));
            continue;
        }
        let committed = next.iter().find(|key| key.name == *next_name);
        let known = committed
            .is_some_and(|key| head.next_key_hashes().contains(&next_key_hash(&key.public_key)));
        out.push(if known {
            let said = format!("{name}: version {}, its next key is at hand", head.number());
            Finding::good("dids", said)
        } else {
            let said = format!("{name}: the ledger commits to a next key that is not at hand");
            let fix = "restore next-keystore.json of this profile from its copy";
            Finding::bad("dids", said, fix)
        });
    }
    Ok(out)
}

/// Whether the newest status lists here are those on the ledger, and how long they last.
fn status_lists(home: &Home, context: &Context) -> Result<Vec<Finding>, Failure> {
    let lists = home.profile.all::<StatusListRecord>()?;
    if lists.is_empty() {
        return Ok(vec![Finding::skipped("status", "no status lists yet".to_owned())]);
    }
    let mut opened = BTreeMap::new();
    let mut out = Vec::new();
    for (name, record) in lists {
        let state = state_of(&record)?;
        let own = match identity::own(home, Some(&record.issuer)) {
            Ok(own) if own.moving.is_none() => own,
            Ok(own) => {
                let said = format!("{name}: not compared, {} is on its way", own.name);
                out.push(Finding::skipped("status", said));
                continue;
            }
            // A list that came with somebody else's profile.
            Err(_) => {
                let said = format!("{name}: not compared, its issuer is none of this profile");
                out.push(Finding::skipped("status", said));
                continue;
            }
        };
        let reading = reading_of(&own, home, context, &mut opened)?;
        let recorded = reading.view().status_entries(&record.issuer, state.uri())?.len();
        let left = record.valid_until.seconds_since(context.now()) / 86_400;
        out.push(if u64::try_from(recorded).ok() != Some(state.seq()) {
            let said = format!("{name}: {recorded} versions on the ledger, {} here", state.seq());
            let fix = "restore the profile from its copy; the ledger has the newer state";
            Finding::bad("status", said, fix)
        } else if left < 30 {
            let said = format!("{name}: the published list is good for {left} days more");
            Finding::warn("status", said, "issue or revoke a credential: that publishes it again")
        } else {
            Finding::good(
                "status",
                format!("{name}: version {}, good for {left} days", state.seq()),
            )
        });
    }
    Ok(out)
}

fn trust_list(home: &Home, context: &Context) -> Result<Vec<Finding>, Failure> {
    let mut out = vec![match trust::load(home)? {
        None => Finding::skipped("trust", "no trust list".to_owned()),
        Some(registry) if !registry.is_current(context.now()) => {
            let fix = "inkan trust add DID --issues TYPE: that dates it anew";
            Finding::bad("trust", "the trust list is past its end", fix)
        }
        Some(registry) => Finding::good("trust", format!("{} entries", registry.entries().len())),
    }];
    // While one of them cannot be taken, nothing is judged by a policy.
    if let Err(error) = pinned::registries(&pinned::load(&home.profile)?) {
        let fix = "inkan trust pins lists what is pinned, inkan trust unpin NAME removes it";
        out.push(Finding::bad("trust", error.to_string(), fix));
    }
    Ok(out)
}
