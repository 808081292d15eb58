//! Check 11: each countersignature's coverage, proof, key and place, and whether its act has moved on since.

use inkan_core::encoding::b64u;
use inkan_credential::SecuredCredential;
use inkan_credential::countersignature::{Countersignature, Decision};
use inkan_did::Relationship;
use inkan_ledger::{ActId, Kind, MapKey};

use super::record::{self, Found};
use super::{Bench, signer};
use crate::check::{Check, CheckName, Outcome, Weight};
use crate::reason::Reason;
use crate::verified::{ActState, VerifiedCountersignature};

/// One line per countersignature; those whose cryptography and key held are returned, superseded ones included.
pub(super) fn check(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    acts: &[Countersignature],
    checks: &mut Vec<Check>,
) -> Vec<VerifiedCountersignature> {
    let mut verified = Vec::new();
    if acts.is_empty() {
        checks.push(Check::skipped(CheckName::Countersignature, subject));
    }
    for act in acts {
        let line = judge(bench, subject, secured, act, acts, &mut verified);
        checks.push(
            line.with("role", act.role().as_str())
                .with("decision", act.decision().as_str())
                .with("act", b64u(act.act())),
        );
    }
    verified
}

fn judge(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    act: &Countersignature,
    all: &[Countersignature],
    verified: &mut Vec<VerifiedCountersignature>,
) -> Check {
    const NAME: CheckName = CheckName::Countersignature;
    let fail = |reason| Check::fail(NAME, subject, reason);
    let invalid = |code| fail(Reason::CountersignatureInvalid { code });
    let did = match signer::did_of(act.signer_method()) {
        Ok(did) => did,
        Err(reason) => return Check::unknown(NAME, subject, reason, Weight::Informative),
    };
    let history = match bench.history(&did) {
        Ok(history) => history,
        Err(reason @ Reason::DidUnresolved { .. }) => {
            return Check::unknown(NAME, subject, reason, Weight::Informative);
        }
        Err(_) => return invalid("signer-log-invalid"),
    };
    let purpose = Relationship::Authentication;
    let (url, signer) = match signer::key(&history, act.signer_method(), purpose) {
        Ok(found) => found,
        Err(reason) => return invalid(reason.code()),
    };
    if let Err(error) = act.verify(secured, &signer.key) {
        return invalid(error.code());
    }
    let found = record::find(bench, Kind::Countersignature, &act.digest(), None, &did);
    if let Some(reason) = &found.failure {
        return fail(reason.clone());
    }
    let id = b64u(act.act());
    if found.record.as_ref().and_then(|record| record.act.as_ref()).is_some_and(|seen| seen.as_bytes() != act.act()) {
        return fail(Reason::OpeningInvalid { code: "act-mismatch" });
    }
    let line = signer::in_force(bench, NAME, subject, &history, (&url, &signer), purpose, &found);
    if line.outcome != Outcome::Pass {
        return line;
    }
    if history.newest().is_some_and(|version| version.deactivated) && found.record.is_none() {
        return fail(Reason::DidDeactivated { did: did.to_string() });
    }
    let state = state(bench, act, &found, all);
    let by_subject = secured.credential().subject_id() == Some(did.as_str());
    verified.push(VerifiedCountersignature {
        role: act.role(),
        decision: act.decision(),
        act: id,
        controller: did.to_string(),
        method: url.to_string(),
        proof_id: act
            .proof_index()
            .and_then(|index| secured.proofs().get(index))
            .and_then(|proof| proof.id().map(str::to_owned)),
        covers: act.previous().to_vec(),
        by_subject,
        recorded: found.record.as_ref().map(|record| record.recorded.clone()),
        state,
    });
    let line = match found.record.as_ref() {
        Some(record) => line.with("recordedAt", record.recorded.leaf_index()),
        None => line,
    };
    let line = line.with("bySubject", by_subject);
    match state {
        ActState::Current { fresh_at } => line.with("state", "newest").with("freshAt", fresh_at.to_string()),
        ActState::NewestKnown => line.with("state", "newest-known"),
        ActState::NotRecorded => line.with("state", "not-recorded"),
        // A superseded state is a fact, not a forgery: it is shown as such, and no policy counts it.
        ActState::Superseded => {
            let newer = "the ledger holds a newer state of this act".to_owned();
            Check::unknown(NAME, subject, Reason::ActSuperseded { newer }, Weight::Informative)
                .with("state", "superseded")
        }
    }
}

/// What is known of newer states of the same act, from the map's proofs, other entries, and the credential itself.
fn state(
    bench: &Bench<'_>,
    act: &Countersignature,
    found: &Found,
    all: &[Countersignature],
) -> ActState {
    let registrant = found.record.as_ref().map(|record| record.recorded.registrant().to_owned());
    let scid = registrant.or_else(|| {
        let did = signer::did_of(act.signer_method()).ok()?;
        did.scid().map(str::to_owned)
    });
    let newest = scid.and_then(|scid| bench.ledger.newest(&MapKey::act(&scid, &ActId::from_bytes(*act.act()))));
    if let Some((current, head)) = newest.as_ref().and_then(|current| Some((current, current.head()?))) {
        let shown = found.record.as_ref().is_some_and(|record| record.leaf_hash == head.value().leaf_hash);
        return match (shown, current.fresh_at()) {
            (true, Some(fresh_at)) => ActState::Current { fresh_at },
            (true, None) => ActState::NewestKnown,
            (false, _) if later_than(found, head.value().leaf_index) => ActState::NewestKnown,
            (false, _) => ActState::Superseded,
        };
    }
    if withdrawn_in(act, all) {
        return ActState::Superseded;
    }
    if found.record.is_some() { ActState::NewestKnown } else { ActState::NotRecorded }
}

/// Whether the record is newer than the state that the proof shows.
fn later_than(found: &Found, head_index: u64) -> bool {
    found.record.as_ref().is_some_and(|record| record.recorded.leaf_index() > head_index)
}

/// Whether the same signer says in the same act, in the same file, that it no longer stands.
fn withdrawn_in(act: &Countersignature, all: &[Countersignature]) -> bool {
    act.decision() == Decision::Accept
        && all.iter().any(|other| {
            other.act() == act.act()
                && other.signer() == act.signer()
                && matches!(other.decision(), Decision::Withdraw | Decision::Refuse)
        })
}
