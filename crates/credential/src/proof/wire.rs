//! What the proof values of all suites of selective disclosure have in common on the wire: `u`, base64url, three bytes that
//! tell the kind, CBOR with lists, labels and indexes.

use inkan_core::{SecretBytes, encoding, json};

use super::{Proof, ProofError};
use crate::cbor::{Reader, Writer};
use crate::sd_primitives::LABEL_KEY_LENGTH;

/// Characters of a proof value: a signature or so for every statement, and as many labels, indexes and pointers.
const LENGTH: usize = 1 << 20;

/// The value of `proof`, which `parse` reads.
///
/// # Errors
///
/// [`ProofError::Malformed`].
pub(super) fn value_of<T>(
    proof: &Proof,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, ProofError> {
    let text = json::text(proof.value(), "proofValue").unwrap_or_default();
    parse(text).ok_or(ProofError::Malformed { member: "proofValue" })
}

/// The bytes of a proof value, if it is not too long.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let encoded = text.strip_prefix('u').filter(|text| text.len() <= LENGTH)?;
    encoding::decode_b64u(encoded).ok()
}

/// The text of a proof value.
pub(super) fn to_text(writer: Writer) -> String {
    format!("u{}", encoding::b64u(&writer.into_bytes()))
}

/// A list of at most `limit` items.
pub(super) fn read_list<'a, T>(
    reader: &mut Reader<'a>,
    limit: usize,
    mut item: impl FnMut(&mut Reader<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    let count = reader.array().filter(|count| *count <= limit)?;
    (0..count).map(|_| item(reader)).collect()
}

/// Indexes of statements, at most `limit`, each greater than the one before.
pub(super) fn read_indexes(reader: &mut Reader<'_>, limit: usize) -> Option<Vec<usize>> {
    let list = read_list(reader, limit, |reader| usize::try_from(reader.unsigned()?).ok())?;
    list.is_sorted_by(|one, next| one < next).then_some(list)
}

pub(super) fn write_indexes(writer: &mut Writer, indexes: &[usize]) -> Option<()> {
    writer.array(indexes.len());
    indexes.iter().try_for_each(|index| {
        writer.unsigned(u64::try_from(*index).ok()?);
        Some(())
    })
}

/// The JSON pointers to what is mandatory.
pub(super) fn read_pointers(reader: &mut Reader<'_>, limit: usize) -> Option<Vec<String>> {
    read_list(reader, limit, |reader| reader.text().map(str::to_owned))
}

pub(super) fn write_pointers(writer: &mut Writer, pointers: &[String]) {
    writer.array(pointers.len());
    for pointer in pointers {
        writer.text(pointer);
    }
}

/// The secret that makes labels.
pub(super) fn read_label_key(reader: &mut Reader<'_>) -> Option<SecretBytes> {
    let key = reader.bytes().filter(|key| key.len() == LABEL_KEY_LENGTH)?;
    Some(SecretBytes::new(key.to_vec()))
}

/// The number in a canonical label, `c14n7`.
pub(super) fn canonical_number(label: &str) -> Option<u64> {
    label.strip_prefix("c14n")?.parse().ok()
}

/// The canonical label with this number.
pub(super) fn canonical_label(number: u64) -> String {
    format!("c14n{number}")
}

#[cfg(test)]
pub(super) mod tests;
