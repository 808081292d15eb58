//! The picture of a verdict about authentication: levels as steps, what is asked for, what was reached.

use std::fmt::Write as _;

use super::page::escaped;
use super::words::Language;

/// The levels, lowest first.
const STEPS: [&str; 5] = ["AAL-0", "AAL-1", "AAL-1+", "AAL-2", "AAL-3"];
/// As wide as a small phone can show.
const WIDTH: u32 = 280;
/// A step is as high as a line of text needs.
const STEP: u32 = 36;

/// The ladder as SVG with what it says in words; none for levels of another scale.
pub(super) fn svg(required: &str, reached: &str, language: Language) -> Option<(String, String)> {
    let place = |level: &str| STEPS.iter().position(|step| *step == level);
    let (asked, top) = (place(required)?, place(reached)?);
    let sentence = match language {
        Language::En => format!("{required} is asked for, and {reached} was reached."),
        Language::Ja => format!("求められるのは {required}、到達したのは {reached} です。"),
    };
    let height = STEP.saturating_mul(5);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ladder\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-labelledby=\"l-t l-d\">\n\
         <title id=\"l-t\">{}</title>\n<desc id=\"l-d\">{}</desc>\n",
        language.say("How sure the login is", "当人認証の強さ"),
        escaped(&sentence)
    );
    let mut y = 0_u32;
    for (position, step) in STEPS.iter().enumerate().rev() {
        let class = if position <= top { "step held" } else { "step" };
        // Higher steps are longer: the shape says what the colour says.
        let width = u32::try_from(position).unwrap_or(0).saturating_mul(12).saturating_add(84);
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"1\" y=\"{}\" width=\"{width}\" height=\"{}\" rx=\"5\"/>",
            y.saturating_add(3),
            STEP.saturating_sub(6)
        );
        let base = y.saturating_add(23);
        let mark = if position <= top { "✓ " } else { "" };
        let _ = writeln!(out, "<text class=\"{class}\" x=\"10\" y=\"{base}\">{mark}{step}</text>");
        let note = match (position == asked, position == top) {
            (true, true) => language.say("asked for, reached", "要求・到達"),
            (true, false) => language.say("◀ asked for", "◀ 要求"),
            (false, true) => language.say("◀ reached", "◀ 到達"),
            (false, false) => "",
        };
        if !note.is_empty() {
            let x = width.saturating_add(12);
            let _ = writeln!(out, "<text class=\"note\" x=\"{x}\" y=\"{base}\">{note}</text>");
        }
        y = y.saturating_add(STEP);
    }
    out.push_str("</svg>\n");
    Some((out, sentence))
}
