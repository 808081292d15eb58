//! Check 11: each countersignature's coverage, proof, key and place, and whether its act has moved on since.

pub(super) mod elsewhere;

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_core::encoding::b64u;
use inkan_credential::bundle::Cover;
use inkan_credential::countersignature::{
    self, Countersignature, CountersignatureError, Decision, Role, WholeText,
};
use inkan_credential::{Proof, SecuredCredential};
use inkan_did::{Did, Relationship};
use inkan_ledger::{ActId, Kind, MapKey};

use self::elsewhere::Elsewhere;
use super::linked::{self, Voice};
use super::record::{self, Found, Record, State};
use super::signer::{NoSigner, Signer};
use super::{Bench, power, signer};
use crate::agreement::{Act, Flaw, acts};
use crate::capacity::{Capacity, PowerFault};
use crate::check::{Check, CheckName, Outcome, Weight};
use crate::reason::Reason;
use crate::verified::{ActState, Recorded, VerifiedCountersignature};

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
    let mut acts = countersignature::list(secured, bench.beside())?;
    let all = bench.credentials();
    acts.retain(|act| {
        act.proof_index().is_some()
            || act.covers(secured).is_ok()
            || !all.iter().any(|other| act.covers(other).is_ok())
    });
    Ok(acts)
}

/// What was found of the countersignatures of one credential.
#[derive(Default)]
pub(super) struct Countersigned {
    /// Those whose cryptography and key held, superseded ones included.
    pub(super) verified: Vec<VerifiedCountersignature>,
    /// Those of which that could not be told, and those whose key was not in force.
    pub(super) flawed: Vec<Act>,
}

impl Countersigned {
    /// All that who asks for countersignatures has to look at.
    pub(super) fn acts(&self) -> Vec<Act> {
        acts(&self.verified, &self.flawed)
    }
}

/// One line per countersignature.
///
/// One that is no forgery and does not count, or only perhaps, stands in nobody's way by itself: whoever hands a credential on could
/// have added it, and its signer can lose the key at any time. It weighs where somebody demands a countersignature, and
/// `crate::agreement` says so.
pub(super) fn check(
    bench: &Bench<'_>,
    subject: &str,
    (secured, issued): (&SecuredCredential, Option<&Recorded>),
    acts: &[Countersignature],
    checks: &mut Vec<Check>,
) -> Countersigned {
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
    let mut flawed = Vec::new();
    let text = WholeText::of(secured);
    for act in acts {
        match judge(bench, subject, (secured, &text), act) {
            Ok(one) => held.push(one),
            Err(problem) => {
                flawed.extend(problem.flaw.and_then(|flaw| perhaps(secured, act, flaw)));
                checks.push(describe(problem.line, act));
            }
        }
    }
    let voices = voices(bench, (secured, issued), &held);
    let power = |one: &Held<'_>| power::judge(bench, secured, (one.act, &one.did), &one.found);
    let mut mandates: Vec<power::Mandate> = held.iter().map(power).collect();
    power::connect(&mut mandates, &voices, &bench.context.declared);
    let mut verified = Vec::new();
    for (position, (one, mandate)) in held.iter().zip(mandates).enumerate() {
        let (state, newer_at) = state(bench, one, &held);
        let linked = linked::others_of(voices.get(position), &voices, &bench.context.declared);
        let newer = newer(one, &held, newer_at);
        let line = describe(shown(subject, secured, one, (state, newer)), one.act);
        let line = power::shown(line, subject, &mandate.capacity);
        let line = match one.act.reason() {
            Some(_) => line.with("reasonGiven", true),
            None => line,
        };
        checks.push(if linked.is_empty() {
            line
        } else {
            line.with("sameControllerAs", linked.iter().cloned().collect::<Vec<String>>())
        });
        verified.push(VerifiedCountersignature {
            newer_at,
            linked,
            capacity: mandate.capacity,
            ..evidence(secured, one, state)
        });
    }
    Countersigned { verified, flawed }
}

