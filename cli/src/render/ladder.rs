//! The assurance ladder: the levels as steps, what is asked for, and what was reached.

use std::fmt::Write as _;

/// One ladder, lowest step first.
pub(crate) fn ladder(steps: &[&str], required: Option<&str>, reached: &str) -> String {
    let place = |level: &str| steps.iter().position(|step| *step == level);
    let top = place(reached);
    let mut out = String::new();
    for (position, step) in steps.iter().enumerate().rev() {
        let filled = top.is_some_and(|top| position <= top);
        let bar = if filled { "███" } else { "░░░" };
        let indent = "  ".repeat(position);
        let asked = if required.and_then(place) == Some(position) { "  ◀ asked for" } else { "" };
        let here = if top == Some(position) { "  ◀ reached" } else { "" };
        let _ = writeln!(out, "   {indent}{bar} {step}{here}{asked}");
    }
    out
}

/// Steps of the identity scale.
pub(crate) const IAL: [&str; 6] = ["IAL-0", "IAL-1", "IAL-2", "IAL-2+", "IAL-3", "IAL-3+"];
/// Steps of the authenticator scale.
pub(crate) const AAL: [&str; 4] = ["AAL-0", "AAL-1", "AAL-2", "AAL-3"];
