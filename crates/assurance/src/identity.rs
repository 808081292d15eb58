//! One `ial` leaf: the levels of all requested credentials together, before and after the policy's filters.
//!
//! In scope: which rows a policy counts, how several credentials combine, what is missing (assurance §8, §10, §11).
//! Out of scope: whether a single row holds (`ial`).

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::Timestamp;
use inkan_evidence::{Code, CredentialFacts, FactKind, Facts, Finding, Liveness, Row};

use crate::catalogue::Catalogue;
use crate::document::Unknowns;
use crate::ial::{Held, Rows, Scope, rows};
use crate::level::{Framework, IdentityLevel};
use crate::policy::{Combine, Disputed, IalLeaf, TimestampRule};
use crate::remedy::Remedy;

mod filter;

use filter::{Filter, Level};

/// What a leaf is judged from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) requested: &'a [usize],
    pub(crate) framework: Framework,
}

/// What became of one leaf.
#[derive(Clone, Debug)]
pub(crate) struct IalOutcome {
    pub(crate) required: IdentityLevel,
    pub(crate) achieved: IdentityLevel,
    pub(crate) counted: IdentityLevel,
    pub(crate) row: Option<Row>,
    pub(crate) disputed: bool,
    pub(crate) per_claim: BTreeMap<String, &'static str>,
    pub(crate) proofed: Option<(Timestamp, String)>,
    /// Why it is not met; empty if it is.
    pub(crate) codes: Vec<Code>,
    /// It is met, and this is said.
    pub(crate) notes: Vec<Code>,
    pub(crate) remedies: BTreeSet<Remedy>,
}

