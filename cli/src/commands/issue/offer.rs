//! `--countersigners`: who has to countersign, as the issuer will say in what it signs.

use inkan_core::Timestamp;
use inkan_credential::countersignature::{Decision, Role, Wanted, WantedSigners};

use crate::args::{IssueArgs, SecuringFormat};
use crate::commands::did::parse_time;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::wallet::read_json;

/// The demands of the command line and of the files that it names.
pub(super) fn read(
    args: &IssueArgs,
    home: &Home,
    context: &Context,
) -> Result<Vec<Wanted>, Failure> {
    let until = args.countersign_by.as_deref().map(parse_time).transpose()?;
    let mut out = Vec::new();
    for text in &args.countersigners {
        match role_of(text) {
            Some((wanted, who)) => out.push(named(wanted, who, home)?),
            None => match no_role(text) {
                Some(failure) => return Err(failure),
                None => out.extend(from_file(text, context)?),
            },
        }
    }
    if let Some(until) = until {
        for wanted in out.iter_mut().filter(|wanted| wanted.before.is_none()) {
            wanted.before = Some(until);
        }
    }
    check(args, &out, context.now())?;
    Ok(out)
}

/// What looks like a role, and is none.
fn no_role(text: &str) -> Option<Failure> {
    let what = text.split_once('=').map_or(text, |(what, _)| what);
    let looks = text != what || text.contains(':');
    if !looks || std::path::Path::new(text).exists() {
        return None;
    }
    let roles: Vec<&str> = Role::ALL.into_iter().map(Role::as_str).collect();
    let message = format!(
        "--countersigners: there is no role {:?}; roles are {}, and after one may stand :seal, or :delegates",
        what.chars().take(80).collect::<String>(),
        roles.join(", ")
    );
    Some(CliError::Usage(message).into())
}

/// Who signs it already adds nothing by signing it again.
pub(super) fn warn_of_issuer(offer: &[Wanted], issuer: &str, context: &Context) {
    let names = |wanted: &&Wanted| match &wanted.by {
        Some(WantedSigners::Dids(dids)) => {
            wanted.decision == Decision::Accept && dids.contains(issuer)
        }
        Some(WantedSigners::Subject) | None => false,
    };
    for wanted in offer.iter().filter(names) {
        context.speech.warn(&format!(
            "you ask yourself to countersign as {}: that is one more signature, and nobody more who signs",
            wanted.role.as_str()
        ));
    }
}

/// `ROLE`, or `ROLE=WHO`; `ROLE:seal` for who closes it, `ROLE:delegates` where an agent may act in their place.
fn role_of(text: &str) -> Option<(Wanted, Option<&str>)> {
    let (what, who) = match text.split_once('=') {
        Some((what, who)) => (what, Some(who)),
        None => (text, None),
    };
    let (what, delegates) = match what.strip_suffix(":delegates") {
        Some(what) => (what, true),
        None => (what, false),
    };
    let (role, decision) = match what.strip_suffix(":seal") {
        Some(role) => (role, Decision::Seal),
        None => (what, Decision::Accept),
    };
    let role = Role::parse(role).filter(|role| !(delegates && *role == Role::Delegate))?;
    Some((Wanted { decision, delegates, ..Wanted::of(role) }, who))
}

/// All who are named have to countersign.
fn named(mut wanted: Wanted, who: Option<&str>, home: &Home) -> Result<Wanted, Failure> {
    wanted.by = match who {
        None => None,
        Some("subject") => Some(WantedSigners::Subject),
        Some(list) => {
            let dids = list.split(',').map(|name| identity::any(Some(home), name));
            let dids: Vec<String> =
                dids.map(|did| did.map(|did| did.to_string())).collect::<Result<_, _>>()?;
            wanted.at_least = u32::try_from(dids.len()).unwrap_or(u32::MAX);
            let set: std::collections::BTreeSet<String> = dids.iter().cloned().collect();
            if set.len() != dids.len() {
                return Err(malformed(list, "names somebody twice"));
            }
            Some(WantedSigners::Dids(set))
        }
    };
    Ok(wanted)
}

fn from_file(path: &str, context: &Context) -> Result<Vec<Wanted>, Failure> {
    let value = read_json(path, context)?;
    let items = value.as_array().filter(|items| !items.is_empty());
    let wrong = || malformed(path, "countersigners are a list of demands, which is not empty");
    let items = items.ok_or_else(wrong)?;
    items
        .iter()
        .enumerate()
        .map(|(position, item)| {
            let wrong = || malformed(path, &format!("demand {position} cannot be read"));
            Wanted::from_value(item).ok_or_else(wrong)
        })
        .collect()
}

/// What could never be met, or would not be seen by every reader, is not signed.
fn check(args: &IssueArgs, offer: &[Wanted], now: Timestamp) -> Result<(), Failure> {
    if offer.is_empty() {
        return Ok(());
    }
    let statements = args.credential_format.is_some_and(SecuringFormat::signs_statements);
    if statements {
        return Err(Failure::from(CliError::OfferFormat).try_this(
            "use a format whose text is signed as it is",
            "inkan issue … --countersigners … --credential-format eddsa-jcs-2022",
        ));
    }
    if offer.iter().any(|wanted| wanted.before.is_some_and(|time| time <= now)) {
        return Err(malformed("--countersign-by", "the deadline is over already"));
    }
    let anybodys = |wanted: &Wanted| wanted.decision == Decision::Seal && wanted.by.is_none();
    if offer.iter().any(anybodys) {
        return Err(malformed(
            "--countersigners",
            "a seal needs to be somebody's: name who closes it",
        ));
    }
    let too_few = |wanted: &Wanted| match &wanted.by {
        Some(WantedSigners::Dids(dids)) => {
            usize::try_from(wanted.at_least).map_or(true, |needed| needed > dids.len())
        }
        Some(WantedSigners::Subject) => wanted.at_least > 1,
        None => false,
    };
    if offer.iter().any(too_few) {
        return Err(malformed("--countersigners", "more are asked for than are named"));
    }
    Ok(())
}

fn malformed(file: &str, detail: &str) -> Failure {
    let (file, detail) = (file.chars().take(80).collect(), detail.to_owned());
    CliError::InputMalformed { file, detail }.into()
}
