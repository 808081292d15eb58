//! What a ledger shows now against what this profile saw of it before: an older head is refused, another one is an alarm.

use std::path::Path;

use inkan_core::Timestamp;
use inkan_io::files::{self, Access};
use inkan_io::ledger_folder::LedgerFolder;
use inkan_io::ledger_source::{LedgerPlace, LedgerSource, SourceView};
use inkan_io::seen::{self, Sighting};
use inkan_ledger::evidence::Growth;
use inkan_ledger::{
    Checkpoint, Evidence, LeafHash, LogPolicy, ReceiptError, SignedNote, VerifiedCheckpoint,
    verify_checkpoint,
};

use crate::context::Home;
use crate::failure::{CliError, Failure};
use crate::merkle;
use crate::output::Speech;

/// The newest head, if it holds under the pinned policy; one that does not says nothing, in a folder as behind a URL: without
/// this a revocation could be hidden by naming another folder, or an older copy whose cosignatures were cut off.
pub(super) fn pinned(
    view: &SourceView,
    home: &Home,
    now: Timestamp,
) -> Result<VerifiedCheckpoint, Failure> {
    verify_pinned(home, |policy| verify_checkpoint(view.note(), policy, now))
        .map_err(|failure| failure.during(home.ledger.to_string()))
}

/// Compares and remembers the head `shown`, which is that of `view`. Evidence of a split view goes into `out`, or into the
/// profile.
pub(super) fn compare(
    view: &SourceView,
    shown: &VerifiedCheckpoint,
    home: &Home,
    out: Option<&str>,
    now: Timestamp,
) -> Result<(), Failure> {
    match seen::compare(&home.profile, shown, |from| view.consistency(from))? {
        Sighting::First | Sighting::Same | Sighting::Grown { .. } => Ok(()),
        Sighting::Behind { seen } => {
            let (origin, size) = (shown.origin().to_owned(), shown.head().tree_size);
            let place = home.ledger.to_string();
            Err(CliError::LedgerBehind { place, origin, size, seen }.into())
        }
        Sighting::Split { seen } => {
            Err(split_view((&seen, shown.note()), Some(view), home, out, now))
        }
    }
}

/// Whether the folder is of a log that is pinned here: nothing is written into another.
pub(super) fn is_own(folder: &Path, home: &Home) -> Result<(), Failure> {
    let (origin, policy) = LedgerFolder::policy(folder)?;
    let pinned = home.pinned()?;
    let known = |key| pinned.iter().any(|known| known.logs().contains(key));
    if policy.logs().iter().any(known) {
        return Ok(());
    }
    let named = pinned.iter().any(|known| known.has_log(&origin));
    let unknown = ReceiptError::UnknownLog { origin, pinned: named };
    Err(Failure::from(unknown).during(home.ledger.to_string()))
}

/// The name of the log that is in a folder or behind a URL; of a node it must be one that is pinned here.
///
/// # Errors
///
/// It cannot be asked, or none of its heads holds.
pub(crate) fn origin_at(
    place: &LedgerPlace,
    home: &Home,
    now: Timestamp,
) -> Result<String, Failure> {
    match place {
        LedgerPlace::Folder(folder) => Ok(LedgerFolder::policy(folder)?.0),
        LedgerPlace::Node(_) => {
            let source = LedgerSource::open(place, &home.pinned()?, now)
                .map_err(|error| Failure::from(error).during(place.to_string()))?;
            Ok(source.origin().to_owned())
        }
    }
}

/// Judges under the first pinned policy that knows the log.
///
/// # Errors
///
/// What that policy finds; that no pinned policy knows the log.
pub(crate) fn verify_pinned<T>(
    home: &Home,
    judge: impl Fn(&LogPolicy) -> Result<T, ReceiptError>,
) -> Result<T, Failure> {
    let mut unknown = None;
    for policy in home.pinned()? {
        match judge(&policy) {
            // That a pinned log has another key is worth more than that other policies do not know it.
            Err(error @ ReceiptError::UnknownLog { pinned: true, .. }) => unknown = Some(error),
            Err(error @ ReceiptError::UnknownLog { .. }) => {
                unknown.get_or_insert(error);
            }
            judged => return Ok(judged?),
        }
    }
    Err(unknown.map_or_else(|| CliError::NoPinnedLog.into(), Failure::from))
}

/// The failure that two heads are which exclude each other; both are written down as evidence. `larger` shows how the
/// larger tree begins.
pub(crate) fn split_view(
    (one, other): (&SignedNote, &SignedNote),
    larger: Option<&SourceView>,
    home: &Home,
    out: Option<&str>,
    now: Timestamp,
) -> Failure {
    let origin = Checkpoint::parse_text(one.text())
        .map(|checkpoint| checkpoint.origin().to_owned())
        .unwrap_or_default();
    // Without the larger tree's beginning the two notes alone are kept: better than nothing.
    let growth = larger.and_then(|view| growth(one, view).ok().flatten());
    let evidence = Evidence::of_heads(one.clone(), other.clone(), growth).to_value();
    let path = match out {
        Some(out) => std::path::PathBuf::from(out),
        None => home.profile.folder().join(format!("split-view-{}.evidence.json", now.seconds())),
    };
    let text = format!("{evidence:#}\n");
    if let Err(error) = files::write_atomic(&path, text.as_bytes(), Access::Private) {
        return error.into();
    }
    let (place, path) = (home.ledger.to_string(), path.display().to_string());
    CliError::SplitView { origin, place, path, halves: format!("{one}\n{other}") }.into()
}

/// The root that the larger tree has over its first leaves, as many as the smaller head has, and the path from there.
fn growth(smaller: &SignedNote, view: &SourceView) -> Result<Option<Growth>, Failure> {
    let Ok(small) = Checkpoint::parse_text(smaller.text()) else { return Ok(None) };
    let size = small.head().tree_size;
    if size >= view.size() {
        return Ok(None);
    }
    let receipt = view.receipt_here(size)?;
    let leaf = LeafHash::of(receipt.leaf_bytes());
    let steps = merkle::steps(leaf, view.size(), receipt.proof().path());
    let path = view.consistency(size)?;
    Ok(merkle::root_before(&steps).map(|root| Growth { root, path }))
}

/// Says that a ledger is reached in the open, on every run.
pub(crate) fn warn_if_exposed(place: &LedgerPlace, speech: Speech) {
    if let LedgerPlace::Node(url) = place
        && url.is_exposed()
    {
        speech.warn(&format!(
            "{url} is asked over plain http: others on the way can read along and hold answers back"
        ));
    }
}
