//! `inkan evidence jpki pin | pins | unpin`: what card signatures are judged by.

use std::path::Path;

use inkan_core::sha256;
use inkan_evidence::jpki::{ConfigUse, JpkiConfig};
use inkan_evidence::path::is_ocsp;
use inkan_io::cards::{self, CardFile, Cards};
use serde_json::{Value, json};

use crate::args::WriteArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::render::table::table;

pub(super) fn add(
    (file, expected): (&str, Option<&str>),
    write: WriteArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let bytes = cards::read_list(Path::new(file))?;
    let found = sha256(&[&bytes]).to_hex();
    if let Some(wanted) = expected
        && !wanted.eq_ignore_ascii_case(&found)
    {
        let detail = format!("its SHA-256 is {found}, not the one you gave");
        return Err(CliError::InputMalformed { file: file.to_owned(), detail }.into());
    }
    let during = |error: cards::CardsError| Failure::from(error).during(file);
    let lock = (!write.dry_run).then(|| home.profile.lock()).transpose()?;
    let keeps = lock.is_some();
    let (kind, name, said) = if bytes.trim_ascii_start().starts_with(b"{") {
        let config = if keeps {
            cards::pin_config(&home.profile, &bytes).map_err(during)?
        } else {
            JpkiConfig::parse(&bytes).map_err(|error| Failure::from(error).during(file))?
        };
        if config.purpose() == ConfigUse::Test {
            context.speech.warn("this configuration is for tests: its roots vouch for nobody");
        }
        let names: Vec<&str> = config.profiles().iter().map(|profile| profile.name()).collect();
        let said = format!("configuration {} ({})", config.id(), names.join(", "));
        (CardFile::Config, "config".to_owned(), said)
    } else if is_ocsp(&bytes) {
        let name = if keeps {
            cards::pin_ocsp(&home.profile, &bytes).map_err(during)?
        } else {
            String::new()
        };
        (CardFile::Ocsp, name, "an OCSP response".to_owned())
    } else {
        let config = Cards::load(&home.profile)?.ok_or_else(not_configured)?;
        let (name, count) = if keeps {
            cards::pin_crl(&home.profile, config.config(), &bytes).map_err(during)?
        } else {
            let index = inkan_evidence::jpki::CrlIndex::build_under(&bytes, config.config());
            let index = index.map_err(|error| during(error.into()))?;
            (String::new(), index.len())
        };
        (CardFile::Crl, name, format!("a CRL with {count} certificates on it"))
    };
    let verb = if keeps { "pinned" } else { "would pin" };
    context.speech.say(&format!("{verb} {said}, sha256 {found}"));
    let members = json!({
        "name": name, "kind": kind.as_str(), "sha256": found, "dryRun": write.dry_run,
    });
    Ok(Outcome::new("inkan-card-pin/1", String::new(), members))
}

pub(super) fn list(context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let pinned = cards::pinned(&home.profile)?;
    let rows: Vec<Vec<String>> =
        pinned.iter().map(|file| vec![file.kind.as_str().to_owned(), file.name.clone()]).collect();
    let members: Vec<Value> = pinned
        .iter()
        .map(|file| json!({ "kind": file.kind.as_str(), "name": file.name }))
        .collect();
    let human = if rows.is_empty() {
        context.speech.say("nothing is pinned; pin a configuration: inkan evidence jpki pin FILE");
        String::new()
    } else {
        table(&["KIND", "NAME"], &rows)
    };
    Ok(Outcome::new("inkan-card-pin-list/1", human, json!({ "pins": members })).stream("pins"))
}

pub(super) fn remove(name: &str, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let _lock = home.profile.lock()?;
    let there = cards::unpin(&home.profile, name)?;
    context.speech.say(&if there {
        format!("unpinned {name}")
    } else {
        format!("{name} is not pinned")
    });
    let members = json!({ "name": name, "removed": there });
    Ok(Outcome::new("inkan-card-pin/1", String::new(), members))
}

/// The profile judges no card signatures yet.
pub(super) fn not_configured() -> Failure {
    CliError::JpkiNotConfigured.into()
}
