//! The identity level of one credential: rows that hold, who may state them, and their age (assurance §8).

use std::collections::BTreeSet;
use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_core::time::CalendarSpan;
use inkan_evidence::authority::may_anchor;
use inkan_evidence::model::Agent;
use inkan_evidence::{
    AuthLevel, Authorised, Basis, Code, CredentialFacts, EventFacts, FactKind, Facts, Finding, Row,
};

use crate::catalogue::{Catalogue, Class};
use crate::document::{Judged, Unknowns, judge};
use crate::level::Ial;
use crate::policy::{LinkMode, TrustLeaf};
use crate::row::{Circumstances, Need, Shape};

mod age;

pub(crate) use age::{Past, aged, is_past};

/// What holds for all leaves below one combination: how credentials are linked, and which parties are admitted.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) link: LinkMode,
    pub(crate) trust: Vec<&'a TrustLeaf>,
    pub(crate) unknowns: Unknowns,
    /// Least basis that counts at all: `Claimed` only where something is predicted.
    pub(crate) least: Basis,
}

impl Scope<'_> {
    /// Of what a policy says nothing about.
    pub(crate) fn plain() -> Self {
        Self {
            link: LinkMode::default(),
            trust: Vec::new(),
            unknowns: Unknowns::AsFailed,
            least: Basis::Attested,
        }
    }

    /// Whether it is that.
    pub(crate) fn is_plain(&self) -> bool {
        self.link == LinkMode::default()
            && self.trust.is_empty()
            && self.unknowns == Unknowns::AsFailed
            && self.least == Basis::Attested
    }
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
    /// Which limits of age are past at the time that is judged at.
    past: Past,
}

impl<'a> Held<'a> {
    /// The level now, after derivation and age; `shortened` is a policy's own limit, for levels from its `min` up.
    pub(crate) fn level(&self, shortened: Option<(Ial, CalendarSpan)>, as_of: Timestamp) -> Ial {
        self.rests.level(self.row, shortened, as_of)
    }

    /// The level now, as far as no policy limits it.
    pub(crate) fn level_now(&self) -> Ial {
        aged(self.level_when_new(), self.rests.past, None)
    }

    /// The level at another time, as far as no policy limits it.
    pub(crate) fn level_at(&self, as_of: Timestamp) -> Ial {
        aged(self.level_when_new(), Past::of(self.since(), as_of), None)
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

    pub(crate) const fn event(&self) -> &'a EventFacts {
        self.event
    }

    /// Begin of its age.
    pub(crate) const fn since(&self) -> Timestamp {
        self.rests.since
    }

    /// Classes of the identifier that the row rests on.
    pub(crate) fn classes(&self) -> impl Iterator<Item = Class> {
        self.judged.shape.classes.iter().filter(|class| crate::row::admits(self.row, *class))
    }

    /// Whether the item is of the class that revocation can be asked about.
    pub(crate) fn is_electronic(&self) -> bool {
        self.judged.shape.classes.contains(Class::ElectronicallyVerifiable)
            && self.judged.has(FactKind::GenuineCrypto)
    }
}

impl Rests {
    fn level(self, row: Row, shortened: Option<(Ial, CalendarSpan)>, as_of: Timestamp) -> Ial {
        let over = shortened.filter(|(_, span)| is_past(self.since, *span, as_of));
        aged(Ial::of_row(row).min(self.cap), self.past, over.map(|(from, _)| from))
    }
}

/// A row that is not counted, for remedies: it does not hold, or the policy wants something of every row that this one lacks.
#[derive(Clone, Debug)]
pub(crate) struct Lacking<'a> {
    pub(crate) row: Row,
    tried: &'a Tried<'a>,
}

impl<'a> Lacking<'a> {
    /// The item.
    pub(crate) fn path(&self) -> &'a str {
        self.tried.judged.item.path()
    }

    /// What it lacks of its own; nothing if it holds.
    pub(crate) fn needs(&self) -> Vec<Need> {
        self.tried.judged.shape.missing(self.row)
    }

    /// The level it would have if nothing were lacking.
    pub(crate) fn level(&self, shortened: Option<(Ial, CalendarSpan)>, as_of: Timestamp) -> Ial {
        self.tried.rests.level(self.row, shortened, as_of)
    }
}

/// An item that was looked at.
#[derive(Clone, Debug)]
pub(crate) struct Tried<'a> {
    judged: Judged<'a>,
    event: &'a EventFacts,
    rests: Rests,
}

impl Tried<'_> {
    /// What rows are made from, to be kept longer than the item.
    pub(crate) fn shape(&self) -> &Arc<Shape> {
        &self.judged.shape
    }
}

/// Every row of one credential that holds and may be stated, and every item that was looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows<'a> {
    pub(crate) held: Vec<Held<'a>>,
    pub(crate) tried: Vec<Tried<'a>>,
}

