//! From what was verified, the facts and a policy to a decision with reasons: pure, deny by default.

use std::collections::BTreeSet;

use inkan_core::codes::{CodeBook, first_exit};
use inkan_evidence::{Basis, Code, Facts, Finding, Liveness, Registry};
use inkan_verifier::{Check, Reason, Verification};

use crate::aal::{self, Reached};
use crate::catalogue::Catalogue;
use crate::evaluate::{Judge, Leaf, LeafKind, Tri};
use crate::ial::Scope;
use crate::identity::{self, Found, Ground, IalOutcome};
use crate::level::{AuthenticationLevel, Framework, IdentityLevel};
use crate::line::{Line, Status};
use crate::outer;
use crate::policy::{IalLeaf, Policy, TypeWord, Types};
use crate::remedy::{self, FollowUp, Remedy};
use crate::report::{self, Because, Decision, Report, Summary};
use crate::request::Query;
use crate::seen::{Seen, SeenCredential, decides};

/// What an assessment is made with, beside facts and policy.
#[derive(Clone, Copy, Debug)]
pub struct AssessContext<'a> {
    /// Registries that the user configured.
    pub registries: &'a [Registry],
    /// The evidence catalogue.
    pub catalogue: &'a Catalogue,
    /// Numbers and exit codes.
    pub codes: &'a CodeBook,
}

/// Judges a verification under a policy, as of the time that the verification was made for.
#[must_use = "the decision stands in the report"]
pub fn assess(
    verification: &Verification,
    facts: &Facts,
    policy: &Policy,
    context: &AssessContext<'_>,
) -> Report {
    assess_seen(&Seen::of(verification), facts, policy, context)
}

pub(crate) fn assess_seen(
    seen: &Seen,
    facts: &Facts,
    policy: &Policy,
    context: &AssessContext<'_>,
) -> Report {
    let requested = outer::requested(policy, seen);
    let mut lines = outer::judge(policy, seen, context.registries, &requested);
    let assurance = policy.assurance.as_ref();
    let ground = Ground {
        facts,
        catalogue: context.catalogue,
        requested: &requested,
        framework: assurance.map_or(Framework::JpSwg2022, |assurance| assurance.framework),
    };
    // Looked at once, for the leaves, the levels on other scales and the table of rows.
    let plain = Found::of(ground, &Scope::plain());
    let mut findings: BTreeSet<Finding> = facts.findings().iter().cloned().collect();
    let reached = aal::reached(facts, &mut findings);
    let leaves = match assurance {
        Some(assurance) => {
            let mut judge = Judge { assurance, ground, plain: &plain, findings: BTreeSet::new() };
            let evaluation = judge.evaluate();
            findings.append(&mut judge.findings);
            evaluation.leaves
        }
        None => Vec::new(),
    };
    let of_nobody;
    let identity = match shown_identity(&leaves) {
        Some(identity) => identity,
        None => {
            of_nobody = unfiltered(ground, &plain, &mut findings);
            &of_nobody
        }
    };
    lines.extend(leaves.iter().flat_map(|leaf| leaf_lines(leaf, reached)));
    lines.extend(fact_lines(facts));
    let causes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    lines.extend(findings.into_iter().map(Line::of_finding));
    let may_be_absent = matches!(policy.outer.credential_types, Types::Word(TypeWord::Optional));
    if seen.credentials.is_empty() && !may_be_absent {
        // A presentation without credentials: who presents is shown, and nothing that a policy could be about.
        lines.push(Line::unknown("evaluation", "presentation", Code::EvaluationIncomplete));
    }
    let rests_on_something =
        || seen.checks.iter().any(decides) || lines.iter().any(|line| line.decides);
    if seen.credentials.iter().any(Option::is_none) && !rests_on_something() {
        lines.push(Line::unknown("evaluation", "presentation", Code::EvaluationIncomplete));
    }
    let warnings = warnings(seen, facts, policy, &leaves);
    let decision = decide(&seen.checks, &lines);
    let remedies = remedies(policy, &leaves, decision);
    let summary = Summary {
        seen,
        facts,
        policy,
        context,
        requested: &requested,
        identity,
        required_identity: leaves.iter().any(|leaf| matches!(leaf.kind, LeafKind::Ial(_))),
        plain: &plain,
        reached,
        required_authentication: leaves.iter().find_map(authentication),
        follow_up: follow_up(policy, seen, &requested, &leaves, (&remedies, context)),
    };
    let because = Because {
        decision,
        exit: exit(&seen.checks, &lines, decision, context.codes),
        reasons: reasons((&seen.checks, &lines), &leaves, &causes, decision, context.codes),
        warnings,
    };
    Report::build(because, lines, remedies, summary)
}

/// Fails before unknowns, unknowns before acceptance.
fn decide(checks: &[Check], lines: &[Line]) -> Decision {
    let deciding = |status| lines.iter().any(|line| line.decides && line.status == status);
    if checks.iter().any(Check::failed) || deciding(Status::Fail) {
        Decision::Reject
    } else if checks.iter().any(Check::blocks) || deciding(Status::Unknown) {
        Decision::Undetermined
    } else {
        Decision::Accept
    }
}

