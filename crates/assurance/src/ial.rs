//! The identity level of one credential: rows that hold, who may state them, and their age (assurance §8).

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_core::time::CalendarSpan;
use inkan_evidence::model::Agent;
use inkan_evidence::{
    AuthLevel, Authorised, Basis, Code, CredentialFacts, EventFacts, FactKind, Facts, Finding, Row,
};

use crate::catalogue::{Catalogue, Class};
use crate::document::{Judged, Unknowns, judge};
use crate::level::Ial;
use crate::policy::{LinkMode, TrustLeaf};
use crate::row::{Circumstances, Need, basis_of, missing};

/// What holds for all leaves below one combination: how credentials are linked, and which parties are admitted.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) link: LinkMode,
    pub(crate) trust: Vec<&'a TrustLeaf>,
    pub(crate) unknowns: Unknowns,
    /// Least basis that counts at all: `Claimed` only where something is predicted.
    pub(crate) least: Basis,
}

/// A row that holds on one item of a credential, and that its proofer may state.
#[derive(Clone, Debug)]
pub(crate) struct Held<'a> {
    pub(crate) row: Row,
    pub(crate) basis: Basis,
    pub(crate) judged: Judged<'a>,
    pub(crate) event: &'a EventFacts,
    /// The authorities under which it counts.
    pub(crate) admitted: bool,
    rests: Rests,
}

/// What a derivation leaves of an event.
#[derive(Clone, Copy, Debug)]
struct Rests {
    /// What it may reach at most.
    cap: Ial,
    /// Begin of its age: of several proofings the oldest, unless something later showed that nothing has changed.
    since: Timestamp,
}

impl Held<'_> {
    /// The level after derivation and age; `shortened` is a policy's own limit, for levels from its `min` up.
    pub(crate) fn level(&self, as_of: Timestamp, shortened: Option<(Ial, CalendarSpan)>) -> Ial {
        aged(self.level_when_new(), self.since(), as_of, shortened)
    }

    /// The level before age.
    pub(crate) fn level_when_new(&self) -> Ial {
        Ial::of_row(self.row).min(self.rests.cap)
    }

    /// What its derivation allows at most.
    pub(crate) const fn cap(&self) -> Ial {
        self.rests.cap
    }

    pub(crate) const fn row(&self) -> Row {
        self.row
    }

    pub(crate) const fn event(&self) -> &EventFacts {
        self.event
    }

    /// Begin of its age.
    pub(crate) const fn since(&self) -> Timestamp {
        self.rests.since
    }

    /// Classes of the identifier that the row rests on.
    pub(crate) fn classes(&self) -> impl Iterator<Item = Class> {
        self.judged.classes.iter().copied().filter(|class| crate::row::admits(self.row, *class))
    }

    /// The same as if it lacked nothing of its own, for what a policy wants besides.
    pub(crate) fn as_lacking(&self) -> Lacking<'_> {
        Lacking {
            row: self.row,
            path: self.judged.item.path(),
            needs: Vec::new(),
            stateable: self.admitted,
            rests: self.rests,
        }
    }

    /// Whether the item is of the class that revocation can be asked about.
    pub(crate) fn is_electronic(&self) -> bool {
        self.judged.classes.contains(&Class::ElectronicallyVerifiable)
            && self.judged.has(FactKind::GenuineCrypto)
    }
}

/// A row that does not hold, and what it lacks, for the report and for remedies.
#[derive(Clone, Debug)]
pub(crate) struct Lacking<'a> {
    pub(crate) row: Row,
    pub(crate) path: &'a str,
    pub(crate) needs: Vec<Need>,
    /// Whether the proofer may state it, and the policy admits the proofer.
    pub(crate) stateable: bool,
    rests: Rests,
}

impl Lacking<'_> {
    /// The level it would have if nothing were lacking.
    pub(crate) fn level(&self, as_of: Timestamp, shortened: Option<(Ial, CalendarSpan)>) -> Ial {
        aged(Ial::of_row(self.row).min(self.rests.cap), self.rests.since, as_of, shortened)
    }
}

/// Every row of one credential: those that hold, and those that lack something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows<'a> {
    pub(crate) held: Vec<Held<'a>>,
    pub(crate) lacking: Vec<Lacking<'a>>,
}

