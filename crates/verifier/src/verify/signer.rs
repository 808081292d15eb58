//! Whose key signed, and was it in force then? The same question for issuers, countersigners and status lists.

use inkan_core::{Timestamp, tolerance};
use inkan_credential::RdfcError;
use inkan_credential::proof::ProofError;
use inkan_crypto::PublicKey;
use inkan_did::{Did, DidUrl, Relationship};

use super::Bench;
use super::record::{Found, Record};
use crate::check::{Check, CheckName, Weight};
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
/// question ([`in_force`]). Each try may cost as much as the document is large, so that there is a limit to those that fail.
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
    fn named(&self) -> (&DidUrl, &PublicKey) {
        (&self.url, &self.key)
    }

    fn listed_in(&self, version: &Version) -> bool {
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
    let Some(Record { recorded, .. }) = &found.record else {
        if still_current {
            return describe(Check::pass(name, subject), newest).with("record", "none");
        }
        let reason = match history.missing() {
            Some(leaf_index) => Reason::HistoryIncomplete { leaf_index },
            None => Reason::ReceiptNeededForRotatedKey,
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
        return by_time(bench, (name, subject), history, signer, recorded);
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
    if !still_current && let Err(reason) = outlives(bench, recorded) {
        return describe(Check::fail(name, subject, reason), version);
    }
    let check = describe(Check::pass(name, subject), version).with("entry", at);
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
    recorded: &Recorded,
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
    match judged {
        Ok(()) => Check::pass(name, subject)
            .with("key", signer.url.fragment().unwrap_or_default())
            .with("entry", leaf_index),
        Err(reason) => Check::fail(name, subject, reason),
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
    let record = found.record.as_ref().map(|record| &record.recorded);
    match (end, record) {
        (Some((origin, at)), Some(recorded))
            if recorded.origin() == origin && recorded.leaf_index() < at =>
        {
            outlives(bench, recorded).map(|()| Some(at))
        }
        _ => Err(Reason::DidDeactivated { did: history.did().to_string() }),
    }
}

/// What is known of the DID's newest version must be as recent as the context asks for.
pub(super) fn recent(bench: &Bench<'_>, history: &DidHistory) -> Result<(), Reason> {
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
