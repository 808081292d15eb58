//! The roll of a credential's countersigners: who must, who did, who is missing, and how far it has come.
//!
//! In scope: the same engine as a verdict, put into a table; the stages offered, reviewed, countersigned or refused, sealed,
//! anchored, each read from evidence and never stated by anybody. Out of scope: whether to accept the credential.

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_credential::countersignature::{Decision, Wanted, WantedSigners};
use inkan_evidence::Registry;
use inkan_verifier::agreement::{self, Act, Answer, ItemAnswer, Lack, Met, Question, Standing};
use inkan_verifier::{Capacity, Verification, VerifiedCountersignature, VerifiedCredential};
use serde_json::{Map, Value, json};

use crate::countersigned;
use crate::policy::{Policy, TimeGrade};
use crate::seen::SeenCredential;

/// How far a credential has come on its way to agreement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// The issuer has signed it, and nobody else.
    Offered,
    /// Some of those who are asked have decided: each signed the digest of the text that it was shown.
    Reviewed,
    /// All who are asked have accepted.
    Countersigned,
    /// Somebody whose acceptance is needed has refused or withdrawn.
    Refused,
    /// Closed by whoever may close it, after all had accepted.
    Sealed,
    /// Sealed, and independent operators have seen the record of the seal.
    Anchored,
}

impl Stage {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Reviewed => "reviewed",
            Self::Countersigned => "countersigned",
            Self::Refused => "refused",
            Self::Sealed => "sealed",
            Self::Anchored => "anchored",
        }
    }
}

/// Whether all who must have countersigned have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Complete {
    /// They have.
    Yes,
    /// Somebody is missing, or has refused.
    No,
    /// That cannot be told.
    Unknown,
}

/// The roll of one credential.
#[derive(Clone, Debug)]
pub struct Roll {
    stage: Stage,
    complete: Complete,
    ready: bool,
    demands: Vec<Demand>,
    value: Value,
}

/// One demand, of the offer or of the policy.
#[derive(Clone, Debug)]
struct Demand {
    from: &'static str,
    wanted: Wanted,
    registry: Option<String>,
    answer: ItemAnswer,
}

impl Roll {
    /// The roll of the first credential of `verification`, by its own offer and by `policy`; `None` if the verification found
    /// more amiss with it than missing countersignatures.
    #[must_use]
    pub fn of(
        verification: &Verification,
        policy: Option<&Policy>,
        registries: &[Registry],
    ) -> Option<Self> {
        let first = |list: &'_ [Option<VerifiedCredential>]| list.first().cloned().flatten();
        let credential =
            first(verification.credentials()).or_else(|| first(verification.offers()))?;
        Some(Self::build(&credential, policy, registries, verification.as_of()))
    }

    fn build(
        credential: &VerifiedCredential,
        policy: Option<&Policy>,
        registries: &[Registry],
        as_of: Timestamp,
    ) -> Self {
        let seen = SeenCredential::of(credential);
        let signed = credential.countersignatures();
        let acts = |standing: &[Standing]| {
            let pairs = signed.iter().zip(standing);
            pairs.map(|(signed, standing)| act_value(signed, *standing)).collect()
        };
        let mut out = Self::table(&seen, policy, registries, as_of, acts);
        if let Some(members) = out.value.as_object_mut() {
            members.insert("credential".to_owned(), credential.digest().to_b64u().into());
        }
        out
    }

    /// The roll of what was seen; `acts` writes each act with where it stands.
    fn table(
        seen: &SeenCredential,
        policy: Option<&Policy>,
        registries: &[Registry],
        as_of: Timestamp,
        acts: impl Fn(&[Standing]) -> Vec<Value>,
    ) -> Self {
        let operator_time =
            policy.is_some_and(|one| one.outer.ledger.time == TimeGrade::Operator {});
        let offer = agreement::judge(
            &Question {
                items: &seen.offer,
                offer: &seen.offer,
                listed: &|_, _, _| None,
                issuer: &seen.issuer,
                subject: seen.subject.as_deref(),
                issued_at: countersigned::own_record(seen),
                as_of,
                operator_time,
                current: None,
            },
            &seen.acts,
        );
        let asked = policy.map(|policy| countersigned::answer(policy, seen, registries, as_of));
        let standing = asked.as_ref().map_or(&offer.acts, |answer| &answer.acts).clone();
        let mut demands = demands_of_offer(&seen.offer, &offer);
        if let (Some(policy), Some(answer)) = (policy, asked) {
            let items = policy.outer.countersigned.iter().zip(answer.items);
            demands.extend(items.map(|(item, answer)| Demand {
                from: "policy",
                wanted: item.wanted(),
                registry: item.registry.clone(),
                answer,
            }));
        }
        let stage = stage(&demands, &seen.acts, &standing);
        let complete = complete_of(demands.iter());
        let signers = demands.iter().filter(|demand| demand.wanted.decision != Decision::Seal);
        let ready = complete_of(signers) == Complete::Yes;
        let lines: Vec<Value> =
            demands.iter().map(|demand| demand.to_value(&seen.acts, as_of)).collect();
        let value = json!({
            "issuer": seen.issuer,
            "asOf": as_of.to_string(),
            "stage": stage.as_str(),
            "complete": match complete {
                Complete::Yes => Value::Bool(true),
                Complete::No => Value::Bool(false),
                Complete::Unknown => Value::Null,
            },
            "demands": lines,
            "countersignatures": acts(&standing),
        });
        Self { stage, complete, ready, demands, value }
    }