impl Rows<'_> {
    /// Rows that do not count and whose proofer may state them, and is admitted.
    pub(crate) fn lacking(&self, scope: &Scope<'_>) -> impl Iterator<Item = Lacking<'_>> {
        let of_item = move |tried| Row::ALL.into_iter().map(move |row| Lacking { row, tried });
        self.tried.iter().flat_map(of_item).filter(move |lack| {
            let event = lack.tried.event;
            may_state(event, lack.row) && is_admitted(event.authorities(), lack.row, scope)
        })
    }
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
            let moment = (event.time(), around);
            let Some(judged) = judge(item, moment, catalogue, scope.unknowns, findings) else {
                continue;
            };
            note_lost_rows(&judged, findings);
            let mut makes = Vec::new();
            let first = out.held.len();
            for row in Row::ALL {
                let basis = judged.shape.basis_of(row).filter(|basis| *basis >= scope.least);
                let Some(basis) = basis else { continue };
                makes.push(row);
                if scope.least == Basis::Claimed || may_state(event, row) {
                    let judged = judged.clone();
                    let admitted = is_admitted(event.authorities(), row, scope);
                    out.held.push(Held { row, basis, judged, event, admitted, rests });
                }
            }
            let held = out.held.get(first..).unwrap_or_default();
            let best = held.iter().map(|held| Ial::of_row(held.row)).max();
            let unauthorised =
                makes.iter().filter(|row| !held.iter().any(|held| held.row == **row));
            for row in unauthorised {
                if best.is_none_or(|best| Ial::of_row(*row) > best) {
                    findings.insert(
                        Finding::new(Code::ProoferRowNotAuthorised, event.path())
                            .of_row(*row)
                            .found(event.proofer()),
                    );
                }
            }
            out.tried.push(Tried { judged, event, rests });
        }
    }
    out
}

fn around(event: &EventFacts, credential: &CredentialFacts) -> Circumstances {
    Circumstances {
        agent: event.agent(),
        anchor: may_anchor(event.authorities(), credential.types()),
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
        let judged = judge(item, (event.time(), around), catalogue, scope.unknowns, unheard);
        let Some(judged) = judged else { continue };
        let held = Row::ALL.into_iter().filter(|row| {
            judged.shape.basis_of(*row).is_some_and(|basis| basis >= scope.least)
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

/// What a derivation leaves of an event, and how old that is.
fn rests(
    of: (&CredentialFacts, &EventFacts),
    facts: &Facts,
    by: (&Catalogue, &Scope<'_>),
    findings: &mut BTreeSet<Finding>,
) -> Rests {
    let (cap, since) = derived(of, facts, by, findings);
    Rests { cap, since, past: Past::of(since, facts.as_of()) }
}

/// Modifier 6: what a derived proofing may reach at most, and the begin of its age. A base that is shown beside it is never
/// surpassed.
fn derived(
    (credential, event): (&CredentialFacts, &EventFacts),
    facts: &Facts,
    by: (&Catalogue, &Scope<'_>),
    findings: &mut BTreeSet<Finding>,
) -> (Ial, Timestamp) {
    const LINKS: usize = 4;
    let mut at = (credential, event);
    let mut cap = Ial::Ial3;
    let mut from = since(event);
    let mut renewed = false;
    for link in 0..=LINKS {
        let Some(derivation) = at.1.derivation() else {
            return (if link == 0 { Ial::Ial3Plus } else { cap }, from);
        };
        let worst = (cap.min(Ial::Ial1), from);
        let mut fail = |code| {
            findings.insert(Finding::new(code, event.path()));
            worst
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
                if level < cap && level < level_of((credential, event), by) {
                    findings.insert(
                        Finding::new(Code::DerivationAboveSource, event.path())
                            .expected(level.as_str()),
                    );
                }
                cap = cap.min(level);
                renewed |= at.1.revalidated().is_some();
                if !renewed {
                    from = from.min(since(base.1));
                }
                at = *base;
            }
            None if presented.is_empty() && derivation.process() != at.1.process() => {
                return (cap, from);
            }
            None => return fail(Code::DerivationInvalid),
        }
    }
    (cap.min(Ial::Ial1), from)
}

/// Findings about rows that were tried and lack what is not a check.
fn note_lost_rows(judged: &Judged<'_>, findings: &mut BTreeSet<Finding>) {
    let path = judged.item.path();
    let Shape { classes, around, .. } = *judged.shape;
    let genuine = judged.has(FactKind::GenuineSeen) || judged.has(FactKind::GenuineCrypto);
    if !genuine || !judged.has(FactKind::OwnerInPerson) {
        return;
    }
    let electronic = classes.contains(Class::ElectronicallyVerifiable);
    if around.agent < Agent::Qualified && !electronic {
        findings.insert(Finding::new(Code::AgentNotQualified, path).expected("qualified"));
    }
    let guaranteed = classes.contains(Class::IssuerGuaranteed);
    if around.agent == Agent::Official && guaranteed && !around.anchor {
        findings.insert(Finding::new(Code::AnchorNotAuthorised, path).of_row(Row::R1));
    }
}

#[cfg(test)]
mod tests;
