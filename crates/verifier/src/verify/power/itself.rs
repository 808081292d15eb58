//! A power of attorney that is itself what is verified: whether what it rests on gives it, up to the principal.
//!
//! Its own signature, record, validity and status are lines as of any credential. Whether it may be used for something is another
//! question, asked where it is used.

use inkan_credential::SecuredCredential;
use inkan_credential::delegation::{Chain, POWER_CLAIM, POWER_TYPE, Power};
use serde_json::Value;

use super::link::{Links, Then};
use super::{gather, number};
use crate::capacity::{PowerFault, Stands};
use crate::check::{Check, CheckName, Weight};
use crate::reason::Reason;
use crate::verify::Bench;
use crate::verify::record::Found;

/// One line for a power, none for any other credential. What it rests on and is not at hand leaves the verdict open.
pub(in crate::verify) fn check(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    checks: &mut Vec<Check>,
) {
    const NAME: CheckName = CheckName::Power;
    if !is_power(secured) {
        return;
    }
    checks.push(match weigh(bench, secured) {
        Ok(chain) => {
            let between: Vec<Value> =
                chain.links().iter().skip(1).map(|link| link.issuer.as_str().into()).collect();
            let line = Check::pass(NAME, subject).with("for", chain.principal());
            if between.is_empty() { line } else { line.with("by", between) }
        }
        Err(fault) if fault.is_open() => {
            Check::unknown(NAME, subject, Reason::Power(fault), Weight::Required)
        }
        Err(fault) => Check::fail(NAME, subject, Reason::Power(fault)),
    });
}

/// Whether a credential gives a power of ours; others may use the same type for something else.
fn is_power(secured: &SecuredCredential) -> bool {
    let credential = secured.credential();
    credential.types().any(|name| name == POWER_TYPE)
        && credential.subjects().iter().any(|subject| subject.get(POWER_CLAIM).is_some())
}

fn weigh(bench: &Bench<'_>, secured: &SecuredCredential) -> Result<Chain, PowerFault> {
    let own = secured.signed_digest();
    let mut powers = bench.powers().to_vec();
    if !powers.iter().any(|(digest, _)| *digest == own) {
        powers.push((own, secured.clone()));
    }
    let links = gather(&powers, own)?;
    let read = links.iter().enumerate().map(|(place, link)| {
        Power::of(link)
            .map_err(|error| PowerFault::Invalid { link: number(place), code: error.code() })
    });
    let chain = Chain::of(read.collect::<Result<_, _>>()?).map_err(PowerFault::Chain)?;
    // A power that the principal gave itself rests on nothing else.
    if chain.links().len() > 1 {
        let found = Found::default();
        let judged =
            Links { bench, links: &links, chain: &chain }.judge(&Then::of(bench, &found))?;
        match judged.stands {
            Stands::Yes => {}
            Stands::No(fault) | Stands::Unknown(fault) => return Err(fault),
        }
    }
    Ok(chain)
}
