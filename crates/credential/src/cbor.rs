//! The CBOR of proof values ([RFC 8949](https://www.rfc-editor.org/rfc/rfc8949)): unsigned integers, byte and text
//! strings, arrays and maps, each in the one form that §4.2.1 gives it. No tags, no indefinite lengths, no floats.

/// What is left to be read. Every method gives `None`, and is not to be followed by another, if something else is next.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        self.head(0)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        self.string(2)
    }

    /// A byte string of that very length.
    pub(crate) fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes()?.try_into().ok()
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        self.string(3).and_then(|bytes| str::from_utf8(bytes).ok())
    }

    /// The number of items that follow.
    pub(crate) fn array(&mut self) -> Option<usize> {
        self.head(4).and_then(|count| usize::try_from(count).ok())
    }

    /// The number of entries that follow.
    pub(crate) fn map(&mut self) -> Option<usize> {
        self.head(5).and_then(|count| usize::try_from(count).ok())
    }

    fn string(&mut self, major: u8) -> Option<&'a [u8]> {
        let length = usize::try_from(self.head(major)?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }

    fn head(&mut self, major: u8) -> Option<u64> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        if first >> 5 != major {
            return None;
        }
        match first & 0x1f {
            small @ 0..24 => Some(small.into()),
            24 => self.argument::<1>().filter(|number| *number >= 24),
            25 => self.argument::<2>().filter(|number| *number > u64::from(u8::MAX)),
            26 => self.argument::<4>().filter(|number| *number > u64::from(u16::MAX)),
            27 => self.argument::<8>().filter(|number| *number > u64::from(u32::MAX)),
            _ => None,
        }
    }

    fn argument<const N: usize>(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }
}

/// Bytes that CBOR is appended to.
#[derive(Debug)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// Begins with bytes that are not CBOR of its own.
    pub(crate) fn after(prefix: &[u8]) -> Self {
        Self(prefix.to_vec())
    }

    pub(crate) fn unsigned(&mut self, number: u64) {
        self.head(0, number);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.count(2, bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.count(3, text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn array(&mut self, count: usize) {
        self.count(4, count);
    }

    /// The caller writes the entries in the order of their encoded keys.
    pub(crate) fn map(&mut self, count: usize) {
        self.count(5, count);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn count(&mut self, major: u8, count: usize) {
        // No length in memory is beyond 64 bits.
        self.head(major, u64::try_from(count).unwrap_or(u64::MAX));
    }

    fn head(&mut self, major: u8, number: u64) {
        let major = major << 5;
        let bytes = number.to_be_bytes();
        let (info, length) = match number {
            0..24 => {
                let [.., small] = bytes;
                self.0.push(major | small);
                return;
            }
            24..=0xff => (24, 1),
            0x100..=0xffff => (25, 2),
            0x1_0000..=0xffff_ffff => (26, 4),
            _ => (27, 8),
        };
        self.0.push(major | info);
        self.0.extend(bytes.iter().skip(bytes.len().saturating_sub(length)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        for number in [0, 1, 23, 24, 255, 256, 65_535, 65_536, u64::from(u32::MAX), u64::MAX] {
            let mut writer = Writer::after(&[]);
            writer.unsigned(number);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            assert_eq!((reader.unsigned(), reader.is_empty()), (Some(number), true));
        }
        for longer in [&[0x18, 23][..], &[0x19, 0, 255], &[0x1a, 0, 0, 255, 255], &[0x1c], &[0x1f]]
        {
            assert_eq!(Reader::new(longer).unsigned(), None);
        }
        assert_eq!(Reader::new(&[0x1b, 0, 0, 0, 0, 255, 255, 255, 255]).unsigned(), None);
    }

    #[test]
    fn what_is_cut_or_another_type_is_nothing() {
        assert_eq!(Reader::new(&[0x42, 1]).bytes(), None);
        assert_eq!(Reader::new(&[0x42, 1, 2]).bytes(), Some(&[1, 2][..]));
        assert_eq!(Reader::new(&[0x62, 1, 2]).bytes(), None);
        assert_eq!(Reader::new(&[0x61, 0xff]).text(), None);
        assert_eq!(Reader::new(&[0x5f, 0xff]).bytes(), None);
        assert_eq!(Reader::new(&[0xd8, 0x40, 0x41, 1]).bytes(), None);
        assert_eq!(Reader::new(&[0x5b, 255, 255, 255, 255, 255, 255, 255, 255]).bytes(), None);
    }
}
