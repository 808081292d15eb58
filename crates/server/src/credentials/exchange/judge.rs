//! Whether what somebody adds to an offer may be added: signed by whom it says, asked for, in time, before the seal.
//!
//! The verifier judges, and the engine of agreement says how each act stands; what is decided here is only what an exchange
//! carries. Whoever is refused here can still hand their file to others.

use std::collections::BTreeMap;

use inkan_assurance::Roll;
use inkan_core::json;
use inkan_core::{Digest, Timestamp};
use inkan_credential::bundle::Bundle;
use inkan_credential::countersignature::{
    self, Countersignature, Decision, Role, Wanted, WantedSigners,
};
use inkan_io::gather::{Copies, Network};
use inkan_ledger::LogPolicy;
use inkan_verifier::check::CheckName;
use inkan_verifier::{Capacity, Check, VerifiedCountersignature, VerifiedCredential};
use serde_json::Value;

use super::Why;
use crate::credentials::answer::{Cause, Finding, Refusal};
use crate::credentials::service::Service;
use crate::credentials::verify;

/// Acts of one signer that an offer holds.
const ACTS: usize = 8;

/// What a verification of an offer found.
#[derive(Debug)]
pub(super) struct Seen {
    /// Who must, who did, who is missing.
    pub(super) roll: Roll,
    credential: VerifiedCredential,
}

/// Verifies an offer: everything but what it still waits for has to hold.
pub(super) fn look(service: &Service, bundle: &Bundle, now: Timestamp) -> Result<Seen, Refusal> {
    let verification = verify::verification(service, bundle, None, (Copies::Count, now))?;
    let first = |list: &[Option<VerifiedCredential>]| list.first().cloned().flatten();
    let credential = first(verification.credentials()).or_else(|| first(verification.offers()));
    if let Some((roll, credential)) = Roll::of(&verification, None, &[]).zip(credential) {
        return Ok(Seen { roll, credential });
    }
    let stops =
        |check: &&Check| check.name != CheckName::Offered && (check.failed() || check.blocks());
    let mut found = verification.checks().iter().filter(stops);
    let failed = verification
        .checks()
        .iter()
        .find(|check| check.name != CheckName::Offered && check.failed());
    let finding = match failed.or_else(|| found.next()).and_then(Check::reason) {
        Some(reason) => Finding::new(reason.code(), reason.to_string()),
        None => Finding::new(Cause::VerdictMissing.code(), "the verification came to no verdict"),
    };
    Err(Refusal::Request(axum::http::StatusCode::UNPROCESSABLE_ENTITY, finding))
}

/// The logs that are pinned here.
pub(super) fn logs(
    service: &Service,
    bundle: &Bundle,
    now: Timestamp,
) -> Result<Vec<LogPolicy>, Refusal> {
    match &service.options.backing {
        Some(backing) => Ok(backing.grounds(bundle, &[], Network::Offline, now)?.logs),
        None => Ok(Vec::new()),
    }
}

/// The acts of a bundle, by the digest of what was signed.
pub(super) fn acts_of(bundle: &Bundle) -> Result<BTreeMap<Digest, Countersignature>, Refusal> {
    let mut out = BTreeMap::new();
    for credential in bundle.artefact.credentials() {
        let acts = countersignature::list(credential, &bundle.countersignatures)
            .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
        out.extend(acts.into_iter().map(|act| (act.digest(), act)));
    }
    Ok(out)
}

/// The acts that `merged` has, and `kept` has not.
pub(super) fn fresh(
    kept: &Bundle,
    merged: &Bundle,
) -> Result<BTreeMap<Digest, Countersignature>, Refusal> {
    let before = acts_of(kept)?;
    let mut after = acts_of(merged)?;
    after.retain(|digest, _| !before.contains_key(digest));
    Ok(after)
}

/// That each of these acts was verified: signature, key, and whose it is.
pub(super) fn acts_hold(
    seen: &Seen,
    acts: &BTreeMap<Digest, Countersignature>,
) -> Result<(), Refusal> {
    acts.values().try_for_each(|act| seen.held(act).map(drop))
}

/// Whether the acts in `fresh` may be added.
pub(super) fn admit(
    seen: &Seen,
    fresh: &BTreeMap<Digest, Countersignature>,
    kept: &BTreeMap<Digest, Countersignature>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let all = || kept.values().chain(fresh.values());
    for act in fresh.values() {
        let (held, standing) = seen.held(act)?;
        let same = |other: &&Countersignature| other.signer() == act.signer();
        if all().filter(same).count() > ACTS {
            return Err(Why::OfferFull.refuse("one signer has acted often enough in this offer"));
        }
        // The next state of what is there: nobody who was let in is kept from taking it back.
        let takes_back = matches!(act.decision(), Decision::Refuse | Decision::Withdraw);
        if takes_back && all().filter(same).any(|other| is_earlier(other, act)) {
            continue;
        }
        seen.asked(held)?;
        seen.in_time(held, now)?;
        let sealed = kept.values().any(|other| {
            other.decision() == Decision::Seal
                && seen.held(other).is_ok_and(|(_, standing)| standing == "stands")
        });
        match act.decision() {
            Decision::Accept | Decision::Withdraw | Decision::Refuse => {
                // What the log shows to be earlier than the seal stands.
                if sealed && (takes_back || standing != "stands") {
                    let detail = "it is sealed, and nothing shows that this was decided before";
                    return Err(Why::Sealed.refuse(detail));
                }
            }
            Decision::Seal => {
                if !seen.roll.is_ready_to_seal() {
                    let detail = "not all who have to have countersigned: there is nothing to seal";
                    return Err(Why::Incomplete.refuse(detail));
                }
            }
        }
    }
    Ok(())
}

