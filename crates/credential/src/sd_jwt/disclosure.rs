//! One disclosure: salt, name and value, and the digest that stands for it (RFC 9901 §4.2).

use inkan_core::{encoding, json, limits, sha256};
use serde_json::Value;

/// A claim of an object, or an element of an array, with its salt.
#[derive(Clone, Debug, PartialEq)]
pub struct Disclosure {
    text: String,
    digest: String,
    name: Option<String>,
    value: Value,
}

impl Disclosure {
    /// Reads base64url of a JSON array: `[salt, name, value]` or `[salt, value]`.
    ///
    /// # Errors
    ///
    /// What the text must be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let bytes = encoding::decode_b64u(text).map_err(|_| "not base64url in canonical form")?;
        let value = json::parse(&bytes, limits::JWS).map_err(|_| "not JSON with one reading")?;
        let Value::Array(elements) = value else { return Err("not a JSON array") };
        let mut elements = elements.into_iter();
        let parts = (elements.next(), elements.next(), elements.next(), elements.next());
        let (salt, name, value) = match parts {
            (Some(salt), Some(value), None, None) => (salt, None, value),
            (Some(salt), Some(Value::String(name)), Some(value), None) => (salt, Some(name), value),
            (Some(_), Some(_), Some(_), None) => return Err("name of the claim is not text"),
            _ => return Err("neither two nor three elements"),
        };
        if !salt.is_string() {
            return Err("salt is not text");
        }
        Ok(Self { digest: digest(text), text: text.to_owned(), name, value })
    }

    /// Writes a disclosure; `name` is none for an element of an array.
    ///
    /// # Errors
    ///
    /// [`json::JsonError`] if the value has no canonical form.
    pub fn make(
        name: Option<&str>,
        value: &Value,
        salt: &[u8; 16],
    ) -> Result<Self, json::JsonError> {
        let salt = Value::String(encoding::b64u(salt));
        let name_value = name.map(|name| Value::String(name.to_owned()));
        let elements = [Some(salt), name_value, Some(value.clone())].into_iter().flatten();
        let text = encoding::b64u(&json::canonicalize(&elements.collect())?);
        let name = name.map(str::to_owned);
        Ok(Self { digest: digest(&text), text, name, value: value.clone() })
    }

    /// The base64url text, which is what the digest covers.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text, as base64url.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Name of the claim; none for an element of an array.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The value, in which further digests may stand.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }
}

/// SHA-256 of ASCII text as base64url: of a disclosure (§4.2.3), and of all that is shown (§4.3.1).
pub(super) fn digest(text: &str) -> String {
    sha256(&[text.as_bytes()]).to_b64u()
}
