//! `policy lint`: does a policy ask for more than its use case needs, and can anything satisfy it (assurance §11)?

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_core::time::CalendarSpan;
use inkan_evidence::registry::{Entry, PartyRole, Standing};
use inkan_evidence::{Registry, Road, Row};

use crate::catalogue::Class;
use crate::framework;
use crate::level::{AuthenticationLevel, Framework, Ial};
use crate::policy::{
    AalLeaf, CountersignedItem, Disputed, Genuine, IalLeaf, IssuerWord, Issuers, LeastBasis,
    Policy, Proofs, Requirement, RevocationRule, Signers, TimeGrade, TimestampRule, USE_CASES,
    UserVerification, builtin, builtin_ids,
};
use crate::row;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LintLevel {
    /// It should be changed, or explained.
    Warning,
    /// It is explained.
    Note,
}

/// One finding about a policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LintFinding {
    kind: Kind,
    level: LintLevel,
    member: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    OverAsks,
    AlwaysRefuses,
}

impl LintFinding {
    /// A stable code. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.kind {
            Kind::OverAsks => "policy-over-asks",
            Kind::AlwaysRefuses => "policy-always-refuses",
        }
    }

    /// How much it matters.
    #[must_use]
    pub const fn level(&self) -> LintLevel {
        self.level
    }

    /// The member that it is about.
    #[must_use]
    pub fn member(&self) -> &str {
        &self.member
    }

    /// What it says, in English and Japanese.
    #[must_use]
    pub fn message(&self) -> (String, String) {
        let member = &self.member;
        match self.kind {
            Kind::OverAsks => (
                format!("{member} asks for more than the use case needs"),
                format!("{member} は用途が必要とする以上のものを求めている"),
            ),
            Kind::AlwaysRefuses => {
                (format!("nothing can satisfy {member}"), format!("{member} を満たすものはない"))
            }
        }
    }
}

/// Everything that is to be said about a policy; parties are looked for only if registries are configured.
#[must_use]
pub fn lint(policy: &Policy, registries: &[Registry]) -> Vec<LintFinding> {
    let mut out = Vec::new();
    let refuses = |member: &str| LintFinding {
        kind: Kind::AlwaysRefuses,
        level: LintLevel::Warning,
        member: member.to_owned(),
    };
    out.extend(impossible_outer(policy, registries).into_iter().map(refuses));
    if let Some(assurance) = &policy.assurance {
        let world = World { framework: assurance.framework, registries };
        out.extend(world.impossible(&assurance.requires).into_iter().map(|m| refuses(&m)));
        let level = if assurance.has_reason { LintLevel::Note } else { LintLevel::Warning };
        let over =
            |member: &str| LintFinding { kind: Kind::OverAsks, level, member: member.to_owned() };
        out.extend(over_asks(policy).into_iter().map(over));
    }
    out
}

/// What of the outer part nothing can satisfy.
fn impossible_outer(policy: &Policy, registries: &[Registry]) -> Vec<&'static str> {
    let mut out = Vec::new();
    let effective = &policy.outer.effective;
    if effective.from.as_ref().zip(effective.until.as_ref()).is_some_and(|(f, u)| u < f) {
        out.push("effective");
    }
    if let Proofs::Count(count) = &policy.outer.proofs {
        let most = count.by.as_ref().map_or(usize::MAX, Vec::len);
        if usize::try_from(count.at_least).is_ok_and(|least| least > most) {
            out.push("proofs.atLeast");
        }
    }
    for item in &policy.outer.countersigned {
        let most = match &item.by {
            None => u32::MAX,
            Some(Signers::Subject(_)) => 1,
            Some(Signers::Dids(dids)) => u32::try_from(dids.len()).unwrap_or(u32::MAX),
        };
        if item.at_least() > most {
            out.push("countersigned.atLeast");
        }
        let lists = |entry: &Entry| entry.countersigns().contains(item.role.as_str());
        let named = item
            .registry
            .as_ref()
            .is_some_and(|id| !registries.iter().any(|r| r.id() == id && live(r).any(lists)));
        if named && !registries.is_empty() {
            out.push("countersigned.registry");
        }
    }
    if matches!(policy.outer.ledger.time, TimeGrade::Chain {}) && policy.outer.ledger.required {
        out.push("ledger.time");
    }
    if has_circle(&policy.outer.countersigned) {
        out.push("countersigned.after");
    }
    if too_few_are_named(&policy.outer.countersigned) {
        out.push("countersigned.distinct");
    }
    let listed = matches!(policy.outer.issuers, Issuers::Word(IssuerWord::Listed));
    let wanted = policy.listed_types();
    let issues = |entry: &Entry| {
        if wanted.is_empty() {
            !entry.issues().is_empty()
        } else {
            wanted.iter().any(|kind| entry.issues().contains(kind))
        }
    };
    if listed && !registries.is_empty() && !registries.iter().any(|r| live(r).any(issues)) {
        out.push("issuers");
    }
    out
}

