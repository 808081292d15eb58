//! What shows two histories of one DID, as far as the log's node was shown it (§6.2): a mirror keeps it where the node might not.
//!
//! In scope: which DIDs are asked about, a few at each look; keeping what proves itself. Out of scope: judging leaves (`mirror`).

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use inkan_core::{Timestamp, json};
use inkan_ledger::evidence::{EVIDENCE_LIMIT, forks_from_value};
use inkan_ledger::state::{EQUIVOCATIONS_LIMIT, parse_did_body};
use inkan_ledger::{Kind, LogPolicy, MapKey, MapValue, Proven, VerifierKey, leaf};
use serde_json::Value;

use super::error::MirrorError;
use super::source::MirrorSource;
use super::write;
use crate::files;

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
        let Ok((_, _, body)) = leaf::split(entry) else { return };
        let Ok(entry) = parse_did_body(body) else { return };
        if self.known.insert(entry.scid().to_owned()) {
            self.queue.push_back(entry.scid().to_owned());
        }
        while self.queue.len() > MET_LIMIT {
            if let Some(oldest) = self.queue.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// Those whose turn it is.
    fn next(&mut self) -> Vec<String> {
        let turn: Vec<String> = (0..AT_ONCE).map_while(|_| self.queue.pop_front()).collect();
        self.queue.extend(turn.iter().cloned());
        turn
    }
}

/// Where the forks of a DID lie below a mirror's folder; `None` for what is no SCID.
#[must_use]
pub fn forks_path(folder: &Path, scid: &str) -> Option<PathBuf> {
    let plain = scid.len() == 46 && scid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then(|| folder.join("equivocations").join(format!("{scid}.json")))
}

/// Asks the log's node about the DIDs whose turn it is, and keeps what proves itself. That a node does not answer, or answers
/// what proves nothing, is no fault of the log.
pub(super) fn ask(
    met: &mut Met,
    source: &mut MirrorSource,
    (folder, log): (&Path, &VerifierKey),
    now: Timestamp,
) -> Result<(), MirrorError> {
    // Entries of a DID prove themselves: the policy is for other evidence.
    let Ok(policy) = LogPolicy::parse(&LogPolicy::text_of_all(log, &[])) else { return Ok(()) };
    for scid in met.next() {
        let Ok(Some(bytes)) = source.forks(&scid) else { return Ok(()) };
        let (Some(path), Some(count)) =
            (forks_path(folder, &scid), proved(&bytes, &scid, &policy, now))
        else {
            continue;
        };
        // What it had once, it has for ever.
        let kept = files::read_optional(&path, EVIDENCE_LIMIT)?.unwrap_or_default();
        let kept = proved(&kept, &scid, &policy, now).unwrap_or(0);
        if count > kept {
            write(&path, &bytes)?;
        }
    }
    Ok(())
}

/// How many forks of this DID an answer proves; `None` if any of it proves nothing.
fn proved(bytes: &[u8], scid: &str, policy: &LogPolicy, now: Timestamp) -> Option<usize> {
    let value: Value = json::parse(bytes, EVIDENCE_LIMIT).ok()?;
    let evidence = forks_from_value(&value).ok()?;
    let mut versions = BTreeSet::new();
    for one in &evidence {
        let Ok(Proven::DidEquivocation { scid: of, version_ids, .. }) = one.verify(policy, now)
        else {
            return None;
        };
        if of != scid {
            return None;
        }
        versions.insert(version_ids);
    }
    Some(versions.len()).filter(|count| *count == evidence.len() && *count <= EQUIVOCATIONS_LIMIT)
}
