//! The ledger: entries, the rules they obey, the Merkle log and its map, checkpoints, receipts and current-proofs.
//!
//! In scope: a deterministic state machine over bytes, and what verifies its receipts with no node and no network.
//! Out of scope: files, clocks and networks (`inkan-io`), what an issuance or countersignature commits to
//! (`inkan-credential`), the rules of did:webvh entries (`inkan-did`).
//!
//! | Question | Module |
//! |---|---|
//! | What are the bytes of a leaf, an entry, an epoch leaf, many entries together? | [`leaf`], [`entry`], [`epoch`], [`batch`] |
//! | Under which id, commitment and map key does an entry stand? | [`entry_id`], [`commitment`](mod@commitment), [`map`] |
//! | May this entry follow, under which rules and parameters? | [`state`], [`rules`], [`parameters`], refused as [`rejection`]; to another log: [`moving`] |
//! | How do leaves become a tree, proofs and signed heads? | [`tree`], [`checkpoint`], [`note`], [`log`] |
//! | When does a witness cosign? | [`witness`], [`cosignature`], asked as in [`add_checkpoint`] |
//! | What does a receipt prove, under which trust? | [`receipt`], [`opening`], [`record`], [`anchored`], [`current`], [`policy`] |

pub mod add_checkpoint;
pub mod anchored;
pub mod batch;
pub mod checkpoint;
pub mod commitment;
pub mod cose;
pub mod cosignature;
pub mod current;
pub mod entry;
pub mod entry_id;
pub mod epoch;
pub mod evidence;
pub mod leaf;
pub mod log;
pub mod map;
pub mod moving;
pub mod note;
pub mod opening;
pub mod parameters;
pub mod policy;
pub mod promise;
pub mod receipt;
pub mod record;
pub mod rejection;
pub mod rules;
pub mod state;
pub mod store;
#[cfg(test)]
mod testing;
pub mod tree;
pub mod witness;

pub use anchored::{ANCHOR_ROOT, AnchorError, AnchorProof, RecordProof, ScopeTree};
pub use checkpoint::Checkpoint;
pub use commitment::{ActId, commitment};
pub use cose::{CoseError, CoseReceipt};
pub use current::{
    CurrentHead, CurrentProof, VerifiedCurrent, verify_current, verify_current_under,
};
pub use entry::{
    AnchorClaims, AnchorContent, AnchorScope, Claims, KEY_COMPROMISED, OnceClaims, OnceId,
    SignedEntry, StatusClaims, StatusFormat, TrustClaims, TrustOperation, TrustStatement,
};
pub use entry_id::EntryId;
pub use epoch::{Epoch, MapRoot};
pub use evidence::{Evidence, EvidenceError, Growth, Proven};
pub use leaf::{Kind, Leaf};
pub use log::{Log, LogError};
pub use map::{Flags, MapKey, MapValue};
pub use moving::{MoveError, plan_import};
pub use note::{SignedNote, VerifierKey};
pub use opening::{DigestFormat, Opening, check_commitment};
pub use parameters::{Parameters, ParametersDocument};
pub use policy::LogPolicy;
pub use promise::{Breach, Promise, PromiseState, VerifiedPromise, verify_promise};
pub use receipt::{
    Cosigner, Grade, Grades, Receipt, ReceiptError, StampInterval, TimestampChecker,
    VerifiedCheckpoint, VerifiedLeaf, verify_bundle_under, verify_checkpoint,
    verify_checkpoint_with, verify_receipt, verify_receipt_under,
};
pub use record::{RECORD_ROOT, RecordBatch, RecordPlace};
pub use rejection::{Refusal, Rejection};
pub use rules::RuleVersion;
pub use state::{Base, Candidate, Machine};
pub use store::StoreError;
pub use tree::{LeafHash, MerkleTree, NodeHash};
