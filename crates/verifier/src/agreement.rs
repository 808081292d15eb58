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
//! the log shows the order: acceptance, seal and the *next* state of the act recorded in one log, in this order. Where that
//! cannot be told the withdrawal counts. Who asks for current acts asks who stands behind it now: there it counts in any case.
//!
//! **Flaws.** An act whose key was not in force counts for nothing. One whose signature or key could not be judged meets nothing, and
//! takes nothing away; a demand that rests on how that comes out is undetermined.
//!
//! **Time.** A deadline is kept if the quorum had seen the record by then, missed if the operator itself dates it later, and
//! undetermined in between: a receipt under an earlier checkpoint would tell. On operator's time the operator's date counts.

mod assign;

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::Timestamp;
use inkan_core::time::CalendarSpan;
use inkan_credential::countersignature::{Decision, Role, Wanted, WantedSigners};

use self::assign::Choice;
use crate::verified::{ActState, VerifiedCountersignature};

/// A countersignature as far as anybody can ask about it.
#[derive(Clone, Debug)]
pub struct Act {
    /// In which capacity.
    pub role: Role,
    /// What was decided.
    pub decision: Decision,
    /// Random name of the act.
    pub act: String,
    /// The signer's DID.
    pub controller: String,
    /// DIDs that are the same controller.
    pub linked: BTreeSet<String>,
    /// The proof's own id (Data Integrity).
    pub proof_id: Option<String>,
    /// Ids of the proofs it covers (Data Integrity).
    pub covers: Vec<String>,
    /// Whether the signer is the subject of the credential.
    pub by_subject: bool,
    /// Its ledger record.
    pub record: Option<Place>,
    /// How current this state is known to be.
    pub state: ActState,
    /// Place of the next state, where it is shown to be the next.
    pub newer_at: Option<u64>,
    /// Why it does not count, or only perhaps.
    pub flaw: Option<Flaw>,
}

/// Why an act does not count, or only perhaps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flaw {
    /// Whether the signer signed cannot be told: anybody may have written it.
    SignatureUnknown,
    /// Whether the key was the signer's then cannot be told: whoever held it signed.
    KeyUnknown,
    /// The key was not the signer's any more.
    KeyEnded,
}

/// The acts that were found with a credential: what held first, in order, then what is flawed.
pub(crate) fn acts(verified: &[VerifiedCountersignature], flawed: &[Act]) -> Vec<Act> {
    verified.iter().map(Act::of).chain(flawed.iter().cloned()).collect()
}

/// Where and when an act is recorded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The log's origin.
    pub origin: String,
    /// Leaf index.
    pub index: u64,
    /// The operator's time.
    pub leaf_time: Timestamp,
    /// When the quorum had seen it.
    pub existed_by: Option<Timestamp>,
}

impl Act {
    /// What a verification found.
    #[must_use]
    pub fn of(signed: &VerifiedCountersignature) -> Self {
        Self {
            role: signed.role(),
            decision: signed.decision(),
            act: signed.act().to_owned(),
            controller: signed.controller().to_owned(),
            linked: signed.linked().clone(),
            proof_id: signed.proof_id().map(str::to_owned),
            covers: signed.covers().to_vec(),
            by_subject: signed.is_by_subject(),
            record: signed.recorded().map(|recorded| Place {
                origin: recorded.origin().to_owned(),
                index: recorded.leaf_index(),
                leaf_time: recorded.leaf_time(),
                existed_by: recorded.existed_by(),
            }),
            state: signed.state(),
            newer_at: signed.newer_at(),
            flaw: None,
        }
    }

    /// Covers its proof, or is later in the same log. Dates prove nothing.
    fn follows(&self, first: &Self) -> bool {
        let covers = first.proof_id.as_ref().is_some_and(|id| self.covers.contains(id));
        let records = self.record.as_ref().zip(first.record.as_ref());
        covers || records.is_some_and(|(own, other)| own.is_after(other))
    }

