//! What blank nodes are called before they are signed, so that their order and number tell nothing.

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::{Digest, SecretBytes, encoding, sha256};

use super::SelectionError;

/// Length of the key that makes labels, in bytes.
pub(crate) const LABEL_KEY_LENGTH: usize = 32;

/// From canonical labels to those that are signed (the label map factory functions of §3.4).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Labels<'a> {
    /// `u` and the base64url HMAC-SHA-256 of the canonical label (`createHmacIdLabelMapFunction`), for `ecdsa-sd-2023`.
    Hmac(&'a SecretBytes),
    /// `b0`, `b1`, … in the order of those HMACs (`createShuffledIdLabelMapFunction`), for `bbs-2023`.
    Shuffled(&'a SecretBytes),
    /// Those that a proof carries for exactly these canonical labels, each another (`createLabelMapFunction`).
    Given(&'a BTreeMap<String, String>),
}

impl Labels<'_> {
    /// The label of each blank node, by its number, for their canonical labels.
    ///
    /// # Errors
    ///
    /// [`SelectionError::Labels`] unless every node gets one of its own, and none is left over.
    pub(super) fn assign(
        &self,
        canonical: &BTreeMap<usize, String>,
    ) -> Result<BTreeMap<usize, String>, SelectionError> {
        let assigned: BTreeMap<usize, String> = match self {
            Self::Hmac(key) => {
                canonical.iter().map(|(node, label)| (*node, keyed_label(key, label))).collect()
            }
            Self::Shuffled(key) => {
                let keyed: BTreeMap<String, usize> = canonical
                    .iter()
                    .map(|(node, label)| (keyed_label(key, label), *node))
                    .collect();
                let numbered = keyed.into_values().enumerate();
                numbered.map(|(number, node)| (node, format!("b{number}"))).collect()
            }
            Self::Given(map) if map.len() != canonical.len() => return Err(SelectionError::Labels),
            Self::Given(map) => canonical
                .iter()
                .map(|(node, label)| Some((*node, map.get(label)?.clone())))
                .collect::<Option<_>>()
                .ok_or(SelectionError::Labels)?,
        };
        let distinct: BTreeSet<&String> = assigned.values().collect();
        if distinct.len() == canonical.len() { Ok(assigned) } else { Err(SelectionError::Labels) }
    }
}

fn keyed_label(key: &SecretBytes, label: &str) -> String {
    format!("u{}", encoding::b64u(hmac(key, label.as_bytes()).as_bytes()))
}

/// HMAC-SHA-256 ([RFC 2104](https://www.rfc-editor.org/rfc/rfc2104)) with a key of at most 64 bytes; of a longer one
/// the hash is the key.
fn hmac(key: &SecretBytes, message: &[u8]) -> Digest {
    const BLOCK: usize = 64;
    let hashed;
    let key = if key.len() > BLOCK {
        hashed = SecretBytes::new(sha256(&[key.expose_secret()]).as_bytes().to_vec());
        hashed.expose_secret()
    } else {
        key.expose_secret()
    };
    let padded = |pad: u8| {
        let zeroes = std::iter::repeat(&0);
        SecretBytes::new(key.iter().chain(zeroes).take(BLOCK).map(|byte| byte ^ pad).collect())
    };
    let inner = sha256(&[padded(0x36).expose_secret(), message]);
    sha256(&[padded(0x5c).expose_secret(), inner.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        let of =
            |key: &[u8], message: &[u8]| hmac(&SecretBytes::new(key.to_vec()), message).to_hex();
        assert_eq!(
            of(&[0x0b; 20], b"Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            of(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            of(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
