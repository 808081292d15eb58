//! Whether those who were asked have countersigned: distinct controllers, so many of them, in order, in time, before the seal.
//!
//! In scope: the one engine behind what an issuer offers (`countersignatureOffer`) and what a policy demands (`countersigned`).
//! Out of scope: signatures and receipts, which were checked before.
//!
//! **Who counts.** Of an act its newest known state. Two DIDs count as one where their own documents say that a key which may
//! speak for one may speak for the other, or where each names the other in `alsoKnownAs`; what nobody wrote down cannot be seen
//! (a person with two unconnected DIDs is two), so a policy that must know names DIDs or a registry.
//!
//! **The seal.** It counts if the issuer made it, or somebody whom the offer, or a demand for a seal that names its signers,
//! admits; a seal by anybody else changes nothing. What is not covered by a seal (`previousProof`), nor recorded earlier in the same
//! log, is not part of what was agreed. Of several seals each closes.
//!
//! **Withdrawal.** Before the seal it takes the acceptance back. After it the acceptance stands and the withdrawal is shown, if
//! the log shows the order: acceptance, a seal that counts and the *next* state of the act recorded in one log, in this order;
//! whoever seals once more, and later, opens nothing again. Where that cannot be told the withdrawal counts. Who asks for current acts asks who stands behind it now: there it counts in any case.
//!
//! **Flaws.** An act whose key was not in force counts for nothing. One whose signature or key could not be judged meets nothing, and
//! takes nothing away; a demand that rests on how that comes out is undetermined.
//!
//! **Delegates.** Who acts under a power of attorney counts in its own role, `delegate`, if the power holds; and where a demand
//! says `delegates`, in the place of the principal. Agent and principal are one controller, and two agents of one principal
//! count once. What cannot be told of a power leaves the demand open; who asks for current acts asks for powers in force now.
//!
//! **Guardians.** Nobody is their own guardian: what the subject signs in that role, under whichever of its DIDs, or an agent in the subject's place, meets no demand for one.
//!
//! **Time.** A deadline is kept if the quorum had seen the record by then, missed if the operator itself dates it later, and
//! undetermined in between: a receipt under an earlier checkpoint would tell. On operator's time the operator's date counts.

mod act;
mod answer;
mod assign;
mod bench;
mod party;

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::Timestamp;
use inkan_core::time::CalendarSpan;
use inkan_credential::countersignature::Wanted;

pub(crate) use self::act::acts;
pub use self::act::{Act, Flaw, Place};
pub use self::answer::{ItemAnswer, Lack, Met, Standing};
use self::assign::Choice;
use self::bench::{Bench, Fit};

/// What is asked.
pub struct Question<'a> {
    /// The demands.
    pub items: &'a [Wanted],
    /// What the credential's own offer demands: it names who may seal.
    pub offer: &'a [Wanted],
    /// Whether the registry of the item with this number lists the DID for that act; `None` for an item without registry. The
    /// DID is the signer's, or that of the principal in whose place it acts.
    pub listed: &'a dyn Fn(usize, &str, &Act) -> Option<bool>,
    /// The issuer's DID.
    pub issuer: &'a str,
    /// The subject's DID, if there is one.
    pub subject: Option<&'a str>,
    /// The operator's time of the record of the issuance.
    pub issued_at: Option<Timestamp>,
    /// The time that is judged at.
    pub as_of: Timestamp,
    /// Whether the operator's time counts as it is.
    pub operator_time: bool,
    /// How old the proof that an act's state is the newest may be, if one is asked for.
    pub current: Option<CalendarSpan>,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Answer {
    /// One per demand, in order.
    pub items: Vec<ItemAnswer>,
    /// One per act, in order.
    pub acts: Vec<Standing>,
}

impl std::fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question")
            .field("items", &self.items)
            .field("offer", &self.offer)
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("issued_at", &self.issued_at)
            .field("as_of", &self.as_of)
            .finish_non_exhaustive()
    }
}

/// Judges the acts.
#[must_use]
pub fn judge(question: &Question<'_>, acts: &[Act]) -> Answer {
    let bench = Bench::new(question, acts);
    let fits: Vec<BTreeMap<usize, Fit>> =
        (0..question.items.len()).map(|item| bench.fits(item)).collect();
    let certain = bench.candidates(&fits, |fit| fit == Fit::Yes);
    let possible = bench.candidates(&fits, |fit| !matches!(fit, Fit::No(_)));
    let found = bench.enough(&certain, None);
    let whole = found == Choice::Found;
    // Too much to look through is no answer, and no refusal.
    let whole_if =
        !whole && (found == Choice::TooMany || bench.enough(&possible, None) != Choice::None);
    let met_by = |counted: &[BTreeSet<usize>], item| bench.enough(counted, Some(item));
    let alone: Vec<bool> = (0..question.items.len())
        .map(|item| whole || met_by(&certain, item) == Choice::Found)
        .collect();
    let items = question
        .items
        .iter()
        .enumerate()
        .map(|(item, wanted)| {
            let empty = BTreeSet::new();
            let counted = certain.get(item).unwrap_or(&empty);
            let by_itself = alone.get(item).copied().unwrap_or_default();
            let others = alone.iter().enumerate().any(|(other, met)| other != item && !met);
            let mut left_out = bench.left_out(&fits, counted, item);
            left_out.sort_by_key(|(act, lack)| (*act, *lack));
            let lack = bench.lack(item, counted, &left_out);
            let met = if by_itself && whole {
                Met::Yes
            } else if by_itself && others {
                Met::Alone
            } else if whole_if && met_by(&possible, item) != Choice::None {
                Met::Unknown(bench.doubt(&fits, item))
            } else {
                Met::No(lack)
            };
            let parties = bench.parties(wanted, counted);
            let names: BTreeSet<&str> = parties.map(|party| party.speaks_for).collect();
            ItemAnswer {
                met,
                found: names.len(),
                names: names.into_iter().map(str::to_owned).collect(),
                counted: counted.iter().copied().collect(),
                left_out,
                deadline: bench.deadline(wanted),
            }
        })
        .collect();
    Answer { items, acts: bench.standing }
}

#[cfg(test)]
mod tests;
