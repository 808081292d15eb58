//! Consents: giving one for what a presentation shows, and taking it back.
//!
//! In scope: what a holder signs. Out of scope: recording a state on a ledger, and the receiver's acknowledgement
//! ([`inkan_credential::consent::acknowledge`]).

use inkan_core::rng::{draw, draw_uuid_urn};
use inkan_core::{CryptoRng, Timestamp};
use inkan_credential::Presentation;
use inkan_credential::consent::{
    ConsentError, ConsentEvent, ConsentPurpose, ConsentRecord, ConsentState, ConsentTerms, Draft,
    Notice, PolicyReference, Receiver, presentation_digest, shown_by, sign,
};
use inkan_credential::proof::SignFailure;
use inkan_crypto::Signer;

/// What a holder agrees to, beside what the presentation says itself.
#[derive(Clone, Copy, Debug)]
pub struct Consent<'a> {
    /// DID URL of the holder's key.
    pub method: &'a str,
    /// The receiver's DID, if it is known and not its audience.
    pub receiver: Option<&'a str>,
    /// What the data may be used for.
    pub purposes: &'a [ConsentPurpose],
    /// The notice that was given.
    pub notice: Option<&'a Notice>,
    /// The policy under which the receiver asked.
    pub policy: Option<&'a PolicyReference>,
    /// When the consent ends.
    pub until: Option<Timestamp>,
    /// Until when the data may be kept.
    pub keep_until: Option<Timestamp>,
    /// Whom they may be passed on to.
    pub recipients: &'a [String],
    /// Under whose law.
    pub jurisdiction: Option<&'a str>,
    /// How the consent is taken back.
    pub withdrawal_method: &'a str,
    /// Origin of the log where states may be recorded; none for a holder who cannot write to one.
    pub log: Option<&'a str>,
}

/// Gives a consent for everything that `presentation` shows, to the one whom it is made out to.
///
/// # Errors
///
/// [`ConsentMakeError`]; nothing is signed for somebody else's presentation, or for one that is made out to nobody or several.
pub fn give_consent(
    presentation: &Presentation,
    consent: &Consent<'_>,
    signer: &dyn Signer,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<ConsentRecord, ConsentMakeError> {
    let principal = did_of(consent.method);
    let holder = presentation.holder();
    if !holder.is_empty() && holder != principal {
        return Err(ConsentMakeError::ForeignPresentation);
    }
    let [audience] = presentation.audience() else { return Err(ConsentMakeError::NoReceiver) };
    let terms = ConsentTerms {
        record_id: draw_uuid_urn(rng),
        principal: principal.to_owned(),
        receiver: Receiver { audience: audience.clone(), id: consent.receiver.map(str::to_owned) },
        purposes: consent.purposes.to_vec(),
        notice: consent.notice.cloned(),
        shown: shown_by(presentation)?,
        presentation: presentation_digest(presentation),
        policy: consent.policy.cloned(),
        until: consent.until,
        keep_until: consent.keep_until,
        recipients: consent.recipients.to_vec(),
        jurisdiction: consent.jurisdiction.map(str::to_owned),
        withdrawal_method: consent.withdrawal_method.to_owned(),
        act: draw(rng),
        log: consent.log.map(str::to_owned),
    };
    let event = ConsentEvent {
        state: ConsentState::Given,
        time: now,
        reason: None,
        salt: consent.log.map(|_| draw(rng)),
        previous: None,
    };
    state(&terms, &event, consent.method, signer, rng)
}

/// Takes a consent back: the same act, its next and last state.
///
/// # Errors
///
/// [`ConsentMakeError`]; only who gave a consent takes it back, and only once.
pub fn withdraw_consent(
    given: &ConsentRecord,
    (method, reason): (&str, Option<&str>),
    signer: &dyn Signer,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<ConsentRecord, ConsentMakeError> {
    match given.state() {
        ConsentState::Given => {}
        ConsentState::Withdrawn => return Err(ConsentMakeError::AlreadyWithdrawn),
    }
    if given.terms().principal != did_of(method) {
        return Err(ConsentMakeError::ForeignConsent);
    }
    let event = ConsentEvent {
        state: ConsentState::Withdrawn,
        // Clocks may differ; what is taken back was given before.
        time: now.max(given.event().time),
        reason: reason.map(str::to_owned),
        salt: given.terms().log.as_ref().map(|_| draw(rng)),
        previous: Some(given.digest()),
    };
    state(given.terms(), &event, method, signer, rng)
}

fn state(
    terms: &ConsentTerms,
    event: &ConsentEvent,
    method: &str,
    signer: &dyn Signer,
    rng: &mut impl CryptoRng,
) -> Result<ConsentRecord, ConsentMakeError> {
    let proof_id = draw_uuid_urn(rng);
    Ok(sign(&Draft { terms, event, proof_id: &proof_id, method }, signer)?)
}

fn did_of(method: &str) -> &str {
    method.split('#').next().unwrap_or_default()
}

/// Why no state of a consent was made.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ConsentMakeError {
    /// It was taken back before.
    #[error("the consent is withdrawn already")]
    AlreadyWithdrawn,
    /// The consent is another holder's.
    #[error("the consent is another holder's")]
    ForeignConsent,
    /// The presentation is another holder's.
    #[error("the presentation is another holder's")]
    ForeignPresentation,
    /// The presentation is made out to nobody, or to several.
    #[error("the presentation is not made out to one receiver")]
    NoReceiver,
    /// What is shown cannot be named.
    #[error("what the presentation shows cannot be named in a consent")]
    Shown(#[from] ConsentError),
    /// Signing failed.
    #[error("consent could not be signed")]
    Sign(#[from] SignFailure),
}

impl ConsentMakeError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyWithdrawn => "consent-already-withdrawn",
            Self::ForeignConsent | Self::ForeignPresentation => "consent-not-own",
            Self::NoReceiver => "consent-without-receiver",
            Self::Shown(error) => error.code(),
            Self::Sign(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests;
