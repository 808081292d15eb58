//! `inkan ledger restore`: the tiles of a damaged folder from a mirror, or from any other copy of the log.
//!
//! Which head they must hash to is said by the folder's guard, so the copy need not be trusted.

use std::path::PathBuf;

use inkan_io::http::PlainHttp;
use inkan_io::ledger_folder::LedgerReader;
use inkan_io::mirror::{MirrorError, MirrorSource, restore_folder};
use inkan_ledger::add_checkpoint::origin_hash;
use serde_json::json;

use crate::args::RestoreArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Outcome;
use crate::progress::Bar;

pub(super) fn run(args: &RestoreArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let folder = match &args.folder {
        Some(folder) => PathBuf::from(folder),
        None => super::care::folder(context)?,
    };
    let shown = folder.display().to_string();
    let origin = LedgerReader::open(&folder)?.origin().to_owned();
    let mut source = source(&args.from, &origin, context.plain_http(false))?;
    if args.write.dry_run {
        let from = &args.from;
        context.speech.say(&format!(
            "would compare every tile in {shown} with {from}, and write what differs"
        ));
        let members = json!({ "folder": shown, "dryRun": true });
        return Ok(Outcome::new("inkan-ledger-restored/1", String::new(), members));
    }
    let bar = Bar::spinning(context.speech, "fetching entries");
    let restored = restore_folder(&folder, &mut source, &mut |done| bar.reach(done))?;
    drop(bar);
    let (size, files) = (restored.head.tree_size, restored.files);
    let root = restored.head.root_hash.digest().to_hex();
    let what = match files {
        0 => "nothing was damaged".to_owned(),
        1 => "1 file was damaged, and is in order".to_owned(),
        some => format!("{some} files were damaged, and are in order"),
    };
    let human = format!("{what}: {size} entries as signed, root {root}\n");
    let members = json!({
        "folder": shown, "origin": origin, "size": size, "root": root, "files": files,
        "dryRun": false,
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
