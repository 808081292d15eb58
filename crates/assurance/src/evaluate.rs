//! The tree `assurance.requires`: linear, without negation, three-valued (assurance §11, P3).
//!
//! In scope: what each leaf gives, and what they give together. Out of scope: the outer part (`outer`).

use std::collections::BTreeSet;

use inkan_evidence::{Code, Facts, Finding};

use crate::aal::{self, AalOutcome, About};
use crate::document::Unknowns;
use crate::ial::Scope;
use crate::identity::{self, Found, Ground, IalOutcome};
use crate::level::AuthenticationLevel;
use crate::policy::{AalLeaf, IalLeaf, LinkLeaf, LoadedAssurance, Requirement, TrustLeaf};
use crate::remedy::Remedy;

/// What became of a requirement.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Tri {
    /// It does not hold.
    Unmet,
    /// It would hold if a check that could not be made had passed.
    Unknown,
    /// It holds.
    Met,
}

/// One leaf of the tree.
#[derive(Clone, Debug)]
pub(crate) struct Leaf<'a> {
    pub(crate) kind: LeafKind<'a>,
    pub(crate) tri: Tri,
    /// Whether the result of the whole rests on it.
    pub(crate) decides: bool,
    /// Why it does not hold, the deciding reason first.
    pub(crate) codes: Vec<Code>,
    /// It holds, and this is said.
    pub(crate) notes: Vec<Code>,
    pub(crate) remedies: BTreeSet<Remedy>,
}

/// What a leaf asks for.
#[derive(Clone, Debug)]
pub(crate) enum LeafKind<'a> {
    Ial(Box<IalOutcome<'a>>),
    Aal(AuthenticationLevel, Option<i64>),
    Link,
    Trust,
}

/// What became of the tree.
#[derive(Clone, Debug)]
pub(crate) struct Evaluation<'a> {
    pub(crate) tri: Tri,
    pub(crate) leaves: Vec<Leaf<'a>>,
}

/// What a tree is judged from.
pub(crate) struct Judge<'a> {
    pub(crate) assurance: &'a LoadedAssurance,
    pub(crate) ground: Ground<'a>,
    /// What was found where no leaf says otherwise.
    pub(crate) plain: &'a Found<'a>,
    pub(crate) findings: BTreeSet<Finding>,
}

