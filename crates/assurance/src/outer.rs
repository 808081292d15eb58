//! The outer part of a policy: what must hold of the credential (assurance §11).

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_evidence::authority::{authorise, authorise_recorded};
use inkan_evidence::{Code, Registry};
use inkan_verifier::Check;

use crate::countersigned;
use crate::line::{Line, Status};
use crate::policy::{
    Effective, IssuerWord, Issuers, Policy, Proofs, ProofsWord, Quorum, TimeGrade, TypeWord, Types,
};
use crate::seen::{Seen, SeenCredential, SeenProof, SeenRecord, decides};

/// Every check of the outer part, passed ones too.
pub(crate) fn judge(
    policy: &Policy,
    seen: &Seen,
    registries: &[Registry],
    requested: &[usize],
) -> Vec<Line> {
    let mut lines = vec![in_effect(&policy.outer.effective, seen.as_of)];
    lines.extend(types(policy, seen, requested));
    for position in requested {
        let subject = format!("cred[{position}]");
        let Some(Some(credential)) = seen.credentials.get(*position) else { continue };
        lines.push(issuer(policy, credential, &subject, registries, seen.as_of));
        lines.extend(ledger(policy, credential, &subject, &seen.checks));
        lines.extend(status(policy, credential, &subject, seen.as_of));
        lines.extend(proofs(policy, credential, &subject));
        lines.extend(countersigned::judge(policy, credential, &subject, registries, seen.as_of));
    }
    lines
}

/// The credentials that a policy asks for, by their places.
pub(crate) fn requested(policy: &Policy, seen: &Seen) -> Vec<usize> {
    let all = || 0..seen.credentials.len();
    let Types::Listed(wanted) = &policy.outer.credential_types else { return all().collect() };
    let fits = |position: &usize| match seen.credentials.get(*position) {
        Some(Some(credential)) => credential.types.iter().any(|kind| wanted.contains(kind)),
        Some(None) => true,
        None => false,
    };
    let fitting: Vec<usize> = all().filter(fits).collect();
    if fitting.is_empty() { all().collect() } else { fitting }
}

fn in_effect(effective: &Effective, as_of: Timestamp) -> Line {
    if effective.from.is_none() && effective.until.is_none() {
        return Line::pass("policy-in-effect", "policy");
    }
    let day = as_of.date();
    let begun = effective.from.as_ref().is_none_or(|from| *from <= day);
    let ended = effective.until.as_ref().is_some_and(|until| day > *until);
    if begun && !ended {
        return Line::pass("policy-in-effect", "policy");
    }
    let period = |day: &Option<String>| day.clone().unwrap_or_else(|| "…".to_owned());
    Line::fail("policy-in-effect", "policy", Code::PolicyNotInEffect)
        .expected(format!("{} to {}", period(&effective.from), period(&effective.until)))
        .found(day)
}

fn types(policy: &Policy, seen: &Seen, requested: &[usize]) -> Vec<Line> {
    let name = "credential-type";
    if seen.credentials.is_empty() {
        return match &policy.outer.credential_types {
            Types::Word(TypeWord::Optional) => vec![Line::pass(name, "presentation")],
            Types::Word(TypeWord::Any) | Types::Listed(_) => {
                vec![Line::fail(name, "presentation", Code::CredentialMissing)]
            }
        };
    }
    let Types::Listed(wanted) = &policy.outer.credential_types else { return vec![] };
    let mut out = Vec::new();
    for position in requested {
        let subject = format!("cred[{position}]");
        let Some(Some(credential)) = seen.credentials.get(*position) else { continue };
        out.push(if credential.types.iter().any(|kind| wanted.contains(kind)) {
            Line::pass(name, &subject).found(credential.types.join(" "))
        } else {
            Line::fail(name, &subject, Code::CredentialTypeNotAdmitted)
                .expected(wanted.join(" or "))
                .found(credential.types.join(" "))
        });
    }
    out
}

/// Whether the policy trusts who issued this credential for its type. Where it does not judge issuers, nobody is trusted.
pub(crate) fn is_trusted(
    policy: &Policy,
    credential: &SeenCredential,
    registries: &[Registry],
    as_of: Timestamp,
) -> bool {
    issuer(policy, credential, "", registries, as_of).status() == Status::Pass
}

