//! `inkan trust add | list | pin | unpin | pins`: who may issue what, and vouch for what, as far as this profile is concerned, and which
//! bytes it takes for those of a URL.

mod pins;

use inkan_core::limits;
use inkan_evidence::Registry;
use inkan_evidence::registry::{NewEntry, add_entry};
use inkan_io::files::{self, Access};
use serde_json::{Value, json};

use super::did::parse_time;
use crate::args::{self, TrustAddArgs, TrustCommand};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::output::Outcome;
use crate::render::report::short_did;
use crate::render::table::table;

pub(super) fn run(command: &TrustCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        TrustCommand::Add(args) => add(args, context),
        TrustCommand::List => list(context),
        TrustCommand::Pin { url, file, sha256, write } => {
            pins::add((url, file, sha256.as_deref()), *write, context)
        }
        TrustCommand::Unpin { url } => pins::remove(url, context),
        TrustCommand::Pins => pins::list(context),
    }
}

fn add(args: &TrustAddArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let now = context.now();
    let party = party(&args.party)?;
    let countersigns: Vec<String> = args
        .countersigns
        .iter()
        .map(|role| super::countersign::role_of(*role).as_str().to_owned())
        .collect();
    let entry = NewEntry {
        party: party.clone(),
        roles: args.roles.clone(),
        rows: args.rows.clone(),
        issues: args.issues.clone(),
        countersigns: countersigns.clone(),
        from: args.from.as_deref().map(parse_time).transpose()?,
        until: args.until.as_deref().map(parse_time).transpose()?,
        ..NewEntry::default()
    };
    let _lock = home.profile.lock()?;
    let current = load(&home)?;
    let id = format!("urn:inkan:trust:{}", home.name());
    let list = add_entry(current.as_ref().map(Registry::to_value), &id, &entry, now)?;
    let rows = if args.rows.is_empty() { "no rows".to_owned() } else { args.rows.join(", ") };
    let issues = if args.issues.is_empty() { "nothing".to_owned() } else { args.issues.join(", ") };
    let also = if countersigns.is_empty() {
        String::new()
    } else {
        format!(", and countersign as {}", countersigns.join(", "))
    };
    let said = format!("{} may issue {issues} and state {rows}{also}", short_did(&party));
    if args.write.dry_run {
        context.speech.say(&format!("would trust: {said}"));
    } else {
        let text = format!("{list:#}\n");
        files::write_atomic(&home.profile.trust_list(), text.as_bytes(), Access::Private)?;
        context.speech.say(&format!("trusted: {said}"));
    }
    let members = json!({ "trustList": list, "dryRun": args.write.dry_run });
    Ok(Outcome::new("inkan-trust/1", String::new(), members))
}

/// Who is trusted: a DID, or the https URL by which certificates name an issuer.
fn party(text: &str) -> Result<String, Failure> {
    if !text.starts_with("https://") {
        return Ok(identity::any(None, text)?.as_str().to_owned());
    }
    if args::is_issuer_name(text) {
        return Ok(text.to_owned());
    }
    let detail = "not an https URL that a certificate can name".to_owned();
    Err(CliError::InputMalformed { file: text.chars().take(80).collect(), detail }.into())
}

fn list(context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let Some(registry) = load(&home)? else {
        context
            .speech
            .say("the trust list is empty; add to it: inkan trust add ISSUER --issues TYPE");
        let members = json!({ "entries": [] });
        return Ok(Outcome::new("inkan-trust/1", String::new(), members).stream("entries"));
    };
    let entries = registry.to_value().get("entries").and_then(Value::as_array).cloned();
    let entries = entries.unwrap_or_default();
    let words = |entry: &Value, member: &str| {
        let list = entry.get(member).and_then(Value::as_array);
        let words: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
        if words.is_empty() { "-".to_owned() } else { words.join(" ") }
    };
    let day = |entry: &Value, member: &str| {
        let text = inkan_core::json::text(entry, member).unwrap_or("-");
        text.chars().take(10).collect::<String>()
    };
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            vec![
                words(entry, "issues"),
                words(entry, "roles"),
                words(entry, "rows"),
                words(entry, "countersigns"),
                day(entry, "validFrom"),
                day(entry, "validUntil"),
                inkan_core::json::text(entry, "id").unwrap_or("-").to_owned(),
            ]
        })
        .collect();
    let human =
        table(&["ISSUES", "ROLES", "ROWS", "COUNTERSIGNS", "FROM", "UNTIL", "PARTY"], &rows);
    Ok(Outcome::new("inkan-trust/1", human, json!({ "entries": entries })).stream("entries"))
}

/// The trust list of a profile, if it has one.
pub(crate) fn load(home: &Home) -> Result<Option<Registry>, Failure> {
    let path = home.profile.trust_list();
    let Some(bytes) = files::read_optional(&path, limits::DOCUMENT)? else { return Ok(None) };
    let registry = Registry::parse(&bytes);
    Ok(Some(registry.map_err(|error| Failure::from(error).during(path.display().to_string()))?))
}