fn exit(checks: &[Check], lines: &[Line], decision: Decision, codes: &CodeBook) -> u8 {
    match decision {
        Decision::Accept => 0,
        Decision::Undetermined => 19,
        Decision::Reject => {
            let failed = checks.iter().filter(|check| check.failed());
            let of_checks = failed.map(|check| check.reason().map(Reason::code));
            let failed = lines.iter().filter(|line| line.decides && line.status == Status::Fail);
            let all = of_checks.chain(failed.map(|line| line.code));
            let exits = all
                .map(|code| code.and_then(|code| codes.get(code)).map_or(15, |entry| entry.exit));
            first_exit(exits).unwrap_or(15)
        }
    }
}

/// The identity level that the report shows: that of the first leaf that does not hold, or of the strictest one.
fn shown_identity<'l, 'a>(leaves: &'l [Leaf<'a>]) -> Option<&'l IalOutcome<'a>> {
    let outcomes = || {
        leaves.iter().filter_map(|leaf| match &leaf.kind {
            LeafKind::Ial(outcome) => Some((leaf.tri, &**outcome)),
            LeafKind::Aal(..) | LeafKind::Link | LeafKind::Trust => None,
        })
    };
    let failed = outcomes().find(|(tri, _)| *tri != Tri::Met);
    let strictest = || outcomes().max_by_key(|(_, outcome)| outcome.required.rank());
    failed.or_else(strictest).map(|(_, outcome)| outcome)
}

/// The level that no policy has filtered.
fn unfiltered<'a>(
    ground: Ground<'a>,
    plain: &Found<'a>,
    findings: &mut BTreeSet<Finding>,
) -> IalOutcome<'a> {
    findings.extend(plain.findings.iter().cloned());
    let lowest = IdentityLevel::none(ground.framework);
    let scope = Scope::plain();
    identity::judge(&IalLeaf::lowest(), lowest, ground, (plain, &scope), findings)
}

fn authentication(leaf: &Leaf<'_>) -> Option<AuthenticationLevel> {
    match &leaf.kind {
        LeafKind::Aal(min, _) => Some(*min),
        LeafKind::Ial(_) | LeafKind::Link | LeafKind::Trust => None,
    }
}

/// One line for a leaf that holds; one for each reason why it does not.
fn leaf_lines(leaf: &Leaf<'_>, reached: Reached) -> Vec<Line> {
    let (name, subject) = match &leaf.kind {
        LeafKind::Ial(_) => ("ial", "assurance"),
        LeafKind::Aal(..) => ("aal", "assurance"),
        LeafKind::Link => ("link", "assurance"),
        LeafKind::Trust => ("trust", "assurance"),
    };
    let about = |line: Line| match &leaf.kind {
        LeafKind::Ial(outcome) => {
            line.expected(outcome.required.as_str()).found(outcome.counted.as_str())
        }
        LeafKind::Aal(min, _) => line.expected(min.as_str()).found(reached.level),
        LeafKind::Link | LeafKind::Trust => line,
    };
    if leaf.tri == Tri::Met {
        return vec![about(Line::pass(name, subject)).saying(holds(leaf, reached))];
    }
    let mut out = Vec::new();
    for (position, code) in leaf.codes.iter().enumerate() {
        let line = match leaf.tri {
            Tri::Unknown => Line::unknown(name, subject, *code),
            Tri::Unmet | Tri::Met => Line::fail(name, subject, *code),
        };
        let decides = leaf.decides && (leaf.tri != Tri::Unknown || position == 0);
        out.push(about(Line { decides, ..line }));
    }
    out
}

fn holds(leaf: &Leaf<'_>, reached: Reached) -> String {
    match &leaf.kind {
        LeafKind::Ial(outcome) => {
            let row = outcome.row.map_or("no row", |row| row.as_str());
            let by = outcome.proofed.map_or("nobody", |(_, by)| by);
            format!("{} ({row}), stated by {by}", outcome.counted.as_str())
        }
        LeafKind::Aal(..) => match reached.road {
            Some(road) => format!("{} by {}", reached.level, road.as_str()),
            None => format!("{}: the holder's key over our nonce", reached.level),
        },
        LeafKind::Link => "one holder".to_owned(),
        LeafKind::Trust => "the parties are admitted".to_owned(),
    }
}

/// What was checked, fact by fact, with its basis.
fn fact_lines(facts: &Facts) -> Vec<Line> {
    let mut out = Vec::new();
    let mut add = |path: &str, fact: &inkan_evidence::Fact| {
        let mut line = Line::pass(fact.kind().as_str(), path);
        line.basis = Some(fact.basis().as_str());
        if fact.basis() == Basis::Claimed {
            line.status = Status::Skipped;
        }
        out.push(line);
    };
    for credential in facts.credentials().iter().flatten() {
        for fact in credential.facts() {
            add(credential.path(), fact);
        }
        for item in credential.events().iter().flat_map(|event| event.items()) {
            for fact in item.facts() {
                add(item.path(), fact);
            }
        }
    }
    for fact in facts.holder().into_iter().flat_map(|holder| holder.facts()) {
        add("presentation", fact);
    }
    for authenticator in facts.authenticators() {
        let path = format!("authenticator.{}", authenticator.road().as_str());
        for fact in authenticator.facts() {
            add(&path, fact);
        }
    }
    out
}

