//! Check 11: each countersignature's coverage, proof, key and place, and whether its act has moved on since.

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_core::encoding::b64u;
use inkan_credential::countersignature::{self, Countersignature, CountersignatureError, Decision};
use inkan_credential::{Proof, SecuredCredential};
use inkan_did::{Did, Relationship};
use inkan_ledger::{ActId, Kind, MapKey};

use super::record::{self, Found, Record};
use super::signer::{NoSigner, Signer};
use super::{Bench, signer};
use crate::check::{Check, CheckName, Outcome, Weight};
use crate::reason::Reason;
use crate::verified::{ActState, VerifiedCountersignature};

const NAME: CheckName = CheckName::Countersignature;

/// The countersignatures that are about `secured`, or about no credential of the bundle.
///
/// # Errors
///
/// [`CountersignatureError`], if one is malformed.
pub(super) fn about(
    bench: &Bench<'_>,
    secured: &SecuredCredential,
) -> Result<Vec<Countersignature>, CountersignatureError> {
    let mut acts = countersignature::list(secured, &bench.bundle.countersignatures)?;
    let all = bench.bundle.artefact.credentials();
    acts.retain(|act| {
        act.proof_index().is_some()
            || act.covers(secured).is_ok()
            || !all.iter().any(|other| act.covers(other).is_ok())
    });
    Ok(acts)
}

/// One line per countersignature; those whose cryptography and key held are returned, superseded ones included.
pub(super) fn check(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    acts: &[Countersignature],
    checks: &mut Vec<Check>,
) -> Vec<VerifiedCountersignature> {
    if acts.is_empty() {
        checks.push(Check::skipped(NAME, subject));
    }
    let describe = |line: Check, act: &Countersignature| {
        line.with("role", act.role().as_str())
            .with("decision", act.decision().as_str())
            .with("act", b64u(act.act()))
    };
    // Whether an act has moved on can be said only when all of its states at hand are judged.
    let mut held = Vec::new();
    for act in acts {
        match judge(bench, subject, secured, act) {
            Ok(one) => held.push(one),
            Err(line) => checks.push(describe(*line, act)),
        }
    }
    let mut verified = Vec::new();
    for one in &held {
        let state = state(bench, one, &held);
        checks.push(describe(shown(subject, secured, one, state), one.act));
        verified.push(evidence(secured, one, state));
    }
    verified
}

/// A countersignature whose cryptography and key held.
struct Held<'a> {
    act: &'a Countersignature,
    did: Did,
    signer: Signer,
    found: Found,
    line: Check,
}

impl Held<'_> {
    /// The record on the log that the act names: elsewhere a record shows time, and no state of the act.
    fn record(&self) -> Option<&Record> {
        let record = self.found.record.as_ref()?;
        (record.recorded.origin() == self.act.log()).then_some(record)
    }
}

fn judge<'a>(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    act: &'a Countersignature,
) -> Result<Held<'a>, Box<Check>> {
    let fail = |reason| Box::new(Check::fail(NAME, subject, reason));
    let invalid = |code| fail(Reason::CountersignatureInvalid { code });
    let unknown = |reason| Box::new(Check::unknown(NAME, subject, reason, Weight::Informative));
    let did = signer::did_of(act.signer_method()).map_err(unknown)?;
    let history = bench.history(&did).map_err(|reason| {
        let unresolved = matches!(reason, Reason::DidUnresolved { .. });
        if unresolved { unknown(reason) } else { invalid("signer-log-invalid") }
    })?;
    let purpose = Relationship::Authentication;
    let verify = |key: &_| act.verify(secured, key);
    let signer = signer::find(bench, &history, act.signer_method(), purpose, verify);
    let signer = signer.map_err(|problem| match (problem, history.missing()) {
        (NoSigner::Fails(error), _) => invalid(error.code()),
        (NoSigner::TooMany, _) => unknown(Reason::TooMuchWork),
        // A version that is not at hand may list the key.
        (NoSigner::Unlisted, Some(leaf_index)) => unknown(Reason::HistoryIncomplete { leaf_index }),
        (NoSigner::Unlisted, None) => invalid(Reason::MethodUnknown.code()),
    })?;
    let expires =
        act.proof_index().and_then(|index| secured.proofs().get(index)).and_then(Proof::expires);
    signer::in_time(bench, Some(act.created()), expires).map_err(unknown)?;
    let found = record::find(bench, Kind::Countersignature, &act.digest(), None, &did);
    if let Some(reason) = &found.failure {
        return Err(fail(reason.clone()));
    }
    let recorded_act = found.record.as_ref().and_then(|record| record.act.as_ref());
    if recorded_act.is_some_and(|seen| seen.as_bytes() != act.act()) {
        return Err(fail(Reason::OpeningInvalid { code: "act-mismatch" }));
    }
    let line = signer::in_force(bench, (NAME, subject), &history, &signer, &found);
    if line.outcome != Outcome::Pass {
        return Err(Box::new(line));
    }
    signer::ended_before(bench, &history, &found).map_err(fail)?;
    Ok(Held { act, did, signer, found, line })
}

