//! Hashing to scalars and to points of G1, with SHA-256 ([RFC 9380]).
//!
//! [RFC 9380]: https://www.rfc-editor.org/rfc/rfc9380

use bls12_381::hash_to_curve::{HashToField, MapToCurve};
use bls12_381::{G1Projective, Scalar};
use inkan_core::sha256;
use zeroize::{Zeroize as _, Zeroizing};

/// `expand_len` of the ciphersuite: bytes that become one scalar.
pub(super) const EXPAND_LENGTH: u16 = 48;

/// `expand_message_xmd` with SHA-256 ([RFC 9380 §5.3.1](https://www.rfc-editor.org/rfc/rfc9380#section-5.3.1)): `length` bytes, at most
/// 8,160, from the concatenation of `message`. `dst` has at most 255 bytes; all of ours are constants.
pub(super) fn expand_message(message: &[&[u8]], dst: &[u8], length: u16) -> Zeroizing<Vec<u8>> {
    let wanted = usize::from(length);
    let size = [u8::try_from(dst.len()).unwrap_or(u8::MAX)];
    let mut input: Vec<&[u8]> = vec![&[0; 64]];
    input.extend_from_slice(message);
    let length = length.to_be_bytes();
    input.extend([length.as_slice(), &[0], dst, &size]);
    let first = sha256(&input);

    let mut out = Zeroizing::new(Vec::with_capacity(wanted.saturating_add(32)));
    let mut last = [0; 32];
    for counter in 1..=u8::MAX {
        if out.len() >= wanted {
            break;
        }
        for (byte, mask) in last.iter_mut().zip(first.as_bytes()) {
            *byte ^= mask;
        }
        last = *sha256(&[&last, &[counter], dst, &size]).as_bytes();
        out.extend_from_slice(&last);
    }
    last.zeroize();
    out.truncate(wanted);
    out
}

/// `hash_to_scalar`: the concatenation of `message`, as a scalar.
pub(super) fn hash_to_scalar(message: &[&[u8]], dst: &[u8]) -> Scalar {
    reduce(&expand_message(message, dst, EXPAND_LENGTH))
}

/// A number of at most 64 bytes, big-endian, modulo the order of the groups.
pub(super) fn reduce(number: &[u8]) -> Scalar {
    let mut wide = Zeroizing::new([0; 64]);
    for (to, from) in wide.iter_mut().zip(number.iter().rev()) {
        *to = *from;
    }
    Scalar::from_bytes_wide(&wide)
}

/// `hash_to_curve_g1`: suite `BLS12381G1_XMD:SHA-256_SSWU_RO_` ([RFC 9380 §8.8.1](https://www.rfc-editor.org/rfc/rfc9380#section-8.8.1)).
pub(super) fn hash_to_g1(message: &[u8], dst: &[u8]) -> G1Projective {
    type Field = <G1Projective as MapToCurve>::Field;
    let uniform = expand_message(&[message], dst, 128);
    let mut sum = G1Projective::identity();
    for half in uniform.as_chunks::<64>().0 {
        sum += G1Projective::map_to_curve(&Field::from_okm(half.into()));
    }
    sum.clear_h()
}
