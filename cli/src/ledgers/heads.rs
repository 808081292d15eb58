//! What a ledger shows now against what this profile saw of it before: an older head is refused, another one is an alarm.

use inkan_core::Timestamp;
use inkan_io::files::{self, Access};
use inkan_io::ledger_source::{LedgerPlace, SourceView};
use inkan_io::seen::{self, Sighting};
use inkan_ledger::{SignedNote, verify_checkpoint};

use crate::context::Home;
use crate::failure::{CliError, Failure};
use crate::output::Speech;

/// Compares and remembers a head, if a pinned policy vouches for it; the rest is for `verify` and `doctor` to say.
pub(super) fn compare(
    view: &SourceView,
    home: &Home,
    now: Timestamp,
    speech: Speech,
) -> Result<(), Failure> {
    let pinned = home.pinned()?;
    let mut verified =
        pinned.iter().filter_map(|policy| verify_checkpoint(view.note(), policy, now).ok());
    let Some(shown) = verified.next() else { return Ok(()) };
    match seen::compare(&home.profile, &shown, |from| view.consistency(from))? {
        Sighting::First | Sighting::Same | Sighting::Grown { .. } => Ok(()),
        Sighting::Behind { seen } => {
            let (origin, size) = (shown.origin().to_owned(), shown.head().tree_size);
            let place = home.ledger.to_string();
            Err(CliError::LedgerBehind { place, origin, size, seen }.into())
        }
        Sighting::Split { seen } => {
            let path = keep(&seen, shown.note(), home, now)?;
            speech.warn("keep both notes, and show them to the witnesses and to others who rely on this log");
            let place = home.ledger.to_string();
            Err(Failure::from(CliError::SplitView {
                origin: shown.origin().to_owned(),
                place,
                path,
            }))
        }
    }
}

/// Writes both notes down, one after the other with an empty line between: nobody can argue with two signatures.
fn keep(
    seen: &SignedNote,
    shown: &SignedNote,
    home: &Home,
    now: Timestamp,
) -> Result<String, Failure> {
    let name = format!("split-view-{}.txt", now.seconds());
    let path = home.profile.folder().join(name);
    let text = format!("{seen}\n{shown}");
    files::write_atomic(&path, text.as_bytes(), Access::Private)?;
    Ok(path.display().to_string())
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
