//! Base64 of secrets: read and written in constant time, and every copy made here is wiped.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::EncodingError;
use crate::SecretBytes;

/// Base64 with padding (RFC 4648 §4), as ASCII text.
#[must_use]
pub fn b64(secret: &[u8]) -> SecretBytes {
    encode::<Base64>(secret)
}

/// Base64url without padding (RFC 4648 §5), as ASCII text.
#[must_use]
pub fn b64u(secret: &[u8]) -> SecretBytes {
    encode::<Base64UrlUnpadded>(secret)
}

/// Reads base64 with padding.
///
/// # Errors
///
/// [`EncodingError::NotCanonical`] unless `text` is exactly what [`b64`] writes.
pub fn decode_b64(text: &str) -> Result<SecretBytes, EncodingError> {
    decode::<Base64>(text)
}

/// Reads base64url without padding.
///
/// # Errors
///
/// [`EncodingError::NotCanonical`] unless `text` is exactly what [`b64u`] writes.
pub fn decode_b64u(text: &str) -> Result<SecretBytes, EncodingError> {
    decode::<Base64UrlUnpadded>(text)
}

fn encode<E: Encoding>(secret: &[u8]) -> SecretBytes {
    let mut text = vec![0; E::encoded_len(secret)];
    // It fails for want of room alone, and there is as much as it asked for.
    let written = E::encode(secret, &mut text).map_or(0, str::len);
    text.truncate(written);
    SecretBytes::new(text)
}

fn decode<E: Encoding>(text: &str) -> Result<SecretBytes, EncodingError> {
    let mut secret = Zeroizing::new(vec![0; text.len()]);
    let read = E::decode(text, &mut secret).map_err(|_| EncodingError::NotCanonical)?.len();
    secret.truncate(read);
    Ok(SecretBytes::new(std::mem::take(&mut secret)))
}
