//! `inkan anchor prove`: the proof of one record out of a pack, or the pack of one scope.

use std::path::Path;

use inkan_io::anchoring::PackFile;
use inkan_ledger::AnchorError;
use inkan_ledger::anchored::AnchorProof;
use serde_json::json;

use super::Fault;
use crate::args::AnchorProveArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::render::safe;

pub(super) fn run(args: &AnchorProveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let pack = PackFile::open(Path::new(&args.from))?;
    let scope = args.scope.as_deref().map(|name| scope_of(&pack, name)).transpose()?;
    match (&args.record, scope) {
        (Some(record), scope) => one(args, &pack, record, scope, context),
        (None, Some(scope)) => group(args, &pack, scope, context),
        (None, None) => Err(CliError::Usage("name a record or a scope".to_owned()).into()),
    }
}

/// The number of a scope in a pack.
fn scope_of(pack: &PackFile, name: &str) -> Result<usize, Failure> {
    let place = pack.head().scopes.iter().position(|scope| scope.name.as_str() == name);
    place.ok_or_else(|| Failure::from(AnchorError::Unknown("such scope")).during(safe(name, 80)))
}

fn one(
    args: &AnchorProveArgs,
    pack: &PackFile,
    record: &str,
    scope: Option<usize>,
    context: &Context,
) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let mut found = pack.find(record)?;
    found.retain(|packed| scope.is_none_or(|scope| packed.scope == scope));
    let packed = match found.as_slice() {
        [packed] => packed,
        [] => {
            let unknown = Failure::from(AnchorError::Unknown("such record"));
            return Err(unknown.during(safe(record, 200)));
        }
        _ => {
            let usage = "several scopes have a record of this name: say which (--scope)";
            return Err(CliError::Usage(usage.to_owned()).into());
        }
    };
    let unknown = || Failure::from(AnchorError::Unknown("such scope"));
    let evidence = pack.head().evidence.get(packed.scope).ok_or_else(unknown)?.clone();
    let proof = AnchorProof { record: pack.proof(packed)?, evidence };
    let value = proof.to_value();
    let text = context.deliver(format!("{value:#}\n"), args.out.path())?;
    let name = proof.record.name.as_str();
    let members =
        json!({ "record": name, "scope": proof.record.scope.as_str(), "out": args.out.path() });
    let outcome = Outcome::new("inkan-anchor-proving/1", text, members);
    Ok(if args.out.path().is_some() { outcome } else { outcome.with("proof", value) })
}

fn group(
    args: &AnchorProveArgs,
    pack: &PackFile,
    scope: usize,
    context: &Context,
) -> Result<Outcome, Failure> {
    let Some(out) = args.out.path().filter(|path| *path != "-") else {
        let usage = "a pack is no text: name the file for it (--out)";
        return Err(CliError::Usage(usage.to_owned()).into());
    };
    let path = Path::new(out);
    if path.exists() {
        let message = format!("{} exists, and a pack is never replaced", safe(out, 200));
        return Err(Fault::PackThere.because(message));
    }
    context.check_out(&args.out)?;
    pack.extract(scope, path)?;
    let scope = pack.head().scopes.get(scope);
    let (name, records) = scope.map(|s| (s.name.as_str(), s.records)).unwrap_or_default();
    context.speech.say(&format!(
        "{} of scope {}, and of no other",
        super::records(records),
        safe(name, 64)
    ));
    let members = json!({ "scope": name, "records": records, "out": out });
    Ok(Outcome::new("inkan-anchor-proving/1", format!("{out}\n"), members))
}