fn warnings(seen: &Seen, facts: &Facts, policy: &Policy, leaves: &[Leaf<'_>]) -> Vec<&'static str> {
    let mut out: BTreeSet<Code> =
        leaves.iter().flat_map(|leaf| leaf.notes.iter().copied()).collect();
    if policy.assurance.as_ref().is_some_and(|a| a.framework == Framework::Eidas20151502) {
        out.insert(Code::MappingUnverified);
    }
    if facts.holder().is_none() && !seen.credentials.is_empty() {
        out.insert(Code::PresenterNotShown);
    }
    if facts.holder().is_some_and(|holder| holder.liveness() == Liveness::CallerKeepsNonce) {
        out.insert(Code::NonceKeptByCaller);
    }
    if policy.judges_no_issuer() {
        out.insert(Code::IssuerNotJudged);
    }
    if report::is_denied(facts) {
        out.insert(Code::RegisterCheckMismatch);
    }
    out.into_iter().map(Code::code).collect()
}

/// All reasons of a refusal: what failed outright, then where facts were lost, then the levels that follow.
fn reasons(
    (checks, lines): (&[Check], &[Line]),
    leaves: &[Leaf<'_>],
    causes: &[Code],
    decision: Decision,
    codes: &CodeBook,
) -> Vec<&'static str> {
    if decision == Decision::Accept {
        return Vec::new();
    }
    let of_leaves: Vec<&'static str> = leaves
        .iter()
        .filter(|leaf| leaf.decides && leaf.tri != Tri::Met)
        .flat_map(|leaf| leaf.codes.iter().map(|code| code.code()))
        .collect();
    let rank = |code: &&'static str| {
        let exit = codes.get(code).map(|entry| entry.exit);
        inkan_core::codes::EXIT_ORDER.iter().position(|known| Some(*known) == exit)
    };
    let of_checks = checks.iter().filter(|check| decides(check));
    let of_checks = of_checks.filter_map(|check| check.reason().map(Reason::code));
    let own = lines.iter().filter(|line| line.decides).filter_map(|line| line.code);
    let mut outright: Vec<&'static str> =
        of_checks.chain(own).filter(|code| !of_leaves.contains(code)).collect();
    outright.sort_by_key(rank);
    let identity = leaves
        .iter()
        .any(|leaf| leaf.decides && leaf.tri != Tri::Met && matches!(leaf.kind, LeafKind::Ial(_)));
    let causes = causes
        .iter()
        .copied()
        .filter(|code| identity && *code != Code::LevelClaimIgnored)
        .map(Code::code);
    let mut out: Vec<&'static str> = Vec::new();
    for code in outright.into_iter().chain(causes).chain(of_leaves) {
        if !out.contains(&code) {
            out.push(code);
        }
    }
    out
}

fn remedies(policy: &Policy, leaves: &[Leaf<'_>], decision: Decision) -> BTreeSet<Remedy> {
    let on_fail = policy.assurance.as_ref().map(|assurance| &assurance.on_fail);
    let silent = on_fail.is_some_and(|on_fail| on_fail.explain == Some(false));
    if decision == Decision::Accept || silent {
        return BTreeSet::new();
    }
    let unmet = leaves.iter().filter(|leaf| leaf.decides && leaf.tri != Tri::Met);
    unmet.flat_map(|leaf| leaf.remedies.iter().cloned()).collect()
}

/// What requests are written from; of remedies only.
fn follow_up(
    policy: &Policy,
    seen: &Seen,
    requested: &[usize],
    leaves: &[Leaf<'_>],
    (remedies, context): (&BTreeSet<Remedy>, &AssessContext<'_>),
) -> FollowUp {
    if remedies.is_empty() {
        return FollowUp::default();
    }
    // What is asked for may be signed by this verifier: nobody else puts words into it.
    let trusted = |credential: &&SeenCredential| {
        outer::is_trusted(policy, credential, context.registries, seen.as_of)
    };
    let shown = requested.iter().filter_map(|at| seen.credentials.get(*at)).flatten();
    let shown = shown.filter(trusted);
    let query = Query::of(policy, shown.map(|credential| credential.types.clone()));
    let age = leaves.iter().find_map(|leaf| match &leaf.kind {
        LeafKind::Aal(_, age) => *age,
        LeafKind::Ial(_) | LeafKind::Link | LeafKind::Trust => None,
    });
    FollowUp {
        on_fail: policy.on_fail(),
        parties: remedy::parties(remedies, context.registries),
        query: Some(query),
        min_aal: leaves.iter().find_map(authentication).map(AuthenticationLevel::as_str),
        max_age: age,
    }
}

#[cfg(test)]
mod tests;
