//! `inkan init`: a profile, its pinned log policy, and, at a new path, a ledger with two witnesses.
//!
//! Order: ledger, profile folder, `config.toml`. A crash in between leaves nothing that a second run does not take up.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use inkan_evidence::tsa::Anchors;
use inkan_io::anchors::AnchorsError;
use inkan_io::files;
use inkan_io::ledger_folder::{LedgerFolder, LedgerReader, OpenOptions};
use inkan_io::ledger_source::{LedgerPlace, LedgerSource};
use inkan_io::os_rng::OsRng;
use inkan_io::profile::Profile;
use inkan_ledger::parameters::Parameters;
use inkan_ledger::{LogPolicy, VerifierKey, verify_checkpoint};
use serde_json::{Value, json};

use crate::args::InitArgs;
use crate::config::{Config, ProfileSettings, check_name};
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::log_policies::{self, Kept};
use crate::output::Outcome;
use crate::render::safe;

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
    let named = context.ledger_place(context.plain_http(false))?;
    if named.is_none() && context.ledger_token_file()?.is_some() {
        let usage = "--ledger-token-file is for a node: name it with --ledger";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let place = absolute(named.unwrap_or_else(|| LedgerPlace::Folder(folder.join("ledger"))))?;
    crate::ledgers::warn_if_exposed(&place, context.speech);
    let parameters = parameters(args)?;
    let found = find(&place, args, context)?;
    let Found { new, ref origin, .. } = found;
    let host = origin.split('/').next().unwrap_or_default().to_owned();
    let domain = args.domain.clone().unwrap_or(host);
    if !new {
        if parameters.is_some() {
            let usage = "--params is for a new ledger; one that exists changes them: inkan ledger params announce";
            return Err(CliError::Usage(usage.to_owned()).into());
        }
        show_trust(&found, context);
    }
    if args.write.dry_run {
        let made = if new { "make" } else { "use" };
        context.speech.say(&format!("would {made} the ledger {origin} in {place}"));
    } else {
        if let (true, Some(path)) = (new, place.folder()) {
            create_ledger(path, origin, parameters.unwrap_or_default(), args, context)?;
        }
        let policy = match (&found.policy, place.folder()) {
            (Some(policy), _) => policy.text.clone(),
            (None, Some(path)) => LedgerReader::open(path)?.policy_text().to_owned(),
            (None, None) => return Err(CliError::Fault("no policy".to_owned()).into()),
        };
        let profile = Profile::create(&folder, &args.name)?;
        profile.pin_log(origin, &policy)?;
        profile.pin_anchors(origin, &found.anchors)?;
        let settings = ProfileSettings {
            role: args.role.name().to_owned(),
            ledger: place.to_string(),
            origin: origin.clone(),
            domain: domain.clone(),
            ledger_token_file: if place.folder().is_none() {
                context.ledger_token_file()?
            } else {
                None
            },
            insecure_http: matches!(&place, LedgerPlace::Node(url) if url.is_exposed()),
        };
        context.config.profiles.insert(args.name.clone(), settings);
        context.config.default.get_or_insert_with(|| args.name.clone());
        context.config.save(&context.folders)?;
        let role = args.role.name();
        context.speech.say(&format!("profile {} ({role}), ledger {origin}", args.name));
    }
    context.world.profile = Some(args.name.clone());
    context.note_ledger(origin, &place);
    let basis = found.policy.as_ref().map_or("made-here", |policy| policy.basis);
    let uncounted = found.policy.map(|policy| policy.uncounted).unwrap_or_default();
    let members = json!({
        "name": args.name, "role": args.role.name(), "domain": domain, "newLedger": new,
        "folder": folder.display().to_string(), "dryRun": args.write.dry_run,
        "logKeys": found.keys, "trust": basis, "runByLog": uncounted,
    });
    Ok(Outcome::new("inkan-profile/1", String::new(), members))
}

/// The ledger that the profile will use, and what is trusted about it.
#[derive(Debug)]
struct Found {
    new: bool,
    origin: String,
    /// The policy to pin; none yet for a ledger that is still to be made.
    policy: Option<Kept>,
    /// Keys of the log in that policy.
    keys: Vec<String>,
    /// Witnesses in that policy.
    witnesses: Vec<String>,
    /// Files with certificates of timestamp authorities in that policy.
    anchors: Vec<Vec<u8>>,
    /// Authorities whose stamps cannot be checked for want of a certificate.
    unchecked: Vec<String>,
}

fn find(place: &LedgerPlace, args: &InitArgs, context: &Context) -> Result<Found, Failure> {
    let vacant = place.folder().map(|folder| vacancy(folder, args)).transpose()?.flatten();
    if let Some(origin) = vacant {
        if args.log_policy.is_some() || !args.anchors.is_empty() {
            let usage = "--log-policy and --anchor are for a ledger that exists: this one is new, and its keys are made now";
            return Err(CliError::Usage(usage.to_owned()).into());
        }
        return Ok(Found {
            new: true,
            origin,
            policy: None,
            keys: Vec::new(),
            witnesses: Vec::new(),
            anchors: Vec::new(),
            unchecked: Vec::new(),
        });
    }
    let kept = log_policies::read(args.log_policy.as_deref(), Some(place))?;
    let anchors = anchors(place, args)?;
    let mut at_hand = Anchors::default();
    for (name, bytes) in &anchors {
        let malformed = |_| AnchorsError::Malformed { path: name.into() };
        at_hand.add_file(bytes).map_err(malformed)?;
    }
    let policy = LogPolicy::parse(&kept.text)?.checking_tokens(Arc::new(at_hand));
    // What is pinned must be what the ledger signs with, now: a wrong file is found out here, and not by the first verify.
    let source = LedgerSource::open(place, std::slice::from_ref(&policy), context.now())?;
    let origin = source.origin().to_owned();
    let view = source.view_at(None)?.ok_or(CliError::NoCheckpoint)?;
    let head = verify_checkpoint(view.note(), &policy, context.now())?;
    let names = |key: &VerifierKey| key.to_string();
    Ok(Found {
        new: false,
        origin,
        keys: policy.logs().iter().map(names).collect(),
        witnesses: policy.witnesses().iter().map(|one| one.name().to_owned()).collect(),
        policy: Some(kept),
        anchors: anchors.into_iter().map(|(_, bytes)| bytes).collect(),
        unchecked: head.not_checked().to_vec(),
    })
}

