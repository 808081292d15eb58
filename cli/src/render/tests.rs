use super::*;

#[test]
fn foreign_text_cannot_move_the_cursor_or_the_reading_direction() {
    assert_eq!(safe("a\u{1b}[2Jb", 100), "a\\u{1b}[2Jb");
    assert_eq!(safe("a\u{202e}b", 100), "a\\u{202e}b");
    assert_eq!(safe("abcdef", 3), "abc…");
}

#[test]
fn identifiers_keep_both_ends() {
    assert_eq!(short("abcdefghij", 3), "abc…hij");
    assert_eq!(short("abc", 3), "abc");
}
