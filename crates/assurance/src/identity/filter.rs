//! Which rows a policy counts, and what would make its leaf hold.

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_core::time::CalendarSpan;
use inkan_evidence::register_check::RegisterResult;
use inkan_evidence::{Basis, Code, CredentialFacts, Fact, FactKind, Finding, Row};

use super::{Found, Ground, IalOutcome};
use crate::document::Unknowns;
use crate::framework;
use crate::ial::{Held, Lacking, Rows, Scope, is_past};
use crate::level::{Framework, Ial, IdentityLevel};
use crate::policy::{
    Disputed, Genuine, IalLeaf, LeastBasis, RegisterCheck, RevocationRule, TimestampRule,
};
use crate::remedy::{Remedy, Wishes, for_identity};

/// The level of one credential, as a leaf sees it.
pub(super) struct Level<'r, 'a> {
    pub(super) achieved: IdentityLevel,
    pub(super) counted: IdentityLevel,
    pub(super) best: Option<&'r Held<'a>>,
    pub(super) disputed: bool,
}

/// The level of one credential before any policy's filters.
pub(super) fn achieved(framework: Framework, held: &[Held<'_>]) -> IdentityLevel {
    match framework {
        Framework::JpSwg2022 => {
            let best = held.iter().map(Held::level_now).max();
            IdentityLevel::jp(best.unwrap_or(Ial::Ial0))
        }
        Framework::Nist800634 | Framework::Eidas20151502 => {
            framework::level(framework, held.iter())
        }
    }
}

/// A leaf's filters over rows that hold.
pub(super) struct Filter<'a> {
    pub(super) leaf: &'a IalLeaf,
    pub(super) required: IdentityLevel,
    pub(super) ground: Ground<'a>,
    pub(super) unknowns: Unknowns,
}

