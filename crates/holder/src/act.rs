//! Acts: accepting, refusing, withdrawing, sealing, on credentials of both formats.
//!
//! An act has a random name that all its states carry. A refusal after one's own acceptance is the withdrawal of it.
//! A seal is final: what it closes rests on it, and who made it does not take it back.

mod error;

use inkan_core::rng::{draw, draw_uuid_urn};
use inkan_core::{CryptoRng, Timestamp};
use inkan_credential::countersignature::{
    Countersignature, Decision, Role, Statement, Under, countersign_di, countersign_jose, list,
};
use inkan_credential::{Format, Opening, SecuredCredential};
use inkan_crypto::Signer;

pub use self::error::ActError;

/// Who acts, in which role, and where the act will be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// In which capacity.
    pub role: Role,
    /// DID URL of the key that signs.
    pub method: &'a str,
    /// Origin of the log.
    pub log: &'a str,
    /// Compact countersignatures that travel beside the credential already.
    pub beside: &'a [String],
    /// Why, of a refusal or withdrawal: it is signed, and stays with the credential.
    pub reason: Option<&'a str>,
    /// Under which power of attorney, and in whose place: of a delegate.
    pub under: Option<Under>,
}

/// What an act results in.
#[derive(Clone, Debug)]
pub struct Acted {
    /// The credential; with one more proof, if it is a Data Integrity credential.
    pub credential: SecuredCredential,
    /// The compact JWS to keep beside the credential, if it is a JOSE credential.
    pub beside: Option<String>,
    /// The new countersignature.
    pub countersignature: Countersignature,
    /// What the ledger entry of this state commits to, with a fresh salt.
    pub opening: Opening,
    /// Which state of the act this is, as far as the artefact shows, from 1: the entry's `seq`.
    pub seq: u64,
}

/// Stands behind `credential`.
///
/// # Errors
///
/// [`ActError::AlreadyActed`] if the same signer already accepts in this role; [`ActError::Sign`].
pub fn accept(
    credential: &SecuredCredential,
    act: &Act<'_>,
    signer: &dyn Signer,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Acted, ActError> {
    match newest(credential, act)?.map(|last| last.decision()) {
        Some(Decision::Accept) => Err(ActError::AlreadyActed { decision: Decision::Accept }),
        Some(Decision::Refuse | Decision::Withdraw | Decision::Seal) | None => {
            sign(credential, act, (Decision::Accept, None), signer, now, rng)
        }
    }
}

/// Declines `credential`; after one's own acceptance this withdraws it.
///
/// # Errors
///
/// [`ActError::AlreadyActed`] if the same signer already refused or withdrew in this role; [`ActError::SealFinal`] if all that it
/// did in this role is to seal; [`ActError::Sign`].
pub fn refuse(
    credential: &SecuredCredential,
    act: &Act<'_>,
    signer: &dyn Signer,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Acted, ActError> {
    match newest(credential, act)?.map(|last| last.decision()) {
        Some(Decision::Accept) => withdraw(credential, act, signer, now, rng),
        Some(decision @ (Decision::Refuse | Decision::Withdraw)) => {
            Err(ActError::AlreadyActed { decision })
        }
        // A refusal beside one's own seal would take nothing back, and look as if it did.
        Some(Decision::Seal) | None if has_sealed(credential, act)? => Err(ActError::SealFinal),
        Some(Decision::Seal) | None => {
            sign(credential, act, (Decision::Refuse, None), signer, now, rng)
        }
    }
}

/// Takes one's acceptance back: the same act, its next state.
///
/// # Errors
///
/// [`ActError::NothingToWithdraw`] unless the newest state of the signer in this role is an acceptance;
/// [`ActError::Sign`].
pub fn withdraw(
    credential: &SecuredCredential,
    act: &Act<'_>,
    signer: &dyn Signer,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Acted, ActError> {
    let own = own(credential, act)?;
    let accepted = newest(credential, act)?.filter(|last| last.decision() == Decision::Accept);
    let accepted = accepted.ok_or(ActError::NothingToWithdraw)?;
    let states = own.iter().filter(|state| state.act() == accepted.act()).count();
    let name = (*accepted.act(), u64::try_from(states).unwrap_or(u64::MAX));
    sign(credential, act, (Decision::Withdraw, Some(name)), signer, now, rng)
}

/// Closes the credential: no later countersignature is part of what was agreed.
///
/// # Errors
///
/// [`ActError::AlreadyActed`] if the same signer already sealed in this role; [`ActError::Sign`].
pub fn seal(
    credential: &SecuredCredential,
    act: &Act<'_>,
    signer: &dyn Signer,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Acted, ActError> {
    if has_sealed(credential, act)? {
        return Err(ActError::AlreadyActed { decision: Decision::Seal });
    }
    sign(credential, act, (Decision::Seal, None), signer, now, rng)
}

/// What the same signer said last in the same role. A seal is about the whole, and says nothing of one's own acceptance.
fn newest(
    credential: &SecuredCredential,
    act: &Act<'_>,
) -> Result<Option<Countersignature>, ActError> {
    let mut own = own(credential, act)?;
    own.retain(|state| state.decision() != Decision::Seal);
    Ok(own.pop())
}

/// Whether the same signer closed it in the same role.
fn has_sealed(credential: &SecuredCredential, act: &Act<'_>) -> Result<bool, ActError> {
    Ok(own(credential, act)?.iter().any(|state| state.decision() == Decision::Seal))
}

/// The countersignatures of the same signer in the same role, and under the same power if one is named, in order.
fn own(credential: &SecuredCredential, act: &Act<'_>) -> Result<Vec<Countersignature>, ActError> {
    let signer = act.method.split('#').next().unwrap_or_default();
    let mut found = list(credential, act.beside)?;
    found.retain(|one| {
        one.signer() == signer
            && one.role() == act.role
            && (act.under.is_none() || one.under() == act.under.as_ref())
            && one.covers(credential).is_ok()
    });
    Ok(found)
}

/// Signs one state: a new act, or the next state of an act that has `states` of them already.
fn sign(
    credential: &SecuredCredential,
    act: &Act<'_>,
    (decision, continued): (Decision, Option<([u8; 32], u64)>),
    signer: &dyn Signer,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Acted, ActError> {
    let (name, states) = continued.unwrap_or_else(|| (draw(rng), 0));
    let statement = Statement {
        role: act.role,
        decision,
        act: name,
        log: act.log,
        method: act.method,
        created: now,
        reason: act.reason,
        under: act.under,
    };
    let (credential, beside) = match credential.format() {
        Format::DataIntegrity => {
            (countersign_di(credential, &draw_uuid_urn(rng), &statement, signer)?, None)
        }
        Format::Jose | Format::SdJwt | Format::DataIntegritySd => {
            (credential.clone(), Some(countersign_jose(credential, &statement, signer)?))
        }
    };
    let countersignature = match &beside {
        Some(compact) => Countersignature::parse_compact(compact)?,
        None => list(&credential, &[])?.pop().ok_or(ActError::NothingToWithdraw)?,
    };
    let opening = Opening {
        format: countersignature.digest_format(),
        digest: countersignature.digest(),
        salt: draw(rng),
    };
    Ok(Acted { credential, beside, countersignature, opening, seq: states.saturating_add(1) })
}

#[cfg(test)]
mod tests;
