//! Many entries to a node: those of which none rests on another go in batches, within the limits that the node publishes.
//!
//! In scope: order, sizes, what is refused and what is only put off. Out of scope: believing the answer ([`super::acknowledged`]).

use std::time::Duration;

use inkan_ledger::Kind;
use inkan_ledger::batch::{self, BATCH_ENTRIES, BATCH_LIMIT};
use inkan_ledger::promise::PROMISE_LEAVES;
use serde_json::{Value, json};

use super::acknowledged::{check, promise_in};
use super::{NodeWriter, Submitted};
use crate::http::HttpError;
use crate::ledger_folder::Accepted;
use crate::node_client::{NodeError, Refusal};

/// Where batches are sent.
const PATH: &str = "/v1/batches";
/// Bytes before each body of a batch.
const HEAD: usize = 3;
/// How often entries that a node could not take just now are sent in vain.
const TRIES: u32 = 5;
/// Between two of these, in seconds: what one signer may do is counted by the second.
const BUSY_STEP: u64 = 1;

type Entry<'a> = (Kind, &'a [u8]);

/// How much goes into one batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchLimits {
    entries: usize,
    bytes: usize,
}

impl NodeWriter {
    /// Sends entries in their order, until one is refused.
    pub(super) fn submit_each(&mut self, entries: &[Entry<'_>]) -> Submitted {
        let mut taken = Vec::with_capacity(entries.len());
        let issuances =
            |one: &Entry<'_>, next: &Entry<'_>| one.0 == Kind::Issuance && next.0 == Kind::Issuance;
        for run in entries.chunk_by(issuances) {
            let done = match run {
                [(kind, body)] => {
                    self.submit(*kind, body).map(|accepted| taken.push(Some(accepted)))
                }
                run => self.submit_batches(run, &mut taken),
            };
            if let Err(error) = done {
                taken.resize(entries.len(), None);
                return Submitted { taken, refused: Some(error.into()) };
            }
        }
        Submitted { taken, refused: None }
    }

    fn submit_batches(
        &mut self,
        run: &[Entry<'_>],
        taken: &mut Vec<Option<Accepted>>,
    ) -> Result<(), NodeError> {
        let limits = self.batch_limits()?;
        // The next one is the last.
        let mut open = limits.parts(run);
        open.reverse();
        while let Some(part) = open.pop() {
            let mut places = vec![None; part.len()];
            match self.submit_batch(part, &mut places) {
                // Whoever is between takes less: nothing of it was read.
                Err(error) if part.len() > 1 && is_too_large(&error) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    open.extend([second, first]);
                }
                done => {
                    taken.append(&mut places);
                    done?;
                }
            }
        }
        Ok(())
    }

    /// What a node says of its limits; what it says nothing of is what the specification gives.
    fn batch_limits(&mut self) -> Result<BatchLimits, NodeError> {
        if let Some(known) = self.limits {
            return Ok(known);
        }
        let said = self.client.json("/v1/log", "application/json")?.unwrap_or_default();
        let limits = BatchLimits::of(&said, self.client.url().has_token());
        self.limits = Some(limits);
        Ok(limits)
    }

    /// Sends one batch, and again what the node could not take just now.
    fn submit_batch(
        &mut self,
        part: &[Entry<'_>],
        places: &mut [Option<Accepted>],
    ) -> Result<(), NodeError> {
        let mut open: Vec<usize> = (0..part.len()).collect();
        let (mut refused, mut vain) = (None, 0_u32);
        loop {
            let sent: Vec<Entry<'_>> =
                open.iter().filter_map(|at| part.get(*at).copied()).collect();
            let (mut left, mut busy) = (Vec::new(), None);
            for (at, result) in open.iter().zip(self.post_batch(&sent)?) {
                match result {
                    Ok(accepted) => {
                        if let Some(place) = places.get_mut(*at) {
                            *place = Some(accepted);
                        }
                    }
                    Err(error) if error.is_rule() => refused = refused.or(Some(error)),
                    Err(error) => {
                        left.push(*at);
                        busy = Some(error);
                    }
                }
            }
            vain = if left.len() == open.len() { vain.saturating_add(1) } else { 0 };
            match busy {
                None => return refused.map_or(Ok(()), Err),
                // What may yet be taken counts for more than what never will be.
                Some(error) if vain >= TRIES => return Err(error),
                Some(_) => {}
            }
            open = left;
            std::thread::sleep(Duration::from_secs(BUSY_STEP));
        }
    }

    /// What a node answers to a batch, entry by entry.
    fn post_batch(
        &mut self,
        sent: &[Entry<'_>],
    ) -> Result<Vec<Result<Accepted, NodeError>>, NodeError> {
        let framed = batch::join(sent.iter().copied())
            .map_err(|_| self.client.odd(PATH, "more than goes into one batch"))?;
        let (answer, _) = self.client.post(PATH, "application/octet-stream", &framed)?;
        let first = sent.first().copied().unwrap_or((Kind::Issuance, &[]));
        let lie = |what| self.lie(what, first, &answer);
        let promise = promise_in(&answer, &self.pinned).map_err(lie)?;
        let results = answer.get("results").and_then(Value::as_array);
        let results = results.filter(|results| results.len() == sent.len());
        let results = results.ok_or_else(|| lie("it is of other entries than were sent"))?;
        let mut out = Vec::with_capacity(sent.len());
        for (entry, said) in sent.iter().zip(results) {
            if let Some(problem) = said.get("problem") {
                let status = said.get("status").and_then(Value::as_u64);
                let status = status.and_then(|status| u16::try_from(status).ok());
                let refusal = status.and_then(|status| Refusal::of(problem, status));
                let odd = || self.client.odd(PATH, "a problem that cannot be read");
                out.push(Err(NodeError::Refused(Box::new(refusal.ok_or_else(odd)?))));
                continue;
            }
            let checked = check(*entry, said, promise.as_ref()).and_then(|(accepted, expected)| {
                self.expect(accepted.leaf_index, expected).map(|()| accepted)
            });
            out.push(Ok(checked.map_err(|what| {
                let answer = json!({ "result": said, "promise": answer.get("promise") });
                self.lie(what, *entry, &answer)
            })?));
        }
        Ok(out)
    }
}

impl BatchLimits {
    /// Reads `/v1/log`. Who is not free of the limits of a client uses half of what may be saved up, so as not to wait for all of it.
    fn of(log: &Value, free: bool) -> Self {
        let number = |pointer: &str| {
            let number = log.pointer(pointer).and_then(Value::as_u64);
            number.and_then(|number| usize::try_from(number).ok())
        };
        let most = BATCH_ENTRIES.min(PROMISE_LEAVES);
        let published = number("/limits/batchEntries").unwrap_or(most).min(most);
        let burst = number("/limits/client/burst").filter(|_| !free).unwrap_or(usize::MAX);
        let bytes = number("/limits/batch").unwrap_or(BATCH_LIMIT).min(BATCH_LIMIT);
        Self { entries: published.min(burst / 2).max(1), bytes }
    }

    /// Cuts entries into batches.
    fn parts<'a, 'b>(&self, mut run: &'a [Entry<'b>]) -> Vec<&'a [Entry<'b>]> {
        let mut out = Vec::new();
        while !run.is_empty() {
            let mut bytes = 0_usize;
            let fits = |(_, body): &&Entry<'_>| {
                bytes = bytes.saturating_add(HEAD).saturating_add(body.len());
                bytes <= self.bytes
            };
            let count = run.iter().take(self.entries).take_while(fits).count().max(1);
            let (part, rest) = run.split_at(count);
            out.push(part);
            run = rest;
        }
        out
    }
}

fn is_too_large(error: &NodeError) -> bool {
    matches!(error, NodeError::Refused(refusal) if refusal.status == 413)
        || matches!(error, NodeError::Http(HttpError::Status { status: 413, .. }))
}
