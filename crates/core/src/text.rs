//! Text that others wrote, on its way to people.

/// Whether a character hides or moves text where it is shown: control characters; soft hyphen, zero-width characters,
/// fillers, bidirectional controls, line separators, byte order mark, interlinear marks and tags.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    character.is_control() || is_invisible(character)
}

const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::is_hidden;

    #[test]
    fn what_hides_or_moves_text_is_found_and_letters_are_not() {
        for hidden in ['\u{1b}', '\n', '\u{9b}', '\u{ad}', '\u{202e}', '\u{2066}', '\u{feff}'] {
            assert!(is_hidden(hidden), "{hidden:?}");
        }
        for shown in ['a', ' ', '名', 'é', '\u{301}', '🂡'] {
            assert!(!is_hidden(shown), "{shown:?}");
        }
    }
}