    /// Whether it is certain, and takes `other` back.
    fn takes_back(&self, other: &Self) -> bool {
        self.flaw.is_none() && self.would_take_back(other)
    }

    fn would_take_back(&self, other: &Self) -> bool {
        matches!(self.decision, Decision::Refuse | Decision::Withdraw)
            && self.state != ActState::Superseded
            && self.act == other.act
            && self.controller == other.controller
    }
}

impl Place {
    fn is_after(&self, other: &Self) -> bool {
        self.origin == other.origin && self.index > other.index
    }
}

/// What is asked.
pub struct Question<'a> {
    /// The demands.
    pub items: &'a [Wanted],
    /// What the credential's own offer demands: it names who may seal.
    pub offer: &'a [Wanted],
    /// Whether the registry of the item with this number lists the act; `None` for an item without registry.
    pub listed: &'a dyn Fn(usize, &Act) -> Option<bool>,
    /// The issuer's DID.
    pub issuer: &'a str,
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

/// What came out of one demand.
#[derive(Clone, Debug)]
pub struct ItemAnswer {
    /// Whether it is met.
    pub met: Met,
    /// Distinct controllers found for it by itself.
    pub found: usize,
    /// Numbers of the acts that could be counted.
    pub counted: Vec<usize>,
    /// Numbers of acts in this role that are not counted, and why.
    pub left_out: Vec<(usize, Lack)>,
    /// The deadline, if it has one that can be told.
    pub deadline: Option<Timestamp>,
}

/// Whether a demand is met.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Met {
    /// It is.
    Yes,
    /// By itself; another is not.
    Alone,
    /// It is not.
    No(Lack),
    /// That cannot be told.
    Unknown(Lack),
}

/// What is wrong with an act, or with all of them together.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Lack {
    /// Nobody acted.
    Missing,
    /// The signer is none of those named.
    NotNamed,
    /// The registry does not list the signer for this role.
    NotListed,
    /// The signer refused.
    Refused,
    /// The acceptance was taken back, or a newer state of the act is not at hand.
    Withdrawn,
    /// It came after the seal, or cannot be shown to have come before.
    AfterSeal,
    /// A seal by somebody who may not seal.
    StrangersSeal,
    /// It neither covers what it should follow, nor is recorded later.
    OutOfOrder,
    /// The record is later than the deadline.
    Late,
    /// It cannot be told whether the record is earlier than the deadline.
    TimeUnknown,
    /// Nothing recent enough shows that it is the newest state of the act.
    NotShownCurrent,
    /// Whether the signature counts could not be told.
    SignerUnknown,
    /// The key was not the signer's any more.
    KeyEnded,
    /// There are enough signers, and too few distinct controllers.
    NotDistinct,
}

impl std::fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question")
            .field("items", &self.items)
            .field("offer", &self.offer)
            .field("issuer", &self.issuer)
            .field("issued_at", &self.issued_at)
            .field("as_of", &self.as_of)
            .finish_non_exhaustive()
    }
}

impl Lack {
    /// The code of the finding.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing | Self::NotNamed | Self::NotListed | Self::KeyEnded => {
                "countersignature-missing"
            }
            Self::Refused => "countersignature-refused",
            Self::Withdrawn => "countersignature-withdrawn",
            Self::AfterSeal => "countersignature-after-seal",
            Self::StrangersSeal => "seal-by-stranger",
            Self::OutOfOrder => "countersignature-out-of-order",
            Self::Late => "countersignature-late",
            Self::TimeUnknown => "countersignature-time-unknown",
            Self::NotShownCurrent => "act-state-not-shown",
            Self::SignerUnknown => "countersigner-unknown",
            Self::NotDistinct => "countersigners-not-distinct",
        }
    }

    /// The same in a word, for lists of those who do not count.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotNamed => "not-named",
            Self::NotListed => "not-listed",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::AfterSeal => "after-seal",
            Self::StrangersSeal => "may-not-seal",
            Self::OutOfOrder => "out-of-order",
            Self::Late => "late",
            Self::TimeUnknown => "time-unknown",
            Self::NotShownCurrent => "not-shown-current",
            Self::SignerUnknown => "signer-unknown",
            Self::KeyEnded => "key-not-in-force",
            Self::NotDistinct => "not-distinct",
        }
    }
}