/// Those who signed, in their order, and after them the issuer, and the subject where somebody signs in its place.
fn voices(
    bench: &Bench<'_>,
    (secured, issued): (&SecuredCredential, Option<&Recorded>),
    held: &[Held<'_>],
) -> Vec<Voice> {
    let signer = |one: &Held<'_>| {
        let record = one.found.record.as_ref().map(|record| &record.recorded);
        // It was found before, so it is there.
        bench.history(&one.did).ok().map(|history| Voice::of(&one.did, &history, record))
    };
    let mut voices: Vec<Voice> = held.iter().filter_map(signer).collect();
    let issuer = Did::parse(secured.credential().issuer()).ok();
    if let Some(issuer) = issuer.filter(|_| !voices.is_empty())
        && let Ok(history) = bench.history(&issuer)
    {
        voices.push(Voice::of(&issuer, &history, issued));
    }
    // Nobody is their own guardian, under whichever of their DIDs.
    let guards = |one: &&Held<'_>| matches!(one.act.role(), Role::Guardian | Role::Delegate);
    let last = held.iter().rfind(guards);
    let subject = secured.credential().subject_id().and_then(|did| Did::parse(did).ok());
    if let (Some(guard), Some(subject)) = (last, subject) {
        // By what its DID said when the last of them signed: what it says later undoes nothing.
        let record = guard.found.record.as_ref().map(|record| &record.recorded);
        voices.push(bench.history(&subject).map_or_else(
            |_| Voice::silent(&subject),
            |history| Voice::of(&subject, &history, record),
        ));
    }
    voices
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

/// Why a countersignature does not count.
struct Problem {
    line: Check,
    /// What could not be told, if it may yet count.
    flaw: Option<Flaw>,
}

fn judge<'a>(
    bench: &Bench<'_>,
    subject: &str,
    (secured, text): (&SecuredCredential, &WholeText<'_>),
    act: &'a Countersignature,
) -> Result<Held<'a>, Box<Problem>> {
    let problem = |line, flaw| Box::new(Problem { line, flaw });
    let fail = |reason| problem(Check::fail(NAME, subject, reason), None);
    let invalid = |code| fail(Reason::CountersignatureInvalid { code });
    let unknown = |reason| {
        let line = Check::unknown(NAME, subject, reason, Weight::Informative);
        problem(line, Some(Flaw::SignatureUnknown))
    };
    let did = signer::did_of(act.signer_method()).map_err(unknown)?;
    let history = bench.history(&did).map_err(|reason| {
        let unresolved = matches!(reason, Reason::DidUnresolved { .. });
        if unresolved { unknown(reason) } else { invalid("signer-log-invalid") }
    })?;
    let purpose = Relationship::Authentication;
    let verify = act.prepare(text);
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
    let mut found = record::find(bench, Kind::Countersignature, &act.digest(), None, &did);
    found.judge_blindness(act.compact().is_none());
    found.stamped = bench.stamps.of(&Cover::countersignature(act)).cloned();
    if let Some(reason) = &found.failure {
        return Err(fail(reason.clone()));
    }
    let recorded_act = found.record.as_ref().and_then(|record| record.act.as_ref());
    if recorded_act.is_some_and(|seen| seen.as_bytes() != act.act()) {
        return Err(fail(Reason::OpeningInvalid { code: "act-mismatch" }));
    }
    let line = signer::in_force(bench, (NAME, subject), &history, &signer, &found);
    match line.outcome {
        Outcome::Pass => {}
        Outcome::Skipped => return Err(problem(line, None)),
        Outcome::Fail(reason) => {
            let line = Check { outcome: Outcome::Unknown(reason), ..line };
            return Err(problem(noted(line), Some(Flaw::KeyEnded)));
        }
        Outcome::Unknown(_) => return Err(problem(noted(line), Some(Flaw::KeyUnknown))),
    }
    signer::ended_before(bench, &history, &found).map_err(|reason| {
        let line = Check::unknown(NAME, subject, reason, Weight::Informative);
        problem(line, Some(Flaw::KeyEnded))
    })?;
    Ok(Held { act, did, signer, found, line })
}

fn noted(line: Check) -> Check {
    Check { weight: Weight::Informative, ..line }
}

/// An act of which not everything could be judged, or held; `None` if nobody can be named.
fn perhaps(secured: &SecuredCredential, act: &Countersignature, flaw: Flaw) -> Option<Act> {
    let did = signer::did_of(act.signer_method()).ok()?;
    Some(Act {
        role: act.role(),
        decision: act.decision(),
        act: b64u(act.act()),
        controller: did.to_string(),
        linked: BTreeSet::new(),
        proof_id: proof_id(secured, act),
        covers: act.previous().to_vec(),
        by_subject: secured.credential().subject_id() == Some(did.as_str()),
        record: None,
        state: ActState::NotRecorded,
        newer_at: None,
        // Its power is not looked at: there is nothing to be done under it.
        capacity: match act.role() {
            Role::Delegate => Capacity::Open {
                for_role: act.under().map(|under| under.for_role),
                fault: PowerFault::Open { link: 1, code: "countersigner-unknown" },
            },
            Role::Holder | Role::CoIssuer | Role::Witness | Role::Notary | Role::Guardian => {
                Capacity::Own
            }
        },
        flaw: Some(flaw),
    })
}

