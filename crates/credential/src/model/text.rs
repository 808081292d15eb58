//! Names and descriptions: texts, and what their author says about their language (VCDM §§4.6, 11.1).

use serde_json::Value;

use super::{ModelError, items};

/// Base direction of a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// `ltr`.
    LeftToRight,
    /// `rtl`.
    RightToLeft,
}

/// A text with its language, as far as the author names it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LanguageText<'a> {
    /// The text.
    pub text: &'a str,
    /// Its language ([BCP 47](https://www.rfc-editor.org/info/bcp47)), well-formed.
    pub language: Option<&'a str>,
    /// Its base direction.
    pub direction: Option<Direction>,
}

impl LanguageText<'_> {
    /// How well the text suits a reader of `language`: exactly (3), the same language in another variety (2), no language named
    /// (1), or another one (0).
    fn suits(&self, language: &str) -> u8 {
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        match self.language {
            None => 1,
            Some(own) if own.eq_ignore_ascii_case(language) => 3,
            Some(own) if primary(own) == primary(language) => 2,
            Some(_) => 0,
        }
    }
}

/// The texts in a member that holds a text, a language value object, or a list of these objects. What is malformed is left out.
#[must_use]
pub fn texts<'a>(value: &'a Value, member: &str) -> Vec<LanguageText<'a>> {
    items(value, member).iter().filter_map(language_text).collect()
}

/// Of several texts the one for a reader of `language` (BCP 47); the first if none suits better.
#[must_use]
pub fn preferred<'a>(texts: &[LanguageText<'a>], language: &str) -> Option<LanguageText<'a>> {
    let mut best: Option<LanguageText<'a>> = None;
    for text in texts {
        if best.is_none_or(|best| text.suits(language) > best.suits(language)) {
            best = Some(*text);
        }
    }
    best
}

/// `name` and `description` of an object have one of the forms that they may have.
pub(super) fn check_texts(value: &Value) -> Result<(), ModelError> {
    for property in ["name", "description"] {
        let shaped = match value.get(property) {
            None => true,
            Some(Value::Array(list)) => {
                !list.is_empty()
                    && list.iter().all(|item| item.is_object() && language_text(item).is_some())
            }
            Some(single) => language_text(single).is_some(),
        };
        if !shaped {
            return Err(ModelError::Property { property });
        }
    }
    Ok(())
}

fn language_text(value: &Value) -> Option<LanguageText<'_>> {
    match value {
        Value::String(text) => Some(LanguageText { text, language: None, direction: None }),
        Value::Object(members) => {
            let known = |name: &String| matches!(&**name, "@value" | "@language" | "@direction");
            if !members.keys().all(known) {
                return None;
            }
            let text = members.get("@value")?.as_str()?;
            let language = match members.get("@language") {
                None => None,
                Some(tag) => Some(tag.as_str().filter(|tag| is_language_tag(tag))?),
            };
            let direction = match members.get("@direction") {
                None => None,
                Some(direction) => Some(match direction.as_str()? {
                    "ltr" => Direction::LeftToRight,
                    "rtl" => Direction::RightToLeft,
                    _ => return None,
                }),
            };
            Some(LanguageText { text, language, direction })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// Whether a text has the form of a language tag ([RFC 5646 §2.1](https://www.rfc-editor.org/rfc/rfc5646#section-2.1)), as far as it
/// can be told without the registry.
fn is_language_tag(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let first = subtags.next().unwrap_or_default();
    let rest: Vec<&str> = subtags.collect();
    let letters = |text: &str| text.bytes().all(|c| c.is_ascii_alphabetic());
    let shaped = |text: &&str| {
        (1..=8).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric())
    };
    let begins = match first.len() {
        1 => matches!(first, "x" | "X" | "i" | "I") && !rest.is_empty(),
        2..=8 => letters(first),
        _ => false,
    };
    // A singleton begins an extension, which cannot be empty; behind `x` anything goes.
    let private = first.eq_ignore_ascii_case("x")
        || rest.iter().rev().skip(1).any(|text| text.eq_ignore_ascii_case("x"));
    let ends = private || rest.last().is_none_or(|last| last.len() > 1);
    begins && ends && rest.iter().all(shaped)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(value: &Value) -> bool {
        check_texts(&json!({ "name": value })).is_err()
            && check_texts(&json!({ "description": value })).is_err()
    }

    #[test]
    fn texts_language_value_objects_and_lists_of_them_are_texts() {
        for value in [
            json!("Seal"),
            json!({ "@value": "Seal" }),
            json!({ "@value": "Seal", "@language": "en" }),
            json!({ "@value": "Seal", "@language": "en-GB", "@direction": "ltr" }),
            json!([{ "@value": "Dog", "@language": "en" }, { "@value": "犬", "@language": "ja" }]),
        ] {
            assert!(!refused(&value), "{value}");
        }
    }

    #[test]
    fn nothing_else_is_a_text() {
        for value in [
            json!(null),
            json!(1),
            json!({}),
            json!([]),
            json!(["Seal"]),
            json!([{ "@value": "Seal" }, "Seal"]),
            json!([[{ "@value": "Seal" }]]),
            json!({ "@value": 1 }),
            json!({ "@value": ["Seal"] }),
            json!({ "@language": "en" }),
            json!({ "@value": "Seal", "@language": "e" }),
            json!({ "@value": "Seal", "@language": "en_GB" }),
            json!({ "@value": "Seal", "@language": null }),
            json!({ "@value": "Seal", "@language": ["en"] }),
            json!({ "@value": "Seal", "@direction": "up" }),
            json!({ "@value": "Seal", "@direction": null }),
            json!({ "@value": "Seal", "@language": "en", "url": "did:example:credential" }),
            json!({ "@value": "Seal", "@type": "xsd:string" }),
        ] {
            assert!(refused(&value), "{value}");
        }
    }

    #[test]
    fn language_tags_are_well_formed() {
        for tag in ["en", "ja", "zh-Hant-TW", "sr-Latn", "de-CH-1996", "x-inkan", "en-x-a", "i-ami"]
        {
            assert!(is_language_tag(tag), "{tag}");
        }
        for tag in
            ["", "e", "x", "en-", "-en", "en--GB", "en_GB", "123", "en-a", "abcdefghi", "日本"]
        {
            assert!(!is_language_tag(tag), "{tag}");
        }
    }

    #[test]
    fn the_reader_gets_the_text_in_their_language() {
        let value = json!({ "name": [
            { "@value": "Seal", "@language": "en" },
            { "@value": "印鑑", "@language": "ja" },
            { "@value": "Siegel", "@language": "de-AT" },
        ] });
        let all = texts(&value, "name");
        let chosen = |language| preferred(&all, language).map(|text| text.text);
        assert_eq!(chosen("ja"), Some("印鑑"));
        assert_eq!(chosen("ja-JP"), Some("印鑑"));
        assert_eq!(chosen("de"), Some("Siegel"));
        assert_eq!(chosen("fr"), Some("Seal"));
        assert_eq!(preferred(&[], "fr"), None);
        let value = json!({ "name": "Seal" });
        assert_eq!(texts(&value, "name")[0].language, None);
    }
}
