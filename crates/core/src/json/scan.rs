//! How far a text goes on without a character that JSON escapes.

/// The highest bit of each byte.
const HIGH: u64 = each(0x80);

/// Eight times the same byte.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Number of leading bytes that are neither quotation mark nor backslash nor control character: eight are looked at in one go.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let count = words.iter().take_while(|word| !has_escaped(u64::from_ne_bytes(**word))).count();
    let within = match words.get(count) {
        Some(word) => word.iter().position(|byte| is_escaped(*byte)).unwrap_or(word.len()),
        None => rest.iter().position(|byte| is_escaped(*byte)).unwrap_or(rest.len()),
    };
    count.saturating_mul(8).saturating_add(within)
}

const fn is_escaped(byte: u8) -> bool {
    matches!(byte, 0..=0x1f | b'"' | b'\\')
}

/// Whether one of the eight bytes is such a character: a byte below 0x20, or one that is zero once what is looked for is taken off
/// it bit by bit. A subtraction sets the highest bit of a byte that had none only where the byte was smaller, or where a smaller
/// one stands below it; so the sum over all eight is right.
const fn has_escaped(word: u64) -> bool {
    let control = word.wrapping_sub(each(0x20)) & !word;
    let quote = word ^ each(b'"');
    let quote = quote.wrapping_sub(each(1)) & !quote;
    let backslash = word ^ each(b'\\');
    let backslash = backslash.wrapping_sub(each(1)) & !backslash;
    (control | quote | backslash) & HIGH != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_escaped, plain_length};

    proptest! {
        #[test]
        fn eight_at_once_are_as_one_by_one(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0x1e..0x24_u8, 0x5b..0x5e_u8, Just(b'a')], 0..40)) {
            let slow = bytes.iter().position(|byte| is_escaped(*byte)).unwrap_or(bytes.len());
            prop_assert_eq!(plain_length(&bytes), slow);
        }
    }
}