/// The proof's own id, if it is one of the credential's.
fn proof_id(secured: &SecuredCredential, act: &Countersignature) -> Option<String> {
    let proof = act.proof_index().and_then(|index| secured.proofs().get(index));
    proof.and_then(Proof::id).map(str::to_owned)
}

/// What is known of a state after this one, in words.
fn newer(one: &Held<'_>, all: &[Held<'_>], newer_at: Option<u64>) -> String {
    let places = withdrawals(one, all).map(|other| other.record());
    let taken_back = places.map(|place| place.map(|place| place.recorded.leaf_index())).max();
    match (taken_back, newer_at, one.record()) {
        (Some(Some(entry)), ..) => format!("its signer took it back, entry {entry}"),
        (Some(None), ..) => "its signer took it back".to_owned(),
        (None, Some(entry), _) => format!("the ledger has a newer one, entry {entry}"),
        (None, None, Some(_)) => "the ledger has a newer one, or more than one".to_owned(),
        (None, None, None) => {
            "the ledger has a state of it, and nothing at hand tells whether that is this one"
                .to_owned()
        }
    }
}

fn shown(
    subject: &str,
    secured: &SecuredCredential,
    one: &Held<'_>,
    (state, newer): (ActState, String),
) -> Check {
    let by_subject = secured.credential().subject_id() == Some(one.did.as_str());
    let line = one.line.clone().with("bySubject", by_subject).with("signer", one.did.as_str());
    let line = match one.record() {
        Some(record) => {
            record::timed(line.with("recordedAt", record.recorded.leaf_index()), &record.recorded)
        }
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
            Check::unknown(NAME, subject, Reason::ActSuperseded { newer }, Weight::Informative)
                .with("state", "superseded")
                .with("signer", one.did.as_str())
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
        digest: act.digest(),
        controller: one.did.to_string(),
        method: one.signer.url.to_string(),
        proof_id: proof_id(secured, act),
        covers: act.previous().to_vec(),
        by_subject: secured.credential().subject_id() == Some(one.did.as_str()),
        recorded: one.found.record.as_ref().map(|record| record.recorded.clone()),
        state,
        newer_at: None,
        linked: BTreeSet::new(),
        reason: act.reason().map(str::to_owned),
        created: act.created(),
        capacity: Capacity::Own,
    }
}