/// Whether `act` is a later state of the acceptance or refusal `other`.
fn is_earlier(other: &Countersignature, act: &Countersignature) -> bool {
    other.digest() != act.digest()
        && other.act() == act.act()
        && other.decision() == Decision::Accept
}

impl Seen {
    /// What the verification found of an act, and how it stands.
    fn held(&self, act: &Countersignature) -> Result<(&VerifiedCountersignature, &str), Refusal> {
        // By what was signed: another statement of the same names was not verified by that.
        let digest = act.digest();
        let lines = self.roll.to_value().get("countersignatures").and_then(Value::as_array);
        let lines = lines.map_or(&[][..], Vec::as_slice);
        let mut all = self.credential.countersignatures().iter().zip(lines);
        let found = all.find(|(one, _)| *one.digest() == digest);
        found.and_then(|(one, line)| Some((one, json::text(line, "standing")?))).ok_or_else(|| {
            let detail = "the signer of an act cannot be resolved here, or its key was not in force: send the \
                          bundle with the signer's DID log and the act's receipt";
            Why::Unverifiable.refuse(detail)
        })
    }

    /// The offer's own demands, each with what came out of it.
    fn demands(&self) -> impl Iterator<Item = (&Wanted, &Value)> {
        let lines = self.roll.to_value().get("demands").and_then(Value::as_array);
        self.credential.credential().offer().iter().zip(lines.into_iter().flatten())
    }

    /// Whether somebody is asked to act so: by the offer's own words, or as the issuer. An offer that asks nobody takes whoever
    /// signs: a policy may ask for them.
    fn asked(&self, act: &VerifiedCountersignature) -> Result<(), Refusal> {
        if act.controller() == self.credential.issuer() {
            return Ok(());
        }
        let asks_nobody = self.demands().next().is_none();
        let asked = if act.decision() == Decision::Seal {
            self.demands().any(|(wanted, _)| {
                wanted.decision == Decision::Seal && wanted.by.is_some() && self.fits(wanted, act)
            })
        } else {
            asks_nobody || self.demands().any(|(wanted, _)| self.fits(wanted, act))
        };
        if asked {
            Ok(())
        } else {
            Err(Why::NotAsked.refuse("the offer does not ask this signer to act in this role"))
        }
    }

    /// Whether a demand is for somebody like this signer.
    fn fits(&self, wanted: &Wanted, act: &VerifiedCountersignature) -> bool {
        let principal = match act.capacity() {
            Capacity::Under(power) => Some(power.principal.as_str()),
            Capacity::Own | Capacity::Void { .. } | Capacity::Open { .. } => None,
        };
        let stands_in = act.role() == Role::Delegate
            && wanted.delegates
            && act.for_role() == Some(wanted.role)
            && principal.is_some();
        if act.role() != wanted.role && !stands_in {
            return false;
        }
        let names = [Some(act.controller()), principal.filter(|_| stands_in)];
        let named = |did: &str| names.iter().flatten().any(|name| *name == did);
        match &wanted.by {
            None => true,
            Some(WantedSigners::Subject) => {
                self.credential.credential().subject_id().is_some_and(named)
            }
            Some(WantedSigners::Dids(dids)) => {
                dids.iter().any(|did| named(did))
                    || act.linked().iter().any(|did| dids.contains(did))
            }
        }
    }

    /// That some demand for this signer is still open, or that its record shows it to be in time.
    fn in_time(&self, act: &VerifiedCountersignature, now: Timestamp) -> Result<(), Refusal> {
        // This very act: somebody who was counted by another one is not in time by that.
        let mut all = self.credential.countersignatures().iter();
        let number = all.position(|one| one.digest() == act.digest());
        let counts = |demand| number.is_some_and(|number| self.roll.counts(demand, number));
        let fits = |(_, (wanted, _)): &(usize, (&Wanted, &Value))| self.fits(wanted, act);
        let mut fitting = self.demands().enumerate().filter(fits).peekable();
        let open = fitting.peek().is_none()
            || fitting.any(|(demand, (_, line))| {
                let deadline =
                    json::text(line, "deadline").and_then(|text| Timestamp::parse(text).ok());
                deadline.is_none_or(|deadline| now <= deadline) || counts(demand)
            });
        let takes_back = matches!(act.decision(), Decision::Refuse | Decision::Withdraw);
        if open || takes_back {
            return Ok(());
        }
        Err(Why::Deadline
            .refuse("the deadline has passed, and no record shows that this was in time"))
    }
}
