//! Whose key signed, and was it in force then? The same question for issuers, countersigners and status lists.

use inkan_core::tolerance;
use inkan_crypto::PublicKey;
use inkan_did::{Did, DidUrl, Relationship};

use super::Bench;
use super::record::Found;
use crate::check::{Check, CheckName, Weight};
use crate::history::{Completeness, DidHistory, Version};
use crate::reason::Reason;
use crate::verified::Recorded;

/// A signer's key and the version it was found in.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    pub(super) key: PublicKey,
    pub(super) version: Version,
}

/// Finds the key that `method` names in the newest version that lists it for `purpose`.
///
/// Whether that version was in force is another question ([`in_force`]).
pub(super) fn key(
    history: &DidHistory,
    method: &str,
    purpose: Relationship,
) -> Result<(DidUrl, Signer), Reason> {
    let url = DidUrl::parse(method).map_err(|_| Reason::MethodUnknown)?;
    let version = history.newest_with(&url, purpose).ok_or(Reason::MethodUnknown)?;
    let found = version.document.method(&url).ok_or(Reason::MethodUnknown)?;
    let signer = Signer { key: found.key.clone(), version: version.clone() };
    Ok((url, signer))
}

/// Judges whether the key was in force when it signed, and says so in one check.
///
/// With a record: the version in force at the record's place in the log (ledger §5.2 V10). Without: the version
/// current as of the judged time; a key that only an older version has is undetermined (decisions 8).
pub(super) fn in_force(
    bench: &Bench<'_>,
    name: CheckName,
    subject: &str,
    history: &DidHistory,
    (method, signer): (&DidUrl, &Signer),
    purpose: Relationship,
    found: &Found,
) -> Check {
    let describe = |check: Check, version: &Version| {
        let check = check
            .with("key", method.fragment().unwrap_or_default())
            .with("version", version.number);
        match version.place.as_ref() {
            Some(place) => check.with("versionEntry", place.leaf_index),
            None => check,
        }
    };
    let Some(newest) = history.newest() else {
        let reason = Reason::DidUnresolved { did: history.did().to_string() };
        return Check::unknown(name, subject, reason, Weight::Required);
    };
    let still_current = newest.document.allows(method, purpose);
    let Some(record) = &found.record else {
        if still_current {
            return describe(Check::pass(name, subject), newest).with("record", "none");
        }
        let check = Check::unknown(name, subject, Reason::ReceiptNeededForRotatedKey, Weight::Required);
        return describe(check, &signer.version);
    };
    let recorded = &record.recorded;
    let at = recorded.leaf_index();
    let Some((version, completeness)) = history.at_index(recorded.origin(), at) else {
        // The DID is not on this log: the record is time evidence, compared with the versions' own times.
        return by_time(name, subject, history, (method, signer), purpose, recorded);
    };
    if !version.document.allows(method, purpose) {
        let check = Check::fail(name, subject, Reason::KeyNotInForce { leaf_index: at });
        return describe(check, version).with("entry", at);
    }
    if completeness == Completeness::NotShown && !still_current {
        let reason = Reason::HistoryIncomplete { leaf_index: at };
        return describe(Check::unknown(name, subject, reason, Weight::Required), version);
    }
    if !still_current && recorded.grade() < bench.context.grade {
        let reason = Reason::TimeGradeTooLow {
            found: recorded.grade().to_string(),
            needed: bench.context.grade.to_string(),
        };
        return describe(Check::fail(name, subject, reason), version);
    }
    let check = describe(Check::pass(name, subject), version).with("entry", at);
    match history.dropped_after(version, method, purpose).and_then(|later| later.place.as_ref()) {
        Some(place) => check.with("rotatedAtEntry", place.leaf_index),
        None => check,
    }
}

/// The signer's DID is not on the record's log: `existed_by` must lie before the version that dropped the key.
fn by_time(
    name: CheckName,
    subject: &str,
    history: &DidHistory,
    (method, signer): (&DidUrl, &Signer),
    purpose: Relationship,
    recorded: &Recorded,
) -> Check {
    let dropped = history.dropped_after(&signer.version, method, purpose);
    let holds = match (dropped.and_then(|version| version.time), recorded.existed_by()) {
        (None, _) => dropped.is_none(),
        (Some(dropped), Some(existed)) => existed.plus_seconds(tolerance::LEDGER_FUTURE) < dropped,
        (Some(_), None) => false,
    };
    if holds {
        return Check::pass(name, subject)
            .with("key", method.fragment().unwrap_or_default())
            .with("entry", recorded.leaf_index());
    }
    let reason = Reason::KeyNotInForce { leaf_index: recorded.leaf_index() };
    Check::fail(name, subject, reason)
}

/// The DID part of a method, if it is a DID we can resolve.
pub(super) fn did_of(method: &str) -> Result<Did, Reason> {
    DidUrl::parse(method)
        .map(|url| url.did().clone())
        .map_err(|_| Reason::NotADid { found: method.to_owned() })
}
