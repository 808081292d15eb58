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

/// The rows of all requested credentials, found once for whoever asks about them.
#[derive(Clone, Debug)]
pub(crate) struct Found<'a> {
    credentials: Vec<(&'a CredentialFacts, Rows<'a>)>,
    /// A requested credential failed verification.
    nothing_known: bool,
    /// Every requested credential belongs to whoever proved possession.
    linked: bool,
    /// Where rows were lost.
    pub(crate) findings: BTreeSet<Finding>,
}

impl<'a> Found<'a> {
    /// Looks at every requested credential.
    pub(crate) fn of(ground: Ground<'a>, scope: &Scope<'_>) -> Self {
        let Ground { facts, catalogue, requested, .. } = ground;
        let mut findings = BTreeSet::new();
        let mut credentials = Vec::with_capacity(requested.len());
        let mut nothing_known = false;
        for position in requested {
            match facts.credentials().get(*position) {
                Some(Some(credential)) => {
                    let found = rows(credential, facts, catalogue, scope, &mut findings);
                    credentials.push((credential, found));
                }
                Some(None) | None => nothing_known = true,
            }
        }
        let linked = linked(&credentials, facts, &mut findings);
        Self { credentials, nothing_known, linked, findings }
    }

    /// The level before any policy's filters: the weakest link of all.
    pub(crate) fn achieved(&self, framework: Framework) -> IdentityLevel {
        let none = IdentityLevel::none(framework);
        if self.nothing_known || !self.linked {
            return none;
        }
        let levels =
            self.credentials.iter().map(|(_, rows)| filter::achieved(framework, &rows.held));
        levels.reduce(lower).unwrap_or(none)
    }

    /// Every item that was looked at, and the rows that hold.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Rows<'a>> {
        self.credentials.iter().map(|(_, rows)| rows)
    }
}

/// What became of one leaf.
#[derive(Clone, Debug)]
pub(crate) struct IalOutcome<'a> {
    pub(crate) required: IdentityLevel,
    pub(crate) achieved: IdentityLevel,
    pub(crate) counted: IdentityLevel,
    pub(crate) row: Option<Row>,
    pub(crate) disputed: bool,
    pub(crate) per_claim: BTreeMap<&'a str, &'static str>,
    pub(crate) proofed: Option<(Timestamp, &'a str)>,
    /// Why it is not met; empty if it is.
    pub(crate) codes: Vec<Code>,
    /// It is met, and this is said.
    pub(crate) notes: Vec<Code>,
    pub(crate) remedies: BTreeSet<Remedy>,
}

/// Judges one leaf by what was found under its scope.
pub(crate) fn judge<'a>(
    leaf: &IalLeaf,
    required: IdentityLevel,
    ground: Ground<'a>,
    (found, scope): (&Found<'a>, &Scope<'_>),
    findings: &mut BTreeSet<Finding>,
) -> IalOutcome<'a> {
    let filter = Filter { leaf, required, ground, unknowns: scope.unknowns };
    let mut codes = holder_binding(leaf, ground.facts);
    let levels: Vec<(&CredentialFacts, Level<'_, 'a>)> = found
        .credentials
        .iter()
        .map(|(credential, rows)| {
            let level =
                if found.linked { filter.level(credential, rows, findings) } else { filter.none() };
            (*credential, level)
        })
        .collect();
    let mut outcome = combine(leaf, required, &levels, findings);
    if found.nothing_known {
        // A credential that failed verification is IAL-0, whatever the others are (modifier 1).
        let lowest = IdentityLevel::none(ground.framework);
        outcome.achieved = lowest;
        outcome.counted = if scope.unknowns == Unknowns::AsPassed { required } else { lowest };
    }
    if !found.linked {
        codes.push(if found.credentials.len() > 1 {
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
    if !outcome.codes.is_empty() && found.linked && !claim_missing {
        outcome.remedies = filter.remedies(found, scope, &outcome);
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
    facts: &Facts,
    findings: &mut BTreeSet<Finding>,
) -> bool {
    let Some(holder) = facts.holder() else { return true };
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
fn combine<'a>(
    leaf: &IalLeaf,
    required: IdentityLevel,
    levels: &[(&'a CredentialFacts, Level<'_, 'a>)],
    findings: &mut BTreeSet<Finding>,
) -> IalOutcome<'a> {
    let none = IdentityLevel::none(required.framework());
    let mut per_claim: BTreeMap<&'a str, IdentityLevel> = BTreeMap::new();
    for (credential, level) in levels {
        for name in credential.claims().keys() {
            let known = per_claim.entry(name).or_insert(none);
            *known = higher(*known, level.counted);
        }
    }
    // Of equals it is said which one speaks, and not by the order in which they lie.
    let by_counted = |(credential, level): &&(&'a CredentialFacts, Level<'_, 'a>)| {
        let best = level.best.map(|held| (held.row, held.since(), held.event().proofer()));
        (level.counted.rank(), level.achieved.rank(), best, level.disputed, credential.digest())
    };
    let lowest = levels.iter().min_by_key(by_counted);
    let highest = levels.iter().max_by_key(by_counted);
    let mut codes = Vec::new();
    let (achieved, counted, used) = match (&leaf.claims, leaf.combine) {
        (Some(claims), _) => {
            let mut counted = None;
            for claim in claims {
                let level = per_claim.get(claim.as_str()).copied().unwrap_or_else(|| {
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
    let held = used.and_then(|(_, level)| level.best);
    IalOutcome {
        required,
        achieved,
        counted,
        row: held.map(|held| held.row),
        disputed: used.is_some_and(|(_, level)| level.disputed),
        per_claim: per_claim.into_iter().map(|(name, level)| (name, level.as_str())).collect(),
        proofed: held.map(|held| (held.event().time(), held.event().proofer())),
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
    levels: &[(&CredentialFacts, Level<'_, '_>)],
    outcome: &IalOutcome<'_>,
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
    let without_owner = levels.iter().filter_map(|(_, level)| level.best).any(|held| !owned(held));
    if without_owner {
        out.push(Code::OwnershipNotShown);
    }
    out
}

fn has_timestamp(levels: &[(&CredentialFacts, Level<'_, '_>)]) -> bool {
    let mut used = levels.iter().filter_map(|(_, level)| level.best);
    used.all(|held| held.judged.has(FactKind::TimestampToken))
}

#[cfg(test)]
mod tests;
