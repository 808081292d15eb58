//! How often proofs over whole entries are judged: each once, and no more of them than anybody needs.
//!
//! Whoever makes a credential chooses how many proofs stand in it. Without an end, a stranger could have a verifier check signatures and read what
//! authorities said for minutes. What is beyond the end is open, as what cannot be judged is.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;

use inkan_core::Digest;
use inkan_verifier::{PathChecker, RevocationInfo};

use super::Checkers;
use super::whole::Said;

/// The most different proofs in one credential, and in one verification, that are judged.
const OF_CREDENTIAL: u32 = 16;
const OF_VERIFICATION: u32 = 64;

/// One proof over one text: whether it is a token, its digest, and that of the text.
pub(super) type Which = (bool, Digest, Digest);

/// What was judged in one verification, and how much more may be.
pub(crate) struct Once<'a> {
    checkers: Checkers<'a>,
    /// What authorities said, which may be megabytes: read when the first seal asks for it.
    paths: OnceCell<Option<Box<dyn PathChecker + 'a>>>,
    known: RefCell<BTreeMap<Which, Said>>,
    of_credential: Cell<u32>,
    of_verification: Cell<u32>,
}

impl<'a> Once<'a> {
    pub(crate) fn new(checkers: Checkers<'a>) -> Self {
        Self {
            checkers,
            paths: OnceCell::new(),
            known: RefCell::default(),
            of_credential: Cell::new(OF_CREDENTIAL),
            of_verification: Cell::new(OF_VERIFICATION),
        }
    }

    pub(crate) const fn checkers(&self) -> Checkers<'a> {
        self.checkers
    }

    /// Goes on with another credential. What was judged is forgotten: seals are judged as of when the credential existed.
    pub(crate) fn next_credential(&self) {
        self.known.borrow_mut().clear();
        self.of_credential.set(OF_CREDENTIAL);
    }

    /// What became of a proof, judged if it was not yet; [`Said::Open`] if there were too many.
    pub(super) fn said(&self, which: Which, judge: impl FnOnce() -> Said) -> Said {
        if let Some(known) = self.known.borrow().get(&which) {
            return *known;
        }
        let left = |of: &Cell<u32>| of.get().checked_sub(1);
        let (Some(credential), Some(verification)) =
            (left(&self.of_credential), left(&self.of_verification))
        else {
            return Said::Open;
        };
        self.of_credential.set(credential);
        self.of_verification.set(verification);
        let said = judge();
        self.known.borrow_mut().insert(which, said);
        said
    }

    /// What judges chains, by what is pinned.
    pub(super) fn paths(&self) -> Option<&(dyn PathChecker + 'a)> {
        let read = || Some(self.checkers.certificates?.paths(&RevocationInfo::default()));
        self.paths.get_or_init(read).as_deref()
    }
}
