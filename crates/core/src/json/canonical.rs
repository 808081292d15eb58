//! Writing the canonical form (JCS, [RFC 8785 §3.2](https://www.rfc-editor.org/rfc/rfc8785#section-3.2)).
//!
//! Every signature over JSON waits for this. It writes a value in one pass into one buffer.

use serde_json::{Map, Number, Value};

use super::{JsonError, MAX_SAFE_INTEGER, scan};

const HEX: [u8; 16] = *b"0123456789abcdef";

/// Appends the canonical form of `value` to `out`.
pub(super) fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), JsonError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(number, out)?,
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => write_object(members, None, out)?,
    }
    Ok(())
}

/// §3.2.3: members in the order of their names as UTF-16 code units. The one that is named in `change`, if it is there, is written with
/// that value, or is left out.
pub(super) fn write_object(
    members: &Map<String, Value>,
    change: Option<(&str, Option<&Value>)>,
    out: &mut Vec<u8>,
) -> Result<(), JsonError> {
    let mut sorted: Vec<(&String, &Value)> = Vec::with_capacity(members.len());
    sorted.extend(members.iter().filter_map(|(name, value)| match change {
        Some((changed, with)) if changed == name => Some((name, with?)),
        Some(_) | None => Some((name, value)),
    }));
    if sorted.iter().all(|(name, _)| name.is_ascii()) {
        sorted.sort_unstable_by_key(|(name, _)| *name);
    } else {
        // Beyond the basic plane the order of UTF-16 is not that of UTF-8.
        sorted
            .sort_unstable_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    }
    out.push(b'{');
    for (place, (name, value)) in sorted.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write_text(name, out);
        out.push(b':');
        write(value, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// §3.2.2.2: what need not be escaped stands as it is.
fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some((plain, escaped)) = rest.split_at_checked(scan::plain_length(rest)) {
        out.extend_from_slice(plain);
        let Some((&byte, after)) = escaped.split_first() else { break };
        match byte {
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            control => {
                out.extend_from_slice(b"\\u00");
                out.extend([control >> 4, control & 0x0f].map(hex));
            }
        }
        rest = after;
    }
    out.push(b'"');
}

/// The digit of a number below 16.
fn hex(nibble: u8) -> u8 {
    HEX.get(usize::from(nibble)).copied().unwrap_or(b'0')
}

/// §3.2.2.3: as ECMAScript writes it.
fn write_number(number: &Number, out: &mut Vec<u8>) -> Result<(), JsonError> {
    match number.as_i64() {
        Some(integer) if integer.unsigned_abs() <= MAX_SAFE_INTEGER => {
            let mut digits = itoa::Buffer::new();
            out.extend_from_slice(digits.format(integer).as_bytes());
        }
        Some(_) | None => {
            let value = number.as_f64().filter(|value| value.is_finite());
            let value = value.ok_or(JsonError::IntegerRange)?;
            let mut digits = ryu_js::Buffer::new();
            out.extend_from_slice(digits.format_finite(value).as_bytes());
        }
    }
    Ok(())
}
