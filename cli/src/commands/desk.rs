//! `inkan desk open | show | passkeys`: sessions of a desk that a server of the same profile has open. They meet in the desk's folder.

use std::path::{Path, PathBuf};

use inkan_core::json::text;
use inkan_evidence::webauthn::Registration;
use inkan_io::os_rng::OsRng;
use inkan_server::desk::{Enrol, Session, Store, Terms, session::WHY};
use serde_json::{Value, json};

use crate::args::{DeskCommand, DeskEnrol, DeskOpenArgs, OutArgs, PasskeyCommand};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::render::report::{self, Depth, short_did};
use crate::render::table::table;

pub(super) fn run(command: &DeskCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        DeskCommand::Open(args) => open(args, context),
        DeskCommand::Show { id, folder, report_out, force } => {
            if let Some(path) = report_out {
                context.check_out(&OutArgs::to(path, *force))?;
            }
            show(id, folder.as_deref(), report_out.as_deref(), context)
        }
        DeskCommand::Passkeys(PasskeyCommand::List { folder }) => {
            passkeys(folder.as_deref(), context)
        }
        DeskCommand::Passkeys(PasskeyCommand::Forget { name, folder }) => {
            forget(name, folder.as_deref(), context)
        }
    }
}

/// Where a profile's desk keeps what it has to keep.
pub(super) fn folder_of(home: &Home) -> PathBuf {
    home.profile.folder().join("desk")
}

fn open(args: &DeskOpenArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let length = args.why.chars().count();
    if args.why.trim().is_empty() || length > WHY {
        return Err(CliError::Usage(format!("--why: say it in 1 to {WHY} characters")).into());
    }
    let policy = super::policy::load(&args.policy, context)?
        .with_minimum(args.min_ial.as_deref(), args.min_aal.as_deref())?;
    let store = store(args.folder.as_deref(), context)?;
    let Some((place, asker)) = store.announced()? else { return Err(closed()) };
    let enrol = match args.register {
        DeskEnrol::Never => Enrol::Never,
        DeskEnrol::First => Enrol::First,
        DeskEnrol::More => Enrol::More,
    };
    let terms = Terms { policy, why: args.why.clone(), enrol };
    let now = context.now();
    let opened = Session::open(terms, &asker, &place, now, &mut OsRng);
    store.add(&opened, now)?;
    if place.rp_id.is_none() {
        context.speech.warn(
            "its pages have no name under https or on localhost: no passkey can be asked for",
        );
    }
    let until = opened.session.valid_until();
    context
        .speech
        .say(&format!("to be answered by {until}; inkan desk show {}", opened.session.id()));
    Ok(Outcome::new("inkan-desk-session/1", format!("{}\n", opened.url), opened.to_value()))
}

fn show(
    id: &str,
    folder: Option<&str>,
    report_out: Option<&str>,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let store = store(folder, context)?;
    let missing =
        || Failure::new("desk-session-unknown", "the desk has no such session".to_owned());
    let value = store.session(id, context.now())?.ok_or_else(missing)?.to_result(context.now());
    if let Some(path) = report_out {
        let signed = value.get("signedReport").filter(|signed| signed.is_object());
        let signed = signed.ok_or_else(|| CliError::ReportUnsigned { id: id.to_owned() })?;
        context.deliver(format!("{signed:#}\n"), Some(path))?;
    }
    let state = text(&value, "state").unwrap_or_default();
    let report = value.get("report").filter(|report| report.is_object());
    let (human, exit) = match (state, report) {
        ("settled", Some(report)) => {
            let exit = report.get("exit").and_then(Value::as_u64);
            let exit = exit.and_then(|exit| u8::try_from(exit).ok()).unwrap_or(1);
            (report::verdict(report, "presentation", &[], Depth::Short), exit)
        }
        // Nothing was decided, and nothing may be taken for a decision.
        ("ended", _) => ("nobody answered in time\n".to_owned(), 16),
        ("presented", _) => ("presented; a passkey is asked for\n".to_owned(), 19),
        (..) => ("nothing was presented yet\n".to_owned(), 19),
    };
    Ok(Outcome::new("inkan-desk-result/1", human, value).exit(exit))
}

fn passkeys(folder: Option<&str>, context: &mut Context) -> Result<Outcome, Failure> {
    let found = store(folder, context)?.all_passkeys()?;
    let row = |(name, passkey): &(String, Registration)| {
        let short = name.get(..12).unwrap_or(name).to_owned();
        let since = passkey.registered_at().date();
        vec![short, short_did(passkey.holder()), since, passkey.counter().to_string()]
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    let human = if rows.is_empty() {
        "no passkey was registered at this desk\n".to_owned()
    } else {
        table(&["PASSKEY", "HOLDER", "SINCE", "COUNTER"], &rows)
    };
    let all: Vec<Value> = found.iter().map(|(name, passkey)| told(name, passkey)).collect();
    let members = json!({ "passkeys": all });
    Ok(Outcome::new("inkan-desk-passkeys/1", human, members).stream("passkeys"))
}

fn forget(name: &str, folder: Option<&str>, context: &mut Context) -> Result<Outcome, Failure> {
    let forgotten = store(folder, context)?.forget_passkey(&name.to_ascii_lowercase());
    let forgotten = forgotten.map_err(|error| {
        Failure::from(error).try_this("look at their names", "inkan desk passkeys list")
    })?;
    context.speech.say(&format!("forgotten: a passkey of {}", short_did(forgotten.holder())));
    let name = inkan_core::sha256(&[forgotten.credential_id()]).to_hex();
    let members = told(&name, &forgotten);
    Ok(Outcome::new("inkan-desk-passkey-forgotten/1", String::new(), members))
}

fn told(name: &str, passkey: &Registration) -> Value {
    json!({
        "passkey": name, "holder": passkey.holder(), "jkt": passkey.jkt(),
        "registeredAt": passkey.registered_at().to_string(), "counter": passkey.counter(),
    })
}

fn store(folder: Option<&str>, context: &mut Context) -> Result<Store, Failure> {
    let folder = match folder {
        Some(folder) => Path::new(folder).to_path_buf(),
        None => folder_of(&context.home()?),
    };
    // A mistyped path makes no desk, and changes nothing there.
    if !Store::is_one(&folder) {
        return Err(closed());
    }
    Ok(Store::open(&folder)?)
}

fn closed() -> Failure {
    Failure::new("desk-session-unknown", "no desk was ever open here".to_owned())
        .try_this("open one", "inkan serve --role verifier --desk --tokens FILE")
}