impl Standing {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stands => "stands",
            Self::SealedBeforeWithdrawal => "stands-withdrawn-after-seal",
            Self::Withdrawn => "withdrawn",
            Self::AfterSeal => "after-seal",
            Self::StrangersSeal => "may-not-seal",
        }
    }
}

/// What became of one act.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It is the newest known state of its act.
    Stands,
    /// It was taken back, and too late: after the seal.
    SealedBeforeWithdrawal,
    /// It was taken back, or a newer state is not at hand.
    Withdrawn,
    /// It came after the seal, or cannot be shown to have come before.
    AfterSeal,
    /// A seal by somebody who may not seal.
    StrangersSeal,
}

/// Whether an act counts for a demand, not looking at others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fit {
    Yes,
    Perhaps(Lack),
    No(Lack),
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
            let names: BTreeSet<&str> = bench.names(counted).collect();
            ItemAnswer {
                met,
                found: names.len(),
                counted: counted.iter().copied().collect(),
                left_out,
                deadline: bench.deadline(wanted),
            }
        })
        .collect();
    Answer { items, acts: bench.standing }
}

struct Bench<'a> {
    question: &'a Question<'a>,
    acts: &'a [Act],
    /// Numbers of the seals that count.
    seals: Vec<usize>,
    standing: Vec<Standing>,
}

impl<'a> Bench<'a> {
    fn new(question: &'a Question<'a>, acts: &'a [Act]) -> Self {
        let mut bench = Self { question, acts, seals: Vec::new(), standing: Vec::new() };
        let is_seal = |act: &Act| act.decision == Decision::Seal;
        bench.seals = acts
            .iter()
            .enumerate()
            .filter(|(_, act)| is_seal(act) && act.flaw.is_none())
            .filter(|(_, act)| bench.may_seal(act) && bench.is_newest(act))
            .map(|(number, _)| number)
            .collect();
        bench.standing = acts.iter().map(|act| bench.standing(act)).collect();
        bench
    }

    /// The issuer, and those whom a demand for a seal names.
    fn may_seal(&self, act: &Act) -> bool {
        let seals = |wanted: &Wanted| wanted.decision == Decision::Seal && wanted.role == act.role;
        let offered = self
            .question
            .offer
            .iter()
            .any(|wanted| seals(wanted) && is_named(wanted, act) == Some(true));
        let demanded = self.question.items.iter().enumerate().any(|(item, wanted)| {
            let named = is_named(wanted, act);
            let listed = (self.question.listed)(item, act);
            // Somebody has to be named, one way or the other, and every way that is there has to hold.
            seals(wanted)
                && (named.is_some() || listed.is_some())
                && named.unwrap_or(true)
                && listed.unwrap_or(true)
        });
        act.controller == self.question.issuer || offered || demanded
    }

    /// Of an act its newest known state counts: a refusal or withdrawal that is known beats an acceptance that
    /// cannot be shown to be newer.
    fn is_newest(&self, act: &Act) -> bool {
        let taken_back = || self.acts.iter().any(|other| other.takes_back(act));
        let takes_back = matches!(act.decision, Decision::Refuse | Decision::Withdraw);
        act.state != ActState::Superseded && (takes_back || !taken_back())
    }

    fn sealed(&self) -> impl Iterator<Item = &'a Act> + '_ {
        self.seals.iter().filter_map(|number| self.acts.get(*number))
    }

