//! The one plain form of a moment, `YYYY-MM-DDTHH:MM:SSZ`, without the detour over a calendar that knows every other one: entries,
//! notes and credentials are full of it.

/// Days from 0001-01-01 to 1970-01-01.
const EPOCH_DAY: i64 = 719_162;
const DAY: i64 = 86_400;
/// Days of 400, 100 and 4 years and of one, without the leap day at the end that the last of them may have.
const DAYS: [i64; 4] = [146_097, 36_524, 1_461, 365];
/// Days before each month of a year that is no leap year.
const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// Seconds since the epoch; none if `text` has another form, or names no moment: years 1 to 9999, no 60th second.
pub(super) fn parse(text: &str) -> Option<i64> {
    let form: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let [
        c1,
        c2,
        y1,
        y2,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
        b'Z',
    ] = form
    else {
        return None;
    };
    let year = number(c1, c2)?.checked_mul(100)?.checked_add(number(y1, y2)?)?;
    let (month, day) = (number(m1, m2)?, number(d1, d2)?);
    let (hour, minute, second) = (number(h1, h2)?, number(n1, n2)?, number(s1, s2)?);
    let place = usize::try_from(month.checked_sub(1)?).ok()?;
    let before = before(year, place)?;
    let end = match place {
        11 => 365 + i64::from(is_leap(year)),
        _ => self::before(year, place.checked_add(1)?)?,
    };
    let real = year >= 1 && (1..=end - before).contains(&day);
    if !real || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let years = year - 1;
    let days = years * 365 + years / 4 - years / 100 + years / 400 + before + day - 1 - EPOCH_DAY;
    Some(days * DAY + hour * 3_600 + minute * 60 + second)
}

/// Writes a moment of the years 1 to 9999; none for any other.
pub(super) fn write(seconds: i64) -> Option<[u8; 20]> {
    let days = seconds.div_euclid(DAY).checked_add(EPOCH_DAY)?;
    let (mut year, mut rest) = (1, days);
    for (years, days) in [400, 100, 4, 1].into_iter().zip(DAYS) {
        // The last of four centuries, and of four years, is longer by the leap day at its end.
        let most = if years == 400 || years == 4 { i64::MAX } else { 3 };
        let whole = (rest / days).min(most);
        year += whole * years;
        rest -= whole * days;
    }
    if days < 0 || year > 9_999 {
        return None;
    }
    let month =
        (0..12).rev().find(|month| before(year, *month).is_some_and(|days| days <= rest))?;
    let day = rest - before(year, month)? + 1;
    let second = seconds.rem_euclid(DAY);
    let mut out = *b"0000-00-00T00:00:00Z";
    let month = i64::try_from(month).ok()?.checked_add(1)?;
    for (at, number) in [
        (0, year / 100),
        (2, year % 100),
        (5, month),
        (8, day),
        (11, second / 3_600),
        (14, second / 60 % 60),
        (17, second % 60),
    ] {
        let number = u8::try_from(number).ok()?;
        for (to, digit) in out.iter_mut().skip(at).zip([number / 10, number % 10]) {
            *to = b'0'.checked_add(digit)?;
        }
    }
    Some(out)
}

/// Days of the year before its month number `place`, from 0.
fn before(year: i64, place: usize) -> Option<i64> {
    let days = BEFORE.get(place)?;
    Some(days + i64::from(place > 1 && is_leap(year)))
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Two decimal digits.
fn number(tens: &u8, ones: &u8) -> Option<i64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte & 0x0f));
    Some(digit(tens)? * 10 + digit(ones)?)
}
