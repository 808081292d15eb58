//! Digests of many files on all cores: each is read once, in pieces that stay in the processor's cache.
//!
//! In scope: whether a file held still while it was read, in constant memory for a file of any size. Out of scope: salts
//! and leaves. SHA-256 is that of `inkan-core`, which uses the processor's own instructions where it has them.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use inkan_core::Hasher;
use inkan_ledger::anchored::Content;

use super::walk::{Found, Unread, Why};

/// Bytes that are read at once: small enough for the cache of one core, large enough that the system is asked seldom.
const PIECE: usize = 128 << 10;
/// How often a file that changes meanwhile is read.
const TRIES: usize = 3;
/// Files that are handed over together.
const CHUNK: usize = 32;
/// How long nothing may be said of how far it is.
const TICK: Duration = Duration::from_millis(200);

/// What tells whether a file was touched: size, times of change, and which file it is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stamp {
    /// Bytes.
    pub length: u64,
    /// When its bytes were changed, in nanoseconds; the lower 64 bits.
    pub changed: u64,
    /// When anything of it was changed, in nanoseconds; the lower 64 bits.
    pub touched: u64,
    /// Its number on the disk.
    pub number: u64,
}

/// A file and what became of it.
#[derive(Clone, Debug)]
pub struct HashedFile {
    /// The file.
    pub found: Found,
    /// Digest and length, with the stamp of the moment.
    pub hashed: Hashed,
}

/// What was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hashed {
    /// Digest and length.
    pub content: Content,
    /// The file's stamp while it was read.
    pub stamp: Stamp,
}

impl Stamp {
    /// That of a file.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let nanos = |seconds: i64, nanos: i64| {
                seconds.wrapping_mul(1_000_000_000).wrapping_add(nanos).cast_unsigned()
            };
            Self {
                length: metadata.len(),
                changed: nanos(metadata.mtime(), metadata.mtime_nsec()),
                touched: nanos(metadata.ctime(), metadata.ctime_nsec()),
                number: metadata.ino(),
            }
        }
        #[cfg(not(unix))]
        {
            let modified = metadata.modified().ok();
            let since = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            let nanos =
                since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
            Self { length: metadata.len(), changed: nanos, touched: 0, number: 0 }
        }
    }

    /// That of the file at a path now; none if there is none, or no file.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        metadata.is_file().then(|| Self::of(&metadata))
    }
}

/// Reads a stream to its end.
///
/// # Errors
///
/// Those of the stream.
pub fn hash_stream(source: impl Read) -> io::Result<Content> {
    let mut piece = vec![0; PIECE];
    read_through(source, &mut piece, &AtomicU64::new(0))
}

