//! A consent: the holder's signature on each state, the receiver's on what it acknowledged, the presentation, the deadline, and
//! whether the ledger knows of a newer state.
//!
//! In scope: is this consent given, by this holder, for this presentation, as of a moment? Out of scope: whether the presentation
//! holds, which is for its own verification, and whether its purposes are lawful.
//!
//! A state that is recorded counts from its record on: what is written later than it says was not there before. One that is not
//! recorded counts from the time that it names.

use std::collections::BTreeSet;

use inkan_core::{Timestamp, tolerance};
use inkan_credential::consent::{
    ConsentError, ConsentReceipt, ConsentRecord, ConsentState, ConsentTerms, signer_of,
};
use inkan_credential::{Presentation, SecuredCredential};
use inkan_crypto::PublicKey;
use inkan_did::{Did, Relationship};
use inkan_ledger::{ActId, Claims, EntryId, Kind, Leaf, MapKey, VerifiedCurrent, commitment};

use super::countersigned::earliest;
use super::countersigned::elsewhere::{self, Elsewhere};
use super::record::{self, Found, Record};
use super::signer::{self, NoSigner, Signer};
use super::stamped::Stamps;
use super::{Bench, other_material};
use crate::check::{Check, CheckName, Outcome, Weight};
use crate::history::DidHistory;
use crate::known::{self, KnownState};
use crate::ledger_view::LedgerView;
use crate::material::{Context, Material, Receipts};
use crate::plan::Want;
use crate::reason::Reason;

/// What is said of the consent as a whole.
const WHOLE: &str = "consent";

/// All that was looked at, in order, and the newest states that it rests on.
#[derive(Debug)]
#[must_use = "a verification is not yet a verdict"]
pub struct ConsentVerification {
    checks: Vec<Check>,
    states: Vec<KnownState>,
}

impl ConsentVerification {
    /// Every check, in order.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Whether everything required was looked at and held: the consent is given as of the judged time.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.checks.is_empty() && !self.checks.iter().any(|one| one.failed() || one.blocks())
    }

    /// Newest states that were proved, worth remembering.
    #[must_use]
    pub fn states(&self) -> &[KnownState] {
        &self.states
    }
}

/// Lists everything that judging `receipt` may need, without duplicates.
#[must_use]
pub fn plan_consent(receipt: &ConsentReceipt) -> Vec<Want> {
    let mut wants = Vec::new();
    let Some(terms) = receipt.terms() else { return wants };
    wants.push(Want::Did(terms.principal.clone()));
    let act = ActId::from_bytes(terms.act);
    if let (Some(scid), Some(log)) = (scid_of(&terms.principal), &terms.log) {
        wants.push(Want::Act { log: log.clone(), scid: scid.clone(), act });
        for state in receipt.states() {
            let Some(salt) = state.event().salt else { continue };
            let digest = state.digest();
            let com = commitment(Kind::Countersignature, &scid, &salt, &digest);
            let sequence = state.state().sequence();
            let entry = EntryId::countersignature(&scid, &act, sequence, &com);
            wants.push(Want::Issuance { log: log.clone(), entry, salt, digest, format: "di" });
        }
    }
    for state in receipt.states() {
        if let Some(proof) = state.acknowledgement() {
            let want = Want::Did(signer_of(proof).to_owned());
            if !wants.contains(&want) {
                wants.push(want);
            }
        }
    }
    wants
}

/// Judges a consent as of `context.as_of`, resting on `material` alone; with the presentation that it is about, if that is at hand.
///
/// What the receipt's own file brings is part of `material`. Without a presentation the lines that compare with one are skipped.
pub fn verify_consent(
    receipt: &ConsentReceipt,
    presentation: Option<&Presentation>,
    material: &Material,
    context: &Context,
) -> ConsentVerification {
    let ledger = LedgerView::new(material, context);
    let bench = Bench::new(None, material, context, ledger, Stamps::default());
    let mut checks = Vec::new();
    let mut judged = Vec::new();
    let mut early = None;
    for (index, record) in receipt.states().iter().enumerate() {
        match state(&bench, &format!("state[{index}]"), record, &mut checks) {
            Ok(one) => judged.push(one),
            Err(Left::Later) if index == 0 => early = Some(record.event().time),
            Err(Left::Later | Left::Open) => {}
        }
    }
    if let Some(terms) = receipt.terms() {
        about(presentation, receipt, judged.first(), &mut checks);
        checks.push(standing(&bench, terms, &judged));
        checks.push(period(&bench, terms, (&judged, early)));
    }
    let own: BTreeSet<_> = receipt.states().iter().map(ConsentRecord::digest).collect();
    other_material(&bench, &own, &mut checks);
    checks.extend(known::check(&bench.ledger, context));
    ConsentVerification { checks, states: known::shown(&bench.ledger) }
}

