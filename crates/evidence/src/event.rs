//! From one proofing event to facts: who stated it, with which authority, and whether its times agree.

use std::collections::BTreeMap;

use inkan_core::{Digest, Timestamp, sha256, tolerance};
use serde_json::Value;

use crate::authority::authorise;
use crate::facts::{Derivation, EventFacts};
use crate::finding::{Code, Finding};
use crate::item::{Once, Setting, covered, item_facts, voids};
use crate::model::{ProofKind, ProofingEvidence, StageKind};
use crate::registry::Registry;
use crate::row::AuthLevel;

/// What an event's facts are made from, beside the entry of `evidence[]`.
pub(crate) struct Source<'a, 'c> {
    pub(crate) registries: &'a [Registry],
    /// The party that signed the credential.
    pub(crate) signer: &'a str,
    /// When the credential is proved to have existed.
    pub(crate) existed_by: Option<Timestamp>,
    pub(crate) as_of: Timestamp,
    pub(crate) once: &'a Once<'c>,
}

/// The facts of one entry of `evidence[]`; `None` if the event is void.
pub(crate) fn event_facts(
    entry: &Value,
    path: &str,
    source: &Source<'_, '_>,
    findings: &mut Vec<Finding>,
) -> Option<EventFacts> {
    // What the parser has to say may quote the evidence, and a report holds no personal data.
    let Ok(stated) = ProofingEvidence::parse(entry) else {
        findings.push(Finding::new(Code::EvidenceMalformed, path));
        return None;
    };
    // P5: the proofer speaks where it signed, and nowhere else.
    if stated.proofer.id != source.signer {
        findings.push(
            Finding::new(Code::EvidenceUnsigned, path)
                .expected(source.signer)
                .found(&stated.proofer.id),
        );
        return None;
    }
    if let Err(code) = check_times(&stated, source) {
        findings.push(Finding::new(code, path).found(stated.time.0));
        return None;
    }
    let revalidated = revalidation(&stated, source, path, findings)?;
    // Whoever derives speaks when it derives; what it speaks about may be older than its own authority.
    let spoken = derived_at(&stated).unwrap_or(stated.time.0);
    let authorities = authorise(source.registries, &stated.proofer.id, spoken, source.as_of)
        .unwrap_or_else(|code| {
            findings.push(Finding::new(code, path).found(&stated.proofer.id));
            Vec::new()
        });
    // Nothing comes of proofs over the entry of somebody whose word counts for nothing: they are left open.
    let is_meant = !authorities.is_empty() && has_proofs_over_it(&stated);
    let over = if is_meant { covered(entry) } else { None };
    let of_stages = stated.session.stages.iter().map(|stage| stage.time.0);
    let setting = Setting {
        registries: source.registries,
        proofer: &stated.proofer.id,
        holder: (&stated.subject.holder, &stated.subject.jkt),
        once: source.once,
        covered: over.as_deref().map(|over| (over, sha256(&[over]))),
        by: authorities.first(),
        presence: stated.session.presence,
        time: stated.time.0,
        end: of_stages.max().map_or(spoken, |last| last.max(spoken)),
        existed_by: source.existed_by,
        as_of: source.as_of,
        source: digest_of(entry),
    };
    let items = stated
        .evidence
        .iter()
        .enumerate()
        .filter_map(|(position, item)| {
            item_facts(item, &format!("{path}.evidence[{position}]"), &setting, findings)
        })
        .collect();
    let (staged, handed_over) = stages(&stated, path, findings);
    Some(EventFacts {
        path: path.to_owned(),
        time: stated.time.0,
        agent: stated.proofer.agent,
        derivation: stated.derived_from.as_ref().map(|from| Derivation {
            credential: from.credential_sha256.0,
            process: from.verification_process.clone(),
            holder_aal: AuthLevel::parse(&from.holder_aal),
            at: from.time.map(|moment| moment.0),
        }),
        process: stated.verification_process,
        proofer: stated.proofer.id,
        subject_holder: stated.subject.holder,
        subject_jkt: stated.subject.jkt,
        authorities,
        staged,
        handed_over,
        revalidated,
        items,
    })
}

/// Voids events that say different things under one name (assurance §4): they cannot all be true.
pub(crate) fn void_contradictions<'a>(
    events: impl Iterator<Item = &'a EventFacts>,
    findings: &mut Vec<Finding>,
) -> Vec<String> {
    let mut seen: BTreeMap<&str, (&EventFacts, bool)> = BTreeMap::new();
    for event in events {
        let (first, contradicts) = seen.entry(&event.process).or_insert((event, false));
        let apart = event.time.seconds_since(first.time).saturating_abs();
        *contradicts |= apart > tolerance::EVIDENCE_CLOCKS;
    }
    let mut out = Vec::new();
    for (process, (event, contradicts)) in seen {
        if contradicts {
            findings.push(Finding::new(Code::ProofingTimeInconsistent, &event.path));
            out.push(process.to_owned());
        }
    }
    out
}

