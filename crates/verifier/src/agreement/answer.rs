//! What came out of a question about countersignatures: of each demand, and of each act.

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use serde_json::{Value, json};

use super::Act;

/// What came out of one demand.
#[derive(Clone, Debug)]
pub struct ItemAnswer {
    /// Whether it is met.
    pub met: Met,
    /// Distinct controllers found for it by itself.
    pub found: usize,
    /// Their DIDs: those of the signers, and of principals where an agent acts in their place.
    pub names: BTreeSet<String>,
    /// Numbers of the acts that could be counted.
    pub counted: Vec<usize>,
    /// Numbers of acts in this role that are not counted, and why.
    pub left_out: Vec<(usize, Lack)>,
    /// The deadline, if it has one that can be told.
    pub deadline: Option<Timestamp>,
}

/// Whether a demand is met.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Met {
    /// It is.
    Yes,
    /// By itself; another is not.
    Alone,
    /// It is not.
    No(Lack),
    /// That cannot be told.
    Unknown(Lack),
}

/// What is wrong with an act, or with all of them together.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Lack {
    /// Nobody acted.
    Missing,
    /// The signer is none of those named.
    NotNamed,
    /// The registry does not list the signer for this role.
    NotListed,
    /// The signer refused.
    Refused,
    /// The acceptance was taken back, or a newer state of the act is not at hand.
    Withdrawn,
    /// It came after the seal, or cannot be shown to have come before.
    AfterSeal,
    /// A seal by somebody who may not seal.
    StrangersSeal,
    /// It neither covers what it should follow, nor is recorded later.
    OutOfOrder,
    /// The record is later than the deadline.
    Late,
    /// It cannot be told whether the record is earlier than the deadline.
    TimeUnknown,
    /// Nothing recent enough shows that it is the newest state of the act.
    NotShownCurrent,
    /// Whether the signature counts could not be told.
    SignerUnknown,
    /// The key was not the signer's any more.
    KeyEnded,
    /// There are enough signers, and too few distinct controllers.
    NotDistinct,
    /// The signer acts for somebody, and the demand is for those themselves.
    NotAdmitted,
    /// The power of attorney does not hold, or does not cover the act.
    PowerVoid,
    /// What the power of attorney rests on is not at hand, or cannot be told.
    PowerNotShown,
}

impl ItemAnswer {
    /// For reports: who of those that are counted acted under a power, for whom and under which.
    #[must_use]
    pub fn delegates(&self, acts: &[Act]) -> Vec<Value> {
        let counted = self.counted.iter().filter_map(|number| acts.get(*number));
        let delegates = counted.filter_map(|act| act.power().map(|power| (act, power)));
        delegates
            .map(|(act, power)| {
                json!({
                    "signer": act.controller, "for": power.principal, "power": power.digest,
                    "forRole": power.for_role.as_str(),
                })
            })
            .collect()
    }
}

impl Lack {
    /// The code of the finding.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing
            | Self::NotNamed
            | Self::NotListed
            | Self::NotAdmitted
            | Self::KeyEnded
            | Self::PowerVoid => "countersignature-missing",
            Self::PowerNotShown => "power-not-shown",
            Self::Refused => "countersignature-refused",
            Self::Withdrawn => "countersignature-withdrawn",
            Self::AfterSeal => "countersignature-after-seal",
            Self::StrangersSeal => "seal-by-stranger",
            Self::OutOfOrder => "countersignature-out-of-order",
            Self::Late => "countersignature-late",
            Self::TimeUnknown => "countersignature-time-unknown",
            Self::NotShownCurrent => "act-state-not-shown",
            Self::SignerUnknown => "countersigner-unknown",
            Self::NotDistinct => "countersigners-not-distinct",
        }
    }

    /// The same in a word, for lists of those who do not count.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotNamed => "not-named",
            Self::NotListed => "not-listed",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::AfterSeal => "after-seal",
            Self::StrangersSeal => "may-not-seal",
            Self::OutOfOrder => "out-of-order",
            Self::Late => "late",
            Self::TimeUnknown => "time-unknown",
            Self::NotShownCurrent => "not-shown-current",
            Self::SignerUnknown => "signer-unknown",
            Self::KeyEnded => "key-not-in-force",
            Self::NotDistinct => "not-distinct",
            Self::NotAdmitted => "delegate-not-admitted",
            Self::PowerVoid => "power-void",
            Self::PowerNotShown => "power-not-shown",
        }
    }
}

impl Standing {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stands => "stands",
            Self::SealedBeforeWithdrawal => "stands-withdrawn-after-seal",
            Self::Withdrawn => "withdrawn",
            Self::AfterSeal => "after-seal",
            Self::StrangersSeal => "may-not-seal",
        }
    }
}

/// What became of one act.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It is the newest known state of its act.
    Stands,
    /// It was taken back, and too late: after the seal.
    SealedBeforeWithdrawal,
    /// It was taken back, or a newer state is not at hand.
    Withdrawn,
    /// It came after the seal, or cannot be shown to have come before.
    AfterSeal,
    /// A seal by somebody who may not seal.
    StrangersSeal,
}
