//! Age: past the limit of its level a proofing drops, step by step (assurance §8, modifier 7).

use inkan_core::Timestamp;
use inkan_core::time::CalendarSpan;

use crate::level::Ial;

/// Which limits of age are past.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Past {
    five_years: bool,
    ten_years: bool,
}

impl Past {
    /// At `as_of`, for what began at `since`.
    pub(crate) fn of(since: Timestamp, as_of: Timestamp) -> Self {
        let past = |years| CalendarSpan::years(years).is_ok_and(|span| is_past(since, span, as_of));
        Self { five_years: past(5), ten_years: past(10) }
    }

    const fn limit_of(self, level: Ial) -> bool {
        match level {
            Ial::Ial3Plus | Ial::Ial2 => self.ten_years,
            Ial::Ial3 | Ial::Ial2Plus => self.five_years,
            Ial::Ial1 | Ial::Ial0 => false,
        }
    }
}

/// Modifier 7: past the limit of its level the result drops, again at each step. A policy's own limit, if it is past, holds for
/// levels from `over` up.
pub(crate) fn aged(level: Ial, past: Past, over: Option<Ial>) -> Ial {
    let mut level = level;
    loop {
        let drops = past.limit_of(level) || over.is_some_and(|from| level >= from);
        if level == Ial::Ial0 || !drops {
            return level;
        }
        level = level.dropped();
    }
}

/// Whether `as_of` is past the limit; the limit day itself still counts.
pub(crate) fn is_past(since: Timestamp, span: CalendarSpan, as_of: Timestamp) -> bool {
    since.plus(span).is_ok_and(|limit| as_of.day() > limit.day())
}
