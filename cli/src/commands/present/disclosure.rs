//! What is shown of each credential: from `--disclose` to the credential with those claims. What to show is never guessed.

use inkan_credential::proof::Proof;
use inkan_credential::sd_jwt::ClaimPath;
use inkan_credential::{Contexts, SecuredCredential, selective};
use inkan_io::os_rng::OsRng;

use crate::commands::issue::paths;
use crate::failure::{CliError, Failure};
use crate::output::Speech;

/// What the holder chose to show of one credential.
#[derive(Clone, Debug)]
pub(super) enum Choice {
    /// Nothing was said of it: right for one that is only shown whole.
    Open,
    /// Everything.
    All,
    /// These claims.
    Claims(Vec<ClaimPath>),
}

/// The choice for each of `count` credentials: what is said of all of them, and what is said of one by its number.
pub(super) fn choices(
    disclose: &[String],
    disclose_all: bool,
    count: usize,
) -> Result<Vec<Choice>, Failure> {
    if disclose_all {
        return Ok(vec![Choice::All; count]);
    }
    let mut common = Vec::new();
    let mut own: Vec<Vec<&str>> = vec![Vec::new(); count];
    for text in disclose {
        let Some((number, names)) = numbered(text) else {
            common.push(text.clone());
            continue;
        };
        let place = number.parse().ok().and_then(|number: usize| own.get_mut(number));
        let place = place.ok_or_else(|| {
            let usage = format!(
                "{text:?} is about no credential: the last one is cred[{}]",
                count.saturating_sub(1)
            );
            CliError::Usage(usage)
        })?;
        place.push(names);
    }
    let common = paths(&common)?;
    own.into_iter().map(|names| choice(&names, &common)).collect()
}

fn choice(names: &[&str], common: &[ClaimPath]) -> Result<Choice, Failure> {
    if names.contains(&"*") {
        return Ok(Choice::All);
    }
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut claims = paths(&names)?;
    claims.extend_from_slice(common);
    Ok(if claims.is_empty() { Choice::Open } else { Choice::Claims(claims) })
}

/// The number and the rest of `cred[1]:NAMES`.
fn numbered(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("cred[")?.split_once("]:")
}

/// That every proof that is to stay is on one of these credentials.
pub(super) fn check_kept(keep: &[String], all: &[SecuredCredential]) -> Result<(), Failure> {
    let known: Vec<&str> = all.iter().flat_map(|one| one.proofs()).filter_map(Proof::id).collect();
    let absent = keep.iter().find(|id| *id != selective::EVERY && !known.contains(&id.as_str()));
    let Some(absent) = absent else { return Ok(()) };
    let usage = format!(
        "--keep {absent}: there is no such proof; those with an id are {}",
        known.join(", ")
    );
    Err(CliError::Usage(usage).into())
}

/// The credential with what was chosen, and the names of that. Of other parties' proofs those stay that are named.
pub(super) fn shown(
    credential: &SecuredCredential,
    choice: &Choice,
    keep: &[String],
    (contexts, speech): (&Contexts, Speech),
) -> Result<(SecuredCredential, Vec<String>), Failure> {
    let known = inkan_holder::disclosable(credential);
    let is_base = selective::is_base(credential);
    let chosen: Vec<ClaimPath> = match choice {
        Choice::All if is_base => {
            known.iter().map(|name| ClaimPath::parse(name)).collect::<Result<_, _>>()?
        }
        Choice::All => return Ok((credential.clone(), known)),
        Choice::Claims(chosen) => chosen.clone(),
        Choice::Open if known.is_empty() && !is_base => return Ok((credential.clone(), known)),
        Choice::Open => {
            let usage =
                format!("this credential can be shown in parts; say which: {}", known.join(", "));
            return Err(Failure::from(CliError::Usage(usage))
                .try_this("show some claims", "inkan present … --disclose NAME,NAME")
                .try_this("or all of them", "inkan present … --disclose-all"));
        }
    };
    if is_base {
        let own: Vec<&str> = credential.proofs().iter().filter_map(Proof::id).collect();
        let is_here = |id: &&str| *id == selective::EVERY || own.contains(id);
        let keep: Vec<&str> = keep.iter().map(String::as_str).filter(is_here).collect();
        let derived = inkan_holder::derive(credential, &chosen, &keep, contexts, &mut OsRng)?;
        for lost in selective::left_out(credential, &derived) {
            let (who, suite) = (lost.verification_method(), lost.cryptosuite().as_str());
            let id = lost.id().map(|id| format!(", {id}")).unwrap_or_default();
            speech.warn(&format!(
                "leaves out that {who} says it too ({suite}{id}): --keep PROOF-ID, or --keep '*' for all that can stay"
            ));
        }
        return Ok((derived, chosen.iter().map(ToString::to_string).collect()));
    }
    let shown = inkan_holder::disclose(credential, &chosen)?;
    let names = inkan_holder::disclosable(&shown);
    Ok((shown, names))
}

/// Says of which of several credentials a failure is, and how to choose for each.
pub(super) fn at(failure: Failure, position: usize, count: usize) -> Failure {
    if count < 2 {
        return failure;
    }
    let hint = "inkan present … --disclose 'cred[N]:NAME,NAME'";
    failure
        .during(format!("cred[{position}]"))
        .try_this("choose for one of them, by its number", hint)
}

#[cfg(test)]
mod tests;
