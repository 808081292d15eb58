//! ES384 by `p384` and ES512 by `p521`: one shape over two curves. ES256, whose engine is another in native builds, is in `es256`.
//!
//! In scope: one parsed key and whether a signature of two halves is its. Both halves must lie in `1..n`, and a high `s` is as good
//! as a low one, as with ES256.

/// The key of a curve: its crate, and the bytes of a coordinate and of a compressed point.
macro_rules! key {
    ($name:ident, $curve:ident, $coordinate:literal, $compressed:literal, $what:literal) => {
        #[doc = $what]
        #[derive(Clone)]
        pub(crate) struct $name {
            compressed: [u8; $compressed],
            x: [u8; $coordinate],
            y: [u8; $coordinate],
            key: $curve::ecdsa::VerifyingKey,
        }

        impl $name {
            /// Reads a SEC 1 point, compressed or not. `None` if it is not on the curve, or is the identity.
            pub(crate) fn from_sec1(bytes: &[u8]) -> Option<Self> {
                let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes(bytes).ok()?;
                let point = key.to_sec1_point(false);
                Some(Self {
                    compressed: key.to_sec1_point(true).as_bytes().try_into().ok()?,
                    x: point.x()?.as_slice().try_into().ok()?,
                    y: point.y()?.as_slice().try_into().ok()?,
                    key,
                })
            }

            /// The compressed point.
            pub(crate) const fn compressed(&self) -> &[u8; $compressed] {
                &self.compressed
            }

            /// The affine coordinates x and y, as a JWK wants them.
            pub(crate) const fn coordinates(&self) -> (&[u8; $coordinate], &[u8; $coordinate]) {
                (&self.x, &self.y)
            }

            /// Whether `signature` (r‖s, RFC 7518 §3.4) is this key's over `message`, by the digest of the curve.
            pub(crate) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
                use $curve::ecdsa::signature::Verifier as _;
                $curve::ecdsa::Signature::from_slice(signature)
                    .is_ok_and(|signature| self.key.verify(message, &signature).is_ok())
            }
        }
    };
}

key!(Es384Key, p384, 48, 49, "A point of P-384, parsed once; it signs over SHA-384.");
key!(Es512Key, p521, 66, 67, "A point of P-521, parsed once; it signs over SHA-512.");

#[cfg(test)]
mod tests;
