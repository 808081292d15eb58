//! The data folder of a ledger, or a mirror's copy of one: does it hold what was signed?
//!
//! Without `--deep` the newest checkpoint is verified, and that the last entry leads to it; with it every entry is hashed and judged again.

use std::path::{Path, PathBuf};

use inkan_core::encoding::hex;
use inkan_core::rng::draw;
use inkan_io::files::{self, Access};
use inkan_io::ledger_folder::LedgerReader;
use inkan_io::ledger_source::SourceView;
use inkan_io::mirror::{self, MirrorError, MirrorSource};
use inkan_io::os_rng::OsRng;
use inkan_ledger::tree::TreeHead;
use inkan_ledger::{
    Checkpoint, LogPolicy, ReceiptError, SignedNote, VerifiedCheckpoint, verify_bundle_under,
    verify_checkpoint, verify_receipt_under,
};
use serde_json::json;

use crate::args::CheckArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::progress::Bar;
use crate::render::Mark;

pub(super) fn run(
    path: &Path,
    args: &CheckArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let Shown { note, origin, own, view, published } = shown(path)?;
    // The policy pinned here, or, for an operator without a profile, the folder's own.
    let home = context.home_if_any()?;
    let pinned = match &home {
        Some(home) => home.pinned()?.into_iter().find(|policy| policy.has_log(&origin)),
        None => None,
    };
    let is_own = pinned.is_none();
    let policy = pinned.or(own).ok_or(CliError::NoPinnedLog)?;
    let head = verify_checkpoint(&note, &policy, context.now())?;
    let (size, root) = (head.head().tree_size, head.head().root_hash);
    super::demand(args.root.as_deref(), root.digest())?;
    if let (Some(view), Some(last)) = (&view, size.checked_sub(1)) {
        check_published(published.as_ref(), (&policy, &head), path, context)?;
        right_edge(view, last, &head, path)?;
    }
    if args.deep {
        judge(path, head.origin(), &head.head(), context)?;
    }
    let judged = if args.deep { size } else { 0 };
    let how = if args.deep {
        "each hashed and judged again, all well"
    } else {
        "head and right edge are well"
    };
    let mut human = format!(
        "{} {}: {size} entries of {}, {how}\n",
        Mark::Pass.painted(),
        path.display(),
        head.origin(),
    );
    human.push_str(&super::rest(&head));
    if is_own {
        human.push_str("  judged by the folder's own policy: no profile pins this log\n");
    }
    if !args.deep {
        human.push_str("  --deep hashes and judges every entry again\n");
    }
    let mut members = super::members(&head);
    members.insert("file".to_owned(), "folder".into());
    members.insert("hashed".to_owned(), judged.into());
    members.insert("judged".to_owned(), judged.into());
    members.insert("policy".to_owned(), json!(if is_own { "own" } else { "pinned" }));
    Ok(Outcome::new("inkan-ledger-check/1", human, members.into()))
}

/// What a folder shows of a log.
struct Shown {
    note: SignedNote,
    origin: String,
    /// The policy in the folder; a mirror's copy has none.
    own: Option<LogPolicy>,
    /// The ledger itself; a copy has none.
    view: Option<SourceView>,
    /// The head that others are served.
    published: Option<SignedNote>,
}

fn shown(path: &Path) -> Result<Shown, Failure> {
    match LedgerReader::open(path) {
        Ok(reader) => {
            let view = reader.view_at(None)?.ok_or(CliError::NoCheckpoint)?;
            let (note, origin) = (view.note().clone(), reader.origin().to_owned());
            let own = Some(reader.policy().clone());
            let published = reader
                .signed_note()
                .map_err(|error| written_again(Failure::from(error), &path.join("checkpoint")))?;
            Ok(Shown { note, origin, own, view: Some(SourceView::Folder(view)), published })
        }
        // A copy, as mirrors keep it, is judged like the ledger itself.
        Err(error) if error.code() == "ledger-not-found" && path.join("checkpoint").is_file() => {
            let note = MirrorSource::folder(path).checkpoint()?;
            let checkpoint = Checkpoint::parse_text(note.text());
            let file = path.join("checkpoint").display().to_string();
            let other = CliError::NotOfLedger { file, what: "no signed checkpoint" };
            let origin = checkpoint.map_err(|_| other)?.origin().to_owned();
            Ok(Shown { note, origin, own: None, view: None, published: None })
        }
        Err(error) => Err(error.into()),
    }
}

