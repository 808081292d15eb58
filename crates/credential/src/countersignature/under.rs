//! Under which power of attorney somebody countersigns, and in whose place: part of what is signed.

use inkan_core::{Digest, json};
use serde_json::{Value, json};

use super::Role;

/// The member `under` of a countersignature by a delegate.
///
/// It fixes the power by [`signed_digest`](crate::SecuredCredential::signed_digest), signature included: so neither can
/// another power be put in its place, nor the countersignature be moved under one that was made later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Under {
    /// Digest of the power of attorney whose agent signs.
    pub power: Digest,
    /// The role in which the principal is stood in for.
    pub for_role: Role,
}

impl Under {
    /// Reads the closed object; `None` if it has not this shape.
    pub(super) fn from_value(value: &Value) -> Option<Self> {
        if value.as_object()?.len() != 2 {
            return None;
        }
        let power = Digest::from_b64u(json::text(value, "power")?).ok()?;
        let for_role = Role::parse(json::text(value, "forRole")?)?;
        Some(Self { power, for_role }).filter(Self::is_sound)
    }

    /// Writes what [`Self::from_value`] reads.
    pub(super) fn to_value(self) -> Value {
        json!({ "power": self.power.to_b64u(), "forRole": self.for_role.as_str() })
    }

    /// Whether somebody can be stood in for in that role: a delegate acts for a holder, a witness, …, and passing a power on is
    /// another credential.
    pub(super) const fn is_sound(&self) -> bool {
        !matches!(self.for_role, Role::Delegate)
    }
}
