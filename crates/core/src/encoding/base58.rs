//! Base58btc: a number in base 58, and a `1` for each zero byte before it
//! ([draft-msporny-base58](https://datatracker.ietf.org/doc/html/draft-msporny-base58-03)).
//!
//! It is ours because signatures and keys wait for it: five digits at a time over words of 32 bits, where libraries go digit by digit
//! over bytes. The library is the oracle of its tests.

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Digits of a group, the most whose values and a word fit into 64 bits together.
const GROUP: usize = 5;
/// How many values they have.
const VALUES: u64 = 58 * 58 * 58 * 58 * 58;
const WORD: u64 = 0xffff_ffff;

/// Writes bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let number = bytes.get(zeros..).unwrap_or_default();
    let word = |bytes: &[u8]| bytes.iter().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
    let mut words: Vec<u64> = number.rchunks(4).map(word).collect();
    // The last digit first, and the words that are not used up yet.
    let mut digits = Vec::with_capacity(bytes.len().saturating_mul(7).div_ceil(5) + GROUP);
    while !words.is_empty() {
        let mut rest = 0;
        for word in words.iter_mut().rev() {
            let whole = (rest << 32) | *word;
            (*word, rest) = (whole / VALUES, whole % VALUES);
        }
        for _ in 0..GROUP {
            let digit = usize::try_from(rest % 58).ok().and_then(|digit| ALPHABET.get(digit));
            digits.extend(digit);
            rest /= 58;
        }
        while words.last() == Some(&0) {
            words.pop();
        }
    }
    // The first group may be a short one.
    while digits.last() == Some(&b'1') {
        digits.pop();
    }
    let ones = std::iter::repeat_n('1', zeros);
    ones.chain(digits.into_iter().rev().map(char::from)).collect()
}

/// Reads what [`encode`] writes; none if there is a foreign character.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let zeros = text.bytes().take_while(|byte| *byte == b'1').count();
    // The lowest word first.
    let mut words: Vec<u64> = Vec::with_capacity(text.len().div_ceil(GROUP));
    for group in text.as_bytes().get(zeros..)?.chunks(GROUP) {
        let (mut carry, mut values) = (0, 1);
        for byte in group {
            (carry, values) = (carry * 58 + u64::from(digit(*byte)?), values * 58);
        }
        for word in &mut words {
            let whole = *word * values + carry;
            (*word, carry) = (whole & WORD, whole >> 32);
        }
        if carry > 0 {
            words.push(carry);
        }
    }
    let mut out = vec![0; zeros];
    let bytes = words.iter().rev().flat_map(|word| word.to_be_bytes().into_iter().skip(4));
    out.extend(bytes.skip_while(|byte| *byte == 0));
    Some(out)
}

const fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'1'..=b'9' => byte - b'1',
        b'A'..=b'H' => byte - b'A' + 9,
        b'J'..=b'N' => byte - b'J' + 17,
        b'P'..=b'Z' => byte - b'P' + 22,
        b'a'..=b'k' => byte - b'a' + 33,
        b'm'..=b'z' => byte - b'm' + 44,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{ALPHABET, decode, digit, encode};

    #[test]
    fn every_digit_has_one_value() {
        for byte in 0..=255 {
            let place = ALPHABET.iter().position(|one| *one == byte);
            assert_eq!(digit(byte).map(usize::from), place);
        }
    }

    proptest::proptest! {
        #[test]
        fn all_bytes_and_texts_are_as_in_the_library(
            zeros in 0_usize..4,
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..130),
            text in "[1-9A-HJ-NP-Za-km-z]{0,60}|1{0,4}[1-9A-HJ-NP-Za-km-z]{0,180}|[ -~é]{0,20}",
        ) {
            let bytes = [vec![0; zeros], bytes].concat();
            let written = encode(&bytes);
            proptest::prop_assert_eq!(&written, &bs58::encode(&bytes).into_string());
            proptest::prop_assert_eq!(decode(&written), Some(bytes));
            proptest::prop_assert_eq!(decode(&text), bs58::decode(&text).into_vec().ok());
        }
    }
}
