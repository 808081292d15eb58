//! What this profile did with a credential before: the wallet's newest copy goes on where the file at hand is older.
//!
//! An act has one newest state, and its ledger takes the next one alone. So whoever comes with an older copy goes on from
//! the wallet's, or gets what is there; nobody is told to sign again what they have signed.

use std::collections::BTreeSet;

use inkan_core::encoding::b64u;
use inkan_credential::SecuredCredential;
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::countersignature::{self, Countersignature, Decision, Role};
use inkan_holder::{ActError, Acted};
use inkan_io::profile::{ActRecord, OwnDid};
use inkan_ledger::ActId;
use serde_json::{Value, json};

use super::{Decide, Request};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::ledgers::Writing;
use crate::output::Outcome;
use crate::packing;
use crate::wallet;

/// What is to be done with a file, by what the wallet knows.
pub(super) enum Known {
    /// Go on from this: the file, with one's own newest states in it.
    GoOn(Box<Bundle>),
    /// It was done before: give this.
    Done(ActRecord, Box<Bundle>),
}

/// One record per credential, signer and role; a seal is no state of an acceptance.
pub(super) fn act_name(credential: &str, own: &OwnDid, role: Role, decide: Decide) -> String {
    let seal = match decide {
        Decide::Accept | Decide::Refuse => "",
        Decide::Seal => ".seal",
    };
    format!("{credential}.{}.{}{seal}", own.name, role.as_str())
}

/// What the wallet remembers of an act.
pub(super) fn record(
    secured: &SecuredCredential,
    own: &OwnDid,
    role: Role,
    decide: Decide,
    home: &Home,
) -> Result<Option<ActRecord>, Failure> {
    let name = act_name(&wallet::name_of(&secured.issuance_digest()), own, role, decide);
    Ok(home.profile.find::<ActRecord>(&name)?)
}

/// The roles in which the wallet remembers an acceptance.
pub(super) fn roles(
    secured: &SecuredCredential,
    own: &OwnDid,
    home: &Home,
) -> Result<BTreeSet<Role>, Failure> {
    let mut out = BTreeSet::new();
    for role in Role::ALL {
        let known = record(secured, own, role, Decide::Refuse, home)?;
        if known.is_some_and(|record| record.decision == Decision::Accept.as_str()) {
            out.insert(role);
        }
    }
    Ok(out)
}