    /// How far it has come.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether a demand counts an act, both by their numbers: demands of the offer come first, in its order, and acts in the order of
    /// [`VerifiedCredential::countersignatures`].
    #[must_use]
    pub fn counts(&self, demand: usize, act: usize) -> bool {
        self.demands.get(demand).is_some_and(|demand| demand.answer.counted.contains(&act))
    }

    /// Whether all who must have countersigned have.
    #[must_use]
    pub const fn complete(&self) -> Complete {
        self.complete
    }

    /// Whether all have that have to before somebody seals it.
    #[must_use]
    pub const fn is_ready_to_seal(&self) -> bool {
        self.ready
    }

    /// Whether it is closed: somebody who may has sealed it, and nobody is asked for a seal besides.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Sealed | Stage::Anchored) && self.complete == Complete::Yes
    }

    /// Whether anybody is asked at all.
    #[must_use]
    pub fn asks(&self) -> bool {
        !self.demands.is_empty()
    }

    /// The code of the first demand that is not met.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        self.demands.iter().find_map(|demand| match demand.answer.met {
            Met::Yes | Met::Alone => None,
            Met::No(lack) | Met::Unknown(lack) => Some(lack.code()),
        })
    }

    /// The roles in which `did` may seal, by the offer or the policy: in the order of the demands.
    pub fn seal_roles(&self, did: &str) -> impl Iterator<Item = &'static str> {
        self.demands.iter().filter_map(move |demand| demand.sealed_by(did))
    }

    /// The same of an agent who acts for `principal` under a power of attorney: where agents are admitted.
    pub fn agents_seal_roles(&self, principal: &str) -> impl Iterator<Item = &'static str> {
        let admits = |demand: &&Demand| demand.wanted.delegates;
        self.demands.iter().filter(admits).filter_map(move |demand| demand.sealed_by(principal))
    }

    /// `inkan-countersigners/1`, without its type.
    #[must_use]
    pub const fn to_value(&self) -> &Value {
        &self.value
    }
}

fn demands_of_offer(offer: &[Wanted], answer: &Answer) -> Vec<Demand> {
    let pairs = offer.iter().zip(&answer.items);
    pairs
        .map(|(wanted, answer)| Demand {
            from: "offer",
            wanted: wanted.clone(),
            registry: None,
            answer: answer.clone(),
        })
        .collect()
}

fn complete_of<'a>(demands: impl Iterator<Item = &'a Demand>) -> Complete {
    let mut out = Complete::Yes;
    for demand in demands {
        match demand.answer.met {
            Met::Yes | Met::Alone => {}
            Met::No(_) => return Complete::No,
            Met::Unknown(_) => out = Complete::Unknown,
        }
    }
    out
}

fn stage(demands: &[Demand], acts: &[Act], standing: &[Standing]) -> Stage {
    let refused = demands
        .iter()
        .any(|demand| matches!(demand.answer.met, Met::No(Lack::Refused | Lack::Withdrawn)));
    if refused {
        return Stage::Refused;
    }
    let before_seal = demands.iter().filter(|demand| demand.wanted.decision != Decision::Seal);
    if complete_of(before_seal) != Complete::Yes {
        return if acts.is_empty() { Stage::Offered } else { Stage::Reviewed };
    }
    let seals = acts
        .iter()
        .zip(standing)
        .filter(|(act, standing)| act.decision == Decision::Seal && **standing == Standing::Stands);
    let seals: Vec<&Act> = seals.map(|(act, _)| act).collect();
    let seen = |act: &&Act| act.record.as_ref().is_some_and(|place| place.existed_by.is_some());
    let accepted = acts.iter().zip(standing).any(|(act, standing)| {
        let stands = matches!(standing, Standing::Stands | Standing::SealedBeforeWithdrawal);
        act.decision == Decision::Accept && stands
    });
    match (seals.is_empty(), seals.iter().any(seen)) {
        (false, true) => Stage::Anchored,
        (false, false) => Stage::Sealed,
        (true, _) if accepted || !demands.is_empty() => Stage::Countersigned,
        (true, _) if acts.is_empty() => Stage::Offered,
        (true, _) => Stage::Reviewed,
    }
}

