//! Keeping a consent: in the profile, on the ledger if its holder asks, and with what proves it in its own file.

use std::collections::BTreeSet;

use inkan_core::Digest;
use inkan_credential::consent::{ConsentReceipt, ConsentRecord, ConsentTerms, signer_of};
use inkan_did::Did;
use inkan_io::files::FolderLock;
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::profile::Shelf;
use inkan_ledger::{
    ActId, Checkpoint, Claims, CurrentProof, DigestFormat, EntryId, Kind, Opening, Receipt,
    SignedEntry, commitment,
};
use serde_json::Value;

use super::{name_of, terms_of};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::Hand;
use crate::ledgers::{self, AtHome, Reading, Writing};
use crate::packing;
use crate::render::safe;

/// What a command holds while it keeps a consent: the ledger's lock and the profile's, or the profile's alone.
pub(in crate::commands) enum Keeping {
    /// States are recorded.
    Recording(Box<Writing>),
    /// Nothing is written to the ledger; what it knows is read, if there is one.
    Reading(Option<Box<Reading>>, #[expect(dead_code, reason = "held, not read")] FolderLock),
}

impl Keeping {
    /// For a consent that is given now.
    pub(in crate::commands) fn fresh(
        record: bool,
        home: &Home,
        context: &Context,
    ) -> Result<Self, Failure> {
        if record {
            return Ok(Self::Recording(Box::new(Writing::begin(context, home)?)));
        }
        Self::reading(home, context)
    }

    /// For one that is not recorded here.
    pub(super) fn reading(home: &Home, context: &Context) -> Result<Self, Failure> {
        let lock = home.profile.lock()?;
        let reading = Reading::open_if_any(home, context)?;
        Ok(Self::Reading(reading.map(Box::new), lock))
    }

    /// Without any ledger.
    pub(super) fn without(home: &Home) -> Result<Self, Failure> {
        Ok(Self::Reading(None, home.profile.lock()?))
    }

    /// For the next state of one: it is recorded if somebody asks, or if the state before was.
    pub(super) fn begin(
        receipt: &ConsentReceipt,
        record: bool,
        home: &Home,
        context: &Context,
    ) -> Result<Self, Failure> {
        let mut wanted = record;
        // Where its holder has a ledger, and that is not there, nobody knows whether it is recorded.
        if !record && terms_of(receipt)?.log.is_some() {
            wanted = is_recorded(receipt, &Reading::open(home, context)?, context)?;
        }
        Self::fresh(wanted, home, context)
    }

