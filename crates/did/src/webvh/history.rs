//! The whole log of one DID, as somebody published it: verified from the first entry to the last
//! ([did:webvh 1.0, Read](https://identity.foundation/didwebvh/v1.0/#read-resolve)).

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::{
    Timestamp,
    json::{self, JsonError},
    limits,
};
use inkan_crypto::PublicKey;
use serde_json::Value;

use super::check::{Advance, advance};
use super::entry::Entry;
use super::error::EntryError;
use super::head::Head;
use super::parameters::WitnessSet;
use super::witness::{self, Approvals};
use crate::did::Did;
use crate::did_url::VersionSelector;
use crate::rules::Rules;

/// A verified log with at least one version.
///
/// It certifies itself: nobody but the controller can have written it. It does not certify that it is complete; that
/// takes a ledger, or witnesses.
#[derive(Clone, Debug)]
pub struct History {
    versions: Vec<Head>,
    latest: Head,
}

impl History {
    /// Verifies `did.jsonl`, with `did-witness.json` where entries need approval, as of `now`.
    ///
    /// The log is accepted or refused as a whole: an invalid entry invalidates those before it too.
    ///
    /// # Errors
    ///
    /// [`HistoryError`]; `Entry` names the line and the rule.
    pub fn verify(
        log: &str,
        witness_json: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, HistoryError> {
        if log.len() > limits::DID_LOG {
            return Err(HistoryError::TooLarge { size: log.len() });
        }
        if log.trim().is_empty() {
            return Err(HistoryError::Empty);
        }
        Self::verify_rest(&[], log, witness_json, now)
    }

    /// Verifies a log of which entries are known already: `known` are the lines of a ledger's leaves with the heads that
    /// [`check_next`](super::check_next) led to, oldest first. Lines that are the same, byte for byte, are not checked
    /// again; the first other line, and all after it, are.
    ///
    /// # Errors
    ///
    /// As [`Self::verify`].
    pub fn verify_after(
        known: &[(Head, Vec<u8>)],
        log: &str,
        now: Timestamp,
    ) -> Result<Self, HistoryError> {
        if log.len() > limits::DID_LOG {
            return Err(HistoryError::TooLarge { size: log.len() });
        }
        if log.trim().is_empty() {
            return Err(HistoryError::Empty);
        }
        let lines = log.strip_suffix('\n').unwrap_or(log).split('\n');
        let same = known.iter().zip(lines).take_while(|((_, one), line)| one == line.as_bytes());
        let heads: Vec<Head> = same.map(|((head, _), _)| head.clone()).collect();
        Self::verify_rest(&heads, log, None, now)
    }

    /// The log after the lines that led to `known`.
    fn verify_rest(
        known: &[Head],
        log: &str,
        witness_json: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, HistoryError> {
        let lines: Vec<&str> = log.strip_suffix('\n').unwrap_or(log).split('\n').collect();
        let mut versions: Vec<Head> = known.to_vec();
        // Entries of a ledger carry their approvals, which were counted there.
        let mut needed = vec![WitnessSet::default(); known.len()];
        for (line, number) in lines.into_iter().zip(1..).skip(known.len()) {
            let at = |source| HistoryError::Entry { line: number, source };
            let entry = Entry::read(line.as_bytes(), Rules::Resolver).map_err(at)?;
            let Advance { head, approving } = advance(versions.last(), &entry, now).map_err(at)?;
            needed.push(approving);
            versions.push(head);
        }
        let latest = versions.last().cloned().ok_or(HistoryError::Empty)?;
        let proofs = witness_proofs(&versions, &needed, witness_json, now)?;
        check_approvals(&needed, &proofs)?;
        Ok(Self { versions, latest })
    }

    /// The DID of the latest version.
    #[must_use]
    pub fn did(&self) -> &Did {
        self.latest.did()
    }

    /// Whether `did` is, or was, the DID of this history. A resolver must refuse a history that does not cover the DID it
    /// was asked for.
    #[must_use]
    pub fn covers(&self, did: &Did) -> bool {
        self.versions.iter().any(|version| version.did() == did)
    }

    /// All versions, oldest first.
    #[must_use]
    pub fn versions(&self) -> &[Head] {
        &self.versions
    }

    /// The latest version.
    #[must_use]
    pub const fn latest(&self) -> &Head {
        &self.latest
    }

    /// The version that was current at `time` by the controller's own dates; `None` before the first.
    #[must_use]
    pub fn at_time(&self, time: Timestamp) -> Option<&Head> {
        self.versions.iter().rev().find(|version| version.time <= time)
    }

    /// The version with this `versionId`.
    #[must_use]
    pub fn version(&self, version_id: &str) -> Option<&Head> {
        self.versions.iter().find(|version| version.version_id == version_id)
    }

    /// The version with this number, from 1.
    #[must_use]
    pub fn number(&self, number: u64) -> Option<&Head> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// The one version that all `selectors` name; the latest if there are none.
    ///
    /// # Errors
    ///
    /// [`HistoryError::VersionNotFound`] if a selector names no version, or two name different ones.
    pub fn select(&self, selectors: &[VersionSelector]) -> Result<&Head, HistoryError> {
        let mut chosen: Option<&Head> = None;
        for selector in selectors {
            let found = match selector {
                VersionSelector::Id(version_id) => self.version(version_id),
                VersionSelector::Time(time) => self.at_time(*time),
                VersionSelector::Number(number) => self.number(*number),
            };
            let agrees = |found: &&Head| chosen.is_none_or(|head| head.number == found.number);
            let found = found.filter(agrees);
            chosen = Some(
                found
                    .ok_or_else(|| HistoryError::VersionNotFound { selector: selector.clone() })?,
            );
        }
        Ok(chosen.unwrap_or(&self.latest))
    }
}

/// The approvals in `did-witness.json`, by the index of the version they name; those of unknown versions are ignored.
fn witness_proofs(
    versions: &[Head],
    needed: &[WitnessSet],
    witness_json: Option<&str>,
    now: Timestamp,
) -> Result<BTreeMap<usize, BTreeSet<PublicKey>>, HistoryError> {
    let mut out: BTreeMap<usize, BTreeSet<PublicKey>> = BTreeMap::new();
    // Without witnesses the file says nothing, and is not looked at.
    if needed.iter().all(WitnessSet::is_empty) {
        return Ok(out);
    }
    let Some(text) = witness_json else { return Ok(out) };
    let value = json::parse(text.as_bytes(), limits::DID_LOG)?;
    for item in value.as_array().ok_or(HistoryError::WitnessFile)? {
        let version_id = item.get("versionId").and_then(Value::as_str);
        let known = versions.iter().position(|head| Some(head.version_id.as_str()) == version_id);
        let Some(index) = known else { continue };
        let approvals = Approvals::from_value(item, Rules::Resolver);
        let keys = approvals.and_then(|approvals| approvals.verify(now));
        let keys = keys.map_err(|_| HistoryError::WitnessFile)?;
        out.entry(index).or_default().extend(keys);
    }
    Ok(out)
}

/// An approval of a version approves all versions before it.
fn check_approvals(
    needed: &[WitnessSet],
    proofs: &BTreeMap<usize, BTreeSet<PublicKey>>,
) -> Result<(), HistoryError> {
    let mut approving = BTreeSet::new();
    for (index, set) in needed.iter().enumerate().rev() {
        approving.extend(proofs.get(&index).into_iter().flatten().cloned());
        if !set.is_empty() {
            witness::check_threshold(set, &approving)
                .map_err(|source| HistoryError::Entry { line: index.saturating_add(1), source })?;
        }
    }
    Ok(())
}

/// Why a history was refused, or a version of it not found.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HistoryError {
    /// More bytes than a log may have.
    #[error("the log has {size} bytes, more than the limit")]
    TooLarge {
        /// Bytes given.
        size: usize,
    },
    /// No entry at all.
    #[error("the log is empty")]
    Empty,
    /// An entry breaks a rule.
    #[error("line {line} of the log is refused")]
    Entry {
        /// The line, from 1.
        line: usize,
        /// The rule.
        source: EntryError,
    },
    /// `did-witness.json` is not strict JSON.
    #[error("did-witness.json is not strict JSON")]
    WitnessJson(#[from] JsonError),
    /// `did-witness.json` is not a list of proofs, or a proof in it does not hold.
    #[error("did-witness.json is malformed, or a proof in it does not hold")]
    WitnessFile,
    /// No version fits the selector, or another selector names another version. The history may be behind: a retry with a
    /// newer one can help.
    #[error("no version fits {}", words(selector))]
    VersionNotFound {
        /// The selector that could not be obeyed.
        selector: VersionSelector,
    },
}

/// A selector as its user wrote it.
fn words(selector: &VersionSelector) -> String {
    match selector {
        VersionSelector::Number(number) => format!("number {number}"),
        VersionSelector::Time(time) => format!("the time {time}"),
        VersionSelector::Id(id) => {
            format!("the versionId {:?}", id.chars().take(80).collect::<String>())
        }
    }
}

impl HistoryError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "did-log-too-large",
            Self::Empty => "did-log-empty",
            Self::Entry { source, .. } => source.code(),
            Self::WitnessJson(_) | Self::WitnessFile => "witness-invalid",
            Self::VersionNotFound { .. } => "version-not-found",
        }
    }
}

#[cfg(test)]
mod tests;
