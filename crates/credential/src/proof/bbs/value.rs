//! The proof values of `bbs-2023` on the wire: `u`, base64url, three bytes that tell the kind, CBOR
//! ([vc-di-bbs §3.3](https://www.w3.org/TR/2024/CR-vc-di-bbs-20240404/#bbs-2023-functions)).
//!
//! One value has one form here: CBOR as RFC 8949 §4.2.1 writes it, no tags, nothing behind it.

use std::collections::BTreeMap;

use inkan_core::SecretBytes;
use inkan_crypto::bbs;

use crate::cbor::{Reader, Writer};
use crate::proof::{Proof, ProofError, wire};

const BASE: [u8; 3] = [0xd9, 0x5d, 0x02];
const DERIVED: [u8; 3] = [0xd9, 0x5d, 0x03];
/// Blank nodes, and statements shown.
const ITEMS: usize = 8_192;
/// Bytes of a presentation header.
const PRESENTATION_HEADER: usize = 4_096;

/// A proof value, of the issuer's or the holder's making.
#[derive(Debug)]
pub(in crate::proof) enum ProofValue {
    Base(BaseValue),
    Derived(DerivedValue),
    /// A kind of the same suite that is not spoken here, by the name that the specification gives it.
    Other(&'static str),
}

/// What the issuer gives to the holder, and nobody else.
#[derive(Debug)]
pub(in crate::proof) struct BaseValue {
    pub(in crate::proof) signature: [u8; bbs::SIGNATURE_LENGTH],
    /// The hash of the proof's other members, then that of the mandatory statements.
    pub(in crate::proof) header: [u8; 64],
    /// The issuer's, as it made the signature.
    pub(in crate::proof) public_key: [u8; 96],
    pub(in crate::proof) label_key: SecretBytes,
    /// JSON pointers.
    pub(in crate::proof) mandatory: Vec<String>,
}

/// What the holder shows.
#[derive(Debug, PartialEq)]
pub(in crate::proof) struct DerivedValue {
    pub(in crate::proof) proof: Vec<u8>,
    /// By canonical label.
    pub(in crate::proof) labels: BTreeMap<String, String>,
    /// Ascending, among the statements shown.
    pub(in crate::proof) mandatory: Vec<usize>,
    /// Ascending, among the statements of the whole that are not mandatory.
    pub(in crate::proof) selective: Vec<usize>,
    pub(in crate::proof) presentation_header: Vec<u8>,
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
        let value = match *header {
            BASE => Self::Base(read_base(&mut reader)?),
            DERIVED => Self::Derived(read_derived(&mut reader)?),
            [0xd9, 0x5d, 0x04 | 0x05] => return Some(Self::Other("anonymous_holder_binding")),
            [0xd9, 0x5d, 0x06 | 0x07] => return Some(Self::Other("pseudonym")),
            [0xd9, 0x5d, 0x08 | 0x09] => return Some(Self::Other("holder_binding_pseudonym")),
            _ => return None,
        };
        reader.is_empty().then_some(value)
    }
}

/// `parseBaseProofValue`.
fn read_base(reader: &mut Reader<'_>) -> Option<BaseValue> {
    if reader.array()? != 5 {
        return None;
    }
    let (signature, header, public_key) = (reader.fixed()?, reader.fixed()?, reader.fixed()?);
    let label_key = wire::read_label_key(reader)?;
    let mandatory = wire::read_pointers(reader, ITEMS)?;
    Some(BaseValue { signature, header, public_key, label_key, mandatory })
}

/// `parseDerivedProofValue`.
fn read_derived(reader: &mut Reader<'_>) -> Option<DerivedValue> {
    if reader.array()? != 5 {
        return None;
    }
    let proof = reader.bytes()?.to_vec();
    bbs::hidden_messages(&proof).ok()?;
    let count = reader.map().filter(|count| *count <= ITEMS)?;
    let mut labels = BTreeMap::new();
    let mut last = None;
    for _ in 0..count {
        let (canonical, label) = (reader.unsigned()?, reader.unsigned()?);
        if last.is_some_and(|last| canonical <= last) {
            return None;
        }
        last = Some(canonical);
        labels.insert(wire::canonical_label(canonical), format!("b{label}"));
    }
    let mandatory = wire::read_indexes(reader, ITEMS)?;
    let selective = wire::read_indexes(reader, ITEMS)?;
    let presentation_header = reader.bytes().filter(|bytes| bytes.len() <= PRESENTATION_HEADER)?;
    let presentation_header = presentation_header.to_vec();
    Some(DerivedValue { proof, labels, mandatory, selective, presentation_header })
}

impl BaseValue {
    /// The text of `proofValue` (`serializeBaseProofValue`).
    pub(in crate::proof) fn to_text(&self) -> String {
        let mut writer = Writer::after(&BASE);
        writer.array(5);
        writer.bytes(&self.signature);
        writer.bytes(&self.header);
        writer.bytes(&self.public_key);
        writer.bytes(self.label_key.expose_secret());
        wire::write_pointers(&mut writer, &self.mandatory);
        wire::to_text(writer)
    }
}

impl DerivedValue {
    /// The text of `proofValue` (`serializeDerivedProofValue`). `None` if a label is not one of this suite.
    pub(in crate::proof) fn to_text(&self) -> Option<String> {
        let labels: BTreeMap<u64, u64> = self
            .labels
            .iter()
            .map(|(canonical, label)| {
                let label = label.strip_prefix('b')?.parse().ok()?;
                Some((wire::canonical_number(canonical)?, label))
            })
            .collect::<Option<_>>()?;
        let mut writer = Writer::after(&DERIVED);
        writer.array(5);
        writer.bytes(&self.proof);
        writer.map(labels.len());
        for (canonical, label) in labels {
            writer.unsigned(canonical);
            writer.unsigned(label);
        }
        for indexes in [&self.mandatory, &self.selective] {
            wire::write_indexes(&mut writer, indexes)?;
        }
        writer.bytes(&self.presentation_header);
        Some(wire::to_text(writer))
    }
}
