//! What a version of a DID leaves for those after it: where each setting in force was made.
//!
//! In scope: judging a successor of any version from a handful of leaves. Out of scope: what the settings say (`inkan-did`).

use inkan_did::webvh::{Entry, Settings};

/// Places of the entries that set what is in force after a version. A function of the leaves alone.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Trail(pub Settings<Option<u64>>);

/// Where a version of a DID stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Version {
    /// Place of its leaf.
    pub leaf_index: u64,
    /// What it leaves for those after it.
    pub trail: Trail,
}

impl Trail {
    /// After this entry, at this place.
    pub(super) fn after(self, entry: &Entry, leaf_index: u64) -> Self {
        Self(self.0.after(entry, Some(leaf_index)))
    }

    /// The bytes under which it is stored: 50 at most.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let Settings { update_keys, next_key_hashes, witness, portable, home } = self.0;
        let mut out = Vec::with_capacity(16);
        for place in [update_keys, next_key_hashes, witness, portable, home] {
            put(&mut out, place.map_or(0, |place| place.saturating_add(1)));
        }
        out
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` for other bytes.
    #[must_use]
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut place = || take(&mut bytes).map(|stored| stored.checked_sub(1));
        let settings = Settings {
            update_keys: place()?,
            next_key_hashes: place()?,
            witness: place()?,
            portable: place()?,
            home: place()?,
        };
        bytes.is_empty().then_some(Self(settings))
    }
}

/// LEB128: seven bits to a byte, the lowest first; most places are far below 2^63.
fn put(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low & 0x7f);
            break;
        }
        out.push(low | 0x80);
    }
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        let seven = u64::from(first & 0x7f);
        number |= seven.checked_shl(shift).filter(|moved| moved >> shift == seven)?;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trails_are_read_as_they_were_written_and_nothing_else_is() {
        for place in [None, Some(0), Some(126), Some(127), Some(1 << 62), Some(u64::MAX - 1)] {
            let settings = Settings {
                update_keys: place,
                next_key_hashes: Some(7),
                witness: None,
                portable: place,
                home: place,
            };
            let bytes = Trail(settings).to_bytes();
            assert!(bytes.len() <= 50);
            assert_eq!(Trail::from_bytes(&bytes), Some(Trail(settings)));
            assert_eq!(Trail::from_bytes(&bytes[..bytes.len() - 1]), None, "cut off");
            assert_eq!(Trail::from_bytes(&[bytes, vec![0]].concat()), None, "something follows");
        }
        // The last byte of ten has one bit: more would be lost, and the number another one.
        let largest = [&[0xff; 9][..], &[0x01, 0, 0, 0, 0]].concat();
        assert!(Trail::from_bytes(&largest).is_some());
        for last in [0x02, 0x7f, 0x81] {
            let beyond = [&[0xff; 9][..], &[last, 0, 0, 0, 0]].concat();
            assert_eq!(Trail::from_bytes(&beyond), None, "{last:#x}");
        }
    }
}
