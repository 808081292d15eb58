//! Everything that was named, hashed, with a salt for each record; what was noted before and not touched since is not read again.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use inkan_core::rng::draw;
use inkan_io::anchoring::walk::Why;
use inkan_io::anchoring::{Found, Hashed, HashedFile, Kept, Stamp, State, Unread, hash_all};
use inkan_io::os_rng::OsRng;
use inkan_io::parallel;
use inkan_ledger::anchored::RecordName;

use super::super::{Fault, TOLD};
use super::{Run, ours, sources};
use crate::context::Context;
use crate::failure::Failure;
use crate::progress::Bar;
use crate::render::safe;

/// How often files are read again that were touched while others were read.
const ROUNDS: usize = 3;

/// What could not be read.
#[derive(Default)]
struct Unreads {
    /// Bytes that should have been anchored: the first of them, and how many.
    lost: Vec<Unread>,
    losses: usize,
    /// Links, pipes, devices.
    passed: Vec<Unread>,
    passes: usize,
}

impl Unreads {
    fn take(&mut self, unread: Unread) {
        let (list, count) = if unread.why.is_loss() {
            (&mut self.lost, &mut self.losses)
        } else {
            (&mut self.passed, &mut self.passes)
        };
        *count = count.saturating_add(1);
        if list.len() < TOLD {
            list.push(unread);
        }
    }
}

