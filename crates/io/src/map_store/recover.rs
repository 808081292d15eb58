//! Finding the store's place again after a stop, a crash or a loss (R7 of the ledger specification, §3.4).

use std::path::Path;

use inkan_ledger::map::{MapKey, MapValue};
use inkan_ledger::tree::NodeHash;

use super::{MapStore, MapStoreError};

/// How the store came to be what the log says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Recovered {
    /// It was.
    Current,
    /// It had missed the end of the log, as after a crash.
    CaughtUp {
        /// Keys that were taken again.
        keys: usize,
    },
    /// It was lost, of another log, or altered, and is made anew from the heads.
    Rebuilt {
        /// What was wrong with it.
        why: String,
    },
}

impl MapStore {
    /// Opens the store and brings it to `version`, where its root must be `expected`. `heads(n)` gives all heads
    /// whose newest entry has an index of at least `n`, as of `version`; `heads(0)` are all.
    ///
    /// # Errors
    ///
    /// [`MapStoreError::Mismatch`] if the heads themselves give another root; [`MapStoreError::InUse`],
    /// [`MapStoreError::Unavailable`]; what `heads` says.
    pub fn recover<F, I>(
        path: &Path,
        version: u64,
        expected: &NodeHash,
        heads: F,
    ) -> Result<(Self, Recovered), MapStoreError>
    where
        F: Fn(u64) -> I,
        I: IntoIterator<Item = Result<(MapKey, MapValue), MapStoreError>>,
    {
        let why = match Self::catch_up(path, version, expected, &heads) {
            Ok(Caught::Up(store, found)) => return Ok((*store, found)),
            Ok(Caught::Wrong(why)) | Err(MapStoreError::Damaged(why)) => why,
            Err(error) => return Err(error),
        };
        let store = Self::rebuild(path, version, heads(0))?;
        if store.newest().root != *expected {
            return Err(MapStoreError::mismatch(&store.newest().root, expected));
        }
        Ok((store, Recovered::Rebuilt { why }))
    }

    fn catch_up<F, I>(
        path: &Path,
        version: u64,
        expected: &NodeHash,
        heads: &F,
    ) -> Result<Caught, MapStoreError>
    where
        F: Fn(u64) -> I,
        I: IntoIterator<Item = Result<(MapKey, MapValue), MapStoreError>>,
    {
        let mut store = Self::open(path)?;
        let from = store.newest().version;
        if from > version {
            return Ok(Caught::Wrong("it is ahead of the log".into()));
        }
        if from == 0 && version > 0 && store.newest().keys == 0 {
            return Ok(Caught::Wrong("it is empty".into()));
        }
        let missed = heads(from).into_iter().collect::<Result<Vec<_>, _>>()?;
        store.apply(version, &missed)?;
        if store.newest().root != *expected {
            return Ok(Caught::Wrong("its root is not the log's".into()));
        }
        store.keep()?;
        let keys = missed.len();
        let found = if keys == 0 { Recovered::Current } else { Recovered::CaughtUp { keys } };
        Ok(Caught::Up(Box::new(store), found))
    }
}

enum Caught {
    Up(Box<MapStore>, Recovered),
    Wrong(String),
}