/// A state that is there as of the judged time.
struct Judged {
    state: ConsentState,
    /// Since when it counts.
    from: Timestamp,
    found: Found,
    /// The key that signed it, if it holds.
    key: Option<PublicKey>,
    /// The name by which it did.
    method: String,
}

/// Why nothing is judged of a state.
enum Left {
    /// It came after the judged time.
    Later,
    /// Nothing tells whose it is; a line says so.
    Open,
}

/// The lines of one state; nothing is judged of one that came later than the judged time.
fn state(
    bench: &Bench<'_>,
    subject: &str,
    record: &ConsentRecord,
    checks: &mut Vec<Check>,
) -> Result<Judged, Left> {
    let told = |check: Check| check.with("state", record.state().as_str());
    let did = match signer::did_of(record.method()) {
        Ok(did) => did,
        Err(reason) => {
            checks.push(unsigned(subject, reason, true));
            return Err(Left::Open);
        }
    };
    let named_later = is_later(bench, record.event().time, tolerance::CREDENTIAL);
    if named_later || recorded_later(bench, record, &did) {
        checks.push(told(Check::skipped(CheckName::Consent, subject)).with("later", true));
        return Err(Left::Later);
    }
    let digest = record.digest();
    let salt = record.event().salt;
    let mut found = record::find(bench, Kind::Countersignature, &digest, salt.as_ref(), &did);
    on_ledger(bench, subject, record, &mut found, checks);
    let history = match bench.history(&did) {
        Ok(history) => history,
        Err(reason) => {
            let open = matches!(reason, Reason::DidUnresolved { .. });
            checks.push(unsigned(subject, reason, open));
            return Err(Left::Open);
        }
    };
    let mut key = None;
    match signed(bench, &history, record) {
        Ok(signer) => {
            key = Some(signer.key.clone());
            checks.push(told(Check::pass(CheckName::Signature, subject)));
            let name = (CheckName::KeyInForce, subject);
            checks.push(signer::in_force(bench, name, &history, &signer, &found));
        }
        Err(reason) => {
            let open = matches!(reason, Reason::TooMuchWork | Reason::HistoryIncomplete { .. });
            checks.push(unsigned(subject, reason, open));
        }
    }
    if let Err(reason) = signer::recent(bench, &history) {
        checks.push(Check::unknown(CheckName::DidActive, subject, reason, Weight::Required));
    }
    checks.push(match signer::ended_before(bench, &history, &found) {
        Ok(_) => Check::pass(CheckName::DidActive, subject),
        Err(reason) => Check::fail(CheckName::DidActive, subject, reason),
    });
    checks.push(acknowledged(bench, subject, record));
    let at = found.record.as_ref().filter(|record| record.recorded.is_by_signer());
    let from =
        at.map_or(record.event().time, |at| at.recorded.leaf_time().max(record.event().time));
    let method = record.method().to_owned();
    Ok(Judged { state: record.state(), from, found, key, method })
}

/// The line of a signature that does not hold, or of which that cannot be told.
fn unsigned(subject: &str, reason: Reason, open: bool) -> Check {
    const NAME: CheckName = CheckName::Signature;
    if open {
        Check::unknown(NAME, subject, reason, Weight::Required)
    } else {
        Check::fail(NAME, subject, reason)
    }
}

fn signed(
    bench: &Bench<'_>,
    history: &DidHistory,
    record: &ConsentRecord,
) -> Result<Signer, Reason> {
    let proof = record.prepare();
    let purpose = Relationship::Authentication;
    let found = signer::find(bench, history, record.method(), purpose, |key| proof.check(key));
    found.map_err(|problem| match (problem, history.missing()) {
        (NoSigner::TooMany, _) => Reason::TooMuchWork,
        // A version of the DID that is not at hand may list the key.
        (NoSigner::Unlisted, Some(leaf_index)) => Reason::HistoryIncomplete { leaf_index },
        (NoSigner::Unlisted, None) => Reason::MethodUnknown,
        (NoSigner::Fails(_), _) => ConsentError::Invalid.into(),
    })
}

