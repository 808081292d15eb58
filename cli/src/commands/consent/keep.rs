//! Keeping a consent: in the profile, on the ledger if its holder asks, and with what proves it in its own file.

use inkan_core::Digest;
use inkan_credential::consent::{ConsentReceipt, ConsentRecord, signer_of};
use inkan_did::Did;
use inkan_io::files::FolderLock;
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::profile::Shelf;
use inkan_ledger::{ActId, Claims, DigestFormat, EntryId, Kind, Opening, Receipt, commitment};
use serde_json::Value;

use super::{name_of, terms_of};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::Hand;
use crate::ledgers::{self, Reading, Writing};

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

    /// For the next state of one: it is recorded if somebody asks, or if the state before was.
    pub(super) fn begin(
        receipt: &ConsentReceipt,
        record: bool,
        home: &Home,
        context: &Context,
    ) -> Result<Self, Failure> {
        let mut wanted = record;
        if !record && let Some(reading) = Reading::open_if_any(home, context)? {
            for state in receipt.states() {
                wanted |= match entry_of(state) {
                    Some((id, _)) => reading.view().lookup(&id)?.is_some(),
                    None => false,
                };
            }
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
    if matches!(keeping, Keeping::Recording(_)) {
        for state in receipt.states() {
            let Some((id, commitment)) = entry_of(state) else {
                let detail = "a DID of this method cannot write to a ledger".to_owned();
                return Err(CliError::KeyUnsuitable { detail }.into());
            };
            // A first state that was not recorded then is recorded now: the ledger takes no second one without it.
            if keeping.known(&id)? {
                continue;
            }
            let claims = Claims::Countersignature {
                commitment,
                act: ActId::from_bytes(terms.act),
                sequence: state.state().sequence(),
            };
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

/// Puts into the file what the ledger shows: whose keys, which states, and which is the newest.
fn pack(receipt: &mut ConsentReceipt, reading: &Reading) -> Result<(), Failure> {
    let mut receipts: Vec<Value> = Vec::new();
    let mut current: Vec<Value> = Vec::new();
    let terms = terms_of(receipt)?.clone();
    let acknowledgements = receipt.states().iter().filter_map(ConsentRecord::acknowledgement);
    let mut parties = vec![terms.principal.clone()];
    for proof in acknowledgements {
        let signer = signer_of(proof).to_owned();
        if !parties.contains(&signer) {
            parties.push(signer);
        }
    }
    let view = reading.view();
    for party in &parties {
        let Ok(did) = Did::parse(party) else { continue };
        let Some(scid) = did.scid() else { continue };
        let entries = view.did_entries(scid)?;
        if entries.is_empty() {
            continue;
        }
        receipts.extend(entries.iter().map(Receipt::to_value));
        current.push(view.did_current(scid)?.to_value());
        if let Some((log, _)) = reading.did_log(scid)? {
            receipt.did_logs.insert(party.clone(), log);
        }
    }
    for state in receipt.states() {
        let (Some((id, _)), Some(salt)) = (entry_of(state), state.event().salt) else { continue };
        if let Some(index) = view.lookup(&id)? {
            let opening = Opening::new(DigestFormat::Di, salt, state.digest());
            receipts.push(view.receipt(index)?.with_opening(opening).to_value());
        }
    }
    let scid = Did::parse(&terms.principal).ok().and_then(|did| did.scid().map(str::to_owned));
    if let Some(scid) = scid.filter(|_| terms.log.is_some()) {
        // Also that there is none: so who gets the file knows that nothing was taken back by then.
        current.push(view.act_current(&scid, &ActId::from_bytes(terms.act))?.to_value());
    }
    receipt.receipts = receipts;
    receipt.current = current;
    Ok(())
}
