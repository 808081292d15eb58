//! Moments and calendar spans, as values: nothing here reads a clock.

use std::fmt;

use jiff::{Span, civil, tz::TimeZone};

/// A moment in whole seconds since 1970-01-01T00:00:00Z; years 1 to 9999.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(i64);

/// Why a text is not a moment or a span.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TimeError {
    /// Not an RFC 3339 date-time (XSD `dateTimeStamp`): date, time and offset are all needed.
    #[error("not a date and time with an offset, such as 2026-11-20T09:30:00Z")]
    Malformed,
    /// Not an ISO 8601 duration such as `P3Y` or `PT24H`.
    #[error("not a duration, such as P3Y or PT24H")]
    MalformedSpan,
    /// Outside the years 1 to 9999.
    #[error("outside the years 1 to 9999")]
    OutOfRange,
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// Takes seconds since the epoch.
    ///
    /// # Errors
    ///
    /// [`TimeError::OutOfRange`] outside the years 1 to 9999.
    pub fn from_seconds(seconds: i64) -> Result<Self, TimeError> {
        jiff::Timestamp::from_second(seconds)
            .ok()
            .filter(|_| (-62_135_596_800..=253_402_207_200).contains(&seconds))
            .map(|_| Self(seconds))
            .ok_or(TimeError::OutOfRange)
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 date-time with any offset; fractions of a second are cut off (towards the past).
    ///
    /// # Errors
    ///
    /// [`TimeError::Malformed`] without date, `T`, time and offset; [`TimeError::OutOfRange`].
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let shaped = text.len() >= 20
            && text.is_ascii()
            && text.as_bytes().get(10).is_some_and(|c| matches!(c, b'T' | b't'))
            && !text.contains('[');
        if !shaped {
            return Err(TimeError::Malformed);
        }
        let moment: jiff::Timestamp = text.parse().map_err(|_| TimeError::Malformed)?;
        let whole = moment.as_second();
        let seconds = if moment.subsec_nanosecond() < 0 { whole.saturating_sub(1) } else { whole };
        Self::from_seconds(seconds)
    }

    /// Reads exactly `YYYY-MM-DDTHH:MM:SSZ`, the only form in logs and ledger artefacts.
    ///
    /// # Errors
    ///
    /// [`TimeError::Malformed`] for any other form of the same moment.
    pub fn parse_strict(text: &str) -> Result<Self, TimeError> {
        let moment = Self::parse(text)?;
        if moment.to_string() == text { Ok(moment) } else { Err(TimeError::Malformed) }
    }

    /// This moment and `seconds` later (earlier if negative); stops at the ends of the range.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds).clamp(-62_135_596_800, 253_402_207_200))
    }

    /// Seconds from `earlier` to this moment; negative if it is later.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment moved forward by a calendar span, in UTC.
    ///
    /// # Errors
    ///
    /// [`TimeError::OutOfRange`] past the year 9999.
    pub fn plus(self, span: CalendarSpan) -> Result<Self, TimeError> {
        let moved = self.civil()?.checked_add(span.0).map_err(|_| TimeError::OutOfRange)?;
        Self::from_civil(moved)
    }

    /// This moment moved back by a calendar span, in UTC.
    ///
    /// # Errors
    ///
    /// [`TimeError::OutOfRange`] before the year 1.
    pub fn minus(self, span: CalendarSpan) -> Result<Self, TimeError> {
        let moved = self.civil()?.checked_sub(span.0).map_err(|_| TimeError::OutOfRange)?;
        Self::from_civil(moved)
    }

    /// The UTC date, `YYYY-MM-DD`.
    #[must_use]
    pub fn date(self) -> String {
        self.to_string().chars().take(10).collect()
    }

    /// The UTC day, counted from 1970-01-01: for comparisons of days.
    #[must_use]
    pub const fn day(self) -> i64 {
        self.0.div_euclid(86_400)
    }

    fn civil(self) -> Result<civil::DateTime, TimeError> {
        let moment = jiff::Timestamp::from_second(self.0).map_err(|_| TimeError::OutOfRange)?;
        Ok(TimeZone::UTC.to_datetime(moment))
    }

    fn from_civil(moment: civil::DateTime) -> Result<Self, TimeError> {
        let moment = TimeZone::UTC.to_timestamp(moment).map_err(|_| TimeError::OutOfRange)?;
        Self::from_seconds(moment.as_second())
    }
}

/// Written as `YYYY-MM-DDTHH:MM:SSZ`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(moment) => write!(f, "{moment}"),
            Err(_) => f.write_str("(out of range)"),
        }
    }
}

/// A span of calendar time, as in ISO 8601: `P3Y`, `P30D`, `PT5M`. Never negative.
#[derive(Clone, Copy, Debug)]
pub struct CalendarSpan(Span);

impl CalendarSpan {
    /// Reads an ISO 8601 duration of years, months, days, hours, minutes and seconds.
    ///
    /// # Errors
    ///
    /// [`TimeError::MalformedSpan`] for weeks, fractions, signs, or anything else.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let plain = text.len() <= 32
            && text.starts_with('P')
            && text.chars().all(|c| c.is_ascii_digit() || "PYMDTHS".contains(c));
        if !plain {
            return Err(TimeError::MalformedSpan);
        }
        text.parse().map(Self).map_err(|_| TimeError::MalformedSpan)
    }

    /// A span of whole years.
    ///
    /// # Errors
    ///
    /// [`TimeError::OutOfRange`] for more years than the calendar has.
    pub fn years(years: u16) -> Result<Self, TimeError> {
        Span::new().try_years(i64::from(years)).map(Self).map_err(|_| TimeError::OutOfRange)
    }

    /// A span of whole days.
    ///
    /// # Errors
    ///
    /// [`TimeError::OutOfRange`] for more days than the calendar has.
    pub fn days(days: u32) -> Result<Self, TimeError> {
        Span::new().try_days(i64::from(days)).map(Self).map_err(|_| TimeError::OutOfRange)
    }
}

#[cfg(test)]
mod tests;
