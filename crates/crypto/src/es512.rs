//! ES512 verification by `p521`.
//!
//! In scope: one parsed P-521 key and whether a 132-byte signature is its. Both halves of a signature must lie in
//! `1..n`, and a high `s` is as good as a low one, as with ES256.

use p521::ecdsa::{Signature, VerifyingKey, signature::Verifier as _};

/// A point of P-521, parsed once.
#[derive(Clone)]
pub(crate) struct Es512Key {
    compressed: [u8; 67],
    x: [u8; 66],
    y: [u8; 66],
    key: VerifyingKey,
}

impl Es512Key {
    /// Reads a SEC 1 point, compressed or not. `None` if it is not on the curve, or is the identity.
    pub(crate) fn from_sec1(bytes: &[u8]) -> Option<Self> {
        let key = VerifyingKey::from_sec1_bytes(bytes).ok()?;
        let point = key.to_sec1_point(false);
        Some(Self {
            compressed: key.to_sec1_point(true).as_bytes().try_into().ok()?,
            x: point.x()?.as_slice().try_into().ok()?,
            y: point.y()?.as_slice().try_into().ok()?,
            key,
        })
    }

    /// The compressed point.
    pub(crate) const fn compressed(&self) -> &[u8; 67] {
        &self.compressed
    }

    /// The affine coordinates x and y, as a JWK wants them.
    pub(crate) const fn coordinates(&self) -> (&[u8; 66], &[u8; 66]) {
        (&self.x, &self.y)
    }

    /// Whether `signature` (r‖s, RFC 7518 §3.4) is this key's over SHA-512 of `message`.
    pub(crate) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify(message, &signature).is_ok())
    }
}

#[cfg(test)]
mod tests;
