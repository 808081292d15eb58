//! `inkan trust list`: the profile's own list, or what an authority states on the ledger, as of a time.

use inkan_core::json::text;
use inkan_evidence::Registry;
use inkan_evidence::registry::Entry;
use serde_json::{Value, json};

use super::load;
use crate::args::TrustListArgs;
use crate::commands::did::parse_time;
use crate::context::Context;
use crate::failure::Failure;
use crate::identity;
use crate::ledgers::Reading;
use crate::output::Outcome;
use crate::registries::Stated;
use crate::render::report::moment;
use crate::render::safe;
use crate::render::table::table;

pub(super) fn run(args: &TrustListArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let now = context.now();
    let as_of = args.as_of.as_deref().map(parse_time).transpose()?.unwrap_or(now);
    let registry = match args.of.as_deref() {
        Some(authority) => {
            let authority = identity::any(Some(&home), authority)?;
            let stated = Stated::read(&Reading::open(&home, context)?, &home, now)?;
            let size = stated.size();
            context.speech.detail(&format!("read {size} entries of {}", home.settings.origin));
            Some(stated.registry(&authority, as_of)?)
        }
        None => load(&home)?,
    };
    let Some(registry) = registry else {
        context
            .speech
            .say("the trust list is empty; add to it: inkan trust add ISSUER --issues TYPE");
        let members = json!({ "entries": [] });
        return Ok(Outcome::new("inkan-trust/1", String::new(), members).stream("entries"));
    };
    let values = registry.to_value().get("entries").and_then(Value::as_array);
    let both = || registry.entries().iter().zip(values.into_iter().flatten());
    // Of a past time only what had begun is of interest; without one, all that is written down.
    let shown =
        |entry: &Entry| args.as_of.is_none() || entry.valid_from().is_none_or(|from| from <= as_of);
    let rows: Vec<Vec<String>> =
        both().filter(|(entry, _)| shown(entry)).map(|(_, value)| row(value)).collect();
    let entries: Vec<Value> =
        both().filter(|(entry, _)| shown(entry)).map(|(_, value)| value.clone()).collect();
    if rows.is_empty() {
        context.speech.say(&format!("{} trusts nobody", name(&registry)));
    } else if args.of.is_some() {
        context.speech.say(&format!("as of {}", moment(&as_of.to_string())));
    }
    let human = if rows.is_empty() {
        String::new()
    } else {
        let headings =
            ["ISSUES", "ROLES", "ROWS", "COUNTERSIGNS", "ALSO", "FROM", "UNTIL", "STATUS", "PARTY"];
        table(&headings, &rows)
    };
    let members =
        json!({ "registry": registry.id(), "asOf": as_of.to_string(), "entries": entries });
    Ok(Outcome::new("inkan-trust/1", human, members).stream("entries"))
}

fn name(registry: &Registry) -> String {
    safe(registry.id(), 100)
}

fn row(entry: &Value) -> Vec<String> {
    let words = |member: &str| {
        let list = entry.get(member).and_then(Value::as_array);
        let words: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
        if words.is_empty() { "-".to_owned() } else { safe(&words.join(" "), 120) }
    };
    let day = |member: &str| {
        let text = text(entry, member).unwrap_or("-");
        text.chars().take(10).collect::<String>()
    };
    let mut also = Vec::new();
    if entry.get("authority") == Some(&Value::Bool(true)) {
        also.push("authority".to_owned());
    }
    for (member, says) in [("succeeds", "succeeds"), ("sameController", "one with")] {
        if entry.get(member).is_some() {
            also.push(format!("{says} {}", words(member)));
        }
    }
    let grants = entry.get("grants").and_then(Value::as_array).into_iter().flatten();
    also.extend(grants.map(|grant| {
        let word = |name| safe(text(grant, name).unwrap_or_default(), 64);
        format!("{} {}", word("action"), word("resource"))
    }));
    let standing = match (text(entry, "status"), text(entry, "voidSince")) {
        (Some("revoked-for-cause"), Some(since)) => {
            format!("void since {}", since.chars().take(10).collect::<String>())
        }
        (Some("revoked-for-cause"), None) => "void".to_owned(),
        (status, _) => safe(status.unwrap_or("-"), 20),
    };
    vec![
        words("issues"),
        words("roles"),
        words("rows"),
        words("countersigns"),
        if also.is_empty() { "-".to_owned() } else { also.join("; ") },
        day("validFrom"),
        day("validUntil"),
        standing,
        safe(text(entry, "id").unwrap_or("-"), 300),
    ]
}