/// Judges every item of a credential.
pub(crate) fn rows<'a>(
    credential: &'a CredentialFacts,
    facts: &'a Facts,
    catalogue: &'a Catalogue,
    scope: &Scope<'_>,
    findings: &mut BTreeSet<Finding>,
) -> Rows<'a> {
    let mut out = Rows::default();
    for event in credential.events() {
        if !is_about_holder(event, credential, facts, scope.link) {
            findings.insert(Finding::new(Code::SubjectMismatch, event.path()));
            continue;
        }
        let rests = rests((credential, event), facts, (catalogue, scope), findings);
        let around = around(event, credential);
        for item in event.items() {
            let time = event.time();
            let Some(judged) = judge(item, time, catalogue, scope.unknowns, findings) else {
                continue;
            };
            note_lost_rows(&judged, around, findings);
            let mut unauthorised = Vec::new();
            let first = out.held.len();
            for row in Row::ALL {
                match basis_of(row, &judged, around).filter(|basis| *basis >= scope.least) {
                    Some(basis) if scope.least == Basis::Claimed || may_state(event, row) => {
                        out.held.push(Held {
                            row,
                            basis,
                            judged: judged.clone(),
                            event,
                            admitted: is_admitted(event.authorities(), row, scope),
                            rests,
                        });
                    }
                    Some(_) => unauthorised.push(row),
                    None => out.lacking.push(Lacking {
                        row,
                        path: item.path(),
                        needs: missing(row, &judged, around),
                        stateable: may_state(event, row)
                            && is_admitted(event.authorities(), row, scope),
                        rests,
                    }),
                }
            }
            let best = out.held.iter().skip(first).map(|held| Ial::of_row(held.row)).max();
            for row in unauthorised {
                if best.is_none_or(|best| Ial::of_row(row) > best) {
                    findings.insert(
                        Finding::new(Code::ProoferRowNotAuthorised, event.path())
                            .of_row(row)
                            .found(event.proofer()),
                    );
                }
            }
        }
    }
    out
}

fn around(event: &EventFacts, credential: &CredentialFacts) -> Circumstances {
    Circumstances {
        agent: event.agent(),
        anchor: event.authorities().iter().any(|by| by.may_anchor(credential.types())),
        handed_over: event.is_handed_over(),
    }
}