/// What is served must be a head that the log signed, of the tree that is looked at.
fn check_published(
    published: Option<&SignedNote>,
    (policy, head): (&LogPolicy, &VerifiedCheckpoint),
    path: &Path,
    context: &Context,
) -> Result<(), Failure> {
    let file = path.join("checkpoint");
    let wrong = |what: &str| {
        written_again(Failure::new(MALFORMED, format!("{}: {what}", file.display())), &file)
    };
    let note = published.ok_or_else(|| wrong("there is none"))?;
    let served = Checkpoint::parse_text(note.text()).map_err(|_| wrong("no checkpoint"))?.head();
    match verify_checkpoint(note, policy, context.now()) {
        // It is published when the log has signed it; its cosigners may still answer.
        Ok(_) | Err(ReceiptError::QuorumNotMet) => {}
        Err(error) => return Err(written_again(Failure::from(error), &file)),
    }
    let seen = head.head();
    if served.tree_size == seen.tree_size && served.root_hash != seen.root_hash {
        return Err(wrong("another root than that of the newest cosigned head"));
    }
    if served.tree_size < seen.tree_size {
        return Err(wrong("older than the newest cosigned head"));
    }
    Ok(())
}

/// The file is made again from what the guard knows; one from a copy would be an older one.
fn written_again(failure: Failure, file: &Path) -> Failure {
    let command = format!("rm {}", file.display());
    failure
        .try_this("remove it: whoever opens the ledger next for writing writes it again", command)
}

/// The newest entries, all of their bundle, must lead to the root that was signed: the tiles on the way are those that the
/// next entries build on.
fn right_edge(
    view: &SourceView,
    last: u64,
    head: &VerifiedCheckpoint,
    path: &Path,
) -> Result<(), Failure> {
    let damaged = |error: ReceiptError| {
        Failure::from_error(DAMAGED, &error).during(path.display().to_string())
    };
    let (start, leaves) = view.bundle(last)?;
    verify_bundle_under(&view.receipt_here(start)?, &leaves, head).map_err(damaged)?;
    verify_receipt_under(&view.receipt_here(last)?, head).map_err(damaged)?;
    Ok(())
}

/// Every entry again: is it what was signed, and should it have been?
fn judge(path: &Path, origin: &str, head: &TreeHead, context: &Context) -> Result<(), Failure> {
    let bar = Bar::new(context.speech, "judging", head.tree_size);
    let scratch = Scratch::make()?;
    let found = mirror::audit(path, origin, head, &scratch.0, &mut |done| bar.reach(done));
    drop(bar);
    let folder = path.display().to_string();
    found.map_err(|error| match (error.leaf(), &error) {
        (Some(leaf), _) => broken(folder, &format!("entry {leaf} breaks a rule: "), &error),
        (None, MirrorError::RootMismatch { .. }) => {
            let what = "its entries do not hash to the root that was signed";
            Failure::new(DAMAGED, format!("{folder}: {what}"))
        }
        (None, MirrorError::Missing { .. } | MirrorError::Malformed { .. }) => {
            Failure::from_error(DAMAGED, &error)
        }
        (None, _) if error.is_fault_of_the_log() => broken(folder, "", &error),
        (None, _) => Failure::from(error).during(folder),
    })
}

/// What the log signed and must not have.
fn broken(folder: String, which: &str, error: &MirrorError) -> Failure {
    let cause = Failure::from_error(error.code(), error);
    let rule = format!("{which}{}", cause.message());
    CliError::LogRuleBroken { folder, rule }.into()
}

/// A folder for the map, which is built again; it is gone when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Self, Failure> {
        let name = format!("inkan-check-{}", hex(&draw::<6>(&mut OsRng)));
        let scratch = Self(std::env::temp_dir().join(name));
        files::create_folder(&scratch.0, Access::Private)?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is in the system's folder for what need not stay.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A file of it cannot be read.
const MALFORMED: &str = "ledger-file-malformed";
/// The folder does not hold what was signed.
const DAMAGED: &str = "tile-damaged";
