//! Why a consent record cannot be read, or does not hold.

use inkan_core::Timestamp;
use inkan_core::json::JsonError;

use crate::proof::ProofError;

/// A consent that is malformed, about something else, or no longer given. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConsentError {
    /// Not JSON with one reading.
    #[error("consent is not JSON with one reading")]
    Json(#[from] JsonError),
    /// A member is missing, malformed, or unknown.
    #[error("consent: {member} is missing, malformed or unknown")]
    Malformed {
        /// The member.
        member: &'static str,
    },
    /// A proof object is malformed.
    #[error("consent's proof cannot be read")]
    Proof(#[from] ProofError),
    /// The holder's signature does not verify under a key of the holder. Says no more, so as not to become an oracle.
    #[error("the holder's signature does not verify over this consent")]
    Invalid,
    /// It is about another presentation, or of another holder than who presented.
    #[error("the consent is about another presentation")]
    OtherPresentation,
    /// The presentation was made out to somebody else.
    #[error("the presentation was made out to somebody else than the consent names")]
    OtherReceiver,
    /// It does not name exactly what the presentation shows.
    #[error(
        "the consent does not name just what the presentation shows: {named} claims named, {shown} shown"
    )]
    ShownDiffers {
        /// Claims that the record names.
        named: usize,
        /// Claims that the presentation shows.
        shown: usize,
    },
    /// The holder took it back.
    #[error("the consent was withdrawn on {}", .at.date())]
    Withdrawn {
        /// Since when it counts as taken back.
        at: Timestamp,
    },
    /// It does not cover the time it is judged at.
    #[error("the consent runs from {from} {}, and is judged as of {as_of}", end(.until.as_ref()))]
    NotCurrent {
        /// When it was given.
        from: Timestamp,
        /// When it ends.
        until: Option<Timestamp>,
        /// The time it is judged at.
        as_of: Timestamp,
    },
    /// Its states are not one after the other of one consent.
    #[error("the states of the consent do not follow each other ({what})")]
    Unconnected {
        /// What does not fit.
        what: &'static str,
    },
    /// The acknowledgement is somebody else's, or does not verify over this record.
    #[error("the acknowledgement is not the receiver's signature over this consent")]
    AcknowledgementInvalid,
    /// The record names no DID of the receiver, so whose acknowledgement it is cannot be told.
    #[error(
        "the consent names no DID of its receiver, so whose acknowledgement this is cannot be told"
    )]
    ReceiverUnknown,
}

impl ConsentError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(error) => error.code(),
            Self::Malformed { .. } => "consent-malformed",
            Self::Proof(error) => error.code(),
            Self::Invalid => "consent-proof-invalid",
            Self::OtherPresentation => "consent-of-another-presentation",
            Self::OtherReceiver => "consent-receiver-mismatch",
            Self::ShownDiffers { .. } => "consent-shown-differs",
            Self::Withdrawn { .. } => "consent-withdrawn",
            Self::NotCurrent { .. } => "consent-not-current",
            Self::Unconnected { .. } => "consent-states-unconnected",
            Self::AcknowledgementInvalid => "consent-acknowledgement-invalid",
            Self::ReceiverUnknown => "consent-receiver-unknown",
        }
    }
}

fn end(until: Option<&Timestamp>) -> String {
    until.map_or_else(|| "on".to_owned(), |until| format!("until {until}"))
}
