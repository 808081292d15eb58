//! `inkan delegate`: a power of attorney, issued and recorded as any credential, or one that is passed on.

use inkan_core::Timestamp;
use inkan_credential::bundle::Bundle;
use inkan_credential::countersignature::Role;
use inkan_credential::delegation::{Grant, LINKS, POWER_CLAIM, POWER_TYPE, PowerAct};
use serde_json::Map;

use super::countersign::role_of;
use super::issue::{self, Said};
use crate::args::{DelegateArgs, IssueArgs, SecuringFormat};
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::output::Outcome;
use crate::packing;
use crate::powers::{self, unusable};

pub(super) fn run(args: &DelegateArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home()?;
    let own = identity::own(&home, args.from.as_deref())?;
    let agent = identity::any(Some(&home), &args.agent)?;
    if agent.as_str() == own.did {
        return Err(unusable("nobody needs a power to act for themselves"));
    }
    if args.credential_format.is_some_and(|format| !is_signed_as_it_stands(format)) {
        return Err(unusable(
            "a power is shown whole, as the JSON that was signed: choose a JCS suite, vc+jwt or vc+cose",
        ));
    }
    let held = match &args.under {
        Some(file) => Some(powers::read(std::slice::from_ref(file), &own.did, context)?),
        None => None,
    };
    let now = context.now();
    let last = held.as_ref().and_then(|held| held.chain.links().last());
    let roles: Vec<Role> = match (args.roles.as_slice(), last) {
        ([], Some(last)) => last.grant.for_roles.iter().copied().collect(),
        ([], None) => vec![Role::Holder],
        (roles, _) => roles.iter().map(|role| role_of(*role)).collect(),
    };
    let mut issuers = std::collections::BTreeSet::new();
    for name in &args.issuers {
        issuers.insert(identity::any(Some(&home), name)?.to_string());
    }
    let inherited = last.and_then(|last| last.grant.issuers.clone());
    let grant = Grant {
        principal: last.map_or_else(|| own.did.clone(), |last| last.grant.principal.clone()),
        acts: [PowerAct::Countersign].into(),
        for_roles: roles.into_iter().collect(),
        credential_types: args.types.iter().cloned().collect(),
        issuers: if issuers.is_empty() { inherited } else { Some(issuers) },
        may_delegate: args.depth,
        under: last.map(|last| last.digest),
    };
    // What would be refused by everybody is not signed.
    Grant::from_value(&grant.to_value())?;
    let until = end(args, held.as_ref().and_then(powers::Held::ends), now)?;
    if let (Some(held), Some(last)) = (&held, last) {
        narrows(&grant, (last, until), held.chain.links().len())?;
    }
    let mut claims = Map::new();
    claims.insert(POWER_CLAIM.to_owned(), grant.to_value());
    let bundles = held.map(|held| held.bundles).unwrap_or_default();
    let said = Said { claims, valid_until: Some(until), travelling: bundles };
    issue::run_with(&issue_args(args, &own.did, agent.as_str()), &|_| Ok(said.clone()), context)
}

/// What every verifier would find of a link that gives more than the one before.
fn narrows(
    grant: &Grant,
    (last, until): (&inkan_credential::delegation::Power, Timestamp),
    links: usize,
) -> Result<(), Failure> {
    let had = &last.grant;
    let issuers = match (&had.issuers, &grant.issuers) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(had), Some(has)) => has.is_subset(had),
    };
    let wrong = if had.may_delegate == 0 || links >= LINKS {
        "your power may not be passed on"
    } else if grant.may_delegate >= had.may_delegate {
        "--depth is to be smaller than that of your power"
    } else if !grant.for_roles.is_subset(&had.for_roles) {
        "--role names one that your power is not for"
    } else if !grant.credential_types.is_subset(&had.credential_types) {
        "--for names a type that your power is not for"
    } else if !issuers {
        "--issued-by names an issuer that your power is not for"
    } else if until > last.valid_until {
        "--until is later than the end of your power"
    } else {
        return Ok(());
    };
    Err(unusable(wrong))
}

/// A year, or until the power that is passed on ends, or what was asked.
fn end(
    args: &DelegateArgs,
    of_power: Option<Timestamp>,
    now: Timestamp,
) -> Result<Timestamp, Failure> {
    let malformed = || CliError::InputMalformed {
        file: "--until".to_owned(),
        detail: "a power ends later than now".to_owned(),
    };
    let until = match (&args.until, of_power) {
        (Some(text), _) => Timestamp::parse(text).map_err(|_| malformed())?,
        (None, Some(end)) => end,
        (None, None) => {
            let year = inkan_core::time::CalendarSpan::parse("P1Y").map_err(|_| malformed())?;
            now.plus(year).map_err(|_| malformed())?
        }
    };
    if until <= now { Err(malformed().into()) } else { Ok(until) }
}

const fn is_signed_as_it_stands(format: SecuringFormat) -> bool {
    match format {
        SecuringFormat::EddsaJcs2022
        | SecuringFormat::EcdsaJcs2019
        | SecuringFormat::VcJwt
        | SecuringFormat::VcCose => true,
        SecuringFormat::EddsaRdfc2022
        | SecuringFormat::EcdsaRdfc2019
        | SecuringFormat::EcdsaSd2023
        | SecuringFormat::Bbs2023
        | SecuringFormat::VcSdJwt
        | SecuringFormat::DcSdJwt => false,
    }
}

/// The same as `inkan issue` of a revocable, recorded credential.
fn issue_args(args: &DelegateArgs, from: &str, to: &str) -> IssueArgs {
    IssueArgs {
        credential_type: POWER_TYPE.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        credential_format: args.credential_format,
        key: args.key.clone(),
        out: args.out.clone(),
        write: args.write,
        ..IssueArgs::default()
    }
}

/// Puts the powers that a link rests on into its bundle, with what proves them.
pub(super) fn carry(bundle: &mut Bundle, travelling: &[Bundle]) -> Result<(), Failure> {
    travelling.iter().try_for_each(|from| packing::take_powers(bundle, from))
}
