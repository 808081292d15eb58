//! In whose name a countersigner acts, and what became of the power of attorney that it names.

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::Timestamp;
use inkan_credential::countersignature::Role;
use inkan_credential::delegation::DelegationError;

use crate::verified::VerifiedCountersignature;

/// In whose name a countersigner acts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Capacity {
    /// Its own.
    Own,
    /// That of a principal, under a power of attorney that holds as of the act and covers it.
    Under(ActingPower),
    /// Nobody's: the power that it names does not hold, or does not cover the act.
    Void {
        /// The role in which the principal would be stood in for.
        for_role: Option<Role>,
        /// Why.
        fault: PowerFault,
    },
    /// That cannot be told.
    Open {
        /// The role in which the principal would be stood in for, if it says.
        for_role: Option<Role>,
        /// What is missing.
        fault: PowerFault,
    },
}

/// A power of attorney that held when it was used, for what it was used for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ActingPower {
    /// For whom.
    pub principal: String,
    /// In which role.
    pub for_role: Role,
    /// Principal and agents, in the order of the chain; the signer is the last.
    pub parties: Vec<String>,
    /// Digest of the last link, base64url.
    pub digest: String,
    /// Whether the principal is the subject of the credential.
    pub of_subject: bool,
    /// By party, the issuer, countersigners and other parties that are, by their DIDs' own words, the same controller.
    pub linked: BTreeMap<String, BTreeSet<String>>,
    /// Whether it is in force as of the judged time, too.
    pub stands: Stands,
}

/// Whether a power is in force as of the judged time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Stands {
    /// It is.
    Yes,
    /// It has ended, or was revoked, since it was used.
    No(PowerFault),
    /// That cannot be told.
    Unknown(PowerFault),
}

/// What is wrong with a power of attorney, or not known of it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PowerFault {
    /// The countersigner signs as delegate, and not under what.
    #[error("the countersignature names no power of attorney")]
    NotNamed,
    /// A link is not at hand.
    #[error("a power of attorney that it rests on is not at hand: {digest}")]
    Missing {
        /// Digest of the link, base64url.
        digest: String,
    },
    /// Something that a link rests on is not at hand.
    #[error("whether link {link} of the power holds cannot be told ({code})")]
    Open {
        /// Which link, from 1.
        link: usize,
        /// What is missing.
        code: &'static str,
    },
    /// A link is no power, or does not verify.
    #[error("link {link} of the power of attorney does not hold ({code})")]
    Invalid {
        /// Which link, from 1.
        link: usize,
        /// The rule that was broken.
        code: &'static str,
    },
    /// A link had not begun, had ended or was suspended, or the DID of a party had ended.
    #[error("link {link} of the power of attorney was not in force ({code})")]
    NotInForce {
        /// Which link, from 1.
        link: usize,
        /// Why not.
        code: &'static str,
    },
    /// A link was revoked.
    #[error("link {link} of the power of attorney was revoked{}", on_day(.since.as_ref()))]
    Revoked {
        /// Which link, from 1.
        link: usize,
        /// Not later than this.
        since: Option<Timestamp>,
    },
    /// The power is for something else, or for somebody else.
    #[error("the power of attorney does not cover this: {member}")]
    OutOfScope {
        /// The member that stands against it.
        member: &'static str,
    },
    /// The links are no chain, or one gives what its issuer did not have.
    #[error("the powers of attorney are no chain that gives this")]
    Chain(#[source] DelegationError),
}

impl PowerFault {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotNamed | Self::Missing { .. } | Self::Open { .. } => "power-not-shown",
            Self::Invalid { .. } => "power-invalid",
            Self::NotInForce { .. } => "power-not-in-force",
            Self::Revoked { .. } => "power-revoked",
            Self::OutOfScope { .. } => "power-out-of-scope",
            Self::Chain(_) => "power-chain-invalid",
        }
    }

    /// Whether more material could still show that the power holds.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self {
            Self::NotNamed | Self::Missing { .. } | Self::Open { .. } => true,
            Self::Invalid { .. }
            | Self::NotInForce { .. }
            | Self::Revoked { .. }
            | Self::OutOfScope { .. }
            | Self::Chain(_) => false,
        }
    }

    pub(crate) fn into_capacity(self, for_role: Option<Role>) -> Capacity {
        if self.is_open() {
            Capacity::Open { for_role, fault: self }
        } else {
            Capacity::Void { for_role, fault: self }
        }
    }

    pub(crate) fn into_stands(self) -> Stands {
        if self.is_open() { Stands::Unknown(self) } else { Stands::No(self) }
    }
}

fn on_day(time: Option<&Timestamp>) -> String {
    time.map(|time| format!(" on {}", time.date())).unwrap_or_default()
}

impl VerifiedCountersignature {
    /// In whose name the signer acts.
    #[must_use]
    pub const fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// The role in which it says that somebody is stood in for.
    #[must_use]
    pub const fn for_role(&self) -> Option<Role> {
        match &self.capacity {
            Capacity::Own => None,
            Capacity::Under(power) => Some(power.for_role),
            Capacity::Void { for_role, .. } | Capacity::Open { for_role, .. } => *for_role,
        }
    }

    /// The power that it is made under, if it holds.
    #[must_use]
    pub const fn power(&self) -> Option<&ActingPower> {
        match &self.capacity {
            Capacity::Under(power) => Some(power),
            Capacity::Own | Capacity::Void { .. } | Capacity::Open { .. } => None,
        }
    }
}