/// What is known of newer states of the same act: from the credential itself, from entries at hand, and from the map; and the
/// place of the next state, where that is shown to be the next.
///
/// All entries of an act have one registrant. Where it is not the countersigner, nothing shows that the countersigner
/// did not register a newer state itself, but a proof that it never registered any.
fn state(bench: &Bench<'_>, one: &Held<'_>, all: &[Held<'_>]) -> (ActState, Option<u64>) {
    let own = one.did.scid();
    let record = one.record();
    let registrant = record.map(|record| record.recorded.registrant());
    let names: BTreeSet<&str> = own.into_iter().chain(registrant).collect();
    let id = ActId::from_bytes(*one.act.act());
    // Also where an entry at hand settles it: what is proved of the act is then remembered.
    for scid in &names {
        bench.ledger.ask(&MapKey::act(scid, &id));
    }
    let at = record.map(|record| record.recorded.leaf_index());
    // What somebody else registered in the act's name has no order with the record: the act is in dispute.
    let newer = |scid: &str, place: u64| registrant != Some(scid) || at.is_none_or(|at| place > at);
    let mut later = Later::default();
    for takes_back in withdrawals(one, all) {
        later.note(takes_back.record(), registrant, takes_back.record().and_then(|r| r.sequence));
    }
    for seen in record::states_of(bench, one.act.log(), id) {
        if names.contains(seen.registrant.as_str()) && newer(&seen.registrant, seen.at) {
            later.add(&seen, registrant);
        }
    }
    let history = own.and_then(|_| bench.history(&one.did).ok());
    let left = history.as_ref().and_then(|history| history.left(one.act.log()));
    let mut fresh: Option<Timestamp> = None;
    let mut shown = record.is_some();
    for scid in names {
        let current = bench.ledger.newest(&MapKey::act(scid, &id), one.act.log());
        let seen = current.as_ref().and_then(inkan_ledger::VerifiedCurrent::fresh_at);
        let head = current.as_ref().and_then(|current| current.head()).map(|head| head.value());
        let settled = match head {
            Some(head) if newer(scid, head.leaf_index) => {
                let registrant_of = scid.to_owned();
                let sequence = Some(head.sequence);
                let seen = State { registrant: registrant_of, at: head.leaf_index, sequence };
                later.add(&seen, registrant);
                false
            }
            Some(head) => record.is_some_and(|record| record.leaf_hash == head.leaf_hash),
            // Absent from the map, as it must be under any name but the registrant's.
            None => registrant != Some(scid),
        };
        // A log that its signer has left says nothing more of it, however old what it shows is.
        let is_closed = own == Some(scid)
            && current.as_ref().zip(left).is_some_and(|(one, left)| one.epoch_index() > left);
        shown &= settled && (is_closed || seen.is_some());
        if !is_closed {
            fresh = earliest(fresh, seen);
        }
    }
    match elsewhere::of(bench, one, id) {
        Elsewhere::Said => (later.any, later.disputed) = (true, true),
        Elsewhere::Silent(until) => fresh = earliest(fresh, until),
        Elsewhere::Unstamped | Elsewhere::Open(_) => shown = false,
    }
    // Whoever leaves the move itself out hides all that was said after it.
    if own.is_some() {
        let seen = history.and_then(|history| history.fresh_at());
        shown &= seen.is_some();
        fresh = earliest(fresh, seen);
    }
    if later.any {
        let own = record.and_then(|record| record.sequence);
        return (ActState::Superseded, later.next_after(own));
    }
    let state = match (record, fresh.filter(|_| shown)) {
        (None, _) => ActState::NotRecorded,
        (Some(_), Some(fresh_at)) => ActState::Current { fresh_at },
        (Some(_), None) => ActState::NewestKnown,
    };
    (state, None)
}

/// The earlier of two stamps, of which one may be missing.
pub(super) fn earliest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

/// Newer states of an act.
#[derive(Debug, Default)]
struct Later {
    any: bool,
    /// Whether one of them has no order with the others.
    disputed: bool,
    /// Sequence numbers and places of those that have one.
    places: Vec<(u64, u64)>,
}

impl Later {
    fn add(&mut self, seen: &State, registrant: Option<&str>) {
        self.any = true;
        match seen.sequence {
            Some(sequence) if registrant == Some(&seen.registrant) => {
                self.places.push((sequence, seen.at));
            }
            Some(_) | None => self.disputed = true,
        }
    }

    /// A statement at hand, recorded or not.
    fn note(&mut self, record: Option<&Record>, registrant: Option<&str>, sequence: Option<u64>) {
        match record {
            Some(record) => {
                let recorded = &record.recorded;
                let name = recorded.registrant().to_owned();
                let seen = State { registrant: name, at: recorded.leaf_index(), sequence };
                self.add(&seen, registrant);
            }
            None => (self.any, self.disputed) = (true, true),
        }
    }

    /// Place of the state that follows `own`, if none came between.
    fn next_after(&self, own: Option<u64>) -> Option<u64> {
        let next = own?.checked_add(1)?;
        let found = self.places.iter().find(|(sequence, _)| *sequence == next);
        found.filter(|_| !self.disputed).map(|(_, at)| *at)
    }
}

/// Statements of the same signer in the same act, in the same file, that it no longer stands; a taking back that is
/// recorded before counts as taken back itself.
fn withdrawals<'b, 'a>(
    one: &'b Held<'a>,
    all: &'b [Held<'a>],
) -> impl Iterator<Item = &'b Held<'a>> {
    // Places of two logs have no order: who moved to another log says more there.
    let earlier = move |other: &Held<'_>| match (other.record(), one.record()) {
        (Some(theirs), Some(ours)) => {
            let (theirs, ours) = (&theirs.recorded, &ours.recorded);
            theirs.registrant() == ours.registrant()
                && theirs.origin() == ours.origin()
                && theirs.leaf_index() < ours.leaf_index()
        }
        _ => false,
    };
    all.iter().filter(move |other| {
        one.act.decision() == Decision::Accept
            && other.act.act() == one.act.act()
            && other.did == one.did
            && matches!(other.act.decision(), Decision::Withdraw | Decision::Refuse)
            && !earlier(other)
    })
}
