//! Whose key signed, and was it in force then? The same question for issuers, countersigners and status lists.

use inkan_core::{Timestamp, tolerance};
use inkan_credential::RdfcError;
use inkan_credential::proof::ProofError;
use inkan_crypto::PublicKey;
use inkan_did::{Did, DidUrl, Relationship};
use inkan_ledger::Grades;

use super::compromise::Report;
use super::record::{Found, Record};
use super::{Bench, compromise, period};
use crate::check::{Check, CheckName, Outcome, Weight};
use crate::history::{Completeness, DidHistory, Version};
use crate::reason::Reason;
use crate::verified::Recorded;

/// A key that made a signature, and the newest version that lists it.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    pub(super) url: DidUrl,
    pub(super) purpose: Relationship,
    pub(super) key: PublicKey,
    version: Version,
}

/// Why no key of the DID made the signature.
#[derive(Debug)]
pub(super) enum NoSigner<E> {
    /// No version lists such a key.
    Unlisted,
    /// More keys were tried in this verification than it may cost.
    TooMany,
    /// The signature does not verify under any of them; why not under the newest.
    Fails(E),
}

/// Why a signature fails: that a JSON-LD context is not at hand, or that a limit of ours is reached, is no sign of a forgery.
pub(super) fn failure(error: &ProofError, otherwise: Reason) -> Reason {
    if let ProofError::Rdf(RdfcError::ContextUnknown { context }) = error {
        return Reason::ContextUnknown { context: context.clone() };
    }
    if matches!(error, ProofError::Rdf(RdfcError::TooMuchWork)) {
        return Reason::TooMuchWork;
    }
    if *error == ProofError::BaseProof {
        return Reason::BaseProof;
    }
    otherwise
}

/// Finds the key that `method` names for `purpose` and `verify` accepts, in the newest version that lists it.
///
/// Versions may name different keys by the same URL, so each is tried. Whether the version was in force is another
/// question ([`in_force`]). Each try costs a signature check, what is signed having been prepared before; there is a limit to
/// those that fail, since a history may name thousands of keys.
pub(super) fn find<E>(
    bench: &Bench<'_>,
    history: &DidHistory,
    method: &str,
    purpose: Relationship,
    verify: impl Fn(&PublicKey) -> Result<(), E>,
) -> Result<Signer, NoSigner<E>> {
    let url = DidUrl::parse(method).map_err(|_| NoSigner::Unlisted)?;
    let mut failure = None;
    for (version, key) in history.keys(&url, purpose) {
        if bench.tries.get() == 0 {
            return Err(NoSigner::TooMany);
        }
        match verify(key) {
            Ok(()) => {
                let (key, version) = (key.clone(), version.clone());
                return Ok(Signer { url: url.clone(), purpose, key, version });
            }
            Err(error) => {
                bench.tries.set(bench.tries.get().saturating_sub(1));
                failure = failure.or(Some(error));
            }
        }
    }
    Err(failure.map_or(NoSigner::Unlisted, NoSigner::Fails))
}

impl Signer {
    /// A key that authenticates by the newest version, which is found otherwise than by its URL.
    pub(super) fn of_newest(
        history: &DidHistory,
        (url, key): (&DidUrl, &PublicKey),
    ) -> Option<Self> {
        let (url, key, version) = (url.clone(), key.clone(), history.newest()?.clone());
        Some(Self { url, purpose: Relationship::Authentication, key, version })
    }

    fn named(&self) -> (&DidUrl, &PublicKey) {
        (&self.url, &self.key)
    }

    pub(super) fn listed_in(&self, version: &Version) -> bool {
        version.lists(self.named(), self.purpose)
    }

    fn dropped_after<'a>(&self, version: &Version, history: &'a DidHistory) -> Option<&'a Version> {
        history.dropped_after(version, self.named(), self.purpose)
    }
}

/// Judges whether the key was in force when it signed, and says so in one check.
///
/// With a record: the version in force at the record's place in the log (ledger §5.2 V10). Without: the version
/// current as of the judged time; a key that only an older version has is undetermined (decisions 8).
pub(super) fn in_force(
    bench: &Bench<'_>,
    (name, subject): (CheckName, &str),
    history: &DidHistory,
    signer: &Signer,
    found: &Found,
) -> Check {
    in_force_dated(bench, (name, subject), history, signer, found, None)
}

