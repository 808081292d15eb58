//! `inkan policy new | list | show | explain | lint | test`, and finding a policy by name.
//!
//! A name is looked for in the profile's own policies, then in those of all profiles, then among the ready-made ones.

mod cases;
mod explain;

use std::path::{Path, PathBuf};

use inkan_assurance::{
    LintFinding, LintLevel, NewPolicy, Policy, builtin, builtin_ids, lint, new_policy,
};
use inkan_core::limits;
use inkan_io::files::{self, Access};
use serde_json::{Value, json};

use crate::args::{Language, PolicyCommand, PolicyNewArgs};
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::render::table::table;
use crate::render::{Mark, safe};

pub(super) fn run(command: &PolicyCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        PolicyCommand::New(args) => make(args, context),
        PolicyCommand::List => list(context),
        PolicyCommand::Show { policy } => show(policy, context),
        PolicyCommand::Explain { policy, lang } => {
            Ok(explain::outcome(&load(policy, context)?, *lang))
        }
        PolicyCommand::Lint { policy, lang } => check(policy, *lang, context),
        PolicyCommand::Test(args) => cases::run(args, context),
    }
}

fn make(args: &PolicyNewArgs, context: &mut Context) -> Result<Outcome, Failure> {
    if builtin(&args.name).is_some() {
        return Err(
            CliError::NameTaken { what: "ready-made policy", name: args.name.clone() }.into()
        );
    }
    let wanted = NewPolicy {
        id: args.name.clone(),
        types: args.credential_type.iter().cloned().collect(),
        min_ial: args.min_ial.clone(),
        min_aal: args.min_aal.clone(),
        countersigned: args
            .countersigned
            .iter()
            .map(|role| super::countersign::role_of(*role).as_str().to_owned())
            .collect(),
        time: args.time.clone(),
    };
    let mut value = new_policy(&wanted)?;
    if let (Value::Object(members), Some(demand)) = (&mut value, args.proofs.as_deref()) {
        let demand = match demand.parse::<u32>() {
            Ok(least) => json!({ "atLeast": least }),
            Err(_) => demand.into(),
        };
        members.insert("proofs".to_owned(), demand);
    }
    let policy = Policy::from_value(&value)?;
    let members = json!({
        "id": policy.id(), "sha256": policy.digest().to_hex(), "policy": value,
        "dryRun": args.write.dry_run,
    });
    let text = format!("{value:#}\n");
    if args.write.dry_run || args.out.path().is_some() {
        context.check_out(&args.out)?;
        let out = args.out.path().filter(|_| !args.write.dry_run);
        let human = context.deliver(text, out)?;
        return Ok(Outcome::new("inkan-policy-file/1", human, members));
    }
    let home = context.home()?;
    let folder = context.folders.config.join("policies").join(home.name());
    let path = folder.join(format!("{}.json", args.name));
    if path.exists() {
        return Err(CliError::NameTaken { what: "policy", name: args.name.clone() }.into());
    }
    files::create_folder(&folder, Access::Private)?;
    files::write_atomic(&path, text.as_bytes(), Access::Private)?;
    let place = path.display().to_string();
    context.speech.say(&format!("wrote {place}"));
    Ok(Outcome::new("inkan-policy-file/1", String::new(), members).with("path", place))
}

fn list(context: &mut Context) -> Result<Outcome, Failure> {
    let mut found: Vec<(String, &'static str, Option<Policy>)> = Vec::new();
    for folder in folders(context) {
        for id in files::list(&folder, ".json")? {
            let policy = read(&folder.join(format!("{id}.json"))).ok();
            found.push((id, "own", policy));
        }
    }
    for id in builtin_ids() {
        found.push((id.to_owned(), "ready-made", builtin(id)));
    }
    let title = |policy: &Option<Policy>| match policy {
        Some(policy) => title_of(policy),
        None => "malformed: see inkan policy lint".to_owned(),
    };
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|(id, kind, policy)| vec![id.clone(), (*kind).to_owned(), title(policy)])
        .collect();
    let members: Vec<Value> = found
        .iter()
        .map(|(id, kind, policy)| {
            let digest = policy.as_ref().map(|policy| policy.digest().to_hex());
            json!({ "id": id, "kind": kind, "title": title(policy), "sha256": digest })
        })
        .collect();
    let human = table(&["POLICY", "KIND", "WHAT IT DEMANDS"], &rows);
    let members = json!({ "policies": members });
    Ok(Outcome::new("inkan-policy-list/1", human, members).stream("policies"))
}

fn show(name: &str, context: &mut Context) -> Result<Outcome, Failure> {
    let policy = load(name, context)?;
    let value = policy.to_value().clone();
    let human = format!("{value:#}\n");
    let members = json!({ "id": policy.id(), "sha256": policy.digest().to_hex(), "policy": value });
    Ok(Outcome::new("inkan-policy-file/1", human, members))
}

fn check(name: &str, language: Language, context: &mut Context) -> Result<Outcome, Failure> {
    let policy = load(name, context)?;
    let registries = match context.home_if_any()? {
        Some(home) => super::trust::load(&home)?.into_iter().collect(),
        None => Vec::new(),
    };
    let findings = lint(&policy, &registries);
    let words = |finding: &LintFinding| {
        let (en, ja) = finding.message();
        match language {
            Language::En => en,
            Language::Ja => ja,
        }
    };
    let mut human = String::new();
    for finding in &findings {
        let mark = if finding.level() == LintLevel::Warning { Mark::Warn } else { Mark::Skipped };
        human.push_str(&format!(
            " {} {}: {}   {}\n",
            mark.painted(),
            finding.code(),
            safe(&words(finding), 200),
            safe(finding.member(), 80),
        ));
    }
    if findings.is_empty() {
        human = format!(" {} {}: nothing to say\n", Mark::Pass.painted(), policy.id());
    }
    let members: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let level = if finding.level() == LintLevel::Warning { "warning" } else { "note" };
            json!({
                "code": finding.code(), "level": level, "path": finding.member(),
                "message": words(finding),
            })
        })
        .collect();
    let members = json!({ "id": policy.id(), "findings": members });
    Ok(Outcome::new("inkan-policy-lint/1", human, members).stream("findings"))
}

/// Finds a policy by id, or reads the file of that name.
pub(crate) fn load(name: &str, context: &mut Context) -> Result<Policy, Failure> {
    let path = Path::new(name);
    if name.contains('/') || name.ends_with(".json") {
        return read(path);
    }
    find(name, &folders(context))
}

/// Finds a policy by id, in these folders and among the ready-made ones.
pub(crate) fn find(name: &str, folders: &[PathBuf]) -> Result<Policy, Failure> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if plain && !name.starts_with('.') {
        for folder in folders {
            let path = folder.join(format!("{name}.json"));
            if path.is_file() {
                return read(&path);
            }
        }
        if let Some(policy) = builtin(name) {
            return Ok(policy);
        }
    }
    Err(CliError::PolicyUnknown { name: name.to_owned() }.into())
}

/// The profile's own policies, then those of all profiles.
pub(crate) fn folders(context: &Context) -> Vec<PathBuf> {
    let all = context.folders.config.join("policies");
    let own = context.profile_name().map(|name| all.join(name));
    own.into_iter().chain([all]).collect()
}

fn read(path: &Path) -> Result<Policy, Failure> {
    let bytes = files::read(path, limits::DOCUMENT)?;
    Policy::parse(&bytes).map_err(|error| Failure::from(error).during(path.display().to_string()))
}

fn title_of(policy: &Policy) -> String {
    safe(policy.title("en").unwrap_or("-"), 100)
}
