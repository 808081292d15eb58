//! Rust source split into code, comments and literals, well enough to search one without meeting the others.
//!
//! In scope: which bytes of a file are code. Out of scope: syntax beyond that; the compiler knows it better.

/// What a piece of a source file is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Everything that is neither of the others.
    Code,
    /// A comment, doc comments too.
    Comment,
    /// A string or character literal, quotes included.
    Literal,
}

/// A run of one kind.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text as it stands in the file.
    pub text: &'a str,
}

/// Splits a source file into its pieces, in order and without loss.
#[must_use]
pub fn pieces(source: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while at < source.len() {
        let rest = &source[at..];
        let (kind, length) = if rest.starts_with("//") {
            (Kind::Comment, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (Kind::Comment, block_comment(rest))
        } else if let Some(length) = literal(rest, source[..at].chars().next_back()) {
            (Kind::Literal, length)
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        if from < at {
            out.push(Piece { kind: Kind::Code, text: &source[from..at] });
        }
        out.push(Piece { kind, text: &rest[..length] });
        at += length;
        from = at;
    }
    if from < source.len() {
        out.push(Piece { kind: Kind::Code, text: &source[from..] });
    }
    out
}

/// The file with comments and literals blanked out, so that lines keep their numbers.
#[must_use]
pub fn code_only(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    for piece in pieces(source) {
        match piece.kind {
            Kind::Code => out.push_str(piece.text),
            Kind::Comment | Kind::Literal => {
                out.extend(piece.text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            }
        }
    }
    out
}

/// The plain string literals between the braces of every function whose code begins with `signature`.
#[must_use]
pub fn literals_in_functions(source: &str, signature: &str) -> Vec<String> {
    let mut out = Vec::new();
    let (mut depth, mut inside) = (0_usize, None);
    for piece in pieces(source) {
        match piece.kind {
            Kind::Comment => {}
            Kind::Literal => {
                if let (Some(_), Some(text)) = (inside, plain_string(piece.text)) {
                    out.push(text.to_owned());
                }
            }
            Kind::Code => {
                for (position, character) in piece.text.char_indices() {
                    if inside.is_none() && piece.text[position..].starts_with(signature) {
                        inside = Some(depth);
                    }
                    match character {
                        '{' => depth += 1,
                        '}' => {
                            depth = depth.saturating_sub(1);
                            if inside == Some(depth) {
                                inside = None;
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    out
}

/// Whether `word` stands in `code` with no identifier character right before it.
#[must_use]
pub fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(position, _)| {
        let before = code[..position].chars().next_back();
        let starts_word = word.starts_with(|c: char| c.is_alphanumeric());
        !starts_word || !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn plain_string(literal: &str) -> Option<&str> {
    literal.strip_prefix('"')?.strip_suffix('"')
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of the literal that `rest` begins with; `before` is the character in front of it.
fn literal(rest: &str, before: Option<char>) -> Option<usize> {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with('"') {
        return Some(quoted(rest, '"'));
    }
    if let Some(rest_of_it) = rest.strip_prefix('\'') {
        // A lifetime has no closing quote right after one character.
        let mut characters = rest_of_it.chars();
        let first = characters.next()?;
        return (first == '\\' || characters.next() == Some('\'')).then(|| quoted(rest, '\''));
    }
    let raw = rest.strip_prefix('r').or_else(|| rest.strip_prefix("br"))?;
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    if in_word || !raw[hashes..].starts_with('"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let start = rest.len() - raw.len() + hashes + 1;
    Some(rest[start..].find(&close).map_or(rest.len(), |end| start + end + close.len()))
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (position, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return position + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::{code_only, has_word, literals_in_functions, pieces};

    const SOURCE: &str = r##"
/// unsafe in a comment /* not a block
fn a<'a>(x: &'a str) -> char { let _ = "unsafe // no comment"; '"' }
/* unsafe /* nested */ still */ fn b() { r#"unsafe " quote"#; b'\''; }
impl X { pub const fn code(&self) -> &'static str { match self { Self::A { .. } => "one-code", Self::B(e) => e.code() } } }
fn other() { "not-a-code"; }
"##;

    #[test]
    fn nothing_is_lost_and_words_in_comments_and_strings_are_not_code() {
        let joined: String = pieces(SOURCE).iter().map(|piece| piece.text).collect();
        assert_eq!(joined, SOURCE);
        let code = code_only(SOURCE);
        assert_eq!(code.lines().count(), SOURCE.lines().count());
        assert!(!has_word(&code, "unsafe"));
        assert!(code.contains("fn b()") && code.contains("fn other()"));
    }

    #[test]
    fn only_literals_of_the_named_function_are_found() {
        assert_eq!(literals_in_functions(SOURCE, "fn code("), ["one-code"]);
    }
}
