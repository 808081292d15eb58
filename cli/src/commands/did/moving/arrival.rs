//! The second half of a move: the new ledger takes the history, and the profile writes down where the DID is now.
//!
//! Every step can be repeated: a ledger answers what it has with the places where it stands, and the record of the DID is written
//! last.

use inkan_io::intent::Intent;
use inkan_io::profile::{MoveRecord, OwnDid, Record as _, Shelf, StatusListRecord};
use inkan_issuer::StatusListState;
use inkan_ledger::{Leaf, Receipt};
use serde_json::json;

use super::check::Target;
use super::scid;
use crate::commands::issue::status;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::Hand;
use crate::keyring::Keyring;
use crate::ledgers::{Reading, Writing};
use crate::output::Outcome;

/// The record of the move that is under way.
pub(super) fn current(own: &OwnDid, home: &Home) -> Result<(String, MoveRecord), Failure> {
    let mut all = home.profile.all::<MoveRecord>()?;
    all.retain(|(_, moved)| moved.did == own.did && Some(&moved.to) == own.moving.as_ref());
    let newest = all.into_iter().max_by_key(|(_, moved)| moved.entries.len());
    let missing = || CliError::Fault("the profile has no record of the move".to_owned());
    Ok(newest.ok_or_else(missing)?)
}

/// Brings the DID to the other ledger.
pub(super) fn arrive(
    own: &OwnDid,
    target: &Target,
    from: &Home,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    if own.moving.as_deref() != Some(target.origin()) {
        let to = own.moving.clone().unwrap_or_default();
        let place = from.place_of(&to)?.unwrap_or_else(|| to.clone());
        let (name, profile) = (own.name.clone(), from.name().to_owned());
        let from = from.settings.origin.clone();
        return Err(CliError::MoveUnfinished { name, from, to, place, profile }.into());
    }
    let mut writing = Writing::begin(context, &target.home)?;
    let (name, mut moved) = current(own, &target.home)?;
    let refuses = |failure: Failure| failure.during(format!("{} refuses it", target.origin()));
    let known = target.check(&moved.entries, scid(own)).map_err(refuses)?;
    let lacking = moved.entries.get(known..).unwrap_or_default();
    let bodies: Vec<Vec<u8>> = lacking.iter().map(|entry| entry.as_bytes().to_vec()).collect();
    if !bodies.is_empty() {
        writing.import(&bodies)?;
    }
    let reading = writing.reading()?;
    let (receipt, entry) = arrival_of(own, &moved, &reading)?;
    moved.arrival = Some(receipt.to_value());
    let profile = &target.home.profile;
    target.remember(from)?;
    profile.put(Shelf::Moves, &name, &moved.to_value())?;
    let stale = renumber(own, &reading, &target.home)?;
    if !stale.is_empty() {
        announce(own, stale, (&mut writing, target), context)?;
    }
    // The last of all: until it is written the same command begins here again.
    let mut arrived = own.clone();
    arrived.moving = None;
    arrived.log = (target.origin() != target.home.first_log()).then(|| target.origin().to_owned());
    profile.put(Shelf::Dids, &arrived.name, &arrived.to_value())?;
    let (to, left) = (target.origin(), &from.settings.origin);
    context.speech.say(&format!(
        "{} is at home in {to} now: its history is there up to entry {entry}",
        own.name
    ));
    context.speech.say(&format!(
        "what was recorded in {left} stays good; verifiers ask both: they need the policy of {to}, and where it answers (inkan ledger pin)"
    ));
    context.note_ledger(to, &target.home.ledger);
    let members = json!({
        "name": own.name, "did": own.did, "from": moved.from, "to": moved.to, "versionId": moved.version,
        "entry": entry, "brought": bodies.len(), "receipts": moved.receipts.len(), "moved": true,
    });
    Ok(Outcome::new("inkan-did-move/1", format!("{}\n", moved.version), members))
}

/// The receipt of the version by which it moved, and its place in the new ledger.
fn arrival_of(
    own: &OwnDid,
    moved: &MoveRecord,
    reading: &Reading,
) -> Result<(Receipt, u64), Failure> {
    let missing = || CliError::Fault("the new ledger has no receipt of the arrival".to_owned());
    let number = moved.entries.len().checked_sub(1).ok_or_else(missing)?;
    let receipts = reading.view().did_entries(scid(own))?;
    let receipt = receipts.get(number).ok_or_else(missing)?.clone();
    let leaf = Leaf::parse(receipt.leaf_bytes())?;
    if moved.entries.last().map(String::as_bytes) != Some(leaf.body()) {
        return Err(missing().into());
    }
    let index = receipt.proof().path().leaf_index;
    Ok((receipt, index))
}

/// Numbers of status lists go on from what this log has of them: they begin anew in each (§6.6). Given back are those of which it
/// has a word already, from before the DID left it.
fn renumber(
    own: &OwnDid,
    reading: &Reading,
    home: &Home,
) -> Result<Vec<(String, StatusListState)>, Failure> {
    let mut stale = Vec::new();
    for (name, record) in home.profile.all::<StatusListRecord>()? {
        if record.issuer != own.did || !record.announced {
            continue;
        }
        let state = status::state_of(&record)?;
        let there = reading.view().status_current(&own.did, state.uri())?.claimed_place();
        let last = there.map_or(0, |(_, sequence)| sequence);
        let state = state.numbered_after(last);
        let record = StatusListRecord { state: state.to_value()?, ..record };
        home.profile.put(Shelf::StatusLists, &name, &record.to_value())?;
        if last > 0 {
            stale.push((name, state));
        }
    }
    Ok(stale)
}

/// Announces lists as they are now, where a log that the DID came back to would go on to vouch for how they were.
fn announce(
    own: &OwnDid,
    lists: Vec<(String, StatusListState)>,
    (writing, target): (&mut Writing, &Target),
    context: &Context,
) -> Result<(), Failure> {
    let home = &target.home;
    let keyring = Keyring::open(context, home)?;
    let hand = Hand::of(own, None, &keyring, home)?;
    let mut intent =
        Intent { command: format!("did move {} (status lists)", own.name), ..Intent::default() };
    for (name, state) in lists {
        status::publish(state, name, (own, &hand, home), context.now())?.into_intent(&mut intent);
    }
    writing.commit(&intent)?;
    context.speech.say("its status lists are announced as they are now");
    Ok(())
}
