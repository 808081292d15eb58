//! How far two clocks may differ: the one table, all values in seconds.

/// Ledger `iat` and cosignature timestamps may lie this far in the future.
pub const LEDGER_FUTURE: i64 = 300;
/// A ledger entry's `iat` may be this much older than ledger time.
pub const LEDGER_PAST: i64 = 86_400;
/// `created`, `nbf`, `iat`, `validFrom` of credentials may lie this far in the future.
pub const CREDENTIAL: i64 = 60;
/// How long a presentation nonce may be answered, and how old a presentation may be.
pub const PRESENTATION: i64 = 300;
/// Clocks of one proofing event may differ by this much (assurance §4).
pub const EVIDENCE_CLOCKS: i64 = 300;
/// Greatest distance between a proofing event and a timestamp over it (assurance §4).
pub const EVIDENCE_TIMESTAMP: i64 = 86_400;
