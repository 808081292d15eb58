//! Fuzz target `certificate`: see `fuzz_entries`.
#![no_main]

#[expect(dead_code, reason = "each target calls one of the functions")]
#[path = "../../src/fuzz_entries.rs"]
mod fuzz_entries;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_entries::certificate(data));
