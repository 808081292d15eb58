//! A folder against a pack: what is unchanged, changed, missing, and new.
//!
//! The pack is checked as a whole first. Files are hashed on all cores; memory is that of the pack's names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use inkan_io::anchoring::walk::Unread;
use inkan_io::anchoring::{HashedFile, PackFile, Walk, hash_all};
use inkan_io::files::FileError;
use inkan_io::parallel;
use inkan_ledger::AnchorError;
use inkan_ledger::anchored::proof::check_root;
use inkan_ledger::anchored::{Content, RecordName};
use serde_json::{Map, Value, json};

use super::super::{Fault, TOLD, records};
use super::{Anchored, COMPROMISED, KEY_COMPROMISED, Lookout, put_code};
use crate::args::AnchorCheckArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::progress::Bar;
use crate::render::{Mark, safe};

/// Exit code of what cannot be told.
const CANNOT_TELL: u8 = 19;

/// What was found, in the order in which it is told.
#[derive(Default)]
struct Found {
    unchanged: u64,
    changed: Vec<String>,
    missing: Vec<String>,
    new: Vec<String>,
    unread: Vec<String>,
    passed: Vec<String>,
}

pub(super) fn run(
    args: &AnchorCheckArgs,
    pack: &str,
    home: &Home,
    context: &Context,
) -> Result<Outcome, Failure> {
    if args.record.is_some() {
        let usage = "--record names the record of one file, and this is a folder";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let path = Path::new(pack);
    let pack = PackFile::open(path)?;
    pack.check_sum()?;
    let mut lookout = Lookout::open(home, context)?;
    let mut anchors = Vec::new();
    for (scope, evidence) in pack.head().scopes.iter().zip(&pack.head().evidence) {
        let anchored = Anchored::judge(evidence, &mut lookout, (home, context))
            .map_err(|failure| failure.during(format!("scope {}", scope.name.as_str())))?;
        check_root(anchored.proved.entry(), &scope.root_salt, &scope.root)?;
        anchors.push(anchored);
    }
    let mut expected: BTreeMap<RecordName, Vec<Content>> = BTreeMap::new();
    for scope in 0..pack.head().scopes.len() {
        pack.each_checked(scope, |packed| -> Result<(), Failure> {
            expected.entry(packed.name).or_default().push(packed.row.content);
            Ok(())
        })?;
    }
    let folder = Path::new(&args.path);
    let found = compare(folder, path.to_path_buf(), &mut expected, context)?;
    Ok(told(args, &pack, &anchors, found))
}

fn compare(
    folder: &Path,
    pack: PathBuf,
    expected: &mut BTreeMap<RecordName, Vec<Content>>,
    context: &Context,
) -> Result<Found, Failure> {
    let walk = || {
        Walk::new(folder, 0, std::slice::from_ref(&pack))
            .map_err(|error| FileError::from_io(folder, error))
    };
    let bar = Bar::of_bytes(context.speech, "hashing", || {
        let size = |found: inkan_io::anchoring::Found| {
            std::fs::symlink_metadata(&found.path).map_or(0, |data| data.len())
        };
        walk().map_or(0, |walk| walk.flatten().map(size).fold(0, u64::saturating_add))
    });
    let (mut out, bytes) = (Found::default(), AtomicU64::new(0));
    hash_all(
        parallel::cores(),
        walk()?,
        |_| None,
        &bytes,
        |answer| -> Result<(), Failure> {
            bar.set(bytes.load(Ordering::Relaxed));
            match answer {
                None => {}
                Some(Ok(HashedFile { found, hashed })) => match expected.remove(&found.name) {
                    None => out.new.push(found.name.as_str().to_owned()),
                    Some(contents) if contents.iter().all(|c| *c == hashed.content) => {
                        out.unchanged = out.unchanged.saturating_add(1);
                    }
                    Some(_) => out.changed.push(found.name.as_str().to_owned()),
                },
                Some(Err(Unread { path, why })) => {
                    // Which record it is shows in its path: what cannot be read is not missing.
                    let name = path.strip_prefix(folder).ok().and_then(Path::to_str);
                    let name = name.and_then(|name| RecordName::parse(name).ok());
                    let line = format!("{}: {}", path.display(), why.said());
                    if why.is_loss() {
                        if let Some(name) = name {
                            expected.remove(&name);
                        }
                        out.unread.push(line);
                    } else {
                        out.passed.push(line);
                    }
                }
            }
            Ok(())
        },
    )?;
    out.missing.extend(expected.keys().map(|name| name.as_str().to_owned()));
    for list in [&mut out.changed, &mut out.new, &mut out.unread, &mut out.passed] {
        list.sort_unstable();
    }
    Ok(out)
}

fn told(args: &AnchorCheckArgs, pack: &PackFile, anchors: &[Anchored], found: Found) -> Outcome {
    let mut human = String::new();
    let whole = found.changed.is_empty() && found.missing.is_empty() && found.unread.is_empty();
    let compromised = anchors.iter().any(Anchored::is_compromised);
    let mark = if whole && !compromised { Mark::Pass } else { Mark::Fail };
    let shown = safe(&args.path, 200);
    human.push_str(&format!("{} {shown}: {} unchanged\n", mark.painted(), found.unchanged));
    if compromised {
        human.push_str(&format!("{} {COMPROMISED}\n", Mark::Fail.painted()));
    }
    for (mark, what, list) in [
        (Mark::Fail, "changed", &found.changed),
        (Mark::Fail, "missing", &found.missing),
        (Mark::Warn, "cannot be read", &found.unread),
        (Mark::Warn, "new, and not in this pack", &found.new),
        (Mark::Skipped, "left out", &found.passed),
    ] {
        if list.is_empty() {
            continue;
        }
        human.push_str(&format!("{} {} {what}\n", mark.painted(), list.len()));
        for name in list.iter().take(TOLD) {
            human.push_str(&format!("    {}\n", safe(name, 200)));
        }
        if list.len() > TOLD {
            human.push_str("    … all of them: --json\n");
        }
    }
    let (mut scopes, mut last) = (Vec::new(), String::new());
    for (scope, anchored) in pack.head().scopes.iter().zip(anchors) {
        let name = scope.name.as_str();
        let entry = anchored.proved.leaf().leaf_index();
        let count = records(scope.records);
        human.push_str(&format!("scope {}: {count}, entry {entry}\n", safe(name, 64)));
        let lines = anchored.lines();
        // Mostly the same for all, since one run anchored them.
        if lines != last {
            human.push_str(&lines);
        }
        last = lines;
        let mut members = anchored.members();
        members.insert("scope".to_owned(), name.into());
        members.insert("records".to_owned(), scope.records.into());
        scopes.push(Value::Object(members));
    }
    let state = if whole && found.new.is_empty() { "unchanged" } else { "different" };
    let mut members: Map<String, Value> = json!({
        "folder": args.path, "state": state, "unchanged": found.unchanged, "changed": found.changed,
        "missing": found.missing, "unread": found.unread, "new": found.new, "leftOut": found.passed,
        "scopes": scopes,
    })
    .as_object()
    .cloned()
    .unwrap_or_default();
    let exit = if !found.changed.is_empty() {
        put_code(&mut members, AnchorError::Changed.code())
    } else if compromised {
        put_code(&mut members, KEY_COMPROMISED)
    } else if !found.missing.is_empty() {
        put_code(&mut members, Fault::Missing.code())
    } else if !found.unread.is_empty() {
        put_code(&mut members, Fault::Incomplete.code());
        CANNOT_TELL
    } else if !found.new.is_empty() {
        put_code(&mut members, AnchorError::Unknown("such record").code())
    } else {
        0
    };
    Outcome::new("inkan-anchor-check/1", human, members.into()).exit(exit)
}