/// Judges one leaf.
pub(crate) fn judge(
    leaf: &IalLeaf,
    required: IdentityLevel,
    ground: Ground<'_>,
    scope: &Scope<'_>,
    findings: &mut BTreeSet<Finding>,
) -> IalOutcome {
    let filter = Filter { leaf, required, ground, unknowns: scope.unknowns };
    let mut codes = holder_binding(leaf, ground.facts);
    let mut all_rows: Vec<(&CredentialFacts, Rows<'_>)> = Vec::new();
    let mut nothing_known = false;
    for position in ground.requested {
        match ground.facts.credentials().get(*position) {
            Some(Some(credential)) => {
                let found = rows(credential, ground.facts, ground.catalogue, scope, findings);
                all_rows.push((credential, found));
            }
            Some(None) | None => nothing_known = true,
        }
    }
    let linked = linked(&all_rows, ground, findings);
    let levels: Vec<(&CredentialFacts, Level<'_>)> = all_rows
        .iter()
        .map(|(credential, rows)| {
            let level =
                if linked { filter.level(credential, rows, findings) } else { filter.none() };
            (*credential, level)
        })
        .collect();
    let mut outcome = combine(leaf, required, &levels, findings);
    if nothing_known {
        // A credential that failed verification is IAL-0, whatever the others are (modifier 1).
        let lowest = IdentityLevel::none(ground.framework);
        outcome.achieved = lowest;
        outcome.counted = if scope.unknowns == Unknowns::AsPassed { required } else { lowest };
    }
    if !linked {
        codes.push(if all_rows.len() > 1 {
            Code::HolderNotLinked
        } else {
            Code::HolderKeyMismatch
        });
    }
    if !outcome.counted.satisfies(required) {
        codes.push(Code::IalBelowRequirement);
        codes.extend(reasons(leaf, &levels, &outcome));
    }
    if leaf.timestamp == TimestampRule::Preferred && !has_timestamp(&levels) {
        outcome.notes.push(Code::TimestampMissing);
    }
    if outcome.disputed && leaf.disputed != Disputed::Accept {
        outcome.notes.push(Code::DisputedLevel);
    }
    let claim_missing = outcome.codes.contains(&Code::ClaimMissing);
    outcome.codes.splice(0..0, codes);
    if !outcome.codes.is_empty() && linked && !claim_missing {
        outcome.remedies = filter.remedies(&all_rows, &outcome);
    }
    outcome
}

/// `ial.holderBinding`: the presenter proved the holder key, and does so now.
fn holder_binding(leaf: &IalLeaf, facts: &Facts) -> Vec<Code> {
    match facts.holder() {
        _ if !leaf.holder_binding => vec![],
        None => vec![Code::HolderProofMissing],
        Some(holder) => match holder.liveness() {
            Liveness::NotLive => vec![Code::NonceInvalid],
            Liveness::Live | Liveness::CallerKeepsNonce => vec![],
        },
    }
}

/// Whether every requested credential belongs to whoever proved possession.
fn linked(
    credentials: &[(&CredentialFacts, Rows<'_>)],
    ground: Ground<'_>,
    findings: &mut BTreeSet<Finding>,
) -> bool {
    let Some(holder) = ground.facts.holder() else { return true };
    let mut all = true;
    for (credential, _) in credentials {
        if !credential.holder_jkts().contains(holder.jkt()) {
            let several = credentials.len() > 1;
            let code = if several { Code::HolderNotLinked } else { Code::HolderKeyMismatch };
            findings.insert(Finding::new(code, credential.path()));
            all = false;
        }
    }
    all
}

/// Puts the credentials together (assurance §10).
fn combine(
    leaf: &IalLeaf,
    required: IdentityLevel,
    levels: &[(&CredentialFacts, Level<'_>)],
    findings: &mut BTreeSet<Finding>,
) -> IalOutcome {
    let none = IdentityLevel::none(required.framework());
    let mut per_claim: BTreeMap<String, IdentityLevel> = BTreeMap::new();
    for (credential, level) in levels {
        for name in credential.claims().keys() {
            let known = per_claim.entry(name.clone()).or_insert(none);
            *known = higher(*known, level.counted);
        }
    }
    // Of equals it is said which one speaks, and not by the order in which they lie.
    let by_counted = |(credential, level): &&(&CredentialFacts, Level<'_>)| {
        let best = level
            .best
            .as_ref()
            .map(|held| (held.row, held.since(), held.event.proofer().to_owned()));
        (level.counted.rank(), level.achieved.rank(), best, level.disputed, credential.digest())
    };
    let lowest = levels.iter().min_by_key(by_counted);
    let highest = levels.iter().max_by_key(by_counted);
    let mut codes = Vec::new();
    let (achieved, counted, used) = match (&leaf.claims, leaf.combine) {
        (Some(claims), _) => {
            let mut counted = None;
            for claim in claims {
                let level = per_claim.get(claim).copied().unwrap_or_else(|| {
                    codes.push(Code::ClaimMissing);
                    none
                });
                counted = Some(counted.map_or(level, |known| lower(known, level)));
            }
            let best = |claim: &String| {
                let suppliers = levels.iter().filter(|(c, _)| c.claims().contains_key(claim));
                suppliers.map(|(_, level)| level.achieved).reduce(higher).unwrap_or(none)
            };
            let achieved = claims.iter().map(best).reduce(lower).unwrap_or(none);
            (achieved, counted.unwrap_or(none), highest)
        }
        (None, Combine::Anchor) => {
            let achieved = levels.iter().map(|(_, level)| level.achieved).reduce(higher);
            (achieved.unwrap_or(none), highest.map_or(none, |(_, level)| level.counted), highest)
        }
        (None, Combine::WeakestLink) => {
            let achieved = levels.iter().map(|(_, level)| level.achieved).reduce(lower);
            if let (Some((weakest, low)), Some((_, high))) = (lowest, highest)
                && low.counted.rank() < high.counted.rank()
            {
                findings.insert(Finding::new(Code::CompositeWeakestLink, weakest.path()));
            }
            (achieved.unwrap_or(none), lowest.map_or(none, |(_, level)| level.counted), lowest)
        }
    };
    codes.dedup();
    let held = used.and_then(|(_, level)| level.best.as_ref());
    IalOutcome {
        required,
        achieved,
        counted,
        row: held.map(|held| held.row),
        disputed: used.is_some_and(|(_, level)| level.disputed),
        per_claim: per_claim.into_iter().map(|(name, level)| (name, level.as_str())).collect(),
        proofed: held.map(|held| (held.event.time(), held.event.proofer().to_owned())),
        codes,
        notes: Vec::new(),
        remedies: BTreeSet::new(),
    }
}

fn higher(a: IdentityLevel, b: IdentityLevel) -> IdentityLevel {
    if a.rank() >= b.rank() { a } else { b }
}

fn lower(a: IdentityLevel, b: IdentityLevel) -> IdentityLevel {
    if a.rank() <= b.rank() { a } else { b }
}

/// Causes that are no finding of their own path.
fn reasons(
    leaf: &IalLeaf,
    levels: &[(&CredentialFacts, Level<'_>)],
    outcome: &IalOutcome,
) -> Vec<Code> {
    let mut out = Vec::new();
    if outcome.disputed && leaf.disputed == Disputed::Reject {
        out.push(Code::DisputedLevel);
    }
    let owned = |held: &Held<'_>| {
        let owner = [
            FactKind::OwnerInPerson,
            FactKind::OwnerRemoteLive,
            FactKind::OwnerCode,
            FactKind::OwnerSignKey,
            FactKind::OwnerAuthKey,
        ];
        owner.into_iter().any(|kind| held.judged.has(kind))
    };
    let without_owner =
        levels.iter().filter_map(|(_, level)| level.best.as_ref()).any(|h| !owned(h));
    if without_owner {
        out.push(Code::OwnershipNotShown);
    }
    out
}

fn has_timestamp(levels: &[(&CredentialFacts, Level<'_>)]) -> bool {
    let mut used = levels.iter().filter_map(|(_, level)| level.best.as_ref());
    used.all(|held| held.judged.has(FactKind::TimestampToken))
}

#[cfg(test)]
mod tests;