    fn standing(&self, act: &Act) -> Standing {
        if act.decision == Decision::Seal {
            return match (self.may_seal(act), self.is_newest(act)) {
                (false, _) => Standing::StrangersSeal,
                (true, true) => Standing::Stands,
                (true, false) => Standing::Withdrawn,
            };
        }
        let before = self.sealed().all(|seal| seal.follows(act));
        match (self.is_newest(act), before) {
            (true, true) => Standing::Stands,
            (_, false) => Standing::AfterSeal,
            (false, true) if self.was_too_late(act) => Standing::SealedBeforeWithdrawal,
            (false, true) => Standing::Withdrawn,
        }
    }

    /// Whether the act was taken back after every seal, by the order of one log.
    fn was_too_late(&self, act: &Act) -> bool {
        let Some(own) = &act.record else { return false };
        let later = |seal: &Act| {
            let Some(sealed) = seal.record.as_ref().filter(|sealed| sealed.is_after(own)) else {
                return false;
            };
            let shown = match act.state {
                ActState::Superseded => act.newer_at.is_some_and(|at| at > sealed.index),
                ActState::Current { .. } | ActState::NewestKnown | ActState::NotRecorded => true,
            };
            let mut others = self.acts.iter().filter(|other| other.takes_back(act));
            shown
                && others
                    .all(|other| other.record.as_ref().is_some_and(|place| place.is_after(sealed)))
        };
        self.question.current.is_none() && !self.seals.is_empty() && self.sealed().all(later)
    }