/// Whether some items wait for each other, or one for itself: then none of them can ever be the first.
fn has_circle(items: &[CountersignedItem]) -> bool {
    let mut reached: Vec<bool> = vec![false; items.len()];
    for _ in 0..=items.len() {
        let next = items.iter().map(|item| {
            item.after.is_none_or(|role| {
                let mut of_role = items.iter().zip(&reached).filter(|(one, _)| one.role == role);
                of_role.clone().next().is_none() || of_role.any(|(_, reached)| *reached)
            })
        });
        reached = next.collect();
    }
    reached.iter().any(|reached| !reached)
}

/// Whether the items of which nobody may be counted twice name fewer than they ask for, all together.
fn too_few_are_named(items: &[CountersignedItem]) -> bool {
    let mut names = BTreeSet::new();
    let mut needed = 0_u32;
    for item in items.iter().filter(|item| item.distinct) {
        let Some(Signers::Dids(dids)) = &item.by else { continue };
        names.extend(dids);
        needed = needed.saturating_add(item.at_least());
    }
    usize::try_from(needed).is_ok_and(|needed| needed > names.len())
}

fn live(registry: &Registry) -> impl Iterator<Item = &Entry> {
    registry.entries().iter().filter(|entry| entry.standing() != Standing::RevokedForCause)
}

struct World<'a> {
    framework: Framework,
    registries: &'a [Registry],
}

