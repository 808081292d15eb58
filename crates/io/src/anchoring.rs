//! Records on disk on their way into an anchor: found, hashed on all cores, noted so that an interruption costs nothing, packed.
//!
//! In scope: folders, files and streams; the notes of an unfinished run; reading and writing packs. Out of scope: what a leaf
//! and a pack are ([`inkan_ledger::anchored`]), the entry on the ledger (`cli`).
//!
//! | Question | Module |
//! |---|---|
//! | Which files are in a folder, and which things in it are none? | [`walk`] |
//! | What is the digest of each, and did it hold still meanwhile? | [`hash`] |
//! | What was hashed before we were interrupted, and under which salt? | [`state`] |
//! | How are many proofs kept in one file? | [`pack`] |

pub mod hash;
pub mod pack;
pub mod state;
pub mod walk;

pub use hash::{Hashed, HashedFile, Stamp, hash_all, hash_stream};
pub use pack::{PackFile, PackWriter};
pub use state::{Kept, Sealed, SealedScope, State, StateError};
pub use walk::{Found, Unread, Walk};