/// The same of a signature whose document says since when it is valid: all that dates what is derived with `bbs-2023`.
pub(super) fn in_force_dated(
    bench: &Bench<'_>,
    line: (CheckName, &str),
    history: &DidHistory,
    signer: &Signer,
    found: &Found,
    valid_from: Option<Timestamp>,
) -> Check {
    let check = judged(bench, line, history, signer, found, valid_from);
    // What speaks against the key needs no age; that nothing does has to be as young as asked.
    match compromise::recent(bench, history, signer) {
        Err(reason) if check.outcome == Outcome::Pass => {
            Check { outcome: Outcome::Unknown(reason), weight: Weight::Required, ..check }
        }
        Ok(()) | Err(_) => check,
    }
}

fn judged(
    bench: &Bench<'_>,
    (name, subject): (CheckName, &str),
    history: &DidHistory,
    signer: &Signer,
    found: &Found,
    valid_from: Option<Timestamp>,
) -> Check {
    let unknown = |reason| Check::unknown(name, subject, reason, Weight::Required);
    let describe = |check: Check, version: &Version| {
        let check = check
            .with("key", signer.url.fragment().unwrap_or_default())
            .with("version", version.number);
        match version.place.as_ref() {
            Some(place) => check.with("versionEntry", place.leaf_index),
            None => check,
        }
    };
    let Some(newest) = history.newest() else {
        return unknown(Reason::DidUnresolved { did: history.did().to_string() });
    };
    let still_current = signer.listed_in(newest) && history.missing().is_none();
    let report = match compromise::reported(bench, history, signer) {
        Ok(report) => report,
        Err(reason) => return unknown(reason),
    };
    let Some(Record { recorded, .. }) = found.of_signature() else {
        if still_current {
            let judged = match report {
                // A key that was put back. Only a record shows that the signature is older than the theft.
                Some(_) => Err(Reason::ReceiptNeededForRotatedKey),
                None => period::unrecorded(bench, history, newest, signer, valid_from),
            };
            let line = match judged {
                Ok(None) => Check::pass(name, subject),
                Ok(Some(ended)) => Check::pass(name, subject).with("retired", ended.to_string()),
                Err(
                    reason
                    @ (Reason::ReceiptNeededForRotatedKey | Reason::RetiredKeyUndated { .. }),
                ) => unknown(reason),
                Err(reason) => Check::fail(name, subject, reason),
            };
            return describe(line, newest).with("record", "none");
        }
        let reason = match history.missing() {
            Some(leaf_index) => Reason::HistoryIncomplete { leaf_index },
            // A receipt that could not be judged may say otherwise.
            None if found.open.is_some() || found.failure.is_some() => {
                Reason::ReceiptNeededForRotatedKey
            }
            None => match by_stamp(bench, history, signer, found, &Grades::default()) {
                // It has to be proved that it is older than the theft.
                Ok(Some((_, time)))
                    if report.is_some_and(|report| {
                        time.plus_seconds(tolerance::LEDGER_FUTURE) >= report.since
                    }) =>
                {
                    Reason::ReceiptNeededForRotatedKey
                }
                // As with a record: by that time the key had not ended.
                Ok(Some((version, time)))
                    if period::of(version, signer)
                        .is_ok_and(|period| period.ended(time).is_none()) =>
                {
                    let check = describe(Check::pass(name, subject), version)
                        .with("record", "timestamp")
                        .with("stampedBy", time.to_string());
                    return after_report(check, report.as_ref());
                }
                Ok(Some(_)) => Reason::ReceiptNeededForRotatedKey,
                Ok(None) => Reason::ReceiptNeededForRotatedKey,
                Err(reason) => reason,
            },
        };
        return describe(unknown(reason), &signer.version);
    };
    let at = recorded.leaf_index();
    let incomplete = Reason::HistoryIncomplete { leaf_index: at };
    let Some((version, completeness)) = history.at_index(recorded.origin(), at) else {
        // The DID is not on this log: the record is time evidence, compared with the versions' own times.
        if history.missing().is_some() {
            return describe(unknown(incomplete), newest);
        }
        return by_time(bench, (name, subject), history, signer, (recorded, report));
    };
    let shown = completeness == Completeness::Shown;
    if !signer.listed_in(version) {
        let check = if shown {
            Check::fail(name, subject, Reason::KeyNotInForce { leaf_index: at })
        } else {
            unknown(incomplete)
        };
        return describe(check, version).with("entry", at);
    }
    if !shown && !still_current {
        return describe(unknown(incomplete), version);
    }
    let ended = period::of(newest, signer).map(|period| period.ended(bench.context.as_of));
    let outlived = !still_current || ended.is_ok_and(|ended| ended.is_some());
    let raised = || {
        history.missing().is_none()
            && matches!(by_stamp(bench, history, signer, found, recorded.grades()), Ok(Some(_)))
    };
    let judged = period::at_record(version, signer, (at, recorded.leaf_time()))
        .and_then(|()| before_report(bench, report.as_ref(), recorded))
        .and_then(|()| if outlived { outlives(bench, recorded) } else { Ok(()) })
        .or_else(|reason| {
            // Authorities that saw the signature before the key was replaced raise the grade.
            let too_low = matches!(reason, Reason::TimeGradeTooLow { .. });
            if too_low && report.is_none() && raised() { Ok(()) } else { Err(reason) }
        });
    if let Err(reason) = judged {
        return describe(Check::fail(name, subject, reason), version).with("entry", at);
    }
    let check = describe(Check::pass(name, subject), version).with("entry", at);
    let check = after_report(check, report.as_ref());
    match signer.dropped_after(version, history).and_then(|later| later.place.as_ref()) {
        Some(place) => check.with("rotatedAtEntry", place.leaf_index),
        None => check,
    }
}

