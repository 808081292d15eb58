//! Randomness as an argument: no crate below `inkan-io` draws any by itself.

use crate::digest::sha256;

/// A source of bytes fit for keys, salts and nonces.
///
/// `inkan-io` implements it with the operating system's generator; tests use [`insecure::SeededRng`].
pub trait CryptoRng {
    /// Fills `bytes` completely.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// Draws `N` bytes.
pub fn draw<const N: usize>(rng: &mut impl CryptoRng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill(&mut bytes);
    bytes
}

/// Draws a version 4 UUID as `urn:uuid:…` ([RFC 9562 §5.4](https://www.rfc-editor.org/rfc/rfc9562#section-5.4)).
pub fn draw_uuid_urn(rng: &mut impl CryptoRng) -> String {
    let mut bytes: [u8; 16] = draw(rng);
    if let Some(byte) = bytes.get_mut(6) {
        *byte = (*byte & 0x0f) | 0x40;
    }
    if let Some(byte) = bytes.get_mut(8) {
        *byte = (*byte & 0x3f) | 0x80;
    }
    let hex = crate::encoding::hex(&bytes);
    let mut out = String::from("urn:uuid:");
    for (position, digit) in hex.chars().enumerate() {
        if matches!(position, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(digit);
    }
    out
}

/// Generators that must never make a real key.
pub mod insecure {
    use super::{CryptoRng, sha256};

    /// A reproducible stream for tests and golden files: SHA-256 over seed and counter.
    #[derive(Clone, Debug)]
    pub struct SeededRng {
        seed: u64,
        counter: u64,
    }

    impl SeededRng {
        /// Starts the stream that belongs to `seed`.
        #[must_use]
        pub const fn new(seed: u64) -> Self {
            Self { seed, counter: 0 }
        }
    }

    impl CryptoRng for SeededRng {
        fn fill(&mut self, bytes: &mut [u8]) {
            for chunk in bytes.chunks_mut(32) {
                let block = sha256(&[&self.seed.to_be_bytes(), &self.counter.to_be_bytes()]);
                self.counter = self.counter.wrapping_add(1);
                for (to, from) in chunk.iter_mut().zip(block.as_bytes()) {
                    *to = *from;
                }
            }
        }
    }
}