/// What a receipt shows of the state. A holder need not record anything.
fn on_ledger(
    bench: &Bench<'_>,
    subject: &str,
    record: &ConsentRecord,
    found: &mut Found,
    checks: &mut Vec<Check>,
) {
    const NAME: CheckName = CheckName::OnLedger;
    if let Some(at) = &found.record {
        let act = at.act.as_ref().map(ActId::as_bytes);
        if act != Some(&record.terms().act) {
            found.failure.get_or_insert(Reason::OpeningInvalid { code: "act-mismatch" });
        } else if record.terms().log.as_deref().is_none_or(|log| log == at.recorded.origin())
            && at.sequence != Some(record.state().sequence())
        {
            // In a log that the holder moved to numbers begin anew.
            found.failure.get_or_insert(ConsentError::Unconnected { what: "entry" }.into());
        }
    }
    checks.push(match (&found.failure, &found.record, &found.open) {
        (Some(reason), ..) => Check::fail(NAME, subject, reason.clone()),
        (None, Some(at), _) => {
            let recorded = &at.recorded;
            let line = Check::pass(NAME, subject)
                .with("log", recorded.origin())
                .with("entry", recorded.leaf_index())
                .with("registrant", if recorded.is_by_signer() { "holder" } else { "other" });
            record::timed(line, recorded)
        }
        (None, None, Some(reason)) => {
            Check::unknown(NAME, subject, reason.clone(), Weight::Informative)
        }
        (None, None, None) => Check::skipped(NAME, subject),
    });
    if bench.context.receipts == Receipts::Required && found.record.is_none() {
        let reason = Reason::ReceiptMissing;
        checks.push(Check::unknown(NAME, subject, reason, Weight::Required));
    }
}

/// Whether something of `time` came after the judged time. Clocks may differ by `slack` where that is now: what has just been taken
/// back must not slip through. As of a time that has passed the times themselves decide.
fn is_later(bench: &Bench<'_>, time: Timestamp, slack: i64) -> bool {
    let context = bench.context;
    let slack = if context.as_of < context.received_at { 0 } else { slack };
    time > context.as_of.plus_seconds(slack)
}

/// Whether a receipt at hand shows a state of the act, of the holder's own, after `sequence` and by the judged time.
fn superseded(bench: &Bench<'_>, (log, scid): (&str, &str), act: ActId, sequence: u64) -> bool {
    bench.ledger.receipts().iter().any(|seen| {
        let Ok(leaf) = &seen.result else { return false };
        let Ok(entry) = leaf.signed_entry() else { return false };
        let Claims::Countersignature { act: named, sequence: other, .. } = entry.claims() else {
            return false;
        };
        leaf.origin() == log
            && entry.scid() == scid
            && *named == act
            && *other > sequence
            && !is_later(bench, leaf.leaf().time(), tolerance::LEDGER_FUTURE)
    })
}

/// Whether a receipt at hand proves that the holder recorded this state after the judged time.
fn recorded_later(bench: &Bench<'_>, record: &ConsentRecord, did: &Did) -> bool {
    let Some(scid) = did.scid() else { return false };
    let digest = record.digest();
    let mut any = false;
    for seen in bench.ledger.receipts() {
        let (Ok(leaf), Some(opening)) = (&seen.result, seen.receipt.opening()) else { continue };
        if opening.digest != digest || leaf.leaf().kind() != Kind::Countersignature {
            continue;
        }
        let Ok(entry) = leaf.any_signed_entry() else { continue };
        let com = commitment(Kind::Countersignature, scid, &opening.salt, &digest);
        if entry.scid() == scid && entry.claims().commitment() == Some(&com) {
            if !is_later(bench, leaf.leaf().time(), tolerance::LEDGER_FUTURE) {
                return false;
            }
            any = true;
        }
    }
    any
}

