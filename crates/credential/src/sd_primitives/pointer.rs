//! JSON pointers ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)).

use std::fmt;

use super::SelectionError;

/// A pointer to a place in a JSON document, such as `/credentialSubject/degree/name`; the empty one is the whole.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct JsonPointer(Vec<String>);

/// Characters of one pointer, and pointers in one list.
const LENGTH: usize = 1_024;
const COUNT: usize = 512;

impl JsonPointer {
    /// Reads a pointer of at most 1,024 bytes: empty, or every name after a `/`, with `~1` for `/` and `~0` for `~`.
    ///
    /// # Examples
    ///
    /// ```
    /// use inkan_credential::sd_primitives::JsonPointer;
    ///
    /// assert!(JsonPointer::parse("/credentialSubject/name").is_ok());
    /// assert_eq!(JsonPointer::parse("name").unwrap_err().code(), "json-pointer-invalid");
    /// ```
    ///
    /// # Errors
    ///
    /// [`SelectionError::PointerInvalid`].
    pub fn parse(text: &str) -> Result<Self, SelectionError> {
        let invalid =
            || SelectionError::PointerInvalid { pointer: text.chars().take(80).collect() };
        if text.len() > LENGTH {
            return Err(invalid());
        }
        let Some(names) = text.strip_prefix('/') else {
            return if text.is_empty() { Ok(Self(Vec::new())) } else { Err(invalid()) };
        };
        names
            .split('/')
            .map(|name| unescape(name).ok_or_else(invalid))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Reads a list of at most 512 pointers.
    ///
    /// # Errors
    ///
    /// [`SelectionError::PointerInvalid`].
    pub fn parse_list<S: AsRef<str>>(texts: &[S]) -> Result<Vec<Self>, SelectionError> {
        if texts.len() > COUNT {
            return Err(SelectionError::PointerInvalid {
                pointer: format!("{} pointers", texts.len()),
            });
        }
        texts.iter().map(|text| Self::parse(text.as_ref())).collect()
    }

    pub(super) fn of_names(names: &[String]) -> Self {
        Self(names.to_vec())
    }

    /// The names along the way.
    pub(super) fn names(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for JsonPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|name| write!(f, "/{}", name.replace('~', "~0").replace('/', "~1")))
    }
}

fn unescape(name: &str) -> Option<String> {
    let mut out = String::with_capacity(name.len());
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        out.push(match character {
            '~' => match characters.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            other => other,
        });
    }
    Some(out)
}
