//! Whether a delegate may: the powers of attorney that a countersignature is made under, each verified as a credential, as of
//! the act.
//!
//! **As of the act** is as of the record of the act: what is recorded later does not undo it, and what was recorded before does.
//! An act that is not recorded, or by others who needed no signature for it, is judged as of the judged time. That a link was not revoked by then is shown by its status list
//! of now, since a revocation is for good; or else by the list of then, where the log shows that it was the newest: a later
//! list, or a current-proof, stands after the act. Whoever brings an old list shows nothing by it.
//!
//! Whether a link is its issuer's at all is judged by what is known now: a key may be reported stolen after the power was used.
//!
//! **Apart.** Links are verified with benches of their own: nothing that is wrong with them falls back on the credential.

mod itself;
mod link;
mod newest;

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::Digest;
use inkan_credential::SecuredCredential;
use inkan_credential::countersignature::{Countersignature, Role, Under};
use inkan_credential::delegation::{Chain, DelegationError, LINKS, Power};
use inkan_did::Did;
use inkan_ledger::Grade;

pub(super) use self::itself::check;
use self::link::{Links, Then};
use super::Bench;
use super::linked::Voice;
use super::record::Found;
use crate::capacity::{ActingPower, Capacity, PowerFault, Stands};
use crate::check::{Check, CheckName, Outcome, Weight};
use crate::declared::Declared;
use crate::reason::Reason;

/// In whose name a countersigner acts, and what principals and agents said of themselves by then.
#[derive(Debug)]
pub(super) struct Mandate {
    pub(super) capacity: Capacity,
    voices: Vec<Voice>,
}

/// Judges the power that a countersignature names. `found` is the record of the act.
pub(super) fn judge(
    bench: &Bench<'_>,
    secured: &SecuredCredential,
    (act, signer): (&Countersignature, &Did),
    found: &Found,
) -> Mandate {
    let none = |capacity| Mandate { capacity, voices: Vec::new() };
    if act.role() != Role::Delegate {
        return none(Capacity::Own);
    }
    let Some(under) = act.under() else {
        return none(PowerFault::NotNamed.into_capacity(None));
    };
    match weigh(bench, secured, (under, signer), found) {
        Ok((power, voices)) => Mandate { capacity: Capacity::Under(power), voices },
        Err(fault) => none(fault.into_capacity(Some(under.for_role))),
    }
}

fn weigh(
    bench: &Bench<'_>,
    secured: &SecuredCredential,
    (under, signer): (&Under, &Did),
    found: &Found,
) -> Result<(ActingPower, Vec<Voice>), PowerFault> {
    let powers = bench.powers();
    let links = gather(powers, under.power)?;
    let read = links.iter().enumerate().map(|(place, secured)| {
        let invalid = |error: DelegationError| PowerFault::Invalid {
            link: number(place),
            code: error.code(),
        };
        Power::of(secured).map_err(invalid)
    });
    let chain = Chain::of(read.collect::<Result<_, _>>()?).map_err(PowerFault::Chain)?;
    if chain.agent() != signer.as_str() {
        return Err(PowerFault::OutOfScope { member: "agent" });
    }
    if let Some(member) = chain.lacks(under.for_role, secured.credential()) {
        return Err(PowerFault::OutOfScope { member });
    }
    let then = Then::of(bench, found);
    attested_in_time(bench, &chain, found)?;
    let judged = Links { bench, links: &links, chain: &chain }.judge(&then)?;
    let linked = chain.parties().map(|party| (party.to_owned(), BTreeSet::new()));
    let power = ActingPower {
        principal: chain.principal().to_owned(),
        for_role: under.for_role,
        parties: chain.parties().map(str::to_owned).collect(),
        digest: under.power.to_b64u(),
        of_subject: secured.credential().subject_id() == Some(chain.principal()),
        linked: linked.collect::<BTreeMap<String, BTreeSet<String>>>(),
        stands: judged.stands,
    };
    Ok((power, judged.voices))
}