impl Filter<'_> {
    pub(super) fn none<'r, 'b>(&self) -> Level<'r, 'b> {
        let none = IdentityLevel::none(self.ground.framework);
        Level { achieved: none, counted: none, best: None, disputed: false }
    }

    fn as_of(&self) -> Timestamp {
        self.ground.facts.as_of()
    }

    /// The policy's own limit of age, from its `min` up.
    fn shortened(&self) -> Option<(Ial, CalendarSpan)> {
        let from = self.required.as_jp().unwrap_or(Ial::Ial0);
        self.leaf.max_age.map(|span| (from, span.0))
    }

    pub(super) fn level<'r, 'b>(
        &self,
        credential: &CredentialFacts,
        rows: &'r Rows<'b>,
        findings: &mut BTreeSet<Finding>,
    ) -> Level<'r, 'b> {
        let mut counting: Vec<&'r Held<'b>> = Vec::with_capacity(rows.held.len());
        for held in &rows.held {
            let lost = self.refuses(held, credential);
            if lost.is_empty() {
                counting.push(held);
            } else if self.counted_of(&[held]).satisfies(self.required) {
                for code in lost {
                    let finding = Finding::new(code, held.judged.item.path()).of_row(held.row);
                    findings.insert(finding);
                }
            }
            if self.is_too_old(held) {
                let finding = Finding::new(Code::ProofingTooOld, held.event.path());
                findings.insert(finding.found(held.since().date()));
            }
        }
        let best = |held: &&'r Held<'b>| {
            let levels = (held.level_now(), held.level_when_new());
            // Of equals the row that comes first in the table, then the newest: order must change nothing.
            let order = (std::cmp::Reverse(held.row), held.since());
            (self.counted_of(&[*held]).rank(), levels, order)
        };
        let used = counting.iter().copied().max_by_key(best);
        let used = used.or_else(|| rows.held.iter().max_by_key(best));
        let achieved = achieved(self.ground.framework, &rows.held);
        let counted = self.counted_of(&counting);
        let disputed = achieved
            .as_jp()
            .is_some_and(|level| level.is_disputed() && counted.as_jp() != Some(level));
        Level { achieved, counted, best: used, disputed }
    }

    fn counted_of(&self, held: &[&Held<'_>]) -> IdentityLevel {
        match self.ground.framework {
            Framework::JpSwg2022 => {
                let best = held
                    .iter()
                    .map(|held| self.disputed(held.level(self.shortened(), self.as_of())));
                IdentityLevel::jp(best.max().unwrap_or(Ial::Ial0))
            }
            other @ (Framework::Nist800634 | Framework::Eidas20151502) => {
                let young = held.iter().copied().filter(|held| !self.is_too_old(held));
                framework::level(other, young)
            }
        }
    }

    fn disputed(&self, level: Ial) -> Ial {
        match self.leaf.disputed {
            Disputed::Accept => level,
            Disputed::Reject | Disputed::Floor => level.floor(),
        }
    }

    fn is_too_old(&self, held: &Held<'_>) -> bool {
        match self.ground.framework {
            Framework::JpSwg2022 => {
                held.level(self.shortened(), self.as_of()) < held.level_when_new()
            }
            Framework::Nist800634 | Framework::Eidas20151502 => {
                self.leaf.max_age.is_some_and(|span| is_past(held.since(), span.0, self.as_of()))
            }
        }
    }

    /// Whether this verifier saw for itself that the certificate was not revoked.
    fn asked_itself(&self, held: &Held<'_>) -> bool {
        held.judged.shape.basis(FactKind::RevocationGood) == Some(Basis::Verified)
    }

    /// Why this policy does not count a row.
    fn refuses(&self, held: &Held<'_>, credential: &CredentialFacts) -> Vec<Code> {
        let leaf = self.leaf;
        let has = |kind| held.judged.has(kind);
        let mut out = Vec::new();
        let row_admitted = leaf.rows.as_ref().is_none_or(|r| r.iter().any(|n| n.0 == held.row));
        let class_admitted = leaf
            .identifier
            .as_ref()
            .is_none_or(|classes| held.classes().any(|class| classes.contains(&class)));
        if !row_admitted || !class_admitted || !held.admitted {
            out.push(Code::RowNotAdmitted);
        }
        if leaf.basis == LeastBasis::Verified && held.basis < Basis::Verified {
            out.push(Code::BasisTooLow);
        }
        if leaf.genuine == Genuine::Crypto && !has(FactKind::GenuineCrypto) {
            out.push(Code::DocumentNotChipVerified);
        }
        if leaf.timestamp == TimestampRule::Required && !has(FactKind::TimestampToken) {
            out.push(Code::TimestampMissing);
        }
        match leaf.revocation {
            RevocationRule::Attested if held.is_electronic() && !has(FactKind::RevocationGood) => {
                out.push(Code::JpkiRevocationUndetermined);
            }
            RevocationRule::Required
                if held.is_electronic()
                    && self.unknowns == Unknowns::AsFailed
                    && !self.asked_itself(held) =>
            {
                out.push(Code::EvaluationIncomplete);
            }
            RevocationRule::Attested | RevocationRule::Required | RevocationRule::None => {}
        }
        out.extend(
            leaf.register_check.as_ref().and_then(|rule| self.unregistered(rule, credential)),
        );
        out
    }

    /// Why a base register's word does not do: it denies, or it does not confirm every claim that is asked for, lately. Without names in the
    /// policy that is every claim that is shown: a level is that of all of them.
    fn unregistered(&self, rule: &RegisterCheck, credential: &CredentialFacts) -> Option<Code> {
        let checks = credential.register_checks();
        if checks.iter().any(|check| check.result() == RegisterResult::Mismatch) {
            return Some(Code::RegisterCheckMismatch);
        }
        let lately = |at| !is_past(at, rule.max_age.0, self.as_of());
        let fact = |fact: &Fact| fact.kind() == FactKind::RegisterConfirmed && lately(fact.at());
        let confirmed: BTreeSet<&String> =
            checks.iter().filter(|check| lately(check.at())).flat_map(|c| c.claims()).collect();
        let asked = |name: &String| self.leaf.claims.as_ref().is_none_or(|all| all.contains(name));
        let all =
            credential.claims().keys().filter(|name| asked(name)).all(|n| confirmed.contains(n));
        (!all || !credential.facts().iter().any(fact)).then_some(Code::RegisterCheckMissing)
    }

    /// What would make the leaf hold.
    pub(super) fn remedies(
        &self,
        found: &Found<'_>,
        scope: &Scope<'_>,
        outcome: &IalOutcome<'_>,
    ) -> BTreeSet<Remedy> {
        let holder = outcome
            .codes
            .iter()
            .any(|code| matches!(code, Code::HolderProofMissing | Code::NonceInvalid));
        if outcome.counted.satisfies(self.required) {
            return BTreeSet::from([Remedy::holder("holder")]);
        }
        let leaf = self.leaf;
        let suffices = |row: &Row| {
            let level = match self.ground.framework {
                Framework::JpSwg2022 => {
                    return self.disputed(Ial::of_row(*row))
                        >= self.required.as_jp().unwrap_or(Ial::Ial3Plus);
                }
                Framework::Eidas20151502 => framework::of_row(*row),
                Framework::Nist800634 => match row {
                    Row::R2a | Row::R2b => 2,
                    Row::R1 | Row::R3 | Row::R4 | Row::R5 | Row::R6 | Row::R7 | Row::R8 => 0,
                },
            };
            level >= self.required.rank()
        };
        let admitted = |row: &Row| {
            leaf.rows.as_ref().is_none_or(|rows| rows.iter().any(|name| name.0 == *row))
                && leaf.identifier.as_ref().is_none_or(|classes| {
                    classes.iter().any(|class| crate::row::admits(*row, *class))
                })
        };
        let mut extra = Vec::new();
        if leaf.genuine == Genuine::Crypto {
            extra.push(FactKind::GenuineCrypto);
        }
        if leaf.revocation == RevocationRule::Attested {
            extra.push(FactKind::RevocationGood);
        }
        if leaf.timestamp == TimestampRule::Required {
            extra.push(FactKind::TimestampToken);
        }
        if leaf.register_check.is_some() {
            extra.push(FactKind::RegisterConfirmed);
        }
        let wishes = Wishes {
            rows: Row::ALL.into_iter().filter(|row| suffices(row) && admitted(row)).collect(),
            extra,
            holder,
            catalogue: self.ground.catalogue,
        };
        let (as_of, shortened) = (self.as_of(), self.shortened());
        let jp = self.ground.framework == Framework::JpSwg2022;
        let lacking: Vec<Lacking<'_>> = found
            .rows()
            .flat_map(|rows| rows.lacking(scope))
            .filter(|lack| {
                !jp || IdentityLevel::jp(self.disputed(lack.level(shortened, as_of)))
                    .satisfies(self.required)
            })
            .collect();
        for_identity(&wishes, &lacking, self.ground.facts)
    }
}