/// Whether the issuer may issue this type: at issuance, and not revoked for cause since.
fn issuer(
    policy: &Policy,
    credential: &SeenCredential,
    subject: &str,
    registries: &[Registry],
    as_of: Timestamp,
) -> Line {
    let name = "issuer-trusted";
    let by_lists = |only: Option<&[String]>| {
        // What witnesses had seen cannot be dated back: a revocation for cause may spare it.
        let seen = credential.record.as_ref().and_then(|record| record.existed_by);
        let issuer = &credential.issuer;
        let entries = match seen {
            Some(at) => authorise_recorded(registries, issuer, at, as_of),
            None => authorise(registries, issuer, issued_at(credential).unwrap_or(as_of), as_of),
        };
        let entries = entries.unwrap_or_default();
        entries.into_iter().find(|by| {
            only.is_none_or(|ids| ids.iter().any(|id| id == by.registry()))
                && issues(policy, credential, |kind| by.may_issue(kind))
        })
    };
    let passed = |registry: &str| {
        Line::pass(name, subject)
            .with("registry", registry)
            .saying(format!("{registry} lets it issue {}", credential.types.join(" ")))
    };
    let refused = || {
        Line::fail(name, subject, Code::IssuerNotTrusted)
            .expected(credential.types.join(" "))
            .found(&credential.issuer)
    };
    match &policy.outer.issuers {
        Issuers::Word(IssuerWord::Any) => {
            let mut line = Line::new(name, subject, Status::Skipped);
            line.code = Some(Code::IssuerNotJudged.code());
            line.effect = Some(Code::IssuerNotJudged.effect().as_str().into());
            line
        }
        Issuers::Word(IssuerWord::Listed) => {
            by_lists(None).map_or_else(refused, |by| passed(by.registry()))
        }
        Issuers::Named(names) => {
            let named = names.dids.as_ref().is_none_or(|dids| dids.contains(&credential.issuer));
            match (named, &names.registries) {
                (false, _) => refused(),
                (true, None) => Line::pass(name, subject),
                (true, Some(ids)) => {
                    by_lists(Some(ids)).map_or_else(refused, |by| passed(by.registry()))
                }
            }
        }
    }
}

/// Whether enough parties say what the credential says; a party with two proofs is one.
fn proofs(policy: &Policy, credential: &SeenCredential, subject: &str) -> Option<Line> {
    let name = "proofs";
    match &policy.outer.proofs {
        Proofs::Word(ProofsWord::Any) => None,
        Proofs::Word(ProofsWord::All) => {
            let unchecked = credential.proofs.iter().find(|proof| !proof.held);
            Some(match unchecked {
                None => Line::pass(name, subject).found(credential.proofs.len()),
                Some(proof) => {
                    let line = Line::unknown(name, subject, Code::ProofNotChecked);
                    line.expected("all").found(proof.controller.as_str())
                }
            })
        }
        Proofs::Count(count) => {
            let counts = |proof: &&SeenProof| {
                let by = count.by.as_ref();
                let listed =
                    |dids: &Vec<String>| dids.iter().any(|did| did == proof.controller.as_str());
                proof.asserts && by.is_none_or(listed)
            };
            let all = controllers(credential.proofs.iter().filter(counts));
            let held = controllers(credential.proofs.iter().filter(|one| one.held).filter(counts));
            let enough = |found: usize| u32::try_from(found).map_or(true, |n| n >= count.at_least);
            let line = if enough(held) {
                Line::pass(name, subject)
            } else if enough(all) {
                Line::unknown(name, subject, Code::ProofNotChecked)
            } else {
                Line::fail(name, subject, Code::ProofsTooFew)
            };
            Some(line.expected(format!("{} controllers", count.at_least)).found(held))
        }
    }
}

/// How many controllers speak in these proofs at most, if no two of them may be one under two DIDs.
fn controllers<'a>(proofs: impl Iterator<Item = &'a SeenProof>) -> usize {
    let mut parties: Vec<(&str, BTreeSet<&str>)> = Vec::new();
    for proof in proofs {
        let linked = proof.linked.iter().map(String::as_str);
        let controller = proof.controller.as_str();
        match parties.iter_mut().find(|(known, _)| *known == controller) {
            Some((_, known)) => known.extend(linked),
            None => parties.push((controller, linked.collect())),
        }
    }
    most_apart(&parties)
}

/// Up to so many parties every choice is looked at. Of more, so that nobody makes work, one that is linked with the one before it is
/// left out: never too many are counted.
const EVERY_CHOICE: usize = 16;

/// The most of these parties of which no two are linked.
fn most_apart(parties: &[(&str, BTreeSet<&str>)]) -> usize {
    let Some(((name, linked), rest)) = parties.split_first() else { return 0 };
    let is_same =
        |(other, theirs): &&(&str, BTreeSet<&str>)| linked.contains(other) || theirs.contains(name);
    let apart: Vec<_> = rest.iter().filter(|one| !is_same(one)).cloned().collect();
    let with = most_apart(&apart).saturating_add(1);
    if apart.len() == rest.len() || parties.len() > EVERY_CHOICE {
        return with;
    }
    with.max(most_apart(rest))
}