    fn deadline(&self, wanted: &Wanted) -> Option<Timestamp> {
        let within = wanted.span().and_then(|span| self.question.issued_at?.plus(span).ok());
        match (wanted.before, within) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// Whether the act was recorded in time.
    fn in_time(&self, wanted: &Wanted, act: &Act) -> Fit {
        if wanted.before.is_none() && wanted.within.is_none() {
            return Fit::Yes;
        }
        let Some(deadline) = self.deadline(wanted) else { return Fit::Perhaps(Lack::TimeUnknown) };
        let Some(place) = &act.record else { return Fit::Perhaps(Lack::TimeUnknown) };
        let seen = match (place.existed_by, self.question.operator_time) {
            (_, true) => Some(place.leaf_time),
            (existed_by, false) => existed_by,
        };
        if wanted.within.is_some() && self.question.issued_at.is_none() {
            // The other deadline may be kept, and this one cannot be told.
            Fit::Perhaps(Lack::TimeUnknown)
        } else if seen.is_some_and(|seen| seen <= deadline) {
            Fit::Yes
        } else if place.leaf_time > deadline {
            Fit::No(Lack::Late)
        } else {
            Fit::Perhaps(Lack::TimeUnknown)
        }
    }

    fn is_current(&self, act: &Act) -> Fit {
        let Some(max_age) = self.question.current else { return Fit::Yes };
        match act.state {
            ActState::Current { fresh_at }
                if fresh_at.plus(max_age).is_ok_and(|until| self.question.as_of <= until) =>
            {
                Fit::Yes
            }
            ActState::Current { .. }
            | ActState::NewestKnown
            | ActState::NotRecorded
            | ActState::Superseded => Fit::Perhaps(Lack::NotShownCurrent),
        }
    }

    /// Every act in the role of a demand, and whether it counts by itself.
    fn fits(&self, item: usize) -> BTreeMap<usize, Fit> {
        let Some(wanted) = self.question.items.get(item) else { return BTreeMap::new() };
        let in_role = self.acts.iter().enumerate().filter(|(_, act)| act.role == wanted.role);
        in_role
            .filter_map(|(number, act)| Some((number, self.fit(item, wanted, (number, act))?)))
            .collect()
    }

    fn fit(&self, item: usize, wanted: &Wanted, (number, act): (usize, &Act)) -> Option<Fit> {
        if is_named(wanted, act) == Some(false) {
            return Some(Fit::No(Lack::NotNamed));
        }
        if (self.question.listed)(item, act) == Some(false) {
            return Some(Fit::No(Lack::NotListed));
        }
        if act.flaw == Some(Flaw::KeyEnded) {
            return (act.decision == wanted.decision).then_some(Fit::No(Lack::KeyEnded));
        }
        if act.decision != wanted.decision {
            // A refusal or withdrawal is why an acceptance is missing.
            return match act.decision {
                Decision::Refuse | Decision::Withdraw if act.flaw.is_some() => None,
                Decision::Refuse if self.is_newest(act) => Some(Fit::No(Lack::Refused)),
                Decision::Withdraw if self.is_newest(act) => Some(Fit::No(Lack::Withdrawn)),
                Decision::Refuse | Decision::Withdraw | Decision::Accept | Decision::Seal => None,
            };
        }
        match self.standing.get(number)? {
            Standing::Withdrawn => {
                let mut takers = self.acts.iter().filter(|other| other.takes_back(act));
                let refused = act.state != ActState::Superseded
                    && takers.any(|other| other.decision == Decision::Refuse);
                return Some(Fit::No(if refused { Lack::Refused } else { Lack::Withdrawn }));
            }
            Standing::AfterSeal if !self.is_newest(act) => return Some(Fit::No(Lack::Withdrawn)),
            Standing::AfterSeal => return Some(Fit::No(Lack::AfterSeal)),
            Standing::StrangersSeal => return Some(Fit::No(Lack::StrangersSeal)),
            Standing::Stands | Standing::SealedBeforeWithdrawal => {}
        }
        let timely = self.in_time(wanted, act);
        if timely != Fit::Yes {
            return Some(timely);
        }
        if self.is_in_doubt(act) {
            return Some(Fit::Perhaps(Lack::SignerUnknown));
        }
        Some(self.is_current(act))
    }

    /// Whether it is only perhaps an act, or something that is only perhaps one would take it away.
    fn is_in_doubt(&self, act: &Act) -> bool {
        act.flaw.is_some()
            || self.acts.iter().filter(|other| other.flaw == Some(Flaw::KeyUnknown)).any(|other| {
                let closes = other.decision == Decision::Seal && act.decision != Decision::Seal;
                other.would_take_back(act)
                    || (closes && self.may_seal(other) && !other.follows(act))
            })
    }

    /// For each demand the acts that count for it, those that it has to come after being counted.
    fn candidates(
        &self,
        fits: &[BTreeMap<usize, Fit>],
        counts: impl Fn(Fit) -> bool,
    ) -> Vec<BTreeSet<usize>> {
        let items = self.question.items;
        let mut counted: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); items.len()];
        // Demands may wait for each other: what comes first is found first, and at most each waits once.
        for _ in 0..=items.len() {
            let mut next = Vec::with_capacity(items.len());
            for (wanted, fits) in items.iter().zip(fits) {
                let fitting =
                    fits.iter().filter(|(_, fit)| counts(**fit)).map(|(number, _)| *number);
                let in_order = fitting.filter(|number| match wanted.after {
                    None => true,
                    Some(role) => self.acts.get(*number).is_some_and(|act| {
                        let doubtful = counts(Fit::Perhaps(Lack::SignerUnknown));
                        self.earlier(&counted, role, doubtful)
                            .iter()
                            .any(|first| act.follows(first))
                    }),
                });
                next.push(in_order.collect());
            }
            counted = next;
        }
        counted
    }

    /// Acts of a role that count: for the demands of that role, or at all if there is none. Whoever signs as holder and is not
    /// the subject makes nobody's waiting end.
    fn earlier(&self, counted: &[BTreeSet<usize>], role: Role, doubtful: bool) -> Vec<&'a Act> {
        let items = self.question.items;
        if items.iter().any(|wanted| wanted.role == role) {
            let of_role = items.iter().zip(counted).filter(|(wanted, _)| wanted.role == role);
            let numbers = of_role.flat_map(|(_, numbers)| numbers.iter());
            return numbers.filter_map(|number| self.acts.get(*number)).collect();
        }
        let accepts = |act: &&Act| {
            act.role == role
                && act.decision == Decision::Accept
                && (role != Role::Holder || act.by_subject)
                && self.is_newest(act)
                && act.flaw != Some(Flaw::KeyEnded)
                && (doubtful || !self.is_in_doubt(act))
        };
        self.acts.iter().filter(accepts).collect()
    }

    fn names<'b>(&'b self, numbers: &'b BTreeSet<usize>) -> impl Iterator<Item = &'a str> + 'b {
        let acts = numbers.iter().filter_map(|number| self.acts.get(*number));
        acts.map(|act| act.controller.as_str())
    }

    /// Whether all demands can be met at once, or one by itself.
    fn enough(&self, counted: &[BTreeSet<usize>], only: Option<usize>) -> Choice {
        let slots = self.question.items.iter().zip(counted).enumerate();
        let slots = slots.filter(|(item, _)| only.is_none_or(|only| only == *item));
        let wanted: Vec<assign::Slot<'_>> = slots
            .map(|(_, (wanted, numbers))| assign::Slot {
                at_least: wanted.at_least,
                distinct: wanted.distinct,
                names: self.names(numbers).collect(),
            })
            .collect();
        assign::choose(&wanted, self.question.issuer, &|one, other| self.are_linked(one, other))
    }

    /// Whether two DIDs are one controller.
    fn are_linked(&self, one: &str, other: &str) -> bool {
        let says = |one: &str, other: &str| {
            self.acts.iter().any(|act| act.controller == one && act.linked.contains(other))
        };
        one == other || says(one, other) || says(other, one)
    }

    fn left_out(
        &self,
        fits: &[BTreeMap<usize, Fit>],
        counted: &BTreeSet<usize>,
        item: usize,
    ) -> Vec<(usize, Lack)> {
        let fits = fits.get(item).into_iter().flatten();
        fits.filter(|(number, _)| !counted.contains(*number))
            .map(|(number, fit)| match fit {
                Fit::No(lack) | Fit::Perhaps(lack) => (*number, *lack),
                Fit::Yes => (*number, Lack::OutOfOrder),
            })
            .collect()
    }

    /// Why too few count: what says most about it.
    fn lack(&self, item: usize, counted: &BTreeSet<usize>, left_out: &[(usize, Lack)]) -> Lack {
        const TELLING: [Lack; 10] = [
            Lack::Withdrawn,
            Lack::Refused,
            Lack::Late,
            Lack::TimeUnknown,
            Lack::AfterSeal,
            Lack::StrangersSeal,
            Lack::OutOfOrder,
            Lack::NotShownCurrent,
            Lack::SignerUnknown,
            Lack::KeyEnded,
        ];
        let needed = self.question.items.get(item).map_or(1, |wanted| wanted.at_least);
        if u32::try_from(counted.len()).is_ok_and(|found| found >= needed) {
            return Lack::NotDistinct;
        }
        let is_there = |lack: &Lack| left_out.iter().any(|(_, found)| found == lack);
        TELLING.into_iter().find(is_there).unwrap_or(Lack::Missing)
    }

    /// What stands in doubt about the acts that a demand would need.
    fn doubt(&self, fits: &[BTreeMap<usize, Fit>], item: usize) -> Lack {
        let of_its_own = fits.get(item).into_iter().flatten().find_map(|(_, fit)| match fit {
            Fit::Perhaps(lack) => Some(*lack),
            Fit::Yes | Fit::No(_) => None,
        });
        // Otherwise it is about those whom its signers have to follow.
        let doubtful = || self.acts.iter().any(|act| self.is_in_doubt(act));
        of_its_own
            .unwrap_or_else(|| if doubtful() { Lack::SignerUnknown } else { Lack::NotShownCurrent })
    }
}

/// Whether the signer is one of those whom a demand names; `None` if it names nobody.
fn is_named(wanted: &Wanted, act: &Act) -> Option<bool> {
    match &wanted.by {
        None => None,
        Some(WantedSigners::Subject) => Some(act.by_subject),
        Some(WantedSigners::Dids(dids)) => Some(dids.contains(&act.controller)),
    }
}

#[cfg(test)]
mod tests;