impl World<'_> {
    /// Members below a requirement that nothing can satisfy; of alternatives only if none can be satisfied.
    fn impossible(&self, requirement: &Requirement) -> Vec<String> {
        match requirement {
            Requirement::AllOf(parts) => {
                parts.iter().flat_map(|part| self.impossible(part)).collect()
            }
            Requirement::AnyOf(parts) => {
                let each: Vec<_> = parts.iter().map(|part| self.impossible(part)).collect();
                let possible = each.iter().any(Vec::is_empty);
                if possible { vec![] } else { each.into_iter().flatten().collect() }
            }
            Requirement::Ial(leaf) => self.impossible_ial(leaf),
            Requirement::Aal(leaf) => self.impossible_aal(leaf),
            Requirement::Link(_) => vec![],
            Requirement::Trust(leaf) => {
                let fits = |registry: &Registry| {
                    leaf.registries
                        .as_ref()
                        .is_none_or(|ids| ids.iter().any(|id| id == registry.id()))
                        && leaf.proofer_roles.as_ref().is_none_or(|roles| {
                            let has = |entry: &Entry| {
                                roles.iter().any(|role| entry.roles().contains(&role.party()))
                            };
                            live(registry).any(has)
                        })
                };
                let nobody = !self.registries.is_empty() && !self.registries.iter().any(fits);
                if nobody { vec!["trust".to_owned()] } else { vec![] }
            }
        }
    }

    fn impossible_ial(&self, leaf: &IalLeaf) -> Vec<String> {
        let mut out = Vec::new();
        let own_level = self.framework == Framework::JpSwg2022;
        let min = own_level.then(|| Ial::parse(&leaf.min)).flatten();
        if min.is_some_and(Ial::is_disputed) && leaf.disputed != Disputed::Accept {
            out.push("ial.disputed".to_owned());
        }
        let admitted: Vec<Row> = Row::ALL
            .into_iter()
            .filter(|row| leaf.rows.as_ref().is_none_or(|rows| rows.iter().any(|n| n.0 == *row)))
            .filter(|row| {
                leaf.identifier
                    .as_ref()
                    .is_none_or(|classes| classes.iter().any(|class| row::admits(*row, *class)))
            })
            .collect();
        let reaches = |row: &Row| self.reaches(*row, &leaf.min);
        if !admitted.iter().any(reaches) {
            let member = if leaf.rows.is_some() || leaf.identifier.is_some() {
                "ial.rows"
            } else {
                "ial.min"
            };
            out.push(member.to_owned());
        }
        // A base register signs its statements with a key that an entry lists.
        let confirms = |entry: &Entry| {
            entry.roles().contains(&PartyRole::BaseRegistry) && !entry.keys().is_empty()
        };
        let confirmable =
            self.registries.is_empty() || self.registries.iter().any(|r| live(r).any(confirms));
        if leaf.register_check.is_some() && !confirmable {
            out.push("ial.registerCheck".to_owned());
        }
        // Only over a card's signature does a token count.
        let by_card = |row: &&Row| row::admits(**row, Class::ElectronicallyVerifiable);
        let stamped = admitted.iter().filter(|row| reaches(row)).any(|row| by_card(&row));
        if leaf.timestamp == TimestampRule::Required && !stamped {
            out.push("ial.timestamp".to_owned());
        }
        let may_state = |row: &Row| {
            self.registries.iter().any(|r| live(r).any(|entry| entry.rows().contains(row)))
        };
        if !self.registries.is_empty() && !admitted.iter().filter(|row| reaches(row)).any(may_state)
        {
            out.push("ial".to_owned());
        }
        out
    }

    /// Whether a row can ever give a level of the framework.
    fn reaches(&self, row: Row, min: &str) -> bool {
        match self.framework {
            Framework::JpSwg2022 => Ial::parse(min).is_some_and(|min| Ial::of_row(row) >= min),
            Framework::Nist800634 => {
                let most = match row {
                    Row::R1 | Row::R2a | Row::R2b | Row::R3 | Row::R4 => 2,
                    Row::R5 | Row::R6 | Row::R7 | Row::R8 => 0,
                };
                self.framework.parse_identity(min).is_some_and(|min| most >= min.rank())
            }
            Framework::Eidas20151502 => self
                .framework
                .parse_identity(min)
                .is_some_and(|min| framework::of_row(row) >= min.rank()),
        }
    }

    fn impossible_aal(&self, leaf: &AalLeaf) -> Vec<String> {
        let min = self.framework.parse_authentication(&leaf.min);
        let Some(least) = min.and_then(AuthenticationLevel::least) else {
            return vec!["aal.min".to_owned()];
        };
        let only_events = leaf
            .accept
            .as_ref()
            .is_some_and(|roads| roads.iter().all(|road| road.0 == Road::AuthenticationEvent));
        let operator = |entry: &Entry| {
            entry.roles().contains(&PartyRole::AuthenticationOperator)
                && entry.authenticates().is_some_and(|may| may.max_aal >= least)
        };
        let nobody = only_events
            && !self.registries.is_empty()
            && !self.registries.iter().any(|r| live(r).any(operator));
        if nobody { vec!["aal.accept".to_owned()] } else { vec![] }
    }
}

/// Members that are stricter than in every ready-made policy of the same use case.
fn over_asks(policy: &Policy) -> Vec<&'static str> {
    let Some(assurance) = &policy.assurance else { return vec![] };
    let Some(use_case) =
        assurance.use_case.as_ref().filter(|case| USE_CASES.contains(&case.as_str()))
    else {
        return vec![];
    };
    let mut best: Option<Vec<&'static str>> = None;
    for id in builtin_ids() {
        let Some(known) = builtin(id).and_then(|policy| policy.assurance) else { continue };
        if known.use_case.as_ref() == Some(use_case) && !known.has_reason {
            let found = stricter(&assurance.requires, &known.requires);
            if best.as_ref().is_none_or(|best| found.len() < best.len()) {
                best = Some(found);
            }
        }
    }
    best.unwrap_or_default()
}

/// Members of a requirement that ask for more than the measure does; leaves of a kind that it lacks ask for more.
fn stricter(requirement: &Requirement, measure: &Requirement) -> Vec<&'static str> {
    match requirement {
        Requirement::AllOf(parts) => {
            parts.iter().flat_map(|part| stricter(part, measure)).collect()
        }
        Requirement::AnyOf(parts) => {
            let each = parts.iter().map(|part| stricter(part, measure));
            each.min_by_key(Vec::len).unwrap_or_default()
        }
        Requirement::Ial(leaf) => match measure {
            Requirement::Ial(known) => stricter_ial(leaf, known),
            Requirement::AllOf(_)
            | Requirement::AnyOf(_)
            | Requirement::Aal(_)
            | Requirement::Link(_)
            | Requirement::Trust(_) => vec!["ial"],
        },
        Requirement::Aal(leaf) => match measure {
            Requirement::Aal(known) => stricter_aal(leaf, known),
            Requirement::AllOf(_)
            | Requirement::AnyOf(_)
            | Requirement::Ial(_)
            | Requirement::Link(_)
            | Requirement::Trust(_) => vec!["aal"],
        },
        Requirement::Link(_) | Requirement::Trust(_) => vec![],
    }
}