/// Nothing of the event lies in the future, after the credential existed, or far from the event's own time.
fn check_times(stated: &ProofingEvidence, source: &Source<'_, '_>) -> Result<(), Code> {
    let time = stated.time.0;
    let stages = || stated.session.stages.iter().map(|stage| stage.time.0);
    let checks = || {
        let of_items = stated.evidence.iter().flat_map(|item| &item.check_details);
        of_items.filter_map(|check| check.time.map(|moment| moment.0))
    };
    let begin = stages().min().map_or(time, |first| first.min(time));
    let end = stages().max().map_or(time, |last| last.max(time));
    let derived = derived_at(stated);
    if derived.is_some_and(|derived| derived < time) {
        return Err(Code::ProofingTimeInconsistent);
    }
    let seen = checks().max().map_or(end, |check| check.max(end));
    let last = derived.map_or(seen, |derived| derived.max(seen));
    if last > source.as_of.plus_seconds(tolerance::EVIDENCE_CLOCKS) {
        return Err(Code::ProofingTimeInFuture);
    }
    let earliest = begin.plus_seconds(tolerance::EVIDENCE_TIMESTAMP.saturating_neg());
    let latest = end.plus_seconds(tolerance::EVIDENCE_CLOCKS);
    let existed = source.existed_by.map(|by| by.plus_seconds(tolerance::EVIDENCE_CLOCKS));
    if checks().any(|check| check < earliest || check > latest)
        || existed.is_some_and(|existed| last > existed)
    {
        return Err(Code::ProofingTimeInconsistent);
    }
    Ok(())
}

/// Whether tokens or seals over the entry are disclosed.
fn has_proofs_over_it(stated: &ProofingEvidence) -> bool {
    let mut proofs = stated.evidence.iter().flat_map(|item| &item.proofs);
    proofs.any(|proof| {
        proof.value.is_some() && matches!(proof.kind, ProofKind::Rfc3161 | ProofKind::Eseal)
    })
}

fn derived_at(stated: &ProofingEvidence) -> Option<Timestamp> {
    stated.derived_from.as_ref()?.time.map(|moment| moment.0)
}

/// When it was last shown that nothing has changed; `None` if that check voids the event.
fn revalidation(
    stated: &ProofingEvidence,
    source: &Source<'_, '_>,
    path: &str,
    findings: &mut Vec<Finding>,
) -> Option<Option<Timestamp>> {
    let Some(later) = &stated.revalidation else { return Some(None) };
    if voids(&later.revocation) {
        findings.push(Finding::new(Code::JpkiRevoked, path));
        return None;
    }
    let latest = source.existed_by.map_or(source.as_of, |by| by.min(source.as_of));
    let in_order = later.time.0 >= stated.time.0
        && later.time.0 <= latest.plus_seconds(tolerance::EVIDENCE_CLOCKS);
    if !in_order {
        findings.push(Finding::new(Code::ProofingTimeInconsistent, path).found(later.time.0));
        return None;
    }
    let holds = AuthLevel::parse(&later.holder_aal).is_some_and(|aal| aal >= AuthLevel::Aal2)
        && later.revocation.status == crate::model::RevocationStatus::Good;
    Some(holds.then_some(later.time.0))
}

/// Whether there was an online stage, and whether a check in person that activates something followed it.
fn stages(stated: &ProofingEvidence, path: &str, findings: &mut Vec<Finding>) -> (bool, bool) {
    let stages = &stated.session.stages;
    let Some(online) =
        stages.iter().filter(|stage| stage.k == StageKind::Online).map(|stage| stage.time.0).min()
    else {
        return (false, false);
    };
    let handed_over = stages.iter().any(|stage| {
        stage.k == StageKind::InPersonCheck
            && stage.time.0 >= online
            && stage.result.as_deref() == Some("pass")
            && stage.activates.as_ref().is_some_and(|what| !what.is_empty())
    });
    if !handed_over {
        findings.push(Finding::new(Code::StageConditionNotMet, path));
    }
    (true, handed_over)
}

fn digest_of(entry: &Value) -> Digest {
    let bytes = inkan_core::json::canonicalize(entry).unwrap_or_default();
    sha256(&[&bytes])
}
