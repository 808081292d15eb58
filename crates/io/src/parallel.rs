//! Work on many things at once, on all cores of the machine, with the answers in order.
//!
//! In scope: handing out and collecting. Out of scope: what is done; it must not depend on who does it, or when.

use std::num::NonZero;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Most items that are handed over at once: handing over costs microseconds, and an item may cost no more.
const CHUNK: usize = 16;
/// Chunks that wait to be worked on, for each worker: enough that none idles, few enough that they need little memory.
const AHEAD: usize = 2;

/// As many workers as the machine has cores, and one if it does not say.
#[must_use]
pub fn cores() -> NonZero<usize> {
    std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

/// Gives what `work` makes of each item, in the order of the items.
///
/// `items` is asked by the calling thread, so whatever it reads from need not be shared, and few items (64 for each worker) are
/// held at a time. With one worker everything happens on the calling thread.
///
/// # Panics
///
/// If `work` panics, with its panic; nothing is answered then.
pub fn in_order<T: Send, R: Send>(
    workers: NonZero<usize>,
    items: impl Iterator<Item = T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    if workers.get() == 1 {
        return items.map(work).collect();
    }
    let (give, take) = sync_channel(workers.get().saturating_mul(AHEAD));
    let (take, work) = (Arc::new(Mutex::new(take)), &work);
    let mut answers = std::thread::scope(|scope| {
        let begin = |_| {
            let take = Arc::clone(&take);
            scope.spawn(move || -> Vec<(usize, R)> {
                let items = std::iter::from_fn(|| next(&take)).flatten();
                items.map(|(at, item)| (at, work(item))).collect()
            })
        };
        let threads: Vec<_> = (0..workers.get()).map(begin).collect();
        // The workers alone own the end that takes: once the last of them has panicked, nothing can be given any more.
        drop(take);
        let mut items = items.enumerate();
        for sent in 0_usize.. {
            // One by one at first, so that a few dear items are shared as well.
            let size = sent.div_euclid(CHUNK).saturating_add(1).min(CHUNK);
            let chunk: Vec<(usize, T)> = items.by_ref().take(size).collect();
            if chunk.is_empty() || give.send(chunk).is_err() {
                break;
            }
        }
        drop(give);
        let joined = threads.into_iter().flat_map(|thread| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        joined.collect::<Vec<_>>()
    });
    answers.sort_unstable_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

fn next<T>(take: &Mutex<Receiver<T>>) -> Option<T> {
    // Nothing can be half done under this lock, so a poisoned one is as good.
    take.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;
    use std::rc::Rc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{AHEAD, CHUNK, cores, in_order};

    fn workers(count: usize) -> NonZero<usize> {
        NonZero::new(count).expect("workers")
    }

    #[test]
    fn answers_are_in_order_whoever_was_quicker() {
        for count in [1, 2, 7] {
            let slow_first = |n: u64| {
                if n == 0 {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
                n * 3
            };
            let answers = in_order(workers(count), 0..500, slow_first);
            assert_eq!(answers, (0..500).map(|n| n * 3).collect::<Vec<_>>(), "{count} workers");
        }
        assert_eq!(in_order(cores(), std::iter::empty::<u8>(), |n| n), Vec::<u8>::new());
    }

    #[test]
    fn items_come_from_what_cannot_be_shared_and_few_are_held() {
        let source = Rc::new(5_usize);
        let done = AtomicUsize::new(0);
        let mut ahead = 0;
        let items = (0..2_000_usize).map(|n| {
            ahead = ahead.max(n.saturating_sub(done.load(Ordering::SeqCst)));
            n + *source
        });
        let answers = in_order(workers(2), items, |n| {
            done.fetch_add(1, Ordering::SeqCst);
            n
        });
        assert_eq!(answers.last(), Some(&2_004));
        // Those in the channel, a chunk in each worker's hands, one on its way.
        assert!(ahead <= (2 * AHEAD + 3) * CHUNK, "{ahead} items were held");
    }

    #[test]
    #[should_panic(expected = "seven")]
    fn a_panic_of_the_work_is_ours() {
        in_order(workers(2), 0..10_000, |n| assert!(n != 7, "seven"));
    }

    #[test]
    #[should_panic(expected = "each")]
    fn the_last_worker_to_panic_leaves_nobody_waiting() {
        in_order(workers(2), 0..100_000, |n| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            assert!(n > 100_000, "each");
        });
    }
}
