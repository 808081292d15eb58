//! `inkan ledger restore`: the tiles of a damaged folder from a mirror, or from any other copy of the log.
//!
//! Which head they must hash to is said by the folder's guard, so the copy need not be trusted.

use std::path::PathBuf;

use inkan_io::http::PlainHttp;
use inkan_io::ledger_folder::LedgerReader;
use inkan_io::mirror::{MirrorError, MirrorSource, Touch, restore_folder};
use inkan_ledger::add_checkpoint::origin_hash;
use serde_json::json;

use crate::args::RestoreArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Outcome;
use crate::progress::Bar;

/// Paths that are shown to a person.
const SHOWN: usize = 20;

pub(super) fn run(args: &RestoreArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let folder = match &args.folder {
        Some(folder) => PathBuf::from(folder),
        None => super::care::folder(context)?,
    };
    let shown = folder.display().to_string();
    let origin = LedgerReader::open(&folder)?.origin().to_owned();
    let mut source = source(&args.from, &origin, context.plain_http(false))?;
    let touch = if args.write.dry_run { Touch::Look } else { Touch::Write };
    let bar = Bar::spinning(context.speech, "fetching entries");
    let restored = restore_folder(&folder, &mut source, touch, &mut |done| bar.reach(done))?;
    drop(bar);
    let (size, files) = (restored.head.tree_size, restored.files);
    let root = restored.head.root_hash.digest().to_hex();
    let what = match (files.len(), touch) {
        (0, _) => "nothing was damaged".to_owned(),
        (1, Touch::Write) => "1 file was damaged, and is in order".to_owned(),
        (some, Touch::Write) => format!("{some} files were damaged, and are in order"),
        (1, Touch::Look) => "1 file differs, and would be written".to_owned(),
        (some, Touch::Look) => format!("{some} files differ, and would be written"),
    };
    let mut human = format!("{what}: {size} entries as signed, root {root}\n");
    for path in files.iter().take(SHOWN) {
        human.push_str(&format!("  {path}\n"));
    }
    if files.len() > SHOWN {
        human.push_str(&format!("  … and {} more (--json)\n", files.len() - SHOWN));
    }
    let members = json!({
        "folder": shown, "origin": origin, "size": size, "root": root, "files": files.len(),
        "paths": files, "dryRun": args.write.dry_run,
    });
    Ok(Outcome::new("inkan-ledger-restored/1", human, members))
}

/// A folder; or a URL: that of a node, of the copy itself, or of a mirror, which serves each log under its own name.
fn source(from: &str, origin: &str, plain: PlainHttp) -> Result<MirrorSource, Failure> {
    let is_url = from.contains("://");
    let mut named = if is_url {
        MirrorSource::url(from, plain)
    } else {
        MirrorSource::folder(&PathBuf::from(from))
    };
    // Without this, a path that leads nowhere would be a copy in which nothing differs.
    match named.checkpoint() {
        Err(MirrorError::Missing { .. }) if is_url => {
            let below = format!("{}/{}", from.trim_end_matches('/'), origin_hash(origin));
            Ok(MirrorSource::url(&below, plain))
        }
        Err(error) => Err(error.into()),
        Ok(_) => Ok(named),
    }
}
