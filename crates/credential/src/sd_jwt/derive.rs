//! What the holder does: choosing which claims to show (RFC 9901 §7.2).
//!
//! In scope: from names of claims to disclosures, with all that a nested claim needs. Out of scope: consent, and the
//! proof that the holder is there (`key_binding`).

use std::collections::BTreeSet;

use super::error::{KeyBindingError, SdJwtError};
use super::form::assemble;
use super::path::{ClaimPath, ClaimPathError, Place, told};
use super::{Located, SdJwt};

impl SdJwt {
    /// The places that can be shown or kept back, in the order of the disclosures.
    pub fn disclosable(&self) -> impl Iterator<Item = &Place> {
        self.located().iter().map(|located| &located.place)
    }

    /// The same SD-JWT with the disclosures that `chosen` needs, and no others; nothing chosen shows nothing.
    ///
    /// A chosen claim is shown with everything in it, and with whatever it stands in. A claim that is always shown may
    /// be chosen, too.
    ///
    /// # Errors
    ///
    /// [`DeriveError::Path`] if a path names no claim, or a name alone several; it says what there is.
    /// [`DeriveError::SdJwt`] if a key binding is there: it covers what is shown, so only the original can be derived from.
    pub fn derive(&self, chosen: &[ClaimPath]) -> Result<Self, DeriveError> {
        let mut keep = BTreeSet::new();
        for path in chosen {
            let places = path.resolve(self.payload())?;
            if places.is_empty() {
                let known = told(self.disclosable());
                return Err(ClaimPathError::Unknown { path: path.to_string(), known }.into());
            }
            for (index, located) in self.located().iter().enumerate() {
                let other = &located.place;
                if places.iter().any(|place| place.holds(other) || other.holds(place)) {
                    keep.insert(index);
                }
            }
        }
        Ok(self.keep(&keep)?)
    }

    /// The same SD-JWT with the disclosures at these positions, and those in whose values they stand.
    ///
    /// # Errors
    ///
    /// [`SdJwtError::KeyBinding`] if a key binding is there.
    pub fn keep(&self, positions: &BTreeSet<usize>) -> Result<Self, SdJwtError> {
        if self.key_binding.is_some() {
            return Err(KeyBindingError::Unexpected.into());
        }
        let mut kept = BTreeSet::new();
        for position in positions {
            let mut next = Some(*position);
            while let Some(here) = next.filter(|here| kept.insert(*here)) {
                next = self.located().get(here).and_then(|Located { parent, .. }| *parent);
            }
        }
        let disclosures = self.disclosures.iter().enumerate();
        let disclosures =
            disclosures.filter(|(index, _)| kept.contains(index)).map(|(_, one)| one.clone());
        assemble((self.issuer.clone(), self.others.clone()), disclosures.collect(), None)
    }
}

/// Why nothing was derived.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DeriveError {
    /// A path names no claim, or not one alone.
    #[error(transparent)]
    Path(#[from] ClaimPathError),
    /// What would be shown is no SD-JWT.
    #[error(transparent)]
    SdJwt(#[from] SdJwtError),
}

impl DeriveError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Path(error) => error.code(),
            Self::SdJwt(error) => error.code(),
        }
    }
}