/// The signer's DID is not on the record's log: `existed_by` must lie before the version that dropped the key.
fn by_time(
    bench: &Bench<'_>,
    (name, subject): (CheckName, &str),
    history: &DidHistory,
    signer: &Signer,
    (recorded, report): (&Recorded, Option<Report>),
) -> Check {
    let leaf_index = recorded.leaf_index();
    let judged = match signer.dropped_after(&signer.version, history) {
        None => Ok(()),
        Some(later) => match (later.time, recorded.existed_by()) {
            (Some(dropped), Some(existed))
                if existed.plus_seconds(tolerance::LEDGER_FUTURE) < dropped =>
            {
                outlives(bench, recorded)
            }
            _ => Err(Reason::KeyNotInForce { leaf_index }),
        },
    };
    let judged = judged
        .and_then(|()| {
            period::at_record(&signer.version, signer, (leaf_index, recorded.leaf_time()))
        })
        .and_then(|()| before_report(bench, report.as_ref(), recorded));
    match judged {
        Ok(()) => {
            let check = Check::pass(name, subject)
                .with("key", signer.url.fragment().unwrap_or_default())
                .with("entry", leaf_index);
            after_report(check, report.as_ref())
        }
        Err(reason) => Check::fail(name, subject, reason),
    }
}

/// Whether timestamps of the grade that is asked for show that the signature was made while the key was in force: the version then,
/// and the time. The history has to be whole.
///
/// A version begins at the earlier of its own time and of that of its record: then the key counts as dropped at the latest. Where a
/// version has no time, or one begins as near to the stamp as clocks may differ and does not list the key, nothing is shown.
fn by_stamp<'a>(
    bench: &Bench<'_>,
    history: &'a DidHistory,
    signer: &Signer,
    found: &Found,
    own: &Grades,
) -> Result<Option<(&'a Version, Timestamp)>, Reason> {
    let Some(stamped) = &found.stamped else { return Ok(None) };
    let in_force = |time: Timestamp| {
        let from = |version: &Version| {
            let recorded = version.place.as_ref().map(|place| place.leaf_time);
            let own = version.time?;
            Some(recorded.map_or(own, |recorded| own.min(recorded)))
        };
        let limit = time.plus_seconds(tolerance::LEDGER_FUTURE);
        let sure = time.plus_seconds(-tolerance::LEDGER_FUTURE);
        // Those of which one was in force, wherever within the margin the stamp was made.
        let mut possible: Vec<&Version> = Vec::new();
        for version in history.versions() {
            let begins = from(version)?;
            if begins > limit {
                break;
            }
            if begins <= sure {
                possible.clear();
            }
            possible.push(version);
        }
        let listed = |version: &&Version| {
            let ended = period::of(version, signer).map(|period| period.ended(time));
            signer.listed_in(version)
                && !version.deactivated
                && ended.is_ok_and(|end| end.is_none())
        };
        possible.last().filter(|_| possible.iter().all(listed)).copied()
    };
    if in_force(stamped.existed_by).is_none() {
        return Ok(None);
    }
    let needed = bench.context.grade;
    let Some((time, _)) = stamped.graded(own, |grades| grades.holds(needed)) else {
        let found = stamped.graded(own, |_| true).map_or_else(Grades::default, |best| best.1);
        return Err(Reason::TimeGradeTooLow {
            found: found.to_string(),
            needed: needed.to_string(),
        });
    };
    Ok(in_force(time).map(|version| (version, time)))
}

