//! Randomness from the operating system.

use inkan_core::CryptoRng;

/// The operating system's generator: `getrandom(2)` or its equivalent.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRng;

impl CryptoRng for OsRng {
    /// Fills `bytes`, or ends the process: without a generator there is no key, salt or nonce worth having,
    /// and whoever went on would not know.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one source of randomness of the toolkit"
    )]
    fn fill(&mut self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}