/// Looks at what was done before in this role.
pub(super) fn known(
    bundle: Bundle,
    (own, request, role): (&OwnDid, &Request<'_>, Role),
    home: &Home,
    context: &Context,
) -> Result<Known, Failure> {
    let secured = wallet::credential_of(&bundle, "input")?;
    let Some(record) = record(secured, own, role, request.decide, home)? else {
        return Ok(Known::GoOn(Box::new(bundle)));
    };
    let copy = wallet::held_copy(home, &secured.issuance_digest())?;
    let acts = countersignature::list(secured, &bundle.countersignatures)?;
    let sealed = |one: &Countersignature| {
        one.signer() == own.did && one.role() == role && one.decision() == Decision::Seal
    };
    // An older refusal takes nothing back that was sealed since.
    let refuses = request.decide == Decide::Refuse && record.decision != Decision::Accept.as_str();
    if refuses && acts.iter().any(sealed) {
        return Err(ActError::SealFinal.into());
    }
    let is_it = |one: &Countersignature| {
        b64u(one.act()) == record.act && one.decision().as_str() == record.decision
    };
    let is_there = acts.iter().any(is_it);
    let all = match copy {
        Some(copy) => joined(copy, &bundle)?,
        None => bundle.clone(),
    };
    // A refusal beside an acceptance that is not at hand would leave that one standing, and look as if it did not.
    let goes_on = match request.decide {
        Decide::Refuse | Decide::Seal => true,
        Decide::Accept => record.decision == Decision::Accept.as_str() && !request.again,
    };
    let known = wallet::credential_of(&all, "the wallet's copy")?;
    let known = countersignature::list(known, &all.countersignatures)?;
    if goes_on && !known.iter().any(is_it) {
        return Err(CliError::ActNotAtHand { decision: record.decision }.into());
    }
    let again = match request.decide {
        Decide::Accept => record.decision == Decision::Accept.as_str() && !request.again,
        Decide::Seal => true,
        Decide::Refuse => record.decision != Decision::Accept.as_str(),
    };
    if again && !is_there {
        return Ok(Known::Done(record, Box::new(all)));
    }
    if request.again && request.decide == Decide::Accept && record.decision == "accept" {
        context
            .speech
            .warn("a second act of yours about this credential: each is withdrawn by itself");
        return Ok(Known::GoOn(Box::new(bundle)));
    }
    if is_there {
        return Ok(Known::GoOn(Box::new(bundle)));
    }
    context.speech.say("continuing your own act from the wallet");
    Ok(Known::GoOn(Box::new(all)))
}

/// A copy of a credential with what another copy of it has besides.
pub(super) fn joined(mut bundle: Bundle, other: &Bundle) -> Result<Bundle, Failure> {
    let (own, theirs) = (
        wallet::credential_of(&bundle, "the wallet's copy")?.to_value(),
        wallet::credential_of(other, "input")?.to_value(),
    );
    if let Some(value) = with_proofs(own, &theirs) {
        bundle.artefact = Artefact::Credential(SecuredCredential::parse_value(value)?);
    }
    let mut more = other.clone();
    more.countersignatures.retain(|one| !bundle.countersignatures.contains(one));
    more.current.retain(|one| !bundle.current.contains(one));
    more.evidence.retain(|one| !bundle.evidence.contains(one));
    more.status_lists.retain(|one| {
        let same = |mine: &inkan_credential::bundle::ServedStatusList| {
            mine.uri == one.uri && mine.body == one.body
        };
        !bundle.status_lists.iter().any(same)
    });
    packing::take_over(&mut bundle, &more)?;
    Ok(bundle)
}

/// The first, with the countersignatures of both, each once; nothing if there is no more to add.
fn with_proofs(mut own: Value, theirs: &Value) -> Option<Value> {
    let list = |value: &Value| match value.get("proof") {
        Some(Value::Array(proofs)) => proofs.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let mut proofs = list(&own);
    let more: Vec<Value> = list(theirs)
        .into_iter()
        .filter(|one| one.get("countersignature").is_some() && !proofs.contains(one))
        .collect();
    if more.is_empty() {
        return None;
    }
    proofs.extend(more);
    own.as_object_mut()?.insert("proof".to_owned(), Value::Array(proofs));
    Some(own)
}

/// Gives what is there already: nothing new is signed or recorded.
pub(super) fn again(
    (request, role): (&Request<'_>, Role),
    (record, mut copy): (&ActRecord, Bundle),
    writing: &Writing,
    context: &Context,
) -> Result<Outcome, Failure> {
    let reading = writing.reading()?;
    let act = inkan_core::encoding::b64u_array(&record.act).ok().map(ActId::from_bytes);
    let place = match act {
        Some(act) => reading.view().act_current(&record.signer, &act)?.claimed_place(),
        None => None,
    };
    let place = place.filter(|(_, state)| *state == record.seq).map(|(index, _)| index);
    let where_is = place.map_or_else(String::new, |index| format!(", entry {index}"));
    context.speech.warn(&format!(
        "you have done this already ({} as {}), on {}{where_is}: that act is given again",
        record.decision,
        role.as_str(),
        record.at.date(),
    ));
    if request.decide == Decide::Accept {
        context.speech.say("--again makes a second act, which nobody connects with the first");
    }
    packing::pack(&mut copy, &reading, &[])?;
    let human = context.deliver(wallet::written(&copy, request.bare), request.out)?;
    let members = json!({
        "role": role.as_str(), "decision": record.decision, "entry": place, "reused": true,
        "sequence": record.seq, "act": record.act, "out": request.out,
    });
    let outcome = Outcome::new("inkan-countersignature/1", human, members);
    if request.out.is_some() {
        return Ok(outcome);
    }
    Ok(outcome.with("bundle", copy.to_value()))
}

/// Numbers begin anew in a log that the countersigner moved to: what it said of the act in another one is not counted.
pub(super) fn number_here(acted: &mut Acted, bundle: &Bundle, home: &Home) -> Result<(), Failure> {
    let credential = wallet::credential_of(bundle, "input")?;
    let states = countersignature::list(credential, &bundle.countersignatures)?;
    let of_act = states.iter().filter(|one| one.act() == acted.countersignature.act());
    let here = |one: &&Countersignature| one.log() == home.settings.origin;
    let (here, elsewhere): (Vec<&Countersignature>, Vec<&Countersignature>) =
        of_act.filter(|one| one.signer() == acted.countersignature.signer()).partition(here);
    if !elsewhere.is_empty() {
        acted.seq = u64::try_from(here.len()).unwrap_or(u64::MAX).saturating_add(1);
    }
    Ok(())
}

/// The next state of an act, by a file that is older than the ledger: nothing is sent that would be refused.
pub(super) fn is_next(acted: &Acted, own: &OwnDid, writing: &Writing) -> Result<(), Failure> {
    if acted.seq <= 1 {
        return Ok(());
    }
    let act = ActId::from_bytes(*acted.countersignature.act());
    let newest = writing.reading()?.view().act_current(&own.did, &act)?.claimed_place();
    match newest {
        Some((entry, state)) if state >= acted.seq => Err(CliError::ActMovedOn { entry }.into()),
        Some(_) | None => Ok(()),
    }
}
