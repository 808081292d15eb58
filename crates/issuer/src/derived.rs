//! Claims that answer a question, so that the value they come from need not be shown: `age_over_20` instead of a birth date.
//!
//! In scope: computing them when a credential is issued, as its issuer signs them. Out of scope: concealing the value
//! ([`crate::Disclosable`]), asking the question.

use inkan_core::Timestamp;
use serde_json::{Map, Value};

/// Greatest age that is asked for.
const GREATEST: u16 = 150;

/// Adds `name`, which has to be `age_over_N`, computed from the date in the claim `source`: its name, or a JSON Pointer to one within
/// objects, beside which the answer then stands.
///
/// It is true from the day on which the person is `N` full years old, by the UTC date of `now`: who was born on 29 February
/// is a year older on 1 March of a common year. What is true stays true; what is false may be out of date later.
///
/// # Errors
///
/// [`DerivedError`].
pub fn add(
    claims: &mut Map<String, Value>,
    (name, source): (&str, &str),
    now: Timestamp,
) -> Result<(), DerivedError> {
    let unknown = || DerivedError::Unknown { name: name.chars().take(64).collect() };
    let years = name.strip_prefix("age_over_").ok_or_else(unknown)?;
    let years: u16 = years
        .parse()
        .ok()
        .filter(|number: &u16| number.to_string() == years && (1..=GREATEST).contains(number))
        .ok_or_else(unknown)?;
    let (within, source) = match source.strip_prefix('/') {
        None => (Vec::new(), source.to_owned()),
        Some(pointer) => {
            let mut steps: Vec<String> = pointer.split('/').map(unescaped).collect();
            let last = steps.pop().unwrap_or_default();
            (steps, last)
        }
    };
    let missing = || DerivedError::NoSource { source_claim: source.chars().take(64).collect() };
    let mut claims = claims;
    for step in &within {
        claims = claims.get_mut(step).and_then(Value::as_object_mut).ok_or_else(missing)?;
    }
    if claims.contains_key(name) {
        return Err(DerivedError::Taken { name: name.to_owned() });
    }
    if !claims.contains_key(&source) {
        return Err(missing());
    }
    let no_date = || DerivedError::NoDate { source_claim: source.chars().take(64).collect() };
    let born = claims.get(&source).and_then(Value::as_str).and_then(day).ok_or_else(no_date)?;
    let today = day(&now.date()).ok_or_else(no_date)?;
    if born > today {
        return Err(no_date());
    }
    let (year, month, date) = born;
    let of_age = (year.saturating_add(years), month, date) <= today;
    claims.insert(name.to_owned(), of_age.into());
    Ok(())
}

/// A step of a JSON Pointer ([RFC 6901 §4](https://www.rfc-editor.org/rfc/rfc6901#section-4)).
fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// Year, month and day of `2006-01-31`.
fn day(text: &str) -> Option<(u16, u8, u8)> {
    Timestamp::parse(&format!("{text}T00:00:00Z")).ok()?;
    let mut parts = text.splitn(3, '-');
    let (year, month, date) = (parts.next()?, parts.next()?, parts.next()?);
    Some((year.parse().ok()?, month.parse().ok()?, date.parse().ok()?))
}

/// Why a claim was not derived.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DerivedError {
    /// Nothing is known that could be computed under this name.
    #[error("{name:?} is not age_over_N, with N from 1 to {GREATEST}")]
    Unknown {
        /// The name, at most 64 characters of it.
        name: String,
    },
    /// The claims have one of this name already.
    #[error("there is a claim {name:?} already")]
    Taken {
        /// The name.
        name: String,
    },
    /// There is no such claim to compute it from.
    #[error("there is no claim {source_claim:?} to compute it from")]
    NoSource {
        /// The claim, at most 64 characters of its name.
        source_claim: String,
    },
    /// The claim to compute it from is no date of the past such as `2006-01-31`.
    #[error("claim {source_claim:?} is no past date such as 2006-01-31")]
    NoDate {
        /// The claim, at most 64 characters of its name.
        source_claim: String,
    },
}

impl DerivedError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "derived-claim-unknown",
            Self::Taken { .. } => "derived-claim-taken",
            Self::NoSource { .. } | Self::NoDate { .. } => "derived-claim-source-invalid",
        }
    }
}

#[cfg(test)]
mod tests;