/// That the signature is older than the theft of its key, if one was reported.
fn before_report(
    bench: &Bench<'_>,
    report: Option<&Report>,
    recorded: &Recorded,
) -> Result<(), Reason> {
    report.map_or(Ok(()), |report| compromise::signed_before(bench, report, recorded))
}

fn after_report(check: Check, report: Option<&Report>) -> Check {
    match report {
        Some(Report { since, leaf_index }) => {
            check.with("compromisedSince", since.to_string()).with("reportedAtEntry", *leaf_index)
        }
        None => check,
    }
}

/// That a signature outlived its key is never said on a lower grade of time than asked for (decisions 22).
fn outlives(bench: &Bench<'_>, recorded: &Recorded) -> Result<(), Reason> {
    let (found, needed) = (recorded.grades(), bench.context.grade);
    if found.holds(needed) {
        return Ok(());
    }
    Err(Reason::TimeGradeTooLow { found: found.to_string(), needed: needed.to_string() })
}

/// Whether the DID had ended when the signature was recorded: what was recorded before stays good, since the DID
/// ended and was not found to be false. `Some` if it has ended since.
pub(super) fn ended_before(
    bench: &Bench<'_>,
    history: &DidHistory,
    found: &Found,
) -> Result<Option<u64>, Reason> {
    let Some(end) = history.ended() else { return Ok(None) };
    let record = found.of_signature().map(|record| &record.recorded);
    match (end, record) {
        (Some((origin, at)), Some(recorded))
            if recorded.origin() == origin && recorded.leaf_index() < at =>
        {
            outlives(bench, recorded).map(|()| Some(at))
        }
        _ => Err(Reason::DidDeactivated { did: history.did().to_string() }),
    }
}

/// The DID's home has to be in sight ([`DidHistory::out_of_sight`]), however old what is shown of it may be. From a place in the past
/// no head is shown: whoever looks from there looks at today as well.
pub(super) fn in_sight(bench: &Bench<'_>, history: &DidHistory) -> Result<(), Reason> {
    match history.out_of_sight().filter(|_| !bench.ledger.is_past()) {
        Some(origin) => {
            let (did, origin) = (history.did().to_string(), origin.to_owned());
            Err(Reason::OutOfSight { did, origin })
        }
        None => Ok(()),
    }
}

/// What is known of the DID's newest version must be in sight, and as recent as the context asks for.
pub(super) fn recent(bench: &Bench<'_>, history: &DidHistory) -> Result<(), Reason> {
    in_sight(bench, history)?;
    let Some(max_age) = bench.context.max_age.filter(|_| history.did().scid().is_some()) else {
        return Ok(());
    };
    let age = history.fresh_at().map(|seen| bench.context.as_of.seconds_since(seen));
    if age.is_some_and(|age| age <= max_age) { Ok(()) } else { Err(Reason::Stale) }
}

/// A signature's own dates, for signatures whose credential has others.
pub(super) fn in_time(
    bench: &Bench<'_>,
    created: Option<Timestamp>,
    expires: Option<Timestamp>,
) -> Result<(), Reason> {
    let as_of = bench.context.as_of;
    let early = created.is_some_and(|made| made > as_of.plus_seconds(tolerance::CREDENTIAL));
    let late = expires.is_some_and(|end| end < as_of);
    if early || late { Err(Reason::SignatureNotInTime { as_of }) } else { Ok(()) }
}

/// The DID part of a method, if it is a DID we can resolve.
pub(super) fn did_of(method: &str) -> Result<Did, Reason> {
    DidUrl::parse(method)
        .map(|url| url.did().clone())
        .map_err(|_| Reason::NotADid { found: method.to_owned() })
}
