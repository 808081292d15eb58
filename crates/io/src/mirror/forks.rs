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
    use std::sync::{Arc, Mutex};

    use inkan_core::encoding::b64u;
    use inkan_core::rng::insecure::SeededRng;
    use inkan_crypto::{KeyType, SecretKey};
    use inkan_did::webvh::{self, Create, Entry};
    use serde_json::json;

    use super::*;
    use crate::cosigner::fake::{Reply, serve};
    use crate::http::PlainHttp;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_768_464_000 + seconds).unwrap()
    }

    fn key(seed: u64) -> SecretKey {
        SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed))
    }

    fn entry(line: &str) -> Entry {
        Entry::parse(line.trim_end().as_bytes(), None).unwrap()
    }

    /// The SCID of a DID, its first version, and three second ones that its controller signed.
    fn forked(seed: u64) -> (String, String, [String; 3]) {
        let request = Create {
            domain: "people.example".to_owned(),
            path: None,
            key_id: "key-1".to_owned(),
            key: key(seed).public_key(),
            others: Vec::new(),
            next_key_hashes: vec![],
            services: vec![],
            home: None,
        };
        let next = key(seed + 1);
        let (did, first) =
            webvh::create(&request, &key(seed + 2), &next.public_key(), at(0)).unwrap();
        let head = webvh::check_next(None, &entry(&first), at(1)).unwrap();
        let second = [10, 20, 30].map(|branch| {
            let keys = [("key-2".to_owned(), key(seed + branch).public_key())];
            let last = key(seed + branch + 1).public_key();
            webvh::rotate(&head, &keys, &next, &last, at(60)).unwrap().trim_end().to_owned()
        });
        (did.scid().unwrap().to_owned(), first.trim_end().to_owned(), second)
    }

    /// What a node says: of each fork the version that it recorded, the refused one, and that one's name.
    fn answer(scid: &str, first: &str, forks: &[(&str, &str, &str)]) -> Vec<u8> {
        let forks: Vec<Value> = forks
            .iter()
            .map(|(recorded, refused, name)| {
                json!({
                    "number": 2,
                    "index": 5,
                    "recorded": b64u(recorded.as_bytes()),
                    "refusedVersionId": name,
                    "refused": b64u(refused.as_bytes()),
                })
            })
            .collect();
        let history = [b64u(first.as_bytes())];
        json!({
            "type": "inkan-equivocations/1", "scid": scid, "history": history, "equivocations": forks,
        })
        .to_string()
        .into_bytes()
    }

    #[test]
    fn only_what_proves_two_histories_of_that_did_counts() {
        let (scid, first, [one, two, three]) = forked(100);
        let policy = LogPolicy::parse("quorum none\n").unwrap();
        let count = |bytes: &[u8]| proved(bytes, &scid, &policy, at(1_000));
        let id = |line: &str| entry(line).version_id().to_owned();
        let (second, third) = (id(&two), id(&three));
        let fork = (one.as_str(), two.as_str(), second.as_str());
        let other = (one.as_str(), three.as_str(), third.as_str());
        assert_eq!(count(&answer(&scid, &first, &[fork])), Some(1));
        assert_eq!(count(&answer(&scid, &first, &[fork, other])), Some(2));
        let forged = two.replace("key-2", "key-3");
        let (_, stranger, [his, his_other, _]) = forked(200);
        let his_id = id(&his_other);
        let nothing = [
            // One version twice is no fork, and one fork listed twice is not two.
            answer(&scid, &first, &[(&one, &one, &id(&one))]),
            answer(&scid, &first, &[fork, fork]),
            // What its controller did not sign; one that is called otherwise than it is; one beside what proves itself.
            answer(&scid, &first, &[(&one, &forged, &second)]),
            answer(&scid, &first, &[(&one, &two, &third)]),
            answer(&scid, &first, &[fork, (&one, &forged, &second)]),
            // Somebody else's fork, and an answer about somebody else.
            answer(&scid, &stranger, &[(&his, &his_other, &his_id)]),
            answer("somebody", &first, &[fork]),
            b"{}".to_vec(),
        ];
        for bytes in nothing {
            assert_eq!(count(&bytes), None, "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn what_is_kept_is_never_replaced_by_less() {
        let (scid, first, [one, two, three]) = forked(100);
        let id = |line: &str| entry(line).version_id().to_owned();
        let (second, third) = (id(&two), id(&three));
        let fork = (one.as_str(), two.as_str(), second.as_str());
        let other = (one.as_str(), three.as_str(), third.as_str());
        let (less, more) = (answer(&scid, &first, &[fork]), answer(&scid, &first, &[fork, other]));
        let forged = answer(&scid, &first, &[(&one, &two.replace("key-2", "key-3"), &second)]);
        let says = Arc::new(Mutex::new(Vec::new()));
        let said = Arc::clone(&says);
        let url = serve(move |_, _| Reply::new(200, said.lock().unwrap().clone()));
        let mut source = MirrorSource::url(&url, PlainHttp::Loopback);
        let folder = tempfile::tempdir().unwrap();
        let path = forks_path(folder.path(), &scid).unwrap();
        let log = VerifierKey::parse(
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        )
        .unwrap();
        for (shown, kept) in [
            (&forged, None),
            (&less, Some(&less)),
            (&more, Some(&more)),
            (&less, Some(&more)),
            (&forged, Some(&more)),
        ] {
            shown.clone_into(&mut says.lock().unwrap());
            let scids = vec![scid.clone()];
            let asked = ForksToAsk { scids, folder: folder.path().to_path_buf(), log: log.clone() };
            let left = asked.ask(&mut source, at(1_000), Duration::from_secs(60)).unwrap();
            assert!(left.is_empty());
            assert_eq!(std::fs::read(&path).ok().as_ref(), kept);
        }
    }

    #[test]
    fn a_name_that_is_no_scid_has_no_place() {
        let folder = Path::new("copy");
        let scid = "Q".repeat(46);
        let place = folder.join("equivocations").join(format!("{scid}.json"));
        assert_eq!(forks_path(folder, &scid), Some(place));
        let long = format!("../{}", "k".repeat(43));
        for name in ["../key", "", long.as_str(), &"Q".repeat(45), &"\u{e9}".repeat(23)] {
            assert_eq!(forks_path(folder, name), None, "{name}");
        }
    }

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
