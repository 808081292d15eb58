//! The threads that do what needs no state, and check signatures against the heads that they know.

use std::sync::PoisonError;
use std::time::Duration;

use inkan_ledger::Kind;
use inkan_ledger::state::{Candidate, Controller};

use super::heads::Heads;
use super::{Checked, CheckedWork, Inner, Item, SubmitError, Work};

/// Submissions that a worker takes at once.
const CHUNK: usize = 16;
/// How often a worker without work frees what was given back to it.
const IDLE: Duration = Duration::from_secs(2);

pub(super) fn work(inner: &Inner, heads: &Heads, own: usize) {
    while let Some((number, items)) = take(inner, own) {
        drop(inner.take_back(own));
        let mut chunk = Vec::with_capacity(items.len());
        for Item { work, since } in items {
            if let Some(work) = check(inner, heads, work) {
                chunk.push(Checked { work, since, by: own });
            }
        }
        inner.bring(number, chunk);
    }
}

/// The next submissions, with the number under which the sequencer takes them; `None` at the end.
fn take(inner: &Inner, own: usize) -> Option<(u64, Vec<Item>)> {
    let mut intake = inner.intake();
    while intake.items.is_empty() {
        if intake.closing {
            return None;
        }
        let waited = inner.work.wait_timeout(intake, IDLE);
        let (after, slept) = waited.unwrap_or_else(PoisonError::into_inner);
        intake = after;
        // Nobody wakes a worker for what it is given back, so it looks by itself; others take what comes meanwhile.
        if slept.timed_out() && intake.items.is_empty() {
            drop(intake);
            drop(inner.take_back(own));
            intake = inner.intake();
        }
    }
    // A short queue is shared among the workers.
    let count = intake.items.len().div_ceil(2).min(CHUNK);
    let items = intake.items.drain(..count).collect();
    let number = intake.next;
    intake.next = number.saturating_add(1);
    Some((number, items))
}

fn check(inner: &Inner, heads: &Heads, work: Work) -> Option<CheckedWork> {
    match work {
        Work::Entry { kind, body, answering } => Some(match Candidate::parse(kind, body) {
            Ok(mut candidate) => {
                check_signature(inner, heads, &mut candidate);
                CheckedWork::Entry { kind, candidate: Box::new(candidate), answering }
            }
            Err(rejection) => {
                CheckedWork::Refused { kind, rejection: Box::new(rejection), answering }
            }
        }),
        Work::Import { bodies, answering } => {
            let count = bodies.len().max(1);
            let parse = |body| Candidate::parse(Kind::Did, body);
            match bodies.into_iter().map(parse).collect() {
                Ok(candidates) => Some(CheckedWork::Import { candidates, answering }),
                Err(rejection) => {
                    let mut intake = inner.intake();
                    intake.waiting = intake.waiting.saturating_sub(count);
                    drop(intake);
                    answering.give(Err(SubmitError::Rejected(rejection)));
                    None
                }
            }
        }
    }
}

/// A refusal here is no verdict: the sequencer knows newer heads.
fn check_signature(inner: &Inner, heads: &Heads, candidate: &mut Candidate) {
    let controller = head(inner, heads, candidate.signer_scid());
    let _ = candidate.check_signature(controller.as_ref(), inner.clock.now());
}

fn head(inner: &Inner, heads: &Heads, scid: &str) -> Option<Controller> {
    if let Some(known) = heads.get(scid) {
        return Some(known);
    }
    let stored = inner.reader.shared.database(|db| db.controller(scid)).ok().flatten()?;
    heads.offer(scid, stored.clone());
    Some(stored)
}
