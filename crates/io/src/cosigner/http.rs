//! A witness elsewhere, asked through `add-checkpoint` of [C2SP tlog-witness](https://c2sp.org/tlog-witness).
//!
//! In scope: the request, each answer there is, the alarm when the witness has seen more of the log than the log knows.
//! Out of scope: the other side (`inkan-server`), when it is asked (`set`).

use std::time::Duration;

use inkan_core::{Timestamp, tolerance};
use inkan_ledger::add_checkpoint::{
    ANSWER_LIMIT, AddCheckpoint, SIZE_MEDIA_TYPE, monitoring_path, parse_lines, parse_size,
};
use inkan_ledger::cosignature::verify_cosignature;
use inkan_ledger::note::{KeyMaterial, SignatureLine};
use inkan_ledger::tree::{TreeHead, verify_consistency};
use inkan_ledger::witness::WitnessError;
use inkan_ledger::{Checkpoint, SignedNote, VerifierKey};

use super::{CosignError, CosignRequest, Cosigner, Pace, is_ahead, signed_head, with_lines_of};
use crate::http::{Answer, PlainHttp, Request, Session, Verb};

/// A witness has this long to answer (§3.3).
const SECONDS: u64 = 5;
/// A public witness is never asked more often than this (§3.3).
const SHORTEST: Duration = Duration::from_secs(10);

/// Where a witness is, and how it is known.
#[derive(Clone, Debug)]
pub struct WitnessAddress {
    /// Its name in the log's policy.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
    /// Prefix of the URL that takes checkpoints.
    pub submission: String,
    /// Prefix of the URL that gives them, if it gives any.
    pub monitoring: Option<String>,
    /// [`Pace::EveryCheckpoint`] for an own one, [`Pace::Every`] for somebody else's (at least ten seconds).
    pub pace: Pace,
    /// Whether plain http may be used.
    pub plain: PlainHttp,
}

/// A witness elsewhere.
#[derive(Debug)]
pub struct HttpWitness {
    address: WitnessAddress,
    logs: Vec<VerifierKey>,
    /// Opened on the thread that asks.
    session: Option<Session>,
    /// How many leaves it has seen, as far as is known.
    seen: u64,
}

impl HttpWitness {
    /// Makes ready to ask; nothing is sent yet. `logs` are the keys of the log.
    ///
    /// # Errors
    ///
    /// [`CosignError::WrongKey`] if the key does not make cosignatures.
    pub fn new(mut address: WitnessAddress, logs: Vec<VerifierKey>) -> Result<Self, CosignError> {
        if !matches!(address.key.material(), KeyMaterial::Cosignature(_)) {
            return Err(CosignError::WrongKey { name: address.name });
        }
        address.pace = match address.pace {
            Pace::Every(time) => Pace::Every(time.max(SHORTEST)),
            Pace::InProcess | Pace::EveryCheckpoint => Pace::EveryCheckpoint,
        };
        Ok(Self { address, logs, session: None, seen: 0 })
    }

    /// How many leaves it has seen, as far as is known: to be told again after a restart, which saves a request.
    #[must_use]
    pub const fn remembered(&self) -> u64 {
        self.seen
    }

    /// Tells what was [remembered](Self::remembered).
    pub const fn remember(&mut self, seen: u64) {
        self.seen = seen;
    }