impl<'a> Judge<'a> {
    /// Judges the whole tree.
    pub(crate) fn evaluate(&mut self) -> Evaluation<'a> {
        let scope = Scope::plain();
        let assurance = self.assurance;
        self.requirement(&assurance.requires, &scope)
    }

    fn requirement(&mut self, requirement: &'a Requirement, scope: &Scope<'a>) -> Evaluation<'a> {
        match requirement {
            Requirement::AllOf(parts) => {
                let scope = narrowed(scope, parts);
                let each = parts.iter().map(|part| self.requirement(part, &scope));
                together(each.collect(), |each| each.min())
            }
            Requirement::AnyOf(parts) => {
                let each = parts.iter().map(|part| self.requirement(part, scope));
                let mut out = together(each.collect(), |each| each.max());
                if out.tri == Tri::Met {
                    for leaf in out.leaves.iter_mut().filter(|leaf| leaf.tri != Tri::Met) {
                        leaf.decides = false;
                    }
                }
                out
            }
            Requirement::Ial(leaf) => self.ial(leaf, scope),
            Requirement::Aal(leaf) => self.aal(leaf),
            Requirement::Link(leaf) => self.link(leaf),
            Requirement::Trust(leaf) => self.trust(leaf),
        }
    }

    fn ial(&mut self, leaf: &IalLeaf, scope: &Scope<'_>) -> Evaluation<'a> {
        let required = self.assurance.identity(leaf);
        let (ground, findings) = (self.ground, &mut self.findings);
        let own = (!scope.is_plain()).then(|| Found::of(ground, scope));
        let found = own.as_ref().unwrap_or(self.plain);
        findings.extend(found.findings.iter().cloned());
        let mut outcome = identity::judge(leaf, required, ground, (found, scope), findings);
        let mut tri = if outcome.codes.is_empty() { Tri::Met } else { Tri::Unmet };
        let mut codes = std::mem::take(&mut outcome.codes);
        if tri == Tri::Unmet {
            let hopeful = Scope { unknowns: Unknowns::AsPassed, ..scope.clone() };
            let found = Found::of(ground, &hopeful);
            let unheard = &mut BTreeSet::new();
            let best = identity::judge(leaf, required, ground, (&found, &hopeful), unheard);
            if best.codes.is_empty() {
                tri = Tri::Unknown;
                codes.insert(0, Code::EvaluationIncomplete);
            }
        }
        let notes = std::mem::take(&mut outcome.notes);
        let remedies = std::mem::take(&mut outcome.remedies);
        one(Leaf {
            kind: LeafKind::Ial(Box::new(outcome)),
            tri,
            decides: true,
            codes,
            notes,
            remedies,
        })
    }

    fn aal(&self, leaf: &AalLeaf) -> Evaluation<'a> {
        let Some(min) = self.assurance.authentication(leaf) else {
            return one(Leaf::plain(LeafKind::Trust, vec![Code::AalBelowRequirement]));
        };
        let about = about(&self.assurance.requires);
        let AalOutcome { codes, notes, missing } = aal::judge(leaf, min, self.ground.facts, about);
        let remedies =
            missing.into_iter().map(|(road, facts)| Remedy::of_road(road, facts)).collect();
        let age = leaf.max_auth_age.and_then(|span| {
            let as_of = self.ground.facts.as_of();
            as_of.plus(span.0).ok().map(|later| later.seconds_since(as_of))
        });
        let mut out = Leaf::plain(LeafKind::Aal(min, age), codes);
        out.notes = notes;
        out.remedies = remedies;
        one(out)
    }

    /// Every requested credential belongs to one holder, and claims that must be equal are.
    fn link(&self, leaf: &LinkLeaf) -> Evaluation<'a> {
        let facts = self.ground.facts;
        let credentials = || self.requested().flatten();
        let mut codes = Vec::new();
        match facts.holder() {
            None => codes.push(Code::HolderProofMissing),
            Some(holder) => {
                if holder.liveness() == inkan_evidence::Liveness::NotLive {
                    codes.push(Code::NonceInvalid);
                }
                let linked = credentials().all(|c| c.holder_jkts().contains(holder.jkt()));
                if !linked {
                    codes.push(Code::HolderNotLinked);
                }
            }
        }
        for name in leaf.consistent.iter().flatten() {
            let values: BTreeSet<_> =
                credentials().filter_map(|credential| credential.claims().get(name)).collect();
            if values.len() > 1 {
                codes.push(Code::ClaimsInconsistent);
                break;
            }
        }
        let remedies = match codes.as_slice() {
            [Code::HolderProofMissing | Code::NonceInvalid] => {
                BTreeSet::from([Remedy::holder("link")])
            }
            _ => BTreeSet::new(),
        };
        let mut out = Leaf { remedies, ..Leaf::plain(LeafKind::Link, codes) };
        self.unknown_credentials(&mut out);
        one(out)
    }

    /// Every requested credential was proofed by a party that is admitted.
    fn trust(&self, leaf: &TrustLeaf) -> Evaluation<'a> {
        let nobody_named = leaf.registries.is_none() && leaf.proofer_roles.is_none();
        let admitted = nobody_named
            || self.requested().flatten().all(|credential| {
                let parties = credential.events().iter().flat_map(|event| event.authorities());
                parties.into_iter().any(|by| crate::ial::admits(leaf, by))
            });
        let codes = if admitted { vec![] } else { vec![Code::RowNotAdmitted] };
        let mut out = Leaf::plain(LeafKind::Trust, codes);
        if !nobody_named {
            self.unknown_credentials(&mut out);
        }
        one(out)
    }

    fn requested(&self) -> impl Iterator<Item = Option<&'a inkan_evidence::CredentialFacts>> {
        let facts: &'a Facts = self.ground.facts;
        let requested: &'a [usize] = self.ground.requested;
        requested.iter().map(|at| facts.credentials().get(*at).and_then(Option::as_ref))
    }

    /// Nothing is known of a credential that was not verified: a leaf that holds for the others is unknown.
    fn unknown_credentials(&self, leaf: &mut Leaf<'_>) {
        if leaf.tri == Tri::Met && self.requested().any(|credential| credential.is_none()) {
            leaf.tri = Tri::Unknown;
            leaf.codes.push(Code::EvaluationIncomplete);
        }
    }
}

impl<'a> Leaf<'a> {
    fn plain(kind: LeafKind<'a>, codes: Vec<Code>) -> Self {
        let tri = if codes.is_empty() { Tri::Met } else { Tri::Unmet };
        Self { kind, tri, decides: true, codes, notes: Vec::new(), remedies: BTreeSet::new() }
    }
}

/// Whether anything in the tree is about a holder's identity.
fn about(requires: &Requirement) -> About {
    match requires {
        Requirement::AllOf(parts) | Requirement::AnyOf(parts) => {
            let holder = parts.iter().any(|part| about(part) == About::Holder);
            if holder { About::Holder } else { About::Account }
        }
        Requirement::Ial(_) | Requirement::Link(_) => About::Holder,
        Requirement::Aal(_) | Requirement::Trust(_) => About::Account,
    }
}

/// The scope below a combination: its `link` and `trust` leaves hold for its other leaves too.
fn narrowed<'a>(scope: &Scope<'a>, parts: &'a [Requirement]) -> Scope<'a> {
    let mut out = scope.clone();
    for part in parts {
        match part {
            Requirement::Link(leaf) => out.link = leaf.mode,
            Requirement::Trust(leaf) => out.trust.push(leaf),
            Requirement::AllOf(_)
            | Requirement::AnyOf(_)
            | Requirement::Ial(_)
            | Requirement::Aal(_) => {}
        }
    }
    out
}

fn one(leaf: Leaf<'_>) -> Evaluation<'_> {
    Evaluation { tri: leaf.tri, leaves: vec![leaf] }
}

fn together<'a>(
    each: Vec<Evaluation<'a>>,
    of: impl Fn(&mut dyn Iterator<Item = Tri>) -> Option<Tri>,
) -> Evaluation<'a> {
    let tri = of(&mut each.iter().map(|part| part.tri)).unwrap_or(Tri::Unmet);
    Evaluation { tri, leaves: each.into_iter().flat_map(|part| part.leaves).collect() }
}

#[cfg(test)]
mod tests;
