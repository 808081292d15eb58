//! The CBOR of authenticators ([CTAP 2.1 §8](https://fidoalliance.org/specs/fido-v2.1-ps-20210615/fido-client-to-authenticator-protocol-v2.1-ps-20210615.html#message-encoding),
//! RFC 8949): integers, strings, arrays, maps and booleans, each in its shortest form, no name twice in a map.
//!
//! In scope: one reading of bytes, nothing copied. The order of names in a map is not judged: clients of note write attestation objects in
//! another order than the one they should, and it changes nothing about what is read. No tags, no indefinite lengths, no floats.

/// The deepest nesting: CTAP allows four, an attestation object around it adds more.
const DEPTH: usize = 8;
/// The most items of one array or map.
const ITEMS: usize = 256;

/// One data item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Item<'a> {
    /// An integer: what negative ones have in wire form is taken back.
    Integer(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Self>),
    Map(Vec<(Self, Self)>),
    /// True, false, null: nothing that is read here.
    Simple(u8),
}

/// Reads the one item that `bytes` are.
pub(super) fn read(bytes: &[u8]) -> Option<Item<'_>> {
    let (item, rest) = read_first(bytes)?;
    rest.is_empty().then_some(item)
}

/// Reads the item that `bytes` begin with, and gives what follows it.
pub(super) fn read_first(bytes: &[u8]) -> Option<(Item<'_>, &[u8])> {
    let mut reader = Reader(bytes);
    let item = reader.item(DEPTH)?;
    Some((item, reader.0))
}

impl<'a> Item<'a> {
    /// The value of a name in a map.
    pub(super) fn get(&self, name: &Item<'_>) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The value of a name that is a text.
    pub(super) fn named(&self, name: &str) -> Option<&Self> {
        self.get(&Item::Text(name))
    }

    /// The value of a name that is a number.
    pub(super) fn numbered(&self, name: i64) -> Option<&Self> {
        self.get(&Item::Integer(name))
    }

    pub(super) const fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub(super) const fn text(&self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) const fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    pub(super) fn array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// How many entries a map has.
    pub(super) fn entries(&self) -> Option<usize> {
        if let Self::Map(entries) = self { Some(entries.len()) } else { None }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn item(&mut self, depth: usize) -> Option<Item<'a>> {
        let depth = depth.checked_sub(1)?;
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        let (major, info) = (first >> 5, first & 0x1f);
        if major == 7 {
            return (20..=22).contains(&info).then_some(Item::Simple(info));
        }
        let number = self.argument(info)?;
        match major {
            0 => Some(Item::Integer(i64::try_from(number).ok()?)),
            1 => Some(Item::Integer((-1_i64).checked_sub_unsigned(number)?)),
            2 => self.take(number).map(Item::Bytes),
            3 => Some(Item::Text(str::from_utf8(self.take(number)?).ok()?)),
            4 => {
                let count = count(number)?;
                (0..count).map(|_| self.item(depth)).collect::<Option<_>>().map(Item::Array)
            }
            5 => {
                let mut entries: Vec<(Item<'a>, Item<'a>)> = Vec::new();
                for _ in 0..count(number)? {
                    let name = self.item(depth)?;
                    if entries.iter().any(|(known, _)| *known == name) {
                        return None;
                    }
                    entries.push((name, self.item(depth)?));
                }
                Some(Item::Map(entries))
            }
            _ => None,
        }
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    /// The number after the first byte, if it has no shorter form.
    fn argument(&mut self, info: u8) -> Option<u64> {
        match info {
            small @ 0..24 => Some(small.into()),
            24 => self.number(1).filter(|number| *number >= 24),
            25 => self.number(2).filter(|number| *number > u64::from(u8::MAX)),
            26 => self.number(4).filter(|number| *number > u64::from(u16::MAX)),
            27 => self.number(8).filter(|number| *number > u64::from(u32::MAX)),
            _ => None,
        }
    }

    fn number(&mut self, length: u64) -> Option<u64> {
        Some(self.take(length)?.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }
}

fn count(number: u64) -> Option<usize> {
    usize::try_from(number).ok().filter(|count| *count <= ITEMS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_has_one_form() {
        assert_eq!(read(&[0x17]), Some(Item::Integer(23)));
        assert_eq!(read(&[0x26]), Some(Item::Integer(-7)));
        assert_eq!(read(&[0x39, 1, 0]), Some(Item::Integer(-257)));
        assert_eq!(
            read(&[0x3b, 0x7f, 255, 255, 255, 255, 255, 255, 255]),
            Some(Item::Integer(i64::MIN))
        );
        for wrong in [
            &[0x18, 23][..],
            &[0x38, 6],
            &[0x1b, 255, 255, 255, 255, 255, 255, 255, 255],
            &[0x3b, 128, 0, 0, 0, 0, 0, 0, 0],
            &[0x5f, 0x41, 1, 0xff],
            &[0xc0, 0],
            &[0xf9, 0, 0],
            &[0x61, 0xff],
            &[0x42, 1],
            &[0, 0],
            &[],
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_name_stands_once_and_nesting_ends() {
        assert!(read(&[0xa2, 1, 2, 3, 4]).is_some());
        assert_eq!(read(&[0xa2, 1, 2, 1, 4]), None);
        assert!(read(&[0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0]).is_some());
        assert_eq!(read(&[0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0]), None);
        assert_eq!(read(&[0x99, 255, 255]), None);
    }
}