impl Demand {
    /// The role in which `did` may seal by this demand.
    fn sealed_by(&self, did: &str) -> Option<&'static str> {
        let named = match &self.wanted.by {
            Some(WantedSigners::Dids(dids)) => dids.contains(did),
            Some(WantedSigners::Subject) => false,
            // Whom a registry lists is looked at when the seal is judged.
            None => self.registry.is_some(),
        };
        let seals = self.wanted.decision == Decision::Seal && named;
        seals.then(|| self.wanted.role.as_str())
    }

    fn to_value(&self, acts: &[Act], as_of: Timestamp) -> Value {
        let who = |number: usize| acts.get(number).map(|act| act.controller.as_str());
        let counted = &self.answer.names;
        let left_out = self.answer.left_out.iter();
        let left_out: BTreeSet<(&str, &str)> =
            left_out.filter_map(|(number, lack)| Some((who(*number)?, lack.word()))).collect();
        // Who is counted by another act is not said to be left out.
        let left_out = left_out.into_iter().filter(|(signer, _)| !counted.contains(*signer));
        let left_out: Vec<Value> =
            left_out.map(|(signer, why)| json!({ "signer": signer, "why": why })).collect();
        let mut out = Map::new();
        out.insert("from".to_owned(), self.from.into());
        if let Value::Object(members) = self.wanted.to_value() {
            out.extend(members);
        }
        if let Some(registry) = &self.registry {
            out.insert("registry".to_owned(), registry.as_str().into());
        }
        out.insert("needed".to_owned(), self.wanted.at_least.into());
        out.insert("found".to_owned(), self.answer.found.into());
        let (met, lack) = match self.answer.met {
            Met::Yes | Met::Alone => ("yes", None),
            Met::No(lack) => ("no", Some(lack)),
            Met::Unknown(lack) => ("unknown", Some(lack)),
        };
        out.insert("met".to_owned(), met.into());
        if let Some(lack) = lack {
            out.insert("code".to_owned(), lack.code().into());
        }
        if let Some(deadline) = self.answer.deadline {
            out.insert("deadline".to_owned(), deadline.to_string().into());
            out.insert("over".to_owned(), (deadline < as_of).into());
        }
        if let Some(WantedSigners::Dids(dids)) = &self.wanted.by {
            let missing: Vec<&str> =
                dids.iter().filter(|did| !counted.contains(*did)).map(String::as_str).collect();
            out.insert("missing".to_owned(), missing.into());
        }
        out.insert("counted".to_owned(), json!(counted));
        let delegates = self.answer.delegates(acts);
        if !delegates.is_empty() {
            out.insert("delegates".to_owned(), delegates.into());
        }
        out.insert("notCounted".to_owned(), left_out.into());
        Value::Object(out)
    }
}

fn act_value(signed: &VerifiedCountersignature, standing: Standing) -> Value {
    let mut out = json!({
        "signer": signed.controller(),
        "role": signed.role().as_str(),
        "decision": signed.decision().as_str(),
        "act": signed.act(),
        "standing": standing.word(),
        "bySubject": signed.is_by_subject(),
    });
    let Value::Object(members) = &mut out else { return out };
    if let Some(reason) = signed.reason() {
        members.insert("reason".to_owned(), reason.into());
    }
    if let Some(for_role) = signed.for_role() {
        members.insert("forRole".to_owned(), for_role.as_str().into());
    }
    match signed.capacity() {
        Capacity::Own => {}
        Capacity::Under(power) => {
            members.insert("for".to_owned(), power.principal.as_str().into());
            members.insert("power".to_owned(), power.digest.as_str().into());
        }
        Capacity::Void { fault, .. } | Capacity::Open { fault, .. } => {
            members.insert("powerProblem".to_owned(), fault.code().into());
        }
    }
    if !signed.linked().is_empty() {
        let linked: Vec<&str> = signed.linked().iter().map(String::as_str).collect();
        members.insert("sameControllerAs".to_owned(), linked.into());
    }
    if let Some(recorded) = signed.recorded() {
        let time = recorded.existed_by().map(|time| time.to_string());
        members.insert(
            "recorded".to_owned(),
            json!({
                "log": recorded.origin(), "entry": recorded.leaf_index(),
                "at": recorded.leaf_time().to_string(), "existedBy": time,
                "grade": recorded.grades().to_string(),
            }),
        );
    }
    out
}

#[cfg(test)]
mod tests;
