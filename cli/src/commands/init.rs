//! `inkan init`: a profile, its pinned log policy, and, at a new path, a ledger with two witnesses.
//!
//! Order: ledger, profile folder, `config.toml`. A crash in between leaves nothing that a second run does not take up.

use std::path::{Path, PathBuf};

use inkan_io::files;
use inkan_io::ledger_folder::{LedgerFolder, LedgerReader};
use inkan_io::os_rng::OsRng;
use inkan_io::profile::Profile;
use serde_json::json;

use crate::args::InitArgs;
use crate::config::{Config, ProfileSettings, check_name};
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;

/// The origin of a new ledger whose host nobody named.
const EXAMPLE: &str = "ledger.example";

pub(super) fn run(args: &InitArgs, context: &mut Context) -> Result<Outcome, Failure> {
    check_name(&args.name)?;
    // Two runs at once must not lose each other's profile.
    files::create_folder(&context.folders.config, files::Access::Private)?;
    let _lock = files::lock(&context.folders.config)?;
    context.config = Config::load(&context.folders)?;
    if context.config.profiles.contains_key(&args.name) {
        return Err(CliError::ProfileExists { name: args.name.clone() }.into());
    }
    let folder = context.folders.data.join(&args.name);
    let ledger = context.ledger_folder().unwrap_or_else(|| folder.join("ledger"));
    let ledger =
        std::path::absolute(&ledger).map_err(|error| files::FileError::from_io(&ledger, error))?;
    let new = is_vacant(&ledger)?;
    let found = if new { None } else { Some(LedgerReader::open(&ledger)?.origin().to_owned()) };
    let wanted = args.domain.clone().unwrap_or_else(|| EXAMPLE.to_owned());
    let origin = found.unwrap_or_else(|| wanted.clone());
    let host = origin.split('/').next().unwrap_or_default().to_owned();
    let domain = args.domain.clone().unwrap_or(host);
    if args.write.dry_run {
        let made = if new { "make" } else { "use" };
        context.speech.say(&format!("would {made} the ledger {origin} in {}", ledger.display()));
    } else {
        if new {
            create_ledger(&ledger, &origin, args, context)?;
        }
        let profile = Profile::create(&folder, &args.name)?;
        let reader = LedgerReader::open(&ledger)?;
        profile.pin_log(reader.origin(), reader.policy_text())?;
        let settings = ProfileSettings {
            role: args.role.name().to_owned(),
            ledger: ledger.display().to_string(),
            origin: origin.clone(),
            domain: domain.clone(),
        };
        context.config.profiles.insert(args.name.clone(), settings);
        context.config.default.get_or_insert_with(|| args.name.clone());
        context.config.save(&context.folders)?;
        let role = args.role.name();
        context.speech.say(&format!("profile {} ({role}), ledger {origin}", args.name));
    }
    context.world.profile = Some(args.name.clone());
    context.world.ledger = Some(json!({ "origin": origin, "path": ledger.display().to_string() }));
    let members = json!({
        "name": args.name, "role": args.role.name(), "domain": domain, "newLedger": new,
        "folder": folder.display().to_string(), "dryRun": args.write.dry_run,
    });
    Ok(Outcome::new("inkan-profile/1", String::new(), members))
}

fn create_ledger(
    path: &Path,
    origin: &str,
    args: &InitArgs,
    context: &Context,
) -> Result<(), Failure> {
    LedgerFolder::create(path, origin, &mut OsRng, context.now())?;
    let speech = &context.speech;
    speech.say(&format!("made the ledger {origin} in {}, with two witnesses", path.display()));
    speech.say("both witnesses run on this machine: others will not count them as independent");
    if args.domain.is_none() {
        speech.say(&format!("{origin} is a name for examples; --domain HOST sets one of yours"));
    }
    Ok(())
}

/// Whether a ledger can be made there: nothing, or an empty folder.
fn is_vacant(path: &PathBuf) -> Result<bool, Failure> {
    match std::fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(files::FileError::from_io(path, error).into()),
    }
}
