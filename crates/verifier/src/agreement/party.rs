//! As whom an act counts for a demand: in the signer's own name, or in the principal's.

use inkan_credential::countersignature::{Role, Wanted, WantedSigners};

use super::assign::Party;
use super::{Act, Lack};
use crate::capacity::{ActingPower, Capacity};

/// In whose name an act is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Voice<'a> {
    /// The signer's own.
    Own(&'a Act),
    /// That of the principal of a power that holds.
    For(&'a ActingPower),
}

/// How an act appears to a demand: not at all, as somebody, or as nobody that counts.
pub(super) fn voice<'a>(wanted: &Wanted, act: &'a Act) -> Option<Result<Voice<'a>, Lack>> {
    if act.role != Role::Delegate {
        return (act.role == wanted.role).then_some(Ok(Voice::Own(act)));
    }
    // A delegate without a power is nobody's, and counts for nothing in any role.
    let in_own_role = wanted.role == Role::Delegate;
    let (for_role, found) = match &act.capacity {
        Capacity::Under(power) if in_own_role => (Some(power.for_role), Ok(Voice::Own(act))),
        Capacity::Under(power) => (Some(power.for_role), Ok(Voice::For(power))),
        Capacity::Void { for_role, .. } => (*for_role, Err(Lack::PowerVoid)),
        Capacity::Open { for_role, .. } => (*for_role, Err(Lack::PowerNotShown)),
        Capacity::Own => (None, Err(Lack::PowerNotShown)),
    };
    if in_own_role {
        Some(found)
    } else if for_role != Some(wanted.role) {
        None
    } else if wanted.delegates {
        Some(found)
    } else {
        Some(Err(Lack::NotAdmitted))
    }
}

impl<'a> Voice<'a> {
    /// The DID that counts.
    pub(super) fn name(&self) -> &'a str {
        match self {
            Self::Own(act) => &act.controller,
            Self::For(power) => &power.principal,
        }
    }

    /// Whether it is the subject of the credential.
    pub(super) const fn is_subject(&self) -> bool {
        match self {
            Self::Own(act) => act.by_subject,
            Self::For(power) => power.of_subject,
        }
    }

    /// Whether it is one of those whom a demand names; `None` if it names nobody.
    pub(super) fn is_named(&self, wanted: &Wanted) -> Option<bool> {
        match (&wanted.by, self) {
            (None, _) => None,
            (Some(WantedSigners::Subject), _) => Some(self.is_subject()),
            (Some(WantedSigners::Dids(dids)), _) => Some(dids.contains(self.name())),
        }
    }
}

/// Who is counted: for whom, and by whose hand.
pub(super) fn party_of<'a>(act: &'a Act, voice: &Voice<'a>) -> Party<'a> {
    Party { speaks_for: voice.name(), hand: &act.controller }
}

/// Whether two DIDs are one, by what either says of itself.
pub(super) fn says(acts: &[Act], one: &str, other: &str) -> bool {
    let links = |one: &str, other: &str| {
        acts.iter().any(|act| {
            let own = act.controller == one && act.linked.contains(other);
            own || act.power().is_some_and(|power| {
                power.parties.iter().any(|party| party == one)
                    && power.linked.get(one).is_some_and(|linked| linked.contains(other))
            })
        })
    };
    one == other || links(one, other) || links(other, one)
}
