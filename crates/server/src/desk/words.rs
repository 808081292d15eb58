//! In which language a page speaks: English or Japanese, as the browser asks. What findings say comes in both from the report.

use axum::http::{HeaderMap, header};

/// A language of pages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// What the address says (`lang=ja`), else the first language of the browser that there is.
    pub(crate) fn of(headers: &HeaderMap, query: Option<&str>) -> Self {
        let named = |text: &str| match text.trim().get(..2).map(str::to_ascii_lowercase).as_deref()
        {
            Some("en") => Some(Self::En),
            Some("ja") => Some(Self::Ja),
            Some(_) | None => None,
        };
        let asked =
            query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("lang="));
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let accepted = accepted.unwrap_or_default().split(',').find_map(named);
        asked.and_then(named).or(accepted).unwrap_or(Self::En)
    }

    /// The tag of it (BCP 47).
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    /// The other one, and its own name for itself.
    pub(crate) const fn other(self) -> (Self, &'static str) {
        match self {
            Self::En => (Self::Ja, "日本語"),
            Self::Ja => (Self::En, "English"),
        }
    }

    /// What keeps to it in an address.
    pub(crate) const fn query(self) -> &'static str {
        match self {
            Self::En => "?lang=en",
            Self::Ja => "?lang=ja",
        }
    }

    /// The one or the other.
    pub(crate) const fn say<'a>(self, english: &'a str, japanese: &'a str) -> &'a str {
        match self {
            Self::En => english,
            Self::Ja => japanese,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_goes_before_the_browser() {
        let of = |accepted: &str, query| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
            Language::of(&headers, query)
        };
        assert_eq!(of("ja-JP,en;q=0.5", None), Language::Ja);
        assert_eq!(of("de, en-GB;q=0.7, ja;q=0.5", None), Language::En);
        assert_eq!(of("ja", Some("x=1&lang=en")), Language::En);
        assert_eq!(of("é", Some("lang=é")), Language::En);
    }
}
