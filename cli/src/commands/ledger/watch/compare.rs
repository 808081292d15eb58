//! Two heads of one log, from two places: does the larger continue the smaller?

use std::path::Path;

use inkan_io::files;
use inkan_io::ledger_source::{LedgerPlace, LedgerSource, SourceView};
use inkan_ledger::tree::verify_consistency;
use inkan_ledger::{SignedNote, VerifiedCheckpoint, verify_checkpoint};
use serde_json::json;

use crate::args::WatchArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::ledgers;
use crate::output::Outcome;
use crate::render::Mark;

/// One of the two: its head, and whatever can prove more about it.
struct Half {
    name: String,
    head: VerifiedCheckpoint,
    view: Option<SourceView>,
}

pub(super) fn run(
    pair: &[String],
    args: &WatchArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let [one, other] = pair else {
        return Err(CliError::Usage("--compare takes two heads".to_owned()).into());
    };
    let (one, other) = (half(one, &home, context)?, half(other, &home, context)?);
    if one.head.origin() != other.head.origin() {
        let usage = format!(
            "these are heads of two logs, {} and {}: there is nothing to compare",
            one.head.origin(),
            other.head.origin()
        );
        return Err(CliError::Usage(usage).into());
    }
    let (small, large) = if one.head.head().tree_size <= other.head.head().tree_size {
        (one, other)
    } else {
        (other, one)
    };
    let (old, new) = (small.head.head(), large.head.head());
    let continues = if old.tree_size == new.tree_size {
        old.root_hash == new.root_hash
    } else {
        let view = prover(&large, &home, context)?;
        verify_consistency(&old, &new, &view.consistency(old.tree_size)?).is_ok()
    };
    if !continues {
        let view = prover(&large, &home, context).ok();
        let halves = (small.head.note(), large.head.note());
        return Err(ledgers::split_view(
            halves,
            view.as_ref(),
            &home,
            args.out.path(),
            context.now(),
        ));
    }
    let how = if old.tree_size == new.tree_size { "is the same tree as" } else { "continues" };
    let human = format!(
        "{} {}: {} ({} entries) {how} {} ({} entries)\n",
        Mark::Pass.painted(),
        large.head.origin(),
        large.name,
        new.tree_size,
        small.name,
        old.tree_size,
    );
    let members = json!({
        "origin": large.head.origin(), "consistent": true,
        "sizes": [old.tree_size, new.tree_size],
        "roots": [old.root_hash.digest().to_hex(), new.root_hash.digest().to_hex()],
    });
    Ok(Outcome::new("inkan-ledger-comparison/1", human, members))
}

fn half(text: &str, home: &Home, context: &Context) -> Result<Half, Failure> {
    let now = context.now();
    let pinned = home.pinned()?;
    let place = LedgerPlace::parse(text, context.plain_http(home.settings.insecure_http))?;
    let (note, view) = match &place {
        LedgerPlace::Folder(path) if path.is_file() => (read(path)?, None),
        LedgerPlace::Folder(_) | LedgerPlace::Node(_) => {
            let source = LedgerSource::open(&place, &pinned, now)?;
            let view = source.view_at(None)?.ok_or(CliError::NoCheckpoint)?;
            (view.note().clone(), Some(view))
        }
    };
    let head = ledgers::verify_pinned(home, |policy| verify_checkpoint(&note, policy, now))
        .map_err(|failure| failure.during(text))?;
    Ok(Half { name: text.to_owned(), head, view })
}

fn read(path: &Path) -> Result<SignedNote, Failure> {
    let bytes = files::read(path, inkan_ledger::note::NOTE_LIMIT)?;
    let text = String::from_utf8(bytes).ok();
    let note = text.and_then(|text| SignedNote::parse(&text).ok());
    let file = path.display().to_string();
    Ok(note.ok_or(CliError::NotOfLedger { file, what: "no signed checkpoint" })?)
}

/// What can prove how the larger head begins: where it came from, or the profile's ledger if that has the same head.
fn prover(large: &Half, home: &Home, context: &Context) -> Result<SourceView, Failure> {
    if let Some(view) = &large.view {
        return Ok(view.clone());
    }
    let head = large.head.head();
    let missing = || {
        let message = format!("nothing at hand proves how {} begins", large.name);
        Failure::new("evidence-missing", message).try_this(
            "name the ledger it came from instead of the file",
            "inkan ledger watch --compare FILE URL",
        )
    };
    if !home.ledger.is_present() {
        return Err(missing());
    }
    let source = LedgerSource::open(&home.ledger, &home.pinned()?, context.now())?;
    let view = source.view_of(head.tree_size).ok().flatten().ok_or_else(missing)?;
    let same = inkan_ledger::Checkpoint::parse_text(view.note().text())
        .is_ok_and(|checkpoint| checkpoint.head() == head);
    if same { Ok(view) } else { Err(missing()) }
}