/// The receiver's signature. What cannot be told of it takes nothing from the consent.
fn acknowledged(bench: &Bench<'_>, subject: &str, record: &ConsentRecord) -> Check {
    const NAME: CheckName = CheckName::Acknowledgement;
    let Some(proof) = record.acknowledgement() else { return Check::skipped(NAME, subject) };
    let unknown = |reason| Check::unknown(NAME, subject, reason, Weight::Informative);
    let invalid = || Check::fail(NAME, subject, ConsentError::AcknowledgementInvalid.into());
    let expected = record.terms().receiver.did();
    if expected.is_some_and(|receiver| receiver != signer_of(proof)) {
        return invalid();
    }
    let method = proof.verification_method();
    let history = signer::did_of(method).and_then(|did| bench.history(&did));
    let history = match history {
        Ok(history) => history,
        Err(reason) => return unknown(reason),
    };
    let prepared = record.prepare_acknowledgement();
    let purpose = Relationship::Authentication;
    let found = signer::find(bench, &history, method, purpose, |key| prepared.check(key));
    let signer = match (found, history.missing()) {
        (Ok(signer), _) => signer,
        (Err(NoSigner::TooMany), _) => return unknown(Reason::TooMuchWork),
        (Err(NoSigner::Unlisted), Some(leaf_index)) => {
            return unknown(Reason::HistoryIncomplete { leaf_index });
        }
        (Err(NoSigner::Unlisted | NoSigner::Fails(_)), _) => return invalid(),
    };
    if let Err(reason) = signer::in_time(bench, proof.created(), None) {
        return unknown(reason);
    }
    if expected.is_none() {
        return unknown(ConsentError::ReceiverUnknown.into()).with("signer", signer_of(proof));
    }
    let line = signer::in_force(bench, (NAME, subject), &history, &signer, &Found::default());
    match line.outcome {
        Outcome::Pass => line.with("signer", signer_of(proof)),
        Outcome::Fail(reason) => Check::fail(NAME, subject, reason),
        Outcome::Unknown(reason) => unknown(reason),
        Outcome::Skipped => Check::skipped(NAME, subject),
    }
}

/// Whether it is about the presentation at hand.
fn about(
    presentation: Option<&Presentation>,
    receipt: &ConsentReceipt,
    judged: Option<&Judged>,
    checks: &mut Vec<Check>,
) {
    let Some(presentation) = presentation else {
        checks.push(Check::skipped(CheckName::Presentation, WHOLE));
        checks.push(Check::skipped(CheckName::Shown, WHOLE));
        return;
    };
    let covers = receipt
        .states()
        .first()
        .map_or(Err(ConsentError::Malformed { member: "states" }), |given| {
            given.covers(presentation)
        });
    match covers.and_then(|()| presenter(presentation, judged)) {
        Ok(()) => {
            let audience = presentation.audience().join(" ");
            checks.push(Check::pass(CheckName::Presentation, WHOLE).with("audience", audience));
            checks.push(Check::pass(CheckName::Shown, WHOLE));
        }
        Err(error @ ConsentError::ShownDiffers { .. }) => {
            checks.push(Check::pass(CheckName::Presentation, WHOLE));
            checks.push(Check::fail(CheckName::Shown, WHOLE, error.into()));
        }
        Err(error) => {
            checks.push(Check::fail(CheckName::Presentation, WHOLE, error.into()));
            checks.push(Check::skipped(CheckName::Shown, WHOLE));
        }
    }
}

/// A key binding over a credential that names nobody: who consents has the key that the issuer confirmed.
fn presenter(presentation: &Presentation, judged: Option<&Judged>) -> Result<(), ConsentError> {
    if !presentation.holder().is_empty() {
        return Ok(());
    }
    let credential = presentation.credentials().first().map(SecuredCredential::credential);
    let signed = judged.and_then(|given| Some((given.key.as_ref()?, given.method.as_str())));
    match credential.zip(signed) {
        Some((credential, (key, method))) if credential.is_confirmed(key, method) == Some(true) => {
            Ok(())
        }
        _ => Err(ConsentError::OtherPresentation),
    }
}

