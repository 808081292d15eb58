//! The proof values of `ecdsa-sd-2023` on the wire: `u`, base64url, three bytes that tell base from derived, CBOR
//! ([vc-di-ecdsa §3.5.2, §3.5.3, §3.5.7 and §3.5.8](https://www.w3.org/TR/2025/REC-vc-di-ecdsa-20250515/#ecdsa-sd-2023)).
//!
//! Numbers and lengths have the one form of RFC 8949 §4.2.1; no tags, nothing behind it.

use std::collections::BTreeMap;

use inkan_core::{SecretBytes, encoding};
use inkan_crypto::{KeyType, PublicKey};

use crate::cbor::{Reader, Writer};
use crate::proof::{Proof, ProofError, wire};

const BASE: [u8; 3] = [0xd9, 0x5d, 0x00];
const DERIVED: [u8; 3] = [0xd9, 0x5d, 0x01];
/// The multicodec prefix `p256-pub`, which stands before the proof's own key.
const P256_PUB: [u8; 2] = [0x80, 0x24];
/// Statements that are signed one by one, and blank nodes.
pub(super) const STATEMENTS: usize = 2_048;

/// A proof value, of the issuer's or the holder's making.
#[derive(Debug)]
pub(in crate::proof) enum ProofValue {
    Base(BaseValue),
    Derived(DerivedValue),
}

/// What the issuer gives to the holder, and nobody else.
#[derive(Debug)]
pub(in crate::proof) struct BaseValue {
    /// The issuer's.
    pub(in crate::proof) signature: [u8; 64],
    /// Whose signatures the statements carry.
    pub(in crate::proof) proof_key: PublicKey,
    pub(in crate::proof) label_key: SecretBytes,
    /// Of the statements that are not mandatory, in their order.
    pub(in crate::proof) signatures: Vec<[u8; 64]>,
    /// JSON pointers.
    pub(in crate::proof) mandatory: Vec<String>,
}

/// What the holder shows.
#[derive(Debug, PartialEq)]
pub(in crate::proof) struct DerivedValue {
    pub(in crate::proof) signature: [u8; 64],
    pub(in crate::proof) proof_key: PublicKey,
    pub(in crate::proof) signatures: Vec<[u8; 64]>,
    /// By canonical label.
    pub(in crate::proof) labels: BTreeMap<String, String>,
    /// Ascending, among the statements shown.
    pub(in crate::proof) mandatory: Vec<usize>,
}

impl ProofValue {
    /// Reads the value of a proof of this suite.
    ///
    /// # Errors
    ///
    /// [`ProofError::Malformed`].
    pub(in crate::proof) fn of(proof: &Proof) -> Result<Self, ProofError> {
        wire::value_of(proof, Self::parse)
    }

    pub(in crate::proof) fn parse(text: &str) -> Option<Self> {
        let bytes = wire::decode(text)?;
        let (header, body) = bytes.split_first_chunk::<3>()?;
        let mut reader = Reader::new(body);
        let five = reader.array()? == 5;
        let (signature, proof_key) = (reader.fixed::<64>()?, read_key(&mut reader)?);
        let value = match *header {
            BASE => {
                let label_key = wire::read_label_key(&mut reader)?;
                let signatures = read_signatures(&mut reader)?;
                let mandatory = wire::read_pointers(&mut reader, STATEMENTS)?;
                Self::Base(BaseValue { signature, proof_key, label_key, signatures, mandatory })
            }
            DERIVED => {
                let signatures = read_signatures(&mut reader)?;
                let labels = read_labels(&mut reader)?;
                let mandatory = wire::read_indexes(&mut reader, STATEMENTS)?;
                Self::Derived(DerivedValue { signature, proof_key, signatures, labels, mandatory })
            }
            _ => return None,
        };
        (five && reader.is_empty()).then_some(value)
    }

    /// The issuer's signature: what the ledger commits to, the same in a base proof and all that are derived from it.
    pub(in crate::proof) const fn signature(&self) -> &[u8; 64] {
        match self {
            Self::Base(base) => &base.signature,
            Self::Derived(derived) => &derived.signature,
        }
    }
}

impl BaseValue {
    /// The text of `proofValue`.
    pub(in crate::proof) fn to_text(&self) -> String {
        let mut writer = Writer::after(&BASE);
        writer.array(5);
        writer.bytes(&self.signature);
        writer.bytes(&key_bytes(&self.proof_key));
        writer.bytes(self.label_key.expose_secret());
        write_signatures(&mut writer, &self.signatures);
        wire::write_pointers(&mut writer, &self.mandatory);
        wire::to_text(writer)
    }
}

impl DerivedValue {
    /// The text of `proofValue`. `None` if a label is not one of this suite.
    pub(in crate::proof) fn to_text(&self) -> Option<String> {
        let mut writer = Writer::after(&DERIVED);
        writer.array(5);
        writer.bytes(&self.signature);
        writer.bytes(&key_bytes(&self.proof_key));
        write_signatures(&mut writer, &self.signatures);
        let labels: BTreeMap<u64, [u8; 32]> = self
            .labels
            .iter()
            .map(|(canonical, label)| {
                let label = encoding::b64u_array(label.strip_prefix('u')?).ok()?;
                Some((wire::canonical_number(canonical)?, label))
            })
            .collect::<Option<_>>()?;
        writer.map(labels.len());
        for (number, label) in &labels {
            writer.unsigned(*number);
            writer.bytes(label);
        }
        wire::write_indexes(&mut writer, &self.mandatory)?;
        Some(wire::to_text(writer))
    }
}

/// The proof's own key as a Multikey has it.
pub(super) fn key_bytes(key: &PublicKey) -> Vec<u8> {
    // What was just encoded can be decoded.
    encoding::decode_multibase(&key.to_multikey()).unwrap_or_default()
}

fn read_key(reader: &mut Reader<'_>) -> Option<PublicKey> {
    let raw = reader.bytes()?.strip_prefix(&P256_PUB)?;
    PublicKey::from_raw(KeyType::P256, raw).ok()
}

fn read_signatures(reader: &mut Reader<'_>) -> Option<Vec<[u8; 64]>> {
    wire::read_list(reader, STATEMENTS, Reader::fixed)
}

/// In any order: implementations differ. None is there twice.
fn read_labels(reader: &mut Reader<'_>) -> Option<BTreeMap<String, String>> {
    let count = reader.map().filter(|count| *count <= STATEMENTS)?;
    let mut labels = BTreeMap::new();
    for _ in 0..count {
        let (number, label) = (reader.unsigned()?, reader.fixed::<32>()?);
        let label = format!("u{}", encoding::b64u(&label));
        if labels.insert(wire::canonical_label(number), label).is_some() {
            return None;
        }
    }
    Some(labels)
}

fn write_signatures(writer: &mut Writer, signatures: &[[u8; 64]]) {
    writer.array(signatures.len());
    for signature in signatures {
        writer.bytes(signature);
    }
}
