//! An answer that comes later: waited for by a thread, or handed to whoever asked, such as an executor's channel.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is done with an answer.
type OnDone<T> = Box<dyn FnOnce(T) + Send>;

/// Stands for an answer that is not there yet.
#[must_use = "nobody hears the answer of a ticket that is dropped"]
pub struct Ticket<T> {
    slot: Arc<Slot<T>>,
}

/// The other half of a [`Ticket`]. Dropped without an answer it gives the one for a lost question.
pub(crate) struct Answering<T> {
    slot: Arc<Slot<T>>,
    lost: fn() -> T,
}

struct Slot<T> {
    state: Mutex<State<T>>,
    done: Condvar,
}

enum State<T> {
    Waiting,
    Told(OnDone<T>),
    Done(T),
    Taken,
}

/// A question and the right to answer it; `lost` is the answer if nobody does.
pub(crate) fn ticket<T>(lost: fn() -> T) -> (Ticket<T>, Answering<T>) {
    let slot = Arc::new(Slot { state: Mutex::new(State::Waiting), done: Condvar::new() });
    (Ticket { slot: Arc::clone(&slot) }, Answering { slot, lost })
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give(&self, answer: T) {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Taken) {
            State::Waiting => {
                *state = State::Done(answer);
                drop(state);
                self.done.notify_all();
            }
            State::Told(on_done) => {
                drop(state);
                on_done(answer);
            }
            // An answer is given once.
            State::Done(first) => *state = State::Done(first),
            State::Taken => {}
        }
    }
}

impl<T> Ticket<T> {
    /// A ticket whose answer is known.
    pub(crate) fn answered(answer: T) -> Self {
        let state = Mutex::new(State::Done(answer));
        Self { slot: Arc::new(Slot { state, done: Condvar::new() }) }
    }

    /// Waits for the answer. There always is one, also when the sequencer stops.
    #[must_use]
    pub fn wait(self) -> T {
        let mut state = self.slot.lock();
        loop {
            match std::mem::replace(&mut *state, State::Taken) {
                State::Done(answer) => return answer,
                waiting @ (State::Waiting | State::Told(_) | State::Taken) => *state = waiting,
            }
            state = self.slot.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for the answer at most so long; the ticket comes back if there is none yet.
    ///
    /// # Errors
    ///
    /// The ticket, to be asked again.
    pub fn wait_timeout(self, timeout: Duration) -> Result<T, Self> {
        let state = self.slot.lock();
        let waiting = |state: &mut State<T>| !matches!(state, State::Done(_));
        let (mut state, _) = self
            .slot
            .done
            .wait_timeout_while(state, timeout, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(answer) => Ok(answer),
            waiting @ (State::Waiting | State::Told(_) | State::Taken) => {
                *state = waiting;
                drop(state);
                Err(self)
            }
        }
    }

    /// Has `on_done` called with the answer: on the thread that gives it, or at once if it is there. It must be short.
    pub fn on_done(self, on_done: OnDone<T>) {
        let mut state = self.slot.lock();
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(answer) => {
                drop(state);
                on_done(answer);
            }
            State::Waiting | State::Told(_) | State::Taken => *state = State::Told(on_done),
        }
    }
}

impl<T> Answering<T> {
    /// Gives the answer.
    pub(crate) fn give(self, answer: T) {
        self.slot.give(answer);
    }
}

impl<T> Drop for Answering<T> {
    fn drop(&mut self) {
        let unanswered = matches!(*self.slot.lock(), State::Waiting | State::Told(_));
        if unanswered {
            self.slot.give((self.lost)());
        }
    }
}

impl<T> fmt::Debug for Ticket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}

impl<T> fmt::Debug for Answering<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answering(..)")
    }
}

#[cfg(test)]
mod tests;
