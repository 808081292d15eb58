//! ES256 verification: OpenSSL through josekit with feature `openssl`, else `p256`; the verdicts are the same.
//!
//! In scope: one parsed P-256 key and whether a 64-byte signature is its. Both halves of a signature must lie in
//! `1..n`, and a high `s` is as good as a low one, in both engines.

use p256::ecdsa::{Signature, VerifyingKey};

#[cfg(feature = "openssl")]
use openssl as engine;
#[cfg(not(feature = "openssl"))]
use pure as engine;

/// A point of P-256, parsed once, with what its engine needs to verify quickly.
#[derive(Clone)]
pub(crate) struct Es256Key {
    compressed: [u8; 33],
    x: [u8; 32],
    y: [u8; 32],
    engine: engine::Engine,
}

impl Es256Key {
    /// Reads a SEC 1 point, compressed or not. `None` if it is not on the curve, or is the identity.
    pub(crate) fn from_sec1(bytes: &[u8]) -> Option<Self> {
        let key = VerifyingKey::from_sec1_bytes(bytes).ok()?;
        let point = key.to_sec1_point(false);
        Some(Self {
            compressed: key.to_sec1_point(true).as_bytes().try_into().ok()?,
            x: point.x()?.as_slice().try_into().ok()?,
            y: point.y()?.as_slice().try_into().ok()?,
            engine: engine::Engine::new(&key)?,
        })
    }

    /// The compressed point.
    pub(crate) const fn compressed(&self) -> &[u8; 33] {
        &self.compressed
    }

    /// The affine coordinates x and y, as a JWK wants them.
    pub(crate) const fn coordinates(&self) -> (&[u8; 32], &[u8; 32]) {
        (&self.x, &self.y)
    }

    /// SubjectPublicKeyInfo, for OpenSSL.
    #[cfg(feature = "openssl")]
    pub(crate) fn spki(&self) -> Option<Vec<u8>> {
        VerifyingKey::from_sec1_bytes(&self.compressed).ok().map(|key| spki(&key))
    }

    /// Whether `signature` (r‖s, RFC 7518 §3.4) is this key's over SHA-256 of `message`.
    pub(crate) fn accepts(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        // The range of r and s is checked here, so that the engines cannot differ about it.
        Signature::from_slice(signature)
            .is_ok_and(|parsed| self.engine.accepts(message, signature, &parsed))
    }
}

/// SubjectPublicKeyInfo of a P-256 point, uncompressed (RFC 5480 §2).
#[cfg(feature = "openssl")]
fn spki(key: &VerifyingKey) -> Vec<u8> {
    const PREFIX: [u8; 26] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    [&PREFIX[..], key.to_sec1_point(false).as_bytes()].concat()
}

/// The engine without OpenSSL. Always compiled: tests compare the two.
#[cfg(any(test, not(feature = "openssl")))]
pub(crate) mod pure {
    use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier as _};

    #[derive(Clone)]
    pub(crate) struct Engine(VerifyingKey);

    impl Engine {
        #[expect(clippy::unnecessary_wraps, reason = "the other engine can fail here")]
        pub(crate) const fn new(key: &VerifyingKey) -> Option<Self> {
            Some(Self(*key))
        }

        pub(crate) fn accepts(&self, message: &[u8], _: &[u8; 64], parsed: &Signature) -> bool {
            self.0.verify(message, parsed).is_ok()
        }
    }
}

/// The engine of native builds.
#[cfg(feature = "openssl")]
pub(crate) mod openssl {
    use josekit::jws::{ES256, JwsVerifier as _, alg::ecdsa::EcdsaJwsVerifier};
    use p256::ecdsa::{Signature, VerifyingKey};

    #[derive(Clone)]
    pub(crate) struct Engine(EcdsaJwsVerifier);

    impl Engine {
        pub(crate) fn new(key: &VerifyingKey) -> Option<Self> {
            ES256.verifier_from_der(super::spki(key)).ok().map(Self)
        }

        pub(crate) fn accepts(&self, message: &[u8], raw: &[u8; 64], _: &Signature) -> bool {
            self.0.verify(message, raw).is_ok()
        }
    }
}

#[cfg(test)]
mod tests;