/// Files with certificates, by name: those that were named, else that of a ledger's own folder.
fn anchors(place: &LedgerPlace, args: &InitArgs) -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    let own = place.folder().map(|folder| folder.join("anchors.pem")).filter(|own| own.is_file());
    let named = args.anchors.iter().map(PathBuf::from);
    let paths: Vec<PathBuf> =
        if args.anchors.is_empty() { own.into_iter().collect() } else { named.collect() };
    let read = |path: PathBuf| {
        let bytes = files::read(&path, inkan_core::limits::DOCUMENT)?;
        Ok::<_, Failure>((path, bytes))
    };
    paths.into_iter().map(read).collect()
}

/// Says whose keys are trusted from now on, and on what ground; a node's are trusted on first use.
fn show_trust(found: &Found, context: &Context) {
    let speech = &context.speech;
    speech.say(&format!("the log {} signs with", found.origin));
    for key in &found.keys {
        speech.say(&format!("  {}", safe(key, 200)));
    }
    let witnesses = if found.witnesses.is_empty() {
        "no witnesses: nobody but the operator vouches for its time".to_owned()
    } else {
        format!("witnesses: {}", safe(&found.witnesses.join(", "), 300))
    };
    speech.say(&witnesses);
    if let Some(kept) = &found.policy {
        kept.tell(*speech);
    }
    for name in &found.unchecked {
        let name = safe(name, 100);
        speech.warn(&format!(
            "stamps of {name} are not checked: --anchor FILE brings its certificate"
        ));
    }
    if found.policy.as_ref().is_some_and(|kept| kept.basis == "first-use") {
        speech.warn("trust on first use: whoever answered now is believed from now on");
        speech.warn("compare the key with one you got another way, or bring it: --log-policy FILE");
    }
}

/// A folder's path from the root, since commands run elsewhere later.
fn absolute(place: LedgerPlace) -> Result<LedgerPlace, Failure> {
    match place {
        LedgerPlace::Folder(path) => {
            let whole = std::path::absolute(&path);
            let at = |error| files::FileError::from_io(&path, error);
            Ok(LedgerPlace::Folder(whole.map_err(at)?))
        }
        node @ LedgerPlace::Node(_) => Ok(node),
    }
}

/// What a new ledger begins with, if a file says so.
fn parameters(args: &InitArgs) -> Result<Option<Parameters>, Failure> {
    let Some(file) = &args.params else { return Ok(None) };
    let bytes = files::read(Path::new(file), inkan_core::limits::DOCUMENT)?;
    let detail = "a JSON object of parameters is asked for, as {\"promise\": 43200}".to_owned();
    let malformed = CliError::InputMalformed { file: file.clone(), detail };
    let value = inkan_core::json::parse(&bytes, inkan_core::limits::DOCUMENT).ok();
    let changed = value.as_ref().and_then(Value::as_object);
    let changed = changed.and_then(|changes| Parameters::default().with(changes).ok());
    Ok(Some(changed.ok_or(malformed)?))
}

fn create_ledger(
    path: &Path,
    origin: &str,
    parameters: Parameters,
    args: &InitArgs,
    context: &Context,
) -> Result<(), Failure> {
    let options = OpenOptions { parameters, ..OpenOptions::default() };
    LedgerFolder::create_with(path, origin, &options, &mut OsRng, context.now())?;
    let speech = &context.speech;
    speech.say(&format!("made the ledger {origin} in {}, with two witnesses", path.display()));
    speech.say("both witnesses run in its own process: they count for profiles that have this folder, and for nobody else (inkan ledger witness)");
    if origin == EXAMPLE && args.domain.is_none() {
        speech.say(&format!("{origin} is a name for examples; --domain HOST sets one of yours"));
    }
    Ok(())
}

/// The name of the ledger that can be made there: where nothing is, in an empty folder, or where making one was interrupted.
fn vacancy(path: &Path, args: &InitArgs) -> Result<Option<String>, Failure> {
    let empty = match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(files::FileError::from_io(path, error).into()),
    };
    let begun = if empty {
        None
    } else {
        match LedgerFolder::unfinished(path)? {
            Some(unfinished) => unfinished.origin,
            None => return Ok(None),
        }
    };
    match (begun, &args.domain) {
        (Some(begun), Some(domain)) if begun != *domain => {
            let path = path.display();
            let usage = format!(
                "{path} is half made, for {begun}: give --domain {begun}, or remove the folder"
            );
            Err(CliError::Usage(usage).into())
        }
        (Some(begun), _) => Ok(Some(begun)),
        (None, domain) => Ok(Some(domain.clone().unwrap_or_else(|| EXAMPLE.to_owned()))),
    }
}
