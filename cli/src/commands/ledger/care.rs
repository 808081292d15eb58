//! `inkan ledger guard adopt` and `inkan ledger map rebuild`: an operator's care for a folder that lost something.

use std::path::{Path, PathBuf};

use inkan_io::files;
use inkan_io::ledger_folder::{AdoptOptions, Adopted, LedgerFolder};
use inkan_io::ledger_source::LedgerPlace;
use inkan_io::profile::Profile;
use inkan_io::seen;
use inkan_ledger::SignedNote;
use serde_json::json;

use crate::args::WriteArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::ledgers::no_answer;
use crate::output::Outcome;
use crate::progress::Bar;
use crate::prompt;

/// Adopts what the folder published as the last signed head, unless somebody has seen more: witnesses, those who gave a
/// head, or a profile of this machine.
pub(super) fn adopt_guard(
    notes: &[String],
    accept_silence: bool,
    write: WriteArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let folder = folder(context)?;
    let (origin, _) = LedgerFolder::policy(&folder)?;
    let mut seen = remembered(&origin, context)?;
    let profiles = seen.len();
    for path in notes {
        seen.push(note(Path::new(path))?);
    }
    let mut options = AdoptOptions { seen, accept_silence, dry_run: true };
    // Compared before anybody is asked to decide, and once more when it is done.
    let Adopted { head, silent } = LedgerFolder::adopt_guard(&folder, &options)?;
    if notes.is_empty() {
        context.speech.warn(&format!(
            "no head of a witness or mirror is given: compared with the folder's own cosigners and {profiles} profiles"
        ));
    }
    silent.iter().for_each(|name| context.speech.warn(&no_answer(name)));
    let root = head.root_hash.digest().to_hex();
    let members = json!({
        "folder": folder.display().to_string(), "size": head.tree_size, "root": root,
        "compared": options.seen.len(), "silent": silent, "dryRun": write.dry_run,
    });
    if write.dry_run {
        let size = head.tree_size;
        context.speech.say(&format!("would adopt: {size} entries, root {root}"));
        return Ok(Outcome::new("inkan-ledger-guard/1", String::new(), members));
    }
    if !write.yes {
        let question =
            "adopt the published head as the last one signed? The log will say so for ever";
        prompt::confirm(context.asking, question)?;
    }
    options.dry_run = false;
    let head = LedgerFolder::adopt_guard(&folder, &options)?.head;
    context.speech.say(&format!("adopted: {} entries, root {root}", head.tree_size));
    context.speech.say("the next checkpoint carries the event; mirrors will compare");
    Ok(Outcome::new("inkan-ledger-guard/1", String::new(), members))
}

/// The largest heads of this log that profiles of this machine have seen.
fn remembered(origin: &str, context: &Context) -> Result<Vec<SignedNote>, Failure> {
    let mut seen = Vec::new();
    for name in context.config.profiles.keys() {
        if let Ok(profile) = Profile::open(&context.folders.data.join(name), name) {
            seen.extend(seen::largest(&profile, origin)?);
        }
    }
    Ok(seen)
}

/// Builds the map again. The log in the folder is the truth; what is put aside was only derived from it.
pub(super) fn rebuild_map(write: WriteArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let folder = folder(context)?;
    let map = folder.join("map.pages");
    let members = |size: Option<u64>| json!({ "folder": folder.display().to_string(), "size": size, "dryRun": write.dry_run });
    if write.dry_run {
        context.speech.say(&format!("would build {} again", map.display()));
        return Ok(Outcome::new("inkan-ledger-map/1", String::new(), members(None)));
    }
    // Opening it finds out whether another process has it; it need not have a sound map for that.
    match LedgerFolder::open(&folder, context.now()) {
        Ok(open) => drop(open),
        Err(error) if error.code().starts_with("map-") => {}
        Err(error) => return Err(error.into()),
    }
    let bar = Bar::spinning(context.speech, "building the map");
    // The pages and the file of their roots, which says of which version they are.
    files::remove(&map)?;
    files::remove(&folder.join("map.pages.roots"))?;
    let ledger = LedgerFolder::open(&folder, context.now())?;
    drop(bar);
    let size = ledger.reader().status()?.size;
    context.speech.say(&format!("built again: it meets the root signed for {size} entries"));
    Ok(Outcome::new("inkan-ledger-map/1", String::new(), members(Some(size))))
}

/// The data folder: that of `--ledger`, or the profile's.
pub(super) fn folder(context: &mut Context) -> Result<PathBuf, Failure> {
    let named = context.ledger_place(context.plain_http(false))?;
    let place = match named {
        Some(place) => place,
        None => context.home()?.ledger,
    };
    match place {
        LedgerPlace::Folder(path) => Ok(path),
        LedgerPlace::Node(url) => {
            let usage = format!(
                "{url} is a node: this is done where its data folder is, with --ledger PATH"
            );
            Err(CliError::Usage(usage).into())
        }
    }
}

fn note(path: &Path) -> Result<SignedNote, Failure> {
    let bytes = files::read(path, inkan_ledger::note::NOTE_LIMIT)?;
    let text = String::from_utf8(bytes).ok();
    let file = path.display().to_string();
    let missing = CliError::NotOfLedger { file, what: "no signed checkpoint" };
    Ok(text.and_then(|text| SignedNote::parse(&text).ok()).ok_or(missing)?)
}
