//! Size limits under which foreign bytes are looked at, all in bytes unless said otherwise.

/// A credential, presentation or policy file.
pub const DOCUMENT: usize = 1 << 20;
/// A bundle: documents, DID logs, receipts and status lists together.
pub const BUNDLE: usize = 16 << 20;
/// Nesting of JSON arrays and objects.
pub const JSON_DEPTH: usize = 64;
/// A compact JWS outside the ledger (ledger entries have limits of their own).
pub const JWS: usize = 1 << 20;
/// One did:webvh log: all versions of one DID.
pub const DID_LOG: usize = 8 << 20;
/// One did:webvh log line.
pub const DID_LOG_LINE: usize = 32_768;
/// A did.json, or any other DID document.
pub const DID_DOCUMENT: usize = 256 << 10;
/// A DID or DID URL.
pub const DID: usize = 2_048;
/// A status list credential, compressed as served.
pub const STATUS_LIST: usize = 8 << 20;
/// A status list after inflating: 2^27 bits.
pub const STATUS_LIST_INFLATED: usize = 16 << 20;
/// Proofs on one document.
pub const PROOFS: usize = 64;
/// Credentials in one presentation.
pub const CREDENTIALS: usize = 64;
