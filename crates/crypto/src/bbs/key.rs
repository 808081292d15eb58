//! Keys of BBS: a scalar, and its point of G2.

use bls12_381::{G2Affine, G2Prepared, Scalar};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::{SCALAR_LENGTH, octets_to_scalar, scalar_to_octets};
use crate::keys::KeyError;

/// A public key: a point of the group of order r, not the identity. What pairings with it need is computed at each use: it is
/// twenty kilobytes, and a document may name many keys that are never used.
pub(crate) struct BbsKey {
    compressed: [u8; 96],
    point: G2Affine,
}

impl BbsKey {
    /// Reads the 96 bytes of a compressed point (`octets_to_pubkey`).
    pub(crate) fn from_compressed(bytes: &[u8; 96]) -> Result<Self, KeyError> {
        Self::from_point(G2Affine::from_compressed(bytes).into())
    }

    /// Reads x and y, 96 bytes each.
    pub(crate) fn from_coordinates(x: &[u8; 96], y: &[u8; 96]) -> Result<Self, KeyError> {
        let bytes = [*x, *y];
        let bytes = bytes.as_flattened().try_into().map_err(|_| KeyError::Encoding)?;
        Self::from_point(G2Affine::from_uncompressed(bytes).into())
    }

    fn from_point(point: Option<G2Affine>) -> Result<Self, KeyError> {
        // The identity is the key for which everything verifies.
        let point = point.filter(|point| !bool::from(point.is_identity()));
        let point = point.ok_or(KeyError::NotOnCurve)?;
        Ok(Self { compressed: point.to_compressed(), point })
    }

    /// The compressed point.
    pub(crate) const fn compressed(&self) -> &[u8; 96] {
        &self.compressed
    }

    /// x and y, 96 bytes each, as a JWK wants them.
    pub(crate) fn coordinates(&self) -> ([u8; 96], [u8; 96]) {
        let bytes = self.point.to_uncompressed();
        let half = |skip: usize| {
            let mut out = [0; 96];
            for (to, from) in out.iter_mut().zip(bytes.iter().skip(skip)) {
                *to = *from;
            }
            out
        };
        (half(0), half(96))
    }

    pub(super) fn prepared(&self) -> G2Prepared {
        self.point.into()
    }
}

/// A secret key: a scalar other than zero, wiped on drop.
pub(crate) struct BbsSecret(Zeroizing<Scalar>);

impl ZeroizeOnDrop for BbsSecret {}

impl BbsSecret {
    /// Reads 32 bytes, big-endian.
    pub(crate) fn from_octets(bytes: &[u8]) -> Option<Self> {
        octets_to_scalar(bytes).map(|scalar| Self(Zeroizing::new(scalar)))
    }

    pub(crate) fn to_octets(&self) -> Zeroizing<[u8; SCALAR_LENGTH]> {
        Zeroizing::new(scalar_to_octets(&self.0))
    }

    /// `SkToPk`.
    pub(crate) fn public(&self) -> Result<BbsKey, KeyError> {
        BbsKey::from_point(Some((G2Affine::generator() * *self.0).into()))
    }

    pub(super) fn scalar(&self) -> &Scalar {
        &self.0
    }
}
