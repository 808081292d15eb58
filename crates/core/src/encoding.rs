//! Encodings with one reading: hexadecimal, base64, base64url, base58btc, multibase, multihash.
//!
//! Every decoder refuses what its encoder would not have written, so two correct parsers cannot differ. Those here are for what is
//! public: how long they take says something of what they read. Secrets have their own ([`secret`]).

pub mod secret;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::digest::Digest;

/// Why an encoded text is not what it should be. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EncodingError {
    /// A character outside the alphabet, wrong padding, or spare bits that are not zero.
    #[error("text is not in canonical form")]
    NotCanonical,
    /// The text decodes to another number of bytes than expected.
    #[error("text has the wrong length")]
    Length,
    /// The multibase, multihash or multicodec prefix is not the expected one.
    #[error("text has the wrong prefix")]
    Prefix,
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            if let Some(digit) = DIGITS.get(usize::from(nibble)) {
                out.push(char::from(*digit));
            }
        }
    }
    out
}

/// Reads lower-case hexadecimal.
///
/// # Errors
///
/// [`EncodingError::NotCanonical`] for any other character or an odd length.
pub fn decode_hex(text: &str) -> Result<Vec<u8>, EncodingError> {
    let nibble = |c: u8| match c {
        b'0'..=b'9' => Ok(c.wrapping_sub(b'0')),
        b'a'..=b'f' => Ok(c.wrapping_sub(b'a').wrapping_add(10)),
        _ => Err(EncodingError::NotCanonical),
    };
    let mut out = Vec::with_capacity(text.len() / 2);
    for pair in text.as_bytes().chunks(2) {
        let [high, low] = pair else { return Err(EncodingError::NotCanonical) };
        out.push((nibble(*high)? << 4) | nibble(*low)?);
    }
    Ok(out)
}

/// Base64 with padding ([RFC 4648 §4](https://www.rfc-editor.org/rfc/rfc4648#section-4)).
#[must_use]
pub fn b64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads base64 with padding.
///
/// # Errors
///
/// [`EncodingError::NotCanonical`] unless `text` is exactly what [`b64`] writes.
pub fn decode_b64(text: &str) -> Result<Vec<u8>, EncodingError> {
    // It refuses spare bits that are not zero, too: a property test holds it to that.
    STANDARD.decode(text).map_err(|_| EncodingError::NotCanonical)
}

/// Base64url without padding ([RFC 4648 §5](https://www.rfc-editor.org/rfc/rfc4648#section-5)).
#[must_use]
pub fn b64u(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url without padding.
///
/// # Errors
///
/// [`EncodingError::NotCanonical`] unless `text` is exactly what [`b64u`] writes.
pub fn decode_b64u(text: &str) -> Result<Vec<u8>, EncodingError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| EncodingError::NotCanonical)
}

/// Reads base64url that must hold exactly `N` bytes.
///
/// # Errors
///
/// [`EncodingError::NotCanonical`] or [`EncodingError::Length`].
pub fn b64u_array<const N: usize>(text: &str) -> Result<[u8; N], EncodingError> {
    decode_b64u(text)?.try_into().map_err(|_| EncodingError::Length)
}

/// Base58btc without a multibase prefix.
#[must_use]
pub fn base58btc(bytes: &[u8]) -> String {
    // A signature as a rule: digit by digit it takes a fifth of the time that signing with Ed25519 does.
    if let Ok(signature) = <&[u8; 64]>::try_from(bytes) {
        let mut text = [0; five8::BASE58_ENCODED_64_MAX_LEN];
        let length = usize::from(five8::encode_64(signature, &mut text));
        return text.iter().take(length).copied().map(char::from).collect();
    }
    bs58::encode(bytes).into_string()
}

/// Reads base58btc without a multibase prefix; at most 1,024 characters, since decoding is quadratic.
///
/// # Errors
///
/// [`EncodingError::NotCanonical`] for a foreign character, [`EncodingError::Length`] for a longer text.
pub fn decode_base58btc(text: &str) -> Result<Vec<u8>, EncodingError> {
    if text.len() > 1_024 {
        return Err(EncodingError::Length);
    }
    bs58::decode(text).into_vec().map_err(|_| EncodingError::NotCanonical)
}

/// Multibase base58btc: `z` and the text.
#[must_use]
pub fn multibase58(bytes: &[u8]) -> String {
    format!("z{}", base58btc(bytes))
}

/// Reads multibase: `z` (base58btc) or `u` (base64url without padding).
///
/// # Errors
///
/// [`EncodingError::Prefix`] for any other base, otherwise as its decoder.
pub fn decode_multibase(text: &str) -> Result<Vec<u8>, EncodingError> {
    if let Some(rest) = text.strip_prefix('z') {
        decode_base58btc(rest)
    } else if let Some(rest) = text.strip_prefix('u') {
        decode_b64u(rest)
    } else {
        Err(EncodingError::Prefix)
    }
}

/// Base58btc of the SHA-256 multihash (`12 20 || digest`): the form of a did:webvh SCID and entry hash, 46 characters.
#[must_use]
pub fn multihash58(digest: &Digest) -> String {
    let mut bytes = vec![0x12, 0x20];
    bytes.extend_from_slice(digest.as_bytes());
    base58btc(&bytes)
}

/// Whether this is what [`multihash58`] writes of some digest.
///
/// Looks at every DID, so it decodes nothing: the alphabet of base58btc is in the order of ASCII, and among texts of one length that is
/// the order of the numbers that they stand for.
#[must_use]
pub fn is_multihash58(text: &str) -> bool {
    // Of 32 bytes 00, and of 32 bytes ff.
    const FIRST: &str = "QmNLei78zWmzUdbeRB3CiUfAizWUrbeeZh5K1rhAQKCh51";
    const LAST: &str = "QmfZy5bvk7a3DQAjCbGNtmrPXWkyVvPrdnZMyBZ5q5ieKG";
    let in_alphabet = |c: u8| c.is_ascii_alphanumeric() && !matches!(c, b'0' | b'I' | b'O' | b'l');
    text.len() == FIRST.len() && (FIRST..=LAST).contains(&text) && text.bytes().all(in_alphabet)
}

#[cfg(test)]
mod tests;
