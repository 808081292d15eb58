//! Finds and checks the ledger record of one artefact: receipts V1–V9, the entry's own signature V10, the opening V11.

use std::collections::BTreeSet;

use inkan_core::{Digest, tolerance};
use inkan_credential::{Bundle, countersignature};
use inkan_did::Did;
use inkan_ledger::{
    ActId, Claims, Kind, LeafHash, Rejection, SignedEntry, VerifiedLeaf, commitment,
};

use super::Bench;
use super::stamped::Stamped;
use crate::check::Check;
use crate::history::Completeness;
use crate::ledger_view::Seen;
use crate::reason::Reason;
use crate::verified::Recorded;

/// What the receipts at hand say about one artefact.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The best record: by the signer itself if there is one, else the earliest.
    pub(super) record: Option<Record>,
    /// A receipt that belongs to the artefact and does not hold.
    pub(super) failure: Option<Reason>,
    /// A receipt that belongs to the artefact, under a head that fewer have signed than the policy of the log asks for.
    pub(super) too_few: Option<Reason>,
    /// A receipt that belongs to the artefact and could not be judged to the end.
    pub(super) open: Option<Reason>,
    /// Whether the record shows nothing of when the signature was made: what it commits to leaves the signature out (a JWS, a COSE
    /// message), and somebody else than the signer registered it, who needed no more than the text.
    pub(super) blind: bool,
    /// What timestamps of authorities show of the signature itself.
    pub(super) stamped: Option<Stamped>,
}

/// A record and the entry it rests on.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) recorded: Recorded,
    pub(super) act: Option<ActId>,
    /// Which state of the act.
    pub(super) sequence: Option<u64>,
    pub(super) leaf_hash: LeafHash,
}

/// Looks among all receipts for those of the artefact with this digest, signed by `signer`.
pub(super) fn find(
    bench: &Bench<'_>,
    kind: Kind,
    digest: &Digest,
    salt: Option<&[u8; 16]>,
    signer: &Did,
) -> Found {
    let mut found = Found::default();
    for seen in bench.ledger.receipts() {
        if !belongs(seen, digest) {
            continue;
        }
        match judge(bench, seen, kind, digest, salt, signer) {
            Ok(Some(record)) => {
                let judged = |best: &Record| better(bench, &record.recorded, &best.recorded);
                if found.record.as_ref().is_none_or(judged) {
                    found.record = Some(record);
                }
            }
            Ok(None) => {}
            // A head that too few have signed is none yet: another may be at hand.
            Err(reason @ Reason::ReceiptInvalid { code: "quorum-not-met" }) => {
                found.too_few.get_or_insert(reason);
            }
            Err(
                reason @ (Reason::UnknownLog { .. }
                | Reason::HistoryIncomplete { .. }
                | Reason::NotHome { .. }),
            ) => {
                found.open.get_or_insert(reason);
            }
            Err(reason) => {
                found.failure.get_or_insert(reason);
            }
        }
    }
    if found.record.is_none() && found.failure.is_none() {
        found.failure = found.too_few.take();
    }
    found
}

impl Found {
    /// The record, as far as it shows when the signature was made.
    pub(super) fn of_signature(&self) -> Option<&Record> {
        self.record.as_ref().filter(|_| !self.blind)
    }

    /// Says whether the digest that was looked for has the signature in it.
    pub(super) fn judge_blindness(&mut self, has_signature: bool) {
        let own = self.record.as_ref().is_none_or(|record| record.recorded.is_by_signer());
        self.blind = !has_signature && !own;
    }
}

/// A receipt says by its opening to which artefact it belongs.
fn belongs(seen: &Seen<'_>, digest: &Digest) -> bool {
    seen.receipt.opening().is_some_and(|opening| opening.digest == *digest)
}

/// Of records that hold the grade asked for the earliest is best: a later receipt with more cosigners takes nothing away.
fn better(bench: &Bench<'_>, new: &Recorded, old: &Recorded) -> bool {
    let rank = |record: &Recorded| {
        let holds = record.grades().holds(bench.context.grade);
        let operators = std::cmp::Reverse(record.operators().len());
        (
            (!record.is_by_signer(), !holds, (!holds).then_some(operators)),
            record.existed_by().is_none(),
            record.existed_by(),
            operators,
            record.leaf_index(),
        )
    };
    rank(new) < rank(old)
}

fn judge(
    bench: &Bench<'_>,
    seen: &Seen<'_>,
    kind: Kind,
    digest: &Digest,
    salt: Option<&[u8; 16]>,
    signer: &Did,
) -> Result<Option<Record>, Reason> {
    let leaf = match &seen.result {
        Ok(leaf) => leaf,
        Err(inkan_ledger::ReceiptError::UnknownLog { origin, .. }) => {
            return Err(Reason::UnknownLog { origin: origin.clone() });
        }
        Err(error) => return Err(Reason::ReceiptInvalid { code: error.code() }),
    };
    if leaf.leaf().kind() != kind || is_later(bench, leaf) {
        return Ok(None);
    }
    let opening =
        seen.receipt.opening().ok_or(Reason::OpeningInvalid { code: "opening-invalid" })?;
    let entry =
        leaf.any_signed_entry().map_err(|error| Reason::ReceiptInvalid { code: error.code() })?;
    let opens = commitment(kind, entry.scid(), &opening.salt, digest);
    if entry.claims().commitment() != Some(&opens) {
        return Err(Reason::OpeningInvalid { code: "opening-invalid" });
    }
    if salt.is_some_and(|salt| *salt != opening.salt) {
        return Err(Reason::OpeningInvalid { code: "opening-invalid" });
    }
    entry_signature(bench, leaf, &entry)?;
    Ok(Some(Record {
        recorded: recorded(bench, leaf, &entry, signer),
        act: entry.claims().act().copied(),
        sequence: sequence_of(&entry),
        leaf_hash: leaf.leaf_hash(),
    }))
}