/// Whether it is given, or taken back, or the ledger knows of a state that nothing at hand is.
fn standing(bench: &Bench<'_>, terms: &ConsentTerms, judged: &[Judged]) -> Check {
    const NAME: CheckName = CheckName::Consent;
    let line = Check::pass(NAME, WHOLE);
    let Some(newest) = judged.last() else {
        // Another line says why.
        return Check::skipped(NAME, WHOLE);
    };
    if newest.state == ConsentState::Withdrawn {
        let reason = ConsentError::Withdrawn { at: newest.from };
        return Check::fail(NAME, WHOLE, reason.into());
    }
    let (Some(log), Some(scid)) = (&terms.log, scid_of(&terms.principal)) else {
        // A holder who cannot write to a ledger takes back by a file, and nothing shows that there is none.
        return line.with("standing", "no-ledger");
    };
    let other_state = || {
        let newer = "the ledger holds another state of it than is at hand".to_owned();
        Check::fail(NAME, WHOLE, Reason::ActSuperseded { newer })
    };
    let act = ActId::from_bytes(terms.act);
    let sequence = newest.state.sequence();
    if superseded(bench, (log.as_str(), scid.as_str()), act, sequence) {
        return other_state();
    }
    let own = newest.found.record.as_ref().filter(|record| {
        record.recorded.is_by_signer() && record.recorded.origin() == log.as_str()
    });
    let unknown = |reason| Check::unknown(NAME, WHOLE, reason, Weight::Required);
    // A head that is there by the judged time, whatever came after it.
    let by_then = |current: &VerifiedCurrent| {
        current.epoch().origin() == log.as_str()
            && current
                .head()
                .is_none_or(|head| !is_later(bench, head.leaf().time(), tolerance::LEDGER_FUTURE))
    };
    let key = MapKey::act(&scid, &act);
    let heads = bench.ledger.heads(&key).filter(by_then);
    let Some(current) = heads.max_by_key(VerifiedCurrent::epoch_index) else {
        let pinned = bench.context.logs.iter().any(|one| one.has_log(log));
        // Where nobody can say whether it was taken back, nobody says that it was not.
        return unknown(if pinned {
            Reason::Stale
        } else {
            Reason::UnknownLog { origin: log.clone() }
        });
    };
    let standing = match (current.head(), own) {
        (Some(head), Some(own)) if head.value().leaf_hash == own.leaf_hash => "newest",
        (Some(_), _) => return other_state(),
        // The proof is older than the record.
        (None, Some(_)) => return unknown(Reason::Stale),
        (None, None) => "not-recorded",
    };
    let (elsewhere, left) = match elsewhere(bench, (terms, log), own, act) {
        Ok(found) => found,
        Err(reason) => return unknown(reason),
    };
    let stamped = match (elsewhere, current.fresh_at()) {
        (Elsewhere::Said, _) => return other_state(),
        // What a log shows that the holder has left does not grow old: it takes nothing more.
        (Elsewhere::Silent(until), _) if left.is_some_and(|left| current.epoch_index() > left) => {
            until
        }
        (Elsewhere::Silent(until), Some(at)) => earliest(Some(at), until),
        (Elsewhere::Silent(_), None) | (Elsewhere::Unstamped, _) => None,
        (Elsewhere::Open(home), _) => {
            let pinned = bench.context.logs.iter().any(|one| one.has_log(&home));
            let unknown_log = Reason::UnknownLog { origin: home };
            return unknown(if pinned { Reason::Stale } else { unknown_log });
        }
    };
    let Some(fresh_at) = stamped else {
        return line.with("standing", standing).with("fresh", "by the operator's word");
    };
    let age = bench.context.as_of.seconds_since(fresh_at);
    if bench.context.max_age.is_some_and(|max_age| age > max_age) {
        return unknown(Reason::Stale);
    }
    line.with("standing", standing).with("freshAt", fresh_at.to_string())
}

/// What the logs show to which the holder has moved since: the one that the terms name takes no withdrawal from then on. And where
/// in it the holder left it for good.
fn elsewhere(
    bench: &Bench<'_>,
    (terms, log): (&ConsentTerms, &str),
    own: Option<&Record>,
    act: ActId,
) -> Result<(Elsewhere, Option<u64>), Reason> {
    let history = bench.history(&signer::did_of(&terms.principal)?)?;
    let place = own.map(|record| record.recorded.leaf_index());
    let by_then = |current: &VerifiedCurrent| {
        let later = |leaf: &Leaf| is_later(bench, leaf.time(), tolerance::LEDGER_FUTURE);
        !current.head().is_some_and(|head| later(head.leaf()))
    };
    let left = history.left(log);
    Ok((elsewhere::said(bench, &history, (log, place), act, by_then), left))
}

/// Whether the judged time is within the consent's.
fn period(
    bench: &Bench<'_>,
    terms: &ConsentTerms,
    (judged, early): (&[Judged], Option<Timestamp>),
) -> Check {
    const NAME: CheckName = CheckName::Validity;
    let as_of = bench.context.as_of;
    let Some(from) = early.or(judged.first().map(|given| given.from)) else {
        return Check::skipped(NAME, WHOLE);
    };
    if early.is_some() || terms.until.is_some_and(|until| until < as_of) {
        let reason = ConsentError::NotCurrent { from, until: terms.until, as_of };
        return Check::fail(NAME, WHOLE, reason.into());
    }
    let line = Check::pass(NAME, WHOLE).with("from", from.to_string());
    match terms.until {
        Some(until) => line.with("until", until.to_string()),
        None => line.with("until", "withdrawn"),
    }
}

fn scid_of(did: &str) -> Option<String> {
    Did::parse(did).ok()?.scid().map(str::to_owned)
}