/// What an event reaches by itself, before derivation and age.
fn level_of(
    (credential, event): (&CredentialFacts, &EventFacts),
    (catalogue, scope): (&Catalogue, &Scope<'_>),
) -> Ial {
    let around = around(event, credential);
    let mut level = Ial::Ial0;
    for item in event.items() {
        let unheard = &mut BTreeSet::new();
        let judged = judge(item, event.time(), catalogue, scope.unknowns, unheard);
        let Some(judged) = judged else { continue };
        let held = Row::ALL.into_iter().filter(|row| {
            basis_of(*row, &judged, around).is_some_and(|basis| basis >= scope.least)
                && (scope.least == Basis::Claimed || may_state(event, *row))
        });
        level = held.map(Ial::of_row).chain([level]).max().unwrap_or(level);
    }
    level
}

/// Modifier 2: the key that was proofed is the credential's, and the one that proved possession.
fn is_about_holder(
    event: &EventFacts,
    credential: &CredentialFacts,
    facts: &Facts,
    link: LinkMode,
) -> bool {
    let jkt = event.subject_jkt();
    if credential.subject_id().is_some_and(|did| did != event.subject_holder()) {
        return false;
    }
    let of_credential = credential.holder_jkts().contains(jkt);
    let of_history = link == LinkMode::SameController && credential.former_jkts().contains(jkt);
    match facts.holder() {
        None => of_credential || of_history,
        Some(holder) if holder.jkt() == jkt => of_credential,
        Some(holder) => of_history && credential.holder_jkts().contains(holder.jkt()),
    }
}

/// Begin of an event's age: the proofing, or what showed later that nothing has changed.
fn since(event: &EventFacts) -> Timestamp {
    event.revalidated().map_or(event.time(), |later| later.max(event.time()))
}

fn may_state(event: &EventFacts, row: Row) -> bool {
    event.authorities().iter().any(|by| by.may_state(row))
}

/// Whether every trust leaf in scope admits one of the authorities that may state the row.
fn is_admitted(authorities: &[Authorised], row: Row, scope: &Scope<'_>) -> bool {
    authorities.is_empty() && scope.least == Basis::Claimed
        || authorities
            .iter()
            .any(|by| by.may_state(row) && scope.trust.iter().all(|leaf| admits(leaf, by)))
}

/// Whether a trust leaf admits a party under one of its registry entries.
pub(crate) fn admits(leaf: &TrustLeaf, by: &Authorised) -> bool {
    let registry = leaf.registries.as_ref();
    let roles = leaf.proofer_roles.as_ref();
    registry.is_none_or(|known| known.iter().any(|id| id == by.registry()))
        && roles.is_none_or(|roles| roles.iter().any(|role| by.has_role(role.party())))
}

/// Modifier 6: what a derived proofing may reach at most. A base that is shown beside it is never surpassed.
fn rests(
    (credential, event): (&CredentialFacts, &EventFacts),
    facts: &Facts,
    by: (&Catalogue, &Scope<'_>),
    findings: &mut BTreeSet<Finding>,
) -> Rests {
    const LINKS: usize = 4;
    let mut at = (credential, event);
    let mut so_far = Rests { cap: Ial::Ial3, since: since(event) };
    let mut renewed = false;
    for link in 0..=LINKS {
        let Some(derivation) = at.1.derivation() else {
            return if link == 0 { Rests { cap: Ial::Ial3Plus, ..so_far } } else { so_far };
        };
        let mut fail = |code| {
            findings.insert(Finding::new(code, event.path()));
            Rests { cap: Ial::Ial1, ..so_far }
        };
        if derivation.holder_aal().is_none_or(|level| level < AuthLevel::Aal2) {
            return fail(Code::DerivationNotAuthenticated);
        }
        let unauthorised = at.1.authorities().is_empty() && !event.authorities().is_empty();
        if link == LINKS || unauthorised {
            return fail(Code::DerivationInvalid);
        }
        let bases = facts.credentials().iter().flatten().flat_map(|base| {
            base.events()
                .iter()
                .filter(|other| other.process() == derivation.process())
                .map(move |other| (base, other))
        });
        let presented: Vec<_> =
            bases.filter(|(base, _)| base.digest() != credential.digest()).collect();
        match presented.iter().find(|(base, _)| base.digest() == derivation.credential()) {
            // Another person's proofing is none of this one's, and nothing comes from what was later.
            Some((_, base))
                if base.subject_holder() != event.subject_holder()
                    || derivation.at().is_some_and(|derived| derived < base.time()) =>
            {
                return fail(Code::DerivationInvalid);
            }
            Some(base) => {
                let level = level_of(*base, by);
                if level < so_far.cap && level < level_of((credential, event), by) {
                    findings.insert(
                        Finding::new(Code::DerivationAboveSource, event.path())
                            .expected(level.as_str()),
                    );
                }
                so_far.cap = so_far.cap.min(level);
                renewed |= at.1.revalidated().is_some();
                if !renewed {
                    so_far.since = so_far.since.min(since(base.1));
                }
                at = *base;
            }
            None if presented.is_empty() && derivation.process() != at.1.process() => {
                return so_far;
            }
            None => return fail(Code::DerivationInvalid),
        }
    }
    Rests { cap: Ial::Ial1, ..so_far }
}

/// Findings about rows that were tried and lack what is not a check.
fn note_lost_rows(judged: &Judged<'_>, around: Circumstances, findings: &mut BTreeSet<Finding>) {
    let path = judged.item.path();
    let genuine = judged.has(FactKind::GenuineSeen) || judged.has(FactKind::GenuineCrypto);
    if !genuine || !judged.has(FactKind::OwnerInPerson) {
        return;
    }
    let electronic = judged.classes.contains(&Class::ElectronicallyVerifiable);
    if around.agent < Agent::Qualified && !electronic {
        findings.insert(Finding::new(Code::AgentNotQualified, path).expected("qualified"));
    }
    let guaranteed = judged.classes.contains(&Class::IssuerGuaranteed);
    if around.agent == Agent::Official && guaranteed && !around.anchor {
        findings.insert(Finding::new(Code::AnchorNotAuthorised, path).of_row(Row::R1));
    }
}

/// Modifier 7: past the limit of its level the result drops, again at each step.
pub(crate) fn aged(
    level: Ial,
    since: Timestamp,
    as_of: Timestamp,
    shortened: Option<(Ial, CalendarSpan)>,
) -> Ial {
    let mut level = level;
    loop {
        let over_own = limit(level).is_some_and(|span| is_past(since, span, as_of));
        let over_policy =
            shortened.is_some_and(|(from, span)| level >= from && is_past(since, span, as_of));
        if level == Ial::Ial0 || !(over_own || over_policy) {
            return level;
        }
        level = level.dropped();
    }
}

fn limit(level: Ial) -> Option<CalendarSpan> {
    let years = match level {
        Ial::Ial3Plus | Ial::Ial2 => "P10Y",
        Ial::Ial3 | Ial::Ial2Plus => "P5Y",
        Ial::Ial1 | Ial::Ial0 => return None,
    };
    CalendarSpan::parse(years).ok()
}

/// Whether `as_of` is past the limit; the limit day itself still counts.
pub(crate) fn is_past(since: Timestamp, span: CalendarSpan, as_of: Timestamp) -> bool {
    since.plus(span).is_ok_and(|limit| as_of.date() > limit.date())
}

#[cfg(test)]
mod tests;
