//! The certificates in a header (`x5c`, [RFC 7515 §4.1.6](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.6)), and whom the first one names.

use inkan_core::encoding;
use serde_json::Value;

use super::certificate;

/// Certificates in one header.
const LIMIT: usize = 8;

/// A list of base64 (not base64url) of DER, that of the key first.
pub(crate) fn read(chain: &Value) -> Option<Vec<Vec<u8>>> {
    let chain = chain.as_array().filter(|chain| (1..=LIMIT).contains(&chain.len()))?;
    chain.iter().map(|one| encoding::decode_b64(one.as_str()?).ok()).collect()
}

/// The value of the header.
pub(crate) fn to_header(chain: &[Vec<u8>]) -> Value {
    chain.iter().map(|one| encoding::b64(one)).collect()
}

/// Whether the first one names this HTTPS issuer.
#[must_use]
pub fn names_issuer(chain: &[Vec<u8>], issuer: &str) -> bool {
    name(chain, issuer)
}

/// Whether the first one names this HTTPS issuer.
pub(crate) fn name(chain: &[Vec<u8>], issuer: &str) -> bool {
    chain.first().is_some_and(|leaf| certificate::names(leaf, issuer))
}

/// The issuer that a certificate names: its first HTTPS URL, or else its first host.
#[must_use]
pub fn issuer_of(leaf: &[u8]) -> Option<String> {
    certificate::issuer_of(leaf)
}
