//! `genTime` and `accuracy` as a stamp in whole seconds (§5.3: widened on the unfavourable side).

use der::asn1::Any;
use der::{Tag, Tagged as _};
use inkan_core::Timestamp;
use inkan_ledger::StampInterval;

use super::asn1::Accuracy;
use super::error::TimestampError;

/// A second, in the unit that is calculated in.
const SECOND: i64 = 1_000_000;

/// Reads a `GeneralizedTime` in UTC, with or without a fraction, and widens it.
pub(super) fn stamp(
    gen_time: &Any,
    accuracy: Option<&Accuracy>,
) -> Result<(Timestamp, StampInterval), TimestampError> {
    let (at, low, high) = read(gen_time).ok_or(TimestampError::Malformed)?;
    let wide = accuracy.map_or(Some(0), width).ok_or(TimestampError::Malformed)?;
    // Both are far below what an i64 of microseconds holds.
    let earliest = low.saturating_sub(wide).div_euclid(SECOND);
    let latest = high.saturating_add(wide).saturating_add(SECOND - 1).div_euclid(SECOND);
    let stamp =
        StampInterval { earliest: at.plus_seconds(earliest), latest: at.plus_seconds(latest) };
    Ok((at, stamp))
}

/// Whole seconds, and the microseconds above them: rounded down, and up.
fn read(gen_time: &Any) -> Option<(Timestamp, i64, i64)> {
    if gen_time.tag() != Tag::GeneralizedTime {
        return None;
    }
    let text = std::str::from_utf8(gen_time.value()).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = match text.split_once('.') {
        // DER: no trailing zeroes, so no empty fraction either.
        Some((whole, digits)) if !digits.is_empty() && !digits.ends_with('0') => (whole, digits),
        Some(_) => return None,
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to);
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    );
    let at = Timestamp::parse_strict(&text).ok()?;
    let mut micros: i64 = 0;
    for place in 0..6 {
        let digit = fraction.as_bytes().get(place).map_or(0, |digit| digit.wrapping_sub(b'0'));
        micros = micros.saturating_mul(10).saturating_add(i64::from(digit));
    }
    let rest = i64::from(fraction.len() > 6);
    Some((at, micros, micros.saturating_add(rest)))
}

/// RFC 3161 §2.4.2: milliseconds and microseconds are 1 to 999.
fn width(accuracy: &Accuracy) -> Option<i64> {
    let small = |value: Option<u16>| match value {
        None => Some(0),
        Some(value) => (1..=999).contains(&value).then(|| i64::from(value)),
    };
    let seconds = i64::from(accuracy.seconds.unwrap_or(0));
    Some(seconds * SECOND + small(accuracy.millis)? * 1_000 + small(accuracy.micros)?)
}