impl Run<'_> {
    /// The records, and how many things were left out. What is new is noted in `state`; `kept` are the notes of an earlier run, by
    /// place and name.
    pub(super) fn hash(
        &self,
        mut state: Option<&mut State>,
        kept: &[Kept],
        context: &Context,
    ) -> Result<(Vec<Kept>, usize), Failure> {
        let bytes = AtomicU64::new(0);
        let bar = Bar::of_bytes(context.speech, "hashing", || sources::bytes_in(&self.sources));
        let mut records: Vec<Kept> = Vec::new();
        let mut seen = vec![false; kept.len()];
        let mut unreads = Unreads::default();
        let known = |found: &Found| self.known(kept, found);
        let walk = sources::walk_all(&self.sources, &ours(self))?;
        hash_all(parallel::cores(), walk, known, &bytes, |answer| -> Result<(), Failure> {
            bar.set(bytes.load(Ordering::Relaxed));
            let HashedFile { found, hashed } = match answer {
                None => return Ok(()),
                Some(Ok(file)) => file,
                Some(Err(unread)) => {
                    unreads.take(unread);
                    return Ok(());
                }
            };
            let before = place_of(kept, &found);
            if let Some((place, one)) = before
                && one.hashed == hashed
            {
                if let Some(seen) = seen.get_mut(place) {
                    *seen = true;
                }
                records.push(one.clone());
                return Ok(());
            }
            let Found { name, source, .. } = found;
            let one = Kept { source, name, hashed, salt: draw(&mut OsRng) };
            if let Some(state) = state.as_deref_mut() {
                state.note(&one)?;
            }
            if let Some((place, _)) = before
                && let Some(seen) = seen.get_mut(place)
            {
                // It has a newer note.
                *seen = true;
            }
            records.push(one);
            Ok(())
        })?;
        for (number, source) in (0_u16..).zip(&self.sources) {
            if !source.is_stream() {
                continue;
            }
            // What an earlier run noted of a stream says nothing of this one.
            if let Some(state) = state.as_deref_mut() {
                for one in kept.iter().filter(|one| one.source == number) {
                    state.drop_record(number, &one.name)?;
                }
            }
            for (name, content) in source.read(self.args)? {
                let hashed = Hashed { content, stamp: Stamp::default() };
                let one = Kept { source: number, name, hashed, salt: draw(&mut OsRng) };
                if let Some(state) = state.as_deref_mut() {
                    state.note(&one)?;
                }
                records.push(one);
            }
        }
        self.read_again(&mut records, state.as_deref_mut(), &mut unreads)?;
        if let Some(state) = state {
            for (one, seen) in kept.iter().zip(seen) {
                let read = self.sources.get(usize::from(one.source));
                if !seen && read.is_some_and(|source| !source.is_stream()) {
                    state.drop_record(one.source, &one.name)?;
                }
            }
        }
        drop(bar);
        self.judge(unreads, context).map(|left| (records, left))
    }

    /// What is known of a file that was not touched since.
    fn known(&self, kept: &[Kept], found: &Found) -> Option<Hashed> {
        let (_, one) = place_of(kept, found)?;
        (Stamp::at(&found.path)? == one.hashed.stamp).then_some(one.hashed)
    }

    /// Looks at every file once more, and reads those again that were touched since they were read.
    fn read_again(
        &self,
        records: &mut Vec<Kept>,
        mut state: Option<&mut State>,
        unreads: &mut Unreads,
    ) -> Result<(), Failure> {
        for round in 0..=ROUNDS {
            let mut again = Vec::new();
            for (place, record) in records.iter().enumerate() {
                let Some(source) = self.sources.get(usize::from(record.source)) else { continue };
                let path = source.path_of(&record.name);
                if !source.is_stream() && Stamp::at(&path) != Some(record.hashed.stamp) {
                    let found = Found { path, name: record.name.clone(), source: record.source };
                    again.push((place, found));
                }
            }
            if again.is_empty() {
                return Ok(());
            }
            let places: Vec<usize> = again.iter().map(|(place, _)| *place).collect();
            let mut gone: BTreeSet<(u16, RecordName)> =
                again.iter().map(|(_, found)| (found.source, found.name.clone())).collect();
            let found = again.into_iter().map(|(_, found)| found);
            if round == ROUNDS {
                found.for_each(|found| {
                    unreads.take(Unread { path: found.path, why: Why::Changing });
                });
                remove(records, &places);
                return drop_all(state, &gone);
            }
            let found: Vec<_> = found.map(Ok).collect();
            remove(records, &places);
            let bytes = AtomicU64::new(0);
            hash_all(
                parallel::cores(),
                found.into_iter(),
                |_| None,
                &bytes,
                |answer| -> Result<(), Failure> {
                    match answer {
                        None => {}
                        Some(Err(unread)) => unreads.take(unread),
                        Some(Ok(HashedFile { found: Found { name, source, .. }, hashed })) => {
                            gone.remove(&(source, name.clone()));
                            let one = Kept { source, name, hashed, salt: draw(&mut OsRng) };
                            if let Some(state) = state.as_deref_mut() {
                                state.note(&one)?;
                            }
                            records.push(one);
                        }
                    }
                    Ok(())
                },
            )?;
            drop_all(state.as_deref_mut(), &gone)?;
        }
        Ok(())
    }

    /// Tells what was left out, and refuses to go on without bytes that should have been anchored.
    fn judge(&self, unreads: Unreads, context: &Context) -> Result<usize, Failure> {
        let Unreads { lost, losses, passed, passes } = unreads;
        let line = |unread: &Unread| {
            format!("{}: {}", safe(&unread.path.display().to_string(), 200), unread.why.said())
        };
        for unread in &passed {
            context.speech.warn(&format!("left out: {}", line(unread)));
        }
        if passes > passed.len() {
            context.speech.warn(&format!("left out: {passes} links, pipes and devices in all"));
        }
        for unread in &lost {
            context.speech.warn(&format!("not read: {}", line(unread)));
        }
        if losses == 0 || self.args.leave_unreadable {
            return Ok(passes.saturating_add(losses));
        }
        let message = format!("{losses} of what was named could not be read; nothing was recorded");
        Err(Fault::Incomplete.because(message))
    }
}

/// Notes that records are not among those that are anchored.
fn drop_all(state: Option<&mut State>, gone: &BTreeSet<(u16, RecordName)>) -> Result<(), Failure> {
    let Some(state) = state else { return Ok(()) };
    for (source, name) in gone {
        state.drop_record(*source, name)?;
    }
    Ok(())
}

fn place_of<'k>(kept: &'k [Kept], found: &Found) -> Option<(usize, &'k Kept)> {
    let order = |one: &Kept| (one.source, &one.name).cmp(&(found.source, &found.name));
    let place = kept.binary_search_by(order).ok()?;
    kept.get(place).map(|one| (place, one))
}

/// Takes out records by their places, which rise.
fn remove(records: &mut Vec<Kept>, places: &[usize]) {
    let mut places = places.iter().peekable();
    let mut at = 0_usize;
    records.retain(|_| {
        let gone = places.next_if(|place| **place == at).is_some();
        at = at.saturating_add(1);
        !gone
    });
}
