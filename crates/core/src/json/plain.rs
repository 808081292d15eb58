//! Reading the plain part of JSON without detours: most of what is read is plain, and every verification waits for it.
//!
//! In scope: texts whose escapes are of one character, integers that every parser reads alike, objects whose names differ.
//! Out of scope: everything else, errors too. What this reader gives up, the strict reader (`read`) judges from the beginning:
//! so it may refuse anything, and must never read anything that the other one would read otherwise.

use serde_json::{Map, Value};

use super::scan;

/// Digits of an integer that is read here: fewer than 2^53 − 1 has, so none needs a look at its range.
const DIGITS: usize = 15;

/// Reads the one value of `bytes`; none if the strict reader has to look.
pub(super) fn read(bytes: &[u8], depth: usize) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut reader = Reader { text, at: 0, members: Vec::new() };
    let value = reader.value(depth)?;
    reader.skip_space();
    (reader.at == text.len()).then_some(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Members of the objects that are open, so that each map is made once in its size.
    members: Vec<(String, Value)>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.step();
        }
    }

    /// The next byte that is no space; it is taken.
    fn next(&mut self) -> Option<u8> {
        self.skip_space();
        let byte = self.peek()?;
        self.step();
        Some(byte)
    }

    fn value(&mut self, left: usize) -> Option<Value> {
        match self.next()? {
            b'"' => self.text().map(Value::String),
            b'{' => self.object(left.checked_sub(1)?),
            b'[' => self.array(left.checked_sub(1)?),
            b't' => self.word("rue", Value::Bool(true)),
            b'f' => self.word("alse", Value::Bool(false)),
            b'n' => self.word("ull", Value::Null),
            b'-' => self.integer().filter(|number| *number != 0).map(|number| (-number).into()),
            b'0'..=b'9' => {
                self.at = self.at.checked_sub(1)?;
                self.integer().map(Value::from)
            }
            _ => None,
        }
    }

    fn word(&mut self, rest: &str, value: Value) -> Option<Value> {
        self.text.get(self.at..)?.starts_with(rest).then(|| {
            self.at = self.at.saturating_add(rest.len());
            value
        })
    }

    /// Digits and nothing that would make another number of them.
    fn integer(&mut self) -> Option<i64> {
        let rest = self.text.get(self.at..)?;
        let count = rest.bytes().take(DIGITS + 1).take_while(u8::is_ascii_digit).count();
        let digits = rest.get(..count).filter(|digits| (1..=DIGITS).contains(&digits.len()))?;
        if digits.len() > 1 && digits.starts_with('0') {
            return None;
        }
        self.at = self.at.saturating_add(count);
        match self.peek() {
            Some(b'.' | b'e' | b'E') => None,
            Some(_) | None => digits.parse().ok(),
        }
    }

    /// A text whose opening quotation mark is taken.
    fn text(&mut self) -> Option<String> {
        let plain = self.plain()?;
        if self.peek()? == b'"' {
            self.step();
            return Some(plain.to_owned());
        }
        let mut out = plain.to_owned();
        loop {
            let byte = self.peek()?;
            self.step();
            match byte {
                b'"' => return Some(out),
                b'\\' => {
                    out.push(match self.peek()? {
                        same @ (b'"' | b'\\' | b'/') => char::from(same),
                        b'b' => '\u{8}',
                        b'f' => '\u{c}',
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        _ => return None,
                    });
                    self.step();
                }
                _ => return None,
            }
            out.push_str(self.plain()?);
        }
    }

    /// What needs no look, up to the next quotation mark, backslash or control character.
    fn plain(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let plain = rest.get(..scan::plain_length(rest.as_bytes()))?;
        self.at = self.at.saturating_add(plain.len());
        Some(plain)
    }

    fn array(&mut self, left: usize) -> Option<Value> {
        let mut items = Vec::new();
        self.skip_space();
        if self.peek()? == b']' {
            self.step();
            return Some(Value::Array(items));
        }
        loop {
            items.push(self.value(left)?);
            match self.next()? {
                b',' => {}
                b']' => return Some(Value::Array(items)),
                _ => return None,
            }
        }
    }

    fn object(&mut self, left: usize) -> Option<Value> {
        self.skip_space();
        if self.peek()? == b'}' {
            self.step();
            return Some(Value::Object(Map::new()));
        }
        let outer = self.members.len();
        loop {
            if self.next()? != b'"' {
                return None;
            }
            let name = self.text()?;
            if self.next()? != b':' {
                return None;
            }
            let value = self.value(left)?;
            self.members.push((name, value));
            match self.next()? {
                b',' => {}
                b'}' => break,
                _ => return None,
            }
        }
        let mut map = Map::with_capacity(self.members.len().saturating_sub(outer));
        for (name, value) in self.members.drain(outer..) {
            // Which of two of one name counts is nothing that parsers agree about.
            if map.insert(name, value).is_some() {
                return None;
            }
        }
        Some(Value::Object(map))
    }
}
