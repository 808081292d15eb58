//! `inkan trust check`: one question to every registry of the profile, one answer, with what each of them says.
//!
//! Yes takes one registry that says so, and none that the party is revoked for cause; what cannot be told is never yes.

use inkan_core::Timestamp;
use inkan_evidence::Registry;
use inkan_evidence::registry::{Answered, GrantType, PartyRole, Query, Why, actions, ask};
use serde_json::{Value, json};

use super::{party, trqp};
use crate::args::TrustCheckArgs;
use crate::commands::did::parse_time;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::output::Outcome;
use crate::registries;
use crate::render::report::{moment, short_did};
use crate::render::{Mark, safe};

/// Exit code of "nobody says so".
const NOT_TRUSTED: u8 = 14;
/// Exit code of "cannot tell".
const CANNOT_TELL: u8 = 19;

pub(super) fn run(args: &TrustCheckArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let now = context.now();
    let at = args.at.as_deref().map(parse_time).transpose()?.unwrap_or(now);
    if at > now {
        let usage = format!("--at: {at} is yet to come, and what is said by then is not known");
        return Err(CliError::Usage(usage).into());
    }
    let party = party(&args.party, Some(&home))?;
    let questions = questions(args, &home)?;
    if let Some(url) = &args.registry {
        return elsewhere(url, args, (&party, &questions), (&home, (at, now)), context);
    }
    let registries = registries::of(&home, (at, now), registries::Terms::default())?;
    let mut exit = 0;
    let mut human = String::new();
    let mut answers = Vec::new();
    for (statement, action, resource) in &questions {
        let query = Query { statement: *statement, entity: &party, action, resource };
        let said: Vec<(&str, Answered<'_>)> =
            registries.iter().map(|one| (one.id(), ask(one, &query, at))).collect();
        let verdict = verdict(&said);
        exit = exit.max(verdict.exit());
        let mark = verdict.mark();
        let (word, resource) = (verdict.word(), safe(resource, 120));
        human.push_str(&format!(" {} {action} {resource}: {word}\n", mark.painted()));
        for (registry, answered) in &said {
            human.push_str(&format!("     {}: {}\n", safe(registry, 100), words(answered)));
        }
        if said.is_empty() {
            human.push_str("     the trust list is empty\n");
        }
        let each: Vec<Value> = said.iter().map(|(id, answered)| value(id, answered)).collect();
        answers.push(json!({
            "action": action, "resource": resource, "trusted": verdict == Verdict::Yes,
            "answer": word, "registries": each,
        }));
    }
    let head = format!("{}, as of {}\n", short_did(&party), moment(&at.to_string()));
    let members = json!({ "party": party, "asOf": at.to_string(), "answers": answers });
    let outcome =
        Outcome::new("inkan-trust-answer/1", format!("{head}{human}"), members).exit(exit);
    let remedy = match exit {
        0 => None,
        CANNOT_TELL => Some(
            "a registry is no longer current (INK-5010): look at it again once its ledger is up to date",
        ),
        _ => Some("nobody whom you trust says so (INK-5059): inkan trust list; inkan trust add"),
    };
    Ok(outcome.afterwards(remedy.map(str::to_owned)))
}

/// The same questions to somebody else's registry.
fn elsewhere(
    url: &str,
    args: &TrustCheckArgs,
    (party, questions): (&str, &[(GrantType, &'static str, String)]),
    (home, (at, now)): (&Home, (Timestamp, Timestamp)),
    context: &Context,
) -> Result<Outcome, Failure> {
    let authority = match &args.authority {
        Some(name) => identity::any(Some(home), name)?.to_string(),
        None => {
            let listed = match super::load(home)? {
                Some(list) => registries::authorities(&list, at)?,
                None => Vec::new(),
            };
            match listed.as_slice() {
                [only] => only.to_string(),
                _ => {
                    let usage = "--registry: say with --authority whose word is asked for";
                    return Err(CliError::Usage(usage.to_owned()).into());
                }
            }
        }
    };
    let own = registries::of(home, (at, now), registries::Terms::default())?;
    let mut exit = 0;
    let mut human = format!("{}, as of {}\n", short_did(party), moment(&at.to_string()));
    let mut answers = Vec::new();
    for (statement, action, resource) in questions {
        let query = Query { statement: *statement, entity: party, action, resource };
        let void = own.iter().find(|one| ask(one, &query, at).why == Why::Void);
        let question = trqp::Question {
            authority: &authority,
            entity: party,
            statement: *statement,
            action,
            resource,
            at: args.at.is_some().then_some(at),
        };
        let (verdict, said) = match trqp::ask(url, &question, context.plain_http(false))? {
            trqp::Said::Told(true, said) => (Verdict::Yes, said),
            trqp::Said::Told(false, said) => (Verdict::No, said),
            trqp::Said::NotServed => {
                (Verdict::CannotTell, "it does not speak for that authority".to_owned())
            }
        };
        // Whom somebody here revoked for cause, nobody's unsigned word makes good again.
        let verdict = if void.is_some() { Verdict::No } else { verdict };
        exit = exit.max(verdict.exit());
        let (mark, word) = (verdict.mark().painted(), verdict.word());
        human.push_str(&format!(" {mark} {action} {}: {word}\n", safe(resource, 120)));
        if let Some(registry) = void {
            let said = "revoked for cause here, whatever is said elsewhere";
            human.push_str(&format!("     {}: {said}\n", safe(registry.id(), 100)));
        }
        human.push_str(&format!("     {}, not signed: {said}\n", safe(url, 100)));
        answers.push(json!({
            "action": action, "resource": resource, "trusted": verdict == Verdict::Yes,
            "answer": word, "voidHere": void.map(Registry::id),
            "registries": [{ "registry": url, "authority": authority, "message": said }],
        }));
    }
    let members = json!({ "party": party, "asOf": at.to_string(), "answers": answers });
    Ok(Outcome::new("inkan-trust-answer/1", human, members).exit(exit))
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Yes,
    No,
    CannotTell,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::CannotTell => "cannot tell",
        }
    }

    const fn mark(self) -> Mark {
        match self {
            Self::Yes => Mark::Pass,
            Self::No => Mark::Fail,
            Self::CannotTell => Mark::Warn,
        }
    }

    const fn exit(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => NOT_TRUSTED,
            Self::CannotTell => CANNOT_TELL,
        }
    }
}

/// For cause in one is no in all; a registry that is not current might say that.
fn verdict(said: &[(&str, Answered<'_>)]) -> Verdict {
    let any = |why| said.iter().any(|(_, answered)| answered.why == why);
    if any(Why::Void) {
        Verdict::No
    } else if any(Why::NotCurrent) {
        Verdict::CannotTell
    } else if any(Why::Holds) {
        Verdict::Yes
    } else {
        Verdict::No
    }
}

fn questions(
    args: &TrustCheckArgs,
    home: &Home,
) -> Result<Vec<(GrantType, &'static str, String)>, Failure> {
    let mut out = Vec::new();
    let mut put = |action, resource: &str| {
        out.push((GrantType::Authorization, action, resource.to_owned()));
    };
    if let Some(kind) = &args.issues {
        put(actions::ISSUE, kind);
    }
    if let Some(role) = &args.role {
        let countersigner = inkan_credential::countersignature::Role::parse(role).is_some();
        match (PartyRole::parse(role), countersigner) {
            (Some(_), _) => put(actions::ROLE, role),
            (None, true) => put(actions::COUNTERSIGN, role),
            (None, false) => {
                let usage =
                    format!("--role: {role:?} is a role neither of a party nor of a countersigner");
                return Err(CliError::Usage(usage).into());
            }
        }
    }
    if let Some(row) = &args.row {
        put(actions::STATE, row);
    }
    if let Some(other) = &args.succeeds {
        let did = identity::any(Some(home), other)?.as_str().to_owned();
        out.push((GrantType::Recognition, actions::SUCCEED, did));
    }
    if out.is_empty() {
        let usage = "say what is asked: --issues TYPE, --role R, --row ROW or --succeeds DID";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    Ok(out)
}

fn words(answered: &Answered<'_>) -> String {
    let day = |time: Option<Timestamp>| time.map_or_else(|| "ever".to_owned(), |time| time.date());
    let entry = answered.entry;
    match answered.why {
        Why::Holds => {
            let until = entry.and_then(|entry| entry.valid_until());
            let until = until.map(|until| format!(" until {}", until.date())).unwrap_or_default();
            format!("yes, since {}{until}", day(entry.and_then(|entry| entry.valid_from())))
        }
        Why::NotStated => "says nothing of it".to_owned(),
        Why::NotYet => format!("only from {} on", day(entry.and_then(|entry| entry.valid_from()))),
        Why::Ended => format!(
            "ended on {}; what was done before stays good",
            day(entry.and_then(|entry| entry.valid_until()))
        ),
        Why::Void => match entry.and_then(|entry| entry.void_since()) {
            Some(since) => format!("revoked for cause, void since {}", since.date()),
            None => "revoked for cause: nothing of it is believed".to_owned(),
        },
        Why::NotCurrent => "its snapshot is no longer current".to_owned(),
    }
}

fn value(registry: &str, answered: &Answered<'_>) -> Value {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let entry = answered.entry;
    json!({
        "registry": registry, "says": answered.why.as_str(),
        "from": time(entry.and_then(|entry| entry.valid_from())),
        "until": time(entry.and_then(|entry| entry.valid_until())),
        "voidSince": time(entry.and_then(|entry| entry.void_since())),
    })
}