fn stricter_ial(leaf: &IalLeaf, known: &IalLeaf) -> Vec<&'static str> {
    let narrower_rows = |own: &[crate::policy::RowName], other: &Option<Vec<_>>| match other {
        None => true,
        Some(other) => other.iter().any(|row| !own.contains(row)),
    };
    let narrower_classes = leaf.identifier.as_ref().is_some_and(|own| match &known.identifier {
        None => true,
        Some(other) => other.iter().any(|class| !own.contains(class)),
    });
    let timestamp = |rule| match rule {
        TimestampRule::None => 0,
        TimestampRule::Preferred => 1,
        TimestampRule::Required => 2,
    };
    let revocation = |rule| match rule {
        RevocationRule::None => 0,
        RevocationRule::Attested => 1,
        RevocationRule::Required => 2,
    };
    let level = |min: &str| Ial::parse(min);
    let checks = [
        ("ial.min", level(&leaf.min) > level(&known.min)),
        ("ial.holderBinding", leaf.holder_binding && !known.holder_binding),
        ("ial.rows", leaf.rows.as_ref().is_some_and(|own| narrower_rows(own, &known.rows))),
        ("ial.identifier", narrower_classes),
        ("ial.claims", leaf.claims.is_some() && known.claims.is_none()),
        ("ial.basis", leaf.basis == LeastBasis::Verified && known.basis == LeastBasis::Attested),
        ("ial.genuine", leaf.genuine == Genuine::Crypto && known.genuine == Genuine::Any),
        ("ial.maxAge", is_shorter(leaf.max_age.map(|s| s.0), known.max_age.map(|s| s.0))),
        ("ial.revocation", revocation(leaf.revocation) > revocation(known.revocation)),
        ("ial.timestamp", timestamp(leaf.timestamp) > timestamp(known.timestamp)),
        ("ial.registerCheck", leaf.register_check.is_some() && known.register_check.is_none()),
    ];
    checks.into_iter().filter(|(_, more)| *more).map(|(member, _)| member).collect()
}

fn stricter_aal(leaf: &AalLeaf, known: &AalLeaf) -> Vec<&'static str> {
    let level = |min: &str| inkan_evidence::AuthLevel::parse(min);
    let attested = |leaf: &AalLeaf| leaf.user_verification == Some(UserVerification::Attested);
    let fewer_roads = leaf.accept.as_ref().is_some_and(|own| match &known.accept {
        None => true,
        Some(other) => other.iter().any(|road| !own.contains(road)),
    });
    let checks = [
        ("aal.min", level(&leaf.min) > level(&known.min)),
        ("aal.accept", fewer_roads),
        ("aal.fidoMin", leaf.fido_min > known.fido_min),
        ("aal.keyStorage", least(leaf) > least(known)),
        ("aal.phishingResistant", leaf.phishing_resistant && !known.phishing_resistant),
        ("aal.hardwareBound", leaf.hardware_bound && !known.hardware_bound),
        ("aal.userVerification", attested(leaf) && !attested(known)),
        ("aal.crossDevice", leaf.cross_device == Some(false) && known.cross_device != Some(false)),
        (
            "aal.maxAuthAge",
            is_shorter(leaf.max_auth_age.map(|s| s.0), known.max_auth_age.map(|s| s.0)),
        ),
    ];
    checks.into_iter().filter(|(_, more)| *more).map(|(member, _)| member).collect()
}

fn least(leaf: &AalLeaf) -> Option<crate::policy::KeyStorageName> {
    leaf.key_storage.as_ref().and_then(|names| names.iter().min().copied())
}

/// Whether an age is limited more than by the measure.
fn is_shorter(own: Option<CalendarSpan>, other: Option<CalendarSpan>) -> bool {
    let end = |span: CalendarSpan| Timestamp::EPOCH.plus(span).ok();
    match (own, other) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(own), Some(other)) => end(own) < end(other),
    }
}

#[cfg(test)]
mod tests;