fn read_through(mut source: impl Read, piece: &mut [u8], bytes: &AtomicU64) -> io::Result<Content> {
    let mut hasher = Hasher::new();
    let mut length = 0_u64;
    loop {
        let read = match source.read(piece) {
            Ok(0) => return Ok(Content { length, digest: hasher.finish() }),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(piece.get(..read).unwrap_or_default());
        let read = u64::try_from(read).unwrap_or(u64::MAX);
        length = length.saturating_add(read);
        bytes.fetch_add(read, Ordering::Relaxed);
    }
}

/// Reads one file. Its stamp must be the same before and after.
///
/// # Errors
///
/// [`Why`].
pub fn hash_file(path: &Path, piece: &mut [u8], bytes: &AtomicU64) -> Result<Hashed, Why> {
    for _ in 0..TRIES {
        let file = open(path).map_err(|error| Why::of(&error))?;
        let before = file.metadata().map_err(|error| Why::of(&error))?;
        if !before.is_file() {
            return Err(Why::Special);
        }
        let content = read_through(&file, piece, bytes).map_err(|error| Why::of(&error))?;
        let after = file.metadata().map_err(|error| Why::of(&error))?;
        let stamp = Stamp::of(&before);
        if stamp == Stamp::of(&after) && stamp.length == content.length {
            return Ok(Hashed { content, stamp });
        }
    }
    Err(Why::Changing)
}

/// Opens a file for reading and nothing else: no link is followed at its end, and nothing waits for the other end of a pipe.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

/// What became of a file.
pub type Answer = Result<HashedFile, Unread>;

/// Hashes all files on so many workers; `take` is given what became of each, in any order, on the calling thread, and nothing now
/// and then while a large one is read. `bytes` counts on as they are read. What `items` gives as unread goes through as it is. `known` says, on a worker, what was read of a file
/// before, if it need not be read again.
///
/// Memory: 128 KiB for each worker and some hundred names.
///
/// # Errors
///
/// The first error of `take`; then no further file is begun.
pub fn hash_all<E>(
    workers: NonZero<usize>,
    items: impl Iterator<Item = Result<Found, Unread>> + Send,
    known: impl Fn(&Found) -> Option<Hashed> + Sync,
    bytes: &AtomicU64,
    mut take: impl FnMut(Option<Answer>) -> Result<(), E>,
) -> Result<(), E> {
    let (give, from_walk) =
        sync_channel::<Vec<Result<Found, Unread>>>(workers.get().saturating_mul(4));
    let (answer, answers) = sync_channel::<Vec<Answer>>(workers.get().saturating_mul(4));
    let (from_walk, known, ended) = (Mutex::new(from_walk), &known, &AtomicBool::new(false));
    std::thread::scope(|scope| {
        let items = items.take_while(|_| !ended.load(Ordering::Relaxed));
        scope.spawn(move || hand_out(items, &give));
        for _ in 0..workers.get() {
            let (answer, from_walk) = (answer.clone(), &from_walk);
            scope.spawn(move || work(from_walk, known, bytes, &answer));
        }
        drop(answer);
        let mut done = Ok(());
        while done.is_ok() {
            done = match answers.recv_timeout(TICK) {
                Ok(some) => some.into_iter().try_for_each(|one| take(Some(one))),
                Err(RecvTimeoutError::Timeout) => take(None),
                Err(RecvTimeoutError::Disconnected) => break,
            };
        }
        ended.store(true, Ordering::Relaxed);
        // Workers that still have something to say find nobody, and end; so does who hands out.
        drop(answers);
        drain(&from_walk);
        done
    })
}

fn hand_out(
    items: impl Iterator<Item = Result<Found, Unread>>,
    give: &SyncSender<Vec<Result<Found, Unread>>>,
) {
    let mut items = items;
    for sent in 0_usize.. {
        // One by one at first, so that a few large files are shared as well.
        let size = sent.div_euclid(CHUNK).saturating_add(1).min(CHUNK);
        let chunk: Vec<_> = items.by_ref().take(size).collect();
        if chunk.is_empty() || give.send(chunk).is_err() {
            return;
        }
    }
}

fn work(
    from_walk: &Mutex<Receiver<Vec<Result<Found, Unread>>>>,
    known: &(impl Fn(&Found) -> Option<Hashed> + Sync),
    bytes: &AtomicU64,
    answer: &SyncSender<Vec<Answer>>,
) {
    let mut piece = vec![0; PIECE];
    loop {
        // Nothing can be half done under this lock, so a poisoned one is as good.
        let next = from_walk.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(some) = next else { return };
        let mut hash = |found: Found| {
            let hashed = match known(&found) {
                Some(hashed) => Ok(hashed),
                None => hash_file(&found.path, &mut piece, bytes),
            };
            match hashed {
                Ok(hashed) => Ok(HashedFile { found, hashed }),
                Err(why) => Err(Unread { path: found.path, why }),
            }
        };
        let answers = some.into_iter().map(|one| one.and_then(&mut hash)).collect();
        if answer.send(answers).is_err() {
            return;
        }
    }
}

/// Takes what is still handed out, so that nobody waits for room.
fn drain(from_walk: &Mutex<Receiver<Vec<Result<Found, Unread>>>>) {
    loop {
        let next = from_walk.lock().unwrap_or_else(PoisonError::into_inner).recv();
        if next.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