/// Whether the types that the policy asks for, or all if it asks for none, are ones that a party issues.
fn issues(policy: &Policy, credential: &SeenCredential, may: impl Fn(&str) -> bool) -> bool {
    match &policy.outer.credential_types {
        Types::Listed(wanted) => {
            let asked = credential.types.iter().filter(|kind| wanted.contains(kind));
            asked.into_iter().any(|kind| may(kind))
        }
        Types::Word(TypeWord::Any | TypeWord::Optional) => {
            !credential.types.is_empty() && credential.types.iter().all(|kind| may(kind))
        }
    }
}

fn issued_at(credential: &SeenCredential) -> Option<Timestamp> {
    let recorded = credential.record.as_ref();
    recorded.map(|record| record.existed_by.unwrap_or(record.leaf_time)).or(credential.valid_from)
}

/// What the verifier has not already said about receipts and their time.
fn ledger(
    policy: &Policy,
    credential: &SeenCredential,
    subject: &str,
    verifier: &[Check],
) -> Vec<Line> {
    let rule = &policy.outer.ledger;
    let mut out = Vec::new();
    if rule.time == (TimeGrade::Chain {}) {
        // It takes the anchor of a log on that chain, which nothing here verifies: also where no receipt is required,
        // such a policy is not met, rather than met without a look.
        let found = credential.record.as_ref().map(|record| record.grades().join(", "));
        let line = Line::fail("time-grade", subject, Code::TimeGradeUnavailable);
        out.push(line.expected(grade_name(rule.time)).found(found.unwrap_or_default()));
    }
    if !rule.required {
        return out;
    }
    let said = |code: Code| {
        let about = verifier.iter().filter(|check| decides(check) && check.subject == subject);
        about.filter_map(Check::reason).any(|reason| reason.code() == code.code())
    };
    // Somebody else's record of a DID that has none of its own is time evidence enough (decisions 16).
    let counts = |record: &&SeenRecord| record.by_signer || is_self_contained(&credential.issuer);
    let Some(record) = credential.record.as_ref().filter(counts) else {
        if !said(Code::ReceiptMissing) {
            out.push(Line::unknown("receipt", subject, Code::ReceiptMissing));
        }
        return out;
    };
    let known = rule.time != (TimeGrade::Chain {});
    if known && !meets(rule.time, record) && !said(Code::TimeGradeTooLow) {
        let line = Line::fail("time-grade", subject, Code::TimeGradeTooLow);
        out.push(line.expected(grade_name(rule.time)).found(record.grades().join(", ")));
    }
    if let Quorum::Of(quorum) = &rule.quorum {
        let asked: BTreeSet<&String> = quorum.of.iter().collect();
        let found = asked.iter().filter(|key| record.keys.contains(**key)).count();
        let line = if u32::try_from(found).is_ok_and(|found| found >= quorum.at_least) {
            Line::pass("quorum", subject)
        } else {
            Line::fail("quorum", subject, Code::QuorumNotMet)
        };
        let expected = format!("{} of {} keys", quorum.at_least, asked.len());
        out.push(line.expected(expected).found(format!("{found} keys")));
    }
    out
}

/// DIDs without a ledger record of their own: their credentials are recorded by somebody else, or not at all.
fn is_self_contained(did: &str) -> bool {
    did.starts_with("did:key:") || did.starts_with("did:jwk:")
}

fn meets(needed: TimeGrade, record: &SeenRecord) -> bool {
    match needed {
        TimeGrade::Operator {} => true,
        TimeGrade::Witnessed { at_least } => record.witnesses >= at_least,
        TimeGrade::Tsa {} => record.tsa,
        // No receipt that was verified says that a chain vouches for it.
        TimeGrade::Chain {} => false,
    }
}

fn grade_name(grade: TimeGrade) -> String {
    match grade {
        TimeGrade::Operator {} => "operator".to_owned(),
        TimeGrade::Witnessed { at_least } => format!("witnessed {at_least}"),
        TimeGrade::Tsa {} => "tsa".to_owned(),
        TimeGrade::Chain {} => "chain".to_owned(),
    }
}

fn status(
    policy: &Policy,
    credential: &SeenCredential,
    subject: &str,
    as_of: Timestamp,
) -> Option<Line> {
    let rule = &policy.outer.status;
    let Some(since) = credential.status else {
        return rule.required.then(|| Line::fail("status-named", subject, Code::StatusNotNamed));
    };
    let max_age = rule.max_age?;
    let fresh = since.plus(max_age.0).is_ok_and(|until| as_of <= until);
    Some(if fresh {
        Line::pass("status-age", subject)
    } else {
        Line::unknown("status-age", subject, Code::StatusTooOld).found(since)
    })
}

#[cfg(test)]
mod tests;
