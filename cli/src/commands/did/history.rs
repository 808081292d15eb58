//! `inkan did history`: all versions of a DID, as a table or a time line.

use inkan_core::Timestamp;
use inkan_did::webvh::{Head, History};
use inkan_did::{Did, Relationship};
use inkan_io::profile::OwnDid;
use inkan_ledger::Proven;
use serde_json::{Value, json};

use super::resolve::{Reach, find_history};
use crate::args::HistoryArgs;
use crate::commands::ledger::proven;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::ledgers::Reading;
use crate::output::Outcome;
use crate::render::table::table;
use crate::render::timeline::{Now, Span, timeline};

pub(super) fn run(args: &HistoryArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home_if_any()?;
    let did = identity::any(home.as_ref(), &args.did)?;
    let since = args.since.as_deref().map(super::resolve::parse_time).transpose()?;
    let (history, source) = find_history(&did, home.as_ref(), Reach::of(args.offline), context)?;
    let own = home.as_ref().map(|home| own_record(home, &did)).transpose()?.flatten();
    let versions: Vec<Version> = described(&history, own.as_ref())
        .into_iter()
        .filter(|version| since.is_none_or(|since| version.time >= since))
        .collect();
    context.speech.detail(&format!("from {source}"));
    let asked = home.as_ref().filter(|_| !args.offline);
    let forks = asked.and_then(|home| forks(home, &did, context));
    let human = if args.graph { graph(&versions, &history) } else { listing(&versions) };
    let members: Vec<Value> = versions.iter().map(Version::to_value).collect();
    let members = json!({
        "did": did.as_str(), "source": source, "versions": members, "equivocations": forks,
    });
    Ok(Outcome::new("inkan-did-history/1", human, members).stream("versions"))
}

/// What proves that the controller authorised two versions under one number, as far as the ledger was shown it; told as well.
///
/// A ledger that cannot be asked for it takes nothing away from the history; then it is not known whether there are any.
fn forks(home: &Home, did: &Did, context: &Context) -> Option<Vec<Value>> {
    let scid = did.scid()?;
    let reading = Reading::open_if_any(home, context).ok().flatten()?;
    let found = reading.source().forks(scid).ok()?;
    let mut out = Vec::new();
    for evidence in &found {
        let Ok(proven) = proven(evidence, home, context.now()) else { continue };
        let Proven::DidEquivocation { scid: of, number, version_ids } = &proven else { continue };
        if of != scid {
            continue;
        }
        context.speech.warn(&format!(
            "{proven}: whoever was shown the one was shown another history than whoever was shown the other"
        ));
        out.push(json!({
            "version": number, "versionIds": version_ids, "evidence": evidence.to_value(),
        }));
    }
    Some(out)
}

struct Version {
    number: u64,
    id: String,
    time: Timestamp,
    keys: Vec<String>,
    what: String,
    deactivated: bool,
}

impl Version {
    fn to_value(&self) -> Value {
        json!({
            "version": self.number, "versionId": self.id, "versionTime": self.time.to_string(),
            "keys": self.keys, "change": self.what, "deactivated": self.deactivated,
        })
    }
}

fn described(history: &History, own: Option<&OwnDid>) -> Vec<Version> {
    let mut before: Option<&Head> = None;
    let mut out = Vec::new();
    for head in history.versions() {
        let keys = signing_keys(head);
        let reason = own.and_then(|own| own.reasons.get(head.version_id()).cloned());
        let kind = match before {
            None => "create",
            Some(_) if head.deactivated() => "deactivate",
            Some(before) if signing_keys(before) != keys => "rotate",
            Some(before) if before.did() != head.did() => "move",
            Some(_) => "update",
        };
        let what = match reason.filter(|reason| !reason.is_empty()) {
            Some(reason) => format!("{kind}: {reason}"),
            None => kind.to_owned(),
        };
        out.push(Version {
            number: head.number(),
            id: head.version_id().to_owned(),
            time: head.time(),
            keys,
            what,
            deactivated: head.deactivated(),
        });
        before = Some(head);
    }
    out
}

/// Fragments of the keys that may sign as this DID.
fn signing_keys(head: &Head) -> Vec<String> {
    head.document()
        .methods_for(Relationship::AssertionMethod)
        .map(|method| method.id.fragment().unwrap_or_default().to_owned())
        .collect()
}

fn listing(versions: &[Version]) -> String {
    let rows: Vec<Vec<String>> = versions
        .iter()
        .map(|version| {
            vec![
                version.number.to_string(),
                version.time.to_string(),
                version.keys.join(", "),
                version.what.clone(),
            ]
        })
        .collect();
    table(&["VERSION", "TIME", "KEYS", "CHANGE"], &rows)
}

fn graph(versions: &[Version], history: &History) -> String {
    let dates: Vec<String> = versions.iter().map(|version| version.time.date()).collect();
    let same_day = dates.windows(2).any(|pair| pair.first() == pair.last());
    // Versions of one day are told apart by their times.
    let since = |version: &Version| {
        if same_day {
            version.time.to_string().replace('T', " ").trim_end_matches('Z').to_owned()
        } else {
            version.time.date()
        }
    };
    let spans: Vec<Span> = versions
        .iter()
        .map(|version| Span {
            version: version.number,
            since: since(version),
            keys: if version.keys.is_empty() {
                "no key".to_owned()
            } else {
                version.keys.join("+")
            },
            note: if version.number == 1 { String::new() } else { version.what.clone() },
            marks: Vec::new(),
        })
        .collect();
    let now = if history.latest().deactivated() { Now::Deactivated } else { Now::InForce };
    let many = if spans.len() == 1 { "1 version" } else { "versions" };
    let count = if spans.len() == 1 { String::new() } else { format!("{} ", spans.len()) };
    format!("{}\n{}", format_args!("{count}{many} of {}", history.did()), timeline(&spans, now))
}

fn own_record(home: &Home, did: &Did) -> Result<Option<OwnDid>, Failure> {
    let all = home.profile.all::<OwnDid>()?;
    Ok(all.into_iter().map(|(_, own)| own).find(|own| own.did == did.as_str()))
}

impl From<inkan_core::time::TimeError> for Failure {
    fn from(error: inkan_core::time::TimeError) -> Self {
        CliError::InputMalformed { file: "time".to_owned(), detail: error.to_string() }.into()
    }
}
