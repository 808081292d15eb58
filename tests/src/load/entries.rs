//! Signed entries of all kinds, made before a run so that nobody waits for signatures in it.