    fn exchange(&mut self, url: &str, verb: Verb<'_>) -> Result<Answer, CosignError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::open(self.address.plain)?,
        };
        let request = Request {
            url,
            verb,
            accept: "*/*",
            bearer: None,
            size: ANSWER_LIMIT,
            seconds: SECONDS,
        };
        let answer = session.exchange(&request);
        self.session = Some(session);
        Ok(answer?)
    }

    /// Sends the note with the proof from `old` on.
    fn ask(
        &mut self,
        old: u64,
        head: &TreeHead,
        request: &CosignRequest<'_>,
    ) -> Result<Answer, CosignError> {
        let consistency = if old == 0 || old == head.tree_size {
            Vec::new()
        } else {
            (request.consistency)(old).ok_or(CosignError::NoProof { size: old })?
        };
        let note = with_lines_of(request.note, &self.logs);
        let body = AddCheckpoint { old_size: old, consistency, note }.to_string();
        let url = join(&self.address.submission, "add-checkpoint");
        // The same head again gets the same line, or the size that it was seen at.
        self.exchange(&url, Verb::PostAgain("text/plain; charset=utf-8", body.as_bytes()))
    }

    /// The first line of its key, if it verifies. All others are dropped.
    fn line(&self, text: &str, body: &[u8], now: Timestamp) -> Result<SignatureLine, CosignError> {
        let KeyMaterial::Cosignature(key) = self.address.key.material() else {
            return Err(CosignError::WrongKey { name: self.address.name.clone() });
        };
        let lines = parse_lines(body).ok_or(CosignError::NoLine)?;
        let line = lines.into_iter().find(|line| self.address.key.matches(line));
        let line = line.ok_or(CosignError::NoLine)?;
        match verify_cosignature(text, &line.signature, key) {
            // A receipt with it would be refused by everybody (V6).
            Ok(time) if time > now.plus_seconds(tolerance::LEDGER_FUTURE) => {
                Err(CosignError::NoLine)
            }
            Ok(_) => Ok(line),
            Err(_) => Err(CosignError::NoLine),
        }
    }

    /// After a refusal that may mean that the log forgot something it signed: looks at what the witness keeps.
    fn check_alarm(
        &mut self,
        head: &TreeHead,
        request: &CosignRequest<'_>,
    ) -> Result<(), CosignError> {
        // What it says without the log's signature proves nothing, and stops nobody.
        let Ok(Some(note)) = self.newest() else { return Ok(()) };
        let contradicts = is_ahead(&note, &self.logs, head) || {
            let theirs = signed_head(&note, &self.logs).filter(|theirs| theirs.tree_size > 0);
            theirs.filter(|theirs| theirs.tree_size < head.tree_size).is_some_and(|theirs| {
                (request.consistency)(theirs.tree_size)
                    .is_some_and(|path| verify_consistency(&theirs, head, &path).is_err())
            })
        };
        if contradicts { Err(CosignError::GuardBehind { note: Box::new(note) }) } else { Ok(()) }
    }
}

impl Cosigner for HttpWitness {
    fn name(&self) -> &str {
        &self.address.name
    }

    fn key(&self) -> &VerifierKey {
        &self.address.key
    }

    fn pace(&self) -> Pace {
        self.address.pace
    }

    fn cosign(
        &mut self,
        request: &CosignRequest<'_>,
        now: Timestamp,
    ) -> Result<Vec<SignatureLine>, CosignError> {
        let head = Checkpoint::parse_text(request.note.text())
            .map_err(|_| WitnessError::NotTheLog)?
            .head();
        // It may be asked about an older head than last time: then it says so itself.
        let old = self.seen.min(head.tree_size);
        let mut answer = self.ask(old, &head, request)?;
        if answer.status == 409 {
            let seen = size_of(&answer).filter(|seen| *seen != old);
            let seen = seen.ok_or(CosignError::Answer { status: 409 })?;
            if seen > head.tree_size {
                self.check_alarm(&head, request)?;
                return Err(WitnessError::OldSize { seen }.into());
            }
            // Followed once; two that write to one witness would chase each other for ever.
            answer = self.ask(seen, &head, request)?;
            self.seen = seen;
        }
        match answer.status {
            200 => {
                let line = self.line(request.note.text(), &answer.body, now)?;
                self.seen = head.tree_size;
                Ok(vec![line])
            }
            status @ (409 | 422) => {
                self.check_alarm(&head, request)?;
                Err(CosignError::Answer { status })
            }
            status => Err(CosignError::Answer { status }),
        }
    }

    fn newest(&mut self) -> Result<Option<SignedNote>, CosignError> {
        let Some(prefix) = &self.address.monitoring else { return Ok(None) };
        let Some(log) = self.logs.first() else { return Ok(None) };
        let url = join(prefix, &monitoring_path(log.name()));
        let answer = self.exchange(&url, Verb::Get)?;
        match answer.status {
            200 => {
                let text = std::str::from_utf8(&answer.body).map_err(|_| CosignError::NoLine)?;
                Ok(Some(SignedNote::parse(text).map_err(|_| CosignError::NoLine)?))
            }
            404 => Ok(None),
            status => Err(CosignError::Answer { status }),
        }
    }
}

/// The size in an answer 409, which has a media type of its own.
fn size_of(answer: &Answer) -> Option<u64> {
    let own = answer.media_type.as_deref() == Some(SIZE_MEDIA_TYPE);
    own.then(|| parse_size(&answer.body)).flatten()
}

fn join(prefix: &str, path: &str) -> String {
    format!("{}/{path}", prefix.trim_end_matches('/'))
}

#[cfg(test)]
mod tests;