    fn known(&self, id: &EntryId) -> Result<bool, Failure> {
        let known = match self {
            Self::Recording(writing) => writing.reading()?.view().lookup(id)?,
            Self::Reading(Some(reading), _) => reading.view().lookup(id)?,
            Self::Reading(None, _) => None,
        };
        Ok(known.is_some())
    }
}

/// Whether a state of it is recorded in any log where its holder lived. Where one of them cannot be asked it is taken for recorded: a
/// withdrawal that nobody learns of is none.
fn is_recorded(
    receipt: &ConsentReceipt,
    reading: &Reading,
    context: &Context,
) -> Result<bool, Failure> {
    let terms = terms_of(receipt)?;
    let did = Did::parse(&terms.principal)?;
    let (Some(scid), Some(log)) = (did.scid(), &terms.log) else { return Ok(false) };
    let homes = reading.homes_of(scid)?;
    for home in &homes {
        let act = ActId::from_bytes(terms.act);
        if home.view.act_current(did.as_str(), &act)?.claimed_head().is_some() {
            return Ok(true);
        }
    }
    let mut lived = homes.iter().flat_map(AtHome::named).chain([log.clone()]);
    let unasked = lived.find(|origin| homes.iter().all(|home| home.source.origin() != origin));
    if let Some(origin) = &unasked {
        let origin = safe(origin, 80);
        context.speech.warn(&format!(
            "{origin} cannot be asked whether the consent is recorded there: taking it back is recorded"
        ));
    }
    Ok(unasked.is_some())
}

/// Records what is to be recorded, keeps the receipt in the profile, and gives it back with what the ledger shows; with the place
/// of the newest state, if it was recorded now.
pub(in crate::commands) fn keep(
    mut receipt: ConsentReceipt,
    keeping: &mut Keeping,
    hand: &Hand<'_>,
    home: &Home,
    context: &Context,
) -> Result<(ConsentReceipt, Option<u64>), Failure> {
    let intent = intent(&receipt, keeping, hand, home, context)?;
    let name = name_of(terms_of(&receipt)?);
    let mut entry = None;
    match keeping {
        Keeping::Recording(writing) => {
            let accepted = writing.commit(&intent)?;
            entry = accepted.last().map(|accepted| accepted.leaf_index);
            pack(&mut receipt, &writing.reading()?)?;
        }
        Keeping::Reading(reading, _) => {
            if let Some(reading) = reading {
                pack(&mut receipt, reading)?;
            }
        }
    }
    home.profile.put(Shelf::Consents, &name, &receipt.to_value())?;
    let place = match entry {
        Some(entry) => format!("recorded as entry {entry} of {}", home.settings.origin),
        None => "not recorded".to_owned(),
    };
    context.speech.say(&format!("kept as {name}; {place}"));
    Ok((receipt, entry))
}

/// Keeps a withdrawal that no ledger took: it is signed, and holds for whoever is given it.
pub(super) fn keep_unrecorded(
    mut receipt: ConsentReceipt,
    keeping: &Keeping,
    home: &Home,
    context: &Context,
) -> Result<ConsentReceipt, Failure> {
    // What proves it is added if it can be had.
    let packed = match keeping {
        Keeping::Recording(writing) => {
            writing.reading().and_then(|reading| pack(&mut receipt, &reading))
        }
        Keeping::Reading(Some(reading), _) => pack(&mut receipt, reading),
        Keeping::Reading(None, _) => Ok(()),
    };
    if let Err(failure) = packed {
        context.speech.warn(&format!("without what proves it: {}", failure.message()));
    }
    let name = name_of(terms_of(&receipt)?);
    home.profile.put(Shelf::Consents, &name, &receipt.to_value())?;
    context.speech.warn(&format!(
        "the withdrawal is signed and kept as {name}, and not recorded: give the file to the receiver; to record it later: inkan consent withdraw {name} --record"
    ));
    Ok(receipt)
}

/// Everything that keeping a receipt writes.
pub(super) fn intent(
    receipt: &ConsentReceipt,
    keeping: &Keeping,
    hand: &Hand<'_>,
    home: &Home,
    context: &Context,
) -> Result<Intent, Failure> {
    let terms = terms_of(receipt)?;
    let state = receipt.newest().map_or("", |one| one.state().as_str());
    let mut intent = Intent { command: format!("consent ({state})"), ..Intent::default() };
    if let Keeping::Recording(writing) = keeping {
        let unable = || {
            let detail = "a DID of this method cannot write to a ledger".to_owned();
            Failure::from(CliError::KeyUnsuitable { detail })
        };
        let act = ActId::from_bytes(terms.act);
        let origin = home.settings.origin.as_str();
        let mut states: Vec<(u64, Digest)> = Vec::new();
        if terms.log.as_deref().is_none_or(|log| log == origin) {
            for state in receipt.states() {
                let (id, commitment) = entry_of(state).ok_or_else(unable)?;
                // A first state that was not recorded then is recorded now: the ledger takes no second one without it.
                if !keeping.known(&id)? {
                    states.push((state.state().sequence(), commitment));
                }
            }
        } else if let Some(newest) = receipt.newest() {
            // Numbers begin anew in a log that the holder moved to; what was said in another one is not said again.
            let (_, commitment) = entry_of(newest).ok_or_else(unable)?;
            let here = writing.reading()?.view().act_current(&terms.principal, &act)?;
            let last = here.claimed_place().map_or(0, |(_, sequence)| sequence);
            let known = claimed(&here).and_then(|entry| entry.claims().commitment().copied());
            if known != Some(commitment) {
                states.push((last.saturating_add(1), commitment));
            }
        }
        for (sequence, commitment) in states {
            let claims = Claims::Countersignature { commitment, act, sequence };
            let now = context.now();
            intent.entries.push(ledgers::entry(&claims, &hand.method, hand.key, home, now)?);
        }
    }
    let record = receipt.to_value();
    intent.records.push(RecordDraft { shelf: Shelf::Consents, name: name_of(terms), record });
    Ok(intent)
}

/// The entry of a state, if its holder can record it: its id, and what it commits with.
fn entry_of(state: &ConsentRecord) -> Option<(EntryId, Digest)> {
    let did = Did::parse(&state.terms().principal).ok()?;
    let (scid, salt) = (did.scid()?, state.event().salt?);
    let com = commitment(Kind::Countersignature, scid, &salt, &state.digest());
    let act = ActId::from_bytes(state.terms().act);
    Some((EntryId::countersignature(scid, &act, state.state().sequence(), &com), com))
}

/// Puts into the file what the ledgers show: whose keys, which states, and which is the newest. What it has of a ledger that cannot be
/// asked stays.
fn pack(receipt: &mut ConsentReceipt, reading: &Reading) -> Result<(), Failure> {
    let mut receipts: Vec<Receipt> =
        receipt.receipts.iter().map(Receipt::from_value).collect::<Result<_, _>>()?;
    let mut current: Vec<Value> = Vec::new();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let terms = terms_of(receipt)?.clone();
    let acknowledgements = receipt.states().iter().filter_map(ConsentRecord::acknowledgement);
    let mut parties = vec![terms.principal.clone()];
    for proof in acknowledgements {
        let signer = signer_of(proof).to_owned();
        if !parties.contains(&signer) {
            parties.push(signer);
        }
    }
    for party in &parties {
        let Ok(did) = Did::parse(party) else { continue };
        let Some(scid) = did.scid() else { continue };
        for kept in reading.others().kept_receipts(scid)? {
            packing::add(&mut receipts, kept);
        }
        let homes = reading.homes_of(scid)?;
        asked.extend(homes.iter().map(|home| home.source.origin().to_owned()));
        for home in homes.iter().filter(|home| !home.entries.is_empty()) {
            home.entries.iter().for_each(|one| packing::add(&mut receipts, one.clone()));
            current.push(home.view.did_current(scid)?.to_value());
        }
        let most = homes.iter().max_by_key(|home| home.entries.len());
        if let Some((log, _)) =
            most.map(|home| ledgers::did_log(&home.entries)).transpose()?.flatten()
        {
            receipt.did_logs.insert(party.clone(), log);
        }
        if *party == terms.principal && terms.log.is_some() {
            for home in &homes {
                let (states, newest) = states_in(home, receipt, &terms)?;
                states.into_iter().for_each(|one| packing::add(&mut receipts, one));
                // Also that there is none: so who gets the file knows that nothing was taken back by then.
                current.push(newest.to_value());
            }
        }
    }
    let is_of_another = |value: &&Value| {
        let proof = CurrentProof::from_value(value).ok();
        let head = proof.and_then(|one| Checkpoint::parse_text(one.epoch().note().text()).ok());
        head.is_some_and(|head| !asked.contains(head.origin()))
    };
    let older: Vec<Value> = receipt.current.iter().filter(is_of_another).cloned().collect();
    receipt.receipts = receipts.iter().map(Receipt::to_value).collect();
    receipt.current = older.into_iter().chain(current).collect();
    Ok(())
}

/// The entry that a log says to be the newest of an act.
fn claimed(newest: &CurrentProof) -> Option<SignedEntry> {
    let leaf = newest.claimed_head()?;
    SignedEntry::parse(leaf.kind(), leaf.body()).ok()
}

/// The receipts of the states that one log has, and what it shows of the newest.
fn states_in(
    home: &AtHome,
    receipt: &ConsentReceipt,
    terms: &ConsentTerms,
) -> Result<(Vec<Receipt>, CurrentProof), Failure> {
    let act = ActId::from_bytes(terms.act);
    let newest = home.view.act_current(&terms.principal, &act)?;
    let head = claimed(&newest);
    let scid = Did::parse(&terms.principal)?.scid().map(str::to_owned).unwrap_or_default();
    let mut found = Vec::new();
    for state in receipt.states() {
        let (Some((own, com)), Some(salt)) = (entry_of(state), state.event().salt) else {
            continue;
        };
        // In a log that the holder moved to it has another number.
        let there = head.as_ref().and_then(|entry| {
            let Claims::Countersignature { commitment, sequence, .. } = entry.claims() else {
                return None;
            };
            let id = EntryId::countersignature(&scid, &act, *sequence, &com);
            (*commitment == com).then_some(id)
        });
        if let Some(index) = home.view.lookup(&there.unwrap_or(own))? {
            let opening = Opening::new(DigestFormat::Di, salt, state.digest());
            found.push(home.view.receipt(index)?.with_opening(opening));
        }
    }
    Ok((found, newest))
}
