//! How the holder authenticated, from real bytes to a report: one test per attack of the groups `presentation` and `event` that concerns bytes,
//! named after it, each one change to a baseline that is accepted.

mod aal {
    mod attestation;
    mod desk;
    mod events;
    mod keys;
    mod table;
    mod webauthn;
}