/// Whether the leaf is younger than the judged time: as of then it did not exist.
pub(super) fn is_later(bench: &Bench<'_>, leaf: &VerifiedLeaf) -> bool {
    leaf.leaf().time() > bench.context.as_of.plus_seconds(tolerance::LEDGER_FUTURE)
}

/// V10: the entry verifies under the key its signer had at this place in the log.
pub(super) fn entry_signature(
    bench: &Bench<'_>,
    leaf: &VerifiedLeaf,
    entry: &SignedEntry,
) -> Result<(), Reason> {
    entry_signature_at(bench, (leaf.origin(), leaf.leaf_index()), entry)
}

/// The same, of an entry at a proved place.
pub(super) fn entry_signature_at(
    bench: &Bench<'_>,
    (origin, at): (&str, u64),
    entry: &SignedEntry,
) -> Result<(), Reason> {
    let incomplete = Reason::HistoryIncomplete { leaf_index: at };
    let history = bench.history(entry.issuer()).map_err(|_| incomplete.clone())?;
    let Some((version, completeness)) = history.at_index(origin, at) else {
        return Err(incomplete);
    };
    if let Some(home) = version.home.as_deref().filter(|home| *home != origin) {
        return Err(Reason::NotHome { home: home.to_owned() });
    }
    if entry.audience() != origin {
        return Err(Reason::ReceiptInvalid { code: "wrong-audience" });
    }
    if version.deactivated {
        return Err(Reason::ReceiptInvalid { code: "signer-deactivated" });
    }
    match (entry.verify(&version.document), completeness) {
        (Ok(()), _) => Ok(()),
        // A version that is not at hand may list the key.
        (Err(Rejection::KeyNotAuthorized { .. }), Completeness::NotShown) => Err(incomplete),
        (Err(_), _) => Err(Reason::ReceiptInvalid { code: "entry-signature-invalid" }),
    }
}

/// What a leaf shows about an artefact signed by `signer`.
///
/// The time is the first one of the grade that the context asks for (ledger §5.3): more stamps may have come later.
pub(super) fn recorded(
    bench: &Bench<'_>,
    leaf: &VerifiedLeaf,
    entry: &SignedEntry,
    signer: &Did,
) -> Recorded {
    let (checkpoint, grade) = (leaf.checkpoint(), bench.context.grade);
    Recorded {
        origin: leaf.origin().to_owned(),
        leaf_index: leaf.leaf_index(),
        tree_size: leaf.tree_size(),
        root_hash: leaf.root_hash().digest().to_hex(),
        leaf_time: leaf.leaf().time(),
        existed_by: checkpoint.existed_by_at(grade).or(checkpoint.existed_by()),
        grades: checkpoint.grades_at(grade),
        cosigners: checkpoint.cosigners().to_vec(),
        not_checked: checkpoint.not_checked().to_vec(),
        registrant: entry.scid().to_owned(),
        by_signer: signer.scid() == Some(entry.scid()),
    }
}

fn sequence_of(entry: &SignedEntry) -> Option<u64> {
    if let Claims::Countersignature { sequence, .. } = entry.claims() {
        Some(*sequence)
    } else {
        None
    }
}

/// A state of an act that a receipt at hand shows.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// SCID of whoever registered it.
    pub(super) registrant: String,
    /// Place in the log.
    pub(super) at: u64,
    /// Which state.
    pub(super) sequence: Option<u64>,
}

/// Says on a line when its record was made, and how well that is attested.
pub(super) fn timed(check: Check, recorded: &Recorded) -> Check {
    let time = recorded.existed_by().unwrap_or(recorded.leaf_time());
    check.with("recordTime", time.to_string()).with("recordGrade", recorded.grades().to_string())
}

/// States of an act on the log `origin` that receipts at hand show.
pub(super) fn states_of<'a>(
    bench: &'a Bench<'_>,
    origin: &'a str,
    act: ActId,
) -> impl Iterator<Item = State> + 'a {
    bench.ledger.receipts().iter().filter_map(move |seen| {
        let leaf = seen.result.as_ref().ok()?;
        if leaf.origin() != origin || is_later(bench, leaf) {
            return None;
        }
        let entry = leaf.signed_entry().ok()?;
        let is_named = entry.claims().act() == Some(&act);
        is_named.then(|| State {
            registrant: entry.scid().to_owned(),
            at: leaf.leaf_index(),
            sequence: sequence_of(&entry),
        })
    })
}

/// Digests of everything in the bundle that a receipt may belong to.
pub(super) fn digests(bundle: &Bundle) -> BTreeSet<Digest> {
    let mut known: BTreeSet<Digest> =
        bundle.powers().iter().map(|(_, power)| power.issuance_digest()).collect();
    for secured in bundle.artefact.credentials() {
        known.insert(secured.issuance_digest());
        let acts = countersignature::list(secured, &bundle.countersignatures).unwrap_or_default();
        known.extend(acts.iter().map(countersignature::Countersignature::digest));
    }
    known
}
