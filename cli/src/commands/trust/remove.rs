//! `inkan trust remove`: a party's time ends, or with `--for-cause` all that it said is void.

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_evidence::Registry;
use inkan_evidence::registry::{Removal, Statement, actions, remove_entries};
use inkan_io::files::{self, Access};
use inkan_ledger::{TrustOperation, TrustStatement};
use serde_json::json;

use super::signed::{self, Word};
use super::{load, party};
use crate::args::TrustRemoveArgs;
use crate::commands::did::parse_time;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Outcome;
use crate::render::report::short_did;

pub(super) fn run(args: &TrustRemoveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let party = party(&args.party, Some(&home))?;
    let now = context.now();
    let since = args.since.as_deref().map(parse_time).transpose()?;
    let from = args.from.as_deref().map(parse_time).transpose()?.unwrap_or(now);
    if let Some(own) = args.identity.as_deref() {
        let operation = if args.for_cause {
            TrustOperation::Void { since: since.map_or_else(always, Ok)? }
        } else {
            TrustOperation::End
        };
        let word = Word { operation, from, until: None };
        let chosen = |stated: &[Statement]| chosen(stated, &party, args);
        return signed::write_about((own, &args.write), &party, chosen, word, context);
    }
    let _lock = home.profile.lock()?;
    let unlisted = || not_listed(&party, home.name());
    let current = load(&home)?.ok_or_else(unlisted)?;
    let removal = if args.for_cause {
        Removal::ForCause { since }
    } else {
        Removal::Ended { until: from.plus_seconds(-1) }
    };
    let list =
        remove_entries(Registry::to_value(&current), &party, removal, now).map_err(|error| {
            if error.code() == "registry-party-unknown" { unlisted() } else { error.into() }
        })?;
    let said = match (args.for_cause, since) {
        (false, _) => format!("{} is trusted until {from}, and no longer", short_did(&party)),
        (true, None) => format!("nothing that {} said is trusted", short_did(&party)),
        (true, Some(since)) => format!(
            "of what {} said, only what witnesses had seen before {since} is trusted",
            short_did(&party)
        ),
    };
    if args.write.dry_run {
        context.speech.say(&format!("then {said}"));
    } else {
        let text = format!("{list:#}\n");
        files::write_atomic(&home.profile.trust_list(), text.as_bytes(), Access::Private)?;
        context.speech.say(&said);
    }
    let members = json!({ "trustList": list, "dryRun": args.write.dry_run });
    Ok(Outcome::new("inkan-trust/1", String::new(), members))
}

/// Before anything that could have been granted.
fn always() -> Result<Timestamp, Failure> {
    parse_time("1970-01-01T00:00:00Z")
}

/// What was stated about the party and can be taken back: what holds, and for cause what has ended, too.
fn chosen(
    stated: &[Statement],
    party: &str,
    args: &TrustRemoveArgs,
) -> Result<Vec<(TrustStatement, String, String)>, Failure> {
    // What a thief stated counts nowhere, so it has ended nothing. That two are one controller is said against them: whoever is
    // revoked for cause stays one with the other.
    let about = stated.iter().filter(|known| {
        let against = known.claims.statement == TrustStatement::Recognition
            && known.claims.action == actions::SAME;
        !known.stolen && known.claims.entity_id == party && !(args.for_cause && against)
    });
    let named = about.filter(|known| {
        let issue = known.claims.action == actions::ISSUE
            && known.claims.statement == TrustStatement::Authorization;
        args.issues.is_empty() || issue && args.issues.contains(&known.claims.resource)
    });
    // The newest state of each, in the order in which they came.
    let mut standing = BTreeSet::new();
    let mut ended = BTreeSet::new();
    for known in named {
        let claims = &known.claims;
        let key = (claims.statement, claims.action.clone(), claims.resource.clone());
        let over = match claims.operation {
            TrustOperation::Grant => false,
            TrustOperation::End => !args.for_cause,
            TrustOperation::Void { .. } => true,
        };
        if over {
            standing.remove(&key);
            ended.insert(key);
        } else {
            ended.remove(&key);
            standing.insert(key);
        }
    }
    if standing.is_empty() {
        return Err(not_listed(party, args.identity.as_deref().unwrap_or_default()));
    }
    Ok(standing.into_iter().collect())
}

fn not_listed(party: &str, by: &str) -> Failure {
    let message = format!("{by} trusts {} with nothing that could be taken back", short_did(party));
    Failure::new("registry-party-unknown", message)
        .try_this("see who is trusted", "inkan trust list")
}