/// The links from the principal's to the one with this digest.
fn gather(
    powers: &[(Digest, SecuredCredential)],
    last: Digest,
) -> Result<Vec<&SecuredCredential>, PowerFault> {
    let mut links = Vec::new();
    let mut next = Some(last);
    while let Some(digest) = next.take() {
        let found = powers.iter().find(|(known, _)| *known == digest);
        let missing = || PowerFault::Missing { digest: digest.to_b64u() };
        let (_, secured) = found.ok_or_else(missing)?;
        links.push(secured);
        // One too many is looked at, and says what is wrong.
        if links.len() <= LINKS {
            next = Power::of(secured).ok().and_then(|power| power.grant.under);
        }
    }
    links.reverse();
    Ok(links)
}

/// The record has to be attested before the power ends, by those whom the verifier relies on for the time: the operator alone
/// could have dated it back.
fn attested_in_time(bench: &Bench<'_>, chain: &Chain, found: &Found) -> Result<(), PowerFault> {
    let Some(record) = found.of_signature() else { return Ok(()) };
    let until = chain.links().iter().enumerate().min_by_key(|(_, link)| link.valid_until);
    let Some((place, last)) = until else { return Ok(()) };
    let seen = record.recorded.existed_by().is_some_and(|seen| seen <= last.valid_until);
    // What the operator itself dates too late is too late in any case, and is found so.
    let late = record.recorded.leaf_time() > last.valid_until;
    if seen || late || bench.context.grade == Grade::Operator {
        Ok(())
    } else {
        let code = "countersignature-time-unknown";
        Err(PowerFault::Open { link: number(place), code })
    }
}

fn number(place: usize) -> usize {
    place.saturating_add(1)
}

/// Adds to each power which others are the same controller as one of its parties.
pub(super) fn connect(mandates: &mut [Mandate], signers: &[Voice], declared: &Declared) {
    let all: Vec<BTreeMap<String, BTreeSet<String>>> = mandates
        .iter()
        .map(|mandate| {
            let others = || mandates.iter().flat_map(|one| &one.voices).chain(signers);
            let same = |own: &Voice| {
                let is_same = |one: &&Voice| one.did() != own.did() && own.is_linked(one, declared);
                let linked = others().filter(is_same);
                linked.map(|one| one.did().to_string()).collect()
            };
            mandate.voices.iter().map(|own| (own.did().to_string(), same(own))).collect()
        })
        .collect();
    for (mandate, linked) in mandates.iter_mut().zip(all) {
        if let Capacity::Under(power) = &mut mandate.capacity {
            power.linked.extend(linked);
        }
    }
}

/// Says on the line of a countersignature for whom it is made. One whose power does not hold is listed, and counts for nothing.
pub(super) fn shown(line: Check, subject: &str, capacity: &Capacity) -> Check {
    let (role, fault) = match capacity {
        Capacity::Own => return line,
        Capacity::Under(power) => {
            let line = line
                .with("for", power.principal.as_str())
                .with("forRole", power.for_role.as_str())
                .with("power", power.digest.as_str());
            let line = match power.parties.as_slice() {
                [_, between @ .., _] if !between.is_empty() => line.with("by", between.to_vec()),
                _ => line,
            };
            return match &power.stands {
                Stands::Yes => line,
                Stands::No(fault) | Stands::Unknown(fault) => line.with("powerNow", fault.code()),
            };
        }
        Capacity::Void { for_role, fault } | Capacity::Open { for_role, fault } => {
            (for_role, fault)
        }
    };
    let line = match role {
        Some(role) => line.with("forRole", role.as_str()),
        None => line,
    };
    if line.outcome != Outcome::Pass {
        return line;
    }
    let reason = Reason::Power(fault.clone());
    let open = Check::unknown(CheckName::Countersignature, subject, reason, Weight::Informative);
    Check { evidence: line.evidence, ..open }
}
