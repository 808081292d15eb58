//! Statements of trust that this profile signs on the ledger: one entry for each thing that a party may do.

use inkan_core::Timestamp;
use inkan_did::Did;
use inkan_evidence::registry::Statement;
use inkan_io::intent::Intent;
use inkan_ledger::{Claims, TrustClaims, TrustOperation, TrustStatement};
use serde_json::json;

use crate::args::WriteArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{self, Writing, dry_run_lines};
use crate::output::Outcome;
use crate::registries::Stated;
use crate::render::report::short_did;

/// What becomes of each statement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) operation: TrustOperation,
    pub(super) from: Timestamp,
    pub(super) until: Option<Timestamp>,
}

/// A statement: its kind, what may be done, and to what.
pub(super) type About = (TrustStatement, &'static str, String);

/// Signs a statement about each of these, and records them.
pub(super) fn write(
    (own, write): (&str, &WriteArgs),
    party: &str,
    about: &[About],
    word: Word,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let wanted = |_: &[Statement]| -> Result<Vec<(TrustStatement, String, String)>, Failure> {
        let owned =
            |(kind, action, resource): &About| (*kind, (*action).to_owned(), resource.clone());
        Ok(about.iter().map(owned).collect())
    };
    write_about((own, write), party, wanted, word, context)
}

/// The same about what `chosen` finds among what was stated before.
pub(super) fn write_about(
    (own, write): (&str, &WriteArgs),
    party: &str,
    chosen: impl Fn(&[Statement]) -> Result<Vec<(TrustStatement, String, String)>, Failure>,
    word: Word,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    if !party.starts_with("did:") {
        let detail = "statements on a ledger are about DIDs".to_owned();
        return Err(CliError::InputMalformed { file: party.to_owned(), detail }.into());
    }
    let home = context.home_of(Some(own))?;
    let mut writing = Writing::begin(context, &home)?;
    let own = identity::own(&home, Some(own))?;
    let authority = Did::parse(&own.did)?;
    let stated = Stated::read(&writing.reading()?, &home, context.now())?.of(&authority)?;
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let now = context.now();
    let mut intent = Intent { command: format!("trust, by {}", own.name), ..Intent::default() };
    let mut done = Vec::new();
    for (statement, action, resource) in chosen(&stated)? {
        let last = stated.iter().filter(|known| {
            let known = &known.claims;
            known.statement == statement
                && (known.entity_id.as_str(), known.action.as_str(), known.resource.as_str())
                    == (party, action.as_str(), resource.as_str())
        });
        let sequence = last.map(|known| known.claims.sequence).max().unwrap_or(0);
        let claims = TrustClaims {
            statement,
            entity_id: party.to_owned(),
            action,
            resource,
            operation: word.operation,
            sequence: sequence.saturating_add(1),
            not_before: word.from,
            expires: word.until,
            digest: None,
        };
        done.push(json!({
            "type": statement.name(), "action": claims.action, "resource": claims.resource,
            "op": word.operation.name(), "seq": claims.sequence,
        }));
        let claims = Claims::Trust(claims);
        intent.entries.push(ledgers::entry(&claims, &hand.method, hand.key, &home, now)?);
    }
    if write.dry_run {
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    let accepted = writing.commit(&intent)?;
    for (statement, accepted) in done.iter_mut().zip(&accepted) {
        if let Some(members) = statement.as_object_mut() {
            members.insert("entry".to_owned(), accepted.leaf_index.into());
        }
    }
    context.speech.say(&format!(
        "{} states {} things about {} in {}",
        own.name,
        done.len(),
        short_did(party),
        home.settings.origin
    ));
    let members = json!({ "authority": own.did, "party": party, "statements": done });
    Ok(Outcome::new("inkan-trust-statements/1", String::new(), members).stream("statements"))
}