fn shown(subject: &str, secured: &SecuredCredential, one: &Held<'_>, state: ActState) -> Check {
    let by_subject = secured.credential().subject_id() == Some(one.did.as_str());
    let line = one.line.clone().with("bySubject", by_subject).with("signer", one.did.as_str());
    let line = match one.record() {
        Some(record) => line.with("recordedAt", record.recorded.leaf_index()),
        None => line,
    };
    // What was read before signing was the whole: it cannot be made again from a part.
    let line = if secured.shows_all() { line } else { line.with("text", "unchecked") };
    match state {
        ActState::Current { fresh_at } => {
            line.with("state", "newest").with("freshAt", fresh_at.to_string())
        }
        ActState::NewestKnown => line.with("state", "newest-known"),
        ActState::NotRecorded => line.with("state", "not-recorded"),
        // A superseded state is a fact, not a forgery: it is shown as such, and no policy counts it.
        ActState::Superseded => {
            let newer =
                "the ledger or the file holds a newer one, or one that nothing at hand opens"
                    .to_owned();
            Check::unknown(NAME, subject, Reason::ActSuperseded { newer }, Weight::Informative)
                .with("state", "superseded")
        }
    }
}

fn evidence(
    secured: &SecuredCredential,
    one: &Held<'_>,
    state: ActState,
) -> VerifiedCountersignature {
    let act = one.act;
    VerifiedCountersignature {
        role: act.role(),
        decision: act.decision(),
        act: b64u(act.act()),
        controller: one.did.to_string(),
        method: one.signer.url.to_string(),
        proof_id: act
            .proof_index()
            .and_then(|index| secured.proofs().get(index))
            .and_then(|proof| proof.id().map(str::to_owned)),
        covers: act.previous().to_vec(),
        by_subject: secured.credential().subject_id() == Some(one.did.as_str()),
        recorded: one.found.record.as_ref().map(|record| record.recorded.clone()),
        state,
    }
}

/// What is known of newer states of the same act: from the credential itself, from entries at hand, and from the map.
///
/// All entries of an act have one registrant. Where it is not the countersigner, nothing shows that the countersigner
/// did not register a newer state itself, but a proof that it never registered any.
fn state(bench: &Bench<'_>, one: &Held<'_>, all: &[Held<'_>]) -> ActState {
    if withdrawn_in(one, all) {
        return ActState::Superseded;
    }
    let own = one.did.scid();
    let record = one.record();
    let registrant = record.map(|record| record.recorded.registrant());
    let names: BTreeSet<&str> = own.into_iter().chain(registrant).collect();
    let id = ActId::from_bytes(*one.act.act());
    let at = record.map(|record| record.recorded.leaf_index());
    // What somebody else registered in the act's name has no order with the record: the act is in dispute.
    let newer = |scid: &str, place: u64| registrant != Some(scid) || at.is_none_or(|at| place > at);
    if record::states_of(bench, one.act.log(), id)
        .any(|(scid, place)| names.contains(scid.as_str()) && newer(&scid, place))
    {
        return ActState::Superseded;
    }
    let mut fresh: Option<Timestamp> = None;
    let mut shown = record.is_some();
    for scid in names {
        let current = bench.ledger.newest(&MapKey::act(scid, &id), one.act.log());
        let seen = current.as_ref().and_then(inkan_ledger::VerifiedCurrent::fresh_at);
        let head = current.as_ref().and_then(|current| current.head()).map(|head| head.value());
        let settled = match head {
            Some(head) if newer(scid, head.leaf_index) => return ActState::Superseded,
            Some(head) => record.is_some_and(|record| record.leaf_hash == head.leaf_hash),
            // Absent from the map, as it must be under any name but the registrant's.
            None => registrant != Some(scid),
        };
        shown &= settled && seen.is_some();
        fresh = match (fresh, seen) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
    match (record, fresh.filter(|_| shown)) {
        (None, _) => ActState::NotRecorded,
        (Some(_), Some(fresh_at)) => ActState::Current { fresh_at },
        (Some(_), None) => ActState::NewestKnown,
    }
}

/// Whether the same signer says in the same act, in the same file, that it no longer stands; a taking back that is
/// recorded before counts as taken back itself.
fn withdrawn_in(one: &Held<'_>, all: &[Held<'_>]) -> bool {
    let place = |held: &Held<'_>| {
        held.record()
            .map(|record| (record.recorded.registrant(), record.recorded.leaf_index()))
            .map(|(registrant, at)| (registrant.to_owned(), at))
    };
    let earlier = |other: &Held<'_>| match (place(other), place(one)) {
        (Some((theirs, at)), Some((ours, own))) => theirs == ours && at < own,
        _ => false,
    };
    one.act.decision() == Decision::Accept
        && all.iter().any(|other| {
            other.act.act() == one.act.act()
                && other.did == one.did
                && matches!(other.act.decision(), Decision::Withdraw | Decision::Refuse)
                && !earlier(other)
        })
}
