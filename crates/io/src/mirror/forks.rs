//! What shows two histories of one DID, as far as the log's node was shown it (§6.2): a mirror keeps it where the node might not.
//!
//! In scope: which DIDs are asked about, a few at each look; keeping what proves itself. Out of scope: judging leaves (`mirror`).

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use inkan_core::{Timestamp, json};
use inkan_ledger::evidence::{FORKS_LIMIT, forks_from_value};
use inkan_ledger::state::{EQUIVOCATIONS_LIMIT, claimed_scid};
use inkan_ledger::{Kind, LogPolicy, MapKey, MapValue, Proven, VerifierKey, leaf};
use serde_json::Value;

use super::error::MirrorError;
use super::source::MirrorSource;
use super::write;
use crate::files;
use crate::http::HttpError;

/// DIDs asked about at each look.
const AT_ONCE: usize = 16;
/// DIDs that are remembered; those met longest ago are forgotten.
const MET_LIMIT: usize = 65_536;

/// DIDs with more than one version, which alone can have been forked, in the order in which they are asked about.
#[derive(Debug, Default)]
pub(super) struct Met {
    queue: VecDeque<String>,
    known: BTreeSet<String>,
}

impl Met {
    /// Takes note of a leaf, if it changes a DID.
    pub(super) fn meet(&mut self, head: Option<&(MapKey, MapValue)>, entry: &[u8]) {
        if head.is_none_or(|(_, value)| value.kind != Kind::Did || value.sequence < 2) {
            return;
        }
        let Ok((kind, _, body)) = leaf::split(entry) else { return };
        let Some(scid) = claimed_scid(kind, body) else { return };
        if self.known.insert(scid.clone()) {
            self.queue.push_back(scid);
        }
        while self.queue.len() > MET_LIMIT {
            if let Some(oldest) = self.queue.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// Those whose turn it is.
    pub(super) fn next(&mut self) -> Vec<String> {
        let turn: Vec<String> = (0..AT_ONCE).map_while(|_| self.queue.pop_front()).collect();
        self.queue.extend(turn.iter().cloned());
        turn
    }

    /// Puts in front those that nobody came to: else a slow answer about one DID would leave the same others unasked for ever.
    pub(super) fn put_first(&mut self, scids: &[String]) {
        let known: Vec<&String> = scids.iter().filter(|one| self.known.contains(*one)).collect();
        self.queue.retain(|one| !known.contains(&one));
        for scid in known.into_iter().rev() {
            self.queue.push_front(scid.clone());
        }
    }
}

/// Where the forks of a DID lie below a mirror's folder; `None` for what is no SCID.
#[must_use]
pub fn forks_path(folder: &Path, scid: &str) -> Option<PathBuf> {
    let plain = scid.len() == 46 && scid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then(|| folder.join("equivocations").join(format!("{scid}.json")))
}

/// The DIDs whose turn it is. Asking takes nothing of the mirror, which goes on judging meanwhile.
#[derive(Debug)]
pub struct ForksToAsk {
    pub(super) scids: Vec<String>,
    pub(super) folder: PathBuf,
    pub(super) log: VerifierKey,
}

impl ForksToAsk {
    /// Asks the log's node, for so long at most but for the last answer, and keeps what proves itself. That a node does not answer,
    /// or answers what proves nothing, is no fault of the log, and keeps it silent about no other DID. Gives those that
    /// nobody came to.
    ///
    /// # Errors
    ///
    /// [`MirrorError`] if what was found cannot be kept.
    #[expect(
        clippy::disallowed_methods,
        reason = "it ends by itself, whatever the clock of judgements says"
    )]
    pub fn ask(
        self,
        source: &mut MirrorSource,
        now: Timestamp,
        at_most: Duration,
    ) -> Result<Vec<String>, MirrorError> {
        let begun = Instant::now();
        // Entries of a DID prove themselves: the policy is for other evidence.
        let policy = LogPolicy::parse(&LogPolicy::text_of_all(&self.log, &[]));
        let Ok(policy) = policy else { return Ok(Vec::new()) };
        for (asked, scid) in self.scids.iter().enumerate() {
            if begun.elapsed() > at_most {
                return Ok(self.scids.get(asked..).unwrap_or_default().to_vec());
            }
            let bytes = match source.forks(scid) {
                Ok(Some(bytes)) => bytes,
                // Nobody is there: nor is anybody for the others.
                Err(MirrorError::Http(HttpError::Unreachable { .. })) => {
                    return Ok(self.scids.get(asked..).unwrap_or_default().to_vec());
                }
                Ok(None) | Err(_) => continue,
            };
            let Some(path) = forks_path(&self.folder, scid) else { continue };
            let kept = files::read_optional(&path, FORKS_LIMIT)?.unwrap_or_default();
            if kept == bytes {
                continue;
            }
            let Some(count) = proved(&bytes, scid, &policy, now) else { continue };
            // What it had once, it has for ever.
            if count > proved(&kept, scid, &policy, now).unwrap_or(0) {
                write(&path, &bytes)?;
            }
        }
        Ok(Vec::new())
    }
}

/// How many forks of this DID an answer proves; `None` if any of it proves nothing.
fn proved(bytes: &[u8], scid: &str, policy: &LogPolicy, now: Timestamp) -> Option<usize> {
    let value: Value = json::parse(bytes, FORKS_LIMIT).ok()?;
    if json::text(&value, "scid") != Some(scid) {
        return None;
    }
    let evidence = forks_from_value(&value).ok()?;
    let listed = value.get("equivocations").and_then(Value::as_array)?;
    let mut versions = BTreeSet::new();
    for (one, listed) in evidence.iter().zip(listed) {
        let Ok(Proven::DidEquivocation { scid: of, version_ids, .. }) = one.verify(policy, now)
        else {
            return None;
        };
        let refused = json::text(listed, "refusedVersionId")?;
        if of != scid || !version_ids.iter().any(|id| id == refused) {
            return None;
        }
        versions.insert(version_ids);
    }
    Some(versions.len()).filter(|count| *count == evidence.len() && *count <= EQUIVOCATIONS_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_nobody_came_to_are_asked_about_first() {
        let names: Vec<String> = (0..20).map(|number| format!("did-{number:02}")).collect();
        let mut met =
            Met { queue: names.iter().cloned().collect(), known: names.iter().cloned().collect() };
        let turn = met.next();
        assert_eq!(turn, names[..AT_ONCE]);
        met.put_first(&turn[3..]);
        // A name that was forgotten meanwhile stays forgotten.
        met.put_first(&["somebody".to_owned()]);
        let next = met.next();
        assert_eq!(next[..13], names[3..AT_ONCE]);
        assert_eq!(next[13..], names[AT_ONCE..19]);
        assert_eq!(met.queue.len(), 20);
    }
}
