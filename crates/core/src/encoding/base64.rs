//! Base64 and base64url ([RFC 4648 §§4, 5](https://www.rfc-editor.org/rfc/rfc4648#section-4)) with one spelling for all bytes.
//!
//! It is ours because half of what is verified is written so. Characters are told apart by comparisons alone, the same for each and
//! without tables, so that several are done in one instruction and the time does not depend on what they say: keys are written so as
//! well. The library is the oracle of its tests.

/// Characters that are looked at together.
const BLOCK: usize = 32;
/// Their bytes.
const BYTES: usize = BLOCK / 4 * 3;

/// The last two characters of an alphabet; the others are the same.
#[derive(Clone, Copy)]
pub(super) struct Alphabet(u8, u8);

impl Alphabet {
    /// Of RFC 4648 §4.
    pub(super) const STANDARD: Self = Self(b'+', b'/');
    /// Of RFC 4648 §5.
    pub(super) const URL: Self = Self(b'-', b'_');

    /// All bits if `holds`.
    const fn mask(holds: bool) -> u8 {
        if holds { 0xff } else { 0 }
    }

    /// The character for six bits.
    const fn character(self, six: u8) -> u8 {
        let Self(last_but_one, last) = self;
        // From each range to the next: a for A + 26, 0 for a + 26, and the two.
        six.wrapping_add(b'A')
            .wrapping_add(Self::mask(six > 25) & 6)
            .wrapping_sub(Self::mask(six > 51) & 75)
            .wrapping_add(Self::mask(six == 62) & last_but_one.wrapping_sub(b'0' + 10))
            .wrapping_add(Self::mask(six == 63) & last.wrapping_sub(b'0' + 11))
    }

    /// Six bits, and whether the character is one of the alphabet: all bits, or none.
    const fn bits(self, character: u8) -> (u8, u8) {
        let Self(last_but_one, last) = self;
        let upper = Self::mask(character.wrapping_sub(b'A') < 26);
        let lower = Self::mask(character.wrapping_sub(b'a') < 26);
        let digit = Self::mask(character.wrapping_sub(b'0') < 10);
        let (one, two) = (Self::mask(character == last_but_one), Self::mask(character == last));
        let bits = (upper & character.wrapping_sub(b'A'))
            | (lower & character.wrapping_sub(b'a' - 26))
            | (digit & character.wrapping_add(52 - b'0'))
            | (one & 62)
            | (two & 63);
        (bits, upper | lower | digit | one | two)
    }

    /// Writes bytes without padding.
    pub(super) fn encode(self, bytes: &[u8]) -> String {
        let mut out = Vec::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
        let (blocks, rest) = bytes.as_chunks::<BYTES>();
        for block in blocks {
            let mut text = [0; BLOCK];
            let (fours, _) = text.as_chunks_mut::<4>();
            for (four, three) in fours.iter_mut().zip(block.as_chunks::<3>().0) {
                *four = spread(*three);
            }
            out.extend_from_slice(&text.map(|six| self.character(six)));
        }
        let (threes, rest) = rest.as_chunks::<3>();
        for three in threes {
            out.extend(spread(*three).map(|six| self.character(six)));
        }
        if let [first, more @ ..] = rest {
            let three = [*first, more.first().copied().unwrap_or(0), 0];
            let four = spread(three).into_iter().take(rest.len() + 1);
            out.extend(four.map(|six| self.character(six)));
        }
        // Every character is ASCII.
        String::from_utf8(out).unwrap_or_default()
    }

    /// Reads what [`Self::encode`] writes; none if it would have written anything else.
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        let (blocks, rest) = text.as_bytes().as_chunks::<BLOCK>();
        let mut out = Vec::with_capacity(text.len().div_ceil(4).saturating_mul(3));
        let mut sound = 0xff;
        for block in blocks {
            let read = block.map(|character| self.bits(character));
            sound &= read.iter().fold(0xff, |sound, (_, known)| sound & known);
            let sixes = read.map(|(bits, _)| bits);
            let mut bytes = [0; BYTES];
            let (threes, _) = bytes.as_chunks_mut::<3>();
            for (three, four) in threes.iter_mut().zip(sixes.as_chunks::<4>().0) {
                *three = join(*four);
            }
            out.extend_from_slice(&bytes);
        }
        for group in rest.chunks(4) {
            let mut four = [0; 4];
            for (six, character) in four.iter_mut().zip(group) {
                let (bits, known) = self.bits(*character);
                (*six, sound) = (bits, sound & known);
            }
            // Bits that are left over are zero, or the same bytes would have several spellings.
            let left_over = match group.len() {
                1 => return None,
                2 => four[1] & 0x0f,
                3 => four[2] & 0x03,
                _ => 0,
            };
            sound &= Self::mask(left_over == 0);
            out.extend(join(four).into_iter().take(group.len() - 1));
        }
        (sound == 0xff).then_some(out)
    }
}

/// Three bytes as four times six bits.
const fn spread([one, two, three]: [u8; 3]) -> [u8; 4] {
    [one >> 2, ((one << 4) | (two >> 4)) & 63, ((two << 2) | (three >> 6)) & 63, three & 63]
}

/// The other way.
const fn join([one, two, three, four]: [u8; 4]) -> [u8; 3] {
    [(one << 2) | (two >> 4), (two << 4) | (three >> 2), (three << 6) | four]
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};

    use crate::encoding::{b64, b64u, decode_b64, decode_b64u};

    #[test]
    fn every_character_is_read_as_in_the_library() {
        for character in (0..=0x7f_u8).map(char::from) {
            for text in [
                format!("AAA{character}"),
                format!("{character}A"),
                format!("{character}{}", "Zb0_".repeat(9)),
            ] {
                assert_eq!(
                    decode_b64u(&text).ok(),
                    Base64UrlUnpadded::decode_vec(&text).ok(),
                    "{text:?}"
                );
                let text = text.replace('_', "/");
                let padded = format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
                let theirs = base64ct::Base64::decode_vec(&padded).ok();
                assert_eq!(decode_b64(&padded).ok(), theirs, "{padded:?}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn all_bytes_and_texts_are_as_in_the_library(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..140),
            text in "[A-Za-z0-9_-]{0,140}|[A-Za-z0-9+/]{0,140}={0,3}|[A-Za-z0-9_-]{30,70}[ -~é][A-Za-z0-9_-]{0,9}|[ -~é]{0,9}",
        ) {
            proptest::prop_assert_eq!(b64u(&bytes), Base64UrlUnpadded::encode_string(&bytes));
            proptest::prop_assert_eq!(b64(&bytes), base64ct::Base64::encode_string(&bytes));
            proptest::prop_assert_eq!(decode_b64u(&b64u(&bytes)), Ok(bytes.clone()));
            let again = decode_b64(&b64(&bytes));
            proptest::prop_assert_eq!(again.as_ref(), Ok(&bytes));
            proptest::prop_assert_eq!(decode_b64u(&text).ok(), Base64UrlUnpadded::decode_vec(&text).ok());
            proptest::prop_assert_eq!(decode_b64(&text).ok(), base64ct::Base64::decode_vec(&text).ok());
        }
    }
}
